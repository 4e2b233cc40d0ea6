"""What a person reads of an invoice: its sections in the order of the official visualisation.

`sheet` gives blocks. What has no value is not shown. Beyond
the official one: the total of an invoice without lines, sums below the tax rates, what was paid before a
correction, where an exemption rests, when the document was made. Rule: pdf.md.
"""

from __future__ import annotations

from typing import Final

from klucznik.documents import fa, rr
from klucznik.documents.view.blocks import Block, Code, Section, Sheet
from klucznik.documents.view.sections import (
    attachment,
    details,
    farmers,
    lines,
    notes,
    parties,
    payment,
    tax,
    terms,
)
from klucznik.documents.view.words import text
from klucznik.lang import language as language_in_force
from klucznik.lang import speaking, tr

#: What stands below a code (qr-offline.md sections 2 and 3).
OFFLINE: Final = "OFFLINE"
CERTIFICATE: Final = "CERTYFIKAT"


def sheet(
    invoice: fa.Faktura | rr.Faktura,
    *,
    ksef_number: str = "",
    invoice_link: str = "",
    certificate_link: str = "",
    language: str | None = None,
    watermark: str = "",
) -> Sheet:
    """An invoice of FA(3), FA(2) or FA_RR(1) as a person reads it.

    `invoice_link` is KOD I and `certificate_link` KOD II: each is printed when given. `language` is `pl`
    or `en`, by default that of the terminal. Raises ValueError for another language.
    """
    with speaking(language or language_in_force()):
        if isinstance(invoice, fa.Faktura):
            kind, number, sections = _kind(invoice.Fa), invoice.Fa.P_2, _fa(invoice)
        else:
            kind, number = _kind_rr(invoice.FakturaRR), invoice.FakturaRR.P_4C
            sections = _rr(invoice)
        return Sheet(
            language=language_in_force(),
            kind=kind,
            number=text(number),
            number_label=tr("Invoice number", "Numer Faktury"),
            ksef_number=ksef_number,
            ksef_label=tr("KSeF number", "Numer KSeF"),
            sections=[*sections, *codes(ksef_number, invoice_link, certificate_link)],
            watermark=watermark,
            made_by=details.made_by(invoice.Naglowek),
        )


def _fa(invoice: fa.Faktura) -> list[Section]:
    body = invoice.Fa
    currency = text(body.KodWaluty)
    return [
        *details.corrected(body),
        *parties.of_fa(invoice),
        *details.details(invoice, lines.common_rate(body)),
        *lines.lines(body),
        *lines.order(body),
        *tax.tax_summary(body),
        *lines.total_alone(body),
        *notes.notes(body),
        *notes.additional(body),
        *payment.settlement(body.Rozliczenie, currency),
        *payment.payment(body),
        *terms.terms(body.WarunkiTransakcji),
        *terms.warehouse(body.WZ),
        *details.footer(invoice.Stopka),
        *attachment.attachment(invoice.Zalacznik),
    ]


def _rr(invoice: rr.Faktura) -> list[Section]:
    body = invoice.FakturaRR
    return [
        *details.corrected(body),
        *parties.of_rr(invoice),
        *farmers.details(body),
        *farmers.lines(body),
        *farmers.additional(body),
        *payment.settlement(body.Rozliczenie, text(body.KodWaluty)),
        *payment.payment_rr(body),
        *details.footer(invoice.Stopka),
    ]


def _kind(body: fa.Fa) -> str:
    if body.RodzajFaktury == "KOR" and body.OkresFaKorygowanej:
        return tr("Collective correction (discount)", "Faktura korygująca zbiorcza (rabat)")
    return {
        "VAT": tr("Invoice", "Faktura podstawowa"),
        "ZAL": tr("Advance invoice", "Faktura zaliczkowa"),
        "ROZ": tr("Settlement invoice", "Faktura rozliczeniowa"),
        "UPR": tr("Simplified invoice", "Faktura uproszczona"),
        "KOR": tr("Correcting invoice", "Faktura korygująca"),
        "KOR_ZAL": tr("Correction of an advance invoice", "Faktura korygująca zaliczkową"),
        "KOR_ROZ": tr("Correction of a settlement invoice", "Faktura korygująca rozliczeniową"),
    }.get(body.RodzajFaktury, body.RodzajFaktury)


def _kind_rr(body: rr.FakturaRR) -> str:
    return {
        "VAT_RR": tr("VAT RR invoice", "Faktura pierwotna VAT RR"),
        "KOR_VAT_RR": tr("Correcting VAT RR invoice", "Faktura korygująca VAT RR"),
    }.get(body.RodzajFaktury, body.RodzajFaktury)


def codes(ksef_number: str, invoice_link: str, certificate_link: str) -> list[Section]:
    """KOD I and KOD II. The first carries the KSeF number once there is one. Rule: pdf.md section 8."""
    made: list[Block] = []
    if invoice_link:
        made.append(
            Code(
                invoice_link,
                ksef_number or OFFLINE,
                tr(
                    "Check whether your invoice is in KSeF", "Sprawdź, czy Twoja faktura znajduje się w KSeF!"
                ),
                tr(
                    "Scan the code, or follow the link:",
                    "Zeskanuj kod albo otwórz odnośnik weryfikacji faktury:",
                ),
                size=150,
            )
        )
    if certificate_link:
        made.append(
            Code(
                certificate_link,
                CERTIFICATE,
                tr("Verify who supplied the invoice", "Zweryfikuj dostawcę faktury"),
                tr(
                    "Scan the code, or follow the link:",
                    "Zeskanuj kod albo otwórz odnośnik weryfikacji wystawcy:",
                ),
                size=210,
            )
        )
    return [Section("codes", "", made)] if made else []
