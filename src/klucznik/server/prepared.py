"""Hot statements: written with SQLAlchemy Core, turned into SQL text once, run without Core's price per call.

    _TAKE = Prepared(update(sessions)….returning(sessions.c.sent))
    row = _TAKE.run(ask.db, ref=ref, now=now).first()

What is given by name are the `bindparam`s of the statement; literals in it keep their values. Values
go to the driver as they are: only columns whose types need no conversion (text, integers, bytes,
booleans) may be used, and booleans come back as 0 and 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.sql import ClauseElement


class Prepared:
    """One statement, compiled for the dialect it first meets (a process has one database)."""

    def __init__(self, statement: Executable, columns: Iterable[str] | None = None) -> None:
        """`columns`: names of the columns that an INSERT fills, all by parameter."""
        assert isinstance(statement, ClauseElement)
        self._statement = statement
        self._columns = list(columns) if columns is not None else None
        self._text = ""
        self._names: tuple[str, ...] | None = None
        self._fixed: dict[str, Any] = {}

    def _compile(self, db: Connection) -> None:
        compiled = self._statement.compile(dialect=db.dialect, column_keys=self._columns)
        self._text = str(compiled)
        positions = getattr(compiled, "positiontup", None)
        self._names = tuple(positions) if positions else None
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}

    def _values(self, given: Mapping[str, Any]) -> Any:
        values = {**self._fixed, **given} if self._fixed else given
        return tuple([values[name] for name in self._names]) if self._names else values

    def run(self, db: Connection, **given: Any) -> CursorResult[Any]:
        """Execute once."""
        if not self._text:
            self._compile(db)
        return db.exec_driver_sql(self._text, self._values(given))

    def run_many(self, db: Connection, given: list[dict[str, Any]]) -> None:
        """Execute for each of the values; nothing to do is nothing done."""
        if not given:
            return
        if not self._text:
            self._compile(db)
        db.exec_driver_sql(self._text, [self._values(values) for values in given])
