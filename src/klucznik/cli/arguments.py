"""Types of arguments beyond the NIP: contexts, numbers, instants. A value that does not fit is wrong usage.

Each names the value it refuses, and what a right one looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

import click

from klucznik.lang import tr

_COLLECTIVE: Final = re.compile(r"[0-9]{10}-IZ[0-9]{6}-[0-9A-F]{12}-[0-9A-F]{2}")
F = TypeVar("F", bound=Callable[..., Any])

_FINGERPRINT: Final = re.compile(r"[0-9A-F]{64}", re.ASCII)
_SERIAL: Final = re.compile(r"[0-9A-F]{16}", re.ASCII)
_DAY_LENGTH: Final = 10


@dataclass(frozen=True)
class Context:
    """In which context one works: its type by KSeF's name, and its value."""

    type: str
    value: str

    def __str__(self) -> str:
        return self.value


class ContextType(click.ParamType[Context]):
    """A NIP, an internal unit, an EU entity or a Peppol provider: told apart by their shapes."""

    name = "NIP"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Context:
        from klucznik.wire.ids import (
            NIP_VAT_UE_PATTERN,
            PEPPOL_ID_PATTERN,
            internal_id_check,
            is_internal_id,
            is_nip,
        )

        if isinstance(value, Context):
            return value
        text = str(value).strip().upper()
        if re.fullmatch(PEPPOL_ID_PATTERN, text, re.ASCII):
            return Context("PeppolId", text)
        if is_internal_id(text):
            return Context("InternalId", text)
        if is_internal_id(text, checksum=False) and is_nip(text[:10]):
            right = internal_id_check(text[:15])
            self.fail(
                tr(
                    f"{value!r}: the last digit of the unit {text[:15]}… is a check digit, {right}.",
                    f"{value!r}: ostatnia cyfra jednostki {text[:15]}… jest kontrolna: {right}.",
                ),
                param,
                ctx,
            )
        if re.fullmatch(NIP_VAT_UE_PATTERN, text, re.ASCII) and is_nip(text[:10]):
            return Context("NipVatUe", text)
        nip = text.removeprefix("PL").replace("-", "").replace(" ", "")
        if is_nip(nip):
            return Context("Nip", nip)
        self.fail(
            tr(
                f"{value!r} is not a NIP (ten digits, the last one a check digit), nor a unit "
                "(5265877635-12346), an EU entity (5265877635-DE123456789) or a Peppol provider (PPL000001).",
                f"{value!r} to nie NIP (dziesięć cyfr, ostatnia kontrolna) ani jednostka (5265877635-12346), "
                "podmiot unijny (5265877635-DE123456789) czy dostawca Peppol (PPL000001).",
            ),
            param,
            ctx,
        )


class ReferenceType(click.ParamType[str]):
    """A reference number of one of the kinds named (`SO`, `SB` …), or of any."""

    name = tr("NUMBER", "NUMER")

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from klucznik.wire.ids import is_reference

        text = str(value).strip().upper()
        if is_reference(text) and (not self.kinds or text[9:11] in self.kinds):
            return text
        like = f"20260302-{(self.kinds or ('SO',))[0]}-0123456789-0123456789-AB"
        self.fail(
            tr(
                f"{value!r} is not the reference number asked for; one looks like {like}.",
                f"{value!r} to nie ten numer referencyjny; wygląda tak: {like}.",
            ),
            param,
            ctx,
        )


class KsefNumberType(click.ParamType[str]):
    """A KSeF number with a right checksum."""

    name = tr("KSEF-NUMBER", "NUMER-KSEF")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from klucznik.errors import Unreadable
        from klucznik.wire.ids import check_ksef_number

        text = str(value).strip().upper()
        try:
            check_ksef_number(text)
        except Unreadable as wrong:
            self.fail(f"{wrong.message} {wrong.hint}", param, ctx)
        return text


class PatternType(click.ParamType[str]):
    """What a pattern describes, in upper case; the characters in `without` are taken off."""

    def __init__(self, pattern: re.Pattern[str], name: str, words: str, without: str = "") -> None:
        self.pattern = pattern
        self.name = name
        self.words = words
        self.without = str.maketrans("", "", without)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip().translate(self.without).upper()
        if self.pattern.fullmatch(text):
            return text
        self.fail(tr(f"{value!r} is not {self.words}.", f"{value!r} to nie {self.words}."), param, ctx)


class MomentType(click.ParamType[datetime]):
    """An instant: a day, or a day and a time; Polish time where no zone is given.

    `end_of_day`: a day alone is meant to its end.
    """

    name = tr("DATE", "DATA")

    def __init__(self, *, end_of_day: bool = False) -> None:
        self.end_of_day = end_of_day

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from klucznik.clock import WARSAW

        text = str(value).strip()
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                tr(
                    f"{value!r} is no date: write 2026-03-02 or 2026-03-02T14:30.",
                    f"{value!r} to nie data: napisz 2026-03-02 albo 2026-03-02T14:30.",
                ),
                param,
                ctx,
            )
        if len(text) <= _DAY_LENGTH and self.end_of_day:
            found = datetime.combine(found.date(), time.max)
        if found.tzinfo is None:
            found = found.replace(tzinfo=WARSAW)
        try:
            return found.astimezone(UTC)
        except OverflowError:
            self.fail(tr(f"{value!r} is out of range.", f"{value!r} wykracza poza zakres."), param, ctx)


@dataclass(frozen=True)
class Range:
    """From and to, each of which may be open."""

    low: Decimal | None
    high: Decimal | None


class RangeType(click.ParamType[Range]):
    """`100..500`, `100..`, `..500`, or one amount."""

    name = tr("FROM..TO", "OD..DO")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Range:
        low, dots, high = str(value).replace(",", ".").partition("..")
        try:
            found = Range(_amount(low), _amount(high if dots else low))
        except InvalidOperation:
            found = Range(None, None)
        if found.low is None and found.high is None:
            self.fail(
                tr(
                    f"{value!r} is no range of amounts: write 100..500, 100.. or ..500.",
                    f"{value!r} to nie zakres kwot: napisz 100..500, 100.. albo ..500.",
                ),
                param,
                ctx,
            )
        return found


def _amount(text: str) -> Decimal | None:
    """None for an empty text; raises `InvalidOperation` for what is no finite number."""
    if not text.strip():
        return None
    amount = Decimal(text.strip())
    if not amount.is_finite():
        raise InvalidOperation
    return amount


CONTEXT = ContextType()
KSEF_NUMBER = KsefNumberType()
AMOUNTS = RangeType()
SESSION = ReferenceType("SO", "SB")
COLLECTIVE = PatternType(
    _COLLECTIVE,
    tr("IDENTIFIER", "IDENTYFIKATOR"),
    tr(
        "a collective identifier, such as 1111111111-IZ202607-65ED02180000-E7",
        "identyfikator zbiorczy, jak 1111111111-IZ202607-65ED02180000-E7",
    ),
)
FINGERPRINT = PatternType(
    _FINGERPRINT,
    tr("FINGERPRINT", "ODCISK"),
    tr(
        "a fingerprint: 64 hexadecimal digits, as `klucznik cert fingerprint` shows",
        "odcisk palca: 64 cyfry szesnastkowe, jak z `klucznik cert fingerprint`",
    ),
    without=": ",
)
SERIAL = PatternType(
    _SERIAL,
    tr("SERIAL", "NUMER-SERYJNY"),
    tr("a serial number: 16 hexadecimal digits", "numer seryjny: 16 cyfr szesnastkowych"),
    without=": ",
)


def known_permissions(given: tuple[str, ...]) -> list[str]:
    """Permissions by their wire names, commas and case forgiven; wrong ones are named."""
    from klucznik.wire.tokens import TokenPermissionType

    return known_names(given, [member.value for member in TokenPermissionType])


def known_names(given: tuple[str, ...], names: list[str]) -> list[str]:
    """Of these names those that are given, commas and case forgiven; wrong ones are named."""
    wanted = [name.strip() for text in given for name in text.split(",") if name.strip()]
    known = {name.lower(): name for name in names}
    if wrong := [name for name in wanted if name.lower() not in known]:
        raise click.UsageError(
            tr(
                f"Unknown permission: {', '.join(wrong)}. There are: {', '.join(known.values())}.",
                f"Nieznane uprawnienie: {', '.join(wrong)}. Są: {', '.join(known.values())}.",
            )
        )
    return [known[name.lower()] for name in wanted]


def period_options(default_days: int, longest: int | None = None) -> Callable[[F], F]:
    """`--since` and `--until`: two arguments of the command, to be read by `period`."""

    def decorate(command: F) -> F:
        until = click.option(
            "--until",
            type=MomentType(end_of_day=True),
            default=None,
            help=tr("Up to when, default: now.", "Do kiedy, domyślnie do teraz."),
        )
        widest = tr(f"; at most {longest} days", f"; najwyżej {longest} dni") if longest else ""
        since = click.option(
            "--since",
            type=MomentType(),
            default=None,
            help=tr(
                f"From when, default: {default_days} days before the end{widest}.",
                f"Od kiedy, domyślnie {default_days} dni przed końcem{widest}.",
            ),
        )
        return since(until(command))

    return decorate


def period(
    since: datetime | None, until: datetime | None, default_days: int
) -> tuple[datetime, datetime | None]:
    """Where to begin, filled in where it was not given, and the end: None is now, by KSeF's clock."""
    from klucznik.clock import SystemClock

    begin = since or (until or SystemClock().now()) - timedelta(days=default_days)
    if until and begin > until:
        raise click.UsageError(
            tr(
                f"--since {begin:%Y-%m-%d %H:%M} is after --until {until:%Y-%m-%d %H:%M} (UTC).",
                f"--since {begin:%Y-%m-%d %H:%M} jest po --until {until:%Y-%m-%d %H:%M} (UTC).",
            )
        )
    return begin, until
