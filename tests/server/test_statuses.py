"""Statuses that a quick server hardly shows: what is under way, and what only a broken disk brings about.

The first are seen while their step is stuck by a fault script. Rules: auth.md section 2, sessions.md
section 7, invoice-verification.md section 2, query-export.md section 4, permissions.md section 9,
certificates.md section 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from klucznik.crypto import authority
from klucznik.documents.package import Kind
from klucznik.testing import RunningKsef, local_ksef
from klucznik.wire import codes

from .desk import Desk
from .door import Api, Person, firm, new_nip
from .enrolment import apply, outcome, reference
from .granting import Granting, to_person
from .packages import Package, archive, closed
from .test_exports import finished, start


@pytest.fixture(scope="module")
def house() -> Iterator[RunningKsef]:
    with local_ksef() as ksef:
        yield ksef


@pytest.fixture
def api(house: RunningKsef) -> Iterator[Api]:
    house.set_faults()
    with Api(house) as door:
        yield door


@pytest.fixture
def desk(house: RunningKsef) -> Iterator[Desk]:
    house.set_faults()
    desk = Desk(house)
    yield desk
    desk.http.close()


@pytest.fixture
def ania(api: Api) -> Person:
    return firm(api)


def _stuck(house: RunningKsef, step: str) -> None:
    house.set_faults({"do": "stuck", "step": step})


def _said(found: Any, code: int, table: dict[int, str]) -> None:
    assert found["status"] == {"code": code, "description": table[code]}


def test_a_login_under_way(api: Api, house: RunningKsef) -> None:
    nip = new_nip()
    identity = authority.seal("Firma Ani", nip, now=api.ksef.clock.now())
    _stuck(house, "auth")
    started = api.started(api.post_signed(api.signed(identity, ("Nip", nip))))
    seen = api.call("GET", f"/auth/{started.ref}", started.authentication).json()
    _said(seen, 100, codes.AUTH_STATUS)
    assert seen["isTokenRedeemed"] is False
    house.set_faults()
    _said(api.status(started), 200, codes.AUTH_STATUS)


def test_an_operation_on_permissions_under_way(api: Api, ania: Person, house: RunningKsef) -> None:
    granting = Granting(api)
    _stuck(house, "permissions")
    ref = granting.start(ania.login, "persons/grants", to_person(("Nip", new_nip()), "InvoiceRead"))
    _said(api.call("GET", f"/permissions/operations/{ref}", ania.login).json(), 100, codes.PERMISSION_STATUS)
    house.set_faults()
    assert granting.outcome(ania.login, ref)["code"] == 200


def test_an_enrolment_under_way(api: Api, ania: Person, house: RunningKsef) -> None:
    _stuck(house, "enrollments")
    ref = reference(apply(api, ania.login))
    seen = api.call("GET", f"/certificates/enrollments/{ref}", ania.login).json()
    _said(seen, 100, codes.ENROLLMENT_STATUS)
    assert set(seen) == {"requestDate", "status"}
    house.set_faults()
    _said(outcome(api, ania.login, ref), 200, codes.ENROLLMENT_STATUS)


def test_an_export_under_way(desk: Desk, house: RunningKsef) -> None:
    ania = desk.firm()
    _stuck(house, "exports")
    ref = start(ania)
    seen = ania.get(f"/invoices/exports/{ref}")
    _said(seen, 100, codes.EXPORT_STATUS)
    assert set(seen) == {"status"}
    house.set_faults()
    _said(finished(ania, ref), 200, codes.EXPORT_STATUS)


def test_an_invoice_and_its_session_under_way(desk: Desk, house: RunningKsef) -> None:
    ania = desk.firm()
    session = ania.open()
    _said(ania.get(f"/sessions/{session.ref}"), 100, codes.ONLINE_SESSION_STATUS)
    _stuck(house, "verification")
    ref = ania.send(session, ania.invoice("FV/1"))
    assert ania.close(session).status_code == 204
    seen = ania.get(f"/sessions/{session.ref}/invoices/{ref}")
    _said(seen, 100, codes.INVOICE_STATUS)
    assert set(seen) == {"ordinalNumber", "referenceNumber", "invoiceHash", "invoicingDate", "status"}
    _said(ania.get(f"/sessions/{session.ref}"), 170, codes.ONLINE_SESSION_STATUS)
    house.set_faults()
    _said(ania.final(session), 200, codes.ONLINE_SESSION_STATUS)


@pytest.mark.parametrize("kind", ["Zip", "TarGz"])
def test_a_package_under_way(desk: Desk, house: RunningKsef, kind: Kind) -> None:
    ania = desk.firm()
    _stuck(house, "batches")
    session = closed(ania, Package(archive({"a.xml": ania.invoice("FV/1")}, kind), kind))
    _said(session.status(), 150, codes.BATCH_SESSION_STATUS)
    assert session.invoices() == []
    house.set_faults()
    _said(session.end(), 200, codes.BATCH_SESSION_STATUS)


def test_a_package_whose_parts_are_lost_from_the_disk(desk: Desk, house: RunningKsef) -> None:
    """500: nobody's fault but ours; the session ends, and can be sent again."""
    ania = desk.firm()
    _stuck(house, "batches")
    session = closed(ania, Package(archive({"a.xml": ania.invoice("FV/1")})))
    desk.ksef.batches.drop(session.ref)
    house.set_faults()
    _said(session.end(), 500, codes.BATCH_SESSION_STATUS)
