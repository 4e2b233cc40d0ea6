"""Reading an invoice into typed objects: bytes in, a `Faktura` out.

What fits the classes is read, values become Decimal, date and so on, and every
text keeps how it was written. What does not fit is explained by the schema. Rule: fa3.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lxml import etree

from klucznik.documents import fa, faults, rr, xml
from klucznik.documents.model import Form, Shape, shape
from klucznik.documents.recognise import recognise
from klucznik.documents.values import READ


def invoice(
    document: bytes | etree._Element, form: Form | None = None, *, check: bool = False
) -> fa.Faktura | rr.Faktura:
    """An invoice of FA(3), FA(2) or FA_RR(1); `form` is recognised when not given.

    With `check` the schema is asked first. Without it, for documents that were checked before, only what
    cannot be read is refused: of an element that stands twice where it may not, the last is taken.

    Raises `XmlProblem` for what is not XML as KSeF takes it, `DocumentFault` for what is not that form.
    """
    root = xml.parse(document) if isinstance(document, bytes) else document
    known = form or recognise(root)
    if check:
        faults.check(root, known)
    try:
        found = _reader(known)(root)
    except (_Misfit, KeyError, ValueError):  # an unknown tag, a value that is none
        raise faults.refusal(root, known) from None
    if not isinstance(found, fa.Faktura | rr.Faktura):
        raise TypeError(known.system_code)
    return found


class _Misfit(Exception):
    """Something that must be there is not."""


#: What a child is: a text, another value, an element with children; or one of several of these.
_TEXT, _VALUE, _NODE, _MANY = range(4)

#: tag -> which of these, the field's name, how its value or its children are read, whether it has children.
_Table = dict[str, tuple[int, str, Callable[[Any], Any], bool]]

_readers: Final[dict[Shape, Callable[[etree._Element], Any]]] = {}


def _reader(form: Form) -> Callable[[etree._Element], Any]:
    whole = shape(form)
    if whole not in _readers:
        _readers[whole] = _make(whole, form.namespace)
    return _readers[whole]


def _make(what: Shape, namespace: str) -> Callable[[etree._Element], Any]:
    """A function that reads one element of this shape. Written for speed: one look-up per child."""
    node_class = what.node
    table: _Table = {}
    for part in what.parts.values():
        convert: Callable[[Any], Any]
        if part.shape is not None:
            kind, convert = _NODE, _make(part.shape, namespace)
        else:
            held = part.simple.held if part.simple else "text"
            kind, convert = _TEXT if held == "text" else _VALUE, READ[held]
        tag = f"{{{namespace}}}{part.name}"
        table[tag] = (_MANY if part.repeats else kind, part.name, convert, part.shape is not None)
    own = [*what.parts.values(), *what.attributes.values(), *([what.value] if what.value else [])]
    required = frozenset(part.name for part in own if part.required)
    lists, simple_content = what.lists, bool(what.attributes or what.value)

    def read(node: Any) -> Any:
        found: dict[str, Any] = {}
        for child in node[:]:  # quicker than an iterator, and unknown to the stubs
            kind, name, convert, has_children = table[child.tag]
            if kind == _TEXT:
                found[name] = child.text or ""
            elif kind == _VALUE:
                found[name] = convert(child.text or "")
            elif kind == _NODE:
                found[name] = convert(child)
            else:
                item = convert(child if has_children else child.text or "")
                if name in found:
                    found[name].append(item)
                else:
                    found[name] = [item]
        if simple_content:
            text_and_attributes(node, found)
        if not required.issubset(found):
            raise _Misfit
        for name in lists:
            if name not in found:
                found[name] = []
        made = node_class.__new__(node_class)
        made.__dict__ = found
        return made

    def text_and_attributes(node: etree._Element, found: dict[str, Any]) -> None:
        for name in what.attributes:
            if (given := node.get(name)) is not None:
                found[name] = given
        if what.value is not None:
            found["value"] = node.text or ""

    return read
