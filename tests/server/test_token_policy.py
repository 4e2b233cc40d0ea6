"""1 January 2027, rehearsed: what becomes of KSeF tokens under each policy. Rules: tokens.md section 8."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from klucznik.clock import ManualClock
from klucznik.testing import RunningKsef, local_ksef

from .door import Api, Login, firm, refusal

#: 23:00 on 31 December in Poland, an hour before the year ends.
NEW_YEARS_EVE = datetime(2026, 12, 31, 22, 0, tzinfo=UTC)


@pytest.fixture
def house() -> Iterator[RunningKsef]:
    with local_ksef(clock=ManualClock(NEW_YEARS_EVE)) as running:
        yield running


@pytest.fixture
def api(house: RunningKsef) -> Iterator[Api]:
    with Api(house) as door:
        yield door


def _policy(house: RunningKsef, name: str, **more: object) -> None:
    assert house.manage("PUT", "/scenario", {"tokens": name, **more})["tokens"] == name


def _refreshed(api: Api, login: Login) -> Any:
    return api.call("POST", "/auth/token/refresh", login.refresh)


def _ends(house: RunningKsef, ref: str) -> str | None:
    (found,) = [each for each in house.manage("GET", "/tokens")["tokens"] if each["referenceNumber"] == ref]
    end: str | None = found["ends"]
    return end


def _fails(api: Api, house: RunningKsef, token: str, nip: str) -> None:
    started = api.start_with_token(token, ("Nip", nip))
    status = api.status(started)["status"]
    assert (status["code"], status["details"]) == (450, ["Token nieaktywny"])
    (cause,) = house.why(started.ref)
    assert "policy" in cause["why"]["en"]
    assert "polityka" in cause["why"]["pl"]
    redeem = api.call("POST", "/auth/token/redeem", started.authentication)
    assert refusal(redeem).code == 21301


def test_legacy_goes_on(api: Api, house: RunningKsef) -> None:
    ania = firm(api)
    ref, token = api.generate(ania.login, "InvoiceRead")
    login = api.enter_with_token(token, ania.context)
    assert _ends(house, ref) is None
    house.advance(days=3)
    assert _refreshed(api, login).status_code == 200
    house.advance(days=5000)
    api.enter_with_token(token, ania.context)


def test_cutoff_2026_ends_every_token_with_the_year(api: Api, house: RunningKsef) -> None:
    _policy(house, "cutoff-2026")
    ania = firm(api)
    ref, token = api.generate(ania.login, "InvoiceRead")
    assert _ends(house, ref) == "2026-12-31T23:00:00.0000000+00:00"
    house.advance(minutes=59, seconds=55)
    login = api.enter_with_token(token, ania.context)
    pending = api.start_with_token(token, ania.context)
    assert api.status(pending)["status"]["code"] == 200
    # It is 2027 in Poland: the access token lives to its end, nothing new is had.
    house.advance(seconds=10)
    assert api.call("GET", "/rate-limits", login).status_code == 200
    refused = refusal(_refreshed(api, login))
    assert (refused.code, refused.details) == (21301, ["Token nieaktywny"])
    assert refusal(api.call("POST", "/auth/token/redeem", pending.authentication)).code == 21301
    _fails(api, house, token, ania.nip)
    # Nor is another issued.
    body = {"permissions": ["InvoiceRead"], "description": "ERP of the firm"}
    house.advance(minutes=1)
    again = api.enter(ania.identity, ania.context)
    answer = api.call("POST", "/tokens", again, body=body, headers={"X-Error-Format": "problem-details"})
    assert refusal(answer).code == 26001
    (cause,) = house.why(answer.json()["traceId"])
    assert "cutoff-2026" in cause["why"]["pl"]
    # A certificate is not concerned, and the policy can be taken back.
    _policy(house, "legacy")
    api.enter_with_token(token, ania.context)


def test_v2_gives_old_tokens_until_november_2027(api: Api, house: RunningKsef) -> None:
    _policy(house, "v2-expiring")
    ania = firm(api)
    ref, token = api.generate(ania.login, "InvoiceRead")
    assert _ends(house, ref) == "2027-11-30T23:00:00.0000000+00:00"
    house.set_clock(datetime(2027, 11, 30, 22, 59, tzinfo=UTC))
    login = api.enter_with_token(token, ania.context)
    house.advance(minutes=2)
    _fails(api, house, token, ania.nip)
    assert refusal(_refreshed(api, login)).code == 21301


@pytest.mark.parametrize("days", [1, 365])
def test_v2_gives_new_tokens_their_days(api: Api, house: RunningKsef, days: int) -> None:
    _policy(house, "v2-expiring", tokenDays=days)
    house.set_clock(datetime(2027, 2, 1, tzinfo=UTC))
    ania = firm(api)
    _, token = api.generate(ania.login, "InvoiceRead")
    _policy(house, "v2-expiring", tokenDays=30)  # later choices change nothing for it
    house.set_clock(datetime(2027, 2, 1, tzinfo=UTC))
    house.advance(days=days, seconds=-30)
    api.enter_with_token(token, ania.context)
    house.advance(minutes=1)
    _fails(api, house, token, ania.nip)


def test_a_token_issued_under_another_policy_has_a_year(api: Api, house: RunningKsef) -> None:
    house.set_clock(datetime(2027, 2, 1, tzinfo=UTC))
    ania = firm(api)
    ref, _ = api.generate(ania.login, "InvoiceRead")
    _policy(house, "v2-expiring", tokenDays=30)
    end = _ends(house, ref)
    assert end is not None
    assert end.startswith("2028-02-01")


def test_the_end_stands_in_no_answer_of_the_api(api: Api, house: RunningKsef) -> None:
    _policy(house, "v2-expiring")
    ania = firm(api)
    ref, _ = api.generate(ania.login, "InvoiceRead")
    assert "2027-11-30" not in api.call("GET", f"/tokens/{ref}", ania.login).text
    assert "2027-11-30" not in api.call("GET", "/tokens", ania.login).text


def test_days_are_one_to_a_year(house: RunningKsef) -> None:
    for days in (0, 366):
        with pytest.raises(Exception, match="tokenDays"):
            house.manage("PUT", "/scenario", {"tokenDays": days})
