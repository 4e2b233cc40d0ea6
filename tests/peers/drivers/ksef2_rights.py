"""Certificates and permissions, by ksef2: what Ania is given, and what she gives."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from ksef2.models import PersonalPermissionsQuery, PersonPermissionsQuery
from ksef2.xades import XAdESCredentials
from telling import pem, tell, until

PACE = {"timeout": 30.0, "poll_interval": 0.01}

#: It makes no requests for certificates; these are the names of its enrolment data in one.
NAMES = {
    "common_name": NameOID.COMMON_NAME,
    "name": NameOID.GIVEN_NAME,
    "surname": NameOID.SURNAME,
    "iso_country_code": NameOID.COUNTRY_NAME,
    "serial_number": NameOID.SERIAL_NUMBER,
}


def certificates(walk):
    """Enrol, retrieve, log in with it, revoke, try again."""
    api = walk.owner.certificates
    before = api.get_limits()
    data = api.get_enrollment_data().model_dump(exclude_none=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NAMES[name], value) for name, value in data.items()])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    status = api.enroll(
        certificate_name="ERP of Ania",
        certificate_type="authentication",
        csr=base64.b64encode(csr.public_bytes(Encoding.DER)).decode("ascii"),
    ).wait(**PACE)
    serial = status.certificate_serial_number
    [one] = api.retrieve(certificate_serial_numbers=[serial]).certificates

    def listed():
        return [item.status for item in api.list(certificate_serial_number=serial)]

    tell(
        "certificate",
        code=status.status_code,
        serial=serial,
        names=[one.name, one.certificate_type],
        certificate=one.base64_encoded_certificate,
        listed=listed(),
        remaining=[before.certificate.remaining, api.get_limits().certificate.remaining],
    )
    credentials = XAdESCredentials.from_pem(
        pem("CERTIFICATE", base64.b64decode(one.base64_encoded_certificate)).encode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    walk.login_with(credentials, walk.seller["nip"])
    method = walk.login_status["authenticationMethod"]
    tell("certificate login", reference=walk.login_status["reference"], method=method)
    api.revoke(certificate_serial_number=serial, reason="superseded")
    tell("certificate revoked", listed=until(listed, lambda states: states != ["blocked"]))
    again = walk.refusal(walk.login_with, credentials, walk.seller["nip"])
    tell("login with a revoked certificate", **again)


def granted(walk):
    """Ania permits Obcy by herself, sees it, and takes it back."""
    api, stranger = walk.owner.permissions, walk.order["stranger"]
    given = api.grant_person(
        subject_type="nip",
        subject_value=stranger["nip"],
        permissions=["invoice_read"],
        description="reads for Ania",
        first_name="Obcy",
        last_name="Obcy",
    ).wait(**PACE)
    query = PersonPermissionsQuery(
        query_type="granted_in_context", authorized_type="nip", authorized_value=stranger["nip"]
    )
    [grant] = api.list_persons(query)
    by = walk.login(stranger["identity"], walk.seller["nip"])
    mine = list(by.permissions.list_personal(PersonalPermissionsQuery()))
    xml = by.invoices.download(walk.sent["good"].ksef_number, timeout=30.0)
    tell(
        "grant",
        code=given.status.code,
        scope=grant.permission_type,
        author=[grant.author_type, grant.author_value],
        state=grant.permission_state,
        mine=[one.permission_type for one in mine],
        read=len(xml),
        revoked=api.revoke(permission_id=grant.id).wait(**PACE).status.code,
        left=len(list(api.list_persons(query))),
        after=walk.refusal(walk.login, stranger["identity"], walk.seller["nip"]),
    )
