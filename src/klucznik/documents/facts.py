"""What verification, the metadata query and the UPO need to know of an invoice: facts, or faults.

`read` asks the schema, then takes the few values it needs straight from the tree. Rules: fa3.md,
invoice-verification.md sections 1, 4 and 5, query-export.md section 1.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
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
from klucznik.documents.pef import read_pef
from klucznik.documents.recognise import recognise
from klucznik.documents.types import COMMON
from klucznik.documents.values import collapse, read_day, read_moment, read_number
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

#: Children of an element by local name; of those that repeat, the last.
Children = dict[str, etree._Element]


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
    asked only when a fact cannot be read. Raises `XmlProblem` and `DocumentFault`; `KeyError` for a form
    KSeF does not know.
    """
    root = xml.parse(document) if isinstance(document, bytes) else document
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
        raise faults.refusal(root, known) from None


class _Reading:
    """One pass over a document of the FA family; of the body only what stands before the lines."""

    def __init__(self, root: etree._Element, form: Form) -> None:
        self.root = root
        self.form = form
        self.cut = len(form.namespace) + 2

    def children(self, node: etree._Element) -> Children:
        cut = self.cut
        return {child.tag[cut:]: child for child in node}

    def facts(self) -> Facts:
        form, cut = self.form, self.cut
        top: Children = {}
        third: list[etree._Element] = []
        for child in self.root:
            name = child.tag[cut:]
            top[name] = child
            if name == "Podmiot3":
                third.append(child)
        # (1) Seller and buyer.
        seller = self.children(self.children(top["Podmiot1"])["DaneIdentyfikacyjne"])
        buyer = self.children(self.children(top["Podmiot2"])["DaneIdentyfikacyjne"])
        # (2) The body, up to the kind: the lines may be ten thousand.
        body: dict[str, str] = {}
        notes: etree._Element | None = None
        net = own = in_pln = _ZERO
        for child in top[form.body]:
            name = child.tag[cut:]
            if name == "Adnotacje":
                notes = child
                continue
            text = body[name] = child.text or ""
            if name in _NET:
                net += read_number(text)
            elif name in _VAT:
                own += read_number(text)
            elif name in _VAT_PLN:
                in_pln += read_number(text)
            elif name == "RodzajFaktury":
                break
        currency = body["KodWaluty"]
        if form.body == "FakturaRR":
            issued, number, gross = body["P_4B"], body["P_4C"], body["P_12_1"]
            net, own = read_number(body["P_11_1"]), read_number(body["P_11_2"])
            in_pln = read_number(body["P_11_2W"]) if "P_11_2W" in body else _ZERO
            self_invoicing = False
        else:
            issued, number, gross = body["P_1"], body["P_2"], body["P_15"]
            self_invoicing = notes is not None and collapse(self.children(notes)["P_17"].text or "") == "1"
        return Facts(
            system_code=form.system_code,
            schema_version=form.schema_version,
            form_value=form.value,
            structure_name=form.structure_name,
            seller_nip=self.nip(seller["NIP"]),
            seller_name=collapse(seller["Nazwa"].text or ""),
            buyer=self.identifier(buyer),
            buyer_name=self.name(buyer),
            invoice_number=collapse(number),
            issue_date=read_day(issued),
            kind=form.kinds[collapse(body["RodzajFaktury"])],
            currency=currency,
            net=net,
            # In a foreign currency the tax in PLN stands apart (fa3.md section 4).
            vat=own if currency == "PLN" else in_pln,
            gross=read_number(gross),
            self_invoicing=self_invoicing,
            has_attachment="Zalacznik" in top,
            third_subjects=tuple(self.third(node) for node in third),
            authorized_subject=self.authorized(top.get("PodmiotUpowazniony")),
            created=read_moment(self.children(top["Naglowek"])["DataWytworzeniaFa"].text or "").astimezone(
                UTC
            ),
        )

    def created(self, header: etree._Element) -> datetime:
        return read_moment(self.children(header)["DataWytworzeniaFa"].text or "").astimezone(UTC)

    def nip(self, node: etree._Element) -> str:
        """A NIP. The schema's `\\d` takes the digits of every script, KSeF's identifiers are plain ones."""
        value = node.text or ""
        if not value.isascii():
            cause = "The Pattern constraint failed."
            raise refused([sentences.bad_value(node, value[:256], f"{COMMON}:TNrNIP", cause)], self.form)
        return value

    def name(self, party: Children) -> str | None:
        return collapse(party["Nazwa"].text or "") if "Nazwa" in party else None

    def identifier(self, party: Children) -> Identifier:
        """The choice NIP, IDWew, KodUE + NrVatUE, KodKraju? + NrID, BrakID (fa3.md section 3)."""
        if "NIP" in party:
            return Identifier("Nip", self.nip(party["NIP"]))
        if "IDWew" in party:
            return Identifier("InternalId", collapse(party["IDWew"].text or ""))
        if "NrVatUE" in party:
            return Identifier("VatUe", (party["KodUE"].text or "") + (party["NrVatUE"].text or ""))
        return Identifier("Other", party["NrID"].text or "") if "NrID" in party else Identifier("None")

    def third(self, node: etree._Element) -> ThirdSubject:
        party = self.children(node)
        who = self.children(party["DaneIdentyfikacyjne"])
        role = int(party["Rola"].text or "") if "Rola" in party else 0
        return ThirdSubject(self.identifier(who), self.name(who), role)

    def authorized(self, node: etree._Element | None) -> AuthorizedSubject | None:
        if node is None:
            return None
        party = self.children(node)
        who = self.children(party["DaneIdentyfikacyjne"])
        name = collapse(who["Nazwa"].text or "")
        return AuthorizedSubject(self.nip(who["NIP"]), name, int(party["RolaPU"].text or ""))


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
