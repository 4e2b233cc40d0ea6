"""KSeF certificates from the application to the revocation. Rules: certificates.md."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from klucznik.clock import ManualClock
from klucznik.crypto import authority, qr
from klucznik.crypto.certs import fingerprint
from klucznik.server import work
from klucznik.server.local import LocalKsef
from klucznik.testing import local_ksef
from klucznik.wire.ids import is_reference

from .door import Api, Login, Person, employee, firm, new_nip, new_pesel, refusal
from .enrolment import (
    apply,
    attributes,
    enrol,
    enrollment_data,
    expire,
    fetch,
    listed,
    new_key,
    outcome,
    reference,
    request,
    request_by_sha1,
    revoke,
    state,
)

QUERY, RETRIEVE = "/certificates/query", "/certificates/retrieve"
NOBODYS = "01FFFFFFFFFFFFFF"


def _limits(api: Api, login: Login) -> dict[str, Any]:
    answer = api.call("GET", "/certificates/limits", login)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _allow(api: Api, login: Login, **limits: Any) -> None:
    answer = api.call("POST", "/testdata/limits/subject/certificate", login, body=limits)
    assert (answer.status_code, answer.content) == (200, b"")


def _stranger_at(api: Api, nip: str, **sealed: Any) -> tuple[Login, str]:
    """Somebody known by a certificate's fingerprint alone, let into a company; and the fingerprint."""
    foreign = authority.certified(
        [
            (NameOID.GIVEN_NAME, "Ewa"),
            (NameOID.SURNAME, "Daleka"),
            (NameOID.SERIAL_NUMBER, "IDCDE-12345"),
            (NameOID.COMMON_NAME, "Ewa Daleka"),
            (NameOID.COUNTRY_NAME, "DE"),
        ],
        now=api.ksef.clock.now(),
    )
    mark = fingerprint(foreign.certificate)
    api.permit(nip, ("Fingerprint", mark), "InvoiceRead")
    return api.enter(foreign, ("Nip", nip), subject_type="certificateFingerprint"), mark


# ---- what the CSR must say --------------------------------------------------------------------------


def test_the_data_of_a_person_a_seal_and_a_fingerprint(api: Api, ania: Person) -> None:
    assert enrollment_data(api, ania.login) == {
        "commonName": "Firma Ani",
        "countryName": "PL",
        "organizationName": "Firma Ani",
        "organizationIdentifier": f"VATPL-{ania.nip}",
    }
    biuro = employee(api, ania.nip, "InvoiceRead")
    assert enrollment_data(api, biuro.login) == {
        "commonName": "Jan Biurowy",
        "countryName": "PL",
        "givenName": "Jan",
        "surname": "Biurowy",
        "serialNumber": f"PNOPL-{biuro.subject[1]}",
    }
    login, mark = _stranger_at(api, ania.nip)
    assert enrollment_data(api, login) == {
        "commonName": "Ewa Daleka",
        "countryName": "DE",
        "givenName": "Ewa",
        "surname": "Daleka",
        "serialNumber": "IDCDE-12345",
        "uniqueIdentifier": mark,
    }


@pytest.mark.parametrize("prefix", ["NIP-", "TINPL-", "NIP: "])
def test_a_persons_number_is_written_in_one_way(api: Api, prefix: str) -> None:
    nip = new_nip()
    identity = authority.certified(
        [
            (NameOID.GIVEN_NAME, "Anna"),
            (NameOID.GIVEN_NAME, "Maria"),
            (NameOID.SURNAME, "Nowak"),
            (NameOID.SERIAL_NUMBER, f"{prefix}{nip}"),
            (NameOID.COMMON_NAME, "Anna Nowak"),
            (NameOID.COUNTRY_NAME, "PL"),
            (NameOID.ORGANIZATION_NAME, "Pracodawca"),
        ],
        now=api.ksef.clock.now(),
    )
    data = enrollment_data(api, api.enter(identity, ("Nip", nip)))
    assert data["serialNumber"] == f"TINPL-{nip}"
    assert data["givenName"] == "Anna Maria"
    assert "organizationName" not in data


# ---- the certificate that is issued -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Authentication", "Offline"])
def test_an_application_becomes_a_certificate(api: Api, ania: Person, kind: str) -> None:
    before = api.ksef.clock.now()
    answer = apply(api, ania.login, key=(key := new_key()), kind=kind, name="Księgowość-1 ąż")
    ref = reference(answer)
    assert is_reference(ref, "EH")
    done = outcome(api, ania.login, ref)
    assert done["status"] == {"code": 200, "description": "Wniosek obsłużony (certyfikat wygenerowany)"}
    assert done["requestDate"] == answer.json()["timestamp"]
    serial = done["certificateSerialNumber"]
    (item,) = fetch(api, ania.login, serial)
    assert item["certificateName"] == "Księgowość-1 ąż"
    assert item["certificateType"] == kind
    assert item["certificateSerialNumber"] == serial

    made = x509.load_der_x509_certificate(b64decode(item["certificate"]))
    ca = api.ksef.keys.authority.certificate
    made.verify_directly_issued_by(ca)
    assert "local test" in ca.subject.rfc4514_string()
    assert made.signature_algorithm_oid == x509.SignatureAlgorithmOID.ECDSA_WITH_SHA256
    assert f"{made.serial_number:016X}" == serial
    assert made.public_key() == key.public_key()
    wanted = {(oid, value) for oid, value in attributes(enrollment_data(api, ania.login))}
    assert {(attribute.oid, attribute.value) for attribute in made.subject} == wanted
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.content_commitment) == (kind != "Offline", kind == "Offline")
    assert not usage.key_cert_sign
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert made.not_valid_before_utc >= before.replace(microsecond=0)
    assert made.not_valid_after_utc - made.not_valid_before_utc == timedelta(days=730)

    (entry,) = listed(api, ania.login)
    assert entry == {
        "certificateSerialNumber": serial,
        "name": "Księgowość-1 ąż",
        "type": kind,
        "commonName": "Firma Ani",
        "status": "Active",
        "subjectIdentifier": {"type": "Nip", "value": ania.nip},
        "validFrom": f"{made.not_valid_before_utc:%Y-%m-%dT%H:%M:%S}.0000000+00:00",
        "validTo": f"{made.not_valid_after_utc:%Y-%m-%dT%H:%M:%S}.0000000+00:00",
        "requestDate": done["requestDate"],
    }


def test_extensions_that_a_csr_asks_for_are_passed_over(api: Api, ania: Person) -> None:
    key = new_key()
    name = x509.Name(
        [x509.NameAttribute(*each) for each in attributes(enrollment_data(api, ania.login))][::-1]
    )
    greedy = x509.CertificateSigningRequestBuilder().subject_name(name)
    greedy = greedy.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    csr = greedy.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    held = enrol(api, ania.login, key=key, csr=csr)
    assert not held.identity.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


@pytest.mark.parametrize(
    ("key", "hash_", "signing"),
    [
        (new_key(), hashes.SHA256(), {}),
        (new_key(), hashes.SHA384(), {}),
        (new_key(), hashes.SHA512(), {}),
        (_RSA, hashes.SHA256(), {}),
        (_RSA, hashes.SHA512(), {}),
        (_RSA, hashes.SHA256(), {"rsa_padding": _PSS}),
    ],
    ids=["ec-256", "ec-384", "ec-512", "rsa-256", "rsa-512", "pss-256"],
)
def test_keys_and_algorithms_that_are_taken(
    api: Api, key: Any, hash_: hashes.HashAlgorithm, signing: dict[str, Any]
) -> None:
    # One key may be certified for one subject only, so each case has a company and RSA a key of its own.
    person = firm(api)
    if isinstance(key, rsa.RSAPrivateKey):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    csr = request(attributes(enrollment_data(api, person.login)), key, hash_, **signing)
    assert enrol(api, person.login, key=key, csr=csr).serial


def test_sha_1_is_taken(api: Api, ania: Person) -> None:
    key = new_key()
    csr = request_by_sha1(attributes(enrollment_data(api, ania.login)), key)
    assert enrol(api, ania.login, key=key, csr=csr).serial
    spoiled = csr[:-1] + bytes([csr[-1] ^ 1])
    assert refusal(apply(api, ania.login, csr=spoiled)).code == 25004


@pytest.mark.parametrize("days", [30, -30])
def test_a_certificate_may_begin_later(timed: Api, clock: ManualClock, days: int) -> None:
    ania = firm(timed)
    begin = (clock.now() + timedelta(days=days)).replace(microsecond=0)
    held = enrol(timed, ania.login, validFrom=begin.isoformat())
    made = held.identity.certificate
    assert made.not_valid_before_utc == max(begin, clock.now().replace(microsecond=0))
    code = timed.attempt(held.identity, ania.context)["code"]
    assert code == (460 if days > 0 else 200)


def test_a_time_beyond_x509_is_refused(both: Api) -> None:
    ania = firm(both)
    found = refusal(apply(both, ania.login, validFrom="9999-06-01T00:00:00Z"))
    assert (found.code, found.details) == (21405, ["'validFrom' is out of range."])


# ---- what is refused at once ------------------------------------------------------------------------


def _without(name: str) -> Any:
    return lambda data: {key: value for key, value in data.items() if key != name}


@pytest.mark.parametrize(
    "change",
    [
        _without("organizationName"),
        lambda data: data | {"commonName": "Firma ANI"},
        lambda data: data | {"surname": "Nowak"},
        lambda data: data | {"countryName": "DE"},
        lambda data: data | {"organizationIdentifier": f"VATPL-{new_nip()}"},
    ],
    ids=["missing", "case", "extra", "country", "other-firm"],
)
def test_a_subject_that_differs_is_refused(both: Api, ania: Person, change: Any) -> None:
    data = change(enrollment_data(both, ania.login))
    found = refusal(apply(both, ania.login, csr=request(attributes(data), new_key())))
    assert found.code == 25003
    assert found.description == "Dane w CSR nie zgadzają się z danymi w użytym wektorze uwierzytelniającym."
    assert found.details == []


def test_an_attribute_given_twice_is_refused(api: Api, ania: Person) -> None:
    twice = attributes(enrollment_data(api, ania.login))
    found = refusal(apply(api, ania.login, csr=request([*twice, twice[0]], new_key())))
    assert found.code == 25003


def test_what_is_no_csr_is_refused(both: Api, ania: Person) -> None:
    good = request(attributes(enrollment_data(both, ania.login)), new_key())
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n" + b64encode(good)
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    renamed = good.replace(b"Firma Ani", b"Firma Oli")
    for csr in (b"not a request", pem, good[:-20], good + b"\0", flipped, renamed, b"\x30\x80"):
        found = refusal(apply(both, ania.login, csr=csr))
        assert (found.code, found.details) == (25004, []), csr[:20]
        assert found.description == "Niepoprawny format CSR lub niepoprawny podpis CSR."


@pytest.mark.parametrize(
    ("key", "hash_"),
    [
        (rsa.generate_private_key(public_exponent=65537, key_size=3072), None),
        (rsa.generate_private_key(public_exponent=65537, key_size=1024), None),  # refused
        (ec.generate_private_key(ec.SECP384R1()), None),
        (ec.generate_private_key(ec.SECP256K1()), None),
        (dsa.generate_private_key(2048), None),
    ],
    ids=["rsa-3072", "rsa-1024", "p-384", "k-256", "dsa"],
)
def test_other_keys_are_refused(both: Api, ania: Person, key: Any, hash_: Any) -> None:
    csr = request(attributes(enrollment_data(both, ania.login)), key, hash_)
    found = refusal(apply(both, ania.login, csr=csr))
    assert (found.code, found.description) == (25010, "Nieprawidłowy typ lub długość klucza.")


def test_a_key_of_edwards_is_refused(api: Api, ania: Person) -> None:
    name = x509.Name([x509.NameAttribute(*each) for each in attributes(enrollment_data(api, ania.login))])
    made = x509.CertificateSigningRequestBuilder().subject_name(name)
    csr = made.sign(ed25519.Ed25519PrivateKey.generate(), None).public_bytes(Encoding.DER)
    assert refusal(apply(api, ania.login, csr=csr)).code == 25010


@pytest.mark.parametrize("hash_", [hashes.SHA224(), hashes.SHA3_256()], ids=["sha-224", "sha3-256"])
def test_other_hash_functions_are_refused(both: Api, ania: Person, hash_: hashes.HashAlgorithm) -> None:
    csr = request(attributes(enrollment_data(both, ania.login)), new_key(), hash_)
    found = refusal(apply(both, ania.login, csr=csr))
    assert (found.code, found.description) == (25011, "Nieprawidłowy algorytm podpisu CSR.")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"certificateName": "four"}, 21405),
        ({"certificateName": "x" * 101}, 21405),
        ({"certificateName": "Firma & Syn"}, 21405),
        ({"certificateType": "Both"}, 21001),
        ({"certificateType": None}, 21001),
        ({"csr": "-----BEGIN CERTIFICATE REQUEST-----"}, 21405),
        ({"csr": 5}, 21405),
        ({"validFrom": "tomorrow"}, 21001),
    ],
)
def test_a_body_that_does_not_fit_is_refused(
    both: Api, ania: Person, change: dict[str, Any], code: int
) -> None:
    body = {"certificateName": "Certyfikat", "certificateType": "Offline", "csr": "AAAA"} | change
    found = refusal(both.call("POST", "/certificates/enrollments", ania.login, body=body))
    assert found.code == code
    assert found.details


# ---- limits -----------------------------------------------------------------------------------------


def test_limits_by_kind_of_subject(api: Api, ania: Person) -> None:
    biuro = employee(api, ania.nip, "InvoiceRead")
    stranger, _ = _stranger_at(api, ania.nip)
    for login, enrollments, certificates in ((ania.login, 300, 100), (biuro.login, 12, 6), (stranger, 12, 6)):
        assert _limits(api, login) == {
            "canRequest": True,
            "enrollment": {"remaining": enrollments, "limit": enrollments},
            "certificate": {"remaining": certificates, "limit": certificates},
        }
        seen = api.call("GET", "/limits/subject", login).json()
        assert seen == {
            "enrollment": {"maxEnrollments": enrollments},
            "certificate": {"maxCertificates": certificates},
        }


def test_applications_are_used_up_and_certificates_come_back(both: Api) -> None:
    ania = firm(both)
    _allow(both, ania.login, enrollment={"maxEnrollments": 2}, certificate={"maxCertificates": 1})
    first = enrol(both, ania.login)
    assert _limits(both, ania.login) == {
        "canRequest": False,
        "enrollment": {"remaining": 1, "limit": 2},
        "certificate": {"remaining": 0, "limit": 1},
    }
    found = refusal(apply(both, ania.login))
    assert found.code == 25007
    assert found.description == "Osiągnięto limit dopuszczalnej liczby posiadanych certyfikatów."
    revoke(both, ania.login, first.serial)
    assert _limits(both, ania.login)["canRequest"] is True
    second = enrol(both, ania.login)
    revoke(both, ania.login, second.serial)
    assert _limits(both, ania.login) == {
        "canRequest": False,
        "enrollment": {"remaining": 0, "limit": 2},
        "certificate": {"remaining": 1, "limit": 1},
    }
    found = refusal(apply(both, ania.login))
    assert found.code == 25006
    assert found.description == "Osiągnięto limit możliwych do złożenia wniosków certyfikacyjnych."


def test_limits_are_set_in_part_and_reset(api: Api, ania: Person, obcy: Person) -> None:
    _allow(api, ania.login, enrollment={"maxEnrollments": 7})
    _allow(api, ania.login, subjectIdentifierType="Nip", certificate={"maxCertificates": 0})
    _allow(api, ania.login, enrollment={"maxEnrollments": None}, certificate=None)
    seen = api.call("GET", "/limits/subject", ania.login).json()
    assert seen == {"enrollment": {"maxEnrollments": 7}, "certificate": {"maxCertificates": 0}}
    assert api.call("GET", "/limits/subject", obcy.login).json()["certificate"] == {"maxCertificates": 100}
    answer = api.call("DELETE", "/testdata/limits/subject/certificate", ania.login)
    assert (answer.status_code, answer.content) == (200, b"")
    seen = api.call("GET", "/limits/subject", ania.login).json()
    assert seen == {"enrollment": {"maxEnrollments": 300}, "certificate": {"maxCertificates": 100}}


def test_limits_of_the_linked_identifier(api: Api) -> None:
    owner, pesel = firm(api), new_pesel()
    body = {"subjectIdentifierType": "Pesel", "enrollment": {"maxEnrollments": 1}}
    answer = api.call("POST", "/testdata/limits/subject/certificate", owner.login, body=body)
    assert refusal(answer).code == 21405
    api.testdata("person", nip=owner.nip, pesel=pesel, isBailiff=False, description="a sole trader")
    _allow(api, owner.login, **body)
    assert api.call("GET", "/limits/subject", owner.login).json()["enrollment"] == {"maxEnrollments": 300}
    identity = authority.person("Jan", "Kowal", pesel=pesel, now=api.ksef.clock.now())
    login = api.enter(identity, owner.context)
    assert api.call("GET", "/limits/subject", login).json()["enrollment"] == {"maxEnrollments": 1}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"enrollment": {"maxEnrollments": -1}}, 21405),
        ({"certificate": {"maxCertificates": 2**31}}, 21405),
        ({"subjectIdentifierType": None}, 21405),
        ({"subjectIdentifierType": "PeppolId"}, 21001),
        ({"subjectIdentifierType": "Fingerprint"}, 21405),
    ],
)
def test_limits_that_do_not_fit_are_refused(both: Api, ania: Person, body: dict[str, Any], code: int) -> None:
    answer = both.call("POST", "/testdata/limits/subject/certificate", ania.login, body=body)
    assert refusal(answer).code == code


# ---- the list, the retrieval, the revocation --------------------------------------------------------


def test_filters_order_and_pages(timed: Api, clock: ManualClock) -> None:
    ania = firm(timed)
    made = []
    for number in range(12):
        clock.advance(seconds=1)
        kind = "Offline" if number % 3 == 0 else "Authentication"
        made.append(enrol(timed, ania.login, kind=kind, name=f"Żółty {number:02}").serial)
    newest = made[::-1]

    def serials(body: dict[str, Any] | None = None, **page: int) -> list[str]:
        return [each["certificateSerialNumber"] for each in listed(timed, ania.login, body, **page)]

    assert serials() == newest[:10]
    assert serials(pageOffset=1) == newest[10:]
    assert serials(pageSize=50) == newest
    assert serials(pageOffset=9) == []
    for page, more in (({}, True), ({"pageOffset": 1}, False), ({"pageSize": 12}, False)):
        answer = timed.call("POST", QUERY, ania.login, params=page)
        assert answer.json()["hasMore"] is more
    assert serials({"type": "Offline"}) == [newest[index] for index in (2, 5, 8, 11)]
    assert serials({"name": "żółty 1"}) == newest[:2]
    assert serials({"name": "ŻÓŁTY 03", "type": "offline"}) == [made[3]]
    assert serials({"certificateSerialNumber": made[4], "type": "Offline"}) == []
    assert serials({"status": "Revoked"}) == []
    revoke(timed, ania.login, made[5])
    assert serials({"status": "Revoked"}) == [made[5]]
    soon = clock.now() + timedelta(days=1)
    assert expire(timed, ania.login, made[6], soon.isoformat()).status_code == 200
    assert made[6] not in serials({"expiresAfter": soon.isoformat()}, pageSize=50)
    assert len(serials({"expiresAfter": soon.isoformat()}, pageSize=50)) == 11
    clock.advance(days=1)
    again = timed.enter(ania.identity, ania.context)
    (late,) = listed(timed, again, {"status": "Expired"})
    assert late["certificateSerialNumber"] == made[6]


@pytest.mark.parametrize(
    ("path", "body", "params", "code"),
    [
        (QUERY, {"certificateSerialNumber": "0321c82da41b4362"}, {}, 21405),
        (QUERY, {"status": "Lost"}, {}, 21001),
        (QUERY, {}, {"pageSize": 9}, 21405),
        (QUERY, {}, {"pageSize": 51}, 21405),
        (QUERY, {}, {"pageOffset": -1}, 21405),
        (RETRIEVE, {"certificateSerialNumbers": []}, {}, 21405),
        (RETRIEVE, {"certificateSerialNumbers": [NOBODYS] * 11}, {}, 21405),
        (RETRIEVE, {"certificateSerialNumbers": ["1"]}, {}, 21405),
        (RETRIEVE, {"certificateSerialNumbers": NOBODYS}, {}, 21001),
        (RETRIEVE, {}, {}, 21405),
        (f"/certificates/{NOBODYS}/revoke", {"revocationReason": "Boredom"}, {}, 21001),
        (f"/certificates/{NOBODYS.lower()}/revoke", {}, {}, 21405),
        (f"/certificates/{NOBODYS}/revoke", {}, {}, 25008),
    ],
)
def test_questions_that_do_not_fit_are_refused(
    both: Api, ania: Person, path: str, body: dict[str, Any], params: dict[str, int], code: int
) -> None:
    assert refusal(both.call("POST", path, ania.login, body=body, params=params)).code == code


def test_retrieval_in_the_order_asked_for_and_again(api: Api, ania: Person, obcy: Person) -> None:
    one, two = enrol(api, ania.login), enrol(api, ania.login, kind="Offline")
    foreign = enrol(api, obcy.login)
    asked = (two.serial, foreign.serial, one.serial, NOBODYS, two.serial)
    for _ in range(2):
        found = fetch(api, ania.login, *asked)
        assert [each["certificateSerialNumber"] for each in found] == [two.serial, one.serial]
    assert fetch(api, obcy.login, one.serial) == []


def test_a_stranger_sees_and_ends_nothing(both: Api, ania: Person, obcy: Person) -> None:
    held = enrol(both, ania.login)
    ref = reference(apply(both, ania.login))
    assert held.serial not in {each["certificateSerialNumber"] for each in listed(both, obcy.login)}
    found = refusal(both.call("POST", f"/certificates/{held.serial}/revoke", obcy.login))
    assert (found.code, found.description) == (25008, "Certyfikat o podanym numerze seryjnym nie istnieje.")
    assert refusal(expire(both, obcy.login, held.serial, "2026-01-01T00:00:00Z")).code == 25008
    found = refusal(both.call("GET", f"/certificates/enrollments/{ref}", obcy.login))
    assert found.code == 25005
    assert found.description == "Wniosek certyfikacyjny o podanym numerze referencyjnym nie istnieje."
    # Nor does somebody who is permitted in the firm: certificates are the subject's, not the context's.
    biuro = employee(both, ania.nip, "CredentialsManage")
    assert listed(both, biuro.login) == []
    assert refusal(both.call("POST", f"/certificates/{held.serial}/revoke", biuro.login)).code == 25008
    assert state(both, ania.login, held.serial, "Active")
    assert outcome(both, ania.login, ref)["status"]["code"] == 200


def test_nip_and_pesel_of_a_sole_trader_are_one(api: Api) -> None:
    owner, pesel = firm(api), new_pesel()
    person = authority.person("Jan", "Kowal", pesel=pesel, now=api.ksef.clock.now())
    held = enrol(api, owner.login, key=(key := new_key()))
    ref = reference(apply(api, owner.login))
    api.permit(owner.nip, ("Pesel", pesel), "InvoiceRead")
    login = api.enter(person, owner.context)
    assert listed(api, login) == []
    api.testdata("person", nip=owner.nip, pesel=pesel, isBailiff=False, description="a sole trader")
    assert held.serial in {each["certificateSerialNumber"] for each in listed(api, login)}
    assert outcome(api, login, ref)["status"]["code"] == 200
    # The same key is the same person's.
    assert enrol(api, login, key=key, kind="Offline").serial != held.serial
    revoke(api, login, held.serial)


def test_revocation_once_with_a_reason(both: Api, ania: Person) -> None:
    held = enrol(both, ania.login)
    revoke(both, ania.login, held.serial, revocationReason="KeyCompromise")
    found = refusal(both.call("POST", f"/certificates/{held.serial}/revoke", ania.login))
    assert found.code == 25009
    assert found.description == (
        "Nie można odwołać wskazanego certyfikatu, ponieważ jest już odwołany, zablokowany lub nieważny."
    )
    late = enrol(both, ania.login)
    assert expire(both, ania.login, late.serial, "2026-01-01T00:00:00Z").status_code == 200
    state(both, ania.login, late.serial, "Expired")
    assert refusal(both.call("POST", f"/certificates/{late.serial}/revoke", ania.login)).code == 25009
    assert len(fetch(both, ania.login, held.serial, late.serial)) == 2


def test_an_end_may_only_come_earlier(both: Api, ania: Person) -> None:
    held = enrol(both, ania.login)
    (entry,) = listed(both, ania.login)
    assert expire(both, ania.login, held.serial, entry["validTo"]).status_code == 200
    assert refusal(expire(both, ania.login, held.serial, "2099-01-01T00:00:00Z")).code == 21405
    assert refusal(expire(both, ania.login, "xyz", "2026-01-01T00:00:00Z")).code == 21405
    path = f"/testdata/certificates/{held.serial}"
    assert refusal(both.call("PUT", path, ania.login, body={})).code == 21405
    assert both.call("PUT", path, body={"validTo": entry["validTo"]}).status_code == 401


def test_the_number_of_an_application(both: Api, ania: Person) -> None:
    for ref, code in (("nonsense", 21405), ("20260302-EH-0000000000-0000000000-00", 25005)):
        assert refusal(both.call("GET", f"/certificates/enrollments/{ref}", ania.login)).code == code


def test_the_status_is_kept_for_thirty_days(timed: Api, clock: ManualClock) -> None:
    ania = firm(timed)
    ref = reference(apply(timed, ania.login))
    outcome(timed, ania.login, ref)
    clock.advance(days=29, hours=23)
    login = timed.enter(ania.identity, ania.context)
    assert timed.call("GET", f"/certificates/enrollments/{ref}", login).status_code == 200
    clock.advance(hours=1)
    login = timed.enter(ania.identity, ania.context)
    answer = timed.call("GET", f"/certificates/enrollments/{ref}", login)
    assert answer.status_code == 410
    assert answer.json()["detail"] == "Operacja wygasła i nie jest już dostępna."


# ---- what is refused after 202 ----------------------------------------------------------------------


def test_a_key_of_somebody_else_is_refused_later(api: Api, ania: Person, obcy: Person) -> None:
    key = new_key()
    held = enrol(api, ania.login, key=key)
    revoke(api, ania.login, held.serial)
    done = outcome(api, obcy.login, reference(apply(api, obcy.login, key=key)))
    assert done["status"] == {
        "code": 400,
        "description": "Wniosek odrzucony",
        "details": ["Klucz publiczny został już certyfikowany przez inny podmiot."],
    }
    assert "certificateSerialNumber" not in done
    assert listed(api, obcy.login) == []
    assert enrol(api, ania.login, key=key).serial != held.serial


async def _idle(ksef: LocalKsef) -> bool:
    return False


def test_applications_survive_a_stop_and_the_limit_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both came while nobody worked on them, one certificate is allowed: the second is refused."""
    with monkeypatch.context() as patched:
        patched.setitem(work.STEPS, "enrollments", _idle)
        with local_ksef(tmp_path) as running, Api(running) as api:
            ania = firm(api)
            _allow(api, ania.login, certificate={"maxCertificates": 1})
            refs = [reference(apply(api, ania.login)) for _ in range(2)]
            for ref in refs:
                answer = api.call("GET", f"/certificates/enrollments/{ref}", ania.login).json()
                assert answer["status"] == {"code": 100, "description": "Wniosek przyjęty do realizacji"}
                assert "certificateSerialNumber" not in answer
            root = running.ksef.keys.authority.certificate
    with local_ksef(tmp_path) as running, Api(running) as api:
        assert running.ksef.keys.authority.certificate == root
        login = api.enter(ania.identity, ania.context)
        first, second = (outcome(api, login, ref) for ref in refs)
        assert first["status"]["code"] == 200
        assert second["status"]["details"] == ["Osiągnięto dopuszczalny limit posiadanych certyfikatów."]
        assert len(listed(api, login)) == 1


# ---- logging in -------------------------------------------------------------------------------------


def test_a_ksef_certificate_logs_in_where_its_holder_may(api: Api, ania: Person, obcy: Person) -> None:
    biuro = employee(api, ania.nip, "InvoiceRead", "InvoiceWrite")
    held = enrol(api, biuro.login)
    (entry,) = listed(api, biuro.login)
    assert "lastUseDate" not in entry
    started = api.started(api.post_signed(api.signed(held.identity, ania.context)))
    status = api.status(started)
    assert status["status"]["code"] == 200, status
    assert status["authenticationMethod"] == "InternalCertificate"
    assert status["authenticationMethodInfo"] == {
        "category": "XadesSignature",
        "code": "xades.ksef-certificate",
        "displayName": "Certyfikat KSeF",
    }
    login = api.redeem(started)
    (entry,) = listed(api, login)
    assert entry["lastUseDate"] >= entry["requestDate"]
    # Rights are the subject's, as they are now: none with a stranger, more where more is granted.
    assert api.attempt(held.identity, obcy.context)["code"] == 415
    api.permit(obcy.nip, biuro.subject, "InvoiceRead")
    assert api.attempt(held.identity, obcy.context)["code"] == 200


def test_a_refused_login_is_no_use(api: Api, ania: Person, obcy: Person) -> None:
    held = enrol(api, ania.login)
    assert api.attempt(held.identity, obcy.context)["code"] == 415
    (entry,) = listed(api, ania.login)
    assert "lastUseDate" not in entry


def test_a_certificate_is_renewed_with_itself(api: Api, ania: Person) -> None:
    for person in (ania, employee(api, ania.nip, "InvoiceRead")):
        old = enrol(api, person.login)
        login = api.enter(old.identity, ania.context)
        assert enrollment_data(api, login) == enrollment_data(api, person.login)
        new = enrol(api, login)
        revoke(api, login, old.serial, revocationReason="Superseded")
        assert api.attempt(old.identity, ania.context)["code"] == 460
        assert api.attempt(new.identity, ania.context)["code"] == 200


def test_the_holder_by_fingerprint_stays_the_same(api: Api, ania: Person) -> None:
    login, mark = _stranger_at(api, ania.nip)
    held = enrol(api, login)
    (entry,) = listed(api, login)
    assert entry["subjectIdentifier"] == {"type": "Fingerprint", "value": mark}
    again = api.enter(held.identity, ania.context, subject_type="certificateFingerprint")
    assert enrollment_data(api, again)["uniqueIdentifier"] == mark
    assert [each["certificateSerialNumber"] for each in listed(api, again)] == [held.serial]
    # Named by its subject it is nobody: that number is no PESEL and no NIP.
    answer = api.post_signed(api.signed(held.identity, ania.context))
    assert refusal(answer).code == 21406


def test_a_ksef_certificate_is_its_holders_however_it_is_named(api: Api, ania: Person) -> None:
    held = enrol(api, ania.login)
    login = api.enter(held.identity, ania.context, subject_type="certificateFingerprint")
    (entry,) = listed(api, login)
    assert entry["certificateSerialNumber"] == held.serial


def _refused(api: Api, person: Person, identity: Any, detail: str) -> None:
    assert api.attempt(identity, person.context) == {
        "code": 460,
        "description": "Uwierzytelnianie zakończone niepowodzeniem z powodu błędu certyfikatu",
        "details": [detail],
    }


def test_revoked_expired_and_offline_certificates_do_not_log_in(api: Api, ania: Person) -> None:
    revoked, expired, offline = enrol(api, ania.login), enrol(api, ania.login), None
    login = api.enter(revoked.identity, ania.context)
    revoke(api, ania.login, revoked.serial)
    _refused(api, ania, revoked.identity, "Certyfikat odwołany")
    # Who is in stays in: the access token lives on, and is refreshed.
    assert api.call("GET", "/certificates/limits", login).status_code == 200
    assert api.call("POST", "/auth/token/refresh", login.refresh).status_code == 200
    assert expire(api, ania.login, expired.serial, "2026-01-01T00:00:00Z").status_code == 200
    _refused(api, ania, expired.identity, "Nieważny certyfikat")
    offline = enrol(api, ania.login, kind="Offline")
    _refused(api, ania, offline.identity, "Niepoprawny certyfikat")
    revoke(api, ania.login, offline.serial)
    _refused(api, ania, offline.identity, "Niepoprawny certyfikat")


def test_a_blocked_certificate_does_not_log_in_and_is_revoked_after_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setitem(work.STEPS, "certificates", _idle)
        with local_ksef(tmp_path) as running, Api(running) as api:
            ania = firm(api)
            held = enrol(api, ania.login)
            path = f"/certificates/{held.serial}/revoke"
            assert api.call("POST", path, ania.login, body={}).status_code == 204
            assert state(api, ania.login, held.serial, "Blocked")
            assert refusal(api.call("POST", path, ania.login)).code == 25009
            _refused(api, ania, held.identity, "Certyfikat zawieszony")
            assert _limits(api, ania.login)["certificate"] == {"remaining": 100, "limit": 100}
    with local_ksef(tmp_path) as running, Api(running) as api:
        login = api.enter(ania.identity, ania.context)
        assert state(api, login, held.serial, "Revoked")


def test_time_ends_a_certificate(timed: Api, clock: ManualClock) -> None:
    ania = firm(timed)
    held = enrol(timed, ania.login)
    clock.advance(days=729, hours=23)
    assert timed.attempt(held.identity, ania.context)["code"] == 200
    clock.advance(hours=1)
    login = timed.enter(ania.identity, ania.context)
    assert state(timed, login, held.serial, "Expired")
    _refused(timed, ania, held.identity, "Nieważny certyfikat")
    assert refusal(timed.call("POST", f"/certificates/{held.serial}/revoke", login)).code == 25009
    assert _limits(timed, login)["certificate"] == {"remaining": 100, "limit": 100}


def test_a_certificate_that_only_says_it_is_ours(api: Api, ania: Person, obcy: Person) -> None:
    now = api.ksef.clock.now()
    impostor = authority.Authority.create("KSeF local test certificates", now)
    assert impostor.certificate.subject == api.ksef.keys.authority.certificate.subject
    forged = authority.seal("Firma Ani", ania.nip, now=now, issuer=impostor)
    _refused(api, ania, forged, "Błąd weryfikacji łańcucha certyfikatów")
    # Signed by our own CA, but entered nowhere: keys of a data folder that was replaced.
    stray = authority.seal("Firma Ani", ania.nip, now=now, issuer=api.ksef.keys.authority)
    _refused(api, ania, stray, "Niepoprawny certyfikat")


@pytest.mark.parametrize("profile", ["demo", "prd"])
def test_elsewhere_there_is_no_test_data(profile: Any) -> None:
    with local_ksef(profile=profile) as running, Api(running) as api:
        for method, path in (
            ("PUT", f"/testdata/certificates/{NOBODYS}"),
            ("POST", "/testdata/limits/subject/certificate"),
            ("DELETE", "/testdata/limits/subject/certificate"),
        ):
            assert api.call(method, path, body={}).status_code == 404


# ---- who may not ------------------------------------------------------------------------------------


def test_a_ksef_token_has_no_certificates(both: Api, ania: Person) -> None:
    held = enrol(both, ania.login)
    ref = reference(apply(both, ania.login))
    _, token = both.generate(ania.login, "InvoiceRead", "CredentialsManage")
    login = both.enter_with_token(token, ania.context)
    answer = both.call("GET", "/certificates/enrollments/data", login)
    found = refusal(answer)
    assert (found.code, found.description) == (
        25001,
        "Brak możliwości pobrania danych do CSR dla wykorzystanego sposobu uwierzytelnienia.",
    )
    csr = request(attributes(enrollment_data(both, ania.login)), new_key())
    found = refusal(apply(both, login, csr=csr))
    assert (found.code, found.description) == (
        25002,
        "Brak możliwości złożenia wniosku certyfikacyjnego dla wykorzystanego sposobu uwierzytelnienia.",
    )
    for method, path, body in (
        ("GET", "/certificates/limits", None),
        ("GET", f"/certificates/enrollments/{ref}", None),
        ("POST", QUERY, {}),
        ("POST", RETRIEVE, {"certificateSerialNumbers": [held.serial]}),
        ("POST", f"/certificates/{held.serial}/revoke", {}),
    ):
        answer = both.call(method, path, login, body=body)
        assert answer.status_code == 403, (path, answer.text)
        assert answer.json()["reasonCode"] == "auth-method-not-allowed"
        assert answer.json()["security"] == {"authenticationMethodCategory": "Token"}
    assert state(both, ania.login, held.serial, "Active")


def test_a_peppol_provider_has_no_certificates(api: Api) -> None:
    provider = authority.peppol_seal("PPL000321", now=api.ksef.clock.now())
    login = api.enter(provider, ("PeppolId", "PPL000321"))
    assert _limits(api, login)["canRequest"] is False
    assert listed(api, login) == []
    assert refusal(api.call("GET", "/certificates/enrollments/data", login)).code == 25001
    csr = request([(NameOID.COMMON_NAME, "PPL000321")], new_key())
    assert refusal(apply(api, login, csr=csr)).code == 25002


def test_nobody_calls_without_a_bearer(api: Api) -> None:
    for method, path in (
        ("GET", "/certificates/limits"),
        ("GET", "/certificates/enrollments/data"),
        ("POST", "/certificates/enrollments"),
        ("GET", "/certificates/enrollments/20260302-EH-0000000000-0000000000-00"),
        ("POST", QUERY),
        ("POST", RETRIEVE),
        ("POST", f"/certificates/{NOBODYS}/revoke"),
        ("POST", "/testdata/limits/subject/certificate"),
        ("DELETE", "/testdata/limits/subject/certificate"),
    ):
        assert api.call(method, path, body={}).status_code == 401


# ---- codes of invoices ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["ec", "rsa"])
def test_an_offline_certificate_confirms_codes(api: Api, key: authority.KeyKind) -> None:
    ania = firm(api)
    offline = enrol(api, ania.login, key=authority.new_key(key), kind="Offline")
    login = enrol(api, ania.login)
    now = datetime.now(UTC)
    for held, wrong in ((offline, []), (login, ["usage"])):
        certificate = held.identity.certificate
        assert qr.serial_of(certificate) == held.serial
        base = "https://qr-test.ksef.mf.gov.pl"
        digest = qr.digest_of(b"<Faktura/>")
        url = qr.certificate_link(base, "Nip", ania.nip, ania.nip, held.serial, digest, held.identity)
        link = qr.read_link(url, [base])
        assert isinstance(link, qr.CertificateLink)
        assert [finding.code for finding in qr.verify(link, certificate, now=now).findings] == wrong
