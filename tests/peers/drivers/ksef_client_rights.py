"""Certificates and permissions, by ksef-client: what Ania is given, and what she gives."""

import base64
import dataclasses

from ksef_client import models as m
from ksef_client.services import XadesKeyPair, generate_csr_ec
from telling import pem, tell, until


def certificates(walk):
    """Enrol, retrieve, log in with it, revoke, try again."""
    api, access = walk.client.certificates, walk.access
    before = api.get_limits(access)
    made = generate_csr_ec(dataclasses.asdict(api.get_enrollment_data(access)))
    enrolled = api.send_enrollment(
        m.EnrollCertificateRequest(
            certificate_name="ERP of Ania",
            certificate_type=m.KsefCertificateType.AUTHENTICATION,
            csr=made.csr_base64,
        ),
        access_token=access,
    )
    status = until(
        lambda: api.get_enrollment_status(enrolled.reference_number, access_token=access),
        lambda answer: answer.status.code != 100,
    )
    serial = status.certificate_serial_number
    wanted = m.RetrieveCertificatesRequest(certificate_serial_numbers=[serial])
    [one] = api.retrieve_certificate(wanted, access_token=access).certificates

    def listed():
        found = api.query_certificates(
            m.QueryCertificatesRequest(certificate_serial_number=serial), page_size=10, access_token=access
        )
        return [item.status.value for item in found.certificates]

    tell(
        "certificate",
        code=status.status.code,
        serial=serial,
        names=[one.certificate_name, one.certificate_type.value],
        certificate=one.certificate,
        listed=listed(),
        remaining=[before.certificate.remaining, api.get_limits(access).certificate.remaining],
    )
    pair = XadesKeyPair(
        certificate_pem=pem("CERTIFICATE", base64.b64decode(one.certificate)),
        private_key_pem=pem("PRIVATE KEY", base64.b64decode(made.private_key_base64)),
    )
    by = walk.login_with(pair, walk.seller["nip"])
    login = walk.client.auth.get_auth_status(by.reference_number, by.authentication_token)
    tell("certificate login", reference=by.reference_number, method=login.authentication_method.value)
    reason = m.RevokeCertificateRequest(revocation_reason=m.CertificateRevocationReason.SUPERSEDED)
    api.revoke_certificate(serial, reason, access_token=access)
    tell("certificate revoked", listed=until(listed, lambda states: states != ["Blocked"]))
    tell("login with a revoked certificate", **walk.refusal(walk.login_with, pair, walk.seller["nip"]))


def granted(walk):
    """Ania permits Obcy by herself, sees it, and takes it back."""
    api, stranger = walk.client.permissions, walk.order["stranger"]

    def code(operation):
        reference = operation.reference_number
        return until(
            lambda: api.get_operation_status(reference, access_token=walk.access),
            lambda answer: answer.status.code != 100,
        ).status.code

    given = code(
        api.grant_person(
            m.PersonPermissionsGrantRequest(
                description="reads for Ania",
                permissions=[m.PersonPermissionType.INVOICEREAD],
                subject_details=m.PersonPermissionSubjectDetails(
                    subject_details_type=m.PersonPermissionSubjectDetailsType.PERSONBYIDENTIFIER,
                    person_by_id=m.PersonDetails(first_name="Obcy", last_name="Obcy"),
                ),
                subject_identifier=m.PersonPermissionsSubjectIdentifier(
                    type=m.PersonPermissionsSubjectIdentifierType.NIP, value=stranger["nip"]
                ),
            ),
            access_token=walk.access,
        )
    )
    query = m.PersonPermissionsQueryRequest(
        query_type=m.PersonPermissionsQueryType.PERMISSIONSGRANTEDINCURRENTCONTEXT,
        authorized_identifier=m.PersonPermissionsAuthorizedIdentifier(
            type=m.PersonPermissionsAuthorizedIdentifierType.NIP, value=stranger["nip"]
        ),
    )

    def found():
        return api.query_persons_grants(query, page_size=10, access_token=walk.access).permissions

    [grant] = found()
    by = walk.login(stranger["identity"], walk.seller["nip"]).access_token
    mine = api.query_personal_grants(m.PersonalPermissionsQueryRequest(), access_token=by)
    xml = walk.client.invoices.get_invoice_bytes(walk.sent["good"].ksef_number, access_token=by)
    tell(
        "grant",
        code=given,
        scope=grant.permission_scope.value,
        author=[grant.author_identifier.type.value, grant.author_identifier.value],
        state=grant.permission_state.value,
        mine=[one.permission_scope.value for one in mine.permissions],
        read=len(xml.content),
        revoked=code(api.revoke_common_permission(grant.id, access_token=walk.access)),
        left=len(found()),
        after=walk.refusal(walk.login, stranger["identity"], walk.seller["nip"]),
    )
