"""The high water mark against chance: no order of events lets a record appear below a mark that was told.

Invoices come in, time passes, goes back or stands still, the lag grows and shrinks. Whoever walks from mark
to mark gets every invoice, each once. Rules: query-export.md sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klucznik.clock import ManualClock

from .desk import Desk, Person, desk_at, refusal

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BEGINNING = START - timedelta(days=1)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at(clock=ManualClock(START)) as found:
        yield found


@dataclass
class Walker:
    """Somebody who retrieves by the rule: each window begins where the last one ended."""

    person: Person
    point: datetime = BEGINNING
    seen: list[str] = field(default_factory=list)
    closed: list[tuple[datetime, list[str]]] = field(default_factory=list)

    def window(self, since: datetime, until: datetime | None = None) -> tuple[list[str], datetime]:
        """KSeF numbers in order, and the mark."""
        span = {
            "dateType": "PermanentStorage",
            "from": since.isoformat(),
            "restrictToPermanentStorageHwmDate": True,
        }
        if until:
            span["to"] = until.isoformat()
        numbers: list[str] = []
        for page in range(10):
            params = {"pageSize": 250, "pageOffset": page}
            found = self.person.query(params=params, dateRange=span)
            numbers += [one["ksefNumber"] for one in found["invoices"]]
            if not found["hasMore"]:
                return numbers, datetime.fromisoformat(found["permanentStorageHwmDate"])
        raise AssertionError("more pages than there are invoices")

    def walk(self) -> None:
        found, mark = self.window(self.point)
        assert mark >= self.point
        fresh = [number for number in found if number not in self.seen]
        # The boundary instant belongs to both windows; nothing else comes twice.
        assert len(found) - len(fresh) <= 1
        self.seen += fresh
        self.point = mark
        self.closed.append((mark, list(self.seen)))

    def look_back(self) -> None:
        """What was closed is as it was."""
        for mark, numbers in self.closed:
            assert self.window(BEGINNING, mark)[0] == numbers


STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 3)),
    st.tuples(st.just("pass"), st.sampled_from([1, 19, 20, 21, 150, 900, 5_000])),  # milliseconds
    st.tuples(st.just("back"), st.sampled_from([10, 2_000])),
    st.tuples(st.just("lag"), st.sampled_from([0, 50, 1_000, 6_000])),
    st.tuples(st.just("walk"), st.just(0)),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=4, max_size=14))
def test_no_record_is_ever_missed(desk: Desk, steps: list[tuple[str, int]]) -> None:
    ania = desk.firm()
    walker, clock, sent = Walker(ania), desk.ksef.clock, set[str]()
    base = clock.base
    assert isinstance(base, ManualClock)
    desk.on_loop(desk.ksef.storage.set_lag(timedelta()))
    session = ania.open()
    for step, amount in steps:
        if step == "send":
            refs = [ania.send(session, ania.invoice(f"H/{len(sent)}/{n}")) for n in range(amount)]
            sent |= {ania.outcome(session, ref)["ksefNumber"] for ref in refs}
        elif step == "pass":
            base.advance(milliseconds=amount)
        elif step == "back":
            clock.set(clock.now() - timedelta(milliseconds=amount))
        elif step == "lag":
            desk.on_loop(desk.ksef.storage.set_lag(timedelta(milliseconds=amount)))
        else:
            walker.walk()
    # When everything has settled, the next window holds what is left.
    desk.on_loop(desk.ksef.storage.set_lag(timedelta()))
    base.advance(seconds=20)
    walker.walk()
    assert sorted(walker.seen) == sorted(sent)
    walker.look_back()


def test_a_window_above_the_mark_is_refused(desk: Desk) -> None:
    ania = desk.firm()
    since = desk.ksef.clock.now() + timedelta(minutes=1)
    span = {
        "dateType": "PermanentStorage",
        "from": since.isoformat(),
        "restrictToPermanentStorageHwmDate": True,
    }
    assert refusal(ania.try_query(dateRange=span)).code == 21183
