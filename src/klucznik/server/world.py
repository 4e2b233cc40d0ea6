"""A world to begin with, and the way back to none.

A world file is JSON or YAML: `companies`, `persons`, `grants`, `attachments`, `blocked`, each a list of
bodies of the test-data operations of the contract (`POST /testdata/subject`, `/person`, `/permissions`,
`/attachment`, `/context/block`). It works in every profile, also where these operations do not exist.
What is there already is passed over, so that a start may seed each time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError
from sqlalchemy import Connection, delete

from klucznik.errors import Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.server.ask import HANDLERS, Ask
from klucznik.server.faults import Script
from klucznik.server.local import LocalKsef
from klucznik.server.opened import OpenSessions
from klucznik.server.reading import storable
from klucznik.server.tables import metadata, settings
from klucznik.wire import codes, testdata
from klucznik.wire.base import Model
from klucznik.wire.endpoint import Endpoint
from klucznik.wire.problems import Problem

#: What a world holds, in the order in which it is made.
_PARTS: Final[dict[str, Endpoint[Any]]] = {
    "companies": testdata.SUBJECT_CREATE,
    "persons": testdata.PERSON_CREATE,
    "grants": testdata.PERMISSIONS_GRANT,
    "attachments": testdata.ATTACHMENT_GRANT,
    "blocked": testdata.CONTEXT_BLOCK,
}
_DESCRIBED: Final = ("companies", "persons")


class BadWorld(Exception):
    """The world cannot be made; the text says which entry, and what is wrong with it."""


@dataclass(frozen=True)
class Made:
    """How many entries were made, and how many were there already."""

    made: int = 0
    known: int = 0


def read_file(path: Path) -> Mapping[str, Any]:
    """A world from a JSON or YAML file. Raises `errors.Unreadable`."""
    try:
        found = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError) as bad:
        raise Unreadable(
            tr(f"The world in {path} cannot be read: {bad}.", f"Nie da się odczytać świata z {path}: {bad}."),
            hint=tr("docs/management.md shows one", "przykład jest w docs/management.md"),
        ) from None
    if not isinstance(found, dict):
        raise Unreadable(tr(f"{path} does not hold a world.", f"{path} nie zawiera świata."))
    return found


async def seed(ksef: LocalKsef, world: Mapping[str, Any]) -> Made:
    """Make a world, all of it or nothing. Raises `BadWorld`."""
    bodies = _bodies(world)

    def make(db: Connection) -> Made:
        made = known = 0
        for place, row, body in bodies:
            ask: Ask[Any] = Ask(
                row=row,
                ksef=ksef,
                now=ksef.clock.now(),
                trace_id="",
                origin="",
                client_ip="",
                headers={},
                path={},
                body=body,
                _db=db,
            )
            try:
                HANDLERS[row.key].answer(ask)
            except Problem as problem:
                if problem.code != codes.EXISTS_ALREADY:
                    raise BadWorld(f"{place}: {'; '.join(problem.details) or problem}") from None
                known += 1
            else:
                made += 1
        return Made(made, known)

    return await ksef.store.write(make)


def _bodies(world: Mapping[str, Any]) -> list[tuple[str, Endpoint[Any], Model]]:
    if unknown := set(world) - set(_PARTS):
        raise BadWorld(f"{', '.join(sorted(map(str, unknown)))}: a world has {', '.join(_PARTS)}")
    found = []
    for part, row in _PARTS.items():
        entries = world.get(part, [])
        if not isinstance(entries, list):
            raise BadWorld(f"{part} is not a list")
        for index, entry in enumerate(entries):
            if not isinstance(entry, dict):
                raise BadWorld(f"{part}[{index}] is not an object")
            described = {"description": "made by a world file", **entry} if part in _DESCRIBED else entry
            assert isinstance(row.takes, type)
            assert issubclass(row.takes, Model)
            try:
                body = storable(row.takes.parse(json.dumps(described, default=str)))
            except ValidationError as bad:
                first = bad.errors(include_url=False, include_input=False)[0]
                place = ".".join(map(str, first["loc"]))
                raise BadWorld(f"{part}[{index}].{place}: {first['msg']}") from None
            except Problem as bad:
                raise BadWorld(f"{part}[{index}]: {'; '.join(bad.details)}") from None
            found.append((f"{part}[{index}]", row, body))
    return found


async def reset(ksef: LocalKsef) -> None:
    """Forget everything that was sent, registered, issued, ordered and noted.

    Keys, the clock and the counters of numbers stay: no number is ever given twice. Every login ends,
    since bearers are signed anew.
    """

    def empty(db: Connection) -> None:
        for table in reversed(metadata.sorted_tables):
            if table is not settings:
                db.execute(delete(table))

    ksef.keys = replace(ksef.keys, jwt=ksef.keys.renew_jwt(ksef.store.folder, Secret(ksef.random(32))))
    await ksef.store.write(empty)
    # Whoever works on a package finds its row gone at the next write, and stops.
    for ref in ksef.batches.refs():
        ksef.batches.drop(ref)
    ksef.opened = OpenSessions()
    ksef.limiter.forget()
    ksef.causes.pending.clear()
    ksef.trace.clear()
    ksef.faults.put(Script())
    ksef.work.wake_all()
