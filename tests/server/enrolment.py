"""Applying for KSeF certificates as programs do, step by step, so that each step can go wrong."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from klucznik.crypto.certs import Identity, PrivateKey
from klucznik.crypto.csr import ATTRIBUTES, Attribute

from .door import Api, Login

_FIELDS = {
    "commonName": "common_name",
    "countryName": "country_name",
    "givenName": "given_name",
    "surname": "surname",
    "serialNumber": "serial_number",
    "uniqueIdentifier": "unique_identifier",
    "organizationName": "organization_name",
    "organizationIdentifier": "organization_identifier",
}


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def attributes(data: Mapping[str, str]) -> list[Attribute]:
    """Enrolment data as attributes of a subject."""
    return [(ATTRIBUTES[_FIELDS[name]], value) for name, value in data.items()]


def request(subject: Sequence[Attribute], key: Any, hash_: Any = None, **signing: Any) -> bytes:
    """A CSR in DER, by whatever key and hash."""
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in subject])
    made = x509.CertificateSigningRequestBuilder().subject_name(name)
    return made.sign(key, hash_ or hashes.SHA256(), **signing).public_bytes(Encoding.DER)


def request_by_sha1(subject: Sequence[Attribute], key: ec.EllipticCurvePrivateKey) -> bytes:
    """A CSR signed with SHA-1, which the library only reads: put together by hand."""
    body = x509.load_der_x509_csr(request(subject, key)).tbs_certrequest_bytes
    signature = key.sign(body, ec.ECDSA(hashes.SHA1()))  # KSeF takes it
    ecdsa_with_sha1 = bytes.fromhex("300906072a8648ce3d0401")
    return _der(0x30, body + ecdsa_with_sha1 + _der(0x03, b"\0" + signature))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    length = digits if size < 128 else bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + length + content


def enrollment_data(api: Api, login: Login) -> dict[str, str]:
    answer = api.call("GET", "/certificates/enrollments/data", login)
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


def apply(
    api: Api,
    login: Login,
    *,
    key: PrivateKey | None = None,
    kind: str = "Authentication",
    name: str = "Certyfikat testowy",
    csr: bytes | None = None,
    **more: Any,
) -> httpx2.Response:
    """POST /certificates/enrollments, right unless told otherwise."""
    csr = csr or request(attributes(enrollment_data(api, login)), key or new_key())
    body = {"certificateName": name, "certificateType": kind, "csr": b64encode(csr).decode(), **more}
    return api.call("POST", "/certificates/enrollments", login, body=body)


def reference(answer: httpx2.Response) -> str:
    assert answer.status_code == 202, answer.text
    return str(answer.json()["referenceNumber"])


def outcome(api: Api, login: Login, ref: str) -> dict[str, Any]:
    """The final status of an application."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        answer = api.call("GET", f"/certificates/enrollments/{ref}", login)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        if found["status"]["code"] != 100:
            return found
    raise AssertionError("the application never ended")


@dataclass
class Held:
    """A KSeF certificate with its key."""

    serial: str
    identity: Identity


def fetch(api: Api, login: Login, *serials: str) -> list[dict[str, Any]]:
    body = {"certificateSerialNumbers": list(serials)}
    answer = api.call("POST", "/certificates/retrieve", login, body=body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["certificates"]
    return found


def enrol(api: Api, login: Login, *, key: PrivateKey | None = None, **asked: Any) -> Held:
    """Apply, wait, fetch."""
    key = key or new_key()
    done = outcome(api, login, reference(apply(api, login, key=key, **asked)))
    assert done["status"]["code"] == 200, done
    serial = done["certificateSerialNumber"]
    (item,) = fetch(api, login, serial)
    certificate = x509.load_der_x509_certificate(b64decode(item["certificate"]))
    return Held(serial, Identity(certificate, key))


def listed(
    api: Api, login: Login, body: Mapping[str, Any] | None = None, **page: int
) -> list[dict[str, Any]]:
    """POST /certificates/query, one page."""
    answer = api.call("POST", "/certificates/query", login, body=dict(body or {}), params=page)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["certificates"]
    return found


def state(api: Api, login: Login, serial: str, wanted: str) -> dict[str, Any]:
    """The certificate once it has come to a state."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        (found,) = listed(api, login, {"certificateSerialNumber": serial})
        if found["status"] == wanted:
            return found
    raise AssertionError(f"the certificate never became {wanted}")


def revoke(api: Api, login: Login, serial: str, **body: str) -> None:
    answer = api.call("POST", f"/certificates/{serial}/revoke", login, body=body or None)
    assert (answer.status_code, answer.content) == (204, b"")
    state(api, login, serial, "Revoked")


def expire(api: Api, login: Login, serial: str, valid_to: str) -> httpx2.Response:
    return api.call("PUT", f"/testdata/certificates/{serial}", login, body={"validTo": valid_to})
