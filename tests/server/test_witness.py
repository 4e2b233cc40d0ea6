"""The witness notes what is answered: operation, status, code or reason, and statuses told inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from .door import Api, Person
from .witness import Note, Witness, details, operation, read


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/v2/auth/sessions", "GET /auth/sessions"),
        ("GET", "/v2/auth/20251010-AU-1A2B3C4000-5D6E7F8091-6A", "GET /auth/{referenceNumber}"),
        ("POST", "/v2/tokens/", "POST /tokens"),
        ("POST", "/v2/auth/sessions", None),
        ("GET", "/healthz", None),
    ],
)
def test_a_request_belongs_to_a_row(method: str, path: str, name: str | None) -> None:
    assert operation(method, path) == name


def test_what_is_answered_is_noted_in_either_format(both: Api, ania: Person, witness: Witness) -> None:
    calls: list[tuple[str, Note]] = [
        (ania.login.access, ("GET /tokens", "400", "21405")),
        ("garbage", ("GET /tokens", "401", "")),
    ]
    for bearer, note in calls:
        witness.notes.discard(note)
        both.call("GET", "/tokens", bearer, params={"pageSize": "5"})
        assert note in witness.notes
    assert ("GET /auth/{referenceNumber}", "tells", "200") in witness.notes


def test_details_are_known_by_their_template() -> None:
    assert details("Status sesji 415 uniemożliwia wysyłkę faktur.") == (
        ("detail", "text", "STATUS_FORBIDS_SENDING"),
    )
    assert details("Status sesji.") == ()
    body = b'{"status":{"code":450,"details":["Token uniewa\xc5\xbcniony"]}}'
    name = "GET /auth/{referenceNumber}"
    assert ("detail", "text", "TOKEN_REVOKED") in set(read(name, "/v2/auth/x", 200, "application/json", body))


def test_reasons_and_statuses_are_read_from_the_body() -> None:
    name = "GET /sessions/{referenceNumber}"
    path = "/v2/sessions/20251010-SB-1A2B3C4000-5D6E7F8091-6A"
    forbidden = b'{"reasonCode":"missing-permissions"}'
    assert list(read(name, path, 403, "application/problem+json", forbidden)) == [
        (name, "403", "missing-permissions")
    ]
    assert list(read(name, path, 200, "application/json", b'{"status":{"code":440}}')) == [
        (name, "200", ""),
        (name, "tells SB", "440"),
    ]
    listed = b'{"invoices":[{"status":{"code":200}},{"status":{"code":450}}]}'
    assert {what for *_, what in read(name, path, 200, "application/json", listed)} == {"", "200", "450"}


def test_notes_are_written_sorted(tmp_path: Path) -> None:
    Witness(notes={("POST /tokens", "202", ""), ("GET /tokens", "400", "21405")}).write(
        tmp_path / "new", "gw1"
    )
    assert (tmp_path / "new" / "gw1.txt").read_text() == "GET /tokens\t400\t21405\nPOST /tokens\t202\t\n"
