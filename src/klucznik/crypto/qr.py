"""The two codes on an invoice: KOD I leads to the invoice, KOD II says who issued it offline.

The links stand in `qr_links`, signing and verifying in `qr_sign`. Rule: qr-offline.md.
"""

from __future__ import annotations

from klucznik.crypto.qr_links import (
    QR_HOSTS,
    CertificateLink,
    ContextType,
    InvoiceLink,
    decode,
    digest_from_api,
    digest_of,
    digest_to_api,
    encode,
    invoice_link,
    read_link,
)
from klucznik.crypto.qr_sign import (
    CertificateReport,
    EcdsaEncoding,
    Finding,
    certificate_link,
    differences,
    is_signed_by,
    serial_of,
    sign,
    unsuitable,
    verify,
)

__all__ = [
    "QR_HOSTS",
    "CertificateLink",
    "CertificateReport",
    "ContextType",
    "EcdsaEncoding",
    "Finding",
    "InvoiceLink",
    "certificate_link",
    "decode",
    "differences",
    "digest_from_api",
    "digest_of",
    "digest_to_api",
    "encode",
    "invoice_link",
    "is_signed_by",
    "read_link",
    "serial_of",
    "sign",
    "unsuitable",
    "verify",
]
