"""Receiving invoices: metadata, single downloads, and the walk that misses none, by downloads or exports.

Rules: query-export.md sections 1 to 5; reliability.md section D ("Receive rule").
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from klucznik.client import exports
from klucznik.client.exports import export as export
from klucznik.client.flow import Flow, Pace, Pause, ask, now
from klucznik.client.numbers import heed
from klucznik.clock import WARSAW
from klucznik.crypto.envelope import sha256_base64
from klucznik.errors import KlucznikError, Refused, TookTooLong, TooManyRequests, Unreadable
from klucznik.lang import tr
from klucznik.wire import invoices
from klucznik.wire.common import SortOrder
from klucznik.wire.endpoint import Call, Xml
from klucznik.wire.ids import check_ksef_number
from klucznik.wire.invoices import (
    InvoiceMetadata,
    InvoiceMetadataQuery,
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
    QueryInvoicesMetadataResponse,
)

#: The widest range of one query, counted in UTC.
LONGEST_RANGE = timedelta(days=100)
PAGE_SIZE = 250

#: By how much this machine's clock may be wrong.
_CLOCKS_DIFFER = timedelta(days=1)

#: "The start is later than the HWM": nothing new there yet.
_NOTHING_YET = 21183


def query(
    filters: InvoiceQueryFilters,
    *,
    sort_order: SortOrder = SortOrder.Asc,
    page_offset: int = 0,
    page_size: int = PAGE_SIZE,
) -> Call[QueryInvoicesMetadataResponse]:
    """POST /invoices/query/metadata; `page_offset` counts pages."""
    parameters = InvoiceMetadataQuery(sort_order=sort_order, page_offset=page_offset, page_size=page_size)
    return invoices.QUERY_METADATA(filters, query=parameters)


def download(ksef_number: str) -> Call[Xml]:
    """GET /invoices/ksef/{n}: the bytes exactly as sent; their hash is checked by the client.

    Raises `Unreadable` for a mistyped number.
    """
    check_ksef_number(ksef_number)
    return invoices.DOWNLOAD(ksefNumber=ksef_number)


@dataclass(frozen=True)
class Listing:
    """Every record of a range, once each, and the HWM (only for PermanentStorage)."""

    invoices: list[InvoiceMetadata]
    hwm: datetime | None


def query_all(filters: InvoiceQueryFilters) -> Flow[Listing]:
    """All pages of a query, ascending; a truncated one goes on from its last record's date.

    Raises `TookTooLong` when more records than KSeF lists share one instant: only an export helps.
    """
    found: dict[str, InvoiceMetadata] = {}
    offset, hwm = 0, None
    while True:
        answer = yield from ask(query(filters, page_offset=offset))
        hwm = hwm or answer.permanent_storage_hwm_date
        for item in answer.invoices:
            found.setdefault(item.ksef_number, item)
        if not answer.has_more:
            return Listing(list(found.values()), hwm)
        if not answer.invoices:
            raise Unreadable(
                tr("An empty page of invoices claims more.", "Pusta strona faktur zapowiada kolejne.")
            )
        if not answer.is_truncated:
            offset += 1
            continue
        start = _date_of(answer.invoices[-1], filters.date_range.date_type)
        if start <= filters.date_range.from_:
            raise TookTooLong(
                tr(
                    "Too many invoices share one instant to be listed.",
                    "Zbyt wiele faktur z tej samej chwili.",
                ),
                hint=tr("use an export instead.", "użyj eksportu."),
            )
        filters = _starting(filters, start)
        offset = 0


@dataclass(frozen=True)
class Some:
    """The first records of a query, and whether KSeF holds more."""

    invoices: list[InvoiceMetadata]
    has_more: bool


def query_some(
    filters: InvoiceQueryFilters, most: int, *, sort_order: SortOrder = SortOrder.Desc
) -> Flow[Some]:
    """The first `most` records (up to the 10,000 that one query lists), in as few calls as it takes."""
    found: dict[str, InvoiceMetadata] = {}
    offset = 0
    while True:
        answer = yield from ask(query(filters, sort_order=sort_order, page_offset=offset))
        for item in answer.invoices:
            found.setdefault(item.ksef_number, item)
        is_last = not answer.has_more or answer.is_truncated or not answer.invoices
        if is_last or len(found) >= most:
            return Some(list(found.values())[:most], answer.has_more or len(found) > most)
        offset += 1


@dataclass(frozen=True)
class Received:
    """How many were new, and where the next walk begins. Store the bookmark after the invoices."""

    count: int
    bookmark: datetime


def receive_since(
    role: InvoiceQuerySubjectType | str,
    start: datetime,
    keep: Callable[[InvoiceMetadata, bytes], None],
    known: Container[str] = frozenset(),
) -> Flow[Received]:
    """Everything stored for the company in that role since `start`, up to the HWM, each once.

    `keep(metadata, xml)` is called for each KSeF number not in `known`, the bytes checked against
    `invoiceHash`; it must be durable when it returns. The bookmark is the HWM, never plus one: windows
    share their boundary, and the KSeF number tells what is known. On an error nothing is lost: begin
    again at the old bookmark.
    """
    count, bookmark = 0, start
    seen: set[str] = set()
    while True:
        instant = yield from now()
        limit = bookmark + LONGEST_RANGE
        # KSeF counts an open end by its own clock, which may be ahead of ours.
        to = limit if limit < instant + _CLOCKS_DIFFER else None
        try:
            listing = yield from query_all(_window(role, bookmark, to))
        except Refused as error:
            if error.code != _NOTHING_YET:
                raise
            return Received(count, bookmark)
        for item in listing.invoices:
            if item.ksef_number in seen or item.ksef_number in known:
                continue
            xml = yield from _fetch(item)
            keep(item, xml)
            seen.add(item.ksef_number)
            count += 1
        if listing.hwm is None:
            raise Unreadable(
                tr("KSeF gave no HWM for a range by PermanentStorage.", "KSeF nie podał HWM dla zakresu.")
            )
        reached = listing.hwm if to is None else min(to, listing.hwm)
        if to is None or reached <= bookmark:
            return Received(count, max(reached, bookmark))
        bookmark = reached


def receive_exported(
    role: InvoiceQuerySubjectType | str,
    start: datetime,
    keep: Callable[[InvoiceMetadata, bytes], None],
    known: Container[str] = frozenset(),
    *,
    pace: Pace = exports.PACE,
) -> Flow[Received]:
    """The same walk by exports, for many invoices: a package of up to 10,000 for one of the 20 calls an
    hour, where the other way takes a download for each invoice. Rule: query-export.md section 3.

    A truncated package is followed at once by the next, from the date of its last invoice. `keep` and
    the bookmark as in `receive_since`; the two ways may take turns on one bookmark.
    """
    bookmark = start
    seen: set[str] = set()

    def keep_new(item: InvoiceMetadata, xml: bytes) -> None:
        if item.ksef_number not in seen and item.ksef_number not in known:
            keep(item, xml)
            seen.add(item.ksef_number)

    while True:
        instant = yield from now()
        limit = bookmark + LONGEST_RANGE
        to = limit if limit < instant + _CLOCKS_DIFFER else None
        try:
            made = yield from exports.export(_window(role, bookmark, to), keep_new, pace=pace)
        except Refused as error:
            if error.code != _NOTHING_YET:
                raise
            return Received(len(seen), bookmark)
        reached = made.last if made.is_truncated else made.hwm
        if reached is None:
            raise Unreadable(
                tr("KSeF does not say how far its package goes.", "KSeF nie podał, dokąd sięga paczka.")
            )
        if not made.is_truncated and to is not None:
            reached = min(reached, to)
        if made.is_truncated and reached <= bookmark:
            raise TookTooLong(
                tr("A whole package of invoices shares one instant.", "Cała paczka faktur ma tę samą datę."),
                hint=tr("receive without exports.", "odbierz bez eksportów."),
            )
        if not made.is_truncated and (to is None or reached <= bookmark):
            return Received(len(seen), max(reached, bookmark))
        bookmark = reached


def _fetch(item: InvoiceMetadata) -> Flow[bytes]:
    """The document of a record; a few seconds' patience where KSeF is not ready (21165)."""
    number = heed(item.ksef_number)
    for pause in (2.0, 5.0, None):
        try:
            xml = yield from ask(invoices.DOWNLOAD(ksefNumber=number))
        except KlucznikError as error:
            if pause is None or error.again != "later" or isinstance(error, TooManyRequests):
                raise
            yield Pause(pause)
            continue
        if sha256_base64(xml) != item.invoice_hash:
            raise Unreadable(
                tr(
                    f"{item.ksef_number}: the document does not match the hash in its metadata.",
                    f"{item.ksef_number}: dokument nie zgadza się ze skrótem w metadanych.",
                )
            )
        return xml
    raise AssertionError("the last attempt returns or raises")


def _window(role: InvoiceQuerySubjectType | str, start: datetime, to: datetime | None) -> InvoiceQueryFilters:
    return InvoiceQueryFilters(
        subject_type=InvoiceQuerySubjectType(role),
        date_range=InvoiceQueryDateRange(
            date_type=InvoiceQueryDateType.PermanentStorage,
            from_=start,
            to=to,
            restrict_to_permanent_storage_hwm_date=True,
        ),
    )


def _starting(filters: InvoiceQueryFilters, start: datetime) -> InvoiceQueryFilters:
    dates = filters.date_range.model_copy(update={"from_": start})
    return filters.model_copy(update={"date_range": dates})


def _date_of(item: InvoiceMetadata, kind: InvoiceQueryDateType) -> datetime:
    """The instant by which a record was sorted; of an issue date the beginning of that day in Poland."""
    match kind:
        case InvoiceQueryDateType.PermanentStorage:
            return item.permanent_storage_date
        case InvoiceQueryDateType.Invoicing:
            return item.invoicing_date
        case InvoiceQueryDateType.Issue:
            return datetime.combine(item.issue_date, time(), WARSAW)
