"""From an answer that is no success, or none at all, to one of our errors.

Rules: auth.md section 4 (envelopes), limits.md section 3 (429), reliability.md section D (outcomes).
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from klucznik.client import hints
from klucznik.errors import KlucznikError, Refused, SentNoAnswer, TooManyRequests, Unreachable
from klucznik.lang import tr
from klucznik.secret import Secret

#: Seconds to wait after a 429 that does not say how long.
DEFAULT_RETRY_AFTER = 10.0

_LONGEST_TEXT = 500
_MOST_DETAILS = 20


@dataclass(frozen=True)
class Exchange:
    """One request to carry out. `safe`: repeating it cannot do anything twice."""

    request: httpx2.Request = field(repr=False)
    label: str
    safe: bool


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers (names in any case), the whole body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def failure(
    label: str, answer: Answer, *, safe: bool, now: datetime, hide: Iterable[Secret] = ()
) -> KlucznikError:
    """The error that an unsuccessful answer means."""
    body = _json(answer.body)
    trace_id = clean(_trace_id(body), hide)
    if answer.status == 429:
        return TooManyRequests(
            tr(f"{label}: KSeF asks to slow down.", f"{label}: KSeF prosi, by zwolnić.")
            + _quoted(clean(_too_many_words(body), hide)),
            retry_after=retry_after(answer.headers, now),
        )
    if answer.status >= 500:
        return SentNoAnswer(
            tr(f"{label}: KSeF failed ({answer.status}).", f"{label}: błąd KSeF ({answer.status})."),
            hint="" if safe else _look(),
            again="later" if safe else "look",
        )
    if 300 <= answer.status < 400:
        return Refused(
            tr(
                f"{label}: a redirect ({answer.status}), which is not followed.",
                f"{label}: przekierowanie ({answer.status}), za którym nie idziemy.",
            ),
            status=answer.status,
            hint=tr("check the address of KSeF.", "sprawdź adres KSeF."),
        )
    if answer.status == 401:
        return Refused(
            tr(f"{label}: not logged in (401).", f"{label}: brak zalogowania (401)."),
            status=401,
            trace_id=trace_id,
            hint=tr("log in again.", "zaloguj się ponownie."),
        )
    if answer.status == 403:
        return _forbidden(label, body, trace_id, hide)
    if answer.status == 410:
        return Refused(
            tr(f"{label}: no longer kept by KSeF (410).", f"{label}: KSeF już tego nie przechowuje (410)."),
            status=410,
            trace_id=trace_id,
        )
    return _bad_request(label, answer.status, body, trace_id, hide)


def _bad_request(
    label: str, status: int, body: dict[str, Any], trace_id: str, hide: Iterable[Secret]
) -> Refused:
    """HTTP 400 in either shape; other statuses of the 4xx come here too."""
    errors = [e for e in _list(body.get("errors")) if isinstance(e, dict)]
    if not errors:  # the older envelope
        exception = body.get("exception")
        listed = _list(exception.get("exceptionDetailList")) if isinstance(exception, dict) else []
        errors = [
            {
                "code": e.get("exceptionCode"),
                "description": e.get("exceptionDescription"),
                "details": e.get("details"),
            }
            for e in listed
            if isinstance(e, dict)
        ]
    code = next((e["code"] for e in errors if isinstance(e.get("code"), int)), 0)
    details = [clean(str(d), hide) for e in errors for d in _list(e.get("details"))][:_MOST_DETAILS]
    words = " ".join(clean(str(e.get("description") or ""), hide) for e in errors)
    if not errors:
        words = clean(str(body.get("detail") or body.get("title") or ""), hide)
    return Refused(
        tr(f"{label}: refused ({code or status}).", f"{label}: odmowa ({code or status}).")
        + _quoted(" ".join([words, *details])),
        status=status,
        code=code,
        details=details,
        trace_id=trace_id,
        hint=hints.of_code(code, details)
        or (tr("check the address of KSeF.", "sprawdź adres KSeF.") if status == 404 else ""),
        again=hints.again_for(code),
    )


def _forbidden(label: str, body: dict[str, Any], trace_id: str, hide: Iterable[Secret]) -> Refused:
    """HTTP 403: its reasonCode says why; old builds and firewalls send an empty body."""
    security = body.get("security")
    security = security if isinstance(security, dict) else {}
    required = [clean(str(p), hide) for p in _list(security.get("requiredAnyOfPermissions"))]
    present = [clean(str(p), hide) for p in _list(security.get("presentPermissions"))]
    reason = clean(str(body.get("reasonCode") or ""), hide)
    incident = clean(str(security.get("incidentId") or ""), hide)
    return Refused(
        tr(f"{label}: not allowed (403).", f"{label}: brak dostępu (403).")
        + _quoted(clean(str(body.get("detail") or ""), hide)),
        status=403,
        reason=reason,
        details=[incident] if incident else required,
        trace_id=trace_id,
        hint=hints.of_forbidden(reason, required=required, present=present),
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds of a Retry-After: a number, or a date (measured from the answer's own Date, so that
    a wrong clock here does not matter). Missing or unreadable: `DEFAULT_RETRY_AFTER`."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    until = http_date(value)
    if until is None:
        return DEFAULT_RETRY_AFTER
    return max(0.0, (until - (http_date(headers.get("Date", "")) or now)).total_seconds())


def http_date(value: str) -> datetime | None:
    """An HTTP date as an aware instant; None if it is none."""
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def lost(error: httpx2.HTTPError, exchange: Exchange) -> KlucznikError:
    """A failure of the transport as one of two outcomes: not sent, or sent without an answer.

    Only what happens before the first byte of the request leaves counts as not sent. The library's
    own text is not repeated (it may hold addresses), except why a connection failed.
    """
    label = exchange.label
    if isinstance(
        error,
        httpx2.ConnectError
        | httpx2.ConnectTimeout
        | httpx2.PoolTimeout
        | httpx2.ProxyError
        | httpx2.UnsupportedProtocol,
    ):
        host = exchange.request.url.netloc.decode()
        if _untrusted(error):
            return Unreachable(
                tr(
                    f"{label}: the certificate of {host} is not trusted; nothing was sent.",
                    f"{label}: certyfikat {host} nie jest zaufany; nic nie wysłano.",
                ),
                hint=tr(
                    "for a local CA give its file (--ca); never switch the check off.",
                    "dla lokalnego CA podaj jego plik (--ca); nie wyłączaj sprawdzania.",
                ),
            )
        return Unreachable(
            tr(
                f"{label}: {host} cannot be reached; nothing was sent.",
                f"{label}: nie można połączyć się z {host}; nic nie wysłano.",
            ),
            hint=tr(
                "is the address right, does the server run, is there a network?",
                "czy adres jest dobry, czy serwer działa, czy jest sieć?",
            ),
        )
    return SentNoAnswer(
        tr(
            f"{label}: sent, but no answer came ({type(error).__name__}).",
            f"{label}: wysłano, ale brak odpowiedzi ({type(error).__name__}).",
        ),
        hint="" if exchange.safe else _look(),
        again="later" if exchange.safe else "look",
    )


def _look() -> str:
    return tr(
        "it may have been carried out: look before sending again.",
        "mogło zostać wykonane: sprawdź, zanim wyślesz ponownie.",
    )


def _untrusted(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _json(body: bytes) -> dict[str, Any]:
    """An object, or an empty one: error bodies may be empty or a firewall's page."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _trace_id(body: dict[str, Any]) -> str:
    if isinstance(trace := body.get("traceId"), str):
        return trace
    exception = body.get("exception")
    code = exception.get("serviceCode") if isinstance(exception, dict) else None
    parts = code.split("-") if isinstance(code, str) else []
    return parts[1] if len(parts) == 4 else ""  # 00-<trace>-<span>-00


def _too_many_words(body: dict[str, Any]) -> str:
    if isinstance(detail := body.get("detail"), str):
        return detail
    status = body.get("status")
    return " ".join(map(str, _list(status.get("details")))) if isinstance(status, dict) else ""


def clean(text: str, hide: Iterable[Secret]) -> str:
    """KSeF's words fit for a terminal: secrets and control characters out, length bounded."""
    for secret in hide:
        text = text.replace(secret.text(), "***")
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _quoted(words: str) -> str:
    words = words.strip()
    return f" „{words}”" if words else ""
