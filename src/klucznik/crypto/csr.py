"""Certificate requests (PKCS#10): made by who applies, read by who issues. Rule: certificates.md 4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from klucznik.crypto.certs import PrivateKey
from klucznik.lang import both

#: Codes of a refusal.
BAD_CSR: Final = 25004
BAD_KEY: Final = 25010
BAD_ALGORITHM: Final = 25011

#: Attributes of the subject, by their names in the enrolment data.
ATTRIBUTES: Final = {
    "common_name": NameOID.COMMON_NAME,
    "country_name": NameOID.COUNTRY_NAME,
    "given_name": NameOID.GIVEN_NAME,
    "surname": NameOID.SURNAME,
    "serial_number": NameOID.SERIAL_NUMBER,
    "unique_identifier": NameOID.X500_UNIQUE_IDENTIFIER,
    "organization_name": NameOID.ORGANIZATION_NAME,
    "organization_identifier": NameOID.ORGANIZATION_IDENTIFIER,
}

_RSA_BITS: Final = 2048
_HASHES: Final = frozenset({"sha1", "sha256", "sha384", "sha512"})
_PKCS1: Final = frozenset(
    {
        SignatureAlgorithmOID.RSA_WITH_SHA1,
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
    }
)
_ECDSA: Final = frozenset(
    {
        SignatureAlgorithmOID.ECDSA_WITH_SHA1,
        SignatureAlgorithmOID.ECDSA_WITH_SHA256,
        SignatureAlgorithmOID.ECDSA_WITH_SHA384,
        SignatureAlgorithmOID.ECDSA_WITH_SHA512,
    }
)
_ALGORITHMS: Final = _PKCS1 | _ECDSA | {SignatureAlgorithmOID.RSASSA_PSS}

#: An attribute of a subject: its number, its text.
Attribute = tuple[x509.ObjectIdentifier, str]


class BadRequest(ValueError):
    """A request that cannot be taken. `code`: KSeF's (25004, 25010, 25011); `why`: in both languages."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


@dataclass(frozen=True)
class Request:
    """A request that is signed by its own key: what it asks for."""

    subject: x509.Name
    public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey

    @property
    def attributes(self) -> list[Attribute]:
        """The subject in the order of the attributes' numbers and texts: order on the wire says nothing."""
        return in_order([(attribute.oid, text_of(attribute)) for attribute in self.subject])


def in_order(attributes: Sequence[Attribute]) -> list[Attribute]:
    """Attributes so that two equal sets are equal lists."""
    return sorted(attributes, key=lambda attribute: (attribute[0].dotted_string, attribute[1]))


def make(attributes: Sequence[Attribute], key: PrivateKey) -> bytes:
    """A request in DER for a subject of these attributes, signed with SHA-256 by the key it is for.

    Raises ValueError for what no certificate can say (a country that has not two letters).
    """
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
    signed = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


def read(der: bytes) -> Request:
    """Read and check a request; raises BadRequest. Extensions it asks for are passed over."""
    # (1) It is one, in DER.
    try:
        asked = x509.load_der_x509_csr(der)
        subject = asked.subject
    except (ValueError, x509.InvalidVersion):
        armoured = der.lstrip().startswith(b"-----BEGIN")
        pem = both(
            "it is PEM; take off the armour and send the DER", "to PEM; wyślij samo DER, bez nagłówków"
        )
        why = pem if armoured else both("it is no PKCS#10 in DER", "to nie PKCS#10 w DER")
        raise BadRequest(BAD_CSR, why) from None
    # (2) For a key of the two kinds.
    try:
        public_key: object = asked.public_key()
    except (ValueError, UnsupportedAlgorithm):
        public_key = None
    key = _usable(public_key)
    # (3) Signed by an algorithm of the list, and by that very key.
    function = _hash(asked)
    if not _is_signed_by(asked, key, function):
        why = both(
            "the key in the CSR did not sign it, or the CSR was changed afterwards",
            "CSR nie podpisano zawartym w nim kluczem albo zmieniono go później",
        )
        raise BadRequest(BAD_CSR, why)
    return Request(subject, key)


def _usable(key: object) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size != _RSA_BITS:
            why = both(
                f"RSA of {key.key_size} bits; exactly {_RSA_BITS} are taken",
                f"RSA o {key.key_size} bitach; przyjmowane jest tylko {_RSA_BITS}",
            )
            raise BadRequest(BAD_KEY, why)
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, ec.SECP256R1):
            name = key.curve.name
            why = both(
                f"the curve is {name}; only P-256 (secp256r1) is taken",
                f"krzywa to {name}; przyjmowana jest tylko P-256 (secp256r1)",
            )
            raise BadRequest(BAD_KEY, why)
        return key
    why = both("the key is neither RSA of 2048 bits nor P-256", "klucz to ani RSA 2048, ani P-256")
    raise BadRequest(BAD_KEY, why)


def _hash(asked: x509.CertificateSigningRequest) -> hashes.HashAlgorithm:
    oid = asked.signature_algorithm_oid
    if oid not in _ALGORITHMS:
        number = oid.dotted_string
        why = both(
            f"signature algorithm {number} is not taken", f"algorytm podpisu {number} nie jest przyjmowany"
        )
        raise BadRequest(BAD_ALGORITHM, why)
    try:
        function = asked.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        function = None
    if function is None or function.name not in _HASHES:
        name = function.name if function else "unknown"
        why = both(
            f"the hash function is {name}; SHA-1, 256, 384 and 512 are taken",
            f"funkcja skrótu to {name}; przyjmowane są SHA-1, 256, 384 i 512",
        )
        raise BadRequest(BAD_ALGORITHM, why)
    return function


def _is_signed_by(
    asked: x509.CertificateSigningRequest,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    function: hashes.HashAlgorithm,
) -> bool:
    """The library's own check refuses SHA-1, which KSeF takes."""
    oid, signature, signed = asked.signature_algorithm_oid, asked.signature, asked.tbs_certrequest_bytes
    if isinstance(key, ec.EllipticCurvePublicKey) != (oid in _ECDSA):
        return False  # an algorithm of the other kind of key
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(function))
        else:
            how = padding.PKCS1v15() if oid in _PKCS1 else asked.signature_algorithm_parameters
            assert isinstance(how, padding.PSS | padding.PKCS1v15)
            key.verify(signature, signed, how, function)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def text_of(attribute: x509.NameAttribute[str | bytes]) -> str:
    """An attribute's value; a uniqueIdentifier may travel as a BIT STRING."""
    value = attribute.value
    return value if isinstance(value, str) else value.decode("latin-1")
