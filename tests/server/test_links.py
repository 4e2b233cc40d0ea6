"""Pre-signed addresses: no bearer, three days, exactly one document. Rule: upo.md section 6."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from klucznik.clock import ManualClock

from .desk import Desk, desk_at


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="module")
def desk(clock: ManualClock) -> Iterator[Desk]:
    with desk_at(clock=clock) as found:
        yield found


@pytest.fixture
def links(desk: Desk) -> list[str]:
    """The addresses of an invoice's UPO and of a page."""
    ania = desk.firm()
    session = ania.open()
    invoice = ania.settled(session, ania.invoice("FV/1"))["upoDownloadUrl"]
    page = ania.finished(session)["upo"]["pages"][0]["downloadUrl"]
    return [invoice, page]


def test_links_work_for_three_days(desk: Desk, clock: ManualClock, links: list[str]) -> None:
    assert [desk.http.get(link).status_code for link in links] == [200, 200]
    clock.advance(days=3, seconds=-1)
    assert [desk.http.get(link).status_code for link in links] == [200, 200]
    clock.advance(seconds=1)
    for link in links:
        response = desk.http.get(link)
        assert response.status_code == 403
        assert "expired" in response.json()["detail"]


def test_tampered_links(desk: Desk, links: list[str]) -> None:
    other = desk.firm()
    session = other.open()
    foreign = other.settled(session, other.invoice("FV/1"))["upoDownloadUrl"]
    for link in links:
        parts = urlsplit(link)
        base = f"{parts.scheme}://{parts.netloc}"
        query = dict(pair.split("=") for pair in parts.query.split("&"))
        later = str(int(query["se"]) + 1)
        for url in (
            f"{base}{parts.path}",
            f"{base}{parts.path}?se={query['se']}&sp=r",
            f"{base}{parts.path}?se={later}&sp=r&sig={query['sig']}",
            f"{base}{parts.path}?se={query['se']}&sp=r&sig={query['sig'][:-1]}",
            f"{base}{parts.path}?se={query['se']}&sp=r&sig={query['sig'].upper()}",
            f"{base}{parts.path}?se=&sp=r&sig=",
            f"{base}{parts.path}?se=%FF&sp=r&sig=%C5%BC",
            f"{base}{urlsplit(foreign).path}?{parts.query}",
            f"{base}{parts.path.replace('upo_', 'upo_0', 1)}?{parts.query}",
            f"{base}/storage/?{'&'.join(f'a{n}=1' for n in range(50))}",
        ):
            response = desk.http.get(url)
            assert response.status_code == 403, url
            assert b"Potwierdzenie" not in response.content


def test_other_methods(desk: Desk, links: list[str]) -> None:
    for method in ("PUT", "POST", "DELETE", "HEAD"):
        assert desk.http.request(method, links[0]).status_code == 403


def test_a_link_of_a_foreign_host_is_not_made(desk: Desk) -> None:
    ania = desk.firm()
    session = ania.open()
    outcome = ania.settled(session, ania.invoice("FV/1"))
    path = f"/sessions/{session.ref}/invoices/{outcome['referenceNumber']}"
    assert ania.call("GET", path, headers={"Host": "evil.example"}).status_code == 400
    named = ania.get(path, headers={"Host": "ksef.test:9999"})
    assert named["upoDownloadUrl"].startswith("http://ksef.test:9999/storage/")
