"""Bodies of forms: what is too large is read on and thrown away, so that its sender hears the answer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Message, Receive


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
