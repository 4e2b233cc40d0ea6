"""The door before the signature: refusals, and reading bytes that nobody vouches for yet.

Rules: xades.md section 10, reliability rules for hostile XML: everything is checked on bytes or on
one tree by one parser, nothing is fetched, nothing is expanded.
"""

from __future__ import annotations

import re

from lxml import etree

#: A login document has 5 to 20 KB; an LTA signature with its revocation lists a few hundred.
MAX_BYTES = 1_000_000
#: libxml2 sorts attributes and namespaces of an element by insertion, which is quadratic.
_MAX_ATTRIBUTES = 50
_MAX_NAMESPACES = 500
#: Exclusive canonicalisation may repeat a namespace at every element: a long one makes gigabytes of it.
#: And libxml2 writes namespaces unescaped there: "&", "<" or a quote in one gives text that reads otherwise.
_DECLARES = re.compile(rb"\sxmlns(?=[:=\s])")
_PLAIN = re.compile(rb"(?::[^=\s]{1,64})?\s{0,8}=\s{0,8}(?:\"[^\"'&<]{0,200}\"|'[^\"'&<]{0,200}')")

_UTF8_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']")
_CROWDED = etree.XPath(f"boolean(//*[count(@*) > {_MAX_ATTRIBUTES}])")
_UNSEEN = etree.XPath("boolean(//comment() | //processing-instruction())")


class SignatureProblem(ValueError):
    """A signature KSeF refuses.

    `code` and `detail` are KSeF's (auth.md section 3; `detail` is empty where it has none), `why` is
    what a developer wants to know and KSeF never tells.
    """

    def __init__(self, code: int, detail: str, why: str) -> None:
        super().__init__(f"{code} {detail} ({why})" if detail else f"{code} ({why})")
        self.code = code
        self.detail = detail
        self.why = why


def bad_document(why: str) -> SignatureProblem:
    """Not a document one could look for a signature in."""
    return SignatureProblem(9101, "", why)


def no_signature(why: str) -> SignatureProblem:
    return SignatureProblem(9102, "", why)


def too_many_signatures(why: str) -> SignatureProblem:
    return SignatureProblem(9103, "", why)


def bad_encoding(why: str) -> SignatureProblem:
    return SignatureProblem(21217, "", why)


def negative(why: str) -> SignatureProblem:
    """Computed and found not to match."""
    return SignatureProblem(9105, "Podpis zweryfikowany negatywnie.", why)


def wrong_format(why: str) -> SignatureProblem:
    """A signature of a kind KSeF does not take."""
    return SignatureProblem(9105, "Format podpisu niezgodny z akceptowanymi profilami XAdES.", why)


def unsupported(why: str) -> SignatureProblem:
    """An algorithm or a key outside the tables."""
    detail = "Podpis złożony z użyciem niewspieranego algorytmu kryptograficznego."
    return SignatureProblem(9105, detail, why)


def bad_content(why: str) -> SignatureProblem:
    """Parts are missing, doubled or cannot be read."""
    return SignatureProblem(9105, "Nieprawidłowa treść podpisu.", why)


# One parser for every document: libxml2 keeps its defaults of depth and size (huge_tree=False).
_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    attribute_defaults=False,
    huge_tree=False,
    recover=False,
)


def read(data: bytes, max_bytes: int = MAX_BYTES) -> etree._Element:
    """The root of a UTF-8 document without DTD, comments and processing instructions.

    Raises SignatureProblem 9101 or 21217.
    """
    # (1) Size, before anything reads it.
    if len(data) > max_bytes:
        raise bad_document(f"the document has {len(data)} bytes, at most {max_bytes} are read")
    # (2) UTF-8 and nothing else; a BOM is tolerated.
    _check_encoding(data)
    # (3) No DTD: no entities, no external subset. Case matters in XML, and the bytes are UTF-8.
    if b"<!DOCTYPE" in data:
        raise bad_document("the document has a DOCTYPE; entities and DTDs are refused")
    declarations = _DECLARES.split(data)[1:]
    if len(declarations) > _MAX_NAMESPACES:
        raise bad_document(f"more than {_MAX_NAMESPACES} namespace declarations")
    if not all(map(_PLAIN.match, declarations)):
        raise bad_document("a namespace longer than 200 bytes, or with a quote, '<' or '&' in it")
    try:
        root = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        raise bad_document(f"not well-formed XML: {error.msg}") from None
    if _CROWDED(root):
        raise bad_document(f"an element has more than {_MAX_ATTRIBUTES} attributes")
    # (4) Comments and processing instructions split a text in two: `<Nip>123<!-- -->456</Nip>` reads
    # as 123 in many programs, while canonicalisation drops the comment and the signature holds.
    if root.getprevious() is not None or root.getnext() is not None or _UNSEEN(root):
        raise bad_document("comments and processing instructions are refused: they hide what was signed")
    return root


def reread(octets: bytes) -> etree._Element:
    """Parse canonical octets of a document that `read` has let in."""
    return etree.fromstring(octets, _PARSER)


def _check_encoding(data: bytes) -> None:
    if b"\0" in data[:4] or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise bad_encoding("the document is UTF-16 or UTF-32; KSeF reads UTF-8 only")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise bad_encoding(f"byte {error.start} is not UTF-8") from None
    declared = _DECLARATION.match(data.removeprefix(_UTF8_BOM)[:200])
    if declared and declared[1].lower() != b"utf-8":
        raise bad_encoding(f"the XML declaration says {declared[1].decode()}; KSeF reads UTF-8 only")
