"""Who is let in with what: JWTs, their kinds, their forgeries.

Rules: auth.md section 5, reliability.md C 41-51.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from klucznik.server.access import address_allowed, sign
from klucznik.testing import local_ksef

from .door import Api, Person, claims, firm, refusal


def _refused(api: Api, bearer: str, path: str = "/rate-limits") -> None:
    answer = api.call("GET", path, bearer)
    assert answer.status_code == 401, (answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert body["title"] == "Unauthorized"
    assert body["detail"] == "Wymagane jest uwierzytelnienie."
    assert body["instance"] == f"/v2{path}"
    assert len(body["traceId"]) == 32


def _part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _public_pem(api: Api) -> bytes:
    return api.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _with(api: Api, token: str, **changed: object) -> str:
    """The same claims but for some, signed with the server's own key."""
    with api.ksef.keys.jwt.reveal() as key:
        return jwt.encode({**claims(token), **changed}, key, algorithm="HS256")


def _hmac_of_public_key(api: Api, token: str) -> str:
    head = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{token.split('.')[1]}"
    mac = hmac.new(_public_pem(api), head.encode(), hashlib.sha256).digest()
    return f"{head}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _rehead(token: str, **head: object) -> str:
    return f"{_part({'alg': 'HS256', 'typ': 'JWT', **head})}.{token.split('.', 1)[1]}"


ATTACKS: dict[str, Callable[[Api, str], str]] = {
    "alg none": lambda api, t: f"{_part({'alg': 'none', 'typ': 'JWT'})}.{t.split('.')[1]}.",
    "alg None": lambda api, t: f"{_part({'alg': 'None', 'typ': 'JWT'})}.{t.split('.')[1]}.",
    "alg none, old signature": lambda api, t: _rehead(t, alg="none"),
    "HS256 with the public RSA key": _hmac_of_public_key,
    "HS512": lambda api, t: _rehead(t, alg="HS512"),
    "RS256": lambda api, t: _rehead(t, alg="RS256"),
    "a kid that walks": lambda api, t: _rehead(t, kid="../../../../dev/null"),
    "a jku": lambda api, t: _rehead(t, jku="http://127.0.0.1:1/keys"),
    "an x5u": lambda api, t: _rehead(t, x5u="http://127.0.0.1:1/cert"),
    "an empty key": lambda api, t: jwt.encode(claims(t), b"\0" * 32, algorithm="HS256"),
    "no signature": lambda api, t: t.rsplit(".", 1)[0] + ".",
    "another signature": lambda api, t: t[:-8] + ("A" * 8 if t[-8:] != "A" * 8 else "B" * 8),
    "edited claims": lambda api, t: (
        f"{t.split('.')[0]}.{_part({**claims(t), 'civ': '1111111111'})}.{t.split('.')[2]}"
    ),
    "another issuer": lambda api, t: _with(api, t, iss="ksef-api"),
    "another audience": lambda api, t: _with(api, t, aud="ksef-api"),
    "no expiry": lambda api, t: _with(api, t, exp=None),
    "an expiry in text": lambda api, t: _with(api, t, exp="99999999999"),
    "an expiry that never comes": lambda api, t: _with(api, t, exp=float("inf")),
    "an expiry in a list": lambda api, t: _with(api, t, exp=[99999999999]),
    "an unknown kind": lambda api, t: _with(api, t, typ="SuperToken"),
    "odd claims": lambda api, t: _with(api, t, pep="not JSON"),
    "claims of another type": lambda api, t: _with(api, t, sud={"a": 1}),
    "garbage": lambda api, t: "garbage",
    "three dots": lambda api, t: "...",
    "deep nesting": lambda api, t: f"{urlsafe_b64encode(b'[' * 5000).decode()}.{t.split('.')[1]}.x",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_forged_jwt_opens_nothing(both: Api, attack: str) -> None:
    person = firm(both)
    assert both.call("GET", "/rate-limits", person.login).status_code == 200
    _refused(both, ATTACKS[attack](both, person.login.access))


def test_a_huge_bearer_is_refused_before_it_is_read(api: Api) -> None:
    began = time.perf_counter()
    _refused(api, "a." * 25_000)
    assert time.perf_counter() - began < 1


def test_a_jwt_of_another_ksef_opens_nothing(api: Api) -> None:
    with local_ksef() as running, Api(running) as other:
        _refused(api, firm(other).login.access)


@pytest.mark.parametrize("profile", ["demo", "prd"])
def test_a_jwt_names_its_environment(profile: Any) -> None:
    with local_ksef(profile=profile) as running:
        now = running.ksef.clock.now()
        token = sign(running.ksef, "RefreshToken", {"arn": "x"}, now, now + timedelta(hours=1))
        assert claims(token.text())["iss"] == {"demo": "ksef-api-tr", "prd": "ksef-api"}[profile]


def test_every_kind_of_token_opens_its_own_doors_only(both: Api) -> None:
    person = firm(both)
    login = person.login
    doors: dict[str, tuple[str, str]] = {
        "access": ("GET", "/rate-limits"),
        "authentication": ("GET", f"/auth/{login.ref}"),
        "refresh": ("POST", "/auth/token/refresh"),
    }
    bearers = {"access": login.access, "authentication": login.authentication, "refresh": login.refresh}
    for wanted, (method, path) in doors.items():
        for kind, bearer in bearers.items():
            answer = both.call(method, path, bearer)
            assert answer.status_code == (200 if kind == wanted else 401), (wanted, kind)
    for path in ("/tokens", "/auth/sessions", "/limits/context", "/limits/subject"):
        _refused(both, login.refresh, path)
    assert both.call("POST", "/auth/token/redeem", login.access).status_code == 401
    assert both.call("DELETE", "/auth/sessions/current", login.authentication).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "bearer  x", "Token x"])
def test_without_a_bearer_nothing_opens(both: Api, header: str) -> None:
    assert both.call("GET", "/rate-limits", headers={"Authorization": header}).status_code == 401
    assert both.call("GET", "/rate-limits").status_code == 401


def test_the_scheme_is_read_in_any_case(api: Api, ania: Person) -> None:
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {ania.login.access}"}
        assert api.call("GET", "/rate-limits", headers=headers).status_code == 200


def test_two_bearers_are_none_and_an_address_carries_none(api: Api, ania: Person, obcy: Person) -> None:
    pairs = [("Authorization", f"Bearer {p.login.access}") for p in (obcy, ania)]
    assert api.http.get("/rate-limits", headers=pairs).status_code == 401
    params = {"access_token": ania.login.access, "token": ania.login.access}
    assert api.call("GET", "/rate-limits", params=params).status_code == 401


def test_401_comes_before_the_body_is_judged(both: Api) -> None:
    assert both.call("POST", "/tokens", content=b"{not json").status_code == 401


def test_an_expired_jwt_stays_expired_in_the_memory_of_bearers(api: Api, ania: Person) -> None:
    now = api.ksef.clock.now()
    late = sign(api.ksef, "ContextToken", claims(ania.login.access), now, now - timedelta(seconds=1))
    for _ in range(2):
        _refused(api, late.text())


def test_a_stranger_gets_nothing_of_anias(both: Api) -> None:
    ania, obcy = firm(both), firm(both)
    ref, _ = both.generate(ania.login, "InvoiceRead", description="tajny opis Ani")
    for method, path in (
        ("GET", f"/tokens/{ref}"),
        ("DELETE", f"/tokens/{ref}"),
        ("DELETE", f"/auth/sessions/{ania.login.ref}"),
    ):
        answer = both.call(method, path, obcy.login)
        assert refusal(answer).code == 21405
        for word in ("tajny", ania.nip):
            assert word not in answer.text
    for path in ("/tokens", "/auth/sessions"):
        assert ania.nip not in both.call("GET", path, obcy.login).text


@pytest.mark.parametrize(
    ("policy", "address", "allowed"),
    [
        ({}, "10.0.0.1", True),
        ({"ip4Addresses": []}, "::1", True),
        ({"ip4Addresses": ["10.0.0.1"]}, "::1", False),
        ({"ip4Addresses": ["10.0.0.1"]}, "10.0.0.1", True),
        ({"ip4Addresses": ["10.0.0.1"]}, "10.0.0.10", False),
        ({"ip4Ranges": ["10.0.0.1-10.0.0.3"]}, "10.0.0.3", True),
        ({"ip4Ranges": ["10.0.0.1-10.0.0.3"]}, "10.0.0.4", False),
        ({"ip4Ranges": ["10.0.0.3-10.0.0.1"]}, "10.0.0.2", False),
        ({"ip4Masks": ["10.0.0.5/24"]}, "10.0.0.200", True),
        ({"ip4Masks": ["10.0.0.5/32"]}, "10.0.0.6", False),
        ({"ip4Masks": ["0.0.0.0/0"]}, "8.8.8.8", True),
    ],
)
def test_addresses_are_compared_as_numbers(policy: dict[str, list[str]], address: str, allowed: bool) -> None:
    assert address_allowed(policy, address) is allowed


def test_403_says_who_calls_from_where(api: Api, ania: Person) -> None:
    """An access token tied to another address, as it would be after a move to another network."""
    policy = json.dumps({"ip4Addresses": ["10.0.0.1"], "ip4Ranges": [], "ip4Masks": []})
    now = api.ksef.clock.now()
    moved = {**claims(ania.login.access), "ipp": policy}
    token = sign(api.ksef, "ContextToken", moved, now, now + timedelta(minutes=5)).text()
    answer = api.call("GET", "/rate-limits", token, headers={"X-Forwarded-For": "10.0.0.1"})
    assert answer.status_code == 403
    body = answer.json()
    assert body["title"] == "Forbidden"
    assert body["reasonCode"] == "ip-not-allowed"
    assert body["detail"] == "Żądanie pochodzi z adresu IP innego niż wskazany podczas uwierzytelnienia."
    assert body["security"] == {"clientIp": "127.0.0.1"}
    assert datetime.fromisoformat(body["timestamp"][:19])
