"""The envelopes of a refusal, byte for byte. Rules: auth.md section 4, limits.md section 3."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from klucznik.wire import codes, problems
from klucznik.wire.problems import Forbidden, Gone, Problem, TooMany, Unauthorized, Window

NOW = datetime(2025, 7, 11, 12, 23, 56, 15430, UTC)
STAMP = "2025-07-11T12:23:56.0154300+00:00"
TRACE = "673843e023c432286660bc0501a3af44"
WHY = "the developer forgot the challenge"


def wire(model: Any) -> Any:
    body = model.json_bytes()
    assert WHY.encode() not in body
    assert type(model).parse(body) == model
    return json.loads(body)


def test_bad_request_in_both_envelopes() -> None:
    problem = Problem(codes.INVALID_INPUT, [codes.FORM_CODE_NOT_SUPPORTED], why=WHY)
    assert problem.status == 400
    assert problem.why == WHY
    assert wire(problem.as_exception(service_code=f"00-{TRACE}-eee7647dc67aa74a-00", now=NOW)) == {
        "exception": {
            "exceptionDetailList": [
                {
                    "exceptionCode": 21405,
                    "exceptionDescription": "Błąd walidacji danych wejściowych.",
                    "details": ["Wskazany kod formularza nie jest wspierany."],
                }
            ],
            "serviceCode": f"00-{TRACE}-eee7647dc67aa74a-00",
            "timestamp": STAMP.replace("+00:00", "Z"),
        }
    }
    assert wire(problem.as_problem(instance="/v2/sessions/online", trace_id=TRACE, now=NOW)) == {
        "title": "Bad Request",
        "status": 400,
        "instance": "/v2/sessions/online",
        "detail": "Żądanie jest nieprawidłowe.",
        "errors": [
            {
                "code": 21405,
                "description": "Błąd walidacji danych wejściowych.",
                "details": ["Wskazany kod formularza nie jest wspierany."],
            }
        ],
        "timestamp": STAMP,
        "traceId": TRACE,
    }


def test_a_refusal_without_details_has_none() -> None:
    problem = Problem(codes.DECEASED)
    told = wire(problem.as_exception(service_code="00", now=NOW))["exception"]["exceptionDetailList"]
    assert told == [{"exceptionCode": 21308, "exceptionDescription": codes.DECEASED.description}]
    assert wire(problem.as_problem(instance="/v2", trace_id=TRACE, now=NOW))["errors"] == [
        {"code": 21308, "description": codes.DECEASED.description}
    ]


def test_unauthorized() -> None:
    assert wire(Unauthorized(WHY).as_problem(instance="/v2/tokens", trace_id=TRACE, now=NOW)) == {
        "title": "Unauthorized",
        "status": 401,
        "detail": "Wymagane jest uwierzytelnienie.",
        "instance": "/v2/tokens",
        "traceId": TRACE,
        "timestamp": STAMP,
    }


def test_forbidden_names_what_is_asked_for_and_what_is_held() -> None:
    security = {"requiredAnyOfPermissions": ["InvoiceRead", "InvoiceWrite"], "presentPermissions": []}
    forbidden = Forbidden(problems.MISSING_PERMISSIONS, security, WHY)
    assert wire(forbidden.as_problem(instance="/v2/tokens", trace_id=TRACE, now=NOW)) == {
        "title": "Forbidden",
        "status": 403,
        "detail": "Brak wymaganych uprawnień do wykonania operacji w bieżącym kontekście.",
        "instance": "/v2/tokens",
        "reasonCode": "missing-permissions",
        "security": security,
        "traceId": TRACE,
        "timestamp": STAMP,
    }


def test_forbidden_without_more_to_say_has_no_security() -> None:
    forbidden = Forbidden(problems.INSUFFICIENT_RESOURCE_ACCESS)
    told = wire(forbidden.as_problem(instance="/v2/tokens", trace_id=TRACE, now=NOW))
    assert "security" not in told
    assert told["reasonCode"] == "insufficient-resource-access"
    assert told["detail"] == "Brak dostępu do wskazanego zasobu."


def test_every_reason_is_found_by_its_code() -> None:
    assert len(problems.REASONS) == 6
    assert all(code == reason.code for code, reason in problems.REASONS.items())


def test_gone() -> None:
    assert wire(Gone(WHY).as_problem(instance="/v2/auth/x", trace_id=TRACE, now=NOW)) == {
        "title": "Gone",
        "status": 410,
        "instance": "/v2/auth/x",
        "detail": "Operacja wygasła i nie jest już dostępna.",
        "timestamp": STAMP,
        "traceId": TRACE,
    }


@pytest.mark.parametrize(
    ("window", "word"), [("second", "sekundę"), ("minute", "minutę"), ("hour", "godzinę")]
)
def test_too_many_in_both_envelopes(window: Window, word: str) -> None:
    too_many = TooMany(20, window, 30, WHY)
    sentence = f"Przekroczono limit 20 żądań na {word}. Spróbuj ponownie po 30 sekundach."
    assert too_many.retry_after == 30
    assert wire(too_many.as_exception()) == {
        "status": {"code": 429, "description": "Too Many Requests", "details": [sentence]}
    }
    assert wire(too_many.as_problem(instance="/v2/tokens", trace_id=TRACE, now=NOW)) == {
        "title": "Too Many Requests",
        "status": 429,
        "instance": "/v2/tokens",
        "detail": sentence,
        "timestamp": STAMP,
        "traceId": TRACE,
    }


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Problem(codes.NO_SESSION, why=WHY), "21173 Brak sesji o wskazanym numerze referencyjnym."),
        (Unauthorized(WHY), "401 Unauthorized"),
        (Forbidden(problems.IP_NOT_ALLOWED, why=WHY), "403 ip-not-allowed"),
        (Gone(WHY), "410 Gone"),
        (TooMany(10, "hour", 5, WHY), "429 10 per hour"),
    ],
)
def test_the_cause_stays_beside_the_refusal(refusal: Any, words: str) -> None:
    assert refusal.why == WHY
    assert str(refusal) == words
