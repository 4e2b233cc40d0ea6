"""Logging in with an AuthTokenRequest signed elsewhere: taken away unsigned, handed in signed."""

from __future__ import annotations

from typing import Final, cast, get_args

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import auth
from klucznik.documents.auth_request import AuthTokenRequest, ContextType, SchemaFault, SubjectType
from klucznik.portal.entering import come_in
from klucznik.portal.visit import Unfit, Visit, onward, page
from klucznik.portal.words import CONTEXTS

_SHAPES: Final = {
    "Nip": "5265877635",
    "InternalId": "5265877635-10014",
    "NipVatUe": "5265877635-DE123456789",
    "PeppolId": "PPL000123",
}


async def signed(visit: Visit) -> Response:
    """GET /login/signed: the two steps."""
    return visit.page("login_signed.html", kinds=CONTEXTS, shapes=_SHAPES)


async def unsigned(visit: Visit) -> Response:
    """POST /login/signed/request: the document to sign, with a fresh challenge, as a download."""
    t = visit.t
    kind, value, by = visit.field("kind"), visit.field("value"), visit.field("by")
    try:
        if kind not in get_args(ContextType) or by not in get_args(SubjectType):
            raise Unfit(t("Choose a context.", "Wybierz kontekst.", "Wählen Sie einen Kontext."))
        asked = await visit.ksef.call(auth.challenge())
        try:
            request = AuthTokenRequest(
                asked.challenge, cast("ContextType", kind), value, cast("SubjectType", by)
            ).to_xml()
        except SchemaFault:
            raise Unfit(
                t(
                    f"“{value[:40]}” is no {CONTEXTS[kind][0]}; one looks like {_SHAPES[kind]}.",
                    f"„{value[:40]}” to nie {CONTEXTS[kind][1]}; poprawny wygląda jak {_SHAPES[kind]}.",
                    f"„{value[:40]}“ passt nicht zu {CONTEXTS[kind][2]}; richtig wäre etwa {_SHAPES[kind]}.",
                )
            ) from None
    except Unfit as unfit:
        return visit.again("login_signed.html", unfit, kinds=CONTEXTS, shapes=_SHAPES)
    return Response(
        request,
        media_type="application/xml",
        headers={"Content-Disposition": 'attachment; filename="AuthTokenRequest.xml"'},
    )


async def hand_in(visit: Visit) -> Response:
    """POST /login/signed: log in with it; what is wrong with it, KSeF says."""
    document = await visit.file("document")
    if not document:
        unfit = Unfit(
            visit.t(
                "Choose the signed file first.",
                "Najpierw wskaż podpisany plik.",
                "Wählen Sie zuerst die signierte Datei.",
            )
        )
        return visit.again("login_signed.html", unfit, kinds=CONTEXTS, shapes=_SHAPES)
    before = visit.kept.subject
    visit.kept.subject = []
    entered = await come_in(visit, document)
    if entered is None:
        visit.kept.subject = before
        return visit.page("login_signed.html", 400, kinds=CONTEXTS, shapes=_SHAPES)
    visit.kept.identity, visit.kept.fingerprint, visit.kept.way = "", "", "signed"
    return entered


ROUTES = [
    Route("/login/signed", page(signed, public=True), methods=["GET"]),
    Route("/login/signed/request", page(onward("/login/signed"), public=True), methods=["GET"]),
    Route("/login/signed/request", page(unsigned, public=True), methods=["POST"]),
    Route("/login/signed", page(hand_in, public=True), methods=["POST"]),
]
