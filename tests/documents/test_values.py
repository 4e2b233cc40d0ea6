"""Values: a text read and written again is the same text, however oddly it was written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from klucznik.documents import values

BLANKS = some.text(" \t\r\n", max_size=3)
NUMBERS = some.from_regex(
    r"[+-]?(0{0,3}[0-9]{1,20}(\.[0-9]{0,9})?|\.[0-9]{1,9})",
    fullmatch=True,
    alphabet=some.characters(codec="ascii"),
)
WHOLE = some.from_regex(r"[+-]?0{0,3}[0-9]{1,30}", fullmatch=True, alphabet=some.characters(codec="ascii"))
ZONES = some.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(BLANKS, NUMBERS, BLANKS)
def test_a_number_keeps_its_text(before: str, number: str, behind: str) -> None:
    text = before + number + behind
    assert values.read_number(text) == Decimal(number)
    assert values.write_number(values.read_number(text)) == text


@given(some.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12))
def test_a_number_comes_back(number: Decimal) -> None:
    assert values.read_number(values.write_number(number)) == number


@given(BLANKS, WHOLE, BLANKS)
def test_a_whole_number_keeps_its_text(before: str, number: str, behind: str) -> None:
    text = before + number + behind
    assert values.read_whole(text) == int(number)
    assert values.write_whole(values.read_whole(text)) == text


@given(some.integers(-(10**30), 10**30))
def test_a_whole_number_comes_back(number: int) -> None:
    assert values.read_whole(values.write_whole(number)) == number


@given(BLANKS, some.dates(), BLANKS)
def test_a_day_comes_back_and_keeps_its_text(before: str, day: date, behind: str) -> None:
    text = f"{before}{day.isoformat()}{behind}"
    assert values.read_day(text) == day
    assert values.write_day(values.read_day(text)) == text
    assert values.read_day(values.write_day(day)) == day


@given(some.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES))
def test_a_moment_comes_back(moment: datetime) -> None:
    assert values.read_moment(values.write_moment(moment)) == moment


@given(
    BLANKS,
    some.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)),
    some.sampled_from(["", "Z", "+02:00", "-14:00"]),
    some.text("0123456789", max_size=9),
)
def test_a_moment_keeps_its_text(blanks: str, moment: datetime, zone: str, fraction: str) -> None:
    plain = moment.replace(microsecond=0).isoformat()
    text = f"{blanks}{plain}{'.' if fraction else ''}{fraction}{zone}{blanks}"
    assert values.write_moment(values.read_moment(text)) == text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-30T24:00:00Z", datetime(2026, 7, 1, tzinfo=UTC)),
        ("2026-07-01T12:00:00", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        (" 2026-07-01T12:00:00.0000000Z ", datetime(2026, 7, 1, 12, tzinfo=UTC)),
    ],
)
def test_moments_written_in_other_ways(text: str, moment: datetime) -> None:
    assert values.read_moment(text) == moment
    assert values.write_moment(values.read_moment(text)) == text


@pytest.mark.parametrize("text", ["", "1e5", "INF", "1,5", "٣", "1 2", "--1", "\u00a01", "."])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError):
        values.read_number(text)
    with pytest.raises(ValueError):
        values.read_whole(text)


@pytest.mark.parametrize("text", ["", "2026-02-29", "2026-7-1", "20260701", "2026-07-01Z", "٢٠٢٦-٠٧-٠١"])
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(ValueError):
        values.read_day(text)


@pytest.mark.parametrize(
    "text",
    ["", "2026-07-01", "2026-07-01T24:00:01Z", "2026-07-01T12:60:00Z", "2026-07-01T12:00:00+14:01",
     "9999-12-31T24:00:00Z", "2026-07-01 12:00:00Z"],
)  # fmt: skip
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError):
        values.read_moment(text)
