"""What was refused in this context, and why: what KSeF never tells and the local one keeps.

Causes and calls come from the management door (design.md) and are those of the context entered, no others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import Route

from klucznik.portal.advice import advice
from klucznik.portal.visit import Unfit, Visit, address, page
from klucznik.wire.ids import is_ksef_number, is_reference

#: How far back one looks, by what the page calls it; en, pl, de.
PERIODS: Final = {
    "hour": (timedelta(hours=1), ("the last hour", "ostatnia godzina", "letzte Stunde")),
    "day": (timedelta(days=1), ("the last day", "ostatnia doba", "letzter Tag")),
    "month": (timedelta(days=31), ("the last month", "ostatni miesiąc", "letzter Monat")),
    "all": (None, ("all that is kept", "wszystko, co zachowano", "alles, was aufbewahrt ist")),
}
#: What failed after it was accepted, by the table it stands in; en, pl, de.
KINDS: Final = {
    "auth_operations": ("login", "logowanie", "Anmeldung"),
    "enrollments": ("application for a certificate", "wniosek o certyfikat", "Zertifikatsantrag"),
    "permission_operations": ("granting or revoking", "nadanie lub odebranie", "Erteilen oder Entziehen"),
    "sessions": ("session", "sesja", "Sitzung"),
    "invoices": ("invoice", "faktura", "Rechnung"),
    "exports": ("export of invoices", "eksport faktur", "Export von Rechnungen"),
}
#: Where that stands which a reference number names, by its kind (auth.md section 7).
_PAGES: Final = {"SO": "/sessions", "SB": "/sessions", "EC": "/tokens", "EG": "/permissions/operations"}
#: A trace id, alone or inside a serviceCode; no piece of something longer, which may be a secret.
_TRACE: Final = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
#: Causes and calls on one page, and causes looked through for a text.
_SHOWN, _LOOKED_AT = 50, 1_000


@dataclass(frozen=True)
class Refusal:
    """One refusal, as the page tells it. `key` finds it again: its trace id, else a reference number."""

    at: datetime
    what: str
    status: int
    said: str
    why: str
    advice: str
    key: str
    #: Reference and KSeF numbers, each with the page of what it names; "" where there is none.
    numbers: tuple[tuple[str, str], ...]

    def has(self, text: str) -> bool:
        """Whether the text stands in it somewhere."""
        everything = " ".join(
            [self.what, str(self.status), self.said, self.why, self.key, *dict(self.numbers)]
        )
        return text.casefold() in everything.casefold()


async def index(visit: Visit) -> Response:
    """GET /diagnosis: the newest refusals, `?operation=` and `?period=` narrow them."""
    return await _list(visit, "")


async def find(visit: Visit) -> Response:
    """POST /diagnosis: by number, or by any text. Posted, so that no address holds what was pasted."""
    given = visit.field("text")
    if "|" in given:
        raise Unfit(
            visit.t(
                "That looks like a KSeF token, a secret: paste the number of a session or an invoice here, "
                "or a trace id. Tokens are examined under Tokens.",
                "To wygląda na token KSeF, czyli sekret: tu wklej numer sesji, faktury albo traceId. "
                "Token sprawdzisz w zakładce Tokeny.",
                "Das sieht nach einem KSeF-Token aus, also einem Geheimnis: fügen Sie hier die Nummer einer "
                "Sitzung, einer Rechnung oder eine traceId ein. Token prüfen Sie unter Token.",
            )
        )
    numbers = [word for word in given.split() if is_reference(word)]
    if found := numbers or _TRACE.findall(given.lower()):
        return visit.go(f"/diagnosis/{found[0]}")
    return await _list(visit, given[:100])


async def one(visit: Visit) -> Response:
    """GET /diagnosis/{key}: everything refused under a trace id or reference number, in this context."""
    key = visit.request.path_params["key"]
    causes = await visit.door.why(key)
    found = [_refusal(visit, each) for each in causes if each.get("context") == _here(visit)]
    return visit.page("diagnosis_one.html", key=key[:64], refusals=found)


async def _list(visit: Visit, text: str) -> Response:
    period = visit.request.query_params.get("period", "all")
    back = PERIODS.get(period, PERIODS["all"])[0]
    query = {"since": (await visit.door.now() - back).isoformat()} if back else {}
    answer = await visit.door.ask("GET", "/why", context=_here(visit), last=str(_LOOKED_AT), **query)
    every = [_refusal(visit, each) for each in reversed(answer["causes"])]
    operation = visit.request.query_params.get("operation", "")[:200]
    found = [each for each in every if operation in ("", each.what) and each.has(text)]
    calls = (await visit.door.ask("GET", "/trace", context=_here(visit), last=str(_SHOWN)))["calls"]
    return visit.page(
        "diagnosis.html",
        refusals=found[:_SHOWN],
        many=len(found),
        operations=sorted({each.what for each in every} | ({operation} - {""})),
        operation=operation,
        periods=PERIODS,
        period=period if period in PERIODS else "all",
        text=text,
        calls=[{**call, "at": datetime.fromisoformat(call["at"])} for call in reversed(calls)],
    )


def _here(visit: Visit) -> str:
    """The context entered, as the door writes it."""
    return " ".join(visit.context)


def _refusal(visit: Visit, cause: dict[str, Any]) -> Refusal:
    numbers = tuple(cause["referenceNumbers"])
    kind = cause.get("kind")
    # What failed after 202 has no trace id and no words of its own: its number and its table say what it was.
    what = visit.t(*KINDS.get(kind, (kind, kind, kind))) if kind else cause["operation"]
    return Refusal(
        datetime.fromisoformat(cause["at"]),
        what,
        cause["status"],
        cause.get("said", ""),
        cause["why"][visit.t.of_library],
        visit.t(*advice(cause)),
        cause.get("traceId") or (numbers[0] if numbers else ""),
        tuple((number, _page_of(number, numbers, kind)) for number in numbers),
    )


def _page_of(number: str, numbers: tuple[str, ...], kind: str | None) -> str:
    """The page of what a number names; an invoice has one within its session, if that is named beside it."""
    if is_ksef_number(number):
        return f"/web/invoices/{number}"
    if kind == "enrollments":
        return address("/certificates", application=number)
    session = next((each for each in numbers if is_reference(each, "SO") or is_reference(each, "SB")), "")
    if is_reference(number, "EE"):
        return f"/web/sessions/{session}/invoices/{number}" if session else ""
    found = _PAGES.get(number[9:11], "") if is_reference(number) else ""
    return f"/web{found}/{number}" if found else ""


ROUTES = [
    Route("/diagnosis", page(index), methods=["GET"]),
    Route("/diagnosis", page(find), methods=["POST"]),
    Route("/diagnosis/{key}", page(one)),
]
