"""POST /sessions/online/{referenceNumber}/invoices. Rules: invoice-verification.md section 1, sessions.md 5.

What the document alone decides (decryption, hash, XML, facts) is found before the transaction and
stored with the row as its provisional verdict; `verification` settles it. The row, its bytes and the
session's counter are one transaction: an acknowledged invoice is on disk.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from klucznik.crypto.envelope import sha256_base64
from klucznik.lang import both, in_language
from klucznik.server.ask import Ask, answers
from klucznik.server.examine import Examined, Sizes, examine
from klucznik.server.opened import OpenSession, admit_writer, by_ref, check_reference, no_session
from klucznik.server.overrides import limits_of
from klucznik.server.prepared import Prepared, together
from klucznik.server.tables import instant, invoice_bytes, invoice_parties, invoices, sessions, stamp
from klucznik.wire import codes
from klucznik.wire import sessions as wire
from klucznik.wire.ids import make_reference
from klucznik.wire.problems import Problem
from klucznik.wire.sessions import SendInvoiceRequest, SendInvoiceResponse

#: From this size on the work on a document is done beside the loop: others are served meanwhile.
_BIG = 64 * 1024
_CLOSED = both("closed", "zamknięta")


@dataclass(slots=True)
class Received:
    """What is known of an invoice before the database is asked: a refusal, or an examined document."""

    problem: Problem | None
    examined: Examined | None
    #: Invoices that a session of the context may hold.
    most: int


async def receive(ask: Ask[SendInvoiceRequest]) -> Received:
    """Who sends, and what. Raises 21405, 21173 and 403; other refusals wait for the session's state."""
    ref = check_reference(ask.path["referenceNumber"])
    session = ask.ksef.opened.find(ask.ksef, ref)
    if session is None or session.kind != "Online":
        raise no_session(ref, codes.ONLINE_SESSION_NOT_FOUND)
    admit_writer(ask.caller, session)
    limits = ask.ksef.store.look(lambda db: limits_of(db, session.context)).online_session
    if len(ask.body.encrypted_invoice_content) >= _BIG:
        found = await asyncio.to_thread(_judge, ask, session, Sizes.of(limits))
    else:
        found = _judge(ask, session, Sizes.of(limits))
    problem, examined = (found, None) if isinstance(found, Problem) else (None, found)
    return Received(problem, examined, limits.max_invoices)


def _judge(ask: Ask[SendInvoiceRequest], session: OpenSession, sizes: Sizes) -> Problem | Examined:
    body = ask.body
    content = body.encrypted_invoice_content
    # The encrypted bytes against their declaration.
    if len(content) != body.encrypted_invoice_size:
        why = both(
            f"the content has {len(content)} bytes, encryptedInvoiceSize says {body.encrypted_invoice_size}",
            f"treść ma {len(content)} bajtów, a encryptedInvoiceSize podaje {body.encrypted_invoice_size}",
        )
        return Problem(codes.WRONG_FILE_SIZE, [codes.LENGTH_DIFFERS], why=why)
    if sha256_base64(content) != body.encrypted_invoice_hash:
        why = both(
            "the SHA-256 of the content is not encryptedInvoiceHash",
            "SHA-256 treści to nie encryptedInvoiceHash",
        )
        return Problem(codes.WRONG_FILE_HASH, [codes.HASH_DIFFERS], why=why)
    if body.hash_of_corrected_invoice and not body.offline_mode:
        why = both(
            "a technical correction is always an offline invoice",
            "korekta techniczna to zawsze faktura offline",
        )
        return Problem(codes.INVALID_INPUT, [codes.CORRECTION_ONLY_OFFLINE], why=why)
    return examine(ask.ksef.profile, session, body, ask.caller.permissions, ask.now, sizes)


_TAKE = Prepared(
    update(sessions)
    .where(
        sessions.c.ref == bindparam("session"),
        sessions.c.status == 100,
        sessions.c.valid_until > bindparam("now"),
        sessions.c.sent < bindparam("most"),
    )
    .values(sent=sessions.c.sent + 1)
    .returning(sessions.c.sent, sessions.c.schema_version, sessions.c.form_value)
)
_CORRECTED = Prepared(
    select(invoices.c.invoice_hash)
    .where(
        or_(
            invoices.c.invoice_hash == bindparam("corrected"),
            invoices.c.corrected_hash == bindparam("corrected"),
        ),
        invoices.c.ksef_number.is_not(None),
    )
    .limit(1)
)
_KEEP = Prepared(insert(invoices), [column.name for column in invoices.c])
_KEEP_BYTES = Prepared(insert(invoice_bytes), ["invoice_ref", "xml"])
_KEEP_PARTY = Prepared(insert(invoice_parties), ["invoice_ref", "role", "id_type", "id_value"])


@answers(wire.SEND, prepare=receive)
def send(ask: Ask[SendInvoiceRequest]) -> SendInvoiceResponse:
    """Take an invoice in. The order of the refusals is that of invoice-verification.md section 1."""
    db, body, received = ask.db, ask.body, ask.prepared
    session_ref = ask.path["referenceNumber"]
    # (1) The session is open and not full. The count is the ordinal: dense, and unique by index.
    taken = _TAKE.one(db, session=session_ref, now=stamp(ask.now), most=received.most)
    if taken is None:
        raise _closed_or_full(ask, session_ref, received.most)
    # (2) Encrypted size and hash, and what a technical correction demands of the request.
    if received.problem:
        raise received.problem
    # (3) What it corrects has not been accepted, neither as it was nor corrected.
    if corrected := body.hash_of_corrected_invoice:
        found = _CORRECTED.one(db, corrected=corrected)
        if found and found.invoice_hash == corrected:
            why = both(
                "hashOfCorrectedInvoice is that of an accepted invoice; only a refused one is corrected so",
                "hashOfCorrectedInvoice to skrót przyjętej faktury; tak poprawia się tylko odrzuconą",
            )
            raise Problem(codes.STATUS_FORBIDS_CORRECTION, [codes.ACCEPTED_ALREADY], why=why)
        if found:
            why = both(
                "a technical correction of that document has been accepted",
                "korekta techniczna tego dokumentu została już przyjęta",
            )
            raise Problem(codes.NO_CORRECTION, [codes.CORRECTED_ALREADY], why=why)
    # (4) Keep it. From here on it has a number, and a verdict will come.
    ref = make_reference("EE", ask.now, ask.ksef.random(5))
    _keep(ask, ref, session_ref, taken, received.examined)
    ask.ksef.work.wake("verification")
    return SendInvoiceResponse(reference_number=ref)


def _closed_or_full(ask: Ask[Any], session_ref: str, most: int) -> Problem:
    row = by_ref(ask.db, session_ref)
    status = 170 if row.status == 100 and row.valid_until <= stamp(ask.now) else row.status
    if status != 100:
        since = instant(row.updated).isoformat()
        return Problem(
            codes.STATUS_FORBIDS,
            [codes.STATUS_FORBIDS_SENDING.format(code=status)],
            why=both(
                f"the session is {status} since {since}: {in_language(row.why or _CLOSED, 'en')}",
                f"sesja ma status {status} od {since}: {in_language(row.why or _CLOSED, 'pl')}",
            ),
        )
    why = both(
        f"the context may send {most} invoices in one session; open another",
        f"kontekst może wysłać {most} faktur w jednej sesji; otwórz kolejną",
    )
    details = [codes.INVOICE_LIMIT_REACHED.format(ref=session_ref, limit=most)]
    return Problem(codes.TOO_MANY_INVOICES, details, why=why)


#: Columns that a document without facts leaves empty.
_NO_FACTS = dict.fromkeys(
    [
        "seller_nip",
        "seller_name",
        "buyer_type",
        "buyer_value",
        "buyer_name",
        "number",
        "kind",
        "issued",
        "currency",
        "net",
        "vat",
        "gross",
        "self_invoicing",
        "attachment",
        "thirds",
        "authorized",
    ]
)
#: Columns that verification fills.
_NOT_YET = dict.fromkeys(["extensions", "acquired", "stored", "mode", "ksef_number"])


def _keep(ask: Ask[SendInvoiceRequest], ref: str, session_ref: str, taken: Any, examined: Examined) -> None:
    body, context = ask.body, ask.caller.context
    keep(
        ask.db,
        examined,
        ref=ref,
        session_ref=session_ref,
        ordinal=taken.sent,
        invoice_hash=body.invoice_hash,
        corrected_hash=body.hash_of_corrected_invoice,
        file_name=None,
        offline=body.offline_mode,
        invoicing=stamp(ask.now),
        context_type=context.type,
        context_value=context.value,
        schema_version=taken.schema_version,
        form_value=taken.form_value,
    )


def keep(db: Connection, examined: Examined, **row: Any) -> None:
    """Store an examined document with its provisional verdict; `row`: the columns that only its way in
    knows (`ref`, `session_ref`, `ordinal`, …)."""
    keep_all(db, [(examined, row)])


def keep_all(db: Connection, documents: Sequence[tuple[Examined, dict[str, Any]]]) -> None:
    """The same for many at once."""
    with together(db):
        _KEEP.many(db, [_row(examined, row) for examined, row in documents])
        _KEEP_BYTES.many(
            db,
            [
                {"invoice_ref": row["ref"], "xml": examined.xml}
                for examined, row in documents
                if examined.xml is not None
            ],
        )
        _KEEP_PARTY.many(
            db,
            [
                {"invoice_ref": row["ref"], **party}
                for examined, row in documents
                if examined.facts
                for party in _parties(examined)
            ],
        )


def _row(examined: Examined, row: dict[str, Any]) -> dict[str, Any]:
    return {
        **_NOT_YET,
        **(_fact_columns(examined) if examined.facts else _NO_FACTS),
        **row,
        "status": 100,
        "verdict": examined.verdict,
        "relation": examined.relation,
        "details": json.dumps(examined.details, ensure_ascii=False) if examined.details else None,
        "why": examined.why or None,
        "system_code": examined.system_code,
    }


def _fact_columns(examined: Examined) -> dict[str, Any]:
    facts = examined.facts
    assert facts is not None
    authorized = facts.authorized_subject
    thirds = [
        {
            "type": third.identifier.type,
            "value": third.identifier.value,
            "name": third.name,
            "role": third.role,
        }
        for third in facts.third_subjects
    ]
    return {
        "seller_nip": facts.seller_nip,
        "seller_name": facts.seller_name,
        "buyer_type": facts.buyer.type,
        "buyer_value": facts.buyer.value,
        "buyer_name": facts.buyer_name,
        "number": facts.invoice_number,
        "kind": facts.kind,
        "issued": facts.issue_date.isoformat(),
        "currency": facts.currency,
        "net": str(facts.net),
        "vat": str(facts.vat),
        "gross": str(facts.gross),
        "self_invoicing": facts.self_invoicing,
        "attachment": facts.has_attachment,
        "thirds": json.dumps(thirds, ensure_ascii=False) if thirds else None,
        "authorized": json.dumps(
            {"nip": authorized.nip, "name": authorized.name, "role": authorized.role}, ensure_ascii=False
        )
        if authorized
        else None,
    }


def _parties(examined: Examined) -> list[dict[str, str]]:
    """Who else may see it: Podmiot3 and PodmiotUpowazniony, each identifier once per role."""
    facts = examined.facts
    assert facts is not None
    found = {
        ("Subject3", third.identifier.type, third.identifier.value)
        for third in facts.third_subjects
        if third.identifier.value is not None
    }
    if facts.authorized_subject:
        found.add(("SubjectAuthorized", "Nip", facts.authorized_subject.nip))
    return [{"role": role, "id_type": kind, "id_value": value} for role, kind, value in sorted(found)]
