"""Invoices nobody issued, rich enough for every section of a view; and a sheet as plain text.

Run as a program it writes the files of `golden/` anew; look at what changed before you commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from klucznik.documents import complete, fa, objects, rr
from klucznik.documents.view import invoices
from klucznik.documents.view.blocks import Block, Code, Columns, Pairs, Sheet, Table, Text

NOW = datetime(2026, 7, 1, 12, 30, 15, tzinfo=UTC)
ANIA, BIURO, OBCY = "5265877635", "1111111111", "9999999999"
NUMBER = f"{ANIA}-20260630-0100001AF629-AF"
OTHER_NUMBER = f"{ANIA}-20260531-0200001AF629-B1"

_SELLER: dict[str, Any] = {
    "NIP": ANIA,
    "Nazwa": "Zmyślona Wytwórnia Ołówków sp. z o.o.",
    "Adres": {"KodKraju": "PL", "AdresL1": "ul. Rysikowa 7", "AdresL2": "00-950 Warszawa"},
}
_BUYER: dict[str, Any] = {
    "NIP": BIURO,
    "Nazwa": "Przykładowy Odbiorca S.A.",
    "Adres": {"KodKraju": "PL", "AdresL1": "ul. Biurkowa 12/4", "AdresL2": "80-001 Gdańsk"},
}

EXPORT: dict[str, Any] = {
    "Podmiot1": {
        **_SELLER,
        "PrefiksPodatnika": "PL",
        "NrEORI": "PL526587763500000",
        "AdresKoresp": {"KodKraju": "PL", "AdresL1": "skr. poczt. 15", "AdresL2": "00-950 Warszawa 1"},
        "DaneKontaktowe": [
            {"Email": "faktury@olowki.example", "Telefon": "+48 22 123 45 67"},
            {"Email": "magazyn@olowki.example"},
        ],
        "StatusInfoPodatnika": 2,
    },
    "Podmiot2": {
        "KodUE": "DE",
        "NrVatUE": "123456789",
        "Nazwa": "Bleistift & Söhne GmbH",
        "Adres": {"KodKraju": "DE", "AdresL1": "Musterstraße 5", "AdresL2": "10115 Berlin"},
        "DaneKontaktowe": [{"Email": "einkauf@bleistift.example"}],
        "NrKlienta": "K-0042",
        "JST": 2,
        "GV": 2,
    },
    "Podmiot3": [
        {
            "IDWew": f"{ANIA}-00015",
            "Nazwa": "Oddział w Gdańsku",
            "Adres": {"KodKraju": "PL", "AdresL1": "ul. Portowa 1", "AdresL2": "80-001 Gdańsk"},
            "Rola": 2,
        },
        {
            "KodKraju": "US",
            "NrID": "98-7654321",
            "Nazwa": "Pencils of Ohio Inc.",
            "Adres": {"KodKraju": "US", "AdresL1": "1 Main St", "AdresL2": "Cleveland, OH 44101"},
            "Rola": 4,
            "Udzial": "25",
        },
        {"BrakID": 1, "Nazwa": "Jan Przewodnik", "RolaInna": 1, "OpisRoli": "Opiekun umowy"},
    ],
    "PodmiotUpowazniony": {
        "NIP": OBCY,
        "Nazwa": "Przedstawiciel Podatkowy sp.j.",
        "Adres": {"KodKraju": "PL", "AdresL1": "ul. Pełnomocna 3", "AdresL2": "31-001 Kraków"},
        "DaneKontaktowe": [{"EmailPU": "kontakt@przedstawiciel.example", "TelefonPU": "126547890"}],
        "RolaPU": 3,
    },
    "Fa": {
        "KodWaluty": "EUR",
        "P_1": "2026-07-01",
        "P_1M": "Warszawa",
        "P_2": "FV/EU/2026/07/001",
        "P_6": "2026-06-30",
        "WZ": ["WZ/101/2026", "WZ/102/2026"],
        "P_13_1": "1500.00",
        "P_14_1": "345.00",
        "P_14_1W": "1466.25",
        "P_13_6_2": "12345.67",
        "P_15": "14190.67",
        "Adnotacje": {"P_18A": 1},
        "TP": 1,
        "DodatkowyOpis": [
            {"Klucz": "Zamówienie klienta", "Wartosc": "PO-778/26"},
            {"NrWiersza": 2, "Klucz": "Partia", "Wartosc": "L-2026-06"},
        ],
        "FaWiersz": [
            {
                "P_7": "Ołówek grafitowy HB z gumką, sześciokątny, lakierowany, pakowany po 144 sztuki",
                "Indeks": "OL-HB-144",
                "GTIN": "5901234123457",
                "CN": "9609 10 10",
                "P_8A": "op.",
                "P_8B": "1000",
                "P_9A": "12.34567",
                "P_11": "12345.67",
                "P_12": "0 WDT",
                "KursWaluty": "4.25",
            },
            {
                "P_6A": "2026-06-29",
                "P_7": "Usługa konfekcjonowania",
                "PKWiU": "82.92.10.0",
                "P_8A": "godz.",
                "P_8B": "12.5",
                "P_9A": "130.00",
                "P_10": "125.00",
                "P_11": "1500.00",
                "P_12": "23",
                "P_12_Zal_15": 1,
                "GTU": "GTU_12",
                "Procedura": "TT_D",
                "KursWaluty": "4.25",
            },
        ],
        "Rozliczenie": {
            "Obciazenia": [{"Kwota": "20.00", "Powod": "Opłata za palety"}],
            "Odliczenia": [
                {"Kwota": "100.00", "Powod": "Kaucja z poprzedniej dostawy"},
                {"Kwota": "10.67", "Powod": "Nadpłata"},
            ],
        },
        "Platnosc": {
            "ZnacznikZaplatyCzesciowej": 1,
            "ZaplataCzesciowa": [
                {
                    "KwotaZaplatyCzesciowej": "1000.00",
                    "DataZaplatyCzesciowej": "2026-06-15",
                    "FormaPlatnosci": 6,
                },
                {
                    "KwotaZaplatyCzesciowej": "500.00",
                    "DataZaplatyCzesciowej": "2026-06-20",
                    "PlatnoscInna": 1,
                    "OpisPlatnosci": "Kompensata",
                },
            ],
            "TerminPlatnosci": [
                {"Termin": "2026-07-15"},
                {"TerminOpis": {"Ilosc": 14, "Jednostka": "dni", "ZdarzeniePoczatkowe": "od dostawy"}},
            ],
            "FormaPlatnosci": 6,
            "RachunekBankowy": [
                {
                    "NrRB": "PL61109010140000071219812874",
                    "SWIFT": "WBKPPLPP",
                    "NazwaBanku": "Bank Zmyślony S.A.",
                    "OpisRachunku": "EUR",
                },
                {"NrRB": "61109010140000071219812874", "NazwaBanku": "Bank Zmyślony S.A."},
            ],
            "RachunekBankowyFaktora": [{"NrRB": "DE89370400440532013000", "RachunekWlasnyBanku": 2}],
            "Skonto": {"WarunkiSkonta": "Zapłata do 7 dni", "WysokoscSkonta": "2%"},
            "LinkDoPlatnosci": "https://zaplac.example.com/f?IPKSeF=123abcDEF4567",
            "IPKSeF": "123abcDEF4567",
        },
        "WarunkiTransakcji": {
            "Umowy": [{"DataUmowy": "2026-01-15", "NrUmowy": "U/7/2026"}],
            "Zamowienia": [{"DataZamowienia": "2026-06-01", "NrZamowienia": "PO-778/26"}],
            "NrPartiiTowaru": ["L-2026-06"],
            "WarunkiDostawy": "DAP Berlin",
            "KursUmowny": "4.3",
            "WalutaUmowna": "EUR",
            "PodmiotPosredniczacy": 1,
            "Transport": [
                {
                    "RodzajTransportu": 3,
                    "Przewoznik": {
                        "DaneIdentyfikacyjne": {"NIP": OBCY, "Nazwa": "Szybka Paka sp. z o.o."},
                        "AdresPrzewoznika": {"KodKraju": "PL", "AdresL1": "ul. Drogowa 9, Łódź"},
                    },
                    "NrZleceniaTransportu": "TR/55/2026",
                    "OpisLadunku": 13,
                    "JednostkaOpakowania": "paleta EUR",
                    "DataGodzRozpTransportu": "2026-06-30T06:00:00Z",
                    "DataGodzZakTransportu": "2026-07-01T09:30:00Z",
                    "WysylkaZ": {"KodKraju": "PL", "AdresL1": "ul. Rysikowa 7, Warszawa"},
                    "WysylkaPrzez": [{"KodKraju": "PL", "AdresL1": "Terminal Poznań"}],
                    "WysylkaDo": {"KodKraju": "DE", "AdresL1": "Lagerweg 1, Berlin", "GLN": "4012345000009"},
                }
            ],
        },
    },
    "Stopka": {
        "Informacje": [{"StopkaFaktury": "Kapitał zakładowy 5 000 000 zł\nDziękujemy za zakupy!"}],
        "Rejestry": [
            {
                "PelnaNazwa": "Zmyślona Wytwórnia Ołówków sp. z o.o.",
                "KRS": "0000099999",
                "REGON": "123456789",
                "BDO": "000099999",
            }
        ],
    },
}

CORRECTION: dict[str, Any] = {
    "Podmiot1": _SELLER,
    "Podmiot2": {**_BUYER, "IDNabywcy": "N1"},
    "Podmiot3": [
        {
            "NIP": OBCY,
            "Nazwa": "Obcy i Wspólnicy",
            "IDNabywcy": "N2",
            "Adres": {"KodKraju": "PL", "AdresL1": "ul. Nowa 2"},
            "Rola": 4,
        }
    ],
    "Fa": {
        "P_1": "2026-07-01",
        "P_2": "KOR/2026/07/03",
        "P_13_1": "-50.00",
        "P_14_1": "-11.50",
        "P_13_3": "10.00",
        "P_14_3": "0.50",
        "P_15": "-51.00",
        "RodzajFaktury": "KOR",
        "PrzyczynaKorekty": "Zwrot części towaru i błędny adres",
        "TypKorekty": 2,
        "DaneFaKorygowanej": [
            {
                "DataWystFaKorygowanej": "2026-06-30",
                "NrFaKorygowanej": "FV/2026/06/88",
                "NrKSeF": 1,
                "NrKSeFFaKorygowanej": NUMBER,
            },
            {"DataWystFaKorygowanej": "2025-12-01", "NrFaKorygowanej": "FV/2025/12/4", "NrKSeFN": 1},
        ],
        "NrFaKorygowany": "FV/2026/06/89",
        "Podmiot1K": {
            "NIP": ANIA,
            "Nazwa": "Zmyślona Wytwórnia Ołówków s.c.",
            "Adres": {"KodKraju": "PL", "AdresL1": "ul. Stara 1", "AdresL2": "00-950 Warszawa"},
        },
        "Podmiot2K": [
            {
                "NIP": OBCY,
                "Nazwa": "Obcy Wspólnik",
                "Adres": {"KodKraju": "PL", "AdresL1": "ul. Dawna 2"},
                "IDNabywcy": "N2",
            },
            {
                "NIP": BIURO,
                "Nazwa": "Przykładowy Odbiorca",
                "Adres": {"KodKraju": "PL", "AdresL1": "ul. Biurkowa 21"},
                "IDNabywcy": "N1",
            },
        ],
        "FaWiersz": [
            {
                "P_7": "Ołówek HB",
                "P_8A": "szt.",
                "P_8B": "100",
                "P_9A": "1.00",
                "P_11": "100.00",
                "P_12": "23",
                "StanPrzed": 1,
            },
            {"P_7": "Ołówek HB", "P_8A": "szt.", "P_8B": "50", "P_9A": "1.00", "P_11": "50.00", "P_12": "23"},
            {"P_7": "Książka", "P_8A": "egz.", "P_8B": "1", "P_9A": "10.00", "P_11": "10.00", "P_12": "5"},
        ],
    },
}

ADVANCE: dict[str, Any] = {
    "Podmiot1": _SELLER,
    "Podmiot2": {**_BUYER, "JST": 1},
    "Fa": {
        "P_1": "2026-07-01",
        "P_2": "ZAL/1/2026",
        "P_6": "2026-06-30",
        "P_13_1": "10000.00",
        "P_14_1": "2300.00",
        "P_15": "12300.00",
        "Adnotacje": {"P_16": 1, "P_17": 1},
        "RodzajFaktury": "ZAL",
        "ZaliczkaCzesciowa": [
            {"P_6Z": "2026-06-10", "P_15Z": "2300.00"},
            {"P_6Z": "2026-06-30", "P_15Z": "10000.00"},
        ],
        "FakturaZaliczkowa": [
            {"NrKSeFFaZaliczkowej": OTHER_NUMBER},
            {"NrKSeFZN": 1, "NrFaZaliczkowej": "ZAL/0/2026"},
        ],
        "Zamowienie": {
            "WartoscZamowienia": "123000.00",
            "ZamowienieWiersz": [
                {
                    "NrWierszaZam": 1,
                    "P_7Z": "Linia do produkcji ołówków",
                    "P_8AZ": "kpl.",
                    "P_8BZ": "1",
                    "P_9AZ": "100000.00",
                    "P_11NettoZ": "100000.00",
                    "P_11VatZ": "23000.00",
                    "P_12Z": "23",
                }
            ],
        },
        "Platnosc": {"Zaplacono": 1, "DataZaplaty": "2026-06-30", "FormaPlatnosci": 6},
    },
}

DISCOUNT: dict[str, Any] = {
    "Podmiot1": _SELLER,
    "Podmiot2": _BUYER,
    "Fa": {
        "P_1": "2026-07-01",
        "P_2": "RABAT/2026/1",
        "P_13_1": "-1000.00",
        "P_14_1": "-230.00",
        "P_15": "-1230.00",
        "RodzajFaktury": "KOR",
        "DaneFaKorygowanej": [
            {
                "DataWystFaKorygowanej": "2026-05-31",
                "NrFaKorygowanej": "FV/2026/05/1",
                "NrKSeF": 1,
                "NrKSeFFaKorygowanej": OTHER_NUMBER,
            }
        ],
        "OkresFaKorygowanej": "II kwartał 2026",
        "PrzyczynaKorekty": "Rabat roczny",
    },
}

VEHICLE: dict[str, Any] = {
    "Podmiot1": _SELLER,
    "Podmiot2": {"BrakID": 1, "Nazwa": "Jan Kowalski"},
    "Fa": {
        "P_1": "2026-07-01",
        "P_2": "SAM/1",
        "OkresFa": {"P_6_Od": "2026-06-01", "P_6_Do": "2026-06-30"},
        "P_13_7": "100.00",
        "P_13_11": "50000.00",
        "P_15": "50100.00",
        "Adnotacje": {
            "P_18": 1,
            "P_23": 1,
            "Zwolnienie": {"P_19": 1, "P_19A": "art. 43 ust. 1 pkt 2"},
            "NoweSrodkiTransportu": {
                "P_22": 1,
                "P_42_5": 1,
                "NowySrodekTransportu": [
                    {
                        "P_22A": "2026-05-05",
                        "P_NrWierszaNST": 1,
                        "P_22BMK": "Polonez",
                        "P_22BMD": "Caro",
                        "P_22BK": "czerwony",
                        "P_22B": "120 km",
                        "P_22B1": "SUPB03CEHVW000001",
                    },
                    {"P_22A": "2026-05-06", "P_NrWierszaNST": 2, "P_22C": "12", "P_22C1": "KADŁUB-1"},
                ],
            },
            "PMarzy": {"P_PMarzy": 1, "P_PMarzy_3_1": 1},
        },
        "FP": 1,
        "ZwrotAkcyzy": 1,
        "FaWiersz": [
            {"P_7": "Samochód", "P_8A": "szt.", "P_8B": "1", "P_9B": "50000.00", "P_11A": "50000.00"},
            {"P_7": "Ubezpieczenie", "P_8B": "1", "P_9A": "100.00", "P_11": "100.00", "P_12": "zw"},
        ],
    },
}

FARMER: dict[str, Any] = {
    "Podmiot1": {**_SELLER, "Nazwa": "Gospodarstwo Rolne Jan Zmyślony", "NrKontrahenta": "R-77"},
    "Podmiot2": {**_BUYER, "StatusInfoPodatnika": 1},
    "FakturaRR": {
        "KodWaluty": "EUR",
        "P_1M": "Zielona Wieś",
        "P_4A": "2026-06-28",
        "P_4B": "2026-07-01",
        "P_4C": "RR/KOR/2026/1",
        "P_11_1": "100.00",
        "P_11_1W": "425.00",
        "P_11_2": "7.00",
        "P_11_2W": "29.75",
        "P_12_1": "107.00",
        "P_12_1W": "454.75",
        "P_12_2": "sto siedem euro 00/100",
        "RodzajFaktury": "KOR_VAT_RR",
        "PrzyczynaKorekty": "Waga po ponownym ważeniu",
        "TypKorekty": 4,
        "DaneFaKorygowanej": [
            {
                "DataWystFaKorygowanej": "2026-06-30",
                "NrFaKorygowanej": "RR/2026/9",
                "NrKSeF": 1,
                "NrKSeFFaKorygowanej": NUMBER,
            }
        ],
        "Podmiot1K": {
            "NIP": ANIA,
            "Nazwa": "Gospodarstwo Zmyślone",
            "Adres": {"KodKraju": "PL", "AdresL1": "Zielona Wieś 1"},
        },
        "DokumentZaplaty": [{"NrDokumentu": "KW 5/2026", "DataDokumentu": "2026-06-29"}],
        "DodatkowyOpis": [{"Klucz": "Plon", "Wartosc": "2026"}],
        "FakturaRRWiersz": [
            {
                "NrWierszaFa": 1,
                "P_5": "Ziemniaki odmiana irga",
                "P_6A": "kg",
                "P_6B": "400",
                "P_6C": "klasa I",
                "P_7": "0.25",
                "P_8": "100.00",
                "P_9": "7.0",
                "P_10": "7.00",
                "P_11": "107.00",
                "KursWaluty": "4.25",
            }
        ],
        "Platnosc": {
            "FormaPlatnosci": 1,
            "RachunekBankowy1": [{"NrRB": "61109010140000071219812874", "NazwaBanku": "Bank Rolny"}],
            "RachunekBankowy2": [{"NrRB": "PL61109010140000071219812874"}],
        },
    },
}


def made(data: dict[str, Any]) -> fa.Faktura | rr.Faktura:
    """The invoice of some data, completed."""
    invoice = objects.from_plain(data)
    if isinstance(invoice, fa.Faktura):
        return complete.complete(invoice, now=NOW)
    return complete.complete(invoice, now=NOW)


#: File -> invoice, language, KSeF number.
GOLDEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "export-pl": (EXPORT, "pl", NUMBER),
    "export-en": (EXPORT, "en", ""),
    "correction-pl": (CORRECTION, "pl", ""),
    "advance-en": (ADVANCE, "en", ""),
    "discount-pl": (DISCOUNT, "pl", ""),
    "vehicle-pl": (VEHICLE, "pl", ""),
    "farmer-pl": (FARMER, "pl", ""),
}


def golden(name: str) -> tuple[Path, str]:
    """The file, and what stands in it when nothing has changed."""
    data, language, number = GOLDEN[name]
    sheet = invoices.sheet(made(data), language=language, ksef_number=number)
    return Path(__file__).with_name("golden") / f"{name}.txt", dump(sheet)


# ---- a sheet as text -------------------------------------------------------------------------------


def dump(sheet: Sheet) -> str:
    """The sheet as plain text, one thing a line."""
    heads = [sheet.kind, f"{sheet.number_label}: {sheet.number}"]
    if sheet.ksef_number:
        heads.append(f"{sheet.ksef_label}: {sheet.ksef_number}")
    lines = [*heads, *sheet.notes]
    for section in sheet.sections:
        lines += ["", f"== {section.heading} [{section.anchor}]", *_blocks(section.blocks)]
    return "\n".join([*lines, "", sheet.made_by, ""]).replace("\u00a0", " ")


def _blocks(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Pairs):
            if block.heading:
                yield f"-- {block.heading}"
            for pair in block.pairs:
                value = pair.value.replace("\n", " / ")
                yield f"{pair.label}: {value}" if pair.label and value else pair.label or value
        elif isinstance(block, Table):
            if block.heading:
                yield f"-- {block.heading}"
            yield " | ".join(column.title for column in block.columns)
            for at, row in enumerate(block.rows):
                yield ("~ " if at in block.before else "") + " | ".join(row)
            if block.foot:
                yield "= " + " | ".join(block.foot)
        elif isinstance(block, Text):
            yield block.text
        elif isinstance(block, Code):
            yield f"[{block.label}] {block.heading} {block.text} {block.link}"
        elif isinstance(block, Columns):
            for column in block.columns:
                yield from _blocks(column)
        else:
            yield f"{block.label}: {block.value}"


if __name__ == "__main__":
    for each in GOLDEN:
        path, content = golden(each)
        path.write_text(content, encoding="utf-8")
