"""A local KSeF with its portal for all tests of a module, and three people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from klucznik.cli.portal import portal_of
from klucznik.testing import RunningKsef, local_ksef

from .browser import axe, chromium
from .person import Visitor, employee, owner


@pytest.fixture(scope="module")
def running() -> Iterator[RunningKsef]:
    with local_ksef(web=portal_of) as ksef:
        yield ksef


@pytest.fixture
def ania(running: RunningKsef) -> Iterator[Visitor]:
    with owner(running) as visitor:
        yield visitor


@pytest.fixture
def biuro(running: RunningKsef, ania: Visitor) -> Iterator[Visitor]:
    with employee(running, ania.nip, "InvoiceRead", "InvoiceWrite") as visitor:
        yield visitor


@pytest.fixture
def obcy(running: RunningKsef) -> Iterator[Visitor]:
    with owner(running, given="Obcy") as visitor:
        yield visitor


@pytest.fixture
def stranger(running: RunningKsef) -> Iterator[Visitor]:
    """Somebody not logged in."""
    with Visitor(running) as visitor:
        yield visitor


# One browser a module, no longer: its event loop would be in the way of other modules' own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def axe_source() -> str:
    return axe()
