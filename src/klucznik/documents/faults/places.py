"""Where a node stands, for people: `Fa/FaWiersz[2]/P_11`."""

from __future__ import annotations

from typing import Final

from lxml import etree

XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_PREFIXES: Final = {XSI: "xsi:", "{http://www.w3.org/XML/1998/namespace}": "xml:"}


def path(node: etree._Element) -> str:
    """The way down from the root, which is left out. Numbered when a node has namesakes."""
    steps = []
    at: etree._Element | None = node
    while at is not None and (parent := at.getparent()) is not None:
        name = etree.QName(at).localname
        before = sum(1 for _ in at.itersiblings(at.tag, preceding=True))
        alone = before == 0 and next(at.itersiblings(at.tag), None) is None
        steps.append(name if alone else f"{name}[{before + 1}]")
        at = parent
    return "/".join(reversed(steps))


def attribute(name: str) -> str:
    """An attribute as a person writes it: `xsi:nil`, `kodSystemowy`."""
    for space, prefix in _PREFIXES.items():
        if name.startswith(space):
            return prefix + name.removeprefix(space)
    return name.rpartition("}")[2]
