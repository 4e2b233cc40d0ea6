"""The list of KSeF tokens, one by itself, revoking, the sheet for the ERP. Rules: tokens.md sections 4-6."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from klucznik.client import tokens
from klucznik.errors import KlucznikError, Refused
from klucznik.portal import terminal, token_rights
from klucznik.portal.visit import Unfit, Visit, address, page
from klucznik.portal.words import BY_WIRE
from klucznik.wire.ids import is_reference
from klucznik.wire.tokens import AuthenticationTokenStatus, QueryTokensResponseItem, TokenStatusResponse

_PAGE: Final = 20
#: KSeF finds parts of at least so many characters.
_SHORTEST: Final = 3
_UNDER_WAY: Final = (AuthenticationTokenStatus.Pending, AuthenticationTokenStatus.Revoking)


async def listed(visit: Visit) -> Response:
    """GET /tokens: what the visitor may see, newest first, filtered and paged as KSeF does."""
    asked = visit.request.query_params
    chosen = [each for each in asked.getlist("status") if each in token_rights.STATES]
    texts = {name: asked.get(name, "").strip() for name in ("name", "author")}
    for text in texts.values():
        if 0 < len(text) < _SHORTEST:
            visit.flash("bad", _too_short(visit, text))
    usable = {name: text if len(text) >= _SHORTEST else None for name, text in texts.items()}
    mine = await token_rights.held(visit)
    found = await visit.ksef.call(
        tokens.page(
            status=chosen,
            description=usable["name"],
            author=usable["author"],
            continuation_token=asked.get("next") or None,
            page_size=_PAGE,
        )
    )
    further = "&".join(
        part
        for part in (
            *(f"status={each}" for each in chosen),
            address("", **{name: text or "" for name, text in usable.items()}).partition("?")[2],
            address("", next=found.continuation_token or "").partition("?")[2],
        )
        if part
    )
    return visit.page(
        "tokens.html",
        items=found.tokens,
        rights=(rights := await token_rights.rights_of(visit, found.tokens, mine)),
        revocable=[
            item.reference_number
            for item in found.tokens
            if _may_revoke(item, rights[item.reference_number], mine)
        ],
        states=token_rights.STATES,
        subjects=token_rights.SUBJECTS,
        chosen=chosen,
        texts=texts,
        filtered=bool(chosen or any(texts.values())),
        later=bool(asked.get("next")),
        further=f"/web/tokens?{further}" if found.continuation_token else "",
        may_generate=visit.context[0] in token_rights.CONTEXTS and bool(mine),
        sees_all=token_rights.sees_all(mine),
    )


async def shown(visit: Visit) -> Response:
    """GET /tokens/{reference}: everything of one token but its secret."""
    return visit.page("token.html", **await _facts(visit))


async def state(visit: Visit) -> Response:
    """GET /tokens/{reference}/state: for the page that watches a token being made or revoked."""
    item = await _read(visit)
    return JSONResponse({"status": item.status.value, "final": item.status not in _UNDER_WAY})


async def before_revoking(visit: Visit) -> Response:
    """GET /tokens/{reference}/revoke: the question."""
    return visit.page("token_revoke.html", **await _facts(visit))


async def revoke(visit: Visit) -> Response:
    """POST /tokens/{reference}/revoke: the token's page then follows it from Revoking to Revoked."""
    item = await _read(visit)
    reference = item.reference_number
    try:
        await visit.ksef.call(tokens.revoke(reference))
    except KlucznikError as refused:
        await visit.tell(refused, reference)
        return visit.go(f"/tokens/{reference}")
    visit.flash(
        "good",
        visit.t(
            "KSeF has taken the revocation. This page follows the token until it is revoked.",
            "KSeF przyjął unieważnienie. Ta strona śledzi token, aż będzie unieważniony.",
            "KSeF hat den Widerruf angenommen. Diese Seite verfolgt den Token, bis er widerrufen ist.",
        ),
    )
    return visit.go(f"/tokens/{reference}")


async def sheet(visit: Visit) -> Response:
    """GET /tokens/{reference}/sheet: to print, for whoever sets up the ERP; without the secret."""
    return visit.page("token_sheet.html", **await _facts(visit))


async def _read(visit: Visit) -> TokenStatusResponse:
    """The token of the path; a foreign one is refused by KSeF. Raises `Unfit` for what is no number."""
    reference = visit.request.path_params["reference"]
    if not is_reference(reference, "EC"):
        raise Unfit(
            visit.t(
                f"“{reference[:40]}” is not the reference number of a token; choose one from the list.",
                f"„{reference[:40]}” nie jest numerem referencyjnym tokena; wybierz token z listy.",
                f"„{reference[:40]}“ ist keine Referenznummer eines Tokens; wählen Sie einen aus der Liste.",
            )
        )
    try:
        return await visit.ksef.call(tokens.read(reference))
    except Refused as refused:
        if refused.code != 21405:
            raise
        raise Unfit(
            visit.t(
                f"There is no token {reference} in this context, or you may not see it. Change the "
                f"context, or "
                "ask for the permission to view permissions.",
                f"W tym kontekście nie ma tokena {reference} albo nie możesz go zobaczyć. Zmień "
                f"kontekst albo "
                "poproś o uprawnienie „przeglądanie uprawnień”.",
                f"In diesem Kontext gibt es keinen Token {reference}, oder Sie dürfen ihn nicht "
                f"sehen. Wechseln "
                "Sie den Kontext oder bitten Sie um die Berechtigung „Berechtigungen ansehen“.",
            )
        ) from None


async def _facts(visit: Visit) -> dict[str, Any]:
    """What the pages of one token show."""
    item = await _read(visit)
    mine = await token_rights.held(visit)
    rights = (await token_rights.rights_of(visit, [item], mine))[item.reference_number]
    return {
        "item": item,
        "rights": rights,
        "permissions": [BY_WIRE[name] for name in rights.requested],
        "states": token_rights.STATES,
        "subjects": token_rights.SUBJECTS,
        "under_way": item.status in _UNDER_WAY,
        "may_revoke": _may_revoke(item, rights, mine),
        "ends": await _end(visit, item.reference_number),
        "commands": terminal.commands(visit),
    }


def _may_revoke(item: QueryTokensResponseItem, rights: token_rights.Rights, mine: tuple[str, ...]) -> bool:
    """Whether revoking it is offered: one's own tokens, with CredentialsManage all (tokens.md section 6)."""
    return item.status.value in ("Pending", "Active") and (rights.mine or "CredentialsManage" in mine)


async def _end(visit: Visit, reference: str) -> str:
    """The day on which the policy of this local KSeF ends a token; "" without one (tokens.md section 8)."""
    if visit.banner is None or visit.banner.policy_is_usual:
        return ""
    told = (await visit.door.ask("GET", "/tokens"))["tokens"]
    ends = [each["ends"] for each in told if each["referenceNumber"] == reference]
    return str(ends[0])[:10] if ends and ends[0] else ""


def _too_short(visit: Visit, text: str) -> str:
    return visit.t(
        f"“{text}” is too short to search for: KSeF finds parts of at least {_SHORTEST} characters.",
        f"„{text}” to za mało, by szukać: KSeF znajduje fragmenty od {_SHORTEST} znaków.",
        f"„{text}“ ist zu kurz zum Suchen: KSeF findet Teile ab {_SHORTEST} Zeichen.",
    )


_ONE: Final = "/tokens/{reference}"
ROUTES = [
    Route("/tokens", page(listed), methods=["GET"]),
    Route(_ONE, page(shown), methods=["GET"]),
    Route(f"{_ONE}/state", page(state), methods=["GET"]),
    Route(f"{_ONE}/sheet", page(sheet), methods=["GET"]),
    Route(f"{_ONE}/revoke", page(before_revoking), methods=["GET"]),
    Route(f"{_ONE}/revoke", page(revoke), methods=["POST"]),
]
