"""Test data: companies, persons, grants, consents and blocks, by the contract's own /testdata calls.

On the test profile and on loopback only (portal.md), and there for strangers too: an empty KSeF begins here.
Rules: testdata.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from random import SystemRandom
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import testdata
from klucznik.errors import Refused
from klucznik.portal import numbers
from klucznik.portal import testdata_fields as fields
from klucznik.portal.visit import Page, Unfit, Visit, page

#: Something that a form of test data does: what it says when it is done. Raises `Unfit` and `Refused`.
Deed = Callable[[Visit], Awaitable[str]]

#: Roles of companies by their names on the wire: en, pl, de.
ROLES: Final = {
    "VatGroup": ("VAT group", "grupa VAT", "Mehrwertsteuergruppe"),
    "JST": (
        "local government (JST)",
        "jednostka samorządu terytorialnego (JST)",
        "Gebietskörperschaft (JST)",
    ),
    "EnforcementAuthority": ("enforcement authority", "organ egzekucyjny", "Vollstreckungsbehörde"),
}
CONTEXTS: Final = ("Nip", "InternalId", "NipVatUe", "PeppolId")
_RANDOM: Final = SystemRandom()


def only_for_tests(handler: Page) -> Callable[[Request], Awaitable[Response]]:
    """A page of test data: open to strangers; 404 outside the test profile and away from loopback."""

    async def guarded(visit: Visit) -> Response:
        if not visit.settings.test_data:
            raise HTTPException(404)
        return await handler(visit)

    return page(guarded, public=True)


def form(
    template: str, deeds: Mapping[str, Deed], known: Callable[[Visit], Awaitable[dict[str, Any]]]
) -> Page:
    """A page of forms, of which each names its deed in `do`; what is typed stays where it is refused."""

    async def handler(visit: Visit) -> Response:
        values = await known(visit)
        if visit.request.method == "GET":
            return visit.page(template, **values)
        deed = deeds.get(visit.field("do"))
        if deed is None:
            raise HTTPException(404)
        try:
            visit.flash("good", await deed(visit))
        except Unfit as unfit:
            return visit.again(template, unfit, **values)
        except Refused as refused:
            await visit.tell(refused)
            return visit.page(template, 400, **values)
        return visit.go(visit.request.url.path.removeprefix("/web"))

    return handler


async def index(visit: Visit) -> Response:
    """GET /testdata: what can be made, and what there is."""
    there = await visit.door.ask("GET", "/persons")
    return visit.page("testdata.html", persons=there["persons"], companies=there["companies"], roles=ROLES)


# ---- companies --------------------------------------------------------------------------------------


async def create_company(visit: Visit) -> str:
    """A company with a role, and its units: "NIP description" on a line each."""
    nip, role = fields.nip(visit, "nip"), visit.field("role")
    if role not in ROLES:
        raise Unfit(visit.t("Choose a role.", "Wybierz rolę.", "Wählen Sie eine Rolle."))
    units: dict[str, str] = {}
    for line in visit.field("units").splitlines():
        number, _, name = line.strip().partition(" ")
        if number:
            described = name.strip() or visit.t("unit", "jednostka", "Einheit")
            units[numbers.nip(visit, number)] = fields.checked_description(visit, described)
    if units and role == "EnforcementAuthority":
        raise Unfit(
            visit.t(
                "An enforcement authority has no units; leave them out or choose another role.",
                "Organ egzekucyjny nie ma jednostek; usuń je albo wybierz inną rolę.",
                "Eine Vollstreckungsbehörde hat keine Einheiten; lassen Sie sie weg oder wählen Sie anders.",
            )
        )
    about = fields.checked_description(visit, visit.field("description"))
    await visit.ksef.call(testdata.create_subject(nip, role, about, units))
    return visit.t(
        f"{nip} is now a company with this role, with {len(units)} units.",
        f"Podmiot {nip} ma teraz tę rolę; jednostek: {len(units)}.",
        f"{nip} hat nun diese Rolle, mit {len(units)} Einheiten.",
    )


async def remove_company(visit: Visit) -> str:
    """A company, its role and all its units."""
    nip = fields.nip(visit, "gone")
    fields.sure(visit)
    await visit.ksef.call(testdata.remove_subject(nip))
    return visit.t(
        f"{nip} has no role and no units any more.",
        f"Podmiot {nip} nie ma już roli ani jednostek.",
        f"{nip} hat keine Rolle und keine Einheiten mehr.",
    )


# ---- persons ----------------------------------------------------------------------------------------


async def create_person(visit: Visit) -> str:
    """A sole trader: NIP and PESEL are one owner."""
    nip, pesel = fields.nip(visit, "nip"), fields.pesel(visit, "pesel")
    about = fields.checked_description(visit, visit.field("description"))
    bailiff, deceased = visit.field("bailiff") == "yes", visit.field("deceased") == "yes"
    call = testdata.create_person(nip, pesel, about, is_bailiff=bailiff, is_deceased=deceased)
    await visit.ksef.call(call)
    return visit.t(
        f"PESEL {pesel} owns NIP {nip} now: log in as that person.",
        f"PESEL {pesel} jest teraz właścicielem NIP {nip}: zaloguj się jako ta osoba.",
        f"PESEL {pesel} gehört nun NIP {nip}: melden Sie sich als diese Person an.",
    )


async def remove_person(visit: Visit) -> str:
    """A person, the link, its roles and permissions."""
    nip = fields.nip(visit, "gone")
    fields.sure(visit)
    await visit.ksef.call(testdata.remove_person(nip))
    return visit.t(
        f"The person of NIP {nip} is removed, with all permissions.",
        f"Osobę z NIP {nip} usunięto razem z jej uprawnieniami.",
        f"Die Person mit NIP {nip} ist entfernt, mit allen Berechtigungen.",
    )


# ---- consents, blocks -------------------------------------------------------------------------------


async def allow(visit: Visit) -> str:
    """Invoices with attachments."""
    nip = fields.nip(visit, "nip")
    await visit.ksef.call(testdata.allow_attachments(nip))
    return visit.t(
        f"NIP {nip} may send invoices with attachments; log in anew to use it.",
        f"NIP {nip} może wysyłać faktury z załącznikami; zaloguj się ponownie, aby z tego skorzystać.",
        f"NIP {nip} darf Rechnungen mit Anlagen senden; melden Sie sich dafür neu an.",
    )


async def end(visit: Visit) -> str:
    """No more attachments, from a day on or at once."""
    nip, given = fields.nip(visit, "nip"), visit.field("ends")
    try:
        day = date.fromisoformat(given) if given else None
    except ValueError:
        raise Unfit(
            visit.t(
                f"“{given[:20]}” is no day, such as 2026-12-31.",
                f"„{given[:20]}” nie jest datą, na przykład 2026-12-31.",
                f"„{given[:20]}“ ist kein Tag, zum Beispiel 2026-12-31.",
            )
        ) from None
    await visit.ksef.call(testdata.end_attachments(nip, day))
    return visit.t(
        f"The consent of NIP {nip} ends.",
        f"Zgoda dla NIP {nip} wygasa.",
        f"Die Zustimmung von NIP {nip} endet.",
    )


async def block(visit: Visit) -> str:
    """New logins in the context end with 480."""
    kind, value = fields.context(visit, CONTEXTS)
    await visit.ksef.call(testdata.block(value, kind))
    return visit.t(
        f"{kind} {value} is blocked: new logins there end with 480.",
        f"Kontekst {kind} {value} jest zablokowany: nowe logowania kończą się statusem 480.",
        f"{kind} {value} ist gesperrt: neue Anmeldungen dort enden mit 480.",
    )


async def unblock(visit: Visit) -> str:
    """Back to normal."""
    kind, value = fields.context(visit, CONTEXTS)
    await visit.ksef.call(testdata.unblock(value, kind))
    return visit.t(
        f"{kind} {value} is open again.",
        f"Kontekst {kind} {value} jest znów dostępny.",
        f"{kind} {value} ist wieder offen.",
    )


async def _suggested(visit: Visit) -> dict[str, Any]:
    return {"suggested": fields.numbers(_RANDOM), "roles": ROLES, "contexts": CONTEXTS}


_FORMS: Final[Mapping[str, Page]] = {
    "company": form(
        "testdata_company.html", {"create": create_company, "remove": remove_company}, _suggested
    ),
    "person": form("testdata_person.html", {"create": create_person, "remove": remove_person}, _suggested),
    "context": form(
        "testdata_context.html",
        {"allow": allow, "end": end, "block": block, "unblock": unblock},
        _suggested,
    ),
}

ROUTES = [
    Route("/testdata", only_for_tests(index)),
    *(
        Route(f"/testdata/{name}", only_for_tests(handler), methods=["GET", "POST"])
        for name, handler in _FORMS.items()
    ),
]
