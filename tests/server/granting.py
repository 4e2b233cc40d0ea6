"""Granting at the door: bodies of the seven grants, and waiting for what becomes of them."""

from __future__ import annotations

import json
import time
from typing import Any

from klucznik.crypto import authority
from klucznik.crypto.certs import Identity, fingerprint
from klucznik.wire.ids import internal_id_check

from .door import Api, Login, claims, new_nip, new_pesel

PERSON = {
    "subjectDetailsType": "PersonByIdentifier",
    "personById": {"firstName": "Jan", "lastName": "Biurowy"},
}
BY_FINGERPRINT = {
    "subjectDetailsType": "PersonByFingerprintWithoutIdentifier",
    "personByFpNoId": {
        "firstName": "Hans",
        "lastName": "Schmidt",
        "birthDate": "1980-05-17",
        "idDocument": {"type": "Passport", "number": "C01X00T47", "country": "DE"},
    },
}
ENTITY = {
    "subjectDetailsType": "EntityByFingerprint",
    "entityByFp": {"fullName": "Schmidt GmbH", "address": "Hauptstrasse 1, Berlin"},
}
MARK = "0123456789ABCDEF" * 4


def ident(pair: tuple[str, str]) -> dict[str, str]:
    return {"type": pair[0], "value": pair[1]}


def to_person(subject: tuple[str, str], *permissions: str, **changes: Any) -> dict[str, Any]:
    return {
        "subjectIdentifier": ident(subject),
        "permissions": list(permissions),
        "description": "for a test",
        "subjectDetails": BY_FINGERPRINT if subject[0] == "Fingerprint" else PERSON,
        **changes,
    }


def to_entity(nip: str, *permissions: str, delegate: bool = False, **changes: Any) -> dict[str, Any]:
    return {
        "subjectIdentifier": ident(("Nip", nip)),
        "permissions": [{"type": name, "canDelegate": delegate} for name in permissions],
        "description": "for a test",
        "subjectDetails": {"fullName": "Biuro sp. z o.o."},
        **changes,
    }


def authorization(subject: tuple[str, str], permission: str, **changes: Any) -> dict[str, Any]:
    return {
        "subjectIdentifier": ident(subject),
        "permission": permission,
        "description": "for a test",
        "subjectDetails": {"fullName": "Kontrahent sp. z o.o."},
        **changes,
    }


def indirect(subject: tuple[str, str], *permissions: str, target: Any = None, **changes: Any) -> Any:
    """`target`: a pair, `all` for AllPartners, None to leave it out."""
    body = to_person(subject, *permissions)
    if target is not None:
        body["targetIdentifier"] = {"type": "AllPartners"} if target == "all" else ident(target)
    return {**body, **changes}


def to_unit(subject: tuple[str, str], unit: tuple[str, str], **changes: Any) -> dict[str, Any]:
    body = to_person(subject)
    del body["permissions"]
    return {**body, "contextIdentifier": ident(unit), "subunitName": "Oddział w Łodzi", **changes}


def eu_administration(nip: str, mark: str = MARK, vat_ue: str = "DE123456789", **changes: Any) -> Any:
    return {
        "subjectIdentifier": ident(("Fingerprint", mark)),
        "contextIdentifier": ident(("NipVatUe", f"{nip}-{vat_ue}")),
        "description": "for a test",
        "euEntityName": "Schmidt GmbH, Hauptstrasse 1",
        "subjectDetails": BY_FINGERPRINT,
        "euEntityDetails": {"fullName": "Schmidt GmbH", "address": "Hauptstrasse 1"},
        **changes,
    }


def internal_id(nip: str, digits: str = "1234") -> tuple[str, str]:
    return ("InternalId", f"{nip}-{digits}{internal_id_check(nip + digits)}")


class Granting:
    """The door, for those who grant."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def start(self, login: Login | str, path: str, body: Any = None, method: str = "POST") -> str:
        answer = self.api.call(method, f"/permissions/{path}", login, body=body)
        assert answer.status_code == 202, answer.text
        ref: str = answer.json()["referenceNumber"]
        return ref

    def outcome(self, login: Login | str, ref: str) -> dict[str, Any]:
        """The final status of an operation."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            answer = self.api.call("GET", f"/permissions/operations/{ref}", login)
            assert answer.status_code == 200, answer.text
            status: dict[str, Any] = answer.json()["status"]
            if status["code"] != 100:
                return status
        raise AssertionError("the operation never ended")

    def code(self, login: Login | str, path: str, body: Any) -> int:
        """Grant, and the code it ends with."""
        found: int = self.outcome(login, self.start(login, f"{path}/grants", body))["code"]
        return found

    def give(self, login: Login | str, path: str, body: Any) -> None:
        assert self.code(login, path, body) == 200

    def take(self, login: Login | str, permission_id: str, family: str = "common") -> int:
        """Revoke, and the code it ends with."""
        ref = self.start(login, f"{family}/grants/{permission_id}", method="DELETE")
        found: int = self.outcome(login, ref)["code"]
        return found

    def page(self, login: Login | str, what: str, body: Any = None, **params: Any) -> dict[str, Any]:
        path = f"/permissions/query/{what}"
        method = "GET" if what == "entities/roles" else "POST"
        sent: Any = None if method == "GET" else body or {}
        if what == "persons/grants" and "queryType" not in sent:
            sent = {"queryType": "PermissionsInCurrentContext", **sent}
        answer = self.api.call(method, path, login, body=sent, params=params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def listed(self, login: Login | str, what: str, body: Any = None) -> list[dict[str, Any]]:
        """Entries of the first page of a hundred."""
        page = self.page(login, what, body, pageSize=100)
        assert page["hasMore"] is False
        (entries,) = (page[name] for name in ("permissions", "authorizationGrants", "roles") if name in page)
        return list(entries)

    def rights(self, identity: Identity, context: tuple[str, str], **parts: Any) -> list[str]:
        """What a login carries; nothing where it is refused for want of rights."""
        started = self.api.started(self.api.post_signed(self.api.signed(identity, context, **parts)))
        status = self.api.status(started)["status"]
        if status["code"] == 415:
            return []
        assert status["code"] == 200, status
        found: list[str] = json.loads(claims(self.api.redeem(started).access)["per"])
        return found

    def somebody(self) -> tuple[Identity, tuple[str, str]]:
        """A person known by PESEL, with no rights anywhere."""
        pesel = new_pesel()
        identity = authority.person("Jan", "Biurowy", pesel=pesel, now=self.api.ksef.clock.now())
        return identity, ("Pesel", pesel)

    def stranger(self) -> tuple[Identity, str]:
        """A holder of a certificate known by its fingerprint."""
        now = self.api.ksef.clock.now()
        identity = authority.person("Hans", "Schmidt", nip=new_nip(), now=now)
        return identity, fingerprint(identity.certificate)
