"""Test data: permissions as the paper notice ZAW-FA gives them, in any company, with nobody logged in there.

On the test profile and loopback only. Rules: testdata.md section 2.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.routing import Route

from klucznik.client import testdata
from klucznik.portal import testdata_fields as fields
from klucznik.portal.permission_fields import fits, looks, tidied
from klucznik.portal.permission_words import TYPES
from klucznik.portal.testdata import form, only_for_tests
from klucznik.portal.visit import Unfit, Visit
from klucznik.portal.words import PERMISSIONS
from klucznik.wire.testdata import TestDataPermissionType

#: By what a holder is known.
_KINDS: Final = ("Pesel", "Nip", "Fingerprint")
_OFFERED: Final = tuple(
    each for each in PERMISSIONS if each.wire in {p.value for p in TestDataPermissionType}
)


async def grant(visit: Visit) -> str:
    """Permissions for somebody in the context of a company."""
    t = visit.t
    nip, (kind, who) = fields.nip(visit, "nip"), _holder(visit)
    ticked = set(visit.fields("permission"))
    wanted = [each.wire for each in _OFFERED if each.wire in ticked]
    if not wanted:
        raise Unfit(
            t(
                "Tick at least one permission.",
                "Zaznacz co najmniej jedno uprawnienie.",
                "Kreuzen Sie mindestens eine Berechtigung an.",
            )
        )
    about = fields.checked_description(visit, visit.field("description"))
    await visit.ksef.call(testdata.grant(nip, kind, who, wanted, about))
    return t(
        f"Granted in NIP {nip}; it counts from the holder's next login on.",
        f"Nadano w kontekście NIP {nip}; działa od następnego logowania.",
        f"In NIP {nip} erteilt; es gilt ab der nächsten Anmeldung.",
    )


async def take_back(visit: Visit) -> str:
    """All that was granted that way to somebody in a company."""
    nip, (kind, who) = fields.nip(visit, "nip"), _holder(visit)
    fields.sure(visit)
    await visit.ksef.call(testdata.revoke(nip, kind, who))
    return visit.t(
        f"What was granted that way in NIP {nip} is taken back.",
        f"Cofnięto wszystko, co tak nadano w kontekście NIP {nip}.",
        f"Was so in NIP {nip} erteilt wurde, ist zurückgenommen.",
    )


def _holder(visit: Visit) -> tuple[str, str]:
    """Type and identifier of whom it concerns."""
    kind, typed = visit.field("kind"), visit.field("who")
    if kind not in _KINDS:
        raise Unfit(
            visit.t(
                "Choose what the number is.", "Wybierz, czego to numer.", "Wählen Sie, was die Nummer ist."
            )
        )
    who = tidied(kind, typed)
    if not fits(kind, who):
        raise Unfit(looks(visit, kind, typed))
    return kind, who


async def _offered(visit: Visit) -> dict[str, Any]:
    return {"offered": _OFFERED, "kinds": _KINDS, "types": TYPES}


_DEEDS: Final = {"grant": grant, "take": take_back}
ROUTES = [
    Route(
        "/testdata/permissions",
        only_for_tests(form("testdata_permissions.html", _DEEDS, _offered)),
        methods=["GET", "POST"],
    ),
]
