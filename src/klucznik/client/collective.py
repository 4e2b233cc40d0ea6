"""Collective identifiers: one number for the payment of many invoices. Rule: ksef-number.md section 3."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from klucznik.client.flow import Flow, all_pages
from klucznik.wire import collective
from klucznik.wire.collective import (
    CollectiveIdentifierInvoice,
    CollectiveIdentifierInvoicesQueryRequest,
    CollectiveIdentifierInvoicesQueryResponse,
    CollectiveIdentifierInvoicesQueryResponseItem,
    CollectiveIdentifiersByKsefNumberQueryResponse,
    CollectiveIdentifiersByKsefNumberQueryResponseItem,
    CollectiveIdentifiersQueryRequest,
    CollectiveIdentifiersQueryResponse,
    CollectiveIdentifiersQueryResponseItem,
    CollectiveInvoicesPage,
    CollectivePage,
    GenerateCollectiveIdentifierRequest,
    GenerateCollectiveIdentifierResponse,
)
from klucznik.wire.endpoint import Call
from klucznik.wire.ids import check_ksef_number

PAGE_SIZE = 200
INVOICES_PAGE_SIZE = 500


def generate(
    invoices: Iterable[CollectiveIdentifierInvoice | str],
) -> Call[GenerateCollectiveIdentifierResponse]:
    """POST /collective-identifiers: KSeF numbers of one seller, or numbers with payment and description.

    Raises `Unreadable` for a mistyped number.
    """
    items = [
        CollectiveIdentifierInvoice(ksef_number=each) if isinstance(each, str) else each for each in invoices
    ]
    for item in items:
        check_ksef_number(item.ksef_number)
    return collective.GENERATE(GenerateCollectiveIdentifierRequest(invoices=items))


def query(
    request: CollectiveIdentifiersQueryRequest, continuation_token: str | None = None
) -> Call[CollectiveIdentifiersQueryResponse]:
    """POST /collective-identifiers/query, one page, newest first."""
    page = CollectivePage(page_size=PAGE_SIZE, continuation_token=continuation_token)
    return collective.QUERY(request, query=page)


def of_identifiers(
    numbers: Iterable[str], continuation_token: str | None = None
) -> Call[CollectiveIdentifierInvoicesQueryResponse]:
    """POST /collective-identifiers/invoices, one page: what up to ten identifiers hold."""
    page = CollectiveInvoicesPage(page_size=INVOICES_PAGE_SIZE, continuation_token=continuation_token)
    body = CollectiveIdentifierInvoicesQueryRequest(collective_identifier_numbers=list(numbers))
    return collective.INVOICES(body, query=page)


def of_invoice(
    ksef_number: str, continuation_token: str | None = None
) -> Call[CollectiveIdentifiersByKsefNumberQueryResponse]:
    """GET /collective-identifiers/ksef/{n}, one page: the identifiers that an invoice stands in."""
    check_ksef_number(ksef_number)
    page = CollectivePage(page_size=PAGE_SIZE, continuation_token=continuation_token)
    return collective.OF_INVOICE(query=page, ksefNumber=ksef_number)


def query_all(since: datetime, until: datetime) -> Flow[list[CollectiveIdentifiersQueryResponseItem]]:
    """Every identifier created in a range of at most 100 days."""
    request = CollectiveIdentifiersQueryRequest(date_created_from=since, date_created_to=until)
    pages = yield from all_pages(lambda token: query(request, token))
    return [item for page in pages for item in page.collective_identifiers]


def all_of_identifiers(
    numbers: Iterable[str],
) -> Flow[list[CollectiveIdentifierInvoicesQueryResponseItem]]:
    """Every invoice in up to ten identifiers."""
    wanted = list(numbers)
    pages = yield from all_pages(lambda token: of_identifiers(wanted, token))
    return [item for page in pages for item in page.invoices]


def all_of_invoice(ksef_number: str) -> Flow[list[CollectiveIdentifiersByKsefNumberQueryResponseItem]]:
    """Every identifier that an invoice stands in."""
    pages = yield from all_pages(lambda token: of_invoice(ksef_number, token))
    return [item for page in pages for item in page.collective_identifiers]
