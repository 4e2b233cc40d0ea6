"""What others try on somebody who is logged in: payloads, forms from elsewhere, frames, peeping."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from klucznik.testing import RunningKsef

from .browser import ALL, Window, window
from .crawl import pages, reached
from .furnished import JOINED, PAYLOADS
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


#: Fields of a form that take a text, filled with payloads as no browser would let a person do it.
_FILL: Final = """(form, text) => {
  form.noValidate = true;
  const others = ["hidden", "radio", "checkbox", "file", "date", "number", "datetime-local", "time"];
  [...form.querySelectorAll("input, textarea")].filter((each) => !others.includes(each.type))
    .forEach((each) => {
      each.removeAttribute("maxlength");
      each.removeAttribute("readonly");
      each.value = text;
    });
  form.submit();
}"""
_TYPED: Final = "input[type=text], input:not([type]), textarea, input[type=search]"
#: All payloads in every field; with KLUCZNIK_PAGES=all also one by one, since more fields take a short text.
_ROUNDS: Final = [JOINED, *(PAYLOADS if ALL else ())]
#: Where what was typed is shown afterwards.
_SHOWN_AT: Final = ("/", "/tokens", "/permissions/map", "/invoices", "/sessions", "/diagnosis", "/testdata")


def test_texts_typed_into_any_form_run_nothing(opened: Window, ania: Visitor) -> None:
    """Every form that is reached by links, sent unchecked. Stored texts: `furnish`, test_browser_pages."""
    opened.cookie_of(ania)
    sent, found = set(), []
    for address in pages(ania, reached(ania, "/login/profile", each=1)):
        page = opened.go(address)
        forms = page.locator("main form")
        for number in [at for at in range(forms.count()) if forms.nth(at).locator(_TYPED).count()]:
            for text in _ROUNDS:
                page = opened.go(address)
                form = page.locator("main form").nth(number)
                sent.add(urlsplit(form.get_attribute("action") or f"/web{address}").path)
                with page.expect_event("load"):
                    form.evaluate(_FILL, text)
                found += opened.inspect()
                assert page.locator(".who").count(), f"{address} has ended the login"
    for address in _SHOWN_AT:
        opened.go(address)
        found += opened.inspect()
    # A refusal's own status is no trouble here; what ran is.
    opened.troubles[:] = [each for each in opened.troubles if "Failed to load resource" not in each]
    missed = {"/web/tokens/new", "/web/invoices/new", "/web/permissions/grant/person", "/web/doctor"} - sent
    assert not missed, (missed, sent)
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
