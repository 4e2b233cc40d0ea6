"""Content models: which child may follow which.

A model is written as XSD means it: `"Naglowek Podmiot1 Podmiot3{100} (P_6|OkresFa)? Fa Stopka?"`.
Occurrence marks: `?`, `+` (1 or more), `{n}` (0 to n), `{m,n}`. In the official forms no element name
stands twice in one model, so that the pairs "may directly follow" say everything (Glushkov), and a walk
costs one dictionary look-up per child.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

_TOKEN = re.compile(r"\s*([A-Za-z_0-9]+|[()|?+]|\{(?:\d+,)?\d+\})")


@dataclass(frozen=True)
class Particle:
    """A name, or a group of particles, with how often it may stand; `most` None = any number."""

    kind: Literal["name", "sequence", "choice"]
    name: str = ""
    parts: tuple[Particle, ...] = ()
    least: int = 1
    most: int | None = 1

    def names(self) -> Iterator[Particle]:
        """The particles that are names, in order."""
        if self.kind == "name":
            yield self
        for part in self.parts:
            yield from part.names()


def parse(model: str) -> Particle:
    """The tree of a model."""
    tokens = _TOKEN.findall(model)
    at = 0

    def choice() -> Particle:
        nonlocal at
        parts = [sequence()]
        while at < len(tokens) and tokens[at] == "|":
            at += 1
            parts.append(sequence())
        return parts[0] if len(parts) == 1 else Particle("choice", parts=tuple(parts))

    def sequence() -> Particle:
        parts = []
        while at < len(tokens) and tokens[at] not in ")|":
            parts.append(particle())
        return parts[0] if len(parts) == 1 else Particle("sequence", parts=tuple(parts))

    def particle() -> Particle:
        nonlocal at
        word = tokens[at]
        at += 1
        if word == "(":
            group = choice()
            at += 1  # the closing bracket
            return occurs(group)
        return occurs(Particle("name", word))

    def occurs(part: Particle) -> Particle:
        nonlocal at
        mark = tokens[at] if at < len(tokens) else ""
        if not mark.startswith(("?", "+", "{")):
            return part
        at += 1
        least, most = 0, 1
        if mark == "+":
            return Particle(part.kind, part.name, part.parts, 1, None)
        if mark != "?":
            low, _, high = mark[1:-1].rpartition(",")
            least, most = int(low or 0), int(high)
        return Particle(part.kind, part.name, part.parts, least, most)

    return choice()


@dataclass(frozen=True)
class Content:
    """A compiled model. `follow[""]` is how the content may start, `last` how it may end."""

    tree: Particle
    follow: dict[str, list[str]]
    last: frozenset[str]
    most: dict[str, int | None]

    def may_follow(self, after: str, times: int) -> list[str]:
        """Names that may stand after `times` of `after` in a row."""
        most = self.most.get(after, 1)
        spent = most is not None and times >= most
        return [name for name in self.follow[after] if name != after or not spent]


def content(model: str) -> Content:
    """Compile a model."""
    tree = parse(model)
    follow: dict[str, list[str]] = {"": []}

    def visit(part: Particle) -> tuple[list[str], list[str], bool]:
        """Names it may start with, names it may end with, whether it may be absent."""
        if part.kind == "name":
            follow[part.name] = [part.name] if part.most != 1 else []
            return [part.name], [part.name], part.least == 0
        if part.kind == "choice":
            visits = [visit(one) for one in part.parts]
            first = [name for starts, _, _ in visits for name in starts]
            last = [name for _, ends, _ in visits for name in ends]
            return first, last, part.least == 0 or any(empty for _, _, empty in visits)
        first, last, empty = [], [], True
        for one in part.parts:
            starts, ends, absent = visit(one)
            for name in last:
                follow[name] += starts
            first = first + starts if empty else first
            last = last + ends if absent else ends
            empty = empty and absent
        return first, last, empty or part.least == 0

    first, last, empty = visit(tree)
    follow[""] = first
    return Content(
        tree,
        follow,
        frozenset(last) | ({""} if empty else frozenset()),
        {part.name: part.most for part in tree.names()},
    )
