"""Which invoices: the filters that `klucznik invoice find` and `export` share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from klucznik.cli.arguments import AMOUNTS, KSEF_NUMBER, MomentType, Range, period
from klucznik.cli.common import NIP
from klucznik.cli.options import gathered
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.wire.invoices import InvoiceQueryAmount, InvoiceQueryBuyerIdentifier, InvoiceQueryFilters

F = TypeVar("F", bound=Callable[..., Any])

ROLES = {"buyer": "Subject2", "seller": "Subject1", "third": "Subject3", "authorized": "SubjectAuthorized"}
_DATES = {"issue": "Issue", "accepted": "Invoicing", "stored": "PermanentStorage"}
_KINDS = (
    "Vat", "Zal", "Kor", "Roz", "Upr", "KorZal", "KorRoz", "VatPef", "VatPefSp", "KorPef", "VatRr", "KorVatRr"
)  # fmt: skip
_DAYS, _LONGEST = 30, 100


@dataclass(frozen=True)
class Wanted:
    """The filters as they were typed."""

    role: str
    since: datetime | None
    until: datetime | None
    date: str
    ksef_number: str | None
    number: str | None
    seller: str | None
    buyer: str | None
    gross: Range | None
    net: Range | None
    vat: Range | None
    currencies: tuple[str, ...]
    kinds: tuple[str, ...]
    form: str | None
    mode: str | None
    self_invoicing: bool | None
    attachment: bool | None

    def filters(self) -> InvoiceQueryFilters:
        """As KSeF takes them; raises `UsageError` for what does not go together."""
        from klucznik.wire.common import InvoicingMode
        from klucznik.wire.invoices import (
            CurrencyCode,
            InvoiceQueryDateRange,
            InvoiceQueryDateType,
            InvoiceQueryFilters,
            InvoiceQueryFormType,
            InvoiceQuerySubjectType,
            InvoiceType,
        )

        begin, end = period(self.since, self.until, _DAYS)
        known = {code.value for code in CurrencyCode}
        currencies = [code.upper() for code in self.currencies]
        if wrong := [code for code in currencies if code not in known]:
            raise click.UsageError(
                tr(f"{wrong[0]!r} is no currency, such as PLN.", f"{wrong[0]!r} to nie waluta, jak PLN.")
            )
        return InvoiceQueryFilters(
            subject_type=InvoiceQuerySubjectType(ROLES[self.role]),
            date_range=InvoiceQueryDateRange(
                date_type=InvoiceQueryDateType(_DATES[self.date]), from_=begin, to=end
            ),
            ksef_number=self.ksef_number,
            invoice_number=self.number,
            amount=self._amount(),
            seller_nip=self.seller,
            buyer_identifier=_buyer(self.buyer),
            currency_codes=[CurrencyCode(code) for code in currencies] or None,
            invoicing_mode=InvoicingMode(self.mode) if self.mode else None,
            is_self_invoicing=self.self_invoicing,
            form_type=InvoiceQueryFormType(self.form) if self.form else None,
            invoice_types=[InvoiceType(kind) for kind in self.kinds] or None,
            has_attachment=self.attachment,
        )

    def _amount(self) -> InvoiceQueryAmount | None:
        from klucznik.wire.invoices import AmountType, InvoiceQueryAmount

        ranges = {"Brutto": self.gross, "Netto": self.net, "Vat": self.vat}
        given = [(kind, found) for kind, found in ranges.items() if found]
        if len(given) > 1:
            raise click.UsageError(
                tr("Give one of --gross, --net and --vat.", "Podaj jedno z --gross, --net i --vat.")
            )
        if not given:
            return None
        kind, found = given[0]
        return InvoiceQueryAmount(type=AmountType(kind), from_=found.low, to=found.high)


def _buyer(text: str | None) -> InvoiceQueryBuyerIdentifier | None:
    """A NIP, a VAT number of the EU, `none`, or another number: told apart by their shapes."""
    from klucznik.wire.ids import VAT_UE_PATTERN, is_nip
    from klucznik.wire.invoices import BuyerIdentifierType, InvoiceQueryBuyerIdentifier

    if text is None:
        return None
    if text.lower() == "none":
        return InvoiceQueryBuyerIdentifier(type=BuyerIdentifierType.None_)
    nip = text.removeprefix("PL").replace("-", "")
    if is_nip(nip):
        return InvoiceQueryBuyerIdentifier(type=BuyerIdentifierType.Nip, value=nip)
    is_european = re.fullmatch(VAT_UE_PATTERN, text, re.ASCII)
    kind = BuyerIdentifierType.VatUe if is_european else BuyerIdentifierType.Other
    return InvoiceQueryBuyerIdentifier(type=kind, value=text)


def filter_options(command: F) -> F:
    """All of it as one argument `wanted`."""
    ranged = [
        click.option(f"--{name}", type=AMOUNTS, default=None, help=words)
        for name, words in (
            ("gross", tr("Gross amount, such as 100..500.", "Kwota brutto, na przykład 100..500.")),
            ("net", tr("Net amount.", "Kwota netto.")),
            ("vat", tr("VAT in PLN.", "VAT w PLN.")),
        )
    ]
    return gathered(
        "wanted",
        Wanted,
        click.option(
            "--role",
            type=click.Choice(list(ROLES)),
            default="buyer",
            show_default=True,
            help=tr(
                "In which role the company stands on the invoices.", "W jakiej roli firma jest na fakturach."
            ),
        ),
        click.option(
            "--since",
            type=MomentType(),
            default=None,
            help=tr(
                f"From when; default: {_DAYS} days ago. A query covers {_LONGEST} days at most.",
                f"Od kiedy; domyślnie {_DAYS} dni temu. Zapytanie obejmuje najwyżej {_LONGEST} dni.",
            ),
        ),
        click.option(
            "--until",
            type=MomentType(end_of_day=True),
            default=None,
            help=tr("Up to when, default: now.", "Do kiedy, domyślnie do teraz."),
        ),
        click.option(
            "--date",
            type=click.Choice(list(_DATES)),
            default="issue",
            show_default=True,
            help=tr("Which date counts, also for the order.", "Która data się liczy, także w kolejności."),
        ),
        click.option("--ksef-number", type=KSEF_NUMBER, default=None, help=tr("KSeF number.", "Numer KSeF.")),
        click.option(
            "--number",
            default=None,
            metavar=tr("TEXT", "TEKST"),
            help=tr("The seller's number of the invoice.", "Numer faktury nadany przez sprzedawcę."),
        ),
        click.option("--seller", type=NIP, default=None, help=tr("NIP of the seller.", "NIP sprzedawcy.")),
        click.option(
            "--buyer",
            default=None,
            metavar=tr("NUMBER", "NUMER"),
            help=tr(
                "NIP, EU VAT number or other number of the buyer; none: without one.",
                "NIP, numer VAT UE lub inny numer nabywcy; none: bez numeru.",
            ),
        ),
        *ranged,
        click.option(
            "--currency",
            "currencies",
            multiple=True,
            metavar="PLN",
            help=tr("Currency (repeatable).", "Waluta (można powtarzać)."),
        ),
        click.option(
            "--kind",
            "kinds",
            type=click.Choice(_KINDS, case_sensitive=False),
            multiple=True,
            metavar="VAT|KOR|…",
            help=tr(
                f"Kind (repeatable): {', '.join(_KINDS)}.", f"Rodzaj (można powtarzać): {', '.join(_KINDS)}."
            ),
        ),
        click.option(
            "--form",
            type=click.Choice(["FA", "PEF", "FA_RR"], case_sensitive=False),
            default=None,
            help=tr("Form.", "Formularz."),
        ),
        click.option(
            "--mode",
            type=click.Choice(["Online", "Offline"], case_sensitive=False),
            default=None,
            help=tr("Issued online or offline.", "Wystawione online albo offline."),
        ),
        click.option(
            "--self-invoicing/--no-self-invoicing",
            "self_invoicing",
            default=None,
            help=tr("Issued by the buyer, or not.", "Wystawione przez nabywcę albo nie."),
        ),
        click.option(
            "--attachment/--no-attachment",
            "attachment",
            default=None,
            help=tr("With an attachment, or without.", "Z załącznikiem albo bez."),
        ),
    )(command)
