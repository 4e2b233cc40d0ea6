"""The connection test's findings, claims, token flows, UPO of a session, test data calls."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import httpx2
import pytest

from klucznik.client import auth, claims, doctor, testdata, tokens, upo
from klucznik.client.doctor import Finding
from klucznik.client.ksef import Ksef
from klucznik.errors import KlucznikError, Refused, Unreadable
from klucznik.secret import Secret
from klucznik.wire import testdata as testdata_rows
from klucznik.wire.ids import make_ksef_number

from .conftest import client_of
from .fake_ksef import CANARY, KSEF_TOKEN, NIP, NOON, STORE, FakeKsef, Fault, refusal, xml

REFERENCE = "20260302-EC-0000000000-0000000000-00"
SESSION = "20260302-SO-0000000000-0000000000-00"
LIMITS = httpx2.Response(
    200,
    json={
        kind: {"maxInvoiceSizeInMB": 1, "maxInvoiceWithAttachmentSizeInMB": 3, "maxInvoices": 10000}
        for kind in ("onlineSession", "batchSession")
    }
    | {"collectiveIdentifier": {"maxInvoices": 500}},
)


def jwt(**values: Any) -> str:
    body = urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
    return f"e30.{body}.{CANARY}"


def token_record(status: str = "Active", **changes: Any) -> httpx2.Response:
    record = {
        "referenceNumber": REFERENCE,
        "authorIdentifier": {"type": "Nip", "value": NIP},
        "contextIdentifier": {"type": "Nip", "value": NIP},
        "description": "ERP of Ania",
        "requestedPermissions": ["InvoiceRead", "InvoiceWrite"],
        "dateCreated": "2026-03-01T10:00:00.0000000+00:00",
        "status": status,
    }
    return httpx2.Response(200, json=record | changes)


def rates(per: int = 30) -> httpx2.Response:
    from klucznik.wire.limits import EffectiveApiRateLimits

    names = [info.alias or name for name, info in EffectiveApiRateLimits.model_fields.items()]
    one = {"perSecond": per, "perMinute": per, "perHour": per}
    return httpx2.Response(200, json=dict.fromkeys(names, one))


def examine(fake: FakeKsef, **options: Any) -> dict[str, Finding]:
    findings = client_of(fake, logged_in=False).run(
        doctor.examine(auth.login_with_token(KSEF_TOKEN), token_reference=REFERENCE, **options)
    )
    assert all(CANARY not in f.sentence + f.hint for f in findings)
    return {f.name: f for f in findings}


@pytest.fixture
def company(fake: FakeKsef) -> FakeKsef:
    """A company whose token may read and write."""
    may = json.dumps(["InvoiceRead", "InvoiceWrite"])
    fake.access = jwt(pep=may, cit="Nip", civ=NIP, aum="Token")
    fake.faults += [
        Fault("/v2/tokens/", token_record()),
        Fault("/limits/context", LIMITS),
        Fault("/rate-limits", rates()),
        Fault("DELETE", httpx2.Response(204)),
    ]
    return fake


def test_all_is_well(company: FakeKsef) -> None:
    found = examine(company, wanted=["InvoiceWrite"])
    assert {f.level for f in found.values()} == {"ok"}
    assert list(found) == [
        "connection",
        "clock",
        "key KsefTokenEncryption",
        "key SymmetricKeyEncryption",
        "login",
        "permissions",
        "token",
        "limits",
    ]
    assert company.lines()[-1] == "DELETE /auth/sessions/current"
    assert "10000" in found["limits"].sentence


def test_no_ksef_is_one_finding(fake: FakeKsef) -> None:
    fake.faults.append(Fault("challenge", httpx2.ConnectError))
    found = examine(fake)
    assert [(f.name, f.level) for f in found.values()] == [("connection", "fail")]
    assert found["connection"].hint


def test_a_clock_that_is_off_is_a_warning(company: FakeKsef) -> None:
    at = company.clock.now().isoformat()
    body = {
        "challenge": "20260302-CR-0000000000-0000000000-00",
        "timestamp": at.replace("11:00", "11:20"),
        "timestampMs": 1,
        "clientIp": "192.0.2.7",
    }
    company.faults.append(Fault("challenge", httpx2.Response(200, json=body)))
    assert examine(company)["clock"].level == "warn"


def test_a_key_near_its_end_and_past_it(company: FakeKsef) -> None:
    company.clock.advance(days=388)
    assert examine(company)["key SymmetricKeyEncryption"].level == "warn"
    company.clock.advance(days=30)
    assert examine(company)["key SymmetricKeyEncryption"].level == "fail"


def test_a_login_that_fails_carries_its_hint(fake: FakeKsef) -> None:
    fake.login_codes, fake.login_details = [450], ["Token unieważniony"]
    found = examine(fake)
    assert found["login"].level == "fail"
    assert "klucznik token put" in found["login"].hint


def test_lost_rights_are_named(company: FakeKsef) -> None:
    company.access = jwt(pep='["InvoiceRead"]')
    found = examine(company, wanted=["InvoiceWrite"])
    assert found["permissions"].level == "fail"
    assert "InvoiceWrite" in found["permissions"].sentence
    assert found["token"].level == "warn"
    assert "InvoiceWrite" in found["token"].sentence


def test_no_rights_at_all_is_a_failure_and_no_word_a_warning(company: FakeKsef) -> None:
    company.access = jwt(pep="[]")
    assert examine(company)["permissions"].level == "fail"


def test_an_opaque_access_token_is_only_a_warning(company: FakeKsef) -> None:
    company.access = f"opaque-{CANARY}"
    assert examine(company)["permissions"].level == "warn"


def test_a_token_that_is_not_active(company: FakeKsef) -> None:
    company.faults[0] = Fault("/v2/tokens/", token_record("Revoking"))
    assert examine(company)["token"].level == "fail"


def test_no_limit_is_said_in_words(company: FakeKsef) -> None:
    company.faults.insert(0, Fault("/rate-limits", rates(-1)))
    sentence = examine(company)["limits"].sentence
    assert "-1" not in sentence
    assert "/min" not in sentence


def test_what_cannot_be_asked_is_a_warning(company: FakeKsef) -> None:
    company.faults[:] = [
        Fault("/v2/tokens/", httpx2.Response(403)),
        Fault("/limits/context", httpx2.Response(500)),
    ]
    found = examine(company)
    assert (found["token"].level, found["limits"].level, found["logout"].level) == ("warn",) * 3


def test_keys_that_cannot_be_fetched(company: FakeKsef) -> None:
    company.faults.insert(0, Fault("public-key-certificates", httpx2.Response(500)))
    assert examine(company)["keys"].level == "fail"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (jwt(per='["Owner"]'), ("Owner",)),
        (jwt(per=["InvoiceRead"]), ("InvoiceRead",)),
        (jwt(per='["A"]', pep='["B"]'), ("B",)),
        (jwt(per="not json"), None),
        (jwt(per=7), None),
        (jwt(), None),
        ("a.b", None),
        ("a.%%%.c", None),
        ("a.W10.c", None),
        ("", None),
    ],
)
def test_claims_are_read_for_what_they_are_worth(token: str, expected: tuple[str, ...] | None) -> None:
    assert claims.read(Secret(token)).permissions == expected


# ---- token flows ---------------------------------------------------------------------------------

ISSUED = httpx2.Response(202, json={"referenceNumber": REFERENCE, "token": CANARY})


def test_a_token_is_issued_and_awaited(fake: FakeKsef, ksef: Ksef) -> None:
    fake.faults += [
        Fault("POST /v2/tokens", ISSUED),
        Fault("GET /v2/tokens/", token_record("Pending")),
        Fault("GET /v2/tokens/", token_record("Active")),
    ]
    issued = ksef.run(tokens.generate_and_wait(["InvoiceRead"], "ERP of Ania"))
    assert issued.token == Secret(CANARY)
    assert len(fake.requests) == 3


def test_a_token_that_fails_says_why(fake: FakeKsef, ksef: Ksef) -> None:
    failed = token_record("Failed", statusDetails=["Powód"])
    fake.faults += [Fault("POST /v2/tokens", ISSUED), Fault("GET /v2/tokens/", failed)]
    with pytest.raises(Refused) as refused:
        ksef.run(tokens.generate_and_wait(["InvoiceRead"], "ERP of Ania"))
    assert "Powód" in str(refused.value)
    assert CANARY not in str(refused.value)


def test_a_token_lost_while_waiting_is_named_for_revoking(fake: FakeKsef, ksef: Ksef) -> None:
    fake.faults += [Fault("POST /v2/tokens", ISSUED), Fault("GET /v2/tokens/", httpx2.Response(403))]
    with pytest.raises(KlucznikError) as caught:
        ksef.run(tokens.generate_and_wait(["InvoiceRead"], "ERP of Ania"))
    assert REFERENCE in caught.value.hint


def test_revoking_waits_for_the_end(fake: FakeKsef, ksef: Ksef) -> None:
    fake.faults += [
        Fault("DELETE /v2/tokens/", httpx2.Response(204)),
        Fault("GET /v2/tokens/", token_record("Revoking")),
        Fault("GET /v2/tokens/", token_record("Revoked")),
    ]
    assert ksef.run(tokens.revoke_and_wait(REFERENCE)).status == "Revoked"


def test_all_pages_of_tokens(fake: FakeKsef, ksef: Ksef) -> None:
    record = token_record().json()
    fake.faults += [
        Fault("GET /v2/tokens", httpx2.Response(200, json={"tokens": [record], "continuationToken": "next"})),
        Fault("GET /v2/tokens", httpx2.Response(200, json={"tokens": [record], "continuationToken": ""})),
    ]
    assert len(ksef.run(tokens.list_all(status=["Active"]))) == 2
    assert fake.requests[1].headers["x-continuation-token"] == "next"
    assert fake.requests[1].url.params["status"] == "Active"


def test_a_page_that_comes_again_is_not_followed_for_ever(fake: FakeKsef, ksef: Ksef) -> None:
    again = httpx2.Response(200, json={"tokens": [], "continuationToken": "next"})
    fake.faults += [Fault("GET /v2/tokens", again) for _ in range(9)]
    with pytest.raises(Unreadable):
        ksef.run(tokens.list_all())
    assert len(fake.requests) == 2


def test_all_pages_of_logins(fake: FakeKsef, ksef: Ksef) -> None:
    fake.faults += [
        Fault("/auth/sessions", httpx2.Response(200, json={"items": [], "continuationToken": "next"})),
        Fault("/auth/sessions", httpx2.Response(200, json={"items": []})),
        Fault("DELETE", httpx2.Response(204)),
    ]
    assert ksef.run(auth.all_sessions()) == []
    ksef.call(auth.revoke("20260302-AU-0000000000-0000000000-00"))
    assert len(fake.requests) == 3


# ---- UPO of a session, test data -----------------------------------------------------------------


def session_status(code: int, pages: int) -> httpx2.Response:
    at = "2026-03-02T11:00:00+00:00"
    listed = [
        {
            "referenceNumber": f"20260302-EU-000000000{n}-0000000000-00",
            "downloadUrl": f"{STORE}/page{n}?sig=x",
            "downloadUrlExpirationDate": at,
        }
        for n in range(pages)
    ]
    status = {"code": code, "description": "Sesja"}
    body = {
        "status": status,
        "dateCreated": at,
        "dateUpdated": at,
        "upo": {"pages": listed} if pages else None,
    }
    return httpx2.Response(200, json=body)


def test_pages_of_a_session_upo_by_address_or_by_call(fake: FakeKsef, ksef: Ksef) -> None:
    number = make_ksef_number(NIP, NOON.date(), "000000000001")
    fake.contents[number] = b"FV/1"
    receipt = fake.upo(SESSION, number)
    fake.faults += [
        Fault(f"GET /v2/sessions/{SESSION}", session_status(200, 3)),
        Fault("/page0", xml(receipt)),
        Fault("/page1", httpx2.ConnectError),
        Fault("/page2", xml(b"<html>a firewall's own page</html>")),
        Fault("/upo/", xml(b"<second/>")),
        Fault("/upo/", xml(b"<third/>")),
    ]
    assert ksef.run(upo.of_session(SESSION)) == [receipt, b"<second/>", b"<third/>"]


@pytest.mark.parametrize(("code", "again"), [(170, "later"), (445, "never")])
def test_a_session_without_upo_says_when_to_ask(fake: FakeKsef, ksef: Ksef, code: int, again: str) -> None:
    fake.faults.append(Fault("GET", session_status(code, 0)))
    with pytest.raises(Refused) as refused:
        ksef.run(upo.of_session(SESSION))
    assert refused.value.again == again


def test_test_data_needs_no_login(fake: FakeKsef) -> None:
    client = client_of(fake, logged_in=False)
    calls = [
        testdata.create_subject(NIP, "VatGroup", "a VAT group", {"7010002137": "a member"}),
        testdata.remove_subject(NIP),
        testdata.create_person(NIP, "75120312345", "a sole trader", is_bailiff=True),
        testdata.remove_person(NIP),
        testdata.grant(NIP, "Nip", "7010002137", ["InvoiceRead"]),
        testdata.revoke(NIP, "Nip", "7010002137"),
        testdata.block(NIP),
        testdata.unblock(NIP),
    ]
    fake.faults += [Fault("/testdata/", httpx2.Response(200)) for _ in calls]
    for call in calls:
        client.call(call)
    assert all("Authorization" not in r.headers for r in fake.requests)
    granted = testdata_rows.TestDataPermissionsGrantRequest.parse(fake.requests[4].content)
    assert granted.authorized_identifier.value == "7010002137"


def test_a_scenario_twice_is_ksefs_own_refusal(fake: FakeKsef) -> None:
    fake.faults.append(Fault("/testdata/", refusal(30001, "Podmiot lub uprawnienie już istnieje.")))
    with pytest.raises(Refused) as refused:
        client_of(fake, logged_in=False).call(testdata.create_person(NIP, "75120312345", "a sole trader"))
    assert refused.value.code == 30001
