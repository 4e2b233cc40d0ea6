"""Faktury: the list with its filters, and one invoice as a person reads it. Rule: portal.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client import receiving
from klucznik.clock import WARSAW
from klucznik.documents.view.words import amount
from klucznik.errors import Refused
from klucznik.portal import papers, receipts
from klucznik.portal.invoice_words import DATES, KINDS, ROLES, options, word
from klucznik.portal.visit import Unfit, Visit, page
from klucznik.wire.common import SortOrder
from klucznik.wire.ids import check_ksef_number, is_ksef_number, is_nip
from klucznik.wire.invoices import (
    BuyerIdentifierType,
    InvoiceMetadata,
    InvoiceQueryBuyerIdentifier,
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
)

PAGE_SIZE: Final = 25
#: KSeF takes 100 days counted in UTC; one fewer fits also where a day has 25 hours.
LONGEST: Final = 99
_RECENT: Final = 30
#: KSeF lists no more of one query.
_LISTED: Final = 10_000
_DIGITS: Final = re.compile(r"[0-9]{1,6}")


@dataclass(frozen=True)
class Asked:
    """The filters as typed; days are of Poland, `page` counts from 0."""

    role: str
    date: str
    first: str
    last: str
    number: str
    partner: str
    page: int

    def query(self, **changes: object) -> str:
        """The same as a query string, for a link to another page."""
        given = {**self.__dict__, **changes}
        return urlencode({name: value for name, value in given.items() if value})

    def filters(self, visit: Visit) -> InvoiceQueryFilters:
        """What KSeF is asked. Raises `Unfit` naming the value that cannot be."""
        t = visit.t
        first, last = _day(visit, self.first), _day(visit, self.last)
        if last < first:
            raise Unfit(
                t(
                    f"The range ends ({self.last}) before it begins ({self.first}).",
                    f"Zakres kończy się ({self.last}), zanim się zacznie ({self.first}).",
                    f"Der Zeitraum endet ({self.last}), bevor er beginnt ({self.first}).",
                )
            )
        if (last - first).days >= LONGEST:
            days = (last - first).days + 1
            raise Unfit(
                t(
                    f"The range has {days} days; KSeF answers for at most {LONGEST} at a time.",
                    f"Zakres ma {days} dni; KSeF odpowiada najwyżej za {LONGEST} naraz.",
                    f"Der Zeitraum hat {days} Tage; KSeF antwortet für höchstens {LONGEST} auf einmal.",
                )
            )
        if self.partner and not is_nip(self.partner, checksum=False):
            raise Unfit(
                t(
                    f"“{self.partner[:20]}” is no NIP: ten digits.",
                    f"„{self.partner[:20]}” to nie NIP: dziesięć cyfr.",
                    f"„{self.partner[:20]}“ ist keine NIP: zehn Ziffern.",
                )
            )
        if len(self.number) > 256:
            raise Unfit(
                t(
                    "An invoice number has at most 256 characters.",
                    "Numer faktury ma najwyżej 256 znaków.",
                    "Eine Rechnungsnummer hat höchstens 256 Zeichen.",
                )
            )
        sells = self.role == "Subject1"
        by_ksef = is_ksef_number(self.number)
        return InvoiceQueryFilters(
            subject_type=InvoiceQuerySubjectType(self.role),
            date_range=InvoiceQueryDateRange(
                date_type=InvoiceQueryDateType(self.date),
                from_=datetime.combine(first, time(), WARSAW),
                to=datetime.combine(last, time(23, 59, 59, 999999), WARSAW),
            ),
            ksef_number=self.number if by_ksef else None,
            invoice_number=self.number if self.number and not by_ksef else None,
            seller_nip=self.partner if self.partner and not sells else None,
            buyer_identifier=InvoiceQueryBuyerIdentifier(type=BuyerIdentifierType.Nip, value=self.partner)
            if self.partner and sells
            else None,
        )


async def listed(visit: Visit) -> Response:
    """GET /invoices: those of the context in one role, newest first, a page of 25."""
    today = (await visit.door.now()).astimezone(WARSAW).date()
    asked = _asked(visit, today)
    status, found, more, cut = 200, [], False, False
    try:
        call = receiving.query(
            asked.filters(visit),
            sort_order=SortOrder.Desc,
            page_offset=asked.page,
            page_size=PAGE_SIZE,
        )
        answer = await visit.ksef.call(call)
        found, more = answer.invoices, answer.has_more and not answer.is_truncated
        cut = answer.is_truncated and (asked.page + 1) * PAGE_SIZE >= _LISTED
    except Unfit as unfit:
        status = 400
        visit.flash("bad", str(unfit))
    except Refused as refused:
        if refused.status == 401:
            raise
        status = 400
        await visit.tell(refused)
    spans = [(days, (today - timedelta(days=days - 1)).isoformat()) for days in (1, 7, 30, 90)]
    return visit.page(
        "invoices.html",
        status,
        asked=asked,
        opened=status != 200 or bool(visit.request.query_params),
        today=today.isoformat(),
        spans=spans,
        rows=[_row(visit, asked.role, each) for each in found],
        first=asked.page * PAGE_SIZE + 1,
        more=more,
        cut=cut,
        roles=options(visit.t, ROLES),
        dates=options(visit.t, DATES),
        most=_LISTED,
    )


async def one(visit: Visit) -> Response:
    """GET /invoices/{number}: the invoice as a person reads it, with what can be done with it."""
    number, content = await _fetched(visit)
    paper = await papers.of_invoice(content, number, papers.qr_base(visit.settings))
    return visit.page("invoice.html", number=number, paper=paper)


async def document(visit: Visit) -> Response:
    """GET /invoices/{number}/xml: the bytes exactly as sent."""
    number, content = await _fetched(visit)
    return papers.download(content, f"{number}.xml", "application/xml")


async def printed(visit: Visit) -> Response:
    """GET /invoices/{number}/pdf."""
    number, content = await _fetched(visit)
    paper = await papers.of_invoice(content, number, papers.qr_base(visit.settings))
    return papers.download(await papers.printed(paper), f"{number}.pdf", "application/pdf")


async def receipt(visit: Visit) -> Response:
    """GET /invoices/{number}/upo: on to its UPO, in the session in which it was sent."""
    number = _number(visit)
    session = await receipts.session_of(visit, number)
    if session is not None:
        return visit.go(f"/sessions/{session}/upo/{number}")
    t = visit.t
    visit.flash(
        "note",
        t(
            "None of the sessions you may see holds this invoice. Its UPO is for those who sent it: the "
            "person with InvoiceWrite, or anybody with Introspection in the seller's context.",
            "Żadna sesja, którą możesz zobaczyć, nie zawiera tej faktury. UPO jest dla wysyłającego: osoby z "
            "uprawnieniem do wystawiania faktur albo do przeglądania historii sesji w kontekście sprzedawcy.",
            "Keine Sitzung, die Sie sehen dürfen, enthält diese Rechnung. Das UPO ist für den Absender: die "
            "Person, die Rechnungen ausstellt, oder wer den Sitzungsverlauf des Verkäufers sehen darf.",
        ),
    )
    return visit.go(f"/invoices/{number}")


def _asked(visit: Visit, today: date) -> Asked:
    def given(name: str, otherwise: str = "") -> str:
        return visit.request.query_params.get(name, "").strip() or otherwise

    role, kind, shown = given("role"), given("date"), given("page", "0")
    return Asked(
        role=role if role in ROLES else "Subject1",
        date=kind if kind in DATES else "Invoicing",
        first=given("first", (today - timedelta(days=_RECENT - 1)).isoformat()),
        last=given("last", today.isoformat()),
        number=given("number"),
        partner=given("partner"),
        page=int(shown) if _DIGITS.fullmatch(shown) else 0,
    )


def _day(visit: Visit, typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Unfit(
            visit.t(
                f"“{typed[:20]}” is no date; write it as 2026-02-28.",
                f"„{typed[:20]}” to nie data; wpisz ją jak 2026-02-28.",
                f"„{typed[:20]}“ ist kein Datum; schreiben Sie es wie 2026-02-28.",
            )
        ) from None


def _row(visit: Visit, role: str, item: InvoiceMetadata) -> dict[str, Any]:
    """A line of the list: who stands on the other side depends on the role."""
    buyer, seller = item.buyer, item.seller
    shows_buyer = role == "Subject1"
    return {
        "number": item.ksef_number,
        "called": item.invoice_number,
        "issued": item.issue_date.isoformat(),
        "taken": item.invoicing_date,
        "partner": (buyer.name if shows_buyer else seller.name) or "",
        "partner_id": (buyer.identifier.value if shows_buyer else seller.nip) or "",
        "gross": amount(item.gross_amount, item.currency),
        "kind": word(visit.t, KINDS, item.invoice_type.value),
        "offline": item.invoicing_mode.value == "Offline",
    }


def _number(visit: Visit) -> str:
    """The KSeF number of the address. Raises `Unreadable` for a mistyped one."""
    number: str = visit.request.path_params["number"]
    check_ksef_number(number)  # only what can be a number is asked for, or names a file
    return number


async def _fetched(visit: Visit) -> tuple[str, bytes]:
    number = _number(visit)
    return number, await visit.ksef.call(receiving.download(number))


ROUTES = [
    Route("/invoices", page(listed)),
    Route("/invoices/sheet.css", papers.style),
    Route("/invoices/{number}", page(one)),
    Route("/invoices/{number}/xml", page(document)),
    Route("/invoices/{number}/pdf", page(printed)),
    Route("/invoices/{number}/upo", page(receipt)),
]
