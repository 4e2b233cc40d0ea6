"""Values of simple types: text to value and back, without losing how it was written.

`7.0`, `+1` and seven digits of a second come back as they stood: where the plain form of a value is
not the text it was read from, a subclass remembers the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from klucznik.documents.types import Held

Value = str | Decimal | int | date | datetime

_SPACES = re.compile("[ \t\r\n]+")
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?").fullmatch
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)").fullmatch
_WHOLE = re.compile(r"[+-]?[0-9]+").fullmatch
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T)([0-9]{2})(:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
).fullmatch
_SMALL: Final = {str(n): n for n in range(10_001)}


class WrittenNumber(Decimal):
    """A number that was not written plainly."""

    text: str


class WrittenWhole(int):
    """A whole number that was not written plainly."""

    text: str


class WrittenDay(date):
    """A day that was not written plainly."""

    text: str


class WrittenMoment(datetime):
    """A moment that was not written plainly."""

    text: str


def collapse(text: str) -> str:
    """White space as `xsd:token` sees it."""
    if text.isprintable() and "  " not in text and text[:1] != " " != text[-1:]:
        return text  # nearly always, and four times as fast
    return _SPACES.sub(" ", text).strip(" ")


def read_number(text: str) -> Decimal:
    try:
        found = Decimal(text)
        if str(found) == text and text[-1:].isdigit():  # nearly always; not `NaN`
            return found
    except InvalidOperation:
        pass
    if _PLAIN_NUMBER(text):
        return Decimal(text)
    if _NUMBER(collapse(text)) is None:
        raise ValueError(text)
    odd = WrittenNumber(collapse(text))
    odd.text = text
    return odd


def read_whole(text: str) -> int:
    if (small := _SMALL.get(text)) is not None:
        return small
    if _WHOLE(collapse(text)) is None or len(text) > 100:
        raise ValueError(text)
    found = WrittenWhole(collapse(text))
    found.text = text
    return found


def read_day(text: str) -> date:
    if _DAY(text):
        return date.fromisoformat(text)
    if _DAY(collapse(text)) is None:
        raise ValueError(text)
    found = WrittenDay.fromisoformat(collapse(text))
    found.text = text
    return found


def read_moment(text: str) -> datetime:
    """A `dateTime`. 24:00:00 is the next midnight; without a zone it is taken as UTC."""
    parts = _MOMENT(collapse(text))
    if parts is None:
        raise ValueError(text)
    day, hour, rest, fraction, zone = parts.groups()
    ends = hour == "24" and rest == ":00:00" and not (fraction or "").strip("0")
    plain = f"{day}{'00' if ends else hour}{rest}.{(fraction or '0')[:6].ljust(6, '0')}{zone or '+00:00'}"
    try:
        found = datetime.fromisoformat(plain) + timedelta(days=ends)
    except OverflowError:
        raise ValueError(text) from None
    if write_moment(found) == text:
        return found
    odd = WrittenMoment.fromisoformat(found.isoformat())
    odd.text = text
    return odd


def write_number(value: Decimal) -> str:
    return value.text if isinstance(value, WrittenNumber) else format(value, "f")


def write_whole(value: int) -> str:
    return value.text if isinstance(value, WrittenWhole) else str(int(value))


def write_day(value: date) -> str:
    return value.text if isinstance(value, WrittenDay) else value.isoformat()


def write_moment(value: datetime) -> str:
    if isinstance(value, WrittenMoment):
        return value.text
    text = value.isoformat()
    return f"{text[:-6]}Z" if value.utcoffset() == timedelta(0) else text


def _text(value: str) -> str:
    return value


READ: Final[dict[Held, Callable[[str], Value]]] = {
    "text": _text,
    "number": read_number,
    "whole": read_whole,
    "day": read_day,
    "moment": read_moment,
}


def plain(value: Value) -> str:
    """The text of a value, whatever it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return write_number(value)
    if isinstance(value, int):
        return write_whole(value)
    return write_moment(value) if isinstance(value, datetime) else write_day(value)


def from_plain(held: Held, value: object) -> Value:
    """A value from what JSON, YAML or a program gives: text, number, truth, day. Raises ValueError."""
    if held == "text":
        if isinstance(value, str):
            return value
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return str(value)
    elif held == "number":
        if isinstance(value, float):
            value = repr(value)
        if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            return read_number(format(value, "f") if isinstance(value, Decimal) else str(value))
    elif held == "whole":
        if isinstance(value, str | int):
            return read_whole(str(int(value)) if isinstance(value, bool) else str(value))
    elif held == "day":
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if isinstance(value, str):
            return read_day(value)
    elif held == "moment":
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, str):
            return read_moment(value)
    raise ValueError(repr(value))
