"""The local KSeF as its users run it: the `klucznik` command in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

#: A server that hangs is killed with its test run, so waiting for its first line needs no limit of
#: its own; stopping does.
_STOPPING_SECONDS = 20


@dataclass(frozen=True)
class Served:
    """A running `klucznik ksef serve`; `url` ends in /v2, `ca` is set under TLS."""

    url: str
    management: str
    pid: int
    log: Path
    ca: Path | None = None

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port


@contextmanager
def served(folder: Path, *, tls: bool = False) -> Iterator[Served]:
    """Serve until the block ends, on free ports, without rate limits; keeps nothing unless `tls`."""
    command = shutil.which("klucznik", path=str(Path(sys.executable).parent))
    assert command, "the klucznik command is missing beside this Python: make setup"
    data = folder / "ksef" if tls else ":memory:"
    arguments = [
        "ksef",
        "serve",
        "--port",
        "0",
        "--management-port",
        "0",
        "--data",
        str(data),
        "--rates",
        "off",
    ]
    if tls:
        arguments += ["--tls", "--allow-host", "ksef.test"]
    log = folder / "ksef.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "KLUCZNIK_HOME": str(folder), "NO_COLOR": "1"},
        ) as process,
    ):
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().split(), process.stdout.readline().split()]
            if [line[:1] for line in lines] != [["ready"], ["management"]]:
                raise AssertionError(f"serve did not start: {lines}\n{log.read_text('utf-8')}")
            authority = folder / "ksef" / "tls" / "ca.crt" if tls else None
            yield Served(lines[0][1], lines[1][1], process.pid, log, authority)
        finally:
            process.terminate()
            try:
                process.wait(_STOPPING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
