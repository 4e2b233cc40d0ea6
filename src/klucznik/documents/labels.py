"""What the elements are called: a short label in Polish and English for each."""

from __future__ import annotations

from typing import Final

from klucznik.documents.forms import FA_RR1, Form
from klucznik.lang import tr

#: Element -> Polish, English.
LABELS: Final[dict[str, tuple[str, str]]] = {}

#: Where FA_RR means something else by a name of FA.
LABELS_RR: Final[dict[str, tuple[str, str]]] = {}


def label(form: Form, name: str) -> str:
    """The label of an element in the language in force; empty for a name no form has."""
    pl, en = (LABELS_RR.get(name) if form is FA_RR1 else None) or LABELS.get(name) or ("", "")
    return tr(en, pl)


def titled(form: Form, name: str) -> str:
    """The element with its label: `P_11 (net value)`."""
    called = label(form, name)
    return f"{name} ({called})" if called else name
