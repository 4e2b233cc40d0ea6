"""A batch session of 10,000 invoices, and the export of all of them, beside the floor of the same work.

    python bench/bench_batch.py [--count 10000] [--kind Zip]

The server is a process of its own; the package is made and uploaded before the clock starts. Timed: from
the close to status 200 with its UPO, and from asking for an export until its package is there. The floor
is one core doing in one process what cannot be left out: unpacking, SHA-256, XML with its schema and
facts, a number, a row with its bytes in durable transactions. Prints one JSON object; memory is the most
the server has held (Linux). Further options are passed on: `--workers 2 --database URL`.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from homes import running

from klucznik.client import auth, batch, exports, security, sessions
from klucznik.client.flow import Upload, put
from klucznik.client.ksef import Ksef
from klucznik.client.sending import FA3, Document
from klucznik.clock import WARSAW
from klucznik.crypto import authority, envelope
from klucznik.documents import facts, package, samples, xml
from klucznik.documents.package import Kind
from klucznik.wire.common import CompressionType
from klucznik.wire.ids import make_ksef_number
from klucznik.wire.invoices import (
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
)
from klucznik.wire.security import PublicKeyCertificateUsage

NIP, BUYER = "5265877635", "1111111111"
_NUMBER = b"BENCH/000000"


def documents(count: int) -> Iterable[Document]:
    """Invoices of about 3.5 kB, alike but for their numbers."""
    now = datetime.now(UTC)
    lines = [samples.Line(f"Towar przykładowy numer {n}", price=samples.LINES[2].price) for n in range(1, 13)]
    day = now.astimezone(WARSAW).date()
    plain = samples.invoice(NIP, BUYER, _NUMBER.decode(), day, now, lines=lines)
    for place in range(count):
        yield Document(f"{place}.xml", plain.replace(_NUMBER, f"BENCH/{place:06d}".encode()))


def floor(archive: Path, kind: Kind, folder: Path) -> float:
    """Seconds on one core."""
    db = sqlite3.connect(folder / "floor.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE t (number TEXT PRIMARY KEY, hash TEXT, name TEXT, xml BLOB)")
    day = datetime.now(UTC).date()
    began = time.perf_counter()
    rows: list[tuple[str, str, str, bytes]] = []

    def write() -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
        db.execute("COMMIT")
        rows.clear()

    with archive.open("rb") as file:
        for place, entry in enumerate(package.read(file, kind)):
            found = facts.read(xml.parse(entry.content), "FA (3)")
            number = make_ksef_number(found.seller_nip, day, f"{place:012X}")
            rows.append((number, envelope.sha256_base64(entry.content), entry.name, entry.content))
            if len(rows) == 500:
                write()
    write()
    db.close()
    return time.perf_counter() - began


def processed(ksef: Ksef, made: batch.Package, count: int) -> tuple[float, Any]:
    """Open, upload; then the timed part."""
    public_key = ksef.run(security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption))
    with made.key.reveal() as plain:
        wrapped = security.wrap(plain, public_key)
    opened = ksef.call(sessions.open_batch(FA3, made.info, wrapped, made.iv, public_key.public_key_id))
    requests = {request.ordinal_number: request for request in opened.part_upload_requests}
    for ordinal, path in enumerate(made.parts, 1):
        request = requests[ordinal]
        headers = {name: value for name, value in request.headers.items() if value is not None}
        ksef.run(put(Upload(request.url, request.method, headers, path)))
    began = time.perf_counter()
    ksef.call(sessions.close_batch(opened.reference_number))
    while (status := ksef.call(sessions.status(opened.reference_number))).status.code < 200:
        time.sleep(0.05)
    took = time.perf_counter() - began
    if status.status.code != 200 or status.successful_invoice_count != count:
        raise RuntimeError(f"the session ended in {status.status} with {status.successful_invoice_count}")
    return took, opened.reference_number


def exported(ksef: Ksef, count: int, kind: Kind) -> float:
    """Ask for all invoices; seconds until the package is there."""
    public_key = ksef.run(security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption))
    key, iv = envelope.new_session_key()
    with key.reveal() as plain:
        wrapped = security.wrap(plain, public_key)
    since = datetime.now(UTC) - timedelta(days=1)
    span = InvoiceQueryDateRange(date_type=InvoiceQueryDateType.Invoicing, from_=since)
    filters = InvoiceQueryFilters(subject_type=InvoiceQuerySubjectType.Subject1, date_range=span)
    began = time.perf_counter()
    start = exports.start(filters, wrapped, iv, public_key.public_key_id, compression=CompressionType(kind))
    ref = ksef.call(start).reference_number
    while (status := ksef.call(exports.status(ref))).status.code == 100:
        time.sleep(0.05)
    took = time.perf_counter() - began
    if status.package is None or status.package.invoice_count != count:
        raise RuntimeError(f"the export ended in {status.status}")
    return took


def measure(count: int, kind: Kind, options: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package").mkdir()
        made = batch.pack(documents(count), folder / "package", batch.Options(kind=kind))
        archive = folder / "archive"
        with archive.open("wb") as file:
            for part in made.parts:
                file.write(envelope.aes_decrypt(part.read_bytes(), made.key, made.iv))
        on_floor = floor(archive, kind, folder)
        size = sum(len(document.content) for document in documents(count))
        with running(folder, *options) as server, Ksef(f"http://127.0.0.1:{server.port}/v2") as ksef:
            seal = authority.seal("Zmyślona Wytwórnia", NIP, now=datetime.now(UTC))
            ksef.run(auth.login_with_identity("Nip", NIP, seal))
            at_rest = server.peak()
            took, _ = processed(ksef, made, count)
            after_batch = server.peak()
            export_took = exported(ksef, count, kind)
            after_export = server.peak()
    return {
        "invoices": count,
        "kind": kind,
        "xmlMegabytes": round(size / 1e6, 1),
        "floorSeconds": round(on_floor, 2),
        "floorPerSecond": round(count / on_floor),
        "batchSeconds": round(took, 2),
        "batchPerSecond": round(count / took),
        "timesTheFloor": round(took / on_floor, 2),
        "exportSeconds": round(export_took, 2),
        "peakMegabytes": {
            "atRest": round(at_rest),
            "afterBatch": round(after_batch),
            "afterExport": round(after_export),
        },
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--count", type=int, default=10_000)
    arguments.add_argument("--kind", choices=["Zip", "TarGz"], default="Zip")
    given, rest = arguments.parse_known_args()
    print(json.dumps(measure(given.count, cast("Kind", given.kind), rest)))
