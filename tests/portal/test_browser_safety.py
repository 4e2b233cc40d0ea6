"""What others try on somebody who is logged in: payloads, forms from elsewhere, frames, peeping."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

from klucznik.testing import RunningKsef

from .browser import Window, window
from .crawl import pages, reached, routes
from .furnished import PAYLOADS, furnish
from .person import Visitor, owner


@pytest.fixture
def opened(browser: Browser, running: RunningKsef) -> Iterator[Window]:
    with window(browser, running) as found:
        yield found


@contextmanager
def elsewhere(page: str) -> Iterator[str]:
    """Another site on this machine, with one page; its address."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """It keeps quiet."""

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    try:
        # Another host name is another site, to cookies as well.
        yield f"http://localhost:{site.server_address[1]}/"
    finally:
        site.shutdown()
        site.server_close()
        thread.join(10)


def test_texts_of_invoices_and_names_run_nothing(opened: Window, running: RunningKsef) -> None:
    with owner(running, given="Anna <i>x") as ania:
        furnish(ania)
        opened.cookie_of(ania)
        addresses = pages(ania, reached(ania))
    found = []
    for address in addresses:
        opened.go(address)
        found += opened.inspect()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_texts_typed_into_any_form_run_nothing(opened: Window, ania: Visitor, payload: str) -> None:
    """Every form that is reached by links, the payload in every field, sent unchecked."""
    opened.cookie_of(ania)
    sent, found = 0, []
    for address in pages(ania, reached(ania, "/login/profile", each=1)):
        page = opened.go(address)
        for number in range(page.locator("main form").count()):
            page = opened.go(address)
            form = page.locator("main form").nth(number)
            if not form.locator("input[type=text], input:not([type]), textarea, input[type=search]").count():
                continue
            form.evaluate(
                """(form, text) => {
                  form.noValidate = true;
                  for (const each of form.querySelectorAll("input, textarea")) {
                    if (["hidden", "radio", "checkbox", "file", "date", "number", "datetime-local",
                         "submit", "button", "time"].includes(each.type)) continue;
                    each.removeAttribute("maxlength");
                    each.removeAttribute("readonly");
                    each.value = text;
                  }
                }""",
                payload,
            )
            with page.expect_event("load"):
                form.evaluate("(form) => form.submit()")
            sent += 1
            found += opened.inspect()
            # A refusal's own status is no trouble here; what ran is.
            opened.troubles[:] = [each for each in opened.troubles if "Failed to load resource" not in each]
            if not page.locator(".who").count():
                break
    assert sent, "no form was found"
    assert not found, "\n".join(found)


_QUERY = ("name", "author", "next", "status", "number", "seller", "role", "from", "to", "q", "trace", "key")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_texts_in_addresses_run_nothing(opened: Window, ania: Visitor, payload: str) -> None:
    opened.cookie_of(ania)
    text, found = quote(payload, safe=""), []
    for route in routes():
        filled = "/".join(text if part.startswith("{") else part for part in route.path.split("/"))
        opened.go(f"{filled}?{'&'.join(f'{name}={text}' for name in _QUERY)}")
        found += opened.inspect()
        opened.troubles[:] = [each for each in opened.troubles if "Failed to load resource" not in each]
    assert not found, "\n".join(found)


def test_a_form_on_another_site_does_nothing(browser: Browser, ania: Visitor) -> None:
    base = f"{ania.running.url.removesuffix('/v2')}/web"
    page = f"""<form method="post" action="{base}/logout"><input name="csrf" value="{ania.csrf()}">
      <button>Win a prize</button></form>"""
    with elsewhere(page) as address:
        context = browser.new_context()
        try:
            value = ania.http.cookies["klucznik"]
            context.add_cookies(
                [{"name": "klucznik", "value": value, "url": f"{base}/", "sameSite": "Strict"}]
            )
            visited = context.new_page()
            visited.goto(address)
            with visited.expect_response("**/logout") as answer:
                visited.get_by_role("button").click()
            assert answer.value.status == 403
        finally:
            context.close()
    assert ania.name in ania.get("/"), "still logged in"


def test_no_site_frames_a_page(browser: Browser, ania: Visitor) -> None:
    base = f"{ania.running.url.removesuffix('/v2')}/web"
    with elsewhere(f'<iframe src="{base}/login" width="600" height="400"></iframe>') as address:
        context = browser.new_context()
        try:
            visited, said = context.new_page(), list[str]()
            visited.on("console", lambda message: said.append(message.text))
            visited.goto(address, wait_until="networkidle")
            assert any("frame" in text.lower() for text in said), said
            assert not [frame for frame in visited.frames if frame.url.startswith(base)]
        finally:
            context.close()


def test_scripts_of_another_site_read_nothing(browser: Browser, ania: Visitor) -> None:
    base = f"{ania.running.url.removesuffix('/v2')}/web"
    with elsewhere("<h1>Elsewhere</h1>") as address:
        context = browser.new_context()
        try:
            visited = context.new_page()
            visited.goto(address)
            read = visited.evaluate(
                """(url) => fetch(url, {credentials: "include"}).then((answer) => answer.text(), () => "")""",
                f"{base}/",
            )
            assert read == ""
        finally:
            context.close()


def test_a_page_left_behind_shows_nothing_after_logging_out(opened: Window, running: RunningKsef) -> None:
    with owner(running, inside=False) as ania:
        opened.log_in(ania)
        page = opened.go("/tokens")
        page.locator('form[action="/web/logout"] button').click()
        page.wait_for_load_state()
        page.go_back()
        page.wait_for_load_state()
        assert page.locator(".who").count() == 0
        assert ania.nip not in page.content()


def test_the_cookie_is_out_of_reach_of_scripts(opened: Window, running: RunningKsef) -> None:
    with owner(running, inside=False) as ania:
        opened.log_in(ania)
    assert opened.page.evaluate("document.cookie") == ""


def test_a_stranger_sees_nothing_of_another_firm(running: RunningKsef, obcy: Visitor) -> None:
    """Obcy opens every address that Ania has, with what is hers in it."""
    with owner(running, given="Annabella") as ania:
        made = furnish(ania)
        found = reached(ania, each=3)
        secrets = (
            ania.nip,
            made.ksef_number,
            made.ksef_token,
            made.session,
            made.certificate,
            made.partner,
            "Annabella",
            "Book-keeper",
        )
        for address in (each for addresses in found.values() for each in addresses):
            answer = obcy.http.get(address)
            # What Obcy typed into the address himself is told back to him.
            text = answer.text.replace(address, "")
            for part in address.replace("?", "/").replace("=", "/").split("/"):
                text = text.replace(part, "") if len(part) > 8 else text
            leaked = [secret for secret in secrets if secret in text]
            assert not leaked, (address, leaked)
