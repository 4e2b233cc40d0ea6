"""FA(3) and FA(2): the invoice, element by element, in the order of the official schema.

The classes describe FA(3); what FA(2) lacks or knows otherwise stands in `forms`. Names are the
schema's own, but for the bases of what it says more than once. Rule: fa3.md sections 2-7.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, ClassVar

from klucznik.documents.model import IDENTITY, Extended, Node, computed, many
from klucznik.documents.types import (
    TBDO,
    TGLN,
    TGTU,
    SWIFT_Type,
    TAdresEmail,
    TAtrybut,
    TCalkowita,
    TData,
    TDataCzas,
    TDataT,
    TDataU,
    TDataWytworzeniaFa,
    TFormaPlatnosci,
    TIDNabywcy,
    TIlosci,
    TIPKSeF,
    TKodFormularza,
    TKodKraju,
    TKodWaluty,
    TKodyKrajowUE,
    TKwotowy,
    TKwotowy2,
    TLadunek,
    TLinkDoPlatnosci,
    TNaturalny,
    TNIPIdWew,
    TNKom,
    TNrID,
    TNrKRS,
    TNrNIP,
    TNrRB,
    TNrREGON,
    TNrVatUE,
    TNumerKSeF,
    TNumerTelefonu,
    TOznaczenieProcedury,
    TOznaczenieProceduryZ,
    TProcentowy,
    TRachunekWlasnyBanku,
    TRodzajFaktury,
    TRodzajTransportu,
    TRolaPodmiotu3,
    TRolaPodmiotuUpowaznionego,
    TStatusInfoPodatnika,
    TStawkaPodatku,
    TTakNie,
    TTekstowy,
    TTypKolumny,
    TTypKorekty,
    TWariantFormularza,
    TWybor1,
    TWybor1_2,
    TZnakowy,
    TZnakowy2,
    TZnakowy20,
    TZnakowy50,
    TZnakowy512,
)

# A field often has the name of its class; through the module, both stay what they are.
if TYPE_CHECKING:
    from klucznik.documents import fa as m
else:
    m = sys.modules[__name__]


class KodFormularza(Node):
    """The form by its attributes; the text is only `FA`."""

    ATTRIBUTES = IDENTITY
    value: TKodFormularza
    kodSystemowy: TAtrybut
    wersjaSchemy: TAtrybut


class Naglowek(Node):
    """The header: form, moment of making, the program that made it."""

    TYPE = "TNaglowek"
    CONTENT = "KodFormularza WariantFormularza DataWytworzeniaFa SystemInfo?"
    KodFormularza: m.KodFormularza = computed()
    WariantFormularza: TWariantFormularza = computed()
    DataWytworzeniaFa: TDataWytworzeniaFa = computed()
    SystemInfo: TZnakowy | None = None


class TPodmiot1(Node):
    """Who the seller is: NIP and name."""

    TYPE = "TPodmiot1"
    CONTENT = "NIP Nazwa"
    NIP: TNrNIP
    Nazwa: TZnakowy512


class Adres(Node):
    """An address. AdresL1 holds at most 512 characters; KodKraju is ISO 3166-1 with a few more."""

    TYPE = "TAdres"
    CONTENT = "KodKraju AdresL1 AdresL2? GLN?"
    KodKraju: TKodKraju
    AdresL1: TZnakowy512
    AdresL2: TZnakowy512 | None = None
    GLN: TGLN | None = None


class DaneKontaktowe(Node):
    """How to reach a party."""

    CONTENT = "Email? Telefon?"
    Email: TAdresEmail | None = None
    Telefon: TNumerTelefonu | None = None


class Podmiot1(Node):
    """The seller."""

    CONTENT = (
        "PrefiksPodatnika? NrEORI? DaneIdentyfikacyjne Adres AdresKoresp? DaneKontaktowe{3} "
        "StatusInfoPodatnika?"
    )
    FIXED: ClassVar = {"PrefiksPodatnika": "PL"}
    PrefiksPodatnika: TKodyKrajowUE | None = None
    NrEORI: TZnakowy | None = None
    DaneIdentyfikacyjne: m.TPodmiot1
    Adres: m.Adres
    AdresKoresp: Annotated[m.Adres, Extended()] | None = None
    DaneKontaktowe: list[m.DaneKontaktowe] = many()
    StatusInfoPodatnika: TStatusInfoPodatnika | None = None


class _Identity(Node):
    """What identifies a party that need not be Polish, by any of the ways that its CONTENT lets choose."""

    NIP: TNrNIP | None = None
    KodUE: TKodyKrajowUE | None = None
    NrVatUE: TNrVatUE | None = None
    KodKraju: TKodKraju | None = None
    NrID: TNrID | None = None
    BrakID: TWybor1 | None = None
    Nazwa: TZnakowy512 | None = None


class TPodmiot2(_Identity):
    """Who the buyer is: exactly one of NIP, KodUE + NrVatUE, (KodKraju +) NrID, BrakID."""

    TYPE = "TPodmiot2"
    CONTENT = "(NIP|KodUE NrVatUE|KodKraju? NrID|BrakID) Nazwa?"


class Podmiot2(Node):
    """The buyer. JST and GV: 1 yes, 2 no, never absent in FA(3)."""

    CONTENT = "NrEORI? DaneIdentyfikacyjne Adres? AdresKoresp? DaneKontaktowe{3} NrKlienta? IDNabywcy? JST GV"
    NrEORI: TZnakowy | None = None
    DaneIdentyfikacyjne: m.TPodmiot2
    Adres: m.Adres | None = None
    AdresKoresp: m.Adres | None = None
    DaneKontaktowe: list[m.DaneKontaktowe] = many()
    NrKlienta: TZnakowy | None = None
    IDNabywcy: TIDNabywcy | None = None
    JST: TTakNie = computed()
    GV: TTakNie = computed()


class TPodmiot3(_Identity):
    """Who a third party is: as the buyer, or by internal identifier (IDWew)."""

    TYPE = "TPodmiot3"
    CONTENT = "(NIP|IDWew|KodUE NrVatUE|KodKraju? NrID|BrakID) Nazwa?"
    IDWew: TNIPIdWew | None = None


class Role(Node):
    """What a third party has to do with it: by number, or RolaInna and in words."""

    Rola: TRolaPodmiotu3 | None = None
    RolaInna: TWybor1 | None = None
    OpisRoli: TZnakowy | None = None


class Podmiot3(Role):
    """A third party with its role: 1-11, or RolaInna with OpisRoli."""

    CONTENT = (
        "IDNabywcy? NrEORI? DaneIdentyfikacyjne Adres? AdresKoresp? DaneKontaktowe{3} (Rola|RolaInna "
        "OpisRoli) Udzial? NrKlienta?"
    )
    IDNabywcy: TIDNabywcy | None = None
    NrEORI: TZnakowy | None = None
    DaneIdentyfikacyjne: m.TPodmiot3
    Adres: m.Adres | None = None
    AdresKoresp: m.Adres | None = None
    DaneKontaktowe: list[m.DaneKontaktowe] = many()
    Udzial: TProcentowy | None = None
    NrKlienta: TZnakowy | None = None


class DaneKontaktowePU(Node):
    """How to reach the authorised party."""

    CONTENT = "EmailPU? TelefonPU?"
    EmailPU: TAdresEmail | None = None
    TelefonPU: TNumerTelefonu | None = None


class PodmiotUpowazniony(Node):
    """Enforcement body (1), court bailiff (2) or tax representative (3)."""

    CONTENT = "NrEORI? DaneIdentyfikacyjne Adres AdresKoresp? DaneKontaktowe{3} RolaPU"
    NrEORI: TZnakowy | None = None
    DaneIdentyfikacyjne: m.TPodmiot1
    Adres: m.Adres
    AdresKoresp: m.Adres | None = None
    DaneKontaktowe: list[m.DaneKontaktowePU] = many()
    RolaPU: TRolaPodmiotuUpowaznionego


class OkresFa(Node):
    """The period the invoice is for."""

    CONTENT = "P_6_Od P_6_Do"
    P_6_Od: TDataT
    P_6_Do: TDataT


class Zwolnienie(Node):
    """Exemption: P_19 with its legal ground, or P_19N."""

    CONTENT = "P_19 (P_19A|P_19B|P_19C)|P_19N"
    P_19: TWybor1 | None = None
    P_19A: TZnakowy | None = None
    P_19B: TZnakowy | None = None
    P_19C: TZnakowy | None = None
    P_19N: TWybor1 | None = None


class NowySrodekTransportu(Node):
    """A new means of transport, supplied to another member state."""

    CONTENT = (
        "P_22A P_NrWierszaNST P_22BMK? P_22BMD? P_22BK? P_22BNR? P_22BRP? (P_22B "
        "(P_22B1|P_22B2|P_22B3|P_22B4)? P_22BT?|P_22C P_22C1?|P_22D P_22D1?)"
    )
    P_22A: TDataT
    P_NrWierszaNST: TNaturalny
    P_22BMK: TZnakowy | None = None
    P_22BMD: TZnakowy | None = None
    P_22BK: TZnakowy | None = None
    P_22BNR: TZnakowy | None = None
    P_22BRP: TZnakowy | None = None
    P_22B: TZnakowy | None = None
    P_22B1: TZnakowy | None = None
    P_22B2: TZnakowy | None = None
    P_22B3: TZnakowy | None = None
    P_22B4: TZnakowy | None = None
    P_22BT: TZnakowy | None = None
    P_22C: TZnakowy | None = None
    P_22C1: TZnakowy | None = None
    P_22D: TZnakowy | None = None
    P_22D1: TZnakowy | None = None


class NoweSrodkiTransportu(Node):
    """New means of transport, or P_22N."""

    CONTENT = "P_22 P_42_5 NowySrodekTransportu{1,10000}|P_22N"
    P_22: TWybor1 | None = None
    P_42_5: TWybor1_2 | None = None
    NowySrodekTransportu: list[m.NowySrodekTransportu] = many()
    P_22N: TWybor1 | None = None


class PMarzy(Node):
    """Margin scheme: P_PMarzy with its kind, or P_PMarzyN."""

    CONTENT = "P_PMarzy (P_PMarzy_2|P_PMarzy_3_1|P_PMarzy_3_2|P_PMarzy_3_3)|P_PMarzyN"
    P_PMarzy: TWybor1 | None = None
    P_PMarzy_2: TWybor1 | None = None
    P_PMarzy_3_1: TWybor1 | None = None
    P_PMarzy_3_2: TWybor1 | None = None
    P_PMarzy_3_3: TWybor1 | None = None
    P_PMarzyN: TWybor1 | None = None


class Adnotacje(Node):
    """The notes the law asks for; every one is always there."""

    CONTENT = "P_16 P_17 P_18 P_18A Zwolnienie NoweSrodkiTransportu P_23 PMarzy"
    P_16: TWybor1_2 = computed()
    P_17: TWybor1_2 = computed()
    P_18: TWybor1_2 = computed()
    P_18A: TWybor1_2 = computed()
    Zwolnienie: m.Zwolnienie = computed()
    NoweSrodkiTransportu: m.NoweSrodkiTransportu = computed()
    P_23: TWybor1_2 = computed()
    PMarzy: m.PMarzy = computed()


class DaneFaKorygowanej(Node):
    """An invoice that is corrected: in KSeF (NrKSeF and its number) or outside (NrKSeFN)."""

    CONTENT = "DataWystFaKorygowanej NrFaKorygowanej (NrKSeF NrKSeFFaKorygowanej|NrKSeFN)"
    DataWystFaKorygowanej: TDataT
    NrFaKorygowanej: TZnakowy
    NrKSeF: TWybor1 | None = None
    NrKSeFFaKorygowanej: TNumerKSeF | None = None
    NrKSeFN: TWybor1 | None = None


class Podmiot1K(Node):
    """The seller as it stood before the correction."""

    CONTENT = "PrefiksPodatnika? DaneIdentyfikacyjne Adres"
    PrefiksPodatnika: TKodyKrajowUE | None = None
    DaneIdentyfikacyjne: m.TPodmiot1
    Adres: m.Adres


class Podmiot2K(Node):
    """A buyer as it stood before the correction."""

    CONTENT = "DaneIdentyfikacyjne Adres? IDNabywcy?"
    DaneIdentyfikacyjne: m.TPodmiot2
    Adres: m.Adres | None = None
    IDNabywcy: TIDNabywcy | None = None


class ZaliczkaCzesciowa(Node):
    """One of several payments that an advance invoice documents."""

    CONTENT = "P_6Z P_15Z KursWalutyZW?"
    P_6Z: TDataT
    P_15Z: TKwotowy
    KursWalutyZW: TIlosci | None = None


class DodatkowyOpis(Node):
    """A key with its value, for the invoice or one line of it."""

    TYPE = "TKluczWartosc"
    CONTENT = "NrWiersza? Klucz Wartosc"
    NrWiersza: TNaturalny | None = None
    Klucz: TZnakowy
    Wartosc: TZnakowy


class FakturaZaliczkowa(Node):
    """An advance invoice that is settled: in KSeF, or outside (NrKSeFZN)."""

    CONTENT = "NrKSeFZN NrFaZaliczkowej|NrKSeFFaZaliczkowej"
    NrKSeFZN: TWybor1 | None = None
    NrFaZaliczkowej: TZnakowy | None = None
    NrKSeFFaZaliczkowej: TNumerKSeF | None = None


class FaWiersz(Node):
    """A line. Only its number is mandatory to the schema."""

    CONTENT = (
        "NrWierszaFa UU_ID? P_6A? P_7? Indeks? GTIN? PKWiU? CN? PKOB? P_8A? P_8B? P_9A? P_9B? P_10? "
        "P_11? P_11A? P_11Vat? P_12? P_12_XII? P_12_Zal_15? KwotaAkcyzy? GTU? Procedura? KursWaluty? "
        "StanPrzed?"
    )
    NrWierszaFa: TNaturalny = computed()
    UU_ID: TZnakowy50 | None = None
    P_6A: TDataT | None = None
    P_7: TZnakowy512 | None = None
    Indeks: TZnakowy50 | None = None
    GTIN: TZnakowy20 | None = None
    PKWiU: TZnakowy50 | None = None
    CN: TZnakowy50 | None = None
    PKOB: TZnakowy50 | None = None
    P_8A: TZnakowy | None = None
    P_8B: TIlosci | None = None
    P_9A: TKwotowy2 | None = None
    P_9B: TKwotowy2 | None = None
    P_10: TKwotowy2 | None = None
    P_11: TKwotowy | None = None
    P_11A: TKwotowy | None = None
    P_11Vat: TKwotowy | None = None
    P_12: TStawkaPodatku | None = None
    P_12_XII: TProcentowy | None = None
    P_12_Zal_15: TWybor1 | None = None
    KwotaAkcyzy: TKwotowy | None = None
    GTU: TGTU | None = None
    Procedura: TOznaczenieProcedury | None = None
    KursWaluty: TIlosci | None = None
    StanPrzed: TWybor1 | None = None


class _Reasoned(Node):
    """An amount with the reason for it."""

    CONTENT = "Kwota Powod"
    Kwota: TKwotowy
    Powod: TZnakowy


class Obciazenia(_Reasoned):
    """A charge outside the invoice."""


class Odliczenia(_Reasoned):
    """A deduction outside the invoice."""


class Rozliczenie(Node):
    """Charges and deductions; they do not change P_15."""

    CONTENT = "Obciazenia{100} SumaObciazen? Odliczenia{100} SumaOdliczen? (DoZaplaty|DoRozliczenia)?"
    Obciazenia: list[m.Obciazenia] = many()
    SumaObciazen: TKwotowy | None = None
    Odliczenia: list[m.Odliczenia] = many()
    SumaOdliczen: TKwotowy | None = None
    DoZaplaty: TKwotowy | None = None
    DoRozliczenia: TKwotowy | None = None


class Manner(Node):
    """How it is paid: by number, or PlatnoscInna and in words."""

    FormaPlatnosci: TFormaPlatnosci | None = None
    PlatnoscInna: TWybor1 | None = None
    OpisPlatnosci: TZnakowy | None = None


class ZaplataCzesciowa(Manner):
    """A payment in part."""

    CONTENT = "KwotaZaplatyCzesciowej DataZaplatyCzesciowej (FormaPlatnosci|PlatnoscInna OpisPlatnosci)?"
    KwotaZaplatyCzesciowej: TKwotowy
    DataZaplatyCzesciowej: TData


class TerminOpis(Node):
    """A term of payment in words: 14 days from an event."""

    CONTENT = "Ilosc Jednostka ZdarzeniePoczatkowe"
    Ilosc: TCalkowita
    Jednostka: TZnakowy50
    ZdarzeniePoczatkowe: TZnakowy


class TerminPlatnosci(Node):
    """A term of payment. FA(2) has a text for TerminOpis."""

    CONTENT = "Termin? TerminOpis?"
    Termin: TData | None = None
    TerminOpis: m.TerminOpis | TZnakowy | None = None


class RachunekBankowy(Node):
    """A bank account."""

    TYPE = "TRachunekBankowy"
    CONTENT = "NrRB SWIFT? RachunekWlasnyBanku? NazwaBanku? OpisRachunku?"
    NrRB: TNrRB
    SWIFT: SWIFT_Type | None = None
    RachunekWlasnyBanku: TRachunekWlasnyBanku | None = None
    NazwaBanku: TZnakowy | None = None
    OpisRachunku: TZnakowy | None = None


class Skonto(Node):
    """A discount for early payment."""

    CONTENT = "WarunkiSkonta WysokoscSkonta"
    WarunkiSkonta: TZnakowy
    WysokoscSkonta: TZnakowy


class Platnosc(Manner):
    """Payment: done, in part, when, how, to which account."""

    CONTENT = (
        "(Zaplacono DataZaplaty|ZnacznikZaplatyCzesciowej ZaplataCzesciowa{1,100})? "
        "TerminPlatnosci{100} (FormaPlatnosci|PlatnoscInna OpisPlatnosci)? RachunekBankowy{100} "
        "RachunekBankowyFaktora{20} Skonto? LinkDoPlatnosci? IPKSeF?"
    )
    Zaplacono: TWybor1 | None = None
    DataZaplaty: TData | None = None
    ZnacznikZaplatyCzesciowej: TWybor1_2 | None = None
    ZaplataCzesciowa: list[m.ZaplataCzesciowa] = many()
    TerminPlatnosci: list[m.TerminPlatnosci] = many()
    RachunekBankowy: list[m.RachunekBankowy] = many()
    RachunekBankowyFaktora: list[m.RachunekBankowy] = many()
    Skonto: m.Skonto | None = None
    LinkDoPlatnosci: TLinkDoPlatnosci | None = None
    IPKSeF: TIPKSeF | None = None


class Umowy(Node):
    """A contract."""

    CONTENT = "DataUmowy? NrUmowy?"
    DataUmowy: TDataU | None = None
    NrUmowy: TZnakowy | None = None


class Zamowienia(Node):
    """An order."""

    CONTENT = "DataZamowienia? NrZamowienia?"
    DataZamowienia: TDataU | None = None
    NrZamowienia: TZnakowy | None = None


class Przewoznik(Node):
    """A carrier."""

    CONTENT = "DaneIdentyfikacyjne AdresPrzewoznika"
    DaneIdentyfikacyjne: m.TPodmiot2
    AdresPrzewoznika: m.Adres


class Transport(Node):
    """A transport: kind, carrier, load, times and places."""

    CONTENT = (
        "(RodzajTransportu|TransportInny OpisInnegoTransportu) Przewoznik? NrZleceniaTransportu? "
        "(OpisLadunku|LadunekInny OpisInnegoLadunku) JednostkaOpakowania? (DataGodzRozpTransportu? "
        "DataGodzZakTransportu? WysylkaZ? WysylkaPrzez{20} WysylkaDo?)?"
    )
    RodzajTransportu: TRodzajTransportu | None = None
    TransportInny: TWybor1 | None = None
    OpisInnegoTransportu: TZnakowy50 | None = None
    Przewoznik: m.Przewoznik | None = None
    NrZleceniaTransportu: TZnakowy | None = None
    OpisLadunku: TLadunek | None = None
    LadunekInny: TWybor1 | None = None
    OpisInnegoLadunku: TZnakowy50 | None = None
    JednostkaOpakowania: TZnakowy | None = None
    DataGodzRozpTransportu: TDataCzas | None = None
    DataGodzZakTransportu: TDataCzas | None = None
    WysylkaZ: m.Adres | None = None
    WysylkaPrzez: list[m.Adres] = many()
    WysylkaDo: m.Adres | None = None


class WarunkiTransakcji(Node):
    """Terms of the transaction."""

    CONTENT = (
        "Umowy{100} Zamowienia{100} NrPartiiTowaru{1000} WarunkiDostawy? (KursUmowny WalutaUmowna)? "
        "Transport{20} PodmiotPosredniczacy?"
    )
    Umowy: list[m.Umowy] = many()
    Zamowienia: list[m.Zamowienia] = many()
    NrPartiiTowaru: list[TZnakowy] = many()
    WarunkiDostawy: TZnakowy | None = None
    KursUmowny: TIlosci | None = None
    WalutaUmowna: TKodWaluty | None = None
    Transport: list[m.Transport] = many()
    PodmiotPosredniczacy: TWybor1 | None = None


class ZamowienieWiersz(Node):
    """A line of the order an advance was paid for."""

    CONTENT = (
        "NrWierszaZam UU_IDZ? P_7Z? IndeksZ? GTINZ? PKWiUZ? CNZ? PKOBZ? P_8AZ? P_8BZ? P_9AZ? "
        "P_11NettoZ? P_11VatZ? P_12Z? P_12Z_XII? P_12Z_Zal_15? GTUZ? ProceduraZ? KwotaAkcyzyZ? "
        "StanPrzedZ?"
    )
    NrWierszaZam: TNaturalny = computed()
    UU_IDZ: TZnakowy50 | None = None
    P_7Z: TZnakowy512 | None = None
    IndeksZ: TZnakowy50 | None = None
    GTINZ: TZnakowy20 | None = None
    PKWiUZ: TZnakowy50 | None = None
    CNZ: TZnakowy50 | None = None
    PKOBZ: TZnakowy50 | None = None
    P_8AZ: TZnakowy | None = None
    P_8BZ: TIlosci | None = None
    P_9AZ: TKwotowy2 | None = None
    P_11NettoZ: TKwotowy | None = None
    P_11VatZ: TKwotowy | None = None
    P_12Z: TStawkaPodatku | None = None
    P_12Z_XII: TProcentowy | None = None
    P_12Z_Zal_15: TWybor1 | None = None
    GTUZ: TGTU | None = None
    ProceduraZ: TOznaczenieProceduryZ | None = None
    KwotaAkcyzyZ: TKwotowy | None = None
    StanPrzedZ: TWybor1 | None = None


class Zamowienie(Node):
    """The order or contract an advance was paid for. Its value includes the tax."""

    CONTENT = "WartoscZamowienia ZamowienieWiersz{1,10000}"
    WartoscZamowienia: TKwotowy = computed()
    ZamowienieWiersz: list[m.ZamowienieWiersz] = many()


class Fa(Node):
    """The body: number, dates, totals, notes, lines, payment. Rule: fa3.md sections 3-5."""

    CONTENT = (
        "KodWaluty P_1 P_1M? P_2 WZ{1000} (P_6|OkresFa)? (P_13_1 P_14_1 P_14_1W?)? (P_13_2 P_14_2 "
        "P_14_2W?)? (P_13_3 P_14_3 P_14_3W?)? (P_13_4 P_14_4 P_14_4W?)? (P_13_5 P_14_5?)? P_13_6_1? "
        "P_13_6_2? P_13_6_3? P_13_7? P_13_8? P_13_9? P_13_10? P_13_11? P_15 KursWalutyZ? Adnotacje "
        "RodzajFaktury (PrzyczynaKorekty? TypKorekty? DaneFaKorygowanej{1,50000} OkresFaKorygowanej? "
        "NrFaKorygowany? Podmiot1K? Podmiot2K{101} (P_15ZK KursWalutyZK?)?)? ZaliczkaCzesciowa{31} "
        "FP? TP? DodatkowyOpis{10000} FakturaZaliczkowa{100} ZwrotAkcyzy? FaWiersz{10000} "
        "Rozliczenie? Platnosc? WarunkiTransakcji? Zamowienie?"
    )
    KodWaluty: TKodWaluty = computed()
    P_1: TDataT
    P_1M: TZnakowy | None = None
    P_2: TZnakowy
    WZ: list[TZnakowy] = many()
    P_6: TDataT | None = None
    OkresFa: m.OkresFa | None = None
    P_13_1: TKwotowy | None = None
    P_14_1: TKwotowy | None = None
    P_14_1W: TKwotowy | None = None
    P_13_2: TKwotowy | None = None
    P_14_2: TKwotowy | None = None
    P_14_2W: TKwotowy | None = None
    P_13_3: TKwotowy | None = None
    P_14_3: TKwotowy | None = None
    P_14_3W: TKwotowy | None = None
    P_13_4: TKwotowy | None = None
    P_14_4: TKwotowy | None = None
    P_14_4W: TKwotowy | None = None
    P_13_5: TKwotowy | None = None
    P_14_5: TKwotowy | None = None
    P_13_6_1: TKwotowy | None = None
    P_13_6_2: TKwotowy | None = None
    P_13_6_3: TKwotowy | None = None
    P_13_7: TKwotowy | None = None
    P_13_8: TKwotowy | None = None
    P_13_9: TKwotowy | None = None
    P_13_10: TKwotowy | None = None
    P_13_11: TKwotowy | None = None
    P_15: TKwotowy = computed()
    KursWalutyZ: TIlosci | None = None
    Adnotacje: m.Adnotacje = computed()
    RodzajFaktury: TRodzajFaktury = computed()
    PrzyczynaKorekty: TZnakowy | None = None
    TypKorekty: TTypKorekty | None = None
    DaneFaKorygowanej: list[m.DaneFaKorygowanej] = many()
    OkresFaKorygowanej: TZnakowy | None = None
    NrFaKorygowany: TZnakowy | None = None
    Podmiot1K: m.Podmiot1K | None = None
    Podmiot2K: list[m.Podmiot2K] = many()
    P_15ZK: TKwotowy | None = None
    KursWalutyZK: TIlosci | None = None
    ZaliczkaCzesciowa: list[m.ZaliczkaCzesciowa] = many()
    FP: TWybor1 | None = None
    TP: TWybor1 | None = None
    DodatkowyOpis: list[m.DodatkowyOpis] = many()
    FakturaZaliczkowa: list[m.FakturaZaliczkowa] = many()
    ZwrotAkcyzy: TWybor1 | None = None
    FaWiersz: list[m.FaWiersz] = many()
    Rozliczenie: m.Rozliczenie | None = None
    Platnosc: m.Platnosc | None = None
    WarunkiTransakcji: m.WarunkiTransakcji | None = None
    Zamowienie: m.Zamowienie | None = None


class Informacje(Node):
    """A text at the foot."""

    CONTENT = "StopkaFaktury?"
    StopkaFaktury: TTekstowy | None = None


class Rejestry(Node):
    """Entries in registers."""

    CONTENT = "PelnaNazwa? KRS? REGON? BDO?"
    PelnaNazwa: TZnakowy | None = None
    KRS: TNrKRS | None = None
    REGON: TNrREGON | None = None
    BDO: TBDO | None = None


class Stopka(Node):
    """The foot."""

    CONTENT = "Informacje{3} Rejestry{100}"
    Informacje: list[m.Informacje] = many()
    Rejestry: list[m.Rejestry] = many()


class MetaDane(Node):
    """A key with its value, of a block."""

    CONTENT = "ZKlucz ZWartosc"
    ZKlucz: TZnakowy
    ZWartosc: TZnakowy


class Tekst(Node):
    """Paragraphs of a block."""

    CONTENT = "Akapit{1,10}"
    Akapit: list[TZnakowy512] = many()


class TMetaDane(Node):
    """A key with its value, of a table."""

    CONTENT = "TKlucz TWartosc"
    TKlucz: TZnakowy
    TWartosc: TZnakowy


class Kol(Node):
    """A column: head cell and declared type."""

    CONTENT = "NKom"
    ATTRIBUTES = ("Typ",)
    NKom: TNKom
    Typ: TTypKolumny


class TNaglowek(Node):
    """The head of a table."""

    CONTENT = "Kol{1,20}"
    Kol: list[m.Kol] = many()


class Wiersz(Node):
    """A row of cells."""

    CONTENT = "WKom{1,20}"
    WKom: list[TZnakowy2] = many()


class Suma(Node):
    """A row of sums."""

    CONTENT = "SKom{1,20}"
    SKom: list[TZnakowy2] = many()


class Tabela(Node):
    """A table of the attachment."""

    CONTENT = "TMetaDane{1000} Opis? TNaglowek Wiersz{1,1000} Suma?"
    TMetaDane: list[m.TMetaDane] = many()
    Opis: TZnakowy512 | None = None
    TNaglowek: m.TNaglowek
    Wiersz: list[m.Wiersz] = many()
    Suma: m.Suma | None = None


class BlokDanych(Node):
    """A block of the attachment. Rule: fa3.md section 6."""

    CONTENT = "ZNaglowek? MetaDane{1,1000} Tekst? Tabela{1000}"
    ZNaglowek: TZnakowy512 | None = None
    MetaDane: list[m.MetaDane] = many()
    Tekst: m.Tekst | None = None
    Tabela: list[m.Tabela] = many()


class Zalacznik(Node):
    """The attachment (FA(3), batch sessions, with consent)."""

    CONTENT = "BlokDanych{1,1000}"
    BlokDanych: list[m.BlokDanych] = many()


class Faktura(Node):
    """An invoice of FA(3) or FA(2)."""

    CONTENT = "Naglowek Podmiot1 Podmiot2 Podmiot3{100} PodmiotUpowazniony? Fa Stopka? Zalacznik?"
    Naglowek: m.Naglowek = computed()
    Podmiot1: m.Podmiot1
    Podmiot2: m.Podmiot2
    Podmiot3: list[m.Podmiot3] = many()
    PodmiotUpowazniony: m.PodmiotUpowazniony | None = None
    Fa: m.Fa
    Stopka: m.Stopka | None = None
    Zalacznik: m.Zalacznik | None = None
