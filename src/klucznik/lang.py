"""Texts for people, in both languages side by side.

A text is written where it is used, English and Polish beside each other, so that neither can be
forgotten: `tr("Token revoked", "Token unieważniony")`. Wire texts are never translated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Final

#: What `speaking` asks for; empty outside it.
_chosen: Final[ContextVar[str]] = ContextVar("language", default="")


def language() -> str:
    """`pl` or `en`: the one `speaking` chose, else that of the terminal."""
    return _chosen.get() or of_terminal()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Texts in one language, whatever the terminal speaks: an invoice printed for somebody else.

    Holds for this thread or task only. Raises ValueError for a language we do not speak.
    """
    if language not in ("pl", "en"):
        raise ValueError(language)
    before = _chosen.set(language)
    try:
        yield
    finally:
        _chosen.reset(before)


@cache
def of_terminal() -> str:
    """`pl` when LC_ALL, LC_MESSAGES or LANG (the first that is set) says so, otherwise `en`."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "pl" if value.lower().startswith("pl") else "en"
    return "en"


def tr(en: str, pl: str) -> str:
    """The text in the language in force: that of the person at the terminal, unless `speaking`."""
    return pl if language() == "pl" else en


def both(en: str, pl: str) -> str:
    """A text that is kept in both languages, to be read later by whoever asks: two lines, English first.

    A text of one line is English alone; `in_language` gives it to everybody.
    """
    return f"{' '.join(en.splitlines())}\n{' '.join(pl.splitlines())}"


def in_language(text: str, language: str) -> str:
    """The line of a text made by `both` that is in this language (`pl` or `en`)."""
    en, _, pl = text.partition("\n")
    return pl or en if language == "pl" else en
