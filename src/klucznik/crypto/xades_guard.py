"""The door before the signature: refusals, and reading bytes that nobody vouches for yet.

Rules: xades.md section 10, reliability rules for hostile XML: everything is checked on bytes or on
one tree by one parser, nothing is fetched, nothing is expanded.
"""

from __future__ import annotations

import re

from lxml import etree

from klucznik.lang import both, in_language

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
    what a developer wants to know and KSeF never tells, in both languages.
    """

    def __init__(self, code: int, detail: str, why: str) -> None:
        said = in_language(why, "en")
        super().__init__(f"{code} {detail} ({said})" if detail else f"{code} ({said})")
        self.code = code
        self.detail = detail
        self.why = why


def bad_document(en: str, pl: str) -> SignatureProblem:
    """Not a document one could look for a signature in."""
    return SignatureProblem(9101, "", both(en, pl))


def no_signature(en: str, pl: str) -> SignatureProblem:
    return SignatureProblem(9102, "", both(en, pl))


def too_many_signatures(en: str, pl: str) -> SignatureProblem:
    return SignatureProblem(9103, "", both(en, pl))


def bad_encoding(en: str, pl: str) -> SignatureProblem:
    return SignatureProblem(21217, "", both(en, pl))


def negative(en: str, pl: str) -> SignatureProblem:
    """Computed and found not to match."""
    return SignatureProblem(9105, "Podpis zweryfikowany negatywnie.", both(en, pl))


def wrong_format(en: str, pl: str) -> SignatureProblem:
    """A signature of a kind KSeF does not take."""
    return SignatureProblem(9105, "Format podpisu niezgodny z akceptowanymi profilami XAdES.", both(en, pl))


def unsupported(en: str, pl: str) -> SignatureProblem:
    """An algorithm or a key outside the tables."""
    detail = "Podpis złożony z użyciem niewspieranego algorytmu kryptograficznego."
    return SignatureProblem(9105, detail, both(en, pl))


def bad_content(en: str, pl: str) -> SignatureProblem:
    """Parts are missing, doubled or cannot be read."""
    return SignatureProblem(9105, "Nieprawidłowa treść podpisu.", both(en, pl))


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
        raise bad_document(
            f"the document has {len(data)} bytes, at most {max_bytes} are read",
            f"dokument ma {len(data)} bajtów, czytanych jest najwyżej {max_bytes}",
        )
    # (2) UTF-8 and nothing else; a BOM is tolerated.
    _check_encoding(data)
    # (3) No DTD: no entities, no external subset. Case matters in XML, and the bytes are UTF-8.
    if b"<!DOCTYPE" in data:
        raise bad_document(
            "the document has a DOCTYPE; entities and DTDs are refused",
            "dokument ma DOCTYPE; encje i DTD są odrzucane",
        )
    declarations = _DECLARES.split(data)[1:]
    if len(declarations) > _MAX_NAMESPACES:
        raise bad_document(
            f"more than {_MAX_NAMESPACES} namespace declarations",
            f"ponad {_MAX_NAMESPACES} deklaracji przestrzeni nazw",
        )
    if not all(map(_PLAIN.match, declarations)):
        raise bad_document(
            "a namespace longer than 200 bytes, or with a quote, '<' or '&' in it",
            "przestrzeń nazw dłuższa niż 200 bajtów albo z cudzysłowem, '<' lub '&'",
        )
    try:
        root = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        raise bad_document(
            f"not well-formed XML: {error.msg}", f"niepoprawny składniowo XML: {error.msg}"
        ) from None
    if _CROWDED(root):
        raise bad_document(
            f"an element has more than {_MAX_ATTRIBUTES} attributes",
            f"element ma ponad {_MAX_ATTRIBUTES} atrybutów",
        )
    # (4) Comments and processing instructions split a text in two: `<Nip>123<!-- -->456</Nip>` reads
    # as 123 in many programs, while canonicalisation drops the comment and the signature holds.
    if root.getprevious() is not None or root.getnext() is not None or _UNSEEN(root):
        raise bad_document(
            "comments and processing instructions are refused: they hide what was signed",
            "komentarze i instrukcje przetwarzania są odrzucane: ukrywają, co podpisano",
        )
    return root


def reread(octets: bytes) -> etree._Element:
    """Parse canonical octets of a document that `read` has let in."""
    return etree.fromstring(octets, _PARSER)


def _check_encoding(data: bytes) -> None:
    if b"\0" in data[:4] or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise bad_encoding(
            "the document is UTF-16 or UTF-32; KSeF reads UTF-8 only",
            "dokument jest w UTF-16 albo UTF-32; KSeF czyta tylko UTF-8",
        )
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise bad_encoding(
            f"byte {error.start} is not UTF-8", f"bajt {error.start} nie jest w UTF-8"
        ) from None
    declared = _DECLARATION.match(data.removeprefix(_UTF8_BOM)[:200])
    if declared and declared[1].lower() != b"utf-8":
        said = declared[1].decode()
        raise bad_encoding(
            f"the XML declaration says {said}; KSeF reads UTF-8 only",
            f"deklaracja XML podaje {said}; KSeF czyta tylko UTF-8",
        )
