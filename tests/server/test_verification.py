"""What becomes of an invoice. Rules: invoice-verification.md."""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import insert, update

from klucznik.clock import ManualClock
from klucznik.crypto.envelope import aes_encrypt, sha256_base64
from klucznik.documents import samples
from klucznik.documents.samples import Options, Third
from klucznik.server import verification
from klucznik.server.tables import sessions, stamp, subjects
from klucznik.wire.ids import check_ksef_number

from .desk import Desk, Person, Sealed, desk_at, new_nip, until

EMPTY = b'<Faktura xmlns="http://crd.gov.pl/wzor/2025/06/25/13775/"/>'


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture
def ania(desk: Desk) -> Person:
    return desk.firm()


@pytest.fixture
def session(ania: Person) -> Sealed:
    return ania.open()


def verdict(person: Person, session: Sealed, document: bytes, **changes: object) -> tuple[int, list[str]]:
    status = person.settled(session, document, **changes)["status"]
    return status["code"], status.get("details", [])


# ---- the file


def test_the_plain_size_is_compared(ania: Person, session: Sealed) -> None:
    code, details = verdict(ania, session, ania.invoice("FV/1"), invoiceSize=1798)
    assert code == 430
    assert details == ["Rozmiar przesłanego pliku faktury nie zgadza się z zadeklarowaną wartością: 1798."]


def test_the_plain_hash_is_compared(ania: Person, session: Sealed) -> None:
    code, details = verdict(ania, session, ania.invoice("FV/1"), invoiceHash=sha256_base64(b"other"))
    assert (code, len(details)) == (430, 1)


def test_a_prefixed_vector_is_found_out(ania: Person, session: Sealed) -> None:
    document = ania.invoice("FV/1")
    sealed = session.iv + aes_encrypt(document, session.key, session.iv)
    code, _ = verdict(
        ania,
        session,
        document,
        encryptedInvoiceContent=b64encode(sealed).decode(),
        encryptedInvoiceSize=len(sealed),
        encryptedInvoiceHash=sha256_base64(sealed),
    )
    assert code == 430


def test_a_byte_order_mark(ania: Person, session: Sealed) -> None:
    assert verdict(ania, session, b"\xef\xbb\xbf" + ania.invoice("FV/1"))[0] == 430


def padded(document: bytes, size: int) -> bytes:
    """A document made as long as wanted by blanks after the prolog."""
    head, _, tail = document.partition(b"?>")
    return head + b"?>" + b" " * (size - len(document)) + tail


def test_a_megabyte_and_one_byte_more(ania: Person, session: Sealed) -> None:
    document = padded(ania.invoice("FV/1"), 1_000_000)
    assert len(document) == 1_000_000
    assert verdict(ania, session, document)[0] == 200
    too_large = (430, ["Rozmiar faktury przekracza dozwoloną wartość: 1000000."])
    assert verdict(ania, session, padded(ania.invoice("FV/2"), 1_000_001)) == too_large


def test_the_size_is_looked_at_before_the_document(ania: Person, session: Sealed) -> None:
    """Row 8 comes before rows 9 and 10: invoice-verification.md section 1."""
    for document in (b"x" * 1_000_001, padded(b"<?xml version='1.0'?><x/>", 1_000_001)):
        assert verdict(ania, session, document)[0] == 430
    # A word is no attachment.
    named = ania.invoice("FV/1", buyer_name="Zalacznik sp. z o.o.")
    assert verdict(ania, session, padded(named, 1_000_001))[0] == 430


def test_three_megabytes_are_for_attachments(ania: Person, session: Sealed) -> None:
    with_attachment = ania.invoice("FV/1", options=Options(attachment=True))
    assert verdict(ania, session, padded(with_attachment, 3_000_000))[0] == 415
    assert verdict(ania, session, padded(with_attachment, 3_000_001))[0] == 430


def test_an_invoice_under_a_key_that_does_not_open(desk: Desk, ania: Person) -> None:
    """Sent before the session is known to be broken: it falls with it."""
    body = ania.open_body(key=bytes(16))
    ref = ania.call("POST", "/sessions/online", body).json()["referenceNumber"]
    session = Sealed(ref, bytes(32), bytes(16))
    ania.final(session)
    early = update(sessions).where(sessions.c.ref == ref).values(status=100, bad_key=False)
    desk.write(lambda db: db.execute(early))
    assert ania.settled(session, ania.invoice("FV/1"))["status"] == {
        "code": 405,
        "description": "Przetwarzanie anulowane z powodu błędu sesji",
    }


# ---- the document


def lines(document: bytes, count: int) -> bytes:
    """The document with as many lines as wanted, each as short as the schema lets it be."""
    start, end = document.index(b"<FaWiersz>"), document.rindex(b"</FaWiersz>") + len(b"</FaWiersz>")
    body = b"".join(b"<FaWiersz><NrWierszaFa>%d</NrWierszaFa></FaWiersz>" % n for n in range(1, count + 1))
    return document[:start] + body + document[end:]


def test_ten_thousand_lines(ania: Person, session: Sealed) -> None:
    assert verdict(ania, session, lines(ania.invoice("FV/1"), 10_001))[0] == 450
    assert verdict(ania, session, lines(ania.invoice("FV/1"), 10_000))[0] == 200


@pytest.mark.parametrize(
    "document",
    [
        b" ",
        b"x",
        b"<x>",
        b"<x/><y/>",
        b"\0" * 64,
        b"\xff\xfe<\0x\0/\0>\0",
        b'<?xml version="1.0" encoding="ISO-8859-2"?><x/>',
        b"<x>\xff</x>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b"<x>&#0;</x>",
        b"<x>" * 100_000,
        b"<a>" * 250 + b"</a>" * 250,
        b"<x " + b" ".join(b'a%d=""' % n for n in range(20_000)) + b"/>",
        b"<x>\x7f</x>",
        EMPTY,
        EMPTY.replace(b"Faktura", b"Inna"),
    ],
)
def test_hostile_documents(ania: Person, session: Sealed, document: bytes) -> None:
    code, details = verdict(ania, session, document)
    assert code == 450
    assert details


def test_an_unparsable_document_has_one_text(ania: Person, session: Sealed) -> None:
    assert verdict(ania, session, b"<x>") == (450, ["Nieprawidłowy XML"])


def test_a_processing_instruction(ania: Person, session: Sealed) -> None:
    document = ania.invoice("FV/1").replace(b"<Faktura", b'<?xml-stylesheet href="x"?><Faktura', 1)
    assert verdict(ania, session, document)[0] == 450


def test_discouraged_characters_are_refused_on_test_and_pass_on_prd(ania: Person, session: Sealed) -> None:
    document = ania.invoice("FV/1", seller_name="Firma \x7f Ani")
    assert verdict(ania, session, document)[0] == 450
    with desk_at(profile="prd") as prd:
        firm = prd.firm()
        assert verdict(firm, firm.open(), firm.invoice("FV/1", seller_name="Firma \x7f Ani"))[0] == 200


@pytest.mark.parametrize("form", ["FA (2)", "FA_RR (1)"])
def test_a_document_of_another_form(ania: Person, form: Any) -> None:
    assert verdict(ania, ania.open(form), ania.invoice("FV/1"))[0] == 450


def test_an_older_form(ania: Person) -> None:
    now = datetime.now(UTC)
    document = samples.fa2_invoice(ania.nip, "1111111111", "FV/1", now.date() - timedelta(days=1), now)
    assert verdict(ania, ania.open("FA (2)"), document)[0] == 200


def test_texts_are_kept_byte_for_byte(ania: Person, session: Sealed) -> None:
    name = "<script>alert(1)</script> =CMD() \u202egnp.exe " + "ż" * 200
    document = ania.invoice("FV/1", seller_name=name)
    outcome = ania.settled(session, document)
    assert ania.stored(outcome["ksefNumber"])["seller"]["name"] == name
    assert ania.call("GET", f"/invoices/ksef/{outcome['ksefNumber']}").content == document


def test_a_reject_may_be_sent_again(ania: Person, session: Sealed) -> None:
    faulty = ania.invoice("FV/1").replace(b"<P_2>FV/1</P_2>", b"")
    assert verdict(ania, session, faulty)[0] == 450
    assert verdict(ania, session, ania.invoice("FV/1"))[0] == 200


# ---- days


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 3, 2, 22, 59, 59, tzinfo=UTC),  # a minute to midnight in Warsaw, winter
        datetime(2026, 7, 2, 21, 59, 59, tzinfo=UTC),  # the same in summer
        datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),  # before the clocks go forward
        datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC),  # in the hour that comes twice
    ],
)
def test_tomorrow_in_poland_is_the_future(instant: datetime) -> None:
    clock = ManualClock(instant)
    with desk_at(clock=clock) as desk:
        ania = desk.firm()
        session = ania.open()
        today = desk.today()
        assert verdict(ania, session, ania.invoice("FV/1", day=today + timedelta(days=1)))[0] == 450
        accepted = ania.settled(session, ania.invoice("FV/2", day=today))
        assert (accepted["status"]["code"], accepted["invoicingMode"]) == (200, "Online")
        assert accepted["ksefNumber"][11:19] == f"{today:%Y%m%d}"
        clock.advance(seconds=2)
        if desk.today() > today:
            later = ania.settled(session, ania.invoice("FV/3", day=today))
            assert (later["status"]["code"], later["invoicingMode"]) == (200, "Offline")
            assert verdict(ania, session, ania.invoice("FV/4", day=today + timedelta(days=1)))[0] == 200


def test_declared_offline_stays_offline(ania: Person, session: Sealed) -> None:
    assert ania.settled(session, ania.invoice("FV/1"), offlineMode=True)["invoicingMode"] == "Offline"


def test_an_old_invoice_is_offline(ania: Person, session: Sealed) -> None:
    old = ania.invoice("FV/1", day=date(2026, 2, 1))
    assert ania.settled(session, old)["invoicingMode"] == "Offline"


# ---- identifiers


def test_checksums_are_looked_at_when_asked_for(desk: Desk) -> None:
    ania = desk.firm("5265877636")  # one more than a right checksum
    document = ania.invoice("FV/1")
    assert verdict(ania, ania.open(), document)[0] == 200
    strict = ania.open(headers={"X-KSeF-Feature": "subject-identifier-validation"})
    code, details = verdict(ania, strict, ania.invoice("FV/2"))
    assert (code, len(details)) == (450, 1)
    assert "5265877636" in details[0]
    # A list of features is ignored, as observed on TEST.
    listed = ania.open(headers={"X-KSeF-Feature": "subject-identifier-validation,upo-v4-3"})
    assert verdict(ania, listed, ania.invoice("FV/3"))[0] == 200


def test_checksums_are_always_looked_at_on_prd() -> None:
    with desk_at(profile="prd") as desk:
        ania = desk.firm("5265877636")
        assert verdict(ania, ania.open(), ania.invoice("FV/1"))[0] == 450


# ---- who may issue


def test_an_invoice_of_a_foreign_seller(desk: Desk, ania: Person, session: Sealed) -> None:
    obcy = desk.firm()
    code, details = verdict(ania, session, obcy.invoice("FV/1"))
    assert code == 410
    who, whose = f"Kontekst {ania.nip} nie jest uprawniony", f"sprzedawcy (NIP: {obcy.nip})"
    assert details == [f"{who} do wystawienia faktury w imieniu {whose}"]


def test_biuro_issues_in_the_name_of_ania(desk: Desk, ania: Person) -> None:
    biuro = desk.worker(ania, "InvoiceWrite")
    assert verdict(biuro, biuro.open(), ania.invoice("FV/1"))[0] == 200


@pytest.mark.parametrize("permission", ["PefInvoiceWrite", "EnforcementOperations"])
def test_other_permissions_do_not_issue_own_invoices(desk: Desk, ania: Person, permission: str) -> None:
    other = desk.worker(ania, permission)
    assert verdict(other, other.open(), ania.invoice("FV/1")) == (410, ["Brak uprawnienia fakturowego"])


def test_self_invoicing_needs_the_sellers_grant(desk: Desk, ania: Person, session: Sealed) -> None:
    seller, today = new_nip(), desk.today()
    document = samples.self_invoice(seller, ania.nip, "FV/1", today, desk.ksef.clock.now())
    assert verdict(ania, session, document)[0] == 410
    desk.grant(seller, ania.context, "SelfInvoicing")
    outcome = ania.settled(session, document)
    assert outcome["status"]["code"] == 200
    assert outcome["ksefNumber"].startswith(seller)
    assert ania.stored(outcome["ksefNumber"], "Subject2")["isSelfInvoicing"] is True
    assert desk.firm(seller).stored(outcome["ksefNumber"], "Subject1")["seller"]["nip"] == seller
    # The grant is for self-invoicing, not for any invoice of that seller.
    plain = samples.invoice(seller, ania.nip, "FV/2", today, desk.ksef.clock.now())
    assert verdict(ania, session, plain)[0] == 410
    # And to Ania, not to Obcy.
    obcy = desk.firm()
    foreign = samples.self_invoice(seller, obcy.nip, "FV/3", today, desk.ksef.clock.now())
    assert verdict(obcy, obcy.open(), foreign)[0] == 410


def test_self_invoicing_by_an_entity_of_the_union(desk: Desk) -> None:
    seller, vat_ue = new_nip(), "DE123456789"
    context = ("NipVatUe", f"{seller}-{vat_ue}")
    entity = desk.sit(context, ("Fingerprint", "A" * 64), ["InvoiceWrite", "InvoiceRead"])
    options = Options(
        self_invoicing=True,
        buyer_identity_xml="<KodUE>DE</KodUE><NrVatUE>123456789</NrVatUE>",
    )
    document = samples.invoice(seller, "", "FV/1", desk.today(), desk.ksef.clock.now(), options=options)
    session = entity.open()
    assert verdict(entity, session, document)[0] == 410
    desk.let_in(seller, vat_ue)
    outcome = entity.settled(session, document)
    assert outcome["status"]["code"] == 200
    buyer = entity.stored(outcome["ksefNumber"], "Subject2")["buyer"]
    assert buyer["identifier"] == {"type": "VatUe", "value": vat_ue}


def test_a_tax_representative(desk: Desk, ania: Person, session: Sealed) -> None:
    seller = new_nip()
    options = Options(authorized_nip=ania.nip, authorized_role=3)
    document = ania.invoice("FV/1", seller=seller, options=options)
    assert verdict(ania, session, document)[0] == 410
    desk.grant(seller, ania.context, "TaxRepresentative")
    outcome = ania.settled(session, document)
    assert outcome["status"]["code"] == 200
    found = ania.stored(outcome["ksefNumber"], "SubjectAuthorized")
    assert found["authorizedSubject"]["nip"] == ania.nip
    assert found["authorizedSubject"]["role"] == 3


@pytest.mark.parametrize("role", [1, 2])
def test_a_bailiff(desk: Desk, ania: Person, role: int) -> None:
    seller = new_nip()
    document = ania.invoice(
        "FV/1", seller=seller, options=Options(authorized_nip=ania.nip, authorized_role=role)
    )
    clerk = desk.worker(ania, "InvoiceWrite")
    assert verdict(clerk, clerk.open(), document) == (410, ["Brak uprawnienia fakturowego"])
    bailiff = desk.worker(ania, "EnforcementOperations")
    assert verdict(bailiff, bailiff.open(), document)[0] == 200


def test_a_farmers_invoice(desk: Desk, ania: Person) -> None:
    farmer = new_nip()
    session = ania.open("FA_RR (1)")
    now = desk.ksef.clock.now()
    document = samples.rr_invoice(farmer, ania.nip, "RR/1", desk.today(), now, value=Decimal("1000.00"))
    assert verdict(ania, session, document)[0] == 410
    desk.grant(farmer, ania.context, "RRInvoicing")
    outcome = ania.settled(session, document)
    assert outcome["status"]["code"] == 200
    found = ania.stored(outcome["ksefNumber"], "Subject2")
    assert (found["invoiceType"], found["formCode"]["value"]) == ("VatRr", "FA_RR")


def test_a_unit_of_a_municipality(desk: Desk, ania: Person, session: Sealed) -> None:
    parent = new_nip()
    document = ania.invoice(
        "FV/1", seller=parent, options=Options(thirds=[Third(f"<NIP>{ania.nip}</NIP>", 7)])
    )
    assert verdict(ania, session, document)[0] == 410
    unit = {"nip": ania.nip, "kind": "JST", "parent": parent, "description": "unit"}
    created = stamp(desk.ksef.clock.now())
    desk.write(lambda db: db.execute(insert(subjects).values(created=created, **unit)))
    assert verdict(ania, session, document)[0] == 200


def test_an_internal_unit(desk: Desk) -> None:
    parent = new_nip()
    unit = desk.sit(("InternalId", f"{parent}-12345"), ("Nip", new_nip()), ["InvoiceWrite", "InvoiceRead"])
    session = unit.open()
    third = Third(f"<IDWew>{parent}-12345</IDWew>", 7)
    outcome = unit.settled(session, unit.invoice("FV/1", seller=parent, options=Options(thirds=[third])))
    assert outcome["status"]["code"] == 200
    assert unit.stored(outcome["ksefNumber"], "Subject3")["thirdSubjects"][0]["role"] == 7
    assert verdict(unit, session, unit.invoice("FV/2", seller=parent))[0] == 410
    assert (
        verdict(unit, session, unit.invoice("FV/3", seller=new_nip(), options=Options(thirds=[third])))[0]
        == 410
    )


def test_an_authorization_may_come_and_go_while_a_session_is_open(
    desk: Desk, ania: Person, session: Sealed
) -> None:
    """Granted and revoked by the seller over HTTP; checked for each invoice when its turn comes."""
    seller = desk.firm()

    def done(answer: httpx2.Response) -> int:
        assert answer.status_code == 202, answer.text
        path = f"/permissions/operations/{answer.json()['referenceNumber']}"
        code: int = until(lambda: seller.get(path)["status"]["code"], lambda code: code != 100)
        return code

    def sent(number: str) -> tuple[int, list[str]]:
        moment = desk.ksef.clock.now()
        return verdict(
            ania, session, samples.self_invoice(seller.nip, ania.nip, number, desk.today(), moment)
        )

    body = {
        "subjectIdentifier": {"type": "Nip", "value": ania.nip},
        "permission": "SelfInvoicing",
        "description": "for a test",
        "subjectDetails": {"fullName": "Firma Ani"},
    }
    not_for = f"Kontekst {ania.nip} nie jest uprawniony do wystawienia faktury w imieniu sprzedawcy"
    assert sent("FV/1") == (410, [f"{not_for} (NIP: {seller.nip})"])
    assert done(seller.call("POST", "/permissions/authorizations/grants", body)) == 200
    assert sent("FV/2")[0] == 200
    granted = seller.call("POST", "/permissions/query/authorizations/grants", {"queryType": "Granted"})
    (entry,) = granted.json()["authorizationGrants"]
    assert done(seller.call("DELETE", f"/permissions/authorizations/grants/{entry['id']}")) == 200
    assert sent("FV/3")[0] == 410
    # Working in the seller's context is another thing: it opens no invoices from one's own.
    entity = {**body, "permissions": [{"type": "InvoiceWrite", "canDelegate": True}]}
    assert done(seller.call("POST", "/permissions/entities/grants", entity)) == 200
    assert sent("FV/4")[0] == 410


# ---- attachments


def test_attachments_travel_in_batches(ania: Person, session: Sealed) -> None:
    document = ania.invoice("FV/1", options=Options(attachment=True))
    status = ania.settled(session, document)["status"]
    assert status == {"code": 415, "description": "Brak możliwości wysyłania faktury z załącznikiem"}


def test_attachments_need_the_sellers_consent(desk: Desk, ania: Person, session: Sealed) -> None:
    """A technical correction may carry one online, with the consent of the seller, while it is in force."""

    def file(path: str, **body: object) -> None:
        assert desk.http.post(f"/testdata/{path}", json={"nip": ania.nip, **body}).status_code == 200

    def sent(number: str) -> tuple[int, list[str]]:
        document = ania.invoice(number, options=Options(attachment=True))
        declared = sha256_base64(f"rejected earlier {number}".encode())
        return verdict(ania, session, document, offlineMode=True, hashOfCorrectedInvoice=declared)

    no_consent = (410, [f"Sprzedawca {ania.nip} nie posiada zgody do wysyłania faktur z załącznikami"])
    assert sent("FV/1") == no_consent
    file("attachment")
    assert sent("FV/2")[0] == 200
    file("attachment/revoke", expectedEndDate=(desk.today() + timedelta(days=2)).isoformat())
    assert sent("FV/3")[0] == 200
    file("attachment/revoke")
    assert sent("FV/4") == no_consent


# ---- duplicates


def test_a_duplicate_names_the_original(desk: Desk, ania: Person, session: Sealed) -> None:
    original = ania.settled(session, ania.invoice("FV/1"))
    other = ania.open()
    status = ania.settled(other, ania.invoice("FV/1", buyer="2222222222", day=date(2026, 2, 2)))["status"]
    number = original["ksefNumber"]
    assert status == {
        "code": 440,
        "description": "Duplikat faktury",
        "details": [
            f"Duplikat faktury. Faktura o numerze KSeF: {number} została już prawidłowo przesłana do "
            f"systemu w sesji: {session.ref}"
        ],
        "extensions": {"originalSessionReferenceNumber": session.ref, "originalKsefNumber": number},
    }


def test_another_kind_or_number_is_no_duplicate(ania: Person, session: Sealed) -> None:
    for number, kind in (
        ("FV/1", "VAT"),
        ("FV/1", "ROZ"),
        ("fv/1", "VAT"),
        ("FV 1", "VAT"),
        ("FV/01", "VAT"),
    ):
        assert verdict(ania, session, ania.invoice(number, options=Options(kind=kind)))[0] == 200


def test_how_numbers_are_compared(ania: Person, session: Sealed) -> None:
    """Whitespace collapses as the schema says; case and Unicode forms count."""
    composed = unicodedata.normalize("NFC", "FV/ŻÓŁĆ")
    decomposed = unicodedata.normalize("NFD", composed)
    assert verdict(ania, session, ania.invoice(composed))[0] == 200
    assert verdict(ania, session, ania.invoice(decomposed))[0] == 200
    assert verdict(ania, session, ania.invoice("A  B"))[0] == 200
    assert verdict(ania, session, ania.invoice(" A\tB "))[0] == 440


def test_sellers_do_not_share_numbers(desk: Desk, ania: Person, session: Sealed) -> None:
    obcy = desk.firm()
    assert verdict(ania, session, ania.invoice("FV/1"))[0] == 200
    assert verdict(obcy, obcy.open(), obcy.invoice("FV/1"))[0] == 200


# ---- numbers, and what survives


def test_numbers_are_right_and_never_repeat(tmp_path: Path) -> None:
    seen = set()
    ania = session = None
    for start in range(3):
        with desk_at(tmp_path) as desk:
            ania = desk.firm(ania.nip) if ania else desk.firm()
            session = ania.open()
            for n in range(5):
                outcome = ania.settled(session, ania.invoice(f"FV/{start}/{n}"))
                check_ksef_number(outcome["ksefNumber"])
                seen.add(outcome["ksefNumber"][20:32])
    assert len(seen) == 15


def test_what_is_pending_is_settled_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, desk_at(tmp_path) as desk:
        patch.setattr(verification, "_GATHER", 3600)
        ania = desk.firm()
        session = ania.open()
        good, again, bad = ania.invoice("FV/1"), ania.invoice("FV/1", buyer="2222222222"), b"<x/>"
        refs = [ania.send(session, document) for document in (good, again, bad)]
        ania.close(session)
        before = [ania.get(f"/sessions/{session.ref}/invoices/{ref}") for ref in refs]
        assert [found["status"]["code"] for found in before] == [100, 100, 100]
    with desk_at(tmp_path) as desk:
        ania = desk.firm(ania.nip)
        after = [ania.outcome(session, ref) for ref in refs]
        assert [found["status"]["code"] for found in after] == [200, 440, 450]
        assert ania.final(session)["status"]["code"] == 200
        assert ania.stored(after[0]["ksefNumber"])
        assert ania.call("GET", f"/invoices/ksef/{after[0]['ksefNumber']}").content == good
        assert desk.truth()["posts"] == {sha256_base64(document): 1 for document in (good, again, bad)}
