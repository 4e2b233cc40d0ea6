"""Walking small documents whose model is known: children by name, KSeF's sentences where they misfit.

For receipts and authentication requests, which no schema of libxml2 judges: the official one of the
former refuses what the Ministry itself issues, those of the latter do not compile or have no place for
the signature (upo.md section 4, xades.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from klucznik.documents.content import Content, content
from klucznik.documents.sentences import incomplete, invalid_child

#: What a walk found: local name -> the last child of that name.
Children = dict[str, etree._Element]


@dataclass(frozen=True)
class Model:
    """The content model of an element of one namespace."""

    namespace: str
    content: Content

    def walk(self, node: etree._Element, faults: list[str], skip: frozenset[str] = frozenset()) -> Children:
        """Walk the children once: what was found; sentences are added to `faults`.

        The walk ends at the first child in the wrong place, as a validator does. `skip` are full tags
        (`{ns}name`) which are passed over.
        """
        found: Children = {}
        at, times = "", 0
        for child in node:
            if child.tag in skip:
                continue
            name = str(child.tag).removeprefix(f"{{{self.namespace}}}")
            allowed = self.content.may_follow(at, times)
            if name not in allowed:
                faults.append(invalid_child(node, child, allowed, self.namespace))
                return found
            times = times + 1 if name == at else 1
            at = name
            found[at] = child
        if at not in self.content.last:
            faults.append(incomplete(node, self.content.may_follow(at, times), self.namespace))
        return found


def models(namespace: str, texts: dict[str, str]) -> dict[str, Model]:
    """The models of a namespace by element name."""
    return {name: Model(namespace, content(text)) for name, text in texts.items()}
