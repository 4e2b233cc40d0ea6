"""POST /testdata/…: subjects, people, permissions and blocked contexts. Rules: testdata.md.

On the test profile only; elsewhere these paths do not exist, which `app` sees to.
"""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, delete, insert, or_, select

from klucznik.server.ask import Ask, answers
from klucznik.server.tables import blocked_contexts, grants, persons, stamp, subjects
from klucznik.wire import codes, ids, testdata
from klucznik.wire.problems import Problem
from klucznik.wire.testdata import (
    BlockContextAuthenticationRequest,
    PersonCreateRequest,
    PersonRemoveRequest,
    SubjectCreateRequest,
    SubjectRemoveRequest,
    TestDataPermissionsGrantRequest,
    TestDataPermissionsRevokeRequest,
    UnblockContextAuthenticationRequest,
)

#: Roles of an entity and of its subunits (testdata.md section 1).
_ROLES: Final = {
    "EnforcementAuthority": ("EnforcementAuthority", None),
    "VatGroup": ("VatGroupUnit", "VatGroupSubUnit"),
    "JST": ("LocalGovernmentUnit", "LocalGovernmentSubUnit"),
}

_VALUES: Final = {
    "Nip": re.compile(ids.NIP_PATTERN, re.ASCII),
    "Pesel": re.compile(ids.PESEL_PATTERN, re.ASCII),
    "Fingerprint": re.compile(r"[0-9A-F]{64}"),
    "InternalId": re.compile(ids.INTERNAL_ID_PATTERN, re.ASCII),
    "NipVatUe": re.compile(ids.NIP_VAT_UE_PATTERN, re.ASCII),
    "PeppolId": re.compile(ids.PEPPOL_ID_PATTERN, re.ASCII),
}


def _refuse(sentence: str) -> Problem:
    return Problem(codes.INVALID_INPUT, [sentence], why=sentence)


def _checked(place: str, identifier: Any) -> tuple[str, str]:
    """Type and value of an identifier, the value in the shape of its type (else 21405)."""
    kind, value = identifier.type.value, identifier.value
    if _VALUES[kind].fullmatch(value) is None:
        raise _refuse(f"'{place}.value' is not a valid {kind}.")
    return kind, value


@answers(testdata.SUBJECT_CREATE)
def create_subject(ask: Ask[SubjectCreateRequest]) -> None:
    """POST /testdata/subject: an entity with its role, and its subunits with theirs."""
    body = ask.body
    role, subunit_role = _ROLES[body.subject_type.value]
    subunits = body.subunits or []
    # (1) Units belong to VAT groups and local governments only, each once.
    if subunits and subunit_role is None:
        raise _refuse(f"'subunits' must be empty for {body.subject_type.value}.")
    nips = [body.subject_nip, *(unit.subject_nip for unit in subunits)]
    if len(set(nips)) < len(nips):
        raise _refuse("'subunits' must not repeat a subjectNip.")
    # (2) None of them is there already.
    if known := ask.db.execute(select(subjects.c.nip).where(subjects.c.nip.in_(nips))).scalars().all():
        why = f"already registered: {', '.join(sorted(known))}; remove first (/testdata/subject/remove)"
        raise Problem(codes.EXISTS_ALREADY, why=why)
    created = stamp(body.created_date or ask.now)
    row = {"nip": body.subject_nip, "kind": role, "parent": None, "description": body.description}
    units = [
        {
            "nip": unit.subject_nip,
            "kind": subunit_role,
            "parent": body.subject_nip,
            "description": unit.description,
        }
        for unit in subunits
    ]
    ask.db.execute(insert(subjects), [{**each, "created": created} for each in (row, *units)])


@answers(testdata.SUBJECT_REMOVE)
def remove_subject(ask: Ask[SubjectRemoveRequest]) -> None:
    """POST /testdata/subject/remove: the entity, its role and its subunits; nothing there is no fault."""
    nip = ask.body.subject_nip
    ask.db.execute(delete(subjects).where(or_(subjects.c.nip == nip, subjects.c.parent == nip)))


@answers(testdata.PERSON_CREATE)
def create_person(ask: Ask[PersonCreateRequest]) -> None:
    """POST /testdata/person: a sole trader, NIP and PESEL linked."""
    body = ask.body
    if ask.db.execute(select(persons.c.nip).where(persons.c.nip == body.nip)).first():
        why = f"{body.nip} is registered already; remove it first (/testdata/person/remove)"
        raise Problem(codes.EXISTS_ALREADY, why=why)
    ask.db.execute(
        insert(persons).values(
            nip=body.nip,
            pesel=body.pesel,
            bailiff=body.is_bailiff,
            deceased=bool(body.is_deceased),
            description=body.description,
            created=stamp(body.created_date or ask.now),
        )
    )


@answers(testdata.PERSON_REMOVE)
def remove_person(ask: Ask[PersonRemoveRequest]) -> None:
    """POST /testdata/person/remove: the person, the link, roles, and what was granted to the person."""
    found = ask.db.execute(select(persons).where(persons.c.nip == ask.body.nip)).first()
    if found is None:
        return
    holds = or_(
        and_(grants.c.subject_type == "Nip", grants.c.subject_value == found.nip),
        and_(grants.c.subject_type == "Pesel", grants.c.subject_value == found.pesel),
    )
    ask.db.execute(delete(grants).where(holds))
    ask.db.execute(delete(persons).where(persons.c.nip == found.nip))


@answers(testdata.PERMISSIONS_GRANT)
def grant_permissions(ask: Ask[TestDataPermissionsGrantRequest]) -> None:
    """POST /testdata/permissions: what a paper notice (ZAW-FA) grants; effective at the next login."""
    body = ask.body
    context_type, context_value = _checked("contextIdentifier", body.context_identifier)
    subject_type, subject_value = _checked("authorizedIdentifier", body.authorized_identifier)
    if not body.permissions:
        raise _refuse("'permissions' must not be empty.")
    pair = {
        "context_type": context_type,
        "context_value": context_value,
        "subject_type": subject_type,
        "subject_value": subject_value,
    }
    # What is held already is passed over (inferred: 30001 is not listed for this call).
    held = set(ask.db.execute(select(grants.c.permission).filter_by(**pair)).scalars())
    for permission in body.permissions:
        name = permission.permission_type.value
        if name in held:
            continue
        held.add(name)
        ask.db.execute(
            insert(grants).values(
                **pair,
                id=str(UUID(bytes=ask.ksef.random(16), version=4)),
                permission=name,
                description=permission.description,
                author_type="System",
                author_value=None,
                created=stamp(ask.now),
            )
        )


@answers(testdata.PERMISSIONS_REVOKE)
def revoke_permissions(ask: Ask[TestDataPermissionsRevokeRequest]) -> None:
    """POST /testdata/permissions/revoke: all that a notice granted to the pair."""
    context_type, context_value = _checked("contextIdentifier", ask.body.context_identifier)
    subject_type, subject_value = _checked("authorizedIdentifier", ask.body.authorized_identifier)
    ask.db.execute(
        delete(grants).where(
            grants.c.context_type == context_type,
            grants.c.context_value == context_value,
            grants.c.subject_type == subject_type,
            grants.c.subject_value == subject_value,
            grants.c.author_type == "System",
        )
    )


def _context(body: BlockContextAuthenticationRequest | UnblockContextAuthenticationRequest) -> dict[str, str]:
    if body.context_identifier is None:
        raise _refuse("'contextIdentifier' must not be empty.")
    kind, value = _checked("contextIdentifier", body.context_identifier)
    return {"context_type": kind, "context_value": value}


@answers(testdata.CONTEXT_BLOCK)
def block_context(ask: Ask[BlockContextAuthenticationRequest]) -> None:
    """POST /testdata/context/block: every new login there ends in 480; sessions go on."""
    context = _context(ask.body)
    if not ask.db.execute(select(blocked_contexts).filter_by(**context)).first():
        ask.db.execute(insert(blocked_contexts).values(**context))


@answers(testdata.CONTEXT_UNBLOCK)
def unblock_context(ask: Ask[UnblockContextAuthenticationRequest]) -> None:
    """POST /testdata/context/unblock."""
    ask.db.execute(delete(blocked_contexts).filter_by(**_context(ask.body)))
