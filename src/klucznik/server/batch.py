"""Batch sessions: open and close. Rules: sessions.md section 6.

Between the two the parts come in (`uploads`); after the second the package is unpacked (`unpacking`).
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from klucznik.lang import both
from klucznik.server import links
from klucznik.server.ask import Ask, answers
from klucznik.server.opened import admit_writer, by_ref, check_reference, no_session
from klucznik.server.prepared import Prepared
from klucznik.server.sessions import SESSION_LIFE, begin, check_opening, unwrap_key
from klucznik.server.tables import batch_parts, batches, sessions, stamp
from klucznik.wire import codes
from klucznik.wire import sessions as wire
from klucznik.wire.common import CompressionType
from klucznik.wire.problems import Problem
from klucznik.wire.sessions import (
    BatchFileInfo,
    OpenBatchSessionRequest,
    OpenBatchSessionResponse,
    PartUploadRequest,
)

#: Time to upload, for each part; the whole of it is good for every part.
UPLOAD_TIME: Final = timedelta(minutes=20)
#: Bytes of a part: 100 MB before encryption, which fills up to the next 16.
LARGEST_PART: Final = 100_000_000 + 16
UPLOAD_HEADERS: Final = {"x-ms-blob-type": "BlockBlob"}

# KSeF publishes no words for this one; they are ours (docs/divergences.md).
_BAD_ORDINALS: Final = "'fileParts' must be numbered from 1 without gaps or repetitions."


@answers(wire.OPEN_BATCH, prepare=unwrap_key)
def open_batch(ask: Ask[OpenBatchSessionRequest]) -> OpenBatchSessionResponse:
    """POST /sessions/batch."""
    body, file = ask.body, ask.body.batch_file
    # (1) Form, vector, key: as online, save that PEF does not travel in packages.
    check_opening(ask, body, may_be_pef=False)
    # (2) The parts.
    _check_parts(file)
    # (3) The session, and an address for each part.
    ref = begin(ask, body, "Batch", ask.now + SESSION_LIFE)
    until = ask.now + UPLOAD_TIME * len(file.file_parts)
    ask.db.execute(
        insert(batches).values(
            ref=ref,
            size=file.file_size,
            hash=file.file_hash,
            compression=(file.compression_type or CompressionType.Zip).value,
            offline=body.offline_mode,
            permissions=json.dumps(sorted(ask.caller.permissions)),
            upload_until=stamp(until),
            unpacked=False,
        )
    )
    ask.db.execute(
        insert(batch_parts),
        [
            {
                "session_ref": ref,
                "ordinal": part.ordinal_number,
                "size": part.file_size,
                "hash": part.file_hash,
            }
            for part in file.file_parts
        ],
    )
    return OpenBatchSessionResponse(
        reference_number=ref,
        part_upload_requests=[
            PartUploadRequest(
                ordinal_number=part.ordinal_number,
                method="PUT",
                url=links.part_upload(ask.ksef, ask.origin, ref, part.ordinal_number, until),
                headers=dict(UPLOAD_HEADERS),
            )
            for part in file.file_parts
        ],
    )


def _check_parts(file: BatchFileInfo) -> None:
    parts = file.file_parts
    if large := [part.ordinal_number for part in parts if part.file_size > LARGEST_PART]:
        sentences = [codes.PART_TOO_LARGE.format(ordinal=ordinal) for ordinal in large]
        why = both(
            f"a part has at most 100,000,000 bytes before encryption, {LARGEST_PART} after it",
            f"część ma najwyżej 100 000 000 bajtów przed zaszyfrowaniem, {LARGEST_PART} po nim",
        )
        raise Problem(codes.BAD_PART_SIZE, sentences, why=why)
    if sorted(part.ordinal_number for part in parts) != list(range(1, len(parts) + 1)):
        raise Problem(
            codes.INVALID_INPUT,
            [_BAD_ORDINALS],
            why=both(
                "ordinalNumber: 1, 2, 3, … in any order", "ordinalNumber: 1, 2, 3, … w dowolnej kolejności"
            ),
        )


_CLOSE = Prepared(
    update(sessions)
    .where(
        sessions.c.ref == bindparam("session"),
        sessions.c.status == 100,
        sessions.c.valid_until > bindparam("now"),
    )
    .values(status=150, closed=bindparam("now"), updated=bindparam("now"))
)


@answers(wire.CLOSE_BATCH)
def close_batch(ask: Ask[None]) -> None:
    """POST /sessions/batch/{referenceNumber}/close."""
    ref = check_reference(ask.path["referenceNumber"])
    # (1) It is there, and the caller's to close.
    row = by_ref(ask.db, ref)
    if row is None or row.kind != "Batch":
        raise no_session(ref)
    admit_writer(ask.caller, row)
    # (2) It is open; one that ran out says so.
    if row.status == 440 or (row.status == 100 and row.valid_until <= stamp(ask.now)):
        why = both(
            "a batch session is closed within twelve hours of its opening",
            "sesję wsadową zamyka się w ciągu dwunastu godzin od otwarcia",
        )
        raise Problem(codes.UPLOAD_TIMED_OUT, [codes.CANCELLED_UPLOAD_TIME], why=why)
    if row.status != 100:
        why = both(f"the session has status {row.status}", f"sesja ma status {row.status}")
        raise Problem(codes.STATUS_FORBIDS, [codes.STATUS_FORBIDS_CLOSING.format(code=row.status)], why=why)
    # (3) All that was declared has come, in its size. Hashes are looked at afterwards (405).
    parts = _parts(ask, ref)
    if missing := [part.ordinal for part in parts if part.file is None]:
        sentences = [codes.PART_NOT_UPLOADED.format(ordinal=ordinal) for ordinal in missing]
        raise Problem(
            codes.EMPTY_PACKAGE,
            sentences,
            why=both("upload these parts, then close again", "prześlij te części i zamknij ponownie"),
        )
    if other := [part for part in parts if part.uploaded_size != part.size]:
        sentences = [codes.PART_SIZE_DIFFERS.format(ordinal=part.ordinal) for part in other]
        sizes = ", ".join(f"{part.ordinal}: {part.uploaded_size} for {part.size}" for part in other)
        raise Problem(
            codes.BAD_PART_SIZE,
            sentences,
            why=both(
                f"bytes uploaded for bytes declared: {sizes}",
                f"bajty przesłane wobec zadeklarowanych: {sizes}",
            ),
        )
    _CLOSE.do(ask.db, session=ref, now=stamp(ask.now))
    ask.ksef.work.wake("batches")


def _parts(ask: Ask[Any], ref: str) -> list[Any]:
    wanted = select(batch_parts).where(batch_parts.c.session_ref == ref).order_by(batch_parts.c.ordinal)
    return list(ask.db.execute(wanted))
