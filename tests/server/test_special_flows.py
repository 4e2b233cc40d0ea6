"""Flows beside the everyday one, through HTTP from the login to the receipt: PEF by a Peppol provider,
FA_RR by the buyer, and an offline invoice that was refused, corrected technically and found again by its old
code.

Rules: invoice-verification.md sections 8 to 10, sessions.md section 3, qr-offline.md section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import httpx2
import pytest

from klucznik.crypto import authority, qr
from klucznik.crypto.envelope import sha256_base64
from klucznik.documents import samples
from klucznik.testing import RunningKsef

from .desk import Desk, Sealed, refusal
from .desk import Person as Sender
from .door import Api, Login, Person, firm, new_nip
from .granting import Granting, authorization
from .test_hostile_invoices import pef

_random = Random()


@pytest.fixture
def desk(running: RunningKsef) -> Iterator[Desk]:
    made = Desk(running)
    yield made
    made.http.close()


def _sender(desk: Desk, context: tuple[str, str], login: Login) -> Sender:
    return Sender(desk, context, context, login.access, login.ref)


@pytest.fixture
def provider(api: Api, desk: Desk) -> Sender:
    """A Peppol provider, by its seal."""
    context = ("PeppolId", f"PPL{_random.randrange(1_000_000):06}")
    seal = authority.peppol_seal(context[1], now=api.ksef.clock.now())
    return _sender(desk, context, api.enter(seal, context))


def _receipt(sender: Sender, session: Sealed, ref: str) -> str:
    answer = sender.call("GET", f"/sessions/{session.ref}/invoices/{ref}/upo")
    assert answer.status_code == 200, answer.text
    return answer.text


# ---- PEF


def test_a_provider_sends_for_a_company_as_long_as_it_may(
    api: Api, desk: Desk, ania: Person, provider: Sender
) -> None:
    own, grants = _sender(desk, ania.context, ania.login), Granting(api)
    session = provider.open("PEF (3)")
    document = pef(ania.nip, attached=False)
    # (1) Before the company's grant.
    assert provider.settled(session, document)["status"]["code"] == 410
    # (2) With it, in the session that is already open.
    grants.give(ania.login, "authorizations", authorization(provider.context, "PefInvoicing"))
    found = provider.settled(session, document)
    assert found["status"]["code"] == 200
    assert found["ksefNumber"].startswith(f"{ania.nip}-")
    assert found["invoicingMode"] == "Offline"  # issued before today
    receipt = _receipt(provider, session, found["referenceNumber"])
    assert "Schemat_PEF(3)_v2-1.xsd" in receipt
    assert f"<IdDostawcyUslugPeppol>{provider.context[1]}</IdDostawcyUslugPeppol>" in receipt
    # (3) The company finds it as its own sale; the provider may not look for invoices at all.
    metadata = own.stored(found["ksefNumber"])
    assert (metadata["invoiceType"], metadata["formCode"]["systemCode"]) == ("VatPef", "PEF (3)")
    assert own.query(formType="PEF", ksefNumber=found["ksefNumber"])["invoices"] == [metadata]
    assert own.call("GET", f"/invoices/ksef/{found['ksefNumber']}").content == document
    assert provider.try_query().status_code == 403
    # (4) An attachment travels online, with the seller's consent.
    attached = pef(ania.nip, attached=True).replace(b"P/1", b"P/2")
    refused = provider.settled(session, attached)["status"]
    assert refused["details"] == [
        f"Sprzedawca {ania.nip} nie posiada zgody do wysyłania faktur z załącznikami"
    ]
    api.testdata("attachment", nip=ania.nip)
    accepted = provider.settled(session, attached)
    assert accepted["status"]["code"] == 200
    assert own.stored(accepted["ksefNumber"])["hasAttachment"] is True
    # (5) The grant is taken back while the session is open.
    (entry,) = grants.listed(ania.login, "authorizations/grants", {"queryType": "Granted"})
    assert grants.take(ania.login, entry["id"], "authorizations") == 200
    third = pef(ania.nip, attached=False).replace(b"P/1", b"P/3")
    assert provider.settled(session, third)["status"]["code"] == 410
    assert provider.finished(session)["status"]["code"] == 200


def test_pef_is_for_providers_and_travels_online(desk: Desk, ania: Person, provider: Sender) -> None:
    own = _sender(desk, ania.context, ania.login)
    unsupported = ["Wskazany kod formularza nie jest wspierany."]
    for who, form in ((own, "PEF (3)"), (own, "PEF_KOR (3)"), (provider, "FA (3)"), (provider, "FA_RR (1)")):
        answer = who.call("POST", "/sessions/online", who.open_body(form))
        if who is own:
            assert (refusal(answer).code, refusal(answer).details) == (21405, unsupported), form
        else:
            # The form is in order; that a provider holds no InvoiceWrite shows with each invoice.
            session = who.open(form)
            assert who.settled(session, own.invoice("FV/1"))["status"]["code"] in (410, 450), form
    batch = provider.call("POST", "/sessions/batch", provider.open_body("PEF (3)"))
    assert batch.status_code == 403
    assert batch.json()["reasonCode"] == "missing-permissions"


# ---- FA_RR


def test_a_buyer_issues_for_a_farmer(api: Api, desk: Desk, ania: Person) -> None:
    farmer = firm(api, "Gospodarstwo")
    buyer, seller = _sender(desk, ania.context, ania.login), _sender(desk, farmer.context, farmer.login)
    session = buyer.open("FA_RR (1)")
    now = desk.ksef.clock.now()
    document = samples.rr_invoice(farmer.nip, ania.nip, "RR/1", desk.today(), now)
    assert buyer.settled(session, document)["status"]["details"] == [
        f"Kontekst {ania.nip} nie jest uprawniony do wystawienia faktury w imieniu sprzedawcy "
        f"(NIP: {farmer.nip})"
    ]
    Granting(api).give(farmer.login, "authorizations", authorization(ania.context, "RRInvoicing"))
    found = buyer.settled(session, document)
    assert found["status"]["code"] == 200
    assert "Schemat_FA_RR(1)_v1-1E.xsd" in _receipt(buyer, session, found["referenceNumber"])
    for who, role in ((seller, "Subject1"), (buyer, "Subject2")):
        (listed,) = [who.stored(found["ksefNumber"], role)]
        assert (listed["invoiceType"], listed["formCode"]["systemCode"]) == ("VatRr", "FA_RR (1)")
        assert who.query(role, formType="FA_RR", ksefNumber=found["ksefNumber"])["invoices"] == [listed]
    # A stranger who was granted nothing gets nowhere with it, and does not see it.
    obcy = firm(api, "Obcy sp. z o.o.")
    stranger = _sender(desk, obcy.context, obcy.login)
    assert stranger.settled(stranger.open("FA_RR (1)"), document)["status"]["code"] == 410
    assert stranger.query("Subject2", ksefNumber=found["ksefNumber"])["invoices"] == []
    assert stranger.call("GET", f"/invoices/ksef/{found['ksefNumber']}").status_code == 403


# ---- offline


def test_a_refused_offline_invoice_is_corrected_technically(api: Api, desk: Desk, ania: Person) -> None:
    own = _sender(desk, ania.context, ania.login)
    day = desk.today() - timedelta(days=1)
    whole = own.invoice("FV/1", day=day)
    printed = whole.replace(b"<P_2>FV/1</P_2>", b"")  # refused, when its code is on paper already
    base = f"{api.running.url.removesuffix('/v2')}/qr"
    on_paper = qr.invoice_link(base, ania.nip, day, qr.digest_of(printed))

    def page(link: str) -> str:
        return httpx2.get(link, headers={"Accept-Language": "pl"}, trust_env=False).text

    session = own.open()
    assert own.settled(session, printed, offlineMode=True)["status"]["code"] == 450
    assert "Faktura nie została znaleziona w KSeF" in page(on_paper)
    # (1) The same content, rightly written, in any later session; never as an online invoice.
    correction = {"hashOfCorrectedInvoice": sha256_base64(printed)}
    later = own.open()
    assert refusal(own.post(later, whole, **correction)).details == [
        "HashOfCorrectedInvoice can only be provided for offline invoices"
    ]
    found = own.settled(later, whole, offlineMode=True, **correction)
    assert (found["status"]["code"], found["invoicingMode"]) == (200, "Offline")
    assert own.stored(found["ksefNumber"])["hashOfCorrectedInvoice"] == sha256_base64(printed)
    # (2) Both codes lead to it; the old one says so.
    corrected = page(on_paper)
    assert found["ksefNumber"] in corrected
    assert "Kod jest do wersji sprzed korekty technicznej." in corrected
    new = page(qr.invoice_link(base, ania.nip, day, qr.digest_of(whole)))
    assert found["ksefNumber"] in new
    assert "korekty technicznej" not in new
    # (3) Once is enough, and what was accepted is not corrected so.
    again = own.post(later, own.invoice("FV/2", day=day), offlineMode=True, **correction)
    assert refusal(again).code == 21166
    accepted = {"offlineMode": True, "hashOfCorrectedInvoice": sha256_base64(whole)}
    assert refusal(own.post(later, own.invoice("FV/2", day=day), **accepted)).code == 21167


def test_a_permission_that_was_missing_is_no_matter_for_corrections(desk: Desk, ania: Person) -> None:
    """KSeF does not look at why a document was refused; a correction must itself be in order."""
    own = _sender(desk, ania.context, ania.login)
    session = own.open()
    foreign = own.invoice("FV/1", seller=new_nip())
    assert own.settled(session, foreign, offlineMode=True)["status"]["code"] == 410
    correction = {"offlineMode": True, "hashOfCorrectedInvoice": sha256_base64(foreign)}
    assert own.settled(session, foreign, **correction)["status"]["code"] == 410
