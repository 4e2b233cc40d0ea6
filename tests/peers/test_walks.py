"""Other people's clients, unchanged, from login to revocation against `klucznik ksef serve`.

Each walks once over http and once over https; the tests then ask what it told. All tell the same
steps, each in its own words for the members of enumerations (InvoiceRead, invoice_read). What one of
them cannot do by itself stands in `LEFT_TO_US`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

import pytest
from cryptography import x509

from klucznik.documents import upo
from klucznik.wire import ids

from .conftest import Travel
from .walk import Fact, Journey

pytestmark = pytest.mark.peers

DRIVERS = {
    "ksef-client": "ksef_client_walk.py",
    "ksef2": "ksef2_walk.py",
    "ksef-client-ts": "ksef_client_ts_walk.cjs",
}

#: What a client cannot do by itself, so that its driver lends a hand: (client, step) and how. Every
#: other step of the walk is the client's own call, and no step is left out by any of them.
LEFT_TO_US = {
    (
        "ksef2",
        "package",
        "TarGz",
    ): "packs Zips only; opens, uploads and closes a TarGz packed for it",
    ("ksef2", "certificate"): "makes no request for a certificate (CSR); its driver does, with cryptography",
    ("ksef2", "upo", "by address"): "has no call for a receipt's address, which is fetched bare",
    ("ksef-client-ts", "upo", "by address"): "has no call for a receipt's address, which is fetched bare",
    ("ksef-client-ts", "security"): "keeps the keys it reads to itself; the driver asks the route",
}

#: How each names a body it fully understood: the legacy shape for one, problem details for the others.
REFUSED = {
    "ksef-client": "ExceptionResponse",
    "ksef2": "BadRequestProblemDetails",
    "ksef-client-ts": "KSeFBadRequestError",
}
FORBIDDEN = {"ForbiddenProblemDetails", "KSeFForbiddenError"}
UNAUTHORIZED = {"UnauthorizedProblemDetails", "KSeFUnauthorizedError"}


@pytest.fixture(scope="module", params=sorted(DRIVERS))
def peer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def journey(peer: str, traveller: Travel) -> Journey:
    return traveller(peer, DRIVERS[peer])


def plain(words: Iterable[str]) -> list[str]:
    return [word.replace("_", "").lower() for word in words]


def hash_of(xml: bytes) -> str:
    return base64.b64encode(hashlib.sha256(xml).digest()).decode()


def refused(fact: Fact, peer: str, code: int) -> bool:
    """Status 400 with this code, in a body the client knew."""
    return bool(fact["status"] == 400 and fact["codes"] == [code] and fact["shape"] == REFUSED[peer])


def forbidden(fact: Fact, reason: str) -> bool:
    return bool(fact["status"] == 403 and fact["reason"] == reason and fact["shape"] in FORBIDDEN)


def test_the_walk_comes_to_its_end(journey: Journey) -> None:
    assert journey.whole, journey.errors


def test_what_is_left_to_us_is_a_step_of_the_walk(peer: str, journey: Journey) -> None:
    steps = {fact["step"] for fact in journey.told}
    assert {step for client, step, *_ in LEFT_TO_US if client == peer} <= steps


def test_one_public_key_for_each_usage(journey: Journey) -> None:
    assert plain(journey.one("security")["usages"]) == ["kseftokenencryption", "symmetrickeyencryption"]


@pytest.mark.parametrize(
    ("identity", "method"),
    [
        ("seal rsa", "QualifiedSeal"),
        ("seal ec", "QualifiedSeal"),
        ("person rsa", "QualifiedSignature"),
        ("person ec", "QualifiedSignature"),
    ],
)
def test_login_by_signature(journey: Journey, identity: str, method: str) -> None:
    login = journey.one("xades", identity=identity)
    assert (login["code"], login["method"]) == (200, method)
    assert ids.is_reference(login["reference"], "AU")


def test_token_becomes_active_and_logs_in(journey: Journey) -> None:
    token = journey.one("token")
    assert ids.is_reference(token["reference"], "EC")
    assert token["form"] == 3
    assert plain([token["status"]]) == ["active"]
    assert plain(token["permissions"]) == ["invoiceread", "invoicewrite"]
    assert plain(token["author"]) == ["pesel", journey.cast.pesel]
    assert plain(token["context"]) == ["nip", journey.cast.ania]
    assert ids.is_reference(journey.one("token login")["reference"], "AU")


def test_a_token_makes_no_token(journey: Journey) -> None:
    assert forbidden(journey.one("token by token"), "auth-method-not-allowed")


def test_good_invoice(journey: Journey) -> None:
    invoice = journey.one("invoice", name="good")
    assert (invoice["code"], invoice["description"]) == (200, "Sukces")
    assert (invoice["invoice_number"], invoice["ordinal"], invoice["mode"]) == ("A/1", 1, "Online")
    assert invoice["hash"] == hash_of(journey.cast.good)
    ids.check_ksef_number(invoice["ksef_number"])
    assert invoice["ksef_number"].startswith(journey.cast.ania)


def test_faulty_invoice(journey: Journey) -> None:
    invoice = journey.one("invoice", name="faulty")
    assert (invoice["code"], invoice["description"]) == (450, "Błąd weryfikacji semantyki dokumentu faktury")
    assert "P_2" in " ".join(invoice["details"])
    assert invoice["hash"] == hash_of(journey.cast.faulty)
    assert (invoice["ksef_number"], invoice["mode"]) == (None, None)


def test_duplicate_names_its_original(journey: Journey) -> None:
    session = journey.one("session opened")["reference"]
    original = journey.one("invoice", name="good")["ksef_number"]
    invoice = journey.one("invoice", name="duplicate")
    assert (invoice["code"], invoice["description"]) == (440, "Duplikat faktury")
    assert invoice["extensions"] == {
        "originalSessionReferenceNumber": session,
        "originalKsefNumber": original,
    }
    assert invoice["details"] == [
        f"Duplikat faktury. Faktura o numerze KSeF: {original} została już prawidłowo przesłana do systemu "
        f"w sesji: {session}"
    ]
    assert invoice["ksef_number"] is None


def test_session_counts_and_ends(journey: Journey, peer: str) -> None:
    opened, closed = journey.one("session opened"), journey.one("session closed")
    assert ids.is_reference(opened["reference"], "SO")
    assert opened["code"] == 100
    assert closed["code"] == 200
    assert (closed["total"], closed["successful"], closed["failed"]) == (3, 1, 2)
    assert closed["pages"] == 1
    assert refused(journey.one("sent too late"), peer, 21180)


@pytest.mark.parametrize("name", ["by reference", "by number", "by address", "page", "page by address"])
def test_receipt_verifies(journey: Journey, name: str) -> None:
    number = journey.one("invoice", name="good")["ksef_number"]
    data = base64.b64decode(journey.one("upo", name=name)["xml"])
    report = upo.verify(data, invoice_hashes={number: hash_of(journey.cast.good)})
    assert report.findings == ()
    assert report.signature_valid
    assert report.upo.session_reference == journey.one("session opened")["reference"]
    assert report.upo.ksef_token_reference == journey.one("token")["reference"]
    assert (report.upo.context_type, report.upo.context_value) == ("Nip", journey.cast.ania)
    assert (report.upo.page is not None) == name.startswith("page")


def test_a_forged_address_opens_nothing(journey: Journey) -> None:
    assert journey.one("forged address")["status"] == 403


def test_the_buyer_finds_and_downloads(journey: Journey) -> None:
    number = journey.one("invoice", name="good")["ksef_number"]
    found, downloaded = journey.one("metadata"), journey.one("downloaded")
    packed = [number for package in journey.all("package") for number in package["numbers"]]
    assert found["numbers"] == found["iterated"] == [number, *packed]
    assert (found["more"], found["truncated"]) == (False, False)
    assert (found["seller"], found["buyer"]) == (journey.cast.ania, journey.cast.biuro)
    assert (found["gross"], found["form"]) == (439.85, "FA (3)")
    assert plain([found["mode"], found["type"]]) == ["online", "vat"]
    assert found["hash"] == hash_of(journey.cast.good)
    assert base64.b64decode(downloaded["xml"]) == journey.cast.good


def test_lists(journey: Journey, peer: str) -> None:
    session = journey.one("session opened")["reference"]
    lists, logins = journey.one("lists"), journey.one("logins")
    assert lists["sessions"][session] == 3
    assert lists["invoices"] == [200, 450, 440]
    assert lists["failed"] == [450, 440]
    assert logins["current"] == [journey.one("xades", identity="person ec")["reference"]]
    assert logins["count"] >= (11 if peer == "ksef2" else 2)  # more than a page for one of them
    assert logins["refreshed"]


def test_limits_are_those_of_the_test_system(journey: Journey) -> None:
    limits = journey.one("limits")
    assert (limits["online"], limits["batch"]) == (10_000, 10_000)
    assert limits["certificates"] == 6
    assert limits["send"] == -1  # served with --rates off


def test_permission_comes_and_goes(journey: Journey) -> None:
    fact = journey.one("permissions")
    nothing = {"failed": 415, "details": ["Brak przypisanych uprawnień"]}
    assert fact["before"] == fact["after"] == nothing
    assert fact["read"] == len(journey.cast.good)


def test_a_package_is_accepted_invoice_by_invoice(journey: Journey) -> None:
    packed = {fact["name"]: (fact["code"], fact["counts"], fact["files"]) for fact in journey.all("package")}
    assert packed == {
        "Zip": (200, [2, 1, 1], {"other.xml": 200, "faulty.xml": 450}),
        "TarGz": (200, [1, 1, 0], {"packed.xml": 200}),
        "again": (445, [1, 0, 1], {"other.xml": 440}),
    }


def test_the_receipt_of_a_package_names_what_was_accepted(journey: Journey) -> None:
    for package in journey.all("package"):
        assert package["receipts"] == package["numbers"]
        assert len(package["numbers"]) == package["counts"][1]


@pytest.mark.parametrize("kind", ["Zip", "TarGz"])
def test_the_buyer_exports_all_of_it(journey: Journey, kind: str) -> None:
    export = journey.one("export", kind=kind)
    good = journey.one("invoice", name="good")["ksef_number"]
    [other] = journey.one("package", name="Zip")["numbers"]
    [packed] = journey.one("package", name="TarGz")["numbers"]
    cast = journey.cast
    bought = {good: hash_of(cast.good), other: hash_of(cast.other), packed: hash_of(cast.packed)}
    assert (export["count"], export["truncated"]) == (3, False)
    assert export["hashes"] == export["metadata"] == bought


def test_a_certificate_of_ksef(journey: Journey) -> None:
    fact = journey.one("certificate")
    made = x509.load_der_x509_certificate(base64.b64decode(fact["certificate"]))
    assert fact["code"] == 200
    assert made.serial_number == int(fact["serial"], 16)
    assert fact["names"][0] == "ERP of Ania"
    assert plain([fact["names"][1], *fact["listed"]]) == ["authentication", "active"]
    assert fact["remaining"] == [6, 5]
    login = journey.one("certificate login")
    assert ids.is_reference(login["reference"], "AU")
    assert login["method"] == "InternalCertificate"


def test_a_revoked_certificate_lets_nobody_in(journey: Journey) -> None:
    assert plain(journey.one("certificate revoked")["listed"]) == ["revoked"]
    login = journey.one("login with a revoked certificate")
    assert login == {"step": login["step"], "failed": 460, "details": ["Certyfikat odwołany"]}


def test_ania_grants_and_revokes(journey: Journey) -> None:
    fact = journey.one("grant")
    assert (fact["code"], fact["revoked"], fact["left"]) == (200, 200, 0)
    assert plain([fact["scope"], fact["state"], *fact["mine"]]) == ["invoiceread", "active", "invoiceread"]
    assert plain(fact["author"]) == ["pesel", journey.cast.pesel]
    assert fact["read"] == len(journey.cast.good)
    assert fact["after"] == {"failed": 415, "details": ["Brak przypisanych uprawnień"]}


def test_a_blocked_context_lets_nobody_in(journey: Journey) -> None:
    fact = journey.one("blocked")
    assert fact["during"]["failed"] == 480
    assert ids.is_reference(fact["after"], "AU")


def test_nothing_is_registered_twice(journey: Journey, peer: str) -> None:
    assert refused(journey.one("registered twice"), peer, 30001)


def test_a_stranger_gets_nothing(journey: Journey, peer: str) -> None:
    assert forbidden(journey.one("stranger reads the invoice"), "insufficient-resource-access")
    assert forbidden(journey.one("stranger asks for the session"), "insufficient-resource-access")
    assert refused(journey.one("stranger revokes the token"), peer, 21405)
    nobody = journey.one("nobody asks")
    assert nobody["status"] == 401
    assert nobody["shape"] in UNAUTHORIZED


def test_an_unknown_number_is_unknown(journey: Journey, peer: str) -> None:
    assert refused(journey.one("unknown number"), peer, 21164)


def test_a_revoked_token_is_dead(journey: Journey, peer: str) -> None:
    assert plain([journey.one("revoked")["status"]]) == ["revoked"]
    login = journey.one("login with a revoked token")
    assert login == {"step": login["step"], "failed": 450, "details": ["Token unieważniony"]}
    refresh = journey.one("refresh of a revoked token")
    assert refused(refresh, peer, 21301)
    assert refresh["details"] == ["Token KSeF został unieważniony."]


def test_after_leaving_nothing_is_refreshed(journey: Journey, peer: str) -> None:
    assert refused(journey.one("refresh after leaving"), peer, 21301)


@pytest.mark.parametrize("peer", ["ksef-client"], indirect=True)
def test_a_crowd_of_invoices_sent_at_once(journey: Journey) -> None:
    crowd, sent = journey.one("crowd"), sorted(map(hash_of, journey.cast.crowd))
    assert crowd["codes"] == [200] * len(sent)
    assert crowd["ordinals"] == list(range(1, len(sent) + 1))
    assert sorted(crowd["hashes"]) == sent
    # With the walk's other invoices that is all Ania ever sold, each once, over two pages.
    good = journey.one("invoice", name="good")["ksef_number"]
    packed = [number for package in journey.all("package") for number in package["numbers"]]
    assert sorted(crowd["stored"]) == sorted([good, *packed, *crowd["numbers"]])
    hashes = dict(zip(crowd["numbers"], crowd["hashes"], strict=True))
    report = upo.verify(base64.b64decode(crowd["upo"]), invoice_hashes=hashes)
    assert report.findings == ()
    assert [document.invoice_hash for document in report.upo.documents] == crowd["hashes"]
    # The login was signed, so the receipt names what was signed, byte for byte.
    assert report.upo.auth_document_hash == hash_of(base64.b64decode(crowd["signed"]))
    assert report.upo.ksef_token_reference is None


@pytest.mark.parametrize("peer", ["ksef-client"], indirect=True)
def test_what_ksef_client_does_besides(journey: Journey, peer: str) -> None:
    assert ids.is_reference(journey.one("xades by schema 2.0")["reference"], "AU")
    assert refused(journey.one("redeemed twice"), peer, 21301)
    assert journey.one("downloaded")["hash"] == hash_of(journey.cast.good)
    assert all(login["redeemed"] and login["refresh_after_access"] for login in journey.all("xades"))


@pytest.mark.parametrize("peer", ["ksef2"], indirect=True)
def test_ksef2_logs_in_by_a_certificate_it_makes(journey: Journey) -> None:
    assert journey.one("xades by its own certificate")["limits"] == 10_000


@pytest.mark.parametrize("peer", ["ksef-client-ts"], indirect=True)
def test_what_ksef_client_ts_does_besides(journey: Journey) -> None:
    # It reads receipts itself, and hands over the hash that came with what it downloads.
    for name in ("by reference", "by number", "page"):
        receipt = journey.one("upo", name=name)
        assert receipt["read"] == 1
        assert receipt["hash"] == hash_of(base64.b64decode(receipt["xml"]))
    assert journey.one("downloaded")["hash"] == hash_of(journey.cast.good)
    again = journey.one("package", name="again")
    assert again["failed"] == "Batch session failed: 445 — Błąd weryfikacji, brak poprawnych faktur"
