"""Packages: what is written is read back, by us and by others; what is hostile is refused whole."""

from __future__ import annotations

import gzip
import io
import struct
import subprocess
import sys
import tarfile
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klucznik.documents import package
from klucznik.documents.package import Entry, Kind, Limits, PackageFault
from klucznik.lang import in_language

KINDS: tuple[Kind, ...] = ("Zip", "TarGz")
SOME = [Entry("a.xml", b"<a/>" * 100), Entry("folder/b.xml", b""), Entry("żółć.xml", bytes(range(256)) * 300)]


def packed(entries: Iterable[Entry], kind: Kind) -> bytes:
    file = io.BytesIO()
    package.write(file, kind, entries)
    return file.getvalue()


def unpacked(data: bytes, kind: Kind, limits: Limits | None = None) -> list[Entry]:
    return list(package.read(io.BytesIO(data), kind, limits))


def refused(data: bytes, kind: Kind, limits: Limits | None = None) -> str:
    """Why a package is refused; whatever it gave before that is thrown away with it."""
    with pytest.raises(PackageFault) as fault:
        unpacked(data, kind, limits)
    return in_language(fault.value.why, "en")


# What is right


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read_back(kind: Kind) -> None:
    assert unpacked(packed(SOME, kind), kind) == SOME
    assert packed(SOME, kind) == packed(SOME, kind)
    assert unpacked(packed([], kind), kind) == []


def test_without_isal_zlib_packs_and_unpacks() -> None:
    script = """
import io, sys
sys.modules["isal"] = None  # as on a machine for which there is no wheel
from klucznik.documents.package import Entry, PackageFault, read, write
for kind in ("Zip", "TarGz"):
    file = io.BytesIO()
    write(file, kind, [Entry("a.xml", b"<a/>" * 50_000)])
    assert [one.content for one in read(file, kind)] == [b"<a/>" * 50_000]
    torn = bytearray(file.getvalue())
    torn[torn.index(b"a.xml") + 5 if kind == "Zip" else 12] ^= 255
    try:
        list(read(io.BytesIO(torn), kind))
    except PackageFault as fault:
        print(fault.why.partition(chr(10))[0])
print("zlib" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    *whys, engine = ran.stdout.splitlines()
    assert len(whys) == 2
    assert all(why.startswith("the compressed data is damaged") for why in whys)
    assert engine == "True"


@pytest.mark.parametrize("kind", KINDS)
@given(
    entries=st.dictionaries(
        st.text(min_size=1, max_size=300).filter(
            lambda name: name[-1] != "/" and "\0" not in name and name.isprintable()
        ),
        st.binary(max_size=2000),
        max_size=8,
    )
)
def test_any_names_and_contents_come_back(kind: Kind, entries: dict[str, bytes]) -> None:
    made = [Entry(name, content) for name, content in entries.items()]
    assert unpacked(packed(made, kind), kind) == made


def test_others_read_what_we_write() -> None:
    with zipfile.ZipFile(io.BytesIO(packed(SOME, "Zip"))) as theirs:
        assert theirs.testzip() is None
        assert [Entry(name, theirs.read(name)) for name in theirs.namelist()] == SOME
    with tarfile.open(fileobj=io.BytesIO(packed(SOME, "TarGz")), mode="r:gz") as tar:
        found = []
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            found.append(Entry(member.name, file.read()))
        assert found == SOME


def their_zip(entries: Sequence[Entry], method: int = zipfile.ZIP_DEFLATED, streamed: bool = False) -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return not streamed

        def seek(self, at: int, whence: int = 0) -> int:
            if streamed:
                raise io.UnsupportedOperation
            return super().seek(at, whence)

        def tell(self) -> int:
            if streamed:
                raise io.UnsupportedOperation
            return super().tell()

    file = Pipe()
    with zipfile.ZipFile(file, "w", method) as theirs:
        for entry in entries:
            theirs.writestr(entry.name, entry.content)
    return file.getvalue()


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zips_of_others_are_read(method: int, streamed: bool) -> None:
    assert unpacked(their_zip(SOME, method, streamed), "Zip") == SOME


def test_a_zip_with_a_comment_a_folder_and_forced_zip64_is_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as theirs:
        theirs.mkdir("folder")
        with theirs.open("folder/a.xml", "w", force_zip64=True) as entry:
            entry.write(b"<a/>")
        theirs.comment = b"made by hand"
    assert unpacked(file.getvalue(), "Zip") == [Entry("folder/a.xml", b"<a/>")]


def test_a_zip_of_more_than_65535_entries_is_written_and_read() -> None:
    many = [Entry(f"{number}.xml", b"") for number in range(70_000)]
    data = packed(many, "Zip")
    assert unpacked(data, "Zip") == many
    with zipfile.ZipFile(io.BytesIO(data)) as theirs:
        assert len(theirs.namelist()) == 70_000


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tars_of_others_are_read(form: int) -> None:
    entries = [Entry("a.xml", b"<a/>"), Entry("d" * 90 + "/" + "n" * 80 + ".xml", b"x" * 513)]
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", format=form) as theirs:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        theirs.addfile(folder)
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            info.size, info.mtime = len(entry.content), 1_700_000_000.25
            theirs.addfile(info, io.BytesIO(entry.content))
    assert unpacked(file.getvalue(), "TarGz") == entries


# Names are labels (83)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "C:\\boot.ini", "x" * 300 + ".xml", "\\\\host\\share"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_names_are_labels(kind: Kind, name: str) -> None:
    assert unpacked(packed([Entry(name, b"<a/>")], kind), kind) == [Entry(name, b"<a/>")]
    assert len(package.label(name)) <= 128


def test_labels_hold_no_control_characters() -> None:
    assert package.label("a\0b\n\x1b[31m\u202ec") == "a�b��[31m�c"


@pytest.mark.parametrize("name", ["", "a/", "a\0b"])
def test_what_cannot_be_a_name_is_not_written(name: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        packed([Entry(name, b"")], "Zip")


# Duplicates (84)


@pytest.mark.parametrize("kind", KINDS)
def test_duplicate_names_are_refused_and_not_written(kind: Kind) -> None:
    twice = [Entry("a.xml", b"1"), Entry("a.xml", b"2")]
    with pytest.raises(ValueError, match="twice"):
        packed(twice, kind)
    if kind == "Zip":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the standard library warns and writes it all the same
            data = their_zip(twice)
    else:
        data = tar(plain("a.xml", b"1"), plain("a.xml", b"2"))
    assert refused(data, kind) == "two entries have one name"


# Bombs (85)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_document_is_refused_and_never_held(kind: Kind) -> None:
    data = packed([Entry("bomb.xml", bytes(60_000_000))], kind)
    tracemalloc.start()
    try:
        why = refused(data, kind, Limits(entry=1_000_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "60000000 bytes" in why
    assert peak < 3_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_many_documents_together_are_too_many_bytes_or_too_many(kind: Kind) -> None:
    data = packed([Entry(str(number), bytes(100_000)) for number in range(60)], kind)
    small = Limits(total=1_000_000, entries=100)
    assert "bytes unpacked" in refused(data, kind, small)
    assert "59" in refused(data, kind, Limits(entries=59))


def test_a_zip_that_says_less_than_it_holds_is_refused() -> None:
    data = bytearray(packed([Entry("a.xml", bytes(5_000_000))], "Zip"))
    for mark, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = struct.pack("<I", 4)
    assert refused(bytes(data), "Zip") == "an entry is larger than it says"


def test_entries_that_overlap_are_refused() -> None:
    """The quine of the bombs: many entries of the directory share one stream."""
    data = packed([Entry("a", b"x" * 1000), Entry("b", b"x" * 1000)], "Zip")
    second = data.index(b"PK\3\4", 4)
    start = data.index(b"PK\1\2")
    directory = bytearray(data[start:])
    entry = directory.index(b"PK\1\2", 4)
    directory[entry + 42 : entry + 46] = struct.pack("<I", 0)
    assert "overlap" in refused(data[:start] + bytes(directory), "Zip")
    # Left out of the directory, it would be an invoice dropped in silence.
    one = ended(data[:start] + data[start : start + entry], start, entry, 1)
    assert second < start
    assert refused(one, "Zip") == "there are bytes that belong to no entry"


def ended(data: bytes, start: int, size: int, count: int) -> bytes:
    return data + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, size, start, 0)


# A nested archive is a document like any other (86)


@pytest.mark.parametrize("kind", KINDS)
def test_nested_archives_are_not_expanded(kind: Kind) -> None:
    inner = packed(SOME, "Zip")
    assert unpacked(packed([Entry("inner.zip", inner)], kind), kind) == [Entry("inner.zip", inner)]


# Zip that is not what it says (87)

GOOD = packed([Entry("a.xml", b"<a/>" * 50), Entry("b.xml", b"<b/>" * 50)], "Zip")
DIRECTORY = GOOD.index(b"PK\1\2")
END = GOOD.index(b"PK\5\6")


def changed(at: int, value: bytes, data: bytes = GOOD) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def special(mode: int) -> bytes:
    """GOOD as made on Unix, its first entry of another type."""
    return changed(DIRECTORY + 4, b"\x14\3", changed(DIRECTORY + 38, struct.pack("<I", mode << 16)))


def zip64(count: int, size: int, start: int, old: bytes | None = None) -> bytes:
    """GOOD with a ZIP64 record that says this; the old end record says nothing, or `old`."""
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, END, 1)
    full = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    return GOOD[:END] + record + locator + (old or full)


SIZE = END - DIRECTORY


def test_a_zip64_record_that_tells_the_truth_is_read() -> None:
    assert len(unpacked(zip64(2, SIZE, DIRECTORY), "Zip")) == 2
    assert len(unpacked(zip64(2, SIZE, DIRECTORY, GOOD[END:]), "Zip")) == 2


HOSTILE_ZIPS: dict[str, bytes] = {
    "empty file": b"",
    "no zip": b"<a/>" * 100,
    "junk before": b"#!/bin/sh\n" + GOOD,
    "junk after": GOOD + b"x",
    "two end records": GOOD[:END] + changed(20, struct.pack("<H", 22), GOOD[END:]) + GOOD[END:],
    "cut in the directory": GOOD[: END - 3] + GOOD[END:],
    "cut in the data": GOOD[: DIRECTORY - 7] + GOOD[DIRECTORY:],
    "several volumes": changed(END + 4, b"\1\0"),
    "one entry less": changed(END + 8, b"\1\0\1\0"),
    "one entry more": changed(END + 8, b"\3\0\3\0"),
    "directory elsewhere": changed(END + 16, struct.pack("<I", DIRECTORY - 1)),
    "encrypted": changed(DIRECTORY + 8, b"\1\x08", changed(6, b"\1\x08")),
    "strong encryption": changed(DIRECTORY + 8, b"\x40\x08", changed(6, b"\x40\x08")),
    "masked headers": changed(DIRECTORY + 8, b"\0\x28", changed(6, b"\0\x28")),
    "method 12 (bzip2)": changed(DIRECTORY + 10, b"\x0c\0", changed(8, b"\x0c\0")),
    "method 14 (LZMA)": changed(DIRECTORY + 10, b"\x0e\0", changed(8, b"\x0e\0")),
    "method told apart": changed(8, b"\0\0"),
    "flags told apart": changed(6, b"\0\0"),
    "name told apart": changed(30, b"c.xml"),
    "size told apart": changed(22, b"\xc9"),
    "checksum told apart": changed(14, b"\1\2\3\4"),
    "wrong checksum": changed(DIRECTORY + 16, b"\1\2\3\4", changed(14, b"\1\2\3\4")),
    "damaged data": changed(35, b"\xff\xff\xff\xff"),
    "symbolic link": special(0o120777),
    "fifo": special(0o010644),
    "name not UTF-8": changed(DIRECTORY + 46, b"\xff", changed(30, b"\xff")),
    "folder with content": changed(DIRECTORY + 50, b"/", changed(34, b"/")),
    "offset beyond": changed(DIRECTORY + 42, struct.pack("<I", 2**31)),
    "ZIP64 size without field": changed(DIRECTORY + 24, b"\xff\xff\xff\xff"),
    "ZIP64 other count": zip64(1, SIZE, DIRECTORY),
    "ZIP64 huge count": zip64(2**60, SIZE, DIRECTORY),
    "ZIP64 other size": zip64(2, SIZE - 1, DIRECTORY),
    "ZIP64 huge size": zip64(2, 2**62, DIRECTORY),
    "ZIP64 other start": zip64(2, SIZE, 0),
    "ZIP64 contradicts": zip64(2, SIZE, DIRECTORY, changed(8, b"\1\0\1\0", GOOD[END:])),
    "TarGz": packed(SOME, "TarGz"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_ZIPS)
def test_a_hostile_zip_is_refused(name: str) -> None:
    assert refused(HOSTILE_ZIPS[name], "Zip")


def test_a_zip_with_a_hole_is_refused() -> None:
    """Bytes between two entries could be an invoice that nobody sees."""
    second = GOOD.index(b"PK\3\4", 4)
    hole = b"hidden"
    directory = bytearray(GOOD[DIRECTORY:END])
    at = directory.index(b"PK\1\2", 4) + 42
    directory[at : at + 4] = struct.pack("<I", second + len(hole))
    data = GOOD[:second] + hole + GOOD[second:DIRECTORY] + bytes(directory)
    assert "gap" in refused(ended(data, DIRECTORY + len(hole), SIZE, 2), "Zip")


@given(at=st.integers(0, len(GOOD) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_never_changes_a_document_of_a_zip(at: int, bit: int) -> None:
    data = changed(at, bytes([GOOD[at] ^ (1 << bit)]))
    try:
        found = unpacked(data, "Zip")
    except PackageFault:
        return
    assert [entry.content for entry in found] == [b"<a/>" * 50, b"<b/>" * 50]


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.binary(max_size=600))
def test_noise_is_refused(kind: Kind, data: bytes) -> None:
    assert refused(data, kind)
    assert refused(gzip.compress(data), kind)


# Tar (88)


def header(name: bytes, size: int, kind: bytes = b"0", **parts: bytes) -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = parts.get("told", b"%011o\0" % size)
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[157 : 157 + len(parts.get("link", b""))] = parts.get("link", b"")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def plain(name: str, content: bytes, kind: bytes = b"0", **parts: bytes) -> bytes:
    return header(name.encode(), len(content), kind, **parts) + content + bytes(-len(content) % 512)


def pax(**values: str) -> bytes:
    body = b""
    for key, value in values.items():
        record = f" {key.replace('__', '.')}={value}\n".encode()
        length = len(record) + len(str(len(record) + 2))
        body += b"%d" % length + record
    return plain("pax", body, b"x")


def tar(*blocks: bytes, end: bytes = bytes(1024)) -> bytes:
    return gzip.compress(b"".join(blocks) + end, mtime=0)


A = plain("a.xml", b"<a/>")

HOSTILE_TARS: dict[str, bytes] = {
    "empty file": b"",
    "no gzip": b"<a/>" * 100,
    "empty gzip": gzip.compress(b""),
    "symbolic link": tar(A, header(b"b", 0, b"2", link=b"/etc/passwd")),
    "hard link": tar(A, header(b"b", 0, b"1", link=b"a.xml")),
    "fifo": tar(header(b"b", 0, b"6")),
    "device": tar(header(b"b", 0, b"3")),
    "block device": tar(header(b"b", 0, b"4")),
    "sparse": tar(plain("b", b"x" * 100, b"S")),
    "contiguous": tar(plain("b", b"x" * 100, b"7")),
    "volume": tar(header(b"b", 0, b"V")),
    "sparse by pax": tar(pax(GNU__sparse__major="1", GNU__sparse__minor="0"), A),
    "size by pax": tar(pax(size="4000000000"), A),
    "link by pax": tar(pax(linkpath="/etc/passwd"), A),
    "two paths by pax": tar(pax(path="x"), pax(path="y"), A),
    "path for all": tar(plain("pax", b"9 path=x\n", b"g"), A),
    "pax without end": tar(*[pax(comment="x")] * 50, A),
    "pax too large": tar(pax(comment="x" * 70_000), A),
    "pax malformed": tar(plain("pax", b"99 path=x\n", b"x"), A),
    "pax without length": tar(plain("pax", b"path=x\n", b"x"), A),
    "long link": tar(plain("././@LongLink", b"/etc/passwd\0", b"K"), A),
    "long name too long": tar(plain("././@LongLink", b"x" * 70_000, b"L"), A),
    "header about nothing": tar(A, pax(path="x")),
    "folder with content": tar(plain("d", b"x", b"5")),
    "no name": tar(plain("", b"x")),
    "name of a folder": tar(plain("d/", b"x")),
    "size negative": tar(header(b"b", 0, told=b"-0000000001\0")),
    "size in base 256": tar(header(b"b", 0, told=b"\x80" + bytes(10) + b"\1")),
    "size without end": tar(header(b"b", 0, told=b"77777777777\0")),
    "wrong checksum": tar(A.replace(b"a.xml", b"b.xml")),
    "end missing": tar(A, end=b""),
    "one zero block": tar(A, end=bytes(512)),
    "junk after the end": tar(A, end=bytes(1024) + A + bytes(1024)),
    "cut in a header": tar(A, end=A[:100]),
    "cut in a file": tar(A[:520], end=b""),
    "cut gzip": tar(A)[:-9],
    "wrong checksum of gzip": tar(A)[:-8] + b"\0\0\0\0" + tar(A)[-4:],
    "several members": tar(A, end=b"") + tar(end=bytes(1024)),
    "empty member behind": tar(A) + gzip.compress(b""),
    "junk after gzip": tar(A) + b"x",
    "zeros after gzip": tar(A) + bytes(512),
    "zlib instead of gzip": zlib.compress(A + bytes(1024)),
    "Zip": GOOD,
}


@pytest.mark.parametrize("name", HOSTILE_TARS)
def test_a_hostile_tar_is_refused(name: str) -> None:
    assert refused(HOSTILE_TARS[name], "TarGz")


def test_the_tars_above_are_hostile_by_one_thing_alone() -> None:
    assert unpacked(tar(A), "TarGz") == [Entry("a.xml", b"<a/>")]
    assert unpacked(tar(pax(path="x/y", mtime="1.5"), A), "TarGz") == [Entry("x/y", b"<a/>")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_package_is_refused(kind: Kind, share: float) -> None:
    data = packed(SOME, kind)
    assert refused(data[: int(len(data) * share)], kind)


@pytest.mark.parametrize("kind", KINDS)
def test_memory_holds_one_document_at_a_time(kind: Kind) -> None:
    def documents() -> Iterable[Entry]:
        for number in range(300):
            yield Entry(f"{number}.xml", number.to_bytes(4, "big") * 50_000)

    file = io.BytesIO()
    package.write(file, kind, documents())
    measure: Callable[[], tuple[int, int]] = tracemalloc.get_traced_memory
    tracemalloc.start()
    try:
        total = sum(len(entry.content) for entry in package.read(file, kind))
        _, peak = measure()
    finally:
        tracemalloc.stop()
    assert total == 60_000_000
    assert peak < 3_000_000
