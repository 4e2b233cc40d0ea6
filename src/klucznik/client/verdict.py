"""What KSeF's status of a sent invoice means. Rules: invoice-verification.md section 2, upo.md
section 7, reliability.md section D (440)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from klucznik.client.flow import Flow, Pace, Pause, ask
from klucznik.client.journal import Entry
from klucznik.client.numbers import heed
from klucznik.client.upo import by_given_number, presigned_or
from klucznik.crypto.envelope import sha256_base64
from klucznik.documents import upo as receipts
from klucznik.errors import KlucznikError, Refused, Unreadable
from klucznik.lang import tr
from klucznik.wire import invoices
from klucznik.wire.ids import is_ksef_number
from klucznik.wire.sessions import SessionInvoiceStatusResponse

ACCEPTED, DUPLICATE = 200, 440
#: Not the document's fault: its session failed (405), KSeF failed (500) or gave up (550).
SEND_AGAIN = frozenset({405, 500, 550})

Comparison: TypeAlias = Literal["same", "other", "unknown"]
_NO_UPO = 21178

#: A receipt follows its number within moments.
UPO_PACE = Pace(first=1.0, growth=2.0, longest=4.0, total=7.0)


def judge(entry: Entry, item: SessionInvoiceStatusResponse) -> Flow[tuple[Entry | None, bytes | None]]:
    """The entry settled, and the UPO if there is one.

    `None` as entry: send the same bytes again (KSeF or the session failed: should it have been
    accepted all the same, 440 and the comparison will tell). An entry that is not settled: the
    status is not final.
    """
    seen = entry.to(entry.stage, reference=item.reference_number, code=item.status.code)
    match item.status.code:
        case code if code < ACCEPTED:
            return entry, None
        case code if code == ACCEPTED:
            return (yield from _accepted(seen, item))
        case code if code == DUPLICATE:
            return (yield from _duplicate(seen, item))
        case code if code in SEND_AGAIN:
            return None, None
    return seen.to("settled", outcome="refused", words=_words(item)), None


def _words(item: SessionInvoiceStatusResponse) -> tuple[str, ...]:
    return (item.status.description, *(item.status.details or ()))


def _accepted(entry: Entry, item: SessionInvoiceStatusResponse) -> Flow[tuple[Entry, bytes | None]]:
    number = item.ksef_number
    if number is None:
        raise Unreadable(
            tr(
                f"Invoice {entry.reference}: status 200 without a KSeF number.",
                f"Faktura {entry.reference}: status 200 bez numeru KSeF.",
            )
        )
    settled = entry.to("settled", outcome="accepted", ksef_number=heed(number))
    upo = yield from _receipt(entry.session, number, item.upo_download_url)
    compared = compare(upo, number, entry.hash) if upo is not None else "unknown"
    if compared == "other":
        words = tr("the UPO is for other bytes than those sent", "UPO dotyczy innych bajtów niż wysłane")
        return settled.to("settled", outcome="conflict", words=(words,)), upo
    return settled, upo if compared == "same" else None  # what is no receipt is none yet


def _receipt(session: str, number: str, url: str | None) -> Flow[bytes | None]:
    """The UPO, waited for a few seconds; None if it is still pending then."""
    for seconds in UPO_PACE.pauses():
        try:
            return (yield from presigned_or(url, by_given_number(session, number)))
        except KlucznikError as error:
            if error.again != "later" and not (isinstance(error, Refused) and error.code == _NO_UPO):
                return None
        yield Pause(seconds)
    return None


def _duplicate(entry: Entry, item: SessionInvoiceStatusResponse) -> Flow[tuple[Entry, bytes | None]]:
    """440: our own bytes earlier, or another document under the same seller, type and number?

    The original's UPO tells (who may write), or the original itself (who may read). Neither to be
    had: a conflict, for a person to decide; never taken for accepted.
    """
    extensions = item.status.extensions or {}
    number = extensions.get("originalKsefNumber") or ""
    session = extensions.get("originalSessionReferenceNumber") or ""
    settled = entry.to("settled", outcome="conflict", ksef_number=number, words=_words(item))
    # An extension is free text: only what can be a number is asked for, and names a file.
    if not is_ksef_number(number):
        return settled, None
    heed(number)
    upo: bytes | None = None
    compared: Comparison = "unknown"
    for seconds in UPO_PACE.pauses():
        compared, upo, may_come = yield from _against_original(session, number, entry.hash)
        if compared != "unknown" or not may_come:
            break
        yield Pause(seconds)
    if compared == "same":
        return settled.to("settled", outcome="accepted-earlier", session=session or entry.session), upo
    why = {
        "other": tr("the original has other contents", "oryginał ma inną treść"),
        "unknown": tr("the original cannot be read from here", "oryginału nie można stąd odczytać"),
    }[compared]
    return settled.to("settled", words=(*settled.words, why)), None


def _against_original(
    session: str, number: str, document_hash: str
) -> Flow[tuple[Comparison, bytes | None, bool]]:
    """The comparison, the original's UPO, and whether asking again may bring what is missing now."""
    may_come = False
    if session:
        try:
            upo = yield from ask(by_given_number(session, number))
            if (compared := compare(upo, number, document_hash)) != "unknown":
                return compared, upo, False
        except Refused as error:  # often somebody else's session: the document itself may be readable
            may_come = error.code == _NO_UPO
    try:
        original = yield from ask(invoices.DOWNLOAD(ksefNumber=number))
    except Refused as error:
        return "unknown", None, may_come or error.again == "later"
    return ("same" if sha256_base64(original) == document_hash else "other"), None, False


def compare(upo: bytes, number: str, document_hash: str) -> Comparison:
    """Whether a UPO speaks of this KSeF number with this hash (Base64 of the SHA-256 of the document).

    `unknown`: it is no UPO, or does not name the number. Rule: upo.md section 7 (2).
    """
    try:
        receipt = receipts.read(upo)
    except KlucznikError:
        return "unknown"
    hashes = [d.invoice_hash for d in receipt.documents if d.ksef_number == number]
    return ("same" if hashes == [document_hash] else "other") if hashes else "unknown"
