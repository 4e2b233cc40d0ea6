"""The Ministry's public keys. Rules: auth.md section 8."""

from __future__ import annotations

from pydantic import ConfigDict

from klucznik.wire.base import Base64Bytes, ListModel, Model, PublicKeyId, Timestamp, WireEnum
from klucznik.wire.endpoint import Endpoint, LimitGroup


class PublicKeyCertificateUsage(WireEnum):
    KsefTokenEncryption = "KsefTokenEncryption"
    SymmetricKeyEncryption = "SymmetricKeyEncryption"


class PublicKeyCertificate(Model):
    """`certificate` is DER, `certificate_id` its SHA-256, `public_key_id` the SHA-256 of its SPKI."""

    certificate: Base64Bytes
    certificate_id: Base64Bytes
    public_key_id: PublicKeyId
    valid_from: Timestamp
    valid_to: Timestamp
    usage: list[PublicKeyCertificateUsage]


class PublicKeyCertificates(ListModel[PublicKeyCertificate]):
    """The answer itself: a bare list, which has no name in the contract."""

    model_config = ConfigDict(json_schema_extra={"x-inline": True})


PUBLIC_KEYS = Endpoint(
    "GET",
    "/security/public-key-certificates",
    None,
    PublicKeyCertificates,
    200,
    limits=LimitGroup.anonymous,
    bearer="anonymous",
)
