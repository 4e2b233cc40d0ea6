"""Flows: what takes several calls, written once for sync and async.

A flow is a generator that yields steps (a `Call`, a `Pause`, a `Download`, an `Upload`, `Now`) and returns
its result. A client carries the steps out; a test drives the generator by hand, without a network. An
error of a step is raised at its `yield`, so a flow catches it like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from klucznik.errors import KlucznikError, TookTooLong, TooManyRequests, Unreadable
from klucznik.lang import tr
from klucznik.wire.endpoint import Call

Res = TypeVar("Res")
T = TypeVar("T")


@dataclass(frozen=True)
class Pause:
    """Wait so many seconds (a client of the local KSeF shortens it, see `Ksef.pace`)."""

    seconds: float


@dataclass(frozen=True)
class Now:
    """Ask the client's clock."""


@dataclass(frozen=True)
class Download:
    """Fetch a pre-signed address: never with the bearer, no redirect followed.

    The body is checked against the header `x-ms-meta-hash` where the answer has one.
    """

    url: str

    def __repr__(self) -> str:  # the query of a pre-signed address is a credential
        return f"Download({self.url.partition('?')[0]})"


@dataclass(frozen=True)
class Upload:
    """Send a file to a pre-signed address, streamed: with the method and headers that KSeF gave, never
    with the bearer. May be repeated: the address holds what came last."""

    url: str
    method: str
    headers: Mapping[str, str]
    path: Path

    def __repr__(self) -> str:  # as above
        return f"Upload({self.url.partition('?')[0]})"


Step: TypeAlias = Call[Any] | Pause | Download | Upload | Now
Flow: TypeAlias = Generator[Step, Any, T]


def ask(call: Call[Res]) -> Flow[Res]:
    """`answer = yield from ask(call)`: a yield whose answer has its type."""
    answer: Res = yield call
    return answer


def fetch(url: str) -> Flow[bytes]:
    """`body = yield from fetch(url)`."""
    body: bytes = yield Download(url)
    return body


def put(upload: Upload) -> Flow[None]:
    """`yield from put(upload)`: returns once the storage has confirmed it."""
    yield upload


def now() -> Flow[datetime]:
    """`instant = yield from now()`: aware, in UTC."""
    instant: datetime = yield Now()
    return instant


@dataclass(frozen=True)
class Pace:
    """Growing pauses: the first, the factor, the longest, and how many seconds in all."""

    first: float = 1.0
    growth: float = 1.5
    longest: float = 10.0
    total: float = 180.0

    def pauses(self) -> Iterator[float]:
        """Seconds to wait before each look, until `total` is used up."""
        pause, left = self.first, self.total
        while left > 0:
            yield min(pause, left)
            left -= pause
            pause = min(pause * self.growth, self.longest)


def poll(call: Call[Res], final: Callable[[Res], bool], pace: Pace | None = None) -> Flow[Res]:
    """Repeat a reading call with growing pauses until `final(answer)`.

    A look that fails in passing (`again` is `later`) counts as "not yet". Raises `TookTooLong`, or
    the last passing failure if no look ever succeeded. Rule: limits.md section 7 (not below 1 s).
    """
    trouble: KlucznikError | None = None
    for seconds in (pace or Pace()).pauses():
        yield Pause(seconds)
        try:
            answer = yield from ask(call)
        except KlucznikError as error:
            # The client has already obeyed Retry-After as long as its patience lasts.
            if error.again != "later" or isinstance(error, TooManyRequests):
                raise
            trouble = error
            continue
        trouble = None
        if final(answer):
            return answer
    if trouble is not None:
        raise trouble
    raise TookTooLong(
        tr(
            f"{call.row.method} {call.row.path}: KSeF has not finished in the time allowed.",
            f"{call.row.method} {call.row.path}: KSeF nie skończył w wyznaczonym czasie.",
        ),
        hint=tr(
            "it may still finish: ask for the status later instead of sending again.",
            "może jeszcze skończyć: zapytaj o stan później, zamiast wysyłać ponownie.",
        ),
    )


class Page(Protocol):
    """An answer that may have a next page."""

    @property
    def continuation_token(self) -> str | None: ...


P = TypeVar("P", bound=Page)


def all_pages(page: Callable[[str | None], Call[P]]) -> Flow[list[P]]:
    """Every page of a list: `page(continuation_token)` is the call of one, None for the first.

    Rule: sessions.md section 9 (an empty or absent token is the end). Raises `Unreadable` when a
    token comes again, which would never end.
    """
    pages: list[P] = []
    used: set[str] = set()
    token: str | None = None
    while True:
        call = page(token)
        answer = yield from ask(call)
        pages.append(answer)
        token = answer.continuation_token
        if not token:
            return pages
        if token in used:
            raise Unreadable(
                tr(f"{call.row!r}: the same page again.", f"{call.row!r}: ta sama strona ponownie.")
            )
        used.add(token)
