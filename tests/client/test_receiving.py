"""The walk by PermanentStorage and HWM, against a table of invoices and by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from klucznik.client.flow import Flow, Now, Pause
from klucznik.client.receiving import PAGE_SIZE, Received, query_all, receive_since
from klucznik.crypto.envelope import sha256_base64
from klucznik.errors import KlucznikError, Refused, TookTooLong, Unreadable
from klucznik.wire import ids
from klucznik.wire.common import FormCode, InvoicingMode
from klucznik.wire.endpoint import Call, Xml
from klucznik.wire.invoices import (
    BuyerIdentifierType,
    InvoiceMetadata,
    InvoiceMetadataBuyer,
    InvoiceMetadataBuyerIdentifier,
    InvoiceMetadataQuery,
    InvoiceMetadataSeller,
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
    InvoiceType,
    QueryInvoicesMetadataResponse,
)

from .fake_ksef import NIP

START = datetime(2026, 1, 1, tzinfo=UTC)


def metadata(index: int, stored: datetime) -> InvoiceMetadata:
    return InvoiceMetadata(
        ksef_number=ids.make_ksef_number(NIP, stored.date(), f"{index:012X}"),
        invoice_number=f"FV/{index}",
        issue_date=stored.date(),
        invoicing_date=stored,
        acquisition_date=stored,
        permanent_storage_date=stored,
        seller=InvoiceMetadataSeller(nip=NIP),
        buyer=InvoiceMetadataBuyer(identifier=InvoiceMetadataBuyerIdentifier(type=BuyerIdentifierType.None_)),
        net_amount=Decimal(1),
        gross_amount=Decimal(1),
        vat_amount=Decimal(0),
        currency="PLN",
        invoicing_mode=InvoicingMode.Online,
        invoice_type=InvoiceType.Vat,
        form_code=FormCode(system_code="FA (3)", schema_version="1-0E", value="FA"),
        is_self_invoicing=False,
        has_attachment=False,
        invoice_hash=sha256_base64(document(index)),
    )


def document(index: int) -> bytes:
    return f"<Faktura>{index}</Faktura>".encode()


@dataclass
class Archive:
    """What KSeF has stored; answers the flow's steps by the rules of query-export.md section 1."""

    stored: list[datetime]
    hwm: datetime
    now: datetime
    cap: int = 10_000
    #: By how much KSeF's clock is ahead of the client's.
    ahead: timedelta = timedelta()
    queries: list[InvoiceQueryFilters] = field(default_factory=list)
    downloads: list[str] = field(default_factory=list)
    not_yet: int = 0
    _made: list[InvoiceMetadata] = field(default_factory=list)

    def records(self) -> list[InvoiceMetadata]:
        made = len(self._made)
        self._made += [metadata(made + i, at) for i, at in enumerate(self.stored[made:])]
        return self._made

    def drive(self, flow: Flow[Any]) -> Any:
        try:
            step = next(flow)
            while True:
                try:
                    answer = self.answer(step)
                except KlucznikError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(answer)
        except StopIteration as end:
            return end.value

    def answer(self, step: object) -> object:
        match step:
            case Now():
                return self.now
            case Pause():
                return None
            case Call(row=row, path=path) if row.path == "/invoices/ksef/{ksefNumber}":
                if self.not_yet > 0:
                    self.not_yet -= 1
                    raise Refused("not yet", code=21165, again="later")
                self.downloads.append(path["ksefNumber"])
                index = next(i for i, r in enumerate(self.records()) if r.ksef_number == path["ksefNumber"])
                return Xml(document(index))
            case Call(body=InvoiceQueryFilters() as filters, query=InvoiceMetadataQuery() as page):
                self.queries.append(filters)
                return self.page(filters, page)
        raise AssertionError(step)

    def page(self, filters: InvoiceQueryFilters, page: InvoiceMetadataQuery) -> QueryInvoicesMetadataResponse:
        dates = filters.date_range
        assert (dates.to or self.now + self.ahead) - dates.from_ <= timedelta(days=100)
        if dates.from_ > self.hwm:
            raise Refused("beyond the HWM", code=21183)
        until = min(dates.to or self.now, self.hwm)
        found = sorted(
            (r for r in self.records() if dates.from_ <= r.permanent_storage_date <= until),
            key=lambda r: r.permanent_storage_date,
        )
        capped = found[: self.cap]
        first = page.page_offset * page.page_size
        listed = capped[first : first + page.page_size]
        more_in_cap = first + page.page_size < len(capped)
        truncated = len(found) > self.cap and not more_in_cap
        return QueryInvoicesMetadataResponse(
            has_more=more_in_cap or truncated,
            is_truncated=truncated,
            permanent_storage_hwm_date=self.hwm,
            invoices=listed,
        )


def everything(
    archive: Archive, start: datetime = START, known: Any = frozenset()
) -> tuple[Received, list[str]]:
    kept: list[str] = []

    def keep(item: InvoiceMetadata, xml: bytes) -> None:
        assert sha256_base64(xml) == item.invoice_hash
        kept.append(item.ksef_number)

    return archive.drive(receive_since("Subject2", start, keep, known)), kept


def days(*numbers: float) -> list[datetime]:
    return [START + timedelta(days=n) for n in numbers]


def test_everything_up_to_the_hwm_once_and_nothing_beyond() -> None:
    archive = Archive(days(1, 2, 3, 9), hwm=START + timedelta(days=3), now=START + timedelta(days=9))
    received, kept = everything(archive)
    assert kept == [r.ksef_number for r in archive.records()[:3]]
    assert received == Received(3, START + timedelta(days=3))
    dates = archive.queries[0].date_range
    assert dates.date_type is InvoiceQueryDateType.PermanentStorage
    assert dates.restrict_to_permanent_storage_hwm_date is True
    assert dates.to is None


def test_windows_touch_and_their_boundary_is_not_kept_twice() -> None:
    """Two invoices of the very instant of the HWM, the second stored in time for the next walk."""
    at = START + timedelta(days=3)
    archive = Archive([at], hwm=at, now=START + timedelta(days=4))
    first, kept = everything(archive)
    archive.stored.append(at)
    archive.hwm = START + timedelta(days=4)
    second, more = everything(archive, first.bookmark, known=set(kept))
    assert len(set(kept + more)) == len(kept + more) == 2
    assert second.bookmark == archive.hwm


def test_a_long_absence_is_walked_in_windows_of_a_hundred_days() -> None:
    now = START + timedelta(days=250)
    archive = Archive(days(5, 100, 150, 249), hwm=now - timedelta(minutes=1), now=now)
    received, kept = everything(archive)
    assert len(kept) == 4
    assert received.bookmark == archive.hwm
    assert [f.date_range.from_ for f in archive.queries] == [*days(0, 100, 200)]


def test_clocks_that_differ_make_no_range_too_long() -> None:
    """The range ends in a minute's time by our clock and is over by KSeF's."""
    now = START + timedelta(days=100) - timedelta(minutes=1)
    hwm = now + timedelta(minutes=14)
    archive = Archive(days(1, 99), hwm=hwm, now=now, ahead=timedelta(minutes=15))
    received, kept = everything(archive)
    assert len(kept) == 2
    assert received.bookmark == hwm


def test_a_hwm_inside_a_closed_window_ends_the_walk() -> None:
    now = START + timedelta(days=250)
    archive = Archive(days(5, 60), hwm=START + timedelta(days=50), now=now)
    received, kept = everything(archive)
    assert len(kept) == 1
    assert received.bookmark == archive.hwm


def test_pages_and_truncation() -> None:
    stored = [START + timedelta(minutes=i // 3) for i in range(PAGE_SIZE * 3 + 7)]
    now = START + timedelta(days=2)
    archive = Archive(stored, hwm=now, now=now, cap=PAGE_SIZE)
    received, kept = everything(archive)
    assert received.count == len(stored)
    assert sorted(kept) == sorted(r.ksef_number for r in archive.records())
    assert len(set(archive.downloads)) == len(archive.downloads)


def test_more_of_one_instant_than_can_be_listed_is_said_not_missed() -> None:
    archive = Archive([START] * (PAGE_SIZE + 1), hwm=START, now=START + timedelta(days=1), cap=PAGE_SIZE)
    with pytest.raises(TookTooLong):
        everything(archive)


def test_nothing_new_keeps_the_bookmark() -> None:
    archive = Archive([], hwm=START - timedelta(days=1), now=START)
    assert everything(archive) == (Received(0, START), [])


def test_an_invoice_not_stored_yet_is_waited_for_but_not_for_ever() -> None:
    archive = Archive(days(1), hwm=START + timedelta(days=2), now=START + timedelta(days=2), not_yet=2)
    assert everything(archive)[0].count == 1
    archive.not_yet = 9
    with pytest.raises(Refused):
        everything(archive)


def test_bytes_other_than_the_metadata_says_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(days(1), hwm=START + timedelta(days=2), now=START + timedelta(days=2))
    answer = archive.answer

    def swapped(step: object) -> object:
        got = answer(step)
        return Xml(b"<Inna/>") if isinstance(got, Xml) else got

    monkeypatch.setattr(archive, "answer", swapped)
    with pytest.raises(Unreadable):
        everything(archive)


def test_an_empty_page_that_claims_more_is_not_followed_for_ever() -> None:
    dates = InvoiceQueryDateRange(date_type=InvoiceQueryDateType.Invoicing, from_=START)
    flow = query_all(InvoiceQueryFilters(subject_type=InvoiceQuerySubjectType.Subject1, date_range=dates))
    next(flow)
    with pytest.raises(Unreadable):
        flow.send(QueryInvoicesMetadataResponse(has_more=True, is_truncated=False, invoices=[]))


def test_an_issue_date_query_goes_on_from_the_day_of_its_last_record() -> None:
    """By issue date the answers carry no HWM; truncation resumes at that day's start in Poland."""
    first = metadata(1, datetime(2026, 3, 2, 11, tzinfo=UTC))
    second = metadata(2, datetime(2026, 3, 3, 11, tzinfo=UTC))
    dates = InvoiceQueryDateRange(date_type=InvoiceQueryDateType.Issue, from_=START)
    flow = query_all(InvoiceQueryFilters(subject_type=InvoiceQuerySubjectType.Subject1, date_range=dates))
    next(flow)
    answer = QueryInvoicesMetadataResponse(has_more=True, is_truncated=True, invoices=[first])
    asked = flow.send(answer)
    assert isinstance(asked, Call)
    assert isinstance(asked.body, InvoiceQueryFilters)
    assert asked.body.date_range.from_ == datetime(2026, 3, 1, 23, tzinfo=UTC)
    done = QueryInvoicesMetadataResponse(has_more=False, is_truncated=False, invoices=[first, second])
    with pytest.raises(StopIteration) as end:
        flow.send(done)
    assert [i.invoice_number for i in end.value.value.invoices] == ["FV/1", "FV/2"]
