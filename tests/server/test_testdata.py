"""POST /testdata/…: every call, what it does, and what it refuses. Rules: testdata.md."""

from __future__ import annotations

import json
from typing import Any

import pytest

from klucznik.crypto import authority

from .door import Api, Person, claims, employee, firm, new_nip, new_pesel, refusal


def _roles(api: Api, person: Person) -> list[str]:
    found: list[str] = json.loads(claims(api.enter(person.identity, person.context).access)["rol"])
    return found


@pytest.mark.parametrize(
    ("kind", "role", "unit_role"),
    [
        ("VatGroup", "VatGroupUnit", "VatGroupSubUnit"),
        ("JST", "LocalGovernmentUnit", "LocalGovernmentSubUnit"),
        ("EnforcementAuthority", "EnforcementAuthority", None),
    ],
)
def test_an_entity_and_its_units_get_their_roles(
    api: Api, kind: str, role: str, unit_role: str | None
) -> None:
    entity, unit = firm(api), firm(api)
    subunits = [{"subjectNip": unit.nip, "description": "a unit"}] if unit_role else None
    body = {"subjectNip": entity.nip, "subjectType": kind, "description": "an entity", "subunits": subunits}
    answer = api.call("POST", "/testdata/subject", body=body)
    assert (answer.status_code, answer.content) == (200, b"")
    assert _roles(api, entity) == [role]
    assert _roles(api, unit) == ([unit_role] if unit_role else [])
    api.testdata("subject/remove", subjectNip=entity.nip)
    assert _roles(api, entity) == _roles(api, unit) == []
    api.testdata("subject/remove", subjectNip=entity.nip)
    api.testdata("subject", **body)


def test_what_is_there_cannot_be_created_again(both: Api) -> None:
    nip, unit = new_nip(), new_nip()
    group = {"subjectNip": nip, "subjectType": "VatGroup", "description": "a group"}
    both.testdata("subject", **group, subunits=[{"subjectNip": unit, "description": "a unit"}])
    jst = {"subjectNip": unit, "subjectType": "JST", "description": "a municipality"}
    outer = {
        "subjectNip": new_nip(),
        "subjectType": "JST",
        "description": "a municipality",
        "subunits": [{"subjectNip": unit, "description": "a unit"}],
    }
    person = {"nip": nip, "pesel": new_pesel(), "isBailiff": False, "description": "a person"}
    both.testdata("person", **person)
    for path, body in (("subject", group), ("subject", jst), ("subject", outer), ("person", person)):
        found = refusal(both.call("POST", f"/testdata/{path}", body=body))
        assert (found.code, found.description) == (30001, "Podmiot lub uprawnienie już istnieje.")


def test_removing_a_person_takes_link_roles_and_grants(api: Api, ania: Person) -> None:
    owner, pesel = firm(api), new_pesel()
    api.testdata("person", nip=owner.nip, pesel=pesel, isBailiff=True, description="a bailiff")
    identity = authority.person("Jan", "Komornik", pesel=pesel, now=api.ksef.clock.now())
    api.permit(ania.nip, ("Pesel", pesel), "InvoiceRead")
    assert _roles(api, owner) == ["CourtBailiff"]
    assert api.attempt(identity, owner.context)["code"] == 200
    assert api.attempt(identity, ania.context)["code"] == 200
    api.testdata("person/remove", nip=owner.nip)
    assert _roles(api, owner) == []
    assert api.attempt(identity, owner.context)["code"] == 415
    assert api.attempt(identity, ania.context)["code"] == 415
    api.testdata("person/remove", nip=owner.nip)


def test_permissions_of_a_notice_come_and_go(api: Api, ania: Person) -> None:
    biuro = employee(api, ania.nip, "InvoiceRead", "InvoiceRead")
    api.permit(ania.nip, biuro.subject, "InvoiceRead", "SubunitManage")
    again = api.enter(biuro.identity, ania.context)
    assert json.loads(claims(again.access)["per"]) == ["InvoiceRead", "SubunitManage"]
    other = employee(api, ania.nip, "InvoiceRead")
    api.forbid(ania.nip, biuro.subject)
    assert api.attempt(biuro.identity, ania.context)["code"] == 415
    assert api.attempt(other.identity, ania.context)["code"] == 200
    api.forbid(ania.nip, biuro.subject)


NIP, PESEL = new_nip(), new_pesel()
SUBJECT = {"subjectNip": NIP, "subjectType": "VatGroup", "description": "a group"}
UNIT = {"subjectNip": new_nip(), "description": "a unit"}
PERSON = {"nip": NIP, "pesel": PESEL, "isBailiff": False, "description": "a person"}
GRANT = {
    "contextIdentifier": {"type": "Nip", "value": NIP},
    "authorizedIdentifier": {"type": "Pesel", "value": PESEL},
    "permissions": [{"permissionType": "InvoiceRead", "description": "a grant"}],
}
BLOCK = {"contextIdentifier": {"type": "Nip", "value": NIP}}


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("subject", {**SUBJECT, "subjectNip": "123"}, 21405),
        ("subject", {**SUBJECT, "subjectType": "Church"}, 21001),
        ("subject", {**SUBJECT, "description": "four"}, 21405),
        ("subject", {**SUBJECT, "description": "x" * 257}, 21405),
        ("subject", {**SUBJECT, "createdDate": "yesterday"}, 21001),
        ("subject", {**SUBJECT, "subunits": [UNIT, UNIT]}, 21405),
        ("subject", {**SUBJECT, "subunits": [{**UNIT, "subjectNip": NIP}]}, 21405),
        ("subject", {**SUBJECT, "subjectType": "EnforcementAuthority", "subunits": [UNIT]}, 21405),
        ("subject", {k: v for k, v in SUBJECT.items() if k != "subjectType"}, 21405),
        ("subject/remove", {}, 21405),
        ("subject/remove", {"subjectNip": "0000000000"}, 21405),
        ("person", {**PERSON, "pesel": "80990112345"}, 21405),
        ("person", {**PERSON, "isBailiff": "yes"}, 21001),
        ("person", {**PERSON, "isDeceased": None}, 21405),
        ("person", {k: v for k, v in PERSON.items() if k != "isBailiff"}, 21405),
        ("person/remove", {"nip": 5265877635}, 21001),
        ("permissions", {**GRANT, "permissions": []}, 21405),
        ("permissions", {**GRANT, "contextIdentifier": {"type": "Nip", "value": "0123456789"}}, 21405),
        ("permissions", {**GRANT, "contextIdentifier": {"type": "InternalId", "value": NIP}}, 21001),
        ("permissions", {**GRANT, "authorizedIdentifier": {"type": "Pesel", "value": NIP}}, 21405),
        (
            "permissions",
            {**GRANT, "authorizedIdentifier": {"type": "Fingerprint", "value": "ab" * 32}},
            21405,
        ),
        (
            "permissions",
            {**GRANT, "permissions": [{"permissionType": "VatUeManage", "description": "a grant"}]},
            21001,
        ),
        ("permissions/revoke", {"contextIdentifier": {"type": "Nip", "value": NIP}}, 21405),
        ("context/block", {}, 21405),
        ("context/block", {"contextIdentifier": {"type": "Nip", "value": "1"}}, 21405),
        ("context/unblock", {"contextIdentifier": None}, 21405),
        ("context/unblock", {"contextIdentifier": {"type": "Regon", "value": "1"}}, 21001),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(
    both: Api, path: str, body: dict[str, Any], code: int
) -> None:
    found = refusal(both.call("POST", f"/testdata/{path}", body=body))
    assert found.code == code, found
    assert found.details


@pytest.mark.parametrize(
    "identifier",
    [
        {"type": "internalid", "value": f"{NIP}-12345"},
        {"type": "NipVatUe", "value": f"{NIP}-DE123456789"},
        {"type": "PeppolId", "value": "PPL999999"},
    ],
)
def test_contexts_of_every_type_can_be_blocked(api: Api, identifier: dict[str, str]) -> None:
    api.testdata("context/block", contextIdentifier=identifier)
    if identifier["type"] == "PeppolId":
        provider = authority.peppol_seal("PPL999999", now=api.ksef.clock.now())
        assert api.attempt(provider, ("PeppolId", "PPL999999"))["code"] == 480
    api.testdata("context/unblock", contextIdentifier=identifier)
