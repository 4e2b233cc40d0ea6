"""The order a driver gets, and what it told: one journey of a peer through the local KSeF."""

from __future__ import annotations

import base64
import json
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from klucznik.clock import WARSAW
from klucznik.crypto import authority
from klucznik.crypto.certs import Identity
from klucznik.documents import samples
from klucznik.wire import ids

from .environments import Runner
from .local import Served

DRIVERS: Final = Path(__file__).with_name("drivers")
Fact = dict[str, Any]


@dataclass(frozen=True)
class Cast:
    """Ania owns the firm (by seals and in person), Biuro buys, Obcy is a stranger. Numbers are random."""

    ania: str
    pesel: str
    biuro: str
    obcy: str
    group: str
    good: bytes
    faulty: bytes
    other: bytes
    packed: bytes
    crowd: list[bytes]
    order: Fact

    @classmethod
    def gather(cls, folder: Path, now: datetime, rand: random.Random) -> Cast:
        ania, biuro, obcy, group = (ids.make_nip(rand) for _ in range(4))
        pesel = ids.make_pesel(rand)
        own = {
            "seal rsa": authority.seal("Ania sp. z o.o.", ania, now=now, key="rsa"),
            "seal ec": authority.seal("Ania sp. z o.o.", ania, now=now, key="ec"),
            "person rsa": authority.person("Ania", "Zmyślona", pesel=pesel, now=now, key="rsa"),
            "person ec": authority.person("Ania", "Zmyślona", pesel=pesel, now=now, key="ec"),
        }
        today = now.astimezone(WARSAW).date()
        good = samples.invoice(ania, biuro, "A/1", today, now)
        faulty = samples.faulty_invoice(ania, biuro, "A/2", today, now)
        other = samples.invoice(ania, biuro, "A/3", today, now)
        packed = samples.invoice(ania, biuro, "A/4", today, now)
        crowd = [samples.invoice(ania, biuro, f"B/{n}", today, now) for n in range(1, 13)]
        invoices = {"good": good, "faulty": faulty, "other": other, "packed": packed}
        order = {
            "from": (now - timedelta(hours=1)).isoformat(),
            "group": group,
            "crowd": [base64.b64encode(xml).decode() for xml in crowd],
            "unknown": ids.make_ksef_number(ania, today, "0100AAAAAAAA"),
            "invoices": {name: base64.b64encode(xml).decode() for name, xml in invoices.items()},
            "seller": {
                "nip": ania,
                "pesel": pesel,
                "identities": {name: written(one, folder / name) for name, one in own.items()},
            },
            "buyer": _party(folder / "biuro", "Biuro", biuro, now),
            "stranger": _party(folder / "obcy", "Obcy", obcy, now),
        }
        return cls(ania, pesel, biuro, obcy, group, good, faulty, other, packed, crowd, order)


def _party(stem: Path, name: str, nip: str, now: datetime) -> Fact:
    return {"nip": nip, "identity": written(authority.seal(name, nip, now=now), stem)}


def written(identity: Identity, stem: Path) -> Fact:
    """Certificate and unencrypted PKCS#8 key as PEM files, as these clients take them."""
    certificate, key = stem.with_suffix(".crt"), stem.with_suffix(".key")
    certificate.write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    key.write_bytes(identity.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return {"certificate": str(certificate), "key": str(key)}


@dataclass(frozen=True)
class Journey:
    """All a driver told, in order. A step it did not reach fails the test that asks for it."""

    cast: Cast
    served: Served
    told: list[Fact]
    errors: str

    @property
    def whole(self) -> bool:
        return bool(self.told) and self.told[-1]["step"] == "end"

    def one(self, step: str, **chosen: object) -> Fact:
        """The only fact of that step with these values."""
        found = [fact for fact in self.told if fact["step"] == step and chosen.items() <= fact.items()]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} times told: {step} {chosen}\n{self.errors}")
        return found[0]

    def all(self, step: str) -> list[Fact]:
        return [fact for fact in self.told if fact["step"] == step]


def travel(runner: Runner, driver: str, served: Served, cast: Cast) -> Journey:
    """Run a driver in its environment until it ends, well or not."""
    order = {**cast.order, "scheme": served.scheme, "port": served.port, "ca": served.ca and str(served.ca)}
    done = subprocess.run(
        [*runner.command, DRIVERS / driver],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=dict(_environment(runner, served)),
        timeout=300,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    log = served.log.read_text("utf-8").splitlines()[-20:]
    return Journey(cast, served, told, "\n".join([*done.stderr.splitlines()[-40:], "server:", *log]))


def _environment(runner: Runner, served: Served) -> Iterator[tuple[str, str]]:
    """No proxy between the peer and the server; under TLS the local CA is what it trusts."""
    for name, value in os.environ.items():
        if not name.lower().endswith("_proxy"):
            yield name, value
    yield from runner.variables.items()
    if served.ca:
        yield "SSL_CERT_FILE", str(served.ca)
        yield "NODE_EXTRA_CA_CERTS", str(served.ca)
