"""`klucznik qr`: the codes of an invoice, made and checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from klucznik.cli.common import FILE, print_json
from klucznik.cli.options import Place, Signer, json_option, ksef_option
from klucznik.errors import KlucznikError, Unwritable
from klucznik.lang import tr

if TYPE_CHECKING:
    from klucznik.crypto.certs import Identity
    from klucznik.crypto.qr import CertificateLink, InvoiceLink
    from klucznik.documents.invoice import Facts

#: What stands below a code (qr-offline.md sections 2 and 3).
OFFLINE, CERTIFICATE = "OFFLINE", "CERTYFIKAT"

_PICTURE = click.Path(dir_okay=False, path_type=Path)


@click.group(
    help=tr(
        "Make and check the QR codes of invoices: KOD I and KOD II.",
        "Utwórz i sprawdź kody QR faktur: KOD I i KOD II.",
    )
)
def qr() -> None:
    pass


# ---- making ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Codes:
    """The codes of one invoice, with the label that stands below KOD I; `second` empty without KOD II."""

    file: Path
    label: str
    first: str
    second: str = ""
    serial: str = ""


@qr.command(
    help=tr(
        "Print the KOD I link of invoices, one a line; with --certificate a line with KOD II follows.\n\nThe "
        "code is of exactly these bytes and of one environment (--ksef). An invoice issued offline carries both "
        "codes, the second signed with the issuer's Offline certificate. A picture of KOD II is written beside "
        "that of KOD I, as NAME-certificate.",
        "Wypisz odnośniki KOD I faktur, po jednym w wierszu; z --certificate po każdym jest KOD II.\n\nKod dotyczy "
        "dokładnie tych bajtów i jednego środowiska (--ksef). Faktura wystawiona offline ma oba kody, drugi "
        "podpisany certyfikatem wystawcy typu Offline. Obraz KOD II powstaje obok obrazu KOD I, jako "
        "NAZWA-certificate.",
    )
)
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option(
    "--ksef-number",
    default=None,
    help=tr("KSeF number for the label, else it is OFFLINE.", "Numer KSeF do podpisu kodu, inaczej OFFLINE."),
)
@click.option("--svg", "svg_path", type=_PICTURE, help=tr("Draw the code here, SVG.", "Narysuj tu kod, SVG."))
@click.option("--png", "png_path", type=_PICTURE, help=tr("Draw the code here, PNG.", "Narysuj tu kod, PNG."))
@click.option("--force", is_flag=True, help=tr("Write over pictures.", "Nadpisuj obrazy."))
@click.option(
    "--certificate",
    "cert_path",
    type=FILE,
    help=tr(
        "Offline certificate of the issuer, PEM or PKCS#12: makes KOD II.",
        "Certyfikat wystawcy typu Offline, PEM albo PKCS#12: powstanie KOD II.",
    ),
)
@click.option(
    "--key",
    "key_path",
    type=FILE,
    help=tr(
        "Private key, when it is not in the certificate's file.",
        "Klucz prywatny, gdy nie ma go w pliku certyfikatu.",
    ),
)
@click.option(
    "--context",
    metavar="TYPE:VALUE",
    default=None,
    help=tr(
        "Whose context the issuer works in (KOD II): Nip, InternalId, NipVatUe or PeppolId; default the "
        "seller's Nip.",
        "W czyim kontekście działa wystawca (KOD II): Nip, InternalId, NipVatUe albo PeppolId; domyślnie Nip "
        "sprzedawcy.",
    ),
)
@ksef_option
@json_option
def link(
    files: tuple[Path, ...],
    ksef_number: str | None,
    svg_path: Path | None,
    png_path: Path | None,
    force: bool,
    cert_path: Path | None,
    key_path: Path | None,
    context: str | None,
    place: Place,
    as_json: bool,
) -> None:
    from klucznik.wire.ids import check_ksef_number

    if len(files) > 1 and (ksef_number or svg_path or png_path):
        raise click.UsageError(
            tr(
                "--ksef-number, --svg and --png go with one invoice.",
                "--ksef-number, --svg i --png dotyczą jednej faktury.",
            )
        )
    if cert_path is None and (key_path or context):
        raise click.UsageError(
            tr("--key and --context need --certificate.", "--key i --context wymagają --certificate.")
        )
    if ksef_number is not None:
        check_ksef_number(ksef_number)
    base = base_of(place.environment)
    identity = Signer(cert_path, key_path).identity() if cert_path else None
    for path in files:
        codes = codes_of(path, base, ksef_number, identity, context)
        pictures = [str(drawn) for drawn in _draw(codes, svg_path, png_path, force)]
        if as_json:
            print_json(
                {
                    "file": str(path),
                    "label": codes.label,
                    "invoiceLink": codes.first,
                    "certificateLink": codes.second or None,
                    "certificateSerialNumber": codes.serial or None,
                    "pictures": pictures,
                }
            )
            continue
        click.echo(codes.first)
        if codes.second:
            click.echo(codes.second)


def base_of(environment: str) -> str:
    """Where the codes of an environment (a name or the API's address) lead.

    A KSeF at another address has them beside its API, under `/qr`. Raises Unreadable.
    """
    from klucznik.client.environments import ENVIRONMENTS, base_url
    from klucznik.crypto.qr import QR_HOSTS

    url = base_url(environment)
    for name, known in ENVIRONMENTS.items():
        if url == known:
            return QR_HOSTS[name]
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}/qr"


def codes_of(
    path: Path, base: str, ksef_number: str | None, identity: Identity | None, context: str | None
) -> Codes:
    from klucznik.crypto import qr as links

    document = path.read_bytes()
    facts = _facts(path, document)
    if ksef_number and ksef_number[:10] != facts.seller_nip:
        raise KlucznikError(
            tr(
                f"{ksef_number} is not the number of {path}: its seller is {facts.seller_nip}.",
                f"{ksef_number} to nie numer {path}: sprzedawcą jest {facts.seller_nip}.",
            )
        )
    digest = links.digest_of(document)
    # Only production insists on the check digit; elsewhere made-up NIPs are invoiced too.
    checksum = base == links.QR_HOSTS["prd"]
    first = links.invoice_link(base, facts.seller_nip, facts.issue_date, digest, checksum=checksum)
    label = ksef_number or OFFLINE
    if identity is None:
        return Codes(path, label, first)
    serial = links.serial_of(identity.certificate)
    type_, value = _context(context, facts.seller_nip)
    second = links.certificate_link(
        base, type_, value, facts.seller_nip, serial, digest, identity, checksum=checksum
    )
    _refuse_unfit(second, base, identity)
    return Codes(path, label, first, second, serial)


def _context(given: str | None, seller_nip: str) -> tuple[str, str]:
    if given is None:
        return "Nip", seller_nip
    type_, colon, value = given.partition(":")
    if not colon:
        raise click.BadParameter(
            tr(
                f"{given!r} is not TYPE:VALUE, such as Nip:5265877635.",
                f"{given!r} to nie TYP:WARTOŚĆ, na przykład Nip:5265877635.",
            ),
            param_hint="--context",
        )
    return type_, value


def _refuse_unfit(second: str, base: str, identity: Identity) -> None:
    """A KOD II that nobody would accept is not handed out."""
    from klucznik.clock import SystemClock
    from klucznik.crypto import qr as links

    made = links.read_link(second, [base], checksum=False)
    assert isinstance(made, links.CertificateLink)
    report = links.verify(made, identity.certificate, now=SystemClock().now())
    if not report.in_order:
        why = "; ".join(finding.message for finding in report.findings)
        raise KlucznikError(
            tr(f"KOD II would not be accepted: {why}.", f"KOD II nie byłby przyjęty: {why}."),
            hint=tr(
                "take a certificate of type Offline that is valid now",
                "użyj ważnego dziś certyfikatu typu Offline",
            ),
        )


def _draw(codes: Codes, svg_path: Path | None, png_path: Path | None, force: bool) -> Iterator[Path]:
    """Write the pictures asked for; gives their paths, KOD I first."""
    if not svg_path and not png_path:
        return
    from klucznik.documents.view.pictures import png, svg

    for code, label, ending in ((codes.first, codes.label, ""), (codes.second, CERTIFICATE, "-certificate")):
        if code and svg_path:
            target = svg_path.with_stem(svg_path.stem + ending)
            yield _picture(target, svg(code, label).encode(), force)
        if code and png_path:
            target = png_path.with_stem(png_path.stem + ending)
            yield _picture(target, png(code, label), force)


def _picture(target: Path, drawn: bytes, force: bool) -> Path:
    try:
        with target.open("wb" if force else "xb") as file:
            file.write(drawn)
    except FileExistsError:
        raise Unwritable(
            tr(f"{target} is there already.", f"{target} już istnieje."),
            hint=tr("--force writes over it", "--force go nadpisze"),
        ) from None
    return target


def _facts(path: Path, document: bytes) -> Facts:
    from klucznik.cli.send import form_of
    from klucznik.documents import facts

    return facts.read(document, form_of(path.name, document).system_code)


# ---- checking --------------------------------------------------------------------------------------


@qr.command(
    help=tr(
        "Check a scanned link of KOD I or KOD II and tell what it says.\n\nWith --invoice the code must be of "
        "exactly that file; with --certificate a KOD II must be signed by it. Whether KSeF has the invoice, and "
        "whether a certificate is revoked, only KSeF tells. Exit code 0 in order, 1 not in order, 2 unreadable.",
        "Sprawdź zeskanowany odnośnik KOD I albo KOD II i powiedz, co mówi.\n\nZ --invoice kod musi dotyczyć "
        "właśnie tego pliku; z --certificate KOD II musi być nim podpisany. Czy KSeF ma fakturę i czy certyfikat "
        "jest unieważniony, wie tylko KSeF. Kod wyjścia 0 w porządku, 1 nie w porządku, 2 nieczytelne.",
    )
)
@click.argument("scanned", metavar="LINK")
@click.option(
    "--invoice",
    "invoice_path",
    type=FILE,
    help=tr("The invoice that it should lead to.", "Faktura, do której ma prowadzić."),
)
@click.option(
    "--certificate",
    "cert_path",
    type=FILE,
    help=tr("The issuer's certificate (KOD II).", "Certyfikat wystawcy (KOD II)."),
)
@ksef_option
@json_option
def check(
    scanned: str, invoice_path: Path | None, cert_path: Path | None, place: Place, as_json: bool
) -> int:
    from klucznik.clock import SystemClock
    from klucznik.crypto import qr as links
    from klucznik.crypto.certs import load_certificate
    from klucznik.wire.ids import is_nip

    read = links.read_link(scanned, [base_of(place.environment)], checksum=False)
    findings: list[tuple[str, str]] = []
    if not is_nip(read.nip):
        words = tr(f"the check digit of NIP {read.nip} is wrong", f"NIP {read.nip} ma złą cyfrę kontrolną")
        findings.append(("checksum", words))
    if cert_path:
        if not isinstance(read, links.CertificateLink):
            raise click.UsageError(
                tr(
                    "KOD I is not signed: --certificate is for KOD II.",
                    "KOD I nie ma podpisu: --certificate jest dla KOD II.",
                )
            )
        report = links.verify(read, load_certificate(cert_path.read_bytes()), now=SystemClock().now())
        findings += [(finding.code, finding.message) for finding in report.findings]
    if invoice_path:
        document = invoice_path.read_bytes()
        facts = _facts(invoice_path, document)
        differing = links.differences(read, document, nip=facts.seller_nip, issue_date=facts.issue_date)
        findings += [(finding.code, finding.message) for finding in differing]
    if as_json:
        print_json(
            {
                **_as_dict(read),
                "inOrder": not findings,
                "signatureChecked": bool(cert_path),
                "invoiceChecked": bool(invoice_path),
                "findings": [{"code": code, "message": message} for code, message in findings],
            }
        )
    else:
        for line in _lines(read, invoice_path, cert_path, findings):
            click.echo(line)
    return 1 if findings else 0


def _environment(base: str) -> str:
    """The name of an environment, or the address of another KSeF's codes."""
    from klucznik.crypto.qr import QR_HOSTS

    return next((name for name, known in QR_HOSTS.items() if known == base), base)


def _as_dict(read: InvoiceLink | CertificateLink) -> dict[str, object]:
    """What a link says, for programs; the hash as the API writes it."""
    from klucznik.crypto import qr as links

    said: dict[str, object] = {"environment": _environment(read.base), "base": read.base, "nip": read.nip}
    said["invoiceHash"] = links.digest_to_api(read.digest)
    if isinstance(read, links.InvoiceLink):
        return {"kind": "invoice", **said, "issueDate": read.issue_date}
    return {
        "kind": "certificate",
        **said,
        "contextType": read.context_type,
        "contextValue": read.context_value,
        "certificateSerialNumber": read.serial,
    }


def _lines(
    read: InvoiceLink | CertificateLink,
    invoice_path: Path | None,
    cert_path: Path | None,
    findings: list[tuple[str, str]],
) -> Iterator[str]:
    """What a link says, for a person: what it is, whose, what was looked at, what is wrong."""
    from klucznik.crypto import qr as links

    where = _environment(read.base)
    unsigned = isinstance(read, links.CertificateLink) and cert_path is None
    mark = "✗" if findings else "!" if unsigned else "✓"
    if isinstance(read, links.InvoiceLink):
        yield f"{mark} KOD I, {where}"
        yield "    " + tr(
            f"invoice of seller {read.nip}, issued on {read.issue_date}",
            f"faktura sprzedawcy {read.nip}, wystawiona {read.issue_date}",
        )
    else:
        yield f"{mark} KOD II, {where}"
        context = f"{read.context_type} {read.context_value}"
        yield "    " + tr(
            f"invoice of seller {read.nip}, issued offline in the context {context}",
            f"faktura sprzedawcy {read.nip}, wystawiona offline w kontekście {context}",
        )
        yield "    " + tr(f"it names certificate {read.serial}", f"wskazuje certyfikat {read.serial}")
    yield f"    SHA-256 {links.digest_to_api(read.digest)}"
    codes = {code for code, _ in findings}
    if invoice_path and not codes & {"hash", "nip", "date"}:
        yield "    ✓ " + tr(f"it is the code of {invoice_path}", f"to kod pliku {invoice_path}")
    if isinstance(read, links.CertificateLink):
        if cert_path is None:
            yield "    ! " + tr(
                "the signature was not checked: give --certificate",
                "podpisu nie sprawdzono: podaj --certificate",
            )
        elif not codes - {"hash", "nip", "date", "checksum"}:
            yield "    ✓ " + tr(f"it is signed by {cert_path}", f"podpisał go {cert_path}")
    for _, message in findings:
        yield f"    ✗ {message}"
