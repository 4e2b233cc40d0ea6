"""What is worked out of an FA_RR(1): values and refunds of lines, totals, the total in words.

Per line: P_8 = quantity x price, P_10 = P_8 x rate, P_11 = both; the totals are the sums of the lines
(VAT Act art. 116(2)(8)-(14)). Rule: fa3.md section 8.
"""

from __future__ import annotations

from decimal import Decimal

from klucznik.documents import rr
from klucznik.documents.complete import totals
from klucznik.documents.complete.totals import ZERO
from klucznik.documents.complete.words import in_words
from klucznik.documents.invoice import Fault
from klucznik.documents.objects import fault

#: Total -> its equivalent in zloty.
_IN_PLN = {"P_11_1": "P_11_1W", "P_11_2": "P_11_2W", "P_12_1": "P_12_1W"}


def complete_rr(body: rr.FakturaRR) -> list[Fault]:
    """Fill in the body in place; what cannot be known comes back as faults."""
    body.KodWaluty = body.KodWaluty or "PLN"
    body.RodzajFaktury = body.RodzajFaktury or "VAT_RR"
    value = refund = ZERO
    taken = {row.NrWierszaFa for row in body.FakturaRRWiersz}
    rates: set[Decimal] = set()
    for n, row in enumerate(body.FakturaRRWiersz, 1):
        if row.NrWierszaFa is None:
            while n in taken:
                n += 1
            taken.add(n)
            row.NrWierszaFa = n
        if row.P_8 is None:
            row.P_8 = totals.value_of(row.P_6B, row.P_7, None)
        if row.P_10 is None:
            row.P_10 = totals.tax_on(row.P_8, row.P_9)
        if row.P_11 is None:
            row.P_11 = row.P_8 + row.P_10
        value += -row.P_8 if row.StanPrzed else row.P_8
        refund += -row.P_10 if row.StanPrzed else row.P_10
        if row.KursWaluty is not None:
            rates.add(row.KursWaluty)
    changes_data = body.RodzajFaktury == "KOR_VAT_RR" and bool(body.Podmiot1K or body.Podmiot2K)
    given = body.P_11_1 is not None and body.P_11_2 is not None
    if not body.FakturaRRWiersz and not changes_data and not given:
        return [
            fault(
                "FakturaRR/P_11_1",
                "it cannot be known: give lines (FakturaRRWiersz), or P_11_1 and P_11_2",
                "nie można jej ustalić: podaj wiersze (FakturaRRWiersz) albo P_11_1 i P_11_2",
            )
        ]
    if body.P_11_1 is None:
        body.P_11_1 = value
    if body.P_11_2 is None:
        body.P_11_2 = refund
    if body.P_12_1 is None:
        body.P_12_1 = body.P_11_1 + body.P_11_2
    if body.P_12_2 is None:
        body.P_12_2 = in_words(body.P_12_1, body.KodWaluty)
    if body.KodWaluty != "PLN" and len(rates) == 1:
        exchange = rates.pop()
        for name, in_pln in _IN_PLN.items():
            if getattr(body, in_pln) is None:
                setattr(body, in_pln, totals.grosz(totals.times(getattr(body, name), exchange)))
    return []
