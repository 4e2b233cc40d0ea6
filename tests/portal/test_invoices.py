"""Faktury: issued, sent, found and read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from klucznik.client import sending
from klucznik.client.journal import MemoryJournal
from klucznik.clock import WARSAW
from klucznik.documents import samples
from klucznik.documents.upo import read as read_upo
from klucznik.testing import RunningKsef

from .furnished import client_of
from .issuing import BUYER, issue, number_of, sample, send, session_of, typed
from .person import Visitor, employee, owner


def test_the_short_form_becomes_an_invoice_with_number_pdf_and_upo(ania: Visitor) -> None:
    preview = ania.post("/invoices/new", **typed())
    assert 'class="preflight clean"' in preview
    assert "3\xa0076,54\xa0PLN" in preview  # 2.5 × 1000.50 and 23%
    outcome = send(ania, preview)
    number, session = number_of(outcome), session_of(outcome)
    assert number.startswith(ania.nip)
    assert 'data-copy="ksef-number"' in outcome

    page = ania.get(f"/invoices/{number}")
    assert f"/qr/invoice/{ania.nip}/" in page, "KOD I"
    assert "<svg" in page
    xml = ania.http.get(f"/invoices/{number}/xml")
    assert xml.headers["content-disposition"] == f'attachment; filename="{number}.xml"'
    assert "Ołówek" in xml.content.decode()
    assert ania.http.get(f"/invoices/{number}/pdf").content.startswith(b"%PDF-")

    receipt = ania.get(f"/invoices/{number}/upo")
    assert number in receipt
    signed = ania.http.get(f"/sessions/{session}/upo/{number}/xml").content
    assert [one.ksef_number for one in read_upo(signed).documents] == [number]
    assert ania.http.get(f"/sessions/{session}/upo/{number}/pdf").content.startswith(b"%PDF-")
    assert f"/web/invoices/{number}" in ania.get("/invoices")


def test_what_was_looked_at_is_what_is_sent(ania: Visitor) -> None:
    given = sample(ania.nip, BUYER, "FV/bytes").content
    preview = ania.post("/invoices/xml", files={"file": ("f.xml", given, "text/xml")})
    number = number_of(send(ania, preview))
    assert ania.http.get(f"/invoices/{number}/xml").content == given


@pytest.mark.parametrize("path", ["/invoices/new", "/invoices/xml"])
def test_from_the_preview_one_goes_back_with_everything_typed(ania: Visitor, path: str) -> None:
    preview = ania.post(path, **(typed(number="FV/back") if path.endswith("new") else {"text": "<a>FV/back"}))
    assert f'<form method="post" action="/web{path}">' in preview
    sent = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', preview)}
    assert "FV/back" in ania.post(path, **{**sent, "do": "edit"})


def test_pasted_lines_end_as_in_a_document(ania: Visitor) -> None:
    text = sample(ania.nip, BUYER, "FV/paste").content.decode().replace("<Fa>", "<Fa>\r\n")
    preview = ania.post("/invoices/xml", text=text)
    number = number_of(send(ania, preview))
    assert b"\r" not in ania.http.get(f"/invoices/{number}/xml").content


def test_a_form_is_sent_once(ania: Visitor) -> None:
    preview = ania.post("/invoices/new", **typed(number="FV/once"))
    number = number_of(send(ania, preview))
    again = send(ania, preview)
    assert "has been sent from this page already" in again
    found = ania.get("/invoices?number=FV/once")
    assert found.count(f'href="/web/invoices/{number}"') == 1


def test_the_same_bytes_from_another_page_are_not_issued_twice(ania: Visitor) -> None:
    given = sample(ania.nip, BUYER, "FV/same").content
    files = {"file": ("f.xml", given, "text/xml")}
    number = number_of(send(ania, ania.post("/invoices/xml", files=files)))
    again = send(ania, ania.post("/invoices/xml", files=files))
    assert "accepted this very document earlier" in again
    assert number_of(again) == number


def test_a_duplicate_names_the_invoice_that_is_there(ania: Visitor) -> None:
    number = number_of(issue(ania, number="FV/twice"))
    outcome = issue(ania, number="FV/twice", buyer_name="Another")
    assert ">440<" in outcome
    assert f'href="/web/invoices/{number}"' in outcome


def test_a_refusal_is_told_in_plain_words(ania: Visitor) -> None:
    bad = samples.faulty_invoice(ania.nip, BUYER, "FV/bad", datetime.now(WARSAW).date(), datetime.now(UTC))
    preview = ania.post("/invoices/xml", files={"file": ("f.xml", bad, "text/xml")})
    assert 'class="preflight faulty"' in preview
    assert "Send all the same" in preview
    outcome = send(ania, preview)
    assert ">450<" in outcome
    assert "does not fit its schema" in outcome
    assert "Why:" in outcome
    assert "P_2" in outcome
    session = session_of(outcome)
    failed = ania.get(f"/sessions/{session}?show=failed")
    assert "Why:" in failed
    assert "is no UPO" in failed, "445: none was accepted"


def test_nothing_typed_is_lost(ania: Visitor) -> None:
    wrong = typed(number="", buyer_nip="12", line_price=["a lot", "", ""], line_rate=["9", "23", "23"])
    page = ania.post("/invoices/new", 400, **wrong)
    for told in ("Missing: invoice number.", "“12” is no NIP", "“a lot” is no net price"):
        assert told in page
    for kept in ('value="Zmyślona Wytwórnia"', 'value="a lot"', 'value="12"', 'value="2,5"'):
        assert kept in page
    more = ania.post("/invoices/new", **wrong, do="more")
    assert more.count('name="line_name"') == 4
    assert 'value="a lot"' in more
    preview = ania.post("/invoices/new", **typed())
    back = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', preview))
    assert back["buyer_name"] == "Przykładowy Odbiorca"
    assert back["number"] == "FV/1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Choose a file"),
        ("<a/>", "cannot be sent"),
        ("not xml at all", "cannot be sent"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "cannot be sent"),
    ],
)
def test_what_is_no_invoice_is_not_sent(ania: Visitor, text: str, told: str) -> None:
    page = ania.post("/invoices/xml", 400 if not text else 200, text=text)
    assert told in page
    assert 'action="/web/invoices/send"' not in page
    assert "root:" not in page


@pytest.mark.parametrize("document", ["", "???", "PGEvPg=="])
def test_a_form_without_an_invoice_is_refused(ania: Visitor, document: str) -> None:
    page = ania.post("/invoices/send", 400, nonce="x", document=document)
    assert "carries no invoice" in page


@pytest.fixture(scope="module")
def many(running: RunningKsef) -> Iterator[tuple[Visitor, list[sending.Result]]]:
    """Somebody with thirty invoices, and the others they are about."""
    with owner(running) as visitor:
        with client_of(visitor) as ksef:
            documents = [sample(visitor.nip, BUYER, f"M/{at:02}") for at in range(30)]
            results = ksef.run(sending.send_and_wait(documents, MemoryJournal()))
        yield visitor, results


def test_invoices_come_page_by_page(many: tuple[Visitor, list[sending.Result]]) -> None:
    visitor, results = many
    first = visitor.get("/invoices")
    second = visitor.get("/invoices?page=1")
    assert (first.count('scope="row"'), second.count('scope="row"')) == (25, 5)
    assert "page=1" in first
    for result in results:
        assert (result.ksef_number in first) != (result.ksef_number in second)


def test_invoices_are_found_by_role_number_partner_and_date(
    many: tuple[Visitor, list[sending.Result]],
) -> None:
    visitor, results = many
    number = results[3].ksef_number
    for query in ("number=M/03", f"number={number}", f"number=M/03&partner={BUYER}&date=Issue"):
        page = visitor.get(f"/invoices?{query}")
        assert page.count('scope="row"') == 1, query
        assert number in page
    before = (datetime.now(WARSAW).date() - timedelta(days=1)).isoformat()
    for query in ("number=M/3", "role=Subject2", f"last={before}", f"last={before}&date=Issue"):
        assert 'scope="row"' not in visitor.get(f"/invoices?{query}"), query
    for role in ("Subject3", "SubjectAuthorized"):
        assert "No invoice fits" in visitor.get(f"/invoices?role={role}")


def test_a_session_is_read_page_by_page(many: tuple[Visitor, list[sending.Result]]) -> None:
    visitor, results = many
    session = results[0].session
    page = visitor.get(f"/sessions/{session}")
    following = re.search(r'rel="next" href="/web([^"]+)"', page)
    assert following
    second = visitor.get(following[1])
    assert (page.count('scope="row"'), second.count('scope="row"')) == (25, 5)
    whole = re.search(r"/web(/sessions/[0-9A-Z-]+/upo/[0-9A-Z-]+)/xml", page)
    assert whole
    content = visitor.http.get(f"{whole[1]}/xml").content
    assert len(read_upo(content).documents) == 30
    assert "Collective UPO" in visitor.get(whole[1])


def test_the_buyer_sees_who_sold(running: RunningKsef, ania: Visitor) -> None:
    with owner(running, given="Buyer") as buyer:
        number = number_of(issue(ania, number="FV/to-buyer", buyer_nip=buyer.nip))
        page = buyer.get("/invoices?role=Subject2")
        assert number in page
        assert ania.nip in page
        assert number in buyer.get(f"/invoices/{number}")
        assert "None of the sessions you may see" in buyer.get(f"/invoices/{number}/upo")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("first=yesterday", "no date"),
        ("first=2026-05-01&last=2026-04-01", "before it begins"),
        ("first=2026-01-01&last=2026-10-01", "at most 99"),
        ("partner=12", "is no NIP"),
        ("number=" + "x" * 300, "at most 256"),
    ],
)
def test_filters_that_do_not_fit_are_named_and_kept(ania: Visitor, query: str, told: str) -> None:
    page = ania.get(f"/invoices?{query}", 400)
    assert told in page
    assert query.split("&")[0].partition("=")[2][:10] in page


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/invoices/no-number", 400),
        ("/invoices/5265877635-20250826-0100001AF629-00", 400),
        ("/sessions/no-number", 404),
        ("/sessions/20250826-SO-0000000000-0000000000-00/upo/x", 404),
        ("/sessions/20250826-SO-0000000000-0000000000-00/invoices/x", 404),
        ("/sessions/20250826-SO-0000000000-0000000000-00", 400),
    ],
)
def test_what_is_not_there_is_said_so(ania: Visitor, path: str, code: int) -> None:
    ania.get(path, code)


def test_who_may_not_read_is_told_what_is_missing(running: RunningKsef, ania: Visitor) -> None:
    with employee(running, ania.nip, "CredentialsRead") as clerk:
        page = clerk.get("/invoices", 400)
        assert "InvoiceRead" in page
        assert "Which invoices" in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pl", ("Faktury", "Wystaw fakturę", "Historia sesji", "Podgląd przed wysłaniem")),
        ("en", ("Invoices", "Issue an invoice", "Session history", "Preview before sending")),
        ("de", ("Rechnungen", "Rechnung ausstellen", "Sitzungsverlauf", "Vorschau vor dem Senden")),
    ],
)
def test_three_languages(running: RunningKsef, language: str, words: tuple[str, ...]) -> None:
    with owner(running, language=language) as visitor:
        preview = visitor.post("/invoices/new", **typed())
        outcome = send(visitor, preview)
        pages = (
            visitor.get("/invoices"),
            visitor.get("/invoices/new"),
            visitor.get("/sessions"),
            preview,
            outcome,
            visitor.get(f"/sessions/{session_of(outcome)}"),
        )
        for page, word in zip(pages, words, strict=False):
            assert f"<h1>{word}</h1>" in page
        for page in pages:
            assert f'<html lang="{language}">' in page
            assert page.count("<h1") == 1
