"""Permissions in the portal: granted, refused with the cause, listed, revoked with proof."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any, Final

import pytest

from klucznik.client import permissions
from klucznik.crypto import authority
from klucznik.crypto.certs import fingerprint
from klucznik.testing import RunningKsef
from klucznik.wire.ids import internal_id_check

from .furnished import PAYLOADS, client_of
from .person import Visitor, employee, new_nip, new_pesel, owner

_REFERENCE = re.compile(r"[0-9]{8}-EG-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2}")
_REVOKE = re.compile(r'href="/web(/permissions/revoke/[a-z-]+/[0-9a-f-]{36})"')
JAN: Final[dict[str, Any]] = {
    "who_type": "Pesel",
    "first": "Jan",
    "last": "Kowalski",
    "description": "bookkeeper in Gdynia",
}
PRINT = "0123456789ABCDEF" * 4


def ended(visitor: Visitor, page: str) -> str:
    """The page of an operation, looked at as it does itself until KSeF has decided."""
    found = _REFERENCE.search(page)
    assert found, page
    for _ in range(20):
        if "KSeF is working on it" not in page:
            return page
        page = visitor.get(f"/permissions/operations/{found[0]}?kind=person")
    raise AssertionError("the operation does not end")


def grant(visitor: Visitor, kind: str, code: int = 200, **fields: Any) -> str:
    """Fill in the form of a kind; the page of the operation at its end."""
    page = visitor.post(f"/permissions/grant/{kind}", code, **fields)
    return ended(visitor, page) if code == 200 else page


class _Foreign(HTMLParser):
    """Gathers what no page of ours has: handlers, scripts and pictures from elsewhere, odd links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or name in ("autofocus", "style"):
                self.found.append(f"{tag} {name}")
            if name in ("src", "href", "action") and not (value or "").startswith(("/web/", "#")):
                self.found.append(f"{tag} {name}={value}")
        if tag == "script" and not dict(attrs).get("src"):
            self.found.append("script")


def foreign(page: str) -> list[str]:
    """What hostile texts made of a page."""
    reader = _Foreign()
    reader.feed(page)
    return reader.found


def at_api(visitor: Visitor, pesel: str) -> list[Any]:
    """What the API lists of a person at the visitor's firm."""
    with client_of(visitor) as ksef:
        return list(ksef.call(permissions.persons(who=("Pesel", pesel))).permissions)


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
    (path,) = _REVOKE.findall(page)
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
    (path,) = _REVOKE.findall(page)
    assert "does not have it any more" in ania.post(path)
    with client_of(ania) as ksef:
        assert ksef.call(permissions.authorizations()).authorization_grants == []


def test_an_authorization_received_is_seen_but_not_ours_to_take(running: RunningKsef, ania: Visitor) -> None:
    with owner(running) as seller:
        fields: dict[str, Any] = {"permission": "SelfInvoicing", "who": ania.nip, "company": "Firm of Ania"}
        grant(seller, "authorization", **fields, description="she bills us")
        page = ania.get("/permissions/manage/authorized-by")
        assert seller.nip in page
        assert _REVOKE.findall(page) == []


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
    assert len(_REVOKE.findall(page)) == 1


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
        (path,) = [each for each in _REVOKE.findall(page) if PRINT in hans.get(each)]
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
            for path in _REVOKE.findall(admin.get("/permissions/manage/persons"))
        }
        assert warned == {True, False}, "of the two permissions only the one"


# ---- refusals and what was typed ---------------------------------------------------------------------


def test_a_refused_operation_tells_its_cause(ania: Visitor) -> None:
    page = grant(ania, "person", **JAN, who=new_pesel(), permission=["EnforcementOperations"])
    assert "KSeF refused" in page
    assert "430 „Kontekst identyfikatora nie odpowiada" in page
    assert f"{ania.nip} has neither role" in page
    itself: dict[str, Any] = {"who": ania.nip, "company": "Firm of Ania", "permission_InvoiceRead": "yes"}
    page = grant(ania, "entity", **itself, description="to myself")
    assert "440" in page
    assert "a company does not grant this to itself" in page


def test_an_operation_of_others_is_not_told(ania: Visitor, obcy: Visitor) -> None:
    page = grant(ania, "person", **JAN, who=new_pesel(), permission=["EnforcementOperations"])
    found = _REFERENCE.search(page)
    assert found
    page = obcy.get(f"/permissions/operations/{found[0]}", 400)
    assert ania.nip not in page


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"who": "12345678901"}, "“12345678901” does not fit: a PESEL has 11 digits"),
        ({"who": "", "permission": []}, "Type it: a PESEL has 11 digits"),
        ({"who_type": "Nip", "who": "1234567890"}, "“1234567890” does not fit: a NIP has 10 digits"),
        ({"who_type": "Fingerprint", "who": "zz"}, "“zz” does not fit: a fingerprint"),
        ({"who_type": "System"}, "Choose one."),
        ({"permission": []}, "Tick at least one."),
        ({"permission": ["Everything"]}, "Tick at least one."),
        ({"last": ""}, "Surname</a>: Fill this in, with 2 to 81 characters."),
        ({"first": "J"}, "This has 1 characters; KSeF wants 2 to 30. Write more."),
        ({"description": "x" * 257}, "This has 257 characters; KSeF wants 5 to 256. Shorten it."),
        ({"description": "bell \x07 rings"}, "a character in it that cannot be printed"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_typed_is_lost(
    ania: Visitor, changed: dict[str, Any], told: str
) -> None:
    fields: dict[str, Any] = {**JAN, "who": new_pesel(), "permission": ["InvoiceRead"], **changed}
    page = unescape(grant(ania, "person", 400, **fields))
    assert told in page
    assert 'aria-invalid="true"' in page
    assert "Nothing was sent yet" in page
    assert f'value="{fields["last"]}"' in page
    ticked = 'value="InvoiceRead" checked' in page
    assert ticked == (fields["permission"] == ["InvoiceRead"])


def test_a_provider_of_pef_is_no_company_and_the_other_way_round(ania: Visitor) -> None:
    fields: dict[str, Any] = {"company": "Amper S.A.", "description": "for a year"}
    page = grant(ania, "authorization", 400, permission="PefInvoicing", who=new_nip(), **fields)
    assert "a Peppol ID is P" in page
    page = grant(ania, "authorization", 400, permission="SelfInvoicing", who="PPL123456", **fields)
    assert "a NIP has 10 digits" in page


def test_without_the_right_ksef_refuses_and_the_form_stays(biuro: Visitor) -> None:
    fields: dict[str, Any] = {**JAN, "who": new_pesel(), "permission": ["InvoiceRead"]}
    page = unescape(grant(biuro, "person", 400, **fields))
    assert 'role="alert"' in page
    assert "CredentialsManage" in page
    assert f'value="{fields["who"]}"' in page


def test_kinds_and_lists_of_other_contexts_are_not_there(ania: Visitor) -> None:
    for path in (
        "grant/eu",
        "grant/nothing",
        "manage/nothing",
        f"revoke/received/{'0' * 36}",
        "revoke/own/x",
    ):
        assert ania.http.get(f"/permissions/{path}").status_code == 404, path


# ---- strangers, forms from elsewhere, hostile texts --------------------------------------------------


@pytest.fixture
def granted(ania: Visitor) -> tuple[str, str]:
    """A PESEL with a permission at Ania's, and the path that revokes it."""
    pesel = new_pesel()
    grant(ania, "person", **JAN, who=pesel, permission=["InvoiceRead"])
    return pesel, _REVOKE.findall(ania.get(f"/permissions/manage/persons?of=Pesel&value={pesel}"))[0]


def test_a_stranger_sees_and_takes_nothing(ania: Visitor, obcy: Visitor, granted: tuple[str, str]) -> None:
    pesel, path = granted
    for where in ("manage/persons", "manage/granted", f"manage/persons?of=Pesel&value={pesel}", "map"):
        page = obcy.get(f"/permissions/{where}")
        assert JAN["description"] not in page
        assert ania.nip not in page
    assert pesel not in obcy.get(path, 404)
    page = obcy.post(path)
    assert "KSeF refused" in page
    assert len(at_api(ania, pesel)) == 1, "still there"


def test_who_may_not_look_is_told_so(biuro: Visitor, granted: tuple[str, str]) -> None:
    page = biuro.get("/permissions/manage")
    assert 'aria-current="page">Mine<' in page
    assert "/web/permissions/manage/persons" not in page
    assert granted[0] not in biuro.get("/permissions/manage/persons", 400)
    assert granted[0] not in biuro.get("/permissions/map")
    biuro.get(granted[1], 400)


def test_nobody_gets_in_without_login(stranger: Visitor) -> None:
    for path in ("", "/grant", "/grant/person", "/manage/persons", "/map", "/operations/x"):
        answer = stranger.http.get(f"/permissions{path}", follow_redirects=False)
        assert answer.headers["location"] == "/web/login", path


def test_forms_without_their_token_do_nothing(ania: Visitor, granted: tuple[str, str]) -> None:
    pesel, path = granted
    assert ania.http.post(path, data={}).status_code == 403
    assert len(at_api(ania, pesel)) == 1
    other = {**JAN, "who": new_pesel(), "permission": "InvoiceRead", "csrf": "x"}
    assert ania.http.post("/permissions/grant/person", data=other).status_code == 403
    assert at_api(ania, other["who"]) == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_texts_are_only_text(ania: Visitor, payload: str) -> None:
    pesel, office = new_pesel(), new_nip()
    name = payload[:30]
    grant(ania, "person", who_type="Pesel", who=pesel, first=name, last=name, description=payload,
          permission="InvoiceRead")  # fmt: skip
    grant(ania, "entity", who=office, company=payload, description=payload, permission_InvoiceRead="yes")
    path = _REVOKE.findall(ania.get("/permissions/manage/persons"))[0]
    for where in ("/permissions/manage/persons", "/permissions/map", path):
        page = ania.get(where)
        assert escape(payload, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'"), where
        assert foreign(page) == [], where
    shown = grant(ania, "person", 400, **{**JAN, "first": payload, "who": payload, "description": payload})
    assert foreign(shown) == []
    page = ania.http.get("/permissions/manage/persons", params={"of": "Pesel", "value": payload}).text
    assert foreign(page) == []


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
        seen |= set(_REVOKE.findall(page))
        older = re.search(r'rel="next" href="/web([^"]+)"', page)
        assert (older is not None) == (number < 3)
        path = unescape(older[1]) if older else ""
    assert len(seen) == 45
    with employee(running, ania.nip, "CredentialsRead") as reader:
        page = reader.get("/permissions/manage/persons?page=99999999")
        assert _REVOKE.findall(page) == [], "who may only look has nothing to press"
