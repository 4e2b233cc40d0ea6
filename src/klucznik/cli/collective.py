"""`klucznik collective`: one identifier for the payment of many invoices of one seller."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import click

from klucznik.cli.access import Access, access_options
from klucznik.cli.arguments import COLLECTIVE, KSEF_NUMBER, period, period_options
from klucznik.cli.common import print_json
from klucznik.cli.options import json_option
from klucznik.cli.showing import Column, dumped, minute, show_all, yes_no
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.wire.collective import CollectiveIdentifierInvoice

_DAYS, _LONGEST = 30, 100


@click.group(
    help=tr(
        "Collective identifiers: one number for the payment of many invoices.\n\nThe invoices are all of one "
        "seller; either party may make an identifier, and it never changes.",
        "Identyfikatory zbiorcze: jeden numer do zapłaty za wiele faktur.\n\nFaktury pochodzą od jednego "
        "sprzedawcy; identyfikator może utworzyć każda ze stron i nigdy się on nie zmienia.",
    )
)
def collective() -> None:
    pass


@collective.command(
    help=tr(
        "Make a collective identifier of two or more invoices.\n\nEach is a KSeF number, or in quotes "
        "'KSEF-NUMBER AMOUNT CURRENCY [DESCRIPTION]', such as '5265877635-20250826-0100001AF629-AF 1230.00 "
        "PLN'. With - they are read from standard input, one a line.",
        "Utwórz identyfikator zbiorczy dwóch lub więcej faktur.\n\nKażda to numer KSeF albo w cudzysłowie "
        "'NUMER-KSEF KWOTA WALUTA [OPIS]', na przykład '5265877635-20250826-0100001AF629-AF 1230.00 PLN'. "
        "Z - są czytane ze standardowego wejścia, po jednej w wierszu.",
    )
)
@click.argument("invoices", nargs=-1, required=True, metavar=tr("INVOICE...", "FAKTURA..."))
@access_options
@json_option
def generate(invoices: tuple[str, ...], access: Access, as_json: bool) -> None:
    from klucznik.client import collective as calls

    lines = sys.stdin.read().splitlines() if invoices == ("-",) else list(invoices)
    items = [_invoice(line) for line in lines if line.strip()]
    if len(items) < 2:
        raise click.UsageError(
            tr(
                f"A collective identifier holds two invoices at least, not {len(items)}.",
                f"Identyfikator zbiorczy obejmuje co najmniej dwie faktury, a nie {len(items)}.",
            )
        )
    made = access.login().call(calls.generate(items))
    if as_json:
        print_json(dumped(made))
    else:
        click.echo(made.collective_identifier_number)


def _invoice(line: str) -> CollectiveIdentifierInvoice:
    """`NUMBER [AMOUNT CURRENCY [DESCRIPTION]]`; raises `UsageError` naming the line."""
    from klucznik.wire.collective import CollectiveIdentifierInvoice, CollectiveIdentifierInvoicePayment
    from klucznik.wire.invoices import CurrencyCode

    words = line.split(maxsplit=3)
    number = KSEF_NUMBER.convert(words[0], None, None)
    if len(words) == 1:
        return CollectiveIdentifierInvoice(ksef_number=number)
    try:
        amount, currency = Decimal(words[1].replace(",", ".")), CurrencyCode(words[2])
    except (InvalidOperation, ValueError, IndexError):
        raise click.UsageError(
            tr(
                f"{line!r}: after the KSeF number come an amount and a currency, such as 1230.00 PLN.",
                f"{line!r}: po numerze KSeF podaj kwotę i walutę, na przykład 1230.00 PLN.",
            )
        ) from None
    return CollectiveIdentifierInvoice(
        ksef_number=number,
        payment=CollectiveIdentifierInvoicePayment(amount=amount, currency=currency),
        description=words[3] if len(words) > 3 else None,
    )


@collective.command(
    "list",
    help=tr(
        "List the company's collective identifiers, newest first; with --invoice those in which an invoice "
        "stands.",
        "Pokaż identyfikatory zbiorcze firmy, od najnowszego; z --invoice te, w których jest faktura.",
    ),
)
@access_options
@click.option(
    "--invoice",
    type=KSEF_NUMBER,
    default=None,
    help=tr("KSeF number of an invoice.", "Numer KSeF faktury."),
)
@period_options(_DAYS, _LONGEST)
@json_option
def list_(
    access: Access, invoice: str | None, since: datetime | None, until: datetime | None, as_json: bool
) -> None:
    from klucznik.client import collective as calls
    from klucznik.clock import SystemClock

    columns = [
        Column(tr("identifier", "identyfikator"), lambda item: item.collective_identifier_number, whole=True),
        Column(tr("made", "utworzony"), lambda item: minute(item.date_created), whole=True),
        Column(tr("by us", "przez nas"), lambda item: yes_no(item.created_in_current_context)),
    ]
    if invoice is not None:
        if since or until:
            raise click.UsageError(
                tr("--invoice goes without --since and --until.", "--invoice bez --since i --until.")
            )
        show_all(access.login().run(calls.all_of_invoice(invoice)), columns, as_json=as_json)
        return
    begin, end = period(since, until, _DAYS)
    columns.append(Column(tr("invoices", "faktury"), lambda item: item.invoice_count, right=True))
    # KSeF wants an end, and its clock may be ahead of ours.
    end = end or SystemClock().now() + timedelta(days=1)
    show_all(access.login().run(calls.query_all(begin, end)), columns, as_json=as_json)


@collective.command(
    help=tr(
        "List the invoices in collective identifiers, up to ten at once.",
        "Pokaż faktury w identyfikatorach zbiorczych, do dziesięciu naraz.",
    )
)
@click.argument("identifiers", nargs=-1, required=True, type=COLLECTIVE)
@access_options
@json_option
def show(identifiers: tuple[str, ...], access: Access, as_json: bool) -> None:
    from klucznik.client import collective as calls

    found = access.login().run(calls.all_of_identifiers(identifiers))
    columns = [
        Column(tr("KSeF number", "numer KSeF"), lambda item: item.ksef_number, whole=True),
        Column(
            tr("payment", "zapłata"),
            lambda item: f"{item.payment.amount:.2f} {item.payment.currency}" if item.payment else None,
            right=True,
        ),
        Column(
            tr("description", "opis"),
            lambda item: tr("hidden", "ukryte") if item.details_hidden else item.description,
        ),
    ]
    if len(identifiers) > 1:
        first = Column(
            tr("identifier", "identyfikator"), lambda item: item.collective_identifier_number, whole=True
        )
        columns.insert(0, first)
    show_all(found, columns, as_json=as_json)
