"""Tables of elements: a column appears only where some row has a value. Rule: pdf.md sections 1 and 4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from klucznik.documents.view.blocks import Align, Column, Table
from klucznik.documents.view.words import text
from klucznik.lang import tr

#: More columns than these do not stand in one table. Rule: pdf.md section 4.
WIDEST = 8


@dataclass(frozen=True, slots=True)
class Col:
    """A column before it is known whether it has anything to show. `write` makes a cell of a row.

    `aside` marks one that belongs into a second table when one gets too wide.
    """

    en: str
    pl: str
    write: Callable[[Any], str]
    align: Align = "left"
    weight: float = 1.0
    aside: bool = False

    def column(self) -> Column:
        return Column(tr(self.en, self.pl), self.align, self.weight)


def col(
    element: str,
    en: str,
    pl: str,
    write: Callable[[Any], str] = text,
    align: Align = "left",
    weight: float = 1.0,
    *,
    aside: bool = False,
) -> Col:
    """The column of one element."""
    return Col(en, pl, lambda row: write(getattr(row, element)), align, weight, aside)


def ordinal() -> Col:
    """`Lp.`, of rows that have no number of their own."""
    count = iter(range(1, 1_000_000_000))
    return Col("No.", "Lp.", lambda row: str(next(count)), "right", 0.4)


def tables(
    columns: Sequence[Col],
    rows: Sequence[Any],
    heading: str = "",
    *,
    before: Callable[[Any], bool] = lambda row: False,
) -> list[Table]:
    """The rows as one table, or as two that both begin with the first column. No rows, no table.

    Of too many columns those set aside go into the second table.
    """
    made = [[column.write(row) for row in rows] for column in columns]
    used = [(column, cells) for column, cells in zip(columns, made, strict=True) if any(cells)]
    if not rows or not used:
        return []
    marked = frozenset(at for at, row in enumerate(rows) if before(row))
    parts = [used]
    second = [one for one in used[1:] if one[0].aside]
    first = [one for one in used if one not in second]
    if len(used) > WIDEST and second and len(first) > 1:
        parts = [first, [used[0], *second]]
    return [
        Table(
            [column.column() for column, _ in part],
            list(zip(*(cells for _, cells in part), strict=True)),
            heading if at == 0 else "",
            marked,
        )
        for at, part in enumerate(parts)
    ]
