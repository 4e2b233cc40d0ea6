"""`klucznik login`: one's own logins at KSeF: try one, list them, end them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from klucznik.cli.access import Access, access_options
from klucznik.cli.arguments import ReferenceType
from klucznik.cli.common import print_json
from klucznik.cli.options import json_option
from klucznik.cli.showing import Column, minute, show_all, show_facts
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.client.claims import Claims
    from klucznik.wire.auth import AuthenticationListItem


@click.group(
    help=tr(
        "Your logins at KSeF: try one, list them, end them.\n\nEach login lives for up to seven days, renewed "
        "by its refresh token.",
        "Twoje logowania do KSeF: spróbuj, pokaż, zakończ.\n\nKażde logowanie żyje do siedmiu dni, odnawiane "
        "swoim refresh tokenem.",
    )
)
def login() -> None:
    pass


@login.command(
    help=tr(
        "Log in, say as whom and with which permissions, renew once, and log out.",
        "Zaloguj, powiedz jako kto i z jakimi uprawnieniami, odnów raz i wyloguj.",
    )
)
@access_options
@json_option
def check(access: Access, as_json: bool) -> None:
    from klucznik.client import auth, claims

    ksef = access.login()
    ksef.call(auth.refresh())
    held = ksef.credentials
    assert held.access_token
    assert held.refresh_token
    said = claims.read(held.access_token.token)
    until = held.refresh_token.until
    ksef.call(auth.revoke_current())
    if as_json:
        print_json({**told_of(said), "refreshTokenValidUntil": until.isoformat()})
        return
    show_facts([*facts_of(said), (tr("renewable until", "odnawialne do"), minute(until))])


def told_of(said: Claims) -> dict[str, Any]:
    """What an access token says of a login, for programs."""
    return {
        "context": {"type": said.context_type, "value": said.context_value},
        "method": said.method,
        "permissions": list(said.permissions or ()),
    }


def facts_of(said: Claims) -> list[tuple[str, object]]:
    """The same for a person."""
    return [
        (tr("context", "kontekst"), f"{said.context_type} {said.context_value}"),
        (tr("by", "sposób"), said.method),
        (tr("in force", "działające"), ", ".join(said.permissions or ()) or tr("none", "brak")),
    ]


@login.command(
    "list", help=tr("List your live logins, newest first.", "Pokaż żywe logowania, od najnowszego.")
)
@access_options
@json_option
def list_(access: Access, as_json: bool) -> None:
    from klucznik.client import auth

    found = access.login().run(auth.all_sessions())
    show_all(
        found,
        [
            Column(tr("login", "logowanie"), lambda item: item.reference_number, whole=True),
            Column(tr("since", "od"), lambda item: minute(item.start_date), whole=True),
            Column(tr("by", "sposób"), _method),
        ],
        as_json=as_json,
    )


def _method(item: AuthenticationListItem) -> str:
    """How one logged in, in KSeF's words; and whether it is the login of this command."""
    name = item.authentication_method_info.display_name
    return name + (tr(" (this one)", " (to)") if item.is_current else "")


@login.command(
    help=tr(
        "End logins: they can no longer be renewed; what they hold lives a quarter of an hour more.",
        "Zakończ logowania: nie da się ich już odnowić; posiadany dostęp żyje jeszcze kwadrans.",
    )
)
@click.argument("references", nargs=-1, metavar=tr("NUMBER...", "NUMER..."), type=ReferenceType("AU"))
@click.option(
    "--others",
    is_flag=True,
    help=tr("All but the one that this command makes.", "Wszystkie poza tym, które tworzy to polecenie."),
)
@access_options
@json_option
def revoke(references: tuple[str, ...], others: bool, access: Access, as_json: bool) -> None:
    from klucznik.client import auth

    if bool(references) == others:
        raise click.UsageError(
            tr(
                "Name logins (`klucznik login list`) or give --others.",
                "Podaj logowania (`klucznik login list`) albo --others.",
            )
        )
    ksef = access.login()
    chosen = list(references)
    if others:
        chosen = [item.reference_number for item in ksef.run(auth.all_sessions()) if not item.is_current]
    for reference in chosen:
        ksef.call(auth.revoke(reference))
        if not as_json:
            click.echo(tr(f"Login {reference} is ended.", f"Logowanie {reference} jest zakończone."))
    if as_json:
        print_json([{"referenceNumber": reference} for reference in chosen])
    elif not chosen:
        click.echo(tr("None.", "Brak."))
