"""What is decided about a login after 202: the step "auth" moves operations from 100 to their end.

Rules: auth.md section 2, tokens.md sections 1, 3, 4 and 7, xades.md section 8. Ciphertexts are opened
in threads, several at a time; each operation is then settled in one guarded write.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from sqlalchemy import Connection, bindparam, select, update

from klucznik.lang import both
from klucznik.server import peppol
from klucznik.server.access import Context
from klucznik.server.auth import CHALLENGE_LIFE
from klucznik.server.certificates import keeps_out, note_use
from klucznik.server.grantors import who_grants
from klucznik.server.key_faults import why_closed
from klucznik.server.keyring import ring
from klucznik.server.local import SHORT, LocalKsef
from klucznik.server.prepared import Prepared, Record
from klucznik.server.presented import Presented, Refusal, context_text, read_plaintext
from klucznik.server.rights import Subject, blocked, deceased, effective, intermediaries
from klucznik.server.tables import auth_operations, instant, ksef_tokens, stamp
from klucznik.server.why import tell
from klucznik.server.work import step
from klucznik.wire import codes
from klucznik.wire.security import PublicKeyCertificateUsage

#: Operations of one round, and threads that open their ciphertexts.
_ROUND: Final = 200
_THREADS: Final = 4

_USAGE: Final = PublicKeyCertificateUsage.KsefTokenEncryption

_WAITING: Final = Prepared(
    select(auth_operations)
    .where(auth_operations.c.status == 100)
    .order_by(auth_operations.c.created)
    .limit(bindparam("most"))
)
_BY_REF: Final = Prepared(select(ksef_tokens).where(ksef_tokens.c.ref == bindparam("by_key")))
_BY_LOOKUP: Final = Prepared(select(ksef_tokens).where(ksef_tokens.c.lookup == bindparam("by_key")))
#: The one write that ends an operation; nothing happens to one that was revoked meanwhile.
_SETTLE: Final = Prepared(
    update(auth_operations)
    .where(auth_operations.c.ref == bindparam("by_ref"), auth_operations.c.status == 100)
    .values(
        status=bindparam("new_status"),
        details=bindparam("new_details"),
        why=bindparam("new_why"),
        subject_type=bindparam("new_subject_type"),
        subject_value=bindparam("new_subject_value"),
        subject=bindparam("new_subject"),
        token_ref=bindparam("new_token_ref"),
        encrypted_token=None,
        certificate=None,
    )
)
_USED: Final = Prepared(
    update(ksef_tokens).where(ksef_tokens.c.ref == bindparam("by_ref")).values(last_use=bindparam("new_use"))
)


@step("auth")
async def authenticate(ksef: LocalKsef) -> bool:
    """One round: open what is encrypted, then settle each operation."""
    waiting = ksef.store.read(lambda db: [row._asdict() for row in _WAITING.rows(db, most=_ROUND)])
    if not waiting:
        return False
    ring(ksef)  # rotated meanwhile, perhaps by another process
    slices = [waiting[start::_THREADS] for start in range(min(_THREADS, len(waiting)))]
    opened = await asyncio.gather(*(asyncio.to_thread(_present_all, ksef, part) for part in slices))
    settled = [
        ksef.store.write(partial(_settle, ksef, operation, presented))
        for part, answers in zip(slices, opened, strict=True)
        for operation, presented in zip(part, answers, strict=True)
    ]
    await asyncio.gather(*settled)
    return True


# ---- the KSeF token, outside the database ------------------------------------------------------------


def _present_all(ksef: LocalKsef, operations: Sequence[Record]) -> list[Presented | Refusal | None]:
    return [_present(ksef, operation) for operation in operations]


def _present(ksef: LocalKsef, operation: Record) -> Presented | Refusal | None:
    """Open and take apart the encrypted token of a login; None for a login by signature."""
    blob: bytes | None = operation["encrypted_token"]
    if blob is None:
        return None
    keys, key_id, came = ksef.keys.encryption, operation["public_key_id"], instant(operation["created"])
    plain = keys.unwrap(_USAGE, key_id, blob, came)
    if plain is None:
        why = why_closed(keys, _USAGE, key_id, blob, came, lambda b: b.rpartition(b"|")[2].isdigit())
        return Refusal(450, codes.BAD_TOKEN_ENCRYPTION, why)
    return read_plaintext(plain, operation["timestamp_ms"], short_form=ksef.token_form == SHORT)


# ---- the verdict, inside the transaction -----------------------------------------------------------


def _settle(
    ksef: LocalKsef, operation: Record, presented: Presented | Refusal | None, db: Connection
) -> None:
    """Decide one operation and write it down, if it is still in work."""
    now = ksef.clock.now()
    context = Context(operation["context_type"], operation["context_value"])
    token: Record | None = None
    certificate: x509.Certificate | None = None
    refusal: Refusal | None
    subject, sud = (operation["subject_type"], operation["subject_value"]), operation["subject"]
    if isinstance(presented, Refusal):
        refusal = presented
    elif presented is not None:
        token, refusal = _token(ksef, db, presented, operation, context, now)
        if token is not None:
            subject, sud = (token["author_type"], token["author_value"]), token["subject"]
    else:
        if operation["certificate"] is not None:
            certificate = x509.load_der_x509_certificate(operation["certificate"])
        refusal = _certificate(ksef, db, certificate, now)
    refusal = refusal or _person(db, Subject(*subject), context)
    moved = _SETTLE.do(
        db,
        by_ref=operation["ref"],
        new_status=refusal.status if refusal else 200,
        new_details=json.dumps([refusal.detail], ensure_ascii=False) if refusal else None,
        new_why=refusal.why if refusal else None,
        new_subject_type=subject[0],
        new_subject_value=subject[1],
        new_subject=sud,
        new_token_ref=token["ref"] if token else None,
    )
    if moved and refusal is not None:
        tell(operation["ref"], refusal.status, refusal.why)
    if not moved or refusal is not None:
        return
    if context.type == "PeppolId":
        peppol.register(db, context.value, sud or "{}", now)
    if token is not None:
        _USED.do(db, by_ref=token["ref"], new_use=stamp(now))
    elif certificate is not None and operation["method"] == "InternalCertificate":
        note_use(db, certificate, now)


def _token(
    ksef: LocalKsef,
    db: Connection,
    presented: Presented,
    operation: Record,
    context: Context,
    now: datetime,
) -> tuple[Record | None, Refusal | None]:
    """The token presented, and what keeps it out. Rules: auth.md section 2 (450), tokens.md section 4."""
    # (1) The challenge may have run out while we were away.
    challenged = instant(operation["timestamp_ms"] * 1000)
    if now > challenged + CHALLENGE_LIFE + timedelta(milliseconds=1):
        why = both(
            "the challenge ran out before the login was looked at",
            "wyzwanie straciło ważność, zanim sprawdzono logowanie",
        )
        return None, Refusal(450, codes.BAD_CHALLENGE, why)
    # (2) Known, and the secret is right. Unknown and wrong are one.
    query = _BY_LOOKUP if presented.short else _BY_REF
    found = query.record(db, by_key=presented.key)
    known = found["secret_hash"] if found else ""
    if found is None or not hmac.compare_digest(known, presented.secret_hash):
        why = both(
            "the secret part is wrong" if found else "no token of that reference was issued here",
            "część tajna jest błędna" if found else "nie wydano tu tokena o tym numerze referencyjnym",
        )
        return None, Refusal(450, codes.BAD_TOKEN, why)
    own = Context(found["context_type"], found["context_value"])
    if not presented.short and presented.context_text != context_text(own):
        why = both("the context written in the token was changed", "zmieniono kontekst zapisany w tokenie")
        return None, Refusal(450, codes.BAD_TOKEN, why)
    # (3) In its own context.
    if own != context:
        detail = codes.TOKEN_NOT_FOR_CONTEXT.format(context=context.value)
        why = both(
            f"token {found['ref']} belongs to {own.type} {own.value}, not to {context.type} {context.value}",
            f"token {found['ref']} należy do {own.type} {own.value}, nie do {context.type} {context.value}",
        )
        return found, Refusal(450, detail, why)
    # (4) In a state to be used.
    if found["status"] == "Revoked":
        why = both(f"token {found['ref']} was revoked", f"token {found['ref']} unieważniono")
        return found, Refusal(450, codes.TOKEN_REVOKED, why)
    if found["status"] != "Active":
        why = both(
            f"token {found['ref']} is {found['status']}; wait until GET /tokens/{{ref}} says Active",
            f"token {found['ref']} ma status {found['status']}; poczekaj, aż GET /tokens/{{ref}} poda Active",
        )
        return found, Refusal(450, codes.TOKEN_INACTIVE, why)
    # (5) Not past its end, where the policy sets one.
    if ended := ksef.tokens.ended(db, found["ref"], found["created"], now):
        return found, Refusal(450, codes.TOKEN_INACTIVE, ended)
    return found, None


def _person(db: Connection, subject: Subject, context: Context) -> Refusal | None:
    """What keeps a known subject out of a context."""
    if blocked(db, context):
        why = both(
            f"{context.type} {context.value} is blocked (/testdata/context/block)",
            f"{context.type} {context.value} jest zablokowany (/testdata/context/block)",
        )
        return Refusal(480, codes.SECURITY_INCIDENT, why)
    if deceased(db, subject):
        why = both(
            f"this {subject.type} is registered as deceased (/testdata/person)",
            f"ten {subject.type} jest zarejestrowany jako zmarły (/testdata/person)",
        )
        return Refusal(470, codes.METHODS_OF_DECEASED, why)
    # All that the subject holds counts here, not what a token carries of it (tokens.md section 1).
    if not effective(db, subject, context).any:
        return Refusal(415, codes.NO_PERMISSIONS_ASSIGNED, _why_nothing(db, subject, context))
    return None


def _why_nothing(db: Connection, subject: Subject, context: Context) -> str:
    """Why a subject has no rights in a context, and who could give it some."""
    place = f"{context.type} {context.value}"
    en, pl = who_grants(context.type, context.value)
    if context.type == "Nip":
        en += ", on the test profile POST /testdata/permissions as well"
        pl += ", w profilu test także POST /testdata/permissions"
    # What an intermediary passed on is there, but the client does not let it.
    if offices := ", ".join(intermediaries(db, subject, context)):
        en += (
            f"; {offices} did pass something on, which counts once {context.value} grants {offices} the same "
            "permission with canDelegate (POST /permissions/entities/grants)"
        )
        pl += (
            f"; {offices} przekazał uprawnienie, które zadziała, gdy {context.value} nada {offices} to samo "
            "uprawnienie z canDelegate (POST /permissions/entities/grants)"
        )
    return both(
        f"this {subject.type} holds nothing in {place}; {en}",
        f"ten {subject.type} nie ma żadnych uprawnień w {place}; {pl}",
    )


def _certificate(
    ksef: LocalKsef, db: Connection, certificate: x509.Certificate | None, now: datetime
) -> Refusal | None:
    """The chain, where it matters (None where it does not). Rule: xades.md section 8."""
    if certificate is None:
        return None
    if certificate.issuer == ksef.keys.authority.certificate.subject:
        kept_out = keeps_out(ksef, db, certificate, now)
        return Refusal(460, *kept_out) if kept_out else None
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        why = both(
            f"the certificate is valid from {start} to {end}", f"certyfikat jest ważny od {start} do {end}"
        )
        return Refusal(460, codes.CERTIFICATE_EXPIRED, why)
    for root in ksef.trusted_roots:
        if certificate.issuer != root.subject:
            continue
        try:
            certificate.verify_directly_issued_by(root)
        except (InvalidSignature, ValueError, TypeError):
            issuer = root.subject.rfc4514_string()
            why = both(
                f"it names {issuer} as its issuer, whose key did not sign it",
                f"jako wystawcę podaje {issuer}, lecz nie podpisano go tym kluczem",
            )
            return Refusal(460, codes.CHAIN_NOT_VERIFIED, why)
        return None
    issuer = certificate.issuer.rfc4514_string()
    why = both(
        f"no authority trusted here issued it; its issuer is {issuer}",
        f"nie wystawił go żaden zaufany tu urząd certyfikacji; wystawca: {issuer}",
    )
    return Refusal(460, codes.CHAIN_NOT_TRUSTED, why)
