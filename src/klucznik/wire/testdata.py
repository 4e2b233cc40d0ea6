"""Test data: subjects, people, permissions, blocked contexts; TEST environment only. Rules: testdata.md."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from klucznik.wire.base import Day, MayOmit, Model, Timestamp, WireEnum
from klucznik.wire.endpoint import Endpoint, LimitGroup, Nothing
from klucznik.wire.ids import Nip, Pesel

Description = Annotated[str, Field(min_length=5, max_length=256)]


class SubjectType(WireEnum):
    EnforcementAuthority = "EnforcementAuthority"
    VatGroup = "VatGroup"
    JST = "JST"


class Subunit(Model):
    subject_nip: Nip
    description: Description


class SubjectCreateRequest(Model):
    subject_nip: Nip
    subject_type: SubjectType
    subunits: list[Subunit] | None = None
    description: Description
    created_date: Timestamp | None = None


class SubjectRemoveRequest(Model):
    subject_nip: Nip


class PersonCreateRequest(Model):
    nip: Nip
    pesel: Pesel
    is_bailiff: bool
    description: Description
    is_deceased: MayOmit[bool] = None
    created_date: Timestamp | None = None


class PersonRemoveRequest(Model):
    nip: Nip


class TestDataContextIdentifierType(WireEnum):
    Nip = "Nip"


class TestDataContextIdentifier(Model):
    type: TestDataContextIdentifierType
    value: Annotated[str, Field(min_length=10, max_length=10)]


class TestDataAuthorizedIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class TestDataAuthorizedIdentifier(Model):
    type: TestDataAuthorizedIdentifierType
    value: Annotated[str, Field(min_length=10, max_length=64)]


class TestDataPermissionType(WireEnum):
    InvoiceRead = "InvoiceRead"
    InvoiceWrite = "InvoiceWrite"
    Introspection = "Introspection"
    CredentialsRead = "CredentialsRead"
    CredentialsManage = "CredentialsManage"
    EnforcementOperations = "EnforcementOperations"
    SubunitManage = "SubunitManage"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


class TestDataPermission(Model):
    description: Description
    permission_type: TestDataPermissionType


class TestDataPermissionsGrantRequest(Model):
    context_identifier: TestDataContextIdentifier
    authorized_identifier: TestDataAuthorizedIdentifier
    permissions: list[TestDataPermission]


class TestDataPermissionsRevokeRequest(Model):
    context_identifier: TestDataContextIdentifier
    authorized_identifier: TestDataAuthorizedIdentifier


class TestDataAuthenticationContextIdentifierType(WireEnum):
    Nip = "Nip"
    InternalId = "InternalId"
    NipVatUe = "NipVatUe"
    PeppolId = "PeppolId"


class TestDataAuthenticationContextIdentifier(Model):
    type: TestDataAuthenticationContextIdentifierType
    value: str


class BlockContextAuthenticationRequest(Model):
    context_identifier: TestDataAuthenticationContextIdentifier | None = None


class UnblockContextAuthenticationRequest(Model):
    context_identifier: TestDataAuthenticationContextIdentifier | None = None


class AttachmentPermissionGrantRequest(Model):
    nip: Nip


class AttachmentPermissionRevokeRequest(Model):
    nip: Nip
    expected_end_date: Day | None = None


def _row(path: str, takes: type[Model], *refuses: int, limits: LimitGroup) -> Endpoint[Nothing]:
    """All of these are POST, take no bearer, and answer 200 with nothing."""
    return Endpoint("POST", path, takes, Nothing, 200, limits=limits, bearer="anonymous", refuses=refuses)


_PER_IP: Final = LimitGroup.anonymous

SUBJECT_CREATE = _row("/testdata/subject", SubjectCreateRequest, 21405, 30001, limits=_PER_IP)
SUBJECT_REMOVE = _row("/testdata/subject/remove", SubjectRemoveRequest, 21405, limits=_PER_IP)
PERSON_CREATE = _row("/testdata/person", PersonCreateRequest, 21405, 30001, limits=_PER_IP)
PERSON_REMOVE = _row("/testdata/person/remove", PersonRemoveRequest, 21405, limits=_PER_IP)
PERMISSIONS_GRANT = _row("/testdata/permissions", TestDataPermissionsGrantRequest, 21405, limits=_PER_IP)
PERMISSIONS_REVOKE = _row(
    "/testdata/permissions/revoke", TestDataPermissionsRevokeRequest, 21405, limits=_PER_IP
)
CONTEXT_BLOCK = _row(
    "/testdata/context/block", BlockContextAuthenticationRequest, 21405, limits=LimitGroup.other
)
CONTEXT_UNBLOCK = _row(
    "/testdata/context/unblock", UnblockContextAuthenticationRequest, 21405, limits=LimitGroup.other
)
ATTACHMENT_GRANT = _row("/testdata/attachment", AttachmentPermissionGrantRequest, 21405, limits=_PER_IP)
ATTACHMENT_REVOKE = _row(
    "/testdata/attachment/revoke", AttachmentPermissionRevokeRequest, 21405, limits=_PER_IP
)
