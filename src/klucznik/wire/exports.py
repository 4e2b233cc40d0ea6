"""Exports: packages of invoices, encrypted for whoever asked. Rules: query-export.md section 4."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from klucznik.wire.base import Day, Int32, Int64, Model, Sha256HashBase64, Timestamp
from klucznik.wire.common import CompressionType, EncryptionInfo, StatusInfo
from klucznik.wire.endpoint import Endpoint, LimitGroup
from klucznik.wire.ids import ReferenceNumber
from klucznik.wire.invoices import InvoiceMetadata, InvoiceQueryFilters


class InvoiceExportRequest(Model):
    """The key is the caller's own, wrapped for the Ministry; it seals the package."""

    encryption: EncryptionInfo
    only_metadata: bool = False
    filters: InvoiceQueryFilters
    compression_type: CompressionType | None = None


class ExportInvoicesResponse(Model):
    reference_number: ReferenceNumber


class InvoicePackagePart(Model):
    """A piece of the archive, encrypted by itself; `part_hash` is of the plain piece."""

    ordinal_number: Annotated[Int32, Field(ge=1)]
    part_name: Annotated[str, Field(max_length=100)]
    method: str
    url: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    part_size: Annotated[Int64, Field(ge=1)]
    part_hash: Sha256HashBase64
    encrypted_part_size: Annotated[Int64, Field(ge=1)]
    encrypted_part_hash: Sha256HashBase64
    expiration_date: Timestamp


class InvoicePackage(Model):
    """`size`: bytes of the whole archive. Of the last dates only that of the range's kind, when truncated."""

    invoice_count: Annotated[Int64, Field(ge=0, le=10_000)]
    size: Annotated[Int64, Field(ge=0)]
    parts: list[InvoicePackagePart]
    is_truncated: bool
    last_issue_date: Day | None = None
    last_invoicing_date: Timestamp | None = None
    last_permanent_storage_date: Timestamp | None = None
    permanent_storage_hwm_date: Timestamp | None = None
    compression_type: CompressionType


class InvoiceExportStatusResponse(Model):
    status: StatusInfo
    completed_date: Timestamp | None = None
    package_expiration_date: Timestamp | None = None
    package: InvoicePackage | None = None


class PackageMetadata(Model):
    """`_metadata.json` in every package: the same objects as the metadata query gives."""

    invoices: list[InvoiceMetadata]


START = Endpoint(
    "POST",
    "/invoices/exports",
    InvoiceExportRequest,
    ExportInvoicesResponse,
    201,
    limits=LimitGroup.invoiceExport,
    permissions=("InvoiceRead",),
    refuses=(21001, 21181, 21182, 21405, 21470),
)
STATUS = Endpoint(
    "GET",
    "/invoices/exports/{referenceNumber}",
    None,
    InvoiceExportStatusResponse,
    200,
    limits=LimitGroup.invoiceExportStatus,
    permissions=("InvoiceRead",),
    refuses=(21175, 21405),
    gone=True,
)
