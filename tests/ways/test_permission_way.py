"""Permissions through the client: an office, its clients, a unit, an EU entity; and what Obcy gets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest

from klucznik.client import auth, permissions, testdata
from klucznik.client.ksef import AsyncKsef, Ksef
from klucznik.client.permissions import every_page, grant_and_wait
from klucznik.crypto import authority
from klucznik.crypto.certs import fingerprint
from klucznik.errors import Refused
from klucznik.testing import RunningKsef
from klucznik.wire.ids import internal_id_check, make_nip, make_pesel

from .conftest import Person, enter, firm, now

_rand = Random()
JAN = permissions.person("Jan", "Biurowy")


@pytest.fixture
def office(running: RunningKsef) -> Iterator[Person]:
    person = firm(running.url, "Biuro rachunkowe")
    yield person
    person.ksef.close()


def test_an_office_and_its_employee(running: RunningKsef, ania: Person, office: Person, obcy: Person) -> None:
    pesel = make_pesel(_rand)
    identity = authority.person("Jan", "Biurowy", pesel=pesel, now=now())
    give = permissions.grant_entity(
        office.nip, ["InvoiceRead"], "Biuro rachunkowe", "bookkeeping", can_delegate=True
    )
    reference = ania.ksef.run(grant_and_wait(give))
    assert ania.ksef.call(permissions.operation(reference)).status.code == 200
    with pytest.raises(Refused) as unseen:
        obcy.ksef.call(permissions.operation(reference))
    assert unseen.value.code == 21405
    for client in (None, ("Nip", ania.nip)):
        call = permissions.grant_indirect(
            ("Pesel", pesel), ["InvoiceRead"], JAN, "for a client", client=client
        )
        office.ksef.run(grant_and_wait(call))
    with Ksef(running.url) as jan:
        jan.run(auth.login_with_identity("Nip", ania.nip, identity))
        own = jan.call(permissions.personal(state="Active", permissions=["InvoiceRead"])).permissions
        assert len(own) == 2
        assert jan.call(permissions.personal(target=("AllPartners", ""))).permissions[0] in own
        assert jan.call(permissions.personal(context=("Nip", ania.nip))).permissions == []
    seen = office.ksef.call(permissions.persons(granted=True, who=("Pesel", pesel)))
    assert {item.permission_state for item in seen.permissions} == {"Active"}
    (received,) = office.ksef.call(permissions.entities(("Nip", ania.nip))).permissions
    (given,) = ania.ksef.call(permissions.persons(author=("Nip", ania.nip))).permissions
    assert received.id == given.id
    assert obcy.ksef.call(permissions.persons()).permissions == []
    with pytest.raises(Refused) as refused:
        obcy.ksef.run(grant_and_wait(permissions.revoke(given.id)))
    assert (refused.value.code, refused.value.status) == (450, 200)
    assert refused.value.hint
    ania.ksef.run(grant_and_wait(permissions.revoke(given.id)))
    with pytest.raises(Refused), Ksef(running.url) as jan:
        jan.run(auth.login_with_identity("Nip", ania.nip, identity))


def test_authorizations_and_attachments(ania: Person, office: Person, obcy: Person) -> None:
    call = permissions.grant_authorization(("Nip", office.nip), "SelfInvoicing", "Biuro rachunkowe", "orders")
    ania.ksef.run(grant_and_wait(call))
    (given,) = ania.ksef.call(permissions.authorizations(other=("Nip", office.nip))).authorization_grants
    received = permissions.authorizations(received=True, permissions=["SelfInvoicing"])
    assert office.ksef.call(received).authorization_grants == [given]
    assert obcy.ksef.call(received).authorization_grants == []
    ania.ksef.run(grant_and_wait(permissions.revoke_authorization(given.id)))
    assert office.ksef.call(received).authorization_grants == []
    ania.ksef.call(testdata.allow_attachments(ania.nip))
    ania.ksef.call(testdata.end_attachments(ania.nip, now().date() + timedelta(days=2)))
    found = ania.ksef.call(permissions.attachments_status())
    assert found.is_attachment_allowed is True
    assert found.revoked_date is not None


def test_a_unit_a_group_and_an_entity_of_the_union(running: RunningKsef, ania: Person) -> None:
    member, pesel = make_nip(_rand), make_pesel(_rand)
    identity = authority.person("Jan", "Biurowy", pesel=pesel, now=now())
    unit = f"{ania.nip}-1234{internal_id_check(ania.nip + '1234')}"
    ania.ksef.call(testdata.create_subject(ania.nip, "VatGroup", "the group", {member: "a member"}))
    for where, name in ((("InternalId", unit), "Oddział"), (("Nip", member), None)):
        call = permissions.grant_subunit(("Pesel", pesel), where, JAN, "administrator", unit_name=name)
        ania.ksef.run(grant_and_wait(call))
    found = ania.ksef.call(permissions.subunits(("InternalId", unit))).permissions
    assert [item.subunit_name for item in found] == ["Oddział"]
    assert [item.role for item in ania.ksef.call(permissions.roles()).roles] == ["VatGroupUnit"]
    (below,) = ania.ksef.call(permissions.subordinate_roles(member)).roles
    assert below.subordinate_entity_identifier.value == member
    with Ksef(running.url) as inside:
        inside.run(auth.login_with_identity("InternalId", unit, identity))
        call = permissions.grant_person(("Pesel", pesel), ["InvoiceRead"], JAN, "for himself")
        inside.run(grant_and_wait(call))
    ania.ksef.call(testdata.remove_subject(ania.nip))

    hans = authority.person("Hans", "Schmidt", nip=make_nip(_rand), now=now())
    mark, context = fingerprint(hans.certificate), f"{ania.nip}-DE123456789"
    known = permissions.holder("Hans", "Schmidt", ("Nip", make_nip(_rand)))
    call = permissions.grant_eu_administration(
        mark, context, known, "administrator", full_name="Schmidt GmbH", address="Hauptstrasse 1, Berlin"
    )
    ania.ksef.run(grant_and_wait(call))
    (manage,) = ania.ksef.call(
        permissions.eu_entities(vat_ue="DE123456789", permissions=["VatUeManage"])
    ).permissions
    assert manage.eu_entity_name == "Schmidt GmbH, Hauptstrasse 1, Berlin"
    with Ksef(running.url) as admin:
        admin.run(auth.login_with_identity("NipVatUe", context, hans, subject_type="certificateFingerprint"))
        clerk = permissions.foreigner("Eva", "Schmidt", date(1980, 5, 17), "Passport", "C01X00T47", "DE")
        seal = permissions.entity("Eva GmbH", "Hauptstrasse 2")
        for call in (
            permissions.grant_eu_entity(f"{0:064X}", ["InvoiceRead"], clerk, "reads invoices"),
            permissions.grant_eu_entity(f"{1:064X}", ["InvoiceRead"], seal, "reads invoices"),
        ):
            admin.run(grant_and_wait(call))
        seen = admin.call(permissions.eu_entities(fingerprint=f"{1:064X}")).permissions
        assert [item.subject_entity_details is not None for item in seen] == [True]


def test_every_page_is_read(ania: Person) -> None:
    for _ in range(2):
        call = permissions.grant_person(
            ("Pesel", make_pesel(_rand)),
            [
                "InvoiceRead",
                "InvoiceWrite",
                "Introspection",
                "CredentialsRead",
                "CredentialsManage",
                "SubunitManage",
            ],
            JAN,
            "for a test",
        )
        ania.ksef.run(grant_and_wait(call))
    pages = ania.ksef.run(every_page(lambda number: permissions.persons(page=number, size=10)))
    assert [len(page.permissions) for page in pages] == [10, 2]
    assert len({item.id for page in pages for item in page.permissions}) == 12


def test_the_same_without_waiting_for_each_other(running: RunningKsef, ania: Person) -> None:
    async def grant() -> int:
        async with AsyncKsef(running.url) as owner:
            await owner.run(auth.login_with_identity("Nip", ania.nip, ania.identity))
            call = permissions.grant_person(("Pesel", make_pesel(_rand)), ["InvoiceRead"], JAN, "for a test")
            await owner.run(grant_and_wait(call))
            return len((await owner.call(permissions.persons())).permissions)

    assert asyncio.run(grant()) == 1


def test_a_refused_grant_says_why_in_the_words_of_ksef(ania: Person) -> None:
    call = permissions.grant_person(
        ("Pesel", make_pesel(_rand)), ["EnforcementOperations"], JAN, "for a bailiff"
    )
    with pytest.raises(Refused) as refused:
        ania.ksef.run(grant_and_wait(call))
    assert refused.value.code == 430
    assert refused.value.again == "never"
    assert "Kontekst identyfikatora nie odpowiada" in str(refused.value)


def test_who_may_not_manage_is_told_what_is_missing(running: RunningKsef, ania: Person) -> None:
    pesel = make_pesel(_rand)
    ania.ksef.call(testdata.grant(ania.nip, "Pesel", pesel, ["InvoiceRead"]))
    jan = enter(running.url, ania.nip, authority.person("Jan", "Biurowy", pesel=pesel, now=now()))
    with pytest.raises(Refused) as refused:
        jan.ksef.call(permissions.grant_person(("Pesel", pesel), ["InvoiceWrite"], JAN, "for himself"))
    assert refused.value.status == 403
    assert "CredentialsManage" in refused.value.hint
    jan.ksef.close()
