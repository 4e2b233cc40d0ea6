"""Throwing requests at a running KSeF, and judging what comes back by the official document.

A generated request is mixed with a valid one (`valid_requests`): numbers that exist, bodies that are half
in order, the token that the operation asks for. So it gets past the first refusal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit
from zlib import crc32

import requests
import schemathesis
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.schemas import OpenApiSchema

from klucznik.wire import ROWS
from klucznik.wire.base import Model

from .seeded import World
from .valid_requests import VALID, Valid

if TYPE_CHECKING:
    from .hostile import Shot

Json: TypeAlias = Any
Case: TypeAlias = schemathesis.Case[Any]

#: What the contract says of every answer. `positive_data_acceptance` is left out: a schema knows nothing of
#: what exists and who may do what.
CHECKS: Final[list[CheckFunction]] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]


@dataclass(frozen=True)
class Undocumented:
    """A status that no operation documents: why it is answered all the same, and when it may be."""

    reason: str
    fits: Callable[[Case, schemathesis.Response], bool]


def _odd_path(case: Case, answer: schemathesis.Response) -> bool:
    sent = urlsplit(str(answer.request.url)).path.removeprefix("/v2").strip("/").split("/")
    return "" in sent or len(sent) != len(case.path.strip("/").split("/"))


def _other_method(case: Case, answer: schemathesis.Response) -> bool:
    allowed = answer.headers["allow"][0].split(", ")
    return case.method.upper() not in allowed and (
        case.method.lower() not in set(case.operation.schema[case.path]) or _odd_path(case, answer)
    )


def _too_large(_: Case, answer: schemathesis.Response) -> bool:
    return int(answer.request.headers["Content-Length"]) > 2_000_000


def _other_media(case: Case, answer: schemathesis.Response) -> bool:
    sent = str(answer.request.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
    return sent not in {each.media_type for each in case.operation.body}


#: docs/divergences.md, "Undocumented statuses".
UNDOCUMENTED: Final[dict[int, Undocumented]] = {
    404: Undocumented("no operation has such a path: a part of it is empty", _odd_path),
    405: Undocumented("the path has other methods, which Allow names", _other_method),
    413: Undocumented("the body is larger than the largest that is read", _too_large),
    415: Undocumented("the body is of another media type than the operation reads, or of none", _other_media),
}
#: Properties of their body, which the contract does not describe either.
_PLAIN: Final = {"title", "status", "detail", "instance", "traceId"}


@dataclass
class Thrower:
    """Requests on their way, and the count of what came back."""

    world: World
    schema: OpenApiSchema
    http: requests.Session
    #: (operation, status): how often.
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    _valid: dict[str, Valid] = field(default_factory=dict)

    def valid(self, name: str) -> Valid:
        """A valid request; the same one until it is used up."""
        if name not in self._valid:
            self._valid[name] = VALID[name](self.world)
        return self._valid[name]

    def operation(self, name: str) -> APIOperation[Any, Any, Any, Any]:
        method, path = method_and_path(name)
        return self.schema[path][method]

    def case(self, name: str) -> Case:
        """A valid request as a case of its operation."""
        valid = self.valid(name)
        parts = parts_of(valid)
        body: dict[str, Any] = {}
        if valid.call.body is not None:
            media = "application/json" if isinstance(valid.call.body, Model) else "application/xml"
            body = {"body": parts.body, "media_type": media}
        return self.operation(name).Case(
            path_parameters=dict(valid.call.path), query=parts.query, headers=parts.headers, **body
        )

    def throw(self, case: Case) -> schemathesis.Response:
        """Mix a generated case with a valid request, send it, judge the answer."""
        mix(case, self.valid(case.operation.label))
        return self.send(case)

    def send(self, case: Case) -> schemathesis.Response:
        """Send a case as it is, with the token its operation asks for, and judge the answer."""
        name = case.operation.label
        valid = self.valid(name)
        headers = {"Authorization": f"Bearer {valid.bearer.text()}"} if valid.bearer else {}
        # Both error formats, turn by turn.
        if self.seen.total() % 2:
            headers["X-Error-Format"] = "problem-details"
        answer = case.call(base_url=self.world.running.url, session=self.http, headers=headers)
        self.judge(case, answer)
        return answer

    def shoot(self, name: str, shot: Shot) -> schemathesis.Response:
        """Send bytes as they are, and judge the answer."""
        valid = self.valid(name)
        case = self.case(name)
        headers: dict[str, bytes] = {}
        if shot.content is not None:
            headers["Content-Type"] = (case.media_type or "").encode()
        if valid.bearer:
            headers["Authorization"] = f"Bearer {valid.bearer.text()}".encode()
        headers |= dict(shot.headers)
        request = requests.Request(case.method, self.world.running.url, data=shot.content, headers=headers)
        prepared = self.http.prepare_request(request)
        # The library would tidy up the address.
        prepared.url = self.world.running.url + shot.path + (f"?{shot.query}" if shot.query else "")
        answer = schemathesis.Response.from_any(self.http.send(prepared))
        self.judge(case, answer)
        return answer

    def judge(self, case: Case, answer: schemathesis.Response) -> None:
        """Raise for what the contract, and our list of exceptions to it, do not allow."""
        name, status = case.operation.label, answer.status_code
        self.seen[name, status] += 1
        changed = status < 300 and not is_reading(name)
        if changed or status in (401, 403, 429):
            self._valid.pop(name, None)
        if undocumented := UNDOCUMENTED.get(status):
            assert undocumented.fits(case, answer), (answer.request.method, answer.request.url, answer.text)
            assert answer.headers["content-type"][0].startswith("application/problem+json")
            assert set(answer.json()) == _PLAIN, answer.text
        else:
            case.validate_response(answer, checks=CHECKS)

    def succeeded(self, name: str) -> int:
        """How often an operation answered as the contract documents success."""
        return self.seen[name, ROWS[method_and_path(name)].status]


def method_and_path(name: str) -> tuple[str, str]:
    method, path = name.split(" ")
    return method, path


def is_reading(name: str) -> bool:
    """Whether an operation leaves everything as it was."""
    return name.startswith("GET") or "/query" in name


@dataclass(frozen=True)
class Parts:
    """What a call sends, as JSON values: what schemathesis calls the containers of a case."""

    query: dict[str, Json]
    headers: dict[str, str]
    body: Json


def parts_of(valid: Valid) -> Parts:
    """Query, header parameters and body of a valid request."""
    query: dict[str, Json] = {}
    headers: dict[str, str] = {}
    if valid.call.query is not None:
        values = json.loads(valid.call.query.json_bytes())
        for name, info in type(valid.call.query).model_fields.items():
            wire_name = info.alias or name
            extra = info.json_schema_extra
            if wire_name in values:
                at_head = isinstance(extra, dict) and extra.get("in") == "header"
                (headers if at_head else query)[wire_name] = values[wire_name]
    body = valid.call.body
    return Parts(query, headers, json.loads(body.json_bytes()) if isinstance(body, Model) else body)


def mix(case: Case, valid: Valid) -> None:
    """Put parts of a valid request into a generated one, wherever that was not made to be wrong.

    Which parts is decided by the generated values themselves, so that a case is always mixed alike.
    """
    parts = parts_of(valid)
    for location, name, whole in (
        (ParameterLocation.PATH, "path_parameters", dict(valid.call.path)),
        (ParameterLocation.QUERY, "query", parts.query),
        (ParameterLocation.BODY, "body", parts.body),
    ):
        generated = getattr(case, name)
        wrong = case.meta is not None and case.meta.is_negative_at(location)
        if not wrong and isinstance(whole, dict) and isinstance(generated, dict):
            both = mixed(generated, whole)
            # Setting it has schemathesis judge the case anew, by values that are escaped by now.
            if both != generated:
                setattr(case, name, both)


def mixed(generated: Json, whole: Json) -> Json:
    """Leaves of `generated`, some of them replaced by those of `whole` that stand in the same place."""
    match generated, whole:
        case dict(), dict():
            return {
                name: mixed(value, whole[name]) if name in whole else value
                for name, value in generated.items()
            }
        case list(), list() if whole:
            return [mixed(each, whole[at % len(whole)]) for at, each in enumerate(generated)]
    return whole if crc32(repr(generated).encode("utf-8", "surrogatepass")) % 4 else generated
