"""Reading and writing a package of either kind: documents out, documents in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, TypeAlias

from klucznik.documents.package.deflate import Limits, Sink
from klucznik.documents.package.tar import read as read_tar
from klucznik.documents.package.tar import write as write_tar
from klucznik.documents.package.zip import read as read_zip
from klucznik.documents.package.zip import write as write_zip

#: CompressionType of the contract.
Kind: TypeAlias = Literal["Zip", "TarGz"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of a package: its name as written there (a label, never a path), and its bytes."""

    name: str
    content: bytes = field(repr=False)


def read(file: BinaryIO, kind: Kind, limits: Limits | None = None) -> Iterator[Entry]:
    """The documents of a package in its own order; folders in it are passed over.

    `file` is seekable and stands anywhere. Raises `PackageFault`, for a Zip before the first document
    wherever that is possible, for a TarGz also after some of them: read to the end before trusting any.
    """
    reader = read_zip if kind == "Zip" else read_tar
    file.seek(0)
    for name, content in reader(file, limits or Limits()):
        yield Entry(name, content)


def write(file: Sink, kind: Kind, entries: Iterable[Entry]) -> None:
    """Write a package: the same entries give the same bytes. `file` only needs `write`.

    Names must differ and not be empty (else ValueError).
    """
    named = _checked(entries)
    (write_zip if kind == "Zip" else write_tar)(file, named)


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
