"""Permissions and invoices from the portal, beside what the API says: one truth on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from klucznik.client import permissions, receiving
from klucznik.testing import RunningKsef
from klucznik.wire.invoices import (
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
)

from .browser import Window, window
from .furnished import IMAGE, client_of
from .person import Visitor, employee, new_nip, new_pesel


@pytest.fixture
def opened(browser: Browser, running: RunningKsef) -> Iterator[Window]:
    with window(browser, running) as found:
        yield found


def test_what_is_granted_in_the_portal_the_api_knows(opened: Window, ania: Visitor) -> None:
    pesel = new_pesel()
    opened.cookie_of(ania)
    page = opened.go("/permissions/grant/person")
    page.locator("[name=who_type]").first.select_option("Pesel")
    for name, text in (("who", pesel), ("first", "Jan"), ("last", "Kowal"), ("description", "book-keeper")):
        page.locator(f"input[name={name}]").fill(text)
    page.locator("input[name=permission][value=InvoiceRead]").check()
    page.locator("main form button").last.click()
    # The page follows the operation by itself.
    page.get_by_text("The permission is granted").first.wait_for()
    with client_of(ania) as ksef:
        listed = ksef.call(permissions.persons(who=("Pesel", pesel))).permissions
    assert [item.permission_scope.value for item in listed] == ["InvoiceRead"]
    # And it holds: Jan comes in, reads, and sends nothing.
    with Visitor(opened.running, given="Jan", pesel=pesel, nip=ania.nip) as jan:
        jan.log_in()
        assert "InvoiceRead" in jan.get("/tokens/new")
        assert 'value="InvoiceWrite"' not in jan.get("/tokens/new")


def test_what_is_granted_by_the_api_the_portal_shows_and_takes_back(opened: Window, ania: Visitor) -> None:
    pesel = new_pesel()
    with client_of(ania) as ksef:
        ksef.run(
            permissions.grant_and_wait(
                permissions.grant_person(
                    ("Pesel", pesel),
                    ["Introspection"],
                    permissions.person("Ewa", f"Kowal {IMAGE}"[:30]),
                    f"auditor {IMAGE}",
                )
            )
        )
        opened.cookie_of(ania)
        page = opened.go("/permissions/manage/persons")
        row = page.locator("main tbody tr", has_text="auditor")
        assert IMAGE in row.inner_text()
        row.locator("a.take").click()
        page.locator("main form button.danger").click()
        page.get_by_text("The permission is revoked").first.wait_for()
        assert ksef.call(permissions.persons(who=("Pesel", pesel))).permissions == []
    assert opened.inspect() == []


def test_a_form_becomes_an_invoice_that_the_api_knows(opened: Window, ania: Visitor) -> None:
    opened.cookie_of(ania)
    page = opened.go("/invoices/new")
    for name, text in (
        ("number", f"1/{IMAGE}"),
        ("seller_name", f"Ania {IMAGE}"),
        ("seller_address", "ul. Leśna 1, Gdynia"),
        ("buyer_nip", new_nip()),
        ("buyer_name", "Odbiorca"),
        ("buyer_address", "ul. Polna 2, Sopot"),
    ):
        page.locator(f"input[name={name}]").fill(text)
    for name, text in (("name", f"Pencil {IMAGE}"), ("quantity", "2"), ("unit", "szt."), ("price", "10.00")):
        page.locator(f"input[name=line_{name}]").first.fill(text)
    page.locator("main button[value=preview]").click()
    assert opened.inspect() == []
    page.locator('main form[action="/web/invoices/send"] button').click()
    page.get_by_text(f"{ania.nip}-").first.wait_for()
    assert opened.inspect() == []
    filters = InvoiceQueryFilters(
        subject_type=InvoiceQuerySubjectType.Subject1,
        date_range=InvoiceQueryDateRange(
            date_type=InvoiceQueryDateType.Invoicing, from_=datetime.now(UTC) - timedelta(days=1)
        ),
    )
    found: list[str] = []
    with client_of(ania) as ksef:
        for _ in range(1_000):  # what has a number is found by queries a moment later
            found = found or [each.invoice_number for each in ksef.call(receiving.query(filters)).invoices]
    assert found == [f"1/{IMAGE}"]


def test_who_only_reads_is_told_so_before_trying(opened: Window, ania: Visitor) -> None:
    with employee(opened.running, ania.nip, "InvoiceRead") as reader:
        opened.cookie_of(reader)
    opened.go("/permissions/grant")
    assert "needs" in opened.text()
    assert opened.page.locator('main a[href="/web/permissions/grant/person"]').count() == 0
