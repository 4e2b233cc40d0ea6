"""A PostgreSQL server of its own for tests and measurements, by the programs of an installed one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HINT: Final = "no PostgreSQL: install it (Debian: apt-get install postgresql), or name one in TEST_PG_URL"
#: The account that Debian's packages make; the server refuses to run as root.
_ACCOUNT: Final = "postgres"
_OPTIONS: Final = "-c listen_addresses= -c max_connections=200"
#: Lives no longer than the tests, so nothing is forced to disk. Measurements leave it out.
QUICK: Final = "-c fsync=off -c shared_buffers=64MB"


def programs() -> Path | None:
    """Where initdb and pg_ctl are: on the path, or where Debian keeps the newest version."""
    if shutil.which("initdb") and (found := shutil.which("pg_ctl")):
        return Path(found).parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(versions, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), default=None)


@dataclass(frozen=True)
class Server:
    """A server in a folder, reached by a socket there; it can be stopped and started again."""

    folder: Path
    bin_: Path
    options: str

    @property
    def url(self) -> str:
        return f"postgresql://klucznik@/postgres?host={self.folder}"

    def make(self) -> None:
        """An empty cluster."""
        self._run(
            "initdb",
            "-D",
            str(self.folder / "data"),
            "-U",
            "klucznik",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        )

    def start(self) -> None:
        """Returns once it answers."""
        options = f"{_OPTIONS} {self.options} -k {self.folder}"
        self._control("-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """`fast` says goodbye to its clients, `immediate` is a crash."""
        self._control("-m", how, "-w", "stop")

    def _control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *words)

    def _run(self, program: str, *words: str) -> None:
        account: dict[str, Any] = {}
        if os.name == "posix" and os.geteuid() == 0:
            account = {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": []}
        command = [str(self.bin_ / program), *words]
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=self.folder, **account
        )


@contextmanager
def server(bin_: Path, options: str = "") -> Iterator[Server]:
    """A new server that runs; it is gone after the block."""
    # Not in pytest's own folder, which other accounts may not enter.
    made = Server(Path(tempfile.mkdtemp(prefix="klucznik-pg-")), bin_, options)
    try:
        if os.name == "posix" and os.geteuid() == 0:
            shutil.chown(made.folder, _ACCOUNT, _ACCOUNT)
        made.make()
        made.start()
        yield made
    finally:
        if (made.folder / "data" / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


@contextmanager
def served(bin_: Path, options: str = "") -> Iterator[str]:
    """The URL of a new server, for the length of the block."""
    with server(bin_, options) as made:
        yield made.url
