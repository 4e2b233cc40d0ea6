"""What the Ministry's own C# and Java clients expect in their end-to-end tests against the real test KSeF.

Each test names theirs. Where the contract has moved on since, it wins, and `docs/divergences.md` says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from klucznik.crypto import authority
from klucznik.wire.overrides import ApiRateLimitsOverride

from .desk import Desk, until
from .door import Api, Person, claims, employee, firm, new_nip, new_pesel, refusal
from .enrolment import apply, outcome, reference
from .granting import Granting, to_entity, to_person


@pytest.fixture
def problems(api: Api) -> Iterator[Api]:
    """The door as the Java client asks for it: with problem details."""
    with Api(api.running, {"X-Error-Format": "problem-details"}) as door:
        yield door


@pytest.fixture
def desk(api: Api) -> Iterator[Desk]:
    made = Desk(api.running)
    yield made
    made.http.close()


def _problem(answer: httpx2.Response, status: int, title: str, detail: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert answer.status_code == body["status"] == status
    assert (body["title"], body["detail"]) == (title, detail)
    assert all(body[name] for name in ("instance", "traceId", "timestamp"))
    return body


# ---- Java: ExceptionsApiIntegrationTest


def test_forbidden(problems: Api) -> None:
    ania = firm(problems)
    biuro = employee(problems, ania.nip, "InvoiceRead", "InvoiceWrite")
    grant = to_entity(new_nip(), "InvoiceRead")
    answer = problems.call("POST", "/permissions/entities/grants", biuro.login, body=grant)
    words = "Brak wymaganych uprawnień do wykonania operacji w bieżącym kontekście."
    body = _problem(answer, 403, "Forbidden", words)
    assert body["reasonCode"] == "missing-permissions"
    assert "CredentialsManage" in body["security"]["requiredAnyOfPermissions"]
    assert {"InvoiceRead", "InvoiceWrite"} <= set(body["security"]["presentPermissions"])


def test_unauthorized(problems: Api) -> None:
    grant = to_entity(new_nip(), "InvoiceRead")
    answer = problems.call("POST", "/permissions/entities/grants", "invalidToken", body=grant)
    _problem(answer, 401, "Unauthorized", "Wymagane jest uwierzytelnienie.")


def test_bad_request(problems: Api) -> None:
    """Its mapper writes null for every group that the test leaves out: they are missing, not unreadable."""
    names = [field.alias or name for name, field in ApiRateLimitsOverride.model_fields.items()]
    limits: dict[str, Any] = dict.fromkeys(names)
    limits["onlineSession"] = {"perSecond": 1, "perMinute": 1, "perHour": 11111111}
    login = firm(problems).login
    answer = problems.call("POST", "/testdata/rate-limits", login, body={"rateLimits": limits})
    body = _problem(answer, 400, "Bad Request", "Żądanie jest nieprawidłowe.")
    (error,) = body["errors"]
    assert (error["code"], error["description"]) == (21405, "Błąd walidacji danych wejściowych.")
    missing = [name for name in names if name != "onlineSession"]
    assert sorted(error["details"]) == sorted(f"'rateLimits.{name}' must not be empty." for name in missing)
    # With all of them there, what is out of range is told in the words that test looks for.
    limits |= {name: {"perSecond": 1, "perMinute": 1, "perHour": 1} for name in missing}
    whole = refusal(problems.call("POST", "/testdata/rate-limits", login, body={"rateLimits": limits}))
    said = "'rateLimits.onlineSession.perHour' must be between 1 and 1200. You entered 11111111."
    assert (whole.code, whole.details) == (21405, [said])


# ---- C#: SessionE2ETests; Java: SessionIntegrationTest


@pytest.mark.parametrize("bearer", ["access", "refresh"])
def test_leaving_by_either_token(api: Api, bearer: str) -> None:
    login = firm(api).login
    (item,) = api.call("GET", "/auth/sessions", login).json()["items"]
    assert item["isCurrent"]
    assert item["isTokenRedeemed"]
    assert item["refreshTokenValidUntil"]
    assert "lastTokenRefreshDate" not in item
    assert api.call("DELETE", "/auth/sessions/current", getattr(login, bearer)).status_code == 204
    assert api.call("GET", "/auth/sessions", login).json()["items"] == []
    found = refusal(api.call("POST", "/auth/token/refresh", login.refresh))
    assert (found.code, found.description) == (21301, "Brak autoryzacji.")
    # They expect "uwierzytelnienia"; the contract says so.
    assert found.details == ["Status uwierzytelniania (425) nie pozwala na odświeżenie tokenu dostępowego."]


def test_sessions_of_two_logins_of_one_owner(desk: Desk) -> None:
    ania = desk.firm()
    again = desk.firm(ania.nip)
    first, second = ania.open(), again.open()
    assert ania.close(second).status_code == 204
    wanted = "/sessions?sessionType=Online&statuses=InProgress&statuses=Cancelled&pageSize=10"
    listed = until(lambda: _states(ania.get(wanted)), lambda states: states[second.ref][0] != 170)
    assert listed == {
        first.ref: (100, "Sesja interaktywna otwarta"),
        second.ref: (440, "Sesja anulowana"),
    }


def _states(page: dict[str, Any]) -> dict[str, tuple[int, str]]:
    found = {one["referenceNumber"]: one["status"] for one in page["sessions"]}
    return {ref: (status["code"], status["description"]) for ref, status in found.items()}


# ---- C#: AuthorizationE2ETests, PersonPermissions_OwnerNip_MyPermissions_E2ETests


def test_what_the_owners_access_token_says(api: Api, ania: Person) -> None:
    told = claims(ania.login.access)
    assert (told["typ"], told["cit"], told["civ"]) == ("ContextToken", "Nip", ania.nip)
    assert json.loads(told["per"]) == ["Owner"]
    assert all(isinstance(json.loads(told[name]), list) for name in ("pec", "rol", "pep"))
    assert json.loads(told["sud"])["subjectIdentifier"] == {"type": "Nip", "value": ania.nip}
    assert all(told[name] for name in ("iss", "aud", "iat", "exp", "aum", "arn"))
    assert "ipp" not in told


# ---- C#: OnlineSessionE2ETests


def test_zeros_are_not_counted_in_an_online_session(desk: Desk) -> None:
    ania = desk.firm()
    session = ania.open()
    assert ania.settled(session, ania.invoice("E2E/1"))["status"]["code"] == 200
    status = ania.get(f"/sessions/{session.ref}")
    assert (status["status"]["code"], status["invoiceCount"], status["successfulInvoiceCount"]) == (100, 1, 1)
    assert not {"failedInvoiceCount", "upo"} & set(status)
    end = ania.finished(session)
    assert end["status"]["code"] == 200
    assert "failedInvoiceCount" not in end
    assert end["upo"]["pages"][0]["referenceNumber"]


# ---- C#: CertificatesE2ETests


def test_the_limit_of_certificates(api: Api) -> None:
    login = firm(api).login
    changed = {"enrollment": {"maxEnrollments": 2}, "certificate": {"maxCertificates": 1}}
    assert api.call("POST", "/testdata/limits/subject/certificate", login, body=changed).status_code == 200
    done = outcome(api, login, reference(apply(api, login)))
    assert _remaining(api, login) == 0
    found = refusal(apply(api, login))
    assert (found.code, found.details) == (25007, [])
    assert found.description == "Osiągnięto limit dopuszczalnej liczby posiadanych certyfikatów."
    path = f"/certificates/{done['certificateSerialNumber']}/revoke"
    assert api.call("POST", path, login, body={"revocationReason": "Superseded"}).status_code == 204
    assert until(lambda: _remaining(api, login), lambda left: left > 0) == 1


def _remaining(api: Api, login: Any) -> int:
    left: int = api.call("GET", "/certificates/limits", login).json()["certificate"]["remaining"]
    return left


def test_an_operation_that_went_well_has_no_details(api: Api, ania: Person) -> None:
    granting = Granting(api)
    ref = granting.start(ania.login, "persons/grants", to_person(("Pesel", new_pesel()), "InvoiceRead"))
    assert granting.outcome(ania.login, ref) == {"code": 200, "description": "Operacja zakończona sukcesem"}


def test_enforcement_is_nobodys_to_give_but_theirs(api: Api, ania: Person) -> None:
    """C#: EnforcementOperationsNegativeE2ETests: taken, and then refused."""
    granting = Granting(api)
    body = to_person(("Nip", new_nip()), "EnforcementOperations")
    assert granting.code(ania.login, "persons", body) != 200
    query = {"permissionTypes": ["EnforcementOperations"], "queryType": "PermissionsGrantedInCurrentContext"}
    assert granting.listed(ania.login, "persons/grants", query) == []


# ---- C#: TestDataE2ETests


@pytest.mark.parametrize(
    ("made", "removed", "role"),
    [
        (("subject", "VatGroup"), "subject/remove", "VatGroupUnit"),
        (("subject", "JST"), "subject/remove", "LocalGovernmentUnit"),
        (("subject", "EnforcementAuthority"), "subject/remove", "EnforcementAuthority"),
        (("person", "bailiff"), "person/remove", "CourtBailiff"),
    ],
)
def test_roles_come_and_go_with_their_subject(
    api: Api, made: tuple[str, str], removed: str, role: str
) -> None:
    nip, granting = new_nip(), Granting(api)
    if made[0] == "subject":
        key = {"subjectNip": nip}
        api.testdata("subject", **key, subjectType=made[1], description="Podmiot testowy")
    else:
        key = {"nip": nip}
        api.testdata("person", **key, pesel=new_pesel(), isBailiff=True, description="Komornik")
    identity = authority.seal("Podmiot testowy", nip, now=api.ksef.clock.now())
    login = api.enter(identity, ("Nip", nip))
    (found,) = granting.listed(login, "entities/roles")
    assert found["role"] == role
    assert found["startDate"]
    api.testdata(removed, **key)
    # The same access token asks on, and is answered.
    assert granting.listed(login, "entities/roles") == []


def test_consent_to_attachments_ends_on_a_day(api: Api, ania: Person) -> None:
    path = "/permissions/attachments/status"
    assert api.call("GET", path, ania.login).json() == {"isAttachmentAllowed": False}
    api.testdata("attachment", nip=ania.nip)
    assert api.call("GET", path, ania.login).json() == {"isAttachmentAllowed": True}
    api.testdata("attachment/revoke", nip=ania.nip, expectedEndDate="2099-12-31")
    ends: str = api.call("GET", path, ania.login).json()["revokedDate"]
    assert ends.startswith("2099-12-31T00:00:00")
    assert ends.endswith("+00:00")
