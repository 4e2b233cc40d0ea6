"""KSeF's public keys and the choice among them. Rule: auth.md section 8."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from klucznik.client.flow import Flow, ask, now
from klucznik.crypto import envelope
from klucznik.errors import Unreadable
from klucznik.lang import tr
from klucznik.wire.endpoint import Call
from klucznik.wire.security import (
    PUBLIC_KEYS,
    PublicKeyCertificate,
    PublicKeyCertificates,
    PublicKeyCertificateUsage,
)


def public_keys() -> Call[PublicKeyCertificates]:
    """GET /security/public-key-certificates: all of them, with their usage and term."""
    return PUBLIC_KEYS()


def choose(
    keys: Iterable[PublicKeyCertificate], usage: PublicKeyCertificateUsage, at: datetime
) -> PublicKeyCertificate:
    """The key of that usage that is valid at the instant; of several the one with the latest start.

    Raises `Unreadable` when there is none.
    """
    valid = [k for k in keys if usage in k.usage and k.valid_from <= at < k.valid_to]
    if not valid:
        raise Unreadable(
            tr(f"KSeF publishes no valid key for {usage}.", f"KSeF nie podaje ważnego klucza {usage}."),
            hint=tr("is the clock of this machine right?", "czy zegar tej maszyny chodzi dobrze?"),
        )
    return max(valid, key=lambda k: k.valid_from)


def current(usage: PublicKeyCertificateUsage) -> Flow[PublicKeyCertificate]:
    """Fetch the keys and choose. Asked for each login and session, so a rotation needs no cache."""
    keys = yield from ask(public_keys())
    return choose(keys.root, usage, (yield from now()))


def wrap(secret: bytes, key: PublicKeyCertificate) -> bytes:
    """Encrypt a short secret for KSeF (RSA-OAEP with SHA-256)."""
    try:
        public_key = x509.load_der_x509_certificate(key.certificate).public_key()
    except ValueError:
        public_key = None
    if not isinstance(public_key, RSAPublicKey):
        raise Unreadable(tr("KSeF's key is not an RSA certificate.", "Klucz KSeF nie jest certyfikatem RSA."))
    return envelope.wrap(secret, public_key)
