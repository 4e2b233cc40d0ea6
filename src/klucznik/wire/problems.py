"""How KSeF says no: the error envelopes, and the exceptions of the server that become them.

HTTP 400 and 429 have two envelopes: the old one, and `application/problem+json` when the request
carries `X-Error-Format: problem-details`. 401, 403 and 410 are always problem details. Rules: auth.md
section 4, limits.md section 3.

Each exception keeps `why`, plain words for the developer about the true cause. The local KSeF shows it
on its management door; it never travels to the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import ConfigDict

from klucznik.lang import both
from klucznik.wire.base import Int32, MayOmit, Model, Timestamp, TimestampZ
from klucznik.wire.codes import Code
from klucznik.wire.ids import ReferenceNumber


class ExceptionDetails(Model):
    exception_code: MayOmit[Int32] = None
    exception_description: str | None = None
    details: list[str] | None = None


class ExceptionInfo(Model):
    exception_detail_list: list[ExceptionDetails] | None = None
    reference_number: ReferenceNumber | None = None
    service_code: str | None = None
    service_ctx: str | None = None
    service_name: str | None = None
    timestamp: MayOmit[TimestampZ] = None


class ExceptionResponse(Model):
    """HTTP 400, the old envelope."""

    exception: ExceptionInfo | None = None


class ApiError(Model):
    code: Int32
    description: str
    details: list[str] | None = None


class BadRequestProblemDetails(Model):
    title: str
    status: Int32
    instance: str
    detail: str
    errors: list[ApiError]
    timestamp: Timestamp
    trace_id: str


class UnauthorizedProblemDetails(Model):
    title: str
    status: Int32
    detail: str
    instance: str | None = None
    trace_id: str | None = None
    timestamp: Timestamp


class ForbiddenProblemDetails(Model):
    title: str
    status: Int32
    detail: str
    instance: str | None = None
    reason_code: str
    security: dict[str, Any] | None = None
    trace_id: str | None = None
    timestamp: MayOmit[Timestamp] = None


class GoneProblemDetails(Model):
    title: str
    status: Int32
    instance: str
    detail: str
    timestamp: Timestamp
    trace_id: str


class TooManyRequestsStatus(Model):
    """The object inside `TooManyRequestsResponse`, which has no name in the contract."""

    model_config = ConfigDict(json_schema_extra={"x-inline": True})

    code: int
    description: str
    details: list[str]


class TooManyRequestsResponse(Model):
    """HTTP 429, the old envelope."""

    status: TooManyRequestsStatus


class TooManyRequestsProblemDetails(Model):
    title: str
    status: Int32
    instance: str
    detail: str
    timestamp: Timestamp
    trace_id: str


@dataclass(frozen=True)
class Reason:
    """Why a caller is kept out (HTTP 403): the code for programs, the sentence for people."""

    code: str
    detail: str


#: With `requiredAnyOfPermissions` and `presentPermissions`, both lists.
MISSING_PERMISSIONS: Final = Reason(
    "missing-permissions", "Brak wymaganych uprawnień do wykonania operacji w bieżącym kontekście."
)
#: With `clientIp`.
IP_NOT_ALLOWED: Final = Reason(
    "ip-not-allowed", "Żądanie pochodzi z adresu IP innego niż wskazany podczas uwierzytelnienia."
)
INSUFFICIENT_RESOURCE_ACCESS: Final = Reason(
    "insufficient-resource-access", "Brak dostępu do wskazanego zasobu."
)
#: With `authenticationMethodCategory`.
AUTH_METHOD_NOT_ALLOWED: Final = Reason(
    "auth-method-not-allowed", "Ta operacja nie jest dostępna dla użytej metody uwierzytelnienia."
)
#: With `incidentId` and `clientIp`.
SECURITY_SERVICE_BLOCKED: Final = Reason("security-service-blocked", "")
#: With `contextIdentifierType`.
CONTEXT_TYPE_NOT_ALLOWED: Final = Reason(
    "context-type-not-allowed", "Operacja nie jest dostępna dla uwierzytelnionego typu kontekstu."
)

REASONS: Final[dict[str, Reason]] = {
    reason.code: reason
    for reason in (
        MISSING_PERMISSIONS,
        IP_NOT_ALLOWED,
        INSUFFICIENT_RESOURCE_ACCESS,
        AUTH_METHOD_NOT_ALLOWED,
        SECURITY_SERVICE_BLOCKED,
        CONTEXT_TYPE_NOT_ALLOWED,
    )
}


class Problem(Exception):
    """HTTP 400: one code, its description, and details that say what it was about."""

    status = 400

    def __init__(self, code: Code, details: Sequence[str] = (), why: str = "") -> None:
        super().__init__(f"{code.number} {code.description}")
        self.code = code
        self.details = tuple(details)
        self.why = why

    def as_exception(self, *, service_code: str, now: datetime) -> ExceptionResponse:
        """The old envelope; live bodies carry only these three properties (auth.md section 4)."""
        detail = ExceptionDetails(
            exception_code=self.code.number,
            exception_description=self.code.description,
            details=list(self.details) or None,
        )
        return ExceptionResponse(
            exception=ExceptionInfo(exception_detail_list=[detail], service_code=service_code, timestamp=now)
        )

    def as_problem(self, *, instance: str, trace_id: str, now: datetime) -> BadRequestProblemDetails:
        """Problem details; `instance` is the path with `/v2`."""
        error = ApiError(
            code=self.code.number, description=self.code.description, details=list(self.details) or None
        )
        return BadRequestProblemDetails(
            title="Bad Request",
            status=self.status,
            instance=instance,
            detail="Żądanie jest nieprawidłowe.",
            errors=[error],
            timestamp=now,
            trace_id=trace_id,
        )


class Unauthorized(Exception):
    """HTTP 401: no bearer, or one that is expired, foreign or of the wrong kind."""

    status = 401

    def __init__(self, why: str = "") -> None:
        super().__init__("401 Unauthorized")
        self.why = why

    def as_problem(self, *, instance: str, trace_id: str, now: datetime) -> UnauthorizedProblemDetails:
        return UnauthorizedProblemDetails(
            title="Unauthorized",
            status=self.status,
            detail="Wymagane jest uwierzytelnienie.",
            instance=instance,
            trace_id=trace_id,
            timestamp=now,
        )


class Forbidden(Exception):
    """HTTP 403: the caller is known and may not. `security` names what was asked for and what is held."""

    status = 403

    def __init__(self, reason: Reason, security: Mapping[str, Any] | None = None, why: str = "") -> None:
        super().__init__(f"403 {reason.code}")
        self.reason_code = reason.code
        self.detail = reason.detail
        self.security = dict(security) if security is not None else None
        self.why = why

    def as_problem(self, *, instance: str, trace_id: str, now: datetime) -> ForbiddenProblemDetails:
        return ForbiddenProblemDetails(
            title="Forbidden",
            status=self.status,
            detail=self.detail,
            instance=instance,
            reason_code=self.reason_code,
            security=self.security,
            trace_id=trace_id,
            timestamp=now,
        )


class Gone(Exception):
    """HTTP 410: the operation was kept as long as the contract says, and is kept no longer."""

    status = 410

    def __init__(self, why: str = "") -> None:
        super().__init__("410 Gone")
        self.why = why

    def as_problem(self, *, instance: str, trace_id: str, now: datetime) -> GoneProblemDetails:
        return GoneProblemDetails(
            title="Gone",
            status=self.status,
            instance=instance,
            detail="Operacja wygasła i nie jest już dostępna.",
            timestamp=now,
            trace_id=trace_id,
        )


Window = Literal["second", "minute", "hour"]
_PER_WINDOW: Final[dict[Window, str]] = {"second": "sekundę", "minute": "minutę", "hour": "godzinę"}


class TooMany(Exception):
    """HTTP 429: `limit` calls per `window` are used up; try again after `retry_after` whole seconds."""

    status = 429

    def __init__(self, limit: int, window: Window, retry_after: int, why: str = "") -> None:
        super().__init__(f"429 {limit} per {window}")
        self.limit = limit
        self.window = window
        self.retry_after = retry_after
        self.why = why or both(
            f"more than {limit} calls of this group in a {window}, from this address in this context",
            f"ponad {limit} wywołań tej grupy na {_PER_WINDOW[window]}, z tego adresu w tym kontekście",
        )

    @property
    def header(self) -> str | None:
        """Retry-After, which KSeF gives in seconds."""
        return str(self.retry_after)

    @property
    def sentence(self) -> str:
        return (
            f"Przekroczono limit {self.limit} żądań na {_PER_WINDOW[self.window]}. "
            f"Spróbuj ponownie po {self.retry_after} sekundach."
        )

    def as_exception(self) -> TooManyRequestsResponse:
        """The old envelope."""
        return TooManyRequestsResponse(
            status=TooManyRequestsStatus(
                code=self.status, description="Too Many Requests", details=[self.sentence]
            )
        )

    def as_problem(self, *, instance: str, trace_id: str, now: datetime) -> TooManyRequestsProblemDetails:
        return TooManyRequestsProblemDetails(
            title="Too Many Requests",
            status=self.status,
            instance=instance,
            detail=self.sentence,
            timestamp=now,
            trace_id=trace_id,
        )
