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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, TypeAlias

from klucznik.documents import package_tar, package_zip
from klucznik.documents.package_flate import PackageFault, Sink

__all__ = ["Entry", "Kind", "Limits", "PackageFault", "label", "read", "write"]

#: CompressionType of the contract.
Kind: TypeAlias = Literal["Zip", "TarGz"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of a package: its name as written there (a label, never a path), and its bytes."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is unpacked at most: bytes of one document, bytes in all, documents."""

    entry: int = 16_000_000
    total: int = 30_000_000_000
    entries: int = 200_000


def read(file: BinaryIO, kind: Kind, limits: Limits | None = None) -> Iterator[Entry]:
    """The documents of a package in its own order; folders in it are passed over.

    `file` is seekable and stands anywhere. Raises `PackageFault`, for a Zip before the first document
    wherever that is possible, for a TarGz also after some of them: read to the end before trusting any.
    """
    reader = package_zip.read if kind == "Zip" else package_tar.read
    file.seek(0)
    for name, content in reader(file, limits or Limits()):
        yield Entry(name, content)


def write(file: Sink, kind: Kind, entries: Iterable[Entry]) -> None:
    """Write a package: the same entries give the same bytes. `file` only needs `write`.

    Names must differ and not be empty (else ValueError).
    """
    named = _checked(entries)
    (package_zip.write if kind == "Zip" else package_tar.write)(file, named)


def _checked(entries: Iterable[Entry]) -> Iterator[tuple[str, bytes]]:
    names: set[str] = set()
    for entry in entries:
        if not entry.name or entry.name.endswith("/") or "\0" in entry.name:
            raise ValueError(f"{entry.name!r} cannot name a document in a package")
        if entry.name in names:
            raise ValueError(f"{entry.name!r} stands twice in the package")
        names.add(entry.name)
        yield entry.name, entry.content


def label(name: str, most: int = 128) -> str:
    """A name of an archive for showing and storing: no control characters, at most `most` characters."""
    return "".join(letter if letter.isprintable() else "�" for letter in name[:most])
