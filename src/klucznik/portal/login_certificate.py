"""Logging in with a certificate and its key: signed here once, and the key forgotten at once."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from klucznik.crypto.certs import Identity, fingerprint
from klucznik.crypto.subject import BadSubject, Subject, read_subject
from klucznik.errors import Unreadable
from klucznik.lang import in_language
from klucznik.portal.entering import come_in, offers, sign
from klucznik.portal.opening import opened
from klucznik.portal.visit import Unfit, Visit, page
from klucznik.secret import Secret

#: Contexts a key signs for at once. Who may enter more says which.
_MOST: Final = 40


async def certificate(visit: Visit) -> Response:
    """GET /login/certificate."""
    return visit.page("login_certificate.html")


async def show_certificate(visit: Visit) -> Response:
    """POST /login/certificate: sign for every context that its holder may enter; then one is chosen.

    The key lives as long as this request. What it signed is good for ten minutes and one login.
    """
    kept, t = visit.kept, visit.t
    before = (kept.subject, kept.fingerprint)
    try:
        identity = await _uploaded(visit)
        subject = _subject(visit, identity)
        kept.subject = [subject.type, subject.value] if subject.type else []
        kept.fingerprint = fingerprint(identity.certificate)
        found = await offers(visit)
        wanted = visit.field("context")
        chosen = [offer for offer in found if wanted in (offer.value, offer.key)] if wanted else found
        if wanted and not chosen:
            raise Unfit(
                t(
                    f"The holder of this certificate has no permission in “{wanted[:40]}”.",
                    f"Posiadacz tego certyfikatu nie ma uprawnień w kontekście „{wanted[:40]}”.",
                    f"Der Inhaber dieses Zertifikats hat keine Berechtigung in „{wanted[:40]}“.",
                )
            )
        if len(chosen) > _MOST:
            raise Unfit(
                t(
                    f"You may enter {len(chosen)} contexts: say which one, and choose the file again.",
                    f"Masz dostęp do {len(chosen)} kontekstów: wpisz, do którego, i wybierz plik ponownie.",
                    f"Sie dürfen in {len(chosen)} Kontexte: Nennen Sie ihn, und wählen Sie die Datei neu.",
                )
            )
    except Unfit as unfit:
        kept.subject, kept.fingerprint = before
        return visit.again("login_certificate.html", unfit)
    signed = await sign(visit, identity, chosen) if chosen else {}
    kept.identity, kept.way = "", "certificate"
    if not visit.inside:
        kept.person = " ".join(filter(None, (subject.given_name, subject.surname))) or str(
            subject.common_name
        )
    if not chosen:
        return visit.page("login_context.html", offers=[])
    if len(chosen) == 1 and wanted:
        entered = await come_in(visit, signed[chosen[0].key].encode())
        return entered or visit.page("login_certificate.html", 400)
    kept.signed = signed
    visit.renew()  # whoever knew the cookie of before is not this person
    return visit.go("/login/context")


async def _uploaded(visit: Visit) -> Identity:
    """The certificate with its key, of one file or two. Raises `Unfit`."""
    t = visit.t
    file, key = await visit.file("certificate"), await visit.file("key")
    if not file:
        raise Unfit(
            t(
                "Choose the certificate's file: .p12, .pfx or .pem.",
                "Wskaż plik certyfikatu: .p12, .pfx albo .pem.",
                "Wählen Sie die Datei des Zertifikats: .p12, .pfx oder .pem.",
            )
        )
    typed = visit.form.get("password")
    password = Secret(typed) if isinstance(typed, str) and typed else None
    try:
        return await opened(file, key, password)
    except Unreadable as bad:
        again = t("Choose the file again.", "Wskaż plik ponownie.", "Wählen Sie die Datei erneut.")
        raise Unfit(f"{visit.said(bad)} {again}") from None


def _subject(visit: Visit, identity: Identity) -> Subject:
    try:
        return read_subject(identity.certificate, need_identifier=False)
    except BadSubject as bad:
        why = in_language(bad.why, visit.t.of_library)
        raise Unfit(
            visit.t(
                f"KSeF cannot tell whose certificate this is: {why}.",
                f"KSeF nie rozpozna, czyj to certyfikat: {why}.",
                f"KSeF erkennt nicht, wessen Zertifikat das ist: {why}.",
            )
        ) from None


ROUTES = [
    Route("/login/certificate", page(certificate, public=True), methods=["GET"]),
    Route("/login/certificate", page(show_certificate, public=True), methods=["POST"]),
]
