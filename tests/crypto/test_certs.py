"""Certificates: files in and out, subjects, and the local authority."""

from __future__ import annotations

import hashlib
import random
import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from klucznik.crypto.authority import Authority, certified, peppol_seal, person, seal, server_certificate
from klucznik.crypto.certs import Identity, fingerprint, load_certificate, weakness
from klucznik.crypto.subject import BadSubject, read_subject
from klucznik.errors import Unreadable
from klucznik.secret import Secret

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NIP, PESEL = "5265877635", "80010112345"
PASSPHRASE = Secret("hasło ąę")
OIDS = {
    "G": NameOID.GIVEN_NAME,
    "S": NameOID.SURNAME,
    "N": NameOID.SERIAL_NUMBER,
    "CN": NameOID.COMMON_NAME,
    "C": NameOID.COUNTRY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "I": NameOID.ORGANIZATION_IDENTIFIER,
}
PERSON = [("G", "Ania"), ("S", "Nowak"), ("N", f"TINPL-{NIP}"), ("CN", "Ania Nowak"), ("C", "PL")]
SEAL = [("O", "Firma"), ("I", f"VATPL-{NIP}"), ("CN", "Firma"), ("C", "PL")]
PEPPOL = [("O", "Dostawca"), ("I", "PPL123456"), ("CN", "PPL123456")]


@pytest.fixture(scope="module")
def ania() -> Identity:
    return person("Ania", "Nowak", nip=NIP, now=NOW)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("Klucznik", NOW)


def key_bytes(identity: Identity, encoding: Encoding = Encoding.PEM, passphrase: bytes = b"") -> bytes:
    sealing = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return identity.private_key.private_bytes(encoding, PrivateFormat.PKCS8, sealing)


def same(one: Identity, other: Identity) -> bool:
    return one.certificate == other.certificate and key_bytes(one) == key_bytes(other)


# ---- files ----


def test_pem_and_pkcs12_go_round(authority: Authority) -> None:
    below = person("Ania", "Nowak", pesel=PESEL, now=NOW, key="rsa", issuer=authority)
    for again in (
        Identity.load(below.to_pem()),
        Identity.load(below.to_pem(PASSPHRASE), PASSPHRASE),
        Identity.load(below.to_pem(), PASSPHRASE),
        Identity.load(below.to_pkcs12(PASSPHRASE), PASSPHRASE),
    ):
        assert same(again, below)
        assert again.chain == (authority.certificate,)


def test_pkcs12_without_passphrase(ania: Identity) -> None:
    data = pkcs12.serialize_key_and_certificates(
        None, ania.private_key, ania.certificate, None, NoEncryption()
    )
    assert same(Identity.load(data), ania)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_two_files(ania: Identity, encoding: Encoding) -> None:
    certificate = ania.certificate.public_bytes(encoding)
    assert same(Identity.load_pair(certificate, key_bytes(ania, encoding)), ania)
    sealed = key_bytes(ania, encoding, b"secret")
    assert same(Identity.load_pair(certificate, sealed, Secret("secret")), ania)
    assert load_certificate(certificate) == ania.certificate


def test_the_own_certificate_is_found_wherever_it_stands(ania: Identity, authority: Authority) -> None:
    both = (authority.certificate, ania.certificate)
    found = Identity.load_pair(b"".join(c.public_bytes(Encoding.PEM) for c in both), key_bytes(ania))
    assert found.certificate == ania.certificate
    assert found.chain == (authority.certificate,)


def test_unreadable_files_say_why(ania: Identity) -> None:
    certificate = ania.certificate.public_bytes(Encoding.PEM)
    other = person("Obcy", "Obcy", nip="1111111111", now=NOW)
    ed = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    broken = certificate.replace(b"MII", b"XXX", 1)
    cases: list[tuple[str, Callable[[], Identity]]] = [
        ("wrong passphrase", lambda: Identity.load(ania.to_pkcs12(PASSPHRASE), Secret("other"))),
        ("wrong passphrase", lambda: Identity.load(ania.to_pkcs12(PASSPHRASE))),
        ("wrong passphrase", lambda: Identity.load(ania.to_pem(PASSPHRASE), Secret("other"))),
        ("wrong passphrase", lambda: Identity.load(b"rubbish")),
        ("needs a passphrase", lambda: Identity.load(ania.to_pem(PASSPHRASE))),
        ("no private key", lambda: Identity.load(certificate)),
        ("no certificate", lambda: Identity.load(key_bytes(ania))),
        ("does not belong", lambda: Identity.load(certificate + key_bytes(other))),
        ("does not belong", lambda: Identity.load_pair(certificate, key_bytes(other))),
        ("neither RSA nor", lambda: Identity.load(certificate + ed)),
        ("certificate cannot be read", lambda: Identity.load_pair(b"rubbish", key_bytes(ania))),
        ("certificate cannot be read", lambda: Identity.load_pair(broken, key_bytes(ania))),
        ("key cannot be read", lambda: Identity.load_pair(certificate, b"rubbish")),
    ]
    for text, load in cases:
        with pytest.raises(Unreadable, match=text) as refused:
            load()
        assert "secret" not in str(refused.value)


def test_damaged_files_are_unreadable_and_nothing_else(ania: Identity) -> None:
    dice = random.Random(3)
    der = ania.certificate.public_bytes(Encoding.DER)
    readers: list[tuple[bytes, Callable[[bytes], Identity]]] = [
        (ania.to_pem(), Identity.load),
        (key_bytes(ania, Encoding.DER), lambda d: Identity.load_pair(der, d)),
        (der, lambda d: Identity.load_pair(d, key_bytes(ania))),
    ]
    unreadable = 0
    for data, read in readers:
        for _ in range(300):
            damaged = bytearray(data)
            for _ in range(dice.randint(1, 4)):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            try:
                read(bytes(damaged))
            except Unreadable:
                unreadable += 1
    assert unreadable > 400


def test_a_repr_shows_the_subject_and_no_key(ania: Identity) -> None:
    assert repr(ania) == f"Identity({ania.certificate.subject.rfc4514_string()})"
    assert "Nowak" in repr(ania)


def test_fingerprint_and_strength(ania: Identity) -> None:
    assert fingerprint(ania.certificate) == hashlib.sha256(ania.der).hexdigest().upper()
    assert len(fingerprint(ania.certificate)) == 64
    assert weakness(ania.certificate.public_key()) is None
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # refused
    assert all("1024" in text for text in weakness(small.public_key()) or ("",))
    assert all(
        "224" in text for text in weakness(ec.generate_private_key(ec.SECP224R1()).public_key()) or ("",)
    )
    assert weakness(ed25519.Ed25519PrivateKey.generate().public_key()) is not None


# ---- subjects ----


def subject_of(attributes: list[tuple[str, str]]) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    return certified([(OIDS[name], value) for name, value in attributes], now=NOW, key=key).certificate


def changed(base: list[tuple[str, str]], **values: str | None) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in base if name not in values]
    return kept + [(name, value) for name, value in values.items() if value is not None]


def test_people_and_seals_are_read(ania: Identity) -> None:
    subject = read_subject(ania.certificate)
    assert (subject.kind, subject.type, subject.value) == ("person", "Nip", NIP)
    assert (subject.given_name, subject.surname, subject.common_name) == ("Ania", "Nowak", "Ania Nowak")
    assert (subject.country_name, subject.serial_number) == ("PL", f"TINPL-{NIP}")
    biuro = read_subject(person("Biuro", "Kowal", pesel=PESEL, common_name="B. K.", now=NOW).certificate)
    assert (biuro.kind, biuro.type, biuro.value, biuro.common_name) == ("person", "Pesel", PESEL, "B. K.")
    firm = read_subject(seal("Firma", NIP, now=NOW).certificate)
    assert (firm.kind, firm.type, firm.value) == ("seal", "Nip", NIP)
    assert (firm.organization_name, firm.organization_identifier) == ("Firma", f"VATPL-{NIP}")
    peppol = read_subject(peppol_seal("PPL123456", now=NOW).certificate)
    assert (peppol.kind, peppol.type, peppol.value) == ("peppol", "PeppolId", "PPL123456")
    assert read_subject(subject_of(PEPPOL)).type == "PeppolId"


@pytest.mark.parametrize(
    ("number", "type_", "value"),
    [
        (f"PNOPL-{PESEL}", "Pesel", PESEL),
        (f"PESEL: {PESEL}", "Pesel", PESEL),
        (f"PESEL{PESEL}", "Pesel", PESEL),
        (f"NIP-{NIP}", "Nip", NIP),
        (f"x TINPL {NIP} y", "Nip", NIP),
    ],
)
def test_forms_of_the_serial_number(number: str, type_: str, value: str) -> None:
    subject = read_subject(subject_of(changed(PERSON, N=number)))
    assert (subject.type, subject.value) == (type_, value)


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        (changed(PERSON, G=None), 21115),
        (changed(PERSON, S=None), 21115),
        (changed(PERSON, N=None), 21115),
        (changed(PERSON, CN=None), 21115),
        (changed(PERSON, C=None), 21115),
        (changed(PERSON, N=f"TINPL-{NIP} PNOPL-{PESEL}"), 21115),
        ([*PERSON, ("N", f"PNOPL-{PESEL}")], 21115),
        (changed(PERSON, N=NIP), 21406),
        (changed(PERSON, N=f"{PESEL}-PESEL"), 21406),
        (changed(PERSON, N="TINPL-123456"), 21406),
        (changed(PERSON, N="PNOPL-8001011234"), 21406),
        (changed(PERSON, N="PNOPL-800101123456"), 21406),
        (changed(PERSON, N=f"TINPL-{NIP}1"), 21406),
        (changed(SEAL, I="VATPL-٥٢٦٥٨٧٧٦٣٥"), 21406),
        (changed(PERSON, N=f"PNODE-{PESEL}"), 21406),
        (changed(SEAL, O=None), 21115),
        (changed(SEAL, CN=None), 21115),
        (changed(SEAL, C=None), 21115),
        (changed(SEAL, I=None), 21115),
        (changed(SEAL, G="Ania"), 21115),
        (changed(SEAL, S="Nowak"), 21115),
        (changed(SEAL, I=f"TINPL-{NIP}"), 21406),
        (changed(SEAL, I=NIP), 21406),
        (changed(SEAL, I="VATPL-526587763"), 21406),
        (changed(SEAL, I=f"VATPL-{NIP}0"), 21406),
        (changed(PEPPOL, CN="Dostawca"), 21115),
        (changed(PEPPOL, O=None), 21115),
        (changed(PEPPOL, G="Ania"), 21115),
        ([("CN", "nobody")], 21115),
        ([], 21115),
    ],
)
def test_nobody_ksef_knows(attributes: list[tuple[str, str]], code: int) -> None:
    with pytest.raises(BadSubject) as refused:
        read_subject(subject_of(attributes))
    assert refused.value.code == code
    assert refused.value.why
    # It is logged, so it says what is wrong and not who it is.
    assert not re.search(r"\d{6}", refused.value.why)
    assert not any(value in refused.value.why for key, value in attributes if key in ("G", "S"))


def test_a_fingerprint_login_needs_no_identifier() -> None:
    foreign = subject_of(changed(PERSON, N="PNODE-L01X00T47", C="DE"))
    subject = read_subject(foreign, need_identifier=False)
    assert (subject.kind, subject.type, subject.value, subject.country_name) == ("person", None, "", "DE")
    with pytest.raises(BadSubject):
        read_subject(foreign)


def test_several_given_names_and_an_employer() -> None:
    more = [("G", "Maria"), ("O", "Firma"), ("I", "VATPL-1111111111")]
    subject = read_subject(subject_of([*PERSON, *more]))
    assert subject.given_name == "Ania Maria"
    assert (subject.kind, subject.type, subject.value) == ("person", "Nip", NIP)


# ---- the local authority ----


def test_the_local_authority_says_what_it_is(authority: Authority) -> None:
    assert "local test" in authority.certificate.subject.rfc4514_string()
    named = Authority.create("My Local Test CA", NOW).certificate.subject
    assert named.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "My Local Test CA"
    assert same(Authority.load(authority.to_pem(PASSPHRASE), PASSPHRASE).identity, authority.identity)


def test_issued_below_and_valid_as_long_as_asked(authority: Authority) -> None:
    below = seal("Firma", NIP, now=NOW, days=10, issuer=authority)
    below.certificate.verify_directly_issued_by(authority.certificate)
    assert below.certificate.not_valid_after_utc == NOW + timedelta(days=10)
    assert below.certificate.not_valid_before_utc <= NOW
    alone = seal("Firma", NIP, now=NOW)
    alone.certificate.verify_directly_issued_by(alone.certificate)
    assert alone.chain == ()


def test_a_requested_key_gets_a_certificate(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "from a CSR")])
    certificate = authority.issue(
        subject, key.public_key(), not_before=NOW, not_after=NOW + timedelta(days=1), serial=0x01ABCDEF
    )
    assert certificate.serial_number == 0x01ABCDEF
    assert certificate.subject == subject


def test_a_person_has_one_number() -> None:
    with pytest.raises(ValueError, match="one of them"):
        person("Ania", "Nowak", nip=NIP, pesel=PESEL, now=NOW)
    with pytest.raises(ValueError, match="one of them"):
        person("Ania", "Nowak", now=NOW)


def test_tls_by_name_and_address(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A handshake in memory: Python's own client takes it for each name, and for no other."""
    now = datetime.now(UTC)  # TLS reads the machine's clock
    fresh = Authority.create("TLS", now)
    identity = server_certificate(fresh, ["ksef.test", "localhost", "127.0.0.1", "::1"], now)
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(identity.to_pem())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    client = ssl.create_default_context(cadata=fresh.certificate.public_bytes(Encoding.PEM).decode())
    for host in ("ksef.test", "localhost", "127.0.0.1", "::1"):
        shake(client, server, host)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(client, server, "other.test")


def shake(client: ssl.SSLContext, server: ssl.SSLContext, host: str) -> None:
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(to_client, to_server, server_hostname=host)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (one, other, one, other):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
