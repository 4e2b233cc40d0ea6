"""Authentication: challenge, start, status, redeem, refresh, and the list of logins. Rules: auth.md."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from klucznik.wire.base import (
    Base64Bytes,
    Int32,
    Int64,
    MayOmit,
    Model,
    PublicKeyId,
    SecretText,
    Timestamp,
    WireEnum,
)
from klucznik.wire.common import StatusInfo
from klucznik.wire.endpoint import Endpoint, LimitGroup, Nothing, Xml
from klucznik.wire.ids import Challenge, ReferenceNumber, matching


class AuthenticationChallengeResponse(Model):
    challenge: Challenge
    timestamp: Timestamp
    timestamp_ms: Int64
    client_ip: str


class AuthenticationContextIdentifierType(WireEnum):
    Nip = "Nip"
    InternalId = "InternalId"
    NipVatUe = "NipVatUe"
    PeppolId = "PeppolId"


class AuthenticationContextIdentifier(Model):
    type: AuthenticationContextIdentifierType
    value: str


_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])"
_IP4 = rf"({_OCTET}\.){{3}}{_OCTET}"
_ADDRESS_PATTERN = rf"^{_IP4}$"
_RANGE_PATTERN = rf"^{_IP4}-{_IP4}$"
_MASK_PATTERN = rf"^{_IP4}/(0|[1-9]|[12][0-9]|3[0-2])$"

Ip4Address = Annotated[
    str, Field(json_schema_extra={"pattern": _ADDRESS_PATTERN}), matching(_ADDRESS_PATTERN)
]
Ip4Range = Annotated[str, Field(json_schema_extra={"pattern": _RANGE_PATTERN}), matching(_RANGE_PATTERN)]
Ip4Mask = Annotated[str, Field(json_schema_extra={"pattern": _MASK_PATTERN}), matching(_MASK_PATTERN)]


def _up_to_ten(value: list[str]) -> list[str]:
    if len(value) > 10:
        raise ValueError("must have at most 10 items")
    return value


#: The contract puts `minimum` and `maximum` on these lists, where it means their length.
_UpToTen = AfterValidator(_up_to_ten), Field(json_schema_extra={"minimum": 0, "maximum": 10})


class AllowedIps(Model):
    ip4_addresses: Annotated[list[Ip4Address], *_UpToTen] | None = None
    ip4_ranges: Annotated[list[Ip4Range], *_UpToTen] | None = None
    ip4_masks: Annotated[list[Ip4Mask], *_UpToTen] | None = None


class AuthorizationPolicy(Model):
    """From which addresses the session may be used; asked on every later call."""

    allowed_ips: AllowedIps | None = None


class InitTokenAuthenticationRequest(Model):
    """`encrypted_token` is `ksefToken|timestampMs` of the same challenge, by RSA-OAEP."""

    challenge: Challenge
    context_identifier: AuthenticationContextIdentifier
    encrypted_token: Base64Bytes
    public_key_id: PublicKeyId | None = None
    authorization_policy: AuthorizationPolicy | None = None


class TokenInfo(Model):
    """A JWT and its end."""

    token: SecretText
    valid_until: Timestamp


class AuthenticationInitResponse(Model):
    reference_number: ReferenceNumber
    authentication_token: TokenInfo


class AuthenticationMethod(WireEnum):
    Token = "Token"
    TrustedProfile = "TrustedProfile"
    InternalCertificate = "InternalCertificate"
    QualifiedSignature = "QualifiedSignature"
    QualifiedSeal = "QualifiedSeal"
    PersonalSignature = "PersonalSignature"
    PeppolSignature = "PeppolSignature"


class AuthenticationMethodCategory(WireEnum):
    XadesSignature = "XadesSignature"
    NationalNode = "NationalNode"
    Token = "Token"
    Other = "Other"


class AuthenticationMethodInfo(Model):
    category: AuthenticationMethodCategory
    code: str
    display_name: str


class AuthenticationOperationStatusResponse(Model):
    start_date: Timestamp
    authentication_method: AuthenticationMethod
    authentication_method_info: AuthenticationMethodInfo
    status: StatusInfo
    is_token_redeemed: bool | None = None
    last_token_refresh_date: Timestamp | None = None
    refresh_token_valid_until: Timestamp | None = None


class AuthenticationListItem(AuthenticationOperationStatusResponse):
    reference_number: ReferenceNumber
    is_current: MayOmit[bool] = None


class AuthenticationListResponse(Model):
    continuation_token: str | None = None
    items: list[AuthenticationListItem]


class AuthenticationTokensResponse(Model):
    access_token: TokenInfo
    refresh_token: TokenInfo


class AuthenticationTokenRefreshResponse(Model):
    access_token: TokenInfo


class XadesSignatureQuery(Model):
    """Query parameter of POST /auth/xades-signature."""

    verify_certificate_chain: bool | None = None


class AuthSessionsQuery(Model):
    """Parameters of GET /auth/sessions."""

    continuation_token: Annotated[
        str | None, Field(alias="x-continuation-token", json_schema_extra={"in": "header"})
    ] = None
    page_size: Annotated[Int32, Field(ge=10, le=100)] = 10


CHALLENGE = Endpoint(
    "POST",
    "/auth/challenge",
    None,
    AuthenticationChallengeResponse,
    200,
    limits=LimitGroup.anonymous,
    bearer="anonymous",
)
XADES_SIGNATURE = Endpoint(
    "POST",
    "/auth/xades-signature",
    Xml,
    AuthenticationInitResponse,
    202,
    limits=LimitGroup.anonymous,
    bearer="anonymous",
    refuses=(9101, 9102, 9103, 9105, 21001, 21111, 21115, 21117, 21217, 21401, 21405, 21406),
    query=XadesSignatureQuery,
)
KSEF_TOKEN = Endpoint(
    "POST",
    "/auth/ksef-token",
    InitTokenAuthenticationRequest,
    AuthenticationInitResponse,
    202,
    limits=LimitGroup.anonymous,
    bearer="anonymous",
    refuses=(21001, 21111, 21405, 21470),
)
STATUS = Endpoint(
    "GET",
    "/auth/{referenceNumber}",
    None,
    AuthenticationOperationStatusResponse,
    200,
    limits=LimitGroup.anonymous,
    bearer="authentication",
    refuses=(21304,),
    gone=True,
)
REDEEM = Endpoint(
    "POST",
    "/auth/token/redeem",
    None,
    AuthenticationTokensResponse,
    200,
    limits=LimitGroup.anonymous,
    bearer="authentication",
    refuses=(21301, 21304, 21308),
)
REFRESH = Endpoint(
    "POST",
    "/auth/token/refresh",
    None,
    AuthenticationTokenRefreshResponse,
    200,
    limits=LimitGroup.anonymous,
    bearer="refresh",
    refuses=(21301, 21304, 21308),
)
SESSIONS = Endpoint(
    "GET",
    "/auth/sessions",
    None,
    AuthenticationListResponse,
    200,
    refuses=(21001, 21405, 21418),
    query=AuthSessionsQuery,
)
REVOKE_CURRENT = Endpoint(
    "DELETE",
    "/auth/sessions/current",
    None,
    Nothing,
    204,
    bearer="access-or-refresh",
    refuses=(21405,),
)
REVOKE = Endpoint("DELETE", "/auth/sessions/{referenceNumber}", None, Nothing, 204, refuses=(21405,))
