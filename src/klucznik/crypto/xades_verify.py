"""Verifying: is it one XAdES signature over the whole document, and what exactly was signed.

Rules: xades.md sections 2, 3, 4 and 10. The caller gets nothing but what was digested, read anew from
the very octets. Trust in the certificate (chain, revocation, validity) is not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from cryptography import x509
from lxml import etree

from klucznik.crypto import xades_guard, xades_keyinfo
from klucznik.crypto.xades_algorithms import (
    SIGNATURES,
    XADES,
    SignatureMethod,
    why_not_valid,
)
from klucznik.crypto.xades_guard import (
    bad_content,
    bad_document,
    negative,
    no_signature,
    too_many_signatures,
    unsupported,
    wrong_format,
)
from klucznik.crypto.xades_references import (
    OBJECT,
    SIGNATURE,
    Reference,
    bytes_of,
    child_at,
    document_reference,
    octets_of,
    properties_reference,
    read_canonicalization,
    read_references,
)

_WITH_ID = etree.XPath("//*[@Id or @ID or @id or @xml:id]")
_ID_NAMES = ("Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id")

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True)
class Verified:
    """What a valid signature vouches for.

    `document_bytes` are the octets that were digested (enveloping: the content of the ds:Object in
    canonical form), `document` the same, parsed. `chain` holds the further certificates as sent.
    """

    document: etree._Element
    document_bytes: bytes
    form: Literal["enveloped", "enveloping"]
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    algorithm: str
    signing_time: datetime | None


def verify(signed: bytes, *, expect_root: Sequence[str], max_bytes: int = xades_guard.MAX_BYTES) -> Verified:
    """Verify a XAdES signature; raises SignatureProblem and nothing else.

    `expect_root`: names in `{namespace}name` form, one of which the signed document's root must have.
    """
    root = xades_guard.read(signed, max_bytes)
    try:
        return _verify(root, expect_root, max_bytes)
    except (etree.C14NError, etree.XMLSyntaxError) as error:
        raise bad_document(
            f"the document has no canonical form: {error}", f"dokument nie ma postaci kanonicznej: {error}"
        ) from None


def _verify(root: etree._Element, expect_root: Sequence[str], max_bytes: int) -> Verified:
    # (1) One signature, in one of two places; every Id once.
    signature = _only_signature(root)
    enveloping = signature is root
    if not enveloping and signature.getparent() is not root:
        raise wrong_format(
            "ds:Signature must be the root or a direct child of the root",
            "ds:Signature musi być korzeniem albo bezpośrednio w korzeniu",
        )
    ids = _ids(root)
    info, value, key_info, objects = _parts(signature)

    # (2) Allow-lists, before anything is computed.
    canonicalization, prefixes = read_canonicalization(child_at(info, 0, "CanonicalizationMethod"))
    method = _method(child_at(info, 1, "SignatureMethod"))
    references = read_references(info, root, ids)

    # (3) The properties XAdES adds, and the document: each covered by exactly one Reference.
    properties = properties_reference(references, signature, objects).target
    whole = document_reference(references, root, objects, expect_root)

    # (4) Whose key: the first certificate, bound by its digest in the signed properties.
    keys = xades_keyinfo.read(key_info)
    bound = xades_keyinfo.check_signing_certificate(properties, keys)
    if not bound and not any(r.target is key_info for r in references):
        raise wrong_format(
            "neither SigningCertificate nor a Reference to KeyInfo covers the certificate",
            "certyfikatu nie obejmuje ani SigningCertificate, ani Reference do KeyInfo",
        )

    # (5) The value over SignedInfo, then each digest; the document last, since it is taken apart.
    octets = octets_of(info, canonicalization, prefixes)
    if why := why_not_valid(method, keys.public_key, octets, bytes_of(value)):
        raise negative(*why)
    for reference in references:
        if reference is not whole:
            reference.check(reference.octets())
    digested, document_bytes, document = _document(whole, signature, max_bytes)
    whole.check(digested)

    # (6) What was signed is what is read.
    if document.tag not in expect_root or len(list(document.iter(*expect_root))) != 1:
        wanted = " / ".join(expect_root)
        raise bad_document(
            f"the signed document is {document.tag}, expected one {wanted}",
            f"podpisany dokument to {document.tag}, oczekiwano {wanted}",
        )
    return Verified(
        document,
        document_bytes,
        "enveloping" if enveloping else "enveloped",
        keys.certificate,
        keys.chain,
        method.uri,
        _signing_time(properties),
    )


def _only_signature(root: etree._Element) -> etree._Element:
    found = list(root.iter(SIGNATURE))
    if not found:
        raise no_signature("there is no ds:Signature in the document", "w dokumencie nie ma ds:Signature")
    if len(found) > 1:
        raise too_many_signatures(
            f"{len(found)} signatures; co- and countersignatures are refused",
            f"podpisów jest {len(found)}; współpodpisy i kontrasygnaty są odrzucane",
        )
    if next(root.iter(f"{{{XADES}}}CounterSignature"), None) is not None:
        raise too_many_signatures(
            "xades:CounterSignature is refused", "xades:CounterSignature jest odrzucane"
        )
    return found[0]


def _ids(root: etree._Element) -> dict[str, etree._Element]:
    """Elements by their `Id`. An identifier under any of its spellings may stand only once."""
    seen: set[str] = set()
    by_id: dict[str, etree._Element] = {}
    for element in _elements(_WITH_ID(root)):
        values = {value for name in _ID_NAMES if (value := element.get(name)) is not None}
        if values & seen:
            twice = min(values & seen)
            raise bad_content(
                f"Id {twice!r} stands twice: which one was signed?",
                f"Id {twice!r} występuje dwa razy: które podpisano?",
            )
        seen |= values
        if (own := element.get("Id")) is not None:
            by_id[own] = element
    return by_id


def _parts(
    signature: etree._Element,
) -> tuple[etree._Element, etree._Element, etree._Element, list[etree._Element]]:
    """SignedInfo, SignatureValue, KeyInfo and the Objects, in the order XMLDSig gives them."""
    info = child_at(signature, 0, "SignedInfo")
    value = child_at(signature, 1, "SignatureValue")
    key_info = child_at(signature, 2, "KeyInfo")
    objects = list(signature)[3:]
    if strange := [o.tag for o in objects if o.tag != OBJECT]:
        raise bad_content(
            f"{strange[0]} has no place in ds:Signature after KeyInfo",
            f"{strange[0]} nie ma miejsca w ds:Signature po KeyInfo",
        )
    return info, value, key_info, objects


def _method(element: etree._Element) -> SignatureMethod:
    uri = element.get("Algorithm", "")
    method = SIGNATURES.get(uri)
    if method is None:
        raise unsupported(
            f"SignatureMethod {uri!r} is not allowed", f"SignatureMethod {uri!r} nie jest dozwolone"
        )
    if len(element):
        raise unsupported(
            f"SignatureMethod takes no parameters, found {element[0].tag}",
            f"SignatureMethod nie ma parametrów, a jest {element[0].tag}",
        )
    return method


def _document(
    reference: Reference, signature: etree._Element, max_bytes: int
) -> tuple[bytes, bytes, etree._Element]:
    """The octets that were digested, the document's own octets, and its root read from them."""
    if reference.base64:
        if len(reference.target):
            raise bad_content(
                "the base64 transform is for an Object with text alone",
                "transformacja base64 jest dla Object z samym tekstem",
            )
        digested = bytes_of(reference.target)
        inner = xades_guard.read(digested, max_bytes)
        if next(inner.iter(SIGNATURE), None) is not None:
            raise too_many_signatures(
                "the enclosed document is signed as well", "zawarty dokument też jest podpisany"
            )
        return digested, digested, inner
    if reference.without_signature:
        _take_out(signature)
        digested = reference.canonicalization.octets(reference.target.getroottree(), reference.prefixes)
        return digested, digested, xades_guard.reread(digested)
    digested = octets_of(reference.target, reference.canonicalization, reference.prefixes)
    enclosed = xades_guard.reread(digested)
    if enclosed.tag != OBJECT:
        return digested, digested, enclosed
    if len(enclosed) != 1 or (enclosed.text or "").strip() or (enclosed[0].tail or "").strip():
        raise bad_content(
            "the signed ds:Object must hold the document and nothing else",
            "podpisany ds:Object może zawierać tylko dokument",
        )
    document_bytes = reference.canonicalization.octets(enclosed[0], reference.prefixes)
    return digested, document_bytes, xades_guard.reread(document_bytes)


def _take_out(signature: etree._Element) -> None:
    """Remove the signature and keep the white space behind it: that was signed."""
    parent, before = signature.getparent(), signature.getprevious()
    assert parent is not None
    if before is None:
        parent.text = (parent.text or "") + (signature.tail or "")
    else:
        before.tail = (before.tail or "") + (signature.tail or "")
    parent.remove(signature)


def _signing_time(properties: etree._Element) -> datetime | None:
    """SigningTime in UTC; EPES allows to leave it out. Without an offset it is read as UTC."""
    text = properties.findtext(f"{{{XADES}}}SignedSignatureProperties/{{{XADES}}}SigningTime")
    if text is None:
        return None
    try:
        if _TIME.fullmatch(text.strip()) is None:
            raise ValueError
        time = datetime.fromisoformat(text.strip())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad_content(
            f"SigningTime {text[:40]!r} is not a date and time",
            f"SigningTime {text[:40]!r} nie jest datą z czasem",
        ) from None


def _elements(found: object) -> list[etree._Element]:
    """What an XPath for elements gives, for the type checker."""
    assert isinstance(found, list)
    return [e for e in found if isinstance(e, etree._Element)]
