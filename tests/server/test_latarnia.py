"""Latarnia, the status service, as clients of KSeF ask it. Rule: qr-offline.md section 6."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from klucznik.server.local import Profile
from klucznik.testing import CannotManage, RunningKsef, local_ksef

START = {
    "id": "A-1",
    "eventId": 7,
    "category": "FAILURE",
    "type": "FAILURE_START",
    "title": "Awaria",
    "text": "Trwa awaria: wystawiaj w trybie awaryjnym",
    "start": "2026-03-02T10:00:00+01:00",
    "published": "2026-03-02T10:05:00+01:00",
}
END = {
    **START,
    "id": "A-2",
    "type": "FAILURE_END",
    "title": "Koniec awarii",
    "end": "2026-03-02T15:00:00+01:00",
    "version": 2,
}


def _asked(running: RunningKsef, what: str) -> Any:
    """Without any bearer: nobody logs in there."""
    base = running.url.removesuffix("/v2")
    answer = httpx2.get(f"{base}/latarnia/{what}", trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    return answer.json()


@pytest.mark.parametrize("profile", ["test", "demo", "prd"])
def test_nothing_is_announced_at_first(profile: Profile) -> None:
    with local_ksef(profile=profile) as running:
        assert _asked(running, "status") == {"status": "AVAILABLE"}
        assert _asked(running, "messages") == []


def test_a_failure_from_its_start_to_its_end(tmp_path: Path) -> None:
    with local_ksef(tmp_path) as running:
        running.manage("PUT", "/latarnia", {"status": "FAILURE", "messages": [START]})
        told = _asked(running, "status")
        assert told["status"] == "FAILURE"
        (message,) = told["messages"]
        assert set(message) == {*START, "end", "version"}
        assert (message["end"], message["version"], message["eventId"]) == (None, 1, 7)
        assert message["start"] == "2026-03-02T09:00:00.0000000+00:00"
        assert _asked(running, "messages") == [message]
    with local_ksef(tmp_path) as running:
        assert _asked(running, "status") == told
        running.manage("PUT", "/latarnia", {"status": "AVAILABLE", "messages": [START, END]})
        assert [each["type"] for each in _asked(running, "messages")] == ["FAILURE_START", "FAILURE_END"]
        assert _asked(running, "status")["status"] == "AVAILABLE"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"category": "MAINTENANCE"}, "FAILURE_START is no message of the category MAINTENANCE"),
        ({"type": "MAINTENANCE_ANNOUNCEMENT"}, "no message of the category FAILURE"),
        ({"type": "FAILURE_END"}, "FAILURE_END has an end"),
        ({"end": "2026-03-02T09:59:59+01:00"}, "end lies before start"),
        ({"start": "2026-03-02T10:00:00"}, "start"),
        ({"severity": 1}, "severity"),
    ],
)
def test_what_the_real_one_never_says(running: RunningKsef, change: dict[str, object], said: str) -> None:
    with pytest.raises(CannotManage, match=said):
        running.manage("PUT", "/latarnia", {"status": "FAILURE", "messages": [{**START, **change}]})


def test_nothing_else_is_there(running: RunningKsef) -> None:
    base = running.url.removesuffix("/v2")
    for method, path in (("POST", "status"), ("GET", "status/"), ("GET", "nothing")):
        answer = httpx2.request(method, f"{base}/latarnia/{path}", trust_env=False)
        assert answer.status_code == 404
