"""The algorithms KSeF allows in a signature, and nothing else. Rules: xades.md sections 3 and 4.

What does not stand in these tables is refused before anything is computed: HMAC, XSLT, MD5, DSA.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from lxml import etree

from klucznik.crypto.certs import PrivateKey

DS = "http://www.w3.org/2000/09/xmldsig#"
DS11 = "http://www.w3.org/2009/xmldsig11#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
COUNTERSIGNED = "http://uri.etsi.org/01903#CountersignedSignature"

_MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_11 = "http://www.w3.org/2006/12/xml-c14n11"

ENVELOPED = f"{DS}enveloped-signature"
BASE64 = f"{DS}base64"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"

ECDSA_SHA256 = f"{_MORE_2001}ecdsa-sha256"
RSA_SHA256 = f"{_MORE_2001}rsa-sha256"
PSS_SHA256 = f"{_MORE_2007}sha256-rsa-MGF1"

#: URI of a DigestMethod -> name in hashlib.
DIGESTS = {
    f"{DS}sha1": "sha1",
    f"{_XMLENC}sha256": "sha256",
    f"{_MORE_2001}sha384": "sha384",
    f"{_XMLENC}sha512": "sha512",
    f"{_MORE_2007}sha3-256": "sha3_256",
    f"{_MORE_2007}sha3-384": "sha3_384",
    f"{_MORE_2007}sha3-512": "sha3_512",
}
DIGEST_URIS = {name: uri for uri, name in DIGESTS.items()}

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - listed by KSeF; verified, never emitted
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}


@dataclass(frozen=True)
class Canonicalization:
    """How a tree becomes octets. Versions 1.0 and 1.1 differ only in what `xml:` attributes of
    ancestors do, which the verifier refuses, so one entry serves both."""

    exclusive: bool
    with_comments: bool

    def octets(self, node: etree._Element | etree._ElementTree, prefixes: list[str] | None = None) -> bytes:
        """Canonical bytes of the node and all below it.

        `prefixes`: InclusiveNamespaces of the exclusive kind. Raises `etree.C14NError` for relative
        namespace URIs.
        """
        return etree.tostring(
            node,
            method="c14n",
            exclusive=self.exclusive,
            with_comments=self.with_comments,
            inclusive_ns_prefixes=prefixes,
        )


CANONICALIZATIONS = {
    INCLUSIVE: Canonicalization(exclusive=False, with_comments=False),
    f"{INCLUSIVE}#WithComments": Canonicalization(exclusive=False, with_comments=True),
    INCLUSIVE_11: Canonicalization(exclusive=False, with_comments=False),
    f"{INCLUSIVE_11}#WithComments": Canonicalization(exclusive=False, with_comments=True),
    EXCLUSIVE: Canonicalization(exclusive=True, with_comments=False),
    f"{EXCLUSIVE}WithComments": Canonicalization(exclusive=True, with_comments=True),
}


@dataclass(frozen=True)
class SignatureMethod:
    """An entry of the table: kind of key and padding, and the hash (hashlib name)."""

    uri: str
    kind: Literal["rsa", "pss", "ecdsa"]
    digest: str


def _methods() -> dict[str, SignatureMethod]:
    rows: list[tuple[str, Literal["rsa", "pss", "ecdsa"], str]] = [(f"{DS}rsa-sha1", "rsa", "sha1")]
    rows += [(f"{_MORE_2001}rsa-{h}", "rsa", h) for h in ("sha256", "sha384", "sha512")]
    rows += [
        (f"{_MORE_2007}{h.replace('_', '-')}-rsa-MGF1", "pss", h)
        for h in ("sha1", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")
    ]
    rows += [(f"{_MORE_2001}ecdsa-{h}", "ecdsa", h) for h in ("sha1", "sha256", "sha384", "sha512")]
    rows += [
        (f"{_MORE_2021}ecdsa-{h.replace('_', '-')}", "ecdsa", h) for h in ("sha3_256", "sha3_384", "sha3_512")
    ]
    return {uri: SignatureMethod(uri, kind, digest) for uri, kind, digest in rows}


#: URI of a SignatureMethod -> what it means.
SIGNATURES = _methods()


def default_method(key: PrivateKey) -> SignatureMethod:
    """SHA-256 with ECDSA or PKCS#1 v1.5: what every KSeF environment took (xades.md section 4)."""
    return SIGNATURES[RSA_SHA256 if isinstance(key, rsa.RSAPrivateKey) else ECDSA_SHA256]


def sign_octets(method: SignatureMethod, key: PrivateKey, data: bytes) -> bytes:
    """SignatureValue: RSA as it comes, ECDSA as R and S side by side in fixed length."""
    algorithm = _HASHES[method.digest]
    if isinstance(key, rsa.RSAPrivateKey):
        if method.kind == "ecdsa":
            raise ValueError(f"{method.uri} does not go with an RSA key")
        return key.sign(data, _padding(method), algorithm)
    if method.kind != "ecdsa":
        raise ValueError(f"{method.uri} does not go with an elliptic-curve key")
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(algorithm)))
    size = _component_bytes(key.curve)
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def why_not_valid(method: SignatureMethod, key: object, data: bytes, value: bytes) -> tuple[str, str] | None:
    """None for a valid SignatureValue, otherwise what is wrong with it, in English and Polish."""
    algorithm = _HASHES[method.digest]
    try:
        if isinstance(key, rsa.RSAPublicKey) and method.kind != "ecdsa":
            key.verify(value, data, _padding(method), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and method.kind == "ecdsa":
            size = _component_bytes(key.curve)
            if len(value) != 2 * size:
                return _wrong_length(value, size)
            r, s = int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big")
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(algorithm))
        else:
            return (
                f"SignatureMethod {method.uri} does not fit the certificate's key",
                f"SignatureMethod {method.uri} nie pasuje do klucza certyfikatu",
            )
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return (
            "SignatureValue was not made over this SignedInfo with the certificate's key",
            "SignatureValue nie powstało z tego SignedInfo kluczem certyfikatu",
        )
    return None


def decode_base64(text: str | None) -> bytes | None:
    """Base64 as XML writes it, white space allowed; None if it is anything else."""
    packed = "".join((text or "").split())
    if len(packed) % 4:  # Python 3.11 lets a needless "=" at the end pass, even in strict mode
        return None
    try:
        return binascii.a2b_base64(packed.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


def _padding(method: SignatureMethod) -> padding.AsymmetricPadding:
    if method.kind == "rsa":
        return padding.PKCS1v15()
    algorithm = _HASHES[method.digest]
    # RFC 6931 section 2.3.10: MGF1 with the same hash, the salt as long as the hash.
    return padding.PSS(mgf=padding.MGF1(algorithm), salt_length=padding.PSS.DIGEST_LENGTH)


def _component_bytes(curve: ec.EllipticCurve) -> int:
    return (curve.key_size + 7) // 8


def _wrong_length(value: bytes, size: int) -> tuple[str, str]:
    try:
        decode_dss_signature(value)
    except ValueError:
        return (
            f"ECDSA value has {len(value)} bytes, this curve needs {2 * size} (R||S)",
            f"wartość ECDSA ma {len(value)} bajtów, ta krzywa wymaga {2 * size} (R||S)",
        )
    return (
        f"ECDSA value is DER (ASN.1), XMLDSig wants R||S of {2 * size} bytes",
        f"wartość ECDSA jest w DER (ASN.1), XMLDSig wymaga R||S o {2 * size} bajtach",
    )
