"""Writing and sealing a UPO v4-3. Rule: upo.md sections 2 to 4."""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape

from klucznik.clock import WARSAW
from klucznik.crypto import xades
from klucznik.crypto.certs import Identity
from klucznik.documents.upo.model import CONTEXT_ELEMENTS, NAMESPACE, Upo, UpoDocument, UpoPage


def write(upo: Upo) -> bytes:
    """The unsigned receipt: UTF-8 without mark, tab-indented, order and names of upo.md section 2.

    Text by f-strings: 10 000 documents in a tenth of the time a tree takes. Instants are written in
    Polish time with milliseconds, cut and not rounded.
    """
    if (upo.ksef_token_reference is None) == (upo.auth_document_hash is None):
        raise ValueError("a receipt names the KSeF token or the signed login document, one of them")
    element = CONTEXT_ELEMENTS[upo.context_type]
    if upo.ksef_token_reference is not None:
        login, value = "NumerReferencyjnyTokenaKSeF", upo.ksef_token_reference
    else:
        login, value = "SkrotDokumentuUwierzytelniajacego", upo.auth_document_hash or ""
    return "".join(
        [
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<Potwierdzenie xmlns="{NAMESPACE}">\n'
            f"\t<NazwaPodmiotuPrzyjmujacego>{escape(upo.receiver)}</NazwaPodmiotuPrzyjmujacego>\n"
            f"\t<NumerReferencyjnySesji>{upo.session_reference}</NumerReferencyjnySesji>\n"
            "\t<Uwierzytelnienie>\n\t\t<IdKontekstu>\n"
            f"\t\t\t<{element}>{escape(upo.context_value)}</{element}>\n"
            f"\t\t</IdKontekstu>\n\t\t<{login}>{value}</{login}>\n\t</Uwierzytelnienie>\n",
            _write_page(upo.page),
            f"\t<NazwaStrukturyLogicznej>{escape(upo.structure_name)}</NazwaStrukturyLogicznej>\n"
            f"\t<KodFormularza>{escape(upo.form_code)}</KodFormularza>\n",
            *map(_write_document, upo.documents),
            "</Potwierdzenie>",
        ]
    ).encode()


def _write_page(page: UpoPage | None) -> str:
    if page is None:
        return ""
    return (
        "\t<OpisPotwierdzenia>\n"
        f"\t\t<Strona>{page.number}</Strona>\n"
        f"\t\t<LiczbaStron>{page.pages}</LiczbaStron>\n"
        f"\t\t<ZakresDokumentowOd>{page.first}</ZakresDokumentowOd>\n"
        f"\t\t<ZakresDokumentowDo>{page.last}</ZakresDokumentowDo>\n"
        f"\t\t<CalkowitaLiczbaDokumentow>{page.total}</CalkowitaLiczbaDokumentow>\n"
        "\t</OpisPotwierdzenia>\n"
    )


def _polish(instant: datetime) -> str:
    return instant.astimezone(WARSAW).isoformat(timespec="milliseconds")


def _write_document(document: UpoDocument) -> str:
    return (
        "\t<Dokument>\n"
        f"\t\t<NipSprzedawcy>{document.seller_nip}</NipSprzedawcy>\n"
        f"\t\t<NumerKSeFDokumentu>{document.ksef_number}</NumerKSeFDokumentu>\n"
        f"\t\t<NumerFaktury>{escape(document.invoice_number)}</NumerFaktury>\n"
        f"\t\t<DataWystawieniaFaktury>{document.issue_date.isoformat()}</DataWystawieniaFaktury>\n"
        f"\t\t<DataPrzeslaniaDokumentu>{_polish(document.invoicing_date)}</DataPrzeslaniaDokumentu>\n"
        f"\t\t<DataNadaniaNumeruKSeF>{_polish(document.acquisition_date)}</DataNadaniaNumeruKSeF>\n"
        f"\t\t<SkrotDokumentu>{document.invoice_hash}</SkrotDokumentu>\n"
        f"\t\t<TrybWysylki>{document.invoicing_mode}</TrybWysylki>\n"
        "\t</Dokument>\n"
    )


def sign_upo(unsigned: bytes, identity: Identity, now: datetime) -> bytes:
    """The receipt under a seal: enveloped XAdES, exclusive canonicalisation (upo.md section 4)."""
    return xades.sign(unsigned, identity, form="enveloped", signing_time=now)
