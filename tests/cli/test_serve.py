"""`klucznik ksef serve` and `klucznik up`: what they print, where they listen, how they end."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from processes import KLUCZNIK, Served, Terminal, environment, served

from .conftest import NIP, Desk, desk_at


def health(url: str, host: str | None = None) -> int:
    root = url.removesuffix("/v2")
    return httpx2.get(f"{root}/healthz", headers={"Host": host} if host else {}, trust_env=False).status_code


def test_standard_output_is_two_lines(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    process = terminal.start(
        "ksef", "serve", "--data", ":memory:", "--port", "0", "--management-port", "0", "--rates", "off"
    )
    with process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(2)]
        ready = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+/v2)\n", lines[0])
        management = re.fullmatch(r"management (http://127\.0\.0\.1:\d+)\n", lines[1])
        assert ready
        assert management
        assert health(ready[1]) == health(management[1]) == 200
        assert httpx2.post(f"{ready[1]}/auth/challenge", trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert out == ""
    assert "not the Ministry's" in err
    assert "Traceback" not in err
    assert process.returncode == 0


def test_sigterm_is_an_orderly_end(tmp_path: Path) -> None:
    with served(tmp_path) as ksef:
        assert ksef.stop() == 0
        assert "Traceback" not in ksef.log.read_text()
        # What it leaves is whole: it starts again on the same folder, keys and all.
        ksef.start()
        ksef.wait_ready()
        assert health(ksef.url) == 200


@pytest.mark.parametrize("which", ["--port", "--management-port"])
def test_a_port_in_use(ksef: Served, empty: Terminal, which: str) -> None:
    taken = str(urlsplit(ksef.url).port)
    other = "--management-port" if which == "--port" else "--port"
    for command in (["ksef", "serve", "--data", ":memory:"], ["up"]):
        done = empty.run(*command, which, taken, other, "0", code=2)
        assert taken in done.err
        assert "Hint: " in done.err
        assert "ready" not in done.out


def test_a_data_folder_in_use(tmp_path: Path) -> None:
    with served(tmp_path) as ksef:
        arguments = ("--data", str(ksef.data), "--port", "0", "--management-port", "0")
        done = Terminal(tmp_path).run("ksef", "serve", *arguments, code=2)
        assert "in use by another local KSeF" in done.err
        assert health(ksef.url) == 200


def test_a_data_folder_that_is_none(empty: Terminal) -> None:
    (empty.home / "file").write_bytes(b"in the way")
    for folder in ("file", "file/below"):
        empty.run("ksef", "serve", "--data", folder, "--port", "0", "--management-port", "0", code=2)
    for damaged in ("ksef.db", "lock.db"):
        folder = f"with a bad {damaged}"
        (empty.home / folder).mkdir()
        (empty.home / folder / damaged).write_bytes(b"no database, whatever its name says" * 100)
        done = empty.run("ksef", "serve", "--data", folder, "--port", "0", "--management-port", "0", code=2)
        assert "not a database" in done.err
        assert "Hint: " in done.err


def test_allowed_hosts(tmp_path: Path) -> None:
    with served(tmp_path, "--allow-host", "faktury.example", data=":memory:") as ksef:
        for host in (None, "localhost", "ksef.test", "a.localhost", "faktury.example", "faktury.example:80"):
            assert health(ksef.url, host) == 200, host
            assert health(ksef.management, host) == 200, host
        for host in ("other.example", "faktury.example.evil", "127.0.0.1.evil", "ksef.test.evil"):
            assert health(ksef.url, host) == 400, host
            assert health(ksef.management, host) == 400, host


def test_tls_with_the_local_ca(tmp_path: Path) -> None:
    with served(tmp_path / "server", "--tls") as ksef:
        assert ksef.url.startswith("https://127.0.0.1:")
        assert ksef.management.startswith("http://127.0.0.1:")
        ca = Path(ksef.data) / "tls" / "ca.crt"
        assert str(ca) in ksef.log.read_text()
        stranger = Terminal(tmp_path, ksef.url)
        done = stranger.run("doctor", "--json", code=1)
        assert "not trusted" in done.out
        assert "--ca" in done.out
        desk = desk_at(tmp_path / "desk", ksef.url)
        desk.run("token", "issue", "--company", NIP, "--cert", "firma.pem", "--store", "--ca", ca)
        sent = desk.run("send", "--company", NIP, desk.invoice("one.xml", "TLS/1"), "--ca", ca, "--json")
        assert sent.objects()[0]["outcome"] == "accepted"
        # The CA stays the same over restarts: those who trust it go on.
        before = ca.read_bytes()
        ksef.stop()
        ksef.start()
        ksef.wait_ready()
        assert ca.read_bytes() == before
        desk.run("doctor", "--company", NIP, "--ca", ca)


def test_up_until_ctrl_c(tmp_path: Path) -> None:
    process = Terminal(tmp_path).start("up", "--port", "0", "--management-port", "0")
    with process:
        assert process.stdout
        seen = ""
        while "Ctrl-C ends it" not in seen:
            line = process.stdout.readline()
            assert line, seen
            seen += line
        found = re.search(r"API +(http://127\.0\.0\.1:\d+/v2)", seen)
        assert found
        assert health(found[1]) == 200
        portal = re.search(r"portal +(http://127\.0\.0\.1:\d+/web/)\n", seen)
        assert portal
        assert portal[1] == found[1].removesuffix("v2") + "web/"
        assert httpx2.get(portal[1], trust_env=False).status_code == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Stopped." in out
    assert "Traceback" not in err
    assert (tmp_path / "ksef" / "ksef.db").exists()
    with pytest.raises(httpx2.ConnectError):
        health(found[1])


def test_what_up_proposes_works_as_it_is_printed(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    process = terminal.start("up", "--port", "0", "--management-port", "0")
    with process:
        try:
            assert process.stdout
            seen = ""
            while "Ctrl-C ends it" not in seen:
                seen += process.stdout.readline()
            proposed = [line.split()[1:] for line in seen.splitlines() if line.startswith("  klucznik ")]
            assert [words[0] for words in proposed] == ["cert", "token", "doctor", "send"]
            desk = Desk(tmp_path)
            desk.invoice("invoice.xml", "UP/1")
            for words in proposed:
                terminal.run(*words)
        finally:
            process.terminate()
            process.communicate(timeout=20)


def test_the_contract_into_a_pipe_that_closes(tmp_path: Path) -> None:
    whole = Terminal(tmp_path).run("ksef", "openapi")
    assert json.loads(whole.out)["openapi"].startswith("3.")
    with subprocess.Popen(
        [KLUCZNIK, "ksef", "openapi"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"{\n"
        process.stdout.close()  # as `| head -1` does
        assert process.stderr.read() == b""
        assert process.wait(20) == 0


def test_a_command_interrupted_while_waiting(tmp_path: Path) -> None:
    """Ctrl-C while KSeF is silent: 130, and one line."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        process = Terminal(tmp_path).start(
            "doctor", "--ksef", f"http://127.0.0.1:{silent.getsockname()[1]}/v2"
        )
        with process, closing(silent.accept()[0]):
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "\nInterrupted.\n")
