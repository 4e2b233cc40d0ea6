"""What the portal is told when it is started: addresses, and what it may do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx2

from klucznik.clock import Clock
from klucznik.crypto.authority import Authority
from klucznik.secret import Secret


@dataclass(frozen=True)
class Settings:
    """One portal at one local KSeF."""

    #: The API as people copy it, ending in /v2, and as the portal reaches it (loopback).
    api: str
    reached: str
    #: The management door, `http://127.0.0.1:8091`.
    door: str
    profile: str  # test, demo, prd
    clock: Clock
    #: Where logins are kept, encrypted under their cookies; None is memory.
    folder: Path | None = None
    #: Header by which the portal's calls are exempt from the rate limits, as the real portal's are.
    internal: Secret | None = None
    #: Who certifies the simulated persons where self-signed certificates are refused.
    issuer: Authority | None = None
    #: Whether the server listens on this machine only: test data pages exist nowhere else.
    loopback: bool = True
    #: A client for calls to `reached`; tests and https bring their own.
    connect: Callable[[], httpx2.AsyncClient] = lambda: httpx2.AsyncClient(trust_env=False, timeout=60)

    @property
    def test_data(self) -> bool:
        """Whether companies and persons may be made by hand (portal.md: test profile, loopback)."""
        return self.profile == "test" and self.loopback
