"""ds:KeyInfo: whose key signed, and that the signature itself says so. Rules: xades.md sections 2, 10."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from klucznik.crypto.certs import UNREADABLE_CERTIFICATE, weakness
from klucznik.crypto.xades_algorithms import DIGESTS, DS, DS11, XADES, decode_base64
from klucznik.crypto.xades_guard import bad_content, negative, unsupported, wrong_format

_MAX_CERTIFICATES = 20

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True)
class SignerKeys:
    """The signer's certificate (first in X509Data), its DER and key, and what else was sent."""

    certificate: x509.Certificate
    der: bytes
    public_key: PublicKey
    chain: tuple[x509.Certificate, ...]


def read(key_info: etree._Element) -> SignerKeys:
    """Certificates of a ds:KeyInfo; raises SignatureProblem for none, a broken one or a weak key."""
    encoded = key_info.findall(f"{{{DS}}}X509Data/{{{DS}}}X509Certificate")
    if not encoded:
        raise bad_content("KeyInfo has no X509Certificate", "KeyInfo nie ma X509Certificate")
    if len(encoded) > _MAX_CERTIFICATES:
        raise bad_content(
            f"{len(encoded)} certificates, at most {_MAX_CERTIFICATES} are read",
            f"certyfikatów jest {len(encoded)}, czytanych jest najwyżej {_MAX_CERTIFICATES}",
        )
    ders = [decode_base64(None if len(e) else e.text) for e in encoded]
    try:
        certificates = [x509.load_der_x509_certificate(der or b"") for der in ders]
    except UNREADABLE_CERTIFICATE:
        raise bad_content(
            "an X509Certificate is not a certificate in Base64 of DER",
            "X509Certificate nie jest certyfikatem DER w Base64",
        ) from None
    try:
        public_key = certificates[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise unsupported(
            "the certificate's key is of a kind that is not known here",
            "klucz certyfikatu jest nieznanego tu rodzaju",
        ) from None
    if why := weakness(public_key):
        raise unsupported(*why)
    assert isinstance(public_key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    for key_value in key_info.findall(f"{{{DS}}}KeyValue"):
        if not _same_key(key_value, public_key):
            raise bad_content(
                "KeyValue is not the key of the first X509Certificate",
                "KeyValue nie jest kluczem z pierwszego X509Certificate",
            )
    for der_value in key_info.findall(f"{{{DS11}}}DEREncodedKeyValue"):
        if decode_base64(der_value.text) != _spki(public_key):
            raise bad_content(
                "DEREncodedKeyValue is not the key of the first X509Certificate",
                "DEREncodedKeyValue nie jest kluczem z pierwszego X509Certificate",
            )
    return SignerKeys(certificates[0], ders[0] or b"", public_key, tuple(certificates[1:]))


def check_signing_certificate(properties: etree._Element, keys: SignerKeys) -> bool:
    """Does SigningCertificate (V1 or V2) name the signer? False where there is none of them.

    Raises SignatureProblem when it names another certificate: then somebody put theirs in its place.
    """
    signed = properties.find(f"{{{XADES}}}SignedSignatureProperties")
    if signed is None:
        return False
    named = [
        list(element)
        for version in ("SigningCertificate", "SigningCertificateV2")
        for element in signed.findall(f"{{{XADES}}}{version}")
    ]
    # In either version the first Cert is the signer's.
    for certificates in named:
        if not certificates:
            raise wrong_format(
                "SigningCertificate names no certificate", "SigningCertificate nie wskazuje certyfikatu"
            )
        if not _names(certificates[0], keys.der):
            others = [c.public_bytes(Encoding.DER) for c in keys.chain]
            if any(_names(certificates[0], der) for der in others):
                raise bad_content(
                    "the signer's certificate must be the first in X509Data",
                    "certyfikat podpisującego musi być pierwszy w X509Data",
                )
            raise negative(
                "SigningCertificate is the digest of another certificate than X509Data holds",
                "SigningCertificate to skrót innego certyfikatu niż ten w X509Data",
            )
    return bool(named)


def _names(cert: etree._Element, der: bytes) -> bool:
    """Is this xades:Cert the digest of that certificate?"""
    digest = cert.find(f"{{{XADES}}}CertDigest")
    if cert.tag != f"{{{XADES}}}Cert" or digest is None:
        raise bad_content(
            "SigningCertificate has no Cert with a CertDigest", "SigningCertificate nie ma Cert z CertDigest"
        )
    method, value = digest.find(f"{{{DS}}}DigestMethod"), digest.findtext(f"{{{DS}}}DigestValue")
    if method is None or value is None:
        raise bad_content(
            "CertDigest needs DigestMethod and DigestValue", "CertDigest wymaga DigestMethod i DigestValue"
        )
    name = DIGESTS.get(method.get("Algorithm", ""))
    if name is None:
        uri = method.get("Algorithm")
        raise unsupported(
            f"DigestMethod {uri!r} of CertDigest is not allowed",
            f"DigestMethod {uri!r} w CertDigest nie jest dozwolone",
        )
    return hashlib.new(name, der).digest() == decode_base64(value)


def _same_key(key_value: etree._Element, key: PublicKey) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        modulus = decode_base64(key_value.findtext(f"{{{DS}}}RSAKeyValue/{{{DS}}}Modulus"))
        exponent = decode_base64(key_value.findtext(f"{{{DS}}}RSAKeyValue/{{{DS}}}Exponent"))
        if not modulus or not exponent:
            return False
        return (int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")) == (numbers.n, numbers.e)
    point = decode_base64(key_value.findtext(f"{{{DS11}}}ECKeyValue/{{{DS11}}}PublicKey"))
    return point == key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _spki(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
