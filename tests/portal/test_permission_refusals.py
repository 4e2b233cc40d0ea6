"""What KSeF refuses to grant, and forms that do not fit: told with the cause, nothing typed is lost."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest

from .granting import JAN, REFERENCE, grant
from .person import Visitor, new_nip, new_pesel


def test_a_refused_operation_tells_its_cause(ania: Visitor) -> None:
    page = grant(ania, "person", **JAN, who=new_pesel(), permission=["EnforcementOperations"])
    assert "KSeF refused" in page
    assert "430 „Kontekst identyfikatora nie odpowiada" in page
    assert f"{ania.nip} has neither role" in page
    itself: dict[str, Any] = {"who": ania.nip, "company": "Firm of Ania", "permission_InvoiceRead": "yes"}
    page = grant(ania, "entity", **itself, description="to myself")
    assert "440" in page
    assert "a company does not grant this to itself" in page


def test_an_operation_of_others_is_not_told(ania: Visitor, obcy: Visitor) -> None:
    page = grant(ania, "person", **JAN, who=new_pesel(), permission=["EnforcementOperations"])
    found = REFERENCE.search(page)
    assert found
    page = obcy.get(f"/permissions/operations/{found[0]}", 400)
    assert ania.nip not in page


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"who": "12345678901"}, "“12345678901” does not fit: a PESEL has 11 digits"),
        ({"who": "", "permission": []}, "Type it: a PESEL has 11 digits"),
        ({"who_type": "Nip", "who": "0234567890"}, "“0234567890” does not fit: a NIP has 10 digits"),
        ({"who_type": "Fingerprint", "who": "zz"}, "“zz” does not fit: a fingerprint"),
        ({"who_type": "System"}, "Choose one."),
        ({"permission": []}, "Tick at least one."),
        ({"permission": ["Everything"]}, "Tick at least one."),
        ({"last": ""}, "Surname</a>: Fill this in, with 2 to 81 characters."),
        ({"first": "J"}, "This has 1 characters; KSeF wants 2 to 30. Write more."),
        ({"description": "x" * 257}, "This has 257 characters; KSeF wants 5 to 256. Shorten it."),
        ({"description": "bell \x07 rings"}, "a character in it that cannot be printed"),
    ],
)
def test_what_does_not_fit_is_told_and_nothing_typed_is_lost(
    ania: Visitor, changed: dict[str, Any], told: str
) -> None:
    fields: dict[str, Any] = {**JAN, "who": new_pesel(), "permission": ["InvoiceRead"], **changed}
    page = unescape(grant(ania, "person", 400, **fields))
    assert told in page
    assert 'aria-invalid="true"' in page
    assert "Nothing was sent yet" in page
    assert f'value="{fields["last"]}"' in page
    ticked = 'value="InvoiceRead" checked' in page
    assert ticked == (fields["permission"] == ["InvoiceRead"])


def test_a_provider_of_pef_is_no_company_and_the_other_way_round(ania: Visitor) -> None:
    fields: dict[str, Any] = {"company": "Amper S.A.", "description": "for a year"}
    page = grant(ania, "authorization", 400, permission="PefInvoicing", who=new_nip(), **fields)
    assert "a Peppol ID is P" in page
    page = grant(ania, "authorization", 400, permission="SelfInvoicing", who="PPL123456", **fields)
    assert "a NIP has 10 digits" in page


def test_without_the_right_ksef_refuses_and_the_form_stays(biuro: Visitor) -> None:
    fields: dict[str, Any] = {**JAN, "who": new_pesel(), "permission": ["InvoiceRead"]}
    page = unescape(grant(biuro, "person", 400, **fields))
    assert 'role="alert"' in page
    assert "CredentialsManage" in page
    assert f'value="{fields["who"]}"' in page


def test_kinds_and_lists_of_other_contexts_are_not_there(ania: Visitor) -> None:
    for path in (
        "grant/eu",
        "grant/nothing",
        "manage/nothing",
        f"revoke/received/{'0' * 36}",
        "revoke/own/x",
    ):
        assert ania.http.get(f"/permissions/{path}").status_code == 404, path
