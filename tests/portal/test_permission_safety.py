"""Permissions and those who have no business there: strangers, forms from elsewhere, hostile texts."""

from __future__ import annotations

from html import escape

import pytest

from .furnished import PAYLOADS
from .granting import JAN, REVOKE, at_api, grant
from .markup import alive
from .person import Visitor, new_nip, new_pesel


@pytest.fixture
def granted(ania: Visitor) -> tuple[str, str]:
    """A PESEL with a permission at Ania's, and the path that revokes it."""
    pesel = new_pesel()
    grant(ania, "person", **JAN, who=pesel, permission=["InvoiceRead"])
    return pesel, REVOKE.findall(ania.get(f"/permissions/manage/persons?of=Pesel&value={pesel}"))[0]


def test_a_stranger_sees_and_takes_nothing(ania: Visitor, obcy: Visitor, granted: tuple[str, str]) -> None:
    pesel, path = granted
    for where in ("manage/persons", "manage/granted", f"manage/persons?of=Pesel&value={pesel}", "map"):
        page = obcy.get(f"/permissions/{where}")
        assert JAN["description"] not in page
        assert ania.nip not in page
    assert pesel not in obcy.get(path, 404)
    page = obcy.post(path)
    assert "KSeF refused" in page
    assert len(at_api(ania, pesel)) == 1, "still there"


def test_who_may_not_look_is_told_so(biuro: Visitor, granted: tuple[str, str]) -> None:
    page = biuro.get("/permissions/manage")
    assert 'aria-current="page">Mine<' in page
    assert "/web/permissions/manage/persons" not in page
    assert granted[0] not in biuro.get("/permissions/manage/persons", 400)
    assert granted[0] not in biuro.get("/permissions/map")
    biuro.get(granted[1], 400)


def test_nobody_gets_in_without_login(stranger: Visitor) -> None:
    for path in ("", "/grant", "/grant/person", "/manage/persons", "/map", "/operations/x"):
        answer = stranger.http.get(f"/permissions{path}", follow_redirects=False)
        assert answer.headers["location"] == "/web/login", path


def test_forms_without_their_token_do_nothing(ania: Visitor, granted: tuple[str, str]) -> None:
    pesel, path = granted
    assert ania.http.post(path, data={}).status_code == 403
    assert len(at_api(ania, pesel)) == 1
    other = {**JAN, "who": new_pesel(), "permission": "InvoiceRead", "csrf": "x"}
    assert ania.http.post("/permissions/grant/person", data=other).status_code == 403
    assert at_api(ania, other["who"]) == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_texts_are_only_text(ania: Visitor, payload: str) -> None:
    pesel, office = new_pesel(), new_nip()
    name = payload[:30]
    grant(ania, "person", who_type="Pesel", who=pesel, first=name, last=name, description=payload,
          permission="InvoiceRead")  # fmt: skip
    grant(ania, "entity", who=office, company=payload, description=payload, permission_InvoiceRead="yes")
    path = REVOKE.findall(ania.get("/permissions/manage/persons"))[0]
    for where in ("/permissions/manage/persons", "/permissions/map", path):
        page = ania.get(where)
        assert escape(payload, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'"), where
        assert alive(page) == [], where
    shown = grant(ania, "person", 400, **{**JAN, "first": payload, "who": payload, "description": payload})
    assert alive(shown) == []
    page = ania.http.get("/permissions/manage/persons", params={"of": "Pesel", "value": payload}).text
    assert alive(page) == []
