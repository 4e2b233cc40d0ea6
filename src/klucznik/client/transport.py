"""From a `Call` to an HTTP request, and from the answer to a typed result or one of our errors.

No input or output happens here: `ksef.py` carries requests, this file writes and reads them.
Rules: auth.md section 4 (envelopes), limits.md section 3 (429), reliability.md section D (outcomes).
"""

from __future__ import annotations

import hashlib
import json
import logging
import ssl
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, RootModel, ValidationError

from klucznik import __version__
from klucznik.client import hints
from klucznik.errors import KlucznikError, Refused, SentNoAnswer, TooManyRequests, Unreachable, Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.wire.base import Model
from klucznik.wire.endpoint import Call, Endpoint, Nothing, Xml

Res = TypeVar("Res")

log = logging.getLogger("klucznik.client")

#: Seconds to wait after a 429 that does not say how long.
DEFAULT_RETRY_AFTER = 10.0

_Pair: TypeAlias = str | int | float | bool | None  # what httpx2 takes as a value; ours are texts
_USER_AGENT = f"klucznik/{__version__}"
_LONGEST_TEXT = 500
_MOST_DETAILS = 20


def quiet_http_loggers() -> None:
    """The HTTP library logs whole addresses (pre-signed ones too) and headers: only its warnings stay."""
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


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


def is_safe(row: Endpoint[Any]) -> bool:
    """Reading calls, and the two that only hand out something new."""
    hands_out = ("/auth/challenge", "/auth/token/refresh")
    return row.method == "GET" or "/query" in row.path or row.path in hands_out


# ---- writing -------------------------------------------------------------------------------------


def write(call: Call[Any], base: str, bearer: Secret | None) -> Exchange:
    """The request of a call. The bearer goes to `base` and nowhere else, as the path is escaped."""
    row = call.row
    query, headers = _parameters(call.query)
    headers |= {"User-Agent": _USER_AGENT, "Accept": "*/*", "X-Error-Format": "problem-details"}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer.text()}"
    content: bytes | None = None
    if isinstance(call.body, Model):
        content = call.body.json_bytes()
        headers["Content-Type"] = "application/json"
    elif call.body is not None:
        content = call.body
        headers["Content-Type"] = "application/xml"
    # A POST without a body carries no Content-Type: auth.md section 1 (obs. 415 on refresh).
    request = httpx2.Request(
        row.method,
        base + _path(row, call.path),
        params=query or None,
        headers=headers,
        content=content,
    )
    return Exchange(request, f"{row.method} {row.path}", is_safe(row))


def write_download(url: str) -> Exchange:
    """The request of a pre-signed address: no bearer, no cookie, no header of KSeF."""
    try:
        request = httpx2.Request("GET", url, headers={"User-Agent": _USER_AGENT, "Accept": "*/*"})
    except httpx2.InvalidURL:
        raise Unreadable(tr("A download address is malformed.", "Adres pobrania jest błędny.")) from None
    return Exchange(request, f"GET {request.url.host}{request.url.path}", safe=True)


def _path(row: Endpoint[Any], values: Mapping[str, str]) -> str:
    path = row.path
    for name, value in values.items():
        if value in ("", ".", ".."):
            raise Unreadable(
                tr(f"{row.method} {row.path}: bad {name}.", f"{row.method} {row.path}: złe {name}.")
            )
        path = path.replace("{" + name + "}", quote(value, safe=""))
    if "{" in path:
        raise ValueError(f"{row.method} {row.path} lacks a path parameter")
    return path


def _parameters(query: Model | None) -> tuple[list[tuple[str, _Pair]], dict[str, str]]:
    """Query pairs (a list repeats the name: auth.md section 8) and header parameters."""
    pairs: list[tuple[str, _Pair]] = []
    headers: dict[str, str] = {}
    if query is None:
        return pairs, headers
    values = query.model_dump(mode="json", by_alias=True, exclude_none=True)
    for name, info in type(query).model_fields.items():
        wire_name = info.serialization_alias or info.alias or name
        if wire_name not in values:
            continue
        value = values[wire_name]
        extra = info.json_schema_extra
        if isinstance(extra, dict) and extra.get("in") == "header":
            headers[wire_name] = _text(value)
        else:
            items = value if isinstance(value, list) else [value]
            pairs.extend((wire_name, _text(item)) for item in items)
    return pairs, headers


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


# ---- reading -------------------------------------------------------------------------------------


def read(call: Call[Res], answer: Answer, *, now: datetime, hide: Iterable[Secret] = ()) -> Res:
    """The typed result of an answer; raises an error of `errors.py` for everything but success.

    `now` is for a Retry-After given as a date, `hide` the secrets in play: should KSeF's words ever
    repeat one, the error does not.
    """
    row = call.row
    if 200 <= answer.status < 300:
        if warning := answer.headers.get("X-System-Warning"):
            log.warning("%s %s: KSeF warns: %s", row.method, row.path, _clean(warning, hide))
        return _result(row, answer)
    raise failure(f"{row.method} {row.path}", answer, safe=is_safe(row), now=now, hide=hide)


def read_download(exchange: Exchange, answer: Answer, *, now: datetime) -> bytes:
    """The body of a pre-signed address, checked against its `x-ms-meta-hash`."""
    if answer.status == 200:
        _check_hash(exchange.label, answer)
        return answer.body
    if answer.status in (401, 403):
        raise Refused(
            tr(f"{exchange.label}: the address is refused.", f"{exchange.label}: adres odrzucony."),
            status=answer.status,
            hint=tr(
                "pre-signed addresses expire: ask for the status again, it brings a fresh one.",
                "adresy pobrania wygasają: zapytaj o stan ponownie, przyniesie świeży.",
            ),
        )
    raise failure(exchange.label, answer, safe=True, now=now)


def _result(row: Endpoint[Res], answer: Answer) -> Res:
    gives: Any = row.gives
    if gives is Nothing:
        return cast(Res, Nothing())
    if gives is Xml:
        _check_hash(f"{row.method} {row.path}", answer)
        return cast(Res, Xml(answer.body))
    assert issubclass(gives, Model | RootModel)
    try:
        return cast(Res, cast(type[BaseModel], gives).model_validate_json(answer.body))
    except ValidationError as error:
        where = ", ".join(
            sorted(
                {
                    ".".join(map(str, e["loc"])) or "body"
                    for e in error.errors(include_input=False, include_url=False, include_context=False)
                }
            )[:5]
        )
    message = tr(
        f"{row.method} {row.path}: an answer of {answer.status} that is not in the contract ({where}).",
        f"{row.method} {row.path}: odpowiedź {answer.status} niezgodna z kontraktem ({where}).",
    )
    if is_safe(row):
        raise Unreadable(message, hint=tr("is this really KSeF?", "czy to na pewno KSeF?"))
    # Success was said: it may well have been carried out.
    raise SentNoAnswer(message)


def _check_hash(label: str, answer: Answer) -> None:
    """Rule: upo.md section 7 (1), query-export.md section 5."""
    told = answer.headers.get("x-ms-meta-hash")
    if told and told != b64encode(hashlib.sha256(answer.body).digest()).decode():
        raise Unreadable(
            tr(
                f"{label}: the bytes received do not match x-ms-meta-hash.",
                f"{label}: odebrane bajty nie zgadzają się z x-ms-meta-hash.",
            ),
            hint=tr("fetch it again.", "pobierz ponownie."),
            again="later",
        )


# ---- refusals ------------------------------------------------------------------------------------


def failure(
    label: str, answer: Answer, *, safe: bool, now: datetime, hide: Iterable[Secret] = ()
) -> KlucznikError:
    """The error that an unsuccessful answer means."""
    body = _json(answer.body)
    trace_id = _clean(_trace_id(body), hide)
    if answer.status == 429:
        return TooManyRequests(
            tr(f"{label}: KSeF asks to slow down.", f"{label}: KSeF prosi, by zwolnić.")
            + _quoted(_clean(_too_many_words(body), hide)),
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
    details = [_clean(str(d), hide) for e in errors for d in _list(e.get("details"))][:_MOST_DETAILS]
    words = " ".join(_clean(str(e.get("description") or ""), hide) for e in errors)
    if not errors:
        words = _clean(str(body.get("detail") or body.get("title") or ""), hide)
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
    required = [_clean(str(p), hide) for p in _list(security.get("requiredAnyOfPermissions"))]
    present = [_clean(str(p), hide) for p in _list(security.get("presentPermissions"))]
    reason = _clean(str(body.get("reasonCode") or ""), hide)
    incident = _clean(str(security.get("incidentId") or ""), hide)
    return Refused(
        tr(f"{label}: not allowed (403).", f"{label}: brak dostępu (403).")
        + _quoted(_clean(str(body.get("detail") or ""), hide)),
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
        host = exchange.request.url.host
        if _untrusted(error):
            return Unreachable(
                tr(
                    f"{label}: the certificate of {host} is not trusted; nothing was sent.",
                    f"{label}: certyfikat {host} nie jest zaufany; nic nie wysłano.",
                ),
                hint=tr(
                    "for a local CA give its file (--ca-file); never switch the check off.",
                    "dla lokalnego CA podaj jego plik (--ca-file); nie wyłączaj sprawdzania.",
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


# ---- small pieces --------------------------------------------------------------------------------


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


def _clean(text: str, hide: Iterable[Secret]) -> str:
    """KSeF's words fit for a terminal: secrets and control characters out, length bounded."""
    for secret in hide:
        text = text.replace(secret.text(), "***")
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "…"


def _quoted(words: str) -> str:
    words = words.strip()
    return f" „{words}”" if words else ""
