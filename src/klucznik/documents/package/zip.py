"""Zip, strictly: the central directory and the local headers agree, and together cover every byte.

Only stored and deflated entries without encryption; ZIP64 is read and written where sizes need it.
Every entry's place is known before the first is unpacked: overlaps, gaps, junk before and after,
and too large a sum of sizes are refused without unpacking anything. Format: APPNOTE 6.3.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from klucznik.documents.package.deflate import (
    RAW,
    Limits,
    PackageFault,
    Sink,
    crc32,
    deflated,
    inflated,
    pieces,
)

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_END64: Final = struct.Struct("<4sQ2H2I4Q")
_LOCATOR: Final = struct.Struct("<4sIQI")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_END64_MARK, _LOCATOR_MARK, _DESCRIPTOR_MARK = b"PK\6\6", b"PK\6\7", b"PK\7\x08"

_STORED, _DEFLATED = 0, 8
#: Compression level (bits 1, 2), sizes after the data (3), names in UTF-8 (11). Nothing else is read.
_SIZES_AFTER, _UTF8 = 0x0008, 0x0800
_KNOWN_FLAGS: Final = 0x0006 | _SIZES_AFTER | _UTF8
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ZIP64: Final = 0x0001
_LONGEST_COMMENT: Final = 0xFFFF
#: Bytes of the central directory that are read at most: 200,000 names of 250 bytes.
_LARGEST_DIRECTORY: Final = 64_000_000
_FIRST_DAY: Final = 0x0021  # 1980-01-01, the earliest that Zip can write


_NO_ZIP: Final = ("no Zip: it has no end record", "to nie Zip: brak rekordu końcowego")
_TWO_ENDS: Final = ("two end records fit", "pasują dwa rekordy końcowe")
_OVERLAP: Final = ("entries overlap", "wpisy zachodzą na siebie")
_GAP: Final = ("entries have a gap between them", "między wpisami jest przerwa")


@dataclass(frozen=True, slots=True)
class _Listed:
    """An entry of the central directory."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int

    @property
    def is_folder(self) -> bool:
        return self.name.endswith(b"/")

    @property
    def label(self) -> str:
        if not self.flags & _UTF8:
            try:
                return self.name.decode()  # Unix tools write UTF-8 without saying so
            except UnicodeDecodeError:
                return self.name.decode("cp437")
        try:
            return self.name.decode()
        except UnicodeDecodeError:
            raise PackageFault(
                "a name is not the UTF-8 that it says it is", "nazwa nie jest w UTF-8, choć tak o sobie mówi"
            ) from None


# ---- reading -------------------------------------------------------------------------------------


def read(file: BinaryIO, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Name and content of each document, in the order of the central directory."""
    start, size, count = _find_directory(file)
    listed = list(_directory(file, start, size, count, limits))
    # (1) All names differ.
    labels = [one.label for one in listed]
    if len(set(labels)) < len(labels):
        raise PackageFault("two entries have one name", "dwa wpisy mają tę samą nazwę")
    # (2) What is announced fits, before anything is unpacked.
    if (largest := max((one.size for one in listed), default=0)) > limits.entry:
        raise PackageFault(
            f"a document of {largest} bytes; {limits.entry} is the most that is read",
            f"dokument ma {largest} bajtów; czytanych jest najwyżej {limits.entry}",
        )
    if (total := sum(one.size for one in listed)) > limits.total:
        raise PackageFault(
            f"{total} bytes unpacked; {limits.total} is the most that is read",
            f"po rozpakowaniu {total} bajtów; czytanych jest najwyżej {limits.total}",
        )
    # (3) Local headers agree, and headers and data lie one after the other without gap or overlap.
    places = _tile(file, listed, start)
    for one, name in zip(listed, labels, strict=True):
        if not one.is_folder:
            yield name, _content(file, one, places[one.offset])


def _find_directory(file: BinaryIO) -> tuple[int, int, int]:
    """Offset, size and number of entries of the central directory."""
    length = file.seek(0, 2)
    tail_at = max(0, length - _END.size - _LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    # (1) One end record, and only one place where it can be.
    found = []
    at = tail.find(_END_MARK)
    while at >= 0:
        if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[7] == len(tail):
            found.append(at)
        at = tail.find(_END_MARK, at + 1)
    if len(found) != 1:
        raise PackageFault(*(_TWO_ENDS if found else _NO_ZIP))
    _, disk, first_disk, here, count, size, start, _ = _END.unpack_from(tail, found[0])
    end = tail_at + found[0]
    if disk or first_disk or here != count:
        raise PackageFault("a Zip of several volumes", "Zip z kilku woluminów")
    # (2) ZIP64: its record stands right before, and says the same wherever the old one can say it.
    locator_at = end - _LOCATOR.size
    if locator_at >= 0:
        file.seek(locator_at)
        mark, number, at64, volumes = _LOCATOR.unpack(file.read(_LOCATOR.size))
        if mark == _LOCATOR_MARK:
            if number or volumes != 1 or at64 + _END64.size != locator_at:
                raise PackageFault(
                    "the ZIP64 locator does not point to a record right before it",
                    "lokalizator ZIP64 nie wskazuje rekordu tuż przed sobą",
                )
            file.seek(at64)
            mark, rest, _, _, disk, first_disk, here, count64, size64, start64 = _END64.unpack(
                file.read(_END64.size)
            )
            if mark != _END64_MARK or rest != _END64.size - 12 or disk or first_disk or here != count64:
                raise PackageFault("the ZIP64 record is malformed", "rekord ZIP64 jest niepoprawny")
            for old, full, new in (
                (count, _FULL16, count64),
                (size, _FULL32, size64),
                (start, _FULL32, start64),
            ):
                if old not in (full, new):
                    raise PackageFault(
                        "the ZIP64 record contradicts the end record",
                        "rekord ZIP64 przeczy rekordowi końcowemu",
                    )
            count, size, start, end = count64, size64, start64, at64
    # (3) The directory ends where the end records begin.
    if start + size != end:
        raise PackageFault(
            "the central directory does not end where its end record begins",
            "katalog centralny nie kończy się tam, gdzie zaczyna się rekord końcowy",
        )
    if size > _LARGEST_DIRECTORY:
        raise PackageFault(f"a central directory of {size} bytes", f"katalog centralny ma {size} bajtów")
    return start, size, count


def _directory(file: BinaryIO, start: int, size: int, count: int, limits: Limits) -> Iterator[_Listed]:
    if count > limits.entries:
        raise PackageFault(
            f"{count} entries; {limits.entries} is the most that is read",
            f"wpisów jest {count}; czytanych jest najwyżej {limits.entries}",
        )
    file.seek(start)
    data = file.read(size)
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > size:
            raise PackageFault("the central directory is cut short", "katalog centralny jest urwany")
        (
            mark, made, _, flags, method, _, _, crc, packed, full, name_length, extra_length, comment_length,
            disk, _, attributes, offset,
        ) = _CENTRAL.unpack_from(data, at)  # fmt: skip
        at += _CENTRAL.size
        name, extra = data[at : at + name_length], data[at + name_length : at + name_length + extra_length]
        at += name_length + extra_length + comment_length
        if mark != _CENTRAL_MARK or at > size:
            raise PackageFault("the central directory is malformed", "katalog centralny jest niepoprawny")
        full, packed, offset = _widened(extra, full, packed, offset)
        _check(made, flags, method, attributes, disk, name, full, packed)
        yield _Listed(name, flags, method, crc, packed, full, offset)
    if at != size:
        raise PackageFault(
            "the central directory holds more than its entries",
            "katalog centralny ma w sobie coś poza wpisami",
        )


def _check(
    made: int, flags: int, method: int, attributes: int, disk: int, name: bytes, size: int, packed: int
) -> None:
    if flags & ~_KNOWN_FLAGS:
        raise PackageFault(
            f"an entry is encrypted or has flags that are not read ({flags:#06x})",
            f"wpis jest zaszyfrowany albo ma nieczytane flagi ({flags:#06x})",
        )
    if method not in (_STORED, _DEFLATED):
        raise PackageFault(
            f"compression method {method}; only stored and deflated are read",
            f"metoda kompresji {method}; czytane są tylko stored i deflated",
        )
    if disk or not name:
        raise PackageFault(
            "an entry without a name or on another volume", "wpis bez nazwy albo na innym woluminie"
        )
    if made >> 8 == 3 and (attributes >> 16) & 0o170000 not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise PackageFault(
            "an entry is a link or another special file",
            "wpis jest dowiązaniem albo innym plikiem specjalnym",
        )
    if method == _STORED and size != packed:
        raise PackageFault("a stored entry has two sizes", "wpis bez kompresji ma dwa rozmiary")
    if name.endswith(b"/") and size:
        raise PackageFault("a folder has content", "katalog ma zawartość")


def _widened(extra: bytes, *fields: int) -> list[int]:
    """Fields that are full, replaced by what the ZIP64 extra field says, in their order."""
    wide = b""
    for tag, content in _extras(extra):
        if tag == _ZIP64:
            wide = content
    values = []
    for value in fields:
        if value == _FULL32:
            if len(wide) < 8:
                raise PackageFault("a ZIP64 size is missing", "brak rozmiaru ZIP64")
            value, wide = struct.unpack_from("<Q", wide)[0], wide[8:]
        values.append(value)
    return values


def _extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    seen, at = set(), 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        at += 4
        if at + length > len(extra) or tag in seen:
            raise PackageFault("extra fields are malformed", "pola dodatkowe są niepoprawne")
        seen.add(tag)
        yield tag, extra[at : at + length]
        at += length
    if any(extra[at:]):
        raise PackageFault("extra fields are malformed", "pola dodatkowe są niepoprawne")


def _tile(file: BinaryIO, listed: list[_Listed], directory: int) -> dict[int, int]:
    """Where the data of each entry begins, by offset of its header."""
    places: dict[int, int] = {}
    expected = 0
    for one in sorted(listed, key=lambda entry: entry.offset):
        if one.offset != expected:
            raise PackageFault(*(_OVERLAP if one.offset < expected else _GAP))
        file.seek(one.offset)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size:
            raise PackageFault("a local header is cut short", "nagłówek lokalny jest urwany")
        mark, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(header)
        name, extra = file.read(name_length), file.read(extra_length)
        later = bool(flags & _SIZES_AFTER)
        if (mark, flags, method, name) != (_LOCAL_MARK, one.flags, one.method, one.name):
            raise PackageFault(
                "a local header contradicts the central directory",
                "nagłówek lokalny przeczy katalogowi centralnemu",
            )
        size, packed = _widened(extra, size, packed)
        same = (crc, packed, size) == (one.crc, one.packed, one.size)
        if not same and not (later and {crc, packed, size} <= {0, one.crc, one.packed, one.size}):
            raise PackageFault(
                "a local header contradicts the central directory",
                "nagłówek lokalny przeczy katalogowi centralnemu",
            )
        places[one.offset] = file.tell()
        expected = file.tell() + one.packed
        if expected > directory:
            raise PackageFault(
                "an entry reaches into the central directory", "wpis zachodzi na katalog centralny"
            )
        if later:
            expected += _descriptor(file, expected, one)
    if expected != directory:
        raise PackageFault(
            "there are bytes that belong to no entry", "są bajty, które nie należą do żadnego wpisu"
        )
    return places


def _descriptor(file: BinaryIO, at: int, one: _Listed) -> int:
    """Length of the sizes that follow the data: with or without a mark, 32 or 64 bits each."""
    file.seek(at)
    found = file.read(24)
    for form in ("<4sI2I", "<4sI2Q", "<I2I", "<I2Q"):
        size = struct.calcsize(form)
        if len(found) < size:
            continue
        *mark, crc, packed, full = struct.unpack_from(form, found)
        if mark in ([], [_DESCRIPTOR_MARK]) and (crc, packed, full) == (one.crc, one.packed, one.size):
            return size
    raise PackageFault(
        "the sizes after an entry contradict the central directory",
        "rozmiary za wpisem przeczą katalogowi centralnemu",
    )


def _content(file: BinaryIO, one: _Listed, at: int) -> bytes:
    file.seek(at)
    packed = pieces(file, one.packed)
    out = bytearray()
    for piece in inflated(packed, RAW) if one.method == _DEFLATED else packed:
        out += piece
        if len(out) > one.size:
            raise PackageFault("an entry is larger than it says", "wpis jest większy, niż podaje")
    if len(out) != one.size:
        raise PackageFault("an entry is smaller than it says", "wpis jest mniejszy, niż podaje")
    content = bytes(out)
    if crc32(content) != one.crc:
        raise PackageFault("an entry's checksum is wrong", "suma kontrolna wpisu jest błędna")
    return content


# ---- writing -------------------------------------------------------------------------------------


def write(file: Sink, entries: Iterable[tuple[str, bytes]]) -> None:
    """Write a Zip, forwards only: sizes are known before each entry, so nothing follows its data."""
    at, count = 0, 0
    directory = bytearray()
    for label, content in entries:
        name, data = label.encode(), deflated(content)
        if len(name) > _FULL16:
            raise ValueError("a name has more than 65,535 bytes")
        shared = (20, _UTF8, _DEFLATED, 0, _FIRST_DAY, crc32(content), len(data), len(content), len(name))
        file.write(_LOCAL.pack(_LOCAL_MARK, *shared, 0))
        file.write(name)
        file.write(data)
        wide = struct.pack("<2HQ", _ZIP64, 8, at) if at >= _FULL32 else b""
        version = 45 if wide else 20
        # Made by nobody in particular (0), without comment, on volume 0, no attributes.
        directory += _CENTRAL.pack(
            _CENTRAL_MARK, version, version, *shared[1:], len(wide), 0, 0, 0, 0, min(at, _FULL32)
        )
        directory += name + wide
        at += _LOCAL.size + len(name) + len(data)
        count += 1
    file.write(bytes(directory))
    size = len(directory)
    if count >= _FULL16 or at >= _FULL32:
        file.write(_END64.pack(_END64_MARK, _END64.size - 12, 45, 45, 0, 0, count, count, size, at))
        file.write(_LOCATOR.pack(_LOCATOR_MARK, 0, at + size, 1))
    short = min(count, _FULL16)
    file.write(_END.pack(_END_MARK, 0, 0, short, short, size, min(at, _FULL32), 0))
