"""`klucznik peppol`: the Peppol providers that KSeF knows."""

from __future__ import annotations

import click

from klucznik.cli.options import Place, json_option, ksef_option
from klucznik.cli.showing import Column, day, show_all
from klucznik.lang import tr


@click.group(help=tr("Peppol providers known to KSeF.", "Dostawcy usług Peppol znani KSeF."))
def peppol() -> None:
    pass


@peppol.command(
    "list",
    help=tr(
        "List Peppol providers, newest first. A company permits one by `klucznik permission authorize "
        "--permission PefInvoicing`.",
        "Pokaż dostawców Peppol, od najnowszego. Firma upoważnia dostawcę przez `klucznik permission "
        "authorize --permission PefInvoicing`.",
    ),
)
@ksef_option
@json_option
def list_(place: Place, as_json: bool) -> None:
    from klucznik.client import peppol as calls

    show_all(
        place.client().run(calls.query_all()),
        [
            Column("Peppol", lambda item: item.id, whole=True),
            Column(tr("name", "nazwa"), lambda item: item.name),
            Column(tr("since", "od"), lambda item: day(item.date_created), whole=True),
        ],
        as_json=as_json,
    )
