"""Signing: XAdES as both official clients make it, written out rather than built and canonicalised.

SignedInfo and SignedProperties are written in the very form exclusive canonicalisation gives them, so
only the document itself goes through it; a test compares them with libxml2. Rules: xades.md section 9.
"""

from __future__ import annotations

import re
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import new as new_hash
from typing import Literal
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from klucznik.crypto import xades_guard
from klucznik.crypto.certs import Identity
from klucznik.crypto.xades_algorithms import (
    CANONICALIZATIONS,
    DIGEST_URIS,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    SIGNATURES,
    SIGNED_PROPERTIES,
    XADES,
    default_method,
    sign_octets,
)
from klucznik.errors import Unreadable
from klucznik.lang import tr

_EXCLUSIVE = CANONICALIZATIONS[EXCLUSIVE]
_SIGNATURE = etree.QName(DS, "Signature").text
_IDS = ("Signature", "SignedProperties", "Reference-Document", "Document")
_TAKEN = etree.XPath(
    "boolean((//@Id | //@ID | //@id | //@xml:id)[{}])".format(" or ".join(f". = '{i}'" for i in _IDS))
)
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml\s[^>]*\?>)?\s*")

# Exclusive canonical form: each namespace declared where it is first used, attributes in order of
# name, no empty-element tags, no white space between elements.
_REFERENCE = (
    "<ds:Reference {attributes}><ds:Transforms>{transforms}</ds:Transforms>"
    '<ds:DigestMethod Algorithm="{digest}"></ds:DigestMethod>'
    "<ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"
)
_CERTIFICATE = "<ds:X509Certificate>{}</ds:X509Certificate>"
_TRANSFORM = '<ds:Transform Algorithm="{}"></ds:Transform>'
_SIGNED_INFO = (
    f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}">'
    '</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{method}"></ds:SignatureMethod>'
    "{references}</ds:SignedInfo>"
)
_PROPERTIES = (
    f'<xades:SignedProperties xmlns:xades="{XADES}" Id="SignedProperties"><xades:SignedSignatureProperties>'
    "<xades:SigningTime>{time}</xades:SigningTime><xades:SigningCertificate><xades:Cert><xades:CertDigest>"
    f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{{digest}}"></ds:DigestMethod>'
    f'<ds:DigestValue xmlns:ds="{DS}">{{value}}</ds:DigestValue></xades:CertDigest><xades:IssuerSerial>'
    f'<ds:X509IssuerName xmlns:ds="{DS}">{{issuer}}</ds:X509IssuerName>'
    f'<ds:X509SerialNumber xmlns:ds="{DS}">{{serial}}</ds:X509SerialNumber></xades:IssuerSerial></xades:Cert>'
    "</xades:SigningCertificate></xades:SignedSignatureProperties><xades:SignedDataObjectProperties>"
    '<xades:DataObjectFormat ObjectReference="#Reference-Document"><xades:MimeType>text/xml</xades:MimeType>'
    "</xades:DataObjectFormat></xades:SignedDataObjectProperties></xades:SignedProperties>"
)
_SIGNATURE_TEXT = (
    f'<ds:Signature xmlns:ds="{DS}" Id="Signature">{{signed_info}}'
    "<ds:SignatureValue>{value}</ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo>{enclosed}<ds:Object>"
    f'<xades:QualifyingProperties xmlns:xades="{XADES}" Target="#Signature">{{properties}}'
    "</xades:QualifyingProperties></ds:Object></ds:Signature>"
)
_OBJECT_OPEN, _OBJECT_CLOSE = f'<ds:Object xmlns:ds="{DS}" Id="Document">'.encode(), b"</ds:Object>"


def sign(
    document: bytes,
    identity: Identity,
    *,
    signing_time: datetime,
    form: Literal["enveloped", "enveloping"] = "enveloped",
    digest: str = "sha256",
    signature_method: str | None = None,
    with_chain: bool = False,
) -> bytes:
    """The document with a XAdES signature: exclusive canonicalisation, signing certificate covered.

    Enveloped leaves the document's own bytes as they are and puts the signature last in its root.
    `signature_method` is a URI of the table (default: SHA-256 with the key's usual padding). The
    reference clients give a `signing_time` one minute back, against clocks that differ.
    Raises Unreadable for a document that cannot be signed, ValueError for SHA-1 or a wrong method.
    """
    method = SIGNATURES[signature_method] if signature_method else default_method(identity.private_key)
    if "sha1" in (digest, method.digest):
        raise ValueError("SHA-1 is read, never written: production KSeF refuses it")
    root = _unsigned(document)

    # (1) The document: its canonical form is what the Reference vouches for.
    digest_uri = DIGEST_URIS[digest]
    enclosed = b""
    if form == "enveloped":
        octets = _canonical(root.getroottree())
        uri, transforms = "", [ENVELOPED, EXCLUSIVE]
    else:
        enclosed = _OBJECT_OPEN + document[_prolog_length(document) :] + _OBJECT_CLOSE
        octets = _canonical(xades_guard.reread(enclosed))
        uri, transforms = "#Document", [EXCLUSIVE]
    references = _REFERENCE.format(
        attributes=f'Id="Reference-Document" URI="{uri}"',
        transforms="".join(map(_TRANSFORM.format, transforms)),
        digest=digest_uri,
        value=_hashed(digest, octets),
    )

    # (2) When, and with which certificate.
    properties = _PROPERTIES.format(
        time=f"{signing_time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        digest=digest_uri,
        value=_hashed(digest, identity.der),
        issuer=escape(identity.issuer, {"\r": "&#xD;"}),
        serial=identity.certificate.serial_number,
    )
    references += _REFERENCE.format(
        attributes=f'Type="{SIGNED_PROPERTIES}" URI="#SignedProperties"',
        transforms=_TRANSFORM.format(EXCLUSIVE),
        digest=digest_uri,
        value=_hashed(digest, properties.encode()),
    )

    # (3) The signature over both.
    signed_info = _SIGNED_INFO.format(method=method.uri, references=references)
    above = [b64encode(c.public_bytes(Encoding.DER)).decode() for c in identity.chain] if with_chain else []
    signature = _SIGNATURE_TEXT.format(
        signed_info=signed_info,
        value=b64encode(sign_octets(method, identity.private_key, signed_info.encode())).decode(),
        certificates="".join(map(_CERTIFICATE.format, (identity.der_base64, *above))),
        enclosed=enclosed.decode(),
        properties=properties,
    ).encode()
    if form == "enveloping":
        return signature
    end = document.rfind(b"</")  # the root's end tag: there are no comments and no DTD
    return document[:end] + signature + document[end:]


def _unsigned(document: bytes) -> etree._Element:
    """The document's root; raises Unreadable for what could not be verified afterwards."""
    try:
        root = xades_guard.read(document, max_bytes=len(document))
    except xades_guard.SignatureProblem as problem:
        raise _cannot(problem.why) from None
    if root.find(f".//{_SIGNATURE}") is not None:
        raise _cannot(tr("it is signed already", "jest już podpisany"))
    if b"</" not in document:
        raise _cannot(tr("its root element is empty", "jego element główny jest pusty"))
    if _TAKEN(root):
        raise _cannot(tr("it uses an Id of the signature", "używa identyfikatora (Id) podpisu"))
    return root


def _canonical(node: etree._Element | etree._ElementTree) -> bytes:
    try:
        return _EXCLUSIVE.octets(node)
    except etree.C14NError as error:  # a relative namespace
        raise _cannot(str(error)) from None


def _cannot(hint: str) -> Unreadable:
    return Unreadable(tr("The document cannot be signed.", "Dokumentu nie da się podpisać."), hint=hint)


def _hashed(digest: str, octets: bytes) -> str:
    return b64encode(new_hash(digest, octets).digest()).decode()


def _prolog_length(document: bytes) -> int:
    """Bytes before the root: BOM, XML declaration, white space."""
    prolog = _PROLOG.match(document)
    return prolog.end() if prolog else 0
