"""The simulated login.gov.pl, the choice of a context, and the ways out again."""

from __future__ import annotations

from html import escape

import pytest

from klucznik.client import auth
from klucznik.testing import RunningKsef

from .person import Visitor, employee, new_nip, new_pesel, owner

XSS = "<script>alert(1)</script>"


def test_somebody_known_is_picked(running: RunningKsef) -> None:
    with owner(running, inside=False) as ania:
        page = ania.get("/login/profile")
        assert f'value="{ania.pesel}"' in page
        page = ania.post("/login/profile", given="Anna", surname="Nowak", number=ania.pesel)
        assert f"Nip {ania.nip}" in page
        assert "owner" in page


def test_the_name_in_a_description_is_the_name_offered(running: RunningKsef, stranger: Visitor) -> None:
    nip, pesel = new_nip(), new_pesel()
    described = {"nip": nip, "pesel": pesel, "isBailiff": False, "description": "Ewa Sowa, Sklep"}
    running.seed({"persons": [described]})
    assert "<strong>Ewa Sowa</strong>" in stranger.get("/login/profile")


def test_a_company_is_entered_by_its_nip(stranger: Visitor) -> None:
    stranger.nip = stranger.pesel = new_nip()
    assert stranger.log_in().nip in stranger.get("/")


@pytest.mark.parametrize("number", ["", "123", "90130112349", "0265877635", "٩٠٠١٠١١٢٣٤٩"])
def test_a_wrong_number_is_named_and_nothing_typed_is_lost(stranger: Visitor, number: str) -> None:
    page = stranger.post("/login/profile", 400, given="Zenobia", surname="Kot", number=number)
    assert "no valid PESEL" in page
    assert 'value="Zenobia"' in page


def test_names_are_asked_for_and_measured(stranger: Visitor) -> None:
    pesel = new_pesel()
    assert "Type a first name" in stranger.post("/login/profile", 400, given="", surname="X", number=pesel)
    page = stranger.post("/login/profile", 400, given="A" * 60, surname="B" * 60, number=pesel)
    assert "121 characters" in page


def test_names_come_out_escaped(stranger: Visitor) -> None:
    page = stranger.post("/login/profile", 400, given=XSS, surname=XSS, number=XSS)
    assert XSS not in page
    assert escape(XSS) in page
    nip = new_nip()
    page = stranger.post("/login/profile", given=XSS, surname="X", number=nip)
    page = stranger.post("/login/context", context=f"Nip {nip}")
    assert XSS not in page
    assert escape(XSS) in page


def test_only_contexts_with_a_permission_are_offered(running: RunningKsef, ania: Visitor) -> None:
    with employee(running, ania.nip, "InvoiceRead") as biuro:
        page = biuro.get("/login/context")
        assert f"Nip {ania.nip}" in page
        assert "view invoices" in page
        assert page.count('type="radio"') == 1


def test_a_context_that_is_not_offered_is_refused(obcy: Visitor, ania: Visitor) -> None:
    page = obcy.post("/login/context", context=f"Nip {ania.nip}")
    assert "You hold no permission" in page
    assert f'<strong class="value">{ania.nip}' not in obcy.get("/")
    assert XSS not in obcy.post("/login/context", context=f"Nip {XSS}")


def test_who_holds_nothing_is_told_so(stranger: Visitor) -> None:
    page = stranger.post("/login/profile", given="Jan", surname="Lis", number=new_pesel())
    assert "no context yet" in page


def test_a_blocked_context_says_so_and_is_refused_with_its_cause(running: RunningKsef) -> None:
    with owner(running, inside=False) as ania:
        running.seed({"blocked": [{"contextIdentifier": {"type": "Nip", "value": ania.nip}}]})
        page = ania.post("/login/profile", given="Anna", surname="Nowak", number=ania.pesel)
        assert "blocked" in page
        page = ania.post("/login/context", context=f"Nip {ania.nip}")
        assert "480" in page
        assert "Why: " in page


def test_the_context_is_changed(running: RunningKsef, ania: Visitor) -> None:
    other = new_nip()
    running.seed(
        {
            "grants": [
                {
                    "contextIdentifier": {"type": "Nip", "value": other},
                    "authorizedIdentifier": {"type": "Pesel", "value": ania.pesel},
                    "permissions": [{"permissionType": "InvoiceRead", "description": "for a test"}],
                }
            ]
        }
    )
    page = ania.post("/login/context", context=f"Nip {other}")
    assert f'<strong class="value">{other}' in page
    # The login before ended at KSeF: one is alive.
    assert _live_logins(running, ania) == 1


def _live_logins(running: RunningKsef, visitor: Visitor) -> int:
    from sqlalchemy import func, select

    from klucznik.server.tables import auth_operations

    counted = select(func.count()).where(
        auth_operations.c.subject_value == visitor.pesel, auth_operations.c.status == 200
    )
    return int(running.ksef.store.read(lambda db: db.execute(counted).scalar_one()))


def test_logging_out_ends_the_login_here_and_at_ksef(running: RunningKsef, ania: Visitor) -> None:
    older = ania.http.cookies["klucznik"]
    assert _live_logins(running, ania) == 1
    assert "You are logged out" in ania.post("/logout")
    assert _live_logins(running, ania) == 0
    # Neither the new cookie nor the old one opens anything.
    assert "Who are you" not in ania.get("/login/context")
    with Visitor(running) as thief:
        thief.http.cookies.set("klucznik", older, path="/web")
        assert ania.name not in thief.get("/")


def test_a_login_changes_the_cookie(stranger: Visitor) -> None:
    stranger.get("/")
    before = stranger.http.cookies["klucznik"]
    stranger.nip = stranger.pesel = new_nip()
    stranger.log_in()
    assert stranger.http.cookies["klucznik"] != before


def test_the_page_that_was_wanted_comes_after_the_login(running: RunningKsef) -> None:
    with owner(running, inside=False) as ania:
        assert "Log in with login.gov.pl" in ania.get("/tokens")
        ania.post("/login/profile", given="Anna", surname="Nowak", number=ania.pesel)
        page = ania.post("/login/context", context=f"Nip {ania.nip}")
        assert 'href="/web/tokens" aria-current="page"' in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Log in with a certificate", "Who are you?", "In which context?")),
        ("pl", ("Zaloguj certyfikatem", "Kim jesteś?", "W jakim kontekście?")),
        ("de", ("Mit Zertifikat anmelden", "Wer sind Sie?", "In welchem Kontext?")),
    ],
)
def test_in_three_languages(running: RunningKsef, language: str, words: tuple[str, ...]) -> None:
    with owner(running, language=language) as ania:
        pages = [ania.get(path) for path in ("/login", "/login/profile", "/login/context")]
    for page, word in zip(pages, words, strict=True):
        assert word in page


def test_ksef_ending_a_login_is_told_kindly(running: RunningKsef, ania: Visitor) -> None:
    from klucznik.client.ksef import Ksef
    from klucznik.crypto import authority

    identity = authority.person("Anna", "Nowak", now=running.ksef.clock.now(), pesel=ania.pesel)
    with Ksef(running.url) as elsewhere:
        elsewhere.run(auth.login_with_identity("Nip", ania.nip, identity))
        for each in elsewhere.run(auth.all_sessions()):
            elsewhere.call(auth.revoke(each.reference_number))
    running.advance(minutes=16)
    page = ania.get("/")
    assert "KSeF has ended your login" in page
    assert 'class="who"' not in page
