"""Real Chromium, as a person has it: what it sees, and everything it complains about.

Debian's chromium-headless-shell (or chromium) is driven by playwright, which brings none of its own. Without
one these tests are skipped, or fail under KLUCZNIK_CHROMIUM=require.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

from klucznik.testing import RunningKsef
from peers.environments import Unavailable, packages_of

from .person import Visitor

HINT: Final = (
    "no Chromium: install it (Debian: apt-get install chromium-headless-shell), "
    "or name one in KLUCZNIK_CHROMIUM_PATH"
)
#: KLUCZNIK_PAGES=all: every page by axe in each language and width, every payload in every field.
ALL: Final = os.environ.get("KLUCZNIK_PAGES") == "all"
WIDE: Final[ViewportSize] = {"width": 1280, "height": 900}
NARROW: Final[ViewportSize] = {"width": 360, "height": 740}
_NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_LOCK: Final = Path(__file__).with_name("npm") / "package-lock.json"
_TROUBLING: Final = ("moderate", "serious", "critical")
#: An address that would run as a script once it is followed.
_SCRIPTED: Final = """() => [...document.querySelectorAll("[href], [src], [action], [formaction], [data]")]
  .filter((each) => ["href", "src", "action", "formaction", "data"].some(
    (name) => /^\\s*(javascript|vbscript|data:text):?/i.test(each.getAttribute(name) ?? "")))
  .map((each) => each.outerHTML.slice(0, 160))"""
#: Before any script of a page: told of every breach of its Content-Security-Policy.
_WATCH: Final = """
window.__breaches = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__breaches.push(event.violatedDirective + " " + event.blockedURI + " " + event.sample));
"""


def program() -> str | None:
    """Where Chromium is."""
    named = os.environ.get("KLUCZNIK_CHROMIUM_PATH")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for the length of the block; skips, or fails where one is required."""
    path = program()
    if path is None:
        if os.environ.get("KLUCZNIK_CHROMIUM") == "require":
            pytest.fail(HINT)
        pytest.skip(HINT)
    quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    # Its sandbox does not work for root, as in containers; it is shown pages of ours only.
    if sys.platform != "win32" and os.geteuid() == 0:
        quiet.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        try:
            yield browser
        finally:
            browser.close()


def axe() -> str:
    """The source of axe-core, installed by its lock; skips, or fails where Chromium is required."""
    try:
        home = packages_of("axe-core", _LOCK, lowest=18)
    except Unavailable as why:
        if os.environ.get("KLUCZNIK_CHROMIUM") == "require":
            pytest.fail(f"axe-core must run here: {why}")
        pytest.skip(f"axe-core cannot run here: {why}")
    return (home / "axe-core" / "axe.min.js").read_text("utf-8")


@dataclass
class Window:
    """One person's window. `troubles` is what must stay empty: errors, breaches, requests elsewhere."""

    running: RunningKsef
    context: BrowserContext
    page: Page
    troubles: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"{self.running.url.removesuffix('/v2')}/web"

    def go(self, path: str) -> Page:
        """Open a page of the portal."""
        self.page.goto(f"{self.base}{path}")
        return self.page

    def press(self, name: str | re.Pattern[str], *, exact: bool = False) -> None:
        """Press the button of the main part that is called so."""
        self.page.locator("main").get_by_role("button", name=name, exact=exact).first.click()

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Follow the first link called so, of menu or page."""
        self.page.get_by_role("link", name=name).first.click()

    def text(self) -> str:
        """What can be read of the page's main part."""
        return self.page.locator("main").inner_text()

    def cookie_of(self, visitor: Visitor) -> None:
        """Come as somebody who logged in over HTTP."""
        url, value = f"{self.base}/", visitor.http.cookies["klucznik"]
        self.context.add_cookies([{"name": "klucznik", "value": value, "url": url, "httpOnly": True}])

    def log_in(self, visitor: Visitor) -> None:
        """By the simulated Trusted Profile, as a person does it."""
        self.go("/login/profile")
        form = self.page.locator("main form:has(input[name=given]:not([type=hidden]))")
        form.locator("input[name=given]").fill(visitor.given)
        form.locator("input[name=surname]").fill(visitor.surname)
        form.locator("input[name=number]").fill(visitor.pesel)
        form.locator("button").last.click()
        self.page.locator(f'input[name=context][value="Nip {visitor.nip}"]').check()
        self.page.locator("main form button").last.click()
        self.page.locator(".who").wait_for()

    def inspect(self) -> list[str]:
        """What is wrong with the page shown, beyond `troubles`: breaches and scripts that ran."""
        found = [f"breach: {text}" for text in self.page.evaluate("window.__breaches || []")]
        if self.page.evaluate("window.__xss !== undefined"):
            found.append("a payload ran")
        found += [f"a payload is an address: {html}" for html in self.page.evaluate(_SCRIPTED)]
        return [f"{self.page.url}: {text}" for text in found]

    def unfit(self, source: str) -> list[str]:
        """What axe finds that is in somebody's way (moderate or worse), a line each."""
        # By the debugger's way in, which the page's Content-Security-Policy does not govern.
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(source)
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{self.page.url}: {each['id']} ({each['help']}): {node['html'][:160]}"
            for each in found["violations"]
            if each["impact"] in _TROUBLING
            for node in each["nodes"]
        ]


@contextmanager
def window(
    browser: Browser, running: RunningKsef, language: str = "en", *, narrow: bool = False, **more: Any
) -> Iterator[Window]:
    """A window with cookies of its own; whatever troubled it fails the test at the end."""
    context = browser.new_context(**{"locale": language, "viewport": WIDE, "accept_downloads": True, **more})
    context.set_default_timeout(10_000)
    context.add_init_script(_WATCH)
    opened = Window(running, context, context.new_page())
    host = urlsplit(running.url).netloc

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            opened.troubles.append(f"console at {opened.page.url}: {message.text}")

    def asked(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != host:
            opened.troubles.append(f"{opened.page.url} asks {request.url}")

    context.on("console", heard)
    context.on("weberror", lambda error: opened.troubles.append(f"error: {error.error}"))
    context.on("request", asked)
    try:
        yield opened
    finally:
        context.close()
    assert not opened.troubles, opened.troubles
