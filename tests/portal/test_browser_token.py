"""The way of a token, in a real browser and with the real command: generate, copy, keep, use, revoke."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, FilePayload, Page

from klucznik.crypto import authority
from klucznik.secret import Secret
from klucznik.testing import RunningKsef
from processes import Terminal

from .browser import Window, window
from .person import Visitor, owner

NAME = "ERP of the warehouse"


@pytest.fixture
def ania(running: RunningKsef) -> Iterator[Visitor]:
    with owner(running, inside=False) as visitor:
        yield visitor


@pytest.fixture
def opened(browser: Browser, running: RunningKsef) -> Iterator[Window]:
    with window(browser, running, permissions=["clipboard-read", "clipboard-write"]) as found:
        yield found


@pytest.fixture
def terminal(running: RunningKsef, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, running.url)


def fill_in(page: Page, name: str, *permissions: str) -> None:
    """The form of a new token, up to the confirmation."""
    page.locator("input[name=name]").fill(name)
    for permission in permissions:
        page.locator(f'input[name=permission][value="{permission}"]').check()
    page.locator('main form[action="/web/tokens/new"] button').first.click()


def generate(opened: Window, *permissions: str, name: str = NAME) -> str:
    """Generate a token and copy it by its button; what the clipboard then holds."""
    page = opened.go("/tokens/new")
    fill_in(page, name, *permissions)
    page.locator('main form[action="/web/tokens/issue"] button').click()
    page.locator("[data-copy=ksef-token]").click()
    page.wait_for_function("document.getElementById('ksef-token-told').textContent !== ''")
    copied: str = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#ksef-token").input_value()
    return copied


def revoke(opened: Window, ksef_token: str) -> None:
    """By list, token and confirmation, until the page shows that it is revoked."""
    reference = ksef_token.partition("|")[0]
    page = opened.go("/tokens")
    page.locator(f'main a[href="/web/tokens/{reference}"]').first.click()
    page.locator(f'main a[href="/web/tokens/{reference}/revoke"]').click()
    page.locator("main form button.danger").click()
    page.wait_for_url(f"**/tokens/{reference}")
    # Nobody reloads: the page watches by itself.
    page.locator("main", has_text=re.compile(r"\brevoked\b", re.IGNORECASE)).wait_for()
    page.wait_for_function("!document.querySelector('[data-watch]')")


def walk(opened: Window, nip: str, terminal: Terminal) -> None:
    """From the form to the refusal."""
    ksef_token = generate(opened, "InvoiceRead", "InvoiceWrite")
    vault = ("--company", nip, "--key-file", "vault.key")
    put = terminal.run("token", "put", *vault, typed=ksef_token.encode())
    assert ksef_token not in put.out + put.err
    assert "InvoiceRead" in terminal.run("login", "check", *vault).out
    tried = terminal.run("token", "check", *vault, "--json").objects()
    assert nip in str(tried)
    healthy = terminal.run("doctor", *vault, "--wants", "InvoiceWrite")
    assert "InvoiceRead, InvoiceWrite" in healthy.out
    revoke(opened, ksef_token)
    for command in ("token", "login"):
        refused = terminal.run(command, "check", *vault, code=None)
        assert refused.code == 1, refused.said
        assert "450" in refused.err + refused.out, refused.said


def test_from_the_trusted_profile_to_a_revoked_token(
    opened: Window, ania: Visitor, terminal: Terminal
) -> None:
    opened.log_in(ania)
    walk(opened, ania.nip, terminal)
    assert opened.inspect() == []


def test_from_a_certificate_to_a_revoked_token(opened: Window, ania: Visitor, terminal: Terminal) -> None:
    now = datetime.now(UTC) - timedelta(hours=1)
    seal = authority.seal("Ania sp. z o.o.", ania.nip, now=now)
    page = opened.go("/login/certificate")
    file = seal.to_pkcs12(Secret("correct horse"))
    page.locator("input[name=certificate]").set_input_files(
        FilePayload(name="seal.p12", mimeType="application/x-pkcs12", buffer=file)
    )
    page.locator("input[name=password]").fill("correct horse")
    page.locator("main form:has(input[name=certificate]) button").last.click()
    if page.locator("input[name=context]").count():
        page.locator("input[name=context]").first.check()
        page.locator("main form button").last.click()
    page.locator(".who").wait_for()
    assert ania.nip in page.locator(".who").inner_text()
    walk(opened, ania.nip, terminal)
    assert opened.inspect() == []


def test_a_token_is_shown_once_whatever_one_does(opened: Window, ania: Visitor) -> None:
    opened.log_in(ania)
    ksef_token = generate(opened, "InvoiceRead")
    secret = ksef_token.rpartition("|")[2]
    page = opened.page

    def hidden() -> bool:
        fields: list[str] = page.evaluate(
            "[...document.querySelectorAll('input, textarea')].map((each) => each.value)"
        )
        return secret not in page.content() and not any(secret in field for field in fields)

    shown_at = page.url
    # Away by a link and back by the button, which may bring a page back whole.
    page.locator("main a").first.click()
    page.wait_for_load_state()
    assert hidden()
    # The browser itself has nothing to show there: it would have to send the form again.
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()
    page.wait_for_url("chrome-error://**")
    assert hidden(), "by the back button"
    # By its address.
    page.goto(shown_at)
    assert hidden(), "by address"
    for address in ("/tokens", f"/tokens/{ksef_token.partition('|')[0]}", "/tokens/new"):
        opened.go(address)
        assert hidden(), address
    for path in (f"/tokens/{ksef_token.partition('|')[0]}/sheet",):
        assert secret not in opened.go(path).content()


def test_a_second_click_does_not_throw_the_token_away(opened: Window, ania: Visitor) -> None:
    """It would get the page that says that the token was shown, in place of the token."""
    opened.log_in(ania)
    page = opened.go("/tokens/new")
    fill_in(page, NAME, "InvoiceRead")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    # The moment between the clicks of a person.
    page.locator('main form[action="/web/tokens/issue"] button').evaluate(
        "(button) => { button.click(); setTimeout(() => button.click(), 20); }"
    )
    page.locator("#ksef-token").wait_for()
    assert sum(url.endswith("/tokens/issue") for url in sent) == 1


def test_reloading_the_page_of_a_token_makes_no_second_one(opened: Window, ania: Visitor) -> None:
    opened.log_in(ania)
    ksef_token = generate(opened, "InvoiceRead")
    # A reload sends the form again, as browsers do once one has said yes.
    answer = opened.page.reload()
    assert ksef_token.rpartition("|")[2] not in opened.page.content()
    assert answer is not None
    assert answer.status == 409
    opened.troubles[:] = [text for text in opened.troubles if "409" not in text]
    assert opened.go("/tokens").locator("main tbody tr").count() == 1


def test_more_than_an_erp_needs_is_said(opened: Window, ania: Visitor) -> None:
    opened.log_in(ania)
    page = opened.go("/tokens/new")
    fill_in(page, NAME, "InvoiceRead", "CredentialsManage")
    assert "manage permissions" in page.locator(".flash.note").inner_text()


def test_no_cache_of_the_browser_keeps_a_token(opened: Window, ania: Visitor) -> None:
    opened.log_in(ania)
    with opened.page.expect_response(re.compile(r"/tokens/issue$")) as answer:
        generate(opened, "InvoiceRead")
    assert answer.value.headers["cache-control"] == "no-store"
