"""A local KSeF for all tests of a run, another with a clock of its own, and three people."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klucznik.clock import ManualClock
from klucznik.server.app import App
from klucznik.testing import RunningKsef, local_ksef

from .causes import causes_in_both_languages
from .door import Api, Person, employee, firm
from .witness import Witness

__all__ = ["causes_in_both_languages"]


@pytest.fixture(scope="session")
def witness(request: pytest.FixtureRequest) -> Iterator[Witness]:
    """Sees what the local KSeF answers in this process; `docs/fidelity.md` is made from its notes.

    They are written where KLUCZNIK_NOTES names a folder: `make test` does, since a part of the tests
    has seen a part only.
    """
    witness, answer = Witness(), App.__call__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(App, "__call__", witness.beside(answer))
        yield witness
    if folder := os.environ.get("KLUCZNIK_NOTES"):
        worker = getattr(request.config, "workerinput", {}).get("workerid", "alone")
        witness.write(Path(folder), str(worker))


@pytest.fixture(autouse=True)
def _seen(witness: Witness) -> Iterator[None]:
    """Only what tests of this folder see is noted."""
    witness.on = True
    yield
    witness.on = False


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKsef]:
    """On disk, so that commits take their time and tests can look into the file."""
    with local_ksef(tmp_path_factory.mktemp("ksef")) as ksef:
        yield ksef


@pytest.fixture
def api(running: RunningKsef) -> Iterator[Api]:
    """The door, answering refusals in the old envelope."""
    with Api(running) as door:
        yield door


@pytest.fixture(params=["old", "problem-details"])
def both(running: RunningKsef, request: pytest.FixtureRequest) -> Iterator[Api]:
    """The door in each of the two error formats."""
    with Api(running, {} if request.param == "old" else {"X-Error-Format": "problem-details"}) as door:
        yield door


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """The clock of `timed`; it only goes forward, so tests say how far, not when."""
    return ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def timed_running(clock: ManualClock) -> Iterator[RunningKsef]:
    with local_ksef(clock=clock) as ksef:
        yield ksef


@pytest.fixture
def timed(timed_running: RunningKsef) -> Iterator[Api]:
    """A door whose time stands still until `clock.advance`."""
    with Api(timed_running) as door:
        yield door


@pytest.fixture
def ania(api: Api) -> Person:
    return firm(api)


@pytest.fixture
def biuro(api: Api, ania: Person) -> Person:
    return employee(api, ania.nip, "InvoiceRead", "InvoiceWrite")


@pytest.fixture
def obcy(api: Api) -> Person:
    return firm(api, "Obcy sp. z o.o.")
