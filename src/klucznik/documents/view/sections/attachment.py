"""The attachment of an FA(3). Rule: pdf.md section 7, fa3.md section 6."""

from __future__ import annotations

from collections.abc import Sequence

from klucznik.documents import fa
from klucznik.documents.view.blocks import Block, Column, Pair, Pairs, Section, Table
from klucznik.documents.view.tables import col, tables
from klucznik.documents.view.words import text
from klucznik.lang import tr

_NUMBERS = frozenset({"dec", "int"})


def attachment(given: fa.Zalacznik | None) -> list[Section]:
    """`Załącznik do Faktury VAT`: a section for each block of data."""
    if given is None:
        return []
    title = tr("Attachment to the invoice", "Załącznik do Faktury VAT")
    return [
        Section(
            "attachment",
            title + ": " + tr(f"detailed data ({n})", f"Szczegółowe dane załącznika ({n})"),
            _block(block),
        )
        for n, block in enumerate(given.BlokDanych, 1)
    ]


def _block(block: fa.BlokDanych) -> list[Block]:
    title = text(block.ZNaglowek)
    made: list[Block] = []
    if title:
        made.append(Pairs([Pair(tr("Header of the block", "Nagłówek bloku danych"), title)]))
    made += tables(
        [
            col("ZKlucz", "Key", "Klucz"),
            col("ZWartosc", "Value", "Wartość", weight=2),
        ],
        block.MetaDane,
    )
    if block.Tekst:
        label = tr("Description", "Opis")
        made.append(Pairs([Pair("", text(one)) for one in block.Tekst.Akapit], label))
    for table in block.Tabela:
        made += _table(table, title)
    return made


def _table(table: fa.Tabela, title: str) -> list[Block]:
    made: list[Block] = []
    made += tables(
        [col("TKlucz", "Key", "Klucz"), col("TWartosc", "Value", "Wartość", weight=2)],
        table.TMetaDane,
        title,
    )
    if table.Opis:
        made.append(Pairs([Pair(tr("Description", "Opis"), text(table.Opis))]))
    head = [Column(text(one.NKom), "right" if one.Typ in _NUMBERS else "left") for one in table.TNaglowek.Kol]
    rows = [[text(cell) for cell in row.WKom] for row in table.Wiersz]
    foot = [text(cell) for cell in table.Suma.SKom] if table.Suma else []
    # The schema lets a row be shorter or longer than the head: no cell may be lost.
    width = max(len(head), len(foot), *map(len, rows))
    head += [Column("")] * (width - len(head))
    for row in (*rows, foot):
        row += [""] * (width - len(row)) if row else []
    if foot:
        foot[0] = foot[0] or tr("Sum", "Podsumowanie tabeli")
    for part, columns in enumerate(split(width)):
        made.append(
            Table(
                [head[at] for at in columns],
                [[row[at] for at in columns] for row in rows],
                title if part == 0 and not table.TMetaDane else "",
                foot=[foot[at] for at in columns] if foot else (),
            )
        )
    return made


def split(width: int) -> list[Sequence[int]]:
    """Which columns stand in which part of a wide table: up to 7 in one, 14 in two, 20 in three.

    The first column is repeated, so that rows are known again.
    """
    parts = 1 if width <= 7 else 2 if width <= 14 else 3
    if parts == 1:
        return [range(width)]
    step = -(-(width - 1) // parts)
    return [[0, *range(at, min(at + step, width))] for at in range(1, width, step)]
