"""Bodies and parameters into models; what does not fit into 21001 and 21405.

21001: not JSON, an unknown enumeration value, a value of the wrong type. 21405: a value that is
missing or outside its limits; all sentences in one entry, in the English that KSeF's validator uses
(auth.md section 3). null for an object, a list or a text is a missing one (as the official Java client's
ExceptionsApiIntegrationTest sees it); for a number, a boolean or an enumeration it is of the wrong type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qs

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from klucznik.lang import both
from klucznik.server.render import Plain
from klucznik.wire import codes
from klucznik.wire.base import Model
from klucznik.wire.endpoint import Endpoint, Xml
from klucznik.wire.problems import Problem

T = TypeVar("T")

#: What pydantic reports for a value of another JSON type, or text that is not JSON.
_UNREADABLE = (
    "json_invalid",
    "enum",
    "_type",
    "_parsing",
    "model_attributes",
    "invalid_key",
    "literal_error",
)


#: Types whose null the real server reads, and then misses: its own objects, lists and texts.
_NULLABLE = ("model_type", "list_type", "string_type")

#: pydantic also reads "1_0", "10.0", and "yes" for true.
_NUMBER = re.compile(r"[+-]?[0-9]+")


def read_body(row: Endpoint[Any], body: bytes, content_type: str) -> Any:
    """The request body of a row: a model, `Xml`, or None."""
    if row.takes is None:
        return None
    media = content_type.partition(";")[0].strip().lower()
    if row.takes is Xml:
        if media != "application/xml":
            raise _unread(media, "application/xml")
        return Xml(body)
    # A body without a type is not read either: a web page can send one to any address, unasked.
    if (media or body) and media != "application/json" and not media.endswith("+json"):
        raise _unread(media, "application/json")
    assert issubclass(row.takes, Model)
    if not body:
        if row.body_required:
            raise Problem(
                codes.UNREADABLE,
                ["A non-empty request body is required."],
                why=both("the body is empty", "treść jest pusta"),
            )
        body = b"{}"
    try:
        found = row.takes.parse(body)
        # NUL travels in JSON as an escape alone; the other bodies are spared the walk.
        return storable(found) if rb"\u0000" in body else found
    except ValidationError as bad:
        raise problem(bad, row.takes) from None
    except UnicodeDecodeError:
        raise Problem(
            codes.UNREADABLE,
            ["The body is not UTF-8."],
            why=both("the JSON is not UTF-8", "JSON nie jest w UTF-8"),
        ) from None


def _unread(media: str, wanted: str) -> Plain:
    return Plain(
        415,
        f"Content-Type {media[:60]!r} is not read here; send {wanted}.",
        f"Content-Type {media[:60]!r} nie jest tu czytany; wyślij {wanted}",
    )


def read_query(row: Endpoint[Any], query_string: str, headers: Any) -> Any:
    """Query and header parameters of a row as its query model, or None."""
    if row.query is None:
        return None
    try:
        given = parse_qs(query_string, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        raise Problem(
            codes.INVALID_INPUT,
            ["The query has more than 200 parameters."],
            why=both("the query has more than 200 parameters", "zapytanie ma ponad 200 parametrów"),
        ) from None
    values: dict[str, Any] = {}
    for name, field in row.query.model_fields.items():
        alias = field.alias or name
        if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("in") == "header":
            if alias in headers:
                values[alias] = headers[alias]
        elif alias in given:
            values[alias] = given[alias] if _many(field) else _plain(field, given[alias][-1])
    try:
        # Text from an address, so numbers and booleans are read from text. (model_validate_strings
        # would be the word for it, but it refuses lists.)
        return storable(row.query.model_validate(values, strict=False))
    except ValidationError as bad:
        raise problem(bad, row.query) from None


def read_path(row: Endpoint[Any], names: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters in the path, once none of them holds a NUL; what else they are, handlers look at.

    Rows that have no 21405 compare theirs with the caller's own, and ask no database for it.
    """
    return storable(names) if codes.INVALID_INPUT.number in row.refuses else names


def storable(read: T) -> T:
    """What was read, once no text in it holds U+0000, which databases do not keep; else `Problem` 21405."""
    if places := list(_nul_places(read)):
        sentences = [f"'{place}' must not contain the character U+0000." for place in places[:50]]
        named = ", ".join(places[:5])
        why = both(
            f"the character U+0000 stands in {named}; databases do not keep it",
            f"w {named} jest znak U+0000, którego bazy danych nie przechowują",
        )
        raise Problem(codes.INVALID_INPUT, sentences, why=why)
    return read


def _nul_places(value: Any, place: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if "\0" in value:
            yield place
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _nul_places(getattr(value, name), f"{place}.{field.alias or name}".removeprefix("."))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _nul_places(each, f"{place}[{index}]")
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _nul_places(each, f"{place}.{name}".removeprefix("."))


def _many(field: FieldInfo) -> bool:
    return "list[" in str(field.annotation)


def _plain(field: FieldInfo, text: str) -> str:
    """The text, or "" (which is no value at all) for a number or boolean that only Python reads so."""
    kind = str(field.annotation)
    if ("int" in kind and _NUMBER.fullmatch(text) is None) or (
        "bool" in kind and text.lower() not in ("true", "false")
    ):
        return ""
    return text


#: Limits whose excess has a code of its own.
_OWN_CODES = {("fileParts", "too_long"): (codes.TOO_MANY_PARTS, codes.AT_MOST_50_PARTS)}


def problem(bad: ValidationError, model: type[Model]) -> Problem:
    """The refusal for what pydantic found."""
    found = bad.errors(include_url=False)
    for error in found:
        if error["loc"] and error["type"] in _NULLABLE and error["input"] is None:
            error["type"] = "missing"
    unreadable = [error for error in found if any(kind in error["type"] for kind in _UNREADABLE)]
    if unreadable:
        sentences = [f"{_place(error['loc']) or '$'}: {error['msg']}" for error in unreadable[:20]]
        places = ", ".join(_place(error["loc"]) or "$" for error in unreadable[:20])
        polish = f"nieczytelna wartość lub wartość innego typu w: {places}"
        return Problem(codes.UNREADABLE, sentences, why=both("; ".join(sentences), polish))
    for error in found:
        if own := _OWN_CODES.get((str(error["loc"][-1]), error["type"])):
            code, text = own
            place = _place(error["loc"])
            why = both(f"{place} is longer than KSeF takes", f"{place} jest dłuższe, niż przyjmuje KSeF")
            return Problem(code, [text], why=why)
    sentences = [_sentence(error, model) for error in found[:50]]
    polish = "; ".join(_in_polish(error) for error in found[:50])
    return Problem(codes.INVALID_INPUT, sentences, why=both("; ".join(sentences), polish))


def _place(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _sentence(error: Any, model: type[Model]) -> str:
    place, kind, limits = _place(error["loc"]), error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"'{place}' must not be empty."
    if kind == "string_too_short":
        return f"The length of '{place}' must be at least {limits['min_length']} characters."
    if kind == "string_too_long":
        return f"The length of '{place}' must be {limits['max_length']} characters or fewer."
    if kind in ("greater_than_equal", "less_than_equal"):
        if span := _span(error["loc"], model):
            return f"'{place}' must be between {span[0]} and {span[1]}. You entered {error['input']}."
        if kind == "greater_than_equal":
            return f"'{place}' must be greater than or equal to '{limits['ge']}'."
        # Of a part of an object the real validator says the bare name (seen on batchFile.fileSize).
        return f"'{error['loc'][-1]}' must be less than or equal to '{limits['le']}'."
    if kind in ("too_short", "too_long"):
        bound = limits.get("min_length", limits.get("max_length"))
        word = "at least" if kind == "too_short" else "at most"
        return f"'{place}' must contain {word} {bound} elements."
    if kind == "string_pattern_mismatch":
        return f"'{place}' is not in the correct format."
    if kind == "value_error":
        return f"'{place}' {error['msg'].removeprefix('Value error, ')}."
    return f"'{place}': {error['msg']}"


def _in_polish(error: Any) -> str:
    """What a sentence says, for the cause alone: the wire has it in English."""
    place, kind, limits = f"'{_place(error['loc'])}'", error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"brak {place}"
    if kind == "string_too_short":
        return f"{place} musi mieć co najmniej {limits['min_length']} znaków"
    if kind == "string_too_long":
        return f"{place} może mieć najwyżej {limits['max_length']} znaków"
    if kind == "greater_than_equal":
        return f"{place} musi wynosić co najmniej {limits['ge']}"
    if kind == "less_than_equal":
        return f"{place} może wynosić najwyżej {limits['le']}"
    if kind == "too_short":
        return f"{place} musi mieć co najmniej {limits['min_length']} elementów"
    if kind == "too_long":
        return f"{place} może mieć najwyżej {limits['max_length']} elementów"
    return f"{place} ma niepoprawną postać"


def _span(loc: tuple[int | str, ...], model: type[Model]) -> tuple[Any, Any] | None:
    """Both limits of a top-level field, for the `between` sentence."""
    for name, field in model.model_fields.items():
        if len(loc) == 1 and loc[0] in (name, field.alias):
            low = next((m.ge for m in field.metadata if isinstance(m, Ge) and m.ge != -(2**31)), None)
            high = next((m.le for m in field.metadata if isinstance(m, Le)), None)
            if low is not None and high is not None:
                return low, high
    return None
