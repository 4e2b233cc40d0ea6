"""Every page that somebody can reach: by the links on the pages, one address of each route."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from importlib import import_module
from urllib.parse import urljoin, urlsplit

from starlette.routing import Match, Route

from klucznik.portal.web import _ROOMS

from .person import Visitor

_LINK = re.compile(r'<(?:a|link|iframe|object)\b[^>]*?\s(?:href|src|data)="([^"]+)"')
#: More addresses than this is a loop of links.
_MOST = 400


def routes() -> list[Route]:
    """Every route of the portal that is read, not sent to."""
    found = []
    for room in _ROOMS:
        for route in import_module(f"klucznik.portal.{room}").ROUTES:
            if isinstance(route, Route) and "GET" in (route.methods or ()):
                found.append(route)
    return found


def route_of(path: str, among: Sequence[Route]) -> Route | None:
    """The route that answers a path below /web."""
    scope = {"type": "http", "path": path, "method": "GET", "root_path": ""}
    return next((route for route in among if route.matches(dict(scope))[0] is Match.FULL), None)


def reached(visitor: Visitor, *starts: str, each: int = 2) -> dict[str, list[str]]:
    """Addresses below /web by route, at most `each` of one; found by following links from the first page.

    Every one of them answers 200; what is no page (a file, a document) is among them too.
    """
    among, found, seen = routes(), dict[str, list[str]](), set[str]()
    waiting = ["/", *starts]
    while waiting:
        address = waiting.pop(0)
        route = route_of(urlsplit(address).path or "/", among)
        if address in seen or route is None or len(found.get(route.path, ())) >= each:
            continue
        seen.add(address)
        assert len(seen) < _MOST, sorted(seen)
        answer = visitor.http.get(address)
        assert answer.status_code == 200, (address, answer.status_code, answer.text[:1500])
        found.setdefault(route.path, []).append(address)
        if answer.headers["content-type"].startswith("text/html"):
            waiting += _links(answer.text, f"/web{address}")
    return found


def pages(visitor: Visitor, found: dict[str, list[str]]) -> list[str]:
    """Of what was reached, what a browser shows as a page of ours."""
    kept = []
    for address in (address for addresses in found.values() for address in addresses):
        answer = visitor.http.get(address)
        shown = "attachment" not in answer.headers.get("content-disposition", "")
        if shown and answer.headers["content-type"].startswith("text/html"):
            kept.append(address)
    return kept


def _links(page: str, address: str) -> Iterator[str]:
    for link in _LINK.findall(page):
        parts = urlsplit(urljoin(address, unescape(link)))
        if parts.path.startswith("/web/") and not parts.netloc:
            yield parts.path.removeprefix("/web") + (f"?{parts.query}" if parts.query else "")
