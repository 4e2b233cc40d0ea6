"""`klucznik keys`: the public keys with which secrets are encrypted for KSeF."""

from __future__ import annotations

from pathlib import Path

import click

from klucznik.cli.options import Place, json_option, ksef_option
from klucznik.cli.showing import Column, day, show_all, stacked
from klucznik.lang import tr


@click.command(
    help=tr(
        "List the public keys of KSeF: what they are for, and how long they hold.\n\nKSeF tokens and the keys "
        "of sessions are encrypted with them. With --out the certificates are written as PEM.",
        "Pokaż klucze publiczne KSeF: do czego służą i jak długo są ważne.\n\nSzyfruje się nimi tokeny KSeF i "
        "klucze sesji. Z --out certyfikaty są zapisywane jako PEM.",
    )
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help=tr("Folder for the certificates.", "Katalog na certyfikaty."),
)
@ksef_option
@json_option
def keys(out: Path | None, place: Place, as_json: bool) -> None:
    from klucznik.client import security

    found = place.client().call(security.public_keys()).root
    if out is not None:
        from cryptography.hazmat.primitives.serialization import Encoding

        from klucznik.crypto.certs import load_certificate

        out.mkdir(parents=True, exist_ok=True)
        for item in found:
            name = f"{'-'.join(usage.value for usage in item.usage)}-{item.valid_from:%Y%m%d}.pem"
            certificate = load_certificate(item.certificate)
            (out / name).write_bytes(certificate.public_bytes(Encoding.PEM))
            click.echo(str(out / name), err=True)
    usage = Column(tr("for", "do czego"), lambda item: ", ".join(each.value for each in item.usage))
    term = [
        Column(tr("from", "od"), lambda item: day(item.valid_from), whole=True),
        Column(tr("to", "do"), lambda item: day(item.valid_to), whole=True),
    ]
    number = Column(tr("key id", "identyfikator klucza"), lambda item: item.public_key_id, whole=True)
    both = Column(
        f"{usage.title}, {number.title}",
        lambda item: stacked(usage.value(item), item.public_key_id),
        whole=True,
    )
    show_all(found, [usage, *term, number], narrow=[both, *term], as_json=as_json)
