"""The sections of an FA_RR between its parties and its foot. Rule: pdf.md section 9."""

from __future__ import annotations

from decimal import Decimal

from klucznik.documents import rr
from klucznik.documents.view.blocks import Block, Columns, Pair, Pairs, Section, Total
from klucznik.documents.view.sections.details import in_turn
from klucznik.documents.view.sections.lines import in_currency
from klucznik.documents.view.sections.notes import described
from klucznik.documents.view.tables import Col, col, ordinal, tables
from klucznik.documents.view.words import amount, currency, day, exchange_rate, percent, quantity, some, text
from klucznik.lang import tr


def _common_rate(body: rr.FakturaRR) -> str:
    rates = {line.KursWaluty for line in body.FakturaRRWiersz}
    rate = rates.pop() if len(rates) == 1 and text(body.KodWaluty) != "PLN" else None
    return exchange_rate(rate)


def details(body: rr.FakturaRR) -> list[Section]:
    """`Szczegóły`."""
    pairs = some(
        Pair(tr("Issue date", "Data wystawienia"), day(body.P_4B)),
        Pair(tr("Date of the purchase", "Data dokonania nabycia"), day(body.P_4A)),
        Pair(tr("Currency", "Kod waluty"), currency(text(body.KodWaluty))),
        Pair(tr("Exchange rate", "Kurs waluty"), _common_rate(body)),
        Pair(tr("Place of issue", "Miejsce wystawienia"), text(body.P_1M)),
    )
    return [Section("details", tr("Details", "Szczegóły"), [Columns(in_turn(pairs))])]


def _columns(body: rr.FakturaRR) -> list[Col]:
    columns = [
        col("NrWierszaFa", "No.", "Lp.", str, "right", 0.4),
        col("UU_ID", "Unique number of the line", "Unikalny numer wiersza", aside=True),
        col("P_5", "Name", "Nazwa", weight=3.5),
        col("P_6A", "Unit", "Miara", weight=0.7),
        col("P_6B", "Quantity", "Ilość", quantity, "right", 0.8),
        col("P_6C", "Class or quality", "Opis klasy lub jakości", weight=1.4),
        col("P_7", "Unit price", "Cena jedn.", amount, "right"),
        col("P_8", "Value without refund", "Wartość bez ZZP", amount, "right", 1.2),
        col("P_9", "Rate of refund", "Stawka ZZP", percent, "right", 0.8),
        col("P_10", "Refund", "Kwota ZZP", amount, "right"),
        col("P_11", "Value with refund", "Wartość z ZZP", amount, "right", 1.2),
        col("P_4AA", "Bought on", "Data nabycia", day, aside=True),
        col("GTIN", "GTIN", "GTIN", aside=True),
        col("PKWiU", "PKWiU", "PKWiU", aside=True),
        col("CN", "CN", "CN", aside=True),
        col("KursWaluty", "Exchange rate", "Kurs waluty", exchange_rate, "right", aside=True),
    ]
    if _common_rate(body):
        columns.pop()
    return columns


def lines(body: rr.FakturaRR) -> list[Section]:
    """`Pozycje` with the totals; without a line only the totals."""
    code = text(body.KodWaluty)

    def both(value: Decimal, in_pln: Decimal | None) -> str:
        return amount(value, code) + (f" ({amount(in_pln, 'PLN')})" if in_pln is not None else "")

    made: list[Block] = [
        *tables(_columns(body), body.FakturaRRWiersz, before=lambda line: line.StanPrzed == 1)
    ]
    if made:
        made.insert(0, in_currency(code))
    sums = [
        Pair(
            tr(
                "Value of the agricultural products or services",
                "Wartość nabytych produktów rolnych lub wykonanych usług rolniczych",
            ),
            both(body.P_11_1, body.P_11_1W),
        ),
        Pair(
            tr("Flat-rate tax refund", "Kwota zryczałtowanego zwrotu podatku"),
            both(body.P_11_2, body.P_11_2W),
        ),
    ]
    made += [
        Pairs(sums),
        Total(tr("Total due", "Kwota należności ogółem"), both(body.P_12_1, body.P_12_1W)),
        Pairs([Pair(tr("In words", "Słownie"), text(body.P_12_2))]),
    ]
    return [Section("lines", tr("Lines", "Pozycje"), made)]


def additional(body: rr.FakturaRR) -> list[Section]:
    """`Dokumenty Zapłaty` and `Dodatkowy opis`."""
    papers = tables(
        [
            ordinal(),
            col("NrDokumentu", "Number", "Numer dokumentu", weight=3),
            col("DataDokumentu", "Date", "Data dokumentu", day),
        ],
        body.DokumentZaplaty,
    )
    made = []
    if papers:
        made.append(Section("payment-documents", tr("Documents of payment", "Dokumenty Zapłaty"), papers))
    if more := described(body.DodatkowyOpis):
        made.append(Section("additional", tr("Additional information", "Dodatkowe informacje"), more))
    return made
