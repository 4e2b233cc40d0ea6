"""Invoices of a session: all, failed, one. Rules: sessions.md sections 8 and 9."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import select

from klucznik.lang import both
from klucznik.server import links, paging
from klucznik.server.ask import Ask, answers
from klucznik.server.opened import admit_reader, by_ref, check_reference, no_session, readable
from klucznik.server.tables import instant, instant_or_none, invoices
from klucznik.wire import codes
from klucznik.wire import sessions as wire
from klucznik.wire.common import InvoicingMode
from klucznik.wire.problems import Problem
from klucznik.wire.sessions import (
    InvoiceStatusInfo,
    SessionInvoicesQuery,
    SessionInvoicesResponse,
    SessionInvoiceStatusResponse,
)

# KSeF publishes no words for this one; they are ours (docs/divergences.md).
_NO_SUCH_INVOICE: Final = "Faktura o numerze referencyjnym {ref} nie została znaleziona."

_COLUMNS: Final = (
    invoices.c.ref,
    invoices.c.session_ref,
    invoices.c.ordinal,
    invoices.c.status,
    invoices.c.details,
    invoices.c.extensions,
    invoices.c.invoice_hash,
    invoices.c.file_name,
    invoices.c.invoicing,
    invoices.c.acquired,
    invoices.c.stored,
    invoices.c.mode,
    invoices.c.ksef_number,
    invoices.c.number,
)


@answers(wire.INVOICES)
def all_invoices(ask: Ask[None]) -> SessionInvoicesResponse:
    """GET /sessions/{referenceNumber}/invoices, in order of the ordinals."""
    return _listed(ask, failed_only=False)


@answers(wire.FAILED)
def failed_invoices(ask: Ask[None]) -> SessionInvoicesResponse:
    """GET /sessions/{referenceNumber}/invoices/failed."""
    return _listed(ask, failed_only=True)


@answers(wire.INVOICE)
def one_invoice(ask: Ask[None]) -> SessionInvoiceStatusResponse:
    """GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}. Its only refusal is 21405."""
    ref = check_reference(ask.path["referenceNumber"])
    invoice_ref = check_reference(ask.path["invoiceReferenceNumber"], "invoiceReferenceNumber")
    session = by_ref(ask.db, ref)
    if session is None:
        raise Problem(codes.INVALID_INPUT, [codes.SESSION_NOT_FOUND.format(ref=ref)], why=no_session(ref).why)
    admit_reader(ask.caller, session)
    row = ask.db.execute(
        select(*_COLUMNS).where(invoices.c.ref == invoice_ref, invoices.c.session_ref == ref)
    ).first()
    if row is None:
        raise Problem(
            codes.INVALID_INPUT,
            [_NO_SUCH_INVOICE.format(ref=invoice_ref)],
            why=both("the session holds no such invoice", "w tej sesji nie ma takiej faktury"),
        )
    return _shown(ask, row)


def _listed(ask: Ask[None], *, failed_only: bool) -> SessionInvoicesResponse:
    session = readable(ask.db, ask.caller, ask.path["referenceNumber"])
    query = ask.query
    assert isinstance(query, SessionInvoicesQuery)
    listing = f"{ask.row.path} {session.ref}"
    wanted = select(*_COLUMNS).where(invoices.c.session_ref == session.ref)
    if failed_only:
        wanted = wanted.where(invoices.c.status > 200)
    if after := paging.position(ask.ksef, listing, query.continuation_token):
        wanted = wanted.where(invoices.c.ordinal > after[0])
    rows = ask.db.execute(wanted.order_by(invoices.c.ordinal).limit(query.page_size + 1)).all()
    page = rows[: query.page_size]
    more = len(rows) > len(page)
    return SessionInvoicesResponse(
        continuation_token=paging.issue(ask.ksef, listing, [page[-1].ordinal]) if more else None,
        invoices=[_shown(ask, row) for row in page],
    )


def _shown(ask: Ask[Any], row: Any) -> SessionInvoiceStatusResponse:
    """What was found stands in the row from the start; it is told once the status is final."""
    final = row.status >= 200
    accepted = row.ksef_number is not None
    link = None
    if accepted:
        link = links.invoice_upo(ask.ksef, ask.origin, row.session_ref, row.ksef_number, ask.now)
    stored = row.stored is not None and ask.ksef.storage.has(row.stored)
    return SessionInvoiceStatusResponse(
        ordinal_number=row.ordinal,
        invoice_number=row.number if final else None,
        ksef_number=row.ksef_number,
        reference_number=row.ref,
        invoice_hash=row.invoice_hash,
        invoice_file_name=row.file_name,
        acquisition_date=instant_or_none(row.acquired),
        invoicing_date=instant(row.invoicing),
        permanent_storage_date=instant(row.stored) if stored else None,
        upo_download_url=link,
        upo_download_url_expiration_date=ask.now + links.UPO_LIFE if accepted else None,
        invoicing_mode=InvoicingMode(row.mode) if row.mode else None,
        status=InvoiceStatusInfo(
            code=row.status,
            description=codes.INVOICE_STATUS[row.status],
            details=json.loads(row.details) if final and row.details else None,
            extensions=json.loads(row.extensions) if row.extensions else None,
        ),
    )
