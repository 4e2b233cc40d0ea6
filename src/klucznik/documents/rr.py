"""FA_RR(1): the invoice a buyer issues for a flat-rate farmer. Rule: fa3.md section 8.

What it shares with FA(3) is taken from there; where the same class differs, `forms` says so.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from klucznik.documents import fa
from klucznik.documents.model import Node, computed, many
from klucznik.documents.types import (
    TData,
    TDataT,
    TIlosci,
    TIPKSeF,
    TKodWaluty,
    TKwotowy,
    TKwotowy2,
    TLinkDoPlatnosci,
    TNaturalny,
    TNIPIdWew,
    TNrNIP,
    TRodzajFaktury,
    TStatusInfoPodatnika,
    TStawkaRR,
    TTypKorekty,
    TWybor1,
    TZnakowy,
    TZnakowy20,
    TZnakowy50,
    TZnakowy512,
)

if TYPE_CHECKING:
    from klucznik.documents import rr as m
else:
    m = sys.modules[__name__]


class _Party(Node):
    """What is known of supplier and buyer alike."""

    DaneIdentyfikacyjne: fa.TPodmiot1
    Adres: fa.Adres
    AdresKoresp: fa.Adres | None = None
    DaneKontaktowe: list[fa.DaneKontaktowe] = many()


class Podmiot1(_Party):
    """The supplier: a flat-rate farmer."""

    CONTENT = "DaneIdentyfikacyjne Adres AdresKoresp? DaneKontaktowe{3} NrKontrahenta?"
    NrKontrahenta: TZnakowy | None = None


class Podmiot2(_Party):
    """The buyer, who issues the invoice."""

    CONTENT = "DaneIdentyfikacyjne Adres AdresKoresp? DaneKontaktowe{3} StatusInfoPodatnika?"
    StatusInfoPodatnika: TStatusInfoPodatnika | None = None


class TPodmiot3(Node):
    """Who a third party is."""

    TYPE = "TPodmiot3"
    CONTENT = "(NIP|IDWew|BrakID) Nazwa"
    NIP: TNrNIP | None = None
    IDWew: TNIPIdWew | None = None
    BrakID: TWybor1 | None = None
    Nazwa: TZnakowy512


class Podmiot3(fa.Role):
    """A third party with its role: 1-3, 5-11, or RolaInna with OpisRoli."""

    CONTENT = "DaneIdentyfikacyjne Adres? AdresKoresp? DaneKontaktowe{3} (Rola|RolaInna OpisRoli)"
    DaneIdentyfikacyjne: m.TPodmiot3
    Adres: fa.Adres | None = None
    AdresKoresp: fa.Adres | None = None
    DaneKontaktowe: list[fa.DaneKontaktowe] = many()


class _Former(Node):
    """A party as it stood before the correction."""

    CONTENT = "DaneIdentyfikacyjne Adres"
    DaneIdentyfikacyjne: fa.TPodmiot1
    Adres: fa.Adres


class Podmiot1K(_Former):
    """The supplier as it stood before the correction."""


class Podmiot2K(_Former):
    """The buyer as it stood before the correction."""


class DokumentZaplaty(Node):
    """A document of the payment."""

    CONTENT = "NrDokumentu DataDokumentu?"
    NrDokumentu: TZnakowy
    DataDokumentu: TData | None = None


class FakturaRRWiersz(Node):
    """A line. P_9 is a number: `6.5`, `7` and `7.0` are right."""

    CONTENT = (
        "NrWierszaFa UU_ID? P_4AA? P_5 GTIN? PKWiU? CN? P_6A P_6B P_6C P_7 P_8 P_9 P_10 P_11 "
        "StanPrzed? KursWaluty?"
    )
    NrWierszaFa: TNaturalny = computed()
    UU_ID: TZnakowy50 | None = None
    P_4AA: TDataT | None = None
    P_5: TZnakowy
    GTIN: TZnakowy20 | None = None
    PKWiU: TZnakowy50 | None = None
    CN: TZnakowy50 | None = None
    P_6A: TZnakowy
    P_6B: TIlosci
    P_6C: TZnakowy
    P_7: TKwotowy2
    P_8: TKwotowy = computed()
    P_9: TStawkaRR
    P_10: TKwotowy = computed()
    P_11: TKwotowy = computed()
    StanPrzed: TWybor1 | None = None
    KursWaluty: TIlosci | None = None


class Platnosc(fa.Manner):
    """Payment: RachunekBankowy1 are the supplier's accounts, RachunekBankowy2 the buyer's."""

    CONTENT = (
        "(FormaPlatnosci|PlatnoscInna OpisPlatnosci)? RachunekBankowy1{3} RachunekBankowy2{3} "
        "IPKSeF? LinkDoPlatnosci?"
    )
    RachunekBankowy1: list[fa.RachunekBankowy] = many()
    RachunekBankowy2: list[fa.RachunekBankowy] = many()
    IPKSeF: TIPKSeF | None = None
    LinkDoPlatnosci: TLinkDoPlatnosci | None = None


class FakturaRR(Node):
    """The body. Rule: fa3.md section 8."""

    CONTENT = (
        "KodWaluty P_1M? P_4A? P_4B P_4C P_11_1 P_11_1W? P_11_2 P_11_2W? P_12_1 P_12_1W? P_12_2 "
        "RodzajFaktury (PrzyczynaKorekty? TypKorekty? DaneFaKorygowanej{1,50000} NrFaKorygowany? "
        "Podmiot1K? Podmiot2K?)? DokumentZaplaty{50} DodatkowyOpis{10000} FakturaRRWiersz{10000} "
        "Rozliczenie? Platnosc?"
    )
    KodWaluty: TKodWaluty = computed()
    P_1M: TZnakowy | None = None
    P_4A: TDataT | None = None
    P_4B: TDataT
    P_4C: TZnakowy
    P_11_1: TKwotowy = computed()
    P_11_1W: TKwotowy | None = None
    P_11_2: TKwotowy = computed()
    P_11_2W: TKwotowy | None = None
    P_12_1: TKwotowy = computed()
    P_12_1W: TKwotowy | None = None
    P_12_2: TZnakowy = computed()
    RodzajFaktury: TRodzajFaktury = computed()
    PrzyczynaKorekty: TZnakowy | None = None
    TypKorekty: TTypKorekty | None = None
    DaneFaKorygowanej: list[fa.DaneFaKorygowanej] = many()
    NrFaKorygowany: TZnakowy | None = None
    Podmiot1K: m.Podmiot1K | None = None
    Podmiot2K: m.Podmiot2K | None = None
    DokumentZaplaty: list[m.DokumentZaplaty] = many()
    DodatkowyOpis: list[fa.DodatkowyOpis] = many()
    FakturaRRWiersz: list[m.FakturaRRWiersz] = many()
    Rozliczenie: fa.Rozliczenie | None = None
    Platnosc: m.Platnosc | None = None


class Faktura(Node):
    """An invoice of FA_RR(1), issued by the buyer for a flat-rate farmer."""

    CONTENT = "Naglowek Podmiot1 Podmiot2 Podmiot3{100} FakturaRR Stopka?"
    Naglowek: fa.Naglowek = computed()
    Podmiot1: m.Podmiot1
    Podmiot2: m.Podmiot2
    Podmiot3: list[m.Podmiot3] = many()
    FakturaRR: m.FakturaRR
    Stopka: fa.Stopka | None = None
