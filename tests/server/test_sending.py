"""Sending invoices: what is refused at once, and what hostile bodies do. Rules: sessions.md section 5."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy import update

from klucznik.crypto.envelope import sha256_base64
from klucznik.server.opened import OpenSessions
from klucznik.server.tables import sessions

from .desk import Desk, Person, Sealed, desk_at, reason, refusal, send_body

NO_SUCH = "20260101-SO-0000000000-0000000000-00"
ZERO_HASH = b64encode(bytes(32)).decode()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture(params=[{}, {"X-Error-Format": "problem-details"}], ids=["old", "problem"])
def ania(desk: Desk, request: pytest.FixtureRequest) -> Person:
    firm = desk.firm()
    firm.headers = request.param
    return firm


@pytest.fixture
def session(ania: Person) -> Sealed:
    return ania.open()


def test_an_invoice_is_taken_in(ania: Person, session: Sealed) -> None:
    response = ania.post(session, ania.invoice("FV/1"))
    assert response.status_code == 202
    assert list(response.json()) == ["referenceNumber"]
    assert response.json()["referenceNumber"][8:12] == "-EE-"


def test_an_unknown_session(ania: Person, session: Sealed) -> None:
    refused = refusal(ania.post(Sealed(NO_SUCH, session.key, session.iv), b"<x/>"))
    assert (refused.code, refused.description) == (21173, "Brak sesji o wskazanym numerze referencyjnym.")
    assert refused.details == [f"Sesja o numerze referencyjnym {NO_SUCH} nie została odnaleziona."]


def test_a_batch_session_takes_no_single_invoices(desk: Desk, ania: Person, session: Sealed) -> None:
    batch = update(sessions).where(sessions.c.ref == session.ref).values(kind="Batch")
    desk.write(lambda db: db.execute(batch))
    desk.ksef.opened = OpenSessions()
    assert refusal(ania.post(session, ania.invoice("FV/1"))).code == 21173
    assert refusal(ania.close(session)).code == 21173


def test_a_closed_session_takes_nothing(ania: Person, session: Sealed) -> None:
    ania.finished(session)
    refused = refusal(ania.post(session, ania.invoice("FV/1")))
    assert (refused.code, refused.description) == (21180, "Status sesji nie pozwala na wykonanie operacji.")
    assert refused.details == ["Status sesji 440 uniemożliwia wysyłkę faktur."]


def test_the_encrypted_size_is_compared(ania: Person, session: Sealed) -> None:
    refused = refusal(ania.post(session, ania.invoice("FV/1"), encryptedInvoiceSize=17))
    assert (refused.code, refused.description) == (21402, "Nieprawidłowy rozmiar pliku.")
    assert refused.details == ["Długość treści nie zgadza się z rozmiarem pliku."]


def test_the_encrypted_hash_is_compared(ania: Person, session: Sealed) -> None:
    refused = refusal(ania.post(session, ania.invoice("FV/1"), encryptedInvoiceHash=ZERO_HASH))
    assert (refused.code, refused.description) == (21403, "Nieprawidłowy skrót pliku.")
    assert refused.details == ["Skrót treści nie zgadza się ze skrótem pliku."]


def test_a_refused_post_leaves_no_trace(ania: Person, session: Sealed) -> None:
    for number in range(3):
        refusal(ania.post(session, ania.invoice(f"FV/{number}"), encryptedInvoiceSize=17))
    first = ania.settled(session, ania.invoice("FV/1"))
    assert first["ordinalNumber"] == 1
    assert ania.get(f"/sessions/{session.ref}")["invoiceCount"] == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"invoiceHash": "short"}, 21405),
        ({"invoiceHash": ZERO_HASH[:-1] + "!"}, 21405),
        ({"invoiceHash": ZERO_HASH.replace("A", "_", 1)}, 21405),
        ({"invoiceHash": None}, 21405),
        ({"invoiceHash": 7}, 21001),
        ({"invoiceSize": 0}, 21405),
        ({"invoiceSize": -1}, 21405),
        ({"invoiceSize": "100"}, 21001),
        ({"invoiceSize": 1.5}, 21001),
        ({"invoiceSize": 2**70}, 21405),
        ({"encryptedInvoiceSize": 0}, 21405),
        ({"encryptedInvoiceContent": "not base64"}, 21405),
        ({"encryptedInvoiceContent": "QUJD\n"}, 21405),
        ({"encryptedInvoiceContent": "QUJ"}, 21405),
        ({"encryptedInvoiceContent": "QUI-"}, 21405),
        ({"encryptedInvoiceContent": ["QUJD"]}, 21405),
        ({"offlineMode": "yes"}, 21001),
        ({"offlineMode": None}, 21001),
        ({"hashOfCorrectedInvoice": "x"}, 21405),
    ],
)
def test_bodies_that_do_not_fit(ania: Person, session: Sealed, changes: dict[str, Any], code: int) -> None:
    assert refusal(ania.post(session, ania.invoice("FV/1"), **changes)).code == code


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b'"text"',
        b"[" * 100_000,
        b'{"a":' * 20_000,
        b'{"invoiceSize": NaN}',
        b'{"invoiceSize": Infinity}',
        b'{"invoiceHash": "\\ud800"}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"invoiceHash": "\x00"}',
    ],
)
def test_bodies_that_cannot_be_read(ania: Person, session: Sealed, content: bytes) -> None:
    response = ania.call("POST", f"/sessions/online/{session.ref}/invoices", content=content)
    assert refusal(response).code in (21001, 21405)


def test_unknown_properties_are_ignored(ania: Person, session: Sealed) -> None:
    ania.send(session, ania.invoice("FV/1"), invoiceFileName="x", offline={"mode": True})


def unpadded(session: Sealed, blocks: int) -> bytes:
    """Ciphertext under the right key whose last byte is 0: never a padding."""
    encryptor = Cipher(algorithms.AES(session.key), modes.CBC(session.iv)).encryptor()
    return encryptor.update(bytes(16 * blocks)) + encryptor.finalize()


def test_content_that_does_not_decrypt(ania: Person, session: Sealed) -> None:
    refs = [
        ania.send(
            session,
            b"x",
            encryptedInvoiceContent=b64encode(content).decode(),
            encryptedInvoiceSize=len(content),
            encryptedInvoiceHash=sha256_base64(content),
        )
        for content in (b"x", bytes(15), bytes(17), unpadded(session, 1), unpadded(session, 100))
    ]
    for ref in refs:
        assert ania.outcome(session, ref)["status"] == {
            "code": 435,
            "description": "Błąd odszyfrowania pliku",
            "details": ["Plik niepoprawnie zaszyfrowany"],
        }


# ---- technical corrections


def test_a_correction_is_always_offline(ania: Person, session: Sealed) -> None:
    refused = refusal(ania.post(session, ania.invoice("FV/1"), hashOfCorrectedInvoice=ZERO_HASH))
    assert refused.code == 21405
    assert refused.details == ["HashOfCorrectedInvoice can only be provided for offline invoices"]


def test_a_correction_of_an_accepted_invoice(ania: Person, session: Sealed) -> None:
    accepted = ania.invoice("FV/1")
    ania.settled(session, accepted)
    refused = refusal(
        ania.post(
            session,
            ania.invoice("FV/2"),
            offlineMode=True,
            hashOfCorrectedInvoice=sha256_base64(accepted),
        )
    )
    assert (refused.code, refused.description) == (
        21167,
        "Status faktury nie pozwala na korektę techniczną.",
    )
    assert refused.details == ["Nie można wysłać korekty technicznej do prawidłowo przetworzonej faktury."]


def test_a_second_correction_after_a_successful_one(ania: Person, session: Sealed) -> None:
    rejected = (
        ania.invoice("FV/1").replace(b"<RodzajFaktury>", b"<RodzajFaktury >").replace(b"<P_2>", b"<P_3>")
    )
    assert ania.settled(session, rejected)["status"]["code"] == 450
    correction = {"offlineMode": True, "hashOfCorrectedInvoice": sha256_base64(rejected)}
    # A correction that fails itself leaves the way open.
    assert ania.settled(session, b"<x/>", **correction)["status"]["code"] == 450
    corrected = ania.settled(session, ania.invoice("FV/1"), **correction)
    assert corrected["status"]["code"] == 200
    assert corrected["invoicingMode"] == "Offline"
    refused = refusal(ania.post(session, ania.invoice("FV/2"), **correction))
    assert (refused.code, refused.description) == (21166, "Korekta techniczna niedostępna.")
    assert refused.details == ["Faktura posiada już przetworzoną prawidłowo korektę techniczną."]
    stored = ania.stored(corrected["ksefNumber"])
    assert stored["hashOfCorrectedInvoice"] == sha256_base64(rejected)


# ---- who


def test_obcy_sends_nothing_into_a_foreign_session(desk: Desk, ania: Person, session: Sealed) -> None:
    obcy = desk.firm()
    assert reason(obcy.post(session, obcy.invoice("FV/1"))) == "insufficient-resource-access"
    assert "invoiceCount" not in ania.get(f"/sessions/{session.ref}")


def test_nobody_sends_without_a_login(desk: Desk, session: Sealed) -> None:
    path = f"/sessions/online/{session.ref}/invoices"
    assert desk.http.post(path, json=send_body(session, b"<x/>")).status_code == 401


# ---- many


def test_fifty_posts_of_one_invoice_at_once(desk: Desk, ania: Person, session: Sealed) -> None:
    document = ania.invoice("FV/RACE")
    with ThreadPoolExecutor(16) as pool:
        refs = list(pool.map(lambda _: ania.send(session, document), range(50)))
    outcomes = [ania.outcome(session, ref) for ref in refs]
    accepted = [found for found in outcomes if found["status"]["code"] == 200]
    assert len(accepted) == 1
    for found in outcomes:
        if found is not accepted[0]:
            assert found["status"]["code"] == 440
            assert found["status"]["extensions"] == {
                "originalSessionReferenceNumber": session.ref,
                "originalKsefNumber": accepted[0]["ksefNumber"],
            }
    assert sorted(found["ordinalNumber"] for found in outcomes) == list(range(1, 51))
    assert desk.truth()["posts"][sha256_base64(document)] == 50
    status = ania.get(f"/sessions/{session.ref}")
    assert (status["invoiceCount"], status["successfulInvoiceCount"], status["failedInvoiceCount"]) == (
        50,
        1,
        49,
    )


def test_a_body_of_a_hundred_megabytes(desk: Desk) -> None:
    ania = desk.firm()
    session = ania.open()
    document = b"<x>" + b" " * 100_000_000 + b"</x>"
    outcome = ania.settled(session, document)
    assert outcome["status"]["code"] == 430
    response = ania.call(
        "POST",
        f"/sessions/online/{session.ref}/invoices",
        content=json.dumps({"encryptedInvoiceContent": "A" * 141_000_000}).encode(),
    )
    assert response.status_code == 413
    ania.send(session, ania.invoice("FV/1"))
