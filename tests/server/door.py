"""People at the door of a local KSeF: they log in and call as programs do, over HTTP.

Ania owns the firm, Biuro is permitted, Obcy is a stranger with a firm of his own.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, TypeVar, cast

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from sqlalchemy import Connection, select

from klucznik.crypto import authority, xades
from klucznik.crypto.certs import Identity
from klucznik.crypto.envelope import token_payload, wrap
from klucznik.documents.auth_request import AuthTokenRequest, ContextType
from klucznik.secret import Secret
from klucznik.server.tables import auth_operations, metadata
from klucznik.testing import RunningKsef
from klucznik.wire.ids import make_nip, make_pesel

T = TypeVar("T")

_rand = Random()


def new_nip() -> str:
    return make_nip(_rand)


def new_pesel() -> str:
    return make_pesel(_rand)


def in_store(running: RunningKsef, work: Callable[[Connection], T]) -> T:
    """Run with the server's own connection, on its own loop, between its requests."""
    loop = running.ksef.work._tasks[0].get_loop()
    return asyncio.run_coroutine_threadsafe(running.ksef.store.write(work), loop).result(30)


def all_rows(db: Connection) -> bytes:
    """Everything that is stored, as text."""
    found = [tuple(row) for table in metadata.sorted_tables for row in db.execute(select(table))]
    return repr(found).encode()


@dataclass
class Refused:
    """What a refusal of HTTP 400 says, in whichever envelope it came."""

    code: int
    description: str
    details: list[str]


def refusal(response: httpx2.Response) -> Refused:
    """Read either envelope of a 400; fails where the answer is none."""
    assert response.status_code == 400, (response.status_code, response.text)
    body = response.json()
    if response.headers["content-type"].startswith("application/problem+json"):
        assert body["title"] == "Bad Request"
        assert body["status"] == 400
        assert body["instance"].startswith("/v2/")
        assert len(body["traceId"]) == 32
        (error,) = body["errors"]
        return Refused(error["code"], error["description"], error.get("details", []))
    assert set(body["exception"]) == {"exceptionDetailList", "serviceCode", "timestamp"}
    (error,) = body["exception"]["exceptionDetailList"]
    return Refused(error["exceptionCode"], error["exceptionDescription"], error.get("details", []))


def claims(jwt: str) -> dict[str, Any]:
    """What a JWT says, unverified."""
    part = jwt.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@dataclass
class Started:
    """A login under way."""

    ref: str
    authentication: str = field(repr=False)


@dataclass
class Login:
    """A login that was redeemed."""

    ref: str
    authentication: str = field(repr=False)
    access: str = field(repr=False)
    refresh: str = field(repr=False)


class Api:
    """The door: calls, and the few steps every test of a login repeats."""

    def __init__(self, running: RunningKsef, headers: Mapping[str, str] | None = None) -> None:
        self.running = running
        self.ksef = running.ksef
        self.http = httpx2.Client(base_url=running.url, trust_env=False, headers=headers, timeout=30)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def call(
        self,
        method: str,
        path: str,
        bearer: str | Login | None = None,
        body: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> httpx2.Response:
        sent = dict(headers or {})
        if bearer is not None:
            sent["Authorization"] = f"Bearer {bearer.access if isinstance(bearer, Login) else bearer}"
        extra: dict[str, Any] = {"json": body} if body is not None else {"content": content}
        return self.http.request(method, path, headers=sent, params=params, **extra)

    def challenge(self) -> dict[str, Any]:
        response = self.call("POST", "/auth/challenge")
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    # ---- by signature

    def signed(
        self,
        identity: Identity,
        context: tuple[str, str],
        *,
        challenge: str | None = None,
        signing: Mapping[str, Any] | None = None,
        **parts: Any,
    ) -> bytes:
        """A signed AuthTokenRequest for a new challenge."""
        request = AuthTokenRequest(
            challenge or self.challenge()["challenge"],
            cast("ContextType", context[0]),
            context[1],
            **parts,
        )
        now = self.ksef.clock.now() - timedelta(minutes=1)
        return xades.sign(request.to_xml(), identity, signing_time=now, **(signing or {}))

    def post_signed(self, document: bytes, chain: bool | None = None) -> httpx2.Response:
        return self.call(
            "POST",
            "/auth/xades-signature",
            content=document,
            headers={"Content-Type": "application/xml"},
            params={"verifyCertificateChain": str(chain).lower()} if chain is not None else None,
        )

    # ---- by KSeF token

    def token_body(
        self, token: str, context: tuple[str, str], challenge: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The body of POST /auth/ksef-token, rightly encrypted."""
        challenge = challenge or self.challenge()
        payload = token_payload(Secret(token), challenge["timestampMs"])
        return {
            "challenge": challenge["challenge"],
            "contextIdentifier": {"type": context[0], "value": context[1]},
            "encryptedToken": b64encode(wrap(payload, self.public_key())).decode(),
        }

    def public_key(self, usage: str = "KsefTokenEncryption") -> RSAPublicKey:
        for entry in self.call("GET", "/security/public-key-certificates").json():
            if usage in entry["usage"]:
                der = b64decode(entry["certificate"])
                key = x509.load_der_x509_certificate(der).public_key()
                assert isinstance(key, RSAPublicKey)
                return key
        raise AssertionError(usage)

    # ---- what follows

    @staticmethod
    def started(response: httpx2.Response) -> Started:
        assert response.status_code == 202, response.text
        body = response.json()
        return Started(body["referenceNumber"], body["authenticationToken"]["token"])

    def status(self, login: Started) -> dict[str, Any]:
        """The final status of a login; asks until there is one."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            response = self.call("GET", f"/auth/{login.ref}", login.authentication)
            assert response.status_code == 200, response.text
            body: dict[str, Any] = response.json()
            if body["status"]["code"] != 100:
                return body
        raise AssertionError("the login never ended")

    def redeem(self, login: Started) -> Login:
        response = self.call("POST", "/auth/token/redeem", login.authentication)
        assert response.status_code == 200, response.text
        body = response.json()
        return Login(
            login.ref, login.authentication, body["accessToken"]["token"], body["refreshToken"]["token"]
        )

    def enter(self, identity: Identity, context: tuple[str, str], **parts: Any) -> Login:
        """Log in by signature, to the end."""
        started = self.started(self.post_signed(self.signed(identity, context, **parts)))
        status = self.status(started)
        assert status["status"]["code"] == 200, status
        return self.redeem(started)

    def attempt(self, identity: Identity, context: tuple[str, str], **parts: Any) -> dict[str, Any]:
        """Log in by signature as far as it goes: the status."""
        started = self.started(self.post_signed(self.signed(identity, context, **parts)))
        found: dict[str, Any] = self.status(started)["status"]
        return found

    def start_with_token(self, token: str, context: tuple[str, str]) -> Started:
        body = self.token_body(token, context)
        return self.started(self.call("POST", "/auth/ksef-token", body=body))

    def enter_with_token(self, token: str, context: tuple[str, str]) -> Login:
        """Log in by KSeF token, to the end."""
        started = self.start_with_token(token, context)
        status = self.status(started)
        assert status["status"]["code"] == 200, status
        return self.redeem(started)

    def why(self, ref: str) -> str:
        """The cause noted for the developer, from the store; it is never on the wire."""
        query = select(auth_operations.c.why).where(auth_operations.c.ref == ref)
        return str(in_store(self.running, lambda db: db.execute(query).scalar_one()))

    # ---- test data and tokens

    def testdata(self, path: str, **body: object) -> None:
        response = self.call("POST", f"/testdata/{path}", body=body)
        assert response.status_code == 200, response.text

    def permit(self, nip: str, subject: tuple[str, str], *permissions: str) -> None:
        response = self.call(
            "POST",
            "/testdata/permissions",
            body={
                "contextIdentifier": {"type": "Nip", "value": nip},
                "authorizedIdentifier": {"type": subject[0], "value": subject[1]},
                "permissions": [
                    {"permissionType": name, "description": "for a test"} for name in permissions
                ],
            },
        )
        assert response.status_code == 200, response.text

    def forbid(self, nip: str, subject: tuple[str, str]) -> None:
        response = self.call(
            "POST",
            "/testdata/permissions/revoke",
            body={
                "contextIdentifier": {"type": "Nip", "value": nip},
                "authorizedIdentifier": {"type": subject[0], "value": subject[1]},
            },
        )
        assert response.status_code == 200, response.text

    def generate(
        self, login: Login, *permissions: str, description: str = "ERP of the firm"
    ) -> tuple[str, str]:
        """A KSeF token that is Active: reference number, token."""
        response = self.call(
            "POST", "/tokens", login, body={"permissions": list(permissions), "description": description}
        )
        assert response.status_code == 202, response.text
        body = response.json()
        self.token_state(login, body["referenceNumber"], "Active")
        return body["referenceNumber"], body["token"]

    def token_state(self, login: Login, ref: str, wanted: str) -> dict[str, Any]:
        """The token once it has come to a state."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            response = self.call("GET", f"/tokens/{ref}", login)
            assert response.status_code == 200, response.text
            found: dict[str, Any] = response.json()
            if found["status"] == wanted:
                return found
        raise AssertionError(f"the token never became {wanted}")

    def revoke_token(self, login: Login, ref: str) -> None:
        assert self.call("DELETE", f"/tokens/{ref}", login).status_code == 204
        self.token_state(login, ref, "Revoked")


@dataclass
class Person:
    """Somebody with a certificate, logged in to a context."""

    nip: str
    subject: tuple[str, str]
    identity: Identity
    context: tuple[str, str]
    login: Login


def firm(api: Api, name: str = "Firma Ani") -> Person:
    """A company with a seal of its own: the owner of its NIP."""
    nip = new_nip()
    identity = authority.seal(name, nip, now=api.ksef.clock.now())
    return Person(nip, ("Nip", nip), identity, ("Nip", nip), api.enter(identity, ("Nip", nip)))


def employee(api: Api, nip: str, *permissions: str) -> Person:
    """A person known by PESEL, permitted in a company's context, and logged in there."""
    pesel = new_pesel()
    identity = authority.person("Jan", "Biurowy", pesel=pesel, now=api.ksef.clock.now())
    api.permit(nip, ("Pesel", pesel), *permissions)
    return Person(nip, ("Pesel", pesel), identity, ("Nip", nip), api.enter(identity, ("Nip", nip)))
