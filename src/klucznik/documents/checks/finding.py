"""A finding: something the schema lets pass and people regret. `note` makes one by its code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from klucznik.documents.checks.codes import CODES, Severity
from klucznik.lang import tr


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` as in `codes.CODES`, `path` as `Fa/FaWiersz[2]/P_11`, `message` for a person."""

    code: str
    severity: Severity
    path: str
    message: str


def note(code: str, path: str, en: str, pl: str) -> Finding:
    """A finding with the severity of its code; KeyError for a code nobody can look up."""
    return Finding(code, CODES[code].severity, path, tr(en, pl))


def numbered(name: str, of: Sequence[object], index: int) -> str:
    """The step of a path to one of several: `FaWiersz[2]`, or `FaWiersz` when it is alone."""
    return name if len(of) == 1 else f"{name}[{index + 1}]"
