"""Writes the signed files of this folder and `expected.json`: run it after changing a case.

    python tests/vectors/xades/make.py

A file's name says what is in it. `expected.json` gives for each the code KSeF refuses with (0: it is
accepted), its detail, and a part of our reason. Keys are new at every run; nothing depends on them.

The first half is a signer that does whatever it is told. It shares no code with the one under test but
the tables of names: it builds a tree, canonicalises every part with libxml2, and offers a hook before
and after the value is computed. The second half are the cases.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from klucznik.crypto.authority import Authority, certified, person
from klucznik.crypto.certs import Identity
from klucznik.crypto.xades_algorithms import (
    BASE64,
    CANONICALIZATIONS,
    COUNTERSIGNED,
    DIGESTS,
    DS,
    DS11,
    ENVELOPED,
    EXCLUSIVE,
    FILTER2,
    INCLUSIVE,
    SIGNATURES,
    SIGNED_PROPERTIES,
    XADES,
    XPATH,
    default_method,
    sign_octets,
)

# ---- the signer ----

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


# ---- the cases ----

NEGATIVE = "Podpis zweryfikowany negatywnie."
FORMAT = "Format podpisu niezgodny z akceptowanymi profilami XAdES."
ALGORITHM = "Podpis złożony z użyciem niewspieranego algorytmu kryptograficznego."
CONTENT = "Nieprawidłowa treść podpisu."

FOLDER = Path(__file__).parent
ANIA = person("Ania", "Nowak", nip=NIP, now=TIME)
RSA = person("Ania", "Nowak", nip=NIP, now=TIME, key="rsa")
OBCY = person("Obcy", "Obcy", nip=EVIL_NIP, now=TIME)
BASE = Forgery(ANIA)
ENVELOPING = Forgery(ANIA, enveloping=True)
EVIL = request(EVIL_NIP)
DTD_SPOTS = "file:///etc/hostname", "http://127.0.0.1:9/x.dtd"


@dataclass(frozen=True)
class Case:
    """A file: its name, its bytes, and what a verifier must say."""

    name: str
    data: bytes
    code: int = 0
    detail: str = ""
    why: str = ""


def like(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Identity:
    """Ania's subject with another key."""
    attributes = [(a.oid, str(a.value)) for a in ANIA.certificate.subject]
    return certified(attributes, now=TIME, key=key)


def swap(old: str, new: str, count: int = 1) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old.encode() in data, old
        return data.replace(old.encode(), new.encode(), count)

    return change


def cut(data: bytes, start: str, end: str) -> tuple[bytes, bytes, bytes]:
    """What is before, within and after the span from `start` to `end`, both included in the middle."""
    a = data.index(start.encode())
    b = data.index(end.encode(), a) + len(end)
    return data[:a], data[a:b], data[b:]


def accepted() -> Iterator[Case]:
    """Every algorithm, canonicalisation and form KSeF lists."""
    short = {uri: uri.rsplit("#", 1)[1] for uri in SIGNATURES}
    for uri, method in SIGNATURES.items():
        signer = ANIA if method.kind == "ecdsa" else RSA
        yield Case(f"ok-method-{short[uri]}", replace(BASE, identity=signer, method=uri).make())
    for curve in (ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP256R1()):
        signer = like(ec.generate_private_key(curve))
        yield Case(f"ok-curve-{curve.name}", replace(BASE, identity=signer).make())
    for uri, name in DIGESTS.items():
        refs = [replace(WHOLE, digest=uri), replace(PROPERTIES, digest=uri)]
        named = cert_element(ANIA.certificate, uri)
        yield Case(f"ok-digest-{name}", replace(BASE, references=refs, signing_certificate=named).make())
    for number, uri in enumerate(CANONICALIZATIONS):
        refs = [
            replace(WHOLE, transforms=[transform(ENVELOPED), transform(uri)]),
            replace(PROPERTIES, transforms=[transform(uri)]),
        ]
        yield Case(f"ok-c14n-{number}-enveloped", replace(BASE, references=refs, c14n=uri).make())
        refs = [replace(IN_OBJECT, transforms=[transform(uri)]), refs[1]]
        yield Case(f"ok-c14n-{number}-enveloping", replace(ENVELOPING, references=refs, c14n=uri).make())
    plain = [Ref("", [transform(ENVELOPED)]), Ref("#SignedProperties", (), SIGNED_PROPERTIES)]
    yield Case("ok-no-c14n-transform", replace(BASE, references=plain).make())
    for name, filtering in FILTERS.items():
        refs = [Ref("", [filtering, transform(EXCLUSIVE)]), PROPERTIES]
        yield Case(f"ok-{name}", replace(BASE, references=refs).make())
    yield Case("ok-enveloping", ENVELOPING.make())
    text = b64encode(('<?xml version="1.0" encoding="UTF-8"?>\n' + request()).encode()).decode()
    refs = [Ref("#Document", [transform(BASE64)]), PROPERTIES]
    yield Case("ok-enveloping-base64", replace(ENVELOPING, document=text, references=refs).make())
    own = request(attributes=' Id="Request"')
    refs = [replace(WHOLE, uri="#Request"), PROPERTIES]
    yield Case("ok-enveloped-by-id", replace(BASE, document=own, references=refs).make())
    refs = [replace(IN_OBJECT, uri="#Request"), PROPERTIES]
    yield Case("ok-enveloping-by-id", replace(ENVELOPING, document=own, references=refs).make())
    yield Case("ok-prefix", replace(BASE, document=request(prefix="auth")).make())
    yield Case("ok-bom", b"\xef\xbb\xbf" + BASE.make())
    yield Case("ok-declaration", b"<?xml version='1.0' encoding=\"utf-8\" standalone='yes'?>\n" + BASE.make())
    named = cert_element(ANIA.certificate, v2=True)
    yield Case("ok-signing-certificate-v2", replace(BASE, signing_certificate=named).make())
    refs = [WHOLE, PROPERTIES, Ref("#KeyInfo", [transform(EXCLUSIVE)])]
    yield Case("ok-signed-key-info", replace(BASE, signing_certificate="", references=refs).make())
    ca = Authority.create("Some CA", TIME)
    below = person("Ania", "Nowak", nip=NIP, now=TIME, issuer=ca)
    chain = x509_data(below.certificate, ca.certificate)
    yield Case("ok-chain", replace(BASE, identity=below, key_info=chain).make())
    numbers = RSA.certificate.public_key()
    assert isinstance(numbers, rsa.RSAPublicKey)
    yield Case(
        "ok-key-value-rsa",
        replace(BASE, identity=RSA, key_info=rsa_value(numbers) + x509_data(RSA.certificate)).make(),
    )
    yield Case("ok-key-value-ec", replace(BASE, key_info=ec_value(ANIA) + x509_data(ANIA.certificate)).make())
    stamp = (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties><xades:SignatureTimeStamp>"
        "<xades:EncapsulatedTimeStamp>MAA=</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    yield Case("ok-timestamp", replace(BASE, unsigned=stamp).make())
    yield Case("ok-xinclude-is-text", replace(BASE, document=request(attributes=XINCLUDE)).make())


XINCLUDE = (
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="urn:x http://127.0.0.1:9/x.xsd"'
)
FILTERS = {
    "xpath": transform(XPATH, "<ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath>"),
    "filter2-descendant": transform(
        FILTER2, f'<f:XPath xmlns:f="{FILTER2}" Filter="subtract">/descendant::ds:Signature</f:XPath>'
    ),
    "filter2-here": transform(
        FILTER2, f'<f:XPath xmlns:f="{FILTER2}" Filter="subtract">here()/ancestor::ds:Signature[1]</f:XPath>'
    ),
}


def rsa_value(key: rsa.RSAPublicKey) -> str:
    numbers = key.public_numbers()
    n = b64encode(numbers.n.to_bytes(key.key_size // 8, "big")).decode()
    return (
        f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{n}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
        "</ds:RSAKeyValue></ds:KeyValue>"
    )


def ec_value(identity: Identity) -> str:
    key = identity.private_key.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    point = b64encode(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)).decode()
    return (
        f'<ds:KeyValue><e:ECKeyValue xmlns:e="{DS11}"><e:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>'
        f"<e:PublicKey>{point}</e:PublicKey></e:ECKeyValue></ds:KeyValue>"
    )


def counts() -> Iterator[Case]:
    """How many signatures, and where."""
    good = BASE.make()
    before, signature, after = cut(good, "<ds:Signature ", "</ds:Signature>")
    yield Case("none", request().encode(), 9102)
    yield Case("none-other-namespace", good.replace(DS.encode(), b"urn:not-xmldsig"), 9102)
    twin = signature
    for name in ("Signature", "KeyInfo", "SignedProperties"):
        twin = twin.replace(f'Id="{name}"'.encode(), f'Id="{name}2"'.encode())
    yield Case("two-signatures", before + signature + twin + after, 9103)
    yield Case("two-signatures-same-ids", before + signature + signature + after, 9103)
    nested = f'<ds:Object xmlns:ds="{DS}">'.encode() + signature + b"</ds:Object>"
    yield Case("signature-in-signature", good.replace(b"</ds:Signature>", nested + b"</ds:Signature>"), 9103)
    counter = (
        "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>{}"
        "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
    )
    empty = counter.format("<xades:CounterSignature/>")
    yield Case("countersignature-empty", replace(BASE, unsigned=empty).make(), 9103)
    end = "</xades:QualifyingProperties>"
    full = counter.format(f"<xades:CounterSignature>{twin.decode()}</xades:CounterSignature>")
    yield Case("countersignature", swap(end, full + end)(good), 9103)
    refs = [WHOLE, PROPERTIES, Ref("#Signature", [transform(EXCLUSIVE)], COUNTERSIGNED, octets=b"")]
    yield Case("countersigned-type", replace(BASE, references=refs).make(), 9103)
    deeper = request().replace("</ContextIdentifier>", signature.decode() + "</ContextIdentifier>")
    yield Case("signature-deeper", deeper.encode(), 9105, FORMAT, "direct child")
    wrapped = f"<Envelope>{good.decode()}</Envelope>".encode()
    yield Case("wrapped-whole", wrapped, 9105, FORMAT, "direct child")
    beside = f"<Envelope>{signature.decode()}{request()}</Envelope>".encode()
    yield Case("detached-siblings", beside, 9105)


def wrapping() -> Iterator[Case]:
    """Signature wrapping: a valid signature, and another document to be read."""
    good, enclosed = BASE.make(), ENVELOPING.make()
    by_id = request(attributes=' Id="Request"')
    own = replace(BASE, document=by_id, references=[replace(WHOLE, uri="#Request"), PROPERTIES]).make()
    _, signature, _ = cut(own, "<ds:Signature ", "</ds:Signature>")

    def evil(inside: bytes, attributes: str = "") -> bytes:
        return request(EVIL_NIP, attributes).encode().replace(b"</AuthToken", inside + b"</AuthToken")

    hidden = signature.replace(
        b"</ds:Signature>", b"<ds:Object>" + by_id.encode() + b"</ds:Object></ds:Signature>"
    )
    yield Case("xsw1-original-in-object", evil(hidden), 9105)
    yield Case("xsw2-original-beside", evil(signature + by_id.encode()), 9105)
    yield Case("xsw3-same-id", evil(hidden, ' Id="Request"'), 9105, CONTENT, "stands twice")
    for attribute in ("ID", "id", "xml:id"):
        name = f"xsw4-same-{attribute.replace(':', '-')}"
        yield Case(name, evil(hidden, f' {attribute}="Request"'), 9105, CONTENT, "stands twice")
    yield Case("xsw5-evil-root-around", evil(own), 9105, FORMAT, "direct child")
    yield Case("xsw6-root-replaced", evil(cut(good, "<ds:Signature ", "</ds:Signature>")[1]), 9105, NEGATIVE)
    unsigned = f"<ds:Object>{EVIL}</ds:Object>"
    yield Case("xsw7-evil-object-first", replace(ENVELOPING, objects_first=unsigned).make(), 9105, CONTENT)
    yield Case("xsw8-evil-object-last", replace(ENVELOPING, objects=unsigned).make(), 9105, CONTENT)
    yield Case("xsw9-evil-root-around-enveloping", evil(enclosed), 9105)
    inside = f'<ds:Object Id="Document">{EVIL}'
    moved = enclosed.replace(b'<ds:Object Id="Document">', inside.encode())
    yield Case("xsw10-evil-first-in-object", moved, 9105)
    for spot in ("KeyInfo", "SignatureValue", "SignedInfo", "Reference"):
        tag = f"</ds:{spot}>".encode()
        yield Case(f"xsw11-evil-in-{spot}", good.replace(tag, EVIL.encode() + tag, 1), 9105)
    late = f"<xades:UnsignedProperties>{EVIL}</xades:UnsignedProperties>"
    yield Case("xsw12-evil-unsigned-property", replace(BASE, unsigned=late).make(), 9105, CONTENT)
    two = request() + EVIL
    yield Case("xsw13-evil-in-signed-object", replace(ENVELOPING, document=two).make(), 9105, CONTENT)
    other = f'<ds:Object Id="Other">{EVIL}</ds:Object>'
    refs = [replace(IN_OBJECT, uri="#Other"), PROPERTIES]
    yield Case("xsw14-other-object-signed", replace(ENVELOPING, references=refs, objects=other).make(), 9105)
    encoded = b64encode(EVIL.encode()).decode()
    twice = f'<ds:Object Id="Other">{encoded}</ds:Object>'
    refs = [IN_OBJECT, Ref("#Other", [transform(BASE64)]), PROPERTIES]
    yield Case("xsw15-second-in-base64", replace(ENVELOPING, references=refs, objects=twice).make(), 9105)
    text = b64encode(good).decode()
    refs = [Ref("#Document", [transform(BASE64)]), PROPERTIES]
    yield Case("base64-of-signed", replace(ENVELOPING, document=text, references=refs).make(), 9103)
    for name, bad in (("dtd", b"<!DOCTYPE a>"), ("comment", b"<!-- -->")):
        text = b64encode(bad + request().encode()).decode()
        yield Case(f"base64-{name}", replace(ENVELOPING, document=text, references=refs).make(), 9101)
    text = b64encode(request().encode("utf-16")).decode()
    yield Case("base64-utf-16", replace(ENVELOPING, document=text, references=refs).make(), 21217)
    yield Case("object-with-text", replace(ENVELOPING, document="x" + request()).make(), 9105, CONTENT)
    yield Case("other-root", replace(BASE, document='<Other xmlns="urn:o"><a/></Other>').make(), 9101)
    yield Case("other-namespace", replace(BASE, document=request().replace(AUTH, AUTH + "x")).make(), 9101)
    for part in ("SignedInfo", "SignatureValue", "KeyInfo"):
        a, whole, b = cut(good, f"<ds:{part}", f"</ds:{part}>")
        twin = whole.replace(b'Id="KeyInfo"', b"")
        yield Case(f"two-{part}", a + whole + twin + b, 9105, CONTENT)
        yield Case(f"no-{part}", a + b, 9105, CONTENT)


def coverage() -> Iterator[Case]:
    """What the References point at."""
    yield Case("only-properties", replace(BASE, references=[PROPERTIES]).make(), 9105, CONTENT, "cover")
    yield Case("plain-xmldsig", replace(BASE, references=[WHOLE]).make(), 9105, FORMAT, "SignedProperties")
    untyped = replace(PROPERTIES, type=None)
    yield Case("properties-untyped", replace(BASE, references=[WHOLE, untyped]).make(), 9105, FORMAT)
    twice = [WHOLE, PROPERTIES, PROPERTIES]
    yield Case("properties-twice", replace(BASE, references=twice).make(), 9105, FORMAT)
    yield Case("document-twice", replace(BASE, references=[WHOLE, WHOLE, PROPERTIES]).make(), 9105, CONTENT)
    part = [replace(WHOLE, uri="#Part"), PROPERTIES]
    document = request().replace("<ContextIdentifier>", '<ContextIdentifier Id="Part">')
    yield Case("part-of-document", replace(BASE, document=document, references=part).make(), 9105, FORMAT)
    wrong = [WHOLE, replace(PROPERTIES, uri="#KeyInfo")]
    yield Case("properties-point-at-key-info", replace(BASE, references=wrong).make(), 9105, FORMAT)
    yield Case("wrong-target", replace(BASE, target="#Other").make(), 9105, FORMAT, "Target")
    for name, uri in {
        "http": "http://127.0.0.1:9/doc.xml",
        "file": "file:///etc/hostname",
        "relative": "doc.xml",
        "missing-id": "#Nothing",
        "xpointer": "#xpointer(id('Signature'))",
        "absent": None,
        "hash": "#",
    }.items():
        refs = [Ref(uri, [transform(EXCLUSIVE)], octets=b""), PROPERTIES]
        yield Case(f"detached-{name}", replace(BASE, references=refs).make(), 9105, FORMAT, "detached")
    refs = [WHOLE, PROPERTIES, Ref("http://127.0.0.1:9/x", octets=b"")]
    yield Case("external-third-reference", replace(BASE, references=refs).make(), 9105, FORMAT)
    refs = [WHOLE, PROPERTIES] + [Ref("#KeyInfo", [transform(EXCLUSIVE)])] * 20
    yield Case("too-many-references", replace(BASE, references=refs).make(), 9105, CONTENT)
    for name, chain in {
        "xslt": [transform("http://www.w3.org/TR/1999/REC-xslt-19991116", "<x/>")],
        "xpointer-transform": [transform("http://www.w3.org/2001/04/xmldsig-more/xptr")],
        "unknown": [transform("urn:unknown")],
        "decrypt": [transform("http://www.w3.org/2002/07/decrypt#XML")],
        "none": [transform("")],
        "xpath-true": [transform(XPATH, "<ds:XPath>true()</ds:XPath>")],
        "xpath-attacker": [transform(XPATH, "<ds:XPath>not(ancestor-or-self::Nip)</ds:XPath>")],
        "xpath-more": [
            transform(XPATH, "<ds:XPath>not(ancestor-or-self::ds:Signature) and not(self::Nip)</ds:XPath>")
        ],
        "xpath-fake-prefix": [
            transform(XPATH, '<ds:XPath xmlns:x="urn:x">not(ancestor-or-self::x:Signature)</ds:XPath>')
        ],
        "xpath-empty": [transform(XPATH)],
        "filter2-intersect": [
            transform(FILTER2, f'<f:XPath xmlns:f="{FILTER2}" Filter="intersect">//ds:Signature</f:XPath>')
        ],
        "filter2-subtract-nip": [
            transform(FILTER2, f'<f:XPath xmlns:f="{FILTER2}" Filter="subtract">//*[1]</f:XPath>')
        ],
        "c14n-twice": [transform(ENVELOPED), transform(EXCLUSIVE), transform(INCLUSIVE)],
        "enveloped-after-c14n": [transform(EXCLUSIVE), transform(ENVELOPED)],
        "many": [transform(ENVELOPED)] * 50,
        "base64-of-root": [transform(ENVELOPED), transform(BASE64)],
        "signature-not-removed": [transform(EXCLUSIVE)],
    }.items():
        refs = [replace(WHOLE, transforms=chain, octets=b""), PROPERTIES]
        yield Case(f"transform-{name}", replace(BASE, references=refs).make(), 9105, FORMAT)
    refs = [IN_OBJECT, replace(PROPERTIES, transforms=[transform(BASE64)], octets=b"")]
    yield Case("transform-base64-of-properties", replace(ENVELOPING, references=refs).make(), 9105, FORMAT)
    refs = [replace(IN_OBJECT, transforms=[transform(ENVELOPED), transform(EXCLUSIVE)]), PROPERTIES]
    inside = replace(ENVELOPING, references=refs).make()
    yield Case("transform-enveloped-in-enveloping", inside, 9105, FORMAT)
    yield Case("c14n-unknown", replace(BASE, c14n="urn:x").make(), 9105, FORMAT)
    yield Case("c14n-2.0", replace(BASE, c14n="http://www.w3.org/2010/xml-c14n2").make(), 9105, FORMAT)
    yield Case("c14n-parameter", replace(BASE, c14n_inside="<x/>").make(), 9105, CONTENT)
    lang = request(attributes=' xml:lang="pl"')
    yield Case("inherited-xml-lang", replace(BASE, document=lang, c14n=INCLUSIVE).make(), 9105, FORMAT)


def values() -> Iterator[Case]:
    """Algorithms, keys and values."""
    good = BASE.make()

    def der(data: bytes) -> bytes:
        assert isinstance(ANIA.private_key, ec.EllipticCurvePrivateKey)
        return ANIA.private_key.sign(data, ec.ECDSA(hashes.SHA256()))

    def raw(data: bytes) -> bytes:
        return sign_octets(SIGNATURES[EC], ANIA.private_key, data)

    yield Case("changed-nip", good.replace(NIP.encode(), EVIL_NIP.encode()), 9105, NEGATIVE, "Reference #1")
    yield Case("changed-white-space", good.replace(b"\n  <Chal", b"\n <Chal"), 9105, NEGATIVE)
    yield Case("changed-time", swap("2026-03-01T12", "2026-03-02T12")(good), 9105, NEGATIVE, "Reference #2")
    yield Case("changed-signed-info", swap("<ds:SignedInfo>", "<ds:SignedInfo> ")(good), 9105, NEGATIVE)
    for name, uri in {
        "hmac-sha1": f"{DS}hmac-sha1",
        "hmac-sha256": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "dsa-sha1": f"{DS}dsa-sha1",
        "rsa-md5": "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "eddsa": "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
        "empty": "",
    }.items():
        yield Case(f"method-{name}", replace(BASE, method=uri).make(), 9105, ALGORITHM)
    inside = "<ds:HMACOutputLength>1</ds:HMACOutputLength>"
    yield Case("method-output-length", replace(BASE, method_inside=inside).make(), 9105, ALGORITHM)
    md5 = [replace(WHOLE, digest="http://www.w3.org/2001/04/xmldsig-more#md5"), PROPERTIES]
    yield Case("digest-md5", replace(BASE, references=md5).make(), 9105, ALGORITHM)
    as_rsa = replace(BASE, method=default_method(RSA.private_key).uri, value=raw)
    yield Case("method-of-other-key", as_rsa.make(), 9105, NEGATIVE, "does not fit")
    weak = like(rsa.generate_private_key(public_exponent=65537, key_size=1024))  # meant
    yield Case("key-rsa-1024", replace(BASE, identity=weak).make(), 9105, ALGORITHM, "1024 bits")
    for curve in (ec.SECP192R1(), ec.SECP224R1()):
        small = like(ec.generate_private_key(curve))
        yield Case(f"key-{curve.name}", replace(BASE, identity=small).make(), 9105, ALGORITHM, "curve of")
    yield Case("key-ed25519", ed25519_signed(), 9105, ALGORITHM)

    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for name, value, why in (
        ("der", der, "DER (ASN.1)"),
        ("r-zero", lambda d: bytes(32) + raw(d)[32:], ""),
        ("s-zero", lambda d: raw(d)[:32] + bytes(32), ""),
        ("all-zero", lambda d: bytes(64), ""),
        ("order", lambda d: order.to_bytes(32, "big") * 2, ""),
        ("short", lambda d: raw(d)[:-1], "63 bytes"),
        ("long", lambda d: raw(d) + b"\0", "65 bytes"),
        ("empty", lambda d: b"", "0 bytes"),
        ("swapped", lambda d: raw(d)[32:] + raw(d)[:32], ""),
        ("der-of-zero", lambda d: encode_dss_signature(0, 0), "DER (ASN.1)"),
        ("other-message", lambda d: raw(d + b" "), ""),
    ):
        yield Case(f"ecdsa-{name}", replace(BASE, value=value).make(), 9105, NEGATIVE, why)
    texts = {"garbage": "!!!!", "url-alphabet": "-_-_", "padding": "QUJD=", "not-ascii": "ą"}
    for name, text in texts.items():
        broken = cut(good, "<ds:SignatureValue>", "</ds:SignatureValue>")
        data = broken[0] + f"<ds:SignatureValue>{text}</ds:SignatureValue>".encode() + broken[2]
        yield Case(f"value-{name}", data, 9105, CONTENT, "not Base64")
    broken = cut(good, "<ds:DigestValue>", "</ds:DigestValue>")
    yield Case("digest-empty", broken[0] + b"<ds:DigestValue/>" + broken[2], 9105, NEGATIVE)
    yield Case("digest-missing", broken[0] + broken[2], 9105, CONTENT)


EC = default_method(ANIA.private_key).uri


def ed25519_signed() -> bytes:
    """A certificate for an Ed25519 key: XMLDSig knows the kind, KSeF does not."""
    ca = Authority.create("Some CA", TIME)
    key = ed25519.Ed25519PrivateKey.generate()
    certificate = ca.issue(
        ANIA.certificate.subject, key.public_key(), not_before=TIME, not_after=TIME.replace(year=2027)
    )
    return replace(
        BASE, key_info=x509_data(certificate), signing_certificate=cert_element(certificate)
    ).make()


def certificates() -> Iterator[Case]:
    """Whose certificate."""
    mine, theirs = ANIA.certificate, OBCY.certificate
    good = BASE.make()
    other = x509_data(theirs)
    yield Case("cert-substituted", swap(x509_data(mine), other)(good), 9105, NEGATIVE, "another certificate")
    same_key = certified([(a.oid, str(a.value)) for a in theirs.subject], now=TIME, key=ANIA.private_key)
    renewed = swap(x509_data(mine), x509_data(same_key.certificate))(good)
    yield Case("cert-substituted-same-key", renewed, 9105, NEGATIVE)
    both = replace(BASE, key_info=x509_data(theirs, mine))
    yield Case("cert-not-first", both.make(), 9105, CONTENT, "first in X509Data")
    named = cert_element(theirs)
    yield Case("cert-digest-of-other", replace(BASE, signing_certificate=named).make(), 9105, NEGATIVE)
    for v2 in (False, True):
        wrong = cert_element(mine, v2=v2) + cert_element(theirs, v2=not v2)
        name = f"cert-digest-two-kinds-{int(v2)}"
        yield Case(name, replace(BASE, signing_certificate=wrong).make(), 9105, NEGATIVE)
    unbound = replace(BASE, signing_certificate="").make()
    yield Case("cert-not-bound", unbound, 9105, FORMAT, "covers the certificate")
    empty = "<xades:SigningCertificate/>"
    yield Case("cert-digest-empty", replace(BASE, signing_certificate=empty).make(), 9105, FORMAT)
    md5 = cert_element(mine).replace(SHA256, "http://www.w3.org/2001/04/xmldsig-more#md5")
    yield Case("cert-digest-md5", replace(BASE, signing_certificate=md5).make(), 9105, ALGORITHM)
    bare = "<xades:SigningCertificate><xades:Cert/></xades:SigningCertificate>"
    yield Case("cert-without-digest", replace(BASE, signing_certificate=bare).make(), 9105, CONTENT)
    for name, inside in {
        "key-name-only": "<ds:KeyName>Ania</ds:KeyName>",
        "key-value-only": ec_value(ANIA),
        "retrieval-method": '<ds:RetrievalMethod URI="http://127.0.0.1:9/cert"/>',
        "x509-empty": "<ds:X509Data/>",
        "x509-garbage": "<ds:X509Data><ds:X509Certificate>QUJD</ds:X509Certificate></ds:X509Data>",
        "x509-not-base64": "<ds:X509Data><ds:X509Certificate>%</ds:X509Certificate></ds:X509Data>",
        "x509-thirty": x509_data(*[mine] * 30),
        "key-value-of-other": ec_value(OBCY) + x509_data(mine),
        "key-value-empty": "<ds:KeyValue/>" + x509_data(mine),
        "chain-garbage": x509_data(mine) + "<ds:X509Data><ds:X509Certificate/></ds:X509Data>",
    }.items():
        yield Case(f"key-info-{name}", replace(BASE, key_info=inside).make(), 9105, CONTENT)
    for name, time in {
        "words": "yesterday",
        "day": "2026-03-01",
        "month": "2026-13-01T00:00:00Z",
        "arabic": "٢026-03-01T12:00:00Z",
        "edge": "0001-01-01T00:00:00+14:00",
    }.items():
        yield Case(f"time-{name}", replace(BASE, signing_time=time).make(), 9105, CONTENT, "SigningTime")


def documents() -> Iterator[Case]:
    """What is refused before a signature is looked for."""
    good = BASE.make().decode()
    yield Case("not-xml", b"hello", 9101)
    yield Case("empty", b"", 9101)
    yield Case("json", b'{"challenge": "x"}', 9101)
    yield Case("truncated", good[:-20].encode(), 9101)
    yield Case("two-roots", (good + good).encode(), 9101)
    yield Case("undefined-entity", good.replace(NIP, "&nip;").encode(), 9101)
    yield Case("duplicate-attribute", good.replace('URI=""', 'URI="" URI=""', 1).encode(), 9101)
    unbound = good.replace("<Nip>", "<q:Nip>").replace("</Nip>", "</q:Nip>")
    yield Case("unbound-prefix", unbound.encode(), 9101)
    for name, subset in {
        "doctype": "",
        "entity": f'[<!ENTITY n "{EVIL_NIP}">]',
        "external-file": f'[<!ENTITY n SYSTEM "{DTD_SPOTS[0]}">]',
        "external-http": f'SYSTEM "{DTD_SPOTS[1]}"',
        "parameter-entity": f'[<!ENTITY % p SYSTEM "{DTD_SPOTS[1]}"> %p;]',
        "default-attribute": '[<!ATTLIST AuthTokenRequest Id CDATA "Request">]',
        "laughs": LAUGHS,
        "quadratic": f'[<!ENTITY n "{"x" * 5000}">]',
    }.items():
        body = good.replace(NIP, "&n;") if subset else good
        yield Case(f"dtd-{name}", f"<!DOCTYPE AuthTokenRequest {subset}>{body}".encode(), 9101, "", "DOCTYPE")
    split = request().replace(NIP, NIP[:6] + "<!-- -->" + NIP[6:])
    yield Case("comment-in-nip", replace(BASE, document=split).make(), 9101, "", "comments")
    commented = [Ref("", [transform(ENVELOPED), transform(f"{EXCLUSIVE}WithComments")]), PROPERTIES]
    yield Case("comment-signed", replace(BASE, document=split, references=commented).make(), 9101)
    pi = request().replace(NIP, NIP[:6] + "<?x y?>" + NIP[6:])
    yield Case("pi-in-nip", replace(BASE, document=pi).make(), 9101, "", "processing instructions")
    yield Case("comment-added-later", good.replace(NIP, NIP[:6] + "<!---->" + NIP[6:]).encode(), 9101)
    digest = "<ds:DigestValue>"
    yield Case("comment-in-digest", swap(digest, f"{digest}<!-- -->")(good.encode()), 9101)
    yield Case("comment-in-certificate", good.replace("ficate>MII", "ficate>MII<!-- -->").encode(), 9101)
    yield Case("comment-before", ("<!-- -->" + good).encode(), 9101)
    yield Case("comment-after", (good + "<!-- -->").encode(), 9101)
    yield Case("stylesheet-before", ('<?xml-stylesheet href="http://127.0.0.1:9/"?>' + good).encode(), 9101)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        yield Case(f"encoding-{encoding}", good.encode(encoding), 21217)
    polish = good.replace(NIP, "żółć")
    yield Case("encoding-latin-2", polish.encode("iso-8859-2"), 21217)
    for encoding in ("iso-8859-2", "UTF-7", "windows-1250", "us-ascii", "utf-16"):
        declared = f'<?xml version="1.0" encoding="{encoding}"?>' + good
        yield Case(f"declared-{encoding}", declared.encode(), 21217)
    yield Case("encoding-broken-utf-8", good.replace(NIP, "\udcff").encode("utf-8", "surrogateescape"), 21217)
    yield Case("encoding-overlong", good.encode().replace(NIP.encode(), b"\xc0\xb1"), 21217)
    for name, uri in {"ampersand": "u:&amp;amp;", "less-than": "u:&lt;Nip>", "quote": "u:'"}.items():
        odd = good.replace("<AuthTokenRequest ", f'<AuthTokenRequest xmlns:a="{uri}" a:b="" ', 1)
        yield Case(f"namespace-{name}", odd.encode(), 9101, "", "quote")
    # libxml2 has no canonical form for it: some verifiers then digest nothing at all.
    relative = good.replace("<AuthTokenRequest ", '<AuthTokenRequest xmlns:r="relative/uri" ', 1)
    yield Case("relative-namespace", relative.encode(), 9101, "", "canonical form")


LAUGHS = (
    '[<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">'
    '<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">'
    '<!ENTITY n "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]'
)


def main() -> None:
    for old in FOLDER.glob("*.xml"):
        old.unlink()
    expected = {}
    for group in (accepted, counts, wrapping, coverage, values, certificates, documents):
        for case in group():
            name = f"{case.name}.xml"
            assert name not in expected, name
            (FOLDER / name).write_bytes(case.data)
            expected[name] = {"code": case.code, "detail": case.detail, "why": case.why}
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (FOLDER / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
