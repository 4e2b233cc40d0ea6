"""How values are written for a person: amounts, days, names of countries and of codes.

Numbers and days look the same in both languages, as in Poland: an invoice printed in English must not
differ from the Polish print in any figure. Rule: pdf.md section 1.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Final

from klucznik.clock import WARSAW
from klucznik.documents.values import collapse
from klucznik.documents.view.blocks import Pair
from klucznik.lang import language, tr

if TYPE_CHECKING:
    from babel import Locale

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
