"""Keys that follow one another: planned, in an emergency, and the same key certified anew."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from klucznik.clock import ManualClock
from klucznik.crypto.envelope import aes_encrypt, sha256_base64, token_payload, wrap
from klucznik.secret import Secret
from klucznik.testing import CannotManage, RunningKsef, local_ksef

from .door import Api, Person, firm, refusal

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOKENS, SESSIONS = "KsefTokenEncryption", "SymmetricKeyEncryption"


@pytest.fixture
def house() -> Iterator[RunningKsef]:
    with local_ksef(clock=ManualClock(NOW)) as running:
        yield running


@pytest.fixture
def api(house: RunningKsef) -> Iterator[Api]:
    with Api(house) as door:
        yield door


def published(api: Api, usage: str) -> list[dict[str, Any]]:
    found = api.call("GET", "/security/public-key-certificates").json()
    return [entry for entry in found if entry["usage"] == [usage]]


def sealed(entry: dict[str, Any], plain: bytes) -> str:
    key = x509.load_der_x509_certificate(b64decode(entry["certificate"])).public_key()
    assert isinstance(key, RSAPublicKey)
    return b64encode(wrap(plain, key)).decode()


def opening(entry: dict[str, Any], *, named: bool, key: bytes = bytes(32)) -> dict[str, Any]:
    encryption = {
        "encryptedSymmetricKey": sealed(entry, key),
        "initializationVector": b64encode(bytes(16)).decode(),
    }
    return {
        "formCode": {"systemCode": "FA (3)", "schemaVersion": "1-0E", "value": "FA"},
        "encryption": encryption | ({"publicKeyId": entry["publicKeyId"]} if named else {}),
    }


def session_status(api: Api, ania: Person, body: dict[str, Any]) -> tuple[str, int]:
    """The session's number, and its status once the steps have seen it."""
    answer = api.call("POST", "/sessions/online", ania.login, body=body)
    assert answer.status_code == 201, answer.text
    ref = answer.json()["referenceNumber"]
    api.call("POST", f"/sessions/online/{ref}/close", ania.login)
    status = 170
    for _ in range(5_000):
        if status not in (100, 170):
            break
        status = api.call("GET", f"/sessions/{ref}", ania.login).json()["status"]["code"]
    return ref, status


def token_status(api: Api, ania: Person, token: str, entry: dict[str, Any], *, named: bool) -> dict[str, Any]:
    challenge = api.challenge()
    body: dict[str, Any] = {
        "challenge": challenge["challenge"],
        "contextIdentifier": {"type": "Nip", "value": ania.nip},
        "encryptedToken": sealed(entry, token_payload(Secret(token), challenge["timestampMs"])),
    }
    if named:
        body["publicKeyId"] = entry["publicKeyId"]
    started = api.started(api.call("POST", "/auth/ksef-token", body=body))
    return {"ref": started.ref, **api.status(started)["status"]}


@pytest.mark.parametrize("named", [True, False], ids=["with publicKeyId", "without"])
def test_after_a_planned_rotation_both_keys_work_until_the_older_ends(
    api: Api, house: RunningKsef, named: bool
) -> None:
    ania = firm(api)
    _, token = api.generate(ania.login, "InvoiceRead")
    old = {usage: published(api, usage)[0] for usage in (TOKENS, SESSIONS)}
    house.manage("POST", "/keys", {"rotate": "planned", "overlap": 86_400})
    for usage in (TOKENS, SESSIONS):
        new, older = published(api, usage)
        assert older["publicKeyId"] == old[usage]["publicKeyId"] != new["publicKeyId"]
        assert older["validTo"] == "2026-03-03T09:00:00.0000000+00:00"
        shown = x509.load_der_x509_certificate(b64decode(older["certificate"]))
        assert shown.not_valid_after_utc == NOW + timedelta(days=1)
        # A client takes the valid one that begins last.
        assert (
            older["validFrom"] < new["validFrom"] < "2026-03-02T09:00:00" < older["validTo"] < new["validTo"]
        )
    new_ones = {usage: published(api, usage)[0] for usage in (TOKENS, SESSIONS)}
    for keys in (old, new_ones):
        assert token_status(api, ania, token, keys[TOKENS], named=named)["code"] == 200
        assert session_status(api, ania, opening(keys[SESSIONS], named=named))[1] == 440
    house.advance(days=1)
    ania.login.access = api.call("POST", "/auth/token/refresh", ania.login.refresh).json()["accessToken"][
        "token"
    ]
    assert [len(published(api, usage)) for usage in (TOKENS, SESSIONS)] == [1, 1]
    assert token_status(api, ania, token, new_ones[TOKENS], named=named)["code"] == 200
    assert session_status(api, ania, opening(new_ones[SESSIONS], named=named))[1] == 440
    _over(
        api, house, ania, token, old, named=named, en="ended at 2026-03-03", pl="stracił ważność 2026-03-03"
    )


@pytest.mark.parametrize("named", [True, False], ids=["with publicKeyId", "without"])
def test_an_emergency_ends_the_old_key_at_once(api: Api, house: RunningKsef, named: bool) -> None:
    ania = firm(api)
    _, token = api.generate(ania.login, "InvoiceRead")
    old = {usage: published(api, usage)[0] for usage in (TOKENS, SESSIONS)}
    house.manage("POST", "/keys", {"rotate": "planned"})
    between = {usage: published(api, usage)[0] for usage in (TOKENS, SESSIONS)}
    house.manage("POST", "/keys", {"rotate": "emergency"})
    new = {usage: published(api, usage) for usage in (TOKENS, SESSIONS)}
    assert [len(found) for found in new.values()] == [1, 1]
    assert token_status(api, ania, token, new[TOKENS][0], named=named)["code"] == 200
    assert session_status(api, ania, opening(new[SESSIONS][0], named=named))[1] == 440
    for keys in (old, between):  # every older one
        _over(
            api,
            house,
            ania,
            token,
            keys,
            named=named,
            en="withdrawn in an emergency",
            pl="wycofano awaryjnie",
        )


def _over(
    api: Api,
    house: RunningKsef,
    ania: Person,
    token: str,
    keys: dict[str, dict[str, Any]],
    *,
    named: bool,
    en: str,
    pl: str,
) -> None:
    """What logins and sessions answer to a key that works no longer, and why."""
    causes = []
    if named:
        challenge = api.challenge()["challenge"]
        login = {
            "challenge": challenge,
            "contextIdentifier": {"type": "Nip", "value": ania.nip},
            "encryptedToken": sealed(keys[TOKENS], b"x"),
            "publicKeyId": keys[TOKENS]["publicKeyId"],
        }
        encryption = opening(keys[SESSIONS], named=True)["encryption"]
        span = {"dateType": "Issue", "from": "2026-03-01T00:00:00Z"}
        export = {"encryption": encryption, "filters": {"subjectType": "Subject1", "dateRange": span}}
        for path, bearer, body, usage in (
            ("/auth/ksef-token", None, login, TOKENS),
            ("/sessions/online", ania.login, opening(keys[SESSIONS], named=True), SESSIONS),
            ("/invoices/exports", ania.login, export, SESSIONS),
        ):
            headers = {"X-Error-Format": "problem-details"}
            answer = api.call("POST", path, bearer, body=body, headers=headers)
            refused = refusal(answer)
            assert refused.code == 21470
            assert refused.details == [
                f"Klucz o identyfikatorze {keys[usage]['publicKeyId']} nie jest wspierany."
            ]
            causes.append(house.why(answer.json()["traceId"]))
    else:
        login_status = token_status(api, ania, token, keys[TOKENS], named=False)
        assert (login_status["code"], login_status["details"]) == (450, ["Nieprawidłowe szyfrowanie tokena"])
        ref, status = session_status(api, ania, opening(keys[SESSIONS], named=False))
        assert status == 415
        causes += [house.why(login_status["ref"]), house.why(ref)]
    for found in causes:
        assert any(en in cause["why"]["en"] and pl in cause["why"]["pl"] for cause in found), found


def test_a_session_opened_before_an_emergency_goes_on_after_a_restart(tmp_path: Path) -> None:
    with local_ksef(tmp_path) as running, Api(running) as api:
        ania = firm(api)
        answer = api.call(
            "POST", "/sessions/online", ania.login, body=opening(published(api, SESSIONS)[0], named=True)
        )
        ref = answer.json()["referenceNumber"]
        running.manage("POST", "/keys", {"rotate": "emergency"})
        told = api.call("GET", "/security/public-key-certificates").json()
    with local_ksef(tmp_path) as running, Api(running) as api:
        assert api.call("GET", "/security/public-key-certificates").json() == told
        document = b"<no invoice/>"
        sent = api.call(
            "POST",
            f"/sessions/online/{ref}/invoices",
            ania.login,
            body=_posted(document, bytes(32), bytes(16)),
        )
        assert sent.status_code == 202, sent.text
        # It is decrypted, and refused as what it is.
        path = f"/sessions/{ref}/invoices/{sent.json()['referenceNumber']}"
        code = 100
        for _ in range(5_000):
            if code != 100:
                break
            code = api.call("GET", path, ania.login).json()["status"]["code"]
        assert code == 450
        running.reset()  # keys are no data
        assert api.call("GET", "/security/public-key-certificates").json() == told


def _posted(document: bytes, key: bytes, iv: bytes) -> dict[str, Any]:
    cipher = aes_encrypt(document, key, iv)
    return {
        "invoiceHash": sha256_base64(document),
        "invoiceSize": len(document),
        "encryptedInvoiceHash": sha256_base64(cipher),
        "encryptedInvoiceSize": len(cipher),
        "encryptedInvoiceContent": b64encode(cipher).decode(),
    }


def test_a_renewal_keeps_the_key_and_changes_its_certificate(api: Api, house: RunningKsef) -> None:
    (before,) = published(api, TOKENS)
    house.manage("POST", "/keys", {"rotate": "renewal", "usage": [TOKENS], "overlap": 60})
    new, older = published(api, TOKENS)
    assert new["publicKeyId"] == older["publicKeyId"] == before["publicKeyId"]
    assert new["certificateId"] != before["certificateId"]
    assert len(published(api, SESSIONS)) == 1
    house.advance(seconds=60)
    assert published(api, TOKENS) == [new]
    ania = firm(api)
    _, token = api.generate(ania.login, "InvoiceRead")
    assert token_status(api, ania, token, before, named=True)["code"] == 200


def test_the_door_shows_every_key_and_refuses_what_it_does_not_know(api: Api, house: RunningKsef) -> None:
    house.manage("POST", "/keys", {"rotate": "planned", "usage": [TOKENS], "overlap": 0})
    house.manage("POST", "/keys", {"rotate": "emergency", "usage": [TOKENS]})
    states = [key["state"] for key in house.manage("GET", "/keys")["keys"] if key["usage"] == TOKENS]
    assert states == ["works", "withdrawn", "ended"]
    for bad in (
        {"rotate": "sometimes"},
        {},
        {"rotate": "planned", "usage": ["Other"]},
        {"rotate": "planned", "overlap": -1},
    ):
        with pytest.raises(CannotManage):
            house.manage("POST", "/keys", bad)


def test_the_cause_of_a_session_key_names_the_mistake(api: Api, house: RunningKsef) -> None:
    ania = firm(api)
    (entry,), (other,) = published(api, SESSIONS), published(api, TOKENS)
    for body, en in (
        (opening(entry, named=True, key=bytes(16)), "16 bytes"),
        (opening(other, named=False), "another usage"),
    ):
        ref, status = session_status(api, ania, body)
        assert status == 415
        assert any(en in cause["why"]["en"] for cause in house.why(ref))
