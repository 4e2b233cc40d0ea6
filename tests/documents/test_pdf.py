"""Sheets on paper: what is written can be read, copied and scanned, and is never code."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import StreamObject

from klucznik.documents.view import fit, pdf, press
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
from klucznik.errors import Unreadable
from sheets import (
    KSEF_NUMBER,
    LINK,
    LONG_LINK,
    PANGRAM,
    attachment,
    correction,
    demonstration,
)


def _read(sheet: Sheet) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render(sheet)))


def _words(sheet: Sheet) -> str:
    """The text of all pages, blanks and line ends alike."""
    return " ".join(" ".join(page.extract_text() for page in _read(sheet).pages).split())


def _squeezed(sheet: Sheet) -> str:
    """The text without any blank: lines are broken anywhere in long words."""
    return _words(sheet).replace(" ", "")


def _with(*blocks: Text | Table | Pairs | Total | Columns | Code, made_by: str = "") -> Sheet:
    return Sheet("pl", "Faktura", "FV/1", (Section("all", "Wszystko", blocks),), made_by=made_by)


def test_every_text_of_the_demonstration_is_on_the_paper() -> None:
    words = _words(demonstration())
    for text in (
        "Faktura podstawowa",
        "FV/2026/07/000123",
        KSEF_NUMBER,
        "Sprzedawca",
        "Biuro Rachunkowe „Żółw” Spółka komandytowa",
        "ul. Świętokrzyska 12/4 00-916 Warszawa Polska",
        "Podsumowanie stawek podatku",
        "1 225,00",
        "Razem 10 805,30",
        "12 345,67 PLN",
        "Mechanizm podzielonej płatności",
        "Faktura czeka na przesłanie do KSeF.",
        "CERTYFIKAT",
        "Wytworzona w: Program Ani",
    ):
        assert text in words


def test_polish_letters_are_copied_right() -> None:
    assert PANGRAM in _words(correction())


@pytest.mark.parametrize("landscape", [False, True])
def test_a_page_is_a4_upright_or_across(landscape: bool) -> None:
    box = _read(demonstration(landscape=landscape)).pages[0].mediabox
    size = (round(box.width), round(box.height))
    assert size == ((842, 595) if landscape else (595, 842))


@pytest.mark.parametrize(
    "text",
    [
        '#read("/etc/passwd")',
        "#panic()",
        "$x^2$ @label <label> #",
        "*bold* _italic_ `raw` = Heading",
        "C:\\new\\table \\u{41} \\",
        "/* comment */ // comment",
        "https://example.com/a//b",
        "\"quoted\" 'single' -- --- ...",
        "[brackets] {braces} ~ nbsp",
        '#import "@preview/cetz:0.2.0"',
        "- item + item 1. item",
    ],
)
def test_text_is_data_and_never_markup_or_code(text: str) -> None:
    everywhere = replace(
        _with(
            Text(text),
            Pairs((Pair(text, text), Pair(text, "")), text),
            Table((Column(text), Column("b")), ((text, "1"),), heading=text, foot=(text, "2")),
            Total(text, text),
            Columns(((Text(text, "strong"),), (Text(text, "note"), Text(text, "warning")))),
            Code(LINK, text, text, text),
        ),
        kind=text,
        number=text,
        made_by=text,
        watermark=text,
        ksef_number=text,
        notes=(text,),
    )
    wanted = "".join(text.split())
    # 24 places; the watermark is turned, and copied letter by letter by some readers.
    assert _squeezed(everywhere).count(wanted) >= 22


def test_signs_that_are_hidden_or_without_a_picture_are_shown_by_number() -> None:
    words = _words(_with(Text("sto\u202e001\u202c, dzwonek\x07, 中, 😀, \ud800, koniec")))
    assert "sto[U+202E]001[U+202C], dzwonek[U+0007], [U+4E2D], [U+1F600], [U+D800], koniec" in words
    assert "\x00" not in words


def test_every_sign_not_shown_by_number_has_a_picture() -> None:
    # PDF/UA refuses a sign without one: no refusal is the proof.
    shown = "".join(
        c for n in range(0x20, 0x10000) if not pdf._FOREIGN.search(c := chr(n)) and c != fit.BREAK
    )
    for at in range(0, len(shown), 200):
        pdf.render(_with(Text(shown[at : at + 200])))
    assert len(shown) > 1000


def test_line_ends_are_kept() -> None:
    text = _read(_with(Text("pierwsza\r\ndruga\ntrzecia"))).pages[0].extract_text()
    assert "pierwsza\ndruga\ntrzecia" in text


def test_a_table_of_200_rows_repeats_its_head_on_each_page() -> None:
    reader = _read(demonstration(200))
    texts = [page.extract_text() for page in reader.pages]
    for number, text in enumerate(texts, 1):
        assert f"{number} z {len(texts)}" in text
    with_lines = [text for text in texts if "Szkolenie BHP" in text]
    assert len(with_lines) >= 4
    assert all("Nazwa towaru lub usługi" in text for text in with_lines)
    words = " ".join(texts)
    assert all(f"{n} " in words for n in range(1, 201))
    assert words.count("Szkolenie BHP") == 40


def test_a_row_stays_on_one_page_unless_it_fits_on_none() -> None:
    columns = (Column("Lp.", "right", 0.2), Column("Opis"), Column("Koniec"))
    rows = [(str(n), "\n".join(f"r{n}l{line}" for line in range(9)), f"koniec{n}") for n in range(20)]
    texts = [page.extract_text() for page in _read(_with(Table(columns, rows))).pages]
    assert len(texts) > 1
    for n in range(20):
        assert any(f"r{n}l0" in text and f"r{n}l8" in text for text in texts)
    high = _read(_with(Table(columns, (("1", "wiersz\n" * 150, "koniec"),))))
    assert sum(page.extract_text().count("wiersz") for page in high.pages) == 150


def test_sums_a_heading_or_a_note_never_stand_alone() -> None:
    table = Table((Column("Lp."), Column("Kwota", "right")), (("1", "raz"), ("2", "dwa")), foot=("", "Suma"))
    broken = False
    for lines in range(40, 75):
        filler = Section("filler", "", (Text("\n".join(["wiersz"] * lines)),))
        rates = Section("rates", "Stawki", (Text("Waluta", "note"), Pairs((Pair("Opis", "tu"),)), table))
        pages = _read(Sheet("pl", "Faktura", "FV/1", (filler, rates))).pages
        (page,) = (page for page in pages if "Stawki" in page.extract_text())
        assert all(word in page.extract_text() for word in ("Waluta", "Opis", "Kwota", "raz", "dwa", "Suma"))
        broken = broken or (len(pages) == 2 and page is pages[1])
    assert broken


def test_the_last_line_stays_with_the_code() -> None:
    for lines in range(40, 60):
        sheet = _with(Text("\n".join(["wiersz"] * lines)), Code(LINK, "OFFLINE", "Kod", ""), made_by="Ołówek")
        assert "OFFLINE" in next(
            text for page in _read(sheet).pages if "Ołówek" in (text := page.extract_text())
        )


@pytest.mark.parametrize("link", [LINK, "https://a.example"])
def test_the_white_around_a_code_covers_no_writing(link: str) -> None:
    boxes = []
    for blocks in ((Text("ygpqj", "plain"),), (Text("ygpqj"), Code(link, "", "", "", 150))):
        sheet = Sheet("pl", "", "", (Section("all", "", blocks[:1]), Section("code", "", blocks[1:])))
        with Image.open(io.BytesIO(pdf.pages(sheet, ppi=144)[0])) as picture:
            # Below the rule under the title, above the code.
            grey = picture.convert("L").crop((80, 130, 300, 190))
        boxes.append(grey.point(lambda level: 255 if level < 200 else 0).getbbox())
    assert boxes[0] is not None
    assert boxes[0] == boxes[1]


def test_pages_are_counted_in_the_language_of_the_sheet() -> None:
    assert "1 of 1" in _words(correction())


def test_a_long_word_is_broken_on_paper_and_whole_when_copied() -> None:
    word = "SERIAL" + "0123456789" * 12
    assert word in _squeezed(correction())
    text = _read(correction()).pages[0].extract_text()
    assert word not in text
    assert "\u200b" not in text
    assert "\u00ad" not in text


def test_nothing_runs_over_the_margin() -> None:
    word = "W" * 300
    table = Table(
        tuple(Column(word[:60], side, 0.2) for side in ("left", "right", "center")), ((word, word, word),)
    )
    sheet = _with(
        Text(word),
        Pairs((Pair(word, word),), word),
        table,
        Columns(((Text(word),), (Pairs((Pair("a", word),)),), (Total(word, "1 000,00"),))),
        Code(LONG_LINK, word, word, word),
    )
    sheet = replace(sheet, kind=word, number=word, made_by=word, ksef_number=KSEF_NUMBER, notes=(word,))
    for page in pdf.pages(sheet, ppi=72):
        with Image.open(io.BytesIO(page)) as picture:
            grey = picture.convert("L")
        assert grey.size == (595, 842)
        ink = grey.point(lambda level: 255 if level < 200 else 0).getbbox()
        assert ink is not None
        assert ink[0] >= 36
        assert ink[2] <= 595 - 36


def test_a_hash_beside_a_long_label_is_not_broken() -> None:
    digest = "kyqH+QUgP8ATWd/95IY632mP4uqibwG66Oqclq9+qno="
    pairs = Pairs((Pair("Nazwa pliku XSD struktury logicznej przesłanego dokumentu", digest),))
    sheet = replace(_with(Columns(((pairs,), (Text("obok"),)))), landscape=True)
    assert digest in _read(sheet).pages[0].extract_text()


def test_amounts_are_never_broken() -> None:
    columns = (Column("Nazwa", weight=50), *(Column("Kwota", "right", 0.1) for _ in range(8)))
    amount = "-1 234 567,89 PLN"
    text = _read(_with(Table(columns, (("słowo " * 30, *[amount] * 8),)))).pages[0].extract_text()
    assert text.count(amount.replace(" ", "\u00a0")) == 8


def test_twenty_columns_keep_all_their_words() -> None:
    squeezed = _squeezed(attachment(20))
    for n in range(20):
        assert f"Kolumna{n}" in squeezed
    assert "621936,00" in squeezed


def test_a_row_before_a_correction_is_marked() -> None:
    text = _read(correction()).pages[0].extract_text()
    assert text.count("BEFORE CORRECTION") == 1
    assert text.index("BEFORE CORRECTION") < text.index("108,00")
    polish = replace(correction(), language="pl")
    assert "PRZED KOREKTĄ" in _words(polish)


def test_the_mark_of_a_row_before_a_correction_takes_no_line_of_its_own() -> None:
    columns = (Column("Nazwa", weight=0.5), *(Column("Wartość", "right", 3) for _ in range(6)))
    table = Table(columns, (("Marchew", *["1,00"] * 6),) * 2, before=frozenset([0]))
    text = _read(replace(_with(table), language="en")).pages[0].extract_text()
    assert "BEFORE CORRECTION Marchew" in " ".join(text.split("  "))


@pytest.mark.parametrize("landscape", [False, True])
def test_the_codes_are_read_back_from_the_paper(landscape: bool) -> None:
    found = set()
    for page in pdf.pages(demonstration(landscape=landscape, watermark="PRZYKŁAD"), ppi=150):
        with Image.open(io.BytesIO(page)) as picture:
            found |= {code.text for code in zxingcpp.read_barcodes(picture)}
    assert found == {LINK, LONG_LINK}


def test_links_are_clickable_only_when_they_are_of_the_web() -> None:
    sheet = _with(
        Pairs(
            (
                Pair("a", "zapłać", "https://pay.example.com/p"),
                Pair("b", "zapłać", "javascript:alert(1)"),
                Pair("c", "zapłać", "file:///etc/passwd"),
                Pair("d", "zapłać", "https://a b"),
            )
        ),
        Code("javascript:alert(2)", "OFFLINE", "x", "y"),
    )
    links = [
        note.get_object()["/A"]["/URI"] for page in _read(sheet).pages for note in page.get("/Annots", ())
    ]
    assert set(links) == {"https://pay.example.com/p"}


def test_metadata_language_and_tags() -> None:
    reader = _read(demonstration())
    assert reader.metadata is not None
    assert reader.metadata.title == "Faktura podstawowa FV/2026/07/000123"
    root = reader.root_object
    assert str(root["/Lang"]) == "pl"
    assert "/StructTreeRoot" in root
    metadata = root["/Metadata"]
    assert isinstance(metadata, StreamObject)
    assert b"pdfuaid" in metadata.get_data()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.integers(0, 30))
def test_any_text_anywhere_obeys_pdf_ua(text: str, rows: int) -> None:
    table = Table(
        (Column(text), Column(text, "right")), ((text, text),) * rows, text, frozenset({0}), (text, "")
    )
    inside = (Text(text), Pairs((Pair(text, text), Pair(text, "")), text), table, Total(text, text))
    sections = (Section("a", text, inside), Section("b", "", (Columns((inside, inside)), *inside)))
    sheet = Sheet("pl", text, text, sections, text, text, text, False, text, text, (text,))
    metadata = _read(sheet).root_object["/Metadata"]
    assert isinstance(metadata, StreamObject)
    assert b"pdfuaid" in metadata.get_data()


def test_the_outline_names_the_sections() -> None:
    def titles(outline: object) -> list[str]:
        if isinstance(outline, list):
            return [title for one in outline for title in titles(one)]
        assert isinstance(outline, dict)
        return [str(outline["/Title"])]

    assert "Podsumowanie stawek podatku" in titles(_read(demonstration()).outline)


def test_the_watermark_lies_on_each_page() -> None:
    marked = pdf.pages(demonstration(40, watermark="PRZYKŁAD"), ppi=40)
    bare = pdf.pages(replace(demonstration(40, watermark="PRZYKŁAD"), watermark=""), ppi=40)
    assert len(marked) == len(bare) > 1
    assert all(one != other for one, other in zip(marked, bare, strict=True))


def test_the_same_sheet_gives_the_same_bytes() -> None:
    first = pdf.render(demonstration())
    pdf.render(correction())
    assert pdf.render(demonstration()) == first
    later = pdf.render(demonstration(), created=1_782_907_200)
    assert later != first
    created = PdfReader(io.BytesIO(later)).metadata
    assert created is not None
    assert str(created.creation_date).startswith("2026-07-01 12:00")


def test_threads_print_at_once() -> None:
    expected = pdf.render(correction())
    made: list[bytes] = []

    def work() -> None:
        made.extend(pdf.render(correction()) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [expected] * 20


@pytest.mark.parametrize(
    "sheet",
    [
        Sheet("pl", "", "", ()),
        Sheet("xx", "K", "", (Section("a", "", ()),)),
        _with(Table((), ())),
        _with(Table((Column(""),), ())),
        _with(Table((Column("a"), Column("b", weight=0)), (("", ""),))),
        _with(Columns(())),
        _with(Columns(((), ()))),
        _with(Pairs(())),
        _with(Pairs((Pair("", ""),))),
        _with(Text("")),
        Sheet("pl", "K", "1", (Section("a", "", (Pairs((Pair("a", "b"),), "bez sekcji"),)),)),
        Sheet("pl", "K", "1", (), watermark="x\ny", notes=("",), made_by=" "),
    ],
)
def test_a_sheet_with_little_on_it_is_still_a_page(sheet: Sheet) -> None:
    assert len(_read(sheet).pages) == 1


def test_a_refusal_of_typst_is_an_error_of_ours() -> None:
    with pytest.raises(Unreadable) as refused:
        press.run("paper.typ", {"sheet": json.dumps({})}, "pdf")
    assert refused.value.hint
