"""Tokens in the portal: generated once, seen once, listed, followed until revoked."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest

from klucznik.client import auth, claims
from klucznik.client.ksef import Ksef
from klucznik.crypto import authority
from klucznik.errors import Refused
from klucznik.secret import Secret
from klucznik.testing import RunningKsef

from .person import Visitor, employee, owner

XSS = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
_SECRET = re.compile(r"[0-9]{8}-EC-[0-9A-F-]{24}\|nip-[0-9]{10}\|[0-9a-f]{64}")
_REFERENCE = re.compile(r"[0-9]{8}-EC-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2}")


def confirmed(visitor: Visitor, *permissions: str, name: str = "ERP of Ania") -> dict[str, Any]:
    """What the form of the confirmation page sends."""
    page = visitor.post("/tokens/new", name=name, permission=list(permissions))
    assert "/web/tokens/issue" in page
    return {"nonce": visitor.hidden(page, "nonce"), "name": name, "permission": list(permissions)}


def generate(visitor: Visitor, *permissions: str, name: str = "ERP of Ania") -> tuple[str, str]:
    """A token and its reference number, taken from the page that shows it."""
    page = visitor.post("/tokens/issue", **confirmed(visitor, *permissions, name=name))
    token = _SECRET.search(unescape(page))
    assert token, page
    return token[0], token[0].partition("|")[0]


def until_final(visitor: Visitor, reference: str) -> None:
    """Look at a token, as its page does, until its state stays."""
    for _ in range(5_000):
        if visitor.http.get(f"/tokens/{reference}/state").json()["final"]:
            return
    pytest.fail(f"{reference} is still under way")


def log_in_with(running: RunningKsef, token: str) -> tuple[str, ...]:
    """The permissions that logging in with a token gives."""
    with Ksef(running.url) as ksef:
        issued = ksef.run(auth.login_with_token(Secret(token)))
        return claims.read(issued.access_token.token).permissions or ()


def test_a_token_generated_here_logs_in_with_what_was_chosen(running: RunningKsef, ania: Visitor) -> None:
    token, _ = generate(ania, "InvoiceRead", "InvoiceWrite")
    assert set(log_in_with(running, token)) == {"InvoiceRead", "InvoiceWrite"}


def test_a_token_is_shown_once_and_a_form_sent_again_makes_none(ania: Visitor) -> None:
    form = confirmed(ania, "InvoiceRead")
    answer = ania.http.post("/tokens/issue", data={"csrf": ania.csrf(), **form})
    token = _SECRET.search(unescape(answer.text))
    assert token
    assert answer.headers["cache-control"] == "no-store"
    assert token[0] not in str(answer.url)
    secret = token[0].rpartition("|")[2]
    again = ania.post("/tokens/issue", 409, **form)
    assert "shown once already" in again
    reference = token[0].partition("|")[0]
    for path in ("/tokens", "/tokens/issue", f"/tokens/{reference}", f"/tokens/{reference}/sheet", "/"):
        assert secret not in ania.get(path)
    assert len(set(_REFERENCE.findall(ania.get("/tokens")))) == 1


def test_nothing_kept_of_a_visitor_holds_the_token(running: RunningKsef, ania: Visitor) -> None:
    token, _ = generate(ania, "InvoiceRead")
    assert running.ksef.store.folder is None or not list(running.ksef.store.folder.rglob(token))
    assert "flash" not in ania.get("/tokens").partition("<h1")[0].partition("<main")[2]


def test_only_permissions_held_are_offered_and_taken(biuro: Visitor) -> None:
    page = biuro.get("/tokens/new")
    assert set(re.findall(r'name="permission" value="(\w+)"', page)) == {"InvoiceRead", "InvoiceWrite"}
    refused = biuro.post("/tokens/new", 400, name="ERP of Biuro", permission=["CredentialsManage"])
    assert "You do not hold" in refused
    assert 'value="ERP of Biuro"' in refused


def test_an_owner_is_offered_all_and_warned_of_too_much(ania: Visitor) -> None:
    page = ania.get("/tokens/new")
    assert "CredentialsManage" in page
    warned = ania.post("/tokens/new", name="ERP of Ania", permission=["InvoiceRead", "CredentialsManage"])
    assert "More than an ERP needs" in warned
    calm = ania.post("/tokens/new", name="ERP of Ania", permission=["InvoiceRead"])
    assert "More than an ERP needs" not in calm


@pytest.mark.parametrize(
    ("name", "permissions", "said"),
    [
        ("ERP", ["InvoiceRead"], "The name has 3 characters"),
        ("x" * 257, ["InvoiceRead"], "The name has 257 characters"),
        ("ERP of Ania", [], "Choose at least one permission"),
        ("ERP of Ania", ["Everything"], "You do not hold"),
    ],
)
@pytest.mark.parametrize("path", ["/tokens/new", "/tokens/issue"])
def test_a_form_that_will_not_do_says_why_and_keeps_what_was_typed(
    ania: Visitor, path: str, name: str, permissions: list[str], said: str
) -> None:
    page = ania.post(path, 400, name=name, permission=permissions)
    assert said in page
    assert f'value="{name}"' in page
    for each in permissions:
        assert f'value="{each}" checked' in page or each == "Everything"


def test_changing_ones_mind_keeps_the_form(ania: Visitor) -> None:
    page = ania.post("/tokens/new", step="edit", name="ERP of Ania", permission=["InvoiceRead"])
    assert 'value="ERP of Ania"' in page
    assert 'value="InvoiceRead" checked' in page
    assert 'value="InvoiceWrite" checked' not in page


def test_the_list_filters_and_pages(ania: Visitor) -> None:
    for number in range(22):
        generate(ania, "InvoiceRead", name=f"ERP number {number:02}")
    first = ania.get("/tokens")
    assert "ERP number 21" in first
    assert "ERP number 01" not in first
    further = re.search(r'href="/web(/tokens\?[^"]+)" rel="next"', first)
    assert further
    second = ania.get(unescape(further[1]))
    assert "ERP number 01" in second
    assert "ERP number 21" not in second
    found = ania.get("/tokens?name=number 07")
    assert "ERP number 07" in found
    assert "ERP number 08" not in found
    assert "No token fits" in ania.get("/tokens?status=Revoked")
    assert "ERP number 07" in ania.get("/tokens?status=Active&status=Revoked&name=number 07")
    assert "too short to search for" in ania.get("/tokens?name=ab")
    assert "No token fits" in ania.get(f"/tokens?author={XSS}")


def test_revoking_is_confirmed_and_followed_to_revoked(running: RunningKsef, ania: Visitor) -> None:
    token, reference = generate(ania, "InvoiceRead")
    assert "Revoke this token?" in ania.get(f"/tokens/{reference}/revoke")
    assert ania.http.get(f"/tokens/{reference}/state").json() == {"status": "Active", "final": True}
    running.manage("PUT", "/scenario", {"slow": {"tokens": 1}})
    try:
        page = ania.post(f"/tokens/{reference}/revoke")
    finally:
        running.manage("PUT", "/scenario", {"slow": {}})
    assert "being revoked" in page
    assert f'data-watch="/web/tokens/{reference}/state"' in page
    assert '<meta http-equiv="refresh"' in page
    until_final(ania, reference)
    page = ania.get(f"/tokens/{reference}")
    assert "Nobody can log in with it any more" in page
    assert "data-watch" not in page
    assert "nothing to revoke" in ania.get(f"/tokens/{reference}/revoke")
    with pytest.raises(Refused) as refused:
        log_in_with(running, token)
    assert refused.value.code == 450


@pytest.mark.parametrize("place", ["/tokens?next=", "/sessions?token="])
@pytest.mark.parametrize("given", ["é", "a\r\nX-A: b", "edited"])
def test_a_made_up_place_in_a_list_is_told(ania: Visitor, place: str, given: str) -> None:
    answer = ania.http.get(f"{place}{quote(given)}")
    assert answer.status_code == 400
    assert 'class="flash bad"' in answer.text


def test_the_list_leads_to_revoking_where_one_may(running: RunningKsef, ania: Visitor) -> None:
    _, reference = generate(ania, "InvoiceRead")
    link = f'href="/web/tokens/{reference}/revoke"'
    assert link in ania.get("/tokens")
    with employee(running, ania.nip, "CredentialsRead") as reader:
        page = reader.get("/tokens")
        assert reference in page
        assert link not in page
    ania.post(f"/tokens/{reference}/revoke")
    until_final(ania, reference)
    assert link not in ania.get("/tokens")


def test_a_token_of_somebody_else_is_seen_by_who_may_and_revoked_by_who_may(
    ania: Visitor, biuro: Visitor, obcy: Visitor
) -> None:
    _, hers = generate(ania, "InvoiceRead", name="Only of Ania")
    _, his = generate(biuro, "InvoiceRead", name="Only of Biuro")
    assert "Only of Biuro" in ania.get("/tokens")
    assert "Only of Ania" not in biuro.get("/tokens")
    assert "There is no token" in biuro.get(f"/tokens/{hers}", 400)
    for path in ("", "/sheet", "/revoke", "/state"):
        page = obcy.get(f"/tokens/{hers}{path}", 400)
        assert "Only of Ania" not in page
    obcy.post(f"/tokens/{hers}/revoke", 400)
    biuro.post(f"/tokens/{hers}/revoke", 400)
    assert ania.http.get(f"/tokens/{hers}/state").json()["status"] == "Active"
    ania.post(f"/tokens/{his}/revoke")
    until_final(biuro, his)
    assert biuro.http.get(f"/tokens/{his}/state").json()["status"] == "Revoked"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/new",
        "/issue",
        "/20261005-EC-0000000000-0000000000-00",
        "/20261005-EC-0000000000-0000000000-00/sheet",
    ],
)
def test_who_is_not_logged_in_comes_to_the_login(stranger: Visitor, path: str) -> None:
    answer = stranger.http.get(f"/tokens{path}")
    assert str(answer.url).endswith("/web/login")


@pytest.mark.parametrize("path", ["/tokens/new", "/tokens/issue"])
def test_a_form_from_elsewhere_is_refused(ania: Visitor, path: str) -> None:
    before = ania.get("/tokens").count("/web/tokens/2")
    sent = {"name": "ERP of Ania", "permission": ["InvoiceRead"], "nonce": "0" * 24}
    assert ania.http.post(path, data=sent).status_code == 403
    assert ania.get("/tokens").count("/web/tokens/2") == before


def test_a_confirmation_of_another_visitor_is_worth_nothing(ania: Visitor, obcy: Visitor) -> None:
    form = confirmed(ania, "InvoiceRead")
    assert "shown once already" in obcy.post("/tokens/issue", 409, **form)


def test_what_is_typed_comes_out_as_text(ania: Visitor) -> None:
    page = ania.post("/tokens/new", name=XSS, permission=["InvoiceRead"])
    pages = [page, ania.post("/tokens/new", 400, name=XSS, permission=[XSS])]
    _, reference = generate(ania, "InvoiceRead", name=XSS)
    pages += [ania.get(f"/tokens/{reference}{path}") for path in ("", "/sheet", "/revoke")]
    pages += [ania.get("/tokens"), ania.get("/tokens?name=" + XSS), ania.get("/tokens/" + "%3Cb%3Ex", 400)]
    for each in pages:
        assert "<script>alert" not in each
        assert "<img src=x" not in each
        assert "<b>x" not in each
    assert "&lt;script&gt;alert(1)" in pages[2]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("List of tokens", "Generating a token", "Sheet for the ERP", "Revoke this token?")),
        ("pl", ("Lista tokenów", "Generowanie tokena", "Karta dla systemu ERP", "Unieważnić ten token?")),
        ("de", ("Tokenliste", "Token erzeugen", "Blatt für das ERP", "Diesen Token widerrufen?")),
    ],
)
def test_the_pages_speak_three_languages(running: RunningKsef, language: str, words: tuple[str, ...]) -> None:
    with owner(running, language=language) as visitor:
        _, reference = generate(visitor, "InvoiceRead", "CredentialsManage")
        one = f"/tokens/{reference}"
        for path, word in zip(
            ("/tokens", "/tokens/new", f"{one}/sheet", f"{one}/revoke"), words, strict=True
        ):
            page = visitor.get(path)
            assert word in page
            assert page.count("<h1") == 1


def test_the_sheet_has_everything_but_the_token(running: RunningKsef, ania: Visitor) -> None:
    token, reference = generate(ania, "InvoiceRead", name="ERP of Ania")
    page = ania.get(f"/tokens/{reference}/sheet")
    for word in (
        running.url,
        ania.nip,
        reference,
        "InvoiceRead",
        "ERP of Ania",
        "klucznik token put",
        "klucznik token check",
    ):
        assert word in page
    assert token.rpartition("|")[2] not in page


def test_a_policy_with_an_end_shows_it(running: RunningKsef, ania: Visitor) -> None:
    _, reference = generate(ania, "InvoiceRead")
    assert "API 2.9.0 sets no end" in ania.get(f"/tokens/{reference}/sheet")
    running.manage("PUT", "/scenario", {"tokens": "cutoff-2026"})
    try:
        assert "2026-12-31" in ania.get(f"/tokens/{reference}")
    finally:
        running.manage("PUT", "/scenario", {"tokens": "legacy"})


def test_where_no_token_can_live_the_page_says_so(running: RunningKsef, stranger: Visitor) -> None:
    seal = authority.peppol_seal("PPL123456", now=running.ksef.clock.now())
    sent = {"csrf": stranger.csrf("/login/certificate"), "context": "PPL123456"}
    files = {"certificate": ("seal.pem", seal.to_pem())}
    answer = stranger.http.post("/login/certificate", data=sent, files=files)
    assert 'class="who"' in answer.text
    page = stranger.get("/tokens/new")
    assert "No token can live in this context" in page
    assert "Peppol identifier" in page
    assert 'href="/web/tokens/new"' not in stranger.get("/tokens")
