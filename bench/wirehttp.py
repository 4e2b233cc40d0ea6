"""The lightest honest HTTP client we could make: the load generator shares the cores it measures."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self


class Connection:
    """One keep-alive connection; one request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self.host, self.port, limit=1 << 26)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    def request(self, method: str, path: str, body: bytes = b"", bearer: str = "", extra: str = "") -> bytes:
        """The bytes of a request, so that they can be made before the clock starts."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}", "Accept: */*"]
        if bearer:
            lines.append(f"Authorization: Bearer {bearer}")
        if body:
            lines.append("Content-Type: application/json")
        if extra:
            lines.append(extra)
        lines.append(f"Content-Length: {len(body)}\r\n\r\n")
        return "\r\n".join(lines).encode() + body

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = 0
        at = head.lower().find(b"content-length:")
        if at >= 0:
            length = int(head[at + 15 : head.index(b"\r", at)])
        return status, await self._reader.readexactly(length) if length else b""

    async def json(self, method: str, path: str, body: Any = None, bearer: str = "", extra: str = "") -> Any:
        """A request and answer in JSON; anything but 2xx is an error."""
        content = b"" if body is None else json.dumps(body).encode()
        status, answer = await self.send(self.request(method, path, content, bearer, extra))
        if not 200 <= status < 300:
            raise RuntimeError(f"{method} {path}: {status} {answer[:500]!r}")
        return json.loads(answer) if answer else None
