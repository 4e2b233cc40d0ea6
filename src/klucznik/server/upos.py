"""Receipts of the local KSeF: made and sealed once, kept as signed, the same bytes ever after.

The UPO of an invoice is made when it is first asked for; the pages of a session's UPO when the session
ends. Rules: upo.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, cast

from sqlalchemy import Connection, func, insert, select

from klucznik.crypto.envelope import sha256_base64
from klucznik.documents import upo
from klucznik.documents.forms import FORMS
from klucznik.documents.upo import ContextType, Upo, UpoDocument, UpoPage
from klucznik.lang import both
from klucznik.server.ask import Ask, answers
from klucznik.server.local import LocalKsef
from klucznik.server.opened import admit_reader, by_ref, check_reference, readable
from klucznik.server.render import Answer
from klucznik.server.tables import auth_operations, instant, invoices, sessions, upos
from klucznik.wire import codes
from klucznik.wire import sessions as wire
from klucznik.wire.ids import KSEF_NUMBER_PATTERN, make_reference
from klucznik.wire.problems import Problem

#: Documents on a page of a session's UPO.
PAGE: Final = 10_000

_KSEF_NUMBER = re.compile(KSEF_NUMBER_PATTERN, re.ASCII)
# KSeF publishes no words for this one; they are ours (docs/divergences.md).
_WHY_NO_UPO: Final = both(
    "only an invoice of that session that KSeF has accepted has a UPO",
    "UPO ma tylko faktura tej sesji, którą KSeF przyjął",
)
_NO_UPO_OF_INVOICE: Final = "UPO dla faktury o numerze referencyjnym {ref} nie zostało znalezione."
_BAD_KSEF_NUMBER: Final = "'ksefNumber' is not in the correct format."


# Over HTTP


@answers(wire.UPO_BY_KSEF_NUMBER, reads=False)
def by_ksef_number(ask: Ask[None]) -> Answer:
    """GET /sessions/{referenceNumber}/invoices/ksef/{ksefNumber}/upo."""
    ref, ksef_number = check_reference(ask.path["referenceNumber"]), check_ksef_number(ask.path["ksefNumber"])
    if session := by_ref(ask.db, ref):
        admit_reader(ask.caller, session)
    found = of_ksef_number(ask.db, ask.ksef, ref, ksef_number, ask.now)
    if found is None:
        details = [codes.UPO_OF_INVOICE_NOT_FOUND.format(ksef_number=ksef_number, ref=ref)]
        raise Problem(codes.NO_UPO, details, why=_WHY_NO_UPO)
    return Answer.xml(found)


@answers(wire.UPO_BY_INVOICE, reads=False)
def by_invoice(ask: Ask[None]) -> Answer:
    """GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo."""
    ref = check_reference(ask.path["referenceNumber"])
    invoice_ref = check_reference(ask.path["invoiceReferenceNumber"], "invoiceReferenceNumber")
    if session := by_ref(ask.db, ref):
        admit_reader(ask.caller, session)
    found = of_invoice(ask.db, ask.ksef, ref, invoice_ref, ask.now)
    if found is None:
        raise Problem(codes.INVALID_INPUT, [_NO_UPO_OF_INVOICE.format(ref=invoice_ref)], why=_WHY_NO_UPO)
    return Answer.xml(found)


@answers(wire.UPO_PAGE)
def by_page(ask: Ask[None]) -> Answer:
    """GET /sessions/{referenceNumber}/upo/{upoReferenceNumber}."""
    session = readable(ask.db, ask.caller, ask.path["referenceNumber"])
    upo_ref = check_reference(ask.path["upoReferenceNumber"], "upoReferenceNumber")
    found = ask.db.execute(
        select(upos.c.xml).where(upos.c.ref == upo_ref, upos.c.session_ref == session.ref, upos.c.page > 0)
    ).scalar_one_or_none()
    if found is None:
        text = codes.UPO_OF_SESSION_NOT_FOUND.format(upo_ref=upo_ref, ref=session.ref)
        why = both("the session's UPO has no such page", "UPO tej sesji nie ma takiej strony")
        raise Problem(codes.NO_UPO, [text], why=why)
    return Answer.xml(found)


def check_ksef_number(text: str) -> str:
    """The KSeF number of a path, or 21405; its checksum is not looked at (ksef-number.md section 1)."""
    if _KSEF_NUMBER.fullmatch(text) is None:
        raise Problem(
            codes.INVALID_INPUT,
            [_BAD_KSEF_NUMBER],
            why=both(f"{text[:60]!r} is no KSeF number", f"{text[:60]!r} to nie numer KSeF"),
        )
    return text


# One invoice


def of_ksef_number(
    db: Connection, ksef: LocalKsef, session_ref: str, ksef_number: str, now: datetime
) -> bytes | None:
    """The receipt of an accepted invoice of this session; None when there is no such invoice."""
    return _of(db, ksef, session_ref, invoices.c.ksef_number == ksef_number, now)


def of_invoice(
    db: Connection, ksef: LocalKsef, session_ref: str, invoice_ref: str, now: datetime
) -> bytes | None:
    """The same by the reference number of the invoice."""
    return _of(db, ksef, session_ref, invoices.c.ref == invoice_ref, now)


def _of(db: Connection, ksef: LocalKsef, session_ref: str, which: Any, now: datetime) -> bytes | None:
    row = db.execute(
        select(*_DOCUMENT_COLUMNS).where(
            which, invoices.c.session_ref == session_ref, invoices.c.ksef_number.is_not(None)
        )
    ).first()
    if row is None:
        return None
    kept = db.execute(select(upos.c.xml).where(upos.c.ref == row.ref)).scalar_one_or_none()
    if kept is not None:
        return bytes(kept)
    receipt = _receipt(ksef, _session(db, session_ref), (_document(row),), None)
    signed = upo.sign_upo(upo.write(receipt), ksef.keys.seal, now)
    _keep(db, Signed(row.ref, session_ref, 0, signed))
    return signed


# The pages of a session


@dataclass(frozen=True)
class Signed:
    """A signed receipt on its way to its row; page 0 is that of one invoice."""

    ref: str
    session_ref: str
    page: int
    xml: bytes


@dataclass(frozen=True)
class Plan:
    """What a session's UPO is made of."""

    session: Any
    #: Accepted invoices, and the pages they fill.
    total: int
    pages: int


def plan(db: Connection, session_ref: str) -> Plan | None:
    """Read what all pages share; None for a session that is no more."""
    session = _session(db, session_ref)
    if session is None:
        return None
    counted = select(func.count()).where(*_accepted(session_ref))
    total: int = db.execute(counted).scalar_one()
    return Plan(session, total, -(-total // PAGE))


def documents(db: Connection, plan: Plan, number: int) -> tuple[UpoDocument, ...]:
    """The accepted invoices of a page (from 1), in order of their ordinals."""
    rows = db.execute(
        select(*_DOCUMENT_COLUMNS)
        .where(*_accepted(plan.session.ref))
        .order_by(invoices.c.ordinal)
        .offset((number - 1) * PAGE)
        .limit(PAGE)
    )
    return tuple(_document(row) for row in rows)


def _accepted(session_ref: str) -> tuple[Any, Any]:
    return invoices.c.session_ref == session_ref, invoices.c.ksef_number.is_not(None)


def write_page(
    ksef: LocalKsef, plan: Plan, number: int, documents: tuple[UpoDocument, ...], now: datetime
) -> Signed:
    """Write and sign a page. Needs no database: a full one takes a while, beside the loop."""
    first = (number - 1) * PAGE
    page = UpoPage(number, plan.pages, first + 1, first + len(documents), plan.total)
    unsigned = upo.write(_receipt(ksef, plan.session, documents, page))
    ref = make_reference("EU", now, ksef.random(5), counter=number % 4096)
    return Signed(ref, plan.session.ref, number, upo.sign_upo(unsigned, ksef.keys.seal, now))


def keep_pages(db: Connection, signed: Sequence[Signed]) -> None:
    """Store the pages of a session."""
    for one in signed:
        _keep(db, one)


def pages(db: Connection, session_ref: str) -> Sequence[Any]:
    """Reference number and page (from 1) of each page, in order."""
    return db.execute(
        select(upos.c.ref, upos.c.page)
        .where(upos.c.session_ref == session_ref, upos.c.page > 0)
        .order_by(upos.c.page)
    ).all()


def page(db: Connection, session_ref: str, number: int) -> bytes | None:
    """A page of a session's UPO, from 1."""
    found = db.execute(
        select(upos.c.xml).where(upos.c.session_ref == session_ref, upos.c.page == number, upos.c.page > 0)
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


# What they hold

_DOCUMENT_COLUMNS: Final = (
    invoices.c.ref,
    invoices.c.seller_nip,
    invoices.c.ksef_number,
    invoices.c.number,
    invoices.c.issued,
    invoices.c.invoicing,
    invoices.c.acquired,
    invoices.c.invoice_hash,
    invoices.c.mode,
)


def _session(db: Connection, ref: str) -> Any:
    """The session, with what its login is known by: the KSeF token, or the signed document's hash. None
    where it is gone."""
    return db.execute(
        select(sessions, auth_operations.c.token_ref, auth_operations.c.document_hash)
        .join(auth_operations, auth_operations.c.ref == sessions.c.auth_ref)
        .where(sessions.c.ref == ref)
    ).first()


def _document(row: Any) -> UpoDocument:
    return UpoDocument(
        seller_nip=row.seller_nip,
        ksef_number=row.ksef_number,
        invoice_number=row.number,
        issue_date=date.fromisoformat(row.issued),
        invoicing_date=instant(row.invoicing),
        acquisition_date=instant(row.acquired),
        invoice_hash=row.invoice_hash,
        invoicing_mode=row.mode,
    )


def _receipt(ksef: LocalKsef, session: Any, documents: tuple[UpoDocument, ...], page: UpoPage | None) -> Upo:
    form = FORMS[session.system_code]
    return Upo(
        receiver=ksef.receiver,
        session_reference=session.ref,
        context_type=cast("ContextType", session.context_type),
        context_value=session.context_value,
        structure_name=form.structure_name,
        form_code=form.system_code,
        documents=documents,
        ksef_token_reference=session.token_ref,
        auth_document_hash=session.document_hash,
        page=page,
    )


def _keep(db: Connection, signed: Signed) -> None:
    db.execute(
        insert(upos).values(
            ref=signed.ref,
            session_ref=signed.session_ref,
            page=signed.page,
            hash=sha256_base64(signed.xml),
            xml=signed.xml,
        )
    )
