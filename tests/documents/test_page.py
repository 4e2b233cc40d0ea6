"""Sheets as HTML: whole, readable by all, and never a way in for the issuer of an invoice."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from lxml import html as lxml_html

from klucznik.documents.view import page
from klucznik.documents.view.blocks import (
    Code,
    Column,
    Columns,
    Pair,
    Pairs,
    Section,
    Sheet,
    Table,
    Text,
    Total,
)
from sheets import KSEF_NUMBER, LINK, PANGRAM, attachment, correction, demonstration

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</article></main><iframe src=//evil.example></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    "<!--<script>",
    "<![CDATA[<script>]]>",
    "&lt;script&gt;",
    "<base href=//evil.example>",
    '<meta http-equiv="refresh" content="0;url=//evil.example">',
    "<link rel=stylesheet href=//evil.example>",
    "<form action=//evil.example><input>",
    "{{7*7}} ${7*7} {% x %}",
]
LINKS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil.example",
    "ftp://evil.example",
    'https://a.example/" onclick="alert(1)',
    "https://a.example/\u202egpj",
    "https://a.example/\njavascript:alert(1)",
    "https:",
    "",
]
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "article", "header", "section", "footer"),
    *("div", "p", "small", "span", "strong", "h1", "h2", "h3", "dl", "dt", "dd", "a", "figure"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "svg", "path", "text"),
}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "class", "id", "href", "rel", "role", "tabindex", "scope"),
    *("aria-label", "aria-hidden", "xmlns", "viewbox", "width", "fill", "d", "shape-rendering", "x", "y"),
    *("font-size", "font-weight", "font-family", "text-anchor"),
}


def _everywhere(text: str, link: str = "") -> Sheet:
    blocks = (
        Text(text),
        Text(text, "warning"),
        Pairs((Pair(text, text, link), Pair(text, ""), Pair("", text, link)), text),
        Table(
            (Column(text), Column("b", "right")),
            ((text, text), (text, text)),
            text,
            frozenset({0}),
            (text, ""),
        ),
        Total(text, text),
        Columns(((Text(text),), (Pairs((Pair("a", text, link),)),))),
        Code(link or LINK, text, text, text),
    )
    return Sheet(
        "pl",
        text,
        text,
        (Section(text, text, blocks),),
        text,
        text,
        text,
        watermark=text,
        made_by=text,
        notes=(text,),
    )


def _harmless(made: str) -> lxml_html.HtmlElement:
    root = lxml_html.document_fromstring(made)
    for element in root.iter():
        assert element.tag in TAGS, element.tag
        assert {name.lower() for name in element.attrib} <= ATTRIBUTES, element.attrib
    for link in root.iter("a"):
        assert re.match(r"https?://", str(link.attrib["href"]))
        assert "noopener" in link.attrib["rel"]
    assert len(list(root.iter("style"))) == 1
    return root


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_of_strangers_stays_text(attack: str) -> None:
    root = _harmless(page.html(_everywhere(attack)))
    shown = "".join(map(str, root.itertext()))
    assert shown.count(attack) >= 22
    [section] = root.iter("section")
    assert section.attrib["id"] == attack


@pytest.mark.parametrize("link", LINKS)
def test_links_lead_to_the_web_or_are_none(link: str) -> None:
    root = _harmless(page.html(_everywhere("słowo", link)))
    assert [found.attrib["href"] for found in root.iter("a")] == ([] if link else [LINK])


def test_web_links_are_kept_whole() -> None:
    link = "https://pay.example.com/p?a=1&b=%22x%22#frag"
    root = _harmless(page.html(_everywhere("słowo", link)))
    assert {found.attrib["href"] for found in root.iter("a")} == {link}


def test_hidden_signs_are_shown() -> None:
    made = page.html(_everywhere("a\u202eb\x00c\ud800d\x1b[2Je"))
    assert "a[U+202E]b[U+0000]c[U+D800]d[U+001B][2Je" in made
    made.encode()


def test_a_page_needs_nothing_else() -> None:
    made = page.html(demonstration(watermark="PRZYKŁAD"))
    root = _harmless(made)
    [style] = root.iter("style")
    assert "url(" not in style.text
    assert "@import" not in style.text
    assert 'style="' not in made
    assert root.attrib["lang"] == "pl"
    assert root.findtext("head/title") == "Faktura podstawowa FV/2026/07/000123"


@pytest.mark.parametrize("sheet", [demonstration(), correction(), attachment(20), _everywhere("x")], ids=str)
def test_headings_follow_one_another(sheet: Sheet) -> None:
    root = lxml_html.document_fromstring(page.html(sheet))
    levels = [int(element.tag[1]) for element in root.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_can_be_read_aloud() -> None:
    root = lxml_html.document_fromstring(page.html(demonstration(200)))
    tables = list(root.iter("table"))
    assert len(tables) == 2
    for table in tables:
        heads = table.findall("thead/tr/th")
        assert heads
        assert all(head.attrib["scope"] == "col" for head in heads)
        assert all(len(row) == len(heads) for row in table.iter("tr"))
        region = table.getparent()
        assert region is not None
        assert (region.attrib["role"], region.attrib["tabindex"]) == ("group", "0")
        assert region.attrib["aria-label"]
    assert len(tables[0].findall("tbody/tr")) == 200
    assert [cell.text for cell in tables[1].findall("tfoot/tr/td")][1] == "Razem"
    caption = lxml_html.document_fromstring(page.html(correction())).find(".//caption")
    assert caption is not None
    assert caption.text == "Corrected lines"


def test_every_text_of_the_demonstration_is_shown() -> None:
    root = lxml_html.document_fromstring(page.html(demonstration()))
    shown = "".join(map(str, root.itertext()))
    for text in ("Faktura podstawowa", KSEF_NUMBER, "1 225,00", "12 345,67 PLN", "CERTYFIKAT", "Razem", LINK):
        assert text in shown
    assert PANGRAM in page.html(correction())
    [address, *_] = [dd.text for dd in root.iter("dd") if dd.text and "00-916" in dd.text]
    assert address == "ul. Świętokrzyska 12/4\n00-916 Warszawa\nPolska"


def test_rows_before_a_correction_are_marked_and_named() -> None:
    root = lxml_html.document_fromstring(page.html(correction()))
    [row] = root.findall(".//tr[@class='before']")
    assert "before correction" in "".join(map(str, row.itertext()))
    polish = page.html(replace(correction(), language="pl"))
    assert polish.count("przed korektą") == 1


def test_anchors_are_unlike_one_another() -> None:
    section = Section("third-party", "Podmiot inny", (Text("x"),))
    made = page.html(Sheet("pl", "K", "1", (section, section, section)))
    root = lxml_html.document_fromstring(made)
    assert [one.attrib["id"] for one in root.iter("section")] == [
        "third-party",
        "third-party-2",
        "third-party-3",
    ]


def test_a_fragment_is_one_article_at_the_level_wished() -> None:
    made = page.fragment(demonstration(), level=2)
    root = lxml_html.fragment_fromstring(made)
    assert root.tag == "article"
    assert root.find(".//h1") is None
    assert "<style" not in made
    assert made in page.html(demonstration()).replace("h3>", "h4>").replace("h2>", "h3>").replace(
        "h1>", "h2>"
    )


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("ink", "#ffffff"),
        ("muted", "#ffffff"),
        ("accent", "#ffffff"),
        ("ink", "tint"),
        ("muted", "amber-tint"),
        ("ink", "amber-tint"),
        ("#ffffff", "amber"),
    ],
)
def test_contrasts_are_those_of_wcag_aa(ink: str, paper: str) -> None:
    colours = dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", page.STYLE))
    light, dark = sorted((_luminance(colours.get(one, one)) for one in (ink, paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5
