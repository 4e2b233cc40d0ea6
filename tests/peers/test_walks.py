"""Other people's clients, unchanged, from login to revocation against `klucznik ksef serve`.

Each walks once over http and once over https; the tests then ask what it told. Both tell the same
steps, each in its own words for the members of enumerations (InvoiceRead, invoice_read).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

import pytest

from klucznik.documents import upo
from klucznik.wire import ids

from .conftest import Travel
from .walk import Fact, Journey

pytestmark = pytest.mark.peers

DRIVERS = {"ksef-client": "ksef_client_walk.py", "ksef2": "ksef2_walk.py"}

#: How each names a body it fully understood: the legacy shape for one, problem details for the other.
REFUSED = {"ksef-client": "ExceptionResponse", "ksef2": "BadRequestProblemDetails"}
FORBIDDEN = "ForbiddenProblemDetails"


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
    return bool(fact["status"] == 403 and fact["reason"] == reason and fact["shape"] == FORBIDDEN)


def test_the_walk_comes_to_its_end(journey: Journey) -> None:
    assert journey.whole, journey.errors


def test_packages_are_sent_by_ksef_client(peer: str, journey: Journey) -> None:
    if peer != "ksef-client":
        pytest.skip("the walk of ksef2 sends no packages")
    packed = {fact["kind"]: (fact["code"], fact["counts"], fact["files"]) for fact in journey.all("package")}
    assert packed == {
        "Zip": (200, [2, 1, 1], {"other.xml": 200, "faulty.xml": 450}),
        "TarGz": (445, [1, 0, 1], {"other.xml": 440}),
    }


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
    assert found["numbers"] == found["iterated"] == [number]
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
    assert (nobody["status"], nobody["shape"]) == (401, "UnauthorizedProblemDetails")


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
    # With the walk's own good invoice that is all Ania ever sold, each once, over two pages.
    good = journey.one("invoice", name="good")["ksef_number"]
    assert sorted(crowd["stored"]) == sorted([good, *crowd["numbers"]])
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
