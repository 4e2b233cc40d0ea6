"""`klucznik permission`: grant, list and revoke permissions in a company's context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from klucznik.cli.common import print_json
from klucznik.cli.options import (
    Place,
    Signer,
    company_option,
    json_option,
    ksef_option,
    signer_options,
)
from klucznik.cli.testdata import known_permissions
from klucznik.lang import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from klucznik.client.permissions import Operation
    from klucznik.wire.endpoint import Call

_AUTHORIZATIONS = ("SelfInvoicing", "RRInvoicing", "TaxRepresentative", "PefInvoicing")

_description = click.option(
    "--description",
    default="Klucznik",
    show_default=True,
    help=tr("What it is for: 5 to 256 characters.", "Do czego służy: od 5 do 256 znaków."),
)


@click.group(
    help=tr(
        "Grant, list and revoke permissions.\n\nYou log in with a certificate, as the owner of the company "
        "or with CredentialsManage there. What is granted or revoked counts from the next login on.",
        "Nadaj, pokaż i odbierz uprawnienia.\n\nLogujesz się certyfikatem, jako właściciel firmy albo z "
        "uprawnieniem CredentialsManage. Nadanie i odebranie działa od następnego logowania.",
    )
)
def permission() -> None:
    pass


@permission.command(
    help=tr(
        "Let a person (--person) or a company (--entity) work in the company's context.\n\nA company that "
        "may pass it on (--delegate) is an intermediary, such as an accounting office; with --clients an "
        "office passes on to a person what its clients gave it.",
        "Pozwól osobie (--person) albo firmie (--entity) pracować w kontekście firmy.\n\nFirma, która może "
        "to przekazać dalej (--delegate), jest pośrednikiem, np. biurem rachunkowym; z --clients biuro "
        "przekazuje osobie to, co dali mu klienci.",
    )
)
@company_option()
@signer_options(required=True)
@click.option(
    "--to",
    "who",
    type=(click.Choice(["Nip", "Pesel"], case_sensitive=False), str),
    required=True,
    metavar="TYPE VALUE",
    help=tr("Whom: Nip or Pesel, and the number.", "Komu: Nip albo Pesel i numer."),
)
@click.option(
    "--person",
    type=(str, str),
    default=None,
    metavar=tr("FIRST LAST", "IMIĘ NAZWISKO"),
    help=tr("First and last name of the person.", "Imię i nazwisko osoby."),
)
@click.option(
    "--entity",
    default=None,
    metavar=tr("NAME", "NAZWA"),
    help=tr("Full name of the company.", "Pełna nazwa firmy."),
)
@click.option(
    "--permissions",
    "-p",
    "wanted",
    multiple=True,
    required=True,
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
    default=None,
    metavar="NIP",
    help=tr("In the context of this client alone.", "Tylko w kontekście tego klienta."),
)
@_description
@ksef_option
@json_option
def grant(
    nip: str,
    signer: Signer,
    who: tuple[str, str],
    person: tuple[str, str] | None,
    entity: str | None,
    wanted: tuple[str, ...],
    delegate: bool,
    clients: bool,
    client: str | None,
    description: str,
    place: Place,
    as_json: bool,
) -> None:
    from klucznik.client import permissions as calls

    names = known_permissions(wanted)
    if (person is None) == (entity is None):
        raise click.UsageError(tr("Give --person or --entity.", "Podaj --person albo --entity."))
    call: Operation
    if entity is not None:
        if who[0] != "Nip" or clients or client:
            raise click.UsageError(
                tr("--entity is known by its Nip, without --clients.", "--entity ma Nip, bez --clients.")
            )
        call = calls.grant_entity(who[1], names, entity, description, can_delegate=delegate)
    else:
        assert person is not None
        if delegate:
            raise click.UsageError(tr("--delegate needs --entity.", "--delegate wymaga --entity."))
        details = calls.person(*person)
        if clients or client:
            one = ("Nip", client) if client else None
            call = calls.grant_indirect(who, names, details, description, client=one)
        else:
            call = calls.grant_person(who, names, details, description)
    _carry_out(place, signer, nip, call, as_json, f"{who[0]} {who[1]}: {', '.join(names)}")


@permission.command(
    help=tr(
        "Let another company act for this one from its own context: self-invoicing, VAT RR, tax "
        "representative; a Peppol provider for PEF.",
        "Pozwól innej firmie działać za tę z jej własnego kontekstu: samofakturowanie, VAT RR, "
        "przedstawiciel podatkowy; dostawcy Peppol dla PEF.",
    )
)
@company_option()
@signer_options(required=True)
@click.option(
    "--to",
    "who",
    type=(click.Choice(["Nip", "PeppolId"], case_sensitive=False), str),
    required=True,
    metavar="TYPE VALUE",
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
@_description
@ksef_option
@json_option
def authorize(
    nip: str,
    signer: Signer,
    who: tuple[str, str],
    entity: str,
    wanted: str,
    description: str,
    place: Place,
    as_json: bool,
) -> None:
    from klucznik.client import permissions as calls

    call = calls.grant_authorization(who, wanted, entity, description)
    _carry_out(place, signer, nip, call, as_json, f"{who[0]} {who[1]}: {wanted}")


@permission.command(
    help=tr(
        "Revoke a permission, by the id that `list` shows.",
        "Odbierz uprawnienie o identyfikatorze z `list`.",
    )
)
@click.argument("permission_id", metavar="ID")
@company_option()
@signer_options(required=True)
@click.option(
    "--authorization",
    is_flag=True,
    help=tr("It is one given by `authorize`.", "To uprawnienie nadane przez `authorize`."),
)
@ksef_option
@json_option
def revoke(
    permission_id: str, nip: str, signer: Signer, authorization: bool, place: Place, as_json: bool
) -> None:
    from klucznik.client import permissions as calls

    call = calls.revoke_authorization(permission_id) if authorization else calls.revoke(permission_id)
    _carry_out(place, signer, nip, call, as_json, permission_id)


def _carry_out(place: Place, signer: Signer, nip: str, call: Operation, as_json: bool, what: str) -> None:
    """Start the operation, wait for its end, say how it went."""
    from klucznik.client.permissions import grant_and_wait

    reference = place.with_signature(signer, nip).run(grant_and_wait(call))
    if as_json:
        print_json({"referenceNumber": reference})
        return
    click.echo(tr(f"Done in {nip}: {what}", f"Wykonano w {nip}: {what}") + f" ({reference})")


@permission.command(
    "list",
    help=tr(
        "List who may work in the company's context; or one's own permissions, what other companies gave, "
        "or the authorizations.",
        "Pokaż, kto może pracować w kontekście firmy; albo uprawnienia własne, otrzymane od innych firm lub "
        "podmiotowe.",
    ),
)
@company_option()
@signer_options(required=True)
@click.option(
    "--what",
    type=click.Choice(["persons", "own", "received", "authorizations", "authorized-by"]),
    default="persons",
    show_default=True,
    help=tr("Which list.", "Która lista."),
)
@ksef_option
@json_option
def list_(nip: str, signer: Signer, what: str, place: Place, as_json: bool) -> None:
    from klucznik.client import permissions as calls
    from klucznik.client.permissions import every_page

    pages: dict[str, Callable[[int], Call[Any]]] = {
        "persons": lambda number: calls.persons(page=number),
        "own": lambda number: calls.personal(page=number),
        "received": lambda number: calls.entities(page=number),
        "authorizations": lambda number: calls.authorizations(page=number),
        "authorized-by": lambda number: calls.authorizations(received=True, page=number),
    }
    entries = "authorization_grants" if what.startswith("auth") else "permissions"
    found = place.with_signature(signer, nip).run(every_page(pages[what]))
    items = [item for page in found for item in getattr(page, entries)]
    if as_json:
        print_json([item.model_dump(mode="json", by_alias=True, exclude_none=True) for item in items])
        return
    if not items:
        click.echo(tr("None.", "Brak."))
        return
    for item in items:
        click.echo("  ".join(_cells(item)))


def _cells(item: Any) -> list[str]:
    """A line: id, what, who, from when; last whatever is out of the ordinary."""
    scope = getattr(item, "permission_scope", None) or item.authorization_scope
    parties = [
        found
        for name in (
            "authorized_identifier",
            "authorized_entity_identifier",
            "authorizing_entity_identifier",
            "context_identifier",
            "target_identifier",
        )
        if (found := getattr(item, name, None))
    ]
    shown = [item.id, str(scope.value), f"{item.start_date.astimezone():%Y-%m-%d}"]
    shown += [f"{_LABELS[party.type.value]} {party.value or ''}".strip() for party in parties]
    if getattr(item, "can_delegate", False):
        shown.append(tr("may pass it on", "może przekazać"))
    state = getattr(item, "permission_state", None)
    if state and state.value == "Inactive":
        shown.append(tr("inactive", "nieaktywne"))
    return shown


_LABELS = {
    "Nip": "NIP",
    "Pesel": "PESEL",
    "Fingerprint": tr("certificate", "certyfikat"),
    "InternalId": tr("unit", "jednostka"),
    "PeppolId": "Peppol",
    "AllPartners": tr("all clients", "wszyscy klienci"),
}
