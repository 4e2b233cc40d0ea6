"""`klucznik cert get | fingerprint`: certificates without their keys."""

from __future__ import annotations

from pathlib import Path

import click

from klucznik.cli.arguments import SERIAL
from klucznik.cli.common import FILE, print_json
from klucznik.cli.options import Place, Signer, company_option, json_option, ksef_option, signer_options
from klucznik.errors import Refused
from klucznik.lang import tr

_MOST = 10


@click.command(
    help=tr(
        "Fetch your KSeF certificates by serial number, each as SERIAL.pem: the certificate, without its key.",
        "Pobierz swoje certyfikaty KSeF po numerze seryjnym, każdy jako NUMER.pem: certyfikat, bez klucza.",
    )
)
@click.argument("serials", nargs=-1, required=True, type=SERIAL)
@company_option()
@signer_options(required=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help=tr("Folder, default: here.", "Katalog, domyślnie bieżący."),
)
@ksef_option
@json_option
def get(serials: tuple[str, ...], nip: str, signer: Signer, out: Path, place: Place, as_json: bool) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    from klucznik.client import certificates
    from klucznik.crypto.certs import load_certificate

    ksef = place.with_signature(signer, nip)
    wanted = list(dict.fromkeys(serials))
    found = {}
    for at in range(0, len(wanted), _MOST):
        answer = ksef.call(certificates.retrieve(wanted[at : at + _MOST]))
        found.update({item.certificate_serial_number: item for item in answer.certificates})
    out.mkdir(parents=True, exist_ok=True)
    for item in found.values():
        path = out / f"{item.certificate_serial_number}.pem"
        path.write_bytes(load_certificate(item.certificate).public_bytes(Encoding.PEM))
        if as_json:
            print_json(
                {
                    "certificateSerialNumber": item.certificate_serial_number,
                    "certificateName": item.certificate_name,
                    "certificateType": item.certificate_type.value,
                    "file": str(path),
                }
            )
        else:
            click.echo(f"{path}  {item.certificate_type.value}  {item.certificate_name}")
    if missing := [serial for serial in wanted if serial not in found]:
        raise Refused(
            tr(
                f"KSeF hands out no certificate {', '.join(missing)} to you.",
                f"KSeF nie wydaje Ci certyfikatu {', '.join(missing)}.",
            ),
            status=200,
            hint=tr(
                '"klucznik cert list" shows those that are yours.', "„klucznik cert list” pokazuje Twoje."
            ),
        )


@click.command(
    "fingerprint",
    help=tr(
        "Print the fingerprint of certificates, by which KSeF knows who has neither NIP nor PESEL.\n\nIt is "
        "the SHA-256 of the certificate, for `klucznik permission grant --to Fingerprint`.",
        "Wypisz odciski palca certyfikatów, po których KSeF zna osoby bez NIP i PESEL.\n\nTo SHA-256 "
        "certyfikatu, do `klucznik permission grant --to Fingerprint`.",
    ),
)
@click.argument("files", nargs=-1, required=True, type=FILE)
@json_option
def show_fingerprint(files: tuple[Path, ...], as_json: bool) -> None:
    from klucznik.crypto.certs import fingerprint, load_certificate

    for path in files:
        certificate = load_certificate(path.read_bytes())
        if as_json:
            subject = certificate.subject.rfc4514_string()
            print_json({"file": str(path), "fingerprint": fingerprint(certificate), "subject": subject})
        else:
            click.echo(fingerprint(certificate) + (f"  {path}" if len(files) > 1 else ""))
