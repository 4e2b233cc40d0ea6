"""Limits as they are told, and as they are felt. Rules: limits.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from klucznik.clock import ManualClock
from klucznik.crypto import authority
from klucznik.server.local import RateProfile
from klucznik.testing import local_ksef

from .door import Api, Person, employee, firm, new_nip


@pytest.fixture(scope="module")
def limited_clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def limited(limited_clock: ManualClock) -> Iterator[Api]:
    """A KSeF with the limits of production, whose time stands still."""
    with local_ksef(clock=limited_clock, rates="production") as running, Api(running) as api:
        yield api


def test_rate_limits_are_told_for_all_groups(limited: Api) -> None:
    told = limited.call("GET", "/rate-limits", firm(limited).login).json()
    assert len(told) == 17
    assert told["onlineSession"] == {"perSecond": 10, "perMinute": 30, "perHour": 120}
    assert told["invoiceSend"] == {"perSecond": 10, "perMinute": 30, "perHour": 180}
    assert told["sessionMisc"] == {"perSecond": 10, "perMinute": 120, "perHour": 1200}
    assert told["anonymous"] == {"perSecond": 60, "perMinute": -1, "perHour": -1}
    assert told["global"] == {"perSecond": 75, "perMinute": -1, "perHour": -1}


@pytest.mark.parametrize(("profile", "per_hour"), [("x10", 1200), ("off", -1)])
def test_profiles_change_the_figures(profile: RateProfile, per_hour: int) -> None:
    with local_ksef(rates=profile) as running, Api(running) as api:
        told = api.call("GET", "/rate-limits", firm(api).login).json()
        assert told["onlineSession"]["perHour"] == per_hour
        assert told["anonymous"]["perMinute"] == -1


def test_limits_of_context_and_subject(api: Api, ania: Person) -> None:
    clerk = employee(api, ania.nip, "InvoiceRead")
    sizes = {"maxInvoiceSizeInMB": 1, "maxInvoiceWithAttachmentSizeInMB": 3, "maxInvoices": 10_000}
    for login in (ania.login, clerk.login):
        assert api.call("GET", "/limits/context", login).json() == {
            "onlineSession": sizes,
            "batchSession": sizes,
            "collectiveIdentifier": {"maxInvoices": 500},
        }
    company = {"enrollment": {"maxEnrollments": 300}, "certificate": {"maxCertificates": 100}}
    person = {"enrollment": {"maxEnrollments": 12}, "certificate": {"maxCertificates": 6}}
    provider = authority.peppol_seal("PPL222222", now=api.ksef.clock.now())
    peppol = api.enter(provider, ("PeppolId", "PPL222222"))
    for login, wanted in ((ania.login, company), (clerk.login, person), (peppol, company)):
        assert api.call("GET", "/limits/subject", login).json() == wanted


def test_too_many_calls_are_told_to_wait_in_both_formats(limited: Api, limited_clock: ManualClock) -> None:
    login = firm(limited).login
    for _ in range(10):
        assert limited.call("GET", "/limits/context", login).status_code == 200
    sentence = "Przekroczono limit 10 żądań na sekundę. Spróbuj ponownie po 1 sekundach."
    old = limited.call("GET", "/limits/context", login)
    assert old.status_code == 429
    assert old.headers["retry-after"] == "1"
    assert old.json() == {"status": {"code": 429, "description": "Too Many Requests", "details": [sentence]}}
    new = limited.call("GET", "/limits/context", login, headers={"X-Error-Format": "problem-details"})
    assert new.status_code == 429
    assert new.headers["retry-after"] == "1"
    assert new.headers["content-type"].startswith("application/problem+json")
    assert (new.json()["title"], new.json()["detail"]) == ("Too Many Requests", sentence)
    # In group `other` every endpoint counts apart, and so does every context.
    assert limited.call("GET", "/limits/subject", login).status_code == 200
    limited_clock.advance(seconds=1)
    assert limited.call("GET", "/limits/context", firm(limited).login).status_code == 200
    # Refused calls were not counted; then the minute fills up, then the hour.
    for _ in range(2):
        for _ in range(10):
            assert limited.call("GET", "/limits/context", login).status_code == 200
        limited_clock.advance(seconds=1)
    full = limited.call("GET", "/limits/context", login)
    assert full.json()["status"]["details"] == [
        "Przekroczono limit 30 żądań na minutę. Spróbuj ponownie po 57 sekundach."
    ]
    assert full.headers["retry-after"] == "57"
    limited_clock.advance(seconds=57)
    for _ in range(9):
        for _ in range(10):
            assert limited.call("GET", "/limits/context", login).status_code == 200
        limited_clock.advance(seconds=21)
        login.access = limited.call("POST", "/auth/token/refresh", login.refresh).json()["accessToken"][
            "token"
        ]
    hourly = limited.call("GET", "/limits/context", login)
    assert hourly.status_code == 429
    assert "na godzinę" in hourly.text
    limited_clock.advance(seconds=int(hourly.headers["retry-after"]))
    login.access = limited.call("POST", "/auth/token/refresh", login.refresh).json()["accessToken"]["token"]
    assert limited.call("GET", "/limits/context", login).status_code == 200


def test_anonymous_calls_share_sixty_a_second(limited: Api, limited_clock: ManualClock) -> None:
    limited_clock.advance(seconds=5)
    for number in range(60):
        path = "/testdata/subject/remove" if number % 2 else "/auth/challenge"
        body = {"subjectNip": new_nip()} if number % 2 else None
        assert limited.call("POST", path, body=body).status_code == 200
    refused = limited.call("POST", "/auth/challenge")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert limited.call("GET", "/security/public-key-certificates").status_code == 429
    # Blocking a context counts in `other`, apart from these.
    block = {"contextIdentifier": {"type": "Nip", "value": new_nip()}}
    assert limited.call("POST", "/testdata/context/unblock", body=block).status_code == 200
    limited_clock.advance(seconds=1)
    assert limited.call("POST", "/auth/challenge").status_code == 200


def test_who_calls_in_spite_of_a_block_waits_longer(limited: Api, limited_clock: ManualClock) -> None:
    limited_clock.advance(hours=2)
    login, other = firm(limited).login, firm(limited).login

    def told() -> int:
        answer = limited.call("GET", "/limits/context", login)
        assert answer.status_code == 429
        seconds = int(answer.headers["retry-after"])
        assert f"Spróbuj ponownie po {seconds} sekundach." in answer.text
        return seconds

    def call() -> int:
        return limited.call("GET", "/limits/context", login).status_code

    for _ in range(3):
        for _ in range(10):
            assert call() == 200
        limited_clock.advance(seconds=1)
    # (1) Calls of one moment are one violation; each later second adds five.
    assert [told() for _ in range(5)] == [57] * 5
    longer = []
    for _ in range(3):
        limited_clock.advance(seconds=1)
        longer.append(told())
    assert longer == [61, 65, 69]
    # (2) Others are not blocked with it, neither contexts nor groups.
    assert limited.call("GET", "/limits/context", other).status_code == 200
    assert limited.call("GET", "/limits/subject", login).status_code == 200
    # (3) Not without end, and who waits as told is let in.
    for _ in range(20):
        limited_clock.advance(seconds=1)
        longer.append(told())
    limited_clock.advance(seconds=longer[-1])
    assert max(longer) == 57 + 10 * (5 - 1)
    assert call() == 200


def test_a_block_ends_with_the_limits_that_set_it(limited: Api, limited_clock: ManualClock) -> None:
    limited_clock.advance(hours=2)
    login = firm(limited).login
    figures = {"perSecond": 1, "perMinute": 2, "perHour": 3}
    tight = {
        name: figures
        for name in limited.call("GET", "/rate-limits", login).json()
        if name not in ("onlineSessionClose", "batchSessionClose", "anonymous", "global")
    }
    assert limited.call("POST", "/testdata/rate-limits", login, body={"rateLimits": tight}).status_code == 200
    assert [limited.call("GET", "/limits/context", login).status_code for _ in range(2)] == [200, 429]
    assert limited.call("DELETE", "/testdata/rate-limits", login).status_code == 200
    assert limited.call("GET", "/limits/context", login).status_code == 200
