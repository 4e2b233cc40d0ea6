"""How wide text is on paper, and what that makes of columns.

Widths are in em, by the metrics of Roboto: near enough to divide a page, which typst then sets exactly.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from klucznik.documents.view.blocks import Column

#: Between two signs of a word too long for its place: here it may be broken. `plain` lets none through.
BREAK = "\x1f"

#: Hundredths of an em, rounded up over Regular and Bold.
_GROUPS = {
    18: "'", 25: ",", 26: ";", 27: "ijl| \u00a0", 30: ":.!I[]", 34: "`\"t", 37: "(r{})f", 39: "-", 42: "/\\^",
    46: "*_", 49: "?y", 51: "vxz", 53: "ks", 54: "ceLa<>", 56: "FJhnu=", 58: "$0123456789bdgpEoq+", 60: "STY",
    63: "Z#&BRP", 65: "KXVCA", 68: "DUG~", 71: "OQHN", 76: "%w", 88: "mMW", 90: "@",
}  # fmt: skip


class _Widths(dict[str, float]):
    def __missing__(self, sign: str) -> float:
        base = unicodedata.normalize("NFD", sign)[0]
        self[sign] = width = dict.get(self, base, 0.66)
        return width


_WIDTHS = _Widths({sign: width / 100 for width, signs in _GROUPS.items() for sign in signs})
_AMOUNT = re.compile(r"[-+−]?\d[\d \u00a0\u202f]*(?:[.,]\d+)?(?:[ \u00a0](?:[A-Z]{3}|%|zł))?")


@lru_cache(maxsize=20_000)
def em(text: str) -> float:
    """The width of one line."""
    return sum(map(_WIDTHS.__getitem__, text))


def whole(text: str) -> str:
    """An amount, whose blanks may not be broken; any other text as it is."""
    return text.replace(" ", "\u00a0") if _AMOUNT.fullmatch(text) else text


def longest(text: str) -> float:
    """The widest word: what may not be broken is narrower than no column should be."""
    return max(map(em, re.split(r"[ \t\n]", text)))


def broken(text: str, room: float) -> str:
    """The text with BREAK inside each word wider than `room` em, every fourth of the room at most.

    A break is no sign on paper: copied text has none.
    """
    if len(text) * 0.9 <= room or longest(text) <= room:
        return text
    step = max(1, min(4, int(room / 2.4)))
    return "".join(
        BREAK.join(word[at : at + step] for at in range(0, len(word), step)) if em(word) > room else word
        for word in re.split(r"([ \t\n])", text)
    )


def wordiest(columns: Sequence[Column]) -> int:
    """The column that has most room for words: where a row says that it is the state before a correction."""
    words = [x for x, column in enumerate(columns) if column.align == "left"] or [0]
    return max(words, key=lambda x: columns[x].weight)


def divide(
    width: float, weights: Sequence[float], needed: Sequence[float], wanted: Sequence[float]
) -> list[float]:
    """`width` divided among columns: what each needs first, the rest by weight up to what each wants.

    What is left when all have what they want goes by weight and width, so that the narrow stay narrow.
    When even the needs are too much, all give way alike. Needs and weights are above zero.
    """
    if sum(needed) >= width:
        return [width * need / sum(needed) for need in needed]
    given = list(needed)
    while hungry := [i for i, want in enumerate(wanted) if want > given[i]]:
        share = (width - sum(given)) / sum(weights[i] for i in hungry)
        if share < 0.01:
            break
        for i in hungry:
            given[i] = min(wanted[i], given[i] + share * weights[i])
    greed = [weight * one for weight, one in zip(weights, given, strict=True)]
    share = (width - sum(given)) / sum(greed)
    return [one + share * more for one, more in zip(given, greed, strict=True)]


def widest(texts: Iterable[str]) -> float:
    """The widest line of some texts."""
    return max((em(line) for text in texts for line in text.split("\n")), default=0.0)
