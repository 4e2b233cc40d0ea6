"""The first page, and the choice of a language."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import Route

from klucznik.portal.visit import Visit, page
from klucznik.portal.words import LANGUAGES


async def home(visit: Visit) -> Response:
    """Where to begin: for a stranger the way in, for somebody inside what can be done here."""
    return visit.page("home.html", scene=await visit.door.scene(), settings=visit.settings)


async def language(visit: Visit) -> Response:
    """Speak this language from now on."""
    wanted = visit.field("language")
    if wanted in LANGUAGES:
        visit.kept.language = wanted
    back = visit.field("back")
    return visit.go(back.removeprefix("/web") if back.startswith("/web/") else "/")


ROUTES = [
    Route("/", page(home, public=True)),
    Route("/language", page(language, public=True), methods=["POST"]),
]
