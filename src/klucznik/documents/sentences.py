"""The sentences of .NET's schema validator, which KSeF quotes in status 450.

Rule: invoice-verification.md section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

#: As much of a namespace or of a type's name is quoted: it may have megabytes, and stand in fifty sentences.
_QUOTED: Final = 256


def named(node: etree._Element) -> str:
    """`'Fa' in namespace '...'`."""
    if not isinstance(node.tag, str):  # a comment or an instruction, in a tree that `xml.parse` did not make
        return f"'{node}'"
    name = etree.QName(node)
    space = f" in namespace '{cut(name.namespace)}'" if name.namespace else ""
    return f"'{name.localname}'{space}"


def cut(name: str) -> str:
    """A name of strangers, as much of it as is quoted."""
    return name if len(name) <= _QUOTED else f"{name[:_QUOTED]}..."


def full(node: etree._Element) -> str:
    """`http://...:Fa`."""
    name = etree.QName(node)
    return f"{cut(name.namespace)}:{name.localname}" if name.namespace else name.localname


def _expected(names: Sequence[str], namespace: str) -> str:
    if not names:
        return ""
    return f" List of possible elements expected: '{', '.join(names)}' in namespace '{namespace}'."


def invalid_child(
    node: etree._Element, child: etree._Element, expected: Sequence[str], namespace: str
) -> str:
    """A child that is unknown, repeated or out of order."""
    return (
        f"The element {named(node)} has invalid child element {named(child)}.{_expected(expected, namespace)}"
    )


def incomplete(node: etree._Element, expected: Sequence[str], namespace: str) -> str:
    """A child is missing at the end."""
    return f"The element {named(node)} has incomplete content.{_expected(expected, namespace)}"


def text_only(node: etree._Element, child: etree._Element) -> str:
    """An element inside a simple value."""
    return (
        f"The element {named(node)} cannot contain child element {named(child)} "
        "because the parent element's content model is text only."
    )


def no_text(node: etree._Element, expected: Sequence[str], namespace: str) -> str:
    """Text between elements."""
    return f"The element {named(node)} cannot contain text.{_expected(expected, namespace)}"


def not_declared(node: etree._Element) -> str:
    """A root that the form does not know."""
    return f"The '{full(node)}' element is not declared."


def bad_value(node: etree._Element, value: str, datatype: str, cause: str) -> str:
    """A value outside its type; `cause` such as `The Pattern constraint failed.`"""
    return (
        f"The '{full(node)}' element is invalid - The value '{value}' is invalid "
        f"according to its datatype '{datatype}' - {cause}"
    )


def bad_attribute(name: str, value: str, datatype: str, cause: str) -> str:
    return (
        f"The '{name}' attribute is invalid - The value '{value}' is invalid "
        f"according to its datatype '{datatype}' - {cause}"
    )


def no_attribute(name: str) -> str:
    """`name` with its namespace before it, and a colon between them."""
    space, colon, local = name.rpartition(":")
    return f"The '{cut(space)}{colon}{local}' attribute is not declared."


def missing_attribute(name: str) -> str:
    return f"The required attribute '{name}' is missing."


def attribute_not_fixed(name: str) -> str:
    return f"The value of the '{name}' attribute does not equal its fixed value."


def element_not_fixed(node: etree._Element) -> str:
    return f"The value of the '{full(node)}' element does not equal its fixed value."


#: xsi:nil on an element; no form has one that may be nil.
NIL: Final = (
    "If the 'nillable' attribute is false in the schema, the 'xsi:nil' attribute must not be present in the "
    "instance."
)


def wrong_type(node: etree._Element) -> str:
    """xsi:type that is unknown, or does not restrict the element's own type."""
    named = cut(node.get("{http://www.w3.org/2001/XMLSchema-instance}type", ""))
    return (
        f"The xsi:type attribute value '{named}' is not valid for the element '{full(node)}', either because "
        "it is not a type validly derived from the type in the schema, or because it has xsi:type derivation "
        "blocked."
    )


def blank_moment(node: etree._Element) -> str:
    """A moment with blanks around it. .NET lets them collapse, libxml2 does not; the words are ours."""
    value = cut((node.text or "").strip())
    cause = f"The string '{value}' is not a valid DateTime value."
    return bad_value(node, value, "DateTime", cause)
