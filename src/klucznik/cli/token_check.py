"""`klucznik token check`: try the KSeF tokens in the vault: what each was given, and what of it is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from klucznik.cli.common import print_json
from klucznik.cli.doctor import MARKS, lines
from klucznik.cli.login import facts_of, told_of
from klucznik.cli.options import (
    Place,
    Unlock,
    company_option,
    json_option,
    known_reference,
    ksef_option,
    name_option,
    vault_options,
    wants_option,
)
from klucznik.cli.showing import day, show_facts
from klucznik.errors import VaultProblem
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.client.doctor import Examined
    from klucznik.secret import Secret
    from klucznik.vault.entries import Entry
    from klucznik.vault.vault import Vault


@click.command(
    help=tr(
        "Try KSeF tokens from the vault: log in, say what each may do, log out.\n\nWith --company that "
        "company's, otherwise all that are kept for this KSeF. Shows the permissions a token was issued with "
        "beside those in force. Exit code 1 where one is refused, revoked, or lacks what --wants names.",
        "Wypróbuj tokeny KSeF z sejfu: zaloguj, powiedz, co każdemu wolno, wyloguj.\n\nZ --company token tej "
        "firmy, inaczej wszystkie przechowywane dla tego KSeF. Pokazuje uprawnienia, z jakimi wydano token, "
        "obok działających. Kod wyjścia 1, gdy któryś jest odrzucony, unieważniony albo brakuje mu tego, co "
        "wymienia --wants.",
    )
)
@company_option(required=False)
@name_option()
@wants_option
@vault_options
@ksef_option
@json_option
def check(
    nip: str | None,
    name: str | None,
    wanted: list[str],
    unlock: Unlock,
    place: Place,
    as_json: bool,
) -> int:
    from klucznik.client import auth
    from klucznik.client.doctor import examine_token

    if name and not nip:
        raise click.UsageError(tr("--name needs --company.", "--name wymaga --company."))
    with unlock.open() as vault:
        # Read at once: nobody else waits for the vault while KSeF takes its time.
        chosen = [vault.find(place.environment, nip, name)] if nip else _all_of(vault, place)
        tokens: list[tuple[Entry, Secret, str | None]] = []
        for entry in chosen:
            ksef_token = vault.use(entry)
            tokens.append((entry, ksef_token, known_reference(vault, entry, ksef_token)))
    failed = False
    for number, (entry, ksef_token, reference) in enumerate(tokens):
        login = auth.login_with_token(ksef_token, auth.nip_unless_told(ksef_token, entry.nip))
        found = place.client().run(examine_token(login, token_reference=reference, wanted=wanted))
        failed |= found.level == "fail"
        if as_json:
            print_json(_told(entry, reference, found))
        else:
            _show(entry, reference, found, apart=number > 0)
    return 1 if failed else 0


def _all_of(vault: Vault, place: Place) -> list[Entry]:
    """Every KSeF token kept for this KSeF."""
    found = [info.entry for info in vault.entries(place.environment) if info.entry.kind == "ksef-token"]
    if not found:
        raise VaultProblem(
            tr(
                f"The vault holds no KSeF token for {place.environment}.",
                f"W sejfie nie ma tokena KSeF dla {place.environment}.",
            ),
            hint='"klucznik token put --company NIP"',
        )
    return found


def _told(entry: Entry, reference: str | None, found: Examined) -> dict[str, Any]:
    """What was found, for programs; `level` is ok, warn or fail."""
    record = found.record
    return {
        "environment": entry.env,
        "nip": entry.nip,
        "name": entry.name,
        "referenceNumber": reference,
        "level": found.level,
        "status": record.status.value if record else None,
        "requestedPermissions": [each.value for each in record.requested_permissions] if record else None,
        **(told_of(found.said) if found.said else {}),
        "findings": [
            {"name": each.name, "level": each.level, "sentence": each.sentence, "hint": each.hint or None}
            for each in found.findings
        ],
    }


def _show(entry: Entry, reference: str | None, found: Examined, *, apart: bool) -> None:
    """What was found, for a person: a mark and the entry, the facts, and what is not in order."""
    record = found.record
    click.echo(f"{chr(10) if apart else ''}{MARKS[found.level]} {entry.env}/{entry.nip}/{entry.name}")
    facts: list[tuple[str, object]] = [("token", reference)]
    if record:
        facts += [
            (tr("state", "stan"), record.status.value),
            (tr("description", "opis"), record.description),
            (tr("issued", "wydany"), day(record.date_created)),
            (tr("issued with", "wydany z"), ", ".join(record.requested_permissions)),
        ]
    if found.said:
        facts += facts_of(found.said)
    show_facts(facts)
    for line in lines([finding for finding in found.findings if finding.level != "ok"]):
        click.echo(line)
