"""A starting point for every kind of invoice, as data to be edited. All names are made up.

What `complete` works out is left out. Printed as YAML with the labels of the fields beside them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from klucznik.documents import labels
from klucznik.documents.forms import Form
from klucznik.documents.objects import Plain, form_of_data
from klucznik.lang import tr

_PLAIN: Final = re.compile(r"[^\W_][\w ./()+%@-]*(?<! )").fullmatch
#: Where comments begin, when the line leaves room.
_COLUMN: Final = 44

_SELLER: Final[Plain] = {
    "NIP": "5265877635",
    "Nazwa": "Zmyślona Wytwórnia Ołówków sp. z o.o.",
    "Adres": {"AdresL1": "ul. Zmyślona 1", "AdresL2": "00-000 Przykładowo"},
}
_BUYER: Final[Plain] = {
    "NIP": "7023984179",
    "Nazwa": "Przykładowy Odbiorca S.A.",
    "Adres": {"AdresL1": "ul. Przykładowa 2", "AdresL2": "00-000 Zmyślonka"},
}
_CONSUMER: Final[Plain] = {"BrakID": "1", "Nazwa": "Anna Zmyślona"}
_TRANSFER: Final[Plain] = {
    "TerminPlatnosci": [{"Termin": "2026-12-06"}],
    "FormaPlatnosci": "6",
    "RachunekBankowy": [{"NrRB": "73111111111111111111111111"}],
}
_CORRECTED: Final[Plain] = {
    "DataWystFaKorygowanej": "2026-10-05",
    "NrFaKorygowanej": "FV/2026/10/5",
    "NrKSeFFaKorygowanej": "5265877635-20261005-0100002BC17A-21",
}
_ADVANCE_NUMBER: Final = "5265877635-20261102-0100001AF629-3D"


def _line(name: str, quantity: str, unit: str, price: str, rate: str, **more: str) -> Plain:
    return {"P_7": name, "P_8A": unit, "P_8B": quantity, "P_9A": price, "P_12": rate, **more}


_PENCILS: Final = _line("Ołówek HB", "100", "szt.", "1.50", "23")
_BOOK: Final = _line("Książka o fakturach", "2", "szt.", "49.90", "5")
_MACHINE: Final = _line("Maszyna do ołówków", "1", "szt.", "10000", "23")
_ORDER: Final[Plain] = {
    "ZamowienieWiersz": [
        {"P_7Z": "Maszyna do ołówków", "P_8AZ": "szt.", "P_8BZ": "1", "P_9AZ": "10000", "P_12Z": "23"}
    ]
}


def _invoice(number: str, *, buyer: Plain = _BUYER, seller: Plain = _SELLER, **fa: Any) -> Plain:
    body: Plain = {"P_1": "2026-11-22", "P_2": number} | fa
    return {"Podmiot1": seller, "Podmiot2": buyer, "Fa": body}


def _correction(kind: str, number: str, reason: str, **fa: Any) -> Plain:
    corrected: Plain = {"PrzyczynaKorekty": reason, "TypKorekty": "2", "DaneFaKorygowanej": [_CORRECTED]}
    return _invoice(number, RodzajFaktury=kind, **corrected, **fa)


def _rr(number: str, rows: list[Plain], **body: Any) -> Plain:
    farmer = {
        "NIP": "7753012684",
        "Nazwa": "Jan Zmyślony, gospodarstwo rolne",
        "Adres": {"AdresL1": "Zmyślonka 7", "AdresL2": "00-000 Zmyślonka"},
    }
    lines: Plain = {"P_4A": "2026-11-20", "P_4B": "2026-11-22", "P_4C": number, **body}
    account: Plain = {"FormaPlatnosci": "1", "RachunekBankowy1": [{"NrRB": "73111111111111111111111111"}]}
    return {
        "Podmiot1": farmer,
        "Podmiot2": _SELLER,
        "FakturaRR": {**lines, "FakturaRRWiersz": rows, "Platnosc": account},
    }


_CARROTS: Final[Plain] = {
    "P_5": "Marchew",
    "P_6A": "kg",
    "P_6B": "1250.5",
    "P_6C": "I",
    "P_7": "1.20",
    "P_9": "7",
}

#: Kind -> what it is in English and Polish, its data.
EXAMPLES: Final[dict[str, tuple[str, str, Plain]]] = {
    "vat": (
        "a plain sale",
        "zwykła sprzedaż",
        _invoice("FV/2026/11/1", P_6="2026-11-20", FaWiersz=[_PENCILS, _BOOK], Platnosc=_TRANSFER),
    ),
    "currency": (
        "in euro, with the tax in zloty by KursWaluty",
        "w euro, z podatkiem w złotych według KursWaluty",
        _invoice("FV/2026/11/2", KodWaluty="EUR", FaWiersz=[{**_PENCILS, "KursWaluty": "4.2512"}]),
    ),
    "kor": (
        "a correction by differences: two pencils fewer",
        "korekta różnicą: o dwa ołówki mniej",
        _correction("KOR", "FK/2026/11/1", "zwrot towaru", FaWiersz=[{**_PENCILS, "P_8B": "-2"}]),
    ),
    "kor-before-after": (
        "a correction that shows each line before (StanPrzed) and after",
        "korekta z wierszem przed (StanPrzed) i po",
        _correction(
            "KOR",
            "FK/2026/11/2",
            "błędna cena",
            FaWiersz=[{**_PENCILS, "StanPrzed": "1"}, {**_PENCILS, "P_9A": "1.40"}],
        ),
    ),
    "zal": (
        "an advance of 6150.00 for an order",
        "zaliczka 6150.00 na zamówienie",
        _invoice("FZ/2026/11/1", RodzajFaktury="ZAL", P_6="2026-11-02", P_15="6150.00", Zamowienie=_ORDER),
    ),
    "roz": (
        "a settlement: P_13_1 and P_14_1 are what remains; leave them out and give the advances "
        "with --advance to have them worked out",
        "faktura rozliczająca: P_13_1 i P_14_1 to reszta; pomiń je i podaj zaliczki przez --advance, "
        "a zostaną obliczone",
        _invoice(
            "FV/2026/11/3",
            RodzajFaktury="ROZ",
            P_13_1="5000.00",
            P_14_1="1150.00",
            FakturaZaliczkowa=[{"NrKSeFFaZaliczkowej": _ADVANCE_NUMBER}],
            FaWiersz=[_MACHINE],
        ),
    ),
    "upr": (
        "a simplified invoice: the buyer's NIP and the total",
        "faktura uproszczona: NIP nabywcy i kwota",
        _invoice(
            "FU/2026/11/1",
            buyer={"NIP": "7023984179"},
            RodzajFaktury="UPR",
            P_15="123.00",
            FaWiersz=[{"P_7": "Ołówki", "P_12": "23"}],
        ),
    ),
    "kor-zal": (
        "a correction of an advance: 1230.00 is paid back",
        "korekta zaliczki: zwrot 1230.00",
        _correction(
            "KOR_ZAL",
            "FK/2026/11/3",
            "zwrot części zaliczki",
            P_15="-1230.00",
            P_15ZK="6150.00",
            Zamowienie=_ORDER,
        ),
    ),
    "kor-roz": (
        "a correction of a settlement",
        "korekta faktury rozliczającej",
        _correction(
            "KOR_ROZ",
            "FK/2026/11/4",
            "rabat",
            P_15ZK="6150.00",
            FaWiersz=[{**_MACHINE, "StanPrzed": "1"}, {**_MACHINE, "P_9A": "9500"}],
        ),
    ),
    "self-billing": (
        "issued by the buyer for the seller",
        "samofakturowanie",
        _invoice("SF/2026/11/1", Adnotacje={"P_17": "1"}, FaWiersz=[_PENCILS]),
    ),
    "third-parties": (
        "with a recipient that is a unit of the buyer, and a payer",
        "z odbiorcą będącym jednostką nabywcy i płatnikiem",
        {
            **_invoice("FV/2026/11/4", FaWiersz=[_PENCILS]),
            "Podmiot3": [
                {"IDWew": "7023984179-00015", "Nazwa": "Oddział w Zmyślonce", "Rola": "2"},
                {"NIP": "6138945227", "Nazwa": "Płatnik Zmyślony sp. z o.o.", "Rola": "6"},
            ],
        },
    ),
    "exempt": (
        "exempt sale with its legal ground",
        "sprzedaż zwolniona z podstawą prawną",
        _invoice(
            "FV/2026/11/5",
            Adnotacje={"Zwolnienie": {"P_19A": "art. 113 ust. 1 ustawy o VAT"}},
            FaWiersz=[_line("Kurs ostrzenia ołówków", "1", "usł.", "300", "zw")],
        ),
    ),
    "margin": (
        "margin scheme for used goods: gross values, no tax shown",
        "procedura marży, towary używane: wartości brutto, bez podatku",
        _invoice(
            "FV/2026/11/6",
            buyer=_CONSUMER,
            Adnotacje={"PMarzy": {"P_PMarzy_3_1": "1"}},
            FaWiersz=[{"P_7": "Temperówka używana", "P_8A": "szt.", "P_8B": "1", "P_9B": "250.00"}],
        ),
    ),
    "oss": (
        "to a consumer in Germany, by OSS at the German rate",
        "dla konsumenta w Niemczech, OSS ze stawką niemiecką",
        _invoice(
            "FV/2026/11/7",
            buyer={**_CONSUMER, "Adres": {"KodKraju": "DE", "AdresL1": "Musterweg 3, 00000 Musterstadt"}},
            KodWaluty="EUR",
            FaWiersz=[
                {
                    "P_7": "Ołówek HB",
                    "P_8A": "szt.",
                    "P_8B": "10",
                    "P_9A": "2.00",
                    "P_12_XII": "19",
                    "Procedura": "WSTO_EE",
                }
            ],
        ),
    ),
    "split-payment": (
        "goods of annex 15 above 15 000 zloty: split payment (P_18A) follows by itself",
        "towary z załącznika 15 powyżej 15 000 zł: mechanizm podzielonej płatności (P_18A) wynika sam",
        _invoice(
            "FV/2026/11/8",
            FaWiersz=[_line("Stal na temperówki", "4", "t", "4500", "23", P_12_Zal_15="1")],
            Platnosc=_TRANSFER,
        ),
    ),
    "attachment": (
        "with an attachment (sent in a batch, with consent)",
        "z załącznikiem (wysyłka wsadowa, po zgłoszeniu)",
        {
            **_invoice("FV/2026/11/9", FaWiersz=[_line("Prąd", "120", "kWh", "0.9876", "23")]),
            "Zalacznik": {
                "BlokDanych": [
                    {
                        "ZNaglowek": "Odczyty licznika",
                        "MetaDane": [{"ZKlucz": "Licznik", "ZWartosc": "ZM-0001"}],
                        "Tabela": [
                            {
                                "TNaglowek": {
                                    "Kol": [
                                        {"Typ": "date", "NKom": "Dzień"},
                                        {"Typ": "dec", "NKom": "Stan"},
                                    ]
                                },
                                "Wiersz": [
                                    {"WKom": ["2026-10-31", "1000.0"]},
                                    {"WKom": ["2026-11-20", "1120.0"]},
                                ],
                            }
                        ],
                    }
                ]
            },
        },
    ),
    "rr": (
        "issued for a flat-rate farmer (Podmiot1 is the farmer)",
        "dla rolnika ryczałtowego (Podmiot1 to rolnik)",
        _rr("RR/2026/11/1", [_CARROTS]),
    ),
    "rr-kor": (
        "a correction of an invoice for a flat-rate farmer",
        "korekta faktury VAT RR",
        _rr(
            "RRK/2026/11/1",
            [{**_CARROTS, "StanPrzed": "1"}, {**_CARROTS, "P_6B": "1250"}],
            RodzajFaktury="KOR_VAT_RR",
            PrzyczynaKorekty="błędna ilość",
            TypKorekty="2",
            DaneFaKorygowanej=[{**_CORRECTED, "NrKSeFFaKorygowanej": "7753012684-20261005-0100002BC17A-77"}],
        ),
    ),
    "fa2": (
        "a sale in the form of before February 2026",
        "sprzedaż we wzorze sprzed lutego 2026",
        {
            "Naglowek": {"KodFormularza": "FA (2)"},
            **_invoice("FV/2026/01/1", P_1="2026-01-22", P_6="2026-01-20", FaWiersz=[_PENCILS]),
        },
    ),
}


def example(kind: str) -> Plain:
    """The data of a kind. Raises KeyError for one there is none of."""
    return EXAMPLES[kind][2]


def what(kind: str) -> str:
    """What the kind is, in a few words."""
    english, polish, _ = EXAMPLES[kind]
    return tr(english, polish)


def commented(kind: str) -> str:
    """The example as YAML, with labels beside the fields."""
    data = example(kind)
    head = tr(
        f"{kind}: {what(kind)}\n"
        "Change what stands here, leave out what you do not need; make the document with\n"
        '"klucznik invoice new FILE --output invoice.xml". Header, notes, values of lines and totals\n'
        "are worked out unless you give them. All names are made up.",
        f"{kind}: {what(kind)}\n"
        "Zmień, co trzeba, usuń zbędne; dokument utworzysz przez\n"
        '"klucznik invoice new PLIK --output faktura.xml". Nagłówek, adnotacje, wartości wierszy i sumy\n'
        "zostaną obliczone, jeśli ich nie podasz. Wszystkie nazwy są zmyślone.",
    )
    lines = [f"# {line}" for line in head.splitlines()]
    return "\n".join([*lines, *_yaml(data, form_of_data(data), "")]) + "\n"


def _yaml(data: Plain, form: Form, indent: str) -> Iterator[str]:
    for name, value in data.items():
        called = labels.label(form, name)
        if isinstance(value, str):
            yield _noted(f"{indent}{name}: {_scalar(value)}", called)
            continue
        yield _noted(f"{indent}{name}:", called)
        if isinstance(value, dict):
            yield from _yaml(value, form, f"{indent}  ")
            continue
        for item in value:
            if isinstance(item, str):
                yield f"{indent}  - {_scalar(item)}"
                continue
            first, *rest = _yaml(item, form, f"{indent}    ")
            yield f"{indent}  - {first.lstrip()}"
            yield from rest


def _noted(line: str, note: str) -> str:
    return f"{line.ljust(_COLUMN)}  # {note}" if note else line


def _scalar(text: str) -> str:
    # JSON's way of quoting is YAML's too.
    return text if _PLAIN(text) else json.dumps(text, ensure_ascii=False)
