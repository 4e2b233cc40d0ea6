"""Limits: what they are, and how to read them. Rules: limits.md sections 2 and 4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from klucznik.wire.base import Int32, MayOmit, Model, WireEnum
from klucznik.wire.endpoint import Endpoint, LimitGroup, Nothing


class EffectiveApiRateLimitValues(Model):
    """Calls per window; -1 is without limit."""

    per_second: Int32
    per_minute: Int32
    per_hour: Int32


class EffectiveApiRateLimits(Model):
    online_session: EffectiveApiRateLimitValues
    online_session_close: EffectiveApiRateLimitValues
    batch_session: EffectiveApiRateLimitValues
    batch_session_close: EffectiveApiRateLimitValues
    invoice_send: EffectiveApiRateLimitValues
    invoice_status: EffectiveApiRateLimitValues
    session_list: EffectiveApiRateLimitValues
    session_invoice_list: EffectiveApiRateLimitValues
    session_misc: EffectiveApiRateLimitValues
    invoice_metadata: EffectiveApiRateLimitValues
    invoice_export: EffectiveApiRateLimitValues
    invoice_export_status: EffectiveApiRateLimitValues
    invoice_download: EffectiveApiRateLimitValues
    collective_identifier: EffectiveApiRateLimitValues
    other: EffectiveApiRateLimitValues
    anonymous: EffectiveApiRateLimitValues
    global_: EffectiveApiRateLimitValues


Megabytes = Annotated[Int32, Field(ge=0)]


class OnlineSessionEffectiveContextLimits(Model):
    """A megabyte is 1,000,000 bytes of plain XML."""

    max_invoice_size_in_mb: Annotated[Megabytes, Field(alias="maxInvoiceSizeInMB")]
    max_invoice_with_attachment_size_in_mb: Annotated[
        Megabytes, Field(alias="maxInvoiceWithAttachmentSizeInMB")
    ]
    max_invoices: Annotated[Int32, Field(ge=0)]


class BatchSessionEffectiveContextLimits(Model):
    max_invoice_size_in_mb: Annotated[Megabytes, Field(alias="maxInvoiceSizeInMB")]
    max_invoice_with_attachment_size_in_mb: Annotated[
        Megabytes, Field(alias="maxInvoiceWithAttachmentSizeInMB")
    ]
    max_invoices: Annotated[Int32, Field(ge=0)]


class CollectiveIdentifierEffectiveContextLimits(Model):
    max_invoices: Annotated[Int32, Field(ge=2)]


class EffectiveContextLimits(Model):
    online_session: OnlineSessionEffectiveContextLimits
    batch_session: BatchSessionEffectiveContextLimits
    collective_identifier: CollectiveIdentifierEffectiveContextLimits


class EnrollmentEffectiveSubjectLimits(Model):
    max_enrollments: MayOmit[Int32] = None


class CertificateEffectiveSubjectLimits(Model):
    max_certificates: MayOmit[Int32] = None


class EffectiveSubjectLimits(Model):
    enrollment: EnrollmentEffectiveSubjectLimits | None = None
    certificate: CertificateEffectiveSubjectLimits | None = None


class SubjectIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class EnrollmentSubjectLimitsOverride(Model):
    max_enrollments: Annotated[Int32, Field(ge=0)] | None = None


class CertificateSubjectLimitsOverride(Model):
    max_certificates: Annotated[Int32, Field(ge=0)] | None = None


class SetSubjectLimitsRequest(Model):
    """What is absent or null stays as it is."""

    subject_identifier_type: MayOmit[SubjectIdentifierType] = None
    enrollment: EnrollmentSubjectLimitsOverride | None = None
    certificate: CertificateSubjectLimitsOverride | None = None


@dataclass(frozen=True)
class Rates:
    """Calls allowed in a sliding second, minute and hour; -1 is without limit."""

    per_second: int
    per_minute: int = -1
    per_hour: int = -1


#: Figures of production, which TEST shares. In `other` each endpoint has such a counter of its own.
GROUPS: Final[dict[LimitGroup, Rates]] = {
    LimitGroup.onlineSession: Rates(10, 30, 120),
    LimitGroup.onlineSessionClose: Rates(20, 60, 240),
    LimitGroup.batchSession: Rates(10, 20, 60),
    LimitGroup.batchSessionClose: Rates(20, 40, 120),
    LimitGroup.invoiceSend: Rates(10, 30, 180),
    LimitGroup.invoiceStatus: Rates(30, 120, 1200),
    LimitGroup.sessionList: Rates(5, 10, 60),
    LimitGroup.sessionInvoiceList: Rates(10, 20, 200),
    LimitGroup.sessionMisc: Rates(10, 120, 1200),
    LimitGroup.invoiceMetadata: Rates(8, 16, 20),
    LimitGroup.invoiceExport: Rates(8, 16, 20),
    LimitGroup.invoiceExportStatus: Rates(10, 60, 600),
    LimitGroup.invoiceDownload: Rates(8, 16, 64),
    LimitGroup.collectiveIdentifier: Rates(20, 120, 240),
    LimitGroup.other: Rates(10, 30, 120),
    LimitGroup.anonymous: Rates(60),
}

#: Over all calls of one address; announced and reported, not enforced yet.
GLOBAL: Final = Rates(75)

RATE_LIMITS = Endpoint("GET", "/rate-limits", None, EffectiveApiRateLimits, 200)
CONTEXT = Endpoint("GET", "/limits/context", None, EffectiveContextLimits, 200)
SUBJECT = Endpoint("GET", "/limits/subject", None, EffectiveSubjectLimits, 200)
SUBJECT_SET = Endpoint(
    "POST",
    "/testdata/limits/subject/certificate",
    SetSubjectLimitsRequest,
    Nothing,
    200,
    refuses=(21405,),
    body_required=False,
)
SUBJECT_RESET = Endpoint("DELETE", "/testdata/limits/subject/certificate", None, Nothing, 200)
