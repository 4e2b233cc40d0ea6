"""Between the processes of one local KSeF: lines of JSON over a pair of sockets.

What is told arrives in the order in which it was told; an answer therefore also says that all before it
has been heard.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine, Mapping
from itertools import count
from typing import Any

#: Answers what the other end asks: a name and its arguments. Quick, for it holds the loop.
Answering = Callable[[str, dict[str, Any]], Any]

#: Bytes of a line at most.
_LIMIT = 64 * 1024 * 1024


class Link:
    """One end."""

    def __init__(self, end: socket.socket, answering: Answering) -> None:
        end.setblocking(False)
        self._end = end
        self._answering = answering
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> Coroutine[Any, Any, None]:
        """Be ready to talk; what it gives serves the other end, until that is gone, and is to be run."""
        reader, writer = await asyncio.open_unix_connection(sock=self._end, limit=_LIMIT)
        self._writer = writer
        return self._listen(reader, writer)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self._hear(json.loads(line))
        except ConnectionError:
            pass  # killed in the middle of a line
        finally:
            self._writer = None
            writer.close()
            for future in self._waiting.values():
                future.cancel()

    def tell(self, name: str, **what: Any) -> None:
        """Say something that needs no answer; lost when the other end is gone."""
        self._send({"name": name, "what": what})

    async def ask(self, name: str, **what: Any) -> Any:
        """Say something and wait for the answer. Cancelled when the other end goes."""
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            if self._writer is None:
                future.cancel()
            self._send({"number": number, "name": name, "what": what})
            return await future
        finally:
            del self._waiting[number]

    def _hear(self, said: Mapping[str, Any]) -> None:
        if "answers" in said:
            future = self._waiting.get(said["answers"])
            if future and not future.done():
                future.set_result(said["gives"])
            return
        gives = self._answering(said["name"], said["what"])
        if "number" in said:
            self._send({"answers": said["number"], "gives": gives})

    def _send(self, message: Mapping[str, Any]) -> None:
        if self._writer is not None:
            self._writer.write(json.dumps(message).encode() + b"\n")
