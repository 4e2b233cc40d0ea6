"""The verdict of the schema on a document, and its faults where it refuses: those of `walk`, in order."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from lxml import etree

from klucznik.documents import schema, sentences
from klucznik.documents.faults import telling
from klucznik.documents.faults.places import path
from klucznik.documents.faults.typed import TYPE
from klucznik.documents.faults.walk import faults_of
from klucznik.documents.invoice import DocumentFault, Fault
from klucznik.documents.model import Form
from klucznik.lang import both, language, speaking, tr

#: More than this many faults of one document are not told; the first are what a person mends.
MOST: Final = 50
_MOMENT_IN_BLANKS: Final = re.compile(r"[ \t\r\n]*[0-9]{4}-[0-9]{2}-[0-9]{2}T[^ \t\r\n]*[ \t\r\n]*").fullmatch


def check(root: etree._Element, form: Form, validator: etree.XMLSchema | None = None) -> None:
    """Raise `DocumentFault` unless the schema of `form` takes the document."""
    judge = validator or schema.validator(form)
    if not schema.takes(judge, root):
        raise _refused(_found(root, form, judge), root, form, judge)


def refusal(root: etree._Element, form: Form, validator: etree.XMLSchema | None = None) -> DocumentFault:
    """The faults of a document that could not be read, as an error to raise.

    Raises ValueError for a tree whose only fault is that `xml.parse` did not make it.
    """
    judge = validator or schema.validator(form)
    if found := explain(root, form, judge):
        return _refused(found, root, form, judge)
    raise ValueError("the tree holds comments or instructions; let xml.parse make it")


def explain(root: etree._Element, form: Form, validator: etree.XMLSchema | None = None) -> list[Fault]:
    """Every fault (at most `MOST`), in the order of the document; empty when there is none."""
    judge = validator or schema.validator(form)
    return [] if schema.takes(judge, root) else _found(root, form, judge)


def _refused(found: list[Fault], root: etree._Element, form: Form, judge: etree.XMLSchema) -> DocumentFault:
    first = {language(): found[0].message}
    for other in {"en", "pl"} - set(first):
        with speaking(other):
            first[other] = _found(root, form, judge, most=1)[0].message
    why = both(f"not {form.system_code}: {first['en']}", f"niezgodne z {form.system_code}: {first['pl']}")
    return DocumentFault([fault.sentence for fault in found], why, found)


def _found(root: etree._Element, form: Form, judge: etree.XMLSchema, most: int = MOST) -> list[Fault]:
    """The faults of a document that libxml2 refused, the first `most`."""
    if root.tag != f"{{{form.namespace}}}{form.root}":
        name = etree.QName(root)
        space = sentences.cut(name.namespace or "") or tr("no namespace", "bez przestrzeni nazw")
        message = tr(
            f"this is not {form.system_code}: the root is {name.localname} ({space})",
            f"to nie jest {form.system_code}: korzeń to {name.localname} ({space})",
        )
        return [Fault("", sentences.not_declared(root), message)]
    if found := list(islice(faults_of(root, form), most)):
        return found
    return _beyond(root, form, judge)


def _beyond(root: etree._Element, form: Form, judge: etree.XMLSchema) -> list[Fault]:
    """What only libxml2 refuses: blanks around a moment, and types of XSD itself named by xsi:type."""
    found = [
        Fault(path(node), sentences.blank_moment(node), telling.blanks(node))
        for node in root.iter(etree.Element)
        if not len(node) and node.text and _MOMENT_IN_BLANKS(node.text) and node.text != node.text.strip()
    ]
    found += [
        Fault(path(node), sentences.wrong_type(node), telling.wrong_type(node))
        for node in root.iter(etree.Element)
        if TYPE in node.attrib
    ]
    if not found:
        judge(root)
        found = [Fault("", said, said) for said in schema.complaints(judge)[:1]]
    return found[:MOST]
