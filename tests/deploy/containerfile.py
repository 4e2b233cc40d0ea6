"""Reading a Containerfile, and following it without a container engine: its paths under a folder of ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Step:
    """One instruction: its name, and all that follows it."""

    name: str
    rest: str

    def words(self) -> list[str]:
        """The words of its JSON form."""
        found = json.loads(self.rest[self.rest.index("[") :])
        return [str(word) for word in found]


@dataclass
class Stage:
    """What stands between one FROM and the next."""

    base: str
    steps: list[Step] = field(default_factory=list)

    def all(self, name: str) -> list[Step]:
        return [step for step in self.steps if step.name == name]

    def last(self, name: str) -> Step:
        return self.all(name)[-1]


def read(path: Path) -> list[Stage]:
    """The stages of a Containerfile."""
    stages: list[Stage] = []
    for line in path.read_text("utf-8").splitlines():
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            stages.append(Stage(rest))
        elif name and not name.startswith("#"):
            stages[-1].steps.append(Step(name, rest.strip()))
    return stages


def account(uid: int) -> dict[str, Any]:
    """What makes a subprocess another user's; only root can, so others stay who they are."""
    return {"user": uid, "group": uid, "extra_groups": []} if os.geteuid() == 0 else {}


def python_for(uid: int) -> str | None:
    """An interpreter that can be somebody's `python` and make environments; not everybody enters /root."""
    probe = "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"
    own = getattr(sys, "_base_executable", sys.executable)
    for candidate in (own, *(f"/{top}/python3" for top in ("usr/local/bin", "usr/bin"))):
        try:
            done = subprocess.run([candidate, "-c", probe], cwd="/", check=False, **account(uid))
        except OSError:
            continue
        if done.returncode == 0:
            return str(candidate)
    return None


@dataclass(frozen=True)
class Follower:
    """Follows the steps of a stage; an absolute path of the image lies under `root`."""

    root: Path
    python: str

    def path(self, inside: str) -> Path:
        return self.root / inside.removeprefix("/")

    def text(self, words: str) -> str:
        """A command with its paths moved."""
        for top in ("/opt/", "/data"):
            words = words.replace(top, f"{self.root}{top}")
        return words

    def follow(self, stage: Stage) -> None:
        """Carry out WORKDIR, COPY and RUN. Raises `CalledProcessError`."""
        here = self.root
        for step in stage.steps:
            if step.name == "WORKDIR":
                here = self.path(step.rest)
                here.mkdir(parents=True, exist_ok=True)
            elif step.name == "COPY":
                *sources, target = step.rest.split()
                for source in sources:
                    _copy(ROOT / source, here / target)
            else:
                assert step.name == "RUN", step
                self._run(self.text(step.rest), here)

    def _run(self, command: str, here: Path) -> None:
        bin_ = self.root / "bin"
        bin_.mkdir(exist_ok=True)
        if not (bin_ / "python").exists():
            (bin_ / "python").symlink_to(self.python)
        variables = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"}
        variables.pop("PYTHONPATH", None)
        done = subprocess.run(
            ["sh", "-c", command], cwd=here, env=variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"RUN {command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    elif target.is_dir() or str(target).endswith("/") or target.suffix == "":
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    else:
        shutil.copy(source, target)
