"""NIP and PESEL with a wrong check digit: KSeF takes them on its test environment; pages too, with a word."""

from __future__ import annotations

import re

from .granting import JAN, at_api, grant
from .person import Visitor, new_nip, new_pesel

WORD = "mistyped? Its last digit does not fit"


def wrong(number: str) -> str:
    """The same with another check digit."""
    return f"{number[:-1]}{(int(number[-1]) + 1) % 10}"


def test_a_company_and_its_owner_are_made_and_log_in(stranger: Visitor) -> None:
    nip, pesel = wrong(new_nip()), wrong(new_pesel())
    page = stranger.post("/start", given="Ewa", surname="Lis", company="Sklep pod Lipą", nip=nip, pesel=pesel)
    assert page.count(WORD) == 2, "a word on each, once"
    page = stranger.post("/login/context", context=f"Nip {nip}")
    assert 'class="who"' in page


def test_somebody_logs_in_by_it(stranger: Visitor) -> None:
    stranger.nip = stranger.pesel = wrong(new_nip())
    page = stranger.post("/login/profile", given="Ewa", surname="Lis", number=stranger.pesel)
    assert WORD in page
    stranger.log_in()


def test_a_right_number_is_worth_no_word(stranger: Visitor) -> None:
    page = stranger.post("/login/profile", given="Ewa", surname="Lis", number=new_nip())
    assert WORD not in page


def test_test_data_take_it(stranger: Visitor) -> None:
    nip, pesel = wrong(new_nip()), wrong(new_pesel())
    page = stranger.post("/testdata/person", do="create", nip=nip, pesel=pesel, description="Ewa Lis, sklep")
    assert f"PESEL {pesel} owns NIP {nip} now" in page
    assert WORD in page


def test_a_permission_is_granted_to_it(ania: Visitor) -> None:
    pesel = wrong(new_pesel())
    page = grant(ania, "person", **JAN, who=pesel, permission=["InvoiceRead"])
    assert at_api(ania, pesel), "KSeF has it"
    assert WORD in page or WORD in ania.get("/permissions")


def test_a_test_certificate_is_made_for_it(stranger: Visitor) -> None:
    nip = wrong(new_nip())
    answer = stranger.http.post(
        "/login/test-certificate",
        data={
            "csrf": stranger.csrf(),
            "kind": "seal",
            "name": "Sklep",
            "number": f"{nip[:3]}-{nip[3:]}",
            "form": "pem",
            "key": "ec",
        },
    )
    assert answer.status_code == 200
    assert re.search(rf'filename="test-seal-{nip}\.pem"', answer.headers["content-disposition"])


def test_a_unit_keeps_its_check_digit(ania: Visitor) -> None:
    """KSeF wants that one (permissions.md section 7), so the form says it before."""
    unit = f"{ania.nip}-1000"
    digits = sum(int(d) * (1, 3)[at % 2] for at, d in enumerate(unit.replace("-", ""))) % 10
    fields = {**JAN, "who": new_pesel(), "unit_type": "InternalId", "unit_name": "Sklep nr 1"}
    page = ania.post("/permissions/grant/subunit", 400, **fields, unit=f"{unit}{(digits + 1) % 10}")
    assert "a unit is the NIP, a hyphen" in page
    grant(ania, "subunit", **fields, unit=f"{unit}{digits}")
