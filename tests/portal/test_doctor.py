"""The token doctor: open to all, reads a shape without asking anybody, tries a token on request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from klucznik.client.token_shape_words import WORDS
from klucznik.portal.doctor_words import GERMAN
from klucznik.testing import RunningKsef

from .person import Visitor, employee
from .test_tokens import XSS, generate, until_final


def calls(running: RunningKsef) -> int:
    """How many calls the API has answered."""
    return len(running.manage("GET", "/trace")["calls"])


def test_the_shape_is_read_without_a_single_call(
    running: RunningKsef, ania: Visitor, stranger: Visitor
) -> None:
    token, reference = generate(ania, "InvoiceRead")
    before = calls(running)
    page = stranger.post("/doctor", token=f'  "{token}"\r\n', do="read")
    assert calls(running) == before
    assert reference in page
    assert "There were quotation marks around it" in page
    assert "There were blanks or line ends around it" in page


def test_what_is_pasted_comes_back_masked(ania: Visitor, stranger: Visitor) -> None:
    token, _ = generate(ania, "InvoiceRead")
    secret = token.rpartition("|")[2]
    for text in (token, token[:-9], secret, token + token, f"x{token}y"):
        for what in ("read", "try"):
            page = stranger.post("/doctor", token=text, do=what)
            assert not any(secret[start : start + 10] in page for start in range(0, 50, 5))


def test_a_good_token_works_and_its_login_is_ended(
    running: RunningKsef, ania: Visitor, stranger: Visitor
) -> None:
    token, _ = generate(ania, "InvoiceRead", name="ERP in order")
    page = stranger.post("/doctor", token=token, do="try")
    assert "It works at this KSeF" in page
    assert "ERP in order" in page
    assert "view invoices" in page
    assert "issue invoices" not in page
    assert any(call["operation"] == "DELETE /auth/sessions/current" for call in _trace(running))


def _trace(running: RunningKsef) -> list[dict[str, str]]:
    found: list[dict[str, str]] = running.manage("GET", "/trace")["calls"]
    return found


def test_a_revoked_token_is_told_and_its_owner_learns_the_cause(ania: Visitor, stranger: Visitor) -> None:
    token, reference = generate(ania, "InvoiceRead")
    ania.post(f"/tokens/{reference}/revoke")
    until_final(ania, reference)
    page = stranger.post("/doctor", token=token, do="try")
    assert "The token was revoked." in page
    assert "450 Token unieważniony" in page
    assert "Why: " not in page
    assert f'Why: <span lang="en">token {reference} was revoked' in ania.post(
        "/doctor", token=token, do="try"
    )


def test_a_stranger_learns_no_cause_of_another_company(ania: Visitor, obcy: Visitor) -> None:
    token, reference = generate(ania, "InvoiceRead")
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    page = obcy.post("/doctor", token=wrong, do="try")
    assert "This KSeF does not know the token" in page
    assert "Why: " not in page
    assert 'Why: <span lang="en">the secret part is wrong' in ania.post("/doctor", token=wrong, do="try")
    assert f"/tokens/{reference}" not in page


def test_a_token_whose_author_lost_a_permission_works_in_part(running: RunningKsef, ania: Visitor) -> None:
    with employee(running, ania.nip, "InvoiceRead", "InvoiceWrite") as biuro:
        token, reference = generate(biuro, "InvoiceRead", "InvoiceWrite")
        assert "works in part" not in ania.get("/tokens")
        _take(running, ania, biuro, "InvoiceWrite")
        page = biuro.post("/doctor", token=token, do="try")
        assert "Requested, but lost by its author: issue invoices" in page
        assert "works in part" in ania.get("/tokens")
        assert "It works in part: its author no longer holds issue invoices" in ania.get(
            f"/tokens/{reference}"
        )
        assert "works in part" in biuro.get("/tokens")
        _take(running, ania, biuro, "InvoiceRead")
        page = ania.post("/doctor", token=token, do="try")
        assert "holds no permission in this context any more" in page
        assert "KSeF lists no direct permission of the author" in ania.get(f"/tokens/{reference}")


def _take(running: RunningKsef, ania: Visitor, biuro: Visitor, permission: str) -> None:
    """Revoke a permission of Biuro at the API, as the owner."""
    from klucznik.client import auth, permissions
    from klucznik.client.ksef import Ksef
    from klucznik.crypto import authority

    identity = authority.person(ania.given, ania.surname, now=running.ksef.clock.now(), pesel=ania.pesel)
    with Ksef(running.url) as ksef:
        ksef.run(auth.login_with_identity("Nip", ania.nip, identity))
        query = permissions.persons(who=("Pesel", biuro.pesel), permissions=[permission])
        for grant in ksef.call(query).permissions:
            ksef.run(permissions.grant_and_wait(permissions.revoke(grant.id)))


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("", "There is nothing here"),
        (XSS, "that have nothing in common with a token"),
        ("a" * 64, "64 hexadecimal digits without bars"),
        ("x" * 20_001, "20001 characters long"),
    ],
)
def test_nonsense_is_named_and_never_sent(
    running: RunningKsef, stranger: Visitor, pasted: str, said: str
) -> None:
    before = calls(running)
    page = stranger.post("/doctor", 400 if len(pasted) > 20_000 else 200, token=pasted, do="try")
    assert said in page
    assert "<img src=x" not in page
    assert calls(running) == before


def test_forty_characters_want_a_nip(stranger: Visitor) -> None:
    short = "Ab3" * 13 + "Z"
    page = stranger.post("/doctor", 400, token=short, do="try", nip=XSS)
    assert "is no NIP (10 digits)" in page
    assert "<img src=x" not in page
    assert "Ab3Ab3" not in page
    page = stranger.post("/doctor", token=short, do="try", nip="526-587-76-35")
    assert "KSeF does not recognise this as a token" in page


def test_a_form_without_its_token_is_refused(stranger: Visitor) -> None:
    stranger.get("/doctor")
    assert stranger.http.post("/doctor", data={"token": "x", "do": "try"}).status_code == 403


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "What its shape tells"), ("pl", "Co mówi jego postać"), ("de", "Was seine Form verrät")],
)
def test_it_speaks_three_languages(running: RunningKsef, language: str, said: str) -> None:
    with Visitor(running, language) as visitor:
        page = visitor.post("/doctor", token="a" * 64, do="read")
        assert said in page
        assert f'<html lang="{language}">' in page


def test_every_finding_has_german_words_with_the_same_figures() -> None:
    assert set(GERMAN) == set(WORDS)
    for code, (en, _, _, _) in WORDS.items():
        assert set(re.findall(r"\{\w+\}", GERMAN[code][0])) == set(re.findall(r"\{\w+\}", en)), code


def test_no_page_of_ours_puts_a_token_where_it_may_stay() -> None:
    folder = Path(__file__).parents[2] / "src" / "klucznik" / "portal" / "templates"
    shown = [
        file.name for file in folder.glob("*.html") if "{{ ksef_token" in file.read_text(encoding="utf-8")
    ]
    assert shown == ["token_shown.html"]
