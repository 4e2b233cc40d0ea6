"""The OpenAPI 3.0 document of what is built, made from the rows and their models.

It is for tools that want a document, and for the contract test: the facts drawn from it must equal the
facts drawn from the Ministry's document. Nobody edits it; a row or a model is changed instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from klucznik.wire import ROWS, problems
from klucznik.wire.base import Sha256HashBase64
from klucznik.wire.codes import CODES
from klucznik.wire.endpoint import PATH_TYPES, Endpoint, LimitGroup, Nothing, Xml
from klucznik.wire.limits import GROUPS

Json = dict[str, Any]

_COMPONENTS: Final = "#/components/schemas/"
_INTEGER_BOUNDS: Final = {
    "int32": (-(2**31), 2**31),
    "int64": (-(2**63), 2**63),
}

_ERRORS: Final[dict[int, dict[str, type[Any]]]] = {
    400: {
        "application/json": problems.ExceptionResponse,
        "application/problem+json": problems.BadRequestProblemDetails,
    },
    401: {"application/problem+json": problems.UnauthorizedProblemDetails},
    403: {"application/problem+json": problems.ForbiddenProblemDetails},
    410: {"application/problem+json": problems.GoneProblemDetails},
    429: {
        "application/json": problems.TooManyRequestsResponse,
        "application/problem+json": problems.TooManyRequestsProblemDetails,
    },
}


class _Components:
    """Named schemas, collected while the paths are written."""

    def __init__(self, models: list[Any]) -> None:
        _, found = models_json_schema(
            [(model, "validation") for model in models], by_alias=True, ref_template=_COMPONENTS + "{model}"
        )
        self.raw: Json = found.get("$defs", {})
        self.schemas: Json = {}
        for name, schema in self.raw.items():
            if not schema.get("x-inline"):
                self.schemas[name] = self.plain(schema)

    def of(self, model: type[Any]) -> Json:
        """The schema of a body: a reference, or the thing itself where the contract has no name for it."""
        return self.plain({"$ref": _COMPONENTS + model.__name__})

    def plain(self, schema: Mapping[str, Any]) -> Json:
        """What pydantic writes (JSON Schema 2020-12), put as OpenAPI 3.0 and as the contract puts it."""
        left = {key: value for key, value in schema.items() if key not in ("title", "x-inline")}
        if "anyOf" in left:
            return self._optional(left)
        if reference := left.pop("$ref", None):
            name = reference.removeprefix(_COMPONENTS)
            if self.raw.get(name, {}).get("x-inline"):
                return self.plain(self.raw[name])
            return {"allOf": [{"$ref": reference}]} | left if left else {"$ref": reference}
        if name := left.pop("x-schema", None):
            default = {"default": left.pop("default")} if "default" in left else {}
            self.schemas[name] = self.plain(left)
            return self.plain({"$ref": _COMPONENTS + name} | default)
        if "const" in left:
            left["enum"] = [left.pop("const")]
        if bounds := _INTEGER_BOUNDS.get(left.get("format", "")):
            left = {
                key: value
                for key, value in left.items()
                if (key, value) not in (("minimum", bounds[0]), ("exclusiveMaximum", bounds[1]))
            }
        if "items" in left:
            left["items"] = self.plain(left["items"])
        if (values := left.get("additionalProperties")) is not None:
            left["additionalProperties"] = {"nullable": True} if values is True else self.plain(values)
        if "properties" in left:
            left["properties"] = {name: self.plain(part) for name, part in left["properties"].items()}
        return left

    def _optional(self, schema: Json) -> Json:
        """`T | None`: nullable, unless the field may only be left out; a default of None says nothing."""
        (kept,) = (part for part in schema.pop("anyOf") if part != {"type": "null"})
        null = {} if schema.pop("x-not-null", False) else {"nullable": True}
        if schema.get("default", ...) is None:
            del schema["default"]
        inner = self.plain(kept)
        if "$ref" in inner and (null or schema):
            inner = {"allOf": [inner]}
        return inner | schema | null


def _parameters(row: Endpoint[Any], components: _Components) -> list[Json]:
    written: list[Json] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": components.plain(TypeAdapter(PATH_TYPES[name]).json_schema()),
        }
        for name in row.path_names
    ]
    if row.query is None:
        return written
    model = components.raw[row.query.__name__]
    for name, part in model["properties"].items():
        schema = components.plain(part)
        schema.pop("nullable", None)
        if set(schema) == {"allOf"}:
            (schema,) = schema["allOf"]
        place = schema.pop("in", "query")
        required = {"required": True} if name in model.get("required", []) else {}
        written.append({"name": name, "in": place, "schema": schema} | required)
    return written


def _refusals(row: Endpoint[Any]) -> str:
    lines = ["| ExceptionCode | ExceptionDescription |", "|-|-|"]
    lines += [f"| {number} | {CODES[number].description} |" for number in row.refuses]
    return "\n".join(lines)


def _rates(group: LimitGroup) -> tuple[Json, str]:
    """The figures without the unlimited ones, and the table that names the group."""
    rates = GROUPS[group]
    figures = {"perSecond": rates.per_second, "perMinute": rates.per_minute, "perHour": rates.per_hour}
    cells = " | ".join("-" if figure < 0 else str(figure) for figure in figures.values())
    name = "-" if group is LimitGroup.anonymous else group.value
    table = f"| per second | per minute | per hour | group |\n|-|-|-|-|\n| {cells} | {name} |"
    return {key: figure for key, figure in figures.items() if figure >= 0}, table


def _success(row: Endpoint[Any], components: _Components) -> Json:
    headers = {"X-System-Warning": {"schema": {"$ref": _COMPONENTS + "SystemWarning"}}}
    answer: Json = {"description": HTTPStatus(row.status).phrase, "headers": headers}
    if row.gives is Xml:
        headers["x-ms-meta-hash"] = {"schema": {"$ref": _COMPONENTS + "Sha256HashBase64"}}
        answer["content"] = {"application/xml": {"schema": {"type": "string"}}}
    elif row.gives is not Nothing:
        answer["content"] = {"application/json": {"schema": components.of(row.gives)}}
    return answer


def _operation(row: Endpoint[Any], components: _Components) -> Json:
    figures, table = _rates(row.limits)
    statuses = [400, 429]
    if row.bearer != "anonymous":
        statuses += [401, 403]
    if row.gone:
        statuses.append(410)
    responses: Json = {str(row.status): _success(row, components)}
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {media: {"schema": components.of(model)} for media, model in _ERRORS[status].items()},
        }
    if row.refuses:
        responses["400"]["description"] = _refusals(row)
    responses["429"]["description"] = table
    responses["429"]["headers"] = {"Retry-After": {"schema": {"$ref": _COMPONENTS + "RetryAfter"}}}

    operation: Json = {"tags": [row.path.split("/")[1]], "responses": responses, "x-rate-limits": figures}
    if parameters := _parameters(row, components):
        operation["parameters"] = parameters
    if row.takes is Xml:
        operation["requestBody"] = {
            "content": {"application/xml": {"schema": {"type": "string"}}},
            "required": True,
        }
    elif row.takes is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": components.of(row.takes)}}}
    if row.bearer != "anonymous":
        operation["security"] = [{"Bearer": []}]
    if row.permissions:
        operation["x-required-permissions"] = list(row.permissions)
    return operation


def document(server: str = "/v2") -> Json:
    """The whole document, as JSON-ready objects. `server` is the base of all paths."""
    rows = list(ROWS.values())
    bodies = {model for row in rows for model in (row.takes, row.gives) if model not in (None, Xml, Nothing)}
    queries = {row.query for row in rows if row.query is not None}
    errors = {model for by_media in _ERRORS.values() for model in by_media.values()}
    components = _Components(sorted(bodies | queries | errors, key=lambda model: model.__name__))
    components.plain(TypeAdapter(Sha256HashBase64).json_schema())

    paths: Json = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, components)
    schemas = components.schemas | {
        "SystemWarning": {"type": "string"},
        "RetryAfter": {"type": "integer", "format": "int32"},
    }
    for query in queries:  # parameters, not bodies: they have no name in the contract
        del schemas[query.__name__]
    return {
        "openapi": "3.0.4",
        "info": {
            "title": "Klucznik, a local KSeF",
            "version": "v2",
            "description": "A test double of KSeF API 2.9.0 for your own machine; not the Ministry's.",
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"Bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
