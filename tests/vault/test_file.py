"""The file: whose it is, what is no vault, what happens when it is locked, full or half made."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from klucznik.errors import VaultProblem
from klucznik.secret import Secret
from klucznik.vault import file as vault_file
from klucznik.vault.keys import KeyFile
from klucznik.vault.vault import Vault

from .conftest import ANIA, BIURO

needs_modes = pytest.mark.skipif(os.name != "posix", reason="Windows holds no modes")


@needs_modes
def test_the_vault_is_its_owners_alone_whatever_the_umask(
    tmp_path: Path, key_file: KeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    before = os.umask(0)
    try:
        with Vault.create(tmp_path / "home" / "vault", key_file) as vault:
            vault.put(ANIA, Secret("a"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "home" / "vault").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert not caplog.records  # It was so from the start: nothing had to be repaired.


@needs_modes
def test_a_vault_that_others_may_read_is_taken_from_them_and_it_is_said(
    path: Path, vault: Vault, key_file: KeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    path.chmod(0o644)
    Vault.open(path, key_file).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "had mode 0644; it is 0600 again" in caplog.text


def test_it_is_one_file_and_nothing_beside(tmp_path: Path, path: Path, vault: Vault) -> None:
    vault.put(ANIA, Secret("a"))
    assert {file.name for file in tmp_path.iterdir()} == {"vault", "key"}
    assert path.read_bytes()[68:72] == b"KLUC"


def test_a_vault_is_never_overwritten(path: Path, vault: Vault, key_file: KeyFile) -> None:
    before = path.read_bytes()
    with pytest.raises(VaultProblem, match="exists already"):
        Vault.create(path, key_file)
    path.with_name("vault-journal").touch()  # As after a crash: the tables are looked for, too.
    with pytest.raises(VaultProblem, match="exists already"):
        Vault.create(path, key_file)
    assert path.read_bytes() == before


def test_another_file_is_neither_opened_nor_touched(path: Path, key_file: KeyFile) -> None:
    path.write_text("Dear diary, " * 200)
    path.chmod(0o644)
    with pytest.raises(VaultProblem, match="exists already"):
        Vault.create(path, key_file)
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o644
    with pytest.raises(VaultProblem, match="is damaged"):
        Vault.open(path, key_file)
    assert path.read_text() == "Dear diary, " * 200


def test_another_programs_database_is_no_vault(path: Path, key_file: KeyFile) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE diary (day TEXT)")
    db.close()
    with pytest.raises(VaultProblem, match="is no vault of Klucznik"):
        Vault.open(path, key_file)


def test_nothing_or_a_folder_or_a_place_below_a_file_is_told(tmp_path: Path, key_file: KeyFile) -> None:
    for missing in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(VaultProblem, match="there is no vault at"):
            Vault.open(missing, key_file)
    for impossible in (tmp_path, key_file.path / "vault"):
        with pytest.raises(VaultProblem, match="cannot be used"):
            Vault.create(impossible, key_file)


def test_a_creation_that_was_cut_short_can_be_begun_again(path: Path, key_file: KeyFile) -> None:
    path.touch()
    with pytest.raises(VaultProblem, match="create it again"):
        Vault.open(path, key_file)
    Vault.create(path, key_file).close()
    Vault.open(path, key_file).close()


def test_a_path_with_awkward_signs(tmp_path: Path, key_file: KeyFile) -> None:
    path = tmp_path / "sejf nr 1?mode=ro#ż%20"
    with Vault.create(path, key_file) as vault:
        vault.put(ANIA, Secret("a"))
    with Vault.open(str(path), key_file) as vault:
        assert vault.use(ANIA).text() == "a"
    assert path.exists()


@pytest.mark.parametrize(
    ("version", "told"), [(2, "format 2, newer than this program knows"), (0, "is damaged")]
)
def test_a_newer_format_is_told_from_damage(
    path: Path, vault: Vault, key_file: KeyFile, version: int, told: str
) -> None:
    vault._file._db.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(VaultProblem, match=told):
        Vault.open(path, key_file)


@pytest.mark.parametrize("kept", [100, 4096, 5000, 9000])
def test_a_torn_file_is_damaged(path: Path, vault: Vault, key_file: KeyFile, kept: int) -> None:
    vault.close()
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(VaultProblem, match="is damaged"):
        Vault.open(path, key_file)


def test_a_writer_that_does_not_end_is_told_as_later(
    path: Path, vault: Vault, key_file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault_file, "BUSY_SECONDS", 0)
    vault.put(ANIA, Secret("a"))
    with Vault.open(path, key_file) as other:
        with vault._file.writing(), pytest.raises(VaultProblem, match="another process") as busy:
            other.put(ANIA, Secret("b"))
        assert busy.value.again == "later"
        assert other.use(ANIA).text() == "a"
        assert other.put(ANIA, Secret("c")) == 2


def test_a_full_disk_loses_nothing(path: Path, vault: Vault, key_file: KeyFile) -> None:
    vault.put(ANIA, Secret("a"))
    [(pages,)] = vault._file._db.execute("PRAGMA page_count").fetchall()
    vault._file._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(VaultProblem, match="cannot be used: database or disk is full"):
        vault.put(BIURO, Secret("b" * 100_000))
    assert [info.entry for info in vault.entries()] == [ANIA]
    with Vault.open(path, key_file) as again:
        assert again.put(BIURO, Secret("b" * 100_000)) == 1
        assert again.use(ANIA).text() == "a"
