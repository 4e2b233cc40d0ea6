"""Sending invoices and waiting for what becomes of them. Rules: sessions.md, reliability.md section D.

A document is POSTed only when it is certain that no session of ours holds it: the intention is in the
journal before the POST; after a lost answer, or a crash, the session is closed, awaited and searched
by hash, and only what is absent from it is sent again, the same bytes. KSeF's 440 (duplicate) is
answered by comparing hashes: our own bytes accepted earlier, or somebody else's: a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from klucznik.client import hints, security, sessions
from klucznik.client.flow import Flow, Pace, Pause, all_pages, ask
from klucznik.client.journal import Entry, Journal, Outcome
from klucznik.client.sessions import OnlineSession
from klucznik.client.upo import by_given_number
from klucznik.client.verdict import compare, judge
from klucznik.crypto import envelope
from klucznik.errors import (
    KlucznikError,
    Refused,
    SentNoAnswer,
    TookTooLong,
    TooManyRequests,
    Unreachable,
)
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.wire.common import FormCode
from klucznik.wire.ids import is_ksef_number
from klucznik.wire.security import PublicKeyCertificateUsage
from klucznik.wire.sessions import SessionInvoiceStatusResponse

FA3 = FormCode(system_code="FA (3)", schema_version="1-0E", value="FA")

#: How long a closed session may take to become final.
SESSION_PACE = Pace(first=1.0, growth=1.3, longest=10.0, total=900.0)

#: Refusals of a send that speak of the session, not of the document (sessions.md section 5).
_SESSION_OVER = frozenset({21155, 21173, 21180, 21184})
#: Sessions that ended without accepting anything: undecipherable key, nothing sent (section 7).
_SESSION_VOID = frozenset({415, 440})
_MOST_BARREN_ROUNDS = 3
_MOST_UNANSWERED = 3
_CONNECT_PAUSES = (1.0, 3.0)


@dataclass(frozen=True)
class Document:
    """An invoice to send: a name for people, and bytes that never change from here on."""

    name: str
    content: bytes = field(repr=False)
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", envelope.sha256_base64(self.content))


@dataclass(frozen=True)
class Result:
    """What became of one document; see `Outcome` for the words.

    `upo` is KSeF's receipt as received, its hash and contents checked; None while it is pending.
    `problem` is the error that stopped the sending, for `not-sent` and `undecided`.
    """

    name: str
    hash: str
    outcome: Outcome
    session: str = ""
    reference: str = ""
    ksef_number: str = ""
    code: int = 0
    words: tuple[str, ...] = ()
    upo: bytes | None = field(default=None, repr=False)
    problem: KlucznikError | None = None

    @property
    def is_accepted(self) -> bool:
        return self.outcome in ("accepted", "accepted-earlier")

    @property
    def hint(self) -> str:
        """What a person does next; empty where nothing is to be done."""
        if self.problem is not None:
            return self.problem.hint
        return hints.of_result(self.outcome, self.code, self.words)


@dataclass(frozen=True)
class Options:
    """How to send. `seal` is called with the AES key and IV before the session is opened.

    `corrects` maps the hash of a technical correction to the hash of the invoice it corrects.
    """

    offline: bool = False
    corrects: dict[str, str] = field(default_factory=dict)
    seal: Callable[[Secret, bytes], None] | None = None
    new_key: Callable[[], tuple[Secret, bytes]] = envelope.new_session_key
    pace: Pace = SESSION_PACE


def send_and_wait(
    documents: Iterable[Document], journal: Journal, form: FormCode = FA3, options: Options | None = None
) -> Flow[list[Result]]:
    """Send, wait until final, fetch the UPO: one `Result` for each document, in their order.

    Run again with the same journal after a crash, it first finds out what became of the documents
    that were under way. Documents of equal bytes are one. What stops the sending (no network, not
    allowed, KSeF's patience) is in the results; it is raised only when there is nothing else to tell.
    """
    listed = list(documents)
    run = _Run({d.hash: d for d in listed}, journal, form, options or Options())
    problem: KlucznikError | None = None
    try:
        yield from run.resume()
        yield from run.work()
    except KlucznikError as error:
        if not run.results:
            raise
        problem = error
    return [run.result(d, problem) for d in listed]


class _Run:
    """One run of `send_and_wait`: what is wanted, and what is known so far."""

    def __init__(
        self, wanted: dict[str, Document], journal: Journal, form: FormCode, options: Options
    ) -> None:
        self.wanted = wanted
        self.journal = journal
        self.form = form
        self.options = options
        self.results: dict[str, Result] = {}

    def result(self, document: Document, problem: KlucznikError | None) -> Result:
        if known := self.results.get(document.hash):
            return replace(known, name=document.name)
        entry = self.journal.get(document.hash) or Entry(document.hash, "not-sent")
        words = (problem.message,) if problem else ()
        outcome: Outcome = "undecided" if entry.is_open else "not-sent"
        return Result(
            document.name,
            document.hash,
            outcome,
            entry.session,
            entry.reference,
            words=words,
            problem=problem,
        )

    def left(self) -> list[Document]:
        """What may be sent: neither settled, nor possibly in a session of ours."""
        return [d for d in self.wanted.values() if d.hash not in self.results and not self._is_open(d)]

    def resume(self) -> Flow[None]:
        """(1) What an earlier run left: finished, or under way in a session to be looked through."""
        under_way: dict[str, list[Document]] = {}
        for document in self.wanted.values():
            entry = self.journal.get(document.hash)
            if entry is None:
                continue
            if entry.is_done:
                upo = yield from _receipt_again(entry)
                self.results[document.hash] = _as_result(document, entry, upo)
            elif entry.is_open:
                under_way.setdefault(entry.session, []).append(document)
        for session, held in under_way.items():
            yield from self.settle(session, held)

    def work(self) -> Flow[None]:
        """(2) Rounds of one session each, until nothing is left or three brought nothing."""
        barren = 0
        while (left := self.left()) and barren < _MOST_BARREN_ROUNDS:
            before = len(self.results)
            session = yield from self.open()
            stopped: KlucznikError | None = None
            try:
                yield from self.send_all(session, left)
            except KlucznikError as error:
                stopped = error
            # Whatever stopped it, what has been sent is followed to its end.
            yield from self.settle(session.reference, [d for d in left if self._is_open(d)])
            if stopped is not None:
                raise stopped
            barren = 0 if len(self.results) > before else barren + 1
        if left:
            raise TookTooLong(
                tr(
                    f"{len(left)} documents could not be brought into a session in three attempts.",
                    f"{len(left)} dokumentów nie udało się umieścić w sesji w trzech próbach.",
                ),
                hint=tr("try again later.", "spróbuj później."),
            )

    def _is_open(self, document: Document) -> bool:
        entry = self.journal.get(document.hash)
        return entry is not None and entry.is_open

    # ---- a session -------------------------------------------------------------------------------

    def open(self) -> Flow[OnlineSession]:
        """Keys fetched anew for each session; once more on 21470. A lost answer leaves an empty
        session behind, which KSeF cancels by itself, so opening may be repeated."""
        for attempt in (1, 2, 3):
            usage = PublicKeyCertificateUsage.SymmetricKeyEncryption
            public_key = yield from security.current(usage)
            key, iv = self.options.new_key()
            if self.options.seal is not None:
                self.options.seal(key, iv)
            with key.reveal() as plain:
                sealed = security.wrap(plain, public_key)
            try:
                opened = yield from ask(
                    sessions.open_online(self.form, key, iv, sealed, public_key.public_key_id)
                )
            except Refused as error:
                if error.code != 21470 or attempt > 1:
                    raise
            except SentNoAnswer:
                if attempt == 3:
                    raise
                yield Pause(2.0)
            else:
                return OnlineSession(opened.reference_number, key, iv)
        raise AssertionError("the third attempt returns or raises")

    def send_all(self, session: OnlineSession, documents: list[Document]) -> Flow[None]:
        unanswered = 0
        for document in documents:
            verdict = yield from self.send_one(session, document)
            if verdict == "session over":
                return
            unanswered = unanswered + 1 if verdict == "no answer" else 0
            if unanswered == _MOST_UNANSWERED:  # look at what arrived before sending more
                return

    def send_one(self, session: OnlineSession, document: Document) -> Flow[str]:
        """Intention, POST, reference. The three outcomes: done, unknown, not sent."""
        entry = Entry(document.hash, "sending", session.reference)
        call = sessions.send(
            session,
            document.content,
            offline=self.options.offline,
            corrects=self.options.corrects.get(document.hash),
        )
        self.journal.put(entry)
        for pause in (*_CONNECT_PAUSES, None):
            try:
                answer = yield from ask(call)
            except SentNoAnswer:
                return "no answer"  # the entry stays "sending" until the session has been searched
            except Unreachable:
                if pause is not None:
                    yield Pause(pause)
                    continue
                self.journal.put(entry.to("not-sent"))
                raise
            except TooManyRequests:
                self.journal.put(entry.to("not-sent"))
                raise
            except Refused as error:
                self.journal.put(entry.to("not-sent"))
                if error.code in _SESSION_OVER:
                    return "session over"
                if error.status not in (400, 413):  # 413: this document is too long for what stands between
                    raise  # not allowed, or not KSeF at all: the next document would fare no better
                words = (error.message, *error.details)
                settled = entry.to("settled", outcome="refused", code=error.code, words=words)
                self._keep(document, settled, None)
                return "refused"
            self.journal.put(entry.to("sent", reference=answer.reference_number))
            return "sent"
        raise AssertionError("the last pause raises")

    def settle(self, session: str, documents: list[Document]) -> Flow[None]:
        """Close, wait until final, look by hash. Absent now is absent for good: to be sent again."""
        if not documents:
            yield from _close(session)
            return
        final = yield from self._finish(session)
        found: dict[str, SessionInvoiceStatusResponse] = {}
        if final is not None:
            found = yield from _listed(session)
        for document in documents:
            entry = self.journal.get(document.hash)
            assert entry is not None
            item = found.get(document.hash)
            if item is None and entry.reference and final is not None:
                item = yield from _by_reference(entry)
            if item is None or (item.status.code < 200 and final in _SESSION_VOID):
                self.journal.put(entry.to("not-sent", reference=""))
                continue
            settled, upo = yield from judge(entry, item)
            if settled is None:  # KSeF or the session failed: the same bytes again
                self.journal.put(entry.to("not-sent", reference=""))
            elif settled.stage == "settled":
                self._keep(document, settled, upo)

    def _finish(self, session: str) -> Flow[int | None]:
        """The final status code of a session, closing it as often as that takes; None if KSeF does
        not know the session (a test environment that was reset)."""
        closed = False
        for seconds in self.options.pace.pauses():
            if not closed:
                closed = yield from _close(session)
            yield Pause(seconds)
            try:
                answer = yield from ask(sessions.status(session))
            except Refused as error:
                if error.code == 21173:
                    return None
                raise
            except KlucznikError as error:
                if error.again != "later" or isinstance(error, TooManyRequests):
                    raise
                continue
            if answer.status.code >= 200:
                return answer.status.code
            closed = answer.status.code != 100  # still open: the close got lost
        raise TookTooLong(
            tr(f"Session {session} is not final yet.", f"Sesja {session} nie jest jeszcze zakończona."),
            hint=tr("run it again later: it will look first.", "uruchom później: najpierw sprawdzi."),
        )

    def _keep(self, document: Document, settled: Entry, upo: bytes | None) -> None:
        self.journal.put(settled)
        self.results[document.hash] = _as_result(document, settled, upo)


def _close(session: str) -> Flow[bool]:
    """Whether the session is surely closed now. Refused means it was closed, failed or is unknown:
    its status tells."""
    try:
        yield from ask(sessions.close(session))
    except Refused as error:
        if error.status != 400:
            raise
    except SentNoAnswer:
        return False
    return True


def _listed(session: str) -> Flow[dict[str, SessionInvoiceStatusResponse]]:
    """Every invoice of a session by its hash. Of several with one hash the accepted one counts, as
    the others are its duplicates."""
    found: dict[str, SessionInvoiceStatusResponse] = {}
    pages = yield from all_pages(lambda token: sessions.invoices(session, token))
    for item in (item for page in pages for item in page.invoices):
        if item.invoice_hash not in found or item.status.code == 200:
            found[item.invoice_hash] = item
    return found


def _by_reference(entry: Entry) -> Flow[SessionInvoiceStatusResponse | None]:
    """An invoice that KSeF confirmed but does not list: asked for by its own number."""
    try:
        return (yield from ask(sessions.invoice(entry.session, entry.reference)))
    except Refused as error:
        if error.status != 400:
            raise
        return None


def _receipt_again(entry: Entry) -> Flow[bytes | None]:
    """The UPO of something accepted in an earlier run, if it can be had."""
    if not entry.session or not is_ksef_number(entry.ksef_number):
        return None
    try:
        upo = yield from ask(by_given_number(entry.session, entry.ksef_number))
    except KlucznikError:
        return None  # what counts, the number, is known; the receipt can be fetched any time
    return upo if compare(upo, entry.ksef_number, entry.hash) == "same" else None


def _as_result(document: Document, entry: Entry, upo: bytes | None) -> Result:
    assert entry.outcome is not None
    return Result(
        document.name,
        document.hash,
        entry.outcome,
        entry.session,
        entry.reference,
        entry.ksef_number,
        entry.code,
        entry.words,
        upo,
    )
