"""`klucznik token check`: what a stored token was given, what of it is in force, and its exit codes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from processes import Served, Terminal

from .conftest import BUYER, NIP, Desk, desk_at

COMPANY = ("--company", NIP)
PESEL = "85010112345"
PERMITTED = ("testdata", "permissions", *COMPANY, "--to-pesel", PESEL)


@pytest.fixture
def own(ksef: Served, tmp_path: Path) -> Desk:
    """A terminal with a vault of its own."""
    return desk_at(tmp_path, ksef.url)


def test_a_token_in_order(own: Desk) -> None:
    own.run("token", "issue", *COMPANY, "--cert", "firma.pem", "--store", "--description", "ERP of Ania")
    for which in (COMPANY, ()):
        (told,) = own.run("token", "check", *which, "--json").objects()
        assert told["level"] == "ok"
        assert told["status"] == "Active"
        assert (told["environment"], told["nip"], told["name"]) == (own.ksef, NIP, "main")
        assert "-EC-" in told["referenceNumber"]
        assert told["context"] == {"type": "Nip", "value": NIP}
        assert told["method"] == "Token"
        assert (
            set(told["requestedPermissions"]) == set(told["permissions"]) == {"InvoiceRead", "InvoiceWrite"}
        )
        assert {each["name"]: each["level"] for each in told["findings"]} == {
            "login": "ok",
            "permissions": "ok",
            "token": "ok",
        }
    said = own.run("token", "check", *COMPANY).out
    assert said.startswith(f"✓ {own.ksef}/{NIP}/main\n")
    for words in (told["referenceNumber"], "ERP of Ania", "InvoiceRead, InvoiceWrite", f"Nip {NIP}"):
        assert words in said
    polish = replace(own, language="pl").run("token", "check", *COMPANY).out
    assert "działające:" in polish


def test_no_login_is_left_behind(own: Desk) -> None:
    own.run("token", "issue", *COMPANY, "--cert", "firma.pem", "--store")

    def alive() -> int:
        (logins,) = own.run("login", "list", *COMPANY, "--cert", "firma.pem", "--json").objects()
        return len(logins)

    before = alive()
    own.run("token", "check", *COMPANY)
    assert alive() == before + 1, "the one that listing makes"


def test_what_its_author_lost_is_told_and_what_the_work_needs_asked_for(own: Desk) -> None:
    own.run("cert", "new", "--pesel", PESEL, "--out", "jan.pem")
    own.run(*PERMITTED, "InvoiceRead,InvoiceWrite")
    own.run("token", "issue", *COMPANY, "--cert", "jan.pem", "--store")
    own.run("testdata", "remove-permissions", *COMPANY, "--to-pesel", PESEL)
    own.run(*PERMITTED, "InvoiceRead")
    (told,) = own.run("token", "check", *COMPANY, "--json").objects()
    assert told["level"] == "warn"
    assert told["permissions"] == ["InvoiceRead"]
    assert set(told["requestedPermissions"]) == {"InvoiceRead", "InvoiceWrite"}
    said = own.run("token", "check", *COMPANY).out
    assert said.startswith("! ")
    assert "issued with InvoiceWrite, no longer in force" in said
    own.run("token", "check", *COMPANY, "--wants", "invoiceread")
    assert (
        "missing: InvoiceWrite" in own.run("token", "check", *COMPANY, "--wants", "InvoiceWrite", code=1).out
    )
    # Who lost everything cannot log in at all.
    own.run("testdata", "remove-permissions", *COMPANY, "--to-pesel", PESEL)
    (told,) = own.run("token", "check", *COMPANY, "--json", code=1).objects()
    assert (told["level"], told["status"], told["requestedPermissions"]) == ("fail", None, None)


def test_one_of_several_is_revoked(own: Desk) -> None:
    for name in ("good", "gone"):
        own.run("token", "issue", *COMPANY, "--cert", "firma.pem", "--store", "--name", name)
    own.run("cert", "new", "--seal", "--nip", BUYER, "--out", "other.pem")
    own.run("token", "issue", "--company", BUYER, "--cert", "other.pem", "--store")
    shown = own.run("token", "show", *COMPANY, "--name", "gone", "--json").objects()[0]
    gone = shown["referenceNumber"]
    own.run("token", "revoke", *COMPANY, "--cert", "firma.pem", "--reference", gone)
    told = own.run("token", "check", "--json", code=1).objects()
    levels = {(each["nip"], each["name"]): each["level"] for each in told}
    assert levels == {(BUYER, "main"): "ok", (NIP, "gone"): "fail", (NIP, "good"): "ok"}
    said = own.run("token", "check", *COMPANY, "--name", "gone", code=1).out
    assert said.startswith("✗ ")
    assert gone in said
    assert "Token unieważniony" in said
    own.run("token", "check", *COMPANY, "--name", "good")


def test_what_could_not_be_done_and_what_was_typed_wrong(own: Desk, empty: Terminal) -> None:
    assert "no vault" in empty.run("token", "check", code=2).err
    own.run("token", "issue", *COMPANY, "--cert", "firma.pem", "--store", "--name", "a")
    own.run("token", "issue", *COMPANY, "--cert", "firma.pem", "--store", "--name", "b")
    assert "--name" in own.run("token", "check", *COMPANY, code=2).err
    assert "holds no KSeF token for" in own.run("token", "check", "--ksef", "demo", code=2).err
    own.run("token", "check", "--company", BUYER, code=2)
    assert "--name needs --company" in own.run("token", "check", "--name", "a", code=64).err
    assert "Nonsense" in own.run("token", "check", "--wants", "Nonsense", code=64).err
    own.run("token", "check", "--company", "1234567890", code=64)


def test_out_of_reach(own: Desk) -> None:
    nowhere = "http://127.0.0.1:9/v2"
    issued = own.run("token", "issue", *COMPANY, "--cert", "firma.pem").out.strip()
    own.run("token", "put", *COMPANY, "--ksef", nowhere, typed=issued.encode())
    done = own.run("token", "check", "--ksef", nowhere, "--json", code=2)
    assert done.out == ""
    assert done.err
