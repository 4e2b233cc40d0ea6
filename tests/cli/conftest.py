"""A local KSeF to type commands at, and a company whose KSeF token lies in a vault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klucznik.clock import WARSAW
from klucznik.documents import samples
from processes import Served, Terminal, served

NIP, BUYER = "5265877635", "1111111111"


@pytest.fixture(scope="session")
def ksef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("ksef"), data=":memory:") as running:
        yield running


@dataclass
class Desk(Terminal):
    """A terminal with `firma.pem` (the company's seal) beside it; the vault opens by a key file."""

    nip: str = NIP

    @property
    def key_file(self) -> Path:
        return self.home / "vault.key"

    def invoice(self, name: str, number: str, content: bytes = b"") -> Path:
        """An invoice of the company in a file."""
        now = datetime.now(UTC)
        path = self.home / name
        path.write_bytes(
            content or samples.invoice(self.nip, BUYER, number, now.astimezone(WARSAW).date(), now)
        )
        return path


def desk_at(home: Path, url: str) -> Desk:
    home.mkdir(parents=True, exist_ok=True)
    desk = Desk(home, url, more={"KLUCZNIK_KEY_FILE": str(home / "vault.key")})
    desk.run("cert", "new", "--seal", "--nip", desk.nip, "--out", "firma.pem")
    return desk


@pytest.fixture(scope="session")
def desk(ksef: Served, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The company at work: its token is in the vault."""
    desk = desk_at(tmp_path_factory.mktemp("desk"), ksef.url)
    desk.run("token", "issue", "--company", NIP, "--cert", "firma.pem", "--store")
    return desk


@pytest.fixture
def empty(ksef: Served, tmp_path: Path) -> Terminal:
    """A terminal of somebody who has nothing yet."""
    return Terminal(tmp_path, ksef.url)
