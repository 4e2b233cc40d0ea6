"""Faults to order: each strikes where the script says, and nothing strikes without one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest

from klucznik.clock import ManualClock
from klucznik.server.faults import Faults, Script
from klucznik.testing import CannotManage, RunningKsef, local_ksef

from .door import Api, Person, firm, refusal

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
GENERATE = {"permissions": ["InvoiceRead"], "description": "ERP of the firm"}


@pytest.fixture(scope="module")
def house() -> Iterator[RunningKsef]:
    with local_ksef(clock=ManualClock(NOW)) as running:
        yield running


@pytest.fixture
def api(house: RunningKsef) -> Iterator[Api]:
    house.set_faults()
    with Api(house) as door:
        yield door


@pytest.fixture
def ania(api: Api) -> Person:
    return firm(api)


def _tokens(api: Api, ania: Person) -> int:
    answer = api.call("GET", "/tokens", ania.login)
    assert answer.status_code == 200, answer.text
    return len(answer.json()["tokens"])


# ---- an answer that is lost


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after-commit", 1)])
def test_a_reply_is_lost_before_or_after_the_work(
    api: Api, ania: Person, house: RunningKsef, when: str, kept: int
) -> None:
    house.set_faults({"match": {"operation": "POST /tokens"}, "nth": [1], "when": when, "do": "drop"})
    with pytest.raises(httpx2.TransportError):
        api.call("POST", "/tokens", ania.login, body=GENERATE)
    assert _tokens(api, ania) == kept
    (call,) = house.manage("GET", "/trace?operation=POST%20/tokens&last=1")["calls"]
    assert call["status"] == 0
    assert api.call("POST", "/tokens", ania.login, body=GENERATE).status_code == 202
    (rule,) = house.manage("GET", "/faults")["rules"]
    assert (rule["matched"], rule["struck"]) == (2, 1)


# ---- other answers


@pytest.mark.parametrize("retry_after", ["none", "date", 30])
def test_a_storm_of_429_with_every_kind_of_retry_after(
    api: Api, ania: Person, house: RunningKsef, retry_after: Any
) -> None:
    house.set_faults(
        {"match": {"operation": "GET /tokens"}, "nth": [1, 2], "do": "429", "retryAfter": retry_after}
    )
    for _ in range(2):
        answer = api.call("GET", "/tokens", ania.login)
        assert answer.status_code == 429
        assert answer.json()["status"]["code"] == 429
        found = answer.headers.get("retry-after")
        if retry_after == "none":
            assert found is None
        elif retry_after == "date":
            assert found is not None
            assert found.endswith("GMT")
            assert parsedate_to_datetime(found) > NOW
        else:
            assert found == "30"
    assert _tokens(api, ania) == 0


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_5xx_after_the_work_was_done(api: Api, ania: Person, house: RunningKsef, status: int) -> None:
    house.set_faults(
        {"match": {"operation": "POST /tokens"}, "when": "after-commit", "do": "error", "status": status}
    )
    answer = api.call("POST", "/tokens", ania.login, body=GENERATE)
    assert answer.status_code == status
    house.set_faults()
    assert _tokens(api, ania) == 1


def test_a_session_under_maintenance(api: Api, ania: Person, house: RunningKsef) -> None:
    ref = "20260302-SO-0000000000-0000000000-00"
    house.set_faults({"match": {"operation": "GET /sessions/{referenceNumber}"}, "do": "21184"})
    refused = refusal(api.call("GET", f"/sessions/{ref}", ania.login))
    assert (refused.code, refused.description) == (21184, "Sesja tymczasowo niedostępna.")
    assert ref in refused.details[0]
    assert "21184" in house.why(ref)[0]["why"]["pl"]


def test_a_link_that_expired(api: Api, house: RunningKsef) -> None:
    house.set_faults({"match": {"operation": "GET /storage"}, "do": "expired-link"})
    with httpx2.Client(trust_env=False) as http:
        answer = http.get(house.url.removesuffix("/v2") + "/storage/01/anything")
    assert answer.status_code == 403
    assert "expired" in answer.json()["detail"]


def test_a_delay_holds_one_answer_and_nobody_else(api: Api, ania: Person, house: RunningKsef) -> None:
    house.set_faults({"match": {"operation": "GET /tokens"}, "nth": [1], "do": "delay", "seconds": 0.3})
    start = time.monotonic()
    api.challenge()
    api.call("GET", "/rate-limits", ania.login)
    assert time.monotonic() - start < 0.3
    start = time.monotonic()
    assert _tokens(api, ania) == 0
    assert time.monotonic() - start >= 0.3


def test_a_rule_is_for_one_context(api: Api, ania: Person, house: RunningKsef) -> None:
    obcy = firm(api, "Obcy sp. z o.o.")
    house.set_faults({"match": {"context": ania.nip}, "do": "error"})
    assert api.call("GET", "/tokens", ania.login).status_code == 503
    assert api.call("GET", "/tokens", obcy.login).status_code == 200


# ---- what holds all the time


def test_a_step_is_stuck_until_the_script_goes(api: Api, ania: Person, house: RunningKsef) -> None:
    house.set_faults({"do": "stuck", "step": "tokens"})
    ref = api.call("POST", "/tokens", ania.login, body=GENERATE).json()["referenceNumber"]
    for _ in range(20):
        assert api.call("GET", f"/tokens/{ref}", ania.login).json()["status"] == "Pending"
    house.set_faults()
    api.token_state(ania.login, ref, "Active")


def test_a_step_is_slow(api: Api, ania: Person, house: RunningKsef) -> None:
    house.set_faults({"do": "slow", "step": "tokens", "seconds": 0.3})
    start = time.monotonic()
    api.generate(ania.login, "InvoiceRead")
    assert time.monotonic() - start >= 0.25


def test_small_pages_lose_nothing(api: Api, ania: Person, house: RunningKsef) -> None:
    made = {api.generate(ania.login, "InvoiceRead")[0] for _ in range(7)}
    house.set_faults({"do": "small-pages", "size": 3})
    seen: list[str] = []
    more: str | None = None
    pages = 0
    while True:
        headers = {"x-continuation-token": more} if more else None
        body = api.call("GET", "/tokens", ania.login, headers=headers, params={"pageSize": 10}).json()
        seen += [item["referenceNumber"] for item in body["tokens"]]
        pages += 1
        assert len(body["tokens"]) <= 3
        if not (more := body.get("continuationToken")):
            break
    assert pages == 3
    assert len(seen) == len(set(seen))
    assert set(seen) == made


# ---- never by chance


def test_nothing_strikes_without_a_script(house: RunningKsef) -> None:
    assert Faults().strikes("POST /tokens", "") == []
    assert Faults().hold("tokens") == 0
    assert Faults().page_size is None


def test_the_same_seed_strikes_the_same_calls() -> None:
    def drawn(seed: int) -> list[int]:
        faults = Faults()
        faults.put(Script.model_validate({"seed": seed, "rules": [{"share": 0.2, "do": "drop"}]}))
        return [number for number in range(1000) if faults.strikes("GET /tokens", "")]

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert 150 < len(drawn(7)) < 250


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"do": "explode"}, "do"),
        ({"do": "drop", "share": 0.5}, "seed"),
        ({"do": "drop", "share": 1.5}, "share"),
        ({"do": "drop", "nth": [0]}, "nth"),
        ({"do": "delay"}, "seconds"),
        ({"do": "slow", "step": "auth"}, "seconds"),
        ({"do": "stuck"}, "step"),
        ({"do": "stuck", "step": "nothing"}, "No step nothing"),
        ({"do": "stuck", "step": "auth", "nth": [1]}, "no match"),
        ({"do": "small-pages"}, "size"),
        ({"do": "error", "status": 404}, "status"),
        ({"do": "drop", "wehn": "before"}, "wehn"),
    ],
)
def test_a_script_with_a_mistake_is_refused_and_the_old_one_stays(
    house: RunningKsef, rule: dict[str, object], said: str
) -> None:
    house.set_faults({"do": "hwm-lag", "seconds": 5})
    before = house.manage("GET", "/faults")
    with pytest.raises(CannotManage, match=said):
        house.set_faults(rule)
    assert house.manage("GET", "/faults") == before
    house.set_faults()
