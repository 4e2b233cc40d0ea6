"""Deflate for packages: isal where the machine has it, zlib elsewhere, always in bounded pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, Final, Protocol

try:
    from isal import isal_zlib as engine

    #: isal knows 0 to 3; 2 packs as tightly as zlib's 3, ten times as fast as zlib's 6.
    _LEVEL = 2
except ImportError:  # no isal for this machine
    import zlib as engine  # type: ignore[no-redef]  # the same interface

    _LEVEL = 6

#: Raised for damage. The stubs of isal take the class for an instance.
_Damage: Any = engine.error

#: Bytes held at a time, packed and unpacked.
CHUNK: Final = 64 * 1024
#: The three containers of deflate that zlib's `wbits` names.
RAW: Final = -15
GZIP: Final = 31


class Sink(Protocol):
    """Where a package is written: all that is asked of a file."""

    def write(self, data: bytes, /) -> object: ...


class PackageFault(Exception):
    """The package cannot be trusted. `why` says what is wrong, for a developer."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def crc32(data: bytes, value: int = 0) -> int:
    """CRC-32, as Zip has it."""
    return engine.crc32(data, value)


def deflated(content: bytes) -> bytes:
    """Raw deflate of something small."""
    packer = engine.compressobj(_LEVEL, engine.DEFLATED, RAW)
    return packer.compress(content) + packer.flush()


class GzipWriter:
    """One gzip member, written piece by piece; its header carries no time and no name."""

    def __init__(self, file: Sink) -> None:
        self._file = file
        self._packer = engine.compressobj(_LEVEL, engine.DEFLATED, GZIP)

    def write(self, data: bytes) -> None:
        """Pack some more."""
        self._file.write(self._packer.compress(data))

    def finish(self) -> None:
        """Write the end; the file stays open."""
        self._file.write(self._packer.flush())


def inflated(packed: Iterable[bytes], wbits: int) -> Iterator[bytes]:
    """Unpack exactly one stream, in pieces of at most `CHUNK` bytes.

    Raises `PackageFault` for damage, for a stream that is cut short and for anything after its end.
    """
    unpacker = engine.decompressobj(wbits)
    for data in packed:
        if unpacker.eof:
            raise PackageFault("there is something after the end of the compressed data")
        while not unpacker.eof:
            try:
                out = unpacker.decompress(data, CHUNK)
            except _Damage as damage:
                raise PackageFault(f"the compressed data is damaged: {damage}") from None
            data = unpacker.unconsumed_tail
            if out:
                yield out
            elif not data:
                break
        if unpacker.unused_data:
            raise PackageFault("there is something after the end of the compressed data")
    if not unpacker.eof:
        raise PackageFault("the compressed data is cut short")


def pieces(file: BinaryIO, size: int | None = None) -> Iterator[bytes]:
    """The next `size` bytes of a file (None: all that follow), a `CHUNK` at a time."""
    while size is None or size > 0:
        data = file.read(CHUNK if size is None else min(CHUNK, size))
        if not data:
            if size is None:
                return
            raise PackageFault("the archive is cut short")
        if size is not None:
            size -= len(data)
        yield data
