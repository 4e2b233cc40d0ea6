"""Logging in: who one is, then in which context to act. Rule: portal.md, "Login"."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import auth
from klucznik.crypto import authority
from klucznik.crypto.certs import Identity
from klucznik.errors import KlucznikError
from klucznik.portal.visit import Unfit, Visit, leave, page
from klucznik.wire.ids import is_nip, is_pesel


async def login(visit: Visit) -> Response:
    """GET /login: the two ways in."""
    return visit.page("login.html")


async def trusted_profile(visit: Visit) -> Response:
    """GET /login/profile: the stand-in for login.gov.pl."""
    return visit.page("login_profile.html")


async def be_person(visit: Visit) -> Response:
    """POST /login/profile: be the person typed in, as login.gov.pl would say who one is."""
    t = visit.t
    given, surname = visit.field("given"), visit.field("surname")
    number = visit.field("number")
    if not given or not surname:
        raise Unfit(
            t(
                "Type a first name and a surname.",
                "Wpisz imię i nazwisko.",
                "Geben Sie Vor- und Nachnamen ein.",
            )
        )
    now = await visit.door.now() - timedelta(hours=1)
    issuer = visit.settings.issuer
    if is_pesel(number):
        identity = authority.person(given, surname, now=now, pesel=number, issuer=issuer)
        visit.kept.subject = ["Pesel", number]
    elif is_nip(number):
        identity = authority.person(given, surname, now=now, nip=number, issuer=issuer)
        visit.kept.subject = ["Nip", number]
    else:
        raise Unfit(
            t(
                f"{number[:20]!r} is no valid PESEL (11 digits) or NIP (10 digits).",
                f"{number[:20]!r} nie jest poprawnym numerem PESEL (11 cyfr) ani NIP (10 cyfr).",
                f"{number[:20]!r} ist keine gültige PESEL (11 Ziffern) oder NIP (10 Ziffern).",
            )
        )
    visit.kept.person = f"{given} {surname}"
    visit.kept.identity = identity.to_pem().decode()
    return visit.go("/login/context")


async def contexts(visit: Visit) -> Response:
    """GET /login/context: only those that the person may enter."""
    if not visit.kept.identity:
        return visit.go("/login")
    kind, value = visit.kept.subject
    return visit.page("login_context.html", contexts=await visit.door.contexts(kind, value))


async def enter(visit: Visit) -> Response:
    """POST /login/context: log in there."""
    if not visit.kept.identity:
        return visit.go("/login")
    kind, _, value = visit.field("context").partition(" ")
    identity = Identity.load(visit.kept.identity.encode())
    try:
        await visit.ksef.run(auth.login_with_identity(kind, value, identity))
    except KlucznikError as refused:
        visit.flash("bad", visit.said(refused))
        return visit.go("/login/context")
    visit.kept.context = [kind, value]
    return visit.go("/")


async def logout(visit: Visit) -> Response:
    """POST /logout: the login ends at KSeF too."""
    if visit.inside:
        with suppress(KlucznikError):  # it may have ended already
            await visit.ksef.call(auth.revoke_current())
    leave(visit)
    visit.flash("good", visit.t("You are logged out.", "Wylogowano.", "Sie sind abgemeldet."))
    return visit.go("/")


ROUTES = [
    Route("/login", page(login, public=True)),
    Route("/login/profile", page(trusted_profile, public=True), methods=["GET"]),
    Route("/login/profile", page(be_person, public=True), methods=["POST"]),
    Route("/login/context", page(contexts, public=True), methods=["GET"]),
    Route("/login/context", page(enter, public=True), methods=["POST"]),
    Route("/logout", page(logout, public=True), methods=["POST"]),
]
