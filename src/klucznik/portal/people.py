"""The people of the simulated login.gov.pl: those a local KSeF knows, with names to call them by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from klucznik.portal.door import Door

_WOMEN: Final = ("Anna", "Barbara", "Celina", "Dorota", "Ewa", "Irena", "Julia", "Kinga", "Maria", "Zofia")
_MEN: Final = ("Adam", "Bartosz", "Damian", "Filip", "Jan", "Karol", "Marek", "Piotr", "Tomasz", "Wojciech")
_SURNAMES: Final = ("Bąk", "Dudek", "Gajda", "Klimek", "Lis", "Mazur", "Nowak", "Sowa", "Wilk", "Zając")
#: Descriptions made here begin with the name: `Anna Nowak, Piekarnia Pod Lasem`.
_NAMED: Final = re.compile(r"([^\W\d_]{2,40}) ([^\W\d_][\w'-]{1,60})(?:,|$)")


@dataclass(frozen=True)
class Simulated:
    """Somebody to log in as, by PESEL or, for the owner of a company, by its NIP."""

    number: str
    given: str
    surname: str
    note: str
    nip: str = ""  # of the sole trader
    deceased: bool = False


async def known(door: Door) -> list[Simulated]:
    """Everybody, the newest first; companies with a role after the persons."""
    found = await door.people()
    persons = [_person(each) for each in found["persons"]]
    return persons + [
        Simulated(each["nip"], *invented(each["nip"]), note=each["description"])
        for each in found["companies"]
    ]


def _person(each: dict[str, Any]) -> Simulated:
    named = _NAMED.match(each["name"] or each["description"])
    given, surname = (named[1], named[2]) if named else invented(each["pesel"])
    return Simulated(
        each["pesel"], given, surname, each["description"], each["nip"] or "", bool(each["isDeceased"])
    )


def invented(number: str) -> tuple[str, str]:
    """A name for a number: always the same one, a PESEL's own gender."""
    gender, first, last = (
        (int(number[-2]), int(number[-3]), int(number[-1])) if number.isdecimal() else (0, 0, 0)
    )
    return (_MEN if gender % 2 else _WOMEN)[first], _SURNAMES[last]


def described(given: str, surname: str, company: str) -> str:
    """The description of a person made here, which remembers the name."""
    return f"{given} {surname}, {company}"[:256]
