"""The stand-in for login.gov.pl: be somebody the local KSeF knows, or whoever one types in."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response
from starlette.routing import Route

from klucznik.crypto import authority
from klucznik.portal import numbers, people
from klucznik.portal.visit import Unfit, Visit, page

#: Nobody is called longer than this: what X.520 lets a certificate say.
LONGEST_NAME = 64


async def trusted_profile(visit: Visit) -> Response:
    """GET /login/profile: pick a person, or type one."""
    return visit.page("login_profile.html", people=await _known(visit))


async def be_person(visit: Visit) -> Response:
    """POST /login/profile: be that person, as login.gov.pl would say who one is."""
    try:
        await be(visit, visit.field("given"), visit.field("surname"), visit.field("number"))
    except Unfit as unfit:
        return visit.again("login_profile.html", unfit, people=await _known(visit))
    return visit.go("/login/context")


async def be(visit: Visit, given: str, surname: str, number: str) -> None:
    """Keep a simulated identity of this person. Raises `Unfit`."""
    t = visit.t
    checked_names(visit, given, surname)
    pesel, nip = numbers.pesel_or_nip(visit, number)
    # An hour old, so that a clock set back a little does not precede it.
    made = await visit.door.now() - timedelta(hours=1)
    try:
        identity = authority.person(
            given, surname, now=made, pesel=pesel, nip=nip, issuer=visit.settings.issuer
        )
    except ValueError:
        raise Unfit(
            t(
                "A certificate cannot hold this name: use letters, digits and spaces.",
                "Certyfikat nie pomieści takiego imienia i nazwiska: użyj liter, cyfr i spacji.",
                "Ein Zertifikat kann diesen Namen nicht fassen: Nehmen Sie Buchstaben, Ziffern, Leerzeichen.",
            )
        ) from None
    kept = visit.kept
    kept.subject = ["Pesel", pesel] if pesel else ["Nip", nip or ""]
    kept.identity, kept.signed, kept.fingerprint, kept.way = identity.to_pem().decode(), {}, "", "profile"
    if not visit.inside:
        kept.person = f"{given} {surname}"
    visit.renew()  # whoever knew the cookie of before is not this person


def checked_names(visit: Visit, given: str, surname: str) -> None:
    """Raises `Unfit` where a name is missing or longer than a certificate holds."""
    t = visit.t
    if not given or not surname:
        raise Unfit(
            t(
                "Type a first name and a surname.",
                "Wpisz imię i nazwisko.",
                "Geben Sie Vor- und Nachnamen ein.",
            )
        )
    if len(f"{given} {surname}") > LONGEST_NAME:
        raise Unfit(
            t(
                f"First name and surname have {len(f'{given} {surname}')} characters; 64 fit a certificate.",
                f"Imię i nazwisko mają {len(f'{given} {surname}')} znaków; w certyfikacie mieszczą się 64.",
                f"Vor- und Nachname haben {len(f'{given} {surname}')} Zeichen; in ein Zertifikat passen 64.",
            )
        )


async def _known(visit: Visit) -> list[people.Simulated]:
    """Whom to offer: on this machine alone, since the list tells who exists."""
    return await people.known(visit.door) if visit.settings.loopback else []


ROUTES = [
    Route("/login/profile", page(trusted_profile, public=True), methods=["GET"]),
    Route("/login/profile", page(be_person, public=True), methods=["POST"]),
]
