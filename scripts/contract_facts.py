"""Draw the facts out of KSeF's OpenAPI document, and leave its prose behind.

    python scripts/contract_facts.py [DOCUMENT] [--out FILE]

Facts are what a program must agree on: paths, parameters, schemas, codes, limits, permissions. No
description, example or title is kept. The file has one operation or schema a line, so that a change of
the contract shows as a readable diff, and carries the SHA-256 of the document it was made from.

The contract test runs the same function over the document that Klucznik makes from its own rows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OFFICIAL = ROOT.parent / "shared" / "ksef" / "openapi-2.9.0.json"
STORED = ROOT / "tests" / "contract" / "facts-2.9.0.json"

Facts = dict[str, Any]

#: Keywords of a schema that are facts as they stand.
_PLAIN = (
    "type",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
    "default",
)
#: A row of the table of refusals: `| 21405 | …`.
_CODE = re.compile(r"^\s*\|\s*(\d{4,5})\s*\|", re.MULTILINE)
#: The group of limits stands in the last cell of the table of HTTP 429.
_GROUP = re.compile(r"\|\s*([A-Za-z]+|-)\s*\|?\s*$")


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def schema_facts(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Facts:
    """Facts of one schema. A wrapper of a single `allOf` is the same as the reference in it.

    `named` are the named schemas: a wrapper that repeats what its target requires says nothing new.
    """
    facts: Facts = {key: schema[key] for key in _PLAIN if key in schema}
    reference = schema.get("$ref")
    if parts := schema.get("allOf"):
        if len(parts) != 1 or "$ref" not in parts[0]:
            raise ValueError(f"allOf of more than one reference is not understood: {parts}")
        reference = parts[0]["$ref"]
    if reference:
        facts["ref"] = _name(reference)
    if schema.get("nullable"):
        facts["nullable"] = True
    if "enum" in schema:
        facts["enum"] = sorted(schema["enum"])
    if "items" in schema:
        facts["items"] = schema_facts(schema["items"], named)
    if "additionalProperties" in schema:
        facts["values"] = schema_facts(schema["additionalProperties"], named)
    if "properties" in schema:
        facts["properties"] = {
            name: schema_facts(part, named) for name, part in sorted(schema["properties"].items())
        }
    required = sorted(schema.get("required", []))
    if required and not (reference and required == sorted(named[_name(reference)].get("required", []))):
        facts["required"] = required
    return facts


def _content(content: Mapping[str, Any], named: Mapping[str, Any]) -> Facts:
    return {media: schema_facts(body["schema"], named) for media, body in sorted(content.items())}


def _response(response: Mapping[str, Any], named: Mapping[str, Any]) -> Facts:
    facts: Facts = {}
    if headers := response.get("headers"):
        facts["headers"] = {
            name: schema_facts(header["schema"], named) for name, header in sorted(headers.items())
        }
    if content := response.get("content"):
        facts["content"] = _content(content, named)
    return facts


def operation_facts(operation: Mapping[str, Any], named: Mapping[str, Any]) -> Facts:
    """Facts of one operation; of its errors only the statuses, see `error_facts`."""
    responses: Mapping[str, Any] = operation["responses"]
    (success,) = (status for status in responses if status < "400")
    facts: Facts = {
        "bearer": bool(operation.get("security")),
        "rates": operation.get("x-rate-limits", {}),
        "success": {"status": success} | _response(responses[success], named),
        "errors": sorted(status for status in responses if status >= "400"),
    }
    if group := _GROUP.search(responses["429"]["description"].strip()):
        facts["group"] = "anonymous" if group[1] == "-" else group[1]
    if parameters := operation.get("parameters"):
        facts["parameters"] = {
            f"{parameter['in']} {parameter['name']}": schema_facts(parameter["schema"], named)
            | ({"required": True} if parameter.get("required") else {})
            for parameter in sorted(parameters, key=lambda p: (p["in"], p["name"]))
        }
    if body := operation.get("requestBody"):
        facts["body"] = _content(body["content"], named)
        if body.get("required"):
            facts["bodyRequired"] = True
    if permissions := operation.get("x-required-permissions"):
        facts["permissions"] = sorted(permissions)
    if codes := sorted({int(code) for code in _CODE.findall(responses["400"].get("description", ""))}):
        facts["refuses"] = codes
    return facts


def error_facts(document: Mapping[str, Any], named: Mapping[str, Any]) -> Facts:
    """What each error status carries, which is the same for all operations: told once."""
    facts: Facts = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if status >= "400" and facts.setdefault(status, _response(answer, named)) != _response(
                    answer, named
                ):
                    raise ValueError(f"{method.upper()} {path} answers {status} unlike the others")
    return facts


def document_facts(document: Mapping[str, Any]) -> Facts:
    """Facts of a whole OpenAPI document: `{"version", "errors", "operations", "schemas"}`."""
    named = document["components"]["schemas"]
    return {
        "version": document["info"]["version"],
        "errors": error_facts(document, named),
        "operations": {
            f"{method.upper()} {path}": operation_facts(operation, named)
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
        },
        "schemas": {name: schema_facts(schema, named) for name, schema in named.items()},
    }


def differences(made: Any, official: Any, at: str = "") -> Iterator[str]:
    """One line for each place where two sets of facts differ."""
    if isinstance(made, dict) and isinstance(official, dict):
        for key in sorted(made.keys() | official.keys()):
            yield from differences(made.get(key, "nothing"), official.get(key, "nothing"), f"{at} > {key}")
    elif made != official:
        yield f"{at.removeprefix(' > ')}: the contract says {official!r}, we say {made!r}"


def reached(facts: Facts) -> set[str]:
    """Names of the schemas that the operations lead to: the contract has two that none does."""

    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            if isinstance(part.get("ref"), str):
                yield part["ref"]
            for below in part.values():
                yield from references(below)

    waiting, found = [*references(facts["operations"]), *references(facts["errors"])], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += references(facts["schemas"][name])
    return found


def verdict(made: Facts, official: Facts) -> tuple[str, list[str]]:
    """How a document compares with the contract: in a sentence, and every difference."""
    wanted = {name: official["schemas"][name] for name in reached(official)}
    found = [
        *differences(made["operations"], official["operations"], "operations"),
        *differences(made["schemas"], wanted, "schemas"),
        *differences(made["errors"], official["errors"], "errors"),
    ]
    operations = len(official["operations"])
    return f"{len(found)} differences over {operations} operations and {len(wanted)} schemas", found


def make(document: Path) -> str:
    """The stored form of the facts, as text."""
    raw = document.read_bytes()
    facts = document_facts(json.loads(raw))

    def line(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def block(entries: Facts) -> str:
        return ",\n".join(f" {line(name)}: {line(entry)}" for name, entry in sorted(entries.items()))

    return (
        "{\n"
        f'"sha256": {line(hashlib.sha256(raw).hexdigest())},\n'
        f'"version": {line(facts["version"])},\n'
        f'"errors": {{\n{block(facts["errors"])}\n}},\n'
        f'"operations": {{\n{block(facts["operations"])}\n}},\n'
        f'"schemas": {{\n{block(facts["schemas"])}\n}}\n'
        "}\n"
    )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Draw the facts out of KSeF's OpenAPI document.")
    parser.add_argument("document", nargs="?", type=Path, default=OFFICIAL)
    parser.add_argument("--out", type=Path, default=STORED)
    chosen = parser.parse_args(arguments)
    text = make(chosen.document)
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(text, encoding="utf-8", newline="\n")
    print(f"{chosen.out}: {len(text.splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
