"""`klucznik cert`: certificates to log in and to sign codes with."""

from __future__ import annotations

import click

from klucznik.cli.lazy import LazyGroup, Table
from klucznik.lang import tr

COMMANDS: Table = {
    "new": (
        "cert_new:new",
        tr("Make a self-signed test certificate.", "Utwórz samopodpisany certyfikat testowy."),
    ),
    "enrol": (
        "cert_ksef:enrol",
        tr("Apply for a KSeF certificate and fetch it.", "Złóż wniosek o certyfikat KSeF i pobierz go."),
    ),
    "list": ("cert_ksef:list_", tr("List your KSeF certificates.", "Pokaż swoje certyfikaty KSeF.")),
    "revoke": ("cert_ksef:revoke", tr("Revoke a KSeF certificate.", "Unieważnij certyfikat KSeF.")),
    "limits": (
        "cert_ksef:limits",
        tr(
            "How many KSeF certificates you may still get.",
            "Ile certyfikatów KSeF można jeszcze uzyskać.",
        ),
    ),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    help=tr(
        "Certificates: self-signed ones for tests, and those that KSeF issues.",
        "Certyfikaty: samopodpisane do testów i wydawane przez KSeF.",
    ),
)
def cert() -> None:
    pass
