"""Showing what KSeF answered: JSON for programs, tables and lines for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from klucznik.cli.common import print_json
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.wire.base import Model


@dataclass(frozen=True)
class Column:
    """A column of a table; `whole` cells are never broken."""

    title: str
    value: Callable[[Any], object]
    whole: bool = False
    right: bool = False

    def cell(self, item: Any) -> str:
        """The text of an item's cell; `-` for nothing."""
        value = self.value(item)
        return "-" if value is None or value == "" else str(value)


def dumped(model: Model) -> Any:
    """The object as it travels: wire names, absent values left out."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def show_all(
    items: Sequence[Any], columns: Sequence[Column], *, as_json: bool, narrow: Sequence[Column] = ()
) -> None:
    """A list: one JSON array, or a table; a word where it is empty.

    `narrow`: the columns of a terminal that has no room for the others.
    """
    if as_json:
        print_json([dumped(item) for item in items])
    elif not items:
        click.echo(tr("None.", "Brak."))
    else:
        from klucznik.cli.screen import table

        table(columns, items, narrow)


def show_facts(facts: Sequence[tuple[str, object]]) -> None:
    """Names and values, one a line; what is absent is left out."""
    told = [(name, value) for name, value in facts if value not in (None, "")]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        click.echo(f"{name + ':':{width + 1}} {value}")


def waiting(text: str) -> AbstractContextManager[object]:
    """`with waiting("…"):` a sign of life on a terminal's standard error."""
    from klucznik.cli.screen import spinner

    return spinner(text)


def day(moment: datetime | None) -> str | None:
    """A day in the terminal's own time."""
    return None if moment is None else f"{moment.astimezone():%Y-%m-%d}"


def minute(moment: datetime | None) -> str | None:
    """A day and the time of day in the terminal's own time."""
    return None if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"


def stacked(*lines: object) -> str:
    """A cell of several lines; what is absent is left out."""
    return "\n".join(str(line) for line in lines if line not in (None, ""))


def yes_no(value: bool | None) -> str:
    return tr("yes", "tak") if value else tr("no", "nie")


_KINDS = {
    "Nip": "NIP",
    "Pesel": "PESEL",
    "Fingerprint": tr("certificate", "certyfikat"),
    "InternalId": tr("unit", "jednostka"),
    "NipVatUe": tr("EU entity", "podmiot unijny"),
    "PeppolId": "Peppol",
    "VatUe": tr("VAT UE", "VAT UE"),
    "AllPartners": tr("all clients", "wszyscy klienci"),
    "System": tr("by paper or the Ministry", "papierowo lub przez Ministerstwo"),
}


def who(identifier: Any) -> str:
    """An identifier of the wire, as a person reads it: `NIP 5265877635`."""
    if identifier is None:
        return ""
    kind = str(identifier.type.value)
    return f"{_KINDS.get(kind, kind)} {identifier.value or ''}".strip()
