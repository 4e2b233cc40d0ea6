"""`klucznik cert enrol | list | revoke | limits` typed at a terminal."""

from __future__ import annotations

import os
import stat

import pytest

from klucznik.crypto.certs import Identity
from klucznik.errors import Unreadable
from klucznik.secret import Secret
from processes import Terminal

from .conftest import NIP, Desk

AS_FIRM = ("--company", NIP, "--cert", "firma.pem")
ENROL = ("cert", "enrol", *AS_FIRM)


def test_from_the_application_to_the_revocation(desk: Desk) -> None:
    (before,) = desk.run("cert", "limits", *AS_FIRM, "--json").objects()
    told = desk.run(*ENROL, "--name", "Logowanie biura", "--out", "login.pem").out
    path = desk.home / "login.pem"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    identity = Identity.load(path.read_bytes())
    serial = f"{identity.certificate.serial_number:016X}"
    assert serial in told
    assert "VATPL-" in told
    (limits,) = desk.run("cert", "limits", *AS_FIRM, "--json").objects()
    assert limits["enrollment"]["remaining"] == before["enrollment"]["remaining"] - 1
    assert "Applications left:" in desk.run("cert", "limits", *AS_FIRM).out

    # It logs in, and so lists itself.
    as_certificate = ("--company", NIP, "--cert", "login.pem")
    (listed,) = desk.run("cert", "list", *as_certificate, "--json").objects()
    (entry,) = [item for item in listed if item["certificateSerialNumber"] == serial]
    assert (entry["name"], entry["type"], entry["status"]) == ("Logowanie biura", "Authentication", "Active")
    assert entry["lastUseDate"]
    table = desk.run("cert", "list", *AS_FIRM).out
    assert serial in table
    assert "Logowanie biura" in table

    assert serial in desk.run("cert", "revoke", serial.lower(), *AS_FIRM, "--reason", "Superseded").out
    refused = desk.run("cert", "list", *as_certificate, code=1)
    assert "Certyfikat odwołany" in refused.err
    assert "25009" in desk.run("cert", "revoke", serial, *AS_FIRM, code=1).err


def test_a_key_may_be_sealed(desk: Desk) -> None:
    (told,) = desk.run(
        *ENROL, "--type", "offline", "--out", "kody.pem", "--encrypt", "--json", typed=b"haslo do klucza\n"
    ).objects()
    sealed = (desk.home / "kody.pem").read_bytes()
    assert b"ENCRYPTED PRIVATE KEY" in sealed
    with pytest.raises(Unreadable):
        Identity.load(sealed)
    identity = Identity.load(sealed, Secret("haslo do klucza"))
    assert f"{identity.certificate.serial_number:016X}" == told["certificateSerialNumber"]
    assert told["file"] == "kody.pem"
    assert not any(b"haslo" in seen for seen in desk.seen)


def test_what_is_there_is_not_written_over(desk: Desk) -> None:
    (desk.home / "cenny.pem").write_text("a key")
    done = desk.run(*ENROL, "--out", "cenny.pem", code=2)
    assert "cenny.pem" in done.err
    assert (desk.home / "cenny.pem").read_text() == "a key"
    assert "--out" in desk.run(*ENROL, "--out", "klucz.p12", code=64).err
    # Nor is the key lost where an application is unknown.
    desk.run(*ENROL, "--out", "trwa.pem")
    kept = (desk.home / "trwa.pem").read_bytes()
    unknown = "20260302-EH-0000000000-0000000000-00"
    assert "25005" in desk.run(*ENROL, "--out", "trwa.pem", "--reference", unknown, code=1).err
    assert (desk.home / "trwa.pem").read_bytes() == kept


def test_a_refused_application_leaves_no_key(desk: Desk) -> None:
    assert desk.run(*ENROL, "--name", "x!", "--out", "zly.pem", code=64).err
    assert not (desk.home / "zly.pem").exists()
    desk.run("cert", "new", "--pesel", "44051401359", "--out", "jan.pem")
    desk.run("testdata", "permissions", "--company", NIP, "--to-pesel", "44051401359", "InvoiceRead")
    as_jan = ("--company", NIP, "--cert", "jan.pem")
    for number in range(6):
        desk.run("cert", "enrol", *as_jan, "--out", f"jan-{number}.pem")
    done = desk.run("cert", "enrol", *as_jan, "--out", "jan-6.pem", code=1)
    assert "25007" in done.err
    assert "klucznik cert revoke" in done.err
    assert not (desk.home / "jan-6.pem").exists()
    assert "cannot apply" in desk.run("cert", "limits", *as_jan, code=1).out


def test_nothing_yet_in_polish(desk: Desk) -> None:
    polish = Terminal(desk.home, desk.ksef, language="pl")
    polish.run("cert", "new", "--nip", "1111111111", "--out", "obcy.pem")
    as_obcy = ("--company", "1111111111", "--cert", "obcy.pem")
    assert polish.run("cert", "list", *as_obcy).out == "Brak.\n"
    assert "Pozostało wniosków: 300 z 300" in polish.run("cert", "limits", *as_obcy).out
