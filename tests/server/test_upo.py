"""Receipts of the local KSeF. Rules: upo.md."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from klucznik.clock import ManualClock
from klucznik.crypto import xades
from klucznik.crypto.envelope import sha256_base64
from klucznik.documents import samples, upo
from klucznik.server import upos

from .desk import Desk, Person, desk_at, new_nip, refusal

SCHEMA = Path(__file__).parents[2].parent / "shared" / "ksef" / "schemas" / "UPO" / "upo-v4-3.xsd"
ROOT = ["{http://upo.schematy.mf.gov.pl/KSeF/v4-3}Potwierdzenie"]
NO_SUCH = "20260101-EU-0000000000-0000000000-00"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with desk_at() as found:
        yield found


@pytest.fixture(params=[{}, {"X-Error-Format": "problem-details"}], ids=["old", "problem"])
def ania(desk: Desk, request: pytest.FixtureRequest) -> Person:
    firm = desk.firm()
    firm.headers = request.param
    return firm


def xml(person: Person, path: str) -> bytes:
    response = person.call("GET", path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/xml"
    assert response.headers["x-ms-meta-hash"] == b64encode(sha256(response.content).digest()).decode()
    return response.content


def test_the_receipt_of_an_invoice(desk: Desk, ania: Person) -> None:
    session, document = ania.open(), ania.invoice("FV/1")
    outcome = ania.settled(session, document)
    receipt = upo.read(xml(ania, f"/sessions/{session.ref}/invoices/{outcome['referenceNumber']}/upo"))
    assert receipt.receiver == "Ministerstwo Finansów - środowisko testowe (TE)"
    assert receipt.session_reference == session.ref
    assert (receipt.context_type, receipt.context_value) == ("Nip", ania.nip)
    assert receipt.ksef_token_reference
    assert receipt.auth_document_hash is None
    assert (receipt.structure_name, receipt.form_code) == ("Schemat_FA(3)_v1-0E.xsd", "FA (3)")
    assert receipt.page is None
    (one,) = receipt.documents
    assert (one.seller_nip, one.ksef_number, one.invoice_number) == (ania.nip, outcome["ksefNumber"], "FV/1")
    assert one.invoice_hash == sha256_base64(document)
    assert (one.issue_date, one.invoicing_mode) == (desk.today(), "Online")
    for name, instant in (
        ("invoicingDate", one.invoicing_date),
        ("acquisitionDate", one.acquisition_date),
    ):
        cut = instant.astimezone(UTC).isoformat(timespec="milliseconds")[:23]
        assert outcome[name].startswith(cut)


def test_instants_are_in_polish_time() -> None:
    clock = ManualClock(datetime(2026, 7, 2, 9, 0, 0, 841_000, tzinfo=UTC))
    with desk_at(clock=clock) as desk:
        ania = desk.firm()
        session = ania.open()
        ref = ania.settled(session, ania.invoice("FV/1"))["referenceNumber"]
        text = xml(ania, f"/sessions/{session.ref}/invoices/{ref}/upo")
        assert b"<DataPrzeslaniaDokumentu>2026-07-02T11:00:00.841+02:00</DataPrzeslaniaDokumentu>" in text


def test_all_ways_give_the_same_bytes(desk: Desk, ania: Person) -> None:
    session = ania.open()
    outcome = ania.settled(session, ania.invoice("FV/1"))
    by_reference = f"/sessions/{session.ref}/invoices/{outcome['referenceNumber']}/upo"
    by_number = f"/sessions/{session.ref}/invoices/ksef/{outcome['ksefNumber']}/upo"
    first = xml(ania, by_reference)
    assert xml(ania, by_number) == first
    # The link needs no bearer.
    link = desk.http.get(outcome["upoDownloadUrl"])
    assert link.content == first
    assert link.headers["x-ms-meta-hash"] == sha256_base64(first)
    assert xml(ania, by_reference) == first


def test_receipts_survive_a_restart(tmp_path: Path) -> None:
    with desk_at(tmp_path) as desk:
        ania = desk.firm()
        session = ania.open()
        ref = ania.settled(session, ania.invoice("FV/1"))["referenceNumber"]
        ania.finished(session)
        kept = xml(ania, f"/sessions/{session.ref}/invoices/{ref}/upo")
        page = ania.final(session)["upo"]["pages"][0]["referenceNumber"]
        kept_page = xml(ania, f"/sessions/{session.ref}/upo/{page}")
    with desk_at(tmp_path) as desk:
        ania = desk.firm(ania.nip)
        assert xml(ania, f"/sessions/{session.ref}/invoices/{ref}/upo") == kept
        assert xml(ania, f"/sessions/{session.ref}/upo/{page}") == kept_page


def test_the_seal_holds(desk: Desk, ania: Person) -> None:
    session = ania.open()
    ania.settled(session, ania.invoice("FV/1"))
    (page,) = ania.finished(session)["upo"]["pages"]
    document = xml(ania, f"/sessions/{session.ref}/upo/{page['referenceNumber']}")
    verified = xades.verify(document, expect_root=ROOT)
    assert verified.certificate == desk.ksef.keys.seal.certificate
    broken = document.replace(b"<NumerFaktury>FV/1", b"<NumerFaktury>FV/2")
    assert broken != document
    with pytest.raises(xades.SignatureProblem):
        xades.verify(broken, expect_root=ROOT)


def test_the_receipt_of_a_session(desk: Desk, ania: Person) -> None:
    session = ania.open()
    good = [ania.settled(session, ania.invoice(f"FV/{n}"))["ksefNumber"] for n in range(3)]
    ania.settled(session, b"<x/>")
    ania.settled(session, ania.invoice("FV/1"))
    (page,) = ania.finished(session)["upo"]["pages"]
    receipt = upo.read(xml(ania, f"/sessions/{session.ref}/upo/{page['referenceNumber']}"))
    assert [document.ksef_number for document in receipt.documents] == good
    assert receipt.page is not None
    assert (receipt.page.number, receipt.page.pages) == (1, 1)
    assert (receipt.page.first, receipt.page.last, receipt.page.total) == (1, 3, 3)
    assert desk.http.get(page["downloadUrl"]).content == xml(
        ania, f"/sessions/{session.ref}/upo/{page['referenceNumber']}"
    )


def test_pages_of_a_session(desk: Desk, ania: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upos, "PAGE", 4)
    session = ania.open()
    for n in range(10):
        ania.send(session, ania.invoice(f"FV/{n}"))
    pages = ania.finished(session)["upo"]["pages"]
    assert len({page["referenceNumber"] for page in pages}) == 3
    seen = []
    for number, page in enumerate(pages, 1):
        receipt = upo.read(desk.http.get(page["downloadUrl"]).content)
        assert receipt.page is not None
        assert (receipt.page.number, receipt.page.pages, receipt.page.total) == (number, 3, 10)
        assert receipt.page.last - receipt.page.first + 1 == len(receipt.documents)
        seen += [document.invoice_number for document in receipt.documents]
    assert seen == [f"FV/{n}" for n in range(10)]


@pytest.mark.parametrize(
    ("context", "permissions"),
    [
        (("Nip", "5265877635"), ["InvoiceWrite"]),
        (("InternalId", "5265877635-12345"), ["InvoiceWrite"]),
        (("NipVatUe", "5265877635-DE123456789"), ["InvoiceWrite"]),
    ],
)
@pytest.mark.parametrize("token", [True, False])
@pytest.mark.parametrize("profile", ["test", "demo", "prd"])
def test_receipts_are_valid_by_the_official_schema(
    context: tuple[str, str], permissions: list[str], token: bool, profile: Any
) -> None:
    if not SCHEMA.exists():
        pytest.skip("the official schemas are not beside this repository")
    with desk_at(profile=profile) as desk:
        person = desk.sit(context, ("Nip", new_nip()), permissions, token=token)
        options = samples.Options()
        if context[0] == "InternalId":
            options = samples.Options(thirds=[samples.Third(f"<IDWew>{context[1]}</IDWew>", 7)])
        if context[0] == "NipVatUe":
            desk.let_in("5265877635", "DE123456789")
            identity = "<KodUE>DE</KodUE><NrVatUE>123456789</NrVatUE>"
            options = samples.Options(self_invoicing=True, buyer_identity_xml=identity)
        session = person.open()
        outcome = person.settled(session, person.invoice("FV/1", options=options))
        assert outcome["status"]["code"] == 200, outcome
        (page,) = person.finished(session)["upo"]["pages"]
        for path in (f"invoices/ksef/{outcome['ksefNumber']}/upo", f"upo/{page['referenceNumber']}"):
            document = xml(person, f"/sessions/{session.ref}/{path}")
            root = etree.fromstring(document)
            for signature in root.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
                root.remove(signature)
            # The schema fixes the name of the receiving party; the other environments add to it.
            name = root.find("{*}NazwaPodmiotuPrzyjmujacego")
            assert name is not None
            assert name.text is not None
            assert name.text.startswith("Ministerstwo Finansów")
            assert (name.text == "Ministerstwo Finansów") == (profile == "prd")
            name.text = "Ministerstwo Finansów"
            etree.XMLSchema(file=str(SCHEMA)).assertValid(root)
            receipt = upo.read(document)
            assert (receipt.ksef_token_reference is not None) == token
            assert (receipt.auth_document_hash is not None) != token


# ---- refusals


def test_there_is_no_receipt_of_a_reject(ania: Person) -> None:
    session = ania.open()
    ref = ania.settled(session, b"<x/>")["referenceNumber"]
    assert refusal(ania.call("GET", f"/sessions/{session.ref}/invoices/{ref}/upo")).code == 21405


def test_an_unknown_ksef_number(desk: Desk, ania: Person) -> None:
    session, number = ania.open(), f"{ania.nip}-20260101-010000000000-00"
    refused = refusal(ania.call("GET", f"/sessions/{session.ref}/invoices/ksef/{number}/upo"))
    assert (refused.code, refused.description) == (21178, "Nie znaleziono UPO dla podanych kryteriów.")
    assert refused.details == [
        f"UPO o numerze KSeF {number} i numerze referencyjnym sesji {session.ref} nie zostało znalezione."
    ]
    # Of another session, of a session that never was: the same.
    other = ania.open()
    accepted = ania.settled(other, ania.invoice("FV/1"))["ksefNumber"]
    assert refusal(ania.call("GET", f"/sessions/{session.ref}/invoices/ksef/{accepted}/upo")).code == 21178
    assert refusal(ania.call("GET", f"/sessions/{NO_SUCH}/invoices/ksef/{accepted}/upo")).code == 21178


@pytest.mark.parametrize(
    "number", ["x", "0000000000-20260101-010000000000-00", "1111111111-20260101-01", "%00"]
)
def test_what_is_no_ksef_number(ania: Person, number: str) -> None:
    session = ania.open()
    assert refusal(ania.call("GET", f"/sessions/{session.ref}/invoices/ksef/{number}/upo")).code == 21405


def test_an_unknown_page(ania: Person) -> None:
    session = ania.open()
    refused = refusal(ania.call("GET", f"/sessions/{session.ref}/upo/{NO_SUCH}"))
    assert refused.code == 21178
    assert refused.details == [
        f"UPO o numerze referencyjnym {NO_SUCH} dla sesji {session.ref} nie zostało znalezione."
    ]
    # The receipt of an invoice is not a page, and the page of one session not that of another.
    ref = ania.settled(session, ania.invoice("FV/1"))["referenceNumber"]
    xml(ania, f"/sessions/{session.ref}/invoices/{ref}/upo")
    assert refusal(ania.call("GET", f"/sessions/{session.ref}/upo/{ref}")).code == 21178
    (page,) = ania.finished(session)["upo"]["pages"]
    other = ania.open()
    assert refusal(ania.call("GET", f"/sessions/{other.ref}/upo/{page['referenceNumber']}")).code == 21178


def test_the_buyer_does_not_get_the_sellers_receipt(desk: Desk, ania: Person) -> None:
    buyer = desk.firm()
    session = ania.open()
    outcome = ania.settled(session, ania.invoice("FV/1", buyer=buyer.nip))
    response = buyer.call("GET", f"/sessions/{session.ref}/invoices/ksef/{outcome['ksefNumber']}/upo")
    assert response.status_code == 403
