"""Sessions: open, close, status, list. Their ends: `session_end`; packages: `batch`. Rules: sessions.md."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Select, bindparam, insert, select, tuple_, update

from klucznik.documents.forms import FORMS
from klucznik.lang import both
from klucznik.secret import Secret
from klucznik.server import links, paging, upos
from klucznik.server.access import Caller
from klucznik.server.ask import Ask, answers
from klucznik.server.key_faults import require
from klucznik.server.keyring import ring
from klucznik.server.local import Profile
from klucznik.server.opened import (
    OpenSession,
    admit_writer,
    by_ref,
    check_reference,
    no_session,
    readable,
    session_key,
)
from klucznik.server.prepared import Prepared
from klucznik.server.tables import instant, sessions, stamp
from klucznik.wire import codes
from klucznik.wire import sessions as wire
from klucznik.wire.common import FormCode, StatusInfo
from klucznik.wire.ids import make_reference
from klucznik.wire.problems import Problem
from klucznik.wire.security import PublicKeyCertificateUsage
from klucznik.wire.sessions import (
    CommonSessionStatus,
    OpenBatchSessionRequest,
    OpenOnlineSessionRequest,
    OpenOnlineSessionResponse,
    SessionsQuery,
    SessionsQueryResponse,
    SessionsQueryResponseItem,
    SessionStatusResponse,
    UpoPageResponse,
    UpoResponse,
)

SESSION_LIFE: Final = timedelta(hours=12)
_IV_BYTES: Final = 16

#: X-KSeF-Feature; other values (such as upo-v4-3 of old clients) and lists of them change nothing.
_CHECKSUMS: Final = "subject-identifier-validation"


Opening = OpenOnlineSessionRequest | OpenBatchSessionRequest


def unwrap_key(ask: Ask[Any]) -> Secret | None:
    """The session's AES key; None where it does not open, which is told later, by status 415."""
    encryption = ask.body.encryption
    return session_key(
        ring(ask.ksef), encryption.encrypted_symmetric_key, encryption.public_key_id, stamp(ask.now)
    )


@answers(wire.OPEN_ONLINE, prepare=unwrap_key)
def open_online(ask: Ask[OpenOnlineSessionRequest]) -> OpenOnlineSessionResponse:
    """POST /sessions/online. Rules: sessions.md sections 2 to 5."""
    check_opening(ask, ask.body, may_be_pef=True)
    until = ask.now + SESSION_LIFE
    ref = begin(ask, ask.body, "Online", until)
    if ask.prepared is None:
        ask.ksef.work.wake("sessions")
    return OpenOnlineSessionResponse(reference_number=ref, valid_until=until)


def check_opening(ask: Ask[Any], body: Opening, *, may_be_pef: bool) -> None:
    """What both kinds of sessions demand: form, vector, key. Raises 21405 and 21470."""
    form, encryption = body.form_code, body.encryption
    # (1) A form of this environment and context, and a vector of 16 bytes: all that is wrong at once.
    faults = []
    if not form_allowed(form, ask.ksef.profile, ask.caller) or (form.value == "PEF" and not may_be_pef):
        faults.append(codes.FORM_CODE_NOT_SUPPORTED)
    if (length := len(encryption.initialization_vector)) != _IV_BYTES:
        faults.append(codes.BAD_IV_LENGTH.format(length=length))
    if faults:
        said, profile, kind = "; ".join(faults), ask.ksef.profile, ask.caller.context.type
        why = both(
            f"{said} (profile {profile}, context {kind}, form {form.system_code[:20]!r})",
            f"{said} (profil {profile}, kontekst {kind}, formularz {form.system_code[:20]!r})",
        )
        raise Problem(codes.INVALID_INPUT, faults, why=why)
    # (2) A key of ours, for this usage.
    require(ask.ksef, ask.db, PublicKeyCertificateUsage.SymmetricKeyEncryption, encryption.public_key_id)


def begin(ask: Ask[Any], body: Opening, kind: Literal["Online", "Batch"], until: datetime) -> str:
    """Store a new session, also for a key that does not open: that is found out later. Its number."""
    caller, form, encryption = ask.caller, body.form_code, body.encryption
    ref = make_reference("SO" if kind == "Online" else "SB", ask.now, ask.ksef.random(5))
    checksums = ask.headers.get("x-ksef-feature", "").strip() == _CHECKSUMS
    key: Secret | None = ask.prepared
    ask.db.execute(
        insert(sessions).values(
            ref=ref,
            kind=kind,
            context_type=caller.context.type,
            context_value=caller.context.value,
            subject_type=caller.subject_type,
            subject_value=caller.subject_value,
            auth_ref=caller.auth_ref,
            system_code=form.system_code,
            schema_version=form.schema_version,
            form_value=form.value,
            checksums=checksums,
            wrapped_key=encryption.encrypted_symmetric_key,
            iv=encryption.initialization_vector,
            public_key_id=encryption.public_key_id,
            created=stamp(ask.now),
            updated=stamp(ask.now),
            valid_until=stamp(until),
            status=100,
            bad_key=key is None,
            sent=0,
            accepted=0,
            failed=0,
        )
    )
    # Nobody knows the number before the commit, so remembering it early harms nobody.
    ask.ksef.opened.keep(
        OpenSession(
            ref,
            kind,
            caller.context,
            caller.subject_type,
            caller.subject_value,
            form.system_code,
            checksums,
            key,
            encryption.initialization_vector,
        )
    )
    return ref


def form_allowed(form: FormCode, profile: Profile, caller: Caller) -> bool:
    """The triple of sessions.md section 3; FA (2) on TEST alone, PEF in a PeppolId context alone."""
    known = FORMS.get(form.system_code)
    if known is None or (form.schema_version, form.value) != (known.schema_version, known.value):
        return False
    if known.system_code == "FA (2)" and profile != "test":
        return False
    return known.value != "PEF" or caller.context.type == "PeppolId"


_CLOSE = Prepared(
    update(sessions)
    .where(
        sessions.c.ref == bindparam("session"),
        sessions.c.status == 100,
        sessions.c.valid_until > bindparam("now"),
    )
    .values(status=170, closed=bindparam("now"), updated=bindparam("now"))
)


@answers(wire.CLOSE_ONLINE)
def close_online(ask: Ask[None]) -> None:
    """POST /sessions/online/{referenceNumber}/close."""
    ref = check_reference(ask.path["referenceNumber"])
    # (1) It is there, and the caller's to close.
    row = by_ref(ask.db, ref)
    if row is None or row.kind != "Online":
        raise no_session(ref, codes.ONLINE_SESSION_NOT_FOUND)
    admit_writer(ask.caller, row)
    # (2) It is open.
    if _CLOSE.do(ask.db, session=ref, now=stamp(ask.now)) == 0:
        status = 170 if row.status == 100 else row.status
        why = both(f"the session has status {status}", f"sesja ma status {status}")
        raise Problem(codes.STATUS_FORBIDS, [codes.STATUS_FORBIDS_CLOSING.format(code=status)], why=why)
    ask.ksef.work.wake("sessions")


@answers(wire.STATUS)
def status(ask: Ask[None]) -> SessionStatusResponse:
    """GET /sessions/{referenceNumber}. Which counters there are: sessions.md section 8."""
    row = readable(ask.db, ask.caller, ask.path["referenceNumber"])
    pages = None
    if row.status == 200:
        pages = UpoResponse(
            pages=[
                UpoPageResponse(
                    reference_number=page.ref,
                    download_url=links.page_upo(ask.ksef, ask.origin, row.ref, page.page, ask.now),
                    download_url_expiration_date=ask.now + links.UPO_LIFE,
                )
                for page in upos.pages(ask.db, row.ref)
            ]
        )
    return SessionStatusResponse(
        status=_status_info(row),
        date_created=instant(row.created),
        date_updated=instant(row.updated),
        valid_until=instant(row.valid_until),
        upo=pages,
        **_counters(row),
    )


def _counters(row: Any) -> dict[str, int | None]:
    """Online: one that is zero is absent. Batch: all three once invoices were judged, zeros included."""
    counters = {
        "invoice_count": row.sent,
        "successful_invoice_count": row.accepted,
        "failed_invoice_count": row.failed,
    }
    if row.kind == "Online":
        return {name: count or None for name, count in counters.items()}
    return counters if row.status in (200, 445) else dict.fromkeys(counters)


def _status_info(row: Any) -> StatusInfo:
    return StatusInfo(
        code=row.status,
        description=codes.SESSION_STATUS[row.kind][row.status],
        details=json.loads(row.details) if row.details else None,
    )


#: sessions.md section 9.
_GROUPS: Final[dict[CommonSessionStatus, tuple[int, ...]]] = {
    CommonSessionStatus.InProgress: (100, 150, 170),
    CommonSessionStatus.Succeeded: (200,),
    CommonSessionStatus.Cancelled: (440,),
    CommonSessionStatus.Failed: (405, 415, 420, 430, 435, 445, 500),
}


@answers(wire.LIST)
def list_sessions(ask: Ask[None]) -> SessionsQueryResponse:
    """GET /sessions, newest first."""
    caller, query = ask.caller, ask.query
    assert isinstance(query, SessionsQuery)
    # (1) All sessions of the context, or only the caller's own.
    wanted = _filtered(query).where(
        sessions.c.context_type == caller.context.type, sessions.c.context_value == caller.context.value
    )
    everything = caller.owner or caller.may("Introspection", "EnforcementOperations")
    if not everything:
        wanted = wanted.where(
            sessions.c.subject_type == caller.subject_type, sessions.c.subject_value == caller.subject_value
        )
    # (2) From where the token says, which is sealed for this context, reach and filter.
    filters = query.model_dump_json(exclude={"continuation_token", "page_size"})
    reach = "" if everything else f"{caller.subject_type} {caller.subject_value}"
    listing = f"GET /sessions {caller.context} {reach} {filters}"
    if after := paging.position(ask.ksef, listing, query.continuation_token):
        wanted = wanted.where(tuple_(sessions.c.created, sessions.c.ref) < tuple_(*after))
    wanted = wanted.order_by(sessions.c.created.desc(), sessions.c.ref.desc()).limit(query.page_size + 1)
    rows = ask.db.execute(wanted).all()
    page = rows[: query.page_size]
    following = None
    if len(rows) > len(page):
        following = paging.issue(ask.ksef, listing, [page[-1].created, page[-1].ref])
    return SessionsQueryResponse(
        continuation_token=following,
        sessions=[
            SessionsQueryResponseItem(
                reference_number=row.ref,
                status=_status_info(row),
                date_created=instant(row.created),
                date_updated=instant(row.updated),
                valid_until=instant(row.valid_until),
                total_invoice_count=row.sent,
                successful_invoice_count=row.accepted,
                failed_invoice_count=row.failed,
            )
            for row in page
        ],
    )


def _filtered(query: SessionsQuery) -> Select[Any]:
    found = select(sessions).where(sessions.c.kind == query.session_type.value)
    if query.reference_number:
        found = found.where(sessions.c.ref == query.reference_number)
    for column, since, until in (
        (sessions.c.created, query.date_created_from, query.date_created_to),
        (sessions.c.closed, query.date_closed_from, query.date_closed_to),
        (sessions.c.updated, query.date_modified_from, query.date_modified_to),
    ):
        if since:
            found = found.where(column >= stamp(since))
        if until:
            found = found.where(column <= stamp(until))
    if query.statuses:
        numbers = [number for group in query.statuses for number in _GROUPS[group]]
        found = found.where(sessions.c.status.in_(numbers))
    return found
