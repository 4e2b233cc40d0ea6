"""Every page in a real browser, full of hostile texts: nothing runs, nothing leaks, everybody can use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser

from klucznik.testing import RunningKsef

from .browser import Window, window
from .crawl import pages, reached, routes
from .furnished import Furnished, furnish, unlinked
from .person import Visitor, owner


class World(NamedTuple):
    """Ania's firm with something of everything, and the pages that lead through it."""

    ania: Visitor
    made: Furnished
    reached: dict[str, list[str]]
    pages: list[str]


@pytest.fixture(scope="module")
def world(running: RunningKsef) -> Iterator[World]:
    with owner(running, given="Anna <b>x</b>") as ania:
        made = furnish(ania)
        found = reached(ania, *unlinked(made))
        yield World(ania, made, found, pages(ania, found))


def open_at(window: Window, world: World, language: str) -> None:
    """Come as Ania, in a language."""
    world.ania.post("/language", language=language, back="/web/")
    window.cookie_of(world.ania)


def test_links_lead_to_every_page(world: World) -> None:
    missing = {route.path for route in routes()} - set(world.reached)
    assert not missing, missing


#: What sticks out on the right, where the page as a whole has to be scrolled for it.
_TOO_WIDE = """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
  [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > window.innerWidth && !each.closest(".wide, .menu"))
    .map((each) => each.outerHTML.slice(0, 160)).concat(["(the page)"]).slice(0, 3)"""


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("language", ["pl", "en", "de"])
def test_everybody_can_use_every_page(
    browser: Browser, world: World, axe_source: str, language: str, narrow: bool
) -> None:
    found = []
    with window(browser, world.ania.running, language, narrow=narrow) as opened:
        open_at(opened, world, language)
        for address in world.pages:
            page = opened.go(address)
            assert page.locator("html").get_attribute("lang") == language
            assert page.locator("h1").count() == 1, address
            found += opened.inspect()
            found += opened.serious(axe_source)
            found += [f"{address}: wider than the window: {html}" for html in page.evaluate(_TOO_WIDE)]
    assert not found, "\n".join(found)


def test_pages_work_without_scripts(browser: Browser, world: World) -> None:
    with window(browser, world.ania.running, java_script_enabled=False) as opened:
        opened.cookie_of(world.ania)
        for address in world.pages:
            assert opened.go(address).locator("h1").inner_text(), address


_REACHABLE = """() => [...document.querySelectorAll(
  "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
  .filter((each) => !each.disabled && each.checkVisibility({visibilityProperty: true}))
  .filter((each) => each.type !== "radio" || each === document.querySelector(
    `input[type=radio][name="${CSS.escape(each.name)}"]:checked`) || !document.querySelector(
    `input[type=radio][name="${CSS.escape(each.name)}"]:checked`))
  .map((each, index) => { each.dataset.place = index; return index; })"""
_FOCUSED = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const ring = style.outlineStyle !== "none";
  return {place: at.dataset.place ?? null, ring, html: at.outerHTML.slice(0, 120)};
}"""


def test_the_keyboard_reaches_everything(browser: Browser, world: World) -> None:
    found = []
    with window(browser, world.ania.running) as opened:
        open_at(opened, world, "en")
        for address in world.pages:
            page = opened.go(address)
            wanted = {str(place) for place in page.evaluate(_REACHABLE)}
            hidden = set()
            for _ in range(len(wanted) + 10):
                page.keyboard.press("Tab")
                at = page.evaluate(_FOCUSED)
                wanted.discard(at["place"])
                if at["place"] is not None and not at["ring"]:
                    hidden.add(at["html"])
            found += [f"{address}: focus is not seen on {html}" for html in hidden]
            found += [
                f"{address}: Tab never reaches "
                + page.evaluate(f"document.querySelector('[data-place=\"{place}\"]').outerHTML")[:160]
                for place in wanted
            ]
    assert not found, "\n".join(found)


def test_the_first_tab_leads_to_the_content(browser: Browser, world: World) -> None:
    with window(browser, world.ania.running) as opened:
        opened.cookie_of(world.ania)
        page = opened.go("/")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
