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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from homes import KLUCZNIK, running

from klucznik.secret import Secret
from klucznik.vault.entries import Entry
from klucznik.vault.keys import KeyFile, Passphrase
from klucznik.vault.vault import Vault

T = TypeVar("T")

HERE = Path(__file__).parent


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


def vault_figures() -> dict[str, float]:
    """Milliseconds: a durable put, a use, unlocking with a key file and with a passphrase."""
    with tempfile.TemporaryDirectory() as folder:
        path, key = Path(folder) / "vault.db", KeyFile.create(Path(folder) / "key")
        passphrase = Passphrase("correct horse battery staple")
        with Vault.create(path, key) as vault:
            vault.add_slot(passphrase)
            entries = [Entry("local", "5265877635", f"bench {number}") for number in range(200)]
            put = timed(lambda entry: vault.put(entry, Secret("x" * 120)), entries)
            use = timed(vault.use, entries)

        def unlocked(unlock: KeyFile | Passphrase) -> None:
            Vault.open(path, unlock).close()

        return {
            "put": put,
            "use": use,
            "unlock, key file": timed(unlocked, [key] * 20),
            "unlock, passphrase": timed(unlocked, [passphrase] * 5),
        }


def timed(work: Callable[[T], object], values: Sequence[T]) -> float:
    """Milliseconds a call, on average."""
    began = time.perf_counter()
    for value in values:
        work(value)
    return (time.perf_counter() - began) / len(values) * 1000


def section(title: str) -> None:
    print(f"\n{title}:", flush=True)


def main() -> None:
    began = time.monotonic()
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
        with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as ksef:
            load(ksef.port, "invoices", senders, min(count, 64 * senders))  # warm
            found = load(ksef.port, "invoices", senders, count)
        share = found["perSecond"] / most
        print(
            f"  {senders:7} {found['invoices']:8} {found['perSecond']:8.0f} {share:8.0%}"
            f" {found['p50ms']:12.2f} {found['p99ms']:8.2f}"
        )
    print("\nLogins by KSeF token (challenge, RSA-OAEP, poll, redeem), by callers:")
    print(f"  {'callers':>7} {'logins':>8} {'per s':>8} {'of RSA':>8} {'p50 ms':>8} {'p99 ms':>8}")
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as ksef:
        for callers, count in ((1, 200), (8, 800)):
            found = load(ksef.port, "logins", callers, count)
            share = found["perSecond"] * floor["rsaOncePerSession"] / 1e6
            print(
                f"  {callers:7} {found['logins']:8} {found['perSecond']:8.0f} {share:8.0%}"
                f" {found['p50ms']:8.1f} {found['p99ms']:8.1f}"
            )
    section("Both homes, in one process and in two: online sessions, then a batch of 10,000 and its export")
    subprocess.run([sys.executable, str(HERE / "bench_homes.py")], check=True)
    section("The same batch as TarGz, at home in SQLite")
    subprocess.run([sys.executable, str(HERE / "bench_batch.py"), "--kind", "TarGz"], check=True)
    section("Cheap calls, beside Prism with the same document")
    subprocess.run([sys.executable, str(HERE / "bench_reads.py")], check=True)
    section("The portal")
    subprocess.run([sys.executable, str(HERE / "bench_portal.py")], check=True)
    print(f"\nklucznik --help: {help_seconds():.3f} s")
    print("\nVault, ms:")
    for name, milliseconds in vault_figures().items():
        print(f"  {name:18} {milliseconds:8.2f}")
    section("Documents")
    subprocess.run([sys.executable, str(HERE / "bench_documents.py")], check=True)
    section("XAdES signing of an AuthTokenRequest")
    subprocess.run([sys.executable, str(HERE / "bench_xades.py"), *peers()], check=True)
    section("Invoices, beside other people's clients")
    subprocess.run([sys.executable, str(HERE / "peers_documents.py"), *peers()], check=True)
    print(f"\nAll of it took {(time.monotonic() - began) / 60:.0f} minutes.")


def peers() -> list[str]:
    """The peers' environments, where the tests have made them; of each the one made last."""
    homes = sorted((HERE.parent / ".peers").glob("*-3.*"), key=lambda home: home.stat().st_mtime)
    newest = {home.name.rsplit("-", 2)[0]: home / "bin" / "python" for home in homes}
    return [argument for path in newest.values() for argument in ("--peer-python", str(path))]


if __name__ == "__main__":
    main()
