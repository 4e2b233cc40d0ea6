"""Logins of the portal: encrypted under a key that only the visitor's cookie holds.

The cookie is 32 random bytes. From them come, by HKDF, a name and a key: under the name lies what is kept,
encrypted with the key, so that neither a restart nor several processes lose a login, and whoever reads the
files finds no bearer in them.
"""

from __future__ import annotations

import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from klucznik.files import write_private

#: A login nobody used for so long is over.
IDLE: Final = timedelta(hours=8)
_MOST: Final = 2_000
_COOKIE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass
class Kept:
    """What is known of one visitor from page to page. Bearers in here are never shown."""

    csrf: str = field(default_factory=lambda: urlsafe_b64encode(os.urandom(24)).decode())
    used: str = ""  # ISO
    language: str = ""
    flash: list[list[str]] = field(default_factory=list)  # [kind, text], shown once
    #: Forms that may be sent once: what a repeated one finds gone.
    nonces: list[str] = field(default_factory=list)
    #: PEM of the identity that logs in, until a context is chosen and to change it; never a person's own.
    identity: str = ""
    #: Whether `identity` may be kept: the simulated ones may, an uploaded key never is.
    person: str = ""  # how the pages call the visitor
    subject: list[str] = field(default_factory=list)  # [Nip | Pesel | Fingerprint | PeppolId, value]
    context: list[str] = field(default_factory=list)  # [type, value] once inside
    access: list[str] = field(default_factory=list)  # [JWT, ISO end]
    refresh: list[str] = field(default_factory=list)

    @property
    def inside(self) -> bool:
        """Whether somebody is logged in."""
        return bool(self.context and self.refresh)


class Logins:
    """Everything kept, by cookie."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        if folder:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @staticmethod
    def new_cookie() -> str:
        """A cookie for somebody new."""
        return urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")

    def read(self, cookie: str | None, now: datetime) -> Kept | None:
        """What is kept under a cookie; None where there is nothing, or it is too old."""
        if cookie is None or not _COOKIE.fullmatch(cookie):
            return None
        name, key = _derive(cookie)
        sealed = self._load(name)
        if sealed is None:
            return None
        try:
            found = json.loads(AESGCM(key).decrypt(sealed[:12], sealed[12:], name.encode()))
        except (InvalidTag, ValueError):
            return None
        known = {each.name for each in fields(Kept)}
        kept = Kept(**{name: value for name, value in found.items() if name in known})
        if now - datetime.fromisoformat(kept.used) > IDLE:
            self.drop(cookie)
            return None
        return kept

    def write(self, cookie: str, kept: Kept, now: datetime) -> None:
        """Keep this under a cookie."""
        name, key = _derive(cookie)
        kept.used = now.isoformat()
        nonce = os.urandom(12)
        self._save(name, nonce + AESGCM(key).encrypt(nonce, json.dumps(asdict(kept)).encode(), name.encode()))

    def drop(self, cookie: str) -> None:
        """Forget what is kept under a cookie."""
        name, _ = _derive(cookie)
        self._memory.pop(name, None)
        if self._folder:
            (self._folder / name).unlink(missing_ok=True)

    def _load(self, name: str) -> bytes | None:
        if self._folder is None:
            return self._memory.get(name)
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def _save(self, name: str, sealed: bytes) -> None:
        if self._folder is not None:
            write_private(self._folder / name, sealed)
            return
        self._memory[name] = sealed
        self._memory.move_to_end(name)
        if len(self._memory) > _MOST:
            self._memory.popitem(last=False)


def _derive(cookie: str) -> tuple[str, bytes]:
    secret = urlsafe_b64decode(cookie + "=")
    made: Any = HKDF(hashes.SHA256(), 48, salt=None, info=b"klucznik portal login").derive(secret)
    return made[:16].hex(), made[16:]
