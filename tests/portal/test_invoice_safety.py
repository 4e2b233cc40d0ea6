"""Invoices and those who have no business there: strangers, forms from elsewhere, hostile documents."""

from __future__ import annotations

import pytest

from .furnished import PAYLOADS, SCRIPT, hostile_invoice
from .issuing import issue, number_of, send, session_of, typed
from .markup import alive
from .person import Visitor, new_nip


def test_a_stranger_gets_nothing(ania: Visitor, obcy: Visitor, stranger: Visitor) -> None:
    outcome = issue(ania, number="FV/secret", buyer_name="Only ours")
    number, session = number_of(outcome), session_of(outcome)
    for path in (
        f"/invoices/{number}",
        f"/invoices/{number}/xml",
        f"/invoices/{number}/pdf",
        f"/sessions/{session}",
        f"/sessions/{session}/close",
        f"/sessions/{session}/upo/{number}",
    ):
        assert "Only ours" not in obcy.get(path, 400)
        assert "Log in" in stranger.get(path), path
    for path in ("/invoices", f"/invoices?number={number}", "/sessions", f"/sessions?number={session}"):
        page = obcy.get(path)
        assert f"/invoices/{number}" not in page
        assert f"/sessions/{session}" not in page
    obcy.post(f"/sessions/{session}/close", 400)


def test_a_form_without_its_token_sends_nothing(ania: Visitor) -> None:
    preview = ania.post("/invoices/new", **typed(number="FV/csrf"))
    sent = {"nonce": ania.hidden(preview, "nonce"), "document": ania.hidden(preview, "document")}
    for path, form in (
        ("/invoices/send", sent),
        ("/invoices/new", typed()),
        ("/invoices/xml", {"text": "<a/>"}),
    ):
        assert ania.http.post(path, data=form).status_code == 403
    assert "No invoice fits" in ania.get("/invoices?number=FV/csrf")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payloads_come_out_as_text(ania: Visitor, payload: str) -> None:
    texts = dict.fromkeys(("number", "seller_name", "seller_address", "buyer_name", "buyer_address"), payload)
    lines = {"line_name": [payload, "", ""], "line_unit": [payload[:50], "", ""]}
    form = typed(**texts, **lines)
    pages = [
        ania.post("/invoices/new", 400, **{**form, "issued": payload, "line_price": [payload, "", ""]}),
        ania.post("/invoices/new", **form),
        ania.post("/invoices/xml", text=payload, do="edit"),
        ania.post("/invoices/xml", text=f"<a>{payload}"),
        ania.http.get("/invoices", params={"number": payload, "partner": payload, "first": payload}).text,
        ania.http.get("/sessions", params={"number": payload, "token": payload, "last": payload}).text,
        issue(ania, **texts, **lines),
    ]
    for page in pages:
        assert not alive(page)
        assert "49${" not in page


def test_a_hostile_document_is_only_text(ania: Visitor) -> None:
    content = hostile_invoice(ania.nip, new_nip(), "H/1")
    preview = ania.post("/invoices/xml", files={"file": (f"{SCRIPT}.xml", content, "text/xml")})
    outcome = send(ania, preview)
    number = number_of(outcome)
    for page in (preview, outcome, ania.get(f"/invoices/{number}"), ania.get("/invoices")):
        assert "<img src=x" not in page
        assert "<script>" not in page
        assert 'href="javascript:' not in page
    answer = ania.http.get(f"/invoices/{number}/xml")
    assert answer.headers["content-type"].startswith("application/xml")
    assert answer.headers["content-disposition"].startswith("attachment")
