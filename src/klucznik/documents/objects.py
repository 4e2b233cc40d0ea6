"""An invoice as plain data, keyed by the schema's own names, and as typed objects; both ways.

    {"Podmiot1": {"NIP": "5265877635", "Nazwa": "…", "Adres": {"AdresL1": "…"}}, "Fa": {"P_1": …}}

Taken besides: one object where a list is allowed; the identity (NIP, Nazwa, …) of a party without
DaneIdentyfikacyjne; an address without KodKraju (PL); true and false, also tak and nie, where 1 and 2
stand. What `complete` works out may be missing. Typed objects may stand anywhere inside the data.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from klucznik.documents import fa, facets, labels, rr
from klucznik.documents.build import form_of
from klucznik.documents.faults.allowed import allowed
from klucznik.documents.forms import FA3, FA_RR1, FORMS
from klucznik.documents.invoice import Fault
from klucznik.documents.model import Form, Node, Part, Shape, shape
from klucznik.documents.types import Simple
from klucznik.documents.values import Value, plain
from klucznik.documents.values import from_plain as value_of
from klucznik.errors import Unreadable
from klucznik.lang import tr

#: Plain data: what JSON and YAML can say.
Plain = dict[str, Any]

_YES: Final = frozenset(["true", "yes", "tak"])
_NO: Final = frozenset(["false", "no", "nie"])
_SHOWN: Final = 80
_KNOWN: Final = 12


class DataFault(Unreadable):
    """The data is no invoice, or not enough of one. `faults` are all of them, each with its path."""

    def __init__(self, faults: Sequence[Fault], *, hint: str = "") -> None:
        super().__init__("\n".join(fault.message for fault in faults), hint=hint)
        self.faults = list(faults)


def fault(where: str, en: str, pl: str) -> Fault:
    """A fault of data: the place, then what is wrong with it."""
    return Fault(where, "", f"{where}: {tr(en, pl)}" if where else tr(en, pl))


def form_of_data(data: Mapping[str, Any]) -> Form:
    """The form that the data names in Naglowek/KodFormularza, else by its body: FA(3) or FA_RR(1)."""
    header = data.get("Naglowek")
    named = header.get("KodFormularza") if isinstance(header, Mapping) else None
    code = named.get("kodSystemowy") if isinstance(named, Mapping) else named
    form = FORMS.get(code) if isinstance(code, str) else None
    if form is not None and form.faktura is not None:
        return form
    return FA_RR1 if "FakturaRR" in data else FA3


def from_plain(data: Mapping[str, Any], form: Form | None = None) -> fa.Faktura | rr.Faktura:
    """The typed objects of an invoice, not yet complete. Raises `DataFault` with every fault at once."""
    known = form or form_of_data(data)
    reading = _Reading(known)
    made = reading.node(shape(known), data, "")
    if reading.faults:
        raise DataFault(reading.faults)
    if not isinstance(made, fa.Faktura | rr.Faktura):
        raise TypeError(known.system_code)
    return made


class _Reading:
    """One pass over the data; what is wrong is put down and the pass goes on."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.faults: list[Fault] = []

    def wrong(self, where: str, en: str, pl: str) -> None:
        self.faults.append(fault(where, en, pl))

    def node(self, what: Shape, data: Any, where: str) -> Node | None:
        """An element with children; None when it cannot be made."""
        if isinstance(data, what.node):
            return data
        if what.node is fa.KodFormularza and isinstance(data, str) and data in FORMS:
            return fa.KodFormularza(
                value=self.form.value,
                kodSystemowy=self.form.system_code,
                wersjaSchemy=self.form.schema_version,
            )
        if not isinstance(data, Mapping):
            self.wrong(
                where,
                f"{_short(data)} stands where fields should: {self.some(list(what.parts))}",
                f"{_short(data)} w miejscu, gdzie mają być pola: {self.some(list(what.parts))}",
            )
            return None
        parts = what.parts | what.attributes | ({"value": what.value} if what.value else {})
        data = _gathered(what, data)
        before = len(self.faults)
        found = {
            part.name: made
            for name, given in data.items()
            if (part := self.known(parts, name, where)) is not None
            and (made := self.part(part, given, f"{where}/{name}".lstrip("/"))) is not None
        }
        if what.node is fa.Adres:
            found.setdefault("KodKraju", "PL")
        for part in parts.values():
            if (
                part.required
                and not part.computed
                and part.name not in found
                and data.get(part.name) in _ABSENT
            ):
                title = labels.titled(self.form, part.name)
                self.wrong(f"{where}/{part.name}".lstrip("/"), f"{title} is missing", f"brakuje pola {title}")
        return what.node(**found) if len(self.faults) == before else None

    def known(self, parts: dict[str, Part], name: object, where: str) -> Part | None:
        if isinstance(name, str) and name in parts:
            return parts[name]
        near = difflib.get_close_matches(str(name), parts, n=1, cutoff=0.5)
        place = f"{where}/{name}".lstrip("/")
        code = self.form.system_code
        if near:
            self.wrong(
                place,
                f"{code} has no such field here; did you mean {labels.titled(self.form, near[0])}?",
                f"{code} nie ma tu takiego pola; może {labels.titled(self.form, near[0])}?",
            )
        else:
            known = self.some(list(parts))
            self.wrong(
                place,
                f"{code} has no such field here; known: {known}",
                f"{code} nie ma tu takiego pola; są: {known}",
            )
        return None

    def some(self, names: list[str]) -> str:
        return ", ".join(names[:_KNOWN]) + (" …" if len(names) > _KNOWN else "")

    def part(self, part: Part, given: Any, where: str) -> Any:
        """What a field holds; None when nothing is given or it cannot be read."""
        if given is None or given == "":
            return "" if _blank(part) and (given == "" or part.required) and not part.repeats else None
        if not part.repeats:
            if isinstance(given, list | tuple):
                self.wrong(
                    where, f"one value, not a list of {len(given)}", f"jedna wartość, nie lista {len(given)}"
                )
                return None
            return self.one(part, given, where)
        items = given if isinstance(given, list | tuple) else [given]
        places = [f"{where}[{n}]" if len(items) > 1 else where for n in range(1, len(items) + 1)]
        made = [self.one(part, item, place) for item, place in zip(items, places, strict=True)]
        return [item for item in made if item is not None]

    def one(self, part: Part, given: Any, where: str) -> Any:
        if part.simple is not None:
            return self.value(part, part.simple, given, where)
        return self.node(part.shape, given, where) if part.shape is not None else None

    def value(self, part: Part, simple: Simple, given: Any, where: str) -> Value | None:
        given = _switched(simple, given)
        if given is None:
            # An empty cell keeps its place in the row.
            return "" if part.repeats and _blank(part) else None
        title = labels.titled(self.form, part.name)
        try:
            value = value_of(simple.held, given)
        except ValueError:
            value = None
        if value is None or facets.cause(simple, plain(value)):
            takes = allowed(simple)
            self.wrong(
                where,
                f"{_short(given)} is no value of {title}; allowed: {takes}",
                f"{_short(given)} nie jest wartością pola {title}; dozwolone: {takes}",
            )
            return None
        if part.fixed and plain(value) != part.fixed:
            self.wrong(
                where,
                f"{_short(given)} stands there, must be {part.fixed}",
                f"jest {_short(given)}, a musi być {part.fixed}",
            )
            return None
        return value


_ABSENT: Final = (None, "")


def _blank(part: Part) -> bool:
    """An empty text is a value of it: a cell of a table."""
    return part.simple is not None and part.simple.held == "text" and not facets.cause(part.simple, "")


def _gathered(what: Shape, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data with what stands directly in a party moved into DaneIdentyfikacyjne."""
    who = what.parts.get("DaneIdentyfikacyjne")
    if who is None or who.shape is None:
        return data
    moved = {name: data[name] for name in data if name in who.shape.parts and name not in what.parts}
    if not moved:
        return data
    already = data.get("DaneIdentyfikacyjne") or {}
    rest = {name: given for name, given in data.items() if name not in moved}
    if not isinstance(already, Mapping) or moved.keys() & already.keys():
        return data
    return rest | {"DaneIdentyfikacyjne": {**already, **moved}}


def _switched(simple: Simple, given: Any) -> Any:
    """Yes and no as the flags write them: 1 and 2, or 1 and nothing."""
    if simple.held != "whole" or simple.values not in (("1",), ("1", "2")):
        return given
    said = str(given).lower() if isinstance(given, str | bool) else ""
    if said in _YES:
        return 1
    if said in _NO:
        return 2 if simple.values == ("1", "2") else None
    return given


def _short(given: Any) -> str:
    """What is given as it was written, cut when long; what is no text or number, by its kind."""
    if given is None:
        return tr("nothing", "nic")
    if isinstance(given, Mapping):
        return tr("a group of fields", "grupa pól")
    if isinstance(given, list | tuple):
        return tr("a list", "lista")
    shown = str(given).lower() if isinstance(given, bool) else str(given)
    return f'"{shown[: _SHOWN - 1]}…"' if len(shown) > _SHOWN else f'"{shown}"'


def to_plain(invoice: fa.Faktura | rr.Faktura, form: Form | None = None) -> Plain:
    """Plain data of an invoice: texts as they were written, whole numbers, lists; only what is set.

    `form` is asked for only when the invoice does not say it yet.
    """
    return _plain(shape(form or form_of(invoice)), invoice)


def _plain(what: Shape, node: Node) -> Plain:
    found: Plain = {}
    if what.value is not None:
        found["value"] = _scalar(getattr(node, "value", ""))
    for part in (*what.attributes.values(), *what.parts.values()):
        held = getattr(node, part.name, None)
        if held is None or held == []:
            continue
        items = [
            _plain(part.shape, one) if part.shape is not None else _scalar(one)
            for one in (held if part.repeats else [held])
        ]
        found[part.name] = items if part.repeats else items[0]
    return found


def _scalar(value: Value) -> str | int:
    """A whole number as one, unless it was written oddly; all else as text."""
    return value if type(value) is int else plain(value)
