"""Continuation tokens: where the next page begins, sealed for the listing it came from.

Opaque to clients; an edited token, or one of another listing, context or filter, is refused with
21418. Rules: sessions.md section 9, reliability.md C 54.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from base64 import b64encode

from klucznik.lang import both
from klucznik.server.local import LocalKsef
from klucznik.wire import codes
from klucznik.wire.problems import Problem

_SEAL = 16
_LONGEST = 1000


def _seal(ksef: LocalKsef, listing: str, content: bytes) -> bytes:
    with ksef.keys.links.reveal() as key:
        return hmac.new(key, b"PAGE\n" + listing.encode() + b"\n" + content, hashlib.sha256).digest()[:_SEAL]


def issue(ksef: LocalKsef, listing: str, position: list[int | str]) -> str:
    """A token for the page after `position`; `listing` names call, context and filters."""
    content = json.dumps(position, separators=(",", ":")).encode()
    return b64encode(_seal(ksef, listing, content) + content).decode()


def position(ksef: LocalKsef, listing: str, token: str | None) -> list[int | str] | None:
    """What `issue` was given; None for the first page. Raises `Problem` 21418."""
    if not token:
        return None
    try:
        raw = binascii.a2b_base64(token.encode("ascii"), strict_mode=True) if len(token) <= _LONGEST else b""
    except ValueError:
        raw = b""
    seal, content = raw[:_SEAL], raw[_SEAL:]
    if not hmac.compare_digest(seal, _seal(ksef, listing, content)):
        raise Problem(
            codes.BAD_CONTINUATION_TOKEN,
            why=both(
                "the continuation token is not one of this listing",
                "token kontynuacji nie pochodzi z tej listy",
            ),
        )
    found: list[int | str] = json.loads(content)
    return found
