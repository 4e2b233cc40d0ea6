"""`klucznik testdata`: subjects, people and permissions on a test environment."""

from __future__ import annotations

import click

from klucznik.cli.common import NIP
from klucznik.cli.options import Place, ksef_option
from klucznik.lang import tr

_TOLD = click.option(
    "--description",
    default="Klucznik test",
    show_default=True,
    help=tr("5 to 256 characters.", "Od 5 do 256 znaków."),
)


@click.group(
    help=tr(
        "Create test subjects, people and permissions.\n\nA NIP needs no registration to work on the test "
        "profile; registration is for roles, NIP-PESEL links and paper (ZAW-FA) permissions.",
        "Utwórz testowe podmioty, osoby i uprawnienia.\n\nNIP działa w profilu testowym bez rejestracji; "
        "rejestracja służy rolom, powiązaniom NIP-PESEL i uprawnieniom z papieru (ZAW-FA).",
    )
)
def testdata() -> None:
    pass


@testdata.command(
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


@testdata.command(help=tr("Register a subject with a role.", "Zarejestruj podmiot z rolą."))
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


@testdata.command(
    help=tr(
        "Grant a person or company permissions in a company, as paper form ZAW-FA does.",
        "Nadaj osobie lub firmie uprawnienia w firmie, jak zawiadomienie ZAW-FA.",
    )
)
@click.option("--company", "nip", type=NIP, required=True, help=tr("Whose context.", "W czyim kontekście."))
@click.option("--to-nip", type=NIP, default=None, help=tr("NIP that gets them.", "NIP, który je dostaje."))
@click.option("--to-pesel", default=None, help=tr("PESEL that gets them.", "PESEL, który je dostaje."))
@click.argument("permissions", nargs=-1, required=True, metavar="PERMISSION...")
@_TOLD
@ksef_option
def permissions(
    nip: str,
    to_nip: str | None,
    to_pesel: str | None,
    permissions: tuple[str, ...],
    description: str,
    place: Place,
) -> None:
    from klucznik.client import testdata as calls

    if (to_nip is None) == (to_pesel is None):
        raise click.UsageError(
            tr("Give --to-nip or --to-pesel, one of them.", "Podaj --to-nip albo --to-pesel, jedno z nich.")
        )
    kind, value = ("Nip", to_nip) if to_nip else ("Pesel", to_pesel)
    assert value
    wanted = known_permissions(permissions)
    place.client().call(calls.grant(nip, kind, value, wanted, description))
    shown = ", ".join(wanted)
    click.echo(
        tr(f"{kind} {value} now holds in {nip}: {shown}.", f"{kind} {value} ma teraz w {nip}: {shown}.")
    )


def known_permissions(given: tuple[str, ...]) -> list[str]:
    """Permissions by their wire names, commas and case forgiven; wrong ones are named."""
    from klucznik.wire.tokens import TokenPermissionType

    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    known = {member.value.lower(): member.value for member in TokenPermissionType}
    if wrong := [name for name in names if name.lower() not in known]:
        raise click.UsageError(
            tr(
                f"Unknown permission: {', '.join(wrong)}. There are: {', '.join(known.values())}.",
                f"Nieznane uprawnienie: {', '.join(wrong)}. Są: {', '.join(known.values())}.",
            )
        )
    return [known[name.lower()] for name in names]
