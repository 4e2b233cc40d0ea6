"""`klucznik permission`: who may work in a company's context: grant, revoke, list."""

from __future__ import annotations

import click

from klucznik.cli.lazy import LazyGroup, Table
from klucznik.lang import tr

COMMANDS: Table = {
    "grant": (
        "permission_grant:grant",
        tr(
            "Let a person or a company work in the context.",
            "Pozwól osobie lub firmie pracować w kontekście.",
        ),
    ),
    "authorize": (
        "permission_authorize:authorize",
        tr("Let a company act from its own context.", "Pozwól firmie działać z jej własnego kontekstu."),
    ),
    "unit-admin": (
        "permission_authorize:unit_admin",
        tr("Appoint the administrator of a unit.", "Ustanów administratora jednostki."),
    ),
    "eu-admin": (
        "permission_authorize:eu_admin",
        tr("Let an EU entity invoice itself.", "Dopuść podmiot unijny do samofakturowania."),
    ),
    "revoke": ("permission_grant:revoke", tr("Revoke a permission.", "Odbierz uprawnienie.")),
    "status": (
        "permission_grant:status",
        tr("What became of a grant or revocation.", "Co stało się z nadaniem lub odebraniem."),
    ),
    "list": ("permission_list:list_", tr("List permissions.", "Pokaż uprawnienia.")),
    "roles": (
        "permission_list:roles",
        tr("List the company's roles, or its subordinates.", "Pokaż role firmy albo jej podmioty podrzędne."),
    ),
    "attachments": (
        "permission_list:attachments",
        tr("Whether invoices with attachments may be sent.", "Czy wolno wysyłać faktury z załącznikami."),
    ),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    help=tr(
        "Grant, list and revoke permissions.\n\nYou work as the owner of the company or with CredentialsManage "
        "there. What is granted or revoked counts from the next login on.",
        "Nadaj, pokaż i odbierz uprawnienia.\n\nDziałasz jako właściciel firmy albo z uprawnieniem "
        "CredentialsManage. Nadanie i odebranie działa od następnego logowania.",
    ),
)
def permission() -> None:
    pass
