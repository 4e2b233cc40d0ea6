"""Historia sesji: the sessions, what became of each invoice in them, and their end. Rule: portal.md."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import sessions
from klucznik.clock import WARSAW
from klucznik.errors import Refused
from klucznik.portal.invoice_words import SESSION_GROUPS, SESSION_KINDS, of_invoice, of_session, options, tone
from klucznik.portal.visit import Unfit, Visit, page
from klucznik.wire import sessions as wire
from klucznik.wire.ids import is_reference
from klucznik.wire.sessions import (
    SessionInvoicesQuery,
    SessionInvoiceStatusResponse,
    SessionsQueryResponseItem,
    SessionStatusResponse,
)

PAGE_SIZE: Final = 25
#: Refused invoices of a page whose local cause is looked up at once.
_CAUSES: Final = 25


@dataclass(frozen=True)
class Asked:
    """The filters as typed; `token` is where KSeF goes on, "" for the first page."""

    kind: str
    group: str
    first: str
    last: str
    number: str
    token: str

    def query(self, **changes: object) -> str:
        """The same as a query string, for a link to another page."""
        given = {**self.__dict__, **changes}
        return urlencode({name: value for name, value in given.items() if value})


async def listed(visit: Visit) -> Response:
    """GET /sessions: one's own sessions, with Introspection all of the context; newest first."""
    asked = _asked(visit)
    status, found, token = 200, [], ""
    try:
        call = sessions.query(
            asked.kind,
            since=_day(visit, asked.first),
            until=_day(visit, asked.last, end=True),
            statuses=[asked.group] if asked.group else (),
            reference=_numbered(visit, asked.number),
            page_size=PAGE_SIZE,
            continuation_token=asked.token or None,
        )
        answer = await visit.ksef.call(call)
        found, token = answer.sessions, answer.continuation_token or ""
    except Unfit as unfit:
        status = 400
        visit.flash("bad", str(unfit))
    except Refused as refused:
        if refused.status == 401:
            raise
        status = 400
        await visit.tell(refused)
    return visit.page(
        "sessions.html",
        status,
        asked=asked,
        opened=status != 200 or bool(visit.request.query_params),
        rows=[_row(visit, each) for each in found],
        token=token,
        kinds=options(visit.t, SESSION_KINDS),
        groups=options(visit.t, SESSION_GROUPS),
    )


async def one(visit: Visit) -> Response:
    """GET /sessions/{session}: its state, its UPO, and what became of its invoices, a page of 25."""
    session = _session(visit)
    params = visit.request.query_params
    only_failed, token = params.get("show") == "failed", params.get("token", "")
    status = await visit.ksef.call(sessions.status(session))
    row = wire.FAILED if only_failed else wire.INVOICES
    query = SessionInvoicesQuery(page_size=PAGE_SIZE, continuation_token=token or None)
    found = await visit.ksef.call(row(query=query, referenceNumber=session))
    code = status.status.code
    return visit.page(
        "session.html",
        session=session,
        state=status,
        causes=await visit.causes(session, own=True) if code > 200 else [],
        is_batch=is_reference(session, "SB"),
        tone=tone(code),
        meaning=_meaning(visit, session, status),
        only_failed=only_failed,
        paged=bool(token),
        token=found.continuation_token or "",
        rows=await _results(visit, found.invoices),
    )


async def invoice(visit: Visit) -> Response:
    """GET /sessions/{session}/invoices/{invoice}: what became of one invoice, in plain words."""
    session, reference = _session(visit), visit.request.path_params["invoice"]
    if not is_reference(reference):
        raise HTTPException(404)
    item = await visit.ksef.call(sessions.invoice(session, reference))
    (result,) = await _results(visit, [item])
    return visit.page("session_invoice.html", session=session, item=item, result=result)


async def ask_to_close(visit: Visit) -> Response:
    """GET /sessions/{session}/close: whether it is really meant."""
    session = _session(visit)
    status = await visit.ksef.call(sessions.status(session))
    return visit.page(
        "session_close.html", session=session, state=status, is_batch=is_reference(session, "SB")
    )


async def close(visit: Visit) -> Response:
    """POST /sessions/{session}/close: no invoice can follow."""
    session = _session(visit)
    end = sessions.close_batch if is_reference(session, "SB") else sessions.close
    try:
        await visit.ksef.call(end(session))
    except Refused as refused:
        if refused.status == 401:
            raise
        await visit.tell(refused)
        return visit.go(f"/sessions/{session}")
    t = visit.t
    visit.flash(
        "good",
        t(
            "The session is closed. KSeF decides on its invoices now.",
            "Sesja została zakończona. KSeF rozpatruje teraz jej faktury.",
            "Die Sitzung ist beendet. KSeF entscheidet nun über ihre Rechnungen.",
        ),
    )
    return visit.go(f"/sessions/{session}")


def _asked(visit: Visit) -> Asked:
    def given(name: str) -> str:
        return visit.request.query_params.get(name, "").strip()

    kind, group = given("kind"), given("group")
    return Asked(
        kind=kind if kind in SESSION_KINDS else "Online",
        group=group if group in SESSION_GROUPS else "",
        first=given("first"),
        last=given("last"),
        number=given("number"),
        token=given("token"),
    )


def _day(visit: Visit, typed: str, *, end: bool = False) -> datetime | None:
    """The beginning of a day in Poland, or its end. Raises `Unfit` for what is no day."""
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        raise Unfit(
            visit.t(
                f"“{typed[:20]}” is no date; write it as 2026-02-28.",
                f"„{typed[:20]}” to nie data; wpisz ją jak 2026-02-28.",
                f"„{typed[:20]}“ ist kein Datum; schreiben Sie es wie 2026-02-28.",
            )
        ) from None
    return datetime.combine(day, time(23, 59, 59, 999999) if end else time(), WARSAW)


def _numbered(visit: Visit, typed: str) -> str | None:
    if not typed or is_reference(typed):
        return typed or None
    raise Unfit(
        visit.t(
            f"“{typed[:40]}” is no number of a session; copy it whole, as 20260228-SO-….",
            f"„{typed[:40]}” to nie numer sesji; skopiuj go w całości, jak 20260228-SO-….",
            f"„{typed[:40]}“ ist keine Nummer einer Sitzung; kopieren Sie sie ganz, wie 20260228-SO-….",
        )
    )


def _session(visit: Visit) -> str:
    """The session's number in the address; what can be none is not there."""
    session: str = visit.request.path_params["session"]
    if not is_reference(session):
        raise HTTPException(404)
    return session


def _row(visit: Visit, item: SessionsQueryResponseItem) -> dict[str, Any]:
    return {"item": item, "tone": tone(item.status.code), "meaning": of_session(visit.t, item.status.code)}


def _meaning(visit: Visit, session: str, status: SessionStatusResponse) -> str:
    code = status.status.code
    if code == 100 and is_reference(session, "SB"):
        return visit.t(
            "KSeF waits for the parts of the package and for the end of the session, twelve hours long.",
            "KSeF czeka na części paczki i na zakończenie sesji, najwyżej dwanaście godzin.",
            "KSeF wartet auf die Teile des Pakets und das Ende der Sitzung, zwölf Stunden lang.",
        )
    return of_session(visit.t, code)


async def _results(visit: Visit, items: list[SessionInvoiceStatusResponse]) -> list[dict[str, Any]]:
    """What became of each: KSeF's words, what they mean, and the cause that the local KSeF keeps."""
    failed = [item.reference_number for item in items if item.status.code > 200][:_CAUSES]
    found = await asyncio.gather(*(visit.causes(reference, own=True) for reference in failed))
    causes = dict(zip(failed, found, strict=True))
    return [
        {
            "item": item,
            "tone": tone(item.status.code),
            "meaning": of_invoice(visit.t, item.status.code),
            "causes": causes.get(item.reference_number, []),
            "original": (item.status.extensions or {}).get("originalKsefNumber") or "",
        }
        for item in items
    ]


ROUTES = [
    Route("/sessions", page(listed)),
    Route("/sessions/{session}", page(one)),
    Route("/sessions/{session}/invoices/{invoice}", page(invoice)),
    Route("/sessions/{session}/close", page(ask_to_close), methods=["GET"]),
    Route("/sessions/{session}/close", page(close), methods=["POST"]),
]
