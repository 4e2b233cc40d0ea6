"""What an invoice's bytes alone decide: rows 5 to 13 of invoice-verification.md section 1.

No database is asked. What only it can say (a grant, a consent, an earlier invoice of that number) is
left to `verification`, with the name of the relation that the seller must have agreed to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from klucznik.clock import WARSAW
from klucznik.crypto.envelope import BadCiphertext, aes_decrypt, sha256_base64
from klucznik.documents import xml
from klucznik.documents.facts import DocumentFault, Facts, checksum_faults, read
from klucznik.documents.forms import FORMS
from klucznik.lang import both
from klucznik.server.access import Context
from klucznik.server.local import Profile
from klucznik.server.opened import OpenSession
from klucznik.wire import codes
from klucznik.wire.limits import BatchSessionEffectiveContextLimits, OnlineSessionEffectiveContextLimits
from klucznik.wire.sessions import SendInvoiceRequest


class Sizes(NamedTuple):
    """Bytes of plain XML that are taken, without and with an attachment (limits.md section 4)."""

    plain: int
    attached: int

    @classmethod
    def of(cls, context: OnlineSessionEffectiveContextLimits | BatchSessionEffectiveContextLimits) -> Sizes:
        """From what is in force in a context, in megabytes of 1,000,000 bytes."""
        return cls(
            context.max_invoice_size_in_mb * _MEGABYTE,
            context.max_invoice_with_attachment_size_in_mb * _MEGABYTE,
        )


_MEGABYTE: Final = 1_000_000
#: Where nothing else is in force.
USUAL_SIZES: Final = Sizes(1_000_000, xml.INVOICE_LIMIT)

#: Relations that a seller grants (permissions/authorizations), and two that are facts of the register.
SELF_INVOICING: Final = "SelfInvoicing"
TAX_REPRESENTATIVE: Final = "TaxRepresentative"
RR_INVOICING: Final = "RRInvoicing"
PEF_INVOICING: Final = "PefInvoicing"
SUBUNIT: Final = "Subunit"

#: Podmiot3 roles of a unit of a JST or a member of a VAT group, issuing or receiving.
_UNIT_ROLES: Final = frozenset({7, 8, 9, 10})

#: The element that holds an attachment, by form.
_ATTACHED: Final = {
    code: b"EmbeddedDocumentBinaryObject" if form.value == "PEF" else b"Zalacznik"
    for code, form in FORMS.items()
}

# KSeF publishes no words for these; they are ours (docs/divergences.md).
_HASH_DIFFERS: Final = "Skrót przesłanego pliku faktury nie zgadza się z zadeklarowaną wartością: {hash}."
_BOM: Final = "Plik faktury zawiera znacznik kolejności bajtów (BOM)."
_TOO_LARGE: Final = "Rozmiar faktury przekracza dozwoloną wartość: {limit}."
_FUTURE: Final = "Data wystawienia faktury '{day}' jest późniejsza niż data przyjęcia faktury."
_TOO_LONG: Final = "The value of '{name}' is longer than {most} characters."
_CURRENCY: Final = "The currency code '{code}' does not have 3 characters."


@dataclass(slots=True)
class Examined:
    """`verdict` 0: clean so far, then `facts` and `xml` are there. Otherwise a final status (section 2).

    `relation` names what the seller must have granted to the context; None for its own invoices.
    """

    system_code: str
    verdict: int = 0
    details: list[str] | None = None
    why: str = ""
    xml: bytes | None = None
    facts: Facts | None = None
    relation: str | None = None

    def refuse(self, verdict: int, details: list[str] | None, why: str) -> Examined:
        """The same with a verdict; the bytes of a refused document are not kept."""
        self.verdict, self.details, self.why, self.xml = verdict, details, why, None
        return self


def examine(
    profile: Profile,
    session: OpenSession,
    body: SendInvoiceRequest,
    permissions: Collection[str],
    now: datetime,
    sizes: Sizes = USUAL_SIZES,
) -> Examined:
    """The verdict on one sent document; `now` is its invoicing date."""
    found = Examined(session.system_code)
    # (1) The session's key.
    if session.key is None:
        return found.refuse(
            405,
            None,
            both("the session's symmetric key could not be opened", "klucza sesji nie udało się otworzyć"),
        )
    # (2) AES and padding: one text for every defect.
    try:
        plain = aes_decrypt(body.encrypted_invoice_content, session.key, session.iv)
    except BadCiphertext:
        why = both(
            "AES-256-CBC with the session's key and IV does not open it (the IV is not prefixed)",
            "AES-256-CBC z kluczem i wektorem sesji go nie otwiera (wektora nie dokleja się na początku)",
        )
        return found.refuse(435, [codes.BADLY_ENCRYPTED], why)
    # (3) The plain bytes against their declaration.
    if len(plain) != body.invoice_size:
        why = both(
            f"the document has {len(plain)} bytes, invoiceSize says {body.invoice_size}",
            f"dokument ma {len(plain)} bajtów, a invoiceSize podaje {body.invoice_size}",
        )
        return found.refuse(430, [codes.INVOICE_SIZE_DIFFERS.format(size=body.invoice_size)], why)
    if sha256_base64(plain) != body.invoice_hash:
        why = both(
            "the SHA-256 of the decrypted document is not invoiceHash: was it serialised anew after hashing?",
            "SHA-256 odszyfrowanego dokumentu to nie invoiceHash: może zapisano go na nowo po skrócie?",
        )
        return found.refuse(430, [_HASH_DIFFERS.format(hash=body.invoice_hash)], why)
    return examine_plain(profile, session, plain, permissions, now, sizes)


def examine_plain(
    profile: Profile,
    session: OpenSession,
    plain: bytes,
    permissions: Collection[str],
    now: datetime,
    sizes: Sizes = USUAL_SIZES,
) -> Examined:
    """The same from the plain bytes on: a document of a package. `now` is the day it may be issued on."""
    found = Examined(session.system_code)
    # (4) Size, as far as it needs no reading: what never names an attachment has none, XML or not.
    limit = sizes.attached if _ATTACHED[session.system_code] in plain else sizes.plain
    if len(plain) > limit:
        return found.refuse(430, [_TOO_LARGE.format(limit=limit)], _too_large(len(plain), limit))
    return _examine_document(profile, session, found, plain, permissions, now, sizes)


def _examine_document(
    profile: Profile,
    session: OpenSession,
    found: Examined,
    plain: bytes,
    permissions: Collection[str],
    now: datetime,
    sizes: Sizes,
) -> Examined:
    # (5) XML, and the form declared at opening. PRD lets discouraged characters through.
    try:
        root = xml.parse(plain, limit=max(sizes), allow_discouraged=profile == "prd")
        facts = read(root, FORMS[session.system_code])
    except xml.XmlProblem as bad:
        if bad.kind == "bom":
            return found.refuse(430, [_BOM], bad.why)
        return found.refuse(450, [bad.detail], bad.why)
    except DocumentFault as bad:
        return found.refuse(450, bad.details, bad.why)
    if len(plain) > sizes.plain and not facts.has_attachment:
        text = _TOO_LARGE.format(limit=sizes.plain)
        return found.refuse(430, [text], _too_large(len(plain), sizes.plain))
    # (6) What the metadata can carry: UBL sets no bounds of its own.
    if facts.form_value == "PEF" and (faults := _unfit(facts)):
        why = both(
            "the metadata of the contract have no room for it",
            "w metadanych z kontraktu nie ma na to miejsca",
        )
        return found.refuse(450, faults, why)
    found.facts = facts
    # (7) Issued today at the latest, in Poland.
    if facts.issue_date > now.astimezone(WARSAW).date():
        why = both(
            f"issued on {facts.issue_date}, a day still to come in Poland",
            f"wystawiona {facts.issue_date}, a ten dzień w Polsce jeszcze nie nastał",
        )
        return found.refuse(450, [_FUTURE.format(day=facts.issue_date)], why)
    # (8) Checksums: PRD, or asked for at opening.
    if (session.checksums or profile == "prd") and (faults := checksum_faults(facts)):
        why = both("an identifier's checksum is wrong", "suma kontrolna identyfikatora jest błędna")
        return found.refuse(450, faults, why)
    # (9) Who may issue for this seller, as far as the caller and the document tell.
    return _who(found, facts, plain, session.context, permissions)


def _too_large(size: int, limit: int) -> str:
    return both(
        f"the document has {size} bytes; of this kind the context may send {limit} (GET /limits/context)",
        f"dokument ma {size} bajtów; takich kontekst może wysłać do {limit} (GET /limits/context)",
    )


def _unfit(facts: Facts) -> list[str]:
    faults = [
        _TOO_LONG.format(name=name, most=most)
        for name, value, most in (
            ("seller name", facts.seller_name, 512),
            ("buyer name", facts.buyer_name, 512),
            ("buyer identifier", facts.buyer.value, 50),
        )
        if value is not None and len(value) > most
    ]
    if len(facts.currency) != 3:
        faults.append(_CURRENCY.format(code=facts.currency[:20]))
    return faults


def _who(
    found: Examined, facts: Facts, plain: bytes, context: Context, permissions: Collection[str]
) -> Examined:
    """Rule: invoice-verification.md section 10, row by row."""
    nip = context.value if context.type == "Nip" else ""
    authorized = facts.authorized_subject
    by_authorized = authorized.role if authorized and authorized.nip == nip else 0
    relation: str | None = None
    if by_authorized in (1, 2):
        needed = "EnforcementOperations"
    elif facts.form_value == "PEF":
        needed, relation = "PefInvoiceWrite", PEF_INVOICING
    else:
        needed = "InvoiceWrite"
        if facts.seller_nip == nip or _is_unit_of_seller(facts, context):
            relation = None
        elif by_authorized == 3:
            relation = TAX_REPRESENTATIVE
        elif facts.form_value == "FA_RR" and facts.buyer.type == "Nip" and facts.buyer.value == nip:
            relation = RR_INVOICING
        elif facts.self_invoicing and _is_buyer(facts, context):
            relation = SELF_INVOICING
        elif nip and _stands_as_unit(facts, "Nip", nip):
            relation = SUBUNIT
        else:
            return _not_for(found, facts.seller_nip, context)
    if needed not in permissions:
        why = both(
            f"the login holds no {needed} in {context.type} {context.value}",
            f"logowanie nie ma {needed} w {context.type} {context.value}",
        )
        return found.refuse(410, [codes.NO_INVOICE_PERMISSION], why)
    found.xml, found.relation = plain, relation
    return found


def _not_for(found: Examined, seller: str, context: Context) -> Examined:
    return found.refuse(
        410,
        [codes.NOT_FOR_THIS_SELLER.format(context=context.value, seller=seller)],
        both(
            f"{context.type} {context.value} is neither the seller nor in a role that may issue for it",
            f"{context.type} {context.value} nie jest sprzedawcą ani nie ma roli, by za niego wystawiać",
        ),
    )


def _is_buyer(facts: Facts, context: Context) -> bool:
    """Self-invoicing: the context is Podmiot2, by NIP or as the EU entity of a NipVatUe context."""
    if context.type == "Nip":
        return facts.buyer.type == "Nip" and facts.buyer.value == context.value
    if context.type == "NipVatUe":
        return facts.buyer.type == "VatUe" and facts.buyer.value == context.value.partition("-")[2]
    return False


def _stands_as_unit(facts: Facts, kind: str, value: str) -> bool:
    return any(
        third.role in _UNIT_ROLES and (third.identifier.type, third.identifier.value) == (kind, value)
        for third in facts.third_subjects
    )


def _is_unit_of_seller(facts: Facts, context: Context) -> bool:
    """An InternalId names its parent; the document must name the unit."""
    return (
        context.type == "InternalId"
        and context.value[:10] == facts.seller_nip
        and _stands_as_unit(facts, "InternalId", context.value)
    )
