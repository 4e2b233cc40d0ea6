"""What verification, the metadata query and the UPO need to know of an invoice: facts, or faults.

`read` checks the header, the parties, the order of what stands in the body, and every value it
takes. Rules: fa3.md, invoice-verification.md sections 1, 4 and 5, query-export.md section 1.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, Protocol

from lxml import etree

from klucznik.documents import xml
from klucznik.documents.content import Children, not_declared
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
from klucznik.documents.values import Values
from klucznik.lang import tr
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

_ROLE_PU: Final = frozenset({1, 2, 3})
_VAT_UE = re.compile(r"[0-9A-Z+*]{1,12}")
_VAT_UE_PREFIXES: Final = (
    "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI"
)
_VAT_UE_COUNTRIES: Final = frozenset(_VAT_UE_PREFIXES.split())
_OTHER_ID = re.compile(r"[^\x00]{1,50}")
_OTHER_ID_FA2 = re.compile(r"[a-zA-Z0-9]{1,50}")
_INTERNAL_ID = re.compile(r"[1-9]((\d[1-9])|([1-9]\d))\d{7}-\d{5}", re.ASCII)
_NET_SUFFIXES: Final = "1 2 3 4 5 6_1 6_2 6_3 7 8 9 10 11"
_NET: Final = tuple(f"P_13_{n}" for n in _NET_SUFFIXES.split())
_VAT: Final = tuple(f"P_14_{n}" for n in "12345")
_NO_DAY: Final = date.min


class HasSystemCode(Protocol):
    """A `Form`, or the contract's FormCode."""

    @property
    def system_code(self) -> str: ...


def read(document: bytes | etree._Element, form: str | HasSystemCode) -> Facts:
    """Facts of an invoice, read as the form declared when the session was opened.

    `document` is the bytes, or the root `xml.parse` gave; `form` a system code such as `FA (3)`, or
    what carries one. Raises `XmlProblem` and `DocumentFault`; `KeyError` for a form KSeF does not know.
    """
    known = FORMS[form if isinstance(form, str) else form.system_code]
    root = xml.parse(document) if isinstance(document, bytes) else document
    if root.tag != f"{{{known.namespace}}}{known.root}":
        found = etree.QName(root).namespace or "-"
        raise DocumentFault(
            [not_declared(root)],
            tr(
                f"this is not {known.system_code}: the root is {etree.QName(root).localname} of {found}",
                f"to nie jest {known.system_code}: korzeń {etree.QName(root).localname} z {found}",
            ),
        )
    if not known.models:
        return read_pef(root, known)
    return _Reading(root, known).facts()


class _Reading:
    """One pass over a document of the FA family. Steps in the order of the form."""

    def __init__(self, root: etree._Element, form: Form) -> None:
        self.root = root
        self.form = form
        self.faults: list[str] = []
        self.values = Values(form.namespace, self.faults)

    def walk(self, node: etree._Element | None, model: str) -> Children:
        return {} if node is None else self.form.models[model].walk(node, self.faults)

    def facts(self) -> Facts:
        form, values = self.form, self.values
        top = self.walk(self.root, "Faktura")
        # (1) Header: the form recognises itself (fa3.md section 1).
        created = self.header(top.get("Naglowek"))
        # (2) Seller, buyer, others.
        seller = self.party(top.get("Podmiot1"), "Podmiot1", "TPodmiot1")
        seller_nip = values.nip(seller.get("NIP"))
        seller_name = values.text(seller.get("Nazwa"), 512, "TZnakowy512")
        buyer = self.party(top.get("Podmiot2"), "Podmiot2", "TPodmiot2")
        buyer_identifier = self.identifier(buyer)
        buyer_name = self.name(buyer)
        third = tuple(self.third(node) for node in self.root.iterchildren(f"{{{form.namespace}}}Podmiot3"))
        authorized = self.authorized(top.get("PodmiotUpowazniony"))
        # (3) The body: currency, dates, number, totals, notes, kind.
        body = self.walk(top.get(form.body), form.body)
        currency = values.one_of(body.get("KodWaluty"), form.currencies, "TKodWaluty", token=False)
        is_rr = form.body == "FakturaRR"
        issued = values.day(body.get("P_4B" if is_rr else "P_1"))
        number = values.text(body.get("P_4C" if is_rr else "P_2"), 256, "TZnakowy")
        net, vat, gross = self.totals_rr(body, currency) if is_rr else self.totals(body, currency)
        self_invoicing = False if is_rr else self.notes(body.get("Adnotacje"))
        kind = values.one_of(body.get("RodzajFaktury"), frozenset(form.kinds), "TRodzajFaktury", token=True)
        if self.faults:
            raise refused(self.faults, form)
        return Facts(
            system_code=form.system_code,
            schema_version=form.schema_version,
            form_value=form.value,
            structure_name=form.structure_name,
            seller_nip=seller_nip,
            seller_name=seller_name,
            buyer=buyer_identifier,
            buyer_name=buyer_name,
            invoice_number=number,
            issue_date=issued or _NO_DAY,
            kind=form.kinds[kind],
            currency=currency,
            net=net,
            vat=vat,
            gross=gross,
            self_invoicing=self_invoicing,
            has_attachment="Zalacznik" in top,
            third_subjects=third,
            authorized_subject=authorized,
            created=created,
        )

    def header(self, node: etree._Element | None) -> datetime | None:
        form, values = self.form, self.values
        header = self.walk(node, "Naglowek")
        if (code := header.get("KodFormularza")) is not None:
            for name, fixed in (("kodSystemowy", form.system_code), ("wersjaSchemy", form.schema_version)):
                given = code.get(name)
                if given is None:
                    self.faults.append(f"The required attribute '{name}' is missing.")
                elif given != fixed:
                    self.faults.append(f"The value of the '{name}' attribute does not equal its fixed value.")
            values.one_of(code, frozenset({form.value}), "TKodFormularza", token=False)
        variant = frozenset({int(form.variant)})
        values.number(header.get("WariantFormularza"), variant, "http://www.w3.org/2001/XMLSchema:byte")
        created = values.instant(header.get("DataWytworzeniaFa"), form.created_from)
        return created.astimezone(UTC) if created else None

    def party(self, node: etree._Element | None, model: str, identity: str) -> Children:
        """Children of DaneIdentyfikacyjne; the rest of the party is checked on the way."""
        party = self.walk(node, model)
        self.walk(party.get("Adres"), "Adres")
        if model == "Podmiot2" and "JST" in party:
            self.values.yes_no(party["JST"])
            self.values.yes_no(party.get("GV"))
        identified = self.walk(party.get("DaneIdentyfikacyjne"), identity)
        # The role stands in the party, beside its identity: hand both over together.
        return party | identified

    def name(self, party: Children) -> str | None:
        node = party.get("Nazwa")
        return None if node is None else self.values.text(node, 512, "TZnakowy512")

    def identifier(self, party: Children) -> Identifier:
        """The choice NIP, IDWew, KodUE + NrVatUE, KodKraju? + NrID, BrakID (fa3.md section 3)."""
        values = self.values
        if "NIP" in party:
            return Identifier("Nip", values.nip(party["NIP"]))
        if "IDWew" in party:
            return Identifier(
                "InternalId", values.pattern(party["IDWew"], _INTERNAL_ID, "TNIPIdWew", token=True)
            )
        if "NrVatUE" in party:
            country = values.one_of(party.get("KodUE"), _VAT_UE_COUNTRIES, "TKodyKrajowUE", token=False)
            return Identifier("VatUe", country + values.pattern(party["NrVatUE"], _VAT_UE, "TNrVatUE"))
        if "NrID" in party:
            allowed = _OTHER_ID_FA2 if self.form.system_code == "FA (2)" else _OTHER_ID
            return Identifier("Other", values.pattern(party["NrID"], allowed, "TNrIdentyfikacjiPodatkowej"))
        values.yes(party.get("BrakID"))
        return Identifier("None")

    def third(self, node: etree._Element) -> ThirdSubject:
        party = self.party(node, "Podmiot3", "TPodmiot3")
        identifier, name = self.identifier(party), self.name(party)
        if "RolaInna" in party:
            self.values.yes(party["RolaInna"])
            self.values.text(party.get("OpisRoli"), 256, "TZnakowy")
            return ThirdSubject(identifier, name, 0)
        datatype = f"{self.form.namespace}:TRolaPodmiotu3"
        return ThirdSubject(
            identifier, name, self.values.number(party.get("Rola"), self.form.third_roles, datatype)
        )

    def authorized(self, node: etree._Element | None) -> AuthorizedSubject | None:
        if node is None:
            return None
        party = self.party(node, "PodmiotUpowazniony", "TPodmiot1")
        return AuthorizedSubject(
            self.values.nip(party.get("NIP")),
            self.values.text(party.get("Nazwa"), 512, "TZnakowy512"),
            self.values.number(
                party.get("RolaPU"), _ROLE_PU, f"{self.form.namespace}:TRolaPodmiotuUpowaznionego"
            ),
        )

    def totals(self, body: Children, currency: str) -> tuple[Decimal, Decimal, Decimal]:
        """Net, VAT in PLN, gross. In a foreign currency only P_14_xW are in PLN (fa3.md section 4)."""
        amount = self.values.amount
        net = sum((amount(body[name]) for name in _NET if name in body), Decimal(0))
        own = sum((amount(body[name]) for name in _VAT if name in body), Decimal(0))
        in_pln = sum((amount(body[f"{name}W"]) for name in _VAT if f"{name}W" in body), Decimal(0))
        return net, own if currency == "PLN" else in_pln, amount(body.get("P_15"))

    def totals_rr(self, body: Children, currency: str) -> tuple[Decimal, Decimal, Decimal]:
        """Value, flat-rate refund in PLN, total (fa3.md section 8)."""
        amount = self.values.amount
        own, in_pln = amount(body.get("P_11_2")), amount(body.get("P_11_2W"))
        return amount(body.get("P_11_1")), own if currency == "PLN" else in_pln, amount(body.get("P_12_1"))

    def notes(self, node: etree._Element | None) -> bool:
        """The four flags that are always there; true = self-invoicing (P_17)."""
        notes = self.walk(node, "Adnotacje")
        for name in ("P_16", "P_18", "P_18A"):
            self.values.yes_no(notes.get(name))
        return self.values.yes_no(notes.get("P_17"))


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
