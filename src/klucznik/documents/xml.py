"""Reading XML that strangers send: bytes in, an element tree out, or a numbered reason why not.

Rules: invoice-verification.md section 3, reliability.md C 24-26 and 63-66. Nothing outside the bytes
is ever touched: no DTD, no entities, no network, no XInclude, no schemaLocation.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal

from lxml import etree

from klucznik.errors import Unreadable
from klucznik.lang import both, in_language, language

#: What is wrong. `bom` is status 430 for an invoice, everything else 450 (invoice-verification.md section 1).
XmlFault = Literal["bom", "encoding", "utf8", "dtd", "instruction", "characters", "size", "depth", "syntax"]

#: The greatest document an invoice may be, in bytes (with attachment).
INVOICE_LIMIT: Final = 3_000_000

#: The wire text of status 450 for a document that is not acceptable XML.
WRONG_XML: Final = "Nieprawidłowy XML"


class XmlProblem(Unreadable):
    """Not XML as KSeF takes it: `kind` to branch on, `detail` for the wire, `why` for a person, twice:
    in English and Polish (`lang.both`)."""

    def __init__(self, kind: XmlFault, why: str, detail: str = WRONG_XML) -> None:
        super().__init__(in_language(why, language()))
        self.kind: XmlFault = kind
        self.detail = detail
        self.why = why


_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(
    rb"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*["']([^"'<]*)["']"""
    rb"""(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*["']([^"'<]*)["'])?"""
    rb"""(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*["'](?:yes|no)["'])?[ \t\r\n]*\?>"""
)

# Every discouraged character starts, in UTF-8, with one of these bytes; most documents hold none of
# them, and deleting all other bytes (1 µs) says so ten times faster than any search.
_LEADING = bytes({0x7F, 0xC2, 0xEF, 0xF0, 0xF1, 0xF2, 0xF3, 0xF4})
_HARMLESS = bytes(set(range(256)) - set(_LEADING))
# One expression for each first byte: what begins with a fixed one is searched at the speed of memory.
_DISCOURAGED = (
    re.compile(rb"\x7f"),  # U+007F
    re.compile(rb"\xc2[\x80-\x84\x86-\x9f]"),  # U+0080-0084, 0086-009F: U+0085 is allowed
    re.compile(rb"\xef\xb7[\x90-\xaf]"),  # U+FDD0-FDEF
)
_PLANE_END = re.compile(rb"[\xf0-\xf4][\x80-\xbf]\xbf[\xbe\xbf]")  # candidates for the last two of each plane
# The last two code points of a plane are F? ?F BF BE/BF; the second byte must end in hex F.
_PLANE_END_SECOND = frozenset({0x8F, 0x9F, 0xAF, 0xBF})

_BLANKS = re.compile(rb"[ \t\r\n]+")
# Zeros may lead, as many as one likes; beyond seven digits no character is left.
_REFERENCE = re.compile(rb"&#(?:x0*([0-9A-Fa-f]{1,6})|0*([0-9]{1,7}));")


def is_discouraged(code: int) -> bool:
    """Whether the code point is one KSeF discourages. Rule: invoice-verification.md section 3."""
    return (
        0x7F <= code <= 0x84
        or 0x86 <= code <= 0x9F
        or 0xFDD0 <= code <= 0xFDEF
        or (code > 0xFFFF and code & 0xFFFE == 0xFFFE)
    )


def discouraged(data: bytes) -> int | None:
    """The first discouraged code point that stands as itself in UTF-8 bytes, comments included, or None."""
    leading = data.translate(None, _HARMLESS)
    if not leading:
        return None
    places = [found.start() for one in _DISCOURAGED if (found := one.search(data))]
    if max(leading) >= 0xF0:
        ends = (found.start() for found in _PLANE_END.finditer(data))
        places += islice((at for at in ends if data[at + 1] in _PLANE_END_SECOND), 1)
    return ord(data[min(places) : min(places) + 4].decode(errors="ignore")[0]) if places else None


def _referred(data: bytes, root: etree._Element) -> int | None:
    """A discouraged code point that the document holds by a character reference, however written.

    In CDATA and comments `&#127;` is plain text. So what looks like a reference only raises the question;
    the answer is in the tree, whose serialisation has every character of texts, attributes and namespaces
    as itself.
    """
    for found in _REFERENCE.finditer(data) if b"&" in data and b"&#" in data else ():
        if is_discouraged(int(found[1], 16) if found[1] else int(found[2])):
            return discouraged(etree.tostring(root, encoding="utf-8"))
    return None


def _check_declaration(data: bytes) -> int:
    """Length of the XML declaration, 0 without one. It may name UTF-8 and version 1.0 only."""
    if not data.startswith((b"<?xml ", b"<?xml\t", b"<?xml\r", b"<?xml\n")):
        return 0
    declaration = _DECLARATION.match(data)
    if declaration is None:
        raise XmlProblem(
            "syntax", both("the XML declaration is malformed", "deklaracja XML jest niepoprawna")
        )
    version, encoding = declaration[1], declaration[2]
    if encoding is not None and encoding.lower() != b"utf-8":
        name = encoding[:40].decode("ascii", "backslashreplace")
        raise XmlProblem(
            "encoding",
            both(
                f"the declaration names {name}, only UTF-8 is taken", f"deklaracja podaje {name}, a nie UTF-8"
            ),
        )
    if version != b"1.0":
        raise XmlProblem("syntax", both("only XML 1.0 is taken", "przyjmowany jest tylko XML 1.0"))
    return declaration.end()


def _has_doctype(data: bytes, start: int) -> bool:
    """Whether a DOCTYPE stands before the root. Linear: comments and instructions are jumped over."""
    if b"!" not in data or b"<!DOCTYPE" not in data:  # a single byte is found ten times as fast
        return False
    at = start
    while True:
        at = _blanks_end(data, at)
        if data.startswith(b"<!--", at):
            close = data.find(b"-->", at + 4) + 3
        elif data.startswith(b"<?", at):
            close = data.find(b"?>", at + 2) + 2
        else:
            return data.startswith(b"<!DOCTYPE", at)
        if close < at:  # never closed: the parser will say so
            return False
        at = close


def _blanks_end(data: bytes, at: int) -> int:
    blanks = _BLANKS.match(data, at)
    return blanks.end() if blanks else at


class _Parsers(threading.local):
    """A parser for each thread: no lock, no error log shared.

    Comments are dropped while parsing, so that `<NIP>12<!-- -->34</NIP>` reads 1234 everywhere and
    nothing can hide behind one (reliability.md C 21).
    """

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
        )


_own: Final = _Parsers()


def parse(
    data: bytes, *, limit: int = INVOICE_LIMIT, allow_discouraged: bool = False, allow_bom: bool = False
) -> etree._Element:
    """The root element of an XML 1.0 document in UTF-8, without comments.

    `limit` is in bytes. `allow_discouraged` is for the PRD profile, which accepts such characters
    with a warning, `allow_bom` for receipts (upo.md section 2).
    Raises `XmlProblem`.
    """
    # (1) Size first: nothing is worth scanning beyond it.
    if len(data) > limit:
        raise XmlProblem("size", both(f"longer than {limit} bytes", f"dłuższy niż {limit} bajtów"))
    # (2) Encoding: UTF-8 without mark, whatever the parser would guess from the first bytes.
    if data.startswith(_BOM):
        if not allow_bom:
            raise XmlProblem(
                "bom", both("starts with a byte order mark (EF BB BF)", "zaczyna się znakiem BOM (EF BB BF)")
            )
        data = data[len(_BOM) :]
        if data.startswith(_BOM):  # the parser would pass over it without a word
            raise XmlProblem("syntax", both("two byte order marks", "dwa znaczniki BOM"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise XmlProblem(
            "encoding", both("not UTF-8 (UTF-16 or UTF-32?)", "nie jest UTF-8 (UTF-16 lub UTF-32?)")
        )
    start = _check_declaration(data)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise XmlProblem(
            "utf8", both(f"invalid UTF-8 at byte {error.start}", f"niepoprawny UTF-8 w bajcie {error.start}")
        ) from None
    # (3) No DTD: entities and external references are gone before the parser sees them.
    if _has_doctype(data, start):
        raise XmlProblem("dtd", both("a DOCTYPE is not allowed", "DOCTYPE jest niedozwolony"))
    # (4) Well-formed, nested at most 256 deep.
    try:
        root = etree.fromstring(data, _own.parser)
    except etree.XMLSyntaxError as error:
        if "xcessive depth" in error.msg:
            raise XmlProblem("depth", both("nested too deeply", "zbyt głęboko zagnieżdżony")) from None
        line = error.lineno or 0
        raise XmlProblem(
            "syntax", both(f"not well-formed XML, line {line}", f"XML niepoprawny składniowo, wiersz {line}")
        ) from None
    # (5) No processing instructions. "<?" may stand in CDATA or a comment: the tree decides.
    if (
        data.find(b"?", start) >= 0
        and data.find(b"<?", start) >= 0
        and next(_instructions(root), None) is not None
    ):
        raise XmlProblem(
            "instruction",
            both("a processing instruction is not allowed", "instrukcja przetwarzania jest niedozwolona"),
        )
    # (6) No discouraged characters.
    if not allow_discouraged:
        code = discouraged(data)
        if code is None:
            code = _referred(data, root)
        if code is not None:
            raise XmlProblem(
                "characters",
                both(f"holds U+{code:04X}, not allowed", f"zawiera niedozwolony znak U+{code:04X}"),
            )
    return root


def _instructions(root: etree._Element) -> Iterator[etree._Element]:
    """Processing instructions anywhere: before, inside and after the root."""
    yield from root.itersiblings(etree.PI, preceding=True)
    yield from root.iter(etree.PI)
    yield from root.itersiblings(etree.PI)
