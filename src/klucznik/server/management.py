"""The management door: on a port of its own, loopback only, for tests and for the curious.

JSON content type is demanded of anything with a body, the Host list is the API's, and there is no CORS:
no web page gets an answer. What each path does: `management_doors`.
"""

from __future__ import annotations

import json
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, unquote

from pydantic import ValidationError

from klucznik.lang import in_language
from klucznik.server.app import Receive, Scope, Send
from klucznik.server.home import Away
from klucznik.server.hosts import host_allowed
from klucznik.server.knock import Knock, Refused
from klucznik.server.local import LocalKsef
from klucznik.server.management_doors import DOORS

_LARGEST_BODY: Final = 10_000_000


class Others(Protocol):
    """The processes that share a local KSeF with this one."""

    async def heard(self) -> None:
        """All that they noted up to now is here."""
        ...

    async def told(self) -> None:
        """All of them know what was changed here."""
        ...


class _Nobody:
    """A local KSeF of one process."""

    async def heard(self) -> None:
        pass

    async def told(self) -> None:
        pass


class Management:
    """The ASGI application of the management port."""

    def __init__(self, ksef: LocalKsef, others: Others | None = None) -> None:
        self.ksef = ksef
        self.others = others or _Nobody()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer_headers = [(b"content-type", b"application/json; charset=utf-8")]
        try:
            status, body = 200, await self._answer(scope, receive)
        except Refused as refused:
            status, body = refused.status, {"error": str(refused)}
            if refused.allow:
                answer_headers.append((b"allow", refused.allow.encode()))
        except ValidationError as bad:
            status, body = 400, {"error": _sentence(bad)}
        except Away as away:
            status, body = 503, {"error": f"{away.detail} {in_language(away.why, 'en')}."}
        content = json.dumps(body, ensure_ascii=False).encode()
        answer_headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": answer_headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, receive: Receive) -> Any:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        # A body left unread would hide our answer from who is still sending.
        raw = await _read(receive)
        host = headers.get(b"host", "")
        if not host_allowed(host, self.ksef.allowed_hosts):
            raise Refused(400, f"Host {host[:100]!r} is not served here.")
        name, slash, rest = scope["path"].removeprefix("/").partition("/")
        methods = DOORS.get(name) if not slash or name == "why" else None
        if methods is None:
            raise Refused(404, f"{scope['path'][:200]} is not a path of the management door.")
        door = methods.get(scope["method"])
        if door is None:
            allowed = ", ".join(sorted(methods))
            raise Refused(405, f"{scope['method'][:20]} is not allowed here; {allowed} is.", allowed)
        if raw is None:
            raise Refused(413, f"The body has more than {_LARGEST_BODY} bytes.")
        body = None
        if scope["method"] != "GET":
            # A web page can send other types to any address, unasked; JSON it cannot.
            if headers.get(b"content-type", "").partition(";")[0].strip().lower() != "application/json":
                raise Refused(415, "Send application/json.")
            try:
                body = json.loads(raw or b"{}")
            except (ValueError, RecursionError):
                raise Refused(400, "The body is not JSON.") from None
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        # What other processes noted before this question is part of the answer.
        await self.others.heard()
        answer = await door(Knock(self.ksef, unquote(rest), query, body))
        if scope["method"] != "GET":
            await self.others.told()
        return answer


def _sentence(bad: ValidationError) -> str:
    found = bad.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in found[:5])


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None beyond the largest, read on and thrown away."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= _LARGEST_BODY:
            chunks.append(chunk)
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(chunks) if size <= _LARGEST_BODY else None
