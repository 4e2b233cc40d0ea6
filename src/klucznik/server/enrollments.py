"""Applying for a KSeF certificate: data for the CSR, the CSR, its status. Rules: certificates.md 3-5.

What the CSR alone says is judged before 202; the step "enrollments" issues the certificate or refuses.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import Connection, RowMapping, insert, select, tuple_, update

from klucznik.crypto import csr
from klucznik.crypto.csr import ATTRIBUTES
from klucznik.crypto.envelope import public_key_id
from klucznik.lang import both
from klucznik.server.ask import Ask, answers
from klucznik.server.certificates import (
    HOLDERS,
    count_certificates,
    count_enrollments,
    refuse_token,
    subject_of,
)
from klucznik.server.rights import Subject, linked
from klucznik.server.shapes import refuse
from klucznik.server.subject_limits import limits_of
from klucznik.server.tables import auth_operations, certificates, enrollments, instant, stamp
from klucznik.server.why import tell
from klucznik.server.work import step
from klucznik.wire import certificates as rows
from klucznik.wire import codes, ids
from klucznik.wire.certificates import (
    CertificateEnrollmentDataResponse,
    CertificateEnrollmentStatusResponse,
    EnrollCertificateRequest,
    EnrollCertificateResponse,
)
from klucznik.wire.codes import Code
from klucznik.wire.common import StatusInfo
from klucznik.wire.problems import Gone, Problem

if TYPE_CHECKING:
    from klucznik.server.local import LocalKsef

#: How long a certificate is valid, and how long the status of an application can be asked for.
CERTIFICATE_LIFE: Final = timedelta(days=730)
STATUS_LIFE: Final = timedelta(days=30)
#: X.509 knows no year 10,000.
_LATEST: Final = datetime(9990, 1, 1, tzinfo=UTC)

_ROUND: Final = 50

_PERSON: Final = {
    "given_name": "givenName",
    "surname": "surname",
    "serial_number": "serialNumber",
    "common_name": "commonName",
    "country_name": "countryName",
}
_SEAL: Final = {
    "organization_name": "organizationName",
    "organization_identifier": "organizationIdentifier",
    "common_name": "commonName",
    "country_name": "countryName",
}

# ---- what the CSR must say --------------------------------------------------------------------------


def _fit_to_enroll(ask: Ask[Any], code: Code) -> None:
    """Whether this login can apply at all (25001, 25002). Rule: section 3."""
    if ask.caller.method == "Token":
        raise Problem(
            code,
            why=both(
                "a login by KSeF token cannot apply; log in with a certificate",
                "po zalogowaniu tokenem KSeF nie można wnioskować; zaloguj się certyfikatem",
            ),
        )
    if ask.caller.subject_type not in HOLDERS:
        holders = ", ".join(sorted(HOLDERS))
        why = both(
            f"certificates are for {holders}, not for {ask.caller.subject_type}",
            f"certyfikaty są dla {holders}, nie dla {ask.caller.subject_type}",
        )
        raise Problem(code, why=why)


def _data(ask: Ask[Any]) -> dict[str, str]:
    """The attributes, by their names in the answer, from the certificate that was logged in with."""
    query = select(auth_operations.c.subject).where(auth_operations.c.ref == ask.caller.auth_ref)
    named: dict[str, str] = json.loads(ask.db.execute(query).scalar_one())
    is_person = all(name in named for name in ("givenName", "surname", "serialNumber"))
    wanted = _PERSON if is_person else _SEAL
    data = {attribute: named[name] for attribute, name in wanted.items() if name in named}
    subject = subject_of(ask)
    if subject.type == "Fingerprint":
        data["unique_identifier"] = subject.value
    elif is_person:
        # Certificates name a person in several ways, KSeF in one (observed).
        prefix = {"Nip": "TINPL", "Pesel": "PNOPL"}[subject.type]
        if re.fullmatch(rf"{prefix}-{subject.value}", data["serial_number"]) is None:
            data["serial_number"] = f"{prefix}-{subject.value}"
    return data


@answers(rows.ENROLLMENT_DATA)
def enrollment_data(ask: Ask[None]) -> CertificateEnrollmentDataResponse:
    """GET /certificates/enrollments/data. Rule: section 2."""
    _fit_to_enroll(ask, codes.NO_ENROLLMENT_DATA)
    return CertificateEnrollmentDataResponse(**_data(ask))


# ---- the application --------------------------------------------------------------------------------


def _read_csr(ask: Ask[EnrollCertificateRequest]) -> csr.Request:
    """What needs no database."""
    # (1) The login is one that can apply.
    _fit_to_enroll(ask, codes.NO_ENROLLMENT)
    # (2) The CSR is one, its key and algorithm are of the lists, and it is signed by its key.
    try:
        return csr.read(ask.body.csr)
    except csr.BadRequest as bad:
        raise Problem(codes.CODES[bad.code], why=bad.why) from None


@answers(rows.ENROLL, prepare=_read_csr, threaded=True)
def enroll(ask: Ask[EnrollCertificateRequest]) -> EnrollCertificateResponse:
    """POST /certificates/enrollments. Rules: sections 4 and 5."""
    asked: csr.Request = ask.prepared
    subject = subject_of(ask)
    # (3) The subject is that of the login, attribute by attribute.
    wanted = csr.in_order([(ATTRIBUTES[name], value) for name, value in _data(ask).items()])
    if asked.attributes != wanted:
        raise Problem(codes.CSR_SUBJECT_DIFFERS, why=_difference(asked.attributes, wanted))
    # (4) A start that a certificate can say.
    if ask.body.valid_from is not None and ask.body.valid_from > _LATEST:
        raise refuse("'validFrom' is out of range.", "'validFrom' jest spoza zakresu.")
    # (5) Within the limits of the subject.
    allowed = limits_of(ask.db, subject)
    if count_enrollments(ask.db, subject) >= allowed.enrollments:
        raise Problem(
            codes.TOO_MANY_ENROLLMENTS,
            why=both(
                f"{allowed.enrollments} applications are used up",
                f"wykorzystano limit {allowed.enrollments} wniosków",
            ),
        )
    if count_certificates(ask.db, subject, ask.now) >= allowed.certificates:
        why = both(
            f"{allowed.certificates} certificates are in force; revoke one first",
            f"obowiązuje już {allowed.certificates} certyfikatów; najpierw unieważnij jeden",
        )
        raise Problem(codes.TOO_MANY_CERTIFICATES, why=why)
    ref = ids.make_reference("EH", ask.now, ask.ksef.random(5))
    ask.db.execute(
        insert(enrollments).values(
            ref=ref,
            created=stamp(ask.now),
            subject_type=subject.type,
            subject_value=subject.value,
            status=100,
            name=ask.body.certificate_name,
            kind=ask.body.certificate_type.value,
            csr=ask.body.csr,
            valid_from=None if ask.body.valid_from is None else stamp(ask.body.valid_from),
        )
    )
    ask.ksef.work.wake("enrollments")
    return EnrollCertificateResponse(reference_number=ref, timestamp=ask.now)


def _difference(found: list[csr.Attribute], wanted: list[csr.Attribute]) -> str:
    """Which attributes differ; what they say names a person and stays out."""
    names = {oid: name for name, oid in ATTRIBUTES.items()}

    def told(attributes: set[csr.Attribute]) -> str:
        return ", ".join(sorted(names.get(oid, oid.dotted_string) for oid, _ in attributes)) or "–"

    missing, extra = set(wanted) - set(found), set(found) - set(wanted)
    if not missing and not extra:
        return both(
            "an attribute of the CSR's subject is given twice", "atrybut podmiotu w CSR podano dwa razy"
        )
    return both(
        "the CSR's subject must be that of GET /certificates/enrollments/data; missing or different: "
        f"{told(missing)}; not wanted: {told(extra)}",
        "podmiot w CSR musi być taki jak w GET /certificates/enrollments/data; brakujące lub inne: "
        f"{told(missing)}; niechciane: {told(extra)}",
    )


@answers(rows.ENROLLMENT)
def enrollment_status(ask: Ask[None]) -> CertificateEnrollmentStatusResponse:
    """GET /certificates/enrollments/{referenceNumber}, for thirty days. Rule: section 2."""
    refuse_token(ask)
    ref = ask.path["referenceNumber"]
    if not ids.is_reference(ref):
        raise refuse(
            "'referenceNumber' is not in the correct format.", "'referenceNumber' ma niepoprawną postać."
        )
    mine = sorted(linked(ask.db, subject_of(ask)))
    query = select(enrollments).where(
        enrollments.c.ref == ref, tuple_(enrollments.c.subject_type, enrollments.c.subject_value).in_(mine)
    )
    found = ask.db.execute(query).mappings().first()
    if found is None:
        raise Problem(
            codes.ENROLLMENT_NOT_FOUND,
            why=both(
                "no application of this subject has that number", "ten podmiot nie ma wniosku o tym numerze"
            ),
        )
    if instant(found["created"]) + STATUS_LIFE <= ask.now:
        raise Gone(
            both("the application is more than thirty days old", "od wniosku minęło ponad trzydzieści dni")
        )
    status = StatusInfo(
        code=found["status"],
        description=codes.ENROLLMENT_STATUS[found["status"]],
        details=json.loads(found["details"]) if found["details"] else None,
    )
    return CertificateEnrollmentStatusResponse(
        request_date=instant(found["created"]), status=status, certificate_serial_number=found["serial"]
    )


# ---- after 202 --------------------------------------------------------------------------------------


@step("enrollments")
async def issue_waiting(ksef: LocalKsef) -> bool:
    """One round: each application becomes a certificate, or is refused."""
    query = select(enrollments).where(enrollments.c.status == 100)
    query = query.order_by(enrollments.c.created, enrollments.c.ref).limit(_ROUND)
    waiting = ksef.store.read(lambda db: db.execute(query).mappings().all())
    for application in waiting:
        await ksef.store.write(partial(_settle, ksef, application))
    return bool(waiting)


def _settle(ksef: LocalKsef, application: RowMapping, db: Connection) -> None:
    """Decide an application that was seen waiting, unless another process has.

    The claim comes first: one certificate for one application. All go in the order in which the
    applications came, so two of one subject, or of one key, are never decided side by side.
    """
    mine = enrollments.c.ref == application["ref"]
    if not db.execute(
        update(enrollments).where(mine, enrollments.c.status == 100).values(status=200)
    ).rowcount:
        return
    now = ksef.clock.now()
    subject = Subject(application["subject_type"], application["subject_value"])
    asked = csr.read(application["csr"])
    key_id = public_key_id(asked.public_key)
    refusal = _refusal(db, subject, key_id, now)
    if refusal is not None:
        detail, why = refusal
        values = {"status": 400, "details": json.dumps([detail], ensure_ascii=False), "why": why}
        tell(application["ref"], 400, why)
    else:
        values = {"serial": _issue(ksef, db, application, asked, key_id)}
    db.execute(update(enrollments).where(mine).values(**values))


def _refusal(db: Connection, subject: Subject, key_id: str, now: datetime) -> tuple[str, str] | None:
    """What keeps an application from a certificate: the detail, and why."""
    # (1) A key is one subject's for ever, also after revocation.
    holder = tuple_(certificates.c.subject_type, certificates.c.subject_value)
    query = select(certificates.c.serial).where(
        certificates.c.public_key_id == key_id, holder.not_in(sorted(linked(db, subject)))
    )
    if db.execute(query).first() is not None:
        why = both(
            "this public key is in a certificate of another subject: make a new key",
            "ten klucz publiczny jest w certyfikacie innego podmiotu; utwórz nowy klucz",
        )
        return codes.KEY_OF_ANOTHER, why
    # (2) Applications that came together may pass the first look together.
    allowed = limits_of(db, subject)
    if count_certificates(db, subject, now) >= allowed.certificates:
        count = allowed.certificates
        why = both(f"{count} certificates are in force", f"ważnych certyfikatów jest {count}")
        return codes.CERTIFICATE_LIMIT_REACHED, why
    return None


def _issue(ksef: LocalKsef, db: Connection, application: RowMapping, asked: csr.Request, key_id: str) -> str:
    """Sign the certificate and enter it; its serial number. A start in the past counts as now."""
    created = instant(application["created"])
    wished = instant(application["valid_from"]) if application["valid_from"] is not None else created
    start = max(wished, created).replace(microsecond=0)
    end = start + CERTIFICATE_LIFE
    serial = _new_serial(ksef, db)
    login = application["kind"] == "Authentication"
    certificate = ksef.keys.authority.issue(
        asked.subject,
        asked.public_key,
        not_before=start,
        not_after=end,
        serial=int(serial, 16),
        usage=_usage(login=login),
    )
    (common_name,) = (value for oid, value in asked.attributes if oid == NameOID.COMMON_NAME)
    db.execute(
        insert(certificates).values(
            serial=serial,
            subject_type=application["subject_type"],
            subject_value=application["subject_value"],
            name=application["name"],
            kind=application["kind"],
            common_name=common_name,
            public_key_id=key_id,
            certificate=certificate.public_bytes(Encoding.DER),
            status="Active",
            requested=application["created"],
            valid_from=stamp(start),
            valid_to=stamp(end),
        )
    )
    return serial


def _new_serial(ksef: LocalKsef, db: Connection) -> str:
    """Eight bytes, the first of them 01: a positive number of 16 digits that nobody has yet."""
    while True:
        serial = f"01{ksef.random(7).hex().upper()}"
        if db.execute(select(certificates.c.serial).where(certificates.c.serial == serial)).first() is None:
            return serial


def _usage(*, login: bool) -> x509.KeyUsage:
    """digitalSignature for logging in, nonRepudiation for codes; never both. Rule: section 1."""
    return x509.KeyUsage(
        digital_signature=login,
        content_commitment=not login,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
