"""The signed AuthTokenRequest: what can be said of it without the database.

Rules: xades.md sections 5-7, auth.md section 3.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from klucznik.crypto import xades
from klucznik.crypto.certs import fingerprint
from klucznik.crypto.csr import text_of
from klucznik.crypto.envelope import sha256_base64
from klucznik.crypto.subject import BadSubject, read_subject
from klucznik.crypto.subject import Subject as Owner
from klucznik.documents import auth_request
from klucznik.documents.auth_request import AuthTokenRequest, SchemaFault
from klucznik.lang import both
from klucznik.server.access import Context
from klucznik.server.ask import Ask
from klucznik.server.rights import Subject
from klucznik.wire import codes
from klucznik.wire.endpoint import Xml
from klucznik.wire.problems import Problem

#: AuthenticationMethod, its category, code and display name.
Method = tuple[str, str, str, str]

_ROOTS: Final = tuple(
    f"{{http://ksef.mf.gov.pl/auth/token/{version}}}AuthTokenRequest" for version in ("2.0", "2.1")
)

#: Names travel in every JWT, that is in every request; a certificate may hold a book.
_LONGEST_NAME: Final = 256

#: By kind of certificate; a self-signed one on TEST counts as qualified (xades.md section 7).
_METHODS: Final[dict[str, Method]] = {
    "person": ("QualifiedSignature", "XadesSignature", "xades.qualified-signature", "Podpis kwalifikowany"),
    "seal": ("QualifiedSeal", "XadesSignature", "xades.qualified-seal", "Pieczęć kwalifikowana"),
    "peppol": (
        "PeppolSignature",
        "XadesSignature",
        "xades.peppol-signature",
        "Pieczęć dostawcy usług Peppol",
    ),
    "ksef": ("InternalCertificate", "XadesSignature", "xades.ksef-certificate", "Certyfikat KSeF"),
}


@dataclass(frozen=True)
class Signed:
    """A signed AuthTokenRequest that holds together: what it asks for, and who signed."""

    request: AuthTokenRequest
    subject: Subject
    sud: str  # JSON for the `sud` claim
    method: Method
    document_hash: str
    certificate: bytes  # DER
    names_us: bool  # the issuer it names is the CA of this KSeF; whether that is true, the step asks


def check_signature(ask: Ask[Xml]) -> Signed:
    """What can be said of a signed request without the database; refusals of auth.md section 3."""
    # (1) One XAdES signature over the whole document.
    try:
        verified = xades.verify(ask.raw, expect_root=_ROOTS)
    except xades.SignatureProblem as bad:
        details = [bad.detail] if bad.detail else []
        raise Problem(codes.CODES[bad.code], details, why=bad.why) from None
    # (2) What was signed fits the schema.
    try:
        request = auth_request.read(verified.document)
    except SchemaFault as fault:
        told = both(
            f"the signed AuthTokenRequest does not fit its schema: {fault.text}",
            f"podpisany AuthTokenRequest nie jest zgodny ze swoją schemą: {fault.text}",
        )
        raise Problem(codes.NOT_TO_SCHEMA, [fault.text], why=told) from None
    # (3) The certificate names somebody in the way that was asked for.
    by_subject = request.subject_type == "certificateSubject"
    try:
        owner = read_subject(verified.certificate, need_identifier=by_subject)
    except BadSubject as bad:
        raise Problem(codes.CODES[bad.code], why=bad.why) from None
    if by_subject:
        assert owner.type is not None
        subject = Subject(owner.type, owner.value)
    else:
        subject = Subject("Fingerprint", fingerprint(verified.certificate))
    # (4) A KSeF certificate is its holder's, whatever was asked for. Rule: certificates.md, head.
    names_us = _issuer(verified.certificate) == ask.ksef.keys.authority.certificate.subject
    if names_us:
        subject = _holder(verified.certificate, owner) or subject
    # (5) Subject and context can belong together at all.
    if why := _misfit(subject, Context(request.context_type, request.context_value)):
        raise Problem(codes.INVALID_SUBJECT_IDENTIFIER, why=why)
    return Signed(
        request=request,
        subject=subject,
        sud=_sud(subject, owner),
        method=_METHODS["ksef" if names_us else owner.kind],
        document_hash=sha256_base64(ask.raw),
        certificate=verified.certificate.public_bytes(Encoding.DER),
        names_us=names_us,
    )


def _issuer(certificate: x509.Certificate) -> x509.Name:
    try:
        return certificate.issuer
    except ValueError:
        why = both("the certificate's issuer cannot be read", "nie da się odczytać wystawcy certyfikatu")
        raise Problem(codes.INVALID_CERTIFICATE, why=why) from None


def _holder(certificate: x509.Certificate, owner: Owner) -> Subject | None:
    """Whom a KSeF certificate was issued to: a fingerprint stands in its uniqueIdentifier."""
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.X500_UNIQUE_IDENTIFIER):
        return Subject("Fingerprint", text_of(attribute))
    return Subject(owner.type, owner.value) if owner.type else None


def _misfit(subject: Subject, context: Context) -> str | None:
    """Why this kind of subject has no business in this kind of context (xades.md sections 5 and 6)."""
    if context.type == "NipVatUe" and subject.type != "Fingerprint":
        return both(
            "a NipVatUe context is entered with certificateFingerprint only",
            "do kontekstu NipVatUe wchodzi się tylko z certificateFingerprint",
        )
    if context.type == "PeppolId" and subject != ("PeppolId", context.value):
        return both(
            f"the context of {context.value} is entered with that provider's own seal only",
            f"do kontekstu {context.value} wchodzi się tylko pieczęcią tego dostawcy",
        )
    if subject.type == "PeppolId" and context.type != "PeppolId":
        return both(
            f"a Peppol seal opens the PeppolId context only, not {context.type}",
            f"pieczęć Peppol otwiera tylko kontekst PeppolId, nie {context.type}",
        )
    return None


def _sud(subject: Subject, owner: Owner) -> str:
    parts = {
        "givenName": owner.given_name,
        "surname": owner.surname,
        "serialNumber": owner.serial_number,
        "commonName": owner.common_name,
        "countryName": owner.country_name,
        "organizationName": owner.organization_name,
        "organizationIdentifier": owner.organization_identifier,
    }
    named = {name: value[:_LONGEST_NAME] for name, value in parts.items() if value}
    identifier = {"type": subject.type, "value": subject.value}
    return json.dumps({"subjectIdentifier": identifier, **named}, ensure_ascii=False, separators=(",", ":"))
