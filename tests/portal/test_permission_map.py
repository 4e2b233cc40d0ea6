"""The map: who holds what through whom, and why a chain is broken."""

from __future__ import annotations

import re
from html import unescape

from klucznik.client import permissions
from klucznik.testing import RunningKsef

from .furnished import client_of
from .person import Visitor, new_nip, new_pesel, owner

OLA = permissions.person("Ola", "Nowicka")


def give(visitor: Visitor, *calls: permissions.Operation) -> None:
    """Grant at the API, as the owner of the firm."""
    with client_of(visitor) as ksef:
        for call in calls:
            ksef.run(permissions.grant_and_wait(call))


def to_office(client: Visitor, office: str, *names: str, delegate: tuple[str, ...]) -> None:
    give(
        client, permissions.grant_entity(office, names, "Office of Ania", "our books", can_delegate=delegate)
    )


def seen(visitor: Visitor) -> str:
    """The words of the map, without what surrounds it."""
    page = visitor.get("/permissions/map")
    text = re.sub(r"<[^>]+>", " ", page[page.index("<main") : page.index("</main>")])
    return " ".join(unescape(text).split())


def test_a_whole_chain_is_whole_and_a_broken_one_says_why(running: RunningKsef, ania: Visitor) -> None:
    with owner(running) as klient:
        to_office(klient, ania.nip, "InvoiceRead", "InvoiceWrite", delegate=("InvoiceRead",))
        whom = ("Pesel", new_pesel())
        client = ("Nip", klient.nip)
        give(ania, permissions.grant_indirect(whom, ["InvoiceRead"], OLA, "for the client", client=client))
        assert "No chain is broken." in seen(ania)
        others = ["InvoiceWrite", "CollectiveIdentifierManage"]
        give(ania, permissions.grant_indirect(whom, others, OLA, "for the client", client=client))
        text = seen(ania)
        assert "Broken links: 2." in text
        assert "issue invoices broken: the client gave it, but without the right to pass it on" in text
        assert "collective identifiers broken: the client did not give it" in text
        assert "may let its own employees do this" in seen(klient)
        assert "Nowicka" not in seen(klient), "the client does not see whom the office chose"


def test_a_client_that_gave_nothing_is_marked(ania: Visitor) -> None:
    call = permissions.grant_indirect(
        ("Pesel", new_pesel()), ["InvoiceRead"], OLA, "for nobody yet", client=("Nip", new_nip())
    )
    give(ania, call)
    text = seen(ania)
    assert "Broken links: 1." in text
    assert "has given this company nothing" in text


def test_work_for_all_clients_waits_for_one(running: RunningKsef, ania: Visitor) -> None:
    give(ania, permissions.grant_indirect(("Pesel", new_pesel()), ["InvoiceRead"], OLA, "for all"))
    assert "no client has given this company anything to pass on yet" in seen(ania)
    with owner(running) as klient:
        to_office(klient, ania.nip, "InvoiceRead", delegate=("InvoiceRead",))
        text = seen(ania)
        assert klient.nip in text
        assert "No chain is broken." in text


def test_a_client_taking_it_back_breaks_the_chain(running: RunningKsef, ania: Visitor) -> None:
    with owner(running) as klient, Visitor(running, given="Ola", nip=klient.nip) as ola:
        to_office(klient, ania.nip, "InvoiceRead", delegate=("InvoiceRead",))
        client = ("Nip", klient.nip)
        who = ("Pesel", ola.pesel)
        give(ania, permissions.grant_indirect(who, ["InvoiceRead"], OLA, "for the client", client=client))
        ola.log_in()
        text = seen(ola)
        assert "passed on by this company, an intermediary" in text
        assert ania.nip in text
        page = klient.get("/permissions/manage/persons")
        (path,) = re.findall(r'href="/web(/permissions/revoke/[^"]+)"', page)
        assert "Everybody to whom that company passed it on loses it as well." in klient.get(path)
        klient.post(path)
        text = seen(ania)
        assert "has given this company nothing" in text
        assert "Broken links: 1." in text


def test_what_others_gave_to_pass_on_and_nobody_uses(running: RunningKsef, ania: Visitor) -> None:
    with owner(running) as klient:
        to_office(klient, ania.nip, "InvoiceRead", delegate=("InvoiceRead",))
        assert "nobody here works for this client yet" in seen(ania)
        page = ania.get("/permissions/grant/indirect")
        assert klient.nip in page, "the form offers the client"


def test_units_authorizations_and_owners_have_their_places(running: RunningKsef, ania: Visitor) -> None:
    partner = new_nip()
    give(
        ania, permissions.grant_authorization(("Nip", partner), "SelfInvoicing", "Amper S.A.", "bills for us")
    )
    ania.post(
        "/permissions/grant/subunit",
        unit_type="InternalId", unit="0007", unit_name="Branch in Sopot", who_type="Pesel",
        who=new_pesel(), first="Ewa", last="Dyrektor", description="runs the branch",
    )  # fmt: skip
    text = seen(ania)
    assert "You own this NIP" in text
    assert f"Amper S.A. NIP {partner} self-invoicing" in text
    assert "Branch in Sopot" in text
    assert "Ewa Dyrektor" in text
