"""Identifiers of the contract: NIP, PESEL, InternalId, reference numbers, KSeF numbers.

The annotated types carry the contract's lengths and patterns and are what models use. The functions
make numbers and check what a pattern cannot: checksums. Rules: ksef-number.md, auth.md section 8,
invoice-verification.md section 5, permissions.md section 7.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from random import Random
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field
from pydantic.fields import FieldInfo

from klucznik.errors import Unreadable
from klucznik.lang import tr

#: The patterns as the contract writes them. They are always compiled with `re.ASCII`: its `\d` means
#: 0-9, while Python's (and pydantic's) would let the digits of every other script through.
NIP_PATTERN: Final = r"^[1-9]((\d[1-9])|([1-9]\d))\d{7}$"
PESEL_PATTERN: Final = (
    r"^\d{2}(?:0[1-9]|1[0-2]|2[1-9]|3[0-2]|4[1-9]|5[0-2]|6[1-9]|7[0-2]|8[1-9]|9[0-2])\d{7}$"
)
INTERNAL_ID_PATTERN: Final = r"^[1-9]((\d[1-9])|([1-9]\d))\d{7}-\d{5}$"
PEPPOL_ID_PATTERN: Final = r"^P[A-Z]{2}[0-9]{6}$"
#: What follows the NIP and the hyphen in a NipVatUe, and stands alone in one filter.
_VAT_UE: Final = (
    r"(ATU\d{8}|BE[01]{1}\d{9}|BG\d{9,10}|CY\d{8}[A-Z]|CZ\d{8,10}"
    r"|DE\d{9}|DK\d{8}|EE\d{9}|EL\d{9}|ES([A-Z]\d{8}|\d{8}[A-Z]|[A-Z]\d{7}[A-Z])|FI\d{8}"
    r"|FR[A-Z0-9]{2}\d{9}|HR\d{11}|HU\d{8}|IE(\d{7}[A-Z]{2}|\d[A-Z0-9+*]\d{5}[A-Z])|IT\d{11}"
    r"|LT(\d{9}|\d{12})|LU\d{8}|LV\d{11}|MT\d{8}|NL[A-Z0-9+*]{12}|PT\d{9}|RO\d{2,10}|SE\d{12}|SI\d{8}"
    r"|SK\d{10}|XI((\d{9}|\d{12})|(GD|HA)\d{3}))"
)
VAT_UE_PATTERN: Final = f"^{_VAT_UE}$"
NIP_VAT_UE_PATTERN: Final = rf"^[1-9]((\d[1-9])|([1-9]\d))\d{{7}}-{_VAT_UE}$"
KSEF_NUMBER_PATTERN: Final = (
    r"^([1-9](\d[1-9]|[1-9]\d)\d{7})-(20[2-9][0-9]|2[1-9]\d{2}|[3-9]\d{3})(0[1-9]|1[0-2])"
    r"(0[1-9]|[12]\d|3[01])-([0-9A-F]{6})-?([0-9A-F]{6})-([0-9A-F]{2})$"
)


def matching(pattern: str) -> AfterValidator:
    """A validator that wants the whole string to match, digits being ASCII digits."""
    compiled = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            raise ValueError(f"must match {pattern}")
        return value

    return AfterValidator(check)


def named(schema: str, shortest: int | None, longest: int | None, pattern: str | None = None) -> FieldInfo:
    """Length limits, plus the name and pattern under which the contract publishes this scalar."""
    extra = {"x-schema": schema} | ({"pattern": pattern} if pattern else {})
    info: FieldInfo = Field(min_length=shortest, max_length=longest, json_schema_extra=dict(extra))
    return info


ReferenceNumber = Annotated[str, named("ReferenceNumber", 36, 36)]
Challenge = Annotated[str, named("Challenge", 36, 36)]
Nip = Annotated[str, named("Nip", 10, 10, NIP_PATTERN), matching(NIP_PATTERN)]
Pesel = Annotated[str, named("Pesel", 11, 11, PESEL_PATTERN), matching(PESEL_PATTERN)]
InternalId = Annotated[str, named("InternalId", 16, 16, INTERNAL_ID_PATTERN), matching(INTERNAL_ID_PATTERN)]
NipVatUe = Annotated[str, named("NipVatUe", None, None, NIP_VAT_UE_PATTERN), matching(NIP_VAT_UE_PATTERN)]
#: The VAT number alone; the contract gives this one no name.
VatUe = Annotated[str, Field(json_schema_extra={"pattern": VAT_UE_PATTERN}), matching(VAT_UE_PATTERN)]
#: Of a grant: a GUID.
PermissionId = Annotated[str, named("PermissionId", 36, 36)]
PeppolId = Annotated[str, named("PeppolId", 9, 9, PEPPOL_ID_PATTERN), matching(PEPPOL_ID_PATTERN)]
#: 35 characters; 36 (the technical part written 6-6) are numbers of KSeF 1.0.
KsefNumber = Annotated[str, named("KsefNumber", 35, 36, KSEF_NUMBER_PATTERN), matching(KSEF_NUMBER_PATTERN)]

#: Serial number of a KSeF certificate, the same as in its X.509: eight bytes (certificates.md section 2).
SERIAL_PATTERN: Final = r"^[0-9A-F]{16}$"
CertificateSerialNumber = Annotated[
    str,
    Field(min_length=16, max_length=16, json_schema_extra={"pattern": SERIAL_PATTERN}),
    matching(SERIAL_PATTERN),
]

#: What a reference number names (ksef-number.md section 2): challenge, authentication, online and
#: batch session, invoice, UPO page, export, KSeF token, permission operation.
ReferenceKind = Literal["CR", "AU", "SO", "SB", "EE", "EU", "EH", "EC", "EG"]

_NIP = re.compile(NIP_PATTERN, re.ASCII)
_PESEL = re.compile(PESEL_PATTERN, re.ASCII)
_INTERNAL_ID = re.compile(INTERNAL_ID_PATTERN, re.ASCII)
_KSEF_NUMBER = re.compile(KSEF_NUMBER_PATTERN, re.ASCII)
_REFERENCE = re.compile(
    r"[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])-([0-9A-Z]{2})-[0-9A-F]{10}-[0-9A-F]{10}-[0-9A-F]{2}"
)
_TECHNICAL = re.compile(r"[0-9A-F]{12}")

_NIP_WEIGHTS = (6, 5, 7, 2, 3, 4, 5, 6, 7)
_PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)


def _crc8_of_byte(value: int) -> int:
    for _ in range(8):
        value = (value << 1) ^ 0x07 if value & 0x80 else value << 1
    return value & 0xFF


_CRC8 = bytes(_crc8_of_byte(value) for value in range(256))


def crc8(text: str | bytes) -> int:
    """CRC-8 with polynomial 0x07, initial 0, no reflection, no final XOR. Rule: ksef-number.md section 1."""
    register = 0
    for byte in text.encode("ascii") if isinstance(text, str) else text:
        register = _CRC8[register ^ byte]
    return register


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def is_nip(text: str, checksum: bool = True) -> bool:
    """Whether the text is a NIP. Without `checksum` only the contract's pattern counts, as on KSeF TEST."""
    if _NIP.fullmatch(text) is None:
        return False
    return not checksum or _weighted(text[:9], _NIP_WEIGHTS) % 11 == int(text[9])


def is_pesel(text: str, checksum: bool = True) -> bool:
    """Whether the text is a PESEL; `checksum` as in `is_nip`."""
    if _PESEL.fullmatch(text) is None:
        return False
    return not checksum or -_weighted(text[:10], _PESEL_WEIGHTS) % 10 == int(text[10])


def internal_id_check(prefix: str) -> int:
    """Check digit of an InternalId, from `NIP-dddd` (14 digits, the hyphen may be absent).

    Rule: permissions.md section 7. `internal_id_check("6824515772-1234")` is 3.
    """
    digits = prefix.replace("-", "")
    return _weighted(digits, (1, 3) * 7) % 10


def is_internal_id(text: str, checksum: bool = True) -> bool:
    """Whether the text is an InternalId; `checksum` looks at both its NIP and its own check digit."""
    if _INTERNAL_ID.fullmatch(text) is None:
        return False
    return not checksum or (is_nip(text[:10]) and internal_id_check(text[:15]) == int(text[15]))


def make_reference(kind: ReferenceKind, now: datetime, rand: bytes, counter: int = 0) -> str:
    """A reference number: UTC day, milliseconds of that day << 12 | counter, five random bytes, CRC-8.

    `counter` (0..4095) numbers the documents of one batch. Rule: ksef-number.md section 2.
    """
    if len(rand) != 5 or not 0 <= counter <= 0xFFF:
        raise ValueError("a reference number takes 5 random bytes and a counter of 0..4095")
    now = now.astimezone(UTC)
    seconds = (now.hour * 60 + now.minute) * 60 + now.second
    stamp = (seconds * 1000 + now.microsecond // 1000) << 12 | counter
    head = f"{now:%Y%m%d}-{kind}-{stamp:010X}-{rand.hex().upper()}"
    return f"{head}-{crc8(head):02X}"


def is_reference(text: str, kind: ReferenceKind | None = None) -> bool:
    """Whether the text has the shape of a reference number, of that kind if one is given.

    The checksum is not looked at: real numbers need not carry a right one (ksef-number.md section 2).
    """
    match = _REFERENCE.fullmatch(text)
    return match is not None and (kind is None or match[1] == kind)


def make_ksef_number(nip: str, day: date, technical: str) -> str:
    """The KSeF number (35 characters) of an invoice of this seller, accepted on this day.

    `technical` is 12 upper-case hex digits. Raises `ValueError` for parts that give no valid number.
    """
    if _TECHNICAL.fullmatch(technical) is None:
        raise ValueError(f"the technical part {technical!r} is not 12 upper-case hex digits")
    head = f"{nip}-{day:%Y%m%d}-{technical}"
    number = f"{head}-{crc8(head):02X}"
    if _KSEF_NUMBER.fullmatch(number) is None:
        raise ValueError(f"{nip} and {day.isoformat()} give no valid KSeF number")
    return number


def is_ksef_number(text: str) -> bool:
    """Whether the text has the contract's pattern of a KSeF number; `check_ksef_number` wants more."""
    return _KSEF_NUMBER.fullmatch(text) is not None


def check_ksef_number(text: str) -> None:
    """Raise `Unreadable`, naming the value and its fault, unless the text is a KSeF number.

    Checked are the contract's pattern, the calendar day, and for numbers of KSeF 2.0 (35 characters)
    the CRC-8. How KSeF 1.0 (36 characters) computed its checksum is not published.
    """
    match = _KSEF_NUMBER.fullmatch(text)
    if match is None:
        raise Unreadable(
            tr(f"{text!r} is not a KSeF number.", f"{text!r} nie jest numerem KSeF."),
            hint=tr(
                "It looks like 5265877635-20250826-0100001AF629-AF: seller's NIP, day, 12 hex digits, "
                "checksum.",
                "Numer wygląda tak: 5265877635-20250826-0100001AF629-AF (NIP sprzedawcy, dzień, "
                "12 cyfr szesnastkowych, suma kontrolna).",
            ),
        )
    day = f"{match[3]}-{match[4]}-{match[5]}"
    try:
        date.fromisoformat(day)
    except ValueError:
        raise Unreadable(
            tr(
                f"{text!r} is not a KSeF number: there is no day {day}.",
                f"{text!r} nie jest numerem KSeF: nie ma dnia {day}.",
            ),
            hint=tr(
                "Copy the number again from the UPO or the invoice list.",
                "Skopiuj numer ponownie z UPO albo z listy faktur.",
            ),
        ) from None
    if len(text) == 35 and (right := f"{crc8(text[:32]):02X}") != text[33:]:
        raise Unreadable(
            tr(
                f"{text!r} is not a KSeF number: its checksum is {text[33:]}, the rest of it gives {right}.",
                f"{text!r} nie jest numerem KSeF: ma sumę kontrolną {text[33:]}, a z reszty wynika {right}.",
            ),
            hint=tr(
                "One character is probably mistyped; copy the number again.",
                "Prawdopodobnie jeden znak jest błędny; skopiuj numer ponownie.",
            ),
        )


def make_nip(rand: Random) -> str:
    """A NIP with a right checksum, for a test identity."""
    while True:
        digits = f"{rand.randrange(10**8, 10**9)}"
        nip = f"{digits}{_weighted(digits, _NIP_WEIGHTS) % 11}"
        if is_nip(nip):  # a remainder of 10, or second and third digit 0, give no NIP
            return nip


def make_pesel(rand: Random) -> str:
    """A PESEL with a right checksum, of someone born 1950-1999, for a test identity."""
    born = date.fromordinal(rand.randrange(date(1950, 1, 1).toordinal(), date(2000, 1, 1).toordinal()))
    digits = f"{born:%y%m%d}{rand.randrange(10**4):04}"
    return f"{digits}{-_weighted(digits, _PESEL_WEIGHTS) % 10}"
