"""The simple types of the forms, by their official names: what may stand in an element.

Each type is an annotation (`P_15: TKwotowy`), so a type checker sees `Decimal`, and carries a `Simple`
with the facets of the official schema, from which validation, messages and values come. Rule: fa3.md
section 2. A form that knows a type otherwise says so in `forms`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, get_args

#: The namespace of the Ministry's shared definitions.
COMMON: Final = "http://crd.gov.pl/xml/schematy/dziedzinowe/mf/2022/01/05/eD/DefinicjeTypy/"

#: How a value is held: text as written, an exact number, a whole number, a day, a moment.
Held = Literal["text", "number", "whole", "day", "moment"]

_XSD_HELD: Final[dict[str, Held]] = {
    "string": "text",
    "normalizedString": "text",
    "token": "text",
    "decimal": "number",
    "integer": "whole",
    "int": "whole",
    "nonNegativeInteger": "whole",
    "byte": "whole",
    "date": "day",
    "dateTime": "moment",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Simple:
    """A simple type: a restriction of `base`, which is another one or the name of one of XSD's own.

    `name` is empty for a restriction written in its place; `common` marks the types of the Ministry's
    shared definitions. Facets are as in the schema; `either` makes it a union of patterns. `wrapped`
    marks an element whose complex type adds nothing to its simple content.
    """

    name: str = ""
    base: Simple | str
    common: bool = False
    pattern: str = ""
    min_length: int | None = None
    max_length: int | None = None
    total_digits: int | None = None
    fraction_digits: int | None = None
    low: str = ""
    high: str = ""
    above: str = ""
    values: tuple[str, ...] = ()
    collapse: bool = False
    either: tuple[str, ...] = ()
    wrapped: bool = False

    @property
    def builtin(self) -> str:
        """The XSD type this one restricts in the end."""
        return self.base if isinstance(self.base, str) else self.base.builtin

    @property
    def held(self) -> Held:
        return _XSD_HELD[self.builtin]

    def lineage(self) -> list[Simple]:
        """This type and those it restricts, the widest first."""
        return [self] if isinstance(self.base, str) else [*self.base.lineage(), self]


def simple(annotation: Any) -> Simple:
    """The facets behind an annotation such as `TZnakowy`."""
    found: Simple = get_args(annotation)[1]
    return found


# ---- text -----------------------------------------------------------------------------------------

_TEXT: Final = Simple(name="TZnakowy", base="token", min_length=1, max_length=256)
_TEXT20: Final = Simple(name="TZnakowy20", base="token", min_length=1, max_length=20)
_TEXT50: Final = Simple(name="TZnakowy50", base="token", min_length=1, max_length=50)
_TEXT512: Final = Simple(name="TZnakowy512", base="token", min_length=1, max_length=512)
_CELL: Final = Simple(name="TZnakowy2", base="token", min_length=0, max_length=256)

TZnakowy = Annotated[str, _TEXT]
TZnakowy20 = Annotated[str, _TEXT20]
TZnakowy50 = Annotated[str, _TEXT50]
TZnakowy512 = Annotated[str, _TEXT512]
TZnakowy2 = Annotated[str, _CELL]
#: The text of a head cell in an attachment's table.
TNKom = Annotated[str, Simple(base=_CELL, wrapped=True)]
TTekstowy = Annotated[
    str, Simple(name="TTekstowy", base="string", common=True, min_length=1, max_length=3500)
]
TGLN = Annotated[str, Simple(name="TGLN", base="token", min_length=1, max_length=13)]
TNumerTelefonu = Annotated[str, Simple(name="TNumerTelefonu", base=_TEXT, max_length=16)]
TAdresEmail = Annotated[
    str,
    Simple(name="TAdresEmail", base="token", common=True, min_length=3, max_length=255, pattern="(.)+@(.)+"),
]
TIDNabywcy = Annotated[str, Simple(base=_TEXT50, max_length=32)]
TBDO = Annotated[str, Simple(base=_TEXT, max_length=9)]

# ---- identifiers ----------------------------------------------------------------------------------

_NIP: Final = r"[1-9]((\d[1-9])|([1-9]\d))\d{7}"
_TAX_ID: Final = Simple(
    name="TNrIdentyfikacjiPodatkowej", base="string", common=True, min_length=1, max_length=50
)

TNrNIP = Annotated[str, Simple(name="TNrNIP", base="string", common=True, pattern=_NIP)]
TNIPIdWew = Annotated[str, Simple(name="TNIPIdWew", base=_TEXT20, pattern=_NIP + r"-\d{5}")]
TNrVatUE = Annotated[str, Simple(name="TNrVatUE", base="string", pattern=r"(\d|[A-Z]|\+|\*){1,12}")]
TNrID = Annotated[str, Simple(base=_TAX_ID)]
TNrKRS = Annotated[str, Simple(name="TNrKRS", base="string", common=True, pattern=r"\d{10}")]
TNrREGON = Annotated[str, Simple(name="TNrREGON", base="string", common=True, either=(r"\d{9}", r"\d{14}"))]
TNrRB = Annotated[str, Simple(name="TNrRB", base="string", min_length=10, max_length=34)]
SWIFT_Type = Annotated[
    str, Simple(name="SWIFT_Type", base="string", pattern="[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3}){0,1}")
]
TNumerKSeF = Annotated[
    str,
    Simple(
        name="TNumerKSeF",
        base="token",
        pattern=rf"({_NIP}|M\d{{9}}|[A-Z]{{3}}\d{{7}})"
        "-(20[2-9][0-9]|2[1-9][0-9]{2}|[3-9][0-9]{3})(0[1-9]|1[0-2])(0[1-9]|[1-2][0-9]|3[0-1])"
        "-([0-9A-F]{6})-?([0-9A-F]{6})-([0-9A-F]{2})",
    ),
]
TIPKSeF = Annotated[str, Simple(base=_TEXT20, max_length=13, pattern="[0-9]{3}[a-zA-Z0-9]{10}")]
TLinkDoPlatnosci = Annotated[
    str,
    Simple(
        base=_TEXT512,
        pattern=r"(https?)://([a-zA-Z0-9][a-zA-Z0-9-]*\.)+[a-zA-Z]{2,}(:[0-9]{1,5})?(/[^\s?#]*)?"
        r"\?([^#\s]*&)?IPKSeF=[0-9]{3}[a-zA-Z0-9]{10}(&[^#\s]*)?(#.*)?",
    ),
]

# ---- numbers --------------------------------------------------------------------------------------

TKwotowy = Annotated[
    Decimal,
    Simple(
        name="TKwotowy",
        base="decimal",
        total_digits=18,
        fraction_digits=2,
        pattern=r"-?([1-9]\d{0,15}|0)(\.\d{1,2})?",
    ),
]
TKwotowy2 = Annotated[
    Decimal,
    Simple(
        name="TKwotowy2",
        base="decimal",
        total_digits=22,
        fraction_digits=8,
        pattern=r"-?([1-9]\d{0,13}|0)(\.\d{1,8})?",
    ),
]
TIlosci = Annotated[
    Decimal,
    Simple(
        name="TIlosci",
        base="decimal",
        total_digits=22,
        fraction_digits=6,
        pattern=r"-?([1-9]\d{0,15}|0)(\.\d{1,6})?",
    ),
]
TProcentowy = Annotated[
    Decimal,
    Simple(
        name="TProcentowy",
        base="decimal",
        total_digits=9,
        fraction_digits=6,
        low="0",
        high="100",
        collapse=True,
    ),
]
_NATURAL: Final = Simple(
    name="TNaturalny", base="nonNegativeInteger", common=True, collapse=True, total_digits=14
)
TNaturalny = Annotated[int, Simple(name="TNaturalny", base=_NATURAL, above="0")]
TCalkowita = Annotated[int, Simple(base="integer")]

# ---- days and moments -----------------------------------------------------------------------------

_DAY: Final = Simple(
    name="TData",
    base="date",
    common=True,
    low="1900-01-01",
    high="2050-12-31",
    pattern=r"((\d{4})-(\d{2})-(\d{2}))",
)
_MOMENT: Final = Simple(name="TDataCzas", base="dateTime", common=True, collapse=True)
_LAST: Final = "2050-01-01T23:59:59Z"

TData = Annotated[date, Simple(name="TData", base=_DAY, low="2016-07-01", high="2050-01-01")]
TDataT = Annotated[date, Simple(name="TDataT", base=_DAY, low="2006-01-01", high="2050-01-01")]
TDataU = Annotated[date, Simple(name="TDataU", base=_DAY, low="1990-01-01", high="2050-01-01")]
TDataCzas = Annotated[
    datetime, Simple(name="TDataCzas", base=_MOMENT, low="2021-10-01T00:00:00Z", high=_LAST)
]


def created_from(first: str) -> Simple:
    """The type of DataWytworzeniaFa, which starts at another moment in each form."""
    return Simple(base=_MOMENT, low=first, high=_LAST)


TDataWytworzeniaFa = Annotated[datetime, created_from("2025-09-01T00:00:00Z")]

# ---- choices --------------------------------------------------------------------------------------


def _one_of(name: str, base: Simple | str, values: str, *, common: bool = False) -> Simple:
    return Simple(name=name, base=base, values=tuple(values.split()), common=common)


def form_value(value: str) -> Simple:
    """The type of KodFormularza."""
    return Simple(name="TKodFormularza", base="string", values=(value,))


def variant(value: str) -> Simple:
    """The type of WariantFormularza."""
    return Simple(base="byte", values=(value,))


TKodFormularza = Annotated[str, form_value("FA")]
TWariantFormularza = Annotated[int, variant("3")]
TWybor1 = Annotated[int, _one_of("TWybor1", "byte", "1", common=True)]
TWybor1_2 = Annotated[int, _one_of("TWybor1_2", "byte", "1 2", common=True)]
#: JST and GV are declared in their place.
TTakNie = Annotated[int, _one_of("", "integer", "1 2")]
TFormaPlatnosci = Annotated[int, _one_of("TFormaPlatnosci", "integer", "1 2 3 4 5 6 7")]
TLadunek = Annotated[
    int, _one_of("TLadunek", "integer", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20")
]
TRodzajTransportu = Annotated[int, _one_of("TRodzajTransportu", "integer", "1 2 3 4 5 7 8")]
TRachunekWlasnyBanku = Annotated[int, _one_of("TRachunekWlasnyBanku", "integer", "1 2 3")]
TStatusInfoPodatnika = Annotated[int, _one_of("TStatusInfoPodatnika", "integer", "1 2 3 4")]
TRolaPodmiotuUpowaznionego = Annotated[int, _one_of("TRolaPodmiotuUpowaznionego", "integer", "1 2 3")]


def third_roles(values: str) -> Simple:
    return _one_of("TRolaPodmiotu3", "integer", values)


TRolaPodmiotu3 = Annotated[int, third_roles("1 2 3 4 5 6 7 8 9 10 11")]


def correction_types(values: str) -> Simple:
    return _one_of("TTypKorekty", "integer", values)


TTypKorekty = Annotated[int, correction_types("1 2 3")]


def kinds(values: str) -> Simple:
    return _one_of("TRodzajFaktury", _TEXT, values)


TRodzajFaktury = Annotated[str, kinds("VAT KOR ZAL ROZ UPR KOR_ZAL KOR_ROZ")]


def rates(*values: str) -> Simple:
    return Simple(name="TStawkaPodatku", base=_TEXT, values=values)


TStawkaPodatku = Annotated[
    str,
    rates("23", "22", "8", "7", "5", "4", "3", "0 KR", "0 WDT", "0 EX", "zw", "oo", "np I", "np II"),
]
#: FA_RR: the rate of the flat-rate refund, a number (`7.0` is right).
RATE_RR: Final = Simple(
    name="TStawkaPodatku",
    base=Simple(
        name="TProcentowy",
        base="decimal",
        common=True,
        total_digits=5,
        fraction_digits=2,
        low="0",
        high="100",
        collapse=True,
    ),
    values=("6.5", "7"),
)
TStawkaRR = Annotated[Decimal, RATE_RR]
TOznaczenieProcedury = Annotated[
    str,
    _one_of("TOznaczenieProcedury", _TEXT, "WSTO_EE IED TT_D I_42 I_63 B_SPV B_SPV_DOSTAWA B_MPV_PROWIZJA"),
]
TOznaczenieProceduryZ = Annotated[
    str,
    _one_of("TOznaczenieProceduryZ", _TEXT, "WSTO_EE IED TT_D B_SPV B_SPV_DOSTAWA B_MPV_PROWIZJA"),
]
TGTU = Annotated[str, _one_of("TGTU", _TEXT, " ".join(f"GTU_{n:02}" for n in range(1, 14)))]
TTypKolumny = Annotated[str, _one_of("", "string", "date datetime dec int time txt")]
TAtrybut = Annotated[str, Simple(base="string")]

_EU: Final = "AT BE BG CY CZ DK EE FI FR DE EL HR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE XI"
TKodyKrajowUE = Annotated[str, _one_of("TKodyKrajowUE", "normalizedString", _EU)]

_COUNTRIES: Final = (
    "AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS "
    "BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG "
    "EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR "
    "HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR "
    "LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG "
    "NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE "
    "SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA "
    "UG UM US UY UZ VA VC VE VG VI VN VU WF WS XC XI XK XL YE YT ZA ZM ZW"
)
TKodKraju = Annotated[str, _one_of("TKodKraju", "normalizedString", _COUNTRIES, common=True)]

_WHOLE: Final = Simple(name="TKwotaC", base="integer", common=True, total_digits=14)
#: Shared definitions that no element has, yet xsi:type may name where it has what they restrict.
NAMEABLE: Final = (
    Simple(name="TKodKrajuWydania", base=simple(TKodKraju), common=True, pattern="P[A-KM-Z]|[A-OQ-Z][A-Z]"),
    Simple(name="TCalkowity", base="int", common=True, collapse=True, total_digits=14),
    _WHOLE,
    Simple(name="TKwotaCNieujemna", base=_WHOLE, common=True, low="0"),
    Simple(name="TMiesiac", base="byte", common=True, low="1", high="12"),
    Simple(name="TKwartal", base="byte", common=True, low="1", high="4"),
    _one_of("TCelZlozenia", "byte", "1 2", common=True),
    _one_of("TWybor1_3", "byte", "1 2 3", common=True),
)

_CURRENCIES: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN "
    "BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD "
    "FKP GBP GEL GGP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS IMP INR IQD IRR ISK JEP JMD JOD "
    "JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR "
    "MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF "
    "SAR SBD SCR SDG SEK SGD SHP SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD USN UYI UYU UYW UZS VES VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR XOF XPD XPF XPT XSU "
    "XUA XXX YER ZAR ZMW ZWL"
)


def currencies(more: str = "") -> Simple:
    return _one_of("TKodWaluty", "normalizedString", f"{_CURRENCIES} {more}")


TKodWaluty = Annotated[str, currencies("XCG")]
