"""Certificates and keys as files: reading, writing, and what KSeF calls them.

Making certificates stands in `authority`, reading who one belongs to in `subject`.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)
from cryptography.utils import CryptographyDeprecationWarning

from klucznik.errors import Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret

#: Keys KSeF signs and verifies with.
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

RSA_MIN_BITS = 2048
CURVE_MIN_BITS = 256

#: What reading a certificate may raise. cryptography warns of what it will refuse one day (a serial
#: number below one); where warnings are errors, it is refused already.
UNREADABLE_CERTIFICATE = (ValueError, x509.InvalidVersion, CryptographyDeprecationWarning)

#: RFC 2253 names these in a DN; every other attribute is written by its number.
_RFC2253 = {
    x509.NameOID.COMMON_NAME: "CN",
    x509.NameOID.LOCALITY_NAME: "L",
    x509.NameOID.STATE_OR_PROVINCE_NAME: "ST",
    x509.NameOID.ORGANIZATION_NAME: "O",
    x509.NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    x509.NameOID.COUNTRY_NAME: "C",
    x509.NameOID.STREET_ADDRESS: "STREET",
    x509.NameOID.DOMAIN_COMPONENT: "DC",
    x509.NameOID.USER_ID: "UID",
}


@dataclass(frozen=True, eq=False)
class Identity:
    """A certificate with its private key and, where known, the certificates above it."""

    certificate: x509.Certificate
    private_key: PrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        return f"Identity({self.certificate.subject.rfc4514_string()})"

    @classmethod
    def load(cls, data: bytes, passphrase: Secret | None = None) -> Identity:
        """Read a PEM file holding certificate and key, or a PKCS#12 file (.p12, .pfx).

        Raises Unreadable: wrong passphrase, no key, no certificate, a key of another certificate.
        """
        if b"-----BEGIN" in data:
            return _matched(_certificates(data), _private_key(data, passphrase))
        return _from_pkcs12(data, passphrase)

    @classmethod
    def load_pair(cls, certificate: bytes, private_key: bytes, passphrase: Secret | None = None) -> Identity:
        """Read a certificate and a key from two files, each PEM or DER. Raises Unreadable."""
        return _matched(_certificates(certificate), _private_key(private_key, passphrase))

    def to_pem(self, passphrase: Secret | None = None) -> bytes:
        """Key (PKCS#8, sealed if a passphrase is given), certificate and chain, one after another."""
        key = key_to_pem(self.private_key, passphrase)
        return key + b"".join(c.public_bytes(Encoding.PEM) for c in (self.certificate, *self.chain))

    def to_pkcs12(self, passphrase: Secret) -> bytes:
        """The same as a PKCS#12 file."""
        name = self.certificate.subject.rfc4514_string().encode()
        return pkcs12.serialize_key_and_certificates(
            name, self.private_key, self.certificate, self.chain or None, _sealing(passphrase)
        )

    @cached_property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @cached_property
    def der_base64(self) -> str:
        """The certificate as it stands in ds:X509Certificate."""
        return b64encode(self.der).decode()

    @cached_property
    def issuer(self) -> str:
        """The issuer as RFC 2253 text, as ds:X509IssuerName has it (xades.md section 2)."""
        return self.certificate.issuer.rfc4514_string(_RFC2253)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the DER, 64 upper-case hex digits. Rule: xades.md section 5."""
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest().upper()


def weakness(public_key: object) -> tuple[str, str] | None:
    """Why KSeF would refuse a signature of this key, in English and Polish, or None.

    Rule: xades.md section 4.
    """
    if isinstance(public_key, rsa.RSAPublicKey):
        if public_key.key_size < RSA_MIN_BITS:
            return (
                f"RSA key of {public_key.key_size} bits, at least {RSA_MIN_BITS} are needed",
                f"klucz RSA ma {public_key.key_size} bitów, potrzeba co najmniej {RSA_MIN_BITS}",
            )
        return None
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        if public_key.curve.key_size < CURVE_MIN_BITS:
            return (
                f"curve of {public_key.curve.key_size} bits, at least {CURVE_MIN_BITS} are needed",
                f"krzywa ma {public_key.curve.key_size} bitów, potrzeba co najmniej {CURVE_MIN_BITS}",
            )
        return None
    return "neither an RSA nor an elliptic-curve key", "klucz ani RSA, ani krzywych eliptycznych"


def load_certificate(data: bytes) -> x509.Certificate:
    """One certificate, PEM or DER; raises Unreadable."""
    return _certificates(data)[0]


def key_to_pem(key: PrivateKey, passphrase: Secret | None = None) -> bytes:
    """A private key alone, PKCS#8, sealed if a passphrase is given."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _sealing(passphrase))


def load_key(data: bytes, passphrase: Secret | None = None) -> PrivateKey:
    """The reverse, PEM or DER; raises Unreadable."""
    return _private_key(data, passphrase)


def _sealing(passphrase: Secret | None) -> KeySerializationEncryption:
    if passphrase is None:
        return NoEncryption()
    with passphrase.reveal() as value:
        return BestAvailableEncryption(value)


def _certificates(data: bytes) -> list[x509.Certificate]:
    if b"-----BEGIN" in data and b"-----BEGIN CERTIFICATE-----" not in data:
        raise Unreadable(
            tr("The file holds no certificate.", "W pliku nie ma certyfikatu."),
            hint=tr(
                "give a file with BEGIN CERTIFICATE in it, or the certificate's own file beside the key's",
                "podaj plik z wierszem BEGIN CERTIFICATE albo osobno plik certyfikatu i plik klucza",
            ),
        )
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except UNREADABLE_CERTIFICATE:
        raise Unreadable(
            tr("The certificate cannot be read.", "Certyfikatu nie da się odczytać."),
            hint=tr("PEM and DER are read", "czytane są formaty PEM i DER"),
        ) from None


def _private_key(data: bytes, passphrase: Secret | None) -> PrivateKey:
    pem = b"-----BEGIN" in data
    if pem and b"PRIVATE KEY-----" not in data:
        raise Unreadable(
            tr("The file holds no private key.", "W pliku nie ma klucza prywatnego."),
            hint=tr("give the key's file as well", "podaj także plik klucza"),
        )
    load = load_pem_private_key if pem else load_der_private_key
    try:
        try:
            key = load(data, None)
        except TypeError:  # the key is sealed
            if passphrase is None:
                raise Unreadable(
                    tr("The private key needs a passphrase.", "Klucz prywatny wymaga hasła."),
                ) from None
            with passphrase.reveal() as value:
                key = load(data, value)
    except (ValueError, UnsupportedAlgorithm):
        raise Unreadable(
            tr(
                "The private key cannot be read: wrong passphrase, or a damaged file.",
                "Klucza prywatnego nie da się odczytać: złe hasło albo uszkodzony plik.",
            )
        ) from None
    return _usable(key)


def _from_pkcs12(data: bytes, passphrase: Secret | None) -> Identity:
    try:
        if passphrase is None:
            bundle = pkcs12.load_pkcs12(data, None)
        else:
            with passphrase.reveal() as value:
                bundle = pkcs12.load_pkcs12(data, value)
    except (UnsupportedAlgorithm, *UNREADABLE_CERTIFICATE):
        raise Unreadable(
            tr(
                "The file cannot be read: wrong passphrase, or neither PEM nor PKCS#12.",
                "Pliku nie da się odczytać: złe hasło albo ani PEM, ani PKCS#12.",
            )
        ) from None
    if bundle.key is None:
        raise Unreadable(tr("The file holds no private key.", "W pliku nie ma klucza prywatnego."))
    found = [c.certificate for c in (bundle.cert, *bundle.additional_certs) if c is not None]
    if not found:
        raise Unreadable(tr("The file holds no certificate.", "W pliku nie ma certyfikatu."))
    return _matched(found, _usable(bundle.key))


def _usable(key: object) -> PrivateKey:
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return key
    raise Unreadable(
        tr(
            "The private key is neither RSA nor elliptic-curve; KSeF knows no other.",
            "Klucz prywatny nie jest kluczem RSA ani krzywej eliptycznej; KSeF innych nie zna.",
        )
    )


def _matched(certificates: list[x509.Certificate], key: PrivateKey) -> Identity:
    """The certificate of this key among those given, wherever it stands; the others are its chain."""
    own = _spki(key.public_key())
    for certificate in certificates:
        try:
            public_key = certificate.public_key()
        except (ValueError, UnsupportedAlgorithm):
            continue
        if isinstance(public_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and _spki(public_key) == own:
            return Identity(certificate, key, tuple(c for c in certificates if c is not certificate))
    raise Unreadable(
        tr(
            "The private key does not belong to the certificate.",
            "Klucz prywatny nie należy do certyfikatu.",
        ),
        hint=tr("take both from the same issue", "weź oba z tego samego wydania"),
    )


def _spki(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
