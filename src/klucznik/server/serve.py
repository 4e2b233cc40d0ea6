"""Running the local KSeF: two ports, one process, signals, and the lines others wait for."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from klucznik.errors import CannotServe, Unreadable
from klucznik.lang import tr
from klucznik.server import handlers, moved, world
from klucznik.server.app import DROP, App, Web
from klucznik.server.crew import Crew
from klucznik.server.local import LocalKsef
from klucznik.server.management import Management
from klucznik.server.tls import Tls

log = logging.getLogger("klucznik.ksef")


#: Files (and so connections) open at once, where the system lets us.
_FILES = 16_384


class _Server(uvicorn.Server):
    """Signals are ours: two servers share the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Http(H11Protocol):
    """h11 keeps the body of a request that asks for an upgrade to h2c (the official Java client always
    does); httptools loses it without a word. An application may end its connection (`DROP`), so that a
    fault script can lose an answer."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        inner = self.app

        async def app(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {**scope.get("extensions", {}), DROP: transport.abort}
            await inner(scope, receive, send)

        self.app = app


def bind(host: str, port: int, *, shared: bool = False, joins: bool = False) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises `CannotServe` when the port is taken.

    A `shared` port may be had by another socket of ours that `joins` it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, for asyncio asks for it before it switches Nagle's delay off: without,
    # every answer waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if joins:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        if shared:  # only now: a port that is taken does not go unnoticed
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.listen(2048)
    except OSError as taken:
        listener.close()
        raise CannotServe(
            tr(
                f"Cannot listen on {host} port {port}: {taken.strerror or taken}.",
                f"Nie można nasłuchiwać na {host}, port {port}: {taken.strerror or taken}.",
            ),
            hint=tr(
                "another program may be using the port; choose another one, or 0 for a free one",
                "portu może używać inny program; wybierz inny albo 0, by wziąć wolny",
            ),
        ) from None
    listener.setblocking(False)
    return listener


def bind_for(host: str, port: int, processes: int) -> list[socket.socket]:
    """A listening socket for each of several processes, all on one port. Raises `CannotServe`.

    Linux deals the connections out among them; from a single one the process that is awake takes them all.
    Other systems do not, so there it is a single one.
    """
    if processes == 1 or sys.platform != "linux":
        return [bind(host, port)]
    first = bind(host, port, shared=True)
    taken = first.getsockname()[1]
    return [first, *(bind(host, taken, joins=True) for _ in range(1, processes))]


def address(scheme: str, listener: socket.socket) -> str:
    """`http://127.0.0.1:8090` of a bound socket."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _configured(app: Any, tls: Tls | None = None) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=_Http,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # the App tells the time of the local KSeF's clock instead
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=3,
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
    )


def run(serving: Coroutine[Any, Any, None]) -> None:
    """Run to the end on the quickest loop there is: uvloop, which Windows has not."""
    if sys.platform == "win32":
        asyncio.run(serving)
    else:
        import uvloop

        allow_many_connections()
        uvloop.run(serving)


def allow_many_connections() -> None:
    """Raise the limit of open files, often 1,024: a thousand slow clients must not shut out all others."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS may have a lower limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def serve(
    ksef: LocalKsef,
    api: socket.socket,
    management: socket.socket | None,
    *,
    tls: Tls | None = None,
    ready: Callable[[], None] = lambda: None,
    seed: Mapping[str, Any] | None = None,
    crew: Crew | None = None,
    web: Web | None = None,
    handle_signals: bool = True,
    until: asyncio.Event | None = None,
) -> None:
    """Serve until SIGINT, SIGTERM or `until`; calls `ready` once both ports answer.

    `seed` is a world to make first (`world`); `web` answers /web. With a `crew` its workers answer the API,
    and do the work behind it. Raises `errors.Unreadable` when the world cannot be made.
    """
    handlers.load()
    servers, listeners = [], []
    if crew is None:
        servers.append(_configured(App(ksef, web), tls))
        listeners.append(api)
    if management:
        servers.append(_configured(Management(ksef, crew)))
        listeners.append(management)
    stopping = until or asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stopping.set)

    previous = {}
    if handle_signals:
        previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    if ksef.clock.offset or ksef.clock.frozen:
        await ksef.store.write(lambda db: moved.keep(db, ksef.clock))
    if seed is not None:
        try:
            await world.seed(ksef, seed)
        except world.BadWorld as bad:
            await ksef.store.drain()
            ksef.store.close()
            for listener in (api, management):
                if listener:
                    listener.close()
            raise Unreadable(
                tr(f"The world cannot be made: {bad}.", f"Nie da się utworzyć tego świata: {bad}."),
                hint=tr("docs/management.md shows one", "przykład jest w docs/management.md"),
            ) from None
    ksef.work.start(["why"] if crew else None)
    tasks = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(servers, listeners, strict=True)
    ]
    try:
        if crew:
            await _either(crew.start(), stopping)
        while not all(server.started for server in servers):
            if any(task.done() for task in tasks):
                break
            await asyncio.sleep(0.01)
        else:
            ready()
            await stopping.wait()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks)
    finally:
        if crew:
            await crew.stop()
        await ksef.work.stop()
        await ksef.store.drain()
        ksef.store.close()
        for number, handler in previous.items():
            signal.signal(number, handler)


async def _either(work: Coroutine[Any, Any, None], stopping: asyncio.Event) -> None:
    """Do the work, unless told to stop first. Raises what the work raises."""
    tasks = [asyncio.create_task(work), asyncio.create_task(stopping.wait())]
    done, late = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        task.cancel()
    for task in done:
        task.result()


def start_log(verbose: bool) -> None:
    """Log of the local KSeF to standard error; refusals with their cause."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        stream=sys.stderr,
    )
    for noisy in ("asyncio", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
