"""PUT /scenario: lag, slow steps and small pages, until they are taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from klucznik.testing import CannotManage, RunningKsef, local_ksef

from .door import Api, firm
from .test_faults import GENERATE

PLAIN: dict[str, Any] = {"hwmLag": 0.0, "slow": {}, "pageSize": None}


def _scenario(house: RunningKsef) -> dict[str, Any]:
    found = house.manage("GET", "/scenario")
    return {name: found[name] for name in PLAIN}


def test_small_pages_hold_over_a_restart_and_are_walked_whole(tmp_path: Path) -> None:
    with local_ksef(tmp_path) as house, Api(house) as api:
        assert _scenario(house) == PLAIN
        house.manage("PUT", "/scenario", {"pageSize": 3, "hwmLag": 60, "slow": {"tokens": 0.01}})
        ania = firm(api)
        made = {api.generate(ania.login, "InvoiceRead")[0] for _ in range(7)}
    with local_ksef(tmp_path) as house, Api(house) as api:
        assert _scenario(house) == {"hwmLag": 60.0, "slow": {"tokens": 0.01}, "pageSize": 3}
        ania.login.access = api.call("POST", "/auth/token/refresh", ania.login.refresh).json()["accessToken"][
            "token"
        ]
        seen: list[str] = []
        more: str | None = None
        for _ in range(3):
            headers = {"x-continuation-token": more} if more else None
            page = api.call("GET", "/tokens", ania.login, headers=headers, params={"pageSize": 100}).json()
            seen += [item["referenceNumber"] for item in page["tokens"]]
            assert len(page["tokens"]) <= 3
            more = page.get("continuationToken")
        assert not more
        assert set(seen) == made
        # Each is taken back by itself.
        house.manage("PUT", "/scenario", {"pageSize": None})
        assert _scenario(house) == {"hwmLag": 60.0, "slow": {"tokens": 0.01}, "pageSize": None}
        house.manage("PUT", "/scenario", {"slow": {}, "hwmLag": 0})
        assert _scenario(house) == PLAIN
        assert len(api.call("GET", "/tokens", ania.login, params={"pageSize": 100}).json()["tokens"]) == 7


def test_a_slow_step_waits_until_it_is_let_go() -> None:
    with local_ksef() as house, Api(house) as api:
        ania = firm(api)
        house.manage("PUT", "/scenario", {"slow": {"tokens": 3600}})
        ref = api.call("POST", "/tokens", ania.login, body=GENERATE).json()["referenceNumber"]
        for _ in range(20):
            assert api.call("GET", f"/tokens/{ref}", ania.login).json()["status"] == "Pending"
        house.manage("PUT", "/scenario", {"slow": {}})
        api.token_state(ania.login, ref, "Active")


def test_the_lag_is_that_of_the_mark() -> None:
    with local_ksef() as house, Api(house) as api:
        ania = firm(api)
        house.manage("PUT", "/scenario", {"hwmLag": 3600})
        now = api.ksef.clock.now()
        day = {
            "dateType": "PermanentStorage",
            "from": now.isoformat(),
            "restrictToPermanentStorageHwmDate": True,
        }
        body = {"subjectType": "Subject1", "dateRange": day}
        answer = api.call("POST", "/invoices/query/metadata", ania.login, body=body)
        assert answer.status_code == 400
        assert "21183" in answer.text


@pytest.mark.parametrize(
    "wanted",
    [
        {"slow": {"nothing": 1}},
        {"slow": {"tokens": -1}},
        {"pageSize": 0},
        {"hwmLag": -1},
        {"lag": 1},
        {"tokens": "for ever"},
    ],
)
def test_what_makes_no_sense_changes_nothing(wanted: dict[str, Any]) -> None:
    with local_ksef() as house:
        before = house.manage("GET", "/scenario")
        with pytest.raises(CannotManage):
            house.manage("PUT", "/scenario", wanted)
        assert house.manage("GET", "/scenario") == before
