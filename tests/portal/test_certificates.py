"""KSeF certificates in the portal: applied for with a key that never comes here, fetched, revoked."""

from __future__ import annotations

import re
from base64 import b64encode
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509

from klucznik.client import certificates, testdata
from klucznik.client.ksef import Ksef
from klucznik.crypto import authority, csr
from klucznik.crypto.certs import PrivateKey

from .furnished import IMAGE, PAYLOADS, client_of
from .markup import alive
from .person import Visitor

_SERIAL = re.compile(r"/web/certificates/([0-9A-F]{16})\"")
_WRONG_NAMES = ("", "four", "x" * 51, "semi;colon", *PAYLOADS)


def _request(ksef: Ksef, key: PrivateKey | None = None) -> bytes:
    data = ksef.call(certificates.enrollment_data())
    return certificates.csr_for(data, key or authority.new_key("ec"))


def _pem(der: bytes) -> str:
    text = b64encode(der).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n"


def _issued(visitor: Visitor) -> str:
    """The serial number of the newest certificate in the list."""
    for _ in range(200):  # the page looks again, as its refresh does
        if found := _SERIAL.search(visitor.get("/certificates")):
            return found[1]
    raise AssertionError("nothing was issued")


def _hidden(visitor: Visitor, page: str) -> dict[str, Any]:
    """What the second step sends again."""
    return {name: unescape(visitor.hidden(page, name)) for name in ("name", "csr", "nonce")}


def _apply(visitor: Visitor, name: str = "ERP of Ania", purpose: str = "Authentication") -> str:
    with client_of(visitor) as ksef:
        second = visitor.post("/certificates/request", name=name, csr=_pem(_request(ksef)))
    hidden: dict[str, Any] = {
        field: unescape(visitor.hidden(second, field)) for field in ("name", "csr", "nonce")
    }
    visitor.post("/certificates/request/send", purpose=purpose, **hidden)
    return _issued(visitor)


@pytest.mark.parametrize("purpose", ["Authentication", "Offline"])
def test_a_certificate_is_applied_for_fetched_and_revoked(ania: Visitor, purpose: str) -> None:
    key = authority.new_key("ec")
    with client_of(ania) as ksef:
        second = ania.post("/certificates/request", name="Zażółć 2026", csr=_pem(_request(ksef, key)))
        assert "EC P-256" in second
        hidden: dict[str, Any] = {
            field: unescape(ania.hidden(second, field)) for field in ("name", "csr", "nonce")
        }
        ania.post("/certificates/request/send", purpose=purpose, **hidden)
        serial = _issued(ania)
        (item,) = ksef.run(certificates.list_all())
        assert (item.name, item.type, item.certificate_serial_number) == ("Zażółć 2026", purpose, serial)
        assert "Zażółć 2026" in ania.get(f"/certificates/{serial}")
        pem = ania.http.get(f"/certificates/{serial}/certificate.pem")
        der = ania.http.get(f"/certificates/{serial}/certificate.der")
        assert pem.headers["content-disposition"] == f'attachment; filename="ksef-{serial}.pem"'
        certificate = x509.load_pem_x509_certificate(pem.content)
        assert certificate == x509.load_der_x509_certificate(der.content)
        assert certificate.public_key() == key.public_key()
        refused = ania.post(f"/certificates/{serial}/revoke", 400, reason="KeyCompromise")
        assert "tick that you are sure" in refused
        ania.post(f"/certificates/{serial}/revoke", reason="KeyCompromise", sure="yes")
        (item,) = ksef.run(certificates.list_all())
        assert item.status in ("Blocked", "Revoked")
    assert "/revoke" not in ania.get("/certificates?state=Revoked")


def test_an_application_is_sent_once(ania: Visitor) -> None:
    with client_of(ania) as ksef:
        second = ania.post("/certificates/request", name="Only once", csr=_pem(_request(ksef)))
        hidden: dict[str, Any] = {
            field: unescape(ania.hidden(second, field)) for field in ("name", "csr", "nonce")
        }
        for _ in range(2):
            page = ania.post("/certificates/request/send", purpose="Offline", **hidden)
        assert "sent already" in page
        assert ksef.call(certificates.limits()).enrollment.remaining == 11


def test_a_file_in_der_is_as_good(ania: Visitor) -> None:
    with client_of(ania) as ksef:
        der = _request(ksef, authority.new_key("rsa"))
    page = ania.post("/certificates/request", name="From a file", csr="", files={"file": ("a.csr", der)})
    assert "RSA 2048" in page


@pytest.mark.parametrize("name", _WRONG_NAMES)
def test_a_name_that_does_not_fit_is_told(ania: Visitor, name: str) -> None:
    page = ania.post("/certificates/request", 400, name=name, csr="kept as typed")
    assert "does not fit" in page
    assert "kept as typed" in page
    assert not alive(page)


def test_what_ksef_would_refuse_is_told_before_it_is_sent(ania: Visitor) -> None:
    with client_of(ania) as ksef:
        data = ksef.call(certificates.enrollment_data())
        mine = [(csr.ATTRIBUTES[name], value) for name, value in data.model_dump(exclude_none=True).items()]
        other = csr.make([(oid, "Eve" if value == ania.given else value) for oid, value in mine], _key())
        broken = bytearray(_request(ksef))
        broken[-1] ^= 1
        for given, word in (
            ("", "no request"),
            ("%%%", "no request"),
            (_pem(b"x"), "25004"),
            (_pem(bytes(broken)), "25004"),
            (_pem(other), "givenName=Eve"),
        ):
            page = ania.post("/certificates/request", 400, name="A good name", csr=given)
            assert word in page, given
            assert 'value="A good name"' in page
        assert ksef.call(certificates.limits()).enrollment.remaining == 12


@pytest.mark.parametrize(("field", "value"), [("purpose", "Login"), ("from", "2001-01-01"), ("from", "soon")])
def test_the_second_step_is_checked_too(ania: Visitor, field: str, value: str) -> None:
    with client_of(ania) as ksef:
        second = ania.post("/certificates/request", name="Second step", csr=_pem(_request(ksef)))
        hidden: dict[str, Any] = {
            name: unescape(ania.hidden(second, name)) for name in ("name", "csr", "nonce")
        }
        fields: dict[str, Any] = {"purpose": "Offline", **hidden, field: value}
        page = ania.post("/certificates/request/send", 400, **fields)
        assert "Second step" in page
        assert ksef.call(certificates.limits()).enrollment.remaining == 12


def test_a_refusal_of_ksef_is_told_with_its_cause(ania: Visitor) -> None:
    with client_of(ania) as ksef:
        second = ania.post("/certificates/request", name="One too many", csr=_pem(_request(ksef)))
        hidden: dict[str, Any] = {
            name: unescape(ania.hidden(second, name)) for name in ("name", "csr", "nonce")
        }
        ksef.call(testdata.set_certificate_limits(enrollments=0))
        page = ania.post("/certificates/request/send", 400, purpose="Offline", **hidden)
    assert "25006" in page
    assert "Why: " in page
    assert "cannot apply now" in ania.get("/certificates")


def test_the_certificates_of_others_are_not_there(ania: Visitor, obcy: Visitor) -> None:
    serial = _apply(ania, "Mine alone")
    assert "Mine alone" not in obcy.get("/certificates")
    for path in ("", "/certificate.pem", "/certificate.der", "/revoke"):
        obcy.get(f"/certificates/{serial}{path}", 404)
    obcy.post(f"/certificates/{serial}/revoke", 404, reason="Unspecified", sure="yes")
    assert "active" in ania.get(f"/certificates/{serial}")
    for wrong in ("x", "0" * 16, quote(IMAGE, safe=""), "certificate.exe"):
        ania.get(f"/certificates/{wrong}", 404)
    ania.get(f"/certificates/{serial}/certificate.exe", 404)


def test_nobody_comes_here_without_a_login(stranger: Visitor) -> None:
    for path in ("/certificates", "/certificates/request", f"/certificates/{'A' * 16}/certificate.pem"):
        answer = stranger.http.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/web/login")


@pytest.mark.parametrize("path", ["/request", "/request/send", f"/{'A' * 16}/revoke"])
def test_forms_need_their_token(ania: Visitor, path: str) -> None:
    assert ania.http.post(f"/certificates{path}", data={"name": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("language", "word"), [("en", "List of certificates"), ("pl", "Lista certyfikatów"), ("de", "Liste der")]
)
def test_pages_speak_three_languages(ania: Visitor, language: str, word: str) -> None:
    ania.post("/language", language=language, back="/web/")
    assert word in ania.get("/certificates")
    assert f'<html lang="{language}">' in ania.get("/certificates/request")


@pytest.mark.parametrize(
    "query", ["page=-1", "page=x", "page=99999999999999999", "state=x&kind=y", "application=x"]
)
def test_odd_queries_do_no_harm(ania: Visitor, query: str) -> None:
    assert "No certificate here yet" in ania.get(f"/certificates?{query}")


def _key() -> PrivateKey:
    return authority.new_key("ec")
