"""Exports: a package of invoices asked for, waited for, fetched, opened and checked. Rule: query-export.md 4.

Nothing is handed on before the whole package is proven: every part against its two hashes, the archive
within bounds, each document against the hash in its metadata, none too many and none missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, cast

from pydantic import ValidationError

from klucznik.client import security
from klucznik.client.flow import Flow, Pace, Pause, ask, fetch, poll
from klucznik.client.numbers import heed
from klucznik.clock import WARSAW
from klucznik.crypto import envelope
from klucznik.crypto.envelope import BadCiphertext, sha256_base64
from klucznik.documents import package
from klucznik.documents.package import Entry, PackageFault
from klucznik.errors import KlucznikError, Refused, SentNoAnswer, Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.wire import exports
from klucznik.wire.common import CompressionType, EncryptionInfo
from klucznik.wire.endpoint import Call
from klucznik.wire.exports import (
    ExportInvoicesResponse,
    InvoiceExportRequest,
    InvoiceExportStatusResponse,
    InvoicePackage,
    InvoicePackagePart,
    PackageMetadata,
)
from klucznik.wire.invoices import InvoiceMetadata, InvoiceQueryFilters
from klucznik.wire.security import PublicKeyCertificateUsage

METADATA_NAME: Final = "_metadata.json"
#: KSeF answers an export in seconds to a quarter of an hour.
PACE: Final = Pace(first=1.0, growth=1.5, longest=20.0, total=1800.0)

#: Bounds of what is opened: twice KSeF's own gigabyte, an invoice each, and the list of them.
_LARGEST: Final = 2_000_000_000
_LIMITS: Final = package.Limits(entry=64_000_000, entries=10_001)
_IN_MEMORY: Final = 32_000_000
_BEYOND_MARK: Final = 420


def start(
    filters: InvoiceQueryFilters,
    sealed_key: bytes,
    iv: bytes,
    public_key_id: str | None,
    *,
    only_metadata: bool = False,
    compression: CompressionType = CompressionType.Zip,
) -> Call[ExportInvoicesResponse]:
    """POST /invoices/exports; `sealed_key` is the AES key of the package, wrapped for KSeF."""
    return exports.START(
        InvoiceExportRequest(
            encryption=EncryptionInfo(
                encrypted_symmetric_key=sealed_key, initialization_vector=iv, public_key_id=public_key_id
            ),
            only_metadata=only_metadata,
            filters=filters,
            compression_type=compression,
        )
    )


def status(reference: str) -> Call[InvoiceExportStatusResponse]:
    """GET /invoices/exports/{ref}: own exports, for seven days; each call brings fresh addresses."""
    return exports.STATUS(referenceNumber=reference)


@dataclass(frozen=True)
class Exported:
    """What an export held. `last` is the date of its last invoice where it was truncated: the next one
    begins there. `hwm` only for ranges by PermanentStorage."""

    reference: str
    count: int
    is_truncated: bool
    last: datetime | None
    hwm: datetime | None


def export(
    filters: InvoiceQueryFilters,
    keep: Callable[[InvoiceMetadata, bytes], None],
    *,
    compression: CompressionType = CompressionType.Zip,
    new_key: Callable[[], tuple[Secret, bytes]] = envelope.new_session_key,
    pace: Pace = PACE,
) -> Flow[Exported]:
    """One package, whole: `keep(metadata, xml)` for each invoice in it, ascending by the range's date.

    Raises `Refused` for a final status of failure (420 as code 21183), `Unreadable` for a package
    that is not what KSeF says it is; `keep` has then not been called.
    """
    key, iv = new_key()
    with _file() as file:
        reference, made = yield from _fetched(filters, key, iv, False, compression, pace, file)
        listed = _listed(_entries(file, made), made)
        wanted = {f"{item.ksef_number}.xml": item for item in listed}
        # (1) Once through: all that was announced is there, each with its hash, and nothing else.
        missing = set(wanted)
        for entry in _entries(file, made):
            if entry.name == METADATA_NAME:
                continue
            item = wanted.get(entry.name)
            if item is None or sha256_base64(entry.content) != item.invoice_hash:
                raise _wrong(reference, f"{package.label(entry.name)} is not a document of its list")
            missing.discard(entry.name)
        if missing:
            raise _wrong(reference, f"{sorted(missing)[0]} is missing")
        # (2) Once more, to hand them on.
        for entry in _entries(file, made):
            if entry.name != METADATA_NAME:
                keep(wanted[entry.name], entry.content)
    return _exported(reference, made)


def export_metadata(
    filters: InvoiceQueryFilters,
    *,
    new_key: Callable[[], tuple[Secret, bytes]] = envelope.new_session_key,
    pace: Pace = PACE,
) -> Flow[tuple[Exported, list[InvoiceMetadata]]]:
    """One package without documents: up to 10,000 records in a single call of the hourly twenty."""
    key, iv = new_key()
    with _file() as file:
        reference, made = yield from _fetched(filters, key, iv, True, CompressionType.Zip, pace, file)
        return _exported(reference, made), _listed(_entries(file, made), made)


def _exported(reference: str, made: InvoicePackage) -> Exported:
    last = made.last_permanent_storage_date or made.last_invoicing_date
    if last is None and made.last_issue_date is not None:
        last = datetime.combine(made.last_issue_date, time(), WARSAW)
    return Exported(reference, made.invoice_count, made.is_truncated, last, made.permanent_storage_hwm_date)


# ---- asking and waiting -----------------------------------------------------------------------------


def _begin(
    filters: InvoiceQueryFilters, key: Secret, iv: bytes, only_metadata: bool, compression: CompressionType
) -> Flow[str]:
    """The number of a new export. A lost answer leaves one behind that nobody fetches: it is repeated."""
    for attempt in (1, 2, 3):
        public_key = yield from security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption)
        with key.reveal() as plain:
            sealed = security.wrap(plain, public_key)
        call = start(
            filters,
            sealed,
            iv,
            public_key.public_key_id,
            only_metadata=only_metadata,
            compression=compression,
        )
        try:
            return (yield from ask(call)).reference_number
        except Refused as error:
            if error.code != 21470 or attempt > 1:
                raise
        except SentNoAnswer:
            if attempt == 3:
                raise
            yield Pause(2.0)
    raise AssertionError("the third attempt returns or raises")


def _fetched(
    filters: InvoiceQueryFilters,
    key: Secret,
    iv: bytes,
    only_metadata: bool,
    compression: CompressionType,
    pace: Pace,
    file: IO[bytes],
) -> Flow[tuple[str, InvoicePackage]]:
    """Start an export, wait for it, and write its archive, opened, into the file."""
    reference = yield from _begin(filters, key, iv, only_metadata, compression)
    done = yield from poll(status(reference), lambda answer: answer.status.code != 100, pace)
    made = _made(reference, done)
    if made.size > _LARGEST or [part.ordinal_number for part in made.parts] != list(
        range(1, len(made.parts) + 1)
    ):
        raise _wrong(reference, "its parts do not make sense")
    for index in range(len(made.parts)):
        body, made = yield from _part(reference, made, index)
        file.write(_opened(reference, made.parts[index], body, key, iv))
        if file.tell() > made.size:
            break
    if file.tell() != made.size:
        raise _wrong(reference, "its parts together are not as long as the archive")
    return reference, made


def _made(reference: str, done: InvoiceExportStatusResponse) -> InvoicePackage:
    code, words = done.status.code, done.status.details or ()
    if code == 200 and done.package is not None:
        return done.package
    raise Refused(
        tr(
            f"Export {reference} ended with {code}: {done.status.description}",
            f"Eksport {reference} zakończył się kodem {code}: {done.status.description}",
        ),
        status=200,
        code=21183 if code == _BEYOND_MARK else code,
        details=words,
        hint=tr("ask for another export.", "zamów eksport ponownie.") if code in (210, 550) else "",
        again="later" if code == 550 else "never",
    )


def _part(reference: str, made: InvoicePackage, index: int) -> Flow[tuple[bytes, InvoicePackage]]:
    """The bytes of a part; where its address has run out, from a fresh one."""
    for pause in (0.0, 2.0, None):
        try:
            body = yield from fetch(made.parts[index].url)
        except KlucznikError as error:
            expired = isinstance(error, Refused) and error.status == 403
            if pause is None or not (expired or error.again == "later"):
                raise
            yield Pause(pause)
            fresh = _made(reference, (yield from ask(status(reference))))
            if len(fresh.parts) != len(made.parts):
                raise _wrong(reference, "its parts changed while it was fetched") from None
            made = fresh
            continue
        return body, made
    raise AssertionError("the last attempt returns or raises")


# ---- opening and checking ---------------------------------------------------------------------------


def _opened(reference: str, part: InvoicePackagePart, body: bytes, key: Secret, iv: bytes) -> bytes:
    if len(body) != part.encrypted_part_size or sha256_base64(body) != part.encrypted_part_hash:
        raise _wrong(reference, f"part {part.ordinal_number} was damaged on its way")
    try:
        plain = envelope.aes_decrypt(body, key, iv)
    except BadCiphertext:
        raise _wrong(reference, f"part {part.ordinal_number} does not open with our key") from None
    if len(plain) != part.part_size or sha256_base64(plain) != part.part_hash:
        raise _wrong(reference, f"part {part.ordinal_number} is not what its hash says")
    return plain


@contextmanager
def _file() -> Iterator[IO[bytes]]:
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        yield cast("IO[bytes]", file)


def _entries(file: IO[bytes], made: InvoicePackage) -> Iterator[Entry]:
    kind: Any = made.compression_type.value
    try:
        yield from package.read(cast("Any", file), kind, _LIMITS)
    except PackageFault as fault:
        raise Unreadable(
            tr(
                f"The package of KSeF cannot be unpacked: {fault}.",
                f"Nie da się rozpakować paczki KSeF: {fault}.",
            )
        ) from None


def _listed(entries: Iterator[Entry], made: InvoicePackage) -> list[InvoiceMetadata]:
    """The list in the package: as many as were announced, each number once."""
    content = None
    for entry in entries:
        if entry.name == METADATA_NAME:
            content = entry.content
    if content is None:
        if made.invoice_count == 0:
            return []
        raise Unreadable(tr(f"The package has no {METADATA_NAME}.", f"W paczce nie ma {METADATA_NAME}."))
    try:
        listed = PackageMetadata.parse(content).invoices
    except (ValidationError, UnicodeDecodeError):
        raise Unreadable(
            tr(f"{METADATA_NAME} of the package is not readable.", f"Nieczytelny {METADATA_NAME} w paczce.")
        ) from None
    if len({heed(item.ksef_number) for item in listed}) != made.invoice_count:
        raise Unreadable(
            tr(
                f"The package lists {len(listed)} invoices, {made.invoice_count} were announced.",
                f"Paczka wymienia {len(listed)} faktur, zapowiedziano {made.invoice_count}.",
            )
        )
    return listed


def _wrong(reference: str, what: str) -> Unreadable:
    return Unreadable(
        tr(
            f"Export {reference} is not what KSeF says it is: {what}.",
            f"Eksport {reference} nie jest tym, co zapowiada KSeF: {what}.",
        ),
        hint=tr(
            "nothing of it was kept; ask for another export.",
            "nic z niego nie zapisano; zamów eksport ponownie.",
        ),
    )
