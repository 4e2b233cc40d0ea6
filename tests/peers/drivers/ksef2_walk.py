"""ksef2 1.1.0 walks through a KSeF. It knows only official addresses: `ToLocal` brings them home."""

import base64
import ssl
from datetime import datetime
from pathlib import Path

import httpx
from ksef2 import Client, Environment, FormSchema, KSeFApiError, KSeFAuthError, KSeFInvoiceRejectedError
from ksef2.models import AuthContextIdentifier, Identifier, InvoicesFilter, Permission, TokenListParams
from ksef2.xades import XAdESCredentials
from ksef2_packages import PACE, exported, packages
from ksef2_rights import certificates, granted
from telling import given, tell, until

OFFICIAL = "api-test.ksef.mf.gov.pl"


class ToLocal(httpx.BaseTransport):
    """Sends what is meant for the official test KSeF to the local port; nothing else leaves."""

    def __init__(self, order):
        self.origin = httpx.URL(f"{order['scheme']}://127.0.0.1:{order['port']}")
        trust = ssl.create_default_context(cafile=order["ca"]) if order["ca"] else True
        self.wire = httpx.HTTPTransport(verify=trust, http2=True)

    def handle_request(self, request):
        if request.url.host not in (OFFICIAL, self.origin.host):
            raise httpx.UnsupportedProtocol(f"{request.url.host} is not local")
        url = request.url.copy_with(scheme=self.origin.scheme, host=self.origin.host, port=self.origin.port)
        headers = httpx.Headers(request.headers)
        headers["Host"] = f"{url.host}:{url.port}"
        local = httpx.Request(
            request.method, url, headers=headers, stream=request.stream, extensions=request.extensions
        )
        return self.wire.handle_request(local)

    def close(self):
        self.wire.close()


def main():
    order = given()
    walk = Walk(order)
    hooks = {"response": [walk.overhear]}
    with (
        httpx.Client(transport=ToLocal(order), event_hooks=hooks) as http,
        Client(Environment.TEST, http_client=http) as client,
    ):
        walk.http, walk.client = http, client
        walk.all()


class Walk:
    def __init__(self, order):
        self.order = order
        self.seller, self.buyer = order["seller"], order["buyer"]
        self.invoices = {name: base64.b64decode(xml) for name, xml in order["invoices"].items()}
        self.login_status = {}

    def overhear(self, response):
        """The client tells only the description of a failed login, so its details are kept here."""
        path = response.request.url.path
        if response.request.method == "GET" and path.startswith("/v2/auth/") and "/sessions" not in path:
            response.read()
            self.login_status = {"reference": path.rpartition("/")[2], **response.json()}

    def refusal(self, call, *arguments, **named):
        """What the client made of a refusal. `shape` is NoneType where the body was not as published."""
        try:
            answer = call(*arguments, **named)
        except KSeFApiError as refused:
            if isinstance(refused, KSeFAuthError) and not refused.trace_id:
                # A login's status, not an answer's.
                return {"failed": refused.status_code, "details": self.login_status["status"]["details"]}
            return {
                "status": refused.status_code,
                "shape": type(refused.response).__name__,
                "codes": [refused.ksef_code] if refused.ksef_code else [],
                "details": refused.details,
                "reason": getattr(refused.response, "reasonCode", None),
            }
        raise AssertionError(f"not refused: {answer}")

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

    def login(self, identity, nip):
        credentials = XAdESCredentials.from_pem(
            Path(identity["certificate"]).read_bytes(), Path(identity["key"]).read_bytes()
        )
        return self.login_with(credentials, nip)

    def login_with(self, credentials, nip):
        return self.client.authentication.with_xades(nip=nip, credentials=credentials, **PACE)

    def token_login(self):
        return self.client.authentication.with_token(
            ksef_token=self.ksef_token.token, nip=self.seller["nip"], **PACE
        )

    def security(self):
        certificates = self.client.encryption.get_certificates()
        tell("security", usages=sorted(usage for one in certificates for usage in one.usage))

    def test_people(self):
        self.client.testdata.create_person(
            nip=self.seller["nip"], pesel=self.seller["pesel"], description="Ania, a sole trader"
        )
        tell("person created")

    def xades(self):
        for name, identity in self.seller["identities"].items():
            self.owner = self.login(identity, self.seller["nip"])
            status = self.login_status
            tell(
                "xades",
                identity=name,
                reference=status["reference"],
                code=status["status"]["code"],
                method=status["authenticationMethod"],
            )
        self.owner_reference = status["reference"]
        own = self.client.authentication.with_test_certificate(nip=self.seller["nip"], **PACE)
        tell(
            "xades by its own certificate", limits=own.limits.get_context_limits().online_session.max_invoices
        )

    def token(self):
        tokens = self.owner.tokens
        self.ksef_token = tokens.generate(
            permissions=["invoice_read", "invoice_write"], description="ERP of Ania"
        )
        self.ksef_token.wait(**PACE)
        reference = self.ksef_token.reference_number
        params = TokenListParams(status=["active"], author_identifier_type="pesel", page_size=10)
        [item] = [one for one in tokens.list(params=params) if one.reference_number == reference]
        tell(
            "token",
            reference=reference,
            status=item.status,
            form=len(self.ksef_token.token.split("|")),
            permissions=list(item.requested_permissions),
            author=[item.author_identifier.type, item.author_identifier.value],
            context=[item.context_identifier.type, item.context_identifier.value],
        )
        self.by_token = self.token_login()
        self.by_token_reference = self.login_status["reference"]
        tell("token login", reference=self.by_token_reference)
        generate = self.by_token.tokens.generate
        named = {"permissions": ["invoice_read"], "description": "not by a token"}
        tell("token by token", **self.refusal(generate, **named))

    def online_session(self):
        self.session = self.by_token.online_session(form_code=FormSchema.FA3)
        reference = self.session.reference_number
        tell("session opened", reference=reference, code=self.session.get_status().status.code)
        self.sent = {}
        for name in ("good", "faulty", "duplicate"):
            xml = self.invoices["good" if name == "duplicate" else name]
            try:
                status = self.session.send_invoice(xml).wait(**PACE)
            except KSeFInvoiceRejectedError as rejected:
                status = rejected.status
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
        self.invoice_codes = [one.status.code for one in self.session.list_invoices().invoices]
        self.failed_codes = [one.status.code for one in self.session.list_failed_invoices().invoices]
        saved = self.session.resume_state().to_json()
        self.session.close()
        closed = self.session.wait(**PACE)
        tell(
            "session closed",
            code=closed.status.code,
            total=closed.invoice_count,
            successful=closed.successful_invoice_count,
            failed=closed.failed_invoice_count,
            pages=len(closed.upo.pages),
        )
        self.page = closed.upo.pages[0]
        resumed = self.by_token.online_session(state=saved)
        tell("sent too late", **self.refusal(resumed.send_invoice, self.invoices["other"]))

    def receipts(self):
        good = self.until_stored("good")
        session = self.session.reference_number
        get_upo = self.by_token.invoice_sessions.download_upo
        tell("upo", name="by reference", xml=get_upo(session, invoice_reference_number=good.reference_number))
        tell("upo", name="by number", xml=get_upo(session, ksef_number=good.ksef_number))
        tell("upo", name="page", xml=get_upo(session, upo_reference_number=self.page.reference_number))
        # The client has no call for the addresses; they are fetched bare, as a browser would.
        for name, address in (
            ("by address", good.upo_download_url),
            ("page by address", self.page.download_url),
        ):
            tell("upo", name=name, xml=self.http.get(str(address)).raise_for_status().content)
        broken = str(good.upo_download_url)[:-1]
        tell("forged address", status=self.http.get(broken).status_code)

    def until_stored(self, name):
        raw = self.by_token.raw.invoices
        session, reference = self.session.reference_number, self.sent[name].reference_number
        until(
            lambda: raw.get_session_invoice_status(
                reference_number=session, invoice_reference_number=reference
            ),
            lambda answer: answer.permanentStorageDate is not None,
        )
        return self.sent[name]

    def received(self):
        self.buyer_client = self.login(self.buyer["identity"], self.buyer["nip"])
        number = self.sent["good"].ksef_number
        filters = InvoicesFilter.for_buyer(
            date_from=datetime.fromisoformat(self.order["from"]), date_type="permanent_storage"
        )
        search = self.buyer_client.invoices.search
        found = until(
            lambda: search(filters=filters).first_response(), lambda answer: len(answer.invoices) >= 3
        )
        [item] = [one for one in found.invoices if one.ksef_number == number]
        tell(
            "metadata",
            numbers=[one.ksef_number for one in found.invoices],
            iterated=[one.ksef_number for one in search(filters=filters)],
            more=found.has_more,
            truncated=found.is_truncated,
            seller=item.seller.nip,
            buyer=item.buyer.identifier.value,
            gross=item.gross_amount,
            hash=item.invoice_hash,
            form=item.form_code_system,
            mode=item.invoicing_mode,
            type=item.invoice_type,
        )
        xml = self.buyer_client.invoices.download(number, timeout=30.0)
        tell("downloaded", xml=xml)

    def lists(self):
        sessions = self.owner.invoice_sessions.list("online", statuses=["succeeded"])
        tell(
            "lists",
            sessions={one.reference_number: one.total_invoice_count for one in sessions},
            invoices=self.invoice_codes,
            failed=self.failed_codes,
        )
        # More logins than a page holds: the pager goes on by continuation token.
        for _ in range(10):
            self.login(self.seller["identities"]["person ec"], self.seller["nip"])
        logins = list(self.owner.sessions.list(page_size=10))
        refreshed = self.client.authentication.refresh(refresh_token=self.owner.refresh_token)
        tell(
            "logins",
            current=[one.reference_number for one in logins if one.is_current],
            count=len(logins),
            refreshed=bool(refreshed.access_token),
        )

    def limits(self):
        limits = self.owner.limits
        context, subject = limits.get_context_limits(), limits.get_subject_limits()
        rates = limits.get_api_rate_limits()
        tell(
            "limits",
            online=context.online_session.max_invoices,
            batch=context.batch_session.max_invoices,
            certificates=subject.certificate.max_certificates,
            send=rates.invoice_send.per_second,
        )

    def permitted(self):
        stranger, nip = self.order["stranger"], self.seller["nip"]
        before = self.refusal(self.login, stranger["identity"], nip)
        context = Identifier(type="nip", value=nip)
        authorized = Identifier(type="nip", value=stranger["nip"])
        self.client.testdata.grant_permissions(
            permissions=[Permission(type="invoice_read", description="reads for Ania")],
            grant_to=authorized,
            in_context_of=context,
        )
        permitted = self.login(stranger["identity"], nip)
        xml = permitted.invoices.download(self.sent["good"].ksef_number, timeout=30.0)
        self.client.testdata.revoke_permissions(revoke_from=authorized, in_context_of=context)
        after = self.refusal(self.login, stranger["identity"], nip)
        tell("permissions", before=before, read=len(xml), after=after)

    def blocked(self):
        context = AuthContextIdentifier(type="nip", value=self.seller["nip"])
        identity = next(iter(self.seller["identities"].values()))
        self.client.testdata.block_context(context=context)
        during = self.refusal(self.login, identity, self.seller["nip"])
        self.client.testdata.unblock_context(context=context)
        self.login(identity, self.seller["nip"])
        tell("blocked", during=during, after=self.login_status["reference"])

    def registered(self):
        test = self.client.testdata
        subject = {
            "nip": self.order["group"],
            "subject_type": "vat_group",
            "description": "a VAT group",
        }
        test.create_subject(**subject)
        twice = self.refusal(test.create_subject, **subject)
        test.delete_subject(nip=self.order["group"])
        tell("registered twice", **twice)

    def strangers(self):
        stranger = self.order["stranger"]
        by = self.login(stranger["identity"], stranger["nip"])
        number = self.sent["good"].ksef_number
        session = self.session.reference_number
        get_invoice = by.raw.invoices.download
        get_status = by.raw.invoices.get_session_status
        revoke = by.tokens.revoke
        tell("stranger reads the invoice", **self.refusal(get_invoice, ksef_number=number))
        tell("stranger asks for the session", **self.refusal(get_status, reference_number=session))
        token = self.ksef_token.reference_number
        tell("stranger revokes the token", **self.refusal(revoke, reference_number=token))
        unknown = self.order["unknown"]
        get_own = self.owner.raw.invoices.download
        tell("unknown number", **self.refusal(get_own, ksef_number=unknown))
        refresh = self.client.authentication.refresh
        tell("nobody asks", **self.refusal(refresh, refresh_token="not-a-token"))

    def revoke(self):
        tokens, reference = self.owner.tokens, self.ksef_token.reference_number
        tokens.revoke(reference_number=reference)
        status = until(
            lambda: tokens.get_status(reference_number=reference),
            lambda answer: answer.status not in ("active", "revoking"),
        )
        tell("revoked", status=status.status)
        tell("login with a revoked token", **self.refusal(self.token_login))
        refresh = self.client.authentication.refresh
        tell("refresh of a revoked token", **self.refusal(refresh, refresh_token=self.by_token.refresh_token))

    def leave(self):
        self.owner.sessions.terminate(self.by_token_reference)
        refresh_token = self.owner.refresh_token
        self.owner.sessions.terminate_current()
        refresh = self.client.authentication.refresh
        tell("refresh after leaving", **self.refusal(refresh, refresh_token=refresh_token))
        self.client.testdata.delete_person(nip=self.seller["nip"])


if __name__ == "__main__":
    main()
