"""`docs/fidelity.md` names every operation, and its script finds what is missing.

Whether the page says what the tests see is checked at the end of `make test`, when they all have run.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from klucznik.wire import ROWS, codes
from klucznik.wire.problems import REASONS

ROOT = Path(__file__).parents[2]
FACTS: dict[str, Any] = json.loads(
    (ROOT / "tests" / "contract" / "facts-2.9.0.json").read_text(encoding="utf-8")
)["operations"]


@pytest.fixture
def fidelity(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("fidelity")


@pytest.fixture
def all_seen(fidelity: Any) -> set[tuple[str, str, str]]:
    """The notes of tests that saw all there is to see."""

    def notes() -> Iterator[tuple[str, str, str]]:
        for row in ROWS.values():
            name = f"{row.method} {row.path}"
            yield (name, str(row.status), "")
            yield from ((name, "400", str(code)) for code in row.refuses)
            yield from (
                (name, status, "") for status in FACTS[name]["errors"] if status not in ("400", "403")
            )
            if "403" in FACTS[name]["errors"]:
                yield from ((name, "403", reason) for reason in REASONS)
        for _, told, table in fidelity.STATUSES:
            yield from ((*told[0], str(code)) for code in table)
        yield from (("detail", "text", name) for name in vars(codes) if name.isupper())

    never = fidelity.NEVER
    statuses = {(where, what) for where, what in never if where in {name for name, *_ in fidelity.STATUSES}}
    told = {name: places[0] for name, places, _ in fidelity.STATUSES}
    unseen = {(*told[where], what) for where, what in statuses}
    return {
        note
        for note in notes()
        if (note[0], note[2]) not in never and ("reason of 403", note[2]) not in never and note not in unseen
    }


def test_the_page_has_a_line_for_every_operation_and_no_gap() -> None:
    page = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    for method, path in ROWS:
        assert page.count(f"| `{method} {path}`<br>") == 1
    assert "- 0 differences over 83 operations and 304 schemas.\n" in page
    assert page.count("✗") == 1  # where the signs are explained


def test_whoever_saw_everything_finds_nothing_wrong(fidelity: Any, all_seen: Any) -> None:
    page, figures, wrong = fidelity.make(all_seen)
    assert wrong == []
    assert figures.startswith("0 differences over 83 operations and 304 schemas; ")
    assert "| `POST /tokens`<br>tokens.GENERATE | 202 ✓ | 21001 ✓, 21405 ✓, 26001 ✓, 26002 ✓ | ✓ |" in page


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("POST /tokens", "400", "26001"), "POST /tokens: 26001 was never seen"),
        (("POST /tokens", "202", ""), "POST /tokens: 202 was never seen"),
        (("GET /auth/{referenceNumber}", "410", ""), "GET /auth/{referenceNumber}: 410 was never seen"),
        (("GET /auth/{referenceNumber}", "tells", "460"), "login: 460 was never seen"),
        (("detail", "text", "BAD_TOKEN_TIME"), "detail: BAD_TOKEN_TIME was never seen"),
        (("POST /tokens", "418", ""), "POST /tokens: HTTP 418 was seen, and the contract does not list it"),
        (("POST /tokens", "400", "25001"), "POST /tokens: 25001 was seen, and its row does not list it"),
        (("DELETE /testdata/rate-limits", "400", "21405"), "21405 was seen, but NEVER says"),
    ],
)
def test_a_gap_and_a_surprise_are_told(fidelity: Any, all_seen: Any, changed: Any, told: str) -> None:
    _, _, wrong = fidelity.make(all_seen ^ {changed})
    (line,) = wrong
    assert told in line


def test_without_notes_nothing_is_checked(
    fidelity: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fidelity.main(["--check", "--notes", str(tmp_path)]) == 2
    assert "no notes" in capsys.readouterr().err


def test_another_page_than_the_stored_one_fails(
    fidelity: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    all_seen: Any,
) -> None:
    monkeypatch.setattr(fidelity, "PAGE", tmp_path / "fidelity.md")
    (tmp_path / "gw0.txt").write_text("\n".join("\t".join(note) for note in sorted(all_seen)) + "\n", "utf-8")
    assert fidelity.main(["--notes", str(tmp_path)]) == 0
    assert fidelity.main(["--check", "--notes", str(tmp_path)]) == 0
    (tmp_path / "fidelity.md").write_text("# Fidelity\n", encoding="utf-8")
    assert fidelity.main(["--check", "--notes", str(tmp_path)]) == 1
    assert "make fidelity" in capsys.readouterr().out
