"""Nadaj uprawnienie: the kind is chosen, its form filled in, the operation started.

What was typed stays on the page until KSeF has taken it. Rules: portal.md, "Uprawnienia"; permissions.md
sections 3 to 7 and 10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import permissions
from klucznik.client.permissions import Identifier, Operation
from klucznik.errors import Refused
from klucznik.portal import numbers
from klucznik.portal.permission_fields import (
    Sheet,
    identifier,
    looks,
    person,
    person_or_company,
)
from klucznik.portal.permission_kinds import AUTHORIZATIONS, CANNOT, KINDS, Kind
from klucznik.portal.permission_words import TYPES, held, refusal
from klucznik.portal.visit import Visit, page
from klucznik.portal.words import BY_WIRE
from klucznik.wire.ids import internal_id_check


async def choose(visit: Visit) -> Response:
    """GET /permissions/grant: "Rodzaj uprawnienia", each with who can do what afterwards."""
    holds = await held(visit)
    here: list[Kind] = []
    elsewhere: list[Kind] = []
    for kind in KINDS.values():
        if visit.context[0] not in kind.contexts:
            continue
        (here if kind.needs in holds else elsewhere).append(kind)
    return visit.page("permission_choice.html", kinds=here, without=elsewhere)


async def form(visit: Visit) -> Response:
    """GET /permissions/grant/{kind}."""
    await held(visit)  # a login that has ended is told before anything is typed
    return await _form(visit, _kind(visit), Sheet(visit))


async def grant(visit: Visit) -> Response:
    """POST /permissions/grant/{kind}: start the operation, then watch it."""
    kind, sheet = _kind(visit), Sheet(visit)
    call = _READERS[kind.name](sheet, kind)
    if call is None:
        return await _form(visit, kind, sheet, 400)
    try:
        started = await visit.ksef.call(call)
    except Refused as refused:
        if refused.status == 401:
            raise  # the login has ended
        return await _form(visit, kind, sheet, 400, refused=await refusal(visit, refused))
    for number in sheet.numbers:
        numbers.doubt(visit, number)
    return visit.go(f"/permissions/operations/{started.reference_number}?kind={kind.name}")


def _kind(visit: Visit) -> Kind:
    """The kind in the path, if it is granted in contexts of this type."""
    kind = KINDS.get(visit.request.path_params["kind"])
    if kind is None or visit.context[0] not in kind.contexts:
        raise HTTPException(404)
    return kind


async def _form(
    visit: Visit, kind: Kind, sheet: Sheet, status: int = 200, *, refused: Sequence[str] = ()
) -> Response:
    return visit.page(
        "permission_form.html",
        status,
        kind=kind,
        sheet=sheet,
        refused=refused,
        words=BY_WIRE,
        cannot=CANNOT,
        authorizations=AUTHORIZATIONS,
        types=TYPES,
        clients=await _clients(visit) if kind.name == "indirect" else {},
    )


async def _clients(visit: Visit) -> dict[str, list[str]]:
    """Those who let this company pass something on, and what; none where one may not see it."""
    found: dict[str, list[str]] = {}
    try:
        answer = await visit.ksef.call(permissions.entities())
    except Refused:
        return found  # a help for filling in; KSeF decides all the same
    for item in answer.permissions:
        if item.can_delegate:
            names = found.setdefault(item.context_identifier.value, [])
            if item.permission_scope.value not in names:
                names.append(item.permission_scope.value)
    return found


# ---- one reader for each kind ------------------------------------------------------------------------


def _description(sheet: Sheet) -> str:
    return sheet.text("description", 5, 256)


def _person(sheet: Sheet, kind: Kind) -> Operation | None:
    who = identifier(sheet, kind.known_by)
    wanted = sheet.some("permission", kind.permissions)
    description = _description(sheet)
    details = person(sheet, who[0])
    return permissions.grant_person(who, wanted, details, description) if details else None


def _entity(sheet: Sheet, kind: Kind) -> Operation | None:
    nip = sheet.number("who", "Nip")
    name, description = sheet.text("company", 5, 90), _description(sheet)
    wanted = {each: sheet.value(f"permission_{each}") for each in kind.permissions}
    given = [each for each, how in wanted.items() if how in ("yes", "delegate")]
    if not given:
        t = sheet.visit.t
        sheet.fault(
            f"permission_{kind.permissions[0]}",
            t(
                "Give at least one permission.",
                "Nadaj co najmniej jedno uprawnienie.",
                "Erteilen Sie mindestens eine Berechtigung.",
            ),
        )
    passed_on = [each for each, how in wanted.items() if how == "delegate"]
    if sheet.faults:
        return None
    return permissions.grant_entity(nip, given, name, description, can_delegate=passed_on)


def _authorization(sheet: Sheet, kind: Kind) -> Operation | None:
    wanted = sheet.one("permission", kind.permissions)
    of = "PeppolId" if wanted == "PefInvoicing" else "Nip"
    number = sheet.number("who", of)
    name, description = sheet.text("company", 5, 90), _description(sheet)
    if sheet.faults:
        return None
    return permissions.grant_authorization((of, number), wanted, name, description)


def _indirect(sheet: Sheet, kind: Kind) -> Operation | None:
    who = identifier(sheet, kind.known_by)
    wanted = sheet.some("permission", kind.permissions)
    client: Identifier | None = None
    if sheet.one("target", ("all", "one")) == "one":
        # A unit has five digits more than the NIP in it.
        of = "InternalId" if sum(map(str.isdigit, sheet.value("client"))) > 10 else "Nip"
        client = (of, sheet.number("client", of))
    description = _description(sheet)
    details = person(sheet, who[0])
    if details is None:
        return None
    return permissions.grant_indirect(who, wanted, details, description, client=client)


def _subunit(sheet: Sheet, kind: Kind) -> Operation | None:
    unit = _unit(sheet)
    # A unit has a name of its own; the NIP of a member is known already.
    name = sheet.text("unit_name", 5, 256) if unit[0] == "InternalId" or sheet.value("unit_name") else None
    who = identifier(sheet, kind.known_by)
    description = _description(sheet)
    details = person(sheet, who[0])
    if details is None:
        return None
    return permissions.grant_subunit(who, unit, details, description, unit_name=name)


def _unit(sheet: Sheet) -> Identifier:
    """The unit: four digits of one's choice, its whole identifier, or the NIP of a member."""
    if sheet.one("unit_type", ("InternalId", "Nip")) == "Nip":
        return "Nip", sheet.number("unit", "Nip")
    typed = sheet.value("unit")
    if len(typed) == 4 and typed.isascii() and typed.isdigit():
        head = f"{sheet.visit.context[1]}-{typed}"
        return "InternalId", f"{head}{internal_id_check(head)}"
    unit = sheet.number("unit", "InternalId")
    # Of a unit that is made by this KSeF wants the check digit (permissions.md section 7).
    if not sheet.faults.get("unit") and internal_id_check(unit[:15]) != int(unit[15]):
        sheet.fault("unit", looks(sheet.visit, "InternalId", typed))
    return "InternalId", unit


def _eu_admin(sheet: Sheet, kind: Kind) -> Operation | None:
    vat_ue = sheet.number("vat_ue", "VatUe")
    name, address = sheet.text("eu_name", 2, 100), sheet.text("eu_address", 3, 512)
    fingerprint = sheet.number("who", "Fingerprint")
    description = _description(sheet)
    details = person_or_company(sheet)
    if details is None:
        return None
    context = f"{sheet.visit.context[1]}-{vat_ue}"
    return permissions.grant_eu_administration(
        fingerprint, context, details, description, full_name=name, address=address
    )


def _eu(sheet: Sheet, kind: Kind) -> Operation | None:
    fingerprint = sheet.number("who", "Fingerprint")
    wanted = sheet.some("permission", kind.permissions)
    description = _description(sheet)
    details = person_or_company(sheet)
    return permissions.grant_eu_entity(fingerprint, wanted, details, description) if details else None


_READERS: Final[dict[str, Callable[[Sheet, Kind], Operation | None]]] = {
    "person": _person,
    "entity": _entity,
    "authorization": _authorization,
    "indirect": _indirect,
    "subunit": _subunit,
    "eu-admin": _eu_admin,
    "eu": _eu,
}

ROUTES: Final[list[Any]] = [
    Route("/permissions/grant", page(choose)),
    Route("/permissions/grant/{kind}", page(form), methods=["GET"]),
    Route("/permissions/grant/{kind}", page(grant), methods=["POST"]),
]
