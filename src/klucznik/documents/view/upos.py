"""What a person reads of a UPO. Rule: pdf.md section 10."""

from __future__ import annotations

from typing import Final

from klucznik.documents.upo.model import ContextType, Upo, UpoDocument
from klucznik.documents.view.blocks import Column, Columns, Pair, Pairs, Section, Sheet, Table
from klucznik.documents.view.words import day, moment, some, text
from klucznik.lang import language as language_in_force
from klucznik.lang import speaking, tr

_CONTEXTS: Final[dict[ContextType, tuple[str, str]]] = {
    "Nip": ("NIP", "NIP"),
    "InternalId": ("Internal identifier", "Identyfikator wewnętrzny"),
    "NipVatUe": ("Compound identifier", "Identyfikator złożony"),
    "PeppolId": ("Peppol identifier", "Identyfikator Peppol"),
}


def sheet(upo: Upo, language: str | None = None) -> Sheet:
    """A receipt, landscape. `language` is `pl` or `en`, by default that of the terminal.

    The number of a KSeF token is not shown: it is nobody's business who reads the paper.
    """
    with speaking(language or language_in_force()):
        return Sheet(
            language=language_in_force(),
            kind=tr(
                "Official receipt of an electronic document, KSeF",
                "Urzędowe poświadczenie odbioru dokumentu elektronicznego KSeF",
            ),
            number="",
            sections=[
                Section("receipt", "", [Columns([[Pairs(_session(upo))], [Pairs(_document(upo))]])]),
                Section("documents", tr("Documents", "Dokumenty"), [_documents(upo)]),
            ],
            landscape=True,
        )


def _session(upo: Upo) -> list[Pair]:
    page = upo.page
    return [
        *some(
            Pair(
                tr(
                    "Full name of the body to which the document was delivered",
                    "Nazwa pełna podmiotu, któremu doręczono dokument elektroniczny",
                ),
                text(upo.receiver),
            ),
            Pair(
                tr("About the document", "Informacja o dokumencie"),
                tr(
                    "The document was registered in the IT system of the Ministry of Finance",
                    "Dokument został zarejestrowany w systemie teleinformatycznym Ministerstwa Finansów",
                ),
            ),
            Pair(tr("Reference number of the session", "Numer referencyjny sesji"), upo.session_reference),
        ),
        *(
            [
                Pair(tr("Page of the receipt", "Strona dokumentu UPO"), str(page.number)),
                Pair(tr("Pages of the receipt", "Całkowita liczba stron dokumentu UPO"), str(page.pages)),
                Pair(tr("Documents from", "Zakres dokumentów od"), str(page.first)),
                Pair(tr("Documents to", "Zakres dokumentów do"), str(page.last)),
                Pair(tr("Documents in all", "Całkowita liczba dokumentów"), str(page.total)),
            ]
            if page
            else []
        ),
    ]


def _document(upo: Upo) -> list[Pair]:
    return some(
        Pair(tr("Type of the context", "Typ kontekstu"), tr(*_CONTEXTS[upo.context_type])),
        Pair(
            tr("Identifier of the login context", "Identyfikator kontekstu uwierzytelnienia"),
            upo.context_value,
        ),
        Pair(
            tr("Hash of the document signed at login", "Skrót dokumentu uwierzytelniającego"),
            upo.auth_document_hash or "",
        ),
        Pair(
            tr(
                "XSD file of the structure of the document",
                "Nazwa pliku XSD struktury logicznej dotycząca przesłanego dokumentu",
            ),
            text(upo.structure_name),
        ),
        Pair(
            tr("Form code of the document", "Kod formularza przedłożonego dokumentu elektronicznego"),
            text(upo.form_code),
        ),
    )


def _documents(upo: Upo) -> Table:
    columns = [
        Column(tr("No.", "Lp."), "right", 0.3),
        Column(tr("KSeF number of the invoice", "Numer identyfikujący fakturę w KSeF"), weight=2),
        Column(tr("Invoice number", "Numer faktury"), weight=1.5),
        Column(tr("NIP of the seller", "NIP sprzedawcy")),
        Column(tr("Issue date", "Data wystawienia faktury")),
        Column(tr("Sent to KSeF", "Data przesłania do KSeF")),
        Column(tr("KSeF number given", "Data nadania numeru KSeF")),
        Column(tr("Hash of the document", "Wartość funkcji skrótu złożonego dokumentu"), weight=3),
        Column(tr("Sending mode", "Tryb wysyłki"), weight=0.7),
    ]
    first = upo.page.first if upo.page else 1
    return Table(columns, [[str(n), *_row(one)] for n, one in enumerate(upo.documents, first)])


def _row(one: UpoDocument) -> list[str]:
    return [
        one.ksef_number,
        text(one.invoice_number),
        one.seller_nip,
        day(one.issue_date),
        moment(one.invoicing_date),
        moment(one.acquisition_date),
        one.invoice_hash,
        one.invoicing_mode,
    ]
