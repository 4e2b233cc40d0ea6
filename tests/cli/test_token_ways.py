"""The token way and the others typed at a terminal, from a certificate to a refused login."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from processes import served

from .conftest import BUYER, NIP, desk_at

COMPANY = ("--company", NIP)


@pytest.mark.parametrize("form", ["official", "short40"])
def test_a_token_from_issue_to_revocation(tmp_path: Path, form: str) -> None:
    with served(tmp_path / "server", "--token-form", form) as ksef:
        desk = desk_at(tmp_path / "desk", ksef.url)
        # Issued and shown once, on standard output and nowhere else.
        issued = desk.run("token", "issue", *COMPANY, "--cert", "firma.pem")
        (ksef_token,) = issued.out.splitlines()
        shape = rf"\d{{8}}-EC-.{{24}}\|nip-{NIP}\|[0-9a-f]{{64}}" if form == "official" else r"\S{40}"
        assert re.fullmatch(shape, ksef_token)
        assert ksef_token not in issued.err
        # Put into the vault from a pipe; a second name beside it straight from issue.
        desk.run("token", "put", *COMPANY, typed=ksef_token.encode())
        stored = desk.run(
            "token", "issue", *COMPANY, "--cert", "firma.pem", "--store", "--name", "b", "--json"
        )
        (told,) = stored.objects()
        assert told["stored"] is True
        assert "token" not in told
        (entries,) = desk.run("token", "list", "--json").objects()
        assert {entry["name"] for entry in entries} == {"main", "b"}
        assert ksef_token not in desk.run("token", "list").said

        # Both log in; with two entries a name is asked for.
        for name in ("main", "b"):
            findings = desk.run(
                "doctor", *COMPANY, "--name", name, "--wants", "InvoiceWrite", "--json"
            ).objects()
            assert "fail" not in {finding["level"] for finding in findings}
            found = {finding["name"] for finding in findings}
            assert {"connection", "login", "permissions"} <= found
            assert ("token" in found) == (name == "b" or form == "official")
        assert "--name" in desk.run("doctor", *COMPANY, code=2).err
        assert desk.run("doctor", *COMPANY, "--name", "b", "--wants", "EnforcementOperations", code=1).out

        # At KSeF both are listed; each is revoked in its own way.
        (listed,) = desk.run("token", "list", *COMPANY, "--cert", "firma.pem", "--json").objects()
        assert {item["status"] for item in listed} == {"Active"}
        references = {item["referenceNumber"] for item in listed}
        assert told["referenceNumber"] in references
        (first,) = references - {told["referenceNumber"]}
        desk.run("token", "revoke", *COMPANY, "--reference", first, "--cert", "firma.pem")
        refused = desk.run("doctor", *COMPANY, "--name", "main", code=1)
        assert "Token unieważniony" in refused.out
        # What `issue --store` put there revokes itself: its reference number is noted beside it.
        assert told["referenceNumber"] in desk.run("token", "revoke", *COMPANY, "--name", "b").out
        desk.run("doctor", *COMPANY, "--name", "b", code=2)  # gone from the vault
        (listed,) = desk.run("token", "list", *COMPANY, "--cert", "firma.pem", "--json").objects()
        assert {item["status"] for item in listed} == {"Revoked"}
        # Sending with what is revoked is refused, and nothing is sent.
        assert desk.run("send", *COMPANY, desk.invoice("late.xml", "LATE/1"), code=1).err
        assert ksef.truth()["accepted"] == []


def test_invoices_out_and_in(tmp_path: Path) -> None:
    with served(tmp_path / "server") as ksef:
        seller = desk_at(tmp_path / "seller", ksef.url)
        buyer = desk_at(tmp_path / "buyer", ksef.url)
        buyer.run("cert", "new", "--seal", "--nip", BUYER, "--out", "firma.pem")
        for desk, nip in ((seller, NIP), (buyer, BUYER)):
            desk.run("token", "issue", "--company", nip, "--cert", "firma.pem", "--store")

        good, other = seller.invoice("good.xml", "OUT/1"), seller.invoice("other.xml", "OUT/1")
        other.write_bytes(good.read_bytes().replace(b"<SystemInfo>", b"<SystemInfo>other "))
        sent = seller.run("send", *COMPANY, good, other, "--json", code=1).objects()
        assert [result["outcome"] for result in sent] == ["accepted", "conflict"]
        assert sent[1]["ksefNumber"] == sent[0]["ksefNumber"]
        assert sent[1]["upo"] is None
        # The receipt lies beside the invoice, and confirms it.
        receipt = Path(sent[0]["upo"])
        assert receipt.parent == good.parent
        seller.run(
            "upo", "verify", receipt, "--invoice", good, "--trust", Path(ksef.data) / "keys/upo-seal.crt"
        )
        # Run again: found out, not sent again.
        again = seller.run("send", *COMPANY, good, "--json").objects()
        assert [result["ksefNumber"] for result in again] == [sent[0]["ksefNumber"]]
        assert ksef.truth()["posts"][sent[0]["invoiceHash"]] == 1
        # Receipts by session, by invoice reference, by number; a number that is none is unreadable.
        session = ("upo", "get", *COMPANY, "--session", sent[0]["sessionReferenceNumber"], "--out", "upo")
        for more in ((), ("--invoice", sent[0]["referenceNumber"]), ("--invoice", sent[0]["ksefNumber"])):
            for got in seller.run(*session, *more, "--json").objects():
                seller.run("upo", "verify", got["file"], "--invoice", good)
        seller.run(*session, "--invoice", sent[0]["ksefNumber"][:-2] + "zz", code=2)
        buyer.run("upo", "get", "--company", BUYER, *session[4:], code=1)

        # Received once; the bookmark stands at the high-water mark and never goes back.
        receive = ("receive", "--company", BUYER, "--out", "in")
        marks = []
        for new in (1, 0, 0):
            received = buyer.run(*receive, "--json").objects()
            assert [item["ksefNumber"] for item in received] == [sent[0]["ksefNumber"]] * new
            marks.append((buyer.home / "in" / BUYER / "buyer" / "bookmark.json").read_text())
        assert marks == sorted(marks)
        folder = buyer.home / "in" / BUYER / "buyer"
        assert (folder / f"{sent[0]['ksefNumber']}.xml").read_bytes() == good.read_bytes()
        (folder / "bookmark.json").write_text("{")
        assert "damaged" in buyer.run(*receive, code=2).err
        (folder / "bookmark.json").unlink()
        assert buyer.run(*receive, "--json").out == ""
        # The same by exports, in a folder of its own; then nothing new.
        packages = ("receive", "--company", BUYER, "--out", "packages", "--export", "--json")
        assert [item["ksefNumber"] for item in buyer.run(*packages).objects()] == [sent[0]["ksefNumber"]]
        copy = buyer.home / "packages" / BUYER / "buyer" / f"{sent[0]['ksefNumber']}.xml"
        assert copy.read_bytes() == good.read_bytes()
        assert buyer.run(*packages).out == ""
        mine = seller.run("receive", *COMPANY, "--role", "seller", "--role", "third", "--out", "in", "--json")
        assert [item["role"] for item in mine.objects()] == ["seller"]


def test_test_data_from_the_terminal(tmp_path: Path) -> None:
    with served(tmp_path / "server", data=":memory:") as ksef:
        desk = desk_at(tmp_path / "desk", ksef.url)
        desk.run("testdata", "person", "--nip", BUYER, "--pesel", "85010112345")
        desk.run("cert", "new", "--pesel", "85010112345", "--out", "jdg.p12", typed=b"of the file\n", code=0)
        desk.run("cert", "new", "--pesel", "85010112345", "--key", "rsa", "--out", "jdg.pem")
        desk.run("token", "issue", "--company", BUYER, "--cert", "jdg.pem", "--store")
        desk.run("testdata", "subject", "--nip", NIP, "--type", "VatGroup", "--subunit", BUYER)
        desk.run("testdata", "permissions", *COMPANY, "--to-pesel", "85010112345", "invoiceread,InvoiceWrite")
        desk.run("token", "issue", *COMPANY, "--cert", "jdg.pem", "--store")
        desk.run("token", "issue", *COMPANY, "--cert", "jdg.pem", "-p", "Introspection", code=1)
        # The same person registered twice is refused in KSeF's words.
        done = desk.run("testdata", "person", "--nip", BUYER, "--pesel", "85010112345", code=1)
        assert "30001" in done.err
