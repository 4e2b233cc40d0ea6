"""The Ministry's RSA keys over time: those that are published, and how one follows another.

Rules: auth.md section 8, sessions.md section 2. A planned rotation lets both keys work until the older one's
end; an emergency ends every older key at once; a renewal gives the same key another certificate. What was
rotated stands in the settings of the store, so that every process sees it and a restart keeps it; the keys
themselves are files in `DATA/keys`, none of which is ever removed: a session opened before a rotation is
still worked through after it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection

from klucznik.crypto.envelope import BadCiphertext, certificate_id, public_key_id, unwrap
from klucznik.errors import Unreadable
from klucznik.files import write_private
from klucznik.lang import tr
from klucznik.server.store import keep_setting, setting
from klucznik.server.tables import instant, stamp
from klucznik.wire.security import PublicKeyCertificateUsage

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

Rotation = Literal["planned", "emergency", "renewal"]

USAGES: Final = (
    PublicKeyCertificateUsage.KsefTokenEncryption,
    PublicKeyCertificateUsage.SymmetricKeyEncryption,
)
_SETTING: Final = "encryption_keys"
_LIFE: Final = timedelta(days=3650)
#: For how long the older key still works after a planned rotation, where nothing else is said.
OVERLAP: Final = timedelta(days=7)
#: How far back a new certificate begins: the clock of a client may be a little late.
_EARLIER: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class EncryptionKey:
    """One key with one certificate. From `ends` on nothing new is opened with it; `withdrawn`: at once,
    in an emergency. `name` and `certified` are its files, without their endings."""

    usage: PublicKeyCertificateUsage
    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey
    name: str
    certified: str
    ends: datetime | None = None
    withdrawn: bool = False

    @property
    def certificate_id(self) -> str:
        return certificate_id(self.certificate)

    @property
    def public_key_id(self) -> str:
        return public_key_id(self.private_key.public_key())

    def works(self, at: datetime) -> bool:
        """Whether what came in at this instant may be opened with it."""
        return self.ends is None or at < self.ends


class KeyRing:
    """All keys there ever were, the newest first."""

    def __init__(self, drawer: Path | None, now: datetime) -> None:
        """Load the first pair from a folder, or make it; None keeps all in memory."""
        self._drawer = drawer
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._certificates: dict[str, x509.Certificate] = {}
        self._told: str | None = None
        for usage in USAGES:
            if not (drawer and (drawer / f"{usage.value}.pem").exists()):
                self.add_key(usage.value, new_rsa())
            if not (drawer and (drawer / f"{usage.value}.crt").exists()):
                made = _certify(self._key(usage.value), usage, now - timedelta(days=1), now + _LIFE)
                self.add_certificate(usage.value, made)
        self.keys = tuple(self._read({"usage": usage.value, "key": usage.value}) for usage in USAGES)

    def __iter__(self) -> Iterator[EncryptionKey]:
        return iter(self.keys)

    def follow(self, db: Connection) -> KeyRing:
        """Take over what was rotated, here or by another process."""
        told = setting(db, _SETTING)
        if told is not None and told != self._told:
            self.keys = tuple(map(self._read, json.loads(told)))
            self._told = told
        return self

    def published(self, now: datetime) -> list[EncryptionKey]:
        """What GET /security/public-key-certificates shows."""
        return [key for key in self.keys if not key.withdrawn and key.works(now)]

    def accepted(
        self, usage: PublicKeyCertificateUsage, key_id: str | None, at: datetime
    ) -> list[EncryptionKey]:
        """The keys that may open what came in at an instant: the one named, or else any of the usage."""
        return [
            key
            for key in self.keys
            if key.usage == usage and key_id in (None, key.public_key_id) and key.works(at)
        ]

    def unwrap(
        self, usage: PublicKeyCertificateUsage, key_id: str | None, blob: bytes, at: datetime
    ) -> bytes | None:
        """What is inside a ciphertext that came in at an instant; None where no key opens it."""
        for key in self.accepted(usage, key_id, at):
            try:
                return unwrap(blob, key.private_key)
            except BadCiphertext:
                continue
        return None

    # ---- files

    def add_key(self, name: str, key: rsa.RSAPrivateKey) -> None:
        """Keep a private key, on disk before anybody hears of it."""
        self._keys[name] = key
        if self._drawer:
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_private(self._drawer / f"{name}.pem", pem)

    def add_certificate(self, name: str, certificate: x509.Certificate) -> None:
        """Keep a certificate."""
        self._certificates[name] = certificate
        if self._drawer:
            write_private(self._drawer / f"{name}.crt", certificate.public_bytes(Encoding.PEM))

    def _read(self, entry: dict[str, Any]) -> EncryptionKey:
        name, certified, ends = entry["key"], entry.get("certificate", entry["key"]), entry.get("ends")
        return EncryptionKey(
            PublicKeyCertificateUsage(entry["usage"]),
            self._certificate(certified),
            self._key(name),
            name,
            certified,
            None if ends is None else instant(ends),
            entry.get("withdrawn", False),
        )

    def _key(self, name: str) -> rsa.RSAPrivateKey:
        if name not in self._keys:
            assert self._drawer is not None
            path = self._drawer / f"{name}.pem"
            try:
                key = load_pem_private_key(path.read_bytes(), None)
            except (OSError, ValueError) as bad:
                raise damaged(path) from bad
            assert isinstance(key, rsa.RSAPrivateKey)
            self._keys[name] = key
        return self._keys[name]

    def _certificate(self, name: str) -> x509.Certificate:
        if name not in self._certificates:
            assert self._drawer is not None
            path = self._drawer / f"{name}.crt"
            try:
                self._certificates[name] = x509.load_pem_x509_certificate(path.read_bytes())
            except (OSError, ValueError) as bad:
                raise damaged(path) from bad
        return self._certificates[name]


def ring(ksef: LocalKsef) -> KeyRing:
    """The keys as they are now; from the event loop's thread, outside a transaction."""
    return ksef.store.read(ksef.keys.encryption.follow)


def damaged(path: Path) -> Unreadable:
    """The error for a file that does not hold what it should."""
    return Unreadable(
        tr(f"{path} does not hold the key it should.", f"{path} nie zawiera klucza, który powinien tam być."),
        hint=tr(
            "restore the file from a backup, or start with a new --data folder",
            "odtwórz plik z kopii albo zacznij z nowym katalogiem --data",
        ),
    )


# ---- one key after another


async def rotate(
    ksef: LocalKsef, kind: Rotation, usages: Sequence[PublicKeyCertificateUsage], overlap: timedelta
) -> None:
    """Let a new key (or, for a renewal, a new certificate) follow the present one of each usage.

    `overlap`: for how long the older key still works after a planned rotation or a renewal.
    """
    keys = ring(ksef)
    fresh = {}
    for usage in usages:
        name = f"{usage.value}-{ksef.random(6).hex()}"
        if kind != "renewal":
            keys.add_key(name, await asyncio.to_thread(new_rsa))
        fresh[usage] = name

    def follow(db: Connection) -> None:
        found = list(keys.follow(db))
        now = ksef.clock.now()
        for usage, name in fresh.items():
            present = next(key for key in found if key.usage == usage)
            own = present.name if kind == "renewal" else name
            begins = max(
                present.certificate.not_valid_before_utc + timedelta(seconds=1),
                min(now, ksef.clock.base.now()) - _EARLIER,
            )
            key = keys._key(own)
            keys.add_certificate(name, _certify(key, usage, begins, begins + _LIFE))
            found = [
                _older(keys, each, kind, now, overlap) if each.usage == usage else each for each in found
            ]
            found.insert(0, EncryptionKey(usage, keys._certificate(name), key, own, name))
        keep_setting(db, _SETTING, json.dumps([_entry(key) for key in found]))

    await ksef.store.write(follow)
    ring(ksef)


def _older(
    keys: KeyRing, key: EncryptionKey, kind: Rotation, now: datetime, overlap: timedelta
) -> EncryptionKey:
    """What becomes of a key that another one follows."""
    if not key.works(now):
        return key
    if kind == "emergency":
        return replace(key, ends=now, withdrawn=True)
    ends = (now + overlap).replace(microsecond=0)
    if key.ends is not None and key.ends <= ends:
        return key
    # The certificate says the same as the list: the key is certified anew, up to its end.
    begins = key.certificate.not_valid_before_utc
    name = f"{key.certified.partition('.')[0]}.{stamp(ends)}"
    keys.add_certificate(
        name, _certify(key.private_key, key.usage, begins, max(ends, begins + timedelta(seconds=1)))
    )
    return replace(key, certificate=keys._certificate(name), certified=name, ends=ends)


def _entry(key: EncryptionKey) -> dict[str, Any]:
    return {
        "usage": key.usage.value,
        "key": key.name,
        "certificate": key.certified,
        "ends": None if key.ends is None else stamp(key.ends),
        "withdrawn": key.withdrawn,
    }


def new_rsa() -> rsa.RSAPrivateKey:
    """A key as KSeF has them."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certify(
    key: rsa.RSAPrivateKey, usage: PublicKeyCertificateUsage, begins: datetime, ends: datetime
) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "PL"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Klucznik local test, not the Ministry"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"KSeF local test {usage.value}"),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
