"""An environment of its own for each peer, in `.peers/` of the repository, made when first needed.

It is named after what went in (lock file and interpreter), so a changed lock makes a new one. It is
built beside its place and moved there when whole: two test runs at once do not see each other's halves.

The lock files of Python peers are made with `uv pip compile --universal --generate-hashes
--no-emit-index-url --no-header --python-version <lowest>` from the requirement in `PEERS`; that of the
npm peers with `npm install --package-lock-only --ignore-scripts` beside their `package.json`, less its
`resolved` and `funding` lines: the versions and their hashes are facts, where they lie is not.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
Version = tuple[int, int]

#: The newest Python the locked packages have wheels for.
NEWEST: Final[Version] = (3, 14)
_BIN: Final = "Scripts" if sys.platform == "win32" else "bin"
_PYTHON: Final = "python.exe" if sys.platform == "win32" else "python"
_PROBE: Final = "import ssl, venv, sys; print(*sys.version_info[:2])"


class Unavailable(Exception):
    """The peer cannot be run on this machine; the message says why."""


@dataclass(frozen=True)
class Runner:
    """What starts a driver: the interpreter with its options, and variables of the environment."""

    command: tuple[str | Path, ...]
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """A published client: what pip calls it, and the lowest Python it runs on."""

    name: str
    requirement: str
    lowest: Version

    @property
    def lock(self) -> Path:
        return Path(__file__).with_name(f"requirements-{self.name}.txt")


@dataclass(frozen=True)
class NpmPeer:
    """A published client: what npm calls it, and the lowest Node it runs on; its lock is in a folder here."""

    name: str
    requirement: str
    lowest: int
    folder: str = "npm"

    @property
    def lock(self) -> Path:
        return Path(__file__).with_name(self.folder) / "package-lock.json"


PEERS: Final[dict[str, Peer | NpmPeer]] = {
    peer.name: peer
    for peer in (
        # xml: its XAdES signer and its reader of FA(3), on lxml and xmlsec.
        Peer("ksef-client", "ksef-client[xml]==0.20.0", (3, 11)),
        # pdf: its printer, on weasyprint.
        Peer("ksef2", "ksef2[pdf]==1.1.0", (3, 12)),
        NpmPeer("ksef-client-ts", "ksef-client-ts@0.10.0", 18),
    )
}

#: No client: a mock made from an OpenAPI document, beside which `bench` measures.
PRISM: Final = NpmPeer("prism", "@stoplight/prism-cli@5.14.2", 18, "prism")


def runner_of(peer: Peer | NpmPeer) -> Runner:
    """What runs the peer's driver; its environment is made if need be. Raises `Unavailable`."""
    if isinstance(peer, NpmPeer):
        return _node_runner(peer)
    return Runner((python_of(peer), "-s", "-E"), {"PYTHONUTF8": "1"})


def _node_runner(peer: NpmPeer) -> Runner:
    """Drivers are CommonJS: only `require` finds packages by a variable, wherever the driver lies."""
    node, _ = newest_node(peer.lowest)
    return Runner((node,), {"NODE_PATH": str(packages_of(peer.name, peer.lock, lowest=peer.lowest))})


def packages_of(name: str, lock: Path, *, lowest: int) -> Path:
    """The folder of packages that the lock of npm names, made if need be; raises `Unavailable`."""
    _, version = newest_node(lowest)
    home = ROOT / ".peers" / f"{name}-node{version}-{_digest(lock)}"
    if not (home / "node_modules").exists():
        npm = shutil.which("npm")
        if not npm:
            raise Unavailable("npm was not found on the PATH, where Node is (Debian: apt-get install npm)")
        _make(name, home, lambda making: _install(Path(npm), lock, making))
    return home / "node_modules"


def newest_node(lowest: int) -> tuple[Path, int]:
    """Node on the PATH and its major version, from `lowest` up; raises `Unavailable`."""
    wanted = f"Node {lowest} or newer is needed on the PATH (Debian: apt-get install nodejs npm)"
    node = shutil.which("node")
    if not node:
        raise Unavailable(f"no Node was found: {wanted}")
    probe = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=60)
    major = probe.stdout.strip().removeprefix("v").partition(".")[0]
    if not major.isdecimal() or int(major) < lowest:
        raise Unavailable(f"{node} is {probe.stdout.strip() or 'broken'}: {wanted}")
    return Path(node), int(major)


def _install(npm: Path, lock: Path, making: Path) -> None:
    """Exactly what the lock names; npm compares each package with its hash there."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(lock.with_name(name), making)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    # npm takes a folder behind a link for a package of the folder it stands in.
    _run(npm, "ci", *quiet, "--prefix", making.resolve())


def python_of(peer: Peer) -> Path:
    """The interpreter of the peer's environment, which is made if need be; raises `Unavailable`."""
    base, version = newest_python(peer.lowest)
    home = ROOT / ".peers" / f"{peer.name}-{version[0]}.{version[1]}-{_digest(peer.lock)}"
    if not (home / _BIN / _PYTHON).exists():
        _make(peer.name, home, lambda making: _build(peer, base, making))
    return home / _BIN / _PYTHON


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:12]


def newest_python(lowest: Version) -> tuple[Path, Version]:
    """The newest Python on this machine from `lowest` up; raises `Unavailable`."""
    found: dict[Version, Path] = {}
    for candidate in _candidates(os.environ):
        version = _version(candidate)
        if version and lowest <= version <= NEWEST:
            found.setdefault(version, candidate)
    if not found:
        raise Unavailable(f"no Python {lowest[0]}.{lowest[1]} or newer was found (PATH, pyenv, this one)")
    newest = max(found)
    return found[newest], newest


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    """pyenv's versions before the PATH: its shims on the PATH fail for versions not switched on."""
    pyenv = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted((pyenv / "versions").glob(f"3.*/{_BIN}/{_PYTHON}"))
    for minor in range(NEWEST[1], 10, -1):
        if on_path := shutil.which(f"python3.{minor}"):
            yield Path(on_path)
    yield Path(sys.executable)


def _version(python: Path) -> Version | None:
    """Its version, None when it does not start or lacks what an environment needs."""
    try:
        probe = subprocess.run([python, "-c", _PROBE], capture_output=True, text=True, check=True, timeout=60)
        major, minor = probe.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return int(major), int(minor)


def _make(name: str, home: Path, build: Callable[[Path], None]) -> None:
    """Let `build` fill a folder beside `home`, then move it there, unless another run was first."""
    home.parent.mkdir(exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f"{name}-making-", dir=home.parent))
    try:
        build(making)
        if not home.exists():
            making.rename(home)
    except OSError:
        # Another run was first; its environment is the same.
        if not home.exists():
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _build(peer: Peer, base: Path, making: Path) -> None:
    python = making / _BIN / _PYTHON
    if uv := _uv():
        _run(uv, "venv", "--quiet", "--relocatable", "--allow-existing", "--python", base, making)
        _run(uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", peer.lock)
    else:
        _run(base, "-m", "venv", making)
        _run(python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", peer.lock)


def _uv() -> str | None:
    own = ROOT / ".uv" / _BIN / "uv"
    return str(own) if own.exists() else shutil.which("uv")


def _run(*command: str | Path) -> None:
    done = subprocess.run(_texts(command), capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
        raise Unavailable(f"{Path(command[0]).name} {command[1]} failed: {last}")


def _texts(command: Sequence[str | Path]) -> list[str]:
    return [str(part) for part in command]
