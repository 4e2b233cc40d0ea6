"""`klucznik doctor`: what works between this machine, a company and KSeF, and what to do if not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from klucznik.cli.common import print_json
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
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.client.doctor import Finding

MARKS = {"ok": "✓", "warn": "!", "fail": "✗"}

#: The fixed names of findings, for a Polish reader.
_NAMES = {
    "connection": tr("connection", "połączenie"),
    "clock": tr("clock", "zegar"),
    "key": tr("key", "klucz"),
    "keys": tr("keys", "klucze"),
    "login": tr("login", "logowanie"),
    "permissions": tr("permissions", "uprawnienia"),
    "token": "token",
    "limits": tr("limits", "limity"),
    "logout": tr("logout", "wylogowanie"),
}


@click.command(
    help=tr(
        "Test the connection to KSeF, with --company also a company's token.\n\nReaches KSeF, compares clocks, "
        "checks the Ministry's keys, logs in with the KSeF token from the vault, and says which permissions "
        "it really has. Exit code 0 in order, 1 not in order.",
        "Sprawdź połączenie z KSeF, a z --company także token firmy.\n\nŁączy się z KSeF, porównuje zegary, "
        "sprawdza klucze Ministerstwa, loguje tokenem KSeF z sejfu i mówi, jakie uprawnienia naprawdę ma. Kod "
        "wyjścia 0 w porządku, 1 nie w porządku.",
    )
)
@company_option(required=False)
@name_option()
@wants_option
@vault_options
@ksef_option
@json_option
def doctor(
    nip: str | None,
    name: str | None,
    wanted: list[str],
    unlock: Unlock,
    place: Place,
    as_json: bool,
) -> int:
    from klucznik.client import auth
    from klucznik.client.doctor import examine

    ksef = place.client()
    if nip is None:
        findings = ksef.run(examine())
    else:
        with unlock.open() as vault:
            entry = vault.find(place.environment, nip, name, "ksef-token")
            ksef_token = vault.use(entry)
            reference = known_reference(vault, entry, ksef_token)
        login = auth.login_with_token(ksef_token, auth.nip_unless_told(ksef_token, nip))
        findings = ksef.run(examine(login, token_reference=reference, wanted=wanted))
    if as_json:
        for finding in findings:
            shown = {"name": finding.name, "level": finding.level}
            print_json({**shown, "sentence": finding.sentence, "hint": finding.hint or None})
    else:
        for line in lines(findings):
            click.echo(line)
    return 1 if any(finding.level == "fail" for finding in findings) else 0


def lines(findings: Sequence[Finding]) -> list[str]:
    """Findings for a person: a mark, the name, the sentence; what to do below it."""
    told = []
    for finding in findings:
        name, blank, which = finding.name.partition(" ")
        told.append(f"{MARKS[finding.level]} {_NAMES.get(name, name)}{blank}{which}: {finding.sentence}")
        if finding.hint:
            told.append(f"    {tr('hint', 'wskazówka')}: {finding.hint}")
    return told
