"""Certificates at the portal: uploaded keys, requests signed elsewhere, test certificates, fingerprints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from klucznik.cli.portal import portal_of
from klucznik.crypto import authority, xades
from klucznik.crypto.certs import Identity, fingerprint, key_to_pem
from klucznik.portal.kept import Logins
from klucznik.secret import Secret
from klucznik.testing import RunningKsef, local_ksef

from .person import Visitor, new_nip, new_pesel

PASSWORD = "Sekret-2026!"
XSS = "<img src=x onerror=alert(1)>"


def now() -> datetime:
    return datetime.now(UTC)


def p12(identity: Identity) -> bytes:
    return identity.to_pkcs12(Secret(PASSWORD))


def public(identity: Identity) -> bytes:
    return identity.certificate.public_bytes(Encoding.PEM)


def show(visitor: Visitor, file: bytes, *, key: bytes = b"", code: int = 200, **fields: str) -> str:
    files = {"certificate": ("mine.p12", file)}
    if key:
        files["key"] = ("mine.key", key)
    return visitor.post("/login/certificate", code, files=files, **fields)


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_seal_from_a_p12(stranger: Visitor, kind: Literal["ec", "rsa"]) -> None:
    nip = new_nip()
    page = show(stranger, p12(authority.seal("Piekarnia", nip, now=now(), key=kind)), password=PASSWORD)
    assert f"Nip {nip}" in page
    page = stranger.post("/login/context", context=f"Nip {nip}")
    assert 'class="who"' in page
    assert "Piekarnia" in page


def test_a_person_from_a_pem_straight_into_a_context(running: RunningKsef, stranger: Visitor) -> None:
    nip = new_nip()
    running.seed({"persons": [{"nip": nip, "pesel": stranger.pesel, "isBailiff": False}]})
    identity = authority.person("Ewa", "Sowa", now=now(), pesel=stranger.pesel)
    page = show(stranger, identity.to_pem(), context=nip)
    assert "<strong>Ewa Sowa</strong>" in page


def test_certificate_and_key_in_two_files(stranger: Visitor) -> None:
    nip = new_nip()
    identity = authority.person("Ewa", "Sowa", now=now(), nip=nip)
    key = key_to_pem(identity.private_key, Secret(PASSWORD))
    assert 'class="who"' in show(stranger, public(identity), key=key, password=PASSWORD, context=nip)


def test_a_certificate_without_numbers_by_its_fingerprint(running: RunningKsef, stranger: Visitor) -> None:
    from cryptography.x509.oid import NameOID

    attributes = [
        (NameOID.GIVEN_NAME, "John"),
        (NameOID.SURNAME, "Smith"),
        (NameOID.SERIAL_NUMBER, "PASUS-1234567"),
        (NameOID.COMMON_NAME, "John Smith"),
        (NameOID.COUNTRY_NAME, "US"),
    ]
    identity, nip = authority.certified(attributes, now=now()), new_nip()
    assert "no context yet" in show(stranger, p12(identity), password=PASSWORD)
    running.seed(
        {
            "grants": [
                {
                    "contextIdentifier": {"type": "Nip", "value": nip},
                    "authorizedIdentifier": {
                        "type": "Fingerprint",
                        "value": fingerprint(identity.certificate),
                    },
                    "permissions": [{"permissionType": "InvoiceRead", "description": "for a test"}],
                }
            ]
        }
    )
    page = show(stranger, p12(identity), password=PASSWORD)
    assert "fingerprint" in page
    page = stranger.post("/login/context", context=f"Nip {nip} certificateFingerprint")
    assert "<strong>John Smith</strong>" in page


def test_what_is_wrong_with_a_file_is_said(stranger: Visitor) -> None:
    mine, other = (authority.seal("Firma", new_nip(), now=now()) for _ in range(2))
    cases = [
        (show(stranger, b"", code=400), "Choose the certificate"),
        (show(stranger, p12(mine), password="wrong", code=400), "wrong passphrase"),
        (show(stranger, b"\0junk", code=400), "neither PEM nor PKCS#12"),
        (show(stranger, public(mine), code=400), "no private key"),
        (show(stranger, public(mine), key=key_to_pem(other.private_key), code=400), "does not belong"),
        (show(stranger, mine.to_pem(), context=XSS, code=400), "has no permission in"),
    ]
    for page, words in cases:
        assert words in unescape(page)
        assert XSS not in page
        assert PASSWORD not in page
    assert 'class="who"' not in stranger.get("/")


def test_a_stranger_signs_for_no_other_company(stranger: Visitor, ania: Visitor) -> None:
    seal = authority.seal("Obca", new_nip(), now=now())
    assert "has no permission in" in show(stranger, seal.to_pem(), context=ania.nip, code=400)
    show(stranger, seal.to_pem())
    assert "You hold no permission" in stranger.post("/login/context", context=f"Nip {ania.nip}")


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKsef]:
    with local_ksef(tmp_path_factory.mktemp("ksef"), web=portal_of) as ksef:
        yield ksef


def _kept(running: RunningKsef, visitor: Visitor) -> str:
    folder: Path = running.ksef.store.folder / "portal" if running.ksef.store.folder else Path()
    kept = Logins(folder).read(visitor.http.cookies["klucznik"], now())
    assert kept is not None
    return json.dumps(asdict(kept))


def test_an_uploaded_key_and_its_password_are_not_kept(at_home: RunningKsef) -> None:
    identity, nip = authority.seal("Firma", new_nip(), now=now()), new_nip()
    identity = authority.seal("Firma", nip, now=now())
    with Visitor(at_home) as visitor:
        show(visitor, p12(identity), password=PASSWORD)
        before = _kept(at_home, visitor)
        assert "AuthTokenRequest" in before
        for kept in (before, _kept(at_home, visitor)):
            assert "PRIVATE KEY" not in kept
            assert PASSWORD not in kept
        visitor.post("/login/context", context=f"Nip {nip}")
        # What was signed is used up, and gone.
        assert "AuthTokenRequest" not in _kept(at_home, visitor)
        page = visitor.get("/login/context")
        assert "Your key was used once and not kept" in page
        assert 'class="who"' in page


# ---- signed elsewhere


def _unsigned(visitor: Visitor, value: str, kind: str = "Nip") -> bytes:
    fields = {"csrf": visitor.csrf(), "kind": kind, "value": value, "by": "certificateSubject"}
    answer = visitor.http.post("/login/signed/request", data=fields)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return answer.content


def _hand_in(visitor: Visitor, document: bytes, code: int = 200) -> str:
    return visitor.post("/login/signed", code, files={"document": ("signed.xml", document)})


def test_a_request_signed_elsewhere_logs_in_once(stranger: Visitor) -> None:
    nip = new_nip()
    seal = authority.seal("Piekarnia", nip, now=now())
    signed = xades.sign(_unsigned(stranger, nip), seal, signing_time=now())
    assert "Piekarnia" in _hand_in(stranger, signed)
    assert "Your key was used once" in stranger.get("/login/context")
    stranger.post("/logout")
    page = unescape(_hand_in(stranger, signed, 400))
    assert "21111" in page or "wyzwanie" in page
    assert "Why: " in page


def test_what_ksef_thinks_of_a_bad_request_is_told(stranger: Visitor) -> None:
    unsigned = _unsigned(stranger, new_nip())
    assert "9102" in _hand_in(stranger, unsigned, 400)
    assert "Choose the signed file" in _hand_in(stranger, b"", 400)
    assert XSS not in _hand_in(stranger, f"<a>{XSS}</a>".encode(), 400)


@pytest.mark.parametrize(
    ("kind", "value"), [("Nip", "123"), ("InternalId", XSS), ("PeppolId", ""), ("Pesel", "90010112349")]
)
def test_a_context_of_the_wrong_shape_is_named(stranger: Visitor, kind: str, value: str) -> None:
    page = stranger.post("/login/signed/request", 400, kind=kind, value=value, by="certificateSubject")
    assert 'role="alert"' in page
    assert XSS not in page


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Nip", "5265877635"),
        ("InternalId", "5265877635-10014"),
        ("NipVatUe", "5265877635-DE123456789"),
        ("PeppolId", "PPL000123"),
    ],
)
def test_every_kind_of_context_can_be_asked_for(stranger: Visitor, kind: str, value: str) -> None:
    assert f"<{kind}>{value}</{kind}>".encode() in _unsigned(stranger, value, kind)


# ---- test certificates and fingerprints


def _make(visitor: Visitor, **fields: str) -> bytes:
    answer = visitor.http.post("/login/test-certificate", data={"csrf": visitor.csrf(), **fields})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer.content


@pytest.mark.parametrize("key", ["ec", "rsa"])
@pytest.mark.parametrize("form", ["p12", "pem"])
def test_a_test_certificate_logs_in(stranger: Visitor, key: str, form: str) -> None:
    nip = new_nip()
    file = _make(stranger, kind="seal", name="Firma", number=nip, key=key, form=form, password=PASSWORD)
    assert 'class="who"' in show(stranger, file, password=PASSWORD, context=nip)


def test_a_test_certificate_of_a_person_without_a_password(stranger: Visitor) -> None:
    pesel = new_pesel()
    file = _make(stranger, kind="person", given="Ewa", surname="Sowa", number=pesel, key="ec", form="pem")
    subject = Identity.load(file).certificate.subject.rfc4514_string()
    assert f"PNOPL-{pesel}" in subject


def test_what_a_test_certificate_lacks_is_said(stranger: Visitor) -> None:
    whole = {
        "kind": "seal",
        "name": "Firma",
        "number": new_nip(),
        "key": "ec",
        "form": "p12",
        "password": PASSWORD,
    }
    for changed, words in [
        ({"password": ""}, "needs a password"),
        ({"name": ""}, "Type the name"),
        ({"number": new_pesel()}, "no valid"),
        ({"kind": "person"}, "first name"),
        ({"form": "exe"}, "Choose a kind"),
        ({"name": XSS, "number": XSS}, "no valid"),
    ]:
        page = stranger.post("/login/test-certificate", 400, **(whole | changed))
        assert words in page
        assert XSS not in page
        assert PASSWORD not in page


def test_the_fingerprint_of_a_certificate(stranger: Visitor) -> None:
    seal = authority.seal("<b>Firma</b>", new_nip(), now=now())
    page = stranger.post("/login/fingerprint", files={"certificate": ("a.pem", public(seal))})
    assert fingerprint(seal.certificate) in page
    assert "<b>Firma" not in page
    page = stranger.post("/login/fingerprint", 400, files={"certificate": ("a.pem", b"junk")})
    assert "cannot be read" in page


@pytest.mark.parametrize(
    "path", ["certificate", "signed", "signed/request", "test-certificate", "fingerprint"]
)
def test_no_form_without_its_token(stranger: Visitor, path: str) -> None:
    assert stranger.http.post(f"/login/{path}", data={"kind": "seal"}).status_code == 403


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Password, if there is one", "signed elsewhere", "Make a test", "Get a fingerprint")),
        ("pl", ("Hasło, jeśli jest", "podpisanym poza portalem", "Utwórz", "Pobierz odcisk palca")),
        ("de", ("Passwort, falls vorhanden", "anderswo signierten", "erstellen", "Fingerabdruck abrufen")),
    ],
)
def test_in_three_languages(running: RunningKsef, language: str, words: tuple[str, ...]) -> None:
    paths = ("certificate", "signed", "test-certificate", "fingerprint")
    with Visitor(running, language) as visitor:
        for path, word in zip(paths, words, strict=True):
            assert word in visitor.get(f"/login/{path}")


def test_on_the_demo_profile_the_local_authority_is_trusted() -> None:
    with local_ksef(profile="demo", web=portal_of) as demo, Visitor(demo) as visitor:
        nip = new_nip()
        page = unescape(
            show(visitor, authority.seal("Firma", nip, now=now()).to_pem(), context=nip, code=400)
        )
        assert "Why: " in page
        file = _make(visitor, kind="seal", name="Firma", number=nip, key="ec", form="pem")
        assert 'class="who"' in show(visitor, file, context=nip)
