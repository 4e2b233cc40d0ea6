"""Logging in: the ways in, then in which context to act, and out again. Rule: portal.md, "Login"."""

from __future__ import annotations

from contextlib import suppress

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import auth
from klucznik.crypto.certs import Identity
from klucznik.errors import KlucznikError
from klucznik.portal.entering import come_in, offers, sign
from klucznik.portal.visit import Visit, leave, page


async def login(visit: Visit) -> Response:
    """GET /login: the two ways in, and what helps on the way."""
    return visit.page("login.html")


async def contexts(visit: Visit) -> Response:
    """GET /login/context: only those that the visitor may enter."""
    kept = visit.kept
    if not kept.identity and not kept.signed:
        return _anew(visit)
    found = [offer for offer in await offers(visit) if kept.identity or offer.key in kept.signed]
    return visit.page("login_context.html", offers=found)


async def enter(visit: Visit) -> Response:
    """POST /login/context: log in there, with the simulated identity or what the uploaded key has signed."""
    kept, t = visit.kept, visit.t
    if not kept.identity and not kept.signed:
        return _anew(visit)
    wanted = [offer for offer in await offers(visit) if offer.key == visit.field("context")]
    if not wanted:
        named = repr(visit.field("context")[:40])
        visit.flash(
            "bad",
            t(
                f"You hold no permission in {named}: choose one of those below.",
                f"Nie masz uprawnień w kontekście {named}: wybierz jeden z poniższych.",
                f"Sie haben keine Berechtigung in {named}: Wählen Sie einen der unten genannten.",
            ),
        )
        return visit.go("/login/context")
    if kept.identity:
        signed = await sign(visit, Identity.load(kept.identity.encode()), wanted)
    else:
        # Signed ones are good for one try: the challenge is used up by it.
        signed, kept.signed = kept.signed, {}
    document = signed.get(wanted[0].key, "")
    return await come_in(visit, document.encode()) or visit.go(
        "/login/context" if kept.identity else "/login"
    )


def _anew(visit: Visit) -> Response:
    """Nobody's key is kept: who came by one shows it again."""
    t, way = visit.t, visit.kept.way
    if not visit.inside or way not in ("certificate", "signed"):
        return visit.go("/login")
    visit.flash(
        "note",
        t(
            "Your key was used once and not kept. To act in another context, log in with it again; "
            "until then you stay logged in where you are.",
            "Twój klucz został użyty raz i nie jest przechowywany. Aby działać w innym kontekście, "
            "zaloguj się nim ponownie; do tego czasu pozostajesz zalogowany tu, gdzie jesteś.",
            "Ihr Schlüssel wurde einmal benutzt und nicht behalten. Um in einem anderen Kontext zu "
            "handeln, melden Sie sich erneut damit an; bis dahin bleiben Sie hier angemeldet.",
        ),
    )
    return visit.go(f"/login/{way}")


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
    Route("/login/context", page(contexts, public=True), methods=["GET"]),
    Route("/login/context", page(enter, public=True), methods=["POST"]),
    Route("/logout", page(logout, public=True), methods=["POST"]),
]
