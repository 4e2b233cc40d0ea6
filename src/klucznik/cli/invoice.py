"""`klucznik invoice`: invoices as documents, without any KSeF: check, show, print, make."""

from __future__ import annotations

import click

from klucznik.cli.lazy import LazyGroup, Table
from klucznik.lang import tr

COMMANDS: Table = {
    "check": (
        "invoice_check:check",
        tr(
            "Check invoices: the schema, and what KSeF does not check but people regret.",
            "Sprawdź faktury: schemat oraz to, czego KSeF nie sprawdza, a czego ludzie żałują.",
        ),
    ),
    "show": (
        "invoice_show:show",
        tr("Show an invoice as a person reads it.", "Pokaż fakturę tak, jak czyta ją człowiek."),
    ),
    "pdf": (
        "invoice_show:pdf",
        tr("Print invoices as PDF or HTML.", "Zapisz faktury jako PDF albo HTML."),
    ),
    "new": (
        "invoice_new:new",
        tr("Make an invoice from JSON or YAML.", "Utwórz fakturę z JSON albo YAML."),
    ),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    help=tr(
        "Invoices as documents: check, show, print, make. No KSeF is asked.",
        "Faktury jako dokumenty: sprawdzanie, podgląd, wydruk, tworzenie. KSeF nie jest pytany.",
    ),
)
def invoice() -> None:
    pass
