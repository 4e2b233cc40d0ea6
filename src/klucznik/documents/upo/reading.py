"""Reading a UPO v4-3. Rule: upo.md section 2."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from lxml import etree

from klucznik.documents import xml
from klucznik.documents.upo.model import (
    CONTEXT_ELEMENTS,
    LIMIT,
    NAMESPACE,
    InvoicingMode,
    Upo,
    UpoDocument,
    UpoPage,
)
from klucznik.documents.values import collapse, read_moment
from klucznik.documents.walk import Children, models
from klucznik.errors import Unreadable
from klucznik.lang import tr

_NS: Final = f"{{{NAMESPACE}}}"
_MODELS: Final = models(
    NAMESPACE,
    {
        "Potwierdzenie": "NazwaPodmiotuPrzyjmujacego NumerReferencyjnySesji Uwierzytelnienie"
        " OpisPotwierdzenia? NazwaStrukturyLogicznej KodFormularza Dokument{1,10000}",
        "Uwierzytelnienie": "IdKontekstu (NumerReferencyjnyTokenaKSeF|SkrotDokumentuUwierzytelniajacego)",
        "IdKontekstu": "Nip|IdWewnetrzny|IdZlozonyVatUE|IdDostawcyUslugPeppol",
        "OpisPotwierdzenia": "Strona LiczbaStron ZakresDokumentowOd ZakresDokumentowDo"
        " CalkowitaLiczbaDokumentow",
        "Dokument": "NipSprzedawcy NumerKSeFDokumentu NumerFaktury DataWystawieniaFaktury"
        " DataPrzeslaniaDokumentu DataNadaniaNumeruKSeF SkrotDokumentu TrybWysylki",
    },
)
_SIGNATURE: Final = frozenset({"{http://www.w3.org/2000/09/xmldsig#}Signature"})
_CONTEXT_TYPES: Final = {element: name for name, element in CONTEXT_ELEMENTS.items()}
_MODES: Final[dict[str, InvoicingMode]] = {"Online": "Online", "Offline": "Offline"}


def read(data: bytes | etree._Element) -> Upo:
    """What a receipt says, signed or not; a byte order mark is taken (upo.md section 2).

    The name of the receiving party is not compared: TEST and DEMO write one the schema forbids.
    Raises `Unreadable`. Whether the receipt is genuine is the business of `verify`.
    """
    if isinstance(data, bytes):
        root = xml.parse(data, limit=LIMIT, allow_discouraged=True, allow_bom=True)
    else:
        root = data
    if root.tag != f"{_NS}Potwierdzenie":
        raise _unreadable(tr(f"the root is {root.tag}", f"korzeniem jest {root.tag}"))
    top = _walk(root, "Potwierdzenie")
    login = _walk(top["Uwierzytelnienie"], "Uwierzytelnienie")
    ((element, node),) = _walk(login["IdKontekstu"], "IdKontekstu").items()
    return Upo(
        receiver=_text(top, "NazwaPodmiotuPrzyjmujacego"),
        session_reference=_text(top, "NumerReferencyjnySesji"),
        context_type=_CONTEXT_TYPES[element],
        context_value=collapse(node.text or ""),
        structure_name=_text(top, "NazwaStrukturyLogicznej"),
        form_code=_text(top, "KodFormularza"),
        documents=tuple(_read_document(node) for node in root.iterchildren(f"{_NS}Dokument")),
        ksef_token_reference=_optional(login, "NumerReferencyjnyTokenaKSeF"),
        auth_document_hash=_optional(login, "SkrotDokumentuUwierzytelniajacego"),
        page=_read_page(top.get("OpisPotwierdzenia")),
    )


def _unreadable(why: str) -> Unreadable:
    return Unreadable(
        tr("This is not a UPO in version 4-3.", "To nie jest UPO w wersji 4-3."),
        hint=why,
    )


def _walk(node: etree._Element, model: str) -> Children:
    faults: list[str] = []
    found = _MODELS[model].walk(node, faults, _SIGNATURE if model == "Potwierdzenie" else frozenset())
    if faults:
        raise _unreadable(faults[0])
    return found


def _text(nodes: Children, name: str) -> str:
    node = nodes[name]
    if len(node):
        raise _unreadable(tr(f"{name} holds elements", f"{name} zawiera elementy"))
    return collapse(node.text or "")


def _optional(nodes: Children, name: str) -> str | None:
    return _text(nodes, name) if name in nodes else None


def _read_page(node: etree._Element | None) -> UpoPage | None:
    if node is None:
        return None
    nodes = _walk(node, "OpisPotwierdzenia")
    numbers = [_text(nodes, name) for name in nodes]
    if not all(number.isascii() and number.isdigit() and len(number) <= 9 for number in numbers):
        raise _unreadable(tr("OpisPotwierdzenia holds no numbers", "OpisPotwierdzenia nie zawiera liczb"))
    number, pages, first, last, total = map(int, numbers)
    return UpoPage(number, pages, first, last, total)


def _read_document(node: etree._Element) -> UpoDocument:
    nodes = _walk(node, "Dokument")
    mode = _MODES.get(given := _text(nodes, "TrybWysylki"))
    if mode is None:
        raise _unreadable(f"TrybWysylki {given[:40]}")
    try:
        issued = date.fromisoformat(_text(nodes, "DataWystawieniaFaktury"))
    except ValueError:
        raise _unreadable("DataWystawieniaFaktury") from None
    return UpoDocument(
        seller_nip=_text(nodes, "NipSprzedawcy"),
        ksef_number=_text(nodes, "NumerKSeFDokumentu"),
        invoice_number=_text(nodes, "NumerFaktury"),
        issue_date=issued,
        invoicing_date=_instant(nodes, "DataPrzeslaniaDokumentu"),
        acquisition_date=_instant(nodes, "DataNadaniaNumeruKSeF"),
        invoice_hash=_text(nodes, "SkrotDokumentu"),
        invoicing_mode=mode,
    )


def _instant(nodes: Children, name: str) -> datetime:
    try:
        return read_moment(_text(nodes, name))
    except ValueError:
        raise _unreadable(name) from None
