"""Groups whose commands are imported when one of them is called: `--help` imports nothing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from klucznik.lang import tr

#: name: where it is (`module of cli:attribute`), what `--help` says of it.
Table = Mapping[str, tuple[str, str]]


class LazyGroup(click.Group):
    """A group over a `Table`, in the table's order."""

    def __init__(self, *args: Any, table: Table, **more: Any) -> None:
        super().__init__(*args, **more)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command = getattr(import_module(f"klucznik.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(tr("Commands", "Polecenia")):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])
