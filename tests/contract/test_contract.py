"""Every row and model says what the contract says: 0 differences over 83 operations and their schemas.

The facts of the contract are stored beside this file, made by `scripts/contract_facts.py` from the
Ministry's document. The same script draws the facts out of the document that Klucznik makes from its
rows; the two must agree.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import klucznik.wire
from klucznik.wire import ROWS, codes
from klucznik.wire.endpoint import LimitGroup
from klucznik.wire.limits import GROUPS
from klucznik.wire.openapi import document

HERE = Path(__file__).parent
SCRIPT = HERE.parent.parent / "scripts" / "contract_facts.py"

_spec = importlib.util.spec_from_file_location("contract_facts", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
contract_facts: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(contract_facts)

OFFICIAL: dict[str, Any] = json.loads((HERE / "facts-2.9.0.json").read_text(encoding="utf-8"))
MADE: dict[str, Any] = contract_facts.document_facts(document())


def agree(made: Any, official: Any, name: str) -> None:
    found = list(contract_facts.differences(made, official, name))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", sorted(MADE["operations"]))
def test_a_built_row_is_the_contracts(name: str) -> None:
    assert name in OFFICIAL["operations"], f"{name} is not in the contract"
    agree(MADE["operations"][name], OFFICIAL["operations"][name], name)


@pytest.mark.parametrize("name", sorted(MADE["schemas"]))
def test_a_built_model_is_the_contracts(name: str) -> None:
    assert name in OFFICIAL["schemas"], f"{name} is not in the contract"
    agree(MADE["schemas"][name], OFFICIAL["schemas"][name], name)


def test_errors_are_the_contracts() -> None:
    agree(MADE["errors"], OFFICIAL["errors"], "errors")


def test_the_document_holds_every_built_row_and_no_other() -> None:
    assert set(MADE["operations"]) == {f"{method} {path}" for method, path in ROWS}


def test_the_whole_contract_is_built() -> None:
    """What `docs/fidelity.md` says first: no row left out, no schema left out or one too many."""
    sentence, found = contract_facts.verdict(MADE, OFFICIAL)
    assert not found, "\n".join(found)
    assert sentence == "0 differences over 83 operations and 304 schemas"


def test_importing_wire_imports_every_row() -> None:
    before = set(ROWS)
    for module in pkgutil.iter_modules(klucznik.wire.__path__, "klucznik.wire."):
        importlib.import_module(module.name)
    assert set(ROWS) == before


def test_every_operation_of_the_contract_has_the_figures_of_its_group() -> None:
    seen = set()
    for name, facts in OFFICIAL["operations"].items():
        group = LimitGroup(facts["group"])
        seen.add(group)
        rates = GROUPS[group]
        figures = {"perSecond": rates.per_second, "perMinute": rates.per_minute, "perHour": rates.per_hour}
        assert facts["rates"] == {key: figure for key, figure in figures.items() if figure != -1}, name
    assert seen == set(GROUPS) == set(LimitGroup)


def test_every_listed_refusal_has_a_code() -> None:
    listed = {number for row in ROWS.values() for number in row.refuses}
    assert listed <= set(codes.CODES)


official_document = pytest.mark.skipif(
    not contract_facts.OFFICIAL.exists(),
    reason="the Ministry's document is not here: stored facts cannot be made anew",
)


@official_document
def test_stored_facts_are_those_of_the_document() -> None:
    stored = (HERE / "facts-2.9.0.json").read_text(encoding="utf-8")
    made = contract_facts.make(contract_facts.OFFICIAL)
    assert made == stored, "run scripts/contract_facts.py"


def _refusal_tables() -> Iterator[tuple[str, int, str, str]]:
    """(operation, number, description, detail) of every line of every table of refusals."""
    whole = json.loads(contract_facts.OFFICIAL.read_bytes())
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            for line in operation["responses"]["400"]["description"].splitlines():
                cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
                if cells[0].isdigit():
                    yield f"{method.upper()} {path}", int(cells[0]), cells[1], cells[2]


def _shape(text: str) -> str:
    """A template without the names of its places, which are ours and theirs."""
    return re.sub(r"{[^}]*}", "{}", text)


@official_document
def test_descriptions_of_codes_are_byte_for_byte() -> None:
    compared = set()
    for operation, number, description, _ in _refusal_tables():
        # Collective identifiers word this one differently (ksef-number.md section 3).
        other_words = number == 21418 and operation.split()[1].startswith("/collective-identifiers")
        if number in codes.CODES:
            code = codes.BAD_COLLECTIVE_TOKEN if other_words else codes.CODES[number]
            assert code.description == description, operation
            compared.add(number)
    assert compared == set(codes.CODES)


@official_document
def test_details_of_built_rows_are_byte_for_byte() -> None:
    ours = {_shape(value) for value in vars(codes).values() if isinstance(value, str)}
    built = {f"{method} {path}" for method, path in ROWS}
    prose = {
        "",
        "{}",  # text of the validator
        "Informacja o brakujących uprawnieniach.",
        "Informacja o aktualnym i dozwolonych typach kontekstu.",
    }
    wanted = {_shape(detail) for operation, _, _, detail in _refusal_tables() if operation in built}
    assert wanted - prose - ours == set()
    assert len(wanted - prose) > 15


def test_a_difference_is_told_in_words() -> None:
    official = {"properties": {"pageSize": {"maximum": 100}, "status": {"ref": "StatusInfo"}}}
    made = {"properties": {"pageSize": {"maximum": 99}}}
    assert list(contract_facts.differences(made, official, "Query")) == [
        "Query > properties > pageSize > maximum: the contract says 100, we say 99",
        "Query > properties > status: the contract says {'ref': 'StatusInfo'}, we say 'nothing'",
    ]
