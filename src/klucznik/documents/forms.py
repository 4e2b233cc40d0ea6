"""The forms KSeF takes: what identifies each, and where it differs from the classes of `fa` and `rr`.

Rules: fa3.md sections 1, 7, 8 and 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from klucznik.documents import fa, rr, types
from klucznik.documents.model import Form

__all__ = ["FA2", "FA3", "FA_RR1", "FORMS", "PEF3", "PEF_KOR3", "Form"]

_CONTACTS = "AdresKoresp? DaneKontaktowe{3}"
_TAX_ID: Final = types.simple(types.TNrID)

FA3: Final = Form(
    system_code="FA (3)",
    schema_version="1-0E",
    value="FA",
    namespace="http://crd.gov.pl/wzor/2025/06/25/13775/",
    root="Faktura",
    faktura=fa.Faktura,
    variant="3",
    body="Fa",
    kinds={
        "VAT": "Vat",
        "KOR": "Kor",
        "ZAL": "Zal",
        "ROZ": "Roz",
        "UPR": "Upr",
        "KOR_ZAL": "KorZal",
        "KOR_ROZ": "KorRoz",
    },
)

#: What FA(2) lacks or knows otherwise. Rule: fa3.md section 7.
FA2: Final = Form(
    system_code="FA (2)",
    schema_version="1-0E",
    value="FA",
    namespace="http://crd.gov.pl/wzor/2023/06/29/12648/",
    root="Faktura",
    faktura=fa.Faktura,
    variant="2",
    body="Fa",
    kinds=FA3.kinds,
    contents={
        "Faktura": "Naglowek Podmiot1 Podmiot2 Podmiot3{100} PodmiotUpowazniony? Fa Stopka?",
        "Podmiot2": f"NrEORI? DaneIdentyfikacyjne Adres? {_CONTACTS} NrKlienta? IDNabywcy?",
        "Podmiot3": f"IDNabywcy? NrEORI? DaneIdentyfikacyjne Adres {_CONTACTS} (Rola|RolaInna OpisRoli)"
        " Udzial? NrKlienta?",
        "Fa": fa.Fa.CONTENT.replace("DaneFaKorygowanej{1,50000}", "DaneFaKorygowanej+"),
        "Platnosc": fa.Platnosc.CONTENT.removesuffix(" LinkDoPlatnosci? IPKSeF?"),
        "ZaplataCzesciowa": "KwotaZaplatyCzesciowej DataZaplatyCzesciowej",
        "TerminPlatnosci": "Termin TerminOpis?",
    },
    types={
        "TKodWaluty": types.currencies(),
        "TNrRB": types.Simple(name="TNrRB", base="string", pattern="[0-9A-Z]{10,32}"),
        "TRolaPodmiotu3": types.third_roles("1 2 3 4 5 6 7 8 9 10"),
        "TStawkaPodatku": types.rates("23", "22", "8", "7", "5", "4", "3", "0", "zw", "oo", "np"),
    },
    elements={
        "Naglowek.WariantFormularza": types.variant("2"),
        "Naglowek.DataWytworzeniaFa": types.created_from("2022-01-01T00:00:00Z"),
        "TPodmiot2.NrID": replace(_TAX_ID, pattern="[a-zA-Z0-9]{1,50}"),
        "TPodmiot3.NrID": replace(_TAX_ID, pattern="[a-zA-Z0-9]{1,50}"),
        "FaWiersz.P_7": types.simple(types.TZnakowy),
        "ZamowienieWiersz.P_7Z": types.simple(types.TZnakowy),
        "Platnosc.ZnacznikZaplatyCzesciowej": types.simple(types.TWybor1),
        "TerminPlatnosci.TerminOpis": types.simple(types.TZnakowy),
        "Umowy.DataUmowy": types.simple(types.TData),
        "Zamowienia.DataZamowienia": types.simple(types.TData),
    },
)

FA_RR1: Final = Form(
    system_code="FA_RR (1)",
    schema_version="1-1E",
    value="FA_RR",
    namespace="http://crd.gov.pl/wzor/2026/03/06/14189/",
    root="Faktura",
    faktura=rr.Faktura,
    variant="1",
    body="FakturaRR",
    kinds={"VAT_RR": "VatRr", "KOR_VAT_RR": "KorVatRr"},
    contents={"RachunekBankowy": "NrRB SWIFT? NazwaBanku? OpisRachunku?"},
    types={
        "TKodFormularza": types.form_value("FA_RR"),
        "TFormaPlatnosci": types.Simple(name="TFormaPlatnosci", base="integer", values=("1",)),
        "TRolaPodmiotu3": types.third_roles("1 2 3 5 6 7 8 9 10 11"),
        "TRodzajFaktury": types.kinds("VAT_RR KOR_VAT_RR"),
        "TTypKorekty": types.correction_types("1 2 3 4"),
    },
    elements={
        "Naglowek.WariantFormularza": types.variant("1"),
        "Naglowek.DataWytworzeniaFa": types.created_from("2026-01-01T00:00:00Z"),
    },
)

PEF3: Final = Form(
    system_code="PEF (3)",
    schema_version="2-1",
    value="PEF",
    namespace="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    root="Invoice",
)
PEF_KOR3: Final = Form(
    system_code="PEF_KOR (3)",
    schema_version="2-1",
    value="PEF",
    namespace="urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
    root="CreditNote",
)

#: Every form by its system code, as a session names it.
FORMS: Final[Mapping[str, Form]] = {form.system_code: form for form in (FA2, FA3, FA_RR1, PEF3, PEF_KOR3)}
