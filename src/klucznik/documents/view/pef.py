"""What a person reads of a PEF: only its facts. PEF has no classes here, and no official visualisation."""

from __future__ import annotations

from typing import Final

from klucznik.documents.invoice import Facts, Identifier
from klucznik.documents.view.blocks import Columns, Pair, Pairs, Section, Sheet, Total
from klucznik.documents.view.invoices import codes
from klucznik.documents.view.words import amount, currency, day, some, text
from klucznik.lang import language as language_in_force
from klucznik.lang import speaking, tr

_IDENTIFIERS: Final = {
    "Nip": ("NIP", "NIP"),
    "InternalId": ("Internal identifier", "Identyfikator wewnętrzny"),
    "VatUe": ("EU VAT number", "Numer VAT-UE"),
    "Other": ("Other tax identifier", "Identyfikator podatkowy inny"),
}


def sheet(
    facts: Facts,
    *,
    ksef_number: str = "",
    invoice_link: str = "",
    certificate_link: str = "",
    language: str | None = None,
    watermark: str = "",
) -> Sheet:
    """The facts of an invoice: parties, number, day, sums. Arguments as those of `view.sheet`."""
    with speaking(language or language_in_force()):
        code = facts.currency
        seller = [Pair("NIP", facts.seller_nip), *_name(facts.seller_name)]
        buyer = [*_identifier(facts.buyer), *_name(facts.buyer_name)]
        details = [
            Pair(tr("Issue date", "Data wystawienia"), day(facts.issue_date)),
            Pair(tr("Currency", "Kod waluty"), currency(code)),
            Pair(tr("Net", "Kwota netto"), amount(facts.net, code)),
            Pair(tr("Tax in PLN", "Kwota podatku PLN"), amount(facts.vat, "PLN")),
        ]
        correction = facts.system_code.startswith("PEF_KOR")
        return Sheet(
            language=language_in_force(),
            kind=tr("PEF correction", "Faktura korygująca PEF")
            if correction
            else tr("PEF invoice", "Faktura PEF"),
            number=text(facts.invoice_number),
            number_label=tr("Invoice number", "Numer Faktury"),
            ksef_number=ksef_number,
            ksef_label=tr("KSeF number", "Numer KSeF"),
            sections=[
                Section(
                    "parties",
                    "",
                    [
                        Columns(
                            [
                                [Pairs(seller, tr("Seller", "Sprzedawca"))],
                                [Pairs(buyer, tr("Buyer", "Nabywca"))],
                            ]
                        )
                    ],
                ),
                Section(
                    "details",
                    tr("Details", "Szczegóły"),
                    [
                        Pairs(details),
                        Total(tr("Total due", "Kwota należności ogółem"), amount(facts.gross, code)),
                    ],
                ),
                *codes(ksef_number, invoice_link, certificate_link),
            ],
            notes=[
                tr(
                    "Only the main data of a PEF document is shown; lines are in the XML alone.",
                    "Dokument PEF pokazano w skrócie: pozycje są tylko w pliku XML.",
                )
            ],
            watermark=watermark,
        )


def _name(name: str | None) -> list[Pair]:
    return some(Pair(tr("Name", "Nazwa"), text(name)))


def _identifier(who: Identifier) -> list[Pair]:
    if who.type == "None" or not who.value:
        return [Pair("", tr("No identifier", "Brak identyfikatora"))]
    return [Pair(tr(*_IDENTIFIERS[who.type]), who.value)]
