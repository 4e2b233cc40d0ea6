"""Collective identifiers: one number for the payment of many invoices. Rules: ksef-number.md section 3."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Select, and_, func, insert, not_, or_, select, tuple_

from klucznik.clock import WARSAW
from klucznik.lang import both
from klucznik.server import paging
from klucznik.server.access import Context
from klucznik.server.ask import Ask, answers
from klucznik.server.invoices import party
from klucznik.server.overrides import limits_of
from klucznik.server.tables import collective_identifiers, collective_invoices, instant, invoices, stamp
from klucznik.server.upos import check_ksef_number
from klucznik.wire import codes, collective
from klucznik.wire.collective import (
    CollectiveIdentifierInvoicesQueryRequest,
    CollectiveIdentifierInvoicesQueryResponse,
    CollectiveIdentifierInvoicesQueryResponseItem,
    CollectiveIdentifierInvoicesQueryResponseItemPayment,
    CollectiveIdentifiersByKsefNumberQueryResponse,
    CollectiveIdentifiersByKsefNumberQueryResponseItem,
    CollectiveIdentifiersQueryRequest,
    CollectiveIdentifiersQueryResponse,
    CollectiveIdentifiersQueryResponseItem,
    GenerateCollectiveIdentifierRequest,
    GenerateCollectiveIdentifierResponse,
)
from klucznik.wire.ids import crc8
from klucznik.wire.problems import Problem

#: Identifiers that one invoice may stand in, for each context that makes them.
MOST_IDENTIFIERS: Final = 132
LONGEST_SPAN: Final = timedelta(days=100)
#: Identifiers whose invoices may be asked for at once.
MOST_NUMBERS: Final = 10


@answers(collective.GENERATE)
def generate(ask: Ask[GenerateCollectiveIdentifierRequest]) -> GenerateCollectiveIdentifierResponse:
    """POST /collective-identifiers: any context may build one, of any seller's invoices."""
    db, context, given = ask.db, ask.caller.context, ask.body.invoices
    # (1) Not more than the context may put together.
    if len(given) > (most := limits_of(db, context).collective_identifier.max_invoices):
        raise _refuse(
            f"'invoices' must contain at most {most} elements.",
            f"'invoices' może mieć najwyżej {most} pozycji: tyle pozwala limit kontekstu",
        )
    numbers = [item.ksef_number for item in given]
    # (2) Each once.
    if repeated := [number for number, count in Counter(numbers).items() if count > 1]:
        raise _of_each(
            codes.REPEATED_INVOICE, codes.NUMBER_REPEATED, repeated, "given twice", "podane dwa razy"
        )
    # (3) Each an invoice that is here.
    query = select(invoices.c.ksef_number, invoices.c.seller_nip).where(invoices.c.ksef_number.in_(numbers))
    sellers = {row.ksef_number: row.seller_nip for row in db.execute(query)}
    if unknown := [number for number in numbers if number not in sellers]:
        raise _of_each(
            codes.NO_COLLECTED_INVOICE,
            codes.INVOICE_NOT_FOUND,
            unknown,
            "not in this KSeF",
            "nie ma ich w tym KSeF",
        )
    # (4) All of one seller.
    seller = sellers[numbers[0]]
    if foreign := [number for number in numbers if sellers[number] != seller]:
        raise _of_each(
            codes.DIFFERENT_SELLERS,
            codes.INVOICE_OF_ANOTHER_SELLER,
            foreign,
            f"not of the seller of the first invoice, {seller}",
            f"nie są sprzedawcy pierwszej faktury, {seller}",
        )
    # (5) None in too many already.
    full = (
        select(collective_invoices.c.ksef_number)
        .join(collective_identifiers, collective_identifiers.c.number == collective_invoices.c.number)
        .where(_own(context), collective_invoices.c.ksef_number.in_(numbers))
        .group_by(collective_invoices.c.ksef_number)
        .having(func.count() >= MOST_IDENTIFIERS)
        .order_by(collective_invoices.c.ksef_number)
    )
    if crowded := list(db.execute(full).scalars()):
        raise _of_each(
            codes.TOO_MANY_IDENTIFIERS,
            codes.INVOICE_HAS_MOST_IDENTIFIERS,
            crowded,
            f"in {MOST_IDENTIFIERS} identifiers of this context already",
            f"już w {MOST_IDENTIFIERS} identyfikatorach tego kontekstu",
        )
    # (6) The number: seller, month of creation, twelve digits by chance, CRC-8.
    head = f"{seller}-IZ{ask.now.astimezone(WARSAW):%Y%m}-{ask.ksef.random(6).hex().upper()}"
    number = f"{head}-{crc8(head):02X}"
    db.execute(
        insert(collective_identifiers).values(
            number=number,
            created=stamp(ask.now),
            seller_nip=seller,
            context_type=context.type,
            context_value=context.value,
            invoice_count=len(given),
        )
    )
    rows = [
        {
            "number": number,
            "ksef_number": item.ksef_number,
            "amount": str(item.payment.amount) if item.payment else None,
            "currency": item.payment.currency.value if item.payment else None,
            "description": item.description,
        }
        for item in given
    ]
    db.execute(insert(collective_invoices), rows)
    return GenerateCollectiveIdentifierResponse(collective_identifier_number=number)


def _refuse(sentence: str, polish: str) -> Problem:
    return Problem(codes.INVALID_INPUT, [sentence], why=both(sentence, polish))


def _of_each(code: codes.Code, text: str, numbers: list[str], en: str, pl: str) -> Problem:
    details = [text.format(ksef_number=number) for number in numbers]
    named = ", ".join(numbers[:5]) + (" …" if len(numbers) > 5 else "")
    return Problem(code, details, why=both(f"{en}: {named}", f"{pl}: {named}"))


def _own(context: Context) -> Any:
    """Identifiers built in this context."""
    columns = collective_identifiers.c
    return and_(columns.context_type == context.type, columns.context_value == context.value)


def _start(ask: Ask[Any], listing: str) -> list[int | str] | None:
    """Where the page begins. An odd token is 21418, in words that only these lists have."""
    try:
        return paging.position(ask.ksef, listing, ask.query.continuation_token)
    except Problem as bad:
        raise Problem(codes.BAD_COLLECTIVE_TOKEN, why=bad.why) from None


def _listing(ask: Ask[Any], filters: str) -> str:
    context = ask.caller.context
    return f"{ask.row.path} {context.type} {context.value} {filters}"


def _newest_first(ask: Ask[Any], found: Select[Any], filters: str) -> tuple[list[Any], str | None]:
    """A page of identifiers by dateCreated, then number, both descending; and the token of the next."""
    listing, columns = _listing(ask, filters), collective_identifiers.c
    keys = (columns.created, columns.number)
    if start := _start(ask, listing):
        found = found.where(tuple_(*keys) < tuple_(*start))
    size = ask.query.page_size
    rows = list(ask.db.execute(found.order_by(*(key.desc() for key in keys)).limit(size + 1)))
    if len(rows) <= size:
        return rows, None
    last = rows[size - 1]
    return rows[:size], paging.issue(ask.ksef, listing, [last.created, last.number])


@answers(collective.QUERY, reads=True)
def query(ask: Ask[CollectiveIdentifiersQueryRequest]) -> CollectiveIdentifiersQueryResponse:
    """POST /collective-identifiers/query: the context's own; for a NIP also those of its sales."""
    body, context, columns = ask.body, ask.caller.context, collective_identifiers.c
    if body.date_created_to < body.date_created_from:
        raise _refuse(
            "'dateCreatedTo' must be greater than or equal to 'dateCreatedFrom'.",
            "'dateCreatedTo' leży przed 'dateCreatedFrom'",
        )
    if body.date_created_to - body.date_created_from > LONGEST_SPAN:
        raise _refuse(
            "The range from 'dateCreatedFrom' to 'dateCreatedTo' must not exceed 100 days.",
            "zakres od 'dateCreatedFrom' do 'dateCreatedTo' ma ponad 100 dni",
        )
    own = _own(context)
    seen = or_(own, columns.seller_nip == context.value) if context.type == "Nip" else own
    found = select(collective_identifiers, own.label("own")).where(
        seen, columns.created.between(stamp(body.date_created_from), stamp(body.date_created_to))
    )
    if body.collective_identifier_number is not None:
        found = found.where(columns.number == body.collective_identifier_number)
    if body.invoice_count_from is not None:
        found = found.where(columns.invoice_count >= body.invoice_count_from)
    if body.invoice_count_to is not None:
        found = found.where(columns.invoice_count <= body.invoice_count_to)
    if body.created_in_current_context is not None:
        found = found.where(own if body.created_in_current_context else not_(own))
    rows, token = _newest_first(ask, found, body.json_bytes().decode())
    return CollectiveIdentifiersQueryResponse(
        continuation_token=token,
        collective_identifiers=[
            CollectiveIdentifiersQueryResponseItem(
                collective_identifier_number=row.number,
                date_created=instant(row.created),
                invoice_count=row.invoice_count,
                created_in_current_context=bool(row.own),
            )
            for row in rows
        ],
    )


@answers(collective.OF_INVOICE)
def of_invoice(ask: Ask[None]) -> CollectiveIdentifiersByKsefNumberQueryResponse:
    """GET /collective-identifiers/ksef/{ksefNumber}: all that the invoice stands in, whoever built them."""
    number = check_ksef_number(ask.path["ksefNumber"])
    inside = select(collective_invoices.c.number).where(collective_invoices.c.ksef_number == number)
    found = select(collective_identifiers, _own(ask.caller.context).label("own")).where(
        collective_identifiers.c.number.in_(inside)
    )
    rows, token = _newest_first(ask, found, number)
    return CollectiveIdentifiersByKsefNumberQueryResponse(
        continuation_token=token,
        collective_identifiers=[
            CollectiveIdentifiersByKsefNumberQueryResponseItem(
                collective_identifier_number=row.number,
                created_in_current_context=bool(row.own),
                date_created=instant(row.created),
            )
            for row in rows
        ],
    )


@answers(collective.INVOICES, reads=True)
def of_identifiers(
    ask: Ask[CollectiveIdentifierInvoicesQueryRequest],
) -> CollectiveIdentifierInvoicesQueryResponse:
    """POST /collective-identifiers/invoices: by KSeF number, descending. Details are not for everybody."""
    numbers, context, columns = (
        ask.body.collective_identifier_numbers,
        ask.caller.context,
        collective_invoices.c,
    )
    if not 1 <= len(numbers) <= MOST_NUMBERS:
        raise _refuse(
            f"'collectiveIdentifierNumbers' must contain between 1 and {MOST_NUMBERS} elements.",
            f"'collectiveIdentifierNumbers' ma od 1 do {MOST_NUMBERS} pozycji",
        )
    # Whoever built the identifier sees the details, and whoever stands on the invoice.
    may = or_(_own(context), party(context))
    found = (
        select(collective_invoices, may.label("may"))
        .join(collective_identifiers, collective_identifiers.c.number == columns.number)
        .join(invoices, invoices.c.ksef_number == columns.ksef_number)
        .where(columns.number.in_(numbers))
    )
    listing, keys = _listing(ask, " ".join(sorted(set(numbers)))), (columns.ksef_number, columns.number)
    if start := _start(ask, listing):
        found = found.where(tuple_(*keys) < tuple_(*start))
    size, token = ask.query.page_size, None
    rows = list(ask.db.execute(found.order_by(*(key.desc() for key in keys)).limit(size + 1)))
    if len(rows) > size:
        rows = rows[:size]
        token = paging.issue(ask.ksef, listing, [rows[-1].ksef_number, rows[-1].number])
    return CollectiveIdentifierInvoicesQueryResponse(
        continuation_token=token, invoices=[_shown(row) for row in rows]
    )


def _shown(row: Any) -> CollectiveIdentifierInvoicesQueryResponseItem:
    paid = row.amount is not None and row.may
    return CollectiveIdentifierInvoicesQueryResponseItem(
        ksef_number=row.ksef_number,
        collective_identifier_number=row.number,
        payment=CollectiveIdentifierInvoicesQueryResponseItemPayment(
            amount=Decimal(row.amount), currency=row.currency
        )
        if paid
        else None,
        description=row.description if row.may else None,
        details_hidden=not row.may and (row.amount is not None or row.description is not None),
    )
