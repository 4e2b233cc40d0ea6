"""The management door: clock, scenario, seeding, reset, trace, and who may knock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from klucznik.clock import ManualClock
from klucznik.errors import Unreadable
from klucznik.server.local import Profile
from klucznik.server.world import read_file
from klucznik.testing import CannotManage, RunningKsef, local_ksef

from .door import Api, employee, firm, new_nip, new_pesel, refusal


@pytest.fixture(scope="module")
def house() -> Iterator[RunningKsef]:
    """A KSeF whose clock, data and faults the tests of this file may move about."""
    with local_ksef(clock=ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))) as running:
        yield running


@pytest.fixture
def api(house: RunningKsef) -> Iterator[Api]:
    house.reset()
    with Api(house) as door:
        yield door


def test_answers_are_dated_by_the_clock_of_ksef(house: RunningKsef, api: Api) -> None:
    house.set_clock(datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC), freeze=True)
    with httpx2.Client(trust_env=False) as http:
        dates = http.post(f"{house.url}/auth/challenge").headers.get_list("date")
    house.set_clock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    assert dates == ["Mon, 02 Mar 2026 09:00:05 GMT"]


# ---- who may knock


def _knock(
    house: RunningKsef,
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    content: bytes | None = None,
    data: dict[str, str] | None = None,
) -> httpx2.Response:
    with httpx2.Client(trust_env=False) as http:
        return http.request(method, f"{house.management}{path}", headers=headers, content=content, data=data)


def test_a_web_page_gets_nothing(house: RunningKsef) -> None:
    foreign = _knock(house, "GET", "/truth", headers={"Host": "evil.example"})
    assert foreign.status_code == 400
    plain = _knock(house, "POST", "/reset", content=b"{}", headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415
    form = _knock(house, "POST", "/clock", data={"freeze": "true"})
    assert form.status_code == 415
    asked = _knock(house, "OPTIONS", "/reset", headers={"Origin": "https://evil.example"})
    assert asked.status_code == 405
    assert not [name for name in asked.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/clock/now", 404),
        ("DELETE", "/clock", 405),
        ("POST", "/truth", 405),
        ("GET", "/why/no-such-number", 404),
        ("GET", "/why?since=yesterday", 400),
        ("GET", "/trace?last=many", 400),
    ],
)
def test_other_paths_and_methods(house: RunningKsef, method: str, path: str, status: int) -> None:
    answer = _knock(house, method, path)
    assert answer.status_code == status
    assert answer.json()["error"]
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", b"{"),
        ("/clock", b"{}"),
        ("/clock", b"[1]"),
        ("/clock", b'{"at": "2026-03-02T09:00:00"}'),
        ("/clock", b'{"at": "2026-03-02T09:00:00Z", "advance": 5}'),
        ("/clock", b'{"advance": {"fortnights": 1}}'),
        ("/clock", b'{"advance": 1e300}'),
        ("/clock", b'{"advance": {"days": 4000000}}'),
        ("/clock", b'{"later": true}'),
        ("/seed", b"[]"),
        ("/seed", b'{"people": []}'),
        ("/seed", b'{"persons": {}}'),
        ("/seed", b'{"persons": ["Ania"]}'),
        ("/seed", b'{"persons": [{"nip": "123"}]}'),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(house: RunningKsef, path: str, body: bytes) -> None:
    before = house.manage("GET", "/clock")
    answer = _knock(house, "POST", path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]
    assert house.manage("GET", "/clock") == before


def test_a_body_beyond_all_measure_is_413(house: RunningKsef) -> None:
    body = b'{"persons": "' + b"x" * 10_000_001 + b'"}'
    answer = _knock(house, "POST", "/seed", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


# ---- clock


def test_the_clock_governs_the_life_of_tokens(api: Api, house: RunningKsef) -> None:
    ania = firm(api)
    assert api.call("GET", "/tokens", ania.login).status_code == 200
    house.advance(minutes=16)
    assert api.call("GET", "/tokens", ania.login).status_code == 401
    refreshed = api.call("POST", "/auth/token/refresh", ania.login.refresh)
    assert refreshed.status_code == 200
    house.advance(days=7)
    assert api.call("POST", "/auth/token/refresh", ania.login.refresh).status_code == 401


def test_the_clock_goes_where_it_is_sent_and_stands_still(api: Api, house: RunningKsef) -> None:
    there = datetime(2027, 1, 1, 12, 0, tzinfo=UTC)
    house.set_clock(there, freeze=True)
    try:
        assert house.manage("GET", "/clock") == {
            "now": "2027-01-01T12:00:00.0000000+00:00",
            "frozen": True,
            "offsetSeconds": (there - datetime(2026, 3, 2, 9, 0, tzinfo=UTC)).total_seconds(),
        }
        assert api.challenge()["timestamp"].startswith("2027-01-01T12:00:00.000")
        assert house.advance(hours=1) == there + timedelta(hours=1)
        assert house.manage("POST", "/clock", {"advance": -3600})["now"].startswith("2027-01-01T12:00:00")
    finally:
        house.set_clock(datetime(2027, 1, 2, 9, 0, tzinfo=UTC), freeze=False)
    assert house.manage("GET", "/clock")["frozen"] is False


def test_a_clock_set_back_blocks_nobody(tmp_path: Path) -> None:
    with local_ksef(tmp_path, rates="production") as running, Api(running) as api:
        for _ in range(5):
            api.challenge()
        running.advance(days=-400)
        for _ in range(5):
            api.challenge()


def test_a_restart_keeps_the_clock(tmp_path: Path) -> None:
    with local_ksef(tmp_path, start=datetime(2027, 6, 1, tzinfo=UTC)) as running:
        running.advance(days=30)
    with local_ksef(tmp_path) as running:
        now = datetime.fromisoformat(running.manage("GET", "/clock")["now"])
        assert timedelta() <= now - datetime(2027, 7, 1, tzinfo=UTC) < timedelta(minutes=5)
        running.set_clock(datetime(2026, 12, 31, 22, 59, tzinfo=UTC), freeze=True)
    with local_ksef(tmp_path) as running:
        found = running.manage("GET", "/clock")
        assert (found["now"], found["frozen"]) == ("2026-12-31T22:59:00.0000000+00:00", True)
    with local_ksef(tmp_path, start=datetime(2026, 5, 5, tzinfo=UTC)) as running:
        assert running.manage("GET", "/clock")["now"] == "2026-05-05T00:00:00.0000000+00:00"


# ---- a world


def _world(nip: str, pesel: str) -> dict[str, object]:
    return {
        "persons": [{"nip": nip, "pesel": pesel, "isBailiff": False}],
        "grants": [
            {
                "contextIdentifier": {"type": "Nip", "value": nip},
                "authorizedIdentifier": {"type": "Pesel", "value": "90010112349"},
                "permissions": [{"permissionType": "InvoiceRead", "description": "for a test"}],
            }
        ],
    }


def test_a_world_is_made_once_and_may_be_asked_for_again(api: Api, house: RunningKsef) -> None:
    nip, pesel = new_nip(), new_pesel()
    world = _world(nip, pesel)
    assert house.manage("POST", "/seed", world) == {"made": 2, "known": 0}
    assert house.manage("POST", "/seed", world) == {"made": 1, "known": 1}
    refused = api.call(
        "POST",
        "/testdata/person",
        body={"nip": nip, "pesel": pesel, "isBailiff": False, "description": "again"},
    )
    assert refusal(refused).code == 30001


def test_a_world_is_made_whole_or_not_at_all(api: Api, house: RunningKsef) -> None:
    nip, pesel = new_nip(), new_pesel()
    world = _world(nip, pesel)
    bad = {**world, "blocked": [{"contextIdentifier": {"type": "Nip", "value": "0123456789"}}]}
    with pytest.raises(CannotManage, match=r"blocked\[0\]"):
        house.seed(bad)
    assert house.manage("POST", "/seed", world) == {"made": 2, "known": 0}


@pytest.mark.parametrize("profile", ["demo", "prd"])
def test_demo_and_prd_are_seeded_though_they_have_no_testdata(profile: Profile, tmp_path: Path) -> None:
    nip, pesel = new_nip(), new_pesel()
    path = tmp_path / "world.yaml"
    path.write_text(
        f"persons:\n  - nip: '{nip}'\n    pesel: '{pesel}'\n    isBailiff: false\n", encoding="utf-8"
    )
    with local_ksef(profile=profile, seed=read_file(path)) as running, Api(running) as api:
        person = {"nip": nip, "pesel": pesel, "isBailiff": False, "description": "again"}
        assert api.call("POST", "/testdata/person", body=person).status_code == 404
        assert running.manage("POST", "/seed", {"persons": [person]}) == {"made": 0, "known": 1}


@pytest.mark.parametrize("text", ["- a list", "persons: [", '{"persons":'])
def test_a_file_that_is_no_world(text: str, tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable):
        read_file(path)


def test_a_world_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError) as failed, local_ksef(tmp_path, seed={"people": []}):
        raise AssertionError("it started")
    assert isinstance(failed.value.__cause__, Unreadable)
    with local_ksef(tmp_path):  # and lets go of the folder
        pass


# ---- reset


def test_a_reset_forgets_everything_and_logs_everybody_out(api: Api, house: RunningKsef) -> None:
    ania = firm(api)
    biuro = employee(api, ania.nip, "InvoiceRead")
    ref, token = api.generate(ania.login, "InvoiceRead")
    house.set_faults({"do": "error"}, seed=1)
    house.reset()
    assert house.manage("GET", "/faults") == {"seed": None, "rules": []}
    assert house.manage("GET", "/tokens")["tokens"] == []
    assert house.manage("GET", "/trace")["calls"] == []
    for person in (ania, biuro):
        assert api.call("GET", "/tokens", person.login).status_code == 401
        assert api.call("POST", "/auth/token/refresh", person.login.refresh).status_code == 401
    assert api.status(api.start_with_token(token, ania.context))["status"]["code"] == 450
    assert house.why(ref) == []
    assert api.attempt(biuro.identity, ania.context)["code"] == 415
    assert api.attempt(ania.identity, ania.context)["code"] == 200


def test_a_reset_is_for_good(tmp_path: Path) -> None:
    with local_ksef(tmp_path) as running, Api(running) as api:
        ania = firm(api)
        running.reset()
    with local_ksef(tmp_path) as running, Api(running) as api:
        assert api.call("GET", "/tokens", ania.login).status_code == 401


# ---- trace


def test_the_trace_says_what_was_called_and_nothing_more(api: Api, house: RunningKsef) -> None:
    ania = firm(api)
    house.manage("GET", "/trace")
    answer = api.call("GET", "/tokens", ania.login, params={"description": "canary"})
    assert answer.status_code == 200
    (call,) = house.manage("GET", "/trace?operation=GET%20/tokens")["calls"]
    assert set(call) == {"at", "operation", "context", "status", "durationMs", "traceId"}
    assert (call["operation"], call["status"]) == ("GET /tokens", 200)
    assert call["context"] == f"Nip {ania.nip}"
    assert 0 < call["durationMs"] < 60_000
    everything = json.dumps(house.manage("GET", "/trace"))
    assert ania.login.access not in everything
    assert "canary" not in everything
    assert len(house.manage("GET", "/trace?last=2")["calls"]) == 2


def test_a_refused_call_is_traced_under_its_operation(api: Api, house: RunningKsef) -> None:
    api.call("GET", f"/tokens/{'A' * 36}")
    api.call("GET", "/nothing/like/it")
    calls = [(call["operation"], call["status"]) for call in house.manage("GET", "/trace")["calls"]]
    assert calls == [("GET /tokens/{referenceNumber}", 401), ("GET ?", 404)]


# ---- status service


def test_latarnia_says_what_the_door_announces(api: Api, house: RunningKsef) -> None:
    root = house.url.removesuffix("/v2")
    with httpx2.Client(trust_env=False) as http:
        assert http.get(f"{root}/latarnia/status").json() == {"status": "AVAILABLE"}
        assert http.get(f"{root}/latarnia/messages").json() == []
        message = {
            "id": "1",
            "eventId": 7,
            "category": "FAILURE",
            "type": "FAILURE_START",
            "title": "Awaria",
            "text": "Trwa awaria KSeF.",
            "start": "2026-03-02T10:00:00+01:00",
            "end": None,
            "version": 1,
            "published": "2026-03-02T10:01:00+01:00",
        }
        house.manage("PUT", "/latarnia", {"status": "FAILURE", "messages": [message]})
        found = http.get(f"{root}/latarnia/status").json()
        assert found["status"] == "FAILURE"
        assert found["messages"] == http.get(f"{root}/latarnia/messages").json()
        (shown,) = found["messages"]
        assert shown == {
            **message,
            "start": "2026-03-02T09:00:00.0000000+00:00",
            "published": "2026-03-02T09:01:00.0000000+00:00",
        }
        assert http.get(f"{root}/latarnia/other").status_code == 404
        assert http.post(f"{root}/latarnia/status").status_code == 404
    with pytest.raises(CannotManage, match="status"):
        house.manage("PUT", "/latarnia", {"status": "SLEEPY"})
    house.manage("PUT", "/latarnia", {})
