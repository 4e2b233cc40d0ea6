"""For tests, ours and other people's: a local KSeF in the same process, on a free port.

with local_ksef() as ksef:
    client = Ksef(ksef.url)
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from klucznik.clock import Clock
from klucznik.server.local import LocalKsef, Profile, RateProfile, TokenForm, open_local
from klucznik.server.serve import address, bind, serve


@dataclass(frozen=True)
class RunningKsef:
    """A local KSeF that answers: `url` ends in /v2, `management` is the other port's address."""

    url: str
    management: str
    ksef: LocalKsef


@contextmanager
def local_ksef(
    data: Path | None = None,
    *,
    clock: Clock | None = None,
    profile: Profile = "test",
    rates: RateProfile = "off",
    token_form: TokenForm = "official",  # noqa: S107 - the name of a form, no secret
) -> Iterator[RunningKsef]:
    """Run a local KSeF on 127.0.0.1 for the length of a `with` block; in memory unless `data` is given.

    Rate limits are off unless asked for, since tests call faster than people.
    """
    api, management = bind("127.0.0.1", 0), bind("127.0.0.1", 0)
    ready, failed = threading.Event(), []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    ksef = open_local(data, clock=clock, profile=profile, rates=rates, token_form=token_form)

    async def run() -> None:
        until = asyncio.Event()
        stop.append((asyncio.get_running_loop(), until))
        await serve(ksef, api, management, ready=ready.set, handle_signals=False, until=until)

    def thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as raised:
            failed.append(raised)
            raise
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
        loop.call_soon_threadsafe(until.set)
        runner.join(30)
