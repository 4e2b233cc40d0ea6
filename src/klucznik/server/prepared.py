"""Hot statements: written with SQLAlchemy Core, compiled once, run by the driver.

    _TAKE = Prepared(update(sessions)….returning(sessions.c.sent))
    row = _TAKE.one(ask.db, session=ref, now=now)

An invoice passes through half a dozen of them; Core's own execution costs 25 to 40 µs a statement,
the driver's 3 to 10. What is given by name are the `bindparam`s of the statement (and the columns an
INSERT or UPDATE fills, where `columns` names them); literals in it keep their values. Values and
results are as the driver has them: only columns that need no conversion may be used (text, integers,
bytes, booleans), and SQLite gives booleans back as 0 and 1.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias

from sqlalchemy import Connection, Executable
from sqlalchemy.sql import ClauseElement

#: A row as a dictionary, by column.
Record: TypeAlias = Mapping[str, Any]


def together(db: Connection) -> AbstractContextManager[Any]:
    """Statements inside whose results nobody reads: to PostgreSQL they travel in one go. What one of them
    raises may come at the end."""
    pipeline: Any = getattr(db.connection.dbapi_connection, "pipeline", nullcontext)
    entered: AbstractContextManager[Any] = pipeline()
    return entered


class Prepared:
    """One statement, compiled for the database it first meets, and anew when it meets another."""

    def __init__(self, statement: Executable, columns: Iterable[str] | None = None) -> None:
        assert isinstance(statement, ClauseElement)
        self._statement = statement
        self._columns = list(columns) if columns is not None else None
        self._text = ""
        self._dialect = ""
        self._names: tuple[str, ...] | None = None
        self._fixed: dict[str, Any] = {}
        self._make: Any = None

    def one(self, db: Connection, **given: Any) -> Any:
        """The first row by column names, or None."""
        cursor = self._run(db, given)
        row = cursor.fetchone()
        return None if row is None else self._made(cursor, row)

    def record(self, db: Connection, **given: Any) -> Record | None:
        """The first row as a dictionary, or None: for rows that travel far."""
        row = self.one(db, **given)
        return None if row is None else row._asdict()

    def rows(self, db: Connection, **given: Any) -> list[Any]:
        """All rows."""
        cursor = self._run(db, given)
        return [self._made(cursor, row) for row in cursor.fetchall()]

    def do(self, db: Connection, **given: Any) -> int:
        """Execute; how many rows it touched."""
        count: int = self._run(db, given).rowcount
        return count

    def many(self, db: Connection, given: list[dict[str, Any]]) -> None:
        """Execute for each of the values; nothing to do is nothing done."""
        if not given:
            return
        if len(given) == 1:  # PostgreSQL's driver makes much ado about many
            self._run(db, given[0])
            return
        if self._dialect != db.dialect.name:
            self._compile(db)
        raw: Any = db.connection.dbapi_connection
        raw.cursor().executemany(self._text, [self._values(values) for values in given])

    def _run(self, db: Connection, given: Mapping[str, Any]) -> Any:
        if self._dialect != db.dialect.name:
            self._compile(db)
        raw: Any = db.connection.dbapi_connection
        return raw.execute(self._text, self._values(given))

    def _compile(self, db: Connection) -> None:
        compiled = self._statement.compile(dialect=db.dialect, column_keys=self._columns)
        positions = getattr(compiled, "positiontup", None)
        self._names = tuple(positions) if positions else None
        names: Any = getattr(compiled, "bind_names", {})
        self._fixed = {name: compiled.params[name] for bind, name in names.items() if not bind.required}
        self._text, self._dialect, self._make = str(compiled), db.dialect.name, None

    def _values(self, given: Mapping[str, Any]) -> Any:
        values = {**self._fixed, **given} if self._fixed else given
        return tuple([values[name] for name in self._names]) if self._names else values

    def _made(self, cursor: Any, row: tuple[Any, ...]) -> Any:
        if self._make is None:
            named: Any = namedtuple  # the type checker wants names it can read
            self._make = named("Row", [column[0] for column in cursor.description])._make
        return self._make(row)
