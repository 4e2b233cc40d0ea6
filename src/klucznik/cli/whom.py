"""To whom a permission goes: `--to`, and the details that KSeF keeps beside the identifier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from klucznik.cli.arguments import FINGERPRINT
from klucznik.cli.options import gathered
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.wire.permissions import EuEntityPermissionSubjectDetails, PersonPermissionSubjectDetails

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Whom:
    """An identifier, and who stands behind it."""

    to: tuple[str, str]
    person: tuple[str, str] | None
    holder: tuple[str, str] | None
    born: datetime | None
    document: tuple[str, str, str] | None
    entity: str | None
    address: str | None

    def __post_init__(self) -> None:
        if self.to[0] == "Fingerprint":
            FINGERPRINT.convert(self.to[1], None, None)

    @property
    def identifier(self) -> tuple[str, str]:
        """Type and value, as the calls take them."""
        kind, value = self.to
        return (kind, FINGERPRINT.convert(value, None, None)) if kind == "Fingerprint" else self.to

    def __str__(self) -> str:
        return " ".join(self.identifier)

    def person_details(self) -> PersonPermissionSubjectDetails:
        """Of a person: by name, and for a certificate by its holder's number or identity document."""
        from klucznik.client import permissions

        if self.person is None or self.entity is not None:
            raise click.UsageError(tr("Give --person FIRST LAST.", "Podaj --person IMIĘ NAZWISKO."))
        if self.to[0] != "Fingerprint":
            if self.holder or self.born or self.document:
                raise click.UsageError(
                    tr(
                        "--holder, --born and --document are for --to Fingerprint.",
                        "--holder, --born i --document dotyczą --to Fingerprint.",
                    )
                )
            return permissions.person(*self.person)
        if self.holder is not None:
            if self.born or self.document:
                raise click.UsageError(
                    tr(
                        "Give --holder, or --born with --document.",
                        "Podaj --holder albo --born z --document.",
                    )
                )
            return permissions.holder(*self.person, self.holder)
        if self.born is None or self.document is None:
            raise click.UsageError(
                tr(
                    "Of the holder of a certificate KSeF wants --holder TYPE NUMBER, or --born and --document.",
                    "O posiadaczu certyfikatu KSeF chce wiedzieć: --holder TYP NUMER albo --born i --document.",
                )
            )
        return permissions.foreigner(*self.person, self.born.date(), *self.document)

    def eu_details(self) -> PersonPermissionSubjectDetails | EuEntityPermissionSubjectDetails:
        """Of whoever works for an EU entity: a person, or a company with its address."""
        from klucznik.client import permissions

        if self.to[0] != "Fingerprint":
            raise click.UsageError(
                tr(
                    "Who works for an EU entity is known by a certificate: --to Fingerprint VALUE.",
                    "Kto działa za podmiot unijny, jest znany z certyfikatu: --to Fingerprint ODCISK.",
                )
            )
        if self.entity is None:
            return self.person_details()
        if self.person is not None or self.address is None:
            raise click.UsageError(tr("--entity goes with --address.", "--entity łączy się z --address."))
        return permissions.entity(self.entity, self.address)


def whom_options(*kinds: str) -> Callable[[F], F]:
    """All of it as one argument `whom`; `kinds`: the types of identifiers."""
    listed = ", ".join(kinds)
    return gathered(
        "whom",
        Whom,
        click.option(
            "--to",
            type=(click.Choice(kinds, case_sensitive=False), str),
            required=True,
            metavar=tr("TYPE VALUE", "TYP WARTOŚĆ"),
            help=tr(f"Whom: {listed}, and the value.", f"Komu: {listed} i wartość."),
        ),
        click.option(
            "--person",
            type=(str, str),
            default=None,
            metavar=tr("FIRST LAST", "IMIĘ NAZWISKO"),
            help=tr("First and last name of the person.", "Imię i nazwisko osoby."),
        ),
        click.option(
            "--holder",
            type=(click.Choice(["Nip", "Pesel"], case_sensitive=False), str),
            default=None,
            metavar=tr("TYPE VALUE", "TYP WARTOŚĆ"),
            help=tr("NIP or PESEL of the holder of a certificate.", "NIP albo PESEL posiadacza certyfikatu."),
        ),
        click.option(
            "--born",
            type=click.DateTime(["%Y-%m-%d"]),
            default=None,
            metavar=tr("DATE", "DATA"),
            help=tr("Birth date of a holder who has neither.", "Data urodzenia posiadacza bez nich."),
        ),
        click.option(
            "--document",
            type=(str, str, str),
            default=None,
            metavar=tr("TYPE NUMBER COUNTRY", "TYP NUMER KRAJ"),
            help=tr(
                "Identity document of such a holder, country as DE.",
                "Dokument tożsamości takiego posiadacza, kraj jak DE.",
            ),
        ),
        click.option(
            "--entity",
            default=None,
            metavar=tr("NAME", "NAZWA"),
            help=tr("Full name of the company.", "Pełna nazwa firmy."),
        ),
        click.option(
            "--address",
            default=None,
            metavar=tr("TEXT", "TEKST"),
            help=tr("Address of a foreign company.", "Adres firmy zagranicznej."),
        ),
    )


description_option = click.option(
    "--description",
    default="Klucznik",
    show_default=True,
    metavar=tr("TEXT", "TEKST"),
    help=tr("What it is for: 5 to 256 characters.", "Do czego służy: od 5 do 256 znaków."),
)
