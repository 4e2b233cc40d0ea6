"""Cheap calls a second, beside Prism: the stateless mock made from the same OpenAPI document.

    python bench/bench_reads.py [--connections 8] [--count 4000]

The same load generator sends the same requests over as many connections to both, in turns; a call counts
when it is answered with 200. Prism (`@stoplight/prism-cli`, hashes in `tests/peers/prism`) mocks the
official document where that is at hand, else the one that `klucznik ksef openapi` prints; its log is off. The
local KSeF checks bearers, permissions and limits on the way and keeps what it answers in a database.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from homes import KLUCZNIK, POSTGRESQL, SQLITE, at_home, databases, running
from load import HOST, NIP, issue_token, login, public_keys
from wirehttp import Connection

from klucznik.client import auth, security, sessions
from klucznik.client.ksef import Ksef
from klucznik.client.sending import FA3
from klucznik.crypto import authority, envelope
from klucznik.wire.security import PublicKeyCertificateUsage

sys.path.append(str(Path(__file__).parents[1] / "scripts"))
import contract_facts

from peers.environments import PRISM, Unavailable, runner_of

#: Method, path below the version, and whether a bearer goes with it.
CALLS: Final = (
    ("GET", "/security/public-key-certificates", False),
    ("GET", "/rate-limits", True),
    ("GET", "/tokens", True),
    ("GET", "/sessions?sessionType=Online", True),
    ("POST", "/auth/challenge", False),
)
_START_SECONDS: Final = 60
_ROUNDS: Final = 3


@contextmanager
def prism(folder: Path) -> Iterator[int]:
    """Prism on a free port. Raises `Unavailable` where npm or Node is missing."""
    runner = runner_of(PRISM)
    document = contract_facts.OFFICIAL
    if not document.exists():
        document = folder / "openapi.json"
        with document.open("wb") as file:
            subprocess.run([str(KLUCZNIK), "ksef", "openapi"], stdout=file, check=True)
    with closing(socket.create_server((HOST, 0))) as probe:
        port = int(probe.getsockname()[1])
    modules = Path(runner.variables["NODE_PATH"])
    program = modules / "@stoplight" / "prism-cli" / "dist" / "index.js"
    command = [*runner.command, program, "mock", "-h", HOST, "-p", str(port), "-v", "silent", document]
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and process.poll() is None:
            with suppress(ConnectionRefusedError), closing(socket.create_connection((HOST, port))):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


async def bearer_of(port: int) -> str:
    """A company with a token and an open session, so that there is something to list; its access token."""

    def opened() -> None:
        with Ksef(f"http://{HOST}:{port}/v2") as ksef:
            seal = authority.seal("Zmyślona Wytwórnia", NIP, now=datetime.now(UTC))
            ksef.run(auth.login_with_identity("Nip", NIP, seal))
            public_key = ksef.run(security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption))
            key, iv = envelope.new_session_key()
            with key.reveal() as plain:
                wrapped = security.wrap(plain, public_key)
            ksef.call(sessions.open_online(FA3, key, iv, wrapped, public_key.public_key_id))

    ksef_token = await asyncio.to_thread(issue_token, port)
    await asyncio.to_thread(opened)
    async with Connection(HOST, port) as http:
        return await login(http, (await public_keys(http))["KsefTokenEncryption"], ksef_token)


async def rate(port: int, method: str, path: str, bearer: str, connections: int, count: int) -> float:
    """Answers with 200, a second."""

    async def caller() -> None:
        async with Connection(HOST, port) as http:
            request = http.request(method, path, bearer=bearer)
            for _ in range(count // connections):
                status, answer = await http.send(request)
                if status != 200:
                    raise RuntimeError(f"{method} {path}: {status} {answer[:300]!r}")

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(connections)))
    return count // connections * connections / (time.perf_counter() - began)


async def measured(home: str, ours: int, mock: int, connections: int, count: int) -> None:
    bearer = await bearer_of(ours)
    for method, path, needs in CALLS:
        carried = bearer if needs else ""
        best = {ours: 0.0, mock: 0.0}
        for warm in (True, *(False,) * _ROUNDS):
            for port, prefix, amount in ((ours, "/v2", count), (mock, "", count // 4)):
                calls = amount // 10 if warm else amount
                found = await rate(port, method, prefix + path, carried, connections, calls)
                best[port] = best[port] if warm else max(best[port], found)
        call, ratio = f"{method:4} {path:36}", best[ours] / best[mock]
        print(f"  {home:10} {call} {best[ours]:8.0f} {best[mock]:8.0f} {ratio:7.1f}", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--connections", type=int, default=8)
    arguments.add_argument("--count", type=int, default=4000)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases() as found:
        try:
            with prism(Path(folder)) as mock:
                print(f"  {'home':10} {'call':41} {'ours/s':>8} {'prism/s':>8} {'ratio':>7}")
                for home in (SQLITE, POSTGRESQL) if found else (SQLITE,):
                    with (
                        tempfile.TemporaryDirectory() as data,
                        running(Path(data), *at_home(home, 1, found)) as ksef,
                    ):
                        asyncio.run(measured(home, ksef.port, mock, given.connections, given.count))
        except Unavailable as why:
            print(f"  Prism cannot run here: {why}")


if __name__ == "__main__":
    main()
