"""Any row of the contract as a request, and bearers of every kind: all operations asked alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx2

from klucznik.server.access import sign
from klucznik.server.local import LocalKsef
from klucznik.wire import ROWS
from klucznik.wire.endpoint import Endpoint, LimitGroup

from .door import Api, new_nip

Row = Endpoint[Any]

#: Of the right form, and nobody's.
NOBODYS = {
    "referenceNumber": "20251010-SO-1A2B3C4000-5D6E7F8091-6A",
    "invoiceReferenceNumber": "20251010-EE-1A2B3C4000-5D6E7F8091-6A",
    "upoReferenceNumber": "20251010-EU-1A2B3C4000-5D6E7F8091-6A",
    "ksefNumber": "5265877635-20250826-0100001AF629-AF",
    "permissionId": "01970000-0000-4000-8000-000000000000",
    "certificateSerialNumber": "0321C82DA41B4362",
    "serialNumber": "0321C82DA41B4362",
}


def name(row: Row) -> str:
    return f"{row.method} {row.path}"


def path(row: Row, names: Mapping[str, str] = NOBODYS) -> str:
    return row.path.format(**names)


def call(api: Api, row: Row, bearer: str | None = None, **parts: Any) -> httpx2.Response:
    return api.call(row.method, parts.pop("path", path(row)), bearer, **parts)


def in_group(group: LimitGroup) -> list[Row]:
    return [row for row in ROWS.values() if row.limits == group]


def access(
    ksef: LocalKsef,
    permissions: Sequence[str] = (),
    *,
    context: tuple[str, str] | None = None,
    hours: float = 1,
    policy: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """An access JWT of somebody in a context of its own, with these rights alone."""
    kind, value = context or ("Nip", new_nip())
    claims = {
        "cit": kind,
        "civ": value,
        "aum": "QualifiedSeal",
        "arn": "20251010-AU-1A2B3C4000-5D6E7F8091-6A",
        "sud": json.dumps({"subjectIdentifier": {"type": "Nip", "value": new_nip()}}),
        "per": json.dumps(list(permissions)),
        "pec": "[]",
        "rol": "[]",
        "pep": json.dumps(sorted(permissions)),
        "iop": "[]",
    }
    if policy is not None:
        claims["ipp"] = json.dumps(policy)
    now = ksef.clock.now()
    return sign(ksef, "ContextToken", claims, now, now + timedelta(hours=hours)).text()


def of_operation(ksef: LocalKsef, kind: Any, ref: str) -> str:
    """An authentication or refresh token of a login."""
    now = ksef.clock.now()
    return sign(ksef, kind, {"arn": ref}, now, now + timedelta(hours=1)).text()
