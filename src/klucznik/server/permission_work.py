"""What becomes of a grant or a revocation after 202: from 100 to 200 or a refusal.

Rules: permissions.md sections 3 to 7, 9 and 10. Failures that depend on who stands to whom in which
relation happen here and nowhere else; every one keeps its cause.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from klucznik.lang import both
from klucznik.server.access import Context
from klucznik.server.grantors import who_grants
from klucznik.server.prepared import Prepared
from klucznik.server.rights import Rights, Subject, effective
from klucznik.server.tables import authorizations, grants, permission_operations, stamp, subjects
from klucznik.server.why import tell
from klucznik.server.work import step

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

#: Operations settled in one transaction: bounds the time that others wait.
_BATCH: Final = 200

_WAITING: Final = Prepared(
    select(permission_operations)
    .where(permission_operations.c.status == 100)
    .order_by(permission_operations.c.created, permission_operations.c.ref)
    .limit(bindparam("most"))
)
#: Takes an operation: whoever moves it on from 100 carries it out, in the same transaction.
_CLAIM: Final = Prepared(
    update(permission_operations)
    .where(permission_operations.c.ref == bindparam("by_ref"), permission_operations.c.status == 100)
    .values(status=200)
)
_REFUSE: Final = Prepared(
    update(permission_operations)
    .where(permission_operations.c.ref == bindparam("by_ref"))
    .values(status=bindparam("new_status"), why=bindparam("new_why"))
)

#: Contexts in which each kind is granted.
_CONTEXTS: Final = {
    "person": ("Nip", "InternalId"),
    "entity": ("Nip", "InternalId"),
    "authorization": ("Nip",),
    "indirect": ("Nip",),
    "subunit": ("Nip",),
    "eu-admin": ("Nip",),
    "eu": ("NipVatUe",),
}
#: Roles with which EnforcementOperations can be granted, and those of parents.
_ENFORCEMENT: Final = ("EnforcementAuthority", "CourtBailiff")
_PARENTS: Final = ("LocalGovernmentUnit", "VatGroupUnit")


@dataclass(frozen=True)
class _Refusal:
    status: int
    why: str


@step("permissions")
async def settle(ksef: LocalKsef) -> bool:
    """One round: decide what waits, in the order in which it came."""
    waiting = ksef.store.read(lambda db: _WAITING.rows(db, most=_BATCH))
    if not waiting:
        return False
    await ksef.store.write(partial(_settle, ksef, waiting))
    return len(waiting) == _BATCH


def _settle(ksef: LocalKsef, waiting: Sequence[Any], db: Connection) -> None:
    """Decide operations that were seen waiting.

    Another process may have seen the same ones: the claim lets one of the two through. Both go in the
    order in which the operations came, so the second waits where the first is, and overtakes nowhere.
    """
    for row in waiting:
        if not _CLAIM.do(db, by_ref=row.ref):
            continue
        if refusal := _carry_out(db, ksef, row):
            _REFUSE.do(db, by_ref=row.ref, new_status=refusal.status, new_why=refusal.why)
            tell(row.ref, refusal.status, refusal.why)


def _carry_out(db: Connection, ksef: LocalKsef, row: Any) -> _Refusal | None:
    context = Context(row.context_type, row.context_value)
    body = json.loads(row.body)
    # (1) Whoever asked holds the right still, and asked with a login that carried it.
    rights = effective(db, Subject(row.author_type, row.author_value), context)
    rights = rights.narrowed(frozenset(body["carried"]))
    needs = json.loads(row.needs)
    if rights.permissions.isdisjoint(needs):
        en, pl = who_grants(context.type, context.value)
        lost, place = ", ".join(needs), f"{context.type} {context.value}"
        return _Refusal(
            420,
            both(
                f"whoever asked holds none of {lost} in {place} any more; {en}",
                f"zlecający nie ma już w {place} żadnego z: {lost}; {pl}",
            ),
        )
    if row.action == "revoke":
        return _revoke(db, context, rights, body["id"])
    if row.action == "revoke-authorization":
        return _revoke_authorization(db, context, body["id"])
    # (2) The relations that the kind of grant asks for.
    if refusal := _misfit(db, context, rights, row.action, body):
        return refusal
    # (3) The grant; what is held already is passed over (section 3).
    if row.action == "authorization":
        _authorize(db, ksef, row, body)
    else:
        _grant(db, ksef, row, body)
    return None


def _misfit(
    db: Connection, context: Context, rights: Rights, kind: str, body: dict[str, Any]
) -> _Refusal | None:
    """Why the relations do not allow this grant, if they do not."""
    subject_type, subject_value = body["subject"]
    names = [name for name, _ in body["permissions"]]
    if context.type not in _CONTEXTS[kind]:
        allowed = ", ".join(_CONTEXTS[kind])
        return _Refusal(
            430,
            both(
                f"this is granted in a context of type {allowed}, not {context.type}",
                f"to uprawnienie nadaje się w kontekście typu {allowed}, a nie {context.type}",
            ),
        )
    if "EnforcementOperations" in names and not set(rights.roles) & set(_ENFORCEMENT):
        return _Refusal(
            430,
            both(
                f"{context.value} has neither role {' nor '.join(_ENFORCEMENT)}",
                f"{context.value} nie ma roli {' ani '.join(_ENFORCEMENT)}",
            ),
        )
    if kind in ("entity", "authorization") and (subject_type, subject_value) == (context.type, context.value):
        return _Refusal(
            440,
            both(
                "a company does not grant this to itself",
                "podmiot nie nadaje tego uprawnienia samemu sobie",
            ),
        )
    if kind == "authorization" and (names == ["PefInvoicing"]) != (subject_type == "PeppolId"):
        return _Refusal(
            450,
            both(
                f"{names[0]} is not for a {subject_type}: PefInvoicing is for PeppolId, all else for Nip",
                f"{names[0]} nie jest dla {subject_type}: PefInvoicing jest dla PeppolId, reszta dla Nip",
            ),
        )
    if kind in ("subunit", "eu-admin"):
        return _not_below(db, context, rights, *body["context"])
    return None


def _not_below(db: Connection, context: Context, rights: Rights, kind: str, value: str) -> _Refusal | None:
    """Why a unit or an EU entity is none of this company's."""
    if kind != "Nip":
        if value[:10] == context.value:
            return None
        return _Refusal(
            410,
            both(
                f"{value} begins with another NIP than {context.value}",
                f"{value} zaczyna się od innego NIP niż {context.value}",
            ),
        )
    if not set(rights.roles) & set(_PARENTS):
        return _Refusal(
            430,
            both(
                f"{context.value} is no parent: it has neither role {' nor '.join(_PARENTS)}",
                f"{context.value} nie jest podmiotem nadrzędnym: nie ma roli {' ani '.join(_PARENTS)}",
            ),
        )
    child = select(subjects.c.nip).where(subjects.c.nip == value, subjects.c.parent == context.value)
    if db.execute(child).first() is not None:
        return None
    return _Refusal(
        410,
        both(
            f"{value} is not subordinate to {context.value}",
            f"{value} nie jest podrzędny wobec {context.value}",
        ),
    )


# ---- writing -----------------------------------------------------------------------------------------


def _new_id(ksef: LocalKsef) -> str:
    return str(UUID(bytes=ksef.random(16), version=4))


def _held(db: Connection, table: Table, **key: Any) -> bool:
    return db.execute(select(table.c.id).filter_by(**key)).first() is not None


def _authorize(db: Connection, ksef: LocalKsef, row: Any, body: dict[str, Any]) -> None:
    key = {
        "nip": row.context_value,
        "subject_type": body["subject"][0],
        "subject_value": body["subject"][1],
        "permission": body["permissions"][0][0],
    }
    if _held(db, authorizations, **key):
        return
    db.execute(
        insert(authorizations).values(
            **key,
            id=_new_id(ksef),
            description=body["description"],
            author_type=row.author_type,
            author_value=row.author_value,
            created=stamp(ksef.clock.now()),
            full_name=body["details"]["fullName"],
        )
    )


def _grant(db: Connection, ksef: LocalKsef, row: Any, body: dict[str, Any]) -> None:
    entity = body["eu_entity"]
    if row.action == "eu":
        entity = _eu_entity(db, row.context_value)
    for permission, can_delegate in body["permissions"]:
        key = {
            "kind": row.action,
            "context_type": body["context"][0],
            "context_value": body["context"][1],
            "subject_type": body["subject"][0],
            "subject_value": body["subject"][1],
            "permission": permission,
            "can_delegate": can_delegate,
            "target_type": body["target"][0],
            "target_value": body["target"][1],
        }
        if _held(db, grants, **key):
            continue
        db.execute(
            insert(grants).values(
                **key,
                id=_new_id(ksef),
                from_type=row.context_type,
                from_value=row.context_value,
                description=body["description"],
                author_type=row.author_type,
                author_value=row.author_value,
                created=stamp(ksef.clock.now()),
                details=json.dumps(body["details"], ensure_ascii=False),
                unit_name=body["unit_name"],
                eu_entity=json.dumps(entity, ensure_ascii=False) if entity else None,
            )
        )


def _eu_entity(db: Connection, context: str) -> dict[str, str] | None:
    """The EU entity of a NipVatUe context, as its administrators were told to be."""
    query = (
        select(grants.c.eu_entity)
        .where(
            grants.c.context_type == "NipVatUe",
            grants.c.context_value == context,
            grants.c.kind == "eu-admin",
        )
        .order_by(grants.c.created.desc(), grants.c.id)
    )
    found = db.execute(query.limit(1)).scalar()
    return json.loads(found) if found else None


def _unknown(permission_id: str, what: str) -> _Refusal:
    """Unknown and foreign are one: nobody learns which."""
    return _Refusal(
        450,
        both(
            f"{permission_id} is not {what} that this context gave",
            f"{permission_id} nie jest uprawnieniem tego rodzaju nadanym przez ten kontekst",
        ),
    )


def _revoke(db: Connection, context: Context, rights: Rights, permission_id: str) -> _Refusal | None:
    """Rule: permissions.md section 4, column "revoke"."""
    found = db.execute(select(grants).where(grants.c.id == permission_id)).first()
    # (1) It was granted from here; what a parent gave is in the reach of the unit's administrators too.
    here = context.type, context.value
    within = found is not None and here in (
        (found.from_type, found.from_value),
        (found.context_type, found.context_value),
    )
    if found is None or not within or (found.kind == "eu-admin" and here[0] == "NipVatUe"):
        return _unknown(permission_id, "a permission")
    # (2) The caller's right covers this kind.
    needs = {"eu": ("VatUeManage",), "subunit": ("CredentialsManage", "SubunitManage")}.get(
        found.kind, ("CredentialsManage",)
    )
    if rights.permissions.isdisjoint(needs):
        en, pl = who_grants(context.type, context.value)
        return _Refusal(
            420,
            both(
                f"to revoke this, the login has to carry one of {', '.join(needs)}; {en}",
                f"do odebrania tego uprawnienia logowanie musi dawać jedno z: {', '.join(needs)}; {pl}",
            ),
        )
    db.execute(delete(grants).where(grants.c.id == permission_id))
    return None


def _revoke_authorization(db: Connection, context: Context, permission_id: str) -> _Refusal | None:
    gone = delete(authorizations).where(
        authorizations.c.id == permission_id,
        authorizations.c.nip == context.value,
    )
    if context.type != "Nip" or not db.execute(gone).rowcount:
        return _unknown(permission_id, "an authorization")
    return None
