"""Writing an invoice: typed objects in, canonical XML out.

Canonical: UTF-8, the form's namespace as the default one, elements in the order of the schema, no white
space between them, every value in its plain form unless it was read otherwise. Rule: fa3.md sections 1-3.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from klucznik.documents import fa, faults, rr, xml
from klucznik.documents.forms import FORMS
from klucznik.documents.model import Form, Node, Shape, shape
from klucznik.documents.types import Held
from klucznik.documents.values import write_day, write_moment, write_number, write_whole
from klucznik.errors import Unreadable
from klucznik.lang import tr

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPECIAL = re.compile(r'[&<>"\r\n\t]').search
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]").search


def form_of(invoice: fa.Faktura | rr.Faktura) -> Form:
    """The form an invoice says it is. Raises `Unreadable` for one that KSeF does not know."""
    code = invoice.Naglowek.KodFormularza.kodSystemowy
    if code not in FORMS:
        raise Unreadable(
            tr(
                f"no form is called {code!r}; use {', '.join(FORMS)}",
                f"brak formularza {code!r}; są {', '.join(FORMS)}",
            )
        )
    return FORMS[code]


def xml_of(invoice: fa.Faktura | rr.Faktura, *, check: bool = True) -> bytes:
    """The document. With `check`, the schema is asked before it is given out.

    Raises `DocumentFault` with every fault and its place, `Unreadable` for text that XML cannot hold.
    """
    form = form_of(invoice)
    parts = [_DECLARATION, f'<{form.root} xmlns="{form.namespace}">']
    _writer(form)(invoice, parts)
    parts.append(f"</{form.root}>")
    document = "".join(parts).encode()
    if check:
        faults.check(xml.parse(document), form)
    return document


def _text(value: str) -> str:
    if _FORBIDDEN(value):
        raise Unreadable(
            tr(
                f"{value[:60]!r} holds a character XML has no room for",
                f"{value[:60]!r} zawiera znak niedozwolony w XML",
            )
        )
    if not _SPECIAL(value):
        return value
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return value.replace("\r", "&#13;")


def _attribute(value: str) -> str:
    return _text(value).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


_WRITE: Final[dict[Held, Callable[[Any], str]]] = {
    "text": _text,
    "number": write_number,
    "whole": write_whole,
    "day": write_day,
    "moment": write_moment,
}

_Writer = Callable[[Any, list[str]], None]
_writers: Final[dict[Shape, _Writer]] = {}


def _writer(form: Form) -> _Writer:
    whole = shape(form)
    if whole not in _writers:
        _writers[whole] = _make(whole)
    return _writers[whole]


def _make(what: Shape) -> _Writer:
    """A function that writes what stands inside an element of this shape."""
    steps = [
        (
            part.name,
            f"<{part.name}>",
            f"</{part.name}>",
            _WRITE[part.simple.held] if part.simple else None,
            _make(part.shape) if part.shape else None,
            tuple(part.shape.attributes) if part.shape else (),
            part.repeats,
        )
        for part in what.parts.values()
    ]
    has_text = what.value is not None

    def write(node: Node, into: list[str]) -> None:
        held = node.__dict__
        for name, start, end, write_text, write_children, attributes, repeats in steps:
            item = held.get(name)
            if item is None:
                continue
            for one in item if repeats else (item,):
                if write_text is not None:
                    into.append(f"{start}{write_text(one)}{end}")
                elif write_children is not None:
                    into.append(_opened(start, one, attributes) if attributes else start)
                    write_children(one, into)
                    into.append(end)
        if has_text:
            into.append(_text(held["value"]))

    return write


def _opened(start: str, node: Node, attributes: tuple[str, ...]) -> str:
    given = "".join(
        f' {name}="{_attribute(value)}"' for name in attributes if (value := getattr(node, name)) is not None
    )
    return f"{start[:-1]}{given}>"
