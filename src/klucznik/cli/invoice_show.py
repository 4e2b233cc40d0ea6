"""`klucznik invoice show` and `pdf`: an invoice as a person reads it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from klucznik.cli.common import FILE, FILE_OR_INPUT, content_of, print_json
from klucznik.cli.options import Signer, json_option
from klucznik.cli.printing import Paper, console, language_option, paper_options, watermark_option
from klucznik.errors import KlucznikError
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.documents import fa, rr
    from klucznik.documents.invoice import Facts
    from klucznik.documents.view.blocks import Sheet

    #: An invoice as typed objects, or what is known of a PEF.
    Document = fa.Faktura | rr.Faktura | Facts

_number_option = click.option(
    "--ksef-number",
    default="",
    metavar="NUMBER",
    help=tr(
        "KSeF number of the invoice; default: the file's name when it is one.",
        "Numer KSeF faktury; domyślnie nazwa pliku, gdy jest takim numerem.",
    ),
)


@click.command(
    help=tr(
        "Show an invoice in the terminal as a person reads it.\n\nFILE may be - for standard input. With --json its elements, by their names in "
        "the schema, values as they are written; `klucznik invoice new` makes the same invoice of them.",
        "Pokaż fakturę w terminalu tak, jak czyta ją człowiek.\n\nFILE może być - (standardowe wejście). Z --json jej elementy, pod nazwami ze schematu, "
        "z wartościami tak, jak je zapisano; `klucznik invoice new` utworzy z nich tę samą fakturę.",
    )
)
@click.argument("file", type=FILE_OR_INPUT)
@_number_option
@language_option
@json_option
def show(file: Path, ksef_number: str, language: str | None, as_json: bool) -> None:
    document = _read(content_of(file))
    ksef_number = _checked(ksef_number, file, document)
    if as_json:
        print_json(_plain(document))
        return
    from klucznik.documents.view import terminal

    terminal.show(_sheet(document, ksef_number=ksef_number, language=language), console())


@click.command(
    help=tr(
        "Print invoices as PDF (A4, PDF/UA) or as HTML, beside each file.\n\nThe code KOD I is made of the file's "
        "bytes and leads to the environment --ksef; without a KSeF number it says OFFLINE. An invoice issued offline carries KOD II as well "
        "(--certificate). Of a PEF document "
        "only the main data is printed. Files are not overwritten without --force.",
        "Zapisz faktury jako PDF (A4, PDF/UA) albo HTML, obok każdego pliku.\n\nKod KOD I powstaje z bajtów pliku "
        "i prowadzi do środowiska --ksef; bez numeru KSeF ma podpis OFFLINE. Faktura wystawiona offline ma też KOD II "
        "(--certificate). Z dokumentu PEF drukowane są tylko "
        "główne dane. Pliki nie są nadpisywane bez --force.",
    )
)
@click.argument("files", nargs=-1, required=True, type=FILE)
@paper_options
@_number_option
@language_option
@click.option("--no-qr", is_flag=True, help=tr("Without the code.", "Bez kodu."))
@click.option(
    "--ksef",
    "environment",
    default="local",
    show_default=True,
    envvar="KLUCZNIK_KSEF",
    metavar="NAME|URL",
    help=tr(
        "Where the code leads: local, test, demo, prd, or a URL.",
        "Dokąd prowadzi kod: local, test, demo, prd albo adres URL.",
    ),
)
@click.option(
    "--certificate",
    "cert_path",
    type=FILE,
    help=tr(
        "Offline certificate of the issuer, PEM or PKCS#12: prints KOD II too.",
        "Certyfikat wystawcy typu Offline, PEM albo PKCS#12: drukuje też KOD II.",
    ),
)
@click.option(
    "--key",
    "key_path",
    type=FILE,
    help=tr(
        "Private key, when it is not in the certificate's file.",
        "Klucz prywatny, gdy nie ma go w pliku certyfikatu.",
    ),
)
@watermark_option
def pdf(
    files: tuple[Path, ...],
    paper: Paper,
    ksef_number: str,
    language: str | None,
    no_qr: bool,
    environment: str,
    cert_path: Path | None,
    key_path: Path | None,
    watermark: str,
) -> int:
    from klucznik.cli.qr import base_of, codes_of

    if ksef_number and len(files) > 1:
        raise click.UsageError(
            tr("--ksef-number goes with one invoice.", "--ksef-number dotyczy jednej faktury.")
        )
    if (cert_path is None and key_path) or (cert_path and no_qr):
        raise click.UsageError(
            tr(
                "--key needs --certificate, and --certificate prints a code.",
                "--key wymaga --certificate, a --certificate drukuje kod.",
            )
        )
    base = "" if no_qr else base_of(environment)
    identity = Signer(cert_path, key_path).identity() if cert_path else None

    def make(file: Path, content: bytes) -> tuple[Sheet, int]:
        document = _read(content)
        number = _checked(ksef_number, file, document)
        made = _sheet(
            document,
            ksef_number=number,
            invoice_link=_link(base, document, content) if base else "",
            certificate_link=codes_of(file, base, number, identity, None).second if identity else "",
            language=language,
            watermark=watermark,
        )
        return made, _created(document)

    return paper.print(files, make)


# ---- the document ----------------------------------------------------------------------------------


def _read(content: bytes) -> Document:
    from klucznik.documents import read, xml
    from klucznik.documents.recognise import recognise

    root = xml.parse(content)
    form = recognise(root)
    if form.faktura is not None:
        return read.invoice(root, form, check=True)
    from klucznik.documents import facts

    return facts.read(root, form)


def _sheet(document: Document, **more: Any) -> Sheet:
    from klucznik.documents.invoice import Facts

    if isinstance(document, Facts):
        from klucznik.documents.view import pef

        return pef.sheet(document, **more)
    from klucznik.documents.view import invoices

    return invoices.sheet(document, **more)


def _plain(document: Document) -> object:
    from klucznik.documents import objects
    from klucznik.documents.invoice import Facts

    if isinstance(document, Facts):
        raise KlucznikError(
            tr("There is no JSON of a PEF document.", "Dokument PEF nie ma postaci JSON."),
            hint=tr("leave --json out to see its main data", "bez --json pokażę jego główne dane"),
        )
    return objects.to_plain(document)


def _facts_of(document: Document) -> tuple[str, date]:
    """Seller's NIP and issue date."""
    from klucznik.documents import fa
    from klucznik.documents.invoice import Facts

    if isinstance(document, Facts):
        return document.seller_nip, document.issue_date
    nip = document.Podmiot1.DaneIdentyfikacyjne.NIP
    return nip, document.Fa.P_1 if isinstance(document, fa.Faktura) else document.FakturaRR.P_4B


def _created(document: Document) -> int:
    """When the document was made: the paper then has the same bytes each time. Unix seconds, 0 unknown."""
    from klucznik.documents.invoice import Facts

    made = document.created if isinstance(document, Facts) else document.Naglowek.DataWytworzeniaFa
    return int(made.timestamp()) if made else 0


def _checked(given: str, file: Path, document: Document) -> str:
    """The KSeF number: given, or the file's name. It has to be one, and of this seller."""
    named = file.stem
    # The wire is slow to import: not for a name that is too short or too long.
    if not given and len(named) not in (35, 36):
        return ""
    from klucznik.wire.ids import check_ksef_number, is_ksef_number

    seller, _ = _facts_of(document)
    if not given:
        return named if is_ksef_number(named) and named[:10] == seller else ""
    check_ksef_number(given)
    if given[:10] != seller:
        raise KlucznikError(
            tr(
                f"{given} is not the number of {file}: its seller is {seller}.",
                f"{given} to nie numer {file}: sprzedawcą jest {seller}.",
            )
        )
    return given


def _link(base: str, document: Document, content: bytes) -> str:
    """KOD I. Only production insists on the check digit of a NIP."""
    from klucznik.crypto import qr

    nip, issued = _facts_of(document)
    return qr.invoice_link(base, nip, issued, qr.digest_of(content), checksum=base == qr.QR_HOSTS["prd"])
