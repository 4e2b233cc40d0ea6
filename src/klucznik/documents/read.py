"""Reading an invoice into typed objects: bytes in, a `Faktura` out.

No schema is asked: what fits the classes is read, values become Decimal, date and so on, and every
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


def invoice(document: bytes | etree._Element, form: Form | None = None) -> fa.Faktura | rr.Faktura:
    """An invoice of FA(3), FA(2) or FA_RR(1); `form` is recognised when not given.

    Raises `XmlProblem` for what is not XML as KSeF takes it, `DocumentFault` for what is not that form.
    """
    root = xml.parse(document) if isinstance(document, bytes) else document
    known = form or recognise(root)
    try:
        found = _reader(known)(root)
    except _Misfit:
        raise faults.refusal(root, known) from None
    if not isinstance(found, fa.Faktura | rr.Faktura):
        raise TypeError(known.system_code)
    return found


class _Misfit(Exception):
    """Something here does not fit its class."""


#: tag -> field name, reader of its value (none for a text), reader of its children, whether it repeats.
_Table = dict[str, tuple[str, Callable[[str], Any] | None, Callable[[etree._Element], Any] | None, bool]]

_readers: Final[dict[Shape, Callable[[etree._Element], Any]]] = {}


def _reader(form: Form) -> Callable[[etree._Element], Any]:
    whole = shape(form)
    if whole not in _readers:
        _readers[whole] = _make(whole, form.namespace)
    return _readers[whole]


def _make(what: Shape, namespace: str) -> Callable[[etree._Element], Any]:
    """A function that reads one element of this shape. Written for speed: one look-up per child."""
    node_class = what.node
    table: _Table = {
        f"{{{namespace}}}{part.name}": (
            part.name,
            READ[part.simple.held] if part.simple and part.simple.held != "text" else None,
            _make(part.shape, namespace) if part.shape else None,
            part.repeats,
        )
        for part in what.parts.values()
    }
    own = [*what.parts.values(), *what.attributes.values(), *([what.value] if what.value else [])]
    required = frozenset(part.name for part in own if part.required)
    lists, simple_content = what.lists, bool(what.attributes or what.value)

    def read(node: etree._Element) -> Any:
        found: dict[str, Any] = {}
        for child in node:
            entry = table.get(child.tag)
            if entry is None:
                raise _Misfit
            name, read_text, read_children, repeats = entry
            item: Any
            if read_children is not None:
                item = read_children(child)
            elif read_text is not None:
                try:
                    item = read_text(child.text or "")
                except ValueError:
                    raise _Misfit from None
            else:
                item = child.text or ""
            if not repeats:
                found[name] = item
            elif name in found:
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
