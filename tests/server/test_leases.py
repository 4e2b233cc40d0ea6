"""Two servers on one database: packages are unpacked and packed once; after a death the other goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, update

from klucznik.clock import ManualClock
from klucznik.server import packing, unpacking
from klucznik.server.leases import LIFE
from klucznik.server.local import open_local
from klucznik.server.tables import batches, export_parts, invoices, stamp, upos

from .desk import Desk, Person, desk_at, until
from .packages import Opened, Package, archive, closed, uploaded
from .test_exports import finished, start, unpacked

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@contextmanager
def both_at(folder: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[tuple[Desk, Desk]]:
    """Two servers on one data folder, each with a database connection and a thread of its own."""
    monkeypatch.setattr("klucznik.server.embedded.open_local", partial(open_local, shared=True))
    with desk_at(folder, **options) as first, desk_at(folder, **options) as second:
        yield first, second


def documents(person: Person, count: int, prefix: str) -> dict[str, bytes]:
    return {f"{prefix}{number}.xml": person.invoice(f"{prefix}/{number}") for number in range(1, count + 1)}


def elsewhere(person: Person, desk: Desk) -> Person:
    """The same login at the other server."""
    return Person(desk, person.context, person.subject, person.bearer, person.auth_ref)


def in_order(session: Opened, count: int) -> None:
    """Accepted, each once, with one page of UPO."""
    last = session.end()
    assert last["status"]["code"] == 200
    assert [last[f"{name}nvoiceCount"] for name in ("i", "successfulI", "failedI")] == [count, count, 0]
    found = session.invoices()
    assert [one["ordinalNumber"] for one in found] == list(range(1, count + 1))
    assert {one["status"]["code"] for one in found} == {200}
    assert len(last["upo"]["pages"]) == 1


def held_by(desk: Desk, ref: str, name: str, until_when: datetime) -> None:
    """Somebody else's lease, as it stands in the database."""
    values = {"lease_by": name, "lease_until": stamp(until_when)}
    desk.write(lambda db: db.execute(update(batches).where(batches.c.ref == ref).values(**values)))


def test_two_servers_unpack_each_package_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with both_at(tmp_path, monkeypatch) as desks:
        ania = desks[0].firm()
        people = [ania, elsewhere(ania, desks[1])]
        sessions = []
        for number in range(6):
            package = Package(archive(documents(ania, 130, f"P{number}")))
            sessions.append(uploaded(people[number % 2], package))
        for session in sessions:
            assert session.close().status_code == 204
        for session in sessions:
            in_order(session, 130)
        truth = desks[1].truth()
        assert len(truth["accepted"]) == len({item["ksefNumber"] for item in truth["accepted"]}) == 780
        assert set(truth["posts"].values()) == {1}


def test_two_servers_pack_each_export_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with both_at(tmp_path, monkeypatch) as desks:
        ania = desks[0].firm()
        people = [ania, elsewhere(ania, desks[1])]
        in_order(closed(ania, Package(archive(documents(ania, 50, "E")))), 50)
        until(lambda: ania.query()["invoices"], lambda found: len(found) == 10)
        refs = [start(people[number % 2]) for number in range(8)]
        for ref in refs:
            assert len(unpacked(finished(people[1], ref)["package"])) == 51
        counted = select(func.count()).select_from(export_parts)
        assert desks[0].write(lambda db: db.execute(counted).scalar_one()) == 8


async def look(desk: Desk) -> bool:
    """One round of the step."""
    return await unpacking.unpack(desk.ksef)


def test_a_lease_that_runs_out_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(START)
    with both_at(tmp_path, monkeypatch, clock=clock) as (desk, _):
        ania = desk.firm()
        session = uploaded(ania, Package(archive(documents(ania, 30, "W"))))
        held_by(desk, session.ref, "gone", clock.now() + LIFE)
        assert session.close().status_code == 204
        # (1) While it holds, nobody touches the package, however often they look.
        assert desk.on_loop(look(desk)) is False
        clock.advance(seconds=LIFE.total_seconds() - 0.001)
        assert desk.on_loop(look(desk)) is False
        assert session.status()["status"]["code"] == 150
        # (2) Then somebody does. (That the clock of KSeF is moved takes no lease away.)
        desk.on_loop(asyncio.to_thread(desk.ksef.clock.set, clock.now() - timedelta(hours=1)))
        clock.advance(seconds=0.001)
        in_order(session, 30)


def test_nobody_waits_for_an_earlier_life_of_the_only_process(tmp_path: Path) -> None:
    clock = ManualClock(START)  # the lease never runs out by itself
    with desk_at(tmp_path, clock=clock) as desk:
        ania = desk.firm()
        session = uploaded(ania, Package(archive(documents(ania, 3, "O"))))
        held_by(desk, session.ref, "an earlier life", desk.ksef.clock.now() + LIFE)
    with desk_at(tmp_path, clock=clock) as desk:
        ania = elsewhere(ania, desk)
        session = Opened(ania, session.ref, session.requests)
        assert session.close().status_code == 204
        in_order(session, 3)


def test_who_lost_the_lease_writes_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two slices of a package another process takes it over: this one stops, that one finishes."""
    with both_at(tmp_path, monkeypatch) as (desk, _):
        ania = desk.firm()
        session = uploaded(ania, Package(archive(documents(ania, 250, "L"))))
        stolen: list[int] = []
        real = unpacking._keep

        def keep(ksef: Any, row: Any, lease: Any, judged: Any, done: int, db: Connection) -> None:
            if not stolen and done:
                # In the same transaction, before anything is written: as if it had been committed.
                stolen.append(done)
                late = {"lease_by": "the other", "lease_until": 0}
                db.execute(update(batches).where(batches.c.ref == session.ref).values(**late))
            real(ksef, row, lease, judged, done, db)

        monkeypatch.setattr(unpacking, "_keep", keep)
        assert session.close().status_code == 204
        in_order(session, 250)
        assert stolen == [100]
        pages = select(func.count()).select_from(upos).where(upos.c.page > 0)
        assert desk.write(lambda db: db.execute(pages).scalar_one()) == 1


def test_a_reset_in_the_middle_leaves_no_row_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_at(tmp_path) as desk:
        ania = desk.firm()
        session = uploaded(ania, Package(archive(documents(ania, 250, "R"))))
        waiting = uploaded(ania, Package(archive(documents(ania, 2, "S"))))
        assert (tmp_path / "batches" / waiting.ref).is_dir()
        reset: list[bool] = []
        real = unpacking._judge

        def judge(*arguments: Any) -> Any:
            judged = real(*arguments)
            if not reset:
                reset.append(True)
                desk.running.reset()
            return judged

        monkeypatch.setattr(unpacking, "_judge", judge)
        assert session.close().status_code == 204
        until(lambda: reset, bool)
        until(lambda: list((tmp_path / "batches").iterdir()), lambda found: not found)
        # Whoever was at work has stopped by the next package.
        ania = desk.firm()
        in_order(closed(ania, Package(archive(documents(ania, 2, "T")))), 2)
        rows = select(func.count()).select_from(invoices)
        assert desk.write(lambda db: db.execute(rows).scalar_one()) == 2


def test_a_round_that_breaks_gives_the_lease_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with both_at(tmp_path, monkeypatch) as (desk, _):
        ania = desk.firm()
        broken: list[str] = []
        real = packing._make

        async def once(ksef: Any, row: Any, lease: Any) -> None:
            if not broken:
                broken.append(lease.by)
                raise RuntimeError("in the middle of it")
            await real(ksef, row, lease)

        monkeypatch.setattr(packing, "_make", once)
        ref = start(ania)
        assert finished(ania, ref)["status"]["code"] == 200
        assert broken


@pytest.mark.sqlite
def test_a_folder_of_before_the_leases_is_brought_up(tmp_path: Path) -> None:
    with desk_at(tmp_path) as desk:
        ania = desk.firm()
        session = uploaded(ania, Package(archive(documents(ania, 3, "U"))))
    with closing(sqlite3.connect(tmp_path / "ksef.db")) as db, db:
        for table in ("batches", "exports"):
            for column in ("lease_by", "lease_until"):
                db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 6")
    for _ in range(2):  # the second start finds nothing to do
        with desk_at(tmp_path) as desk:
            assert session.ref in desk.ksef.batches.refs()
    with desk_at(tmp_path) as desk:
        ania = elsewhere(ania, desk)
        again = Opened(ania, session.ref, session.requests)
        assert again.close().status_code == 204
        in_order(again, 3)
        assert finished(ania, start(ania))["status"]["code"] == 200
