"""Vaults for tests: a key file opens in a millisecond, a passphrase takes Argon2id's time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest

from klucznik.clock import ManualClock
from klucznik.vault.entries import Entry
from klucznik.vault.keys import KeyFile
from klucznik.vault.vault import Vault

ANIA = Entry("test", "5265877635", "erp")
BIURO = Entry("test", "7010002137", "erp")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that holds what it is given, for one test."""

    priority = 1.0

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.held.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError(username)


@pytest.fixture
def os_keyring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    return KeyFile.create(tmp_path / "key")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def vault(path: Path, key_file: KeyFile, clock: ManualClock) -> Iterator[Vault]:
    with Vault.create(path, key_file, clock=clock) as made:
        yield made
