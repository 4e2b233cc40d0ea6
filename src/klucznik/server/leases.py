"""Leases: who works on a package, so that two processes on one database never do the same one twice.

Unpacking a batch and packing an export take longer than a transaction. Who takes such a row puts a name
and a time into it (`lease_by`, `lease_until`), renews the time while working, and proves in every write
that the name still stands there (`Lease.hold`): a worker that was away too long changes nothing any more.
Once the time is over, after a kill for instance, whoever looks next takes the row over. Where no other
process shares the database, what was held before this one began is free at once.

The time is the machine's: a rehearsal that moves the clock of KSeF takes nobody's work away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Select, Table, and_, not_, or_, update

from klucznik.server.tables import stamp

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

#: How long a lease holds without a sign of life, and how often there is one.
LIFE: Final = timedelta(seconds=10)
_RENEWAL: Final = 3.0
_LIFE: Final = LIFE // timedelta(microseconds=1)


class Lost(Exception):
    """Another process has taken the row over, or it is gone: leave everything as it is."""


@dataclass(frozen=True)
class Lease:
    """A row of `table` taken for work, until `Lost` says otherwise."""

    ksef: LocalKsef
    table: Table
    ref: str
    by: str

    def hold(self, db: Connection) -> None:
        """To be called in every transaction that writes for the row: it is ours, and stays so for a while
        longer. Raises `Lost`."""
        held = (
            update(self.table)
            .where(self.table.c.ref == self.ref, self.table.c.lease_by == self.by)
            .values(lease_until=_now(self.ksef) + _LIFE)
        )
        if not db.execute(held).rowcount:
            raise Lost(self.ref)

    def _release(self, db: Connection) -> None:
        held = update(self.table).where(self.table.c.ref == self.ref, self.table.c.lease_by == self.by)
        db.execute(held.values(lease_by=None, lease_until=None))

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Renew while the block runs; a block that fails gives the row back."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        except BaseException:  # also when the server stops: the next one need not wait
            await self.ksef.store.write(self._release)
            raise
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError, Lost):
                await renewing

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEWAL)
            await self.ksef.store.write(self.hold)


class Leases:
    """The leases that one life of one process takes."""

    def __init__(self, ksef: LocalKsef) -> None:
        self._ksef = ksef
        self._life = ksef.random(8).hex()
        #: What was held until then at most may be that of an earlier life.
        self._began = _now(ksef) + _LIFE

    async def take(self, table: Table, waiting: Select[Any]) -> tuple[Any, Lease] | None:
        """The first free row of `waiting` (`ref` among its columns) and its lease.

        `waiting` selects from `table` what is due, in its order.
        """
        # Looking costs no transaction; most rounds find nothing.
        if self._ksef.store.look(partial(self._first, table, waiting)) is None:
            return None

        def work(db: Connection) -> tuple[Any, Lease] | None:
            row = self._first(table, waiting, db)
            if row is None:
                return None
            lease = Lease(self._ksef, table, str(row.ref), f"{self._life} {self._ksef.random(8).hex()}")
            db.execute(update(table).where(table.c.ref == lease.ref).values(lease_by=lease.by))
            lease.hold(db)
            return row, lease

        return await self._ksef.store.write(work)

    def _first(self, table: Table, waiting: Select[Any], db: Connection) -> Any:
        free = [table.c.lease_by.is_(None), table.c.lease_until <= _now(self._ksef)]
        if not self._ksef.store.shared:
            earlier = not_(table.c.lease_by.startswith(self._life))
            free.append(and_(earlier, table.c.lease_until <= self._began))
        return db.execute(waiting.where(or_(*free)).limit(1)).first()


def _now(ksef: LocalKsef) -> int:
    return stamp(ksef.clock.base.now())
