"""Deflate for packages: isal where the machine has it, zlib elsewhere, always in bounded pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from klucznik.lang import both, tr

#: Bytes held at a time, packed and unpacked.
CHUNK: Final = 64 * 1024
#: The three containers of deflate that zlib's `wbits` names.
RAW: Final = -15
GZIP: Final = 31


class _Packer(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, most: int, /) -> bytes: ...


class _Engine(Protocol):
    """What isal and zlib have in common, as far as it is used here. `error` is raised for damage."""

    @property
    def error(self) -> type[Exception]: ...
    @property
    def DEFLATED(self) -> int: ...
    def crc32(self, data: bytes, value: int, /) -> int: ...
    def compressobj(self, level: int, method: int, wbits: int, /) -> _Packer: ...
    def decompressobj(self, wbits: int, /) -> _Unpacker: ...


_engine: _Engine
_LEVEL: int
try:
    from isal import isal_zlib
except ImportError:  # no isal for this machine
    import zlib

    _engine, _LEVEL = zlib, 6
else:
    # isal knows 0 to 3; 2 packs as tightly as zlib's 3, ten times as fast as zlib's 6.
    _engine, _LEVEL = isal_zlib, 2


class Sink(Protocol):
    """Where a package is written: all that is asked of a file."""

    def write(self, data: bytes, /) -> object: ...


class PackageFault(Exception):
    """The package cannot be trusted. `why` says what is wrong, for a developer, in both languages."""

    def __init__(self, english: str, polish: str) -> None:
        super().__init__(tr(english, polish))
        self.why = both(english, polish)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is unpacked at most: bytes of one document, bytes in all, documents."""

    entry: int = 16_000_000
    total: int = 30_000_000_000
    entries: int = 200_000


def crc32(data: bytes, value: int = 0) -> int:
    """CRC-32, as Zip has it."""
    return _engine.crc32(data, value)


def deflated(content: bytes) -> bytes:
    """Raw deflate of something small."""
    packer = _engine.compressobj(_LEVEL, _engine.DEFLATED, RAW)
    return packer.compress(content) + packer.flush()


class GzipWriter:
    """One gzip member, written piece by piece; its header carries no time and no name."""

    def __init__(self, file: Sink) -> None:
        self._file = file
        self._packer = _engine.compressobj(_LEVEL, _engine.DEFLATED, GZIP)

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
    unpacker = _engine.decompressobj(wbits)
    for data in packed:
        if unpacker.eof:
            raise PackageFault(
                "there is something after the end of the compressed data",
                "za końcem skompresowanych danych coś jest",
            )
        while not unpacker.eof:
            try:
                out = unpacker.decompress(data, CHUNK)
            except _engine.error as damage:
                raise PackageFault(
                    f"the compressed data is damaged: {damage}", f"skompresowane dane są uszkodzone: {damage}"
                ) from None
            data = unpacker.unconsumed_tail
            if out:
                yield out
            elif not data:
                break
        if unpacker.unused_data:
            raise PackageFault(
                "there is something after the end of the compressed data",
                "za końcem skompresowanych danych coś jest",
            )
    if not unpacker.eof:
        raise PackageFault("the compressed data is cut short", "skompresowane dane są urwane")


def pieces(file: BinaryIO, size: int | None = None) -> Iterator[bytes]:
    """The next `size` bytes of a file (None: all that follow), a `CHUNK` at a time."""
    while size is None or size > 0:
        data = file.read(CHUNK if size is None else min(CHUNK, size))
        if not data:
            if size is None:
                return
            raise PackageFault("the archive is cut short", "archiwum jest urwane")
        if size is not None:
            size -= len(data)
        yield data
