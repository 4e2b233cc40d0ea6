"""Consent to invoices with attachments. Rule: permissions.md section 11."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, or_, select

from klucznik.server.ask import Ask, answers
from klucznik.server.prepared import Prepared
from klucznik.server.tables import attachment_consents, instant_or_none, stamp
from klucznik.wire import permissions
from klucznik.wire.permissions import CheckAttachmentPermissionStatusResponse

_CONSENT = attachment_consents.c
_IN_FORCE = Prepared(
    select(_CONSENT.nip).where(
        _CONSENT.nip == bindparam("by_nip"), or_(_CONSENT.ends.is_(None), _CONSENT.ends > bindparam("at"))
    )
)


def consents(db: Connection, nip: str, now: int) -> bool:
    """Whether a company may send invoices with attachments at an instant (a stamp)."""
    return _IN_FORCE.one(db, by_nip=nip, at=now) is not None


@answers(permissions.ATTACHMENTS_STATUS)
def status(ask: Ask[None]) -> CheckAttachmentPermissionStatusResponse:
    """GET /permissions/attachments/status: of the company whose context it is, of a unit its parent."""
    nip = ask.caller.context.value[:10]
    ends = ask.db.execute(select(_CONSENT.ends).where(_CONSENT.nip == nip)).scalar_one_or_none()
    return CheckAttachmentPermissionStatusResponse(
        is_attachment_allowed=consents(ask.db, nip, stamp(ask.now)), revoked_date=instant_or_none(ends)
    )
