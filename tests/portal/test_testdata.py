"""Test data in the portal: companies and persons, the clock, the policy of tokens, worlds, the way back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from klucznik.cli.portal import portal_of
from klucznik.server.app import Web
from klucznik.server.local import LocalKsef
from klucznik.testing import RunningKsef, local_ksef

from .furnished import IMAGE, PAYLOADS
from .markup import alive
from .person import Visitor, new_nip, new_pesel, owner

_PLACES = ("", "/company", "/person", "/permissions", "/context", "/clock", "/world", "/reset")
_FIELDS = ("nip", "pesel", "description", "units", "gone", "value", "ends", "at", "days", "world")
_CHOICES = ("step", "policy")


@pytest.fixture
def own() -> Iterator[Visitor]:
    """A stranger at a local KSeF that is his alone: its clock moves, its data go."""
    with local_ksef(web=portal_of) as running, Visitor(running) as visitor:
        yield visitor


def _roles(running: RunningKsef) -> dict[str, Any]:
    return {each["nip"]: each for each in running.manage("GET", "/persons")["companies"]}


def _persons(running: RunningKsef) -> dict[str, Any]:
    return {each["nip"]: each for each in running.manage("GET", "/persons")["persons"]}


def test_a_stranger_makes_a_person_who_then_logs_in(stranger: Visitor) -> None:
    stranger.nip = new_nip()
    fields: dict[str, Any] = {"nip": stranger.nip, "pesel": stranger.pesel, "description": "The firm of Ania"}
    page = stranger.post("/testdata/person", do="create", **fields)
    assert "log in as that person" in page
    assert stranger.name in stranger.log_in().get("/certificates")
    assert "already" in stranger.post("/testdata/person", 400, do="create", **fields) or "30001" in page


def test_bailiffs_and_the_deceased_are_marked(stranger: Visitor) -> None:
    nip = new_nip()
    fields: dict[str, Any] = {"nip": nip, "pesel": new_pesel(), "description": "A bailiff", "bailiff": "yes"}
    stranger.post("/testdata/person", do="create", deceased="yes", **fields)
    made = _persons(stranger.running)[nip]
    assert made["isBailiff"]
    assert made["isDeceased"]
    page = stranger.post("/testdata/person", 400, do="remove", gone=nip)
    assert "sure" in page
    stranger.post("/testdata/person", do="remove", gone=nip, sure="yes")
    assert nip not in _persons(stranger.running)


def test_a_company_is_made_with_its_units_and_removed(stranger: Visitor) -> None:
    group, first, second = new_nip(), new_nip(), new_nip()
    units = f"{first} The first unit\n\n{second[:3]}-{second[3:]} Druga jednostka"
    stranger.post(
        "/testdata/company", do="create", nip=group, role="VatGroup", description="A VAT group", units=units
    )
    made = _roles(stranger.running)
    assert made[first]["parent"] == group
    assert made[second]["description"] == "Druga jednostka"
    assert group in stranger.get("/testdata")
    stranger.post("/testdata/company", do="remove", gone=group, sure="yes")
    assert not {group, first, second} & set(_roles(stranger.running))


def test_an_authority_has_no_units_and_nothing_typed_is_lost(stranger: Visitor) -> None:
    nip, unit = new_nip(), new_nip()
    fields: dict[str, Any] = {"nip": nip, "description": "An authority", "units": f"{unit} A unit"}
    page = stranger.post("/testdata/company", 400, do="create", role="EnforcementAuthority", **fields)
    assert "has no units" in page
    assert unit in page
    assert "An authority" in page
    assert nip not in _roles(stranger.running)


def test_a_context_is_blocked_and_opened_again(running: RunningKsef) -> None:
    with owner(running, inside=False) as ania:
        ania.post("/testdata/context", do="block", kind="Nip", value=ania.nip)
        (context,) = running.manage("GET", f"/contexts?type=Pesel&value={ania.pesel}")["contexts"]
        assert context["blocked"]
        ania.post("/testdata/context", do="unblock", kind="Nip", value=ania.nip)
        ania.log_in()


def test_a_paper_notice_lets_somebody_in_and_is_taken_back(running: RunningKsef) -> None:
    nip = new_nip()
    with Visitor(running, given="Obcy") as clerk, Visitor(running, given="Jan", nip=nip) as jan:
        whom = {"nip": nip, "kind": "Pesel", "who": jan.pesel}
        told = clerk.post(
            "/testdata/permissions",
            do="grant",
            permission=["InvoiceRead", "CredentialsManage"],
            description="by the office",
            **whom,
        )
        assert "next login" in told
        page = jan.log_in().get("/permissions/manage/own")
        assert "view invoices" in page
        assert "manage permissions" in page
        assert "issue invoices" not in page[page.index("<tbody>") :]
        assert "by the office" in page
        assert "sure" in clerk.post("/testdata/permissions", 400, do="take", **whom)
        clerk.post("/testdata/permissions", do="take", sure="yes", **whom)
        assert "view invoices" not in jan.get("/permissions/manage/own").partition("<tbody>")[2]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"permission": []}, "at least one permission"),
        ({"kind": "Other"}, "Choose what the number is"),
        ({"kind": "Fingerprint"}, "does not fit"),
        ({"who": "12"}, "does not fit"),
        ({"nip": "12"}, "no valid NIP"),
        ({"description": "abc"}, "5 to 256"),
    ],
)
def test_a_paper_notice_that_does_not_fit(stranger: Visitor, wrong: dict[str, Any], words: str) -> None:
    fields = {
        "do": "grant",
        "nip": new_nip(),
        "kind": "Pesel",
        "who": new_pesel(),
        "permission": ["InvoiceRead"],
        "description": "by the office",
    }
    page = stranger.post("/testdata/permissions", 400, **{**fields, **wrong})
    assert words in page
    if "permission" not in wrong:
        assert 'value="InvoiceRead" checked' in page, "nothing typed is lost"


def test_attachments_are_allowed_and_ended(ania: Visitor) -> None:
    for fields, word in (
        ({"do": "allow"}, "may send invoices with attachments"),
        ({"do": "end", "ends": "2199-01-31"}, "ends"),
        ({"do": "end"}, "ends"),
    ):
        assert word in ania.post("/testdata/context", nip=ania.nip, **fields)
    ania.post("/testdata/context", 400, do="end", nip=ania.nip, ends="tomorrow")


def test_the_clock_is_set_moved_stopped_and_let_run(own: Visitor) -> None:
    def clock() -> Any:
        return own.running.manage("GET", "/clock")

    own.post("/testdata/clock", do="freeze")
    assert clock()["frozen"]
    own.post("/testdata/clock", do="set", at="2026-12-31T23:50")
    assert datetime.fromisoformat(clock()["now"]) == datetime.fromisoformat("2026-12-31T22:50:00+00:00")
    own.post("/testdata/clock", do="advance", step="hour")
    page = own.get("/testdata/clock")
    assert "2027-01-01 00:50" in page
    assert "stands still" in page
    own.post("/testdata/clock", do="run")
    assert not clock()["frozen"]
    own.post("/testdata/clock", do="real")
    assert abs(clock()["offsetSeconds"]) < 5
    for wrong in ({"do": "set", "at": "soon"}, {"do": "set", "at": "0001-01-01T00:00"}, {"do": "advance"}):
        own.post("/testdata/clock", 400, **wrong)
    own.post("/testdata/clock", 404, do="explode")


def test_the_policy_of_tokens_is_chosen(own: Visitor) -> None:
    own.post("/testdata/clock", do="policy", policy="v2-expiring", days="30")
    scene = own.running.manage("GET", "/scenario")
    assert (scene["tokens"], scene["tokenDays"]) == ("v2-expiring", 30)
    for wrong in ({"policy": "never"}, {"policy": "legacy", "days": "0"}, {"policy": "legacy", "days": "٣"}):
        own.post("/testdata/clock", 400, do="policy", **wrong)
    assert own.running.manage("GET", "/scenario")["tokens"] == "v2-expiring"


@pytest.mark.parametrize("form", ["json", "yaml", "file"])
def test_a_world_is_made_from_a_file_or_text(stranger: Visitor, form: str) -> None:
    nip, pesel = new_nip(), new_pesel()
    world = {"persons": [{"nip": nip, "pesel": pesel, "isBailiff": False}]}
    text = f'persons:\n  - {{nip: "{nip}", pesel: "{pesel}", isBailiff: false}}\n'
    files = {"file": ("world.yaml", f"\ufeff{text}".encode())} if form == "file" else None
    given = {"json": json.dumps(world, indent="\t"), "yaml": text, "file": ""}[form]
    page = stranger.post("/testdata/world", do="seed", world=given, files=files)
    assert "Made 1, already there 0" in page
    assert _persons(stranger.running)[nip]["pesel"] == pesel


@pytest.mark.parametrize(
    "given",
    ["", "[]", "just text", "{", "a: [", "persons: 1", "people: []", "a: &x [1]\nb: [*x, *x]", "[" * 20_000,
     "persons: [{nip: '1'}]", "a: !!python/object/apply:os.getcwd []"],
)  # fmt: skip
def test_a_world_that_is_none_changes_nothing(stranger: Visitor, given: str) -> None:
    before = stranger.running.manage("GET", "/persons")
    page = stranger.post("/testdata/world", 400, do="seed", world=given)
    assert "world" in page
    assert stranger.running.manage("GET", "/persons") == before


def test_a_reset_wants_a_tick_and_ends_every_login(own: Visitor) -> None:
    with owner(own.running) as ania:
        ania.post("/testdata/reset", 400)
        assert ania.nip in _persons(own.running)
        page = ania.post("/testdata/reset", sure="yes")
        assert "is empty" in page
        assert not _persons(own.running)
        assert ania.http.get("/certificates", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("wrong", ["", "123", "0265877635", *PAYLOADS])
def test_what_is_wrong_is_told_as_text(stranger: Visitor, wrong: str) -> None:
    everything: dict[str, Any] = {**dict.fromkeys(_FIELDS + _CHOICES, wrong), "role": "JST", "kind": "Nip"}
    for place, do in (
        ("company", "create"), ("company", "remove"), ("person", "create"), ("person", "remove"),
        ("context", "allow"), ("context", "end"), ("context", "block"), ("context", "unblock"),
        ("clock", "set"), ("clock", "advance"), ("clock", "policy"), ("world", "seed"),
    ):  # fmt: skip
        fields: dict[str, Any] = {
            **everything,
            "role": "JST",
            "kind": "Nip",
            "step": wrong,
            "policy": wrong,
            "do": do,
        }
        page = stranger.post(f"/testdata/{place}", 400, **fields)
        assert 'class="flash bad"' in page
        assert not alive(page)


def test_descriptions_are_shown_as_text(own: Visitor) -> None:
    for payload in PAYLOADS:
        fields: dict[str, Any] = {"nip": new_nip(), "pesel": new_pesel(), "description": payload}
        own.post("/testdata/person", do="create", **fields)
        units = f"{new_nip()} {payload}"
        own.post(
            "/testdata/company", do="create", nip=new_nip(), role="JST", description=payload, units=units
        )
    page = own.get("/testdata")
    assert "onerror=" in page
    assert IMAGE not in page
    assert not alive(page)


@pytest.mark.parametrize("place", _PLACES[1:])
def test_forms_need_their_token(stranger: Visitor, place: str) -> None:
    assert stranger.http.post(f"/testdata{place}", data={"sure": "yes"}).status_code == 403


@pytest.mark.parametrize("place", _PLACES)
def test_pages_speak_three_languages(stranger: Visitor, place: str) -> None:
    pages = set()
    for language in ("en", "pl", "de"):
        stranger.post("/language", language=language, back="/web/")
        page = stranger.get(f"/testdata{place}")
        assert f'<html lang="{language}">' in page
        pages.add(page.partition("<h1>")[2].partition("</h1>")[0])
    assert len(pages) == 3, pages


def _exposed(ksef: LocalKsef, api: str, door: str) -> Web:
    web: Web = portal_of(ksef, api, door, loopback=False)
    return web


@pytest.mark.parametrize("kind", ["demo", "exposed"])
def test_elsewhere_there_is_no_such_page(kind: str) -> None:
    web = _exposed if kind == "exposed" else portal_of
    with local_ksef(web=web, profile="demo" if kind == "demo" else "test") as running:
        with Visitor(running) as visitor:
            for place in _PLACES:
                visitor.get(f"/testdata{place}", 404)
            visitor.post("/testdata/reset", 404, sure="yes")
            visitor.post("/testdata/clock", 404, do="freeze")
        assert not running.manage("GET", "/clock")["frozen"]
