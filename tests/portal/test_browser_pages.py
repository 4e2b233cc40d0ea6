"""Every page in a real browser, full of hostile texts: nothing runs, nothing leaks, everybody can use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from klucznik.testing import RunningKsef

from .browser import ALL, NARROW, WIDE, Window, window
from .crawl import pages, reached, routes
from .furnished import Furnished, furnish, unlinked
from .person import Visitor, owner

LANGUAGES = ("pl", "en", "de")
#: How axe and the keyboard come to the pages, one after the other.
_LOOKS: Final = (("pl", WIDE), ("en", NARROW), ("de", NARROW), ("en", WIDE), ("pl", NARROW), ("de", WIDE))


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


#: What the keyboard should reach, numbered; of a choice among radio buttons the one that is ticked.
_REACHABLE: Final = """(inside) => {
  const shown = (each) => !each.disabled && each.checkVisibility({visibilityProperty: true});
  const ticked = (each) => document.querySelector(
    `input[type=radio][name="${CSS.escape(each.name)}"]:checked`);
  window.__seen = {places: [], ringless: []};
  document.addEventListener("focusin", ({target}) => {
    if (target.dataset.place === undefined) return;
    window.__seen.places.push(target.dataset.place);
    if (getComputedStyle(target).outlineStyle === "none")
      window.__seen.ringless.push(target.outerHTML.slice(0, 120));
  });
  document.querySelector(inside).focus();
  return [...document.querySelector(inside).querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
    .filter((each) => shown(each) && (each.type !== "radio" || (ticked(each) ?? each) === each))
    .map((each, place) => { each.dataset.place = place; return each.outerHTML.slice(0, 160); });
}"""


#: Day, month, year, hour, minute, half of the day, and the calendar.
_STOPS_IN_DATE = 7


def by_keyboard(page: Page, *, inside: str = "#main") -> list[str]:
    """What Tab never reaches in a part of the page, or reaches without a ring to be seen."""
    wanted: list[str] = page.evaluate(_REACHABLE, inside)
    # Tab stops at each part of a date.
    dates = sum('type="date' in html for html in wanted)
    for _ in range(len(wanted) + 2 + _STOPS_IN_DATE * dates):
        page.keyboard.press("Tab")
    seen = page.evaluate("window.__seen")
    missed = [html for place, html in enumerate(wanted) if str(place) not in seen["places"]]
    return [
        *(f"{page.url}: Tab never reaches {html}" for html in missed),
        *(f"{page.url}: focus is not seen on {html}" for html in seen["ringless"]),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_everybody_can_use_every_page(browser: Browser, world: World, axe_source: str, language: str) -> None:
    """In wide and narrow windows and by keyboard; nothing that a name or an invoice brought along runs.

    Every page in German, whose words are the longest, and in another language by turns; axe looks once at
    each. With KLUCZNIK_PAGES=all every page is looked at in all languages and widths.
    """
    found = []
    with window(browser, world.ania.running, language) as opened:
        open_at(opened, world, language)
        for place, address in enumerate(world.pages):
            closely = _LOOKS[place % len(_LOOKS)]
            if not ALL and language not in ("de", closely[0]):
                continue
            page = opened.go(address)
            assert page.locator("html").get_attribute("lang") == language
            assert page.locator("h1").count() == 1, address
            for size in (NARROW, WIDE):
                page.set_viewport_size(size)
                found += [f"{address}: wider than {size}: {html}" for html in page.evaluate(_TOO_WIDE)]
                if ALL or closely == (language, size):
                    found += opened.unfit(axe_source)
            if ALL or closely[0] == language:
                found += by_keyboard(page)
            found += opened.inspect()
        found += by_keyboard(opened.go("/"), inside="body")
    assert not found, "\n".join(found)


def test_a_token_is_had_without_scripts(browser: Browser, world: World) -> None:
    with window(browser, world.ania.running, java_script_enabled=False) as opened:
        opened.cookie_of(world.ania)
        page = opened.go("/tokens/new")
        page.locator("input[name=name]").fill("ERP without scripts")
        page.locator("input[name=permission][value=InvoiceRead]").check()
        page.locator('main form[action="/web/tokens/new"] button').first.click()
        page.locator('main form[action="/web/tokens/issue"] button').click()
        assert page.locator("#ksef-token").input_value().count("|") == 2


def test_the_first_tab_leads_to_the_content(browser: Browser, world: World) -> None:
    with window(browser, world.ania.running) as opened:
        opened.cookie_of(world.ania)
        page = opened.go("/")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
