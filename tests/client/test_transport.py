"""Requests as they are written, answers as they are read."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from klucznik.client import tokens as token_calls
from klucznik.client import transport
from klucznik.client.refusals import DEFAULT_RETRY_AFTER, Answer, Exchange, http_date, lost
from klucznik.errors import KlucznikError, Refused, SentNoAnswer, TooManyRequests, Unreachable, Unreadable
from klucznik.secret import Secret
from klucznik.wire import auth, invoices, sessions, tokens
from klucznik.wire.endpoint import Call

from .fake_ksef import BASE, CANARY, NIP, NOON, old_refusal, refusal, xml

SEND: Call[sessions.SendInvoiceResponse] = sessions.SEND(
    sessions.SendInvoiceRequest(
        invoice_hash="A" * 43 + "=",
        invoice_size=1,
        encrypted_invoice_hash="A" * 43 + "=",
        encrypted_invoice_size=16,
        encrypted_invoice_content=b"x" * 16,
    ),
    referenceNumber="20260302-SO-0000000000-0000000000-00",
)
LIST = tokens.LIST(query=tokens.TokensQuery(page_size=10))


def read(call: Call[Any], response: httpx2.Response, *hide: Secret) -> object:
    answer = Answer(response.status_code, response.headers, response.content)
    return transport.read(call, answer, now=NOON, hide=hide)


def failing(call: Call[Any], response: httpx2.Response, *hide: Secret) -> KlucznikError:
    with pytest.raises(KlucznikError) as caught:
        read(call, response, *hide)
    return caught.value


# ---- writing -------------------------------------------------------------------------------------


def test_a_post_without_a_body_has_no_content_type() -> None:
    request = transport.write(auth.CHALLENGE(), BASE, None).request
    assert "Content-Type" not in request.headers
    assert request.headers["Content-Length"] == "0"
    assert "Authorization" not in request.headers
    assert request.headers["X-Error-Format"] == "problem-details"


def test_lists_repeat_their_name_and_header_parameters_go_to_the_header() -> None:
    call = token_calls.page(status=["Active", "pending"], continuation_token="next", page_size=20)
    request = transport.write(call, BASE, Secret("jwt")).request
    assert str(request.url) == f"{BASE}/tokens?status=Active&status=Pending&pageSize=20"
    assert request.headers["x-continuation-token"] == "next"
    assert request.headers["Authorization"] == "Bearer jwt"


@pytest.mark.parametrize("value", ["\u2028", "é", "a\r\nAuthorization: Bearer x", "a\x00"])
def test_a_header_parameter_carries_no_more_than_itself(value: str) -> None:
    with pytest.raises(Unreadable, match="x-continuation-token"):
        transport.write(token_calls.page(continuation_token=value), BASE, None)


def test_booleans_and_times_are_written_as_on_the_wire() -> None:
    call = auth.XADES_SIGNATURE(b"<a/>", query=auth.XadesSignatureQuery(verify_certificate_chain=False))
    request = transport.write(call, BASE, None).request
    assert request.url.query == b"verifyCertificateChain=false"
    assert request.headers["Content-Type"] == "application/xml"
    listed = sessions.LIST(
        query=sessions.SessionsQuery(session_type=sessions.SessionType.Online, date_created_from=NOON)
    )
    url = transport.write(listed, BASE, None).request.url
    assert url.params["dateCreatedFrom"] == "2026-03-02T11:00:00.0000000+00:00"


@pytest.mark.parametrize("value", ["../../evil", "@evil.test/", "a/b?c#d", "//evil.test"])
def test_a_path_parameter_cannot_leave_its_place(value: str) -> None:
    url = transport.write(tokens.READ(referenceNumber=value), BASE, Secret("jwt")).request.url
    assert url.host == "ksef.test"
    assert url.raw_path.count(b"/") == 3
    assert url.query == b""


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_path_parameter_that_means_another_path_is_refused(value: str) -> None:
    with pytest.raises(Unreadable):
        transport.write(tokens.READ(referenceNumber=value), BASE, None)


def test_a_download_carries_nothing_of_ours() -> None:
    exchange = transport.write_download(f"https://storage.test/a?sig={CANARY}")
    assert "Authorization" not in exchange.request.headers
    assert CANARY not in exchange.label
    assert CANARY not in repr(exchange)


# ---- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [refusal, old_refusal])
def test_both_shapes_of_400_are_one_error(shape: object) -> None:
    assert callable(shape)
    error = failing(LIST, shape(21418, "Przekazany token…", "Szczegół jeden.", "Szczegół dwa."))
    assert isinstance(error, Refused)
    assert (error.status, error.code) == (400, 21418)
    assert error.details == ("Szczegół jeden.", "Szczegół dwa.")
    assert error.trace_id in ("a" * 32, "b" * 32)
    assert "Przekazany token…" in str(error)
    assert error.again == "never"


def test_refusals_that_pass_may_be_repeated_later() -> None:
    assert failing(SEND, refusal(21184, "Sesja tymczasowo niedostępna.")).again == "later"


@pytest.mark.parametrize("status", [401, 403])
def test_empty_bodies_are_tolerated(status: int) -> None:
    error = failing(LIST, httpx2.Response(status))
    assert isinstance(error, Refused)
    assert error.status == status
    assert error.hint


def test_a_missing_permission_is_named_with_who_can_grant_it() -> None:
    body = {
        "title": "Forbidden",
        "status": 403,
        "detail": "Brak wymaganych uprawnień…",
        "reasonCode": "missing-permissions",
        "security": {"requiredAnyOfPermissions": ["InvoiceRead"], "presentPermissions": ["InvoiceWrite"]},
        "traceId": "f" * 32,
    }
    error = failing(LIST, httpx2.Response(403, json=body))
    assert isinstance(error, Refused)
    assert error.reason == "missing-permissions"
    for word in ("InvoiceRead", "InvoiceWrite", "CredentialsManage"):
        assert word in error.hint
    assert error.trace_id == "f" * 32


@pytest.mark.parametrize(
    "reason",
    [
        "ip-not-allowed",
        "insufficient-resource-access",
        "auth-method-not-allowed",
        "context-type-not-allowed",
        "security-service-blocked",
        "something-new",
    ],
)
def test_every_reason_of_403_has_a_hint(reason: str) -> None:
    assert failing(LIST, httpx2.Response(403, json={"reasonCode": reason, "security": None})).hint


def test_410_and_redirects_are_refusals() -> None:
    assert getattr(failing(LIST, httpx2.Response(410)), "status", 0) == 410
    moved = failing(LIST, httpx2.Response(302, headers={"Location": "https://evil.test/"}))
    assert isinstance(moved, Refused)
    assert "evil" not in str(moved)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"errors": 5}',
        b'{"exception": {"exceptionDetailList": [7]}}',
        b'{"errors":[{"code":"x","details":"y"}]}',
        b"[" * 100_000,
    ],
)
def test_no_error_body_is_too_odd(body: bytes) -> None:
    error = failing(LIST, httpx2.Response(400, content=body))
    assert isinstance(error, Refused)
    assert error.code == 0


def test_ksefs_words_are_made_fit_for_a_terminal_and_never_repeat_a_secret() -> None:
    nasty = refusal(21405, "\x1b[31mBłąd", f"You sent {CANARY}", "x" * 5000)
    error = failing(LIST, nasty, Secret(CANARY))
    assert isinstance(error, Refused)
    shown = str(error) + repr(error.details)
    assert CANARY not in shown
    assert "\x1b" not in shown
    assert max(map(len, error.details)) <= 501


# ---- 429, 5xx, odd successes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "Mon, 02 Mar 2026 11:00:45 GMT"}, 45),
        # This machine's clock says 11:00:00, KSeF's 11:10:00: KSeF's own Date is what counts.
        ({"Retry-After": "Mon, 02 Mar 2026 11:10:20 GMT", "Date": "Mon, 02 Mar 2026 11:10:00 GMT"}, 20),
        ({"Retry-After": "Mon, 02 Mar 2026 10:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, DEFAULT_RETRY_AFTER),
        ({"Retry-After": "-5"}, DEFAULT_RETRY_AFTER),
        ({}, DEFAULT_RETRY_AFTER),
    ],
)
def test_retry_after_in_every_form(headers: dict[str, str], seconds: float) -> None:
    error = failing(LIST, httpx2.Response(429, headers=headers))
    assert isinstance(error, TooManyRequests)
    assert error.retry_after == seconds
    assert error.again == "later"


@pytest.mark.parametrize(
    "body",
    [
        {"title": "Too Many Requests", "status": 429, "detail": "Przekroczono limit 20"},
        {"status": {"code": 429, "description": "Too Many Requests", "details": ["Przekroczono limit 20"]}},
    ],
)
def test_both_shapes_of_429_say_which_limit(body: dict[str, object]) -> None:
    assert "Przekroczono limit 20" in str(failing(LIST, httpx2.Response(429, json=body)))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_5xx_leaves_a_writing_call_in_doubt_and_a_reading_one_repeatable(status: int) -> None:
    writing, reading = failing(SEND, httpx2.Response(status)), failing(LIST, httpx2.Response(status))
    assert isinstance(writing, SentNoAnswer)
    assert (writing.again, reading.again) == ("look", "later")


def test_a_success_that_cannot_be_read_is_in_doubt_too() -> None:
    assert isinstance(failing(SEND, httpx2.Response(202, content=b"<html>")), SentNoAnswer)
    assert isinstance(failing(LIST, httpx2.Response(200, content=b"{}")), Unreadable)


def test_what_a_newer_ksef_adds_breaks_nothing() -> None:
    """auth.md section 8: new properties and new members of enumerations are no break."""
    record = {
        "referenceNumber": "20260302-EC-0000000000-0000000000-00",
        "authorIdentifier": {"type": "Nip", "value": NIP},
        "contextIdentifier": {"type": "Nip", "value": NIP},
        "description": "ERP of Ania",
        "requestedPermissions": ["InvoiceRead", "InvoiceFold"],
        "dateCreated": "2026-03-01T10:00:00.0000000+00:00",
        "status": "Sleeping",
        "expiresAt": "2027-01-01",
    }
    read_token = tokens.READ(referenceNumber="20260302-EC-0000000000-0000000000-00")
    token = read(read_token, httpx2.Response(200, json=record))
    assert isinstance(token, tokens.TokenStatusResponse)
    assert token.status == "Sleeping"
    assert token.requested_permissions == ["InvoiceRead", "InvoiceFold"]
    # Elsewhere an unknown member stays a fault: a server must refuse it.
    with pytest.raises(ValidationError):
        tokens.GenerateTokenRequest.parse(b'{"permissions": ["InvoiceFold"], "description": "ERP of Ania"}')


def test_nulls_that_live_answers_contain_are_tolerated() -> None:
    """A list that is null (seen in …/invoices/failed), a property that should rather be absent."""
    failed = sessions.FAILED(referenceNumber="20260302-SO-0000000000-0000000000-00")
    listed = read(failed, httpx2.Response(200, json={"invoices": None}))
    assert isinstance(listed, sessions.SessionInvoicesResponse)
    assert listed.invoices == []
    item = {
        "referenceNumber": "20260302-AU-0000000000-0000000000-00",
        "startDate": "2026-03-01T10:00:00Z",
        "authenticationMethod": "Token",
        "authenticationMethodInfo": {"category": "Token", "code": "x", "displayName": "x"},
        "status": {"code": 200, "description": "x"},
        "isCurrent": None,
    }
    logins = read(auth.SESSIONS(), httpx2.Response(200, json={"items": [item]}))
    assert isinstance(logins, auth.AuthenticationListResponse)
    assert logins.items[0].is_current is None
    # A null for what is needed stays a fault.
    broken = item | {"status": None}
    assert isinstance(failing(auth.SESSIONS(), httpx2.Response(200, json={"items": [broken]})), Unreadable)


def test_an_unreadable_answer_is_not_repeated() -> None:
    body = b'{"accessToken": {"token": "%s", "validUntil": 5}}' % CANARY.encode()
    error = failing(auth.REFRESH(), httpx2.Response(200, content=body))
    assert CANARY not in f"{error!r} {error} {error.__cause__!r} {error.__context__!r}"


def test_bytes_that_do_not_match_their_hash_are_refused() -> None:
    call = invoices.DOWNLOAD(ksefNumber="5265877635-20260302-000000000000-00")
    assert read(call, xml(b"<a/>")) == b"<a/>"
    torn = xml(b"<a/>")
    torn.headers["x-ms-meta-hash"] = "A" * 43 + "="
    error = failing(call, torn)
    assert isinstance(error, Unreadable)
    assert error.again == "later"


# ---- failures of the transport -------------------------------------------------------------------

REQUEST = httpx2.Request("POST", f"{BASE}/sessions/online?x={CANARY}")


@pytest.mark.parametrize(
    "kind", [httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError]
)
def test_what_never_left_is_unreachable(kind: type[httpx2.TransportError]) -> None:
    error = lost(kind(CANARY, request=REQUEST), Exchange(REQUEST, "POST /x", safe=False))
    assert isinstance(error, Unreachable)
    assert error.again == "later"
    assert CANARY not in str(error)


@pytest.mark.parametrize(
    "kind",
    [
        httpx2.ReadTimeout,
        httpx2.WriteTimeout,
        httpx2.ReadError,
        httpx2.WriteError,
        httpx2.CloseError,
        httpx2.RemoteProtocolError,
        httpx2.DecodingError,
    ],
)
def test_what_left_without_an_answer_is_in_doubt(kind: type[httpx2.RequestError]) -> None:
    writing = lost(kind(CANARY, request=REQUEST), Exchange(REQUEST, "POST /x", safe=False))
    reading = lost(kind(CANARY, request=REQUEST), Exchange(REQUEST, "GET /x", safe=True))
    assert isinstance(writing, SentNoAnswer)
    assert isinstance(reading, SentNoAnswer)
    assert (writing.again, reading.again) == ("look", "later")
    assert CANARY not in str(writing)


def test_an_untrusted_certificate_is_told_from_a_missing_server() -> None:
    failed = httpx2.ConnectError("x", request=REQUEST)
    failed.__cause__ = ssl.SSLCertVerificationError(1, "self-signed certificate")
    error = lost(failed, Exchange(REQUEST, "POST /x", safe=False))
    assert isinstance(error, Unreachable)
    assert "(--ca)" in error.hint


def test_http_dates() -> None:
    assert http_date("Mon, 02 Mar 2026 11:00:00 GMT") == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert http_date("yesterday") is None
