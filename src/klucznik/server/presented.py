"""A KSeF token as a login gives it: taken apart, and what it looks like where it is none.

Rules: tokens.md sections 3 and 7, auth.md section 2.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from klucznik.lang import both
from klucznik.server.access import Context
from klucznik.wire import codes

#: In seconds: a number so near to the challenge's is one of seconds, perhaps of the client's own clock.
_DAY: Final = 86_400

_OFFICIAL: Final = re.compile(
    r"([0-9]{8}-EC-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2})\|((?:nip|internalId)-[0-9-]{10,16})\|([0-9a-f]{64})"
)
_SHORT: Final = re.compile(r"[A-Za-z0-9]{40}")
_KSEF_1: Final = re.compile(r"[0-9A-Fa-f]{64}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A final status of failure. `why` never repeats a secret."""

    status: int
    detail: str
    why: str


@dataclass(frozen=True, slots=True)
class Presented:
    """A KSeF token as the login gave it, its secret already a hash."""

    key: str  # reference number, or the first eight characters of a short one
    secret_hash: str
    context_text: str | None  # as written in the token; the short form has none

    @property
    def short(self) -> bool:
        return self.context_text is None


def read_plaintext(plain: bytes, timestamp_ms: int, *, short_form: bool) -> Presented | Refusal:
    """`token|timestampMs` taken apart, from the right. Rules: tokens.md section 3, auth.md section 2."""
    # (1) UTF-8 with a number behind the last bar.
    try:
        text = plain.decode()
    except UnicodeDecodeError:
        return Refusal(
            450, codes.BAD_TOKEN_ENCODING, both("the plaintext is not UTF-8", "tekst jawny nie jest w UTF-8")
        )
    token, bar, time = text.rpartition("|")
    if not bar or not (time.isascii() and time.isdigit()):
        why = both(
            "the plaintext does not end with |timestampMs, the timestampMs of the challenge",
            "tekst jawny nie kończy się na |timestampMs z wyzwania (challenge)",
        )
        return Refusal(450, codes.BAD_TOKEN_ENCODING, why)
    # (2) The number is that of the challenge.
    if int(time) != timestamp_ms:
        if abs(int(time) - timestamp_ms // 1000) < _DAY:
            why = both(
                "the time is in seconds; timestampMs of the challenge is in milliseconds",
                "czas podano w sekundach; timestampMs wyzwania jest w milisekundach",
            )
        else:
            why = both(
                f"the time is {time}, timestampMs of this challenge is {timestamp_ms}",
                f"podano czas {time}, timestampMs tego wyzwania to {timestamp_ms}",
            )
        return Refusal(450, codes.BAD_TOKEN_TIME, why)
    # (3) The token has a shape of ours.
    if short_form and _SHORT.fullmatch(token):
        return Presented(token[:8], _hash(token[8:]), None)
    if (match := _OFFICIAL.fullmatch(token)) is None:
        return Refusal(450, codes.BAD_TOKEN_ENCODING, _why_odd(token))
    return Presented(match[1], _hash(match[3]), match[2])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _why_odd(token: str) -> str:
    """What a string that is no KSeF token looks like; never the string itself."""
    if token != token.strip():
        return both(
            "there are blanks or a line end around the token",
            "wokół tokena są spacje albo koniec wiersza",
        )
    if _KSEF_1.fullmatch(token):
        return both(
            "64 hexadecimal digits: it looks like a token of KSeF 1.0, and those were not carried over; "
            "generate a new one",
            "64 cyfry szesnastkowe: wygląda na token KSeF 1.0, a tych nie przeniesiono; wygeneruj nowy",
        )
    if _SHORT.fullmatch(token):
        return both(
            "a bare string of 40 letters and digits: a token of KSeF 1.0, or one of the short form, "
            "which this local KSeF takes only when started with --token-form short40",
            "sam ciąg 40 liter i cyfr: token KSeF 1.0 albo token w postaci krótkiej, którą ten lokalny KSeF "
            "przyjmuje tylko po uruchomieniu z --token-form short40",
        )
    if "|" not in token:
        return both(
            f"opaque text of {len(token)} characters without '|': it looks like a token of KSeF 1.0, and "
            "those were not carried over; generate a new one",
            f"nieczytelny tekst o długości {len(token)} znaków bez '|': wygląda na token KSeF 1.0, a tych "
            "nie przeniesiono; wygeneruj nowy",
        )
    parts = token.split("|")
    if len(parts) != 3:
        return both(
            f"the token has {len(parts)} parts between '|', a KSeF token has three",
            f"token ma {len(parts)} części rozdzielone '|', token KSeF ma trzy",
        )
    return both(
        "the three parts are not <EC reference>|<nip or internalId>-<value>|<64 lower-case hex digits>",
        "trzy części to nie <numer EC>|<nip lub internalId>-<wartość>|<64 małe cyfry szesnastkowe>",
    )


def context_text(context: Context) -> str:
    """The middle part of an official token: `nip-5265877635`, `internalId-5265877635-12345`."""
    return f"{context.type[:1].lower()}{context.type[1:]}-{context.value}"
