"""The vault's one file: SQLite with a rollback journal, mode 0600, safe against kill -9.

Nothing here knows a key: only sealed boxes and the columns that are open by design come through.

*Journal.* The rollback journal (not WAL) leaves one file at rest, and what it holds while a write
is under way are earlier pages of the same file, sealed like it. SQLite gives it the mode of the
vault. `synchronous=EXTRA`: what was acknowledged survives a power cut. *Two processes.* Writers
queue up for `BUSY_SECONDS`, then get a `VaultProblem` with `again="later"`. A vault belongs on a
local disk: SQLite's locks do not hold on network shares. *Copying.* Copy the file while nobody
writes, or with `sqlite3 vault ".backup copy"`.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from klucznik.errors import VaultProblem
from klucznik.lang import tr

log = logging.getLogger("klucznik.vault")

#: In SQLite's header, bytes 68-71: "KLUC".
APPLICATION_ID = 0x4B4C5543
#: In SQLite's header, bytes 60-63. Format 1: AES-256-GCM throughout, as `seal` writes it.
FORMAT = 1
BUSY_SECONDS = 30

_TABLES = (
    "CREATE TABLE vault (root_id TEXT NOT NULL)",
    """CREATE TABLE slot (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, settings TEXT NOT NULL,
       salt BLOB NOT NULL, created TEXT NOT NULL, root BLOB NOT NULL)""",
    "CREATE TABLE term (id INTEGER PRIMARY KEY, created TEXT NOT NULL, key BLOB NOT NULL)",
    # One row an entry, for ever: `last` never falls, so no version number is given twice.
    """CREATE TABLE head (env TEXT NOT NULL, nip TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
       last INTEGER NOT NULL, current INTEGER NOT NULL, term INTEGER NOT NULL, seal BLOB NOT NULL,
       PRIMARY KEY (env, nip, name, kind))""",
    """CREATE TABLE secret (env TEXT NOT NULL, nip TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
       version INTEGER NOT NULL, created TEXT NOT NULL, term INTEGER NOT NULL, dek BLOB NOT NULL,
       note BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (env, nip, name, kind, version))""",
)

Row = tuple[Any, ...]


class VaultFile:
    """An open vault file. Threads may share it: one statement or transaction at a time."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self._db = db
        self._lock = threading.RLock()  # `ask` works within `writing` too, and sees its transaction.

    @classmethod
    def create(cls, path: Path) -> VaultFile:
        """Prepare an empty file; the tables come with `lay_out`, so that nobody meets half a vault."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            # A creation that was cut short leaves an empty file or a journal that empties it, and
            # may begin again. `lay_out` looks again, within the transaction.
            if path.stat().st_size and not path.with_name(path.name + "-journal").exists():
                raise _exists(path)
            _tighten(path)
        except OSError as error:
            raise _unusable(path, error.strerror) from error
        return cls(path, _connect(path))

    @classmethod
    def open(cls, path: Path) -> VaultFile:
        """Open an existing vault file and check that SQLite finds it whole. Raises VaultProblem."""
        try:
            if not path.is_file():
                raise VaultProblem(
                    tr(f"there is no vault at {path}.", f"nie ma sejfu {path}."),
                    hint=tr(
                        "check KLUCZNIK_HOME, or make a vault first", "sprawdź KLUCZNIK_HOME albo utwórz sejf"
                    ),
                )
            _tighten(path)
        except OSError as error:
            raise _unusable(path, error.strerror) from error
        file = cls(path, _connect(path))
        try:
            file._check()
        except VaultProblem:
            file.close()
            raise
        return file

    def _check(self) -> None:
        if self.ask("PRAGMA application_id") != [(APPLICATION_ID,)]:
            raise VaultProblem(
                tr(f"{self.path} is no vault of Klucznik.", f"{self.path} nie jest sejfem Klucznika."),
                hint=tr(
                    "check the path; if its creation was cut short, create it again",
                    "sprawdź ścieżkę; jeśli tworzenie przerwano, utwórz sejf ponownie",
                ),
            )
        [(found,)] = self.ask("PRAGMA user_version")
        if found > FORMAT:
            raise VaultProblem(
                tr(
                    f"the vault {self.path} has format {found}, newer than this program knows ({FORMAT}).",
                    f"sejf {self.path} ma format {found}, nowszy niż zna ten program ({FORMAT}).",
                ),
                hint=tr("install a newer klucznik", "zainstaluj nowszą wersję klucznika"),
            )
        if found != FORMAT or self.ask("PRAGMA integrity_check(1)") != [("ok",)]:
            raise damaged(self.path)

    def lay_out(self, db: sqlite3.Connection) -> None:
        """Make the tables, within the transaction that also fills them. Raises VaultProblem if they exist."""
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise _exists(self.path)
        for statement in _TABLES:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {FORMAT}")

    def ask(self, sql: str, values: tuple[str | int | None, ...] = ()) -> list[Row]:
        """All rows of one query, which sees one state of the file."""
        with self._lock, _told(self.path):
            return self._db.execute(sql, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: when the block ends it is on the disk, when the block raises nothing happened."""
        with self._lock, _told(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file; every later use raises VaultProblem."""
        with self._lock:
            self._db.close()


def _connect(path: Path) -> sqlite3.Connection:
    with _told(path):
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            for pragma in (
                "trusted_schema = OFF",
                "cell_size_check = ON",
                "temp_store = MEMORY",
                "secure_delete = ON",
                "synchronous = EXTRA",
                "journal_mode = DELETE",
            ):
                db.execute(f"PRAGMA {pragma}").fetchall()
        except (sqlite3.Error, UnicodeDecodeError):
            db.close()
            raise
        return db


def _tighten(path: Path) -> None:
    """Take the vault file from group and others. Its secrets are sealed, so this repairs and does not refuse.

    On Windows a mode cannot be held: there the folder's access list is what protects the file.
    """
    if os.name != "posix":
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        path.chmod(0o600)
        log.warning("the vault %s had mode %04o; it is 0600 again", path, mode)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """SQLite's errors in words for people. None of them carries a value: only sealed ones are bound."""
    try:
        yield
    except sqlite3.ProgrammingError as error:
        raise VaultProblem(tr("the vault is closed.", "sejf jest zamknięty.")) from error
    except UnicodeDecodeError as error:  # SQLite quotes names of tables, which may be broken, too.
        raise damaged(path) from error
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise VaultProblem(
                tr(
                    f"another process has been writing to the vault {path} for {BUSY_SECONDS} s.",
                    f"inny proces zapisuje do sejfu {path} od {BUSY_SECONDS} s.",
                ),
                hint=tr("try again", "spróbuj ponownie"),
                again="later",
            ) from error
        if name.startswith(
            ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
        ):
            raise _unusable(path, str(error)) from error
        raise damaged(path) from error


def damaged(path: Path) -> VaultProblem:
    """The file is not as a vault was written."""
    return VaultProblem(
        tr(f"the vault {path} is damaged.", f"sejf {path} jest uszkodzony."),
        hint=tr("restore the file from a backup", "przywróć plik z kopii zapasowej"),
    )


def _exists(path: Path) -> VaultProblem:
    return VaultProblem(
        tr(f"{path} exists already.", f"{path} już istnieje."),
        hint=tr("open it, or choose another place", "otwórz go albo wybierz inne miejsce"),
    )


def _unusable(path: Path, why: str | None) -> VaultProblem:
    return VaultProblem(
        tr(f"the vault {path} cannot be used: {why}.", f"nie można użyć sejfu {path}: {why}."),
        hint=tr("check the disk and who owns the file", "sprawdź dysk i właściciela pliku"),
    )
