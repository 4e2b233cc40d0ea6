"""The first page: the guide on an empty database, the overview for who is logged in, the banner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape

import pytest
from markupsafe import escape

from klucznik.cli.portal import portal_of
from klucznik.cli.root import COMMANDS
from klucznik.client import tokens
from klucznik.client.auth import login_with_identity
from klucznik.client.ksef import Ksef
from klucznik.crypto import authority
from klucznik.testing import RunningKsef, local_ksef

from .furnished import furnish
from .person import Visitor, employee, new_nip, new_pesel, owner

XSS = '"><script>alert(1)</script>'


@pytest.fixture
def empty(running: RunningKsef) -> Iterator[Visitor]:
    running.reset()
    with Visitor(running) as visitor:
        yield visitor


def _suggested(page: str, name: str) -> str:
    found = re.search(rf'<input name="{name}"[^>]* value="(\d+)"', page)
    assert found, name
    return found[1]


def test_the_guide_leads_from_nothing_into_a_company(empty: Visitor) -> None:
    page = empty.get("/")
    assert "Nobody is known here yet" in page
    nip, pesel = _suggested(page, "nip"), _suggested(page, "pesel")
    typed = {"company": "Piekarnia Lis", "given": "Ewa", "surname": "Lis", "nip": nip, "pesel": pesel}
    page = empty.post("/start", **typed)
    assert "Piekarnia Lis is there" in page
    page = empty.post("/login/context", context=f"Nip {nip}")
    assert "Good to see you, Ewa Lis" in page
    # The next two steps, with commands as they are to be typed.
    assert f"klucznik token put --company {nip} --key-file vault.key" in page
    assert f"klucznik token check --company {nip} --key-file vault.key" in page
    assert 'href="/web/tokens/new"' in page
    # Whoever comes next finds her by that name.
    with Visitor(empty.running) as other:
        assert "<strong>Ewa Lis</strong>" in other.get("/login/profile")
        assert "Nobody is known here yet" not in other.get("/")


def test_the_commands_shown_are_commands() -> None:
    from importlib import import_module

    import click

    for group, name in (("token", "put"), ("login", "check")):
        module, _, attribute = COMMANDS[group][0].partition(":")
        found = getattr(import_module(f"klucznik.cli.{module}"), attribute)
        command = found.get_command(click.Context(found), name)
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--company", "--key-file", "--ksef"} <= options


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"nip": "123"}, "no valid NIP"),
        ({"pesel": "123"}, "no valid PESEL"),
        ({"company": ""}, "Name the company"),
        ({"given": ""}, "Type a first name"),
        ({"company": "x" * 121}, "Name the company"),
    ],
)
def test_what_is_wrong_in_the_guide_is_named(empty: Visitor, wrong: dict[str, str], words: str) -> None:
    whole = {"company": "Kot", "given": "Ewa", "surname": "Lis", "nip": new_nip(), "pesel": new_pesel()}
    page = empty.post("/start", 400, **(whole | wrong))
    assert words in page
    assert 'value="Lis"' in page


def test_a_company_that_is_there_already(empty: Visitor) -> None:
    whole = {"company": "Kot", "given": "Ewa", "surname": "Lis", "nip": new_nip(), "pesel": new_pesel()}
    empty.post("/start", **whole)
    page = unescape(empty.post("/start", 400, **whole))
    assert "30001" in page
    assert "Why: " in page


def test_what_is_typed_in_the_guide_comes_out_escaped(empty: Visitor) -> None:
    whole = {"company": XSS, "given": "Ewa", "surname": "Lis", "nip": new_nip(), "pesel": new_pesel()}
    assert "<script>alert" not in empty.post(
        "/start", 400, **(whole | {"nip": XSS, "pesel": XSS, "given": XSS})
    )
    page = empty.post("/start", **whole)
    assert "<script>alert" not in page
    assert str(escape(XSS)) in page
    assert "<script>alert" not in empty.get("/login/profile")


def test_the_guide_makes_nothing_without_its_token(empty: Visitor) -> None:
    assert empty.http.post("/start", data={"nip": new_nip()}).status_code == 403
    assert "Nobody is known here yet" in empty.get("/")


def test_elsewhere_than_on_the_test_profile_nothing_is_made() -> None:
    with local_ksef(profile="demo", web=portal_of) as demo, Visitor(demo) as visitor:
        assert "/web/start" not in visitor.get("/?new=1")
        whole = {"company": "Kot", "given": "Ewa", "surname": "Lis", "nip": new_nip(), "pesel": new_pesel()}
        visitor.post("/start", **whole)
        assert demo.manage("GET", "/persons")["persons"] == []


def test_the_overview_shows_the_newest_tokens(running: RunningKsef, ania: Visitor) -> None:
    assert "No token yet" in ania.get("/")
    identity = authority.person("Anna", "Nowak", now=running.ksef.clock.now(), pesel=ania.pesel)
    with Ksef(running.url) as ksef:
        ksef.run(login_with_identity("Nip", ania.nip, identity))
        ksef.run(tokens.generate_and_wait(["InvoiceRead"], f"ERP {XSS}"))
    page = ania.get("/")
    assert str(escape(f"ERP {XSS}")) in page
    assert XSS not in page
    assert "active" in page


def test_the_overview_shows_a_stranger_nothing_of_another_company(ania: Visitor, obcy: Visitor) -> None:
    page = obcy.get("/")
    assert ania.nip not in page
    assert ania.name not in page


def test_what_rights_do_not_reach_is_said(running: RunningKsef, ania: Visitor) -> None:
    with employee(running, ania.nip, "CredentialsRead") as clerk:
        page = clerk.get("/")
    assert "Your permissions do not show this" in page
    assert "Good to see you" in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Create a company and its owner", "Good to see you")),
        ("pl", ("Utwórz firmę i jej właściciela", "Dzień dobry")),
        ("de", ("Firma und Inhaber anlegen", "Guten Tag")),
    ],
)
def test_in_three_languages(running: RunningKsef, language: str, words: tuple[str, str]) -> None:
    with Visitor(running, language) as stranger, owner(running, language=language) as ania:
        assert words[0] in stranger.get("/")
        assert words[1] in ania.get("/")


@pytest.fixture
def moved() -> Iterator[RunningKsef]:
    """A KSeF whose clock these tests may move."""
    with local_ksef(web=portal_of) as ksef:
        yield ksef


def test_the_banner_tells_of_clock_and_tokens(moved: RunningKsef) -> None:
    with Visitor(moved) as visitor:
        assert 'class="scene"' not in visitor.get("/login")
        moved.set_clock(datetime(2027, 2, 1, 12, tzinfo=UTC), freeze=True)
        page = visitor.get("/login")
        assert "The clock stands still at" in page
        assert "2027-02-01 13:00" in page  # in Warsaw
        moved.manage("POST", "/clock", {"freeze": False})
        moved.manage("PUT", "/scenario", {"tokens": "v2-expiring"})
        page = visitor.get("/nowhere", 404)
        assert "The clock was moved" in page
        assert "new tokens expire" in page
        moved.manage("PUT", "/scenario", {"tokens": "cutoff-2026"})
        assert "tokens end with 2026" in visitor.get("/login")


def test_every_way_from_the_overview_leads_somewhere(ania: Visitor) -> None:
    furnish(ania)
    places = set(re.findall(r'href="/web(/[^"]*)"', ania.get("/")))
    assert {"/tokens/new", "/invoices/new", "/permissions/grant"} <= places
    assert {place.split("/")[1] for place in places if len(place) > 30} == {"tokens", "invoices", "sessions"}
    for place in places:
        ania.get(unescape(place))
