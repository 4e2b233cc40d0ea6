"""Durable state: one writer, group commit, reads beside it.

Every request that changes something is a function of a connection. Requests waiting at the same
moment share one transaction and one fsync; each stands in a savepoint of its own, so that a refusal
undoes only itself; nobody is answered before the commit. One transaction writes at a time, in any
process. Handlers therefore see the world one after the other: two redeems of one login, two posts of
one invoice, cannot race. Which database it is: `home`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from klucznik.clock import Clock
from klucznik.server.home import Away, Home, keep_setting, setting
from klucznik.server.sqlite import SqliteHome, lock

__all__ = ["Store", "keep_setting", "setting"]

T = TypeVar("T")

#: Requests in one transaction at most: bounds the time the loop is held.
_BATCH = 256


class Store:
    """The database of the local KSeF. Used from the event loop's thread only."""

    def __init__(
        self,
        folder: Path | None,
        clock: Clock,
        *,
        database: str | None = None,
        shared: bool = False,
        holds: bool = True,
    ) -> None:
        """`folder` holds files, and `ksef.db` unless there is a `database` (URL of PostgreSQL); None is
        memory. `shared`: other processes write to it as well. `holds`: both are kept from others."""
        self.folder = folder
        self.clock = clock
        self.shared = shared
        #: Start of the transaction under way: what it stores carries no earlier instant.
        self.in_flight: datetime | None = None
        self._lock = lock(folder) if folder and holds else None
        self._home = _home(folder, database, shared, holds)
        self._waiting: list[tuple[Callable[[Connection], Any], asyncio.Future[Any]]] = []
        self._committer: asyncio.Task[None] | None = None
        self._after_commit: list[Callable[[], None]] = []
        self._disk = ThreadPoolExecutor(1, "commit") if self._home.durable else None

    @property
    def busy(self) -> bool:
        """Whether writes wait or are being committed."""
        return self._committer is not None and not self._committer.done()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a function that only reads, at once, on what is committed. Raises `home.Away`."""

        def once() -> T:
            connection = self._home.begin_reading()
            try:
                return work(connection)
            finally:
                self._home.end_reading()

        return self._reading(once)

    def look(self, work: Callable[[Connection], T]) -> T:
        """The same for one statement: it needs no view that lasts, and so costs no transaction."""
        return self._reading(lambda: work(self._home.looking()))

    def _reading(self, once: Callable[[], T]) -> T:
        home = self._home
        try:
            return once()
        except home.fatal:
            if not home.lost(writing=False):
                raise
        # The database was away meanwhile, and an idle connection tells nobody: ask again on another.
        try:
            return once()
        except home.fatal as failed:
            if not home.lost(writing=False):
                raise
            raise Away from failed

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run a function that writes; returns when its transaction is on disk. Raises `home.Away`."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if not self.busy:
            self._committer = asyncio.create_task(self._commit_waiting())
        return await future

    async def _commit_waiting(self) -> None:
        while self._waiting:
            home = self._home
            results: list[tuple[asyncio.Future[Any], Any, BaseException | None]] = []
            batch: list[tuple[Callable[[Connection], Any], asyncio.Future[Any]]] = []
            try:
                # Where others write too, waiting for them must not hold the loop.
                await self._beside(home.begin, self.shared)
                batch = self._take()
                self.in_flight = self.clock.now()
                for work, future in batch:
                    home.savepoint()
                    try:
                        results.append((future, work(home.writer), None))
                    except home.fatal:
                        raise  # disk full, I/O: what is left of the transaction is anybody's guess
                    except Exception as refusal:  # handed to the caller, whatever it is
                        home.undo()
                        results.append((future, None, refusal))
                    else:
                        home.keep()
                await self._beside(home.commit, home.durable)
            except Exception as broken:  # disk full, locked: nobody of the batch is acknowledged
                home.abandon()
                gone = isinstance(broken, home.fatal) and home.lost(writing=True)
                told = Away() if gone else broken
                results = [(future, None, told) for _, future in batch or self._take()]
            self.in_flight = None
            calls, self._after_commit = self._after_commit, []
            for call in calls:
                call()
            for future, result, refusal_or_none in results:
                if future.cancelled():
                    continue
                if refusal_or_none is None:
                    future.set_result(result)
                else:
                    future.set_exception(refusal_or_none)

    def _take(self) -> list[tuple[Callable[[Connection], Any], asyncio.Future[Any]]]:
        batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        return batch

    async def _beside(self, call: Callable[[], None], long: bool) -> None:
        if long and self._disk:
            await asyncio.get_running_loop().run_in_executor(self._disk, call)
        else:
            call()

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call once the transaction under way is on disk (or undone); at once where there is none."""
        if self.in_flight is None:
            call()
        else:
            self._after_commit.append(call)

    async def drain(self) -> None:
        """Wait until nothing is waiting."""
        while self.busy:
            assert self._committer is not None
            await asyncio.wait([self._committer])

    def close(self) -> None:
        """Close the connections; waiting work is lost, so `drain` first."""
        if self._disk:
            self._disk.shutdown(wait=True)
        self._home.close()
        if self._lock:
            self._lock.close()


def _home(folder: Path | None, database: str | None, shared: bool, holds: bool) -> Home:
    if database is None:
        return SqliteHome(folder, shared)
    # psycopg takes a tenth of a second to import; only who uses it pays.
    from klucznik.server.postgres import PostgresHome

    return PostgresHome(database, holds)
