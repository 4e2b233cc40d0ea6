"""`--help` of every command, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from klucznik.cli.root import root
from processes import Terminal

#: Click's own words: where one of them stands in a Polish help, `cli/polish.py` has a gap.
_ENGLISH = ("Usage:", "Options:", "Commands:", "Show this", "[required]", "[default", "[env var")


def commands(command: click.Command, way: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The way to each command: groups themselves, then what is in them."""
    yield way
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child
            yield from commands(child, (*way, name))


COMMANDS = sorted(commands(root))


def test_all_commands_are_found() -> None:
    assert {("token", "issue"), ("ksef", "serve"), ("upo", "verify"), ("demo",)} <= set(COMMANDS)


@pytest.mark.parametrize("way", COMMANDS, ids=lambda way: "-".join(way) or "klucznik")
def test_help_in_both_languages(way: tuple[str, ...], tmp_path: Path) -> None:
    english = Terminal(tmp_path, language="en").run(*way, "--help")
    polish = Terminal(tmp_path, language="pl").run(*way, "-h")

    assert english.err == polish.err == ""
    assert english.out.startswith(" ".join(("Usage: klucznik", *way)))
    assert polish.out.startswith(" ".join(("Użycie: klucznik", *way)))
    assert [word for word in _ENGLISH if word in polish.out] == []
    assert ("--ksef" in english.out) == ("--ksef" in polish.out)


def test_the_version(tmp_path: Path) -> None:
    from klucznik import __version__

    assert __version__ in Terminal(tmp_path).run("--version").out
