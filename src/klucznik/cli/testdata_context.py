"""`klucznik testdata attachments | block | unblock | certificate`: states that only a test environment sets."""

from __future__ import annotations

from datetime import datetime

import click

from klucznik.cli.access import Access, access_options, context_option
from klucznik.cli.arguments import SERIAL, Context, MomentType
from klucznik.cli.options import Place, company_option, ksef_option
from klucznik.cli.showing import minute
from klucznik.lang import tr


@click.command(
    help=tr(
        "Allow a company to send invoices with attachments, or with --end take it back.",
        "Pozwól firmie wysyłać faktury z załącznikami albo z --end to zakończ.",
    )
)
@company_option()
@click.option(
    "--end", is_flag=True, help=tr("End it, at once or --on a day.", "Zakończ, od razu albo --on dnia.")
)
@click.option(
    "--on",
    "ends",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help=tr("The day on which it ends.", "Dzień, w którym się kończy."),
)
@ksef_option
def attachments(nip: str, end: bool, ends: datetime | None, place: Place) -> None:
    from klucznik.client import testdata as calls

    if ends and not end:
        raise click.UsageError(tr("--on goes with --end.", "--on łączy się z --end."))
    ksef = place.client()
    if not end:
        ksef.call(calls.allow_attachments(nip))
        click.echo(tr(f"{nip} may send attachments.", f"{nip} może wysyłać załączniki."))
        return
    ksef.call(calls.end_attachments(nip, ends.date() if ends else None))
    when = f"{ends:%Y-%m-%d}" if ends else tr("now", "teraz")
    click.echo(tr(f"{nip} may send attachments until: {when}.", f"{nip} może wysyłać załączniki do: {when}."))


@click.command(
    help=tr(
        "Block logins to a context: they end with 480.", "Zablokuj logowania do kontekstu: kończą się 480."
    )
)
@context_option
@ksef_option
def block(context: Context, place: Place) -> None:
    from klucznik.client import testdata as calls

    place.client().call(calls.block(context.value, context.type))
    click.echo(tr(f"{context} is blocked.", f"{context} jest zablokowany."))


@click.command(help=tr("Allow logins to a context again.", "Znów dopuść logowania do kontekstu."))
@context_option
@ksef_option
def unblock(context: Context, place: Place) -> None:
    from klucznik.client import testdata as calls

    place.client().call(calls.unblock(context.value, context.type))
    click.echo(tr(f"{context} is open again.", f"{context} jest znów otwarty."))


@click.command(
    help=tr(
        "Bring the end of one's KSeF certificate forward; with a day that has passed it is expired.",
        "Przyspiesz koniec własnego certyfikatu KSeF; z dniem, który minął, jest wygasły.",
    )
)
@click.argument("serial", type=SERIAL)
@click.option(
    "--valid-to",
    type=MomentType(),
    required=True,
    help=tr("The new end, not after the old one.", "Nowy koniec, nie późniejszy niż dotychczasowy."),
)
@access_options
def certificate(serial: str, valid_to: datetime, access: Access) -> None:
    from klucznik.client import testdata as calls

    access.login().call(calls.end_certificate(serial, valid_to))
    click.echo(
        tr(
            f"Certificate {serial} is valid to {minute(valid_to)}.",
            f"Certyfikat {serial} jest ważny do {minute(valid_to)}.",
        )
    )
