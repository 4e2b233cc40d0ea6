"""https for the local KSeF: a local CA, made at first start and kept, and a certificate below it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from klucznik.crypto.authority import Authority, server_certificate
from klucznik.files import write_private

#: Names that mean this machine; `--host` and `--allow-host` add theirs.
_NAMES = ("localhost", "127.0.0.1", "::1", "ksef.test", "api.ksef.test", "ksef.localhost")


@dataclass(frozen=True)
class Tls:
    """Files of the https port: `authority` is what clients are told to trust."""

    certificate: Path
    key: Path
    authority: Path


def tls_files(folder: Path | None, names: Sequence[str], now: datetime) -> Tls:
    """The CA of a data folder (made when missing) and a fresh certificate for these host names."""
    drawer = folder / "tls" if folder else Path(tempfile.mkdtemp(prefix="klucznik-tls-"))
    kept = drawer / "ca.pem"
    if kept.exists():
        authority = Authority.load(kept.read_bytes())
    else:
        authority = Authority.create("Klucznik local KSeF", now)
        write_private(kept, authority.to_pem())
    shown = drawer / "ca.crt"
    write_private(shown, authority.certificate.public_bytes(Encoding.PEM))
    hosts = list(dict.fromkeys([*_NAMES, *(name for name in names if not _everywhere(name))]))
    identity = server_certificate(authority, hosts, now)
    # One PEM with key, certificate and CA serves as both files.
    both = drawer / "server.pem"
    write_private(both, identity.to_pem())
    return Tls(both, both, shown)


def _everywhere(name: str) -> bool:
    """0.0.0.0 and :: listen on every address and name none."""
    try:
        return ip_address(name).is_unspecified
    except ValueError:
        return False
