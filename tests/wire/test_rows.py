"""Rows and the document made from them, beyond what the contract test compares."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from klucznik.wire import ROWS, auth, invoices, security, sessions, testdata, tokens
from klucznik.wire.endpoint import PATH_TYPES, Call, Endpoint, Nothing
from klucznik.wire.openapi import document
from klucznik.wire.tokens import GenerateTokenRequest, TokenPermissionType

DOCUMENT = document()


@pytest.mark.parametrize(
    ("row", "bearer"),
    [
        (auth.CHALLENGE, "anonymous"),
        (auth.XADES_SIGNATURE, "anonymous"),
        (auth.KSEF_TOKEN, "anonymous"),
        (auth.STATUS, "authentication"),
        (auth.REDEEM, "authentication"),
        (auth.REFRESH, "refresh"),
        (auth.SESSIONS, "access"),
        (auth.REVOKE_CURRENT, "access-or-refresh"),
        (auth.REVOKE, "access"),
        (security.PUBLIC_KEYS, "anonymous"),
        (tokens.GENERATE, "access"),
        (sessions.SEND, "access"),
        (invoices.DOWNLOAD, "access"),
        (testdata.PERSON_CREATE, "anonymous"),
        (testdata.CONTEXT_BLOCK, "anonymous"),
    ],
)
def test_each_call_asks_for_its_kind_of_bearer(row: Endpoint[Any], bearer: str) -> None:
    """The contract says only "Bearer"; which JWT it must be: auth.md sections 1, 6 and 8."""
    assert row.bearer == bearer


def test_an_operation_is_described_once() -> None:
    before = dict(ROWS)
    with pytest.raises(ValueError, match="GET /tokens is described twice"):
        Endpoint("GET", "/tokens", None, Nothing, 200)
    assert before == ROWS


def test_every_path_name_has_a_type() -> None:
    named = {name for row in ROWS.values() for name in row.path_names}
    assert named == set(PATH_TYPES)
    assert sessions.UPO_PAGE.path_names == ["referenceNumber", "upoReferenceNumber"]


def test_a_call_is_data_and_does_not_show_its_body() -> None:
    body = GenerateTokenRequest(permissions=[TokenPermissionType.InvoiceRead], description="ERP of Ania")
    call = tokens.GENERATE(body)
    assert isinstance(call, Call)
    assert (call.row, call.body, call.path) == (tokens.GENERATE, body, {})
    assert repr(call) == "Call(POST /tokens)"
    assert tokens.READ(referenceNumber="x").path == {"referenceNumber": "x"}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for part in node.values():
            yield from references(part)
    elif isinstance(node, list):
        for part in node:
            yield from references(part)


def test_the_document_is_whole() -> None:
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT
    for reference in references(DOCUMENT):
        assert reference.removeprefix("#/components/schemas/") in DOCUMENT["components"]["schemas"]
    for operations in DOCUMENT["paths"].values():
        for operation in operations.values():
            assert all(answer["description"] for answer in operation["responses"].values())


def test_the_document_is_openapi_3_0_and_carries_no_word_of_our_own() -> None:
    """Neither the dialect of pydantic (JSON Schema 2020-12) nor our marks may reach a reader."""

    def keys(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            yield from node
            for part in node.values():
                yield from keys(part)
        elif isinstance(node, list):
            for part in node:
                yield from keys(part)

    assert DOCUMENT["openapi"].startswith("3.0.")
    foreign = {"anyOf", "const", "$defs", "prefixItems", "x-schema", "x-inline", "x-not-null"}
    assert not foreign & set(keys(DOCUMENT))


def test_the_document_is_served_under_any_address() -> None:
    made = document("http://127.0.0.1:8090/v2")
    assert made["servers"] == [{"url": "http://127.0.0.1:8090/v2"}]
    assert made["paths"] == DOCUMENT["paths"]


def test_importing_the_rows_loads_nothing_heavy() -> None:
    """Both sides import `wire` at every start; XML, cryptography and HTTP stay out of it."""
    program = "import sys, klucznik.wire; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"lxml", "cryptography", "httpx2", "sqlalchemy", "starlette"} & set(loaded.stdout.split())
