"""Which Host a request may name: loopback, *.test, *.localhost and those the operator allows.

Keeps web pages away that point a name of their own at 127.0.0.1 (DNS rebinding; reliability.md 106,
117), and pre-signed URLs from being built for a foreign host.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container
from functools import lru_cache

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9-]{1,63})*", re.ASCII)


def host_allowed(header: str, allowed: Container[str]) -> bool:
    """Whether a Host header names this server."""
    name = _name(header)
    if name is None:
        return False
    if name in allowed or name == "localhost" or name.endswith((".test", ".localhost")):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@lru_cache(256)
def _name(header: str) -> str | None:
    host, port = header.lower(), ""
    if host.startswith("["):
        host, _, port = host[1:].partition("]")
        port = port.removeprefix(":")
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        return None
    if ":" in host:
        return host
    return host if _NAME.fullmatch(host) else None
