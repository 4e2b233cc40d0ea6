"""docs/invoices.md: every example on the page does what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klucznik.documents import build, fa, objects
from klucznik.documents.complete import complete
from klucznik.documents.load import load
from processes import Terminal

PAGE = (Path(__file__).parents[2] / "docs" / "invoices.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_has_examples_of_each_kind() -> None:
    assert [len(blocks(language)) for language in ("yaml", "json", "python")] == [1, 1, 2]


@pytest.mark.parametrize(
    ("data", "total"), [(blocks("yaml")[0], "289.29"), (blocks("json")[0], "185.00")], ids=["yaml", "json"]
)
def test_data_becomes_an_invoice(data: str, total: str) -> None:
    invoice = complete(objects.from_plain(load(data.encode())), now=datetime(2026, 11, 22, tzinfo=UTC))
    assert isinstance(invoice, fa.Faktura)
    assert str(invoice.Fa.P_15) == total
    build.xml_of(invoice)


@pytest.mark.parametrize("code", blocks("python"), ids=["typed", "plain"])
def test_python_runs(code: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_commands_run(tmp_path: Path) -> None:
    desk = Terminal(tmp_path, cwd=tmp_path)
    commands = re.findall(r"^    klucznik (.*?)\s*(?:#.*)?$", PAGE, re.MULTILINE)
    advance = "5265877635-20261102-0100001AF629-3D.xml"
    for kind in ("zal", "roz"):
        text = desk.run("invoice", "new", "--example", kind).out
        (tmp_path / f"{kind}.yaml").write_text(text, encoding="utf-8")
    desk.run("invoice", "new", "zal.yaml", "--output", advance)
    for command in commands:
        words, _, target = command.partition(" > ")
        done = desk.run(*words.split())
        if target:
            (tmp_path / target).write_text(done.out, encoding="utf-8")
    assert len(commands) == 4
    assert (tmp_path / "vat.xml").exists()
    assert (tmp_path / "roz.xml").exists()
