"""Texts to try in an element: at each limit of its type, just beyond, and what people mistype."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

from documents.generate import ASTRAL, bound, greatest, least, texts
from klucznik.documents.types import Simple

#: A label, by which coverage is counted, and the text.
Probe = tuple[str, str]

_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_ANYWHERE = (
    ("empty", ""), ("blank", " "), ("blanks", " \t\r\n "), ("letter", "x"), ("zero", "0"), ("one", "1"),
    ("minus", "-1"), ("plus", "+1"), ("leading zero", "01"), ("minus zero", "-0"), ("exponent", "1e2"),
    ("infinite", "INF"), ("no number", "NaN"), ("comma", "1,5"), ("point first", ".5"),
    ("point last", "5."), ("arabic-indic", "٣"), ("word", "tak"), ("two", "1 2"), ("hex", "0x1F"),
)  # fmt: skip
_MOMENTS = (
    "2026-07-01T12:00:00", "2026-07-01T12:00:00+02:00", "2026-07-01T12:00:00+14:00",
    "2026-07-01T12:00:00+14:01", "2026-07-01T12:00:00-14:00", "2026-07-01T12:00:00+15:00",
    "2026-07-01T24:00:00Z", "2026-07-01T24:00:01Z", "2026-07-01T24:00:00.000Z", "2026-07-01T12:60:00Z",
    "2026-07-01T12:00:60Z", "2026-07-01T12:00:00.1234567890123Z", "2026-07-01T12:00:00.Z",
    "2026-07-01T12:00Z", "2026-07-01 12:00:00", "2026-07-01t12:00:00z", "2026-07-01", "20260701T120000Z",
    "2026-02-30T12:00:00Z", "2100-07-01T12:00:00Z", "10000-01-01T00:00:00Z", "-2026-07-01T12:00:00Z",
    "0000-01-01T00:00:00Z", "2026-7-1T12:00:00Z", "2026-07-01T12:00:00+0200",
)  # fmt: skip
_DAYS = (
    "2024-02-29", "2026-02-29", "2026-02-30", "2026-13-01", "2026-00-10", "2026-7-1", "26-07-01",
    "01.07.2026", "2026/07/01", "2026-07-01Z", "2026-07-01+02:00", "2026-07-01T00:00:00", "20260701",
    "10000-01-01", "-2026-07-01", "0000-01-01", "2026-07-01-", "٢٠٢٦-٠٧-٠١", "2026-W27-3",
)  # fmt: skip


@cache
def probes(simple: Simple) -> tuple[Probe, ...]:
    """Every text worth trying, each once."""
    lineage = simple.lineage()
    good = texts(simple)
    found: list[Probe] = [(f"fits {n}", text) for n, text in enumerate(good)]
    found += _ANYWHERE
    first = good[0] or "x"
    found += [
        ("blank before", f" {first}"), ("blank behind", f"{first} "), ("lines around", f"\n\t{first}\r\n"),
        ("no-break space", f"\u00a0{first}"), ("no-break space behind", f"{first}\u00a0"),
        ("twice", f"{first} {first}"), ("joined", first + first), ("cut", first[:-1]),
        ("longer", f"{first}0"), ("longer by a letter", f"{first}X"),
        ("other first", f"ż{first[1:]}"), ("small", first.lower()),
        ("capital", first.upper()), ("arabic-indic digits", first.translate(_ARABIC)),
        ("arabic-indic last", first[:-1] + first[-1:].translate(_ARABIC)), ("astral", f"{first}{ASTRAL}"),
    ]  # fmt: skip
    found += _lengths(lineage) + _digits(lineage) + _bounds(simple, lineage)
    values = next((one.values for one in reversed(lineage) if one.values), ())
    for value in values:
        found += [(f"member {value}", value)]
    for value in values[:3]:
        found += [
            ("near member", value + value[-1]),
            ("near member", value[1:]),
            ("near member", f"{value}\t"),
        ]
    if len(values) > 1:
        found.append(("two members", f"{values[0]} {values[1]}"))
    kept = {text: label for label, text in reversed(found)}
    return tuple((label, text) for text, label in kept.items())


def _lengths(lineage: list[Simple]) -> list[Probe]:
    low, high = greatest(lineage, "min_length"), least(lineage, "max_length")
    found: list[Probe] = []
    if low:
        found += [("least-1", "x" * (low - 1)), ("least", "x" * low), ("least astral", ASTRAL * low)]
    if high:
        found += [
            ("most", "x" * high), ("most+1", "x" * (high + 1)), ("most astral", ASTRAL * high),
            ("most+1 astral", ASTRAL * (high + 1)), ("most wide", "ż" * high),
            ("most+1 wide", "ż" * (high + 1)),
            ("most within blanks", f"  {'x' * high}\n"), ("most of collapsed", f"a    {'x' * (high - 2)}"),
            ("most of lines", f"a\r\n{'x' * (high - 2)}"),
            ("most with no-break space", f"{'x' * high}\u00a0"),
        ]  # fmt: skip
    return found


def _digits(lineage: list[Simple]) -> list[Probe]:
    total, places = least(lineage, "total_digits"), least(lineage, "fraction_digits") or 0
    if total is None:
        return []
    whole = total - places
    nines = "9" * places
    return [
        ("whole", "9" * whole), ("whole+1", "9" * (whole + 1)), ("total", f"{'9' * whole}.{nines}"),
        ("total negative", f"-{'9' * whole}.{nines}"), ("total+1", f"{'9' * (whole + 1)}.{nines}"),
        ("total whole", "9" * total), ("total whole+1", "9" * (total + 1)),
        ("places", f"1.{'1' * places}"), ("places+1", f"1.{'1' * (places + 1)}"),
        ("places zero", f"1.{'0' * (places + 1)}"), ("places long zero", f"1.{'0' * 40}"),
        ("leading zeros", f"00{'1' * whole}"), ("many leading zeros", "0" * 40 + "1"),
        ("very long", "1" * 200), ("grouped", "1 000.00"), ("grouped by no-break space", "1\u00a0000"),
    ]  # fmt: skip


def _bounds(simple: Simple, lineage: list[Simple]) -> list[Probe]:
    low, high, above = (bound(lineage, one) for one in ("low", "high", "above"))
    if simple.held == "day":
        first, last, step = date.fromisoformat(low), date.fromisoformat(high), timedelta(days=1)
        return [
            ("low-1", str(first - step)), ("low", low), ("low+1", str(first + step)),
            ("high-1", str(last - step)), ("high", high), ("high+1", str(last + step)),
            ("first of all", "1900-01-01"), ("last of all", "2050-12-31"), *(("day", day) for day in _DAYS),
        ]  # fmt: skip
    if simple.held == "moment":
        year = int(low[:4]) - 1 if low[5:10] == "01-01" else int(low[:4])
        month = {"09": "08-31", "10": "09-30", "01": "12-31"}[low[5:7]]
        return [
            ("low-1", f"{year}-{month}T23:59:59Z"), ("low", low), ("low by zone", low[:-1] + "+00:00"),
            ("low early by zone", low[:-1] + "+00:01"), ("low late by zone", low[:-1] + "-00:01"),
            ("low without zone", low[:-1]), ("high", high), ("high without zone", high[:-1]),
            ("high by zone", "2050-01-02T00:59:59+01:00"), ("high+1", "2050-01-02T00:00:00Z"),
            ("high+fraction", high[:-1] + ".001Z"), *(("moment", moment) for moment in _MOMENTS),
        ]  # fmt: skip
    if simple.held == "number" and high:
        return [
            ("low", low), ("low-1", "-0.01"), ("high", high), ("high+1", f"{high}.01"),
            ("high and zeros", f"{high}.000000"),
        ]  # fmt: skip
    if above:
        return [("above", above), ("above+1", "1"), ("above written long", "+00001")]
    if simple.builtin == "byte":
        return [("byte", "127"), ("byte+1", "128"), ("byte low", "-128"), ("byte low-1", "-129")]
    return []
