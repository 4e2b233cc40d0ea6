"""Received by exports: packages fetched, opened and checked; a walk that loses and doubles nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest

from klucznik.client import auth, collective, exports, limits, overrides, peppol, receiving, security
from klucznik.client.flow import Download, Flow, Now, Pause, fetch
from klucznik.client.journal import MemoryJournal
from klucznik.client.ksef import AsyncKsef, Ksef
from klucznik.client.sending import Document, send_and_wait
from klucznik.crypto import authority
from klucznik.crypto.envelope import new_session_key
from klucznik.errors import KlucznikError, Refused, Unreadable
from klucznik.testing import RunningKsef, local_ksef
from klucznik.wire.collective import CollectiveIdentifierInvoice, CollectiveIdentifierInvoicePayment
from klucznik.wire.common import CompressionType
from klucznik.wire.endpoint import Call
from klucznik.wire.exports import InvoiceExportStatusResponse
from klucznik.wire.invoices import (
    CurrencyCode,
    InvoiceMetadata,
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
)
from klucznik.wire.overrides import (
    BatchSessionContextLimitsOverride,
    CollectiveIdentifierContextLimitsOverride,
    OnlineSessionContextLimitsOverride,
    SetSessionLimitsRequest,
)
from klucznik.wire.security import PublicKeyCertificateUsage

from .conftest import Person, invoice, now

T = TypeVar("T")


@pytest.fixture
def small(running: RunningKsef) -> Iterator[None]:
    """Packages of seven invoices in parts of 2,000 bytes."""
    caps = running.ksef.caps
    running.ksef.caps = replace(caps, records=7, part=2000)
    yield
    running.ksef.caps = caps


def send(person: Person, buyer_nip: str, count: int) -> dict[str, bytes]:
    """Accepted invoices by KSeF number."""
    numbers = [f"E/{n}/{now().timestamp()}" for n in range(count)]
    documents = [Document(number, invoice(person, buyer_nip, number)) for number in numbers]
    results = person.ksef.run(send_and_wait(documents, MemoryJournal()))
    return {result.ksef_number: document.content for result, document in zip(results, documents, strict=True)}


def of(role: str, since: datetime, **more: Any) -> InvoiceQueryFilters:
    span = InvoiceQueryDateRange(date_type=InvoiceQueryDateType.PermanentStorage, from_=since, **more)
    return InvoiceQueryFilters(subject_type=InvoiceQuerySubjectType(role), date_range=span)


class Shelf:
    """What was received."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.twice: list[str] = []

    def keep(self, item: InvoiceMetadata, xml: bytes) -> None:
        if item.ksef_number in self.kept:
            self.twice.append(item.ksef_number)
        self.kept[item.ksef_number] = xml

    def receive(self, wanted: int) -> Flow[None]:
        bookmark = now() - timedelta(minutes=5)
        for _ in range(100):
            received = yield from receiving.receive_exported("Subject2", bookmark, self.keep, self.kept)
            assert received.bookmark >= bookmark
            bookmark = received.bookmark
            if len(self.kept) >= wanted:
                return
            yield Pause(1.0)
        raise AssertionError(f"{len(self.kept)} of {wanted} came")


@pytest.mark.usefixtures("small")
def test_a_walk_by_exports_is_whole(ania: Person, buyer: Person, obcy: Person) -> None:
    sent = send(ania, buyer.nip, 25)
    shelf = Shelf()
    buyer.ksef.run(shelf.receive(25))
    assert shelf.kept == sent
    assert not shelf.twice
    stranger = Shelf()
    obcy.ksef.run(stranger.receive(0))
    assert not stranger.kept


def test_the_same_for_asyncio(running: RunningKsef, ania: Person, buyer: Person) -> None:
    sent = send(ania, buyer.nip, 3)
    shelf = Shelf()

    async def work() -> None:
        async with AsyncKsef(running.url) as ksef:
            await ksef.run(auth.login_with_identity("Nip", buyer.nip, buyer.identity))
            await ksef.run(shelf.receive(3))

    asyncio.run(work())
    assert shelf.kept == sent


def test_the_two_ways_take_turns_on_one_bookmark(ania: Person, buyer: Person) -> None:
    sent = send(ania, buyer.nip, 4)
    shelf = Shelf()
    buyer.ksef.run(shelf.receive(4))
    start = now() - timedelta(minutes=5)
    again = buyer.ksef.run(receiving.receive_since("Subject2", start, shelf.keep, shelf.kept))
    once_more = buyer.ksef.run(receiving.receive_exported("Subject2", start, shelf.keep, shelf.kept))
    assert (again.count, once_more.count) == (0, 0)
    assert shelf.kept == sent
    assert not shelf.twice


def test_metadata_alone(ania: Person, buyer: Person) -> None:
    sent = send(ania, buyer.nip, 3)
    buyer.ksef.run(Shelf().receive(3))
    made, listed = buyer.ksef.run(exports.export_metadata(of("Subject2", now() - timedelta(minutes=5))))
    assert (made.count, made.is_truncated, made.last) == (3, False, None)
    assert {item.ksef_number for item in listed} == set(sent)


def test_nothing_above_the_mark(buyer: Person) -> None:
    later = now() + timedelta(hours=1)
    received = buyer.ksef.run(receiving.receive_exported("Subject2", later, Shelf().keep))
    assert (received.count, received.bookmark) == (0, later)


def test_a_final_failure_is_refused(buyer: Person) -> None:
    """A key sealed to nobody: 415."""
    public_key = buyer.ksef.run(security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption))
    call = exports.start(of("Subject2", now()), b"x" * 256, b"y" * 16, public_key.public_key_id)
    reference = buyer.ksef.call(call).reference_number
    ended = buyer.ksef.call(exports.status(reference))
    while ended.status.code == 100:
        ended = buyer.ksef.call(exports.status(reference))
    with pytest.raises(Refused) as refused:
        exports._made(reference, ended)
    assert refused.value.code == 415


# ---- what is not what it says it is


def _wait(pause: Pause) -> Flow[None]:
    yield pause


def drive(person: Person, flow: Flow[T], change: Callable[[object, Any], Any]) -> T:
    """Carry a flow out by hand, changing answers on their way."""
    try:
        step = next(flow)
        while True:
            answer: Any = None
            try:
                match step:
                    case Call():
                        answer = change(step, person.ksef.call(step))
                    case Download():
                        answer = change(step, person.ksef.run(fetch(step.url)))
                    case Now():
                        answer = now()
                    case Pause():
                        person.ksef.run(_wait(step))
            except KlucznikError as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result


def _damaged_part(step: object, answer: Any) -> Any:
    return bytes([answer[0] ^ 1]) + answer[1:] if isinstance(step, Download) else answer


def _package(**changes: Any) -> Callable[[object, Any], Any]:
    def change(_: object, answer: Any) -> Any:
        if isinstance(answer, InvoiceExportStatusResponse) and answer.package:
            return answer.model_copy(update={"package": answer.package.model_copy(update=changes)})
        return answer

    return change


def _part(**changes: Any) -> Callable[[object, Any], Any]:
    def change(step: object, answer: Any) -> Any:
        if isinstance(answer, InvoiceExportStatusResponse) and answer.package:
            parts = [part.model_copy(update=changes) for part in answer.package.parts]
            return _package(parts=parts)(step, answer)
        return answer

    return change


@pytest.mark.parametrize(
    "change",
    [
        _damaged_part,
        _package(size=7),
        _package(size=10**12),
        _package(invoice_count=3),
        _package(compression_type=CompressionType.TarGz),
        _package(parts=[]),
        _part(ordinal_number=2),
        _part(part_hash="A" * 43 + "="),
        _part(part_size=7),
        _part(encrypted_part_hash="A" * 43 + "="),
        _part(encrypted_part_size=7),
    ],
)
def test_nothing_is_kept_of_what_is_wrong(
    ania: Person, buyer: Person, change: Callable[[object, Any], Any]
) -> None:
    send(ania, buyer.nip, 2)
    buyer.ksef.run(Shelf().receive(2))
    shelf = Shelf()
    filters = of("Subject2", now() - timedelta(minutes=5))
    assert drive(buyer, exports.export(filters, shelf.keep), lambda _, answer: answer).count == 2
    shelf = Shelf()
    with pytest.raises(Unreadable):
        drive(buyer, exports.export(filters, shelf.keep), change)
    assert not shelf.kept


def test_another_key_opens_nothing(ania: Person, buyer: Person) -> None:
    """The package belongs to whoever asked for it: the vector alone is not enough."""
    send(ania, buyer.nip, 1)
    buyer.ksef.run(Shelf().receive(1))
    made: list[bytes] = []

    def note(step: object, answer: Any) -> Any:
        if isinstance(step, Download):
            made.append(answer)
        return answer

    key, iv = new_session_key()
    drive(
        buyer,
        exports.export(of("Subject2", now() - timedelta(minutes=5)), Shelf().keep, new_key=lambda: (key, iv)),
        note,
    )
    assert made
    assert b"PK\x03\x04" not in made[0]
    assert iv not in made[0]


def test_an_address_that_ran_out_is_asked_for_again(ania: Person, buyer: Person) -> None:
    send(ania, buyer.nip, 1)
    buyer.ksef.run(Shelf().receive(1))
    spoilt: list[bool] = []

    def spoil(step: object, answer: Any) -> Any:
        if isinstance(answer, InvoiceExportStatusResponse) and answer.package and not spoilt:
            spoilt.append(True)
            (part,) = answer.package.parts
            return _part(url=part.url[:-1] + ("0" if part.url[-1] != "0" else "1"))(step, answer)
        return answer

    shelf = Shelf()
    drive(buyer, exports.export(of("Subject2", now() - timedelta(minutes=5)), shelf.keep), spoil)
    assert spoilt
    assert len(shelf.kept) == 1


# ---- the small ones


def test_collective_identifiers(ania: Person, buyer: Person) -> None:
    numbers = sorted(send(ania, buyer.nip, 3))
    paid = CollectiveIdentifierInvoicePayment.parse('{"amount": 12.5, "currency": "PLN"}')
    assert paid.currency == CurrencyCode.PLN
    items = [CollectiveIdentifierInvoice(ksef_number=number, payment=paid) for number in numbers]
    plain = buyer.ksef.call(collective.generate(numbers)).collective_identifier_number
    detailed = buyer.ksef.call(collective.generate(items)).collective_identifier_number
    since = now() - timedelta(minutes=5)
    listed = buyer.ksef.run(collective.query_all(since, now() + timedelta(minutes=5)))
    assert {item.collective_identifier_number for item in listed} == {plain, detailed}
    inside = ania.ksef.run(collective.all_of_identifiers([detailed]))
    assert [item.ksef_number for item in inside] == numbers[::-1]
    assert {item.payment.amount for item in inside if item.payment} == {paid.amount}
    found = ania.ksef.run(collective.all_of_invoice(numbers[0]))
    assert {item.collective_identifier_number for item in found} == {plain, detailed}
    with pytest.raises(Refused) as refused:
        buyer.ksef.call(collective.generate([numbers[0], numbers[0]]))
    assert refused.value.code == 71005
    with pytest.raises(Unreadable):
        collective.generate([numbers[0], "5265877635-20250826-0100001AF629-00"])


def test_peppol_providers() -> None:
    with local_ksef() as running:
        ids = [f"PPL{number:06}" for number in range(3)]
        for provider in ids:
            seal = authority.peppol_seal(provider, now=now())
            with Ksef(running.url) as ksef:
                ksef.run(auth.login_with_identity("PeppolId", provider, seal))
                found = ksef.run(peppol.query_all())
        assert {provider.id for provider in found} == set(ids)


def test_limits_of_a_context(ania: Person, obcy: Person) -> None:
    usual = {"max_invoice_with_attachment_size_in_mb": 3, "max_invoices": 5}
    ania.ksef.call(
        overrides.set_session(
            SetSessionLimitsRequest(
                online_session=OnlineSessionContextLimitsOverride(max_invoice_size_in_mb=2, **usual),
                batch_session=BatchSessionContextLimitsOverride(max_invoice_size_in_mb=2, **usual),
                collective_identifier=CollectiveIdentifierContextLimitsOverride(max_invoices=9),
            )
        )
    )
    assert ania.ksef.call(limits.of_context()).collective_identifier.max_invoices == 9
    assert obcy.ksef.call(limits.of_context()).collective_identifier.max_invoices == 500
    ania.ksef.call(overrides.reset_session())
    assert ania.ksef.call(limits.of_context()).collective_identifier.max_invoices == 500
    ania.ksef.call(overrides.production_rates())
    assert ania.ksef.call(limits.rates()).other.per_second == 10
    ania.ksef.call(overrides.reset_rates())
    assert ania.ksef.call(limits.rates()).other.per_second == -1
