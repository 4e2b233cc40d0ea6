"""Every operation keeps out whoever may not call it. Rules: auth.md 4, 5 and 8, permissions.md 2."""

from __future__ import annotations

from typing import Any

import pytest

from klucznik.crypto import authority
from klucznik.server.access import OWNER_PERMISSIONS
from klucznik.wire import ROWS, auth
from klucznik.wire.problems import REASONS

from .desk import reason
from .door import Api, Started, new_nip, refusal
from .rows import Row, access, call, name, of_operation

ELSEWHERE = {"ip4Addresses": ["10.1.2.3"]}
WITH_BEARER = [row for row in ROWS.values() if row.bearer != "anonymous"]
BY_ACCESS = [row for row in WITH_BEARER if row.bearer in ("access", "access-or-refresh")]
BY_OPERATION = [row for row in WITH_BEARER if row not in BY_ACCESS]


def _unauthorized(answer: Any) -> None:
    assert answer.status_code == 401, (answer.status_code, answer.text)
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert (body["title"], body["status"]) == ("Unauthorized", 401)
    assert body["detail"] == "Wymagane jest uwierzytelnienie."


@pytest.mark.parametrize("row", WITH_BEARER, ids=name)
def test_nobody_calls_without_a_bearer_or_with_another_one(api: Api, row: Row) -> None:
    """401 whatever else is wrong with the call: path and body are not looked at before."""
    ref = "20251010-AU-1A2B3C4000-5D6E7F8091-6A"
    bearers = {
        "access": access(api.ksef, sorted(OWNER_PERMISSIONS)),
        "authentication": of_operation(api.ksef, "AuthenticationToken", ref),
        "refresh": of_operation(api.ksef, "RefreshToken", ref),
    }
    expired = access(api.ksef, sorted(OWNER_PERMISSIONS), hours=-1)
    foreign = [bearer for kind, bearer in bearers.items() if kind not in row.bearer]
    assert len(foreign) == (1 if row.bearer == "access-or-refresh" else 2)
    for bearer in (None, "garbage", expired, *foreign):
        _unauthorized(call(api, row, bearer))


@pytest.mark.parametrize("row", [row for row in BY_ACCESS if row.permissions], ids=name)
def test_nobody_calls_without_one_of_the_permissions(api: Api, row: Row) -> None:
    """403 before the body is read, and it names what would have helped."""
    held = sorted(OWNER_PERMISSIONS - set(row.permissions) | {"TaxRepresentation"})
    answer = call(api, row, access(api.ksef, held))
    assert reason(answer) == "missing-permissions"
    body = answer.json()
    assert body["detail"] == REASONS["missing-permissions"].detail
    assert body["security"]["requiredAnyOfPermissions"] == list(row.permissions)
    assert body["security"]["presentPermissions"] == held
    for permission in row.permissions:
        admitted = call(api, row, access(api.ksef, [permission]))
        assert admitted.status_code != 403 or reason(admitted) != "missing-permissions"


@pytest.mark.parametrize("row", BY_ACCESS, ids=name)
def test_nobody_calls_from_another_address_than_the_login_allows(api: Api, row: Row) -> None:
    answer = call(api, row, access(api.ksef, sorted(OWNER_PERMISSIONS), policy=ELSEWHERE))
    assert reason(answer) == "ip-not-allowed"
    assert answer.json()["security"] == {"clientIp": "127.0.0.1"}


def _started_elsewhere(api: Api) -> Started:
    """A login that has succeeded, and may be used from elsewhere only."""
    nip = new_nip()
    identity = authority.seal("Firma Ani", nip, now=api.ksef.clock.now())
    addresses = tuple(ELSEWHERE["ip4Addresses"])
    signed = api.signed(identity, ("Nip", nip), ip4_addresses=addresses)
    return api.started(api.post_signed(signed))


@pytest.mark.parametrize("row", BY_OPERATION, ids=name)
def test_a_login_is_followed_from_the_addresses_it_allows(api: Api, row: Row) -> None:
    started = _started_elsewhere(api)
    kind = "RefreshToken" if row is auth.REFRESH else "AuthenticationToken"
    bearer = of_operation(api.ksef, kind, started.ref)
    answer = call(api, row, bearer, path=row.path.format(referenceNumber=started.ref))
    assert reason(answer) == "ip-not-allowed"
    assert answer.json()["security"] == {"clientIp": "127.0.0.1"}


@pytest.mark.parametrize("row", BY_OPERATION, ids=name)
def test_a_login_that_is_not_known_is_21304(both: Api, row: Row) -> None:
    """A JWT of this KSeF whose operation is gone: the data were reset, or are another copy's."""
    ref = "20251010-AU-1A2B3C4000-5D6E7F8091-6A"
    kind = "RefreshToken" if row is auth.REFRESH else "AuthenticationToken"
    bearer = of_operation(both.ksef, kind, ref)
    found = refusal(call(both, row, bearer, path=row.path.format(referenceNumber=ref)))
    assert (found.code, found.description) == (21304, "Brak uwierzytelnienia.")
    assert found.details == [
        f"Operacja uwierzytelniania o numerze referencyjnym {ref} nie została znaleziona."
    ]
