"""A world for each file of tests: its server is killed, its data folder stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .world import World


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    if world.served.runs:
        world.served.stop()


@pytest.fixture
def world(lasting: World) -> World:
    """The world with its server running, whatever the test before has left."""
    if not lasting.served.runs:
        lasting.served.kill()
        lasting.served.start()
        lasting.served.wait_ready()
    return lasting
