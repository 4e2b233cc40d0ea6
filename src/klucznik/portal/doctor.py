"""The token doctor: what a pasted KSeF token is, by its shape, and on request whether it works here.

The shape is read without a call to anybody (client/token_shape). What is pasted is neither kept nor shown
again: to try it, it is sent once, as any client would, by a login that is ended at once.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import auth, claims, token_shape, tokens
from klucznik.client.ksef import AsyncKsef
from klucznik.client.token_shape import Finding, TokenShape
from klucznik.errors import KlucznikError, Refused
from klucznik.portal import token_rights
from klucznik.portal.doctor_words import GERMAN, REFUSALS
from klucznik.portal.visit import Unfit, Visit, page
from klucznik.portal.words import BY_WIRE, Permission, Speaker
from klucznik.secret import Secret
from klucznik.wire import codes
from klucznik.wire.auth import AuthenticationContextIdentifier, AuthenticationContextIdentifierType
from klucznik.wire.ids import is_nip
from klucznik.wire.tokens import TokenStatusResponse

#: A token has some 120 characters; what is much longer is a file pasted by mistake.
_LONGEST: Final = 20_000
#: Badges by the level of a finding.
_BADGES: Final = {"mended": "note", "note": "", "odd": "note", "broken": "bad"}


@dataclass(frozen=True)
class Seen:
    """A finding in the visitor's language."""

    level: str
    badge: str
    said: str
    next_step: str


@dataclass(frozen=True)
class Verdict:
    """What came of trying. `said` and `next_step` of a refusal; `permissions` in force of a success."""

    works: bool
    said: str = ""
    next_step: str = ""
    wire: str = ""  # KSeF's own words
    causes: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    lost: tuple[str, ...] = ()
    item: TokenStatusResponse | None = None


async def doctor(visit: Visit) -> Response:
    """GET /doctor."""
    return _page(visit)


async def examine(visit: Visit) -> Response:
    """POST /doctor: the shape; with `do=try` also what this KSeF says of the token."""
    sent, nip = visit.form.get("token"), visit.field("nip").replace("-", "").replace(" ", "")
    pasted = sent if isinstance(sent, str) else ""  # with its blanks: they are worth a word
    if len(pasted) > _LONGEST:
        visit.flash(
            "bad",
            visit.t(
                f"That is {len(pasted)} characters long; paste the token alone.",
                f"To ma znaków: {len(pasted)}; wklej sam token.",
                f"Das hat {len(pasted)} Zeichen; fügen Sie nur den Token ein.",
            ),
        )
        return _page(visit, 400)
    shape = token_shape.read(Secret(pasted))
    verdict = None
    if visit.field("do") == "try" and shape.token is not None:
        try:
            verdict = await _tried(visit, shape, shape.token, nip)
        except Unfit as unfit:
            visit.flash("bad", str(unfit))
            return _page(visit, 400, shape)
    return _page(visit, 200, shape, verdict)


def _page(
    visit: Visit, status: int = 200, shape: TokenShape | None = None, verdict: Verdict | None = None
) -> Response:
    return visit.page(
        "doctor.html",
        status,
        shape=shape,
        seen=[_seen(visit.t, finding) for finding in shape.findings] if shape else [],
        verdict=verdict,
        nip=visit.field("nip"),
        states=token_rights.STATES,
        here=bool(shape and visit.inside and visit.context == (shape.context_type, shape.context_value)),
    )


def _seen(t: Speaker, finding: Finding) -> Seen:
    said, next_step = finding.said, finding.next_step
    if t.language == "de":
        said, next_step = (text.format_map(finding.values) for text in GERMAN[finding.code])
    return Seen(finding.level, _BADGES[finding.level], said, next_step)


async def _tried(visit: Visit, shape: TokenShape, ksef_token: Secret, nip: str) -> Verdict:
    """Log in with it as a stranger would, look what it may, and log out. Raises `Unfit` without a context."""
    context = _context(visit, shape, nip)
    # Without the portal's exemption from the limits: anybody may knock here.
    async with visit.settings.connect() as http:
        ksef = AsyncKsef(visit.settings.reached, http=http, allow_plain_http=True)
        try:
            issued = await ksef.run(auth.login_with_token(ksef_token, context=context))
        except KlucznikError as refused:
            return await _refused(visit, refused)
        in_force = token_rights.ordered(claims.read(issued.access_token.token).permissions or ())
        item = None
        with suppress(KlucznikError):  # that it works is known; the rest is for the asking
            if shape.reference:
                item = await ksef.call(tokens.read(shape.reference))
        with suppress(KlucznikError):
            await ksef.call(auth.revoke_current())
    requested = token_rights.ordered(each.value for each in item.requested_permissions) if item else in_force
    return Verdict(
        True,
        permissions=tuple(BY_WIRE[name] for name in in_force),
        lost=tuple(name for name in requested if name not in in_force),
        item=item,
    )


async def _refused(visit: Visit, error: KlucznikError) -> Verdict:
    """Why it was refused, in the visitor's words, beside KSeF's own."""
    if not isinstance(error, Refused):
        return Verdict(False, visit.said(error))
    said, next_step = (visit.t(*text) for text in REFUSALS[_kind(error)])
    wire = " ".join([str(error.code or error.status), *error.details])
    causes = await visit.causes(error.extensions.get("referenceNumber", "")) if visit.inside else []
    return Verdict(False, said, next_step, wire, tuple(causes))


def _kind(error: Refused) -> str:
    """Which of `REFUSALS` a failed login is (auth.md section 2)."""
    if error.code == 415:
        return "no-rights"
    words = " ".join(error.details)
    for text, kind in (
        (codes.TOKEN_REVOKED, "revoked"),
        (codes.TOKEN_INACTIVE, "inactive"),
        (codes.BAD_TOKEN_ENCODING, "encoding"),
        (codes.TOKEN_NOT_FOR_CONTEXT.partition("{")[0], "context"),
        (codes.BAD_TOKEN, "unknown"),
    ):
        if text in words:
            return kind
    return "other"


def _context(visit: Visit, shape: TokenShape, nip: str) -> AuthenticationContextIdentifier:
    """Whose token it is: as written in it, else the NIP given."""
    if shape.context_type:
        kind = AuthenticationContextIdentifierType(shape.context_type)
        return AuthenticationContextIdentifier(type=kind, value=shape.context_value)
    if not is_nip(nip, checksum=False):
        raise Unfit(
            visit.t(
                f"A token of 40 characters does not say whose it is, and “{nip[:20]}” is no NIP (10 "
                f"digits). Give "
                "the NIP and paste the token again.",
                f"Token z 40 znaków nie mówi, czyj jest, a „{nip[:20]}” nie jest numerem NIP (10 "
                f"cyfr). Podaj NIP "
                "i wklej token ponownie.",
                f"Ein Token aus 40 Zeichen sagt nicht, wem er gehört, und „{nip[:20]}“ ist keine NIP "
                f"(10 Ziffern). "
                "Geben Sie die NIP an und fügen Sie den Token erneut ein.",
            )
        )
    return AuthenticationContextIdentifier(type=AuthenticationContextIdentifierType.Nip, value=nip)


ROUTES = [
    Route("/doctor", page(doctor, public=True), methods=["GET"]),
    Route("/doctor", page(examine, public=True), methods=["POST"]),
]
