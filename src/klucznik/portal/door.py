"""What the portal asks of the management door, since no call of the API offers it (design.md).

The contexts somebody may enter before login, the clock and token policy, and the causes of refusals.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import httpx2

#: The door speaks plain http on this machine. Loading the machine's CAs for each knock takes 50 ms.
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class DoorError(Exception):
    """The door refused; the text says why."""


class Door:
    """The management door of one local KSeF."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def ask(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """One knock; the JSON it gives. Raises `DoorError`."""
        extra: dict[str, Any] = {} if method == "GET" else {"json": {} if body is None else body}
        try:
            async with httpx2.AsyncClient(verify=_NO_TLS, trust_env=False, timeout=30) as http:
                answer = await http.request(method, f"{self._address}{path}", params=query, **extra)
        except httpx2.HTTPError as lost:
            raise DoorError(str(lost)) from None
        found = answer.json()
        if answer.status_code != 200:
            raise DoorError(str(found.get("error", answer.status_code)))
        return found

    async def contexts(self, kind: str, value: str) -> list[dict[str, Any]]:
        """Contexts that a subject may enter, with what it holds there."""
        found: list[dict[str, Any]] = (await self.ask("GET", "/contexts", type=kind, value=value))["contexts"]
        return found

    async def now(self) -> datetime:
        """What time it is at KSeF."""
        return datetime.fromisoformat((await self.ask("GET", "/clock"))["now"])

    async def scene(self) -> dict[str, Any]:
        """The clock and the scenario in one: `now`, `frozen`, `offsetSeconds`, `tokens`, `profile` …"""
        clock, scenario = await asyncio.gather(self.ask("GET", "/clock"), self.ask("GET", "/scenario"))
        return {**clock, **scenario}

    async def people(self) -> dict[str, list[dict[str, Any]]]:
        """Who is known here: `persons` (the newest first) and `companies` with a role."""
        found: dict[str, list[dict[str, Any]]] = await self.ask("GET", "/persons")
        return found

    async def why(self, key: str) -> list[dict[str, Any]]:
        """Causes under a trace id or reference number; none is an empty list."""
        try:
            found: list[dict[str, Any]] = (await self.ask("GET", f"/why/{quote(key, safe='')}"))["causes"]
        except DoorError:
            return []
        return found
