"""From a `Call` to an HTTP request, and from the answer to a typed result or one of our errors.

No input or output happens here: `ksef.py` carries requests, this file writes and reads them.
What is no success becomes an error in `refusals.py`. Rule: auth.md sections 1 and 8.
"""

from __future__ import annotations

import hashlib
import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails, from_json

from klucznik import __version__
from klucznik.client.flow import Upload
from klucznik.client.refusals import Answer, Exchange, clean, failure
from klucznik.errors import Refused, SentNoAnswer, Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.wire.base import Model, tolerant
from klucznik.wire.endpoint import Call, Endpoint, Nothing, Xml

Res = TypeVar("Res")

#: What KSeF warns of beside an answer; the record's `text` is the warning alone.
warned = logging.getLogger("klucznik.client.warnings")

_Pair: TypeAlias = str | int | float | bool | None  # what httpx2 takes as a value; ours are texts
_USER_AGENT = f"klucznik/{__version__}"
#: Bytes of a file that are read at a time.
_PIECE = 256 * 1024


def quiet_http_loggers() -> None:
    """The HTTP library logs whole addresses (pre-signed ones too) and headers: only its warnings stay."""
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)


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


class _FileBody(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A file as a request's body, read anew for each attempt; memory holds one piece of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            yield from iter(partial(file.read, _PIECE), b"")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def write_upload(upload: Upload) -> Exchange:
    """The request that sends a file to a pre-signed address: exactly as KSeF said, nothing of ours."""
    if upload.method != "PUT":
        raise Unreadable(
            tr(
                f"KSeF asks to upload by {upload.method[:20]!r}.",
                f"KSeF każe wysłać przez {upload.method[:20]!r}.",
            )
        )
    try:
        url = httpx2.URL(upload.url)
    except httpx2.InvalidURL:
        raise Unreadable(tr("An upload address is malformed.", "Adres wysyłki jest błędny.")) from None
    headers = {
        "Host": url.netloc.decode("ascii"),  # given a stream, the library adds no header of its own
        "User-Agent": _USER_AGENT,
        **upload.headers,
        "Content-Length": str(upload.path.stat().st_size),
    }
    request = httpx2.Request(upload.method, url, headers=headers, stream=_FileBody(upload.path))
    return Exchange(request, f"PUT {request.url.host}{request.url.path}", safe=True)


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
            headers[wire_name] = _of_header(wire_name, _text(value))
        else:
            items = value if isinstance(value, list) else [value]
            pairs.extend((wire_name, _text(item)) for item in items)
    return pairs, headers


def _of_header(name: str, value: str) -> str:
    """A value that a header can carry, and no second header with it."""
    if value.isascii() and value.isprintable():
        return value
    raise Unreadable(
        tr(
            f"{value[:40]!r} cannot be a value of {name}.",
            f"{value[:40]!r} nie może być wartością {name}.",
        ),
        hint=tr("use it as KSeF gave it", "użyj jej tak, jak podał ją KSeF"),
    )


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
            text = clean(warning, hide)
            warned.warning("%s %s: KSeF warns: %s", row.method, row.path, text, extra={"text": text})
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


def read_upload(exchange: Exchange, answer: Answer, *, now: datetime) -> None:
    """Whether the storage took it (201)."""
    if answer.status in (200, 201):
        return
    if answer.status in (401, 403):
        raise Refused(
            tr(f"{exchange.label}: the address is refused.", f"{exchange.label}: adres odrzucony."),
            status=answer.status,
            hint=tr(
                "upload addresses run out, 20 minutes for each part: open a new session.",
                "adresy wysyłki wygasają, 20 minut na każdą część: otwórz nową sesję.",
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
    unset = tolerant.set(True)
    try:
        return cast(Res, _lenient(gives, answer.body))
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(str, e["loc"])) or "body" for e in _faults(error)})[:5])
    finally:
        tolerant.reset(unset)
    message = tr(
        f"{row.method} {row.path}: an answer of {answer.status} that is not in the contract ({where}).",
        f"{row.method} {row.path}: odpowiedź {answer.status} niezgodna z kontraktem ({where}).",
    )
    if is_safe(row):
        raise Unreadable(message, hint=tr("is this really KSeF?", "czy to na pewno KSeF?"))
    # Success was said: it may well have been carried out.
    raise SentNoAnswer(message)


def _faults(error: ValidationError) -> list[ErrorDetails]:
    """What is wrong where; never the input, which may be a secret."""
    return error.errors(include_input=False, include_url=False, include_context=False)


def _lenient(gives: type[BaseModel], body: bytes) -> BaseModel:
    """Read an answer. A null where the contract has none is taken for absent, or for an empty list:
    live answers contain such (sessions.md section 8)."""
    try:
        return gives.model_validate_json(body)
    except ValidationError as error:
        try:
            values = from_json(body, allow_inf_nan=False)
        except ValueError:
            raise error from None
        mended = [_without_null(values, f["loc"], is_list=f["type"] == "list_type") for f in _faults(error)]
        if not any(mended):
            raise
    return gives.model_validate_json(json.dumps(values))


def _without_null(values: Any, where: tuple[int | str, ...], *, is_list: bool) -> bool:
    """Mend the null at that place, if that is what is there."""
    *above, last = where or (0,)
    try:
        for step in above:
            values = values[step]
        if values[last] is not None:
            return False
        if is_list:
            values[last] = []
        else:
            del values[last]
    except (KeyError, IndexError, TypeError):
        return False
    return True


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
