"""Where the codes lead: KOD I and KOD II of a local KSeF. Rules: qr-offline.md sections 2 and 3."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx2
import pytest

from klucznik.crypto import qr
from klucznik.crypto.certs import Identity

from .desk import Desk
from .desk import Person as Sender
from .door import Api, Person, employee, firm, new_nip
from .enrolment import enrol, new_key, revoke

DIGEST = qr.digest_of(b"<Faktura/>")


@pytest.fixture
def desk(api: Api) -> Iterator[Desk]:
    made = Desk(api.running)
    yield made
    made.http.close()


def _base(api: Api) -> str:
    return api.running.url.removesuffix("/v2") + "/qr"


def _open(link: str, language: str = "en") -> httpx2.Response:
    with httpx2.Client(trust_env=False) as http:
        answer = http.get(link, headers={"Accept-Language": language})
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer


# ---- KOD I


def _accepted(sender: Sender, document: bytes, **changes: object) -> str:
    session = sender.open()
    found = sender.settled(session, document, **changes)
    assert found["status"]["code"] == 200, found
    number: str = found["ksefNumber"]
    return number


def test_an_accepted_invoice_is_shown_and_no_other(api: Api, desk: Desk) -> None:
    ania = desk.firm()
    document = ania.invoice("FV/<b>1</b>")
    number = _accepted(ania, document)
    link = qr.invoice_link(_base(api), ania.nip, desk.today(), qr.digest_of(document))
    page = _open(link)
    assert page.status_code == 200
    assert number in page.text
    assert "FV/&lt;b&gt;1&lt;/b&gt;" in page.text
    assert "<b>1</b>" not in page.text
    polish = _open(link, "pl-PL,pl;q=0.9").text
    assert '<html lang="pl">' in polish
    assert "Faktura znajduje się w KSeF" in polish
    # Another hash, seller or day: as if it were not there, and nothing of it on the page.
    for other in (
        qr.invoice_link(_base(api), ania.nip, desk.today(), DIGEST),
        qr.invoice_link(_base(api), new_nip(), desk.today(), qr.digest_of(document)),
        qr.invoice_link(_base(api), ania.nip, desk.today() - timedelta(days=1), qr.digest_of(document)),
    ):
        gone = _open(other, "pl")
        assert gone.status_code == 200
        assert "Faktura nie została znaleziona w KSeF" in gone.text
        assert number not in gone.text


@pytest.mark.parametrize(
    "path",
    [
        "/qr/",
        "/qr/nothing",
        "/qr/invoice/1111111111",
        f"/qr/invoice/1111111111/2026-02-01/{DIGEST}",
        f"/qr/invoice/1111111111/01-02-2026/{DIGEST}/",
        f"/qr/invoice/1111111111/01-02-2026/{DIGEST[:-1]}",
        f"/qr/invoice/%3Cscript%3E/01-02-2026/{DIGEST}",
        f"/qr/certificate/nip/1111111111/1111111111/01F20A5D352AE590/{DIGEST}/AAAA",
    ],
)
def test_what_is_no_code_is_said_to_be_none(api: Api, path: str) -> None:
    page = _open(_base(api).removesuffix("/qr") + path)
    assert page.status_code == 400
    assert "<script>" not in page.text


# ---- KOD II


def _code(api: Api, context: str, seller: str, serial: str, signer: Identity, base: str = "") -> str:
    return qr.certificate_link(base or _base(api), "Nip", context, seller, serial, DIGEST, signer)


#: The Polish sentences of a code that holds; the Java client's tests look for all but the fourth.
HOLDS = [
    "Certyfikat istnieje.",
    "Certyfikat jest aktywny.",
    "Podpis wystawcy jest prawidłowy.",
    "Posiadacz może wystawiać w tym kontekście.",
    "Wystawca posiada uprawnienia do wystawienia faktury.",
]
REST = ["Nie sprawdzono."] * 5


def _checked(link: str) -> list[str]:
    page = _open(link, "pl")
    assert page.status_code == 200
    shown = [word.partition("</dd>")[0] for word in page.text.split("<dd>")[-5:]]
    assert ("Kod jest poprawny." in page.text) == (shown == HOLDS)
    return shown


@pytest.fixture
def ania_signs(api: Api, ania: Person) -> tuple[Person, str, Identity]:
    held = enrol(api, ania.login, kind="Offline")
    return ania, held.serial, held.identity


def test_the_owners_code_holds(api: Api, ania_signs: tuple[Person, str, Identity]) -> None:
    ania, serial, identity = ania_signs
    assert _checked(_code(api, ania.nip, ania.nip, serial, identity)) == HOLDS


def test_the_checks_stop_at_the_first_that_fails(
    api: Api, obcy: Person, ania_signs: tuple[Person, str, Identity]
) -> None:
    ania, serial, identity = ania_signs
    # (1) unknown, made for logging in, or revoked
    unknown = ["Nie ma takiego certyfikatu Offline.", *REST[1:]]
    assert _checked(_code(api, ania.nip, ania.nip, "01FFFFFFFFFFFFFF", identity)) == unknown
    login = enrol(api, ania.login)
    assert _checked(_code(api, ania.nip, ania.nip, login.serial, login.identity)) == unknown
    # (2) signed by another key
    other = Identity(identity.certificate, new_key())
    unsigned = [*HOLDS[:2], "Podpis wystawcy jest nieprawidłowy.", *REST[3:]]
    assert _checked(_code(api, ania.nip, ania.nip, serial, other)) == unsigned
    # (3) no right in that context
    expected = [*HOLDS[:3], "Posiadacz nie może wystawiać w tym kontekście.", *REST[4:]]
    assert _checked(_code(api, obcy.nip, obcy.nip, serial, identity)) == expected
    # (4) a seller that has not let the context issue
    expected = [*HOLDS[:4], "Kontekst nie może wystawiać za tego sprzedawcę."]
    assert _checked(_code(api, ania.nip, obcy.nip, serial, identity)) == expected
    # a code of another environment verifies nowhere else
    foreign = _code(api, ania.nip, ania.nip, serial, identity, "https://qr-test.ksef.mf.gov.pl")
    moved = foreign.replace("https://qr-test.ksef.mf.gov.pl", _base(api))
    assert _checked(moved) == unsigned
    revoke(api, ania.login, serial)
    lapsed = [HOLDS[0], "Certyfikat nie obowiązuje.", *REST[2:]]
    assert _checked(_code(api, ania.nip, ania.nip, serial, identity)) == lapsed


def test_a_permitted_person_signs_until_the_right_is_gone(api: Api, ania: Person) -> None:
    biuro = employee(api, ania.nip, "InvoiceWrite")
    held = enrol(api, biuro.login, kind="Offline")
    link = _code(api, ania.nip, ania.nip, held.serial, held.identity)
    assert _checked(link) == HOLDS
    api.forbid(ania.nip, biuro.subject)
    assert _checked(link)[3:] == ["Posiadacz nie może wystawiać w tym kontekście.", REST[4]]


def test_an_authorization_lets_one_issue_for_a_seller(
    api: Api, desk: Desk, ania_signs: tuple[Person, str, Identity]
) -> None:
    ania, serial, identity = ania_signs
    seller = new_nip()
    link = _code(api, ania.nip, seller, serial, identity)
    assert _checked(link) != HOLDS
    desk.grant(seller, ("Nip", ania.nip), "SelfInvoicing")
    assert _checked(link) == HOLDS


def test_a_vat_group_lets_its_member_issue(api: Api, ania_signs: tuple[Person, str, Identity]) -> None:
    ania, serial, identity = ania_signs
    group = new_nip()
    link = _code(api, ania.nip, group, serial, identity)
    assert _checked(link) != HOLDS
    unit = {"subjectNip": ania.nip, "description": "the member"}
    api.testdata(
        "subject", subjectNip=group, subjectType="VatGroup", subunits=[unit], description="the group"
    )
    assert _checked(link) == HOLDS


def test_a_bailiff_issues_for_whom_it_enforces_against(api: Api) -> None:
    ania = firm(api)
    held = enrol(api, ania.login, kind="Offline")
    link = _code(api, ania.nip, new_nip(), held.serial, held.identity)
    assert _checked(link) != HOLDS
    api.testdata(
        "subject", subjectNip=ania.nip, subjectType="EnforcementAuthority", description="the authority"
    )
    assert _checked(link) == HOLDS
