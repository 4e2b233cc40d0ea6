"""What a subject may do in a context: read live at login and refresh, then carried in the JWT.

Rules: permissions.md sections 1, 5 to 7 and 10, xades.md section 6, tokens.md section 1, testdata.md
section 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, or_, select, union_all

from klucznik.server.access import OWNER_PERMISSIONS, Context
from klucznik.server.prepared import Prepared
from klucznik.server.tables import blocked_contexts, grants, persons, subjects


class Subject(NamedTuple):
    """Who logs in: `Nip`, `Pesel`, `Fingerprint` or (a Peppol seal) `PeppolId`, and the value."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Rights:
    """Rights of a subject in a context; `roles` are those of the context's entity."""

    owner: bool
    permissions: frozenset[str]
    roles: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether the subject may log in to the context at all (else status 415)."""
        return self.owner or bool(self.permissions)

    def narrowed(self, carried: frozenset[str]) -> Rights:
        """What a login or a KSeF token is good for: the permissions it carries, as far as still held."""
        return Rights(False, self.permissions & carried, self.roles)


# Statements stand here, built once: they run on every login and refresh.
_LINKED_NIP = Prepared(
    select(persons.c.nip).where(persons.c.pesel == bindparam("pesel"), persons.c.nip == bindparam("nip"))
)
_GRANTS = Prepared(
    select(grants.c.permission).where(
        grants.c.context_type == bindparam("context_type"),
        grants.c.context_value == bindparam("context_value"),
        grants.c.subject_type == bindparam("subject_type"),
        grants.c.subject_value == bindparam("subject_value"),
        grants.c.kind != "indirect",
    )
)
_GIVEN = grants.alias("given")
#: What an intermediary passed on, as far as the client (the context) gave it, and gave it to pass on.
_INDIRECT = Prepared(
    select(grants.c.permission)
    .join(
        _GIVEN,
        and_(
            _GIVEN.c.kind == "entity",
            _GIVEN.c.can_delegate,
            _GIVEN.c.context_type == bindparam("context_type"),
            _GIVEN.c.context_value == bindparam("context_value"),
            _GIVEN.c.subject_type == grants.c.context_type,
            _GIVEN.c.subject_value == grants.c.context_value,
            _GIVEN.c.permission == grants.c.permission,
        ),
    )
    .where(
        grants.c.kind == "indirect",
        grants.c.subject_type == bindparam("subject_type"),
        grants.c.subject_value == bindparam("subject_value"),
        or_(
            grants.c.target_type == "AllPartners",
            and_(
                grants.c.target_type == bindparam("context_type"),
                grants.c.target_value == bindparam("context_value"),
            ),
        ),
    )
)
_ROLES = Prepared(
    union_all(
        select(subjects.c.kind).where(subjects.c.nip == bindparam("nip")),
        select(persons.c.nip).where(persons.c.nip == bindparam("nip"), persons.c.bailiff),
    )
)
_OF_PERSON = select(persons.c.nip, persons.c.pesel).where(
    or_(persons.c.nip == bindparam("value"), persons.c.pesel == bindparam("value"))
)
_PERSON = Prepared(_OF_PERSON)
_DECEASED = Prepared(_OF_PERSON.where(persons.c.deceased))
_BLOCKED = Prepared(
    select(blocked_contexts.c.context_type).where(
        blocked_contexts.c.context_type == bindparam("context_type"),
        blocked_contexts.c.context_value == bindparam("context_value"),
    )
)


#: Who passed something on to the subject for a context, whether or not the context lets them.
_PASSED_ON = Prepared(
    select(grants.c.context_value)
    .where(
        grants.c.kind == "indirect",
        grants.c.subject_type == bindparam("subject_type"),
        grants.c.subject_value == bindparam("subject_value"),
        grants.c.target_type == bindparam("context_type"),
        grants.c.target_value == bindparam("context_value"),
    )
    .distinct()
)


def effective(db: Connection, subject: Subject, context: Context) -> Rights:
    """The rights in force at this moment."""
    # (1) Peppol providers act in a context of their own; the right is implicit and never granted.
    if context.type == "PeppolId":
        own = subject == ("PeppolId", context.value)
        return Rights(False, frozenset({"PefInvoiceWrite"}) if own else frozenset())
    # (2) What was granted exactly here (a unit does not inherit from the company, nor the other way
    # round), and what came by way of an intermediary. A sole trader is one person under NIP and PESEL.
    permissions: frozenset[str] = frozenset()
    for who in linked(db, subject):
        given = {
            "context_type": context.type,
            "context_value": context.value,
            "subject_type": who.type,
            "subject_value": who.value,
        }
        permissions |= {row.permission for row in _GRANTS.rows(db, **given)}
        permissions |= {row.permission for row in _INDIRECT.rows(db, **given)}
    if context.type != "Nip":
        return Rights(False, permissions)
    # (3) The owner of a NIP has everything there; no grant says so and none takes it away.
    owner = _owns(db, subject, context.value)
    roles = {
        "CourtBailiff" if row.kind == context.value else row.kind
        for row in _ROLES.rows(db, nip=context.value)
    }
    return Rights(owner, permissions | OWNER_PERMISSIONS if owner else permissions, tuple(sorted(roles)))


def intermediaries(db: Connection, subject: Subject, context: Context) -> list[str]:
    """NIPs of those who passed on to the subject what is for this very context; for causes."""
    found: set[str] = set()
    for who in linked(db, subject):
        given = {
            "context_type": context.type,
            "context_value": context.value,
            "subject_type": who.type,
            "subject_value": who.value,
        }
        found |= {row.context_value for row in _PASSED_ON.rows(db, **given)}
    return sorted(found)


def _owns(db: Connection, subject: Subject, nip: str) -> bool:
    if subject.type == "Nip":
        return subject.value == nip
    if subject.type == "Pesel":
        return _LINKED_NIP.one(db, pesel=subject.value, nip=nip) is not None
    return False


def linked(db: Connection, subject: Subject) -> frozenset[Subject]:
    """The identifiers of the same person: itself and, for a sole trader, NIP and PESEL alike."""
    if subject.type not in ("Nip", "Pesel"):
        return frozenset({subject})
    found = {subject}
    for row in _PERSON.rows(db, value=subject.value):
        found |= {Subject("Nip", row.nip), Subject("Pesel", row.pesel)}
    return frozenset(found)


def deceased(db: Connection, subject: Subject) -> bool:
    """Whether the subject is a person registered as deceased (status 470, 21308)."""
    if subject.type not in ("Nip", "Pesel"):
        return False
    return _DECEASED.one(db, value=subject.value) is not None


def blocked(db: Connection, context: Context) -> bool:
    """Whether new logins to the context are blocked (status 480)."""
    return _BLOCKED.one(db, context_type=context.type, context_value=context.value) is not None
