"""What is known of an invoice once it has been read: plain values, frozen.

Read by `facts.read` and `pef.read_pef`; used by verification, the metadata query and the UPO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from klucznik.documents.model import Form
from klucznik.errors import KlucznikError
from klucznik.lang import both, in_language, language

IdentifierType = Literal["Nip", "InternalId", "VatUe", "Other", "None"]


@dataclass(frozen=True, slots=True)
class Identifier:
    """Who a party is. VatUe = country prefix and number together; None has no value."""

    type: IdentifierType
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ThirdSubject:
    """A Podmiot3. `role` 1-11 as in Rola, 0 for RolaInna."""

    identifier: Identifier
    name: str | None
    role: int


@dataclass(frozen=True, slots=True)
class AuthorizedSubject:
    """PodmiotUpowazniony. `role` 1 enforcement body, 2 court bailiff, 3 tax representative."""

    nip: str
    name: str
    role: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one invoice. Amounts in `currency`, except `vat`, which is in PLN.

    `kind` is a value of the contract's InvoiceType; `created` is DataWytworzeniaFa (PEF has none).
    """

    system_code: str
    schema_version: str
    form_value: str
    structure_name: str
    seller_nip: str
    seller_name: str | None
    buyer: Identifier
    buyer_name: str | None
    invoice_number: str
    issue_date: date
    kind: str
    currency: str
    net: Decimal
    vat: Decimal
    gross: Decimal
    self_invoicing: bool = False
    has_attachment: bool = False
    third_subjects: tuple[ThirdSubject, ...] = ()
    authorized_subject: AuthorizedSubject | None = None
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `path` as `Fa/FaWiersz[2]/P_11`; `sentence` for the wire; `message` for a person."""

    path: str
    sentence: str
    message: str


class DocumentFault(KlucznikError):
    """The document does not fit its form: `details` for status 450, `why` for a person, in both languages.

    `faults` are the same with their places, where they are known.
    """

    def __init__(self, details: Sequence[str], why: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(in_language(why, language()))
        self.details = list(details)
        self.why = why
        self.faults = list(faults)


def refused(faults: list[str], form: Form) -> DocumentFault:
    """The fault to raise once reading is over; `faults` is not empty."""
    return DocumentFault(
        faults,
        both(
            f"the document does not fit {form.system_code}: {faults[0]}",
            f"dokument niezgodny z {form.system_code}: {faults[0]}",
        ),
    )
