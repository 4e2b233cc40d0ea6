"""How sessions end: the step "sessions", and docs/states.md. Rule: sessions.md section 7."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, or_, select, update

from klucznik.lang import both
from klucznik.server import upos
from klucznik.server.local import LocalKsef
from klucznik.server.opened import by_ref, why_no_key
from klucznik.server.prepared import Prepared
from klucznik.server.tables import batches, sessions, stamp
from klucznik.server.why import tell
from klucznik.server.work import step
from klucznik.wire import codes

_DUE = Prepared(
    select(sessions.c.ref, sessions.c.kind, sessions.c.status, sessions.c.bad_key, sessions.c.valid_until)
    .where(
        or_(
            and_(
                sessions.c.status == 100,
                or_(
                    and_(sessions.c.bad_key, sessions.c.kind == "Online"),
                    sessions.c.valid_until <= bindparam("now"),
                ),
            ),
            and_(
                sessions.c.sent == sessions.c.accepted + sessions.c.failed,
                or_(
                    sessions.c.status == 170,
                    and_(
                        sessions.c.status == 150,
                        exists().where(batches.c.ref == sessions.c.ref, batches.c.unpacked),
                    ),
                ),
            ),
        ),
    )
    .limit(100)
)


@step("sessions")
async def finish(ksef: LocalKsef) -> bool:
    """Move sessions on. Online: 100 -> 415 (bad key) or 170 (time is up); 170 -> 200, 445, 440 once all
    is final. Batch: 100 -> 440 (time is up); 150 -> 200, 445; what comes between: `unpacking`."""
    now = ksef.clock.now()
    due = ksef.store.look(lambda db: _DUE.rows(db, now=stamp(now)))
    for row in due:
        if row.status == 100:
            if await ksef.store.write(partial(_leave_open, ksef, row=row, now=now)) and row.kind == "Batch":
                ksef.batches.drop(row.ref)
        else:
            await _complete(ksef, row.ref, row.status, now)
    return bool(due)


def _bad_key(ksef: LocalKsef, db: Connection, ref: str) -> dict[str, Any]:
    """The end of a session whose key does not open, with the likely mistake."""
    row, keys = by_ref(db, ref), ksef.keys.encryption.follow(db)
    why = why_no_key(keys, row.wrapped_key, row.public_key_id, row.created)
    return {"status": 415, "details": json.dumps([codes.KEY_NOT_DECRYPTED], ensure_ascii=False), "why": why}


def _leave_open(ksef: LocalKsef, db: Connection, row: Any, now: datetime) -> bool:
    """An open session that goes no further: out of time, or without a key. Whether it was this call that
    ended it: it may have been closed meanwhile."""
    if row.kind == "Batch":
        details = json.dumps([codes.SEND_TIME_EXCEEDED], ensure_ascii=False)
        why = both("it was not closed within twelve hours", "nie zamknięto jej w ciągu dwunastu godzin")
        values: dict[str, Any] = {"status": 440, "details": details, "why": why}
    elif row.bad_key:
        values = _bad_key(ksef, db, row.ref)
    else:
        values = {
            "status": 170,
            "closed": row.valid_until,
            "why": both("its time was up", "upłynął jej czas"),
        }
    moved = db.execute(
        update(sessions)
        .where(sessions.c.ref == row.ref, sessions.c.status == 100)
        .values(updated=stamp(now), **values)
    )
    if moved.rowcount:
        tell(row.ref, values["status"], values["why"])
    return bool(moved.rowcount)


async def _complete(ksef: LocalKsef, ref: str, closed: int, now: datetime) -> None:
    """All invoices of a closed session (status 170 or 150) are final: its own end, with the pages of its
    UPO. Another process may have been quicker."""
    plan = ksef.store.read(lambda db: upos.plan(db, ref))
    if plan is None or plan.session.status != closed:
        return
    row = plan.session
    signed = []
    if row.bad_key:  # closed before that was found out
        values = ksef.store.read(lambda db: _bad_key(ksef, db, ref))
    elif row.accepted:
        # Page by page: memory holds one.
        for number in range(1, plan.pages + 1):
            documents = ksef.store.read(partial(upos.documents, plan=plan, number=number))
            signed.append(await asyncio.to_thread(upos.write_page, ksef, plan, number, documents, now))
        values = {"status": 200}
    elif row.sent:
        why = both("KSeF accepted none of its invoices", "KSeF nie przyjął żadnej z jej faktur")
        values = {"status": 445, "why": why}
    else:
        why = both("it was closed without an invoice", "zamknięto ją bez żadnej faktury")
        details = json.dumps([codes.NO_INVOICES_SENT], ensure_ascii=False)
        values = {"status": 440, "details": details, "why": why}

    def settle(db: Connection) -> None:
        moved = db.execute(
            update(sessions)
            .where(sessions.c.ref == ref, sessions.c.status == closed)
            .values(updated=stamp(now), **values)
        )
        if moved.rowcount:
            upos.keep_pages(db, signed)
            tell(ref, values["status"], values.get("why"))

    await ksef.store.write(settle)
