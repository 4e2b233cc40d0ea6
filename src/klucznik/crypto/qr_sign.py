"""KOD II signed and verified; both codes against an invoice.

What only KSeF knows (is the certificate revoked, may its owner issue in that context) is not judged
here. Rule: qr-offline.md section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from klucznik.crypto.certs import RSA_MIN_BITS, Identity, PrivateKey
from klucznik.crypto.qr_links import (
    CertificateLink,
    InvoiceLink,
    digest_of,
    encode,
    read_link,
    string_to_sign,
)
from klucznik.errors import Unreadable
from klucznik.lang import tr

#: `p1363`: R and S side by side, 64 bytes, the shorter code. `der`: as ASN.1 writes them.
EcdsaEncoding: TypeAlias = Literal["p1363", "der"]

#: RSASSA-PSS with SHA-256, MGF1 with SHA-256, a salt of 32 bytes.
_PSS: Final = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
_P256_BYTES: Final = 32

#: Of a certificate: `serial` is another's, `early` not valid yet, `expired`, `key` unsuitable, `usage`
#: not for codes, `signature` wrong. Of an invoice: other `hash`, `nip`, `date`.
Code: TypeAlias = Literal["serial", "early", "expired", "key", "usage", "signature", "hash", "nip", "date"]


@dataclass(frozen=True)
class Finding:
    """One thing that is not in order, in words."""

    code: Code
    message: str


@dataclass(frozen=True)
class CertificateReport:
    """A KOD II against a certificate: whose it is, its serial number, what is not in order."""

    subject: str
    serial: str
    findings: tuple[Finding, ...]

    @property
    def in_order(self) -> bool:
        return not self.findings


# ---- signing ------------------------------------------------------------------------------------


def certificate_link(
    base: str,
    context_type: str,
    context_value: str,
    nip: str,
    serial: str,
    digest: str,
    signer: Identity | PrivateKey,
    *,
    ecdsa: EcdsaEncoding = "p1363",
    checksum: bool = True,
) -> str:
    """KOD II: signed by the key of an Offline certificate, whose serial number is `serial`.

    `context_type` (Nip, InternalId, NipVatUe, PeppolId) and `context_value` are where the issuer is
    logged in, `nip` is the seller's. Raises Unreadable for a part or a key that does not fit.
    """
    message = string_to_sign(base, context_type, context_value, nip, serial, digest)
    link = f"{base.partition('://')[0]}://{message}"
    # The parts are judged before anything is signed; any signature will do for that.
    read_link(f"{link}/{digest}", [base], checksum=checksum)
    key = signer.private_key if isinstance(signer, Identity) else signer
    return f"{link}/{encode(sign(message.encode('ascii'), key, ecdsa))}"


def sign(message: bytes, key: PrivateKey, ecdsa: EcdsaEncoding = "p1363") -> bytes:
    """The signature of KOD II over `CertificateLink.signed`. Raises Unreadable for an unsuitable key."""
    if (why := unsuitable(key.public_key())) is not None:
        raise Unreadable(
            tr(f"This key cannot sign KOD II: {why}.", f"Tym kluczem nie można podpisać KOD II: {why}."),
            hint=tr("take an Offline certificate of KSeF", "użyj certyfikatu KSeF typu Offline"),
        )
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, _PSS, hashes.SHA256())
    signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
    if ecdsa == "der":
        return signature
    r, s = decode_dss_signature(signature)
    return r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big")


def unsuitable(public_key: object) -> str | None:
    """Why KOD II cannot be signed with this key, or None: RSA from 2048 bits, or P-256."""
    if isinstance(public_key, rsa.RSAPublicKey):
        bits = public_key.key_size
        return tr(f"RSA of {bits} bits", f"RSA o {bits} bitach") if bits < RSA_MIN_BITS else None
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        name = public_key.curve.name
        is_p256 = isinstance(public_key.curve, ec.SECP256R1)
        return None if is_p256 else tr(f"the curve is {name}, not P-256", f"krzywa to {name}, nie P-256")
    return tr("neither RSA nor P-256", "ani RSA, ani P-256")


def serial_of(certificate: x509.Certificate) -> str:
    """A certificate's serial number as KSeF writes it: upper-case hex, whole bytes, at least eight."""
    digits = f"{certificate.serial_number:016X}"
    return digits if len(digits) % 2 == 0 else f"0{digits}"


# ---- verifying ----------------------------------------------------------------------------------


def verify(
    link: CertificateLink, certificate: x509.Certificate, *, now: datetime | None = None
) -> CertificateReport:
    """Judge a KOD II by the certificate it names; both encodings of an ECDSA signature are taken.

    Without `now` (aware) the validity period is not looked at.
    """
    serial = serial_of(certificate)
    findings: list[Finding] = []
    # (1) It is this certificate, valid now, and made for codes.
    if serial != link.serial:
        findings.append(
            Finding(
                "serial",
                tr(
                    f"the code names certificate {link.serial}, this is {serial}",
                    f"kod wskazuje certyfikat {link.serial}, a to {serial}",
                ),
            )
        )
    findings += _of_period(certificate, now)
    if not _may_confirm(certificate):
        findings.append(
            Finding(
                "usage",
                tr(
                    "the certificate is for logging in; codes need type Offline",
                    "certyfikat służy do logowania; kody wymagają typu Offline",
                ),
            )
        )
    # (2) The signature.
    try:
        public_key: object = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        public_key = None
    if (why := unsuitable(public_key)) is not None:
        findings.append(
            Finding(
                "key",
                tr(f"its key cannot sign codes: {why}", f"jego klucz nie może podpisywać kodów: {why}"),
            )
        )
    elif not is_signed_by(link, public_key):
        findings.append(
            Finding(
                "signature",
                tr(
                    "the signature is not of this certificate over this code",
                    "to nie jest podpis tego certyfikatu pod tym kodem",
                ),
            )
        )
    return CertificateReport(certificate.subject.rfc4514_string(), serial, tuple(findings))


def is_signed_by(link: CertificateLink, public_key: object) -> bool:
    """Whether the code's signature was made with this key; False for a key that cannot sign codes."""
    if unsuitable(public_key) is not None:
        return False
    if isinstance(public_key, rsa.RSAPublicKey):
        try:
            public_key.verify(link.signature, link.signed, _PSS, hashes.SHA256())
        except InvalidSignature:
            return False
        return True
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    return any(_is_valid(public_key, der, link.signed) for der in _as_der(link.signature))


def differences(
    link: InvoiceLink | CertificateLink, document: bytes, *, nip: str, issue_date: date
) -> tuple[Finding, ...]:
    """Why an invoice is not the one of a code; empty when it is.

    `document` is the file's bytes; `nip` the seller's and `issue_date` P_1, as the file says. KOD II
    has no date.
    """
    findings: list[Finding] = []
    if (digest := digest_of(document)) != link.digest:
        findings.append(
            Finding(
                "hash",
                tr(
                    f"the code is of a document with SHA-256 {link.digest}, this one has {digest}",
                    f"kod jest do dokumentu o SHA-256 {link.digest}, ten ma {digest}",
                ),
            )
        )
    if nip != link.nip:
        findings.append(
            Finding(
                "nip",
                tr(
                    f"the code names seller {link.nip}, the document {nip}",
                    f"kod wskazuje sprzedawcę {link.nip}, a dokument {nip}",
                ),
            )
        )
    if isinstance(link, InvoiceLink) and issue_date != link.issue_date:
        findings.append(
            Finding(
                "date",
                tr(
                    f"the code says issued on {link.issue_date}, the document {issue_date}",
                    f"kod podaje datę wystawienia {link.issue_date}, a dokument {issue_date}",
                ),
            )
        )
    return tuple(findings)


def _of_period(certificate: x509.Certificate, now: datetime | None) -> list[Finding]:
    if now is None:
        return []
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        words = tr(
            f"the certificate is valid from {begin:%Y-%m-%d %H:%M} UTC",
            f"certyfikat jest ważny od {begin:%Y-%m-%d %H:%M} UTC",
        )
        return [Finding("early", words)]
    if now > end:
        words = tr(
            f"the certificate expired on {end:%Y-%m-%d %H:%M} UTC",
            f"certyfikat wygasł {end:%Y-%m-%d %H:%M} UTC",
        )
        return [Finding("expired", words)]
    return []


def _may_confirm(certificate: x509.Certificate) -> bool:
    """Key usage nonRepudiation, which X.509 now calls contentCommitment; what has no such extension is
    not restricted. Rule: certificates.md section 1."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:  # extensions that make no sense
        return False
    return usage.content_commitment


def _as_der(signature: bytes) -> list[bytes]:
    """What a signature may mean: R||S by its length, and DER, which a very short one could be too."""
    if len(signature) != 2 * _P256_BYTES:
        return [signature]
    r = int.from_bytes(signature[:_P256_BYTES], "big")
    s = int.from_bytes(signature[_P256_BYTES:], "big")
    return [encode_dss_signature(r, s), signature]


def _is_valid(key: ec.EllipticCurvePublicKey, der: bytes, message: bytes) -> bool:
    try:
        key.verify(der, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
