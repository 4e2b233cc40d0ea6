"""Invoices of a session: lists and single ones. Rules: sessions.md sections 8 and 9."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from klucznik.crypto.envelope import sha256_base64
from klucznik.server import verification

from .desk import Desk, Person, desk_at, refusal, until


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture(params=[{}, {"X-Error-Format": "problem-details"}], ids=["old", "problem"])
def ania(desk: Desk, request: pytest.FixtureRequest) -> Person:
    firm = desk.firm()
    firm.headers = request.param
    return firm


def test_an_accepted_invoice(ania: Person) -> None:
    session, document = ania.open(), ania.invoice("FV/1")
    found = ania.settled(session, document)
    assert found["ordinalNumber"] == 1
    assert found["invoiceNumber"] == "FV/1"
    assert found["invoiceHash"] == sha256_base64(document)
    assert found["invoicingMode"] == "Online"
    assert found["status"] == {"code": 200, "description": "Sukces"}
    assert found["ksefNumber"].startswith(f"{ania.nip}-{ania.desk.today():%Y%m%d}-")
    assert found["invoicingDate"] < found["acquisitionDate"]
    assert found["upoDownloadUrl"].startswith("http://127.0.0.1:")
    assert found["acquisitionDate"] < found["upoDownloadUrlExpirationDate"]
    path = f"/sessions/{session.ref}/invoices/{found['referenceNumber']}"
    stored = until(lambda: ania.get(path), lambda seen: "permanentStorageDate" in seen)
    assert stored["permanentStorageDate"] > stored["acquisitionDate"]


def test_a_reject_has_no_number_and_no_upo(ania: Person) -> None:
    session = ania.open()
    found = ania.settled(session, b"<x/>")
    assert found["status"]["code"] == 450
    assert set(found) == {"ordinalNumber", "referenceNumber", "invoiceHash", "invoicingDate", "status"}


def test_nothing_is_told_before_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "_GATHER", 3600)
    with desk_at() as desk:
        ania = desk.firm()
        session = ania.open()
        ref = ania.send(session, b"<x/>")
        found = ania.get(f"/sessions/{session.ref}/invoices/{ref}")
        assert found["status"] == {"code": 100, "description": "Faktura przyjęta do dalszego przetwarzania"}
        assert set(found) == {"ordinalNumber", "referenceNumber", "invoiceHash", "invoicingDate", "status"}
        assert ania.get(f"/sessions/{session.ref}/invoices/failed") == {"invoices": []}
        assert refusal(ania.call("GET", f"/sessions/{session.ref}/invoices/{ref}/upo")).code == 21405
        # A closed session waits for its invoices.
        ania.close(session)
        assert ania.get(f"/sessions/{session.ref}")["status"]["code"] == 170


def test_lists_of_a_session(ania: Person) -> None:
    session = ania.open()
    sent = [ania.send(session, ania.invoice(f"FV/{n}") if n % 3 else b"<x/>") for n in range(25)]
    ania.finished(session)
    pages, token = [], None
    for size in (10, 10, 5):
        headers: dict[str, str] = {"x-continuation-token": token} if token else {}
        page = ania.get(f"/sessions/{session.ref}/invoices", headers=headers)
        assert len(page["invoices"]) == size
        pages += page["invoices"]
        token = page.get("continuationToken")
    assert token is None
    assert [item["referenceNumber"] for item in pages] == sent
    assert [item["ordinalNumber"] for item in pages] == list(range(1, 26))
    failed = ania.get(f"/sessions/{session.ref}/invoices/failed", params={"pageSize": 1000})
    assert [item["ordinalNumber"] for item in failed["invoices"]] == [1, 4, 7, 10, 13, 16, 19, 22, 25]
    assert "continuationToken" not in failed


def test_empty_lists(ania: Person) -> None:
    session = ania.open()
    assert ania.get(f"/sessions/{session.ref}/invoices") == {"invoices": []}
    assert ania.get(f"/sessions/{session.ref}/invoices/failed") == {"invoices": []}


def test_tokens_of_other_lists(ania: Person) -> None:
    sessions = [ania.open(), ania.open()]
    for session in sessions:
        for _ in range(11):
            ania.send(session, b"<x/>")
        ania.finished(session)
    token = ania.get(f"/sessions/{sessions[0].ref}/invoices")["continuationToken"]
    for path, given in (
        (f"/sessions/{sessions[1].ref}/invoices", token),
        (f"/sessions/{sessions[0].ref}/invoices/failed", token),
        (f"/sessions/{sessions[0].ref}/invoices", token[:-2]),
        (f"/sessions/{sessions[0].ref}/invoices", "A" * 64),
    ):
        refused = refusal(ania.call("GET", path, headers={"x-continuation-token": given}))
        assert (refused.code, refused.description) == (
            21418,
            "Przekazany token kontynuacji ma nieprawidłowy format.",
        )


@pytest.mark.parametrize("size", [0, 9, 1001])
def test_sizes_of_a_page(ania: Person, size: int) -> None:
    session = ania.open()
    for kind in ("invoices", "invoices/failed"):
        refused = refusal(ania.call("GET", f"/sessions/{session.ref}/{kind}", params={"pageSize": size}))
        assert refused.code == 21405


def test_an_invoice_of_another_session(ania: Person) -> None:
    first, second = ania.open(), ania.open()
    ref = ania.send(first, ania.invoice("FV/1"))
    assert refusal(ania.call("GET", f"/sessions/{second.ref}/invoices/{ref}")).code == 21405
    assert refusal(ania.call("GET", f"/sessions/{first.ref}/invoices/short")).code == 21405
