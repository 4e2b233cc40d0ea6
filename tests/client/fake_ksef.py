"""A KSeF of one screenful for the client's tests: it answers by wire models, loses answers to order.

An invoice here is any bytes; what stands before the first `;` is its uniqueness (seller, type, number).
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

import httpx2
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from klucznik.clock import ManualClock
from klucznik.crypto import authority, envelope
from klucznik.crypto.certs import Identity
from klucznik.documents import upo
from klucznik.secret import Secret
from klucznik.wire import auth, ids, security, sessions
from klucznik.wire.base import Model
from klucznik.wire.common import InvoicingMode, StatusInfo

NIP = "5265877635"
BASE = "https://ksef.test/v2"
STORE = "https://storage.test"
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
CANARY = "canary-0123456789abcdef"
KSEF_TOKEN = Secret(f"20260302-EC-0000000000-0000000000-00|nip-{NIP}|{CANARY}")

KEYS: list[Identity] = [
    authority.certified([], now=NOON - timedelta(days=10), key="rsa", days=400),
]

Handler = Callable[[httpx2.Request], httpx2.Response]


@dataclass
class Fault:
    """At the nth request whose "METHOD path" contains `match`: before or after the effect, do this."""

    match: str
    do: type[httpx2.TransportError] | httpx2.Response
    nth: int = 1
    after: bool = False


@dataclass
class Sent:
    reference: str
    content: bytes
    code: int
    number: str | None = None
    original: tuple[str, str] | None = None

    @property
    def hash(self) -> str:
        return envelope.sha256_base64(self.content)


@dataclass
class Session:
    key: bytes
    iv: bytes
    code: int = 100
    invoices: list[Sent] = field(default_factory=list)


class FakeKsef:
    """State, and `transport()` to reach it."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.requests: list[httpx2.Request] = []
        self.slept: list[float] = []
        self.faults: list[Fault] = []
        self.sessions: dict[str, Session] = {}
        self.accepted: dict[str, tuple[str, str]] = {}  # uniqueness -> (number, session)
        self.contents: dict[str, bytes] = {}  # number -> bytes
        self.posts: Counter[str] = Counter()
        self.login_codes = [100, 200]
        self.login_details: list[str] = []
        self.access = "access-1"
        self.access_life = timedelta(minutes=15)
        self.refreshes = 0
        self.unreadable_originals = False
        self.verdict: Callable[[bytes], int] = lambda content: 200
        self.upo_delay = 0
        self._counted: Counter[int] = Counter()
        self._references = 0

    # ---- time, transport -------------------------------------------------------------------------

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds=seconds)

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self.handle)

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        line = f"{request.method} {unquote(request.url.path)}"
        for fault in self.faults:
            if fault.match not in line:
                continue
            self._counted[id(fault)] += 1
            if self._counted[id(fault)] != fault.nth:
                continue
            if fault.after:
                self.answer(request)
            if isinstance(fault.do, httpx2.Response):
                return fault.do
            raise fault.do("injected", request=request)
        return self.answer(request)

    def lines(self) -> list[str]:
        return [f"{r.method} {r.url.path.removeprefix('/v2')}" for r in self.requests]

    # ---- answers ---------------------------------------------------------------------------------

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host == "storage.test":
            return self._stored(request)
        parts = unquote(request.url.path).removeprefix("/v2/").split("/")
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        match request.method, parts:
            case "POST", ["auth", "challenge"]:
                return self._json(
                    auth.AuthenticationChallengeResponse(
                        challenge=self.reference("CR"),
                        timestamp=self.clock.now(),
                        timestamp_ms=int(self.clock.now().timestamp() * 1000),
                        client_ip="192.0.2.7",
                    )
                )
            case "GET", ["security", "public-key-certificates"]:
                listed = [
                    security.PublicKeyCertificate(
                        certificate=identity.der,
                        certificate_id=sha256(identity.der).digest(),
                        public_key_id=key_id(identity),
                        valid_from=identity.certificate.not_valid_before_utc,
                        valid_to=identity.certificate.not_valid_after_utc,
                        usage=list(security.PublicKeyCertificateUsage),
                    )
                    for identity in KEYS
                ]
                body = security.PublicKeyCertificates(listed).json_bytes()
                return httpx2.Response(200, content=body)
            case "POST", ["auth", "ksef-token"]:
                asked = auth.InitTokenAuthenticationRequest.parse(request.content)
                plain = envelope.unwrap(asked.encrypted_token, private_key())
                expected = f"{KSEF_TOKEN.text()}|{int(self.clock.now().timestamp() * 1000)}"
                if plain.decode() != expected:
                    self.login_codes, self.login_details = [450], ["Nieprawidłowy token"]
                return self._started()
            case "POST", ["auth", "xades-signature"]:
                return self._started()
            case "POST", ["auth", "token", "redeem"] if bearer == "authentication":
                return self._json(
                    auth.AuthenticationTokensResponse(
                        access_token=self._token(self.access, self.access_life),
                        refresh_token=self._token("refresh", timedelta(days=7)),
                    )
                )
            case "POST", ["auth", "token", "refresh"] if bearer == "refresh":
                self.refreshes += 1
                self.access = f"access-{self.refreshes + 1}"
                token = self._token(self.access, self.access_life)
                return self._json(auth.AuthenticationTokenRefreshResponse(access_token=token))
            case "GET", ["auth", _] if bearer == "authentication":
                return self._login_status()
        if bearer != self.access:
            return httpx2.Response(401)
        return self._with_access(request, parts)

    def _with_access(self, request: httpx2.Request, parts: list[str]) -> httpx2.Response:
        match request.method, parts:
            case "POST", ["sessions", "online"]:
                opened = sessions.OpenOnlineSessionRequest.parse(request.content)
                key = envelope.unwrap(opened.encryption.encrypted_symmetric_key, private_key())
                reference = self.reference("SO")
                self.sessions[reference] = Session(key, opened.encryption.initialization_vector)
                until = self.clock.now() + timedelta(hours=12)
                return self._json(
                    sessions.OpenOnlineSessionResponse(reference_number=reference, valid_until=until), 201
                )
            case "POST", ["sessions", "online", reference, "invoices"]:
                return self._send(reference, sessions.SendInvoiceRequest.parse(request.content))
            case "POST", ["sessions", "online", reference, "close"]:
                session = self.sessions[reference]
                if session.code != 100:
                    return refusal(21180, "Status sesji nie pozwala na wykonanie operacji.")
                session.code = 170
                return httpx2.Response(204)
            case "GET", ["sessions", reference]:
                return self._session_status(reference)
            case "GET", ["sessions", reference, "invoices"]:
                return self._json(
                    sessions.SessionInvoicesResponse(
                        invoices=[self._item(i, s) for i, s in self._listed(reference)]
                    )
                )
            case "GET", ["sessions", reference, "invoices", "ksef", number, "upo"]:
                if self.upo_delay > 0:
                    self.upo_delay -= 1
                    return refusal(21178, "Nie znaleziono UPO dla podanych kryteriów.")
                if reference not in self.sessions:
                    return refusal(21173, "Brak sesji o wskazanym numerze referencyjnym.")
                return xml(self.upo(reference, number))
            case "GET", ["invoices", "ksef", number]:
                if self.unreadable_originals:
                    return httpx2.Response(403)
                return xml(self.contents[number])
        return httpx2.Response(404)

    def _listed(self, reference: str) -> list[tuple[int, Sent]]:
        return list(enumerate(self.sessions[reference].invoices, start=1))

    def _send(self, reference: str, body: sessions.SendInvoiceRequest) -> httpx2.Response:
        session = self.sessions[reference]
        if session.code != 100:
            return refusal(21180, "Status sesji nie pozwala na wykonanie operacji.")
        content = envelope.aes_decrypt(body.encrypted_invoice_content, session.key, session.iv)
        assert envelope.sha256_base64(content) == body.invoice_hash
        self.posts[body.invoice_hash] += 1
        sent = Sent(self.reference("EE"), content, self.verdict(content))
        unique = content.partition(b";")[0].decode()
        if sent.code == 200 and unique in self.accepted:
            sent.code, sent.original = 440, self.accepted[unique]
        elif sent.code == 200:
            number = ids.make_ksef_number(NIP, self.clock.now().date(), f"{len(self.accepted):012X}")
            sent.number = number
            self.accepted[unique] = (number, reference)
            self.contents[number] = content
        session.invoices.append(sent)
        return self._json(sessions.SendInvoiceResponse(reference_number=sent.reference), 202)

    def _session_status(self, reference: str) -> httpx2.Response:
        session = self.sessions[reference]
        code = session.code
        if code == 170:  # final at the second look
            accepted = any(s.code == 200 for s in session.invoices)
            session.code = 200 if accepted else 445 if session.invoices else 440
        status = StatusInfo(code=code, description="Sesja")
        now = self.clock.now()
        return self._json(sessions.SessionStatusResponse(status=status, date_created=now, date_updated=now))

    def _item(self, ordinal: int, sent: Sent) -> sessions.SessionInvoiceStatusResponse:
        extensions: dict[str, str | None] | None = None
        if sent.original:
            number, session = sent.original
            extensions = {"originalKsefNumber": number, "originalSessionReferenceNumber": session}
        return sessions.SessionInvoiceStatusResponse(
            ordinal_number=ordinal,
            reference_number=sent.reference,
            ksef_number=sent.number,
            invoice_hash=sent.hash,
            invoicing_date=self.clock.now(),
            invoicing_mode=InvoicingMode.Online if sent.number else None,
            upo_download_url=f"{STORE}/upo_{sent.number}.xml?sig={CANARY}" if sent.number else None,
            status=sessions.InvoiceStatusInfo(
                code=sent.code, description=f"Opis {sent.code}", details=["Szczegół"], extensions=extensions
            ),
        )

    def upo(self, session: str, number: str) -> bytes:
        document = upo.UpoDocument(
            seller_nip=NIP,
            ksef_number=number,
            invoice_number="FV/1",
            issue_date=NOON.date(),
            invoicing_date=NOON,
            acquisition_date=NOON,
            invoice_hash=envelope.sha256_base64(self.contents[number]),
            invoicing_mode="Online",
        )
        return upo.write(
            upo.Upo(
                receiver=upo.RECEIVER["test"],
                session_reference=session,
                context_type="Nip",
                context_value=NIP,
                structure_name="Schemat_FA(3)_v1-0E.xsd",
                form_code="FA (3)",
                documents=(document,),
                ksef_token_reference="20260302-EC-0000000000-0000000000-00",
            )
        )

    def _stored(self, request: httpx2.Request) -> httpx2.Response:
        assert "Authorization" not in request.headers, "the bearer left its origin"
        number = request.url.path.removeprefix("/upo_").removesuffix(".xml")
        if self.upo_delay > 0:
            self.upo_delay -= 1
            return httpx2.Response(404)
        session = next(s for n, s in self.accepted.values() if n == number)
        return xml(self.upo(session, number))

    def _started(self) -> httpx2.Response:
        reference = self.reference("AU")
        token = self._token("authentication", timedelta(minutes=45))
        started = auth.AuthenticationInitResponse(reference_number=reference, authentication_token=token)
        return self._json(started, 202)

    def _login_status(self) -> httpx2.Response:
        code = self.login_codes.pop(0) if len(self.login_codes) > 1 else self.login_codes[0]
        details = self.login_details if code >= 400 else None
        return self._json(
            auth.AuthenticationOperationStatusResponse(
                start_date=self.clock.now(),
                authentication_method=auth.AuthenticationMethod.Token,
                authentication_method_info=auth.AuthenticationMethodInfo(
                    category=auth.AuthenticationMethodCategory.Token, code="token.ksef", display_name="Token"
                ),
                status=StatusInfo(code=code, description="Stan", details=details),
            )
        )

    def _token(self, text: str, life: timedelta) -> auth.TokenInfo:
        return auth.TokenInfo(token=Secret(text), valid_until=self.clock.now() + life)

    def reference(self, kind: Any) -> str:
        self._references += 1
        return ids.make_reference(kind, self.clock.now(), self._references.to_bytes(5, "big"))

    def _json(self, body: Model, status: int = 200) -> httpx2.Response:
        return httpx2.Response(
            status, content=body.json_bytes(), headers={"Content-Type": "application/json"}
        )


def private_key() -> RSAPrivateKey:
    key = KEYS[0].private_key
    assert isinstance(key, RSAPrivateKey)
    return key


def key_id(identity: Identity) -> str:
    key = identity.private_key
    assert isinstance(key, RSAPrivateKey)
    return envelope.public_key_id(key.public_key())


def xml(body: bytes) -> httpx2.Response:
    told = b64encode(sha256(body).digest()).decode()
    return httpx2.Response(
        200, content=body, headers={"Content-Type": "application/xml", "x-ms-meta-hash": told}
    )


def refusal(code: int, description: str, *details: str) -> httpx2.Response:
    """HTTP 400 as problem details."""
    error = {"code": code, "description": description, "details": list(details)}
    body = {"title": "Bad Request", "status": 400, "errors": [error], "traceId": "a" * 32}
    return httpx2.Response(400, json=body)


def old_refusal(code: int, description: str, *details: str) -> httpx2.Response:
    """HTTP 400 in the older envelope."""
    item = {"exceptionCode": code, "exceptionDescription": description, "details": list(details)}
    exception = {"exceptionDetailList": [item], "serviceCode": f"00-{'b' * 32}-{'c' * 16}-00"}
    return httpx2.Response(400, json={"exception": exception})
