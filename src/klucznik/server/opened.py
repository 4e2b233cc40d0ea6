"""Sessions as the other rooms see them: who may reach one, and its key, in memory once opened.

What never changes of a session (whose it is, form, key) is kept by `OpenSessions`, so that an invoice
costs no RSA and no query for it. What changes (status, counters) is always read in the transaction.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, bindparam, select

from klucznik.crypto.envelope import KEY_BYTES
from klucznik.lang import both
from klucznik.secret import Secret
from klucznik.server.access import Caller, Context
from klucznik.server.key_faults import why_closed
from klucznik.server.keyring import KeyRing, ring
from klucznik.server.prepared import Prepared
from klucznik.server.tables import instant, sessions
from klucznik.wire import codes, problems
from klucznik.wire.problems import Forbidden, Problem
from klucznik.wire.security import PublicKeyCertificateUsage

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

_USAGE: Final = PublicKeyCertificateUsage.SymmetricKeyEncryption
_ROW = Prepared(select(sessions).where(sessions.c.ref == bindparam("ref")))


@dataclass(frozen=True, slots=True)
class OpenSession:
    """The immutable part of a session. `key` is None where the wrapped key does not open."""

    ref: str
    kind: str  # SessionType
    context: Context
    subject_type: str
    subject_value: str
    system_code: str
    checksums: bool
    key: Secret | None
    iv: bytes


class OpenSessions:
    """The sessions in use, in memory; the one unused longest goes first."""

    def __init__(self, most: int = 2048) -> None:
        self._most = most
        self._known: OrderedDict[str, OpenSession] = OrderedDict()

    def keep(self, session: OpenSession) -> None:
        """Remember a session."""
        self._known[session.ref] = session
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def find(self, ksef: LocalKsef, ref: str) -> OpenSession | None:
        """A session by its number, from memory or from what is committed; None for an unknown one."""
        if known := self._known.get(ref):
            self._known.move_to_end(ref)
            return known
        row = ksef.store.look(lambda db: by_ref(db, ref))
        if row is None:
            return None
        session = OpenSession(
            ref=ref,
            kind=row.kind,
            context=Context(row.context_type, row.context_value),
            subject_type=row.subject_type,
            subject_value=row.subject_value,
            system_code=row.system_code,
            checksums=bool(row.checksums),
            key=session_key(ring(ksef), row.wrapped_key, row.public_key_id, row.created),
            iv=row.iv,
        )
        self.keep(session)
        return session


def session_key(keys: KeyRing, wrapped: bytes, public_key_id: str | None, created: int) -> Secret | None:
    """The AES-256 key of what came in at a stamp, or None when it does not open or has another length."""
    key = keys.unwrap(_USAGE, public_key_id, wrapped, instant(created))
    return Secret(key) if key is not None and len(key) == KEY_BYTES else None


def why_no_key(keys: KeyRing, wrapped: bytes, public_key_id: str | None, created: int) -> str:
    """The likely mistake behind a session's key that does not open."""
    key = keys.unwrap(_USAGE, public_key_id, wrapped, instant(created))
    if key is not None:
        return both(
            f"what was encrypted has {len(key)} bytes; a key of AES-256 has {KEY_BYTES}",
            f"zaszyfrowano {len(key)} bajtów; klucz AES-256 ma ich {KEY_BYTES}",
        )
    return why_closed(keys, _USAGE, public_key_id, wrapped, instant(created), lambda b: len(b) == KEY_BYTES)


def is_batch(session_ref: str) -> bool:
    """Whether a session's number is that of a batch session (ids: `SB` for batch, `SO` for online)."""
    return session_ref[9:11] == "SB"


def check_reference(ref: str, name: str = "referenceNumber") -> str:
    """The reference number of a path, or 21405: the contract fixes its length and nothing else."""
    if len(ref) != 36:
        raise Problem(
            codes.INVALID_INPUT,
            [f"The length of '{name}' must be 36 characters. You entered {len(ref)} characters."],
            why=both(f"{name} is not a reference number", f"{name} nie jest numerem referencyjnym"),
        )
    return ref


def no_session(ref: str, text: str = codes.SESSION_NOT_FOUND) -> Problem:
    """The refusal (21173) for a number under which no session of the kind asked for is found."""
    return Problem(
        codes.NO_SESSION,
        [text.format(ref=ref)],
        why=both(
            "this KSeF has no such session of this kind: another environment, or reset since?",
            "ten KSeF nie ma takiej sesji tego rodzaju; inne środowisko albo dane wyczyszczono?",
        ),
    )


def by_ref(db: Connection, ref: str) -> Any:
    """The row of a session, or None."""
    return _ROW.one(db, ref=ref)


def admit_writer(caller: Caller, session: Any) -> None:
    """Who opened it and the context's owner send into a session and close it (sessions.md section 1)."""
    _same_context(caller, session)
    if not (caller.owner or _opened_by(caller, session)):
        raise Forbidden(
            problems.INSUFFICIENT_RESOURCE_ACCESS,
            why=both(
                "another subject opened this session; it and the context's owner may send and close",
                "sesję otworzył inny podmiot; wysyłać i zamykać może on i właściciel kontekstu",
            ),
        )


def admit_reader(caller: Caller, session: Any) -> None:
    """Who opened it, the context's owner and holders of Introspection read (sessions.md section 1)."""
    _same_context(caller, session)
    if not (caller.owner or caller.may("Introspection") or _opened_by(caller, session)):
        raise Forbidden(
            problems.INSUFFICIENT_RESOURCE_ACCESS,
            why=both(
                "another subject opened this session; others need Introspection to read it",
                "sesję otworzył inny podmiot; do odczytu trzeba uprawnienia Introspection",
            ),
        )


def _same_context(caller: Caller, session: Any) -> None:
    context = getattr(session, "context", None) or Context(session.context_type, session.context_value)
    if caller.context != context:
        raise Forbidden(
            problems.INSUFFICIENT_RESOURCE_ACCESS,
            why=both("the session belongs to another context", "sesja należy do innego kontekstu"),
        )


def _opened_by(caller: Caller, session: Any) -> bool:
    return (caller.subject_type, caller.subject_value) == (session.subject_type, session.subject_value)


def readable(db: Connection, caller: Caller, ref: str) -> Any:
    """The row of a session the caller may read. Raises 21405, 21173 or 403."""
    row = by_ref(db, check_reference(ref))
    if row is None:
        raise no_session(ref)
    admit_reader(caller, row)
    return row
