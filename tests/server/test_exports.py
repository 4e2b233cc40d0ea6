"""Exports: packages of invoices, encrypted for whoever asked. Rules: query-export.md sections 2 to 4."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from klucznik.clock import ManualClock
from klucznik.crypto.envelope import aes_decrypt, sha256_base64, wrap
from klucznik.documents.samples import Options, Third
from klucznik.server.tables import exports
from klucznik.server.work import STEPS

from .desk import Desk, Person, desk_at, new_nip, reason, refusal, until

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def shared() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture
def desk(shared: Desk) -> Iterator[Desk]:
    """A desk whose caps a test may lower."""
    caps = shared.ksef.caps
    yield shared
    shared.ksef.caps = caps


@pytest.fixture
def ania(desk: Desk) -> Person:
    return desk.firm()


KEY, IV = os.urandom(32), os.urandom(16)


def body(desk: Desk, role: str = "Subject1", kind: str = "Invoicing", **changes: Any) -> dict[str, Any]:
    since = (desk.ksef.clock.now() - timedelta(days=50)).isoformat()
    span = {"dateType": kind, "from": since, **changes.pop("span", {})}
    return {
        "encryption": {
            "encryptedSymmetricKey": b64encode(wrap(KEY, desk.public_key())).decode(),
            "initializationVector": b64encode(IV).decode(),
        },
        "filters": {"subjectType": role, "dateRange": span, **changes.pop("filters", {})},
        **changes,
    }


def start(person: Person, **parts: Any) -> str:
    response = person.call("POST", "/invoices/exports", body(person.desk, **parts))
    assert response.status_code == 201, response.text
    ref: str = response.json()["referenceNumber"]
    assert ref[8:12] == "-EH-"
    return ref


def finished(person: Person, ref: str) -> dict[str, Any]:
    return until(lambda: person.get(f"/invoices/exports/{ref}"), lambda found: found["status"]["code"] != 100)


def export(person: Person, **parts: Any) -> dict[str, Any]:
    return finished(person, start(person, **parts))


def archive(package: dict[str, Any]) -> bytes:
    """Every part fetched without a bearer, checked, opened; then joined."""
    whole = b""
    for ordinal, part in enumerate(package["parts"], 1):
        assert part["ordinalNumber"] == ordinal
        assert part["method"] == "GET"
        response = httpx2.get(part["url"], trust_env=False)
        assert response.status_code == 200
        assert response.headers["x-ms-meta-hash"] == part["encryptedPartHash"]
        assert sha256_base64(response.content) == part["encryptedPartHash"]
        assert len(response.content) == part["encryptedPartSize"]
        plain = aes_decrypt(response.content, KEY, IV)  # the vector stands in no part
        assert (len(plain), sha256_base64(plain)) == (part["partSize"], part["partHash"])
        whole += plain
    assert len(whole) == package["size"]
    return whole


def unpacked(package: dict[str, Any]) -> dict[str, bytes]:
    """Names and contents, read by the standard library and not by our own reader."""
    file = io.BytesIO(archive(package))
    if package["compressionType"] == "Zip":
        with zipfile.ZipFile(file) as opened:
            return {name: opened.read(name) for name in opened.namelist()}
    with tarfile.open(fileobj=file, mode="r:gz") as opened_tar:
        found = {}
        for member in opened_tar:
            content = opened_tar.extractfile(member)
            assert content is not None
            found[member.name] = content.read()
        return found


def issue(person: Person, *numbers: str, **parts: Any) -> dict[str, bytes]:
    """Stored invoices: document by KSeF number, in the order of the numbers."""
    session = person.open()
    documents = [person.invoice(number, **parts) for number in numbers]
    refs = [person.send(session, document) for document in documents]
    found = [person.outcome(session, ref)["ksefNumber"] for ref in refs]
    for number in found:
        person.stored(number)
    return dict(zip(found, documents, strict=True))


# ---- a package


@pytest.mark.parametrize("kind", ["Zip", "TarGz"])
def test_a_package_holds_the_documents_and_their_metadata(ania: Person, kind: str) -> None:
    sent = issue(ania, "FV/1", "FV/2", "FV/3")
    done = export(ania, compressionType=kind)
    assert done["status"] == {"code": 200, "description": "Eksport faktur zakończony sukcesem"}
    package = done["package"]
    assert (package["invoiceCount"], package["isTruncated"]) == (3, False)
    assert package["compressionType"] == kind
    files = unpacked(package)
    listed = json.loads(files.pop("_metadata.json"))
    assert files == {f"{number}.xml": document for number, document in sent.items()}
    # The same objects as the query gives, ascending.
    assert listed == {"invoices": ania.query()["invoices"]}
    (part,) = package["parts"]
    ending = "zip" if kind == "Zip" else "tar.gz"
    assert part["partName"].endswith(f"-001.{ending}.aes")
    assert not {"lastIssueDate", "lastInvoicingDate", "lastPermanentStorageDate"} & set(package)
    assert "permanentStorageHwmDate" not in package


def test_a_zip_unless_asked_otherwise(ania: Person) -> None:
    assert export(ania)["package"]["compressionType"] == "Zip"
    assert export(ania, compressionType=None)["package"]["compressionType"] == "Zip"


def test_only_metadata(ania: Person) -> None:
    sent = issue(ania, "FV/1", "FV/2")
    package = export(ania, onlyMetadata=True)["package"]
    files = unpacked(package)
    assert list(files) == ["_metadata.json"]
    assert [item["ksefNumber"] for item in json.loads(files["_metadata.json"])["invoices"]] == list(sent)
    assert package["invoiceCount"] == 2


def test_nothing_found_is_a_package_too(ania: Person) -> None:
    package = export(ania)["package"]
    assert (package["invoiceCount"], package["isTruncated"]) == (0, False)
    assert json.loads(unpacked(package)["_metadata.json"]) == {"invoices": []}


def test_filters_are_those_of_the_query(ania: Person) -> None:
    issue(ania, "FV/1", "FV/2")
    package = export(ania, filters={"invoiceNumber": "FV/2"})["package"]
    assert package["invoiceCount"] == 1


def test_everybody_exports_in_their_own_role(desk: Desk, ania: Person) -> None:
    buyer, obcy = desk.firm(), desk.firm()
    biuro = desk.worker(ania, "InvoiceRead")
    issue(ania, "FV/1", buyer=buyer.nip)
    for person, role, count in (
        (ania, "Subject1", 1),
        (biuro, "Subject1", 1),
        (buyer, "Subject2", 1),
        (buyer, "Subject1", 0),
        (obcy, "Subject1", 0),
        (obcy, "Subject2", 0),
    ):
        assert export(person, role=role)["package"]["invoiceCount"] == count


def test_a_unit_exports_where_it_stands(desk: Desk, ania: Person) -> None:
    unit = f"{new_nip()}-12345"
    options = Options(thirds=[Third(f"<IDWew>{unit}</IDWew>", 4)])
    issue(ania, "FV/1", options=options)
    person = desk.sit(("InternalId", unit), ("Nip", new_nip()), ["InvoiceRead"])
    assert export(person, role="Subject3")["package"]["invoiceCount"] == 1


# ---- caps


def test_parts_are_cut_and_sealed_one_by_one(desk: Desk, ania: Person) -> None:
    issue(ania, "FV/1", "FV/2", "FV/3")
    desk.ksef.caps = replace(desk.ksef.caps, part=1000)
    package = export(ania)["package"]
    assert len(package["parts"]) == -(-package["size"] // 1000) > 2
    assert {part["partSize"] for part in package["parts"][:-1]} == {1000}
    assert {part["encryptedPartSize"] for part in package["parts"][:-1]} == {1008}
    assert len(unpacked(package)) == 4


def test_as_many_as_fit_are_not_truncated(desk: Desk, ania: Person) -> None:
    issue(ania, "FV/1", "FV/2", "FV/3")
    desk.ksef.caps = replace(desk.ksef.caps, records=3)
    package = export(ania)["package"]
    assert (package["invoiceCount"], package["isTruncated"]) == (3, False)


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        ("Issue", "lastIssueDate"),
        ("Invoicing", "lastInvoicingDate"),
        ("PermanentStorage", "lastPermanentStorageDate"),
    ],
)
def test_a_full_package_tells_where_to_go_on(desk: Desk, ania: Person, kind: str, last: str) -> None:
    issue(ania, "FV/1", "FV/2", "FV/3")
    desk.ksef.caps = replace(desk.ksef.caps, records=2)
    package = export(ania, kind=kind)["package"]
    assert (package["invoiceCount"], package["isTruncated"]) == (2, True)
    listed = json.loads(unpacked(package)["_metadata.json"])["invoices"]
    field = {"Issue": "issueDate", "Invoicing": "invoicingDate"}.get(kind, "permanentStorageDate")
    assert package[last] == listed[-1][field]
    others = {"lastIssueDate", "lastInvoicingDate", "lastPermanentStorageDate"} - {last}
    assert not others & set(package)
    assert ("permanentStorageHwmDate" in package) == (kind == "PermanentStorage")


def test_a_heavy_package_is_cut_too(desk: Desk, ania: Person) -> None:
    issue(ania, "FV/1", "FV/2", "FV/3")
    desk.ksef.caps = replace(desk.ksef.caps, package=1)
    package = export(ania)["package"]
    # One always goes in, so that the next export begins later.
    assert (package["invoiceCount"], package["isTruncated"]) == (1, True)
    assert len(unpacked(package)) == 2


@pytest.mark.parametrize("lag", [timedelta(0), timedelta(milliseconds=400)])
def test_walking_from_date_to_date_loses_and_doubles_nothing(lag: timedelta) -> None:
    """Incremental retrieval, section 3: small packages, and records that arrive late and out of order."""
    with desk_at() as desk:
        desk.ksef.caps = replace(desk.ksef.caps, records=7)
        desk.on_loop(desk.ksef.storage.set_lag(lag))
        ania = desk.firm()
        session = ania.open()
        point = desk.ksef.clock.now().isoformat()
        seen: list[str] = []
        wanted: set[str] = set()

        def walk() -> None:
            nonlocal point
            span = {"from": point, "restrictToPermanentStorageHwmDate": True}
            done = export(ania, kind="PermanentStorage", span=span)
            if done["status"]["code"] == 420:  # the mark is not there yet
                return
            package = done["package"]
            listed = json.loads(unpacked(package)["_metadata.json"])["invoices"]
            fresh = [item["ksefNumber"] for item in listed if item["ksefNumber"] not in seen]
            # Windows share their boundary: at most one record comes again.
            assert len(listed) - len(fresh) <= 1
            seen.extend(fresh)
            point = package.get("lastPermanentStorageDate") or package["permanentStorageHwmDate"]

        for turn in range(4):
            refs = [ania.send(session, ania.invoice(f"FV/{turn}/{n}")) for n in range(10)]
            wanted |= {ania.outcome(session, ref)["ksefNumber"] for ref in refs}
            walk()

        def missing() -> set[str]:
            walk()
            return wanted - set(seen)

        until(missing, lambda left: not left)
        assert sorted(seen) == sorted(wanted)


def test_the_mark_of_a_package(desk: Desk, ania: Person) -> None:
    old = desk.ksef.clock.now() - timedelta(days=2)
    package = export(ania, kind="PermanentStorage", span={"to": old.isoformat()})["package"]
    assert datetime.fromisoformat(package["permanentStorageHwmDate"]) == old.replace(
        microsecond=old.microsecond
    )


# ---- refusals


def test_a_stranger_learns_nothing(desk: Desk, ania: Person) -> None:
    ref = start(ania)
    obcy, biuro = desk.firm(), desk.worker(ania, "InvoiceRead")
    for person in (obcy, biuro):
        refused = refusal(person.call("GET", f"/invoices/exports/{ref}"))
        assert (refused.code, refused.description, refused.details) == (
            21175,
            "Wynik zapytania o podanym identyfikatorze nie istnieje.",
            [],
        )
    writer = desk.worker(ania, "InvoiceWrite")
    assert reason(writer.call("GET", f"/invoices/exports/{ref}")) == "missing-permissions"
    assert reason(writer.call("POST", "/invoices/exports", body(desk))) == "missing-permissions"
    assert refusal(ania.call("GET", f"/invoices/exports/{ref[:-2]}00")).code == 21175
    assert refusal(ania.call("GET", "/invoices/exports/x")).code == 21405


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"encryption": None}, 21405),
        ({"filters": {"subjectType": "Subject4"}}, 21001),
        ({"compressionType": "Rar"}, 21001),
        ({"onlyMetadata": "yes"}, 21001),
        ({"span": {"from": "2020-01-01T00:00:00Z"}}, 21405),
        ({"span": {"to": "2020-01-01T00:00:00Z"}}, 21405),
    ],
)
def test_requests_that_do_not_fit(desk: Desk, ania: Person, changes: dict[str, Any], code: int) -> None:
    assert refusal(ania.call("POST", "/invoices/exports", body(desk, **changes))).code == code


def test_the_vector_has_16_bytes(desk: Desk, ania: Person) -> None:
    asked = body(desk)
    asked["encryption"]["initializationVector"] = b64encode(IV[:12]).decode()
    refused = refusal(ania.call("POST", "/invoices/exports", asked))
    assert (refused.code, len(refused.details)) == (21405, 1)


def test_an_unknown_key(desk: Desk, ania: Person) -> None:
    asked = body(desk)
    unknown = b64encode(os.urandom(32)).decode()
    asked["encryption"]["publicKeyId"] = unknown
    refused = refusal(ania.call("POST", "/invoices/exports", asked))
    assert refused.code == 21470
    assert refused.details == [f"Klucz o identyfikatorze {unknown} nie jest wspierany."]


@pytest.mark.parametrize("length", [0, 16, 31])
def test_a_key_that_does_not_open(desk: Desk, ania: Person, length: int) -> None:
    asked = body(desk)
    wrapped = wrap(KEY[:length], desk.public_key()) if length else b"x" * 256
    asked["encryption"]["encryptedSymmetricKey"] = b64encode(wrapped).decode()
    response = ania.call("POST", "/invoices/exports", asked)
    assert response.status_code == 201
    done = finished(ania, response.json()["referenceNumber"])
    assert done["status"] == {"code": 415, "description": "Błąd odszyfrowania dostarczonego klucza"}
    assert "package" not in done


def test_a_range_beyond_the_mark(desk: Desk, ania: Person) -> None:
    later = (desk.ksef.clock.now() + timedelta(hours=1)).isoformat()
    span = {"from": later, "restrictToPermanentStorageHwmDate": True}
    done = export(ania, kind="PermanentStorage", span=span)
    assert done["status"] == {
        "code": 420,
        "description": "Zakres filtrowania wykracza poza dostępny zakres danych",
        "details": [
            "Parametr dateRange.from jest późniejszy niż PermanentStorageHwmDate przy włączonym "
            "restrictToPermanentStorageHwmDate."
        ],
    }


@pytest.mark.parametrize(
    ("context", "role"),
    [
        ("InternalId", "Subject1"),
        ("InternalId", "Subject2"),
        ("InternalId", "SubjectAuthorized"),
        ("NipVatUe", "Subject1"),
        ("NipVatUe", "Subject3"),
    ],
)
def test_a_role_in_which_the_context_cannot_stand(desk: Desk, context: str, role: str) -> None:
    value = f"{new_nip()}-12345" if context == "InternalId" else f"{new_nip()}-DE123456789"
    person = desk.sit((context, value), ("Nip", new_nip()), ["InvoiceRead"])
    refused = refusal(person.call("POST", "/invoices/exports", body(desk, role)))
    assert (refused.code, refused.description) == (21181, "Nieprawidłowe żądanie eksportu faktur.")
    assert refused.details == [
        f"Nie można wyeksportować paczki faktur dla wybranego podmiotu ({role}) i zalogowanego "
        f"identyfikatora kontekstu ({context})."
    ]


async def _idle(_: object) -> bool:
    return False


def test_ten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STEPS, "exports", _idle)
    with desk_at() as desk:
        ania = desk.firm()
        refs = [start(ania) for _ in range(10)]
        assert ania.get(f"/invoices/exports/{refs[0]}") == {
            "status": {"code": 100, "description": "Eksport faktur w toku"}
        }
        refused = refusal(ania.call("POST", "/invoices/exports", body(desk)))
        assert (refused.code, refused.description) == (21182, "Osiągnięto limit trwających eksportów.")
        assert refused.details == [
            "Dla uwierzytelnionego podmiotu w bieżącym kontekście osiągnięto maksymalny limit 10 "
            "równoczesnych eksportów faktur. Spróbuj ponownie później."
        ]
        # Counted for each subject in each context.
        start(desk.worker(ania, "InvoiceRead"))
        start(desk.firm())
        desk.write(lambda db: db.execute(update(exports).where(exports.c.ref == refs[0]).values(status=550)))
        start(ania)


# ---- time


def test_links_packages_and_statuses_run_out() -> None:
    clock = ManualClock(NOW)
    with desk_at(clock=clock) as desk:
        ania = desk.firm()
        ref = start(ania)
        done = finished(ania, ref)
        first = done["package"]["parts"][0]
        assert datetime.fromisoformat(first["expirationDate"]) == NOW + timedelta(hours=1)
        assert datetime.fromisoformat(done["completedDate"]) == NOW
        gone_at = datetime.fromisoformat(done["packageExpirationDate"])
        # (1) An address lives for an hour, is good for GET alone and for its own part alone.
        assert httpx2.put(first["url"], trust_env=False).status_code == 403
        assert httpx2.get(first["url"].replace("-001.", "-002."), trust_env=False).status_code == 403
        clock.advance(hours=1)
        assert httpx2.get(first["url"], trust_env=False).status_code == 403
        # (2) The status gives another one. (The login has run out too.)
        ania = again(desk, ania)
        fresh = ania.get(f"/invoices/exports/{ref}")["package"]["parts"][0]
        assert fresh["url"] != first["url"]
        assert httpx2.get(fresh["url"], trust_env=False).status_code == 200
        # (3) The package runs out: 210, and its parts are no more.
        clock.advance(seconds=(gone_at - clock.now()).total_seconds())
        ania = again(desk, ania)
        late = ania.get(f"/invoices/exports/{ref}")
        assert late["status"] == {
            "code": 210,
            "description": "Eksport faktur wygasł i nie jest już dostępny do pobrania",
        }
        assert "package" not in late
        # (4) After seven days even the status is gone.
        clock.advance(days=4)
        response = again(desk, ania).call("GET", f"/invoices/exports/{ref}")
        assert response.status_code == 410
        assert response.json()["detail"] == "Operacja wygasła i nie jest już dostępna."
        assert refusal(desk.firm().call("GET", f"/invoices/exports/{ref}")).code == 21175


def again(desk: Desk, person: Person) -> Person:
    """The same person, logged in anew."""
    return desk.firm(person.nip)


def test_a_package_left_by_a_crash_is_made_after_the_start(tmp_path: Any, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(STEPS, "exports", _idle)
        with desk_at(tmp_path) as desk:
            ania = desk.firm()
            sent = issue(ania, "FV/1")
            ref = start(ania)
    with desk_at(tmp_path) as desk:
        done = finished(desk.firm(ania.nip), ref)
        assert [name for name in unpacked(done["package"]) if name != "_metadata.json"] == [
            f"{number}.xml" for number in sent
        ]


def test_a_full_disk_ends_in_550(desk: Desk, ania: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("klucznik.documents.package.write", full)
    assert export(ania)["status"] == {
        "code": 550,
        "description": "Operacja została anulowana przez system",
        "details": ["Przetwarzanie zostało przerwane z przyczyn wewnętrznych systemu. Spróbuj ponownie"],
    }


def test_the_old_rows_of_another_export_stay(desk: Desk, ania: Person) -> None:
    """Two exports at once: each has its own parts."""
    issue(ania, "FV/1")
    refs = [start(ania) for _ in range(4)]
    assert [finished(ania, ref)["package"]["invoiceCount"] for ref in refs] == [1] * 4
    for ref in refs:
        assert len(unpacked(finished(ania, ref)["package"])) == 2
