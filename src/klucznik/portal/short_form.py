"""The short form of an invoice: what was typed, and the FA(3) made of it.

The seller is the context; everything that follows from the lines is worked out by `documents.complete`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from klucznik.documents import build, objects
from klucznik.documents.complete import complete
from klucznik.portal.visit import Unfit, Visit
from klucznik.wire.ids import is_nip

#: Values of P_12, and what they mean where the number does not say it.
RATES: Final[tuple[tuple[str, tuple[str, str, str]], ...]] = (
    ("23", ("23%", "23%", "23%")),
    ("8", ("8%", "8%", "8%")),
    ("5", ("5%", "5%", "5%")),
    ("0 KR", ("0% domestic", "0% krajowa", "0% Inland")),
    ("oo", ("reverse charge", "odwrotne obciążenie", "Reverse Charge")),
)
#: Fields of the form beside its lines, in the order in which they stand.
FIELDS: Final = (
    "number",
    "issued",
    "sold",
    "seller_name",
    "seller_address",
    "buyer_nip",
    "buyer_name",
    "buyer_address",
)
LINE_FIELDS: Final = ("name", "quantity", "unit", "price", "rate")
_ROWS: Final = 3
_MOST_ROWS: Final = 100
_BLANKS: Final = re.compile(r"[\s\u00a0\u202f]")


@dataclass(frozen=True)
class Typed:
    """The form as typed: its fields, and one dict for each line."""

    fields: dict[str, str]
    lines: list[dict[str, str]]

    def hidden(self) -> list[tuple[str, str]]:
        """All of it as names and values, to be carried through another page."""
        lines = [(f"line_{name}", line[name]) for line in self.lines for name in LINE_FIELDS]
        return [*self.fields.items(), *lines]


def seller_of(visit: Visit) -> str:
    """The NIP of the context; "" where it has none, and only ready XML can be sent."""
    kind, value = visit.context
    return value[:10] if kind in ("Nip", "InternalId", "NipVatUe") else ""


def empty(today: date) -> Typed:
    """A form to begin with."""
    fields = {**dict.fromkeys(FIELDS, ""), "issued": today.isoformat()}
    return Typed(fields, [_blank() for _ in range(_ROWS)])


def typed(visit: Visit, *, more: bool = False) -> Typed:
    """What was sent; with `more` one line longer."""
    columns = {name: visit.fields(f"line_{name}") for name in LINE_FIELDS}
    rows = zip(*columns.values(), strict=False)
    lines = [dict(zip(LINE_FIELDS, map(str.strip, row), strict=True)) for row in rows][:_MOST_ROWS]
    if (more and len(lines) < _MOST_ROWS) or not lines:
        lines.append(_blank())
    return Typed({name: visit.field(name) for name in FIELDS}, lines)


def made(visit: Visit, form: Typed, now: datetime) -> bytes:
    """The document, not yet asked of its schema. Raises `Unfit` naming every value that does not fit."""
    t, given, wrong = visit.t, form.fields, list[str]()
    for name, label in (
        ("number", t("invoice number", "numer faktury", "Rechnungsnummer")),
        ("issued", t("issue date", "data wystawienia", "Ausstellungsdatum")),
        ("seller_name", t("seller's name", "nazwa sprzedawcy", "Name des Verkäufers")),
        ("seller_address", t("seller's address", "adres sprzedawcy", "Adresse des Verkäufers")),
        ("buyer_name", t("buyer's name", "nazwa nabywcy", "Name des Käufers")),
    ):
        if not given[name]:
            wrong.append(t(f"Missing: {label}.", f"Brakuje: {label}.", f"Es fehlt: {label}."))
    for name in ("issued", "sold"):
        if given[name] and not _is_day(given[name]):
            wrong.append(
                t(
                    f"“{given[name][:20]}” is no date; write it as 2026-02-28.",
                    f"„{given[name][:20]}” to nie data; wpisz ją jak 2026-02-28.",
                    f"„{given[name][:20]}“ ist kein Datum; schreiben Sie es wie 2026-02-28.",
                )
            )
    buyer_nip = _BLANKS.sub("", given["buyer_nip"]).replace("-", "").removeprefix("PL")
    if buyer_nip and not is_nip(buyer_nip, checksum=False):
        wrong.append(
            t(
                f"“{given['buyer_nip'][:20]}” is no NIP: ten digits, or nothing for a consumer.",
                f"„{given['buyer_nip'][:20]}” to nie NIP: dziesięć cyfr albo nic dla konsumenta.",
                f"„{given['buyer_nip'][:20]}“ ist keine NIP: zehn Ziffern oder nichts bei Verbrauchern.",
            )
        )
    rows = [
        _line(visit, at, line, wrong)
        for at, line in enumerate(form.lines, 1)
        if line["name"] or line["quantity"] or line["price"]
    ]
    if not rows:
        wrong.append(
            t(
                "Fill in at least one line.",
                "Wypełnij co najmniej jedną pozycję.",
                "Füllen Sie mindestens eine Position aus.",
            )
        )
    if wrong:
        raise Unfit(" ".join(wrong))
    try:
        invoice = objects.from_plain(_data(seller_of(visit), buyer_nip, given, rows))
        return build.xml_of(complete(invoice, now=now), check=False)
    except objects.DataFault as fault:
        raise Unfit(" ".join(each.message for each in fault.faults)) from None


def _data(seller: str, buyer_nip: str, given: dict[str, str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    buyer: dict[str, Any] = {"NIP": buyer_nip} if buyer_nip else {"BrakID": 1}
    buyer["Nazwa"] = given["buyer_name"]
    if given["buyer_address"]:
        buyer["Adres"] = {"AdresL1": given["buyer_address"]}
    body: dict[str, Any] = {"P_1": given["issued"], "P_2": given["number"], "FaWiersz": rows}
    if given["sold"]:
        body["P_6"] = given["sold"]
    return {
        "Podmiot1": {
            "NIP": seller,
            "Nazwa": given["seller_name"],
            "Adres": {"AdresL1": given["seller_address"]},
        },
        "Podmiot2": buyer,
        "Fa": body,
    }


def _line(visit: Visit, at: int, line: dict[str, str], wrong: list[str]) -> dict[str, Any]:
    t = visit.t
    quantity, price = _number(line["quantity"]), _number(line["price"])
    if not line["name"]:
        wrong.append(
            t(f"Line {at}: no name.", f"Pozycja {at}: brak nazwy.", f"Position {at}: keine Bezeichnung.")
        )
    for typed_value, number, en, pl, de in (
        (line["quantity"], quantity, "quantity", "ilość", "Menge"),
        (line["price"], price, "net price", "cena netto", "Nettopreis"),
    ):
        if number is None:
            shown = typed_value[:20]
            wrong.append(
                t(
                    f"Line {at}: “{shown}” is no {en}; write a number such as 12.50.",
                    f"Pozycja {at}: „{shown}” to nie {pl}; wpisz liczbę, np. 12,50.",
                    f"Position {at}: „{shown}“ ist keine Angabe für {de}; schreiben Sie eine Zahl wie 12,50.",
                )
            )
    if line["rate"] not in dict(RATES):
        wrong.append(
            t(
                f"Line {at}: choose a rate of tax.",
                f"Pozycja {at}: wybierz stawkę podatku.",
                f"Position {at}: wählen Sie einen Steuersatz.",
            )
        )
    found = {"P_7": line["name"], "P_8B": quantity, "P_9A": price, "P_12": line["rate"]}
    return {**found, "P_8A": line["unit"]} if line["unit"] else found


def _number(typed_value: str) -> Decimal | None:
    """A number as people type it: `1 234,50` or `1234.50`."""
    try:
        found = Decimal(_BLANKS.sub("", typed_value).replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < 16 else None


def _is_day(typed_value: str) -> bool:
    try:
        date.fromisoformat(typed_value)
    except ValueError:
        return False
    return True


def _blank() -> dict[str, str]:
    return {"name": "", "quantity": "", "unit": "", "price": "", "rate": "23"}
