"""Logging in, by certificate or KSeF token, and the sessions of one's logins. Rules: auth.md."""

from __future__ import annotations

from datetime import timedelta

from klucznik.client import hints, security
from klucznik.client.flow import Flow, Pace, all_pages, ask, poll
from klucznik.crypto import envelope, xades
from klucznik.crypto.certs import Identity
from klucznik.documents.auth_request import AuthTokenRequest, SubjectType
from klucznik.errors import Refused, Unreadable
from klucznik.lang import tr
from klucznik.secret import Secret
from klucznik.wire import auth
from klucznik.wire.auth import (
    AllowedIps,
    AuthenticationChallengeResponse,
    AuthenticationContextIdentifier,
    AuthenticationContextIdentifierType,
    AuthenticationInitResponse,
    AuthenticationListItem,
    AuthenticationListResponse,
    AuthenticationOperationStatusResponse,
    AuthenticationTokenRefreshResponse,
    AuthenticationTokensResponse,
    AuthorizationPolicy,
    InitTokenAuthenticationRequest,
)
from klucznik.wire.endpoint import Call, Nothing
from klucznik.wire.ids import is_reference
from klucznik.wire.security import PublicKeyCertificateUsage

#: KSeF takes 0.5 to 1.5 s; foreign certificates wait for OCSP (auth.md section 2).
LOGIN_PACE = Pace(first=1.0, growth=1.5, longest=5.0, total=120.0)


# ---- calls ---------------------------------------------------------------------------------------


def challenge() -> Call[AuthenticationChallengeResponse]:
    """POST /auth/challenge."""
    return auth.CHALLENGE()


def submit(signed: bytes) -> Call[AuthenticationInitResponse]:
    """POST /auth/xades-signature: a signed AuthTokenRequest; `complete` waits for what becomes of it."""
    return auth.XADES_SIGNATURE(signed)


def status(reference_number: str) -> Call[AuthenticationOperationStatusResponse]:
    """GET /auth/{referenceNumber}, with the authentication token of the login under way."""
    return auth.STATUS(referenceNumber=reference_number)


def redeem() -> Call[AuthenticationTokensResponse]:
    """POST /auth/token/redeem: works once; a lost answer means logging in anew."""
    return auth.REDEEM()


def refresh() -> Call[AuthenticationTokenRefreshResponse]:
    """POST /auth/token/refresh; the clients do it by themselves."""
    return auth.REFRESH()


def sessions(continuation_token: str | None = None, page_size: int = 100) -> Call[AuthenticationListResponse]:
    """GET /auth/sessions, one page of one's own live logins."""
    return auth.SESSIONS(
        query=auth.AuthSessionsQuery(page_size=page_size, continuation_token=continuation_token)
    )


def revoke_current() -> Call[Nothing]:
    """DELETE /auth/sessions/current: log out."""
    return auth.REVOKE_CURRENT()


def revoke(reference_number: str) -> Call[Nothing]:
    """DELETE /auth/sessions/{referenceNumber}: end another login of one's own."""
    return auth.REVOKE(referenceNumber=reference_number)


# ---- flows ---------------------------------------------------------------------------------------


def login_with_identity(
    context_type: AuthenticationContextIdentifierType | str,
    context_value: str,
    identity: Identity,
    policy: AuthorizationPolicy | None = None,
    *,
    subject_type: SubjectType = "certificateSubject",
    pace: Pace = LOGIN_PACE,
) -> Flow[AuthenticationTokensResponse]:
    """Log in with a certificate and its key; the client keeps the tokens.

    Raises `Refused` with the status code of the operation (415, 450, 460 …) when it fails.
    """
    asked = yield from ask(challenge())
    allowed = (policy.allowed_ips if policy else None) or AllowedIps()
    document = AuthTokenRequest(
        challenge=asked.challenge,
        context_type=AuthenticationContextIdentifierType(context_type).value,
        context_value=context_value,
        subject_type=subject_type,
        ip4_addresses=tuple(allowed.ip4_addresses or ()),
        ip4_ranges=tuple(allowed.ip4_ranges or ()),
        ip4_masks=tuple(allowed.ip4_masks or ()),
    ).to_xml()
    # KSeF's time, not ours, and a minute back as the reference clients do (xades.md section 2).
    signed = xades.sign(document, identity, signing_time=asked.timestamp - timedelta(minutes=1))
    started = yield from ask(auth.XADES_SIGNATURE(signed))
    return (yield from complete(started, pace))


def login_with_token(
    ksef_token: Secret,
    nip: str | None = None,
    *,
    context: AuthenticationContextIdentifier | None = None,
    policy: AuthorizationPolicy | None = None,
    pace: Pace = LOGIN_PACE,
) -> Flow[AuthenticationTokensResponse]:
    """Log in with a KSeF token; without `nip` or `context` the context is read from the token.

    A withdrawn key (21470) is answered by fetching the keys once more. Rules: auth.md sections 2b, 8.
    """
    if context is None:
        context = _nip(nip) if nip is not None else context_of(ksef_token)
    try:
        started = yield from _start_with_token(ksef_token, context, policy)
    except Refused as error:
        if error.code != 21470:
            raise
        started = yield from _start_with_token(ksef_token, context, policy)
    return (yield from complete(started, pace))


def all_sessions() -> Flow[list[AuthenticationListItem]]:
    """Every live login of one's own, newest first."""
    pages = yield from all_pages(sessions)
    return [item for page in pages for item in page.items]


def context_of(ksef_token: Secret) -> AuthenticationContextIdentifier:
    """The context written in a KSeF token: `reference|type-value|secret` (tokens.md section 3).

    Raises `Unreadable` for tokens of another shape; nothing of the token is in the message.
    """
    parts = ksef_token.text().split("|")
    kind, dash, value = parts[1].partition("-") if len(parts) == 3 else ("", "", "")
    try:
        known = AuthenticationContextIdentifierType(kind)
    except ValueError:
        dash = ""
    if not dash:
        raise Unreadable(
            tr("The KSeF token does not say whose it is.", "Token KSeF nie mówi, czyj jest."),
            hint=tr("give the NIP it was issued for.", "podaj NIP, dla którego go wystawiono."),
        )
    return AuthenticationContextIdentifier(type=known, value=value)


def reference_of(ksef_token: Secret) -> str | None:
    """The reference number written in a KSeF token; None where its shape does not tell."""
    parts = ksef_token.text().split("|")
    return parts[0] if len(parts) == 3 and is_reference(parts[0], "EC") else None


def nip_unless_told(ksef_token: Secret, nip: str) -> str | None:
    """`nip` for a token that does not say whose it is (the 40-character form), else None."""
    return None if reference_of(ksef_token) else nip


def _nip(nip: str) -> AuthenticationContextIdentifier:
    return AuthenticationContextIdentifier(type=AuthenticationContextIdentifierType.Nip, value=nip)


def _start_with_token(
    ksef_token: Secret, context: AuthenticationContextIdentifier, policy: AuthorizationPolicy | None
) -> Flow[AuthenticationInitResponse]:
    key = yield from security.current(PublicKeyCertificateUsage.KsefTokenEncryption)
    asked = yield from ask(challenge())
    body = InitTokenAuthenticationRequest(
        challenge=asked.challenge,
        context_identifier=context,
        encrypted_token=security.wrap(envelope.token_payload(ksef_token, asked.timestamp_ms), key),
        public_key_id=key.public_key_id,
        authorization_policy=policy,
    )
    return (yield from ask(auth.KSEF_TOKEN(body)))


def complete(
    started: AuthenticationInitResponse, pace: Pace = LOGIN_PACE
) -> Flow[AuthenticationTokensResponse]:
    """Poll until final, then redeem, after `submit` or the like.

    A lost answer of redeem is a lost login: nothing to look up.
    """
    reached = yield from poll(
        status(started.reference_number), lambda answer: answer.status.code >= 200, pace
    )
    code, details = reached.status.code, reached.status.details or []
    if code != 200:
        words = " ".join([reached.status.description, *details])
        raise Refused(
            tr(f"Login refused ({code}). „{words}”", f"Logowanie odrzucone ({code}). „{words}”"),
            status=200,
            code=code,
            details=details,
            extensions={"referenceNumber": started.reference_number},
            hint=hints.of_login(code, details),
            again="later" if code in (500, 550) else "never",
        )
    return (yield from ask(redeem()))
