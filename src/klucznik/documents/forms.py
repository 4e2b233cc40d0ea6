"""The forms KSeF takes: what identifies each, and the content models of the parts we read.

Rules: fa3.md sections 1, 3, 7, 8 and 9. Names, order and bounds are those of the official XSDs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from klucznik.documents.content import Content, content


@dataclass(frozen=True, eq=False)
class Form:
    """One form: its code in sessions, its identity inside the document, and its models by element name.

    `models` is empty for PEF, which is UBL and read without models. `kinds` maps RodzajFaktury to the
    contract's InvoiceType.
    """

    system_code: str
    schema_version: str
    value: str
    namespace: str
    root: str
    models: Mapping[str, Content] = field(default_factory=dict)
    variant: str = ""
    body: str = ""
    created_from: datetime = datetime(2022, 1, 1, tzinfo=UTC)
    kinds: Mapping[str, str] = field(default_factory=dict)
    third_roles: frozenset[int] = frozenset()
    currencies: frozenset[str] = frozenset()

    @property
    def structure_name(self) -> str:
        """Name of the XSD as a UPO gives it. Rule: upo.md section 2, row 5."""
        return f"Schemat_{self.system_code.replace(' ', '')}_v{self.schema_version}.xsd"


_TAX_ID = "NIP|KodUE NrVatUE|KodKraju? NrID|BrakID"
_CONTACTS = "AdresKoresp? DaneKontaktowe{3}"
_ROLE = "(Rola|RolaInna OpisRoli)"
_CORRECTION = "PrzyczynaKorekty? TypKorekty? DaneFaKorygowanej{1,50000}"

_COMMON: Final = {
    "Naglowek": "KodFormularza WariantFormularza DataWytworzeniaFa SystemInfo?",
    "Adres": "KodKraju AdresL1 AdresL2? GLN?",
    "TPodmiot1": "NIP Nazwa",
}

_FA: Final = _COMMON | {
    "Podmiot1": f"PrefiksPodatnika? NrEORI? DaneIdentyfikacyjne Adres {_CONTACTS} StatusInfoPodatnika?",
    "TPodmiot2": f"({_TAX_ID}) Nazwa?",
    "TPodmiot3": f"(IDWew|{_TAX_ID}) Nazwa?",
    "PodmiotUpowazniony": f"NrEORI? DaneIdentyfikacyjne Adres {_CONTACTS} RolaPU",
    "Fa": "KodWaluty P_1 P_1M? P_2 WZ{1000} (P_6|OkresFa)?"
    " (P_13_1 P_14_1 P_14_1W?)? (P_13_2 P_14_2 P_14_2W?)?"
    " (P_13_3 P_14_3 P_14_3W?)? (P_13_4 P_14_4 P_14_4W?)? (P_13_5 P_14_5?)?"
    " P_13_6_1? P_13_6_2? P_13_6_3? P_13_7? P_13_8? P_13_9? P_13_10? P_13_11?"
    " P_15 KursWalutyZ? Adnotacje RodzajFaktury"
    f" ({_CORRECTION} OkresFaKorygowanej? NrFaKorygowany? Podmiot1K? Podmiot2K{{101}}"
    " (P_15ZK KursWalutyZK?)?)?"
    " ZaliczkaCzesciowa{31} FP? TP? DodatkowyOpis{10000} FakturaZaliczkowa{100} ZwrotAkcyzy?"
    " FaWiersz{10000} Rozliczenie? Platnosc? WarunkiTransakcji? Zamowienie?",
    "Adnotacje": "P_16 P_17 P_18 P_18A Zwolnienie NoweSrodkiTransportu P_23 PMarzy",
}

_FA3: Final = _FA | {
    "Faktura": "Naglowek Podmiot1 Podmiot2 Podmiot3{100} PodmiotUpowazniony? Fa Stopka? Zalacznik?",
    "Podmiot2": f"NrEORI? DaneIdentyfikacyjne Adres? {_CONTACTS} NrKlienta? IDNabywcy? JST GV",
    "Podmiot3": f"IDNabywcy? NrEORI? DaneIdentyfikacyjne Adres? {_CONTACTS} {_ROLE} Udzial? NrKlienta?",
}

_FA2: Final = _FA | {
    "Faktura": "Naglowek Podmiot1 Podmiot2 Podmiot3{100} PodmiotUpowazniony? Fa Stopka?",
    "Podmiot2": f"NrEORI? DaneIdentyfikacyjne Adres? {_CONTACTS} NrKlienta? IDNabywcy?",
    "Podmiot3": f"IDNabywcy? NrEORI? DaneIdentyfikacyjne Adres {_CONTACTS} {_ROLE} Udzial? NrKlienta?",
}

_RR: Final = _COMMON | {
    "Faktura": "Naglowek Podmiot1 Podmiot2 Podmiot3{100} FakturaRR Stopka?",
    "Podmiot1": f"DaneIdentyfikacyjne Adres {_CONTACTS} NrKontrahenta?",
    "Podmiot2": f"DaneIdentyfikacyjne Adres {_CONTACTS} StatusInfoPodatnika?",
    "TPodmiot2": "NIP Nazwa",
    "Podmiot3": f"DaneIdentyfikacyjne Adres? {_CONTACTS} {_ROLE}",
    "TPodmiot3": "(NIP|IDWew|BrakID) Nazwa",
    "FakturaRR": "KodWaluty P_1M? P_4A? P_4B P_4C P_11_1 P_11_1W? P_11_2 P_11_2W? P_12_1 P_12_1W? P_12_2"
    f" RodzajFaktury ({_CORRECTION} NrFaKorygowany? Podmiot1K? Podmiot2K?)?"
    " DokumentZaplaty{50} DodatkowyOpis{10000} FakturaRRWiersz{10000} Rozliczenie? Platnosc?",
}

_FA_KINDS: Final = {
    "VAT": "Vat",
    "KOR": "Kor",
    "ZAL": "Zal",
    "ROZ": "Roz",
    "UPR": "Upr",
    "KOR_ZAL": "KorZal",
    "KOR_ROZ": "KorRoz",
}

_FA2_CURRENCY_CODES: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN "
    "BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD "
    "FKP GBP GEL GGP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS IMP INR IQD IRR ISK JEP JMD JOD "
    "JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR "
    "MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF "
    "SAR SBD SCR SDG SEK SGD SHP SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD USN UYI UYU UYW UZS VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR XOF XPD XPF XPT XSU "
    "XUA XXX YER ZAR ZMW ZWL"
)
_FA2_CURRENCIES: Final = frozenset(_FA2_CURRENCY_CODES.split())
_CURRENCIES: Final = _FA2_CURRENCIES | {"XCG"}


def _models(namespace: str, models: Mapping[str, str]) -> dict[str, Content]:
    return {name: content(namespace, model) for name, model in models.items()}


_FA2_NS: Final = "http://crd.gov.pl/wzor/2023/06/29/12648/"
_FA3_NS: Final = "http://crd.gov.pl/wzor/2025/06/25/13775/"
_RR_NS: Final = "http://crd.gov.pl/wzor/2026/03/06/14189/"

FA2: Final = Form(
    system_code="FA (2)",
    schema_version="1-0E",
    value="FA",
    namespace=_FA2_NS,
    root="Faktura",
    models=_models(_FA2_NS, _FA2),
    variant="2",
    body="Fa",
    created_from=datetime(2022, 1, 1, tzinfo=UTC),
    kinds=_FA_KINDS,
    third_roles=frozenset(range(1, 11)),
    currencies=_FA2_CURRENCIES,
)
FA3: Final = Form(
    system_code="FA (3)",
    schema_version="1-0E",
    value="FA",
    namespace=_FA3_NS,
    root="Faktura",
    models=_models(_FA3_NS, _FA3),
    variant="3",
    body="Fa",
    created_from=datetime(2025, 9, 1, tzinfo=UTC),
    kinds=_FA_KINDS,
    third_roles=frozenset(range(1, 12)),
    currencies=_CURRENCIES,
)
FA_RR1: Final = Form(
    system_code="FA_RR (1)",
    schema_version="1-1E",
    value="FA_RR",
    namespace=_RR_NS,
    root="Faktura",
    models=_models(_RR_NS, _RR),
    variant="1",
    body="FakturaRR",
    created_from=datetime(2026, 1, 1, tzinfo=UTC),
    kinds={"VAT_RR": "VatRr", "KOR_VAT_RR": "KorVatRr"},
    third_roles=frozenset({1, 2, 3, 5, 6, 7, 8, 9, 10, 11}),
    currencies=_CURRENCIES,
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
