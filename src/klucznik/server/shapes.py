"""Identifiers that travel as type and value: the value has the shape of its type, or 21405."""

from __future__ import annotations

import re
from typing import Any, Final

from klucznik.lang import both
from klucznik.wire import codes, ids
from klucznik.wire.problems import Problem

_VALUES: Final = {
    "Nip": re.compile(ids.NIP_PATTERN, re.ASCII),
    "Pesel": re.compile(ids.PESEL_PATTERN, re.ASCII),
    "Fingerprint": re.compile(r"[0-9A-F]{64}"),
    "InternalId": re.compile(ids.INTERNAL_ID_PATTERN, re.ASCII),
    "NipVatUe": re.compile(ids.NIP_VAT_UE_PATTERN, re.ASCII),
    "PeppolId": re.compile(ids.PEPPOL_ID_PATTERN, re.ASCII),
}


def refuse(sentence: str, polish: str) -> Problem:
    """21405 with one sentence, which is also its cause; `polish` says the cause in Polish."""
    return Problem(codes.INVALID_INPUT, [sentence], why=both(sentence, polish))


def checked(place: str, identifier: Any) -> tuple[str, str]:
    """Type and value of an identifier, the value in the shape of its type (else 21405).

    `place` is the property, as the refusal names it.
    """
    kind, value = identifier.type.value, identifier.value
    if _VALUES[kind].fullmatch(value) is None:
        raise refuse(
            f"'{place}.value' is not a valid {kind}.", f"'{place}.value' nie jest poprawną wartością {kind}."
        )
    return kind, value
