"""Diagnosis: what was refused in one's own context, and why; nothing of any other."""

from __future__ import annotations

import re

import pytest

from klucznik.client import certificates, tokens
from klucznik.errors import Refused

from .furnished import PAYLOADS, client_of, furnish
from .markup import alive
from .person import Visitor


def _refused(visitor: Visitor, reference: str = "20260302-EC-0000000000-0000000000-00") -> str:
    """Something that KSeF refuses; its trace id."""
    with client_of(visitor) as ksef, pytest.raises(Refused) as refused:
        ksef.call(tokens.revoke(reference))
    return refused.value.trace_id


def test_a_refusal_is_explained_and_found_again(ania: Visitor) -> None:
    trace = _refused(ania)
    page = ania.get("/diagnosis")
    assert f"/web/diagnosis/{trace}" in page
    assert "DELETE /tokens/{referenceNumber}" in page
    assert "What now" in page
    for given in (trace, f"traceId: {trace.upper()}"):
        assert "DELETE /tokens" in ania.post("/diagnosis", text=given)
    assert "20260302-EC" in ania.get("/diagnosis/20260302-EC-0000000000-0000000000-00")


def test_what_failed_after_it_was_accepted_is_there_too(ania: Visitor) -> None:
    made = furnish(ania)
    page = ania.get("/diagnosis")
    assert f"/web/diagnosis/{made.session_of_refused}" in page
    assert "P_2" in page, "the cause names the faulty field"
    assert "invoice check" in page


def test_numbers_lead_to_the_pages_of_what_they_name(ania: Visitor) -> None:
    made = furnish(ania)
    page = ania.get("/diagnosis")
    places = set(re.findall(r'href="/web(/sessions/[^"]+)"', page))
    assert f"/sessions/{made.session_of_refused}" in places
    (invoice,) = (each for each in places if "/invoices/" in each)
    assert invoice.startswith(f"/sessions/{made.session_of_refused}/invoices/")
    for place in places:
        ania.get(place)
    # Of what does not exist the page says so.
    _refused(ania)
    assert 'href="/web/tokens/20260302-EC-0000000000-0000000000-00"' in ania.get("/diagnosis")


def test_the_newest_refusal_comes_first(ania: Visitor) -> None:
    first, second = _refused(ania), _refused(ania)
    page = ania.get("/diagnosis")
    assert 0 < page.index(second) < page.index(first)


def test_refusals_are_narrowed_by_operation_period_and_words(ania: Visitor) -> None:
    trace = _refused(ania)
    with client_of(ania) as ksef, pytest.raises(Refused):
        ksef.call(certificates.revoke("0123456789ABCDEF"))
    page = ania.get("/diagnosis?operation=DELETE%20/tokens/{referenceNumber}&period=hour")
    assert _shown(page) == [trace]
    assert len(_shown(ania.get("/diagnosis?period=day"))) == 2
    assert _shown(ania.post("/diagnosis", text="DELETE")) == [trace]
    assert _shown(ania.post("/diagnosis", text="nothing of the kind")) == []
    assert "certificates/" in ania.post("/diagnosis", text="25008")
    assert len(_shown(ania.get("/diagnosis?period=never&operation="))) == 2


def test_nothing_of_another_company_is_told(ania: Visitor, obcy: Visitor) -> None:
    trace = _refused(ania, "20260302-EC-1111111111-0000000000-00")
    page = obcy.get("/diagnosis")
    assert trace not in page
    assert "20260302-EC-1111111111" not in page
    for key in (trace, "20260302-EC-1111111111-0000000000-00"):
        assert "Nothing was refused under this number" in obcy.get(f"/diagnosis/{key}")
    mine = _refused(obcy, "20260302-EC-1111111111-0000000000-00")
    told = ania.get("/diagnosis/20260302-EC-1111111111-0000000000-00")
    assert ania.get("/diagnosis").count(trace) > 0
    assert mine not in told
    assert told.count('class="refusal"') == 1


def test_recent_calls_are_those_of_the_context(ania: Visitor, obcy: Visitor) -> None:
    with client_of(obcy) as ksef:
        ksef.call(certificates.limits())
    with client_of(ania) as ksef:
        ksef.call(tokens.page())
    calls = ania.get("/diagnosis").partition("Recent calls in this context")[2]
    assert "GET /tokens" in calls
    assert "GET /certificates/limits" not in calls


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_typed_is_text(ania: Visitor, payload: str) -> None:
    for page in (
        ania.post("/diagnosis", text=payload),
        ania.http.get("/diagnosis", params={"operation": payload, "period": payload}).text,
    ):
        assert not alive(page)
        assert "49${" not in page


def test_a_pasted_token_is_neither_sought_nor_shown(ania: Visitor) -> None:
    secret = "a" * 64
    pasted = f"20260302-EC-0000000000-0000000000-00x|nip-{ania.nip}|{secret}"
    answer = ania.http.post("/diagnosis", data={"csrf": ania.csrf(), "text": pasted})
    assert answer.status_code == 400
    assert secret not in answer.text
    assert secret not in str(answer.url)


def test_a_stranger_and_a_form_without_its_token_get_nothing(stranger: Visitor, ania: Visitor) -> None:
    assert stranger.http.get("/diagnosis", follow_redirects=False).status_code == 303
    assert ania.http.post("/diagnosis", data={"text": "x"}).status_code == 403


@pytest.mark.parametrize(("language", "word"), [("en", "What now"), ("pl", "Co dalej"), ("de", "Was nun")])
def test_causes_are_told_in_three_languages(ania: Visitor, language: str, word: str) -> None:
    _refused(ania)
    ania.post("/language", language=language, back="/web/")
    assert word in ania.get("/diagnosis")


def _shown(page: str) -> list[str]:
    """Keys of the refusals on a page."""
    return re.findall(r'class="key"><a href="/web/diagnosis/([^"]+)"', page)
