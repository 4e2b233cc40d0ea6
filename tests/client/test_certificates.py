"""Applying for a KSeF certificate, driven by hand: what is asked, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from klucznik.client import certificates
from klucznik.client.flow import Flow, Pause
from klucznik.crypto import authority, csr
from klucznik.crypto.certs import PrivateKey
from klucznik.errors import Refused, TookTooLong, Unreadable
from klucznik.wire import certificates as rows
from klucznik.wire.certificates import (
    CertificateEnrollmentDataResponse,
    CertificateEnrollmentStatusResponse,
    CertificateListItem,
    EnrollCertificateRequest,
    EnrollCertificateResponse,
    QueryCertificatesResponse,
    RetrieveCertificatesListItem,
    RetrieveCertificatesResponse,
)
from klucznik.wire.common import StatusInfo
from klucznik.wire.endpoint import Call

from .fake_ksef import NIP, NOON

REF, SERIAL = "20260302-EH-0000000000-0000000000-00", "01F20A5D352AE590"
DATA = CertificateEnrollmentDataResponse(
    common_name="Firma", country_name="PL", organization_name="Firma", organization_identifier=f"VATPL-{NIP}"
)


def _carry_out(flow: Flow[Any], answer: Callable[[Call[Any]], Any]) -> Any:
    """Drive a flow; pauses take no time."""
    sent: Any = None
    while True:
        try:
            step = flow.send(sent)
        except StopIteration as done:
            return done.value
        if isinstance(step, Pause):
            sent = None
            continue
        assert isinstance(step, Call)
        sent = answer(step)


class Desk:
    """KSeF as far as certificates go; statuses are told one after the other."""

    def __init__(self, *statuses: int, details: list[str] | None = None) -> None:
        self.statuses = list(statuses)
        self.details = details
        self.asked: list[str] = []
        self.key: Any = None
        self.issued_to: Any = None
        self.hands_out = True

    def __call__(self, call: Call[Any]) -> Any:
        self.asked.append(f"{call.row.method} {call.row.path}")
        if call.row is rows.ENROLLMENT_DATA:
            return DATA
        if call.row is rows.ENROLL:
            assert isinstance(call.body, EnrollCertificateRequest)
            self.issued_to = csr.read(call.body.csr)
            return EnrollCertificateResponse(reference_number=REF, timestamp=NOON)
        if call.row is rows.ENROLLMENT:
            assert call.path == {"referenceNumber": REF}
            code = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            return CertificateEnrollmentStatusResponse(
                request_date=NOON,
                status=StatusInfo(code=code, description="opis", details=self.details),
                certificate_serial_number=SERIAL if code == 200 else None,
            )
        assert call.row is rows.RETRIEVE
        ca = authority.Authority.create("CA", NOON)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Firma")])
        public_key = self.key or self.issued_to.public_key
        made = ca.issue(name, public_key, not_before=NOON, not_after=NOON, serial=int(SERIAL, 16))
        item = RetrieveCertificatesListItem(
            certificate=made.public_bytes(Encoding.DER),
            certificate_name="Klucznik",
            certificate_serial_number=SERIAL,
            certificate_type=rows.KsefCertificateType.Offline,
        )
        return RetrieveCertificatesResponse(certificates=[item] if self.hands_out else [])


@pytest.fixture(params=["ec", "rsa"])
def key(request: pytest.FixtureRequest) -> PrivateKey:
    return authority.new_key(request.param)


def test_apply_wait_fetch(key: PrivateKey) -> None:
    desk = Desk(100, 100, 200)
    enrolled = _carry_out(certificates.enrol("Klucznik", "Offline", key), desk)
    assert enrolled.serial == SERIAL
    assert enrolled.identity.private_key is key
    assert desk.issued_to.public_key == key.public_key()
    wanted = [(csr.ATTRIBUTES[name], value) for name, value in DATA.model_dump(exclude_none=True).items()]
    assert desk.issued_to.attributes == csr.in_order(wanted)
    assert len(wanted) == 4
    assert desk.asked == [
        "GET /certificates/enrollments/data",
        "POST /certificates/enrollments",
        *["GET /certificates/enrollments/{referenceNumber}"] * 3,
        "POST /certificates/retrieve",
    ]


def test_an_application_that_is_refused_says_why() -> None:
    desk = Desk(100, 400, details=["Klucz publiczny został już certyfikowany przez inny podmiot."])
    with pytest.raises(Refused) as refused:
        _carry_out(certificates.enrol("Klucznik", "Offline", authority.new_key("ec")), desk)
    assert (refused.value.code, refused.value.again) == (400, "never")
    assert "inny podmiot" in str(refused.value)
    assert REF in str(refused.value)


def test_one_that_ksef_broke_off_may_be_made_again() -> None:
    with pytest.raises(Refused) as refused:
        _carry_out(certificates.enrol("Klucznik", "Offline", authority.new_key("ec")), Desk(550))
    assert (refused.value.code, refused.value.again) == (550, "later")


def test_a_wait_that_ends_names_the_application() -> None:
    key, desk = authority.new_key("ec"), Desk(100)
    with pytest.raises(TookTooLong) as late:
        _carry_out(certificates.enrol("Klucznik", "Offline", key), desk)
    assert REF in late.value.hint
    desk.statuses = [200]
    assert _carry_out(certificates.collect(REF, key), desk).serial == SERIAL


def test_a_certificate_of_another_key_is_not_taken() -> None:
    desk = Desk(200)
    desk.key = authority.new_key("ec").public_key()
    with pytest.raises(Unreadable, match=SERIAL):
        _carry_out(certificates.enrol("Klucznik", "Offline", authority.new_key("ec")), desk)


def test_a_certificate_that_is_not_handed_out() -> None:
    desk = Desk(200)
    desk.hands_out = False
    with pytest.raises(Unreadable) as missing:
        _carry_out(certificates.enrol("Klucznik", "Offline", authority.new_key("ec")), desk)
    assert REF in missing.value.hint


def _item(number: int, status: str = "Active") -> CertificateListItem:
    return CertificateListItem(
        certificate_serial_number=f"{number:016X}",
        name="Klucznik",
        type=rows.KsefCertificateType.Offline,
        common_name="Firma",
        status=rows.CertificateListItemStatus(status),
        subject_identifier=rows.CertificateSubjectIdentifier(
            type=rows.CertificateSubjectIdentifierType.Nip, value=NIP
        ),
        valid_from=NOON,
        valid_to=NOON,
        request_date=NOON,
    )


def test_all_pages_are_read() -> None:
    offsets = []

    def answer(call: Call[Any]) -> QueryCertificatesResponse:
        query = call.query
        assert isinstance(query, rows.CertificatesQuery)
        offsets.append(query.page_offset)
        return QueryCertificatesResponse(certificates=[_item(query.page_offset)], has_more=len(offsets) < 3)

    found = _carry_out(certificates.list_all(kind="Offline", status="Active"), answer)
    assert offsets == [0, 1, 2]
    assert [item.certificate_serial_number[-1] for item in found] == ["0", "1", "2"]


def test_a_list_without_end_ends() -> None:
    empty = QueryCertificatesResponse(certificates=[], has_more=True)
    assert _carry_out(certificates.list_all(), lambda _: empty) == []


def test_a_revocation_is_waited_for() -> None:
    states = ["Active", "Blocked", "Revoked"]
    calls: list[Call[Any]] = []

    def answer(call: Call[Any]) -> Any:
        calls.append(call)
        if call.row is rows.REVOKE:
            return None
        return QueryCertificatesResponse(certificates=[_item(1, states.pop(0))], has_more=False)

    item = _carry_out(certificates.revoke_and_wait(SERIAL, "KeyCompromise"), answer)
    assert item.status == "Revoked"
    body = calls[0].body
    assert isinstance(body, rows.RevokeCertificateRequest)
    assert body.revocation_reason == "KeyCompromise"
    assert calls[0].path == {"certificateSerialNumber": SERIAL}
    assert len(calls) == 4
