"""Our client where KSeF changes its keys: between two calls, and in the very middle of one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from klucznik.client import auth, batch, exports, tokens
from klucznik.client.journal import MemoryJournal
from klucznik.client.ksef import Ksef
from klucznik.client.sending import Document, send_and_wait
from klucznik.testing import RunningKsef, local_ksef

from .conftest import Person, firm, invoice, now
from .test_export_way import of

BUYER = "1111111111"


@pytest.fixture
def house() -> Iterator[RunningKsef]:
    with local_ksef() as running:
        yield running


@pytest.fixture
def ania(house: RunningKsef) -> Iterator[Person]:
    person = firm(house.url, "Firma Ani")
    yield person
    person.ksef.close()


def rotate_during(house: RunningKsef, rotation: str, *operations: str) -> None:
    """New keys at the first call of each: the client has fetched the old ones a moment ago."""
    house.set_faults(
        *(
            {"match": {"operation": operation}, "nth": [1], "do": "rotate", "rotation": rotation}
            for operation in operations
        )
    )


@pytest.mark.parametrize("rotation", ["planned", "emergency"])
def test_every_way_that_encrypts_survives_new_keys_in_its_middle(
    house: RunningKsef, ania: Person, rotation: str
) -> None:
    rotate_during(
        house,
        rotation,
        "POST /auth/ksef-token",
        "POST /sessions/online",
        "POST /sessions/batch",
        "POST /invoices/exports",
    )
    issued = ania.ksef.run(tokens.generate_and_wait(["InvoiceRead", "InvoiceWrite"], "ERP of Ania"))
    with Ksef(house.url) as erp:
        erp.run(auth.login_with_token(issued.token))
        (sent,) = erp.run(send_and_wait([Document("one", invoice(ania, BUYER, "FV/1"))], MemoryJournal()))
        assert sent.is_accepted
        done = erp.run(batch.send([Document("two", invoice(ania, BUYER, "FV/2"))]))
        assert [result.outcome for result in done.results] == ["accepted"]
        kept: list[bytes] = []
        asked = of("Subject1", now() - timedelta(minutes=5))
        erp.run(exports.export(asked, lambda _, xml: kept.append(xml)))
        assert kept
    struck = [rule["struck"] for rule in house.manage("GET", "/faults")["rules"]]
    assert struck == [1, 1, 1, 1]
    calls = house.manage("GET", "/trace")["calls"]
    refused = [call["operation"] for call in calls if call["status"] == 400]
    assert len(refused) == (4 if rotation == "emergency" else 0)


def test_an_open_session_goes_on_through_an_emergency(house: RunningKsef, ania: Person) -> None:
    rotate_during(house, "emergency", "POST /sessions/online/{referenceNumber}/invoices")
    documents = [Document(number, invoice(ania, BUYER, number)) for number in ("FV/1", "FV/2")]
    results = ania.ksef.run(send_and_wait(documents, MemoryJournal()))
    assert [result.is_accepted for result in results] == [True, True]
