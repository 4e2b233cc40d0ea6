"""Exports: asking for a package, its status. How it is made: `packing`. Rules: query-export.md section 4."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select

from klucznik.lang import both
from klucznik.server import links
from klucznik.server.access import Caller, Context
from klucznik.server.ask import Ask, answers
from klucznik.server.invoices import check_span
from klucznik.server.key_faults import require
from klucznik.server.opened import check_reference
from klucznik.server.tables import export_parts, exports, instant, stamp
from klucznik.wire import codes
from klucznik.wire import exports as wire
from klucznik.wire.common import CompressionType, StatusInfo
from klucznik.wire.exports import (
    ExportInvoicesResponse,
    InvoiceExportRequest,
    InvoiceExportStatusResponse,
    InvoicePackage,
    InvoicePackagePart,
)
from klucznik.wire.ids import make_reference
from klucznik.wire.invoices import InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType
from klucznik.wire.problems import Gone, Problem
from klucznik.wire.security import PublicKeyCertificateUsage

#: Exports of one subject in one context that may be in work at a time.
MOST_AT_ONCE: Final = 10
#: The status can be asked for so long; then it is 410.
STATUS_LIFE: Final = timedelta(days=7)
#: Not published: how long a package can be fetched; and an address of one of its parts (the sample's hour).
PACKAGE_LIFE: Final = timedelta(days=3)
LINK_LIFE: Final = timedelta(hours=1)
_IV_BYTES: Final = 16

#: Roles in which a context of this type can stand on an invoice at all.
_ROLES: Final = {
    "Nip": frozenset(InvoiceQuerySubjectType),
    "InternalId": frozenset({InvoiceQuerySubjectType.Subject3}),
    "NipVatUe": frozenset({InvoiceQuerySubjectType.Subject2}),
}


@answers(wire.START)
def start(ask: Ask[InvoiceExportRequest]) -> ExportInvoicesResponse:
    """POST /invoices/exports."""
    body, caller, encryption = ask.body, ask.caller, ask.body.encryption
    # (1) A vector of 16 bytes and a range that makes sense.
    if (length := len(encryption.initialization_vector)) != _IV_BYTES:
        sentence = codes.BAD_IV_LENGTH.format(length=length)
        why = both(f"the vector has {length} bytes, not 16", f"wektor ma {length} bajtów zamiast 16")
        raise Problem(codes.INVALID_INPUT, [sentence], why=why)
    check_span(body.filters.date_range, ask.now)
    # (2) A key of ours, for this usage.
    key_id = encryption.public_key_id
    require(ask.ksef, ask.db, PublicKeyCertificateUsage.SymmetricKeyEncryption, key_id)
    # (3) A role in which this context can stand.
    _check_role(caller.context, body.filters)
    # (4) Not too many at once.
    running = select(func.count()).select_from(exports).where(exports.c.status == 100, *_own(caller))
    if ask.db.execute(running).scalar_one() >= MOST_AT_ONCE:
        text = codes.EXPORT_LIMIT_REACHED.format(count=MOST_AT_ONCE)
        why = both(
            f"{MOST_AT_ONCE} exports of this subject are in work in this context; wait for one to end",
            f"w tym kontekście trwa {MOST_AT_ONCE} eksportów tego podmiotu; poczekaj na koniec jednego",
        )
        raise Problem(codes.TOO_MANY_EXPORTS, [text], why=why)
    # (5) 201 even for a key that does not open and for a range beyond the mark: the status tells.
    ref = make_reference("EH", ask.now, ask.ksef.random(5))
    ask.db.execute(
        insert(exports).values(
            ref=ref,
            created=stamp(ask.now),
            context_type=caller.context.type,
            context_value=caller.context.value,
            subject_type=caller.subject_type,
            subject_value=caller.subject_value,
            status=100,
            filters=body.filters.json_bytes().decode(),
            only_metadata=body.only_metadata,
            compression=(body.compression_type or CompressionType.Zip).value,
            wrapped_key=encryption.encrypted_symmetric_key,
            iv=encryption.initialization_vector,
            public_key_id=key_id,
        )
    )
    ask.ksef.work.wake("exports")
    return ExportInvoicesResponse(reference_number=ref)


def _check_role(context: Context, filters: InvoiceQueryFilters) -> None:
    role = filters.subject_type
    if role in _ROLES.get(context.type, ()):
        return
    text = codes.EXPORT_NOT_FOR_CONTEXT.format(subject_type=role.value, type=context.type)
    why = both(
        f"a context of type {context.type} never stands on an invoice as {role.value}",
        f"kontekst typu {context.type} nigdy nie występuje na fakturze jako {role.value}",
    )
    raise Problem(codes.BAD_EXPORT, [text], why=why)


def _own(caller: Caller) -> tuple[Any, ...]:
    """Exports that the caller's subject started in this context; nothing is told of any other."""
    return (
        exports.c.context_type == caller.context.type,
        exports.c.context_value == caller.context.value,
        exports.c.subject_type == caller.subject_type,
        exports.c.subject_value == caller.subject_value,
    )


@answers(wire.STATUS)
def status(ask: Ask[None]) -> InvoiceExportStatusResponse:
    """GET /invoices/exports/{referenceNumber}."""
    ref = check_reference(ask.path["referenceNumber"])
    row = ask.db.execute(select(exports).where(exports.c.ref == ref, *_own(ask.caller))).first()
    # (1) One's own, of the last seven days.
    if row is None:
        raise Problem(
            codes.NO_EXPORT,
            why=both(
                "no such export was started by this subject in this context",
                "ten podmiot nie zlecił w tym kontekście takiego eksportu",
            ),
        )
    if instant(row.created) + STATUS_LIFE <= ask.now:
        raise Gone(both("the export is more than seven days old", "eksport ma ponad siedem dni"))
    # (2) A package that has run out is gone, whether it is cleared away yet or not.
    expired = row.status == 200 and row.package_until <= stamp(ask.now)
    code = 210 if expired else row.status
    return InvoiceExportStatusResponse(
        status=StatusInfo(
            code=code,
            description=codes.EXPORT_STATUS[code],
            details=json.loads(row.details) if row.details else None,
        ),
        completed_date=instant(row.completed) if row.completed is not None else None,
        package_expiration_date=instant(row.package_until) if row.package_until is not None else None,
        package=_package(ask, row) if code == 200 else None,
    )


def _package(ask: Ask[None], row: Any) -> InvoicePackage:
    parts = ask.db.execute(
        # All but the content.
        select(*(column for column in export_parts.c if column.name != "content"))
        .where(export_parts.c.export_ref == row.ref)
        .order_by(export_parts.c.ordinal)
    ).all()
    until = min(ask.now + LINK_LIFE, instant(row.package_until))
    kind = InvoiceQueryFilters.parse(row.filters).date_range.date_type
    last = row.last_date if row.truncated else None
    by_day = kind == InvoiceQueryDateType.Issue
    moment = instant(int(last)) if last and not by_day else None
    return InvoicePackage(
        invoice_count=row.invoice_count,
        size=row.size,
        parts=[_part(ask, row, part, until) for part in parts],
        is_truncated=row.truncated,
        last_issue_date=date.fromisoformat(last) if last and by_day else None,
        last_invoicing_date=moment if kind == InvoiceQueryDateType.Invoicing else None,
        last_permanent_storage_date=moment if kind == InvoiceQueryDateType.PermanentStorage else None,
        permanent_storage_hwm_date=instant(row.hwm) if row.hwm is not None else None,
        compression_type=CompressionType(row.compression),
    )


def _part(ask: Ask[None], row: Any, part: Any, until: Any) -> InvoicePackagePart:
    ending = "zip" if row.compression == "Zip" else "tar.gz"
    name = f"{row.ref}-{part.ordinal:03d}.{ending}.aes"
    return InvoicePackagePart(
        ordinal_number=part.ordinal,
        part_name=name,
        method="GET",
        url=links.export_part(ask.ksef, ask.origin, row.ref, name, until),
        part_size=part.plain_size,
        part_hash=part.plain_hash,
        encrypted_part_size=part.size,
        encrypted_part_hash=part.hash,
        expiration_date=until,
    )
