"""The truth: what this local KSeF has accepted, and how often each document was posted."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from klucznik.server.tables import instant, invoices
from klucznik.wire.base import wire_time

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
