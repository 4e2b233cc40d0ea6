"""Permissions: grant, revoke, follow the operation; consent to attachments. Rules: permissions.md.

What is granted stands here; the lists are in `permission_queries`. The class names are the contract's,
which has an identifier of its own for nearly every place.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from klucznik.wire.base import Day, MayOmit, Model, Timestamp, WireEnum
from klucznik.wire.common import StatusInfo
from klucznik.wire.endpoint import Endpoint
from klucznik.wire.ids import ReferenceNumber

Description = Annotated[str, Field(min_length=5, max_length=256)]
FirstName = Annotated[str, Field(min_length=2, max_length=30)]
LastName = Annotated[str, Field(min_length=2, max_length=81)]
FullName = Annotated[str, Field(min_length=5, max_length=90)]
EntityName = Annotated[str, Field(max_length=100)]
Address = Annotated[str, Field(max_length=512)]

#: Values of identifiers, by the lengths the contract gives; their shapes are checked by type.
OfTen = Annotated[str, Field(min_length=10, max_length=10)]
NineOrTen = Annotated[str, Field(min_length=9, max_length=10)]
TenOrEleven = Annotated[str, Field(min_length=10, max_length=11)]
TenToSixteen = Annotated[str, Field(min_length=10, max_length=16)]
TenToSixtyFour = Annotated[str, Field(min_length=10, max_length=64)]
OfNipVatUe = Annotated[str, Field(min_length=15, max_length=25)]
Fingerprint = Annotated[str, Field(min_length=64, max_length=64)]
_UpToTwenty = Annotated[str, Field(max_length=20)]
_Country = Annotated[str, Field(min_length=2, max_length=2)]


class PersonPermissionsSubjectIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class PersonPermissionsSubjectIdentifier(Model):
    type: PersonPermissionsSubjectIdentifierType
    value: TenToSixtyFour


class PersonPermissionType(WireEnum):
    CredentialsManage = "CredentialsManage"
    CredentialsRead = "CredentialsRead"
    InvoiceWrite = "InvoiceWrite"
    InvoiceRead = "InvoiceRead"
    Introspection = "Introspection"
    SubunitManage = "SubunitManage"
    EnforcementOperations = "EnforcementOperations"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


class PersonPermissionSubjectDetailsType(WireEnum):
    PersonByIdentifier = "PersonByIdentifier"
    PersonByFingerprintWithIdentifier = "PersonByFingerprintWithIdentifier"
    PersonByFingerprintWithoutIdentifier = "PersonByFingerprintWithoutIdentifier"


class PersonDetails(Model):
    first_name: FirstName
    last_name: LastName


class PersonIdentifierType(WireEnum):
    Pesel = "Pesel"
    Nip = "Nip"


class PersonIdentifier(Model):
    type: PersonIdentifierType
    value: TenOrEleven


class PersonByFingerprintWithIdentifierDetails(Model):
    first_name: FirstName
    last_name: LastName
    identifier: PersonIdentifier


class IdDocument(Model):
    type: _UpToTwenty
    number: _UpToTwenty
    country: _Country


class PersonByFingerprintWithoutIdentifierDetails(Model):
    first_name: FirstName
    last_name: LastName
    birth_date: Day
    id_document: IdDocument


class PersonPermissionSubjectDetails(Model):
    """Who is permitted: the one payload that `subjectDetailsType` names."""

    subject_details_type: PersonPermissionSubjectDetailsType
    person_by_id: PersonDetails | None = None
    person_by_fp_with_id: PersonByFingerprintWithIdentifierDetails | None = None
    person_by_fp_no_id: PersonByFingerprintWithoutIdentifierDetails | None = None


class PersonPermissionsGrantRequest(Model):
    subject_identifier: PersonPermissionsSubjectIdentifier
    permissions: list[PersonPermissionType]
    description: Description
    subject_details: PersonPermissionSubjectDetails


class EntityPermissionsSubjectIdentifierType(WireEnum):
    Nip = "Nip"


class EntityPermissionsSubjectIdentifier(Model):
    type: EntityPermissionsSubjectIdentifierType
    value: OfTen


class EntityPermissionType(WireEnum):
    InvoiceWrite = "InvoiceWrite"
    InvoiceRead = "InvoiceRead"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


class EntityPermission(Model):
    type: EntityPermissionType
    can_delegate: MayOmit[bool] = None


class EntityDetails(Model):
    full_name: FullName


class EntityPermissionsGrantRequest(Model):
    subject_identifier: EntityPermissionsSubjectIdentifier
    permissions: list[EntityPermission]
    description: Description
    subject_details: EntityDetails


class EntityAuthorizationPermissionsSubjectIdentifierType(WireEnum):
    Nip = "Nip"
    PeppolId = "PeppolId"


class EntityAuthorizationPermissionsSubjectIdentifier(Model):
    type: EntityAuthorizationPermissionsSubjectIdentifierType
    value: NineOrTen


class EntityAuthorizationPermissionType(WireEnum):
    SelfInvoicing = "SelfInvoicing"
    RRInvoicing = "RRInvoicing"
    TaxRepresentative = "TaxRepresentative"
    PefInvoicing = "PefInvoicing"


class EntityAuthorizationPermissionsGrantRequest(Model):
    subject_identifier: EntityAuthorizationPermissionsSubjectIdentifier
    permission: EntityAuthorizationPermissionType
    description: Description
    subject_details: EntityDetails


class IndirectPermissionsSubjectIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class IndirectPermissionsSubjectIdentifier(Model):
    type: IndirectPermissionsSubjectIdentifierType
    value: TenToSixtyFour


class IndirectPermissionsTargetIdentifierType(WireEnum):
    Nip = "Nip"
    AllPartners = "AllPartners"
    InternalId = "InternalId"


class IndirectPermissionsTargetIdentifier(Model):
    """One client, or (`AllPartners`, no value) all of them."""

    type: IndirectPermissionsTargetIdentifierType
    value: TenToSixteen | None = None


class IndirectPermissionType(WireEnum):
    InvoiceRead = "InvoiceRead"
    InvoiceWrite = "InvoiceWrite"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


class IndirectPermissionsGrantRequest(Model):
    subject_identifier: IndirectPermissionsSubjectIdentifier
    permissions: list[IndirectPermissionType]
    description: Description
    subject_details: PersonPermissionSubjectDetails
    target_identifier: IndirectPermissionsTargetIdentifier | None = None


class SubunitPermissionsSubjectIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class SubunitPermissionsSubjectIdentifier(Model):
    type: SubunitPermissionsSubjectIdentifierType
    value: TenToSixtyFour


class SubunitPermissionsContextIdentifierType(WireEnum):
    InternalId = "InternalId"
    Nip = "Nip"


class SubunitPermissionsContextIdentifier(Model):
    type: SubunitPermissionsContextIdentifierType
    value: TenToSixteen


class SubunitPermissionsGrantRequest(Model):
    subject_identifier: SubunitPermissionsSubjectIdentifier
    context_identifier: SubunitPermissionsContextIdentifier
    description: Description
    subject_details: PersonPermissionSubjectDetails
    subunit_name: Description | None = None


class EuEntityAdministrationPermissionsSubjectIdentifierType(WireEnum):
    Fingerprint = "Fingerprint"


class EuEntityAdministrationPermissionsSubjectIdentifier(Model):
    type: EuEntityAdministrationPermissionsSubjectIdentifierType
    value: Fingerprint


class EuEntityAdministrationPermissionsContextIdentifierType(WireEnum):
    NipVatUe = "NipVatUe"


class EuEntityAdministrationPermissionsContextIdentifier(Model):
    """The context that the grant creates: the granting company's NIP, a hyphen, the VAT number."""

    type: EuEntityAdministrationPermissionsContextIdentifierType
    value: OfNipVatUe


class EuEntityPermissionSubjectDetailsType(WireEnum):
    PersonByFingerprintWithIdentifier = "PersonByFingerprintWithIdentifier"
    PersonByFingerprintWithoutIdentifier = "PersonByFingerprintWithoutIdentifier"
    EntityByFingerprint = "EntityByFingerprint"


class EntityByFingerprintDetails(Model):
    full_name: EntityName
    address: Address


class EuEntityPermissionSubjectDetails(Model):
    """Who is permitted, known by the fingerprint of a certificate."""

    subject_details_type: EuEntityPermissionSubjectDetailsType
    person_by_fp_with_id: PersonByFingerprintWithIdentifierDetails | None = None
    person_by_fp_no_id: PersonByFingerprintWithoutIdentifierDetails | None = None
    entity_by_fp: EntityByFingerprintDetails | None = None


class EuEntityDetails(Model):
    full_name: EntityName
    address: Address


class EuEntityAdministrationPermissionsGrantRequest(Model):
    subject_identifier: EuEntityAdministrationPermissionsSubjectIdentifier
    context_identifier: EuEntityAdministrationPermissionsContextIdentifier
    description: Description
    eu_entity_name: Description
    subject_details: EuEntityPermissionSubjectDetails
    eu_entity_details: EuEntityDetails


class EuEntityPermissionsSubjectIdentifierType(WireEnum):
    Fingerprint = "Fingerprint"


class EuEntityPermissionsSubjectIdentifier(Model):
    type: EuEntityPermissionsSubjectIdentifierType
    value: Fingerprint


class EuEntityPermissionType(WireEnum):
    InvoiceWrite = "InvoiceWrite"
    InvoiceRead = "InvoiceRead"


class EuEntityPermissionsGrantRequest(Model):
    subject_identifier: EuEntityPermissionsSubjectIdentifier
    permissions: list[EuEntityPermissionType]
    description: Description
    subject_details: EuEntityPermissionSubjectDetails


class PermissionsOperationResponse(Model):
    """The operation under way; its outcome is asked for by reference number."""

    reference_number: ReferenceNumber


class PermissionsOperationStatusResponse(Model):
    status: StatusInfo


class CheckAttachmentPermissionStatusResponse(Model):
    is_attachment_allowed: MayOmit[bool] = None
    revoked_date: Timestamp | None = None


def _grant(what: str, takes: type[Model], *permissions: str) -> Endpoint[PermissionsOperationResponse]:
    return Endpoint(
        "POST",
        f"/permissions/{what}/grants",
        takes,
        PermissionsOperationResponse,
        202,
        permissions=permissions,
        refuses=(21001, 21405),
    )


def _revoke(what: str, *permissions: str) -> Endpoint[PermissionsOperationResponse]:
    return Endpoint(
        "DELETE",
        f"/permissions/{what}/grants/{{permissionId}}",
        None,
        PermissionsOperationResponse,
        202,
        permissions=permissions,
        refuses=(21405,),
    )


GRANT_PERSON = _grant("persons", PersonPermissionsGrantRequest, "CredentialsManage")
GRANT_ENTITY = _grant("entities", EntityPermissionsGrantRequest, "CredentialsManage")
GRANT_AUTHORIZATION = _grant(
    "authorizations", EntityAuthorizationPermissionsGrantRequest, "CredentialsManage"
)
GRANT_INDIRECT = _grant("indirect", IndirectPermissionsGrantRequest, "CredentialsManage")
GRANT_SUBUNIT = _grant("subunits", SubunitPermissionsGrantRequest, "SubunitManage")
GRANT_EU_ADMINISTRATION = _grant(
    "eu-entities/administration", EuEntityAdministrationPermissionsGrantRequest, "CredentialsManage"
)
GRANT_EU_ENTITY = _grant("eu-entities", EuEntityPermissionsGrantRequest, "VatUeManage")
REVOKE_COMMON = _revoke("common", "CredentialsManage", "VatUeManage", "SubunitManage")
REVOKE_AUTHORIZATION = _revoke("authorizations", "CredentialsManage")
OPERATION = Endpoint(
    "GET",
    "/permissions/operations/{referenceNumber}",
    None,
    PermissionsOperationStatusResponse,
    200,
    refuses=(21405,),
    gone=True,
)
ATTACHMENTS_STATUS = Endpoint(
    "GET",
    "/permissions/attachments/status",
    None,
    CheckAttachmentPermissionStatusResponse,
    200,
    permissions=("CredentialsManage", "CredentialsRead"),
    refuses=(21405,),
)
