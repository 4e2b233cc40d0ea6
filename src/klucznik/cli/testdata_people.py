"""`klucznik testdata person | subject | permissions`, and their removal: anonymous, on the test environment."""

from __future__ import annotations

import click

from klucznik.cli.arguments import FINGERPRINT, known_permissions
from klucznik.cli.common import NIP
from klucznik.cli.options import Place, gathered, ksef_option
from klucznik.lang import tr

_TOLD = click.option(
    "--description",
    default="Klucznik test",
    show_default=True,
    help=tr("5 to 256 characters.", "Od 5 do 256 znaków."),
)


def _whom(to_nip: str | None, to_pesel: str | None, to_fingerprint: str | None) -> tuple[str, str]:
    """Type and value of the one that is given."""
    given = [
        (kind, value)
        for kind, value in (("Nip", to_nip), ("Pesel", to_pesel), ("Fingerprint", to_fingerprint))
        if value
    ]
    if len(given) != 1:
        raise click.UsageError(
            tr(
                "Give --to-nip or --to-pesel or --to-fingerprint, one of them.",
                "Podaj --to-nip, --to-pesel albo --to-fingerprint, jedno z nich.",
            )
        )
    return given[0]


_COMPANY = click.option(
    "--company", "nip", type=NIP, required=True, help=tr("Whose context.", "W czyim kontekście.")
)
_WHOM = gathered(
    "whom",
    _whom,
    click.option(
        "--to-nip", type=NIP, default=None, help=tr("NIP that gets them.", "NIP, który je dostaje.")
    ),
    click.option("--to-pesel", default=None, help=tr("PESEL that gets them.", "PESEL, który je dostaje.")),
    click.option(
        "--to-fingerprint",
        type=FINGERPRINT,
        default=None,
        help=tr("Certificate that gets them.", "Certyfikat, który je dostaje."),
    ),
)


@click.command(
    help=tr(
        "Register a sole trader: NIP and PESEL are one owner.",
        "Zarejestruj JDG: NIP i PESEL to jeden właściciel.",
    )
)
@click.option("--nip", type=NIP, required=True)
@click.option("--pesel", required=True)
@click.option("--bailiff", is_flag=True, help=tr("A court bailiff.", "Komornik sądowy."))
@click.option(
    "--deceased",
    is_flag=True,
    help=tr("A deceased person: logins fail.", "Osoba zmarła: logowania odmawiane."),
)
@_TOLD
@ksef_option
def person(
    nip: str,
    pesel: str,
    bailiff: bool,
    deceased: bool,
    description: str,
    place: Place,
) -> None:
    from klucznik.client import testdata as calls

    call = calls.create_person(nip, pesel, description, is_bailiff=bailiff, is_deceased=deceased)
    place.client().call(call)
    click.echo(
        tr(
            f"Person registered: NIP {nip}, PESEL {pesel}.",
            f"Zarejestrowano osobę: NIP {nip}, PESEL {pesel}.",
        )
    )


@click.command(help=tr("Register a subject with a role.", "Zarejestruj podmiot z rolą."))
@click.option("--nip", type=NIP, required=True)
@click.option("--type", "kind", type=click.Choice(["EnforcementAuthority", "VatGroup", "JST"]), required=True)
@click.option(
    "--subunit",
    "subunits",
    type=NIP,
    multiple=True,
    help=tr("NIP of a subunit (repeatable).", "NIP jednostki (można powtarzać)."),
)
@_TOLD
@ksef_option
def subject(nip: str, kind: str, subunits: tuple[str, ...], description: str, place: Place) -> None:
    from klucznik.client import testdata as calls

    units = dict.fromkeys(subunits, description)
    place.client().call(calls.create_subject(nip, kind, description, units))
    click.echo(tr(f"Subject registered: NIP {nip}, {kind}.", f"Zarejestrowano podmiot: NIP {nip}, {kind}."))


@click.command(
    help=tr(
        "Grant a person or company permissions in a company, as paper form ZAW-FA does.",
        "Nadaj osobie lub firmie uprawnienia w firmie, jak zawiadomienie ZAW-FA.",
    )
)
@_COMPANY
@_WHOM
@click.argument("permissions", nargs=-1, required=True, metavar="PERMISSION...")
@_TOLD
@ksef_option
def permissions(
    nip: str,
    whom: tuple[str, str],
    permissions: tuple[str, ...],
    description: str,
    place: Place,
) -> None:
    from klucznik.client import testdata as calls

    kind, value = whom
    wanted = known_permissions(permissions)
    place.client().call(calls.grant(nip, kind, value, wanted, description))
    shown = ", ".join(wanted)
    click.echo(
        tr(f"{kind} {value} now holds in {nip}: {shown}.", f"{kind} {value} ma teraz w {nip}: {shown}.")
    )


@click.command(
    "remove-person",
    help=tr(
        "Remove a sole trader with all permissions and roles.",
        "Usuń JDG ze wszystkimi uprawnieniami i rolami.",
    ),
)
@click.option("--nip", type=NIP, required=True)
@ksef_option
def remove_person(nip: str, place: Place) -> None:
    from klucznik.client import testdata as calls

    place.client().call(calls.remove_person(nip))
    click.echo(tr(f"Person removed: NIP {nip}.", f"Usunięto osobę: NIP {nip}."))


@click.command(
    "remove-subject",
    help=tr("Remove a subject with its roles and subunits.", "Usuń podmiot z rolami i jednostkami."),
)
@click.option("--nip", type=NIP, required=True)
@ksef_option
def remove_subject(nip: str, place: Place) -> None:
    from klucznik.client import testdata as calls

    place.client().call(calls.remove_subject(nip))
    click.echo(tr(f"Subject removed: NIP {nip}.", f"Usunięto podmiot: NIP {nip}."))


@click.command(
    "remove-permissions",
    help=tr(
        "Take back all permissions that `permissions` granted to one in a company.",
        "Odbierz wszystkie uprawnienia nadane komuś w firmie przez `permissions`.",
    ),
)
@_COMPANY
@_WHOM
@ksef_option
def remove_permissions(nip: str, whom: tuple[str, str], place: Place) -> None:
    from klucznik.client import testdata as calls

    kind, value = whom
    place.client().call(calls.revoke(nip, kind, value))
    click.echo(
        tr(f"{kind} {value} holds nothing of it in {nip} now.", f"{kind} {value} nie ma już ich w {nip}.")
    )
