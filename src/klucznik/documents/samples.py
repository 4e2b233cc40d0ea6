"""Invoices of our own making: small, complete, valid by the official XSDs, all names made up.

For the demo, the tests and the benchmarks. Sums are computed from the lines with Decimal; nothing
here is a model of how a business invoice should be filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from xml.sax.saxutils import escape

from klucznik.documents.forms import FA2, FA3, FA_RR1, Form

_CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Line:
    """One line: `price` is net, `rate` in percent, one of 23, 8 and 5."""

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

#: Rate in percent -> suffix of P_13_x and P_14_x (fa3.md section 4).
_BUCKETS: Final = {23: "1", 8: "2", 5: "3"}


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
    """An FA(3) invoice (or FA(2), by `form`). `created` is aware and lies in the form's range."""
    body = _body(number, issue_date, lines, options)
    flags = "<JST>2</JST><GV>2</GV>" if form is FA3 else ""
    buyer = options.buyer_identity_xml or f"<NIP>{buyer_nip}</NIP>"
    return _document(
        form,
        created,
        _party("Podmiot1", f"<NIP>{seller_nip}</NIP>", seller_name)
        + _party("Podmiot2", buyer, buyer_name, flags)
        + "".join(_third(third) for third in options.thirds)
        + _authorized(options),
        body + (_ATTACHMENT if options.attachment else ""),
    )


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
    refund = (value * Decimal("0.07")).quantize(_CENT, ROUND_HALF_UP)
    total = value + refund
    body = (
        f"<FakturaRR><KodWaluty>PLN</KodWaluty><P_4B>{issue_date}</P_4B><P_4C>{escape(number)}</P_4C>"
        f"<P_11_1>{value}</P_11_1><P_11_2>{refund}</P_11_2><P_12_1>{total}</P_12_1>"
        "<P_12_2>kwota przykładowa słownie</P_12_2><RodzajFaktury>VAT_RR</RodzajFaktury>"
        "<FakturaRRWiersz><NrWierszaFa>1</NrWierszaFa><P_5>Marchew zmyślona</P_5><P_6A>kg</P_6A>"
        f"<P_6B>1</P_6B><P_6C>I</P_6C><P_7>{value}</P_7><P_8>{value}</P_8><P_9>7</P_9><P_10>{refund}</P_10>"
        f"<P_11>{total}</P_11></FakturaRRWiersz></FakturaRR>"
    )
    parties = _party("Podmiot1", f"<NIP>{farmer_nip}</NIP>", "Gospodarstwo Zmyślone") + _party(
        "Podmiot2", f"<NIP>{buyer_nip}</NIP>", BUYER
    )
    return _document(FA_RR1, created, parties, body)


def fa2_invoice(seller_nip: str, buyer_nip: str, number: str, issue_date: date, created: datetime) -> bytes:
    """The same invoice in FA(2)."""
    return invoice(seller_nip, buyer_nip, number, issue_date, created, form=FA2)


def _document(form: Form, created: datetime, parties: str, body: str) -> bytes:
    stamp = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Faktura xmlns="{form.namespace}"><Naglowek>'
        f'<KodFormularza kodSystemowy="{form.system_code}" wersjaSchemy="{form.schema_version}">'
        f"{form.value}</KodFormularza><WariantFormularza>{form.variant}</WariantFormularza>"
        f"<DataWytworzeniaFa>{stamp}</DataWytworzeniaFa><SystemInfo>Klucznik</SystemInfo></Naglowek>"
        f"{parties}{body}</Faktura>\n"
    ).encode()


def _party(element: str, identity_xml: str, name: str, rest_xml: str = "") -> str:
    return (
        f"<{element}><DaneIdentyfikacyjne>{identity_xml}<Nazwa>{escape(name)}</Nazwa></DaneIdentyfikacyjne>"
        "<Adres><KodKraju>PL</KodKraju><AdresL1>ul. Zmyślona 1</AdresL1>"
        f"<AdresL2>00-000 Przykładowo</AdresL2></Adres>{rest_xml}</{element}>"
    )


def _third(third: Third) -> str:
    role = (
        f"<Rola>{third.role}</Rola>"
        if third.role
        else "<RolaInna>1</RolaInna><OpisRoli>rola przykładowa</OpisRoli>"
    )
    return _party("Podmiot3", third.identity, third.name, role)


def _authorized(options: Options) -> str:
    if not options.authorized_nip:
        return ""
    identity, role = f"<NIP>{options.authorized_nip}</NIP>", f"<RolaPU>{options.authorized_role}</RolaPU>"
    return _party("PodmiotUpowazniony", identity, "Przedstawiciel Zmyślony", role)


def _body(number: str, issue_date: date, lines: Sequence[Line], options: Options) -> str:
    totals, gross = "", Decimal(0)
    for rate, bucket in _BUCKETS.items():
        if not any(line.rate == rate for line in lines):
            continue
        net = sum((line.net for line in lines if line.rate == rate), Decimal(0))
        vat = (net * rate / 100).quantize(_CENT, ROUND_HALF_UP)
        gross += net + vat
        totals += f"<P_13_{bucket}>{net}</P_13_{bucket}><P_14_{bucket}>{vat}</P_14_{bucket}>"
        if options.currency != "PLN":
            in_pln = (vat * options.rate_of_exchange).quantize(_CENT, ROUND_HALF_UP)
            totals += f"<P_14_{bucket}W>{in_pln}</P_14_{bucket}W>"
    own = 1 if options.self_invoicing else 2
    rows = "".join(
        f"<FaWiersz><NrWierszaFa>{n}</NrWierszaFa><P_7>{escape(line.name)}</P_7><P_8A>{line.unit}</P_8A>"
        f"<P_8B>{line.quantity}</P_8B><P_9A>{line.price}</P_9A><P_11>{line.net}</P_11>"
        f"<P_12>{line.rate}</P_12></FaWiersz>"
        for n, line in enumerate(lines, 1)
    )
    return (
        f"<Fa><KodWaluty>{options.currency}</KodWaluty><P_1>{issue_date}</P_1><P_2>{escape(number)}</P_2>"
        f"{totals}<P_15>{gross.quantize(_CENT)}</P_15>"
        f"<Adnotacje><P_16>2</P_16><P_17>{own}</P_17><P_18>2</P_18><P_18A>2</P_18A>"
        "<Zwolnienie><P_19N>1</P_19N></Zwolnienie>"
        "<NoweSrodkiTransportu><P_22N>1</P_22N></NoweSrodkiTransportu><P_23>2</P_23>"
        f"<PMarzy><P_PMarzyN>1</P_PMarzyN></PMarzy></Adnotacje><RodzajFaktury>{options.kind}</RodzajFaktury>"
        f"{rows}</Fa>"
    )


_ATTACHMENT: Final = (
    "<Zalacznik><BlokDanych><MetaDane><ZKlucz>licznik</ZKlucz><ZWartosc>zmyślony</ZWartosc></MetaDane>"
    "</BlokDanych></Zalacznik>"
)
