"""Finding a Python or Node for a peer, and what happens where there is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from . import conftest, environments
from .environments import PEERS, PRISM, NpmPeer, Peer, Unavailable, newest_node, newest_python

NPM_PEERS = [peer for peer in PEERS.values() if isinstance(peer, NpmPeer)]

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the pretended interpreters are shell scripts"
)


@pytest.fixture
def pyenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty pyenv, and nothing on the PATH."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    return tmp_path / "versions"


def pretended(versions: Path, name: str, says: str) -> Path:
    python = versions / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{says}\n")
    python.chmod(0o755)
    return python


def test_the_newest_that_works_is_taken(pyenv: Path) -> None:
    pretended(pyenv, "3.12.1", "echo 3 12")
    newest = pretended(pyenv, "3.13.0", "echo 3 13")
    pretended(pyenv, "3.14.0", "exit 1")  # installed, but it does not start
    pretended(pyenv, "3.15.0", "echo 3 15")  # too new for the locked packages
    assert newest_python((3, 12)) == (newest, (3, 13))


def test_too_old_is_none(pyenv: Path) -> None:
    pretended(pyenv, "3.11.7", "echo 3 11")
    with pytest.raises(Unavailable, match=r"no Python 3\.12"):
        newest_python((3, 12))


def test_skipped_in_general_failed_where_required(pyenv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(environments.PEERS, "new", Peer("new", "new==1", (3, 12)))
    monkeypatch.delenv("KLUCZNIK_PEERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="new cannot run here"):
        conftest.peer_runner("new")
    monkeypatch.setenv("KLUCZNIK_PEERS", "require")
    with pytest.raises(pytest.fail.Exception, match="new must run here"):
        conftest.peer_runner("new")


@pytest.mark.parametrize(
    ("says", "told"),
    [("echo v16.20.2", "is v16.20.2: Node 18"), ("exit 1", "is broken: Node 18")],
)
def test_an_unfit_node_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, told: str) -> None:
    node = pretended(tmp_path, "any", says).rename(tmp_path / "node")
    monkeypatch.setenv("PATH", str(node.parent))
    with pytest.raises(Unavailable, match=told):
        newest_node(18)


def test_no_node_says_how_to_get_it(pyenv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLUCZNIK_PEERS", "require")
    with pytest.raises(pytest.fail.Exception, match=r"no Node was found: .*apt-get install nodejs npm"):
        conftest.peer_runner("ksef-client-ts")


@pytest.mark.parametrize("peer", [*NPM_PEERS, PRISM], ids=lambda peer: peer.name)
def test_the_npm_locks_name_hashes_and_no_addresses(peer: NpmPeer) -> None:
    packages = json.loads(peer.lock.read_text("utf-8"))["packages"]
    name, _, version = peer.requirement.rpartition("@")
    assert packages.pop("")["dependencies"] == {name: version}
    assert packages[f"node_modules/{name}"]["version"] == version
    assert [path for path, one in packages.items() if "resolved" in one or "integrity" not in one] == []
