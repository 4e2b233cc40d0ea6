"""Lists of permissions, authorizations and roles. Rules: permissions.md section 8."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import Field

from klucznik.wire.base import Day, Int32, Model, Timestamp, WireEnum
from klucznik.wire.endpoint import Endpoint
from klucznik.wire.ids import PermissionId, VatUe
from klucznik.wire.permissions import (
    Address,
    Description,
    EntityName,
    Fingerprint,
    FirstName,
    IdDocument,
    LastName,
    NineOrTen,
    OfTen,
    PersonIdentifier,
    PersonPermissionType,
    SubunitPermissionsSubjectIdentifierType,
    TenToSixteen,
    TenToSixtyFour,
)

Answer = TypeVar("Answer")


class PageQuery(Model):
    """Query parameters of every list: `pageOffset` is the number of a page, not of an entry."""

    page_offset: Annotated[Int32, Field(ge=0)] = 0
    page_size: Annotated[Int32, Field(ge=10, le=100)] = 10


# ---- /personal/grants: what the caller holds -------------------------------------------------------------


class PersonalPermissionsContextIdentifierType(WireEnum):
    Nip = "Nip"
    InternalId = "InternalId"


class PersonalPermissionsContextIdentifier(Model):
    type: PersonalPermissionsContextIdentifierType
    value: TenToSixteen


class PersonalPermissionsTargetIdentifierType(WireEnum):
    Nip = "Nip"
    AllPartners = "AllPartners"
    InternalId = "InternalId"


class PersonalPermissionsTargetIdentifier(Model):
    type: PersonalPermissionsTargetIdentifierType
    value: TenToSixteen | None = None


class PersonalPermissionType(WireEnum):
    CredentialsManage = "CredentialsManage"
    CredentialsRead = "CredentialsRead"
    InvoiceWrite = "InvoiceWrite"
    InvoiceRead = "InvoiceRead"
    Introspection = "Introspection"
    SubunitManage = "SubunitManage"
    EnforcementOperations = "EnforcementOperations"
    VatUeManage = "VatUeManage"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


class PermissionState(WireEnum):
    Active = "Active"
    Inactive = "Inactive"


class PersonalPermissionsQueryRequest(Model):
    context_identifier: PersonalPermissionsContextIdentifier | None = None
    target_identifier: PersonalPermissionsTargetIdentifier | None = None
    permission_types: list[PersonalPermissionType] | None = None
    permission_state: PermissionState | None = None


class PersonalPermissionsAuthorizedIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class PersonalPermissionsAuthorizedIdentifier(Model):
    type: PersonalPermissionsAuthorizedIdentifierType
    value: TenToSixtyFour


class PersonalPermissionScope(WireEnum):
    CredentialsManage = "CredentialsManage"
    CredentialsRead = "CredentialsRead"
    InvoiceWrite = "InvoiceWrite"
    InvoiceRead = "InvoiceRead"
    Introspection = "Introspection"
    SubunitManage = "SubunitManage"
    EnforcementOperations = "EnforcementOperations"
    VatUeManage = "VatUeManage"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


# ---- who is permitted, in several lists ------------------------------------------------------------------


class PersonSubjectDetailsType(WireEnum):
    PersonByIdentifier = "PersonByIdentifier"
    PersonByFingerprintWithIdentifier = "PersonByFingerprintWithIdentifier"
    PersonByFingerprintWithoutIdentifier = "PersonByFingerprintWithoutIdentifier"


class PermissionsSubjectPersonDetails(Model):
    """Who is permitted, flat: unlike in the bodies of grants."""

    subject_details_type: PersonSubjectDetailsType
    first_name: FirstName
    last_name: LastName
    person_identifier: PersonIdentifier | None = None
    birth_date: Day | None = None
    id_document: IdDocument | None = None


class EntitySubjectDetailsType(WireEnum):
    EntityByIdentifier = "EntityByIdentifier"
    EntityByFingerprint = "EntityByFingerprint"


class PermissionsSubjectEntityDetails(Model):
    subject_details_type: EntitySubjectDetailsType
    full_name: EntityName
    address: Address | None = None


class PersonalPermission(Model):
    id: PermissionId
    permission_scope: PersonalPermissionScope
    description: Description
    permission_state: PermissionState
    start_date: Timestamp
    can_delegate: bool
    context_identifier: PersonalPermissionsContextIdentifier | None = None
    authorized_identifier: PersonalPermissionsAuthorizedIdentifier | None = None
    target_identifier: PersonalPermissionsTargetIdentifier | None = None
    subject_person_details: PermissionsSubjectPersonDetails | None = None
    subject_entity_details: PermissionsSubjectEntityDetails | None = None


class OwnerPermissionScope(WireEnum):
    CredentialsManage = "CredentialsManage"
    CredentialsRead = "CredentialsRead"
    InvoiceWrite = "InvoiceWrite"
    InvoiceRead = "InvoiceRead"
    Introspection = "Introspection"
    SubunitManage = "SubunitManage"
    EnforcementOperations = "EnforcementOperations"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


class QueryPersonalPermissionsResponse(Model):
    permissions: list[PersonalPermission]
    has_more: bool
    owner_permissions: list[OwnerPermissionScope] | None = None


# ---- /persons/grants: who holds what in the context ------------------------------------------------------


class PersonPermissionsAuthorIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"
    System = "System"


class PersonPermissionsAuthorIdentifier(Model):
    type: PersonPermissionsAuthorIdentifierType
    value: TenToSixtyFour | None = None


class PersonPermissionsAuthorizedIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class PersonPermissionsAuthorizedIdentifier(Model):
    type: PersonPermissionsAuthorizedIdentifierType
    value: TenToSixtyFour


class PersonPermissionsContextIdentifierType(WireEnum):
    Nip = "Nip"
    InternalId = "InternalId"


class PersonPermissionsContextIdentifier(Model):
    type: PersonPermissionsContextIdentifierType
    value: TenToSixteen


class PersonPermissionsTargetIdentifierType(WireEnum):
    Nip = "Nip"
    AllPartners = "AllPartners"
    InternalId = "InternalId"


class PersonPermissionsTargetIdentifier(Model):
    type: PersonPermissionsTargetIdentifierType
    value: TenToSixteen | None = None


class PersonPermissionsQueryType(WireEnum):
    PermissionsInCurrentContext = "PermissionsInCurrentContext"
    PermissionsGrantedInCurrentContext = "PermissionsGrantedInCurrentContext"


class PersonPermissionsQueryRequest(Model):
    query_type: PersonPermissionsQueryType
    author_identifier: PersonPermissionsAuthorIdentifier | None = None
    authorized_identifier: PersonPermissionsAuthorizedIdentifier | None = None
    context_identifier: PersonPermissionsContextIdentifier | None = None
    target_identifier: PersonPermissionsTargetIdentifier | None = None
    permission_types: list[PersonPermissionType] | None = None
    permission_state: PermissionState | None = None


class PersonPermissionScope(WireEnum):
    CredentialsManage = "CredentialsManage"
    CredentialsRead = "CredentialsRead"
    InvoiceWrite = "InvoiceWrite"
    InvoiceRead = "InvoiceRead"
    Introspection = "Introspection"
    SubunitManage = "SubunitManage"
    EnforcementOperations = "EnforcementOperations"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


class PersonPermission(Model):
    id: PermissionId
    authorized_identifier: PersonPermissionsAuthorizedIdentifier
    author_identifier: PersonPermissionsAuthorIdentifier
    permission_scope: PersonPermissionScope
    description: Description
    permission_state: PermissionState
    start_date: Timestamp
    can_delegate: bool
    context_identifier: PersonPermissionsContextIdentifier | None = None
    target_identifier: PersonPermissionsTargetIdentifier | None = None
    subject_person_details: PermissionsSubjectPersonDetails | None = None
    subject_entity_details: PermissionsSubjectEntityDetails | None = None


class QueryPersonPermissionsResponse(Model):
    permissions: list[PersonPermission]
    has_more: bool


# ---- /subunits/grants: administrators of units -----------------------------------------------------------


class SubunitPermissionsSubunitIdentifierType(WireEnum):
    InternalId = "InternalId"
    Nip = "Nip"


class SubunitPermissionsSubunitIdentifier(Model):
    type: SubunitPermissionsSubunitIdentifierType
    value: TenToSixteen


class SubunitPermissionsQueryRequest(Model):
    subunit_identifier: SubunitPermissionsSubunitIdentifier | None = None


class SubunitPermissionsAuthorizedIdentifier(Model):
    type: SubunitPermissionsSubjectIdentifierType
    value: TenToSixtyFour


class SubunitPermissionsAuthorIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class SubunitPermissionsAuthorIdentifier(Model):
    type: SubunitPermissionsAuthorIdentifierType
    value: TenToSixtyFour


class SubunitPermissionScope(WireEnum):
    CredentialsManage = "CredentialsManage"


class SubunitPermission(Model):
    id: PermissionId
    authorized_identifier: SubunitPermissionsAuthorizedIdentifier
    subunit_identifier: SubunitPermissionsSubunitIdentifier
    author_identifier: SubunitPermissionsAuthorIdentifier
    permission_scope: SubunitPermissionScope
    description: Description
    start_date: Timestamp
    subject_person_details: PermissionsSubjectPersonDetails | None = None
    subunit_name: Description | None = None


class QuerySubunitPermissionsResponse(Model):
    permissions: list[SubunitPermission]
    has_more: bool


# ---- /entities/grants: what the context was given --------------------------------------------------------


class EntityPermissionsContextIdentifierType(WireEnum):
    Nip = "Nip"
    InternalId = "InternalId"


class EntityPermissionsContextIdentifier(Model):
    type: EntityPermissionsContextIdentifierType
    value: TenToSixteen


class EntityPermissionsQueryRequest(Model):
    context_identifier: EntityPermissionsContextIdentifier | None = None


class EntityPermissionItemScope(WireEnum):
    InvoiceWrite = "InvoiceWrite"
    InvoiceRead = "InvoiceRead"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


class EntityPermissionItem(Model):
    id: PermissionId
    context_identifier: EntityPermissionsContextIdentifier
    permission_scope: EntityPermissionItemScope
    description: Description
    start_date: Timestamp
    can_delegate: bool


class QueryEntityPermissionsResponse(Model):
    permissions: list[EntityPermissionItem]
    has_more: bool


# ---- /entities/roles -------------------------------------------------------------------------------------


class EntityRolesParentEntityIdentifierType(WireEnum):
    Nip = "Nip"


class EntityRolesParentEntityIdentifier(Model):
    type: EntityRolesParentEntityIdentifierType
    value: OfTen


class EntityRoleType(WireEnum):
    CourtBailiff = "CourtBailiff"
    EnforcementAuthority = "EnforcementAuthority"
    LocalGovernmentUnit = "LocalGovernmentUnit"
    LocalGovernmentSubUnit = "LocalGovernmentSubUnit"
    VatGroupUnit = "VatGroupUnit"
    VatGroupSubUnit = "VatGroupSubUnit"


class EntityRole(Model):
    role: EntityRoleType
    description: Description
    start_date: Timestamp
    parent_entity_identifier: EntityRolesParentEntityIdentifier | None = None


class QueryEntityRolesResponse(Model):
    roles: list[EntityRole]
    has_more: bool


# ---- /subordinate-entities/roles -------------------------------------------------------------------------


class EntityPermissionsSubordinateEntityIdentifierType(WireEnum):
    Nip = "Nip"


class EntityPermissionsSubordinateEntityIdentifier(Model):
    type: EntityPermissionsSubordinateEntityIdentifierType
    value: OfTen


class SubordinateEntityRolesQueryRequest(Model):
    subordinate_entity_identifier: EntityPermissionsSubordinateEntityIdentifier | None = None


class SubordinateRoleSubordinateEntityIdentifierType(WireEnum):
    Nip = "Nip"


class SubordinateRoleSubordinateEntityIdentifier(Model):
    type: SubordinateRoleSubordinateEntityIdentifierType
    value: OfTen


class SubordinateEntityRoleType(WireEnum):
    LocalGovernmentSubUnit = "LocalGovernmentSubUnit"
    VatGroupSubUnit = "VatGroupSubUnit"


class SubordinateEntityRole(Model):
    subordinate_entity_identifier: SubordinateRoleSubordinateEntityIdentifier
    role: SubordinateEntityRoleType
    description: Description
    start_date: Timestamp


class QuerySubordinateEntityRolesResponse(Model):
    roles: list[SubordinateEntityRole]
    has_more: bool


# ---- /authorizations/grants ------------------------------------------------------------------------------


class EntityAuthorizationsAuthorizingEntityIdentifierType(WireEnum):
    Nip = "Nip"


class EntityAuthorizationsAuthorizingEntityIdentifier(Model):
    type: EntityAuthorizationsAuthorizingEntityIdentifierType
    value: OfTen


class EntityAuthorizationsAuthorizedEntityIdentifierType(WireEnum):
    Nip = "Nip"
    PeppolId = "PeppolId"


class EntityAuthorizationsAuthorizedEntityIdentifier(Model):
    type: EntityAuthorizationsAuthorizedEntityIdentifierType
    value: NineOrTen


class QueryType(WireEnum):
    Granted = "Granted"
    Received = "Received"


class InvoicePermissionType(WireEnum):
    SelfInvoicing = "SelfInvoicing"
    TaxRepresentative = "TaxRepresentative"
    RRInvoicing = "RRInvoicing"
    PefInvoicing = "PefInvoicing"


class EntityAuthorizationPermissionsQueryRequest(Model):
    query_type: QueryType
    authorizing_identifier: EntityAuthorizationsAuthorizingEntityIdentifier | None = None
    authorized_identifier: EntityAuthorizationsAuthorizedEntityIdentifier | None = None
    permission_types: list[InvoicePermissionType] | None = None


class EntityAuthorizationsAuthorIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class EntityAuthorizationsAuthorIdentifier(Model):
    type: EntityAuthorizationsAuthorIdentifierType
    value: TenToSixtyFour


class EntitySubjectByIdentifierDetailsType(WireEnum):
    EntityByIdentifier = "EntityByIdentifier"


class PermissionsSubjectEntityByIdentifierDetails(Model):
    subject_details_type: EntitySubjectByIdentifierDetailsType
    full_name: EntityName


class EntityAuthorizationGrant(Model):
    id: PermissionId
    authorized_entity_identifier: EntityAuthorizationsAuthorizedEntityIdentifier
    authorizing_entity_identifier: EntityAuthorizationsAuthorizingEntityIdentifier
    authorization_scope: InvoicePermissionType
    description: Description
    start_date: Timestamp
    author_identifier: EntityAuthorizationsAuthorIdentifier | None = None
    subject_entity_details: PermissionsSubjectEntityByIdentifierDetails | None = None


class QueryEntityAuthorizationPermissionsResponse(Model):
    authorization_grants: list[EntityAuthorizationGrant]
    has_more: bool


# ---- /eu-entities/grants ---------------------------------------------------------------------------------


class EuEntityPermissionsQueryPermissionType(WireEnum):
    VatUeManage = "VatUeManage"
    InvoiceWrite = "InvoiceWrite"
    InvoiceRead = "InvoiceRead"
    Introspection = "Introspection"


class EuEntityPermissionsQueryRequest(Model):
    vat_ue_identifier: VatUe | None = None
    authorized_fingerprint_identifier: str | None = None
    permission_types: list[EuEntityPermissionsQueryPermissionType] | None = None


class EuEntityPermissionsAuthorIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class EuEntityPermissionsAuthorIdentifier(Model):
    type: EuEntityPermissionsAuthorIdentifierType
    value: TenToSixtyFour


class PersonSubjectByFingerprintDetailsType(WireEnum):
    PersonByFingerprintWithIdentifier = "PersonByFingerprintWithIdentifier"
    PersonByFingerprintWithoutIdentifier = "PersonByFingerprintWithoutIdentifier"


class PermissionsSubjectPersonByFingerprintDetails(Model):
    subject_details_type: PersonSubjectByFingerprintDetailsType
    first_name: FirstName
    last_name: LastName
    person_identifier: PersonIdentifier | None = None
    birth_date: Day | None = None
    id_document: IdDocument | None = None


class EntitySubjectByFingerprintDetailsType(WireEnum):
    EntityByFingerprint = "EntityByFingerprint"


class PermissionsSubjectEntityByFingerprintDetails(Model):
    subject_details_type: EntitySubjectByFingerprintDetailsType
    full_name: EntityName
    address: Address | None = None


class PermissionsEuEntityDetails(Model):
    full_name: EntityName
    address: Address


class EuEntityPermission(Model):
    id: PermissionId
    author_identifier: EuEntityPermissionsAuthorIdentifier
    vat_ue_identifier: str
    eu_entity_name: Description
    authorized_fingerprint_identifier: Fingerprint
    permission_scope: EuEntityPermissionsQueryPermissionType
    description: Description
    start_date: Timestamp
    subject_person_details: PermissionsSubjectPersonByFingerprintDetails | None = None
    subject_entity_details: PermissionsSubjectEntityByFingerprintDetails | None = None
    eu_entity_details: PermissionsEuEntityDetails | None = None


class QueryEuEntityPermissionsResponse(Model):
    permissions: list[EuEntityPermission]
    has_more: bool


# ---- the rows --------------------------------------------------------------------------------------------


def _list(what: str, takes: type[Model], gives: type[Answer], *permissions: str) -> Endpoint[Answer]:
    return Endpoint(
        "POST",
        f"/permissions/query/{what}",
        takes,
        gives,
        200,
        permissions=permissions,
        query=PageQuery,
        refuses=(21001, 21405),
    )


PERSONAL = _list("personal/grants", PersonalPermissionsQueryRequest, QueryPersonalPermissionsResponse)
PERSONS = _list(
    "persons/grants",
    PersonPermissionsQueryRequest,
    QueryPersonPermissionsResponse,
    "CredentialsManage",
    "CredentialsRead",
    "SubunitManage",
)
SUBUNITS = _list(
    "subunits/grants",
    SubunitPermissionsQueryRequest,
    QuerySubunitPermissionsResponse,
    "CredentialsManage",
    "CredentialsRead",
    "SubunitManage",
)
ENTITIES = _list(
    "entities/grants",
    EntityPermissionsQueryRequest,
    QueryEntityPermissionsResponse,
    "CredentialsManage",
    "CredentialsRead",
)
ROLES = Endpoint(
    "GET",
    "/permissions/query/entities/roles",
    None,
    QueryEntityRolesResponse,
    200,
    permissions=("CredentialsManage", "CredentialsRead"),
    query=PageQuery,
    refuses=(21001, 21405),
)
SUBORDINATE_ROLES = _list(
    "subordinate-entities/roles",
    SubordinateEntityRolesQueryRequest,
    QuerySubordinateEntityRolesResponse,
    "CredentialsManage",
    "CredentialsRead",
    "SubunitManage",
)
AUTHORIZATIONS = _list(
    "authorizations/grants",
    EntityAuthorizationPermissionsQueryRequest,
    QueryEntityAuthorizationPermissionsResponse,
    "CredentialsManage",
    "CredentialsRead",
    "PefInvoiceWrite",
)
EU_ENTITIES = _list(
    "eu-entities/grants",
    EuEntityPermissionsQueryRequest,
    QueryEuEntityPermissionsResponse,
    "CredentialsManage",
    "CredentialsRead",
    "VatUeManage",
)
