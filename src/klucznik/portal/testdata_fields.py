"""Fields of the forms of test data: read, checked, or `Unfit` with the value and the next step."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from klucznik.portal import numbers as typed
from klucznik.portal.visit import Unfit, Visit
from klucznik.wire.ids import make_nip, make_pesel


def numbers(rand: Random) -> dict[str, str]:
    """Numbers that nobody has, for forms that nobody has filled in."""
    return {"nip": make_nip(rand), "pesel": make_pesel(rand)}


def nip(visit: Visit, name: str) -> str:
    """The NIP in a field."""
    return typed.nip(visit, visit.field(name))


def pesel(visit: Visit, name: str) -> str:
    """The PESEL in a field."""
    return typed.pesel(visit, visit.field(name))


def checked_description(visit: Visit, text: str) -> str:
    """A description of 5 to 256 characters."""
    if not 5 <= len(text) <= 256 or not text.isprintable():
        raise Unfit(
            visit.t(
                f"The description “{text[:40]}” does not fit: 5 to 256 characters in one line.",
                f"Opis „{text[:40]}” nie pasuje: od 5 do 256 znaków w jednym wierszu.",
                f"Die Beschreibung „{text[:40]}“ passt nicht: 5 bis 256 Zeichen in einer Zeile.",
            )
        )
    return text


def context(visit: Visit, kinds: Sequence[str]) -> tuple[str, str]:
    """Type and value of a context; a NIP by its pattern, the others are KSeF's to judge."""
    kind, value = visit.field("kind"), visit.field("value")
    if kind == "Nip":
        return kind, typed.nip(visit, value)
    if kind not in kinds or not value or len(value) > 64 or not value.isprintable():
        raise Unfit(
            visit.t(
                f"“{value[:30]}” names no context: choose its type and type its identifier.",
                f"„{value[:30]}” nie wskazuje kontekstu: wybierz rodzaj i wpisz identyfikator.",
                f"„{value[:30]}“ nennt keinen Kontext: wählen Sie die Art und geben Sie die Kennung ein.",
            )
        )
    return kind, value


def sure(visit: Visit) -> None:
    """What cannot be undone needs a tick."""
    if visit.field("sure") != "yes":
        raise Unfit(
            visit.t(
                "Tick that you are sure; this cannot be undone.",
                "Potwierdź, że na pewno; tego nie da się cofnąć.",
                "Bestätigen Sie, dass Sie sicher sind; das lässt sich nicht rückgängig machen.",
            )
        )
