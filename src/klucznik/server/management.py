"""The management door: on a port of its own, loopback only, for tests and for the curious.

Here: `GET /truth`, what is accepted and how often each document arrived. JSON content type is
demanded of anything with a body, the Host list is the API's, and there is no CORS: no web page gets
an answer.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, func, select

from klucznik.server.app import Receive, Scope, Send
from klucznik.server.hosts import host_allowed
from klucznik.server.local import LocalKsef
from klucznik.server.tables import instant, invoices
from klucznik.wire.base import wire_time


class Management:
    """The ASGI application of the management port."""

    def __init__(self, ksef: LocalKsef) -> None:
        self.ksef = ksef

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        host = headers.get(b"host", b"").decode("latin-1")
        if not host_allowed(host, self.ksef.allowed_hosts):
            status, body = 400, {"error": f"Host {host[:100]!r} is not served here."}
        elif scope["path"] == "/healthz":
            status, body = 200, {"status": "ok"}
        elif scope["path"] != "/truth":
            status, body = 404, {"error": f"{scope['path'][:200]} is not a path of the management door."}
        elif scope["method"] != "GET":
            status, body = 405, {"error": "GET is the only method here."}
        else:
            status, body = 200, self.ksef.store.read(truth)
        content = json.dumps(body, ensure_ascii=False).encode()
        answer_headers = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": answer_headers})
        await send({"type": "http.response.body", "body": content})


#: Every acknowledged post is a row, whatever became of it.
_POSTS = select(invoices.c.invoice_hash, func.count().label("posts")).group_by(invoices.c.invoice_hash)


def truth(db: Connection) -> dict[str, Any]:
    """Accepted documents (seller, number, KSeF number, hash, when), and accepted posts per hash."""
    rows = db.execute(
        select(
            invoices.c.seller_nip,
            invoices.c.number,
            invoices.c.kind,
            invoices.c.ksef_number,
            invoices.c.invoice_hash,
            invoices.c.session_ref,
            invoices.c.acquired,
        )
        .where(invoices.c.ksef_number.is_not(None))
        .order_by(invoices.c.acquired, invoices.c.ref)
    )
    return {
        "accepted": [
            {
                "sellerNip": row.seller_nip,
                "invoiceNumber": row.number,
                "invoiceType": row.kind,
                "ksefNumber": row.ksef_number,
                "invoiceHash": row.invoice_hash,
                "sessionReferenceNumber": row.session_ref,
                "acquisitionDate": wire_time(instant(row.acquired)),
            }
            for row in rows
        ],
        "posts": {row.invoice_hash: row.posts for row in db.execute(_POSTS)},
    }
