"""Simple values of the forms, read by type: a Python value, or a sentence of the schema validator.

Rules: fa3.md section 2. Digits are ASCII digits everywhere: XSD's `\\d` would take those of every
script, KSeF's identifiers are plain ones (reliability.md C 36).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from lxml import etree

from klucznik.documents.content import bad_value, text_only
from klucznik.wire import ids

_ETD: Final = "http://crd.gov.pl/xml/schematy/dziedzinowe/mf/2022/01/05/eD/DefinicjeTypy/"

PATTERN: Final = "The Pattern constraint failed."
ENUMERATION: Final = "The Enumeration constraint failed."
TOO_EARLY: Final = "The MinInclusive constraint failed."
TOO_LATE: Final = "The MaxInclusive constraint failed."
TOO_SHORT: Final = "The actual length is less than the MinLength value."
TOO_LONG: Final = "The actual length is greater than the MaxLength value."

_SPACES = re.compile("[ \t\r\n]+")
_AMOUNT = re.compile(r"-?([1-9][0-9]{0,15}|0)(\.[0-9]{1,2})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_FIRST_DAY, _LAST_DAY = date(2006, 1, 1), date(2050, 1, 1)
_LAST_INSTANT = datetime(2050, 1, 1, 23, 59, 59, tzinfo=UTC)
_ZERO = Decimal(0)


def collapse(text: str) -> str:
    """Whitespace as `xsd:token` has it: runs become one space, none at the ends. Only XML's four blanks."""
    return _SPACES.sub(" ", text).strip(" ")


def read_instant(text: str) -> datetime | None:
    """An `xsd:dateTime` (already collapsed), aware; without a zone it is read as UTC. None if malformed."""
    if _INSTANT.fullmatch(text) is None:
        return None
    midnight = text[11:19] == "24:00:00"  # XSD's other name for 00:00:00 of the next day
    if midnight:
        text = f"{text[:11]}00:00:00{text[19:]}"
    try:
        value = datetime.fromisoformat(text)
        value = value + timedelta(days=1) if midnight else value
    except (ValueError, OverflowError):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


class Values:
    """Reads simple values of one document; every fault becomes a sentence in `faults`.

    A value that cannot be had is a neutral one ("" or 0 or None): the caller looks at `faults` once,
    at the end, so that a person sees all of them together.
    """

    def __init__(self, namespace: str, faults: list[str]) -> None:
        self.namespace = namespace
        self.faults = faults

    def raw(self, node: etree._Element | None) -> str:
        """Text as it stands; "" where the element is absent (its absence is reported elsewhere)."""
        if node is None:
            return ""
        if len(node):
            self.faults.append(text_only(node, node[0]))
            return ""
        return node.text or ""

    def refuse(self, node: etree._Element, value: str, datatype: str, cause: str) -> None:
        """Note a value outside its type; long values are cut in the sentence."""
        shown = value if len(value) <= 256 else value[:256] + "…"
        self.faults.append(bad_value(node, shown, datatype, cause))

    def text(self, node: etree._Element | None, most: int, datatype: str) -> str:
        """A token of 1 to `most` characters after collapsing."""
        value = collapse(self.raw(node))
        if node is not None and not 1 <= len(value) <= most:
            cause = TOO_LONG if value else TOO_SHORT
            self.refuse(node, value, f"{self.namespace}:{datatype}", cause)
        return value

    def nip(self, node: etree._Element | None) -> str:
        """A NIP by pattern, as `xsd:string`: a blank around it is a fault. No checksum (fa3.md section 2)."""
        value = self.raw(node)
        if node is not None and not ids.is_nip(value, checksum=False):
            self.refuse(node, value, f"{_ETD}:TNrNIP", PATTERN)
        return value

    def pattern(
        self, node: etree._Element | None, regex: re.Pattern[str], datatype: str, token: bool = False
    ) -> str:
        """A string that matches the whole of `regex`; `token` collapses it first."""
        value = self.raw(node)
        if token:
            value = collapse(value)
        if node is not None and regex.fullmatch(value) is None:
            self.refuse(node, value, f"{self.namespace}:{datatype}", PATTERN)
        return value

    def one_of(self, node: etree._Element | None, values: frozenset[str], datatype: str, token: bool) -> str:
        """A string from a list."""
        value = self.raw(node)
        if token:
            value = collapse(value)
        if node is not None and value not in values:
            self.refuse(node, value, f"{self.namespace}:{datatype}", ENUMERATION)
        return value

    def number(self, node: etree._Element | None, values: frozenset[int], datatype: str) -> int:
        """An integer from a list; `01` equals `1` to a schema."""
        if node is None:
            return 0
        text = collapse(self.raw(node))
        if _INTEGER.fullmatch(text) is None:
            self.refuse(node, text, datatype, f"The string '{text[:256]}' is not a valid Integer value.")
            return 0
        value = int(text)
        if value not in values:
            self.refuse(node, text, datatype, ENUMERATION)
        return value

    def yes_no(self, node: etree._Element | None) -> bool:
        """`1` yes, `2` no (TWybor1_2)."""
        return self.number(node, _ONE_TWO, f"{_ETD}:TWybor1_2") == 1

    def yes(self, node: etree._Element | None) -> bool:
        """Present and `1` (TWybor1)."""
        return self.number(node, _ONE, f"{_ETD}:TWybor1") == 1

    def amount(self, node: etree._Element | None) -> Decimal:
        """TKwotowy: at most 16 digits and 2 decimals, no `+`, no exponent, no leading zeros."""
        if node is None:
            return _ZERO
        text = collapse(self.raw(node))
        if _AMOUNT.fullmatch(text) is None:
            self.refuse(node, text, f"{self.namespace}:TKwotowy", PATTERN)
            return _ZERO
        return Decimal(text)

    def day(self, node: etree._Element | None) -> date | None:
        """TDataT: `yyyy-MM-dd` without zone, 2006-01-01 to 2050-01-01."""
        if node is None:
            return None
        text, datatype = collapse(self.raw(node)), f"{self.namespace}:TDataT"
        if _DAY.fullmatch(text) is None:
            self.refuse(node, text, datatype, PATTERN)
            return None
        try:
            value = date.fromisoformat(text)
        except ValueError:
            self.refuse(node, text, datatype, f"The string '{text}' is not a valid Date value.")
            return None
        if not _FIRST_DAY <= value <= _LAST_DAY:
            self.refuse(node, text, datatype, TOO_EARLY if value < _FIRST_DAY else TOO_LATE)
        return value

    def instant(self, node: etree._Element | None, first: datetime) -> datetime | None:
        """TDataCzas from `first` to the end of 2050-01-01."""
        if node is None:
            return None
        text, datatype = collapse(self.raw(node)), f"{_ETD}:TDataCzas"
        value = read_instant(text)
        if value is None:
            self.refuse(node, text, datatype, f"The string '{text[:256]}' is not a valid DateTime value.")
        elif not first <= value <= _LAST_INSTANT:
            self.refuse(node, text, datatype, TOO_EARLY if value < first else TOO_LATE)
        return value


_ONE, _ONE_TWO = frozenset({1}), frozenset({1, 2})
