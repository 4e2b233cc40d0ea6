"""Slots: the ways to unlock a vault, each with its own copy of the root key.

A slot holds the root key under the key that a passphrase, key file or keyring derives. It is bound
to (format, "slot", root id, slot, kind, settings, created): a slot of another vault, or one whose
parameters were changed, does not open. Rule: reliability.md section F, "Keys" and "AAD".
"""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag

from klucznik.errors import VaultProblem
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.vault.file import FORMAT, VaultFile, damaged
from klucznik.vault.keys import Settings, Unlocking
from klucznik.vault.seal import bound_to, seal, unseal

#: A wrong passphrase is tried on every passphrase slot, 0.15 s each: that sets the limit.
MOST_SLOTS = 8

_SALT_BYTES = 16


@dataclass(frozen=True)
class SlotInfo:
    """A way to unlock: its number, kind (`passphrase`, `key-file`, `os-keyring`) and when it was made."""

    slot: int
    kind: str
    created: datetime


@dataclass(frozen=True)
class NewSlot:
    """A slot made ready before the transaction that stores it: Argon2id takes its time."""

    kind: str
    settings: Settings
    salt: bytes
    kek: Secret


def prepare(unlock: Unlocking) -> NewSlot:
    """Derive the key of a new slot. Raises VaultProblem."""
    settings, salt = unlock.prepare(), os.urandom(_SALT_BYTES)
    return NewSlot(unlock.kind, settings, salt, unlock.derive(salt, settings))


def insert(db: sqlite3.Connection, new: NewSlot, root_id: str, root: Secret, created: str) -> int:
    """Store the slot; its number. Raises VaultProblem when there are too many."""
    [count, newest] = db.execute("SELECT count(*), coalesce(max(id), 0) FROM slot").fetchone()
    if count >= MOST_SLOTS:
        raise VaultProblem(
            tr(f"the vault has {count} slots already.", f"sejf ma już {count} sposobów otwarcia."),
            hint=tr(f"at most {MOST_SLOTS} are possible", f"możliwych jest najwyżej {MOST_SLOTS}"),
        )
    slot, settings = int(newest) + 1, json.dumps(dict(new.settings), sort_keys=True)
    db.execute(
        "INSERT INTO slot (id, kind, settings, salt, created, root) VALUES (?, ?, ?, ?, ?, ?)",
        (
            slot,
            new.kind,
            settings,
            new.salt,
            created,
            seal(new.kek, root, _bound(root_id, slot, new.kind, settings, created)),
        ),
    )
    return slot


def unlock_root(file: VaultFile, unlock: Unlocking) -> tuple[str, Secret]:
    """Root id and root key, by the first slot that opens. Raises VaultProblem.

    A wrong passphrase and a doctored slot give one and the same refusal: nothing can tell them apart.
    """
    roots = file.ask("SELECT root_id FROM vault")
    slots = file.ask(
        "SELECT kind, id, settings, salt, created, root FROM slot ORDER BY id LIMIT ?", (MOST_SLOTS,)
    )
    if len(roots) != 1 or not slots:
        raise damaged(file.path)
    root_id = str(roots[0][0])
    kinds = sorted({str(kind) for kind, *_ in slots})
    if unlock.kind not in kinds:
        raise VaultProblem(
            tr(
                f"the vault {file.path} has no {unlock.kind} slot.",
                f"sejf {file.path} nie zna {unlock.kind}.",
            ),
            hint=tr(f"it is opened by: {', '.join(kinds)}", f"otwiera go: {', '.join(kinds)}"),
        )
    for kind, slot, settings, salt, created, root in slots:
        if kind != unlock.kind:
            continue
        if not isinstance(salt, bytes):
            raise damaged(file.path)
        kek = unlock.derive(salt, _settings(file, settings))
        try:
            return root_id, unseal(kek, root, _bound(root_id, slot, kind, settings, created))
        except InvalidTag:
            continue
    raise VaultProblem(
        tr(
            f"this {unlock.kind} does not open the vault {file.path}.",
            f"{unlock.kind}: to nie otwiera sejfu {file.path}.",
        ),
        hint=tr("try again, or unlock it another way", "spróbuj ponownie albo otwórz go inaczej"),
    )


def listed(file: VaultFile) -> list[SlotInfo]:
    """The slots as the file names them; only unlocking shows whether they hold. Raises VaultProblem."""
    rows = file.ask("SELECT id, kind, created FROM slot ORDER BY id")
    try:
        return [SlotInfo(int(slot), str(kind), datetime.fromisoformat(str(at))) for slot, kind, at in rows]
    except ValueError:
        raise damaged(file.path) from None


def _settings(file: VaultFile, stored: object) -> dict[str, int]:
    try:
        settings = json.loads(stored) if isinstance(stored, str) else None
    except ValueError:
        settings = None
    if not isinstance(settings, dict) or not all(type(value) is int for value in settings.values()):
        raise damaged(file.path)
    return settings


def _bound(root_id: str, slot: object, kind: str, settings: object, created: object) -> bytes:
    return bound_to(FORMAT, "slot", root_id, slot, kind, settings, created)
