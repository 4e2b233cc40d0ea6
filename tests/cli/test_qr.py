"""`klucznik qr`: the codes of an invoice, made, drawn and checked."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from PIL import Image

from klucznik.crypto import qr
from klucznik.crypto.authority import Authority, KeyKind, seal
from klucznik.crypto.certs import Identity
from klucznik.documents import samples
from klucznik.secret import Secret
from klucznik.wire import ids
from processes import Terminal

NIP, BUYER = "5265877635", "1111111111"
DAY = date(2026, 2, 1)
CREATED = datetime(2026, 2, 1, 9, tzinfo=UTC)
INVOICE = samples.invoice(NIP, BUYER, "QR/1", DAY, CREATED)
DIGEST = qr.digest_of(INVOICE)
NUMBER = ids.make_ksef_number(NIP, DAY, "0100001AF629")
KOD_I = f"https://qr-test.ksef.mf.gov.pl/invoice/{NIP}/01-02-2026/{DIGEST}"


def sealed(key: KeyKind, begin: datetime | None = None) -> Identity:
    return seal("Zmyślona Wytwórnia", NIP, now=begin or datetime.now(UTC), key=key)


def for_login(now: datetime) -> Identity:
    """A KSeF certificate of type Authentication: good for logging in, not for codes."""
    key = ec.generate_private_key(ec.SECP256R1())
    off = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    more = ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    certificate = Authority.create("Klucznik", now).issue(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ania (uwierzytelnienie)")]),
        key.public_key(),
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=1),
        usage=x509.KeyUsage(digital_signature=True, **dict.fromkeys((*off, *more), False)),
    )
    return Identity(certificate, key)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal with an invoice and certificates beside it; no KSeF is needed."""
    home = tmp_path_factory.mktemp("qr")
    now = datetime.now(UTC)
    (home / "f.xml").write_bytes(INVOICE)
    (home / "g.xml").write_bytes(samples.invoice(BUYER, NIP, "QR/2", DAY + timedelta(days=1), CREATED))
    (home / "ec.pem").write_bytes(sealed("ec").to_pem())
    (home / "rsa.pem").write_bytes(sealed("rsa").to_pem())
    (home / "old.pem").write_bytes(sealed("ec", now - timedelta(days=900)).to_pem())
    (home / "login.pem").write_bytes(for_login(now).to_pem())
    (home / "locked.p12").write_bytes(sealed("ec").to_pkcs12(Secret("hasło")))
    pair = sealed("ec")
    (home / "offline.crt").write_bytes(pair.certificate.public_bytes(Encoding.DER))
    (home / "offline.key").write_bytes(
        pair.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    )
    return Terminal(home, "test")


@pytest.fixture(scope="module")
def kod_ii(desk: Terminal) -> str:
    return desk.run("qr", "link", "f.xml", "--certificate", "ec.pem").out.split()[1]


def read_picture(picture: bytes) -> str:
    found = zxingcpp.read_barcodes(Image.open(BytesIO(picture)).convert("L"))
    assert len(found) == 1
    return str(found[0].text)


# ---- making ----------------------------------------------------------------------------------------


def test_kod_i_alone_is_one_line(desk: Terminal) -> None:
    done = desk.run("qr", "link", "f.xml")
    assert (done.out, done.err) == (f"{KOD_I}\n", "")
    two = desk.run("qr", "link", "f.xml", "g.xml").out.splitlines()
    assert [qr.read_link(line).nip for line in two] == [NIP, BUYER]


@pytest.mark.parametrize(
    ("ksef", "base"),
    [
        *((name, base) for name, base in qr.QR_HOSTS.items()),
        ("https://api.ksef.mf.gov.pl/v2/", "https://qr.ksef.mf.gov.pl"),
        ("http://127.0.0.1:4321/v2", "http://127.0.0.1:4321/qr"),
        ("https://KSeF.example:8443/v2", "https://ksef.example:8443/qr"),
    ],
)
def test_the_environment_says_where_the_code_leads(desk: Terminal, ksef: str, base: str) -> None:
    link = desk.run("qr", "link", "f.xml", "--ksef", ksef).out.strip()
    assert link == f"{base}/invoice/{NIP}/01-02-2026/{DIGEST}"
    told = desk.run("qr", "check", link, "--ksef", ksef, "--invoice", "f.xml", "--json").objects()[0]
    assert (told["base"], told["inOrder"]) == (base, True)


def test_the_label_is_the_ksef_number_or_offline(desk: Terminal) -> None:
    (told,) = desk.run("qr", "link", "f.xml", "--json").objects()
    assert told == {
        "file": "f.xml",
        "label": "OFFLINE",
        "invoiceLink": KOD_I,
        "certificateLink": None,
        "certificateSerialNumber": None,
        "pictures": [],
    }
    numbered = desk.run("qr", "link", "f.xml", "--ksef-number", NUMBER, "--json").objects()[0]
    assert numbered["label"] == NUMBER


@pytest.mark.parametrize(
    ("number", "words", "code"),
    [
        (NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1"), "its checksum is", 2),
        (NUMBER.lower(), "is not a KSeF number", 2),
        (ids.make_ksef_number(BUYER, DAY, "0100001AF629"), "is not the number of f.xml", 1),
    ],
)
def test_a_wrong_ksef_number_makes_no_code(desk: Terminal, number: str, words: str, code: int) -> None:
    done = desk.run("qr", "link", "f.xml", "--ksef-number", number, code=code)
    assert number in done.err
    assert words in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    "files", [("ec.pem",), ("rsa.pem",), ("offline.crt", "--key", "offline.key")], ids=lambda names: names[0]
)
def test_kod_ii_is_signed_and_checked(desk: Terminal, files: tuple[str, ...]) -> None:
    first, second = desk.run("qr", "link", "f.xml", "--certificate", *files).out.splitlines()
    assert first == KOD_I
    told = desk.run("qr", "check", second, "--certificate", files[0], "--invoice", "f.xml", "--json")
    (report,) = told.objects()
    assert report["inOrder"]
    assert report["kind"] == "certificate"
    assert (report["contextType"], report["contextValue"], report["nip"]) == ("Nip", NIP, NIP)
    assert re.fullmatch("[0-9A-F]{16,40}", report["certificateSerialNumber"])
    assert report["invoiceHash"] == qr.digest_to_api(DIGEST)


def test_a_context_of_another(desk: Terminal) -> None:
    context = f"InternalId:{BUYER}-12345"
    done = desk.run("qr", "link", "f.xml", "--certificate", "ec.pem", "--context", context)
    assert f"/certificate/InternalId/{BUYER}-12345/{NIP}/" in done.out
    wrong = desk.run("qr", "link", "f.xml", "--certificate", "ec.pem", "--context", f"nip:{NIP}", code=2)
    assert "write Nip" in wrong.err


@pytest.mark.parametrize(("file", "words"), [("old.pem", "expired"), ("login.pem", "type Offline")])
def test_a_certificate_that_ksef_would_not_take_makes_no_code(desk: Terminal, file: str, words: str) -> None:
    done = desk.run("qr", "link", "f.xml", "--certificate", file, code=1)
    assert words in done.err
    assert done.out == ""


def test_a_sealed_key_needs_its_passphrase(desk: Terminal) -> None:
    done = desk.run("qr", "link", "f.xml", "--certificate", "locked.p12", code=2)
    assert "passphrase" in done.err


def test_pictures_are_read_back_as_their_links(desk: Terminal, tmp_path: Path) -> None:
    png, svg = tmp_path / "code.png", tmp_path / "code.svg"
    done = desk.run(*("qr", "link", "f.xml", "--certificate", "ec.pem", "--png", png, "--svg", svg, "--json"))
    (told,) = done.objects()
    second_png, second_svg = tmp_path / "code-certificate.png", tmp_path / "code-certificate.svg"
    assert told["pictures"] == [str(path) for path in (svg, png, second_svg, second_png)]
    assert read_picture(png.read_bytes()) == told["invoiceLink"]
    assert read_picture(second_png.read_bytes()) == told["certificateLink"]
    assert "OFFLINE" in svg.read_text(encoding="utf-8")
    assert "CERTYFIKAT" in second_svg.read_text(encoding="utf-8")


def test_a_nip_of_test_may_have_a_wrong_check_digit_on_production_not(desk: Terminal) -> None:
    odd = desk.home / "odd.xml"
    odd.write_bytes(samples.invoice("5265877636", BUYER, "QR/3", DAY, CREATED))
    link = desk.run("qr", "link", odd).out.strip()
    done = desk.run("qr", "check", link, "--invoice", odd, code=1)
    assert "check digit of NIP 5265877636" in done.out
    assert "check digit" in desk.run("qr", "link", odd, "--ksef", "prd", code=2).err


@pytest.mark.parametrize(
    "options",
    [
        ("g.xml", "--svg", "x.svg"),
        ("g.xml", "--png", "x.png"),
        ("g.xml", "--ksef-number", NUMBER),
        ("--key", "ec.pem"),
        ("--context", f"Nip:{NIP}"),
        ("--certificate", "ec.pem", "--context", NIP),
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together(desk: Terminal, options: tuple[str, ...]) -> None:
    assert desk.run("qr", "link", "f.xml", *options, code=64).out == ""


def test_what_is_no_invoice_has_no_code(desk: Terminal) -> None:
    for name in ("ec.pem", "missing.xml", "."):
        assert Path(name).name in desk.run("qr", "link", name, code=2).err
        assert Path(name).name in desk.run("qr", "check", KOD_I, "--invoice", name, code=2).err


# ---- checking --------------------------------------------------------------------------------------


def test_a_code_is_told_in_words(desk: Terminal, kod_ii: str) -> None:
    first = desk.run("qr", "check", KOD_I, "--invoice", "f.xml").out.splitlines()
    assert first[0] == "✓ KOD I, test"
    assert f"seller {NIP}, issued on 2026-02-01" in first[1]
    assert first[-1] == "    ✓ it is the code of f.xml"
    second = desk.run("qr", "check", kod_ii, "--certificate", "ec.pem").out.splitlines()
    assert second[0] == "✓ KOD II, test"
    assert second[-1] == "    ✓ it is signed by ec.pem"
    polish = Terminal(desk.home, language="pl").run("qr", "check", kod_ii, "--certificate", "ec.pem").out
    assert "wystawiona offline w kontekście" in polish


def test_an_unchecked_signature_is_said_to_be_unchecked(desk: Terminal, kod_ii: str) -> None:
    done = desk.run("qr", "check", kod_ii)
    assert done.out.startswith("! KOD II, test")
    assert "not checked" in done.out
    assert not desk.run("qr", "check", kod_ii, "--json").objects()[0]["signatureChecked"]


def test_another_invoice_is_not_in_order(desk: Terminal) -> None:
    (told,) = desk.run("qr", "check", KOD_I, "--invoice", "g.xml", "--json", code=1).objects()
    assert not told["inOrder"]
    assert [finding["code"] for finding in told["findings"]] == ["hash", "nip", "date"]
    done = desk.run("qr", "check", KOD_I, "--invoice", "g.xml", code=1)
    assert done.out.startswith("✗ KOD I")
    assert "it is the code of" not in done.out


def test_another_certificate_is_not_in_order(desk: Terminal, kod_ii: str) -> None:
    for other, expected in {
        "rsa.pem": ["serial", "signature"],
        "old.pem": ["serial", "expired", "signature"],
        "login.pem": ["serial", "usage", "signature"],
    }.items():
        (told,) = desk.run("qr", "check", kod_ii, "--certificate", other, "--json", code=1).objects()
        assert [finding["code"] for finding in told["findings"]] == expected


def test_a_code_moved_to_another_environment_is_not_in_order(desk: Terminal, kod_ii: str) -> None:
    moved = kod_ii.replace("qr-test.", "qr-demo.")
    done = desk.run("qr", "check", moved, "--certificate", "ec.pem", code=1)
    assert done.out.startswith("✗ KOD II, demo")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "hello",
        f"{KOD_I}/",
        f"{KOD_I}=",
        KOD_I[:-1],
        KOD_I.replace("https", "http"),
        KOD_I.replace("qr-test", "qr-prod"),
        KOD_I.replace("invoice", "faktura"),
        KOD_I.replace("01-02-2026", "2026-02-01"),
        f"https://ksef.example/qr/invoice/{NIP}/01-02-2026/{DIGEST}",
    ],
)
def test_unreadable_links_are_2(desk: Terminal, link: str) -> None:
    done = desk.run("qr", "check", link, code=2)
    assert done.out == ""
    assert done.err.startswith("Error: ")
    polish = Terminal(desk.home, language="pl").run("qr", "check", link, "--json", code=2)
    assert polish.err.startswith("Błąd: ")
    assert "Error" not in polish.err


def test_a_picture_is_not_written_over_unless_told(desk: Terminal) -> None:
    picture = desk.home / "there.svg"
    picture.write_text("mine", encoding="utf-8")
    done = desk.run("qr", "link", "f.xml", "--svg", str(picture), code=2)
    assert "there.svg is there already" in done.err
    assert "--force" in done.err
    assert picture.read_text(encoding="utf-8") == "mine"
    desk.run("qr", "link", "f.xml", "--svg", str(picture), "--force")
    assert picture.read_text(encoding="utf-8").startswith("<svg")


def test_wrong_usage_is_64(desk: Terminal) -> None:
    desk.run("qr", "check", code=64)
    desk.run("qr", "link", code=64)
    done = desk.run("qr", "check", KOD_I, "--certificate", "ec.pem", code=64)
    assert "KOD I is not signed" in done.err


# ---- numbers that are typed ------------------------------------------------------------------------


def test_a_mistyped_number_is_refused_before_the_vault_is_opened(desk: Terminal) -> None:
    command = ("upo", "get", "--company", NIP, "--session", "20250625-SO-2C3E6C8000-B675CF5D68-07")
    done = desk.run(*command, "--invoice", "1111111111-20260612-6310EC800000-DA", code=2)
    assert "its checksum is DA, the rest of it gives 33" in done.err
    right = desk.run(*command, "--invoice", NUMBER, code=2)
    assert "There is no vault" in right.err
