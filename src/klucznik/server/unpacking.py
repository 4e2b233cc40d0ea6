"""The step that turns a closed batch session into invoices, one package at a time.

Parts are joined on disk (`joining`), the archive is read once to be sure of the whole of it, then once
more, some hundred invoices at a time: memory stays flat and others are served meanwhile. From there each
invoice goes the way of all others (`verification`). A crash repeats the work, here or in another process
that takes the lease over; invoices that are rows already are passed over. Rules: sessions.md sections 6
and 7, reliability.md C 83-94.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, and_, or_, select, update

from klucznik.crypto.envelope import sha256_base64
from klucznik.documents import package
from klucznik.documents.package import Entry, PackageFault
from klucznik.lang import both
from klucznik.server.examine import Examined, Sizes, examine_plain
from klucznik.server.joining import Failed, check_parts, join
from klucznik.server.keyring import ring
from klucznik.server.leases import Lease, Lost
from klucznik.server.local import LocalKsef
from klucznik.server.opened import OpenSession, why_no_key
from klucznik.server.overrides import limits_of
from klucznik.server.sending import keep_all
from klucznik.server.tables import batch_parts, batches, sessions, stamp
from klucznik.server.why import tell
from klucznik.server.work import step
from klucznik.wire import codes
from klucznik.wire.ids import make_reference

log = logging.getLogger("klucznik.ksef")

T = TypeVar("T")

#: A slice of work: documents and bytes. Bounds the memory, and the time of one transaction.
_SLICE: Final = 100
_SLICE_BYTES: Final = 8_000_000

# KSeF publishes no words for this one; they are ours (docs/divergences.md).
_BAD_ARCHIVE: Final = "Archiwum jest uszkodzone lub ma nieobsługiwaną budowę."

_WAITING: Final = (
    select(sessions, batches)
    .join(batches, batches.c.ref == sessions.c.ref)
    .where(sessions.c.status == 150, ~batches.c.unpacked)
    .order_by(sessions.c.closed, sessions.c.ref)
)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A document of the package, as far as it can be judged without the database."""

    name: str
    hash: str
    examined: Examined


@step("batches")
async def unpack(ksef: LocalKsef) -> bool:
    """Unpack the package that has waited longest and that no other process has in work."""
    if not ksef.batches.swept:
        _sweep(ksef)
    taken = await ksef.leases.take(batches, _WAITING)
    if taken is None:
        return False
    row, lease = taken
    try:
        async with lease.working():
            try:
                await _unpack(ksef, row, lease)
            except Failed as failed:
                await ksef.store.write(partial(_fail, lease, failed, ksef.clock.now()))
                tell(lease.ref, failed.status, failed.why)
    except Lost:
        log.info("batch session %s: another process goes on with it, or it is gone", lease.ref)
        return True
    ksef.batches.drop(lease.ref)
    return True


def _sweep(ksef: LocalKsef) -> None:
    """Delete what a crash left of sessions that are over.

    First the folders, then the sessions: one that was opened in between, in another process, is no
    folder of this list.
    """
    found = ksef.batches.refs()
    needed = or_(sessions.c.status == 100, and_(sessions.c.status == 150, ~batches.c.unpacked))
    wanted = select(sessions.c.ref).join(batches, batches.c.ref == sessions.c.ref).where(needed)
    alive = set(ksef.store.read(lambda db: db.execute(wanted).scalars().all()))
    for ref in found:
        if ref not in alive:
            ksef.batches.drop(ref)
    ksef.batches.swept = True


def _fail(lease: Lease, failed: Failed, now: datetime, db: Connection) -> None:
    lease.hold(db)
    db.execute(
        update(sessions)
        .where(sessions.c.ref == lease.ref, sessions.c.status == 150)
        .values(
            status=failed.status,
            details=json.dumps(failed.details, ensure_ascii=False) if failed.details else None,
            why=failed.why,
            updated=stamp(now),
        )
    )


async def _unpack(ksef: LocalKsef, row: Any, lease: Lease) -> None:
    session = ksef.opened.find(ksef, lease.ref)
    if session is None:
        raise Lost(lease.ref)
    # (1) The key.
    if session.key is None:
        why = why_no_key(ring(ksef), row.wrapped_key, row.public_key_id, row.created)
        raise Failed(415, [codes.KEY_NOT_DECRYPTED], why)
    # (2) The parts, as uploaded; then decrypted, in their order, into one archive, which is the declared
    # one. Its name is this lease's: who has lost one may still be writing.
    wanted = select(batch_parts).where(batch_parts.c.session_ref == lease.ref).order_by(batch_parts.c.ordinal)
    parts = ksef.store.read(lambda db: db.execute(wanted).all())
    check_parts(parts)
    archive = ksef.batches.new(lease.ref, f"archive-{lease.by}")
    joining = join(parts, archive, session.key, session.iv, row)
    while await _run(ksef, partial(next, joining, None)):
        pass  # the loop may be stopped between two parts
    # (3) Once through, to be sure of all of it before one invoice counts.
    kind = cast("package.Kind", row.compression)
    count = 0
    with archive.open("rb") as file:
        entries = package.read(file, kind)
        while some := await _run(ksef, partial(_passed, entries)):
            count += some
    if count == 0:
        why = both("the archive holds no document", "w archiwum nie ma żadnego dokumentu")
        raise Failed(440, [codes.NO_INVOICES_SENT], why)
    limits = ksef.store.read(lambda db: limits_of(db, session.context)).batch_session
    if count > limits.max_invoices:
        text = codes.TOO_MANY_IN_PACKAGE.format(limit=limits.max_invoices, count=count)
        why = both("split the package into several sessions", "podziel paczkę na kilka sesji")
        raise Failed(420, [text], why)
    # (4) Once more, for the invoices. What a crash left off goes on where it was.
    await _take_in(ksef, session, row, lease, archive, Sizes.of(limits))


async def _take_in(
    ksef: LocalKsef, session: OpenSession, row: Any, lease: Lease, archive: Path, sizes: Sizes
) -> None:
    """Rows for all documents that are none yet. While one slice is written the next one is judged."""
    done = int(row.sent)
    with archive.open("rb") as file:
        entries = islice(package.read(file, row.compression), done, None)
        judge = partial(_judge, ksef, session, entries, row, sizes)
        following = _run(ksef, judge)
        try:
            while judged := await following:
                following = _run(ksef, judge)
                await ksef.store.write(partial(_keep, ksef, row, lease, judged, done))
                ksef.work.wake("verification")
                done += len(judged)
        finally:
            # The file is still read from; a failure of it has been told, or will be by the next round.
            await asyncio.wait([following])
            if not following.cancelled():
                following.exception()

    def unpacked(db: Connection) -> None:
        lease.hold(db)
        db.execute(update(batches).where(batches.c.ref == lease.ref).values(unpacked=True))

    await ksef.store.write(unpacked)
    ksef.work.wake("sessions")


def _run(ksef: LocalKsef, work: Callable[[], T]) -> asyncio.Future[T]:
    return asyncio.get_running_loop().run_in_executor(ksef.batches.pool, work)


def _passed(entries: Iterator[Entry]) -> int:
    """Read on for a moment, keeping nothing: how many documents that were."""
    count = size = 0
    try:
        while count < 10 * _SLICE and size < 10 * _SLICE_BYTES and (entry := next(entries, None)):
            count += 1
            size += len(entry.content)
    except PackageFault as fault:
        raise Failed(430, [_BAD_ARCHIVE], fault.why) from None
    return count


def _slice(entries: Iterator[Entry]) -> list[Entry]:
    taken: list[Entry] = []
    size = 0
    while len(taken) < _SLICE and size < _SLICE_BYTES and (entry := next(entries, None)):
        taken.append(entry)
        size += len(entry.content)
    return taken


def _judge(
    ksef: LocalKsef, session: OpenSession, entries: Iterator[Entry], row: Any, sizes: Sizes
) -> list[_Judged]:
    """The next documents, judged. They may be issued up to today, whenever the session was opened."""
    permissions, now = frozenset(json.loads(row.permissions)), ksef.clock.now()
    return [
        _Judged(
            package.label(entry.name),
            sha256_base64(entry.content),
            examine_plain(ksef.profile, session, entry.content, permissions, now, sizes),
        )
        for entry in _slice(entries)
    ]


def _keep(ksef: LocalKsef, row: Any, lease: Lease, judged: list[_Judged], done: int, db: Connection) -> None:
    """Rows for the next invoices, and the session's count, in one transaction."""
    lease.hold(db)
    counted = update(sessions).where(
        sessions.c.ref == lease.ref, sessions.c.status == 150, sessions.c.sent == done
    )
    if not db.execute(counted.values(sent=done + len(judged))).rowcount:
        raise Lost(lease.ref)
    now = ksef.clock.now()
    common = {
        "session_ref": lease.ref,
        "corrected_hash": None,
        "offline": row.offline,
        # All of a batch are dated with its opening (invoice-verification.md section 4).
        "invoicing": row.created,
        "context_type": row.context_type,
        "context_value": row.context_value,
        "schema_version": row.schema_version,
        "form_value": row.form_value,
    }
    documents = []
    for number, one in enumerate(judged, done + 1):
        ref = make_reference("EE", now, ksef.random(5), counter=number % 4096)
        own = {"ref": ref, "ordinal": number, "invoice_hash": one.hash, "file_name": one.name}
        documents.append((one.examined, {**common, **own}))
    keep_all(db, documents)
