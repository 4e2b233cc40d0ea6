"""KSeF numbers: a mistyped one is refused before it leaves, one that KSeF gave counts as it is."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime

import pytest

from klucznik.client import numbers, receiving, upo
from klucznik.client.journal import Entry, MemoryJournal
from klucznik.client.sending import Document, send_and_wait
from klucznik.errors import Unreadable
from klucznik.wire import ids

from .conftest import client_of
from .fake_ksef import FakeKsef
from .test_receiving import Archive

GOOD = "5265877635-20250826-0100001AF629-AF"
#: One of the examples that KSeF publishes: its checksum should be 33.
PUBLISHED = "1111111111-20260612-6310EC800000-DA"
SESSION = "20250625-SO-2C3E6C8000-B675CF5D68-07"
ONE = Document("one.xml", b"FV/1;jeden")


def wrongly_numbered(nip: str, day: date, technical: str) -> str:
    """As `make_ksef_number`, with a checksum that is off by one."""
    head = f"{nip}-{day:%Y%m%d}-{technical}"
    return f"{head}-{ids.crc8(head) ^ 1:02X}"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (PUBLISHED, "its checksum is DA, the rest of it gives 33"),
        (GOOD[:-1], "is not a KSeF number"),
        (GOOD.lower(), "is not a KSeF number"),
        (f" {GOOD}", "is not a KSeF number"),
        (GOOD.replace("20250826", "20250231"), "there is no day 2025-02-31"),
        ("../../etc/passwd", "is not a KSeF number"),
        ("", "is not a KSeF number"),
    ],
)
def test_a_mistyped_number_makes_no_call(typed: str, words: str) -> None:
    for make in (receiving.download, lambda number: upo.by_ksef_number(SESSION, number)):
        with pytest.raises(Unreadable) as refused:
            make(typed)
        assert repr(typed) in refused.value.message
        assert words in refused.value.message
        assert refused.value.hint


def test_a_right_number_makes_a_call() -> None:
    assert receiving.download(GOOD).path == {"ksefNumber": GOOD}
    assert upo.by_ksef_number(SESSION, GOOD).path == {"referenceNumber": SESSION, "ksefNumber": GOOD}
    assert upo.by_given_number(SESSION, PUBLISHED).path["ksefNumber"] == PUBLISHED


def test_of_ksefs_own_numbers_an_odd_one_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert numbers.heed(GOOD) == GOOD
    assert caplog.records == []
    assert numbers.heed(PUBLISHED) == PUBLISHED
    assert [(record.levelno, PUBLISHED in record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, True)
    ]


def test_an_invoice_with_an_odd_number_is_sent_found_again_and_kept(
    fake: FakeKsef, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ids, "make_ksef_number", wrongly_numbered)
    (result,) = client_of(fake).run(send_and_wait([ONE], journal := MemoryJournal()))
    assert result.outcome == "accepted"
    assert result.upo is not None
    with pytest.raises(Unreadable):
        ids.check_ksef_number(result.ksef_number)
    assert result.ksef_number in caplog.text

    (known,) = client_of(fake).run(send_and_wait([ONE], journal))
    (found,) = client_of(fake).run(send_and_wait([ONE], MemoryJournal()))
    assert (known.outcome, found.outcome) == ("accepted", "accepted-earlier")
    assert known.ksef_number == found.ksef_number == result.ksef_number
    assert known.upo == found.upo == result.upo


def test_an_invoice_with_an_odd_number_is_received(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ids, "make_ksef_number", wrongly_numbered)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    archive = Archive([start], hwm=start.replace(day=3), now=start.replace(day=4))
    kept: list[str] = []
    received = archive.drive(
        receiving.receive_since("Subject2", start, lambda item, _: kept.append(item.ksef_number))
    )
    assert received.count == 1
    assert kept == archive.downloads
    assert kept[0] in caplog.text


@pytest.mark.parametrize("number", ["", "../../../tmp/x", "FV/1", f"{GOOD}\n"])
def test_what_cannot_be_a_number_is_not_asked_for(fake: FakeKsef, number: str) -> None:
    """The original's number in a refusal is free text."""
    client_of(fake).run(send_and_wait([ONE], MemoryJournal()))
    fake.accepted["FV/1"] = (number, SESSION)
    before = len(fake.requests)
    (result,) = client_of(fake).run(send_and_wait([ONE], MemoryJournal()))
    assert (result.outcome, result.upo) == ("conflict", None)
    asked = [str(request.url) for request in fake.requests[before:]]
    assert [url for url in asked if "/ksef/" in url] == []


@pytest.mark.parametrize("number", ["", "../../../tmp/x"])
def test_a_journal_with_no_number_gives_no_receipt(fake: FakeKsef, number: str) -> None:
    journal = MemoryJournal()
    journal.put(Entry(ONE.hash, "settled", SESSION, "", "accepted", number))
    (result,) = client_of(fake).run(send_and_wait([ONE], journal))
    assert (result.outcome, result.upo) == ("accepted", None)
    assert fake.requests == []
