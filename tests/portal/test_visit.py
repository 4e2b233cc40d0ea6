"""Logins that end, forms too large or sent twice, and the pages for what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from klucznik.cli.portal import portal_of
from klucznik.client import auth
from klucznik.clock import ManualClock
from klucznik.portal.bodies import LARGEST_FORM
from klucznik.portal.door import Door
from klucznik.portal.kept import Logins
from klucznik.portal.settings import Settings
from klucznik.portal.web import portal
from klucznik.portal.wrong import broken
from klucznik.testing import RunningKsef, local_ksef

from .furnished import client_of
from .person import Visitor, new_nip, owner

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


def test_what_a_script_looked_up_is_no_page_to_come_back_to(timed: RunningKsef, clock: ManualClock) -> None:
    with owner(timed) as ania:
        clock.advance(hours=9)
        ania.get("/tokens")
        ania.http.get(
            "/tokens/20260302-EC-0000000000-0000000000-00/state", headers={"Accept": "application/json"}
        )
        ania.post("/login/profile", given="Anna", surname="Nowak", number=ania.pesel)
        page = ania.post("/login/context", context=f"Nip {ania.nip}")
        assert "<h1>Tokens" in page or "<h1>List of tokens" in page


def test_a_login_that_ksef_ended_is_told_and_the_page_wanted_waits(ania: Visitor) -> None:
    with client_of(ania) as ksef:
        for session in ksef.call(auth.sessions()).items:
            if not session.is_current:
                ksef.call(auth.revoke(session.reference_number))
    # A refresh is refused at once; the access token lives on for its minutes.
    assert "KSeF has ended your login" in ania.get("/tokens")
    ania.post("/login/profile", given="Anna", surname="Nowak", number=ania.pesel)
    assert "List of tokens" in ania.post("/login/context", context=f"Nip {ania.nip}")


def test_the_cookie_changes_with_the_person_and_with_the_context(stranger: Visitor) -> None:
    """Whoever knew, or planted, a cookie of before is not who came in with it."""
    stranger.nip = stranger.pesel = new_nip()

    def cookie() -> str:
        return str(stranger.http.cookies["klucznik"])

    stranger.get("/login")
    seen = [cookie()]
    stranger.post("/login/profile", given="Ewa", surname="Lis", number=stranger.pesel)
    seen.append(cookie())
    for _ in range(2):
        stranger.post("/login/context", context=f"Nip {stranger.nip}")
        seen.append(cookie())
    stranger.post("/logout")
    seen.append(cookie())
    assert len(set(seen)) == 5
    for old in seen[:-1]:
        with Visitor(stranger.running) as thief:
            thief.http.cookies.set("klucznik", old)
            assert "Ewa Lis" not in thief.get("/")
            assert "Ewa Lis" not in thief.get("/login/context")


def test_where_forms_are_posted_a_change_of_language_leads_to_their_beginning(ania: Visitor) -> None:
    for posted, begins in (
        ("/start", "/"),
        ("/invoices/send", "/invoices/new"),
        ("/certificates/request/send", "/certificates/request"),
        ("/login/signed/request", "/login/signed"),
    ):
        answer = ania.http.post(
            "/language", data={"csrf": ania.csrf(), "language": "de", "back": f"/web{posted}"}
        )
        assert answer.status_code == 200
        assert answer.url.path == f"/web{begins}"


def test_a_door_on_all_addresses_is_knocked_at_on_this_machine(running: RunningKsef) -> None:
    door = running.management.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - what --management-host says
    app = portal_of(running.ksef, "http://0.0.0.0:1", door)
    assert _get(app, "/web/login/profile").status_code == 200


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


def test_a_form_cut_off_is_no_fault(running: RunningKsef) -> None:
    """As when somebody goes on before a form was sent whole: no 500, nothing in the log."""
    app, sent = portal(_settings(running)), list[Message]()
    parts: list[Message] = [
        {"type": "http.request", "body": b"csrf=", "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/web/language",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/x-www-form-urlencoded")],
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def post() -> None:
        await app(scope, receive, send)

    asyncio.run(post())
    assert [each["status"] for each in sent if each["type"] == "http.response.start"] == [400]


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


def test_leaving_keeps_the_language_alone(stranger: Visitor) -> None:
    stranger.post("/language", language="pl", back="/web/login")
    assert "Wylogowano" in stranger.post("/logout")
