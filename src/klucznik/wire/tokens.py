"""KSeF tokens: generate, list, read, revoke. Rules: tokens.md."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from klucznik.secret import Secret
from klucznik.wire.base import Int32, Model, SecretText, Timestamp, WireEnum
from klucznik.wire.endpoint import Endpoint, Nothing
from klucznik.wire.ids import ReferenceNumber


class TokenPermissionType(WireEnum):
    InvoiceRead = "InvoiceRead"
    InvoiceWrite = "InvoiceWrite"
    CredentialsRead = "CredentialsRead"
    CredentialsManage = "CredentialsManage"
    SubunitManage = "SubunitManage"
    EnforcementOperations = "EnforcementOperations"
    Introspection = "Introspection"
    CollectiveIdentifierManage = "CollectiveIdentifierManage"


class AuthenticationTokenStatus(WireEnum):
    Pending = "Pending"
    Active = "Active"
    Revoking = "Revoking"
    Revoked = "Revoked"
    Failed = "Failed"


class TokenAuthorIdentifierType(WireEnum):
    Nip = "Nip"
    Pesel = "Pesel"
    Fingerprint = "Fingerprint"


class TokenAuthorIdentifierTypeIdentifier(Model):
    type: TokenAuthorIdentifierType
    value: str


class TokenContextIdentifierType(WireEnum):
    Nip = "Nip"
    InternalId = "InternalId"
    NipVatUe = "NipVatUe"
    PeppolId = "PeppolId"


class TokenContextIdentifierTypeIdentifier(Model):
    type: TokenContextIdentifierType
    value: str


class GenerateTokenRequest(Model):
    permissions: list[TokenPermissionType]
    description: Annotated[str, Field(min_length=5, max_length=256)]


def _up_to_160(value: Secret) -> Secret:
    if len(value.text()) > 160:
        raise ValueError("must have at most 160 characters")
    return value


class GenerateTokenResponse(Model):
    """The only answer that ever holds the KSeF token."""

    reference_number: ReferenceNumber
    token: Annotated[SecretText, AfterValidator(_up_to_160), Field(json_schema_extra={"maxLength": 160})]


class QueryTokensResponseItem(Model):
    reference_number: ReferenceNumber
    author_identifier: TokenAuthorIdentifierTypeIdentifier
    context_identifier: TokenContextIdentifierTypeIdentifier
    description: Annotated[str, Field(min_length=5, max_length=256)]
    requested_permissions: list[TokenPermissionType]
    date_created: Timestamp
    last_use_date: Timestamp | None = None
    status: AuthenticationTokenStatus
    status_details: list[str] | None = None


class QueryTokensResponse(Model):
    continuation_token: str | None = None
    tokens: list[QueryTokensResponseItem]


class TokenStatusResponse(QueryTokensResponseItem):
    """One token; the same fields as in the list."""


class TokensQuery(Model):
    """Query parameters of GET /tokens."""

    status: list[AuthenticationTokenStatus] | None = None
    description: Annotated[str | None, Field(min_length=3)] = None
    author_identifier: Annotated[str | None, Field(min_length=3)] = None
    author_identifier_type: TokenAuthorIdentifierType | None = None
    page_size: Annotated[Int32, Field(ge=10, le=100)] = 10
    continuation_token: Annotated[
        str | None, Field(alias="x-continuation-token", json_schema_extra={"in": "header"})
    ] = None


GENERATE = Endpoint(
    "POST",
    "/tokens",
    GenerateTokenRequest,
    GenerateTokenResponse,
    202,
    refuses=(21001, 21405, 26001, 26002),
)
LIST = Endpoint(
    "GET",
    "/tokens",
    None,
    QueryTokensResponse,
    200,
    query=TokensQuery,
    refuses=(21001, 21405, 21418),
)
READ = Endpoint("GET", "/tokens/{referenceNumber}", None, TokenStatusResponse, 200, refuses=(21405,))
REVOKE = Endpoint("DELETE", "/tokens/{referenceNumber}", None, Nothing, 204, refuses=(21405,))
