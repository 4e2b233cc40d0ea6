"""AuthTokenRequest: the document a person signs to log in, versions 2.0 and 2.1.

Checked by our own rules, not by the official XSDs: neither has a place for the signature, the 2.0
file does not compile outside .NET, and the anchors `^ $` of both are literal characters elsewhere.
Rule: xades.md section 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, cast
from xml.sax.saxutils import escape

from lxml import etree

from klucznik.documents import xml
from klucznik.documents.sentences import bad_value, not_declared, text_only
from klucznik.documents.values import collapse
from klucznik.documents.walk import Children, Model, models
from klucznik.errors import KlucznikError
from klucznik.wire import ids

Version = Literal["2.0", "2.1"]
ContextType = Literal["Nip", "InternalId", "NipVatUe", "PeppolId"]
SubjectType = Literal["certificateSubject", "certificateFingerprint"]

_BASE: Final = "http://ksef.mf.gov.pl/auth/token/"
_SIGNATURE: Final = frozenset({"{http://www.w3.org/2000/09/xmldsig#}Signature"})

_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_HINTS: Final = frozenset({f"{_XSI}schemaLocation", f"{_XSI}noNamespaceSchemaLocation"})

#: A request is a few hundred bytes; a signature with its certificates some kilobytes.
LIMIT: Final = 1_000_000

_CHALLENGE = re.compile(r"[0-9]{8}-CR-[A-F0-9]{10}-[A-F0-9]{10}-[A-F0-9]{2}")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])"
_IP4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
_ADDRESS, _RANGE = re.compile(_IP4), re.compile(f"{_IP4}-{_IP4}")
_MASK = re.compile(f"{_IP4}/(?:0|[1-9]|[12][0-9]|3[0-2])")

#: Context element -> pattern and datatype. Untrimmed: these four are xsd:string, a blank is a fault.
_CONTEXTS: Final = {
    "Nip": (re.compile(ids.NIP_PATTERN, re.ASCII), "TNIP"),
    "InternalId": (re.compile(ids.INTERNAL_ID_PATTERN, re.ASCII), "TIID"),
    "NipVatUe": (re.compile(ids.NIP_VAT_UE_PATTERN, re.ASCII), "TNipVatUE"),
    "PeppolId": (re.compile(ids.PEPPOL_ID_PATTERN, re.ASCII), "TPeppolId"),
}
_SUBJECTS: Final = ("certificateSubject", "certificateFingerprint")

_MODELS: Final = {
    "AuthTokenRequest": "Challenge ContextIdentifier SubjectIdentifierType AuthorizationPolicy?",
    "ContextIdentifier": "Nip|InternalId|NipVatUe|PeppolId",
    "AuthorizationPolicy": "AllowedIps",
    "AllowedIps": "Ip4Address{10} Ip4Range{10} Ip4Mask{10}",
}
_VERSIONS: Final[dict[str, tuple[Version, dict[str, Model]]]] = {
    f"{_BASE}{version}": (
        version,
        models(f"{_BASE}{version}", _MODELS),
    )
    for version in cast("tuple[Version, ...]", ("2.0", "2.1"))
}


class SchemaFault(KlucznikError):
    """The request does not fit its schema; `text` is the sentence for the detail of 21401."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class AuthTokenRequest:
    """What is asked for: to act in this context, the signer being known by subject or fingerprint.

    The addresses (at most ten of each) limit where the session may be used from; `ip4_ranges` are
    `a.b.c.d-e.f.g.h`, `ip4_masks` `a.b.c.d/0..32`.
    """

    challenge: str
    context_type: ContextType
    context_value: str
    subject_type: SubjectType = "certificateSubject"
    ip4_addresses: tuple[str, ...] = ()
    ip4_ranges: tuple[str, ...] = ()
    ip4_masks: tuple[str, ...] = ()
    version: Version = "2.1"

    def to_xml(self) -> bytes:
        """The document to sign: UTF-8, one line, no declaration. Raises `SchemaFault` for bad values."""
        allowed = "".join(
            f"<{name}>{escape(value)}</{name}>"
            for name, values in (
                ("Ip4Address", self.ip4_addresses),
                ("Ip4Range", self.ip4_ranges),
                ("Ip4Mask", self.ip4_masks),
            )
            for value in values
        )
        policy = ""
        if allowed:
            policy = f"<AuthorizationPolicy><AllowedIps>{allowed}</AllowedIps></AuthorizationPolicy>"
        text = (
            f'<AuthTokenRequest xmlns="{_BASE}{self.version}"><Challenge>{escape(self.challenge)}</Challenge>'
            f"<ContextIdentifier><{self.context_type}>{escape(self.context_value)}</{self.context_type}>"
            f"</ContextIdentifier><SubjectIdentifierType>{self.subject_type}</SubjectIdentifierType>"
            f"{policy}</AuthTokenRequest>"
        ).encode()
        read(text)  # what we build we would also take
        return text


def read(document: bytes | etree._Element) -> AuthTokenRequest:
    """The request in a document, or in the element a signature was verified over.

    A `ds:Signature` directly inside the root (enveloped form) is passed over; whether it holds is not
    asked here. Raises `SchemaFault`, for bytes also `XmlProblem`.
    """
    root = xml.parse(document, limit=LIMIT, allow_bom=True) if isinstance(document, bytes) else document
    name = etree.QName(root)
    if name.localname != "AuthTokenRequest" or name.namespace not in _VERSIONS:
        raise SchemaFault(not_declared(root))
    version, models = _VERSIONS[name.namespace]
    reading = _Reading(name.namespace, models)
    top = reading.walk(root, skip=_SIGNATURE)
    # (1) Challenge: a token, blanks around it collapse.
    challenge = reading.value(top["Challenge"], _CHALLENGE, "String", token=True)
    # (2) Exactly one context.
    ((context_type, node),) = reading.walk(top["ContextIdentifier"]).items()
    pattern, datatype = _CONTEXTS[context_type]
    context_value = reading.value(node, pattern, f"{name.namespace}:{datatype}", token=False)
    # (3) How the signer is known.
    subject = reading.text(top["SubjectIdentifierType"], token=True)
    if subject not in _SUBJECTS:
        datatype = f"{name.namespace}:SubjectIdentifierTypeEnum"
        raise SchemaFault(
            bad_value(
                top["SubjectIdentifierType"], subject[:256], datatype, "The Enumeration constraint failed."
            )
        )
    # (4) Addresses.
    addresses: dict[str, tuple[str, ...]] = {}
    if (policy := top.get("AuthorizationPolicy")) is not None:
        allowed = reading.walk(policy)["AllowedIps"]
        reading.walk(allowed)
        for element, wanted in (("Ip4Address", _ADDRESS), ("Ip4Range", _RANGE), ("Ip4Mask", _MASK)):
            nodes = allowed.iterchildren(f"{{{name.namespace}}}{element}")
            addresses[element] = tuple(reading.value(node, wanted, "String", token=True) for node in nodes)
    return AuthTokenRequest(
        version=version,
        challenge=challenge,
        context_type=cast("ContextType", context_type),
        context_value=context_value,
        subject_type=cast("SubjectType", subject),
        ip4_addresses=addresses.get("Ip4Address", ()),
        ip4_ranges=addresses.get("Ip4Range", ()),
        ip4_masks=addresses.get("Ip4Mask", ()),
    )


class _Reading:
    """Steps through the elements of one version; the first fault is raised."""

    def __init__(self, namespace: str, models: dict[str, Model]) -> None:
        self.namespace = namespace
        self.models = models

    def walk(self, node: etree._Element, skip: frozenset[str] = frozenset()) -> Children:
        """Children by name. No attributes, no text between them: a schema allows neither here."""
        faults: list[str] = []
        _no_attributes(node)
        found = self.models[etree.QName(node).localname].walk(node, faults, skip)
        if faults:
            raise SchemaFault(faults[0])
        if collapse((node.text or "") + "".join(child.tail or "" for child in node)):
            name = etree.QName(node)
            raise SchemaFault(
                f"The element '{name.localname}' in namespace '{name.namespace}' cannot contain text."
            )
        return found

    def text(self, node: etree._Element, token: bool) -> str:
        if len(node):
            raise SchemaFault(text_only(node, node[0]))
        _no_attributes(node)
        value = node.text or ""
        return collapse(value) if token else value

    def value(self, node: etree._Element, pattern: re.Pattern[str], datatype: str, token: bool) -> str:
        value = self.text(node, token)
        if pattern.fullmatch(value) is None:
            raise SchemaFault(bad_value(node, value[:256], datatype, "The Pattern constraint failed."))
        return value


def _no_attributes(node: etree._Element) -> None:
    """No element has attributes of its own; a hint where the schema lies is allowed, and ignored."""
    for attribute in node.attrib:
        if attribute not in _HINTS:
            raise SchemaFault(f"The '{etree.QName(attribute).localname}' attribute is not declared.")
