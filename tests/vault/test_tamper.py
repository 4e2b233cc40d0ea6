"""Somebody writes to the vault file: moved, swapped, renamed, re-versioned, flipped, all is noticed."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from klucznik.errors import VaultProblem
from klucznik.secret import Secret
from klucznik.vault.entries import Entry
from klucznik.vault.keys import KeyFile
from klucznik.vault.vault import Vault

from .conftest import ANIA, BIURO

IDENTITY = Entry("test", ANIA.nip, "erp", "identity")
SECOND = Entry("test", ANIA.nip, "warehouse")
HELD = [
    (ANIA, 1, "ania one"),
    (ANIA, 2, "ania two"),
    (BIURO, 1, "biuro"),
    (IDENTITY, 1, "identity"),
    (SECOND, 1, "warehouse"),
]
A, B = f"nip = '{ANIA.nip}' AND kind = 'ksef-token' AND name = 'erp'", f"nip = '{BIURO.nip}'"
#: (table, columns that hold a box)
BOXES = [("slot", ["root"]), ("term", ["key"]), ("head", ["seal"]), ("secret", ["dek", "note", "value"])]


@pytest.fixture
def closed(path: Path, key_file: KeyFile) -> Path:
    """A vault with five secrets, closed."""
    with Vault.create(path, key_file) as vault:
        for entry, version, plain in HELD:
            assert vault.put(entry, Secret(plain), note={"of": plain}) == version
    return path


def doctor(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)


def read_all(path: Path, key_file: KeyFile) -> list[object]:
    """Everything a vault gives out. Raises VaultProblem where it notices something."""
    with Vault.open(path, key_file) as vault:
        listed = [(info.entry, info.version, info.note) for info in vault.entries()]
        return [listed, *(vault.use(entry, version).text() for entry, version, _ in HELD)]


def swap(table: str, columns: str, one: str, other: str) -> str:
    """SQL that gives row `one` the columns of row `other` and the other way round."""
    names = columns.split(", ")
    kept = ", ".join(f"{name} AS {name}" for name in names)
    return f"""
        CREATE TEMP TABLE one AS SELECT {kept} FROM {table} WHERE {one};
        CREATE TEMP TABLE other AS SELECT {kept} FROM {table} WHERE {other};
        UPDATE {table} SET ({columns}) = (SELECT {columns} FROM other) WHERE {one};
        UPDATE {table} SET ({columns}) = (SELECT {columns} FROM one) WHERE {other};
    """


SEALED = "created, term, dek, note, value"
A1, A2, B1 = f"{A} AND version = 1", f"{A} AND version = 2", f"{B} AND version = 1"

#: What somebody does to the file -> what the refusal must name.
DEEDS = {
    "value moved": (f"UPDATE secret SET value = (SELECT value FROM secret WHERE {B1}) WHERE {A2}", ANIA),
    "value and DEK moved": (
        f"UPDATE secret SET (dek, value) = (SELECT dek, value FROM secret WHERE {B1}) WHERE {A2}",
        ANIA,
    ),
    "row moved": (
        f"UPDATE secret SET ({SEALED}) = (SELECT {SEALED} FROM secret WHERE {B1}) WHERE {A2}",
        ANIA,
    ),
    "rows of two companies swapped": (swap("secret", SEALED, A2, B1), ANIA),
    "rows of two kinds swapped": (swap("secret", SEALED, A2, "kind = 'identity'"), ANIA),
    "values swapped": (swap("secret", "value", A2, B1), ANIA),
    "note put for value": (f"UPDATE secret SET value = note WHERE {A2}", ANIA),
    "notes swapped": (swap("secret", "note", A2, B1), ANIA),
    "versions swapped": (swap("secret", SEALED, A1, A2), ANIA),
    "older version put for the newest": (
        f"UPDATE secret SET ({SEALED}) = (SELECT {SEALED} FROM secret WHERE {A1}) WHERE {A2}",
        ANIA,
    ),
    "version renumbered": (f"UPDATE secret SET version = 3 WHERE {A2}", ANIA),
    "head points to an older version": (f"UPDATE head SET current = 1 WHERE {A}", ANIA),
    "head forgets a version": (f"UPDATE head SET current = 1, last = 1 WHERE {A}", ANIA),
    "newest version deleted": (f"DELETE FROM secret WHERE {A2}", ANIA),
    "newest version deleted and the head turned back": (
        f"DELETE FROM secret WHERE {A2}; UPDATE head SET current = 1, last = 1 WHERE {A}",
        ANIA,
    ),
    "heads swapped": (swap("head", "last, current, term, seal", A, B), ANIA),
    "heads of two names swapped": (swap("head", "last, current, term, seal", A, "name = 'warehouse'"), ANIA),
    "heads of two kinds swapped": (swap("head", "last, current, term, seal", A, "kind = 'identity'"), ANIA),
    "removal pretended": (f"UPDATE head SET current = 0 WHERE {A}", ANIA),
    "date changed": (f"UPDATE secret SET created = '2030-01-01T00:00:00+00:00' WHERE {A2}", ANIA),
    "renamed": (
        f"UPDATE head SET name = 'new' WHERE {A}; UPDATE secret SET name = 'new' WHERE {A}",
        Entry("test", ANIA.nip, "new"),
    ),
    "other environment": (
        f"UPDATE head SET env = 'prd' WHERE {A}; UPDATE secret SET env = 'prd' WHERE {A}",
        Entry("prd", ANIA.nip, "erp"),
    ),
    "other company": (
        f"UPDATE head SET nip = '1111111111' WHERE {A}; UPDATE secret SET nip = '1111111111' WHERE {A}",
        Entry("test", "1111111111", "erp"),
    ),
    "other kind": (
        f"UPDATE head SET kind = 'session-key' WHERE {A}; UPDATE secret SET kind = 'session-key' WHERE {A}",
        Entry("test", ANIA.nip, "erp", "session-key"),
    ),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_was_done_to_an_entry_is_noticed_and_named(closed: Path, key_file: KeyFile, deed: str) -> None:
    script, named = DEEDS[deed]
    read_all(closed, key_file)
    doctor(closed, script)
    with Vault.open(closed, key_file) as vault:
        # A list opens the notes and `use` the values: either tells what it would have relied on.
        with pytest.raises(VaultProblem, match="altered or damaged") as refused:
            _ = vault.entries() if deed == "notes swapped" else vault.use(named)
        assert str(named) in refused.value.message


def test_the_others_stay_usable(closed: Path, key_file: KeyFile) -> None:
    doctor(closed, f"UPDATE secret SET value = zeroblob(40) WHERE {A2}")
    with Vault.open(closed, key_file) as vault:
        assert vault.use(BIURO).text() == "biuro"
        assert vault.use(vault.find("test", BIURO.nip)).text() == "biuro"
        assert vault.use(ANIA, 1).text() == "ania one"


def test_put_and_remove_do_not_build_on_a_doctored_head(closed: Path, key_file: KeyFile) -> None:
    doctor(closed, f"UPDATE head SET last = 7 WHERE {A}")
    with Vault.open(closed, key_file) as vault:
        acts: list[Callable[[], object]] = [
            lambda: vault.put(ANIA, Secret("x")),
            lambda: vault.remove(ANIA),
            lambda: vault.find("test", ANIA.nip, "erp"),
        ]
        for act in acts:
            with pytest.raises(VaultProblem, match="altered or damaged"):
                act()


def test_slots_and_terms_belong_to_their_vault_and_place(
    closed: Path, key_file: KeyFile, tmp_path: Path
) -> None:
    """The same key file opens both vaults; still nothing of one holds in the other."""
    with Vault.create(tmp_path / "other", key_file) as other:
        other.put(ANIA, Secret("of the other vault"))
    clean = closed.read_bytes()
    foreign = f"ATTACH '{tmp_path / 'other'}' AS other;"
    for script, told in {
        "UPDATE slot SET id = 2": "does not open",
        "UPDATE slot SET created = '2020-01-01T00:00:00+00:00'": "does not open",
        "UPDATE vault SET root_id = '00'": "does not open",
        f"{foreign} UPDATE slot SET (salt, root) = (SELECT salt, root FROM other.slot)": "does not open",
        f"{foreign} UPDATE term SET (created, key) = (SELECT created, key FROM other.term)": "is damaged",
        "UPDATE term SET id = 2": "is damaged",
        "UPDATE term SET id = 2; UPDATE head SET term = 2; UPDATE secret SET term = 2": "is damaged",
        "DELETE FROM term": "is damaged",
        "DELETE FROM slot": "is damaged",
        "DELETE FROM vault": "is damaged",
        "DROP TABLE secret": "is damaged",
        f"{foreign} DELETE FROM head; DELETE FROM secret; INSERT INTO head SELECT * FROM other.head; "
        "INSERT INTO secret SELECT * FROM other.secret": "altered or damaged",
    }.items():
        closed.write_bytes(clean)
        doctor(closed, script)
        with pytest.raises(VaultProblem, match=told):
            read_all(closed, key_file)


def test_each_byte_of_each_box_counts(closed: Path, key_file: KeyFile) -> None:
    """One bit changed in any byte of any sealed box, one at a time."""
    with closing(sqlite3.connect(closed)) as db:
        boxes = [
            (table, column, rowid, box)
            for table, columns in BOXES
            for column in columns
            for rowid, box in db.execute(f"SELECT rowid, {column} FROM {table}")
            if (column, rowid) != ("note", 1)  # Of a version that was replaced: nothing reads it.
        ]
        flipped = 0
        for table, column, rowid, box in boxes:
            for place in range(len(box)):
                other = bytearray(box)
                other[place] ^= 1 << (place % 8)
                db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (bytes(other), rowid))
                db.commit()
                with pytest.raises(VaultProblem):
                    read_all(closed, key_file)
                flipped += 1
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (box, rowid))
            db.commit()
    assert flipped > 700
    read_all(closed, key_file)


COLUMNS = {
    "slot": ["id", "kind", "settings", "salt", "created", "root"],
    "term": ["id", "created", "key"],
    "head": ["env", "nip", "name", "kind", "last", "current", "term", "seal"],
    "secret": ["env", "nip", "name", "kind", "version", "created", "term", "dek", "note", "value"],
    "vault": ["root_id"],
}


@pytest.mark.parametrize(
    "value", ["'x'", "''", "7", "-1", "1.5", "x'00'", "zeroblob(40)", "9223372036854775807"]
)
def test_a_column_may_hold_anything_at_all(closed: Path, key_file: KeyFile, value: str) -> None:
    clean = closed.read_bytes()
    for table, columns in COLUMNS.items():
        for column in columns:
            closed.write_bytes(clean)
            row = 2 if table == "secret" else 1  # The note of a replaced version is read by nothing.
            try:
                doctor(closed, f"UPDATE {table} SET {column} = {value} WHERE rowid = {row}")
            except sqlite3.IntegrityError:
                assert column == "id"  # A row number can be nothing but a number.
                continue
            with pytest.raises(VaultProblem):
                pytest.fail(f"{table}.{column}: {read_all(closed, key_file)}")


def test_a_flipped_bit_anywhere_is_noticed_or_harmless(closed: Path, key_file: KeyFile) -> None:
    """The file's bytes, in free space too: never a wrong secret, never another exception."""
    chance = random.Random(20260302)
    clean, truth = closed.read_bytes(), read_all(closed, key_file)
    used = [place for place, byte in enumerate(clean) if byte]
    noticed = 0
    for place in [*range(100), *chance.sample(used, 900), *chance.sample(range(len(clean)), 200)]:
        flipped = bytearray(clean)
        flipped[place] ^= 1 << chance.randrange(8)
        closed.write_bytes(flipped)
        try:
            assert read_all(closed, key_file) == truth, f"byte {place}"
        except VaultProblem:
            noticed += 1
    assert noticed > 500
    closed.write_bytes(clean)
    assert read_all(closed, key_file) == truth


def test_a_broken_index_is_damage_and_not_a_missing_entry(closed: Path, key_file: KeyFile) -> None:
    """A NIP stands in tables and in indexes; wherever it is altered, nobody is told "no such token"."""
    clean, nip = closed.read_bytes(), BIURO.nip.encode()
    places = [place for place in range(len(clean)) if clean.startswith(nip, place)]
    assert len(places) == 4  # head and secret, each with its index
    for place in places:
        closed.write_bytes(clean[:place] + b"9" + clean[place + 1 :])
        with pytest.raises(VaultProblem, match="is damaged"):
            Vault.open(closed, key_file)
