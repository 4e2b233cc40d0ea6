"""Permanent storage and the high water mark, whatever the clock does. Rule: query-export.md section 2."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from klucznik.clock import ManualClock
from klucznik.server.store import setting

from .desk import Desk, Person, desk_at

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def listed(person: Person, since: datetime, **more: Any) -> tuple[list[str], datetime]:
    """Numbers of the invoices found by storage date, and the mark."""
    span = {"dateType": "PermanentStorage", "from": since.isoformat(), **more}
    found = person.query(dateRange=span, params={"pageSize": 250})
    numbers = [item["invoiceNumber"] for item in found["invoices"]]
    return numbers, datetime.fromisoformat(found["permanentStorageHwmDate"])


def accept(person: Person, number: str) -> None:
    outcome = person.settled(person.open(), person.invoice(number))
    assert outcome["status"]["code"] == 200, outcome


@pytest.mark.parametrize("back", [timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=40)])
def test_nothing_appears_below_a_mark_of_before_the_restart(tmp_path: Path, back: timedelta) -> None:
    with desk_at(tmp_path, clock=ManualClock(NOW)) as desk:
        ania = desk.firm()
        accept(ania, "FV/1")
        _, mark = listed(ania, NOW - timedelta(days=1))
        assert mark == NOW
    clock = ManualClock(NOW - back)
    with desk_at(tmp_path, clock=clock) as desk:
        ania = desk.firm(ania.nip)
        accept(ania, "FV/2")
        clock.advance(seconds=1)
        # What was there is there, and the new one lies above the mark that was told.
        assert listed(ania, NOW - timedelta(days=1))[0] == ["FV/1", "FV/2"]
        fresh, later = listed(ania, mark, restrictToPermanentStorageHwmDate=True)
        assert fresh == ["FV/1", "FV/2"]  # both are stored after it
        assert later > mark


def test_the_mark_never_goes_back(tmp_path: Path) -> None:
    mark = NOW - timedelta(days=2)
    for start in (NOW, NOW - timedelta(days=1), NOW + timedelta(hours=1), NOW - timedelta(hours=5)):
        clock = ManualClock(start)
        with desk_at(tmp_path, clock=clock) as desk:
            ania = desk.firm()
            for _ in range(3):
                _, told = listed(ania, NOW - timedelta(days=3))
                assert told >= mark
                mark = told
                clock.advance(seconds=10)


def test_the_storage_clock_catches_up(tmp_path: Path) -> None:
    """A clock set back is led only until it has passed again what was reached."""
    clock = ManualClock(NOW)
    with desk_at(tmp_path, clock=clock) as desk:
        storage = desk.ksef.storage

        def reached() -> int:
            async def look() -> int:
                return storage.now()

            return desk.on_loop(look())

        first = reached()
        clock.advance(hours=-1)
        assert reached() == first
        clock.advance(minutes=1)
        assert reached() == first + 60_000_000
        clock.advance(hours=2)
        assert reached() == first + 61 * 60_000_000
        clock.advance(seconds=1)
        assert reached() == first + (61 * 60 + 1) * 1_000_000


def test_a_lag_keeps_the_mark_back_and_what_is_above_it_incomplete() -> None:
    clock = ManualClock(NOW)
    lag = timedelta(seconds=10)
    with desk_at(clock=clock) as desk:
        desk.on_loop(desk.ksef.storage.set_lag(lag))
        ania = desk.firm()
        seen_at: dict[str, list[int]] = {}
        for n in range(30):
            accept(ania, f"FV/{n:02}")
            clock.advance(milliseconds=137)
        for second in range(12):
            numbers, mark = listed(ania, NOW - timedelta(days=1))
            now = clock.now()
            assert mark == now - lag
            for number in numbers:
                seen_at.setdefault(number, []).append(second)
            clock.advance(seconds=1)
        numbers, _ = listed(ania, NOW - timedelta(days=1))
        assert numbers == [f"FV/{n:02}" for n in range(30)]
        # They came one by one, not in the order of their dates, and stayed.
        first = [seen[0] for _, seen in sorted(seen_at.items())]
        assert len(set(first)) > 3
        assert first != sorted(first)
        for seen in seen_at.values():
            assert seen == list(range(seen[0], seen[-1] + 1))


def test_below_the_mark_nothing_ever_changes() -> None:
    """With a lag, and with one that grows: a closed range gives the same answer for ever."""
    clock = ManualClock(NOW)
    with desk_at(clock=clock) as desk:
        ania = desk.firm()
        closed: list[tuple[datetime, list[str]]] = []
        for n, lag in enumerate((0, 0, 3, 3, 1, 8, 8, 0)):
            desk.on_loop(desk.ksef.storage.set_lag(timedelta(seconds=lag)))
            accept(ania, f"FV/{n}")
            clock.advance(seconds=1)
            numbers, mark = listed(ania, NOW - timedelta(days=1), restrictToPermanentStorageHwmDate=True)
            assert not closed or mark >= closed[-1][0]
            closed.append((mark, numbers))
            for old_mark, old_numbers in closed:
                again, _ = listed(ania, NOW - timedelta(days=1), to=old_mark.isoformat())
                assert again == old_numbers, (n, old_mark)


def test_the_lag_is_kept(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    with desk_at(tmp_path, clock=clock) as desk:
        desk.on_loop(desk.ksef.storage.set_lag(timedelta(seconds=7)))
    clock.advance(minutes=1)
    with desk_at(tmp_path, clock=clock) as desk:
        _, mark = listed(desk.firm(), NOW - timedelta(days=1))
        assert mark == clock.now() - timedelta(seconds=7)


def test_a_mark_is_on_disk_before_it_is_told(tmp_path: Path) -> None:
    """Killed right after the answer: the next start knows."""
    with desk_at(tmp_path, clock=ManualClock(NOW)) as desk:
        _, mark = listed(desk.firm(), NOW - timedelta(days=1))
        kept = desk.ksef.storage._kept
        assert kept >= int(mark.timestamp() * 1_000_000)
        assert stored_setting(desk) == kept


def stored_setting(desk: Desk) -> int:
    async def look() -> str | None:
        return desk.ksef.store.read(lambda db: setting(db, "storage_reached"))

    found = desk.on_loop(look())
    assert found is not None
    return int(found)
