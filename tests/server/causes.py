"""Watches every cause that the local KSeF notes while these tests run: each is there in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, select

from klucznik.server.store import Store
from klucznik.server.tables import metadata
from klucznik.server.why import Causes


@pytest.fixture(scope="session", autouse=True)
def causes_in_both_languages() -> Iterator[None]:
    """Fails the run, at its end, with what was noted in one language alone."""
    alone: set[str] = set()
    note, close = Causes.note, Store.close

    def watch(self: Causes, *given: Any, **named: Any) -> None:
        if not in_both(named["why"]):
            alone.add(f"{named['operation']}, said: {named['said']}, why: {named['why']!r}")
        note(self, *given, **named)

    def look(self: Store) -> None:
        alone.update(f"{where}: {why!r}" for where, why in self.read(of_work) if not in_both(why))
        close(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Causes, "note", watch)
        patch.setattr(Store, "close", look)
        yield
    assert not alone, "\n".join(sorted(alone))


def in_both(why: str) -> bool:
    """Two lines, neither empty (`lang.both`)."""
    english, _, polish = why.partition("\n")
    return bool(english and polish)


def of_work(db: Connection) -> list[tuple[str, str]]:
    """The causes of what failed after 202: the table with the status, and the cause."""
    found = []
    for table in metadata.sorted_tables:
        if {"ref", "status", "why"} <= set(table.c.keys()):
            rows = db.execute(select(table.c.status, table.c.why).where(table.c.why.is_not(None)))
            found += [(f"{table.name} {row.status}", row.why) for row in rows]
    return found
