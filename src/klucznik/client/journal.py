"""What was intended and what came of it, so that a killed sender resumes without sending twice.

The intention is durable before the POST, the reference after it. Rules: reliability.md section D
("Rule"), design.md "Sending and receiving rules".
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from io import FileIO
from pathlib import Path
from typing import Any, Literal, Protocol

from klucznik.errors import Unreadable, Unwritable
from klucznik.lang import tr

#: `sending`: the POST may have left. `sent`: KSeF gave a reference. `not-sent`: certainly not in any
#: session. `settled`: the outcome is known.
Stage = Literal["sending", "sent", "not-sent", "settled"]

#: `accepted`: numbered now. `accepted-earlier`: the very same bytes had been numbered before.
#: `refused`: KSeF's final no. `conflict`: another document took its place, a person must decide.
#: `undecided`: sent, not final yet or not found out. `not-sent`: never left, see the words.
Outcome = Literal["accepted", "accepted-earlier", "refused", "conflict", "undecided", "not-sent"]


@dataclass(frozen=True)
class Entry:
    """The latest known of one document; `hash` (Base64 of the SHA-256 of its bytes) is its name.

    The rest: the online session and the invoice's reference in it; once settled the outcome, the
    KSeF number, and KSeF's code and words.
    """

    hash: str
    stage: Stage
    session: str = ""
    reference: str = ""
    outcome: Outcome | None = None
    ksef_number: str = ""
    code: int = 0
    words: tuple[str, ...] = ()

    def to(self, stage: Stage, **changes: Any) -> Entry:
        """The same document, a stage further."""
        return replace(self, stage=stage, **changes)

    @property
    def is_done(self) -> bool:
        """Accepted: never to be sent again. (What was refused may be sent again once mended.)"""
        return self.outcome in ("accepted", "accepted-earlier")

    @property
    def is_open(self) -> bool:
        """Possibly at KSeF without our knowing the outcome: look before sending."""
        return self.stage in ("sending", "sent")


class Journal(Protocol):
    """Where entries are kept: one journal for each environment and company."""

    def get(self, document_hash: str) -> Entry | None:
        """The latest entry of a document."""
        ...

    def put(self, entry: Entry) -> None:
        """Keep an entry; it is durable when this returns. Raises a `KlucznikError` when it cannot be."""
        ...


class MemoryJournal:
    """A journal for one run: for tests, and for callers who keep their own books."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def get(self, document_hash: str) -> Entry | None:
        return self._entries.get(document_hash)

    def put(self, entry: Entry) -> None:
        self._entries[entry.hash] = entry


class FileJournal:
    """A journal in a file: one JSON object a line, forced to disk, locked while open.

    A line cut short by a crash is dropped: its `put` had not returned, so its POST never left.
    Raises `Unreadable` when another process has it open, or when a whole line makes no sense.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[str, Entry] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        with ExitStack() as stack:
            # "a+": locked before anything is read, and whatever is written goes to the end.
            # Unbuffered: after a failed write nothing of the entry waits to be written later.
            self._file = stack.enter_context(path.open("a+b", buffering=0))
            self._lock()
            self._load()
            if is_new:
                _sync_directory(path.parent)
            stack.pop_all()  # all well: it stays open until close()

    def get(self, document_hash: str) -> Entry | None:
        return self._entries.get(document_hash)

    def put(self, entry: Entry) -> None:
        line = json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n"
        before = self._file.seek(0, os.SEEK_END)
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(before)  # no half line for the next entry to stick to
            raise Unwritable(
                tr(f"{self._path} cannot be written.", f"Nie można zapisać {self._path}."),
                hint=tr("is the disk full?", "czy dysk jest pełny?"),
            ) from error
        self._entries[entry.hash] = entry

    def close(self) -> None:
        self._file.close()

    def _load(self) -> None:
        self._file.seek(0)
        whole, newline, torn = self._file.read().rpartition(b"\n")
        if torn:
            self._file.truncate(len(whole) + len(newline))
        for number, line in enumerate(whole.split(b"\n") if newline else (), start=1):
            try:
                values = json.loads(line)
                entry = Entry(**{**values, "words": tuple(values["words"])})
            except (ValueError, TypeError, KeyError):
                raise Unreadable(
                    tr(f"{self._path}:{number}: not a journal entry.", f"{self._path}:{number}: to nie wpis.")
                ) from None
            self._entries[entry.hash] = entry

    def _lock(self) -> None:
        try:
            lock(self._file)
        except OSError:
            raise Unreadable(
                tr(f"{self._path} is in use by another process.", f"{self._path} używa inny proces."),
                hint=tr("wait until it has finished.", "poczekaj, aż skończy."),
                again="later",
            ) from None


if sys.platform == "win32":
    import msvcrt

    def lock(file: FileIO) -> None:
        """Take the file for this process until it is closed; OSError if another has it."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _sync_directory(path: Path) -> None:
        """Windows keeps directory entries with the file."""

else:
    import fcntl

    def lock(file: FileIO) -> None:
        """Take the file for this process until it is closed; OSError if another has it."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _sync_directory(path: Path) -> None:
        """Make a new file's name durable too."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def open_journal(path: Path) -> Iterator[FileJournal]:
    """A `FileJournal` for the length of a `with` block."""
    journal = FileJournal(path)
    try:
        yield journal
    finally:
        journal.close()
