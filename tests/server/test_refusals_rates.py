"""Every operation is limited, by the figures of its group in the contract. Rules: limits.md 1 to 3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest

from klucznik.clock import ManualClock
from klucznik.testing import local_ksef
from klucznik.wire import ROWS, limits, security
from klucznik.wire.endpoint import LimitGroup
from klucznik.wire.limits import GROUPS

from .door import Api
from .rows import Row, access, call, in_group, name, of_operation

PER = {"sekundę": "per_second", "minutę": "per_minute", "godzinę": "per_hour"}


@pytest.fixture(scope="module")
def limited_clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def limited(limited_clock: ManualClock) -> Iterator[Api]:
    """A KSeF with the limits of production, whose time stands still."""
    with local_ksef(clock=limited_clock, rates="production") as running, Api(running) as api:
        yield api


def _fill(api: Api, row: Row, bearer: str | None, calls: int) -> None:
    for _ in range(calls):
        assert call(api, row, bearer).status_code != 429


def _too_many(api: Api, row: Row, bearer: str | None, limit: int) -> None:
    """429 in both formats, and how long to wait."""
    sentence = f"Przekroczono limit {limit} żądań na sekundę. Spróbuj ponownie po 1 sekundach."
    old = call(api, row, bearer)
    assert (old.status_code, old.headers["retry-after"]) == (429, "1")
    assert old.json() == {"status": {"code": 429, "description": "Too Many Requests", "details": [sentence]}}
    new = call(api, row, bearer, headers={"X-Error-Format": "problem-details"})
    assert (new.status_code, new.headers["retry-after"]) == (429, "1")
    assert (new.json()["title"], new.json()["detail"]) == ("Too Many Requests", sentence)


@pytest.mark.parametrize("group", [g for g in LimitGroup if g not in ("other", "anonymous")])
def test_operations_of_a_group_share_its_counter(limited: Api, group: LimitGroup) -> None:
    """Full by any one of them, full for all, and for no other group nor context."""
    first, *others = in_group(group)
    bearer = access(limited.ksef)
    limit = GROUPS[group].per_second
    _fill(limited, first, bearer, limit)
    for row in (first, *others):
        _too_many(limited, row, bearer, limit)
        assert call(limited, row, access(limited.ksef)).status_code != 429
    assert call(limited, limits.CONTEXT, bearer).status_code == 200


@pytest.mark.parametrize("row", in_group(LimitGroup.other), ids=name)
def test_in_group_other_every_operation_counts_apart(
    limited: Api, limited_clock: ManualClock, row: Row
) -> None:
    limited_clock.advance(minutes=1)  # blocking a context counts by address alone
    bearer = access(limited.ksef) if row.bearer != "anonymous" else None
    _fill(limited, row, bearer, 10)
    _too_many(limited, row, bearer, 10)
    others: list[Row] = [limits.CONTEXT, limits.SUBJECT]
    assert {call(limited, other, access(limited.ksef)).status_code for other in others} == {200}


def test_anonymous_operations_share_sixty_a_second_of_one_address(
    limited: Api, limited_clock: ManualClock
) -> None:
    limited_clock.advance(seconds=1)
    _fill(limited, security.PUBLIC_KEYS, None, 60)
    ref = "20251010-AU-1A2B3C4000-5D6E7F8091-6A"
    bearers = {
        "anonymous": None,
        "authentication": of_operation(limited.ksef, "AuthenticationToken", ref),
        "refresh": of_operation(limited.ksef, "RefreshToken", ref),
    }
    for row in in_group(LimitGroup.anonymous):
        _too_many(limited, row, bearers[row.bearer], 60)


def _told(answer: httpx2.Response) -> tuple[str, int, int]:
    """(window, limit, seconds to wait) of a 429."""
    (sentence,) = answer.json()["status"]["details"]
    words = sentence.split()
    return words[5].rstrip("."), int(words[2]), int(answer.headers["retry-after"])


@pytest.mark.parametrize("group", [group for group in LimitGroup if group != "anonymous"])
def test_a_caller_who_waits_as_told_meets_the_three_windows(
    limited: Api, limited_clock: ManualClock, group: LimitGroup
) -> None:
    """Within an hour exactly the hour's number of calls gets through; the limits told are the contract's."""
    row = limits.CONTEXT if group == LimitGroup.other else in_group(group)[0]
    bearer, began = access(limited.ksef, hours=2), limited_clock.now()
    told: dict[str, int] = {}
    through = 0
    while "per_hour" not in told:
        answer = call(limited, row, bearer)
        if answer.status_code != 429:
            through += 1
            continue
        window, limit, wait = _told(answer)
        told[PER[window]] = limit
        limited_clock.advance(seconds=wait)
    figures = GROUPS[group]
    assert told == {
        "per_second": figures.per_second,
        "per_minute": figures.per_minute,
        "per_hour": figures.per_hour,
    }
    assert through == figures.per_hour
    assert (limited_clock.now() - began).total_seconds() >= 3600
    assert call(limited, row, access(limited.ksef)).status_code != 429


def test_every_operation_is_of_one_group() -> None:
    assert sum(len(in_group(group)) for group in GROUPS) == len(ROWS) == 83
