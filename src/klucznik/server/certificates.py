"""KSeF certificates that were issued: limits, retrieval, list, revocation. Rules: certificates.md.

They belong to a subject, whatever context it is logged in to; NIP and PESEL of a sole trader are one.
Applying for them stands in `enrollments`, logging in with them in `authentication`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, RowMapping, func, select, tuple_, update

from klucznik.crypto.qr import serial_of
from klucznik.lang import both
from klucznik.server.ask import Ask, answers
from klucznik.server.rights import Subject, linked
from klucznik.server.shapes import refuse
from klucznik.server.subject_limits import limits_of
from klucznik.server.tables import certificates, enrollments, instant, instant_or_none, stamp
from klucznik.server.work import step
from klucznik.wire import certificates as rows
from klucznik.wire import codes, ids
from klucznik.wire.certificates import (
    CertificateLimit,
    CertificateLimitsResponse,
    CertificateListItem,
    CertificateListItemStatus,
    CertificateRevocationReason,
    CertificatesQuery,
    CertificateSubjectIdentifier,
    CertificateSubjectIdentifierType,
    KsefCertificateType,
    QueryCertificatesRequest,
    QueryCertificatesResponse,
    RetrieveCertificatesListItem,
    RetrieveCertificatesRequest,
    RetrieveCertificatesResponse,
    RevokeCertificateRequest,
    TestDataUpdateCertificateRequest,
)
from klucznik.wire.problems import AUTH_METHOD_NOT_ALLOWED, Forbidden, Problem

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

#: Who can hold certificates. A Peppol provider is none of the identifiers the contract has for it.
HOLDERS: Final = frozenset(kind.value for kind in CertificateSubjectIdentifierType)

_SERIAL: Final = re.compile(ids.SERIAL_PATTERN, re.ASCII)


def subject_of(ask: Ask[Any]) -> Subject:
    """Who calls."""
    return Subject(ask.caller.subject_type, ask.caller.subject_value)


def refuse_token(ask: Ask[Any]) -> None:
    """Certificates are not for logins by KSeF token (403 auth-method-not-allowed). Rule: section 3."""
    if ask.caller.method == "Token":
        raise Forbidden(
            AUTH_METHOD_NOT_ALLOWED,
            {"authenticationMethodCategory": ask.caller.category},
            why=both(
                "a login by KSeF token has no certificates; log in with a certificate",
                "logowanie tokenem KSeF nie daje dostępu do certyfikatów; zaloguj się certyfikatem",
            ),
        )


def status_of(row: RowMapping, now: datetime) -> CertificateListItemStatus:
    """Revocation stays what it is; otherwise time decides."""
    if row["status"] == "Active" and instant(row["valid_to"]) <= now:
        return CertificateListItemStatus.Expired
    return CertificateListItemStatus(row["status"])


def count_enrollments(db: Connection, subject: Subject) -> int:
    """Applications ever made; none of them comes back."""
    query = select(func.count()).select_from(enrollments)
    query = query.filter_by(subject_type=subject.type, subject_value=subject.value)
    return int(db.execute(query).scalar_one())


def count_certificates(db: Connection, subject: Subject, now: datetime) -> int:
    """Certificates in force: not revoked, not expired."""
    query = select(func.count()).select_from(certificates)
    query = query.filter_by(subject_type=subject.type, subject_value=subject.value, status="Active")
    return int(db.execute(query.where(certificates.c.valid_to > stamp(now))).scalar_one())


def _own(ask: Ask[Any]) -> Any:
    """Certificates of the caller, by whichever of its identifiers."""
    mine = sorted(linked(ask.db, subject_of(ask)))
    return tuple_(certificates.c.subject_type, certificates.c.subject_value).in_(mine)


def _named(ask: Ask[Any], serial: str, place: str) -> RowMapping:
    """The caller's certificate of that serial number; 21405 for its shape, else 25008."""
    if _SERIAL.fullmatch(serial) is None:
        raise refuse(f"'{place}' is not in the correct format.", f"'{place}' ma niepoprawną postać.")
    query = select(certificates).where(certificates.c.serial == serial)
    found = ask.db.execute(query.where(_own(ask))).mappings().first()
    if found is None:
        known = ask.db.execute(query).first()
        why = both(
            "the certificate belongs to another subject" if known else "no such certificate was issued here",
            "certyfikat należy do innego podmiotu" if known else "nie wydano tu takiego certyfikatu",
        )
        raise Problem(codes.CERTIFICATE_NOT_FOUND, why=why)
    return found


def keeps_out(
    ksef: LocalKsef, db: Connection, certificate: x509.Certificate, now: datetime
) -> tuple[str, str] | None:
    """Why a certificate that names our CA cannot log in: the detail of status 460, and the cause.

    Rules: certificates.md sections 1, 6 and 7, xades.md section 8.
    """
    # (1) Our CA did issue it, and it is entered here.
    try:
        certificate.verify_directly_issued_by(ksef.keys.authority.certificate)
    except (InvalidSignature, ValueError, TypeError):
        why = both(
            "it names the CA of this KSeF as its issuer, whose key did not sign it",
            "jako wystawcę podaje CA tego KSeF, lecz nie jest podpisany jego kluczem",
        )
        return codes.CHAIN_NOT_VERIFIED, why
    query = select(certificates).where(certificates.c.serial == serial_of(certificate))
    found = db.execute(query).mappings().first()
    if found is None or found["certificate"] != certificate.public_bytes(Encoding.DER):
        why = both(
            "no such certificate is entered here; was the data folder replaced?",
            "nie ma tu takiego certyfikatu; czy podmieniono katalog danych?",
        )
        return codes.CERTIFICATE_INCORRECT, why
    # (2) It is for logging in.
    if found["kind"] != KsefCertificateType.Authentication.value:
        why = both(
            f"its type is {found['kind']}; logging in takes Authentication",
            f"to certyfikat typu {found['kind']}; do logowania służy Authentication",
        )
        return codes.CERTIFICATE_INCORRECT, why
    # (3) In force: neither revoked, nor on the way there, nor outside its time.
    begin, end = instant(found["valid_from"]), instant(found["valid_to"])
    match status_of(found, now):
        case CertificateListItemStatus.Revoked:
            return codes.CERTIFICATE_REVOKED, both("it is revoked", "jest unieważniony")
        case CertificateListItemStatus.Blocked:
            return codes.CERTIFICATE_SUSPENDED, both("it is being revoked", "trwa jego unieważnianie")
        case CertificateListItemStatus.Expired:
            return codes.CERTIFICATE_EXPIRED, both(f"it expired at {end}", f"wygasł {end}")
        case CertificateListItemStatus.Active:
            if now < begin:
                return codes.CERTIFICATE_EXPIRED, both(f"it is valid from {begin}", f"jest ważny od {begin}")
    return None


def note_use(db: Connection, certificate: x509.Certificate, now: datetime) -> None:
    """lastUseDate: of the last login that succeeded."""
    db.execute(
        update(certificates)
        .where(certificates.c.serial == serial_of(certificate))
        .values(last_use=stamp(now))
    )


@answers(rows.LIMITS)
def certificate_limits(ask: Ask[None]) -> CertificateLimitsResponse:
    """GET /certificates/limits. Rules: sections 2 and 5."""
    refuse_token(ask)
    subject = subject_of(ask)
    allowed = limits_of(ask.db, subject)
    enrollment = _left(allowed.enrollments, count_enrollments(ask.db, subject))
    certificate = _left(allowed.certificates, count_certificates(ask.db, subject, ask.now))
    return CertificateLimitsResponse(
        can_request=bool(subject.type in HOLDERS and enrollment.remaining and certificate.remaining),
        enrollment=enrollment,
        certificate=certificate,
    )


def _left(limit: int, used: int) -> CertificateLimit:
    return CertificateLimit(remaining=max(limit - used, 0), limit=limit)


@answers(rows.RETRIEVE, reads=True)
def retrieve(ask: Ask[RetrieveCertificatesRequest]) -> RetrieveCertificatesResponse:
    """POST /certificates/retrieve: in the order asked for; what is not one's own is left out."""
    refuse_token(ask)
    wanted = list(dict.fromkeys(ask.body.certificate_serial_numbers))
    query = select(certificates).where(certificates.c.serial.in_(wanted), _own(ask))
    found = {row["serial"]: row for row in ask.db.execute(query).mappings()}
    return RetrieveCertificatesResponse(
        certificates=[
            RetrieveCertificatesListItem(
                certificate=row["certificate"],
                certificate_name=row["name"],
                certificate_serial_number=row["serial"],
                certificate_type=KsefCertificateType(row["kind"]),
            )
            for row in (found[serial] for serial in wanted if serial in found)
        ]
    )


@answers(rows.QUERY, reads=True)
def query_certificates(ask: Ask[QueryCertificatesRequest]) -> QueryCertificatesResponse:
    """POST /certificates/query: newest application first. Rules: sections 2 and 6."""
    refuse_token(ask)
    page: CertificatesQuery = ask.query
    body, columns = ask.body, certificates.c
    wanted = select(certificates).where(_own(ask))
    if body.certificate_serial_number is not None:
        wanted = wanted.where(columns.serial == body.certificate_serial_number)
    if body.type is not None:
        wanted = wanted.where(columns.kind == body.type.value)
    if body.expires_after is not None:
        wanted = wanted.where(columns.valid_to > stamp(body.expires_after))
    wanted = wanted.order_by(columns.requested.desc(), columns.serial.desc())
    # The status depends on the time, and SQLite folds the case of ASCII letters only.
    name = (body.name or "").casefold()
    found = [
        row
        for row in ask.db.execute(wanted).mappings()
        if name in row["name"].casefold() and body.status in (None, status_of(row, ask.now))
    ]
    start = page.page_offset * page.page_size
    end = start + page.page_size
    return QueryCertificatesResponse(
        certificates=[_listed(row, ask.now) for row in found[start:end]], has_more=len(found) > end
    )


def _listed(row: RowMapping, now: datetime) -> CertificateListItem:
    return CertificateListItem(
        certificate_serial_number=row["serial"],
        name=row["name"],
        type=KsefCertificateType(row["kind"]),
        common_name=row["common_name"],
        status=status_of(row, now),
        subject_identifier=CertificateSubjectIdentifier(
            type=CertificateSubjectIdentifierType(row["subject_type"]), value=row["subject_value"]
        ),
        valid_from=instant(row["valid_from"]),
        valid_to=instant(row["valid_to"]),
        last_use_date=instant_or_none(row["last_use"]),
        request_date=instant(row["requested"]),
    )


@answers(rows.REVOKE)
def revoke(ask: Ask[RevokeCertificateRequest]) -> None:
    """POST /certificates/{certificateSerialNumber}/revoke: then Blocked, then Revoked. Rule: section 6."""
    refuse_token(ask)
    found = _named(ask, ask.path["certificateSerialNumber"], "certificateSerialNumber")
    reason = ask.body.revocation_reason or CertificateRevocationReason.Unspecified
    block = (
        update(certificates)
        .where(certificates.c.serial == found["serial"], certificates.c.status == "Active")
        .values(status="Blocked", reason=reason.value)
    )
    status = status_of(found, ask.now)
    if status == CertificateListItemStatus.Active:
        if ask.db.execute(block).rowcount:
            ask.ksef.work.wake("certificates")
            return
        status = CertificateListItemStatus.Blocked  # by another process, since we looked
    raise Problem(
        codes.CERTIFICATE_NOT_REVOCABLE,
        why=both(f"the certificate is {status.value}", f"certyfikat ma status {status.value}"),
    )


@answers(rows.TESTDATA_UPDATE)
def update_certificate(ask: Ask[TestDataUpdateCertificateRequest]) -> None:
    """PUT /testdata/certificates/{serialNumber}: an earlier end. The X.509 stays as it was issued."""
    found = _named(ask, ask.path["serialNumber"], "serialNumber")
    if stamp(ask.body.valid_to) > found["valid_to"]:
        raise refuse(
            "'validTo' must not be later than the current one.",
            "'validTo' nie może być późniejsze od obecnego.",
        )
    ask.db.execute(
        update(certificates)
        .where(certificates.c.serial == found["serial"])
        .values(valid_to=stamp(ask.body.valid_to))
    )


@step("certificates")
async def finish_revocations(ksef: LocalKsef) -> bool:
    """One round: Blocked becomes Revoked."""
    query = select(func.count()).select_from(certificates).where(certificates.c.status == "Blocked")
    if not ksef.store.read(lambda db: db.execute(query).scalar_one()):
        return False

    def move(db: Connection) -> None:
        db.execute(update(certificates).where(certificates.c.status == "Blocked").values(status="Revoked"))

    await ksef.store.write(move)
    return True
