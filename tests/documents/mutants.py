"""Invoices spoilt in one place, or changed so that they stay right: what the differential test compares.

Every `Trial` makes a mutant of a fresh random document that holds the element aimed at. Trials of one
`group` try the same kind of thing, so that a short run can take some of each.
"""

from __future__ import annotations

import copy
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from lxml import etree

from documents import generate
from documents.generate import Aim
from documents.probes import probes
from klucznik.documents.faults import path
from klucznik.documents.model import Form, Part
from klucznik.documents.types import COMMON, Simple

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
XML = "{http://www.w3.org/XML/1998/namespace}"
NOWHERE = "urn:nowhere"
XSD_URI = "http://www.w3.org/2001/XMLSchema"

#: A type by namespace and name, as xsi:type may give it.
TypeName = tuple[str, str]


@dataclass(frozen=True)
class Mutant:
    """A document, and where it was touched: paths without numbers."""

    data: bytes
    places: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    group: str
    label: str
    make: Callable[[Random], Mutant]


def bare(where: str) -> str:
    """A path without its numbers."""
    return re.sub(r"\[\d+\]", "", where)


#: Changes a node in its tree; may give more places that it touched.
Change = Callable[[etree._Element, etree._Element, Random], Sequence[str] | None]


def _spoil(root: etree._Element, node: etree._Element, change: Change, rng: Random) -> Mutant:
    where = bare(path(node))
    more = change(root, node, rng) or ()
    return Mutant(_written(root), (where, *more))


def _written(root: etree._Element) -> bytes:
    # lxml does not write xmlns="": what shall have no namespace has this one until then.
    return etree.tostring(root, encoding="utf-8").replace(NOWHERE.encode(), b"")


def _trial(form: Form, group: str, label: str, aim: Aim | None, change: Change) -> Trial:
    def make(rng: Random) -> Mutant:
        prefix = "p" if rng.random() < 0.1 else None
        root, node = generate.grown(form, rng, rng.choice((0, 0.1, 0.2, 0.4)), aim, prefix=prefix)
        return _spoil(root, node, change, rng)

    return Trial(group, label, make)


# ---- elements -------------------------------------------------------------------------------------


def _parent(node: etree._Element) -> etree._Element:
    parent = node.getparent()
    assert parent is not None
    return parent


def _drop(root: etree._Element, node: etree._Element, rng: Random) -> None:
    _parent(node).remove(node)


def _double(root: etree._Element, node: etree._Element, rng: Random) -> None:
    node.addnext(copy.deepcopy(node))


def _behind_next(root: etree._Element, node: etree._Element, rng: Random) -> None:
    if (following := node.getnext()) is not None:
        following.addnext(node)


def _last(root: etree._Element, node: etree._Element, rng: Random) -> None:
    _parent(node).append(node)


def _first(root: etree._Element, node: etree._Element, rng: Random) -> None:
    _parent(node).insert(0, node)


def _elsewhere(root: etree._Element, node: etree._Element, rng: Random) -> list[str]:
    inside = set(node.iter())
    homes = [one for one in root.iter() if len(one) and one not in inside]
    home = rng.choice(homes)
    home.insert(rng.randint(0, len(home)), node)
    return [bare(path(node))]


def _renamed(name: Callable[[str], str]) -> Change:
    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        space, _, local = node.tag.rpartition("}")
        node.tag = f"{space}}}{name(local)}"

    return change


def _nsmap(spaces: dict[str | None, str]) -> Any:
    return spaces  # the stubs know no default namespace


def _attributes_of(node: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in node.attrib.items()}


def _in_space(space: str) -> Change:
    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        twin = etree.Element(
            f"{{{space}}}{etree.QName(node).localname}", _attributes_of(node), _nsmap({None: space})
        )
        twin.text = node.text
        twin.extend(list(node))
        _parent(node).replace(node, twin)

    return change


def _child(space: str | None = None, name: str = "Nowosc") -> Change:
    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        own = etree.QName(root).namespace if space is None else space
        node.insert(rng.randint(0, len(node)), etree.Element(f"{{{own}}}{name}", nsmap=_nsmap({None: own})))

    return change


def _wrapped(root: etree._Element, node: etree._Element, rng: Random) -> None:
    outer = etree.Element(node.tag)
    node.addprevious(outer)
    outer.append(node)


def _emptied(root: etree._Element, node: etree._Element, rng: Random) -> None:
    for child in list(node):
        node.remove(child)
    node.text = None


def _beside(form: Form, aim: Aim) -> Change:
    """Another element of the same class beside this one: another branch of a choice, or out of order."""
    what = generate.shapes(form)[aim[0]]

    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        other = rng.choice(sorted(what.parts))
        _, found = generate.grown(form, rng, 0, (aim[0], other))
        (node.addnext if rng.random() < 0.5 else node.addprevious)(found)

    return change


_ORDER: dict[str, Change] = {
    "drop": _drop, "double": _double, "behind next": _behind_next, "last": _last, "first": _first,
    "elsewhere": _elsewhere, "emptied": _emptied,
}  # fmt: skip
_NAMES: dict[str, Change] = {
    "unknown name": _renamed(lambda name: f"{name}X"), "other case": _renamed(str.swapcase),
    "child": _child(), "foreign child": _child("urn:x"), "child of no namespace": _child(NOWHERE),
    "no namespace": _in_space(NOWHERE), "foreign namespace": _in_space("urn:x"),
    "shared namespace": _in_space(COMMON), "wrapped": _wrapped,
}  # fmt: skip

# ---- text between and around ----------------------------------------------------------------------


def _tail(text: str) -> Change:
    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        node.tail = text

    return change


def _head(text: str) -> Change:
    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        _parent(node).text = text

    return change


def _indented(root: etree._Element, node: etree._Element, rng: Random) -> None:
    etree.indent(root, space=rng.choice((" ", "\t", "    ")))


def _commented(root: etree._Element, node: etree._Element, rng: Random) -> None:
    node.addprevious(etree.Comment(" uwaga <P_2> "))
    if not len(node) and node.text:
        comment = etree.Comment("w środku")
        comment.tail, node.text = node.text[1:], node.text[:1]
        node.append(comment)


def _cdata(root: etree._Element, node: etree._Element, rng: Random) -> None:
    for one in root.iter():
        if not len(one) and one.text and not re.search(r"]]>|\r", one.text):
            one.text = etree.CDATA(one.text)


def _same(root: etree._Element, node: etree._Element, rng: Random) -> None:
    """Nothing is changed."""


_HARMLESS: dict[str, Change] = {
    "as it is": _same, "indented": _indented, "comments": _commented, "CDATA": _cdata,
    "blanks behind": _tail(" \t\n\r"), "blanks before": _head("\n\n"),
}  # fmt: skip
_STRAY: dict[str, Change] = {
    "text behind": _tail("coś"), "text before": _head("coś"), "no-break space behind": _tail("\u00a0"),
    "digit behind": _tail("0"),
}  # fmt: skip

# ---- attributes -----------------------------------------------------------------------------------


def _attribute(name: str, value: str) -> Change:
    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        node.set(name, value)

    return change


_ATTRIBUTES: dict[str, Change] = {
    "unknown": _attribute("rodzaj", "1"), "xml:lang": _attribute(f"{XML}lang", "pl"),
    "xml:space": _attribute(f"{XML}space", "preserve"), "foreign": _attribute("{urn:x}a", ""),
    "nil": _attribute(f"{XSI}nil", "true"), "nil 1": _attribute(f"{XSI}nil", "1"),
    "not nil": _attribute(f"{XSI}nil", "false"), "nil of no truth": _attribute(f"{XSI}nil", "tak"),
    "schemaLocation": _attribute(f"{XSI}schemaLocation", "urn:x http://198.51.100.1/x.xsd"),
    "schemaLocation of one word": _attribute(f"{XSI}schemaLocation", "http://198.51.100.1/x.xsd"),
    "noNamespaceSchemaLocation": _attribute(f"{XSI}noNamespaceSchemaLocation", "http://198.51.100.1/x.xsd"),
    "unknown xsi": _attribute(f"{XSI}typ", "x"),
    "type of no prefix": _attribute(f"{XSI}type", "xsd:string"),
    "no type name": _attribute(f"{XSI}type", "1:2"), "empty type": _attribute(f"{XSI}type", ""),
}  # fmt: skip


def _located(root: etree._Element, node: etree._Element, rng: Random) -> None:
    root.set(f"{XSI}schemaLocation", f"{etree.QName(root).namespace} http://198.51.100.1/x.xsd")


def _typed(named: TypeName, text: str | None = None) -> Change:
    """xsi:type, in a copy of the node that declares the prefix."""

    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        twin = etree.Element(node.tag, _attributes_of(node), nsmap=_nsmap({**node.nsmap, "y": named[0]}))
        twin.text = node.text if text is None else text
        twin.extend(list(node))
        twin.set(f"{XSI}type", f"y:{named[1]}")
        _parent(node).replace(node, twin)

    return change


def _own_attribute(part: Part, value: str | None) -> Change:
    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        if value is None:
            del node.attrib[part.name]
        else:
            node.set(part.name, value)

    return change


# ---- all of it ------------------------------------------------------------------------------------


def _text(text: str) -> Change:
    def change(root: etree._Element, node: etree._Element, rng: Random) -> None:
        for child in list(node):
            node.remove(child)
        node.text = text

    return change


def text_type(form: Form, aim: Aim) -> Simple | None:
    part = generate.shapes(form)[aim[0]].parts[aim[1]]
    if part.simple is None and part.shape is not None and part.shape.value is not None:
        return part.shape.value.simple
    return part.simple


def trials(form: Form, types: Sequence[TypeName], *, whole: bool = False) -> Iterator[Trial]:
    """Everything that is tried. `types` are the names for xsi:type; `whole` with the greatest repetitions."""
    families: dict[Simple, Aim] = {}
    for aim in generate.aims(form):
        of, name = aim
        where = f"{of}.{name}"
        for kind, change in _ORDER.items():
            yield _trial(form, f"{kind} in {of}", f"{kind} {where}", aim, change)
        for kind in ("beside", "beside again"):
            yield _trial(form, f"beside in {of}", f"{kind} {where}", aim, _beside(form, aim))
        for kind, change in _NAMES.items():
            yield _trial(form, f"names in {of}", f"{kind} {where}", aim, change)
        for kind, change in _HARMLESS.items():
            yield _trial(form, f"harmless in {of}", f"{kind} {where}", aim, change)
        for kind, change in _STRAY.items():
            yield _trial(form, kind, f"{kind} {where}", aim, change)
        for kind, change in list({**_ATTRIBUTES, "located": _located}.items())[hash_of(where) % 3 :: 3]:
            yield _trial(form, f"attribute {kind}", f"attribute {kind} {where}", aim, change)
        simple = text_type(form, aim)
        if simple is not None:
            families.setdefault(simple, aim)
            part = generate.shapes(form)[of].parts[name]
            fixed = [("fixed", part.fixed), ("other than fixed", "DE")] if part.fixed else []
            for label, text in (*probes(simple), *fixed):
                yield _trial(form, f"text of {where}", f"text of {where}: {label}", aim, _text(text))
        yield from _repeated(form, aim, whole)
    yield from _of_types(form, families, types)
    yield from _of_attributes(form)
    yield from _of_root(form)


def hash_of(text: str) -> int:
    """The same in every run, unlike `hash`."""
    return zlib.crc32(text.encode())


def _repeated(form: Form, aim: Aim, whole: bool) -> Iterator[Trial]:
    most = generate.shapes(form)[aim[0]].content.most[aim[1]]
    for times in () if most == 1 else (0, 1, most or 60_000, (most or 60_000) + 1):
        if times > 1000 + 1 and not whole:
            continue

        def make(rng: Random, times: int = times) -> Mutant:
            root, node = generate.grown(form, rng, 0, aim, times=times)
            where = bare(path(node)) if node is not root else ""
            return Mutant(_written(root), (where,) if where else ())

        step = {0: "none", 1: "one", most: "most"}.get(times, "most+1" if most else "many")
        yield Trial(f"times {step}", f"times {aim[0]}.{aim[1]}: {step} ({times})", make)


def _of_types(form: Form, families: dict[Simple, Aim], types: Sequence[TypeName]) -> Iterator[Trial]:
    """xsi:type with every name on one element of each type; with values that the named type may refuse."""
    for at, (simple, aim) in enumerate(families.items()):
        # Types that others restrict: the shared countries, and a type of XSD itself. Elsewhere a part does.
        related = simple.name == "TKodKraju" or (
            not simple.name and simple.held == "whole" and not simple.values
        )
        for named in types if related else types[at % 5 :: 5]:
            group = f"xsi:type on {simple.name or simple.builtin}"
            label = f"{group} of {aim[0]}.{aim[1]}: {named[1]}"
            yield _trial(form, group, label, aim, _typed(named))
            if related:
                for text in ("1", "12", "-5", "PL", "99999999999999999"):
                    yield _trial(form, group, f"{label} {text}", aim, _typed(named, text))
    for aim in generate.aims(form):
        if text_type(form, aim) is None:
            for named in types:
                if named[1][:4] in ("TAdr", "TPod", "TNag", "TKlu", "TRac", "anyT"):
                    label = f"xsi:type on {aim[0]}.{aim[1]}: {named[1]}"
                    yield _trial(form, "xsi:type on elements", label, aim, _typed(named))


def _of_attributes(form: Form) -> Iterator[Trial]:
    holders = {name: what for name, what in generate.shapes(form).items() if what.attributes}
    for aim in generate.aims(form):
        inner = generate.shapes(form)[aim[0]].parts[aim[1]].shape
        if inner is None or inner.node.__name__ not in holders:
            continue
        for part in inner.attributes.values():
            values = [part.fixed] if part.fixed else [text for _, text in probes(part.simple)]
            for value in (
                None,
                "",
                "x",
                *values,
                *(f" {one}" for one in values),
                *(f"{one} " for one in values),
            ):
                label = f"attribute {aim[1]}@{part.name}: {value}"
                yield _trial(form, f"attribute {part.name}", label, aim, _own_attribute(part, value))


def _of_root(form: Form) -> Iterator[Trial]:
    """The root itself: name, namespace, attributes, text."""
    changes = {
        **{kind: _NAMES[kind] for kind in ("unknown name", "other case", "child", "foreign child")},
        **_ATTRIBUTES, "located": _located, "emptied": _emptied, "indented": _indented,
        "type": _attribute(f"{XSI}type", "Faktura"),
    }  # fmt: skip
    for kind, change in changes.items():
        yield _trial(form, f"root {kind}", f"root {kind}", None, change)
    for space in ("", "{urn:x}", f"{{{COMMON}}}"):

        def make(rng: Random, space: str = space) -> Mutant:
            root = etree.Element(f"{space}{form.root}")
            root.extend(list(generate.grown(form, rng)[0]))
            return Mutant(etree.tostring(root), ("",))

        yield Trial("root namespace", f"root namespace {space}", make)


def of_sample(form: Form, name: str, document: bytes) -> Iterator[Trial]:
    """A document of somebody else's, spoilt at a random place."""
    whole = etree.fromstring(document)
    kinds: dict[str, Change] = {**_ORDER, **_NAMES, **_HARMLESS, **_STRAY, **_ATTRIBUTES}
    for kind, change in kinds.items():

        def make(rng: Random, change: Change = change) -> Mutant:
            root = copy.deepcopy(whole)
            nodes = [node for node in root.iter(etree.Element) if node is not root]
            return _spoil(root, rng.choice(nodes), change, rng)

        yield Trial(f"sample {name}", f"sample {name}: {kind}", make)


def dealt(everything: Sequence[Trial], count: int, rng: Random) -> Iterator[tuple[Trial, int]]:
    """`count` trials with a seed each: one of each group in turn, in random order within it, then again."""
    done = 0
    while done < count:
        groups: dict[str, list[Trial]] = {}
        for trial in everything:
            groups.setdefault(trial.group, []).append(trial)
        for group in groups.values():
            rng.shuffle(group)
        while groups and done < count:
            for name in list(groups):
                if done < count:
                    yield groups[name].pop(), rng.getrandbits(32)
                    done += 1
                if not groups[name]:
                    del groups[name]
