"""Lines, and the order of an advance. Rule: pdf.md section 4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from klucznik.documents import fa
from klucznik.documents.view.blocks import Align, Block, Pair, Pairs, Section, Text, Total
from klucznik.documents.view.tables import Col, col, tables
from klucznik.documents.view.words import (
    amount,
    day,
    exchange_rate,
    percent,
    quantity,
    tax_rate,
    text,
    yes,
)
from klucznik.lang import tr


def common_rate(body: fa.Fa) -> str:
    """The exchange rate that every line has, written; empty when lines differ or none is needed."""
    rates = {line.KursWaluty for line in body.FaWiersz}
    rate = rates.pop() if len(rates) == 1 and text(body.KodWaluty) != "PLN" else None
    return exchange_rate(rate)


def _number(name: str, en: str, pl: str, write: Callable[[Any], str] = amount, weight: float = 1.2) -> Col:
    return col(name, en, pl, write, "right", weight)


def _second(name: str, en: str, pl: str, write: Callable[[Any], str] = text, align: Align = "left") -> Col:
    return col(name, en, pl, write, align, aside=True)


def _rate_of(rate: str, foreign: str, margin: bool) -> Callable[[Any], str]:
    """Without a rate a line of the margin scheme says so."""

    def write(line: Any) -> str:
        found = tax_rate(getattr(line, rate))
        if found or getattr(line, foreign) is not None or not margin:
            return found
        return tr("margin", "marża")

    return write


def _line_columns(body: fa.Fa) -> list[Col]:
    margin = body.Adnotacje.PMarzy.P_PMarzy == 1
    columns = [
        _number("NrWierszaFa", "No.", "Lp.", str, 0.4),
        _second("UU_ID", "Unique number of the line", "Unikalny numer wiersza"),
        col("P_7", "Goods or services", "Nazwa towaru lub usługi", weight=4),
        _number("P_9A", "Net unit price", "Cena jedn. netto"),
        _number("P_9B", "Gross unit price", "Cena jedn. brutto"),
        _number("P_8B", "Quantity", "Ilość", quantity, 0.8),
        col("P_8A", "Unit", "Miara", weight=0.7),
        _number("P_10", "Discount", "Rabat"),
        Col("Tax rate", "Stawka podatku", _rate_of("P_12", "P_12_XII", margin), "right", 0.8),
        _number("P_12_XII", "OSS tax rate", "Stawka podatku OSS", percent, 0.8),
        _second(
            "P_12_Zal_15",
            "Annex 15 to the VAT Act",
            "Znacznik dla towaru lub usługi z zał. nr 15 do ustawy",
            yes,
        ),
        _number("P_11", "Net value", "Wartość sprzedaży netto", weight=1.4),
        _number("P_11A", "Gross value", "Wartość sprzedaży brutto", weight=1.4),
        _number("P_11Vat", "Tax", "Wartość sprzedaży vat", weight=1.3),
        _second("KursWaluty", "Exchange rate", "Kurs waluty", exchange_rate, "right"),
        _second("GTIN", "GTIN", "GTIN"),
        _second("PKWiU", "PKWiU", "PKWiU"),
        _second("CN", "CN", "CN"),
        _second("PKOB", "PKOB", "PKOB"),
        _second("KwotaAkcyzy", "Excise duty", "Kwota podatku akcyzowego", amount, "right"),
        _second("GTU", "GTU", "GTU"),
        _second("Procedura", "Procedure", "Procedura"),
        _second("P_6A", "Delivered or done on", "Data dostawy / wykonania", day),
        _second("Indeks", "Index", "Indeks"),
    ]
    if common_rate(body):
        columns = [column for column in columns if column.pl != "Kurs waluty"]
    return columns


def _order_columns(body: fa.Fa) -> list[Col]:
    margin = body.Adnotacje.PMarzy.P_PMarzy == 1
    return [
        _number("NrWierszaZam", "No.", "Lp.", str, 0.4),
        _second("UU_IDZ", "Unique number of the line", "Unikalny numer wiersza"),
        col("P_7Z", "Goods or services", "Nazwa towaru lub usługi", weight=4),
        _number("P_9AZ", "Net unit price", "Cena jedn. netto"),
        _number("P_8BZ", "Quantity", "Ilość", quantity, 0.8),
        col("P_8AZ", "Unit", "Miara", weight=0.7),
        Col("Tax rate", "Stawka podatku", _rate_of("P_12Z", "P_12Z_XII", margin), "right", 0.8),
        _number("P_12Z_XII", "OSS tax rate", "Stawka podatku OSS", percent, 0.8),
        _second(
            "P_12Z_Zal_15",
            "Annex 15 to the VAT Act",
            "Znacznik dla towaru lub usługi z zał. nr 15 do ustawy",
            yes,
        ),
        _number("P_11NettoZ", "Net value", "Wartość sprzedaży netto", weight=1.4),
        _number("P_11VatZ", "Tax", "Wartość sprzedaży vat", weight=1.3),
        _second("GTINZ", "GTIN", "GTIN"),
        _second("PKWiUZ", "PKWiU", "PKWiU"),
        _second("CNZ", "CN", "CN"),
        _second("PKOBZ", "PKOB", "PKOB"),
        _second("KwotaAkcyzyZ", "Excise duty", "Kwota podatku akcyzowego", amount, "right"),
        _second("GTUZ", "GTU", "GTU"),
        _second("ProceduraZ", "Procedure", "Procedura"),
        _second("IndeksZ", "Index", "Indeks"),
    ]


def in_currency(code: str) -> Text:
    return Text(
        tr(f"Amounts are in {code}.", f"Faktura wystawiona w walucie {code}"),
        "note",
    )


def due(body: fa.Fa) -> Total:
    """P_15, called what it means on this kind of invoice. Rule: fa3.md section 5."""
    if body.OkresFaKorygowanej and body.RodzajFaktury == "KOR":
        label = tr("Discount in total", "Wartość rabatu ogółem")
    else:
        label = {
            "ROZ": tr("Left to pay", "Kwota pozostała do zapłaty"),
            "KOR": tr("Correction of the total due", "Korekta kwoty należności ogółem"),
            "KOR_ROZ": tr("Correction of the total due", "Korekta kwoty należności ogółem"),
            "ZAL": tr(
                "Payment in advance, documented here",
                "Kwota zapłaty (zaliczki) dokumentowana fakturą",
            ),
            "KOR_ZAL": tr(
                "Correction of the payment in advance",
                "Korekta kwoty zapłaty (zaliczki) dokumentowana fakturą",
            ),
        }.get(body.RodzajFaktury, tr("Total due", "Kwota należności ogółem"))
    return Total(label, amount(body.P_15, text(body.KodWaluty)))


def lines(body: fa.Fa) -> list[Section]:
    """`Pozycje`, or `Rabat` for a collective discount. What is to be paid closes it.

    An advance says that under its order.
    """
    made: list[Block] = [*tables(_line_columns(body), body.FaWiersz, before=lambda line: line.StanPrzed == 1)]
    if body.OkresFaKorygowanej and body.RodzajFaktury == "KOR":
        covers = (
            tr(
                "The discount covers only some of the deliveries to this buyer in the period.",
                "Rabat nie dotyczy wszystkich dostaw towarów i usług na rzecz tego nabywcy w danym okresie.",
            )
            if made
            else tr(
                "The discount covers all deliveries to this buyer in the period.",
                "Rabat dotyczy wszystkich dostaw towarów i usług na rzecz tego nabywcy w danym okresie.",
            )
        )
        return [Section("discount", tr("Discount", "Rabat"), [due(body), Text(covers), *made])]
    if not made:
        return []
    if body.RodzajFaktury not in ("ZAL", "KOR_ZAL"):
        made.append(due(body))
    return [Section("lines", tr("Lines", "Pozycje"), [in_currency(text(body.KodWaluty)), *made])]


def order(body: fa.Fa) -> list[Section]:
    """`Zamówienie`: what an advance was paid for."""
    if body.Zamowienie is None:
        return []
    code = text(body.KodWaluty)
    value = Pair(
        tr("Value of the order with tax", "Wartość zamówienia lub umowy z uwzględnieniem kwoty podatku"),
        amount(body.Zamowienie.WartoscZamowienia, code),
    )
    rows = tables(
        _order_columns(body), body.Zamowienie.ZamowienieWiersz, before=lambda line: line.StanPrzedZ == 1
    )
    blocks: list[Block] = [in_currency(code), Pairs([value]), *rows]
    if body.RodzajFaktury in ("ZAL", "KOR_ZAL"):
        blocks.append(due(body))
    return [Section("order", tr("Order", "Zamówienie"), blocks)]


def total_alone(body: fa.Fa) -> list[Section]:
    """What is due, where no section above says it: an invoice without lines, an advance without an order."""
    advance = body.RodzajFaktury in ("ZAL", "KOR_ZAL")
    shown = body.Zamowienie is not None if advance else bool(body.FaWiersz)
    if shown or (body.OkresFaKorygowanej and body.RodzajFaktury == "KOR"):
        return []
    return [Section("total", "", [due(body)])]
