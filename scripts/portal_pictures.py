"""Pictures of the portal for README and docs: `docs/images/portal-<page>.<language>.png`.

    python scripts/portal_pictures.py

A firm is made on a local KSeF in memory, and Debian's Chromium shows it at 1100 px.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page

from klucznik.cli.portal import portal_of
from klucznik.client import permissions, sending, tokens
from klucznik.client.journal import MemoryJournal
from klucznik.clock import WARSAW
from klucznik.documents import samples
from klucznik.testing import RunningKsef, local_ksef

# What drives the browser belongs to the tests.
sys.path.append(str(Path(__file__).parents[1] / "tests"))
from portal.browser import chromium, window
from portal.furnished import client_of
from portal.person import Visitor

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
_NAMES: Final = {"pl": "System ERP, magazyn", "en": "ERP, warehouse", "de": "ERP, Lager"}
#: Bytes a picture may have.
_MOST: Final = 150_000


def furnished(running: RunningKsef) -> Visitor:
    """Anna's firm with a few tokens, an invoice and permissions."""
    anna = Visitor(running, "pl", nip="5265877635", pesel="90010112349")
    running.seed({"persons": [{"nip": anna.nip, "pesel": anna.pesel, "isBailiff": False}]})
    with client_of(anna) as ksef:
        for name, wanted in (
            ("ERP Gdynia", ["InvoiceRead", "InvoiceWrite"]),
            ("Sklep internetowy", ["InvoiceWrite"]),
            ("Raporty zarządu", ["InvoiceRead"]),
        ):
            issued = ksef.run(tokens.generate_and_wait(wanted, name))
        ksef.call(tokens.revoke(issued.reference_number))
        ksef.run(
            permissions.grant_and_wait(
                permissions.grant_entity(
                    "1111111111", ["InvoiceRead", "InvoiceWrite"], "Biuro Rachunkowe Bilans", "Biuro"
                )
            )
        )
        now = datetime.now(UTC)
        document = samples.invoice(
            anna.nip, "1111111111", "FV/7/2026", now.astimezone(WARSAW).date(), now - timedelta(minutes=3)
        )
        ksef.run(sending.send_and_wait([sending.Document("invoice.xml", document)], MemoryJournal()))
    return anna.log_in()


def taken(
    browser: Browser, running: RunningKsef, anna: Visitor, language: str
) -> Iterator[tuple[str, bytes]]:
    """Name and PNG of each picture; what a page complains about fails it."""
    with window(browser, running, language, viewport={"width": 1100, "height": 760}) as shown:
        page = shown.page
        anna.post("/language", language=language, back="/web/")
        shown.cookie_of(anna)
        shown.go("/tokens/new")
        page.locator("input[name=name]").fill(_NAMES[language])
        for permission in ("InvoiceRead", "InvoiceWrite"):
            page.locator(f'input[value="{permission}"]').check()
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        yield "permissions", page.screenshot()
        page.locator('form[action="/web/tokens/new"] button').first.click()
        page.locator('form[action="/web/tokens/issue"] button').click()
        _cover(page)
        yield "token", page.screenshot()
        shown.go("/invoices")
        page.locator("main tbody a").first.click()
        page.locator(".leaf footer").wait_for()
        yield "invoice", page.screenshot()


def _cover(page: Page) -> None:
    """Dots for the secret part: nobody should get used to tokens in pictures."""
    page.locator("#ksef-token").evaluate(
        "(field) => { field.value = field.value.replace(/[^|]+$/, (part) => '•'.repeat(part.length)); }"
    )


def main() -> None:
    with local_ksef(web=portal_of) as running, chromium() as browser, furnished(running) as anna:
        for language in _NAMES:
            for name, png in taken(browser, running, anna, language):
                packed = io.BytesIO()
                Image.open(io.BytesIO(png)).convert("RGB").quantize(128).save(packed, "PNG", optimize=True)
                if len(packed.getvalue()) > _MOST:
                    raise SystemExit(f"{name}.{language}: {len(packed.getvalue())} bytes are too many")
                path = IMAGES / f"portal-{name}.{language}.png"
                path.write_bytes(packed.getvalue())
                print(path.name, len(packed.getvalue()))


if __name__ == "__main__":
    main()
