"""Signing and verifying: round trips, the written-out canonical form, and other people's tools."""

from __future__ import annotations

import itertools
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESSigner, XAdESVerifier

from klucznik.crypto.authority import Authority, certified, person, seal
from klucznik.crypto.certs import Identity
from klucznik.crypto.xades import SignatureProblem, sign, verify
from klucznik.crypto.xades_algorithms import (
    DS,
    ECDSA_SHA256,
    EXCLUSIVE,
    FILTER2,
    PSS_SHA256,
    RSA_SHA256,
    SIGNATURES,
    XADES,
    XPATH,
)
from klucznik.errors import Unreadable

AUTH = "http://ksef.mf.gov.pl/auth/token/2.1"
ROOT = f"{{{AUTH}}}AuthTokenRequest"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DOCUMENT = f"""<?xml version="1.0" encoding="utf-8"?>
<AuthTokenRequest xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="{AUTH}">
  <Challenge>20260301-CR-2A2A2A2A2A-2A2A2A2A2A-AF</Challenge>
  <ContextIdentifier><Nip>5265877635</Nip></ContextIdentifier>
  <SubjectIdentifierType>certificateSubject</SubjectIdentifierType>
</AuthTokenRequest>
""".encode()
Form = Literal["enveloped", "enveloping"]
FORMS: tuple[Form, ...] = ("enveloped", "enveloping")


@pytest.fixture(scope="module")
def ania() -> Identity:
    return person("Ania", "Żak & <Syn>", nip="5265877635", now=NOW)


@pytest.fixture(scope="module")
def rsa_ania() -> Identity:
    return person("Ania", "Żak", nip="5265877635", now=NOW, key="rsa")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("uri", [u for u, m in SIGNATURES.items() if m.digest != "sha1"])
def test_every_method_goes_round(ania: Identity, rsa_ania: Identity, uri: str, form: Form) -> None:
    method = SIGNATURES[uri]
    signer = ania if method.kind == "ecdsa" else rsa_ania
    signed = sign(DOCUMENT, signer, signing_time=NOW, form=form, digest=method.digest, signature_method=uri)
    verified = verify(signed, expect_root=[ROOT])
    assert verified.algorithm == uri
    assert verified.form == form
    assert verified.certificate == signer.certificate
    assert verified.chain == ()
    assert verified.signing_time == NOW
    assert verified.document_bytes == etree.tostring(
        etree.fromstring(DOCUMENT), method="c14n", exclusive=True
    )
    assert etree.tostring(verified.document, method="c14n") == verified.document_bytes


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()])
def test_ecdsa_values_have_a_fixed_length(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    signer = certified([(x509.NameOID.COMMON_NAME, "x")], now=NOW, key=key)
    size = 2 * ((curve.key_size + 7) // 8)
    for _ in range(20):  # a short R or S comes once in 128
        signed = sign(DOCUMENT, signer, signing_time=NOW)
        assert len(b64decode(etree.fromstring(signed).findtext(f".//{{{DS}}}SignatureValue") or "")) == size
        verify(signed, expect_root=[ROOT])


def test_defaults_are_what_every_environment_takes(ania: Identity, rsa_ania: Identity) -> None:
    assert verify(sign(DOCUMENT, ania, signing_time=NOW), expect_root=[ROOT]).algorithm == ECDSA_SHA256
    assert verify(sign(DOCUMENT, rsa_ania, signing_time=NOW), expect_root=[ROOT]).algorithm == RSA_SHA256


@pytest.mark.parametrize("form", FORMS)
def test_written_parts_equal_their_canonical_form(ania: Identity, form: Form) -> None:
    signed = sign(DOCUMENT, ania, signing_time=NOW, form=form)
    root = etree.fromstring(signed)
    for name in (f"{{{DS}}}SignedInfo", f"{{{XADES}}}SignedProperties"):
        part = next(root.iter(name))
        assert etree.tostring(part, method="c14n", exclusive=True, with_comments=False) in signed


def test_enveloped_leaves_the_bytes_alone(ania: Identity) -> None:
    odd = DOCUMENT.replace(b"5265877635", b"<![CDATA[526]]>5877635").replace(b"\n", b"\r\n")
    signed = sign(odd, ania, signing_time=NOW)
    start, end = signed.index(b"<ds:Signature "), signed.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert signed[:start] + signed[end:] == odd
    assert etree.fromstring(signed)[-1].tag == f"{{{DS}}}Signature"
    verified = verify(signed, expect_root=[ROOT])
    assert verified.document.findtext(".//{*}Nip") == "5265877635"


@pytest.mark.parametrize("form", FORMS)
@given(
    text=st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=30
    ),
    prefix=st.sampled_from(["", "a:", "ds:", "xades:"]),
    attribute=st.sampled_from(["", ' Id="Mine"', ' b="1" a="2"', ' xml:lang="pl"', ' xmlns:z="u:z" z:q="1"']),
    tail=st.sampled_from(["", "\n", "\r\n\t "]),
)
@settings(max_examples=60, deadline=None)
def test_any_document_goes_round(
    ania: Identity, form: Form, text: str, prefix: str, attribute: str, tail: str
) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    namespace = f"xmlns:{prefix[:-1]}" if prefix else "xmlns"
    document = (
        f'<{prefix}AuthTokenRequest {namespace}="{AUTH}"{attribute}>{escaped}{tail}<{prefix}a/>{tail}'
        f"</{prefix}AuthTokenRequest>{tail}"
    ).encode()
    verified = verify(sign(document, ania, signing_time=NOW, form=form), expect_root=[ROOT])
    assert verified.document_bytes == etree.tostring(
        etree.fromstring(document), method="c14n", exclusive=True
    )


def test_the_time_is_written_in_utc(ania: Identity) -> None:
    warsaw = NOW.astimezone(timezone(timedelta(hours=2)))
    signed = sign(DOCUMENT, ania, signing_time=warsaw)
    assert b"<xades:SigningTime>2026-03-01T12:00:00Z<" in signed


def test_the_chain_travels_when_asked() -> None:
    authority = Authority.create("Some CA", NOW)
    below = seal("Firma", "5265877635", now=NOW, issuer=authority)
    verified = verify(sign(DOCUMENT, below, signing_time=NOW, with_chain=True), expect_root=[ROOT])
    assert verified.chain == (authority.certificate,)
    assert verify(sign(DOCUMENT, below, signing_time=NOW), expect_root=[ROOT]).chain == ()


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<a/>",
        b"<a><!-- --></a>",
        b"<a></a><?x?>",
        b"<!DOCTYPE a><a></a>",
        DOCUMENT.decode().encode("utf-16"),
        b'<a xmlns="relative"></a>',
        b'<a id="Signature"></a>',
        b'<a><b Id="Document"/></a>',
        f'<a><ds:Signature xmlns:ds="{DS}"/></a>'.encode(),
    ],
)
def test_what_could_not_be_verified_is_not_signed(ania: Identity, document: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        sign(document, ania, signing_time=NOW)
    assert refused.value.hint


def test_sha1_and_foreign_methods_are_not_written(ania: Identity, rsa_ania: Identity) -> None:
    with pytest.raises(ValueError, match="SHA-1"):
        sign(DOCUMENT, ania, signing_time=NOW, digest="sha1")
    with pytest.raises(ValueError, match="SHA-1"):
        sign(DOCUMENT, rsa_ania, signing_time=NOW, signature_method=f"{DS}rsa-sha1")
    with pytest.raises(ValueError, match="does not go with"):
        sign(DOCUMENT, ania, signing_time=NOW, signature_method=PSS_SHA256)
    with pytest.raises(ValueError, match="does not go with"):
        sign(DOCUMENT, rsa_ania, signing_time=NOW, signature_method=ECDSA_SHA256)


def test_another_root_is_not_expected(ania: Identity) -> None:
    with pytest.raises(SignatureProblem) as refused:
        verify(sign(DOCUMENT, ania, signing_time=NOW), expect_root=["{urn:x}Other"])
    assert refused.value.code == 9101


# ---- other people's tools ----


SHA2_METHODS = [u for u, m in SIGNATURES.items() if m.digest in ("sha256", "sha384", "sha512")]


def xmlsec_verifies(signed: bytes, signer: Identity) -> None:
    root = etree.fromstring(signed)
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    pem = signer.certificate.public_bytes(Encoding.PEM)
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    context.verify(next(root.iter(f"{{{DS}}}Signature")))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("uri", SHA2_METHODS)
def test_xmlsec_takes_ours(ania: Identity, rsa_ania: Identity, uri: str, form: Form) -> None:
    signer = ania if SIGNATURES[uri].kind == "ecdsa" else rsa_ania
    signed = sign(DOCUMENT, signer, signing_time=NOW, form=form, signature_method=uri)
    xmlsec_verifies(signed, signer)
    with pytest.raises(xmlsec.Error):
        xmlsec_verifies(signed.replace(b"5265877635", b"1111111111"), signer)


def test_signxml_takes_ours(ania: Identity, rsa_ania: Identity) -> None:
    for signer, form in itertools.product((ania, rsa_ania), FORMS):
        pem = signer.certificate.public_bytes(Encoding.PEM).decode()
        expected = XAdESSignatureConfiguration(expect_references=2, require_x509=True)
        results = XAdESVerifier().verify(
            sign(DOCUMENT, signer, signing_time=NOW, form=form), x509_cert=pem, expect_config=expected
        )
        assert results


@pytest.mark.parametrize("key", ["ec", "rsa"])
@pytest.mark.parametrize(
    "c14n", [CanonicalizationMethod.CANONICAL_XML_1_0, CanonicalizationMethod.CANONICAL_XML_1_1]
)
def test_we_take_what_signxml_signs(ania: Identity, rsa_ania: Identity, key: str, c14n: Any) -> None:
    signer = ania if key == "ec" else rsa_ania
    method = SignatureMethod.ECDSA_SHA256 if key == "ec" else SignatureMethod.RSA_SHA256
    tool = XAdESSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=method,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=c14n,
    )
    signed = tool.sign(data=etree.fromstring(DOCUMENT), key=signer.private_key, cert=[signer.certificate])
    verified = verify(etree.tostring(signed), expect_root=[ROOT])
    assert verified.certificate == signer.certificate
    assert verified.document.findtext(".//{*}Nip") == "5265877635"


def test_plain_xmldsig_of_signxml_is_no_xades(ania: Identity) -> None:
    tool = XMLSigner(signature_algorithm=SignatureMethod.ECDSA_SHA256)
    signed = tool.sign(etree.fromstring(DOCUMENT), key=ania.private_key, cert=[ania.certificate])
    with pytest.raises(SignatureProblem) as refused:
        verify(etree.tostring(signed), expect_root=[ROOT])
    assert refused.value.detail == "Format podpisu niezgodny z akceptowanymi profilami XAdES."


def subtract(path: str) -> str:
    return f'<f:XPath xmlns:f="{FILTER2}" Filter="subtract">{path}</f:XPath>'


PREFIXES = f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="xsi #default"/>'
XMLSEC_TRANSFORMS = {
    "enveloped": [(f"{DS}enveloped-signature", "")],
    "xpath": [(XPATH, "<ds:XPath>not(ancestor-or-self::ds:Signature)</ds:XPath>")],
    "filter2": [(FILTER2, subtract("/descendant::ds:Signature"))],
    "filter2-here": [(FILTER2, subtract("here()/ancestor::ds:Signature[1]"))],
    "exclusive-prefixes": [(f"{DS}enveloped-signature", ""), (EXCLUSIVE, PREFIXES)],
    "c14n11": [(f"{DS}enveloped-signature", ""), ("http://www.w3.org/2006/12/xml-c14n11", "")],
}


@pytest.mark.parametrize("c14n", [
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments",
])  # fmt: skip
@pytest.mark.parametrize("name", sorted(XMLSEC_TRANSFORMS))
def test_we_take_what_xmlsec_signs(ania: Identity, name: str, c14n: str) -> None:
    """xmlsec carries out the transforms itself: our shortcuts must mean the same."""
    template = sign(DOCUMENT, ania, signing_time=NOW).decode()
    transforms = "".join(
        f'<ds:Transform Algorithm="{uri}">{inside}</ds:Transform>' for uri, inside in XMLSEC_TRANSFORMS[name]
    )
    start = template.index("<ds:Transforms>") + len("<ds:Transforms>")
    template = template[:start] + transforms + template[template.index("</ds:Transforms>") :]
    template = template.replace(
        '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">',
        f'<ds:CanonicalizationMethod Algorithm="{c14n}">',
    )
    root = etree.fromstring(template.encode())
    for place in ("DigestValue", "SignatureValue"):
        for element in root.iter(f"{{{DS}}}{place}"):
            parent = element.getparent()
            if parent is not None and parent.tag != f"{{{XADES}}}CertDigest":
                element.text = ""
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext()
    pem = ania.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.sign(next(root.iter(f"{{{DS}}}Signature")))
    verified = verify(etree.tostring(root.getroottree()), expect_root=[ROOT])
    assert verified.document.findtext(".//{*}Nip") == "5265877635"


def test_a_receipt_goes_round(ania: Identity) -> None:
    """UPO: the same signature in a document of many parts."""
    namespace = "http://upo.schematy.mf.gov.pl/KSeF/v4-3"
    part = "<Dokument><NumerKSeFDokumentu>{}</NumerKSeFDokumentu></Dokument>"
    parts = "".join(map(part.format, range(20_000)))
    receipt = f'<Potwierdzenie xmlns="{namespace}">{parts}</Potwierdzenie>'.encode()
    assert len(receipt) > 1_000_000
    signed = sign(receipt, ania, signing_time=NOW)
    root = f"{{{namespace}}}Potwierdzenie"
    assert len(verify(signed, expect_root=[root], max_bytes=10_000_000).document) == 20_000
    with pytest.raises(SignatureProblem):
        verify(signed, expect_root=[root])
