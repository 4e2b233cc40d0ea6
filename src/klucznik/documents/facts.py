"""What verification, the metadata query and the UPO need to know of an invoice: facts, or faults.

`read` asks the schema, then takes the few values it needs straight from the tree. Rules: fa3.md,
invoice-verification.md sections 1, 4 and 5, query-export.md section 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from functools import cache
from typing import Final, Protocol

from lxml import etree

from klucznik.documents import faults, sentences, xml
from klucznik.documents.forms import FORMS, Form
from klucznik.documents.invoice import (
    AuthorizedSubject,
    DocumentFault,
    Facts,
    Identifier,
    ThirdSubject,
    refused,
)
from klucznik.documents.pef.facts import read_pef
from klucznik.documents.recognise import recognise
from klucznik.documents.types import COMMON
from klucznik.documents.values import collapse, read_day, read_moment, read_number, read_whole
from klucznik.wire import ids

__all__ = [
    "AuthorizedSubject",
    "DocumentFault",
    "Facts",
    "Identifier",
    "ThirdSubject",
    "checksum_faults",
    "read",
]

_ZERO: Final = Decimal(0)
_NET: Final = frozenset(
    f"P_13_{n}" for n in ["1", "2", "3", "4", "5", "6_1", "6_2", "6_3", "7", "8", "9", "10", "11"]
)
_VAT: Final = frozenset(f"P_14_{n}" for n in "12345")
_VAT_PLN: Final = frozenset(f"P_14_{n}W" for n in "1234")


class HasSystemCode(Protocol):
    """A `Form`, or the contract's FormCode."""

    @property
    def system_code(self) -> str: ...


def read(
    document: bytes | etree._Element, form: str | HasSystemCode | None = None, *, check: bool = True
) -> Facts:
    """Facts of an invoice.

    `document` is the bytes, or the root `xml.parse` gave. `form` is the one it has to be: a system code
    such as `FA (3)`, or what carries one; without it the document says. Without `check` the schema is
    asked only when a fact cannot be read, and what stands after the kind is not looked at: for documents
    that were checked before, such as those KSeF hands out. Raises `XmlProblem` and `DocumentFault`;
    `KeyError` for a form KSeF does not know.
    """
    if isinstance(document, bytes):
        head = None if check else _head(document)
        root = xml.parse(document) if head is None else head
    else:
        root = document
    code = form if isinstance(form, str) or form is None else form.system_code
    known = recognise(root) if code is None else FORMS[code]
    if known.faktura is None:
        if root.tag != f"{{{known.namespace}}}{known.root}":
            raise refused([sentences.not_declared(root)], known)
        return read_pef(root, known)
    if check:
        faults.check(root, known)
    try:
        return _Reading(root, known).facts()
    except (KeyError, ValueError):
        whole = xml.parse(document) if isinstance(document, bytes) else document
        raise faults.refusal(whole, known) from None


_KIND_ENDS: Final = b"</RodzajFaktury>"


def _head(document: bytes) -> etree._Element | None:
    """The root of a document cut after its kind and closed again; None where that cannot be done.

    Every fact but the attachment stands before. What is cut off is not even looked at, the rest is the
    same tree: were the first `</RodzajFaktury>` in a comment, or deeper, the cut would not be well-formed.
    """
    end = document.find(_KIND_ENDS) + len(_KIND_ENDS)
    if end < len(_KIND_ENDS) or document.find(b"Zalacznik", end) >= 0:
        return None
    tail = b"</FakturaRR></Faktura>" if b"<FakturaRR>" in document[:end] else b"</Fa></Faktura>"
    try:
        return xml.parse(document[:end] + tail)
    except xml.XmlProblem:
        return None


@dataclass(frozen=True, slots=True)
class _Tags:
    """Full tags of one form: comparing them costs nothing, cutting a namespace off each would."""

    dane: str
    p_17: str
    role: str
    role_pu: str
    created: str
    #: Children of the body that are read, up to the kind -> local name.
    body: dict[str, str]
    #: Children of the root and of an identity -> local name.
    names: dict[str, str]


_ROOT: Final = "Naglowek Podmiot1 Podmiot2 Podmiot3 PodmiotUpowazniony Fa FakturaRR Stopka Zalacznik"
_IDENTITY: Final = "NIP IDWew KodUE NrVatUE KodKraju NrID BrakID Nazwa"
_BODY: Final = "KodWaluty P_1 P_2 P_15 P_4B P_4C P_11_1 P_11_2 P_11_2W P_12_1 Adnotacje RodzajFaktury"


@cache
def _tags(form: Form) -> _Tags:
    def full(name: str) -> str:
        return f"{{{form.namespace}}}{name}"

    body = [*_BODY.split(), *_NET, *_VAT, *_VAT_PLN]
    return _Tags(
        full("DaneIdentyfikacyjne"),
        full("P_17"),
        full("Rola"),
        full("RolaPU"),
        full("DataWytworzeniaFa"),
        {full(name): name for name in body},
        {full(name): name for name in f"{_ROOT} {_IDENTITY}".split()},
    )


class _Reading:
    """One pass over a document of the FA family; of the body only what stands before the lines."""

    def __init__(self, root: etree._Element, form: Form) -> None:
        self.root = root
        self.form = form
        self.tags = _tags(form)

    def first(self, node: etree._Element, tag: str) -> etree._Element:
        """The first child of a tag. KeyError when there is none."""
        for child in node.iterchildren(tag):
            return child
        raise KeyError(tag)

    def identity(self, party: etree._Element) -> dict[str, etree._Element]:
        """DaneIdentyfikacyjne of a party, by local name."""
        names = self.tags.names
        return {names[child.tag]: child for child in self.first(party, self.tags.dane)}

    def facts(self) -> Facts:
        form, names = self.form, self.tags.names
        top: dict[str, etree._Element] = {}
        third: list[etree._Element] = []
        for child in self.root:
            name = names[child.tag]
            top[name] = child
            if name == "Podmiot3":
                third.append(child)
        # (1) Seller and buyer.
        seller = self.identity(top["Podmiot1"])
        buyer = self.identity(top["Podmiot2"])
        # (2) The body, up to the kind: the lines may be ten thousand.
        body: dict[str, etree._Element] = {}
        net = own = in_pln = _ZERO
        known = self.tags.body
        for child in top[form.body]:
            if child.tag not in known:
                continue
            name = known[child.tag]
            body[name] = child
            if name == "RodzajFaktury":
                break
            if name in _NET:
                net += self.number(child)
            elif name in _VAT:
                own += self.number(child)
            elif name in _VAT_PLN:
                in_pln += self.number(child)
        currency = body["KodWaluty"].text or ""
        if form.body == "FakturaRR":
            issued, number, gross = body["P_4B"], body["P_4C"], body["P_12_1"]
            net, own = self.number(body["P_11_1"]), self.number(body["P_11_2"])
            in_pln = self.number(body["P_11_2W"]) if "P_11_2W" in body else _ZERO
            self_invoicing = False
        else:
            issued, number, gross = body["P_1"], body["P_2"], body["P_15"]
            self_invoicing = self.whole(self.first(body["Adnotacje"], self.tags.p_17)) == 1
        created = self.first(top["Naglowek"], self.tags.created).text or ""
        return Facts(
            system_code=form.system_code,
            schema_version=form.schema_version,
            form_value=form.value,
            structure_name=form.structure_name,
            seller_nip=self.nip(seller["NIP"]),
            seller_name=collapse(seller["Nazwa"].text or ""),
            buyer=self.identifier(buyer),
            buyer_name=self.name(buyer),
            invoice_number=collapse(number.text or ""),
            issue_date=read_day(issued.text or ""),
            kind=form.kinds[collapse(body["RodzajFaktury"].text or "")],
            currency=currency,
            net=net,
            # In a foreign currency the tax in PLN stands apart (fa3.md section 4).
            vat=own if currency == "PLN" else in_pln,
            gross=self.number(gross),
            self_invoicing=self_invoicing,
            has_attachment="Zalacznik" in top,
            third_subjects=tuple(self.third(node) for node in third),
            authorized_subject=self.authorized(top.get("PodmiotUpowazniony")),
            created=read_moment(created).astimezone(UTC),
        )

    def number(self, node: etree._Element) -> Decimal:
        return read_number(node.text or "")

    def whole(self, node: etree._Element) -> int:
        return read_whole(node.text or "")

    def nip(self, node: etree._Element) -> str:
        r"""A NIP. The schema's `\d` takes the digits of every script, KSeF's identifiers are plain ones."""
        value = node.text or ""
        if not value.isascii():
            sentence = sentences.bad_value(
                node, value[:256], f"{COMMON}:TNrNIP", "The Pattern constraint failed."
            )
            raise refused([sentence], self.form)
        return value

    def name(self, party: dict[str, etree._Element]) -> str | None:
        return collapse(party["Nazwa"].text or "") if "Nazwa" in party else None

    def identifier(self, party: dict[str, etree._Element]) -> Identifier:
        """The choice NIP, IDWew, KodUE + NrVatUE, KodKraju? + NrID, BrakID (fa3.md section 3)."""
        if "NIP" in party:
            return Identifier("Nip", self.nip(party["NIP"]))
        if "IDWew" in party:
            return Identifier("InternalId", collapse(party["IDWew"].text or ""))
        if "NrVatUE" in party:
            return Identifier("VatUe", (party["KodUE"].text or "") + (party["NrVatUE"].text or ""))
        return Identifier("Other", party["NrID"].text or "") if "NrID" in party else Identifier("None")

    def third(self, node: etree._Element) -> ThirdSubject:
        who = self.identity(node)
        role = next(node.iterchildren(self.tags.role), None)
        return ThirdSubject(self.identifier(who), self.name(who), 0 if role is None else self.whole(role))

    def authorized(self, node: etree._Element | None) -> AuthorizedSubject | None:
        if node is None:
            return None
        who = self.identity(node)
        name = collapse(who["Nazwa"].text or "")
        return AuthorizedSubject(self.nip(who["NIP"]), name, self.whole(self.first(node, self.tags.role_pu)))


def checksum_faults(facts: Facts) -> list[str]:
    """What the checksums of the Polish identifiers say; empty when all hold.

    PRD always, elsewhere with `X-KSeF-Feature: subject-identifier-validation`. Of an IDWew the NIP
    part is checked. The wording is ours, KSeF publishes none. Rule: invoice-verification.md section 5.
    """
    given = [("Podmiot1", Identifier("Nip", facts.seller_nip)), ("Podmiot2", facts.buyer)]
    given += [("Podmiot3", third.identifier) for third in facts.third_subjects]
    if facts.authorized_subject is not None:
        given.append(("PodmiotUpowazniony", Identifier("Nip", facts.authorized_subject.nip)))
    return [
        f"Nieprawidłowa suma kontrolna identyfikatora '{identifier.value}' ({party})."
        for party, identifier in given
        if identifier.type in ("Nip", "InternalId")
        and identifier.value is not None
        and not ids.is_nip(identifier.value[:10])
    ]
