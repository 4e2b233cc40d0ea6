"""Every local KSeF of a test run at home in PostgreSQL: `pytest -p databases tests/server`.

The server is the one that `TEST_PG_URL` names (postgresql://user@host/database; its user may create
databases), else one of this run's own, made with the programs of an installed PostgreSQL. Where there is
neither, the run is skipped with a word on how to get it; `KLUCZNIK_POSTGRESQL=require` makes that an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

import postgresql
import processes
from klucznik.server import embedded, local


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of SQLite's own ways stay out."""
    own = [item for item in items if item.get_closest_marker("sqlite")]
    config.hook.pytest_deselected(items=own)
    items[:] = [item for item in items if item not in own]


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    if url := os.environ.get("TEST_PG_URL"):
        found = Databases(url)
        yield found
        found.drop()
        return
    bin_ = postgresql.programs()
    if bin_ is None:
        if os.environ.get("KLUCZNIK_POSTGRESQL") == "require":
            pytest.fail(postgresql.HINT)
        pytest.skip(postgresql.HINT)
    with postgresql.served(bin_, postgresql.QUICK) as url:
        yield Databases(url)


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
