"""Batch sessions over HTTP: the way, every refusal, every way a package can fail."""

from __future__ import annotations

import asyncio
import io
import re
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import delete, update

from klucznik.clock import ManualClock
from klucznik.crypto.envelope import sha256_base64
from klucznik.documents.package import Kind
from klucznik.documents.upo import read as read_upo
from klucznik.server.tables import batches, invoices, sessions, upos

from .desk import Desk, Person, desk_at, reason, refusal
from .packages import Opened, Package, archive, ended, opened, uploaded


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


def documents(person: Person, count: int, prefix: str = "B") -> dict[str, bytes]:
    return {f"{prefix}{number}.xml": person.invoice(f"{prefix}/{number}") for number in range(1, count + 1)}


def small(person: Person) -> Package:
    return Package(archive(documents(person, 2)))


def status(answer: dict[str, Any]) -> tuple[int, str, list[str] | None]:
    found = answer["status"]
    return found["code"], found["description"], found.get("details")


# The way


@pytest.mark.parametrize("kind", ["Zip", "TarGz"])
def test_a_package_becomes_invoices_with_numbers_and_a_upo(desk: Desk, ania: Person, kind: Kind) -> None:
    sent = documents(ania, 7)
    content = archive(sent, kind)
    session = opened(ania, package := Package(content, kind, cut=len(content) // 4))
    assert re.fullmatch(r"[0-9]{8}-SB-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2}", session.ref)
    first = session.status()
    assert status(first) == (100, "Sesja wsadowa rozpoczęta", None)
    assert "invoiceCount" not in first
    assert session.invoices() == []
    for request in session.requests:
        assert request["method"] == "PUT"
        assert request["headers"] == {"x-ms-blob-type": "BlockBlob"}
        assert f"/storage/09/{session.ref.lower()}/batch-parts/" in request["url"]
    for ordinal, part in enumerate(package.parts(), 1):
        assert session.upload(ordinal, part).status_code == 201
    assert session.close().status_code == 204
    last = session.end()
    assert status(last) == (200, "Sesja wsadowa przetworzona pomyślnie", None)
    assert [last[f"{name}nvoiceCount"] for name in ("i", "successfulI", "failedI")] == [7, 7, 0]
    found = session.invoices()
    assert [one["invoiceFileName"] for one in found] == list(sent)
    assert [one["invoiceHash"] for one in found] == [sha256_base64(content) for content in sent.values()]
    assert [one["ordinalNumber"] for one in found] == list(range(1, 8))
    assert {one["invoicingDate"] for one in found} == {last["dateCreated"]}
    assert {one["invoicingMode"] for one in found} == {"Online"}
    page = httpx2.get(last["upo"]["pages"][0]["downloadUrl"], trust_env=False)
    receipt = read_upo(page.content)
    assert [one.ksef_number for one in receipt.documents] == [one["ksefNumber"] for one in found]
    document = ania.call("GET", f"/invoices/ksef/{ania.stored(found[0]['ksefNumber'])['ksefNumber']}")
    assert document.content == sent["B1.xml"]
    listed = ania.get("/sessions", params={"sessionType": "Batch"})["sessions"]
    assert [(one["referenceNumber"], one["totalInvoiceCount"]) for one in listed] == [(session.ref, 7)]


def test_the_files_are_gone_afterwards(ania: Person, data: Path) -> None:
    session, _ = ended(ania, small(ania))
    assert not (data / "batches" / session.ref).exists()


def test_compression_is_zip_where_nothing_is_said(ania: Person) -> None:
    package = Package(archive(documents(ania, 1)), None)
    body = package.body(ania.desk)
    del body["batchFile"]["compressionType"]
    assert status(ended(ania, package, body=body)[1])[0] == 200


def test_invoices_are_judged_one_by_one(ania: Person) -> None:
    good = ania.invoice("G/1")
    package = Package(
        archive(
            {
                "good.xml": good,
                "again/good.xml": good,
                "other.xml": ania.invoice("G/2", seller="5265877635"),
                "no.xml": b"<no/>",
                "inner.zip": archive({"hidden.xml": ania.invoice("G/3")}),
                "empty.xml": b"",
                "bom.xml": b"\xef\xbb\xbf" + ania.invoice("G/4"),
                "large.xml": b" " * 1_000_001,
                "../../etc/passwd": ania.invoice("G/5"),
                "x" * 300: ania.invoice("G/6"),
            }
        )
    )
    session, last = ended(ania, package)
    found = session.invoices()
    codes = [one["status"]["code"] for one in found]
    assert codes == [200, 440, 410, 450, 450, 450, 430, 430, 200, 200]
    assert [last[name] for name in ("invoiceCount", "successfulInvoiceCount", "failedInvoiceCount")] == [
        10,
        3,
        7,
    ]
    assert found[1]["status"]["extensions"]["originalSessionReferenceNumber"] == session.ref
    assert found[8]["invoiceFileName"] == "../../etc/passwd"
    assert found[9]["invoiceFileName"] == "x" * 128
    failed = ania.get(f"/sessions/{session.ref}/invoices/failed")["invoices"]
    assert [one["ordinalNumber"] for one in failed] == [2, 3, 4, 5, 6, 7, 8]


def test_a_package_without_a_good_invoice_ends_in_445(ania: Person) -> None:
    session, last = ended(ania, Package(archive({"a.xml": b"<a/>", "b.xml": b"<b/>"})))
    assert status(last) == (445, "Błąd weryfikacji, brak poprawnych faktur", None)
    assert [last[f"{name}nvoiceCount"] for name in ("i", "successfulI", "failedI")] == [2, 0, 2]
    assert len(session.invoices()) == 2
    assert "upo" not in last


def test_offline_holds_for_every_invoice(ania: Person) -> None:
    package = small(ania)
    session, _ = ended(ania, package, body={**package.body(ania.desk), "offlineMode": True})
    assert {one["invoicingMode"] for one in session.invoices()} == {"Offline"}


def test_checksums_are_looked_at_when_asked_for(ania: Person) -> None:
    def package(prefix: str) -> Package:
        return Package(archive({"a.xml": ania.invoice(f"{prefix}/1", buyer="1111111112")}))

    assert status(ended(ania, package("C"))[1])[0] == 200
    asked = {"X_KSeF_Feature": "subject-identifier-validation"}
    session, last = ended(ania, package("D"), **asked)
    assert status(last)[0] == 445
    assert session.invoices()[0]["status"]["code"] == 450


def test_attachments_travel_in_packages_with_the_sellers_consent(ania: Person) -> None:
    def package(prefix: str) -> Package:
        return Package(archive({"a.xml": with_attachment(ania.invoice(f"{prefix}/1"))}))

    session, last = ended(ania, package("E"))
    assert status(last)[0] == 445
    (refused,) = session.invoices()
    assert refused["status"]["code"] == 410
    assert refused["status"]["details"] == [
        f"Sprzedawca {ania.nip} nie posiada zgody do wysyłania faktur z załącznikami"
    ]
    assert ania.call("POST", "/testdata/attachment", {"nip": ania.nip}).status_code == 200
    assert status(ended(ania, package("E"))[1])[0] == 200
    online = ania.open()
    assert ania.settled(online, with_attachment(ania.invoice("E/2")))["status"]["code"] == 415


def with_attachment(document: bytes) -> bytes:
    text = (
        b"<Zalacznik><BlokDanych><MetaDane><ZKlucz>k</ZKlucz><ZWartosc>w</ZWartosc></MetaDane>"
        b"</BlokDanych></Zalacznik></Faktura>"
    )
    assert document.count(b"</Faktura>") == 1
    return document.replace(b"</Faktura>", text)


# Who


def test_who_may_open_close_and_look(desk: Desk, ania: Person) -> None:
    biuro = desk.worker(ania, "InvoiceWrite")
    other = desk.worker(ania, "InvoiceWrite")
    reader = desk.worker(ania, "InvoiceRead")
    obcy = desk.firm()
    package = small(ania)
    assert reason(reader.call("POST", "/sessions/batch", package.body(desk))) == "missing-permissions"
    session = uploaded(biuro, package)
    path = f"/sessions/batch/{session.ref}/close"
    assert reason(reader.call("POST", path)) == "missing-permissions"
    assert reason(other.call("POST", path)) == "insufficient-resource-access"
    for call in (
        ("POST", path),
        ("GET", f"/sessions/{session.ref}"),
        ("GET", f"/sessions/{session.ref}/invoices"),
    ):
        assert reason(obcy.call(*call)) == "insufficient-resource-access"
    assert ania.call("POST", path).status_code == 204
    assert status(session.end())[0] == 200
    assert {one["status"]["code"] for one in session.invoices()} == {200}


def test_online_and_batch_do_not_mix(ania: Person) -> None:
    session = opened(ania, small(ania))
    assert refusal(ania.call("POST", f"/sessions/online/{session.ref}/close")).code == 21173
    online = ania.open()
    found = refusal(ania.call("POST", f"/sessions/batch/{online.ref}/close"))
    assert (found.code, found.details) == (
        21173,
        [f"Sesja o numerze referencyjnym {online.ref} nie została znaleziona."],
    )


# Opening


@pytest.mark.parametrize("envelope", ["", "problem-details"])
def test_what_an_opening_refuses(desk: Desk, ania: Person, envelope: str) -> None:
    ania.headers = {"X-Error-Format": envelope}
    package = small(ania)
    part = package.body(desk)["batchFile"]["fileParts"][0]

    def refused(form: str = "FA (3)", **changes: Any) -> tuple[int, list[str]]:
        found = refusal(ania.call("POST", "/sessions/batch", package.body(desk, form, **changes)))
        return found.code, found.details

    def parts(*ordinals: int, size: int = 16) -> list[dict[str, Any]]:
        return [{**part, "ordinalNumber": ordinal, "fileSize": size} for ordinal in ordinals]

    assert refused(fileParts=parts(*range(1, 52))) == (
        21161,
        ["Liczba części pliku musi być mniejsza lub równa niż 50."],
    )
    assert refused(fileParts=parts(1, 2, size=100_000_017)) == (
        21157,
        [f"Rozmiar części {ordinal} przekroczył dozwolony rozmiar 100MB." for ordinal in (1, 2)],
    )
    assert refused(fileSize=5_000_000_001) == (
        21405,
        ["'fileSize' must be less than or equal to '5000000000'."],
    )
    for ordinals in ((1, 3), (2,), (1, 1), (1, 2, 2)):
        assert refused(fileParts=parts(*ordinals))[0] == 21405
    assert refused(fileParts=[])[0] == 21405
    assert refused(fileParts=parts(0))[0] == 21405
    assert refused(fileSize=0)[0] == 21405
    assert refused(fileHash="short")[0] == 21405
    assert refused(compressionType="Rar")[0] == 21001
    assert refused("PEF (3)") == (21405, ["Wskazany kod formularza nie jest wspierany."])
    package.iv = bytes(24)
    body = Package(b"x").body(desk) | {}
    body["encryption"]["initializationVector"] = "A" * 32
    found = refusal(ania.call("POST", "/sessions/batch", body))
    assert found.details == [
        "Nieprawidłowa długość wektora inicjującego (IV). Oczekiwano 16 bajtów, otrzymano 24."
    ]
    body = small(ania).body(desk)
    body["encryption"]["publicKeyId"] = sha256_base64(b"nobody's")
    assert refusal(ania.call("POST", "/sessions/batch", body)).code == 21470


def test_fifty_parts_in_any_order_are_taken(desk: Desk, ania: Person) -> None:
    content = archive(documents(ania, 3))
    package = Package(content, cut=-(-len(content) // 50))
    count = len(package.parts())
    assert 40 < count <= 50
    body = package.body(desk)
    body["batchFile"]["fileParts"].reverse()
    assert status(ended(ania, package, body=body)[1])[0] == 200


# Uploading


def test_an_address_is_good_for_its_part_and_method_alone(ania: Person) -> None:
    content = archive(documents(ania, 1))
    package = Package(content, cut=len(content) // 2 + 1)
    session = opened(ania, package)
    first, second = (request["url"] for request in session.requests)
    one, two = package.parts()
    for url in (
        first.replace("/1.zip", "/2.zip"),
        first.replace("/1.zip", "/01.zip"),
        first.partition("?")[0],
        first + "0",
        first.replace("sig=", "sig=0"),
        re.sub(r"se=\d+", "se=99999999999999999", first),
        first.partition("?")[0] + "?" + second.partition("?")[2],
    ):
        assert session.upload(1, one, url=url).status_code == 403, url
    for method in ("GET", "POST", "DELETE", "HEAD"):
        assert session.upload(1, one, method=method).status_code == 403
    assert session.upload(1, one, headers={}).status_code == 400
    assert session.upload(1, one, headers={"x-ms-blob-type": "PageBlob"}).status_code == 400
    bearer = {"x-ms-blob-type": "BlockBlob", "Authorization": f"Bearer {ania.bearer}"}
    assert session.upload(1, one, headers=bearer).status_code == 401
    typed = {"X-MS-Blob-Type": "BlockBlob", "Content-Type": "application/octet-stream"}
    assert session.upload(1, one, headers=typed).status_code == 201
    assert session.upload(2, two).status_code == 201
    assert session.close().status_code == 204
    assert status(session.end())[0] == 200


def test_a_part_sent_again_replaces_the_first(ania: Person, data: Path) -> None:
    package = small(ania)
    session = opened(ania, package)
    (part,) = package.parts()
    assert session.upload(1, b"not yet").status_code == 201
    assert session.upload(1, part).status_code == 201
    assert session.upload(1, part).status_code == 201
    assert len(list((data / "batches" / session.ref).iterdir())) == 1
    assert session.close().status_code == 204
    assert session.upload(1, part).status_code == 403
    assert status(session.end())[0] == 200
    assert session.upload(1, part).status_code == 403


def test_an_oversized_upload_is_read_and_not_kept(ania: Person, data: Path) -> None:
    session = opened(ania, small(ania))
    chunk = bytes(1_000_000)
    url = session.requests[0]["url"]
    response = ania.desk.http.put(
        url, content=(chunk for _ in range(121)), headers=session.requests[0]["headers"]
    )
    assert response.status_code == 400
    assert list((data / "batches" / session.ref).iterdir()) == []


def test_a_foreign_host_gets_no_address(ania: Person) -> None:
    response = ania.call(
        "POST", "/sessions/batch", small(ania).body(ania.desk), headers={"Host": "evil.example"}
    )
    assert response.status_code == 400


# Closing


def test_what_a_close_refuses(ania: Person) -> None:
    content = archive(documents(ania, 2))
    package = Package(content, cut=len(content) // 3 + 1)
    session = opened(ania, package)
    one, two, three = package.parts()
    assert session.upload(2, two).status_code == 201
    found = refusal(session.close())
    assert (found.code, found.description, found.details) == (
        21205,
        "Pakiet nie może być pusty.",
        [f"Nie przesłano zadeklarowanej '{ordinal}' części pliku." for ordinal in (1, 3)],
    )
    session.upload(1, one)
    session.upload(3, three + b"x")
    found = refusal(session.close())
    assert (found.code, found.details) == (
        21157,
        ["Zadeklarowany rozmiar części '3' nie zgadza się z rzeczywistym."],
    )
    session.upload(3, three)
    assert session.close().status_code == 204
    again = refusal(session.close())
    assert again.code == 21180
    session.end()
    found = refusal(session.close())
    assert (found.code, found.details) == (21180, ["Status sesji 200 uniemożliwia jej zamknięcie."])
    unknown = session.ref[:-2] + "00"
    assert refusal(ania.call("POST", f"/sessions/batch/{unknown}/close")).code == 21173
    assert refusal(ania.call("POST", "/sessions/batch/short/close")).code == 21405


def test_closed_many_times_at_once_is_closed_once(desk: Desk, ania: Person) -> None:
    session = uploaded(ania, small(ania))

    async def together() -> list[int]:
        async with httpx2.AsyncClient(base_url=desk.running.url, trust_env=False) as http:
            bearer = {"Authorization": f"Bearer {ania.bearer}"}
            calls = [http.post(f"/sessions/batch/{session.ref}/close", headers=bearer) for _ in range(8)]
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert sorted(asyncio.run(together())) == [204] + [400] * 7
    assert session.end()["invoiceCount"] == 2


# How a package fails


def failed(person: Person, package: Package, **opening: Any) -> tuple[int, str, list[str] | None]:
    """The end of a session that fails as a whole: no invoice, no counter, no UPO."""
    session, last = ended(person, package, **opening)
    assert not {"invoiceCount", "successfulInvoiceCount", "failedInvoiceCount", "upo"} & set(last)
    assert session.invoices() == []
    return status(last)


def test_a_key_that_does_not_open_is_415(desk: Desk, ania: Person) -> None:
    package = small(ania)
    assert failed(ania, package, body=package.body(desk, key=b"short")) == (
        415,
        "Błąd odszyfrowania dostarczonego klucza",
        ["Rozszyfrowania klucza symetrycznego zakończone błędem"],
    )


def test_a_part_with_another_hash_is_405(desk: Desk, ania: Person) -> None:
    package = small(ania)
    body = package.body(desk)
    body["batchFile"]["fileParts"][0]["fileHash"] = wrong = sha256_base64(b"other")
    assert failed(ania, package, body=body) == (
        405,
        "Błąd weryfikacji poprawności dostarczonych elementów paczki",
        [f"Skrót SHA-256 części: '1' nie zgadza się z zadeklarowanym skrótem: {wrong}"],
    )


def test_a_wrong_key_is_435_and_a_wrong_iv_430(desk: Desk, ania: Person) -> None:
    package = small(ania)
    assert failed(ania, package, body=package.body(desk, key=bytes(32)))[:2] in (
        (435, "Błąd odszyfrowania zaszyfrowanych części archiwum"),
        (430, "Błąd dekompresji pierwotnego archiwum"),  # the padding fits by chance once in 256 times
    )
    body = package.body(desk)
    body["encryption"]["initializationVector"] = "A" * 22 + "=="
    assert failed(ania, package, body=body) == (
        430,
        "Błąd dekompresji pierwotnego archiwum",
        [
            "Skrót SHA-256 przesłanej paczki faktur nie jest zgodny z zadeklarowanym skrótem: "
            f"{sha256_base64(package.archive)}"
        ],
    )


def test_what_is_no_cipher_text_is_435(desk: Desk, ania: Person) -> None:
    class Torn(Package):
        def parts(self) -> list[bytes]:
            return [super().parts()[0][:-5]]

    assert failed(ania, Torn(archive(documents(ania, 1))))[0] == 435


def test_a_size_that_is_not_the_archives_is_430(desk: Desk, ania: Person) -> None:
    package = small(ania)
    body = package.body(desk, fileSize=len(package.archive) + 1)
    assert failed(ania, package, body=body)[0] == 430


def duplicate_names(person: Person) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as theirs:
        theirs.writestr("a.xml", person.invoice("X/1"))
        theirs.writestr("b.xml", person.invoice("X/2"))
    return file.getvalue().replace(b"b.xml", b"a.xml")


def test_hostile_archives_are_430_and_leave_nothing(ania: Person) -> None:
    good = archive(documents(ania, 2))
    tar = archive(documents(ania, 2), "TarGz")
    broken: tuple[tuple[bytes, Kind], ...] = (
        (b"<a/>", "Zip"),
        (b"<a/>", "TarGz"),
        (good, "TarGz"),
        (tar, "Zip"),
        (good + b"x", "Zip"),
        (good[:-30], "Zip"),
        (tar[:-30], "TarGz"),
        (tar + tar, "TarGz"),
        (duplicate_names(ania), "Zip"),
        (archive({"bomb.xml": bytes(200_000_000)}), "Zip"),
        (archive({"bomb.xml": bytes(200_000_000)}, "TarGz"), "TarGz"),
    )
    for content, kind in broken:
        code, words, _ = failed(ania, Package(content, kind))
        assert (code, words) == (430, "Błąd dekompresji pierwotnego archiwum")
    # Nothing of them was accepted: the very same invoices still are.
    assert status(ended(ania, Package(good))[1])[0] == 200


@pytest.mark.parametrize("kind", ["Zip", "TarGz"])
def test_an_empty_archive_is_440(ania: Person, kind: Kind) -> None:
    assert failed(ania, Package(archive({}, kind), kind)) == (
        440,
        "Sesja anulowana",
        ["Nie przesłano faktur"],
    )


def test_more_than_10_000_documents_are_420(ania: Person) -> None:
    many = archive({f"{number}.xml": b"<a/>" for number in range(10_001)})
    assert failed(ania, Package(many)) == (
        420,
        "Przekroczony limit faktur w sesji",
        ["Przekroczono dopuszczalną liczbę faktur w paczce: '10000'. Liczba faktur w paczce: '10001'."],
    )


# Time


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 22, 59, 59, tzinfo=UTC))


@pytest.fixture(scope="module")
def timed(clock: ManualClock) -> Iterator[Desk]:
    with desk_at(clock=clock) as found:
        yield found


def test_a_session_opened_before_midnight_is_dated_then(timed: Desk, clock: ManualClock) -> None:
    ania = timed.firm()
    package = small(ania)
    session = opened(ania, package)
    clock.advance(minutes=10)
    package_parts = package.parts()
    assert session.upload(1, package_parts[0]).status_code == 201
    assert session.close().status_code == 204
    session.end()
    assert {one["invoicingMode"] for one in session.invoices()} == {"Online"}


def test_an_address_runs_out_and_a_session_too(timed: Desk, clock: ManualClock) -> None:
    ania = timed.firm()
    content = archive(documents(ania, 2))
    package = Package(content, cut=len(content) // 2 + 1)
    session = opened(ania, package)
    one, two = package.parts()
    clock.advance(minutes=39)
    assert session.upload(1, one).status_code == 201
    clock.advance(minutes=2)
    assert session.upload(2, two).status_code == 403
    ania = timed.sit(ania.context, ania.subject, ["InvoiceWrite"], owner=True)
    later = Opened(ania, session.ref, session.requests)
    assert refusal(later.close()).code == 21205
    clock.advance(hours=12)
    ania = timed.sit(ania.context, ania.subject, ["InvoiceWrite"], owner=True)
    late = Opened(ania, session.ref, session.requests)
    found = refusal(late.close())
    assert (found.code, found.details) == (21208, ["Sesja anulowana, przekroczony czas wysyłki."])
    assert status(late.end()) == (440, "Sesja anulowana", ["Przekroczono czas wysyłki"])
    assert refusal(late.close()).code == 21208
    assert not timed.ksef.batches.of(session.ref).exists()


# Much


@pytest.mark.slow
def test_a_thousand_invoices_with_flat_memory(desk: Desk) -> None:
    ania = desk.firm()
    sent = documents(ania, 1000, "M")
    package = Package(archive(sent, "TarGz"), "TarGz")
    session = uploaded(ania, package)
    tracemalloc.start()
    try:
        assert session.close().status_code == 204
        last = session.end()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [last[f"{name}nvoiceCount"] for name in ("i", "successfulI", "failedI")] == [1000, 1000, 0]
    assert peak < 12_000_000
    found = session.invoices()
    assert [one["invoiceFileName"] for one in found] == list(sent)


def test_a_package_left_by_a_crash_is_finished_after_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some invoices are rows already, the rest is not: each is one row in the end."""
    with desk_at(tmp_path) as first:
        ania = first.firm()
        package = Package(archive(documents(ania, 120)))
        session = uploaded(ania, package)

        # The files survive, as they do in a crash.
        monkeypatch.setattr(first.ksef.batches, "drop", lambda ref: None)
        assert session.close().status_code == 204
        session.end()

        def undo(db: Any) -> None:
            db.execute(delete(upos).where(upos.c.session_ref == session.ref))
            db.execute(delete(invoices).where(invoices.c.session_ref == session.ref, invoices.c.ordinal > 70))
            db.execute(
                update(sessions).where(sessions.c.ref == session.ref).values(status=150, sent=70, accepted=70)
            )
            db.execute(update(batches).where(batches.c.ref == session.ref).values(unpacked=False))

        first.write(undo)
    with desk_at(tmp_path) as second:
        ania = second.sit(ania.context, ania.subject, ["InvoiceWrite"], owner=True)
        again = Opened(ania, session.ref, session.requests)
        last = again.end()
        assert [last[f"{name}nvoiceCount"] for name in ("i", "successfulI", "failedI")] == [120, 120, 0]
        assert [one["ordinalNumber"] for one in again.invoices()] == list(range(1, 121))
        assert not second.ksef.batches.of(session.ref).exists()
