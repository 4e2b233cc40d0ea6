"""Dates as callers write them: RFC 3339, nothing that only a library reads. Found by tests/contract."""

from __future__ import annotations

import pytest

from .door import Api, Person, new_nip, refusal


@pytest.mark.parametrize(
    "written",
    [
        "5",
        "-5",
        "5.5",
        "1767225600",
        "2026-01-01 00:00:00Z",
        "2026-01-01_00:00:00Z",
        "2026-01-01T",
        "20260101",
    ],
)
def test_an_instant_is_written_out(both: Api, written: str) -> None:
    body = {"subjectNip": new_nip(), "subjectType": "JST", "description": "a town", "createdDate": written}
    refused = refusal(both.call("POST", "/testdata/subject", body=body))
    assert refused.code == 21001
    assert refused.details[0].startswith("createdDate: ")


@pytest.mark.parametrize("written", ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.1234567+01:00"])
def test_an_instant_in_order_is_taken(api: Api, written: str) -> None:
    body = {"subjectNip": new_nip(), "subjectType": "JST", "description": "a town", "createdDate": written}
    assert api.call("POST", "/testdata/subject", body=body).status_code == 200


@pytest.mark.parametrize("written", ["0", "86400", "20260101", "2026-01-01T00:00:00Z", "2026-1-1"])
def test_a_day_is_written_out(both: Api, written: str) -> None:
    body = {"nip": new_nip(), "expectedEndDate": written}
    assert refusal(both.call("POST", "/testdata/attachment/revoke", body=body)).code == 21001


def test_in_a_query_too(api: Api, ania: Person) -> None:
    path = "/sessions?sessionType=Online&dateCreatedFrom="
    assert api.call("GET", path + "2026-01-01T00:00:00Z", ania.login).status_code == 200
    for written in ("5", "1767225600", "2026-01-01%2000:00:00Z"):
        assert refusal(api.call("GET", path + written, ania.login)).code == 21001
