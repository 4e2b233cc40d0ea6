"""Every local KSeF of a test run at home in PostgreSQL: `pytest -p databases tests/server`.

The server is the one that `TEST_PG_URL` names (postgresql://user@host/database; its user may create
databases), else one of this run's own, made with the programs of an installed PostgreSQL. Where there is
neither, the run is skipped with a word on how to get it; `KLUCZNIK_POSTGRESQL=require` makes that an error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

import processes
from klucznik.server import embedded, local

_HINT = "no PostgreSQL: install it (Debian: apt-get install postgresql), or name one in TEST_PG_URL"
#: The account that Debian's packages make; the server refuses to run as root.
_ACCOUNT = "postgres"
#: Lives no longer than the tests, so nothing is forced to disk.
_OPTIONS = "-c listen_addresses= -c fsync=off -c max_connections=200 -c shared_buffers=64MB"


@dataclass
class Databases:
    """A server of PostgreSQL, and fresh databases in it, one for each local KSeF."""

    url: str
    made: list[str] = field(default_factory=list)
    _of: dict[Path, str] = field(default_factory=dict)

    def new(self) -> str:
        """The URL of an empty database."""
        name = f"klucznik_{os.getpid()}_{len(self.made)}"
        self._admin(f'CREATE DATABASE "{name}"')
        self.made.append(name)
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def of(self, folder: Path | None) -> str:
        """The database of a data folder, the same whenever that is opened again; of none, a new one."""
        if folder is None:
            return self.new()
        if folder not in self._of:
            self._of[folder] = self.new()
        return self._of[folder]

    def drop(self) -> None:
        """Remove what was made."""
        for name in self.made:
            self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _admin(self, statement: str) -> None:
        with closing(psycopg.connect(self.url, autocommit=True)) as connection:
            connection.execute(statement.encode())


def programs() -> Path | None:
    """Where initdb and pg_ctl are: on the path, or where Debian keeps the newest version."""
    if shutil.which("initdb") and (found := shutil.which("pg_ctl")):
        return Path(found).parent
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(versions, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), default=None)


def serve(folder: Path, bin_: Path) -> str:
    """Start a server in `folder`, reached by a socket there; its URL."""
    account: dict[str, Any] = {}
    if os.name == "posix" and os.geteuid() == 0:
        account = {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": []}
        shutil.chown(folder, _ACCOUNT, _ACCOUNT)
    data, log, options = str(folder / "data"), str(folder / "log"), f"{_OPTIONS} -k {folder}"
    for command in (
        [str(bin_ / "initdb"), "-D", data, "-U", "klucznik", "-A", "trust", "-E", "UTF8", "--no-sync"],
        [str(bin_ / "pg_ctl"), "-D", data, "-w", "-l", log, "-o", options, "start"],
    ):
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder, **account
        )
    return f"postgresql://klucznik@/postgres?host={folder}"


def stop(folder: Path, bin_: Path) -> None:
    account: dict[str, Any] = {"user": _ACCOUNT} if os.name == "posix" and os.geteuid() == 0 else {}
    command = [str(bin_ / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "-w", "stop"]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, cwd=folder, **account)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    if url := os.environ.get("TEST_PG_URL"):
        found = Databases(url)
        yield found
        found.drop()
        return
    bin_ = programs()
    if bin_ is None:
        if os.environ.get("KLUCZNIK_POSTGRESQL") == "require":
            pytest.fail(_HINT)
        pytest.skip(_HINT)
    # Not in pytest's own folder, which other accounts may not enter.
    folder = Path(tempfile.mkdtemp(prefix="klucznik-pg-"))
    try:
        yield Databases(serve(folder, bin_))
    finally:
        stop(folder, bin_)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _at_home_in_postgresql(databases: Databases) -> Iterator[None]:
    """Whoever opens a local KSeF, in this process or another, gets a database of its own."""
    own = local.open_local

    def open_local(folder: Path | None, **named: Any) -> Any:
        if named.get("database") is None:
            named["database"] = databases.of(folder)
        return own(folder, **named)

    patch = pytest.MonkeyPatch()
    patch.setattr(embedded, "open_local", open_local)
    patch.setattr(processes, "database_of", databases.of)
    yield
    patch.undo()
