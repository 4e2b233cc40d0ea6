"""What the commands share: where data lies, types of arguments, how secrets are read."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from klucznik.errors import Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret


def data_home() -> Path:
    """`$KLUCZNIK_HOME`, else the platform's place for a program's data."""
    if home := os.environ.get("KLUCZNIK_HOME"):
        return Path(home)
    import platformdirs

    return platformdirs.user_data_path("klucznik", appauthor=False)


def vault_path() -> Path:
    return data_home() / "vault.db"


# ---- types of arguments ---------------------------------------------------------------------------------------


class NipType(click.ParamType[str]):
    """A NIP with a right checksum; dashes, spaces and a leading PL are taken off."""

    name = "NIP"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from klucznik.wire.ids import is_nip

        nip = str(value).upper().removeprefix("PL").replace("-", "").replace(" ", "")
        if not is_nip(nip):
            self.fail(
                tr(
                    f"{value!r} is not a NIP: ten digits, the last one a check digit.",
                    f"{value!r} to nie NIP: dziesięć cyfr, ostatnia kontrolna.",
                ),
                param,
                ctx,
            )
        return nip


NIP = NipType()


class FileType(click.Path):
    """A file to be read: one that is missing, a folder or locked is unreadable (2), not wrong usage."""

    def __init__(self, *, folders: bool = False, allow_dash: bool = False) -> None:
        super().__init__(exists=True, dir_okay=folders, path_type=Path, allow_dash=allow_dash)

    def fail(
        self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None
    ) -> NoReturn:
        raise Unreadable(message)


FILE = FileType()
FILE_OR_FOLDER = FileType(folders=True)
#: A file, or - for standard input; read it with `content_of`.
FILE_OR_INPUT = FileType(allow_dash=True)


def content_of(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


# ---- secrets ---------------------------------------------------------------------------------------


def read_secret(question: str, *, fd: int | None = None, confirm: bool = False) -> Secret:
    """A secret from a descriptor, from standard input when it is a pipe, else from a hidden prompt.

    The line end is taken off, nothing else.
    """
    if fd is not None:
        try:
            with os.fdopen(fd, "rb", closefd=False) as source:
                return Secret(source.read().rstrip(b"\r\n"))
        except OSError:
            raise Unreadable(
                tr(f"File descriptor {fd} cannot be read.", f"Nie można czytać deskryptora pliku {fd}."),
                hint=tr("open it in the shell: 3<file", "otwórz go w powłoce: 3<plik"),
            ) from None
    if not sys.stdin.isatty():
        return Secret(sys.stdin.buffer.readline().rstrip(b"\r\n"))
    return Secret(click.prompt(question, hide_input=True, confirmation_prompt=confirm, err=True))


# ---- output ----------------------------------------------------------------------------------------


def print_json(value: Any) -> None:
    """One JSON value on standard output: a line, in escapes where that cannot show every letter."""
    shows_all = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    click.echo(json.dumps(value, ensure_ascii=not shows_all, default=str))
