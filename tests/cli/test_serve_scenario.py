"""`klucznik ksef serve` with a clock, a token policy and a world: what the flags do."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx2
import pytest

from processes import Terminal

from .conftest import NIP

SERVE = ("ksef", "serve", "--data", ":memory:", "--port", "0", "--management-port", "0")


def test_clock_tokens_and_world(tmp_path: Path) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(
        f"persons:\n  - {{nip: '{NIP}', pesel: '90010112349', isBailiff: false}}\n", encoding="utf-8"
    )
    flags = ("--clock", "2027-01-01T10:00:00+01:00", "--tokens", "cutoff-2026", "--seed-world", str(world))
    with Terminal(tmp_path).start(*SERVE, "--profile", "prd", *flags) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(2)]
        found = re.fullmatch(r"management (http://127\.0\.0\.1:\d+)\n", lines[1])
        assert found, lines
        with httpx2.Client(base_url=found[1], trust_env=False) as http:
            assert http.get("/clock").json()["now"].startswith("2027-01-01T09:")
            scenario = http.get("/scenario").json()
            assert (scenario["profile"], scenario["tokens"]) == ("prd", "cutoff-2026")
            person = {"nip": NIP, "pesel": "90010112349", "isBailiff": False}
            assert http.post("/seed", json={"persons": [person]}).json() == {"made": 0, "known": 1}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (("--clock", "tomorrow"), 64, "no instant"),
        (("--clock", "2027-01-01T10:00:00"), 64, "no instant"),
        (("--tokens", "never"), 64, "never"),
        (("--seed-world", "missing.yaml"), 64, "missing.yaml"),
        (("--seed-world", "bad.yaml"), 2, "people"),
    ],
)
def test_flags_that_cannot_be(tmp_path: Path, flags: tuple[str, str], code: int, said: str) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("people: []\n", encoding="utf-8")
    value = str(bad) if flags[1] == "bad.yaml" else flags[1]
    with Terminal(tmp_path).start(*SERVE, flags[0], value) as process:
        out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert said in err
    assert out == ""
    assert "Traceback" not in err
