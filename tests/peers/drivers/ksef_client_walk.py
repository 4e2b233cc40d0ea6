"""ksef-client 0.20.0 walks through a KSeF. It speaks to `ksef.test`, which is resolved in here."""

import asyncio
import base64

from ksef_client import AsyncKsefClient, KsefClient, KsefClientOptions
from ksef_client import models as m
from ksef_client.exceptions import KsefHttpError
from ksef_client.services import AsyncOnlineSessionWorkflow, AuthCoordinator, OnlineSessionWorkflow
from ksef_client.services.rate_limits import iter_rate_limits
from ksef_client.services.xades import XadesKeyPair
from ksef_client_packages import FA3, exported, packages
from ksef_client_rights import certificates, granted
from telling import given, resolve, tell, until


def main():
    order = given()
    resolve("ksef.test", "127.0.0.1")
    options = KsefClientOptions(
        base_url=f"{order['scheme']}://ksef.test:{order['port']}",
        # Its own rules for pre-signed URLs: https, and no loopback name. Without TLS the first must go.
        strict_presigned_url_validation=order["scheme"] == "https",
        allowed_presigned_hosts=["ksef.test"],
    )
    with KsefClient(options) as client:
        Walk(client, order, options).all()


def refusal(call, *arguments, **named):
    """What the client made of a refusal. `shape` says how well it knew the body."""
    try:
        answer = call(*arguments, **named)
    except KsefHttpError as refused:
        body = refused.response_body or {}
        said = (body.get("exception") or {}).get("exceptionDetailList") or []
        return {
            "status": refused.status_code,
            "shape": type(refused.problem).__name__,
            "codes": [one["exceptionCode"] for one in said],
            "details": [sentence for one in said for sentence in one.get("details", [])],
            "reason": body.get("reasonCode"),
        }
    except RuntimeError as failed:
        # Authentication failed: <code> <description> Details: <detail>
        words = str(failed)
        return {"failed": int(words.split()[2]), "details": words.partition(" Details: ")[2].split(", ")}
    raise AssertionError(f"not refused: {answer}")


class Walk:
    refusal = staticmethod(refusal)

    def __init__(self, client, order, options):
        self.client, self.options = client, options
        self.order = order
        # What was signed stays inside the client; the receipt names its hash.
        self.signed, self.submit = "", client.auth.submit_xades_auth_request
        client.auth.submit_xades_auth_request = self.overhear
        self.seller, self.buyer = order["seller"], order["buyer"]
        self.invoices = {name: base64.b64decode(xml) for name, xml in order["invoices"].items()}
        self.coordinator = AuthCoordinator(client.auth)

    def all(self):
        self.security()
        self.test_people()
        self.xades()
        self.token()
        self.online_session()
        self.receipts()
        packages(self)
        self.received()
        exported(self)
        self.crowd()
        self.lists()
        self.limits()
        certificates(self)
        granted(self)
        self.permitted()
        self.blocked()
        self.registered()
        self.strangers()
        self.revoke()
        self.leave()
        tell("end")

    def overhear(self, signed_xml, **named):
        self.signed = signed_xml
        return self.submit(signed_xml, **named)

    def login(self, identity, nip, **named):
        pair = XadesKeyPair.from_pem_files(
            certificate_path=identity["certificate"], private_key_path=identity["key"]
        )
        return self.login_with(pair, nip, **named)

    def login_with(self, pair, nip, **named):
        return self.coordinator.authenticate_with_xades_key_pair(
            key_pair=pair,
            context_identifier_type="nip",
            context_identifier_value=nip,
            subject_identifier_type="certificateSubject",
            poll_interval_seconds=0,
            max_attempts=2000,
            **named,
        )

    def token_login(self):
        pem = self.client.security.get_public_key_certificate_pem(
            m.PublicKeyCertificateUsage.KSEFTOKENENCRYPTION
        )
        return self.coordinator.authenticate_with_ksef_token(
            token=self.ksef_token.token,
            public_certificate=pem,
            context_identifier_type="nip",
            context_identifier_value=self.seller["nip"],
            poll_interval_seconds=0,
            max_attempts=2000,
        )

    def security(self):
        certificates = self.client.security.get_public_key_certificates()
        tell("security", usages=sorted(usage.value for one in certificates for usage in one.usage))

    def test_people(self):
        self.client.testdata.create_person(
            m.PersonCreateRequest(
                description="Ania, a sole trader",
                is_bailiff=False,
                nip=self.seller["nip"],
                pesel=self.seller["pesel"],
            )
        )
        tell("person created")

    def xades(self):
        for name, identity in self.seller["identities"].items():
            result = self.login(identity, self.seller["nip"], verify_certificate_chain=False)
            status = self.client.auth.get_auth_status(result.reference_number, result.authentication_token)
            tell(
                "xades",
                identity=name,
                reference=result.reference_number,
                code=status.status.code,
                method=status.authentication_method,
                redeemed=status.is_token_redeemed,
                refresh_after_access=result.tokens.refresh_token.valid_until
                > result.tokens.access_token.valid_until,
            )
            self.owner = result
        older = self.login(identity, self.seller["nip"], auth_request_schema_version="2.0")
        tell("xades by schema 2.0", reference=older.reference_number)
        again = refusal(self.client.auth.redeem_token, older.authentication_token)
        tell("redeemed twice", **again)
        self.access = self.owner.access_token

    def token(self):
        self.ksef_token = self.client.tokens.generate_token(
            m.GenerateTokenRequest(
                description="ERP of Ania",
                permissions=[m.TokenPermissionType.INVOICEREAD, m.TokenPermissionType.INVOICEWRITE],
            ),
            access_token=self.access,
        )
        status = until(self.token_status, lambda answer: answer.status.value != "Pending")
        listed = self.client.tokens.list_tokens(access_token=self.access, page_size=10)
        [item] = [one for one in listed.tokens if one.reference_number == self.ksef_token.reference_number]
        tell(
            "token",
            reference=self.ksef_token.reference_number,
            status=status.status.value,
            form=len(self.ksef_token.token.split("|")),
            permissions=[one.value for one in item.requested_permissions],
            author=[item.author_identifier.type.value, item.author_identifier.value],
            context=[item.context_identifier.type.value, item.context_identifier.value],
        )
        result = self.token_login()
        tell("token login", reference=result.reference_number)
        self.by_token = result
        body = m.GenerateTokenRequest(
            description="not by a token", permissions=[m.TokenPermissionType.INVOICEREAD]
        )
        by = result.access_token
        tell("token by token", **refusal(self.client.tokens.generate_token, body, access_token=by))

    def token_status(self):
        return self.client.tokens.get_token_status(self.ksef_token.reference_number, access_token=self.access)

    def online_session(self):
        self.session = OnlineSessionWorkflow(self.client.sessions).open_session(
            form_code=FA3,
            public_certificate=self.symmetric_key(),
            access_token=self.by_token.access_token,
            upo_v43=True,
        )
        tell("session opened", reference=self.session.reference_number, code=self.session_code())
        self.sent = {}
        for name in ("good", "faulty", "duplicate"):
            xml = self.invoices["good" if name == "duplicate" else name]
            sent = self.session.send_invoice(xml)
            status = until(
                lambda reference=sent.reference_number: self.session.get_invoice_status(reference),
                lambda answer: answer.status.code >= 200,
            )
            self.sent[name] = status
            tell(
                "invoice",
                name=name,
                code=status.status.code,
                description=status.status.description,
                details=status.status.details,
                extensions=status.status.extensions,
                ksef_number=status.ksef_number,
                invoice_number=status.invoice_number,
                hash=status.invoice_hash,
                ordinal=status.ordinal_number,
                mode=status.invoicing_mode,
            )
        self.session.close()
        status = until(self.session.get_status, lambda answer: answer.status.code >= 200)
        tell(
            "session closed",
            code=status.status.code,
            total=status.invoice_count,
            successful=status.successful_invoice_count,
            failed=status.failed_invoice_count,
            pages=len(status.upo.pages),
        )
        self.page = status.upo.pages[0]
        late = refusal(self.session.send_invoice, self.invoices["other"])
        tell("sent too late", **late)

    def symmetric_key(self):
        usage = m.PublicKeyCertificateUsage.SYMMETRICKEYENCRYPTION
        return self.client.security.get_public_key_certificate_pem(usage)

    def session_code(self):
        return self.session.get_status().status.code

    def receipts(self):
        good = self.until_stored("good")
        direct = {
            "by reference": self.session.get_invoice_upo_by_ref(good.reference_number),
            "by number": self.session.get_invoice_upo_by_ksef(good.ksef_number),
            "by address": self.client.invoices.download_export_part(good.upo_download_url),
            "page": self.session.get_upo(self.page.reference_number),
            "page by address": self.client.invoices.download_export_part(self.page.download_url),
        }
        for name, upo in direct.items():
            tell("upo", name=name, xml=upo)
        broken = good.upo_download_url[:-1] + ("0" if good.upo_download_url[-1] != "0" else "1")
        tell("forged address", **refusal(self.client.invoices.download_export_part, broken))

    def until_stored(self, name):
        reference = self.sent[name].reference_number
        return until(
            lambda: self.session.get_invoice_status(reference),
            lambda answer: answer.permanent_storage_date is not None,
        )

    def received(self):
        buyer = self.login(self.buyer["identity"], self.buyer["nip"])
        self.buyer_access = buyer.access_token
        window = {
            "subject_type": m.InvoiceQuerySubjectType.SUBJECT2,
            "date_type": m.InvoiceQueryDateType.PERMANENTSTORAGE,
            "date_from": self.order["from"],
        }
        found = until(
            lambda: self.client.invoices.query_invoice_metadata_by_date_range(
                **window, access_token=self.buyer_access, page_size=10
            ),
            lambda answer: len(answer.invoices) >= 3,
        )
        iterated = self.client.invoices.iter_invoice_metadata_by_date_range(
            **window, access_token=self.buyer_access, page_size=10
        )
        number = self.sent["good"].ksef_number
        [item] = [one for one in found.invoices if one.ksef_number == number]
        tell(
            "metadata",
            numbers=[one.ksef_number for one in found.invoices],
            iterated=[one.ksef_number for one in iterated],
            more=found.has_more,
            truncated=found.is_truncated,
            seller=item.seller.nip,
            buyer=item.buyer.identifier.value,
            gross=item.gross_amount,
            hash=item.invoice_hash,
            form=item.form_code.system_code,
            mode=item.invoicing_mode.value,
            type=item.invoice_type.value,
        )
        content = self.client.invoices.get_invoice_bytes(number, access_token=self.buyer_access)
        tell("downloaded", xml=content.content, hash=content.sha256_base64)

    def crowd(self):
        """Many invoices at once, by the asynchronous client, in a session opened after a signed login."""
        identity = self.seller["identities"]["seal ec"]
        access = self.login(identity, self.seller["nip"]).access_token
        signed = self.signed.encode()
        xmls = [base64.b64decode(xml) for xml in self.order["crowd"]]
        reference = asyncio.run(self.send_together(xmls, access))
        sessions = self.client.sessions
        status = until(
            lambda: sessions.get_session_status(reference, access), lambda answer: answer.status.code >= 200
        )
        items, token = [], None
        while token or not items:
            page = sessions.get_session_invoices(
                reference, page_size=10, continuation_token=token, access_token=access
            )
            items += page.invoices
            token = page.continuation_token
        stored = until(
            lambda: list(
                self.client.invoices.iter_invoice_metadata_by_date_range(
                    subject_type=m.InvoiceQuerySubjectType.SUBJECT1,
                    date_type=m.InvoiceQueryDateType.PERMANENTSTORAGE,
                    date_from=self.order["from"],
                    access_token=access,
                    page_size=10,
                )
            ),
            lambda found: len(found) >= len(xmls) + 3,
        )
        tell(
            "crowd",
            reference=reference,
            codes=[one.status.code for one in items],
            ordinals=[one.ordinal_number for one in items],
            hashes=[one.invoice_hash for one in items],
            numbers=[one.ksef_number for one in items],
            stored=[one.ksef_number for one in stored],
            signed=signed,
            upo=sessions.get_session_upo(
                reference, status.upo.pages[0].reference_number, access_token=access
            ),
        )

    async def send_together(self, xmls, access):
        async with AsyncKsefClient(self.options) as client:
            session = await AsyncOnlineSessionWorkflow(client.sessions).open_session(
                form_code=FA3,
                public_certificate=await client.security.get_public_key_certificate_pem(
                    m.PublicKeyCertificateUsage.SYMMETRICKEYENCRYPTION
                ),
                access_token=access,
            )
            await asyncio.gather(*(session.send_invoice(xml) for xml in xmls))
            await session.close()
            return session.reference_number

    def lists(self):
        sessions = self.client.sessions.get_sessions(
            session_type="Online", page_size=10, statuses=["Succeeded"], access_token=self.access
        )
        invoices = self.session.list_invoices(page_size=10)
        failed = self.session.list_failed_invoices(page_size=10)
        tell(
            "lists",
            sessions={one.reference_number: one.total_invoice_count for one in sessions.sessions},
            invoices=[one.status.code for one in invoices.invoices],
            failed=[one.status.code for one in failed.invoices],
        )
        logins = self.client.auth.get_active_sessions(access_token=self.access, page_size=10)
        refreshed = self.client.auth.refresh_access_token(self.owner.refresh_token)
        self.access = refreshed.access_token.token
        tell(
            "logins",
            current=[one.reference_number for one in logins.items if one.is_current],
            count=len(logins.items),
            refreshed=self.token_status().status.value,
        )

    def limits(self):
        context = self.client.limits.get_context_limits(self.access)
        subject = self.client.limits.get_subject_limits(self.access)
        rates = self.client.rate_limits.get_rate_limits(self.access)
        tell(
            "limits",
            online=context.online_session.max_invoices,
            batch=context.batch_session.max_invoices,
            certificates=subject.certificate.max_certificates,
            rates=len(iter_rate_limits(rates)),
            send=rates.invoice_send.per_second,
        )

    def permitted(self):
        test, stranger = self.client.testdata, self.order["stranger"]
        before = refusal(self.login, stranger["identity"], self.seller["nip"])
        nip = self.seller["nip"]
        context = m.TestDataContextIdentifier(type=m.TestDataContextIdentifierType.NIP, value=nip)
        authorized = m.TestDataAuthorizedIdentifier(
            type=m.TestDataAuthorizedIdentifierType.NIP, value=stranger["nip"]
        )
        permission = m.TestDataPermission(
            description="reads for Ania", permission_type=m.TestDataPermissionType.INVOICEREAD
        )
        test.grant_permissions(
            m.TestDataPermissionsGrantRequest(
                authorized_identifier=authorized, context_identifier=context, permissions=[permission]
            )
        )
        with_permission = self.login(stranger["identity"], nip)
        xml = self.client.invoices.get_invoice_bytes(
            self.sent["good"].ksef_number, access_token=with_permission.access_token
        )
        test.revoke_permissions(
            m.TestDataPermissionsRevokeRequest(authorized_identifier=authorized, context_identifier=context)
        )
        after = refusal(self.login, stranger["identity"], nip)
        tell("permissions", before=before, read=len(xml.content), after=after)

    def blocked(self):
        test = self.client.testdata
        context = m.TestDataAuthenticationContextIdentifier(
            type=m.TestDataAuthenticationContextIdentifierType.NIP, value=self.seller["nip"]
        )
        test.block_context_authentication(m.BlockContextAuthenticationRequest(context_identifier=context))
        identity = next(iter(self.seller["identities"].values()))
        during = refusal(self.login, identity, self.seller["nip"])
        test.unblock_context_authentication(m.UnblockContextAuthenticationRequest(context_identifier=context))
        after = self.login(identity, self.seller["nip"])
        tell("blocked", during=during, after=after.reference_number)

    def registered(self):
        test, nip = self.client.testdata, self.order["group"]
        subject = m.SubjectCreateRequest(
            description="a VAT group", subject_nip=nip, subject_type=m.SubjectType.VATGROUP
        )
        test.create_subject(subject)
        twice = refusal(test.create_subject, subject)
        test.remove_subject(m.SubjectRemoveRequest(subject_nip=nip))
        tell("registered twice", **twice)

    def strangers(self):
        stranger = self.order["stranger"]
        by = self.login(stranger["identity"], stranger["nip"]).access_token
        number = self.sent["good"].ksef_number
        reference = self.session.reference_number
        get_invoice = self.client.invoices.get_invoice_bytes
        get_status = self.client.sessions.get_session_status
        tell("stranger reads the invoice", **refusal(get_invoice, number, access_token=by))
        tell("stranger asks for the session", **refusal(get_status, reference, access_token=by))
        revoke = self.client.tokens.revoke_token
        token = self.ksef_token.reference_number
        tell("stranger revokes the token", **refusal(revoke, token, access_token=by))
        tell("nobody asks", **refusal(get_status, reference, access_token="not a token"))
        unknown = self.order["unknown"]
        tell("unknown number", **refusal(get_invoice, unknown, access_token=self.access))

    def revoke(self):
        self.client.tokens.revoke_token(self.ksef_token.reference_number, access_token=self.access)
        status = until(self.token_status, lambda answer: answer.status.value not in ("Active", "Revoking"))
        tell("revoked", status=status.status.value)
        tell("login with a revoked token", **refusal(self.token_login))
        refresh = self.client.auth.refresh_access_token
        tell("refresh of a revoked token", **refusal(refresh, self.by_token.refresh_token))

    def leave(self):
        self.client.auth.revoke_session(self.by_token.reference_number, self.access)
        self.client.auth.revoke_current_session(self.access)
        refresh = self.client.auth.refresh_access_token
        tell("refresh after leaving", **refusal(refresh, self.owner.refresh_token))
        self.client.testdata.remove_person(m.PersonRemoveRequest(nip=self.seller["nip"]))


if __name__ == "__main__":
    main()
