"""What is measured: a local KSeF in processes of its own, at home in a folder or in PostgreSQL."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import make_url

# What starts PostgreSQL belongs to the tests.
sys.path.append(str(Path(__file__).parents[1] / "tests"))
import postgresql

KLUCZNIK: Final = Path(sys.executable).with_name("klucznik")
SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"


@dataclass(frozen=True)
class Running:
    """A local KSeF that answers on a port."""

    port: int
    pid: int

    def peak(self) -> float:
        """The most memory its processes have held so far, in MB; what they share counts for each (Linux)."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        # A helper of multiprocessing's may end between the two readings.
        found = [_peak(Path(f"/proc/{pid}/status")) for pid in (self.pid, *children)]
        return sum(found)


def _peak(status: Path) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    return int(found.group(1)) / 1000 if found else 0.0


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Running]:
    """`klucznik ksef serve` on free ports without rate limits, its data in `folder`."""
    command = [str(KLUCZNIK), "ksef", "serve", "--port", "0", "--management-port", "0", "--rates", "off"]
    log = folder / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, "--data", str(folder / "ksef"), *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout
        line = process.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError(f"the server did not start: {log.read_text()}")
        yield Running(int(line.rsplit(":", 1)[1].split("/")[0]), process.pid)
    finally:
        process.terminate()
        process.wait(30)


class Databases:
    """A server of PostgreSQL that forces its commits to disk, and new databases in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._made = 0

    def version(self) -> str:
        return str(self._ask("SHOW server_version").split()[0])

    def new(self) -> str:
        """The URL of an empty database."""
        self._made += 1
        self._ask(f'CREATE DATABASE "bench_{self._made}"')
        return make_url(self.url).set(database=f"bench_{self._made}").render_as_string(hide_password=False)

    def _ask(self, statement: str) -> Any:
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            cursor = connection.execute(statement.encode())
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None


@contextmanager
def databases() -> Iterator[Databases | None]:
    """A new server for the length of the block; None where no PostgreSQL is installed."""
    bin_ = postgresql.programs()
    if bin_ is None:
        yield None
        return
    with postgresql.served(bin_, "-c fsync=on -c synchronous_commit=on") as url:
        yield Databases(url)


def at_home(home: str, processes: int, found: Databases | None) -> list[str]:
    """The options of `serve` for a home and a number of processes."""
    options = ["--workers", str(processes)] if processes > 1 else []
    if home == POSTGRESQL:
        assert found, postgresql.HINT
        options += ["--database", found.new()]
    return options
