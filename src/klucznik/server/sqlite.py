"""SQLite, the home that needs nothing: a file in the data folder, or memory.

WAL, synchronous=FULL (an acknowledged write survives a power cut; reliability.md section A).
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from klucznik.errors import Unreadable
from klucznik.lang import tr
from klucznik.server import tables
from klucznik.server.home import lay_out


class SqliteHome:
    """A `Home` in `folder`/ksef.db; None keeps everything in memory, where reader and writer are one."""

    fatal: tuple[type[Exception], ...] = (sqlite3.OperationalError, OperationalError)

    def __init__(self, folder: Path | None, shared: bool = False) -> None:
        """`shared`: other processes write as well; they take turns, without SQLite's naps in between."""
        self.durable = folder is not None
        self._turn = _Turn(folder / "turn.lock") if folder and shared else None
        self._engines = [_engine(folder)]
        try:
            self.writer = self._engines[0].connect()
            _prepare(self.writer, folder)
        except DatabaseError as broken:
            raise unusable(folder, broken.orig) from None
        if folder:
            self._engines.append(_engine(folder))
        self.reader = self._engines[1].connect() if folder else self.writer
        self._writes, self._reads = _raw(self.writer), _raw(self.reader)

    def begin(self) -> None:
        if self._turn:
            self._turn.take()
        self._writes.execute("BEGIN IMMEDIATE")

    def savepoint(self) -> None:
        self._writes.execute("SAVEPOINT one")

    def keep(self) -> None:
        self._writes.execute("RELEASE one")

    def undo(self) -> None:
        self._writes.execute("ROLLBACK TO one")
        self._writes.execute("RELEASE one")

    def commit(self) -> None:
        self._writes.execute("COMMIT")
        if self._turn:
            self._turn.give()

    def abandon(self) -> None:
        # A rollback may fail as well; the next transaction tries again.
        with suppress(sqlite3.Error):
            if self._writes.in_transaction:
                self._writes.execute("ROLLBACK")
        if self._turn:
            self._turn.give()

    def lost(self, *, writing: bool) -> bool:
        return False  # a file does not go away

    def looking(self) -> Connection:
        return self.reader

    def begin_reading(self) -> Connection:
        if self.durable:
            self._reads.execute("BEGIN")
        return self.reader

    def end_reading(self) -> None:
        if self.durable:
            self._reads.execute("COMMIT")

    def close(self) -> None:
        self.reader.close()
        self.writer.close()
        for engine in self._engines:
            engine.dispose()
        if self._turn:
            self._turn.close()


class _Turn:
    """Whose turn it is to write: a lock that wakes the next process at once, and ends with its holder."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def take(self) -> None:
        import fcntl  # there are several processes only where this exists

        fcntl.flock(self._file, fcntl.LOCK_EX)

    def give(self) -> None:
        import fcntl

        fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        self._file.close()


def lock(folder: Path) -> sqlite3.Connection:
    """Hold the folder for this process alone; the system lets go when the process ends, however."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as failed:
        raise unusable(folder, failed.strerror) from None
    try:
        holder = sqlite3.connect(folder / "lock.db", timeout=0, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as failed:
        raise unusable(folder, failed) from None
    try:
        holder.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as failed:
        holder.close()
        if failed.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise unusable(folder, failed) from None
        raise Unreadable(
            tr(f"{folder} is in use by another local KSeF.", f"{folder} używa inny lokalny KSeF."),
            hint=tr(
                "stop that one, or give this one a folder of its own with --data",
                "zatrzymaj tamten albo podaj temu własny katalog przez --data",
            ),
        ) from None
    return holder


def unusable(folder: Path | None, cause: BaseException | str | None) -> Unreadable:
    """What to say of a data folder that does not work."""
    return Unreadable(
        tr(f"The data in {folder} cannot be used: {cause}.", f"Danych w {folder} nie da się użyć: {cause}."),
        hint=tr(
            "is the folder yours, is the disk full? A damaged one is replaced by deleting it, another one "
            "chosen with --data",
            "czy katalog jest Twój, czy dysk nie jest pełny? Uszkodzony można usunąć, powstanie nowy; inny "
            "wybiera się przez --data",
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
            "busy_timeout=30000",
            "journal_mode=WAL",
            "synchronous=FULL",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _prepare(connection: Connection, folder: Path | None) -> None:
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    if lay_out(connection, found, str(folder)):
        connection.exec_driver_sql(f"PRAGMA user_version = {tables.VERSION}")
    connection.exec_driver_sql("COMMIT")
