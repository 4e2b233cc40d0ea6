"""KSeF certificates: apply, wait, fetch, list, revoke. Rules: certificates.md.

The private key is made here and stays here: KSeF sees the request that the key signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from klucznik.client import hints
from klucznik.client.flow import Flow, Pace, ask, poll
from klucznik.crypto import csr
from klucznik.crypto.certs import Identity, PrivateKey, load_certificate
from klucznik.errors import KlucznikError, Refused, Unreadable
from klucznik.lang import tr
from klucznik.wire import certificates
from klucznik.wire.certificates import (
    CertificateEnrollmentDataResponse,
    CertificateEnrollmentStatusResponse,
    CertificateLimitsResponse,
    CertificateListItem,
    CertificateListItemStatus,
    CertificateRevocationReason,
    CertificatesQuery,
    EnrollCertificateRequest,
    EnrollCertificateResponse,
    KsefCertificateType,
    QueryCertificatesRequest,
    QueryCertificatesResponse,
    RetrieveCertificatesRequest,
    RetrieveCertificatesResponse,
    RevokeCertificateRequest,
)
from klucznik.wire.endpoint import Call, Nothing

PACE = Pace(first=1.0, growth=1.5, longest=5.0, total=120.0)

#: Records of the largest page.
_LARGEST_PAGE = 50


# ---- calls ---------------------------------------------------------------------------------------


def limits() -> Call[CertificateLimitsResponse]:
    """GET /certificates/limits: how many may still be applied for and held."""
    return certificates.LIMITS()


def enrollment_data() -> Call[CertificateEnrollmentDataResponse]:
    """GET /certificates/enrollments/data: what the CSR must say of its subject."""
    return certificates.ENROLLMENT_DATA()


def enroll(
    name: str, kind: KsefCertificateType | str, request: bytes, valid_from: datetime | None = None
) -> Call[EnrollCertificateResponse]:
    """POST /certificates/enrollments; `request` is a CSR in DER (`csr_for`)."""
    return certificates.ENROLL(
        EnrollCertificateRequest(
            certificate_name=name,
            certificate_type=KsefCertificateType(kind),
            csr=request,
            valid_from=valid_from,
        )
    )


def enrollment(reference_number: str) -> Call[CertificateEnrollmentStatusResponse]:
    """GET /certificates/enrollments/{referenceNumber}."""
    return certificates.ENROLLMENT(referenceNumber=reference_number)


def retrieve(serials: Iterable[str]) -> Call[RetrieveCertificatesResponse]:
    """POST /certificates/retrieve: one to ten; what is not one's own is left out of the answer."""
    wanted = list(serials)
    return certificates.RETRIEVE(RetrieveCertificatesRequest(certificate_serial_numbers=wanted))


def page(
    *,
    serial: str | None = None,
    name: str | None = None,
    kind: KsefCertificateType | str | None = None,
    status: CertificateListItemStatus | str | None = None,
    expires_after: datetime | None = None,
    page_offset: int = 0,
    page_size: int = _LARGEST_PAGE,
) -> Call[QueryCertificatesResponse]:
    """POST /certificates/query, one page, newest first; `page_offset` counts pages."""
    return certificates.QUERY(
        QueryCertificatesRequest(
            certificate_serial_number=serial,
            name=name,
            type=None if kind is None else KsefCertificateType(kind),
            status=None if status is None else CertificateListItemStatus(status),
            expires_after=expires_after,
        ),
        query=CertificatesQuery(page_offset=page_offset, page_size=page_size),
    )


def revoke(serial: str, reason: CertificateRevocationReason | str | None = None) -> Call[Nothing]:
    """POST /certificates/{certificateSerialNumber}/revoke: `Blocked`, then `Revoked`."""
    body = RevokeCertificateRequest(
        revocation_reason=None if reason is None else CertificateRevocationReason(reason)
    )
    return certificates.REVOKE(body, certificateSerialNumber=serial)


# ---- flows ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Enrolled:
    """A certificate that was issued, with its key."""

    serial: str
    identity: Identity


def csr_for(data: CertificateEnrollmentDataResponse, key: PrivateKey) -> bytes:
    """A CSR whose subject is the data, attribute by attribute, signed by the key."""
    given: Mapping[str, str] = data.model_dump(exclude_none=True)
    return csr.make([(csr.ATTRIBUTES[name], value) for name, value in given.items()], key)


def enrol(
    name: str,
    kind: KsefCertificateType | str,
    key: PrivateKey,
    *,
    valid_from: datetime | None = None,
    pace: Pace = PACE,
) -> Flow[Enrolled]:
    """Apply for a certificate of this key, wait until it is issued, fetch it, check that it is ours.

    Raises `Refused` when KSeF says no. When the waiting fails, the error names the application:
    `collect` goes on from there with the same key.
    """
    reference_number = yield from apply(name, kind, key, valid_from=valid_from)
    return (yield from collect(reference_number, key, pace=pace))


def apply(
    name: str,
    kind: KsefCertificateType | str,
    key: PrivateKey,
    *,
    valid_from: datetime | None = None,
) -> Flow[str]:
    """The first half of `enrol`: the number of the application. Keep the key before you call this."""
    data = yield from ask(enrollment_data())
    applied = yield from ask(enroll(name, kind, csr_for(data, key), valid_from))
    return applied.reference_number


def collect(reference_number: str, key: PrivateKey, *, pace: Pace = PACE) -> Flow[Enrolled]:
    """The second half of `enrol`: wait for an application that was made with this key, and fetch."""
    try:
        reached = yield from poll(
            enrollment(reference_number), lambda answer: answer.status.code != 100, pace
        )
        serial = reached.certificate_serial_number
        if serial is None:
            raise _not_issued(reference_number, reached)
        answer = yield from ask(retrieve([serial]))
    except KlucznikError as error:
        if not isinstance(error, Refused):
            error.hint = f"{error.hint} {_still_there(reference_number)}".strip()
        raise
    found = {item.certificate_serial_number: item for item in answer.certificates}
    if serial not in found:
        raise Unreadable(
            tr(
                f"KSeF issued certificate {serial} and does not hand it out.",
                f"KSeF wystawił certyfikat {serial} i go nie wydaje.",
            ),
            hint=_still_there(reference_number),
        )
    certificate = load_certificate(found[serial].certificate)
    # A certificate of another key is of no use, whoever made the mistake.
    if certificate.public_key() != key.public_key():
        raise Unreadable(
            tr(
                f"Certificate {serial} is not of our key.", f"Certyfikat {serial} nie jest do naszego klucza."
            ),
            hint=tr("revoke it and apply again.", "unieważnij go i złóż wniosek ponownie."),
        )
    return Enrolled(serial, Identity(certificate, key))


def list_all(
    *, kind: KsefCertificateType | str | None = None, status: CertificateListItemStatus | str | None = None
) -> Flow[list[CertificateListItem]]:
    """Every certificate of one's own, newest application first."""
    found: list[CertificateListItem] = []
    offset = 0
    while True:
        answer = yield from ask(page(kind=kind, status=status, page_offset=offset))
        found += answer.certificates
        if not answer.has_more or not answer.certificates:
            return found
        offset += 1


def revoke_and_wait(
    serial: str, reason: CertificateRevocationReason | str | None = None, *, pace: Pace = PACE
) -> Flow[CertificateListItem]:
    """Revoke a certificate and wait until it is `Revoked`. Who is logged in with it stays logged in."""
    yield from ask(revoke(serial, reason))
    answer = yield from poll(
        page(serial=serial),
        lambda seen: any(item.status == CertificateListItemStatus.Revoked for item in seen.certificates),
        pace,
    )
    return answer.certificates[0]


def _not_issued(reference_number: str, answer: CertificateEnrollmentStatusResponse) -> Refused:
    code, details = answer.status.code, answer.status.details or []
    words = " ".join([answer.status.description, *details])
    return Refused(
        tr(
            f"Application {reference_number} was refused ({code}). „{words}”",
            f"Wniosek {reference_number} odrzucony ({code}). „{words}”",
        ),
        status=200,
        code=code,
        details=details,
        hint=tr("apply again, with a new key.", "złóż wniosek ponownie, z nowym kluczem.")
        + (f" {hints.of_code(25007)}" if "limit" in words else ""),
        again="later" if code in (500, 550) else "never",
    )


def _still_there(reference_number: str) -> str:
    return tr(
        f"keep the key: application {reference_number} may still become its certificate.",
        f"zachowaj klucz: wniosek {reference_number} może jeszcze stać się jego certyfikatem.",
    )
