"""A whole invoice completed: its header, its body, its settlement. Rules: fa3.md sections 3-5 and 8."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Final, TypeVar

from klucznik.documents import fa, rr
from klucznik.documents.complete.fa import Advance, Body
from klucznik.documents.complete.notes import imply
from klucznik.documents.complete.rr import complete_rr
from klucznik.documents.complete.totals import EXACT, ZERO
from klucznik.documents.forms import FA2, FA3, FA_RR1, FORMS, Form
from klucznik.documents.invoice import Fault
from klucznik.documents.model import Node
from klucznik.documents.objects import DataFault
from klucznik.lang import tr

_Invoice = TypeVar("_Invoice", bound=fa.Faktura | rr.Faktura)

SYSTEM: Final = "Klucznik"


def complete(
    invoice: _Invoice,
    *,
    now: datetime,
    form: Form | None = None,
    advances: Sequence[Advance | fa.Faktura] = (),
    line_tax: bool = False,
) -> _Invoice:
    """Fill in, in place, what is missing of an invoice, and return it.

    `now` is the moment of making. `form` is FA(3), for a farmer FA_RR(1), unless the header or you say
    otherwise. `advances` are what a settlement (ROZ) takes off. With `line_tax` every line states its own
    tax (P_11Vat). Raises `DataFault` naming what has to be given where a total cannot be known; what was
    filled in until then stays.
    """
    with localcontext(EXACT):
        faults = _fill(invoice, form or _form(invoice), now, advances, line_tax)
    if faults:
        raise DataFault(faults)
    return invoice


def _fill(
    invoice: fa.Faktura | rr.Faktura,
    known: Form,
    now: datetime,
    advances: Sequence[Advance | fa.Faktura],
    line_tax: bool,
) -> list[Fault]:
    _header(invoice, known, now)
    if isinstance(invoice, rr.Faktura):
        faults = complete_rr(invoice.FakturaRR)
        parties: Sequence[Node | None] = (*invoice.Podmiot3, *invoice.FakturaRR.DaneFaKorygowanej)
        imply((*parties, invoice.FakturaRR.Platnosc))
        settlement, due = invoice.FakturaRR.Rozliczenie, invoice.FakturaRR.P_12_1
    else:
        _flags(invoice, known)
        given = [one if isinstance(one, Advance) else Advance(one) for one in advances]
        faults = Body(invoice, known, given).fill(line_tax)
        settlement, due = invoice.Fa.Rozliczenie, invoice.Fa.P_15
    if settlement is not None and not faults:
        _settle(settlement, due)
    return faults


def _form(invoice: fa.Faktura | rr.Faktura) -> Form:
    header = invoice.Naglowek
    if header is not None and header.KodFormularza is not None:
        return FORMS[header.KodFormularza.kodSystemowy]
    return FA_RR1 if isinstance(invoice, rr.Faktura) else FA3


def _header(invoice: fa.Faktura | rr.Faktura, form: Form, now: datetime) -> None:
    if invoice.Naglowek is None:
        invoice.Naglowek = fa.Naglowek(SystemInfo=SYSTEM)
    header = invoice.Naglowek
    if header.KodFormularza is None:
        header.KodFormularza = fa.KodFormularza(
            value=form.value, kodSystemowy=form.system_code, wersjaSchemy=form.schema_version
        )
    if header.WariantFormularza is None:
        header.WariantFormularza = int(form.variant)
    if header.DataWytworzeniaFa is None:
        header.DataWytworzeniaFa = now.astimezone(UTC).replace(microsecond=0)
        if header.SystemInfo is None:
            header.SystemInfo = SYSTEM


def _flags(invoice: fa.Faktura, form: Form) -> None:
    buyer, body = invoice.Podmiot2, invoice.Fa
    if form is not FA2:
        buyer.JST = buyer.JST or 2
        buyer.GV = buyer.GV or 2
    body.KodWaluty = body.KodWaluty or "PLN"
    body.RodzajFaktury = body.RodzajFaktury or "VAT"
    payment, terms = body.Platnosc, body.WarunkiTransakcji
    imply([*invoice.Podmiot3, *body.DaneFaKorygowanej, *body.FakturaZaliczkowa, payment])
    if payment is not None:
        imply(payment.ZaplataCzesciowa)
    if terms is not None:
        imply(terms.Transport)


def _settle(settlement: fa.Rozliczenie, due: Decimal) -> None:
    """Rozliczenie: its sums, and what is to be paid. It does not change the amount due (section 4)."""
    charges = sum((one.Kwota for one in settlement.Obciazenia), ZERO)
    deductions = sum((one.Kwota for one in settlement.Odliczenia), ZERO)
    if settlement.SumaObciazen is None and settlement.Obciazenia:
        settlement.SumaObciazen = charges
    if settlement.SumaOdliczen is None and settlement.Odliczenia:
        settlement.SumaOdliczen = deductions
    if settlement.DoZaplaty is None and settlement.DoRozliczenia is None:
        rest = due + (settlement.SumaObciazen or ZERO) - (settlement.SumaOdliczen or ZERO)
        if rest < 0:
            settlement.DoRozliczenia = -rest
        else:
            settlement.DoZaplaty = rest


def method(invoice: fa.Faktura | rr.Faktura) -> str:
    """How the tax of this invoice is worked out, with the article that says so."""
    if isinstance(invoice, rr.Faktura):
        return tr(
            "the refund line by line (art. 116 of the VAT Act)",
            "zwrot podatku od każdej pozycji (art. 116 ustawy o VAT)",
        )
    body = invoice.Fa
    if body.RodzajFaktury in ("ZAL", "KOR_ZAL") and body.Zamowienie is not None:
        return tr(
            "from the payment, spread over the rates of the order (art. 106f(1)(3) of the VAT Act)",
            "od zapłaty, rozdzielonej na stawki zamówienia (art. 106f ust. 1 pkt 3 ustawy o VAT)",
        )
    taxed = [line for line in body.FaWiersz if line.P_12 is not None or line.P_12_XII is not None]
    if taxed and all(line.P_11Vat is not None for line in taxed):
        return tr(
            "the sum of the taxes that the lines state (art. 106e(10) of the VAT Act)",
            "suma podatku z pozycji (art. 106e ust. 10 ustawy o VAT)",
        )
    if any(line.P_11 is None and line.P_11A is not None for line in taxed):
        return tr(
            "from the sum of gross values per rate (art. 106e(7) of the VAT Act)",
            "od sumy wartości brutto według stawek (art. 106e ust. 7 ustawy o VAT)",
        )
    return tr(
        "from the sum of net values per rate (art. 106e(1)(13)-(14) of the VAT Act)",
        "od sumy wartości netto według stawek (art. 106e ust. 1 pkt 13 i 14 ustawy o VAT)",
    )
