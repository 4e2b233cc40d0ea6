"""What a person reads of an invoice: each section, its labels and values, their order."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from documents import generate
from documents import view_samples as samples
from documents.view_samples import dump, made
from klucznik import lang
from klucznik.documents import fa, read, rr, types
from klucznik.documents import facts as facts_of
from klucznik.documents.forms import FA2, FA3, FA_RR1, Form
from klucznik.documents.model import Node
from klucznik.documents.view import invoices, page, pdf, pef, words
from klucznik.documents.view.blocks import Code, Sheet, Table
from klucznik.documents.view.sections import attachment

LINK = (
    "https://qr-test.ksef.mf.gov.pl/invoice/5265877635/01-07-2026/UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE"
)
SECOND = "https://qr-test.ksef.mf.gov.pl/certificate/Nip/5265877635/5265877635/01F20A5D352AE590/x/y"

PLAIN: dict[str, Any] = {
    "Podmiot1": samples.CORRECTION["Podmiot1"],
    "Podmiot2": samples.DISCOUNT["Podmiot2"],
    "Fa": {
        "P_1": "2026-07-01",
        "P_2": "FV/1",
        "FaWiersz": [{"P_7": "Ołówek", "P_8B": "2", "P_9A": "10.00", "P_12": "23"}],
    },
}


def plain(**body: Any) -> fa.Faktura:
    """A small invoice with more in its body."""
    data = copy.deepcopy(PLAIN)
    data["Fa"] |= body
    invoice = made(data)
    assert isinstance(invoice, fa.Faktura)
    return invoice


def shown(invoice: fa.Faktura | rr.Faktura, language: str = "pl", **more: str) -> str:
    return dump(invoices.sheet(invoice, language=language, **more))


def section(text: str, anchor: str) -> str:
    """One section of a dump."""
    found = [part for part in text.split("\n== ") if f"[{anchor}]" in part.partition("\n")[0]]
    assert found, f"{anchor} is not shown"
    return found[0]


def anchors(sheet: Sheet) -> list[str]:
    return [one.anchor for one in sheet.sections]


# ---- whole invoices --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", samples.GOLDEN)
def test_the_sheet_is_what_it_was(name: str) -> None:
    path, now = samples.golden(name)
    assert now == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", samples.GOLDEN)
def test_the_samples_are_valid_invoices(name: str) -> None:
    from klucznik.documents import build

    assert build.xml_of(made(samples.GOLDEN[name][0]))


def test_the_sections_stand_in_the_official_order() -> None:
    sheet = invoices.sheet(made(samples.EXPORT), language="pl", invoice_link=LINK)
    assert anchors(sheet) == [
        "parties",
        "third-party",
        "third-party",
        "third-party",
        "authorised",
        "details",
        "lines",
        "tax",
        "notes",
        "additional",
        "settlement",
        "payment",
        "terms",
        "transport",
        "warehouse",
        "registers",
        "footer",
        "codes",
    ]


def test_what_is_empty_is_not_shown() -> None:
    sheet = invoices.sheet(plain(), language="pl")
    assert anchors(sheet) == ["parties", "details", "lines", "tax"]
    text = dump(sheet)
    for label in ("Numer EORI", "Tel.", "Miejsce wystawienia", "Rabat", "GTIN", "None", "Numer KSeF"):
        assert label not in text


def test_every_sample_of_the_ministry_is_shown(official_invoice: Callable[[str], bytes]) -> None:
    names = ("fa2-basic", "fa3-basic", "fa3-attachment", "fa3-custom-subject3", "fa3-pdf-generator-full")
    for name in (*names, "fa3-self-invoicing", "fa-rr1-basic"):
        sheet = invoices.sheet(read.invoice(official_invoice(name)), invoice_link=LINK)
        assert pdf.render(sheet).startswith(b"%PDF")
        assert sheet.number in page.html(sheet)


# ---- header, languages, codes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "polish", "english"),
    [
        ("VAT", "Faktura podstawowa", "Invoice"),
        ("ZAL", "Faktura zaliczkowa", "Advance invoice"),
        ("ROZ", "Faktura rozliczeniowa", "Settlement invoice"),
        ("UPR", "Faktura uproszczona", "Simplified invoice"),
        ("KOR", "Faktura korygująca", "Correcting invoice"),
        ("KOR_ZAL", "Faktura korygująca zaliczkową", "Correction of an advance invoice"),
        ("KOR_ROZ", "Faktura korygująca rozliczeniową", "Correction of a settlement invoice"),
    ],
)
def test_each_kind_has_its_name(kind: str, polish: str, english: str) -> None:
    invoice = plain()
    invoice.Fa.RodzajFaktury = kind
    assert invoices.sheet(invoice, language="pl").kind == polish
    assert invoices.sheet(invoice, language="en").kind == english


def test_the_language_is_chosen_for_one_sheet_only() -> None:
    before = lang.language()
    assert "Sprzedawca" in shown(plain(), "pl")
    assert "Seller" in shown(plain(), "en")
    assert lang.language() == before
    with lang.speaking("pl"), lang.speaking("en"):
        assert invoices.sheet(plain()).language == "en"
    with pytest.raises(ValueError, match="de"):
        invoices.sheet(plain(), language="de")


def test_both_languages_show_the_same_figures() -> None:
    polish, english = (
        sorted(re.findall(r"-?\d[\d ]*,\d+|\d\d\.\d\d\.\d{4}", shown(made(samples.EXPORT), language)))
        for language in ("pl", "en")
    )
    assert polish == english
    assert len(polish) > 30


@pytest.mark.parametrize(("number", "label"), [("", "OFFLINE"), (samples.NUMBER, samples.NUMBER)])
def test_the_first_code_carries_the_number_once_known(number: str, label: str) -> None:
    sheet = invoices.sheet(
        plain(), ksef_number=number, invoice_link=LINK, certificate_link=SECOND, language="pl"
    )
    first, second = sheet.sections[-1].blocks
    assert isinstance(first, Code)
    assert isinstance(second, Code)
    assert (first.link, first.label, first.size) == (LINK, label, 150)
    assert (second.link, second.label, second.size) == (SECOND, "CERTYFIKAT", 210)
    assert first.heading == "Sprawdź, czy Twoja faktura znajduje się w KSeF!"
    assert second.heading == "Zweryfikuj dostawcę faktury"


def test_without_links_there_are_no_codes() -> None:
    assert "codes" not in anchors(invoices.sheet(plain(), ksef_number=samples.NUMBER))


def test_watermark_and_maker() -> None:
    sheet = invoices.sheet(plain(), language="pl", watermark="PROJEKT")
    assert sheet.watermark == "PROJEKT"
    assert sheet.made_by == "Wytworzona w: Klucznik, 01.07.2026 14:30:15"


# ---- parties ---------------------------------------------------------------------------------------


def test_a_changed_buyer_stands_beside_what_it_was() -> None:
    text = shown(made(samples.CORRECTION))
    buyer = section(text, "buyer")
    old, now = buyer.split("-- Treść korygująca")
    assert "ul. Biurkowa 21" in old
    assert "ul. Biurkowa 12/4" in now
    third = section(text, "third-party")
    assert third.index("ul. Dawna 2") < third.index("Treść korygująca") < third.index("ul. Nowa 2")


def test_a_former_buyer_whom_nobody_follows_is_still_shown() -> None:
    data = copy.deepcopy(samples.CORRECTION)
    data["Fa"]["Podmiot2K"][0]["IDNabywcy"] = "N3"
    assert "ul. Dawna 2" in shown(made(data))


def test_only_fa3_speaks_of_units_and_groups(official_invoice: Callable[[str], bytes]) -> None:
    assert "Faktura dotyczy członka grupy GV: NIE" in shown(plain())
    assert "grupy GV" not in shown(read.invoice(official_invoice("fa2-basic")))


def test_an_unknown_role_is_shown_by_its_number() -> None:
    invoice = made(samples.EXPORT)
    invoice.Podmiot3[0].Rola = 77
    assert "Rola: 77" in shown(invoice)


# ---- lines and sums --------------------------------------------------------------------------------


def lines_of(sheet: Sheet) -> list[Table]:
    return [
        block
        for one in sheet.sections
        if one.anchor == "lines"
        for block in one.blocks
        if isinstance(block, Table)
    ]


def test_eight_columns_are_one_table_and_more_are_two() -> None:
    line: dict[str, Any] = {
        "P_7": "a",
        "P_8A": "szt.",
        "P_8B": "1",
        "P_9A": "1",
        "P_11": "1.00",
        "P_12": "23",
    }
    eight = lines_of(invoices.sheet(plain(FaWiersz=[line | {"GTIN": "1"}]), language="pl"))
    nine = lines_of(invoices.sheet(plain(FaWiersz=[line | {"GTIN": "1", "CN": "2"}]), language="pl"))
    assert [len(table.columns) for table in eight] == [8]
    assert [table.columns[0].title for table in nine] == ["Lp.", "Lp."]
    assert [column.title for column in nine[1].columns] == ["Lp.", "GTIN", "CN"]


def test_rows_before_a_correction_are_marked_in_both_tables() -> None:
    data = copy.deepcopy(samples.CORRECTION)
    for line in data["Fa"]["FaWiersz"]:
        line |= {"GTIN": "1", "CN": "2", "PKWiU": "3"}
    tables = lines_of(invoices.sheet(made(data), language="pl"))
    assert [table.before for table in tables] == [frozenset({0})] * 2


@pytest.mark.parametrize(
    ("rate", "written"),
    [
        ("23", "23%"),
        ("0 KR", "0% - KR"),
        ("0 WDT", "0% - WDT"),
        ("0 EX", "0% - EX"),
        ("np I", "np I"),
        ("0", "0%"),
    ],
)
def test_rates_as_they_are_written(rate: str, written: str) -> None:
    assert words.tax_rate(rate) == written


def test_a_common_exchange_rate_leaves_the_table() -> None:
    line = {"P_7": "a", "P_8B": "1", "P_9A": "1", "P_12": "23", "KursWaluty": "4.25"}
    common = shown(plain(KodWaluty="EUR", FaWiersz=[line, line]))
    assert "Kurs waluty wspólny dla wszystkich wierszy: 4,250000" in common
    assert "Kurs waluty" not in section(common, "lines")
    mixed = shown(plain(KodWaluty="EUR", FaWiersz=[line, line | {"KursWaluty": "4.3"}]))
    assert "wspólny" not in mixed
    assert "4,300000" in section(mixed, "lines")


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("VAT", "Kwota należności ogółem"),
        ("UPR", "Kwota należności ogółem"),
        ("ROZ", "Kwota pozostała do zapłaty"),
        ("KOR", "Korekta kwoty należności ogółem"),
        ("KOR_ROZ", "Korekta kwoty należności ogółem"),
    ],
)
def test_the_total_says_what_it_is(kind: str, label: str) -> None:
    invoice = plain()
    invoice.Fa.RodzajFaktury = kind
    assert section(shown(invoice), "lines").rstrip().endswith(f"{label}: 24,60 PLN")


def test_the_total_is_shown_without_lines_too() -> None:
    invoice = plain(P_15="24.60")
    invoice.Fa.FaWiersz = []
    assert "Kwota należności ogółem: 24,60 PLN" in section(shown(invoice), "total")
    invoice.Fa.RodzajFaktury = "ZAL"
    assert "Kwota zapłaty (zaliczki) dokumentowana fakturą: 24,60 PLN" in shown(invoice)


@pytest.mark.parametrize("kind", ["VAT", "KOR", "ZAL", "ROZ", "UPR", "KOR_ZAL", "KOR_ROZ"])
@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("order", [True, False])
@pytest.mark.parametrize("period", [None, "2026"])
def test_what_is_due_is_shown_once(kind: str, lines: bool, order: bool, period: str | None) -> None:
    invoice = made(samples.ADVANCE)
    assert isinstance(invoice, fa.Faktura)
    body = invoice.Fa
    body.P_15 = Decimal("731946.25")
    body.RodzajFaktury, body.OkresFaKorygowanej = kind, period
    body.FaWiersz = plain().Fa.FaWiersz if lines else []
    body.Zamowienie = body.Zamowienie if order else None
    assert shown(invoice).count("731 946,25 PLN") == 1


def test_the_tax_is_summed_and_gross_is_worked_out() -> None:
    text = section(shown(made(samples.EXPORT)), "tax")
    assert "1 | 23% lub 22% | 1 500,00 | 345,00 | 1 845,00 | 1 466,25" in text
    assert (
        "2 | 0% w przypadku wewnątrzwspólnotowej dostawy towarów (WDT) | 12 345,67 | 0,00 | 12 345,67 |"
        in text
    )
    assert "=  | Razem | 13 845,67 | 345,00 | 14 190,67 | 1 466,25" in text
    assert "PLN" not in section(shown(made(samples.VEHICLE)), "tax")


# ---- notes, payment --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ({"P_16": 1}, "Metoda kasowa"),
        ({"P_17": 1}, "Samofakturowanie"),
        ({"P_18": 1}, "Odwrotne obciążenie"),
        ({"P_18A": 1}, "Mechanizm podzielonej płatności"),
        ({"P_23": 1}, "Procedura trójstronna uproszczona"),
        ({"PMarzy": {"P_PMarzy": 1, "P_PMarzy_2": 1}}, "Procedura marży: biura podróży"),
        ({"PMarzy": {"P_PMarzy": 1, "P_PMarzy_3_2": 1}}, "Procedura marży: dzieła sztuki"),
        (
            {"PMarzy": {"P_PMarzy": 1, "P_PMarzy_3_3": 1}},
            "Procedura marży: przedmioty kolekcjonerskie i antyki",
        ),
        ({"Zwolnienie": {"P_19": 1, "P_19C": "umowa"}}, "Podstawa zwolnienia (inna): umowa"),
    ],
)
def test_a_note_that_holds_is_said(notes: dict[str, Any], said: str) -> None:
    assert said in section(shown(plain(Adnotacje=notes)), "notes").splitlines()


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("61109010140000071219812874", "61 1090 1014 0000 0712 1981 2874"),
        ("PL61109010140000071219812874", "PL61 1090 1014 0000 0712 1981 2874"),
        ("61 1090 1014", "61 1090 1014"),
        ("123456789012", "123456789012"),
        ("1234567890123", "12 3456 7890 123"),
    ],
)
def test_accounts_are_grouped(number: str, written: str) -> None:
    assert words.account(number) == written


def test_a_single_term_needs_no_table() -> None:
    text = shown(plain(Platnosc={"TerminPlatnosci": [{"Termin": "2026-07-15"}]}))
    assert "Termin płatności: 15.07.2026" in text


def test_fa2_has_a_term_in_free_words() -> None:
    invoice = plain(Platnosc={"TerminPlatnosci": [{"Termin": "2026-07-15"}]})
    assert invoice.Fa.Platnosc
    invoice.Fa.Platnosc.TerminPlatnosci[0].TerminOpis = "po odbiorze"
    assert "15.07.2026 | po odbiorze" in shown(invoice)


# ---- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("0", "0,00"),
        ("-0.5", "-0,50"),
        ("1234567.891", "1\u00a0234\u00a0567,891"),
        ("12.34567800", "12,345678"),
        ("-1000", "-1\u00a0000,00"),
        ("9999999999999999.99", "9\u00a0999\u00a0999\u00a0999\u00a0999\u00a0999,99"),
    ],
)
def test_amounts(value: str, written: str) -> None:
    assert words.amount(Decimal(value)) == written


def test_other_values() -> None:
    assert words.quantity(Decimal("10.000")) == "10"
    assert words.quantity(Decimal("2.50")) == "2,5"
    assert words.exchange_rate(Decimal("4.25")) == "4,250000"
    assert words.exchange_rate(Decimal("0.000001")) == "0,000001"
    assert words.day(date(2026, 7, 1)) == "01.07.2026"
    assert words.moment(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == "01.01.2027 00:30:00"


@pytest.mark.parametrize("language", ["pl", "en"])
def test_every_country_has_a_name(language: str) -> None:
    with lang.speaking(language):
        for code in types.simple(types.TKodKraju).values:
            name = words.country(code)
            assert name
            assert name != code
        assert words.country("XI") in ("Irlandia Północna", "Northern Ireland")
        assert words.country("??") == "??"
        assert words.currency("GGP") == "GGP"


@pytest.mark.parametrize(
    ("width", "parts"),
    [(1, [1]), (7, [7]), (8, [5, 4]), (14, [8, 7]), (15, [6, 6, 5]), (20, [8, 8, 6])],
)
def test_wide_tables_are_split(width: int, parts: list[int]) -> None:
    split = attachment.split(width)
    assert [len(part) for part in split] == parts
    assert all(part[0] == 0 for part in split)
    assert {at for part in split for at in part} == set(range(width))


def test_no_cell_of_an_attachment_is_lost() -> None:
    table = fa.Tabela(
        TNaglowek=fa.TNaglowek(Kol=[fa.Kol(NKom="A", Typ="dec")]),
        Wiersz=[fa.Wiersz(WKom=["1", "2", "3"]), fa.Wiersz(WKom=[""])],
        Suma=fa.Suma(SKom=["", "5"]),
    )
    block = fa.BlokDanych(MetaDane=[fa.MetaDane(ZKlucz="K", ZWartosc="W")], Tabela=[table])
    invoice = plain()
    invoice.Zalacznik = fa.Zalacznik(BlokDanych=[block])
    text = section(shown(invoice), "attachment")
    for line in ("Klucz | Wartość", "K | W", "A |  | ", "1 | 2 | 3", "= Podsumowanie tabeli | 5 | "):
        assert line in text.splitlines()


def test_a_pef_shows_its_main_data(official_invoice: Callable[[str], bytes]) -> None:
    facts = facts_of.read(official_invoice("pef3-basic"))
    text = dump(pef.sheet(facts, language="pl", ksef_number=samples.NUMBER, invoice_link=LINK))
    for words_ in ("Faktura PEF", "NIP: 5265877635", "7 125,00 EUR", "pozycje są tylko w pliku XML", LINK):
        assert words_ in text


# ---- nothing is left out ---------------------------------------------------------------------------

#: What says only that something is absent, or how another element is to be read; and what names the form.
NOT_SHOWN = {
    ("Naglowek", "WariantFormularza"),
    ("Zwolnienie", "P_19N"),
    ("NoweSrodkiTransportu", "P_22"),
    ("NoweSrodkiTransportu", "P_22N"),
    ("PMarzy", "P_PMarzyN"),
    ("DaneFaKorygowanej", "NrKSeF"),
    ("DaneFaKorygowanej", "NrKSeFN"),
    ("FakturaZaliczkowa", "NrKSeFZN"),
    ("Podmiot3", "RolaInna"),
    ("ZaplataCzesciowa", "PlatnoscInna"),
}

TEXT, NUMBER, DAY = "Ślad-731946", Decimal("731946.25"), date(2031, 3, 17)


def marks(held: str) -> tuple[object, str]:
    """A value found nowhere else, and how it is written."""
    return {
        "text": (TEXT, TEXT),
        "number": (NUMBER, "731 946,25"),
        "whole": (731946, "731"),
        "day": (DAY, "17.03.2031"),
        "moment": (datetime(2031, 3, 17, 11, tzinfo=UTC), "17.03.2031 12:00:00"),
    }[held]


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for value in vars(node).values():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Node):
                yield from nodes(one)


def test_the_list_of_what_is_not_shown_is_short_and_true() -> None:
    known = {aim for form in (FA3, FA2, FA_RR1) for aim in generate.aims(form)}
    assert known >= NOT_SHOWN
    assert len(NOT_SHOWN) < 15


def aims(form: Form) -> list[tuple[str, str]]:
    return [aim for aim in generate.aims(form) if aim not in NOT_SHOWN]


@pytest.mark.parametrize("form", [FA3, FA2, FA_RR1], ids=lambda form: form.system_code)
def test_every_element_that_is_filled_is_seen(form: Form) -> None:
    shapes = generate.shapes(form)
    unseen = []
    for class_name, name in aims(form):
        simple = shapes[class_name].parts[name].simple
        if simple is None:
            continue
        root, _ = generate.grown(form, Random(f"{class_name}{name}"), 0.1, (class_name, name))
        invoice = read.invoice(root, form)
        node = next(
            one
            for one in nodes(invoice)
            if type(one).__name__ == class_name and getattr(one, name, None) not in (None, [])
        )
        value, written = marks(simple.held)
        flag = simple.values in (("1",), ("1", "2"))
        if isinstance(getattr(node, name), list):
            setattr(node, name, [value])
        else:
            setattr(node, name, 1 if flag else value)
        text = shown(invoice)
        if flag:
            setattr(node, name, None)
            seen = shown(invoice) != text
        else:
            seen = written in text
        if not seen:
            unseen.append((class_name, name))
    assert unseen == []


@pytest.mark.parametrize("form", [FA3, FA2, FA_RR1], ids=lambda form: form.system_code)
@pytest.mark.parametrize("seed", range(12))
def test_any_valid_invoice_is_shown(form: Form, seed: int) -> None:
    invoice = read.invoice(generate.document(form, Random(seed), seed / 15), form)
    for language in ("pl", "en"):
        sheet = invoices.sheet(invoice, language=language)
        for one in sheet.sections:
            assert one.blocks
        text = dump(sheet)
        assert "None" not in text.replace("NoneNone", "")
        assert "Decimal(" not in text
        assert page.fragment(sheet)
