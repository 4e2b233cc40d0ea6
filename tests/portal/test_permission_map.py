"""The map: who holds what through whom, and why a chain is broken."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

from klucznik.client import permissions
from klucznik.portal.permission_chains import clients
from klucznik.portal.permission_words import Line, Party
from klucznik.portal.words import Speaker
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


def seen(visitor: Visitor, path: str = "/permissions/map") -> str:
    """The words of the map, without what surrounds it."""
    page = visitor.get(path)
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


def test_of_long_lists_the_newest_entries_and_the_rest_when_asked_to(
    running: RunningKsef, ania: Visitor
) -> None:
    call = permissions.grant_person(("Pesel", new_pesel()), ["InvoiceRead"], OLA, "the very first")
    give(ania, call)
    running.seed({"grants": [_grant(ania.nip, new_pesel()) for _ in range(200)]})
    text = seen(ania)
    assert "only the newest entries are on the map: Who may work here." in text
    assert "Read all of them" in text
    assert "Ola Nowicka" not in text
    assert "No chain is broken." not in text, "nobody can say so of what was not read"
    text = seen(ania, "/permissions/map?all=yes")
    assert "Ola Nowicka" in text
    assert "No chain is broken." in text
    assert "newest entries" not in text


def test_the_last_of_a_long_list_can_be_revoked(running: RunningKsef, ania: Visitor) -> None:
    call = permissions.grant_person(("Pesel", new_pesel()), ["InvoiceRead"], OLA, "the very first")
    give(ania, call)
    running.seed({"grants": [_grant(ania.nip, new_pesel()) for _ in range(40)]})
    page = ania.get("/permissions/manage/persons?page=2")
    (path,) = re.findall(r'href="/web(/permissions/revoke/[^"]+)"', page)
    assert path.endswith("?page=2"), "so that the page of it need not look through all of them"
    assert "Ola Nowicka" in ania.get(path)
    assert "Ola Nowicka" in ania.get(path.replace("?page=2", "?page=0")), "wherever it stands by now"
    ania.post(path)
    assert "This permission is not there" in ania.get(path, 404)


def _grant(nip: str, pesel: str) -> dict[str, object]:
    return {
        "contextIdentifier": {"type": "Nip", "value": nip},
        "authorizedIdentifier": {"type": "Pesel", "value": pesel},
        "permissions": [{"permissionType": "InvoiceRead", "description": "for a test"}],
    }


def _line(holder: Party | None, giver: Party | None, target: Party | None, *, delegable: bool) -> Line:
    return Line("", "InvoiceRead", holder, giver, target, None, "", datetime.now(UTC), True, delegable)


def test_what_was_not_read_is_not_called_broken() -> None:
    t, ola = Speaker("en"), Party("Pesel", "1")
    client, other = Party("Nip", "2"), Party("Nip", "3")
    received = [_line(None, client, None, delegable=False)]
    indirect = [_line(ola, None, each, delegable=False) for each in (client, other)]
    assert sum(node.breaks() for node in clients(t, received, indirect)) == 2
    nodes = clients(t, received, indirect, all_received=False)
    assert sum(node.breaks() for node in nodes) == 0
    assert "was not read" in nodes[0].children[0].note
    assert "was not read" in nodes[1].note
    passed_on = [_line(None, client, None, delegable=True)]
    assert clients(t, passed_on, [])[0].note
    assert not clients(t, passed_on, [], all_of_us=False)[0].note
