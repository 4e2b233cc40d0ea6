"""Who grants what to whom, and what it is good for. Rules: permissions.md sections 2 to 7, 9 and 10."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from klucznik.clock import ManualClock
from klucznik.crypto import authority
from klucznik.server.tables import permission_operations
from klucznik.wire.ids import is_reference

from .door import Api, Person, claims, employee, firm, in_store, new_nip, new_pesel, refusal
from .granting import (
    BY_FINGERPRINT,
    ENTITY,
    MARK,
    PERSON,
    Granting,
    authorization,
    eu_administration,
    ident,
    indirect,
    internal_id,
    to_entity,
    to_person,
    to_unit,
)

ALL = [
    "CredentialsManage",
    "CredentialsRead",
    "InvoiceWrite",
    "InvoiceRead",
    "Introspection",
    "SubunitManage",
    "CollectiveIdentifierManage",
]


@pytest.fixture
def at(api: Api) -> Granting:
    return Granting(api)


def _why(api: Api, ref: str) -> str:
    query = select(permission_operations.c.why).where(permission_operations.c.ref == ref)
    return str(in_store(api.running, lambda db: db.execute(query).scalar_one()))


# ---- operations


def test_an_operation_is_taken_in_then_done(at: Granting, ania: Person) -> None:
    _, jan = at.somebody()
    ref = at.start(ania.login, "persons/grants", to_person(jan, "InvoiceRead"))
    assert is_reference(ref, "EG")
    assert at.outcome(ania.login, ref) == {"code": 200, "description": "Operacja zakończona sukcesem"}


def test_only_its_context_sees_an_operation(both: Api) -> None:
    ania, obcy = firm(both), firm(both)
    at = Granting(both)
    ref = at.start(ania.login, "persons/grants", to_person(("Pesel", new_pesel()), "InvoiceRead"))
    colleague = employee(both, ania.nip, "InvoiceRead")
    assert at.outcome(colleague.login, ref)["code"] == 200
    texts = set()
    for number in (ref, "20250101-EG-0000000000-0000000000-00", "x" * 36):
        found = refusal(both.call("GET", f"/permissions/operations/{number}", obcy.login))
        assert found.code == 21405
        texts.add(tuple(found.details))
    assert len(texts) == 1, "a stranger must not learn which of them exists"
    assert refusal(both.call("GET", "/permissions/operations/short", obcy.login)).code == 21405
    assert both.call("GET", f"/permissions/operations/{ref}").status_code == 401


def test_an_operation_can_be_asked_for_thirty_days(timed: Api, clock: ManualClock) -> None:
    person, at = firm(timed), Granting(timed)
    ref = at.start(person.login, "persons/grants", to_person(("Pesel", new_pesel()), "InvoiceRead"))
    assert at.outcome(person.login, ref)["code"] == 200
    clock.advance(days=30)
    later = timed.enter(person.identity, person.context)
    assert timed.call("GET", f"/permissions/operations/{ref}", later).status_code == 410


# ---- persons


def test_a_person_gets_what_was_granted_at_the_next_login(at: Granting, ania: Person) -> None:
    identity, jan = at.somebody()
    assert at.rights(identity, ania.context) == []
    at.give(ania.login, "persons", to_person(jan, "InvoiceRead", "InvoiceRead"))
    login = at.api.enter(identity, ania.context)
    at.give(ania.login, "persons", to_person(jan, *ALL))
    # The access token that is out keeps what it had; refresh brings what is new.
    assert at.api.call("POST", "/permissions/query/persons/grants", login, body={}).status_code != 200
    fresh = at.api.call("POST", "/auth/token/refresh", login.refresh).json()["accessToken"]["token"]
    body = {"queryType": "PermissionsInCurrentContext"}
    assert at.api.call("POST", "/permissions/query/persons/grants", fresh, body=body).status_code == 200
    assert at.rights(identity, ania.context) == sorted(ALL)
    # In this context alone, and nobody else.
    obcy = firm(at.api)
    assert at.rights(identity, obcy.context) == []
    assert at.rights(obcy.identity, ania.context) == []


@pytest.mark.parametrize("kind", ["Nip", "Pesel", "Fingerprint"])
def test_persons_are_known_by_each_identifier(at: Granting, ania: Person, kind: str) -> None:
    now = at.api.ksef.clock.now()
    if kind == "Fingerprint":
        identity, mark = at.stranger()
        at.give(ania.login, "persons", to_person((kind, mark), "InvoiceRead"))
        found = at.rights(identity, ania.context, subject_type="certificateFingerprint")
    elif kind == "Nip":
        nip = new_nip()
        identity = authority.person("Jan", "Kupiec", nip=nip, now=now)
        at.give(ania.login, "persons", to_person((kind, nip), "InvoiceRead"))
        found = at.rights(identity, ania.context)
    else:
        identity, jan = at.somebody()
        at.give(ania.login, "persons", to_person(jan, "InvoiceRead"))
        found = at.rights(identity, ania.context)
    assert found == ["InvoiceRead"]


def test_a_sole_trader_is_one_person_under_nip_and_pesel(at: Granting, ania: Person) -> None:
    owner, pesel = firm(at.api), new_pesel()
    at.api.testdata("person", nip=owner.nip, pesel=pesel, isBailiff=False, description="a sole trader")
    identity = authority.person("Jan", "Kupiec", pesel=pesel, now=at.api.ksef.clock.now())
    at.give(ania.login, "persons", to_person(("Nip", owner.nip), "InvoiceRead"))
    assert at.rights(identity, ania.context) == ["InvoiceRead"]
    assert at.rights(identity, owner.context) == ["Owner"]
    own = at.page(at.api.enter(identity, ania.context), "personal/grants")["permissions"]
    assert [entry["authorizedIdentifier"] for entry in own] == [ident(("Nip", owner.nip))]
    at.api.testdata("person/remove", nip=owner.nip)
    assert at.rights(identity, ania.context) == []


def test_an_administrator_grants_onwards_and_to_himself(at: Granting, ania: Person) -> None:
    identity, jan = at.somebody()
    at.give(ania.login, "persons", to_person(jan, "CredentialsManage"))
    login = at.api.enter(identity, ania.context)
    at.give(login, "persons", to_person(jan, "InvoiceRead"))
    other, ewa = at.somebody()
    at.give(login, "persons", to_person(ewa, "CredentialsManage"))
    assert at.rights(identity, ania.context) == ["CredentialsManage", "InvoiceRead"]
    assert at.rights(other, ania.context) == ["CredentialsManage"]


def test_granting_twice_changes_nothing(at: Granting, ania: Person) -> None:
    _, jan = at.somebody()
    for _ in range(2):
        at.give(ania.login, "persons", to_person(jan, "InvoiceRead"))
    assert len(at.listed(ania.login, "persons/grants")) == 1


def test_enforcement_needs_the_role_of_the_company(at: Granting, ania: Person) -> None:
    identity, jan = at.somebody()
    body = to_person(jan, "EnforcementOperations", "InvoiceRead")
    ref = at.start(ania.login, "persons/grants", body)
    assert at.outcome(ania.login, ref) == {
        "code": 430,
        "description": "Kontekst identyfikatora nie odpowiada wymaganej roli lub uprawnieniom",
    }
    assert "CourtBailiff" in _why(at.api, ref)
    assert at.listed(ania.login, "persons/grants") == []
    assert at.rights(identity, ania.context) == []
    at.api.testdata(
        "subject", subjectNip=ania.nip, subjectType="EnforcementAuthority", description="an authority"
    )
    at.give(ania.login, "persons", body)
    assert at.rights(identity, ania.context) == ["EnforcementOperations", "InvoiceRead"]
    bailiff = firm(at.api)
    at.api.testdata("person", nip=bailiff.nip, pesel=new_pesel(), isBailiff=True, description="a bailiff")
    at.give(bailiff.login, "persons", body)


def test_rights_lost_meanwhile_end_the_operation(at: Granting, ania: Person) -> None:
    """The access token still says CredentialsManage; the operation reads what is so now."""
    identity, jan = at.somebody()
    at.give(ania.login, "persons", to_person(jan, "CredentialsManage"))
    login = at.api.enter(identity, ania.context)
    (entry,) = at.listed(ania.login, "persons/grants")
    assert at.take(ania.login, entry["id"]) == 200
    ref = at.start(login, "persons/grants", to_person(("Pesel", new_pesel()), "InvoiceRead"))
    assert at.outcome(login, ref)["code"] == 420
    assert "CredentialsManage" in _why(at.api, ref)


# ---- who may call: section 2

_PESEL = ("Pesel", new_pesel())
_NIP = new_nip()
CALLS: list[tuple[str, Any, set[str]]] = [
    ("persons", to_person(_PESEL, "InvoiceRead"), {"CredentialsManage"}),
    ("entities", to_entity(_NIP, "InvoiceRead"), {"CredentialsManage"}),
    ("authorizations", authorization(("Nip", _NIP), "SelfInvoicing"), {"CredentialsManage"}),
    ("indirect", indirect(_PESEL, "InvoiceRead"), {"CredentialsManage"}),
    ("subunits", to_unit(_PESEL, internal_id(_NIP)), {"SubunitManage"}),
    ("eu-entities/administration", eu_administration(_NIP), {"CredentialsManage"}),
    (
        "eu-entities",
        {**to_person(("Fingerprint", MARK), "InvoiceRead")},
        {"VatUeManage"},
    ),
]


@pytest.mark.parametrize(("path", "body", "needed"), CALLS, ids=[path for path, _, _ in CALLS])
def test_each_grant_asks_for_its_permission(
    at: Granting, ania: Person, path: str, body: Any, needed: set[str]
) -> None:
    """Whoever holds everything else is refused; the owner holds all but VatUeManage."""
    held = [name for name in ALL if name not in needed]
    worker = employee(at.api, ania.nip, *held)
    for person in [worker] + ([ania] if "VatUeManage" in needed else []):
        answer = at.api.call("POST", f"/permissions/{path}/grants", person.login, body=body)
        assert answer.status_code == 403, answer.text
        assert answer.json()["reasonCode"] == "missing-permissions"
        assert set(answer.json()["security"]["requiredAnyOfPermissions"]) == needed
    assert at.api.call("POST", f"/permissions/{path}/grants", body=body).status_code == 401
    if "VatUeManage" not in needed:
        able = employee(at.api, ania.nip, *needed)
        assert at.api.call("POST", f"/permissions/{path}/grants", able.login, body=body).status_code == 202


# ---- what is refused at once

_BAD: list[tuple[str, Any, int]] = [
    ("persons", to_person(_PESEL), 21405),
    ("persons", to_person(_PESEL, "VatUeManage"), 21001),
    ("persons", to_person(("Pesel", "12345678901"), "InvoiceRead"), 21405),
    ("persons", to_person(("Nip", "0123456789"), "InvoiceRead"), 21405),
    ("persons", to_person(("Fingerprint", MARK.lower()), "InvoiceRead"), 21405),
    ("persons", to_person(("Fingerprint", MARK), "InvoiceRead", subjectDetails=PERSON), 21405),
    ("persons", to_person(_PESEL, "InvoiceRead", subjectDetails=BY_FINGERPRINT), 21405),
    ("persons", to_person(_PESEL, "InvoiceRead", subjectDetails={**PERSON, "personById": None}), 21405),
    ("persons", to_person(_PESEL, "InvoiceRead", subjectDetails={**PERSON, **BY_FINGERPRINT}), 21405),
    ("persons", to_person(_PESEL, "InvoiceRead", subjectDetails=ENTITY), 21001),
    ("persons", to_person(_PESEL, "InvoiceRead", description="four"), 21405),
    ("persons", to_person(_PESEL, "InvoiceRead", description="x" * 257), 21405),
    (
        "persons",
        to_person(
            ("Fingerprint", MARK),
            "InvoiceRead",
            subjectDetails={
                "subjectDetailsType": "PersonByFingerprintWithIdentifier",
                "personByFpWithId": {
                    "firstName": "Jan",
                    "lastName": "Kupiec",
                    "identifier": {"type": "Nip", "value": "0000000000"},
                },
            },
        ),
        21405,
    ),
    (
        "persons",
        to_person(
            ("Fingerprint", MARK),
            "InvoiceRead",
            subjectDetails={
                **BY_FINGERPRINT,
                "personByFpNoId": {
                    "firstName": "Hans",
                    "lastName": "Schmidt",
                    "birthDate": "1980-05-17",
                    "idDocument": {"type": "Passport", "number": "1", "country": "de"},
                },
            },
        ),
        21405,
    ),
    ("entities", to_entity(_NIP), 21405),
    ("entities", to_entity(_NIP, "CredentialsManage"), 21001),
    ("entities", to_entity(_NIP, "InvoiceRead", subjectDetails={"fullName": "four"}), 21405),
    ("entities", to_entity("5000000000", "InvoiceRead"), 21405),
    ("authorizations", authorization(("PeppolId", "PL0000001"), "PefInvoicing"), 21405),
    ("authorizations", authorization(("Nip", _NIP), "InvoiceWrite"), 21001),
    ("indirect", indirect(_PESEL, "InvoiceRead", target=("Nip", "0123456789")), 21405),
    ("indirect", indirect(_PESEL, "InvoiceRead", targetIdentifier={"type": "Nip"}), 21405),
    (
        "indirect",
        indirect(_PESEL, "InvoiceRead", targetIdentifier={"type": "AllPartners", "value": _NIP}),
        21405,
    ),
    ("indirect", indirect(_PESEL, "Introspection"), 21001),
    ("subunits", to_unit(_PESEL, ("InternalId", "6824515772-12344")), 21405),
    ("subunits", to_unit(_PESEL, internal_id(_NIP), subunitName=None), 21405),
    ("subunits", to_unit(_PESEL, ("NipVatUe", f"{_NIP}-DE123456789")), 21001),
    ("eu-entities/administration", eu_administration(_NIP, vat_ue="XX123456789"), 21405),
    ("eu-entities/administration", eu_administration(_NIP, subjectDetails=PERSON), 21001),
    ("eu-entities/administration", eu_administration(_NIP, mark="A" * 63), 21405),
]


@pytest.mark.parametrize(("path", "body", "code"), _BAD)
def test_what_cannot_be_right_is_refused_at_once(both: Api, path: str, body: Any, code: int) -> None:
    owner = firm(both)
    found = refusal(both.call("POST", f"/permissions/{path}/grants", owner.login, body=body))
    assert found.code == code, found
    assert found.details


# ---- entities


def test_a_company_works_in_the_context_of_another(at: Granting, ania: Person) -> None:
    biuro, obcy = firm(at.api), firm(at.api)
    assert at.rights(biuro.identity, ania.context) == []
    at.give(ania.login, "entities", to_entity(biuro.nip, "InvoiceRead", "InvoiceWrite"))
    assert at.rights(biuro.identity, ania.context) == ["InvoiceRead", "InvoiceWrite"]
    assert at.rights(ania.identity, biuro.context) == []
    assert at.rights(obcy.identity, ania.context) == []
    # One NIP may hold both: as a person, and as a company.
    at.give(ania.login, "persons", to_person(("Nip", biuro.nip), "InvoiceRead"))
    assert len(at.listed(ania.login, "persons/grants")) == 3


def test_a_company_grants_nothing_to_itself(at: Granting, ania: Person) -> None:
    assert at.code(ania.login, "entities", to_entity(ania.nip, "InvoiceRead")) == 440
    body = authorization(ania.context, "SelfInvoicing")
    assert at.code(ania.login, "authorizations", body) == 440


# ---- authorizations


@pytest.mark.parametrize("permission", ["SelfInvoicing", "RRInvoicing", "TaxRepresentative"])
def test_authorizations_are_seen_from_both_ends(at: Granting, ania: Person, permission: str) -> None:
    biuro, obcy = firm(at.api), firm(at.api)
    at.give(ania.login, "authorizations", authorization(biuro.context, permission))
    (given,) = at.listed(ania.login, "authorizations/grants", {"queryType": "Granted"})
    (got,) = at.listed(biuro.login, "authorizations/grants", {"queryType": "Received"})
    assert given == got
    assert given["authorizationScope"] == permission
    assert given["authorizingEntityIdentifier"] == ident(ania.context)
    assert given["authorizedEntityIdentifier"] == ident(biuro.context)
    assert given["authorIdentifier"] == ident(ania.subject)
    assert given["subjectEntityDetails"] == {
        "subjectDetailsType": "EntityByIdentifier",
        "fullName": "Kontrahent sp. z o.o.",
    }
    for kind in ("Granted", "Received"):
        assert at.listed(obcy.login, "authorizations/grants", {"queryType": kind}) == []
    # It opens no context and is in no other list.
    assert at.rights(biuro.identity, ania.context) == []
    assert at.listed(ania.login, "persons/grants") == []
    # Its own way of revoking, and the grantor's alone.
    assert at.take(ania.login, given["id"]) == 450
    assert at.take(obcy.login, given["id"], "authorizations") == 450
    assert at.take(biuro.login, given["id"], "authorizations") == 450
    assert at.take(ania.login, given["id"], "authorizations") == 200
    assert at.listed(biuro.login, "authorizations/grants", {"queryType": "Received"}) == []


def test_pef_is_for_providers_and_all_else_for_companies(at: Granting, ania: Person) -> None:
    assert at.code(ania.login, "authorizations", authorization(("Nip", _NIP), "PefInvoicing")) == 450
    provider = ("PeppolId", "PPL123456")
    assert at.code(ania.login, "authorizations", authorization(provider, "SelfInvoicing")) == 450
    at.give(ania.login, "authorizations", authorization(provider, "PefInvoicing"))
    seal = authority.peppol_seal("PPL123456", now=at.api.ksef.clock.now())
    login = at.api.enter(seal, provider)
    received = at.listed(login, "authorizations/grants", {"queryType": "Received"})
    assert ident(ania.context) in [entry["authorizingEntityIdentifier"] for entry in received]
    assert at.listed(login, "authorizations/grants", {"queryType": "Granted"}) == []


def test_authorization_filters(at: Granting, ania: Person) -> None:
    biuro = firm(at.api)
    for permission in ("SelfInvoicing", "TaxRepresentative"):
        at.give(ania.login, "authorizations", authorization(biuro.context, permission))
    at.give(ania.login, "authorizations", authorization(("Nip", new_nip()), "SelfInvoicing"))

    def count(login: Any, **body: Any) -> int:
        return len(at.listed(login, "authorizations/grants", body))

    mine, other = ident(ania.context), ident(biuro.context)
    assert count(ania.login, queryType="Granted") == 3
    assert count(ania.login, queryType="Granted", authorizedIdentifier=other) == 2
    assert count(ania.login, queryType="Granted", permissionTypes=["SelfInvoicing"]) == 2
    assert count(ania.login, queryType="Granted", permissionTypes=[]) == 3
    # The own identifier, which clients send as well, is passed over.
    both = {"authorizingIdentifier": mine, "authorizedIdentifier": other}
    assert count(ania.login, queryType="Granted", **both) == 2
    assert count(biuro.login, queryType="Received", **both) == 2
    stranger = ident(("Nip", new_nip()))
    assert count(biuro.login, queryType="Received", authorizingIdentifier=stranger) == 0
    assert count(ania.login, queryType="Granted", authorizingIdentifier=stranger) == 3


# ---- revocation


def test_unknown_and_foreign_permissions_are_one(at: Granting, ania: Person) -> None:
    _, jan = at.somebody()
    obcy = firm(at.api)
    at.give(ania.login, "persons", to_person(jan, "InvoiceRead"))
    (entry,) = at.listed(ania.login, "persons/grants")
    for number in (entry["id"], "x" * 36):
        assert at.take(obcy.login, number) == 450
    assert at.take(ania.login, entry["id"], "authorizations") == 450
    answer = at.api.call("DELETE", "/permissions/common/grants/short", ania.login)
    assert refusal(answer).code == 21405
    assert at.listed(ania.login, "persons/grants") == [entry]


def test_revoking_takes_effect_at_the_next_login(at: Granting, ania: Person) -> None:
    identity, jan = at.somebody()
    at.give(ania.login, "persons", to_person(jan, "InvoiceRead", "CredentialsManage"))
    login = at.api.enter(identity, ania.context)
    for entry in at.listed(ania.login, "persons/grants"):
        assert at.take(ania.login, entry["id"]) == 200
        assert at.take(ania.login, entry["id"]) == 450
    # The old access token keeps its rights; a refreshed one has none; a new login is refused.
    query = {"queryType": "PermissionsInCurrentContext"}
    assert at.api.call("POST", "/permissions/query/persons/grants", login, body=query).status_code == 200
    assert at.listed(login, "personal/grants") == []
    fresh = at.api.call("POST", "/auth/token/refresh", login.refresh).json()["accessToken"]["token"]
    assert at.api.call("POST", "/permissions/query/persons/grants", fresh, body=query).status_code == 403
    assert at.api.attempt(identity, ania.context)["code"] == 415


def test_revoking_shrinks_the_tokens_of_their_author(at: Granting, ania: Person) -> None:
    identity, jan = at.somebody()
    at.give(ania.login, "persons", to_person(jan, "InvoiceRead", "InvoiceWrite"))
    login = at.api.enter(identity, ania.context)
    ref, token = at.api.generate(login, "InvoiceRead", "InvoiceWrite")
    read, write = sorted(at.listed(ania.login, "persons/grants"), key=lambda each: each["permissionScope"])
    assert at.take(ania.login, write["id"]) == 200
    carried = at.api.enter_with_token(token, ania.context)
    assert claims(carried.access)["pep"] == '["InvoiceRead"]'
    assert at.take(ania.login, read["id"]) == 200
    status = at.api.status(at.api.start_with_token(token, ania.context))["status"]
    assert status["code"] == 415
    assert at.api.token_state(ania.login, ref, "Active")["requestedPermissions"]


def test_what_each_right_can_revoke(at: Granting, ania: Person) -> None:
    _, jan = at.somebody()
    at.give(ania.login, "persons", to_person(jan, "InvoiceRead"))
    at.give(ania.login, "subunits", to_unit(jan, internal_id(ania.nip)))
    units = employee(at.api, ania.nip, "SubunitManage")
    reader = employee(at.api, ania.nip, "CredentialsRead")
    found = at.listed(ania.login, "persons/grants", {"authorizedIdentifier": ident(jan)})
    (administrator,) = at.listed(ania.login, "subunits/grants")
    assert at.take(units.login, found[0]["id"]) == 420
    assert at.take(units.login, administrator["id"]) == 200
    for family in ("common", "authorizations"):
        path = f"/permissions/{family}/grants/{found[0]['id']}"
        assert at.api.call("DELETE", path, reader.login).status_code == 403


# ---- attachments


def test_consent_to_attachments(both: Api) -> None:
    ania, obcy = firm(both), firm(both)
    path = "/permissions/attachments/status"
    assert both.call("GET", path, ania.login).json() == {"isAttachmentAllowed": False}
    both.testdata("attachment", nip=ania.nip)
    assert both.call("GET", path, ania.login).json() == {"isAttachmentAllowed": True}
    assert both.call("GET", path, obcy.login).json() == {"isAttachmentAllowed": False}
    tomorrow = (both.ksef.clock.now() + timedelta(days=1)).date().isoformat()
    both.testdata("attachment/revoke", nip=ania.nip, expectedEndDate=tomorrow)
    assert both.call("GET", path, ania.login).json() == {
        "isAttachmentAllowed": True,
        "revokedDate": f"{tomorrow}T00:00:00.0000000+00:00",
    }
    both.testdata("attachment/revoke", nip=ania.nip)
    ended = both.call("GET", path, ania.login).json()
    assert ended["isAttachmentAllowed"] is False
    assert ended["revokedDate"]
    both.testdata("attachment", nip=ania.nip)
    assert both.call("GET", path, ania.login).json() == {"isAttachmentAllowed": True}
    both.testdata("attachment/revoke", nip=obcy.nip, expectedEndDate=tomorrow)
    assert both.call("GET", path, obcy.login).json() == {"isAttachmentAllowed": False}
    worker = employee(both, ania.nip, "InvoiceRead")
    assert both.call("GET", path, worker.login).status_code == 403
    reader = employee(both, ania.nip, "CredentialsRead")
    assert both.call("GET", path, reader.login).status_code == 200
    for bad in ({"nip": "0"}, {}, {"nip": ania.nip, "expectedEndDate": "soon"}):
        answer = both.call("POST", "/testdata/attachment/revoke", body=bad)
        assert refusal(answer).code in (21405, 21001)
