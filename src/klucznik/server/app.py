"""The local KSeF as an ASGI application: a request's way in, and the answer's way out.

(1) Host on the list, row found, body read within bounds. (2) Bearer, address, rate limit,
permissions: 401, 403, 429, 403. (3) Parameters and body: 400. (4) `prepare`, then the handler.
Everything that goes wrong is raised and rendered in `render`.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from pydantic import BaseModel

from klucznik.lang import both
from klucznik.secret import masked
from klucznik.server import handlers, latarnia, links, qr_pages, uploads
from klucznik.server.access import Bearers, Caller, admit, admit_address, admit_permissions
from klucznik.server.ask import HANDLERS, Ask, Handler
from klucznik.server.faults import Dropped, strike
from klucznik.server.hosts import host_allowed
from klucznik.server.local import LocalKsef
from klucznik.server.overrides import rates_of
from klucznik.server.reading import read_body, read_path, read_query
from klucznik.server.render import Answer, Plain, failure, loggable, refusal
from klucznik.server.scenario import page_size
from klucznik.server.trace import Traced
from klucznik.server.warn import header
from klucznik.server.why import numbers_in
from klucznik.wire import sessions
from klucznik.wire.endpoint import Endpoint, LimitGroup, Xml
from klucznik.wire.problems import Forbidden, TooMany, Unauthorized

log = logging.getLogger("klucznik.ksef")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
#: An ASGI application.
Web = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Largest request body in bytes; an invoice travels as Base64 inside JSON, and a body of 100 MB is
#: read and refused by its content, not by the transport.
_LARGEST_BODY = 2_000_000
_LARGEST_INVOICE_BODY = 140_000_000
#: From this size on JSON is read beside the loop: 100 MB take half a second.
_LONG_BODY = 1_000_000
#: Beyond the limit we still read this much and throw it away, so that the client can hear the refusal.
_DRAINED = 300_000_000

_CLOSE = (b"connection", b"close")
#: Header in which the portal shows the key that only a process on this data folder knows.
_INTERNAL = "x-klucznik-internal"
_WARNING = b"x-system-warning"

#: What can be said of a failure of ours; the log has the rest.
_OURS = both(
    "the local KSeF failed here; its log has the traceback", "tu zawiódł lokalny KSeF; szczegóły w dzienniku"
)

#: Key of the ASGI extension that ends the connection at once, where the server has it.
DROP = "klucznik.drop"


@dataclass(slots=True)
class _Call:
    """What is known of a call so far, for the trace and for the causes of refusals."""

    operation: str
    context: str = ""
    refs: tuple[str, ...] = ()
    body: bytes = b""


class App:
    """The application. Handlers are those that `handlers.load()` registers."""

    def __init__(self, ksef: LocalKsef, web: Web | None = None) -> None:
        """`web` answers what is under /web: the portal, which is no part of the server."""
        self.ksef = ksef
        self.web = web
        self.bearers = Bearers()
        handlers.load()
        self._routes: dict[int, list[tuple[tuple[str, ...], dict[str, Handler]]]] = {}
        for handler in HANDLERS.values():
            self._add(handler)

    def _add(self, handler: Handler) -> None:
        parts = tuple(handler.row.path.strip("/").split("/"))
        same_length = self._routes.setdefault(len(parts), [])
        for known, methods in same_length:
            if known == parts:
                methods[handler.row.method] = handler
                return
        same_length.append((parts, {handler.row.method: handler}))
        # Fixed words before {names}: /invoices/failed is not an invoice reference.
        same_length.sort(key=lambda route: [part.startswith("{") for part in route[0]])

    def _find(self, parts: list[str]) -> tuple[dict[str, Handler], dict[str, str]] | None:
        for known, methods in self._routes.get(len(parts), ()):
            names: dict[str, str] = {}
            for want, have in zip(known, parts, strict=True):
                if want.startswith("{") and have:
                    names[want[1:-1]] = have
                elif want != have:
                    break
            else:
                return methods, names
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        trace_id = os.urandom(16).hex()
        headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            # Repeated ones become one list (RFC 9110): two bearers are no bearer, not the last of them.
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        path = scope["path"]
        if self.web and (path == "/" or path == "/web" or path.startswith("/web/")):
            await self._to_web(self.web, scope, receive, send, headers.get("host", ""))
            return
        problem_details = headers.get("x-error-format", "").lower() == "problem-details"
        now = self.ksef.clock.now()
        started = time.perf_counter()
        call = _Call(f"{scope['method'][:20]} ?")
        try:
            answer = await self._answer(scope, receive, headers, path, trace_id, call)
        except Dropped:
            self._note(call, trace_id, now, 0, started)
            await _drop(scope, receive)
            return
        except (Exception, asyncio.CancelledError) as raised:  # the one place where these become answers
            # Cancelled: the server stops, and has waited for this one as long as it waits.
            cancelled = isinstance(raised, asyncio.CancelledError)
            fault = (
                Plain(503, "The server is stopping.", "Serwer kończy pracę.", _CLOSE) if cancelled else raised
            )
            answer = refusal(fault, path, trace_id, now, problem_details) or failure(
                fault, path, trace_id, now, problem_details
            )
            self.ksef.causes.note(
                self.ksef,
                trace_id=trace_id,
                refs=(*call.refs, *numbers_in(call.body)),
                operation=call.operation,
                context=call.context,
                status=answer.status,
                said=str(fault) if hasattr(fault, "why") else "500",
                why=getattr(fault, "why", _OURS),
            )
        echoed = headers.get("x-test-system-warning")
        if echoed and self.ksef.profile == "test" and answer.status < 300:  # auth.md section 8
            answer.headers.append((_WARNING, echoed.encode("ascii", "replace")))
        self._note(call, trace_id, now, answer.status, started)
        answer.headers.append((b"content-length", str(len(answer.body)).encode()))
        # One clock for everything: clients measure the lives of tokens, and dates of Retry-After, by this.
        answer.headers.append((b"date", format_datetime(now, usegmt=True).encode()))
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s %s: %s (trace %s)", scope["method"], loggable(path[:200]), answer.status, trace_id)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _to_web(self, web: Web, scope: Scope, receive: Receive, send: Send, host: str) -> None:
        allowed = host_allowed(host, self.ksef.allowed_hosts)
        if allowed and scope["path"] != "/":
            await web(scope, receive, send)
            return
        # No web page reaches us under a name of its own; and who types the bare address means the portal.
        status, headers = (303, [(b"location", b"/web/")]) if allowed else (400, [])
        headers.append((b"content-length", b"0"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _note(self, call: _Call, trace_id: str, now: datetime, status: int, started: float) -> None:
        took = (time.perf_counter() - started) * 1000
        self.ksef.trace.note(Traced(now, call.operation, call.context, status, took, trace_id))

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        headers: dict[str, str],
        path: str,
        trace_id: str,
        call: _Call,
    ) -> Answer:
        ksef = self.ksef
        now = ksef.clock.now()
        # (1) Only hosts we know, so that no web page reaches us under a name of its own.
        host = headers.get("host", "")
        if not host_allowed(host, ksef.allowed_hosts):
            raise Plain(
                400,
                f"Host {host[:100]!r} is not served here; start with --allow-host to add it.",
                f"host {host[:100]!r} nie jest tu obsługiwany; dodaje go --allow-host przy starcie",
            )
        # Two lengths are a trap for whoever reads the other one: refuse, and read nothing further.
        if "content-length" in headers and "transfer-encoding" in headers:
            raise Plain(
                400,
                "Content-Length and Transfer-Encoding exclude each other.",
                "Content-Length i Transfer-Encoding wykluczają się nawzajem",
                _CLOSE,
            )
        if path == "/healthz":
            return Answer(200, b'{"status":"ok"}')
        origin = f"{scope['scheme']}://{host}"
        client_ip = scope["client"][0] if scope.get("client") else "127.0.0.1"
        if path.startswith("/storage/"):
            call.operation = f"{scope['method'][:20]} /storage"
            struck = await ksef.faults.struck(call.operation, "")
            query = scope["query_string"].decode("latin-1")
            try:
                await strike(ksef, struck, "before", "", now)
                slot = uploads.admit(ksef, path, query, headers, now) if scope["method"] == "PUT" else None
            except Plain:
                await _read(receive, 0)
                raise
            if slot:
                call.refs = (slot.ref,)
                fetched = await uploads.take(ksef, slot, receive)
            else:
                fetched = await links.answer(ksef, scope["method"], path, query, now)
            await strike(ksef, struck, "after-commit", "", now)
            return fetched
        if path.startswith("/latarnia/") and scope["method"] == "GET":
            call.operation = f"GET {path[:60]}"
            if announced := latarnia.answer(ksef, path):
                return announced
        raw_path: bytes = scope.get("raw_path") or path.encode()
        if path.startswith("/qr/") and scope["method"] == "GET":
            call.operation = "GET /qr"
            accepts = headers.get("accept-language", "")
            return qr_pages.answer(ksef, raw_path.decode("latin-1"), origin, accepts, now)
        # One slash at the end is forgiven, no other.
        text = raw_path.decode("latin-1").removeprefix("/").removesuffix("/")
        parts = [unquote(part) for part in text.split("/")]
        found = self._find(parts[1:]) if parts and parts[0] == "v2" else None
        if found and parts[1] == "testdata" and ksef.profile != "test":
            found = None  # testdata.md: TEST environment only
        if found is None:
            await _read(receive, _LARGEST_BODY)
            shown = masked(path)[:200]
            raise Plain(
                404, f"{shown} is not an operation of this KSeF.", f"{shown} nie jest operacją tego KSeF"
            )
        methods, names = found
        handler = methods.get(scope["method"])
        if handler is None:
            await _read(receive, _LARGEST_BODY)
            allowed = ", ".join(sorted(methods))
            method = scope["method"][:20]
            raise Plain(
                405,
                f"{method} is not allowed here; {allowed} is.",
                f"{method} jest tu niedozwolone; dozwolone: {allowed}",
                (b"allow", allowed.encode()),
            )
        row = handler.row
        call.operation = f"{row.method} {row.path}"
        call.refs = tuple(names.values())
        # (2) Who calls, from where, how often, with what right.
        try:
            caller = await self._admit(row, headers, client_ip, now)
        except (Unauthorized, Forbidden, TooMany):
            # A refusal sent into an unread body is lost on the way: read it, keep nothing.
            await _read(receive, 0)
            raise
        if caller and caller.context.type:
            call.context = f"{caller.context.type} {caller.context.value}"
        body = await _read(receive, _LARGEST_INVOICE_BODY if row is sessions.SEND else _LARGEST_BODY)
        call.body = body
        struck = await ksef.faults.struck(call.operation, caller.context.value if caller else "")
        reference = names.get("referenceNumber", "")
        await strike(ksef, struck, "before", reference, now)
        # (3) What is asked.
        ask: Ask[Any] = Ask(
            row=row,
            ksef=ksef,
            now=now,
            trace_id=trace_id,
            origin=origin,
            client_ip=client_ip,
            headers=headers,
            path=read_path(row, names),
            body=await _read_model(row, body, headers.get("content-type", "")),
            raw=body,
            query=_paged(ksef, read_query(row, scope["query_string"].decode("latin-1"), headers)),
            caller_or_none=caller,
        )
        # (4) Do it.
        if handler.prepare:
            if handler.threaded:
                ask.prepared = await asyncio.to_thread(handler.prepare, ask)
            else:
                prepared = handler.prepare(ask)
                ask.prepared = await prepared if isinstance(prepared, Coroutine) else prepared

        def work(db: Any) -> Any:
            ask._db = db
            return handler.answer(ask)

        given = ksef.store.read(work) if handler.reads else await ksef.store.write(work)
        await strike(ksef, struck, "after-commit", reference, now)
        done = _given(row.status, given)
        if ask.warnings:
            done.headers.append((_WARNING, header(ask.warnings).encode("ascii")))
        return done

    async def _admit(
        self, row: Endpoint[Any], headers: Mapping[str, str], client_ip: str, now: datetime
    ) -> Caller | None:
        ksef = self.ksef
        # The portal's calls are not counted, as those of the real portal are not.
        counted = not self._from_portal(headers)
        if row.bearer == "anonymous":
            if counted:
                await ksef.limiter.count(row, "", client_ip, now.timestamp())
            return None
        caller = self.bearers.read(ksef, headers.get("authorization"), now)
        admit(row, caller)
        admit_address(caller, client_ip)
        if not counted:
            pass
        elif row.limits == LimitGroup.anonymous:
            await ksef.limiter.count(row, "", client_ip, now.timestamp())
        else:
            own = ksef.store.look(lambda db: rates_of(db, caller.context))
            context = f"{caller.context.type} {caller.context.value}"
            await ksef.limiter.count(row, context, client_ip, now.timestamp(), own)
        admit_permissions(row, caller)
        return caller

    def _from_portal(self, headers: Mapping[str, str]) -> bool:
        told = headers.get(_INTERNAL)
        if told is None:
            return False
        with self.ksef.keys.internal.reveal() as key:
            return hmac.compare_digest(told.encode(), key.hex().encode())


def _paged(ksef: LocalKsef, query: Any) -> Any:
    """The query parameters, with smaller pages where a scenario or a fault script wants them."""
    if getattr(query, "page_size", None) is None:
        return query
    largest = page_size(ksef)
    return query if largest is None else query.model_copy(update={"page_size": min(query.page_size, largest)})


async def _drop(scope: Scope, receive: Receive) -> None:
    """End the connection without an answer."""
    scope["extensions"][DROP]()
    while (await receive())["type"] != "http.disconnect":
        pass


def _given(status: int, given: Any) -> Answer:
    if isinstance(given, Answer):
        return given
    if given is None:
        return Answer(status, b"", [])
    if isinstance(given, Xml):
        return Answer.xml(given)
    assert isinstance(given, BaseModel)
    body = given.__pydantic_serializer__.to_json(given, by_alias=True, exclude_none=True)
    return Answer(status, body)


async def _read_model(row: Endpoint[Any], body: bytes, content_type: str) -> Any:
    if len(body) < _LONG_BODY:
        return read_body(row, body, content_type)
    return await asyncio.to_thread(read_body, row, body, content_type)


async def _read(receive: Receive, largest: int) -> bytes:
    """The whole body; beyond `largest` bytes it is read on, thrown away, and refused with 413."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Plain(
                400,
                "The connection was closed in the middle of the body.",
                "połączenie zerwano w środku treści",
            )
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= largest:
            chunks.append(chunk)
        else:
            chunks.clear()
        if not message.get("more_body") or size > _DRAINED:
            break
    if size > largest > 0:
        raise Plain(
            413,
            f"The body has more than {largest} bytes, the most this operation reads.",
            f"treść ma ponad {largest} bajtów, a tyle najwyżej czyta ta operacja",
        )
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
