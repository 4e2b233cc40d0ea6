"""Faults in a person's words: where, what stands there, what is allowed. English and Polish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

from klucznik.documents import facets, labels, sentences
from klucznik.documents.faults.allowed import allowed, too_long
from klucznik.documents.faults.places import attribute, path
from klucznik.documents.model import Form, Part, Shape
from klucznik.documents.types import Simple
from klucznik.lang import tr

#: As much of a value is shown.
_SHOWN: Final = 80
#: As many elements that may stand somewhere are named; the rest are counted.
_NAMED: Final = 6
#: What would break a line is shown by its name in XML.
_SEEN: Final = str.maketrans({"\n": "&#10;", "\r": "&#13;", "\t": "&#9;", "\u00a0": "&#160;"})


def _place(node: etree._Element) -> str:
    return path(node) or etree.QName(node).localname


def _titled_place(node: etree._Element, form: Form) -> str:
    """`Fa/FaWiersz[2]/P_11 (net value)`."""
    label = labels.label(form, etree.QName(node).localname)
    return f"{_place(node)} ({label})" if label and not _place(node).endswith(label) else _place(node)


def _short(value: str) -> str:
    shown = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return f'"{shown.translate(_SEEN)}"'


def _or(form: Form, names: Sequence[str]) -> str:
    shown = [labels.titled(form, name) for name in names[:_NAMED]]
    if more := len(names) - len(shown):
        return ", ".join(shown) + tr(f" or {more} more", f" lub jeszcze {more} innych")
    if len(shown) < 2:
        return "".join(shown)
    return ", ".join(shown[:-1]) + tr(" or ", " albo ") + shown[-1]


# ---- texts ----------------------------------------------------------------------------------------


def bad_value(node: etree._Element, value: str, simple: Simple, form: Form) -> str:
    where, takes = _titled_place(node, form), allowed(simple)
    if not facets.normal(simple, value):
        return tr(f"{where} is empty; allowed: {takes}", f"{where}: brak wartości; dozwolone: {takes}")
    if longer := too_long(simple, value):
        return f"{where}: {longer}"
    blanks = ""
    if value != value.strip() and not facets.cause(simple, value.strip()):
        blanks = tr(", without blanks around it", ", bez odstępów na początku i końcu")
    return tr(
        f"{where}: {_short(value)} does not fit; allowed: {takes}{blanks}",
        f"{where}: {_short(value)} nie pasuje; dozwolone: {takes}{blanks}",
    )


def blanks(node: etree._Element) -> str:
    where = _place(node)
    return tr(
        f"{where}: blanks stand around {_short((node.text or '').strip())}; remove them",
        f"{where}: są odstępy wokół {_short((node.text or '').strip())}; usuń je",
    )


def element_not_fixed(node: etree._Element, value: str, fixed: str, form: Form) -> str:
    where = _titled_place(node, form)
    return tr(
        f"{where}: {_short(value)} stands there, only {fixed} is allowed",
        f"{where}: jest {_short(value)}, a może być tylko {fixed}",
    )


def text_only(node: etree._Element, child: etree._Element) -> str:
    where, name = _place(node), etree.QName(child).localname
    return tr(
        f"{where} holds a text only; the element {name} cannot stand in it",
        f"{where} zawiera tylko tekst; element {name} nie może tam stać",
    )


def stray(node: etree._Element, text: str) -> str:
    where = _place(node)
    return tr(
        f"{where}: the text {_short(text)} stands between elements; remove it",
        f"{where}: tekst {_short(text)} stoi między elementami; usuń go",
    )


# ---- attributes -----------------------------------------------------------------------------------


def no_attribute(node: etree._Element, name: str) -> str:
    where, called = _place(node), attribute(name)
    return tr(f"{where} has no attribute {called}; remove it", f"{where} nie ma atrybutu {called}; usuń go")


def missing_attribute(node: etree._Element, part: Part) -> str:
    where = _place(node)
    takes = f'"{part.fixed}"' if part.fixed else allowed(part.simple) if part.simple else ""
    return tr(
        f"{where}: the attribute {part.name} is missing; allowed: {takes}",
        f"{where}: brakuje atrybutu {part.name}; dozwolone: {takes}",
    )


def attribute_not_fixed(node: etree._Element, name: str, value: str, fixed: str) -> str:
    where = _place(node)
    return tr(
        f"{where}: the attribute {name} is {_short(value)}, only {_short(fixed)} is allowed",
        f"{where}: atrybut {name} to {_short(value)}, a może być tylko {_short(fixed)}",
    )


def bad_attribute(node: etree._Element, name: str, value: str, simple: Simple) -> str:
    where, takes = _place(node), allowed(simple)
    return tr(
        f"{where}: the attribute {name} is {_short(value)}; allowed: {takes}",
        f"{where}: atrybut {name} to {_short(value)}; dozwolone: {takes}",
    )


def nil(node: etree._Element) -> str:
    where = _place(node)
    return tr(
        f"{where}: xsi:nil is not allowed; leave out an element without a value",
        f"{where}: xsi:nil jest niedozwolone; element bez wartości pomiń",
    )


def wrong_type(node: etree._Element) -> str:
    where = _place(node)
    return tr(
        f"{where}: the type that xsi:type names does not fit; remove xsi:type",
        f"{where}: typ podany w xsi:type nie pasuje; usuń xsi:type",
    )


# ---- elements -------------------------------------------------------------------------------------


def misplaced(child: etree._Element, follow: Sequence[str], after: str, what: Shape, form: Form) -> str:
    """A child that cannot stand where it stands; `follow` are those that can, after `after`."""
    where, name = path(child), etree.QName(child)
    takes = _or(form, follow) or tr("nothing more", "nic więcej")
    called, order = name.localname, list(what.parts)
    if name.namespace != form.namespace:
        if not name.namespace:
            return tr(
                f"{where} has no namespace; that of {form.system_code} is {form.namespace}",
                f"{where} nie ma przestrzeni nazw; ma być {form.namespace}",
            )
        space = sentences.cut(name.namespace)
        return tr(
            f"{where}: its namespace is {space}, that of {form.system_code} is {form.namespace}",
            f"{where}: przestrzeń nazw to {space}, a ma być {form.namespace}",
        )
    if called not in what.parts:
        return tr(
            f"{where}: {form.system_code} has no such element here; allowed: {takes}",
            f"{where}: {form.system_code} nie ma tu takiego elementu; dozwolone: {takes}",
        )
    title = labels.titled(form, called)
    if called == after:
        most = what.content.most[called] or 1
        times = tr("once" if most == 1 else f"{most} times", "1 raz" if most == 1 else f"{most} razy")
        return tr(
            f"{where}: {title} may stand here {times} at most",
            f"{where}: {title} może tu wystąpić najwyżej {times}",
        )
    if due := [one for one in follow if what.parts[one].required and order.index(one) < order.index(called)]:
        return tr(
            f"{where}: before it, {labels.titled(form, due[0])} is missing",
            f"{where}: przed nim brakuje {labels.titled(form, due[0])}",
        )
    if after and order.index(called) < order.index(after):
        return tr(
            f"{where}: {title} comes too late, its place is before {after}",
            f"{where}: {title} stoi za późno, jego miejsce jest przed {after}",
        )
    behind = tr(f" after {after}", f" po {after}") if after else tr(" first", " na początku")
    return tr(
        f"{where}: {title} cannot stand{behind}; allowed: {takes}",
        f"{where}: {title} nie może stać{behind}; dozwolone: {takes}",
    )


def missing(node: etree._Element, follow: Sequence[str], what: Shape, form: Form) -> str:
    """A child is missing at the end."""
    where = _titled_place(node, form)
    due = [one for one in follow if what.parts[one].required][:1] or follow
    return tr(f"{where}: {_or(form, due)} is missing", f"{where}: brakuje {_or(form, due)}")
