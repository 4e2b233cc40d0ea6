"""PostgreSQL as people meet it: what is said of an address that does not serve, of a second local KSeF on one
database, and a server that goes away and comes back while calls arrive."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import psycopg
import pytest

import postgresql
import processes
from processes import Served, Terminal, served

pytestmark = pytest.mark.skipif(
    postgresql.programs() is None and os.environ.get("KLUCZNIK_POSTGRESQL") != "require",
    reason=postgresql.HINT,
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[postgresql.Server]:
    """One of this test's own, whatever server the other tests have."""
    monkeypatch.setattr(processes, "database_of", None)
    programs = postgresql.programs()
    assert programs, postgresql.HINT
    with postgresql.server(programs, postgresql.QUICK) as made:
        yield made


def _challenge(ksef: Served) -> httpx2.Response:
    return httpx2.post(f"{ksef.url}/auth/challenge", trust_env=False, timeout=30)


@pytest.mark.parametrize("how", ["fast", "immediate"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_database_that_goes_and_comes_back(
    tmp_path: Path, server: postgresql.Server, workers: str, how: str
) -> None:
    with served(tmp_path, "--database", server.url, "--workers", workers) as ksef:
        assert _challenge(ksef).status_code == 200
        server.stop(how)
        refused = _challenge(ksef)
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        body = refused.json()
        assert body["detail"] == "The database of this local KSeF cannot be reached."
        door = httpx2.get(f"{ksef.management}/truth", trust_env=False)
        assert door.status_code == 503
        assert "start it again" in door.json()["error"]
        assert httpx2.get(f"{ksef.management}/healthz", trust_env=False).status_code == 200
        server.start()
        # The very next call of each process already finds it, written or read.
        assert [_challenge(ksef).status_code for _ in range(8)] == [200] * 8
        assert ksef.truth() == {"accepted": [], "posts": {}}
        found = httpx2.get(f"{ksef.management}/why/{body['traceId']}", trust_env=False).json()["causes"]
        assert "start it again" in found[0]["why"]["en"]
        assert "uruchom ją ponownie" in found[0]["why"]["pl"]
        assert ksef.stop() == 0
    log = ksef.log.read_text()
    assert "the connection to the database postgres was lost" in log
    assert "connected to the database postgres again" in log
    assert "Traceback" not in log


def test_a_second_local_ksef_on_one_database_is_not_let_in(tmp_path: Path, server: postgresql.Server) -> None:
    with served(tmp_path / "first", "--database", server.url) as first:
        second = Terminal(tmp_path)
        options: list[str | Path] = [
            "--port",
            "0",
            "--management-port",
            "0",
            "--data",
            tmp_path / "b",
            "--database",
            server.url,
        ]
        done = second.run("ksef", "serve", *options, code=2)
        assert "Another local KSeF uses the database postgres." in done.err
        assert "createdb" in done.err
        # Killed, it holds nothing any more.
        first.kill()
        with served(tmp_path / "c", "--database", server.url) as after:
            assert _challenge(after).status_code == 200


#: What is given as --database, and the words that are said of it in both languages.
ADDRESSES = {
    "mysql://klucznik@127.0.0.1/ksef": ("no address of a PostgreSQL", "nie jest adres bazy PostgreSQL"),
    "postgresql://klucznik@127.0.0.1:port/ksef": ("no address of a PostgreSQL", "nie jest adres bazy"),
    "postgresql://klucznik@127.0.0.1": (
        "postgresql://user@host:5432/name",
        "postgresql://user@host:5432/name",
    ),
    "ksef": ("without --database SQLite is used", "bez --database używany jest SQLite"),
    "postgresql://klucznik:sekret@127.0.0.1/ksef": ("holds a password", "zawiera hasło"),
    "postgresql://klucznik@127.0.0.1/ksef?password=sekret": ("~/.pgpass", "~/.pgpass"),
    "postgresql://klucznik@127.0.0.1:1/ksef": ("does the server run", "czy serwer działa"),
    "postgresql://klucznik@127.0.0.1:1/ksef?colour=red": ("invalid connection option", "nie da się użyć"),
}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("language", ["en", "pl"])
def test_an_address_that_does_not_serve(tmp_path: Path, address: str, language: str) -> None:
    english, polish = ADDRESSES[address]
    terminal = Terminal(tmp_path, language=language)
    done = terminal.run("ksef", "serve", "--port", "0", "--database", address, code=2)
    assert (english if language == "en" else polish).lower() in done.err.lower(), done.said
    assert ("Hint: " if language == "en" else "Wskazówka: ") in done.err
    assert "sekret" not in done.out + done.err
    assert done.out == ""


def test_a_database_that_was_not_made(tmp_path: Path, server: postgresql.Server) -> None:
    url = server.url.replace("/postgres?", "/nowhere?")
    done = Terminal(tmp_path).run("ksef", "serve", "--port", "0", "--database", url, code=2)
    assert 'database "nowhere" does not exist' in done.err
    assert "createdb nowhere" in done.err


@pytest.mark.parametrize("language", ["en", "pl"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, language: str) -> None:
    (tmp_path / "file").write_text("in the way")
    done = Terminal(tmp_path, language=language).run(
        "ksef", "serve", "--port", "0", "--data", tmp_path / "file" / "ksef", code=2
    )
    assert {"en": "cannot be used", "pl": "nie da się użyć"}[language] in done.err
    assert "--data" in done.err


def test_a_database_of_before_an_index_gets_it(tmp_path: Path, server: postgresql.Server) -> None:
    with served(tmp_path / "before", "--database", server.url):
        pass
    with closing(psycopg.connect(server.url)) as db, db:
        db.execute("DROP INDEX grants_newest")
        db.execute("UPDATE settings SET value = '7' WHERE name = 'tables'")
    for _ in range(2):  # the second start finds nothing to do
        with served(tmp_path / "after", "--database", server.url):
            pass
        with closing(psycopg.connect(server.url)) as db:
            found = db.execute(
                "SELECT tablename FROM pg_indexes WHERE indexname = 'grants_newest'"
            ).fetchall()
        assert found == [("grants",)]
