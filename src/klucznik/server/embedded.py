"""For tests, ours and other people's: a local KSeF in the same process, on a free port.

with local_ksef() as ksef:
    client = Ksef(ksef.url)
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx2

from klucznik.clock import Clock
from klucznik.server.app import Web
from klucznik.server.local import OFFICIAL, LocalKsef, Profile, RateProfile, TokenForm, open_local
from klucznik.server.serve import address, bind, serve
from klucznik.server.token_policy import Policy

#: Both ports speak plain http. Loading the machine's CAs for each knock takes 40 ms.
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(frozen=True)
class RunningKsef:
    """A local KSeF that answers: `url` ends in /v2, `management` is the other port's address."""

    url: str
    management: str
    ksef: LocalKsef

    def manage(self, method: str, path: str, body: object = None) -> Any:
        """Knock at the management door (docs/management.md); the JSON it gives. Raises `CannotManage`."""
        with httpx2.Client(verify=_NO_TLS, trust_env=False, timeout=60) as http:
            extra: dict[str, Any] = {} if method == "GET" else {"json": {} if body is None else body}
            answer = http.request(method, f"{self.management}{path}", **extra)
        found = answer.json()
        if answer.status_code != 200:
            raise CannotManage(f"{method} {path}: {answer.status_code} {found.get('error')}")
        return found

    def advance(self, **parts: float) -> datetime:
        """Move its clock forward by parts of a timedelta: `advance(days=3)`; the time it is then."""
        return datetime.fromisoformat(self.manage("POST", "/clock", {"advance": parts})["now"])

    def set_clock(self, at: datetime, *, freeze: bool = False) -> None:
        """Set its clock, which then runs on, or stands still."""
        self.manage("POST", "/clock", {"at": at.isoformat(), "freeze": freeze})

    def set_faults(self, *rules: Mapping[str, object], seed: int | None = None) -> None:
        """Order faults instead of those ordered before; without any rule none."""
        self.manage("PUT", "/faults", {"seed": seed, "rules": list(rules)})

    def why(self, key: str) -> list[dict[str, Any]]:
        """Causes of what was refused or failed, by trace id or reference number; the newest first."""
        try:
            found: list[dict[str, Any]] = self.manage("GET", f"/why/{quote(key, safe='')}")["causes"]
        except CannotManage:
            return []
        return found

    def seed(self, world: Mapping[str, object]) -> None:
        """Make companies, persons and grants, in any profile."""
        self.manage("POST", "/seed", world)

    def reset(self) -> None:
        """Forget everything but keys, clock and counters."""
        self.manage("POST", "/reset")


class CannotManage(Exception):
    """The management door said no; the text says why."""


@contextmanager
def local_ksef(
    data: Path | None = None,
    *,
    clock: Clock | None = None,
    profile: Profile = "test",
    rates: RateProfile = "off",
    token_form: TokenForm = OFFICIAL,
    tokens: Policy = "legacy",
    start: datetime | None = None,
    seed: Mapping[str, Any] | None = None,
    database: str | None = None,
    web: Callable[[LocalKsef, str, str], Web] | None = None,
) -> Iterator[RunningKsef]:
    """Run a local KSeF on 127.0.0.1 for the length of a `with` block; in memory unless `data` (a folder)
    or `database` (URL of PostgreSQL) is given.

    `web` makes what answers /web, from the local KSeF and the addresses of its two ports (`portal.start`).
    Rate limits are off unless asked for, since tests call faster than people.
    """
    api, management = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
    ready, failed = threading.Event(), []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    ksef = open_local(
        data,
        clock=clock,
        profile=profile,
        rates=rates,
        token_form=token_form,
        tokens=tokens,
        start=start,
        database=database,
    )

    async def run() -> None:
        until = asyncio.Event()
        stop.append((asyncio.get_running_loop(), until))
        pages = web(ksef, address("http", api), address("http", management)) if web else None
        await serve(
            ksef, api, management, web=pages, ready=ready.set, seed=seed, handle_signals=False, until=until
        )

    def thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as raised:
            failed.append(raised)  # told to whoever started it
        finally:
            ready.set()

    runner = threading.Thread(target=thread, name="local KSeF", daemon=True)
    runner.start()
    ready.wait(30)
    if failed:
        raise RuntimeError("the local KSeF did not start") from failed[0]
    try:
        yield RunningKsef(f"{address('http', api)}/v2", address("http", management), ksef)
    finally:
        loop, until = stop[0]
        if runner.is_alive():
            loop.call_soon_threadsafe(until.set)
        runner.join(30)
    if failed:
        raise RuntimeError("the local KSeF ended before its time") from failed[0]
