"""Sending many invoices as one package. Rules: sessions.md sections 6 to 8.

    sent = ksef.run(batch.send(documents))

Documents go into an archive, the archive is cut, its parts are encrypted: all on disk, one document in
memory at a time. Until the close nothing is carried out at KSeF; after it the session is followed to its
end, and each invoice's result is found by the hash of its bytes. Invoices accepted earlier come back as
440 and are compared with the original, as for single invoices, so a package may be sent again.
"""

from __future__ import annotations

import hashlib
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Final

from klucznik.client import security, sessions
from klucznik.client.flow import Flow, Pace, Pause, Upload, all_pages, ask, poll, put
from klucznik.client.journal import Entry
from klucznik.client.sending import FA3, SESSION_PACE, Document, Result
from klucznik.client.upo import page, presigned_or
from klucznik.client.verdict import ACCEPTED, judge
from klucznik.crypto import envelope
from klucznik.documents import package
from klucznik.documents import upo as receipts
from klucznik.documents.package import Entry as Packed
from klucznik.documents.package import Kind
from klucznik.errors import KlucznikError, Refused, SentNoAnswer, TooManyRequests, Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.wire.common import CompressionType, FormCode
from klucznik.wire.security import PublicKeyCertificateUsage
from klucznik.wire.sessions import (
    BatchFileInfo,
    BatchFilePartInfo,
    OpenBatchSessionResponse,
    SessionInvoiceStatusResponse,
    SessionStatusResponse,
)

MOST_INVOICES: Final = 10_000
MOST_PARTS: Final = 50
LARGEST_PART: Final = 100_000_000
LARGEST_ARCHIVE: Final = 5_000_000_000
_LONGEST_NAME: Final = 128
_CHUNK: Final = 256 * 1024
_PAUSES: Final = (1.0, 5.0, 20.0)


@dataclass(frozen=True)
class Options:
    """How to send. `part` is the size of a part in bytes before encryption; `folder` is where the package
    is made (default: the system's temporary folder), and is given back empty.

    `seal` is called with the AES key and IV before the session is opened.
    """

    offline: bool = False
    kind: Kind = "TarGz"
    part: int = 50_000_000
    folder: Path | None = None
    seal: Callable[[Secret, bytes], None] | None = None
    new_key: Callable[[], tuple[Secret, bytes]] = envelope.new_session_key
    pace: Pace = SESSION_PACE


@dataclass(frozen=True)
class Sent:
    """What became of a package: the session's final status, each document's result in the order given,
    and the pages of the session's UPO (as received, empty where nothing was accepted)."""

    session: str
    code: int
    words: tuple[str, ...]
    results: tuple[Result, ...]
    upo: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Package:
    """A package ready to be sent: what the opening declares, the encrypted parts, who is in it."""

    info: BatchFileInfo
    parts: tuple[Path, ...]
    key: Secret
    iv: bytes
    #: Name and hash of each document, in the order given; equal bytes travel once.
    documents: tuple[tuple[str, str], ...]


def send(documents: Iterable[Document], form: FormCode = FA3, options: Options | None = None) -> Flow[Sent]:
    """Pack, open, upload, close, wait: the result of every document.

    `documents` is run through once, so it may be a generator that reads files. Raises what stops it
    before the close, when certainly nothing was sent; `TookTooLong` names the session where KSeF has
    not finished in time.
    """
    options = options or Options()
    with tempfile.TemporaryDirectory(prefix="klucznik-", dir=options.folder) as folder:
        made = pack(documents, Path(folder), options)
        opened = yield from _open(made, form, options)
        yield from _upload(made, opened)
    session = opened.reference_number
    yield from _close(session)
    status = yield from poll(sessions.status(session), lambda seen: seen.status.code >= 200, options.pace)
    return (yield from _results(made, session, status))


# ---- packing -------------------------------------------------------------------------------------


def pack(documents: Iterable[Document], folder: Path, options: Options | None = None) -> Package:
    """Make the archive and its encrypted parts in `folder`. Raises `Unreadable` for what KSeF would not
    take: no document, more than 10,000, an archive of more than 5 GB."""
    options = options or Options()
    key, iv = options.new_key()
    listed: list[tuple[str, str]] = []
    archive = folder / "archive"
    with archive.open("wb") as file:
        hashed = _Hashed(file)
        package.write(hashed, options.kind, _entries(documents, listed))
    if not listed:
        raise Unreadable(tr("There is nothing to send.", "Nie ma nic do wysłania."))
    if hashed.size > LARGEST_ARCHIVE:
        raise _too_much()
    # As many parts as the size asks for; larger ones where there would be more than KSeF takes.
    cut = min(max(options.part, -(-hashed.size // MOST_PARTS)), LARGEST_PART)
    parts, infos = [], []
    with archive.open("rb") as file:
        for ordinal in range(1, -(-hashed.size // cut) + 1):
            path = folder / f"{ordinal}.enc"
            infos.append(_sealed(ordinal, file, cut, path, key, iv))
            parts.append(path)
    archive.unlink()
    info = BatchFileInfo(
        file_size=hashed.size,
        file_hash=hashed.hash,
        compression_type=CompressionType(options.kind),
        file_parts=infos,
    )
    return Package(info, tuple(parts), key, iv, tuple(listed))


class _Hashed:
    """A file to write into, which knows the size and hash of what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hasher = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self._hasher.update(data)
        self.size += len(data)
        return self._file.write(data)

    @property
    def hash(self) -> str:
        """As KSeF writes it."""
        return b64encode(self._hasher.digest()).decode()


def _entries(documents: Iterable[Document], listed: list[tuple[str, str]]) -> Iterator[Packed]:
    """The documents under names that differ and fit; each is noted in `listed`."""
    hashes: set[str] = set()
    names: set[str] = set()
    for document in documents:
        listed.append((document.name, document.hash))
        if document.hash in hashes:
            continue
        hashes.add(document.hash)
        if len(hashes) > MOST_INVOICES:
            raise _too_much()
        name = Path(document.name).name[-_LONGEST_NAME:]
        if not name or name in names or not name.isprintable():
            name = f"{len(names) + 1:05d}-{name[-_LONGEST_NAME + 6 :]}"
        if name in names or not name.isprintable():
            name = f"{len(names) + 1:05d}.xml"
        names.add(name)
        yield Packed(name, document.content)


def _sealed(ordinal: int, file: BinaryIO, size: int, path: Path, key: Secret, iv: bytes) -> BatchFilePartInfo:
    """Encrypt the next `size` bytes (fewer at the end) into a file of their own."""

    def pieces() -> Iterator[bytes]:
        left = size
        while left and (piece := file.read(min(left, _CHUNK))):
            left -= len(piece)
            yield piece

    with path.open("wb") as target:
        hashed = _Hashed(target)
        for piece in envelope.aes_encrypt_stream(pieces(), key, iv):
            hashed.write(piece)
    return BatchFilePartInfo(ordinal_number=ordinal, file_size=hashed.size, file_hash=hashed.hash)


def _too_much() -> Unreadable:
    return Unreadable(
        tr("This is more than one package holds.", "To więcej, niż mieści jedna paczka."),
        hint=tr(
            "10,000 invoices and 5 GB packed: send in several packages.",
            "10 000 faktur i 5 GB po spakowaniu: wyślij w kilku paczkach.",
        ),
    )


# ---- sending -------------------------------------------------------------------------------------


def _open(made: Package, form: FormCode, options: Options) -> Flow[OpenBatchSessionResponse]:
    """Keys fetched anew; once more on 21470. An opening whose answer was lost harms nobody: KSeF cancels
    a session without parts by itself, so it may be repeated."""
    if options.seal is not None:
        options.seal(made.key, made.iv)
    for attempt in (1, 2, 3):
        public_key = yield from security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption)
        with made.key.reveal() as plain:
            wrapped = security.wrap(plain, public_key)
        call = sessions.open_batch(
            form, made.info, wrapped, made.iv, public_key.public_key_id, offline=options.offline
        )
        try:
            return (yield from ask(call))
        except Refused as error:
            if error.code != 21470 or attempt > 1:
                raise
        except SentNoAnswer:
            if attempt == 3:
                raise
            yield Pause(2.0)
    raise AssertionError("the third attempt returns or raises")


def _upload(made: Package, opened: OpenBatchSessionResponse) -> Flow[None]:
    """Every part to its address; one that fails in passing is sent again."""
    requests = {request.ordinal_number: request for request in opened.part_upload_requests}
    for ordinal, path in enumerate(made.parts, 1):
        request = requests.get(ordinal)
        if request is None:
            raise Unreadable(
                tr(f"KSeF gave no address for part {ordinal}.", f"KSeF nie podał adresu części {ordinal}.")
            )
        headers = {name: value for name, value in request.headers.items() if value is not None}
        upload = Upload(request.url, request.method, headers, path)
        for pause in (*_PAUSES, None):
            try:
                yield from put(upload)
                break
            except KlucznikError as error:
                if error.again != "later" or pause is None:
                    raise
                yield Pause(pause)


def _close(session: str) -> Flow[None]:
    """Close; where the answer is lost, the status tells whether it was closed."""
    for pause in (*_PAUSES, None):
        try:
            yield from ask(sessions.close_batch(session))
            return
        except Refused as error:
            # Closed already, by the attempt before: 21180. Anything else is a refusal.
            if error.code != 21180:
                raise
            return
        except TooManyRequests:
            raise
        except KlucznikError as error:
            if error.again == "never":
                raise
            if pause is None:
                raise SentNoAnswer(
                    tr(
                        f"Session {session}: KSeF did not confirm that it is closed.",
                        f"Sesja {session}: KSeF nie potwierdził zamknięcia.",
                    ),
                    hint=tr(
                        "ask for its status before sending again.",
                        "zapytaj o jej stan przed ponowną wysyłką.",
                    ),
                ) from error
            yield Pause(pause)


# ---- results -------------------------------------------------------------------------------------


def _results(made: Package, session: str, status: SessionStatusResponse) -> Flow[Sent]:
    words = (status.status.description, *(status.status.details or ()))
    listed: dict[str, SessionInvoiceStatusResponse] = {}
    pages = yield from all_pages(lambda token: sessions.invoices(session, token))
    for item in (item for each in pages for item in each.invoices):
        if item.invoice_hash not in listed or item.status.code == ACCEPTED:
            listed[item.invoice_hash] = item
    upo: list[bytes] = []
    for each in status.upo.pages if status.upo else ():
        call = page(session, each.reference_number)
        upo.append((yield from presigned_or(each.download_url, call)))
    receipted = {one.ksef_number: one.invoice_hash for body in upo for one in receipts.read(body).documents}
    found: dict[str, Result] = {}
    for name, digest in made.documents:
        if digest not in found:
            held = listed.get(digest)
            if held is None:  # the session failed as a whole: nothing of it counts
                found[digest] = Result(
                    name, digest, "not-sent", session, code=status.status.code, words=words
                )
            else:
                found[digest] = yield from _result(name, session, held, receipted)
    code = status.status.code
    results = tuple(replace(found[digest], name=name) for name, digest in made.documents)
    return Sent(session, code, words, results, tuple(upo))


def _result(
    name: str, session: str, item: SessionInvoiceStatusResponse, receipted: dict[str, str]
) -> Flow[Result]:
    """One document: accepted ones stand in the session's UPO, the others are judged as sent singly."""
    digest, code, number = item.invoice_hash, item.status.code, item.ksef_number
    said = (item.status.description, *(item.status.details or ()))
    if code == ACCEPTED and number is not None:
        if receipted.get(number, digest) != digest:
            words = (
                tr("the UPO is for other bytes than those sent", "UPO dotyczy innych bajtów niż wysłane"),
            )
            return Result(name, digest, "conflict", session, item.reference_number, number, code, words)
        return Result(name, digest, "accepted", session, item.reference_number, number, code)
    entry = Entry(digest, "sent", session, item.reference_number)
    settled, upo = yield from judge(entry, item)
    if settled is None or settled.outcome is None:
        return Result(name, digest, "not-sent", session, item.reference_number, code=code, words=said)
    return Result(
        name,
        digest,
        settled.outcome,
        settled.session,
        settled.reference,
        settled.ksef_number,
        settled.code,
        settled.words,
        upo,
    )
