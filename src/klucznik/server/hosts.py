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
_IPV6 = re.compile(r"[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7}", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}")


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
    host, colon, port = header.lower(), "", ""
    if host.startswith("["):  # an IPv6 address stands in brackets, and nothing else does
        host, closed, rest = host[1:].partition("]")
        if not closed:
            return None
        colon, port = rest[:1], rest[1:]
        shape = _IPV6
    else:
        host, colon, port = host.partition(":")
        shape = _NAME
    if colon not in ("", ":") or (port and _PORT.fullmatch(port) is None):
        return None
    return host if shape.fullmatch(host) else None
