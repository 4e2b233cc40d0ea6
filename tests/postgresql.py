"""A PostgreSQL server of its own for tests and measurements, by the programs of an installed one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def served(bin_: Path, options: str = "") -> Iterator[str]:
    """The URL of a new server, reached by a socket; it is gone after the block."""
    # Not in pytest's own folder, which other accounts may not enter.
    folder = Path(tempfile.mkdtemp(prefix="klucznik-pg-"))
    try:
        yield _serve(folder, bin_, options)
    finally:
        _stop(folder, bin_)
        shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path, bin_: Path, options: str) -> str:
    account: dict[str, Any] = {}
    if os.name == "posix" and os.geteuid() == 0:
        account = {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": []}
        shutil.chown(folder, _ACCOUNT, _ACCOUNT)
    data, log, chosen = str(folder / "data"), str(folder / "log"), f"{_OPTIONS} {options} -k {folder}"
    for command in (
        [str(bin_ / "initdb"), "-D", data, "-U", "klucznik", "-A", "trust", "-E", "UTF8", "--no-sync"],
        [str(bin_ / "pg_ctl"), "-D", data, "-w", "-l", log, "-o", chosen, "start"],
    ):
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder, **account
        )
    return f"postgresql://klucznik@/postgres?host={folder}"


def _stop(folder: Path, bin_: Path) -> None:
    account: dict[str, Any] = {"user": _ACCOUNT} if os.name == "posix" and os.geteuid() == 0 else {}
    command = [str(bin_ / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "-w", "stop"]
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, cwd=folder, **account)
