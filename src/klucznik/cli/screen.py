"""The terminal, by rich. Imported where something is shown, so that `--help` stays quick."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from klucznik.cli.showing import Column

#: Where nobody looks at it (a pipe, a file) a row is one line, however long.
_UNBOUNDED = 1000
#: Characters from which on a terminal is wide.
_WIDE = 120


class Screen(Console):
    """An output for sheets and tables. A reader who has gone is told to whoever runs the command."""

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, highlight=False, emoji=False, markup=False, width=width)

    def on_broken_pipe(self) -> None:
        # rich would end the process with 1, where `| head` is nothing wrong.
        raise BrokenPipeError


def table(columns: Sequence[Column], items: Sequence[Any], narrow: Sequence[Column] = ()) -> None:
    """A table on standard output; `narrow` are the columns for a terminal without room for `columns`."""
    is_bounded = sys.stdout.isatty() or bool(os.environ.get("COLUMNS"))
    screen = Screen(width=None if is_bounded else _UNBOUNDED)
    shown = narrow if narrow and screen.width < _WIDE else columns
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in shown:
        # A number is copied from here: it stays on one line.
        made.add_column(
            column.title,
            no_wrap=column.whole,
            overflow="fold",
            justify="right" if column.right else "left",
        )
    for item in items:
        made.add_row(*(column.cell(item) for column in shown))
    screen.print(made)


def spinner(text: str) -> AbstractContextManager[object]:
    """A sign of life on standard error while something is waited for, where somebody looks."""
    screen = Screen(stderr=True)
    return screen.status(text) if screen.is_terminal else nullcontext()
