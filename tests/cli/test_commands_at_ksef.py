"""Commands that ask KSeF about sessions, invoices, logins and limits: what they say, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from klucznik.clock import WARSAW
from klucznik.documents import samples
from klucznik.wire.ids import make_nip
from processes import Done, Terminal

from .conftest import BUYER, NIP, Desk

COMPANY = ("--company", NIP)
SIGNED = (*COMPANY, "--cert", "firma.pem")
SESSION = "20260302-SO-0123456789-0123456789-AB"
NUMBER = "5265877635-20250826-0100001AF629-AF"
_rand = Random()


@pytest.fixture(scope="module")
def sent(desk: Desk) -> dict[str, str]:
    """An accepted invoice of the company, sent with a faulty one."""
    good = desk.invoice("sent.xml", "CLI/at-ksef")
    now = datetime.now(UTC)
    bad = desk.invoice(
        "refused.xml", "", samples.faulty_invoice(NIP, BUYER, "CLI/bad", now.astimezone(WARSAW).date(), now)
    )
    first, second = desk.run("send", *COMPANY, good, bad, "--json", code=1).objects()
    assert second["code"] == 450
    found: dict[str, str] = first
    return found


# ---- sessions and invoices -------------------------------------------------------------------------


def test_a_session_is_looked_into(desk: Desk, sent: dict[str, str]) -> None:
    session = sent["sessionReferenceNumber"]
    (listed,) = desk.run("session", "list", *COMPANY, "--type", "online", "--json").objects()
    assert session in {item["referenceNumber"] for item in listed}
    (none,) = desk.run("session", "list", *COMPANY, "--until", "2020-01-01", "--json").objects()
    assert none == []

    shown = desk.run("session", "show", session, *COMPANY).out
    assert "2 sent, 1 accepted, 1 refused" in shown
    polish = Terminal(desk.home, desk.ksef, "pl", more=desk.more)
    assert "2 wysłanych, 1 przyjętych, 1 odrzuconych" in polish.run("session", "show", session, *COMPANY).out

    (invoices,) = desk.run("session", "invoices", session, *COMPANY, "--json").objects()
    assert [item["status"]["code"] for item in invoices] == [200, 450]
    failed = desk.run("session", "invoices", session, *COMPANY, "--failed").out
    assert "450 " in failed
    assert sent["ksefNumber"] not in failed
    refused = invoices[1]["referenceNumber"]
    assert "450 " in desk.run("session", "show", session, *COMPANY, "--invoice", refused, code=1).out


def test_invoices_are_found_by_what_is_known_of_them(desk: Desk, sent: dict[str, str]) -> None:
    def found(*filters: str) -> list[str]:
        (items,) = desk.run("invoice", "find", *COMPANY, "--role", "seller", "--json", *filters).objects()
        return [item["ksefNumber"] for item in items]

    number = sent["ksefNumber"]
    for fitting in (
        ("--number", "CLI/at-ksef"),
        ("--ksef-number", number),
        ("--number", "CLI/at-ksef", "--buyer", BUYER, "--seller", NIP, "--kind", "vat", "--currency", "pln"),
        ("--number", "CLI/at-ksef", "--gross", "1..", "--form", "fa", "--mode", "online"),
        ("--number", "CLI/at-ksef", "--date", "stored", "--no-attachment", "--no-self-invoicing"),
        ("--number", "CLI/at-ksef", "--sort", "oldest", "--net", "..1000000"),
    ):
        assert found(*fitting) == [number], fitting
    for other in (
        ("--number", "CLI/at-ksef", "--buyer", NIP),
        ("--number", "CLI/at-ksef", "--buyer", "none"),
        ("--number", "CLI/at-ksef", "--buyer", "DE123456789"),
        ("--number", "CLI/at-ksef", "--gross", "..0.01"),
        ("--number", "CLI/at-ksef", "--currency", "EUR"),
        ("--number", "CLI/at-ksef", "--attachment"),
        ("--number", "CLI/at-ksef", "--until", "2020-03-01"),
    ):
        assert found(*other) == [], other


def test_more_than_asked_for_is_told(desk: Desk, sent: dict[str, str]) -> None:
    desk.run("send", *COMPANY, desk.invoice("more.xml", "CLI/more"))
    done = desk.run("invoice", "find", *COMPANY, "--role", "seller", "--limit", "1", "--json")
    assert len(done.objects()[0]) == 1
    assert "raise --limit" in done.err


def test_an_invoice_comes_back_byte_by_byte(desk: Desk, sent: dict[str, str], tmp_path: Path) -> None:
    number = sent["ksefNumber"]
    (got,) = desk.run("invoice", "get", number, *COMPANY, "--out", tmp_path / "got", "--json").objects()
    original = (desk.home / "sent.xml").read_bytes()
    assert Path(got["file"]).read_bytes() == original
    wanted = ("--role", "seller", "--number", "CLI/at-ksef")
    for compression in ("targz", "zip"):
        folder = tmp_path / compression
        desk.run("invoice", "export", *COMPANY, *wanted, "--out", folder, "--compression", compression)
        assert (folder / f"{number}.xml").read_bytes() == original
    (only,) = desk.run(
        "invoice", "export", *COMPANY, *wanted, "--out", tmp_path / "list", "--metadata-only", "--json"
    ).objects()
    assert (only["invoiceCount"], only["isTruncated"]) == (1, False)
    assert [path.name for path in (tmp_path / "list").iterdir()] == ["metadata.json"]


def test_a_stranger_sees_nothing_of_it(desk: Desk, sent: dict[str, str], tmp_path: Path) -> None:
    stranger = make_nip(_rand)
    desk.run("cert", "new", "--seal", "--nip", stranger, "--out", "stranger.pem")
    alone = ("--company", stranger, "--cert", "stranger.pem")
    for arguments in (
        ("session", "show", sent["sessionReferenceNumber"], *alone),
        ("session", "invoices", sent["sessionReferenceNumber"], *alone),
        ("session", "close", sent["sessionReferenceNumber"], *alone),
        ("invoice", "get", sent["ksefNumber"], *alone, "--out", tmp_path),
        ("login", "check", *COMPANY, "--cert", "stranger.pem"),
    ):
        assert desk.run(*arguments, code=1).err.startswith("Error: ")
    assert desk.run("session", "list", *alone).out.strip() == "None."
    assert desk.run("invoice", "find", *alone, "--number", "CLI/at-ksef").out.strip() == "None."
    assert list(tmp_path.iterdir()) == []


# ---- logins, tokens, limits ------------------------------------------------------------------------


def test_a_login_is_listed_until_it_is_ended(desk: Desk) -> None:
    checked = desk.run("login", "check", *COMPANY, "--json").objects()[0]
    assert checked["context"] == {"type": "Nip", "value": NIP}
    assert set(checked["permissions"]) == {"InvoiceRead", "InvoiceWrite"}
    (logins,) = desk.run("login", "list", *COMPANY, "--json").objects()
    others = [item["referenceNumber"] for item in logins if not item.get("isCurrent")]
    desk.run("login", "revoke", others[0], *COMPANY)
    (after,) = desk.run("login", "list", *COMPANY, "--json").objects()
    assert others[0] not in {item["referenceNumber"] for item in after}
    desk.run("login", "revoke", "--others", *COMPANY)
    (alone,) = desk.run("login", "list", *COMPANY, "--json").objects()
    assert len(alone) == 2  # of the revoking command, and of this one


def test_a_token_that_does_not_work_is_1(desk: Desk) -> None:
    assert "Active" in desk.run("token", "show", *COMPANY).out
    issued = desk.run("token", "issue", *SIGNED, "--json").objects()[0]
    named = ("--reference", issued["referenceNumber"])
    desk.run("token", "revoke", *SIGNED, *named)
    assert "Revoked" in desk.run("token", "show", *SIGNED, *named, code=1).out
    (revoked,) = desk.run("token", "list", *SIGNED, "--status", "revoked", "--json").objects()
    assert {item["status"] for item in revoked} == {"Revoked"}


def test_limits_change_for_one_company(desk: Desk) -> None:
    other = make_nip(_rand)
    desk.run("cert", "new", "--seal", "--nip", other, "--out", "limited.pem")
    limited = ("--company", other, "--cert", "limited.pem")
    desk.run("testdata", "limits", "session", *limited, "--online-invoices", "7", "--batch-size", "2")
    desk.run("testdata", "limits", "calls", *limited, "other=5/30/120")
    (there,) = desk.run("limits", *limited, "--json").objects()
    (here,) = desk.run("limits", *COMPANY, "--json").objects()
    assert there["context"]["onlineSession"]["maxInvoices"] == 7
    assert there["context"]["batchSession"]["maxInvoiceSizeInMB"] == 2
    assert there["rateLimits"]["other"] == {"perSecond": 5, "perMinute": 30, "perHour": 120}
    assert here["context"]["onlineSession"]["maxInvoices"] == 10_000
    assert here["rateLimits"]["other"]["perSecond"] == -1
    desk.run("testdata", "limits", "session", *limited, "--reset")
    desk.run("testdata", "limits", "calls", *limited, "--reset")
    assert desk.run("limits", *limited, "--json").objects()[0]["context"] == here["context"]


def test_a_unit_and_an_eu_entity_are_contexts_too(desk: Desk) -> None:
    unit = ("--unit", f"{NIP}-12346", "--unit-name", "Oddział w Łodzi")
    own = ("--to", "Nip", NIP, "--person", "Anna", "Testowa")
    desk.run("permission", "unit-admin", *SIGNED, *own, *unit)
    (inside,) = desk.run(
        "login", "check", "--company", f"{NIP}-12346", "--cert", "firma.pem", "--json"
    ).objects()
    assert inside["context"]["type"] == "InternalId"
    assert inside["permissions"] == ["CredentialsManage"]

    desk.run("cert", "new", "--pesel", "85010112345", "--out", "admin.pem")
    fingerprint = desk.run("cert", "fingerprint", "admin.pem").out.strip()
    whom = ("--to", "Fingerprint", fingerprint, "--person", "Max", "Muster")
    born = ("--born", "1985-01-01", "--document", "PASSPORT", "C01X00T47", "DE")
    european = ("--vat", "DE123456789", "--eu-name", "Muster GmbH", "--eu-address", "Berlin")
    desk.run("permission", "eu-admin", *SIGNED, *whom, *born, *european)
    there = ("--company", f"{NIP}-DE123456789", "--cert", "admin.pem")
    assert "VatUeManage" in desk.run("login", "check", *there).out
    representative = ("--to", "Fingerprint", "AB" * 32, "--entity", "Vertreter AG", "--address", "Wien")
    desk.run("permission", "grant", *there, *representative, "-p", "InvoiceRead")
    assert "Vertreter AG" in desk.run("permission", "list", *there, "--what", "eu").out


# ---- tables at eighty columns ----------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "pl"])
def test_tables_fit_eighty_columns(desk: Desk, sent: dict[str, str], language: str) -> None:
    narrow = Terminal(desk.home, desk.ksef, language, more={**desk.more, "COLUMNS": "80"})
    session, number = sent["sessionReferenceNumber"], sent["ksefNumber"]
    for arguments, whole in (
        (("session", "list", *COMPANY), session),
        (("session", "invoices", session, *COMPANY), number),
        (("invoice", "find", *COMPANY, "--role", "seller", "--number", "CLI/at-ksef"), number),
        (("login", "list", *COMPANY), "-AU-"),
        (("limits", *COMPANY), "collectiveIdentifier"),
        (("keys",), "SymmetricKeyEncryption"),
        (("permission", "list", *SIGNED, "--what", "units"), f"{NIP}-12346"),
    ):
        done = narrow.run(*arguments)
        assert whole in done.out, done.said
        assert [line for line in done.out.splitlines() if len(line) > 80] == [], done.said


def test_a_pipe_gets_one_line_for_each_record(desk: Desk, sent: dict[str, str]) -> None:
    """Where nobody looks at it, nothing is folded."""
    unbounded = Terminal(desk.home, desk.ksef, more={**desk.more, "COLUMNS": ""})
    done = unbounded.run("invoice", "find", *COMPANY, "--role", "seller", "--number", "CLI/at-ksef")
    (line,) = [line for line in done.out.splitlines() if sent["ksefNumber"] in line]
    assert "CLI/at-ksef" in line
    assert "PLN" in line


# ---- wrong usage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("session", "show", "20260302-EE-0", *COMPANY), "20260302-EE-0"),
        (("session", "list", *COMPANY, "--since", "yesterday"), "'yesterday' is no date"),
        (("session", "list", *COMPANY, "--since", "2026-03-02", "--until", "2026-03-01"), "is after"),
        (("session", "show", SESSION, "--company", "5265877635-12340"), "check digit, 6"),
        (("session", "list", *COMPANY, "--by-fingerprint"), "--by-fingerprint needs --cert"),
        (("invoice", "get", "5265877635-20250826-0100001AF629-AE", *COMPANY), "checksum"),
        (("invoice", "find", *COMPANY, "--gross", "much"), "'much' is no range"),
        (("invoice", "find", *COMPANY, "--gross", "1..2", "--net", "1..2"), "one of --gross"),
        (("invoice", "find", *COMPANY, "--currency", "ZŁ"), "'ZŁ' is no currency"),
        (("invoice", "find", *COMPANY, "--number", "x" * 257), "at most 256 characters"),
        (("invoice", "find", *COMPANY, "--buyer", "x" * 51), "at most 50 characters"),
        (("invoice", "find", *COMPANY, "--limit", "0"), "not in the range"),
        (("collective", "generate", NUMBER, *COMPANY), "two invoices at least"),
        (("collective", "generate", NUMBER, f"{NUMBER} much PLN", *COMPANY), "an amount and a currency"),
        (("collective", "generate", NUMBER, f"{NUMBER} 1 PLN {'x' * 513}", *COMPANY), "at most 512"),
        (("collective", "show", "IZ", *COMPANY), "'IZ' is not a collective identifier"),
        (("login", "revoke", *COMPANY), "--others"),
        (("permission", "revoke", "17", *COMPANY), "17"),
        (("permission", "status", SESSION, *COMPANY), SESSION),
        (("permission", "list", *COMPANY, "--what", "units", "-p", "InvoiceRead"), "has no -p"),
        (("permission", "list", *COMPANY, "--of", "VatUe", "DE123456789"), "not VatUe"),
        (("permission", "list", *COMPANY, "-p", "InvoiceEat"), "Unknown permission: InvoiceEat"),
        (
            ("permission", "grant", *COMPANY, "--to", "Fingerprint", "12", "--person", "A", "B", "-p", "X"),
            "'12' is not a fingerprint",
        ),
        (
            ("permission", "unit-admin", *COMPANY, "--to", "Nip", NIP, "--person", "An", "Te", "--unit", "1"),
            "'1' is not a NIP",
        ),
        (("cert", "get", "12", *SIGNED), "'12' is not a serial number"),
        (("testdata", "limits", "session", *COMPANY), "Say what to change"),
        (("testdata", "limits", "session", *COMPANY, "--batch-size", "6"), "not in the range"),
        (("testdata", "limits", "calls", *COMPANY, "others=1/2/3"), "'others=1/2/3' is not GROUP"),
        (("testdata", "attachments", *COMPANY, "--on", "2026-03-01"), "--on goes with --end"),
        (("upo", "get", *COMPANY, "--session", SESSION, "--page", "1"), "'1' is not the reference"),
        (("token", "show", *COMPANY, "--reference", "EC"), "'EC' is not the reference"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_64_and_names_the_value(desk: Desk, arguments: tuple[str, ...], word: str) -> None:
    done = desk.run(*arguments, code=64)
    assert word in done.err, done.said


def test_what_does_not_fit_the_contract_is_said_in_polish(desk: Desk) -> None:
    polish = Terminal(desk.home, desk.ksef, "pl", more=desk.more)
    done = polish.run("invoice", "find", *COMPANY, "--buyer", "x" * 51, code=64)
    assert "mieści się najwyżej 50 znaków" in done.err
    assert "Error" not in done.err


def test_a_company_without_a_token_is_told_of_certificates(desk: Desk) -> None:
    def hinted(done: Done) -> bool:
        return "Hint: " in done.err and "--cert" in done.err

    assert hinted(desk.run("session", "list", "--company", make_nip(_rand), code=2))
    assert hinted(desk.run("session", "list", "--company", f"{NIP}-12346", code=2))
