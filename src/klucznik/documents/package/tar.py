"""TarGz, strictly: one gzip member, plain files and folders, one name each, zeros at the end.

Understands ustar, the long names of GNU, and of pax headers the path alone; links, devices, sparse
files and everything else are refused. Format: POSIX.1-2017, pax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from klucznik.documents.package.deflate import GZIP, GzipWriter, Limits, PackageFault, Sink, inflated, pieces

_BLOCK: Final = 512
_CUT_SHORT: Final = ("the archive is cut short", "archiwum jest urwane")
_NO_END: Final = ("the archive has no end", "archiwum nie ma końca")
#: Bytes of a pax header or a long name; they hold names and times.
_LARGEST_HEADER: Final = 64 * 1024
#: Headers in a row before a file: a global one, one of its own, a long name.
_MOST_HEADERS: Final = 4
_OCTAL: Final = re.compile(rb" *([0-7]+)[ \0]*")
_PAX_LENGTH: Final = re.compile(rb"([1-9][0-9]{0,5}) ")
_RECORD: Final = 20 * _BLOCK


class _Stream:
    """The unpacked bytes, taken in lengths; what is taken in all is bounded."""

    def __init__(self, chunks: Iterator[bytes], most: int) -> None:
        self._chunks = chunks
        self._held = b""
        self._left = most

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes; fewer only at the very end."""
        parts, missing = [], size
        while missing:
            if not self._held:
                self._held = next(self._chunks, b"")
                if not self._held:
                    break
                self._left -= len(self._held)
                if self._left < 0:
                    raise PackageFault(
                        "more bytes unpacked than are read", "rozpakowanych bajtów jest więcej, niż wolno"
                    )
            part, self._held = self._held[:missing], self._held[missing:]
            parts.append(part)
            missing -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def body(self, size: int) -> bytes:
        """A file's content, with the padding behind it dropped."""
        whole = -(-size // _BLOCK) * _BLOCK
        data = self.take(whole)
        if len(data) < whole:
            raise PackageFault(*_CUT_SHORT)
        return data[:size]


# ---- reading -------------------------------------------------------------------------------------


def read(file: BinaryIO, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Name and content of each plain file, in order."""
    overhead = limits.entries * 4 * _BLOCK + _RECORD
    stream = _Stream(inflated(pieces(file), GZIP), limits.total + overhead)
    names: set[str] = set()
    long_name: str | None = None
    headers = 0
    while True:
        header = stream.take(_BLOCK)
        if len(header) < _BLOCK:
            raise PackageFault(*(_CUT_SHORT if header else _NO_END))
        if not any(header):
            break
        kind, size, name = _header(header)
        if kind in b"xgL":
            # (1) Headers about the next file, or about all.
            headers += 1
            if size > _LARGEST_HEADER or headers > _MOST_HEADERS:
                raise PackageFault("headers without end", "nagłówkom nie ma końca")
            found = _about(kind, stream.body(size))
            if found is not None and long_name is not None:
                raise PackageFault("a file is named twice", "plik nazwano dwa razy")
            long_name = long_name if found is None else found
            continue
        name = name if long_name is None else long_name
        long_name, headers = None, 0
        # (2) A folder is no document.
        if kind == b"5":
            if size:
                raise PackageFault("a folder has content", "katalog ma zawartość")
            continue
        # (3) A plain file, and nothing that only looks like one.
        if kind not in b"0\0":
            raise PackageFault(
                f"an entry is no plain file (type {kind!r})", f"wpis nie jest zwykłym plikiem (typ {kind!r})"
            )
        if not name or name.endswith("/"):
            raise PackageFault("a file without a name", "plik bez nazwy")
        if name in names:
            raise PackageFault("two entries have one name", "dwa wpisy mają tę samą nazwę")
        names.add(name)
        if len(names) > limits.entries:
            raise PackageFault(f"more than {limits.entries} entries", f"ponad {limits.entries} wpisów")
        if size > limits.entry:
            raise PackageFault(
                f"a document of {size} bytes; {limits.entry} is the most that is read",
                f"dokument ma {size} bajtów; czytanych jest najwyżej {limits.entry}",
            )
        yield name, stream.body(size)
    if headers:
        raise PackageFault(
            "a header about a file that does not follow", "nagłówek dotyczy pliku, którego nie ma"
        )
    # (4) Zeros to the end: at least a second block, and nothing else.
    zeros = 0
    while rest := stream.take(_BLOCK):
        zeros += 1
        if any(rest):
            raise PackageFault(
                "there is something after the end of the archive", "za końcem archiwum coś jest"
            )
    if not zeros:
        raise PackageFault(*_CUT_SHORT)


def _header(block: bytes) -> tuple[bytes, int, str]:
    """Type, size and name of a header block."""
    told = _number(block[148:156])
    if told != sum(block[:148]) + sum(block[156:]) + 8 * 0x20:
        raise PackageFault(
            "no tar: a header's checksum is wrong", "to nie tar: suma kontrolna nagłówka jest błędna"
        )
    name = _text(block[:100])
    if block[257:265] == b"ustar\x0000" and block[345]:
        name = f"{_text(block[345:500])}/{name}"
    return block[156:157], _number(block[124:136]), name


def _number(data: bytes) -> int:
    found = _OCTAL.fullmatch(data)
    if found is None:  # base-256 begins at 8 GB, which no document has
        raise PackageFault("a number in a header cannot be read", "liczby w nagłówku nie da się odczytać")
    return int(found.group(1), 8)


def _text(data: bytes) -> str:
    raw = data.partition(b"\0")[0]
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _about(kind: bytes, content: bytes) -> str | None:
    """The name that a header gives to the next file, if it gives one."""
    if kind == b"L":
        return _text(content)
    path = None
    while content:
        found = _PAX_LENGTH.match(content)
        length = int(found.group(1)) if found else 0
        record = content[:length]
        if found is None or len(record) < length or record[-1:] != b"\n":
            raise PackageFault("a pax header is malformed", "nagłówek pax jest niepoprawny")
        key, equals, value = record[found.end() : -1].partition(b"=")
        if not equals or key in (b"size", b"linkpath") or key.startswith((b"GNU.sparse", b"SCHILY.realsize")):
            raise PackageFault(f"a pax header says {key[:40]!r}", f"nagłówek pax podaje {key[:40]!r}")
        if key == b"path":
            if kind == b"g" or path is not None or b"\0" in value:
                raise PackageFault(
                    "a pax header names a file twice, or all files at once",
                    "nagłówek pax nazywa plik dwa razy albo wszystkie naraz",
                )
            path = _text(value)
        content = content[length:]
    return path


# ---- writing -------------------------------------------------------------------------------------


def write(file: Sink, entries: Iterable[tuple[str, bytes]]) -> None:
    """Write a tar.gz: ustar, with a pax header before names that are long or not ASCII."""
    packer = GzipWriter(file)
    written = 0
    for label, content in entries:
        name = label.encode()
        if len(name) > 100 or not label.isascii():
            record = _pax_record(b"path", name)
            packer.write(_written(b"pax", len(record), b"x") + _padded(record))
            written += _BLOCK + len(_padded(record))
            name = label.encode("ascii", "replace")[:100]
        packer.write(_written(name, len(content), b"0"))
        packer.write(_padded(content))
        written += _BLOCK + len(_padded(content))
    # Two blocks of zeros, filled up to a record of twenty blocks, as every tar does.
    packer.write(bytes(2 * _BLOCK + -(written + 2 * _BLOCK) % _RECORD))
    packer.finish()


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % _BLOCK)


def _pax_record(key: bytes, value: bytes) -> bytes:
    """`length key=value\\n`, the length counting its own digits."""
    bare = len(key) + len(value) + 3
    length = bare + len(str(bare))
    length = bare + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def _written(name: bytes, size: int, kind: bytes) -> bytes:
    if size >= 8**11:
        raise ValueError("a document of 8 GB or more")
    block = bytearray(_BLOCK)
    block[: len(name)] = name
    block[100:148] = b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
