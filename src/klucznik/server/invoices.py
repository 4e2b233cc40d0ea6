"""Metadata query and download. Rules: query-export.md sections 1, 2 and 5."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Float, Select, and_, cast, false, or_, select

from klucznik.clock import WARSAW
from klucznik.lang import both
from klucznik.server.access import Context
from klucznik.server.ask import Ask, answers
from klucznik.server.local import LocalKsef
from klucznik.server.render import Answer
from klucznik.server.tables import instant, invoice_bytes, invoice_parties, invoices, stamp
from klucznik.server.upos import check_ksef_number
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
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
    InvoiceType,
    QueryInvoicesMetadataResponse,
    ThirdSubjectIdentifierType,
)
from klucznik.wire.problems import Forbidden, Problem

LONGEST_SPAN: Final = timedelta(days=100)

# KSeF publishes no words for these; they are ours (docs/divergences.md).
_SPAN: Final = "The range of 'dateRange' must not exceed 100 days."
_ORDER: Final = "'dateRange.to' must be greater than or equal to 'dateRange.from'."


async def _promise(ask: Ask[InvoiceQueryFilters]) -> int | None:
    """The high water mark, taken before looking: what is not there yet lies above it."""
    if ask.body.date_range.date_type != InvoiceQueryDateType.PermanentStorage:
        return None
    return await ask.ksef.storage.promise()


@answers(wire.QUERY_METADATA, reads=True, prepare=_promise)
def query_metadata(ask: Ask[InvoiceQueryFilters]) -> QueryInvoicesMetadataResponse:
    """POST /invoices/query/metadata."""
    body, query, mark = ask.body, ask.query, ask.prepared
    assert isinstance(query, InvoiceMetadataQuery)
    # (1) A range that makes sense, of 100 days at most.
    check_span(body.date_range, ask.now)
    # (2) Up to the high water mark, where that is asked for.
    to, hwm = bounds(body.date_range, ask.ksef, mark)
    # (3) What the context may see in this role, narrowed by the filters.
    found = matching(ask.caller.context, body, to, ask.ksef)
    found = found.order_by(*ordered(body.date_range.date_type, query.sort_order))
    most = ask.ksef.caps.records
    offset = query.page_offset * query.page_size
    size = max(0, min(query.page_size, most - offset))
    # One more than the page tells whether there is another.
    rows = ask.db.execute(found.offset(min(offset, most)).limit(size + 1)).all()
    more = len(rows) > size
    return QueryInvoicesMetadataResponse(
        has_more=more,
        is_truncated=more and offset + size >= most,
        permanent_storage_hwm_date=hwm,
        invoices=[metadata(row) for row in rows[:size]],
    )


def check_span(span: InvoiceQueryDateRange, now: datetime) -> None:
    """Raises 21405 for a range that ends before it begins, or of more than 100 days."""
    if span.to and span.to < span.from_:
        raise Problem(
            codes.INVALID_INPUT,
            [_ORDER],
            why=both("dateRange ends before it begins", "dateRange kończy się przed swoim początkiem"),
        )
    if (length := (span.to or now) - span.from_) > LONGEST_SPAN:
        raise Problem(
            codes.INVALID_INPUT, [_SPAN], why=both(f"the range has {length}", f"zakres ma {length}")
        )


def bounds(
    span: InvoiceQueryDateRange, ksef: LocalKsef, mark: int | None
) -> tuple[datetime, datetime | None]:
    """The end of the range and the high water mark to tell; `mark` only for PermanentStorage.

    Raises 21183 for a range restricted to the mark that begins above it.
    """
    if mark is None:
        return span.to or ksef.clock.now(), None
    to, hwm = span.to or instant(ksef.storage.now()), instant(mark)
    if span.restrict_to_permanent_storage_hwm_date:
        if span.from_ > hwm:
            why = both(
                f"dateRange.from is above the high water mark, {hwm.isoformat()}",
                f"dateRange.from jest powyżej znacznika HWM, {hwm.isoformat()}",
            )
            raise Problem(codes.RANGE_BEYOND_DATA, [codes.FROM_AFTER_HWM], why=why)
        to = min(to, hwm)
    return to, min(to, hwm)


def ordered(kind: InvoiceQueryDateType, order: SortOrder = SortOrder.Asc) -> list[Any]:
    """The columns by which a list of this kind of date is sorted."""
    columns = (_DATES[kind], invoices.c.ksef_number)
    return [column.desc() if order == SortOrder.Desc else column for column in columns]


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


def matching(context: Context, filters: InvoiceQueryFilters, to: datetime, ksef: LocalKsef) -> Select[Any]:
    """Stored invoices that the context sees in the role asked for and that all filters let through."""
    found = select(invoices).where(invoices.c.ksef_number.is_not(None), ksef.storage.visible())
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


def party(context: Context) -> Any:
    """The condition for invoices on which the context stands, in whatever role."""
    return or_(*(_visible(context, role) for role in InvoiceQuerySubjectType))


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
        why = both("this KSeF gave no such number", "ten KSeF nie nadał takiego numeru")
        raise Problem(codes.NO_INVOICE, [codes.INVOICE_NOT_FOUND.format(ksef_number=ksef_number)], why=why)
    # (2) The context is one of its parties.
    if not _is_party(ask.db, ask.caller.context, row.ref):
        context = ask.caller.context
        raise Forbidden(
            problems.INSUFFICIENT_RESOURCE_ACCESS,
            why=both(
                f"{context.type} {context.value} is no party of {ksef_number}",
                f"{context.type} {context.value} nie jest stroną faktury {ksef_number}",
            ),
        )
    # (3) It has reached permanent storage.
    if not ask.ksef.storage.has(row.stored):
        text = codes.INVOICE_PROCESSED_NOT_STORED.format(ksef_number=ksef_number)
        why = both(
            "it has its number, and reaches permanent storage a moment later",
            "ma już numer, a do trwałego repozytorium trafi za chwilę",
        )
        raise Problem(codes.INVOICE_NOT_STORED_YET, [text], why=why)
    document = ask.db.execute(select(invoice_bytes.c.xml).where(invoice_bytes.c.invoice_ref == row.ref))
    return Answer.xml(bytes(document.scalar_one()))


def _is_party(db: Connection, context: Context, ref: str) -> bool:
    return db.execute(select(invoices.c.ref).where(invoices.c.ref == ref, party(context))).first() is not None
