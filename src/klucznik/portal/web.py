"""The portal as an ASGI application, under `/web`: pages, static files, and the headers that guard them."""

from __future__ import annotations

import mimetypes
from importlib import import_module
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from klucznik.portal import wrong
from klucznik.portal.door import Door
from klucznik.portal.kept import Logins
from klucznik.portal.pages import FOLDER
from klucznik.portal.settings import Settings

#: Rooms of the portal; each has its `ROUTES`.
_ROOMS: Final = (
    "home",
    "login",
    "login_profile",
    "login_certificate",
    "login_signed",
    "certificate_tools",
    "tokens_new",
    "tokens",
    "doctor",
    "permissions",
    "issuing",
    "invoices",
    "sessions",
    "receipts",
    "certificate_request",
    "certificates",
    "diagnosis",
    "testdata",
    "testdata_scene",
    "testdata_grants",
)

#: Told outright: the registry of Windows may call a script text/plain, and then no browser runs it.
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

#: Nothing from elsewhere, no script but ours, no frame around us; nothing stays in any cache.
_GUARDS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def portal(settings: Settings) -> ASGIApp:
    """The portal of one local KSeF."""
    for ending, kind in _TYPES.items():
        mimetypes.add_type(kind, ending)
    routes: list[BaseRoute] = []
    for room in _ROOMS:
        routes += import_module(f"klucznik.portal.{room}").ROUTES
    routes.append(Mount("/static", StaticFiles(directory=FOLDER / "static")))
    app = Starlette(
        routes=[Route("/web", _slash), Mount("/web", routes=routes)],
        exception_handlers={HTTPException: wrong.refused, Exception: wrong.broken},
    )
    app.state.settings = settings
    app.state.logins = Logins(settings.folder)
    app.state.door = Door(settings.door)
    return _guarded(app)


async def _slash(_: Any) -> Response:
    return RedirectResponse("/web/", 308)


def _guarded(app: ASGIApp) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        async def with_guards(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                names = {name.lower() for name, _ in headers}
                for name, value in _GUARDS.items():
                    if name.lower().encode() not in names:
                        headers.append((name.lower().encode(), value.encode()))
                static = scope["path"].startswith("/web/static/")
                kept = b"no-cache" if static else b"no-store"
                headers.append((b"cache-control", kept))
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, with_guards)

    return guarded
