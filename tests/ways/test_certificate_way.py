"""A KSeF certificate: applied for, used to log in and to sign a code, revoked, refused."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from klucznik.client import auth, certificates, limits, testdata
from klucznik.client.ksef import AsyncKsef, Ksef
from klucznik.crypto import authority, qr
from klucznik.errors import Refused
from klucznik.testing import RunningKsef

from .conftest import Person, now

BASE = "https://qr-test.ksef.mf.gov.pl"


def test_from_the_application_to_the_refusal(running: RunningKsef, ania: Person) -> None:
    before = ania.ksef.call(certificates.limits())
    key = authority.new_key("ec")
    held = ania.ksef.run(certificates.enrol("Logowanie", "Authentication", key))
    after = ania.ksef.call(certificates.limits())
    assert after.enrollment.remaining == before.enrollment.remaining - 1
    assert after.certificate.remaining == before.certificate.remaining - 1

    with Ksef(running.url) as erp:
        erp.run(auth.login_with_identity("Nip", ania.nip, held.identity))
        (seen,) = [
            item
            for item in erp.run(certificates.list_all(kind="Authentication"))
            if item.certificate_serial_number == held.serial
        ]
        assert seen.last_use_date is not None
        # It renews itself, with a key of its own.
        newer = erp.run(certificates.enrol("Logowanie 2", "Authentication", authority.new_key("rsa")))
    gone = ania.ksef.run(certificates.revoke_and_wait(held.serial, "Superseded"))
    assert gone.status == "Revoked"
    with Ksef(running.url) as erp:
        with pytest.raises(Refused) as refused:
            erp.run(auth.login_with_identity("Nip", ania.nip, held.identity))
        assert refused.value.code == 460
        assert refused.value.details == ("Certyfikat odwołany",)
        erp.run(auth.login_with_identity("Nip", ania.nip, newer.identity))
        erp.call(testdata.end_certificate(newer.serial, now() - timedelta(days=1)))
        with pytest.raises(Refused, match="Nieważny certyfikat"):
            erp.run(auth.login_with_identity("Nip", ania.nip, newer.identity))


def test_an_offline_certificate_signs_what_others_verify(running: RunningKsef, ania: Person) -> None:
    async def enrolled() -> certificates.Enrolled:
        async with AsyncKsef(running.url) as ksef:
            await ksef.run(auth.login_with_identity("Nip", ania.nip, ania.identity))
            return await ksef.run(certificates.enrol("Kody QR", "Offline", authority.new_key("ec")))

    held = asyncio.run(enrolled())
    digest = qr.digest_of(b"<Faktura/>")
    link = qr.read_link(
        qr.certificate_link(BASE, "Nip", ania.nip, ania.nip, held.serial, digest, held.identity), [BASE]
    )
    assert isinstance(link, qr.CertificateLink)
    report = qr.verify(link, held.identity.certificate, now=now())
    assert report.in_order, report.findings
    with Ksef(running.url) as erp, pytest.raises(Refused, match="Niepoprawny certyfikat"):
        erp.run(auth.login_with_identity("Nip", ania.nip, held.identity))


def test_a_stranger_meets_other_limits_and_no_certificates(ania: Person, obcy: Person) -> None:
    held = ania.ksef.run(certificates.enrol("Logowanie", "Authentication", authority.new_key("ec")))
    assert obcy.ksef.run(certificates.list_all()) == []
    assert obcy.ksef.call(certificates.retrieve([held.serial])).certificates == []
    with pytest.raises(Refused) as refused:
        obcy.ksef.run(certificates.revoke_and_wait(held.serial))
    assert refused.value.code == 25008

    obcy.ksef.call(testdata.set_certificate_limits(certificates=1, who_type="Nip"))
    in_force = obcy.ksef.call(limits.of_subject())
    assert in_force.certificate is not None
    assert in_force.certificate.max_certificates == 1
    obcy.ksef.run(certificates.enrol("Jedyny", "Offline", authority.new_key("ec")))
    with pytest.raises(Refused) as full:
        obcy.ksef.run(certificates.enrol("Drugi", "Offline", authority.new_key("ec")))
    assert full.value.code == 25007
    assert "klucznik cert revoke" in full.value.hint
    obcy.ksef.call(testdata.reset_certificate_limits())
    assert obcy.ksef.call(certificates.limits()).can_request
