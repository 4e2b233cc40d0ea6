"""Every operation refuses what it cannot read, with the codes that its row lists. Rule: auth.md section 3."""

from __future__ import annotations

from typing import Any

import pytest

from klucznik.server.access import OWNER_PERMISSIONS
from klucznik.wire import ROWS, auth, codes, collective, limits, overrides, permissions, sessions
from klucznik.wire.endpoint import Xml

from .desk import Desk, desk_at
from .door import Api, refusal
from .rows import NOBODYS, Row, access, call, name, path

WITH_BODY = [row for row in ROWS.values() if row.takes is not None]
_ALL = sorted(OWNER_PERMISSIONS | {"VatUeManage", "PefInvoiceWrite"})


def listing(code: int) -> list[Row]:
    return [row for row in ROWS.values() if code in row.refuses]


def ask(api: Api, row: Row, **parts: Any) -> Any:
    """The call, by somebody who may."""
    bearer = None if row.bearer == "anonymous" else access(api.ksef, _ALL)
    return call(api, row, bearer, **parts)


@pytest.mark.parametrize("row", listing(21001), ids=name)
def test_what_cannot_be_read_is_21001(both: Api, row: Row) -> None:
    """A body that is no JSON, or a parameter that is no number."""
    if row.takes is Xml:
        spoilt: dict[str, Any] = {"params": {"verifyCertificateChain": "maybe"}, "content": b"<x/>"}
        spoilt["headers"] = {"Content-Type": "application/xml"}
    elif row.takes is None:
        spoilt = {"params": {"pageSize": "ten"}}
    else:
        spoilt = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    found = refusal(ask(both, row, **spoilt))
    assert (found.code, found.description) == (21001, "Nieczytelna treść.")
    assert found.details


#: Operations of which nothing is checked: they take no parameter and no body.
NOTHING_TO_CHECK = [
    overrides.RESET_RATES,
    overrides.PRODUCTION_RATES,
    overrides.RESET_SESSION,
    permissions.ATTACHMENTS_STATUS,
]
#: What is wrong with the call where no general fault is.
_OWN_FAULTS: dict[Row, dict[str, Any]] = {
    # Its one parameter is read or not (21001), and its document has codes of its own.
    auth.XADES_SIGNATURE: {
        "params": {f"p{number}": "x" for number in range(201)},
        "content": b"<x/>",
        "headers": {"Content-Type": "application/xml"},
    },
    limits.SUBJECT_SET: {"body": {"enrollment": {"maxEnrollments": -1}}},
    auth.REVOKE_CURRENT: {},  # a login of which the data know nothing
}


@pytest.mark.parametrize("row", [row for row in listing(21405) if row not in NOTHING_TO_CHECK], ids=name)
def test_what_does_not_fit_is_21405(both: Api, row: Row) -> None:
    """A page too small, a name in the path that is none, a body that says nothing."""
    body: Any = {} if row.takes else None
    if row in _OWN_FAULTS:
        wrong = _OWN_FAULTS[row]
    elif row.query is not None and "page_size" in row.query.model_fields:
        wrong = {"params": {"pageSize": "5"}, "body": body}
    elif row.path_names:
        wrong = {"path": path(row, dict.fromkeys(NOBODYS, "x")), "body": body}
    else:
        wrong = {"body": body}
    found = refusal(ask(both, row, **wrong))
    assert (found.code, found.description) == (21405, "Błąd walidacji danych wejściowych.")
    assert found.details


@pytest.mark.parametrize("row", NOTHING_TO_CHECK, ids=name)
def test_what_takes_nothing_refuses_nothing(api: Api, row: Row) -> None:
    """21405 is listed for these too; a parameter that nobody asked for is passed over."""
    assert row.takes is row.query is None
    assert row.path_names == []
    assert ask(api, row, params={"pageSize": "5"}).status_code == row.status


@pytest.mark.parametrize("row", listing(21418), ids=name)
def test_a_continuation_token_of_ones_own_making_is_21418(api: Api, row: Row) -> None:
    desk = Desk(api.running)
    ania = desk.firm()
    names = {**NOBODYS, "referenceNumber": ania.open().ref}
    bodies: dict[Row, dict[str, Any]] = {
        collective.INVOICES: {"collectiveIdentifierNumbers": ["x" * 30]},
        collective.QUERY: {
            "dateCreatedFrom": "2026-01-01T00:00:00Z",
            "dateCreatedTo": "2026-02-01T00:00:00Z",
        },
    }
    answer = ania.call(
        row.method,
        path(row, names),
        bodies.get(row),
        headers={"x-continuation-token": "AAAA"},
        params={"sessionType": "Online"} if row is sessions.LIST else None,
    )
    desk.http.close()
    found = refusal(answer)
    assert found.code == 21418
    other_words = row.path.startswith("/collective-identifiers")
    described = codes.BAD_COLLECTIVE_TOKEN if other_words else codes.BAD_CONTINUATION_TOKEN
    assert found.description == described.description


@pytest.mark.parametrize("row", WITH_BODY, ids=name)
def test_a_body_of_another_type_is_415(api: Api, row: Row) -> None:
    """Not in the contract; a web page can send such a body unasked, JSON it cannot."""
    for media in ("text/plain", "application/x-www-form-urlencoded"):
        answer = ask(api, row, content=b"{}", headers={"Content-Type": media})
        assert answer.status_code == 415, answer.text
        assert answer.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize("row", [row for row in WITH_BODY if row is not sessions.SEND], ids=name)
def test_a_body_of_more_than_two_megabytes_is_413(api: Api, row: Row) -> None:
    """Not in the contract; an invoice alone may be larger (test_app)."""
    media = "application/xml" if row.takes is Xml else "application/json"
    answer = ask(api, row, content=b" " * 2_000_001, headers={"Content-Type": media})
    assert answer.status_code == 413, answer.text


@pytest.mark.parametrize("row", listing(21184), ids=name)
def test_a_session_under_maintenance_is_21184(row: Row) -> None:
    """Never by itself: a fault script asks for it (docs/management.md)."""
    with desk_at() as desk:
        ania = desk.firm()
        session = ania.open()
        desk.running.set_faults({"match": {"operation": name(row)}, "do": "21184"})
        found = refusal(ania.post(session, ania.invoice("FV/1")))
        assert (found.code, found.description) == (21184, "Sesja tymczasowo niedostępna.")
        assert found.details == [codes.SESSION_UNDER_MAINTENANCE.format(ref=session.ref)]
        desk.running.set_faults()
        assert ania.post(session, ania.invoice("FV/1")).status_code == 202
