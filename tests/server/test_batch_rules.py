"""Batch sessions over HTTP, what is around the package: who, when, how much, and what a colleague gets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from klucznik.crypto.envelope import sha256_base64
from klucznik.documents import samples
from klucznik.documents.samples import Options

from .desk import Desk, Person, desk_at, new_nip, reason, refusal, until
from .packages import Opened, Package, archive, closed, ended, opened, uploaded


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ksef")


@pytest.fixture(scope="module")
def desk(data: Path) -> Iterator[Desk]:
    with desk_at(data) as found:
        yield found


@pytest.fixture
def ania(desk: Desk) -> Person:
    return desk.firm()


def small(person: Person, count: int = 2, prefix: str = "A") -> Package:
    return Package(
        archive({f"{number}.xml": person.invoice(f"{prefix}/{number}") for number in range(1, count + 1)})
    )


# Who


def test_who_opens_a_batch(desk: Desk, ania: Person) -> None:
    """InvoiceWrite or EnforcementOperations; PefInvoiceWrite opens online sessions alone."""
    for permission in ("PefInvoiceWrite", "InvoiceRead", "Introspection", "CredentialsManage"):
        worker = desk.worker(ania, permission)
        response = worker.call("POST", "/sessions/batch", small(ania).body(desk))
        assert reason(response) == "missing-permissions", permission
        assert set(response.json()["security"]["requiredAnyOfPermissions"]) == {
            "InvoiceWrite",
            "EnforcementOperations",
        }
    for permission in ("InvoiceWrite", "EnforcementOperations"):
        opened(desk.worker(ania, permission), small(ania))


def test_who_closes_and_reads_a_batch(desk: Desk, ania: Person) -> None:
    biuro = desk.worker(ania, "InvoiceWrite")
    session = uploaded(biuro, small(ania, prefix="C"))
    path = f"/sessions/batch/{session.ref}/close"
    colleague, reader, obcy = (
        desk.worker(ania, "InvoiceWrite"),
        desk.worker(ania, "InvoiceWrite", "Introspection"),
        desk.firm(),
    )
    for person in (colleague, reader, obcy):
        assert reason(person.call("POST", path)) == "insufficient-resource-access"
    for person in (colleague, obcy):
        for rest in ("", "/invoices", "/invoices/failed"):
            found = person.call("GET", f"/sessions/{session.ref}{rest}")
            assert reason(found) == "insufficient-resource-access"
    assert ania.call("POST", path).status_code == 204  # the owner of the context
    last = Opened(biuro, session.ref, session.requests).end()
    assert last["status"]["code"] == 200
    assert reader.get(f"/sessions/{session.ref}")["status"] == last["status"]


def test_the_two_kinds_of_sessions_do_not_mix(desk: Desk, ania: Person) -> None:
    batch, online = opened(ania, small(ania)), ania.open()
    words = "Brak sesji o wskazanym numerze referencyjnym."
    found = refusal(ania.call("POST", f"/sessions/batch/{online.ref}/close"))
    text = f"Sesja o numerze referencyjnym {online.ref} nie została znaleziona."
    assert (found.code, found.description, found.details) == (21173, words, [text])
    text = f"Sesja o numerze referencyjnym {batch.ref} nie została odnaleziona."
    online.ref = batch.ref
    for response in (ania.close(online), ania.post(online, ania.invoice("M/1"))):
        found = refusal(response)
        assert (found.code, found.description, found.details) == (21173, words, [text])


# When the house is not in order


def test_a_part_that_has_vanished_from_the_disk_is_500(desk: Desk, ania: Person, data: Path) -> None:
    session = uploaded(ania, small(ania, prefix="V"))
    (file,) = (data / "batches" / session.ref).iterdir()
    file.unlink()
    assert session.close().status_code == 204
    assert session.end()["status"] == {"code": 500, "description": "Nieznany błąd (500)"}
    why = until(partial(desk.running.why, session.ref), bool)[-1]["why"]
    assert "no longer in the data folder" in why["en"]
    assert "w katalogu danych" in why["pl"]


def test_a_full_disk_ends_one_session_and_no_other(
    desk: Desk, ania: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def full(self: Path, mode: str = "r", *rest: Any) -> Any:
        if self.name.startswith("archive-") and mode == "wb":
            raise OSError(28, "No space left on device")
        return real(self, mode, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        assert ended(ania, small(ania, prefix="N"))[1]["status"]["code"] == 500
    assert ended(ania, small(ania, prefix="N"))[1]["status"]["code"] == 200


def test_a_start_clears_away_what_nobody_needs(tmp_path: Path) -> None:
    with desk_at(tmp_path) as first:
        ania = first.firm()
        waiting = uploaded(ania, small(ania, prefix="S"))
        over, _ = ended(ania, small(ania, prefix="T"))
    folder = tmp_path / "batches"
    for name in (over.ref, "nobody-s"):
        (folder / name).mkdir()
        (folder / name / "left").write_bytes(b"by a crash")
    with desk_at(tmp_path):
        until(lambda: [entry.name for entry in folder.iterdir()], lambda found: found == [waiting.ref])


# What is in it


def test_a_batch_without_one_good_invoice_is_445(desk: Desk, ania: Person) -> None:
    session, last = ended(ania, Package(archive({"1.xml": b"<no/>", "2.xml": b"no"})))
    assert last["status"] == {"code": 445, "description": "Błąd weryfikacji, brak poprawnych faktur"}
    assert [last[f"{name}nvoiceCount"] for name in ("i", "successfulI", "failedI")] == [2, 0, 2]
    assert "upo" not in last
    for listed in ("", "/failed"):
        path = f"/sessions/{session.ref}/invoices{listed}"
        found = ania.get(path)["invoices"]
        assert [one["status"]["code"] for one in found] == [450, 450]
        assert not {"ksefNumber", "acquisitionDate", "invoicingMode", "upoDownloadUrl"} & set(found[0])
    (item,) = ania.get("/sessions", params={"sessionType": "Batch", "statuses": "Failed"})["sessions"]
    counts = [item[f"{name}InvoiceCount"] for name in ("total", "successful", "failed")]
    assert (item["referenceNumber"], counts) == (session.ref, [2, 0, 2])


def test_a_session_that_failed_counts_zeros_in_the_list(desk: Desk, ania: Person) -> None:
    session, last = ended(ania, Package(b"no archive"))
    assert last["status"]["code"] == 430
    (item,) = ania.get("/sessions", params={"sessionType": "Batch"})["sessions"]
    counts = [item[f"{name}InvoiceCount"] for name in ("total", "successful", "failed")]
    assert (item["referenceNumber"], counts) == (session.ref, [0, 0, 0])


def test_the_limit_of_a_context_counts(desk: Desk, ania: Person) -> None:
    sizes = {"maxInvoiceSizeInMB": 1, "maxInvoiceWithAttachmentSizeInMB": 3, "maxInvoices": 2}
    limits = {"onlineSession": sizes, "batchSession": sizes, "collectiveIdentifier": {"maxInvoices": 500}}
    assert ania.call("POST", "/testdata/limits/context/session", limits).status_code == 200
    assert ended(ania, small(ania, 2, "L"))[1]["status"]["code"] == 200
    _, last = ended(ania, small(ania, 3, "M"))
    assert last["status"] == {
        "code": 420,
        "description": "Przekroczony limit faktur w sesji",
        "details": ["Przekroczono dopuszczalną liczbę faktur w paczce: '2'. Liczba faktur w paczce: '3'."],
    }


def test_offline_holds_for_every_invoice(desk: Desk, ania: Person) -> None:
    package = small(ania, prefix="O")
    body = {**package.body(desk), "offlineMode": True}
    session, last = ended(ania, package, body=body)
    assert last["status"]["code"] == 200
    assert {one["invoicingMode"] for one in session.invoices()} == {"Offline"}


def test_attachments_travel_in_batches_by_the_sellers_consent(desk: Desk, ania: Person) -> None:
    def outcome(number: str) -> dict[str, Any]:
        document = ania.invoice(number, options=Options(attachment=True))
        session, _ = ended(ania, Package(archive({"a.xml": document})))
        (one,) = session.invoices()
        found: dict[str, Any] = one["status"]
        return found

    assert outcome("Z/1") == {
        "code": 410,
        "description": "Nieprawidłowy zakres uprawnień",
        "details": [f"Sprzedawca {ania.nip} nie posiada zgody do wysyłania faktur z załącznikami"],
    }
    assert ania.call("POST", "/testdata/attachment", {"nip": ania.nip}).status_code == 200
    assert outcome("Z/1") == {"code": 200, "description": "Sukces"}


def test_checksums_where_they_are_asked_for(desk: Desk, ania: Person) -> None:
    wrong = "1234567890"  # 1234567890 has another check digit
    package = Package(archive({"a.xml": ania.invoice("K/1", buyer=wrong)}))
    asked = {"X-KSeF-Feature": "subject-identifier-validation"}
    assert ended(ania, package, **asked)[1]["status"]["code"] == 445
    assert ended(ania, package)[1]["status"]["code"] == 200


@pytest.mark.parametrize("form", ["FA (2)", "FA_RR (1)"])
def test_other_forms_travel_too(desk: Desk, form: str) -> None:
    ania, farmer = desk.firm(), new_nip()
    now, day = desk.ksef.clock.now(), desk.today()
    if form == "FA (2)":
        document = samples.fa2_invoice(ania.nip, new_nip(), "F/1", day, now)
    else:
        desk.grant(farmer, ("Nip", ania.nip), "RRInvoicing")
        document = samples.rr_invoice(farmer, ania.nip, "F/1", day, now)
    package = Package(archive({"a.xml": document}))
    session, last = ended(ania, package, body=package.body(desk, form))
    assert last["status"]["code"] == 200, session.invoices()


def test_a_duplicate_of_an_online_invoice_names_it(desk: Desk, ania: Person) -> None:
    online = ania.open()
    document = ania.invoice("D/1")
    first = ania.settled(online, document)
    session, last = ended(ania, Package(archive({"a.xml": document, "b.xml": ania.invoice("D/2")})))
    again, other = session.invoices()
    assert (again["status"]["code"], other["status"]["code"]) == (440, 200)
    assert again["status"]["extensions"] == {
        "originalSessionReferenceNumber": online.ref,
        "originalKsefNumber": first["ksefNumber"],
    }
    assert again["invoiceNumber"] == "D/1"
    assert last["successfulInvoiceCount"] == 1


# How parts come in


def raw(url: str, head: str, *body: bytes, listens: bool = True) -> bytes:
    """Speak HTTP by hand; what came back until the connection was closed, by the server or by us."""
    place = urlsplit(url)
    assert place.port
    target = f"{place.path}?{place.query}"
    with socket.create_connection(("127.0.0.1", place.port), timeout=30) as connection:
        connection.sendall(f"PUT {target} HTTP/1.1\r\nHost: {place.netloc}\r\n{head}\r\n\r\n".encode())
        for piece in body:
            connection.sendall(piece)
        found = b""
        while listens and (piece := connection.recv(65536)):
            found += piece
    return found


BLOB = "x-ms-blob-type: BlockBlob\r\nConnection: close"


def test_a_part_may_come_in_chunks_of_unknown_number(desk: Desk, ania: Person) -> None:
    package = small(ania, prefix="P")
    session = opened(ania, package)
    (part,) = package.parts()
    url = session.requests[0]["url"]
    chunks = [
        b"%x\r\n%b\r\n" % (len(part[at : at + 500]), part[at : at + 500]) for at in range(0, len(part), 500)
    ]
    answer = raw(url, f"{BLOB}\r\nTransfer-Encoding: chunked", *chunks, b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 201 "), answer
    assert session.close().status_code == 204
    assert session.end()["status"]["code"] == 200


def test_two_lengths_are_refused(ania: Person) -> None:
    url = opened(ania, small(ania)).requests[0]["url"]
    answer = raw(url, f"{BLOB}\r\nContent-Length: 3\r\nTransfer-Encoding: chunked", b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 "), answer


def test_without_a_length_a_part_is_empty(ania: Person) -> None:
    """HTTP has it so; the close finds it out."""
    session = opened(ania, small(ania))
    assert raw(session.requests[0]["url"], BLOB).startswith(b"HTTP/1.1 201 ")
    found = refusal(session.close())
    assert (found.code, found.details) == (
        21157,
        ["Zadeklarowany rozmiar części '1' nie zgadza się z rzeczywistym."],
    )


def test_an_upload_cut_off_leaves_nothing(desk: Desk, ania: Person, data: Path) -> None:
    package = small(ania, prefix="Q")
    session = opened(ania, package)
    (part,) = package.parts()
    raw(session.requests[0]["url"], f"{BLOB}\r\nContent-Length: {len(part)}", part[:-100], listens=False)
    folder = data / "batches" / session.ref
    until(lambda: folder.is_dir() and not any(folder.iterdir()), bool)
    assert refusal(session.close()).code == 21205
    assert session.upload(1, part).status_code == 201
    assert session.close().status_code == 204
    assert session.end()["status"]["code"] == 200


def test_nobody_sends_without_end(ania: Person, data: Path) -> None:
    """Beyond the largest part it is read on for a while, then the connection ends."""
    session = opened(ania, small(ania))
    piece = b"%x\r\n%b\r\n" % (1_000_000, bytes(1_000_000))
    found = b""
    # Whether the answer is heard is up to the network: who goes on sending may see a reset.
    with suppress(ConnectionError):
        endless = repeat(piece, 2_000)
        found = raw(session.requests[0]["url"], f"{BLOB}\r\nTransfer-Encoding: chunked", *endless)
    assert not found or found.startswith(b"HTTP/1.1 400 ")
    assert list((data / "batches" / session.ref).iterdir()) == []
    assert refusal(session.close()).code == 21205


def test_one_part_sent_many_times_at_once_is_one_file(desk: Desk, ania: Person, data: Path) -> None:
    package = small(ania, prefix="R")
    session = opened(ania, package)
    request = session.requests[0]
    (part,) = package.parts()

    async def together() -> list[int]:
        async with httpx2.AsyncClient(trust_env=False) as http:
            calls = [http.put(request["url"], content=part, headers=request["headers"]) for _ in range(12)]
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert asyncio.run(together()) == [201] * 12
    (file,) = (data / "batches" / session.ref).iterdir()
    assert sha256_base64(file.read_bytes()) == sha256_base64(part)
    assert session.close().status_code == 204
    assert session.end()["status"]["code"] == 200


# Why


def test_every_failure_says_why_in_both_languages(desk: Desk, ania: Person) -> None:
    good = small(ania, prefix="W")
    torn = Package(good.archive[:-5])
    wrong_hash, wrong_part, bad_key = good.body(desk), good.body(desk), good.body(desk, key=b"short")
    wrong_hash["batchFile"]["fileHash"] = sha256_base64(b"other")
    wrong_part["batchFile"]["fileParts"][0]["fileHash"] = sha256_base64(b"other")
    for package, body, code in (
        (torn, None, 430),
        (good, wrong_hash, 430),
        (good, good.body(desk, fileSize=len(good.archive) - 1), 430),
        (good, wrong_part, 405),
        (good, bad_key, 415),
        (Package(archive({})), None, 440),
        (Package(archive({"a.xml": b"<no/>"})), None, 445),
    ):
        session = closed(ania, package, body=body)
        assert session.end()["status"]["code"] == code
        causes = until(partial(desk.running.why, session.ref), bool)
        assert causes[-1]["status"] == code
        why = causes[-1]["why"]
        assert why["en"]
        assert why["pl"] != why["en"], why
