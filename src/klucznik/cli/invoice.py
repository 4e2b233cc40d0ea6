"""`klucznik invoice`: invoices as documents (check, show, print, make), and those that are at KSeF."""

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
    "find": (
        "invoice_find:find",
        tr("Find invoices at KSeF.", "Znajdź faktury w KSeF."),
    ),
    "get": (
        "invoice_find:get",
        tr("Fetch invoices by their KSeF numbers.", "Pobierz faktury po numerach KSeF."),
    ),
    "export": (
        "invoice_find:export",
        tr("Export a package of invoices from KSeF.", "Wyeksportuj paczkę faktur z KSeF."),
    ),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    help=tr(
        "Invoices as documents: check, show, print, make; and those at KSeF: find, get, export.\n\nOnly the "
        "last three ask KSeF.",
        "Faktury jako dokumenty: sprawdzanie, podgląd, wydruk, tworzenie; oraz te w KSeF: wyszukiwanie, "
        "pobieranie, eksport.\n\nTylko trzy ostatnie pytają KSeF.",
    ),
)
def invoice() -> None:
    pass
