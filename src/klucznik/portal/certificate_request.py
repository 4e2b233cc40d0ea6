"""Applying for a KSeF certificate in two steps: name and key, then purpose and beginning.

The key never comes here: it is made in the browser (static/certificate.js), by `klucznik cert enrol`, or
elsewhere; what is sent is the request that it signed (CSR). Rules: certificates.md section 4, portal.md.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic.alias_generators import to_camel
from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import certificates
from klucznik.clock import WARSAW
from klucznik.crypto import csr
from klucznik.errors import Refused
from klucznik.lang import in_language
from klucznik.portal.certificates import PURPOSES
from klucznik.portal.visit import Unfit, Visit, address, onward, page
from klucznik.wire.certificates import NAME_PATTERN, CertificateEnrollmentDataResponse

#: Characters of a name: the portal's limit; the API takes up to 100.
SHORTEST, LONGEST = 5, 50
_LARGEST_CSR: Final = 20_000
#: Attributes of a subject as the contract calls them.
_NAMES: Final = {oid: to_camel(name) for name, oid in csr.ATTRIBUTES.items()}
_ARMOUR: Final = re.compile(r"-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----(.+?)-----END", re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """A request that can be sent: its name, its DER, what it says of subject and key."""

    name: str
    der: bytes
    subject: list[csr.Attribute]
    key: str

    @property
    def text(self) -> str:
        """For the hidden field of the second step."""
        return b64encode(self.der).decode()


async def first(visit: Visit) -> Response:
    """GET /certificates/request: name and key."""
    return await _first(visit)


async def second(visit: Visit) -> Response:
    """POST /certificates/request: the request is read; what for, and from when?"""
    try:
        asked = await _read(visit)
    except Unfit as unfit:
        return await _first(visit, unfit)
    return await _second(visit, asked)


async def send(visit: Visit) -> Response:
    """POST /certificates/request/send: apply; the list then waits for what comes of it."""
    t = visit.t
    try:
        asked = await _read(visit)
    except Unfit as unfit:
        return await _first(visit, unfit)
    purpose = visit.field("purpose")
    try:
        if purpose not in PURPOSES:
            raise Unfit(
                t(
                    "Choose what the certificate is for.",
                    "Wybierz przeznaczenie certyfikatu.",
                    "Wählen Sie den Zweck des Zertifikats.",
                )
            )
        start = _start(visit, await visit.door.now())
    except Unfit as unfit:
        return await _second(visit, asked, unfit)
    if not visit.use_nonce():
        visit.flash(
            "note",
            t(
                "This application was sent already.",
                "Ten wniosek został już wysłany.",
                "Dieser Antrag wurde schon gesendet.",
            ),
        )
        return visit.go("/certificates")
    try:
        applied = await visit.ksef.call(certificates.enroll(asked.name, purpose, asked.der, start))
    except Refused as refused:
        await visit.tell(refused)
        return await _second(visit, asked, status=400)
    return visit.go(address("/certificates", application=applied.reference_number).removeprefix("/web"))


async def _first(visit: Visit, unfit: Unfit | None = None) -> Response:
    try:
        data = await visit.ksef.call(certificates.enrollment_data())
    except Refused as refused:
        await visit.tell(refused)
        return visit.go("/certificates")
    values: dict[str, Any] = {
        "subject": [(oid.dotted_string, value) for oid, value in _subject(data)],
        "named": [(_NAMES[oid], value) for oid, value in _subject(data)],
        "pattern": NAME_PATTERN.removeprefix("^").removesuffix("+$"),
        "shortest": SHORTEST,
        "longest": LONGEST,
        "nip": visit.context[1][:10],
    }
    if unfit is not None:
        return visit.again("certificate_request.html", unfit, **values)
    return visit.page("certificate_request.html", **values)


async def _second(visit: Visit, asked: Asked, unfit: Unfit | None = None, status: int = 200) -> Response:
    today = (await visit.door.now()).astimezone(WARSAW).date()
    values: dict[str, Any] = {
        "asked": asked,
        "purposes": PURPOSES,
        "today": today.isoformat(),
        "nonce": visit.new_nonce(),
    }
    if unfit is not None:
        return visit.again("certificate_purpose.html", unfit, **values)
    return visit.page("certificate_purpose.html", status, **values)


async def _read(visit: Visit) -> Asked:
    """Name and request of the form. Raises `Unfit`."""
    t, name = visit.t, visit.field("name")
    if not SHORTEST <= len(name) <= LONGEST or not re.fullmatch(NAME_PATTERN, name):
        raise Unfit(
            t(
                f"The name “{name[:60]}” does not fit: {SHORTEST} to {LONGEST} letters, digits, blanks, "
                "- and _.",
                f"Nazwa „{name[:60]}” nie pasuje: od {SHORTEST} do {LONGEST} liter, cyfr, spacji, - i _.",
                f"Der Name „{name[:60]}“ passt nicht: {SHORTEST} bis {LONGEST} Buchstaben, Ziffern, "
                "Leerzeichen, - und _.",
            )
        )
    der = _der(visit.field("csr").encode() or await visit.file("file"))
    if der is None:
        raise Unfit(
            t(
                "There is no request (CSR) yet. Make the key above, or paste or upload a request.",
                "Brakuje wniosku (CSR). Utwórz klucz powyżej albo wklej lub wskaż plik wniosku.",
                "Es fehlt der Antrag (CSR). Erzeugen Sie oben den Schlüssel oder fügen Sie einen Antrag ein.",
            )
        )
    try:
        request = csr.read(der)
    except csr.BadRequest as bad:
        why = in_language(bad.why, t.of_library)
        raise Unfit(
            t(
                f"KSeF would not take this request ({bad.code}): {why}.",
                f"KSeF nie przyjąłby tego wniosku ({bad.code}): {why}.",
                f"KSeF nähme diesen Antrag nicht an ({bad.code}): {why}.",
            )
        ) from None
    wanted = csr.in_order(_subject(await visit.ksef.call(certificates.enrollment_data())))
    if request.attributes != wanted:
        raise Unfit(_unlike(visit, request.attributes, wanted))
    key = "RSA 2048" if isinstance(request.public_key, rsa.RSAPublicKey) else "EC P-256"
    return Asked(name, der, wanted, key)


def _der(given: bytes) -> bytes | None:
    """DER of a request in PEM, base64 or DER; None where there is none."""
    if not given or len(given) > _LARGEST_CSR:
        return None
    if given[:1] == b"\x30":
        return given
    text = given.decode("latin-1")
    armoured = _ARMOUR.search(text)
    try:
        return b64decode("".join((armoured[1] if armoured else text).split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _subject(data: CertificateEnrollmentDataResponse) -> list[csr.Attribute]:
    given: dict[str, str] = data.model_dump(exclude_none=True)
    return [(csr.ATTRIBUTES[name], value) for name, value in given.items()]


def _unlike(visit: Visit, found: list[csr.Attribute], wanted: list[csr.Attribute]) -> str:
    """Where a request says something else of its subject than KSeF asks."""

    def told(attributes: list[csr.Attribute]) -> str:
        return (
            ", ".join(f"{_NAMES.get(oid, oid.dotted_string)}={value[:60]}" for oid, value in attributes)
            or "–"
        )

    missing = told([each for each in wanted if each not in found])
    extra = told([each for each in found if each not in wanted])
    return visit.t(
        f"The request must repeat your data exactly (25003). Missing: {missing}. Too much: {extra}.",
        f"Wniosek musi dokładnie powtarzać Twoje dane (25003). Brakuje: {missing}. Zbędne: {extra}.",
        f"Der Antrag muss Ihre Daten genau wiederholen (25003). Es fehlt: {missing}. Zu viel: {extra}.",
    )


def _start(visit: Visit, now: datetime) -> datetime | None:
    """The instant from which it is to be valid; None is from its issue. Raises `Unfit`."""
    given = visit.field("from")
    today = now.astimezone(WARSAW).date()
    try:
        day = date.fromisoformat(given) if given else today
    except ValueError:
        day = date.min
    if day < today or day.year > today.year + 50:
        raise Unfit(
            visit.t(
                f"“{given[:20]}” is no day from today on, such as {today.isoformat()}.",
                f"„{given[:20]}” nie jest dniem od dzisiaj, na przykład {today.isoformat()}.",
                f"„{given[:20]}“ ist kein Tag ab heute, zum Beispiel {today.isoformat()}.",
            )
        )
    return None if day == today else datetime(day.year, day.month, day.day, tzinfo=WARSAW)


ROUTES = [
    Route("/certificates/request", page(first), methods=["GET"]),
    Route("/certificates/request", page(second), methods=["POST"]),
    Route("/certificates/request/send", page(onward("/certificates/request")), methods=["GET"]),
    Route("/certificates/request/send", page(send), methods=["POST"]),
]
