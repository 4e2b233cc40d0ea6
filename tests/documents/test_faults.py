"""What a person is told of a refused document: where, what stands there, what is allowed."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from lxml import etree

from klucznik import lang
from klucznik.documents import facts, faults, samples, xml
from klucznik.documents.faults.allowed import plural
from klucznik.documents.forms import FA3
from klucznik.documents.invoice import DocumentFault

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
FA = samples.invoice("5265877635", "1111111111", "FV/1", date(2026, 7, 1), NOW).decode()
XSI = "http://www.w3.org/2001/XMLSchema-instance"
LINE = FA[FA.index("<FaWiersz>") : FA.index("</FaWiersz>") + len("</FaWiersz>")]


def told(old: str, new: str, monkeypatch: pytest.MonkeyPatch, language: str) -> list[str]:
    assert old in FA
    monkeypatch.setattr(lang, "language", lambda: language)
    root = xml.parse(FA.replace(old, new, 1).encode())
    return [fault.message for fault in faults.explain(root, FA3)]


CASES = [
    (
        "<P_15>439.85",
        "<P_15>439,85",
        'Fa/P_15 (total amount due): "439,85" does not fit; allowed: a number such as 1234.5 '
        "(a dot, no blanks, no plus), at most 18 digits, 2 of them after the dot",
        'Fa/P_15 (kwota należności ogółem): "439,85" nie pasuje; dozwolone: liczba, np. 1234.5 '
        "(z kropką, bez odstępów i plusa), najwyżej 18 cyfr, w tym 2 po kropce",
    ),
    (
        "<P_2>FV/1",
        f"<P_2>{'x' * 262}",
        "Fa/P_2 (invoice number): 262 characters, at most 256 fit",
        "Fa/P_2 (numer faktury): 262 znaki, mieści się najwyżej 256",
    ),
    (
        "<P_2>FV/1</P_2>",
        "",
        "Fa/P_13_1: before it, P_2 (invoice number) is missing",
        "Fa/P_13_1: przed nim brakuje P_2 (numer faktury)",
    ),
    (
        "<NIP>5265877635",
        "<NIP>526-587-76-35",
        'Podmiot1/DaneIdentyfikacyjne/NIP: "526-587-76-35" does not fit; allowed: a NIP: 10 digits '
        "without dashes or PL",
        'Podmiot1/DaneIdentyfikacyjne/NIP: "526-587-76-35" nie pasuje; dozwolone: NIP: '
        "10 cyfr, bez kresek i bez PL",
    ),
    (
        "<P_16>2",
        "<P_16>2</P_16><P_16>2",
        "Fa/Adnotacje/P_16[2]: P_16 (cash accounting) may stand here once at most",
        "Fa/Adnotacje/P_16[2]: P_16 (metoda kasowa) może tu wystąpić najwyżej 1 raz",
    ),
    (
        "<RodzajFaktury>VAT<",
        "<RodzajFaktury><",
        "Fa/RodzajFaktury (kind of invoice) is empty; allowed: one of VAT, KOR, ZAL, ROZ, UPR, "
        "KOR_ZAL, KOR_ROZ",
        "Fa/RodzajFaktury (rodzaj faktury): brak wartości; dozwolone: jedno z: VAT, KOR, ZAL, ROZ, UPR, "
        "KOR_ZAL, KOR_ROZ",
    ),
    (
        'kodSystemowy="FA (3)"',
        'kodSystemowy="FA(3)"',
        'Naglowek/KodFormularza: the attribute kodSystemowy is "FA(3)", only "FA (3)" is allowed',
        'Naglowek/KodFormularza: atrybut kodSystemowy to "FA(3)", a może być tylko "FA (3)"',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "en", "pl"), CASES)
def test_a_person_is_told_in_either_language(
    old: str, new: str, en: str, pl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language, message in (("en", en), ("pl", pl)):
        assert told(old, new, monkeypatch, language) == [message]


@pytest.mark.parametrize(
    ("count", "noun"),
    [(1, "cyfra"), (2, "cyfry"), (4, "cyfry"), (5, "cyfr"), (12, "cyfr"), (22, "cyfry"), (112, "cyfr")],
)
def test_polish_plurals(count: int, noun: str) -> None:
    assert plural(count, "cyfra", "cyfry", "cyfr") == noun


def test_at_most_fifty_faults_are_told_the_first_ones() -> None:
    bad = LINE.replace("<P_11>", "<P_11>x")
    root = xml.parse(FA.replace(LINE, bad * 10_000, 1).encode())
    found = faults.explain(root, FA3)
    assert [fault.path for fault in found] == [f"Fa/FaWiersz[{n}]/P_11" for n in range(1, 51)]


def test_the_last_of_ten_thousand_lines_is_found() -> None:
    bad = LINE.replace("<P_11>", "<P_11>x")
    head, tail = FA[: FA.index("<FaWiersz>")], FA[FA.rindex("</FaWiersz>") + len("</FaWiersz>") :]
    root = xml.parse((head + LINE * 9_999 + bad + tail).encode())
    assert [fault.path for fault in faults.explain(root, FA3)] == ["Fa/FaWiersz[10000]/P_11"]


def test_blanks_around_a_moment_are_refused_as_libxml2_does() -> None:
    root = xml.parse(FA.replace("2026-07-01T12:00:00Z", " 2026-07-01T12:00:00.0000000Z ").encode())
    assert [fault.path for fault in faults.explain(root, FA3)] == ["Naglowek/DataWytworzeniaFa"]
    with pytest.raises(DocumentFault):
        faults.check(root, FA3)


def test_blanks_do_not_hide_another_fault() -> None:
    text = FA.replace("2026-07-01T12:00:00Z", " 2026-07-01T12:00:00Z ").replace("<P_16>2", "<P_16>3")
    assert [fault.path for fault in faults.explain(xml.parse(text.encode()), FA3)] == ["Fa/Adnotacje/P_16"]


def test_a_tree_with_comments_is_explained_too() -> None:
    root = etree.fromstring(FA.replace("<P_16>2", "<!-- a --><P_16>3").encode())
    assert [fault.path for fault in faults.explain(root, FA3)] == ["Fa/Adnotacje/P_16"]


@pytest.mark.parametrize(
    "spoilt",
    [
        FA.replace("<Podmiot1>", '<Podmiot1 xmlns:z="{}" z:a="1">'),
        FA.replace("<Podmiot1>", '<z:a xmlns:z="{}"/><Podmiot1>'),
        FA.replace(FA3.namespace, "{}"),
        FA.replace("<Podmiot1>", f'<Podmiot1 xmlns:i="{XSI}" i:type="{{}}">'),
    ],
    ids=["attribute", "element", "root", "type"],
)
def test_a_name_of_megabytes_is_quoted_in_part(spoilt: str) -> None:
    root = xml.parse(spoilt.replace("{}", "u" * 1_000_000).encode())
    refused = faults.refusal(root, FA3)
    assert max(map(len, [*refused.details, refused.why, *(one.message for one in refused.faults)])) < 1000


def test_a_tree_of_another_parser_is_not_called_faulty() -> None:
    root = etree.fromstring(FA.replace("<Fa>", "<!-- a --><Fa>").encode())
    with pytest.raises(ValueError, match=r"let xml\.parse make it"):
        facts.read(root)
