"""Invoices: good, faulty, duplicate; to a number and a UPO that is verified. Sync and async the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from klucznik.client import auth, receiving, sessions, upo
from klucznik.client.journal import Journal, MemoryJournal
from klucznik.client.ksef import AsyncKsef
from klucznik.client.sending import Document, Result, send_and_wait
from klucznik.documents import samples
from klucznik.documents.upo import verify
from klucznik.errors import Refused
from klucznik.testing import RunningKsef
from klucznik.wire.common import FormCode
from klucznik.wire.endpoint import Call
from klucznik.wire.ids import check_ksef_number

from .conftest import Person, invoice, now, today

BUYER = "1111111111"
Send = Callable[[Person, Sequence[Document], Journal], list[Result]]


def sync_send(person: Person, documents: Sequence[Document], journal: Journal) -> list[Result]:
    return person.ksef.run(send_and_wait(documents, journal))


def async_send(person: Person, documents: Sequence[Document], journal: Journal) -> list[Result]:
    async def way() -> list[Result]:
        async with AsyncKsef(person.ksef.base) as ksef:
            await ksef.run(auth.login_with_identity("Nip", person.nip, person.identity))
            return await ksef.run(send_and_wait(documents, journal))

    return asyncio.run(way())


@pytest.fixture(params=[sync_send, async_send], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    chosen: Send = request.param
    return chosen


def test_good_faulty_and_duplicate(ania: Person, send: Send) -> None:
    good = Document("good", invoice(ania, BUYER, "FV/1"))
    faulty = Document("faulty", samples.faulty_invoice(ania.nip, BUYER, "FV/2", today(), now()))
    foreign = Document("foreign", samples.invoice("7952809480", BUYER, "FV/3", today(), now()))
    duplicate = Document("duplicate", good.content.replace(b"<SystemInfo>", b"<SystemInfo>again, "))
    last = Document("last", invoice(ania, BUYER, "FV/4"))
    documents = [good, faulty, foreign, duplicate, last]

    results = send(ania, documents, MemoryJournal())

    told = [(result.name, result.outcome, result.code) for result in results]
    assert told == [
        ("good", "accepted", 200),
        ("faulty", "refused", 450),
        ("foreign", "refused", 410),
        ("duplicate", "conflict", 440),
        ("last", "accepted", 200),
    ]
    # (1) A number with the seller's NIP and a right checksum, and a receipt for exactly these bytes.
    numbers = [result.ksef_number for result in results if result.is_accepted]
    assert len(set(numbers)) == 2
    for result in (results[0], results[4]):
        check_ksef_number(result.ksef_number)
        assert result.ksef_number.startswith(ania.nip)
        assert result.upo
        assert verify(result.upo, invoice_hashes={result.ksef_number: result.hash}).in_order
        assert not verify(result.upo, invoice_hashes={result.ksef_number: faulty.hash}).in_order
        assert not verify(result.upo.replace(b"Ministerstwo", b"Ministerstvo")).in_order
    # (2) Who is refused is told why, in KSeF's words, and gets no receipt. A duplicate names the original.
    for result in results[1:4]:
        assert result.upo is None
        assert result.words
    assert results[3].ksef_number == numbers[0]
    # (3) The session says the same, and its own UPO lists the accepted ones.
    session = results[0].session
    status = ania.ksef.call(sessions.status(session))
    assert status.status.code == 200
    assert (status.successful_invoice_count, status.failed_invoice_count) == (2, 3)
    (page,) = ania.ksef.run(upo.of_session(session))
    hashes = {result.ksef_number: result.hash for result in (results[0], results[4])}
    report = verify(page, invoice_hashes=hashes)
    assert report.in_order, report.findings
    # (4) Kept to the byte.
    assert ania.ksef.call(receiving.download(numbers[0])) == good.content


def test_sent_again_it_is_found_not_repeated(running: RunningKsef, ania: Person, send: Send) -> None:
    document = Document("one", invoice(ania, BUYER, "AGAIN/1"))
    journal = MemoryJournal()
    (first,) = send(ania, [document], journal)
    (second,) = send(ania, [document], journal)
    (forgetful,) = send(ania, [document], MemoryJournal())
    assert (first.outcome, second.outcome, forgetful.outcome) == ("accepted", "accepted", "accepted-earlier")
    assert {first.ksef_number, second.ksef_number, forgetful.ksef_number} == {first.ksef_number}


def test_nothing_to_send_opens_no_session(ania: Person, send: Send) -> None:
    assert send(ania, [], MemoryJournal()) == []


def test_an_older_form_has_a_session_of_its_own(ania: Person) -> None:
    document = Document("fa2", samples.fa2_invoice(ania.nip, BUYER, "FA2/1", today(), now()))
    fa2 = FormCode(system_code="FA (2)", schema_version="1-0E", value="FA")
    (result,) = ania.ksef.run(send_and_wait([document], MemoryJournal(), fa2))
    assert result.outcome == "accepted"
    # In a session of another form it is refused.
    other = Document("fa2", samples.fa2_invoice(ania.nip, BUYER, "FA2/2", today(), now()))
    (result,) = ania.ksef.run(send_and_wait([other], MemoryJournal()))
    assert result.outcome == "refused"


def test_biuro_sends_for_ania(ania: Person, biuro: Person, send: Send) -> None:
    (result,) = send(biuro, [Document("one", invoice(ania, BUYER, "BIURO/1"))], MemoryJournal())
    assert result.outcome == "accepted"
    assert result.ksef_number.startswith(ania.nip)
    # In her firm only: a document of another seller is refused.
    foreign = Document("foreign", samples.invoice("7952809480", BUYER, "BIURO/2", today(), now()))
    (result,) = send(biuro, [foreign], MemoryJournal())
    assert (result.outcome, result.code) == ("refused", 410)


def test_what_obcy_gets(ania: Person, obcy: Person) -> None:
    (mine,) = sync_send(ania, [Document("one", invoice(ania, BUYER, "SECRET/1"))], MemoryJournal())
    # (1) He issues nothing in her name: the seller is not his firm.
    (result,) = sync_send(obcy, [Document("his", invoice(ania, BUYER, "SECRET/2"))], MemoryJournal())
    assert (result.outcome, result.code) == ("refused", 410)
    # (2) Her session, its invoices and receipts are closed to him, as if they were not there.
    calls: list[Call[Any]] = [
        sessions.status(mine.session),
        sessions.close(mine.session),
        sessions.invoices(mine.session),
        sessions.invoice(mine.session, mine.reference),
        upo.by_ksef_number(mine.session, mine.ksef_number),
        upo.by_invoice(mine.session, mine.reference),
    ]
    for call in calls:
        with pytest.raises(Refused) as refused:
            obcy.ksef.call(call)
        assert refused.value.status in (400, 403), call.row.path
        shown = f"{refused.value} {refused.value.details} {refused.value.extensions}"
        assert mine.ksef_number not in shown.replace(str(call.path), "")
        assert "SECRET/1" not in shown
    # (3) The invoice itself, whose number he knows, is not his to read.
    with pytest.raises(Refused) as refused:
        obcy.ksef.call(receiving.download(mine.ksef_number))
    assert refused.value.status in (400, 403)
    # (4) A 440 that he provokes in his own firm tells nothing of hers: the same number is free for him.
    (his,) = sync_send(obcy, [Document("same", invoice(obcy, BUYER, "SECRET/1"))], MemoryJournal())
    assert his.outcome == "accepted"
