"""`make bench`: measure everything, in one run on one machine, and print the tables.

The server is a process of its own with rate limits off; the load generator is another, on the same
cores; the floor is measured between the runs.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KLUCZNIK = Path(sys.executable).with_name("klucznik")


@contextmanager
def server(folder: str) -> Iterator[int]:
    """A local KSeF on a free port."""
    command = [str(KLUCZNIK), "ksef", "serve", "--port", "0", "--management-port", "0", "--rates", "off"]
    with (Path(folder) / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--data", folder], stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout
        try:
            line = process.stdout.readline()
            if not line.startswith("ready "):
                raise RuntimeError(f"the server did not start: {(Path(folder) / 'log').read_text()}")
            yield int(line.rsplit(":", 1)[1].split("/")[0])
        finally:
            process.terminate()
            process.wait(10)


def load(port: int, what: str, callers: int, count: int) -> dict[str, Any]:
    command = [sys.executable, str(HERE / "load.py"), str(port), what, str(callers), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def help_seconds() -> float:
    """Best of ten of `klucznik --help`."""
    best = float("inf")
    for _ in range(10):
        began = time.perf_counter()
        subprocess.run([str(KLUCZNIK), "--help"], stdout=subprocess.DEVNULL, check=True)
        best = min(best, time.perf_counter() - began)
    return best


def main() -> None:
    floor = json.loads(
        subprocess.run([sys.executable, str(HERE / "floor.py")], capture_output=True, check=True).stdout
    )
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}\n")
    print(f"Floor of one invoice of {floor['bytes']:.0f} bytes on one core, µs:")
    for name in ("base64", "sha256x2", "aes", "xml", "commit", "perInvoice"):
        print(f"  {name:18} {floor[name]:8.1f}")
    print(f"  {'rsa, per session':18} {floor['rsaOncePerSession']:8.1f}")
    most = 1e6 / floor["perInvoice"]
    print(f"  one core could do {most:.0f} invoices/s\n")
    print("Invoices through online sessions (status 200, number and UPO), by senders:")
    print(f"  {'senders':>7} {'invoices':>8} {'per s':>8} {'of floor':>8} {'POST p50 ms':>12} {'p99 ms':>8}")
    for senders, count in ((1, 3000), (8, 8000), (32, 9600)):
        with tempfile.TemporaryDirectory() as folder, server(folder) as port:
            load(port, "invoices", senders, min(count, 64 * senders))  # warm
            found = load(port, "invoices", senders, count)
        share = found["perSecond"] / most
        print(
            f"  {senders:7} {found['invoices']:8} {found['perSecond']:8.0f} {share:8.0%}"
            f" {found['p50ms']:12.2f} {found['p99ms']:8.2f}"
        )
    print("\nLogins by KSeF token (challenge, RSA-OAEP, poll, redeem), by callers:")
    print(f"  {'callers':>7} {'logins':>8} {'per s':>8} {'of RSA':>8} {'p50 ms':>8} {'p99 ms':>8}")
    with tempfile.TemporaryDirectory() as folder, server(folder) as port:
        for callers, count in ((1, 200), (8, 800)):
            found = load(port, "logins", callers, count)
            share = found["perSecond"] * floor["rsaOncePerSession"] / 1e6
            print(
                f"  {callers:7} {found['logins']:8} {found['perSecond']:8.0f} {share:8.0%}"
                f" {found['p50ms']:8.1f} {found['p99ms']:8.1f}"
            )
    print(f"\nklucznik --help: {help_seconds():.3f} s")
    print("\nXAdES signing of an AuthTokenRequest:")
    sys.stdout.flush()
    subprocess.run([sys.executable, str(HERE / "bench_xades.py"), *peers()], check=True)


def peers() -> list[str]:
    """The peers' environments, where the tests have made them."""
    found = sorted((HERE.parent / ".peers").glob("*/bin/python"))
    return [argument for path in found for argument in ("--peer-python", str(path))]


if __name__ == "__main__":
    main()
