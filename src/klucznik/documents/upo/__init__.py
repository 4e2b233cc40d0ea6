"""UPO v4-3, the official receipt: written and sealed by a KSeF, read and verified by everybody else.

Rule: upo.md. A receipt is kept as the bytes received: written anew it would lose its signature.
"""

from __future__ import annotations

from klucznik.documents.upo.model import NAMESPACE, RECEIVER, ContextType, Upo, UpoDocument, UpoPage
from klucznik.documents.upo.reading import read
from klucznik.documents.upo.verifying import UpoFinding, UpoReport, check_pages, public_key, verify
from klucznik.documents.upo.writing import sign_upo, write

__all__ = [
    "NAMESPACE",
    "RECEIVER",
    "ContextType",
    "Upo",
    "UpoDocument",
    "UpoFinding",
    "UpoPage",
    "UpoReport",
    "check_pages",
    "public_key",
    "read",
    "sign_upo",
    "verify",
    "write",
]
