"""A sheet in a terminal, with rich. Texts are never markup: `[bold]` is shown as it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from klucznik.documents.view import blocks, fit
from klucznik.documents.view.blocks import Block, Code, Columns, Pairs, Sheet, Total
from klucznik.documents.view.plain import plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

_TONES = {"plain": "", "note": "dim", "strong": "bold", "warning": "yellow"}
#: A column of words is still read with ease when it is this wide, in characters.
_WORDS = 14


def _text(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(plain(text), style=style, overflow="fold")


def _pairs(block: Pairs) -> Iterator[RenderableType]:
    from rich.table import Table

    if block.heading:
        yield _text(block.heading, "bold")
    for labelled, pairs in groupby(block.pairs, lambda pair: bool(pair.label and pair.value)):
        if not labelled:  # a sentence takes the whole width
            yield from (_text(pair.label or pair.value) for pair in pairs)
            continue
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(overflow="fold", max_width=32)
        grid.add_column(overflow="fold")
        for pair in pairs:
            grid.add_row(_text(pair.label + ":", "dim"), _text(pair.value))
            if pair.link and pair.link != pair.value:
                grid.add_row("", _text(pair.link, "dim"))
        yield grid


def _widths(block: blocks.Table, width: int) -> list[int]:
    """The characters of each column, amounts whole, words to be read with ease; none if too wide."""
    needed, wanted, uncut = [], [], []
    for x, column in enumerate(block.columns):
        cells = [plain(row[x]) for row in (*block.rows, block.foot) if row]
        longest = max((len(line) for cell in cells for line in cell.split("\n")), default=0)
        head = max(map(len, column.title.split()), default=0)
        needed.append(
            float(max(longest if column.align == "right" else min(longest, _WORDS), min(head, 9), 1))
        )
        wanted.append(max(needed[-1], longest, min(len(column.title), 14)))
        word = max((len(word) for cell in cells for word in cell.split()), default=0)
        uncut.append(max(needed[-1], word))
    width = min(width - 2 * len(needed) - 2, int(sum(wanted)))
    # A number or hash is not cut in two where there is room: it could not be copied.
    needed = uncut if sum(uncut) <= width else needed
    if sum(needed) > width:
        return []
    return list(
        map(int, fit.divide(width, [max(column.weight, 0.01) for column in block.columns], needed, wanted))
    )


def _rows(block: blocks.Table, widths: Sequence[int], mark: str) -> Table:
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, show_footer=bool(block.foot), pad_edge=False, padding=(0, 1, 0, 0))
    for x, column in enumerate(block.columns):
        made.add_column(
            _text(column.title),
            footer=_text(block.foot[x], "bold") if block.foot else "",
            justify=column.align,
            overflow="fold",
            width=widths[x],
        )
    marked = fit.wordiest(block.columns)
    for at, row in enumerate(block.rows):
        before = at in block.before
        cells = (f"({mark}) {cell}" if before and x == marked else cell for x, cell in enumerate(row))
        made.add_row(*map(_text, cells), style="yellow" if before else "")
    return made


def _records(block: blocks.Table, mark: str) -> Iterator[RenderableType]:
    """Each row as pairs under one another: for a table too wide for the terminal."""
    titles = [column.title for column in block.columns]
    for at, row in enumerate((*block.rows, *([block.foot] if block.foot else []))):
        if at in block.before:
            yield _text(f"({mark})", "yellow")
        shown = [blocks.Pair(title, cell) for title, cell in zip(titles, row, strict=True) if cell]
        yield from _pairs(Pairs(shown))
        yield _text("")


def _table(block: blocks.Table, width: int, language: str) -> Iterator[RenderableType]:
    mark = "przed korektą" if language == "pl" else "before correction"
    if block.heading:
        yield _text(block.heading, "bold")
    if widths := _widths(block, width):
        yield _rows(block, widths, mark)
    else:
        yield from _records(block, mark)


def _longest(block: Columns) -> int:
    """The longest word of a value, such as a hash: cut in two it cannot be copied."""
    lists = (one for column in block.columns for one in column if isinstance(one, Pairs))
    words = (word for one in lists for pair in one.pairs for word in plain(pair.value).split())
    return max(map(len, words), default=0)


def _columns(block: Columns, width: int, language: str) -> RenderableType:
    """Side by side, or under one another where the terminal is narrow."""
    from rich.console import Group
    from rich.table import Table

    count = len(block.columns)
    each = (width - 3 * (count - 1)) // max(count, 1)
    if each < 36 or _longest(block) > each - 8:
        return Group(*(shown for column in block.columns for shown in _blocks(column, width, language)))
    grid = Table.grid(padding=(0, 3, 0, 0), expand=True)
    for _ in block.columns:
        grid.add_column(ratio=1, overflow="fold")
    grid.add_row(*(Group(*_blocks(column, each, language)) for column in block.columns))
    return grid


def _blocks(shown: Sequence[Block], width: int, language: str) -> Iterator[RenderableType]:
    from rich.align import Align
    from rich.padding import Padding

    for block in shown:
        if isinstance(block, Pairs):
            yield from _pairs(block)
        elif isinstance(block, blocks.Table):
            yield from _table(block, width, language)
        elif isinstance(block, blocks.Text):
            yield _text(block.text, _TONES[block.tone])
        elif isinstance(block, Total):
            total = _text(f"{block.label} ")
            total.append_text(_text(block.value, "bold"))
            yield Align.right(total)
        elif isinstance(block, Code):
            yield _text(block.heading, "bold")
            yield _text(block.text)
            yield Padding(_text(f"{block.label}\n{block.link}"), (0, 0, 0, 2))
        else:
            yield _columns(block, width, language)


def show(sheet: Sheet, console: Console) -> None:
    """Print the sheet, as wide as the console is (made for 80 characters and more)."""
    if sheet.watermark:
        console.print(_text(sheet.watermark, "bold yellow"))
    console.print(_text(sheet.kind, "bold cyan"))
    for label, value in ((sheet.number_label, sheet.number), (sheet.ksef_label, sheet.ksef_number)):
        if value:
            console.print(_text(f"{label}: {value}" if label else value, "bold"))
    for note in sheet.notes:
        console.print(_text(note, "yellow"))
    for section in sheet.sections:
        console.print()
        if section.heading:
            console.print(_text(section.heading, "bold cyan underline"))
        for shown in _blocks(section.blocks, console.width, sheet.language):
            console.print(shown)
    if sheet.made_by:
        console.print()
        console.print(_text(sheet.made_by, "dim"))
