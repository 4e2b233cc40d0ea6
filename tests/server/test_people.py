"""Whom one may be in a rehearsal, asked at the management door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from klucznik.testing import RunningKsef, local_ksef

from .door import new_nip, new_pesel


@pytest.fixture(scope="module")
def house() -> Iterator[RunningKsef]:
    with local_ksef() as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(house: RunningKsef) -> None:
    house.reset()


def test_nobody_at_first(house: RunningKsef) -> None:
    assert house.manage("GET", "/persons") == {"persons": [], "companies": []}


def test_persons_of_the_test_data_the_newest_first(house: RunningKsef) -> None:
    first, second = (
        {"nip": new_nip(), "pesel": new_pesel(), "isBailiff": bailiff, "description": f"firm {bailiff}"}
        for bailiff in (False, True)
    )
    house.seed({"persons": [{**first, "createdDate": "2026-01-01T00:00:00Z"}, second]})
    found = house.manage("GET", "/persons")["persons"]
    assert [each["pesel"] for each in found] == [second["pesel"], first["pesel"]]
    assert found[0]["nip"] == second["nip"]
    assert found[0]["isBailiff"] is True
    assert found[0]["isDeceased"] is False
    assert found[0]["description"] == "firm True"


def test_whoever_holds_a_permission_is_a_person_too_and_once(house: RunningKsef) -> None:
    nip, pesel = new_nip(), new_pesel()
    for permission in ("InvoiceRead", "InvoiceWrite"):
        house.seed(
            {
                "grants": [
                    {
                        "contextIdentifier": {"type": "Nip", "value": nip},
                        "authorizedIdentifier": {"type": "Pesel", "value": pesel},
                        "permissions": [{"permissionType": permission, "description": "reads"}],
                    }
                ]
            }
        )
    (person,) = house.manage("GET", "/persons")["persons"]
    assert (person["pesel"], person["nip"], person["description"]) == (pesel, None, "reads")


def test_companies_with_a_role_and_their_units(house: RunningKsef) -> None:
    group, unit = new_nip(), new_nip()
    units = [{"subjectNip": unit, "description": "the unit"}]
    house.seed({"companies": [{"subjectNip": group, "subjectType": "VatGroup", "subunits": units}]})
    found = {each["nip"]: each for each in house.manage("GET", "/persons")["companies"]}
    assert found[group]["role"] == "VatGroupUnit"
    assert found[group]["parent"] is None
    assert (found[unit]["role"], found[unit]["parent"]) == ("VatGroupSubUnit", group)
