"""Passphrase, key file, keyring: each opens what it made, and nothing else does."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import keyring
import pytest
from keyring.core import load_keyring

from klucznik.errors import VaultProblem
from klucznik.secret import Secret
from klucznik.vault.keys import ARGON2, KeyFile, OsKeyring, Passphrase, Unlocking
from klucznik.vault.vault import Vault

from .conftest import ANIA, MemoryKeyring

needs_modes = pytest.mark.skipif(os.name != "posix", reason="Windows holds no modes")


@pytest.fixture(params=["passphrase", "key-file", "os-keyring"])
def unlock(request: pytest.FixtureRequest, tmp_path: Path, os_keyring: MemoryKeyring) -> Unlocking:
    ways: dict[str, Unlocking] = {
        "passphrase": Passphrase("zażółć gęślą jaźń"),
        "key-file": KeyFile.create(tmp_path / "its-key"),
        "os-keyring": OsKeyring(),
    }
    return ways[request.param]


def test_each_way_opens_what_it_made(path: Path, unlock: Unlocking) -> None:
    with Vault.create(path, unlock) as vault:
        vault.put(ANIA, Secret("the-token"))
    with Vault.open(path, unlock) as vault:
        assert vault.use(ANIA).text() == "the-token"
        assert [slot.kind for slot in vault.slots()] == [unlock.kind]


def test_each_way_can_be_added_and_all_open_the_same(path: Path, vault: Vault, unlock: Unlocking) -> None:
    vault.put(ANIA, Secret("the-token"))
    assert vault.add_slot(unlock) == 2
    with Vault.open(path, unlock) as again:
        assert again.use(ANIA).text() == "the-token"


def test_a_wrong_passphrase_and_a_doctored_slot_give_one_text(path: Path) -> None:
    Vault.create(path, Passphrase("correct horse")).close()
    with pytest.raises(VaultProblem) as wrong:
        Vault.open(path, Passphrase("correct house"))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE slot SET salt = zeroblob(16)")
    db.close()
    with pytest.raises(VaultProblem) as doctored:
        Vault.open(path, Passphrase("correct horse"))
    assert str(wrong.value) == str(doctored.value)
    assert "correct" not in repr(wrong.value) + str(wrong.value)


def test_a_flood_of_wrong_passphrases_ends_and_the_right_one_still_opens(path: Path) -> None:
    Vault.create(path, Passphrase("correct horse")).close()

    def guess(n: int) -> bool:
        with pytest.raises(VaultProblem, match="does not open"):
            Vault.open(path, Passphrase(f"guess number {n}"))
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(guess, range(8)))
    Vault.open(path, Passphrase("correct horse")).close()


def test_a_passphrase_opens_however_the_keyboard_composes_it(path: Path) -> None:
    Vault.create(path, Passphrase("za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105")).close()
    Vault.open(path, Passphrase("zaz\u0307o\u0301\u0142c\u0301 ge\u0328s\u0301la\u0328")).close()


def test_a_passphrase_shows_no_hash_of_itself() -> None:
    passphrase = Passphrase("correct horse")
    assert repr(passphrase) == str(passphrase) == f"{passphrase}" == "Passphrase(***)"
    assert passphrase.fingerprint == ""
    assert passphrase.text() == "correct horse"


def test_a_new_passphrase_is_not_too_short(path: Path) -> None:
    with pytest.raises(VaultProblem, match="at least 8"):
        Vault.create(path, Passphrase("1234567"))
    assert not path.exists()


def test_the_parameters_of_argon2id_are_stored_and_cost_what_the_rfc_asks(path: Path) -> None:
    started = time.process_time()
    Vault.create(path, Passphrase("correct horse")).close()
    assert time.process_time() - started > 0.02  # A tenth of what it takes here: it was not skipped.
    db = sqlite3.connect(path)
    [(settings,)] = db.execute("SELECT settings FROM slot").fetchall()
    db.close()
    assert json.loads(settings) == ARGON2 == {"memory_kib": 65536, "iterations": 3, "lanes": 4}


@pytest.mark.parametrize(
    "settings",
    [
        '{"memory_kib": 1099511627776, "iterations": 3, "lanes": 4}',
        '{"memory_kib": 65536, "iterations": 1000000, "lanes": 4}',
        '{"memory_kib": 65536, "iterations": 3, "lanes": 0}',
        '{"memory_kib": "65536", "iterations": 3, "lanes": 4}',
        '{"memory_kib": true, "iterations": 3, "lanes": 4}',
        "{}",
        "[]",
        "{",
    ],
)
def test_a_doctored_file_cannot_ask_for_the_machines_memory(path: Path, settings: str) -> None:
    Vault.create(path, Passphrase("correct horse")).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE slot SET settings = ?", (settings,))
    db.close()
    with pytest.raises(VaultProblem, match="damaged"):
        Vault.open(path, Passphrase("correct horse"))


def test_other_parameters_than_those_it_was_made_with_do_not_open(path: Path) -> None:
    Vault.create(path, Passphrase("correct horse")).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE slot SET settings = ?", ('{"iterations": 1, "lanes": 1, "memory_kib": 8192}',))
    db.close()
    with pytest.raises(VaultProblem, match="does not open"):
        Vault.open(path, Passphrase("correct horse"))


def test_a_vault_says_what_opens_it(path: Path, vault: Vault) -> None:
    with pytest.raises(VaultProblem, match="opened by: key-file"):
        Vault.open(path, Passphrase("correct horse"))


def test_another_key_file_does_not_open(path: Path, tmp_path: Path, vault: Vault) -> None:
    with pytest.raises(VaultProblem, match="does not open"):
        Vault.open(path, KeyFile.create(tmp_path / "other"))


def test_a_key_file_holds_32_random_bytes_in_base64(tmp_path: Path) -> None:
    keys = {KeyFile.create(tmp_path / "in" / "new" / f"key{n}").path.read_bytes() for n in range(5)}
    assert len(keys) == 5
    assert {len(base64.b64decode(key, validate=False)) for key in keys} == {32}


@needs_modes
def test_a_key_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = KeyFile.create(tmp_path / "folder" / "key")
    finally:
        os.umask(before)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700


@needs_modes
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o620, 0o610])
def test_a_key_file_that_others_may_touch_is_refused(
    path: Path, vault: Vault, key_file: KeyFile, mode: int
) -> None:
    key_file.path.chmod(mode)
    with pytest.raises(VaultProblem, match="chmod 600"):
        Vault.open(path, key_file)
    key_file.path.chmod(0o400)
    Vault.open(path, key_file).close()


def test_a_key_file_is_never_overwritten(key_file: KeyFile) -> None:
    before = key_file.path.read_bytes()
    with pytest.raises(VaultProblem, match="exists already"):
        KeyFile.create(key_file.path)
    assert key_file.path.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [b"", b"\n", b"AAAA\n", b"A" * 44, b"not base64 at all", b"\xff" * 44, b"A" * 5000, b"AAAA\n" * 11],
)
def test_what_is_no_key_file_is_refused_unquoted(
    key_file: KeyFile, path: Path, vault: Vault, text: bytes
) -> None:
    key_file.path.write_bytes(text)
    with pytest.raises(VaultProblem, match="is no key file"):
        Vault.open(path, key_file)


def test_a_missing_key_file_or_a_folder_is_told(tmp_path: Path, path: Path, vault: Vault) -> None:
    with pytest.raises(VaultProblem, match="cannot be used: No such file"):
        Vault.open(path, KeyFile(tmp_path / "nowhere"))
    with pytest.raises(VaultProblem, match="cannot be used: Is a directory"):
        Vault.open(path, KeyFile(tmp_path))
    with pytest.raises(VaultProblem, match="cannot be used"):
        KeyFile.create(path / "below-a-file")


def test_the_keyring_keeps_one_key_that_is_never_replaced(tmp_path: Path, os_keyring: MemoryKeyring) -> None:
    Vault.create(tmp_path / "first", OsKeyring()).close()
    before = dict(os_keyring.held)
    assert list(before) == [("klucznik", "vault")]
    Vault.create(tmp_path / "second", OsKeyring()).close()
    assert os_keyring.held == before
    Vault.open(tmp_path / "first", OsKeyring()).close()
    Vault.create(tmp_path / "third", OsKeyring(account="other")).close()
    assert len(os_keyring.held) == 2


@pytest.mark.parametrize("content", [None, "", "AAAA", "zażółć"])
def test_a_keyring_that_lost_the_key_is_told(
    path: Path, os_keyring: MemoryKeyring, content: str | None
) -> None:
    Vault.create(path, OsKeyring()).close()
    os_keyring.held.clear()
    if content is not None:
        os_keyring.held["klucznik", "vault"] = content
    with pytest.raises(VaultProblem, match='holds no key "klucznik/vault"'):
        Vault.open(path, OsKeyring())


@pytest.mark.usefixtures("os_keyring")
def test_no_keyring_at_all_is_told(path: Path) -> None:
    keyring.set_keyring(load_keyring("keyring.backends.fail.Keyring"))
    with pytest.raises(VaultProblem, match=r"cannot be used \(NoKeyringError\)"):
        Vault.create(path, OsKeyring())
    assert not path.exists()


@pytest.mark.usefixtures("os_keyring")
def test_a_keyring_that_forgets_is_noticed_before_a_vault_relies_on_it(path: Path) -> None:
    keyring.set_keyring(load_keyring("keyring.backends.null.Keyring"))
    with pytest.raises(VaultProblem, match="holds no key"):
        Vault.create(path, OsKeyring())
    assert not path.exists()
