"""Permanent storage: which date a record gets, who sees it already, and the high water mark.

Rules: query-export.md sections 1 and 2. Nothing may ever appear at or below a mark that was told, not
after a restart, not where the clock is set back. So there is a clock of its own here, which never goes
back: what it has reached is kept in the store, a moment ahead of every mark that leaves the house.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, or_

from klucznik.server.store import keep_setting, setting
from klucznik.server.tables import invoices, stamp

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

#: From the KSeF number to permanent storage; the real system takes seconds to minutes.
STORAGE_DELAY: Final = timedelta(milliseconds=20)

_REACHED: Final = "storage_reached"
_LAG: Final = "storage_lag"
_TOLD: Final = "storage_told"
_MICROSECOND: Final = timedelta(microseconds=1)
_DELAY: Final = STORAGE_DELAY // _MICROSECOND
#: How far ahead of a told mark the store is: spares a write for each query, and no start is so quick.
_AHEAD: Final = 50_000


class Storage:
    """The dates of one local KSeF, as stamps. Used from the event loop's thread only."""

    def __init__(self, ksef: LocalKsef) -> None:
        self._ksef = ksef
        self._kept = int(ksef.store.read(lambda db: setting(db, _REACHED)) or 0)
        self._lag = int(ksef.store.read(lambda db: setting(db, _LAG)) or 0)
        #: The highest mark told to anybody.
        self._promised = self._kept
        self._latest = self._kept
        #: By how much this clock leads that of the machine since that one was set back.
        self._lead = 0
        #: The lowest date given in the transaction under way; nobody can read it yet.
        self._under_way: int | None = None

    def now(self) -> int:
        """The time of this clock: the machine's, or later; it never goes back."""
        told = stamp(self._ksef.clock.now())
        if told >= self._latest:
            self._lead = 0
        elif told + self._lead < self._latest:
            self._lead = self._latest - told
        self._latest = told + self._lead
        return self._latest

    @property
    def lag(self) -> int:
        """Microseconds by which the mark is behind the time (also those that a fault script orders)."""
        return self._lag + self._ksef.faults.lag // _MICROSECOND

    async def set_lag(self, lag: timedelta) -> None:
        """Let the mark be late, for good; records then arrive late too, and out of order."""
        self._lag = lag // _MICROSECOND
        await self._ksef.store.write(lambda db: keep_setting(db, _LAG, str(self._lag)))

    def date(self, db: Connection, most: int) -> int:
        """The first of `most` permanent storage dates, a microsecond apart, for the transaction under way.

        Each record has an instant of its own, so that a walk from date to date always gets on.
        """
        if self._ksef.store.shared:
            self._catch_up(db)
        date = max(self.now() + _DELAY, self._promised + 1)
        self._under_way = min(date, self._under_way or date)
        self._ksef.store.after_commit(self._committed)
        keep_setting(db, _REACHED, str(max(self._kept, date + most)))
        return date

    def _committed(self) -> None:
        self._under_way = None

    async def promise(self) -> int:
        """The high water mark: up to it all is there. Durable before it is told."""
        if self._ksef.store.shared:
            return await self._ksef.store.write(self._promise_of_all)
        now = self.now()
        mark = min(now - self.lag, now if self._under_way is None else self._under_way - 1)
        self._promised = mark = max(mark, self._promised)
        if mark > self._kept:
            kept = mark + _AHEAD
            await self._ksef.store.write(lambda db: keep_setting(db, _REACHED, str(kept)))
            self._kept = max(self._kept, kept)
        return mark

    def _promise_of_all(self, db: Connection) -> int:
        """The same among several processes: while this one writes, no other has dates under way."""
        self._catch_up(db)
        self._promised = max(self.now() - self.lag, self._promised)
        keep_setting(db, _TOLD, str(self._promised))
        return self._promised

    def _catch_up(self, db: Connection) -> None:
        """What the other processes have promised and reached."""
        self._promised = max(self._promised, int(setting(db, _TOLD) or 0))
        self._kept = max(self._kept, int(setting(db, _REACHED) or 0))
        self._lag = int(setting(db, _LAG) or 0)

    def visible(self) -> Any:
        """The condition for records that can be found by now.

        With a lag they come out of order, each in a moment of its own between its date and the lag's
        end: what lies above the mark may be incomplete, as in the real system.
        """
        now, lag, stored = self.now(), self.lag, invoices.c.stored
        if not lag:
            return stored <= now
        return or_(stored <= self._promised, stored + _late(stored, lag) <= now)

    def has(self, stored: int) -> bool:
        """The same for one record."""
        return stored <= self._promised or stored + _late(stored, self.lag or 1) <= self.now()


def _late(stored: Any, lag: int) -> Any:
    """By how much a record is late: less than the lag, and hardly the same for two of them."""
    return stored % 9973 * 104_729 % lag
