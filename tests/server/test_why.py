"""Why: every refusal keeps its cause in both languages, found by trace id or reference number."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from klucznik.lang import both, in_language
from klucznik.server import why
from klucznik.testing import RunningKsef, local_ksef

from .door import Api, Person, employee, new_pesel

PROBLEM = {"X-Error-Format": "problem-details"}


def _cause(running: RunningKsef, key: str) -> dict[str, Any]:
    found = running.why(key)
    assert found, key
    assert set(found[0]["why"]) == {"en", "pl"}
    return found[0]


def test_a_text_in_both_languages() -> None:
    text = both("it is\nclosed", "jest zamknięte")
    assert (in_language(text, "en"), in_language(text, "pl")) == ("it is closed", "jest zamknięte")
    assert in_language("English alone", "pl") == "English alone"


def test_a_refusal_is_found_by_its_trace_id(api: Api, ania: Person, running: RunningKsef) -> None:
    body = {"permissions": [], "description": "ERP of the firm"}
    answer = api.call("POST", "/tokens", ania.login, body=body, headers=PROBLEM)
    assert answer.status_code == 400
    trace = answer.json()["traceId"]
    cause = _cause(running, trace)
    assert cause["operation"] == "POST /tokens"
    assert cause["context"] == f"Nip {ania.nip}"
    assert (cause["status"], cause["traceId"]) == (400, trace)
    assert cause["said"].startswith("21405 ")


def test_a_missing_permission_says_who_could_grant_it(api: Api, ania: Person, running: RunningKsef) -> None:
    reader = employee(api, ania.nip, "CredentialsRead")
    answer = api.call("POST", "/sessions/online", reader.login, body={}, headers=PROBLEM)
    assert answer.status_code == 403
    cause = _cause(running, answer.json()["traceId"])
    assert "InvoiceWrite" in cause["why"]["en"]
    assert "can grant it" in cause["why"]["en"]
    assert "może je nadać właściciel" in cause["why"]["pl"]


def test_what_was_refused_at_a_number_is_found_by_it(
    api: Api, ania: Person, obcy: Person, running: RunningKsef
) -> None:
    ref, _ = api.generate(ania.login, "InvoiceRead")
    assert api.call("DELETE", f"/tokens/{ref}", obcy.login).status_code == 400
    cause = _cause(running, ref)
    assert cause["operation"] == "DELETE /tokens/{referenceNumber}"
    assert cause["context"] == f"Nip {obcy.nip}"
    assert ref in cause["referenceNumbers"]


def test_a_login_that_failed_is_found_by_its_number(api: Api, ania: Person, running: RunningKsef) -> None:
    started = api.started(api.post_signed(api.signed(ania.identity, ("Nip", "5265877635"))))
    assert api.status(started)["status"]["code"] == 415
    cause = _cause(running, started.ref)
    assert (cause["kind"], cause["status"]) == ("auth_operations", 415)
    assert "holds nothing" in cause["why"]["en"]
    assert "nie ma żadnych uprawnień" in cause["why"]["pl"]


def test_a_token_for_another_context_is_explained(api: Api, ania: Person, running: RunningKsef) -> None:
    _, token = api.generate(ania.login, "InvoiceRead")
    started = api.start_with_token(token, ("Nip", "5265877635"))
    assert api.status(started)["status"]["code"] == 450
    why = _cause(running, started.ref)["why"]
    assert f"belongs to Nip {ania.nip}" in why["en"]
    assert f"należy do Nip {ania.nip}" in why["pl"]
    assert token.rpartition("|")[2] not in json.dumps(why)


def test_causes_since_an_instant(api: Api, ania: Person, obcy: Person, running: RunningKsef) -> None:
    since = (running.ksef.clock.now() - timedelta(microseconds=1)).isoformat().replace("+00:00", "Z")
    for person in (ania, obcy, ania):
        api.call("GET", f"/tokens/{'A' * 36}", person.login)
    found = running.manage("GET", f"/why?since={since}")["causes"]
    assert [cause["context"] for cause in found] == [f"Nip {p.nip}" for p in (ania, obcy, ania)]
    assert found == sorted(found, key=lambda cause: str(cause["at"]))
    only = running.manage("GET", f"/why?since={since}&context={obcy.nip}")["causes"]
    assert [cause["context"] for cause in only] == [f"Nip {obcy.nip}"]


def test_causes_outlive_a_restart(tmp_path: Path) -> None:
    with local_ksef(tmp_path) as running, Api(running, PROBLEM) as api:
        trace = api.call("GET", "/tokens").json()["traceId"]
        while running.ksef.causes.pending:
            api.challenge()
    with local_ksef(tmp_path) as running:
        assert "Authorization" in _cause(running, trace)["why"]["pl"]


def test_the_oldest_causes_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(why, "MOST", 5)
    with local_ksef(tmp_path) as running, Api(running, PROBLEM) as api:
        traces = []
        for _ in range(9):
            traces.append(api.call("GET", "/tokens").json()["traceId"])
            while running.ksef.causes.pending:
                api.challenge()
        assert [bool(running.why(trace)) for trace in traces] == [False] * 4 + [True] * 5


def test_no_secret_and_no_pesel_stands_in_a_cause(api: Api, running: RunningKsef) -> None:
    token = "20260302-EC-0000000000-0000000000-00|nip-5265877635|" + "a" * 64
    pesel = new_pesel()
    trace = api.call(
        "POST", "/auth/ksef-token", body={"challenge": token, "x": pesel}, headers=PROBLEM
    ).json()
    everything = json.dumps(running.manage("GET", "/why?since=2000-01-01T00:00:00Z"))
    assert "a" * 64 not in everything
    assert pesel not in everything
    assert running.why(trace["traceId"])


def test_the_log_says_it_in_the_language_of_its_reader(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("klucznik.server.render.language", lambda: "pl")
    with caplog.at_level(logging.INFO, "klucznik.ksef"):
        api.call("GET", "/tokens")
    assert "brak nagłówka Authorization" in caplog.text
    assert "there is no" not in caplog.text


def test_what_failed_after_202_is_told_to_its_context(
    api: Api, ania: Person, obcy: Person, running: RunningKsef
) -> None:
    """Also where it was tried from outside: Obcy, who has no rights at Ania's."""
    started = api.started(api.post_signed(api.signed(obcy.identity, ("Nip", ania.nip))))
    assert api.status(started)["status"]["code"] == 415
    for context in (f"Nip {ania.nip}", ania.nip):
        where = f"/why?since=2000-01-01T00:00:00Z&context={quote(context)}&last=9"
        (cause,) = running.manage("GET", where)["causes"]
        assert cause["referenceNumbers"] == [started.ref]
        assert cause["context"] == f"Nip {ania.nip}"
    other = running.manage("GET", f"/why?since=2000-01-01T00:00:00Z&context=InternalId%20{ania.nip}")
    assert other["causes"] == []


def test_the_newest_causes_are_told_where_a_number_is_named(
    api: Api, ania: Person, running: RunningKsef
) -> None:
    for _ in range(4):
        api.call("GET", f"/tokens/{'A' * 36}", ania.login)
    where = f"/why?context=Nip%20{ania.nip}"
    every = running.manage("GET", where)["causes"]
    assert running.manage("GET", f"{where}&last=2")["causes"] == every[-2:]
    calls = running.manage("GET", f"/trace?context=Nip%20{ania.nip}")["calls"]
    assert {call["context"] for call in calls} == {f"Nip {ania.nip}"}
    assert [call["traceId"] for call in calls][-4:] == [cause["traceId"] for cause in every]
