"""Send and wait: outcomes, lost answers, and being killed at every step."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from klucznik.client.flow import Pace
from klucznik.client.journal import Entry, FileJournal, Journal, MemoryJournal, open_journal
from klucznik.client.ksef import Ksef
from klucznik.client.sending import Document, Options, Result, send_and_wait
from klucznik.documents import upo
from klucznik.errors import KlucznikError, Refused, SentNoAnswer, TooManyRequests, Unreachable
from klucznik.secret import Secret

from .conftest import client_of
from .fake_ksef import FakeKsef, Fault, refusal

ONE, TWO = Document("one.xml", b"FV/1;jeden"), Document("two.xml", b"FV/2;dwa")
SEND = "/invoices"


def run(
    fake: FakeKsef, journal: Journal, *documents: Document, options: Options | None = None
) -> list[Result]:
    return client_of(fake).run(send_and_wait(documents, journal, options=options))


# ---- outcomes ------------------------------------------------------------------------------------


def test_two_invoices_are_accepted_with_their_receipts(fake: FakeKsef, ksef: Ksef) -> None:
    sealed: list[Secret] = []
    options = Options(seal=lambda key, iv: sealed.append(key))
    results = ksef.run(send_and_wait([ONE, TWO], MemoryJournal(), options=options))
    assert [r.outcome for r in results] == ["accepted", "accepted"]
    assert [r.name for r in results] == ["one.xml", "two.xml"]
    for result, document in zip(results, (ONE, TWO), strict=True):
        assert result.upo is not None
        receipt = upo.read(result.upo).documents[0]
        assert (receipt.ksef_number, receipt.invoice_hash) == (result.ksef_number, document.hash)
        assert fake.contents[result.ksef_number] == document.content
    assert len(sealed) == 1
    lines = [line.split("/")[-1] for line in fake.lines()]
    assert lines[:5] == ["public-key-certificates", "online", "invoices", "invoices", "close"]


def test_equal_bytes_are_sent_once_and_told_twice(fake: FakeKsef) -> None:
    results = run(fake, MemoryJournal(), ONE, Document("copy.xml", ONE.content))
    assert [r.name for r in results] == ["one.xml", "copy.xml"]
    assert results[0].ksef_number == results[1].ksef_number
    assert fake.posts[ONE.hash] == 1


def test_nothing_to_send_opens_nothing(fake: FakeKsef) -> None:
    assert run(fake, MemoryJournal()) == []
    assert fake.requests == []


def test_a_refused_invoice_keeps_ksefs_code_and_words(fake: FakeKsef) -> None:
    fake.verdict = lambda content: 450 if content == TWO.content else 200
    first, second = run(fake, MemoryJournal(), ONE, TWO)
    assert first.outcome == "accepted"
    assert (second.outcome, second.code) == ("refused", 450)
    assert "mend the document" in second.hint
    assert first.hint == ""
    assert second.words == ("Opis 450", "Szczegół")


def test_what_was_refused_may_be_sent_again_once_mended(fake: FakeKsef) -> None:
    journal = MemoryJournal()
    fake.verdict = lambda content: 410
    assert run(fake, journal, ONE)[0].outcome == "refused"
    fake.verdict = lambda content: 200
    assert run(fake, journal, ONE)[0].outcome == "accepted"


def test_an_invoice_refused_at_the_door_does_not_stop_the_others(fake: FakeKsef) -> None:
    fake.faults.append(Fault(SEND, refusal(21405, "Błąd walidacji", "za duża")))
    first, second = run(fake, MemoryJournal(), ONE, TWO)
    assert (first.outcome, first.code) == ("refused", 21405)
    assert second.outcome == "accepted"


def test_a_document_too_long_for_the_way_does_not_stop_the_others(fake: FakeKsef) -> None:
    fake.faults.append(Fault(SEND, httpx2.Response(413)))
    first, second = run(fake, MemoryJournal(), ONE, TWO)
    assert (first.outcome, second.outcome) == ("refused", "accepted")


def test_what_is_accepted_is_not_sent_again_by_a_later_run(fake: FakeKsef) -> None:
    journal = MemoryJournal()
    (before,) = run(fake, journal, ONE)
    fake.requests.clear()
    (after,) = run(fake, journal, ONE)
    assert (after.outcome, after.ksef_number, after.upo) == ("accepted", before.ksef_number, before.upo)
    assert all(r.method == "GET" for r in fake.requests)


@pytest.mark.parametrize("code", [405, 500, 550])
def test_what_ksef_cancelled_is_sent_again(fake: FakeKsef, code: int) -> None:
    codes = iter([code, 200])
    fake.verdict = lambda content: next(codes)
    (result,) = run(fake, MemoryJournal(), ONE)
    assert result.outcome == "accepted"
    assert fake.posts[ONE.hash] == 2


def test_what_ksef_cancels_for_ever_is_given_up(fake: FakeKsef) -> None:
    fake.verdict = lambda content: 550
    with pytest.raises(KlucznikError) as stopped:
        run(fake, MemoryJournal(), ONE)
    assert stopped.value.hint
    assert fake.posts[ONE.hash] == 3


# ---- 440 -----------------------------------------------------------------------------------------


def test_a_duplicate_of_our_own_bytes_was_accepted_earlier(fake: FakeKsef) -> None:
    (original,) = run(fake, MemoryJournal(), ONE)
    (again,) = run(fake, MemoryJournal(), ONE)  # another machine: it knows nothing
    assert again.outcome == "accepted-earlier"
    assert again.ksef_number == original.ksef_number
    assert again.upo == original.upo
    assert again.is_accepted


def test_a_duplicate_of_other_bytes_is_a_conflict(fake: FakeKsef) -> None:
    (original,) = run(fake, MemoryJournal(), ONE)
    (other,) = run(fake, MemoryJournal(), Document("other.xml", b"FV/1;inna tresc"))
    assert (other.outcome, other.code) == ("conflict", 440)
    assert other.ksef_number == original.ksef_number
    assert not other.is_accepted


def test_of_somebody_elses_session_the_original_itself_tells(fake: FakeKsef) -> None:
    run(fake, MemoryJournal(), ONE)
    number, _ = fake.accepted["FV/1"]
    fake.accepted["FV/1"] = (number, "20260302-SO-0000000000-0000000000-00")
    assert run(fake, MemoryJournal(), ONE)[0].outcome == "accepted-earlier"
    assert run(fake, MemoryJournal(), Document("x", b"FV/1;x"))[0].outcome == "conflict"

    fake.unreadable_originals = True
    (unknown,) = run(fake, MemoryJournal(), ONE)
    assert unknown.outcome == "conflict"  # never accepted on KSeF's bare word


def test_a_receipt_for_other_bytes_is_a_conflict(fake: FakeKsef, monkeypatch: pytest.MonkeyPatch) -> None:
    truthful = fake.upo

    def of_other_bytes(session: str, number: str) -> bytes:
        with monkeypatch.context() as swapped:
            swapped.setitem(fake.contents, number, b"FV/1;podmiana")
            return truthful(session, number)

    monkeypatch.setattr(fake, "upo", of_other_bytes)
    (result,) = run(fake, MemoryJournal(), ONE)
    assert result.outcome == "conflict"


def test_what_is_no_receipt_is_not_kept_and_does_not_undo_the_number(
    fake: FakeKsef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A firewall's page at the pre-signed address: the call brings it. Nonsense everywhere: none yet."""
    fake.faults.append(Fault("/upo_", httpx2.Response(200, content=b"<html>Zaloguj</html>")))
    journal = MemoryJournal()
    (result,) = run(fake, journal, ONE)
    assert result.outcome == "accepted"
    assert result.upo is not None

    monkeypatch.setattr(fake, "upo", lambda session, number: b"<html/>")
    (result,) = run(fake, MemoryJournal(), TWO)
    assert (result.outcome, result.upo) == ("accepted", None)
    (result,) = run(fake, journal, ONE)
    assert (result.outcome, result.upo) == ("accepted", None)


def test_an_original_not_readable_yet_is_waited_for(fake: FakeKsef) -> None:
    run(fake, MemoryJournal(), ONE)
    fake.upo_delay = 1
    fake.faults.append(
        Fault("/invoices/ksef/", refusal(21165, "Faktura … nie jest jeszcze dostępna."), nth=2)
    )
    assert run(fake, MemoryJournal(), ONE)[0].outcome == "accepted-earlier"


# ---- receipts ------------------------------------------------------------------------------------


def test_a_late_receipt_is_waited_for(fake: FakeKsef) -> None:
    fake.upo_delay = 3
    assert run(fake, MemoryJournal(), ONE)[0].upo is not None


def test_a_receipt_that_never_comes_does_not_undo_the_number(fake: FakeKsef) -> None:
    fake.upo_delay = 1000
    (result,) = run(fake, MemoryJournal(), ONE)
    assert result.outcome == "accepted"
    assert result.upo is None


# ---- sessions ------------------------------------------------------------------------------------


def test_a_withdrawn_key_is_fetched_anew(fake: FakeKsef) -> None:
    fake.faults.append(Fault("POST /v2/sessions/online", refusal(21470, "Klucz…")))
    assert run(fake, MemoryJournal(), ONE)[0].outcome == "accepted"
    assert fake.lines().count("GET /security/public-key-certificates") == 2


@pytest.mark.parametrize("code", [21155, 21180, 21184])
def test_a_session_that_takes_no_more_is_followed_by_another(fake: FakeKsef, code: int) -> None:
    fake.faults.append(Fault(SEND, refusal(code, "…"), nth=2))
    results = run(fake, MemoryJournal(), ONE, TWO)
    assert [r.outcome for r in results] == ["accepted", "accepted"]
    assert len(fake.sessions) == 2
    assert fake.posts == {ONE.hash: 1, TWO.hash: 1}


def test_a_lost_close_is_repeated(fake: FakeKsef) -> None:
    fake.faults += [Fault("/close", httpx2.ReadTimeout), Fault("/close", httpx2.Response(502))]
    assert run(fake, MemoryJournal(), ONE)[0].outcome == "accepted"
    assert fake.posts[ONE.hash] == 1


def test_a_session_that_does_not_end_leaves_the_document_undecided(fake: FakeKsef) -> None:
    journal = MemoryJournal()
    fake.faults.append(Fault("/close", httpx2.ReadTimeout, nth=1))
    pace = Pace(first=1, growth=1, longest=1, total=1)
    with pytest.raises(KlucznikError) as stopped:
        run(fake, journal, ONE, options=Options(pace=pace))
    assert stopped.value.again == "look"
    entry = journal.get(ONE.hash)
    assert entry is not None
    assert entry.stage == "sent"
    assert run(fake, journal, ONE)[0].outcome == "accepted"
    assert fake.posts[ONE.hash] == 1


def test_what_ksef_has_not_decided_is_never_sent_again(fake: FakeKsef) -> None:
    """A session may be final and one of its invoices not: undecided, to be looked at by the next run."""
    fake.verdict = lambda content: 150 if content == TWO.content else 200
    journal = MemoryJournal()
    for _ in range(2):
        first, second = run(fake, journal, ONE, TWO)
        assert (first.outcome, second.outcome) == ("accepted", "undecided")
    assert fake.posts == {ONE.hash: 1, TWO.hash: 1}


# ---- what stops the sending ----------------------------------------------------------------------


def test_no_permission_is_raised_with_its_hint(fake: FakeKsef) -> None:
    fake.faults.append(Fault("POST /v2/sessions/online", httpx2.Response(403)))
    with pytest.raises(Refused) as refused:
        run(fake, MemoryJournal(), ONE)
    assert refused.value.status == 403


def test_what_was_sent_before_the_stop_is_followed_to_its_end(fake: FakeKsef) -> None:
    fake.faults.append(Fault(SEND, httpx2.Response(429, headers={"Retry-After": "3000"}), nth=2))
    first, second = run(fake, MemoryJournal(), ONE, TWO)
    assert first.outcome == "accepted"
    assert second.outcome == "not-sent"
    assert isinstance(second.problem, TooManyRequests)
    assert second.hint == second.problem.hint


def test_a_connection_that_fails_thrice_stops_and_nothing_was_sent(fake: FakeKsef) -> None:
    fake.faults += [Fault(SEND, httpx2.ConnectError) for _ in range(3)]
    with pytest.raises(Unreachable):
        run(fake, journal := MemoryJournal(), ONE)
    entry = journal.get(ONE.hash)
    assert entry is not None
    assert entry.stage == "not-sent"
    assert run(fake, journal, ONE)[0].outcome == "accepted"


def test_a_reset_environment_is_taken_as_absent(fake: FakeKsef) -> None:
    journal = MemoryJournal()
    journal.put(Entry(ONE.hash, "sending", "20260302-SO-0000000000-0000000000-00"))
    fake.faults += [
        Fault("/close", refusal(21173, "Brak sesji…")),
        Fault("GET", refusal(21173, "Brak sesji…")),
    ]
    assert run(fake, journal, ONE)[0].outcome == "accepted"


# ---- lost answers and crashes, everywhere --------------------------------------------------------


class Killed(BaseException):
    """The process dies here."""


def requests_of_a_clean_run() -> int:
    fake = FakeKsef()
    run(fake, MemoryJournal(), ONE, TWO)
    return len(fake.requests)


STEPS = range(1, requests_of_a_clean_run() + 1)


def everything_accepted_once(fake: FakeKsef, results: list[Result]) -> None:
    assert [r.outcome for r in results] == ["accepted", "accepted"]
    assert sorted(fake.contents.values()) == [ONE.content, TWO.content]
    assert fake.posts == {ONE.hash: 1, TWO.hash: 1}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("do", [httpx2.ReadTimeout, httpx2.RemoteProtocolError, httpx2.ConnectError, 503])
def test_an_answer_lost_at_any_step(step: int, after: bool, do: type[httpx2.TransportError] | int) -> None:
    if do is httpx2.ConnectError and after:
        return  # what never left has no effect
    fake, journal = FakeKsef(), MemoryJournal()
    fault = httpx2.Response(do) if isinstance(do, int) else do
    fake.faults.append(Fault("", fault, nth=step, after=after))
    try:
        results = run(fake, journal, ONE, TWO)
    except (SentNoAnswer, Unreachable):
        results = run(fake, journal, ONE, TWO)
    if any(not r.is_accepted for r in results):
        results = run(fake, journal, ONE, TWO)
    everything_accepted_once(fake, results)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_request(
    step: int, after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new process with the same journal finishes; nothing is posted twice, nothing is lost."""
    fake = FakeKsef()
    count = 0
    answer = fake.handle

    def die(request: httpx2.Request) -> httpx2.Response:
        nonlocal count
        count += 1
        if count != step:
            return answer(request)
        if after:
            answer(request)
        raise Killed

    monkeypatch.setattr(fake, "handle", die)
    with pytest.raises(Killed), open_journal(tmp_path / "journal") as journal:
        run(fake, journal, ONE, TWO)
    with open_journal(tmp_path / "journal") as journal:
        everything_accepted_once(fake, run(fake, journal, ONE, TWO))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 7))
def test_killed_at_any_entry_of_the_journal(step: int, after: bool, tmp_path: Path) -> None:
    fake = FakeKsef()

    class Dying(FileJournal):
        count = 0

        def put(self, entry: Entry) -> None:
            self.count += 1
            if self.count == step and not after:
                raise Killed
            super().put(entry)
            if self.count == step:
                raise Killed

    journal = Dying(tmp_path / "journal")
    with pytest.raises(Killed):
        run(fake, journal, ONE, TWO)
    journal.close()
    with open_journal(tmp_path / "journal") as reopened:
        everything_accepted_once(fake, run(fake, reopened, ONE, TWO))


def test_without_the_look_an_invoice_would_be_posted_twice(fake: FakeKsef) -> None:
    """The proof that the tests above can fail: forget the journal, and the second post happens."""
    fake.faults.append(Fault("/close", httpx2.ReadTimeout))
    pace = Pace(first=1, growth=1, longest=1, total=1)
    with pytest.raises(KlucznikError):
        run(fake, MemoryJournal(), ONE, options=Options(pace=pace))
    (result,) = run(fake, MemoryJournal(), ONE)
    assert fake.posts[ONE.hash] == 2
    assert result.outcome == "accepted-earlier"
