"""`klucznik invoice show` and `pdf`, `klucznik upo show` and `pdf`: at the terminal, on paper, as HTML."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from pypdf import PdfReader

from klucznik.crypto import qr
from klucznik.crypto.authority import seal
from klucznik.documents import forms, read, samples, upo
from klucznik.documents.upo import Upo, UpoDocument
from klucznik.documents.view import invoices, pdf
from klucznik.wire import ids
from processes import Terminal

NIP, BUYER = "5265877635", "1111111111"
DAY = date(2026, 2, 1)
CREATED = datetime(2026, 2, 1, 9, tzinfo=UTC)
INVOICE = samples.invoice(NIP, BUYER, "FV/1", DAY, CREATED)
NUMBER = ids.make_ksef_number(NIP, DAY, "0100001AF629")
KOD_I = f"https://qr-test.ksef.mf.gov.pl/invoice/{NIP}/01-02-2026/{qr.digest_of(INVOICE)}"


def receipt() -> bytes:
    document = UpoDocument(NIP, NUMBER, "FV/1", DAY, CREATED, CREATED, "x" * 43 + "=", "Online")
    return upo.write(
        Upo(
            receiver="Ministerstwo Finansów",
            session_reference="20260201-SO-1111111111-2222222222-33",
            context_type="Nip",
            context_value=NIP,
            structure_name=forms.FA3.structure_name,
            form_code=forms.FA3.system_code,
            documents=(document,),
            ksef_token_reference="20260201-EC-1111111111-2222222222-33",
        )
    )


@pytest.fixture
def desk(tmp_path: Path) -> Terminal:
    (tmp_path / "f.xml").write_bytes(INVOICE)
    (tmp_path / "g.xml").write_bytes(samples.invoice(BUYER, NIP, "FV/2", DAY, CREATED))
    (tmp_path / "rr.xml").write_bytes(samples.rr_invoice(NIP, BUYER, "RR/1", DAY, CREATED))
    (tmp_path / "upo.xml").write_bytes(receipt())
    (tmp_path / "bad.xml").write_bytes(INVOICE.replace(b"<KodWaluty>PLN</KodWaluty>", b""))
    (tmp_path / "note.txt").write_text("to nie faktura")
    return Terminal(tmp_path, "test")


def words(path: Path) -> str:
    text = " ".join(page.extract_text() for page in PdfReader(path).pages)
    return " ".join(text.replace("\u00a0", " ").split())


# ---- the terminal ----------------------------------------------------------------------------------


def test_an_invoice_in_the_terminal(desk: Terminal) -> None:
    out = desk.run("invoice", "show", "f.xml").out
    places = [
        out.index(word) for word in ("FV/1", "Seller", "Buyer", "Details", "Lines", "Total due", "Tax by")
    ]
    assert places == sorted(places)
    assert "KSeF number" not in out


def test_from_standard_input(desk: Terminal) -> None:
    shown = desk.run("invoice", "show", "f.xml").out
    assert desk.run("invoice", "show", "-", typed=INVOICE).out == shown
    assert NUMBER in desk.run("upo", "show", "-", typed=receipt()).out


def test_in_the_language_of_the_terminal_or_the_one_chosen(desk: Terminal) -> None:
    polish = replace(desk, language="pl")
    assert "Sprzedawca" in polish.run("invoice", "show", "f.xml").out
    assert "Sprzedawca" in desk.run("invoice", "show", "f.xml", "--language", "pl").out
    assert "Seller" in polish.run("invoice", "show", "f.xml", "--language", "en").out


@pytest.mark.parametrize("width", ["80", "120"])
def test_it_is_as_wide_as_the_terminal(desk: Terminal, width: str) -> None:
    narrow = replace(desk, more={"COLUMNS": width})
    lines = narrow.run("invoice", "show", "f.xml").out.splitlines()
    assert max(map(len, lines)) <= int(width)


def test_the_ksef_number_is_given_or_the_name_of_the_file(desk: Terminal) -> None:
    assert NUMBER in desk.run("invoice", "show", "f.xml", "--ksef-number", NUMBER).out
    (desk.home / f"{NUMBER}.xml").write_bytes(INVOICE)
    assert f"KSeF number: {NUMBER}" in desk.run("invoice", "show", f"{NUMBER}.xml").out
    foreign = ids.make_ksef_number(BUYER, DAY, "0100001AF629")
    (desk.home / f"{foreign}.xml").write_bytes(INVOICE)
    assert "KSeF number" not in desk.run("invoice", "show", f"{foreign}.xml").out


@pytest.mark.parametrize(
    ("number", "told", "code"),
    [
        (NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1"), "its checksum is", 2),
        ("kot", "is not a KSeF number", 2),
        (ids.make_ksef_number(BUYER, DAY, "0100001AF629"), "is not the number of f.xml", 1),
    ],
)
def test_a_wrong_ksef_number_is_refused(desk: Terminal, number: str, told: str, code: int) -> None:
    for command in ("show", "pdf"):
        done = desk.run("invoice", command, "f.xml", "--ksef-number", number, code=code)
        assert told in done.err
        assert done.out == ""
    assert not (desk.home / "f.pdf").exists()


def test_json_is_the_invoice_by_its_elements(desk: Terminal) -> None:
    (told,) = desk.run("invoice", "show", "f.xml", "--json").objects()
    assert told["Podmiot1"]["DaneIdentyfikacyjne"]["NIP"] == NIP
    assert told["Fa"]["P_2"] == "FV/1"


@pytest.mark.parametrize(("file", "code"), [("bad.xml", 1), ("note.txt", 2), ("none.xml", 2)])
def test_what_is_no_invoice_is_refused(desk: Terminal, file: str, code: int) -> None:
    done = desk.run("invoice", "show", file, code=None)
    assert done.code in (1, 2)
    assert done.out == ""
    assert done.err.startswith("Error: ")
    assert done.code == code


# ---- paper -----------------------------------------------------------------------------------------


def test_what_stands_twice_is_not_shown_as_if_it_stood_once(desk: Terminal) -> None:
    (desk.home / "twice.xml").write_bytes(INVOICE.replace(b"<P_2>", b"<P_2>FV/0</P_2><P_2>"))
    for command in ("show", "pdf"):
        done = desk.run("invoice", command, "twice.xml", code=1)
        assert "Fa/P_2[2]" in done.err
    assert not (desk.home / "twice.pdf").exists()


def test_an_invoice_on_paper_with_its_code(desk: Terminal) -> None:
    done = desk.run("invoice", "pdf", "f.xml", "--ksef-number", NUMBER, "--language", "pl")
    assert (done.out, done.err) == ("f.pdf\n", "")
    printed = desk.home / "f.pdf"
    text = words(printed)
    for word in ("FV/1", "Numer KSeF", NUMBER, "Sprzedawca", "Kwota należności ogółem"):
        assert word in text
    assert KOD_I in text.replace(" ", "")
    assert "OFFLINE" not in text


def test_the_code_can_be_scanned(desk: Terminal) -> None:
    sheet = invoices.sheet(read.invoice(INVOICE), invoice_link=KOD_I)
    found = []
    for picture in pdf.pages(sheet):
        found += [one.text for one in zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L"))]
    assert found == [KOD_I]


def test_without_a_number_the_code_says_offline_and_without_a_code_nothing(desk: Terminal) -> None:
    desk.run("invoice", "pdf", "f.xml")
    assert "OFFLINE" in words(desk.home / "f.pdf")
    desk.run("invoice", "pdf", "f.xml", "--no-qr", "--output", "bare.pdf")
    assert "OFFLINE" not in words(desk.home / "bare.pdf")
    assert "qr-test" not in words(desk.home / "bare.pdf")


def test_an_invoice_issued_offline_carries_both_codes(desk: Terminal) -> None:
    identity = seal("Zmyślona Wytwórnia", NIP, now=datetime.now(UTC), key="ec")
    (desk.home / "offline.pem").write_bytes(identity.to_pem())
    desk.run("invoice", "pdf", "f.xml", "--certificate", "offline.pem", "--html")
    page = (desk.home / "f.html").read_text(encoding="utf-8")
    (link,) = re.findall(r'href="(https://qr-test[^"]*/certificate/[^"]*)"', page)
    assert "CERTYFIKAT" in page
    told = desk.run("qr", "check", link, "--certificate", "offline.pem", "--invoice", "f.xml", "--json")
    assert told.objects()[0]["inOrder"]


def test_the_environment_says_where_the_code_leads(desk: Terminal) -> None:
    desk.run("invoice", "pdf", "f.xml", "--ksef", "https://ksef.example/v2", "--html")
    page = (desk.home / "f.html").read_text(encoding="utf-8")
    assert f"https://ksef.example/qr/invoice/{NIP}/01-02-2026/" in page


def test_the_same_invoice_gives_the_same_paper(desk: Terminal) -> None:
    for name in ("a.pdf", "b.pdf"):
        desk.run("invoice", "pdf", "f.xml", "--output", name)
    assert (desk.home / "a.pdf").read_bytes() == (desk.home / "b.pdf").read_bytes()


def test_many_files_into_a_folder(desk: Terminal) -> None:
    done = desk.run("invoice", "pdf", "f.xml", "g.xml", "rr.xml", "--output-dir", "papers/2026")
    folder = Path("papers/2026")
    assert done.out.splitlines() == [str(folder / f"{name}.pdf") for name in ("f", "g", "rr")]
    assert done.err == ""
    assert "RR/1" in words(desk.home / folder / "rr.pdf")


def test_html_with_a_watermark(desk: Terminal) -> None:
    assert desk.run("invoice", "pdf", "f.xml", "--html", "--watermark", "PROJEKT <1>").out == "f.html\n"
    assert "PROJEKT &lt;1&gt;" in (desk.home / "f.html").read_text(encoding="utf-8")


def test_nothing_is_overwritten_unless_told(desk: Terminal) -> None:
    (desk.home / "f.pdf").write_bytes(b"moje")
    done = desk.run("invoice", "pdf", "f.xml", "g.xml", code=2)
    assert "f.pdf is there already" in done.err
    assert "--force" in done.err
    assert done.out == "g.pdf\n"
    assert (desk.home / "f.pdf").read_bytes() == b"moje"
    desk.run("invoice", "pdf", "f.xml", "--force")
    assert (desk.home / "f.pdf").read_bytes().startswith(b"%PDF")


def test_one_that_cannot_be_printed_does_not_stop_the_others(desk: Terminal) -> None:
    done = desk.run("invoice", "pdf", "bad.xml", "f.xml", "note.txt", code=2)
    assert done.out == "f.pdf\n"
    assert "bad.xml" in done.err
    assert "note.txt" in done.err
    assert desk.run("invoice", "pdf", "bad.xml", code=1).out == ""
    assert not (desk.home / "bad.pdf").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("f.xml", "g.xml", "--output", "x.pdf"),
        ("f.xml", "--output", "x.pdf", "--output-dir", "y"),
        ("f.xml", "g.xml", "--ksef-number", NUMBER),
        ("f.xml", "--output", "f.xml", "--force"),
        ("f.xml", "f.xml", "--force"),
        ("f.xml", "--language", "de"),
        ("f.xml", "--key", "f.xml"),
        ("f.xml", "--certificate", "f.xml", "--no-qr"),
        (),
    ],
)
def test_wrong_usage_prints_nothing(desk: Terminal, arguments: tuple[str, ...]) -> None:
    before = sorted(desk.home.iterdir())
    assert desk.run("invoice", "pdf", *arguments, code=64).out == ""
    assert sorted(desk.home.iterdir()) == before
    assert (desk.home / "f.xml").read_bytes() == INVOICE


def test_a_place_that_cannot_be_written_is_told(desk: Terminal) -> None:
    done = desk.run("invoice", "pdf", "f.xml", "--output", "note.txt/f.pdf", code=2)
    assert "cannot be written" in done.err


# ---- receipts --------------------------------------------------------------------------------------


def test_a_receipt_in_the_terminal_and_on_paper(desk: Terminal) -> None:
    shown = desk.run("upo", "show", "upo.xml", "--language", "pl").out
    assert "Urzędowe poświadczenie odbioru" in shown
    assert "-EC-" not in shown
    assert desk.run("upo", "pdf", "upo.xml", "--language", "pl").out == "upo.pdf\n"
    page = PdfReader(desk.home / "upo.pdf").pages[0]
    assert page.mediabox.width > page.mediabox.height
    assert NUMBER in words(desk.home / "upo.pdf")
    assert desk.run("upo", "pdf", "upo.xml", "--html").out == "upo.html\n"
    assert "there already" in desk.run("upo", "pdf", "upo.xml", code=2).err


def test_an_invoice_is_no_receipt(desk: Terminal) -> None:
    assert desk.run("upo", "show", "f.xml", code=2).out == ""
    assert desk.run("upo", "pdf", "f.xml", code=2).out == ""
    assert not (desk.home / "f.pdf").exists()


def test_one_that_is_no_receipt_does_not_stop_the_others(desk: Terminal) -> None:
    wrong = desk.run("upo", "verify", "f.xml", "upo.xml", code=2)
    assert wrong.err.startswith("Error: f.xml: This is not a UPO")
    assert wrong.out.splitlines()[0].endswith("upo.xml")


def test_a_finding_names_the_document_and_speaks_the_language(desk: Terminal) -> None:
    foreign = receipt().replace(f"<NipSprzedawcy>{NIP}<".encode(), f"<NipSprzedawcy>{BUYER}<".encode())
    (desk.home / "upo.xml").write_bytes(foreign)
    told = replace(desk, language="pl").run("upo", "verify", "upo.xml", code=1).out
    assert f"✗ {NUMBER}: numer nie należy do sprzedawcy 1111111111" in told
    assert "✗ podpis się nie zgadza: " in told


def test_a_reference_number_can_be_copied_from_a_terminal_of_80_characters(desk: Terminal) -> None:
    narrow = replace(desk, more={"COLUMNS": "80"})
    assert "20260201-SO-1111111111-2222222222-33" in narrow.run("upo", "show", "upo.xml").out
