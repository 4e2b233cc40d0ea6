"""A sheet that uses every block: an invoice nobody issued."""

from __future__ import annotations

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

KSEF_NUMBER = "5265877635-20260701-0100001AF629-AF"
LINK = (
    "https://qr-test.ksef.mf.gov.pl/invoice/5265877635/01-07-2026/UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE"
)
LONG_LINK = (
    "https://qr-test.ksef.mf.gov.pl/certificate/Nip/5265877635/5265877635/01F20A5D352AE590/"
    "UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE/" + "aB3_-xYz09" * 34 + "Qw"
)
PANGRAM = "zażółć gęślą jaźń ĄĆĘŁŃÓŚŹŻ"

_LINE = (
    Column("Lp.", "right", 0.4),
    Column("Nazwa towaru lub usługi", weight=4),
    Column("Cena jedn. netto", "right", 1.2),
    Column("Ilość", "right", 0.8),
    Column("Miara", weight=0.7),
    Column("Stawka podatku", "right", 0.8),
    Column("Wartość sprzedaży netto", "right", 1.4),
)
_GOODS = (
    ("Ołówek grafitowy HB z gumką, sześciokątny", "1,20", "100", "szt.", "23%", "120,00"),
    ("Papier kserograficzny A4 80 g/m², ryza 500 arkuszy", "18,99", "40", "op.", "23%", "759,60"),
    (
        "Usługa serwisowa urządzeń biurowych – dojazd, przegląd i czyszczenie",
        "350,00",
        "3,5",
        "h",
        "23%",
        "1 225,00",
    ),
    ("Książka „Zażółć gęślą jaźń”", "49,00", "12", "egz.", "5%", "588,00"),
    ("Szkolenie BHP", "1 500,00", "1", "usł.", "zw", "1 500,00"),
)


def lines(count: int) -> list[tuple[str, ...]]:
    """Lines of an invoice, as many as wished."""
    return [(str(n + 1), *_GOODS[n % len(_GOODS)]) for n in range(count)]


def party(heading: str, nip: str, name: str) -> Pairs:
    return Pairs(
        (
            Pair("NIP", nip),
            Pair("Nazwa", name),
            Pair("Adres", "ul. Świętokrzyska 12/4\n00-916 Warszawa\nPolska"),
            Pair("E-mail", "biuro@example.com"),
            Pair("Tel.", "+48 22 123 45 67"),
        ),
        heading,
    )


def demonstration(count: int = 15, *, landscape: bool = False, watermark: str = "") -> Sheet:
    """Every block, with `count` lines."""
    return Sheet(
        language="pl",
        kind="Faktura podstawowa",
        number="FV/2026/07/000123",
        number_label="Numer faktury",
        ksef_number=KSEF_NUMBER,
        ksef_label="Numer KSeF",
        landscape=landscape,
        watermark=watermark,
        made_by="Wytworzona w: Program Ani · podgląd Klucznik",
        notes=() if not watermark else ("To jest dokument przykładowy: nikt go nie wystawił.",),
        sections=(
            Section(
                "parties",
                "",
                (
                    Columns(
                        (
                            (party("Sprzedawca", "5265877635", "Ania Przykładowa Papiernictwo sp. z o.o."),),
                            (party("Nabywca", "1111111111", "Biuro Rachunkowe „Żółw” Spółka komandytowa"),),
                        )
                    ),
                ),
            ),
            Section(
                "details",
                "Szczegóły",
                (
                    Columns(
                        (
                            (
                                Pairs(
                                    (
                                        Pair(
                                            "Data wystawienia, z zastrzeżeniem art. 106na ust. 1 ustawy",
                                            "01.07.2026",
                                        ),
                                        Pair("Miejsce wystawienia", "Warszawa"),
                                    )
                                ),
                            ),
                            (
                                Pairs(
                                    (
                                        Pair("Data dokonania lub zakończenia dostawy towarów", "30.06.2026"),
                                        Pair("Kod waluty", "PLN"),
                                    )
                                ),
                            ),
                        )
                    ),
                ),
            ),
            Section(
                "lines",
                "Pozycje",
                (
                    Text("Faktura wystawiona w walucie PLN", "note"),
                    Table(_LINE, lines(count)),
                    Total("Kwota należności ogółem:", "12 345,67 PLN"),
                ),
            ),
            Section(
                "tax",
                "Podsumowanie stawek podatku",
                (
                    Table(
                        (
                            Column("Lp.", "right", 0.3),
                            Column("Stawka podatku", weight=2),
                            Column("Kwota netto", "right"),
                            Column("Kwota podatku", "right"),
                            Column("Kwota brutto", "right"),
                        ),
                        (
                            ("1", "23% lub 22%", "6 313,80", "1 452,17", "7 765,97"),
                            ("2", "5%", "1 764,00", "88,20", "1 852,20"),
                            ("3", "zwolnione od podatku", "2 727,50", "0,00", "2 727,50"),
                        ),
                        foot=("", "Razem", "10 805,30", "1 540,37", "12 345,67"),
                    ),
                ),
            ),
            Section(
                "payment",
                "Płatność",
                (
                    Columns(
                        (
                            (
                                Pairs(
                                    (
                                        Pair("Forma płatności", "Przelew"),
                                        Pair("Termin płatności", "15.07.2026"),
                                        Pair(
                                            "Link do płatności",
                                            "https://pay.example.com/p/1",
                                            "https://pay.example.com/p/1",
                                        ),
                                    )
                                ),
                            ),
                            (
                                Pairs(
                                    (
                                        Pair("Pełny numer rachunku", "73 1111 1111 1111 1111 1111 1111"),
                                        Pair("Nazwa banku", "Bank Zmyślony SA"),
                                    ),
                                    "Numer rachunku bankowego",
                                ),
                            ),
                        )
                    ),
                    Text("Mechanizm podzielonej płatności", "strong"),
                    Text("Faktura czeka na przesłanie do KSeF.", "warning"),
                ),
            ),
            Section(
                "codes",
                "",
                (
                    Code(
                        LINK,
                        KSEF_NUMBER,
                        "Sprawdź, czy Twoja faktura znajduje się w KSeF!",
                        "Nie możesz zeskanować kodu z obrazka? Kliknij w link i przejdź do weryfikacji.",
                    ),
                    Code(
                        LONG_LINK,
                        "CERTYFIKAT",
                        "Zweryfikuj wystawcę faktury",
                        "Kliknij w link weryfikacyjny:",
                        210,
                    ),
                ),
            ),
        ),
    )


def correction() -> Sheet:
    """Lines before and after, a word too long for its column, two languages' worth of labels."""
    return Sheet(
        language="en",
        kind="Correcting invoice",
        number="KOR/" + "X" * 60,
        sections=(
            Section(
                "lines",
                "Lines",
                (
                    Table(
                        _LINE,
                        (
                            ("1", *_GOODS[0]),
                            ("1", *_GOODS[0][:2], "90", "szt.", "23%", "108,00"),
                            (
                                "2",
                                "SERIAL" + "0123456789" * 12,
                                "1 234 567,89",
                                "1",
                                "szt.",
                                "23%",
                                "-1 234 567,89",
                            ),
                        ),
                        heading="Corrected lines",
                        before=frozenset({0}),
                    ),
                    Text(PANGRAM),
                ),
            ),
        ),
    )


def attachment(columns: int) -> Sheet:
    """A table of an attachment, as wide as the schema allows (20)."""
    return Sheet(
        language="pl",
        kind="Załącznik",
        number="FV/1",
        landscape=True,
        sections=(
            Section(
                "attachment",
                "Załącznik do faktury VAT",
                (
                    Table(
                        tuple(
                            Column(f"Kolumna {n}", "right" if n % 3 == 0 else "left") for n in range(columns)
                        ),
                        [
                            tuple(
                                f"{n * row * 1234},00" if n % 3 == 0 else f"wpis {n}" for n in range(columns)
                            )
                            for row in range(30)
                        ],
                        heading="Zużycie energii",
                    ),
                ),
            ),
        ),
    )
