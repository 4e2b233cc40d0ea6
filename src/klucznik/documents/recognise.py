"""Which form a document is, by its root and the attributes of KodFormularza. Rule: fa3.md section 1."""

from __future__ import annotations

from typing import Final

from lxml import etree

from klucznik.documents.forms import FORMS, Form
from klucznik.documents.invoice import DocumentFault
from klucznik.documents.sentences import cut, not_declared
from klucznik.lang import both

_BY_ROOT: Final = {f"{{{form.namespace}}}{form.root}": form for form in FORMS.values()}


def recognise(root: etree._Element) -> Form:
    """The form of a document. Raises `DocumentFault` for a root that KSeF does not know."""
    if (form := _BY_ROOT.get(root.tag)) is not None:
        return form
    name = etree.QName(root)
    space, taken = cut(name.namespace or ""), ", ".join(FORMS)
    raise DocumentFault(
        [not_declared(root)],
        both(
            f"no form of KSeF: the root is {name.localname} of {space or 'no namespace'}; taken are {taken}",
            f"to nie formularz KSeF: korzeń {name.localname} z {space or 'braku przestrzeni nazw'}; "
            f"przyjmowane są {taken}",
        ),
    )
