"""One of several processes that answer the calls of a local KSeF; its leader (`crew`) starts it."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from klucznik.errors import KlucznikError
from klucznik.server.app import Web
from klucznik.server.faults import Faults, Rule, Script
from klucznik.server.keys import Keys
from klucznik.server.limits import Key, Limiter
from klucznik.server.link import Link
from klucznik.server.local import LocalKsef, open_local
from klucznik.server.opened import OpenSessions
from klucznik.server.serve import run, serve, start_log
from klucznik.server.tls import Tls
from klucznik.server.token_policy import TokenPolicy
from klucznik.server.trace import Trace, Traced
from klucznik.server.why import Cause, Causes
from klucznik.wire.limits import Rates
from klucznik.wire.problems import TooMany

log = logging.getLogger("klucznik.ksef")


class _Limiter(Limiter):
    """The leader counts."""

    link: Link

    async def within(self, rates: Rates, key: Key, now: float) -> None:
        figures = [rates.per_second, rates.per_minute, rates.per_hour]
        if refused := await self.link.ask("count", rates=figures, key=key, now=now):
            raise TooMany(*refused)


class _Faults(Faults):
    """The leader says which rules strike; what holds all the time is known here."""

    link: Link

    async def struck(self, operation: str, context: str) -> list[Rule]:
        if not self.counted:
            return []
        places = await self.link.ask("struck", operation=operation, context=context)
        return [self.script.rules[place] for place in places]


class _Trace(Trace):
    link: Link

    def note(self, call: Traced) -> None:
        self.link.tell("trace", call=call.telling())


class _Causes(Causes):
    link: Link

    def keep(self, ksef: LocalKsef, cause: Cause) -> None:
        self.link.tell("cause", cause=asdict(cause))


class Worker:
    """A local KSeF that asks its leader for what has to be one."""

    def __init__(self, ksef: LocalKsef, end: socket.socket) -> None:
        self.ksef = ksef
        self.until = asyncio.Event()
        self.link = Link(end, self._answer)
        limiter, faults, trace, causes = _Limiter(ksef.limiter.profile), _Faults(), _Trace(), _Causes()
        limiter.link = faults.link = trace.link = causes.link = self.link
        ksef.limiter, ksef.faults, ksef.trace, ksef.causes = limiter, faults, trace, causes

    async def serve(self, api: socket.socket, tls: Tls | None, web: Web | None = None) -> None:
        """Answer calls until told to stop, or until the leader is gone."""
        listening = asyncio.create_task(await self.link.open())
        listening.add_done_callback(lambda _: self.until.set())
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.until.set)
        # Ctrl-C goes to all processes of a terminal: the leader ends us, in order.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        await serve(
            self.ksef,
            api,
            None,
            tls=tls,
            web=web,
            ready=lambda: self.link.tell("ready"),
            handle_signals=False,
            until=self.until,
        )
        listening.cancel()

    def _answer(self, name: str, what: dict[str, Any]) -> None:
        match name:
            case "state":
                self._take_over(what)
            case "stop":
                self.until.set()

    def _take_over(self, state: dict[str, Any]) -> None:
        """The clock, faults, policy and keys of the leader; nothing remembered outlives them."""
        ksef = self.ksef
        ksef.clock.offset = timedelta(seconds=state["offset"])
        ksef.clock.frozen = datetime.fromisoformat(state["frozen"]) if state["frozen"] else None
        ksef.faults.put(Script.model_validate(state["script"]))
        ksef.tokens = TokenPolicy(**state["policy"])
        ksef.keys = Keys.open(ksef.store.folder, ksef.clock.base.now())
        ksef.opened = OpenSessions()
        ksef.work.wake_all()


def main(options: str, api: str, link: str, make_web: Callable[[LocalKsef, Any], Web] | None = None) -> None:
    """Run one worker: options as JSON, and the numbers of the two sockets it was given.

    `make_web` makes what answers /web, from the local KSeF and the option `web`.
    """
    chosen = json.loads(options)
    folder = Path(chosen.pop("folder"))
    verbose, tls, portal = chosen.pop("verbose"), chosen.pop("tls"), chosen.pop("web")
    start_log(verbose)
    try:
        ksef = open_local(folder, shared=True, **chosen)
    except KlucznikError as failed:
        log.error("%s", failed)
        sys.exit(failed.exit_code)
    listener, end = socket.socket(fileno=int(api)), socket.socket(fileno=int(link))

    async def story() -> None:
        web = make_web(ksef, portal) if make_web else None
        await Worker(ksef, end).serve(listener, Tls(*map(Path, tls)) if tls else None, web)

    run(story())
