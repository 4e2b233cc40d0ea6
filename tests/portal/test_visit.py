"""Logins that end, forms too large or sent twice, and the pages for what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from klucznik.cli.portal import portal_of
from klucznik.clock import ManualClock
from klucznik.portal import kept as kept_module
from klucznik.portal.bodies import LARGEST_FORM
from klucznik.portal.door import Door
from klucznik.portal.kept import IDLE, Kept, Logins
from klucznik.portal.settings import Settings
from klucznik.portal.web import portal
from klucznik.portal.wrong import broken
from klucznik.testing import RunningKsef, local_ksef

from .person import Visitor, owner

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(scope="module")
def timed(clock: ManualClock) -> Iterator[RunningKsef]:
    with local_ksef(clock=clock, web=portal_of) as ksef:
        yield ksef


def test_a_login_nobody_used_is_over_and_the_page_wanted_waits(
    timed: RunningKsef, clock: ManualClock
) -> None:
    with owner(timed) as ania:
        clock.advance(hours=9)
        page = ania.get("/tokens")
        assert "Your login has ended; log in again" in page
        assert 'class="who"' not in page
        assert "Your login has ended" not in ania.get("/login"), "told once"
        ania.post("/login/profile", given="Anna", surname="Nowak", number=ania.pesel)
        page = ania.post("/login/context", context=f"Nip {ania.nip}")
        assert 'href="/web/tokens" aria-current="page"' in page


def test_a_form_sent_after_the_end_says_that_it_was_not_sent(timed: RunningKsef, clock: ManualClock) -> None:
    with owner(timed) as ania:
        csrf = ania.csrf()
        clock.advance(hours=9)
        answer = ania.http.post("/login/context", data={"csrf": csrf, "context": f"Nip {ania.nip}"})
        assert answer.status_code == 403
        assert "Your login has ended, so this form was not sent" in answer.text


def test_a_login_in_use_goes_on(timed: RunningKsef, clock: ManualClock) -> None:
    with owner(timed) as ania:
        for _ in range(4):
            clock.advance(hours=5)
            assert ania.name in ania.get("/")


def test_what_is_not_there_is_said_in_the_look_of_the_portal(ania: Visitor) -> None:
    page = ania.get("/no/such/<b>page</b>", 404)
    assert "There is no such page" in page
    assert ania.name in page
    assert "<b>page" not in page
    answer = ania.http.get("/logout")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert "takes no such request" in answer.text


@pytest.mark.parametrize("announced", [True, False])
def test_a_form_too_large_is_refused_with_a_page(ania: Visitor, announced: bool) -> None:
    boundary = b"----b"
    head = b'--%s\r\nContent-Disposition: form-data; name="certificate"; filename="a"\r\n\r\n' % boundary
    body = head + b"x" * (LARGEST_FORM + 1) + b"\r\n--%s--\r\n" % boundary
    pieces = [body[at : at + 1_000_000] for at in range(0, len(body), 1_000_000)]
    answer = ania.http.post(
        "/login/certificate",
        content=body if announced else iter(pieces),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary.decode()}"},
    )
    assert answer.status_code == 413
    assert "That is too large" in answer.text


def test_a_form_that_cannot_be_read(ania: Visitor) -> None:
    answer = ania.http.post(
        "/login/certificate", content=b"junk", headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code in (400, 403)
    assert 'lang="en"' in answer.text


def _settings(ksef: RunningKsef) -> Settings:
    return Settings(
        api=ksef.url,
        reached=ksef.url,
        door="http://127.0.0.1:1",  # where nobody answers
        profile="test",
        clock=ManualClock(NOW),
    )


def _get(app: ASGIApp, path: str) -> httpx2.Response:
    async def get() -> httpx2.Response:
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            return await http.get(path, headers={"Accept-Language": "de"})

    return asyncio.run(get())


def test_a_fault_of_ours_is_a_page_that_tells_nothing(running: RunningKsef) -> None:
    async def fail(_: Request) -> Response:
        raise RuntimeError("a secret of the inside")

    app = Starlette(routes=[Route("/web/x", fail)], exception_handlers={Exception: broken})
    app.state.settings, app.state.logins, app.state.door = _settings(running), Logins(None), Door("")
    answer = _get(app, "/web/x")
    assert answer.status_code == 500
    assert "Bei uns ging etwas kaputt" in answer.text
    assert "secret" not in answer.text


def test_a_door_that_is_shut_is_said(running: RunningKsef) -> None:
    app = portal(_settings(running))
    assert _get(app, "/web/login").status_code == 200  # without a banner
    answer = _get(app, "/web/login/profile")
    assert answer.status_code == 502
    assert 'role="alert"' in answer.text


# ---- what is kept


@pytest.fixture(params=["memory", "folder"])
def logins(request: pytest.FixtureRequest, tmp_path: Path) -> Logins:
    return Logins(tmp_path if request.param == "folder" else None)


def test_a_nonce_is_good_once_in_all_processes(tmp_path: Path, logins: Logins) -> None:
    assert logins.once("a1")
    assert not logins.once("a1")
    assert Logins(tmp_path).once("b2")
    assert not Logins(tmp_path).once("b2")


def test_what_was_dropped_meanwhile_stays_dropped(logins: Logins) -> None:
    cookie = logins.new_cookie()
    logins.write(cookie, Kept(person="Ania"), NOW)
    kept, before = logins.read(cookie, NOW), logins.read(cookie, NOW)
    assert kept is not None
    assert before is not None
    logins.drop(cookie)
    kept.person = "Biuro"
    logins.rewrite(cookie, before, kept, NOW)
    assert logins.read(cookie, NOW) is None


def test_two_tabs_keep_what_each_of_them_changed(logins: Logins) -> None:
    cookie = logins.new_cookie()
    logins.write(cookie, Kept(nonces=["old"]), NOW)

    def opened() -> Kept:
        found = logins.read(cookie, NOW)
        assert found is not None
        return found

    first, second = opened(), opened()
    first.nonces.remove("old")
    first.nonces.append("first")
    first.language = "pl"
    second.nonces.append("second")
    logins.rewrite(cookie, opened(), first, NOW)
    logins.rewrite(cookie, Kept(**{**second.__dict__, "nonces": ["old"]}), second, NOW)
    assert sorted(opened().nonces) == ["first", "second"], "none came back, none got lost"
    assert opened().language == "pl"


def test_visitors_without_a_cookie_do_not_fill_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "_MOST_FILES", 10)
    monkeypatch.setattr(kept_module, "_SWEEP", 5)
    logins = Logins(tmp_path)
    for _ in range(50):
        newest = logins.new_cookie()
        logins.write(newest, Kept(), NOW)
    assert len(list(tmp_path.iterdir())) <= 10
    assert logins.read(newest, NOW) is not None


def test_a_login_ends_when_idle_and_not_before(logins: Logins) -> None:
    cookie = logins.new_cookie()
    logins.write(cookie, Kept(person="Ania"), NOW)
    assert logins.read(cookie, NOW + IDLE) is not None
    assert logins.read(cookie, NOW + IDLE + timedelta(seconds=1)) is None
    assert logins.read(cookie, NOW) is None, "gone for good"


def test_files_tell_nothing_and_old_ones_go(tmp_path: Path) -> None:
    import os

    logins, cookie = Logins(tmp_path), Logins.new_cookie()
    logins.write(cookie, Kept(person="Ania z Piekarni", access=["eyJ0", NOW.isoformat()]), NOW)
    (file,) = tmp_path.iterdir()
    assert b"Ania" not in file.read_bytes()
    assert b"eyJ0" not in file.read_bytes()
    assert cookie not in file.name
    assert file.stat().st_mode & 0o077 == 0
    Logins(tmp_path)
    assert file.exists()
    os.utime(file, (0, 0))
    Logins(tmp_path)
    assert not file.exists()


def test_leaving_keeps_the_language_alone(stranger: Visitor) -> None:
    stranger.post("/language", language="pl", back="/web/login")
    assert "Wylogowano" in stranger.post("/logout")
