"""Zarządzaj uprawnieniami: the lists of KSeF, with filters, page by page. Rules: permissions.md section 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import permissions as calls
from klucznik.portal.permission_fields import fits, looks, tidied
from klucznik.portal.permission_listings import LISTINGS, Listing
from klucznik.portal.permission_words import TYPES, Line, held, line_of, scope_name
from klucznik.portal.visit import Unfit, Visit, address, page
from klucznik.wire.endpoint import Call

#: Entries on a page; pages read at most when an entry is looked for.
SIZE: Final = 20
_SEARCHED: Final = 100


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; empty counts for nothing."""

    of: str = ""
    value: str = ""
    scope: str = ""
    state: str = ""

    @property
    def party(self) -> tuple[str, str] | None:
        return (self.of, self.value) if self.value else None


def open_to(visit: Visit, holds: frozenset[str]) -> list[Listing]:
    """The lists that the visitor may see in this context."""
    return [
        listing
        for listing in LISTINGS.values()
        if visit.context[0] in listing.contexts and (not listing.needs or not holds.isdisjoint(listing.needs))
    ]


def call_of(listing: Listing, filters: Filters, number: int, size: int = SIZE) -> Call[Any]:
    """The call that gives one page of a list."""
    party, scopes = filters.party, [filters.scope] if filters.scope else []
    state = filters.state or None
    match listing.name:
        case "own":
            return calls.personal(context=party, permissions=scopes, state=state, page=number, size=size)
        case "received":
            return calls.entities(party, page=number, size=size)
        case "authorizations" | "authorized-by":
            received = listing.name == "authorized-by"
            return calls.authorizations(
                received=received, other=party, permissions=scopes, page=number, size=size
            )
        case "units":
            return calls.subunits(party, page=number, size=size)
        case "eu":
            return calls.eu_entities(
                vat_ue=filters.value if filters.of == "VatUe" else None,
                fingerprint=filters.value if filters.of == "Fingerprint" else None,
                permissions=scopes,
                page=number,
                size=size,
            )
    granted = listing.name == "granted"
    return calls.persons(granted=granted, who=party, permissions=scopes, state=state, page=number, size=size)


def items_of(listing: Listing, answer: Any) -> list[Any]:
    """The entries of an answer of that list."""
    found: list[Any] = answer.authorization_grants if listing.name.startswith("auth") else answer.permissions
    return found


async def entries(visit: Visit, listing: Listing, pages: int) -> tuple[list[Any], bool]:
    """The newest entries of a list, up to so many pages of a hundred, and whether there are more."""
    found: list[Any] = []
    for number in range(pages):
        answer = await visit.ksef.call(call_of(listing, Filters(), number, 100))
        found += items_of(listing, answer)
        if not answer.has_more:
            return found, False
    return found, True


async def find(visit: Visit, listing: Listing, permission_id: str) -> Line | None:
    """The entry with this id; None where the list has it not.

    `page` in the address says where it stood when it was chosen: mostly that page is all that is read.
    """

    async def on(number: int, size: int) -> tuple[Line | None, bool]:
        answer = await visit.ksef.call(call_of(listing, Filters(), number, size))
        found = (line_of(item) for item in items_of(listing, answer) if item.id == permission_id)
        return next(found, None), answer.has_more

    if near := visit.request.query_params.get("page"):
        line, _ = await on(_number(near), SIZE)
        if line:
            return line
    for number in range(_SEARCHED):
        line, more = await on(number, 100)
        if line or not more:
            return line
    return None


def listing_named(visit: Visit, name: str) -> Listing:
    """The list of this name, if there is one in contexts of this type; else 404."""
    listing = LISTINGS.get(name)
    if listing is None or visit.context[0] not in listing.contexts:
        raise HTTPException(404)
    return listing


async def manage(visit: Visit) -> Response:
    """GET /permissions/manage: the first list that the visitor may see."""
    return visit.go(f"/permissions/manage/{open_to(visit, await held(visit))[0].name}")


async def listed(visit: Visit) -> Response:
    """GET /permissions/manage/{which}?of=…&value=…&permission=…&state=…&page=…: a page of a list."""
    listing = listing_named(visit, visit.request.path_params["which"])
    holds = await held(visit)
    fault = ""
    try:
        filters = _filters(visit, listing)
    except Unfit as unfit:
        fault, filters = str(unfit), Filters()
    number = _number(visit.request.query_params.get("page", ""))
    answer = None if fault else await visit.ksef.call(call_of(listing, filters, number))
    given = {
        name: visit.request.query_params.get(name, "") for name in ("of", "value", "permission", "state")
    }

    def to(other: int) -> str:
        return address(f"/permissions/manage/{listing.name}", **given, page=str(other) if other else "")

    return visit.page(
        "permission_list.html",
        400 if fault else 200,
        listing=listing,
        listings=open_to(visit, holds),
        lines=[line_of(item) for item in items_of(listing, answer)] if answer else [],
        owner=list(getattr(answer, "owner_permissions", None) or ()),
        given=given,
        fault=fault,
        number=number,
        place="" if any(given.values()) or not number else f"?page={number}",
        before=to(number - 1) if number else "",
        after=to(number + 1) if answer and answer.has_more else "",
        may_revoke=bool(listing.revoke)
        and not holds.isdisjoint(("CredentialsManage", "SubunitManage", "VatUeManage")),
        here=lambda party: (party.kind, party.value) == visit.context,
        scope_name=lambda wire: scope_name(visit.t, wire),
        types=TYPES,
    )


def _filters(visit: Visit, listing: Listing) -> Filters:
    """The filters of the address. Raises `Unfit` for a value that KSeF would refuse."""
    query = visit.request.query_params
    of, value = query.get("of", ""), query.get("value", "").strip()
    if value:
        if of not in listing.parties:
            raise Unfit(
                visit.t(
                    "Choose what the number is.",
                    "Wybierz, czego to numer.",
                    "Wählen Sie, was für eine Nummer das ist.",
                )
            )
        tidy = tidied(of, value)
        # Of a fingerprint a part will do in the list of EU entities.
        partly = listing.name == "eu" and of == "Fingerprint"
        if not partly and not fits(of, tidy):
            raise Unfit(looks(visit, of, value))
        value = tidy
    scope, state = query.get("permission", ""), query.get("state", "")
    return Filters(
        of,
        value,
        scope if scope in listing.scopes else "",
        state if listing.by_state and state in ("Active", "Inactive") else "",
    )


def _number(text: str) -> int:
    """The number of a page; the first for whatever is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


ROUTES: Final = [
    Route("/permissions/manage", page(manage)),
    Route("/permissions/manage/{which}", page(listed)),
]
