"""Limits of a context, changed for a test; TEST environment only. Rules: limits.md section 5."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from klucznik.wire.base import Int32, Model
from klucznik.wire.endpoint import Endpoint, Nothing


class ApiRateLimitValuesOverride(Model):
    """Calls per window: at least 1, at most ten times what production allows (checked by the server)."""

    per_second: Int32
    per_minute: Int32
    per_hour: Int32


class ApiRateLimitsOverride(Model):
    """Closing of sessions, anonymous calls and the sum over all cannot be changed."""

    online_session: ApiRateLimitValuesOverride
    batch_session: ApiRateLimitValuesOverride
    invoice_send: ApiRateLimitValuesOverride
    invoice_status: ApiRateLimitValuesOverride
    session_list: ApiRateLimitValuesOverride
    session_invoice_list: ApiRateLimitValuesOverride
    session_misc: ApiRateLimitValuesOverride
    invoice_metadata: ApiRateLimitValuesOverride
    invoice_export: ApiRateLimitValuesOverride
    invoice_export_status: ApiRateLimitValuesOverride
    invoice_download: ApiRateLimitValuesOverride
    collective_identifier: ApiRateLimitValuesOverride
    other: ApiRateLimitValuesOverride


class SetRateLimitsRequest(Model):
    rate_limits: ApiRateLimitsOverride


class OnlineSessionContextLimitsOverride(Model):
    """A megabyte is 1,000,000 bytes of plain XML."""

    max_invoice_size_in_mb: Annotated[Int32, Field(alias="maxInvoiceSizeInMB", ge=0, le=5)]
    max_invoice_with_attachment_size_in_mb: Annotated[
        Int32, Field(alias="maxInvoiceWithAttachmentSizeInMB", ge=0, le=10)
    ]
    max_invoices: Annotated[Int32, Field(ge=0, le=100_000)]


class BatchSessionContextLimitsOverride(Model):
    max_invoice_size_in_mb: Annotated[Int32, Field(alias="maxInvoiceSizeInMB", ge=0, le=5)]
    max_invoice_with_attachment_size_in_mb: Annotated[
        Int32, Field(alias="maxInvoiceWithAttachmentSizeInMB", ge=0, le=10)
    ]
    max_invoices: Annotated[Int32, Field(ge=0, le=100_000)]


class CollectiveIdentifierContextLimitsOverride(Model):
    max_invoices: Annotated[Int32, Field(ge=2, le=5000)]


class SetSessionLimitsRequest(Model):
    online_session: OnlineSessionContextLimitsOverride
    batch_session: BatchSessionContextLimitsOverride
    collective_identifier: CollectiveIdentifierContextLimitsOverride


SET_RATES = Endpoint(
    "POST", "/testdata/rate-limits", SetRateLimitsRequest, Nothing, 200, refuses=(21405,), body_required=False
)
RESET_RATES = Endpoint("DELETE", "/testdata/rate-limits", None, Nothing, 200, refuses=(21405,))
PRODUCTION_RATES = Endpoint("POST", "/testdata/rate-limits/production", None, Nothing, 200, refuses=(21405,))
SET_SESSION = Endpoint(
    "POST",
    "/testdata/limits/context/session",
    SetSessionLimitsRequest,
    Nothing,
    200,
    refuses=(21405,),
    body_required=False,
)
RESET_SESSION = Endpoint("DELETE", "/testdata/limits/context/session", None, Nothing, 200, refuses=(21405,))
