"""Facts of PEF and PEF_KOR invoices (UBL 2.1), as far as KSeF's metadata needs them.

The schema is asked first (`ubl`); then come the values without which there is no metadata, though the
schema can do without them. Rules: fa3.md section 9, query-export.md section 1.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

from lxml import etree

from klucznik.documents.forms import Form
from klucznik.documents.invoice import Facts, Identifier, refused
from klucznik.documents.pef import ubl
from klucznik.documents.pef.ubl import CAC, CAC_NS, CBC, CBC_NS
from klucznik.documents.sentences import bad_value
from klucznik.documents.values import collapse
from klucznik.wire import ids

_PATTERN: Final = "The Pattern constraint failed."
_TOO_LONG: Final = "The actual length is greater than the MaxLength value."
_SUPPLIER: Final = ("AccountingSupplierParty", "Party")
_CUSTOMER: Final = ("AccountingCustomerParty", "Party")
_VAT_PREFIX = re.compile(
    "AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI"
)
_SPECIALISED: Final = "#extended#urn:fdc:www.efaktura.gov.pl:ver2.0"
#: UNTDID 1001: self-billed invoice, self-billed credit note.
_SELF_BILLED: Final = frozenset({"389", "261"})
#: An amount is kept as it was written: not at any length.
_AMOUNT_LENGTH: Final = 64


class _Ubl:
    """Paths from the root; groups (`cac`) are written as they are, a value (`cbc`) is the last step."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.faults = ubl.faults(root)

    def group(self, *path: str) -> etree._Element | None:
        return self.root.find("/".join(f"{CAC}{group}" for group in path))

    def find(self, *path: str) -> etree._Element | None:
        *groups, leaf = path
        return self.root.find("/".join([f"{CAC}{group}" for group in groups] + [f"{CBC}{leaf}"]))

    def text(self, *path: str) -> str:
        return _text(self.find(*path))

    def required(self, *path: str) -> str:
        value = self.text(*path)
        if not value:
            self.missing(path[-2] if len(path) > 1 else "", path[-1])
        return value

    def missing(self, group: str, leaf: str) -> None:
        root = etree.QName(self.root)
        where = (
            f"'{group}' in namespace '{CAC_NS}'"
            if group
            else f"'{root.localname}' in namespace '{root.namespace}'"
        )
        self.faults.append(
            f"The element {where} has incomplete content. "
            f"List of possible elements expected: '{leaf}' in namespace '{CBC_NS}'."
        )

    def refuse(self, node: etree._Element | None, cause: str) -> None:
        if node is not None:
            datatype = f"{CBC_NS}:{etree.QName(node).localname}Type"
            self.faults.append(bad_value(node, _text(node)[:256], datatype, cause))

    def day(self, *path: str) -> date | None:
        text = self.required(*path)
        try:
            # The schema lets a zone follow; which day it is somewhere else is not asked. It also knows
            # years that no calendar of ours has.
            return date.fromisoformat(text[:10]) if ubl.is_date(text) else None
        except ValueError:
            self.refuse(self.find(*path), f"The string '{text[:256]}' is not a valid Date value.")
            return None

    def amount(self, *path: str) -> Decimal:
        text = self.required(*path)
        if not ubl.is_decimal(text):  # missing, or told by the schema
            return Decimal(0)
        if len(text) > _AMOUNT_LENGTH:
            self.refuse(self.find(*path), _TOO_LONG)
            return Decimal(0)
        return Decimal(text)

    def tax_numbers(self, party: tuple[str, ...]) -> list[etree._Element]:
        """CompanyID of each PartyTaxScheme that has one, those of the VAT scheme first."""
        node = self.group(*party)
        schemes = [] if node is None else node.findall(f"{CAC}PartyTaxScheme")
        schemes.sort(key=lambda scheme: _text(scheme.find(f"{CAC}TaxScheme/{CBC}ID")) != "VAT")
        numbers = (scheme.find(f"{CBC}CompanyID") for scheme in schemes)
        return [number for number in numbers if number is not None and _text(number)]


def _text(node: etree._Element | None) -> str:
    return "" if node is None else collapse(node.text or "")


def read_pef(root: etree._Element, form: Form) -> Facts:
    """Facts of a PEF document whose root has been recognised. Raises `DocumentFault`."""
    found = _Ubl(root)
    # (1) The schema, as far as it is known here.
    if found.faults:
        raise refused(found.faults, form)
    # (2) What the metadata cannot do without.
    seller_nip = _seller(found)
    number = found.required("ID")
    if len(number) > 256:
        found.refuse(found.find("ID"), _TOO_LONG)
    issued = found.day("IssueDate")
    currency = found.required("DocumentCurrencyCode")
    net = found.amount("LegalMonetaryTotal", "TaxExclusiveAmount")
    gross = found.amount("LegalMonetaryTotal", "TaxInclusiveAmount")
    vat = _vat(found)
    if found.faults or issued is None:
        raise refused(found.faults, form)
    type_code = found.text("InvoiceTypeCode") or found.text("CreditNoteTypeCode")
    return Facts(
        system_code=form.system_code,
        schema_version=form.schema_version,
        form_value=form.value,
        structure_name=form.structure_name,
        seller_nip=seller_nip,
        seller_name=_party_name(found, _SUPPLIER),
        buyer=_buyer(found),
        buyer_name=_party_name(found, _CUSTOMER),
        invoice_number=number,
        issue_date=issued,
        kind=_kind(found, form),
        currency=currency,
        net=net,
        vat=vat,
        gross=gross,
        self_invoicing=type_code in _SELF_BILLED,
        has_attachment=next(root.iter(f"{CBC}EmbeddedDocumentBinaryObject"), None) is not None,
    )


def _seller(found: _Ubl) -> str:
    """The NIP of the seller: its tax number, with `PL` or without."""
    numbers = found.tax_numbers(_SUPPLIER)
    if not numbers:
        found.missing("PartyTaxScheme", "CompanyID")
        return ""
    nip = _text(numbers[0]).removeprefix("PL")
    if not ids.is_nip(nip, checksum=False):
        found.refuse(numbers[0], _PATTERN)
    return nip


def _kind(found: _Ubl, form: Form) -> str:
    if form.root == "CreditNote":
        return "KorPef"
    return "VatPefSp" if found.text("CustomizationID").endswith(_SPECIALISED) else "VatPef"


def _party_name(found: _Ubl, party: tuple[str, ...]) -> str | None:
    return (
        found.text(*party, "PartyLegalEntity", "RegistrationName")
        or found.text(*party, "PartyName", "Name")
        or None
    )


def _buyer(found: _Ubl) -> Identifier:
    """A Polish NIP among the tax and the legal identifiers wins, then the tax identifier as it stands."""
    taxes = [_text(number) for number in found.tax_numbers(_CUSTOMER)]
    legal = found.text(*_CUSTOMER, "PartyLegalEntity", "CompanyID")
    for value in (*taxes, legal):
        if value.startswith("PL") and ids.is_nip(value[2:], checksum=False):
            return Identifier("Nip", value[2:])
    tax = taxes[0] if taxes else ""
    if _VAT_PREFIX.match(tax):
        return Identifier("VatUe", tax)
    return Identifier("Other", tax or legal) if tax or legal else Identifier("None")


def _vat(found: _Ubl) -> Decimal:
    """VAT in PLN: the TaxTotal in PLN where there is one, else the first (no rate stands in the document)."""
    first = found.amount("TaxTotal", "TaxAmount")
    for node in found.root.iterfind(f"{CAC}TaxTotal/{CBC}TaxAmount"):
        if node.get("currencyID") == "PLN" and len(text := _text(node)) <= _AMOUNT_LENGTH:
            return Decimal(text)
    return first
