"""Odbierz uprawnienie: what it is and what follows, the confirmation, then the operation and its proof."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import permissions
from klucznik.errors import Refused
from klucznik.portal.permission_listings import LISTINGS, Listing
from klucznik.portal.permission_lists import find, listing_named
from klucznik.portal.permission_words import TYPES, Line, held, refusal, scope_name
from klucznik.portal.visit import Visit, page

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def ask(visit: Visit) -> Response:
    """GET /permissions/revoke/{which}/{id}: is this the one, and what follows."""
    listing, permission_id = _named(visit)
    await held(visit)
    return _page(visit, listing, await find(visit, listing, permission_id))


async def revoke(visit: Visit) -> Response:
    """POST /permissions/revoke/{which}/{id}: start the operation, then watch it."""
    listing, permission_id = _named(visit)
    call = permissions.revoke_authorization if listing.revoke == "authorization" else permissions.revoke
    try:
        started = await visit.ksef.call(call(permission_id))
    except Refused as refused:
        if refused.status == 401:
            raise  # the login has ended
        line = await find(visit, listing, permission_id)
        return _page(visit, listing, line, 400, await refusal(visit, refused))
    return visit.go(
        f"/permissions/operations/{started.reference_number}?gone={permission_id}&in={listing.name}"
    )


async def proof(visit: Visit) -> tuple[Listing, Line | None] | None:
    """For the page of an operation that revoked something: its list, and the entry if it is still there."""
    query = visit.request.query_params
    listing, permission_id = LISTINGS.get(query.get("in", "")), query.get("gone", "")
    if listing is None or not listing.revoke or not _ID.fullmatch(permission_id):
        return None
    return listing, await find(visit, listing, permission_id)


def _named(visit: Visit) -> tuple[Listing, str]:
    """The list and the id in the path; else 404."""
    listing = listing_named(visit, visit.request.path_params["which"])
    permission_id = visit.request.path_params["id"]
    if not listing.revoke or not _ID.fullmatch(permission_id):
        raise HTTPException(404)
    return listing, permission_id


def _page(
    visit: Visit, listing: Listing, line: Line | None, status: int = 200, refused: Sequence[str] = ()
) -> Response:
    kept = visit.kept
    myself = (kept.subject, ["Fingerprint", kept.fingerprint])
    mine = line is not None and line.holder is not None and [line.holder.kind, line.holder.value] in myself
    return visit.page(
        "permission_revoke.html",
        status if line else 404,
        listing=listing,
        line=line,
        refused=refused,
        own=mine and line is not None and line.scope == "CredentialsManage",
        scope_name=lambda wire: scope_name(visit.t, wire),
        types=TYPES,
    )


ROUTES: Final = [
    Route("/permissions/revoke/{which}/{id}", page(ask), methods=["GET"]),
    Route("/permissions/revoke/{which}/{id}", page(revoke), methods=["POST"]),
]
