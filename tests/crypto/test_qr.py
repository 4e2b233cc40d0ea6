"""KOD I and KOD II: byte by byte, and what is refused."""

from __future__ import annotations

import string
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from klucznik.crypto import qr
from klucznik.crypto.authority import Authority, certified
from klucznik.crypto.certs import Identity, PrivateKey
from klucznik.errors import Unreadable

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
NIP, OTHER_NIP = "1111111111", "5265877635"
DAY = date(2026, 2, 1)
DIGEST = "UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE"
SERIAL = "01F20A5D352AE590"
TEST = qr.QR_HOSTS["test"]

#: The examples of qr-offline.md sections 2 and 3.
KOD_I = f"https://qr-test.ksef.mf.gov.pl/invoice/1111111111/01-02-2026/{DIGEST}"
SIGNED = f"qr-test.ksef.mf.gov.pl/certificate/Nip/1111111111/1111111111/01F20A5D352AE590/{DIGEST}"

KEYS: dict[str, PrivateKey] = {
    "RSA-2048": rsa.generate_private_key(65537, 2048),
    "RSA-3072": rsa.generate_private_key(65537, 3072),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
}
RSA, EC = KEYS["RSA-2048"], KEYS["P-256"]
HOSTS = [*qr.QR_HOSTS.values(), "https://ksef.example:8443/qr", "http://[::1]:9000/qr"]
WAYS: list[tuple[PrivateKey, qr.EcdsaEncoding]] = [(RSA, "p1363"), (EC, "p1363"), (EC, "der")]


def certificate_of(
    key: PrivateKey,
    *,
    serial: str = SERIAL,
    usage: x509.KeyUsage | None = None,
    not_before: datetime = NOW - timedelta(days=1),
) -> x509.Certificate:
    return AUTHORITY.issue(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ania Nowak (offline)")]),
        key.public_key(),
        not_before=not_before,
        not_after=not_before + timedelta(days=730),
        serial=int(serial, 16),
        usage=usage,
    )


def usage_for(*, login: bool, codes: bool) -> x509.KeyUsage:
    off = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "crl_sign"), False)
    off |= dict.fromkeys(("encipher_only", "decipher_only", "key_cert_sign"), False)
    return x509.KeyUsage(digital_signature=login, content_commitment=codes, **off)


AUTHORITY = Authority.create("Klucznik", NOW - timedelta(days=3))
OFFLINE = usage_for(login=False, codes=True)
CERTIFICATES = {name: certificate_of(key, usage=OFFLINE) for name, key in KEYS.items()}


def kod_ii(
    key: PrivateKey | Identity = EC, base: str = TEST, ecdsa: qr.EcdsaEncoding = "p1363", digest: str = DIGEST
) -> str:
    return qr.certificate_link(base, "Nip", NIP, NIP, SERIAL, digest, key, ecdsa=ecdsa)


def read_ii(text: str, hosts: tuple[str, ...] = ()) -> qr.CertificateLink:
    link = qr.read_link(text, hosts)
    assert isinstance(link, qr.CertificateLink)
    return link


def codes(report: qr.CertificateReport) -> list[str]:
    return [finding.code for finding in report.findings]


# ---- vectors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "digest"),
    [
        (b"", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"),
        (b"abc", "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"),
    ],
)
def test_hashes(document: bytes, digest: str) -> None:
    from_api = b64encode(sha256(document).digest()).decode()
    assert qr.digest_of(document) == qr.digest_from_api(from_api) == digest
    assert qr.digest_to_api(digest) == from_api


def test_kod_i_is_as_published() -> None:
    assert qr.invoice_link(TEST, NIP, DAY, DIGEST) == KOD_I
    assert qr.read_link(KOD_I) == qr.InvoiceLink(TEST, NIP, DAY, DIGEST)


def test_what_kod_ii_signs_is_as_published() -> None:
    text = kod_ii()
    link = read_ii(text)
    assert link.signed == SIGNED.encode()
    assert text == str(link) == f"https://{SIGNED}/{qr.encode(link.signature)}"
    assert (link.context_type, link.context_value, link.nip, link.serial) == ("Nip", NIP, NIP, SERIAL)


@pytest.mark.parametrize(
    ("key", "ecdsa", "signature_bytes", "characters"),
    [(RSA, "p1363", 256, 342), (KEYS["RSA-3072"], "der", 384, 512), (EC, "p1363", 64, 86)],
)
def test_signatures_have_the_published_lengths(
    key: PrivateKey, ecdsa: qr.EcdsaEncoding, signature_bytes: int, characters: int
) -> None:
    text = kod_ii(key, ecdsa=ecdsa)
    assert len(read_ii(text).signature) == signature_bytes
    assert len(text.rpartition("/")[2]) == characters


def test_the_signature_is_an_ordinary_one_over_the_text() -> None:
    """Hashed once, PSS with a salt of 32: said with cryptography alone, as another client would."""
    rsa_key, ec_key = RSA.public_key(), EC.public_key()
    assert isinstance(rsa_key, rsa.RSAPublicKey)
    assert isinstance(ec_key, ec.EllipticCurvePublicKey)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    rsa_key.verify(read_ii(kod_ii(RSA)).signature, SIGNED.encode(), pss, hashes.SHA256())
    short = read_ii(kod_ii(EC)).signature
    der = encode_dss_signature(int.from_bytes(short[:32], "big"), int.from_bytes(short[32:], "big"))
    for signature in (der, read_ii(kod_ii(EC, ecdsa="der")).signature):
        ec_key.verify(signature, SIGNED.encode(), ec.ECDSA(hashes.SHA256()))
    other = padding.PSS(padding.MGF1(hashes.SHA256()), 20)
    signature = read_ii(kod_ii(RSA)).signature
    with pytest.raises(InvalidSignature):  # another salt is another algorithm
        rsa_key.verify(signature, SIGNED.encode(), other, hashes.SHA256())


def test_a_certificate_s_serial_number_is_whole_bytes_at_least_eight() -> None:
    assert qr.serial_of(CERTIFICATES["P-256"]) == SERIAL
    assert qr.serial_of(certificate_of(EC, serial="1")) == "0000000000000001"
    assert qr.serial_of(certificate_of(EC, serial="FABCDEF0123456789")) == "0FABCDEF0123456789"


# ---- signed, verified ------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(KEYS)),
    base=st.sampled_from(HOSTS),
    ecdsa=st.sampled_from(["p1363", "der"]),
    document=st.binary(max_size=64),
)
def test_what_any_key_signs_verifies(name: str, base: str, ecdsa: qr.EcdsaEncoding, document: bytes) -> None:
    digest = qr.digest_of(document)
    link = read_ii(kod_ii(KEYS[name], base, ecdsa, digest), (base,))
    assert (link.base, link.digest) == (base, digest)
    assert qr.verify(link, CERTIFICATES[name], now=NOW).in_order


SIGNED_CODES = [
    (key, CERTIFICATES["P-256" if key is EC else "RSA-2048"], kod_ii(key, ecdsa=ecdsa)) for key, ecdsa in WAYS
]


@settings(max_examples=300, deadline=None)
@given(way=st.sampled_from(SIGNED_CODES), data=st.data())
def test_no_character_of_kod_ii_can_be_changed(
    way: tuple[PrivateKey, x509.Certificate, str], data: st.DataObject
) -> None:
    key, certificate, text = way
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from(string.printable).filter(lambda new: new != text[place]))
    changed = text[:place] + character + text[place + 1 :]
    try:
        link = read_ii(changed)
    except Unreadable:
        return
    assert not qr.verify(link, certificate, now=NOW).in_order
    assert not qr.is_signed_by(link, key.public_key())


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_character_of_kod_i_can_be_changed(data: st.DataObject) -> None:
    text = qr.invoice_link(TEST, NIP, DAY, qr.digest_of(b"<Faktura/>"))
    place = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from(string.printable).filter(lambda new: new != text[place]))
    try:
        link = qr.read_link(text[:place] + character + text[place + 1 :])
    except Unreadable:
        return
    # Another environment is one that a changed character cannot reach.
    assert link.base == TEST
    assert qr.differences(link, b"<Faktura/>", nip=NIP, issue_date=DAY)


@pytest.mark.parametrize("way", WAYS)
def test_a_code_of_one_host_never_verifies_under_another(way: tuple[PrivateKey, qr.EcdsaEncoding]) -> None:
    key, ecdsa = way
    for home in HOSTS:
        link = read_ii(kod_ii(key, home, ecdsa), tuple(HOSTS))
        assert qr.is_signed_by(link, key.public_key())
        for other in HOSTS:
            moved = read_ii(str(replace(link, base=other)), tuple(HOSTS))
            assert qr.is_signed_by(moved, key.public_key()) == (home == other)


def test_short_numbers_in_a_signature_keep_their_place() -> None:
    """R or S below 2**248 is common enough (1 in 128): both stay 32 bytes."""
    for number in range(400):
        signature = qr.sign(b"%d" % number, EC)
        assert len(signature) == 64
        if 0 in (signature[0], signature[32]):
            break
    else:
        pytest.fail("no short number in 400 signatures")
    link = replace(read_ii(kod_ii()), signature=signature)
    assert not qr.is_signed_by(link, EC.public_key())


@pytest.mark.parametrize("signature", [b"", b"\0", bytes(64), b"\xff" * 64, b"0" * 70, bytes(256)])
def test_nonsense_is_no_signature(signature: bytes) -> None:
    link = replace(read_ii(kod_ii()), signature=signature)
    for key in KEYS.values():
        assert not qr.is_signed_by(link, key.public_key())


# ---- certificates ----------------------------------------------------------------------------------


def test_each_problem_of_a_certificate_is_named() -> None:
    link = read_ii(kod_ii())
    good = CERTIFICATES["P-256"]
    assert codes(qr.verify(link, good, now=NOW)) == []
    assert codes(qr.verify(link, good, now=NOW + timedelta(days=800))) == ["expired"]
    assert codes(qr.verify(link, good, now=NOW - timedelta(days=2))) == ["early"]
    assert codes(qr.verify(link, good)) == []
    renewed = certificate_of(EC, serial="02F20A5D352AE590", usage=OFFLINE)
    assert codes(qr.verify(link, renewed, now=NOW)) == ["serial"]
    login = certificate_of(EC, usage=usage_for(login=True, codes=False))
    assert codes(qr.verify(link, login, now=NOW)) == ["usage"]
    stranger = certificate_of(ec.generate_private_key(ec.SECP256R1()), usage=OFFLINE)
    assert codes(qr.verify(link, stranger, now=NOW)) == ["signature"]
    assert codes(qr.verify(link, CERTIFICATES["RSA-2048"], now=NOW)) == ["signature"]
    forged = replace(link, digest=qr.digest_of(b"another"))
    assert codes(qr.verify(forged, good, now=NOW)) == ["signature"]


WEAK: list[PrivateKey] = [
    rsa.generate_private_key(65537, 1024),  # weak on purpose
    ec.generate_private_key(ec.SECP384R1()),
    ec.generate_private_key(ec.SECP256K1()),
]


@pytest.mark.parametrize("key", WEAK, ids=["RSA-1024", "P-384", "secp256k1"])
def test_unsuitable_keys_neither_sign_nor_verify(key: PrivateKey) -> None:
    with pytest.raises(Unreadable, match="cannot sign KOD II"):
        kod_ii(key)
    link = read_ii(kod_ii())
    assert codes(qr.verify(link, certificate_of(key, usage=OFFLINE), now=NOW)) == ["key"]
    assert not qr.is_signed_by(link, key.public_key())
    assert not qr.is_signed_by(link, "no key at all")


def test_an_identity_signs_as_its_key_does() -> None:
    identity = certified([(NameOID.COMMON_NAME, "Ania")], now=NOW, key=EC)
    link = read_ii(kod_ii(identity))
    assert qr.is_signed_by(link, EC.public_key())


# ---- reading ---------------------------------------------------------------------------------------

_REST = f"{NIP}/01-02-2026/{DIGEST}"
_II = f"https://{SIGNED}/{'A' * 86}"

REFUSED = {
    "empty": ("", "is not a link"),
    "no link": ("hello", "is not a link"),
    "other host": (f"https://qr.example.com/invoice/{_REST}", "leads to 'https://qr.example.com'"),
    "api host": (f"https://api.ksef.mf.gov.pl/invoice/{_REST}", "where no KSeF"),
    "plain http": (f"http://qr-test.ksef.mf.gov.pl/invoice/{_REST}", "where no KSeF"),
    "upper-case host": (f"https://QR-TEST.ksef.mf.gov.pl/invoice/{_REST}", "where no KSeF"),
    "host with more": (f"https://qr.ksef.mf.gov.pl.example.com/invoice/{_REST}", "where no KSeF"),
    "user": (f"https://qr.ksef.mf.gov.pl@example.com/invoice/{_REST}", "where no KSeF"),
    "port": (f"https://qr.ksef.mf.gov.pl:443/invoice/{_REST}", "where no KSeF"),
    "host alone": ("https://qr.ksef.mf.gov.pl", "where no KSeF"),
    "local without qr": (f"http://127.0.0.1:8090/invoice/{_REST}", "where no KSeF"),
    "other kind": (f"{TEST}/faktura/{_REST}", "leads to /invoice/ or /certificate/"),
    "Invoice": (f"{TEST}/Invoice/{_REST}", "leads to /invoice/ or /certificate/"),
    "missing part": (f"{TEST}/invoice/{NIP}/{DIGEST}", "3 parts, here 2"),
    "one part more": (f"{KOD_I}/x", "3 parts, here 4"),
    "two slashes": (f"{TEST}//invoice/{_REST}", "this one to ''"),
    "two slashes inside": (f"{TEST}/invoice//{_REST}", "3 parts, here 4"),
    "no signature": (f"https://{SIGNED}", "6 parts, here 5"),
    "closing slash": (f"{KOD_I}/", "ends with a slash"),
    "query": (f"{KOD_I}?a=b", "a query"),
    "fragment": (f"{KOD_I}#top", "a fragment"),
    "percent": (KOD_I.replace("01-02", "01%2D02"), "percent-encoding"),
    "space": (f"{KOD_I} ", "Character 105 is ' '"),
    "line end": (f"{KOD_I}\n", "plain ASCII"),
    "tab before": (f"\t{KOD_I}", "Character 1 is"),
    "letter": (KOD_I.replace("invoice", "invoiće"), "plain ASCII"),
    "arabic digits": (KOD_I.replace(NIP, "١١١١١١١١١١"), "plain ASCII"),
    "too long": (f"{KOD_I}{'A' * 3000}", "more than a QR code holds"),
    "short NIP": (KOD_I.replace(NIP, NIP[:9]), "'111111111' is not a NIP."),
    "NIP with 00": (KOD_I.replace(NIP, "1001111111"), "is not a NIP."),
    "NIP with dashes": (KOD_I.replace(NIP, "111-111-11-11"), "is not a NIP."),
    "check digit": (KOD_I.replace(NIP, "1111111112"), "check digit is wrong"),
    "day first": (KOD_I.replace("01-02-2026", "2026-02-01"), "not a day of the calendar"),
    "dots": (KOD_I.replace("01-02-2026", "01.02.2026"), "not a day of the calendar"),
    "30 February": (KOD_I.replace("01-02", "30-02"), "'30-02-2026' is not a day"),
    "year 0": (KOD_I.replace("2026", "0000"), "not a day"),
    "short year": (KOD_I.replace("-2026", "-26"), "not a day"),
    "padded hash": (f"{KOD_I}=", "is padded"),
    "short hash": (KOD_I[:-1], "has 42 characters, not 43"),
    "long hash": (f"{KOD_I}A", "has 44 characters, not 43"),
    "Base64 hash": (KOD_I.replace("y-u3", "y+u3"), "not Base64URL"),
    "spare bits": (f"{KOD_I[:-1]}F", "not Base64URL"),
    "nip": (_II.replace("/Nip/", "/nip/"), "'nip' is not a type of context"),
    "NIP": (_II.replace("/Nip/", "/NIP/"), "'NIP' is not a type of context"),
    "type unknown": (_II.replace("/Nip/", "/Pesel/"), "'Pesel' is not a type of context"),
    "value of another type": (_II.replace("/Nip/", "/InternalId/"), "is not a value of InternalId"),
    "context's check digit": (_II.replace("Nip/1111111111", "Nip/1111111112"), "check digit"),
    "seller's check digit": (_II.replace("1111/01F2", "1112/01F2"), "check digit"),
    "lower-case serial": (_II.replace(SERIAL, SERIAL.lower()), "not the serial number"),
    "short serial": (_II.replace(SERIAL, SERIAL[2:]), "not the serial number"),
    "odd serial": (_II.replace(SERIAL, f"{SERIAL}A"), "not the serial number"),
    "long serial": (_II.replace(SERIAL, "A" * 42), "not the serial number"),
    "hash in KOD II": (_II.replace(DIGEST, DIGEST[:-1]), "has 42 characters"),
    "padded signature": (f"{_II}==", "not Base64URL"),
    "length of no bytes": (f"{_II[:-86]}{'A' * 85}", "not Base64URL"),
    "spare bits of the signature": (f"{_II[:-1]}B", "not Base64URL"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_words(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        qr.read_link(text)
    assert words in refused.value.message
    assert refused.value.exit_code == 2


def test_the_example_of_refusals_is_itself_in_order() -> None:
    """What the table above changes is readable as it stands."""
    assert str(qr.read_link(KOD_I)) == KOD_I
    assert str(qr.read_link(_II)) == _II


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=80), st.text(st.sampled_from("/invoicertfa-0123456789A"), max_size=90)))
def test_anything_else_is_refused_and_nothing_breaks(rest: str) -> None:
    for text in (rest, f"{TEST}/{rest}", f"{TEST}/certificate/{rest}"):
        with pytest.raises(Unreadable):
            qr.read_link(text)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("Nip", OTHER_NIP),
        ("InternalId", f"{OTHER_NIP}-12345"),
        ("NipVatUe", f"{OTHER_NIP}-DE123456789"),
        ("NipVatUe", f"{OTHER_NIP}-IE1+23456A"),
        ("PeppolId", "PPL123456"),
    ],
)
def test_every_context_is_signed_and_read(type_: qr.ContextType, value: str) -> None:
    link = read_ii(qr.certificate_link(TEST, type_, value, NIP, SERIAL, DIGEST, EC))
    assert (link.context_type, link.context_value) == (type_, value)
    assert qr.verify(link, CERTIFICATES["P-256"], now=NOW).in_order


def test_another_host_is_read_when_it_is_given() -> None:
    base = "https://ksef.example:8443/qr"
    text = qr.invoice_link(base, NIP, DAY, DIGEST)
    with pytest.raises(Unreadable, match=r"leads to 'https://ksef\.example:8443'"):
        qr.read_link(text)
    assert qr.read_link(text, [base]).base == base
    with pytest.raises(Unreadable):  # the scheme is not signed, but it belongs to the host
        qr.read_link(text.replace("https", "http"), [base])


def test_of_two_hosts_the_longer_one_counts() -> None:
    short, long = "https://ksef.example", "https://ksef.example/invoice"
    text = qr.invoice_link(long, NIP, DAY, DIGEST)
    assert qr.read_link(text, [short, long]).base == long


@pytest.mark.parametrize(
    "base",
    ["", "qr.ksef.mf.gov.pl", "https://x.example/", "ftp://x.example", "https://X.example", "https://a=b"],
)
def test_what_is_no_base_makes_no_code(base: str) -> None:
    with pytest.raises(Unreadable, match="not where codes can lead"):
        qr.invoice_link(base, NIP, DAY, DIGEST)
    with pytest.raises(Unreadable, match="not where codes can lead"):
        kod_ii(base=base)


def test_a_checksum_may_be_left_out_as_on_test() -> None:
    text = qr.invoice_link(TEST, "1111111112", DAY, DIGEST, checksum=False)
    assert qr.read_link(text, checksum=False).nip == "1111111112"
    with pytest.raises(Unreadable, match="check digit"):
        qr.invoice_link(TEST, "1111111112", DAY, DIGEST)
    with pytest.raises(Unreadable, match="is not a NIP"):
        qr.invoice_link(TEST, "0111111112", DAY, DIGEST, checksum=False)


@pytest.mark.parametrize(
    "invoice_hash",
    ["", "abc", DIGEST, f"{DIGEST}=", "u" * 44, "ą" * 44, b64encode(bytes(33)).decode(), f"{'A' * 42}B="],
)
def test_what_is_no_hash_of_the_api(invoice_hash: str) -> None:
    with pytest.raises(Unreadable, match="as the API gives it"):
        qr.digest_from_api(invoice_hash)


@given(st.binary(max_size=100))
def test_base64url_both_ways(data: bytes) -> None:
    text = qr.encode(data)
    assert not set(text) & set("+/=")
    if data:
        assert qr.decode(text) == data


# ---- documents -------------------------------------------------------------------------------------


def test_an_invoice_is_the_one_of_a_code_or_it_is_said_why_not() -> None:
    document = b"<Faktura/>"
    first = qr.read_link(qr.invoice_link(TEST, NIP, DAY, qr.digest_of(document)))
    second = read_ii(kod_ii(digest=qr.digest_of(document)))

    def of(link: qr.InvoiceLink | qr.CertificateLink, content: bytes, nip: str, day: date) -> list[str]:
        return [finding.code for finding in qr.differences(link, content, nip=nip, issue_date=day)]

    later = DAY + timedelta(days=1)
    assert of(first, document, NIP, DAY) == []
    assert of(first, document + b"\n", NIP, DAY) == ["hash"]
    assert of(first, document, OTHER_NIP, DAY) == ["nip"]
    assert of(first, document, NIP, later) == ["date"]
    assert of(first, b"", OTHER_NIP, later) == ["hash", "nip", "date"]
    assert of(second, document, NIP, later) == []
    assert of(second, b"", OTHER_NIP, later) == ["hash", "nip"]
