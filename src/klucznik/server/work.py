"""What happens after 202: asynchronous steps, each a loop of its own over rows in a state.

The row is the queue: a step takes rows by their state, does the work, moves them on in one guarded
write. After a crash the rows are still there; the first pass after the start finds them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from klucznik.server.home import Away
from klucznik.server.scenario import hold

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

log = logging.getLogger("klucznik.ksef")

#: A step does one round and says whether it found anything to do.
Step = Callable[["LocalKsef"], Awaitable[bool]]

STEPS: dict[str, Step] = {}

#: Seconds between rounds that nobody asked for: for what falls due by time alone.
_PATROL = 1.0


def step(name: str) -> Callable[[Step], Step]:
    """Register a step under the name by which handlers wake it."""

    def register(function: Step) -> Step:
        if name in STEPS:
            raise ValueError(f"step {name} is registered twice")
        STEPS[name] = function
        return function

    return register


class Work:
    """Runs the steps of one local KSeF."""

    def __init__(self, ksef: LocalKsef) -> None:
        self._ksef = ksef
        self._events: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, names: Collection[str] | None = None) -> None:
        """Begin all steps, or those named; needs a running loop."""
        self._tasks = [
            asyncio.create_task(self._loop(name), name=f"work {name}")
            for name in STEPS
            if names is None or name in names
        ]

    def wake(self, name: str) -> None:
        """There is something to do for a step, once the transaction under way can be read."""
        self._ksef.store.after_commit(self._events[name].set)

    def wake_all(self) -> None:
        """Everybody looks again: the clock was moved, or faults were lifted."""
        for name in STEPS:
            self.wake(name)

    async def stop(self) -> None:
        """End the loops; a round under way is finished at the next start."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _loop(self, name: str) -> None:
        event, work = self._events[name], STEPS[name]
        while True:
            event.clear()
            try:
                busy = await self._may_go_on(name) and await work(self._ksef)
            except Away:  # said once, where the connection was lost
                busy = False
            except Exception:  # a broken round must not end the loop: say so, try again later
                log.exception("step %s failed; it is tried again", name)
                busy = False
            if not busy:
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), _PATROL)

    async def _may_go_on(self, name: str) -> bool:
        """Wait for as long as a step is ordered to be late; False where it is stuck. Orders that are taken
        back meanwhile hold nobody any longer."""
        waited = 0.0
        while (late := hold(self._ksef, name)) is not None and waited < late:
            pause = min(_PATROL, late - waited)
            await asyncio.sleep(pause)
            waited += pause
        return late is not None
