"""`klucznik send --batch`, as typed."""

from __future__ import annotations

from dataclasses import replace

from klucznik.documents.upo import read

from .conftest import NIP, Desk

COMPANY = ("--company", NIP)


def folder(desk: Desk, name: str, prefix: str, count: int = 3) -> None:
    (desk.home / name).mkdir()
    for number in range(count):
        desk.invoice(f"{name}/{number}.xml", f"{prefix}/{number}")


def test_a_folder_is_sent_in_one_package_with_one_upo(desk: Desk) -> None:
    folder(desk, "many", "PACK")
    found = desk.run("send", *COMPANY, "--batch", "many", "--json").objects()
    assert [one["file"] for one in found] == [f"many/{number}.xml" for number in range(3)]
    assert {one["outcome"] for one in found} == {"accepted"}
    (session,) = {str(one["sessionReferenceNumber"]) for one in found}
    assert session[9:11] == "SB"
    upo = read((desk.home / "many" / f"UPO_{session}.xml").read_bytes())
    assert {one.ksef_number for one in upo.documents} == {one["ksefNumber"] for one in found}


def test_what_is_refused_in_a_package_is_told(desk: Desk) -> None:
    folder(desk, "mixed", "MIXED", 1)
    desk.invoice("mixed/z.xml", "MIXED/0", (desk.home / "mixed/0.xml").read_bytes().replace(b"PLN", b"EUR"))
    done = desk.run("send", *COMPANY, "--batch", "mixed", "--upo", "upo", code=1)
    assert "✓ mixed/0.xml: accepted" in done.out
    assert "✗ mixed/z.xml: duplicate number of another document" in done.out
    assert list((desk.home / "upo").glob("UPO_*-SB-*.xml"))


def test_folders_need_the_option_and_invoices(desk: Desk) -> None:
    (desk.home / "hollow").mkdir()
    assert "--batch" in desk.run("send", *COMPANY, "hollow", code=2).err
    assert "no *.xml" in desk.run("send", *COMPANY, "--batch", "hollow", code=2).err
    polish = replace(desk, language="pl").run("send", *COMPANY, "--batch", "hollow", code=2).err
    assert "nie ma *.xml" in polish
