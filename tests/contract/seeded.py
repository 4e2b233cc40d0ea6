"""A local KSeF with a life already led: Ania's firm, its invoices, tokens, certificates and permissions.

`World` holds what valid requests name: numbers that exist, logins that may ask. Everything was made by the
client, through the door that people use.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Literal

import httpx2

from klucznik.client import (
    auth,
    certificates,
    collective,
    exports,
    permissions,
    receiving,
    security,
    sessions,
    tokens,
)
from klucznik.client.flow import Flow, Pace, poll
from klucznik.client.ksef import Ksef
from klucznik.client.permissions import grant_and_wait
from klucznik.client.sessions import OnlineSession
from klucznik.clock import WARSAW
from klucznik.crypto import authority, xades
from klucznik.crypto.certs import Identity, fingerprint
from klucznik.crypto.envelope import new_session_key
from klucznik.documents import samples
from klucznik.documents.auth_request import AuthTokenRequest, SubjectType
from klucznik.secret import Secret
from klucznik.testing import RunningKsef
from klucznik.wire.auth import XADES_SIGNATURE
from klucznik.wire.common import FormCode
from klucznik.wire.ids import internal_id_check, make_nip, make_pesel
from klucznik.wire.invoices import (
    InvoiceQueryDateRange,
    InvoiceQueryDateType,
    InvoiceQueryFilters,
    InvoiceQuerySubjectType,
)
from klucznik.wire.security import PublicKeyCertificateUsage
from klucznik.wire.tokens import GenerateTokenResponse

#: The local KSeF needs milliseconds for what the real one needs seconds for.
PACE = Pace(first=0.01, growth=1.4, longest=0.3, total=60.0)
FA3 = FormCode(system_code="FA (3)", schema_version="1-0E", value="FA")
VAT_UE = "DE123456789"
JAN = permissions.person("Jan", "Biurowy")
CLERK = permissions.foreigner("Eva", "Schmidt", date(1980, 5, 17), "Passport", "C01X00T47", "DE")
#: What a login is for.
Context = tuple[Literal["Nip", "InternalId", "NipVatUe", "PeppolId"], str]
#: A login is renewed this long before its access token ends.
_MARGIN = timedelta(minutes=3)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Login:
    """Somebody logged in: the client that holds the tokens, and the number of the login."""

    ksef: Ksef = field(repr=False)
    reference: str
    nip: str
    identity: Identity = field(repr=False)

    @property
    def access(self) -> Secret:
        """A live access token, renewed by the refresh token where it is about to end."""
        held = self.ksef.credentials.access_token
        assert held is not None
        if not held.lives(now(), _MARGIN):
            self.ksef.call(auth.refresh())
        renewed = self.ksef.credentials.access_token
        assert renewed is not None
        return renewed.token

    @property
    def authentication(self) -> Secret:
        held = self.ksef.credentials.authentication_token
        assert held is not None
        return held.token

    @property
    def refresh(self) -> Secret:
        held = self.ksef.credentials.refresh_token
        assert held is not None
        return held.token


def signed(
    challenge: str,
    at: datetime,
    context: Context,
    identity: Identity,
    subject: SubjectType = "certificateSubject",
) -> bytes:
    """A signed AuthTokenRequest for a challenge given `at` that moment."""
    document = AuthTokenRequest(
        challenge=challenge, context_type=context[0], context_value=context[1], subject_type=subject
    ).to_xml()
    return xades.sign(document, identity, signing_time=at - timedelta(minutes=1))


@dataclass
class World:
    """Ania's firm and the people around it. What costs time is made when first asked for."""

    running: RunningKsef
    rand: Random = field(default_factory=lambda: Random(2900))
    _clients: deque[Ksef] = field(default_factory=deque)
    _kept: list[Ksef] = field(default_factory=list)

    # ---- people

    def nip(self) -> str:
        return make_nip(self.rand)

    def pesel(self) -> str:
        return make_pesel(self.rand)

    def client(self) -> Ksef:
        """A client of its own; only the youngest hundred stay open."""
        self._clients.append(Ksef(self.running.url))
        if len(self._clients) > 100:
            self._clients.popleft().close()
        return self._clients[-1]

    def close(self) -> None:
        for ksef in (*self._clients, *self._kept):
            ksef.close()

    def started(
        self, context: Context, identity: Identity, subject: SubjectType = "certificateSubject"
    ) -> Login:
        """A login whose authentication token is not redeemed yet, and that has succeeded."""
        ksef = self.client()
        asked = ksef.call(auth.challenge())
        document = signed(asked.challenge, asked.timestamp, context, identity, subject)
        begun = ksef.call(XADES_SIGNATURE(document))
        reached = ksef.run(
            poll(auth.status(begun.reference_number), lambda answer: answer.status.code >= 200, PACE)
        )
        assert reached.status.code == 200, reached.status
        return Login(ksef, begun.reference_number, context[1][:10], identity)

    def enter(
        self, context: Context, identity: Identity, subject: SubjectType = "certificateSubject"
    ) -> Login:
        login = self.started(context, identity, subject)
        login.ksef.call(auth.redeem())
        return login

    def firm(self) -> Login:
        """A company of its own, for what would disturb the others."""
        nip = self.nip()
        return self.enter(("Nip", nip), authority.seal("Firma na próbę", nip, now=now()))

    @cached_property
    def ania(self) -> Login:
        nip = self.nip()
        return self._staying(self.enter(("Nip", nip), authority.seal("Firma Ani", nip, now=now())))

    def _staying(self, login: Login) -> Login:
        """The login, its client open to the end."""
        self._clients.remove(login.ksef)
        self._kept.append(login.ksef)
        return login

    def again(self) -> Login:
        """Another login of Ania's."""
        return self.enter(("Nip", self.ania.nip), self.ania.identity)

    @cached_property
    def _ksef_token(self) -> GenerateTokenResponse:
        return self.ania.ksef.run(tokens.generate_and_wait(["InvoiceRead"], "ERP of Ania", pace=PACE))

    @property
    def ksef_token(self) -> Secret:
        """A KSeF token of Ania's, which stays."""
        return self._ksef_token.token

    @property
    def token_reference(self) -> str:
        return self._ksef_token.reference_number

    def token(self) -> str:
        """The reference number of a KSeF token that may be revoked."""
        return self.ania.ksef.call(tokens.generate(["InvoiceRead"], "for a while")).reference_number

    @cached_property
    def eu_entity(self) -> Login:
        """The administrator of an EU entity that Ania has let in."""
        hans = authority.person("Hans", "Schmidt", nip=self.nip(), now=now())
        context = f"{self.ania.nip}-{VAT_UE}"
        known = permissions.holder("Hans", "Schmidt", ("Nip", self.nip()))
        self.wait(
            permissions.grant_eu_administration(
                fingerprint(hans.certificate),
                context,
                known,
                "administrator",
                full_name="Schmidt GmbH",
                address="Hauptstrasse 1, Berlin",
            )
        )
        return self._staying(self.enter(("NipVatUe", context), hans, "certificateFingerprint"))

    # ---- permissions

    def fingerprint(self) -> str:
        """Of a certificate that nobody has shown yet."""
        return f"{self.rand.getrandbits(256):064X}"

    @property
    def unit(self) -> str:
        """The InternalId of a unit of Ania's firm."""
        start = f"{self.ania.nip}-1234"
        return f"{start}{internal_id_check(self.ania.nip + '1234')}"

    def wait(self, call: permissions.Operation) -> str:
        """Have Ania grant or revoke, until it is done; the operation's number."""
        return self.ania.ksef.run(grant_and_wait(call, pace=PACE))

    def permission_id(self) -> str:
        """A permission of somebody new, which can be revoked."""
        pesel = self.pesel()
        self.wait(permissions.grant_person(("Pesel", pesel), ["InvoiceRead"], JAN, "for a while"))
        (found,) = self.ania.ksef.call(permissions.persons(who=("Pesel", pesel))).permissions
        return found.id

    def authorization_id(self) -> str:
        nip = self.nip()
        self.wait(permissions.grant_authorization(("Nip", nip), "SelfInvoicing", "Biuro", "for a while"))
        (found,) = self.ania.ksef.call(permissions.authorizations(other=("Nip", nip))).authorization_grants
        return found.id

    @cached_property
    def operation(self) -> str:
        return self.wait(permissions.grant_person(("Pesel", self.pesel()), ["InvoiceRead"], JAN, "to read"))

    # ---- sessions and invoices

    def key(self, usage: PublicKeyCertificateUsage) -> tuple[Callable[[bytes], bytes], str]:
        """How to wrap for KSeF, and the key's id."""
        found = self.ania.ksef.run(security.current(usage))
        return (lambda plain: security.wrap(plain, found)), found.public_key_id

    def sealed_key(self) -> tuple[Secret, bytes, bytes, str]:
        """A new AES key, its IV, the key wrapped, and the id of KSeF's key."""
        wrap, key_id = self.key(PublicKeyCertificateUsage.SymmetricKeyEncryption)
        key, iv = new_session_key()
        with key.reveal() as plain:
            return key, iv, wrap(plain), key_id

    def session(self) -> OnlineSession:
        """An open session of Ania's."""
        key, iv, wrapped, key_id = self.sealed_key()
        opened = self.ania.ksef.call(sessions.open_online(FA3, key, iv, wrapped, key_id))
        return OnlineSession(opened.reference_number, key, iv)

    def upload(self, url: str, headers: Mapping[str, str | None], part: bytes) -> None:
        """A part of a package to its address."""
        given = {name: value for name, value in headers.items() if value is not None}
        assert httpx2.put(url, headers=given, content=part).status_code == 201

    def invoice(self) -> bytes:
        number = f"FV/{self.rand.randrange(10**9)}/{now().timestamp()}"
        today = now().astimezone(WARSAW).date()
        return samples.invoice(self.ania.nip, self.buyer, number, today, now())

    @cached_property
    def buyer(self) -> str:
        return self.nip()

    @cached_property
    def sold(self) -> Sold:
        """A closed session of three invoices, one of which KSeF refused."""
        ksef, session = self.ania.ksef, self.session()
        documents = [self.invoice(), self.invoice(), b"<Faktura/>"]
        sent = [ksef.call(sessions.send(session, document)).reference_number for document in documents]
        ksef.call(sessions.close(session.reference))
        reached = ksef.run(
            poll(sessions.status(session.reference), lambda answer: answer.status.code >= 200, PACE)
        )
        assert reached.upo is not None
        listed = ksef.call(sessions.invoices(session.reference)).invoices
        found = {item.reference_number: item for item in listed}
        numbers = [number for ref in sent[:2] if (number := found[ref].ksef_number)]
        assert len(numbers) == 2
        # Downloads and exports find them a moment later, in permanent storage.
        ksef.run(
            poll(
                receiving.query(self.filters()),
                lambda page: set(numbers) <= {item.ksef_number for item in page.invoices},
                PACE,
            )
        )
        return Sold(session.reference, tuple(sent), tuple(numbers), reached.upo.pages[0].reference_number)

    def sell(self) -> list[str]:
        """KSeF numbers of two new invoices."""
        ksef, session = self.ania.ksef, self.session()
        for _ in range(2):
            ksef.call(sessions.send(session, self.invoice()))
        reached = ksef.run(
            poll(
                sessions.invoices(session.reference),
                lambda page: all(item.ksef_number for item in page.invoices),
                PACE,
            )
        )
        return [item.ksef_number or "" for item in reached.invoices]

    @cached_property
    def collective(self) -> str:
        """A collective identifier of two invoices."""
        made = self.ania.ksef.call(collective.generate(self.sold.numbers))
        return made.collective_identifier_number

    def filters(self) -> InvoiceQueryFilters:
        return InvoiceQueryFilters(
            subject_type=InvoiceQuerySubjectType.Subject1,
            date_range=InvoiceQueryDateRange(
                date_type=InvoiceQueryDateType.Invoicing, from_=now() - timedelta(days=20), to=now()
            ),
        )

    @cached_property
    def export(self) -> str:
        """An export that is ready."""
        assert self.sold.numbers
        _, iv, wrapped, key_id = self.sealed_key()
        started = self.ania.ksef.call(exports.start(self.filters(), wrapped, iv, key_id))
        self.ania.ksef.run(
            poll(exports.status(started.reference_number), lambda answer: answer.status.code >= 200, PACE)
        )
        return started.reference_number

    # ---- certificates

    def certified(self) -> tuple[Login, str]:
        """A company with a KSeF certificate, and its serial number."""
        firm = self.firm()
        held = firm.ksef.run(certificates.enrol("Próba", "Offline", authority.new_key("ec"), pace=PACE))
        return firm, held.serial

    @cached_property
    def enrolled(self) -> tuple[str, str]:
        """Ania's application for a certificate, and the serial number it led to."""
        key = authority.new_key("ec")

        def flow() -> Flow[tuple[str, str]]:
            reference = yield from certificates.apply("Kody Ani", "Offline", key)
            held = yield from certificates.collect(reference, key, pace=PACE)
            return reference, held.serial

        return self.ania.ksef.run(flow())


@dataclass(frozen=True)
class Sold:
    """What Ania has sent: the session, references of invoices (the last one refused), numbers, a UPO page."""

    session: str
    references: tuple[str, ...]
    numbers: tuple[str, ...]
    upo: str
