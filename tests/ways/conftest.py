"""Three people at one local KSeF: Ania owns the firm, Biuro is permitted, Obcy is a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random

import pytest

from klucznik.client import auth, testdata
from klucznik.client.ksef import Ksef
from klucznik.clock import WARSAW
from klucznik.crypto import authority
from klucznik.crypto.certs import Identity
from klucznik.documents import samples
from klucznik.documents.samples import Options
from klucznik.testing import RunningKsef, local_ksef
from klucznik.wire.ids import make_nip, make_pesel

_rand = Random()


def now() -> datetime:
    return datetime.now(UTC)


def today() -> date:
    return now().astimezone(WARSAW).date()


@dataclass
class Person:
    """Somebody with a certificate, logged in by it in the context of `nip`."""

    nip: str
    identity: Identity
    ksef: Ksef = field(repr=False)

    @property
    def certificate(self) -> bytes:
        return self.identity.to_pem()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKsef]:
    with local_ksef(tmp_path_factory.mktemp("ksef")) as ksef:
        yield ksef


def enter(url: str, nip: str, identity: Identity) -> Person:
    ksef = Ksef(url)
    ksef.run(auth.login_with_identity("Nip", nip, identity))
    return Person(nip, identity, ksef)


def firm(url: str, name: str) -> Person:
    """A company that logs in with its seal."""
    nip = make_nip(_rand)
    return enter(url, nip, authority.seal(name, nip, now=now()))


@pytest.fixture
def ania(running: RunningKsef) -> Iterator[Person]:
    person = firm(running.url, "Firma Ani")
    yield person
    person.ksef.close()


@pytest.fixture
def biuro(running: RunningKsef, ania: Person) -> Iterator[Person]:
    """An accountant known by PESEL, permitted to read in Ania's firm and logged in there."""
    pesel = make_pesel(_rand)
    ania.ksef.call(testdata.grant(ania.nip, "Pesel", pesel, ["InvoiceRead", "InvoiceWrite"]))
    identity = authority.person("Jan", "Biurowy", pesel=pesel, now=now())
    person = enter(running.url, ania.nip, identity)
    yield person
    person.ksef.close()


@pytest.fixture
def obcy(running: RunningKsef) -> Iterator[Person]:
    """A stranger with a firm of his own, whose business Ania's is not."""
    person = firm(running.url, "Obcy sp. z o.o.")
    yield person
    person.ksef.close()


@pytest.fixture
def buyer(running: RunningKsef) -> Iterator[Person]:
    person = firm(running.url, "Nabywca S.A.")
    yield person
    person.ksef.close()


def invoice(seller: Person, buyer_nip: str, number: str, options: Options | None = None) -> bytes:
    return samples.invoice(seller.nip, buyer_nip, number, today(), now(), options=options or Options())
