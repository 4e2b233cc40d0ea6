"""Two processes settle the same work: each thing happens once, and what is final stays final.

docs/states.md: every move is one guarded UPDATE.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from klucznik.testing import RunningKsef, local_ksef

from .door import Api, firm, refusal
from .enrolment import apply, enrol, listed, outcome, reference, state
from .granting import Granting, eu_administration, to_entity, to_person
from .rivals import Rival, at_once

_STEPS = ("auth", "tokens", "permissions", "enrollments", "certificates")


@pytest.fixture
def twofold(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningKsef]:
    """Each step of logins and rights is done by two at the same moment."""
    for name in _STEPS:
        at_once(name, monkeypatch)
    with local_ksef() as running:
        yield running


def test_everything_happens_once(twofold: RunningKsef, caplog: pytest.LogCaptureFixture) -> None:
    with Api(twofold) as api:
        at, ania = Granting(api), firm(api)
        _, who = at.somebody()
        at.give(ania.login, "persons", to_person(who, "InvoiceRead", "InvoiceWrite"))
        at.give(ania.login, "eu-entities/administration", eu_administration(ania.nip))
        assert len(at.listed(ania.login, "persons/grants")) == 2
        assert len(at.listed(ania.login, "eu-entities/grants")) == 4
        # Revoked by both of them is revoked, not unknown to the second.
        for entry in at.listed(ania.login, "persons/grants"):
            assert at.take(ania.login, entry["id"]) == 200
        assert at.listed(ania.login, "persons/grants") == []
        # One application, one certificate.
        held = enrol(api, ania.login)
        assert [entry["certificateSerialNumber"] for entry in listed(api, ania.login)] == [held.serial]
        answer = api.call("POST", f"/certificates/{held.serial}/revoke", ania.login)
        assert answer.status_code == 204
        state(api, ania.login, held.serial, "Revoked")
        # Tokens and logins.
        ref, token = api.generate(ania.login, "InvoiceRead")
        api.enter_with_token(token, ania.context)
        api.revoke_token(ania.login, ref)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


def test_refusals_are_told_once(twofold: RunningKsef) -> None:
    with Api(twofold) as api:
        at, ania = Granting(api), firm(api)
        ref = at.start(ania.login, "entities/grants", to_entity(ania.nip, "InvoiceRead"))
        assert at.outcome(ania.login, ref)["code"] == 440
        assert len(twofold.why(ref)) == 1


def test_a_late_grant_does_not_come_back_after_its_revocation(monkeypatch: pytest.MonkeyPatch) -> None:
    rival = Rival("permissions", monkeypatch)
    with local_ksef() as running, Api(running) as api:
        at, ania = Granting(api), firm(api)
        identity, who = at.somebody()
        at.give(ania.login, "persons", to_person(who, "InvoiceRead"))
        (entry,) = at.listed(ania.login, "persons/grants")
        assert at.take(ania.login, entry["id"]) == 200
        rival.finish()
        assert at.listed(ania.login, "persons/grants") == []
        assert at.rights(identity, ania.context) == []


def test_a_late_application_makes_no_second_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    rival = Rival("enrollments", monkeypatch)
    with local_ksef() as running, Api(running) as api:
        ania = firm(api)
        ref = reference(apply(api, ania.login))
        done = outcome(api, ania.login, ref)
        api.call("POST", f"/certificates/{done['certificateSerialNumber']}/revoke", ania.login)
        state(api, ania.login, done["certificateSerialNumber"], "Revoked")
        rival.finish()
        assert outcome(api, ania.login, ref) == done
        (only,) = listed(api, ania.login)
        assert only["status"] == "Revoked"


def test_a_late_login_does_not_undo_a_logout(monkeypatch: pytest.MonkeyPatch) -> None:
    rival = Rival("auth", monkeypatch)
    with local_ksef() as running, Api(running) as api:
        ania = firm(api)
        assert api.call("DELETE", "/auth/sessions/current", ania.login).status_code == 204
        rival.finish()
        answer = api.call("GET", f"/auth/{ania.login.ref}", ania.login.authentication)
        assert answer.json()["status"]["code"] == 425
        assert refusal(api.call("POST", "/auth/token/refresh", ania.login.refresh)).code == 21301
