"""The key of a certificate made in real Chromium: sealed and saved there, fit for KSeF, never sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Request

from klucznik.client import auth
from klucznik.client.ksef import Ksef
from klucznik.crypto.certs import Identity
from klucznik.errors import KlucznikError
from klucznik.secret import Secret

from .browser import window
from .person import Visitor

_PASSWORD = "Kluczyk-do-KSeF-2026"


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_key_made_in_the_browser_logs_in(
    browser: Browser, ania: Visitor, tmp_path: Path, kind: str
) -> None:
    sent: list[str] = []

    def heard(request: Request) -> None:
        sent.append(f"{request.url} {request.post_data_buffer or b''!r}")

    with window(browser, ania.running) as opened:
        opened.cookie_of(ania)
        page = opened.go("/certificates/request")
        page.on("request", heard)
        page.locator("input[name=name]").fill("From the browser")
        page.locator("#key-kind").select_option(kind)
        for weak in ("short", "nouppercase-2026", "Kluczyk do KSeF bez cyfry", "Kluczyk0do0KSeF02026"):
            page.locator("#key-password").fill(weak)
            page.locator("#key-again").fill(weak)
            page.locator("[data-key-maker] button").click()
            assert "15 to 32" in page.locator("#key-told").inner_text()
        page.locator("#key-password").fill(_PASSWORD)
        page.locator("[data-key-maker] button").click()
        assert "differ" in page.locator("#key-told").inner_text()
        page.locator("#key-again").fill(_PASSWORD)
        with page.expect_download() as download:
            page.locator("[data-key-maker] button").click()
        download.value.save_as(tmp_path / "key.pem")
        page.locator("#key-told.good").wait_for()
        assert page.locator("#key-password").input_value() == ""
        opened.press("Continue")
        page.locator("input[value=Authentication]").check()
        opened.press("Send the application")
        page.locator(".flash.good").wait_for()
        page.locator("td a code").first.click()
        with page.expect_download() as download:
            page.get_by_role("link", name="PEM").click()
        download.value.save_as(tmp_path / "certificate.pem")
        assert not opened.inspect()
    sealed = (tmp_path / "key.pem").read_bytes()
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in sealed
    everything = "\n".join(sent)
    assert "PRIVATE KEY" not in everything
    assert _PASSWORD not in everything
    certificate = (tmp_path / "certificate.pem").read_bytes()
    with pytest.raises(KlucznikError):
        Identity.load_pair(certificate, sealed, Secret("Not-the-password-1"))
    identity = Identity.load_pair(certificate, sealed, Secret(_PASSWORD))
    with Ksef(ania.running.url) as ksef:
        ksef.run(auth.login_with_identity("Nip", ania.nip, identity))


def test_without_scripts_a_request_is_brought_along(browser: Browser, ania: Visitor) -> None:
    with window(browser, ania.running, java_script_enabled=False) as opened:
        opened.cookie_of(ania)
        page = opened.go("/certificates/request")
        assert not page.locator("[data-key-maker]").is_visible()
        assert "needs JavaScript" in page.locator("main").inner_text()
        assert page.locator("textarea[name=csr]").is_visible()
