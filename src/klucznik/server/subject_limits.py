"""How many certificates a subject may apply for and hold. Rules: limits.md sections 4 and 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from klucznik.server.ask import Ask, answers
from klucznik.server.rights import Subject, linked
from klucznik.server.shapes import refuse
from klucznik.server.tables import subject_limits
from klucznik.wire import limits
from klucznik.wire.limits import (
    CertificateEffectiveSubjectLimits,
    EffectiveSubjectLimits,
    EnrollmentEffectiveSubjectLimits,
    SetSubjectLimitsRequest,
)


@dataclass(frozen=True, slots=True)
class SubjectLimits:
    """Applications in all, and certificates in force at one time."""

    enrollments: int
    certificates: int


_COMPANY: Final = SubjectLimits(300, 100)
_PERSON: Final = SubjectLimits(12, 6)
#: Companies, and people (who are known by PESEL or by a certificate's fingerprint).
_DEFAULTS: Final = {"Nip": _COMPANY, "PeppolId": _COMPANY, "Pesel": _PERSON, "Fingerprint": _PERSON}


def limits_of(db: Connection, subject: Subject) -> SubjectLimits:
    """The limits in force for a subject."""
    usual = _DEFAULTS[subject.type]
    own = db.execute(
        select(subject_limits.c.enrollments, subject_limits.c.certificates).filter_by(
            subject_type=subject.type, subject_value=subject.value
        )
    ).first()
    if own is None:
        return usual
    return SubjectLimits(
        usual.enrollments if own.enrollments is None else own.enrollments,
        usual.certificates if own.certificates is None else own.certificates,
    )


@answers(limits.SUBJECT)
def subject_limits_in_force(ask: Ask[None]) -> EffectiveSubjectLimits:
    """GET /limits/subject."""
    own = limits_of(ask.db, Subject(ask.caller.subject_type, ask.caller.subject_value))
    return EffectiveSubjectLimits(
        enrollment=EnrollmentEffectiveSubjectLimits(max_enrollments=own.enrollments),
        certificate=CertificateEffectiveSubjectLimits(max_certificates=own.certificates),
    )


@answers(limits.SUBJECT_SET)
def set_subject_limits(ask: Ask[SetSubjectLimitsRequest]) -> None:
    """POST /testdata/limits/subject/certificate: what is absent stays as it is."""
    body = ask.body
    subject = _meant(ask, body.subject_identifier_type)
    given = {
        "enrollments": body.enrollment.max_enrollments if body.enrollment else None,
        "certificates": body.certificate.max_certificates if body.certificate else None,
    }
    key = {"subject_type": subject.type, "subject_value": subject.value}
    known = ask.db.execute(select(subject_limits).filter_by(**key)).mappings().first()
    kept = {name: known[name] if known and value is None else value for name, value in given.items()}
    ask.db.execute(delete(subject_limits).filter_by(**key))
    ask.db.execute(insert(subject_limits).values(**key, **kept))


@answers(limits.SUBJECT_RESET)
def reset_subject_limits(ask: Ask[None]) -> None:
    """DELETE /testdata/limits/subject/certificate: the defaults again, for NIP and PESEL alike."""
    for subject in linked(ask.db, Subject(ask.caller.subject_type, ask.caller.subject_value)):
        ask.db.execute(
            delete(subject_limits).filter_by(subject_type=subject.type, subject_value=subject.value)
        )


def _meant(ask: Ask[SetSubjectLimitsRequest], kind: limits.SubjectIdentifierType | None) -> Subject:
    """The caller's own identifier of that type: the one logged in with, or the one linked to it."""
    own = Subject(ask.caller.subject_type, ask.caller.subject_value)
    if kind is None or kind.value == own.type:
        return own
    other = sorted(subject for subject in linked(ask.db, own) if subject.type == kind.value)
    if not other:
        raise refuse(
            f"'subjectIdentifierType' must be '{own.type}' for the authenticated subject.",
            f"'subjectIdentifierType' musi być '{own.type}' dla uwierzytelnionego podmiotu.",
        )
    return other[0]
