"""U+0000 in what callers send: no database keeps it, so nothing of it gets in. Found by tests/contract."""

from __future__ import annotations

import httpx2
import pytest

from klucznik.crypto import authority
from klucznik.testing import CannotManage, RunningKsef

from .door import Api, Person, new_nip, new_pesel, refusal


def _post(api: Api, path: str, body: str, person: Person | None = None) -> httpx2.Response:
    headers = {"Content-Type": "application/json"}
    if person:
        headers["Authorization"] = f"Bearer {person.login.access}"
    return httpx2.post(f"{api.running.url}{path}", content=body.encode(), headers=headers)


def test_in_a_body_it_is_named_by_its_place(both: Api, ania: Person) -> None:
    body = {"permissions": ["InvoiceRead"], "description": "ERP\0 of Ania"}
    refused = refusal(both.call("POST", "/tokens", ania.login, body=body))
    assert (refused.code, refused.details) == (
        21405,
        ["'description' must not contain the character U+0000."],
    )


def test_deep_in_a_body_too(api: Api) -> None:
    grant = {
        "contextIdentifier": {"type": "Nip", "value": new_nip()},
        "authorizedIdentifier": {"type": "Pesel", "value": new_pesel()},
        "permissions": [
            {"permissionType": "InvoiceRead", "description": "in order"},
            {"permissionType": "InvoiceWrite", "description": "not in order\0"},
        ],
    }
    refused = refusal(api.call("POST", "/testdata/permissions", body=grant))
    assert refused.code == 21405
    assert refused.details == ["'permissions[1].description' must not contain the character U+0000."]


def test_what_only_looks_like_it_is_taken(api: Api, ania: Person) -> None:
    """A backslash and letters, and a property that nobody reads."""
    for body in (
        r'{"permissions": ["InvoiceRead"], "description": "C:\\u0000"}',
        r'{"permissions": ["InvoiceRead"], "description": "ERP of Ania", "x\u0000": "\u0000"}',
    ):
        assert _post(api, "/tokens", body, ania).status_code == 202


@pytest.mark.parametrize("half", [r"\ud800", r"\udc00\ud800", r"\ud800x"])
def test_half_a_character_is_no_json(api: Api, ania: Person, half: str) -> None:
    body = f'{{"permissions": ["InvoiceRead"], "description": "ERP of {half}"}}'
    assert refusal(_post(api, "/tokens", body, ania)).code == 21001


def test_in_an_address(both: Api, ania: Person) -> None:
    in_path = refusal(both.call("GET", "/tokens/20260302-EC-%00", ania.login))
    assert (in_path.code, in_path.details) == (
        21405,
        ["'referenceNumber' must not contain the character U+0000."],
    )
    in_query = refusal(both.call("GET", "/tokens?description=ERP%00", ania.login))
    assert (in_query.code, in_query.details) == (
        21405,
        ["'description' must not contain the character U+0000."],
    )


@pytest.mark.parametrize("path", ["/tokens/a%00b", "/tokens/a%20b%00", "/sessions/%ED%A0%80"])
def test_causes_are_kept_whatever_stands_in_the_address(api: Api, running: RunningKsef, path: str) -> None:
    trace = api.call("GET", path).json()["traceId"]
    (cause,) = running.why(trace)
    assert (cause["status"], cause["referenceNumbers"]) == (401, [])


def test_in_a_certificate(api: Api) -> None:
    """What stands behind it is hidden from some readers: an old trick."""
    nip = new_nip()
    seal = authority.seal("Firma\0 Ani", nip, now=api.running.ksef.clock.now())
    refused = refusal(api.post_signed(api.signed(seal, ("Nip", nip))))
    assert refused.code == 21115


def test_in_a_world(running: RunningKsef) -> None:
    person = {"nip": new_nip(), "pesel": new_pesel(), "isBailiff": False, "description": "a\0 person"}
    with pytest.raises(CannotManage, match=r"persons\[0\].*U\+0000"):
        running.seed({"persons": [person]})
