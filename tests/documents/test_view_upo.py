"""What a person reads of a UPO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from documents.view_samples import dump
from klucznik.documents.upo import ContextType, Upo, UpoDocument, UpoPage, read
from klucznik.documents.view import page, pdf, upos
from klucznik.documents.view.blocks import Table

DOCUMENT = UpoDocument(
    seller_nip="5265877635",
    ksef_number="5265877635-20260701-0100001AF629-AF",
    invoice_number="FV/2026/07/1",
    issue_date=date(2026, 7, 1),
    invoicing_date=datetime(2026, 7, 1, 22, 5, 40, 841000, tzinfo=UTC),
    acquisition_date=datetime(2026, 12, 31, 23, 5, 41, tzinfo=UTC),
    invoice_hash="UtQp9Gpc51y+u3xApZjIjgkpZ01js/J8KflSPW8WzIE=",
    invoicing_mode="Offline",
)
UPO = Upo(
    receiver="Ministerstwo Finansów",
    session_reference="20260701-SO-1111111111-2222222222-33",
    context_type="Nip",
    context_value="5265877635",
    structure_name="Schemat_FA(3)_v1-0E.xsd",
    form_code="FA (3)",
    documents=(DOCUMENT,),
    auth_document_hash="aGFzaA==",
)


def test_a_receipt_says_what_the_official_one_says_in_its_order() -> None:
    many = replace(UPO, page=UpoPage(2, 3, 10_001, 10_001, 20_005))
    assert dump(upos.sheet(many, "pl")).split("\n") == [
        "Urzędowe poświadczenie odbioru dokumentu elektronicznego KSeF",
        ": ",
        "",
        "==  [receipt]",
        "Nazwa pełna podmiotu, któremu doręczono dokument elektroniczny: Ministerstwo Finansów",
        "Informacja o dokumencie: Dokument został zarejestrowany w systemie teleinformatycznym "
        "Ministerstwa Finansów",
        "Numer referencyjny sesji: 20260701-SO-1111111111-2222222222-33",
        "Strona dokumentu UPO: 2",
        "Całkowita liczba stron dokumentu UPO: 3",
        "Zakres dokumentów od: 10001",
        "Zakres dokumentów do: 10001",
        "Całkowita liczba dokumentów: 20005",
        "Typ kontekstu: NIP",
        "Identyfikator kontekstu uwierzytelnienia: 5265877635",
        "Skrót dokumentu uwierzytelniającego: aGFzaA==",
        "Nazwa pliku XSD struktury logicznej dotycząca przesłanego dokumentu: Schemat_FA(3)_v1-0E.xsd",
        "Kod formularza przedłożonego dokumentu elektronicznego: FA (3)",
        "",
        "== Dokumenty [documents]",
        "Lp. | Numer identyfikujący fakturę w KSeF | Numer faktury | NIP sprzedawcy"
        " | Data wystawienia faktury | Data przesłania do KSeF | Data nadania numeru KSeF"
        " | Wartość funkcji skrótu złożonego dokumentu"
        " | Tryb wysyłki",
        "10001 | 5265877635-20260701-0100001AF629-AF | FV/2026/07/1 | 5265877635 | 01.07.2026"
        " | 02.07.2026 00:05:40 | 01.01.2027 00:05:41 | UtQp9Gpc51y+u3xApZjIjgkpZ01js/J8KflSPW8WzIE="
        " | Offline",
        "",
        "",
        "",
    ]


def test_the_receipt_of_one_invoice_has_no_pages() -> None:
    text = dump(upos.sheet(UPO, "en"))
    assert "Page of the receipt" not in text
    assert "1 | 5265877635-20260701-0100001AF629-AF" in text


def test_the_number_of_a_token_is_not_shown() -> None:
    upo = replace(UPO, auth_document_hash=None, ksef_token_reference="20260701-EC-1111111111-2222222222-33")
    for language in ("pl", "en"):
        text = dump(upos.sheet(upo, language))
        assert "-EC-" not in text
        assert "Skrót dokumentu" not in text


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("Nip", "NIP"),
        ("InternalId", "Identyfikator wewnętrzny"),
        ("NipVatUe", "Identyfikator złożony"),
        ("PeppolId", "Identyfikator Peppol"),
    ],
)
def test_each_context_has_its_name(context: ContextType, name: str) -> None:
    assert f"Typ kontekstu: {name}\n" in dump(upos.sheet(replace(UPO, context_type=context), "pl"))


def test_it_is_printed_across_the_page() -> None:
    sheet = upos.sheet(UPO, "pl")
    assert sheet.landscape
    assert pdf.render(sheet).startswith(b"%PDF")
    assert "A4 landscape" in page.html(sheet)


def test_the_official_samples_are_shown(official_text: Callable[[str], str]) -> None:
    for place in ("nip/upo-sesja-kontekst-id-nip", "internal-id/upo-faktura-internal-id"):
        upo = read(official_text(f"samples/upo/v4-3/kontekst-{place}.xml").encode())
        table = upos.sheet(upo).sections[-1].blocks[0]
        assert isinstance(table, Table)
        assert [row[1] for row in table.rows] == [one.ksef_number for one in upo.documents]
