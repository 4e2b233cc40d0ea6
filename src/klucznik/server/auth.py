"""Logging in: challenge, the two starts, status, redeem, refresh, and the list of one's logins.

Rules: auth.md, xades.md sections 5-8. What is decided after 202 stands in `authentication`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from klucznik.lang import both
from klucznik.server import paging
from klucznik.server.access import (
    ACCESS_LIFE,
    AUTHENTICATION_LIFE,
    REFRESH_LIFE,
    Context,
    admit_address,
    sign,
)
from klucznik.server.ask import Ask, answers
from klucznik.server.key_faults import require
from klucznik.server.prepared import Prepared, Record
from klucznik.server.rights import Rights, Subject, deceased, effective
from klucznik.server.shapes import refuse
from klucznik.server.signed_request import Method, Signed, check_signature
from klucznik.server.tables import auth_operations, challenges, instant, instant_or_none, ksef_tokens, stamp
from klucznik.wire import auth, codes, ids
from klucznik.wire.auth import (
    AuthenticationChallengeResponse,
    AuthenticationInitResponse,
    AuthenticationListItem,
    AuthenticationListResponse,
    AuthenticationMethod,
    AuthenticationMethodCategory,
    AuthenticationMethodInfo,
    AuthenticationOperationStatusResponse,
    AuthenticationTokenRefreshResponse,
    AuthenticationTokensResponse,
    InitTokenAuthenticationRequest,
    TokenInfo,
)
from klucznik.wire.base import wire_time
from klucznik.wire.common import StatusInfo
from klucznik.wire.endpoint import Xml
from klucznik.wire.problems import Gone, Problem
from klucznik.wire.security import PublicKeyCertificateUsage

CHALLENGE_LIFE: Final = timedelta(minutes=10)
#: How long the status of an operation can be asked for (auth.md section 2).
STATUS_LIFE: Final = timedelta(days=7)

_BY_TOKEN: Final[Method] = ("Token", "Token", "token.ksef", "Token KSeF")

#: Shapes of a context's value. Checksums are not looked at (auth.md section 8).
_CONTEXT_VALUES: Final = {
    "Nip": re.compile(ids.NIP_PATTERN, re.ASCII),
    "InternalId": re.compile(ids.INTERNAL_ID_PATTERN, re.ASCII),
    "NipVatUe": re.compile(ids.NIP_VAT_UE_PATTERN, re.ASCII),
    "PeppolId": re.compile(ids.PEPPOL_ID_PATTERN, re.ASCII),
}
_LARGEST_CIPHERTEXT: Final = 1024

#: Asked for on every call of a login, hence built once.
_OPERATION: Final = Prepared(select(auth_operations).where(auth_operations.c.ref == bindparam("by_ref")))
_CHALLENGE: Final = Prepared(select(challenges).where(challenges.c.challenge == bindparam("by_challenge")))
_GIVE: Final = Prepared(insert(challenges), [column.name for column in challenges.c])
_USE: Final = Prepared(
    update(challenges)
    .where(
        challenges.c.challenge == bindparam("by_challenge"),
        challenges.c.used.is_(False),
        challenges.c.expires > bindparam("by_now"),
    )
    .values(used=True)
)
_FORGET: Final = Prepared(delete(challenges).where(challenges.c.challenge < bindparam("by_day")))
_TOKEN: Final = Prepared(
    select(ksef_tokens.c.status, ksef_tokens.c.permissions, ksef_tokens.c.created).where(
        ksef_tokens.c.ref == bindparam("by_ref")
    )
)
_COLUMNS: Final = [column.name for column in auth_operations.c]
_BEGIN: Final = Prepared(insert(auth_operations), _COLUMNS)
_REDEEM: Final = Prepared(
    update(auth_operations)
    .where(
        auth_operations.c.ref == bindparam("by_ref"),
        auth_operations.c.status == 200,
        auth_operations.c.redeemed.is_(None),
    )
    .values(redeemed=bindparam("at"), refresh_until=bindparam("until"))
)
_REFRESH: Final = Prepared(
    update(auth_operations)
    .where(auth_operations.c.ref == bindparam("by_ref"), auth_operations.c.status == 200)
    .values(refreshed=bindparam("at"))
)


# ---- challenge -----------------------------------------------------------------------------------


@answers(auth.CHALLENGE)
def challenge(ask: Ask[None]) -> AuthenticationChallengeResponse:
    """POST /auth/challenge. Rule: auth.md section 1."""
    value = ids.make_reference("CR", ask.now, ask.ksef.random(5))
    timestamp_ms = stamp(ask.now) // 1000
    expires = stamp(ask.now + CHALLENGE_LIFE)
    # A challenge begins with its day, so the primary key finds the old ones.
    _FORGET.do(ask.db, by_day=f"{ask.now - timedelta(days=1):%Y%m%d}")
    _GIVE.do(ask.db, challenge=value, timestamp_ms=timestamp_ms, expires=expires, used=False)
    return AuthenticationChallengeResponse(
        challenge=value, timestamp=ask.now, timestamp_ms=timestamp_ms, client_ip=ask.client_ip
    )


def _use_challenge(ask: Ask[Any], value: str) -> int:
    """Consume a challenge, once; its timestampMs. Raises 21111."""
    used = _USE.do(ask.db, by_challenge=value, by_now=stamp(ask.now))
    found = _CHALLENGE.one(ask.db, by_challenge=value)
    if used and found is not None:
        return int(found.timestamp_ms)
    if found is None:
        why = both(
            "this KSeF never gave out this challenge, or more than a day ago",
            "ten KSeF nie wydał takiego wyzwania albo wydał je ponad dobę temu",
        )
    elif found.used:
        why = both(
            "the challenge was used before; every login needs a new one",
            "wyzwania już użyto; każde logowanie potrzebuje nowego",
        )
    else:
        end = wire_time(instant(found.expires))
        why = both(
            f"the challenge expired at {end}: it lives ten minutes",
            f"wyzwanie straciło ważność {end}: żyje dziesięć minut",
        )
    raise Problem(codes.INVALID_CHALLENGE, why=why)


# ---- the two starts ------------------------------------------------------------------------------


@answers(auth.XADES_SIGNATURE, prepare=check_signature, threaded=True)
def start_with_signature(ask: Ask[Xml]) -> AuthenticationInitResponse:
    """POST /auth/xades-signature. Rules: auth.md sections 1-3, xades.md section 8."""
    signed: Signed = ask.prepared
    timestamp_ms = _use_challenge(ask, signed.request.challenge)
    # On TEST a foreign chain is looked at only on request; elsewhere the parameter weakens nothing.
    on_request = bool(ask.query.verify_certificate_chain)
    chain_matters = signed.names_us or ask.ksef.profile != "test" or on_request
    return _start(
        ask,
        Context(signed.request.context_type, signed.request.context_value),
        signed.method,
        timestamp_ms,
        policy={
            "ip4Addresses": signed.request.ip4_addresses,
            "ip4Ranges": signed.request.ip4_ranges,
            "ip4Masks": signed.request.ip4_masks,
        },
        subject_type=signed.subject.type,
        subject_value=signed.subject.value,
        subject=signed.sud,
        document_hash=signed.document_hash,
        certificate=signed.certificate if chain_matters else None,
    )


@answers(auth.KSEF_TOKEN)
def start_with_token(ask: Ask[InitTokenAuthenticationRequest]) -> AuthenticationInitResponse:
    """POST /auth/ksef-token: what was encrypted is looked at after 202. Rule: auth.md section 1, 2b."""
    body = ask.body
    # (1) The context's value has the shape of its type.
    kind, value = body.context_identifier.type.value, body.context_identifier.value
    if _CONTEXT_VALUES[kind].fullmatch(value) is None:
        sentence = f"'contextIdentifier.value' is not a valid {kind}."
        raise refuse(sentence, f"'contextIdentifier.value' nie jest poprawną wartością {kind}.")
    # (2) The key is ours, and meant for tokens.
    usage = PublicKeyCertificateUsage.KsefTokenEncryption
    require(ask.ksef, ask.db, usage, body.public_key_id)
    timestamp_ms = _use_challenge(ask, body.challenge)
    allowed = body.authorization_policy.allowed_ips if body.authorization_policy else None
    policy = {
        "ip4Addresses": (allowed and allowed.ip4_addresses) or (),
        "ip4Ranges": (allowed and allowed.ip4_ranges) or (),
        "ip4Masks": (allowed and allowed.ip4_masks) or (),
    }
    return _start(
        ask,
        Context(kind, value),
        _BY_TOKEN,
        timestamp_ms,
        policy=policy,
        # Longer ones than any key makes cannot be opened either: their beginning will do.
        encrypted_token=body.encrypted_token[:_LARGEST_CIPHERTEXT],
        public_key_id=body.public_key_id,
    )


def _start(
    ask: Ask[Any],
    context: Context,
    method: Method,
    timestamp_ms: int,
    *,
    policy: Mapping[str, Sequence[str]],
    **columns: object,
) -> AuthenticationInitResponse:
    """Note the operation, status 100, and hand out its authentication token."""
    ref = ids.make_reference("AU", ask.now, ask.ksef.random(5))
    named = dict(zip(("method", "category", "method_code", "method_name"), method, strict=True))
    known = {
        "ref": ref,
        "created": stamp(ask.now),
        "status": 100,
        "context_type": context.type,
        "context_value": context.value,
        "timestamp_ms": timestamp_ms,
        "policy": _compact({name: list(values) for name, values in policy.items()})
        if any(policy.values())
        else None,
    }
    _BEGIN.do(ask.db, **{**dict.fromkeys(_COLUMNS), **known, **named, **columns})
    ask.ksef.work.wake("auth")
    return AuthenticationInitResponse(
        reference_number=ref,
        authentication_token=_jwt(ask, "AuthenticationToken", {"arn": ref}, AUTHENTICATION_LIFE),
    )


# ---- status, redeem, refresh ---------------------------------------------------------------------


def _operation(ask: Ask[Any], ref: str, unknown: codes.Code = codes.NO_AUTHENTICATION) -> Record:
    """The operation of the bearer (or `unknown`), from an address it may be used from (403)."""
    found = None
    if ref == ask.caller.auth_ref:
        found = _OPERATION.record(ask.db, by_ref=ref)
    if found is None:
        why = both("no such operation here", "nie ma tu takiej operacji")
        if ref != ask.caller.auth_ref:
            why = both(
                f"the bearer is the authentication token of {ask.caller.auth_ref}, good for that one only",
                f"użyto tokena operacji {ask.caller.auth_ref}, ważnego tylko dla niej",
            )
        raise Problem(unknown, [codes.OPERATION_NOT_FOUND.format(ref=ref[:36])], why=why)
    if found["policy"]:
        admit_address(replace(ask.caller, policy=json.loads(found["policy"])), ask.client_ip)
    return found


@answers(auth.STATUS)
def status(ask: Ask[None]) -> AuthenticationOperationStatusResponse:
    """GET /auth/{referenceNumber}: HTTP 200 even for a login that failed. Rule: auth.md section 2."""
    operation = _operation(ask, ask.path["referenceNumber"])
    if instant(operation["created"]) + STATUS_LIFE <= ask.now:
        raise Gone(both("the operation is more than seven days old", "od operacji minęło ponad siedem dni"))
    return AuthenticationOperationStatusResponse(**_shown(operation))


def _shown(operation: Record) -> dict[str, Any]:
    """Fields of the status answer."""
    code = operation["status"]
    return {
        "start_date": instant(operation["created"]),
        "authentication_method": AuthenticationMethod(operation["method"]),
        "authentication_method_info": AuthenticationMethodInfo(
            category=AuthenticationMethodCategory(operation["category"]),
            code=operation["method_code"],
            display_name=operation["method_name"],
        ),
        "status": StatusInfo(
            code=code,
            description=codes.AUTH_STATUS[code],
            details=json.loads(operation["details"]) if operation["details"] else None,
        ),
        "is_token_redeemed": operation["redeemed"] is not None,
        "last_token_refresh_date": instant_or_none(operation["refreshed"]),
        "refresh_token_valid_until": instant_or_none(operation["refresh_until"]),
    }


@answers(auth.REDEEM)
def redeem(ask: Ask[None]) -> AuthenticationTokensResponse:
    """POST /auth/token/redeem: once. Rule: auth.md section 3."""
    operation = _operation(ask, ask.caller.auth_ref)
    # (1) A login that succeeded, and nothing has happened since that undoes it.
    _still_good(ask, operation, codes.STATUS_FORBIDS_REDEEM)
    # (2) One time only, also where another process is at it: the WHERE decides.
    refresh_token = _jwt(ask, "RefreshToken", {"arn": operation["ref"]}, REFRESH_LIFE)
    until = stamp(refresh_token.valid_until)
    first = _REDEEM.do(ask.db, by_ref=operation["ref"], at=stamp(ask.now), until=until)
    if not first:
        # Either the session was ended meanwhile, or the tokens were fetched.
        _still_good(ask, _operation(ask, ask.caller.auth_ref), codes.STATUS_FORBIDS_REDEEM)
        detail = codes.REDEEMED_ALREADY.format(ref=operation["ref"])
        why = both(
            "redeeming works once; where the answer was lost, log in anew",
            "tokeny odbiera się raz; jeśli odpowiedź zginęła, zaloguj się ponownie",
        )
        raise Problem(codes.NO_AUTHORISATION, [detail], why=why)
    return AuthenticationTokensResponse(access_token=_access(ask, operation), refresh_token=refresh_token)


@answers(auth.REFRESH)
def refresh(ask: Ask[None]) -> AuthenticationTokenRefreshResponse:
    """POST /auth/token/refresh: rights are read anew, the refresh token stays. Rule: auth.md section 5."""
    operation = _operation(ask, ask.caller.auth_ref)
    _still_good(ask, operation, codes.STATUS_FORBIDS_REFRESH)
    if not _REFRESH.do(ask.db, by_ref=operation["ref"], at=stamp(ask.now)):  # ended by another process
        _still_good(ask, _operation(ask, ask.caller.auth_ref), codes.STATUS_FORBIDS_REFRESH)
    return AuthenticationTokenRefreshResponse(access_token=_access(ask, operation))


def _still_good(ask: Ask[None], operation: Record, sentence: str) -> None:
    """Refuse (21301, 21308) what does not allow for new tokens."""
    if operation["status"] != 200:
        detail = sentence.format(code=operation["status"])
        why = both(
            f"the login has status {operation['status']}, tokens come with 200",
            f"logowanie ma status {operation['status']}, tokeny są przy 200",
        )
        raise Problem(codes.NO_AUTHORISATION, [detail], why=operation["why"] or why)
    if ref := operation["token_ref"]:
        ksef_token = _token(ask.db, operation)
        if ksef_token.status != "Active":
            why = both(
                f"KSeF token {ref} was revoked after the login",
                f"token KSeF {ref} unieważniono po zalogowaniu",
            )
            raise Problem(codes.NO_AUTHORISATION, [codes.KSEF_TOKEN_REVOKED], why=why)
        if why := ask.ksef.tokens.ended(ask.db, ref, ksef_token.created, ask.now) or "":
            raise Problem(codes.NO_AUTHORISATION, [codes.TOKEN_INACTIVE], why=why)
    if deceased(ask.db, _subject(operation)):
        raise Problem(
            codes.DECEASED,
            why=both(
                "the person is registered as deceased (/testdata/person)",
                "osoba jest zarejestrowana jako zmarła (/testdata/person)",
            ),
        )


def _token(db: Connection, operation: Record) -> Any:
    return _TOKEN.one(db, by_ref=operation["token_ref"])


def _subject(operation: Record) -> Subject:
    return Subject(operation["subject_type"], operation["subject_value"])


# ---- JWTs ----------------------------------------------------------------------------------------


def _jwt(ask: Ask[Any], kind: Any, claims: Mapping[str, object], life: timedelta) -> TokenInfo:
    """A signed token; validUntil is its exp, in whole seconds."""
    end: datetime = ask.now.replace(microsecond=0) + life
    return TokenInfo(token=sign(ask.ksef, kind, claims, ask.now, end), valid_until=end)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _access(ask: Ask[None], operation: Record) -> TokenInfo:
    """An access token with the rights of this moment. Claims: auth.md section 5."""
    context = Context(operation["context_type"], operation["context_value"])
    rights: Rights = effective(ask.db, _subject(operation), context)
    if operation["token_ref"]:
        rights = rights.narrowed(frozenset(json.loads(_token(ask.db, operation).permissions)))
    held = sorted(rights.permissions)
    claims: dict[str, object] = {
        "cit": context.type,
        "civ": context.value,
        "aum": operation["method"],
        "arn": operation["ref"],
        "sud": operation["subject"],
        "per": _compact(["Owner"] if rights.owner else held),
        "pec": "[]",
        "rol": _compact(rights.roles),
        "pep": _compact(held),
        "iop": "[]",
    }
    if operation["policy"]:
        policy: dict[str, list[str]] = json.loads(operation["policy"])
        claims["iop"] = _compact([entry for entries in policy.values() for entry in entries])
        claims["ipp"] = operation["policy"]
    return _jwt(ask, "ContextToken", claims, ACCESS_LIFE)


# ---- the list of one's logins --------------------------------------------------------------------


@answers(auth.SESSIONS)
def sessions(ask: Ask[None]) -> AuthenticationListResponse:
    """GET /auth/sessions: the caller's own live logins in this context. Rule: auth.md section 6."""
    size = ask.query.page_size
    caller = ask.caller
    listing = (
        f"auth {caller.context.type} {caller.context.value} {caller.subject_type} {caller.subject_value}"
    )
    columns = auth_operations.c
    query = select(auth_operations).where(
        _own(ask),
        columns.status == 200,
        columns.redeemed.is_not(None),
        columns.refresh_until > stamp(ask.now),
    )
    if start := paging.position(ask.ksef, listing, ask.query.continuation_token):
        created, ref = start
        query = query.where(
            or_(columns.created < created, and_(columns.created == created, columns.ref < ref))
        )
    query = query.order_by(columns.created.desc(), columns.ref.desc()).limit(size + 1)
    found = ask.db.execute(query).mappings().all()
    shown = found[:size]
    more = (
        paging.issue(ask.ksef, listing, [shown[-1]["created"], shown[-1]["ref"]])
        if len(found) > size
        else None
    )
    items = [
        AuthenticationListItem(
            reference_number=row["ref"], is_current=row["ref"] == ask.caller.auth_ref, **_shown(dict(row))
        )
        for row in shown
    ]
    return AuthenticationListResponse(continuation_token=more, items=items)


def _own(ask: Ask[None]) -> Any:
    """Logins of the caller's subject in the caller's context."""
    columns, caller = auth_operations.c, ask.caller
    return and_(
        columns.subject_type == caller.subject_type,
        columns.subject_value == caller.subject_value,
        columns.context_type == caller.context.type,
        columns.context_value == caller.context.value,
    )


@answers(auth.REVOKE_CURRENT)
def revoke_current(ask: Ask[None]) -> None:
    """DELETE /auth/sessions/current: log out, with the access or the refresh token.

    Its only code is 21405: a login that the data do not know any more gets that one.
    """
    operation = _operation(ask, ask.caller.auth_ref, codes.INVALID_INPUT)
    _end(ask, operation["ref"])


@answers(auth.REVOKE)
def revoke(ask: Ask[None]) -> None:
    """DELETE /auth/sessions/{referenceNumber}: end another login of one's own."""
    ref = ask.path["referenceNumber"]
    own = select(auth_operations.c.ref).where(auth_operations.c.ref == ref, _own(ask))
    # Unknown, foreign or malformed: one answer, so that nobody learns which.
    if not ids.is_reference(ref, "AU") or ask.db.execute(own).first() is None:
        raise refuse(
            "'referenceNumber' is not the reference number of a session of yours.",
            "'referenceNumber' nie jest numerem Twojej sesji.",
        )
    _end(ask, ref)


def _end(ask: Ask[None], ref: str) -> None:
    """Status 425: no refresh any more; an access token lives to its end. Twice changes nothing."""
    ask.db.execute(
        update(auth_operations)
        .where(auth_operations.c.ref == ref, auth_operations.c.status.in_((100, 200)))
        .values(
            status=425,
            details=json.dumps([codes.REVOKED_BY_USER], ensure_ascii=False),
            why=both("the user ended the session", "użytkownik zakończył sesję"),
            revoked=stamp(ask.now),
            encrypted_token=None,
            certificate=None,
        )
    )
