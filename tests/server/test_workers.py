"""Several processes that are one local KSeF: what one of them knows, all of them know (`--workers`)."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest

from klucznik.client import auth, tokens
from klucznik.client.journal import MemoryJournal
from klucznik.client.ksef import Ksef
from klucznik.client.sending import Document, Result, send_and_wait
from klucznik.clock import WARSAW
from klucznik.crypto import authority
from klucznik.documents import samples
from klucznik.errors import KlucznikError
from klucznik.wire.ids import make_nip
from processes import Served, Terminal, served

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="processes are looked for in /proc"
)

#: Calls on new connections; one process would have to be lucky to get them all.
MANY = 24
_rand = Random()


def workers(ksef: Served) -> list[int]:
    """The processes that answer calls."""
    children = Path(f"/proc/{ksef.pid}/task/{ksef.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def call(url: str, method: str = "GET", path: str = "", **parts: Any) -> httpx2.Response:
    """A call on a connection of its own, so that any process may answer it."""
    with httpx2.Client(trust_env=False, timeout=30) as http:
        return http.request(method, f"{url}{path}", **parts)


def manage(ksef: Served, method: str, path: str, body: object = None) -> Any:
    answer = call(ksef.management, method, path, **({"json": body} if body is not None else {}))
    assert answer.status_code == 200, answer.text
    return answer.json()


def until(found: Any) -> None:
    """Wait, for a limited time, until a condition holds."""
    end = time.monotonic() + 30
    while not found():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def invoice(nip: str, number: str) -> bytes:
    now = datetime.now(UTC)
    today: date = now.astimezone(WARSAW).date()
    return samples.invoice(nip, "1111111111", number, today, now)


@contextmanager
def owner(ksef: Served, nip: str) -> Iterator[Ksef]:
    """The owner of a company, logged in by its seal."""
    with closing(Ksef(ksef.url)) as client:
        seal = authority.seal("Wspólna sp. z o.o.", nip, now=datetime.now(UTC))
        client.run(auth.login_with_identity("Nip", nip, seal))
        yield client


def send(client: Ksef, documents: list[Document]) -> list[Result]:
    """Send as a program does that is told "later" when a connection breaks: again, with the same journal."""
    journal = MemoryJournal()
    for _ in range(3):
        with suppress(KlucznikError):
            results = client.run(send_and_wait(documents, journal))
            if all(result.is_accepted for result in results):
                return results
    raise AssertionError([journal.get(document.hash) for document in documents])


def bearer_of(client: Ksef) -> dict[str, str]:
    assert client.credentials.access_token is not None
    return {"Authorization": f"Bearer {client.credentials.access_token.token.text()}"}


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("two"), "--workers", "2") as ksef:
        assert len(workers(ksef)) == 2
        yield ksef


@pytest.fixture
def nip() -> str:
    return make_nip(_rand)


def test_a_login_begun_at_one_goes_on_at_another(two: Served, nip: str) -> None:
    """Challenges, logins, tokens: each step on a new connection."""
    with owner(two, nip) as ksef:
        issued = ksef.run(tokens.generate_and_wait(("InvoiceRead",), "shared"))
        bearer = bearer_of(ksef)
    for _ in range(MANY):
        listed = call(two.url, path="/tokens", headers=bearer).json()["tokens"]
        assert [item["referenceNumber"] for item in listed] == [issued.reference_number]
    for _ in range(4):
        with closing(Ksef(two.url)) as erp:
            erp.run(auth.login_with_token(issued.token))


def test_all_tell_the_same_time(two: Served) -> None:
    at = datetime(2027, 3, 2, 9, 0, tzinfo=UTC)
    manage(two, "POST", "/clock", {"at": at.isoformat(), "freeze": True})
    try:
        told = {call(two.url, "POST", "/auth/challenge").json()["timestampMs"] for _ in range(MANY)}
        assert told == {int(at.timestamp() * 1000)}
    finally:
        manage(two, "POST", "/clock", {"at": datetime.now(UTC).isoformat(), "freeze": False})
    told = {call(two.url, "POST", "/auth/challenge").json()["timestampMs"] for _ in range(MANY)}
    assert max(told) < int(at.timestamp() * 1000)


def test_a_fault_strikes_the_nth_call_of_all(two: Served) -> None:
    rule = {"match": {"operation": "POST /auth/challenge"}, "nth": [2, 5], "do": "error", "status": 503}
    manage(two, "PUT", "/faults", {"rules": [rule]})
    try:
        told = [call(two.url, "POST", "/auth/challenge").status_code for _ in range(MANY)]
        assert [place for place, status in enumerate(told, 1) if status == 503] == [2, 5]
        (counted,) = manage(two, "GET", "/faults")["rules"]
        assert (counted["matched"], counted["struck"]) == (MANY, 2)
    finally:
        manage(two, "PUT", "/faults", {})


def test_trace_and_causes_are_there_when_the_answer_is(two: Served) -> None:
    for _ in range(MANY):
        trace_id = call(two.url, path="/tokens").json()["traceId"]
        (cause,) = manage(two, "GET", f"/why/{trace_id}")["causes"]
        assert cause["why"]["en"] == "there is no Authorization header"
        assert trace_id in {each["traceId"] for each in manage(two, "GET", "/trace?last=5")["calls"]}


def test_a_policy_of_tokens_holds_everywhere(two: Served, nip: str) -> None:
    with owner(two, nip) as ksef:
        issued = ksef.run(tokens.generate_and_wait(("InvoiceRead",), "until 2027"))
        manage(two, "PUT", "/scenario", {"tokens": "cutoff-2026"})
        manage(two, "POST", "/clock", {"at": "2027-01-01T00:00:01+01:00"})
        try:
            for _ in range(6):
                with closing(Ksef(two.url)) as erp, pytest.raises(KlucznikError):
                    erp.run(auth.login_with_token(issued.token))
        finally:
            manage(two, "PUT", "/scenario", {"tokens": "legacy"})
            manage(two, "POST", "/clock", {"at": datetime.now(UTC).isoformat()})


def test_new_keys_are_new_everywhere(two: Served, nip: str) -> None:
    before = {key["publicKeyId"] for key in call(two.url, path="/security/public-key-certificates").json()}
    manage(two, "POST", "/keys", {"rotate": "emergency"})
    for _ in range(MANY):
        keys = call(two.url, path="/security/public-key-certificates").json()
        assert before.isdisjoint(key["publicKeyId"] for key in keys)
    with owner(two, nip) as ksef:
        (sent,) = ksef.run(send_and_wait([Document("a.xml", invoice(nip, "after/1"))], MemoryJournal()))
        assert sent.is_accepted


def test_invoices_sent_by_many_get_a_number_each_and_a_mark_that_keeps_its_word(
    two: Served, nip: str
) -> None:
    """Whatever appears later lies above every high water mark that was told before."""
    told: list[tuple[datetime, set[str]]] = []
    with owner(two, nip) as first:
        bearer = bearer_of(first)

        def query() -> None:
            body = {
                "subjectType": "Subject1",
                "dateRange": {
                    "dateType": "PermanentStorage",
                    "from": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
                    "restrictToPermanentStorageHwmDate": True,
                },
            }
            path = "/invoices/query/metadata?pageSize=250&sortOrder=Asc"
            found = call(two.url, "POST", path, json=body, headers=bearer).json()
            mark = datetime.fromisoformat(found["permanentStorageHwmDate"])
            told.append((mark, {item["ksefNumber"] for item in found["invoices"]}))

        def send_eight(sender: int) -> list[str]:
            with owner(two, nip) as ksef:
                made = [Document(f"{n}.xml", invoice(nip, f"{sender}/{n}")) for n in range(8)]
                numbers = []
                for result in ksef.run(send_and_wait(made, MemoryJournal())):
                    assert result.is_accepted, result
                    numbers.append(str(result.ksef_number))
                return numbers

        with ThreadPoolExecutor(4) as pool:
            sending = [pool.submit(send_eight, sender) for sender in range(3)]
            while not all(future.done() for future in sending):
                query()
        numbers = [number for future in sending for number in future.result()]
        assert len(set(numbers)) == len(numbers) == 24

        def all_seen() -> bool:
            query()
            return told[-1][1] >= set(numbers)

        until(all_seen)
        dates = {
            item["ksefNumber"]: datetime.fromisoformat(item["permanentStorageDate"])
            for item in call(
                two.url,
                "POST",
                "/invoices/query/metadata?pageSize=250",
                json={
                    "subjectType": "Subject1",
                    "dateRange": {
                        "dateType": "Invoicing",
                        "from": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
                    },
                },
                headers=bearer,
            ).json()["invoices"]
        }
    assert len(told) > 3
    for mark, seen in told:
        assert seen == {number for number, stored in dates.items() if stored <= mark}


def test_limits_are_those_of_all_together(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2", "--rates", "production") as ksef:
        manage(ksef, "POST", "/clock", {"freeze": True})
        told = [call(ksef.url, path="/security/public-key-certificates").status_code for _ in range(64)]
        assert told == [200] * 60 + [429] * 4
        refused = call(ksef.url, path="/security/public-key-certificates")
        assert int(refused.headers["Retry-After"]) >= 1
        manage(ksef, "POST", "/clock", {"advance": 60})
        assert call(ksef.url, path="/security/public-key-certificates").status_code == 200


def test_reset_ends_every_login_everywhere(tmp_path: Path, nip: str) -> None:
    with served(tmp_path, "--workers", "2") as ksef, owner(ksef, nip) as client:
        bearer = bearer_of(client)
        manage(ksef, "POST", "/reset", {})
        assert {call(ksef.url, path="/tokens", headers=bearer).status_code for _ in range(MANY)} == {401}


def test_a_killed_worker_is_replaced_and_nothing_is_lost(tmp_path: Path, nip: str) -> None:
    with served(tmp_path, "--workers", "2") as ksef, owner(ksef, nip) as client:
        for life in range(3):
            old = workers(ksef)
            os.kill(old[life % 2], signal.SIGKILL)
            made = [Document(f"{n}.xml", invoice(nip, f"{life}/{n}")) for n in range(4)]
            results = send(client, made)
            assert all(result.is_accepted and result.upo for result in results)
            until(lambda old=old: len(set(workers(ksef)) - set(old)) == 1 and len(workers(ksef)) == 2)
        hashes = [item["invoiceHash"] for item in ksef.truth()["accepted"]]
        assert len(hashes) == len(set(hashes)) == 12
    assert "a worker process ended" in ksef.log.read_text()


def test_when_the_leader_is_killed_the_workers_end(tmp_path: Path) -> None:
    ksef = Served(tmp_path, "--workers", "2")
    ksef.start()
    ksef.wait_ready()
    orphans = workers(ksef)
    ksef.kill()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans))
    ksef.start()  # the folder and the port are free again
    ksef.wait_ready()
    assert call(ksef.url, "POST", "/auth/challenge").status_code == 200
    assert ksef.stop() == 0


def test_an_orderly_end_leaves_nobody_behind(tmp_path: Path) -> None:
    ksef = Served(tmp_path, "--workers", "3")
    ksef.start()
    ksef.wait_ready()
    family = workers(ksef)
    assert len(family) == 3
    assert ksef.stop() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in family)


@pytest.mark.parametrize("language", ["en", "pl"])
def test_processes_need_something_to_share(tmp_path: Path, language: str) -> None:
    terminal = Terminal(tmp_path, language=language)
    done = terminal.run("ksef", "serve", "--workers", "2", "--data", ":memory:", code=64)
    assert "--workers" in done.err
    assert ("folder to share" if language == "en" else "wspólnego katalogu") in done.err
