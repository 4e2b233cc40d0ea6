"""Permissions: grant, revoke, follow the operation, list. Rules: permissions.md.

    who = permissions.person("Jan", "Kowalski")
    ksef.run(permissions.grant_and_wait(
        permissions.grant_person(("Pesel", pesel), ["InvoiceRead"], who, "bookkeeping")))

A grant is good from the next login or refresh on. Identifiers are pairs of type and value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from klucznik.client.flow import Flow, Pace, ask, poll
from klucznik.errors import KlucznikError, Refused
from klucznik.lang import tr
from klucznik.wire import permission_queries as lists
from klucznik.wire import permissions as rows
from klucznik.wire.endpoint import Call
from klucznik.wire.permissions import (
    CheckAttachmentPermissionStatusResponse,
    EntityAuthorizationPermissionsGrantRequest,
    EntityByFingerprintDetails,
    EntityPermissionsGrantRequest,
    EuEntityAdministrationPermissionsGrantRequest,
    EuEntityDetails,
    EuEntityPermissionsGrantRequest,
    EuEntityPermissionSubjectDetails,
    EuEntityPermissionSubjectDetailsType,
    IdDocument,
    IndirectPermissionsGrantRequest,
    PermissionsOperationResponse,
    PermissionsOperationStatusResponse,
    PersonByFingerprintWithIdentifierDetails,
    PersonByFingerprintWithoutIdentifierDetails,
    PersonDetails,
    PersonIdentifier,
    PersonIdentifierType,
    PersonPermissionsGrantRequest,
    PersonPermissionSubjectDetails,
    PersonPermissionSubjectDetailsType,
    SubunitPermissionsGrantRequest,
)

#: Type and value, such as `("Pesel", "80010112345")`.
Identifier: TypeAlias = tuple[str, str]
Operation: TypeAlias = Call[PermissionsOperationResponse]

PACE: Final = Pace(first=1.0, growth=1.5, longest=5.0, total=120.0)

# ---- who is permitted --------------------------------------------------------------------------------


def person(first_name: str, last_name: str) -> PersonPermissionSubjectDetails:
    """Somebody known by NIP or PESEL."""
    return PersonPermissionSubjectDetails(
        subject_details_type=PersonPermissionSubjectDetailsType.PersonByIdentifier,
        person_by_id=PersonDetails(first_name=first_name, last_name=last_name),
    )


def holder(first_name: str, last_name: str, identifier: Identifier) -> PersonPermissionSubjectDetails:
    """Somebody known by the fingerprint of a certificate, who has a NIP or PESEL."""
    return PersonPermissionSubjectDetails(
        subject_details_type=PersonPermissionSubjectDetailsType.PersonByFingerprintWithIdentifier,
        person_by_fp_with_id=PersonByFingerprintWithIdentifierDetails(
            first_name=first_name,
            last_name=last_name,
            identifier=PersonIdentifier(type=PersonIdentifierType(identifier[0]), value=identifier[1]),
        ),
    )


def foreigner(
    first_name: str, last_name: str, born: date, document: str, number: str, country: str
) -> PersonPermissionSubjectDetails:
    """Somebody known by the fingerprint of a certificate, who has neither; `country` is ISO 3166, `DE`."""
    return PersonPermissionSubjectDetails(
        subject_details_type=PersonPermissionSubjectDetailsType.PersonByFingerprintWithoutIdentifier,
        person_by_fp_no_id=PersonByFingerprintWithoutIdentifierDetails(
            first_name=first_name,
            last_name=last_name,
            birth_date=born,
            id_document=IdDocument(type=document, number=number, country=country),
        ),
    )


def entity(full_name: str, address: str) -> EuEntityPermissionSubjectDetails:
    """A foreign company known by the fingerprint of its seal."""
    return EuEntityPermissionSubjectDetails(
        subject_details_type=EuEntityPermissionSubjectDetailsType.EntityByFingerprint,
        entity_by_fp=EntityByFingerprintDetails(full_name=full_name, address=address),
    )


def _identified(identifier: Identifier) -> dict[str, str]:
    return {"type": identifier[0], "value": identifier[1]}


def _eu(
    details: PersonPermissionSubjectDetails | EuEntityPermissionSubjectDetails,
) -> dict[str, Any]:
    return details.model_dump(by_alias=True, mode="json", exclude_none=True)


def _body(model: Any, **fields: Any) -> Any:
    """A request body from plain values; raises `pydantic.ValidationError` for what the contract forbids."""
    return model.model_validate(fields, strict=False)


# ---- granting ----------------------------------------------------------------------------------------


def grant_person(
    who: Identifier, permissions: Iterable[str], details: PersonPermissionSubjectDetails, description: str
) -> Operation:
    """POST /permissions/persons/grants: to a Nip, Pesel or Fingerprint, in the context logged in to."""
    return rows.GRANT_PERSON(
        _body(
            PersonPermissionsGrantRequest,
            subject_identifier=_identified(who),
            permissions=list(permissions),
            subject_details=details,
            description=description,
        )
    )


def grant_entity(
    nip: str,
    permissions: Iterable[str],
    full_name: str,
    description: str,
    *,
    can_delegate: bool | Collection[str] = False,
) -> Operation:
    """POST /permissions/entities/grants: a company works here; `can_delegate`: and passes it on, all of
    it or the permissions named."""
    return rows.GRANT_ENTITY(
        _body(
            EntityPermissionsGrantRequest,
            subject_identifier=_identified(("Nip", nip)),
            permissions=[
                {
                    "type": name,
                    "canDelegate": can_delegate if isinstance(can_delegate, bool) else name in can_delegate,
                }
                for name in permissions
            ],
            subject_details={"fullName": full_name},
            description=description,
        )
    )


def grant_authorization(who: Identifier, permission: str, full_name: str, description: str) -> Operation:
    """POST /permissions/authorizations/grants: SelfInvoicing, RRInvoicing, TaxRepresentative to a Nip,
    PefInvoicing to a PeppolId."""
    return rows.GRANT_AUTHORIZATION(
        _body(
            EntityAuthorizationPermissionsGrantRequest,
            subject_identifier=_identified(who),
            permission=permission,
            subject_details={"fullName": full_name},
            description=description,
        )
    )


def grant_indirect(
    who: Identifier,
    permissions: Iterable[str],
    details: PersonPermissionSubjectDetails,
    description: str,
    *,
    client: Identifier | None = None,
) -> Operation:
    """POST /permissions/indirect/grants: for one client (Nip or InternalId), or for all of them."""
    return rows.GRANT_INDIRECT(
        _body(
            IndirectPermissionsGrantRequest,
            subject_identifier=_identified(who),
            target_identifier=_identified(client) if client else {"type": "AllPartners"},
            permissions=list(permissions),
            subject_details=details,
            description=description,
        )
    )


def grant_subunit(
    who: Identifier,
    unit: Identifier,
    details: PersonPermissionSubjectDetails,
    description: str,
    *,
    unit_name: str | None = None,
) -> Operation:
    """POST /permissions/subunits/grants: an administrator of an InternalId (which needs a name) or a Nip."""
    return rows.GRANT_SUBUNIT(
        _body(
            SubunitPermissionsGrantRequest,
            subject_identifier=_identified(who),
            context_identifier=_identified(unit),
            subunit_name=unit_name,
            subject_details=details,
            description=description,
        )
    )


def grant_eu_administration(
    fingerprint: str,
    context: str,
    details: PersonPermissionSubjectDetails | EuEntityPermissionSubjectDetails,
    description: str,
    *,
    full_name: str,
    address: str,
) -> Operation:
    """POST /permissions/eu-entities/administration/grants; `context` is NIP-VATUE, the rest the EU entity."""
    return rows.GRANT_EU_ADMINISTRATION(
        _body(
            EuEntityAdministrationPermissionsGrantRequest,
            subject_identifier=_identified(("Fingerprint", fingerprint)),
            context_identifier=_identified(("NipVatUe", context)),
            eu_entity_name=f"{full_name}, {address}"[:256],
            eu_entity_details=EuEntityDetails(full_name=full_name, address=address),
            subject_details=_eu(details),
            description=description,
        )
    )


def grant_eu_entity(
    fingerprint: str,
    permissions: Iterable[str],
    details: PersonPermissionSubjectDetails | EuEntityPermissionSubjectDetails,
    description: str,
) -> Operation:
    """POST /permissions/eu-entities/grants: a representative, in a NipVatUe context."""
    return rows.GRANT_EU_ENTITY(
        _body(
            EuEntityPermissionsGrantRequest,
            subject_identifier=_identified(("Fingerprint", fingerprint)),
            permissions=list(permissions),
            subject_details=_eu(details),
            description=description,
        )
    )


def revoke(permission_id: str) -> Operation:
    """DELETE /permissions/common/grants/{permissionId}: everything but authorizations."""
    return rows.REVOKE_COMMON(permissionId=permission_id)


def revoke_authorization(permission_id: str) -> Operation:
    """DELETE /permissions/authorizations/grants/{permissionId}."""
    return rows.REVOKE_AUTHORIZATION(permissionId=permission_id)


def operation(reference_number: str) -> Call[PermissionsOperationStatusResponse]:
    """GET /permissions/operations/{referenceNumber}: 100 while it is under way."""
    return rows.OPERATION(referenceNumber=reference_number)


def attachments_status() -> Call[CheckAttachmentPermissionStatusResponse]:
    """GET /permissions/attachments/status."""
    return rows.ATTACHMENTS_STATUS()


def grant_and_wait(call: Operation, *, pace: Pace = PACE) -> Flow[str]:
    """Start an operation (a grant or a revocation), wait for its end; returns its reference number.

    Raises `Refused` with KSeF's code and words when it ends in failure. Rule: permissions.md section 9.
    """
    started = yield from ask(call)
    reference = started.reference_number
    try:
        found = yield from poll(operation(reference), lambda answer: answer.status.code != 100, pace)
    except KlucznikError as error:
        error.hint = f"{error.hint} {_look(reference)}".strip()
        raise
    status = found.status
    if status.code != 200:
        raise Refused(
            tr(
                f"Operation {reference} was refused: {status.code} „{status.description}”.",
                f"Odmowa operacji {reference}: {status.code} „{status.description}”.",
            ),
            status=200,
            code=status.code,
            details=[status.description, *(status.details or [])],
            hint=_hint(status.code),
            again="later" if status.code == 550 else "never",
        )
    return reference


def _look(reference: str) -> str:
    return tr(
        f"operation {reference} was taken in: look at its status before repeating it.",
        f"operacja {reference} została przyjęta: sprawdź jej stan, zanim ją powtórzysz.",
    )


def _hint(code: int) -> str:
    match code:
        case 410:
            return tr(
                "the unit or the EU entity does not belong to this company.",
                "jednostka albo podmiot unijny nie należy do tej firmy.",
            )
        case 420:
            return tr("log in again and look at your own permissions.", "zaloguj się i sprawdź uprawnienia.")
        case 430:
            return tr(
                "this context has not the role, or is not of the type, for that permission.",
                "ten kontekst nie ma roli albo typu potrzebnego do tego uprawnienia.",
            )
        case 440:
            return tr("a company does not grant this to itself.", "firma nie nadaje tego samej sobie.")
        case 450:
            return tr(
                "is the identifier right, and of the type for this permission?",
                "czy identyfikator jest właściwy i ma typ dla tego uprawnienia?",
            )
    return ""


# ---- listing -----------------------------------------------------------------------------------------


def _filters(**given: Any) -> dict[str, Any]:
    """Filters that were given; a pair becomes an identifier."""
    return {
        name: _filter(value) if isinstance(value, tuple) else value for name, value in given.items() if value
    }


def _filter(identifier: Identifier) -> dict[str, str]:
    kind, value = identifier
    return {"type": kind, "value": value} if value else {"type": kind}


def _page(number: int, size: int) -> lists.PageQuery:
    return lists.PageQuery(page_offset=number, page_size=size)


def personal(
    *,
    context: Identifier | None = None,
    target: Identifier | None = None,
    permissions: Iterable[str] = (),
    state: str | None = None,
    page: int = 0,
    size: int = 100,
) -> Call[lists.QueryPersonalPermissionsResponse]:
    """POST /permissions/query/personal/grants: one's own; `target` may be `("AllPartners", "")`."""
    given = _filters(
        context_identifier=context,
        target_identifier=target,
        permission_types=list(permissions),
        permission_state=state,
    )
    return lists.PERSONAL(_body(lists.PersonalPermissionsQueryRequest, **given), query=_page(page, size))


def persons(
    *,
    granted: bool = False,
    author: Identifier | None = None,
    who: Identifier | None = None,
    context: Identifier | None = None,
    target: Identifier | None = None,
    permissions: Iterable[str] = (),
    state: str | None = None,
    page: int = 0,
    size: int = 100,
) -> Call[lists.QueryPersonPermissionsResponse]:
    """POST /permissions/query/persons/grants: who may work here; `granted`: what one granted oneself."""
    given = _filters(
        author_identifier=author,
        authorized_identifier=who,
        context_identifier=context,
        target_identifier=target,
        permission_types=list(permissions),
        permission_state=state,
    )
    kind = "PermissionsGrantedInCurrentContext" if granted else "PermissionsInCurrentContext"
    body = _body(lists.PersonPermissionsQueryRequest, query_type=kind, **given)
    return lists.PERSONS(body, query=_page(page, size))


def subunits(
    unit: Identifier | None = None, *, page: int = 0, size: int = 100
) -> Call[lists.QuerySubunitPermissionsResponse]:
    """POST /permissions/query/subunits/grants: administrators of units appointed from here."""
    body = _body(lists.SubunitPermissionsQueryRequest, **_filters(subunit_identifier=unit))
    return lists.SUBUNITS(body, query=_page(page, size))


def entities(
    giver: Identifier | None = None, *, page: int = 0, size: int = 100
) -> Call[lists.QueryEntityPermissionsResponse]:
    """POST /permissions/query/entities/grants: what other companies let this one do."""
    body = _body(lists.EntityPermissionsQueryRequest, **_filters(context_identifier=giver))
    return lists.ENTITIES(body, query=_page(page, size))


def roles(*, page: int = 0, size: int = 100) -> Call[lists.QueryEntityRolesResponse]:
    """GET /permissions/query/entities/roles."""
    return lists.ROLES(query=_page(page, size))


def subordinate_roles(
    nip: str | None = None, *, page: int = 0, size: int = 100
) -> Call[lists.QuerySubordinateEntityRolesResponse]:
    """POST /permissions/query/subordinate-entities/roles."""
    given = _filters(subordinate_entity_identifier=("Nip", nip) if nip else None)
    body = _body(lists.SubordinateEntityRolesQueryRequest, **given)
    return lists.SUBORDINATE_ROLES(body, query=_page(page, size))


def authorizations(
    *,
    received: bool = False,
    other: Identifier | None = None,
    permissions: Iterable[str] = (),
    page: int = 0,
    size: int = 100,
) -> Call[lists.QueryEntityAuthorizationPermissionsResponse]:
    """POST /permissions/query/authorizations/grants: given, or received; `other` is the other party."""
    given = _filters(
        authorizing_identifier=other if received else None,
        authorized_identifier=None if received else other,
        permission_types=list(permissions),
    )
    body = _body(
        lists.EntityAuthorizationPermissionsQueryRequest,
        query_type="Received" if received else "Granted",
        **given,
    )
    return lists.AUTHORIZATIONS(body, query=_page(page, size))


def eu_entities(
    *,
    vat_ue: str | None = None,
    fingerprint: str | None = None,
    permissions: Iterable[str] = (),
    page: int = 0,
    size: int = 100,
) -> Call[lists.QueryEuEntityPermissionsResponse]:
    """POST /permissions/query/eu-entities/grants; `fingerprint` may be a part of one."""
    given = _filters(
        vat_ue_identifier=vat_ue,
        authorized_fingerprint_identifier=fingerprint,
        permission_types=list(permissions),
    )
    body = _body(lists.EuEntityPermissionsQueryRequest, **given)
    return lists.EU_ENTITIES(body, query=_page(page, size))


class Numbered(Protocol):
    """A page of a list whose pages have numbers."""

    @property
    def has_more(self) -> bool: ...


N = TypeVar("N", bound=Numbered)


def every_page(page: Callable[[int], Call[N]]) -> Flow[list[N]]:
    """All pages of a list: `ksef.run(every_page(lambda number: personal(page=number)))`."""
    pages: list[N] = []
    while not pages or pages[-1].has_more:
        pages.append((yield from ask(page(len(pages)))))
    return pages
