"""The contexts somebody may enter, asked at the management door before they log in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from klucznik.crypto import authority
from klucznik.crypto.certs import fingerprint
from klucznik.testing import CannotManage, RunningKsef, local_ksef

from .door import Api, employee, firm, new_nip, new_pesel
from .granting import Granting, indirect, internal_id, to_entity, to_unit


@pytest.fixture(scope="module")
def house() -> Iterator[RunningKsef]:
    with local_ksef() as running:
        yield running


@pytest.fixture
def api(house: RunningKsef) -> Iterator[Api]:
    with Api(house) as door:
        yield door


def contexts(house: RunningKsef, who: tuple[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
    found = house.manage("GET", f"/contexts?type={who[0]}&value={who[1]}")["contexts"]
    return {(each["type"], each["value"]): each for each in found}


def test_a_company_enters_its_own(api: Api, house: RunningKsef) -> None:
    ania = firm(api)
    (own,) = contexts(house, ania.subject).values()
    assert (own["value"], own["owner"], own["blocked"], own["roles"]) == (ania.nip, True, False, [])
    assert "InvoiceWrite" in own["permissions"]


def test_a_person_enters_where_something_was_granted_and_nowhere_else(api: Api, house: RunningKsef) -> None:
    ania, other = firm(api), firm(api)
    jan = employee(api, ania.nip, "InvoiceRead")
    found = contexts(house, jan.subject)
    assert set(found) == {ania.context}
    assert found[ania.context]["permissions"] == ["InvoiceRead"]
    assert found[ania.context]["owner"] is False
    # What is offered opens, and what is not offered does not.
    assert api.attempt(jan.identity, ania.context)["code"] == 200
    assert api.attempt(jan.identity, other.context)["code"] == 415
    api.forbid(ania.nip, jan.subject)
    assert contexts(house, jan.subject) == {}
    assert contexts(house, ("Pesel", new_pesel())) == {}


def test_a_sole_trader_is_one_person(api: Api, house: RunningKsef) -> None:
    nip, pesel = new_nip(), new_pesel()
    api.testdata("person", nip=nip, pesel=pesel, isBailiff=True, description="for a test")
    elsewhere = firm(api)
    api.permit(elsewhere.nip, ("Nip", nip), "InvoiceRead")
    for who in (("Nip", nip), ("Pesel", pesel)):
        found = contexts(house, who)
        assert set(found) == {("Nip", nip), elsewhere.context}
        assert found["Nip", nip]["roles"] == ["CourtBailiff"]
        assert found["Nip", nip]["owner"]


def test_units_clients_and_strangers(api: Api, house: RunningKsef) -> None:
    at = Granting(api)
    office, client = firm(api, "Biuro"), firm(api, "Klient")
    unit = internal_id(office.nip)
    jan = ("Pesel", new_pesel())
    at.give(office.login, "subunits", to_unit(jan, unit))
    at.give(office.login, "indirect", indirect(jan, "InvoiceRead", target="all"))
    assert set(contexts(house, jan)) == {unit}
    # The client lets the office pass on what it holds: now those it passed on to may come.
    at.give(client.login, "entities", to_entity(office.nip, "InvoiceRead", delegate=True))
    found = contexts(house, jan)
    assert set(found) == {unit, client.context}
    assert found[client.context]["permissions"] == ["InvoiceRead"]


def test_the_deceased_enter_nothing_and_blocked_contexts_say_so(api: Api, house: RunningKsef) -> None:
    nip, pesel = new_nip(), new_pesel()
    api.testdata("person", nip=nip, pesel=pesel, isBailiff=False, isDeceased=True, description="for a test")
    assert contexts(house, ("Pesel", pesel)) == {}
    ania = firm(api)
    api.testdata("context/block", contextIdentifier={"type": "Nip", "value": ania.nip})
    assert contexts(house, ania.subject)[ania.context]["blocked"] is True


def test_fingerprints_and_peppol_providers(api: Api, house: RunningKsef) -> None:
    ania = firm(api)
    seal = authority.person("Hans", "Schmidt", pesel=new_pesel(), now=api.ksef.clock.now())
    api.permit(ania.nip, ("Fingerprint", fingerprint(seal.certificate)), "InvoiceRead")
    assert set(contexts(house, ("Fingerprint", fingerprint(seal.certificate)))) == {ania.context}
    (own,) = contexts(house, ("PeppolId", "PPL123456")).values()
    assert (own["type"], own["permissions"]) == ("PeppolId", ["PefInvoiceWrite"])


@pytest.mark.parametrize("query", ["", "type=Nip", "type=Name&value=Jan", "type=Nip&value=" + "1" * 65])
def test_who_is_meant_must_be_said(house: RunningKsef, query: str) -> None:
    with pytest.raises(CannotManage, match="Say who"):
        house.manage("GET", f"/contexts?{query}")


def test_causes_are_told_by_context(api: Api, house: RunningKsef) -> None:
    """What the portal shows: the refusals of the context somebody is logged in to, and no others."""
    ania, obcy = firm(api), firm(api)
    since = house.manage("GET", "/clock")["now"].replace("+", "%2B")
    for person in (ania, obcy):
        assert api.call("POST", "/tokens", person.login, body={"permissions": []}).status_code == 400
    found = house.manage("GET", f"/why?since={since}&context={ania.nip}")["causes"]
    assert [cause["context"] for cause in found] == [f"Nip {ania.nip}"]
