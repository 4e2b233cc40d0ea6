"""The step that makes packages of invoices, one export at a time. Rules: query-export.md section 4.

The archive grows in a temporary file beside the loop, so that memory holds a few hundred documents and
the loop serves others. A crash leaves the row at 100: the package is made anew after the start.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from io import SEEK_END
from tempfile import SpooledTemporaryFile
from threading import Event
from typing import IO, TYPE_CHECKING, Any, Final, cast

from sqlalchemy import Connection, delete, insert, select, update

from klucznik.crypto.envelope import aes_encrypt, sha256_base64
from klucznik.documents import package
from klucznik.documents.package import Entry
from klucznik.lang import both
from klucznik.secret import Secret
from klucznik.server.access import Context
from klucznik.server.exports import PACKAGE_LIFE
from klucznik.server.invoices import bounds, matching, metadata, ordered
from klucznik.server.keyring import ring
from klucznik.server.leases import Lease, Lost
from klucznik.server.opened import session_key, why_no_key
from klucznik.server.tables import export_parts, exports, invoice_bytes, invoices, stamp
from klucznik.server.why import tell
from klucznik.server.work import step
from klucznik.wire import codes
from klucznik.wire.invoices import InvoiceMetadata, InvoiceQueryDateType, InvoiceQueryFilters
from klucznik.wire.problems import Problem

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

log = logging.getLogger("klucznik.ksef")

#: Invoices read at a time.
_CHUNK: Final = 200
#: An archive up to this size stays in memory while it is made.
_IN_MEMORY: Final = 16_000_000
METADATA_NAME: Final = "_metadata.json"

_COLUMN: Final = {
    InvoiceQueryDateType.Issue: "issued",
    InvoiceQueryDateType.Invoicing: "invoicing",
    InvoiceQueryDateType.PermanentStorage: "stored",
}


_WAITING: Final = select(exports).where(exports.c.status == 100).order_by(exports.c.created, exports.c.ref)


@step("exports")
async def make(ksef: LocalKsef) -> bool:
    """One round: clear away a package that has run out, make one that waits and nobody else makes."""
    now = stamp(ksef.clock.now())
    old = select(exports.c.ref).where(exports.c.status == 200, exports.c.package_until <= now)
    expired = ksef.store.read(lambda db: db.execute(old.limit(1)).scalar_one_or_none())
    if expired is not None:
        await ksef.store.write(partial(_expire, expired))
    taken = await ksef.leases.take(exports, _WAITING)
    if taken is None:
        return expired is not None
    row, lease = taken
    try:
        async with lease.working():
            await _make(ksef, row, lease)
    except Lost:
        log.info("export %s: another process goes on with it, or it is gone", lease.ref)
    return True


def _expire(ref: str, db: Connection) -> None:
    moved = update(exports).where(exports.c.ref == ref, exports.c.status == 200).values(status=210)
    if db.execute(moved).rowcount:
        db.execute(delete(export_parts).where(export_parts.c.export_ref == ref))


async def _end(lease: Lease, code: int, detail: str | None, why: str) -> None:
    def work(db: Connection) -> None:
        lease.hold(db)
        db.execute(
            update(exports)
            .where(exports.c.ref == lease.ref, exports.c.status == 100)
            .values(
                status=code,
                details=json.dumps([detail], ensure_ascii=False) if detail else None,
                why=why,
                completed=stamp(lease.ksef.clock.now()),
            )
        )
        db.execute(delete(export_parts).where(export_parts.c.export_ref == lease.ref))

    await lease.ksef.store.write(work)
    tell(lease.ref, code, why)


async def _make(ksef: LocalKsef, row: Any, lease: Lease) -> None:
    # (1) The caller's key.
    keys = ring(ksef)
    key = session_key(keys, row.wrapped_key, row.public_key_id, row.created)
    if key is None:
        why = why_no_key(keys, row.wrapped_key, row.public_key_id, row.created)
        return await _end(lease, 415, None, why)
    # (2) What is to go in, ascending, and one more to know whether that is all.
    filters = InvoiceQueryFilters.parse(row.filters)
    kind = filters.date_range.date_type
    mark = await ksef.storage.promise() if kind == InvoiceQueryDateType.PermanentStorage else None
    try:
        to, hwm = bounds(filters.date_range, ksef, mark)
    except Problem as beyond:
        return await _end(lease, 420, codes.FROM_AFTER_HWM, beyond.why)
    found = matching(Context(row.context_type, row.context_value), filters, to, ksef)
    dates = invoices.c[_COLUMN[kind]]
    chosen = found.with_only_columns(invoices.c.ref, dates).order_by(*ordered(kind))
    chosen = chosen.limit(ksef.caps.records + 1)
    listed = ksef.store.read(lambda db: db.execute(chosen).all())
    # (3) The archive, then its parts.
    job = _Job(ksef, [ref for ref, _ in listed[: ksef.caps.records]], row.compression, row.only_metadata)
    try:
        with SpooledTemporaryFile(_IN_MEMORY, dir=_folder(ksef)) as file:
            await job.run(cast("IO[bytes]", file))
            size = file.seek(0, SEEK_END)
            await _cut(lease, cast("IO[bytes]", file), key, row.iv)
    except OSError as failed:  # the disk is full, or worse
        why = both(f"the package cannot be written: {failed}", f"nie da się zapisać paczki: {failed}")
        return await _end(lease, 550, codes.INTERRUPTED, why)
    # (4) It is there.
    count = len(job.packed)
    now = ksef.clock.now()
    done = {
        "status": 200,
        "completed": stamp(now),
        "package_until": stamp(now + PACKAGE_LIFE),
        "invoice_count": count,
        "size": size,
        "truncated": count < len(listed),
        "last_date": str(listed[count - 1][1]) if 0 < count < len(listed) else None,
        "hwm": None if hwm is None else stamp(hwm),
    }

    def finish(db: Connection) -> None:
        lease.hold(db)
        db.execute(update(exports).where(exports.c.ref == row.ref, exports.c.status == 100).values(**done))

    await ksef.store.write(finish)


@dataclass
class _Job:
    """The archive under way. Documents are asked for by the writing thread and read on the loop."""

    ksef: LocalKsef
    refs: list[str]
    kind: package.Kind
    only_metadata: bool
    #: The metadata of what is in it, as JSON: objects would take ten times the memory.
    packed: list[bytes] = field(default_factory=list)
    _stopped: Event = field(default_factory=Event)

    async def run(self, file: IO[bytes]) -> None:
        """Write the archive; `packed` tells what is in it."""
        loop = asyncio.get_running_loop()
        try:
            await asyncio.to_thread(self._write, file, loop)
        finally:
            self._stopped.set()

    def _write(self, file: IO[bytes], loop: asyncio.AbstractEventLoop) -> None:
        package.write(cast("Any", file), self.kind, self._entries(file, loop))
        file.flush()

    def _entries(self, file: IO[bytes], loop: asyncio.AbstractEventLoop) -> Iterator[Entry]:
        full = False
        for start in range(0, len(self.refs), _CHUNK):
            if full or self._stopped.is_set():
                break
            refs = self.refs[start : start + _CHUNK]
            for found, xml in asyncio.run_coroutine_threadsafe(self._read(refs), loop).result():
                # The first one always goes in, or nobody would ever get beyond it.
                full = bool(self.packed) and file.tell() >= self.ksef.caps.package
                if full:
                    break
                self.packed.append(found.json_bytes())
                if not self.only_metadata:
                    yield Entry(f"{found.ksef_number}.xml", xml)
        # As `PackageMetadata` writes it.
        yield Entry(METADATA_NAME, b'{"invoices":[' + b",".join(self.packed) + b"]}")

    async def _read(self, refs: list[str]) -> list[tuple[InvoiceMetadata, bytes]]:
        rows = select(invoices).where(invoices.c.ref.in_(refs))
        contents = select(invoice_bytes.c.invoice_ref, invoice_bytes.c.xml).where(
            invoice_bytes.c.invoice_ref.in_([] if self.only_metadata else refs)
        )

        def work(db: Connection) -> list[tuple[InvoiceMetadata, bytes]]:
            by_ref = {row.ref: metadata(row) for row in db.execute(rows)}
            xml = {row.invoice_ref: bytes(row.xml) for row in db.execute(contents)}
            return [(by_ref[ref], xml.get(ref, b"")) for ref in refs]

        return self.ksef.store.read(work)


def _folder(ksef: LocalKsef) -> str | None:
    """Where the archive grows: beside the database, which has the room if anything has."""
    return str(ksef.store.folder) if ksef.store.folder else None


async def _cut(lease: Lease, file: IO[bytes], key: Secret, iv: bytes) -> None:
    """The parts of the archive, each encrypted by itself and stored in a write of its own."""
    # What another run before a crash has left is made anew.
    await lease.ksef.store.write(partial(_clear, lease))
    file.seek(0)
    ordinal = 0
    while plain := await asyncio.to_thread(file.read, lease.ksef.caps.part):
        ordinal += 1
        values = await asyncio.to_thread(_sealed, plain, key, iv)
        part = {"export_ref": lease.ref, "ordinal": ordinal, **values}
        await lease.ksef.store.write(partial(_keep, lease, part))


def _clear(lease: Lease, db: Connection) -> None:
    lease.hold(db)
    db.execute(delete(export_parts).where(export_parts.c.export_ref == lease.ref))


def _keep(lease: Lease, part: dict[str, Any], db: Connection) -> None:
    lease.hold(db)
    db.execute(insert(export_parts).values(**part))


def _sealed(plain: bytes, key: Secret, iv: bytes) -> dict[str, Any]:
    sealed = aes_encrypt(plain, key, iv)
    return {
        "plain_size": len(plain),
        "plain_hash": sha256_base64(plain),
        "size": len(sealed),
        "hash": sha256_base64(sealed),
        "content": sealed,
    }
