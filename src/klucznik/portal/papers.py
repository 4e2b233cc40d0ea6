"""Invoices and receipts as people read them: an article of a page, or paper. Rule: pdf.md.

The documents are strangers' texts: `view.page` escapes every one, and uses no script and no style attribute.
Reading and drawing take time, so it is done beside the other visits, in threads.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from klucznik.crypto import qr
from klucznik.documents import fa, facts, read, rr, upo, xml
from klucznik.documents.invoice import Facts
from klucznik.documents.recognise import recognise
from klucznik.documents.view import invoices, page, pdf, pef, upos
from klucznik.portal.settings import Settings

if TYPE_CHECKING:
    from klucznik.documents.view.blocks import Sheet


@dataclass(frozen=True)
class Paper:
    """A document to be shown: `sheet` for a person, `created` (Unix seconds, 0 unknown) for the PDF."""

    sheet: Sheet
    created: int = 0

    @property
    def title(self) -> str:
        """What it is called, by its issuer or by its kind."""
        return self.sheet.number or self.sheet.kind

    def article(self) -> Markup:
        """For a page that has the style of `sheet.css`; its first heading is an h2."""
        return Markup(page.fragment(self.sheet, level=2))  # noqa: S704 - `fragment` escapes every text


def qr_base(settings: Settings) -> str:
    """Where the codes on invoices lead: to the pages of this local KSeF."""
    return f"{settings.api.removesuffix('/v2')}/qr"


async def of_invoice(content: bytes, ksef_number: str, base: str) -> Paper:
    """An invoice. KOD I leads to `base`, its label is the KSeF number; without a number there is no code.

    Raises `Unreadable` and `DocumentFault` for what is no invoice.
    """
    return await asyncio.to_thread(_invoice, content, ksef_number, base)


async def of_receipt(content: bytes) -> Paper:
    """A UPO. Raises `Unreadable` for what is none."""
    return await asyncio.to_thread(lambda: Paper(upos.sheet(upo.read(content))))


async def printed(paper: Paper) -> bytes:
    """The PDF. Raises `Unreadable` for what cannot be printed."""
    return await asyncio.to_thread(pdf.render, paper.sheet, created=paper.created)


async def style(_: Request) -> Response:
    """GET /invoices/sheet.css: how an article looks; a file of its own, as the policy wants it."""
    return Response(page.STYLE, media_type="text/css")


def download(content: bytes, name: str, media_type: str) -> Response:
    """A file to keep, never shown as a page. `name` is made of numbers KSeF gave."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


def _invoice(content: bytes, ksef_number: str, base: str) -> Paper:
    root = xml.parse(content)
    form = recognise(root)
    if form.faktura is None:
        document: Facts | fa.Faktura | rr.Faktura = facts.read(root, form)
    else:
        document = read.invoice(root, form, check=True)
    nip, issued = _issued(document)
    digest = qr.digest_of(content)
    link = qr.invoice_link(base, nip, issued, digest, checksum=False) if ksef_number else ""
    if isinstance(document, Facts):
        sheet = pef.sheet(document, ksef_number=ksef_number, invoice_link=link)
        made = document.created
    else:
        sheet = invoices.sheet(document, ksef_number=ksef_number, invoice_link=link)
        made = document.Naglowek.DataWytworzeniaFa
    return Paper(sheet, int(made.timestamp()) if made else 0)


def _issued(document: Facts | fa.Faktura | rr.Faktura) -> tuple[str, date]:
    """Seller's NIP and issue date: what KOD I is made of, with the hash."""
    if isinstance(document, Facts):
        return document.seller_nip, document.issue_date
    nip = document.Podmiot1.DaneIdentyfikacyjne.NIP
    return nip, document.Fa.P_1 if isinstance(document, fa.Faktura) else document.FakturaRR.P_4B
