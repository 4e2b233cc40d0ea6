"""The first page: a guide where nothing is there yet, an overview for who is logged in; and the language."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any, Final, TypeVar

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import receiving, sessions, testdata, tokens
from klucznik.errors import Refused
from klucznik.portal import numbers, people, terminal
from klucznik.portal.login_profile import be, checked_names
from klucznik.portal.visit import Unfit, Visit, onward, page
from klucznik.portal.words import LANGUAGES
from klucznik.wire.common import SortOrder
from klucznik.wire.endpoint import Call
from klucznik.wire.ids import make_nip, make_pesel
from klucznik.wire.invoices import (
    InvoiceMetadata,
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
)
from klucznik.wire.sessions import SessionsQueryResponseItem, SessionType
from klucznik.wire.tokens import QueryTokensResponseItem

T = TypeVar("T")

_RANDOM: Final = SystemRandom()
#: How many of each the overview shows, and how far back it looks for invoices.
_SHOWN: Final = 5
_BACK: Final = timedelta(days=90)


@dataclass(frozen=True)
class Overview:
    """The newest of each kind; None where the visitor may not see them."""

    tokens: list[QueryTokensResponseItem] | None
    sold: list[InvoiceMetadata] | None
    bought: list[InvoiceMetadata] | None
    sessions: list[SessionsQueryResponseItem] | None


async def home(visit: Visit) -> Response:
    """GET /: where to begin."""
    new = visit.request.query_params.get("new") == "1" and visit.settings.test_data
    if visit.inside and not new:
        return visit.page("overview.html", seen=await _overview(visit), commands=terminal.commands(visit))
    known = await people.known(visit.door) if visit.settings.test_data and not new else []
    suggested = {"nip": make_nip(_RANDOM), "pesel": make_pesel(_RANDOM)}
    return visit.page("home.html", empty=visit.settings.test_data and not known, suggested=suggested)


async def start(visit: Visit) -> Response:
    """POST /start: a company and its owner as test data; then its owner is about to log in."""
    t = visit.t
    if not visit.settings.test_data:
        return visit.go("/")
    given, surname, company = visit.field("given"), visit.field("surname"), visit.field("company")
    nip, pesel = visit.field("nip"), visit.field("pesel")
    try:
        checked_names(visit, given, surname)
        if not company or len(company) > 120:
            raise Unfit(
                t(
                    "Name the company: 1 to 120 characters.",
                    "Podaj nazwę firmy: od 1 do 120 znaków.",
                    "Nennen Sie die Firma: 1 bis 120 Zeichen.",
                )
            )
        nip, pesel = numbers.nip(visit, nip), numbers.pesel(visit, pesel)
        description = people.described(given, surname, company)
        await visit.ksef.call(testdata.create_person(nip, pesel, description))
        await be(visit, given, surname, pesel)
    except Unfit as unfit:
        return visit.again("home.html", unfit, empty=True, suggested={"nip": nip, "pesel": pesel})
    except Refused as refused:
        await visit.tell(refused)
        return visit.page("home.html", 400, empty=True, suggested={"nip": nip, "pesel": pesel})
    visit.flash(
        "good",
        t(
            f"{company} is there, owned by {given} {surname}. Now log in to it.",
            f"Firma {company} gotowa, właściciel: {given} {surname}. Teraz zaloguj się w jej kontekście.",
            f"{company} ist da und gehört {given} {surname}. Melden Sie sich nun in ihrem Kontext an.",
        ),
    )
    return visit.go("/login/context")


async def _overview(visit: Visit) -> Overview:
    since = await visit.door.now() - _BACK
    my_tokens = _seen(visit, tokens.page(page_size=10))
    as_seller = _seen(visit, receiving.query(_newest("Subject1", since), **_LATEST))
    as_buyer = _seen(visit, receiving.query(_newest("Subject2", since), **_LATEST))
    by_one = _seen(visit, sessions.query(SessionType.Online, page_size=10))
    by_many = _seen(visit, sessions.query(SessionType.Batch, page_size=10))
    listed, sold, bought, online, batch = await asyncio.gather(
        my_tokens, as_seller, as_buyer, by_one, by_many
    )
    opened = None
    if online and batch:
        both = [*online.sessions, *batch.sessions]
        opened = sorted(both, key=lambda each: each.date_created, reverse=True)[:_SHOWN]
    return Overview(
        listed.tokens[:_SHOWN] if listed else None,
        sold.invoices[:_SHOWN] if sold else None,
        bought.invoices[:_SHOWN] if bought else None,
        opened,
    )


_LATEST: Final[dict[str, Any]] = {"sort_order": SortOrder.Desc, "page_size": 10}


def _newest(role: str, since: datetime) -> InvoiceQueryFilters:
    dates = InvoiceQueryDateRange(date_type=InvoiceQueryDateType.PermanentStorage, from_=since)
    return InvoiceQueryFilters(subject_type=InvoiceQuerySubjectType(role), date_range=dates)


async def _seen(visit: Visit, call: Call[T]) -> T | None:
    """The answer; None where the visitor's rights do not reach so far."""
    try:
        return await visit.ksef.call(call)
    except Refused as refused:
        if refused.status != 403:
            raise
        return None


async def language(visit: Visit) -> Response:
    """Speak this language from now on."""
    wanted = visit.field("language")
    if wanted in LANGUAGES:
        visit.kept.language = wanted
    back = visit.field("back")
    return visit.go(back.removeprefix("/web") if back.startswith("/web/") else "/")


ROUTES = [
    Route("/", page(home, public=True)),
    Route("/start", page(onward("/"), public=True), methods=["GET"]),
    Route("/start", page(start, public=True), methods=["POST"]),
    Route("/language", page(language, public=True), methods=["POST"]),
]
