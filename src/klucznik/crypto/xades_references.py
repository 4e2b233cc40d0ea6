"""ds:Reference: what it points at, how that becomes octets, and which one covers the document.

Rules: xades.md sections 2 and 3. Anything outside the allow-lists is refused before it is computed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from klucznik.crypto.xades_algorithms import (
    BASE64,
    CANONICALIZATIONS,
    COUNTERSIGNED,
    DIGESTS,
    DS,
    ENVELOPED,
    EXCLUSIVE,
    FILTER2,
    INCLUSIVE,
    SIGNED_PROPERTIES,
    XADES,
    XPATH,
    Canonicalization,
    decode_base64,
)
from klucznik.crypto.xades_guard import (
    bad_content,
    negative,
    too_many_signatures,
    unsupported,
    wrong_format,
)

SIGNATURE = f"{{{DS}}}Signature"
OBJECT = f"{{{DS}}}Object"
_KEY_INFO = f"{{{DS}}}KeyInfo"
_PREFIXES = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
_XML_ATTRIBUTE = "{http://www.w3.org/XML/1998/namespace}"
_MAX_REFERENCES = 10
_MAX_TRANSFORMS = 5

# The two written-out ways of saying "without the signature"; the prefix must be that of XMLDSig.
_NOT_SIGNATURE = re.compile(r"\s*not\(\s*ancestor-or-self::([\w.-]+):Signature\s*\)\s*")
_SUBTRACTED = re.compile(
    r"\s*(?:/descendant(?:-or-self)?::|//|here\(\)/ancestor::)([\w.-]+):Signature(?:\[1\])?\s*"
)


@dataclass(frozen=True)
class Reference:
    """A ds:Reference whose algorithms are all on the lists."""

    number: int
    target: etree._Element
    type: str | None
    without_signature: bool
    base64: bool
    canonicalization: Canonicalization
    prefixes: list[str] | None
    digest: str
    value: bytes

    def octets(self) -> bytes:
        """Canonical octets of the target, for what stands inside the signature.

        The document's own Reference may leave the signature out or decode Base64; no other may.
        """
        if self.without_signature or self.base64:
            raise wrong_format(
                f"Reference #{self.number} takes a canonicalisation and no other transform",
                f"Reference nr {self.number} dopuszcza kanonikalizację i żadnej innej transformacji",
            )
        return octets_of(self.target, self.canonicalization, self.prefixes)

    def check(self, octets: bytes) -> None:
        """Raise unless the octets have the digest that was signed."""
        if hashlib.new(self.digest, octets).digest() != self.value:
            name = etree.QName(self.target).localname
            raise negative(
                f"the digest of Reference #{self.number} ({name}) differs:"
                " it was changed or re-serialised after signing",
                f"skrót z Reference nr {self.number} ({name}) jest inny:"
                " dokument zmieniono albo zapisano na nowo po podpisaniu",
            )


def read_canonicalization(element: etree._Element) -> tuple[Canonicalization, list[str] | None]:
    uri = element.get("Algorithm", "")
    method = CANONICALIZATIONS.get(uri)
    if method is None:
        raise wrong_format(
            f"canonicalisation {uri!r} is not allowed", f"kanonikalizacja {uri!r} nie jest dozwolona"
        )
    if not len(element):
        return method, None
    if not method.exclusive or len(element) > 1 or element[0].tag != _PREFIXES:
        raise bad_content(
            f"{element[0].tag} has no place in a canonicalisation",
            f"{element[0].tag} nie ma miejsca w kanonikalizacji",
        )
    return method, element[0].get("PrefixList", "").split()


def read_references(
    info: etree._Element, root: etree._Element, ids: Mapping[str, etree._Element]
) -> list[Reference]:
    elements = list(info)[2:]
    if len(elements) > _MAX_REFERENCES:
        raise bad_content(
            f"{len(elements)} References, at most {_MAX_REFERENCES} are read",
            f"elementów Reference jest {len(elements)}, czytanych jest najwyżej {_MAX_REFERENCES}",
        )
    return [_reference(number, element, root, ids) for number, element in enumerate(elements, 1)]


def _reference(
    number: int, element: etree._Element, root: etree._Element, ids: Mapping[str, etree._Element]
) -> Reference:
    if element.tag != f"{{{DS}}}Reference":
        raise bad_content(
            f"{element.tag} has no place in SignedInfo", f"{element.tag} nie ma miejsca w SignedInfo"
        )
    # (1) What it points at: this document or an Id in it. Nothing is ever fetched.
    uri = element.get("URI")
    if uri == "":
        target = root
    elif uri and uri.startswith("#") and (found := ids.get(uri[1:])) is not None:
        target = found
    else:
        raise wrong_format(
            f"Reference #{number} points at {uri!r}, which is not in the document; detached is refused",
            f"Reference nr {number} wskazuje {uri!r}, czego nie ma w dokumencie; podpis zewnętrzny "
            "(detached) jest odrzucany",
        )
    # (2) How it is made into octets.
    parts = list(element)
    transforms: list[etree._Element] = []
    if parts and parts[0].tag == f"{{{DS}}}Transforms":
        transforms = list(parts.pop(0))
    if len(transforms) > _MAX_TRANSFORMS:
        raise wrong_format(
            f"{len(transforms)} transforms, at most {_MAX_TRANSFORMS} are carried out",
            f"transformacji jest {len(transforms)}, wykonywanych jest najwyżej {_MAX_TRANSFORMS}",
        )
    without_signature = base64 = False
    canonicalization: Canonicalization | None = None
    prefixes: list[str] | None = None
    for transform in transforms:
        algorithm = transform.get("Algorithm", "")
        if transform.tag != f"{{{DS}}}Transform":
            raise bad_content(
                f"{transform.tag} has no place in ds:Transforms",
                f"{transform.tag} nie ma miejsca w ds:Transforms",
            )
        if canonicalization is not None or base64:
            raise wrong_format(
                f"transform {algorithm!r} comes after the content was made into octets",
                f"transformacja {algorithm!r} następuje po zamianie treści na bajty",
            )
        if algorithm in CANONICALIZATIONS:
            canonicalization, prefixes = read_canonicalization(transform)
        elif algorithm == BASE64:
            base64 = True
        elif _removes_signature(algorithm, transform):
            without_signature = True
        else:
            raise wrong_format(
                f"transform {algorithm!r} is not allowed, or not in this form",
                f"transformacja {algorithm!r} nie jest dozwolona albo nie w tej postaci",
            )
    # (3) What it must give.
    if [p.tag for p in parts] != [f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue"]:
        raise bad_content(
            f"Reference #{number} needs DigestMethod and DigestValue, in this order",
            f"Reference nr {number} wymaga DigestMethod i DigestValue, w tej kolejności",
        )
    digest = DIGESTS.get(parts[0].get("Algorithm", ""))
    if digest is None:
        named = parts[0].get("Algorithm")
        raise unsupported(
            f"DigestMethod {named!r} is not allowed", f"DigestMethod {named!r} nie jest dozwolone"
        )
    return Reference(
        number,
        target,
        element.get("Type"),
        without_signature,
        base64,
        canonicalization or CANONICALIZATIONS[INCLUSIVE],
        prefixes,
        digest,
        bytes_of(parts[1]),
    )


def _removes_signature(algorithm: str, transform: etree._Element) -> bool:
    """Is it one of the three ways to leave the signature out, in exactly the form KSeF allows?"""
    if algorithm == ENVELOPED:
        return not len(transform)
    if algorithm == XPATH:
        tag, pattern = f"{{{DS}}}XPath", _NOT_SIGNATURE
    elif algorithm == FILTER2:
        tag, pattern = f"{{{FILTER2}}}XPath", _SUBTRACTED
    else:
        return False
    if len(transform) != 1 or transform[0].tag != tag or len(transform[0]):
        return False
    if algorithm == FILTER2 and transform[0].get("Filter") != "subtract":
        return False
    match = pattern.fullmatch(transform[0].text or "")
    return match is not None and transform[0].nsmap.get(match[1]) == DS


def properties_reference(
    references: Sequence[Reference], signature: etree._Element, objects: Sequence[etree._Element]
) -> Reference:
    if any(r.type == COUNTERSIGNED for r in references):
        raise too_many_signatures(
            "the signature countersigns another one", "podpis jest kontrasygnatą innego"
        )
    found = [r for r in references if r.type == SIGNED_PROPERTIES]
    if len(found) != 1:
        raise wrong_format(
            f"{len(found)} References to SignedProperties, XAdES has exactly one",
            f"Reference do SignedProperties jest {len(found)}, w XAdES jest dokładnie jedno",
        )
    target = found[0].target
    qualifying = target.getparent()
    if (
        target.tag != f"{{{XADES}}}SignedProperties"
        or qualifying is None
        or qualifying.tag != f"{{{XADES}}}QualifyingProperties"
        or qualifying.getparent() not in objects
    ):
        raise wrong_format(
            "the Reference of Type SignedProperties points at something else",
            "Reference z Type SignedProperties wskazuje coś innego",
        )
    if len(list(signature.iter(f"{{{XADES}}}QualifyingProperties", f"{{{XADES}}}SignedProperties"))) != 2:
        raise wrong_format(
            "QualifyingProperties and SignedProperties must stand once",
            "QualifyingProperties i SignedProperties mogą wystąpić tylko raz",
        )
    own = signature.get("Id")
    if not own or qualifying.get("Target") != f"#{own}":
        raise wrong_format(
            "QualifyingProperties' Target is not the Id of this ds:Signature",
            "Target w QualifyingProperties nie jest Id tego ds:Signature",
        )
    return found[0]


def document_reference(
    references: Sequence[Reference],
    root: etree._Element,
    objects: Sequence[etree._Element],
    expect_root: Sequence[str],
) -> Reference:
    """The one Reference that covers the whole document. Rule: xades.md section 2, mandatory content."""
    documents = list(root.iter(*expect_root))
    if len(documents) > 1:
        raise bad_content(
            f"{len(documents)} request documents: which one was signed?",
            f"dokumentów żądania jest {len(documents)}: który podpisano?",
        )
    others = [r for r in references if r.type != SIGNED_PROPERTIES and r.target.tag != _KEY_INFO]
    enveloped = root.tag != SIGNATURE
    for reference in others:
        if enveloped:
            if reference.target is not root:
                raise wrong_format(
                    f"Reference #{reference.number} covers a part, not the whole document",
                    f"Reference nr {reference.number} obejmuje część, a nie cały dokument",
                )
            if reference.base64 or not reference.without_signature:
                raise wrong_format(
                    "an enveloped signature takes itself out and leaves the rest as XML",
                    "podpis otoczony (enveloped) wyłącza sam siebie, a resztę zostawia jako XML",
                )
        else:
            if reference.target not in objects and reference.target.getparent() not in objects:
                raise wrong_format(
                    f"Reference #{reference.number} covers neither an Object nor its content",
                    f"Reference nr {reference.number} nie obejmuje ani Object, ani jego treści",
                )
            if reference.without_signature:
                raise wrong_format(
                    "an enveloping signature cannot take itself out",
                    "podpis otaczający (enveloping) nie może wyłączyć sam siebie",
                )
    if enveloped:
        candidates = others
    else:
        candidates = [
            r for r in others if (r.base64 if not documents else documents[0] in (r.target, *r.target))
        ]
    if len(candidates) != 1:
        raise bad_content(
            f"{len(candidates)} References cover the document, there must be one",
            f"dokument obejmuje {len(candidates)} Reference, musi jedno",
        )
    return candidates[0]


def octets_of(
    element: etree._Element, canonicalization: Canonicalization, prefixes: list[str] | None
) -> bytes:
    """Canonical octets of an element below the root.

    Inclusive canonicalisation would inherit `xml:` attributes from above, each version in its own way.
    """
    if not canonicalization.exclusive:
        for ancestor in element.iterancestors():
            if any(str(name).startswith(_XML_ATTRIBUTE) for name in ancestor.attrib):
                raise wrong_format(
                    "xml: attributes above a part signed with inclusive canonicalisation",
                    "atrybuty xml: nad częścią podpisaną z kanonikalizacją włączającą (inclusive)",
                )
    return canonicalization.octets(element, prefixes)


def child_at(parent: etree._Element, index: int, name: str) -> etree._Element:
    if index >= len(parent) or parent[index].tag != f"{{{DS}}}{name}":
        within = etree.QName(parent).localname
        raise bad_content(
            f"{within} lacks ds:{name} at its place {index + 1}",
            f"w {within} na miejscu {index + 1} brak ds:{name}",
        )
    return parent[index]


def bytes_of(element: etree._Element) -> bytes:
    value = None if len(element) else decode_base64(element.text)
    if value is None:
        name = etree.QName(element).localname
        raise bad_content(f"{name} is not Base64", f"{name} nie jest w Base64")
    return value
