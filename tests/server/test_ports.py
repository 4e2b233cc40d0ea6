"""One port for several processes: each has its share of the connections, and a port in use is noticed."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from klucznik.errors import CannotServe
from klucznik.server.serve import bind, bind_for

HOST = "127.0.0.1"
linux = pytest.mark.skipif(sys.platform != "linux", reason="connections are dealt out on Linux")


@pytest.fixture
def shared() -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(closing(one)) for one in bind_for(HOST, 0, 2)]


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def accepted(listener: socket.socket) -> int:
    """How many connections wait at a socket."""
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


@linux
def test_each_process_gets_connections(shared: list[socket.socket]) -> None:
    assert len({port_of(one) for one in shared}) == 1
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(socket.create_connection((HOST, port_of(shared[0]))))
        dealt = [accepted(one) for one in shared]
    assert sum(dealt) == 100
    assert min(dealt) > 10  # with fair coins once in 10^16 runs


def test_a_port_in_use_is_noticed() -> None:
    with closing(bind(HOST, 0)) as taken, pytest.raises(CannotServe):
        bind_for(HOST, port_of(taken), 2)


@linux
def test_a_shared_port_is_not_given_away(shared: list[socket.socket]) -> None:
    for processes in (1, 2):
        with pytest.raises(CannotServe):
            bind_for(HOST, port_of(shared[0]), processes)


def test_one_process_needs_one_socket() -> None:
    [alone] = bind_for(HOST, 0, 1)
    alone.close()
