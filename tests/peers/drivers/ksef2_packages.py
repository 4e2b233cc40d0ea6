"""Packages there and back, by ksef2: batch sessions in Zip and TarGz, exports in both."""

import base64
import hashlib
import io
import tarfile
from datetime import datetime

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from ksef2 import KSeFSessionFailedError
from ksef2.models import (
    BatchEncryptionData,
    BatchFileInfo,
    BatchFilePart,
    BatchInvoice,
    BatchPreparedPart,
    InvoicesFilter,
    PreparedBatch,
)
from telling import tell

PACE = {"timeout": 30.0, "poll_interval": 0.01}


def packages(walk):
    """A Zip with a good and a faulty invoice, a TarGz with a new one, a TarGz with an old one."""
    other, faulty, packed = (walk.invoices[name] for name in ("other", "faulty", "packed"))
    files = [
        BatchInvoice(file_name="other.xml", content=other),
        BatchInvoice(file_name="faulty.xml", content=faulty),
    ]
    for name, prepared in (
        ("Zip", walk.by_token.batch.prepare(files)),
        ("TarGz", tar_gz(walk, "packed.xml", packed)),
        ("again", tar_gz(walk, "other.xml", other)),
    ):
        session = walk.by_token.batch.submit(prepared)
        try:
            status = session.wait(**PACE)
            receipts = session.download_upo()
        except KSeFSessionFailedError as failed:
            status, receipts = failed.status, []
        listed = session.list_invoices().invoices
        tell(
            "package",
            name=name,
            code=status.status.code,
            counts=[status.invoice_count, status.successful_invoice_count, status.failed_invoice_count],
            files={one.invoice_file_name: one.status.code for one in listed},
            numbers=[one.ksef_number for one in listed if one.ksef_number],
            receipts=[number for xml in receipts for number in numbers_in(xml)],
        )


def tar_gz(walk, name, content):
    """It packs Zips only; it opens, uploads and closes what its caller packed and encrypted."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    plain = buffer.getvalue()
    key, iv, wrapped = walk.by_token.get_encryption_key()
    padder, cipher = PKCS7(128).padder(), Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    secret = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    facts = {"ordinal_number": 1, "file_size": len(secret), "file_hash": hash_of(secret)}
    return PreparedBatch(
        batch_file=BatchFileInfo(
            file_size=len(plain),
            file_hash=hash_of(plain),
            compression_type="tar_gz",
            parts=[BatchFilePart(**facts)],
        ),
        parts=[BatchPreparedPart(content=secret, **facts)],
        encryption=BatchEncryptionData.from_bytes(aes_key=key, iv=iv, encrypted_key=wrapped),
        invoices=[],
    )


def exported(walk):
    """All that the buyer received, in a Zip and in a TarGz, decrypted and unpacked."""
    filters = InvoicesFilter.for_buyer(
        date_from=datetime.fromisoformat(walk.order["from"]), date_type="permanent_storage"
    )
    for kind in ("Zip", "TarGz"):
        done = walk.buyer_client.invoices.export(filters, compression_type=kind).wait(**PACE)
        tell(
            "export",
            kind=kind,
            count=done.package.invoice_count,
            truncated=done.package.is_truncated,
            hashes={number: hash_of(xml) for number, xml in done.invoices()},
            metadata={one.ksef_number: one.invoice_hash for one in done.metadata},
        )


def numbers_in(receipt):
    return [part.partition("<")[0] for part in receipt.decode("utf-8").split("<NumerKSeFDokumentu>")[1:]]


def hash_of(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
