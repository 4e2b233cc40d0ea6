"""SIGKILL of `klucznik receive` at random moments; run again, it has everything, each once and whole."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from klucznik.client import auth, tokens
from klucznik.client.journal import MemoryJournal
from klucznik.client.ksef import Ksef
from klucznik.client.sending import send_and_wait
from klucznik.crypto import authority
from processes import Terminal

from .world import BUYER, KILLS, World

SEEDS = range(KILLS or 5)
INVOICES = 6
#: Seconds from a file's appearing to the kill; from the start of the command to its first file.
SPREAD, START = 0.012, 0.9


@pytest.fixture(scope="module")
def buyer(lasting: World, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """The buyer's machine: its token in a vault, opened by a key file."""
    home = tmp_path_factory.mktemp("buyer")
    terminal = Terminal(home, lasting.url, more={"KLUCZNIK_KEY_FILE": str(home / "vault.key")})
    with Ksef(lasting.url) as owner:
        owner.run(
            auth.login_with_identity("Nip", BUYER, authority.seal("Nabywca", BUYER, now=datetime.now(UTC)))
        )
        issued = owner.run(tokens.generate_and_wait(["InvoiceRead"], "the buyer's ERP"))
    terminal.run("token", "put", "--company", BUYER, typed=issued.token.text().encode())
    return terminal


def killed(terminal: Terminal, command: list[str], folder: Path, rand: Random) -> str:
    """Start the command and kill it: after so many new files in the folder, or a while after its start."""
    before, files = len(list(folder.glob("*"))), rand.randrange(-1, 2 * INVOICES)
    moment = rand.uniform(0, START if files < 0 else SPREAD)
    process = terminal.start(*command)
    try:
        while files >= 0 and len(list(folder.glob("*"))) <= before + files and process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.001)
        with suppress(subprocess.TimeoutExpired):
            process.wait(moment)
    finally:
        process.kill()
        process.communicate()
    new = len(list(folder.glob("*"))) - before
    return f"killed {1000 * moment:.1f} ms after file {files}, exit {process.returncode}, {new} new files"


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_run_again_after_a_kill_each_invoice_is_there_once_and_whole(
    world: World, buyer: Terminal, tmp_path: Path, seed: int
) -> None:
    rand = Random(seed)
    documents = world.documents(tmp_path, f"receiver/{seed}", INVOICES)
    with Ksef(world.url) as seller:
        seller.run(auth.login_with_token(world.ksef_token))
        sent = seller.run(send_and_wait(documents, MemoryJournal()))
    wanted = {result.ksef_number: document.content for result, document in zip(sent, documents, strict=True)}
    folder = buyer.home / "in" / BUYER / "buyer"
    command = ["receive", "--company", BUYER, "--out", "in", "--json"]

    for _ in range(rand.choice((1, 2))):
        print(killed(buyer, command, folder, rand))
    told = [item["ksefNumber"] for item in buyer.run(*command).objects()]

    # (1) What was sent is there, to the byte, with its metadata.
    for number, content in wanted.items():
        assert (folder / f"{number}.xml").read_bytes() == content
        assert json.loads((folder / f"{number}.json").read_bytes())["ksefNumber"] == number
    # (2) Nothing else is, nothing half written, and the last run told only what it added.
    names = {path.stem for path in folder.iterdir()} - {"bookmark"}
    assert names == {item["ksefNumber"] for item in world.served.truth()["accepted"]}
    assert {path.suffix for path in folder.iterdir()} == {".xml", ".json"}
    assert len(told) == len(set(told))
    assert set(told) <= set(wanted)
    # (3) The bookmark stands at or below the high-water mark, and nothing new lies behind it.
    assert buyer.run(*command).out == ""
