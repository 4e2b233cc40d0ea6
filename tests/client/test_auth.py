"""Login flows, against the fake and by hand."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from klucznik.client import auth, security
from klucznik.client.flow import Now
from klucznik.crypto import authority
from klucznik.errors import Refused, TookTooLong, Unreadable
from klucznik.secret import Secret
from klucznik.wire import auth as rows
from klucznik.wire.security import PUBLIC_KEYS, PublicKeyCertificateUsage

from .conftest import client_of
from .fake_ksef import CANARY, KSEF_TOKEN, NIP, NOON, FakeKsef, Fault, refusal


def test_a_token_logs_in_and_the_client_keeps_what_it_is_given(fake: FakeKsef) -> None:
    ksef = client_of(fake, logged_in=False)
    issued = ksef.run(auth.login_with_token(KSEF_TOKEN))
    assert issued.access_token.token == Secret("access-1")
    held = ksef.credentials
    assert held.access_token is not None
    assert held.access_token.token == Secret("access-1")
    assert held.refresh_token is not None
    assert held.authentication_token is None
    assert fake.lines() == [
        "GET /security/public-key-certificates",
        "POST /auth/challenge",
        "POST /auth/ksef-token",
        f"GET /auth/{fake.requests[3].url.path.rsplit('/')[-1]}",
        f"GET /auth/{fake.requests[3].url.path.rsplit('/')[-1]}",
        "POST /auth/token/redeem",
    ]
    assert fake.slept == [1.0, 1.5]


def test_a_withdrawn_key_is_answered_by_fetching_the_keys_once_more(fake: FakeKsef) -> None:
    fake.faults.append(Fault("/auth/ksef-token", refusal(21470, "Przesłany identyfikator…")))
    client_of(fake, logged_in=False).run(auth.login_with_token(KSEF_TOKEN, NIP))
    assert fake.lines().count("GET /security/public-key-certificates") == 2
    assert fake.lines().count("POST /auth/challenge") == 2

    # The second fault counts only what the first let through: both answers are refusals.
    fake.faults = [Fault("/auth/ksef-token", refusal(21470, "Przesłany…")) for _ in range(2)]
    with pytest.raises(Refused) as refused:
        client_of(fake, logged_in=False).run(auth.login_with_token(KSEF_TOKEN, NIP))
    assert refused.value.code == 21470


def test_a_failed_login_says_why_and_never_the_token(fake: FakeKsef) -> None:
    fake.login_codes = [100, 450]
    fake.login_details = ["Token unieważniony"]
    with pytest.raises(Refused) as refused:
        client_of(fake, logged_in=False).run(auth.login_with_token(KSEF_TOKEN))
    assert refused.value.code == 450
    assert "Token unieważniony" in str(refused.value)
    assert "klucznik token put" in refused.value.hint
    assert CANARY not in str(refused.value)
    assert "POST /auth/token/redeem" not in fake.lines()


def test_waiting_for_a_login_has_an_end(fake: FakeKsef) -> None:
    fake.login_codes = [100]
    with pytest.raises(TookTooLong):
        client_of(fake, logged_in=False).run(auth.login_with_token(KSEF_TOKEN))
    assert sum(fake.slept) == pytest.approx(120)


def test_a_certificate_logs_in_with_ksefs_own_time(fake: FakeKsef) -> None:
    seal = authority.seal("Ania", NIP, now=NOON)
    policy = rows.AuthorizationPolicy(allowed_ips=rows.AllowedIps(ip4_masks=["192.0.2.0/24"]))
    flow = auth.login_with_identity("Nip", NIP, seal, policy)
    client_of(fake, logged_in=False).run(flow)
    posted = next(r for r in fake.requests if r.url.path.endswith("/auth/xades-signature"))
    assert posted.headers["Content-Type"] == "application/xml"
    assert b"192.0.2.0/24" in posted.content
    assert (NOON - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M").encode() in posted.content


def test_the_context_is_read_from_the_token() -> None:
    assert auth.context_of(KSEF_TOKEN).value == NIP
    unit = auth.context_of(Secret("x|internalId-5265877635-12345|y"))
    assert (unit.type, unit.value) == ("InternalId", "5265877635-12345")
    for odd in ("opaque", "a|b|c", "a|nip|c", "a|iban-1|c"):
        with pytest.raises(Unreadable) as unreadable:
            auth.context_of(Secret(odd))
        assert odd not in str(unreadable.value)


def test_the_reference_is_read_from_the_token() -> None:
    official = Secret(f"20260302-EC-2DAA0BA000-90DC346568-00|nip-{NIP}|{'a' * 64}")
    assert auth.reference_of(official) == "20260302-EC-2DAA0BA000-90DC346568-00"
    assert auth.nip_unless_told(official, NIP) is None
    short = Secret("a" * 40)
    assert auth.reference_of(short) is None
    assert auth.nip_unless_told(short, NIP) == NIP


def test_a_flow_runs_by_hand_without_any_client(fake: FakeKsef) -> None:
    flow = security.current(PublicKeyCertificateUsage.KsefTokenEncryption)
    asked = next(flow)
    assert repr(asked) == "Call(GET /security/public-key-certificates)"
    keys = client_of(fake).call(PUBLIC_KEYS())
    assert isinstance(flow.send(keys), Now)
    with pytest.raises(StopIteration) as end:
        flow.send(NOON)
    assert end.value.value == keys.root[0]


def test_no_valid_key_is_said_so(fake: FakeKsef) -> None:
    keys = client_of(fake).call(PUBLIC_KEYS()).root
    usage = PublicKeyCertificateUsage.SymmetricKeyEncryption
    with pytest.raises(Unreadable):
        security.choose(keys, usage, NOON + timedelta(days=500))
    newer = keys[0].model_copy(update={"valid_from": NOON - timedelta(days=1)})
    future = keys[0].model_copy(update={"valid_from": NOON + timedelta(days=1)})
    assert security.choose([keys[0], newer, future], usage, NOON) is newer


def test_a_look_that_fails_in_passing_is_not_the_end(fake: FakeKsef) -> None:
    fake.login_codes = [200]
    fake.faults = [
        Fault("GET /v2/auth/", httpx2.ReadTimeout),
        Fault("GET /v2/auth/", httpx2.Response(502), 2),
    ]
    ksef = client_of(fake, logged_in=False)
    ksef.run(auth.login_with_token(KSEF_TOKEN))
    assert ksef.credentials.access_token is not None
