"""Hostile and merely wrong XML: each rule has its refusal, and none takes time or memory."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from klucznik.documents import xml
from klucznik.documents.xml import XmlProblem, discouraged, is_discouraged, parse

OUTSIDE = b'<?xml version="1.0"?><a>x</a>'


def refused(data: bytes) -> str:
    with pytest.raises(XmlProblem) as problem:
        parse(data)
    assert problem.value.detail == "Nieprawidłowy XML"
    assert problem.value.why
    return problem.value.kind


@pytest.mark.parametrize(
    "prolog",
    [
        b"",
        b'<?xml version="1.0"?>',
        b'<?xml version="1.0" encoding="UTF-8"?>\n',
        b"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\r\n",
        b'<?xml\n\tversion = "1.0"\n\tencoding = "Utf-8"?>',
        b"<!-- a word before -->\n",
    ],
)
def test_utf8_with_or_without_a_prolog_is_read(prolog: bytes) -> None:
    assert parse(prolog + "<a>zażółć</a>".encode()).text == "zażółć"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xef\xbb\xbf<a/>", "bom"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><a/>', "bom"),
        (b'<?xml version="1.0" encoding="ISO-8859-2"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="utf-16"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "encoding"),
        (b'<?xml version="1.0" encoding="us-ascii"?><a/>', "encoding"),
        ("<a>é</a>".encode("utf-16"), "encoding"),
        ("<a/>".encode("utf-16-le"), "encoding"),
        ("<a/>".encode("utf-16-be"), "encoding"),
        ("<a/>".encode("utf-32-le"), "encoding"),
        (b"<a>\0</a>", "encoding"),
        ("<a>é</a>".encode("latin-1"), "utf8"),
        (b"<a>\xc0\xaf</a>", "utf8"),  # an overlong slash
        (b"<a>\xed\xa0\x80</a>", "utf8"),  # a lone surrogate
        (b"<a>\xf4\x90\x80\x80</a>", "utf8"),  # beyond U+10FFFF
        (b"", "syntax"),
        (b"   ", "syntax"),
        (b"faktura", "syntax"),
        (b'{"a": 1}', "syntax"),
        (b"<a><b></a></b>", "syntax"),
        (b"<a/><a/>", "syntax"),
        (b"<a>&nbsp;</a>", "syntax"),
        (b"<a>\x01</a>", "syntax"),
        (b"<a>\xef\xbf\xbf</a>", "syntax"),  # U+FFFF is not XML at all
        (b"<a>\xef\xbf\xbe</a>", "syntax"),
        (b'<?xml version="1.1"?><a/>', "syntax"),
        (b'<?xml encoding="utf-8"?><a/>', "syntax"),
        (b' <?xml version="1.0"?><a/>', "syntax"),
    ],
)
def test_what_is_not_xml_in_utf8_is_refused(data: bytes, kind: str) -> None:
    assert refused(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml-stylesheet href="x"?><a/>',
        b'<?xml version="1.0"?><?go there?><a/>',
        b"<a><?go?></a>",
        b"<a><b>x<?go?></b></a>",
        b"<a/><?go?>",
    ],
)
def test_a_processing_instruction_is_refused_wherever_it_stands(data: bytes) -> None:
    assert refused(data) == "instruction"


def test_what_only_looks_like_an_instruction_or_a_doctype_is_text() -> None:
    assert parse(b"<a><![CDATA[<?go?> <!DOCTYPE a>]]></a>").text == "<?go?> <!DOCTYPE a>"
    assert parse(b"<!-- <!DOCTYPE a> <?go?> --><a/>").tag == "a"


@pytest.mark.parametrize("open_", [b"<!--", b"<?a", b"<!-- -->\n<?", b"<!DOCTYP a>"])
def test_an_unclosed_prolog_is_no_xml(open_: bytes) -> None:
    assert refused(open_ + b"<!DOCTYPE a><a/>") == "syntax"


def test_comments_hide_nothing() -> None:
    assert parse(b"<a>123456<!-- -->7890</a>").text == "1234567890"
    assert len(parse(b"<a><!-- one --><b/><!-- two --></a>")) == 1


@pytest.mark.parametrize("code", [0x7F, 0x84, 0x86, 0x9F, 0xFDD0, 0xFDEF])
def test_discouraged_ranges_end_exactly_where_the_rule_says(code: int) -> None:
    inside = f"<a>{chr(code)}</a>".encode()
    assert refused(inside) == "characters"
    assert discouraged(inside) == code
    assert parse(inside, allow_discouraged=True).text == chr(code)


@pytest.mark.parametrize("code", [0x7E, 0x85, 0xA0, 0xFDCF, 0xFDF0, 0xFFFD, 0x1FFFD, 0x20000, 0x10FFFD])
def test_their_neighbours_are_welcome(code: int) -> None:
    assert parse(f"<a>{chr(code)}</a>".encode()).text == chr(code)


@pytest.mark.parametrize("plane", range(1, 17))
@pytest.mark.parametrize("last", [0xFFFE, 0xFFFF])
def test_the_last_two_code_points_of_each_plane_are_discouraged(plane: int, last: int) -> None:
    assert refused(f"<a>{chr(plane << 16 | last)}</a>".encode()) == "characters"


def test_discouraged_agrees_with_the_rule_for_every_code_point() -> None:
    every = (code for code in range(0x20, 0x110000) if not 0xD800 <= code <= 0xDFFF)
    assert all((discouraged(chr(code).encode()) is not None) == is_discouraged(code) for code in every)


@pytest.mark.parametrize("reference", ["&#x7F;", "&#127;", "&#xFDD0;", "&#x1FFFE;", "&#x1fffe;"])
def test_a_character_reference_does_not_smuggle_one_in(reference: str) -> None:
    assert refused(f"<a b='{reference}'/>".encode()) == "characters"


def test_a_harmless_reference_is_read() -> None:
    assert parse(b"<a>&#x17C;&#133;&amp;&lt;</a>").text == "ż\x85&<"


BILLION = (
    b'<!DOCTYPE a [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><a>&j;</a>"
)


@pytest.mark.parametrize(
    "data",
    [
        BILLION,
        b"<!DOCTYPE a><a/>",
        b" " * 2_900_000 + b"<!DOCTYPE a><a/>",
        b"<?a?> <!-- -- --> <!DOCTYPE a><a/>",
        b'<?xml version="1.0"?>\n<!-- x --><!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]><a/>',
        b'<!DOCTYPE a [<!ATTLIST a b CDATA "&x;">]><a/>',
    ],
)
def test_a_doctype_is_refused_before_anything_is_expanded(data: bytes) -> None:
    start = time.perf_counter()
    assert refused(data) == "dtd"
    assert time.perf_counter() - start < 0.05


def test_an_external_entity_does_not_reach_a_file(tmp_path: Path) -> None:
    sentinel = tmp_path / "secret.txt"
    sentinel.write_text("canary")
    data = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{sentinel.as_uri()}">]><a>&x;</a>'.encode()
    with pytest.raises(XmlProblem) as problem:
        parse(data)
    assert problem.value.kind == "dtd"
    assert "canary" not in str(problem.value)


def test_xinclude_and_schema_locations_are_plain_data() -> None:
    root = parse(
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        b' xsi:schemaLocation="urn:x http://127.0.0.1:1/x.xsd"><xi:include href="file:///etc/passwd"/></a>'
    )
    assert len(root[0]) == 0
    assert root[0].text is None


def quick(data: bytes, seconds: float = 1.0) -> str:
    start = time.perf_counter()
    try:
        parse(data)
        verdict = "read"
    except XmlProblem as problem:
        verdict = problem.kind
    assert time.perf_counter() - start < seconds
    return verdict


def test_depth_of_ten_thousand() -> None:
    assert quick(b"<a>" * 10_000 + b"</a>" * 10_000) == "depth"


def test_a_million_attributes() -> None:
    data = b"<a " + b" ".join(b'a%d=""' % i for i in range(1_000_000)) + b"/>"
    assert quick(data) == "size"
    fitting = b"<a " + b" ".join(b'a%d=""' % i for i in range(250_000)) + b"/>"
    assert len(fitting) < xml.INVOICE_LIMIT
    assert quick(fitting, seconds=3.0) == "read"


@pytest.mark.parametrize(
    ("piece", "kind"),
    [
        (b"<!--", "syntax"),
        (b"<!-- -->", "read"),
        (b"<?a?>", "instruction"),
        (b"&#32;", "read"),
        (b"<", "syntax"),
    ],
)
def test_repetition_costs_no_more_than_its_length(piece: bytes, kind: str) -> None:
    body = piece * (2_900_000 // len(piece))
    assert quick(b"<a>" + body + b"</a>", seconds=3.0) == kind
    before = quick(body + b"<!DOCTYPE a><a/>", seconds=3.0)
    assert before in ("syntax", "dtd")


MEASURE = """
import re, sys
from pathlib import Path
from klucznik.documents import xml
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
data, before = sys.stdin.buffer.read(), peak()
try:
    xml.parse(data)
except xml.XmlProblem:
    pass
print((peak() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
@pytest.mark.parametrize(
    "data",
    [
        BILLION,
        b"<a>" * 900_000,
        b"<a>" + b"<b/>" * 700_000 + b"</a>",
        b"<a>" + b"<?b?>" * 500_000 + b"</a>",
        b"<a " + b" ".join(b'a%d=""' % i for i in range(250_000)) + b"/>",
        b"<a>" + b"<b c='d'>e</b>" * 180_000 + b"</a>",
    ],
    ids=["billion laughs", "depth", "elements", "instructions", "attributes", "all sorts"],
)
def test_no_document_takes_a_hundred_megabytes(data: bytes) -> None:
    """In a process of its own: a peak is kept for life."""
    measured = subprocess.run([sys.executable, "-c", MEASURE], input=data, capture_output=True, check=True)
    assert int(measured.stdout) < 100


def test_the_size_limit_is_exact() -> None:
    frame = b"<a></a>"
    fits = b"<a>" + b"x" * (xml.INVOICE_LIMIT - len(frame)) + b"</a>"
    assert parse(fits).tag == "a"
    assert refused(fits + b" ") == "size"
    with pytest.raises(XmlProblem):
        parse(OUTSIDE, limit=len(OUTSIDE) - 1)
