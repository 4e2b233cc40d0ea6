"""SIGKILL of `klucznik send` at random moments; the same command, run again, finds out and finishes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from random import Random

import pytest

from processes import Terminal

from .world import KILLS, NIP, World

SEEDS = range(KILLS or 10)
FILES = 6
#: Lines that a run writes to its journal: the intention, the reference and the outcome of each file.
LINES = 3 * FILES
#: Seconds from a journal line to the kill: about what passes between two lines.
SPREAD = 0.008
#: Seconds from the start of the command to its first journal line, and a little more.
START = 0.9


@pytest.fixture(scope="module")
def erp(lasting: World, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """The company's machine: its token in a vault, opened by a key file."""
    home = tmp_path_factory.mktemp("erp")
    terminal = Terminal(home, lasting.url, more={"KLUCZNIK_KEY_FILE": str(home / "vault.key")})
    terminal.run("token", "put", "--company", NIP, typed=lasting.ksef_token.text().encode() + b"\n")
    return terminal


def lines_in(home: Path) -> int:
    """Lines of the company's journal; it has one, once it has sent anything."""
    return sum(path.read_bytes().count(b"\n") for path in (home / "journal").glob("*.jsonl"))


def killed_at(terminal: Terminal, command: list[str | Path], rand: Random) -> str:
    """Start the command and kill it: after a line of the journal, or a while after its start.

    Returns what was done, in words, for a failing seed.
    """
    before, line = lines_in(terminal.home), rand.randrange(-2, LINES)
    moment = rand.uniform(0, START if line < 0 else SPREAD)
    process = terminal.start(*command)
    try:
        while line >= 0 and lines_in(terminal.home) <= before + line and process.poll() is None:
            wait(process, 0.001)
        wait(process, moment)
        process.kill()
        _, err = process.communicate()
    finally:
        process.kill()
    assert "Traceback" not in err, err
    where = f"{1000 * moment:.1f} ms after " + (f"journal line {line}" if line >= 0 else "its start")
    return f"killed {where}, exit {process.returncode}, journal +{lines_in(terminal.home) - before}"


def wait(process: subprocess.Popen[str], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_run_again_after_a_kill_each_file_is_accepted_once(
    world: World, erp: Terminal, tmp_path: Path, seed: int
) -> None:
    rand = Random(seed)
    documents = world.documents(tmp_path, f"client/{seed}", FILES)
    files = [Path(document.name) for document in documents]
    command: list[str | Path] = ["send", "--company", NIP, *files, "--json"]

    for _ in range(rand.choice((1, 1, 2))):
        print(killed_at(erp, command, rand))
    done = erp.run(*command)

    results = [json.loads(line) for line in done.out.splitlines()]
    assert [result["file"] for result in results] == [str(file) for file in files]
    assert {result["outcome"] for result in results} == {"accepted"}, done.said
    world.check(
        documents,
        {result["invoiceHash"]: result["ksefNumber"] for result in results},
        {result["invoiceHash"]: Path(result["upo"]).read_bytes() for result in results},
    )
