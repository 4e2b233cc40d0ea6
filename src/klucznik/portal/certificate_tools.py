"""Beside the login: test certificates to log in with, and the fingerprint of a certificate."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from klucznik.crypto import authority
from klucznik.crypto.authority import KeyKind
from klucznik.crypto.certs import Identity, fingerprint, load_certificate
from klucznik.crypto.subject import BadSubject, read_subject
from klucznik.errors import Unreadable
from klucznik.lang import in_language
from klucznik.portal import numbers
from klucznik.portal.login_profile import checked_names
from klucznik.portal.visit import Unfit, Visit, page
from klucznik.secret import Secret

_TYPES: Final = {"p12": "application/x-pkcs12", "pem": "application/x-pem-file"}
_SHORTEST_PASSWORD: Final = 8


async def test_certificate(visit: Visit) -> Response:
    """GET /login/test-certificate."""
    return visit.page("test_certificate.html")


async def make_certificate(visit: Visit) -> Response:
    """POST /login/test-certificate: a new key with its certificate, as a file that is kept nowhere else."""
    try:
        identity = await _made(visit, await visit.door.now())
        content = await asyncio.to_thread(_packed, visit, identity)
    except Unfit as unfit:
        return visit.again("test_certificate.html", unfit)
    form = visit.field("form")
    digits = "".join(filter(str.isdigit, visit.field("number")))
    name = f"test-{visit.field('kind')}-{digits}.{form}"
    return Response(
        content, media_type=_TYPES[form], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def _made(visit: Visit, now: datetime) -> Identity:
    t = visit.t
    kind, number, name = visit.field("kind"), visit.field("number"), visit.field("name")
    key: KeyKind = "rsa" if visit.field("key") == "rsa" else "ec"
    issuer = visit.settings.issuer
    if visit.field("form") not in _TYPES or kind not in ("person", "seal"):
        raise Unfit(t("Choose a kind and a form.", "Wybierz rodzaj i format.", "Wählen Sie Art und Format."))
    try:
        if kind == "person":
            given, surname = visit.field("given"), visit.field("surname")
            checked_names(visit, given, surname)
            pesel, nip = numbers.pesel_or_nip(visit, number)
            # A new RSA key takes its hundred milliseconds.
            return await asyncio.to_thread(
                authority.person, given, surname, now=now, pesel=pesel, nip=nip, key=key, issuer=issuer
            )
        if not 0 < len(name) <= 64:
            raise Unfit(
                t(
                    "Type the name on the seal: 1 to 64 characters.",
                    "Wpisz nazwę na pieczęci: od 1 do 64 znaków.",
                    "Geben Sie den Namen auf dem Siegel ein: 1 bis 64 Zeichen.",
                )
            )
        number = numbers.nip(visit, number)
        return await asyncio.to_thread(authority.seal, name, number, now=now, key=key, issuer=issuer)
    except ValueError:
        raise Unfit(
            t(
                "A certificate cannot hold this name: use letters, digits and spaces.",
                "Certyfikat nie może zawierać takiej nazwy: użyj liter, cyfr i spacji.",
                "Ein Zertifikat kann diesen Namen nicht fassen: Nehmen Sie Buchstaben, Ziffern, Leerzeichen.",
            )
        ) from None


def _packed(visit: Visit, identity: Identity) -> bytes:
    """The file; a .p12 wants a password, a .pem is sealed where there is one."""
    typed = visit.form.get("password")
    password = Secret(typed) if isinstance(typed, str) and typed else None
    if visit.field("form") == "pem":
        return identity.to_pem(password)
    if password is None or len(str(typed)) < _SHORTEST_PASSWORD:
        raise Unfit(
            visit.t(
                f"A .p12 file needs a password of at least {_SHORTEST_PASSWORD} characters.",
                f"Plik .p12 wymaga hasła o długości co najmniej {_SHORTEST_PASSWORD} znaków.",
                f"Eine .p12-Datei braucht ein Passwort von mindestens {_SHORTEST_PASSWORD} Zeichen.",
            )
        )
    return identity.to_pkcs12(password)


async def fingerprint_form(visit: Visit) -> Response:
    """GET /login/fingerprint."""
    return visit.page("fingerprint.html", found=None)


async def take_fingerprint(visit: Visit) -> Response:
    """POST /login/fingerprint: SHA-256 of a certificate, as KSeF knows it (xades.md section 5)."""
    file = await visit.file("certificate")
    try:
        certificate = load_certificate(file)
    except Unreadable as bad:
        return visit.again("fingerprint.html", Unfit(visit.said(bad)), found=None)
    try:
        subject = read_subject(certificate, need_identifier=False)
        holder = f"{subject.type.upper()} {subject.value}" if subject.type else ""
        why = ""
    except BadSubject as bad_subject:
        holder, why = "", in_language(bad_subject.why, visit.t.of_library)
    found = {
        "fingerprint": fingerprint(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "since": certificate.not_valid_before_utc,
        "until": certificate.not_valid_after_utc,
        "holder": holder,
        "why": why,
    }
    return visit.page("fingerprint.html", found=found)


ROUTES = [
    Route("/login/test-certificate", page(test_certificate, public=True), methods=["GET"]),
    Route("/login/test-certificate", page(make_certificate, public=True), methods=["POST"]),
    Route("/login/fingerprint", page(fingerprint_form, public=True), methods=["GET"]),
    Route("/login/fingerprint", page(take_fingerprint, public=True), methods=["POST"]),
]
