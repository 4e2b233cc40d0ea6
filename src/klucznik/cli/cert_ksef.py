"""`klucznik cert enrol | list | revoke | limits`: certificates that KSeF issues."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from klucznik.cli.common import print_json, read_secret
from klucznik.cli.options import Place, Signer, company_option, json_option, ksef_option, signer_options
from klucznik.cli.showing import Column, day, show_all
from klucznik.errors import Refused, Unwritable
from klucznik.lang import tr

_TYPES = ["Authentication", "Offline"]
_STATUSES = ["Active", "Blocked", "Revoked", "Expired"]
_REASONS = ["Unspecified", "Superseded", "KeyCompromise"]


@click.command(
    "enrol",
    help=tr(
        "Apply for a KSeF certificate, wait for it and fetch it.\n\nThe key is made here, written to --out "
        "before anything is sent, and never leaves this machine. Authentication certificates log in, "
        "Offline ones sign KOD II of invoices issued offline. Where the waiting is cut short, --reference "
        "goes on with the same key.",
        "Złóż wniosek o certyfikat KSeF, poczekaj na niego i pobierz.\n\nKlucz powstaje tutaj, jest zapisany "
        "w --out, zanim cokolwiek zostanie wysłane, i nie opuszcza tego komputera. Certyfikat "
        "Authentication służy do logowania, Offline do podpisu KOD II faktur wystawionych offline. Po "
        "przerwanym oczekiwaniu --reference kontynuuje z tym samym kluczem.",
    ),
)
@company_option()
@signer_options(required=True)
@click.option(
    "--type",
    "kind",
    type=click.Choice(_TYPES, case_sensitive=False),
    default="Authentication",
    show_default=True,
    help=tr("What it is for.", "Do czego służy."),
)
@click.option(
    "--name",
    default="Klucznik",
    show_default=True,
    help=tr(
        "Its name: 5 to 100 letters, digits, blanks, - and _.", "Nazwa: 5 do 100 liter, cyfr, spacji, - i _."
    ),
)
@click.option(
    "--new-key",
    "key_kind",
    type=click.Choice(["ec", "rsa"]),
    default="ec",
    show_default=True,
    help=tr("Its key: P-256 or RSA-2048.", "Klucz: P-256 albo RSA-2048."),
)
@click.option(
    "--valid-from",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    default=None,
    help=tr("Polish time; default: from its issue.", "Czas polski; domyślnie od wydania."),
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help=tr("PEM file for key and certificate.", "Plik PEM na klucz i certyfikat."),
)
@click.option(
    "--encrypt", is_flag=True, help=tr("Seal the key with a passphrase.", "Zabezpiecz klucz hasłem.")
)
@click.option(
    "--reference",
    default=None,
    metavar="NUMBER",
    help=tr(
        "Go on with this application; --out holds its key.", "Kontynuuj ten wniosek; jego klucz jest w --out."
    ),
)
@ksef_option
@json_option
def enrol(
    nip: str,
    signer: Signer,
    kind: str,
    name: str,
    key_kind: str,
    valid_from: datetime | None,
    out: Path,
    encrypt: bool,
    reference: str | None,
    place: Place,
    as_json: bool,
) -> None:
    from klucznik.client import certificates
    from klucznik.crypto import authority
    from klucznik.crypto.certs import key_to_pem, load_key
    from klucznik.files import write_private

    _refuse_other_formats(out)
    if reference is None and out.exists():
        # It may hold the only copy of a key.
        raise Unwritable(
            tr(f"{out} is there already.", f"{out} już istnieje."),
            hint=tr(
                "give another --out, or --reference to go on.",
                "podaj inny --out albo --reference, by kontynuować.",
            ),
        )
    question = tr("Passphrase of the key", "Hasło klucza")
    passphrase = read_secret(question, confirm=reference is None) if encrypt else None
    ksef = place.with_signature(signer, nip)
    if reference is None:
        key = authority.new_key("rsa" if key_kind == "rsa" else "ec")
        write_private(out, key_to_pem(key, passphrase))
        applying = certificates.apply(name, kind, key, valid_from=_polish(valid_from))
        try:
            reference = ksef.run(applying)
        except (Refused, ValueError):  # the latter: a name that does not fit the contract
            out.unlink()  # nothing was applied for: no certificate will ever belong to this key
            raise
    else:
        key = load_key(out.read_bytes(), passphrase)
    enrolled = ksef.run(certificates.collect(reference, key))
    write_private(out, enrolled.identity.to_pem(passphrase))
    certificate = enrolled.identity.certificate
    if as_json:
        print_json(
            {
                "certificateSerialNumber": enrolled.serial,
                "file": str(out),
                "subject": certificate.subject.rfc4514_string(),
                "validTo": certificate.not_valid_after_utc.isoformat(),
            }
        )
        return
    click.echo(
        tr(
            f"Certificate {enrolled.serial} is issued. Wrote {out} (certificate and key, keep it private)",
            f"Certyfikat {enrolled.serial} jest wydany. Zapisano {out} (certyfikat i klucz, nie udostępniaj)",
        )
    )
    click.echo(f"  {certificate.subject.rfc4514_string()}")
    click.echo(
        tr(
            f"  valid to {certificate.not_valid_after_utc:%Y-%m-%d}",
            f"  ważny do {certificate.not_valid_after_utc:%Y-%m-%d}",
        )
    )


def _refuse_other_formats(out: Path) -> None:
    if out.suffix.lower() in (".p12", ".pfx"):
        raise click.UsageError(tr("--out is a PEM file.", "--out to plik PEM."))


def _polish(moment: datetime | None) -> datetime | None:
    from klucznik.clock import WARSAW

    return None if moment is None else moment.replace(tzinfo=WARSAW)


@click.command(
    "list",
    help=tr(
        "List your KSeF certificates, newest first.\n\nThey belong to whoever the certificate given with "
        "--cert names, in every company alike.",
        "Pokaż swoje certyfikaty KSeF, od najnowszego.\n\nNależą do osoby lub firmy z certyfikatu --cert, "
        "w każdej firmie tak samo.",
    ),
)
@company_option()
@signer_options(required=True)
@click.option(
    "--type",
    "kind",
    type=click.Choice(_TYPES, case_sensitive=False),
    default=None,
    help=tr("Only those of this type.", "Tylko tego typu."),
)
@click.option(
    "--status",
    type=click.Choice(_STATUSES, case_sensitive=False),
    default=None,
    help=tr("Only those in this state.", "Tylko w tym stanie."),
)
@ksef_option
@json_option
def list_(
    nip: str, signer: Signer, kind: str | None, status: str | None, place: Place, as_json: bool
) -> None:
    from klucznik.client import certificates

    found = place.with_signature(signer, nip).run(certificates.list_all(kind=kind, status=status))
    show_all(
        found,
        [
            Column(
                tr("serial number", "numer seryjny"), lambda item: item.certificate_serial_number, whole=True
            ),
            Column(tr("name", "nazwa"), lambda item: item.name),
            Column(tr("type", "typ"), lambda item: item.type.value),
            Column(tr("status", "stan"), lambda item: item.status.value),
            Column(tr("valid to", "ważny do"), lambda item: day(item.valid_to)),
            Column(tr("last used", "ostatnio użyty"), lambda item: day(item.last_use_date)),
        ],
        as_json=as_json,
    )


@click.command(
    "revoke",
    help=tr(
        "Revoke a KSeF certificate for good.\n\nNew logins with it are refused; who is logged in stays so "
        "for up to seven days.",
        "Unieważnij trwale certyfikat KSeF.\n\nNowe logowania są odmawiane; zalogowani pozostają zalogowani "
        "do siedmiu dni.",
    ),
)
@click.argument("serial", metavar="SERIAL")
@company_option()
@signer_options(required=True)
@click.option(
    "--reason",
    type=click.Choice(_REASONS, case_sensitive=False),
    default="Unspecified",
    show_default=True,
    help=tr("Why.", "Dlaczego."),
)
@ksef_option
def revoke(serial: str, nip: str, signer: Signer, reason: str, place: Place) -> None:
    from klucznik.client import certificates

    serial = serial.upper()
    place.with_signature(signer, nip).run(certificates.revoke_and_wait(serial, reason))
    click.echo(tr(f"Certificate {serial} is revoked.", f"Certyfikat {serial} jest unieważniony."))


@click.command(
    "limits",
    help=tr(
        "How many KSeF certificates you may still apply for and hold.\n\nExit code 1 where none can be "
        "applied for.",
        "Ile wniosków można jeszcze złożyć i ile certyfikatów KSeF posiadać.\n\nKod wyjścia 1, gdy wniosku "
        "złożyć nie można.",
    ),
)
@company_option()
@signer_options(required=True)
@ksef_option
@json_option
def limits(nip: str, signer: Signer, place: Place, as_json: bool) -> int:
    from klucznik.client import certificates

    found = place.with_signature(signer, nip).call(certificates.limits())
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True))
    else:
        applied, held = found.enrollment, found.certificate
        click.echo(
            tr(
                f"Applications left: {applied.remaining} of {applied.limit}",
                f"Pozostało wniosków: {applied.remaining} z {applied.limit}",
            )
        )
        click.echo(
            tr(
                f"Certificates left: {held.remaining} of {held.limit}",
                f"Pozostało certyfikatów: {held.remaining} z {held.limit}",
            )
        )
        if not found.can_request:
            click.echo(tr("You cannot apply now.", "Nie można teraz złożyć wniosku."))
    return 0 if found.can_request else 1
