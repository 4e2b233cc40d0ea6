"""Online sessions through the door: opening, closing, status, lists. Rules: sessions.md."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from klucznik.clock import ManualClock
from klucznik.crypto.envelope import wrap
from klucznik.server.tables import sessions
from klucznik.wire.security import PublicKeyCertificateUsage

from .desk import Desk, Person, Sealed, desk_at, reason, refusal

NO_SUCH = "20260101-SO-0000000000-0000000000-00"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture(params=[{}, {"X-Error-Format": "problem-details"}], ids=["old", "problem"])
def formats(request: pytest.FixtureRequest) -> dict[str, str]:
    headers: dict[str, str] = request.param
    return headers


@pytest.fixture
def ania(desk: Desk, formats: dict[str, str]) -> Person:
    firm = desk.firm()
    firm.headers = formats
    return firm


@pytest.fixture
def biuro(desk: Desk, ania: Person) -> Person:
    return desk.worker(ania, "InvoiceWrite")


@pytest.fixture
def obcy(desk: Desk) -> Person:
    return desk.firm()


# ---- open


def test_a_session_is_open_for_twelve_hours(ania: Person) -> None:
    response = ania.call("POST", "/sessions/online", ania.open_body())
    assert response.status_code == 201
    opened = response.json()
    assert opened["referenceNumber"][8:12] == "-SO-"
    status = ania.get(f"/sessions/{opened['referenceNumber']}")
    assert status["status"] == {"code": 100, "description": "Sesja interaktywna otwarta"}
    created = datetime.fromisoformat(status["dateCreated"])
    assert datetime.fromisoformat(opened["validUntil"]) - created == timedelta(hours=12)
    assert "invoiceCount" not in status
    assert "upo" not in status


@pytest.mark.parametrize(
    "form",
    [
        {"systemCode": "FA(3)", "schemaVersion": "1-0E", "value": "FA"},
        {"systemCode": "FA (3)", "schemaVersion": "1-0", "value": "FA"},
        {"systemCode": "FA (3)", "schemaVersion": "1-0E", "value": "FA_RR"},
        {"systemCode": "FA_RR (1)", "schemaVersion": "1-0E", "value": "FA_RR"},
        {"systemCode": "FA (1)", "schemaVersion": "1-0E", "value": "FA"},
        {"systemCode": "PEF (3)", "schemaVersion": "2-1", "value": "PEF"},
        {"systemCode": "PEF_KOR (3)", "schemaVersion": "2-1", "value": "PEF"},
        {"systemCode": "", "schemaVersion": "", "value": ""},
    ],
)
def test_a_form_that_is_not_supported(ania: Person, form: Any) -> None:
    body = {**ania.open_body(), "formCode": form}
    refused = refusal(ania.call("POST", "/sessions/online", body))
    assert (refused.code, refused.details) == (21405, ["Wskazany kod formularza nie jest wspierany."])
    assert refused.description == "Błąd walidacji danych wejściowych."


@pytest.mark.parametrize("form", ["FA (2)", "FA (3)", "FA_RR (1)"])
def test_forms_of_the_test_environment(ania: Person, form: Any) -> None:
    ania.open(form)


@pytest.mark.parametrize("form", ["PEF (3)", "PEF_KOR (3)"])
def test_pef_belongs_to_a_peppol_context(desk: Desk, form: Any) -> None:
    provider = desk.sit(("PeppolId", "PPL123456"), ("PeppolId", "PPL123456"), ["PefInvoiceWrite"])
    provider.open(form)


@pytest.mark.parametrize("profile", ["demo", "prd"])
def test_fa2_is_over_outside_of_test(profile: Any) -> None:
    with desk_at(profile=profile) as desk:
        ania = desk.firm()
        refused = refusal(ania.call("POST", "/sessions/online", ania.open_body("FA (2)")))
        assert refused.details == ["Wskazany kod formularza nie jest wspierany."]
        ania.open("FA (3)")


@pytest.mark.parametrize("length", [0, 15, 24, 32])
def test_a_vector_of_another_length(ania: Person, length: int) -> None:
    refused = refusal(ania.call("POST", "/sessions/online", ania.open_body(iv=bytes(length))))
    assert refused.code == 21405
    assert refused.details == [
        f"Nieprawidłowa długość wektora inicjującego (IV). Oczekiwano 16 bajtów, otrzymano {length}."
    ]


def test_all_faults_of_an_opening_are_told_at_once(ania: Person) -> None:
    body = {
        **ania.open_body(iv=b"short"),
        "formCode": {"systemCode": "X", "schemaVersion": "Y", "value": "Z"},
    }
    assert len(refusal(ania.call("POST", "/sessions/online", body)).details) == 2


def test_an_unknown_key_id(desk: Desk, ania: Person) -> None:
    keys = {key.usage: key.public_key_id for key in desk.ksef.keys.encryption}
    other_usage = keys[PublicKeyCertificateUsage.KsefTokenEncryption]
    for key_id in (b64encode(bytes(32)).decode(), other_usage):
        body = ania.open_body()
        body["encryption"]["publicKeyId"] = key_id
        refused = refusal(ania.call("POST", "/sessions/online", body))
        assert refused.code == 21470
        assert refused.details == [f"Klucz o identyfikatorze {key_id} nie jest wspierany."]
    body["encryption"]["publicKeyId"] = keys[PublicKeyCertificateUsage.SymmetricKeyEncryption]
    assert ania.call("POST", "/sessions/online", body).status_code == 201


@pytest.mark.parametrize("key", [b"", bytes(16), bytes(33), None], ids=["0", "16", "33", "garbage"])
def test_a_key_that_does_not_open_is_told_later(desk: Desk, ania: Person, key: bytes | None) -> None:
    body = ania.open_body(key=key or b"")
    if key is None:
        body["encryption"]["encryptedSymmetricKey"] = b64encode(os.urandom(256)).decode()
    response = ania.call("POST", "/sessions/online", body)
    assert response.status_code == 201
    session = Sealed(response.json()["referenceNumber"], bytes(32), bytes(16))
    status = ania.final(session)
    assert status["status"] == {
        "code": 415,
        "description": "Błąd odszyfrowania dostarczonego klucza",
        "details": ["Rozszyfrowania klucza symetrycznego zakończone błędem"],
    }
    refused = refusal(ania.post(session, ania.invoice("FV/1")))
    assert (refused.code, refused.details) == (21180, ["Status sesji 415 uniemożliwia wysyłkę faktur."])
    refused = refusal(ania.close(session))
    assert (refused.code, refused.details) == (21180, ["Status sesji 415 uniemożliwia jej zamknięcie."])


def test_a_key_that_does_not_open_is_told_of_a_session_closed_meanwhile(desk: Desk, ania: Person) -> None:
    """The step that finds it may be busy with another session while this one is closed."""
    ref = ania.call("POST", "/sessions/online", ania.open_body(key=bytes(16))).json()["referenceNumber"]
    session = Sealed(ref, bytes(32), bytes(16))
    ania.final(session)
    early = update(sessions).where(sessions.c.ref == ref).values(status=170, details=None)
    desk.write(lambda db: db.execute(early))
    status = ania.final(session)["status"]
    assert (status["code"], status["details"]) == (
        415,
        ["Rozszyfrowania klucza symetrycznego zakończone błędem"],
    )


def test_a_key_for_another_usage_does_not_open(desk: Desk, ania: Person) -> None:
    for key in desk.ksef.keys.encryption:
        if key.usage == PublicKeyCertificateUsage.KsefTokenEncryption:
            body = ania.open_body()
            sealed = wrap(os.urandom(32), key.private_key.public_key())
            body["encryption"]["encryptedSymmetricKey"] = b64encode(sealed).decode()
    ref = ania.call("POST", "/sessions/online", body).json()["referenceNumber"]
    assert ania.final(Sealed(ref, b"", b""))["status"]["code"] == 415


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", 21001),
        (b"{", 21001),
        (b"[]", 21001),
        (b'{"formCode": NaN}', 21001),
        (b"\xff\xfe", 21001),
        (b"[" * 10_000, 21001),
        (b"{}", 21405),
    ],
)
def test_an_unreadable_opening(ania: Person, content: bytes, code: int) -> None:
    assert refusal(ania.call("POST", "/sessions/online", content=content)).code == code


def test_who_may_not_write_opens_nothing(desk: Desk, ania: Person) -> None:
    reader = desk.worker(ania, "InvoiceRead", "Introspection")
    response = reader.call("POST", "/sessions/online", ania.open_body())
    assert reason(response) == "missing-permissions"
    assert response.json()["security"] == {
        "requiredAnyOfPermissions": ["InvoiceWrite", "PefInvoiceWrite", "EnforcementOperations"],
        "presentPermissions": ["Introspection", "InvoiceRead"],
    }


def test_old_feature_headers_are_tolerated(ania: Person) -> None:
    for value in ("upo-v4-3", "include-metadata", "subject-identifier-validation, upo-v4-3", ""):
        ania.open(headers={"X-KSeF-Feature": value})


# ---- close


def test_a_session_closed_without_invoices_is_cancelled(ania: Person) -> None:
    assert ania.finished(ania.open())["status"] == {
        "code": 440,
        "description": "Sesja anulowana",
        "details": ["Nie przesłano faktur"],
    }


def test_a_session_with_rejects_only_fails(ania: Person) -> None:
    session = ania.open()
    ania.send(session, b"<x/>")
    status = ania.finished(session)
    assert status["status"] == {"code": 445, "description": "Błąd weryfikacji, brak poprawnych faktur"}
    assert (status["invoiceCount"], status["failedInvoiceCount"]) == (1, 1)
    assert "successfulInvoiceCount" not in status
    assert "upo" not in status


def test_a_session_with_one_accepted_invoice_succeeds(ania: Person) -> None:
    session = ania.open()
    ania.send(session, ania.invoice("FV/1"))
    status = ania.finished(session)
    assert status["status"] == {"code": 200, "description": "Sesja interaktywna przetworzona pomyślnie"}
    assert (status["invoiceCount"], status["successfulInvoiceCount"]) == (1, 1)
    assert "failedInvoiceCount" not in status
    (page,) = status["upo"]["pages"]
    assert page["referenceNumber"][8:12] == "-EU-"


def test_closing_twice(ania: Person) -> None:
    session = ania.open()
    ania.finished(session)
    refused = refusal(ania.close(session))
    assert (refused.code, refused.description) == (21180, "Status sesji nie pozwala na wykonanie operacji.")
    assert refused.details == ["Status sesji 440 uniemożliwia jej zamknięcie."]


def test_what_was_never_opened(ania: Person) -> None:
    refused = refusal(ania.call("POST", f"/sessions/online/{NO_SUCH}/close"))
    assert refused.code == 21173
    assert refused.details == [f"Sesja o numerze referencyjnym {NO_SUCH} nie została odnaleziona."]
    for path in ("", "/invoices", "/invoices/failed", f"/upo/{NO_SUCH}"):
        refused = refusal(ania.call("GET", f"/sessions/{NO_SUCH}{path}"))
        assert refused.code == 21173
        assert refused.description == "Brak sesji o wskazanym numerze referencyjnym."
        assert refused.details == [f"Sesja o numerze referencyjnym {NO_SUCH} nie została znaleziona."]
    assert refusal(ania.call("GET", f"/sessions/{NO_SUCH}/invoices/{NO_SUCH}")).code == 21405
    assert refusal(ania.call("GET", f"/sessions/{NO_SUCH}/invoices/{NO_SUCH}/upo")).code == 21405


@pytest.mark.parametrize("ref", ["x", "%00", "..%2F..", "a%0D%0Ab", "20260101-SO", "Ż" * 36 + "Ż"])
def test_a_reference_of_another_length(ania: Person, ref: str) -> None:
    assert refusal(ania.call("POST", f"/sessions/online/{ref}/close")).code == 21405
    assert refusal(ania.call("GET", f"/sessions/{ref}")).code == 21405
    assert refusal(ania.call("GET", f"/sessions/{ref}/invoices/failed")).code == 21405


# ---- who


def test_the_opener_and_the_owner_reach_a_session(desk: Desk, ania: Person, biuro: Person) -> None:
    session = biuro.open()
    biuro.send(session, ania.invoice("FV/1"))
    assert ania.get(f"/sessions/{session.ref}")["invoiceCount"] == 1
    ania.send(session, ania.invoice("FV/2"))
    assert ania.close(session).status_code == 204


def test_introspection_reads_and_does_not_write(desk: Desk, ania: Person, biuro: Person) -> None:
    session = biuro.open()
    auditor = desk.worker(ania, "Introspection")
    assert auditor.get(f"/sessions/{session.ref}")["status"]["code"] == 100
    curious = desk.worker(ania, "Introspection", "InvoiceWrite")
    assert reason(curious.close(session)) == "insufficient-resource-access"
    assert reason(curious.post(session, ania.invoice("FV/1"))) == "insufficient-resource-access"


def test_a_colleague_does_not_reach_the_session_of_another(desk: Desk, ania: Person, biuro: Person) -> None:
    session = biuro.open()
    invoice = biuro.send(session, ania.invoice("FV/1"))
    colleague = desk.worker(ania, "InvoiceWrite")
    for path in ("", "/invoices", "/invoices/failed", f"/invoices/{invoice}", f"/invoices/{invoice}/upo"):
        assert (
            reason(colleague.call("GET", f"/sessions/{session.ref}{path}")) == "insufficient-resource-access"
        )
    assert reason(colleague.close(session)) == "insufficient-resource-access"


def test_the_same_subject_with_a_new_login_goes_on(desk: Desk, ania: Person, biuro: Person) -> None:
    session = biuro.open()
    again = desk.sit(biuro.context, biuro.subject, ["InvoiceWrite"])
    again.send(session, ania.invoice("FV/1"))
    assert again.close(session).status_code == 204


def test_obcy_learns_nothing(desk: Desk, ania: Person, obcy: Person) -> None:
    session = ania.open()
    outcome = ania.settled(session, ania.invoice("FV/1"))
    invoice, number = outcome["referenceNumber"], outcome["ksefNumber"]
    for method, path in (
        ("GET", ""),
        ("GET", "/invoices"),
        ("GET", "/invoices/failed"),
        ("GET", f"/invoices/{invoice}"),
        ("GET", f"/invoices/{invoice}/upo"),
        ("GET", f"/invoices/ksef/{number}/upo"),
        ("GET", f"/upo/{NO_SUCH}"),
    ):
        response = obcy.call(method, f"/sessions/{session.ref}{path}")
        assert reason(response) == "insufficient-resource-access"
        body = response.json()
        assert body.pop("instance").endswith(path)  # what he asked for himself
        assert "security" not in body
        assert ania.nip not in str(body)
    assert reason(obcy.close(session)) == "insufficient-resource-access"
    assert reason(obcy.post(session, ania.invoice("FV/2"))) == "insufficient-resource-access"
    # The same person in a context of his own is a stranger as well.
    elsewhere = desk.sit(obcy.context, ania.subject, ["InvoiceWrite", "Introspection"])
    assert reason(elsewhere.call("GET", f"/sessions/{session.ref}")) == "insufficient-resource-access"


# ---- list


def listed(person: Person, **params: object) -> list[str]:
    found = person.get("/sessions", params={"sessionType": "Online", **params})
    return [item["referenceNumber"] for item in found["sessions"]]


def test_the_list_is_the_callers_own_or_the_contexts(
    desk: Desk, ania: Person, biuro: Person, obcy: Person
) -> None:
    own, foreign = biuro.open().ref, ania.open().ref
    assert listed(biuro) == [own]
    assert listed(ania) == [foreign, own]
    assert listed(desk.worker(ania, "Introspection")) == [foreign, own]
    assert listed(desk.worker(ania, "EnforcementOperations")) == [foreign, own]
    assert listed(obcy) == []
    assert reason(desk.worker(ania, "InvoiceRead").call("GET", "/sessions", params={"sessionType": "Online"}))


def test_pages_of_the_list(ania: Person, biuro: Person) -> None:
    refs = [ania.open().ref for _ in range(23)]
    seen, token = [], None
    for size in (10, 10, 3):
        headers: dict[str, str] = {"x-continuation-token": token} if token else {}
        page = ania.get("/sessions", params={"sessionType": "Online"}, headers=headers)
        assert len(page["sessions"]) == size
        seen += [item["referenceNumber"] for item in page["sessions"]]
        token = page.get("continuationToken")
    assert token is None
    assert seen == refs[::-1]
    assert len(listed(ania, pageSize=1000)) == 23


def test_a_token_belongs_to_its_listing(desk: Desk, ania: Person, obcy: Person) -> None:
    for _ in range(11):
        ania.open()
        obcy.open()
    token = ania.get("/sessions", params={"sessionType": "Online"})["continuationToken"]
    edited = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    for person, given, params in (
        (ania, edited, {}),
        (ania, "x", {}),
        (ania, "x" * 5000, {}),
        (ania, "żółw".encode(), {}),
        (obcy, token, {}),
        (ania, token, {"statuses": "Failed"}),
    ):
        refused = refusal(
            person.call(
                "GET",
                "/sessions",
                params={"sessionType": "Online", **params},
                headers={"x-continuation-token": given},
            )
        )
        assert refused.code == 21418
        assert refused.description == "Przekazany token kontynuacji ma nieprawidłowy format."


def test_filters_of_the_list(desk: Desk, ania: Person) -> None:
    empty, failed, open_one = ania.open(), ania.open(), ania.open()
    ania.send(failed, b"<x/>")
    ania.finished(empty)
    ania.finished(failed)
    assert listed(ania, statuses="InProgress") == [open_one.ref]
    assert listed(ania, statuses="Cancelled") == [empty.ref]
    assert listed(ania, statuses=["Failed", "Cancelled"]) == [failed.ref, empty.ref]
    assert listed(ania, statuses="Succeeded") == []
    assert listed(ania, referenceNumber=failed.ref) == [failed.ref]
    soon = (desk.ksef.clock.now() + timedelta(minutes=1)).isoformat()
    past = (desk.ksef.clock.now() - timedelta(minutes=1)).isoformat()
    for name in ("Created", "Modified"):
        assert len(listed(ania, **{f"date{name}From": past, f"date{name}To": soon})) == 3
        assert listed(ania, **{f"date{name}From": soon}) == []
        assert listed(ania, **{f"date{name}To": past}) == []
    assert len(listed(ania, dateClosedFrom=past, dateClosedTo=soon)) == 2
    assert ania.get("/sessions", params={"sessionType": "Batch"})["sessions"] == []
    (item,) = ania.get("/sessions", params={"sessionType": "Online", "referenceNumber": empty.ref})[
        "sessions"
    ]
    counts = ("totalInvoiceCount", "successfulInvoiceCount", "failedInvoiceCount")
    assert [item[name] for name in counts] == [0, 0, 0]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, 21405),
        ({"sessionType": "Offline"}, 21001),
        ({"sessionType": "Online", "pageSize": 9}, 21405),
        ({"sessionType": "Online", "pageSize": 1001}, 21405),
        ({"sessionType": "Online", "pageSize": "ten"}, 21001),
        ({"sessionType": "Online", "referenceNumber": "x"}, 21405),
        ({"sessionType": "Online", "dateCreatedFrom": "yesterday"}, 21001),
        ({"sessionType": "Online", "statuses": "Lost"}, 21001),
    ],
)
def test_parameters_of_the_list(ania: Person, params: dict[str, Any], code: int) -> None:
    assert refusal(ania.call("GET", "/sessions", params=params)).code == code


# ---- time


def test_a_session_closes_by_itself() -> None:
    clock = ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    with desk_at(clock=clock) as desk:
        ania = desk.firm()
        empty, used = ania.open(), ania.open()
        ania.settled(used, ania.invoice("FV/1"))
        clock.advance(hours=12)
        later = desk.firm(ania.nip)
        # Before any step has looked, the time is up all the same.
        refused = refusal(later.post(used, later.invoice("FV/2")))
        assert refused.code == 21180
        assert later.final(empty)["status"]["code"] == 440
        assert later.final(used)["status"]["code"] == 200
        closed = later.get("/sessions", params={"sessionType": "Online", "statuses": "Succeeded"})
        assert closed["sessions"][0]["dateUpdated"].startswith("2026-03-02T21:00")


def test_a_full_session(desk: Desk, ania: Person) -> None:
    session = ania.open()
    desk.write(
        lambda db: db.execute(update(sessions).where(sessions.c.ref == session.ref).values(sent=9_999))
    )
    ania.send(session, ania.invoice("FV/LAST"))
    refused = refusal(ania.post(session, ania.invoice("FV/TOO MANY")))
    assert (refused.code, refused.description) == (21155, "Przekroczono dozwoloną liczbę faktur w sesji.")
    assert refused.details == [
        f"Sesja o numerze referencyjnym {session.ref} osiągnęła dozwolony limit liczby faktur 10000."
    ]


def test_an_open_session_survives_a_restart(tmp_path: Path) -> None:
    with desk_at(tmp_path) as desk:
        ania = desk.firm()
        session = ania.open()
        ania.settled(session, ania.invoice("FV/1"))
    with desk_at(tmp_path) as again:
        ania = again.sit(ania.context, ania.subject, ["InvoiceWrite"], owner=True)
        # The key is opened anew from what the client sent.
        assert ania.settled(session, ania.invoice("FV/2"))["status"]["code"] == 200
        assert ania.finished(session)["successfulInvoiceCount"] == 2
