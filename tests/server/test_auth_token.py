"""Logging in by KSeF token: what opens, what does not, and what the developer is told of it.

Rules: auth.md sections 1-3, tokens.md sections 1, 3, 4 and 7, reliability.md C 1-14.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from klucznik.clock import ManualClock
from klucznik.crypto.authority import new_key
from klucznik.crypto.envelope import public_key_id, wrap
from klucznik.server import work
from klucznik.server.local import LocalKsef
from klucznik.server.presented import Presented, Refusal, read_plaintext
from klucznik.server.work import STEPS
from klucznik.testing import local_ksef

from .door import Api, Person, claims, employee, firm, new_nip, refusal

OPENING = {"code": 450, "description": "Uwierzytelnianie zakończone niepowodzeniem z powodu błędnego tokenu"}


def _ended(api: Api, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The final status of a login, and the cause noted."""
    started = api.started(api.call("POST", "/auth/ksef-token", body=body))
    return api.status(started)["status"], api.why(started.ref)


def _sealed(api: Api, plain: bytes, scheme: Any = None, usage: str = "KsefTokenEncryption") -> str:
    key = api.public_key(usage)
    return b64encode(key.encrypt(plain, scheme) if scheme else wrap(plain, key)).decode()


def test_a_token_opens_its_context_with_its_permissions(api: Api, ania: Person) -> None:
    ref, token = api.generate(ania.login, "InvoiceRead", "Introspection")
    login = api.enter_with_token(token, ania.context)
    said = claims(login.access)
    assert said["aum"] == "Token"
    assert json.loads(said["per"]) == ["Introspection", "InvoiceRead"]
    assert json.loads(said["sud"]) == json.loads(claims(ania.login.access)["sud"])
    item = api.call("GET", f"/tokens/{ref}", ania.login).json()
    assert item["lastUseDate"] >= item["dateCreated"]
    (session, _) = api.call("GET", "/auth/sessions", login).json()["items"]
    assert session["authenticationMethod"] == "Token"
    assert session["authenticationMethodInfo"] == {
        "category": "Token",
        "code": "token.ksef",
        "displayName": "Token KSeF",
    }


def test_a_key_may_be_named(both: Api) -> None:
    person = firm(both)
    _, token = both.generate(person.login, "InvoiceRead")
    own, other = both.public_key(), both.public_key("SymmetricKeyEncryption")
    named = {**both.token_body(token, person.context), "publicKeyId": public_key_id(own)}
    assert both.call("POST", "/auth/ksef-token", body=named).status_code == 202
    foreign = new_key("rsa").public_key()
    for key in (other, foreign):
        body = {**both.token_body(token, person.context), "publicKeyId": public_key_id(key)}
        found = refusal(both.call("POST", "/auth/ksef-token", body=body))
        assert found.code == 21470
        assert found.details == [f"Klucz o identyfikatorze {body['publicKeyId']} nie jest wspierany."]


# ---- 450: the ciphertext

OAEP_SHA1 = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
OAEP_MGF_SHA1 = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA256(), label=None)


def _flipped(text: str) -> str:
    return b64encode(b"\x00" + b64encode(text.encode())[:255]).decode()


CIPHERTEXTS: dict[str, tuple[Callable[[Api, bytes], str], str]] = {
    "PKCS#1 v1.5": (lambda api, plain: _sealed(api, plain, padding.PKCS1v15()), "PKCS#1 v1.5"),
    "OAEP with SHA-1": (lambda api, plain: _sealed(api, plain, OAEP_SHA1), "OAEP with SHA-1"),
    "MGF1 with SHA-1": (lambda api, plain: _sealed(api, plain, OAEP_MGF_SHA1), "MGF1 with SHA-1"),
    "the other key": (
        lambda api, plain: _sealed(api, plain, usage="SymmetricKeyEncryption"),
        "another usage",
    ),
    "the plain token": (lambda api, plain: b64encode(plain).decode(), "one RSA block"),
    "noise": (lambda api, plain: _flipped(_sealed(api, plain)), "does not open"),
    "nothing": (lambda api, plain: "", "0 bytes"),
    "a megabyte": (lambda api, plain: b64encode(b"x" * 1_000_000).decode(), "one RSA block"),
}


@pytest.mark.parametrize("kind", CIPHERTEXTS)
def test_every_ciphertext_that_does_not_open_gets_one_text(api: Api, ania: Person, kind: str) -> None:
    make, cause = CIPHERTEXTS[kind]
    _, token = api.generate(ania.login, "InvoiceRead")
    challenge = api.challenge()
    body = api.token_body(token, ania.context, challenge)
    body["encryptedToken"] = make(api, f"{token}|{challenge['timestampMs']}".encode())
    status, why = _ended(api, body)
    assert status == {**OPENING, "details": ["Nieprawidłowe szyfrowanie tokena"]}
    assert cause in why
    assert token not in why


# ---- 450: the plaintext

PLAINTEXTS: dict[str, tuple[Callable[[str, int], bytes], str, str]] = {
    "no time": (lambda t, ms: t.encode(), "kodowanie", "timestampMs"),
    "two bars": (lambda t, ms: f"{t}||{ms}".encode(), "kodowanie", "4 parts"),
    "a bar at the end": (lambda t, ms: f"{t}|{ms}|".encode(), "kodowanie", "timestampMs"),
    "a time with a dot": (lambda t, ms: f"{t}|{ms}.0".encode(), "kodowanie", "timestampMs"),
    "Arabic-Indic time": (lambda t, ms: f"{t}|\u0661\u0662".encode(), "kodowanie", "timestampMs"),
    "NUL inside": (lambda t, ms: f"{t}\0|{ms}".encode(), "kodowanie", "three parts"),
    "not UTF-8": (lambda t, ms: b"\xff\xfe" + f"{t[:60]}|{ms}".encode(), "kodowanie", "UTF-8"),
    "a line end": (lambda t, ms: f"{t}\n|{ms}".encode(), "kodowanie", "line end"),
    "a line end behind the time": (lambda t, ms: f"{t}|{ms}\n".encode(), "kodowanie", "timestampMs"),
    "empty": (lambda t, ms: b"", "kodowanie", "timestampMs"),
    "a time alone": (lambda t, ms: f"|{ms}".encode(), "kodowanie", "opaque"),
    "KSeF 1.0": (lambda t, ms: f"{'0123456789ABCDEF' * 4}|{ms}".encode(), "kodowanie", "KSeF 1.0"),
    "opaque text": (lambda t, ms: f"some-opaque-text|{ms}".encode(), "kodowanie", "KSeF 1.0"),
    "forty letters": (lambda t, ms: f"{'aB3' * 13}x|{ms}".encode(), "kodowanie", "--token-form short40"),
    "upper case": (lambda t, ms: f"{t.upper()}|{ms}".encode(), "kodowanie", "lower-case hex"),
    "seconds": (lambda t, ms: f"{t}|{ms // 1000}".encode(), "czas", "in seconds"),
    "another time": (lambda t, ms: f"{t}|{ms + 1}".encode(), "czas", "timestampMs of this challenge"),
    "a wrong secret": (
        lambda t, ms: f"{t[:-1]}{'0' if t[-1] != '0' else '1'}|{ms}".encode(),
        "token",
        "secret",
    ),
    "an unknown reference": (
        lambda t, ms: f"20250101-EC-{t[12:]}|{ms}".encode(),
        "token",
        "no token of that reference",
    ),
    "an edited context": (
        lambda t, ms: f"{t.split('|')[0]}|nip-1111111111|{t.split('|')[2]}|{ms}".encode(),
        "token",
        "was changed",
    ),
}
DETAILS = {
    "kodowanie": "Nieprawidłowe kodowanie tokena",
    "czas": "Nieprawidłowy czas tokena",
    "token": "Nieprawidłowy token",
}


@pytest.mark.parametrize("kind", PLAINTEXTS)
def test_a_plaintext_that_is_no_token_and_time(api: Api, ania: Person, kind: str) -> None:
    make, word, cause = PLAINTEXTS[kind]
    _, token = api.generate(ania.login, "InvoiceRead")
    challenge = api.challenge()
    body = api.token_body(token, ania.context, challenge)
    body["encryptedToken"] = _sealed(api, make(token, challenge["timestampMs"]))
    status, why = _ended(api, body)
    assert status == {**OPENING, "details": [DETAILS[word]]}
    assert cause in why
    assert token.split("|")[2] not in why


def test_a_long_plaintext_is_no_token_either() -> None:
    """RSA carries 190 bytes; what comes out of a larger key may be longer."""
    found = read_plaintext(b"x" * 10_000 + b"|1", 1, short_form=True)
    assert isinstance(found, Refusal)
    assert found.detail == DETAILS["kodowanie"]
    assert isinstance(read_plaintext(b"A" * 40 + b"|1", 1, short_form=True), Presented)


def test_the_time_of_another_challenge_does_not_serve(timed: Api, clock: ManualClock) -> None:
    person = firm(timed)
    _, token = timed.generate(person.login, "InvoiceRead")
    first = timed.challenge()
    clock.advance(seconds=1)
    second = timed.challenge()
    body = timed.token_body(token, person.context, first) | {"challenge": second["challenge"]}
    started = timed.started(timed.call("POST", "/auth/ksef-token", body=body))
    assert timed.status(started)["status"]["details"] == ["Nieprawidłowy czas tokena"]


# ---- 450 and 415: the token


def test_a_token_serves_in_its_own_context_only(api: Api, ania: Person, obcy: Person) -> None:
    _, token = api.generate(ania.login, "InvoiceRead")
    for context in (obcy.context, ("InternalId", f"{ania.nip}-12345"), ("PeppolId", "PPL123456")):
        status, why = _ended(api, api.token_body(token, context))
        assert status == {**OPENING, "details": [f"Token nie może być użyty w kontekście {context[1]}"]}
        assert ania.nip in why


def test_a_revoked_token_is_out_and_so_are_its_refreshes(both: Api) -> None:
    person = firm(both)
    ref, token = both.generate(person.login, "InvoiceRead")
    login = both.enter_with_token(token, person.context)
    waiting = both.start_with_token(token, person.context)
    assert both.status(waiting)["status"]["code"] == 200
    both.revoke_token(person.login, ref)
    status, _ = _ended(both, both.token_body(token, person.context))
    assert status == {**OPENING, "details": ["Token unieważniony"]}
    for path, bearer in (("redeem", waiting.authentication), ("refresh", login.refresh)):
        found = refusal(both.call("POST", f"/auth/token/{path}", bearer))
        assert (found.code, found.details) == (21301, ["Token KSeF został unieważniony."])
    assert both.call("GET", "/rate-limits", login).status_code == 200


def test_a_token_is_good_for_what_its_author_still_holds(api: Api, ania: Person) -> None:
    author = employee(api, ania.nip, "InvoiceRead", "Introspection")
    _, token = api.generate(author.login, "InvoiceRead")

    def rights() -> list[str]:
        held: list[str] = json.loads(claims(api.enter_with_token(token, ania.context).access)["pep"])
        return held

    login = api.enter_with_token(token, ania.context)
    assert rights() == ["InvoiceRead"]
    # Something is left, but nothing the token carries: in, with empty hands.
    api.forbid(ania.nip, author.subject)
    api.permit(ania.nip, author.subject, "Introspection")
    assert rights() == []
    refreshed = api.call("POST", "/auth/token/refresh", login.refresh).json()["accessToken"]["token"]
    assert json.loads(claims(refreshed)["pep"]) == []
    # Nothing is left: 415. What comes back brings the token back.
    api.forbid(ania.nip, author.subject)
    status, _ = _ended(api, api.token_body(token, ania.context))
    assert (status["code"], status["details"]) == (415, ["Brak przypisanych uprawnień"])
    api.permit(ania.nip, author.subject, "InvoiceRead")
    assert rights() == ["InvoiceRead"]


def test_a_blocked_context_blocks_tokens_too(api: Api, ania: Person) -> None:
    _, token = api.generate(ania.login, "InvoiceRead")
    api.testdata("context/block", contextIdentifier={"type": "Nip", "value": ania.nip})
    status, _ = _ended(api, api.token_body(token, ania.context))
    assert status["code"] == 480


def test_the_token_of_a_dead_author_is_dead(api: Api, ania: Person) -> None:
    _, token = api.generate(ania.login, "InvoiceRead")
    api.testdata(
        "person", nip=ania.nip, pesel="80010112345", isBailiff=False, description="a person", isDeceased=True
    )
    status, _ = _ended(api, api.token_body(token, ania.context))
    assert status["code"] == 470


def test_of_parallel_token_logins_with_one_challenge_exactly_one_wins(api: Api, ania: Person) -> None:
    _, token = api.generate(ania.login, "InvoiceRead")
    body = api.token_body(token, ania.context)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.call("POST", "/auth/ksef-token", body=body), range(10)))
    assert sorted(a.status_code for a in answers) == [202] + [400] * 9


def test_many_logins_at_once_all_come_in(api: Api, ania: Person) -> None:
    _, token = api.generate(ania.login, "InvoiceRead")
    with ThreadPoolExecutor(10) as pool:
        logins = list(pool.map(lambda _: api.enter_with_token(token, ania.context), range(60)))
    assert len({login.ref for login in logins}) == 60


# ---- while the work behind 202 stands still, and after a restart


async def _idle(_: LocalKsef) -> bool:
    return False


def test_what_was_accepted_is_finished_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    with local_ksef(tmp_path, clock=clock) as running, Api(running) as api:
        person = firm(api)
        _, token = api.generate(person.login, "InvoiceRead")
    monkeypatch.setitem(STEPS, "auth", _idle)
    with local_ksef(tmp_path, clock=clock) as running, Api(running) as api:
        early = api.start_with_token(token, person.context)
        signed = api.started(api.post_signed(api.signed(person.identity, person.context)))
        for login in (early, signed):
            status = api.call("GET", f"/auth/{login.ref}", login.authentication).json()["status"]
            assert status == {"code": 100, "description": "Uwierzytelnianie w toku"}
            found = refusal(api.call("POST", "/auth/token/redeem", login.authentication))
            assert found.details == ["Status uwierzytelniania (100) nie pozwala na pobranie tokenów."]
    monkeypatch.undo()
    with local_ksef(tmp_path, clock=clock) as running, Api(running) as api:
        for login in (early, signed):
            assert api.status(login)["status"]["code"] == 200
            api.redeem(login)
    monkeypatch.setitem(STEPS, "auth", _idle)
    with local_ksef(tmp_path, clock=clock) as running, Api(running) as api:
        late = api.start_with_token(token, person.context)
    monkeypatch.undo()
    clock.advance(minutes=10, seconds=1)
    with local_ksef(tmp_path, clock=clock) as running, Api(running) as api:
        status = api.status(late)["status"]
        assert status == {**OPENING, "details": ["Nieprawidłowe wyzwanie autoryzacyjne"]}


def test_nobody_waits_for_the_patrol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is woken by the commit of what it is to read: on disk that comes after the handler."""
    monkeypatch.setattr(work, "_PATROL", 3600.0)
    with local_ksef(tmp_path) as running, Api(running) as api:
        person = firm(api)
        _, token = api.generate(person.login, "InvoiceRead")
        for _ in range(20):
            api.enter_with_token(token, person.context)


def test_a_token_on_its_way_in_or_out_is_not_active(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STEPS, "tokens", _idle)
    with local_ksef() as running, Api(running) as api:
        person = firm(api)
        body = {"permissions": ["InvoiceRead"], "description": "never active"}
        made = api.call("POST", "/tokens", person.login, body=body).json()
        ref = made["referenceNumber"]
        for state in ("Pending", "Revoking"):
            assert api.call("GET", f"/tokens/{ref}", person.login).json()["status"] == state
            login = api.start_with_token(made["token"], person.context)
            assert api.status(login)["status"] == {**OPENING, "details": ["Token nieaktywny"]}
            assert api.call("DELETE", f"/tokens/{ref}", person.login).status_code == 204


# ---- the short form


@pytest.fixture(scope="module")
def short() -> Iterator[Api]:
    with local_ksef(token_form="short40") as running, Api(running) as api:
        yield api


def test_a_short_token_opens_where_the_switch_says_so(short: Api) -> None:
    person = firm(short)
    _, token = short.generate(person.login, "InvoiceRead")
    assert len(token) == 40
    assert token.isascii()
    assert token.isalnum()
    login = short.enter_with_token(token, person.context)
    assert claims(login.access)["aum"] == "Token"
    for wrong in (token[:-1] + ("x" if token[-1] != "x" else "y"), "A" * 8 + token[8:]):
        started = short.start_with_token(wrong, person.context)
        assert short.status(started)["status"]["details"] == ["Nieprawidłowy token"]
    other = firm(short)
    started = short.start_with_token(token, other.context)
    assert short.status(started)["status"]["details"] == [
        f"Token nie może być użyty w kontekście {other.nip}"
    ]


# ---- refused at once


BODIES: dict[str, tuple[Callable[[dict[str, Any]], object], int]] = {
    "Base64 with blanks": (
        lambda b: {**b, "encryptedToken": b["encryptedToken"][:8] + " " + b["encryptedToken"][8:]},
        21405,
    ),
    "Base64 for addresses": (
        lambda b: {**b, "encryptedToken": urlsafe_b64encode(b"\xff" * 256).decode()},
        21405,
    ),
    "bad padding": (lambda b: {**b, "encryptedToken": b["encryptedToken"].rstrip("=")}, 21405),
    "an unknown challenge": (lambda b: {**b, "challenge": "20250101-CR-0000000000-0000000000-00"}, 21111),
    "a short challenge": (lambda b: {**b, "challenge": "20250101"}, 21405),
    "no challenge": (lambda b: {k: v for k, v in b.items() if k != "challenge"}, 21405),
    "no context": (lambda b: {k: v for k, v in b.items() if k != "contextIdentifier"}, 21405),
    "no token": (lambda b: {k: v for k, v in b.items() if k != "encryptedToken"}, 21405),
    "a bad NIP": (lambda b: {**b, "contextIdentifier": {"type": "Nip", "value": "0123456789"}}, 21405),
    "an odd NIP": (lambda b: {**b, "contextIdentifier": {"type": "Nip", "value": "\u0661" * 10}}, 21405),
    "an unknown type": (lambda b: {**b, "contextIdentifier": {"type": "Regon", "value": "1"}}, 21001),
    "a number for text": (lambda b: {**b, "challenge": 5}, 21001),
    "a short key name": (lambda b: {**b, "publicKeyId": "abc"}, 21405),
    "eleven addresses": (
        lambda b: {**b, "authorizationPolicy": {"allowedIps": {"ip4Addresses": ["1.2.3.4"] * 11}}},
        21405,
    ),
    "an address with a nought": (
        lambda b: {**b, "authorizationPolicy": {"allowedIps": {"ip4Addresses": ["010.0.0.1"]}}},
        21405,
    ),
    "a mask of 33": (
        lambda b: {**b, "authorizationPolicy": {"allowedIps": {"ip4Masks": ["10.0.0.0/33"]}}},
        21405,
    ),
    "half a range": (
        lambda b: {**b, "authorizationPolicy": {"allowedIps": {"ip4Ranges": ["10.0.0.1-"]}}},
        21405,
    ),
    "a list": (lambda b: [b], 21001),
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_that_is_wrong_in_itself_is_refused(both: Api, kind: str) -> None:
    change, code = BODIES[kind]
    nip = new_nip()
    body = both.token_body("token", ("Nip", nip))
    found = refusal(both.call("POST", "/auth/ksef-token", body=change(body)))
    assert found.code == code, found
    # A refusal uses nothing up: the challenge still serves.
    assert both.call("POST", "/auth/ksef-token", body=body).status_code == 202


def test_context_types_are_read_in_any_case(api: Api, ania: Person) -> None:
    _, token = api.generate(ania.login, "InvoiceRead")
    body = api.token_body(token, ("NIP", ania.nip))
    assert api.status(api.started(api.call("POST", "/auth/ksef-token", body=body)))["status"]["code"] == 200


# ---- addresses


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        ({"ip4Addresses": ["127.0.0.1"]}, True),
        ({"ip4Addresses": ["127.0.0.2"]}, False),
        ({"ip4Ranges": ["127.0.0.0-127.0.0.9"]}, True),
        ({"ip4Ranges": ["127.0.0.2-127.0.0.9"]}, False),
        ({"ip4Masks": ["127.0.0.0/8"]}, True),
        ({"ip4Masks": ["10.0.0.0/8"]}, False),
        ({"ip4Addresses": ["10.0.0.1"], "ip4Masks": ["127.0.0.0/30"]}, True),
        ({"ip4Addresses": []}, True),
        ({}, True),
    ],
)
def test_a_login_may_be_tied_to_addresses(
    api: Api, ania: Person, policy: dict[str, Any], allowed: bool
) -> None:
    _, token = api.generate(ania.login, "InvoiceRead")
    body = api.token_body(token, ania.context) | {"authorizationPolicy": {"allowedIps": policy}}
    started = api.started(api.call("POST", "/auth/ksef-token", body=body))
    if allowed:
        login = api.redeem(started) if api.status(started)["status"]["code"] == 200 else None
        assert login is not None
        assert api.call("GET", "/rate-limits", login).status_code == 200
        return
    for method, path in (("GET", f"/auth/{started.ref}"), ("POST", "/auth/token/redeem")):
        answer = api.call(method, path, started.authentication, headers={"X-Forwarded-For": "10.0.0.1"})
        assert answer.status_code == 403
        assert answer.json()["reasonCode"] == "ip-not-allowed"
        assert answer.json()["security"] == {"clientIp": "127.0.0.1"}


def test_a_signed_request_carries_addresses_as_well(api: Api, ania: Person) -> None:
    login = api.enter(ania.identity, ania.context, ip4_masks=("127.0.0.0/8",), ip4_addresses=("10.0.0.1",))
    said = claims(login.access)
    assert json.loads(said["ipp"])["ip4Masks"] == ["127.0.0.0/8"]
    assert json.loads(said["iop"]) == ["10.0.0.1", "127.0.0.0/8"]
    assert "ipp" not in claims(ania.login.access)
