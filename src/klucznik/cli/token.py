"""`klucznik token`: issue, store, try, list and revoke KSeF tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from klucznik.cli.arguments import ReferenceType, known_permissions
from klucznik.cli.common import print_json, read_secret
from klucznik.cli.options import (
    Place,
    Signer,
    Unlock,
    company_option,
    json_option,
    known_reference,
    ksef_option,
    name_option,
    signer_options,
    vault_options,
)
from klucznik.cli.showing import Column, day, show_facts
from klucznik.cli.token_check import check
from klucznik.errors import Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from klucznik.client.ksef import Ksef
    from klucznik.wire.tokens import QueryTokensResponseItem

_DEFAULT_NAME = "main"


_reference = click.option(
    "--reference",
    type=ReferenceType("EC"),
    default=None,
    help=tr("Reference number (…-EC-…).", "Numer referencyjny (…-EC-…)."),
)


@click.group(
    help=tr(
        "Issue, store, try, list and revoke KSeF tokens.",
        "Wydaj, przechowaj, wypróbuj, pokaż i unieważnij tokeny KSeF.",
    )
)
def token() -> None:
    pass


token.add_command(check)


@token.command(
    help=tr(
        "Log in with a certificate and generate a KSeF token.\n\nWith --store it goes straight into the "
        "vault and is never shown; otherwise it is printed once, on standard output.",
        "Zaloguj się certyfikatem i wygeneruj token KSeF.\n\nZ --store trafia prosto do sejfu i nie jest "
        "pokazywany; inaczej jest wypisany jeden raz, na standardowe wyjście.",
    )
)
@company_option()
@signer_options(required=True)
@click.option(
    "--permissions",
    "-p",
    "wanted",
    multiple=True,
    default=("InvoiceRead,InvoiceWrite",),
    show_default=True,
    help=tr("Permissions of the token, by their names at KSeF.", "Uprawnienia tokena, nazwami z KSeF."),
)
@click.option(
    "--description",
    default="Klucznik",
    help=tr("What it is for: 5 to 256 characters.", "Do czego służy: od 5 do 256 znaków."),
)
@click.option(
    "--store",
    is_flag=True,
    help=tr("Put it into the vault without showing it.", "Włóż do sejfu bez pokazywania."),
)
@name_option(_DEFAULT_NAME)
@vault_options
@ksef_option
@json_option
def issue(
    nip: str,
    signer: Signer,
    wanted: tuple[str, ...],
    description: str,
    store: bool,
    name: str,
    unlock: Unlock,
    place: Place,
    as_json: bool,
) -> None:
    from klucznik.client import tokens
    from klucznik.vault.entries import Entry
    from klucznik.vault.vault import Vault

    permissions = known_permissions(wanted)
    # The vault is opened first: a token that could not be kept would be lost.
    vault: Vault | None = unlock.open(create=True) if store else None
    ksef = place.with_signature(signer, nip)
    issued = ksef.run(tokens.generate_and_wait(permissions, description))
    reference = issued.reference_number
    if vault:
        with vault:
            note = {"reference": reference, "permissions": ",".join(permissions), "description": description}
            vault.put(Entry(place.environment, nip, name, "ksef-token"), issued.token, note=note)
    if as_json:
        shown = {} if store else {"token": issued.token.text()}
        print_json({"referenceNumber": reference, "permissions": permissions, "stored": store, **shown})
        return
    click.echo(
        tr(f"KSeF token {reference} is active.", f"Token KSeF {reference} jest aktywny.")
        + " "
        + ", ".join(permissions),
        err=not store,
    )
    if store:
        click.echo(
            tr(
                f"It is in the vault: {place.environment}/{nip}/{name}.",
                f"Jest w sejfie: {place.environment}/{nip}/{name}.",
            )
        )
        return
    click.echo(tr("It is shown this one time:", "Widać go tylko ten jeden raz:"), err=True)
    click.echo(issued.token.text())


@token.command(
    help=tr(
        "Put a KSeF token into the vault.\n\nIt is read from a hidden prompt, standard input, or --fd.",
        "Włóż token KSeF do sejfu.\n\nJest czytany z klawiatury bez echa, ze standardowego wejścia albo --fd.",
    )
)
@company_option()
@name_option(_DEFAULT_NAME)
@click.option(
    "--fd",
    type=int,
    default=None,
    metavar="N",
    help=tr("Read the token from this file descriptor.", "Czytaj token z tego deskryptora pliku."),
)
@vault_options
@ksef_option
def put(
    nip: str,
    name: str,
    fd: int | None,
    unlock: Unlock,
    place: Place,
) -> None:
    from klucznik.vault.entries import Entry

    ksef_token = read_secret(tr("KSeF token", "Token KSeF"), fd=fd)
    note = _note(ksef_token, nip)
    with unlock.open(create=True) as vault:
        version = vault.put(Entry(place.environment, nip, name, "ksef-token"), ksef_token, note=note)
    click.echo(
        tr(
            f"Stored as {place.environment}/{nip}/{name}, version {version}.",
            f"Zapisano jako {place.environment}/{nip}/{name}, wersja {version}.",
        )
    )


def _note(ksef_token: Secret, nip: str) -> dict[str, str]:
    """What the shape of a token tells: its reference number; refuses what cannot be one of this company."""
    from klucznik.client.auth import context_of, reference_of

    text = ksef_token.text()
    if not text or any(character.isspace() for character in text):
        raise Unreadable(
            tr(
                "That is no KSeF token: it is empty or holds white space.",
                "To nie token KSeF: pusty albo zawiera odstępy.",
            ),
            hint=tr(
                "copy the whole token, and only it, from the portal",
                "skopiuj z portalu cały token i tylko jego",
            ),
        )
    reference = reference_of(ksef_token)
    if not reference:
        return {}
    context = context_of(ksef_token)
    if context.type == "Nip" and context.value != nip:
        raise Unreadable(
            tr(
                f"This token belongs to NIP {context.value}, not to {nip}.",
                f"Ten token należy do NIP {context.value}, nie do {nip}.",
            ),
            hint=f"--company {context.value}",
        )
    return {"reference": reference, "context": f"{context.type} {context.value}"}


@token.command(
    "list",
    help=tr(
        "List KSeF tokens: with --cert those at KSeF, otherwise those in the vault.",
        "Pokaż tokeny KSeF: z --cert te w KSeF, inaczej te w sejfie.",
    ),
)
@company_option(required=False)
@signer_options(required=False)
@click.option(
    "--status",
    "statuses",
    type=click.Choice(["Pending", "Active", "Revoking", "Revoked", "Failed"], case_sensitive=False),
    multiple=True,
    help=tr("Of those at KSeF only these (repeatable).", "Z tych w KSeF tylko te (można powtarzać)."),
)
@vault_options
@ksef_option
@json_option
def list_(
    nip: str | None,
    signer: Signer,
    statuses: tuple[str, ...],
    unlock: Unlock,
    place: Place,
    as_json: bool,
) -> None:
    if statuses and not signer:
        raise click.UsageError(tr("--status needs --cert.", "--status wymaga --cert."))
    if signer:
        if not nip:
            raise click.UsageError(tr("--cert needs --company.", "--cert wymaga --company."))
        from klucznik.client import tokens

        ksef = place.with_signature(signer, nip)
        rows: list[dict[str, Any]] = [_row(item) for item in ksef.run(tokens.list_all(status=statuses))]
        _show(rows, as_json, ["referenceNumber", "status", "lastUse", "use"])
        return
    with unlock.open() as vault:
        rows = [
            {
                "environment": info.entry.env,
                "nip": info.entry.nip,
                "name": info.entry.name,
                "kind": info.entry.kind,
                "version": info.version,
                "stored": info.created,
                "referenceNumber": info.note.get("reference", ""),
            }
            for info in vault.entries()
            if nip in (None, info.entry.nip)
        ]
    _show(rows, as_json, ["entry", "referenceNumber", "stored"])


def _row(item: QueryTokensResponseItem) -> dict[str, Any]:
    """A token at KSeF, for programs."""
    return {
        "referenceNumber": item.reference_number,
        "status": item.status.value,
        "description": item.description,
        "permissions": [permission.value for permission in item.requested_permissions],
        "author": f"{item.author_identifier.type} {item.author_identifier.value}",
        "created": item.date_created,
        "lastUse": item.last_use_date,
    }


def _show(rows: list[dict[str, Any]], as_json: bool, columns: list[str]) -> None:
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo(tr("None.", "Brak."))
        return
    from klucznik.cli.screen import table

    for row in rows:
        if "nip" in row:
            row["entry"] = f"{row['environment']}/{row['nip']}/{row['name']}"
        else:
            row["use"] = [row["description"], *row["permissions"]]
    # A reference number or NIP is copied from here: it stays on one line.
    table([Column(_HEADINGS[name], _cell_of(name), whole=name in _WHOLE) for name in columns], rows)


def _cell_of(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: _cell(row[name])


_WHOLE = ("referenceNumber", "entry")

_HEADINGS = {
    "referenceNumber": tr("reference number", "numer referencyjny"),
    "status": tr("state", "stan"),
    "lastUse": tr("last use", "użyto"),
    "use": tr("description, permissions", "opis, uprawnienia"),
    "entry": tr("environment/NIP/name", "środowisko/NIP/nazwa"),
    "stored": tr("stored", "zapisano"),
}


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return "\n".join(value)
    if hasattr(value, "strftime"):
        return f"{value.astimezone():%Y-%m-%d}"
    return str(value)


@token.command(
    help=tr(
        "Show a KSeF token: its state, permissions and last use; never the token itself.\n\nBy --reference "
        "any that you may see, else the one in the vault. Exit code 1 where it does not work.",
        "Pokaż token KSeF: stan, uprawnienia, ostatnie użycie; nigdy sam token.\n\nPrzez --reference każdy "
        "widoczny, inaczej ten z sejfu. Kod wyjścia 1, gdy token nie działa.",
    )
)
@company_option()
@name_option()
@_reference
@signer_options(required=False)
@vault_options
@ksef_option
@json_option
def show(
    nip: str,
    name: str | None,
    reference: str | None,
    signer: Signer,
    unlock: Unlock,
    place: Place,
    as_json: bool,
) -> int:
    from klucznik.client import tokens
    from klucznik.wire.tokens import AuthenticationTokenStatus

    ksef, reference = _login(nip, name, reference, signer, unlock, place)
    item = ksef.call(tokens.read(reference))
    if as_json:
        print_json(_row(item))
    else:
        author = item.author_identifier
        show_facts(
            [
                ("token", item.reference_number),
                (tr("state", "stan"), " ".join([item.status.value, *(item.status_details or ())])),
                (tr("permissions", "uprawnienia"), ", ".join(item.requested_permissions)),
                (tr("description", "opis"), item.description),
                (tr("author", "autor"), f"{author.type} {author.value}"),
                (
                    tr("context", "kontekst"),
                    f"{item.context_identifier.type} {item.context_identifier.value}",
                ),
                (tr("issued", "wydany"), day(item.date_created)),
                (tr("last use", "użyty"), day(item.last_use_date)),
            ]
        )
    return 0 if item.status == AuthenticationTokenStatus.Active else 1


def _login(
    nip: str, name: str | None, reference: str | None, signer: Signer, unlock: Unlock, place: Place
) -> tuple[Ksef, str]:
    """A client, logged in by certificate or by the token in the vault, and which token is meant."""
    if signer:
        if not reference:
            raise click.UsageError(tr("--cert needs --reference.", "--cert wymaga --reference."))
        return place.with_signature(signer, nip), reference
    with unlock.open() as vault:
        entry = vault.find(place.environment, nip, name, "ksef-token")
        ksef_token = vault.use(entry)
        reference = reference or known_reference(vault, entry, ksef_token)
    if not reference:
        raise _unknown_reference()
    return place.with_token(ksef_token, nip), reference


def _unknown_reference() -> click.UsageError:
    return click.UsageError(
        tr(
            "This token does not tell its reference number: give --reference.",
            "Ten token nie zdradza numeru referencyjnego: podaj --reference.",
        )
    )


@token.command(
    help=tr(
        "Revoke a KSeF token: the one in the vault, or --reference with a certificate.\n\nWith the token "
        "itself from the vault it revokes itself, which needs no permission; the vault entry is removed.",
        "Unieważnij token KSeF: ten z sejfu albo --reference z certyfikatem.\n\nToken z sejfu unieważnia się "
        "sam, co nie wymaga uprawnień; wpis w sejfie jest usuwany.",
    )
)
@company_option()
@name_option()
@_reference
@signer_options(required=False)
@vault_options
@ksef_option
def revoke(
    nip: str,
    name: str | None,
    reference: str | None,
    signer: Signer,
    unlock: Unlock,
    place: Place,
) -> None:
    from klucznik.client import tokens

    if signer:
        if not reference:
            raise click.UsageError(tr("--cert needs --reference.", "--cert wymaga --reference."))
        ksef = place.with_signature(signer, nip)
        ksef.run(tokens.revoke_and_wait(reference))
    else:
        with unlock.open() as vault:
            entry = vault.find(place.environment, nip, name, "ksef-token")
            ksef_token = vault.use(entry)
            reference = reference or known_reference(vault, entry, ksef_token)
            if not reference:
                raise _unknown_reference()
            place.with_token(ksef_token, nip).run(tokens.revoke_and_wait(reference))
            vault.remove(entry)
    click.echo(tr(f"KSeF token {reference} is revoked.", f"Token KSeF {reference} jest unieważniony."))
