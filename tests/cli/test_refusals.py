"""Exit codes and the words beside them: 1 refused, 2 could not be done, 64 wrong usage. No tracebacks."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klucznik.clock import WARSAW
from klucznik.documents import samples
from processes import Done, Terminal

from .conftest import BUYER, NIP, Desk

COMPANY = ("--company", NIP)


def hinted(done: Done) -> Done:
    assert "Hint: " in done.err, done.said
    return done


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("token",), ""),
        (("token", "nonsense"), "No such command"),
        (("send", *COMPANY), "Missing argument"),
        (("send", "--nonsense"), "No such option"),
        (("send", "firma.pem"), "Missing option '--company'"),
        (("send", "--company", "5265877630", "firma.pem"), "is not a NIP"),
        (("send", "--company", "526587763٥", "firma.pem"), "is not a NIP"),
        (("receive", *COMPANY), "Missing option '--out'"),
        (("receive", *COMPANY, "--out", "in", "--role", "king"), "is not one of"),
        (("receive", *COMPANY, "--out", "in", "--since", "yesterday"), "does not match"),
        (("doctor", *COMPANY, "--wants", "InvoiceEat"), "Unknown permission: InvoiceEat"),
        (("token", "issue", *COMPANY, "--cert", "firma.pem", "-p", "Invoice"), "Unknown permission"),
        (("token", "list", "--cert", "firma.pem"), "--cert needs --company"),
        (("token", "revoke", *COMPANY, "--cert", "firma.pem"), "--cert needs --reference"),
        (("cert", "new", "--out", "x.pem"), "--pesel or --nip"),
        (("cert", "new", "--seal", "--out", "x.pem"), "--nip"),
        (("cert", "new", "--pesel", "123", "--out", "x.pem"), "PESEL"),
        (("testdata", "permissions", *COMPANY, "InvoiceRead"), "--to-nip or --to-pesel"),
        (("testdata", "subject", "--nip", NIP, "--type", "Kingdom"), "is not one of"),
        (("ksef", "serve", "--port", "70000"), "not in the range"),
        (("ksef", "serve", "--token-form", "long"), "is not one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_64(desk: Desk, arguments: tuple[str, ...], word: str) -> None:
    done = desk.run(*arguments, code=64)
    assert word in done.err + done.out, done.said


def test_wrong_usage_is_said_in_polish_too(tmp_path: Path) -> None:
    done = Terminal(tmp_path, language="pl").run("send", "--company", "123", "x.xml", code=64)
    assert "to nie NIP" in done.err
    assert "Użycie:" in done.err
    assert "Error" not in done.err


# ---- 2: unreadable ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "not an XML"),
        (b"%PDF-1.7 no XML at all", "not an XML"),
        (b"<Faktura>", "not an XML"),
        (b"<html/>", "not an invoice"),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "not an XML"),
        ("<Faktura>ż</Faktura>".encode("cp1250"), "not an XML"),
    ],
    ids=["empty", "pdf", "cut", "html", "entity", "cp1250"],
)
def test_what_is_no_invoice_is_not_sent(desk: Desk, content: bytes, word: str) -> None:
    path = desk.home / "odd.xml"
    path.write_bytes(content)
    done = desk.run("send", *COMPANY, path, code=2)
    assert word in done.err, done.said
    demo = desk.run("demo", path, code=2)
    assert word in demo.err, demo.said


def test_an_unreadable_upo_or_certificate(desk: Desk) -> None:
    odd = desk.home / "odd.txt"
    odd.write_bytes(b"neither this nor that")
    desk.run("upo", "verify", odd, code=2)
    desk.run("upo", "verify", desk.invoice("no-upo.xml", "CLI/no-upo"), code=2)
    desk.run("token", "issue", *COMPANY, "--cert", odd, code=2)
    desk.run("doctor", "--ca", odd, code=2)


@pytest.mark.parametrize("name", ["missing.xml", ".", "firma.pem/below.xml", "circle.xml"])
def test_a_file_that_cannot_be_read(desk: Desk, name: str) -> None:
    circle = desk.home / "circle.xml"
    circle.unlink(missing_ok=True)
    circle.symlink_to(circle)
    for command in (
        ("send", *COMPANY, "firma.pem", name),
        ("demo", name),
        ("upo", "verify", name),
        ("upo", "verify", "firma.pem", "--invoice", name),
        ("token", "issue", *COMPANY, "--cert", name),
        ("doctor", "--ca", name),
    ):
        assert Path(name).name in desk.run(*command, code=2).err
    polish = Terminal(desk.home, language="pl").run("upo", "verify", name, code=2)
    assert "Error" not in polish.err


def test_no_vault_yet(empty: Terminal) -> None:
    done = hinted(empty.run("doctor", *COMPANY, "--key-file", "vault.key", code=2))
    assert "There is no vault" in done.err
    assert not (empty.home / "vault.db").exists()


def test_a_vault_is_not_opened_by_another_key_file(desk: Desk, tmp_path: Path) -> None:
    other = Terminal(tmp_path)
    other.run("token", "put", *COMPANY, "--key-file", "other.key", typed=b"0123456789" * 4 + b"\n")
    before = (desk.home / "vault.db").read_bytes()
    for wrong in (tmp_path / "other.key", tmp_path / "missing.key", desk.home / "firma.pem"):
        hinted(desk.run("token", "list", "--key-file", wrong, code=2))
    assert (desk.home / "vault.db").read_bytes() == before


def test_a_wrong_passphrase(empty: Terminal) -> None:
    def run(passphrase: bytes, *arguments: str, typed: bytes | None = None, code: int = 0) -> Done:
        reading, writing = os.pipe()
        try:
            os.write(writing, passphrase)
            os.close(writing)
            return empty.run(
                *arguments, "--passphrase-fd", str(reading), typed=typed, fds=[reading], code=code
            )
        finally:
            os.close(reading)

    run(b"right enough\n", "token", "put", *COMPANY, typed=b"0123456789" * 4)
    hinted(run(b"wrong enough\n", "token", "list", code=2))
    hinted(run(b"", "token", "list", code=2))
    assert NIP in run(b"right enough\n", "token", "list").out


def test_no_terminal_to_ask_for_a_passphrase(desk: Desk) -> None:
    nowhere = Terminal(desk.home, desk.ksef)
    done = hinted(nowhere.run("token", "list", code=2))
    assert "--passphrase-fd" in done.err
    done = hinted(nowhere.run("token", "list", "--passphrase-fd", "77", code=2))
    assert "77" in done.err


def test_the_vault_knows_no_such_company(desk: Desk) -> None:
    hinted(desk.run("doctor", "--company", BUYER, code=2))
    desk.run("doctor", *COMPANY, "--name", "other", code=2)


def test_what_is_no_ksef_token_is_not_stored(desk: Desk) -> None:
    before = desk.run("token", "list", "--json").out
    hinted(desk.run("token", "put", *COMPANY, "--name", "odd", typed=b"", code=2))
    hinted(desk.run("token", "put", *COMPANY, "--name", "odd", typed=b"two words\n", code=2))
    foreign = f"20251010-EC-0123456789-0123456789-0A|nip-{BUYER}|{'ab' * 32}".encode()
    done = hinted(desk.run("token", "put", *COMPANY, "--name", "odd", typed=foreign, code=2))
    assert BUYER in done.err
    assert "abab" not in done.said
    assert desk.run("token", "list", "--json").out == before


# ---- 2: unreachable --------------------------------------------------------------------------------


def test_nobody_answers(desk: Desk) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: every connection is refused
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/v2"
        done = hinted(desk.run("token", "list", *COMPANY, "--cert", "firma.pem", "--ksef", nowhere, code=2))
        assert nowhere.split("/")[2] in done.err
        # The connection test tells it as a finding.
        findings = desk.run("doctor", "--ksef", nowhere, "--json", code=1).objects()
        assert [finding["level"] for finding in findings] == ["fail"]


@pytest.mark.parametrize("where", ["nonsense", "ftp://ksef.example/v2", "http://ksef.example/v2", "https://"])
def test_what_is_no_address_of_a_ksef(desk: Desk, where: str) -> None:
    hinted(desk.run("doctor", "--ksef", where, code=2))


# ---- 1: refused ------------------------------------------------------------------------------------


def test_refusals_are_1(desk: Desk) -> None:
    bad = samples.faulty_invoice(NIP, BUYER, "CLI/faulty", datetime.now(WARSAW).date(), datetime.now(UTC))
    done = desk.run("send", *COMPANY, desk.invoice("bad.xml", "", bad), code=1)
    assert "450" in done.out
    # A stranger's certificate in the company's context.
    desk.run("cert", "new", "--pesel", "85010112345", "--out", "obcy.pem")
    done = desk.run("token", "issue", *COMPANY, "--cert", "obcy.pem", code=1)
    assert "415" in done.err
    hinted(done)


def test_a_receipt_that_does_not_fit_is_1(desk: Desk) -> None:
    good = desk.invoice("receipt.xml", "CLI/receipt")
    other = desk.invoice("another.xml", "CLI/another")
    sent = desk.run("send", *COMPANY, good, "--upo", desk.home / "upo", "--json").objects()[0]
    receipt = Path(sent["upo"])
    assert desk.run("upo", "verify", receipt, "--invoice", good, "--json").objects()[0]["inOrder"]
    done = desk.run("upo", "verify", receipt, "--invoice", other, "--json", code=1)
    assert done.objects()[0]["findings"]
    forged = desk.home / "forged.xml"
    forged.write_bytes(receipt.read_bytes().replace(NIP.encode(), BUYER.encode()))
    desk.run("upo", "verify", forged, code=1)
    desk.run("upo", "verify", receipt, "--trust", desk.home / "firma.pem", code=1)
