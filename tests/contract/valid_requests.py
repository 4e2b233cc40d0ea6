"""A valid request for each of the 83 operations: the client's own call, and the bearer it is made with.

Random bodies never log in, open a session or apply for a certificate: what they lack is made here, with
the client's own crypto. What an operation uses up (a login, a challenge, a permission) is made anew each
time, for somebody whom nothing else depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from klucznik.client import (
    auth,
    batch,
    certificates,
    collective,
    exports,
    limits,
    overrides,
    peppol,
    permissions,
    receiving,
    sessions,
    testdata,
    tokens,
    upo,
)
from klucznik.client.sending import Document
from klucznik.crypto import authority
from klucznik.crypto.envelope import token_payload
from klucznik.secret import Secret
from klucznik.wire import auth as auth_rows
from klucznik.wire import security as security_rows
from klucznik.wire import sessions as session_rows
from klucznik.wire.auth import AllowedIps, AuthorizationPolicy, InitTokenAuthenticationRequest
from klucznik.wire.collective import CollectiveIdentifiersQueryRequest
from klucznik.wire.endpoint import Call
from klucznik.wire.overrides import (
    ApiRateLimitsOverride,
    ApiRateLimitValuesOverride,
    BatchSessionContextLimitsOverride,
    CollectiveIdentifierContextLimitsOverride,
    OnlineSessionContextLimitsOverride,
    SetSessionLimitsRequest,
)
from klucznik.wire.security import PublicKeyCertificateUsage
from klucznik.wire.tokens import TokenAuthorIdentifierType

from .seeded import CLERK, FA3, JAN, VAT_UE, Login, World, now, signed


@dataclass(frozen=True)
class Valid:
    """A call that succeeds (with `row.status`), and with whose token; None where nobody is asked for one."""

    call: Call[Any]
    bearer: Secret | None = field(default=None, repr=False)


# ---- what takes more than a line ---------------------------------------------------------------------


def _xades(world: World) -> Call[Any]:
    asked = world.client().call(auth.challenge())
    return auth_rows.XADES_SIGNATURE(
        signed(asked.challenge, asked.timestamp, ("Nip", world.ania.nip), world.ania.identity),
        query=auth_rows.XadesSignatureQuery(verify_certificate_chain=False),
    )


def _ksef_token(world: World) -> Call[Any]:
    wrap, key_id = world.key(PublicKeyCertificateUsage.KsefTokenEncryption)
    asked = world.client().call(auth.challenge())
    return auth_rows.KSEF_TOKEN(
        InitTokenAuthenticationRequest(
            challenge=asked.challenge,
            context_identifier=auth.context_of(world.ksef_token),
            encrypted_token=wrap(token_payload(world.ksef_token, asked.timestamp_ms)),
            public_key_id=key_id,
            authorization_policy=AuthorizationPolicy(
                allowed_ips=AllowedIps(
                    ip4_addresses=["127.0.0.1"], ip4_ranges=["10.0.0.1-10.0.0.9"], ip4_masks=["10.0.0.0/8"]
                )
            ),
        )
    )


def _under_way(world: World) -> Login:
    return world.started(("Nip", world.ania.nip), world.ania.identity)


def _status(world: World) -> Valid:
    login = _under_way(world)
    return Valid(auth.status(login.reference), login.authentication)


def _revoked_certificate(world: World) -> Valid:
    firm, serial = world.certified()
    return Valid(certificates.revoke(serial, "Superseded"), firm.access)


def _ended_certificate(world: World) -> Valid:
    firm, serial = world.certified()
    return Valid(testdata.end_certificate(serial, now() - timedelta(days=1)), firm.access)


def _enrolled(world: World) -> Valid:
    firm = world.firm()
    data = firm.ksef.call(certificates.enrollment_data())
    request = certificates.csr_for(data, authority.new_key("ec"))
    return Valid(certificates.enroll("Nowy certyfikat", "Authentication", request, now()), firm.access)


def _packed(world: World) -> tuple[list[bytes], Call[Any]]:
    """The encrypted parts of a package of one invoice, and the opening of a session for it."""
    with TemporaryDirectory() as folder:
        made = batch.pack([Document("one.xml", world.invoice())], Path(folder))
        parts = [part.read_bytes() for part in made.parts]
    wrap, key_id = world.key(PublicKeyCertificateUsage.SymmetricKeyEncryption)
    with made.key.reveal() as plain:
        return parts, sessions.open_batch(FA3, made.info, wrap(plain), made.iv, key_id)


def _close_batch(world: World) -> Call[Any]:
    parts, call = _packed(world)
    opened = world.ania.ksef.call(call)
    for request, part in zip(opened.part_upload_requests, parts, strict=True):
        world.upload(request.url, request.headers, part)
    return sessions.close_batch(opened.reference_number)


def _export(world: World) -> Call[Any]:
    _, iv, wrapped, key_id = world.sealed_key()
    return exports.start(world.filters(), wrapped, iv, key_id)


def _open_online(world: World) -> Call[Any]:
    key, iv, wrapped, key_id = world.sealed_key()
    return sessions.open_online(FA3, key, iv, wrapped, key_id)


def _rates(_: World) -> Call[Any]:
    values = ApiRateLimitValuesOverride(per_second=20, per_minute=60, per_hour=200)
    return overrides.set_rates(
        ApiRateLimitsOverride.model_validate(dict.fromkeys(ApiRateLimitsOverride.model_fields, values))
    )


def _session_limits(_: World) -> Call[Any]:
    sizes: dict[str, int] = {
        "max_invoice_size_in_mb": 2,
        "max_invoice_with_attachment_size_in_mb": 4,
        "max_invoices": 5,
    }
    return overrides.set_session(
        SetSessionLimitsRequest(
            online_session=OnlineSessionContextLimitsOverride(**sizes),
            batch_session=BatchSessionContextLimitsOverride(**sizes),
            collective_identifier=CollectiveIdentifierContextLimitsOverride(max_invoices=10),
        )
    )


def _sessions(world: World) -> Call[Any]:
    month = {"from": now() - timedelta(days=30), "to": now() + timedelta(days=1)}
    return session_rows.LIST(
        query=session_rows.SessionsQuery(
            session_type=session_rows.SessionType.Online,
            reference_number=world.sold.session,
            date_created_from=month["from"],
            date_created_to=month["to"],
            date_closed_from=month["from"],
            date_closed_to=month["to"],
            date_modified_from=month["from"],
            date_modified_to=month["to"],
            statuses=[session_rows.CommonSessionStatus.Succeeded],
        )
    )


def _collective_query(world: World) -> Call[Any]:
    return collective.query(
        CollectiveIdentifiersQueryRequest(
            collective_identifier_number=world.collective,
            date_created_from=now() - timedelta(days=30),
            date_created_to=now() + timedelta(days=1),
            invoice_count_from=1,
            invoice_count_to=10,
            created_in_current_context=True,
        )
    )


def _eu_administration(world: World) -> Call[Any]:
    return permissions.grant_eu_administration(
        world.fingerprint(),
        f"{world.ania.nip}-{VAT_UE}",
        CLERK,
        "administrator",
        full_name="Schmidt GmbH",
        address="Berlin",
    )


def _subject(world: World) -> str:
    nip = world.nip()
    world.client().call(testdata.create_subject(nip, "VatGroup", "a group", {world.nip(): "a member"}))
    return nip


def _sole_trader(world: World) -> str:
    nip = world.nip()
    world.client().call(testdata.create_person(nip, world.pesel(), "a sole trader"))
    return nip


# ---- by whose token ----------------------------------------------------------------------------------

_Make = Callable[[World], Call[Any]]

#: Calls that ask for nobody's token.
ANONYMOUS: Final[dict[str, _Make]] = {
    "POST /auth/challenge": lambda _: auth.challenge(),
    "POST /auth/xades-signature": _xades,
    "POST /auth/ksef-token": _ksef_token,
    "GET /security/public-key-certificates": lambda _: security_rows.PUBLIC_KEYS(),
    "GET /peppol/query": lambda _: peppol.query(0, 10),
    "POST /testdata/subject": lambda w: testdata.create_subject(
        w.nip(), "JST", "a town", {w.nip(): "a school"}
    ),
    "POST /testdata/subject/remove": lambda w: testdata.remove_subject(_subject(w)),
    "POST /testdata/person": lambda w: testdata.create_person(
        w.nip(), w.pesel(), "a bailiff", is_bailiff=True
    ),
    "POST /testdata/person/remove": lambda w: testdata.remove_person(_sole_trader(w)),
    "POST /testdata/permissions": lambda w: testdata.grant(w.nip(), "Pesel", w.pesel(), ["InvoiceRead"]),
    "POST /testdata/permissions/revoke": lambda w: testdata.revoke(w.nip(), "Pesel", w.pesel()),
    "POST /testdata/attachment": lambda w: testdata.allow_attachments(w.nip()),
    "POST /testdata/attachment/revoke": lambda w: testdata.end_attachments(w.nip(), now().date()),
    "POST /testdata/context/block": lambda w: testdata.block(w.nip()),
    "POST /testdata/context/unblock": lambda w: testdata.unblock(w.nip()),
}

#: Calls that Ania, the owner of her firm, makes with her access token.
OWNERS: Final[dict[str, _Make]] = {
    "GET /auth/sessions": lambda _: auth.sessions(page_size=10),
    "DELETE /auth/sessions/{referenceNumber}": lambda w: auth.revoke(w.again().reference),
    "GET /certificates/limits": lambda _: certificates.limits(),
    "GET /certificates/enrollments/data": lambda _: certificates.enrollment_data(),
    "GET /certificates/enrollments/{referenceNumber}": lambda w: certificates.enrollment(w.enrolled[0]),
    "POST /certificates/retrieve": lambda w: certificates.retrieve([w.enrolled[1]]),
    "POST /certificates/query": lambda w: certificates.page(
        serial=w.enrolled[1], name="Kody", kind="Offline", status="Active", expires_after=now(), page_size=10
    ),
    "POST /collective-identifiers": lambda w: collective.generate(w.sell()),
    "POST /collective-identifiers/query": _collective_query,
    "POST /collective-identifiers/invoices": lambda w: collective.of_identifiers([w.collective]),
    "GET /collective-identifiers/ksef/{ksefNumber}": lambda w: collective.of_invoice(w.sold.numbers[0]),
    "GET /limits/context": lambda _: limits.of_context(),
    "GET /limits/subject": lambda _: limits.of_subject(),
    "GET /rate-limits": lambda _: limits.rates(),
    "POST /permissions/persons/grants": lambda w: permissions.grant_person(
        ("Pesel", w.pesel()), ["InvoiceRead"], JAN, "for a while"
    ),
    "POST /permissions/entities/grants": lambda w: permissions.grant_entity(
        w.nip(), ["InvoiceRead"], "Biuro", "for a while"
    ),
    "POST /permissions/authorizations/grants": lambda w: permissions.grant_authorization(
        ("Nip", w.nip()), "SelfInvoicing", "Biuro", "for a while"
    ),
    "POST /permissions/indirect/grants": lambda w: permissions.grant_indirect(
        ("Pesel", w.pesel()), ["InvoiceRead"], JAN, "for a while", client=("Nip", w.buyer)
    ),
    "POST /permissions/subunits/grants": lambda w: permissions.grant_subunit(
        ("Pesel", w.pesel()), ("InternalId", w.unit), JAN, "for a while", unit_name="Oddział"
    ),
    "POST /permissions/eu-entities/administration/grants": _eu_administration,
    "DELETE /permissions/common/grants/{permissionId}": lambda w: permissions.revoke(w.permission_id()),
    "DELETE /permissions/authorizations/grants/{permissionId}": lambda w: permissions.revoke_authorization(
        w.authorization_id()
    ),
    "GET /permissions/operations/{referenceNumber}": lambda w: permissions.operation(w.operation),
    "GET /permissions/attachments/status": lambda _: permissions.attachments_status(),
    "POST /permissions/query/personal/grants": lambda w: permissions.personal(
        context=("Nip", w.ania.nip), permissions=["InvoiceRead"], state="Active"
    ),
    "POST /permissions/query/persons/grants": lambda w: permissions.persons(
        author=("Nip", w.ania.nip),
        who=("Pesel", w.pesel()),
        permissions=["InvoiceRead"],
        state="Active",
    ),
    "POST /permissions/query/subunits/grants": lambda w: permissions.subunits(("InternalId", w.unit)),
    "POST /permissions/query/entities/grants": lambda w: permissions.entities(("Nip", w.buyer)),
    "GET /permissions/query/entities/roles": lambda _: permissions.roles(),
    "POST /permissions/query/subordinate-entities/roles": lambda w: permissions.subordinate_roles(w.buyer),
    "POST /permissions/query/authorizations/grants": lambda w: permissions.authorizations(
        other=("Nip", w.buyer), permissions=["SelfInvoicing"]
    ),
    "POST /permissions/query/eu-entities/grants": lambda w: permissions.eu_entities(
        vat_ue=VAT_UE, fingerprint=w.fingerprint(), permissions=["VatUeManage"]
    ),
    "GET /invoices/ksef/{ksefNumber}": lambda w: receiving.download(w.sold.numbers[0]),
    "POST /invoices/query/metadata": lambda w: receiving.query(w.filters(), page_size=10),
    "POST /invoices/exports": _export,
    "GET /invoices/exports/{referenceNumber}": lambda w: exports.status(w.export),
    "POST /sessions/online": _open_online,
    "POST /sessions/online/{referenceNumber}/invoices": lambda w: sessions.send(w.session(), w.invoice()),
    "POST /sessions/online/{referenceNumber}/close": lambda w: sessions.close(w.session().reference),
    "POST /sessions/batch": lambda w: _packed(w)[1],
    "POST /sessions/batch/{referenceNumber}/close": _close_batch,
    "GET /sessions": _sessions,
    "GET /sessions/{referenceNumber}": lambda w: sessions.status(w.sold.session),
    "GET /sessions/{referenceNumber}/invoices": lambda w: sessions.invoices(w.sold.session),
    "GET /sessions/{referenceNumber}/invoices/failed": lambda w: session_rows.FAILED(
        query=session_rows.SessionInvoicesQuery(page_size=10), referenceNumber=w.sold.session
    ),
    "GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}": lambda w: sessions.invoice(
        w.sold.session, w.sold.references[0]
    ),
    "GET /sessions/{referenceNumber}/invoices/ksef/{ksefNumber}/upo": lambda w: upo.by_ksef_number(
        w.sold.session, w.sold.numbers[0]
    ),
    "GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo": lambda w: upo.by_invoice(
        w.sold.session, w.sold.references[0]
    ),
    "GET /sessions/{referenceNumber}/upo/{upoReferenceNumber}": lambda w: upo.page(
        w.sold.session, w.sold.upo
    ),
    "POST /tokens": lambda _: tokens.generate(["InvoiceRead", "InvoiceWrite"], "ERP of Ania"),
    "GET /tokens": lambda w: tokens.page(
        status=["Active"],
        description="ERP",
        author=w.ania.nip,
        author_type=TokenAuthorIdentifierType.Nip,
    ),
    "GET /tokens/{referenceNumber}": lambda w: tokens.read(w.token_reference),
    "DELETE /tokens/{referenceNumber}": lambda w: tokens.revoke(w.token()),
}

#: Calls that change what others rely on: each made for a company of its own.
OF_THEIR_OWN: Final[dict[str, _Make]] = {
    "DELETE /auth/sessions/current": lambda _: auth.revoke_current(),
    "POST /testdata/limits/subject/certificate": lambda _: testdata.set_certificate_limits(
        enrollments=5, certificates=5, who_type="Nip"
    ),
    "DELETE /testdata/limits/subject/certificate": lambda _: testdata.reset_certificate_limits(),
    "POST /testdata/rate-limits": _rates,
    "DELETE /testdata/rate-limits": lambda _: overrides.reset_rates(),
    "POST /testdata/rate-limits/production": lambda _: overrides.production_rates(),
    "POST /testdata/limits/context/session": _session_limits,
    "DELETE /testdata/limits/context/session": lambda _: overrides.reset_session(),
}

#: Calls whose token is another one, or whose context has to be made first.
_OTHERS: Final[dict[str, Callable[[World], Valid]]] = {
    "GET /auth/{referenceNumber}": _status,
    "POST /auth/token/redeem": lambda w: Valid(auth.redeem(), _under_way(w).authentication),
    "POST /auth/token/refresh": lambda w: Valid(auth.refresh(), w.firm().refresh),
    "POST /certificates/enrollments": _enrolled,
    "POST /certificates/{certificateSerialNumber}/revoke": _revoked_certificate,
    "PUT /testdata/certificates/{serialNumber}": _ended_certificate,
    "POST /permissions/eu-entities/grants": lambda w: Valid(
        permissions.grant_eu_entity(w.fingerprint(), ["InvoiceRead"], CLERK, "reads invoices"),
        w.eu_entity.access,
    ),
}


def _by_nobody(make: _Make, world: World) -> Valid:
    return Valid(make(world))


def _by_ania(make: _Make, world: World) -> Valid:
    return Valid(make(world), world.ania.access)


def _by_a_firm(make: _Make, world: World) -> Valid:
    return Valid(make(world), world.firm().access)


#: How a valid request of each operation is made.
VALID: Final[Mapping[str, Callable[[World], Valid]]] = {
    **{name: partial(_by_nobody, make) for name, make in ANONYMOUS.items()},
    **{name: partial(_by_ania, make) for name, make in OWNERS.items()},
    **{name: partial(_by_a_firm, make) for name, make in OF_THEIR_OWN.items()},
    **_OTHERS,
}
