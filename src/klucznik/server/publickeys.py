"""GET /security/public-key-certificates. Rule: auth.md section 8."""

from __future__ import annotations

from base64 import b64decode

from cryptography.hazmat.primitives.serialization import Encoding

from klucznik.server.ask import Ask, answers
from klucznik.wire import security
from klucznik.wire.security import PublicKeyCertificate, PublicKeyCertificates


@answers(security.PUBLIC_KEYS)
def public_keys(ask: Ask[None]) -> PublicKeyCertificates:
    """The Ministry's keys, at least one for each usage: two while one follows another (`keyring`)."""
    return PublicKeyCertificates(
        [
            PublicKeyCertificate(
                certificate=key.certificate.public_bytes(Encoding.DER),
                certificate_id=b64decode(key.certificate_id),
                public_key_id=key.public_key_id,
                valid_from=key.certificate.not_valid_before_utc,
                valid_to=key.certificate.not_valid_after_utc,
                usage=[key.usage],
            )
            for key in ask.ksef.keys.encryption.follow(ask.db).published(ask.now)
        ]
    )
