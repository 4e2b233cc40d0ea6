"""What a check knows besides the invoice: its form, the time, its size; and the few common values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from klucznik.clock import WARSAW
from klucznik.documents import fa, rr
from klucznik.documents.model import Form
from klucznik.documents.values import collapse

Invoice = fa.Faktura | rr.Faktura

#: Kinds that hold differences to what they correct (fa3.md section 5).
CORRECTIONS = frozenset({"KOR", "KOR_ZAL", "KOR_ROZ", "KOR_VAT_RR"})
#: Kinds whose totals are no sum of their lines.
ADVANCES = frozenset({"ZAL", "KOR_ZAL"})
SETTLEMENTS = frozenset({"ROZ", "KOR_ROZ"})


@dataclass(frozen=True)
class Setting:
    """`now` is aware; `size` is that of the document in bytes."""

    form: Form
    now: datetime
    size: int

    @property
    def today(self) -> date:
        """The day in Warsaw, by which KSeF counts (invoice-verification.md section 4)."""
        return self.now.astimezone(WARSAW).date()


@dataclass(frozen=True)
class Head:
    """What both families call differently: kind, number, day of issue, and where these stand."""

    kind: str
    number: str
    number_path: str
    issued: date
    issued_path: str
    seller_nip: str
    body: str

    @property
    def corrects(self) -> bool:
        return self.kind in CORRECTIONS


def head(invoice: Invoice) -> Head:
    nip = invoice.Podmiot1.DaneIdentyfikacyjne.NIP
    if isinstance(invoice, rr.Faktura):
        body = invoice.FakturaRR
        kind = collapse(body.RodzajFaktury)
        return Head(kind, body.P_4C, "FakturaRR/P_4C", body.P_4B, "FakturaRR/P_4B", nip, "FakturaRR")
    kind = collapse(invoice.Fa.RodzajFaktury)
    return Head(kind, invoice.Fa.P_2, "Fa/P_2", invoice.Fa.P_1, "Fa/P_1", nip, "Fa")


def body(invoice: Invoice) -> fa.Fa | rr.FakturaRR:
    return invoice.FakturaRR if isinstance(invoice, rr.Faktura) else invoice.Fa
