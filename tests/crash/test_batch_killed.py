"""SIGKILL of the server at some moment of a batch session: each invoice is accepted exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from threading import Timer
from typing import Any, TypeVar

import httpx2
import pytest

from klucznik.client import auth, batch, security, sessions
from klucznik.client.flow import Upload, put
from klucznik.client.ksef import Ksef
from klucznik.client.sending import FA3
from klucznik.documents import upo
from klucznik.documents.package import Kind
from klucznik.errors import KlucznikError, Refused
from klucznik.wire.security import PublicKeyCertificateUsage
from klucznik.wire.sessions import OpenBatchSessionResponse, SessionStatusResponse

from .world import KILLS, World

T = TypeVar("T")

INVOICES = 400
#: The kill comes so many seconds at most after a stage has begun; all of it takes about half a second.
STAGES = {"upload": 0.08, "close": 0.25, "end": 0.35}
CASES = [(stage, seed) for stage in STAGES for seed in range(KILLS or 3)]


class Killing:
    """One kill, so many seconds after it was ordered; then the same server again."""

    def __init__(self, world: World) -> None:
        self._served = world.served
        self._timer: Timer | None = None
        self.done = False

    def after(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._kill)
        self._timer.start()

    def _kill(self) -> None:
        self._served.kill()
        self._served.start()
        self._served.wait_ready()
        self.done = True

    def wait(self) -> None:
        assert self._timer
        self._timer.join()
        assert self.done


def insistent(killing: Killing, work: Callable[[], T]) -> T:
    """Again after the restart, where the server was killed meanwhile."""
    try:
        return work()
    except KlucznikError as broken:
        if isinstance(broken, Refused):
            raise
        killing.wait()
        return work()


def sent(ksef: Ksef, upload: Upload) -> None:
    ksef.run(put(upload))


def closed(ksef: Ksef, ref: str) -> None:
    """Close; whoever was not answered the first time is told 21180 the second time."""
    try:
        ksef.call(sessions.close_batch(ref))
    except Refused as refused:
        if refused.code != 21180:
            raise


def opened(ksef: Ksef, made: batch.Package) -> OpenBatchSessionResponse:
    public_key = ksef.run(security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption))
    with made.key.reveal() as plain:
        wrapped = security.wrap(plain, public_key)
    return ksef.call(sessions.open_batch(FA3, made.info, wrapped, made.iv, public_key.public_key_id))


def uploads(made: batch.Package, session: OpenBatchSessionResponse) -> Iterator[Upload]:
    for request, path in zip(session.part_upload_requests, made.parts, strict=True):
        headers = {name: value for name, value in request.headers.items() if value is not None}
        yield Upload(request.url, request.method, headers, path)


def final(ksef: Ksef, killing: Killing, ref: str) -> SessionStatusResponse:
    for _ in range(100_000):
        found = insistent(killing, lambda: ksef.call(sessions.status(ref)))
        if found.status.code >= 200:
            return found
    raise AssertionError(found)


def listed(ksef: Ksef, ref: str) -> list[Any]:
    found: list[Any] = []
    token = None
    for _ in count():
        page = ksef.call(sessions.invoices(ref, token))
        found += page.invoices
        token = page.continuation_token
        if not token:
            return found
    raise AssertionError


@pytest.mark.slow
@pytest.mark.parametrize(("stage", "seed"), CASES)
def test_a_batch_survives_its_server(world: World, tmp_path: Path, stage: str, seed: int) -> None:
    rand = Random(f"{stage} {seed}")
    kind: Kind = rand.choice(["Zip", "TarGz"])
    given = world.documents(tmp_path / "invoices", f"batch/{stage}/{seed}", INVOICES)
    (tmp_path / "package").mkdir()
    made = batch.pack(given, tmp_path / "package", batch.Options(kind=kind, part=40_000))
    killing = Killing(world)

    def reach(place: str) -> None:
        if place == stage:
            killing.after(rand.uniform(0, STAGES[stage]))

    with Ksef(world.url) as ksef:
        ksef.run(auth.login_with_token(world.ksef_token))
        session = opened(ksef, made)
        ref = session.reference_number
        reach("upload")
        for upload in uploads(made, session):
            insistent(killing, partial(sent, ksef, upload))
        reach("close")
        insistent(killing, lambda: closed(ksef, ref))
        reach("end")
        status = final(ksef, killing, ref)
        killing.wait()

        # (1) The session has ended well, before the kill or after it, and says the same now.
        assert ksef.call(sessions.status(ref)).status.code == status.status.code == 200
        counts = (status.invoice_count, status.successful_invoice_count, status.failed_invoice_count)
        assert counts == (INVOICES, INVOICES, 0)
        # (2) Each document is one row, in its place, accepted.
        found = listed(ksef, ref)
        assert [item.ordinal_number for item in found] == list(range(1, INVOICES + 1))
        assert [item.invoice_hash for item in found] == [document.hash for document in given]
        assert {item.status.code for item in found} == {200}
        # (3) So says the truth: nothing twice, no number twice.
        truth = world.served.truth()
        world.note(truth)
        accepted = Counter(item["invoiceHash"] for item in truth["accepted"])
        assert {accepted[document.hash] for document in given} == {1}
        assert {truth["posts"][document.hash] for document in given} == {1}
        assert set(Counter(item["ksefNumber"] for item in truth["accepted"]).values()) == {1}
        # (4) One page of UPO, over all of them.
        told = ksef.call(sessions.status(ref)).upo
        assert told
        (page,) = told.pages
        receipt = httpx2.get(page.download_url, trust_env=False).content
        hashes = {item.ksef_number: item.invoice_hash for item in found}
        report = upo.verify(receipt, invoice_hashes=hashes)
        assert report.in_order, report.findings
        assert len(upo.read(receipt).documents) == INVOICES
        # (5) Nothing is left on the disk, at the latest once the new server has looked.
        folder = Path(world.served.data) / "batches" / ref
        assert any(not folder.exists() for _ in range(100_000))
