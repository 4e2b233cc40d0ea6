"""A desk at which tests send invoices: people with minted access tokens, sealed sessions, sent documents.

Logins are tested elsewhere; here an access token is signed directly, so that any context, subject and
set of permissions can sit down. Everything after that goes over HTTP.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from base64 import b64encode
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import httpx2
from sqlalchemy import Connection, insert

from klucznik.clock import WARSAW
from klucznik.crypto.envelope import aes_encrypt, sha256_base64, wrap
from klucznik.documents import samples
from klucznik.server.access import ACCESS_LIFE, OWNER_PERMISSIONS, sign
from klucznik.server.tables import auth_operations, authorizations, grants, stamp
from klucznik.testing import RunningKsef, local_ksef
from klucznik.wire.ids import make_nip, make_reference
from klucznik.wire.security import PublicKeyCertificateUsage

T = TypeVar("T")

FORMS = {
    "FA (3)": ("1-0E", "FA"),
    "FA (2)": ("1-0E", "FA"),
    "FA_RR (1)": ("1-1E", "FA_RR"),
    "PEF (3)": ("2-1", "PEF"),
    "PEF_KOR (3)": ("2-1", "PEF"),
}
_random = Random()


def new_nip() -> str:
    return make_nip(_random)


@dataclass
class Refusal:
    """A 400, in whichever envelope it came."""

    code: int
    description: str
    details: list[str]


def refusal(response: httpx2.Response) -> Refusal:
    assert response.status_code == 400, (response.status_code, response.text)
    body = response.json()
    if response.headers["content-type"].startswith("application/problem+json"):
        (error,) = body["errors"]
        return Refusal(error["code"], error["description"], error.get("details", []))
    (error,) = body["exception"]["exceptionDetailList"]
    return Refusal(error["exceptionCode"], error["exceptionDescription"], error.get("details", []))


def reason(response: httpx2.Response) -> str:
    """The reason code of a 403."""
    assert response.status_code == 403, (response.status_code, response.text)
    code: str = response.json()["reasonCode"]
    return code


@dataclass
class Sealed:
    """An open session with its key."""

    ref: str
    key: bytes
    iv: bytes


@dataclass
class Person:
    """Somebody logged in: a bearer, and whose context it is."""

    desk: Desk
    context: tuple[str, str]
    subject: tuple[str, str]
    bearer: str
    auth_ref: str
    #: X-Error-Format of this person's calls.
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def nip(self) -> str:
        return self.context[1][:10]

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str | bytes] | None = None,
        params: Any = None,
        content: bytes | None = None,
    ) -> httpx2.Response:
        sent: dict[str, Any] = {"Authorization": f"Bearer {self.bearer}", **self.headers, **(headers or {})}
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
            return self.desk.http.request(method, path, headers=sent, params=params, content=content)
        return self.desk.http.request(
            method, path, headers=sent, params=params, json=body if body is not None else None
        )

    def get(self, path: str, **parts: Any) -> dict[str, Any]:
        response = self.call("GET", path, **parts)
        assert response.status_code == 200, (response.status_code, response.text)
        found: dict[str, Any] = response.json()
        return found

    # ---- sessions

    def open_body(
        self, form: str = "FA (3)", key: bytes | None = None, iv: bytes | None = None
    ) -> dict[str, Any]:
        version, value = FORMS[form]
        sealed = wrap(key if key is not None else os.urandom(32), self.desk.public_key())
        return {
            "formCode": {"systemCode": form, "schemaVersion": version, "value": value},
            "encryption": {
                "encryptedSymmetricKey": b64encode(sealed).decode(),
                "initializationVector": b64encode(iv if iv is not None else os.urandom(16)).decode(),
            },
        }

    def open(self, form: str = "FA (3)", headers: dict[str, str] | None = None) -> Sealed:
        key, iv = os.urandom(32), os.urandom(16)
        response = self.call("POST", "/sessions/online", self.open_body(form, key, iv), headers=headers)
        assert response.status_code == 201, response.text
        return Sealed(response.json()["referenceNumber"], key, iv)

    def close(self, session: Sealed) -> httpx2.Response:
        return self.call("POST", f"/sessions/online/{session.ref}/close")

    def post(self, session: Sealed, document: bytes, **changes: Any) -> httpx2.Response:
        """Send a document; `changes` replace properties of the body."""
        body = {**send_body(session, document), **changes}
        return self.call("POST", f"/sessions/online/{session.ref}/invoices", body)

    def send(self, session: Sealed, document: bytes, **changes: Any) -> str:
        response = self.post(session, document, **changes)
        assert response.status_code == 202, response.text
        ref: str = response.json()["referenceNumber"]
        return ref

    def outcome(self, session: Sealed, ref: str) -> dict[str, Any]:
        """The invoice once its status is final."""
        path = f"/sessions/{session.ref}/invoices/{ref}"
        return until(lambda: self.get(path), lambda found: found["status"]["code"] >= 200)

    def settled(self, session: Sealed, document: bytes, **changes: Any) -> dict[str, Any]:
        return self.outcome(session, self.send(session, document, **changes))

    def finished(self, session: Sealed) -> dict[str, Any]:
        """Close the session and wait for its end."""
        response = self.close(session)
        assert response.status_code == 204, response.text
        return self.final(session)

    def final(self, session: Sealed) -> dict[str, Any]:
        return until(
            lambda: self.get(f"/sessions/{session.ref}"), lambda found: found["status"]["code"] >= 200
        )

    # ---- documents

    def invoice(self, number: str, buyer: str = "1111111111", **parts: Any) -> bytes:
        """A sample invoice of this person's firm, issued today in Poland."""
        now = self.desk.ksef.clock.now()
        day = parts.pop("day", None) or self.desk.today()
        created = max(now, datetime(2026, 1, 1, tzinfo=UTC))
        return samples.invoice(parts.pop("seller", self.nip), buyer, number, day, created, **parts)

    def query(self, role: str = "Subject1", *, params: Any = None, **filters: Any) -> dict[str, Any]:
        response = self.try_query(role, params=params, **filters)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def try_query(self, role: str = "Subject1", *, params: Any = None, **filters: Any) -> httpx2.Response:
        since = (self.desk.ksef.clock.now() - timedelta(days=50)).isoformat()
        body = {"subjectType": role, "dateRange": {"dateType": "Invoicing", "from": since}, **filters}
        return self.call("POST", "/invoices/query/metadata", body, params=params)

    def stored(self, ksef_number: str, role: str = "Subject1") -> dict[str, Any]:
        """The metadata of an invoice, once it has reached permanent storage."""
        found = until(
            lambda: self.query(role, ksefNumber=ksef_number)["invoices"], lambda invoices: len(invoices) == 1
        )
        metadata: dict[str, Any] = found[0]
        return metadata


def send_body(session: Sealed, document: bytes) -> dict[str, Any]:
    sealed = aes_encrypt(document, session.key, session.iv)
    return {
        "invoiceHash": sha256_base64(document),
        "invoiceSize": len(document),
        "encryptedInvoiceHash": sha256_base64(sealed),
        "encryptedInvoiceSize": len(sealed),
        "encryptedInvoiceContent": b64encode(sealed).decode(),
    }


def until(look: Callable[[], T], enough: Callable[[T], bool]) -> T:
    """Look until it is so; the server works while we wait for its answers."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if enough(found := look()):
            return found
    raise AssertionError(f"it never came to that: {found}")


@contextmanager
def desk_at(data: Path | None = None, **options: Any) -> Iterator[Desk]:
    """Run a local KSeF (options as of `local_ksef`) with a desk in front of it."""
    with local_ksef(data, **options) as running:
        desk = Desk(running)
        try:
            yield desk
        finally:
            desk.http.close()


class Desk:
    """A running KSeF and the people in front of it."""

    def __init__(self, running: RunningKsef) -> None:
        self.running = running
        self.ksef = running.ksef
        self.http = httpx2.Client(base_url=running.url, trust_env=False, timeout=60)

    def public_key(self) -> Any:
        for key in self.ksef.keys.encryption:
            if key.usage == PublicKeyCertificateUsage.SymmetricKeyEncryption:
                return key.certificate.public_key()
        raise AssertionError("no key")

    def today(self) -> date:
        return self.ksef.clock.now().astimezone(WARSAW).date()

    def on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        """Run on the server's own loop, between its requests."""
        loop = self.ksef.work._tasks[0].get_loop()
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    def write(self, work: Callable[[Connection], T]) -> T:
        """The same with the server's own connection."""
        return self.on_loop(self.ksef.store.write(work))

    def sit(
        self,
        context: tuple[str, str],
        subject: tuple[str, str],
        permissions: Sequence[str],
        *,
        owner: bool = False,
        token: bool = True,
    ) -> Person:
        """A login of `subject` in `context`, by KSeF token or by signature."""
        now = self.ksef.clock.now()
        auth_ref = make_reference("AU", now, os.urandom(5))
        document_hash = None if token else sha256_base64(auth_ref.encode())
        row = {
            "ref": auth_ref,
            "created": stamp(now),
            "status": 200,
            "method": "Token" if token else "QualifiedSeal",
            "category": "Token" if token else "XadesSignature",
            "method_code": "token" if token else "seal",
            "method_name": "token" if token else "seal",
            "context_type": context[0],
            "context_value": context[1],
            "subject_type": subject[0],
            "subject_value": subject[1],
            "token_ref": make_reference("EC", now, os.urandom(5)) if token else None,
            "document_hash": document_hash,
        }
        self.write(lambda db: db.execute(insert(auth_operations).values(**row)))
        claims = {
            "cit": context[0],
            "civ": context[1],
            "aum": row["method"],
            "arn": auth_ref,
            "sud": json.dumps({"subjectIdentifier": {"type": subject[0], "value": subject[1]}}),
            "per": json.dumps(["Owner"] if owner else list(permissions)),
            "pec": "[]",
            "rol": "[]",
            "pep": json.dumps(sorted(permissions)),
            "iop": "[]",
        }
        secret = sign(self.ksef, "ContextToken", claims, now, now + ACCESS_LIFE)
        return Person(self, context, subject, secret.text(), auth_ref)

    def firm(self, nip: str | None = None, *, token: bool = True) -> Person:
        """The owner of a firm."""
        nip = nip or new_nip()
        return self.sit(("Nip", nip), ("Nip", nip), sorted(OWNER_PERMISSIONS), owner=True, token=token)

    def worker(self, firm: Person, *permissions: str) -> Person:
        """Somebody else, permitted in the firm's context."""
        return self.sit(firm.context, ("Nip", new_nip()), permissions)

    def grant(self, seller: str, subject: tuple[str, str], permission: str) -> None:
        """An authorization that a seller gives to another entity."""
        now = stamp(self.ksef.clock.now())
        self.write(
            lambda db: db.execute(
                insert(authorizations).values(
                    id=os.urandom(8).hex(),
                    nip=seller,
                    subject_type=subject[0],
                    subject_value=subject[1],
                    permission=permission,
                    description="for a test",
                    author_type="Nip",
                    author_value=seller,
                    created=now,
                    full_name="Firma",
                )
            )
        )

    def let_in(self, company: str, vat_ue: str, fingerprint: str = "A" * 64) -> None:
        """The company makes somebody administrator of an EU entity."""
        now = stamp(self.ksef.clock.now())
        self.write(
            lambda db: db.execute(
                insert(grants).values(
                    id=os.urandom(8).hex(),
                    kind="eu-admin",
                    context_type="NipVatUe",
                    context_value=f"{company}-{vat_ue}",
                    subject_type="Fingerprint",
                    subject_value=fingerprint,
                    permission="VatUeManage",
                    can_delegate=False,
                    target_type="",
                    target_value="",
                    from_type="Nip",
                    from_value=company,
                    description="for a test",
                    author_type="Nip",
                    author_value=company,
                    created=now,
                )
            )
        )

    def truth(self) -> dict[str, Any]:
        response = httpx2.get(f"{self.running.management}/truth", trust_env=False)
        found: dict[str, Any] = response.json()
        return found
