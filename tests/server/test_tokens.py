"""KSeF tokens: who makes, sees and revokes them. Rules: tokens.md sections 2-6."""

from __future__ import annotations

import json
import logging
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from klucznik.clock import ManualClock
from klucznik.crypto import authority
from klucznik.crypto.certs import fingerprint
from klucznik.server.tables import grants
from klucznik.testing import local_ksef
from klucznik.wire.ids import is_reference, make_reference

from .door import Api, Login, Person, all_rows, claims, employee, firm, in_store, new_nip, new_pesel, refusal

ALL = [
    "InvoiceRead",
    "InvoiceWrite",
    "CredentialsRead",
    "CredentialsManage",
    "SubunitManage",
    "EnforcementOperations",
    "Introspection",
    "CollectiveIdentifierManage",
]


def _listed(api: Api, login: Login, **params: Any) -> list[str]:
    answer = api.call("GET", "/tokens", login, params=params)
    assert answer.status_code == 200, answer.text
    return [item["referenceNumber"] for item in answer.json()["tokens"]]


def _grant(api: Api, context: tuple[str, str], subject: tuple[str, str], *permissions: str) -> None:
    """Grants by no way in particular, put into the store."""
    rows = [
        {
            "id": f"{context[1]} {number}",
            "kind": "person",
            "context_type": context[0],
            "context_value": context[1],
            "subject_type": subject[0],
            "subject_value": subject[1],
            "permission": name,
            "can_delegate": False,
            "target_type": "",
            "target_value": "",
            "from_type": context[0],
            "from_value": context[1],
            "description": "for a test",
            "author_type": "System",
            "created": 0,
        }
        for number, name in enumerate(permissions)
    ]
    in_store(api.running, lambda db: db.execute(insert(grants), rows))


# ---- generate


def test_a_token_is_pending_then_active_and_says_its_text_once(api: Api, ania: Person) -> None:
    body = {"permissions": ["InvoiceRead", "invoicewrite", "InvoiceRead"], "description": "ERP Ani, zażółć"}
    answer = api.call("POST", "/tokens", ania.login, body=body)
    assert answer.status_code == 202
    ref, token = answer.json()["referenceNumber"], answer.json()["token"]
    assert is_reference(ref, "EC")
    assert re.fullmatch(rf"{ref}\|nip-{ania.nip}\|[0-9a-f]{{64}}", token)
    assert len(token) <= 160
    item = api.token_state(ania.login, ref, "Active")
    assert item["authorIdentifier"] == {"type": "Nip", "value": ania.nip}
    assert item["contextIdentifier"] == {"type": "Nip", "value": ania.nip}
    assert item["requestedPermissions"] == ["InvoiceRead", "InvoiceWrite"]
    assert item["description"] == "ERP Ani, zażółć"
    assert "lastUseDate" not in item
    assert "token" not in item
    assert api.call("GET", "/tokens", ania.login).json()["tokens"] == [item]


def test_an_owner_may_put_everything_into_a_token(api: Api, ania: Person) -> None:
    _, token = api.generate(ania.login, *ALL)
    held = json.loads(claims(api.enter_with_token(token, ania.context).access)["pep"])
    assert held == sorted(ALL)


def test_nobody_passes_on_more_than_they_hold(both: Api) -> None:
    person = firm(both)
    biuro = employee(both, person.nip, "InvoiceRead")
    body = {"permissions": ["InvoiceRead", "InvoiceWrite", "SubunitManage"], "description": "too much"}
    found = refusal(both.call("POST", "/tokens", biuro.login, body=body))
    assert (found.code, found.description) == (
        26001,
        "Nie można nadać tokenowi uprawnień których nie posiadasz.",
    )
    assert found.details == ["Brakujące uprawnienia: InvoiceWrite, SubunitManage."]


def test_a_token_begets_no_token(both: Api) -> None:
    person = firm(both)
    _, token = both.generate(person.login, *ALL)
    login = both.enter_with_token(token, person.context)
    body = {"permissions": ["InvoiceRead"], "description": "a child"}
    answer = both.call("POST", "/tokens", login, body=body)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["reasonCode"] == "auth-method-not-allowed"
    assert answer.json()["security"] == {"authenticationMethodCategory": "Token"}


def test_no_token_lives_with_a_peppol_provider_or_an_eu_entity(both: Api) -> None:
    provider = authority.peppol_seal("PPL777777", now=both.ksef.clock.now())
    vat_ue = ("NipVatUe", f"{new_nip()}-DE123456789")
    foreigner = authority.person("Hans", "Schmidt", nip=new_nip(), now=both.ksef.clock.now())
    mark = ("Fingerprint", fingerprint(foreigner.certificate))
    _grant(both, vat_ue, mark, "VatUeManage", "InvoiceRead")
    logins = [
        both.enter(provider, ("PeppolId", "PPL777777")),
        both.enter(foreigner, vat_ue, subject_type="certificateFingerprint"),
    ]
    for login in logins:
        body = {"permissions": ["InvoiceRead"], "description": "nowhere"}
        found = refusal(both.call("POST", "/tokens", login, body=body))
        assert found.code == 26002
        assert found.description == "Nie można wygenerować tokena dla obecnego typu kontekstu."
        assert claims(login.access)["cit"] in found.details[0]


def test_a_token_of_a_unit(api: Api) -> None:
    pesel = new_pesel()
    unit = ("InternalId", f"{new_nip()}-12345")
    _grant(api, unit, ("Pesel", pesel), "CredentialsManage", "InvoiceRead")
    identity = authority.person("Ewa", "Lis", pesel=pesel, now=api.ksef.clock.now())
    login = api.enter(identity, unit)
    ref, token = api.generate(login, "InvoiceRead")
    assert token.startswith(f"{ref}|internalId-{unit[1]}|")
    assert claims(api.enter_with_token(token, unit).access)["civ"] == unit[1]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"permissions": [], "description": "nothing"}, 21405),
        ({"permissions": ["InvoiceRead"], "description": "four"}, 21405),
        ({"permissions": ["InvoiceRead"], "description": "x" * 257}, 21405),
        ({"permissions": ["InvoiceRead"]}, 21405),
        ({"description": "no permissions"}, 21405),
        ({"permissions": ["VatUeManage"], "description": "not for tokens"}, 21001),
        ({"permissions": ["PefInvoiceWrite"], "description": "not for tokens"}, 21001),
        ({"permissions": "InvoiceRead", "description": "no list"}, 21001),
        ({"permissions": None, "description": "null list"}, 21405),
        ([], 21001),
    ],
)
def test_a_body_that_is_wrong_makes_no_token(both: Api, body: object, code: int) -> None:
    person = firm(both)
    assert refusal(both.call("POST", "/tokens", person.login, body=body)).code == code
    assert _listed(both, person.login) == []


# ---- list and read


def test_who_sees_which_tokens(api: Api, ania: Person, obcy: Person) -> None:
    reader = employee(api, ania.nip, "CredentialsRead")
    first = employee(api, ania.nip, "InvoiceRead")
    second = employee(api, ania.nip, "InvoiceRead")
    owners, owners_text = api.generate(ania.login, "InvoiceRead", "CredentialsRead")
    firsts, firsts_text = api.generate(first.login, "InvoiceRead")
    firsts_too, _ = api.generate(first.login, "InvoiceRead")
    seconds, _ = api.generate(second.login, "InvoiceRead")
    everything = [seconds, firsts_too, firsts, owners]
    by_owners_token = api.enter_with_token(owners_text, ania.context)
    by_firsts_token = api.enter_with_token(firsts_text, ania.context)
    sees = [
        (ania.login, everything),
        (reader.login, everything),
        (by_owners_token, everything),
        (first.login, [firsts_too, firsts]),
        (by_firsts_token, [firsts]),
        (second.login, [seconds]),
        (obcy.login, []),
    ]
    for login, wanted in sees:
        assert _listed(api, login) == wanted
        # Singly, a login by token reads its author's others as well.
        readable = [firsts_too, firsts] if login is by_firsts_token else wanted
        for ref in everything:
            status = api.call("GET", f"/tokens/{ref}", login).status_code
            assert status == (200 if ref in readable else 400)


def test_a_sole_trader_sees_the_same_tokens_by_nip_and_by_pesel(api: Api) -> None:
    owner, pesel = firm(api), new_pesel()
    api.testdata("person", nip=owner.nip, pesel=pesel, isBailiff=False, description="a person")
    by_pesel = authority.person("Anna", "Nowak", pesel=pesel, now=api.ksef.clock.now())
    # In somebody else's context, where both identifiers are only permitted.
    client = firm(api)
    api.permit(client.nip, owner.subject, "InvoiceRead")
    api.permit(client.nip, ("Pesel", pesel), "InvoiceRead")
    one = api.enter(owner.identity, client.context)
    two = api.enter(by_pesel, client.context)
    made_by_nip, _ = api.generate(one, "InvoiceRead")
    made_by_pesel, _ = api.generate(two, "InvoiceRead")
    assert _listed(api, one) == _listed(api, two) == [made_by_pesel, made_by_nip]
    api.revoke_token(two, made_by_nip)


def test_tokens_are_found_by_filters(both: Api) -> None:
    person = firm(both)
    biuro = employee(both, person.nip, "InvoiceRead")
    erp, _ = both.generate(person.login, "InvoiceRead", description="Księgowość ŻABKA 100%")
    shop, _ = both.generate(person.login, "InvoiceRead", description="Sklep_internetowy")
    theirs, _ = both.generate(biuro.login, "InvoiceRead", description="Biuro rachunkowe")
    both.revoke_token(person.login, shop)
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"description": "żabka"}, [erp]),
        ({"description": "KSIĘG"}, [erp]),
        ({"description": "100%"}, [erp]),
        ({"description": "%%%"}, []),
        ({"description": "p_i"}, [shop]),
        ({"description": "___"}, []),
        ({"description": "' OR 1=1 --"}, []),
        ({"status": "Active"}, [theirs, erp]),
        ({"status": ["Active", "revoked"]}, [theirs, shop, erp]),
        ({"status": "Failed"}, []),
        ({"authorIdentifierType": "Pesel"}, [theirs]),
        ({"authorIdentifier": biuro.subject[1][2:8]}, [theirs]),
        ({"authorIdentifier": person.nip, "status": "Active"}, [erp]),
        ({}, [theirs, shop, erp]),
    ]
    for params, wanted in cases:
        assert _listed(both, person.login, **params) == wanted, params
    for params, code in (
        ({"description": "ab"}, 21405),
        ({"authorIdentifier": "12"}, 21405),
        ({"pageSize": 9}, 21405),
        ({"pageSize": 101}, 21405),
        ({"status": "Gone"}, 21001),
        ({"authorIdentifierType": "System"}, 21001),
        ({"pageSize": "ten"}, 21001),
    ):
        assert refusal(both.call("GET", "/tokens", person.login, params=params)).code == code, params


def test_pages_of_tokens_show_each_once(both: Api) -> None:
    person = firm(both)
    refs = [both.generate(person.login, "InvoiceRead")[0] for _ in range(12)]
    first = both.call("GET", "/tokens", person.login).json()
    assert len(first["tokens"]) == 10
    headers = {"x-continuation-token": first["continuationToken"]}
    rest = both.call("GET", "/tokens", person.login, headers=headers).json()
    assert "continuationToken" not in rest
    assert [t["referenceNumber"] for t in first["tokens"] + rest["tokens"]] == refs[::-1]
    # The token of one list opens neither another's nor that of sessions.
    other = firm(both)
    for path, login in (("/tokens", other.login), ("/auth/sessions", person.login)):
        found = refusal(both.call("GET", path, login, headers=headers))
        assert found.code == 21418


# ---- revoke


def test_who_revokes_which_tokens(both: Api) -> None:
    person, stranger = firm(both), firm(both)
    manager = employee(both, person.nip, "CredentialsManage")
    reader = employee(both, person.nip, "CredentialsRead")
    author = employee(both, person.nip, "InvoiceRead")
    owners, _ = both.generate(person.login, "InvoiceRead")
    own, own_text = both.generate(author.login, "InvoiceRead")
    other, _ = both.generate(author.login, "InvoiceRead")
    by_token = both.enter_with_token(own_text, person.context)
    for login, ref in (
        (stranger.login, owners),
        (reader.login, owners),
        (author.login, owners),
        (by_token, owners),
        (by_token, other),
    ):
        assert refusal(both.call("DELETE", f"/tokens/{ref}", login)).code == 21405
        assert both.call("GET", f"/tokens/{ref}", person.login).json()["status"] == "Active"
    both.revoke_token(by_token, own)
    both.revoke_token(author.login, other)
    both.revoke_token(manager.login, owners)
    # Once more changes nothing; revoked ones stay listed.
    assert both.call("DELETE", f"/tokens/{owners}", person.login).status_code == 204
    assert both.token_state(person.login, owners, "Revoked")["status"] == "Revoked"
    assert _listed(both, person.login, status="Revoked") == [other, own, owners]


@pytest.mark.parametrize("ref", ["x", "%00", "20250101-EC-0000000000-0000000000-00", "a" * 36, "zażółć"])
def test_an_unknown_token_is_not_in_the_list(both: Api, ref: str) -> None:
    person = firm(both)
    assert refusal(both.call("GET", f"/tokens/{ref}", person.login)).code == 21405
    assert refusal(both.call("DELETE", f"/tokens/{ref}", person.login)).code == 21405


def test_a_reference_of_another_kind_is_no_token(api: Api, ania: Person) -> None:
    ref = make_reference("AU", api.ksef.clock.now(), b"12345")
    assert refusal(api.call("GET", f"/tokens/{ref}", ania.login)).code == 21405


# ---- what is kept


@pytest.mark.parametrize("form", ["official", "short40"])
def test_no_secret_is_kept_or_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture, form: Any) -> None:
    """Canary: the token's secret is looked for in every file and in the log at DEBUG."""
    caplog.set_level(logging.DEBUG)
    with local_ksef(tmp_path, token_form=form) as running, Api(running) as api:
        person = firm(api)
        ref, token = api.generate(person.login, "InvoiceRead")
        login = api.enter_with_token(token, person.context)
        stranger = firm(api)
        api.status(api.start_with_token(token, stranger.context))
        api.status(api.start_with_token(token[:-1] + "?", person.context))
        api.call("POST", "/auth/ksef-token", content=f'{{"challenge": "{token}"'.encode())
        api.revoke_token(login, ref)
        files = {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        files["the database"] = in_store(running, all_rows)
    secret = token[-32:]
    assert sha256(
        (token[8:] if form == "short40" else token[-64:]).encode()
    ).hexdigest().encode() in b"".join(files.values())
    for canary in (secret, login.access, login.refresh, login.authentication):
        for path, data in files.items():
            assert canary.encode() not in data, path
        assert canary not in caplog.text


def test_last_use_is_that_of_the_last_login(timed: Api, clock: ManualClock) -> None:
    person = firm(timed)
    ref, token = timed.generate(person.login, "InvoiceRead")
    uses = []
    for _ in range(2):
        clock.advance(seconds=5)
        timed.enter_with_token(token, person.context)
        uses.append(timed.token_state(person.login, ref, "Active")["lastUseDate"])
    assert uses[0] < uses[1]
