"""KSeF tokens: generate, list, read, revoke. Rules: tokens.md sections 2-6.

Only the SHA-256 of a token's secret part is kept; the token itself leaves in the answer to generate
and never again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, func, insert, or_, select, tuple_, update

from klucznik.lang import both
from klucznik.secret import Secret
from klucznik.server import paging
from klucznik.server.access import Caller
from klucznik.server.ask import Ask, answers
from klucznik.server.grantors import who_grants
from klucznik.server.local import SHORT, LocalKsef
from klucznik.server.presented import context_text
from klucznik.server.rights import Subject, linked
from klucznik.server.shapes import refuse
from klucznik.server.tables import auth_operations, instant, instant_or_none, ksef_tokens, stamp
from klucznik.server.work import step
from klucznik.wire import codes, ids, tokens
from klucznik.wire.problems import AUTH_METHOD_NOT_ALLOWED, Forbidden, Problem
from klucznik.wire.tokens import (
    AuthenticationTokenStatus,
    GenerateTokenRequest,
    GenerateTokenResponse,
    QueryTokensResponse,
    QueryTokensResponseItem,
    TokenAuthorIdentifierType,
    TokenAuthorIdentifierTypeIdentifier,
    TokenContextIdentifierType,
    TokenContextIdentifierTypeIdentifier,
    TokenPermissionType,
    TokensQuery,
    TokenStatusResponse,
)

_CONTEXTS: Final = ("Nip", "InternalId")
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#: Moved on by the step "tokens".
_NEXT: Final = {"Pending": "Active", "Revoking": "Revoked"}


@answers(tokens.GENERATE)
def generate(ask: Ask[GenerateTokenRequest]) -> GenerateTokenResponse:
    """POST /tokens. Rules: tokens.md section 2."""
    caller, ksef = ask.caller, ask.ksef
    # (1) A token does not beget tokens.
    if caller.method == "Token":
        raise Forbidden(
            AUTH_METHOD_NOT_ALLOWED,
            {"authenticationMethodCategory": caller.category},
            why=both(
                "a login by KSeF token cannot generate tokens; log in with a certificate",
                "po zalogowaniu tokenem KSeF nie można generować tokenów; zaloguj się certyfikatem",
            ),
        )
    # (2) A token lives only in a Nip or InternalId context.
    context = caller.context
    if context.type not in _CONTEXTS:
        sentence = f"Obecny typ kontekstu: {context.type}. Dozwolone typy kontekstu: {', '.join(_CONTEXTS)}."
        why = both(
            f"a KSeF token lives in a context of type {' or '.join(_CONTEXTS)}, not in {context.type}; use a "
            "certificate there",
            f"token KSeF może działać w kontekście typu {' albo '.join(_CONTEXTS)}, a nie {context.type}; "
            "użyj tam certyfikatu",
        )
        raise Problem(codes.TOKEN_CONTEXT_NOT_ALLOWED, [sentence], why=why)
    # (3) It is good for something, and for nothing that the caller does not hold.
    wanted = list(dict.fromkeys(permission.value for permission in ask.body.permissions))
    if not wanted:
        raise refuse("'permissions' must not be empty.", "'permissions' nie może być puste.")
    if missing := [permission for permission in wanted if permission not in caller.permissions]:
        detail = codes.PERMISSIONS_MISSING.format(permissions=", ".join(missing))
        held = ", ".join(sorted(caller.permissions))
        en, pl = who_grants(context.type, context.value)
        why = both(
            f"the caller holds {held or 'nothing'}, so not {', '.join(missing)}; {en}",
            f"wywołujący ma: {held or 'nic'}, a więc nie {', '.join(missing)}; {pl}",
        )
        raise Problem(codes.TOKEN_EXCEEDS_CALLER, [detail], why=why)
    # (4) The policy still lets tokens be issued (tokens.md section 8).
    if closed := ksef.tokens.closed(ask.now):
        raise Problem(codes.TOKEN_EXCEEDS_CALLER, why=closed)
    # (5) Only a hash is kept: the secret leaves in this answer and never again.
    ref = ids.make_reference("EC", ask.now, ksef.random(5))
    if ksef.token_form == SHORT:
        lookup, secret = _letters(ksef.random, 8), _letters(ksef.random, 32)
        whole = lookup + secret
    else:
        lookup, secret = None, ksef.random(32).hex()
        whole = f"{ref}|{context_text(context)}|{secret}"
    ask.db.execute(
        insert(ksef_tokens).values(
            ref=ref,
            created=stamp(ask.now),
            author_type=caller.subject_type,
            author_value=caller.subject_value,
            context_type=context.type,
            context_value=context.value,
            description=ask.body.description,
            permissions=json.dumps(wanted),
            secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
            lookup=lookup,
            status="Pending",
            subject=_login(ask)["subject"],
        )
    )
    ksef.tokens.issue(ask.db, ref, ask.now)
    ksef.work.wake("tokens")
    return GenerateTokenResponse(reference_number=ref, token=Secret(whole))


def _letters(random: Callable[[int], bytes], count: int) -> str:
    """Letters and digits, each as likely: bytes above the last whole multiple of 62 are passed over."""
    found = ""
    while len(found) < count:
        found += "".join(_ALPHABET[byte % 62] for byte in random(count) if byte < 248)
    return found[:count]


def _login(ask: Ask[Any]) -> RowMapping:
    """The login behind the caller's access token."""
    query = select(auth_operations).where(auth_operations.c.ref == ask.caller.auth_ref)
    return ask.db.execute(query).mappings().one()


# ---- who sees and revokes what ---------------------------------------------------------------------


def _here(caller: Caller) -> Any:
    """Tokens of the caller's context; nothing of another one is ever seen."""
    columns = ksef_tokens.c
    return and_(columns.context_type == caller.context.type, columns.context_value == caller.context.value)


def _authored(ask: Ask[Any]) -> Any:
    """Tokens generated by the caller, as NIP or as PESEL alike where the two are linked."""
    own = linked(ask.db, Subject(ask.caller.subject_type, ask.caller.subject_value))
    return tuple_(ksef_tokens.c.author_type, ksef_tokens.c.author_value).in_(sorted(own))


def _found(ask: Ask[Any], reach: Any) -> RowMapping:
    """The token named in the path, if it is within reach; else 21405, whatever the cause."""
    ref = ask.path["referenceNumber"]
    query = select(ksef_tokens).where(ksef_tokens.c.ref == ref, _here(ask.caller), reach)
    found = ask.db.execute(query).mappings().first() if ids.is_reference(ref, "EC") else None
    if found is None:
        raise refuse(
            "'referenceNumber' is not the reference number of a token you have access to.",
            "'referenceNumber' nie jest numerem tokena, do którego jest dostęp: innego kontekstu, cudzy "
            "(wtedy potrzeba CredentialsManage) albo żaden.",
        )
    return found


@answers(tokens.LIST)
def list_tokens(ask: Ask[None]) -> QueryTokensResponse:
    """GET /tokens, newest first. Rules: tokens.md section 5."""
    query: TokensQuery = ask.query
    caller = ask.caller
    listing = (
        f"tokens {caller.context.type} {caller.context.value} {caller.subject_type} {caller.subject_value}"
    )
    columns = ksef_tokens.c
    wanted = select(ksef_tokens).where(_here(ask.caller))
    # (1) All of the context, or the one logged in with, or one's own.
    if not ask.caller.may("CredentialsManage", "CredentialsRead"):
        by_token = ask.caller.method == "Token"
        wanted = wanted.where(columns.ref == _login(ask)["token_ref"] if by_token else _authored(ask))
    # (2) Filters; texts are compared here, since SQLite folds the case of ASCII letters only.
    if query.status:
        wanted = wanted.where(columns.status.in_([status.value for status in query.status]))
    if query.author_identifier_type:
        wanted = wanted.where(columns.author_type == query.author_identifier_type.value)
    if start := paging.position(ask.ksef, listing, query.continuation_token):
        created, ref = start
        wanted = wanted.where(
            or_(columns.created < created, and_(columns.created == created, columns.ref < ref))
        )
    wanted = wanted.order_by(columns.created.desc(), columns.ref.desc())
    rows = list(islice(_with_texts(ask.db, wanted, query), query.page_size + 1))
    shown = rows[: query.page_size]
    more = None
    if len(rows) > len(shown):
        more = paging.issue(ask.ksef, listing, [shown[-1]["created"], shown[-1]["ref"]])
    return QueryTokensResponse(
        continuation_token=more, tokens=[QueryTokensResponseItem(**_shown(row)) for row in shown]
    )


def _with_texts(db: Connection, wanted: Any, query: TokensQuery) -> Iterator[RowMapping]:
    described = (query.description or "").casefold()
    author = (query.author_identifier or "").casefold()
    for row in db.execute(wanted).mappings():
        if described in row["description"].casefold() and author in row["author_value"].casefold():
            yield row


def _shown(row: RowMapping) -> dict[str, Any]:
    author = TokenAuthorIdentifierTypeIdentifier(
        type=TokenAuthorIdentifierType(row["author_type"]), value=row["author_value"]
    )
    context = TokenContextIdentifierTypeIdentifier(
        type=TokenContextIdentifierType(row["context_type"]), value=row["context_value"]
    )
    return {
        "reference_number": row["ref"],
        "author_identifier": author,
        "context_identifier": context,
        "description": row["description"],
        "requested_permissions": [TokenPermissionType(name) for name in json.loads(row["permissions"])],
        "date_created": instant(row["created"]),
        "last_use_date": instant_or_none(row["last_use"]),
        "status": AuthenticationTokenStatus(row["status"]),
    }


@answers(tokens.READ)
def read(ask: Ask[None]) -> TokenStatusResponse:
    """GET /tokens/{referenceNumber}. Rules: tokens.md section 5."""
    # One who logged in by token may read the other tokens of its author singly (observed).
    everything = ask.caller.may("CredentialsManage", "CredentialsRead")
    return TokenStatusResponse(**_shown(_found(ask, True if everything else _authored(ask))))


@answers(tokens.REVOKE)
def revoke(ask: Ask[None]) -> None:
    """DELETE /tokens/{referenceNumber}: then Revoking, then Revoked. Rules: tokens.md section 6."""
    # CredentialsRead sees everything and revokes nothing but its own.
    if ask.caller.may("CredentialsManage"):
        reach: Any = True
    elif ask.caller.method == "Token":
        reach = ksef_tokens.c.ref == _login(ask)["token_ref"]
    else:
        reach = _authored(ask)
    found = _found(ask, reach)
    # A token on its way out, or gone, stays as it is; one still Pending may be revoked as well.
    ask.db.execute(
        update(ksef_tokens)
        .where(ksef_tokens.c.ref == found["ref"], ksef_tokens.c.status.in_(("Pending", "Active")))
        .values(status="Revoking")
    )
    ask.ksef.work.wake("tokens")


@step("tokens")
async def move_on(ksef: LocalKsef) -> bool:
    """One round: Pending becomes Active, Revoking becomes Revoked."""
    query = select(func.count()).select_from(ksef_tokens).where(ksef_tokens.c.status.in_(_NEXT))
    if not ksef.store.read(lambda db: db.execute(query).scalar_one()):
        return False

    def move(db: Connection) -> None:
        for old, new in _NEXT.items():
            db.execute(update(ksef_tokens).where(ksef_tokens.c.status == old).values(status=new))

    await ksef.store.write(move)
    return True
