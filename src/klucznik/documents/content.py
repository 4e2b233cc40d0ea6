"""Content models: which child may follow which, and KSeF's sentences when it does not.

A model is written as XSD means it: `"Naglowek Podmiot1 Podmiot3{100} (P_6|OkresFa)? Fa Stopka?"`.
In the official forms no element name stands twice in one model, so that the pairs "may directly
follow" say everything (Glushkov), and a walk costs one dictionary look-up per child. The sentences
have the shape of .NET's schema validator, which KSeF quotes (invoice-verification.md section 2).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

_TOKEN = re.compile(r"\s*([A-Za-z_0-9]+|[()|?*]|\{(?:1,)?\d+\})")

#: What a walk found: local name -> the last child of that name.
Children = dict[str, etree._Element]


@dataclass(frozen=True)
class _Part:
    """A piece of a model: names it may start with, names it may end with, whether it may be absent."""

    first: list[str]
    last: list[str]
    empty: bool


@dataclass(frozen=True)
class Content:
    """A compiled content model of one namespace. `follow[""]` is how the content may start."""

    namespace: str
    follow: dict[str, dict[str, str]]
    last: frozenset[str]
    most: dict[str, int] = field(default_factory=dict)

    def expected(self, after: str) -> str:
        return f"'{', '.join(self.follow[after].values())}' in namespace '{self.namespace}'"

    def walk(self, node: etree._Element, faults: list[str], skip: frozenset[str] = frozenset()) -> Children:
        """Walk the children once: what was found, by local name; sentences are added to `faults`.

        The walk ends at the first child in the wrong place, as a validator does. `skip` are full tags
        (`{ns}name`) which are passed over.
        """
        found: Children = {}
        follow, at, count = self.follow, "", 1
        for child in node:
            tag = child.tag
            local = follow[at].get(tag)
            if local is None:
                if tag in skip:
                    continue
                faults.append(invalid_child(node, child, self.expected(at)))
                return found
            if local == at:
                count += 1
                if count > self.most.get(local, count):
                    faults.append(invalid_child(node, child, self._beyond(local)))
                    return found
            else:
                count = 1
            at = local
            found[local] = child
        if at not in self.last:
            faults.append(
                f"The element {_name(node)} has incomplete content. "
                f"List of possible elements expected: {self.expected(at)}."
            )
        return found

    def _beyond(self, local: str) -> str:
        names = [name for name in self.follow[local].values() if name != local]
        return f"'{', '.join(names)}' in namespace '{self.namespace}'"


def content(namespace: str, model: str) -> Content:
    """Compile a model. Occurrence marks: `?`, `*` (any number), `{n}` (0 to n), `{1,n}`."""
    tokens = _TOKEN.findall(model)
    follow: dict[str, list[str]] = {}
    most: dict[str, int] = {}
    at = 0

    def choice() -> _Part:
        nonlocal at
        parts = [sequence()]
        while at < len(tokens) and tokens[at] == "|":
            at += 1
            parts.append(sequence())
        return _Part(
            [name for part in parts for name in part.first],
            [name for part in parts for name in part.last],
            any(part.empty for part in parts),
        )

    def sequence() -> _Part:
        whole = _Part([], [], True)
        while at < len(tokens) and tokens[at] not in ")|":
            part = particle()
            for name in whole.last:
                follow[name] += part.first
            whole = _Part(
                whole.first + part.first if whole.empty else whole.first,
                whole.last + part.last if part.empty else part.last,
                whole.empty and part.empty,
            )
        return whole

    def particle() -> _Part:
        nonlocal at
        name = tokens[at]
        at += 1
        if name == "(":
            part = choice()
            at += 1  # the closing bracket
        else:
            follow[name] = []
            part = _Part([name], [name], False)
        mark = tokens[at] if at < len(tokens) else ""
        if not mark.startswith(("?", "*", "{")):
            return part
        at += 1
        if mark != "?":
            follow[name].append(name)
        if mark.startswith("{"):
            most[name] = int(mark[1:-1].removeprefix("1,"))
        return part if mark.startswith("{1,") else _Part(part.first, part.last, True)

    whole = choice()
    follow[""] = whole.first
    return Content(
        namespace,
        {name: {f"{{{namespace}}}{n}": n for n in names} for name, names in follow.items()},
        frozenset(whole.last) | ({""} if whole.empty else set()),
        most,
    )


def _name(node: etree._Element) -> str:
    if not isinstance(node.tag, str):  # a comment or an instruction, in a tree that `xml.parse` did not make
        return f"'{node}'"
    name = etree.QName(node)
    return f"'{name.localname}' in namespace '{name.namespace}'" if name.namespace else f"'{name.localname}'"


def invalid_child(node: etree._Element, child: etree._Element, expected: str) -> str:
    """The sentence for a child that is unknown, repeated or out of order."""
    sentence = f"The element {_name(node)} has invalid child element {_name(child)}."
    if expected.startswith("''"):  # nothing may follow
        return sentence
    return f"{sentence} List of possible elements expected: {expected}."


def text_only(node: etree._Element, child: etree._Element) -> str:
    """The sentence for an element inside a simple value."""
    return (
        f"The element {_name(node)} cannot contain child element {_name(child)} "
        "because the parent element's content model is text only."
    )


def not_declared(node: etree._Element) -> str:
    """The sentence for a root that the form does not know."""
    name = etree.QName(node)
    return (
        f"The '{name.namespace}:{name.localname}' element is not declared."
        if name.namespace
        else (f"The '{name.localname}' element is not declared.")
    )


def bad_value(node: etree._Element, value: str, datatype: str, cause: str) -> str:
    """The sentence for a value outside its type; `cause` such as `The Pattern constraint failed.`"""
    name = etree.QName(node)
    return (
        f"The '{name.namespace}:{name.localname}' element is invalid - The value '{value}' is invalid "
        f"according to its datatype '{datatype}' - {cause}"
    )
