"""Generating a KSeF token: choose, confirm, see it once. Rules: tokens.md section 2, portal.md."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import tokens
from klucznik.client.flow import Pace, poll
from klucznik.errors import KlucznikError
from klucznik.portal import terminal, token_rights
from klucznik.portal.visit import Unfit, Visit, page
from klucznik.portal.words import BY_WIRE
from klucznik.wire.tokens import AuthenticationTokenStatus, GenerateTokenResponse, TokenStatusResponse

SHORTEST: Final = 5
LONGEST: Final = 256
#: How long the page waits for Active before it is shown: the token must not wait for long.
_PACE: Final = Pace(first=1.0, growth=1.5, longest=5.0, total=40.0)


async def new(visit: Visit) -> Response:
    """GET /tokens/new: name and permissions, only those held."""
    return await _form(visit)


async def check(visit: Visit) -> Response:
    """POST /tokens/new: the confirmation; with `step=edit` the form again, filled in."""
    mine = await token_rights.held(visit)
    if visit.field("step") == "edit":
        return await _form(visit, mine=mine)
    try:
        name, wanted = _wanted(visit, mine)
    except Unfit as unfit:
        visit.flash("bad", str(unfit))
        return await _form(visit, 400, mine)
    return visit.page(
        "token_confirm.html",
        name=name,
        wanted=[BY_WIRE[each] for each in wanted],
        beyond=token_rights.beyond_erp(wanted),
        nonce=visit.new_nonce(),
    )


async def issue(visit: Visit) -> Response:
    """POST /tokens/issue: the token, on this answer alone. A form sent twice makes no second one."""
    mine = await token_rights.held(visit)
    try:
        name, wanted = _wanted(visit, mine)
    except Unfit as unfit:
        visit.flash("bad", str(unfit))
        return await _form(visit, 400, mine)
    if not visit.use_nonce():
        return visit.page("token_again.html", 409)
    try:
        issued = await visit.ksef.call(tokens.generate(wanted, name))
    except KlucznikError as refused:
        await visit.tell(refused)
        return await _form(visit, 400, mine)
    item = await _made(visit, issued)
    if item is not None and item.status == AuthenticationTokenStatus.Failed:
        return visit.page("token_failed.html", 400, item=item)
    return visit.page(
        "token_shown.html",
        reference=issued.reference_number,
        ksef_token=issued.token.text(),  # its one appearance
        active=item is not None and item.status == AuthenticationTokenStatus.Active,
        name=name,
        commands=terminal.commands(visit),
    )


async def again(visit: Visit) -> Response:
    """GET /tokens/issue: where a reload or a change of language leads."""
    return visit.page("token_again.html")


async def _made(visit: Visit, issued: GenerateTokenResponse) -> TokenStatusResponse | None:
    """The token once it is Active or Failed; None where that takes long: it is shown all the same."""
    with suppress(KlucznikError):
        return await visit.ksef.run(
            poll(
                tokens.read(issued.reference_number),
                lambda item: item.status != AuthenticationTokenStatus.Pending,
                _PACE,
            )
        )
    return None


async def _form(visit: Visit, status: int = 200, mine: tuple[str, ...] | None = None) -> Response:
    """The form, filled in with what was sent; where no token can live, why not."""
    kind, _ = visit.context
    if kind not in token_rights.CONTEXTS:
        return visit.page("token_nowhere.html", kind=kind)
    held = await token_rights.held(visit) if mine is None else mine
    return visit.page(
        "token_new.html",
        status,
        offered=[BY_WIRE[each] for each in held],
        beyond=token_rights.beyond_erp(held),
        name=visit.field("name"),
        ticked=visit.fields("permission"),
        shortest=SHORTEST,
        longest=LONGEST,
    )


def _wanted(visit: Visit, mine: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Name and permissions of the form. Raises `Unfit`."""
    t, name = visit.t, visit.field("name")
    if not SHORTEST <= len(name) <= LONGEST:
        raise Unfit(
            t(
                f"The name has {len(name)} characters; it needs {SHORTEST} to {LONGEST}.",
                f"Nazwa musi mieć od {SHORTEST} do {LONGEST} znaków; tu jest ich {len(name)}.",
                f"Der Name hat {len(name)} Zeichen; nötig sind {SHORTEST} bis {LONGEST}.",
            )
        )
    given = visit.fields("permission")
    if foreign := [each for each in given if each not in mine]:
        raise Unfit(
            t(
                f"You do not hold “{foreign[0][:40]}” here, so a token cannot have it; choose others.",
                f"Nie masz tu uprawnienia „{foreign[0][:40]}”, więc token nie może go mieć; wybierz inne.",
                f"Sie haben „{foreign[0][:40]}“ hier nicht, also kann ein Token es nicht haben; "
                f"wählen Sie andere.",
            )
        )
    if not given:
        raise Unfit(
            t(
                "Choose at least one permission: without any the token is good for nothing.",
                "Wybierz co najmniej jedno uprawnienie: bez żadnego token niczego nie może.",
                "Wählen Sie mindestens eine Berechtigung: Ohne kann der Token nichts.",
            )
        )
    return name, token_rights.ordered(given)


ROUTES = [
    Route("/tokens/new", page(new), methods=["GET"]),
    Route("/tokens/new", page(check), methods=["POST"]),
    Route("/tokens/issue", page(again), methods=["GET"]),
    Route("/tokens/issue", page(issue), methods=["POST"]),
]
