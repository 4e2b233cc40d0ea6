"""Received: the seller sends, the buyer and the third subject receive, each once; strangers nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from klucznik.client import auth
from klucznik.client.flow import Flow, Pause
from klucznik.client.journal import MemoryJournal
from klucznik.client.ksef import AsyncKsef
from klucznik.client.receiving import Received, query, receive_since
from klucznik.client.sending import Document, Result, send_and_wait
from klucznik.documents.samples import Options, Third
from klucznik.errors import Refused
from klucznik.testing import RunningKsef
from klucznik.wire.common import SortOrder
from klucznik.wire.invoices import (
    InvoiceMetadata,
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
)

from .conftest import Person, invoice, now


class Shelf:
    """What has been received, and the bookmark: as a program of the buyer keeps them."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.twice: list[str] = []
        self.bookmark: datetime = now() - timedelta(minutes=5)
        self.bookmarks: list[datetime] = []

    def keep(self, item: InvoiceMetadata, xml: bytes) -> None:
        if item.ksef_number in self.kept:
            self.twice.append(item.ksef_number)
        self.kept[item.ksef_number] = xml

    def receive(self, role: str, at_least: int = 0) -> Flow[int]:
        """Walk on from the bookmark, again until as many new ones came as must (permanent storage
        follows the KSeF number by moments)."""
        count = 0
        for _ in range(100):
            received: Received = yield from receive_since(role, self.bookmark, self.keep, self.kept)
            self.bookmark = received.bookmark
            self.bookmarks.append(received.bookmark)
            count += received.count
            if count >= at_least:
                return count
            yield Pause(1.0)
        raise AssertionError(f"{count} of {at_least} invoices came")


def send(person: Person, *contents: bytes) -> list[Result]:
    documents = [Document(str(place), content) for place, content in enumerate(contents)]
    results = person.ksef.run(send_and_wait(documents, MemoryJournal()))
    assert all(result.is_accepted for result in results)
    return results


def test_the_buyer_receives_each_once(ania: Person, buyer: Person) -> None:
    shelf = Shelf()
    contents = [invoice(ania, buyer.nip, f"IN/{place}") for place in range(3)]
    sent = send(ania, *contents)

    assert buyer.ksef.run(shelf.receive("Subject2", at_least=3)) == 3
    assert shelf.kept == {result.ksef_number: content for result, content in zip(sent, contents, strict=True)}

    # Again: nothing twice, and the bookmark goes on, never back.
    assert buyer.ksef.run(shelf.receive("Subject2")) == 0
    (later,) = send(ania, invoice(ania, buyer.nip, "IN/later"))
    assert buyer.ksef.run(shelf.receive("Subject2", at_least=1)) == 1
    assert later.ksef_number in shelf.kept
    assert shelf.twice == []
    assert shelf.bookmarks == sorted(shelf.bookmarks)
    assert shelf.bookmarks[0] < shelf.bookmarks[-1]


def test_a_walk_that_died_before_its_bookmark_misses_nothing(ania: Person, buyer: Person) -> None:
    shelf = Shelf()
    send(ania, *(invoice(ania, buyer.nip, f"DIED/{place}") for place in range(3)))
    begun = shelf.bookmark

    class Died(Exception):
        pass

    def keep_one(item: InvoiceMetadata, xml: bytes) -> None:
        shelf.keep(item, xml)
        raise Died

    def until_it_dies() -> Flow[None]:
        for _ in range(100):
            yield from receive_since("Subject2", begun, keep_one)
            yield Pause(1.0)

    with pytest.raises(Died):
        buyer.ksef.run(until_it_dies())
    assert len(shelf.kept) == 1
    assert buyer.ksef.run(shelf.receive("Subject2", at_least=2)) == 2
    assert shelf.twice == []


def test_each_role_receives_its_own(ania: Person, buyer: Person, obcy: Person) -> None:
    """Obcy stands on one invoice as a third subject: that one he may see, in that role alone."""
    third = Options(thirds=[Third(f"<NIP>{obcy.nip}</NIP>", 1)])
    with_him, without = send(
        ania, invoice(ania, buyer.nip, "THIRD/1", third), invoice(ania, buyer.nip, "THIRD/2")
    )
    his = Shelf()
    assert obcy.ksef.run(his.receive("Subject3", at_least=1)) == 1
    assert set(his.kept) == {with_him.ksef_number}
    for role in ("Subject1", "Subject2", "SubjectAuthorized"):
        assert obcy.ksef.run(Shelf().receive(role)) == 0
    hers = Shelf()
    assert ania.ksef.run(hers.receive("Subject1", at_least=2)) == 2
    assert set(hers.kept) == {with_him.ksef_number, without.ksef_number}
    assert ania.ksef.run(Shelf().receive("Subject2")) == 0
    assert buyer.ksef.run(Shelf().receive("Subject2", at_least=2)) == 2


def test_biuro_receives_for_ania_and_the_async_client_too(
    running: RunningKsef, ania: Person, biuro: Person, buyer: Person
) -> None:
    (sent,) = send(buyer, invoice(buyer, ania.nip, "FOR-ANIA/1"))
    office = Shelf()
    assert biuro.ksef.run(office.receive("Subject2", at_least=1)) == 1

    async def way() -> set[str]:
        shelf = Shelf()
        async with AsyncKsef(running.url) as ksef:
            await ksef.run(auth.login_with_identity("Nip", ania.nip, ania.identity))
            assert await ksef.run(shelf.receive("Subject2", at_least=1)) == 1
            assert await ksef.run(shelf.receive("Subject2")) == 0
        return set(shelf.kept)

    assert asyncio.run(way()) == set(office.kept) == {sent.ksef_number}


def test_what_obcy_gets(ania: Person, buyer: Person, obcy: Person) -> None:
    (sent,) = send(ania, invoice(ania, buyer.nip, "NOT-HIS/1"))
    assert buyer.ksef.run(Shelf().receive("Subject2", at_least=1)) == 1
    # In no role, and not by asking for hers by name: nothing, and no count of it.
    for role in InvoiceQuerySubjectType:
        assert obcy.ksef.run(Shelf().receive(role)) == 0
        filters = InvoiceQueryFilters(
            subject_type=role,
            date_range=InvoiceQueryDateRange(
                date_type=InvoiceQueryDateType.Invoicing, from_=now() - timedelta(days=1)
            ),
            ksef_number=sent.ksef_number,
        )
        answer = obcy.ksef.call(query(filters, sort_order=SortOrder.Desc))
        assert (answer.invoices, answer.has_more) == ([], False)
    # And who is not logged in, nothing at all.
    obcy.ksef.credentials.forget()
    with pytest.raises(Refused) as refused:
        obcy.ksef.run(Shelf().receive("Subject2"))
    assert refused.value.status == 401
