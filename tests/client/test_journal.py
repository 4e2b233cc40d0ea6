"""The file journal: durable, tolerant of a torn end, one process at a time."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from klucznik.client.journal import Entry, FileJournal, open_journal
from klucznik.errors import Unreadable, Unwritable

SENDING = Entry("h1", "sending", "session")


def test_entries_survive_and_the_latest_counts(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal"
    with open_journal(path) as journal:
        journal.put(SENDING)
        settled = SENDING.to("settled", outcome="accepted", ksef_number="n", words=("zażółć", "gęślą"))
        journal.put(settled)
        journal.put(Entry("h2", "sending", "session"))
    with open_journal(path) as journal:
        assert journal.get("h1") == settled
        assert journal.get("h2") == Entry("h2", "sending", "session")
        assert journal.get("h3") is None


def test_an_entry_is_forced_to_disk_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[bytes] = []
    path = tmp_path / "journal"
    with open_journal(path) as journal:
        monkeypatch.setattr(os, "fsync", lambda handle: forced.append(path.read_bytes()))
        journal.put(SENDING)
    assert b'"h1"' in forced[0]


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_line_cut_short_is_dropped_and_the_next_stands_alone(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal"
    with open_journal(path) as journal:
        journal.put(SENDING)
        whole = path.stat().st_size
        journal.put(Entry("h2ą", "sending", "session", words=("ż" * 20,)))
    with path.open("r+b") as file:
        file.truncate(whole + cut)
    with open_journal(path) as journal:
        assert journal.get("h2ą") is None
        journal.put(Entry("h3", "sending", "session"))
    with open_journal(path) as journal:
        assert journal.get("h1") == SENDING
        assert journal.get("h3") == Entry("h3", "sending", "session")


def test_a_character_cut_in_two_is_a_torn_line_too(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b'{"hash": "\xc5')
    with open_journal(path) as journal:
        journal.put(SENDING)
    with open_journal(path) as journal:
        assert journal.get("h1") == SENDING


@pytest.mark.parametrize(
    "line", [b"{}", b"[]", b"nonsense", b'{"hash": "x", "what": 1, "words": []}', b"\xff"]
)
def test_a_whole_line_that_makes_no_sense_is_an_alarm(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(line + b"\n")
    with pytest.raises(Unreadable):
        FileJournal(path)


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with open_journal(path):
        with pytest.raises(Unreadable) as busy:
            FileJournal(path)
        assert busy.value.again == "later"
    with open_journal(path):
        pass


def test_a_full_disk_leaves_no_half_line_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with open_journal(path) as journal:
        journal.put(SENDING)
        before = path.read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(Unwritable) as refused:
                journal.put(Entry("h2", "sending", "session"))
        assert refused.value.hint
        assert path.read_bytes() == before
        assert journal.get("h2") is None
        journal.put(Entry("h3", "sending", "session"))
    with open_journal(path) as journal:
        assert journal.get("h1") == SENDING
        assert journal.get("h3") == Entry("h3", "sending", "session")
