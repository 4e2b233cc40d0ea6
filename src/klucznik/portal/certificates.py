"""KSeF certificates: how many one may get, those one has, fetching and revoking them.

They belong to the person or company logged in, not to the context. Rules: certificates.md, portal.md.
"""

from __future__ import annotations

from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import certificates
from klucznik.crypto.certs import fingerprint, load_certificate
from klucznik.errors import Refused
from klucznik.portal.visit import Unfit, Visit, page
from klucznik.wire.certificates import CertificateListItem
from klucznik.wire.ids import is_reference

#: What a person chooses among, by its name on the wire: en, pl, de.
PURPOSES: Final = {
    "Authentication": (
        "Authentication in KSeF",
        "Uwierzytelnienie w systemie KSeF",
        "Authentifizierung in KSeF",
    ),
    "Offline": (
        "Signing the link that verifies the issuer",
        "Podpis linku do weryfikacji wystawcy",
        "Signatur des Links zur Prüfung des Ausstellers",
    ),
}
STATES: Final = {
    "Active": ("good", "active", "aktywny", "aktiv"),
    "Blocked": ("note", "being revoked", "w trakcie unieważniania", "wird widerrufen"),
    "Revoked": ("bad", "revoked", "unieważniony", "widerrufen"),
    "Expired": ("", "expired", "wygasł", "abgelaufen"),
}
REASONS: Final = {
    "Unspecified": ("no particular reason", "bez podania przyczyny", "ohne besonderen Grund"),
    "Superseded": (
        "replaced by another certificate",
        "zastąpiony innym certyfikatem",
        "durch ein anderes Zertifikat ersetzt",
    ),
    "KeyCompromise": (
        "somebody else may have the key",
        "klucz mógł trafić w obce ręce",
        "der Schlüssel kann in fremden Händen sein",
    ),
}
_PAGE: Final = 20


async def index(visit: Visit) -> Response:
    """GET /certificates: limits, and one's certificates, newest first. `?application=` waits for one."""
    asked = visit.request.query_params
    state = found if (found := asked.get("state", "")) in STATES else ""
    kind = found if (found := asked.get("kind", "")) in PURPOSES else ""
    number = int(found) if (found := asked.get("page", "")).isascii() and found.isdecimal() else 0
    number = min(number, 10_000)
    waiting = await _application(visit, asked.get("application", ""))
    limits = await visit.ksef.call(certificates.limits())
    listed = await visit.ksef.call(
        certificates.page(
            status=state or None,
            kind=kind or None,
            page_offset=number,
            page_size=_PAGE,
        )
    )
    return visit.page(
        "certificates.html",
        limits=limits,
        certificates=listed.certificates,
        more=listed.has_more,
        number=number,
        state=state,
        kind=kind,
        waiting=waiting,
        purposes=PURPOSES,
        states=STATES,
    )


async def _application(visit: Visit, reference: str) -> str:
    """What became of an application, told once; its number while it is in work, else ""."""
    if not is_reference(reference):
        return ""
    try:
        found = await visit.ksef.call(certificates.enrollment(reference))
    except Refused as refused:
        await visit.tell(refused)
        return ""
    if found.status.code == 100:
        return reference
    if found.certificate_serial_number:
        serial = found.certificate_serial_number
        visit.flash(
            "good",
            visit.t(
                f"Certificate {serial} is issued. Fetch it and keep it beside its key.",
                f"Certyfikat {serial} został wystawiony. Pobierz go i przechowuj razem z kluczem.",
                f"Zertifikat {serial} ist ausgestellt. Laden Sie es und bewahren Sie es beim Schlüssel auf.",
            ),
        )
        return ""
    visit.flash("bad", " ".join([found.status.description, *(found.status.details or [])]))
    for cause in await visit.causes(reference, own=True):
        visit.flash("note", visit.t("Why: ", "Dlaczego: ", "Warum: ") + cause)
    return ""


async def show(visit: Visit) -> Response:
    """GET /certificates/{serial}: all that is known of one, and how to use it."""
    item = await _mine(visit)
    certificate = await _fetch(visit, item)
    return visit.page(
        "certificate.html",
        item=item,
        print=fingerprint(certificate),
        nip=visit.context[1][:10],
        purposes=PURPOSES,
        states=STATES,
    )


async def download(visit: Visit) -> Response:
    """GET /certificates/{serial}/certificate.pem or .der: as a file."""
    item = await _mine(visit)
    form = visit.request.path_params["form"]
    if form not in ("pem", "der"):
        raise HTTPException(404)
    certificate = await _fetch(visit, item)
    encoding, media = (
        (Encoding.PEM, "application/x-pem-file") if form == "pem" else (Encoding.DER, "application/pkix-cert")
    )
    name = f"ksef-{item.certificate_serial_number}.{'pem' if form == 'pem' else 'cer'}"
    return Response(
        certificate.public_bytes(encoding),
        media_type=media,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def ask_revoke(visit: Visit) -> Response:
    """GET /certificates/{serial}/revoke: what it means, and why."""
    item = await _mine(visit)
    return visit.page("certificate_revoke.html", **_of_revocation(item))


async def revoke(visit: Visit) -> Response:
    """POST /certificates/{serial}/revoke: for good. Active, Blocked, Revoked."""
    item, t = await _mine(visit), visit.t
    reason = visit.field("reason")
    if reason not in REASONS or visit.field("sure") != "yes":
        unfit = Unfit(
            t(
                "Choose a reason and tick that you are sure.",
                "Wybierz przyczynę i potwierdź, że na pewno.",
                "Wählen Sie einen Grund und bestätigen Sie, dass Sie sicher sind.",
            )
        )
        return visit.again("certificate_revoke.html", unfit, **_of_revocation(item))
    try:
        await visit.ksef.call(certificates.revoke(item.certificate_serial_number, reason))
    except Refused as refused:
        await visit.tell(refused)
    else:
        visit.flash(
            "good",
            t(
                f"Certificate “{item.name}” is revoked: nobody logs in with it any more.",
                f"Certyfikat „{item.name}” został unieważniony: nikt się nim już nie zaloguje.",
                f"Zertifikat „{item.name}“ ist widerrufen: niemand meldet sich mehr damit an.",
            ),
        )
    return visit.go(f"/certificates/{item.certificate_serial_number}")


def _of_revocation(item: CertificateListItem) -> dict[str, Any]:
    return {"item": item, "reasons": REASONS, "purposes": PURPOSES, "states": STATES}


async def _mine(visit: Visit) -> CertificateListItem:
    """The certificate of the address, if it is the visitor's; 404 otherwise, like one that never was."""
    serial = visit.request.path_params["serial"]
    if len(serial) != 16 or not set(serial) <= set("0123456789ABCDEF"):
        raise HTTPException(404)
    found = (await visit.ksef.call(certificates.page(serial=serial))).certificates
    if not found:
        raise HTTPException(404)
    return found[0]


async def _fetch(visit: Visit, item: CertificateListItem) -> x509.Certificate:
    answer = await visit.ksef.call(certificates.retrieve([item.certificate_serial_number]))
    if not answer.certificates:
        raise HTTPException(404)
    return load_certificate(answer.certificates[0].certificate)


ROUTES = [
    Route("/certificates", page(index)),
    Route("/certificates/{serial}", page(show)),
    Route("/certificates/{serial}/certificate.{form}", page(download)),
    Route("/certificates/{serial}/revoke", page(ask_revoke), methods=["GET"]),
    Route("/certificates/{serial}/revoke", page(revoke), methods=["POST"]),
]
