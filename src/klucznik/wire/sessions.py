"""Sessions: open, send, close, list, status, UPO. Rules: sessions.md, invoice-verification.md."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from klucznik.wire.base import Base64Bytes, Int32, Int64, Model, Sha256HashBase64, Timestamp, WireEnum
from klucznik.wire.common import CompressionType, EncryptionInfo, FormCode, InvoicingMode, StatusInfo
from klucznik.wire.endpoint import Endpoint, LimitGroup, Nothing, Xml
from klucznik.wire.ids import KsefNumber, ReferenceNumber

Count = Annotated[Int32, Field(ge=0)]
Url = Annotated[str, Field(json_schema_extra={"format": "uri"})]
PageSize = Annotated[Int32, Field(ge=10, le=1000)]
ContinuationToken = Annotated[
    str | None, Field(alias="x-continuation-token", json_schema_extra={"in": "header"})
]


class OpenOnlineSessionRequest(Model):
    form_code: FormCode
    encryption: EncryptionInfo


class OpenOnlineSessionResponse(Model):
    reference_number: ReferenceNumber
    valid_until: Timestamp


class SendInvoiceRequest(Model):
    """Sizes in bytes; hash and size of the document plain, then encrypted."""

    invoice_hash: Sha256HashBase64
    invoice_size: Annotated[Int64, Field(ge=1)]
    encrypted_invoice_hash: Sha256HashBase64
    encrypted_invoice_size: Annotated[Int64, Field(ge=1)]
    encrypted_invoice_content: Base64Bytes
    offline_mode: bool = False
    hash_of_corrected_invoice: Sha256HashBase64 | None = None


class SendInvoiceResponse(Model):
    reference_number: ReferenceNumber


class BatchFilePartInfo(Model):
    """Size in bytes and hash of a part after its encryption."""

    ordinal_number: Annotated[Int32, Field(ge=1)]
    file_size: Annotated[Int64, Field(ge=1)]
    file_hash: Sha256HashBase64


class BatchFileInfo(Model):
    """Size in bytes and hash of the whole archive before encryption; `compression_type` absent: Zip."""

    file_size: Annotated[Int64, Field(ge=1, le=5_000_000_000)]
    file_hash: Sha256HashBase64
    compression_type: CompressionType | None = None
    file_parts: Annotated[list[BatchFilePartInfo], Field(min_length=1, max_length=50)]


class OpenBatchSessionRequest(Model):
    """`offline_mode` holds for every invoice of the package."""

    form_code: FormCode
    batch_file: BatchFileInfo
    encryption: EncryptionInfo
    offline_mode: bool = False


class PartUploadRequest(Model):
    """How to upload a part: exactly so, and without an Authorization header."""

    ordinal_number: Annotated[Int32, Field(ge=1)]
    method: str
    url: Url
    headers: dict[str, str | None]


class OpenBatchSessionResponse(Model):
    reference_number: ReferenceNumber
    part_upload_requests: list[PartUploadRequest]


class SessionType(WireEnum):
    Online = "Online"
    Batch = "Batch"


class CommonSessionStatus(WireEnum):
    """Groups of session statuses, for filtering (sessions.md section 9)."""

    InProgress = "InProgress"
    Succeeded = "Succeeded"
    Failed = "Failed"
    Cancelled = "Cancelled"


class SessionsQueryResponseItem(Model):
    reference_number: ReferenceNumber
    status: StatusInfo
    date_created: Timestamp
    date_updated: Timestamp
    valid_until: Timestamp | None = None
    total_invoice_count: Count
    successful_invoice_count: Count
    failed_invoice_count: Count


class SessionsQueryResponse(Model):
    continuation_token: str | None = None
    sessions: list[SessionsQueryResponseItem]


class UpoPageResponse(Model):
    reference_number: ReferenceNumber
    download_url: Url
    download_url_expiration_date: Timestamp


class UpoResponse(Model):
    pages: list[UpoPageResponse]


class SessionStatusResponse(Model):
    """`upo` only at status 200. When a counter is absent: sessions.md section 8."""

    status: StatusInfo
    date_created: Timestamp
    date_updated: Timestamp
    valid_until: Timestamp | None = None
    upo: UpoResponse | None = None
    invoice_count: Count | None = None
    successful_invoice_count: Count | None = None
    failed_invoice_count: Count | None = None


class InvoiceStatusInfo(Model):
    """`extensions` come with 440 alone and name the original invoice."""

    code: Int32
    description: Annotated[str, Field(min_length=1)]
    details: list[str] | None = None
    extensions: dict[str, str | None] | None = None


class SessionInvoiceStatusResponse(Model):
    ordinal_number: Annotated[Int32, Field(ge=1)]
    invoice_number: Annotated[str, Field(max_length=256)] | None = None
    ksef_number: KsefNumber | None = None
    reference_number: ReferenceNumber
    invoice_hash: Sha256HashBase64
    invoice_file_name: Annotated[str, Field(max_length=128)] | None = None
    acquisition_date: Timestamp | None = None
    invoicing_date: Timestamp
    permanent_storage_date: Timestamp | None = None
    upo_download_url: Url | None = None
    upo_download_url_expiration_date: Timestamp | None = None
    invoicing_mode: InvoicingMode | None = None
    status: InvoiceStatusInfo


class SessionInvoicesResponse(Model):
    continuation_token: str | None = None
    invoices: list[SessionInvoiceStatusResponse]


class SessionsQuery(Model):
    """Parameters of GET /sessions."""

    page_size: PageSize = 10
    session_type: SessionType
    reference_number: ReferenceNumber | None = None
    date_created_from: Timestamp | None = None
    date_created_to: Timestamp | None = None
    date_closed_from: Timestamp | None = None
    date_closed_to: Timestamp | None = None
    date_modified_from: Timestamp | None = None
    date_modified_to: Timestamp | None = None
    statuses: list[CommonSessionStatus] | None = None
    continuation_token: ContinuationToken = None


class SessionInvoicesQuery(Model):
    """Parameters of GET /sessions/{referenceNumber}/invoices and …/invoices/failed."""

    continuation_token: ContinuationToken = None
    page_size: PageSize = 10


SENDERS: Final = ("InvoiceWrite", "PefInvoiceWrite", "EnforcementOperations")
BATCH_SENDERS: Final = ("InvoiceWrite", "EnforcementOperations")
READERS: Final = ("InvoiceWrite", "Introspection", "PefInvoiceWrite", "EnforcementOperations")

OPEN_ONLINE = Endpoint(
    "POST",
    "/sessions/online",
    OpenOnlineSessionRequest,
    OpenOnlineSessionResponse,
    201,
    limits=LimitGroup.onlineSession,
    permissions=SENDERS,
    refuses=(21001, 21405, 21470),
)
SEND = Endpoint(
    "POST",
    "/sessions/online/{referenceNumber}/invoices",
    SendInvoiceRequest,
    SendInvoiceResponse,
    202,
    limits=LimitGroup.invoiceSend,
    permissions=SENDERS,
    refuses=(21001, 21155, 21166, 21167, 21173, 21180, 21184, 21402, 21403, 21405),
)
CLOSE_ONLINE = Endpoint(
    "POST",
    "/sessions/online/{referenceNumber}/close",
    None,
    Nothing,
    204,
    limits=LimitGroup.onlineSessionClose,
    permissions=SENDERS,
    refuses=(21173, 21180, 21405),
)
OPEN_BATCH = Endpoint(
    "POST",
    "/sessions/batch",
    OpenBatchSessionRequest,
    OpenBatchSessionResponse,
    201,
    limits=LimitGroup.batchSession,
    permissions=BATCH_SENDERS,
    refuses=(21001, 21157, 21161, 21405, 21470),
)
CLOSE_BATCH = Endpoint(
    "POST",
    "/sessions/batch/{referenceNumber}/close",
    None,
    Nothing,
    204,
    limits=LimitGroup.batchSessionClose,
    permissions=BATCH_SENDERS,
    refuses=(21157, 21173, 21180, 21205, 21208, 21405),
)
LIST = Endpoint(
    "GET",
    "/sessions",
    None,
    SessionsQueryResponse,
    200,
    limits=LimitGroup.sessionList,
    permissions=("InvoiceWrite", "Introspection", "EnforcementOperations"),
    refuses=(21001, 21405, 21418),
    query=SessionsQuery,
)
STATUS = Endpoint(
    "GET",
    "/sessions/{referenceNumber}",
    None,
    SessionStatusResponse,
    200,
    limits=LimitGroup.sessionMisc,
    permissions=READERS,
    refuses=(21173, 21405),
)
INVOICES = Endpoint(
    "GET",
    "/sessions/{referenceNumber}/invoices",
    None,
    SessionInvoicesResponse,
    200,
    limits=LimitGroup.sessionInvoiceList,
    permissions=READERS,
    refuses=(21001, 21173, 21405, 21418),
    query=SessionInvoicesQuery,
)
FAILED = Endpoint(
    "GET",
    "/sessions/{referenceNumber}/invoices/failed",
    None,
    SessionInvoicesResponse,
    200,
    limits=LimitGroup.sessionInvoiceList,
    permissions=READERS,
    refuses=(21001, 21173, 21405, 21418),
    query=SessionInvoicesQuery,
)
INVOICE = Endpoint(
    "GET",
    "/sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}",
    None,
    SessionInvoiceStatusResponse,
    200,
    limits=LimitGroup.invoiceStatus,
    permissions=READERS,
    refuses=(21405,),
)
UPO_BY_KSEF_NUMBER = Endpoint(
    "GET",
    "/sessions/{referenceNumber}/invoices/ksef/{ksefNumber}/upo",
    None,
    Xml,
    200,
    limits=LimitGroup.sessionMisc,
    permissions=READERS,
    refuses=(21178, 21405),
)
UPO_BY_INVOICE = Endpoint(
    "GET",
    "/sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo",
    None,
    Xml,
    200,
    limits=LimitGroup.sessionMisc,
    permissions=READERS,
    refuses=(21405,),
)
UPO_PAGE = Endpoint(
    "GET",
    "/sessions/{referenceNumber}/upo/{upoReferenceNumber}",
    None,
    Xml,
    200,
    limits=LimitGroup.sessionMisc,
    permissions=READERS,
    refuses=(21173, 21178, 21405),
)
