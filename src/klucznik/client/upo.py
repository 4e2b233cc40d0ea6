"""Fetching UPO, by each route. Rules: upo.md sections 6 and 7."""

from __future__ import annotations

from klucznik.client.flow import Flow, ask, fetch
from klucznik.documents.upo import read
from klucznik.errors import KlucznikError, Refused
from klucznik.lang import tr
from klucznik.wire import sessions
from klucznik.wire.endpoint import Call, Xml
from klucznik.wire.ids import check_ksef_number


def by_ksef_number(session: str, ksef_number: str) -> Call[Xml]:
    """GET /sessions/{ref}/invoices/ksef/{n}/upo; the body's hash is checked by the client.

    Raises `Unreadable` for a mistyped number.
    """
    check_ksef_number(ksef_number)
    return by_given_number(session, ksef_number)


def by_given_number(session: str, ksef_number: str) -> Call[Xml]:
    """The same with a number that KSeF gave, which counts whatever its checksum."""
    return sessions.UPO_BY_KSEF_NUMBER(referenceNumber=session, ksefNumber=ksef_number)


def by_invoice(session: str, invoice_reference: str) -> Call[Xml]:
    """GET /sessions/{ref}/invoices/{invRef}/upo."""
    return sessions.UPO_BY_INVOICE(referenceNumber=session, invoiceReferenceNumber=invoice_reference)


def page(session: str, upo_reference: str) -> Call[Xml]:
    """GET /sessions/{ref}/upo/{upoRef}: one page of the session's UPO."""
    return sessions.UPO_PAGE(referenceNumber=session, upoReferenceNumber=upo_reference)


def of_session(session: str) -> Flow[list[bytes]]:
    """Every page of a session's UPO, in order; raises `Refused` while there is none."""
    status = yield from ask(sessions.STATUS(referenceNumber=session))
    if status.upo is None:
        words = f"{status.status.code} {status.status.description}"
        raise Refused(
            tr(f"Session {session} has no UPO: {words}.", f"Sesja {session} nie ma UPO: {words}."),
            status=200,
            code=status.status.code,
            hint=tr(
                "it comes with status 200, after the session is closed; invoices have their own earlier.",
                "powstaje przy stanie 200, po zamknięciu sesji; faktury mają własne wcześniej.",
            ),
            again="later" if status.status.code < 200 else "never",
        )
    pages: list[bytes] = []
    for listed in status.upo.pages:
        pages.append((yield from presigned_or(listed.download_url, page(session, listed.reference_number))))
    return pages


def presigned_or(url: str | None, otherwise: Call[Xml]) -> Flow[bytes]:
    """Prefer the pre-signed address (no rate limit); where it fails, or a company's firewall answers
    with a page of its own, take the call. Bytes, not verified; raises what the call raises."""
    if url:
        try:
            body = yield from fetch(url)
            read(body)
            return body
        except KlucznikError:
            pass  # whatever it was, the call below gives the answer or the error that counts
    return (yield from ask(otherwise))
