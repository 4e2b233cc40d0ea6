"""What stands in a UPO v4-3: plain values, frozen. Rule: upo.md sections 1 to 3."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

NAMESPACE: Final = "http://upo.schematy.mf.gov.pl/KSeF/v4-3"

#: A full page of 10 000 documents has about 7 MB.
LIMIT: Final = 30_000_000

#: How the receiving party calls itself, by environment (upo.md section 2, row 1).
RECEIVER: Final = {
    "prd": "Ministerstwo Finansów",
    "test": "Ministerstwo Finansów - środowisko testowe (TE)",
    "demo": "Ministerstwo Finansów - środowisko przedprodukcyjne (TR)",
}

InvoicingMode = Literal["Online", "Offline"]
ContextType = Literal["Nip", "InternalId", "NipVatUe", "PeppolId"]

#: Login context -> element of IdKontekstu (upo.md section 3).
CONTEXT_ELEMENTS: Final[dict[ContextType, str]] = {
    "Nip": "Nip",
    "InternalId": "IdWewnetrzny",
    "NipVatUe": "IdZlozonyVatUE",
    "PeppolId": "IdDostawcyUslugPeppol",
}


@dataclass(frozen=True, slots=True)
class UpoDocument:
    """One accepted invoice. Instants are aware; `invoice_hash` is Base64 SHA-256 of the plain XML."""

    seller_nip: str
    ksef_number: str
    invoice_number: str
    issue_date: date
    invoicing_date: datetime
    acquisition_date: datetime
    invoice_hash: str
    invoicing_mode: InvoicingMode


@dataclass(frozen=True, slots=True)
class UpoPage:
    """OpisPotwierdzenia: `first` and `last` are the ordinals on this page, the last inclusive."""

    number: int
    pages: int
    first: int
    last: int
    total: int


@dataclass(frozen=True, slots=True)
class Upo:
    """A receipt. Of `ksef_token_reference` and `auth_document_hash` exactly one is given; `page` is
    there for a session's receipt and absent for that of one invoice."""

    receiver: str
    session_reference: str
    context_type: ContextType
    context_value: str
    structure_name: str
    form_code: str
    documents: tuple[UpoDocument, ...]
    ksef_token_reference: str | None = None
    auth_document_hash: str | None = None
    page: UpoPage | None = None
