"""Metadata query and download. Rules: query-export.md sections 1, 2 and 5."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from klucznik.clock import ManualClock
from klucznik.crypto.envelope import sha256_base64
from klucznik.documents.samples import Options, Third
from klucznik.server.tables import invoices, stamp

from .desk import Desk, Person, desk_at, new_nip, reason, refusal

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture(params=[{}, {"X-Error-Format": "problem-details"}], ids=["old", "problem"])
def ania(desk: Desk, request: pytest.FixtureRequest) -> Person:
    firm = desk.firm()
    firm.headers = request.param
    return firm


def issue(person: Person, number: str, **parts: Any) -> str:
    """An accepted and stored invoice: its KSeF number."""
    session = person.open()
    outcome = person.settled(session, person.invoice(number, **parts))
    assert outcome["status"]["code"] == 200, outcome
    number = outcome["ksefNumber"]
    person.stored(number)
    return number


def numbers(person: Person, role: str = "Subject1", **filters: object) -> list[str]:
    return [item["invoiceNumber"] for item in person.query(role, **filters)["invoices"]]


# ---- who sees what


def test_everybody_sees_it_in_their_own_role(desk: Desk, ania: Person) -> None:
    buyer, third, obcy = desk.firm(), desk.firm(), desk.firm()
    options = Options(thirds=[Third(f"<NIP>{third.nip}</NIP>", 4)])
    issue(ania, "FV/1", buyer=buyer.nip, options=options)
    roles = ("Subject1", "Subject2", "Subject3", "SubjectAuthorized")
    for person, sees in ((ania, 0), (buyer, 1), (third, 2), (obcy, None)):
        for place, role in enumerate(roles):
            assert numbers(person, role) == (["FV/1"] if place == sees else [])


def test_biuro_needs_invoice_read(desk: Desk, ania: Person) -> None:
    issue(ania, "FV/1")
    assert numbers(desk.worker(ania, "InvoiceRead")) == ["FV/1"]
    writer = desk.worker(ania, "InvoiceWrite")
    assert reason(writer.try_query()) == "missing-permissions"
    number = f"{ania.nip}-20260101-010000000000-00"
    assert reason(writer.call("GET", f"/invoices/ksef/{number}")) == "missing-permissions"


def test_an_internal_unit_sees_what_names_it(desk: Desk, ania: Person) -> None:
    unit = desk.sit(("InternalId", f"{ania.nip}-12345"), ("Nip", new_nip()), ["InvoiceRead"])
    named = Options(thirds=[Third(f"<IDWew>{ania.nip}-12345</IDWew>", 8)])
    number = issue(ania, "FV/1", options=named)
    other = issue(ania, "FV/2")
    assert numbers(unit, "Subject3") == ["FV/1"]
    assert numbers(unit, "Subject1") == numbers(unit, "Subject2") == numbers(unit, "SubjectAuthorized") == []
    assert unit.call("GET", f"/invoices/ksef/{number}").status_code == 200
    assert reason(unit.call("GET", f"/invoices/ksef/{other}")) == "insufficient-resource-access"


def test_rejects_are_not_found(ania: Person) -> None:
    session = ania.open()
    ania.settled(session, b"<x/>")
    issue(ania, "FV/1")
    ania.settled(session, ania.invoice("FV/1"))
    assert numbers(ania) == ["FV/1"]


# ---- what is told


def test_metadata_of_an_invoice(desk: Desk, ania: Person) -> None:
    document = ania.invoice("FV/1", options=Options(thirds=[Third("<BrakID>1</BrakID>", 0)]))
    outcome = ania.settled(ania.open(), document)
    found = ania.stored(outcome["ksefNumber"])
    for name in ("invoicingDate", "acquisitionDate"):
        assert found[name] == outcome[name]
    assert found["permanentStorageDate"] > found["acquisitionDate"]
    assert found["issueDate"] == desk.today().isoformat()
    assert found["buyer"]["identifier"] == {"type": "Nip", "value": "1111111111"}
    assert (found["netAmount"], found["vatAmount"], found["grossAmount"]) == (364.9, 74.95, 439.85)
    assert found["formCode"] == {"systemCode": "FA (3)", "schemaVersion": "1-0E", "value": "FA"}
    assert found["invoiceHash"] == sha256_base64(document)
    assert found["thirdSubjects"] == [
        {"identifier": {"type": "None"}, "name": "Trzecia Strona Przykładowa", "role": 0}
    ]
    assert "authorizedSubject" not in found
    assert "hashOfCorrectedInvoice" not in found


# ---- filters


def test_filters(desk: Desk, ania: Person) -> None:
    other = new_nip()
    issue(ania, "FV/1")
    issue(ania, "FV/2", buyer=other, options=Options(kind="ROZ", currency="EUR"))
    offline = issue(ania, "FV/3", day=date(2026, 10, 1))
    everything = ["FV/1", "FV/2", "FV/3"]
    for filters, wanted in (
        ({}, everything),
        ({"invoiceNumber": "FV/2"}, ["FV/2"]),
        ({"invoiceNumber": "fv/2"}, []),
        ({"invoiceNumber": "FV/%"}, []),
        ({"invoiceNumber": "' OR 1=1 --"}, []),
        ({"ksefNumber": offline}, ["FV/3"]),
        ({"sellerNip": ania.nip}, everything),
        ({"sellerNip": other}, []),
        ({"buyerIdentifier": {"type": "Nip", "value": other}}, ["FV/2"]),
        ({"buyerIdentifier": {"type": "Nip"}}, everything),
        ({"buyerIdentifier": {"type": "None"}}, []),
        ({"buyerIdentifier": {"type": "VatUe", "value": other}}, []),
        ({"amount": {"type": "Brutto", "from": 439.85, "to": 439.85}}, everything),
        ({"amount": {"type": "Brutto", "from": 439.86}}, []),
        ({"amount": {"type": "Netto", "to": 364.89}}, []),
        ({"amount": {"type": "Vat", "from": -1}}, everything),
        ({"currencyCodes": ["EUR", "USD"]}, ["FV/2"]),
        ({"currencyCodes": []}, everything),
        ({"invoiceTypes": ["Roz", "Kor"]}, ["FV/2"]),
        ({"invoicingMode": "Offline"}, ["FV/3"]),
        ({"invoicingMode": "Online"}, ["FV/1", "FV/2"]),
        ({"isSelfInvoicing": True}, []),
        ({"isSelfInvoicing": False}, everything),
        ({"hasAttachment": True}, []),
        ({"hasAttachment": False}, everything),
        ({"formType": "FA"}, everything),
        ({"formType": "PEF"}, []),
        ({"invoicingMode": "Online", "currencyCodes": ["PLN"]}, ["FV/1"]),
    ):
        assert numbers(ania, **filters) == wanted, filters


def span(kind: str, since: datetime, until: datetime | None = None, **more: object) -> dict[str, object]:
    found: dict[str, object] = {"dateType": kind, "from": since.isoformat(), **more}
    if until:
        found["to"] = until.isoformat()
    return found


def test_the_day_of_issue_has_no_hour(ania: Person) -> None:
    issue(ania, "FV/1", day=date(2026, 10, 1))
    begin = datetime(2026, 10, 1, tzinfo=UTC)
    for since, until, wanted in (
        (begin, begin + timedelta(hours=20), ["FV/1"]),
        (begin + timedelta(hours=12), begin + timedelta(days=1), ["FV/1"]),
        (begin + timedelta(days=1), begin + timedelta(days=2), []),
        (begin - timedelta(days=3), begin - timedelta(days=1), []),
    ):
        assert numbers(ania, dateRange=span("Issue", since, until)) == wanted


def test_the_longest_range(desk: Desk, ania: Person) -> None:
    end = desk.ksef.clock.now()
    assert numbers(ania, dateRange=span("Invoicing", end - timedelta(days=100), end)) == []
    for kind in ("Issue", "Invoicing", "PermanentStorage"):
        begin = end - timedelta(days=100, seconds=1)
        refused = refusal(ania.try_query(dateRange=span(kind, begin, end)))
        assert (refused.code, len(refused.details)) == (21405, 1)
    refused = refusal(ania.try_query(dateRange=span("Issue", end - timedelta(days=101))))
    assert refused.code == 21405
    # The end of the range may lie in the future.
    assert numbers(ania, dateRange=span("Invoicing", end, end + timedelta(days=50))) == []
    assert refusal(ania.try_query(dateRange=span("Issue", end, end - timedelta(seconds=1)))).code == 21405


@pytest.mark.parametrize("kind", ["Issue", "Invoicing", "PermanentStorage"])
@pytest.mark.parametrize(
    ("since", "until", "status"),
    [
        ("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z", 200),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", 200),
        ("0001-01-01T00:00:00+14:00", "0001-01-02T00:00:00Z", 400),
        ("9999-12-31T23:59:59-14:00", None, 400),
        ("2026-10-25T02:30:00", "2026-10-25T02:30:00", 200),
    ],
)
def test_the_ends_of_time(ania: Person, kind: str, since: str, until: str | None, status: int) -> None:
    found = {"dateType": kind, "from": since} | ({"to": until} if until else {})
    assert ania.try_query(dateRange=found).status_code == status


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subjectType": None}, 21001),
        ({"subjectType": "Subject4"}, 21001),
        ({"dateRange": None}, 21405),
        ({"dateRange": {}}, 21405),
        ({"dateRange": {"dateType": "Sent", "from": "2026-01-01T00:00:00Z"}}, 21001),
        ({"dateRange": {"dateType": "Issue", "from": "yesterday"}}, 21001),
        ({"ksefNumber": "x"}, 21405),
        ({"invoiceNumber": "x" * 257}, 21405),
        ({"sellerNip": "0000000000"}, 21405),
        ({"sellerNip": "١٢٣٤٥٦٧٨٩٠"}, 21405),
        ({"buyerIdentifier": {"type": "Nip", "value": "1" * 51}}, 21405),
        ({"currencyCodes": ["XXY"]}, 21001),
        ({"invoiceTypes": ["Lost"]}, 21001),
        ({"amount": {"type": "Brutto", "from": "1"}}, 21405),
        ({"amount": {}}, 21405),
    ],
)
def test_filters_that_do_not_fit(ania: Person, changes: dict[str, Any], code: int) -> None:
    assert refusal(ania.try_query(**changes)).code == code


@pytest.mark.parametrize(
    ("params", "details"),
    [
        ({"pageSize": 9}, "'pageSize' must be between 10 and 250. You entered 9."),
        ({"pageSize": 251}, "'pageSize' must be between 10 and 250. You entered 251."),
        ({"pageOffset": -1}, "'pageOffset' must be greater than or equal to '0'."),
    ],
)
def test_pages_that_do_not_fit(ania: Person, params: dict[str, Any], details: str) -> None:
    refused = refusal(ania.try_query(params=params))
    assert refused.code == 21405
    assert refused.details == [details]
    assert refusal(ania.try_query(params={"sortOrder": "Up"})).code == 21001


# ---- pages


def fill(desk: Desk, nip: str, count: int) -> None:
    """Stored invoices, as if they had been sent: one a second."""
    begin = stamp(desk.ksef.clock.now() - timedelta(days=2))
    rows = [
        {
            "ref": f"{nip}-{n}",
            "session_ref": f"{nip}-session",
            "ordinal": n + 1,
            "status": 200,
            "verdict": 0,
            "invoice_hash": sha256_base64(f"{nip}{n}".encode()),
            "offline": False,
            "invoicing": begin + n * 1_000_000,
            "acquired": begin + n * 1_000_000,
            "stored": begin + n * 1_000_000,
            "mode": "Online",
            "ksef_number": f"{nip}-20260101-{n:012X}-00",
            "context_type": "Nip",
            "context_value": nip,
            "seller_nip": nip,
            "buyer_type": "None",
            "number": f"{n:05}",
            "kind": "Vat",
            "issued": "2026-01-01",
            "currency": "PLN",
            "net": "1.00",
            "vat": "0.23",
            "gross": "1.23",
            "self_invoicing": False,
            "attachment": False,
            "system_code": "FA (3)",
            "schema_version": "1-0E",
            "form_value": "FA",
        }
        for n in range(count)
    ]
    desk.write(lambda db: db.execute(insert(invoices), rows))


@pytest.mark.parametrize("order", ["Asc", "Desc"])
def test_pages_follow_each_other(desk: Desk, ania: Person, order: str) -> None:
    fill(desk, ania.nip, 25)
    seen = []
    for offset, (size, more) in enumerate([(10, True), (10, True), (5, False), (0, False)]):
        page = ania.query(params={"pageOffset": offset, "sortOrder": order})
        assert (len(page["invoices"]), page["hasMore"], page["isTruncated"]) == (size, more, False)
        assert "permanentStorageHwmDate" not in page
        seen += [item["invoiceNumber"] for item in page["invoices"]]
    assert seen == sorted((f"{n:05}" for n in range(25)), reverse=order == "Desc")


def test_ten_thousand_and_one(desk: Desk) -> None:
    ania = desk.firm()
    fill(desk, ania.nip, 10_001)
    for offset, size, wanted, more, truncated in (
        (38, 250, 250, True, False),
        (39, 250, 250, True, True),
        (40, 250, 0, True, True),
        (333, 30, 10, True, True),
        (2**31 - 1, 250, 0, True, True),
    ):
        page = ania.query(params={"pageOffset": offset, "pageSize": size})
        assert (len(page["invoices"]), page["hasMore"], page["isTruncated"]) == (wanted, more, truncated)
    exact = desk.firm()
    fill(desk, exact.nip, 10_000)
    last = exact.query(params={"pageOffset": 39, "pageSize": 250})
    assert (len(last["invoices"]), last["hasMore"], last["isTruncated"]) == (250, False, False)


# ---- permanent storage and the high water mark


def test_an_invoice_appears_once_it_is_stored() -> None:
    clock = ManualClock(NOW)
    with desk_at(clock=clock) as desk:
        ania = desk.firm()
        session = ania.open()
        document = ania.invoice("FV/1")
        number = ania.settled(session, document)["ksefNumber"]
        # Accepted, and not there yet: neither in the query nor to download.
        assert ania.query()["invoices"] == []
        for headers in ({}, {"X-Error-Format": "problem-details"}):
            refused = refusal(ania.call("GET", f"/invoices/ksef/{number}", headers=headers))
            assert refused.code == 21165
            assert refused.description == "Faktura o podanym numerze KSeF nie jest jeszcze dostępna."
            assert refused.details == [
                f"Faktura o numerze KSeF {number} została przetworzona, ale nie jest jeszcze dostępna do "
                "pobrania. Spróbuj ponownie później."
            ]
        assert reason(desk.firm().call("GET", f"/invoices/ksef/{number}")) == "insufficient-resource-access"
        clock.advance(seconds=1)
        assert [item["ksefNumber"] for item in ania.query()["invoices"]] == [number]
        assert ania.call("GET", f"/invoices/ksef/{number}").content == document


def test_the_high_water_mark() -> None:
    clock = ManualClock(NOW)
    with desk_at(clock=clock) as desk:
        ania = desk.firm()
        before = ania.query(dateRange=span("PermanentStorage", NOW - timedelta(days=1)))
        assert datetime.fromisoformat(before["permanentStorageHwmDate"]) == NOW
        # The clock stands still: what is accepted now is stored above the mark that was told.
        number = ania.settled(ania.open(), ania.invoice("FV/1"))["ksefNumber"]
        clock.advance(seconds=1)
        found = ania.query(dateRange=span("PermanentStorage", NOW, restrictToPermanentStorageHwmDate=True))
        assert [item["ksefNumber"] for item in found["invoices"]] == [number]
        assert datetime.fromisoformat(found["invoices"][0]["permanentStorageDate"]) > NOW
        # For an old range the mark is its end.
        old = ania.query(dateRange=span("PermanentStorage", NOW - timedelta(days=5), NOW - timedelta(days=2)))
        assert datetime.fromisoformat(old["permanentStorageHwmDate"]) == NOW - timedelta(days=2)


def test_a_range_beyond_the_mark(desk: Desk, ania: Person) -> None:
    later = desk.ksef.clock.now() + timedelta(hours=1)
    refused = refusal(
        ania.try_query(dateRange=span("PermanentStorage", later, restrictToPermanentStorageHwmDate=True))
    )
    assert (refused.code, refused.description) == (
        21183,
        "Zakres filtrowania wykracza poza dostępny zakres danych.",
    )
    assert refused.details == [
        "Parametr dateRange.from jest późniejszy niż PermanentStorageHwmDate przy włączonym "
        "restrictToPermanentStorageHwmDate."
    ]
    assert numbers(ania, dateRange=span("PermanentStorage", later)) == []


def test_nobody_who_follows_the_mark_misses_anything(tmp_path: Path) -> None:
    """Reading from mark to mark while others send, with commits under way: each is found, in order."""
    with desk_at(tmp_path) as desk:
        ania = desk.firm()
        session = ania.open()
        point = desk.ksef.clock.now() - timedelta(seconds=1)
        seen: dict[str, str] = {}

        def read() -> datetime:
            found = ania.query(
                dateRange=span("PermanentStorage", point, restrictToPermanentStorageHwmDate=True),
                params={"pageSize": 250},
            )
            for item in found["invoices"]:
                assert datetime.fromisoformat(item["permanentStorageDate"]) >= point
                seen[item["ksefNumber"]] = item["invoiceNumber"]
            mark = datetime.fromisoformat(found["permanentStorageHwmDate"])
            assert mark >= point
            return mark

        with ThreadPoolExecutor(4) as pool:
            sent = [pool.submit(ania.send, session, ania.invoice(f"FV/{n}")) for n in range(200)]
            while not all(one.done() for one in sent):
                point = read()
        accepted = [ania.outcome(session, one.result())["ksefNumber"] for one in sent]
        for _ in range(500):  # the last ones have milliseconds to go until they are stored
            point = read()
            if set(accepted) <= set(seen):
                break
        assert set(accepted) == set(seen)


# ---- download


def test_a_download_is_what_was_sent(desk: Desk, ania: Person) -> None:
    buyer = desk.firm()
    document = ania.invoice("FV/1", buyer=buyer.nip).replace(b"><", b">\n\t<")
    number = ania.settled(ania.open(), document)["ksefNumber"]
    ania.stored(number)
    for person in (ania, buyer, desk.worker(ania, "InvoiceRead")):
        response = person.call("GET", f"/invoices/ksef/{number}")
        assert response.status_code == 200
        assert response.content == document
        assert response.headers["content-type"] == "application/xml"
        assert response.headers["x-ms-meta-hash"] == sha256_base64(document)
    assert sha256(document).digest() == sha256(response.content).digest()
    response = desk.firm().call("GET", f"/invoices/ksef/{number}")
    assert reason(response) == "insufficient-resource-access"
    assert b"FV/1" not in response.content


def test_an_unknown_invoice(ania: Person) -> None:
    number = f"{ania.nip}-20260101-010000000000-00"
    refused = refusal(ania.call("GET", f"/invoices/ksef/{number}"))
    assert (refused.code, refused.description) == (21164, "Faktura o podanym identyfikatorze nie istnieje.")
    assert refused.details == [f"Faktura o numerze KSeF {number} nie została znaleziona."]


@pytest.mark.parametrize("number", ["x", "1111111111-19990101-010000000000-00", "%27", "a" * 5000])
def test_what_is_no_number(ania: Person, number: str) -> None:
    assert refusal(ania.call("GET", f"/invoices/ksef/{number}")).code == 21405


def test_nan_is_no_amount(ania: Person) -> None:
    content = json.dumps(
        {
            "subjectType": "Subject1",
            "dateRange": {"dateType": "Issue", "from": "2026-01-01T00:00:00Z"},
            "amount": {"type": "Brutto", "from": float("nan")},
        }
    ).encode()
    assert refusal(ania.call("POST", "/invoices/query/metadata", content=content)).code == 21001
