"""SIGKILL of the serving process while three senders are at work, then a restart on the same folder."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from random import Random

import httpx2
import pytest

from klucznik.client import auth, sessions
from klucznik.client.journal import MemoryJournal
from klucznik.client.ksef import AsyncKsef
from klucznik.client.sending import Document, Result, send_and_wait
from klucznik.errors import KlucznikError
from processes import Served

from .world import KILLS, World

SEEDS = range(KILLS or 10)
SENDERS, EACH = 3, 6
#: The kill comes at one of so many requests, from the login to the first receipts; a run has sixty.
REQUESTS = 46
#: Seconds from the start of that request to the kill; one takes about 3 ms when three compete.
SPREAD = 0.012
_SEND = re.compile(r"/sessions/online/([^/]+)/invoices$")


class Killing(httpx2.AsyncHTTPTransport):
    """The way to the server. At a request of the seed's choice a kill is set off; while that is on its
    way the server goes on with this request and the next ones. What was acknowledged is written down."""

    def __init__(self, served: Served, rand: Random) -> None:
        super().__init__(trust_env=False)
        self.acknowledged: list[tuple[str, str]] = []
        self.restarted = asyncio.Event()
        self._served = served
        self._left = rand.randrange(REQUESTS)
        self._delay = rand.uniform(0, SPREAD)
        self._restarting: asyncio.Task[None] | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._left == 0:
            asyncio.get_running_loop().call_later(self._delay, self.kill)
        self._left -= 1
        response = await super().handle_async_request(request)
        sent = _SEND.search(request.url.path)
        if sent and request.method == "POST" and response.status_code == 202:
            body = await response.aread()
            reference = re.search(rb'"referenceNumber":"([^"]+)"', body)
            assert reference, body
            self.acknowledged.append((sent.group(1), reference.group(1).decode()))
        return response

    def kill(self) -> None:
        self._served.kill()
        self._served.start()
        self._restarting = asyncio.create_task(self._wait_ready())

    async def _wait_ready(self) -> None:
        await asyncio.to_thread(self._served.wait_ready)
        self.restarted.set()


async def send_until_accepted(
    ksef: AsyncKsef, documents: list[Document], restarted: asyncio.Event
) -> list[Result]:
    """As a program does that is told "later" or "look": the same again, with the same journal."""
    journal = MemoryJournal()
    for _ in range(4):
        with suppress(KlucznikError):
            results = await ksef.run(send_and_wait(documents, journal))
            if all(result.is_accepted and result.upo for result in results):
                return results
        await restarted.wait()
    raise AssertionError([journal.get(document.hash) for document in documents])


async def attack(world: World, documents: list[Document], rand: Random) -> tuple[Killing, list[Result]]:
    way = Killing(world.served, rand)
    async with httpx2.AsyncClient(transport=way) as http, asyncio.timeout(60):
        ksef = AsyncKsef(world.url, http=http)
        try:
            await ksef.run(auth.login_with_token(world.ksef_token))
        except KlucznikError:  # killed in the middle of the login: it begins anew
            await way.restarted.wait()
            await ksef.run(auth.login_with_token(world.ksef_token))
        shares = [documents[n::SENDERS] for n in range(SENDERS)]
        told = await asyncio.gather(*(send_until_accepted(ksef, share, way.restarted) for share in shares))
        assert way.restarted.is_set(), "never killed: REQUESTS is too high"
        # A 202 is a promise: each is kept, and the login of before the kill still asks for it.
        for session, reference in way.acknowledged:
            answer = await ksef.call(sessions.invoice(session, reference))
            assert answer.status.code == 200, (reference, answer.status)
    return way, [result for results in told for result in results]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_acknowledged_is_settled_once_after_the_restart(
    world: World, tmp_path: Path, seed: int
) -> None:
    rand = Random(seed)
    documents = world.documents(tmp_path, f"server/{seed}", SENDERS * EACH)

    way, results = asyncio.run(attack(world, documents, rand))

    assert way.acknowledged
    numbers = {result.hash: result.ksef_number for result in results}
    receipts = {result.hash: result.upo for result in results if result.upo}
    world.check(documents, numbers, receipts)
