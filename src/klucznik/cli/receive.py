"""`klucznik receive`: everything stored for a company since the last time, into a folder."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from klucznik.cli.common import print_json
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
from klucznik.errors import Unreadable
from klucznik.files import write_private
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.wire.invoices import InvoiceMetadata

_ROLES = {"buyer": "Subject2", "seller": "Subject1", "third": "Subject3", "authorized": "SubjectAuthorized"}


@click.command(
    help=tr(
        "Receive invoices into a folder: XML and metadata, each once.\n\nThe folder keeps a bookmark for each "
        "role; the next run goes on from there. Nothing is missed: the walk follows the day of permanent "
        "storage up to the high-water mark that KSeF gives.",
        "Odbierz faktury do katalogu: XML i metadane, każdą raz.\n\nKatalog pamięta zakładkę dla każdej roli; "
        "następne uruchomienie idzie od niej. Nic nie ginie: odbiór idzie po dacie trwałego zapisu do znacznika "
        "HWM podanego przez KSeF.",
    )
)
@company_option()
@name_option()
@click.option(
    "--role",
    "roles",
    type=click.Choice(list(_ROLES)),
    multiple=True,
    default=("buyer",),
    show_default=True,
    help=tr("In which role the company stands on the invoices.", "W jakiej roli firma jest na fakturach."),
)
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help=tr(
        "Where the first run begins, default 90 days ago.",
        "Skąd zaczyna pierwszy odbiór, domyślnie 90 dni temu.",
    ),
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help=tr("Folder to keep.", "Katalog docelowy."),
)
@click.option(
    "--export",
    "by_export",
    is_flag=True,
    help=tr(
        "Fetch packages of up to 10,000 invoices instead of one by one: for many.",
        "Pobieraj paczki do 10 000 faktur zamiast po jednej: gdy jest ich wiele.",
    ),
)
@vault_options
@ksef_option
@json_option
def receive(
    nip: str,
    name: str | None,
    roles: tuple[str, ...],
    since: datetime | None,
    out: Path,
    by_export: bool,
    unlock: Unlock,
    place: Place,
    as_json: bool,
) -> None:
    from klucznik.client import receiving

    walk = receiving.receive_exported if by_export else receiving.receive_since
    ksef = company_client(place, nip, name, unlock)
    for role in roles:
        folder = Folder(out, nip, role)
        start = folder.bookmark(since.replace(tzinfo=UTC) if since else None)

        def keep(item: InvoiceMetadata, xml: bytes, role: str = role, folder: Folder = folder) -> None:
            folder.keep(item, xml)
            if as_json:
                shown = {
                    "role": role,
                    "ksefNumber": item.ksef_number,
                    "file": str(folder.path(item.ksef_number)),
                }
                print_json(shown)
            else:
                click.echo(
                    f"✓ {item.ksef_number}  {item.invoice_number}  {item.gross_amount} {item.currency}"
                )

        received = ksef.run(walk(_ROLES[role], start, keep, folder))
        folder.move_bookmark(received.bookmark)
        if not as_json:
            click.echo(
                tr(
                    f"New invoices ({role}): {received.count}, complete up to {received.bookmark:%Y-%m-%d %H:%M:%S} UTC.",
                    f"Nowe faktury ({role}): {received.count}, komplet do {received.bookmark:%Y-%m-%d %H:%M:%S} UTC.",
                )
            )


class Folder:
    """`OUT/NIP/role`: NUMBER.xml and NUMBER.json for each invoice, and the bookmark.

    An invoice is written before the bookmark moves, so a crash repeats a little and loses nothing.
    """

    def __init__(self, out: Path, nip: str, role: str) -> None:
        self.folder = out / nip / role
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, ksef_number: str) -> Path:
        """Where an invoice lies. The number has been checked against the contract's pattern."""
        return self.folder / f"{ksef_number}.xml"

    def __contains__(self, ksef_number: object) -> bool:
        return isinstance(ksef_number, str) and self.path(ksef_number).exists()

    def keep(self, item: InvoiceMetadata, xml: bytes) -> None:
        """Metadata first: where the XML is, both are."""
        write_private(self.path(item.ksef_number).with_suffix(".json"), item.json_bytes())
        write_private(self.path(item.ksef_number), xml)

    def bookmark(self, first: datetime | None) -> datetime:
        """Where to go on: the stored bookmark, `first`, or 90 days ago."""
        from datetime import timedelta

        from klucznik.clock import SystemClock

        path = self.folder / "bookmark.json"
        if not path.exists():
            return first or SystemClock().now() - timedelta(days=90)
        try:
            return datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["permanentStorage"])
        except (ValueError, KeyError, TypeError):
            raise Unreadable(
                tr(f"{path} is damaged.", f"{path} jest uszkodzony."),
                hint=tr(
                    "delete it and give --since: invoices already there are not fetched again",
                    "usuń go i podaj --since: faktury, które już są, nie będą pobrane ponownie",
                ),
            ) from None

    def move_bookmark(self, moment: datetime) -> None:
        write_private(
            self.folder / "bookmark.json", json.dumps({"permanentStorage": moment.isoformat()}).encode()
        )
