"""Wystaw fakturę: an XML or the short form, looked at before it goes, then sent in a session of its own.

Between preview and sending the document travels in the form, in Base64: the bytes that were looked at are
the bytes that are sent. What KSeF's session history says counts; nothing is kept here.
"""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode, b64encode
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from klucznik.client.flow import Pace
from klucznik.client.journal import MemoryJournal
from klucznik.client.sending import Document, Options, Result, send_and_wait
from klucznik.clock import WARSAW
from klucznik.documents import xml
from klucznik.documents.checks.verdict import judge
from klucznik.documents.invoice import DocumentFault
from klucznik.documents.model import Form
from klucznik.documents.recognise import recognise
from klucznik.errors import KlucznikError, Unreadable
from klucznik.portal import papers, short_form
from klucznik.portal.visit import Unfit, Visit, onward, page
from klucznik.wire.common import FormCode

#: A person waits for the answer: seconds in all, as the client counts them towards this machine (a tenth).
_PACE: Final = Pace(first=0.5, growth=1.3, longest=5.0, total=200.0)
#: Characters of an XML shown beside the preview.
_SHOWN: Final = 200_000


async def blank(visit: Visit) -> Response:
    """GET /invoices/new: the short form."""
    today = (await visit.door.now()).astimezone(WARSAW).date()
    return _form(visit, short_form.empty(today))


async def filled(visit: Visit) -> Response:
    """POST /invoices/new: one line more, or the form again, or the preview of what it makes."""
    wanted = visit.field("do")
    typed = short_form.typed(visit, more=wanted == "more")
    if wanted in ("more", "edit"):
        return _form(visit, typed)
    try:
        content = short_form.made(visit, typed, await visit.door.now())
    except Unfit as unfit:
        visit.flash("bad", str(unfit))
        return _form(visit, typed, 400)
    except Unreadable as error:  # a sign that XML has no room for
        visit.flash("bad", visit.said(error))
        return _form(visit, typed, 400)
    return await _preview(visit, content, "/invoices/new", typed.hidden())


async def paste(visit: Visit) -> Response:
    """GET /invoices/xml: a file, or its text."""
    return visit.page("invoice_xml.html", text="")


async def pasted(visit: Visit) -> Response:
    """POST /invoices/xml: the preview of what was given."""
    # A browser sends the lines of a text with CR LF; a document has the ends it was written with.
    text = visit.field("text").replace("\r\n", "\n")
    if visit.field("do") == "edit":
        return visit.page("invoice_xml.html", text=text)
    content = await visit.file("file") or text.encode()
    if not content:
        visit.flash(
            "bad",
            visit.t(
                "Choose a file, or paste the XML of an invoice.",
                "Wybierz plik albo wklej XML faktury.",
                "Wählen Sie eine Datei, oder fügen Sie das XML einer Rechnung ein.",
            ),
        )
        return visit.page("invoice_xml.html", 400, text=text)
    if len(content) > xml.INVOICE_LIMIT:
        t = visit.t
        limit = xml.INVOICE_LIMIT // 1_000_000
        visit.flash(
            "bad",
            t(
                f"The file has {len(content)} bytes; an invoice has at most {limit} MB.",
                f"Plik ma {len(content)} bajtów; faktura ma najwyżej {limit} MB.",
                f"Die Datei hat {len(content)} Bytes; eine Rechnung hat höchstens {limit} MB.",
            ),
        )
        return visit.page("invoice_xml.html", 400, text="")
    shown = content.decode("utf-8", "replace") if len(content) <= _SHOWN else ""
    return await _preview(visit, content, "/invoices/xml", [("text", shown)])


async def send(visit: Visit) -> Response:
    """POST /invoices/send: the document looked at goes to KSeF, once."""
    t = visit.t
    try:
        content = b64decode(visit.field("document"), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    form = _form_of(content)
    if form is None:
        raise Unfit(
            t(
                "The form carries no invoice; begin anew.",
                "Formularz nie zawiera faktury; zacznij od nowa.",
                "Das Formular enthält keine Rechnung; beginnen Sie neu.",
            )
        )
    if not visit.use_nonce():
        visit.flash(
            "note",
            t(
                "This invoice has been sent from this page already; look for it in the newest session.",
                "Tę fakturę już wysłano z tej strony; znajdziesz ją w najnowszej sesji.",
                "Diese Rechnung wurde von hier schon gesendet; Sie finden sie in der neuesten Sitzung.",
            ),
        )
        return visit.go("/sessions")
    code = FormCode(system_code=form.system_code, schema_version=form.schema_version, value=form.value)
    options = Options(offline=visit.field("offline") == "yes", pace=_PACE)
    try:
        (result,) = await visit.ksef.run(
            send_and_wait([Document("portal.xml", content)], MemoryJournal(), code, options)
        )
    except KlucznikError as error:
        if getattr(error, "status", None) == 401:
            raise
        await visit.tell(error)
        return await _preview(visit, content, "/invoices/xml", _text_of(content), 400)
    return await _told(visit, content, result)


async def _told(visit: Visit, content: bytes, result: Result) -> Response:
    """On to where the outcome stands; back to the document where it never got a place in a session."""
    t = visit.t
    if result.outcome == "accepted-earlier":
        visit.flash(
            "note",
            t(
                "KSeF accepted this very document earlier; it was not issued twice.",
                "KSeF przyjął już wcześniej dokładnie ten dokument; nie został wystawiony drugi raz.",
                "KSeF hat genau dieses Dokument schon früher angenommen; es wurde nicht zweimal ausgestellt.",
            ),
        )
        return visit.go(f"/invoices/{result.ksef_number}")
    if result.session and result.reference:
        if result.is_accepted:
            text = t(
                "KSeF accepted the invoice.", "KSeF przyjął fakturę.", "KSeF hat die Rechnung angenommen."
            )
            visit.flash("good", text)
        elif result.outcome == "undecided":
            text = t(
                "The invoice is sent, and KSeF has not decided yet: reload this page in a moment.",
                "Faktura została wysłana, a KSeF jeszcze jej nie rozpatrzył: odśwież tę stronę za chwilę.",
                "Die Rechnung ist gesendet, KSeF hat noch nicht entschieden: Laden Sie die Seite gleich neu.",
            )
            visit.flash("note", text)
        return visit.go(f"/sessions/{result.session}/invoices/{result.reference}")
    if result.problem is not None:
        await visit.tell(result.problem)
    else:
        visit.flash("bad", " ".join((*result.words, result.hint)))
    return await _preview(visit, content, "/invoices/xml", _text_of(content), 400)


def _form(visit: Visit, typed: short_form.Typed, status: int = 200) -> Response:
    rates = [(wire, visit.t(*words)) for wire, words in short_form.RATES]
    return visit.page("invoice_new.html", status, form=typed, rates=rates, seller=short_form.seller_of(visit))


async def _preview(
    visit: Visit, content: bytes, back: str, hidden: list[tuple[str, str]], status: int = 200
) -> Response:
    """The document as a person reads it, with what the checks before sending found."""
    verdict = await asyncio.to_thread(judge, content, await visit.door.now())
    form = _form_of(content)
    paper = None
    try:
        paper = await papers.of_invoice(content, "", papers.qr_base(visit.settings))
    except KlucznikError:
        if verdict.word == "clean":
            raise  # otherwise the findings say why there is nothing to look at
    return visit.page(
        "invoice_preview.html",
        status,
        paper=paper,
        form=form,
        findings=verdict.findings,
        verdict=verdict.word,
        document=b64encode(content).decode(),
        text=content.decode("utf-8", "replace")[:_SHOWN],
        nonce=visit.new_nonce(),
        back=back,
        hidden=hidden,
    )


def _form_of(content: bytes) -> Form | None:
    """The form of a document, which its session is opened for; None for what is no invoice."""
    try:
        return recognise(xml.parse(content))
    except (xml.XmlProblem, DocumentFault):
        return None


def _text_of(content: bytes) -> list[tuple[str, str]]:
    return [("text", content.decode("utf-8", "replace") if len(content) <= _SHOWN else "")]


ROUTES = [
    Route("/invoices/new", page(blank), methods=["GET"]),
    Route("/invoices/new", page(filled), methods=["POST"]),
    Route("/invoices/xml", page(paste), methods=["GET"]),
    Route("/invoices/xml", page(pasted), methods=["POST"]),
    Route("/invoices/send", page(onward("/invoices/new")), methods=["GET"]),
    Route("/invoices/send", page(send), methods=["POST"]),
]
