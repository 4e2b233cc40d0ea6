"""What a document looks like to a person, before any paper: sections of pairs, tables and codes.

`view` and `view_upo` say what is shown (pdf.md); `page` prints it as HTML, `pdf` on paper, the command
line in a terminal. Every text here is plain text: the printers escape, break and align it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Align = Literal["left", "right", "center"]
Tone = Literal["plain", "note", "strong", "warning"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A label with its value, without the colon. `link` makes the value a link (http or https only)."""

    label: str
    value: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs under one another, below a small heading of their own."""

    pairs: Sequence[Pair]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """`weight` is the share of the width, compared with its neighbours."""

    title: str
    align: Align = "left"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, one for each column. The head repeats on every page.

    `before` marks the rows that show the state before a correction (by index), `foot` is one row of
    totals, as many cells as columns.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    heading: str = ""
    before: frozenset[int] = frozenset()
    foot: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Total:
    """A sum that closes a section: label and amount, set to the right and large."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code: the link it carries, the label under it, what stands beside it.

    `size` in typographic points. Rule: pdf.md section 8, qr-offline.md section 2.
    """

    link: str
    label: str
    heading: str
    text: str
    size: int = 150


@dataclass(frozen=True, slots=True)
class Columns:
    """Blocks side by side, equally wide."""

    columns: Sequence[Sequence[Block]]


Block = Pairs | Table | Text | Total | Code | Columns


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what belongs to it; `anchor` is its fixed English name, for links and tests."""

    anchor: str
    heading: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole document. `language` is `pl` or `en`.

    `kind` is what it is (`Faktura podstawowa`), `number` what its issuer calls it, `ksef_number` empty
    before there is one. `watermark` is printed across each page, `made_by` closes the last.
    """

    language: str
    kind: str
    number: str
    sections: Sequence[Section]
    number_label: str = ""
    ksef_number: str = ""
    ksef_label: str = ""
    landscape: bool = False
    watermark: str = ""
    made_by: str = ""
    notes: Sequence[str] = field(default=())
