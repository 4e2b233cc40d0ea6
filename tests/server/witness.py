"""What the local KSeF answers to the tests of this folder, noted for `docs/fidelity.md`.

A note is (operation, HTTP status, what): the code of a 400, the reason of a 403, otherwise nothing;
(operation, "tells", number) for a status inside an answer; ("detail", "text", name) for a detail that
`wire/codes.py` has under that name. A set of them, so neither order nor number of the calls matters.
`scripts/fidelity.py` reads the notes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from klucznik.server.app import App, Receive, Scope, Send
from klucznik.wire import ROWS, codes

Note = tuple[str, str, str]
Answer = Callable[[App, Scope, Receive, Send], Awaitable[None]]

#: Fixed words before {names}, as the server looks.
_OPERATIONS = [
    (method, re.compile("/v2" + re.sub(r"{\w+}", "[^/]+", path) + "/?"), f"{method} {path}")
    for method, path in sorted(ROWS, key=lambda key: key[1].count("{"))
]


_DETAILS = [
    (name, re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(text)), re.DOTALL))
    for name, text in vars(codes).items()
    if name.isupper() and isinstance(text, str)
]


@cache
def details(text: str) -> tuple[Note, ...]:
    """The names of a detail; some texts have two."""
    return tuple(("detail", "text", name) for name, pattern in _DETAILS if pattern.fullmatch(text))


def operation(method: str, path: str) -> str | None:
    """The row that a request is for, as `POST /tokens`."""
    for known, pattern, name in _OPERATIONS:
        if known == method and pattern.fullmatch(path):
            return name
    return None


def read(name: str, path: str, status: int, content_type: str, body: bytes) -> Iterator[Note]:
    """What one answer shows."""
    told: Any = json.loads(body) if body and "json" in content_type else None
    match status:
        case 400 if told and "errors" in told:
            yield from _refused(name, ((error["code"], error) for error in told["errors"]))
        case 400 if told and "exception" in told:
            found = told["exception"]["exceptionDetailList"]
            yield from _refused(name, ((error["exceptionCode"], error) for error in found))
        case 403 if told:
            yield (name, "403", told["reasonCode"])
        case _:
            yield (name, str(status), "")
    if status == 200 and isinstance(told, dict):
        lists = (value for value in told.values() if isinstance(value, list))
        for item in (told, *(item for one in lists for item in one)):
            inside = item.get("status") if isinstance(item, dict) else None
            if isinstance(inside, dict):
                # A session's number says which kind it is, and so whose statuses these are.
                kind = next((kind for kind in ("SO", "SB") if f"-{kind}-" in path), "")
                yield (name, f"tells {kind}".strip(), str(inside["code"]))
                yield from _texts(inside)


def _refused(name: str, errors: Iterable[tuple[int, Any]]) -> Iterator[Note]:
    for code, error in errors:
        yield (name, "400", str(code))
        yield from _texts(error)


def _texts(found: Any) -> Iterator[Note]:
    for text in found.get("details") or ():
        yield from details(text)


@dataclass
class Witness:
    """Notes answers while `on`: tests of other folders run in the same process."""

    on: bool = False
    notes: set[Note] = field(default_factory=set)

    def beside(self, answer: Answer) -> Answer:
        """`App.__call__`, with a look at what it sends."""

        async def call(app: App, scope: Scope, receive: Receive, send: Send) -> None:
            begun: dict[str, Any] = {}

            async def look(message: MutableMapping[str, Any]) -> None:
                # Noted before it leaves: the test goes on as soon as it has the answer.
                if message["type"] == "http.response.start":
                    begun.update(message)
                elif self.on and (name := operation(scope["method"], scope["path"])):
                    media = dict(begun["headers"]).get(b"content-type", b"").decode()
                    self.notes.update(read(name, scope["path"], begun["status"], media, message["body"]))
                await send(message)

            await answer(app, scope, receive, look)

        return call

    def write(self, folder: Path, worker: str) -> None:
        """One file for each process of a run."""
        folder.mkdir(parents=True, exist_ok=True)
        lines = ["\t".join(note) for note in sorted(self.notes)]
        (folder / f"{worker}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
