"""PUT of a part of a package to its pre-signed address: no bearer, streamed to disk, replaced if re-sent.

Rules: sessions.md section 6 (201, 400, 401, 403), reliability.md C 55 and 91.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select, update

from klucznik.server import links
from klucznik.server.batch import UPLOAD_HEADERS
from klucznik.server.local import LocalKsef
from klucznik.server.render import Answer, Plain
from klucznik.server.tables import batch_parts, sessions, stamp

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

#: Bytes taken at most. More than a part may have: what is too large is told at the close (21157).
_MOST: Final = 120_000_000
#: Beyond that it is read on and thrown away, so that the client can hear the refusal; up to here.
_DRAINED: Final = 300_000_000
#: Bytes that go to disk in one piece, beside the loop.
_PIECE: Final = 1_000_000

_CLOSED: Final = ("This session takes no parts any more.", "ta sesja nie przyjmuje już części")

_TOO_MUCH: Final = (f"The part has more than {_MOST} bytes.", f"część ma ponad {_MOST} bajtów")


@dataclass(frozen=True)
class Slot:
    """The part that an address is for."""

    ref: str
    ordinal: int


def admit(ksef: LocalKsef, path: str, query: str, headers: Mapping[str, str], now: datetime) -> Slot:
    """Whether the address is good; raises `Plain` before anything is read."""
    # (1) Signed for this path and method, not expired. An upload that began in time may take longer.
    links.check(ksef, "PUT", path, query, now)
    found = links.PART_UPLOAD.fullmatch(path)
    if found is None:
        raise Plain(404, "There is no such document.", "nie ma takiego dokumentu")
    slot = Slot(found.group(1).upper(), int(found.group(2)))
    # (2) The address alone says who may: a bearer does not belong here, and would be told to others.
    if "authorization" in headers:
        raise Plain(
            401,
            "A pre-signed address takes no Authorization header: leave it out.",
            "adres podpisany nie przyjmuje nagłówka Authorization; usuń go",
        )
    # (3) The header that the opening named.
    for name, value in UPLOAD_HEADERS.items():
        if headers.get(name) != value:
            raise Plain(
                400,
                f"The header {name}: {value} is missing or different.",
                f"brak nagłówka {name}: {value} albo ma inną wartość",
            )
    # (4) The session still waits for parts.
    if not ksef.store.read(lambda db: _is_open(db, slot, now)):
        raise Plain(403, *_CLOSED)
    return slot


def _is_open(db: Connection, slot: Slot, now: datetime) -> bool:
    wanted = (
        select(batch_parts.c.ordinal)
        .join(sessions, sessions.c.ref == batch_parts.c.session_ref)
        .where(
            batch_parts.c.session_ref == slot.ref,
            batch_parts.c.ordinal == slot.ordinal,
            sessions.c.status == 100,
            sessions.c.valid_until > stamp(now),
        )
    )
    return db.execute(wanted).first() is not None


async def take(ksef: LocalKsef, slot: Slot, receive: Receive) -> Answer:
    """Store the body; 201 once it is on disk and stands in its row. The last one sent counts."""
    path = ksef.batches.new(slot.ref, f"{slot.ordinal}-{ksef.random(8).hex()}.enc")
    try:
        size, digest = await _stored(path, receive)
        replaced = await ksef.store.write(lambda db: _keep(ksef, db, slot, path.name, size, digest))
    except BaseException:  # also when the server stops: a file that no row names is nobody's
        path.unlink(missing_ok=True)
        raise
    if replaced:
        (path.parent / replaced).unlink(missing_ok=True)
    return Answer(201, b"", [])


async def _stored(path: Path, receive: Receive) -> tuple[int, str]:
    hasher = hashlib.sha256()
    size = 0
    with path.open("xb") as file:

        def put(piece: bytes) -> None:
            hasher.update(piece)
            file.write(piece)

        held = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Plain(
                    400,
                    "The connection was closed in the middle of the body.",
                    "połączenie zerwano w środku treści",
                )
            chunk, more = message.get("body", b""), bool(message.get("more_body"))
            size += len(chunk)
            if size <= _MOST:
                held += chunk
            elif size > _DRAINED:
                raise Plain(400, *_TOO_MUCH, (b"connection", b"close"))
            if len(held) >= _PIECE or not more:
                piece = bytes(held)
                held.clear()
                await asyncio.to_thread(put, piece)
        if size > _MOST:
            raise Plain(400, *_TOO_MUCH)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    return size, b64encode(hasher.digest()).decode()


def _keep(ksef: LocalKsef, db: Connection, slot: Slot, name: str, size: int, digest: str) -> str | None:
    """Name the new file in the row; the name of the one it replaces."""
    if not _is_open(db, slot, ksef.clock.now()):
        raise Plain(403, *_CLOSED)
    this = (batch_parts.c.session_ref == slot.ref, batch_parts.c.ordinal == slot.ordinal)
    replaced = db.execute(select(batch_parts.c.file).where(*this)).scalar_one()
    db.execute(update(batch_parts).where(*this).values(file=name, uploaded_size=size, uploaded_hash=digest))
    return None if replaced is None else str(replaced)
