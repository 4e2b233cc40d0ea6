"""How a form is written: classes whose fields are its elements, and the shape compiled from them.

    class Adres(Node):
        TYPE = "TAdres"
        CONTENT = "KodKraju AdresL1 AdresL2? GLN?"
        KodKraju: TKodKraju
        AdresL1: TZnakowy512
        AdresL2: TZnakowy512 | None = None
        GLN: TGLN | None = None

CONTENT is order, occurrence and choice; the fields say what each element holds. A `Form` names the
root class and where it differs from what the classes say. From the shape come the schema, the reader,
the builder and the messages.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, ClassVar, Final, dataclass_transform, get_args, get_origin, get_type_hints

from klucznik.documents.content import Content, content
from klucznik.documents.types import Simple


def many() -> Any:
    """The default of an element that may repeat: none of it."""
    return field(default_factory=list)


def computed() -> Any:
    """The default of an element that must stand in the document, but that `complete` can work out.

    Until then it is None, whatever the annotation says.
    """
    return field(default=None, metadata={"computed": True})


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
class Node:
    """An element with children. Subclasses become dataclasses with keyword arguments.

    `TYPE` is the official name of its type, empty when it is declared in its place. `CONTENT` is the
    content model, empty for an element with a text (`value`). `ATTRIBUTES` names the fields that are
    attributes; `FIXED` gives values that an element or attribute must have.
    """

    TYPE: ClassVar[str] = ""
    CONTENT: ClassVar[str] = ""
    ATTRIBUTES: ClassVar[tuple[str, ...]] = ()
    FIXED: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls) -> None:
        dataclass(kw_only=True)(cls)


@dataclass(frozen=True)
class Extended:
    """Marks an element declared as an extension of a named type that adds nothing to it."""


@dataclass(frozen=True, eq=False)
class Part:
    """An element or attribute of a shape: a text (`simple`) or an element with children (`shape`).

    `required`: it stands in every document. `computed`: required, but `complete` can work it out.
    """

    name: str
    simple: Simple | None
    shape: Shape | None
    repeats: bool
    required: bool
    fixed: str
    extended: bool = False
    computed: bool = False


@dataclass(frozen=True, eq=False)
class Shape:
    """A class as one form knows it. `required` are the fields without which it cannot be made."""

    node: type[Node]
    content: Content
    parts: dict[str, Part]
    attributes: dict[str, Part]
    value: Part | None

    @property
    def lists(self) -> list[str]:
        return [part.name for part in self.parts.values() if part.repeats]


@dataclass(frozen=True, eq=False)
class Form:
    """One form: its code in sessions, its identity inside the document, and its classes.

    `faktura` is None for PEF, which is UBL and read without classes. Where the form differs from what
    the classes say: `contents` by class name, `types` by the type's name, `elements` by
    `Class.Element`. `kinds` maps RodzajFaktury to the contract's InvoiceType.
    """

    system_code: str
    schema_version: str
    value: str
    namespace: str
    root: str
    faktura: type[Node] | None = None
    variant: str = ""
    body: str = ""
    kinds: dict[str, str] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    types: dict[str, Simple] = field(default_factory=dict)
    elements: dict[str, Simple] = field(default_factory=dict)

    @property
    def structure_name(self) -> str:
        """Name of the XSD as a UPO gives it. Rule: upo.md section 2, row 5."""
        return f"Schemat_{self.system_code.replace(' ', '')}_v{self.schema_version}.xsd"


def shape(form: Form) -> Shape:
    """The root's shape in `form`, compiled once. Raises ValueError for a form without classes."""
    if form.faktura is None:
        raise ValueError(f"{form.system_code} has no classes")
    return _shape(form, form.faktura)


_shapes: Final[dict[tuple[Form, type[Node]], Shape]] = {}


def _shape(form: Form, node: type[Node]) -> Shape:
    if (form, node) not in _shapes:
        _shapes[form, node] = _compile(form, node)
    return _shapes[form, node]


def _compile(form: Form, node: type[Any]) -> Shape:
    model = content(form.contents.get(node.__name__, node.CONTENT))
    hints = _hints(node)
    declared = {one.name: one for one in fields(node)}
    optional = {part.name for part in model.tree.names() if part.least == 0}

    def part(name: str) -> Part:
        hint = hints[name]
        works_out = name in declared and "computed" in declared[name].metadata
        given = name in declared and declared[name].default is not None and not hint.repeats
        required = works_out or given
        simple = form.elements.get(f"{node.__name__}.{name}")
        if simple is None and hint.simple is not None:
            simple = form.types.get(hint.simple.name, hint.simple)
        inner = None if simple is not None or hint.node is None else _shape(form, hint.node)
        fixed = node.FIXED.get(name, "") or form_fixed(form, name)
        needed = required and name not in optional
        return Part(name, simple, inner, hint.repeats, needed, fixed, hint.extended, works_out)

    return Shape(
        node,
        model,
        {one.name: part(one.name) for one in model.tree.names()},
        {name: part(name) for name in node.ATTRIBUTES},
        part("value") if "value" in hints else None,
    )


#: Attributes by which a form is recognised. Rule: fa3.md section 1.
IDENTITY: Final = ("kodSystemowy", "wersjaSchemy")


def form_fixed(form: Form, name: str) -> str:
    return dict(zip(IDENTITY, (form.system_code, form.schema_version), strict=True)).get(name, "")


@dataclass(frozen=True)
class _Hint:
    simple: Simple | None
    node: type[Node] | None
    repeats: bool
    extended: bool


def _hints(node: type[Any]) -> dict[str, _Hint]:
    """What the annotations of a class say: each union member, unwrapped."""
    found = {}
    names = {one.name for one in fields(node)}
    for name, hint in get_type_hints(node, include_extras=True).items():
        if name not in names:
            continue
        members, repeats = _members(hint)
        simples = [m for one in members for m in getattr(one, "__metadata__", ()) if isinstance(m, Simple)]
        plain = [one.__origin__ if get_origin(one) is Annotated else one for one in members]
        nodes = [one for one in plain if isinstance(one, type) and issubclass(one, Node)]
        extended = any(isinstance(m, Extended) for one in members for m in getattr(one, "__metadata__", ()))
        # Where a form disagrees on text or children, the class stands for itself, the form names the text.
        found[name] = _Hint(
            None if nodes or not simples else simples[0], nodes[0] if nodes else None, repeats, extended
        )
    return found


def _members(hint: Any) -> tuple[list[Any], bool]:
    if get_origin(hint) is list:
        return [get_args(hint)[0]], True
    if get_origin(hint) in (typing.Union, types.UnionType):
        return [one for one in get_args(hint) if one is not type(None)], False
    return [hint], False
