"""Peers' environments, and the local KSeF they walk through."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from .environments import PEERS, Runner, Unavailable, runner_of
from .local import Served, served
from .walk import Cast, Journey, travel

Travel = Callable[[str, str], Journey]


def peer_runner(name: str) -> Runner:
    """What runs the peer. Without it the test is skipped, or fails under KLUCZNIK_PEERS=require."""
    try:
        return runner_of(PEERS[name])
    except Unavailable as why:
        if os.environ.get("KLUCZNIK_PEERS") == "require":
            pytest.fail(f"{name} must run here: {why}")
        pytest.skip(f"{name} cannot run here: {why}")


@pytest.fixture(scope="module", params=["http", "https"])
def ksef(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("ksef"), tls=request.param == "https") as running:
        yield running


@pytest.fixture(scope="module")
def traveller(ksef: Served, tmp_path_factory: pytest.TempPathFactory) -> Travel:
    """Sends a peer through the server with a cast of its own."""

    def go(peer: str, driver: str) -> Journey:
        cast = Cast.gather(tmp_path_factory.mktemp("cast"), datetime.now(UTC), random.Random())
        return travel(peer_runner(peer), driver, ksef, cast)

    return go
