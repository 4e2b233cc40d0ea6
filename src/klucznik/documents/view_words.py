"""How values are written for a person: amounts, days, names of countries and of codes.

Numbers and days look the same in both languages, as in Poland: an invoice printed in English must not
differ from the Polish print in any figure. Rule: pdf.md section 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Final

from klucznik.clock import WARSAW
from klucznik.documents.blocks import Pair
from klucznik.documents.values import collapse
from klucznik.lang import language, tr

if TYPE_CHECKING:
    from babel import Locale

#: Code -> English, Polish.
Names = Mapping[int, tuple[str, str]]

_NBSP = "\u00a0"


def some(*pairs: Pair) -> list[Pair]:
    """Those that have a value: an empty element prints nothing."""
    return [pair for pair in pairs if pair.value]


def text(value: str | None) -> str:
    """A text on one line; white space as `xsd:token` sees it."""
    return collapse(value) if value else ""


# ---- numbers --------------------------------------------------------------------------------------


def _grouped(value: Decimal, least: int) -> str:
    """Decimal comma, thousands by a no-break space, at least `least` decimals and no zeros after them."""
    sign = "-" if value < 0 else ""
    whole, _, rest = format(abs(value), "f").partition(".")
    rest = rest.rstrip("0").ljust(least, "0")
    made = f"{int(whole):,}".replace(",", _NBSP)
    return f"{sign}{made},{rest}" if rest else f"{sign}{made}"


def amount(value: Decimal | None, currency: str = "") -> str:
    """`1 234,50 PLN`, or without a currency `1 234,50`."""
    if value is None:
        return ""
    return f"{_grouped(value, 2)}{_NBSP}{currency}" if currency else _grouped(value, 2)


def quantity(value: Decimal | int | None) -> str:
    """`2,5`, `1 000`: no more decimals than it takes."""
    return "" if value is None else _grouped(Decimal(value), 0)


def percent(value: Decimal | None) -> str:
    return "" if value is None else f"{quantity(value)}%"


def exchange_rate(value: Decimal | None) -> str:
    """Six decimals."""
    return "" if value is None else _grouped(value, 6)


def account(number: str | None) -> str:
    """A bank account in groups: the check digits first when there is no country before them."""
    number = number or ""
    if len(number) <= 12 or any(sign.isspace() for sign in number):
        return text(number)
    head = number[:2] if number[0].isdigit() else ""
    rest = number[len(head) :]
    return " ".join(filter(None, (head, *(rest[at : at + 4] for at in range(0, len(rest), 4)))))


# ---- days -----------------------------------------------------------------------------------------


def day(value: date | None) -> str:
    return "" if value is None else f"{value:%d.%m.}{value.year:04}"


def moment(value: datetime | None) -> str:
    """Polish time, with seconds."""
    if value is None:
        return ""
    here = value.astimezone(WARSAW)
    return f"{day(here)} {here:%H:%M:%S}"


# ---- codes ----------------------------------------------------------------------------------------


def yes(flag: int | None) -> str:
    """`Tak` for a flag that is set, nothing otherwise."""
    return tr("Yes", "Tak") if flag == 1 else ""


def yes_or_no(flag: int | None) -> str:
    """`TAK` or `NIE`, nothing when the form has no such flag."""
    if flag is None:
        return ""
    return tr("YES", "TAK") if flag == 1 else tr("NO", "NIE")


def named(names: Names, code: int | None) -> str:
    """The name of a code; the code itself where it has none."""
    if code is None:
        return ""
    return tr(*names[code]) if code in names else str(code)


@cache
def _locale(language: str) -> Locale:
    from babel import Locale

    return Locale.parse(language)


#: What Babel does not know of TKodKraju.
_COUNTRIES: Final = {
    "XI": ("Northern Ireland", "Irlandia Północna"),
    "XC": ("Ceuta", "Ceuta"),
    "XL": ("Melilla", "Melilla"),
    "AN": ("Netherlands Antilles", "Antyle Holenderskie"),
}


def country(code: str | None) -> str:
    """The country's name in the language in force."""
    if not code:
        return ""
    if code in _COUNTRIES:
        return tr(*_COUNTRIES[code])
    return str(_locale(language()).territories.get(code, code))


def currency(code: str) -> str:
    """`EUR (euro)`; the code alone where nobody has a name for it."""
    name = _locale(language()).currencies.get(code)
    return f"{code} ({name})" if name else code


_RATES: Final = {"0 KR": "0% - KR", "0 WDT": "0% - WDT", "0 EX": "0% - EX"}


def tax_rate(value: str | None) -> str:
    """`23` as `23%`, `0 KR` as `0% - KR`, `zw` as it is. Rule: pdf.md section 4."""
    value = text(value)
    return f"{value}%" if value.isdigit() else _RATES.get(value, value)


PAYMENT_FORMS: Final[Names] = {
    1: ("Cash", "Gotówka"),
    2: ("Card", "Karta"),
    3: ("Voucher", "Bon"),
    4: ("Cheque", "Czek"),
    5: ("Credit", "Kredyt"),
    6: ("Transfer", "Przelew"),
    7: ("Mobile payment", "Płatność mobilna"),
}

TAXPAYER_STATES: Final[Names] = {
    1: ("In liquidation", "W likwidacji"),
    2: ("In restructuring proceedings", "W postępowaniu restrukturyzacyjnym"),
    3: ("In bankruptcy", "W upadłości"),
    4: ("Inherited business", "Przedsiębiorstwo w spadku"),
}

CORRECTION_EFFECTS: Final[Names] = {
    1: ("on the day the original invoice was entered", "w dacie ujęcia faktury pierwotnej"),
    2: ("on the issue day of the correction", "w dacie wystawienia faktury korygującej"),
    3: ("on another day, or a different one for each line", "w innej dacie, także różnej dla pozycji"),
    4: ("on the day all or part was paid back", "w dacie zwrotu całości lub części należności"),
}

THIRD_ROLES: Final[Names] = {
    1: ("Factor", "Faktor"),
    2: (
        "Recipient: a unit or branch of the buyer that is not itself the buyer",
        "Odbiorca – jednostka wewnętrzna lub oddział nabywcy, który sam nie jest nabywcą",
    ),
    3: (
        "Original party, since taken over or transformed",
        "Podmiot pierwotny – przejęty lub przekształcony",
    ),
    4: ("Additional buyer", "Dodatkowy nabywca"),
    5: (
        "Issuer of the invoice on behalf of the taxpayer",
        "Wystawca faktury – w imieniu podatnika",
    ),
    6: ("Payer in place of the buyer", "Dokonujący płatności – w miejsce nabywcy"),
    7: ("Local government unit: issuer", "Jednostka samorządu terytorialnego – wystawca"),
    8: ("Local government unit: recipient", "Jednostka samorządu terytorialnego – odbiorca"),
    9: ("Member of a VAT group: issuer", "Członek grupy VAT – wystawca"),
    10: ("Member of a VAT group: recipient", "Członek grupy VAT – odbiorca"),
    11: ("Employee", "Pracownik"),
}

AUTHORISED_ROLES: Final[Names] = {
    1: ("Enforcement body", "Organ egzekucyjny"),
    2: ("Court bailiff", "Komornik sądowy"),
    3: ("Tax representative", "Przedstawiciel podatkowy"),
}

BANKS_OWN_ACCOUNTS: Final[Names] = {
    1: (
        "Bank's account for settling receivables it buys",
        "Rachunek banku do rozliczeń nabywanych wierzytelności",
    ),
    2: (
        "Bank's account for collecting the buyer's payment and passing it to the seller",
        "Rachunek banku do pobrania należności od nabywcy i przekazania jej dostawcy",
    ),
    3: (
        "Bank's account of its own affairs, not for settlements",
        "Rachunek banku w ramach gospodarki własnej, nierozliczeniowy",
    ),
}

TRANSPORTS: Final[Names] = {
    1: ("Sea", "Morski"),
    2: ("Rail", "Kolejowy"),
    3: ("Road", "Drogowy"),
    4: ("Air", "Lotniczy"),
    5: ("Post", "Przesyłka pocztowa"),
    7: ("Fixed installations", "Stałe instalacje przesyłowe"),
    8: ("Inland waterway", "Żegluga śródlądowa"),
}

LOADS: Final[Names] = {
    1: ("Churn", "Bańka"),
    2: ("Barrel", "Beczka"),
    3: ("Cylinder", "Butla"),
    4: ("Carton", "Karton"),
    5: ("Canister", "Kanister"),
    6: ("Cage", "Klatka"),
    7: ("Shipping container", "Kontener"),
    8: ("Basket", "Kosz lub koszyk"),
    9: ("Punnet", "Łubianka"),
    10: ("Collective packaging", "Opakowanie zbiorcze"),
    11: ("Parcel", "Paczka"),
    12: ("Package", "Pakiet"),
    13: ("Pallet", "Paleta"),
    14: ("Container", "Pojemnik"),
    15: ("Container for dry bulk", "Pojemnik do ładunków masowych stałych"),
    16: ("Container for liquid bulk", "Pojemnik do ładunków masowych płynnych"),
    17: ("Box", "Pudełko"),
    18: ("Can", "Puszka"),
    19: ("Crate", "Skrzynia"),
    20: ("Sack", "Worek"),
}
