"""Several processes that are one local KSeF: `--workers`. This is the one that leads.

The leader keeps what has to be one: clock, rate limits, fault script, trace and causes. It answers the
management door and no call of the API. The workers answer calls on one port, do the work behind
them, and ask the leader over a `link`. A worker that dies is replaced; when the leader dies, the workers end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from klucznik.errors import CannotServe
from klucznik.lang import tr
from klucznik.server.limits import Key
from klucznik.server.link import Link
from klucznik.server.local import LocalKsef
from klucznik.server.trace import Traced
from klucznik.server.why import Cause
from klucznik.wire.limits import Rates
from klucznik.wire.problems import TooMany

log = logging.getLogger("klucznik.ksef")

#: Workers that may die in a row before the first of them has answered; then it is no accident.
_PATIENCE: Final = 3
#: Seconds before another one is tried where one could not begin: its database is away, perhaps.
_PAUSE: Final = 1.0
#: Seconds in which a worker starts, and in which it ends.
_START: Final = 60
_END: Final = 10


class Crew:
    """The workers of one local KSeF, seen by their leader."""

    def __init__(
        self,
        ksef: LocalKsef,
        api: Sequence[socket.socket],
        count: int,
        program: str,
        options: Mapping[str, Any],
    ) -> None:
        """`api` are listening sockets, one for each worker or one for all. They stay open here, so that who
        calls while a worker is replaced waits for the next one. `program` is the module that runs a worker,
        `options` what it opens the same local KSeF with (`worker.main`), as JSON."""
        self._program = program
        self._ksef = ksef
        self._api = api
        self._count = count
        self._options = json.dumps(options)
        self._links: dict[int, Link] = {}
        self._watches: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        """Start them all; returns when each answers. Raises `CannotServe`."""
        started = [asyncio.get_running_loop().create_future() for _ in range(self._count)]
        self._watches = [
            asyncio.create_task(self._keep(one, self._api[place % len(self._api)]))
            for place, one in enumerate(started)
        ]
        await asyncio.gather(*started)

    async def heard(self) -> None:
        """All that the workers noted up to now is here."""
        await self._everybody("ping")

    async def told(self) -> None:
        """All workers know the clock, faults, policy and keys of now."""
        await self._everybody("state", **self._state())

    async def stop(self) -> None:
        """End them all; each finishes the calls under way."""
        self._stopping = True
        for link in self._links.values():
            link.tell("stop")
        if self._watches:
            _, late = await asyncio.wait(self._watches, timeout=_END)
            for watch in late:
                watch.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _everybody(self, name: str, **what: Any) -> None:
        asked = [link.ask(name, **what) for link in self._links.values()]
        # One that dies meanwhile has nothing to say any more; the next one is told when it starts.
        await asyncio.gather(*asked, return_exceptions=True)

    def _state(self) -> dict[str, Any]:
        ksef = self._ksef
        frozen = ksef.clock.frozen
        return {
            "offset": ksef.clock.offset.total_seconds(),
            "frozen": frozen.isoformat() if frozen else None,
            "script": ksef.faults.script.model_dump(mode="json", by_alias=True),
            "policy": asdict(ksef.tokens),
        }

    async def _keep(self, started: asyncio.Future[None], api: socket.socket) -> None:
        """Run one worker, and another one after it, until the end."""
        failures = 0
        while not self._stopping:
            answered = await self._run(started, api)
            failures = 0 if answered else failures + 1
            if self._stopping:
                break
            if failures == _PATIENCE and not started.done():
                break
            log.error("a worker process ended; starting another one")
            if failures and started.done():
                await asyncio.sleep(_PAUSE)
        if not started.done():
            started.set_exception(
                CannotServe(
                    tr("The worker processes do not start.", "Procesy robocze nie startują."),
                    hint=tr("the log above says why", "przyczyna jest w dzienniku powyżej"),
                )
            )

    async def _run(self, started: asyncio.Future[None], api: socket.socket) -> bool:
        """One worker, from start to end; whether it ever answered."""
        ours, theirs = socket.socketpair()
        answers = asyncio.Event()
        link = Link(ours, lambda name, what: answers.set() if name == "ready" else self._answer(name, what))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self._program, self._options),
            *(str(api.fileno()), str(theirs.fileno())),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=(api.fileno(), theirs.fileno()),
            env={**os.environ},
        )
        theirs.close()
        listening = asyncio.create_task(await link.open())
        try:
            ready = asyncio.create_task(answers.wait())
            await asyncio.wait([ready, listening], timeout=_START, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                ready.cancel()
                return False
            self._links[process.pid] = link
            await link.ask("state", **self._state())
            if not started.done():
                started.set_result(None)
            await process.wait()
            return True
        except asyncio.CancelledError:
            return answers.is_set()  # it went between two words, or we are told to end
        finally:
            self._links.pop(process.pid, None)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            listening.cancel()

    def _answer(self, name: str, what: dict[str, Any]) -> Any:
        """What a worker wants to know, or tells."""
        ksef = self._ksef
        match name:
            case "count":
                try:
                    ksef.limiter.note(Rates(*what["rates"]), _key(what["key"]), what["now"])
                except TooMany as refused:
                    return [refused.limit, refused.window, refused.retry_after, refused.why]
            case "struck":
                return ksef.faults.strikes(what["operation"], what["context"])
            case "trace":
                ksef.trace.note(Traced.told(what["call"]))
            case "cause":
                ksef.causes.keep(ksef, Cause(**what["cause"]))
        return None


def _key(parts: list[str]) -> Key:
    name, context, address = parts
    return name, context, address
