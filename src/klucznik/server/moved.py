"""The clock of the local KSeF, kept over restarts: how far it was moved, or where it stands still."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from klucznik.clock import MovableClock
from klucznik.server.store import Store, keep_setting, setting

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

_SETTING: Final = "clock"


def restore(store: Store, clock: MovableClock) -> None:
    """Go on as the clock was left."""
    kept = store.read(lambda db: setting(db, _SETTING))
    if kept is None:
        return
    found = json.loads(kept)
    clock.offset = timedelta(microseconds=found["offset"])
    clock.frozen = datetime.fromisoformat(found["frozen"]) if found["frozen"] else None


def keep(db: Connection, clock: MovableClock) -> None:
    """Note where the clock is."""
    frozen = clock.frozen.isoformat() if clock.frozen else None
    offset = clock.offset // timedelta(microseconds=1)
    keep_setting(db, _SETTING, json.dumps({"offset": offset, "frozen": frozen}))


async def move(
    ksef: LocalKsef,
    *,
    at: datetime | None = None,
    advance: timedelta | None = None,
    freeze: bool | None = None,
) -> None:
    """Stop the clock or let it run, and move it. Raises OverflowError beyond the years 1 to 9999.

    All that falls due meanwhile is done at once; rate limits are counted anew.
    """
    clock = ksef.clock
    # First, so that a clock which is to stand still does so at the very instant it is sent to.
    if freeze is not None:
        clock.freeze(freeze)
    if at is not None:
        clock.set(at)
    if advance is not None:
        clock.set(clock.now() + advance)
    ksef.limiter.forget()
    await ksef.store.write(lambda db: keep(db, clock))
    ksef.work.wake_all()
