"""Invoices a second at each home, in one process and in two: online sessions, and one large batch.

    python bench/bench_homes.py [--count 10000] [--senders 32] [--homes SQLite PostgreSQL] [--processes 1 2]

The floor of both is measured in the same run, on one core: `floor`, `bench_batch`. PostgreSQL is a server of
its own on the same machine, with fsync on. Memory is that of our own processes, at rest and at most.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import bench_batch
from homes import POSTGRESQL, SQLITE, Databases, at_home, databases, running

HERE = Path(__file__).parent


def told(*command: str) -> Any:
    """What a script of this folder prints, as JSON."""
    done = subprocess.run(
        [sys.executable, str(HERE / command[0]), *command[1:]], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


def online(options: list[str], senders: int, count: int) -> dict[str, Any]:
    """Invoices through online sessions, after some that warm everything up."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), *options) as ksef:
        rest = ksef.peak()
        load = ["load.py", str(ksef.port), "invoices", str(senders)]
        told(*load, str(20 * senders))
        found: dict[str, Any] = told(*load, str(count))
        return {**found, "rest": rest, "peak": ksef.peak()}


def report(homes: list[str], processes: list[int], count: int, senders: int) -> None:
    print(f"  senders: {senders}; each floor is one core's")
    names = ("home", "proc.", "online/s", "floor/s", "p50 ms", "p99 ms", "MB")
    print("  {:10} {:>5} {:>8} {:>8} {:>7} {:>7} {:>9}".format(*names), end="")
    print("   {:>8} {:>8} {:>7} {:>8} {:>9}".format("batch/s", "floor/s", "x floor", "export s", "MB"))
    with databases() as found:
        if found is None and POSTGRESQL in homes:
            print(f"  {POSTGRESQL} is not installed here: left out")
            homes = [home for home in homes if home != POSTGRESQL]
        elif found:
            print(f"  ({POSTGRESQL} {found.version()})")
        for home in homes:
            for number in processes:
                line(home, number, found, count, senders)


def line(home: str, number: int, found: Databases | None, count: int, senders: int) -> None:
    """Measure and print one; the floor just before, since other work on the machine slows both."""
    floor = 1e6 / told("floor.py")["perInvoice"]
    sent = online(at_home(home, number, found), senders, count)
    print(
        f"  {home:10} {number:5} {sent['perSecond']:8.0f} {floor:8.0f}"
        f" {sent['p50ms']:7.1f} {sent['p99ms']:7.1f} {sent['rest']:4.0f}-{sent['peak']:<4.0f}",
        end="",
        flush=True,
    )
    batch = bench_batch.measure(count, "Zip", at_home(home, number, found))
    memory = batch["peakMegabytes"]
    print(
        f"   {batch['batchPerSecond']:8} {batch['floorPerSecond']:8} {batch['timesTheFloor']:7.1f}"
        f" {batch['exportSeconds']:8.1f} {memory['atRest']:4.0f}-{memory['afterExport']:<4.0f}",
        flush=True,
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--count", type=int, default=10_000)
    arguments.add_argument("--senders", type=int, default=32)
    arguments.add_argument("--homes", nargs="+", choices=[SQLITE, POSTGRESQL], default=[SQLITE, POSTGRESQL])
    arguments.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    given = arguments.parse_args()
    report(given.homes, given.processes, given.count, given.senders)
