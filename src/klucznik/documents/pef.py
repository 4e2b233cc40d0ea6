"""Facts of PEF and PEF_KOR invoices (UBL 2.1), as far as KSeF's metadata needs them.

Read without content models: UBL is wide, and KSeF's use of it is only partly published.
Rule: fa3.md section 9.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

from lxml import etree

from klucznik.documents.invoice import Facts, Identifier, refused
from klucznik.documents.model import Form
from klucznik.documents.sentences import bad_value
from klucznik.documents.values import collapse
from klucznik.wire import ids

_PATTERN: Final = "The Pattern constraint failed."
_TOO_LONG: Final = "The actual length is greater than the MaxLength value."
_CAC: Final = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
_CBC_NS: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
_CBC: Final = f"{{{_CBC_NS}}}"
_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{0,8})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?")
_VAT_PREFIX = re.compile("AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PT|RO|SE|SI|SK|XI")
_SPECIALISED: Final = "#extended#urn:fdc:www.efaktura.gov.pl:ver2.0"
#: UNTDID 1001: self-billed invoice, self-billed credit note.
_SELF_BILLED: Final = frozenset({"389", "261"})


class _Ubl:
    """Paths from the root; `cac` names are written as they are, `cbc` leaves are the last step."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.faults: list[str] = []

    def find(self, *path: str) -> etree._Element | None:
        *groups, leaf = path
        return self.root.find("/".join([f"{_CAC}{group}" for group in groups] + [f"{_CBC}{leaf}"]))

    def text(self, *path: str) -> str:
        node = self.find(*path)
        return "" if node is None else collapse(node.text or "")

    def required(self, *path: str) -> str:
        value = self.text(*path)
        if not value:
            parent = etree.QName(self.root) if len(path) == 1 else None
            where = (
                f"'{parent.localname}' in namespace '{parent.namespace}'"
                if parent is not None
                else f"'{path[-2]}' in namespace '{_CAC[1:-1]}'"
            )
            self.faults.append(
                f"The element {where} has incomplete content. "
                f"List of possible elements expected: '{path[-1]}' in namespace '{_CBC_NS}'."
            )
        return value

    def refuse(self, value: str, datatype: str, cause: str, *path: str) -> None:
        node = self.find(*path)
        if node is not None:
            self.faults.append(bad_value(node, value[:256], datatype, cause))

    def day(self, *path: str) -> date | None:
        text = self.required(*path)
        try:
            # Python also reads 20260301 and 2026-W09-7, XSD does not; XSD lets a zone follow.
            return date.fromisoformat(text[:10] if _DAY.fullmatch(text) else "?") if text else None
        except ValueError:
            cause = f"The string '{text[:256]}' is not a valid Date value."
            self.refuse(text, f"{_CBC_NS}:DateType", cause, *path)
            return None

    def amount(self, *path: str) -> Decimal:
        text = self.required(*path)
        if text and _DECIMAL.fullmatch(text) is None:
            cause = f"The string '{text[:256]}' is not a valid Decimal value."
            self.refuse(text, f"{_CBC_NS}:AmountType", cause, *path)
            return Decimal(0)
        return Decimal(text or 0)


def read_pef(root: etree._Element, form: Form) -> Facts:
    """Facts of a PEF document whose root has been recognised. Raises `DocumentFault`."""
    ubl = _Ubl(root)
    supplier = ("AccountingSupplierParty", "Party")
    customer = ("AccountingCustomerParty", "Party")
    seller_id = ubl.required(*supplier, "PartyTaxScheme", "CompanyID")
    seller_nip = seller_id.removeprefix("PL")
    if seller_id and not ids.is_nip(seller_nip, checksum=False):
        path = (*supplier, "PartyTaxScheme", "CompanyID")
        ubl.refuse(seller_id, f"{_CBC_NS}:CompanyIDType", _PATTERN, *path)
    number = ubl.required("ID")
    issued = ubl.day("IssueDate")
    currency = ubl.required("DocumentCurrencyCode")
    net = ubl.amount("LegalMonetaryTotal", "TaxExclusiveAmount")
    gross = ubl.amount("LegalMonetaryTotal", "TaxInclusiveAmount")
    vat = _vat(ubl)
    if len(number) > 256:
        ubl.refuse(number, f"{_CBC_NS}:IDType", _TOO_LONG, "ID")
    if ubl.faults or issued is None:
        raise refused(ubl.faults, form)
    type_code = ubl.text("InvoiceTypeCode") or ubl.text("CreditNoteTypeCode")
    return Facts(
        system_code=form.system_code,
        schema_version=form.schema_version,
        form_value=form.value,
        structure_name=form.structure_name,
        seller_nip=seller_nip,
        seller_name=_party_name(ubl, supplier),
        buyer=_buyer(ubl, customer),
        buyer_name=_party_name(ubl, customer),
        invoice_number=number,
        issue_date=issued,
        kind=_kind(ubl, form),
        currency=currency,
        net=net,
        vat=vat,
        gross=gross,
        self_invoicing=type_code in _SELF_BILLED,
        has_attachment=ubl.find("AdditionalDocumentReference", "Attachment", "EmbeddedDocumentBinaryObject")
        is not None,
    )


def _kind(ubl: _Ubl, form: Form) -> str:
    if form.root == "CreditNote":
        return "KorPef"
    return "VatPefSp" if ubl.text("CustomizationID").endswith(_SPECIALISED) else "VatPef"


def _party_name(ubl: _Ubl, party: tuple[str, ...]) -> str | None:
    return (
        ubl.text(*party, "PartyLegalEntity", "RegistrationName")
        or ubl.text(*party, "PartyName", "Name")
        or None
    )


def _buyer(ubl: _Ubl, party: tuple[str, ...]) -> Identifier:
    """A Polish NIP in the tax or the legal identifier wins, then the tax identifier as it stands."""
    tax = ubl.text(*party, "PartyTaxScheme", "CompanyID")
    legal = ubl.text(*party, "PartyLegalEntity", "CompanyID")
    for value in (tax, legal):
        if value.startswith("PL") and ids.is_nip(value[2:], checksum=False):
            return Identifier("Nip", value[2:])
    if _VAT_PREFIX.match(tax):
        return Identifier("VatUe", tax)
    return Identifier("Other", tax or legal) if tax or legal else Identifier("None")


def _vat(ubl: _Ubl) -> Decimal:
    """VAT in PLN: the TaxTotal in PLN where there is one, else the first (no rate stands in the document)."""
    first = ubl.amount("TaxTotal", "TaxAmount")
    for total in ubl.root.iterchildren(f"{_CAC}TaxTotal"):
        node = total.find(f"{_CBC}TaxAmount")
        if node is None or node.get("currencyID") != "PLN":
            continue
        text = collapse(node.text or "")
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
    return first
