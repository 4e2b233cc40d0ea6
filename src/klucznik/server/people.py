"""Whom a local KSeF knows, for choosing somebody to log in as: what no call of the API lists."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import Connection, select

from klucznik.server.tables import grants, instant, persons, subjects
from klucznik.wire.base import wire_time

#: Persons and companies told at most.
MOST: Final = 200


def known(db: Connection) -> dict[str, Any]:
    """`persons`: those of the test data, and those who hold a permission, the newest first.

    `companies`: those with a role, and their units.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in db.execute(select(persons).order_by(persons.c.created.desc(), persons.c.nip).limit(MOST)):
        found.setdefault(
            row.pesel,
            {
                "pesel": row.pesel,
                "nip": row.nip,
                "name": "",
                "description": row.description,
                "isBailiff": row.bailiff,
                "isDeceased": row.deceased,
                "created": row.created,
            },
        )
    columns = grants.c
    held = (
        select(columns.subject_value, columns.description, columns.details, columns.created)
        .where(columns.subject_type == "Pesel")
        .order_by(columns.created.desc(), columns.id)
        .limit(5 * MOST)
    )
    for row in db.execute(held):
        person = found.setdefault(
            row.subject_value,
            {
                "pesel": row.subject_value,
                "nip": None,
                "name": "",
                "description": row.description,
                "isBailiff": False,
                "isDeceased": False,
                "created": row.created,
            },
        )
        details = json.loads(row.details) if row.details else {}
        names = (details.get("firstName"), details.get("lastName"))
        person["name"] = person["name"] or " ".join(name for name in names if name)
    newest = sorted(found.values(), key=lambda each: (-each["created"], each["pesel"]))[:MOST]
    rows = db.execute(select(subjects).order_by(subjects.c.created.desc(), subjects.c.nip).limit(MOST))
    return {
        "persons": [{**each, "created": wire_time(instant(each["created"]))} for each in newest],
        "companies": [
            {
                "nip": row.nip,
                "role": row.kind,
                "parent": row.parent,
                "description": row.description,
                "created": wire_time(instant(row.created)),
            }
            for row in rows
        ],
    }
