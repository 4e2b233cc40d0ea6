"""UPO of a session, page by page, and of one invoice: as a person reads it, as XML and PDF. Rule: upo.md."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import sessions, upo
from klucznik.clock import WARSAW
from klucznik.errors import Refused
from klucznik.portal import papers
from klucznik.portal.visit import Visit, page
from klucznik.wire.endpoint import Call, Xml
from klucznik.wire.ids import is_ksef_number, is_reference
from klucznik.wire.sessions import SessionType

#: Sessions looked through for one invoice, of each kind.
_SEARCHED: Final = 100
#: A session takes invoices for twelve hours, and may be decided later.
_BEFORE: Final = timedelta(days=2)


async def shown(visit: Visit) -> Response:
    """GET /sessions/{session}/upo/{key}: the receipt as a person reads it."""
    session, key = _asked(visit)
    content = await visit.ksef.call(_call(session, key))
    paper = await papers.of_receipt(content)
    return visit.page("receipt.html", session=session, key=key, paper=paper, whole=is_reference(key, "EU"))


async def document(visit: Visit) -> Response:
    """GET /sessions/{session}/upo/{key}/xml: as KSeF signed it."""
    session, key = _asked(visit)
    content = await visit.ksef.call(_call(session, key))
    return papers.download(content, f"UPO-{key}.xml", "application/xml")


async def printed(visit: Visit) -> Response:
    """GET /sessions/{session}/upo/{key}/pdf."""
    session, key = _asked(visit)
    content = await visit.ksef.call(_call(session, key))
    paper = await papers.of_receipt(content)
    return papers.download(await papers.printed(paper), f"UPO-{key}.pdf", "application/pdf")


async def session_of(visit: Visit, ksef_number: str) -> str | None:
    """The session that holds an invoice, of those the visitor may see; None where none does.

    KSeF does not tell it of a number, so those opened about that day are asked, a hundred of each kind.
    """
    day = datetime.combine(datetime.strptime(ksef_number[11:19], "%Y%m%d").date(), time(), WARSAW)
    for kind in SessionType:
        call = sessions.query(kind, since=day - _BEFORE, until=day + timedelta(days=1), page_size=_SEARCHED)
        try:
            found = await visit.ksef.call(call)
        except Refused as refused:
            if refused.status != 403:
                raise
            return None  # who may see no sessions has no receipts either
        for item in found.sessions:
            if item.successful_invoice_count == 0:
                continue
            try:
                await visit.ksef.call(upo.by_given_number(item.reference_number, ksef_number))
            except Refused as refused:
                if refused.status != 400:
                    raise
                continue
            return item.reference_number
    return None


def _asked(visit: Visit) -> tuple[str, str]:
    """Session and key of the address: the key is a page of the session's UPO, an invoice's reference number
    or its KSeF number."""
    session, key = visit.request.path_params["session"], visit.request.path_params["key"]
    if not is_reference(session) or not (is_ksef_number(key) or is_reference(key)):
        raise HTTPException(404)
    return session, key


def _call(session: str, key: str) -> Call[Xml]:
    if is_ksef_number(key):
        return upo.by_given_number(session, key)
    return upo.page(session, key) if is_reference(key, "EU") else upo.by_invoice(session, key)


ROUTES = [
    Route("/sessions/{session}/upo/{key}", page(shown)),
    Route("/sessions/{session}/upo/{key}/xml", page(document)),
    Route("/sessions/{session}/upo/{key}/pdf", page(printed)),
]
