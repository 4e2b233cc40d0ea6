"""Texts and the document as a whole: numbers one can type, characters as meant, size, form.

Rules: invoice-verification.md sections 6 to 8, sessions.md section 3.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from lxml import etree

from klucznik.documents import fa, faults, rr
from klucznik.documents.checks.finding import Finding, note
from klucznik.documents.checks.setting import Invoice, Setting, head
from klucznik.documents.forms import FA2
from klucznik.documents.values import collapse

#: Bytes of an invoice without attachment (invoice-verification.md section 7).
SIZE_LIMIT: Final = 1_000_000
_NEAR: Final = 900_000
_LONG_NUMBER: Final = 50
#: Blanks collapse before the schema counts, so a number may be written in megabytes.
_SHOWN: Final = 256
_INVISIBLE = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060\ufeff]")
#: U+FFFD, and what Polish letters become when UTF-8 is read as Windows-1252 or 1250.
_BROKEN = re.compile("\ufffd|Ã³|Å‚|Ä…|Ä™|Å›|Å¼|Åº|Ä‡|Å„|Ăł|Ĺ‚|Ä…|Ĺ›|ĹĽ|Ĺş|Ĺ„")


def number(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """The invoice number: no odd blanks, no look-alikes, not endless."""
    first = head(invoice)
    yield from number_text(first.number, first.number_path)


def number_text(written: str, path: str) -> Iterator[Finding]:
    shown = repr(written if len(written) <= _SHOWN else f"{written[:_SHOWN]}…")
    if written != collapse(written):
        yield note(
            "number-blanks",
            path,
            f"{shown} has blanks before, after or side by side; KSeF compares it without",
            f"{shown} ma spacje na brzegach lub podwójne; KSeF porównuje bez nich",
        )
    odd = _INVISIBLE.search(written)
    letters = {unicodedata.name(c, "").split(" ")[0]: c for c in written if c.isalpha()}
    foreign = next((c for script, c in letters.items() if script in ("CYRILLIC", "GREEK")), None)
    if odd or (foreign and "LATIN" in letters):
        character = odd[0] if odd else foreign or ""
        name = f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
        yield note(
            "number-lookalike",
            path,
            f"{shown} holds {name}, which nobody sees or types",
            f"{shown} zawiera {name}, którego nikt nie zobaczy ani nie wpisze",
        )
    if len(collapse(written)) > _LONG_NUMBER:
        yield note(
            "number-long",
            path,
            f"a number of {len(collapse(written))} characters; many programs cut it at {_LONG_NUMBER}",
            f"numer ma {len(collapse(written))} znaków; wiele programów obcina go do {_LONG_NUMBER}",
        )


def characters(root: etree._Element) -> Iterator[Finding]:
    """Letters that were lost on the way here. One is told, the rest are like it."""
    for node in root.iter(etree.Element):
        if node.text and (found := _BROKEN.search(node.text)):
            around = node.text[max(0, found.start() - 12) : found.end() + 12].strip()
            yield note(
                "broken-letters",
                faults.path(node),
                f"letters are broken here: {around!r}",
                f"litery są tu uszkodzone: {around!r}",
            )
            return


def whole(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """Size, attachment, form."""
    attached = isinstance(invoice, fa.Faktura) and invoice.Zalacznik is not None
    yield from size(setting.size, attached=attached)
    if attached:
        yield note(
            "attachment",
            "Zalacznik",
            "an attachment goes in batch sessions only, after the seller's consent in e-Urząd Skarbowy",
            "załącznik wysyła się tylko wsadowo, a sprzedawca musi mieć zgodę z e-Urzędu Skarbowego",
        )
    if setting.form is FA2:
        yield note(
            "form-old",
            "Naglowek/KodFormularza",
            "FA(2) is taken by the test environment only; production wants FA(3)",
            "FA(2) przyjmuje tylko środowisko testowe; produkcja wymaga FA(3)",
        )


def size(length: int, *, attached: bool) -> Iterator[Finding]:
    """The limit without attachment; what is beyond the limit with one is not read at all."""
    if not attached and length > _NEAR:
        too_big = length > SIZE_LIMIT
        yield note(
            "size-over" if too_big else "size-near",
            "",
            f"{length} bytes; KSeF takes {SIZE_LIMIT} without an attachment",
            f"{length} bajtów; KSeF przyjmuje {SIZE_LIMIT} bez załącznika",
        )


def words(invoice: rr.Faktura, setting: Setting) -> Iterator[Finding]:
    """P_12_2 is the total in words."""
    if not any(c.isalpha() for c in invoice.FakturaRR.P_12_2):
        yield note(
            "amount-in-words",
            "FakturaRR/P_12_2",
            f"{invoice.FakturaRR.P_12_2!r} is not an amount in words",
            f"{invoice.FakturaRR.P_12_2!r} to nie kwota słownie",
        )
