"""Receipts: written as the Ministry writes them, sealed, read, and every lie found."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from klucznik.crypto import authority
from klucznik.crypto.certs import Identity
from klucznik.documents import upo
from klucznik.documents.forms import FORMS
from klucznik.documents.upo import RECEIVER, Upo, UpoDocument, UpoPage
from klucznik.errors import Unreadable
from klucznik.wire import ids

ANIA = "5265877635"
NOW = datetime(2026, 7, 1, 12, 0, 0, 123_999, tzinfo=UTC)
HASHES = ["GZMGNVzs3krF6URKgvaw77OOeG3nJ+WGziT5xguliQ8=", "jli86Kp2Kw7jppX59P8VmjWRcwLTvsPK3DcPEB87mNk="]
FORM = FORMS["FA (3)"]


def document(n: int) -> UpoDocument:
    return UpoDocument(
        seller_nip=ANIA,
        ksef_number=ids.make_ksef_number(ANIA, NOW.date(), f"{n:012X}"),
        invoice_number=f"FV/{n}",
        issue_date=date(2026, 6, 30),
        invoicing_date=NOW,
        acquisition_date=NOW + timedelta(seconds=1),
        invoice_hash=HASHES[n % 2],
        invoicing_mode="Online" if n % 3 else "Offline",
    )


ONE = Upo(
    receiver=RECEIVER["test"],
    session_reference="20260701-SO-9D5A28BFDA-47C899773E-5C",
    context_type="Nip",
    context_value=ANIA,
    structure_name=FORM.structure_name,
    form_code=FORM.system_code,
    documents=(document(1),),
    ksef_token_reference="20260601-EC-1ECDD12000-5EE71AE5E3-B7",
)
TWO = replace(ONE, documents=(document(1), document(2)), page=UpoPage(1, 1, 1, 2, 2))


WRONG = document(1).ksef_number[:-2] + "00"


def hashes(receipt: Upo) -> dict[str, str]:
    return {d.ksef_number: d.invoice_hash for d in receipt.documents}


def sealed(receipt: Upo, ministry: Identity) -> bytes:
    return upo.sign_upo(upo.write(receipt), ministry, NOW)


def test_a_receipt_is_written_in_the_official_shape() -> None:
    text = upo.write(TWO).decode()
    assert text.startswith(
        '<?xml version="1.0" encoding="utf-8"?>\n<Potwierdzenie xmlns="http://upo.schematy.mf.gov.pl/KSeF/v4-3">\n'
        "\t<NazwaPodmiotuPrzyjmujacego>Ministerstwo Finansów - środowisko testowe (TE)</"
    )
    assert "<DataPrzeslaniaDokumentu>2026-07-01T14:00:00.123+02:00</DataPrzeslaniaDokumentu>" in text
    assert (
        "<ZakresDokumentowOd>1</ZakresDokumentowOd>\n\t\t<ZakresDokumentowDo>2</ZakresDokumentowDo>" in text
    )
    assert "OpisPotwierdzenia" not in upo.write(ONE).decode()


def test_winter_has_another_offset() -> None:
    winter = replace(document(1), invoicing_date=datetime(2026, 1, 1, tzinfo=UTC))
    assert b"2026-01-01T01:00:00.000+01:00" in upo.write(replace(ONE, documents=(winter,)))


@pytest.mark.parametrize(
    ("context_type", "value"),
    [
        ("Nip", ANIA),
        ("InternalId", f"{ANIA}-12345"),
        ("NipVatUe", f"{ANIA}-ATU12345678"),
        ("PeppolId", "PPL123456"),
    ],
)
@pytest.mark.parametrize("environment", sorted(RECEIVER))
def test_what_is_written_is_read_back_and_valid(
    context_type: upo.ContextType,
    value: str,
    environment: str,
    official_schema: Callable[[str], etree.XMLSchema],
) -> None:
    whole = NOW.replace(microsecond=123_000)  # no finer than a receipt writes
    by_token = replace(
        TWO,
        receiver=RECEIVER[environment],
        context_type=context_type,
        context_value=value,
        documents=(replace(document(1), invoice_number='A & "B" <C>', invoicing_date=whole),),
        page=UpoPage(2, 3, 2, 2, 5),
    )
    by_signature = replace(by_token, ksef_token_reference=None, auth_document_hash=HASHES[0], page=None)
    for receipt in (by_token, by_signature):
        written = upo.write(receipt)
        again = upo.read(written)
        assert upo.write(again) == written
        assert replace(again, documents=()) == replace(receipt, documents=())
        assert again.documents[0].invoicing_date == receipt.documents[0].invoicing_date
        schema = official_schema("UPO/upo-v4-3.xsd")
        tree = etree.fromstring(written)
        name = tree[0]
        assert schema.validate(tree) == (name.text == RECEIVER["prd"])
        name.text = RECEIVER["prd"]  # the schema knows only production's name (upo.md section 4)
        assert schema.validate(tree), schema.error_log


def test_a_signed_receipt_is_valid_once_the_signature_is_taken_off(
    ministry: Identity, official_schema: Callable[[str], etree.XMLSchema]
) -> None:
    tree = etree.fromstring(sealed(replace(TWO, receiver=RECEIVER["prd"]), ministry))
    schema = official_schema("UPO/upo-v4-3.xsd")
    assert not schema.validate(tree)
    tree.remove(tree[-1])
    assert schema.validate(tree), schema.error_log


OFFICIAL = [
    f"{folder}/upo-{kind}-{name}.xml"
    for folder, names in (
        ("kontekst-id-zlozony-vat-ue", ["id-zlozony-vat-ue"] * 2),
        ("kontekst-internal-id", ["internal-id"] * 2),
        ("kontekst-nip", ["kontekst-id-nip"] * 2),
    )
    for kind, name in zip(("faktura", "sesja"), names, strict=True)
]


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_official_samples_are_read_and_written_again_to_the_byte(
    name: str, official_text: Callable[[str], str]
) -> None:
    text = official_text(f"samples/upo/v4-3/{name}")
    receipt = upo.read(text.encode())
    assert receipt == upo.read(b"\xef\xbb\xbf" + text.encode())
    assert len(receipt.documents) == (2 if "sesja" in name else 1)
    for read_document in receipt.documents:
        ids.check_ksef_number(read_document.ksef_number)
    assert upo.write(receipt).decode() == text.replace("</Dokument>\t", "</Dokument>")  # one stray tab
    report = upo.verify(text.encode(), invoice_hashes=hashes(receipt))
    assert [finding.kind for finding in report.findings] == ["signature"]  # published unsigned


def test_the_visualisations_sample_is_read(official_text: Callable[[str], str]) -> None:
    assert upo.read(official_text("samples/invoices/upo-pdf-generator.xml").encode()).structure_name == "1-0E"


@pytest.mark.parametrize("receipt", [ONE, TWO])
def test_a_sealed_receipt_is_in_order(receipt: Upo, ministry: Identity) -> None:
    data = sealed(receipt, ministry)
    report = upo.verify(data, invoice_hashes=hashes(receipt), trusted=[ministry.certificate])
    assert report.findings == ()
    assert report.in_order
    assert report.signature_valid
    assert "Pieczęć Zmyślona" in (report.signer or "")
    assert hashes(report.upo) == hashes(receipt)
    assert upo.verify(b"\xef\xbb\xbf" + data).in_order


def test_trust_goes_by_the_public_key(ministry: Identity) -> None:
    data = sealed(ONE, ministry)
    stranger = authority.seal("Obca Pieczęć", ANIA, now=NOW)
    report = upo.verify(data, trusted=[stranger.certificate])
    assert [finding.kind for finding in report.findings] == ["signer"]
    assert report.signature_valid
    assert upo.verify(data, trusted=[]).findings
    assert upo.verify(data, trusted=[upo.public_key(ministry.certificate)]).in_order


def test_a_seal_outside_its_validity_is_told(ministry: Identity) -> None:
    late = upo.sign_upo(upo.write(ONE), ministry, NOW + timedelta(days=5000))
    assert [finding.kind for finding in upo.verify(late).findings] == ["signer"]


@pytest.mark.parametrize(
    ("old", "new"), [(b"FV/1", b"FV/2"), (HASHES[1].encode(), HASHES[0].encode()), (b"\t", b"  ")]
)
def test_a_changed_receipt_loses_its_signature(old: bytes, new: bytes, ministry: Identity) -> None:
    report = upo.verify(sealed(ONE, ministry).replace(old, new))
    assert "signature" in [finding.kind for finding in report.findings]
    assert not report.signature_valid
    assert report.signer is None


@pytest.mark.parametrize(
    ("receipt", "kinds"),
    [
        (
            replace(ONE, documents=(replace(document(1), ksef_number=document(1).ksef_number[:-2] + "00"),)),
            ["number"],
        ),
        (replace(ONE, documents=(replace(document(1), seller_nip="1111111111"),)), ["number"]),
        (replace(TWO, documents=(document(1), document(1))), ["document"]),
        (replace(TWO, documents=(document(1),)), ["count"]),
        (replace(TWO, page=UpoPage(1, 1, 1, 2, 3)), ["count"]),
        (replace(TWO, page=UpoPage(2, 1, 1, 2, 2)), ["count"]),
        (replace(TWO, page=UpoPage(1, 2, 1, 2, 1)), ["count"]),
        (replace(TWO, page=UpoPage(1, 1, 0, 1, 2)), ["count"]),
        (replace(TWO, page=None), ["count"]),
    ],
)
def test_every_lie_is_found_though_signed(receipt: Upo, kinds: list[str], ministry: Identity) -> None:
    report = upo.verify(sealed(receipt, ministry))
    assert [finding.kind for finding in report.findings] == kinds
    assert report.signature_valid


def test_hashes_are_compared_with_what_was_sent(ministry: Identity) -> None:
    data, first, second = sealed(TWO, ministry), document(1).ksef_number, document(2).ksef_number
    assert [f.kind for f in upo.verify(data, invoice_hashes={}).findings] == ["document", "document"]
    wrong = upo.verify(data, invoice_hashes={first: HASHES[0], second: HASHES[0]}).findings
    assert [(f.kind, f.ksef_number) for f in wrong] == [("hash", first)]
    assert HASHES[1] in wrong[0].message
    third = document(3).ksef_number
    missing = upo.verify(data, invoice_hashes={**hashes(TWO), third: HASHES[0]}).findings
    assert [(f.kind, f.ksef_number) for f in missing] == [("document", third)]


def test_pages_are_counted_together() -> None:
    pages = [
        replace(ONE, documents=(document(1), document(2)), page=UpoPage(1, 2, 1, 2, 3)),
        replace(ONE, documents=(document(3),), page=UpoPage(2, 2, 3, 3, 3)),
    ]
    assert upo.check_pages(pages, 3) == []
    assert upo.check_pages(pages[::-1], 3) == []
    assert len(upo.check_pages(pages, 4)) == 1
    assert len(upo.check_pages(pages[:1], 3)) == 2
    assert upo.check_pages([ONE], 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Potwierdzenie", "Potwierdzenia"),
        ("KSeF/v4-3", "KSeF/v4-2"),
        ("<SkrotDokumentu>", "<Nowosc/><SkrotDokumentu>"),
        ("<Strona>1", "<Strona>jeden"),
        (">Online<", ">Telefon<"),
        ("2026-06-30", "czerwiec"),
        ("2026-07-01T14:00:00.123+02:00", "wczoraj"),
        ("<NumerFaktury>FV/1", "<NumerFaktury><b/>FV/1"),
        ("</KodFormularza>", ""),
    ],
)
def test_what_is_no_receipt_is_unreadable(old: str, new: str) -> None:
    text = upo.write(TWO).decode()
    assert old in text
    with pytest.raises(Unreadable):
        upo.read(text.replace(old, new).encode())


def test_a_login_is_by_token_or_by_signature() -> None:
    with pytest.raises(ValueError, match="one of them"):
        upo.write(replace(ONE, auth_document_hash=HASHES[0]))
    with pytest.raises(ValueError, match="one of them"):
        upo.write(replace(ONE, ksef_token_reference=None))


def test_a_full_page_is_quick(ministry: Identity, tmp_path: Path) -> None:
    documents = tuple(map(document, range(10_000)))
    receipt = replace(ONE, documents=documents, page=UpoPage(1, 1, 1, 10_000, 10_000))
    start = time.perf_counter()
    written = upo.write(receipt)
    assert time.perf_counter() - start < 1
    data = upo.sign_upo(written, ministry, NOW)
    report = upo.verify(data, invoice_hashes=hashes(receipt), trusted=[ministry.certificate])
    assert report.in_order
    with pytest.raises(Unreadable):
        upo.read(upo.write(replace(receipt, documents=(*documents, document(10_001)))))
