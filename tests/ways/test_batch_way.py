"""A package, end to end: documents in, numbers and the session's UPO out."""

from __future__ import annotations

import asyncio
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from klucznik.client import batch, sessions
from klucznik.client.batch import Options, Sent
from klucznik.client.flow import Upload, put
from klucznik.client.ksef import AsyncKsef
from klucznik.client.sending import Document
from klucznik.crypto.envelope import aes_decrypt_stream
from klucznik.documents import package
from klucznik.documents import upo as receipts
from klucznik.documents.package import Kind
from klucznik.errors import Refused, Unreadable
from klucznik.testing import RunningKsef
from klucznik.wire.endpoint import Call

from .conftest import Person, invoice

BUYER = "5265877635"


def documents(person: Person, count: int, prefix: str = "P") -> list[Document]:
    return [
        Document(f"folder/{prefix}{number}.xml", invoice(person, BUYER, f"{prefix}/{number}"))
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("kind", ["Zip", "TarGz"])
def test_documents_become_numbers_and_a_upo(ania: Person, kind: Kind, tmp_path: Path) -> None:
    given = documents(ania, 12)
    sent = ania.ksef.run(batch.send(iter(given), options=Options(kind=kind, part=2_000, folder=tmp_path)))
    assert (sent.code, sent.words) == (200, ("Sesja wsadowa przetworzona pomyślnie",))
    assert [result.name for result in sent.results] == [document.name for document in given]
    assert {result.outcome for result in sent.results} == {"accepted"}
    receipted = {one.ksef_number: one.invoice_hash for one in receipts.read(sent.upo[0]).documents}
    assert receipted == {result.ksef_number: result.hash for result in sent.results}
    assert list(tmp_path.iterdir()) == []


def test_the_same_for_asyncio(running: RunningKsef, ania: Person) -> None:
    async def way() -> Sent:
        async with AsyncKsef(running.url, credentials=ania.ksef.credentials) as ksef:
            return await ksef.run(batch.send(documents(ania, 3, "A"), options=Options(part=1_000)))

    assert [result.outcome for result in asyncio.run(way()).results] == ["accepted"] * 3


def test_sent_again_they_are_accepted_earlier(ania: Person) -> None:
    given = documents(ania, 3, "T")
    first = ania.ksef.run(batch.send(given))
    other = Document("other.xml", invoice(ania, "1111111111", "T/2"))
    again = ania.ksef.run(batch.send([given[0], other, Document("bad.xml", b"<no/>"), given[0]]))
    assert again.code == 445
    assert [result.outcome for result in again.results] == [
        "accepted-earlier",
        "conflict",
        "refused",
        "accepted-earlier",
    ]
    assert again.results[0].ksef_number == first.results[0].ksef_number
    assert again.results[0].session == first.session
    assert again.results[0].upo is not None
    assert again.results[2].code == 450
    assert again.upo == ()


def test_a_session_that_fails_counts_as_not_sent(ania: Person) -> None:
    """The key that travels is not the one that encrypted: KSeF opens nothing."""
    given = documents(ania, 2, "F")
    flow = batch.send(given, options=Options(kind="Zip"))
    step = next(flow)
    ksef = ania.ksef

    def drive() -> Sent:
        nonlocal step
        while True:
            if isinstance(step, Upload):
                step.path.write_bytes(bytes(step.path.stat().st_size))  # somebody spoils it on the way
            try:
                answer = ksef._perform(ksef._step(step))
                step = flow.send(answer)
            except StopIteration as end:
                sent: Sent = end.value
                return sent

    sent = drive()
    assert sent.code == 405
    assert {(result.outcome, result.code) for result in sent.results} == {("not-sent", 405)}
    assert "Skrót SHA-256 części" in sent.results[0].words[1]
    assert {result.outcome for result in ksef.run(batch.send(given)).results} == {"accepted"}


def test_a_stranger_learns_nothing(ania: Person, obcy: Person) -> None:
    sent = ania.ksef.run(batch.send(documents(ania, 1, "O")))
    calls: list[Call[Any]] = [sessions.close_batch(sent.session), sessions.status(sent.session)]
    for call in calls:
        with pytest.raises(Refused) as refused:
            obcy.ksef.call(call)
        assert refused.value.reason == "insufficient-resource-access"


def test_the_bearer_never_goes_to_the_storage(running: RunningKsef, ania: Person) -> None:
    seen: list[httpx2.Request] = []
    ania.ksef._http.event_hooks["request"].append(seen.append)
    ania.ksef.run(batch.send(documents(ania, 2, "H"), options=Options(part=1_000)))
    uploads = [request for request in seen if request.method == "PUT"]
    assert uploads
    for request in uploads:
        assert "authorization" not in request.headers
        assert request.headers["x-ms-blob-type"] == "BlockBlob"
        assert "transfer-encoding" not in request.headers


def test_only_a_put_is_carried_out(ania: Person, tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"x")
    for method, url in (("POST", "http://127.0.0.1:1/a"), ("PUT", "http://storage.example/a")):
        with pytest.raises(Unreadable):
            ania.ksef.run(put(Upload(url, method, {}, tmp_path / "part")))
    assert "sig" not in repr(Upload("https://a/b?sig=secret", "PUT", {}, tmp_path))


# Packing


def unsealed(made: batch.Package) -> bytes:
    plain = b""
    for path in made.parts:
        plain += b"".join(aes_decrypt_stream([path.read_bytes()], made.key, made.iv))
    return plain


def test_names_differ_fit_and_say_where_they_came_from(tmp_path: Path) -> None:
    names = ["a/1.xml", "b/1.xml", "x" * 300, "", "bell\a.xml", "/", "1.xml"]
    given = [Document(name, str(number).encode()) for number, name in enumerate(names)]
    made = batch.pack([*given, given[0]], tmp_path, Options(kind="Zip"))
    assert [name for name, _ in made.documents] == [*names, "a/1.xml"]
    found = list(package.read(io.BytesIO(unsealed(made)), "Zip"))
    assert [entry.content for entry in found] == [document.content for document in given]
    assert all(len(entry.name) <= 128 and entry.name.isprintable() for entry in found)
    assert found[0].name == "1.xml"
    assert found[1].name.endswith("1.xml")


def test_never_more_than_fifty_parts(tmp_path: Path) -> None:
    given = [Document(f"{number}.xml", number.to_bytes(3, "big") * 700) for number in range(500)]
    made = batch.pack(given, tmp_path, Options(part=1))
    assert 40 < len(made.parts) <= 50
    assert made.info.file_size == len(unsealed(made))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in made.parts)


def test_too_much_and_nothing_are_refused_before_anything_is_sent(tmp_path: Path) -> None:
    def many() -> Iterator[Document]:
        for number in range(10_001):
            yield Document(f"{number}.xml", str(number).encode())

    with pytest.raises(Unreadable, match="one package"):
        batch.pack(many(), tmp_path)
    with pytest.raises(Unreadable, match="nothing to send"):
        batch.pack([], tmp_path)


def test_packing_holds_one_document_at_a_time(tmp_path: Path) -> None:
    def large() -> Iterator[Document]:
        for number in range(100):
            yield Document(f"{number}.xml", number.to_bytes(4, "big") * 100_000)

    tracemalloc.start()
    try:
        batch.pack(large(), tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
