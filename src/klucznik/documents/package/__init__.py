"""Packages of invoices: Zip and TarGz, read as hostile input, written without a trace of time.

    with path.open("rb") as file:
        for entry in package.read(file, "Zip"):
            ...

Nothing is ever extracted to a name of the archive: names are labels. Memory holds one document at a
time. What two programs could read differently (duplicate names, overlaps, gaps, two sizes for one
entry, bytes after the end) is refused as a whole, so that no invoice is dropped in silence.
Rules: sessions.md section 6, query-export.md section 4, reliability.md C 83-89.
"""

from __future__ import annotations

from klucznik.documents.package.archive import Entry, Kind, label, read, write
from klucznik.documents.package.deflate import Limits, PackageFault

__all__ = ["Entry", "Kind", "Limits", "PackageFault", "label", "read", "write"]
