"""Texts for people, in both languages side by side.

A text is written where it is used, English and Polish beside each other, so that neither can be
forgotten: `tr("Token revoked", "Token unieważniony")`. Wire texts are never translated.
"""

from __future__ import annotations

import os
from functools import cache


@cache
def language() -> str:
    """`pl` when LC_ALL, LC_MESSAGES or LANG (the first that is set) says so, otherwise `en`."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "pl" if value.lower().startswith("pl") else "en"
    return "en"


def tr(en: str, pl: str) -> str:
    """The text in the language of the person at the terminal."""
    return pl if language() == "pl" else en
