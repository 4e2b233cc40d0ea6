"""PostgreSQL, the home of a local KSeF that many use: `--database postgresql://user@host/name`.

One transaction writes at a time, in any process, held by an advisory lock: handlers see the world one
after the other, as on SQLite. Passwords come from libpq (~/.pgpass, PGPASSFILE), never from the URL.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any, Final

import psycopg
from sqlalchemy import URL, Connection, Text, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateColumn

from klucznik.errors import Unreadable
from klucznik.lang import tr
from klucznik.server import tables
from klucznik.server.home import has_tables, keep_setting, lay_out, setting

log = logging.getLogger("klucznik.ksef")

#: Key of the advisory lock under which everything is written: "KSeF" in hexadecimal.
_LOCK: Final = 0x4B536546
#: Key of the one that a local KSeF keeps as long as it runs.
_HELD: Final = _LOCK + 1
_VERSION: Final = "tables"
_BEGIN: Final = f"BEGIN; SELECT pg_advisory_xact_lock({_LOCK})"
_BEGIN_WRITING: Final = f"{_BEGIN}; SAVEPOINT one"
_BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresHome:
    """A `Home` in a PostgreSQL database, which has to be there; tables are made in it.

    Where the server is started anew, the next use connects anew.
    """

    fatal: tuple[type[Exception], ...] = (psycopg.OperationalError, OperationalError)
    durable = True

    def __init__(self, url: str, holds: bool = True) -> None:
        """`holds`: no second local KSeF gets in; keys and files are those of one data folder.

        Raises `errors.Unreadable`.
        """
        self._url = address(url)
        self._holds = holds
        self._away = False
        self._engine = create_engine(
            self._url.set(drivername="postgresql+psycopg"),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            hide_parameters=True,  # errors are logged, and values may be secrets
            connect_args={"application_name": "klucznik", "connect_timeout": 10},
        )
        try:
            self.writer = self._engine.connect()
            self._prepare()
            self.reader = self._engine.connect()
        except DBAPIError as failed:
            raise _unusable(self._url, failed.orig) from None
        self._writes, self._reads = _raw(self.writer), _raw(self.reader)
        if holds:
            self._hold()
        #: Whether the savepoint has nothing behind it: each word to the server costs a trip there.
        self._fresh = False

    def begin(self) -> None:
        if not self._writes.closed:
            # A connection that was lost while idle says so here; nothing was begun on it.
            try:
                self._tell(_BEGIN_WRITING)
            except psycopg.OperationalError:
                if not self._writes.closed:
                    raise
        if self._writes.closed:
            self.writer = self._renewed(self.writer, self._writes)
            self._writes = _raw(self.writer)
            self._tell(_BEGIN_WRITING)
        self._fresh = True

    def savepoint(self) -> None:
        if not self._fresh:
            self._tell("RELEASE one; SAVEPOINT one")
        self._fresh = False

    def keep(self) -> None:
        """Nothing to say: the next savepoint or the commit does."""

    def undo(self) -> None:
        self._tell("ROLLBACK TO one")
        self._fresh = True

    def commit(self) -> None:
        self._tell("COMMIT")

    def abandon(self) -> None:
        # The next transaction begins on a new connection where this one is lost.
        with suppress(psycopg.Error):
            if not self._writes.closed:
                self._tell("ROLLBACK")

    def lost(self, *, writing: bool) -> bool:
        return self._writes.closed if writing else self._reads.closed

    def looking(self) -> Connection:
        if self._reads.closed:
            self.reader = self._renewed(self.reader, self._reads)
            self._reads = _raw(self.reader)
            if self._holds and not self._tries_to_hold():
                log.error(
                    "another local KSeF uses the database %s as well: stop one of them", self._url.database
                )
        return self.reader

    def begin_reading(self) -> Connection:
        self.looking()
        self._reads.execute(_BEGIN_READING, prepare=False)
        return self.reader

    def end_reading(self) -> None:
        if not self._reads.closed:
            self._reads.execute("COMMIT", prepare=False)

    def close(self) -> None:
        _let_go(self.reader, self._reads)
        _let_go(self.writer, self._writes)
        self._engine.dispose()

    def _tell(self, statements: str) -> None:
        # Several in one go cannot be prepared by the server.
        self._writes.execute(statements, prepare=False)

    def _renewed(self, lost: Connection, raw: psycopg.Connection[Any]) -> Connection:
        if not self._away:
            log.warning("the connection to the database %s was lost; connecting anew", self._url.database)
        self._away = True
        _let_go(lost, raw)
        made = self._engine.connect()
        self._away = False
        log.warning("connected to the database %s again", self._url.database)
        return made

    def _hold(self) -> None:
        """Keep the database, once whoever was killed a moment ago is gone."""
        self._reads.execute("SET lock_timeout = '3s'")
        try:
            self._reads.execute(f"SELECT pg_advisory_lock({_HELD})".encode())
        except psycopg.errors.LockNotAvailable:
            self.close()
            name = self._url.database
            raise Unreadable(
                tr(f"Another local KSeF uses the database {name}.", f"Bazy {name} używa inny lokalny KSeF."),
                hint=tr(
                    "stop that one, or give this one a database of its own (createdb) with --database",
                    "zatrzymaj tamten albo podaj temu własną bazę (createdb) przez --database",
                ),
            ) from None
        self._reads.execute("RESET lock_timeout")

    def _tries_to_hold(self) -> bool:
        found = self._reads.execute(f"SELECT pg_try_advisory_lock({_HELD})".encode()).fetchone()
        return found is not None and found[0] is True

    def _prepare(self) -> None:
        raw = _raw(self.writer)
        raw.execute(_BEGIN, prepare=False)
        try:
            found = int(setting(self.writer, _VERSION) or 0) if has_tables(self.writer) else 0
            if lay_out(self.writer, found, f"{self._url.database}"):
                keep_setting(self.writer, _VERSION, str(tables.VERSION))
            raw.execute("COMMIT", prepare=False)
        except BaseException:
            self.writer.close()
            raise


def address(url: str) -> URL:
    """A database's URL, read. Raises `errors.Unreadable` for another database, or where a password
    stands in it: arguments are seen by all users of a machine."""
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number is a ValueError
        found = None
    if found is None or found.drivername not in ("postgresql", "postgres") or not found.database:
        raise Unreadable(
            tr("That is no address of a PostgreSQL database.", "To nie jest adres bazy PostgreSQL."),
            hint=tr(
                "write it as postgresql://user@host:5432/name; without --database SQLite is used",
                "zapisz go jako postgresql://user@host:5432/name; bez --database używany jest SQLite",
            ),
        )
    if found.password is not None or "password" in found.query:
        raise Unreadable(
            tr(
                "The address of the database holds a password, which others could see.",
                "Adres bazy zawiera hasło, które inni mogliby zobaczyć.",
            ),
            hint=tr(
                "leave it out and put it into a passfile: ~/.pgpass, or the file PGPASSFILE names",
                "usuń je i wpisz do pliku haseł: ~/.pgpass albo pliku wskazanego przez PGPASSFILE",
            ),
        )
    return found


@compiles(CreateColumn, "postgresql")
def _bytewise(column: CreateColumn, compiler: Any, **options: Any) -> str:
    """Texts compare by their bytes, as on SQLite, whatever language the server speaks."""
    written: str = compiler.visit_create_column(column, **options)
    return (
        written.replace(" TEXT", ' TEXT COLLATE "C"', 1) if isinstance(column.element.type, Text) else written
    )


def _raw(connection: Connection) -> psycopg.Connection[Any]:
    raw: Any = connection.connection.dbapi_connection
    # SQLAlchemy wraps nothing here: what it hands out is psycopg's own connection.
    assert isinstance(raw, psycopg.Connection)
    return raw


def _let_go(connection: Connection, raw: psycopg.Connection[Any]) -> None:
    if raw.closed and not connection.closed:
        # Nothing is left to be rolled back; SQLAlchemy would try, and log at length that it cannot.
        connection.invalidate()
    connection.close()


def _unusable(url: URL, cause: BaseException | None) -> Unreadable:
    where = url.render_as_string(hide_password=True)
    # libpq asks whether the server runs; so do we, below.
    lines = [" ".join(line.split()) for line in str(cause).splitlines()]
    reason = " ".join(line for line in lines if not line.endswith("?")).rstrip(".")
    return Unreadable(
        tr(f"The database {where} cannot be used: {reason}.", f"Nie da się użyć bazy {where}: {reason}."),
        hint=tr(
            f"does the server run (pg_isready), is the database made (createdb {url.database}), is the "
            "password in ~/.pgpass?",
            f"czy serwer działa (pg_isready), czy bazę utworzono (createdb {url.database}), czy hasło jest w "
            "~/.pgpass?",
        ),
    )
