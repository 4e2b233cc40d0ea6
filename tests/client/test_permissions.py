"""The flow of a grant, driven by hand. Rules: permissions.md section 9."""

from __future__ import annotations

from typing import Any

import pytest

from klucznik.client import permissions
from klucznik.client.flow import Pause
from klucznik.client.permissions import grant_and_wait
from klucznik.errors import Refused, SentNoAnswer, TookTooLong
from klucznik.wire.common import StatusInfo
from klucznik.wire.permissions import (
    OPERATION,
    REVOKE_COMMON,
    PermissionsOperationResponse,
    PermissionsOperationStatusResponse,
)

REF = "20260302-EG-0000000000-0000000000-00"
CALL = permissions.revoke("0" * 36)


def _status(code: int) -> PermissionsOperationStatusResponse:
    return PermissionsOperationStatusResponse(status=StatusInfo(code=code, description="words"))


def drive(*codes: int) -> tuple[str, float]:
    """Start, then answer each look with the next code (the last one for ever); the seconds waited."""
    flow = grant_and_wait(CALL)
    answers = list(codes)
    waited = 0.0
    step: Any = next(flow)
    assert step.row is REVOKE_COMMON
    step = flow.send(PermissionsOperationResponse(reference_number=REF))
    while True:
        if isinstance(step, Pause):
            waited += step.seconds
            reply = None
        else:
            assert step.row is OPERATION
            assert step.path == {"referenceNumber": REF}
            reply = _status(answers.pop(0) if len(answers) > 1 else answers[0])
        try:
            step = flow.send(reply)
        except StopIteration as end:
            return end.value, waited


def test_it_waits_until_the_operation_is_done() -> None:
    reference, waited = drive(100, 100, 200)
    assert reference == REF
    assert waited >= 3


@pytest.mark.parametrize(
    ("code", "again"),
    [(400, "never"), (410, "never"), (420, "never"), (430, "never"), (440, "never"), (450, "never"),
     (500, "never"), (550, "later")],
)  # fmt: skip
def test_a_failure_is_a_refusal(code: int, again: str) -> None:
    with pytest.raises(Refused) as refused:
        drive(100, code)
    assert refused.value.code == code
    assert refused.value.again == again
    assert refused.value.details == ("words",)
    assert bool(refused.value.hint) == (code in (410, 420, 430, 440, 450))


def test_whoever_gives_up_is_told_the_number() -> None:
    with pytest.raises(TookTooLong) as late:
        drive(100)
    assert REF in late.value.hint


def test_a_lost_answer_is_no_operation() -> None:
    flow = grant_and_wait(CALL)
    next(flow)
    with pytest.raises(SentNoAnswer):
        flow.throw(SentNoAnswer("no answer"))
