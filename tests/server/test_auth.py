"""Logging in by signature, and what follows a login. Rules: auth.md, xades.md sections 5-8."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any, get_args

import pytest
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from klucznik.clock import ManualClock
from klucznik.crypto import authority, xades
from klucznik.crypto.certs import Identity, fingerprint
from klucznik.server.access import sign
from klucznik.server.local import Profile
from klucznik.server.tables import auth_operations
from klucznik.testing import local_ksef
from klucznik.wire.ids import crc8, is_reference, make_reference

from .door import Api, Person, Started, claims, firm, in_store, new_nip, new_pesel, refusal

NOW = datetime.now(UTC)


# ---- challenge


def test_a_challenge_has_the_form_the_contract_gives_it(api: Api) -> None:
    challenge = api.challenge()
    assert is_reference(challenge["challenge"], "CR")
    assert challenge["challenge"].endswith(f"{crc8(challenge['challenge'][:33]):02X}")
    assert challenge["clientIp"] == "127.0.0.1"
    whole, fraction = challenge["timestamp"].removesuffix("+00:00").split(".")
    assert len(fraction) == 7
    at = datetime.fromisoformat(f"{whole}.{fraction[:6]}+00:00")
    assert int(at.timestamp() * 1000) == challenge["timestampMs"]


def test_challenges_differ(api: Api) -> None:
    assert len({api.challenge()["challenge"] for _ in range(20)}) == 20


# ---- who comes in


def test_the_owner_of_a_company_comes_in_by_its_seal(api: Api) -> None:
    nip = new_nip()
    identity = authority.seal("Firma Ani", nip, now=NOW)
    started = api.started(api.post_signed(api.signed(identity, ("Nip", nip))))
    assert is_reference(started.ref, "AU")
    status = api.status(started)
    assert status["status"] == {"code": 200, "description": "Uwierzytelnianie zakończone sukcesem"}
    assert status["authenticationMethod"] == "QualifiedSeal"
    assert status["authenticationMethodInfo"] == {
        "category": "XadesSignature",
        "code": "xades.qualified-seal",
        "displayName": "Pieczęć kwalifikowana",
    }
    assert status["isTokenRedeemed"] is False
    assert "refreshTokenValidUntil" not in status
    login = api.redeem(started)
    after = api.status(started)
    assert after["isTokenRedeemed"] is True
    assert datetime.fromisoformat(after["refreshTokenValidUntil"][:19]).timestamp() > 0
    assert "lastTokenRefreshDate" not in after
    assert api.call("POST", "/auth/token/refresh", login.refresh).status_code == 200
    assert "lastTokenRefreshDate" in api.status(started)


def test_an_access_token_says_who_where_and_what(api: Api, ania: Person) -> None:
    said = claims(ania.login.access)
    assert said["typ"] == "ContextToken"
    assert said["iss"] == said["aud"] == "ksef-api-te"
    assert (said["cit"], said["civ"]) == ("Nip", ania.nip)
    assert said["aum"] == "QualifiedSeal"
    assert said["arn"] == ania.login.ref
    assert json.loads(said["per"]) == ["Owner"]
    assert "VatUeManage" not in json.loads(said["pep"])
    assert json.loads(said["sud"])["subjectIdentifier"] == {"type": "Nip", "value": ania.nip}
    assert json.loads(said["sud"])["organizationIdentifier"] == f"VATPL-{ania.nip}"
    assert said["exp"] - said["iat"] == 15 * 60
    refresh = claims(ania.login.refresh)
    assert (refresh["typ"], refresh["arn"]) == ("RefreshToken", ania.login.ref)
    assert refresh["exp"] - refresh["iat"] == 7 * 24 * 3600
    authentication = claims(ania.login.authentication)
    assert (authentication["typ"], authentication["exp"] - authentication["iat"]) == (
        "AuthenticationToken",
        45 * 60,
    )


def test_a_permitted_person_carries_what_was_granted_and_no_more(api: Api, biuro: Person) -> None:
    said = claims(biuro.login.access)
    assert said["aum"] == "QualifiedSignature"
    assert json.loads(said["per"]) == json.loads(said["pep"]) == ["InvoiceRead", "InvoiceWrite"]
    assert json.loads(said["sud"])["subjectIdentifier"]["type"] == "Pesel"


def test_a_long_name_makes_no_jwt_that_cannot_be_used(api: Api) -> None:
    """Names travel in the JWT; what a certificate holds beyond 256 letters is left out of it."""
    nip = new_nip()
    names = [(NameOID.ORGANIZATION_NAME, "Ż" * 6000), (NameOID.ORGANIZATION_IDENTIFIER, f"VATPL-{nip}")]
    identity = authority.certified([*names, *NAMED], now=NOW)
    addresses = tuple(f"127.0.0.{number}" for number in range(1, 11))
    ranges = tuple(f"100.100.100.10{number}-200.200.200.20{number}" for number in range(10))
    login = api.enter(identity, ("Nip", nip), ip4_addresses=addresses, ip4_ranges=ranges)
    subject = json.loads(claims(login.access)["sud"])
    assert subject["organizationName"] == "Ż" * 256
    assert api.call("GET", "/limits/subject", login).status_code == 200


def test_a_stranger_has_no_permissions_here(api: Api, ania: Person, obcy: Person) -> None:
    assert api.attempt(obcy.identity, ania.context) == {
        "code": 415,
        "description": "Uwierzytelnianie zakończone niepowodzeniem",
        "details": ["Brak przypisanych uprawnień"],
    }


@pytest.mark.parametrize("form", ["enveloped", "enveloping"])
@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_both_forms_and_both_versions_come_in(api: Api, form: str, version: str) -> None:
    nip = new_nip()
    person = authority.person("Anna", "Nowak", nip=nip, now=NOW, key="rsa")
    assert api.attempt(person, ("Nip", nip), signing={"form": form}, version=version)["code"] == 200


def test_a_sole_trader_is_the_owner_by_pesel_once_linked(api: Api) -> None:
    nip, pesel = new_nip(), new_pesel()
    identity = authority.person("Anna", "Nowak", pesel=pesel, now=NOW)
    assert api.attempt(identity, ("Nip", nip))["code"] == 415
    api.testdata("person", nip=nip, pesel=pesel, isBailiff=True, description="sole trader")
    said = claims(api.enter(identity, ("Nip", nip)).access)
    assert json.loads(said["per"]) == ["Owner"]
    assert json.loads(said["rol"]) == ["CourtBailiff"]
    assert api.attempt(identity, ("Nip", new_nip()))["code"] == 415


def test_a_fingerprint_needs_a_grant_of_its_own(api: Api, ania: Person) -> None:
    identity = authority.person("Jan", "Obcy", nip=ania.nip, now=NOW)
    parts = {"subject_type": "certificateFingerprint"}
    assert api.attempt(identity, ania.context, **parts)["code"] == 415
    api.permit(ania.nip, ("Fingerprint", fingerprint(identity.certificate)), "InvoiceRead")
    said = claims(api.enter(identity, ania.context, **parts).access)
    assert json.loads(said["sud"])["subjectIdentifier"] == {
        "type": "Fingerprint",
        "value": fingerprint(identity.certificate),
    }
    assert json.loads(said["per"]) == ["InvoiceRead"]


def test_a_peppol_provider_acts_in_its_own_context(api: Api) -> None:
    provider = authority.peppol_seal("PPL123456", now=NOW)
    login = api.enter(provider, ("PeppolId", "PPL123456"))
    assert claims(login.access)["aum"] == "PeppolSignature"
    assert json.loads(claims(login.access)["per"]) == ["PefInvoiceWrite"]


def test_a_unit_does_not_inherit_from_the_company(api: Api, ania: Person) -> None:
    assert api.attempt(ania.identity, ("InternalId", f"{ania.nip}-12345"))["code"] == 415


def test_the_signed_bytes_are_remembered_by_their_hash(api: Api) -> None:
    nip = new_nip()
    document = api.signed(authority.seal("Firma", nip, now=NOW), ("Nip", nip))
    started = api.started(api.post_signed(document))
    query = select(auth_operations.c.document_hash).where(auth_operations.c.ref == started.ref)
    kept = in_store(api.running, lambda db: db.execute(query).scalar_one())
    assert kept == b64encode(sha256(document).digest()).decode()


# ---- who is refused at once, in both formats

NIP = new_nip()
SEAL = authority.seal("Firma", NIP, now=NOW)


def _two_signatures(document: bytes) -> bytes:
    start, end = (
        document.index(b"<ds:Signature "),
        document.index(b"</ds:Signature>") + len(b"</ds:Signature>"),
    )
    return document[:end] + document[start:end] + document[end:]


def _unsigned(document: bytes) -> bytes:
    start, end = (
        document.index(b"<ds:Signature "),
        document.index(b"</ds:Signature>") + len(b"</ds:Signature>"),
    )
    return document[:start] + document[end:]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "nothing": (lambda d: b"", 9101),
    "no XML": (lambda d: b"to nie jest XML", 9101),
    "JSON": (lambda d: b'{"challenge": 1}', 9101),
    "cut off": (lambda d: d[:-20], 9101),
    "a DTD": (lambda d: b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>" + d, 9101),
    "a comment in the NIP": (lambda d: d.replace(b"<Nip>", b"<Nip><!-- -->"), 9101),
    "deep": (lambda d: b"<a>" * 10_000 + b"</a>" * 10_000, 9101),
    "another root": (lambda d: d.replace(b"AuthTokenRequest", b"AuthTokenAnswer"), 9101),
    "no signature": (_unsigned, 9102),
    "two signatures": (_two_signatures, 9103),
    "another NIP": (lambda d: d.replace(NIP.encode(), new_nip().encode(), 1), 9105),
    "another signature value": (
        lambda d: d.replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA"),
        9105,
    ),
    "UTF-16": (lambda d: d.decode().encode("utf-16"), 21217),
    "latin-1": (lambda d: b'<?xml version="1.0" encoding="ISO-8859-2"?>' + d, 21217),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_document_is_refused(both: Api, damage: str) -> None:
    change, code = DAMAGES[damage]
    document = change(both.signed(SEAL, ("Nip", NIP)))
    found = refusal(both.post_signed(document))
    assert found.code in ((code, 9105) if damage == "another root" else (code,)), found


@pytest.mark.parametrize("seed", range(4))
def test_random_damage_never_makes_the_server_fail(
    api: Api, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    rand = Random(seed)
    document = api.signed(SEAL, ("Nip", NIP))
    # Nothing gets in twice, so the one document whose damage does no harm is the last to be let in.
    let_in = 0
    for _ in range(100):
        damaged = bytearray(document)
        for _ in range(rand.choice((1, 1, 3, 30))):
            at = rand.randrange(len(damaged))
            match rand.randrange(3):
                case 0:
                    damaged[at] = rand.randrange(256)
                case 1:
                    del damaged[at : at + rand.choice((1, 5, 500))]
                case _:
                    damaged[at:at] = damaged[rand.randrange(len(damaged)) :][: rand.choice((1, 20, 800))]
            if not damaged:
                break
        answer = api.post_signed(bytes(damaged))
        assert answer.status_code in (202, 400), answer.text
        let_in += answer.status_code == 202
    assert let_in <= 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_document_that_fits_no_schema_is_refused(both: Api) -> None:
    request = both.challenge()["challenge"]
    document = (
        f'<AuthTokenRequest xmlns="http://ksef.mf.gov.pl/auth/token/2.1"><Challenge>{request}</Challenge>'
        f"<ContextIdentifier><Nip>123</Nip></ContextIdentifier>"
        "<SubjectIdentifierType>certificateSubject</SubjectIdentifierType></AuthTokenRequest>"
    ).encode()
    found = refusal(both.post_signed(xades.sign(document, SEAL, signing_time=NOW)))
    assert (found.code, found.description) == (21401, "Dokument nie jest zgodny ze schemą (xsd).")
    assert "Nip" in found.details[0]


def test_a_challenge_nobody_gave_is_refused(both: Api) -> None:
    foreign = make_reference("CR", NOW, b"\x01\x02\x03\x04\x05")
    found = refusal(both.post_signed(both.signed(SEAL, ("Nip", NIP), challenge=foreign)))
    assert (found.code, found.description) == (21111, "Nieprawidłowe wyzwanie autoryzacyjne.")


def test_a_challenge_serves_once(both: Api) -> None:
    document = both.signed(SEAL, ("Nip", NIP))
    assert both.post_signed(document).status_code == 202
    assert refusal(both.post_signed(document)).code == 21111


def test_of_parallel_logins_with_one_challenge_exactly_one_wins(api: Api) -> None:
    document = api.signed(SEAL, ("Nip", NIP))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.post_signed(document), range(10)))
    assert sorted(a.status_code for a in answers) == [202] + [400] * 9
    assert {refusal(a).code for a in answers if a.status_code == 400} == {21111}


def test_a_challenge_lives_ten_minutes(timed: Api, clock: ManualClock) -> None:
    nip = new_nip()
    seal = authority.seal("Firma", nip, now=clock.now())
    document = timed.signed(seal, ("Nip", nip))
    other = timed.signed(seal, ("Nip", nip))
    clock.advance(minutes=9, seconds=59)
    assert timed.post_signed(document).status_code == 202
    clock.advance(seconds=1)
    assert refusal(timed.post_signed(other)).code == 21111


PERSON = [(NameOID.GIVEN_NAME, "Jan"), (NameOID.SURNAME, "Kowalski")]
NAMED = [(NameOID.COMMON_NAME, "Jan Kowalski"), (NameOID.COUNTRY_NAME, "PL")]
SUBJECTS = {
    "a person without a number": ([*PERSON, *NAMED], 21115),
    "ten digits called a PESEL": ([*PERSON, (NameOID.SERIAL_NUMBER, "PNOPL-1234567890"), *NAMED], 21406),
    "no prefix": ([*PERSON, (NameOID.SERIAL_NUMBER, "1234567890"), *NAMED], 21406),
    "a foreign number": ([*PERSON, (NameOID.SERIAL_NUMBER, "PNODE-12345678901"), *NAMED], 21406),
    "Arabic-Indic digits": (
        [
            (NameOID.ORGANIZATION_NAME, "F"),
            (NameOID.ORGANIZATION_IDENTIFIER, "VATPL-" + "\u0661" * 10),
            *NAMED,
        ],
        21406,
    ),
    "a seal that names a person": (
        [
            *PERSON,
            (NameOID.ORGANIZATION_NAME, "F"),
            (NameOID.ORGANIZATION_IDENTIFIER, "VATPL-" + NIP),
            *NAMED,
        ],
        21115,
    ),
    "a seal without organisation": ([(NameOID.ORGANIZATION_IDENTIFIER, "VATPL-" + NIP), *NAMED], 21115),
}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_certificate_that_names_nobody_is_refused(both: Api, subject: str) -> None:
    attributes, code = SUBJECTS[subject]
    identity = authority.certified(attributes, now=NOW)
    assert refusal(both.post_signed(both.signed(identity, ("Nip", NIP)))).code == code


@pytest.mark.parametrize(
    ("identity", "context", "parts"),
    [
        (SEAL, ("NipVatUe", f"{NIP}-DE123456789"), {}),
        (SEAL, ("PeppolId", "PPL123456"), {}),
        (authority.peppol_seal("PPL654321", now=NOW), ("PeppolId", "PPL123456"), {}),
        (authority.peppol_seal("PPL654321", now=NOW), ("Nip", NIP), {}),
        (SEAL, ("PeppolId", "PPL123456"), {"subject_type": "certificateFingerprint"}),
    ],
)
def test_subject_and_context_must_fit(
    both: Api, identity: Identity, context: tuple[str, str], parts: dict[str, Any]
) -> None:
    assert refusal(both.post_signed(both.signed(identity, context, **parts))).code == 21117


def test_only_xml_is_read_here(both: Api) -> None:
    for media in ("application/json", "text/plain", "text/xml", ""):
        answer = both.call(
            "POST",
            "/auth/xades-signature",
            content=both.signed(SEAL, ("Nip", NIP)),
            headers={"Content-Type": media},
        )
        assert answer.status_code == 415


# ---- who is refused after 202


def test_a_chain_is_looked_at_on_request(api: Api) -> None:
    for chain, code in ((None, 200), (False, 200), (True, 460)):
        started = api.started(api.post_signed(api.signed(SEAL, ("Nip", NIP)), chain=chain))
        status = api.status(started)["status"]
        assert status["code"] == code
        assert status.get("details") == (["Niezaufany łańcuch certyfikatów"] if chain else None)


@pytest.mark.parametrize(("word", "status"), [("TRUE", 202), ("yes", 400), ("1", 400), ("", 400)])
def test_a_parameter_is_true_or_false_and_nothing_else(both: Api, word: str, status: int) -> None:
    answer = both.call(
        "POST",
        "/auth/xades-signature",
        content=both.signed(SEAL, ("Nip", NIP)),
        headers={"Content-Type": "application/xml"},
        params={"verifyCertificateChain": word},
    )
    assert answer.status_code == status
    if status == 400:
        assert refusal(answer).code == 21001


def test_a_trusted_authority_opens_where_the_chain_matters(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted = authority.Authority.create("Qualified", NOW)
    impostor = authority.Authority.create("Qualified", NOW)
    monkeypatch.setattr(api.ksef, "trusted_roots", (trusted.certificate,))
    cases = [
        (authority.seal("Firma", NIP, now=NOW, issuer=trusted), None),
        (authority.seal("Firma", NIP, now=NOW, issuer=impostor), "Błąd weryfikacji łańcucha certyfikatów"),
        (authority.seal("Firma", NIP, now=NOW - timedelta(9), issuer=trusted, days=1), "Nieważny certyfikat"),
        (authority.seal("Firma", NIP, now=NOW + timedelta(9), issuer=trusted), "Nieważny certyfikat"),
        (SEAL, "Niezaufany łańcuch certyfikatów"),
    ]
    for identity, detail in cases:
        started = api.started(api.post_signed(api.signed(identity, ("Nip", NIP)), chain=True))
        status = api.status(started)["status"]
        assert (status["code"], status.get("details")) == ((460, [detail]) if detail else (200, None))


@pytest.mark.parametrize("profile", get_args(Profile)[1:])
def test_outside_test_no_parameter_weakens_the_check(profile: Profile) -> None:
    with local_ksef(profile=profile) as running, Api(running) as api:
        for chain in (None, False):
            started = api.started(api.post_signed(api.signed(SEAL, ("Nip", NIP)), chain=chain))
            assert api.status(started)["status"]["code"] == 460
        body = {"nip": NIP}
        for answer in (
            api.call("POST", "/testdata/person/remove", body=body),
            api.call("POST", "/testdata/person", content=b"{"),
            api.call("GET", "/testdata/person"),
        ):
            assert answer.status_code == 404


def test_a_blocked_context_lets_nobody_in_until_unblocked(api: Api, ania: Person, biuro: Person) -> None:
    where = {"contextIdentifier": {"type": "nip", "value": ania.nip}}
    api.testdata("context/block", **where)
    api.testdata("context/block", **where)
    for person in (ania, biuro):
        status = api.attempt(person.identity, ania.context)
        assert (status["code"], status["description"]) == (480, "Uwierzytelnienie zablokowane")
        assert status["details"][0].startswith("Podejrzenie incydentu bezpieczeństwa.")
        assert api.call("POST", "/auth/token/refresh", person.login.refresh).status_code == 200
    api.testdata("context/unblock", **where)
    assert api.attempt(ania.identity, ania.context)["code"] == 200


def test_the_dead_do_not_log_in(both: Api) -> None:
    nip, pesel = new_nip(), new_pesel()
    identity = authority.person("Anna", "Nowak", pesel=pesel, now=NOW)
    owner = authority.seal("Anna Nowak", nip, now=NOW)
    both.testdata("person", nip=nip, pesel=pesel, isBailiff=False, description="a person")
    login = both.enter(identity, ("Nip", nip))
    waiting = both.started(both.post_signed(both.signed(identity, ("Nip", nip))))
    assert both.status(waiting)["status"]["code"] == 200
    both.testdata("person/remove", nip=nip)
    both.testdata("person", nip=nip, pesel=pesel, isBailiff=False, description="a person", isDeceased=True)
    for who in (identity, owner):
        assert both.attempt(who, ("Nip", nip)) == {
            "code": 470,
            "description": "Uwierzytelnianie zakończone niepowodzeniem",
            "details": ["Próba wykorzystania metod autoryzacyjnych osoby zmarłej"],
        }
    assert refusal(both.call("POST", "/auth/token/refresh", login.refresh)).code == 21308
    assert refusal(both.call("POST", "/auth/token/redeem", waiting.authentication)).code == 21308
    assert both.call("GET", "/rate-limits", login).status_code == 200


# ---- status


def test_status_is_told_to_its_own_login_only(both: Api, ania: Person, obcy: Person) -> None:
    for ref in (obcy.login.ref, make_reference("AU", NOW, b"12345"), "x", "%00", "a b", "\u0142" * 40):
        found = refusal(both.call("GET", f"/auth/{ref}", ania.login.authentication))
        assert (found.code, found.description) == (21304, "Brak uwierzytelnienia.")
        assert found.details[0].startswith("Operacja uwierzytelniania o numerze referencyjnym")


def test_status_is_gone_after_seven_days(timed: Api, clock: ManualClock) -> None:
    person = firm(timed)
    # No authentication token lives that long: only one signed with the server's own key gets so far.
    later = clock.now() + timedelta(days=8)
    arn = {"arn": person.login.ref}
    token = sign(timed.ksef, "AuthenticationToken", arn, clock.now(), later).text()
    clock.advance(days=6, hours=23)
    assert timed.call("GET", f"/auth/{person.login.ref}", token).status_code == 200
    clock.advance(hours=1)
    for headers in ({}, {"X-Error-Format": "problem-details"}):
        gone = timed.call("GET", f"/auth/{person.login.ref}", token, headers=headers)
        assert gone.status_code == 410
        assert gone.headers["content-type"].startswith("application/problem+json")
        assert gone.json()["detail"] == "Operacja wygasła i nie jest już dostępna."
        assert "errors" not in gone.json()


# ---- redeem and refresh


def test_tokens_are_redeemed_once(both: Api) -> None:
    person = firm(both)
    found = refusal(both.call("POST", "/auth/token/redeem", person.login.authentication))
    assert (found.code, found.description) == (21301, "Brak autoryzacji.")
    assert found.details == [f"Tokeny dla operacji uwierzytelniania {person.login.ref} zostały już pobrane."]


def test_of_parallel_redeems_exactly_one_wins(api: Api) -> None:
    started = api.started(api.post_signed(api.signed(SEAL, ("Nip", NIP))))
    assert api.status(started)["status"]["code"] == 200
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: api.call("POST", "/auth/token/redeem", started.authentication), range(10))
        )
    assert sorted(a.status_code for a in answers) == [200] + [400] * 9


def test_a_failed_login_redeems_nothing(both: Api, ania: Person, obcy: Person) -> None:
    started = both.started(both.post_signed(both.signed(obcy.identity, ania.context)))
    assert both.status(started)["status"]["code"] == 415
    found = refusal(both.call("POST", "/auth/token/redeem", started.authentication))
    assert found.code == 21301
    assert found.details == ["Status uwierzytelniania (415) nie pozwala na pobranie tokenów."]


def test_an_authentication_token_lives_45_minutes(timed: Api, clock: ManualClock) -> None:
    nip = new_nip()
    seal = authority.seal("Firma", nip, now=clock.now())
    started = timed.started(timed.post_signed(timed.signed(seal, ("Nip", nip))))
    clock.advance(minutes=44, seconds=59)
    assert timed.status(started)["status"]["code"] == 200
    clock.advance(seconds=1)
    assert timed.call("GET", f"/auth/{started.ref}", started.authentication).status_code == 401
    assert timed.call("POST", "/auth/token/redeem", started.authentication).status_code == 401


def test_access_lives_15_minutes_and_refresh_7_days(timed: Api, clock: ManualClock) -> None:
    person = firm(timed)
    clock.advance(minutes=14, seconds=59)
    assert timed.call("GET", "/rate-limits", person.login).status_code == 200
    clock.advance(seconds=1)
    expired = timed.call("GET", "/rate-limits", person.login)
    assert expired.status_code == 401
    assert expired.json()["detail"] == "Wymagane jest uwierzytelnienie."
    fresh = timed.call("POST", "/auth/token/refresh", person.login.refresh).json()["accessToken"]
    assert timed.call("GET", "/rate-limits", fresh["token"]).status_code == 200
    assert datetime.fromisoformat(fresh["validUntil"][:19] + "+00:00") == clock.now() + timedelta(minutes=15)
    clock.advance(days=6, hours=23, minutes=44, seconds=59)
    assert timed.call("POST", "/auth/token/refresh", person.login.refresh).status_code == 200
    clock.advance(seconds=1)
    assert timed.call("POST", "/auth/token/refresh", person.login.refresh).status_code == 401


def test_fifty_refreshes_at_once_all_succeed(api: Api, ania: Person) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: api.call("POST", "/auth/token/refresh", ania.login.refresh), range(50))
        )
    assert {a.status_code for a in answers} == {200}
    assert "refreshToken" not in answers[0].json()


def test_a_refresh_reads_permissions_anew_and_the_old_access_keeps_them(
    api: Api, ania: Person, biuro: Person
) -> None:
    def refreshed() -> list[str]:
        answer = api.call("POST", "/auth/token/refresh", biuro.login.refresh)
        held: list[str] = json.loads(claims(answer.json()["accessToken"]["token"])["per"])
        return held

    api.permit(ania.nip, biuro.subject, "Introspection")
    assert refreshed() == ["Introspection", "InvoiceRead", "InvoiceWrite"]
    api.forbid(ania.nip, biuro.subject)
    assert refreshed() == []
    assert json.loads(claims(biuro.login.access)["per"]) == ["InvoiceRead", "InvoiceWrite"]
    assert api.call("GET", "/rate-limits", biuro.login).status_code == 200
    assert api.attempt(biuro.identity, ania.context)["code"] == 415


# ---- sessions


def test_a_session_list_shows_own_live_logins_newest_first(api: Api, ania: Person, biuro: Person) -> None:
    second = api.enter(ania.identity, ania.context)
    never_redeemed = api.started(api.post_signed(api.signed(ania.identity, ania.context)))
    assert api.status(never_redeemed)["status"]["code"] == 200
    listed = api.call("GET", "/auth/sessions", second).json()
    assert [item["referenceNumber"] for item in listed["items"]] == [second.ref, ania.login.ref]
    assert [item["isCurrent"] for item in listed["items"]] == [True, False]
    assert "continuationToken" not in listed
    (own,) = api.call("GET", "/auth/sessions", biuro.login).json()["items"]
    assert own["referenceNumber"] == biuro.login.ref


def test_pages_of_sessions_show_each_once(both: Api) -> None:
    person = firm(both)
    refs = [person.login.ref] + [both.enter(person.identity, person.context).ref for _ in range(11)]
    first = both.call("GET", "/auth/sessions", person.login).json()
    assert len(first["items"]) == 10
    token = first["continuationToken"]
    rest = both.call("GET", "/auth/sessions", person.login, headers={"x-continuation-token": token}).json()
    assert "continuationToken" not in rest
    seen = [item["referenceNumber"] for item in first["items"] + rest["items"]]
    assert seen == refs[::-1]
    # Nobody else's, edited, or made up.
    other = firm(both)
    flipped = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    for bearer, forged in (
        (other.login, token),
        (person.login, flipped),
        (person.login, "W10="),
        (person.login, "!"),
        (person.login, "x" * 5000),
    ):
        answer = both.call("GET", "/auth/sessions", bearer, headers={"x-continuation-token": forged})
        found = refusal(answer)
        assert found.code == 21418
        assert found.description == "Przekazany token kontynuacji ma nieprawidłowy format."


@pytest.mark.parametrize("size", ["9", "101", "0", "-1", "99999999999"])
def test_a_page_has_10_to_100_sessions(both: Api, size: str) -> None:
    person = firm(both)
    found = refusal(both.call("GET", "/auth/sessions", person.login, params={"pageSize": size}))
    assert found.code == 21405
    for odd in ("ten", "1e1", ""):
        answer = both.call("GET", "/auth/sessions", person.login, params={"pageSize": odd})
        assert refusal(answer).code == 21001


@pytest.mark.parametrize("with_refresh", [False, True])
def test_logging_out_ends_refreshing_not_the_access_token(both: Api, with_refresh: bool) -> None:
    person = firm(both)
    bearer = person.login.refresh if with_refresh else person.login.access
    ended = both.call("DELETE", "/auth/sessions/current", bearer)
    assert (ended.status_code, ended.content) == (204, b"")
    found = refusal(both.call("POST", "/auth/token/refresh", person.login.refresh))
    assert found.code == 21301
    assert found.details == ["Status uwierzytelniania (425) nie pozwala na odświeżenie tokenu dostępowego."]
    assert both.call("GET", "/auth/sessions", person.login).json()["items"] == []
    status = both.status(Started(person.login.ref, person.login.authentication))["status"]
    assert (status["code"], status["description"]) == (425, "Uwierzytelnienie unieważnione")
    assert both.call("DELETE", "/auth/sessions/current", bearer).status_code == 204


def test_a_login_revoked_before_its_redeem_stays_unredeemed(api: Api, ania: Person) -> None:
    started = api.started(api.post_signed(api.signed(ania.identity, ania.context)))
    assert api.status(started)["status"]["code"] == 200
    assert api.call("DELETE", f"/auth/sessions/{started.ref}", ania.login).status_code == 204
    found = refusal(api.call("POST", "/auth/token/redeem", started.authentication))
    assert found.details == ["Status uwierzytelniania (425) nie pozwala na pobranie tokenów."]


def test_one_ends_ones_own_sessions_only(both: Api) -> None:
    person, stranger = firm(both), firm(both)
    other = both.enter(person.identity, person.context)
    for ref in (stranger.login.ref, make_reference("AU", NOW, b"12345"), "x" * 36, "%00", "none"):
        assert refusal(both.call("DELETE", f"/auth/sessions/{ref}", person.login)).code == 21405
    assert both.call("POST", "/auth/token/refresh", stranger.login.refresh).status_code == 200
    assert both.call("DELETE", f"/auth/sessions/{other.ref}", person.login).status_code == 204
    assert refusal(both.call("POST", "/auth/token/refresh", other.refresh)).code == 21301
    assert both.call("POST", "/auth/token/refresh", person.login.refresh).status_code == 200
