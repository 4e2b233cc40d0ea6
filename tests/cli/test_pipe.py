"""Whoever reads our output may leave: `| head -1` is nothing wrong. A real pipe, closed before the end."""

from __future__ import annotations

import os
import subprocess

import pytest

from processes import KLUCZNIK

from .conftest import NIP, Desk


@pytest.mark.parametrize(
    "arguments",
    [
        ("invoice", "show", "shown.xml"),
        ("limits", "--company", NIP),
        ("limits", "--company", NIP, "--json"),
        ("permission", "list", "--company", NIP, "--cert", "firma.pem", "--what", "own"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_reader_who_leaves_is_no_error(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.invoice("shown.xml", "CLI/pipe")
    reading, writing = os.pipe()
    os.close(reading)  # gone before the first letter: every write fails
    try:
        done = subprocess.run(
            [str(KLUCZNIK), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            env=desk.environment(),
            cwd=desk.home,
            timeout=60,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")
