"""Collective identifiers: built, listed, looked into. Rules: ksef-number.md section 3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from klucznik.clock import ManualClock
from klucznik.documents.samples import Options, Third
from klucznik.server.tables import collective_identifiers, collective_invoices, stamp
from klucznik.wire.ids import crc8

from .desk import Desk, Person, desk_at, new_nip, reason, refusal

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
UNKNOWN = "5265877635-20250826-0100001AF629-AF"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture
def ania(desk: Desk) -> Person:
    return desk.firm()


def issue(person: Person, count: int, **parts: Any) -> list[str]:
    """KSeF numbers of accepted invoices."""
    session = person.open()
    refs = [person.send(session, person.invoice(f"FV/{n}/{session.ref}", **parts)) for n in range(count)]
    return [person.outcome(session, ref)["ksefNumber"] for ref in refs]


def try_build(person: Person, numbers: list[str], **details: Any) -> Any:
    items = [{"ksefNumber": number, **details} for number in numbers]
    return person.call("POST", "/collective-identifiers", {"invoices": items})


def build(person: Person, numbers: list[str], **details: Any) -> str:
    response = try_build(person, numbers, **details)
    assert response.status_code == 201, response.text
    number: str = response.json()["collectiveIdentifierNumber"]
    return number


def listed(person: Person, params: Any = None, headers: Any = None, **filters: Any) -> dict[str, Any]:
    now = person.desk.ksef.clock.now()
    body = {
        "dateCreatedFrom": (now - timedelta(days=50)).isoformat(),
        "dateCreatedTo": (now + timedelta(days=1)).isoformat(),
        **filters,
    }
    response = person.call("POST", "/collective-identifiers/query", body, params=params, headers=headers)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def numbers_of(found: dict[str, Any]) -> list[str]:
    return [item["collectiveIdentifierNumber"] for item in found["collectiveIdentifiers"]]


def inside(person: Person, *numbers: str, **parts: Any) -> dict[str, Any]:
    body = {"collectiveIdentifierNumbers": list(numbers)}
    response = person.call("POST", "/collective-identifiers/invoices", body, **parts)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


# ---- building


def test_the_number(desk: Desk, ania: Person) -> None:
    number = build(ania, issue(ania, 2))
    nip, month, technical, check = number.split("-")
    assert nip == ania.nip
    assert month == f"IZ{desk.today():%Y%m}"
    assert len(technical) == 12
    assert check == f"{crc8(number[:32]):02X}"
    assert len(number) == 35


def test_the_month_is_polands() -> None:
    with desk_at(clock=ManualClock(datetime(2026, 1, 31, 23, 30, tzinfo=UTC))) as desk:
        ania = desk.firm()
        assert "-IZ202602-" in build(ania, issue(ania, 2))


def test_anybody_builds_of_anybodys_invoices(desk: Desk, ania: Person) -> None:
    """Even a stranger (maintainer, #808); but one with none of the three permissions does not."""
    numbers = issue(ania, 2)
    for permission in ("InvoiceRead", "InvoiceWrite", "CollectiveIdentifierManage"):
        build(desk.worker(ania, permission), numbers)
    build(desk.firm(), numbers)
    nobody = desk.worker(ania, "CredentialsRead")
    assert reason(try_build(nobody, numbers)) == "missing-permissions"
    for path in ("query", "invoices"):
        response = nobody.call("POST", f"/collective-identifiers/{path}", {})
        assert reason(response) == "missing-permissions"
    assert reason(nobody.call("GET", f"/collective-identifiers/ksef/{numbers[0]}")) == "missing-permissions"


def test_at_least_two_and_no_more_than_the_context_may(ania: Person) -> None:
    numbers = issue(ania, 3)
    assert refusal(try_build(ania, numbers[:1])).code == 21405
    assert refusal(try_build(ania, [])).code == 21405
    session = {"maxInvoiceSizeInMB": 1, "maxInvoiceWithAttachmentSizeInMB": 3, "maxInvoices": 10}
    limits = {"onlineSession": session, "batchSession": session, "collectiveIdentifier": {"maxInvoices": 2}}
    assert ania.call("POST", "/testdata/limits/context/session", limits).status_code == 200
    refused = refusal(try_build(ania, numbers))
    assert (refused.code, refused.details) == (21405, ["'invoices' must contain at most 2 elements."])
    build(ania, numbers[:2])
    build(ania.desk.firm(), numbers)  # the limit is that of one context


def test_no_invoice_twice(ania: Person) -> None:
    one, two = issue(ania, 2)
    refused = refusal(try_build(ania, [one, two, one]))
    assert (refused.code, refused.description) == (71005, "Powtórzony numer KSeF w żądaniu.")
    assert refused.details == [f"Powtórzony numer KSeF {one}."]


def test_an_unknown_invoice(ania: Person) -> None:
    (one,) = issue(ania, 1)
    refused = refusal(try_build(ania, [one, UNKNOWN]))
    assert (refused.code, refused.description) == (71001, "Faktura o podanym identyfikatorze nie istnieje.")
    assert refused.details == [f"Faktura o numerze KSeF {UNKNOWN} nie została znaleziona."]


def test_one_seller(desk: Desk, ania: Person) -> None:
    (one,), (other,) = issue(ania, 1), issue(desk.firm(), 1)
    refused = refusal(try_build(ania, [one, other]))
    assert (refused.code, refused.description) == (71004, "Faktury mają różnych sprzedawców.")
    assert refused.details == [f"Faktura o numerze KSeF {other} ma innego sprzedawcę."]


def test_132_for_each_context(desk: Desk, ania: Person) -> None:
    one, two = issue(ania, 2)
    known = [f"{ania.nip}-IZ202601-{n:012X}-00" for n in range(131)]
    row = {
        "created": stamp(desk.ksef.clock.now()),
        "seller_nip": ania.nip,
        "context_type": "Nip",
        "context_value": ania.nip,
        "invoice_count": 2,
    }
    desk.write(
        lambda db: db.execute(insert(collective_identifiers), [{"number": number, **row} for number in known])
    )
    desk.write(
        lambda db: db.execute(
            insert(collective_invoices), [{"number": number, "ksef_number": one} for number in known]
        )
    )
    build(ania, [one, two])
    refused = refusal(try_build(ania, [two, one]))
    assert refused.code == 71002
    assert refused.description == (
        "Faktura jest już przypisana do maksymalnej liczby Identyfikatorów Zbiorczych."
    )
    assert refused.details == [
        f"Faktura o numerze KSeF {one} jest już przypisana do maksymalnej liczby Identyfikatorów Zbiorczych."
    ]
    build(desk.firm(), [two, one])


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"ksefNumber": "x"}, 21405),
        ({}, 21405),
        ({"description": "x" * 513}, 21405),
        ({"payment": {"amount": 1, "currency": "XXY"}}, 21001),
        ({"payment": {"amount": 1}}, 21405),
        ({"payment": {"amount": "1", "currency": "PLN"}}, 21405),
    ],
)
def test_items_that_do_not_fit(ania: Person, item: dict[str, Any], code: int) -> None:
    items = [{"ksefNumber": UNKNOWN, **item} if item else {}, {"ksefNumber": UNKNOWN}]
    assert refusal(ania.call("POST", "/collective-identifiers", {"invoices": items})).code == code


# ---- lists


def test_who_sees_an_identifier(desk: Desk, ania: Person) -> None:
    """Its own context, and the seller's NIP; not the buyer, not a stranger."""
    buyer, payer, obcy = desk.firm(), desk.firm(), desk.firm()
    numbers = issue(ania, 2, buyer=buyer.nip)
    number = build(payer, numbers)
    (own,) = listed(payer)["collectiveIdentifiers"]
    assert (own["collectiveIdentifierNumber"], own["invoiceCount"]) == (number, 2)
    assert own["createdInCurrentContext"] is True
    (sold,) = listed(ania)["collectiveIdentifiers"]
    assert sold == {**own, "createdInCurrentContext": False}
    assert listed(obcy) == listed(buyer) == {"collectiveIdentifiers": []}
    unit = desk.sit(("InternalId", f"{ania.nip}-12345"), ("Nip", new_nip()), ["InvoiceRead"])
    assert listed(unit) == {"collectiveIdentifiers": []}


def test_filters(desk: Desk, ania: Person) -> None:
    numbers = issue(ania, 3)
    small, large = build(ania, numbers[:2]), build(ania, numbers)
    foreign = build(desk.firm(), numbers)
    everything = {small, large, foreign}
    for filters, wanted in (
        ({}, everything),
        ({"collectiveIdentifierNumber": small}, {small}),
        ({"collectiveIdentifierNumber": "x"}, set()),
        ({"invoiceCountFrom": 3}, {large, foreign}),
        ({"invoiceCountTo": 2}, {small}),
        ({"invoiceCountFrom": 3, "invoiceCountTo": 2}, set()),
        ({"createdInCurrentContext": True}, {small, large}),
        ({"createdInCurrentContext": False}, {foreign}),
        ({"createdInCurrentContext": None}, everything),
        ({"dateCreatedTo": (desk.ksef.clock.now() - timedelta(days=1)).isoformat()}, set()),
    ):
        assert set(numbers_of(listed(ania, **filters))) == wanted, filters


def test_the_longest_range(desk: Desk, ania: Person) -> None:
    now = desk.ksef.clock.now()

    def asked(since: datetime, until: datetime) -> Any:
        body = {"dateCreatedFrom": since.isoformat(), "dateCreatedTo": until.isoformat()}
        return ania.call("POST", "/collective-identifiers/query", body)

    assert asked(now - timedelta(days=100), now).status_code == 200
    assert refusal(asked(now - timedelta(days=100, seconds=1), now)).code == 21405
    assert refusal(asked(now, now - timedelta(seconds=1))).code == 21405
    only = ania.call("POST", "/collective-identifiers/query", {"dateCreatedFrom": now.isoformat()})
    assert refusal(only).code == 21405


def test_newest_first_page_by_page() -> None:
    clock = ManualClock(NOW)
    with desk_at(clock=clock) as desk:
        ania = desk.firm()
        invoices = issue(ania, 2)
        made: list[tuple[datetime, str]] = []
        for _ in range(12):
            made += [(clock.now(), build(ania, invoices)) for _ in range(2)]
            clock.advance(seconds=1)
        wanted = [number for _, number in sorted(made, reverse=True)]
        for path in ("query", f"ksef/{invoices[0]}"):
            seen: list[str] = []
            token: str | None = None
            for size in (10, 10, 4):
                headers: dict[str, str] = {"x-continuation-token": token} if token else {}
                if path == "query":
                    page = listed(ania, headers=headers)
                else:
                    page = ania.get(f"/collective-identifiers/{path}", headers=headers)
                assert len(page["collectiveIdentifiers"]) == size
                seen += numbers_of(page)
                token = page.get("continuationToken")
            assert token is None
            assert seen == wanted


def test_whoever_asks_by_invoice_sees_all_of_them(desk: Desk, ania: Person) -> None:
    numbers = issue(ania, 2)
    obcy = desk.firm()
    number = build(ania, numbers)
    for person, own in ((ania, True), (obcy, False)):
        (found,) = person.get(f"/collective-identifiers/ksef/{numbers[0]}")["collectiveIdentifiers"]
        assert (found["collectiveIdentifierNumber"], found["createdInCurrentContext"]) == (number, own)
    assert ania.get(f"/collective-identifiers/ksef/{UNKNOWN}") == {"collectiveIdentifiers": []}
    assert refusal(ania.call("GET", "/collective-identifiers/ksef/x")).code == 21405


# ---- the invoices inside


def test_details_are_for_the_builder_and_for_parties(desk: Desk, ania: Person) -> None:
    buyer, third, payer, obcy = desk.firm(), desk.firm(), desk.firm(), desk.firm()
    options = Options(thirds=[Third(f"<NIP>{third.nip}</NIP>", 4)])
    numbers = issue(ania, 2, buyer=buyer.nip, options=options)
    number = build(payer, numbers, payment={"amount": 45.67, "currency": "EUR"}, description="za marzec")
    shown = {
        "collectiveIdentifierNumber": number,
        "payment": {"amount": 45.67, "currency": "EUR"},
        "description": "za marzec",
        "detailsHidden": False,
    }
    wanted = [{"ksefNumber": each, **shown} for each in sorted(numbers, reverse=True)]
    for person in (payer, ania, buyer, third):
        assert inside(person, number)["invoices"] == wanted
    hidden = {"collectiveIdentifierNumber": number, "detailsHidden": True}
    assert inside(obcy, number)["invoices"] == [
        {"ksefNumber": each, **hidden} for each in sorted(numbers, reverse=True)
    ]


def test_what_was_never_given_is_not_hidden(desk: Desk, ania: Person) -> None:
    number = build(ania, issue(ania, 2))
    for item in inside(desk.firm(), number)["invoices"]:
        assert item["detailsHidden"] is False
        assert not {"payment", "description"} & set(item)
    remark = build(ania, issue(ania, 2), description="tylko opis")
    assert all(item["detailsHidden"] for item in inside(desk.firm(), remark)["invoices"])


def test_invoices_page_by_page(ania: Person) -> None:
    numbers = issue(ania, 13)
    one, two = build(ania, numbers), build(ania, numbers[:5])
    wanted = sorted([(n, one) for n in numbers] + [(n, two) for n in numbers[:5]], reverse=True)
    first = inside(ania, one, two)
    assert len(first["invoices"]) == 10
    second = inside(ania, one, two, headers={"x-continuation-token": first["continuationToken"]})
    assert "continuationToken" not in second
    found = [
        (item["ksefNumber"], item["collectiveIdentifierNumber"])
        for item in first["invoices"] + second["invoices"]
    ]
    assert found == wanted
    assert len(inside(ania, one, two, params={"pageSize": 500})["invoices"]) == 18


def test_ten_identifiers_at_once(ania: Person) -> None:
    for count, code in ((0, 21405), (11, 21405)):
        body = {"collectiveIdentifierNumbers": ["x"] * count}
        assert refusal(ania.call("POST", "/collective-identifiers/invoices", body)).code == code
    assert inside(ania, *["x"] * 10) == {"invoices": []}


def test_an_odd_token(desk: Desk, ania: Person) -> None:
    numbers = issue(ania, 11)
    token = inside(ania, build(ania, numbers))["continuationToken"]
    body = {"collectiveIdentifierNumbers": [build(ania, numbers)]}
    for person, odd in ((ania, "x"), (ania, token), (desk.firm(), token)):
        response = person.call(
            "POST", "/collective-identifiers/invoices", body, headers={"x-continuation-token": odd}
        )
        refused = refusal(response)
        assert (refused.code, refused.description, refused.details) == (
            21418,
            "Przesłany token kontynuacji jest nieprawidłowy.",
            [],
        )


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [("POST", "query", 200), ("GET", f"ksef/{UNKNOWN}", 200), ("POST", "invoices", 500)],
)
def test_page_sizes(ania: Person, method: str, path: str, most: int) -> None:
    now = ania.desk.ksef.clock.now().isoformat()
    body = {"dateCreatedFrom": now, "dateCreatedTo": now, "collectiveIdentifierNumbers": ["x"]}
    sent = body if method == "POST" else None
    for size in (9, most + 1):
        params = {"pageSize": size}
        refused = refusal(ania.call(method, f"/collective-identifiers/{path}", sent, params=params))
        assert refused.details == [f"'pageSize' must be between 10 and {most}. You entered {size}."]
    params = {"pageSize": most}
    assert ania.call(method, f"/collective-identifiers/{path}", sent, params=params).status_code == 200
