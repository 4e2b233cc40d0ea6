"""Sheets in a terminal: nothing of a text is taken for markup or for a command of the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from klucznik.documents.view import terminal
from klucznik.documents.view.blocks import (
    Code,
    Column,
    Columns,
    Pair,
    Pairs,
    Section,
    Sheet,
    Table,
    Text,
    Total,
)
from sheets import KSEF_NUMBER, LINK, PANGRAM, attachment, correction, demonstration


def _shown(sheet: Sheet, width: int = 80, *, colours: bool = False) -> str:
    out = io.StringIO()
    terminal.show(sheet, Console(file=out, width=width, force_terminal=colours, legacy_windows=False))
    return out.getvalue()


def _everywhere(text: str) -> Sheet:
    blocks = (
        Text(text),
        Pairs((Pair(text, text, text), Pair(text, "")), text),
        Table(
            (Column(text), Column("b", "right")),
            ((text, "1"), (text, "2")),
            text,
            frozenset({0}),
            (text, "3"),
        ),
        Total(text, text),
        Columns(((Text(text, "warning"),), (Text(text, "note"),))),
        Code(text, text, text, text),
    )
    return Sheet(
        "pl", text, text, (Section("a", text, blocks),), text, text, text, False, text, text, (text,)
    )


@pytest.mark.parametrize("width", [40, 80, 120, 200])
@pytest.mark.parametrize(
    "sheet", [demonstration(), correction(), attachment(20)], ids=["demo", "correction", "20"]
)
def test_no_line_is_wider_than_the_terminal(sheet: Sheet, width: int) -> None:
    assert all(len(line) <= width for line in _shown(sheet, width).splitlines())


@pytest.mark.parametrize("width", [80, 140])
def test_every_text_of_the_demonstration_is_shown(width: int) -> None:
    shown = _shown(demonstration(), width)
    words = " ".join(shown.split())
    for text in (
        "Faktura podstawowa",
        "Numer faktury: FV/2026/07/000123",
        f"Numer KSeF: {KSEF_NUMBER}",
        "Sprzedawca",
        "5265877635",
        "1 225,00",
        "Razem 10 805,30",
        "Kwota należności ogółem: 12 345,67 PLN",
        "CERTYFIKAT",
    ):
        assert text in words
    assert LINK in "".join(shown.split())
    assert PANGRAM in _shown(correction(), width)


def test_lines_of_an_invoice_are_a_table_at_80_characters() -> None:
    [line] = [line for line in _shown(demonstration()).splitlines() if "1 225,00" in line][:1]
    assert "350,00" in line
    assert "23%" in line


def test_a_table_too_wide_becomes_records() -> None:
    shown = _shown(attachment(20))
    assert "Kolumna 18:  621936,00" in shown
    assert shown.count("Kolumna 19:") == 30


@pytest.mark.parametrize(
    "text", ["[bold]x[/bold]", "[/]", "[link=file:///x]y[/link]", ":smile:", "[red", r"\[x]"]
)
def test_text_is_never_markup(text: str) -> None:
    shown = _shown(_everywhere(text), 120)
    assert shown.count(text) >= 18


def test_text_never_commands_the_terminal() -> None:
    shown = _shown(_everywhere("a\x1b[2Jb\x07c\x9bd\u202ee\rf"), 200, colours=True)
    assert "a[U+001B][2Jb[U+0007]c[U+009B]d[U+202E]e" in shown
    for sign in ("\x1b[2J", "\x07", "\x9b", "\u202e", "\r"):
        assert sign not in shown


def test_rows_before_a_correction_are_named() -> None:
    assert " ".join(_shown(correction(), 120).split()).count("(before correction)") == 1
    records = Table((Column("x" * 30),) * 5, (("a",) * 5, ("b",) * 5), before=frozenset({0}))
    wide = Sheet("pl", "K", "1", (Section("a", "", (records,)),))
    assert _shown(wide, 30).count("(przed korektą)") == 1


def test_the_total_stands_at_the_right() -> None:
    [line] = [line for line in _shown(demonstration()).splitlines() if "12 345,67 PLN" in line]
    assert line.startswith("   ")
    assert line.endswith("12 345,67 PLN")


def test_a_long_word_is_folded_and_not_cut() -> None:
    squeezed = "".join(_shown(_everywhere("W" * 500), 80).split())
    assert squeezed.count("W") >= 500 * 18
