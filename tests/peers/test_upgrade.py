"""The official Java client asks for HTTP/2 on every call over http, and must not lose its body."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from klucznik.wire import ids

from .local import Served, served
from .walk import DRIVERS

#: As java.net.http sends them: the settings frame is its default one.
ASKING = (
    "Connection: Upgrade, HTTP2-Settings\r\n"
    "Upgrade: h2c\r\n"
    "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n"
)


@pytest.fixture(scope="module")
def ksef(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("ksef")) as running:
        yield running


@pytest.fixture
def wire(ksef: Served) -> Iterator[socket.socket]:
    with socket.create_connection((ksef.host, ksef.port), timeout=20) as connection:
        yield connection


def person() -> bytes:
    rand = random.Random()
    return json.dumps(
        {
            "nip": ids.make_nip(rand),
            "pesel": ids.make_pesel(rand),
            "isBailiff": False,
            "description": "Zażółć gęślą jaźń",
        }
    ).encode()


def head(ksef: Served, length: str) -> bytes:
    return (
        f"POST /v2/testdata/person HTTP/1.1\r\nHost: {ksef.host}:{ksef.port}\r\n{ASKING}"
        f"{length}\r\nContent-Type: application/json\r\n\r\n"
    ).encode()


def answer(wire: socket.socket) -> tuple[int, bytes]:
    with HTTPResponse(wire, method="POST") as response:
        response.begin()
        assert response.version == 11
        return response.status, response.read()


def test_the_body_arrives(ksef: Served, wire: socket.socket) -> None:
    body = person()
    request = head(ksef, f"Content-Length: {len(body)}") + body
    # The same person twice on one connection: the first is made, so the second is one too many.
    wire.sendall(request)
    assert answer(wire) == (200, b"")
    wire.sendall(request)
    status, said = answer(wire)
    assert status == 400
    assert json.loads(said)["exception"]["exceptionDetailList"][0]["exceptionCode"] == 30001


def test_the_body_arrives_after_its_head(ksef: Served, wire: socket.socket) -> None:
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = person()
    wire.sendall(head(ksef, f"Content-Length: {len(body)}"))
    for start in range(0, len(body), 40):
        wire.sendall(body[start : start + 40])
    assert answer(wire) == (200, b"")


def test_the_body_arrives_in_chunks(ksef: Served, wire: socket.socket) -> None:
    body = person()
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:30], body[30:]))
    wire.sendall(head(ksef, "Transfer-Encoding: chunked") + chunks + b"0\r\n\r\n")
    assert answer(wire) == (200, b"")


def test_the_body_of_javas_own_client_arrives(ksef: Served) -> None:
    java = shutil.which("java")
    if not java or not shutil.which("javac"):
        pytest.skip("no JDK on the PATH")
    told = subprocess.run(
        [java, DRIVERS / "Post.java", f"{ksef.url}/testdata/person", person().decode()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    made, twice = told.stdout.splitlines()
    assert made.split() == ["200", "HTTP_1_1"]
    assert twice.startswith("400 HTTP_1_1 ")
    assert "30001" in twice


def test_both_ports_are_one_process(ksef: Served) -> None:
    """Killing what serves must hit the process that was started (design.md, choices: server)."""
    children = Path(f"/proc/{ksef.pid}/task/{ksef.pid}/children")
    if not children.exists():
        pytest.skip("no /proc here to ask for children")
    assert children.read_text("ascii").split() == []
