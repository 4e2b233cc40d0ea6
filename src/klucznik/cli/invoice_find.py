"""`klucznik invoice find | get | export`: invoices that are at KSeF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klucznik.cli.access import Access, access_options
from klucznik.cli.arguments import KSEF_NUMBER
from klucznik.cli.common import print_json
from klucznik.cli.invoice_filters import Wanted, filter_options
from klucznik.cli.options import json_option
from klucznik.cli.showing import Column, dumped, show_all, stacked, waiting
from klucznik.files import write_private
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.wire.invoices import InvoiceMetadata

_MOST = 100


@click.command(
    help=tr(
        "Find invoices at KSeF by their metadata: parties, dates, amounts, kinds.\n\nThe filters hold all "
        "together. KSeF allows twenty such queries an hour; to keep a copy of everything there is `klucznik "
        "receive`.",
        "Znajdź faktury w KSeF po metadanych: strony, daty, kwoty, rodzaje.\n\nFiltry obowiązują łącznie. KSeF "
        "pozwala na dwadzieścia takich zapytań na godzinę; do pobierania wszystkiego służy `klucznik receive`.",
    )
)
@filter_options
@click.option(
    "--sort",
    type=click.Choice(["newest", "oldest"]),
    default="newest",
    show_default=True,
    help=tr("Which come first.", "Które najpierw."),
)
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=_MOST,
    show_default=True,
    metavar="N",
    help=tr("How many at most.", "Ile najwyżej."),
)
@access_options
@json_option
def find(wanted: Wanted, sort: str, limit: int, access: Access, as_json: bool) -> None:
    from klucznik.client import receiving
    from klucznik.wire.common import SortOrder

    filters = wanted.filters()
    order = SortOrder.Asc if sort == "oldest" else SortOrder.Desc
    found = access.login().run(receiving.query_some(filters, limit, sort_order=order))
    other = (
        Column(tr("buyer", "nabywca"), _buyer)
        if wanted.role == "seller"
        else Column(tr("seller", "sprzedawca"), lambda item: item.seller.name or item.seller.nip)
    )
    number = Column(tr("KSeF number", "numer KSeF"), lambda item: item.ksef_number, whole=True)
    amount = Column(
        tr("gross", "brutto"), lambda item: f"{item.gross_amount:.2f} {item.currency}", right=True, whole=True
    )
    show_all(
        found.invoices,
        [
            number,
            Column(tr("issued", "wystawiona"), lambda item: item.issue_date, whole=True),
            Column(tr("kind", "rodzaj"), lambda item: item.invoice_type.value),
            Column(tr("invoice", "faktura"), lambda item: item.invoice_number),
            other,
            amount,
        ],
        narrow=[
            Column(
                tr("KSeF number, issued, kind", "numer KSeF, wystawiona, rodzaj"),
                lambda item: stacked(item.ksef_number, f"{item.issue_date} {item.invoice_type.value}"),
                whole=True,
            ),
            Column(
                f"{tr('invoice', 'faktura')}, {other.title}",
                lambda item: stacked(item.invoice_number, other.value(item)),
            ),
            amount,
        ],
        as_json=as_json,
    )
    if found.has_more:
        click.echo(
            tr(
                f"There are more than {len(found.invoices)}: raise --limit, or narrow the search.",
                f"Jest ich więcej niż {len(found.invoices)}: zwiększ --limit albo zawęź wyszukiwanie.",
            ),
            err=True,
        )


def _buyer(item: InvoiceMetadata) -> str | None:
    return item.buyer.name or item.buyer.identifier.value


@click.command(
    help=tr(
        "Fetch invoices by their KSeF numbers, each as NUMBER.xml, the bytes exactly as sent.",
        "Pobierz faktury po numerach KSeF, każdą jako NUMER.xml, bajty dokładnie jak wysłane.",
    )
)
@click.argument("numbers", nargs=-1, required=True, type=KSEF_NUMBER)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help=tr("Folder, default: here.", "Katalog, domyślnie bieżący."),
)
@access_options
@json_option
def get(numbers: tuple[str, ...], out: Path, access: Access, as_json: bool) -> None:
    from klucznik.client import receiving

    ksef = access.login()
    out.mkdir(parents=True, exist_ok=True)
    for number in dict.fromkeys(numbers):
        xml = ksef.call(receiving.download(number))
        path = out / f"{number}.xml"
        write_private(path, xml)
        if as_json:
            print_json({"ksefNumber": number, "file": str(path), "bytes": len(xml)})
        else:
            click.echo(str(path))


@click.command(
    help=tr(
        "Export a package of up to 10,000 invoices into a folder: XML and metadata, every hash checked.\n\n"
        "The filters are those of `klucznik invoice find`. Exit code 1 where there are more than fit into "
        "one package: the line tells from when on.",
        "Wyeksportuj paczkę do 10 000 faktur do katalogu: XML i metadane, każdy skrót sprawdzony.\n\nFiltry jak "
        "w `klucznik invoice find`. Kod wyjścia 1, gdy faktur jest więcej niż mieści paczka: wiersz mówi, od "
        "kiedy kontynuować.",
    )
)
@filter_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help=tr("Folder to write to.", "Katalog wynikowy."),
)
@click.option(
    "--metadata-only",
    is_flag=True,
    help=tr("No documents, only metadata.json.", "Bez dokumentów, tylko metadata.json."),
)
@click.option(
    "--compression",
    type=click.Choice(["TarGz", "Zip"], case_sensitive=False),
    default="TarGz",
    show_default=True,
    help=tr("How KSeF packs it.", "Jak KSeF pakuje."),
)
@access_options
@json_option
def export(
    wanted: Wanted, out: Path, metadata_only: bool, compression: str, access: Access, as_json: bool
) -> int:
    from klucznik.client import exports
    from klucznik.wire.common import CompressionType

    filters = wanted.filters()
    ksef = access.login()
    out.mkdir(parents=True, exist_ok=True)
    listed: list[InvoiceMetadata] = []

    def keep(item: InvoiceMetadata, xml: bytes) -> None:
        write_private(out / f"{item.ksef_number}.xml", xml)
        listed.append(item)

    with waiting(tr("KSeF makes the package …", "KSeF przygotowuje paczkę …")):
        if metadata_only:
            made, listed = ksef.run(exports.export_metadata(filters))
        else:
            made = ksef.run(exports.export(filters, keep, compression=CompressionType(compression)))
    records = [dumped(item) for item in listed]
    write_private(out / "metadata.json", json.dumps(records, ensure_ascii=False, indent=1).encode())
    last = made.last.isoformat() if made.last else None
    if as_json:
        print_json(
            {
                "referenceNumber": made.reference,
                "invoiceCount": made.count,
                "isTruncated": made.is_truncated,
                "last": last,
                "folder": str(out),
            }
        )
    else:
        click.echo(tr(f"{made.count} invoices in {out}", f"Faktury w {out}: {made.count}"))
        if made.is_truncated:
            click.echo(tr(f"There are more: --since {last}", f"Jest ich więcej: --since {last}"), err=True)
    return 1 if made.is_truncated else 0
