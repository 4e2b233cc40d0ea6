"""Lists of permissions, authorizations and roles. Rules: permissions.md section 8.

`pageOffset` is the number of a page. Newest first, then by id. Whether an indirect permission is
active is read live: it is as long as the client lets the intermediary pass the same thing on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import (
    RowMapping,
    and_,
    exists,
    false,
    null,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy import literal as value_of

from klucznik.server.access import OWNER_PERMISSIONS, Caller
from klucznik.server.ask import Ask, answers
from klucznik.server.rights import Subject, linked
from klucznik.server.shapes import checked, refuse
from klucznik.server.tables import authorizations, grants, instant, persons, subjects
from klucznik.wire import permission_queries as lists
from klucznik.wire.permission_queries import (
    EntityAuthorizationGrant,
    EntityAuthorizationPermissionsQueryRequest,
    EntityPermissionItem,
    EntityPermissionsQueryRequest,
    EntityRole,
    EuEntityPermission,
    EuEntityPermissionsQueryRequest,
    PersonalPermission,
    PersonalPermissionsQueryRequest,
    PersonPermission,
    PersonPermissionsQueryRequest,
    QueryEntityAuthorizationPermissionsResponse,
    QueryEntityPermissionsResponse,
    QueryEntityRolesResponse,
    QueryEuEntityPermissionsResponse,
    QueryPersonalPermissionsResponse,
    QueryPersonPermissionsResponse,
    QuerySubordinateEntityRolesResponse,
    QuerySubunitPermissionsResponse,
    SubordinateEntityRole,
    SubordinateEntityRolesQueryRequest,
    SubunitPermission,
    SubunitPermissionsQueryRequest,
)

#: What `ownerPermissions` says, in the order of the contract.
_OWNER: Final = [scope for scope in lists.OwnerPermissionScope if scope.value in OWNER_PERMISSIONS]

_G: Final = grants.c
_GIVEN: Final = grants.alias("given")


def _here(caller: Caller) -> tuple[str, str]:
    return caller.context.type, caller.context.value


def _is(prefix: str, table: Any, identifier: tuple[str, str]) -> Any:
    """Whether the identifier kept in two columns of this prefix is the given one."""
    return and_(table.c[f"{prefix}_type"] == identifier[0], table.c[f"{prefix}_value"] == identifier[1])


def _delegated(giver_type: Any, giver_value: Any, *more: Any) -> Any:
    """Whether the giver lets the intermediary of an indirect grant pass something on."""
    return exists(
        select(_GIVEN.c.id).where(
            _GIVEN.c.kind == "entity",
            _GIVEN.c.can_delegate,
            _GIVEN.c.context_type == giver_type,
            _GIVEN.c.context_value == giver_value,
            _GIVEN.c.subject_type == _G.context_type,
            _GIVEN.c.subject_value == _G.context_value,
            *more,
        )
    )


_SAME: Final = _GIVEN.c.permission == _G.permission
#: A permission for all clients waits for none of them; one for a single client needs that client's.
_ACTIVE: Final = or_(
    _G.kind != "indirect",
    _G.target_type == "AllPartners",
    _delegated(_G.target_type, _G.target_value, _SAME),
)


def _page(ask: Ask[Any], query: Any) -> tuple[list[RowMapping], bool]:
    """One page of an ordered query, and whether there is another."""
    size = ask.query.page_size
    rows = ask.db.execute(query.limit(size + 1).offset(ask.query.page_offset * size)).mappings().all()
    return list(rows[:size]), len(rows) > size


def _newest(query: Any, table: Any) -> Any:
    return query.order_by(table.c.created.desc(), table.c.id)


def _names(wanted: Iterable[Any] | None) -> list[str]:
    return [name.value for name in wanted or ()]


# ---- filters that two lists share ------------------------------------------------------------------


def _narrowed(query: Any, body: Any, active: Any) -> Any:
    """The filters of the personal and of the persons' list; they combine, empty ones count for nothing."""
    if body.context_identifier:
        query = query.where(_is("context", grants, checked("contextIdentifier", body.context_identifier)))
    if body.target_identifier:
        query = query.where(_targets(body.target_identifier))
    if names := _names(body.permission_types):
        query = query.where(_G.permission.in_(names))
    if body.permission_state:
        query = query.where(active if body.permission_state.value == "Active" else ~active)
    return query


def _targets(identifier: Any) -> Any:
    if identifier.type.value == "AllPartners":
        return _G.target_type == "AllPartners"
    if identifier.value is None:
        raise refuse(
            "'targetIdentifier.value' must not be empty.", "'targetIdentifier.value' nie może być puste."
        )
    target = checked("targetIdentifier", identifier)
    # The target of a direct grant is the context that it is good in.
    return or_(_is("target", grants, target), and_(_G.kind != "indirect", _is("context", grants, target)))


# ---- what an entry shows ---------------------------------------------------------------------------


def _identifier(kind: str, value: str | None) -> dict[str, Any]:
    return {"type": kind, "value": value}


def _whom(row: RowMapping) -> dict[str, Any]:
    """`subjectPersonDetails` or `subjectEntityDetails`; neither for what a paper notice granted."""
    if not row["details"]:
        return {}
    details = json.loads(row["details"])
    entity = details["subjectDetailsType"].startswith("Entity")
    return {"subjectEntityDetails" if entity else "subjectPersonDetails": details}


def _common(row: RowMapping, scope: str = "permissionScope") -> dict[str, Any]:
    return {
        "id": row["id"],
        scope: row["permission"],
        "description": row["description"],
        "startDate": instant(row["created"]).isoformat(),
    }


def _grant(row: RowMapping) -> dict[str, Any]:
    """What the personal and the persons' list show alike."""
    shown = {
        **_common(row),
        **_whom(row),
        "permissionState": "Active" if row["active"] else "Inactive",
        "canDelegate": bool(row["can_delegate"]),
    }
    if row["context_type"] in ("Nip", "InternalId"):
        shown["contextIdentifier"] = _identifier(row["context_type"], row["context_value"])
    if row["target_type"]:
        shown["targetIdentifier"] = _identifier(row["target_type"], row["target_value"] or None)
    return shown


def _read(model: Any, shown: Mapping[str, Any]) -> Any:
    return model.parse(json.dumps(shown))


# ---- one's own -------------------------------------------------------------------------------------


@answers(lists.PERSONAL, reads=True)
def personal(ask: Ask[PersonalPermissionsQueryRequest]) -> QueryPersonalPermissionsResponse:
    """POST /permissions/query/personal/grants: what the caller may do in this context, and why."""
    caller, here = ask.caller, _here(ask.caller)
    me = Subject(caller.subject_type, caller.subject_value)
    mine = tuple_(_G.subject_type, _G.subject_value).in_(sorted(linked(ask.db, me)))
    indirect = _G.kind == "indirect"
    # (1) Good here, granted directly or by a parent.
    direct = and_(~indirect, mine, _is("context", grants, here))
    # (2) By way of an intermediary, seen from it and from the client.
    as_client = or_(_is("target", grants, here), and_(_G.target_type == "AllPartners", _delegated(*here)))
    passed_on = and_(indirect, mine, or_(_is("context", grants, here), as_client))
    # (3) What other companies gave to this one is shown to its owner.
    received = and_(_G.kind == "entity", _is("subject", grants, here)) if caller.owner else false()
    active = or_(and_(_is("context", grants, here), _ACTIVE), ~indirect, _delegated(*here, _SAME))
    query = select(grants, active.label("active")).where(or_(direct, passed_on, received))
    rows, more = _page(ask, _newest(_narrowed(query, ask.body, active), grants))
    return QueryPersonalPermissionsResponse(
        permissions=[_personal(row, me) for row in rows],
        owner_permissions=_OWNER if caller.owner else None,
        has_more=more,
    )


def _personal(row: RowMapping, me: Subject) -> PersonalPermission:
    shown = _grant(row)
    if (row["subject_type"], row["subject_value"]) != me:
        shown["authorizedIdentifier"] = _identifier(row["subject_type"], row["subject_value"])
    found: PersonalPermission = _read(PersonalPermission, shown)
    return found


# ---- everybody's -----------------------------------------------------------------------------------


@answers(lists.PERSONS, reads=True)
def persons_(ask: Ask[PersonPermissionsQueryRequest]) -> QueryPersonPermissionsResponse:
    """POST /permissions/query/persons/grants: who may work here, or what the caller granted from here."""
    body, caller = ask.body, ask.caller
    query = select(grants, _ACTIVE.label("active")).where(_G.kind.not_in(("eu-admin", "eu")))
    if body.query_type.value == "PermissionsInCurrentContext":
        # An indirect grant stands in the intermediary's context: the client does not see it.
        query = query.where(_is("context", grants, _here(caller)))
    else:
        own = linked(ask.db, Subject(caller.subject_type, caller.subject_value))
        query = query.where(
            _is("from", grants, _here(caller)), tuple_(_G.author_type, _G.author_value).in_(sorted(own))
        )
    if body.author_identifier:
        query = query.where(_author(body.author_identifier))
    if body.authorized_identifier:
        query = query.where(
            _is("subject", grants, checked("authorizedIdentifier", body.authorized_identifier))
        )
    rows, more = _page(ask, _newest(_narrowed(query, body, _ACTIVE), grants))
    return QueryPersonPermissionsResponse(permissions=[_person(row) for row in rows], has_more=more)


def _author(identifier: Any) -> Any:
    if identifier.type.value == "System":
        return _G.author_type == "System"
    if identifier.value is None:
        raise refuse(
            "'authorIdentifier.value' must not be empty.", "'authorIdentifier.value' nie może być puste."
        )
    return _is("author", grants, checked("authorIdentifier", identifier))


def _person(row: RowMapping) -> PersonPermission:
    found: PersonPermission = _read(
        PersonPermission,
        {
            **_grant(row),
            "authorIdentifier": _identifier(row["author_type"], row["author_value"]),
            "authorizedIdentifier": _identifier(row["subject_type"], row["subject_value"]),
        },
    )
    return found


@answers(lists.SUBUNITS, reads=True)
def subunits(ask: Ask[SubunitPermissionsQueryRequest]) -> QuerySubunitPermissionsResponse:
    """POST /permissions/query/subunits/grants: administrators appointed from here."""
    query = select(grants).where(_G.kind == "subunit", _is("from", grants, _here(ask.caller)))
    if ask.body.subunit_identifier:
        unit = checked("subunitIdentifier", ask.body.subunit_identifier)
        query = query.where(_is("context", grants, unit))
    rows, more = _page(ask, _newest(query, grants))
    return QuerySubunitPermissionsResponse(permissions=[_subunit(row) for row in rows], has_more=more)


def _subunit(row: RowMapping) -> SubunitPermission:
    found: SubunitPermission = _read(
        SubunitPermission,
        {
            **_common(row),
            **_whom(row),
            "authorizedIdentifier": _identifier(row["subject_type"], row["subject_value"]),
            "authorIdentifier": _identifier(row["author_type"], row["author_value"]),
            "subunitIdentifier": _identifier(row["context_type"], row["context_value"]),
            "subunitName": row["unit_name"],
        },
    )
    return found


@answers(lists.ENTITIES, reads=True)
def entities(ask: Ask[EntityPermissionsQueryRequest]) -> QueryEntityPermissionsResponse:
    """POST /permissions/query/entities/grants: what other companies let this one do."""
    query = select(grants).where(_G.kind == "entity", _is("subject", grants, _here(ask.caller)))
    if ask.body.context_identifier:
        giver = checked("contextIdentifier", ask.body.context_identifier)
        query = query.where(_is("context", grants, giver))
    rows, more = _page(ask, _newest(query, grants))
    items = [
        _read(
            EntityPermissionItem,
            {
                **_common(row),
                "contextIdentifier": _identifier(row["context_type"], row["context_value"]),
                "canDelegate": bool(row["can_delegate"]),
            },
        )
        for row in rows
    ]
    return QueryEntityPermissionsResponse(permissions=items, has_more=more)


# ---- roles -----------------------------------------------------------------------------------------


@answers(lists.ROLES)
def roles(ask: Ask[None]) -> QueryEntityRolesResponse:
    """GET /permissions/query/entities/roles: those of the context's company."""
    nip = ask.caller.context.value if ask.caller.context.type == "Nip" else ""
    registered = select(
        subjects.c.kind, subjects.c.parent, subjects.c.description, subjects.c.created, subjects.c.nip
    ).where(subjects.c.nip == nip)
    bailiff = select(
        value_of("CourtBailiff"),
        null(),
        persons.c.description,
        persons.c.created,
        persons.c.nip,
    ).where(persons.c.nip == nip, persons.c.bailiff)
    both = union_all(registered, bailiff).subquery()
    rows, more = _page(ask, select(both).order_by(both.c.created.desc(), both.c.kind))
    return QueryEntityRolesResponse(roles=[_role(row) for row in rows], has_more=more)


def _role(row: RowMapping) -> EntityRole:
    shown = {
        "role": row["kind"],
        "description": row["description"],
        "startDate": instant(row["created"]).isoformat(),
    }
    if row["parent"]:
        shown["parentEntityIdentifier"] = _identifier("Nip", row["parent"])
    found: EntityRole = _read(EntityRole, shown)
    return found


@answers(lists.SUBORDINATE_ROLES, reads=True)
def subordinate_roles(
    ask: Ask[SubordinateEntityRolesQueryRequest],
) -> QuerySubordinateEntityRolesResponse:
    """POST /permissions/query/subordinate-entities/roles: the children of a parent."""
    nip = ask.caller.context.value if ask.caller.context.type == "Nip" else ""
    query = select(subjects).where(subjects.c.parent == nip)
    if ask.body.subordinate_entity_identifier:
        _, child = checked("subordinateEntityIdentifier", ask.body.subordinate_entity_identifier)
        query = query.where(subjects.c.nip == child)
    rows, more = _page(ask, query.order_by(subjects.c.created.desc(), subjects.c.nip))
    items = [
        _read(
            SubordinateEntityRole,
            {
                "subordinateEntityIdentifier": _identifier("Nip", row["nip"]),
                "role": row["kind"],
                "description": row["description"],
                "startDate": instant(row["created"]).isoformat(),
            },
        )
        for row in rows
    ]
    return QuerySubordinateEntityRolesResponse(roles=items, has_more=more)


# ---- authorizations --------------------------------------------------------------------------------


@answers(lists.AUTHORIZATIONS, reads=True)
def authorizations_(
    ask: Ask[EntityAuthorizationPermissionsQueryRequest],
) -> QueryEntityAuthorizationPermissionsResponse:
    """POST /permissions/query/authorizations/grants: given, or received.

    Each kind has its own filter; the other one, which clients send as well, is passed over.
    """
    body, here = ask.body, _here(ask.caller)
    columns = authorizations.c
    if body.query_type.value == "Granted":
        query = select(authorizations).where(columns.nip == here[1] if here[0] == "Nip" else false())
        if body.authorized_identifier:
            other = checked("authorizedIdentifier", body.authorized_identifier)
            query = query.where(_is("subject", authorizations, other))
    else:
        query = select(authorizations).where(_is("subject", authorizations, here))
        if body.authorizing_identifier:
            query = query.where(
                columns.nip == checked("authorizingIdentifier", body.authorizing_identifier)[1]
            )
    if names := _names(body.permission_types):
        query = query.where(columns.permission.in_(names))
    rows, more = _page(ask, _newest(query, authorizations))
    return QueryEntityAuthorizationPermissionsResponse(
        authorization_grants=[_authorization(row) for row in rows], has_more=more
    )


def _authorization(row: RowMapping) -> EntityAuthorizationGrant:
    found: EntityAuthorizationGrant = _read(
        EntityAuthorizationGrant,
        {
            **_common(row, "authorizationScope"),
            "authorIdentifier": _identifier(row["author_type"], row["author_value"]),
            "authorizedEntityIdentifier": _identifier(row["subject_type"], row["subject_value"]),
            "authorizingEntityIdentifier": _identifier("Nip", row["nip"]),
            "subjectEntityDetails": {
                "subjectDetailsType": "EntityByIdentifier",
                "fullName": row["full_name"],
            },
        },
    )
    return found


# ---- EU entities -----------------------------------------------------------------------------------


@answers(lists.EU_ENTITIES, reads=True)
def eu_entities(ask: Ask[EuEntityPermissionsQueryRequest]) -> QueryEuEntityPermissionsResponse:
    """POST /permissions/query/eu-entities/grants: from a company its administrators, within all."""
    body, here = ask.body, _here(ask.caller)
    if here[0] == "NipVatUe":
        query = select(grants).where(_is("context", grants, here))
    else:
        query = select(grants).where(_G.kind == "eu-admin", _is("from", grants, here))
    if body.vat_ue_identifier:
        query = query.where(_G.context_value == f"{here[1][:10]}-{body.vat_ue_identifier}")
    if body.authorized_fingerprint_identifier:
        part = body.authorized_fingerprint_identifier.upper()  # as they are kept; LIKE may mind the case
        query = query.where(_G.subject_value.contains(part, autoescape=True))
    if names := _names(body.permission_types):
        query = query.where(_G.permission.in_(names))
    rows, more = _page(ask, _newest(query, grants))
    return QueryEuEntityPermissionsResponse(permissions=[_eu(row) for row in rows], has_more=more)


def _eu(row: RowMapping) -> EuEntityPermission:
    entity = json.loads(row["eu_entity"]) if row["eu_entity"] else None
    found: EuEntityPermission = _read(
        EuEntityPermission,
        {
            **_common(row),
            **_whom(row),
            "authorIdentifier": _identifier(row["author_type"], row["author_value"]),
            "vatUeIdentifier": row["context_value"].partition("-")[2],
            "euEntityName": entity["name"] if entity else row["context_value"],
            "authorizedFingerprintIdentifier": row["subject_value"],
            "euEntityDetails": entity,
        },
    )
    return found
