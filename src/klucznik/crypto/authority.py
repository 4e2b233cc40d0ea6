"""Making certificates for a local KSeF: people, seals, Peppol providers, TLS, and the CA above them.

Nothing made here may be taken for a real qualified certificate: the CA's name says "local test".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from klucznik.crypto.certs import Identity, PrivateKey
from klucznik.secret import Secret

KeyKind = Literal["ec", "rsa"]
Attributes = Sequence[tuple[x509.ObjectIdentifier, str]]

#: Valid a little before "now", for clocks that lag (the reference clients sign a minute back).
_BACK = timedelta(minutes=5)
_MARK = "local test"


def new_key(kind: KeyKind) -> PrivateKey:
    """A fresh key: P-256 or RSA-2048."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, eq=False)
class Authority:
    """A certificate authority of one's own."""

    identity: Identity

    @classmethod
    def create(cls, name: str, now: datetime, *, key: KeyKind = "ec", days: int = 3650) -> Authority:
        """A new root; `(local test)` is added to a name that does not say so itself."""
        shown = name if _MARK in name.lower() else f"{name} ({_MARK})"
        subject = _name([(NameOID.COUNTRY_NAME, "PL"), (NameOID.COMMON_NAME, shown)])
        private_key = new_key(key)
        end = now + timedelta(days=days)
        builder = _builder(subject, subject, private_key.public_key(), now - _BACK, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(ca=True), critical=True)
        return cls(Identity(builder.sign(private_key, hashes.SHA256()), private_key))

    @classmethod
    def load(cls, data: bytes, passphrase: Secret | None = None) -> Authority:
        """The reverse of `to_pem`; raises errors.Unreadable."""
        return cls(Identity.load(data, passphrase))

    def to_pem(self, passphrase: Secret | None = None) -> bytes:
        """Key and certificate."""
        return self.identity.to_pem(passphrase)

    @property
    def certificate(self) -> x509.Certificate:
        return self.identity.certificate

    def issue(
        self,
        subject: x509.Name,
        public_key: CertificatePublicKeyTypes,
        *,
        not_before: datetime,
        not_after: datetime,
        serial: int | None = None,
        usage: x509.KeyUsage | None = None,
        extra: Sequence[x509.ExtensionType] = (),
    ) -> x509.Certificate:
        """A certificate below this CA. Without `serial` a random one, without `usage` for signing.

        Times are kept to the second.
        """
        builder = _builder(subject, self.certificate.subject, public_key, not_before, not_after, serial)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(usage or _key_usage(ca=False), critical=True)
        own = self.identity.private_key.public_key()
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(own), critical=False
        )
        for extension in extra:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.identity.private_key, hashes.SHA256())


def person(
    given_name: str,
    surname: str,
    *,
    now: datetime,
    pesel: str | None = None,
    nip: str | None = None,
    common_name: str | None = None,
    key: KeyKind = "ec",
    days: int = 730,
    issuer: Authority | None = None,
) -> Identity:
    """A personal certificate: serialNumber `PNOPL-<pesel>` or `TINPL-<nip>`; self-signed without `issuer`."""
    if (pesel is None) == (nip is None):
        raise ValueError("a person is named by a PESEL or by a NIP: give one of them")
    attributes = [
        (NameOID.GIVEN_NAME, given_name),
        (NameOID.SURNAME, surname),
        (NameOID.SERIAL_NUMBER, f"PNOPL-{pesel}" if pesel else f"TINPL-{nip}"),
        (NameOID.COMMON_NAME, common_name or f"{given_name} {surname}"),
        (NameOID.COUNTRY_NAME, "PL"),
    ]
    return certified(attributes, now=now, key=key, days=days, issuer=issuer)


def seal(
    name: str,
    nip: str,
    *,
    now: datetime,
    common_name: str | None = None,
    key: KeyKind = "ec",
    days: int = 730,
    issuer: Authority | None = None,
) -> Identity:
    """An organisation's seal: organizationIdentifier `VATPL-<nip>`."""
    attributes = [
        (NameOID.ORGANIZATION_NAME, name),
        (NameOID.ORGANIZATION_IDENTIFIER, f"VATPL-{nip}"),
        (NameOID.COMMON_NAME, common_name or name),
        (NameOID.COUNTRY_NAME, "PL"),
    ]
    return certified(attributes, now=now, key=key, days=days, issuer=issuer)


def peppol_seal(
    peppol_id: str,
    name: str = "Peppol provider",
    *,
    now: datetime,
    key: KeyKind = "ec",
    days: int = 730,
    issuer: Authority | None = None,
) -> Identity:
    """A Peppol provider's seal: organizationIdentifier and CN are the PeppolId."""
    attributes = [
        (NameOID.ORGANIZATION_NAME, name),
        (NameOID.ORGANIZATION_IDENTIFIER, peppol_id),
        (NameOID.COMMON_NAME, peppol_id),
        (NameOID.COUNTRY_NAME, "PL"),
    ]
    return certified(attributes, now=now, key=key, days=days, issuer=issuer)


def certified(
    attributes: Attributes,
    *,
    now: datetime,
    key: KeyKind | PrivateKey = "ec",
    days: int = 730,
    issuer: Authority | None = None,
) -> Identity:
    """An identity with exactly these attributes in its subject, for cases the others do not make."""
    private_key = new_key(key) if isinstance(key, str) else key
    subject = _name(attributes)
    start, end = now - _BACK, now + timedelta(days=days)
    if issuer is not None:
        certificate = issuer.issue(subject, private_key.public_key(), not_before=start, not_after=end)
        return Identity(certificate, private_key, (issuer.certificate,))
    builder = _builder(subject, subject, private_key.public_key(), start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(ca=False), critical=True)
    return Identity(builder.sign(private_key, hashes.SHA256()), private_key)


def server_certificate(
    authority: Authority, hostnames: Sequence[str], now: datetime, *, days: int = 365
) -> Identity:
    """For TLS: one certificate for all these DNS names and IP addresses."""
    private_key = new_key("ec")
    certificate = authority.issue(
        _name([(NameOID.COMMON_NAME, hostnames[0])]),
        private_key.public_key(),
        not_before=now - _BACK,
        not_after=now + timedelta(days=days),
        extra=[
            x509.SubjectAlternativeName([_general_name(host) for host in hostnames]),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        ],
    )
    return Identity(certificate, private_key, (authority.certificate,))


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(attributes: Attributes) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: CertificatePublicKeyTypes,
    not_before: datetime,
    not_after: datetime,
    serial: int | None = None,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number() if serial is None else serial)
        .not_valid_before(not_before.replace(microsecond=0))
        .not_valid_after(not_after.replace(microsecond=0))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    """A CA signs certificates and CRLs, everybody else signs documents."""
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=not ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
