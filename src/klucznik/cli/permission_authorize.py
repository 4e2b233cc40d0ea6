"""`klucznik permission authorize | unit-admin | eu-admin`: those who act from a context of their own."""

from __future__ import annotations

import click

from klucznik.cli.access import Access, access_options
from klucznik.cli.arguments import CONTEXT, Context
from klucznik.cli.options import json_option
from klucznik.cli.permission_grant import carry_out
from klucznik.cli.whom import Whom, description_option, whom_options
from klucznik.lang import tr

_AUTHORIZATIONS = ("SelfInvoicing", "RRInvoicing", "TaxRepresentative", "PefInvoicing")


@click.command(
    help=tr(
        "Let another company act for this one from its own context: self-invoicing, VAT RR, tax "
        "representative; a Peppol provider for PEF.",
        "Pozwól innej firmie działać za tę z jej własnego kontekstu: samofakturowanie, VAT RR, "
        "przedstawiciel podatkowy; dostawcy Peppol dla PEF.",
    )
)
@click.option(
    "--to",
    "to",
    type=(click.Choice(["Nip", "PeppolId"], case_sensitive=False), str),
    required=True,
    metavar=tr("TYPE VALUE", "TYP WARTOŚĆ"),
    help=tr("Whom: Nip or PeppolId, and the number.", "Komu: Nip albo PeppolId i numer."),
)
@click.option(
    "--entity",
    required=True,
    metavar=tr("NAME", "NAZWA"),
    help=tr("Full name of the company.", "Pełna nazwa firmy."),
)
@click.option(
    "--permission",
    "wanted",
    type=click.Choice(_AUTHORIZATIONS, case_sensitive=False),
    required=True,
    help=tr("What it may do.", "Co jej wolno."),
)
@description_option
@access_options
@json_option
def authorize(
    to: tuple[str, str], entity: str, wanted: str, description: str, access: Access, as_json: bool
) -> None:
    from klucznik.client import permissions as calls

    call = calls.grant_authorization(to, wanted, entity, description)
    carry_out(access, call, f"{to[0]} {to[1]}: {wanted}", as_json=as_json)


@click.command(
    "unit-admin",
    help=tr(
        "Appoint the administrator of an internal unit, or of a member of a VAT group or local "
        "government.\n\nA unit begins to exist with its first administrator: its number is the company's NIP, "
        "a hyphen, four digits of your choice, and a check digit. He then grants what is needed inside.",
        "Ustanów administratora jednostki wewnętrznej albo członka grupy VAT lub JST.\n\nJednostka zaczyna "
        "istnieć z pierwszym administratorem: jej numer to NIP firmy, łącznik, cztery wybrane cyfry i cyfra "
        "kontrolna. On nadaje potem uprawnienia wewnątrz.",
    ),
)
@whom_options("Nip", "Pesel", "Fingerprint")
@click.option(
    "--unit",
    type=CONTEXT,
    required=True,
    metavar="NIP-NNNNN",
    help=tr("The unit, or the NIP of the member.", "Jednostka albo NIP członka."),
)
@click.option(
    "--unit-name",
    default=None,
    metavar=tr("NAME", "NAZWA"),
    help=tr("Name of the unit: 5 to 256 characters.", "Nazwa jednostki: od 5 do 256 znaków."),
)
@description_option
@access_options
@json_option
def unit_admin(
    whom: Whom, unit: Context, unit_name: str | None, description: str, access: Access, as_json: bool
) -> None:
    from klucznik.client import permissions as calls

    if unit.type not in ("InternalId", "Nip"):
        raise click.UsageError(
            tr(f"--unit {unit} is neither a unit nor a NIP.", f"--unit {unit} to ani jednostka, ani NIP.")
        )
    if unit.type == "InternalId" and unit_name is None:
        raise click.UsageError(tr("A unit needs --unit-name.", "Jednostka wymaga --unit-name."))
    call = calls.grant_subunit(
        whom.identifier, (unit.type, unit.value), whom.person_details(), description, unit_name=unit_name
    )
    carry_out(access, call, f"{whom}: {unit}", as_json=as_json)


@click.command(
    "eu-admin",
    help=tr(
        "Let an EU entity invoice itself: appoint the administrator of its context.\n\nHe is known by the "
        "fingerprint of a certificate (`klucznik cert fingerprint FILE`), logs in with --company "
        "NIP-VATNUMBER, and there permits representatives by `klucznik permission grant`.",
        "Dopuść podmiot unijny do samofakturowania: ustanów administratora jego kontekstu.\n\nJest znany z "
        "odcisku palca certyfikatu (`klucznik cert fingerprint PLIK`), loguje się z --company NIP-NUMERVAT i "
        "tam uprawnia przedstawicieli przez `klucznik permission grant`.",
    ),
)
@whom_options("Fingerprint")
@click.option(
    "--vat",
    "vat_ue",
    required=True,
    metavar="DE123456789",
    help=tr("VAT number of the EU entity.", "Numer VAT UE podmiotu."),
)
@click.option(
    "--eu-name",
    required=True,
    metavar=tr("NAME", "NAZWA"),
    help=tr("Full name of the EU entity.", "Pełna nazwa podmiotu unijnego."),
)
@click.option(
    "--eu-address",
    required=True,
    metavar=tr("TEXT", "TEKST"),
    help=tr("Its address.", "Jego adres."),
)
@description_option
@access_options
@json_option
def eu_admin(
    whom: Whom,
    vat_ue: str,
    eu_name: str,
    eu_address: str,
    description: str,
    access: Access,
    as_json: bool,
) -> None:
    from klucznik.client import permissions as calls

    context = CONTEXT.convert(f"{access.context.value}-{vat_ue}", None, None)
    if access.context.type != "Nip" or context.type != "NipVatUe":
        raise click.UsageError(
            tr(
                f"{vat_ue!r} is no VAT number of an EU entity, or --company is no NIP.",
                f"{vat_ue!r} to nie numer VAT UE albo --company to nie NIP.",
            )
        )
    call = calls.grant_eu_administration(
        whom.identifier[1],
        context.value,
        whom.eu_details(),
        description,
        full_name=eu_name,
        address=eu_address,
    )
    carry_out(access, call, f"{whom}: {context}", as_json=as_json)
