"""The causes that KSeF never tells: each is found by trace id and by the numbers that a caller has, in both
languages, and stands in the log."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from klucznik.testing import RunningKsef

from .desk import Desk
from .door import Api, Person, employee, new_nip

LOG = "klucznik.ksef"


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO, LOG):
        yield


@pytest.fixture
def desk(running: RunningKsef) -> Iterator[Desk]:
    made = Desk(running)
    yield made
    made.http.close()


def _found(running: RunningKsef, key: str, english: str, polish: str) -> dict[str, Any]:
    """The newest cause under a key, which says both."""
    causes = running.why(key)
    assert causes, key
    assert english in causes[0]["why"]["en"], causes[0]
    assert polish in causes[0]["why"]["pl"], causes[0]
    return causes[0]


def _trace(answer: httpx2.Response) -> str:
    """From the service code of the old envelope."""
    code: str = answer.json()["exception"]["serviceCode"]
    return code.split("-")[1]


# ---- logging in by KSeF token

OAEP_SHA1 = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
MGF1_SHA1 = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA256(), label=None)
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)

Sealing = Callable[[Api, str, int], bytes]


def _sealed(api: Api, token: str, time: int, scheme: Any = OAEP, usage: str = "KsefTokenEncryption") -> bytes:
    return api.public_key(usage).encrypt(f"{token}|{time}".encode(), scheme)


MISTAKES: dict[str, tuple[Sealing, str, str, str]] = {
    "the other key": (
        lambda api, token, ms: _sealed(api, token, ms, usage="SymmetricKeyEncryption"),
        "Nieprawidłowe szyfrowanie tokena",
        "encrypted to the key of another usage",
        "zaszyfrowano kluczem o innym przeznaczeniu",
    ),
    "OAEP with SHA-1": (
        lambda api, token, ms: _sealed(api, token, ms, OAEP_SHA1),
        "Nieprawidłowe szyfrowanie tokena",
        "it is OAEP with SHA-1",
        "to OAEP z SHA-1",
    ),
    "MGF1 with SHA-1": (
        lambda api, token, ms: _sealed(api, token, ms, MGF1_SHA1),
        "Nieprawidłowe szyfrowanie tokena",
        "MGF1 with SHA-1",
        "ale MGF1 z SHA-1",
    ),
    "seconds": (
        lambda api, token, ms: _sealed(api, token, ms // 1000),
        "Nieprawidłowy czas tokena",
        "the time is in seconds",
        "czas podano w sekundach",
    ),
    "seconds of a clock of one's own": (
        lambda api, token, ms: _sealed(api, token, ms // 1000 - 40),
        "Nieprawidłowy czas tokena",
        "the time is in seconds",
        "czas podano w sekundach",
    ),
    "milliseconds of a clock of one's own": (
        lambda api, token, ms: _sealed(api, token, ms - 40),
        "Nieprawidłowy czas tokena",
        "timestampMs of this challenge is",
        "timestampMs tego wyzwania to",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_login_that_fails_after_202(
    api: Api, ania: Person, running: RunningKsef, caplog: pytest.LogCaptureFixture, mistake: str
) -> None:
    seal, detail, english, polish = MISTAKES[mistake]
    _, token = api.generate(ania.login, "InvoiceRead")
    challenge = api.challenge()
    body = api.token_body(token, ania.context, challenge)
    body["encryptedToken"] = b64encode(seal(api, token, challenge["timestampMs"])).decode()
    started = api.started(api.call("POST", "/auth/ksef-token", body=body))
    assert api.status(started)["status"]["details"] == [detail]
    _found(running, started.ref, english, polish)
    (line,) = [record.getMessage() for record in caplog.records if started.ref in record.getMessage()]
    assert english in line
    assert token.rpartition("|")[2] not in line


def test_the_token_of_another_context(
    api: Api, ania: Person, running: RunningKsef, caplog: pytest.LogCaptureFixture
) -> None:
    ref, token = api.generate(ania.login, "InvoiceRead")
    other = new_nip()
    started = api.start_with_token(token, ("Nip", other))
    detail = f"Token nie może być użyty w kontekście {other}"
    assert api.status(started)["status"]["details"] == [detail]
    english = f"token {ref} belongs to Nip {ania.nip}, not to Nip {other}"
    _found(running, started.ref, english, f"token {ref} należy do Nip {ania.nip}, nie do Nip {other}")
    assert english in caplog.text


# ---- refused at the door


def test_a_document_that_was_serialised_anew_after_signing(
    api: Api, ania: Person, running: RunningKsef, caplog: pytest.LogCaptureFixture
) -> None:
    challenge = api.challenge()["challenge"]
    signed = api.signed(ania.identity, ania.context, challenge=challenge)
    indented = signed.replace(b"<Challenge>", b"\n  <Challenge>")
    assert indented != signed
    answer = api.post_signed(indented)
    assert answer.status_code == 400
    english = "changed or re-serialised after signing"
    polish = "zmieniono albo zapisano na nowo po podpisaniu"
    by_trace = _found(running, _trace(answer), english, polish)
    # Nobody logs the trace id, but everybody has the challenge; and the whole service code will do.
    assert _found(running, challenge, english, polish) == by_trace
    assert _found(running, answer.json()["exception"]["serviceCode"], english, polish) == by_trace
    assert english in caplog.text


def test_a_key_that_is_named_but_not_ours_is_found_by_the_challenge(
    api: Api, ania: Person, running: RunningKsef
) -> None:
    challenge = api.challenge()
    _, token = api.generate(ania.login, "InvoiceRead")
    body = {**api.token_body(token, ania.context, challenge), "publicKeyId": "A" * 43 + "="}
    answer = api.call("POST", "/auth/ksef-token", body=body)
    assert answer.status_code == 400
    english, polish = "no key for KsefTokenEncryption", "żaden klucz KsefTokenEncryption"
    assert _found(running, challenge["challenge"], english, polish)["traceId"] == _trace(answer)


def test_a_missing_permission_and_who_could_grant_it(
    api: Api, ania: Person, running: RunningKsef, caplog: pytest.LogCaptureFixture
) -> None:
    reader = employee(api, ania.nip, "InvoiceRead")
    answer = api.call("POST", "/sessions/online", reader.login, body={})
    assert answer.status_code == 403
    english = f"holds none of InvoiceWrite, PefInvoiceWrite, EnforcementOperations in Nip {ania.nip}"
    cause = _found(running, answer.json()["traceId"], "can grant it", "może je nadać właściciel")
    assert english in cause["why"]["en"]
    assert english in caplog.text


# ---- invoices


def test_what_failed_in_a_session_is_found_by_its_number(
    desk: Desk, running: RunningKsef, caplog: pytest.LogCaptureFixture
) -> None:
    ania = desk.firm()
    session = ania.open()
    good, late = ania.invoice("FV/1"), ania.invoice("FV/2", day=desk.today() + timedelta(days=400))
    assert ania.settled(session, good)["status"]["code"] == 200
    found = ania.settled(session, late)
    assert found["status"]["code"] == 450
    english, polish = "a day still to come in Poland", "ten dzień w Polsce jeszcze nie nastał"
    by_number = _found(running, found["referenceNumber"], english, polish)
    assert running.why(session.ref) == [by_number]
    assert english in caplog.text
