"""Granting and revoking: what is refused at once, and the operation that follows. Rules: permissions.md.

A body that cannot be right is refused with 21405. Whatever depends on who stands to whom in which
relation is decided after 202, by the step in `permission_work`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import insert, select

from klucznik.lang import both
from klucznik.server.ask import Ask, answers
from klucznik.server.shapes import checked, refuse
from klucznik.server.tables import instant, permission_operations, stamp
from klucznik.wire import codes, ids, permissions
from klucznik.wire.common import StatusInfo
from klucznik.wire.permissions import (
    EntityAuthorizationPermissionsGrantRequest,
    EntityPermissionsGrantRequest,
    EuEntityAdministrationPermissionsGrantRequest,
    EuEntityPermissionsGrantRequest,
    EuEntityPermissionSubjectDetails,
    IndirectPermissionsGrantRequest,
    PermissionsOperationResponse,
    PermissionsOperationStatusResponse,
    PersonPermissionsGrantRequest,
    PersonPermissionSubjectDetails,
    SubunitPermissionsGrantRequest,
)
from klucznik.wire.problems import Gone

#: How long the outcome of an operation can be asked for (section 9).
OPERATION_LIFE: Final = timedelta(days=30)

#: What comes with being administrator of an EU entity (section 3).
EU_ADMINISTRATION: Final = ("VatUeManage", "InvoiceWrite", "InvoiceRead", "Introspection")

_COUNTRY: Final = re.compile(r"[A-Z]{2}")

#: Which property holds the payload of a type of details, and which identifiers it may describe.
_PAYLOADS: Final = {
    "PersonByIdentifier": ("person_by_id", ("Nip", "Pesel")),
    "PersonByFingerprintWithIdentifier": ("person_by_fp_with_id", ("Fingerprint",)),
    "PersonByFingerprintWithoutIdentifier": ("person_by_fp_no_id", ("Fingerprint",)),
    "EntityByFingerprint": ("entity_by_fp", ("Fingerprint",)),
}


@answers(permissions.GRANT_PERSON)
def grant_person(ask: Ask[PersonPermissionsGrantRequest]) -> PermissionsOperationResponse:
    """POST /permissions/persons/grants: rights in the caller's context."""
    subject = checked("subjectIdentifier", ask.body.subject_identifier)
    return _start(
        ask,
        "person",
        subject=subject,
        permissions=_each(ask.body.permissions),
        details=_details(ask.body.subject_details, subject[0]),
    )


@answers(permissions.GRANT_ENTITY)
def grant_entity(ask: Ask[EntityPermissionsGrantRequest]) -> PermissionsOperationResponse:
    """POST /permissions/entities/grants: a company may work here, and perhaps pass it on."""
    wanted: dict[str, bool] = {}
    for permission in ask.body.permissions:
        name = permission.type.value
        wanted[name] = bool(permission.can_delegate) or wanted.get(name, False)
    return _start(
        ask,
        "entity",
        subject=checked("subjectIdentifier", ask.body.subject_identifier),
        permissions=_some(list(wanted.items())),
        details={"subjectDetailsType": "EntityByIdentifier", "fullName": ask.body.subject_details.full_name},
    )


@answers(permissions.GRANT_AUTHORIZATION)
def grant_authorization(
    ask: Ask[EntityAuthorizationPermissionsGrantRequest],
) -> PermissionsOperationResponse:
    """POST /permissions/authorizations/grants: a company may act for this one from its own context."""
    return _start(
        ask,
        "authorization",
        subject=checked("subjectIdentifier", ask.body.subject_identifier),
        permissions=[(ask.body.permission.value, False)],
        details={"fullName": ask.body.subject_details.full_name},
    )


@answers(permissions.GRANT_INDIRECT)
def grant_indirect(ask: Ask[IndirectPermissionsGrantRequest]) -> PermissionsOperationResponse:
    """POST /permissions/indirect/grants: what clients gave to pass on, for one of them or for all."""
    subject = checked("subjectIdentifier", ask.body.subject_identifier)
    given = ask.body.target_identifier
    target = ("AllPartners", "")
    if given is not None and given.type.value != "AllPartners":
        if given.value is None:
            raise refuse(
                "'targetIdentifier.value' must not be empty.", "'targetIdentifier.value' nie może być puste."
            )
        target = checked("targetIdentifier", given)
    elif given is not None and given.value is not None:
        raise refuse(
            "'targetIdentifier.value' must be empty for AllPartners.",
            "'targetIdentifier.value' musi być puste dla AllPartners.",
        )
    return _start(
        ask,
        "indirect",
        subject=subject,
        permissions=_each(ask.body.permissions),
        details=_details(ask.body.subject_details, subject[0]),
        target=target,
    )


@answers(permissions.GRANT_SUBUNIT)
def grant_subunit(ask: Ask[SubunitPermissionsGrantRequest]) -> PermissionsOperationResponse:
    """POST /permissions/subunits/grants: an administrator of a unit; the first one makes the unit."""
    body = ask.body
    subject = checked("subjectIdentifier", body.subject_identifier)
    unit = checked("contextIdentifier", body.context_identifier)
    if unit[0] == "InternalId":
        # The check digit is looked at on every profile; that of the NIP within it is not (section 7).
        if ids.internal_id_check(unit[1][:15]) != int(unit[1][15]):
            raise refuse(
                "'contextIdentifier.value' has a wrong check digit.",
                "'contextIdentifier.value' ma błędną cyfrę kontrolną (ostatnią).",
            )
        if body.subunit_name is None:
            raise refuse("'subunitName' must not be empty.", "'subunitName' nie może być puste.")
    return _start(
        ask,
        "subunit",
        subject=subject,
        permissions=[("CredentialsManage", False)],
        details=_details(body.subject_details, subject[0]),
        context=unit,
        unit_name=body.subunit_name,
    )


@answers(permissions.GRANT_EU_ADMINISTRATION)
def grant_eu_administration(
    ask: Ask[EuEntityAdministrationPermissionsGrantRequest],
) -> PermissionsOperationResponse:
    """POST /permissions/eu-entities/administration/grants: makes the context `NIP-VATUE` as well."""
    body = ask.body
    subject = checked("subjectIdentifier", body.subject_identifier)
    entity = body.eu_entity_details
    return _start(
        ask,
        "eu-admin",
        subject=subject,
        permissions=[(name, False) for name in EU_ADMINISTRATION],
        details=_details(body.subject_details, subject[0]),
        context=checked("contextIdentifier", body.context_identifier),
        eu_entity={"name": body.eu_entity_name, "fullName": entity.full_name, "address": entity.address},
    )


@answers(permissions.GRANT_EU_ENTITY)
def grant_eu_entity(ask: Ask[EuEntityPermissionsGrantRequest]) -> PermissionsOperationResponse:
    """POST /permissions/eu-entities/grants: a representative in the caller's NipVatUe context."""
    subject = checked("subjectIdentifier", ask.body.subject_identifier)
    return _start(
        ask,
        "eu",
        subject=subject,
        permissions=_each(ask.body.permissions),
        details=_details(ask.body.subject_details, subject[0]),
    )


@answers(permissions.REVOKE_COMMON)
def revoke_common(ask: Ask[None]) -> PermissionsOperationResponse:
    """DELETE /permissions/common/grants/{permissionId}."""
    return _operation(ask, "revoke", {"id": _permission_id(ask)})


@answers(permissions.REVOKE_AUTHORIZATION)
def revoke_authorization(ask: Ask[None]) -> PermissionsOperationResponse:
    """DELETE /permissions/authorizations/grants/{permissionId}."""
    return _operation(ask, "revoke-authorization", {"id": _permission_id(ask)})


def _permission_id(ask: Ask[None]) -> str:
    """The id in the path; whose it is, and of which kind, is decided later."""
    found = ask.path["permissionId"]
    if len(found) != 36:
        raise refuse(
            "The length of 'permissionId' must be 36 characters.", "'permissionId' musi mieć 36 znaków."
        )
    return found.lower()  # a GUID is read in either case


@answers(permissions.OPERATION)
def operation(ask: Ask[None]) -> PermissionsOperationStatusResponse:
    """GET /permissions/operations/{referenceNumber}: within the context that started it (section 9)."""
    ref = ask.path["referenceNumber"]
    columns = permission_operations.c
    query = select(columns.status, columns.created).where(
        columns.ref == ref,
        columns.context_type == ask.caller.context.type,
        columns.context_value == ask.caller.context.value,
    )
    found = ask.db.execute(query).first() if ids.is_reference(ref, "EG") else None
    # Unknown, foreign or malformed: one answer, so that nobody learns which.
    if found is None:
        raise refuse(
            "'referenceNumber' is not the reference number of an operation of this context.",
            "'referenceNumber' nie jest numerem operacji zleconej w tym kontekście.",
        )
    if instant(found.created) + OPERATION_LIFE <= ask.now:
        raise Gone(
            both("the operation is more than thirty days old", "od operacji minęło ponad trzydzieści dni")
        )
    return PermissionsOperationStatusResponse(
        status=StatusInfo(code=found.status, description=codes.PERMISSION_STATUS[found.status])
    )


# ---- bodies ------------------------------------------------------------------------------------------


def _some(wanted: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    if not wanted:
        raise refuse("'permissions' must not be empty.", "'permissions' nie może być puste.")
    return wanted


def _each(wanted: Iterable[Any]) -> list[tuple[str, bool]]:
    """Names of permissions, each once, none of them to be passed on."""
    return _some([(name, False) for name in dict.fromkeys(permission.value for permission in wanted)])


def _details(
    given: PersonPermissionSubjectDetails | EuEntityPermissionSubjectDetails, kind: str
) -> dict[str, Any]:
    """Whom a grant names, flat as the lists show it. Rule: section 3, the table of details."""
    named = given.subject_details_type.value
    name, kinds = _PAYLOADS[named]
    # (1) The payload that the type names is there, and no other.
    for other, _ in _PAYLOADS.values():
        present = getattr(given, other, None) is not None
        if present != (other == name):
            word, must = ("must be empty", "musi") if present else ("must not be empty", "nie może")
            field = type(given).model_fields[other].alias
            raise refuse(
                f"'subjectDetails.{field}' {word} for {named}.",
                f"'subjectDetails.{field}' {must} być puste dla {named}.",
            )
    # (2) It fits the identifier.
    if kind not in kinds:
        raise refuse(
            f"'subjectDetails.subjectDetailsType' {named} does not describe a {kind}.",
            f"'subjectDetails.subjectDetailsType' {named} nie opisuje identyfikatora {kind}.",
        )
    flat = json.loads(getattr(given, name).json_bytes())
    # (3) What is in it has the right shape.
    if "identifier" in flat:
        checked(
            "subjectDetails.personByFpWithId.identifier",
            getattr(given, name).identifier,
        )
        flat["personIdentifier"] = flat.pop("identifier")
    if "idDocument" in flat and _COUNTRY.fullmatch(flat["idDocument"]["country"]) is None:
        place = "'subjectDetails.personByFpNoId.idDocument.country'"
        raise refuse(f"{place} is not an ISO 3166 code.", f"{place} nie jest kodem ISO 3166.")
    return {"subjectDetailsType": named, **flat}


# ---- the operation -----------------------------------------------------------------------------------


def _start(
    ask: Ask[Any],
    kind: str,
    *,
    subject: tuple[str, str],
    permissions: list[tuple[str, bool]],
    details: dict[str, Any],
    context: tuple[str, str] | None = None,
    target: tuple[str, str] = ("", ""),
    unit_name: str | None = None,
    eu_entity: dict[str, str] | None = None,
) -> PermissionsOperationResponse:
    """Take a grant in; `context` is where it is good, the caller's own where nothing else is said."""
    here = ask.caller.context
    return _operation(
        ask,
        kind,
        {
            "subject": subject,
            "permissions": permissions,
            "description": ask.body.description,
            "details": details,
            "context": context or (here.type, here.value),
            "target": target,
            "unit_name": unit_name,
            "eu_entity": eu_entity,
        },
    )


def _operation(ask: Ask[Any], action: str, body: dict[str, Any]) -> PermissionsOperationResponse:
    caller = ask.caller
    ref = ids.make_reference("EG", ask.now, ask.ksef.random(5))
    ask.db.execute(
        insert(permission_operations).values(
            ref=ref,
            created=stamp(ask.now),
            status=100,
            action=action,
            needs=json.dumps(ask.row.permissions),
            context_type=caller.context.type,
            context_value=caller.context.value,
            author_type=caller.subject_type,
            author_value=caller.subject_value,
            # A KSeF token carries less than its author holds, and asks with that alone.
            body=json.dumps({**body, "carried": sorted(caller.permissions)}, ensure_ascii=False),
        )
    )
    ask.ksef.work.wake("permissions")
    return PermissionsOperationResponse(reference_number=ref)
