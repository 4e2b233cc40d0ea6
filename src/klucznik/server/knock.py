"""One request at the management door, and how the door says no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from klucznik.server.local import LocalKsef


class Refused(Exception):
    """The door says no: an HTTP status and a sentence."""

    def __init__(self, status: int, sentence: str, allow: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.allow = allow


@dataclass(frozen=True)
class Knock:
    """One request at the door."""

    ksef: LocalKsef
    rest: str  # what stands behind the path's name: the key of /why/{key}
    query: Mapping[str, str]
    body: Any  # JSON, None without


#: What a path does: from a request to what is answered as JSON. Raises `Refused`.
Door = Callable[[Knock], Awaitable[Any]]
