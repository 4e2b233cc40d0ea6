"""`klucznik cert new`: test certificates, a person's or a company's seal."""

from __future__ import annotations

from pathlib import Path

import click

from klucznik.cli.common import NIP, data_home, print_json, read_secret
from klucznik.cli.options import json_option
from klucznik.lang import tr


@click.command(
    "new",
    help=tr(
        "Make a self-signed test certificate with its key.\n\nThe test profile of the local KSeF (and the "
        "TEST environment) accept it in place of a qualified one; DEMO and production do not. Give --pesel "
        "or --nip for a person's signature, --seal with --nip for a company's seal. With --qualified it is issued "
        "by the CA of a local KSeF, which that one trusts in its demo and prd profiles too.",
        "Utwórz samopodpisany certyfikat testowy z kluczem.\n\nProfil testowy lokalnego KSeF (i środowisko "
        "TEST) przyjmują go zamiast kwalifikowanego; DEMO i produkcja nie. Podaj --pesel lub --nip dla "
        "podpisu osoby, --seal z --nip dla pieczęci firmy. Z --qualified wystawia go urząd lokalnego KSeF, "
        "któremu ten ufa także w profilach demo i prd.",
    ),
)
@click.option(
    "--nip", type=NIP, default=None, help=tr("NIP of the person or company.", "NIP osoby lub firmy.")
)
@click.option("--pesel", default=None, help=tr("PESEL of the person.", "PESEL osoby."))
@click.option("--seal", "is_seal", is_flag=True, help=tr("A company's seal.", "Pieczęć firmy."))
@click.option("--given-name", default="Anna", show_default=True, help=tr("Given name.", "Imię."))
@click.option("--surname", default="Testowa", show_default=True, help=tr("Surname.", "Nazwisko."))
@click.option("--company-name", default=None, help=tr("Name on the seal.", "Nazwa na pieczęci."))
@click.option(
    "--key",
    "kind",
    type=click.Choice(["ec", "rsa"]),
    default="ec",
    show_default=True,
    help=tr("P-256 or RSA-2048.", "P-256 albo RSA-2048."),
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help=tr(
        "File to write: .pem, or .p12 (asks for a passphrase).",
        "Plik wynikowy: .pem albo .p12 (zapyta o hasło).",
    ),
)
@click.option(
    "--qualified",
    is_flag=True,
    help=tr("Issue it by the local KSeF's own CA.", "Wystaw go przez urząd lokalnego KSeF."),
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="DIR",
    help=tr(
        "Data folder of that KSeF, default $KLUCZNIK_HOME/ksef.",
        "Katalog danych tego KSeF, domyślnie $KLUCZNIK_HOME/ksef.",
    ),
)
@json_option
def new(
    nip: str | None,
    pesel: str | None,
    is_seal: bool,
    given_name: str,
    surname: str,
    company_name: str | None,
    kind: str,
    out: Path,
    qualified: bool,
    data: Path | None,
    as_json: bool,
) -> None:
    from klucznik.clock import SystemClock
    from klucznik.crypto import authority
    from klucznik.crypto.certs import fingerprint
    from klucznik.files import write_private
    from klucznik.server.keys import qualified_authority
    from klucznik.wire.ids import is_pesel

    if pesel is not None and not is_pesel(pesel):
        raise click.BadParameter(
            tr(f"{pesel!r} is not a PESEL.", f"{pesel!r} to nie PESEL."), param_hint="--pesel"
        )
    if is_seal and not nip:
        raise click.UsageError(tr("A seal needs --nip.", "Pieczęć wymaga --nip."))
    if not is_seal and (nip is None) == (pesel is None):
        raise click.UsageError(
            tr("Give --pesel or --nip, one of them.", "Podaj --pesel albo --nip, jedno z nich.")
        )
    if data and not qualified:
        raise click.UsageError(tr("--data goes with --qualified.", "--data łączy się z --qualified."))
    now = SystemClock().now()
    issuer = qualified_authority(data or data_home() / "ksef", now) if qualified else None
    key: authority.KeyKind = "rsa" if kind == "rsa" else "ec"
    if is_seal:
        assert nip
        identity = authority.seal(
            company_name or f"Firma testowa {nip}", nip, key=key, now=now, issuer=issuer
        )
    else:
        identity = authority.person(
            given_name, surname, pesel=pesel, nip=nip, key=key, now=now, issuer=issuer
        )
    if out.suffix.lower() in (".p12", ".pfx"):
        question = tr("Passphrase of the file", "Hasło pliku")
        write_private(out, identity.to_pkcs12(read_secret(question, confirm=True)))
    else:
        write_private(out, identity.to_pem())
    subject = identity.certificate.subject.rfc4514_string()
    if as_json:
        print_json({"file": str(out), "subject": subject, "fingerprint": fingerprint(identity.certificate)})
        return
    click.echo(
        tr(
            f"Wrote {out} (certificate and key, keep it private)",
            f"Zapisano {out} (certyfikat i klucz, nie udostępniaj)",
        )
    )
    click.echo(f"  {subject}")
    click.echo(f"  {tr('fingerprint', 'odcisk palca')} {fingerprint(identity.certificate)}")
