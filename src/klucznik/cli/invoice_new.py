"""`klucznik invoice new`: an invoice from JSON or YAML, with what can be worked out worked out."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from klucznik.cli.common import FILE, content_of, print_json
from klucznik.cli.options import json_option
from klucznik.errors import KlucznikError, Unreadable, Unwritable
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.documents import fa, rr
    from klucznik.documents.complete import Advance
    from klucznik.documents.model import Form

#: What counts as a total, for the table: the amounts of a body before its lines.
_TOTALS: Final = ("P_11_", "P_12_1", "P_13_", "P_14_", "P_15")


@click.command(
    help=tr(
        "Make an invoice from JSON or YAML, keyed by the names of the schema.\n\nHeader, notes, values of lines and "
        "totals are worked out unless they are given; nothing given is changed. The document is checked by the "
        "schema. It goes to standard output or to --output, what was worked out is told on standard error. Begin "
        "with --kinds and --example. Exit code 1: the schema refuses it; 2: the data cannot be read or is not "
        "enough.",
        "Utwórz fakturę z JSON albo YAML, z nazwami pól ze schematu.\n\nNagłówek, adnotacje, wartości wierszy i sumy "
        "są obliczane, jeśli ich nie podano; tego, co podano, nic nie zmienia. Dokument sprawdza schemat. Trafia na "
        "standardowe wyjście albo do --output, a to, co obliczono, na wyjście błędów. Zacznij od --kinds i --example. "
        "Kod wyjścia 1: odrzuca ją schemat; 2: danych nie da się odczytać albo nie wystarczą.",
    )
)
@click.argument("file", required=False, type=click.Path(allow_dash=True, path_type=Path))
@click.option(
    "--form",
    "code",
    type=click.Choice(["FA (3)", "FA (2)", "FA_RR (1)"]),
    help=tr("Form; default: as the data says, else FA (3).", "Wzór; domyślnie wg danych, inaczej FA (3)."),
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help=tr("Write the document to this file.", "Zapisz dokument do tego pliku."),
)
@click.option("--force", is_flag=True, help=tr("Write over the file.", "Nadpisz plik."))
@click.option(
    "--advance",
    "advances",
    multiple=True,
    type=FILE,
    help=tr(
        "An advance invoice (XML) that a settlement (ROZ) takes off (repeatable); a file named by its KSeF number "
        "fills FakturaZaliczkowa.",
        "Faktura zaliczkowa (XML) odliczana w fakturze rozliczającej (ROZ), można powtarzać; plik nazwany numerem "
        "KSeF wypełnia FakturaZaliczkowa.",
    ),
)
@click.option(
    "--example",
    metavar=tr("KIND", "RODZAJ"),
    help=tr("Print a starting point of this kind as YAML.", "Wypisz punkt wyjścia danego rodzaju jako YAML."),
)
@click.option("--kinds", is_flag=True, help=tr("List the kinds of examples.", "Wypisz rodzaje przykładów."))
@click.option("--pretty", is_flag=True, help=tr("Indent the document.", "Dokument z wcięciami."))
@json_option
@click.pass_context
def new(
    context: click.Context,
    file: Path | None,
    code: str | None,
    output: Path | None,
    force: bool,
    advances: tuple[Path, ...],
    example: str | None,
    kinds: bool,
    pretty: bool,
    as_json: bool,
) -> int:
    if kinds or example is not None:
        _examples(context, example, as_json)
        return 0
    if file is None:
        raise click.UsageError(
            tr(
                "give a file, - for standard input, or --example",
                "podaj plik, - dla standardowego wejścia albo --example",
            ),
            context,
        )
    from klucznik.documents import build, complete, load, objects
    from klucznik.documents.forms import FORMS
    from klucznik.documents.invoice import DocumentFault

    data = load.load(content_of(file))
    form = FORMS[code] if code else objects.form_of_data(data)
    invoice = objects.from_plain(data, form)
    given = set(_paths(objects.to_plain(invoice, form)))
    complete.complete(invoice, now=datetime.now(UTC), form=form, advances=_advances(advances))
    try:
        document = build.xml_of(invoice)
    except DocumentFault as refused:
        for fault in refused.faults:
            click.echo(f"✗ {fault.message}", err=True)
        return 1
    if pretty:
        document = _indented(document)
    computed = [path for path in _paths(objects.to_plain(invoice)) if path not in given]
    _write(document, output, force, quiet=as_json)
    if as_json:
        place = {"file": str(output)} if output else {"xml": document.decode()}
        amounts = {name: f"{amount}" for name, amount in _totals(invoice)}
        print_json({"form": form.system_code, **place, "totals": amounts, "computed": computed})
    else:
        _tell(invoice, form, computed)
    return 0


def _examples(context: click.Context, kind: str | None, as_json: bool) -> None:
    from klucznik.documents import examples

    if kind is None:
        if as_json:
            print_json({name: examples.what(name) for name in examples.EXAMPLES})
            return
        for name in examples.EXAMPLES:
            click.echo(f"{name:<18}{examples.what(name)}")
    elif kind not in examples.EXAMPLES:
        names = ", ".join(examples.EXAMPLES)
        raise click.UsageError(
            tr(f"no example is called {kind!r}; there are {names}", f"nie ma przykładu {kind!r}; są {names}"),
            context,
        )
    elif as_json:
        print_json(examples.example(kind))
    else:
        click.echo(examples.commented(kind), nl=False)


def _advances(files: tuple[Path, ...]) -> list[Advance]:
    """The advance invoices, each with its KSeF number when the file is named by it."""
    from klucznik.documents import fa, read
    from klucznik.documents.complete import Advance
    from klucznik.wire.ids import is_ksef_number

    found = []
    for path in files:
        try:
            invoice = read.invoice(path.read_bytes(), check=True)
        except KlucznikError as error:
            raise Unreadable(f"{path}: {error.message}", hint=error.hint) from None
        if not isinstance(invoice, fa.Faktura):
            raise Unreadable(tr(f"{path} is no advance invoice", f"{path} to nie faktura zaliczkowa"))
        found.append(Advance(invoice, path.stem if is_ksef_number(path.stem) else ""))
    return found


def _write(document: bytes, output: Path | None, force: bool, *, quiet: bool) -> None:
    if output is None:
        if not quiet:
            sys.stdout.buffer.write(document + b"\n")
        return
    try:
        with output.open("wb" if force else "xb") as file:
            file.write(document)
    except FileExistsError:
        raise Unwritable(
            tr(f"{output} is there already", f"{output} już istnieje"),
            hint=tr("--force writes over it", "--force go nadpisze"),
        ) from None


def _indented(document: bytes) -> bytes:
    from lxml import etree

    from klucznik.documents import xml

    root = xml.parse(document)
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _paths(data: Any, where: str = "") -> list[str]:
    """The places of all values in plain data."""
    if isinstance(data, dict):
        return [path for name, value in data.items() for path in _paths(value, f"{where}/{name}".lstrip("/"))]
    if isinstance(data, list):
        return [path for n, value in enumerate(data, 1) for path in _paths(value, f"{where}[{n}]")]
    return [where]


def _totals(invoice: fa.Faktura | rr.Faktura) -> list[tuple[str, Decimal]]:
    from klucznik.documents import rr

    body = invoice.FakturaRR if isinstance(invoice, rr.Faktura) else invoice.Fa
    return [
        (name, value)
        for name, value in vars(body).items()
        if name.startswith(_TOTALS) and isinstance(value, Decimal)
    ]


def _tell(invoice: fa.Faktura | rr.Faktura, form: Form, computed: list[str]) -> None:
    """On standard error: the totals, which of them were worked out, and how."""
    from klucznik.documents import labels
    from klucznik.documents.complete import method

    paths = set(computed)
    for name, amount in _totals(invoice):
        mark = "=" if f"{form.body}/{name}" in paths else " "
        click.echo(f"{mark} {name:<9}{amount:>18,.2f}  {labels.label(form, name)}".rstrip(), err=True)
    if any(f"{form.body}/{name}" in paths for name, _ in _totals(invoice)):
        click.echo(tr("= worked out; tax ", "= obliczone; podatek ") + method(invoice), err=True)
