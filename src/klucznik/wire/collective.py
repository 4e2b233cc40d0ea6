"""Collective identifiers: invoices of one seller, paid at once. Rules: ksef-number.md section 3."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from klucznik.wire.base import Amount, Int32, Model, Timestamp
from klucznik.wire.endpoint import Endpoint, LimitGroup
from klucznik.wire.ids import KsefNumber
from klucznik.wire.invoices import CurrencyCode

CollectiveIdentifierNumber = Annotated[str, Field(min_length=35, max_length=35)]
Remark = Annotated[str, Field(max_length=512)]
ContinuationToken = Annotated[
    str | None, Field(alias="x-continuation-token", json_schema_extra={"in": "header"})
]


class CollectiveIdentifierInvoicePayment(Model):
    amount: Amount
    currency: CurrencyCode


class CollectiveIdentifierInvoice(Model):
    ksef_number: KsefNumber
    payment: CollectiveIdentifierInvoicePayment | None = None
    description: Remark | None = None


class GenerateCollectiveIdentifierRequest(Model):
    """Two or more, up to the limit of the context, all of one seller."""

    invoices: Annotated[list[CollectiveIdentifierInvoice], Field(min_length=2)]


class GenerateCollectiveIdentifierResponse(Model):
    collective_identifier_number: CollectiveIdentifierNumber


class CollectiveIdentifiersQueryRequest(Model):
    collective_identifier_number: str | None = None
    date_created_from: Timestamp
    date_created_to: Timestamp
    invoice_count_from: Int32 | None = None
    invoice_count_to: Int32 | None = None
    created_in_current_context: bool | None = None


class CollectiveIdentifiersQueryResponseItem(Model):
    collective_identifier_number: CollectiveIdentifierNumber
    date_created: Timestamp
    #: The contract writes "at least 1" as "more than 0".
    invoice_count: Annotated[Int32, Field(ge=1, json_schema_extra={"minimum": 0, "exclusiveMinimum": True})]
    created_in_current_context: bool


class CollectiveIdentifiersQueryResponse(Model):
    continuation_token: str | None = None
    collective_identifiers: list[CollectiveIdentifiersQueryResponseItem]


class CollectiveIdentifierInvoicesQueryRequest(Model):
    collective_identifier_numbers: list[str]


class CollectiveIdentifierInvoicesQueryResponseItemPayment(Model):
    amount: Amount
    currency: Annotated[str, Field(min_length=3, max_length=3)]


class CollectiveIdentifierInvoicesQueryResponseItem(Model):
    """`details_hidden`: there are details, and they are not for the asking context."""

    ksef_number: KsefNumber
    collective_identifier_number: str
    payment: CollectiveIdentifierInvoicesQueryResponseItemPayment | None = None
    description: Remark | None = None
    details_hidden: bool


class CollectiveIdentifierInvoicesQueryResponse(Model):
    continuation_token: str | None = None
    invoices: list[CollectiveIdentifierInvoicesQueryResponseItem]


class CollectiveIdentifiersByKsefNumberQueryResponseItem(Model):
    collective_identifier_number: CollectiveIdentifierNumber
    created_in_current_context: bool
    date_created: Timestamp


class CollectiveIdentifiersByKsefNumberQueryResponse(Model):
    continuation_token: str | None = None
    collective_identifiers: list[CollectiveIdentifiersByKsefNumberQueryResponseItem]


class CollectivePage(Model):
    """Query and header parameters of the two lists of identifiers."""

    page_size: Annotated[Int32, Field(ge=10, le=200)] = 10
    continuation_token: ContinuationToken = None


class CollectiveInvoicesPage(Model):
    """Query and header parameters of the list of invoices."""

    page_size: Annotated[Int32, Field(ge=10, le=500)] = 10
    continuation_token: ContinuationToken = None


_COMMON: Final[dict[str, Any]] = {
    "limits": LimitGroup.collectiveIdentifier,
    "permissions": ("InvoiceRead", "InvoiceWrite", "CollectiveIdentifierManage"),
}

GENERATE = Endpoint(
    "POST",
    "/collective-identifiers",
    GenerateCollectiveIdentifierRequest,
    GenerateCollectiveIdentifierResponse,
    201,
    refuses=(21001, 21405, 71001, 71002, 71004, 71005),
    **_COMMON,
)
QUERY = Endpoint(
    "POST",
    "/collective-identifiers/query",
    CollectiveIdentifiersQueryRequest,
    CollectiveIdentifiersQueryResponse,
    200,
    refuses=(21001, 21405, 21418),
    query=CollectivePage,
    **_COMMON,
)
INVOICES = Endpoint(
    "POST",
    "/collective-identifiers/invoices",
    CollectiveIdentifierInvoicesQueryRequest,
    CollectiveIdentifierInvoicesQueryResponse,
    200,
    refuses=(21001, 21405, 21418),
    query=CollectiveInvoicesPage,
    **_COMMON,
)
OF_INVOICE = Endpoint(
    "GET",
    "/collective-identifiers/ksef/{ksefNumber}",
    None,
    CollectiveIdentifiersByKsefNumberQueryResponse,
    200,
    refuses=(21001, 21405, 21418),
    query=CollectivePage,
    **_COMMON,
)
