"""The vault: KSeF tokens, private keys and session keys of many companies in one sealed file.

    unlocking -> KEK -> root key (a slot each) -> term key -> DEK (one a version) -> value and note

All wrapping is AES-256-GCM (`seal`), and every box is bound to its place:

    slot   (format, "slot", root id, slot, kind, settings, created), see `slots`
    term   (format, "term", root id, term, created)
    head   (format, "head", kind, env, nip, name, last, current, term)
    DEK    (format, "dek", kind, env, nip, name, version, created, term)
    value  (format, "value", kind, env, nip, name, version), note the same with "note"

The term binds the DEK and not the value, so that a new term re-wraps 60 bytes and leaves the value
as it was written. Versions are immutable and their numbers are never given twice, not even after
`remove`. Rules: reliability.md section F, "Keys" and "AAD"; section C 100, 118, 124.

*Protected.* Who has the file, or a backup, without something that unlocks it learns no secret and no
note. Who can write to the file cannot make a secret pass for another: rows moved, swapped, renamed
or given another version, and a newest version taken away, are refused with the entry's name.

*Not protected.* Environments, NIPs, names, kinds, version numbers, dates and the lengths of secrets
stand openly. Putting back an older copy (of the file, or of all rows of an entry) and deleting an
entry together with its head are not noticed. A slot that was taken away still opens older copies.
Root on the running machine, and programs of the same user while the vault is open, can reach the
keys; so can whoever reads swap or a core dump. Keys are overwritten on `close`, as far as Python
allows. What a file system leaves on freed blocks is sealed, and as good as the passphrase.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, cast

from cryptography.exceptions import InvalidTag

from klucznik.clock import Clock, SystemClock
from klucznik.errors import VaultProblem
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.vault import slots
from klucznik.vault.entries import Entry, EntryInfo, Kind, chosen, missing
from klucznik.vault.file import FORMAT, Row, VaultFile, damaged
from klucznik.vault.keys import Unlocking
from klucznik.vault.seal import bound_to, new_key, seal, unseal
from klucznik.vault.slots import SlotInfo

_HEAD = "SELECT last, current, term, seal FROM head WHERE env = ? AND nip = ? AND name = ? AND kind = ?"
_HEADS = "SELECT env, nip, name, kind, last, current, term, seal FROM head WHERE current <> 0"
_WHOLE = """SELECT h.env, h.nip, h.name, h.kind, h.last, h.current, h.term, h.seal,
                   s.version, s.created, s.term, s.dek, s.note, s.value
            FROM head h LEFT JOIN secret s ON s.env = h.env AND s.nip = h.nip AND s.name = h.name
                                           AND s.kind = h.kind AND s.version = coalesce(?, h.current) """
_ONE = _WHOLE + "WHERE h.env = ? AND h.nip = ? AND h.name = ? AND h.kind = ?"
_ALL = _WHOLE + "WHERE h.env = coalesce(?, h.env) ORDER BY h.env, h.nip, h.name, h.kind"


class Vault:
    """An unlocked vault. Threads may share it; every process opens its own (also after a fork)."""

    def __init__(self, file: VaultFile, root_id: str, root: Secret, clock: Clock) -> None:
        self._file = file
        self._root_id = root_id
        self._root = root
        self._terms: dict[int, Secret] = {}
        self._clock = clock

    # -- opening and closing -------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path | str, unlock: Unlocking, *, clock: Clock | None = None) -> Vault:
        """Make a vault file with one slot. Raises VaultProblem where something is there already."""
        slot = slots.prepare(unlock)
        file = VaultFile.create(Path(path))
        vault = cls(file, os.urandom(16).hex(), new_key(), clock or SystemClock())
        try:
            with file.writing() as db:
                file.lay_out(db)
                db.execute("INSERT INTO vault (root_id) VALUES (?)", (vault._root_id,))
                created = vault._now()
                slots.insert(db, slot, vault._root_id, vault._root, created)
                key = seal(vault._root, new_key(), _term_aad(vault._root_id, 1, created))
                db.execute("INSERT INTO term (id, created, key) VALUES (1, ?, ?)", (created, key))
        except VaultProblem:
            vault.close()
            raise
        return vault

    @classmethod
    def open(cls, path: Path | str, unlock: Unlocking, *, clock: Clock | None = None) -> Vault:
        """Open a vault. Raises VaultProblem when it is locked to `unlock`, damaged, newer, or not there."""
        file = VaultFile.open(Path(path))
        try:
            root_id, root = slots.unlock_root(file, unlock)
        except VaultProblem:
            file.close()
            raise
        return cls(file, root_id, root, clock or SystemClock())

    def close(self) -> None:
        """Forget the keys (overwritten as far as Python allows) and close the file."""
        self._file.close()
        self._root.wipe()
        for key in self._terms.values():
            key.wipe()
        self._terms.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- secrets -------------------------------------------------------------------------------

    def put(self, entry: Entry, secret: Secret, *, note: Mapping[str, str] | None = None) -> int:
        """Seal a new version and return its number, counted from 1; when it returns, it is on the disk.

        `note` is what is worth knowing beside the secret (reference number, permissions, context): it
        is sealed too, and `entries` shows it. Raises VaultProblem on an empty secret.
        """
        if not secret:
            raise VaultProblem(
                tr(f"nothing to put: the secret of {entry} is empty.", f"sekret {entry} jest pusty."),
                hint=tr("give the whole text that KSeF showed", "podaj cały tekst pokazany przez KSeF"),
            )
        written = Secret(json.dumps(dict(note or {}), ensure_ascii=False, sort_keys=True))
        created = self._now()
        with self._file.writing() as db:
            # (1) The number after the last one ever given, from a head that is vouched for.
            head = db.execute(_HEAD, _key(entry)).fetchone()
            version = (self._checked(entry, head)[0] if head else 0) + 1
            # (2) A key of its own under the newest term.
            term, dek = self._newest_term(), new_key()
            wrapped = seal(self._term(term), dek, _dek_aad(entry, version, created, term))
            db.execute(
                "INSERT INTO secret (env, nip, name, kind, version, created, term, dek, note, value)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *_key(entry),
                    version,
                    created,
                    term,
                    wrapped,
                    seal(dek, written, _content_aad("note", entry, version)),
                    seal(dek, secret, _content_aad("value", entry, version)),
                ),
            )
            # (3) The head says which version counts.
            self._write_head(db, entry, last=version, current=version)
        return version

    def use(self, entry: Entry, version: int | None = None) -> Secret:
        """The secret, newest version unless told. Raises VaultProblem when it is missing or was altered."""
        rows = self._file.ask(_ONE, (version, *_key(entry)))
        last, current = self._checked(entry, rows[0][4:8]) if rows else (0, 0)
        if not current:
            raise missing(entry.env, entry.nip, entry.kind, entry.name)
        if version is not None and not 1 <= version <= last:
            raise VaultProblem(
                tr(f"{entry} has no version {version}.", f"{entry} nie ma wersji {version}."),
                hint=tr(f"the newest is {last}", f"najnowsza to {last}"),
            )
        return self._content("value", entry, rows[0])

    def find(self, env: str, nip: str, name: str | None = None, kind: Kind = "ksef-token") -> Entry:
        """The entry of a company. Raises VaultProblem when it is none, or several and no `name` given."""
        rows = self._file.ask(_HEADS)
        heads = {_entry(row): row[4:8] for row in rows}
        entry = chosen(list(heads), env, nip, name, kind)
        self._checked(entry, heads[entry])
        return entry

    def entries(self, env: str | None = None) -> list[EntryInfo]:
        """What the vault holds, in order, secrets left out. Raises VaultProblem naming an altered entry."""
        listed = []
        for row in self._file.ask(_ALL, (None, env)):
            entry = _entry(row)
            _, current = self._checked(entry, row[4:8])
            if current:
                note = self._content("note", entry, row)
                created = datetime.fromisoformat(row[9])
                listed.append(EntryInfo(entry, current, created, json.loads(note.text())))
        return listed

    def remove(self, entry: Entry) -> None:
        """Delete all versions; their numbers stay used. Raises VaultProblem when there is no such entry."""
        with self._file.writing() as db:
            head = db.execute(_HEAD, _key(entry)).fetchone()
            last, current = self._checked(entry, head) if head else (0, 0)
            if not current:
                raise missing(entry.env, entry.nip, entry.kind, entry.name)
            db.execute("DELETE FROM secret WHERE env = ? AND nip = ? AND name = ? AND kind = ?", _key(entry))
            self._write_head(db, entry, last=last, current=0)

    # -- slots ---------------------------------------------------------------------------------

    def add_slot(self, unlock: Unlocking) -> int:
        """Let `unlock` open the vault too; the number of its slot. Raises VaultProblem when all are taken."""
        new = slots.prepare(unlock)
        with self._file.writing() as db:
            return slots.insert(db, new, self._root_id, self._root, self._now())

    def slots(self) -> list[SlotInfo]:
        """The ways to unlock this vault, as the file names them."""
        return slots.listed(self._file)

    # -- within --------------------------------------------------------------------------------

    def _now(self) -> str:
        return self._clock.now().isoformat()

    def _newest_term(self) -> int:
        [(term,)] = self._file.ask("SELECT max(id) FROM term")
        if not isinstance(term, int):
            raise damaged(self._file.path)
        return term

    def _term(self, term: object) -> Secret:
        """The key of a term, unwrapped when first needed: another process may have added it."""
        if not isinstance(term, int):
            raise damaged(self._file.path)
        if term not in self._terms:
            for created, box in self._file.ask("SELECT created, key FROM term WHERE id = ?", (term,)):
                try:
                    self._terms[term] = unseal(self._root, box, _term_aad(self._root_id, term, created))
                except InvalidTag:
                    raise damaged(self._file.path) from None
        if term not in self._terms:
            raise damaged(self._file.path)
        return self._terms[term]

    def _write_head(self, db: sqlite3.Connection, entry: Entry, *, last: int, current: int) -> None:
        term = self._newest_term()
        vouched = seal(self._term(term), Secret(b""), _head_aad(entry, last, current, term))
        db.execute(
            "INSERT INTO head (env, nip, name, kind, last, current, term, seal)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (env, nip, name, kind) DO UPDATE"
            " SET last = excluded.last, current = excluded.current,"
            " term = excluded.term, seal = excluded.seal",
            (*_key(entry), last, current, term, vouched),
        )

    def _checked(self, entry: Entry, head: Row) -> tuple[int, int]:
        """`last` and `current` of a head (last, current, term, seal), if this vault wrote it so."""
        last, current, term, vouched = head
        try:
            unseal(self._term(term), vouched, _head_aad(entry, last, current, term))
        except InvalidTag:
            raise _altered(entry) from None
        # SQLite may hand out the text "1" where a doctored file holds it, and the seal cannot tell.
        if not isinstance(last, int) or not isinstance(current, int):
            raise _altered(entry)
        return last, current

    def _content(self, what: Literal["value", "note"], entry: Entry, row: Row) -> Secret:
        """Value or note of a row of `_WHOLE` whose head was checked."""
        version, created, term, wrapped, note, value = row[8:14]
        if version is None:
            raise _altered(entry)
        try:
            dek = unseal(self._term(term), wrapped, _dek_aad(entry, version, created, term))
            return unseal(dek, value if what == "value" else note, _content_aad(what, entry, version))
        except InvalidTag:
            raise _altered(entry, version) from None


def _altered(entry: Entry, version: object = None) -> VaultProblem:
    named = f"{entry}" if version is None else tr(f"{entry}, version {version}", f"{entry}, wersja {version}")
    return VaultProblem(
        tr(f"{named}: altered or damaged in the vault.", f"{named}: zmienione lub uszkodzone w sejfie."),
        hint=tr(
            "restore the file from a backup; if somebody may have altered it, revoke the credential at KSeF",
            "przywróć plik z kopii; jeśli ktoś mógł go zmienić, unieważnij poświadczenie w KSeF",
        ),
    )


def _key(entry: Entry) -> tuple[str, str, str, str]:
    return entry.env, entry.nip, entry.name, entry.kind


def _entry(row: Row) -> Entry:
    """The entry of a row that begins with its four columns, whatever types a doctored file gives them."""
    env, nip, name, kind = (str(part) for part in row[:4])
    return Entry(env, nip, name, cast(Kind, kind))  # Entry itself refuses an unknown kind.


# What each box is bound to; the module's docstring has the table. Columns come as the file gave them.


def _term_aad(root_id: str, term: int, created: object) -> bytes:
    return bound_to(FORMAT, "term", root_id, term, created)


def _head_aad(entry: Entry, last: object, current: object, term: object) -> bytes:
    return bound_to(FORMAT, "head", entry.kind, entry.env, entry.nip, entry.name, last, current, term)


def _dek_aad(entry: Entry, version: object, created: object, term: object) -> bytes:
    return bound_to(FORMAT, "dek", entry.kind, entry.env, entry.nip, entry.name, version, created, term)


def _content_aad(what: str, entry: Entry, version: object) -> bytes:
    return bound_to(FORMAT, what, entry.kind, entry.env, entry.nip, entry.name, version)
