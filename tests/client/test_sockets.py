"""The three outcomes over real sockets and real TLS: what the library raises is what we think it raises."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from klucznik.client import auth, sessions
from klucznik.client.credentials import Credentials, Jwt
from klucznik.client.flow import fetch
from klucznik.client.ksef import Ksef
from klucznik.crypto import authority
from klucznik.errors import SentNoAnswer, Unreachable
from klucznik.secret import Secret

Serve = Callable[[socket.socket], None]
CLOSE = sessions.close("20260302-SO-0000000000-0000000000-00")


@contextmanager
def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server for one connection at a time, in a thread; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def loop() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        if tls is None:
                            serve(connection)
                        else:
                            with tls.wrap_socket(connection, server_side=True) as wrapped:
                                serve(wrapped)
                    except OSError:  # the client hung up, or did not trust us
                        continue

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)


def request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := connection.recv(65536)):
            break
        data += piece
    return data


def client(port: int, scheme: str = "http", ca_file: Path | None = None) -> Ksef:
    credentials = Credentials(access_token=Jwt(Secret("access"), datetime(2100, 1, 1, tzinfo=UTC)))
    return Ksef(f"{scheme}://127.0.0.1:{port}/v2", credentials=credentials, ca_file=ca_file)


def no_content(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def test_an_answer_over_a_real_socket() -> None:
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        seen.append(request(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    with serving(answer) as port, client(port) as ksef:
        ksef.call(CLOSE)
    assert b"\r\nAuthorization: Bearer access\r\n" in seen[0]
    assert b"content-type" not in seen[0].lower()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with client(port) as ksef, pytest.raises(Unreachable):
        ksef.call(CLOSE)


def hang_up(connection: socket.socket) -> None:
    request(connection)


def reset(connection: socket.socket) -> None:
    request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def half_an_answer(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"HTTP/1.1 204 No Con")


def half_a_body(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def garbage(connection: socket.socket) -> None:
    request(connection)
    connection.sendall(b"\x00\xff not http at all\r\n\r\n")


@pytest.mark.parametrize("serve", [hang_up, reset, half_an_answer, half_a_body, garbage])
def test_every_way_to_lose_an_answer_is_in_doubt(serve: Serve) -> None:
    with serving(serve) as port, client(port) as ksef:
        with pytest.raises(SentNoAnswer) as writing:
            ksef.call(CLOSE)
        with pytest.raises(SentNoAnswer) as reading:
            ksef.call(auth.challenge())
    assert (writing.value.again, reading.value.again) == ("look", "later")


def test_a_server_that_says_nothing_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = threading.Event()

    def hold(connection: socket.socket) -> None:
        request(connection)
        quiet.wait(timeout=5)

    monkeypatch.setattr("klucznik.client.ksef.TIMEOUT", httpx2.Timeout(0.05, connect=2.0))
    with serving(hold) as port, client(port) as ksef:
        with pytest.raises(SentNoAnswer):
            ksef.call(CLOSE)
        quiet.set()


def test_tls_is_checked_and_a_local_ca_may_be_added(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ca = authority.Authority.create("Test CA", now)
    identity = authority.server_certificate(ca, ["127.0.0.1"], now)
    chain, ca_file = tmp_path / "chain.pem", tmp_path / "ca.pem"
    chain.write_bytes(identity.to_pem())
    ca_file.write_bytes(ca.certificate.public_bytes(Encoding.PEM))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(chain)
    with serving(no_content, tls) as port:
        with client(port, "https") as stranger, pytest.raises(Unreachable) as untrusted:
            stranger.call(CLOSE)
        assert "(--ca)" in untrusted.value.hint
        with client(port, "https", ca_file) as trusting:
            trusting.call(CLOSE)


def test_downloads_over_a_real_socket() -> None:
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        seen.append(request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\npart")

    with serving(answer) as port, client(port) as ksef:
        assert ksef.run(fetch(f"http://127.0.0.1:{port}/part?sig=x")) == b"part"
    assert b"authorization" not in seen[0].lower()
