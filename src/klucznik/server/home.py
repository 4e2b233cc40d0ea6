"""What a database has to be able to do to be the local KSeF's home: `sqlite` and `postgres` are two."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection, bindparam, delete, insert, inspect, select

from klucznik.errors import Unreadable
from klucznik.lang import both, tr
from klucznik.server import tables
from klucznik.server.prepared import Prepared


class Away(Exception):
    """The database cannot be reached. Nothing was acknowledged; it goes on by itself once it is back."""

    detail = "The database of this local KSeF cannot be reached."
    why = both(
        "the database does not answer; start it again, the local KSeF then goes on by itself",
        "baza danych nie odpowiada; uruchom ją ponownie, lokalny KSeF podejmie wtedy pracę sam",
    )

    def __init__(self) -> None:
        super().__init__(self.detail)


class Home(Protocol):
    """An open database with one connection that writes and one that reads."""

    writer: Connection
    reader: Connection
    #: Errors after which nobody knows what is left of the transaction: disk full, connection lost.
    fatal: tuple[type[Exception], ...]
    #: Whether a commit waits for a disk, so that others are served meanwhile.
    durable: bool

    def begin(self) -> None:
        """Begin the only writing transaction there is, in any process; waits for another one's end."""
        ...

    def savepoint(self) -> None:
        """The next piece of work begins."""
        ...

    def keep(self) -> None:
        """The piece of work stays."""
        ...

    def undo(self) -> None:
        """The piece of work has not happened."""
        ...

    def commit(self) -> None:
        """Acknowledge the transaction; on disk when this returns."""
        ...

    def abandon(self) -> None:
        """Give the transaction up, whatever is left of it; never raises."""
        ...

    def lost(self, *, writing: bool) -> bool:
        """Whether the connection that writes, or the one that reads, is gone; the next use makes another."""
        ...

    def looking(self) -> Connection:
        """What is committed, for one statement."""
        ...

    def begin_reading(self) -> Connection:
        """One view of what is committed, until `end_reading`."""
        ...

    def end_reading(self) -> None:
        """Let go of that view."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def lay_out(connection: Connection, found: int, where: str) -> bool:
    """Bring tables of version `found` (0: none) to ours, inside a transaction; whether there was need.

    Raises `errors.Unreadable` when they are of a newer version than this program knows.
    """
    if found > tables.VERSION:
        raise Unreadable(
            tr(
                f"{where} was written by a newer Klucznik (tables of version {found}, this one knows "
                f"{tables.VERSION}).",
                f"{where} zapisał nowszy Klucznik (tabele w wersji {found}, ten zna {tables.VERSION}).",
            ),
            hint=tr(
                "use the newer program, or another place with --data or --database",
                "użyj nowszego programu albo innego miejsca przez --data lub --database",
            ),
        )
    if found == tables.VERSION:
        return False
    tables.upgrade(connection)
    tables.metadata.create_all(connection)
    return True


_SETTING = Prepared(select(tables.settings.c.value).where(tables.settings.c.name == bindparam("name")))
_FORGET = Prepared(delete(tables.settings).where(tables.settings.c.name == bindparam("name")))
_KEEP = Prepared(insert(tables.settings), ["name", "value"])


def setting(db: Connection, name: str) -> str | None:
    """A stored setting, or None."""
    found = _SETTING.one(db, name=name)
    return None if found is None else str(found.value)


def keep_setting(db: Connection, name: str, value: str) -> None:
    """Store a setting for good."""
    _FORGET.do(db, name=name)
    _KEEP.do(db, name=name, value=value)


def has_tables(db: Connection) -> bool:
    """Whether anything of ours is there."""
    return inspect(db).has_table(tables.settings.name)
