"""Logins as they are kept: encrypted, once, by the newest, and not for ever."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from klucznik.portal import kept as kept_module
from klucznik.portal.kept import IDLE, Kept, Logins

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


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


def test_over_https_the_cookie_is_bound_to_the_host() -> None:
    def signed(scheme: str) -> str:
        scope = {"type": "http", "scheme": scheme, "server": ("localhost", 1), "path": "/web/", "headers": []}
        return Logins.sign(Response(), "c", Request(scope)).headers["set-cookie"]

    assert signed("https").startswith("__Host-klucznik=c; ")
    assert {"Path=/", "Secure", "HttpOnly"} <= set(signed("https").split("; "))
    assert signed("http").startswith("klucznik=c; ")
