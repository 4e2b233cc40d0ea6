"""What a handler is given, and how handlers are found.

    @answers(tokens.GENERATE)
    def generate(ask: Ask[GenerateTokenRequest]) -> GenerateTokenResponse: ...

A handler of a row that changes something runs inside a transaction (`ask.db`); one that only reads
(every GET, and rows marked `reads=True`) runs on committed data. `prepare` does the heavy work that
needs no database (signatures, decryption) before the transaction; its result is `ask.prepared`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Connection

from klucznik.server.warn import Warned
from klucznik.wire.endpoint import Endpoint

if TYPE_CHECKING:
    from klucznik.server.access import Caller
    from klucznik.server.local import LocalKsef

B = TypeVar("B")
H = TypeVar("H", bound=Callable[..., Any])


@dataclass(slots=True)
class Ask(Generic[B]):
    """One request, checked and read, on its way to its handler."""

    row: Endpoint[Any]
    ksef: LocalKsef
    now: datetime
    trace_id: str
    origin: str  # scheme://host[:port] as the client addressed us: what pre-signed URLs are built from
    client_ip: str
    headers: Mapping[str, str]  # lower-case names
    path: Mapping[str, str]
    body: B
    raw: bytes = b""
    query: Any = None
    #: Who calls; on anonymous rows there is none, and reading it is a mistake of the handler.
    caller_or_none: Caller | None = None
    prepared: Any = None
    #: What is said beside an answer that goes well (X-System-Warning).
    warnings: list[Warned] = field(default_factory=list)
    _db: Connection | None = field(default=None)

    @property
    def caller(self) -> Caller:
        assert self.caller_or_none is not None, f"{self.row} is anonymous"
        return self.caller_or_none

    @property
    def db(self) -> Connection:
        assert self._db is not None, "prepare() has no database"
        return self._db


@dataclass(frozen=True)
class Handler:
    """How a row is answered."""

    row: Endpoint[Any]
    answer: Callable[[Ask[Any]], Any]
    prepare: Callable[[Ask[Any]], Any] | None
    reads: bool
    threaded: bool


HANDLERS: dict[tuple[str, str], Handler] = {}


def answers(
    row: Endpoint[Any],
    *,
    reads: bool | None = None,
    prepare: Callable[[Ask[Any]], Any] | None = None,
    threaded: bool = False,
) -> Callable[[H], H]:
    """Register a handler for a row.

    `threaded`: run `prepare` beside the loop (it frees the GIL). A `prepare` that is a coroutine
    function decides for itself, by what it is given.
    """

    def register(handler: H) -> H:
        if row.key in HANDLERS:
            raise ValueError(f"{row!r} is answered twice")
        only_reads = row.method == "GET" if reads is None else reads
        HANDLERS[row.key] = Handler(row, handler, prepare, only_reads, threaded)
        return handler

    return register
