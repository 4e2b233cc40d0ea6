"""Logins of the portal: encrypted under a key that only the visitor's cookie holds.

The cookie is 32 random bytes. From them come, by HKDF, a name and a key: under the name lies what is kept,
encrypted with the key, so that neither a restart nor several processes lose a login, and whoever reads the
files finds no bearer in them.
"""

from __future__ import annotations

import json
import os
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.requests import Request
from starlette.responses import Response

from klucznik.client.credentials import Credentials, Jwt
from klucznik.secret import Secret

#: A login nobody used for so long is over.
IDLE: Final = timedelta(hours=8)
#: What is unchanged is written anew only after so long, to say that it is in use.
_TOUCH: Final = timedelta(minutes=5)
#: Visitors kept in memory; files kept in a folder, and saves after which it is swept.
_MOST: Final = 2_000
_MOST_FILES: Final = 20_000
_SWEEP: Final = 500
_COOKIE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass
class Kept:
    """What is known of one visitor from page to page. Bearers in here are never shown."""

    csrf: str = field(default_factory=lambda: urlsafe_b64encode(os.urandom(24)).decode())
    used: str = ""  # ISO
    language: str = ""
    flash: list[list[str]] = field(default_factory=list)  # [kind, text] or [kind, text, language]; shown once
    #: Forms that may be sent once: what a repeated one finds gone.
    nonces: list[str] = field(default_factory=list)
    #: PEM of a simulated identity, to enter contexts with; an uploaded key is never kept.
    identity: str = ""
    #: What an uploaded key has signed instead: AuthTokenRequests by the context they are for, good for
    #: ten minutes and one login, forgotten with it.
    signed: dict[str, str] = field(default_factory=dict)
    #: How one came: profile, certificate or signed; where "change context" leads.
    way: str = ""
    #: The page that was wanted before the login, below /web.
    after: str = ""
    #: SHA-256 fingerprint of an uploaded certificate, by which permissions may be held too.
    fingerprint: str = ""
    #: A login that was there is over.
    ended: bool = False
    person: str = ""  # how the pages call the visitor
    subject: list[str] = field(default_factory=list)  # [Nip | Pesel | Fingerprint | PeppolId, value]
    context: list[str] = field(default_factory=list)  # [type, value] once inside
    access: list[str] = field(default_factory=list)  # [JWT, ISO end]
    refresh: list[str] = field(default_factory=list)

    @property
    def inside(self) -> bool:
        """Whether somebody is logged in."""
        return bool(self.context and self.refresh)

    def credentials(self) -> Credentials:
        """The bearers, for calls of this visitor."""
        found = Credentials()
        if self.access:
            found.access_token = Jwt(Secret(self.access[0]), datetime.fromisoformat(self.access[1]))
        if self.refresh:
            found.refresh_token = Jwt(Secret(self.refresh[0]), datetime.fromisoformat(self.refresh[1]))
        return found

    def keep(self, credentials: Credentials) -> None:
        """The bearers as calls have left them: renewed, or gone."""

        def told(jwt: Jwt | None) -> list[str]:
            return [jwt.token.text(), jwt.until.isoformat()] if jwt else []

        self.access, self.refresh = told(credentials.access_token), told(credentials.refresh_token)


def cookie_name(request: Request) -> str:
    """What the cookie is called: under https so that no other host or plain page can set one like it."""
    return "__Host-klucznik" if request.url.scheme == "https" else "klucznik"


class Logins:
    """Everything kept, by cookie."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._saved = 0
        if folder:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._sweep(folder)

    @staticmethod
    def new_cookie() -> str:
        """A cookie for somebody new."""
        return urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")

    def read(self, cookie: str | None, now: datetime) -> Kept | None:
        """What is kept under a cookie; None where there is nothing, or it is too old."""
        if cookie is None or not _COOKIE.fullmatch(cookie):
            return None
        kept = self._open(cookie)
        if kept is not None and now - datetime.fromisoformat(kept.used) > IDLE:
            self.drop(cookie)
            return None
        return kept

    def rewrite(self, cookie: str, before: Kept, kept: Kept, now: datetime) -> None:
        """Keep what changed during a visit, and of the rest what another visit has left meanwhile.

        What was dropped meanwhile (a logout) stays dropped.
        """
        rested = now - datetime.fromisoformat(kept.used)
        if kept == before and abs(rested) <= _TOUCH:
            return
        newest = self._open(cookie)
        if newest is not None:
            self.write(cookie, _merged(newest, before, kept), now)

    def once(self, nonce: str) -> bool:
        """Whether this is the first to use a nonce, in whatever process."""
        name = f"once-{nonce}"
        if self._folder is None:
            fresh = name not in self._memory
            self._save(name, b"")
            return fresh
        try:
            os.close(os.open(self._folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        return True

    @staticmethod
    def sign(answer: Response, cookie: str, request: Request) -> Response:
        """The answer, with the visitor's cookie where the browser does not have it."""
        name, secure = cookie_name(request), request.url.scheme == "https"
        if request.cookies.get(name) != cookie:
            path = "/" if secure else "/web"  # the prefix __Host- wants the whole host
            answer.set_cookie(name, cookie, path=path, httponly=True, samesite="strict", secure=secure)
        return answer

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

    def _open(self, cookie: str) -> Kept | None:
        """What lies under a cookie, however old."""
        name, key = _derive(cookie)
        sealed = self._load(name)
        if sealed is None:
            return None
        try:
            found = json.loads(AESGCM(key).decrypt(sealed[:12], sealed[12:], name.encode()))
        except (InvalidTag, ValueError):
            return None
        known = {each.name for each in fields(Kept)}
        return Kept(**{name: value for name, value in found.items() if name in known})

    def _load(self, name: str) -> bytes | None:
        if self._folder is None:
            return self._memory.get(name)
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def _save(self, name: str, sealed: bytes) -> None:
        if self._folder is not None:
            # Not synced: a login lost with the machine is a login made anew. A draft's name of its own,
            # since two processes may write at once.
            draft = self._folder / f"{name}.{os.urandom(6).hex()}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(sealed)
            draft.replace(self._folder / name)
            self._saved += 1
            if self._saved % _SWEEP == 0:
                self._sweep(self._folder)
            return
        self._memory[name] = sealed
        self._memory.move_to_end(name)
        if len(self._memory) > _MOST:
            self._memory.popitem(last=False)

    @staticmethod
    def _sweep(folder: Path) -> None:
        """Drop the files nobody used for longer than a login lives, by the clock of the machine.

        Beyond so many the oldest go too: whoever keeps no cookie leaves a file at each visit.
        """
        ages: list[tuple[float, Path]] = []
        for file in folder.iterdir():
            with suppress(FileNotFoundError):  # another process sweeps too
                ages.append((file.stat().st_mtime, file))
        ages.sort(key=lambda each: each[0], reverse=True)
        oldest = time.time() - 2 * IDLE.total_seconds()
        for number, (used, file) in enumerate(ages):
            if used < oldest or number >= _MOST_FILES:
                file.unlink(missing_ok=True)


def _merged(newest: Kept, before: Kept, kept: Kept) -> Kept:
    """What a visit changed from `before` to `kept`, on top of what lies there now: two tabs at once."""
    values = {each.name: getattr(kept, each.name) for each in fields(Kept)}
    for name, value in values.items():
        if value == getattr(before, name):
            values[name] = getattr(newest, name)
    used = set(before.nonces) - set(kept.nonces)
    made = [each for each in kept.nonces if each not in before.nonces]
    values["nonces"] = [each for each in newest.nonces if each not in used] + made
    return Kept(**values)


def _derive(cookie: str) -> tuple[str, bytes]:
    secret = urlsafe_b64decode(cookie + "=")
    made: Any = HKDF(hashes.SHA256(), 48, salt=None, info=b"klucznik portal login").derive(secret)
    return made[:16].hex(), made[16:]
