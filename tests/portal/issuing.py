"""Invoices issued and sent in the portal, as its forms are filled in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from klucznik.client import sending
from klucznik.clock import WARSAW
from klucznik.documents import samples

from .person import Visitor

NUMBER = re.compile(r'id="ksef-number">([^<]+)<')
SESSION = re.compile(r"/web/sessions/([0-9A-Z-]{36})")
BUYER = "5265877635"


def today() -> str:
    return datetime.now(WARSAW).date().isoformat()


def typed(**changes: Any) -> dict[str, Any]:
    """A short form filled in, with one line of three."""
    lines = {"name": "Ołówek", "quantity": "2,5", "unit": "szt.", "price": "1 000,50", "rate": "23"}
    form: dict[str, Any] = {
        "number": "FV/1",
        "issued": today(),
        "sold": "",
        "seller_name": "Zmyślona Wytwórnia",
        "seller_address": "ul. Zmyślona 1",
        "buyer_nip": BUYER,
        "buyer_name": "Przykładowy Odbiorca",
        "buyer_address": "ul. Inna 2",
    }
    blanks = {"rate": "23"}
    form |= {f"line_{name}": [value, *[blanks.get(name, "")] * 2] for name, value in lines.items()}
    return form | changes


def issue(ania: Visitor, **changes: Any) -> str:
    """From the form to the page that says what became of it."""
    return send(ania, ania.post("/invoices/new", **typed(**changes)))


def send(ania: Visitor, preview: str) -> str:
    nonce, document = ania.hidden(preview, "nonce"), ania.hidden(preview, "document")
    return ania.post("/invoices/send", nonce=nonce, document=document)


def number_of(page: str) -> str:
    found = NUMBER.search(page)
    assert found, page[-3000:]
    return found[1]


def session_of(page: str) -> str:
    found = SESSION.search(page)
    assert found, page[-3000:]
    return found[1]


def sample(seller: str, buyer: str, number: str) -> sending.Document:
    now = datetime.now(UTC)
    content = samples.invoice(seller, buyer, number, now.astimezone(WARSAW).date(), now)
    return sending.Document(f"{number}.xml", content)
