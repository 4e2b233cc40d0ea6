"""Permissions in the portal: granted, listed, revoked with proof, one truth with the API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from klucznik.client import permissions
from klucznik.crypto import authority
from klucznik.crypto.certs import fingerprint
from klucznik.testing import RunningKsef
from klucznik.wire.ids import internal_id_check

from .furnished import client_of
from .granting import JAN, PRINT, REVOKE, at_api, grant
from .person import Visitor, employee, new_nip, new_pesel, owner


def test_what_is_granted_here_shows_in_the_api_and_in_the_list(ania: Visitor) -> None:
    pesel = new_pesel()
    page = grant(ania, "person", **JAN, who=pesel, permission=["InvoiceRead", "Introspection"])
    assert "The permission is granted" in page
    found = at_api(ania, pesel)
    assert {item.permission_scope.value for item in found} == {"InvoiceRead", "Introspection"}
    assert {item.description for item in found} == {JAN["description"]}
    page = ania.get(f"/permissions/manage/persons?of=Pesel&value={pesel}")
    assert page.count("bookkeeper in Gdynia") == 2
    assert "Jan Kowalski" in page


def test_what_was_granted_works_in_the_portal(running: RunningKsef, ania: Visitor) -> None:
    with Visitor(running, given="Jan", nip=ania.nip) as jan:
        grant(ania, "person", **JAN, who=jan.pesel, permission=["CredentialsRead"])
        jan.log_in()
        page = jan.get("/permissions")
        assert "view permissions" in page
        assert "You cannot grant permissions here" in page
        page = jan.get("/permissions/grant")
        assert "Not with your rights" in page


def test_what_is_granted_at_the_api_shows_here_and_is_revoked_here(ania: Visitor) -> None:
    pesel = new_pesel()
    with client_of(ania) as ksef:
        who = permissions.person("Ewa", "Zielona")
        ksef.run(
            permissions.grant_and_wait(
                permissions.grant_person(("Pesel", pesel), ["InvoiceWrite"], who, "granted by a program")
            )
        )
    page = ania.get("/permissions/manage/granted")
    assert "granted by a program" in page
    (path,) = REVOKE.findall(page)
    asked = ania.get(path)
    assert pesel in asked
    assert "Revoke this permission?" in asked
    assert at_api(ania, pesel), "asking takes nothing away"
    page = ania.post(path)
    assert "The permission is revoked" in page
    assert "does not have it any more" in page
    assert at_api(ania, pesel) == []
    assert "granted by a program" not in ania.get("/permissions/manage/granted")
    assert "This permission is not there" in ania.get(path, 404)
    assert "KSeF refused" in ania.post(path), "a second time there is nothing to revoke"


def test_a_company_passes_on_what_it_may_and_no_more(ania: Visitor) -> None:
    office = new_nip()
    grant(
        ania,
        "entity",
        who=f"{office[:3]}-{office[3:6]}-{office[6:]}",
        company="Office of Sowa",
        description="keeps the books",
        permission_InvoiceRead="delegate",
        permission_InvoiceWrite="yes",
        permission_CollectiveIdentifierManage="no",
    )
    with client_of(ania) as ksef:
        found = ksef.call(permissions.persons(who=("Nip", office))).permissions
    assert {(item.permission_scope.value, item.can_delegate) for item in found} == {
        ("InvoiceRead", True),
        ("InvoiceWrite", False),
    }


@pytest.mark.parametrize(
    ("wanted", "whom"),
    [("SelfInvoicing", new_nip()), ("RRInvoicing", new_nip()), ("PefInvoicing", "PPL123456")],
    ids=["SelfInvoicing", "RRInvoicing", "PefInvoicing"],
)
def test_authorizations_are_given_listed_and_taken_back(ania: Visitor, wanted: str, whom: str) -> None:
    fields: dict[str, Any] = {
        "permission": wanted,
        "who": whom,
        "company": "Amper S.A.",
        "description": "for a year",
    }
    assert "The permission is granted" in grant(ania, "authorization", **fields)
    page = ania.get("/permissions/manage/authorizations")
    assert whom in page
    (path,) = REVOKE.findall(page)
    assert "does not have it any more" in ania.post(path)
    with client_of(ania) as ksef:
        assert ksef.call(permissions.authorizations()).authorization_grants == []


def test_an_authorization_received_is_seen_but_not_ours_to_take(running: RunningKsef, ania: Visitor) -> None:
    with owner(running) as seller:
        fields: dict[str, Any] = {"permission": "SelfInvoicing", "who": ania.nip, "company": "Firm of Ania"}
        grant(seller, "authorization", **fields, description="she bills us")
        page = ania.get("/permissions/manage/authorized-by")
        assert seller.nip in page
        assert REVOKE.findall(page) == []


def test_a_unit_begins_with_its_administrator(running: RunningKsef, ania: Visitor) -> None:
    head = f"{ania.nip}-0042"
    unit = f"{head}{internal_id_check(head)}"
    with Visitor(running, given="Ewa") as ewa:
        fields: dict[str, Any] = {**JAN, "who": ewa.pesel, "unit_type": "InternalId", "unit": "0042"}
        assert "at least" not in grant(ania, "subunit", **fields, unit_name="Branch in Gdańsk")
        assert unit in ania.get("/permissions/manage/units")
        ewa.log_in("InternalId", unit)
        page = ewa.get("/permissions")
        assert "manage permissions" in page
        assert "/web/permissions/grant/subunit" not in ewa.get("/permissions/grant")
        grant(ewa, "person", **JAN, who=ewa.pesel, permission=["InvoiceRead"])
        assert "view invoices" in ewa.get("/permissions/manage/persons")


def test_an_eu_entity_has_an_administrator_known_by_a_certificate(ania: Visitor) -> None:
    fields: dict[str, Any] = {
        "vat_ue": "DE123456789",
        "eu_name": "Muster GmbH",
        "eu_address": "Berlin",
        "who": PRINT.lower(),
        "holder": "company",
        "company": "Muster GmbH",
        "company_address": "Berlin",
        "description": "bills for us",
    }
    grant(ania, "eu-admin", **fields)
    with client_of(ania) as ksef:
        found = ksef.call(permissions.eu_entities()).permissions
    assert {item.authorized_fingerprint_identifier for item in found} == {PRINT}
    assert len(found) == 4
    page = ania.get("/permissions/manage/eu?of=Fingerprint&value=0123&permission=VatUeManage")
    assert "Muster GmbH" in page
    assert len(REVOKE.findall(page)) == 1


def test_the_administrator_of_an_eu_entity_appoints_representatives(
    running: RunningKsef, ania: Visitor
) -> None:
    with Visitor(running) as hans:
        now = datetime.now(UTC) - timedelta(hours=1)
        identity = authority.person("Hans", "Muster", now=now, pesel=hans.pesel)
        context = f"{ania.nip}-DE123456789"
        about: dict[str, Any] = {"holder": "number", "holder_type": "Pesel", "holder_number": hans.pesel}
        grant(ania, "eu-admin", **JAN, **about, vat_ue="DE123456789", eu_name="Muster GmbH",
              eu_address="Berlin", who=fingerprint(identity.certificate))  # fmt: skip
        hans.post("/login/certificate", files={"certificate": ("hans.pem", identity.to_pem())})
        page = hans.post("/login/context", context=f"NipVatUe {context} certificateFingerprint")
        assert context in page
        assert "Representative of this EU entity" in hans.get("/permissions/grant")
        hans.get("/permissions/grant/person", 404)
        fields = {**about, "who": PRINT, "first": "Eva", "last": "Muster", "description": "sends invoices"}
        assert "granted" in grant(hans, "eu", **fields, permission="InvoiceWrite")
        page = hans.get("/permissions/manage/eu?permission=InvoiceWrite")
        assert "Eva Muster" in page
        assert "Eva Muster" in hans.get("/permissions/map")
        (path,) = [each for each in REVOKE.findall(page) if PRINT in hans.get(each)]
        assert "does not have it any more" in hans.post(path)


def test_the_holder_of_a_certificate_is_named_one_way_or_the_other(ania: Visitor) -> None:
    whom: dict[str, Any] = {**JAN, "who_type": "Fingerprint", "who": PRINT, "permission": "InvoiceRead"}
    document: dict[str, Any] = {
        "holder": "document",
        "born": "1980-01-31",
        "document": "ID",
        "document_number": "X1",
        "country": "de",
    }
    for how in (document, {"holder": "number", "holder_type": "Pesel", "holder_number": new_pesel()}):
        assert "granted" in grant(ania, "person", **whom, **how)
    page = grant(ania, "person", 400, **whom, **{**document, "born": "yesterday"})
    assert "“yesterday” is no day" in unescape(page)


def test_who_gives_up_the_right_to_manage_is_warned(running: RunningKsef, ania: Visitor) -> None:
    with employee(running, ania.nip, "CredentialsManage", "InvoiceRead") as admin:
        warned = {
            "This is your own right to manage permissions" in admin.get(path)
            for path in REVOKE.findall(admin.get("/permissions/manage/persons"))
        }
        assert warned == {True, False}, "of the two permissions only the one"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Grant a permission", "Manage permissions", "Map of permissions")),
        ("pl", ("Nadaj uprawnienie", "Zarządzaj uprawnieniami", "Mapa uprawnień")),
        ("de", ("Berechtigung erteilen", "Berechtigungen verwalten", "Karte der Berechtigungen")),
    ],
)
def test_three_languages(running: RunningKsef, language: str, words: tuple[str, str, str]) -> None:
    with owner(running, language=language) as visitor:
        for word, path in zip(words, ("grant", "manage/persons", "map"), strict=True):
            assert word in visitor.get(f"/permissions/{path}")
        for kind in ("person", "entity", "authorization", "indirect", "subunit", "eu-admin"):
            visitor.get(f"/permissions/grant/{kind}")


def test_long_lists_come_in_pages(running: RunningKsef, ania: Visitor) -> None:
    grants = [
        {
            "contextIdentifier": {"type": "Nip", "value": ania.nip},
            "authorizedIdentifier": {"type": "Pesel", "value": new_pesel()},
            "permissions": [{"permissionType": "InvoiceRead", "description": "one of many"}],
        }
        for _ in range(45)
    ]
    running.seed({"grants": grants})
    seen: set[str] = set()
    path = "/permissions/manage/persons?permission=InvoiceRead"
    for number in (1, 2, 3):
        page = ania.get(path)
        assert f"Page {number}" in page
        seen |= set(REVOKE.findall(page))
        older = re.search(r'rel="next" href="/web([^"]+)"', page)
        assert (older is not None) == (number < 3)
        path = unescape(older[1]) if older else ""
    assert len(seen) == 45
    with employee(running, ania.nip, "CredentialsRead") as reader:
        page = reader.get("/permissions/manage/persons?page=99999999")
        assert REVOKE.findall(page) == [], "who may only look has nothing to press"
