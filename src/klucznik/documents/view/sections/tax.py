"""The tax by rates. Rule: pdf.md section 5."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from klucznik.documents import fa
from klucznik.documents.view.blocks import Column, Section, Table
from klucznik.documents.view.words import amount
from klucznik.lang import tr

#: Net, tax, tax in PLN, English, Polish. Rule: pdf.md section 5, fa3.md section 4.
_GROUPS: Final = (
    ("P_13_1", "P_14_1", "P_14_1W", "23% or 22%", "23% lub 22%"),
    ("P_13_2", "P_14_2", "P_14_2W", "8% or 7%", "8% lub 7%"),
    ("P_13_3", "P_14_3", "P_14_3W", "5%", "5%"),
    ("P_13_4", "P_14_4", "P_14_4W", "4% or 3%", "4% lub 3%"),
    ("P_13_5", "P_14_5", "", "OSS", "OSS"),
    ("P_13_6_1", "", "", "0%, domestic", "0% w przypadku sprzedaży krajowej (KR)"),
    (
        "P_13_6_2",
        "",
        "",
        "0%, supply within the EU (WDT)",
        "0% w przypadku wewnątrzwspólnotowej dostawy towarów (WDT)",
    ),
    ("P_13_6_3", "", "", "0%, export", "0% w przypadku eksportu towarów (EX)"),
    ("P_13_7", "", "", "exempt", "zwolnione od podatku"),
    (
        "P_13_8",
        "",
        "",
        "outside Poland, except art. 100(1)(4) of the VAT Act",
        "np z wyłączeniem art. 100 ust 1 pkt 4 ustawy",
    ),
    (
        "P_13_9",
        "",
        "",
        "outside Poland, art. 100(1)(4) of the VAT Act",
        "np na podstawie art. 100 ust. 1 pkt 4 ustawy",
    ),
    ("P_13_10", "", "", "reverse charge", "odwrotne obciążenie"),
    ("P_13_11", "", "", "margin", "marża"),
)


def tax_summary(body: fa.Fa) -> list[Section]:
    """`Podsumowanie stawek podatku`, one row for each group present; gross is computed."""
    rows, sums, in_pln = [], [Decimal(0), Decimal(0), Decimal(0)], False
    for net_name, tax_name, pln_name, en, pl in _GROUPS:
        net, tax, pln = (getattr(body, name) if name else None for name in (net_name, tax_name, pln_name))
        if net is None and tax is None:
            continue
        values = (net or Decimal(0), tax or Decimal(0), pln or Decimal(0))
        sums = [one + more for one, more in zip(sums, values, strict=True)]
        in_pln = in_pln or pln is not None
        rows.append(
            [tr(en, pl), amount(values[0]), amount(values[1]), amount(values[0] + values[1]), amount(pln)]
        )
    if not rows:
        return []
    titles = (
        ("Tax rate", "Stawka podatku"),
        ("Net", "Kwota netto"),
        ("Tax", "Kwota podatku"),
        ("Gross", "Kwota brutto"),
        ("Tax in PLN", "Kwota podatku PLN"),
    )
    width = 5 if in_pln else 4
    columns = [Column(tr("No.", "Lp."), "right", 0.4), Column(tr(*titles[0]), weight=3)]
    columns += [Column(tr(*title), "right") for title in titles[1:width]]
    cells = [[str(n), *row[:width]] for n, row in enumerate(rows, 1)]
    foot: Sequence[str] = ()
    if len(rows) > 1:
        totals = [amount(sums[0]), amount(sums[1]), amount(sums[0] + sums[1]), amount(sums[2])]
        foot = ["", tr("Together", "Razem"), *totals[: width - 1]]
    heading = tr("Tax by rates", "Podsumowanie stawek podatku")
    return [Section("tax", heading, [Table(columns, cells, foot=foot)])]
