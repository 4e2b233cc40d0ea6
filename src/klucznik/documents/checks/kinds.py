"""What each kind of invoice has to carry: corrections, advances, settlements. Rule: fa3.md section 5."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from klucznik.documents import fa
from klucznik.documents.checks.finding import Finding, note, numbered
from klucznik.documents.checks.lines import CENT, ZERO
from klucznik.documents.checks.setting import ADVANCES, Invoice, Setting, body, head
from klucznik.documents.values import collapse
from klucznik.errors import Unreadable
from klucznik.wire import ids

#: What only a correction carries.
_OF_CORRECTION: Final = (
    *("DaneFaKorygowanej", "PrzyczynaKorekty", "TypKorekty", "OkresFaKorygowanej"),
    *("NrFaKorygowany", "Podmiot1K", "Podmiot2K", "P_15ZK"),
)


def correction(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """A correction names what it corrects, and nothing else carries a correction's fields."""
    first, inner = head(invoice), body(invoice)
    if not first.corrects:
        for name in _OF_CORRECTION:
            if getattr(inner, name, None):
                yield note(
                    "correction-fields",
                    f"{first.body}/{name}",
                    f"{name} on an invoice of kind {first.kind}, which corrects nothing",
                    f"{name} na fakturze rodzaju {first.kind}, która niczego nie koryguje",
                )
                return
        return
    if not inner.DaneFaKorygowanej:
        yield note(
            "correction-without-original",
            f"{first.body}/RodzajFaktury",
            f"{first.kind} does not say which invoice it corrects (DaneFaKorygowanej)",
            f"{first.kind} nie podaje, którą fakturę koryguje (DaneFaKorygowanej)",
        )
    sellers = {first.seller_nip, *(_nips_of_role(invoice, 3))}
    for index, original in enumerate(inner.DaneFaKorygowanej):
        path = f"{first.body}/{numbered('DaneFaKorygowanej', inner.DaneFaKorygowanej, index)}"
        if collapse(original.NrFaKorygowanej) == collapse(first.number) and inner.NrFaKorygowany is None:
            yield note(
                "corrects-itself",
                f"{path}/NrFaKorygowanej",
                f"the corrected invoice has the same number, {first.number}",
                f"faktura korygowana ma ten sam numer {first.number}",
            )
        if original.NrKSeFFaKorygowanej:
            yield from _ksef_number(f"{path}/NrKSeFFaKorygowanej", original.NrKSeFFaKorygowanej, sellers)


def _nips_of_role(invoice: Invoice, role: int) -> set[str]:
    return {
        one.DaneIdentyfikacyjne.NIP
        for one in invoice.Podmiot3
        if one.Rola == role and one.DaneIdentyfikacyjne.NIP
    }


def _ksef_number(path: str, written: str, sellers: set[str]) -> Iterator[Finding]:
    number = collapse(written)
    try:
        ids.check_ksef_number(number)
    except Unreadable as wrong:
        yield note("ksef-number", path, wrong.message, wrong.message)
        return
    if number[:10] not in sellers:
        yield note(
            "ksef-number-seller",
            path,
            f"{number} is an invoice of seller {number[:10]}, not of this one",
            f"{number} to faktura sprzedawcy {number[:10]}, a nie tego",
        )


def advances(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Advance invoices carry the order, settlements the advances. Art. 106f."""
    inner = invoice.Fa
    kind = collapse(inner.RodzajFaktury)
    if kind in ADVANCES and inner.Zamowienie is None:
        yield note(
            "advance-order",
            "Fa",
            f"{kind} without the order or contract (Zamowienie)",
            f"{kind} bez danych zamówienia lub umowy (Zamowienie)",
        )
    if kind == "ZAL":
        if inner.P_6 is None and not inner.ZaliczkaCzesciowa:
            yield note(
                "advance-date",
                "Fa",
                "the day on which the advance was received (P_6) is missing; only when it is P_1 may it be",
                "brak daty otrzymania zaliczki (P_6); można ją pominąć tylko, gdy to data P_1",
            )
        got = sum((part.P_15Z for part in inner.ZaliczkaCzesciowa), ZERO)
        if inner.ZaliczkaCzesciowa and got != inner.P_15:
            yield note(
                "advance-sum",
                "Fa/ZaliczkaCzesciowa",
                f"the payments add up to {got}, but P_15 is {inner.P_15}",
                f"wpłaty dają razem {got}, a P_15 to {inner.P_15}",
            )
        if inner.Zamowienie is not None and inner.Zamowienie.WartoscZamowienia < inner.P_15:
            yield note(
                "advance-above-order",
                "Fa/P_15",
                f"an advance of {inner.P_15} on an order of {inner.Zamowienie.WartoscZamowienia}",
                f"zaliczka {inner.P_15} na zamówienie o wartości {inner.Zamowienie.WartoscZamowienia}",
            )
    if kind == "ROZ" and not inner.FakturaZaliczkowa:
        yield note(
            "settlement-without-advance",
            "Fa/RodzajFaktury",
            "ROZ does not name the advance invoices that it settles (FakturaZaliczkowa)",
            "ROZ nie wskazuje faktur zaliczkowych, które rozlicza (FakturaZaliczkowa)",
        )
    if kind == "VAT" and inner.FakturaZaliczkowa:
        yield note(
            "advance-on-plain",
            "Fa/FakturaZaliczkowa",
            "advance invoices are settled by an invoice of kind ROZ, not VAT",
            "faktury zaliczkowe rozlicza faktura rodzaju ROZ, nie VAT",
        )
    sellers = {head(invoice).seller_nip, *_nips_of_role(invoice, 3)}
    for index, advance in enumerate(inner.FakturaZaliczkowa):
        if advance.NrKSeFFaZaliczkowej:
            path = f"Fa/{numbered('FakturaZaliczkowa', inner.FakturaZaliczkowa, index)}/NrKSeFFaZaliczkowej"
            yield from _ksef_number(path, advance.NrKSeFFaZaliczkowej, sellers)


def order(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """The value of an order is what its lines add up to, tax included."""
    ordered = invoice.Fa.Zamowienie
    if ordered is None or collapse(invoice.Fa.RodzajFaktury) == "KOR_ZAL":
        return
    value = ZERO
    for line in ordered.ZamowienieWiersz:
        if line.P_11NettoZ is None:
            return
        tax = line.P_11VatZ
        if tax is None:
            if not (line.P_12Z and line.P_12Z.strip().isdigit()):
                tax = ZERO
            else:
                tax = line.P_11NettoZ * Decimal(line.P_12Z.strip()) / 100
        value += line.P_11NettoZ + tax
    if abs(value - ordered.WartoscZamowienia) > CENT * len(ordered.ZamowienieWiersz):
        yield note(
            "order-value",
            "Fa/Zamowienie/WartoscZamowienia",
            f"the lines of the order add up to {value:.2f} with tax, not {ordered.WartoscZamowienia}",
            f"wiersze zamówienia dają razem {value:.2f} z podatkiem, a nie {ordered.WartoscZamowienia}",
        )
