"""Both clients: bearer, renewal, 429, flows, downloads, secrecy."""

from __future__ import annotations

import asyncio
import logging
import ssl
from datetime import timedelta
from pathlib import Path
from typing import cast

import httpx2
import pytest

from klucznik.client import auth, environments, tokens
from klucznik.client.credentials import Credentials, Jwt
from klucznik.client.flow import Download, Flow, Pause, ask, fetch, now
from klucznik.client.ksef import AsyncKsef, Ksef
from klucznik.clock import ManualClock
from klucznik.errors import KlucznikError, Refused, SentNoAnswer, TooManyRequests, Unreachable, Unreadable
from klucznik.secret import Secret
from klucznik.wire import sessions
from klucznik.wire.auth import SESSIONS
from klucznik.wire.tokens import GENERATE, GenerateTokenRequest, QueryTokensResponse, TokenPermissionType

from .conftest import client_of
from .fake_ksef import BASE, CANARY, KSEF_TOKEN, NOON, STORE, FakeKsef, Fault

REFERENCE = "20260302-SO-0000000000-0000000000-00"
EMPTY = httpx2.Response(200, json={"tokens": []})


def too_many(after: str) -> httpx2.Response:
    return httpx2.Response(429, headers={"Retry-After": after})


# ---- bearer --------------------------------------------------------------------------------------


def test_without_a_login_nothing_is_sent(fake: FakeKsef) -> None:
    with pytest.raises(Refused) as refused:
        client_of(fake, logged_in=False).call(tokens.page())
    assert refused.value.status == 401
    assert fake.requests == []


def test_the_access_token_is_renewed_a_minute_before_its_end(fake: FakeKsef, ksef: Ksef) -> None:
    fake.faults.append(Fault("/v2/tokens", EMPTY, nth=1))
    fake.clock.advance(minutes=14, seconds=1)
    ksef.call(tokens.page())
    assert fake.lines() == ["POST /auth/token/refresh", "GET /tokens"]
    assert fake.requests[1].headers["Authorization"] == "Bearer access-2"


def test_after_401_one_renewal_and_one_repetition(fake: FakeKsef, ksef: Ksef) -> None:
    fake.faults += [Fault("/v2/tokens", httpx2.Response(401)), Fault("/v2/tokens", EMPTY)]
    assert ksef.call(tokens.page()).tokens == []
    assert fake.lines() == ["GET /tokens", "POST /auth/token/refresh", "GET /tokens"]

    fake.faults = [Fault("/v2/tokens", httpx2.Response(401)), Fault("/v2/tokens", httpx2.Response(401))]
    with pytest.raises(Refused):
        ksef.call(tokens.page())
    assert len(fake.requests) == 6


def test_a_renewal_that_fails_in_passing_lets_the_old_token_serve(fake: FakeKsef, ksef: Ksef) -> None:
    fake.clock.advance(minutes=14, seconds=30)
    fake.faults += [Fault("refresh", httpx2.ConnectError), Fault("/v2/tokens", EMPTY)]
    ksef.call(tokens.page())
    assert fake.requests[-1].headers["Authorization"] == "Bearer access-1"

    fake.clock.advance(minutes=1)  # now it is over
    fake.faults = [Fault("refresh", httpx2.ConnectError)]
    with pytest.raises(Unreachable):
        ksef.call(tokens.page())


def test_a_revoked_token_ends_the_login_with_a_hint(fake: FakeKsef, ksef: Ksef) -> None:
    from .fake_ksef import refusal

    fake.clock.advance(minutes=16)
    fake.faults.append(
        Fault("refresh", refusal(21301, "Brak autoryzacji.", "Token KSeF został unieważniony."))
    )
    with pytest.raises(Refused) as refused:
        ksef.call(tokens.page())
    assert refused.value.code == 21301
    assert "klucznik token put" in refused.value.hint


def test_a_wrong_clock_does_not_renew_for_ever(fake: FakeKsef) -> None:
    """Our clock is an hour ahead of KSeF's Date: the token's life is still fifteen minutes."""
    held, ahead = Credentials(), NOON + timedelta(hours=1)
    from klucznik.wire.auth import AuthenticationTokenRefreshResponse, TokenInfo

    info = TokenInfo(token=Secret("a"), valid_until=NOON + timedelta(minutes=15))
    held.adopt(AuthenticationTokenRefreshResponse(access_token=info), now=ahead, server_now=NOON)
    assert held.access_token == Jwt(Secret("a"), ahead + timedelta(minutes=15))
    held.forget()
    assert held.secrets() == []


def test_logging_out_uses_the_refresh_token_when_the_access_token_is_over(fake: FakeKsef, ksef: Ksef) -> None:
    fake.faults.append(Fault("DELETE /v2/auth/sessions/current", httpx2.Response(204)))
    fake.clock.advance(hours=1)
    ksef.call(auth.revoke_current())
    assert fake.requests[0].headers["Authorization"] == "Bearer refresh"
    assert ksef.credentials.secrets() == []


# ---- 429 -----------------------------------------------------------------------------------------


def test_429_is_waited_out_even_for_a_post(fake: FakeKsef, ksef: Ksef) -> None:
    issued = httpx2.Response(202, json={"referenceNumber": REFERENCE.replace("SO", "EC"), "token": "t"})
    fake.faults += [Fault("POST /v2/tokens", too_many("7")), Fault("POST /v2/tokens", issued)]
    body = GenerateTokenRequest(permissions=[TokenPermissionType.InvoiceRead], description="ERP of Ania")
    ksef.call(GENERATE(body))
    assert fake.slept == [7.0]


def test_patience_has_an_end_and_the_group_is_left_alone_until_then(fake: FakeKsef, ksef: Ksef) -> None:
    fake.faults += [Fault("/v2/tokens", too_many("40")), Fault("/v2/tokens", too_many("30"))]
    with pytest.raises(TooManyRequests) as stopped:
        ksef.call(tokens.page())
    assert stopped.value.retry_after == 30
    assert fake.slept == [40.0]  # 40 + 30 would be more than 60

    fake.faults = [Fault("/v2/tokens", EMPTY)]
    ksef.call(tokens.page())
    assert fake.slept == [40.0, 30.0]  # obeyed before sending


def test_other_groups_do_not_wait(fake: FakeKsef, ksef: Ksef) -> None:
    ksef.patience = 0.0
    fake.faults += [
        Fault("/v2/tokens", too_many("40")),
        Fault("/auth/sessions", httpx2.Response(200, json={"items": []})),
    ]
    with pytest.raises(TooManyRequests):
        ksef.call(tokens.page())
    ksef.call(SESSIONS())
    with pytest.raises(TooManyRequests):
        ksef.call(tokens.page())
    assert fake.lines() == ["GET /tokens", "GET /auth/sessions"]  # the third never left


def test_retry_after_zero_for_ever_has_an_end(fake: FakeKsef, ksef: Ksef) -> None:
    ksef.patience = 1.0
    fake.faults += [Fault("/v2/tokens", too_many("0")) for _ in range(50)]
    with pytest.raises(TooManyRequests):
        ksef.call(tokens.page())
    assert len(fake.requests) < 15


# ---- three outcomes ------------------------------------------------------------------------------


def test_lost_answers_are_told_apart(fake: FakeKsef, ksef: Ksef) -> None:
    call = sessions.CLOSE_ONLINE(referenceNumber=REFERENCE)
    for do, kind in ((httpx2.ConnectError, Unreachable), (httpx2.ReadTimeout, SentNoAnswer)):
        fake.faults = [Fault("close", do)]
        with pytest.raises(kind):
            ksef.call(call)
    fake.faults = [Fault("close", httpx2.Response(503))]
    with pytest.raises(SentNoAnswer) as doubt:
        ksef.call(call)
    assert doubt.value.again == "look"


# ---- downloads -----------------------------------------------------------------------------------


def test_the_bearer_never_goes_to_a_pre_signed_address() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, content=b"part")

    http = httpx2.Client(transport=httpx2.MockTransport(answer), auth=("user", CANARY))
    credentials = Credentials(access_token=Jwt(Secret("access"), NOON + timedelta(hours=1)))
    client = Ksef(BASE, http=http, credentials=credentials, clock=ManualClock(NOON))
    assert client.run(fetch(f"{STORE}/part?sig={CANARY}")) == b"part"
    assert "Authorization" not in seen[0].headers
    assert "X-Error-Format" not in seen[0].headers


@pytest.mark.parametrize(
    "url",
    ["http://storage.test/x", "http://127.0.0.1:8080/x", "file:///etc/passwd", "ftp://storage.test/", "x"],
)
def test_only_https_is_downloaded(fake: FakeKsef, ksef: Ksef, url: str) -> None:
    with pytest.raises(Unreadable):
        ksef.run(fetch(url))
    assert fake.requests == []


def test_redirects_are_not_followed_anywhere(fake: FakeKsef, ksef: Ksef) -> None:
    moved = httpx2.Response(302, headers={"Location": "https://evil.test/"})
    fake.faults += [Fault("/v2/tokens", moved), Fault("GET /upo", moved)]
    with pytest.raises(Refused):
        ksef.call(tokens.page())
    with pytest.raises(Refused):
        ksef.run(fetch(f"{STORE}/upo_1.xml"))
    assert {r.url.host for r in fake.requests} == {"ksef.test", "storage.test"}


def test_an_expired_address_asks_for_a_fresh_one(fake: FakeKsef, ksef: Ksef) -> None:
    fake.faults.append(Fault("GET /upo", httpx2.Response(403)))
    with pytest.raises(Refused) as refused:
        ksef.run(fetch(f"{STORE}/upo_1.xml?sig={CANARY}"))
    assert refused.value.hint
    assert CANARY not in str(refused.value)
    assert CANARY not in repr(Download(f"{STORE}/x?sig={CANARY}"))


def test_a_download_that_does_not_match_its_hash_is_refused(fake: FakeKsef, ksef: Ksef) -> None:
    torn = httpx2.Response(200, content=b"torn", headers={"x-ms-meta-hash": "A" * 43 + "="})
    fake.faults.append(Fault("GET /upo", torn))
    with pytest.raises(Unreadable):
        ksef.run(fetch(f"{STORE}/upo_1.xml"))


def test_an_answer_without_end_is_cut(fake: FakeKsef, ksef: Ksef, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("klucznik.client.ksef.MOST_BYTES", 10)
    fake.faults += [Fault("/v2/tokens", httpx2.Response(200, content=b"x" * 11)) for _ in range(2)]
    with pytest.raises(Unreadable):
        ksef.call(tokens.page())
    body = GenerateTokenRequest(permissions=[TokenPermissionType.InvoiceRead], description="ERP of Ania")
    with pytest.raises(SentNoAnswer):
        ksef.call(GENERATE(body))


# ---- flows ---------------------------------------------------------------------------------------


def sample() -> Flow[tuple[str, QueryTokensResponse]]:
    """Calls, waits, asks the time, and survives an error."""
    try:
        yield from ask(tokens.read("20260302-EC-0000000000-0000000000-00"))
    except Refused as error:
        caught = error.code
    yield Pause(2.0)
    instant = yield from now()
    listed = yield from ask(tokens.page())
    return f"{caught} {instant.isoformat()}", listed


def scripted() -> FakeKsef:
    from .fake_ksef import refusal

    fake = FakeKsef()
    fake.faults += [
        Fault("GET /v2/tokens/", refusal(21405, "Błąd")),
        Fault("GET /v2/tokens", too_many("3"), nth=1),
        Fault("GET /v2/tokens", httpx2.Response(401)),
        Fault("GET /v2/tokens", httpx2.Response(200, json={"tokens": []})),
    ]
    return fake


def test_sync_and_async_do_the_very_same() -> None:
    """Same flow, same faults: same requests, same waits, same result."""
    sync_fake, async_fake = scripted(), scripted()
    sync_result = client_of(sync_fake).run(sample())

    async def go() -> tuple[str, QueryTokensResponse]:
        model = client_of(async_fake)
        async with AsyncKsef(
            BASE,
            http=httpx2.AsyncClient(transport=async_fake.transport()),
            credentials=model.credentials,
            clock=async_fake.clock,
            sleep=async_fake.sleep_async,
            jitter=lambda: 0.0,
        ) as ksef:
            assert (await ksef.call(auth.challenge())).client_ip == "192.0.2.7"
            async_fake.requests.clear()
            return await ksef.run(sample())

    assert asyncio.run(go()) == sync_result
    assert async_fake.lines() == sync_fake.lines()
    assert async_fake.slept == sync_fake.slept == [2.0, 3.0]
    for one, other in zip(sync_fake.requests, async_fake.requests, strict=True):
        assert one.headers == other.headers
        assert one.content == other.content


def test_async_failures_are_the_same_errors() -> None:
    fake = FakeKsef()
    fake.faults += [
        Fault("challenge", httpx2.ReadError),
        Fault("challenge", httpx2.Response(200, content=b"x")),
    ]

    async def go() -> list[type[KlucznikError]]:
        kinds: list[type[KlucznikError]] = []
        http = httpx2.AsyncClient(transport=fake.transport())
        async with http, AsyncKsef(BASE, http=http, clock=fake.clock) as ksef:
            for _ in range(2):
                with pytest.raises(KlucznikError) as caught:
                    await ksef.call(auth.challenge())
                kinds.append(caught.type)
        with pytest.raises(Unreachable):
            await ksef.call(auth.challenge())
        return kinds

    assert asyncio.run(go()) == [SentNoAnswer, Unreadable]


def test_a_closed_client_says_so() -> None:
    client = Ksef("local")
    client.close()
    with pytest.raises(Unreachable):
        client.call(auth.challenge())


def test_a_flow_that_yields_nonsense_is_a_programming_error(ksef: Ksef) -> None:
    def nonsense() -> Flow[None]:
        yield cast(Pause, 5)

    with pytest.raises(TypeError):
        ksef.run(nonsense())


def test_pauses_towards_this_machine_are_shorter() -> None:
    slept: list[float] = []

    def wait() -> Flow[None]:
        yield Pause(10.0)

    for base in ("local", "https://ksef.test/v2"):
        with Ksef(base, sleep=slept.append) as client:
            client.run(wait())
    assert slept == [1.0, 10.0]


# ---- environments --------------------------------------------------------------------------------


def test_environments_and_addresses() -> None:
    assert environments.base_url("local") == "http://127.0.0.1:8090/v2"
    assert environments.base_url("https://ksef.example/v2/") == "https://ksef.example/v2"
    for local in ("http://localhost:1/v2", "http://[::1]:1/v2", "http://ksef.localhost/v2"):
        assert environments.base_url(local) == local


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "prod",
        "ftp://x/v2",
        "http://ksef.example/v2",
        "https://u:p@ksef.example/v2",
        "http://127.0.0.1.evil.test/v2",
    ],
)
def test_what_is_no_safe_address_is_refused(bad: str) -> None:
    with pytest.raises(Unreadable):
        environments.base_url(bad)


def test_plain_http_elsewhere_only_when_told() -> None:
    assert environments.base_url("http://ksef:8090/v2", allow_plain_http=True) == "http://ksef:8090/v2"


def test_certificates_are_always_checked(tmp_path: Path) -> None:
    from klucznik.client.ksef import _tls

    for base in ("https://ksef.test/v2", "http://127.0.0.1:8090/v2"):
        assert _tls(base, None).verify_mode == ssl.CERT_REQUIRED
    assert _tls("http://127.0.0.1:8090/v2", None).get_ca_certs() == [], "nobody is trusted there"
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "absent.pem"):
        with pytest.raises(Unreadable):
            Ksef("https://ksef.test/v2", ca_file=path)


# ---- secrecy -------------------------------------------------------------------------------------


def test_no_secret_reaches_a_log_or_an_error(fake: FakeKsef, caplog: pytest.LogCaptureFixture) -> None:
    """Everything logs at DEBUG; KSeF even repeats what it was sent."""
    from .fake_ksef import refusal

    caplog.set_level(logging.DEBUG)
    fake.access = f"access-{CANARY}"
    ksef = client_of(fake, logged_in=False)
    ksef.run(auth.login_with_token(KSEF_TOKEN))
    shown: list[str] = []
    for do in (
        refusal(21405, "You sent", f"Bearer access-{CANARY}"),
        httpx2.Response(403, json={"detail": f"access-{CANARY}", "reasonCode": f"access-{CANARY}"}),
        httpx2.Response(429, json={"detail": f"access-{CANARY}"}, headers={"Retry-After": "9999"}),
        httpx2.Response(
            200, json={"tokens": f"access-{CANARY}"}, headers={"X-System-Warning": f"access-{CANARY}"}
        ),
        httpx2.Response(500, text=f"access-{CANARY}"),
        httpx2.ReadTimeout,
    ):
        fake.faults = [Fault("/v2/tokens", do)]
        ksef._not_before.clear()
        with pytest.raises(KlucznikError) as caught:
            ksef.call(tokens.page())
        error = caught.value
        shown += [str(error), repr(error), error.hint, repr(vars(error)), repr(error.__cause__)]
    shown += [repr(ksef.credentials), caplog.text]
    assert all(CANARY not in text for text in shown)
    assert any("KSeF" in text for text in shown)
