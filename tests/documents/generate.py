"""Random invoices that are valid by construction: written from the shape of their form.

    document(FA3, Random(7), size=0.4) -> bytes

`size` 0 gives the smallest document, 1 every optional element; a repeated one stands up to four times.
`aim` = (class, element) makes a document that holds that element, and `grown` returns it as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from lxml import etree

from klucznik.documents.content import Particle
from klucznik.documents.facets import normal
from klucznik.documents.model import Form, Part, Shape, shape
from klucznik.documents.types import Simple

#: A class of a form and one of its elements.
Aim = tuple[str, str]

ASTRAL = "𝕂"
LETTERS = "ąćęłńóśźż ABC &<>'\"]]> – „ü€ß 𝕂🧾"

#: Texts that fit a pattern, by the name of the type that carries it or by the pattern itself.
FITTING: dict[str, tuple[str, ...]] = {
    "TNrNIP": ("5265877635", "1111111111", "9999999999", "1010000000", "1100000000"),
    "TNIPIdWew": ("5265877635-00015", " 1111111111-99999\n"),
    "TNrVatUE": ("1", "ABC+*0123456", "+", "*********999"),
    "TNrKRS": ("0000000000", "9876543210"),
    "TNrREGON": ("123456789", "12345678901234"),
    "SWIFT_Type": ("ABCDPLPW", "ABCDPL22XXX", "ABCDPL220A9"),
    "TNumerKSeF": (
        "5265877635-20250826-0100001AF629-AF",
        "5265877635-20991231-010000-1AF629-00",
        "M123456789-30000101-ABCDEF-012345-FF",
        " ABC1234567-21000229-ABCDEF012345-00 ",
    ),
    "TAdresEmail": ("a@b", "a@@b", " jan kowalski@przykład.pl ", "x" * 253 + "@y", ASTRAL * 253 + "@y"),
    "[a-zA-Z0-9]{1,50}": ("A", "z" * 50, "0aZ9"),
    "[0-9A-Z]{10,32}": ("0123456789", "PL" + "0" * 30, "ABCDEFGHIJ"),
    "[0-9]{3}[a-zA-Z0-9]{10}": ("123abcDEF4567", "0000000000000"),
    "(https?)": (
        "https://a.pl?IPKSeF=123abcDEF4567",
        "http://pay.bank-x.com:65535/a/b?x=1&IPKSeF=0000000000000&y=2#z",
        "https://pay.example.com/?IPKSeF=123abcDEF4567#" + "z" * 466,
    ),
}


@cache
def texts(simple: Simple) -> tuple[str, ...]:
    """Texts that the type takes, its limits among them."""
    lineage = simple.lineage()
    values = next((one.values for one in reversed(lineage) if one.values), ())
    if values:
        if simple.held == "whole":
            return (*values, *(f"+{value}" for value in values[:2]), f" 0{values[0]}\n")
        if simple.held == "number":
            return (*values, "7.0", "+7.00", "06.5", " 6.50 ")
        return (*values, f" {values[0]}\t") if simple.builtin == "token" else values
    pattern = next((one.pattern for one in reversed(lineage) if one.pattern), "")
    for key in (simple.name, pattern, pattern[:8]):
        if key in FITTING:
            return FITTING[key]
    held = simple.held
    if held == "number":
        return _numbers(simple, bool(pattern))
    if held == "whole":
        digits = least(lineage, "total_digits") or 18
        numbers = ("1", "14", "+7", "007", " 2\n", "9" * digits)
        return numbers if any(one.above for one in lineage) else (*numbers, "0", "-0", "-5")
    low, high = (bound(lineage, one) for one in ("low", "high"))
    if held == "day":
        return (low, high, "2024-02-29", "2026-12-31", "2030-06-30")
    if held == "moment":
        return (
            low,
            high,
            "2026-07-01T12:00:00.123456789Z",
            "2026-07-01T24:00:00+14:00",
            "2028-02-29T00:00:00-13:59",
            "2026-07-01T12:00:00",
        )
    return _words(simple, greatest(lineage, "min_length") or 0, least(lineage, "max_length") or 40)


def _numbers(simple: Simple, plain: bool) -> tuple[str, ...]:
    lineage = simple.lineage()
    places = least(lineage, "fraction_digits") or 0
    most = "9" * ((least(lineage, "total_digits") or 18) - places) + "." + "9" * places
    if plain:
        return ("0", "-0", "-0.01", "1", f" {most}\n", f"-{most}", "0." + "0" * places, "123.4", "-1.50")
    return ("0", "-0", "+5", "007", ".5", "5.", "100", "99." + "9" * places, " 12.50 ", "100.0")


def _words(simple: Simple, low: int, high: int) -> tuple[str, ...]:
    plain: tuple[str, ...] = (
        "x" * max(low, 1),
        "ż" * high,
        ASTRAL * high,
        "Zażółć gęślą jaźń",
        "x\u00a0y\u0301",
        "",
        LETTERS,
    )
    if simple.builtin == "string":
        plain = (*plain, " " * max(low, 1), "\r\n\t".ljust(low, "-"), " " * high)
    else:
        plain = (*plain, f" \t{'y' * high}\r\n ", f"a   {'b' * (high - 2)}", "  ".join("cd"), " ")
    return tuple(one for one in plain if low <= len(normal(simple, one)) <= high)


def least(lineage: list[Simple], facet: str) -> int | None:
    return min((limit for one in lineage if (limit := getattr(one, facet)) is not None), default=None)


def greatest(lineage: list[Simple], facet: str) -> int | None:
    return max((limit for one in lineage if (limit := getattr(one, facet)) is not None), default=None)


def bound(lineage: list[Simple], facet: str) -> str:
    return next((str(getattr(one, facet)) for one in reversed(lineage) if getattr(one, facet)), "")


@cache
def reach(what: Shape) -> frozenset[Aim]:
    """Everything that may stand at any depth below an element of this shape."""
    return frozenset().union(*(_below(part, what) for part in what.content.tree.names()), _own(what))


@cache
def _own(what: Shape) -> frozenset[Aim]:
    return frozenset((what.node.__name__, name) for name in what.parts)


@cache
def _below(particle: Particle, what: Shape) -> frozenset[Aim]:
    """Everything that may stand in place of a particle of this shape."""
    if particle.kind != "name":
        return frozenset().union(*(_below(one, what) for one in particle.parts))
    inner = what.parts[particle.name].shape
    own = frozenset({(what.node.__name__, particle.name)})
    return own | reach(inner) if inner is not None else own


@dataclass
class _Growing:
    form: Form
    rng: Random
    size: float
    aim: Aim | None
    found: etree._Element | None = None
    #: How often the elements aimed at stand; None = as it falls.
    times: int | None = None
    used: dict[int, int] = field(default_factory=dict)

    def fill(self, node: etree._Element, what: Shape) -> None:
        for part in what.attributes.values():
            node.set(part.name, self.text(part))
        if what.value is not None:
            node.text = self.text(what.value)
        else:
            self.particle(what.content.tree, what, node)

    def text(self, part: Part) -> str:
        if part.fixed:
            return part.fixed
        assert part.simple is not None
        choices = texts(part.simple)
        # In turn rather than by chance: every text is met soon. The start is random.
        at = self.used.setdefault(id(part.simple), self.rng.randrange(len(choices)))
        self.used[id(part.simple)] = at + 1
        return choices[at % len(choices)] if self.rng.random() < 0.8 else choices[0]

    def wanted(self, particle: Particle, what: Shape) -> bool:
        return self.aim is not None and self.found is None and self.aim in _below(particle, what)

    def particle(self, particle: Particle, what: Shape, node: etree._Element) -> None:
        for _ in range(self.count(particle, what)):
            if particle.kind == "name":
                self.element(what.parts[particle.name], what, node)
            elif particle.kind == "sequence":
                for one in particle.parts:
                    self.particle(one, what, node)
            else:
                towards = [one for one in particle.parts if self.wanted(one, what)]
                self.particle(self.rng.choice(towards or particle.parts), what, node)

    def count(self, particle: Particle, what: Shape) -> int:
        wanted = self.wanted(particle, what)
        if wanted and self.times is not None and (what.node.__name__, particle.name) == self.aim:
            return self.times
        most = 4 if particle.most is None else min(particle.most, 4)
        if not wanted and particle.least == 0 and self.rng.random() >= self.size:
            return 0
        few = max(1, particle.least)
        return few if self.rng.random() >= self.size else self.rng.randint(few, max(few, most))

    def element(self, part: Part, what: Shape, parent: etree._Element) -> None:
        node = etree.SubElement(parent, f"{{{self.form.namespace}}}{part.name}")
        if self.found is None and self.aim == (what.node.__name__, part.name):
            self.found = node
        if part.shape is not None:
            self.fill(node, part.shape)
        else:
            node.text = self.text(part)


def grown(
    form: Form,
    rng: Random,
    size: float = 0.3,
    aim: Aim | None = None,
    *,
    prefix: str | None = None,
    times: int | None = None,
) -> tuple[etree._Element, etree._Element]:
    """The root of a random document, and the first element aimed at (the root without an aim).

    `times` is how often the element aimed at stands, within its limits or beyond.
    """
    root = etree.Element(f"{{{form.namespace}}}{form.root}", nsmap=_nsmap(prefix, form.namespace))
    growing = _Growing(form, rng, size, aim, times=times)
    growing.fill(root, shape(form))
    return root, growing.found if growing.found is not None else root


def _nsmap(prefix: str | None, space: str) -> Any:
    return {prefix: space}  # the stubs know no default namespace


def document(form: Form, rng: Random, size: float = 0.3) -> bytes:
    """A random valid document of FA(3), FA(2) or FA_RR(1)."""
    return etree.tostring(grown(form, rng, size)[0], encoding="utf-8")


def aims(form: Form) -> list[Aim]:
    """Every element of a form, by the class that holds it."""
    return sorted(reach(shape(form)))


@cache
def shapes(form: Form) -> dict[str, Shape]:
    """The classes of a form by name."""
    found: dict[str, Shape] = {}

    def visit(what: Shape) -> None:
        found[what.node.__name__] = what
        for part in what.parts.values():
            if part.shape is not None and part.shape.node.__name__ not in found:
                visit(part.shape)

    visit(shape(form))
    return found
