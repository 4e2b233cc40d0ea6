"""The portal at a local KSeF: the one place that knows both."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from klucznik.portal.settings import Settings
from klucznik.portal.web import portal
from klucznik.server.local import LocalKsef


def portal_of(
    ksef: LocalKsef, api: str, door: str, *, loopback: bool = True, authority: Path | None = None
) -> Any:
    """The portal of a local KSeF that answers at `api` and `door` (addresses without a path).

    `authority` is the CA of its https port. It reaches the API as any client does, over a socket.
    """
    folder = ksef.store.folder
    return portal(
        Settings(
            api=f"{api}/v2",
            reached=f"{_near(api)}/v2",
            door=_near(door),
            profile=ksef.profile,
            clock=ksef.clock.base,
            folder=folder / "portal" if folder else None,
            internal=ksef.keys.internal,
            issuer=None if ksef.profile == "test" else ksef.keys.qualified,
            loopback=loopback,
            connect=_connecting(authority),
        )
    )


def _near(address: str) -> str:
    """The address as this machine reaches it, where it listens on all."""
    return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _connecting(authority: Path | None) -> Callable[[], httpx2.AsyncClient]:
    # Made once: loading the machine's CAs anew for each page takes 50 ms. Without https none is needed.
    trusted = (
        ssl.create_default_context(cafile=str(authority))
        if authority
        else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    return lambda: httpx2.AsyncClient(verify=trusted, trust_env=False, timeout=60)
