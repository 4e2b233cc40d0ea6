"""Another process at the same work: it has seen what waits, and acts on it when we let it."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import pytest
from sqlalchemy import Connection

from klucznik.server import handlers
from klucznik.server.local import LocalKsef
from klucznik.server.work import STEPS

handlers.load()  # registers the steps

T = TypeVar("T")


class _HeldStore:
    """The database as the other process has it: it reads at once, and writes once it may."""

    def __init__(self, store: Any, may_write: asyncio.Event) -> None:
        self._store, self._may_write = store, may_write

    def read(self, work: Callable[[Connection], T]) -> T:
        found: T = self._store.read(work)
        return found

    async def write(self, work: Callable[[Connection], T]) -> T:
        await self._may_write.wait()
        found: T = await self._store.write(work)
        return found


class Rival:
    """A second worker of one step. Its round begins before ours and writes after `finish` only."""

    def __init__(self, name: str, patch: pytest.MonkeyPatch) -> None:
        self._real = STEPS[name]
        self._round: asyncio.Task[bool] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._may_write: asyncio.Event | None = None
        patch.setitem(STEPS, name, self._step)

    async def _step(self, ksef: LocalKsef) -> bool:
        if self._round is None or (self._round.done() and not self._round.result()):
            self._loop, self._may_write = asyncio.get_running_loop(), asyncio.Event()
            other = copy.copy(ksef)
            cast(Any, other).store = _HeldStore(ksef.store, self._may_write)
            self._round = self._loop.create_task(cast("Any", self._real(other)))
            await asyncio.sleep(0)  # it looks now
        return await self._real(ksef)

    def finish(self) -> None:
        """Let the other process write what it decided on what it saw; it must have seen something."""
        assert self._loop is not None
        assert asyncio.run_coroutine_threadsafe(self._finish(), self._loop).result(30)

    async def _finish(self) -> bool:
        assert self._may_write is not None
        assert self._round is not None
        assert not self._round.done()
        self._may_write.set()
        await self._round
        return True


def at_once(name: str, patch: pytest.MonkeyPatch) -> None:
    """Two workers of a step in the same moment: both have looked before either writes."""
    real: Callable[[LocalKsef], Awaitable[bool]] = STEPS[name]

    async def both(ksef: LocalKsef) -> bool:
        return any(await asyncio.gather(real(ksef), real(ksef)))

    patch.setitem(STEPS, name, both)
