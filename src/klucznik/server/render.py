"""Answers, and how refusals become answers. One place, both formats (auth.md section 4)."""

from __future__ import annotations

import hashlib
import logging
import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any

from klucznik.lang import both, in_language, language
from klucznik.secret import masked
from klucznik.server.home import Away
from klucznik.wire.base import Model
from klucznik.wire.codes import Code
from klucznik.wire.problems import Forbidden, Gone, Problem, TooMany, Unauthorized

log = logging.getLogger("klucznik.ksef")

_JSON = (b"content-type", b"application/json; charset=utf-8")
_PROBLEM = (b"content-type", b"application/problem+json; charset=utf-8")

#: What KSeF answers when it fails itself (observed; not in the contract).
_UNEXPECTED = Code(500, "Wystąpił nieoczekiwany błąd.")


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: list[tuple[bytes, bytes]] = field(default_factory=lambda: [_JSON])

    @classmethod
    def xml(cls, document: bytes) -> Answer:
        """A document as it is, with its hash (upo.md section 6)."""
        digest = b64encode(hashlib.sha256(document).digest())
        return cls(200, document, [(b"content-type", b"application/xml"), (b"x-ms-meta-hash", digest)])


class Plain(Exception):
    """A refusal that the contract does not describe: wrong host, path, method, media type or size."""

    def __init__(
        self, status: int, detail: str, polish: str, header: tuple[bytes, bytes] | None = None
    ) -> None:
        """`detail` is what the caller gets to read, `polish` the same for causes told in Polish."""
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.header = header
        self.why = both(detail, polish)


def expired() -> Plain:
    """The refusal of a pre-signed address whose time is up."""
    return Plain(
        403,
        "This address has expired; ask for the status again to get a new one.",
        "ten adres stracił ważność; zapytaj o stan ponownie, by dostać nowy",
    )


class _PlainProblem(Model):
    title: str
    status: int
    detail: str
    instance: str
    trace_id: str


def refusal(
    raised: BaseException, path: str, trace_id: str, now: datetime, problem_details: bool
) -> Answer | None:
    """The answer for a refusal, or None when it is none but a failure of ours."""
    path = masked(path)
    place: dict[str, Any] = {"instance": path, "trace_id": trace_id, "now": now}
    match raised:
        case Problem() as problem:
            if problem_details:
                answer = _body(problem.status, problem.as_problem(**place), _PROBLEM)
            else:
                old = problem.as_exception(service_code=_service_code(trace_id), now=now)
                answer = _body(problem.status, old, _JSON)
        case TooMany() as many:
            if problem_details:
                answer = _body(429, many.as_problem(**place), _PROBLEM)
            else:
                answer = _body(429, many.as_exception(), _JSON)
            if many.header:
                answer.headers.append((b"retry-after", many.header.encode()))
        case Unauthorized() | Forbidden() | Gone():
            answer = _body(raised.status, raised.as_problem(**place), _PROBLEM)
        case Away() as away:
            shown = _PlainProblem(
                title="Service Unavailable",
                status=503,
                detail=away.detail,
                instance=path[:200],
                trace_id=trace_id,
            )
            answer = _body(503, shown, _PROBLEM)
            answer.headers.append((b"retry-after", b"1"))
        case Plain() as plain:
            shown = _PlainProblem(
                title=HTTPStatus(plain.status).phrase if plain.status in set(HTTPStatus) else "Server Error",
                status=plain.status,
                detail=masked(plain.detail),
                instance=path[:200],
                trace_id=trace_id,
            )
            answer = _body(plain.status, shown, _PROBLEM)
            if plain.header:
                answer.headers.append(plain.header)
        case _:
            return None
    said, why = loggable(str(raised)), loggable(in_language(raised.why or "-", language()))
    log.info("%s %s: %s; why: %s (trace %s)", answer.status, loggable(path[:200]), said, why, trace_id)
    return answer


_PESEL = re.compile(r"(?<!\d)\d{11}(?!\d)", re.ASCII)


def loggable(text: str) -> str:
    """Text of a caller for one line of the log: no control characters, no secret, no PESEL."""
    text = masked(text)
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return _PESEL.sub("(11 digits)", shown)


def failure(raised: BaseException, path: str, trace_id: str, now: datetime, problem_details: bool) -> Answer:
    """HTTP 500: the fault is ours; the log has the traceback, the answer only the trace id."""
    path = masked(path)
    log.error("failed at %s (trace %s)", loggable(path[:200]), trace_id, exc_info=raised)
    problem = Problem(_UNEXPECTED)
    if problem_details:
        shown = problem.as_problem(instance=path, trace_id=trace_id, now=now).model_copy(
            update={"title": "Internal Server Error", "status": 500, "detail": _UNEXPECTED.description}
        )
        return _body(500, shown, _PROBLEM)
    return _body(500, problem.as_exception(service_code=_service_code(trace_id), now=now), _JSON)


def _service_code(trace_id: str) -> str:
    return f"00-{trace_id}-{trace_id[:16]}-00"


def _body(status: int, model: Model, media: tuple[bytes, bytes]) -> Answer:
    return Answer(status, model.json_bytes(), [media])
