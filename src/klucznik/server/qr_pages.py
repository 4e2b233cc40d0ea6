"""Where the codes of an invoice lead: `/qr/invoice/…` and `/qr/certificate/…`. Rules: qr-offline.md 2, 3.

Pages for people, in Polish, or in English for a browser that asks for it. They show that an invoice is
there and what it is about, and whether a KOD II holds; the document itself stays behind the API. The Polish
sentences are those that the official Java client's tests look for, and a page that says no is a page as well:
200 (QrCodeOfflineIntegrationTest).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from sqlalchemy import Connection, or_, select

from klucznik.crypto.qr import CertificateLink, InvoiceLink, digest_to_api, is_signed_by, read_link
from klucznik.documents.view.blocks import Pair, Pairs, Section, Sheet, Text
from klucznik.documents.view.page import html
from klucznik.errors import Unreadable
from klucznik.lang import language, speaking, tr
from klucznik.server.access import Context
from klucznik.server.local import LocalKsef
from klucznik.server.render import Answer
from klucznik.server.rights import Subject, effective
from klucznik.server.tables import authorizations, certificates, instant, invoices, subjects

_HEADERS: Final = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"vary", b"accept-language"),
]

#: A right to issue, one for each kind of login.
_ISSUES: Final = ("InvoiceWrite", "PefInvoiceWrite", "EnforcementOperations")
#: Roles that issue in somebody else's name.
_ENFORCERS: Final = {"CourtBailiff", "EnforcementAuthority"}


@dataclass(frozen=True)
class Check:
    """One thing to look at, and what to say of it when it is in order and when not."""

    what: str
    good: str
    bad: str


def answer(ksef: LocalKsef, path: str, origin: str, accepts: str, now: datetime) -> Answer:
    """The page behind a code: 200, whatever it says of it; 400 for no code."""
    english = accepts.lower().lstrip().startswith("en")
    with speaking("en" if english else "pl"):
        base = f"{origin}/qr"
        try:
            link = read_link(f"{origin}{path}", [base], checksum=ksef.profile == "prd")
        except Unreadable as bad:
            return _page(
                400, tr("Not a code", "To nie kod"), [Text(str(bad), "warning"), Text(bad.hint or "")]
            )
        if isinstance(link, InvoiceLink):
            return ksef.store.read(lambda db: _invoice(db, link))
        return ksef.store.read(lambda db: _certificate(db, link, now))


# ---- KOD I -----------------------------------------------------------------------------------------


def _invoice(db: Connection, link: InvoiceLink) -> Answer:
    columns, digest = invoices.c, digest_to_api(link.digest)
    found = db.execute(
        select(invoices).where(
            # The hash of what was corrected technically leads to the correction.
            or_(columns.invoice_hash == digest, columns.corrected_hash == digest),
            columns.seller_nip == link.nip,
            columns.issued == link.issue_date.isoformat(),
            columns.ksef_number.is_not(None),
        )
    ).first()
    title = tr("Invoice verification", "Weryfikacja faktury")
    if found is None:
        text = tr("The invoice was not found in KSeF.", "Faktura nie została znaleziona w KSeF.")
        return _page(200, title, [Text(text, "warning")])
    pairs = [
        Pair(tr("KSeF number", "Numer KSeF"), found.ksef_number),
        Pair(tr("Invoice number", "Numer faktury"), found.number),
        Pair(tr("Date of issue", "Data wystawienia"), found.issued),
        Pair(tr("Seller", "Sprzedawca"), f"{found.seller_name or ''} NIP {found.seller_nip}".strip()),
        Pair(tr("Amount", "Kwota"), f"{found.gross} {found.currency}"),
    ]
    blocks: list[Text | Pairs] = [Text(tr("The invoice is in KSeF.", "Faktura znajduje się w KSeF."))]
    if found.invoice_hash != digest:
        text = tr(
            "The code is of a version that was corrected technically.",
            "Kod jest do wersji sprzed korekty technicznej.",
        )
        blocks.append(Text(text))
    return _page(200, title, [*blocks, Pairs(pairs)])


# ---- KOD II ----------------------------------------------------------------------------------------


def _certificate(db: Connection, link: CertificateLink, now: datetime) -> Answer:
    held = list(_held(db, link, now))
    good = all(held)
    text = (
        tr("The code holds.", "Kod jest poprawny.")
        if good
        else tr("The code does not hold.", "Kod nie jest poprawny.")
    )
    pairs = [
        Pair(tr("Serial number", "Numer seryjny"), link.serial),
        Pair(tr("Context", "Kontekst"), f"{link.context_type} {link.context_value}"),
        Pair(tr("Seller", "Sprzedawca"), f"NIP {link.nip}"),
    ]
    for number, check in enumerate(_checks()):
        said = tr("Not checked.", "Nie sprawdzono.")
        if number < len(held):
            said = check.good if held[number] else check.bad
        pairs.append(Pair(check.what, said))
    title = tr("Verification of the issuer", "Weryfikacja wystawcy")
    return _page(200, title, [Text(text, "plain" if good else "warning"), Pairs(pairs)])


def _checks() -> list[Check]:
    """In the order of section 3; the first is two sentences, one of the row and one of its state."""
    right = tr("Right", "Uprawnienie")
    may = tr("The issuer may issue the invoice.", "Wystawca posiada uprawnienia do wystawienia faktury.")
    return [
        Check(
            tr("Certificate", "Certyfikat"),
            tr("The certificate exists.", "Certyfikat istnieje."),
            tr("There is no such Offline certificate.", "Nie ma takiego certyfikatu Offline."),
        ),
        Check(
            tr("Its state", "Jego stan"),
            tr("The certificate is active.", "Certyfikat jest aktywny."),
            tr("The certificate is not in force.", "Certyfikat nie obowiązuje."),
        ),
        Check(
            tr("Signature", "Podpis"),
            tr("The issuer's signature is right.", "Podpis wystawcy jest prawidłowy."),
            tr("The issuer's signature is wrong.", "Podpis wystawcy jest nieprawidłowy."),
        ),
        Check(
            right,
            tr("The holder may issue in this context.", "Posiadacz może wystawiać w tym kontekście."),
            tr("The holder may not issue in this context.", "Posiadacz nie może wystawiać w tym kontekście."),
        ),
        Check(
            right,
            may,
            tr(
                "The context may not issue for this seller.",
                "Kontekst nie może wystawiać za tego sprzedawcę.",
            ),
        ),
    ]


def _held(db: Connection, link: CertificateLink, now: datetime) -> Iterator[bool]:
    """Each check up to the first that fails; what follows that is not looked at."""
    row = db.execute(
        select(certificates).where(certificates.c.serial == link.serial, certificates.c.kind == "Offline")
    ).first()
    yield row is not None
    if row is None:
        return
    in_force = row.status == "Active" and instant(row.valid_from) <= now < instant(row.valid_to)
    yield in_force
    if not in_force:
        return
    signed = is_signed_by(link, x509.load_der_x509_certificate(row.certificate).public_key())
    yield signed
    if not signed:
        return
    context = Context(link.context_type, link.context_value)
    rights = effective(db, Subject(row.subject_type, row.subject_value), context)
    permitted = not rights.permissions.isdisjoint(_ISSUES)
    yield permitted
    if permitted:
        yield _for_seller(db, link)


def _for_seller(db: Connection, link: CertificateLink) -> bool:
    """Whether a context may issue for a seller, whatever the invoice says: qr-offline.md section 3 (4)."""
    # (1) Its own, its unit's, or that of the EU entity it let in.
    if link.context_type != "PeppolId" and link.context_value.partition("-")[0] == link.nip:
        return True
    # (2) By authorization: self-invoicing, tax representative, RR, PEF.
    given = select(authorizations.c.id).filter_by(
        nip=link.nip, subject_type=link.context_type, subject_value=link.context_value
    )
    if db.execute(given.limit(1)).first() is not None:
        return True
    if link.context_type != "Nip":
        return False
    # (3) A member of a VAT group, a unit of a local government.
    unit = select(subjects.c.nip).filter_by(nip=link.context_value, parent=link.nip)
    if db.execute(unit).first() is not None:
        return True
    # (4) Bailiffs and enforcement authorities issue for whom they enforce against.
    roles = effective(db, Subject("Nip", link.context_value), Context("Nip", link.context_value)).roles
    return not _ENFORCERS.isdisjoint(roles)


def _page(status: int, title: str, blocks: list[Text | Pairs]) -> Answer:
    note = tr(
        "A local KSeF for tests, not the Ministry's.", "Lokalny KSeF do testów, nie system Ministerstwa."
    )
    sheet = Sheet(
        language=language(),
        kind=title,
        number="",
        sections=[Section("result", "", [*blocks, Text(note, "note")])],
    )
    return Answer(status, html(sheet).encode(), list(_HEADERS))
