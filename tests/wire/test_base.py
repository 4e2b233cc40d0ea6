"""JSON is read strictly, secrets stay secret, and what leaves looks as KSeF writes it."""

from __future__ import annotations

import json
import traceback
from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from klucznik.secret import Secret
from klucznik.wire.auth import AuthenticationTokensResponse, TokenInfo
from klucznik.wire.base import Amount, Base64Bytes, Model, Sha256HashBase64, Timestamp
from klucznik.wire.invoices import BuyerIdentifierType, InvoiceQueryBuyerIdentifier, InvoiceQueryFilters
from klucznik.wire.problems import ExceptionInfo, ForbiddenProblemDetails
from klucznik.wire.security import PublicKeyCertificates
from klucznik.wire.sessions import SendInvoiceRequest, SessionStatusResponse
from klucznik.wire.tokens import GenerateTokenRequest, GenerateTokenResponse, TokenPermissionType

CANARY = "kanarek-7c1f-nie-do-pokazania"


class Sum(Model):
    amount: Amount
    other: Amount | None = None


class Blob(Model):
    content: Base64Bytes


class Digest(Model):
    digest: Sha256HashBase64


class Moment(Model):
    at: Timestamp


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    "body", ['{"amount": %s}', '{"amount": 1, "unknown": %s}', '{"amount": 1, "a": [{"b": %s}]}']
)
def test_nan_and_infinities_are_refused_even_where_nobody_looks(body: str, number: str) -> None:
    for text in (body % number, (body % number).encode()):
        with pytest.raises(ValidationError):
            Sum.parse(text)
    with pytest.raises(ValidationError):
        PublicKeyCertificates.parse(f"[{number}]")


def test_the_words_themselves_may_stand_in_a_text() -> None:
    assert GenerateTokenRequest.parse('{"permissions": [], "description": "NaN and Infinity"}').description


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{",
        "{'a': 1}",
        '{"amount": 1,}',
        '{"amount": 1} {}',
        '{"amount": 01}',
        "\ufeff{}",
        '{"amount": +1}',
    ],
)
def test_what_is_not_a_json_object_is_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        Sum.parse(body)


@pytest.mark.parametrize("amount", ['"1.5"', "true", "null", "[1]", "{}", '"NaN"', "1e400"])
def test_an_amount_is_a_number(amount: str) -> None:
    with pytest.raises(ValidationError):
        Sum.parse(f'{{"amount": {amount}}}')


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_amounts_are_exact_and_come_back(amount: Decimal) -> None:
    read = Sum.parse(f'{{"amount": {amount:f}}}')
    assert read.amount == amount
    assert Sum.parse(read.json_bytes()) == read
    assert Sum(amount=amount) == read


@given(st.binary(max_size=200))
def test_bytes_travel_as_base64(content: bytes) -> None:
    sent = Blob(content=content).json_bytes()
    assert json.loads(sent) == {"content": b64encode(content).decode()}
    assert Blob.parse(sent).content == content


@pytest.mark.parametrize(
    "text",
    [
        "QQ", "QQ=", "QQ===", "Q Q=", "QQ==\n", "QQ==QQ==", "-_==", "ą", "Q===", "=QQ=", "QUJD*A==",
        "QUJD=", "QUJDQUJD=",  # too much padding, which Python 3.11 reads
    ],
)  # fmt: skip
def test_what_is_nearly_base64_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Blob.parse(json.dumps({"content": text}))


def test_a_hash_is_the_base64_of_32_bytes() -> None:
    good = b64encode(bytes(32)).decode()
    assert Digest.parse(json.dumps({"digest": good})).digest == good
    for size in (31, 33):  # 33 bytes are 44 characters too
        with pytest.raises(ValidationError):
            Digest.parse(json.dumps({"digest": b64encode(bytes(size)).decode()}))


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-07-11T12:23:56.0154302+00:00", datetime(2025, 7, 11, 12, 23, 56, 15430, UTC)),
        ("2025-07-11T12:23:56Z", datetime(2025, 7, 11, 12, 23, 56, 0, UTC)),
        ("2025-07-11T14:23:56.5+02:00", datetime(2025, 7, 11, 12, 23, 56, 500_000, UTC)),
        # Without an offset: Polish local time, summer and winter (query-export.md section 1).
        ("2025-07-11T12:00:00", datetime(2025, 7, 11, 10, 0, tzinfo=UTC)),
        ("2025-01-11T12:00:00", datetime(2025, 1, 11, 11, 0, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_utc(text: str, utc: datetime) -> None:
    read = Moment.parse(json.dumps({"at": text}))
    assert read.at == utc
    assert read.at.tzinfo is UTC


@given(st.datetimes(datetime(2020, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)))
def test_times_are_written_with_seven_digits_and_come_back(at: datetime) -> None:
    sent = json.loads(Moment(at=at).json_bytes())["at"]
    assert len(sent) == len("2025-07-11T12:23:56.0154302+00:00")
    assert sent.endswith("0+00:00")
    assert Moment.parse(json.dumps({"at": sent})).at == at


@pytest.mark.parametrize("written", ["InvoiceRead", "invoiceread", "INVOICEREAD", "invoiceRead"])
def test_members_are_read_in_any_case_and_written_in_one(written: str) -> None:
    read = GenerateTokenRequest.parse(json.dumps({"permissions": [written], "description": "ERP of Ania"}))
    assert read.permissions == [TokenPermissionType.InvoiceRead]
    assert b'"InvoiceRead"' in read.json_bytes()


def test_null_is_not_the_member_none() -> None:
    assert InvoiceQueryBuyerIdentifier.parse('{"type": "none"}').type is BuyerIdentifierType.None_
    with pytest.raises(ValidationError):
        InvoiceQueryBuyerIdentifier.parse('{"type": null}')


def test_keywords_of_python_keep_their_wire_names() -> None:
    body = {"subjectType": "Subject1", "dateRange": {"dateType": "Issue", "from": "2025-07-11T00:00:00Z"}}
    read = InvoiceQueryFilters.parse(json.dumps(body))
    assert read.date_range.from_ == datetime(2025, 7, 11, tzinfo=UTC)
    assert "from" in json.loads(read.json_bytes())["dateRange"]


def test_what_may_be_left_out_may_not_be_null() -> None:
    assert ExceptionInfo.parse("{}").timestamp is None
    assert ExceptionInfo.parse("{}").json_bytes() == b"{}"
    with pytest.raises(ValidationError, match="may be left out"):
        ExceptionInfo.parse('{"timestamp": null}')


def test_absent_values_are_left_out() -> None:
    sent = SessionStatusResponse.parse(
        '{"status": {"code": 100, "description": "x"}, "dateCreated": "2025-07-11T00:00:00Z",'
        ' "dateUpdated": "2025-07-11T00:00:00Z", "failedInvoiceCount": null}'
    ).json_bytes()
    assert set(json.loads(sent)) == {"status", "dateCreated", "dateUpdated"}


def test_models_do_not_change() -> None:
    read = Digest(digest=b64encode(bytes(32)).decode())
    for field in Digest.model_fields:
        with pytest.raises(ValidationError):
            setattr(read, field, "x")


def test_a_token_is_secret_from_the_moment_it_is_read() -> None:
    body = json.dumps({"referenceNumber": "20251010-EC-1DCE3E3000-12ECB5B36E-45", "token": CANARY})
    read = GenerateTokenResponse.parse(body)
    assert read.token == Secret(CANARY)
    assert read.token.text() == CANARY
    assert CANARY not in repr(read) + str(read) + f"{read}" + repr(read.model_dump(exclude={"token"}))
    assert json.loads(read.json_bytes())["token"] == CANARY


def test_a_pair_of_jwts_is_never_shown() -> None:
    info = TokenInfo(token=Secret(CANARY), valid_until=datetime(2025, 7, 11, tzinfo=UTC))
    pair = AuthenticationTokensResponse(access_token=info, refresh_token=info)
    assert CANARY not in repr(pair) + str(pair) + f"{pair!r:>5}"
    assert pair.json_bytes().count(CANARY.encode()) == 2


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (GenerateTokenResponse, {"referenceNumber": "short", "token": CANARY}),
        (GenerateTokenResponse, {"referenceNumber": "x" * 36, "token": CANARY * 6}),
        (GenerateTokenResponse, {"referenceNumber": "x" * 36, "token": [CANARY]}),
        (TokenInfo, {"token": CANARY, "validUntil": CANARY}),
        (TokenInfo, {"token": {"token": CANARY}}),
        (AuthenticationTokensResponse, {"accessToken": CANARY, "refreshToken": CANARY}),
        (
            SendInvoiceRequest,
            {"encryptedInvoiceContent": CANARY, "invoiceHash": CANARY, "invoiceSize": CANARY},
        ),
        (ForbiddenProblemDetails, {"title": 1, "security": CANARY}),
    ],
)
def test_a_refusal_does_not_show_the_secret(model: type[Model], body: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        model.parse(json.dumps(body))
    assert CANARY not in str(refused.value) + repr(refused.value)
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    with pytest.raises(ValidationError) as unreadable:
        model.parse(json.dumps(body)[:-1] + ' "x": NaN}')
    assert CANARY not in str(unreadable.value)
