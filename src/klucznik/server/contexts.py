"""The contexts somebody may enter, before they log in: what the real portal offers and no call of the API.

Rule: portal.md, "Login": those in which a person holds at least one permission, or whose NIP is theirs.
Computed from the rights as they are now (`rights`), so that a context offered is one that opens.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, or_, select, tuple_

from klucznik.server.access import Context
from klucznik.server.rights import Subject, blocked, deceased, effective, linked
from klucznik.server.tables import grants

#: Contexts told at most.
MOST: Final = 1_000


def open_to(db: Connection, subject: Subject) -> list[dict[str, Any]]:
    """Contexts with the rights held there, as JSON; of a deceased person none, since no login succeeds."""
    if deceased(db, subject):
        return []
    found = []
    for context in sorted(_candidates(db, subject), key=lambda each: (each.type != "Nip", *_parts(each))):
        rights = effective(db, subject, context)
        if rights.any:
            found.append(
                {
                    "type": context.type,
                    "value": context.value,
                    "owner": rights.owner,
                    "permissions": sorted(rights.permissions),
                    "roles": list(rights.roles),
                    "blocked": blocked(db, context),
                }
            )
    return found[:MOST]


def _parts(context: Context) -> tuple[str, str]:
    return context.type, context.value


def _candidates(db: Connection, subject: Subject) -> set[Context]:
    """Where there may be a right: own companies, grants, and clients of those who passed theirs on."""
    who = linked(db, subject)
    found = {Context("Nip", each.value) for each in who if each.type == "Nip"}
    if subject.type == "PeppolId":
        found.add(Context("PeppolId", subject.value))
    columns, given = grants.c, grants.alias("given")
    mine = tuple_(columns.subject_type, columns.subject_value).in_([tuple(each) for each in sorted(who)])
    direct = select(columns.context_type, columns.context_value).where(mine, columns.kind != "indirect")
    passed_on = (
        select(given.c.context_type, given.c.context_value)
        .join(
            grants,
            (given.c.subject_type == columns.context_type)
            & (given.c.subject_value == columns.context_value)
            & (given.c.permission == columns.permission),
        )
        .where(
            mine,
            columns.kind == "indirect",
            given.c.kind == "entity",
            given.c.can_delegate,
            or_(
                columns.target_type == "AllPartners",
                (columns.target_type == given.c.context_type)
                & (columns.target_value == given.c.context_value),
            ),
        )
    )
    for query in (direct, passed_on):
        rows = db.execute(query.distinct().order_by(*query.selected_columns).limit(MOST))
        found |= {Context(row.context_type, row.context_value) for row in rows}
    return found
