"""The step that settles received invoices: from 100 to a final status, in batches, in one transaction.

Rows 13 to 16 of invoice-verification.md section 1, and the numbers: KSeF number, acquisition date,
permanent storage. Received rows are found by their status, so those of before a crash are too.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from klucznik.clock import WARSAW
from klucznik.lang import both
from klucznik.server.attachments import consents
from klucznik.server.examine import SUBUNIT
from klucznik.server.local import LocalKsef
from klucznik.server.opened import is_batch
from klucznik.server.prepared import Prepared, together
from klucznik.server.store import keep_setting, setting
from klucznik.server.tables import (
    authorizations,
    grants,
    instant,
    invoice_bytes,
    invoice_parties,
    invoices,
    sessions,
    stamp,
    subjects,
)
from klucznik.server.why import tell
from klucznik.server.work import step
from klucznik.wire import codes
from klucznik.wire.ids import make_ksef_number

#: Invoices settled in one transaction: bounds the time that others wait.
_BATCH = 500

#: Seconds in which received invoices gather before a round.
_GATHER = 0.02

_COUNTER: Final = "ksef_number_counter"
#: 48 bits of technical part (ksef-number.md section 1).
_TECHNICAL: Final = 1 << 48

_ANY = Prepared(select(invoices.c.ref).where(invoices.c.status == 100).limit(1))
_NEXT = (
    select(
        invoices.c.ref,
        invoices.c.session_ref,
        invoices.c.verdict,
        invoices.c.relation,
        invoices.c.details,
        invoices.c.why,
        invoices.c.context_type,
        invoices.c.context_value,
        invoices.c.seller_nip,
        invoices.c.kind,
        invoices.c.number,
        invoices.c.issued,
        invoices.c.invoicing,
        invoices.c.offline,
        invoices.c.attachment,
        invoices.c.corrected_hash,
        invoices.c.form_value,
        invoices.c.ordinal,
    )
    .where(invoices.c.status == 100)
    .order_by(invoices.c.invoicing, invoices.c.ordinal)
    .limit(bindparam("most"))
    .subquery("next")
)
_accepted = invoices.alias("accepted")
#: With the number of an accepted invoice of the same seller, kind and number: one question for a round.
_PENDING = Prepared(
    select(
        _NEXT,
        select(_accepted.c.ksef_number)
        .where(
            _accepted.c.seller_nip == _NEXT.c.seller_nip,
            _accepted.c.kind == _NEXT.c.kind,
            _accepted.c.number == _NEXT.c.number,
            _accepted.c.ksef_number.is_not(None),
        )
        .scalar_subquery()
        .label("original"),
    ).order_by(_NEXT.c.invoicing, _NEXT.c.ordinal)
)
_ORIGINAL = Prepared(
    select(invoices.c.ksef_number, invoices.c.session_ref).where(
        invoices.c.seller_nip == bindparam("seller"),
        invoices.c.kind == bindparam("kind"),
        invoices.c.number == bindparam("number"),
        invoices.c.ksef_number.is_not(None),
    )
)
_SETTLE = Prepared(
    update(invoices).where(invoices.c.ref == bindparam("row"), invoices.c.status == 100),
    ["status", "details", "extensions", "why", "ksef_number", "acquired", "stored", "mode"],
)
_COUNT = Prepared(
    update(sessions)
    .where(sessions.c.ref == bindparam("session"))
    .values(
        accepted=sessions.c.accepted + bindparam("more_accepted"),
        failed=sessions.c.failed + bindparam("more_failed"),
        updated=bindparam("now"),
    ),
    [],
)
#: A closed session whose invoices are all final.
_ENDING = Prepared(
    select(sessions.c.ref)
    .where(
        or_(sessions.c.status == 170, sessions.c.status == 150),
        sessions.c.sent == sessions.c.accepted + sessions.c.failed,
    )
    .limit(1)
)
_DROP_BYTES = Prepared(delete(invoice_bytes).where(invoice_bytes.c.invoice_ref == bindparam("row")))
_DROP_PARTIES = Prepared(delete(invoice_parties).where(invoice_parties.c.invoice_ref == bindparam("row")))


@step("verification")
async def verify(ksef: LocalKsef) -> bool:
    """Settle what is received. True when there may be more."""
    if ksef.store.look(_ANY.one) is None:
        return False
    # What arrives in this moment is settled in one go: a round has a price of its own.
    await asyncio.sleep(_GATHER)
    settled, session_waits = await ksef.store.write(lambda db: settle(db, ksef))
    if session_waits:
        ksef.work.wake("sessions")
    return settled == _BATCH


@dataclass
class _Batch:
    """What a round has decided so far."""

    now: int  # acquisition date of all that it accepts
    stored: int  # storage date of the next one
    next_number: int
    rows: list[dict[str, Any]] = field(default_factory=list)
    accepted: dict[tuple[str, str, str], tuple[str, str]] = field(default_factory=dict)
    counts: dict[str, list[int]] = field(default_factory=dict)
    refused: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Refusal:
    status: int
    details: str | None
    why: str | None
    extensions: str | None = None


def settle(db: Connection, ksef: LocalKsef) -> tuple[int, bool]:
    """One round: how many rows were settled, and whether a session may be finished now."""
    rows = _PENDING.rows(db, most=_BATCH)
    if not rows:
        return 0, False
    first_number = _counter(db, ksef)
    now = stamp(max(ksef.clock.now(), ksef.store.in_flight or ksef.clock.now()))
    batch = _Batch(now, ksef.storage.date(db, len(rows)), first_number)
    for row in rows:
        if refusal := _refusal(db, batch, row):
            _refuse(batch, row, refusal)
        else:
            _accept(batch, row)
    counts = [
        {"session": ref, "more_accepted": accepted, "more_failed": failed, "now": now}
        for ref, (accepted, failed) in batch.counts.items()
    ]
    with together(db):
        _SETTLE.many(db, batch.rows)
        _COUNT.many(db, counts)
        _DROP_BYTES.many(db, batch.refused)
        _DROP_PARTIES.many(db, batch.refused)
    if batch.next_number != first_number:
        keep_setting(db, _COUNTER, str(batch.next_number))
    return len(rows), _ENDING.one(db) is not None


def _counter(db: Connection, ksef: LocalKsef) -> int:
    """The next technical part. It grows in the transaction that uses it, so no crash repeats a number.

    A new installation begins at random: two of them, one after the other, give different numbers.
    """
    kept = setting(db, _COUNTER)
    return int(kept) if kept is not None else int.from_bytes(ksef.random(5))


def _refusal(db: Connection, batch: _Batch, row: Any) -> _Refusal | None:
    # (1) What the document alone decided when it was received.
    if row.verdict:
        return _Refusal(row.verdict, row.details, row.why)
    # (2) The seller lets the context issue.
    if row.relation and not _related(db, row):
        text = codes.NOT_FOR_THIS_SELLER.format(context=row.context_value, seller=row.seller_nip)
        return _Refusal(
            410,
            _details(text),
            both(
                f"{row.seller_nip} has not granted {row.relation}",
                f"{row.seller_nip} nie nadał {row.relation}",
            ),
        )
    # (3) Attachments: FA in batch sessions only, save for technical corrections; always by consent.
    if row.attachment:
        if row.form_value != "PEF" and not row.corrected_hash and not is_batch(row.session_ref):
            return _Refusal(
                415,
                None,
                both(
                    "an attachment travels in a batch session", "faktura z załącznikiem wymaga sesji wsadowej"
                ),
            )
        if not consents(db, row.seller_nip, batch.now):
            text = codes.NO_ATTACHMENT_CONSENT.format(nip=row.seller_nip)
            return _Refusal(
                410,
                _details(text),
                both(
                    f"{row.seller_nip} has no consent to attachments in force",
                    f"{row.seller_nip} nie ma obowiązującej zgody na załączniki",
                ),
            )
    # (4) Accepted once only: seller, kind, number (section 6).
    return _duplicate(db, batch, row)


def _related(db: Connection, row: Any) -> bool:
    """Whether the relation that the document claims is in force now. Rule: permissions.md section 5."""
    # (1) A unit of a local government, a member of a VAT group: the register says so.
    if row.relation == SUBUNIT:
        unit = select(subjects.c.nip).where(
            subjects.c.nip == row.context_value, subjects.c.parent == row.seller_nip
        )
        return db.execute(unit).first() is not None
    # (2) An EU entity issues for the company that set up its context, as long as that lets it in.
    if row.context_type == "NipVatUe":
        let_in = select(grants.c.id).where(
            grants.c.context_type == "NipVatUe",
            grants.c.context_value == row.context_value,
            grants.c.from_type == "Nip",
            grants.c.from_value == row.seller_nip,
        )
        return db.execute(let_in.limit(1)).first() is not None
    # (3) Everybody else holds an authorization of the seller.
    granted = select(authorizations.c.id).where(
        authorizations.c.nip == row.seller_nip,
        authorizations.c.subject_type == row.context_type,
        authorizations.c.subject_value == row.context_value,
        authorizations.c.permission == row.relation,
    )
    return db.execute(granted).first() is not None


def _duplicate(db: Connection, batch: _Batch, row: Any) -> _Refusal | None:
    original = batch.accepted.get((row.seller_nip, row.kind, row.number))
    if original is None:
        if row.original is None:
            return None
        found = _ORIGINAL.one(db, seller=row.seller_nip, kind=row.kind, number=row.number)
        original = found.ksef_number, found.session_ref
    ksef_number, session_ref = original
    extensions = {"originalSessionReferenceNumber": session_ref, "originalKsefNumber": ksef_number}
    return _Refusal(
        440,
        _details(codes.DUPLICATE.format(ksef_number=ksef_number, session_ref=session_ref)),
        both(
            f"{row.seller_nip} has an accepted {row.kind} {row.number!r}",
            f"{row.seller_nip} ma już przyjętą fakturę {row.kind} {row.number!r}",
        ),
        json.dumps(extensions),
    )


def _details(text: str) -> str:
    return json.dumps([text], ensure_ascii=False)


def _accept(batch: _Batch, row: Any) -> None:
    day = instant(row.invoicing).astimezone(WARSAW).date()
    number = make_ksef_number(row.seller_nip, day, f"{batch.next_number % _TECHNICAL:012X}")
    batch.next_number += 1
    batch.accepted[row.seller_nip, row.kind, row.number] = number, row.session_ref
    # Issued before the day it was sent: it was offline, whatever was declared (section 4).
    offline = row.offline or row.issued < day.isoformat()
    batch.rows.append(
        {
            "row": row.ref,
            "status": 200,
            "details": None,
            "extensions": None,
            "why": None,
            "ksef_number": number,
            "acquired": batch.now,
            "stored": batch.stored,
            "mode": "Offline" if offline else "Online",
        }
    )
    batch.stored += 1
    batch.counts.setdefault(row.session_ref, [0, 0])[0] += 1


def _refuse(batch: _Batch, row: Any, refusal: _Refusal) -> None:
    tell(row.ref, refusal.status, refusal.why)
    batch.rows.append(
        {
            "row": row.ref,
            "status": refusal.status,
            "details": refusal.details,
            "extensions": refusal.extensions,
            "why": refusal.why,
            "ksef_number": None,
            "acquired": None,
            "stored": None,
            "mode": None,
        }
    )
    batch.counts.setdefault(row.session_ref, [0, 0])[1] += 1
    if not row.verdict:
        batch.refused.append({"row": row.ref})
