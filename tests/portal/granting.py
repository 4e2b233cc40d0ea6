"""Granting and revoking in the portal, as its forms are filled in; and what the API then says."""

from __future__ import annotations

import re
from typing import Any, Final

from klucznik.client import permissions

from .furnished import client_of
from .person import Visitor

REFERENCE = re.compile(r"[0-9]{8}-EG-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2}")
REVOKE = re.compile(r'href="/web(/permissions/revoke/[a-z-]+/[0-9a-f-]{36})"')
JAN: Final[dict[str, Any]] = {
    "who_type": "Pesel",
    "first": "Jan",
    "last": "Kowalski",
    "description": "bookkeeper in Gdynia",
}
PRINT: Final = "0123456789ABCDEF" * 4


def ended(visitor: Visitor, page: str) -> str:
    """The page of an operation, looked at as it does itself until KSeF has decided."""
    found = REFERENCE.search(page)
    assert found, page
    for _ in range(1_000):
        if "KSeF is working on it" not in page:
            return page
        page = visitor.get(f"/permissions/operations/{found[0]}?kind=person")
    raise AssertionError("the operation does not end")


def grant(visitor: Visitor, kind: str, code: int = 200, **fields: Any) -> str:
    """Fill in the form of a kind; the page of the operation at its end."""
    page = visitor.post(f"/permissions/grant/{kind}", code, **fields)
    return ended(visitor, page) if code == 200 else page


def at_api(visitor: Visitor, pesel: str) -> list[Any]:
    """What the API lists of a person at the visitor's firm."""
    with client_of(visitor) as ksef:
        return list(ksef.call(permissions.persons(who=("Pesel", pesel))).permissions)
