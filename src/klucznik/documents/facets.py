"""Why a value does not fit its type: the facet that fails. Rule: fa3.md section 2."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Final

from klucznik.documents.types import COMMON, Simple
from klucznik.documents.values import collapse, read_day, read_moment, read_number, read_whole

_SPACE = re.compile("[\t\r\n]")
#: What .NET calls the types of XSD.
_DOTNET: Final = {
    "string": "String",
    "normalizedString": "NormalizedString",
    "token": "Token",
    "decimal": "Decimal",
    "integer": "Integer",
    "int": "Int32",
    "nonNegativeInteger": "NonNegativeInteger",
    "byte": "SByte",
    "date": "Date",
    "dateTime": "DateTime",
}
#: Whole numbers that XSD bounds by their name.
_RANGES: Final = {"byte": (-128, 127), "int": (-(2**31), 2**31 - 1), "nonNegativeInteger": (0, None)}
#: A sentence quotes at most this many characters of a value.
_QUOTED: Final = 256

_ZONE: Final = re.compile(r"(?:Z|[+-]\d\d:\d\d)$").search
_FARTHEST: Final = timedelta(hours=14)

_BOUNDS: Final[tuple[tuple[str, str, Callable[[Any, Any], bool]], ...]] = (
    ("MinInclusive", "low", operator.lt),
    ("MaxInclusive", "high", operator.gt),
    ("MinExclusive", "above", operator.le),
)


def normal(simple: Simple, value: str) -> str:
    """The value with its white space treated as the type wants."""
    builtin = _checks(simple).builtin
    if builtin == "string":
        return value
    return _SPACE.sub(" ", value) if builtin == "normalizedString" else collapse(value)


def datatype(simple: Simple, namespace: str) -> str:
    """The type's name as .NET gives it."""
    if not simple.name:
        return _DOTNET[simple.builtin]
    return f"{COMMON if simple.common else namespace}:{simple.name}"


def quoted(value: str) -> str:
    return value if len(value) <= _QUOTED else f"{value[:_QUOTED]}…"


@dataclass(frozen=True, eq=False)
class _Checks:
    """The facets of a type and of those it restricts, ready to be tried.

    `enough`: the patterns of amounts count the digits too, nothing is left to try behind them.
    """

    builtin: str
    patterns: tuple[re.Pattern[str], ...]
    enough: bool
    plain: bool
    shortest: int
    longest: int | None
    steps: tuple[Simple, ...]


@cache
def _checks(simple: Simple) -> _Checks:
    lineage = simple.lineage()
    texts = simple.held == "text" and not any(one.values for one in lineage) and not simple.either
    patterns = tuple(re.compile(one.pattern) for one in lineage if one.pattern)
    bounded = any(one.low or one.high or one.above or one.values for one in lineage)
    return _Checks(
        simple.builtin,
        patterns,
        bool(patterns) and simple.held == "number" and not bounded,
        texts,
        max((one.min_length for one in lineage if one.min_length is not None), default=0),
        min((one.max_length for one in lineage if one.max_length is not None), default=None),
        tuple(lineage),
    )


def cause(simple: Simple, text: str) -> str:
    """The facet that fails, in .NET's words; empty when all hold."""
    value = normal(simple, text)
    checks = _checks(simple)
    if simple.either:
        if any(re.fullmatch(one, value) for one in simple.either):
            return ""
        return f"The value '{quoted(value)}' is not valid according to any of the memberTypes of the union."
    for pattern in checks.patterns:
        if pattern.fullmatch(value) is None:
            return "The Pattern constraint failed."
    if checks.enough:
        return ""
    if checks.plain:
        return _length(value, checks.shortest, checks.longest)
    try:
        parsed = _parsed(simple, value)
    except ValueError:
        return f"The string '{quoted(value)}' is not a valid {_DOTNET[simple.builtin]} value."
    for one in checks.steps:
        if failed := _failed(one, simple, value, parsed):
            return failed
    return ""


def _length(value: str, shortest: int, longest: int | None) -> str:
    if len(value) < shortest:
        return "The actual length is less than the MinLength value."
    if longest is not None and len(value) > longest:
        return "The actual length is greater than the MaxLength value."
    return ""


def _parsed(simple: Simple, value: str) -> str | Decimal | int | date | datetime:
    """The value itself; ValueError when it is none."""
    held = simple.held
    if held == "number":
        return read_number(value)
    if held == "whole":
        number = read_whole(value)
        low, high = _RANGES.get(simple.builtin, (None, None))
        if (low is not None and number < low) or (high is not None and number > high):
            raise ValueError(value)
        return number
    if held == "day":
        return read_day(value)
    return read_moment(value) if held == "moment" else value


@cache
def _limit(simple: Simple, text: str) -> Any:
    return _parsed(simple, text)


@cache
def _members(one: Simple, simple: Simple) -> frozenset[Any]:
    return frozenset(_parsed(simple, allowed) for allowed in one.values)


def _failed(one: Simple, simple: Simple, value: str, parsed: Any) -> str:
    """The first facet of one type in the lineage that the value breaks."""
    if failed := _length(value, one.min_length or 0, one.max_length):
        return failed
    if one.total_digits is not None or one.fraction_digits is not None:
        digits, places = _digits(Decimal(value))
        if one.total_digits is not None and digits > one.total_digits:
            return "The TotalDigits constraint failed."
        if one.fraction_digits is not None and places > one.fraction_digits:
            return "The FractionDigits constraint failed."
    for facet, field, beyond in _BOUNDS:
        if not (bound := getattr(one, field)):
            continue
        limit = _limit(simple, bound)
        failed_here = beyond(parsed, limit)
        if not failed_here and simple.held == "moment" and _ZONE(value) is None:
            # Without a zone it may be meant anywhere on Earth, and has to be within the bound there too.
            failed_here = beyond(parsed + (-_FARTHEST if field == "low" else _FARTHEST), limit)
        if failed_here:
            return f"The {facet} constraint failed."
    if one.values and parsed not in _members(one, simple):
        return "The Enumeration constraint failed."
    return ""


def _digits(number: Decimal) -> tuple[int, int]:
    """How many digits a number needs in all, and after the dot; zeros at either end do not count."""
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        return 0, 0
    text = "".join(map(str, digits))
    places = max(0, -exponent)
    whole, fraction = text[: len(text) - places], text[len(text) - places :].rjust(places, "0")
    fraction = fraction.rstrip("0")
    return len(whole.lstrip("0") + "0" * max(0, exponent)) + len(fraction), len(fraction)
