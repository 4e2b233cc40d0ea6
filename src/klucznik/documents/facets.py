"""Why a value does not fit its type, and what would: the facets in words. Rule: fa3.md section 2."""

from __future__ import annotations

import operator
import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Final

from klucznik.documents.types import COMMON, Simple
from klucznik.documents.values import collapse, read_day, read_moment, read_number, read_whole
from klucznik.lang import tr

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


def normal(simple: Simple, value: str) -> str:
    """The value with its white space treated as the type wants."""
    if simple.builtin == "string":
        return value
    return _SPACE.sub(" ", value) if simple.builtin == "normalizedString" else collapse(value)


def datatype(simple: Simple, namespace: str) -> str:
    """The type's name as .NET gives it."""
    if not simple.name:
        return _DOTNET[simple.builtin]
    return f"{COMMON if simple.common else namespace}:{simple.name}"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def cause(simple: Simple, text: str) -> str:
    """The facet that fails, in .NET's words; empty when all hold."""
    value = normal(simple, text)
    lineage = simple.lineage()
    if simple.either:
        if any(_pattern(one).fullmatch(value) for one in simple.either):
            return ""
        return f"The value '{value[:256]}' is not valid according to any of the memberTypes of the union."
    for one in lineage:
        if one.pattern and _pattern(one.pattern).fullmatch(value) is None:
            return "The Pattern constraint failed."
    try:
        _parsed(simple, value)
    except ValueError:
        return f"The string '{value[:256]}' is not a valid {_DOTNET[simple.builtin]} value."
    for one in lineage:
        if failed := _failed(one, simple, value):
            return failed
    return ""


def _parsed(simple: Simple, value: str) -> str | Decimal | int | date | datetime:
    """The value itself; ValueError when it is none."""
    held = simple.held
    if held == "number":
        return read_number(value)
    if held == "whole":
        number = read_whole(value)
        if simple.builtin == "byte" and not -128 <= number <= 127:
            raise ValueError(value)
        if simple.builtin == "nonNegativeInteger" and number < 0:
            raise ValueError(value)
        return number
    if held == "day":
        return read_day(value)
    return read_moment(value) if held == "moment" else value


def _failed(one: Simple, simple: Simple, value: str) -> str:
    """The first facet of one type in the lineage that the value breaks."""
    if one.min_length is not None and len(value) < one.min_length:
        return "The actual length is less than the MinLength value."
    if one.max_length is not None and len(value) > one.max_length:
        return "The actual length is greater than the MaxLength value."
    if one.total_digits is not None or one.fraction_digits is not None:
        number = Decimal(value).normalize() if Decimal(value) else Decimal(0)
        _, digits, exponent = number.as_tuple()
        places = max(0, -exponent) if isinstance(exponent, int) else 0
        whole = len(digits) + exponent if isinstance(exponent, int) else 0
        if one.total_digits is not None and max(whole, 0) + places > one.total_digits:
            return "The TotalDigits constraint failed."
        if one.fraction_digits is not None and places > one.fraction_digits:
            return "The FractionDigits constraint failed."
    parsed = _parsed(simple, value)
    for facet, bound, below in (
        ("MinInclusive", one.low, operator.lt),
        ("MaxInclusive", one.high, operator.gt),
        ("MinExclusive", one.above, operator.le),
    ):
        if bound and below(parsed, _parsed(simple, bound)):
            return f"The {facet} constraint failed."
    if one.values and parsed not in {_parsed(simple, allowed) for allowed in one.values}:
        return "The Enumeration constraint failed."
    return ""


#: Patterns in words, by the type that carries them.
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "TNrNIP": ("a NIP: 10 digits without dashes", "NIP: 10 cyfr bez kresek"),
    "TNIPIdWew": ("NIP, dash, 5 digits", "NIP, myślnik, 5 cyfr"),
    "TNrVatUE": (
        "1-12 of 0-9, A-Z, +, * (without the country code)",
        "1-12 znaków 0-9, A-Z, +, * (bez kodu kraju)",
    ),
    "TNrKRS": ("10 digits", "10 cyfr"),
    "TNrREGON": ("9 or 14 digits", "9 albo 14 cyfr"),
    "SWIFT_Type": ("a SWIFT code: 8 or 11 letters and digits", "kod SWIFT: 8 albo 11 liter i cyfr"),
    "TNumerKSeF": (
        "a KSeF number: NIP-YYYYMMDD-12 hexadecimal digits-2 hexadecimal digits",
        "numer KSeF: NIP-RRRRMMDD-12 cyfr szesnastkowych-2 cyfry szesnastkowe",
    ),
    "TAdresEmail": ("an e-mail address of 3-255 characters", "adres e-mail, 3-255 znaków"),
}


def allowed(simple: Simple) -> str:
    """What the type takes, in a person's words."""
    if simple.name in _WORDS:
        return tr(*_WORDS[simple.name])
    lineage = simple.lineage()
    values = next((one.values for one in reversed(lineage) if one.values), ())
    if values:
        shown = ", ".join(values[:40])
        return shown + (
            tr(f" … ({len(values)} in all)", f" … (razem {len(values)})") if len(values) > 40 else ""
        )
    held = simple.held
    if held == "number":
        total, places = _narrowest(lineage, "total_digits"), _narrowest(lineage, "fraction_digits")
        bounds = _bounds(lineage)
        return tr(
            f"a number with a dot, at most {total} digits, {places} after the dot{bounds}",
            f"liczba z kropką, najwyżej {total} cyfr, {places} po kropce{bounds}",
        )
    if held == "whole":
        return tr("a whole number", "liczba całkowita") + _bounds(lineage)
    if held == "day":
        return tr("a day as YYYY-MM-DD", "data RRRR-MM-DD") + _bounds(lineage)
    if held == "moment":
        return tr("a moment such as 2026-02-01T09:30:00Z", "chwila, np. 2026-02-01T09:30:00Z") + _bounds(
            lineage
        )
    least, most = _narrowest(lineage, "min_length"), _narrowest(lineage, "max_length")
    if pattern := next((one.pattern for one in reversed(lineage) if one.pattern), ""):
        return tr(f"a text such as {pattern}", f"tekst wg wzorca {pattern}")
    return tr(f"{least}-{most} characters", f"{least}-{most} znaków")


def _narrowest(lineage: list[Simple], facet: str) -> int | None:
    limits: list[int] = [limit for one in lineage if (limit := getattr(one, facet)) is not None]
    if not limits:
        return None
    return max(limits) if facet == "min_length" else min(limits)


def _bounds(lineage: list[Simple]) -> str:
    low = next((one.low for one in reversed(lineage) if one.low), "")
    high = next((one.high for one in reversed(lineage) if one.high), "")
    above = next((one.above for one in reversed(lineage) if one.above), "")
    if above:
        return tr(f", above {above}", f", większa od {above}")
    return tr(f", {low} to {high}", f", od {low} do {high}") if low or high else ""
