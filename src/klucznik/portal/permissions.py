"""Uprawnienia: where to go, and the operations that granting and revoking start.

Rules: portal.md, "Uprawnienia"; permissions.md section 9.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import permissions
from klucznik.client.flow import Pace, poll
from klucznik.errors import TookTooLong
from klucznik.portal import permission_grant, permission_lists, permission_map, permission_revoke
from klucznik.portal.permission_kinds import KINDS, Text
from klucznik.portal.permission_lists import open_to
from klucznik.portal.permission_words import held
from klucznik.portal.visit import Visit, page
from klucznik.portal.words import PERMISSIONS

#: How long a page waits for an operation; longer ones are looked at again by the page itself.
_PACE: Final = Pace(first=0.05, growth=2.0, longest=0.4, total=1.0)
#: Seconds after which the page of an operation under way looks again.
_AGAIN: Final = "2"

#: What a person does next, by the status of an operation.
_NEXT: Final[dict[int, Text]] = {
    410: (
        "The unit or the EU entity does not belong to this company. Check its number.",
        "Jednostka albo podmiot unijny nie należy do tej firmy. Sprawdź numer.",
        "Die Einheit oder das EU-Unternehmen gehört nicht zu dieser Firma. Prüfen Sie die Nummer.",
    ),
    420: (
        "Your own rights did not suffice. Look at “Mine”, or ask whoever manages permissions here.",
        "Zabrakło Twoich własnych uprawnień. Zajrzyj do „Moje uprawnienia” albo poproś osobę, która tu "
        "zarządza uprawnieniami.",
        "Ihre eigenen Rechte reichten nicht aus. Sehen Sie unter „Meine“ nach oder fragen Sie, wer hier "
        "Berechtigungen verwaltet.",
    ),
    430: (
        "This context has not the role, or is not of the type, for that permission. Choose another one.",
        "Ten kontekst nie ma roli albo typu potrzebnego do tego uprawnienia. Wybierz inne.",
        "Diesem Kontext fehlt die Rolle oder der Typ für diese Berechtigung. Wählen Sie eine andere.",
    ),
    440: (
        "A company does not grant this to itself. Enter the other company.",
        "Firma nie nadaje tego samej sobie. Podaj drugą firmę.",
        "Ein Unternehmen erteilt dies nicht sich selbst. Geben Sie das andere an.",
    ),
    450: (
        "Check the identifier and its type. If you were revoking: it was gone already, or others gave it.",
        "Sprawdź identyfikator i jego typ. Przy odbieraniu: uprawnienia już nie było albo nadał je kto inny.",
        "Prüfen Sie die Kennung und ihren Typ. Beim Entziehen: Es war schon fort, oder andere haben es "
        "erteilt.",
    ),
    550: (
        "KSeF broke it off for reasons of its own. Try again later.",
        "KSeF przerwał operację z przyczyn wewnętrznych. Spróbuj ponownie później.",
        "KSeF hat aus eigenen Gründen abgebrochen. Versuchen Sie es später erneut.",
    ),
}


async def start(visit: Visit) -> Response:
    """GET /permissions: grant, manage, the map; and what the visitor holds here."""
    holds = await held(visit)
    kinds = [kind for kind in KINDS.values() if visit.context[0] in kind.contexts and kind.needs in holds]
    return visit.page(
        "permissions.html",
        holds=[permission for permission in PERMISSIONS if permission.wire in holds],
        manages="VatUeManage" in holds,
        kinds=kinds,
        listings=open_to(visit, holds),
    )


async def operation(visit: Visit) -> Response:
    """GET /permissions/operations/{reference}: watched until its end; after a revocation with the proof."""
    reference = visit.request.path_params["reference"]
    call = permissions.operation(reference)
    found = await visit.ksef.call(call)  # KSeF shows operations of this context only
    if found.status.code == 100:
        with suppress(TookTooLong):  # the page looks again by itself
            found = await visit.ksef.run(poll(call, lambda answer: answer.status.code != 100, _PACE))
    code, query = found.status.code, visit.request.query_params
    refused = code not in (100, 200)
    answer = visit.page(
        "permission_operation.html",
        reference=reference,
        code=code,
        description=found.status.description,
        causes=await visit.causes(reference, own=True) if refused else [],
        hint=visit.t(*_NEXT[code]) if code in _NEXT else "",
        revoking="gone" in query,
        proof=await permission_revoke.proof(visit) if code == 200 else None,
        kind=KINDS.get(query.get("kind", "")),
    )
    if code == 100:
        answer.headers["refresh"] = _AGAIN
    return answer


ROUTES: Final = [
    Route("/permissions", page(start)),
    Route("/permissions/operations/{reference}", page(operation)),
    *permission_grant.ROUTES,
    *permission_lists.ROUTES,
    *permission_revoke.ROUTES,
    *permission_map.ROUTES,
]
