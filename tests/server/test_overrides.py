"""Limits of a context, changed for a test: told, felt, undone. Rules: limits.md sections 2, 4 and 5."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from klucznik.clock import ManualClock
from klucznik.documents.samples import Options
from klucznik.wire.endpoint import LimitGroup
from klucznik.wire.limits import GROUPS

from .desk import Desk, Person, desk_at, refusal

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTABLE = [
    group
    for group in LimitGroup
    if group not in (LimitGroup.onlineSessionClose, LimitGroup.batchSessionClose, LimitGroup.anonymous)
]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A server without limits of its own."""
    with desk_at() as found:
        yield found


@pytest.fixture
def ania(desk: Desk) -> Person:
    return desk.firm()


def rates(factor: int = 1, **changes: dict[str, int]) -> dict[str, Any]:
    """The body of POST /testdata/rate-limits; `changes` by group."""
    found = {
        group.value: {
            "perSecond": GROUPS[group].per_second * factor,
            "perMinute": GROUPS[group].per_minute * factor,
            "perHour": GROUPS[group].per_hour * factor,
        }
        for group in SETTABLE
    }
    for name, change in changes.items():
        found[name] |= change
    return {"rateLimits": found}


def ok(person: Person, method: str, path: str, body: object = None) -> None:
    response = person.call(method, path, body)
    assert (response.status_code, response.content) == (200, b""), response.text


# ---- rates


def test_rates_are_told_to_everybody_in_the_context_and_nobody_else(desk: Desk, ania: Person) -> None:
    biuro, obcy = desk.worker(ania, "InvoiceRead"), desk.firm()
    before = ania.get("/rate-limits")
    ok(biuro, "POST", "/testdata/rate-limits", rates(2, sessionList={"perHour": 7}))
    for person in (ania, biuro):
        told = person.get("/rate-limits")
        assert told["onlineSession"] == {"perSecond": 20, "perMinute": 60, "perHour": 240}
        assert told["sessionList"]["perHour"] == 7
        for name in ("onlineSessionClose", "batchSessionClose", "anonymous", "global"):
            assert told[name] == before[name]
    assert obcy.get("/rate-limits") == before
    ok(ania, "DELETE", "/testdata/rate-limits")
    assert ania.get("/rate-limits") == before
    ok(ania, "DELETE", "/testdata/rate-limits")  # nothing to undo is no fault


@pytest.mark.parametrize(
    ("group", "window", "value", "most"),
    [
        ("onlineSession", "perHour", 0, 1200),
        ("onlineSession", "perHour", 1201, 1200),
        ("invoiceSend", "perSecond", 101, 100),
        ("other", "perMinute", -1, 300),
    ],
)
def test_rates_have_bounds(ania: Person, group: str, window: str, value: int, most: int) -> None:
    refused = refusal(ania.call("POST", "/testdata/rate-limits", rates(1, **{group: {window: value}})))
    assert refused.code == 21405
    assert refused.details == [
        f"'rateLimits.{group}.{window}' must be between 1 and {most}. You entered {value}."
    ]


def test_every_fault_is_told_at_once(ania: Person) -> None:
    refused = refusal(ania.call("POST", "/testdata/rate-limits", rates(11)))
    assert (refused.code, len(refused.details)) == (21405, 39)
    assert ania.get("/rate-limits")["other"]["perSecond"] == -1


def test_all_groups_are_required(ania: Person) -> None:
    body = rates()
    del body["rateLimits"]["other"]
    refused = refusal(ania.call("POST", "/testdata/rate-limits", body))
    assert refused.code == 21405
    nothing: list[dict[str, object] | None] = [{}, None]
    for missing in nothing:
        assert refusal(ania.call("POST", "/testdata/rate-limits", missing)).code == 21405


def test_rates_are_felt(desk: Desk, ania: Person) -> None:
    ok(ania, "POST", "/testdata/rate-limits", rates(10, sessionList={"perSecond": 50, "perMinute": 3}))
    obcy = desk.firm()
    for _ in range(3):
        assert ania.call("GET", "/sessions?sessionType=Online").status_code == 200
    refused = ania.call("GET", "/sessions?sessionType=Online")
    assert refused.status_code == 429
    assert "3 żądań na minutę" in refused.text
    # Others, other groups, and groups that cannot be set, are as they were.
    assert obcy.call("GET", "/sessions?sessionType=Online").status_code == 200
    assert ania.call("GET", "/limits/context").status_code == 200
    # Undone, it is as before.
    ok(ania, "DELETE", "/testdata/rate-limits")
    assert ania.call("GET", "/sessions?sessionType=Online").status_code == 200


def test_more_is_given_while_counting() -> None:
    """A window that was full has room again once the context is given more; what was called still counts."""
    with desk_at(rates="production", clock=ManualClock(NOW)) as desk:
        ania = desk.firm()
        path = "/sessions?sessionType=Online"
        for _ in range(5):
            assert ania.call("GET", path).status_code == 200
        assert ania.call("GET", path).status_code == 429
        ok(ania, "POST", "/testdata/rate-limits", rates(2))
        answers = [ania.call("GET", path).status_code for _ in range(7)]
        assert answers == [200] * 5 + [429] * 2


def test_the_profile_of_production(desk: Desk, ania: Person) -> None:
    ok(ania, "POST", "/testdata/rate-limits/production")
    told = ania.get("/rate-limits")
    for group, figures in GROUPS.items():
        if group != LimitGroup.anonymous:
            assert told[group.value] == {
                "perSecond": figures.per_second,
                "perMinute": figures.per_minute,
                "perHour": figures.per_hour,
            }
    session = ania.open()
    for _ in range(20):
        ania.close(session)
    assert ania.close(session).status_code == 429


def test_limits_outlive_the_server(tmp_path: Any) -> None:
    with desk_at(tmp_path) as desk:
        ania = desk.firm()
        ok(ania, "POST", "/testdata/rate-limits", rates(3))
        ok(ania, "POST", "/testdata/limits/context/session", sizes(maxInvoices=9))
    with desk_at(tmp_path) as desk:
        ania = desk.firm(ania.nip)
        assert ania.get("/rate-limits")["onlineSession"]["perSecond"] == 30
        assert ania.get("/limits/context")["onlineSession"]["maxInvoices"] == 9
        # One is undone without the other.
        ok(ania, "DELETE", "/testdata/rate-limits")
        assert ania.get("/limits/context")["onlineSession"]["maxInvoices"] == 9


def test_a_bearer_is_asked_for(desk: Desk) -> None:
    for method, path in (
        ("POST", "/testdata/rate-limits"),
        ("DELETE", "/testdata/rate-limits"),
        ("POST", "/testdata/rate-limits/production"),
        ("POST", "/testdata/limits/context/session"),
        ("DELETE", "/testdata/limits/context/session"),
    ):
        assert desk.http.request(method, path).status_code == 401


def test_on_demo_there_is_no_such_path() -> None:
    with desk_at(profile="demo") as desk:
        ania = desk.firm()
        assert ania.call("POST", "/testdata/rate-limits", rates()).status_code == 404
        assert ania.call("DELETE", "/testdata/limits/context/session").status_code == 404


# ---- sessions


def sizes(collective: int = 500, **changes: int) -> dict[str, Any]:
    """The body of POST /testdata/limits/context/session; `changes` of the online session."""
    usual = {"maxInvoiceSizeInMB": 1, "maxInvoiceWithAttachmentSizeInMB": 3, "maxInvoices": 10_000}
    return {
        "onlineSession": {**usual, **changes},
        "batchSession": usual,
        "collectiveIdentifier": {"maxInvoices": collective},
    }


def test_session_limits_are_told(desk: Desk, ania: Person) -> None:
    biuro, obcy = desk.worker(ania, "InvoiceWrite"), desk.firm()
    before = ania.get("/limits/context")
    wanted = sizes(5000, maxInvoiceSizeInMB=5, maxInvoiceWithAttachmentSizeInMB=10, maxInvoices=100_000)
    ok(ania, "POST", "/testdata/limits/context/session", wanted)
    assert ania.get("/limits/context") == biuro.get("/limits/context") == wanted
    assert obcy.get("/limits/context") == before
    ok(biuro, "DELETE", "/testdata/limits/context/session")
    assert ania.get("/limits/context") == before


@pytest.mark.parametrize(
    "change",
    [
        {"maxInvoiceSizeInMB": 6},
        {"maxInvoiceSizeInMB": -1},
        {"maxInvoiceWithAttachmentSizeInMB": 11},
        {"maxInvoices": 100_001},
        {"collective": 1},
        {"collective": 5001},
    ],
)
def test_session_limits_have_bounds(ania: Person, change: dict[str, int]) -> None:
    refused = refusal(ania.call("POST", "/testdata/limits/context/session", sizes(**change)))
    assert (refused.code, len(refused.details)) == (21405, 1)


def test_all_parts_are_required(ania: Person) -> None:
    for name in ("onlineSession", "batchSession", "collectiveIdentifier"):
        body = sizes()
        del body[name]
        assert refusal(ania.call("POST", "/testdata/limits/context/session", body)).code == 21405


def test_a_session_takes_as_many_as_it_may(ania: Person) -> None:
    ok(ania, "POST", "/testdata/limits/context/session", sizes(maxInvoices=2))
    session = ania.open()
    for number in ("FV/1", "FV/2"):
        ania.send(session, ania.invoice(number))
    refused = refusal(ania.post(session, ania.invoice("FV/3")))
    assert refused.code == 21155
    assert refused.details == [
        f"Sesja o numerze referencyjnym {session.ref} osiągnęła dozwolony limit liczby faktur 2."
    ]
    ok(ania, "DELETE", "/testdata/limits/context/session")
    assert ania.settled(session, ania.invoice("FV/3"))["status"]["code"] == 200


def test_a_document_may_be_as_large_as_the_context_may(ania: Person) -> None:
    session = ania.open()
    large = large_invoice(ania, 1_500_000)
    assert ania.settled(session, large)["status"]["code"] == 430
    ok(ania, "POST", "/testdata/limits/context/session", sizes(maxInvoiceSizeInMB=2))
    assert ania.settled(session, large)["status"]["code"] == 200
    ok(ania, "POST", "/testdata/limits/context/session", sizes(maxInvoiceSizeInMB=0))
    small = ania.settled(session, ania.invoice("FV/2"))["status"]
    assert small["code"] == 430


def large_invoice(person: Person, size: int) -> bytes:
    """A valid document with white space until it is so long."""
    document = person.invoice("FV/large", options=Options())
    at = document.index(b"><") + 1
    return document[:at] + b" " * (size - len(document)) + document[at:]
