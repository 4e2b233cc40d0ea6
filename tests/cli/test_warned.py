"""KSeF's warnings at the terminal: once each, beside what the command says."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import httpx2
import pytest

from klucznik.cli.warned import Once, listen
from klucznik.client.flow import ask
from klucznik.client.ksef import Ksef
from klucznik.testing import local_ksef
from klucznik.wire.security import PUBLIC_KEYS

LOG = logging.getLogger("klucznik.client.warnings")


@pytest.fixture
def listening() -> Iterator[None]:
    listen()
    yield
    for handler in [each for each in LOG.handlers if isinstance(each, Once)]:
        LOG.removeHandler(handler)
    LOG.propagate = True


def warned_call(*texts: str) -> None:
    """Calls that KSeF answers with these warnings."""
    wanted = iter(texts)

    def ask_for_it(request: httpx2.Request) -> None:
        request.headers["X-Test-System-Warning"] = next(wanted)

    http = httpx2.Client(trust_env=False, event_hooks={"request": [ask_for_it]})
    with local_ksef() as running, http, Ksef(running.url, http=http) as ksef:
        for _ in texts:
            ksef.run(ask(PUBLIC_KEYS()))


@pytest.mark.usefixtures("listening")
def test_a_warning_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    listen()  # twice is once
    both = "[sig-001]: Format podpisu | [xml-002]: Znaki"
    warned_call(both, both, "[sig-001]: Inaczej", both)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [f"KSeF warns: {both}", "KSeF warns: [sig-001]: Inaczej"]


def test_without_a_terminal_it_is_a_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    warned_call("[sig-001]: Format podpisu")
    assert "GET /security/public-key-certificates: KSeF warns: [sig-001]: Format podpisu" in caplog.text
