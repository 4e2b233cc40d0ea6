"""Sessions, call by call: open, send, close, list, read. Rules: sessions.md sections 2, 5, 8 and 9.

The flows that put them together are `sending.send_and_wait` (online) and `batch.send`; those below look
through sessions that are there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from klucznik.client.flow import Flow, Pace, all_pages, ask, poll
from klucznik.crypto import envelope
from klucznik.secret import Secret
from klucznik.wire import sessions
from klucznik.wire.common import EncryptionInfo, FormCode
from klucznik.wire.endpoint import Call, Nothing
from klucznik.wire.sessions import (
    BatchFileInfo,
    CommonSessionStatus,
    OpenBatchSessionRequest,
    OpenBatchSessionResponse,
    OpenOnlineSessionRequest,
    OpenOnlineSessionResponse,
    SendInvoiceRequest,
    SendInvoiceResponse,
    SessionInvoicesQuery,
    SessionInvoicesResponse,
    SessionInvoiceStatusResponse,
    SessionsQuery,
    SessionsQueryResponse,
    SessionsQueryResponseItem,
    SessionStatusResponse,
    SessionType,
)

#: A session is decided in seconds; a batch of ten thousand invoices takes minutes.
PACE = Pace(first=1.0, growth=1.5, longest=10.0, total=1800.0)


@dataclass(frozen=True)
class OnlineSession:
    """An open session: its number and the AES key of everything sent in it."""

    reference: str
    key: Secret
    iv: bytes


def open_online(
    form: FormCode, key: Secret, iv: bytes, sealed_key: bytes, public_key_id: str | None
) -> Call[OpenOnlineSessionResponse]:
    """POST /sessions/online; `sealed_key` is `key` wrapped for KSeF."""
    return sessions.OPEN_ONLINE(
        OpenOnlineSessionRequest(
            form_code=form,
            encryption=EncryptionInfo(
                encrypted_symmetric_key=sealed_key, initialization_vector=iv, public_key_id=public_key_id
            ),
        )
    )


def open_batch(
    form: FormCode,
    file: BatchFileInfo,
    sealed_key: bytes,
    iv: bytes,
    public_key_id: str | None,
    *,
    offline: bool = False,
) -> Call[OpenBatchSessionResponse]:
    """POST /sessions/batch; `sealed_key` is the AES key of all parts, wrapped for KSeF."""
    return sessions.OPEN_BATCH(
        OpenBatchSessionRequest(
            form_code=form,
            batch_file=file,
            encryption=EncryptionInfo(
                encrypted_symmetric_key=sealed_key, initialization_vector=iv, public_key_id=public_key_id
            ),
            offline_mode=offline,
        )
    )


def close_batch(session: str) -> Call[Nothing]:
    """POST /sessions/batch/{ref}/close."""
    return sessions.CLOSE_BATCH(referenceNumber=session)


def send(
    session: OnlineSession, content: bytes, *, offline: bool = False, corrects: str | None = None
) -> Call[SendInvoiceResponse]:
    """POST /sessions/online/{ref}/invoices. `corrects`: hash of the invoice of a technical correction."""
    sealed = envelope.aes_encrypt(content, session.key, session.iv)
    return sessions.SEND(
        SendInvoiceRequest(
            invoice_hash=envelope.sha256_base64(content),
            invoice_size=len(content),
            encrypted_invoice_hash=envelope.sha256_base64(sealed),
            encrypted_invoice_size=len(sealed),
            encrypted_invoice_content=sealed,
            offline_mode=offline,
            hash_of_corrected_invoice=corrects,
        ),
        referenceNumber=session.reference,
    )


def close(session: str) -> Call[Nothing]:
    """POST /sessions/online/{ref}/close."""
    return sessions.CLOSE_ONLINE(referenceNumber=session)


def status(session: str) -> Call[SessionStatusResponse]:
    """GET /sessions/{ref}."""
    return sessions.STATUS(referenceNumber=session)


def invoice(session: str, reference: str) -> Call[SessionInvoiceStatusResponse]:
    """GET /sessions/{ref}/invoices/{invRef}."""
    return sessions.INVOICE(referenceNumber=session, invoiceReferenceNumber=reference)


def invoices(session: str, continuation_token: str | None = None) -> Call[SessionInvoicesResponse]:
    """GET /sessions/{ref}/invoices, one page of up to 1000."""
    query = SessionInvoicesQuery(page_size=1000, continuation_token=continuation_token)
    return sessions.INVOICES(query=query, referenceNumber=session)


def failed(session: str, continuation_token: str | None = None) -> Call[SessionInvoicesResponse]:
    """GET /sessions/{ref}/invoices/failed, one page of up to 1000: those that KSeF refused."""
    query = SessionInvoicesQuery(page_size=1000, continuation_token=continuation_token)
    return sessions.FAILED(query=query, referenceNumber=session)


def query(
    kind: SessionType | str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    statuses: Iterable[CommonSessionStatus | str] = (),
    reference: str | None = None,
    page_size: int = 100,
    continuation_token: str | None = None,
) -> Call[SessionsQueryResponse]:
    """GET /sessions, one page, newest first; `since` and `until` are those of its opening."""
    parameters = SessionsQuery(
        session_type=SessionType(kind),
        reference_number=reference,
        date_created_from=since,
        date_created_to=until,
        statuses=[CommonSessionStatus(each) for each in statuses] or None,
        page_size=page_size,
        continuation_token=continuation_token,
    )
    return sessions.LIST(query=parameters)


def query_all(
    kind: SessionType | str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    statuses: Iterable[CommonSessionStatus | str] = (),
) -> Flow[list[SessionsQueryResponseItem]]:
    """Every session of that kind that the caller may see."""
    wanted = list(statuses)
    pages = yield from all_pages(
        lambda token: query(
            kind, since=since, until=until, statuses=wanted, page_size=1000, continuation_token=token
        )
    )
    return [item for page in pages for item in page.sessions]


def all_invoices(session: str, *, only_failed: bool = False) -> Flow[list[SessionInvoiceStatusResponse]]:
    """Every invoice of a session in the order of sending, or those that were refused."""
    page = failed if only_failed else invoices
    pages = yield from all_pages(lambda token: page(session, token))
    return [item for found in pages for item in found.invoices]


def close_and_wait(session: str, *, is_batch: bool, pace: Pace = PACE) -> Flow[SessionStatusResponse]:
    """Close a session and wait until it is decided; raises `Refused` where it cannot be closed."""
    yield from ask(close_batch(session) if is_batch else close(session))
    return (yield from poll(status(session), lambda answer: answer.status.code >= 200, pace))
