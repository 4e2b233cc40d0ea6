"""Our programs as their users run them: the `klucznik` command in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import httpx2

KLUCZNIK = Path(sys.executable).with_name("klucznik")

#: Set by `databases`: the PostgreSQL database for a data folder.
database_of: Callable[[Path], str] | None = None

#: A command that takes longer hangs. Most take a second.
PATIENCE = 60.0


def environment(home: Path, language: str = "en", more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a command sees: data under `home`, a language, and nothing of the person who runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KLUCZNIK_", "LC_"))}
    locale = "pl_PL.UTF-8" if language == "pl" else "en_US.UTF-8"
    own = {"KLUCZNIK_HOME": str(home), "LC_ALL": locale, "COLUMNS": "200", "NO_COLOR": "1"}
    return {**kept, **own, **(more or {})}


def shown_by_ps(pid: int) -> bytes:
    """Arguments and environment of a process, as others on a Linux machine may read them."""
    place = Path(f"/proc/{pid}")
    try:
        return (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # another system, or already gone
        return b""


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return f"klucznik {' '.join(self.arguments)}\nexit {self.code}\n{self.out}{self.err}"

    def objects(self) -> list[Any]:
        """Standard output as JSON, one value a line."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Terminal:
    """A place to type commands: a folder to stand in, a home, and which KSeF is meant."""

    home: Path
    ksef: str = ""
    language: str = "en"
    cwd: Path | None = None
    more: dict[str, str] = field(default_factory=dict)
    #: What `ps` showed of each command.
    seen: list[bytes] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        chosen = {"KLUCZNIK_KSEF": self.ksef} if self.ksef else {}
        return environment(self.home, self.language, {**chosen, **self.more})

    def run(
        self,
        *arguments: str | Path,
        typed: bytes | None = None,
        fds: Sequence[int] = (),
        code: int | None = 0,
    ) -> Done:
        """Run a command to its end; `typed` is piped in. `code`: the exit code expected, None for any.

        No command may ever show a traceback.
        """
        words = tuple(str(argument) for argument in arguments)
        with subprocess.Popen(
            [str(KLUCZNIK), *words],
            stdin=subprocess.DEVNULL if typed is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment(),
            cwd=self.cwd or self.home,
            pass_fds=fds,
        ) as process:
            self.seen.append(shown_by_ps(process.pid))
            try:
                out, err = process.communicate(typed, PATIENCE)
            finally:
                process.kill()
        done = Done(words, process.returncode, out.decode(), err.decode())
        assert "Traceback" not in done.err, done.said
        assert code is None or done.code == code, done.said
        return done

    def start(self, *arguments: str | Path, out: int | IO[bytes] = subprocess.PIPE) -> subprocess.Popen[str]:
        """Start a command that runs until it is stopped; both outputs are one pipe each, or `out`."""
        return subprocess.Popen(
            [KLUCZNIK, *(str(argument) for argument in arguments)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
            cwd=self.cwd or self.home,
        )


class Served:
    """`klucznik ksef serve` in a process of its own, which may be killed and started again.

    The ports found at the first start are kept, so that clients find it again. The log of all its
    lives is in one file.
    """

    def __init__(self, home: Path, *options: str, data: Path | str | None = None) -> None:
        self.home = home
        self.data = data if data is not None else home / "ksef"
        self.log = home / "ksef.log"
        self.url = self.management = ""
        self._options = options
        if database_of:
            self._options += ("--database", database_of(Path(self.data)))
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Begin to start; `wait_ready` tells when it answers."""
        assert self._process is None, "it runs already"
        self.home.mkdir(parents=True, exist_ok=True)
        ports = [str(urlsplit(url).port or 0) if url else "0" for url in (self.url, self.management)]
        command = [str(KLUCZNIK), "ksef", "serve", "--data", str(self.data), "--rates", "off"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--port", ports[0], "--management-port", ports[1], *self._options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(self.home),
            )

    def wait_ready(self) -> None:
        """Read the two lines that it prints when it accepts calls."""
        assert self._process
        assert self._process.stdout
        self._lines = [self._process.stdout.readline().rstrip("\n") for _ in range(2)]
        words = [line.split(" ") for line in self._lines]
        assert [word[0] for word in words] == ["ready", "management"], (
            self._lines,
            self.log.read_text(),
        )
        self.url, self.management = words[0][1], words[1][1]

    def kill(self) -> None:
        """SIGKILL: no goodbye."""
        assert self._process
        self._process.kill()
        self._end()

    def stop(self) -> int:
        """SIGTERM, as an orderly end; returns the exit code."""
        assert self._process
        self._process.terminate()
        return self._end()

    def _end(self) -> int:
        assert self._process
        process, self._process = self._process, None
        with process:
            try:
                return process.wait(PATIENCE)
            finally:
                process.kill()

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def truth(self) -> dict[str, Any]:
        """The management door's account of what is accepted and how often each document arrived."""
        answer = httpx2.get(f"{self.management}/truth", trust_env=False)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


@contextmanager
def served(home: Path, *options: str, data: Path | str | None = None) -> Iterator[Served]:
    """A local KSeF for the length of a `with` block."""
    ksef = Served(home, *options, data=data)
    ksef.start()
    try:
        ksef.wait_ready()
        yield ksef
    finally:
        if ksef.runs:
            ksef.stop()
