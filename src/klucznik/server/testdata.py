"""POST /testdata/…: subjects, people, permissions, attachments, blocked contexts. Rules: testdata.md.

On the test profile only; elsewhere these paths do not exist, which `app` sees to.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Final
from uuid import UUID

from sqlalchemy import and_, delete, insert, or_, select, update

from klucznik.lang import both
from klucznik.server.ask import Ask, answers
from klucznik.server.shapes import checked, refuse
from klucznik.server.tables import attachment_consents, blocked_contexts, grants, persons, stamp, subjects
from klucznik.wire import codes, testdata
from klucznik.wire.problems import Problem
from klucznik.wire.testdata import (
    AttachmentPermissionGrantRequest,
    AttachmentPermissionRevokeRequest,
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


@answers(testdata.SUBJECT_CREATE)
def create_subject(ask: Ask[SubjectCreateRequest]) -> None:
    """POST /testdata/subject: an entity with its role, and its subunits with theirs."""
    body = ask.body
    role, subunit_role = _ROLES[body.subject_type.value]
    subunits = body.subunits or []
    # (1) Units belong to VAT groups and local governments only, each once.
    if subunits and subunit_role is None:
        raise refuse(
            f"'subunits' must be empty for {body.subject_type.value}.",
            f"'subunits' musi być puste dla {body.subject_type.value}.",
        )
    nips = [body.subject_nip, *(unit.subject_nip for unit in subunits)]
    if len(set(nips)) < len(nips):
        raise refuse("'subunits' must not repeat a subjectNip.", "'subunits' nie może powtarzać subjectNip.")
    # (2) None of them is there already.
    if known := ask.db.execute(select(subjects.c.nip).where(subjects.c.nip.in_(nips))).scalars().all():
        there = ", ".join(sorted(known))
        why = both(
            f"already registered: {there}; remove first (/testdata/subject/remove)",
            f"już zarejestrowane: {there}; najpierw usuń (/testdata/subject/remove)",
        )
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
        why = both(
            f"{body.nip} is registered already; remove it first (/testdata/person/remove)",
            f"{body.nip} jest już zarejestrowany; najpierw usuń (/testdata/person/remove)",
        )
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
    context_type, context_value = checked("contextIdentifier", body.context_identifier)
    subject_type, subject_value = checked("authorizedIdentifier", body.authorized_identifier)
    if not body.permissions:
        raise refuse("'permissions' must not be empty.", "'permissions' nie może być puste.")
    pair = {
        "context_type": context_type,
        "context_value": context_value,
        "subject_type": subject_type,
        "subject_value": subject_value,
        "kind": "person",
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
                can_delegate=False,
                target_type="",
                target_value="",
                from_type=context_type,
                from_value=context_value,
                description=permission.description,
                author_type="System",
                author_value=None,
                created=stamp(ask.now),
            )
        )


@answers(testdata.PERMISSIONS_REVOKE)
def revoke_permissions(ask: Ask[TestDataPermissionsRevokeRequest]) -> None:
    """POST /testdata/permissions/revoke: all that a notice granted to the pair."""
    context_type, context_value = checked("contextIdentifier", ask.body.context_identifier)
    subject_type, subject_value = checked("authorizedIdentifier", ask.body.authorized_identifier)
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
        raise refuse("'contextIdentifier' must not be empty.", "'contextIdentifier' nie może być puste.")
    kind, value = checked("contextIdentifier", body.context_identifier)
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


@answers(testdata.ATTACHMENT_GRANT)
def allow_attachments(ask: Ask[AttachmentPermissionGrantRequest]) -> None:
    """POST /testdata/attachment: the consent filed with the tax office, without end."""
    nip = ask.body.nip
    ask.db.execute(delete(attachment_consents).where(attachment_consents.c.nip == nip))
    ask.db.execute(insert(attachment_consents).values(nip=nip, ends=None))


@answers(testdata.ATTACHMENT_REVOKE)
def end_attachments(ask: Ask[AttachmentPermissionRevokeRequest]) -> None:
    """POST /testdata/attachment/revoke: from a day on (its midnight, UTC), or at once."""
    day = ask.body.expected_end_date
    ends = datetime.combine(day, time(), UTC) if day else ask.now
    ask.db.execute(
        update(attachment_consents).where(attachment_consents.c.nip == ask.body.nip).values(ends=stamp(ends))
    )
