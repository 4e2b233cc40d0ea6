"""FA_RR: the sums of an invoice for a flat-rate farmer. Rule: fa3.md section 8."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from klucznik.documents import rr
from klucznik.documents.checks.finding import Finding, note, numbered
from klucznik.documents.checks.lines import CENT, HUNDRED, ZERO, cents
from klucznik.documents.checks.setting import Setting, head


def lines(invoice: rr.Faktura, setting: Setting) -> Iterator[Finding]:
    """P_8 = P_6B x P_7, P_10 = P_8 x P_9, P_11 = P_8 + P_10."""
    inner = invoice.FakturaRR
    corrects = head(invoice).corrects
    seen: Counter[tuple[int | None, int]] = Counter()
    for index, line in enumerate(inner.FakturaRRWiersz):
        path = f"FakturaRR/{numbered('FakturaRRWiersz', inner.FakturaRRWiersz, index)}"
        value = cents(line.P_6B * line.P_7)
        if min(abs(value - line.P_8), abs(value + line.P_8) if corrects else CENT * 2) > CENT:
            yield note(
                "line-difference" if corrects else "line-value",
                f"{path}/P_8",
                f"{line.P_6B} x {line.P_7} = {value}, but {line.P_8} stands there",
                f"{line.P_6B} x {line.P_7} = {value}, a podano {line.P_8}",
            )
        refund = cents(line.P_8 * line.P_9 / HUNDRED)
        if abs(refund - line.P_10) > CENT:
            yield note(
                "line-tax",
                f"{path}/P_10",
                f"{line.P_9}% of {line.P_8} is {refund}, but {line.P_10} stands there",
                f"{line.P_9}% od {line.P_8} to {refund}, a podano {line.P_10}",
            )
        if line.P_8 + line.P_10 != line.P_11:
            yield note(
                "line-gross",
                f"{path}/P_11",
                f"{line.P_8} + {line.P_10} = {line.P_8 + line.P_10}, but {line.P_11} stands there",
                f"{line.P_8} + {line.P_10} = {line.P_8 + line.P_10}, a podano {line.P_11}",
            )
        seen[line.StanPrzed, line.NrWierszaFa] += 1
        if seen[line.StanPrzed, line.NrWierszaFa] == 2:
            yield note(
                "line-number-twice",
                f"{path}/NrWierszaFa",
                f"line number {line.NrWierszaFa} stands twice",
                f"numer wiersza {line.NrWierszaFa} występuje dwa razy",
            )
        if line.StanPrzed == 1 and not corrects:
            yield note(
                "before-row",
                f"{path}/StanPrzed",
                "a line as it stood before a correction, on an invoice that corrects nothing",
                "wiersz stanu przed korektą na fakturze, która niczego nie koryguje",
            )


def totals(invoice: rr.Faktura, setting: Setting) -> Iterator[Finding]:
    """P_11_1 = all P_8, P_11_2 = all P_10, P_12_1 = both."""
    inner = invoice.FakturaRR
    rows = inner.FakturaRRWiersz
    corrects = head(invoice).corrects
    for name, stated, amounts in (
        ("P_11_1", inner.P_11_1, [(row.P_8, corrects and row.StanPrzed == 1) for row in rows]),
        ("P_11_2", inner.P_11_2, [(row.P_10, corrects and row.StanPrzed == 1) for row in rows]),
    ):
        after = sum((amount for amount, old in amounts if not old), ZERO)
        before = sum((amount for amount, old in amounts if old), ZERO)
        if not rows or stated in (after - before, after + before if before < 0 else after - before):
            continue
        code = ("correction-difference" if before else "correction-lines") if corrects else "sum-net"
        yield note(
            code,
            f"FakturaRR/{name}",
            f"the lines add up to {after - before}, but {name} is {stated}",
            f"wiersze dają {after - before}, a {name} to {stated}",
        )
    right = inner.P_11_1 + inner.P_11_2
    if right != inner.P_12_1:
        yield note(
            "sum-gross",
            "FakturaRR/P_12_1",
            f"{inner.P_11_1} + {inner.P_11_2} = {right}, but P_12_1 is {inner.P_12_1}",
            f"{inner.P_11_1} + {inner.P_11_2} = {right}, a P_12_1 to {inner.P_12_1}",
        )


def exchange(invoice: rr.Faktura, setting: Setting) -> Iterator[Finding]:
    """Amounts in PLN stand beside those in a foreign currency, and only there."""
    inner = invoice.FakturaRR
    for name in ("P_11_1W", "P_11_2W", "P_12_1W"):
        stated: Decimal | None = getattr(inner, name)
        if (stated is None) == (inner.KodWaluty == "PLN"):
            continue
        if stated is None:
            yield note(
                "tax-in-pln",
                f"FakturaRR/{name[:-1]}",
                f"an invoice in {inner.KodWaluty}, but {name} does not state the amount in PLN",
                f"faktura w {inner.KodWaluty}, a {name} nie podaje kwoty w złotych",
            )
        else:
            yield note(
                "exchange-in-pln",
                f"FakturaRR/{name}",
                f"the invoice is in PLN: {name} belongs to invoices in a foreign currency",
                f"faktura jest w PLN: {name} dotyczy faktur w walucie obcej",
            )
