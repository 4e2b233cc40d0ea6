"""`klucznik demo`: from the checkout, with one's own files, and from the wheel in an empty environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klucznik.clock import WARSAW
from klucznik.documents import samples
from processes import Terminal, environment

ROOT = Path(__file__).parents[2]
SELLER, BUYER = "7952809480", "1111111111"


def left_running(home: Path) -> list[str]:
    """Processes that still carry the demo's environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if str(home).encode() in (place / "environ").read_bytes():
                found.append((place / "cmdline").read_text())
        except OSError:
            continue
    return found


@pytest.mark.parametrize("language", ["en", "pl"])
def test_the_whole_way(tmp_path: Path, language: str) -> None:
    done = Terminal(tmp_path, language=language).run("demo")
    steps = [line for line in done.out.splitlines() if line.startswith(("✓", "✗"))]
    assert len(steps) == 9
    assert all(line.startswith("✓") for line in steps), done.out
    assert ("good.xml: accepted" if language == "en" else "good.xml: przyjęta") in done.out
    assert "Token unieważniony" in done.out
    assert done.err == ""
    # What it names as written is there, and the person's own data folder is not touched.
    tail = done.out.partition("Written:" if language == "en" else "Zapisano:")[2]
    names = [line.strip() for line in tail.splitlines() if line.startswith("  ")]
    assert len(names) >= 6
    assert all((tmp_path / name).is_file() for name in names)
    assert [path.name for path in tmp_path.iterdir()] == ["klucznik-demo"]
    assert left_running(tmp_path) == []
    # Nothing secret is told, and its receipt is in order by the verifier too.
    assert not re.search(r"[0-9a-f]{64}", done.said)
    receipts = [name for name in names if "UPO_" in name]
    Terminal(tmp_path).run("upo", "verify", *receipts)
    # Again, over what is there.
    Terminal(tmp_path).run("demo")


def test_ones_own_files(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    today = now.astimezone(WARSAW).date()
    (tmp_path / "fa3.xml").write_bytes(samples.invoice(SELLER, BUYER, "MINE/3", today, now))
    (tmp_path / "fa2.xml").write_bytes(samples.fa2_invoice(SELLER, BUYER, "MINE/2", today, now))
    (tmp_path / "faulty.xml").write_bytes(samples.faulty_invoice(SELLER, BUYER, "MINE/0", today, now))

    done = Terminal(tmp_path).run("demo", "fa3.xml", "fa2.xml", "faulty.xml", "--out", "walk")

    assert f"fa3.xml: accepted, KSeF number {SELLER}-" in done.out
    assert f"fa2.xml: accepted, KSeF number {SELLER}-" in done.out
    assert "✗ faulty.xml: refused" in done.out
    assert f"NIP {SELLER}" in done.out
    assert (tmp_path / "fa3.xml").is_file()
    assert len(list((tmp_path / "walk" / "upo").glob(f"UPO_{SELLER}-*.xml"))) == 2
    assert left_running(tmp_path) == []


def test_a_first_file_without_a_seller_is_refused(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    faulty = samples.faulty_invoice(SELLER, BUYER, "MINE/0", now.astimezone(WARSAW).date(), now)
    (tmp_path / "faulty.xml").write_bytes(faulty)
    done = Terminal(tmp_path).run("demo", "faulty.xml", code=1)
    assert "name a valid invoice first" in done.err


@pytest.mark.slow
def test_from_the_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    """What is published works: nothing of the checkout is needed, no file is missing from the wheel."""
    quiet = {**environment(tmp_path), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, env=quiet, check=True, capture_output=True, timeout=120)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    assert not [name for name in names if name.startswith(("tests", "bench", "scripts"))]
    assert "klucznik/py.typed" in names

    made = [sys.executable, "-m", "venv", str(tmp_path / "venv")]
    subprocess.run(made, env=quiet, check=True, capture_output=True, timeout=120)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    install = [str(programs / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run(install, env=quiet, check=True, capture_output=True, timeout=300)
    demo = subprocess.run(
        [str(programs / "klucznik"), "demo"],
        cwd=tmp_path,
        env=quiet,
        check=False,
        capture_output=True,
        timeout=120,
        encoding="utf-8",
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "good.xml: accepted" in demo.stdout
    assert demo.stderr == ""
    assert left_running(tmp_path) == []
