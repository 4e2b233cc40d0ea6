"""Invoices of our own making: small, complete, valid by the official XSDs, all names made up.

For the demo, the tests and the benchmarks. They are made as anybody makes one: typed objects, completed,
built; the schema is not asked, so that a test may make a wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from xml.sax.saxutils import escape, unescape

from klucznik.documents import build, fa, rr
from klucznik.documents.complete import complete
from klucznik.documents.forms import FA2, FA3, FA_RR1, Form

_CENT: Final = Decimal("0.01")
_FIELD: Final = re.compile(r"<(\w+)>([^<]*)</\1>")


@dataclass(frozen=True)
class Line:
    """One line: `price` is net, `rate` in percent, a value of P_12 such as 23, 8 or 5."""

    name: str
    quantity: Decimal = Decimal(1)
    price: Decimal = Decimal("100.00")
    rate: int = 23
    unit: str = "szt."

    @property
    def net(self) -> Decimal:
        return (self.quantity * self.price).quantize(_CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Third:
    """A Podmiot3: `identity` is its XML, such as `<NIP>…</NIP>` or `<IDWew>…</IDWew>`; role 0 is RolaInna."""

    identity: str
    role: int
    name: str = "Trzecia Strona Przykładowa"


@dataclass(frozen=True)
class Options:
    """What a sample may have beyond the plain case. Texts ending in `_xml` go in as they are."""

    buyer_identity_xml: str = ""
    currency: str = "PLN"
    rate_of_exchange: Decimal = Decimal("4.25")
    kind: str = "VAT"
    self_invoicing: bool = False
    thirds: Sequence[Third] = field(default_factory=tuple)
    authorized_nip: str = ""
    authorized_role: int = 3
    attachment: bool = False


LINES: Final = (
    Line("Ołówek przykładowy HB", Decimal(10), Decimal("1.50")),
    Line("Usługa zmyślona, godzina", Decimal("2.5"), Decimal("120.00"), unit="godz."),
    Line("Książka o fakturach", Decimal(1), Decimal("49.90"), rate=5),
)

SELLER: Final = "Zmyślona Wytwórnia Ołówków sp. z o.o."
BUYER: Final = "Przykładowy Odbiorca S.A."


def invoice(
    seller_nip: str,
    buyer_nip: str,
    number: str,
    issue_date: date,
    created: datetime,
    *,
    lines: Sequence[Line] = LINES,
    seller_name: str = SELLER,
    buyer_name: str = BUYER,
    form: Form = FA3,
    options: Options = Options(),
) -> bytes:
    """An FA(3) invoice (or FA(2), by `form`). `created` is aware and lies in the form's range.

    The totals are those of a sale, whatever `options.kind` says.
    """
    party = fa.TPodmiot2(Nazwa=buyer_name, **_fields(options.buyer_identity_xml) or {"NIP": buyer_nip})
    made = fa.Faktura(
        Podmiot1=fa.Podmiot1(
            DaneIdentyfikacyjne=fa.TPodmiot1(NIP=seller_nip, Nazwa=seller_name), Adres=_address()
        ),
        Podmiot2=fa.Podmiot2(DaneIdentyfikacyjne=party, Adres=_address()),
        Podmiot3=[_third(third) for third in options.thirds],
        PodmiotUpowazniony=_authorized(options),
        Fa=fa.Fa(
            KodWaluty=options.currency,
            P_1=issue_date,
            P_2=number,
            Adnotacje=fa.Adnotacje(P_17=1 if options.self_invoicing else 2),
            FaWiersz=[_line(line, options) for line in lines],
        ),
        Zalacznik=_attachment() if options.attachment else None,
    )
    complete(made, now=created, form=form)
    made.Fa.RodzajFaktury = options.kind
    return build.xml_of(made, check=False)


def self_invoice(
    seller_nip: str,
    buyer_nip: str,
    number: str,
    issue_date: date,
    created: datetime,
    *,
    lines: Sequence[Line] = LINES,
) -> bytes:
    """An FA(3) issued by the buyer on behalf of the seller (P_17 = 1)."""
    options = Options(self_invoicing=True)
    return invoice(seller_nip, buyer_nip, number, issue_date, created, lines=lines, options=options)


def faulty_invoice(
    seller_nip: str, buyer_nip: str, number: str, issue_date: date, created: datetime
) -> bytes:
    """An FA(3) without its number: P_2 is missing, status 450."""
    whole = invoice(seller_nip, buyer_nip, number, issue_date, created)
    return whole.replace(f"<P_2>{escape(number)}</P_2>".encode(), b"")


def rr_invoice(
    farmer_nip: str,
    buyer_nip: str,
    number: str,
    issue_date: date,
    created: datetime,
    *,
    value: Decimal = Decimal("1000.00"),
) -> bytes:
    """An FA_RR(1): the buyer issues it for a flat-rate farmer, one line at 7 %."""
    row = rr.FakturaRRWiersz(
        P_5="Marchew zmyślona", P_6A="kg", P_6B=Decimal(1), P_6C="I", P_7=value, P_9=Decimal(7)
    )
    made = rr.Faktura(
        Podmiot1=rr.Podmiot1(
            DaneIdentyfikacyjne=fa.TPodmiot1(NIP=farmer_nip, Nazwa="Gospodarstwo Zmyślone"), Adres=_address()
        ),
        Podmiot2=rr.Podmiot2(DaneIdentyfikacyjne=fa.TPodmiot1(NIP=buyer_nip, Nazwa=BUYER), Adres=_address()),
        FakturaRR=rr.FakturaRR(P_4B=issue_date, P_4C=number, FakturaRRWiersz=[row]),
    )
    return build.xml_of(complete(made, now=created, form=FA_RR1), check=False)


def fa2_invoice(seller_nip: str, buyer_nip: str, number: str, issue_date: date, created: datetime) -> bytes:
    """The same invoice in FA(2)."""
    return invoice(seller_nip, buyer_nip, number, issue_date, created, form=FA2)


def _address() -> fa.Adres:
    return fa.Adres(KodKraju="PL", AdresL1="ul. Zmyślona 1", AdresL2="00-000 Przykładowo")


def _fields(identity_xml: str) -> dict[str, Any]:
    """`<NIP>…</NIP>` as fields of an identity."""
    found: dict[str, Any] = {name: unescape(text) for name, text in _FIELD.findall(identity_xml)}
    return found | {"BrakID": 1} if "BrakID" in found else found


def _third(third: Third) -> fa.Podmiot3:
    role: dict[str, Any] = {"Rola": third.role} if third.role else {"OpisRoli": "rola przykładowa"}
    who = fa.TPodmiot3(Nazwa=third.name, **_fields(third.identity))
    return fa.Podmiot3(DaneIdentyfikacyjne=who, Adres=_address(), **role)


def _authorized(options: Options) -> fa.PodmiotUpowazniony | None:
    if not options.authorized_nip:
        return None
    who = fa.TPodmiot1(NIP=options.authorized_nip, Nazwa="Przedstawiciel Zmyślony")
    return fa.PodmiotUpowazniony(DaneIdentyfikacyjne=who, Adres=_address(), RolaPU=options.authorized_role)


def _line(line: Line, options: Options) -> fa.FaWiersz:
    return fa.FaWiersz(
        P_7=line.name,
        P_8A=line.unit,
        P_8B=line.quantity,
        P_9A=line.price,
        P_12=str(line.rate),
        KursWaluty=None if options.currency == "PLN" else options.rate_of_exchange,
    )


def _attachment() -> fa.Zalacznik:
    meter = fa.MetaDane(ZKlucz="licznik", ZWartosc="zmyślony")
    return fa.Zalacznik(BlokDanych=[fa.BlokDanych(MetaDane=[meter])])
