"""Peppol providers: there once they have logged in. Rules: auth.md section 8, permissions.md section 5."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from klucznik.clock import ManualClock
from klucznik.crypto import authority
from klucznik.testing import local_ksef

from .door import Api, refusal

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def listed(api: Api, **params: Any) -> tuple[list[str], bool]:
    response = api.call("GET", "/peppol/query", params=params)
    assert response.status_code == 200, response.text
    body = response.json()
    return [provider["id"] for provider in body["peppolProviders"]], body["hasMore"]


def enter(api: Api, provider: str) -> None:
    api.enter(authority.peppol_seal(provider, now=api.ksef.clock.now()), ("PeppolId", provider))


def test_a_provider_is_there_from_its_first_login_on() -> None:
    clock = ManualClock(NOW)
    with local_ksef(clock=clock) as running, Api(running) as api:
        assert api.call("GET", "/peppol/query").json() == {"peppolProviders": [], "hasMore": False}
        enter(api, "PPL000001")
        (found,) = api.call("GET", "/peppol/query").json()["peppolProviders"]
        assert found["id"] == "PPL000001"
        assert found["name"]
        assert datetime.fromisoformat(found["dateCreated"]) == NOW
        # Once: a later login changes nothing.
        clock.advance(hours=1)
        enter(api, "PPL000001")
        (again,) = api.call("GET", "/peppol/query").json()["peppolProviders"]
        assert again == found


def test_a_foreign_seal_registers_nobody(api: Api) -> None:
    before = listed(api, pageSize=100)
    seal = authority.peppol_seal("PPL000002", now=api.ksef.clock.now())
    response = api.post_signed(api.signed(seal, ("PeppolId", "PPL000003")))
    assert refusal(response).code == 21117
    assert listed(api, pageSize=100) == before


def test_newest_first_page_by_page() -> None:
    clock = ManualClock(NOW)
    with local_ksef(clock=clock) as running, Api(running) as api:
        for number in range(6):
            # Two at each instant: among them the smaller id comes first.
            enter(api, f"PPL{number:06}")
            enter(api, f"PPA{number:06}")
            clock.advance(seconds=1)
        wanted = [f"{kind}{number:06}" for number in reversed(range(6)) for kind in ("PPA", "PPL")]
        assert listed(api) == (wanted[:10], True)
        assert listed(api, pageOffset=1) == (wanted[10:], False)
        assert listed(api, pageOffset=2) == ([], False)
        assert listed(api, pageSize=12) == (wanted, False)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"pageSize": 9}, 21405),
        ({"pageSize": 101}, 21405),
        ({"pageOffset": -1}, 21405),
        ({"pageOffset": 2**31}, 21405),
    ],
)
def test_pages_that_do_not_fit(api: Api, params: dict[str, Any], code: int) -> None:
    assert refusal(api.call("GET", "/peppol/query", params=params)).code == code
