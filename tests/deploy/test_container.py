"""deploy/Containerfile: what it says, and its steps followed in plain folders, since no engine is needed for
that. What cannot be seen this way stands at the end of deploy/README.md."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import yaml

from klucznik.cli.ksef import serve as command

from .containerfile import ROOT, Follower, Stage, account, python_for, read

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the steps are of a Linux image")

DEPLOY = ROOT / "deploy"
BUILD, FINAL = read(DEPLOY / "Containerfile")
UID = int(FINAL.last("USER").rest)
EVERYWHERE = "0.0.0.0"  # noqa: S104 - of a container
#: What is tried here is no container: it stays on this machine.
HERE = ("--host", "127.0.0.1")


def options_of(arguments: list[str]) -> dict[str, Any]:
    """What `klucznik ksef serve` makes of its arguments; it refuses those that it does not know."""
    with command.make_context("serve", list(arguments)) as context:
        return dict(context.params)


def test_both_stages_stand_on_one_plain_base() -> None:
    assert [BUILD.base, FINAL.base] == ["python:3.12-slim AS build", "python:3.12-slim"]


def test_everything_from_the_registry_has_its_hash() -> None:
    installs = [step.rest for step in BUILD.all("RUN") if "pip install" in step.rest]
    assert [("--require-hashes" in rest, "--no-index" in rest) for rest in installs] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    # The wheel needs what `build-system.requires` names, and fetches nothing by itself.
    assert "--no-build-isolation" in "".join(
        step.rest for step in BUILD.all("RUN") if "pip wheel" in step.rest
    )


def test_it_runs_without_rights_and_keeps_data_in_the_volume() -> None:
    [made] = [step.rest for step in FINAL.all("RUN")]
    assert UID > 0
    assert f"--uid {UID}" in made
    assert FINAL.last("VOLUME").rest == "/data"
    assert "-m 0700 /data" in made


def test_the_ports_are_those_of_the_command() -> None:
    options = options_of(FINAL.last("ENTRYPOINT").words()[3:] + FINAL.last("CMD").words())
    assert FINAL.last("EXPOSE").rest == f"{options['port']} {options['management_port']}"
    assert f":{options['port']}/healthz" in FINAL.last("HEALTHCHECK").rest
    assert options["host"] == EVERYWHERE
    assert options["management_host"] == "127.0.0.1"  # reached on purpose only
    assert options["allow_host"] == ("ksef",)


def test_compose_says_what_the_command_understands() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    ksef = compose["services"]["ksef"]
    options = options_of(FINAL.last("ENTRYPOINT").words()[3:] + ksef["command"])
    assert (options["workers"], options["management_host"]) == (2, EVERYWHERE)
    assert options["database"] == "postgresql://klucznik@postgres/klucznik"
    # Both ports are published to this machine alone, and no password stands in a variable.
    assert all(port.startswith("127.0.0.1:") for port in ksef["ports"])
    assert ksef["environment"] == {"PGPASSFILE": "/run/secrets/pgpass"}
    assert set(compose["secrets"]) == {"pgpass", "postgres-password"}
    assert (ksef["build"]["context"], ksef["build"]["dockerfile"]) == ("..", "deploy/Containerfile")


@pytest.mark.parametrize("source", [s for step in BUILD.all("COPY") for s in step.rest.split()[:-1]])
def test_what_is_copied_is_there_and_not_ignored(source: str) -> None:
    kept = (DEPLOY / "Containerfile.dockerignore").read_text("utf-8").splitlines()
    assert (ROOT / source).exists()
    assert f"!{source.split('/')[0]}" in kept


@dataclass(frozen=True)
class Container:
    """An image that has been made, as far as plain folders go."""

    follower: Follower
    stage: Stage

    @property
    def variables(self) -> dict[str, str]:
        found = {"LANG": "C.UTF-8", "HOME": str(self.follower.root)}
        for step in self.stage.all("ENV"):
            name, _, value = step.rest.partition("=")
            found[name] = self.follower.text(value).replace("$PATH", os.environ["PATH"])
        return found

    @contextmanager
    def run(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        words = [self.follower.text(word) for word in self.stage.last("ENTRYPOINT").words()]
        with (
            (self.follower.root / "log").open("a") as log,
            subprocess.Popen(
                [shutil.which(words[0], path=self.variables["PATH"]) or words[0], *words[1:], *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.variables,
                cwd=self.follower.path("/data"),
                **account(UID),
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def healthy(self, port: int) -> bool:
        """The check of health, at the port that was free."""
        words = [word.replace(":8090/", f":{port}/") for word in self.stage.last("HEALTHCHECK").words()]
        done = subprocess.run(
            [shutil.which(words[0], path=self.variables["PATH"]) or words[0], *words[1:]],
            env=self.variables,
            stderr=subprocess.DEVNULL,
            check=False,
            **account(UID),
        )
        return done.returncode == 0


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    """The build stage followed; not in pytest's own folder, which other accounts may not enter."""
    python = python_for(UID)
    if python is None:
        pytest.skip("no Python 3.11 with venv that an account without rights may run (Debian: python3-venv)")
    root = Path(tempfile.mkdtemp(prefix="klucznik-image-"))
    try:
        root.chmod(0o755)
        follower = Follower(root, python)
        follower.follow(BUILD)
        data = follower.path("/data")
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(data, UID, UID)
        yield Container(follower, FINAL)
    finally:
        shutil.rmtree(root)


@pytest.mark.slow
def test_its_steps_make_a_ksef_that_serves_without_rights(container: Container) -> None:
    free = ("--port", "0", "--management-port", "0", *HERE)
    with container.run(*FINAL.last("CMD").words(), *free) as process:
        assert process.stdout
        ready, management = (process.stdout.readline().split() for _ in range(2))
        assert (ready[0], management[0]) == ("ready", "management"), (
            container.follower.root / "log"
        ).read_text()
        port = urlsplit(ready[1]).port
        assert port
        assert container.healthy(port)
        # Reached as another container would, and by nobody else's name.
        own = f"http://127.0.0.1:{port}/v2/auth/challenge"
        named = {
            host: httpx2.post(own, headers={"Host": host}, trust_env=False) for host in ("ksef", "obcy.pl")
        }
        assert {host: answer.status_code for host, answer in named.items()} == {"ksef": 200, "obcy.pl": 400}
        assert urlsplit(management[1]).hostname == "127.0.0.1"
        process.send_signal(signal.SIGTERM)  # what `docker stop` sends
        assert process.wait(20) == 0
    assert not container.healthy(port)
    kept = container.follower.path("/data") / "ksef" / "ksef.db"
    assert kept.exists()
    if os.geteuid() == 0:
        assert kept.stat().st_uid == UID


@pytest.mark.slow
def test_other_options_take_the_place_of_cmd_and_data_outlives_a_container(container: Container) -> None:
    free = ("--port", "0", "--management-port", "0", "--management-host", "localhost", *HERE)
    with container.run("--allow-host", "inny", *free) as process:
        assert process.stdout
        ready, management = (process.stdout.readline().split() for _ in range(2))
        door = f"http://127.0.0.1:{urlsplit(management[1]).port}/clock"
        hosts = {
            host: httpx2.get(door, headers={"Host": host}, trust_env=False) for host in ("inny", "obcy.pl")
        }
        assert {host: answer.status_code for host, answer in hosts.items()} == {"inny": 200, "obcy.pl": 400}
        assert ready[1].endswith("/v2")
    assert (container.follower.path("/data") / "ksef" / "ksef.db").exists()
