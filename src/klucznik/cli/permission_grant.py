"""`klucznik permission grant | revoke | status`: permissions to work in a context."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from klucznik.cli.access import Access, access_options
from klucznik.cli.arguments import CONTEXT, Context, ReferenceType, known_permissions
from klucznik.cli.common import print_json
from klucznik.cli.options import json_option
from klucznik.cli.showing import dumped, waiting
from klucznik.cli.whom import Whom, description_option, whom_options
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.client.permissions import Operation


@click.command(
    help=tr(
        "Let a person (--person) or a company (--entity) work in the company's context.\n\nA company that "
        "may pass it on (--delegate) is an intermediary, such as an accounting office; with --clients an "
        "office passes on to a person what its clients gave it. In the context of an EU entity it is a "
        "representative of that entity who is permitted.",
        "Pozwól osobie (--person) albo firmie (--entity) pracować w kontekście firmy.\n\nFirma, która może "
        "to przekazać dalej (--delegate), jest pośrednikiem, np. biurem rachunkowym; z --clients biuro "
        "przekazuje osobie to, co dali mu klienci. W kontekście podmiotu unijnego uprawniany jest jego "
        "przedstawiciel.",
    )
)
@whom_options("Nip", "Pesel", "Fingerprint")
@click.option(
    "--permissions",
    "-p",
    "wanted",
    multiple=True,
    required=True,
    metavar=tr("NAME[,NAME...]", "NAZWA[,NAZWA...]"),
    help=tr("Permissions, by their names at KSeF.", "Uprawnienia, nazwami z KSeF."),
)
@click.option(
    "--delegate",
    is_flag=True,
    help=tr("The company may pass it on.", "Firma może przekazać je dalej."),
)
@click.option(
    "--clients",
    is_flag=True,
    help=tr(
        "In the contexts of all clients, or of --client.",
        "W kontekstach wszystkich klientów albo --client.",
    ),
)
@click.option(
    "--client",
    type=CONTEXT,
    default=None,
    metavar="NIP",
    help=tr(
        "In the context of this client (or its unit) alone.", "Tylko w kontekście tego klienta (jednostki)."
    ),
)
@description_option
@access_options
@json_option
def grant(
    whom: Whom,
    wanted: tuple[str, ...],
    delegate: bool,
    clients: bool,
    client: Context | None,
    description: str,
    access: Access,
    as_json: bool,
) -> None:
    from klucznik.client import permissions as calls

    names = known_permissions(wanted)
    is_eu = access.context.type == "NipVatUe"
    if (whom.person is None) == (whom.entity is None):
        raise click.UsageError(tr("Give --person or --entity.", "Podaj --person albo --entity."))
    if is_eu and (delegate or clients or client):
        raise click.UsageError(
            tr(
                "An EU entity has no --delegate, --clients or --client.",
                "Podmiot unijny nie ma --delegate, --clients ani --client.",
            )
        )
    call: Operation
    if is_eu:
        call = calls.grant_eu_entity(whom.identifier[1], names, whom.eu_details(), description)
    elif whom.entity is not None:
        if whom.to[0] != "Nip" or clients or client:
            raise click.UsageError(
                tr("--entity is known by its Nip, without --clients.", "--entity ma Nip, bez --clients.")
            )
        call = calls.grant_entity(whom.to[1], names, whom.entity, description, can_delegate=delegate)
    else:
        if delegate:
            raise click.UsageError(tr("--delegate needs --entity.", "--delegate wymaga --entity."))
        details = whom.person_details()
        if clients or client:
            one = (client.type, client.value) if client else None
            call = calls.grant_indirect(whom.identifier, names, details, description, client=one)
        else:
            call = calls.grant_person(whom.identifier, names, details, description)
    carry_out(access, call, f"{whom}: {', '.join(names)}", as_json=as_json)


@click.command(
    help=tr(
        "Revoke a permission, by the id that `klucznik permission list` shows.",
        "Odbierz uprawnienie o identyfikatorze z `klucznik permission list`.",
    )
)
@click.argument("permission_id", metavar="ID", type=click.UUID)
@click.option(
    "--authorization",
    is_flag=True,
    help=tr("It is one given by `authorize`.", "To uprawnienie nadane przez `authorize`."),
)
@access_options
@json_option
def revoke(permission_id: object, authorization: bool, access: Access, as_json: bool) -> None:
    from klucznik.client import permissions as calls

    number = str(permission_id)
    call = calls.revoke_authorization(number) if authorization else calls.revoke(number)
    carry_out(access, call, number, as_json=as_json)


@click.command(
    help=tr(
        "Say what became of a grant or a revocation, by its reference number.\n\nExit code 1 where it was "
        "refused. KSeF keeps the answer for thirty days.",
        "Powiedz, co stało się z nadaniem lub odebraniem, po numerze referencyjnym.\n\nKod wyjścia 1, gdy "
        "odmówiono. KSeF przechowuje odpowiedź trzydzieści dni.",
    )
)
@click.argument("reference", metavar=tr("NUMBER", "NUMER"), type=ReferenceType("EG"))
@access_options
@json_option
def status(reference: str, access: Access, as_json: bool) -> int:
    from klucznik.client import permissions as calls

    found = access.login().call(calls.operation(reference)).status
    if as_json:
        print_json({"referenceNumber": reference, "status": dumped(found)})
    else:
        click.echo(f"{found.code} {found.description}")
        for detail in found.details or ():
            click.echo(f"    {detail}")
    return 0 if found.code <= 200 else 1


def carry_out(access: Access, call: Operation, what: str, *, as_json: bool) -> None:
    """Start the operation, wait for its end, say how it went."""
    from klucznik.client.permissions import grant_and_wait

    ksef = access.login()
    with waiting(tr("KSeF carries it out …", "KSeF wykonuje …")):
        reference = ksef.run(grant_and_wait(call))
    if as_json:
        print_json({"referenceNumber": reference})
        return
    done = tr(f"Done in {access.company}: {what}", f"Wykonano w {access.company}: {what}")
    click.echo(f"{done} ({reference})")
