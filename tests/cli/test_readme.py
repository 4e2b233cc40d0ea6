"""The README shows what the program prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KLUCZNIK = Path(sys.executable).with_name("klucznik")


def help_text(language: str) -> str:
    environment = {**os.environ, "LC_ALL": language, "COLUMNS": "80"}
    done = subprocess.run(
        [KLUCZNIK, "--help"], capture_output=True, text=True, check=True, env=environment, encoding="utf-8"
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("file", "language"), [("README.md", "en_US.UTF-8"), ("README.pl.md", "pl_PL.UTF-8")], ids=["en", "pl"]
)
def test_the_readme_shows_the_help_as_it_is(file: str, language: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    shown = re.search(r"```text\n(?:Usage|Użycie): klucznik.*?```", text, re.DOTALL)
    assert shown, f"{file} does not show klucznik --help"
    assert shown.group().removeprefix("```text\n").removesuffix("```").strip() == help_text(language)


def test_the_readmes_example_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert example
    subprocess.run([sys.executable, "-W", "error", "-c", example.group(1)], check=True, timeout=120)
