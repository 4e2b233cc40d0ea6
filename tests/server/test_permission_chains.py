"""Intermediaries, units, VAT groups, EU entities: rights that go through several hands.

Rules: permissions.md sections 6, 7 and 10; the chains are those of the official end-to-end tests.
"""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from klucznik.crypto.certs import Identity

from .door import Api, Person, employee, firm, new_nip, new_pesel
from .granting import (
    ENTITY,
    MARK,
    Granting,
    eu_administration,
    ident,
    indirect,
    internal_id,
    to_entity,
    to_person,
    to_unit,
)


@pytest.fixture
def at(api: Api) -> Granting:
    return Granting(api)


@pytest.fixture
def office(api: Api) -> Person:
    """An accounting office: the intermediary."""
    return firm(api, "Biuro rachunkowe")


Somebody = tuple[Identity, tuple[str, str]]


@pytest.fixture
def jan(at: Granting) -> Somebody:
    return at.somebody()


# ---- intermediaries


def test_a_complete_chain(at: Granting, ania: Person, office: Person, jan: Somebody) -> None:
    """Client, office, employee: what both passed on, in the client's context."""
    identity, who = jan
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead", "InvoiceWrite", delegate=True))
    target = ("Nip", ania.nip)
    at.give(office.login, "indirect", indirect(who, "InvoiceRead", target=target))
    assert at.rights(identity, ania.context) == ["InvoiceRead"]
    assert at.rights(identity, office.context) == []
    # Nothing beyond what the client gave, even if the office grants more.
    body = indirect(who, "CollectiveIdentifierManage", "InvoiceWrite", target=target)
    at.give(office.login, "indirect", body)
    assert at.rights(identity, ania.context) == ["InvoiceRead", "InvoiceWrite"]
    # Another client's context stays closed, and a stranger gets nothing.
    obcy = firm(at.api)
    assert at.rights(identity, obcy.context) == []
    assert at.rights(at.somebody()[0], ania.context) == []


@pytest.mark.parametrize("delegate", [None, False])
def test_an_incomplete_chain(
    at: Granting, ania: Person, office: Person, jan: Somebody, delegate: bool | None
) -> None:
    """The client gave nothing, or gave it without the right to pass it on."""
    identity, who = jan
    if delegate is not None:
        at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead", delegate=delegate))
    at.give(office.login, "indirect", indirect(who, "InvoiceRead", target=("Nip", ania.nip)))
    assert at.rights(identity, ania.context) == []
    (entry,) = at.listed(office.login, "persons/grants")
    assert entry["permissionState"] == "Inactive"
    assert at.listed(office.login, "persons/grants", {"permissionState": "Inactive"}) == [entry]
    assert at.listed(office.login, "persons/grants", {"permissionState": "Active"}) == []
    # Completed later, it works without another grant by the office.
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead", delegate=True))
    assert at.rights(identity, ania.context) == ["InvoiceRead"]
    (entry,) = at.listed(office.login, "persons/grants")
    assert entry["permissionState"] == "Active"


def test_an_inactive_grant_can_be_revoked(at: Granting, office: Person, jan: Somebody) -> None:
    at.give(office.login, "indirect", indirect(jan[1], "InvoiceRead", target=("Nip", new_nip())))
    (entry,) = at.listed(office.login, "persons/grants", {"permissionState": "Inactive"})
    assert at.take(office.login, entry["id"]) == 200
    assert at.listed(office.login, "persons/grants") == []


@pytest.mark.parametrize("target", ["all", None])
def test_for_all_clients_present_and_future(
    at: Granting, ania: Person, office: Person, jan: Somebody, target: Any
) -> None:
    identity, who = jan
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead", delegate=True))
    at.give(office.login, "indirect", indirect(who, "InvoiceRead", "InvoiceWrite", target=target))
    later = firm(at.api)
    assert at.rights(identity, later.context) == []
    at.give(later.login, "entities", to_entity(office.nip, "InvoiceWrite", delegate=True))
    assert at.rights(identity, ania.context) == ["InvoiceRead"]
    assert at.rights(identity, later.context) == ["InvoiceWrite"]
    assert {entry["targetIdentifier"]["type"] for entry in at.listed(office.login, "persons/grants")} == {
        "AllPartners"
    }


def test_the_client_ends_the_chain(at: Granting, ania: Person, office: Person, jan: Somebody) -> None:
    identity, who = jan
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead", delegate=True))
    at.give(office.login, "indirect", indirect(who, "InvoiceRead", target=("Nip", ania.nip)))
    login = at.api.enter(identity, ania.context)
    (given,) = at.listed(ania.login, "persons/grants")
    assert given["authorizedIdentifier"] == ident(("Nip", office.nip))
    assert given["canDelegate"] is True
    # The office cannot take away what the client gave it.
    assert at.take(office.login, given["id"]) == 450
    assert at.take(ania.login, given["id"]) == 200
    assert at.rights(identity, ania.context) == []
    fresh = at.api.call("POST", "/auth/token/refresh", login.refresh).json()["accessToken"]["token"]
    (own,) = at.listed(fresh, "personal/grants")
    assert own["permissionState"] == "Inactive"
    # Given again without the right to pass it on, it does not come back.
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead"))
    assert at.rights(identity, ania.context) == []
    assert at.rights(office.identity, ania.context) == ["InvoiceRead"]


def test_who_sees_the_chain(at: Granting, ania: Person, office: Person, jan: Somebody) -> None:
    """The client sees the office and not its employee; the office sees both, the employee himself."""
    identity, who = jan
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead", delegate=True))
    at.give(office.login, "indirect", indirect(who, "InvoiceRead", target=("Nip", ania.nip)))
    at.give(office.login, "persons", to_person(who, "Introspection"))
    seen = [entry["authorizedIdentifier"] for entry in at.listed(ania.login, "persons/grants")]
    assert seen == [ident(("Nip", office.nip))]
    (entry,) = at.listed(office.login, "persons/grants", {"targetIdentifier": ident(("Nip", ania.nip))})
    assert entry["authorizedIdentifier"] == ident(who)
    (received,) = at.listed(office.login, "entities/grants")
    assert received["contextIdentifier"] == ident(ania.context)
    assert received["canDelegate"] is True
    # The employee, seen from the client and from the office.
    (own,) = at.listed(at.api.enter(identity, ania.context), "personal/grants")
    assert own["targetIdentifier"] == ident(ania.context)
    assert own["permissionState"] == "Active"
    assert len(at.listed(at.api.enter(identity, office.context), "personal/grants")) == 2
    obcy = firm(at.api)
    for what in ("persons/grants", "entities/grants", "personal/grants"):
        assert at.listed(obcy.login, what) == []


# ---- units


def test_a_unit_and_its_administrator(at: Granting, ania: Person, jan: Somebody) -> None:
    identity, who = jan
    unit = internal_id(ania.nip)
    assert at.rights(ania.identity, unit) == []
    at.give(ania.login, "subunits", to_unit(who, unit))
    assert at.rights(identity, unit) == ["CredentialsManage"]
    # The owner of the parent has no rights in the unit, nor the administrator in the parent.
    assert at.rights(ania.identity, unit) == []
    assert at.rights(identity, ania.context) == []
    # The administrator gives rights to himself, and to the parent's NIP.
    inside = at.api.enter(identity, unit)
    at.give(inside, "persons", to_person(who, "InvoiceRead", "InvoiceWrite"))
    at.give(inside, "entities", to_entity(ania.nip, "InvoiceRead"))
    assert at.rights(identity, unit) == ["CredentialsManage", "InvoiceRead", "InvoiceWrite"]
    assert at.rights(ania.identity, unit) == ["InvoiceRead"]
    # The parent's list shows the administrator alone, with the name of the unit.
    (entry,) = at.listed(ania.login, "subunits/grants")
    assert entry["permissionScope"] == "CredentialsManage"
    assert entry["subunitIdentifier"] == ident(unit)
    assert entry["subunitName"] == "Oddział w Łodzi"
    assert entry["authorIdentifier"] == ident(ania.subject)
    assert entry["subjectPersonDetails"]["lastName"] == "Biurowy"
    assert at.listed(ania.login, "persons/grants") == []
    assert len(at.listed(inside, "persons/grants")) == 4
    mine = at.listed(ania.login, "persons/grants", {"queryType": "PermissionsGrantedInCurrentContext"})
    assert [each["contextIdentifier"] for each in mine] == [ident(unit)]
    # What Ania got from the unit.
    assert [each["contextIdentifier"] for each in at.listed(ania.login, "entities/grants")] == [ident(unit)]
    # A stranger sees nothing and takes nothing; the parent does.
    obcy = firm(at.api)
    assert at.listed(obcy.login, "subunits/grants") == []
    assert at.take(obcy.login, entry["id"]) == 450
    assert at.take(ania.login, entry["id"]) == 200
    assert at.rights(identity, unit) == ["InvoiceRead", "InvoiceWrite"]


def test_units_are_filtered(at: Granting, ania: Person) -> None:
    units = [internal_id(ania.nip, digits) for digits in ("0001", "0002")]
    for unit in units:
        at.give(ania.login, "subunits", to_unit(("Pesel", new_pesel()), unit))
    (entry,) = at.listed(ania.login, "subunits/grants", {"subunitIdentifier": ident(units[0])})
    assert entry["subunitIdentifier"] == ident(units[0])
    other = {"subunitIdentifier": ident(internal_id(ania.nip, "0003"))}
    assert at.listed(ania.login, "subunits/grants", other) == []


def test_a_unit_of_somebody_else(at: Granting, ania: Person, jan: Somebody) -> None:
    unit = internal_id(new_nip())
    assert at.code(ania.login, "subunits", to_unit(jan[1], unit)) == 410
    assert at.rights(jan[0], unit) == []


def test_an_employee_of_an_office_in_a_unit(
    at: Granting, ania: Person, office: Person, jan: Somebody
) -> None:
    """The chain begins in the unit; what the parent gave does not reach it."""
    identity, who = jan
    unit = internal_id(ania.nip)
    admin, ewa = at.somebody()
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead", delegate=True))
    at.give(ania.login, "subunits", to_unit(ewa, unit))
    at.give(office.login, "indirect", indirect(who, "InvoiceRead", target=unit))
    assert at.rights(identity, unit) == []
    at.give(at.api.enter(admin, unit), "entities", to_entity(office.nip, "InvoiceRead", delegate=True))
    assert at.rights(identity, unit) == ["InvoiceRead"]
    assert at.rights(identity, ania.context) == []


def test_only_some_contexts_grant(at: Granting, ania: Person, jan: Somebody) -> None:
    """Within a unit: persons and entities. Everything else is for companies (430)."""
    identity, who = jan
    unit = internal_id(ania.nip)
    at.give(ania.login, "subunits", to_unit(who, unit))
    inside = at.api.enter(identity, unit)
    at.give(inside, "persons", to_person(who, "SubunitManage"))
    inside = at.api.enter(identity, unit)
    provider = {
        "subjectIdentifier": ident(("Nip", new_nip())),
        "permission": "SelfInvoicing",
        "description": "for a test",
        "subjectDetails": {"fullName": "Kontrahent"},
    }
    for path, body in (
        ("authorizations", provider),
        ("indirect", indirect(who, "InvoiceRead")),
        ("subunits", to_unit(who, unit)),
        ("eu-entities/administration", eu_administration(ania.nip)),
    ):
        assert at.code(inside, path, body) == 430, path


# ---- VAT groups and local governments


@pytest.mark.parametrize(
    ("kind", "parent_role", "child_role"),
    [
        ("VatGroup", "VatGroupUnit", "VatGroupSubUnit"),
        ("JST", "LocalGovernmentUnit", "LocalGovernmentSubUnit"),
    ],
)
def test_a_parent_appoints_administrators_of_its_children(
    at: Granting, ania: Person, jan: Somebody, kind: str, parent_role: str, child_role: str
) -> None:
    identity, who = jan
    child, foreign = firm(at.api), firm(at.api)
    body = to_unit(who, child.context, subunitName=None)
    # No parent yet.
    assert at.code(ania.login, "subunits", body) == 430
    at.api.testdata(
        "subject",
        subjectNip=ania.nip,
        subjectType=kind,
        description="the parent",
        subunits=[{"subjectNip": child.nip, "description": "the child"}],
    )
    assert at.code(ania.login, "subunits", to_unit(who, foreign.context)) == 410
    at.give(ania.login, "subunits", body)
    assert at.rights(identity, child.context) == ["CredentialsManage"]
    (entry,) = at.listed(ania.login, "subunits/grants", {"subunitIdentifier": ident(child.context)})
    assert "subunitName" not in entry
    # The child's administrator grants on; the parent's list stays as it is.
    inside = at.api.enter(identity, child.context)
    at.give(inside, "persons", to_person(who, "InvoiceRead"))
    assert len(at.listed(ania.login, "subunits/grants")) == 1
    # Roles, from both ends.
    (role,) = at.listed(ania.login, "entities/roles")
    assert (role["role"], role["description"]) == (parent_role, "the parent")
    assert "parentEntityIdentifier" not in role
    (role,) = at.listed(child.login, "entities/roles")
    assert role["role"] == child_role
    assert role["parentEntityIdentifier"] == ident(ania.context)
    (below,) = at.listed(ania.login, "subordinate-entities/roles")
    assert below["subordinateEntityIdentifier"] == ident(child.context)
    assert (below["role"], below["description"]) == (child_role, "the child")
    wanted = {"subordinateEntityIdentifier": ident(foreign.context)}
    assert at.listed(ania.login, "subordinate-entities/roles", wanted) == []
    assert at.listed(child.login, "subordinate-entities/roles") == []
    for what in ("entities/roles", "subordinate-entities/roles"):
        assert at.listed(foreign.login, what) == []
    # Roles vanish with the subject; the parent may still take back what it gave.
    at.api.testdata("subject/remove", subjectNip=ania.nip)
    assert at.listed(ania.login, "entities/roles") == []
    assert at.listed(child.login, "entities/roles") == []
    assert at.take(ania.login, entry["id"]) == 200
    assert at.rights(identity, child.context) == ["InvoiceRead"]


def test_an_administrator_of_a_group_by_paper(at: Granting, jan: Somebody) -> None:
    """ZAW-FA gives rights in the group; the author of such grants is the system."""
    identity, who = jan
    group, member = new_nip(), new_nip()
    at.api.testdata(
        "subject",
        subjectNip=group,
        subjectType="VatGroup",
        description="a group",
        subunits=[{"subjectNip": member, "description": "a member"}],
    )
    at.api.permit(group, who, "SubunitManage", "CredentialsManage")
    login = at.api.enter(identity, ("Nip", group))
    system = at.listed(login, "persons/grants", {"authorIdentifier": {"type": "System"}})
    assert [entry["authorIdentifier"] for entry in system] == [{"type": "System"}] * 2
    at.give(login, "subunits", to_unit(who, ("Nip", member)))
    assert at.rights(identity, ("Nip", member)) == ["CredentialsManage"]
    at.give(login, "subunits", to_unit(who, internal_id(group)))
    assert at.rights(identity, internal_id(group)) == ["CredentialsManage"]


def test_a_bailiff_has_a_role(at: Granting, ania: Person) -> None:
    at.api.testdata("person", nip=ania.nip, pesel=new_pesel(), isBailiff=True, description="a bailiff")
    (role,) = at.listed(ania.login, "entities/roles")
    assert (role["role"], role["description"]) == ("CourtBailiff", "a bailiff")
    at.api.testdata("person/remove", nip=ania.nip)


# ---- EU entities

ADMINISTRATION = ["Introspection", "InvoiceRead", "InvoiceWrite", "VatUeManage"]


def test_an_entity_of_the_union(at: Granting, ania: Person) -> None:
    admin, mark = at.stranger()
    context = ("NipVatUe", f"{ania.nip}-DE123456789")
    by_mark = {"subject_type": "certificateFingerprint"}
    assert at.rights(admin, context, **by_mark) == []
    at.give(ania.login, "eu-entities/administration", eu_administration(ania.nip, mark))
    assert at.rights(admin, context, **by_mark) == ADMINISTRATION
    # The administrator lets in a representative.
    clerk, other = at.stranger()
    inside = at.api.enter(admin, context, **by_mark)
    body = to_person(("Fingerprint", other), "InvoiceRead", "InvoiceWrite", subjectDetails=ENTITY)
    at.give(inside, "eu-entities", body)
    assert at.rights(clerk, context, **by_mark) == ["InvoiceRead", "InvoiceWrite"]
    # From the company: administrators. From within: everybody.
    admins = at.listed(ania.login, "eu-entities/grants")
    assert sorted(entry["permissionScope"] for entry in admins) == ADMINISTRATION
    assert {entry["authorizedFingerprintIdentifier"] for entry in admins} == {mark}
    assert {entry["vatUeIdentifier"] for entry in admins} == {"DE123456789"}
    assert admins[0]["euEntityName"] == "Schmidt GmbH, Hauptstrasse 1"
    assert admins[0]["euEntityDetails"] == {"fullName": "Schmidt GmbH", "address": "Hauptstrasse 1"}
    assert admins[0]["subjectPersonDetails"]["idDocument"]["country"] == "DE"
    assert admins[0]["authorIdentifier"] == ident(ania.subject)
    everybody = at.listed(inside, "eu-entities/grants")
    assert len(everybody) == 6
    clerks = at.listed(inside, "eu-entities/grants", {"authorizedFingerprintIdentifier": other[5:30]})
    assert {entry["subjectEntityDetails"]["subjectDetailsType"] for entry in clerks} == {
        "EntityByFingerprint"
    }
    assert {entry["euEntityName"] for entry in clerks} == {"Schmidt GmbH, Hauptstrasse 1"}
    # They are in the lists of nobody else, and not among persons.
    obcy = firm(at.api)
    assert at.listed(obcy.login, "eu-entities/grants") == []
    assert at.listed(ania.login, "persons/grants") == []
    assert len(at.listed(inside, "personal/grants")) == 4
    assert len(at.listed(inside, "personal/grants", {"permissionTypes": ["VatUeManage"]})) == 1
    # Each of the four is revoked by itself: by the company, and not from within.
    manage = next(entry for entry in admins if entry["permissionScope"] == "VatUeManage")
    assert at.take(inside, manage["id"]) == 450
    assert at.take(obcy.login, manage["id"]) == 450
    assert at.take(inside, clerks[0]["id"]) == 200
    assert at.take(ania.login, clerks[1]["id"]) == 450
    assert at.take(ania.login, manage["id"]) == 200
    assert at.rights(admin, context, **by_mark) == [name for name in ADMINISTRATION if name != "VatUeManage"]


def test_entities_of_the_union_are_filtered(at: Granting, ania: Person) -> None:
    for vat_ue in ("DE123456789", "EL123456789"):
        body = eu_administration(ania.nip, MARK, vat_ue, subjectDetails=ENTITY)
        at.give(ania.login, "eu-entities/administration", body)

    def count(**body: Any) -> int:
        return len(at.listed(ania.login, "eu-entities/grants", body))

    assert count() == 8
    assert count(vatUeIdentifier="EL123456789") == 4
    assert count(vatUeIdentifier="XI123456789") == 0
    assert count(permissionTypes=["VatUeManage", "Introspection"]) == 4
    assert count(authorizedFingerprintIdentifier=MARK[:20]) == 8
    assert count(authorizedFingerprintIdentifier="%") == 0
    assert count(vatUeIdentifier="EL123456789", permissionTypes=["VatUeManage"]) == 1


def test_the_entity_begins_with_the_own_nip(at: Granting, ania: Person) -> None:
    assert at.code(ania.login, "eu-entities/administration", eu_administration(new_nip())) == 410


def test_no_other_grants_within_the_union(at: Granting, ania: Person) -> None:
    admin, mark = at.stranger()
    at.give(ania.login, "eu-entities/administration", eu_administration(ania.nip, mark))
    context = ("NipVatUe", f"{ania.nip}-DE123456789")
    inside = at.api.enter(admin, context, subject_type="certificateFingerprint")
    for path, body in (
        ("persons", to_person(("Pesel", new_pesel()), "InvoiceRead")),
        ("entities", to_entity(new_nip(), "InvoiceRead")),
    ):
        answer = at.api.call("POST", f"/permissions/{path}/grants", inside, body=body)
        assert answer.status_code == 403


def test_the_log_says_why(at: Granting, ania: Person, caplog: pytest.LogCaptureFixture) -> None:
    """What KSeF never tells: also at the management door, by the number of the operation."""
    caplog.set_level("INFO", "klucznik.ksef")
    elsewhere = internal_id(new_nip())
    ref = at.start(ania.login, "subunits/grants", to_unit(("Pesel", new_pesel()), elsewhere))
    assert at.outcome(ania.login, ref)["code"] == 410
    (line,) = [record.getMessage() for record in caplog.records if ref in record.getMessage()]
    assert elsewhere[1] in line
    found = httpx2.get(f"{at.api.running.management}/why/{ref}", trust_env=False)
    assert found.status_code == 200, found.text
    assert "innego NIP" in found.text


# ---- lists: pages, filters, visibility


def test_pages_are_numbered(at: Granting, ania: Person) -> None:
    for _ in range(4):
        body = to_person(("Pesel", new_pesel()), "InvoiceRead", "InvoiceWrite", "Introspection")
        at.give(ania.login, "persons", body)
    whole = at.listed(ania.login, "persons/grants")
    assert len(whole) == 12
    assert whole == sorted(sorted(whole, key=_id), key=_start, reverse=True)
    first = at.page(ania.login, "persons/grants")
    second = at.page(ania.login, "persons/grants", pageOffset=1)
    beyond = at.page(ania.login, "persons/grants", pageOffset=2**31 - 1)
    assert (len(first["permissions"]), first["hasMore"]) == (10, True)
    assert (len(second["permissions"]), second["hasMore"]) == (2, False)
    assert first["permissions"] + second["permissions"] == whole
    assert beyond == {"permissions": [], "hasMore": False}
    for wrong in ({"pageSize": 9}, {"pageSize": 101}, {"pageOffset": -1}):
        body = {"queryType": "PermissionsInCurrentContext"}
        path = "/permissions/query/persons/grants"
        assert at.api.call("POST", path, ania.login, body=body, params=wrong).status_code == 400


def _id(entry: dict[str, Any]) -> str:
    found: str = entry["id"]
    return found


def _start(entry: dict[str, Any]) -> str:
    found: str = entry["startDate"]
    return found


def test_filters_combine(at: Granting, ania: Person, jan: Somebody) -> None:
    identity, who = jan
    at.give(ania.login, "persons", to_person(who, "InvoiceRead", "CredentialsManage"))
    admin = at.api.enter(identity, ania.context)
    other = ("Pesel", new_pesel())
    at.give(admin, "persons", to_person(other, "InvoiceRead"))

    def count(**body: Any) -> int:
        return len(at.listed(ania.login, "persons/grants", body))

    elsewhere = ident(("Nip", new_nip()))
    assert count() == 3
    assert count(authorIdentifier=ident(who)) == 1
    assert count(authorIdentifier=ident(ania.subject)) == 2
    assert count(authorizedIdentifier=ident(other)) == 1
    assert count(permissionTypes=["InvoiceRead"]) == 2
    assert count(permissionTypes=[]) == 3
    assert count(permissionTypes=["InvoiceRead"], authorizedIdentifier=ident(who)) == 1
    # Of a direct grant, context and target are the company itself.
    assert count(contextIdentifier=ident(ania.context)) == 3
    assert count(targetIdentifier=ident(ania.context)) == 3
    assert count(contextIdentifier=elsewhere) == 0
    assert count(targetIdentifier=elsewhere) == 0
    assert count(targetIdentifier={"type": "AllPartners"}) == 0
    assert count(permissionState="Active") == 3
    assert count(permissionState="Inactive") == 0
    # What one granted oneself.
    granted = {"queryType": "PermissionsGrantedInCurrentContext"}
    assert count(**granted) == 2
    assert [entry["authorizedIdentifier"] for entry in at.listed(admin, "persons/grants", granted)] == [
        ident(other)
    ]
    for wrong in (
        {"authorIdentifier": {"type": "Nip"}},
        {"targetIdentifier": {"type": "Nip"}},
        {"authorizedIdentifier": {"type": "Nip", "value": "0000000000"}},
    ):
        body = {"queryType": "PermissionsInCurrentContext", **wrong}
        answer = at.api.call("POST", "/permissions/query/persons/grants", ania.login, body=body)
        assert answer.status_code == 400


def test_ones_own(at: Granting, ania: Person, office: Person) -> None:
    own = at.page(ania.login, "personal/grants")
    assert own["permissions"] == []
    assert len(own["ownerPermissions"]) == 8
    assert "VatUeManage" not in own["ownerPermissions"]
    # What another company gave is shown to the owner, here and there; employees see their own alone.
    at.give(ania.login, "entities", to_entity(office.nip, "InvoiceRead"))
    worker = employee(at.api, office.nip, "InvoiceWrite")
    (got,) = at.listed(office.login, "personal/grants")
    assert got["contextIdentifier"] == ident(ania.context)
    assert got["canDelegate"] is False
    assert "authorizedIdentifier" not in got
    there = at.api.enter(office.identity, ania.context)
    assert at.page(there, "personal/grants") == {"permissions": [got], "hasMore": False}
    seen = at.page(worker.login, "personal/grants")
    assert [entry["permissionScope"] for entry in seen["permissions"]] == ["InvoiceWrite"]
    assert "ownerPermissions" not in seen
    assert at.listed(office.login, "personal/grants", {"contextIdentifier": ident(ania.context)}) == [got]
    assert at.listed(office.login, "personal/grants", {"contextIdentifier": ident(office.context)}) == []
    assert at.listed(office.login, "entities/grants", {"contextIdentifier": ident(office.context)}) == []


LISTS = {
    "persons/grants": {"CredentialsManage", "CredentialsRead", "SubunitManage"},
    "subunits/grants": {"CredentialsManage", "CredentialsRead", "SubunitManage"},
    "subordinate-entities/roles": {"CredentialsManage", "CredentialsRead", "SubunitManage"},
    "entities/grants": {"CredentialsManage", "CredentialsRead"},
    "entities/roles": {"CredentialsManage", "CredentialsRead"},
    "authorizations/grants": {"CredentialsManage", "CredentialsRead", "PefInvoiceWrite"},
    "eu-entities/grants": {"CredentialsManage", "CredentialsRead", "VatUeManage"},
}


@pytest.mark.parametrize("what", LISTS)
def test_who_may_see_a_list(at: Granting, ania: Person, what: str) -> None:
    kinds = {"persons/grants": "PermissionsInCurrentContext", "authorizations/grants": "Granted"}
    body = {"queryType": kinds[what]} if what in kinds else {}
    method = "GET" if what == "entities/roles" else "POST"

    def ask(login: Any) -> int:
        sent = None if method == "GET" else body
        return at.api.call(method, f"/permissions/query/{what}", login, body=sent).status_code

    for permission in ("CredentialsManage", "CredentialsRead", "SubunitManage", "InvoiceWrite"):
        worker = employee(at.api, ania.nip, permission)
        assert ask(worker.login) == (200 if permission in LISTS[what] else 403), permission
    assert ask(ania.login) == 200
    assert at.api.call(method, f"/permissions/query/{what}", body=body).status_code == 401
