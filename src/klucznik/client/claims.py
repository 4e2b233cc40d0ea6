"""What an access token says of itself, for display only: clients treat JWTs as opaque (auth.md section 5)."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any

from klucznik.secret import Secret


@dataclass(frozen=True)
class Claims:
    """`permissions` in force (None where the token does not say), the context, how one logged in."""

    permissions: tuple[str, ...] | None = None
    context_type: str = ""
    context_value: str = ""
    method: str = ""
    #: Whom KSeF takes the caller for: a name, and the identifier it goes by.
    name: str = ""
    subject_type: str = ""
    subject_value: str = ""


def read(jwt: Secret) -> Claims:
    """Read without verifying; whatever is absent or odd is left empty."""
    values = _payload(jwt.text())
    effective = _names(values.get("pep"))
    who = _object(values.get("sud"))
    names = [_word(who.get(part)) for part in ("givenName", "surname")]
    identifier = _object(who.get("subjectIdentifier"))
    return Claims(
        permissions=effective if effective is not None else _names(values.get("per")),
        context_type=_word(values.get("cit")),
        context_value=_word(values.get("civ")),
        method=_word(values.get("aum")),
        name=" ".join(filter(None, names)) or _word(who.get("organizationName") or who.get("commonName")),
        subject_type=_word(identifier.get("type")),
        subject_value=_word(identifier.get("value")),
    )


def _payload(text: str) -> dict[str, Any]:
    parts = text.split(".")
    if len(parts) != 3:
        return {}
    try:
        values = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _object(value: object) -> dict[str, Any]:
    """An object, or the JSON text of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _names(value: object) -> tuple[str, ...] | None:
    """A list of names, or the JSON text of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return tuple(_word(name) for name in value) if isinstance(value, list) else None


def _word(value: object) -> str:
    """A short printable text, as it goes to a terminal."""
    return "".join(c for c in value if c.isprintable())[:100] if isinstance(value, str) else ""
