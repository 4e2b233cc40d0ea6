"""Metadata query and download. Rules: query-export.md sections 1, 2 and 5."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Float, Select, and_, cast, false, select

from klucznik.clock import WARSAW
from klucznik.server.access import Context
from klucznik.server.ask import Ask, answers
from klucznik.server.render import Answer
from klucznik.server.tables import instant, invoice_bytes, invoice_parties, invoices, stamp
from klucznik.server.upos import check_ksef_number
from klucznik.server.verification import high_water_mark
from klucznik.wire import codes, problems
from klucznik.wire import invoices as wire
from klucznik.wire.common import FormCode, InvoicingMode, SortOrder
from klucznik.wire.invoices import (
    AmountType,
    BuyerIdentifierType,
    InvoiceMetadata,
    InvoiceMetadataAuthorizedSubject,
    InvoiceMetadataBuyer,
    InvoiceMetadataBuyerIdentifier,
    InvoiceMetadataQuery,
    InvoiceMetadataSeller,
    InvoiceMetadataThirdSubject,
    InvoiceMetadataThirdSubjectIdentifier,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
    InvoiceType,
    QueryInvoicesMetadataResponse,
    ThirdSubjectIdentifierType,
)
from klucznik.wire.problems import Forbidden, Problem

#: Records that one query reaches; beyond them the client moves the date range.
MOST_RECORDS: Final = 10_000
LONGEST_SPAN: Final = timedelta(days=100)

# KSeF publishes no words for these; they are ours (docs/divergences.md).
_SPAN: Final = "The range of 'dateRange' must not exceed 100 days."
_ORDER: Final = "'dateRange.to' must be greater than or equal to 'dateRange.from'."


@answers(wire.QUERY_METADATA, reads=True)
def query_metadata(ask: Ask[InvoiceQueryFilters]) -> QueryInvoicesMetadataResponse:
    """POST /invoices/query/metadata."""
    body, query = ask.body, ask.query
    assert isinstance(query, InvoiceMetadataQuery)
    span = body.date_range
    by_storage = span.date_type == InvoiceQueryDateType.PermanentStorage
    # (1) A range that makes sense, of 100 days at most.
    to = span.to or ask.now
    if span.to and span.to < span.from_:
        raise Problem(codes.INVALID_INPUT, [_ORDER])
    if to - span.from_ > LONGEST_SPAN:
        raise Problem(codes.INVALID_INPUT, [_SPAN], why=f"the range has {to - span.from_}")
    # (2) The high water mark, taken before looking: what is not there yet lies above it.
    mark = instant(high_water_mark(ask.ksef, ask.now))
    if by_storage and span.restrict_to_permanent_storage_hwm_date:
        if span.from_ > mark:
            raise Problem(codes.RANGE_BEYOND_DATA, [codes.FROM_AFTER_HWM])
        to = min(to, mark)
    # (3) What the context may see in this role, narrowed by the filters.
    found = matching(ask.caller.context, body, to, ask.now)
    order = (_DATES[span.date_type], invoices.c.ksef_number)
    if query.sort_order == SortOrder.Desc:
        found = found.order_by(*(column.desc() for column in order))
    else:
        found = found.order_by(*order)
    offset = query.page_offset * query.page_size
    size = max(0, min(query.page_size, MOST_RECORDS - offset))
    # One more than the page tells whether there is another.
    rows = ask.db.execute(found.offset(min(offset, MOST_RECORDS)).limit(size + 1)).all()
    more = len(rows) > size
    return QueryInvoicesMetadataResponse(
        has_more=more,
        is_truncated=more and offset + size >= MOST_RECORDS,
        permanent_storage_hwm_date=min(to, mark) if by_storage else None,
        invoices=[metadata(row) for row in rows[:size]],
    )


_DATES: Final = {
    InvoiceQueryDateType.Issue: invoices.c.issued,
    InvoiceQueryDateType.Invoicing: invoices.c.invoicing,
    InvoiceQueryDateType.PermanentStorage: invoices.c.stored,
}
_AMOUNTS: Final = {
    AmountType.Brutto: invoices.c.gross,
    AmountType.Netto: invoices.c.net,
    AmountType.Vat: invoices.c.vat,
}


def matching(context: Context, filters: InvoiceQueryFilters, to: datetime, now: datetime) -> Select[Any]:
    """Stored invoices that the context sees in the role asked for and that all filters let through."""
    found = select(invoices).where(invoices.c.ksef_number.is_not(None), invoices.c.stored <= stamp(now))
    found = found.where(_visible(context, filters.subject_type), _within(filters, to))
    for column, value in (
        (invoices.c.ksef_number, filters.ksef_number),
        (invoices.c.number, filters.invoice_number),
        (invoices.c.seller_nip, filters.seller_nip),
        (invoices.c.mode, filters.invoicing_mode),
        (invoices.c.self_invoicing, filters.is_self_invoicing),
        (invoices.c.form_value, filters.form_type),
        (invoices.c.attachment, filters.has_attachment),
    ):
        if value is not None:
            found = found.where(column == value)
    if filters.currency_codes:
        found = found.where(invoices.c.currency.in_([code.value for code in filters.currency_codes]))
    if filters.invoice_types:
        found = found.where(invoices.c.kind.in_([kind.value for kind in filters.invoice_types]))
    if buyer := filters.buyer_identifier:
        found = found.where(invoices.c.buyer_type == buyer.type.value)
        if buyer.value is not None:
            found = found.where(invoices.c.buyer_value == buyer.value)
    if amount := filters.amount:
        # Amounts are kept exactly, as text; compared as the double that the contract makes of them.
        stored = cast(_AMOUNTS[amount.type], Float)
        if amount.from_ is not None:
            found = found.where(stored >= float(amount.from_))
        if amount.to is not None:
            found = found.where(stored <= float(amount.to))
    return found


def _within(filters: InvoiceQueryFilters, to: datetime) -> Any:
    span = filters.date_range
    if span.date_type == InvoiceQueryDateType.Issue:
        # A day has no hour: the days on which the range begins and ends in Poland belong to it.
        return invoices.c.issued.between(_polish_day(span.from_), _polish_day(to))
    return _DATES[span.date_type].between(stamp(span.from_), stamp(to))


def _polish_day(moment: datetime) -> str:
    # The last hours of the year 9999 in UTC lie beyond the calendar in Poland.
    moment = min(moment, datetime.max.replace(tzinfo=UTC) - timedelta(days=1))
    return moment.astimezone(WARSAW).date().isoformat()


def _visible(context: Context, role: InvoiceQuerySubjectType) -> Any:
    """Which invoices a context sees in a role: query-export.md section 1, Visibility."""
    is_nip = context.type == "Nip"
    if role == InvoiceQuerySubjectType.Subject1:
        return invoices.c.seller_nip == context.value if is_nip else false()
    if role == InvoiceQuerySubjectType.Subject2:
        if is_nip:
            return and_(invoices.c.buyer_type == "Nip", invoices.c.buyer_value == context.value)
        if context.type == "NipVatUe":
            nip, _, vat_ue = context.value.partition("-")
            return and_(
                invoices.c.seller_nip == nip,
                invoices.c.buyer_type == "VatUe",
                invoices.c.buyer_value == vat_ue,
            )
        return false()
    if context.type not in ("Nip", "InternalId"):
        return false()
    return invoices.c.ref.in_(
        select(invoice_parties.c.invoice_ref).where(
            invoice_parties.c.id_value == context.value,
            invoice_parties.c.role == role.value,
            invoice_parties.c.id_type == context.type,
        )
    )


def metadata(row: Any) -> InvoiceMetadata:
    """What KSeF tells of a stored invoice."""
    thirds = json.loads(row.thirds) if row.thirds else []
    authorized = json.loads(row.authorized) if row.authorized else None
    return InvoiceMetadata(
        ksef_number=row.ksef_number,
        invoice_number=row.number,
        issue_date=date.fromisoformat(row.issued),
        invoicing_date=instant(row.invoicing),
        acquisition_date=instant(row.acquired),
        permanent_storage_date=instant(row.stored),
        seller=InvoiceMetadataSeller(nip=row.seller_nip, name=row.seller_name),
        buyer=InvoiceMetadataBuyer(
            identifier=InvoiceMetadataBuyerIdentifier(
                type=BuyerIdentifierType(row.buyer_type), value=row.buyer_value
            ),
            name=row.buyer_name,
        ),
        net_amount=Decimal(row.net),
        gross_amount=Decimal(row.gross),
        vat_amount=Decimal(row.vat),
        currency=row.currency,
        invoicing_mode=InvoicingMode(row.mode),
        invoice_type=InvoiceType(row.kind),
        form_code=FormCode(
            system_code=row.system_code, schema_version=row.schema_version, value=row.form_value
        ),
        is_self_invoicing=row.self_invoicing,
        has_attachment=row.attachment,
        invoice_hash=row.invoice_hash,
        hash_of_corrected_invoice=row.corrected_hash,
        third_subjects=[
            InvoiceMetadataThirdSubject(
                identifier=InvoiceMetadataThirdSubjectIdentifier(
                    type=ThirdSubjectIdentifierType(third["type"]), value=third["value"]
                ),
                name=third["name"],
                role=third["role"],
            )
            for third in thirds
        ]
        or None,
        authorized_subject=InvoiceMetadataAuthorizedSubject(**authorized) if authorized else None,
    )


@answers(wire.DOWNLOAD)
def download(ask: Ask[None]) -> Answer:
    """GET /invoices/ksef/{ksefNumber}: the bytes exactly as sent."""
    ksef_number = check_ksef_number(ask.path["ksefNumber"])
    row = ask.db.execute(
        select(invoices.c.ref, invoices.c.stored).where(invoices.c.ksef_number == ksef_number)
    ).first()
    # (1) It is there.
    if row is None:
        raise Problem(codes.NO_INVOICE, [codes.INVOICE_NOT_FOUND.format(ksef_number=ksef_number)])
    # (2) The context is one of its parties.
    if not _is_party(ask.db, ask.caller.context, row.ref):
        context = ask.caller.context
        raise Forbidden(
            problems.INSUFFICIENT_RESOURCE_ACCESS,
            why=f"{context.type} {context.value} is no party of {ksef_number}",
        )
    # (3) It has reached permanent storage.
    if row.stored > stamp(ask.now):
        text = codes.INVOICE_PROCESSED_NOT_STORED.format(ksef_number=ksef_number)
        raise Problem(codes.INVOICE_NOT_STORED_YET, [text])
    document = ask.db.execute(select(invoice_bytes.c.xml).where(invoice_bytes.c.invoice_ref == row.ref))
    return Answer.xml(bytes(document.scalar_one()))


def _is_party(db: Connection, context: Context, ref: str) -> bool:
    for role in InvoiceQuerySubjectType:
        if db.execute(select(invoices.c.ref).where(invoices.c.ref == ref, _visible(context, role))).first():
            return True
    return False
