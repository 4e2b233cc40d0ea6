"""KSeF certificates: limits, enrolment, retrieval, list, revocation. Rules: certificates.md."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from klucznik.wire.base import Base64Bytes, Int32, Model, Timestamp, WireEnum
from klucznik.wire.common import StatusInfo
from klucznik.wire.endpoint import Endpoint, Nothing
from klucznik.wire.ids import CertificateSerialNumber, ReferenceNumber, matching

NAME_PATTERN: Final = r"^[a-zA-Z0-9_\-\ ąćęłńóśźżĄĆĘŁŃÓŚŹŻ]+$"


class KsefCertificateType(WireEnum):
    """`Authentication` logs in and signs no codes, `Offline` the other way round."""

    Authentication = "Authentication"
    Offline = "Offline"


class CertificateListItemStatus(WireEnum):
    Active = "Active"
    Blocked = "Blocked"
    Revoked = "Revoked"
    Expired = "Expired"


class CertificateRevocationReason(WireEnum):
    Unspecified = "Unspecified"
    Superseded = "Superseded"
    KeyCompromise = "KeyCompromise"


class CertificateSubjectIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class CertificateSubjectIdentifier(Model):
    type: CertificateSubjectIdentifierType
    value: Annotated[str, Field(min_length=10, max_length=64)]


class CertificateLimit(Model):
    remaining: Int32
    limit: Int32


class CertificateLimitsResponse(Model):
    can_request: bool
    enrollment: CertificateLimit
    certificate: CertificateLimit


class CertificateEnrollmentDataResponse(Model):
    """What the subject of the CSR must repeat, attribute by attribute."""

    common_name: str
    country_name: str
    given_name: str | None = None
    surname: str | None = None
    serial_number: str | None = None
    unique_identifier: str | None = None
    organization_name: str | None = None
    organization_identifier: str | None = None


class EnrollCertificateRequest(Model):
    """`csr` is PKCS#10 in DER; without `valid_from` the certificate is valid from its issue."""

    certificate_name: Annotated[
        str,
        Field(min_length=5, max_length=100, json_schema_extra={"pattern": NAME_PATTERN}),
        matching(NAME_PATTERN),
    ]
    certificate_type: KsefCertificateType
    csr: Base64Bytes
    valid_from: Timestamp | None = None


class EnrollCertificateResponse(Model):
    reference_number: ReferenceNumber
    timestamp: Timestamp


class CertificateEnrollmentStatusResponse(Model):
    """`certificate_serial_number` stands there once the status is 200."""

    request_date: Timestamp
    status: StatusInfo
    certificate_serial_number: CertificateSerialNumber | None = None


class RetrieveCertificatesRequest(Model):
    certificate_serial_numbers: Annotated[list[CertificateSerialNumber], Field(min_length=1, max_length=10)]


class RetrieveCertificatesListItem(Model):
    """`certificate` is X.509 in DER."""

    certificate: Base64Bytes
    certificate_name: str
    certificate_serial_number: CertificateSerialNumber
    certificate_type: KsefCertificateType


class RetrieveCertificatesResponse(Model):
    certificates: list[RetrieveCertificatesListItem]


class QueryCertificatesRequest(Model):
    """Filters, all of which must fit; none is the whole list. `name` is looked for as a part."""

    certificate_serial_number: CertificateSerialNumber | None = None
    name: str | None = None
    type: KsefCertificateType | None = None
    status: CertificateListItemStatus | None = None
    expires_after: Timestamp | None = None


class CertificateListItem(Model):
    certificate_serial_number: CertificateSerialNumber
    name: Annotated[str, Field(max_length=100)]
    type: KsefCertificateType
    common_name: str
    status: CertificateListItemStatus
    subject_identifier: CertificateSubjectIdentifier
    valid_from: Timestamp
    valid_to: Timestamp
    last_use_date: Timestamp | None = None
    request_date: Timestamp


class QueryCertificatesResponse(Model):
    certificates: list[CertificateListItem]
    has_more: bool


class CertificatesQuery(Model):
    """Query parameters of POST /certificates/query; `page_offset` counts pages, not records."""

    page_size: Annotated[Int32, Field(ge=10, le=50)] = 10
    page_offset: Annotated[Int32, Field(ge=0)] = 0


class RevokeCertificateRequest(Model):
    revocation_reason: CertificateRevocationReason | None = None


class TestDataUpdateCertificateRequest(Model):
    """`valid_to` may come earlier than it is, not later."""

    valid_to: Timestamp


LIMITS = Endpoint("GET", "/certificates/limits", None, CertificateLimitsResponse, 200)
ENROLLMENT_DATA = Endpoint(
    "GET", "/certificates/enrollments/data", None, CertificateEnrollmentDataResponse, 200, refuses=(25001,)
)
ENROLL = Endpoint(
    "POST",
    "/certificates/enrollments",
    EnrollCertificateRequest,
    EnrollCertificateResponse,
    202,
    refuses=(21001, 25002, 25003, 25004, 25006, 25007, 25010, 25011, 21405),
)
ENROLLMENT = Endpoint(
    "GET",
    "/certificates/enrollments/{referenceNumber}",
    None,
    CertificateEnrollmentStatusResponse,
    200,
    refuses=(25005, 21405),
    gone=True,
)
RETRIEVE = Endpoint(
    "POST",
    "/certificates/retrieve",
    RetrieveCertificatesRequest,
    RetrieveCertificatesResponse,
    200,
    refuses=(21001, 21405),
)
QUERY = Endpoint(
    "POST",
    "/certificates/query",
    QueryCertificatesRequest,
    QueryCertificatesResponse,
    200,
    query=CertificatesQuery,
    refuses=(21001, 21405),
    body_required=False,
)
REVOKE = Endpoint(
    "POST",
    "/certificates/{certificateSerialNumber}/revoke",
    RevokeCertificateRequest,
    Nothing,
    204,
    refuses=(21001, 25008, 25009, 21405),
    body_required=False,
)
TESTDATA_UPDATE = Endpoint(
    "PUT",
    "/testdata/certificates/{serialNumber}",
    TestDataUpdateCertificateRequest,
    Nothing,
    200,
    refuses=(25008, 21405),
)
