"""A signer that does whatever it is told, to make the files of this folder.

It shares no code with the signer under test but the tables of names: it builds a tree, canonicalises
every part with libxml2, and offers a hook before and after the value is computed.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from klucznik.crypto.certs import Identity
from klucznik.crypto.xades_algorithms import (
    BASE64,
    CANONICALIZATIONS,
    DIGESTS,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE,
    SIGNATURES,
    SIGNED_PROPERTIES,
    XADES,
    default_method,
    sign_octets,
)

AUTH = "http://ksef.mf.gov.pl/auth/token/2.0"
ROOT = f"{{{AUTH}}}AuthTokenRequest"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
NIP, EVIL_NIP = "5265877635", "1111111111"
TIME = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def request(nip: str = NIP, attributes: str = "", prefix: str = "") -> str:
    """An AuthTokenRequest without XML declaration."""
    p, ns = (f"{prefix}:", f":{prefix}") if prefix else ("", "")
    return (
        f'<{p}AuthTokenRequest xmlns{ns}="{AUTH}"{attributes}>\n'
        f"  <{p}Challenge>20260301-CR-2A2A2A2A2A-2A2A2A2A2A-AF</{p}Challenge>\n"
        f"  <{p}ContextIdentifier><{p}Nip>{nip}</{p}Nip></{p}ContextIdentifier>\n"
        f"  <{p}SubjectIdentifierType>certificateSubject</{p}SubjectIdentifierType>\n"
        f"</{p}AuthTokenRequest>"
    )


def transform(uri: str, inside: str = "") -> str:
    return f'<ds:Transform Algorithm="{uri}">{inside}</ds:Transform>'


def cert_element(certificate: x509.Certificate, digest: str = SHA256, *, v2: bool = False) -> str:
    """SigningCertificate or SigningCertificateV2 naming this certificate."""
    value = b64encode(hashlib.new(DIGESTS[digest], certificate.public_bytes(Encoding.DER)).digest()).decode()
    issuer = "" if v2 else (
        "<xades:IssuerSerial><ds:X509IssuerName>CN=whoever</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></xades:IssuerSerial>"
    )  # fmt: skip
    name = "SigningCertificateV2" if v2 else "SigningCertificate"
    return (
        f'<xades:{name}><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm="{digest}"/>'
        f"<ds:DigestValue>{value}</ds:DigestValue></xades:CertDigest>{issuer}</xades:Cert></xades:{name}>"
    )


def x509_data(*certificates: x509.Certificate) -> str:
    inside = "".join(
        f"<ds:X509Certificate>{b64encode(c.public_bytes(Encoding.DER)).decode()}</ds:X509Certificate>"
        for c in certificates
    )
    return f"<ds:X509Data>{inside}</ds:X509Data>"


@dataclass(frozen=True)
class Ref:
    """A ds:Reference to write; `uri=None` leaves the attribute out."""

    uri: str | None
    transforms: Sequence[str] = ()
    type: str | None = None
    digest: str = SHA256
    octets: bytes | None = None

    def text(self) -> str:
        attributes = "" if self.uri is None else f' URI="{self.uri}"'
        attributes += f' Type="{self.type}"' if self.type else ""
        chain = f"<ds:Transforms>{''.join(self.transforms)}</ds:Transforms>" if self.transforms else ""
        return (
            f'<ds:Reference{attributes}>{chain}<ds:DigestMethod Algorithm="{self.digest}"/>'
            "<ds:DigestValue></ds:DigestValue></ds:Reference>"
        )


WHOLE = Ref("", [transform(ENVELOPED), transform(EXCLUSIVE)])
IN_OBJECT = Ref("#Document", [transform(EXCLUSIVE)])
PROPERTIES = Ref("#SignedProperties", [transform(EXCLUSIVE)], SIGNED_PROPERTIES)


@dataclass(frozen=True)
class Forgery:
    """All that can be turned. `before` sees the tree ahead of the digests, `after` the signed bytes."""

    identity: Identity
    document: str = field(default_factory=request)
    enveloping: bool = False
    references: Sequence[Ref] | None = None
    c14n: str = EXCLUSIVE
    c14n_inside: str = ""
    method: str | None = None
    method_inside: str = ""
    key_info: str | None = None
    signing_certificate: str | None = None
    signing_time: str = "2026-03-01T12:00:00Z"
    target: str = "#Signature"
    unsigned: str = ""
    objects: str = ""
    objects_first: str = ""
    signature_attributes: str = ""
    value: Callable[[bytes], bytes] | None = None
    before: Callable[[etree._Element], None] | None = None
    after: Callable[[bytes], bytes] | None = None

    def make(self) -> bytes:
        certificate = self.identity.certificate
        named = self.signing_certificate
        named = cert_element(certificate) if named is None else named
        references = self.references or [IN_OBJECT if self.enveloping else WHOLE, PROPERTIES]
        method = default_method(self.identity.private_key).uri if self.method is None else self.method
        enclosed = f'<ds:Object Id="Document">{self.document}</ds:Object>' if self.enveloping else ""
        signature = (
            f'<ds:Signature xmlns:ds="{DS}" Id="Signature"{self.signature_attributes}><ds:SignedInfo>'
            f'<ds:CanonicalizationMethod Algorithm="{self.c14n}">{self.c14n_inside}'
            "</ds:CanonicalizationMethod>"
            f'<ds:SignatureMethod Algorithm="{method}">{self.method_inside}</ds:SignatureMethod>'
            f"{''.join(r.text() for r in references)}</ds:SignedInfo><ds:SignatureValue></ds:SignatureValue>"
            f'<ds:KeyInfo Id="KeyInfo">{self.key_info or x509_data(certificate)}</ds:KeyInfo>'
            f'{self.objects_first}{enclosed}<ds:Object><xades:QualifyingProperties xmlns:xades="{XADES}" '
            f'Target="{self.target}"><xades:SignedProperties Id="SignedProperties">'
            "<xades:SignedSignatureProperties>"
            f"<xades:SigningTime>{self.signing_time}</xades:SigningTime>{named}"
            f"</xades:SignedSignatureProperties></xades:SignedProperties>{self.unsigned}"
            f"</xades:QualifyingProperties></ds:Object>{self.objects}</ds:Signature>"
        )
        text = signature
        if not self.enveloping:
            end = self.document.rindex("</")
            text = self.document[:end] + signature + self.document[end:]
        root = etree.fromstring(text.encode())
        if self.before:
            self.before(root)
        self._fill(root, references, method)
        signed = etree.tostring(root.getroottree(), encoding="utf-8")
        return self.after(signed) if self.after else signed

    def _fill(self, root: etree._Element, references: Sequence[Ref], method: str) -> None:
        """Digests, then the value over SignedInfo."""
        signature = next(root.iter(f"{{{DS}}}Signature"))
        info = signature[0]
        for reference, element in zip(references, info.findall(f"{{{DS}}}Reference"), strict=False):
            name = DIGESTS.get(reference.digest, "md5")
            octets = reference.octets if reference.octets is not None else self._octets(root, reference)
            element[-1].text = b64encode(hashlib.new(name, octets).digest()).decode()
        signed = CANONICALIZATIONS.get(self.c14n, CANONICALIZATIONS[EXCLUSIVE]).octets(info)
        if self.value:
            value = self.value(signed)
        else:
            known = SIGNATURES.get(method, default_method(self.identity.private_key))
            value = sign_octets(known, self.identity.private_key, signed)
        signature[1].text = b64encode(value).decode()

    def _octets(self, root: etree._Element, reference: Ref) -> bytes:
        """What the Reference digests; empty for what nobody could digest."""
        text = "".join(reference.transforms)
        if reference.uri is None or not (reference.uri == "" or reference.uri.startswith("#")):
            return b""
        found = root if not reference.uri else root.find(f".//*[@Id='{reference.uri[1:]}']")
        target = root if found is None else found
        if BASE64 in text:
            return b64decode(target.text or "")
        uri = next((u for u in CANONICALIZATIONS if f'"{u}"' in text), INCLUSIVE)
        if target is not root:
            return CANONICALIZATIONS[uri].octets(target)
        copy = etree.fromstring(etree.tostring(root.getroottree()))
        for signature in list(copy.iter(f"{{{DS}}}Signature")):
            parent = signature.getparent()
            if parent is not None:
                tail, before = signature.tail or "", signature.getprevious()
                if before is None:
                    parent.text = (parent.text or "") + tail
                else:
                    before.tail = (before.tail or "") + tail
                parent.remove(signature)
        return CANONICALIZATIONS[uri].octets(copy.getroottree())

