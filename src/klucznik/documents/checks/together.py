"""Invoices among each other: KSeF takes one document for each seller, kind and number.

Rule: invoice-verification.md section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from klucznik.documents.checks.finding import Finding, note

#: Seller's NIP, RodzajFaktury as the contract names it, number with its blanks collapsed.
Key = tuple[str, str, str]


@dataclass
class Numbers:
    """The numbers seen so far: key -> file and SHA-256 of its content (32 bytes)."""

    seen: dict[Key, tuple[str, bytes]] = field(default_factory=dict)

    def meet(self, key: Key, file: str, digest: bytes) -> Finding | None:
        """A finding when another file has the key already; the first one keeps it."""
        first, same = self.seen.setdefault(key, (file, digest))
        if first == file and same == digest:
            return None
        nip, kind, number = key
        if same == digest:
            return note(
                "file-twice",
                "",
                f"{file} is the same document as {first}",
                f"{file} to ten sam dokument co {first}",
            )
        return note(
            "number-twice",
            "",
            f"{number} ({kind}, seller {nip}) is the number of {first} and {file}: KSeF takes one",
            f"{number} ({kind}, sprzedawca {nip}) to numer {first} i {file}: KSeF przyjmie jeden",
        )
