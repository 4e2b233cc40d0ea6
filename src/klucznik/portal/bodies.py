"""Forms that are sent: from pages of ours alone, no larger than a form may be, with their token.

What is too large is read on and thrown away, so that its sender hears the answer.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive

if TYPE_CHECKING:
    from klucznik.portal.visit import Visit

#: Bytes of a form, files included.
LARGEST_FORM: Final = 12_000_000


class TooLarge(Exception):
    """The body has more bytes than a form may have."""


def limited(request: Request, most: int) -> Request:
    """The same request, whose body raises `TooLarge` once all of it came in."""
    return Request(request.scope, _limit(request.receive, most))


def _limit(receive: Receive, most: int) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size <= most:
            return message
        while message["type"] == "http.request" and message.get("more_body"):
            message = await receive()
        raise TooLarge

    return counted


async def read_form(visit: Visit) -> Response | None:
    """The form of a POST, or the page that refuses it: from elsewhere, too large, without its token."""
    request, t = visit.request, visit.t
    if not _own(request):
        return Response("This form was sent from elsewhere.", 403, media_type="text/plain")
    try:
        visit.form = await request.form(max_part_size=LARGEST_FORM)
    except TooLarge:
        return visit.page("wrong.html", 413, code=413)
    except ClientDisconnect:
        return Response(None, 400)  # whoever sent it is gone and hears nothing
    except HTTPException:
        return visit.page("wrong.html", 400, code=400)
    if hmac.compare_digest(str(visit.form.get("csrf", "")).encode(), visit.kept.csrf.encode()):
        return None
    ended = visit.kept.ended
    visit.flash(
        "bad",
        t(
            "Your login has ended, so this form was not sent.",
            "Sesja w portalu wygasła, dlatego formularz nie został wysłany.",
            "Ihre Anmeldung ist abgelaufen, daher wurde das Formular nicht gesendet.",
        )
        if ended
        else t(
            "This form has expired and was not sent.",
            "Formularz stracił ważność i nie został wysłany.",
            "Das Formular ist abgelaufen und wurde nicht gesendet.",
        ),
    )
    return visit.page("wrong.html", 403, code=403)


def _own(request: Request) -> bool:
    """Whether a form comes from a page of ours, as far as the browser tells."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
