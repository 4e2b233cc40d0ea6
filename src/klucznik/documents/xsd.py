"""The schema of a form, written from its shape for libxml2.

Two documents, as the Ministry's are: the form's own, and the shared definitions it uses. Type names are
the official ones, so that even `xsi:type` is judged alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from klucznik.documents.content import Particle
from klucznik.documents.model import Form, Part, Shape, shape
from klucznik.documents.types import COMMON, NAMEABLE, Simple

XSD: Final = "{http://www.w3.org/2001/XMLSchema}"

#: Where the form's schema says the shared definitions are; the resolver of `schema` knows it.
COMMON_FILE: Final = "common.xsd"


def written(form: Form) -> tuple[bytes, bytes]:
    """The form's schema and the shared definitions it imports."""
    writing = _Writing(form)
    return writing.form_schema(), writing.common_schema()


class _Writing:
    """One schema being written. Named types are gathered on the way, each once."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.own: dict[str, etree._Element] = {}
        self.common: dict[str, etree._Element] = {}

    def form_schema(self) -> bytes:
        form = self.form
        root = _schema(form.namespace, {"c": COMMON, "t": form.namespace})
        etree.SubElement(root, XSD + "import", namespace=COMMON, schemaLocation=COMMON_FILE)
        top = etree.SubElement(root, XSD + "element", name=form.root)
        top.append(self.complex(shape(form)))
        for each in self.own.values():
            root.append(each)
        return etree.tostring(root)

    def common_schema(self) -> bytes:
        root = _schema(COMMON, {"c": COMMON})
        for nameable in NAMEABLE:
            self.simple_name(nameable)
        for each in self.common.values():
            root.append(each)
        return etree.tostring(root)

    def complex(self, what: Shape, name: str = "") -> etree._Element:
        kind = etree.Element(XSD + "complexType")
        if name:
            kind.set("name", name)
        if what.value is not None:
            if what.value.simple is None:
                raise ValueError(f"{what.node.__name__}.value has no type")
            inner = etree.SubElement(kind, XSD + "simpleContent")
            inner = etree.SubElement(inner, XSD + "extension", base=self.simple_name(what.value.simple))
        else:
            inner = kind
            inner.append(self.group(what.content.tree, what))
        for part in what.attributes.values():
            inner.append(self.attribute(part))
        return kind

    def group(self, particle: Particle, what: Shape) -> etree._Element:
        if particle.kind == "name":
            if particle is what.content.tree:
                # A model is a group, even around a single element.
                sequence = etree.Element(XSD + "sequence")
                sequence.append(self.element(particle, what.parts[particle.name]))
                return sequence
            return self.element(particle, what.parts[particle.name])
        group = etree.Element(XSD + particle.kind, _occurrence(particle))
        for one in particle.parts:
            group.append(self.group(one, what))
        return group

    def element(self, particle: Particle, part: Part) -> etree._Element:
        element = etree.Element(XSD + "element", {"name": particle.name} | _occurrence(particle))
        if part.fixed:
            element.set("fixed", part.fixed)
        if part.simple is not None:
            self.typed(element, part.simple)
        elif part.shape is not None:
            named = part.shape.node.TYPE
            if not named:
                element.append(self.complex(part.shape))
            else:
                if named not in self.own:
                    self.own[named] = etree.Element("placeholder")  # a type may hold its own kind
                    self.own[named] = self.complex(part.shape, named)
                if part.extended:
                    kind = etree.SubElement(element, XSD + "complexType")
                    content = etree.SubElement(kind, XSD + "complexContent")
                    etree.SubElement(content, XSD + "extension", base=f"t:{named}")
                else:
                    element.set("type", f"t:{named}")
        return element

    def attribute(self, part: Part) -> etree._Element:
        attribute = etree.Element(XSD + "attribute", name=part.name, use="required")
        if part.fixed:
            attribute.set("fixed", part.fixed)
        if part.simple is not None:
            self.typed(attribute, part.simple)
        return attribute

    def typed(self, element: etree._Element, simple: Simple) -> None:
        """Give the element its type: by name, or written in its place."""
        if simple.wrapped:
            kind = etree.SubElement(element, XSD + "complexType")
            content = etree.SubElement(kind, XSD + "simpleContent")
            etree.SubElement(content, XSD + "extension", base=self.base_name(simple))
        elif simple.name or (not any(_facets(simple)) and isinstance(simple.base, str)):
            element.set("type", self.simple_name(simple))
        else:
            element.append(self.restriction(simple))

    def simple_name(self, simple: Simple) -> str:
        if not simple.name:
            return self.base_name(simple)
        home = self.common if simple.common else self.own
        if simple.name not in home:
            home[simple.name] = self.restriction(simple)
        return f"{'c' if simple.common else 't'}:{simple.name}"

    def base_name(self, simple: Simple) -> str:
        return f"xsd:{simple.base}" if isinstance(simple.base, str) else self.simple_name(simple.base)

    def restriction(self, simple: Simple) -> etree._Element:
        kind = etree.Element(XSD + "simpleType")
        if simple.name:
            kind.set("name", simple.name)
        if simple.either:
            union = etree.SubElement(kind, XSD + "union")
            for pattern in simple.either:
                union.append(self.restriction(Simple(base=simple.base, pattern=pattern)))
            return kind
        restriction = etree.SubElement(kind, XSD + "restriction", base=self.base_name(simple))
        for facet, value in _facets(simple):
            etree.SubElement(restriction, XSD + facet, value=value)
        return kind


def _schema(namespace: str, prefixes: dict[str, str]) -> etree._Element:
    return etree.Element(
        XSD + "schema",
        {"targetNamespace": namespace, "elementFormDefault": "qualified"},
        nsmap={"xsd": XSD[1:-1]} | prefixes,
    )


def _occurrence(particle: Particle) -> dict[str, str]:
    found = {}
    if particle.least != 1:
        found["minOccurs"] = str(particle.least)
    if particle.most != 1:
        found["maxOccurs"] = "unbounded" if particle.most is None else str(particle.most)
    return found


def _facets(simple: Simple) -> Iterator[tuple[str, str]]:
    if simple.collapse:
        yield "whiteSpace", "collapse"
    if simple.pattern:
        yield "pattern", simple.pattern
    for facet, limit in (
        ("minLength", simple.min_length),
        ("maxLength", simple.max_length),
        ("totalDigits", simple.total_digits),
        ("fractionDigits", simple.fraction_digits),
    ):
        if limit is not None:
            yield facet, str(limit)
    for facet, bound in (
        ("minInclusive", simple.low),
        ("maxInclusive", simple.high),
        ("minExclusive", simple.above),
    ):
        if bound:
            yield facet, bound
    for value in simple.values:
        yield "enumeration", value
