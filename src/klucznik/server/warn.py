"""X-System-Warning: what KSeF says beside an answer that went well. Rules: auth.md section 8, xades.md
section 2, invoice-verification.md section 3.

Both warnings are those of production, where what the other environments refuse is let through.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple


class Warned(NamedTuple):
    """One warning: its code, and a sentence in Polish."""

    code: str
    text: str


#: A signature that is none of the accepted profiles of XAdES, taken all the same.
ODD_SIGNATURE: Final = Warned("sig-001", "Format podpisu niezgodny z akceptowanymi profilami XAdES")
#: An accepted invoice with discouraged characters.
ODD_CHARACTERS: Final = Warned(
    "xml-002",
    "Faktura o numerze KSeF {ksef_number} zawiera niedozwolone znaki Unicode, "
    "które po 16.07.2026 będą odrzucane.",
)


def header(warnings: Iterable[Warned]) -> str:
    """The value of the header: `[code]: message | [code]: message`, in ASCII."""
    return " | ".join(f"[{one.code}]: {_folded(one.text)}" for one in warnings)


def _folded(text: str) -> str:
    """Letters without their marks; what then is no ASCII becomes a question mark."""
    plain = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L"))
    kept = "".join(each for each in plain if not unicodedata.combining(each))
    return kept.encode("ascii", "replace").decode().replace("|", "/")
