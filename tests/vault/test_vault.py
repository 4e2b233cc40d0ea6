"""What goes in comes out, under its name and version; what is missing is told with a way on."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from klucznik import lang
from klucznik.clock import ManualClock
from klucznik.errors import VaultProblem
from klucznik.secret import Secret
from klucznik.vault.entries import Entry, EntryInfo
from klucznik.vault.keys import KeyFile, Passphrase
from klucznik.vault.slots import MOST_SLOTS
from klucznik.vault.vault import Vault

from .conftest import ANIA, BIURO, NOON

CANARY = "kanarek-9f3a71"
NOTED = "notatka-55d0"  # Sealed in the file, but no secret: whoever opened the vault may see it.


@pytest.fixture
def polish(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LC_ALL", "pl_PL.UTF-8")
    lang.of_terminal.cache_clear()
    yield
    lang.of_terminal.cache_clear()


@pytest.mark.parametrize("plain", [b"a", "token|ż".encode(), bytes(range(256)) * 400])
def test_a_secret_comes_out_as_it_went_in_also_after_reopening(
    path: Path, vault: Vault, key_file: KeyFile, plain: bytes
) -> None:
    assert vault.put(ANIA, Secret(plain)) == 1
    assert vault.use(ANIA) == Secret(plain)
    vault.close()
    with Vault.open(path, key_file) as again:
        assert again.use(ANIA) == Secret(plain)


def test_versions_are_kept_and_the_newest_is_used(vault: Vault) -> None:
    assert [vault.put(ANIA, Secret(f"token {n}")) for n in (1, 2, 3)] == [1, 2, 3]
    assert vault.put(BIURO, Secret("hers")) == 1
    assert vault.use(ANIA).text() == "token 3"
    assert [vault.use(ANIA, n).text() for n in (1, 2, 3)] == ["token 1", "token 2", "token 3"]
    for version in (0, -1, 4):
        with pytest.raises(VaultProblem, match="the newest is 3"):
            vault.use(ANIA, version)


def test_a_list_shows_everything_but_the_secret(vault: Vault, clock: ManualClock) -> None:
    note = {"referenceNumber": "20251010-EC-1", "permissions": "InvoiceRead", "author": "Zażółć"}
    vault.put(ANIA, Secret(CANARY), note={"old": "note"})
    clock.advance(hours=1)
    vault.put(ANIA, Secret(CANARY), note=note)
    vault.put(Entry("prd", "5265877635", "erp", "identity"), Secret(CANARY))
    listed = vault.entries()
    assert [info.entry.env for info in listed] == ["prd", "test"]
    assert listed[1] == EntryInfo(ANIA, 2, clock.now(), note)
    assert listed[0].created.utcoffset() == NOON.utcoffset()
    assert vault.entries("prd") == listed[:1]
    assert vault.entries("demo") == []
    assert CANARY not in repr(listed)


def test_a_removed_entry_is_gone_and_its_numbers_are_not_given_again(vault: Vault) -> None:
    vault.put(ANIA, Secret("one"))
    vault.put(ANIA, Secret("two"))
    vault.put(BIURO, Secret("hers"))
    vault.remove(ANIA)
    for gone in (
        lambda: vault.use(ANIA),
        lambda: vault.use(ANIA, 1),
        lambda: vault.remove(ANIA),
        lambda: vault.find(ANIA.env, ANIA.nip),
    ):
        with pytest.raises(VaultProblem, match="no KSeF token"):
            gone()
    assert [info.entry for info in vault.entries()] == [BIURO]
    assert vault.put(ANIA, Secret("three")) == 3
    assert vault.use(ANIA).text() == "three"
    with pytest.raises(VaultProblem):
        vault.use(ANIA, 2)


def test_find_takes_the_only_one_or_the_one_named(vault: Vault) -> None:
    second = Entry("test", ANIA.nip, "warehouse")
    vault.put(ANIA, Secret("a"))
    assert vault.find("test", ANIA.nip) == ANIA
    vault.put(second, Secret("b"))
    vault.put(Entry("test", ANIA.nip, "seal", "identity"), Secret("c"))
    assert vault.find("test", ANIA.nip, "warehouse") == second
    assert vault.find("test", ANIA.nip, kind="identity").name == "seal"
    with pytest.raises(
        VaultProblem, match="several of kind ksef-token for NIP 5265877635, test: erp, warehouse"
    ) as two:
        vault.find("test", ANIA.nip)
    assert "--name" in two.value.hint


def test_find_tells_a_stranger_nothing_of_others_and_how_to_go_on(vault: Vault) -> None:
    vault.put(ANIA, Secret("a"))
    with pytest.raises(VaultProblem) as none:
        vault.find("test", BIURO.nip)
    assert none.value.message == f"no KSeF token of NIP {BIURO.nip} for test in the vault."
    assert none.value.hint == f"klucznik token put --company {BIURO.nip}"
    assert none.value.exit_code == 2
    with pytest.raises(VaultProblem, match=r"no KSeF token 'x'.* hint: there is: erp; choose with --name"):
        vault.find("test", ANIA.nip, "x")
    with pytest.raises(VaultProblem, match="hint: there is: test; choose with --ksef"):
        vault.find("prd", ANIA.nip)
    with pytest.raises(VaultProblem, match="no certificate with key of NIP"):
        vault.find("test", ANIA.nip, kind="identity")


@pytest.mark.usefixtures("polish")
def test_the_texts_speak_polish(vault: Vault) -> None:
    with pytest.raises(
        VaultProblem, match=f"w sejfie nie ma tokena KSeF dla NIP {BIURO.nip} w środowisku test"
    ):
        vault.find("test", BIURO.nip)


@pytest.mark.parametrize("part", ["", "a\nb", "a\x00b", "\x1b[31m", "x" * 201])
def test_a_name_is_printable_and_of_sane_length(part: str) -> None:
    for parts in ((part, "5265877635", "erp"), ("test", part, "erp"), ("test", "5265877635", part)):
        with pytest.raises(VaultProblem, match="cannot be part of the name"):
            Entry(*parts)


def test_the_kinds_are_three() -> None:
    kind: Any = "password"
    with pytest.raises(VaultProblem, match="knows no kind 'password'"):
        Entry("test", "5265877635", "erp", kind)


def test_an_empty_secret_is_a_mistake(vault: Vault) -> None:
    with pytest.raises(VaultProblem, match="is empty"):
        vault.put(ANIA, Secret(""))
    assert vault.entries() == []


def test_slots_have_a_limit(vault: Vault, key_file: KeyFile) -> None:
    assert [vault.add_slot(key_file) for _ in range(MOST_SLOTS - 1)] == list(range(2, MOST_SLOTS + 1))
    with pytest.raises(VaultProblem, match=f"{MOST_SLOTS} slots already"):
        vault.add_slot(key_file)
    assert len(vault.slots()) == MOST_SLOTS
    assert {slot.created for slot in vault.slots()} == {NOON}


def test_a_closed_vault_has_forgotten_its_keys(path: Path, key_file: KeyFile) -> None:
    with Vault.create(path, key_file) as vault:
        vault.put(ANIA, Secret("a"))
        root, [term] = vault._root, vault._terms.values()
        assert root
        assert term
    assert not root
    assert not term
    for late in (lambda: vault.put(ANIA, Secret("b")), lambda: vault.use(ANIA), vault.entries, vault.slots):
        with pytest.raises(VaultProblem, match="the vault is closed"):
            late()
    vault.close()


def test_threads_share_one_vault(vault: Vault) -> None:
    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(lambda n: (vault.put(ANIA, Secret(f"token {n}")), n), range(40)))
    assert sorted(version for version, _ in versions) == list(range(1, 41))
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda pair: vault.use(ANIA, pair[0]).text() == f"token {pair[1]}", versions))


def test_the_canary_is_nowhere(
    tmp_path: Path, path: Path, key_file: KeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    """A whole life with a planted secret, passphrase and note: none is in a file, log, error or traceback."""
    passphrase = Passphrase(f"{CANARY} passphrase")
    said: list[str] = []

    def fails(act: Any) -> None:
        with pytest.raises(VaultProblem) as refused:
            act()
        trace = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
        said.extend([str(refused.value), repr(refused.value), *trace.format()])

    def files() -> bytes:
        return b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())

    with caplog.at_level(logging.DEBUG):
        with Vault.create(path, key_file) as vault:
            vault.add_slot(passphrase)
            for n in range(3):
                vault.put(ANIA, Secret(f"{CANARY} {n}" * 2000), note={NOTED: NOTED})
            vault.put(BIURO, Secret(CANARY))
            said += [repr(vault), repr(vault.use(ANIA)), repr(vault.entries()[1].entry), str(passphrase)]
            fails(lambda: vault.use(ANIA, 9))
            vault._file._db.execute("UPDATE secret SET value = note")
            fails(lambda: vault.use(ANIA))
            vault._file._db.execute("PRAGMA max_page_count = 1")
            fails(lambda: vault.put(ANIA, Secret(CANARY * 9000), note={"a": "b"}))
            seen = files()
            vault.remove(BIURO)
        fails(lambda: vault.use(ANIA))
        fails(lambda: vault.put(ANIA, Secret(CANARY)))
        fails(lambda: Vault.open(path, Passphrase(f"{CANARY} wrong")))
    seen += files()
    for hidden in (CANARY, CANARY[:10], key_file.path.read_text()[:10]):
        assert hidden not in caplog.text + "".join(said)
    assert CANARY[:8].encode() not in seen
    assert NOTED.encode() not in seen
    assert ANIA.nip.encode() in seen  # The scan does see what stands openly.
