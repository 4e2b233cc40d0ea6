"""KSeF tokens: issue, list, read, revoke. Rules: tokens.md."""

from __future__ import annotations

from collections.abc import Iterable

from klucznik.client.flow import Flow, Pace, all_pages, ask, poll
from klucznik.errors import KlucznikError, Refused
from klucznik.lang import tr
from klucznik.wire import tokens
from klucznik.wire.endpoint import Call, Nothing
from klucznik.wire.tokens import (
    AuthenticationTokenStatus,
    GenerateTokenRequest,
    GenerateTokenResponse,
    QueryTokensResponse,
    QueryTokensResponseItem,
    TokenAuthorIdentifierType,
    TokenPermissionType,
    TokensQuery,
    TokenStatusResponse,
)

PACE = Pace(first=1.0, growth=1.5, longest=5.0, total=60.0)


def generate(
    permissions: Iterable[TokenPermissionType | str], description: str
) -> Call[GenerateTokenResponse]:
    """POST /tokens. The answer holds the token, once; it is `Pending` until KSeF has made it."""
    wanted = [TokenPermissionType(p) for p in permissions]
    return tokens.GENERATE(GenerateTokenRequest(permissions=wanted, description=description))


def page(
    *,
    status: Iterable[AuthenticationTokenStatus | str] = (),
    description: str | None = None,
    author: str | None = None,
    author_type: TokenAuthorIdentifierType | None = None,
    continuation_token: str | None = None,
    page_size: int = 100,
) -> Call[QueryTokensResponse]:
    """GET /tokens, one page; `description` and `author` match parts of at least 3 characters."""
    return tokens.LIST(
        query=TokensQuery(
            status=[AuthenticationTokenStatus(s) for s in status] or None,
            description=description,
            author_identifier=author,
            author_identifier_type=author_type,
            page_size=page_size,
            continuation_token=continuation_token,
        )
    )


def read(reference_number: str) -> Call[TokenStatusResponse]:
    """GET /tokens/{referenceNumber}."""
    return tokens.READ(referenceNumber=reference_number)


def revoke(reference_number: str) -> Call[Nothing]:
    """DELETE /tokens/{referenceNumber}; `Revoking`, then `Revoked`."""
    return tokens.REVOKE(referenceNumber=reference_number)


def generate_and_wait(
    permissions: Iterable[TokenPermissionType | str], description: str, *, pace: Pace = PACE
) -> Flow[GenerateTokenResponse]:
    """Issue a token and wait until it can be used.

    When the waiting fails, the error names the token's reference number: it exists, and its secret
    is lost with the error, so revoke it.
    """
    issued = yield from ask(generate(permissions, description))
    reference = issued.reference_number
    try:
        item = yield from poll(
            read(reference), lambda token: token.status != AuthenticationTokenStatus.Pending, pace
        )
    except KlucznikError as error:
        error.hint = f"{error.hint} {_revoke_it(reference)}".strip()
        raise
    if item.status != AuthenticationTokenStatus.Active:
        details = item.status_details or []
        raise Refused(
            tr(f"KSeF token {reference} is {item.status}.", f"Token KSeF {reference}: stan {item.status}.")
            + (f" „{' '.join(details)}”" if details else ""),
            status=200,
            details=details,
            hint=tr("issue another.", "wystaw kolejny."),
        )
    return issued


def revoke_and_wait(reference_number: str, *, pace: Pace = PACE) -> Flow[TokenStatusResponse]:
    """Revoke a token and wait until it is `Revoked`. Sessions opened with it live up to 15 minutes."""
    yield from ask(revoke(reference_number))
    return (
        yield from poll(
            read(reference_number), lambda token: token.status == AuthenticationTokenStatus.Revoked, pace
        )
    )


def list_all(
    *, status: Iterable[AuthenticationTokenStatus | str] = (), description: str | None = None
) -> Flow[list[QueryTokensResponseItem]]:
    """Every token that the caller may see, newest first (tokens.md section 5)."""
    wanted = list(status)
    pages = yield from all_pages(
        lambda token: page(status=wanted, description=description, continuation_token=token)
    )
    return [item for answer in pages for item in answer.tokens]


def _revoke_it(reference: str) -> str:
    return tr(
        f"token {reference} exists at KSeF; revoke it if you do not use it.",
        f"token {reference} istnieje w KSeF; unieważnij go, jeśli nie będzie używany.",
    )
