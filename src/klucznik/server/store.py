"""Durable state: one writer, group commit, reads beside it.

Every request that changes something is a function of a connection. Requests waiting at the same
moment share one transaction and one fsync; each stands in a savepoint of its own, so that a refusal
undoes only itself; nobody is answered before the commit. Handlers therefore see the world one after
the other: two redeems of one login, two posts of one invoice, cannot race.

SQLite: WAL, synchronous=FULL (an acknowledged write survives a power cut; reliability.md section A).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, insert, select
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from klucznik.clock import Clock
from klucznik.errors import Unreadable
from klucznik.lang import tr
from klucznik.server import tables

T = TypeVar("T")

#: Requests in one transaction at most: bounds the time the loop is held.
_BATCH = 256


class Store:
    """The database of the local KSeF. Used from the event loop's thread only."""

    #: Whether other processes write to it as well.
    shared = False

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        """`folder` holds `ksef.db`; None keeps everything in memory."""
        self.folder = folder
        self.clock = clock
        self._lock = _lock(folder) if folder else None
        #: Start of the transaction under way: what it stores carries no earlier instant.
        self.in_flight: datetime | None = None
        self._writer_engine = _engine(folder)
        try:
            self._writer = self._writer_engine.connect()
            _prepare(self._writer, folder)
        except DatabaseError as broken:
            raise _unusable(folder, broken.orig) from None
        self._reader_engine = _engine(folder) if folder else self._writer_engine
        self._reader = self._reader_engine.connect() if folder else self._writer
        self._waiting: list[tuple[Callable[[Connection], Any], asyncio.Future[Any]]] = []
        self._committer: asyncio.Task[None] | None = None
        self._after_commit: list[Callable[[], None]] = []
        self._disk = ThreadPoolExecutor(1, "commit") if folder else None

    @property
    def busy(self) -> bool:
        """Whether writes wait or are being committed."""
        return self._committer is not None and not self._committer.done()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a function that only reads, at once, on what is committed."""
        if self._reader is self._writer:
            return work(self._writer)
        raw = _raw(self._reader)
        raw.execute("BEGIN")
        try:
            return work(self._reader)
        finally:
            raw.execute("COMMIT")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run a function that writes; returns when its transaction is on disk."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if not self.busy:
            self._committer = asyncio.create_task(self._commit_waiting())
        return await future

    async def _commit_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            results: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
            raw = _raw(self._writer)
            self.in_flight = self.clock.now()
            try:
                raw.execute("BEGIN IMMEDIATE")
                for work, future in batch:
                    raw.execute("SAVEPOINT one")
                    try:
                        results.append((future, work(self._writer), None))
                    except (sqlite3.OperationalError, OperationalError):
                        raise  # disk full, I/O: what is left of the transaction is anybody's guess
                    except Exception as refusal:  # handed to the caller, whatever it is
                        raw.execute("ROLLBACK TO one")
                        results.append((future, None, refusal))
                    raw.execute("RELEASE one")
                if self._disk:
                    await asyncio.get_running_loop().run_in_executor(self._disk, raw.execute, "COMMIT")
                else:
                    raw.execute("COMMIT")
            except Exception as broken:  # disk full, locked: nobody of the batch is acknowledged
                # A rollback may fail as well; the next batch tries again, and nobody waits for ever.
                with suppress(sqlite3.Error):
                    if raw.in_transaction:
                        raw.execute("ROLLBACK")
                results = [(future, None, broken) for _, future in batch]
            self.in_flight = None
            calls, self._after_commit = self._after_commit, []
            for call in calls:
                call()
            for future, result, refusal_or_none in results:
                if future.cancelled():
                    continue
                if refusal_or_none is None:
                    future.set_result(result)
                else:
                    future.set_exception(refusal_or_none)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call once the transaction under way is on disk (or undone); at once where there is none."""
        if self.in_flight is None:
            call()
        else:
            self._after_commit.append(call)

    async def drain(self) -> None:
        """Wait until nothing is waiting."""
        while self.busy:
            assert self._committer is not None
            await asyncio.wait([self._committer])

    def close(self) -> None:
        """Close the connections; waiting work is lost, so `drain` first."""
        if self._disk:
            self._disk.shutdown(wait=True)
        if self._reader is not self._writer:
            self._reader.close()
            self._reader_engine.dispose()
        self._writer.close()
        self._writer_engine.dispose()
        if self._lock:
            self._lock.close()


def _lock(folder: Path) -> sqlite3.Connection:
    """Hold the folder for this process alone; the system lets go when the process ends, however."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        holder = sqlite3.connect(folder / "lock.db", timeout=0, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as failed:
        raise _unusable(folder, failed) from None
    try:
        holder.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as failed:
        holder.close()
        if failed.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise _unusable(folder, failed) from None
        raise Unreadable(
            tr(f"{folder} is in use by another local KSeF.", f"{folder} używa inny lokalny KSeF."),
            hint=tr(
                "stop that one, or give this one a folder of its own with --data",
                "zatrzymaj tamten albo podaj temu własny katalog przez --data",
            ),
        ) from None
    return holder


def _unusable(folder: Path | None, cause: BaseException | None) -> Unreadable:
    return Unreadable(
        tr(f"The data in {folder} cannot be used: {cause}.", f"Danych w {folder} nie da się użyć: {cause}."),
        hint=tr(
            "is the folder yours, is the disk full? A damaged one is replaced by deleting it",
            "czy katalog jest Twój, czy dysk nie jest pełny? Uszkodzony można usunąć, powstanie nowy",
        ),
    )


def _raw(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _engine(folder: Path | None) -> Engine:
    url = f"sqlite:///{folder / 'ksef.db'}" if folder else "sqlite://"
    if folder:
        # Invoices of real companies may end up here; SQLite gives its other files the same rights.
        (folder / "ksef.db").touch(mode=0o600)
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        poolclass=StaticPool,
        hide_parameters=True,  # errors are logged, and values may be secrets
        connect_args={"check_same_thread": False, "cached_statements": 512},
    )

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=30000",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _prepare(connection: Connection, folder: Path | None) -> None:
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found > tables.VERSION:
        raise Unreadable(
            tr(
                f"{folder} was written by a newer Klucznik (tables of version {found}, this one knows "
                f"{tables.VERSION}).",
                f"{folder} zapisał nowszy Klucznik (tabele w wersji {found}, ten zna {tables.VERSION}).",
            ),
            hint=tr(
                "use the newer program, or another folder with --data",
                "użyj nowszego programu albo innego katalogu przez --data",
            ),
        )
    if found == tables.VERSION:
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    tables.upgrade(connection)
    tables.metadata.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version = {tables.VERSION}")
    connection.exec_driver_sql("COMMIT")


def setting(db: Connection, name: str) -> str | None:
    """A stored setting, or None."""
    value = db.execute(
        select(tables.settings.c.value).where(tables.settings.c.name == name)
    ).scalar_one_or_none()
    return None if value is None else str(value)


def keep_setting(db: Connection, name: str, value: str) -> None:
    """Store a setting for good."""
    db.execute(tables.settings.delete().where(tables.settings.c.name == name))
    db.execute(insert(tables.settings).values(name=name, value=value))
