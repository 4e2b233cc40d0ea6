"""What holds for every page: headers, cookies, forms from elsewhere, and what a stranger gets."""

from __future__ import annotations

import mimetypes
from urllib.parse import quote

import httpx2
import pytest

from klucznik.cli.portal import portal_of
from klucznik.testing import RunningKsef, local_ksef

from .crawl import reached, routes
from .furnished import FLAT, JOINED, furnish
from .markup import alive
from .person import Visitor, owner


def test_pages_cannot_be_framed_cached_or_fed_scripts(ania: Visitor) -> None:
    headers = ania.http.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("portal.js", "text/javascript"), ("portal.css", "text/css"), ("key.svg", "image/svg+xml")],
)
def test_a_machine_that_calls_scripts_text_does_not_mislead_us(name: str, kind: str) -> None:
    ending = f".{name.rpartition('.')[2]}"
    mimetypes.add_type("text/plain", ending)
    with local_ksef(web=portal_of) as running, Visitor(running) as visitor:
        told = visitor.http.get(f"/static/{name}").headers["content-type"]
    assert told.partition(";")[0] == kind


def test_the_cookie_is_for_our_pages_alone(stranger: Visitor) -> None:
    cookie = stranger.http.get("/").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/web" in cookie


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_a_form_from_elsewhere_is_refused(ania: Visitor, headers: dict[str, str]) -> None:
    answer = ania.http.post("/logout", data={"csrf": ania.csrf()}, headers=headers)
    assert answer.status_code == 403
    assert ania.name in ania.get("/"), "still logged in"


@pytest.mark.parametrize("given", ["", "x", "é"])
def test_a_form_without_its_token_is_refused(ania: Visitor, given: str) -> None:
    assert ania.http.post("/logout", data={"csrf": given}).status_code == 403
    assert ania.name in ania.get("/"), "still logged in"


def test_the_token_of_somebody_else_is_no_use(ania: Visitor, obcy: Visitor) -> None:
    assert ania.http.post("/logout", data={"csrf": obcy.csrf()}).status_code == 403


def test_a_made_up_cookie_is_nobody(running: RunningKsef) -> None:
    for cookie in ("x", "A" * 43, "../../../etc/passwd", "é".encode().hex()):
        with httpx2.Client(trust_env=False, cookies={"klucznik": cookie}) as http:
            answer = http.get(f"{running.url.removesuffix('/v2')}/web/tokens")
        assert answer.status_code in (303, 404), cookie


@pytest.mark.parametrize(("language", "word"), [("en", "Log in"), ("pl", "Zaloguj"), ("de", "Anmelden")])
def test_the_browser_says_which_language(running: RunningKsef, language: str, word: str) -> None:
    with Visitor(running, language) as visitor:
        page = visitor.get("/login")
    assert f'<html lang="{language}">' in page
    assert word in page


def test_a_language_is_chosen_and_kept(stranger: Visitor) -> None:
    page = stranger.post("/language", language="de", back="/web/login")
    assert '<html lang="de">' in page
    assert '<html lang="de">' in stranger.get("/")


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/web//evil.example", "/v2"])
def test_choosing_a_language_leads_nowhere_else(stranger: Visitor, back: str) -> None:
    answer = stranger.http.post(
        "/language",
        data={"csrf": stranger.csrf(), "language": "pl", "back": back},
        follow_redirects=False,
    )
    assert answer.headers["location"].startswith("/web/")


_QUERY = ("name", "author", "next", "status", "number", "seller", "role", "from", "to", "q", "trace", "key")


def test_texts_in_addresses_are_text(ania: Visitor) -> None:
    part, value = quote(FLAT, safe=""), quote(JOINED, safe="")
    for route in routes():
        filled = "/".join(part if each.startswith("{") else each for each in route.path.split("/"))
        answer = ania.http.get(f"{filled}?{'&'.join(f'{name}={value}' for name in _QUERY)}")
        assert answer.status_code < 500, filled
        assert not alive(answer.text), filled


#: Whoever runs a local KSeF for tests sees there all people and companies it knows.
_COMMON = ("/testdata", "/login")


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
        seen = 0
        for address in (each for addresses in found.values() for each in addresses):
            if address.startswith(_COMMON):
                continue
            answer = obcy.http.get(address)
            seen += 1
            # What Obcy typed into the address himself is told back to him.
            text = answer.text.replace(address, "")
            for part in address.replace("?", "/").replace("=", "/").split("/"):
                text = text.replace(part, "") if len(part) > 8 else text
            leaked = [secret for secret in secrets if secret in text]
            assert not leaked, (address, leaked)
        assert seen > 30
