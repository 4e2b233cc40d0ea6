"""When the disk says no: nobody is acknowledged wrongly, nobody waits for ever (reliability.md D)."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import OperationalError

from klucznik.clock import SystemClock
from klucznik.server.access import Context
from klucznik.server.rights import Subject, effective
from klucznik.server.store import Store
from klucznik.server.tables import grants, settings
from klucznik.testing import local_ksef

from .door import Api, employee, firm

#: About SQLite's own ways; what holds for every home is tested through HTTP.
pytestmark = pytest.mark.sqlite


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path, SystemClock())) as opened:
        yield opened


def _keep(name: str) -> Any:
    return lambda db: db.execute(insert(settings).values(name=name, value="x"))


def _kept(store: Store) -> set[str]:
    return set(store.read(lambda db: db.execute(select(settings.c.name)).scalars().all()))


class _Failing:
    """A connection whose named statements fail; all else goes through."""

    def __init__(self, raw: sqlite3.Connection, *statements: str) -> None:
        self._raw, self._statements = raw, statements

    def execute(self, statement: str) -> Any:
        if statement in self._statements:
            raise sqlite3.OperationalError("disk I/O error")
        return self._raw.execute(statement)

    @property
    def in_transaction(self) -> bool:
        return self._raw.in_transaction


@pytest.mark.parametrize("failing", [("COMMIT",), ("COMMIT", "ROLLBACK"), ("BEGIN IMMEDIATE",)])
def test_a_commit_that_fails_acknowledges_nobody_and_the_next_one_works(
    store: Store, monkeypatch: pytest.MonkeyPatch, failing: tuple[str, ...]
) -> None:
    home: Any = store._home
    raw = home._writes

    async def story() -> None:
        monkeypatch.setattr(home, "_writes", _Failing(raw, *failing))
        answers = await asyncio.gather(
            *(store.write(_keep(name)) for name in ("a", "b")), return_exceptions=True
        )
        assert all(isinstance(answer, sqlite3.OperationalError) for answer in answers)
        monkeypatch.setattr(home, "_writes", raw)
        if "ROLLBACK" in failing:  # one more batch fails, on the transaction that is still open
            with pytest.raises(sqlite3.OperationalError):
                await store.write(_keep("c"))
        await store.write(_keep("d"))

    asyncio.run(story())
    assert _kept(store) == {"d"}


def test_a_full_database_refuses_and_goes_on_when_there_is_room(store: Store) -> None:
    def fill(db: Any) -> None:
        db.execute(insert(settings).values(name="large", value="x" * 1_000_000))

    def limit(db: Any, pages: int) -> None:
        db.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    async def story() -> None:
        await store.write(_keep("before"))
        limit(store._home.writer, 1)  # never less than what is there
        answers = await asyncio.gather(
            store.write(fill), store.write(_keep("beside")), return_exceptions=True
        )
        assert isinstance(answers[0], OperationalError)
        # Nobody of a batch is acknowledged whose transaction broke.
        assert isinstance(answers[1], OperationalError)
        assert _kept(store) == {"before"}
        limit(store._home.writer, 1_000_000)
        await store.write(fill)

    asyncio.run(story())
    assert _kept(store) == {"before", "large"}


def test_a_full_disk_is_a_500_that_tells_and_logs_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with local_ksef(tmp_path, rates="off") as running, Api(running) as api:
        person = firm(api)
        clerk = employee(api, person.nip, "InvoiceRead")
        api.ksef.store._home.writer.exec_driver_sql("PRAGMA max_page_count = 1")
        statuses: set[int] = set()
        body = {"permissions": ["InvoiceRead"], "description": "x" * 256}
        for _ in range(400):
            answer = api.call("POST", "/tokens", clerk.login, body=body)
            statuses.add(answer.status_code)
            if answer.status_code == 500:
                break
        assert statuses == {202, 500}
        (error,) = answer.json()["exception"]["exceptionDetailList"]
        assert error["exceptionCode"] == 500
        assert "Traceback" not in answer.text
        assert "sqlite" not in answer.text.lower()
        # Reading goes on, and so does refusing; with room again, writing as well.
        assert api.call("GET", "/tokens", clerk.login).status_code == 200
        assert api.call("POST", "/tokens", clerk.login, body={}).status_code == 400
        api.ksef.store._home.writer.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert api.call("POST", "/tokens", clerk.login, body=body).status_code == 202
    assert "database or disk is full" in caplog.text
    # The author's PESEL stands in the row that could not be written.
    assert clerk.subject[1] not in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_the_database_is_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "open to all"
    folder.mkdir(mode=0o755)
    with closing(Store(folder, SystemClock())) as store:
        asyncio.run(store.write(_keep("a")))
        for path in folder.glob("ksef.db*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_grants_of_the_first_version_are_kept(tmp_path: Path) -> None:
    """Before tables of version 2 there were grants to persons alone, in fewer columns."""
    with closing(sqlite3.connect(tmp_path / "ksef.db")) as db, db:
        db.execute(
            "CREATE TABLE grants (id TEXT NOT NULL, context_type TEXT NOT NULL, context_value TEXT NOT NULL,"
            " subject_type TEXT NOT NULL, subject_value TEXT NOT NULL, permission TEXT NOT NULL,"
            " description TEXT NOT NULL, author_type TEXT NOT NULL, author_value TEXT,"
            " created BIGINT NOT NULL, PRIMARY KEY (id), CONSTRAINT grants_once UNIQUE (context_type,"
            " context_value, subject_type, subject_value, permission))"
        )
        db.execute(
            "INSERT INTO grants VALUES ('a', 'Nip', '5265877635', 'Pesel', '80010112345', 'InvoiceRead',"
            " 'for a test', 'System', NULL, 7)"
        )
        db.execute("PRAGMA user_version = 1")
    subject = Subject("Pesel", "80010112345")
    for _ in range(2):  # the second start finds nothing to do
        with closing(Store(tmp_path, SystemClock())) as store:
            found = store.read(lambda db: effective(db, subject, Context("Nip", "5265877635")))
            assert found.permissions == {"InvoiceRead"}
            (row,) = store.read(lambda db: db.execute(select(grants)).all())
            assert (row.kind, row.can_delegate, row.from_value, row.author_type, row.created) == (
                "person",
                False,
                "5265877635",
                "System",
                7,
            )


def test_a_folder_of_before_an_index_gets_it(tmp_path: Path) -> None:
    Store(tmp_path, SystemClock()).close()
    with closing(sqlite3.connect(tmp_path / "ksef.db")) as db, db:
        db.execute("DROP INDEX grants_newest")
        db.execute("PRAGMA user_version = 7")
    for _ in range(2):  # the second start finds nothing to do
        Store(tmp_path, SystemClock()).close()
        with closing(sqlite3.connect(tmp_path / "ksef.db")) as db:
            (index,) = db.execute(
                "SELECT tbl_name FROM sqlite_master WHERE name = 'grants_newest'"
            ).fetchall()
        assert index == ("grants",)
