"""The step that turns a closed batch session into invoices, one package at a time.

Parts are decrypted and joined on disk, the archive is read once to be sure of the whole of it, then once
more, some dozens of invoices at a time: memory stays flat and others are served meanwhile. From there
each invoice goes the way of all others (`verification`). A crash repeats the work; invoices that are rows
already are passed over. Rules: sessions.md sections 6 and 7, reliability.md C 83-94.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, select, update

from klucznik.crypto.envelope import BadCiphertext, aes_decrypt_stream, sha256_base64
from klucznik.documents import package
from klucznik.documents.package import Entry, PackageFault
from klucznik.lang import both
from klucznik.secret import Secret
from klucznik.server.examine import Examined, Sizes, examine_plain
from klucznik.server.keyring import ring
from klucznik.server.local import LocalKsef
from klucznik.server.opened import OpenSession, why_no_key
from klucznik.server.overrides import limits_of
from klucznik.server.sending import keep
from klucznik.server.tables import batch_parts, batches, sessions, stamp
from klucznik.server.why import tell
from klucznik.server.work import step
from klucznik.wire import codes
from klucznik.wire.ids import make_reference

T = TypeVar("T")

#: A slice of work: documents and bytes. Bounds the memory, and the time of one transaction.
_SLICE: Final = 50
_SLICE_BYTES: Final = 8_000_000
_CHUNK: Final = 256 * 1024

# KSeF publishes no words for these; they are ours (docs/divergences.md).
_SIZE_DIFFERS: Final = "Rozmiar przesłanej paczki faktur nie zgadza się z zadeklarowaną wartością: {size}."
_BAD_ARCHIVE: Final = "Archiwum jest uszkodzone lub ma nieobsługiwaną budowę."


class _Failed(Exception):
    """The whole session fails: its status, KSeF's words, and the cause for the developer."""

    def __init__(self, status: int, details: list[str], why: str) -> None:
        super().__init__(why)
        self.status, self.details, self.why = status, details, why


@dataclass(frozen=True, slots=True)
class _Judged:
    """A document of the package, as far as it can be judged without the database."""

    name: str
    hash: str
    examined: Examined


@step("batches")
async def unpack(ksef: LocalKsef) -> bool:
    """Unpack the package that has waited longest."""
    if not ksef.batches.swept:
        _sweep(ksef)
    waiting = (
        select(sessions, batches)
        .join(batches, batches.c.ref == sessions.c.ref)
        .where(sessions.c.status == 150, ~batches.c.unpacked)
        .order_by(sessions.c.closed, sessions.c.ref)
        .limit(1)
    )
    row = ksef.store.read(lambda db: db.execute(waiting).mappings().first())
    if row is None:
        return False
    ref = str(row["ref"])
    try:
        await _unpack(ksef, ref, row)
    except _Failed as failed:
        await ksef.store.write(partial(_fail, ref=ref, failed=failed, now=ksef.clock.now()))
        tell(ref, failed.status, failed.why)
    ksef.batches.drop(ref)
    return True


def _sweep(ksef: LocalKsef) -> None:
    """Delete what a crash left of sessions that are over."""
    pending = select(sessions.c.ref).where(sessions.c.kind == "Batch", sessions.c.status.in_((100, 150)))
    alive = set(ksef.store.read(lambda db: db.execute(pending).scalars().all()))
    for ref in ksef.batches.refs():
        if ref not in alive:
            ksef.batches.drop(ref)
    ksef.batches.swept = True


def _fail(db: Connection, ref: str, failed: _Failed, now: datetime) -> None:
    db.execute(
        update(sessions)
        .where(sessions.c.ref == ref, sessions.c.status == 150)
        .values(
            status=failed.status,
            details=json.dumps(failed.details, ensure_ascii=False) if failed.details else None,
            why=failed.why,
            updated=stamp(now),
        )
    )


async def _unpack(ksef: LocalKsef, ref: str, row: Any) -> None:
    session = ksef.opened.find(ksef, ref)
    assert session is not None
    # (1) The key.
    if session.key is None:
        why = why_no_key(ring(ksef), row["wrapped_key"], row["public_key_id"], row["created"])
        raise _Failed(415, [codes.KEY_NOT_DECRYPTED], why)
    # (2) The parts, as uploaded; then decrypted, in their order, into one archive.
    archive = await _joined(ksef, ref, session.key, session.iv)
    # (3) The archive.
    await _run(ksef, partial(_check_archive, archive, row))
    with archive.open("rb") as file:
        kind = cast("package.Kind", row["compression"])
        # (4) Once through, to be sure of all of it before one invoice counts.
        count = await _count(ksef, package.read(file, kind))
        if count == 0:
            raise _Failed(440, [codes.NO_INVOICES_SENT], "the archive holds no document")
        limits = ksef.store.read(lambda db: limits_of(db, session.context)).batch_session
        if count > limits.max_invoices:
            text = codes.TOO_MANY_IN_PACKAGE.format(limit=limits.max_invoices, count=count)
            raise _Failed(420, [text], "split the package into several sessions")
        # (5) Once more, for the invoices. What a crash left off goes on where it was.
        entries = package.read(file, kind)
        done = int(row["sent"])
        await _run(ksef, lambda: sum(1 for _ in islice(entries, done)))
        while judged := await _run(ksef, partial(_judge, ksef, session, entries, row, Sizes.of(limits))):
            await ksef.store.write(partial(_keep, ksef, row, judged, done))
            ksef.work.wake("verification")
            done += len(judged)
    await ksef.store.write(
        lambda db: db.execute(update(batches).where(batches.c.ref == ref).values(unpacked=True))
    )
    ksef.work.wake("sessions")


def _run(ksef: LocalKsef, work: Callable[[], T]) -> asyncio.Future[T]:
    return asyncio.get_running_loop().run_in_executor(ksef.batches.pool, work)


async def _joined(ksef: LocalKsef, ref: str, key: Secret, iv: bytes) -> Path:
    wanted = select(batch_parts).where(batch_parts.c.session_ref == ref).order_by(batch_parts.c.ordinal)
    parts = ksef.store.read(lambda db: db.execute(wanted).all())
    if wrong := [part for part in parts if part.uploaded_hash != part.hash]:
        details = [codes.PART_HASH_DIFFERS.format(ordinal=part.ordinal, hash=part.hash) for part in wrong]
        found = ", ".join(f"{part.ordinal}: {part.uploaded_hash}" for part in wrong)
        raise _Failed(405, details, f"SHA-256 of what was uploaded, by part: {found}")
    archive = ksef.batches.new(ref, "archive")
    archive.write_bytes(b"")
    for part in parts:
        try:
            await _run(ksef, partial(_decrypt, archive.parent / part.file, archive, key, iv))
        except BadCiphertext:
            why = both(
                f"part {part.ordinal}: AES-256-CBC with the session's key and IV does not open it",
                f"część {part.ordinal}: AES-256-CBC z kluczem i wektorem sesji jej nie otwiera",
            )
            raise _Failed(435, [], why) from None
        except FileNotFoundError:
            raise _Failed(500, [], f"part {part.ordinal} is no longer in the data folder") from None
    return archive


def _decrypt(part: Path, archive: Path, key: Secret, iv: bytes) -> None:
    with part.open("rb") as source, archive.open("ab") as target:
        for piece in aes_decrypt_stream(iter(partial(source.read, _CHUNK), b""), key, iv):
            target.write(piece)


def _check_archive(archive: Path, row: Any) -> None:
    hasher = hashlib.sha256()
    with archive.open("rb") as file:
        for piece in iter(partial(file.read, _CHUNK), b""):
            hasher.update(piece)
    found = b64encode(hasher.digest()).decode()
    if found != row["hash"]:
        why = f"SHA-256 of the decrypted parts, joined: {found}; a wrong IV looks like this too"
        raise _Failed(430, [codes.PACKAGE_HASH_DIFFERS.format(hash=row["hash"])], why)
    if (size := archive.stat().st_size) != row["size"]:
        raise _Failed(430, [_SIZE_DIFFERS.format(size=row["size"])], f"the archive has {size} bytes")


async def _count(ksef: LocalKsef, entries: Iterator[Entry]) -> int:
    count = 0
    try:
        while some := await _run(ksef, lambda: len(_slice(entries))):
            count += some
    except PackageFault as fault:
        raise _Failed(430, [_BAD_ARCHIVE], fault.why) from None
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
    permissions, now = frozenset(json.loads(row["permissions"])), ksef.clock.now()
    return [
        _Judged(
            package.label(entry.name),
            sha256_base64(entry.content),
            examine_plain(ksef.profile, session, entry.content, permissions, now, sizes),
        )
        for entry in _slice(entries)
    ]


def _keep(ksef: LocalKsef, row: Any, judged: list[_Judged], done: int, db: Connection) -> None:
    """Rows for the next invoices, and the session's count, in one transaction."""
    for number, one in enumerate(judged, done + 1):
        keep(
            db,
            one.examined,
            ref=make_reference("EE", ksef.clock.now(), ksef.random(5), counter=number % 4096),
            session_ref=row["ref"],
            ordinal=number,
            invoice_hash=one.hash,
            corrected_hash=None,
            file_name=one.name,
            offline=row["offline"],
            # All of a batch are dated with its opening (invoice-verification.md section 4).
            invoicing=row["created"],
            context_type=row["context_type"],
            context_value=row["context_value"],
            schema_version=row["schema_version"],
            form_value=row["form_value"],
        )
    db.execute(update(sessions).where(sessions.c.ref == row["ref"]).values(sent=done + len(judged)))
