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
    "get": (
        "cert_get:get",
        tr("Fetch KSeF certificates by serial number.", "Pobierz certyfikaty KSeF po numerze seryjnym."),
    ),
    "fingerprint": (
        "cert_get:show_fingerprint",
        tr(
            "The fingerprint by which a certificate is permitted.",
            "Odcisk palca, po którym certyfikat dostaje uprawnienia.",
        ),
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
