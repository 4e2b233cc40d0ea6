"""KSeF numbers as KSeF gives them: taken as they are, odd ones logged.

What a person types is checked (`wire.ids.check_ksef_number`) and refused when mistyped. What KSeF
answers counts even with a wrong checksum: the examples it publishes have one. Rule: ksef-number.md
section 1.
"""

from __future__ import annotations

import logging

from klucznik.errors import Unreadable
from klucznik.wire.ids import check_ksef_number

log = logging.getLogger("klucznik.client")


def heed(number: str) -> str:
    """The same number; one that the rules do not allow is logged as a warning."""
    try:
        check_ksef_number(number)
    except Unreadable as odd:
        log.warning("KSeF itself gave this number: %s", odd.message)
    return number
