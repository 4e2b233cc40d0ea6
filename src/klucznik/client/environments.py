"""Where KSeF is: the four environments, or an address. Rule: auth.md (bases)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from klucznik.errors import Unreadable
from klucznik.lang import tr

#: Nothing (keys, tokens, permissions, numbers) is shared between them.
ENVIRONMENTS = {
    "local": "http://127.0.0.1:8090/v2",
    "test": "https://api-test.ksef.mf.gov.pl/v2",
    "demo": "https://api-demo.ksef.mf.gov.pl/v2",
    "prd": "https://api.ksef.mf.gov.pl/v2",
}


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe(url: str, *, allow_plain_http: bool = False, allow_loopback: bool = True) -> bool:
    """https anywhere; http to this machine only, unless told otherwise."""
    parts = urlsplit(url)
    host = parts.hostname
    if not host:
        return False
    may_be_plain = allow_plain_http or (allow_loopback and is_loopback(host))
    return parts.scheme == "https" or (parts.scheme == "http" and may_be_plain)


def base_url(environment: str, *, allow_plain_http: bool = False) -> str:
    """The base of an environment's name or of an address, without a closing slash.

    Raises `Unreadable` for an unknown name, and for plain http to another machine.
    """
    url = ENVIRONMENTS.get(environment, environment).rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        names = ", ".join(ENVIRONMENTS)
        raise Unreadable(
            tr(f"“{environment}” is not a KSeF environment.", f"„{environment}” to nie środowisko KSeF."),
            hint=tr(
                f"give one of {names}, or an address such as https://ksef.example/v2.",
                f"podaj jedno z {names} albo adres, na przykład https://ksef.example/v2.",
            ),
        )
    if not is_safe(url, allow_plain_http=allow_plain_http):
        raise Unreadable(
            tr(
                f"{url} is plain http to another machine: tokens would travel readable.",
                f"{url} to zwykłe http do innej maszyny: tokeny byłyby widoczne po drodze.",
            ),
            hint=tr("use https.", "użyj https."),
        )
    return url
