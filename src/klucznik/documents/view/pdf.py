"""A sheet on paper: PDF, or a picture of each page.

The template is `paper.typ`; here the sheet becomes its data: texts made safe, columns measured, words
too long for their place marked where they may break. Rule: pdf.md section 1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from klucznik.documents.view import fit, pictures, press
from klucznik.documents.view.blocks import Block, Code, Columns, Pairs, Sheet, Table, Text, Total
from klucznik.documents.view.plain import numbered, plain, web_link

#: Points: what the margins of paper.typ leave of A4, and its gaps.
_PORTRAIT, _LANDSCAPE = 595.28 - 80, 841.89 - 80
_BODY, _GUTTER, _PAIR_GAP, _CODE_GAP = 8.0, 20.0, 8.0, 16.0
_CELL, _SMALLEST_CELL, _CELL_INSET = 7.5, 5.0, 4.0
#: Em: -1 234 567 890,12 PLN, and a title in one line.
_LONGEST_AMOUNT, _TITLE = 12.0, 9.0
#: Em: BEFORE CORRECTION before a name.
_MARK = 9.0
#: Lines of a row that certainly fit on a page.
_HIGH = 25

#: What Roboto has no picture for. PDF/UA asks that every sign can be read, so such a one is shown by its
#: number, as hidden ones are.
_FOREIGN = re.compile(
    "[^\t\n\x1f\x20-\x7e\u00a0-\u0377\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03e1\u03f0-\u052f\u1e00-\u1eff"
    "\u2000-\u2027\u202f-\u205f\u2070\u2074-\u208e\u20a0-\u20bd\u2105\u2113\u2116\u2117\u2122\u2126\u212e"
    "\u2150-\u2189\u2202\u2206\u220f\u2211\u2212\u221a\u221e\u222b\u2248\u2260\u2264\u2265\u25ca\ufb01\ufb02\ufffd]"
)


def _text(text: str, room: float = 0) -> str:
    """`text` for the paper, breakable in words wider than `room` em; 0: nowhere but between words."""
    text = _FOREIGN.sub(numbered, plain(text))
    return fit.broken(text, room) if room else text


def _pairs(block: Pairs, width: float, level: int) -> dict[str, Any]:
    labels = [_text(pair.label) for pair in block.pairs if pair.value]
    # A hash stays in one piece if the labels can give way.
    longest = max((fit.longest(_text(pair.value)) for pair in block.pairs), default=0.0)
    left = min(width * 0.48, max(width * 0.3, width - _PAIR_GAP - (longest + 0.2) * _BODY))
    label_width = min((fit.widest(labels) + 0.6) * _BODY, left)
    room = (width - label_width - _PAIR_GAP) / _BODY
    return {
        "is": "pairs",
        "level": level,
        "heading": _text(block.heading, width / _BODY),
        "label_width": round(label_width, 2),
        "pairs": [
            (
                _text(pair.label, (label_width if pair.value else width) / _BODY),
                _text(pair.value, room),
                web_link(pair.link),
            )
            for pair in block.pairs
        ],
    }


def _lines(text: str, room: float) -> float:
    """About how many lines the text takes in a column of `room` em."""
    return sum(1 + fit.em(line) / room for line in text.split("\n"))


def _table(block: Table, width: float, level: int) -> dict[str, Any]:
    titles = [_text(column.title) for column in block.columns]
    rows = [[fit.whole(_text(cell)) for cell in row] for row in block.rows]
    foot = [fit.whole(_text(cell)) for cell in block.foot]
    inset = _CELL_INSET if len(titles) < 10 else 2.5
    size = _CELL
    room = width - 2 * inset * len(titles)
    needed = [0.0] * len(titles)
    wanted = [0.0] * len(titles)
    for x, title in enumerate(titles):
        cells = [row[x] for row in (*rows, foot) if row]
        # (1) An amount is never broken; a word may be when it would take more than a quarter of the paper.
        longest = max([1.0, fit.longest(title), *map(fit.longest, cells)])
        needed[x] = min(longest, max(room / size / 4, _LONGEST_AMOUNT))
        wanted[x] = max(fit.widest(cells), needed[x], min(fit.em(title), _TITLE))
    if block.before:
        wanted[fit.wordiest(block.columns)] += _MARK
    # (2) Where even that is too wide, the writing becomes smaller.
    size = max(_SMALLEST_CELL, min(size, room / max(sum(needed), 1)))
    weights = [max(column.weight, 0.01) for column in block.columns]
    widths = fit.divide(room / size, weights, needed, wanted)
    broken = [[fit.broken(cell, em) for cell, em in zip(row, widths, strict=True)] for row in (titles, *rows)]
    # (3) A row stays on one page, save one so high that it might not fit on any.
    lines = max(_lines(cell, em) for row in (titles, *rows) for cell, em in zip(row, widths, strict=True))
    return {
        "is": "table",
        "level": level,
        "heading": _text(block.heading, width / _BODY),
        "size": round(size, 2),
        "inset": inset,
        "widths": [round(em * size + 2 * inset, 2) for em in widths],
        "sides": [column.align for column in block.columns],
        "titles": broken[0],
        "rows": broken[1:],
        "foot": [fit.broken(cell, em) for cell, em in zip(foot, widths, strict=True)] if foot else [],
        "before": sorted(block.before),
        "mark": fit.wordiest(block.columns),
        "breakable": lines > _HIGH,
    }


def _code(block: Code, width: float) -> dict[str, Any]:
    beside = width - block.size - _CODE_GAP
    drawn, side = pictures.square(block.link)
    label = _text(block.label)
    return {
        "is": "code",
        "svg": drawn,
        "alt": _text(f"QR {block.label}: {block.link}"),
        "size": block.size,
        # The margin of the paper is quiet as well: the code begins where the text does.
        "quiet": round(block.size * pictures.QUIET / (side - 2 * pictures.QUIET), 2),
        "label": fit.broken(label, block.size / 6),
        "label_size": round(max(6.0, min(8.0, block.size / max(fit.em(label), 1))), 2),
        "heading": _text(block.heading, beside / 10),
        "text": _text(block.text, beside / _BODY),
        "words": _text(block.link, beside / 7),
        "target": web_link(block.link),
    }


def _block(block: Block, width: float, level: int) -> dict[str, Any]:
    if isinstance(block, Pairs):
        return _pairs(block, width, level)
    if isinstance(block, Table):
        return _table(block, width, level)
    if isinstance(block, Text):
        return {"is": "text", "tone": block.tone, "text": _text(block.text, width / _BODY)}
    if isinstance(block, Total):
        return {
            "is": "total",
            "label": _text(block.label, width / 18),
            "value": fit.whole(_text(block.value)),
        }
    if isinstance(block, Code):
        return _code(block, width)
    each = (width - _GUTTER * (len(block.columns) - 1)) / max(len(block.columns), 1)
    return {"is": "columns", "columns": [_blocks(column, each, level) for column in block.columns]}


def _blocks(blocks: Sequence[Block], width: float, level: int) -> list[dict[str, Any]]:
    """What shows nothing is left out: a table without columns, columns without blocks."""
    shown = (block for block in blocks if not isinstance(block, Table | Columns) or block.columns)
    return [_block(block, width, level) for block in shown]


def _data(sheet: Sheet) -> str:
    """The sheet as paper.typ reads it."""
    width = _LANDSCAPE if sheet.landscape else _PORTRAIT
    beside = width - (fit.em(sheet.ksef_number) * 9 + _GUTTER if sheet.ksef_number else 0)
    number = _text(sheet.number)
    number_size = min(17.0, max(10.0, beside / max(fit.em(number), 1)))
    polish = sheet.language == "pl"
    watermark = _text(sheet.watermark)
    data = {
        "title": " ".join(filter(None, (_text(sheet.kind), number))) or "KSeF",
        "language": "pl" if polish else "en",
        "landscape": sheet.landscape,
        "kind": _text(sheet.kind, beside / 9) or "KSeF",
        "number": fit.broken(number, beside / number_size),
        "number_size": round(number_size, 2),
        "number_label": _text(sheet.number_label, beside / 7),
        "ksef_number": _text(sheet.ksef_number),
        "ksef_label": _text(sheet.ksef_label),
        "watermark": watermark,
        "watermark_size": round(min(60.0, 560 / max(fit.widest([watermark]), 1)), 2),
        "of": "z" if polish else "of",
        "before": "PRZED KOREKTĄ" if polish else "BEFORE CORRECTION",
        "footer": _text(" · ".join(filter(None, (sheet.number, sheet.ksef_number))), (width - 60) / 6.5),
        "made_by": _text(sheet.made_by, width / 7),
        "notes": [_text(note, width / _BODY) for note in sheet.notes],
        "sections": [
            {
                "heading": _text(section.heading, width / 10),
                "blocks": _blocks(section.blocks, width, 3 if section.heading else 2),
            }
            for section in sheet.sections
        ],
    }
    return json.dumps(data, ensure_ascii=False)


def render(sheet: Sheet, *, created: int = 0) -> bytes:
    """The PDF. The same sheet and `created` (Unix seconds, written into the file) give the same bytes.

    Errors: Unreadable.
    """
    return press.run("paper.typ", {"sheet": _data(sheet)}, "pdf", created=created)[0]


def pages(sheet: Sheet, *, ppi: float = 144) -> list[bytes]:
    """Each page as PNG, `ppi` pixels to an inch. Errors: Unreadable."""
    return press.run("paper.typ", {"sheet": _data(sheet)}, "png", ppi=ppi)
