"""What is wrong in a document, element by element, in its order: the walk behind `faults`.

The same description of the form that the schema is written from, read again for people. Lazy: whoever
wants the first fifty faults pays for those.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from klucznik.documents import facets, sentences
from klucznik.documents.faults import telling, typed
from klucznik.documents.faults.places import XSI, path
from klucznik.documents.invoice import Fault
from klucznik.documents.model import Form, Part, Shape, shape
from klucznik.documents.types import Simple

_BLANK = " \t\r\n"
#: What any element may carry: where a schema is said to be. It is never fetched.
_HARMLESS = frozenset({f"{XSI}schemaLocation", f"{XSI}noNamespaceSchemaLocation"})


def faults_of(root: etree._Element, form: Form) -> Iterator[Fault]:
    """Every fault of a document whose root is the form's."""
    return _Walk(form).shape(root, shape(form))


class _Walk:
    """One pass over a document."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.cut = len(form.namespace) + 2
        self.start = f"{{{form.namespace}}}"

    def shape(self, node: etree._Element, what: Shape) -> Iterator[Fault]:
        """An element with children, or with attributes and a text."""
        if what.attributes or node.attrib:
            yield from self.attributes(node, what)
        if what.value is not None:
            if what.value.simple is not None:
                yield from self.text(node, what.value, what.value.simple)
            return
        yield from self.children(node, what)
        texts = [node.text, *(child.tail for child in node)]
        if stray := next((text.strip(_BLANK) for text in texts if text and text.strip(_BLANK)), ""):
            sentence = sentences.no_text(node, what.content.follow[""], self.form.namespace)
            yield Fault(path(node), sentence, telling.stray(node, stray))

    def children(self, node: etree._Element, what: Shape) -> Iterator[Fault]:
        at, times, follow = "", 0, what.content.may_follow("", 0)
        for child in node.iterchildren(etree.Element):
            name = child.tag[self.cut :] if child.tag.startswith(self.start) else ""
            if name not in follow:
                sentence = sentences.invalid_child(node, child, follow, self.form.namespace)
                yield Fault(path(child), sentence, telling.misplaced(child, follow, at, what, self.form))
                return
            times = times + 1 if name == at else 1
            most = what.content.most[name]
            follow = what.content.may_follow(name, times) if times == most else what.content.follow[name]
            at = name
            part = what.parts[name]
            if part.shape is not None:
                yield from self.shape(child, part.shape)
            elif part.simple is not None and (part.fixed or not self.plain(child, part.simple)):
                yield from self.simple(child, part, part.simple)
        if at not in what.content.last:
            sentence = sentences.incomplete(node, follow, self.form.namespace)
            yield Fault(path(node), sentence, telling.missing(node, follow, what, self.form))

    def plain(self, node: etree._Element, simple: Simple) -> bool:
        """Whether there is nothing to look at: a text that fits, as nearly all do."""
        return not len(node) and not node.attrib and not facets.cause(simple, node.text or "")

    def simple(self, node: etree._Element, part: Part, simple: Simple) -> Iterator[Fault]:
        """An element with a text and nothing of its own beside it."""
        if node.attrib:
            yield from self.attributes(node, None)
            if typed.TYPE in node.attrib:
                named = typed.narrowed(node, self.form, simple)
                if named is None:
                    yield Fault(path(node), sentences.wrong_type(node), telling.wrong_type(node))
                    return
                simple = named
        yield from self.text(node, part, simple)

    def attributes(self, node: etree._Element, what: Shape | None) -> Iterator[Fault]:
        known = what.attributes if what else {}
        for given in node.attrib:
            name = str(given)
            if name == f"{XSI}nil":
                yield Fault(path(node), sentences.NIL, telling.nil(node))
            elif name == typed.TYPE:
                if what is not None and not typed.names(node, self.form, what.node.TYPE):
                    yield Fault(path(node), sentences.wrong_type(node), telling.wrong_type(node))
            elif name not in known and name not in _HARMLESS:
                plain = name.replace("{", "").replace("}", ":")
                yield Fault(path(node), sentences.no_attribute(plain), telling.no_attribute(node, name))
        for name, part in known.items():
            yield from self.attribute(node, name, part)

    def attribute(self, node: etree._Element, name: str, part: Part) -> Iterator[Fault]:
        value = node.get(name)
        if value is None:
            yield Fault(path(node), sentences.missing_attribute(name), telling.missing_attribute(node, part))
        elif part.fixed and value != part.fixed:
            sentence = sentences.attribute_not_fixed(name)
            yield Fault(path(node), sentence, telling.attribute_not_fixed(node, name, value, part.fixed))
        elif part.simple and (cause := facets.cause(part.simple, value)):
            datatype = facets.datatype(part.simple, self.form.namespace)
            sentence = sentences.bad_attribute(name, facets.quoted(value), datatype, cause)
            yield Fault(path(node), sentence, telling.bad_attribute(node, name, value, part.simple))

    def text(self, node: etree._Element, part: Part, simple: Simple) -> Iterator[Fault]:
        """An element with a text."""
        for child in node.iterchildren(etree.Element):
            yield Fault(path(node), sentences.text_only(node, child), telling.text_only(node, child))
            return
        value = node.text or ""
        if part.fixed and not value:
            return  # an empty element has the value it must have
        if cause := facets.cause(simple, value):
            shown = facets.quoted(facets.normal(simple, value))
            sentence = sentences.bad_value(node, shown, facets.datatype(simple, self.form.namespace), cause)
            yield Fault(path(node), sentence, telling.bad_value(node, value, simple, self.form))
        elif part.fixed and facets.normal(simple, value) != part.fixed:
            sentence = sentences.element_not_fixed(node)
            yield Fault(path(node), sentence, telling.element_not_fixed(node, value, part.fixed, self.form))
