"""xsi:type, which nobody needs: what it may name where. Anything else is a fault."""

from __future__ import annotations

from functools import cache
from typing import Final

from lxml import etree

from klucznik.documents.faults.places import XSI
from klucznik.documents.model import Form, Shape, shape
from klucznik.documents.types import COMMON, NAMEABLE, Simple

TYPE: Final = f"{XSI}type"
_XSD: Final = "http://www.w3.org/2001/XMLSchema"


def _named(node: etree._Element) -> tuple[str, str] | None:
    """Namespace and name of the type; None for a prefix that is not declared."""
    prefix, _, name = node.get(TYPE, "").strip(" \t\r\n").rpartition(":")
    if prefix and prefix not in node.nsmap:
        return None
    return node.nsmap.get(prefix or None, ""), name


def names(node: etree._Element, form: Form, declared: str) -> bool:
    """Whether xsi:type names `declared`, the type of an element with children."""
    return bool(declared) and _named(node) == (form.namespace, declared)


def narrowed(node: etree._Element, form: Form, simple: Simple) -> Simple | None:
    """The type that xsi:type puts in the place of `simple`: itself or a restriction of it; else None."""
    given = _named(node)
    if given is None or simple.wrapped:
        return None
    named = _types(form).get(given)
    plain = not simple.name and isinstance(simple.base, str) and not simple.values
    if named is None:
        # A type of XSD itself restricts only one of these; whether it does, the schema knows.
        return simple if plain and given[0] == _XSD else None
    if simple in named.lineage() or (plain and named.held == simple.held):
        return named
    return None


@cache
def _types(form: Form) -> dict[tuple[str, str], Simple]:
    """The simple types of a form that have a name."""
    found: dict[tuple[str, str], Simple] = {}

    def add(simple: Simple | None) -> None:
        for one in simple.lineage() if simple is not None else ():
            if one.name:
                found[COMMON if one.common else form.namespace, one.name] = one

    def visit(what: Shape) -> None:
        for part in what.parts.values():
            add(part.simple)
            if part.shape is not None:
                visit(part.shape)

    visit(shape(form))
    for nameable in NAMEABLE:
        add(nameable)
    return found
