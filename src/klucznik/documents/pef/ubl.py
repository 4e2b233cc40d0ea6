"""What of the schema is checked in PEF documents, which are UBL 2.1 with Polish extensions.

Checked: order and number of the children of every group in `ubl_models`, that groups hold no text and
values no elements, and every value whose type its name tells: UBL ends the names of its values in the
name of their type. Nothing here is stricter than the official XSD. What is looser: docs/divergences.md.
Rule: fa3.md section 9.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lxml import etree

from klucznik.documents.pef.models import MODELS, POLISH
from klucznik.documents.sentences import bad_value, full, missing_attribute, named, no_attribute, text_only
from klucznik.documents.values import collapse

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd"
CAC_NS: Final = f"{_UBL}:CommonAggregateComponents-2"
CBC_NS: Final = f"{_UBL}:CommonBasicComponents-2"
_EXT_NS: Final = f"{_UBL}:CommonExtensionComponents-2"
CAC: Final = f"{{{CAC_NS}}}"
CBC: Final = f"{{{CBC_NS}}}"
_EXT: Final = f"{{{_EXT_NS}}}"
_CAC_PL: Final = "{urn:pl:extended:CommonAggregateComponents-2}"
_CBC_PL: Final = "{urn:pl:extended:CommonBasicComponents-2}"
_VALUES: Final = (CBC, _CBC_PL)
_GROUPS: Final = (CAC, _CAC_PL)
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"
_BLANK: Final = " \t\r\n"

#: After so many faults nobody reads on.
MOST_FAULTS: Final = 20
_ZONE: Final = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_DECIMAL = re.compile(r"[+-]?0*(?:([0-9]+)(?:\.[0-9]*)?|\.[0-9]+)")
_DATE = re.compile(rf"-?([1-9][0-9]{{4,}}|[0-9]{{4}})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]){_ZONE}")
_TIME = re.compile(rf"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?){_ZONE}")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def is_decimal(text: str) -> bool:
    """A number as .NET's decimal holds it: at most 28 digits before the point."""
    found = _DECIMAL.fullmatch(text)
    return found is not None and len(found[1] or "") <= 28


def is_date(text: str) -> bool:
    """An `xsd:date`, with or without a zone."""
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    # The calendar repeats every 400 years; the last four digits say where in them.
    year = 2000 + int(found[1][-4:]) % 400
    return int(found[3]) <= calendar.monthrange(year, int(found[2]))[1]


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None


def _is_boolean(text: str) -> bool:
    return text in ("true", "false", "1", "0")


def _is_base64(text: str) -> bool:
    return _BASE64.fullmatch(text.replace(" ", "")) is not None


@dataclass(frozen=True, slots=True)
class _Type:
    """What a value must be, its name in .NET, the attributes it may have; if `bound`, the first it must."""

    ending: str
    fits: Callable[[str], bool]
    kind: str
    attributes: tuple[str, ...] = ()
    bound: bool = False


def _any(_: str) -> bool:
    return True


_CODE: Final = (
    "listID listAgencyID listAgencyName listName listVersionID name languageID listURI listSchemeURI"
)
_IDENTIFIER: Final = (
    "schemeID schemeName schemeAgencyID schemeAgencyName schemeVersionID schemeDataURI schemeURI"
)
_BINARY: Final = "mimeCode format encodingCode characterSetCode uri filename"
_UNIT: Final = "unitCode unitCodeListID unitCodeListAgencyID unitCodeListAgencyName"
_TEXT: Final = _Type("", _any, "String", ("languageID", "languageLocaleID"))
#: By how the name of a value ends; all others are texts.
_TYPES: Final = (
    _Type("Amount", is_decimal, "Decimal", ("currencyID", "currencyCodeListVersionID"), bound=True),
    _Type("Quantity", is_decimal, "Decimal", tuple(_UNIT.split())),
    _Type("Percent", is_decimal, "Decimal", ("format",)),
    _Type("Numeric", is_decimal, "Decimal", ("format",)),
    _Type("Rate", is_decimal, "Decimal", ("format",)),
    _Type("Measure", is_decimal, "Decimal", ("unitCode", "unitCodeListVersionID"), bound=True),
    _Type("Date", is_date, "Date"),
    _Type("Time", _is_time, "Time"),
    _Type("Indicator", _is_boolean, "Boolean"),
    _Type("BinaryObject", _is_base64, "Base64Binary", tuple(_BINARY.split()), bound=True),
    _Type("Code", _any, "String", tuple(_CODE.split())),
    _Type("ID", _any, "String", tuple(_IDENTIFIER.split())),
    _Type("URI", _any, "String", tuple(_IDENTIFIER.split())),
)
_ODD: Final = {"TimeAmount": _TEXT, "Percentage": _Type("", is_decimal, "Decimal", ("format",))}


@lru_cache(maxsize=1024)
def _type(local: str) -> _Type:
    if local in _ODD:
        return _ODD[local]
    return next((one for one in _TYPES if local.endswith(one.ending)), _TEXT)


@dataclass(frozen=True, slots=True)
class _Step:
    tag: str
    required: bool
    repeats: bool


class _Model:
    """A sequence of steps; `needs[n]` is the last required step before the n-th, -1 without one."""

    def __init__(self, words: list[str]) -> None:
        """`words` are tags with their marks."""
        self.steps = [_Step(word.rstrip("?*+"), word[-1] not in "?*", word[-1] in "*+") for word in words]
        self.at = {step.tag: n for n, step in enumerate(self.steps)}
        self.needs = [-1]
        for n, step in enumerate(self.steps):
            self.needs.append(n if step.required else self.needs[-1])

    def expected(self, at: int) -> str:
        """What may follow the step `at`, as .NET lists it: by namespace, up to the first that must."""
        start = at if at >= 0 and self.steps[at].repeats else at + 1
        names: dict[str, list[str]] = {}
        for n, step in enumerate(self.steps[start:], start):
            name = etree.QName(step.tag)
            names.setdefault(name.namespace or "", []).append(name.localname)
            if step.required and n != at:
                break
        listed = " as well as ".join(f"'{', '.join(some)}' in namespace '{of}'" for of, some in names.items())
        return f" List of possible elements expected: {listed}." if listed else ""


def _tags(basic: str, groups: str, value: str, group: str) -> list[str]:
    """Words of a pair of models as tags; `value` and `group` are the namespaces of those without a mark."""
    return [CBC + word[4:] if word.startswith("ubl:") else value + word for word in basic.split()] + [
        CAC + word[4:] if word.startswith("ubl:") else group + word for word in groups.split()
    ]


_ROOTS: Final = {
    name: _Model([f"{_EXT}UBLExtensions?", *_tags(*MODELS[name], CBC, CAC)])
    for name in ("Invoice", "CreditNote")
}
_UBL_GROUPS: Final = {
    CAC + name: _Model(_tags(*pair, CBC, CAC))
    for names, pair in MODELS.items()
    if names not in _ROOTS
    for name in names.split()
}
_POLISH_GROUPS: Final = {
    _CAC_PL + name: _Model(_tags(*pair, _CBC_PL, _CAC_PL))
    for names, pair in POLISH.items()
    for name in names.split()
}
_CONTENT: Final = f"{_EXT}ExtensionContent"
_EXTENSIONS: Final = {
    f"{_EXT}UBLExtensions": _Model([f"{_EXT}UBLExtension+"]),
    f"{_EXT}UBLExtension": _Model(
        [f"{CBC}ID?", f"{CBC}Name?"]
        + [f"{_EXT}Extension{name}?" for name in ("AgencyID", "AgencyName", "VersionID", "AgencyURI")]
        + [f"{_EXT}Extension{name}?" for name in ("URI", "ReasonCode", "Reason")]
        + [_CONTENT]
    ),
}
_COMPILED: Final = _UBL_GROUPS | _POLISH_GROUPS


def faults(root: etree._Element) -> list[str]:
    """Sentences of the schema validator, at most `MOST_FAULTS`; `root` is an Invoice or a CreditNote."""
    found: list[str] = []
    _group(root, _ROOTS[etree.QName(root).localname], found)
    return found


def _group(node: etree._Element, model: _Model | None, found: list[str]) -> None:
    """A group and all below it. Without a model only its kind and its values are looked at."""
    for name in node.attrib:
        if not str(name).startswith(_XSI):
            found.append(no_attribute(etree.QName(name).localname))
    _not_nil(node, found)
    if (node.text or "").strip(_BLANK) or any((child.tail or "").strip(_BLANK) for child in node):
        found.append(f"The element {named(node)} cannot contain text.{model.expected(-1) if model else ''}")
    if model:
        _order(node, model, found)
    for child in node:
        if len(found) >= MOST_FAULTS:
            del found[MOST_FAULTS:]
            return
        tag = str(child.tag)
        if tag.startswith(_VALUES):
            _value(child, found)
        elif tag.startswith(_GROUPS):
            _group(child, _COMPILED.get(tag), found)
        elif tag in _EXTENSIONS:
            _group(child, _EXTENSIONS[tag], found)
        elif tag == _CONTENT:
            _content(child, found)
        elif model is None:  # with a model, the walk has told of it
            found.append(f"The element {named(node)} has invalid child element {named(child)}.")


def _order(node: etree._Element, model: _Model, found: list[str]) -> None:
    """Walk the children once; ends at the first in the wrong place, as a validator does."""
    at = -1
    for child in node:
        here = model.at.get(str(child.tag))
        if (
            here is None
            or here < at
            or model.needs[here] > at
            or (here == at and not model.steps[at].repeats)
        ):
            found.append(
                f"The element {named(node)} has invalid child element {named(child)}.{model.expected(at)}"
            )
            return
        at = here
    if model.needs[-1] > at:
        found.append(f"The element {named(node)} has incomplete content.{model.expected(at)}")


def _content(node: etree._Element, found: list[str]) -> None:
    """Of what an extension holds the schema looks only at what it knows: the Polish ones."""
    for child in node:
        if (model := _POLISH_GROUPS.get(str(child.tag))) is not None:
            _group(child, model, found)


def _value(node: etree._Element, found: list[str]) -> None:
    _not_nil(node, found)
    if len(node):
        found.append(text_only(node, node[0]))
        return
    local = etree.QName(node).localname
    known = _type(local)
    for name in node.attrib:
        if name not in known.attributes and not str(name).startswith(_XSI):
            found.append(no_attribute(etree.QName(name).localname))
    if known.bound and node.get(known.attributes[0]) is None:
        found.append(missing_attribute(known.attributes[0]))
    text = collapse(node.text or "")
    if not known.fits(text):
        shown = text[:256]
        cause = f"The string '{shown}' is not a valid {known.kind} value."
        found.append(bad_value(node, shown, f"{CBC_NS}:{local}Type", cause))


def _not_nil(node: etree._Element, found: list[str]) -> None:
    if node.get(f"{_XSI}nil") is not None:
        found.append(
            f"The '{full(node)}' element is invalid: if the 'nillable' attribute is false in the schema, "
            "the 'xsi:nil' attribute must not be present in the instance."
        )
