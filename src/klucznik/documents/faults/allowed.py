"""What a type takes, in a person's words."""

from __future__ import annotations

from typing import Final

from klucznik.documents.facets import normal
from klucznik.documents.types import Simple
from klucznik.lang import tr

#: A list with more members than this is only begun.
_MEMBERS: Final = 30
_BEGUN: Final = 8

#: Patterns in words, by the type that carries them or by how the pattern starts.
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "TNrNIP": ("a NIP: 10 digits without dashes or PL", "NIP: 10 cyfr, bez kresek i bez PL"),
    "TNIPIdWew": ("a NIP, a dash and 5 digits", "NIP, myślnik i 5 cyfr"),
    "TNrVatUE": (
        "1 to 12 of 0-9, A-Z, + and *, without the country code",
        "od 1 do 12 znaków: 0-9, A-Z, + i *, bez kodu kraju",
    ),
    "TNrKRS": ("10 digits", "10 cyfr"),
    "TNrREGON": ("9 or 14 digits", "9 albo 14 cyfr"),
    "SWIFT_Type": (
        "a SWIFT code of 8 or 11 capitals and digits",
        "kod SWIFT: 8 albo 11 wielkich liter i cyfr",
    ),
    "TNumerKSeF": (
        "a KSeF number such as 5265877635-20260201-0A1B2C3D4E5F-7A",
        "numer KSeF, np. 5265877635-20260201-0A1B2C3D4E5F-7A",
    ),
    "TAdresEmail": ("an e-mail address of 3 to 255 characters", "adres e-mail, od 3 do 255 znaków"),
    "[a-zA-Z0-9]{1,50}": ("1 to 50 letters a-z, A-Z and digits", "od 1 do 50 liter a-z, A-Z i cyfr"),
    "[0-9A-Z]{10,32}": (
        "10 to 32 digits and capitals, no blanks",
        "od 10 do 32 cyfr i wielkich liter, bez spacji",
    ),
    "[0-9]{3}[a-zA-Z0-9]{10}": ("3 digits, then 10 letters or digits", "3 cyfry, po nich 10 liter lub cyfr"),
    "(https?)://": (
        "a link http:// or https:// whose query holds IPKSeF=",
        "odnośnik http:// lub https:// z parametrem IPKSeF=",
    ),
}


def plural(count: int, one: str, few: str, many: str) -> str:
    """A Polish noun after its number: 1 cyfra, 2 cyfry, 5 cyfr."""
    if count == 1:
        return one
    return few if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else many


def digits(count: int) -> str:
    return tr(
        f"{count} digit{'' if count == 1 else 's'}", f"{count} {plural(count, 'cyfra', 'cyfry', 'cyfr')}"
    )


def allowed(simple: Simple) -> str:
    """What the type takes."""
    lineage = simple.lineage()
    pattern = next((one.pattern for one in reversed(lineage) if one.pattern), "")
    for key, words in _WORDS.items():
        if key == simple.name or (pattern and pattern.startswith(key)):
            return tr(*words)
    if values := next((one.values for one in reversed(lineage) if one.values), ()):
        return _listed(values)
    held, bounds = simple.held, _bounds(lineage)
    if held == "number":
        total, places = _narrowest(lineage, "total_digits") or 0, _narrowest(lineage, "fraction_digits") or 0
        form = tr(" (a dot, no blanks, no plus)", " (z kropką, bez odstępów i plusa)") if pattern else ""
        return tr(
            f"a number such as 1234.5{form}, at most {digits(total)}, {places} of them after the dot{bounds}",
            f"liczba, np. 1234.5{form}, najwyżej {digits(total)}, w tym {places} po kropce{bounds}",
        )
    if held == "whole":
        return tr("a whole number", "liczba całkowita") + bounds
    if held == "day":
        return tr("a day as YYYY-MM-DD", "data RRRR-MM-DD") + bounds
    if held == "moment":
        return tr("a moment such as 2026-02-01T09:30:00Z", "chwila, np. 2026-02-01T09:30:00Z") + bounds
    least, most = _narrowest(lineage, "min_length"), _narrowest(lineage, "max_length")
    if most is None:
        return tr("a text", "tekst")
    return tr(
        f"{least or 0} to {most} characters",
        f"od {least or 0} do {most} {'znaku' if most == 1 else 'znaków'}",
    )


def too_long(simple: Simple, text: str) -> str:
    """By how much a text is too long; empty when that is not what is wrong."""
    most, length = _narrowest(simple.lineage(), "max_length"), len(normal(simple, text))
    if most is None or length <= most or simple.held != "text":
        return ""
    return tr(
        f"{length} characters, at most {most} fit",
        f"{length} {plural(length, 'znak', 'znaki', 'znaków')}, mieści się najwyżej {most}",
    )


def _listed(values: tuple[str, ...]) -> str:
    if len(values) == 1:
        return tr(f"only {values[0]}", f"tylko {values[0]}")
    if len(values) <= _MEMBERS:
        shown = ", ".join(values)
        return tr(f"one of {shown}", f"jedno z: {shown}")
    shown = ", ".join(values[:_BEGUN])
    return tr(f"one of {len(values)} codes: {shown}, …", f"jeden z {len(values)} kodów: {shown}, …")


def _narrowest(lineage: list[Simple], facet: str) -> int | None:
    limits: list[int] = [limit for one in lineage if (limit := getattr(one, facet)) is not None]
    if not limits:
        return None
    return max(limits) if facet == "min_length" else min(limits)


def _bounds(lineage: list[Simple]) -> str:
    low = next((one.low for one in reversed(lineage) if one.low), "")
    high = next((one.high for one in reversed(lineage) if one.high), "")
    if any(one.above for one in lineage):
        return tr(", above zero", ", większa od zera")
    if not low:
        return ""
    return (
        tr(f", from {low} to {high}", f", od {low} do {high}") if high else tr(f", from {low}", f", od {low}")
    )
