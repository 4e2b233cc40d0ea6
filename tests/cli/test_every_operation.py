"""Each of the 83 operations has its command: docs/cli.md says which, and the trace of a local KSeF agrees.

The commands are carried out in this process, against a KSeF in another one, whose management door tells
what each of them called. `login` in the table stands for the operations of `LOGIN`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import httpx2
import pytest

import klucznik.wire  # noqa: F401  (fills ROWS)
from klucznik.cli.root import root, run
from klucznik.client import auth, security, sessions
from klucznik.client.ksef import Ksef
from klucznik.client.sending import FA3
from klucznik.clock import WARSAW
from klucznik.crypto import envelope
from klucznik.crypto.certs import Identity
from klucznik.documents import samples
from klucznik.vault.keys import KeyFile
from klucznik.vault.vault import Vault
from klucznik.wire.endpoint import ROWS
from klucznik.wire.security import PublicKeyCertificateUsage
from processes import Served, served

from .conftest import BUYER, NIP
from .test_help import commands

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
KEYS = "GET /security/public-key-certificates"
#: One login: by certificate or by token (whose key is fetched first). Sessions and exports fetch a key too.
LOGIN = {
    "POST /auth/challenge",
    "POST /auth/xades-signature",
    "POST /auth/ksef-token",
    "GET /auth/{referenceNumber}",
    "POST /auth/token/redeem",
    KEYS,
}
OPERATIONS = {f"{method} {path}" for method, path in ROWS}

Way = tuple[str, ...]


def leaves() -> list[Way]:
    """Every command that is no group."""
    every = list(commands(root))
    return [way for way in every if not any(other[: len(way)] == way and other != way for other in every)]


def way_of(arguments: Way) -> Way:
    """The command that arguments begin with."""
    command: click.Command | None = root
    found: list[str] = []
    for word in arguments:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word)
        found.append(word)
    return tuple(found)


@dataclass
class Walk:
    """Commands, each with what it called."""

    ksef: Served
    called: dict[Way, set[str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    _seen: int = 0

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        """Carry out a command; gives its standard output."""
        words = tuple(str(argument) for argument in arguments)
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            run(list(words))
        assert ended.value.code == code, (words, out.getvalue(), err.getvalue())
        self.said += [out.getvalue(), err.getvalue()]
        self.called.setdefault(way_of(words), set()).update(self.calls())
        return out.getvalue()

    def json(self, *arguments: str | Path, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).splitlines()[-1])

    def calls(self) -> set[str]:
        """What was called since the last time."""
        door = f"{self.ksef.management}/trace?last=10000"
        calls = httpx2.get(door, trust_env=False).raise_for_status().json()["calls"]
        new, self._seen = calls[self._seen :], len(calls)
        return {call["operation"] for call in new} & OPERATIONS


def open_session(url: str, seal: Path) -> str:
    """An online session that somebody left open."""
    with Ksef(url) as ksef:
        ksef.run(auth.login_with_identity("Nip", NIP, Identity.load(seal.read_bytes())))
        public_key = ksef.run(security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption))
        key, iv = envelope.new_session_key()
        with key.reveal() as plain:
            sealed = security.wrap(plain, public_key)
        call = sessions.open_online(FA3, key, iv, sealed, public_key.public_key_id)
        return ksef.call(call).reference_number


def walk_all(walk: Walk, home: Path) -> None:
    """Every command that asks a KSeF, at least once."""
    company = ("--company", NIP)
    seal, other, person = home / "firma.pem", home / "other.pem", home / "person.pem"
    signed = (*company, "--cert", seal)
    walk.run("cert", "new", "--seal", "--nip", NIP, "--out", seal)
    walk.run("cert", "new", "--seal", "--nip", BUYER, "--out", other)
    walk.run("cert", "new", "--pesel", "85010112345", "--out", person)
    fingerprint = walk.run("cert", "fingerprint", person).strip()
    walk.run("keys")

    # Test data
    walk.run("testdata", "person", "--nip", BUYER, "--pesel", "80010112345", "--bailiff")
    walk.run("testdata", "remove-person", "--nip", BUYER)
    walk.run("testdata", "subject", "--nip", NIP, "--type", "JST", "--subunit", BUYER)
    walk.run("testdata", "permissions", *company, "--to-pesel", "85010112345", "InvoiceRead")
    walk.run("testdata", "remove-permissions", *company, "--to-pesel", "85010112345")
    walk.run("testdata", "attachments", *company)
    walk.run("testdata", "attachments", *company, "--end", "--on", "2099-01-01")
    walk.run("testdata", "block", *company)
    walk.run("login", "check", *signed, code=1)
    walk.run("testdata", "unblock", *company)
    walk.run("testdata", "limits", "session", *signed, "--online-invoices", "100")
    walk.run("testdata", "limits", "session", *signed, "--reset")
    walk.run("testdata", "limits", "certificates", *signed, "--enrollments", "9")
    walk.run("testdata", "limits", "certificates", *signed, "--reset")
    walk.run("testdata", "limits", "calls", *signed, "other=60/300/1200")
    walk.run("testdata", "limits", "calls", *signed, "--production")
    walk.run("testdata", "limits", "calls", *signed, "--reset")
    walk.run("limits", *signed)

    # Tokens and logins
    issued = walk.json("token", "issue", *signed, "--store")["referenceNumber"]
    walk.run("token", "list", *signed)
    walk.run("token", "show", *company)
    walk.run("doctor", *company)
    walk.run("token", "check", *company)
    walk.run("login", "check", *company)
    logins = walk.json("login", "list", *company)
    walk.run("login", "revoke", *company, logins[-1]["referenceNumber"])
    walk.run("login", "revoke", *company, "--others")

    # Permissions
    pesel = ("--to", "Pesel", "85010112345", "--person", "Anna", "Testowa")
    walk.run("permission", "grant", *signed, *pesel, "-p", "InvoiceRead")
    walk.run("permission", "grant", *signed, *pesel, "-p", "InvoiceRead", "--clients")
    walk.run(
        "permission", "grant", *signed, "--to", "Nip", BUYER, "--entity", "Biuro Testowe", "-p", "InvoiceRead"
    )
    unit = ("--unit", f"{NIP}-12346", "--unit-name", "Oddział w Łodzi")
    walk.run("permission", "unit-admin", *signed, *pesel, *unit)
    certificate = ("--to", "Fingerprint", fingerprint, "--person", "Anna", "Testowa")
    holder = (*certificate, "--holder", "Pesel", "85010112345")
    european = ("--vat", "DE123456789", "--eu-name", "Muster GmbH", "--eu-address", "Berlin")
    walk.run("permission", "eu-admin", *signed, *holder, *european)
    inside = ("--company", f"{NIP}-DE123456789", "--cert", person)
    walk.run("permission", "grant", *inside, *holder, "-p", "InvoiceRead")
    buyer = ("--to", "Nip", BUYER, "--entity", "Biuro Testowe", "--permission", "SelfInvoicing")
    operation = walk.json("permission", "authorize", *signed, *buyer)["referenceNumber"]
    walk.run("permission", "status", operation, *signed)
    listed = {
        what: walk.json("permission", "list", *signed, "--what", what)
        for what in (
            "persons",
            "granted",
            "own",
            "received",
            "authorizations",
            "authorized-by",
            "units",
            "eu",
        )
    }
    walk.run("permission", "revoke", listed["persons"][0]["id"], *signed)
    walk.run("permission", "revoke", listed["authorizations"][0]["id"], *signed, "--authorization")
    walk.run("permission", "roles", *signed)
    walk.run("permission", "roles", *signed, "--subordinate")
    walk.run("permission", "attachments", *signed)
    walk.run("testdata", "remove-subject", "--nip", NIP)
    walk.run("peppol", "list")

    # Certificates
    walk.run("cert", "limits", *signed)
    serial = walk.json("cert", "enrol", *signed, "--out", home / "ksef.pem")["certificateSerialNumber"]
    walk.run("cert", "list", *signed)
    walk.run("cert", "get", serial, *signed, "--out", home)
    walk.run("testdata", "certificate", serial, "--valid-to", "2099-01-01", *signed, code=1)
    walk.run("cert", "revoke", serial, *signed)

    # Invoices
    now = datetime.now(UTC)
    files = [home / f"{number}.xml" for number in range(3)]
    for number, path in enumerate(files):
        path.write_bytes(samples.invoice(NIP, BUYER, f"EVERY/{number}", now.astimezone(WARSAW).date(), now))
    sent = walk.json("send", *company, files[0], "--upo", home / "upo")
    walk.run("send", *company, files[0], files[1], "--upo", home / "upo")
    walk.run("send", *company, "--batch", files[2], "--upo", home / "upo")
    listed_sessions = walk.json("session", "list", *company)
    online = sent["sessionReferenceNumber"]
    assert online in {session["referenceNumber"] for session in listed_sessions}
    page = walk.json("session", "show", online, *company)["upo"]["pages"][0]["referenceNumber"]
    walk.run("session", "show", online, *company, "--invoice", sent["referenceNumber"])
    walk.run("session", "invoices", online, *company)
    walk.run("session", "invoices", online, *company, "--failed")
    batch = next(each["referenceNumber"] for each in listed_sessions if "-SB-" in each["referenceNumber"])
    walk.run("session", "close", batch, *company, code=1)
    left_open = open_session(walk.ksef.url, seal)
    walk.calls()  # those were no command's
    walk.run("session", "close", left_open, *company, code=1)  # nothing was sent in it
    upo = ("upo", "get", *company, "--session", online, "--out", home / "upo")
    walk.run(*upo)
    walk.run(*upo, "--page", page)
    walk.run(*upo, "--invoice", sent["ksefNumber"])
    walk.run(*upo, "--invoice", sent["referenceNumber"])
    numbers = [item["ksefNumber"] for item in walk.json("invoice", "find", *company, "--role", "seller")]
    assert len(numbers) == 3
    walk.run("invoice", "get", *numbers, *company, "--out", home / "got")
    walk.run("invoice", "export", *company, "--role", "seller", "--out", home / "exported")
    walk.run("receive", *company, "--role", "seller", "--out", home / "received")
    walk.run("receive", *company, "--role", "seller", "--out", home / "again", "--export")
    made = walk.json("collective", "generate", *company, *numbers)["collectiveIdentifierNumber"]
    assert made in walk.run("collective", "list", *company)
    assert numbers[0] in walk.run("collective", "show", made, *company)
    assert made in walk.run("collective", "list", *company, "--invoice", numbers[0])
    walk.run("token", "revoke", *signed, "--reference", issued)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    home = tmp_path_factory.mktemp("every")
    with served(home, data=":memory:") as ksef, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KLUCZNIK_HOME", str(home))
        patch.setenv("KLUCZNIK_KSEF", ksef.url)
        patch.setenv("KLUCZNIK_KEY_FILE", str(home / "vault.key"))
        patch.setenv("COLUMNS", "200")
        walk = Walk(ksef)
        walk_all(walk, home)
        yield walk


def told_of(called: set[str]) -> list[str]:
    """What a command called, as the page writes it."""
    if not called or called == {KEYS}:
        return sorted(called)
    own = sorted(called - LOGIN, key=lambda operation: operation.split(" ")[::-1])
    return (["login"] if called & LOGIN else []) + own


#: The ways of all commands with the first sentence of their help, in English, whatever this process speaks.
_HELP = """
import json, click
from klucznik.cli.root import root
def walk(command, way):
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), (*way, name))
    else:
        yield " ".join(way), command.get_short_help_str(200)
print(json.dumps(dict(walk(root, ()))))
"""


def helps() -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-c", _HELP],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "en_US.UTF-8"},
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def rows(called: dict[Way, set[str]]) -> list[str]:
    """The lines of the page's table."""
    lines = []
    for name, words in helps().items():
        operations = told_of(called.get(tuple(name.split(" ")), set()))
        told = "<br>".join(each if each == "login" else f"`{each}`" for each in operations)
        lines.append(f"| `{name}` | {words} | {told} |".replace("|  |", "| |"))
    return lines


def test_the_page_tells_of_every_command_what_it_calls(walk: Walk) -> None:
    written = re.findall(r"^\| `[a-z].*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert written == rows(walk.called)


def test_no_operation_is_without_a_command(walk: Walk) -> None:
    called = set().union(*walk.called.values())
    assert len(OPERATIONS) == 83
    assert OPERATIONS - called == set()


def test_every_command_that_asks_a_ksef_was_walked(walk: Walk) -> None:
    asking = {way for way in leaves() if "--ksef" in _options(way)}
    # These name a KSeF and do not ask it.
    naming = {("token", "put"), ("invoice", "pdf"), ("qr", "link"), ("qr", "check")}
    assert asking - set(walk.called) == naming


def test_no_command_shows_a_secret(walk: Walk) -> None:
    home = Path(os.environ["KLUCZNIK_HOME"])
    with Vault.open(home / "vault.db", KeyFile(home / "vault.key")) as vault:
        (entry,) = [info.entry for info in vault.entries()]
        ksef_token = vault.use(entry).text()
    said = "".join(walk.said)
    assert ksef_token.split("|")[0] in said  # its number is no secret
    for secret in (ksef_token, ksef_token.split("|")[-1], "eyJ", "PRIVATE KEY"):
        assert secret not in said


def _options(way: Way) -> set[str]:
    command: click.Command | None = root
    for name in way:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command
    return {option for parameter in command.params for option in parameter.opts}


def test_the_page_names_each_operation_once_or_more() -> None:
    named = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /[^`]*)`", PAGE.read_text(encoding="utf-8")))
    assert named == OPERATIONS
