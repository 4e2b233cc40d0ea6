"""Pages for what is not there, not allowed, or broken, in the portal's look."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from klucznik.client.ksef import AsyncKsef
from klucznik.portal.kept import Kept
from klucznik.portal.visit import Visit, visiting
from klucznik.portal.words import Speaker, chosen


async def refused(request: Request, error: Exception) -> Response:
    """An address or a method that is no page (404, 405), as whoever comes sees it."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    async with visiting(request) as visit:
        answer = visit.page("wrong.html", status, code=status)
    headers = getattr(error, "headers", None) or {}
    answer.headers.update(headers)
    return visit.logins.sign(answer, visit.cookie, request)


async def broken(request: Request, _: Exception) -> Response:
    """A fault of ours (500): nothing is read, since reading may be what failed; the log has the rest."""
    state = request.app.state
    speaker = Speaker(chosen("", request.headers.get("accept-language", "")))
    nobody = Kept(csrf="")
    async with state.settings.connect() as http:
        ksef = AsyncKsef(state.settings.reached, http=http, allow_plain_http=True)
        visit = Visit(
            request, state.settings, state.logins, state.door, "", nobody, speaker, FormData(), ksef
        )
        return visit.page("wrong.html", 500, code=500)
