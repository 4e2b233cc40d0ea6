"""`klucznik upo`: get receipts, verify, show and print them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klucznik.cli.arguments import ReferenceType
from klucznik.cli.common import FILE, FILE_OR_INPUT, content_of, print_json
from klucznik.cli.options import (
    Place,
    Unlock,
    company_client,
    company_option,
    json_option,
    ksef_option,
    name_option,
    vault_options,
)
from klucznik.cli.printing import Paper, console, language_option, paper_options
from klucznik.errors import Unreadable
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.documents.upo.verifying import UpoFinding
    from klucznik.documents.view.blocks import Sheet


@click.group(
    help=tr("Get, verify, show and print UPO receipts.", "Pobierz, zweryfikuj, pokaż i wydrukuj UPO.")
)
def upo() -> None:
    pass


@upo.command(
    help=tr(
        "Fetch the UPO of a session, or of one invoice in it, and write it to files.",
        "Pobierz UPO sesji albo jednej faktury z sesji i zapisz do plików.",
    )
)
@company_option()
@name_option()
@click.option(
    "--session", required=True, help=tr("Reference number of the session.", "Numer referencyjny sesji.")
)
@click.option(
    "--page",
    type=ReferenceType("EU"),
    default=None,
    help=tr(
        "One page of the session's UPO (…-EU-…), as `klucznik session show` names it.",
        "Jedna strona UPO sesji (…-EU-…), jak podaje `klucznik session show`.",
    ),
)
@click.option(
    "--invoice",
    default=None,
    help=tr(
        "KSeF number, or reference number of the invoice.", "Numer KSeF albo numer referencyjny faktury."
    ),
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help=tr("Folder, default: here.", "Katalog, domyślnie bieżący."),
)
@vault_options
@ksef_option
@json_option
def get(
    nip: str,
    name: str | None,
    session: str,
    page: str | None,
    invoice: str | None,
    out: Path,
    unlock: Unlock,
    place: Place,
    as_json: bool,
) -> None:
    from klucznik.client import upo as calls
    from klucznik.wire.ids import check_ksef_number, is_reference

    if page is not None and invoice is not None:
        raise click.UsageError(tr("Give --page or --invoice.", "Podaj --page albo --invoice."))
    if invoice is not None and not is_reference(invoice):
        check_ksef_number(invoice)
    ksef = company_client(place, nip, name, unlock)
    if page is not None:
        documents = {f"UPO_{page}.xml": bytes(ksef.call(calls.page(session, page)))}
    elif invoice is None:
        documents = {
            f"UPO_{session}_{number}.xml": page
            for number, page in enumerate(ksef.run(calls.of_session(session)), start=1)
        }
    elif is_reference(invoice):
        documents = {f"UPO_{invoice}.xml": ksef.call(calls.by_invoice(session, invoice))}
    else:
        documents = {f"UPO_{invoice}.xml": ksef.call(calls.by_ksef_number(session, invoice))}
    out.mkdir(parents=True, exist_ok=True)
    for file, document in documents.items():
        (out / file).write_bytes(document)
        if as_json:
            print_json({"file": str(out / file), "bytes": len(document)})
        else:
            click.echo(str(out / file))


@upo.command(
    help=tr(
        "Verify UPO files: the signature, the KSeF numbers, the counts.\n\nWith --invoice the receipt must "
        "confirm exactly these documents (compared by SHA-256); with --trust it must be signed by that "
        "certificate. Exit code 0 in order, 1 not in order, 2 unreadable.",
        "Zweryfikuj pliki UPO: podpis, numery KSeF, liczby.\n\nZ --invoice potwierdzenie musi dotyczyć "
        "właśnie tych dokumentów (porównanie SHA-256); z --trust musi być podpisane tym certyfikatem. Kod "
        "wyjścia 0 w porządku, 1 nie w porządku, 2 nieczytelne.",
    )
)
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option(
    "--invoice",
    "invoices",
    multiple=True,
    type=FILE,
    help=tr(
        "An invoice that it should confirm (repeatable).", "Faktura, którą ma potwierdzać (można powtarzać)."
    ),
)
@click.option(
    "--trust",
    multiple=True,
    type=FILE,
    help=tr("Certificate of the signer (repeatable).", "Certyfikat podpisującego (można powtarzać)."),
)
@json_option
def verify(
    files: tuple[Path, ...], invoices: tuple[Path, ...], trust: tuple[Path, ...], as_json: bool
) -> int:
    from klucznik.crypto.certs import load_certificate
    from klucznik.documents import upo as receipts

    trusted = [load_certificate(path.read_bytes()) for path in trust] or None
    worst = 0
    for path in files:
        try:
            report = receipts.verify(path.read_bytes(), trusted=trusted)
        except Unreadable as error:
            click.echo(f"{tr('Error: ', 'Błąd: ')}{path}: {error.message}", err=True)
            worst = error.exit_code
            continue
        messages = [_said(finding) for finding in report.findings] + _unconfirmed(report.upo, invoices)
        if messages:
            worst = max(worst, 1)
        numbers = [document.ksef_number for document in report.upo.documents]
        if as_json:
            print_json(
                {
                    "file": str(path),
                    "inOrder": not messages,
                    "signatureValid": report.signature_valid,
                    "signer": report.signer,
                    "sessionReferenceNumber": report.upo.session_reference,
                    "ksefNumbers": numbers,
                    "findings": messages,
                }
            )
            continue
        click.echo(f"{'✓' if not messages else '✗'} {path}")
        if report.signature_valid:
            click.echo(f"    {tr('signed by', 'podpisane przez')} {report.signer}")
        count = len(numbers)
        click.echo(
            f"    {tr('session', 'sesja')} {report.upo.session_reference}, "
            + tr(f"invoices ({count}): ", f"faktury ({count}): ")
            + ", ".join(numbers[:3])
            + (" …" if count > 3 else "")
        )
        for message in messages:
            click.echo(f"    ✗ {message}")
    return worst


def _said(finding: UpoFinding) -> str:
    """What is not in order, and with which of perhaps ten thousand documents."""
    number = finding.ksef_number
    return finding.message if number is None or number in finding.message else f"{number}: {finding.message}"


def _unconfirmed(upo: object, invoices: Sequence[Path]) -> list[str]:
    """Invoices whose hash stands on no document of the receipt."""
    from klucznik.crypto.envelope import sha256_base64
    from klucznik.documents.upo import Upo

    assert isinstance(upo, Upo)
    confirmed = {document.invoice_hash for document in upo.documents}
    return [
        tr(f"{path} is not confirmed by it", f"nie potwierdza {path}")
        for path in invoices
        if sha256_base64(path.read_bytes()) not in confirmed
    ]


@upo.command(
    help=tr(
        "Show a UPO in the terminal. Whether it is genuine says `klucznik upo verify`.",
        "Pokaż UPO w terminalu. Czy jest prawdziwe, powie `klucznik upo verify`.",
    )
)
@click.argument("file", type=FILE_OR_INPUT)
@language_option
def show(file: Path, language: str | None) -> None:
    from klucznik.documents import upo as receipts
    from klucznik.documents.view import terminal, upos

    terminal.show(upos.sheet(receipts.read(content_of(file)), language), console())


@upo.command(
    help=tr(
        "Print UPO files as PDF (A4 across) or as HTML, beside each file.\n\nFiles are not overwritten without "
        "--force. Whether a receipt is genuine says `klucznik upo verify`.",
        "Zapisz pliki UPO jako PDF (A4 poziomo) albo HTML, obok każdego pliku.\n\nPliki nie są nadpisywane bez "
        "--force. Czy UPO jest prawdziwe, powie `klucznik upo verify`.",
    )
)
@click.argument("files", nargs=-1, required=True, type=FILE)
@paper_options
@language_option
def pdf(files: tuple[Path, ...], paper: Paper, language: str | None) -> int:
    from klucznik.documents import upo as receipts
    from klucznik.documents.view import upos

    def make(_: Path, content: bytes) -> tuple[Sheet, int]:
        receipt = receipts.read(content)
        last = max(document.acquisition_date for document in receipt.documents)
        return upos.sheet(receipt, language), int(last.timestamp())

    return paper.print(files, make)
