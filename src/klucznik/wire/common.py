"""Objects that several tags of the contract share. Rules: sessions.md sections 2, 3 and 8."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from klucznik.wire.base import Base64Bytes, Int32, Model, PublicKeyId, WireEnum


class StatusInfo(Model):
    code: Int32
    description: Annotated[str, Field(min_length=1)]
    details: list[str] | None = None


class FormCode(Model):
    """Which schema the documents follow, such as `FA (3)`, `1-0E`, `FA`; the blank is part of the code."""

    system_code: str
    schema_version: str
    value: str


class EncryptionInfo(Model):
    """The AES-256 key, wrapped for the Ministry by RSA-OAEP, and the 16 bytes of the CBC vector."""

    encrypted_symmetric_key: Base64Bytes
    initialization_vector: Base64Bytes
    public_key_id: PublicKeyId | None = None


class InvoicingMode(WireEnum):
    Online = "Online"
    Offline = "Offline"


class SortOrder(WireEnum):
    Asc = "Asc"
    Desc = "Desc"


class CompressionType(WireEnum):
    """How a package is packed: the whole archive first, encryption after it."""

    TarGz = "TarGz"
    Zip = "Zip"
