"""Packages there and back, by ksef-client: batch sessions in Zip and TarGz, exports in both."""

import base64
import hashlib
import io
import json

from ksef_client import models as m
from ksef_client.services import BatchSessionWorkflow, ExportWorkflow, build_encryption_data
from ksef_client.utils import build_tar_gz, build_zip
from telling import tell, until

FA3 = m.FormCode(schema_version="1-0E", system_code="FA (3)", value="FA")


def packages(walk):
    """A Zip with a good and a faulty invoice, a TarGz with a new one, a TarGz with an old one."""
    other, faulty, packed = (walk.invoices[name] for name in ("other", "faulty", "packed"))
    for name, kind, archive in (
        ("Zip", "Zip", build_zip({"other.xml": other, "faulty.xml": faulty})),
        ("TarGz", "TarGz", build_tar_gz({"packed.xml": packed})),
        ("again", "TarGz", build_tar_gz({"other.xml": other})),
    ):
        session = BatchSessionWorkflow(walk.client.sessions, walk.client.http_client).open_session(
            form_code=FA3,
            archive_bytes=archive,
            compression_type=kind,
            public_certificate=walk.symmetric_key(),
            access_token=walk.by_token.access_token,
        )
        session.upload_parts()
        session.close()
        status = until(session.get_status, lambda answer: answer.status.code >= 200)
        listed = session.list_invoices(page_size=10).invoices
        pages = status.upo.pages if status.upo else []
        receipts = [session.get_upo(page.reference_number) for page in pages]
        tell(
            "package",
            name=name,
            code=status.status.code,
            counts=[status.invoice_count, status.successful_invoice_count, status.failed_invoice_count],
            files={one.invoice_file_name: one.status.code for one in listed},
            numbers=[one.ksef_number for one in listed if one.ksef_number],
            receipts=[number for xml in receipts for number in numbers_in(xml)],
        )


def numbers_in(receipt):
    """The KSeF numbers a receipt confirms, however this client hands it over."""
    text = receipt if isinstance(receipt, str) else receipt.decode("utf-8")
    return [part.partition("<")[0] for part in text.split("<NumerKSeFDokumentu>")[1:]]


def exported(walk):
    """All that the buyer received, in a Zip and in a TarGz, decrypted and unpacked."""
    for kind in ("Zip", "TarGz"):
        encryption = build_encryption_data(walk.symmetric_key())
        asked = walk.client.invoices.export_invoices(
            m.InvoiceExportRequest(
                encryption=encryption.encryption_info,
                filters=m.InvoiceQueryFilters(
                    subject_type=m.InvoiceQuerySubjectType.SUBJECT2,
                    date_range=m.InvoiceQueryDateRange(
                        date_type=m.InvoiceQueryDateType.PERMANENTSTORAGE, from_=walk.order["from"]
                    ),
                ),
                compression_type=m.CompressionType(kind),
            ),
            access_token=walk.buyer_access,
        )
        status = until(
            lambda asked=asked: walk.client.invoices.get_export_status(
                asked.reference_number, access_token=walk.buyer_access
            ),
            lambda answer: answer.status.code != 100,
        )
        # It compares each part with the hash its answer carries, and refuses an answer without.
        unpacked = ExportWorkflow(
            walk.client.invoices, walk.client.http_client, require_export_part_hash=True
        ).download_and_process_package(status.package, encryption)
        metadata = json.load(io.BytesIO(unpacked.metadata_raw))
        tell(
            "export",
            kind=kind,
            count=status.package.invoice_count,
            truncated=status.package.is_truncated,
            hashes={
                name.removesuffix(".xml"): hash_of(xml.encode("utf-8"))
                for name, xml in unpacked.invoice_xml_files.items()
            },
            metadata={one["ksefNumber"]: one["invoiceHash"] for one in metadata["invoices"]},
        )


def hash_of(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
