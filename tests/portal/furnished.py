"""A firm in which something of everything exists, named so that careless pages would run it as script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from klucznik.client import auth, certificates, permissions, security, sending, sessions, tokens
from klucznik.client.journal import MemoryJournal
from klucznik.client.ksef import Ksef
from klucznik.clock import WARSAW
from klucznik.crypto import authority, envelope
from klucznik.documents import samples
from klucznik.wire.security import PublicKeyCertificateUsage

from .person import Visitor, new_nip, new_pesel

#: Each sets `window.__xss` where it is taken for more than text.
IMAGE: Final = '<img src=x onerror="window.__xss=1">'
SCRIPT: Final = "</textarea></title><script>window.__xss=1</script>"
QUOTE: Final = "\" autofocus onfocus=window.__xss=1 x='"
LINK: Final = "javascript:window.__xss=1"
TEMPLATE: Final = "{{ 7 * 7 }}${window.__xss=1}"
PAYLOADS: Final = (IMAGE, SCRIPT, QUOTE, LINK, TEMPLATE)
#: All of them in one text, the address first; FLAT is what fits into one part of a path.
FLAT: Final = f"{LINK}{QUOTE}{IMAGE}{TEMPLATE}"
JOINED: Final = f"{LINK}{QUOTE}{IMAGE}{SCRIPT}{TEMPLATE}"


@dataclass(frozen=True)
class Furnished:
    """What was made, by the numbers under which pages show it."""

    ksef_token: str
    revoked_token: str
    session: str
    ksef_number: str
    session_of_refused: str
    open_session: str
    certificate: str
    permission_operation: str
    partner: str


def client_of(visitor: Visitor) -> Ksef:
    """The same person as a program, logged in to the same firm."""
    now = datetime.now(UTC) - timedelta(hours=1)
    identity = authority.person(visitor.given, visitor.surname, now=now, pesel=visitor.pesel)
    ksef = Ksef(visitor.running.url)
    ksef.run(auth.login_with_identity("Nip", visitor.nip, identity))
    return ksef


def hostile_invoice(seller: str, buyer: str, number: str) -> bytes:
    """Valid, with a payload in every text that a page might show."""
    now = datetime.now(UTC)
    lines = [samples.Line(payload, Decimal(2), unit="<b>szt") for payload in PAYLOADS]
    return samples.invoice(
        seller,
        buyer,
        number,
        now.astimezone(WARSAW).date(),
        now - timedelta(minutes=5),
        lines=lines,
        seller_name=f"Ania {IMAGE}",
        buyer_name=f"Buyer {SCRIPT}",
        options=samples.Options(thirds=[samples.Third(f"<NIP>{new_nip()}</NIP>", 2, f"Third {QUOTE}")]),
    )


def unlinked(made: Furnished) -> list[str]:
    """Pages to which no link leads at once: of an older session, after a form, fetched in the background."""
    return [
        "/login",
        "/login/profile",
        "/tokens/issue",
        "/start",
        "/invoices/send",
        "/certificates/request/send",
        "/login/signed/request",
        f"/sessions/{made.session}",
        f"/tokens/{made.ksef_token}/state",
        f"/permissions/operations/{made.permission_operation}",
    ]


def furnish(ania: Visitor) -> Furnished:
    """Tokens, invoices accepted and refused, permissions and a certificate of Ania's firm."""
    with client_of(ania) as ksef:
        return _furnish(ksef, ania.nip, new_nip())


def _furnish(ksef: Ksef, nip: str, partner: str) -> Furnished:
    kept = ksef.run(tokens.generate_and_wait(["InvoiceRead", "CredentialsManage"], f"ERP {IMAGE}"))
    gone = ksef.run(tokens.generate_and_wait(["InvoiceWrite"], f"Old {SCRIPT}"))
    ksef.call(tokens.revoke(gone.reference_number))
    good = hostile_invoice(nip, partner, f"1/{QUOTE}")
    (sent,) = ksef.run(sending.send_and_wait([sending.Document("good.xml", good)], MemoryJournal()))
    assert sent.ksef_number, sent
    bad = samples.faulty_invoice(nip, partner, f"2/{IMAGE}", datetime.now(WARSAW).date(), datetime.now(UTC))
    (refused,) = ksef.run(sending.send_and_wait([sending.Document("bad.xml", bad)], MemoryJournal()))
    assert refused.code == 450, refused
    operations = [
        ksef.run(permissions.grant_and_wait(call))
        for call in (
            permissions.grant_person(
                ("Pesel", new_pesel()),
                ["InvoiceRead"],
                permissions.person(f"Jan {IMAGE}"[:30], f"Kowal {LINK}"[:30]),
                f"Book-keeper {QUOTE}",
            ),
            permissions.grant_entity(
                partner, ["InvoiceRead"], f"Office {IMAGE}"[:90], f"Works {SCRIPT}", can_delegate=True
            ),
            permissions.grant_authorization(
                ("Nip", partner), "SelfInvoicing", f"Office {IMAGE}"[:90], f"Bills {QUOTE}"
            ),
        )
    ]
    key, iv = envelope.new_session_key()
    public = ksef.run(security.current(PublicKeyCertificateUsage.SymmetricKeyEncryption))
    with key.reveal() as plain:
        sealed = security.wrap(plain, public)
    opened = ksef.call(sessions.open_online(sending.FA3, key, iv, sealed, public.public_key_id))
    enrolled = ksef.run(certificates.enrol("Cert of Ania", "Authentication", authority.new_key("ec")))
    return Furnished(
        ksef_token=kept.reference_number,
        revoked_token=gone.reference_number,
        session=sent.session,
        ksef_number=sent.ksef_number,
        session_of_refused=refused.session,
        open_session=opened.reference_number,
        certificate=enrolled.serial,
        permission_operation=operations[0],
        partner=partner,
    )
