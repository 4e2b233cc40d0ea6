"""Generated requests against a running KSeF: no failure of ours, nothing that the contract does not say.

schemathesis reads the Ministry's document (or, where it is not here, the one made from our rows). Requests
are of four kinds: a valid one for each operation (`valid_requests`); the boundary cases of its schema; random
ones, in order and wrong, both mixed with the valid one; and the valid one with a hostile value in each place
in turn (`hostile`).

Short and always alike by default. `KLUCZNIK_REQUESTS=400 pytest -s tests/contract/test_schemathesis.py`
takes every boundary case, every hostile value, and that many random requests of each sort and operation.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeVar

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.schemas import OpenApiSchema

from klucznik.testing import local_ksef
from klucznik.wire import ROWS
from klucznik.wire.openapi import document

from .hostile import Shot, shots
from .seeded import World
from .storage import watched
from .test_contract import contract_facts
from .thrower import UNDOCUMENTED, Case, Thrower, method_and_path
from .valid_requests import VALID

T = TypeVar("T")

#: Random requests of each sort for each operation; 0 is the short run.
COUNT = int(os.environ.get("KLUCZNIK_REQUESTS", "0"))
#: How many boundary cases and hostile requests of an operation the short run takes at most.
BOUNDARIES, HOSTILE, RANDOM = 40, 16, 4
#: How wrong data is refused. 404 and 405: a wrong path may be another path.
REFUSED = [400, 401, 403, 404, 405, 410, 413, 415, 429]
NAMES = [f"{method} {path}" for method, path in ROWS]
#: Those that ask for a token.
ASKING = [name for name in NAMES if ROWS[method_and_path(name)].bearer != "anonymous"]
MODES = list(schemathesis.GenerationMode)

pytestmark = pytest.mark.slow


def settings() -> schemathesis.Config:
    """What to generate: no security parameters (their token is a real one), every odd text."""
    generation = {"with-security-parameters": False, "allow-x00": True, "database": "none"}
    # TRACE and CONNECT are not ours to answer; HEAD and OPTIONS belong to whoever stands before us.
    coverage = {"generate-duplicate-query-parameters": True, "unexpected-methods": ["PATCH", "QUERY"]}
    return schemathesis.Config.from_dict(
        {
            "generation": generation,
            "phases": {"coverage": coverage},
            "checks": {"negative_data_rejection": {"expected-statuses": REFUSED}},
        }
    )


@pytest.fixture(scope="module")
def contract() -> OpenApiSchema:
    whole = document()
    if contract_facts.OFFICIAL.exists():
        whole = json.loads(contract_facts.OFFICIAL.read_bytes())
    return schemathesis.openapi.from_dict(whole, config=settings())


@pytest.fixture(scope="module")
def unfit() -> Iterator[list[str]]:
    """Statements of the local KSeF that PostgreSQL would refuse."""
    with watched() as found:
        yield found


@pytest.fixture(scope="module")
def world(unfit: list[str]) -> Iterator[World]:
    with local_ksef() as running:
        world = World(running)
        yield world
        world.close()


@pytest.fixture(scope="module")
def thrower(world: World, contract: OpenApiSchema) -> Iterator[Thrower]:
    with requests.Session() as http:
        http.trust_env = False
        yield Thrower(world, contract, http)


def some(of: Iterable[T], most: int) -> list[T]:
    """All of them in the long run; in the short one at most so many, evenly spread."""
    every = list(of)
    step = 1 if COUNT else max(1, -(-len(every) // most))
    return every[::step]


def test_every_operation_has_a_valid_request(contract: OpenApiSchema) -> None:
    labels = {found.ok().label for found in contract.get_all_operations() if isinstance(found, Ok)}
    assert len(NAMES) == 83
    assert set(VALID) == set(NAMES) == labels


@pytest.mark.parametrize("name", NAMES)
def test_a_valid_request_succeeds(name: str, thrower: Thrower) -> None:
    answer = thrower.send(thrower.case(name))
    assert thrower.succeeded(name) == 1, (answer.status_code, answer.text)


@pytest.mark.parametrize("name", ASKING)
def test_nobody_is_answered_without_a_token(name: str, thrower: Thrower) -> None:
    for given in (b"", b"Bearer x.y.z", b"Basic YTpi"):
        path = thrower.valid(name).call.row.path
        answer = thrower.shoot(name, Shot("token", path, headers=(("Authorization", given),)))
        assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("name", NAMES)
def test_boundary_cases_are_answered_by_the_contract(name: str, thrower: Thrower) -> None:
    operation = thrower.operation(name)
    generation = operation.schema.config.generation_for(operation=operation, phase="coverage")
    cases = operation.schema.iter_coverage_cases(
        operation, generation_modes=MODES, generation_config=generation
    )
    for case in some(cases, BOUNDARIES):
        thrower.throw(case)


@pytest.mark.parametrize("name", NAMES)
def test_random_requests_are_answered_by_the_contract(name: str, thrower: Thrower) -> None:
    operation = thrower.operation(name)
    for mode in MODES:
        # Where nothing is asked, nothing can be wrong.
        if mode.is_negative and not (operation.body or any(operation.iter_parameters())):
            continue

        @hypothesis.settings(
            max_examples=COUNT or RANDOM,
            derandomize=COUNT == 0,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def throw(case: Case) -> None:
            thrower.throw(case)

        throw()


@pytest.mark.parametrize("name", NAMES)
def test_hostile_values_are_answered_by_the_contract(name: str, thrower: Thrower) -> None:
    for shot in some(shots(thrower, name), HOSTILE):
        thrower.shoot(name, shot)


def test_every_undocumented_status_has_its_case(thrower: Thrower) -> None:
    """The list of exceptions holds no status that never comes, and each comes as its reason says."""
    metadata = "POST /invoices/query/metadata"
    path = "/invoices/query/metadata"
    seen = {
        thrower.shoot(metadata, shot).status_code
        for shot in (
            Shot("an empty part", "/invoices//metadata", content=b"{}"),
            Shot("large", path, content=b" " * 2_000_001),
            Shot("another type", path, content=b"{}", headers=(("Content-Type", b"text/plain"),)),
        )
    }
    method = thrower.case(metadata)
    method.method = "PATCH"
    seen.add(thrower.send(method).status_code)
    assert seen == set(UNDOCUMENTED)


def test_nothing_reached_the_database_that_postgresql_refuses(thrower: Thrower, unfit: list[str]) -> None:
    by_status = Counter[int]()
    for (_, status), times in thrower.seen.items():
        by_status[status] += times
    succeeded = sum(1 for name in NAMES if thrower.succeeded(name))
    print(f"\n{by_status.total()} requests, {succeeded} operations with success, {dict(by_status)}")
    assert not unfit
