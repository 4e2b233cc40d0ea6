"""Time comes in as an argument: a `Clock` is the only source of "now"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

#: KSeF counts days in Polish local time (invoice-verification.md section 4).
WARSAW = ZoneInfo("Europe/Warsaw")


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that moves only when told to: for tests and rehearsals."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(f"{start.isoformat()} has no time zone; write it with one, such as +00:00")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, **parts: float) -> None:
        """Move forward; parts are those of `timedelta`: `advance(minutes=15)`."""
        self._now += timedelta(**parts)


class MovableClock:
    """A clock over another one, which it leads or lags by `offset`, or which stands still at `frozen`."""

    def __init__(self, base: Clock) -> None:
        self.base = base
        self.offset = timedelta()
        self.frozen: datetime | None = None

    def now(self) -> datetime:
        return self.frozen or self.base.now() + self.offset

    def set(self, moment: datetime) -> None:
        """Go to an instant and run on from there; a frozen clock stands still there."""
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()} has no time zone; write it with one, such as +00:00")
        moment = moment.astimezone(UTC)
        self.offset = moment - self.base.now()
        if self.frozen:
            self.frozen = moment

    def freeze(self, still: bool) -> None:
        """Stand still at this instant, or run on from it."""
        now = self.now()
        self.frozen = now if still else None
        self.offset = now - self.base.now()
