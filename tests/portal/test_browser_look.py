"""What the look promises: focus on what went wrong, contrast in the dark, paper without what is around it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from klucznik.testing import RunningKsef

from .browser import Window, window
from .person import Visitor

_BAD = "Failed to load resource: the server responded with a status of 400"


def send_unfit(opened: Window, path: str) -> None:
    """Send a form as it is, past the browser's own checks; 400 is no trouble here."""
    form = opened.go(path).locator("main form").first
    form.evaluate("(each) => { each.noValidate = true; }")
    form.locator("button:not([type=button])").first.click()
    opened.page.locator(".flash.bad").wait_for()
    opened.troubles[:] = [each for each in opened.troubles if _BAD not in each]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_focus_goes_to_what_went_wrong(
    browser: Browser, running: RunningKsef, ania: Visitor, scripts: bool
) -> None:
    with window(browser, running, java_script_enabled=scripts) as opened:
        opened.cookie_of(ania)
        for path in ("/tokens/new", "/permissions/grant/person"):
            send_unfit(opened, path)
            # Without scripts the browser moves the focus once it has drawn the page.
            opened.page.locator(".flash.bad:focus").wait_for()
        # From there on Tab leads into the form, by way of the list of faults.
        opened.page.keyboard.press("Tab")
        assert opened.page.locator(".flash.bad a:focus").count() == 1


def test_the_dark_keeps_its_contrast(
    browser: Browser, running: RunningKsef, ania: Visitor, axe_source: str
) -> None:
    found = []
    with window(browser, running, color_scheme="dark") as opened:
        opened.cookie_of(ania)
        for path in ("/", "/tokens/new", "/invoices", "/permissions/map", "/certificates", "/testdata/clock"):
            opened.go(path)
            found += opened.unfit(axe_source)
        send_unfit(opened, "/permissions/grant/person")
        found += opened.unfit(axe_source)
        paper = opened.page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
    assert not found, "\n".join(found)
    assert paper != "rgb(246, 244, 238)"


def test_where_one_is_stands_on_the_page(browser: Browser, running: RunningKsef, ania: Visitor) -> None:
    with window(browser, running, "pl", viewport={"width": 390, "height": 844}) as opened:
        ania.post("/language", language="pl", back="/web/")
        opened.cookie_of(ania)
        page = opened.go("/permissions/grant/person")
        assert page.locator("nav.trail").inner_text().split("\n") == ["Uprawnienia", "Nadaj uprawnienie"]
        assert page.locator('.menu [aria-current="true"]').inner_text() == "Uprawnienia"
        page = opened.go("/certificates")
        here = page.locator('.menu [aria-current="page"]')
        assert here.inner_text() == "Certyfikaty"
        box = here.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert page.locator(":is(.trail, .menu, .top, body > footer):visible").count() == 3
        page.emulate_media(media="print")
        assert page.locator(":is(.trail, .menu, .top, body > footer):visible").count() == 0
