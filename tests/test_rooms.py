"""The rooms import downwards only. Rule: docs/architecture.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "klucznik"

#: A room and the rooms it may look into; loose files (errors, secret, clock ...) are open to all.
MAY_IMPORT = {
    "wire": set[str](),
    "crypto": set[str](),
    "vault": set[str](),
    "documents": {"wire", "crypto"},
    "client": {"wire", "crypto", "documents", "vault"},
    "server": {"wire", "crypto", "documents"},
    "portal": {"wire", "crypto", "documents", "vault", "client"},
    "cli": {"wire", "crypto", "documents", "vault", "client", "server", "portal"},
}


def imported_rooms(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found |= {name.split(".")[1] for name in names if name.startswith("klucznik.")}
    return found & MAY_IMPORT.keys()


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_down(room: str) -> None:
    files = sorted((SOURCE / room).glob("**/*.py"))
    assert files
    for file in files:
        foreign = imported_rooms(file) - MAY_IMPORT[room] - {room}
        assert not foreign, f"{file.name} of {room} looks into {', '.join(sorted(foreign))}"
