"""What is wrong with a document that its schema refuses: where, what stands there, what is allowed.

libxml2 says which nodes are wrong; why is found again here, from the same description of the form, so
that a person gets a sentence in their language and the wire gets KSeF's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from klucznik.documents import facets, labels, schema, sentences
from klucznik.documents.invoice import DocumentFault, Fault
from klucznik.documents.model import Form, Part, Shape, shape
from klucznik.documents.types import Simple
from klucznik.lang import tr

#: More than this many faults of one document are not told; the first are what a person mends.
MOST: Final = 50
_SHOWN: Final = 80
_STEP = re.compile(r"/(?:(?:([^/:\[\]]+):)?([^/\[\]:]+))(?:\[(\d+)\])?")
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"


def check(root: etree._Element, form: Form, validator: etree.XMLSchema | None = None) -> None:
    """Raise `DocumentFault` unless the schema of `form` takes the document."""
    judge = validator or schema.validator(form)
    if not judge(root):
        raise refusal(root, form, judge)


def refusal(root: etree._Element, form: Form, validator: etree.XMLSchema | None = None) -> DocumentFault:
    """The faults of a document, as an error to raise."""
    found = explain(root, form, validator)
    return DocumentFault(
        [fault.sentence for fault in found],
        tr(f"not {form.system_code}: ", f"niezgodne z {form.system_code}: ") + found[0].message,
        found,
    )


def explain(root: etree._Element, form: Form, validator: etree.XMLSchema | None = None) -> list[Fault]:
    """Every fault (at most `MOST`), in the order of the document; empty when there is none."""
    judge = validator or schema.validator(form)
    if judge(root):
        return []
    if root.tag != f"{{{form.namespace}}}{form.root}":
        name = etree.QName(root)
        message = tr(
            f"this is not {form.system_code}: the root is {name.localname} of {name.namespace or '-'}",
            f"to nie jest {form.system_code}: korzeń {name.localname} z {name.namespace or '-'}",
        )
        return [Fault("", sentences.not_declared(root), message)]
    found: list[Fault] = []
    seen: set[str] = set()
    looked: set[etree._Element] = set()
    for where, said in schema.complaints(judge):
        node = _node(root, where)
        known = node is not None and node in looked
        fresh = list(_around(node, root, form, looked)) if node is not None else []
        # Nothing found of what we know, such as xsi:nil or xsi:type: libxml2's own words.
        if not fresh and not (known and found):
            place = path(node) if node is not None else ""
            fresh = [Fault(place, said, f"{place}: {said}")]
        for fault in fresh:
            if fault.sentence + fault.path not in seen:
                seen.add(fault.sentence + fault.path)
                found.append(fault)
        if len(found) >= MOST:
            break
    return found[:MOST]


def path(node: etree._Element) -> str:
    """Where a node stands below the root: `Fa/FaWiersz[2]/P_11`. Numbered when it has namesakes."""
    steps = []
    at: etree._Element | None = node
    while at is not None and (parent := at.getparent()) is not None:
        name = etree.QName(at).localname
        before = sum(1 for _ in at.itersiblings(at.tag, preceding=True))
        alone = before == 0 and next(at.itersiblings(at.tag), None) is None
        steps.append(name if alone else f"{name}[{before + 1}]")
        at = parent
    return "/".join(reversed(steps))


def _node(root: etree._Element, where: str) -> etree._Element | None:
    """The element libxml2 means: `/*/*[6]/p:P_11[2]`, its path without any namespace map."""
    steps = list(_STEP.finditer(where.partition("/@")[0]))
    at: etree._Element | None = root if steps else None
    for step in steps[1:]:
        if at is None:
            break
        prefix, name, index = step.groups()
        like = [
            child
            for child in at.iterchildren(etree.Element)
            if name == "*" or (etree.QName(child).localname == name and child.prefix == prefix)
        ]
        place = int(index or 1) - 1
        at = like[place] if place < len(like) else None
    return at


def _around(
    node: etree._Element, root: etree._Element, form: Form, looked: set[etree._Element]
) -> Iterator[Fault]:
    """Faults of a node and of the order its parent keeps."""
    for one in (node.getparent(), node):
        if one is None or one in looked:
            continue
        looked.add(one)
        part = _part(one, root, form)
        if isinstance(part, Shape):
            yield from _of_shape(one, part, form)
        elif part is not None and part.simple is not None:
            yield from _of_value(one, part, part.simple, form)
        elif part is not None and part.shape is not None:
            yield from _of_shape(one, part.shape, form)


def _part(node: etree._Element, root: etree._Element, form: Form) -> Part | Shape | None:
    """What the form knows of this node: the root's shape, or the part it is of its parent's."""
    if node is root:
        return shape(form)
    parent = node.getparent()
    above = _part(parent, root, form) if parent is not None else None
    holder = above.shape if isinstance(above, Part) else above
    name = etree.QName(node)
    return holder.parts.get(name.localname) if holder and name.namespace == form.namespace else None


def _of_shape(node: etree._Element, what: Shape, form: Form) -> Iterator[Fault]:
    yield from _of_attributes(node, what, form)
    if what.value is not None and what.value.simple is not None:
        yield from _of_value(node, what.value, what.value.simple, form)
        return
    at, times = "", 0
    for child in node.iterchildren(etree.Element):
        name = etree.QName(child)
        allowed = what.content.may_follow(at, times)
        if name.namespace != form.namespace or name.localname not in allowed:
            yield _misplaced(node, child, allowed, at, times, what, form)
            break
        times = times + 1 if name.localname == at else 1
        at = name.localname
    else:
        if at not in what.content.last:
            yield _missing(node, what.content.may_follow(at, times), form)
    texts = [node.text, *(child.tail for child in node)]
    if any(text and text.strip(" \t\r\n") for text in texts):
        where = path(node)
        stray = next(text.strip() for text in texts if text and text.strip(" \t\r\n"))
        yield Fault(
            where,
            sentences.no_text(node, what.content.follow[""], form.namespace),
            tr(
                f"{where or form.root}: the text {_short(stray)} stands between elements; remove it",
                f"{where or form.root}: tekst {_short(stray)} stoi między elementami; usuń go",
            ),
        )


def _misplaced(
    node: etree._Element,
    child: etree._Element,
    allowed: list[str],
    at: str,
    times: int,
    what: Shape,
    form: Form,
) -> Fault:
    where, name = path(child), etree.QName(child).localname
    known = what.parts.get(name)
    expected = ", ".join(labels.titled(form, one) for one in allowed[:12]) or tr("nothing more", "nic więcej")
    if etree.QName(child).namespace != form.namespace:
        space = etree.QName(child).namespace or tr("no namespace", "bez przestrzeni nazw")
        message = tr(
            f"{where} is of another namespace ({space})", f"{where} ma inną przestrzeń nazw ({space})"
        )
    elif known is None:
        message = tr(
            f"{where}: {form.system_code} has no such element here; allowed: {expected}",
            f"{where}: {form.system_code} nie ma tu takiego elementu; dozwolone: {expected}",
        )
    elif name == at:
        most = what.content.most.get(name) or 1
        message = tr(
            f"{where}: {labels.titled(form, name)} may stand {most} time(s) here",
            f"{where}: {labels.titled(form, name)} może tu wystąpić najwyżej {most} raz(y)",
        )
    else:
        after = tr(f" after {at}", f" po {at}") if at else ""
        message = tr(
            f"{where}: {labels.titled(form, name)} is in the wrong place{after}; expected: {expected}",
            f"{where}: {labels.titled(form, name)} jest w złym miejscu{after}; oczekiwane: {expected}",
        )
    return Fault(where, sentences.invalid_child(node, child, allowed, form.namespace), message)


def _missing(node: etree._Element, allowed: list[str], form: Form) -> Fault:
    where = path(node)
    expected = ", ".join(labels.titled(form, one) for one in allowed[:12])
    place = where or form.root
    return Fault(
        where,
        sentences.incomplete(node, allowed, form.namespace),
        tr(
            f"{place} is not complete; missing: {expected}", f"{place} jest niekompletny; brakuje: {expected}"
        ),
    )


def _of_attributes(node: etree._Element, what: Shape | None, form: Form) -> Iterator[Fault]:
    known = what.attributes if what else {}
    where = path(node) or form.root
    for given in node.attrib:
        name = str(given)
        if name not in known and not name.startswith(_XSI):
            yield Fault(
                path(node),
                sentences.no_attribute(name.replace("{", "").replace("}", ":")),
                tr(f"{where}: no attribute {name} here", f"{where}: atrybut {name} nie jest tu znany"),
            )
    for name, part in known.items():
        value = node.get(name)
        if value is None:
            yield Fault(
                path(node),
                sentences.missing_attribute(name),
                tr(f"{where}: the attribute {name} is missing", f"{where}: brakuje atrybutu {name}"),
            )
        elif part.fixed and value != part.fixed:
            yield Fault(
                path(node),
                sentences.attribute_not_fixed(name),
                tr(
                    f"{where}: {name} is {_short(value)}, must be {part.fixed}",
                    f"{where}: {name} to {_short(value)}, a musi być {part.fixed}",
                ),
            )
        elif part.simple and (cause := facets.cause(part.simple, value)):
            datatype = facets.datatype(part.simple, form.namespace)
            allowed = facets.allowed(part.simple)
            yield Fault(
                path(node),
                sentences.bad_attribute(name, value, datatype, cause),
                tr(
                    f"{where}: {name} is {_short(value)}; allowed: {allowed}",
                    f"{where}: {name} to {_short(value)}; dozwolone: {allowed}",
                ),
            )


def _of_value(node: etree._Element, part: Part, simple: Simple, form: Form) -> Iterator[Fault]:
    where = path(node)
    if part.name != "value":
        yield from _of_attributes(node, None, form)
    if (child := next(node.iterchildren(etree.Element), None)) is not None:
        yield Fault(
            where,
            sentences.text_only(node, child),
            tr(
                f"{where} holds a text, no elements ({etree.QName(child).localname})",
                f"{where} zawiera tekst, a nie elementy ({etree.QName(child).localname})",
            ),
        )
        return
    value = node.text or ""
    title = labels.titled(form, etree.QName(node).localname)
    if cause := facets.cause(simple, value):
        shown = facets.normal(simple, value)
        datatype = facets.datatype(simple, form.namespace)
        allowed = facets.allowed(simple)
        yield Fault(
            where,
            sentences.bad_value(node, shown[:256], datatype, cause),
            tr(
                f"{where}: {_short(shown)} is no value of {title}; allowed: {allowed}",
                f"{where}: {_short(shown)} nie jest wartością pola {title}; dozwolone: {allowed}",
            ),
        )
    elif part.fixed and value and facets.normal(simple, value) != part.fixed:
        yield Fault(
            where,
            sentences.element_not_fixed(node),
            tr(
                f"{where}: {_short(value)} stands there, must be {part.fixed}",
                f"{where}: jest {_short(value)}, a musi być {part.fixed}",
            ),
        )


def _short(value: str) -> str:
    shown = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
    return f'"{shown}"' if shown else tr("nothing", "nic")
