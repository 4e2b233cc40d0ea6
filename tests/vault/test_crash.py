"""kill -9 at any moment, and two processes at once: what was acknowledged is there, whole."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from klucznik.errors import VaultProblem
from klucznik.secret import Secret
from klucznik.vault.keys import KeyFile
from klucznik.vault.vault import Vault

from .conftest import ANIA, BIURO

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")

CANARY = "kanarek-e48d20"
PUTS = 3

#: Put secrets, remove one, acknowledge each on standard output; die at step `at` (0: never), counted in
#: lines of the vault's code and, within SQLite, in instructions of its machine. Secrets of 40 kB with a
#: page cache of one page make SQLite write to the file in the midst of a transaction.
WRITER = f"""
import os, signal, sys
from klucznik.secret import Secret
from klucznik.vault import vault as code
from klucznik.vault.entries import Entry
from klucznik.vault.keys import KeyFile

what, path, key, at = sys.argv[1], sys.argv[2], KeyFile(sys.argv[3]), int(sys.argv[4])
folder, step = os.path.dirname(code.__file__), 0
ania, biuro = Entry("test", "{ANIA.nip}", "erp"), Entry("test", "{BIURO.nip}", "erp")

def count(*_):
    global step
    step += 1
    if step == at:
        os.kill(os.getpid(), signal.SIGKILL)

def trace(frame, event, arg):
    if not frame.f_code.co_filename.startswith(folder):
        return None
    count()
    return trace

if what == "create":
    sys.settrace(trace)
    code.Vault.create(path, key)
else:
    vault = code.Vault.open(path, key)
    vault._file._db.execute("PRAGMA cache_size = 1")
    vault._file._db.set_progress_handler(count, 1)
    sys.settrace(trace)
    for n in range({PUTS}):
        print("put", vault.put(ania, Secret("{CANARY} %d " % n * 2500)), flush=True)
    vault.remove(biuro)
    print("removed", flush=True)
sys.settrace(None)
print("steps", step, flush=True)
"""

ROUNDS = 25

#: On every line it reads, put a secret into a shared entry and one into an entry of its own.
ONE_OF_TWO = f"""
import sys
from klucznik.secret import Secret
from klucznik.vault.entries import Entry
from klucznik.vault.keys import KeyFile
from klucznik.vault.vault import Vault

path, key, me = sys.argv[1:]
with Vault.open(path, KeyFile(key)) as vault:
    for n, _ in enumerate(sys.stdin):
        print(vault.put(Entry("test", "{ANIA.nip}", "erp"), Secret("%s %d" % (me, n))), flush=True)
        vault.put(Entry("test", "{BIURO.nip}", me), Secret("own %d" % n))
"""


def write(what: str, path: Path, key_file: KeyFile, at: int = 0) -> tuple[int, list[str]]:
    """Exit code and acknowledgements of a process that writes and dies at step `at`."""
    ended = subprocess.run(
        [sys.executable, "-c", WRITER, what, path, key_file.path, str(at)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode in (0, -9), ended.stderr
    return ended.returncode, ended.stdout.splitlines()


def points(count: int, steps: str) -> Sequence[int]:
    """`count` steps out of "steps N", the same in every run."""
    last = int(steps.removeprefix("steps "))
    return random.Random(20260302).sample(range(1, last + 1), count)


def settled(path: Path, key_file: KeyFile, said: Sequence[str]) -> None:
    """Everything acknowledged holds; of what was not, either all or nothing."""
    for file in path.parent.iterdir():
        assert CANARY.encode() not in file.read_bytes(), file
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    with Vault.open(path, key_file) as vault:
        acknowledged = sum(line.startswith("put") for line in said)
        held = {info.entry: info.version for info in vault.entries()}
        assert held.get(ANIA, 0) in (acknowledged, acknowledged + 1)
        for n in range(held.get(ANIA, 0)):
            assert vault.use(ANIA, n + 1).text() == f"{CANARY} {n} " * 2500
        if "removed" in said:
            assert BIURO not in held
        elif acknowledged < PUTS:
            assert BIURO in held
        if BIURO in held:
            assert vault.use(BIURO).text() == "hers"
        assert vault.put(ANIA, Secret("after the crash")) == held.get(ANIA, 0) + 1
        assert vault.use(ANIA).text() == "after the crash"


def test_a_writer_killed_at_any_step_loses_nothing_acknowledged(tmp_path: Path, key_file: KeyFile) -> None:
    def begun(name: str) -> Path:
        (tmp_path / name).mkdir(mode=0o700)
        with Vault.create(tmp_path / name / "vault", key_file) as vault:
            vault.put(BIURO, Secret("hers"))
        return tmp_path / name / "vault"

    def killed(at: int) -> tuple[bool, bool]:
        """Whether there was something to acknowledge, and whether a hot journal was left behind."""
        path = begun(f"at-{at}")
        code, said = write("put", path, key_file, at)
        assert code == -9
        left = path.with_name("vault-journal").exists()
        settled(path, key_file, said)
        return bool(said), left

    path = begun("whole")
    code, said = write("put", path, key_file)
    assert (code, said[:-1]) == (0, ["put 1", "put 2", "put 3", "removed"])
    with ThreadPoolExecutor(2) as pool:
        died = list(pool.map(killed, points(50, said[-1])))
    # The points do lie before and after acknowledgements, and in the midst of writes.
    assert {acknowledged for acknowledged, _ in died} == {True, False}
    assert any(journal for _, journal in died)


def test_a_writer_killed_from_outside_loses_nothing_acknowledged(tmp_path: Path, key_file: KeyFile) -> None:
    """Killed when the first, second, third line arrives: while the next put is at its `fsync`, mostly."""
    for lines in (1, 2, 3) * 2:
        folder = tmp_path / "vaults"
        folder.mkdir()
        with Vault.create(folder / "vault", key_file) as vault:
            vault.put(BIURO, Secret("hers"))
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, "put", folder / "vault", key_file.path, "0"],
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout is not None
            said = [writer.stdout.readline().strip() for _ in range(lines)]
            writer.kill()
            said += writer.stdout.read().splitlines()
        assert said[0] == "put 1"
        settled(folder / "vault", key_file, said)
        shutil.rmtree(folder)


def test_a_creation_killed_at_any_step_can_be_begun_again(tmp_path: Path, key_file: KeyFile) -> None:
    _, said = write("create", tmp_path / "whole", key_file)
    made = 0
    for at in points(8, said[-1]):
        path = tmp_path / f"at-{at}"
        assert write("create", path, key_file, at)[0] == -9
        try:
            vault = Vault.open(path, key_file)
            made += 1
        except VaultProblem:
            vault = Vault.create(path, key_file)
        with vault:
            assert vault.put(ANIA, Secret("a")) == 1
    assert made < 8


def test_two_processes_write_at_once(path: Path, key_file: KeyFile, vault: Vault) -> None:
    """To the same entry and to one of their own; all numbers are given once and hold what was put."""
    writers = {
        me: subprocess.Popen(
            [sys.executable, "-c", ONE_OF_TWO, path, key_file.path, me],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for me in ("first", "second")
    }
    given: dict[int, str] = {}
    for n in range(ROUNDS):
        for writer in writers.values():  # Both set out, then both are waited for.
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        for me, writer in writers.items():
            assert writer.stdout is not None
            given[int(writer.stdout.readline())] = f"{me} {n}"
    for writer in writers.values():
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert sorted(given) == list(range(1, 2 * ROUNDS + 1))
    assert all(vault.use(ANIA, version).text() == put for version, put in given.items())
    assert {info.entry.name: info.version for info in vault.entries() if info.entry.nip == BIURO.nip} == {
        "first": ROUNDS,
        "second": ROUNDS,
    }
