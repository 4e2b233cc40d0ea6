"""Rights are read along the whole chain at each login and refresh, also those of KSeF tokens; and what a
refusal says of them: what is missing, and who could grant it.

Rules: permissions.md sections 4, 6, 7 and 9, tokens.md section 1.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cryptography.x509.oid import NameOID

from klucznik.crypto import authority
from klucznik.crypto.certs import Identity
from klucznik.testing import RunningKsef

from .door import Api, Login, Person, claims, employee, firm, new_nip, new_pesel
from .granting import (
    Granting,
    eu_administration,
    ident,
    indirect,
    internal_id,
    to_entity,
    to_person,
    to_unit,
)

PROBLEM = {"X-Error-Format": "problem-details"}


@pytest.fixture
def at(api: Api) -> Granting:
    return Granting(api)


@pytest.fixture
def office(api: Api) -> Person:
    return firm(api, "Biuro rachunkowe")


Somebody = tuple[Identity, tuple[str, str]]


@pytest.fixture
def jan(at: Granting) -> Somebody:
    return at.somebody()


def _held(access: str) -> list[str]:
    found: list[str] = json.loads(claims(access)["pep"])
    return found


def _refreshed(api: Api, login: Login) -> str:
    answer = api.call("POST", "/auth/token/refresh", login.refresh)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["accessToken"]["token"]
    return token


def _only_entry(at: Granting, login: Login, of: tuple[str, str]) -> str:
    entries = at.listed(login, "persons/grants", {"authorizedIdentifier": ident(of)})
    (entry,) = entries
    found: str = entry["id"]
    return found


# ---- tokens whose author stands at the end of a chain


def test_a_token_lives_and_dies_with_the_chain_of_its_author(
    at: Granting, ania: Person, office: Person, jan: Somebody, running: RunningKsef
) -> None:
    """Client, office, employee, token: whoever in front lets go, the token is good for nothing."""
    api, (identity, who) = at.api, jan
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead", "InvoiceWrite", delegate=True))
    at.give(office.login, "indirect", indirect(who, "InvoiceRead", "InvoiceWrite", target=ania.context))
    ref, token = api.generate(api.enter(identity, ania.context), "InvoiceRead", "InvoiceWrite")
    login = api.enter_with_token(token, ania.context)
    assert _held(login.access) == ["InvoiceRead", "InvoiceWrite"]
    # (1) The client takes one of the two from the office: the token shrinks at the next refresh.
    written = next(
        entry
        for entry in at.listed(ania.login, "persons/grants")
        if entry["permissionScope"] == "InvoiceWrite"
    )
    assert at.take(ania.login, written["id"]) == 200
    assert _held(_refreshed(api, login)) == ["InvoiceRead"]
    # (2) It takes the other one: nothing is left, the token itself stays Active.
    assert at.take(ania.login, _only_entry(at, ania.login, ("Nip", office.nip))) == 200
    bare = _refreshed(api, login)
    assert _held(bare) == []
    refused = api.call("POST", "/invoices/query/metadata", bare, body={}, headers=PROBLEM)
    assert refused.status_code == 403
    assert refused.json()["reasonCode"] == "missing-permissions"
    assert refused.json()["security"]["presentPermissions"] == []
    started = api.start_with_token(token, ania.context)
    assert api.status(started)["status"]["code"] == 415
    (cause,) = running.why(started.ref)
    for language in ("en", "pl"):
        assert office.nip in cause["why"][language]
        assert "canDelegate" in cause["why"][language]
    # (3) Given again, the token revives; nobody had to touch it.
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead", delegate=True))
    assert _held(api.enter_with_token(token, ania.context).access) == ["InvoiceRead"]
    # (4) The middle lets go: the office ends what it passed on.
    for entry in at.listed(office.login, "persons/grants", {"authorizedIdentifier": ident(who)}):
        assert at.take(office.login, entry["id"]) == 200
    assert api.status(api.start_with_token(token, ania.context))["status"]["code"] == 415
    assert api.call("GET", f"/tokens/{ref}", ania.login).json()["status"] == "Active"


def test_a_token_whose_permissions_its_author_lost_logs_in_and_may_nothing(
    at: Granting, ania: Person, running: RunningKsef
) -> None:
    """Something is held, but nothing of what the token carries: 200, then 403 (tokens.md section 1)."""
    clerk = employee(at.api, ania.nip, "InvoiceRead")
    _, token = at.api.generate(clerk.login, "InvoiceRead")
    at.give(ania.login, "persons", to_person(clerk.subject, "Introspection"))
    at.api.forbid(ania.nip, clerk.subject)
    login = at.api.enter_with_token(token, ania.context)
    assert _held(login.access) == []
    refused = at.api.call("POST", "/invoices/query/metadata", login, body={}, headers=PROBLEM)
    assert refused.status_code == 403
    why = running.why(refused.json()["traceId"])[0]["why"]
    assert "this KSeF token is good for none of InvoiceRead" in why["en"]
    assert "wygeneruj nowy" in why["pl"]


def test_the_unit_of_a_client_ends_the_chain(
    at: Granting, ania: Person, office: Person, jan: Somebody
) -> None:
    """A unit gives to an office, which passes on to the unit by name and to all clients."""
    api, (director, director_is), unit = at.api, jan, internal_id(ania.nip)
    at.give(ania.login, "subunits", to_unit(director_is, unit))
    within = api.enter(director, unit)
    at.give(within, "entities", to_entity(office.nip, "InvoiceRead", delegate=True))
    named, named_is = at.somebody()
    general, general_is = at.somebody()
    at.give(office.login, "indirect", indirect(named_is, "InvoiceRead", target=unit))
    at.give(office.login, "indirect", indirect(general_is, "InvoiceRead", target="all"))
    for identity in (named, general, office.identity):
        assert at.rights(identity, unit) == ["InvoiceRead"]
        assert at.rights(identity, ania.context) == []
    # The company above has no say in what its unit gave; the unit's administrator has.
    given = _only_entry(at, within, ("Nip", office.nip))
    assert at.take(ania.login, given) == 450
    assert at.take(within, given) == 200
    for identity in (named, general, office.identity):
        assert at.rights(identity, unit) == []


def test_what_an_administrator_granted_outlives_the_administrator(
    at: Granting, ania: Person, jan: Somebody
) -> None:
    """A chain is what passes through an intermediary; grants of an administrator stand by themselves."""
    api, (director, director_is), unit = at.api, jan, internal_id(ania.nip)
    at.give(ania.login, "subunits", to_unit(director_is, unit))
    within = api.enter(director, unit)
    clerk, clerk_is = at.somebody()
    at.give(within, "persons", to_person(clerk_is, "InvoiceRead"))
    (appointed,) = at.listed(ania.login, "subunits/grants")
    assert at.take(ania.login, appointed["id"]) == 200
    assert at.rights(director, unit) == []
    assert at.rights(clerk, unit) == ["InvoiceRead"]
    # Nobody is left who could take it away, until the parent appoints somebody anew.
    at.give(ania.login, "subunits", to_unit(("Nip", ania.nip), unit))
    own = api.enter(ania.identity, unit)
    assert at.take(own, _only_entry(at, own, clerk_is)) == 200
    assert at.rights(clerk, unit) == []


def test_an_operation_under_way_ends_with_the_rights_of_its_author(
    at: Granting, ania: Person, running: RunningKsef
) -> None:
    """Taken in with 202, decided with the rights of that moment: 420, and who could help."""
    clerk = employee(at.api, ania.nip, "CredentialsManage")
    at.api.forbid(ania.nip, clerk.subject)
    _, who = at.somebody()
    ref = at.start(clerk.login, "persons/grants", to_person(who, "InvoiceRead"))
    assert at.outcome(clerk.login, ref)["code"] == 420
    (cause,) = running.why(ref)
    assert "CredentialsManage" in cause["why"]["en"]
    assert "its owner" in cause["why"]["en"]
    assert "właściciel" in cause["why"]["pl"]
    assert at.listed(ania.login, "persons/grants") == []


def test_a_token_asks_with_what_it_carries_not_with_what_its_author_holds(
    at: Granting, ania: Person, running: RunningKsef
) -> None:
    """DELETE common/grants takes three permissions; which of them is needed, the grant decides later."""
    _, who = at.somebody()
    at.give(ania.login, "persons", to_person(who, "InvoiceRead"))
    at.give(ania.login, "subunits", to_unit(who, internal_id(ania.nip)))
    personal = _only_entry(at, ania.login, who)
    (appointed,) = at.listed(ania.login, "subunits/grants")
    _, token = at.api.generate(ania.login, "SubunitManage")
    login = at.api.enter_with_token(token, ania.context)
    ref = at.start(login, f"common/grants/{personal}", method="DELETE")
    assert at.outcome(login, ref)["code"] == 420
    assert "CredentialsManage" in running.why(ref)[0]["why"]["en"]
    assert _only_entry(at, ania.login, who) == personal
    # What it carries is enough for the administrator of a unit.
    assert at.take(login, appointed["id"]) == 200
    assert at.listed(ania.login, "subunits/grants") == []


# ---- who could grant what is missing


def _why(running: RunningKsef, answer: Any) -> dict[str, str]:
    assert answer.status_code in (400, 403), answer.text
    found: dict[str, str] = running.why(answer.json()["traceId"])[0]["why"]
    assert found["en"] != found["pl"]
    return found


def test_who_grants_depends_on_the_context(at: Granting, ania: Person, running: RunningKsef) -> None:
    api = at.api
    # In a unit: its administrator, whom the company appoints.
    identity, who = at.somebody()
    unit = internal_id(ania.nip)
    at.give(ania.login, "subunits", to_unit(who, unit))
    answer = api.call("POST", "/sessions/online", api.enter(identity, unit), body={}, headers=PROBLEM)
    why = _why(running, answer)
    assert f"{ania.nip} appoints one with POST /permissions/subunits/grants" in why["en"]
    # In the context of an EU entity: its administrator.
    hans, mark = at.stranger()
    at.give(ania.login, "eu-entities/administration", eu_administration(ania.nip, mark))
    context = ("NipVatUe", f"{ania.nip}-DE123456789")
    login = api.enter(hans, context, subject_type="certificateFingerprint")
    body = to_person(("Nip", new_nip()), "InvoiceRead")
    why = _why(running, api.call("POST", "/permissions/persons/grants", login, body=body, headers=PROBLEM))
    assert "VatUeManage in it" in why["en"]
    # VatUeManage has no place in the company's own context, not even the owner holds it.
    answer = api.call("POST", "/permissions/eu-entities/grants", ania.login, body={}, headers=PROBLEM)
    assert f"log in to {ania.nip}-<VAT UE>" in _why(running, answer)["en"]
    # A Peppol provider has what it has.
    provider = authority.peppol_seal("PPL123456", now=api.ksef.clock.now())
    login = api.enter(provider, ("PeppolId", "PPL123456"))
    answer = api.call("POST", "/invoices/query/metadata", login, body={}, headers=PROBLEM)
    assert "no more" in _why(running, answer)["en"]


def test_a_token_with_too_much_says_who_could_grant_it(
    at: Granting, ania: Person, running: RunningKsef
) -> None:
    clerk = employee(at.api, ania.nip, "InvoiceRead")
    body = {"permissions": ["InvoiceRead", "InvoiceWrite"], "description": "ERP of the firm"}
    why = _why(running, at.api.call("POST", "/tokens", clerk.login, body=body, headers=PROBLEM))
    assert "not InvoiceWrite; its owner, or anyone with CredentialsManage there, can grant it" in why["en"]


# ---- every cause in both languages, and nobody's number in any


def _refusals(at: Granting, ania: Person) -> list[Any]:
    """Calls that are refused at the door, of each kind that logins and rights know."""
    api, login = at.api, ania.login
    signed = api.signed(ania.identity, ania.context)
    other = authority.person("Jan", "Obcy", nip="5265877635", now=api.ksef.clock.now())
    named = [(NameOID.GIVEN_NAME, "Hans"), (NameOID.SURNAME, "Obcy"), (NameOID.SERIAL_NUMBER, "DE-1")]
    named += [(NameOID.COMMON_NAME, "Hans Obcy"), (NameOID.COUNTRY_NAME, "DE")]
    foreign = authority.certified(named, now=api.ksef.clock.now())
    token = {"permissions": [], "description": "ERP of the firm"}

    def post(path: str, body: Any) -> Any:
        return api.call("POST", path, login, body=body, headers=PROBLEM)

    def sign_in(document: bytes) -> Any:
        kind = {"Content-Type": "application/xml", **PROBLEM}
        return api.call("POST", "/auth/xades-signature", content=document, headers=kind)

    unit = internal_id(ania.nip)
    return [
        sign_in(b"<"),
        sign_in(
            signed.replace(b"<ds:Signature ", b"<ds:Signatur ").replace(b"ds:Signature>", b"ds:Signatur>")
        ),
        sign_in(signed.replace(ania.nip.encode(), b"5265877635")),
        sign_in(signed.replace(b"xmldsig-more#ecdsa-sha256", b"xmldsig-more#ecdsa-md5")),
        sign_in(re.sub(rb"URI=\"\"", b'URI="http://example.com"', signed)),
        sign_in(api.signed(foreign, ania.context)),
        sign_in(api.signed(other, ("NipVatUe", f"{ania.nip}-DE123456789"))),
        sign_in(api.signed(ania.identity, ania.context, challenge="20260302-CR-0000000000-0000000000-00")),
        sign_in(b"\xff\xfe<\x00"),
        post("/auth/ksef-token", {}),
        post("/tokens", token),
        post("/tokens", {**token, "description": "x"}),
        post("/tokens", {"permissions": ["Everything"], "description": "ERP of the firm"}),
        api.call("GET", "/tokens/20260302-EC-0000000000-0000000000-00", login, headers=PROBLEM),
        api.call("GET", "/tokens?pageSize=1000", login, headers=PROBLEM),
        api.call(
            "GET", "/permissions/operations/20260302-EG-0000000000-0000000000-00", login, headers=PROBLEM
        ),
        api.call("DELETE", "/permissions/common/grants/1", login, headers=PROBLEM),
        api.call("DELETE", "/auth/sessions/20260302-AU-0000000000-0000000000-00", login, headers=PROBLEM),
        post("/permissions/persons/grants", to_person(("Pesel", "1"), "InvoiceRead")),
        post("/permissions/persons/grants", {**to_person(("Pesel", new_pesel())), "permissions": []}),
        post("/permissions/subunits/grants", to_unit(("Pesel", new_pesel()), (unit[0], unit[1][:-1] + "x"))),
        post("/certificates/enrollments", {"certificateName": "x", "certificateType": "Offline"}),
        api.call("GET", "/certificates/enrollments/1", login, headers=PROBLEM),
        api.call("POST", "/certificates/0123456789ABCDEF/revoke", login, headers=PROBLEM),
        api.call("POST", "/certificates/1/revoke", login, headers=PROBLEM),
    ]


def test_each_cause_is_in_both_languages_and_names_nobody(
    at: Granting, ania: Person, running: RunningKsef
) -> None:
    answers = _refusals(at, ania)
    assert [answer.status_code for answer in answers] == [400] * len(answers)
    for answer in answers:
        why = running.why(answer.json()["traceId"])[0]["why"]
        assert why["en"] != why["pl"], why
        assert not re.search(r"(?<!\d)\d{11}(?!\d)", why["en"] + why["pl"]), why
