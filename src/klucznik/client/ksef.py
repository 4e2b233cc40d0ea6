"""`Ksef` and `AsyncKsef`: carry out calls and flows.

What both do is written once, as generators of effects (an `Exchange` or a `Pause`); each client is
only the loop that performs them. Rules: auth.md sections 1 and 5, limits.md sections 1, 3 and 7.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Generator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeAlias, TypedDict, TypeVar, Unpack
from urllib.parse import urlsplit

import httpx2

from klucznik.client import refusals, transport
from klucznik.client.credentials import RENEW_BEFORE, Credentials
from klucznik.client.environments import base_url, is_loopback, is_safe
from klucznik.client.flow import Download, Flow, Now, Pause, Upload
from klucznik.client.refusals import Answer, Exchange
from klucznik.clock import Clock, SystemClock
from klucznik.errors import KlucznikError, Refused, SentNoAnswer, TooManyRequests, Unreachable, Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.wire.auth import REFRESH, REVOKE_CURRENT
from klucznik.wire.endpoint import Call, Endpoint, LimitGroup

Res = TypeVar("Res")
T = TypeVar("T")
Effects: TypeAlias = Generator[Exchange | Pause, Any, T]

#: Bytes of an answer beyond which reading stops: twice the largest thing KSeF hands out in one piece.
MOST_BYTES = 128 * 1024 * 1024

TIMEOUT = httpx2.Timeout(60.0, connect=10.0)


_RANDOM = random.SystemRandom()


class Manners(TypedDict, total=False):
    """Options that both clients take by name; meanings at `_Conversation`."""

    credentials: Credentials | None
    clock: Clock | None
    patience: float
    pace: float | None
    jitter: Callable[[], float]
    allow_plain_http: bool


class _Conversation:
    """What both clients share: the address, the credentials, the manners."""

    def __init__(
        self,
        environment: str = "local",
        *,
        credentials: Credentials | None = None,
        clock: Clock | None = None,
        patience: float = 60.0,
        pace: float | None = None,
        jitter: Callable[[], float] = _RANDOM.random,
        allow_plain_http: bool = False,
    ) -> None:
        """`environment`: local, test, demo, prd, or an address.

        `patience`: seconds that one call may spend waiting out 429s. `pace`: factor on the pauses of
        flows (default 0.1 towards this machine, otherwise 1; Retry-After is never shortened).
        """
        self.base = base_url(environment, allow_plain_http=allow_plain_http)
        self.credentials = credentials if credentials is not None else Credentials()
        self.clock: Clock = clock or SystemClock()
        self.patience = patience
        self.is_local = is_loopback(urlsplit(self.base).hostname or "")
        self.pace = pace if pace is not None else (0.1 if self.is_local else 1.0)
        self._jitter = jitter
        self._allow_plain_http = allow_plain_http
        self._not_before: dict[tuple[str, str], datetime] = {}
        transport.quiet_http_loggers()

    # Two threads that refresh at once do no harm: the refresh token is not rotated, both get a
    # good access token and the later one is kept. So no lock.

    def _carry_out(self, call: Call[Res]) -> Effects[Res]:
        row = call.row
        waited, renewed = 0.0, False
        while True:
            # (1) What the last 429 of this group asked for is obeyed before anything is sent.
            if (owed := self._owed(row)) > 0:
                waited = yield from self._wait(row, owed, waited)
            # (2) The bearer that the row asks for, renewed in time.
            bearer = yield from self._bearer(row)
            exchange = transport.write(call, self.base, bearer)
            answer = yield exchange
            now = self.clock.now()
            try:
                result = transport.read(call, answer, now=now, hide=self.credentials.secrets())
            except TooManyRequests as error:
                # (3) 429 was not carried out: any method may be repeated after the wait.
                self._not_before[_counter(row)] = now + timedelta(seconds=error.retry_after)
                waited = yield from self._wait(row, error.retry_after, waited, error)
                continue
            except Refused as error:
                # (4) Nor was 401: one renewal, one repetition.
                if error.status == 401 and "access" in row.bearer and self._can_renew() and not renewed:
                    renewed = True
                    self.credentials.access_token = None
                    continue
                raise
            self.credentials.adopt(
                result, now=now, server_now=refusals.http_date(answer.headers.get("Date", ""))
            )
            if row is REVOKE_CURRENT:
                self.credentials.forget()
            return result

    def _owed(self, row: Endpoint[Any]) -> float:
        until = self._not_before.get(_counter(row))
        return (until - self.clock.now()).total_seconds() if until is not None else 0.0

    def _wait(
        self, row: Endpoint[Any], seconds: float, waited: float, error: TooManyRequests | None = None
    ) -> Effects[float]:
        """Wait out a Retry-After within the patience; returns the seconds waited in all."""
        if waited + seconds > self.patience:
            raise error or TooManyRequests(
                tr(
                    f"{row.method} {row.path}: KSeF asked to wait {seconds:.0f} s more.",
                    f"{row.method} {row.path}: KSeF prosił, by poczekać jeszcze {seconds:.0f} s.",
                ),
                retry_after=seconds,
            )
        # Retry-After is a minimum; the jitter keeps clients from returning all at once.
        yield Pause(seconds + self._jitter() * min(1.0, 0.1 * seconds))
        self._not_before.pop(_counter(row), None)
        return waited + max(seconds, 0.1)  # so that "Retry-After: 0" for ever has an end

    def _bearer(self, row: Endpoint[Any]) -> Effects[Secret | None]:
        held, now = self.credentials, self.clock.now()
        if row.bearer == "anonymous":
            return None
        if row.bearer == "authentication" and held.authentication_token is not None:
            return held.authentication_token.token
        if row.bearer == "refresh" and held.refresh_token is not None:
            return held.refresh_token.token
        if row.bearer == "access-or-refresh" and held.refresh_token is not None:
            return held.refresh_token.token
        if row.bearer in ("access", "access-or-refresh"):
            access = held.access_token
            if self._can_renew() and (access is None or not access.lives(now, RENEW_BEFORE)):
                try:
                    yield from self._carry_out(REFRESH())
                except KlucznikError as error:
                    # The old one still serves while the renewal fails in passing.
                    if error.again == "never" or access is None or not access.lives(now):
                        raise
            if held.access_token is not None:
                return held.access_token.token
        raise Refused(
            tr(f"{row.method} {row.path}: not logged in.", f"{row.method} {row.path}: brak zalogowania."),
            status=401,
            hint=tr("log in first.", "najpierw się zaloguj."),
        )

    def _can_renew(self) -> bool:
        refresh = self.credentials.refresh_token
        return refresh is not None and refresh.lives(self.clock.now())

    def _fetch(self, step: Download) -> Effects[bytes]:
        self._check_address(step.url)
        exchange = transport.write_download(step.url)
        answer = yield exchange
        return transport.read_download(exchange, answer, now=self.clock.now())

    def _put(self, step: Upload) -> Effects[None]:
        self._check_address(step.url)
        exchange = transport.write_upload(step)
        answer = yield exchange
        transport.read_upload(exchange, answer, now=self.clock.now())

    def _check_address(self, url: str) -> None:
        # Plain http only where KSeF itself is reached so; a pre-signed address may be any host.
        is_plain = self.base.startswith("http://")
        if not is_safe(url, allow_plain_http=self._allow_plain_http, allow_loopback=is_plain):
            raise Unreadable(tr("A pre-signed address is not https.", "Adres od KSeF nie jest https."))

    def _step(self, step: object) -> Effects[Any]:
        match step:
            case Call():
                return (yield from self._carry_out(step))
            case Download():
                return (yield from self._fetch(step))
            case Upload():
                yield from self._put(step)
                return None
            case Now():
                return self.clock.now()
            case Pause():
                yield Pause(step.seconds * self.pace)
                return None
        raise TypeError(f"a flow yielded {type(step).__name__}")

    def _follow(self, flow: Flow[T]) -> Effects[T]:
        """Drive a flow: each step's answer is sent in, each error is raised at its yield."""
        try:
            step = next(flow)
            while True:
                try:
                    answer = yield from self._step(step)
                except KlucznikError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result


def _counter(row: Endpoint[Any]) -> tuple[str, str]:
    """The rate counter of a row: its group, or itself in `other` (limits.md section 1)."""
    if row.limits == LimitGroup.other:
        return row.key
    return (row.limits, "")


def _tls(base: str, ca_file: Path | None) -> ssl.SSLContext:
    """The machine's trust, and a local CA beside it where one is given. Never without checking.

    At an address of plain http nobody is trusted: what leads from there to https is refused.
    """
    # Loading the machine's CAs takes 40 ms, more than most calls of a local KSeF.
    plain = base.startswith("http://")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else httpx2.create_ssl_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError too
            raise Unreadable(
                tr(
                    f"{ca_file}: no CA certificates can be read.",
                    f"{ca_file}: nie odczytano certyfikatów CA.",
                )
            ) from error
    return context


def _too_large(exchange: Exchange) -> KlucznikError:
    message = tr(
        f"{exchange.label}: the answer does not end.", f"{exchange.label}: odpowiedź się nie kończy."
    )
    return Unreadable(message) if exchange.safe else SentNoAnswer(message)


def _unusable(exchange: Exchange) -> Unreachable:
    return Unreachable(tr(f"{exchange.label}: the client is closed.", f"{exchange.label}: klient zamknięty."))


class Ksef(_Conversation):
    """The synchronous client; safe to share between threads.

    `http` lends an own `httpx2.Client` (a proxy, a test's `MockTransport`); it is not closed here.
    `ca_file` adds a CA to those of the machine.
    """

    def __init__(
        self,
        environment: str = "local",
        *,
        http: httpx2.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        ca_file: Path | None = None,
        **manners: Unpack[Manners],
    ) -> None:
        super().__init__(environment, **manners)
        self._sleep = sleep
        self._owns_http = http is None
        self._http = http or httpx2.Client(
            verify=_tls(self.base, ca_file),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=not self.is_local,
        )

    def call(self, call: Call[Res]) -> Res:
        """Carry out one call; raises an error of `klucznik.errors`."""
        return self._perform(self._carry_out(call))

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its result."""
        return self._perform(self._follow(flow))

    def _perform(self, effects: Effects[T]) -> T:
        try:
            effect = next(effects)
            while True:
                if isinstance(effect, Pause):
                    self._sleep(effect.seconds)
                    effect = next(effects)
                    continue
                outcome = self._exchange(effect)
                effect = (
                    effects.throw(outcome) if isinstance(outcome, KlucznikError) else effects.send(outcome)
                )
        except StopIteration as end:
            result: T = end.value
            return result

    def _exchange(self, exchange: Exchange) -> Answer | KlucznikError:
        if self._http.is_closed:
            return _unusable(exchange)
        try:
            response = self._http.send(exchange.request, auth=None, stream=True, follow_redirects=False)
            try:
                body = bytearray()
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        return _too_large(exchange)
            finally:
                response.close()
        except httpx2.HTTPError as error:
            return refusals.lost(error, exchange)
        return Answer(response.status_code, response.headers, bytes(body))

    def close(self) -> None:
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncKsef(_Conversation):
    """The same for asyncio."""

    def __init__(
        self,
        environment: str = "local",
        *,
        http: httpx2.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        ca_file: Path | None = None,
        **manners: Unpack[Manners],
    ) -> None:
        super().__init__(environment, **manners)
        self._sleep = sleep
        self._owns_http = http is None
        self._http = http or httpx2.AsyncClient(
            verify=_tls(self.base, ca_file),
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=not self.is_local,
        )

    async def call(self, call: Call[Res]) -> Res:
        """Carry out one call; raises an error of `klucznik.errors`."""
        return await self._perform(self._carry_out(call))

    async def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its result."""
        return await self._perform(self._follow(flow))

    async def _perform(self, effects: Effects[T]) -> T:
        try:
            effect = next(effects)
            while True:
                if isinstance(effect, Pause):
                    await self._sleep(effect.seconds)
                    effect = next(effects)
                    continue
                outcome = await self._exchange(effect)
                effect = (
                    effects.throw(outcome) if isinstance(outcome, KlucznikError) else effects.send(outcome)
                )
        except StopIteration as end:
            result: T = end.value
            return result

    async def _exchange(self, exchange: Exchange) -> Answer | KlucznikError:
        if self._http.is_closed:
            return _unusable(exchange)
        try:
            response = await self._http.send(exchange.request, auth=None, stream=True, follow_redirects=False)
            try:
                body = bytearray()
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > MOST_BYTES:
                        return _too_large(exchange)
            finally:
                await response.aclose()
        except httpx2.HTTPError as error:
            return refusals.lost(error, exchange)
        return Answer(response.status_code, response.headers, bytes(body))

    async def aclose(self) -> None:
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
