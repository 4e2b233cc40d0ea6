"""The physical floor of one online invoice on one core: what no server can leave out.

Base64 + SHA-256 twice + AES + XML parse + one row of a grouped, durable commit; the RSA unwrap once a
session. Prints one JSON object, microseconds each.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from klucznik.crypto import envelope
from klucznik.documents import samples, xml
from klucznik.secret import Secret


def micros(work: Callable[[], object], rounds: int) -> float:
    """Microseconds of one call: the best of five series."""
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(rounds):
            work()
        best = min(best, (time.perf_counter() - began) / rounds)
    return best * 1e6


def commit_share(document: bytes, folder: Path, group: int) -> float:
    """One row with its document, its share of a transaction of `group` rows on disk."""
    db = sqlite3.connect(folder / "floor.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, xml BLOB)")

    def transaction() -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO t (xml) VALUES (?)", [(document,)] * group)
        db.execute("COMMIT")

    share = micros(transaction, 20) / group
    db.close()
    return share


def measure() -> dict[str, float]:
    now = datetime.now(UTC)
    plain = samples.invoice("5265877635", "1111111111", "FLOOR/1", now.date(), now)
    key, iv = Secret(os.urandom(32)), os.urandom(16)
    sealed = envelope.aes_encrypt(plain, key, iv)
    text = b64encode(sealed)
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    wrapped = envelope.wrap(os.urandom(32), private.public_key())
    with tempfile.TemporaryDirectory() as folder:
        commit = commit_share(plain, Path(folder), 32)
    parts = {
        "bytes": float(len(plain)),
        "base64": micros(lambda: b64decode(text), 2000),
        "sha256x2": micros(lambda: (envelope.sha256_base64(plain), envelope.sha256_base64(sealed)), 2000),
        "aes": micros(lambda: envelope.aes_decrypt(sealed, key, iv), 2000),
        "xml": micros(lambda: xml.parse(plain), 500),
        "commit": commit,
        "rsaOncePerSession": micros(lambda: envelope.unwrap(wrapped, private), 50),
    }
    parts["perInvoice"] = sum(parts[name] for name in ("base64", "sha256x2", "aes", "xml", "commit"))
    return parts


if __name__ == "__main__":
    print(json.dumps(measure()))
