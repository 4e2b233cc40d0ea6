"""Test data: subjects, people and permissions on the test environment. Rules: testdata.md.

Anonymous calls, but for those on a subject's certificates; on demo and production the paths do not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from klucznik.wire import certificates as certificate_rows
from klucznik.wire import limits, testdata
from klucznik.wire.certificates import TestDataUpdateCertificateRequest
from klucznik.wire.endpoint import Call, Nothing
from klucznik.wire.limits import (
    CertificateSubjectLimitsOverride,
    EnrollmentSubjectLimitsOverride,
    SetSubjectLimitsRequest,
    SubjectIdentifierType,
)
from klucznik.wire.testdata import (
    AttachmentPermissionGrantRequest,
    AttachmentPermissionRevokeRequest,
    BlockContextAuthenticationRequest,
    PersonCreateRequest,
    PersonRemoveRequest,
    SubjectCreateRequest,
    SubjectRemoveRequest,
    SubjectType,
    Subunit,
    TestDataAuthenticationContextIdentifier,
    TestDataAuthenticationContextIdentifierType,
    TestDataAuthorizedIdentifier,
    TestDataAuthorizedIdentifierType,
    TestDataContextIdentifier,
    TestDataContextIdentifierType,
    TestDataPermission,
    TestDataPermissionsGrantRequest,
    TestDataPermissionsRevokeRequest,
    TestDataPermissionType,
    UnblockContextAuthenticationRequest,
)


def create_subject(
    nip: str, subject_type: SubjectType | str, description: str, subunits: Mapping[str, str] | None = None
) -> Call[Nothing]:
    """POST /testdata/subject; `subunits` maps a NIP to its description."""
    units = [Subunit(subject_nip=n, description=d) for n, d in (subunits or {}).items()]
    return testdata.SUBJECT_CREATE(
        SubjectCreateRequest(
            subject_nip=nip,
            subject_type=SubjectType(subject_type),
            subunits=units or None,
            description=description,
        )
    )


def remove_subject(nip: str) -> Call[Nothing]:
    """POST /testdata/subject/remove."""
    return testdata.SUBJECT_REMOVE(SubjectRemoveRequest(subject_nip=nip))


def create_person(
    nip: str, pesel: str, description: str, *, is_bailiff: bool = False, is_deceased: bool = False
) -> Call[Nothing]:
    """POST /testdata/person: a sole trader, whose NIP and PESEL are one owner."""
    return testdata.PERSON_CREATE(
        PersonCreateRequest(
            nip=nip,
            pesel=pesel,
            is_bailiff=is_bailiff,
            is_deceased=is_deceased,
            description=description,
        )
    )


def remove_person(nip: str) -> Call[Nothing]:
    """POST /testdata/person/remove."""
    return testdata.PERSON_REMOVE(PersonRemoveRequest(nip=nip))


def grant(
    nip: str,
    who_type: TestDataAuthorizedIdentifierType | str,
    who: str,
    permissions: Iterable[TestDataPermissionType | str],
    description: str = "granted as test data",
) -> Call[Nothing]:
    """POST /testdata/permissions: in the context of `nip`, to a Nip, Pesel or Fingerprint."""
    return testdata.PERMISSIONS_GRANT(
        TestDataPermissionsGrantRequest(
            context_identifier=_context(nip),
            authorized_identifier=_authorized(who_type, who),
            permissions=[
                TestDataPermission(permission_type=TestDataPermissionType(p), description=description)
                for p in permissions
            ],
        )
    )


def revoke(nip: str, who_type: TestDataAuthorizedIdentifierType | str, who: str) -> Call[Nothing]:
    """POST /testdata/permissions/revoke: everything granted that way to the pair."""
    return testdata.PERMISSIONS_REVOKE(
        TestDataPermissionsRevokeRequest(
            context_identifier=_context(nip), authorized_identifier=_authorized(who_type, who)
        )
    )


def allow_attachments(nip: str) -> Call[Nothing]:
    """POST /testdata/attachment: the company may send invoices with attachments."""
    return testdata.ATTACHMENT_GRANT(AttachmentPermissionGrantRequest(nip=nip))


def end_attachments(nip: str, ends: date | None = None) -> Call[Nothing]:
    """POST /testdata/attachment/revoke: from a day on, or at once."""
    return testdata.ATTACHMENT_REVOKE(AttachmentPermissionRevokeRequest(nip=nip, expected_end_date=ends))


def block(value: str, kind: TestDataAuthenticationContextIdentifierType | str = "Nip") -> Call[Nothing]:
    """POST /testdata/context/block: new logins in the context end with 480."""
    context = _login_context(value, kind)
    return testdata.CONTEXT_BLOCK(BlockContextAuthenticationRequest(context_identifier=context))


def unblock(value: str, kind: TestDataAuthenticationContextIdentifierType | str = "Nip") -> Call[Nothing]:
    """POST /testdata/context/unblock."""
    context = _login_context(value, kind)
    return testdata.CONTEXT_UNBLOCK(UnblockContextAuthenticationRequest(context_identifier=context))


def set_certificate_limits(
    *,
    enrollments: int | None = None,
    certificates: int | None = None,
    who_type: SubjectIdentifierType | str | None = None,
) -> Call[Nothing]:
    """POST /testdata/limits/subject/certificate: of the subject logged in; None leaves as it is."""
    applied = None
    if enrollments is not None:
        applied = EnrollmentSubjectLimitsOverride(max_enrollments=enrollments)
    held = None
    if certificates is not None:
        held = CertificateSubjectLimitsOverride(max_certificates=certificates)
    body = SetSubjectLimitsRequest(enrollment=applied, certificate=held)
    if who_type is not None:  # absent is not the same as null here
        kind = SubjectIdentifierType(who_type)
        body = SetSubjectLimitsRequest(subject_identifier_type=kind, enrollment=applied, certificate=held)
    return limits.SUBJECT_SET(body)


def reset_certificate_limits() -> Call[Nothing]:
    """DELETE /testdata/limits/subject/certificate: the defaults again."""
    return limits.SUBJECT_RESET()


def end_certificate(serial: str, valid_to: datetime) -> Call[Nothing]:
    """PUT /testdata/certificates/{serialNumber}: an earlier end; one that has passed is `Expired`."""
    body = TestDataUpdateCertificateRequest(valid_to=valid_to)
    return certificate_rows.TESTDATA_UPDATE(body, serialNumber=serial)


def _context(nip: str) -> TestDataContextIdentifier:
    return TestDataContextIdentifier(type=TestDataContextIdentifierType.Nip, value=nip)


def _authorized(who_type: TestDataAuthorizedIdentifierType | str, who: str) -> TestDataAuthorizedIdentifier:
    return TestDataAuthorizedIdentifier(type=TestDataAuthorizedIdentifierType(who_type), value=who)


def _login_context(
    value: str, kind: TestDataAuthenticationContextIdentifierType | str
) -> TestDataAuthenticationContextIdentifier:
    return TestDataAuthenticationContextIdentifier(
        type=TestDataAuthenticationContextIdentifierType(kind), value=value
    )
