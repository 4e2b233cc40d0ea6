"""What an invoice corrects, its details, its foot. Rule: pdf.md section 2, rows 2, 6, 16, 17 and 20."""

from __future__ import annotations

from collections.abc import Sequence

from klucznik.documents import fa, rr
from klucznik.documents.view.blocks import Block, Columns, Pair, Pairs, Section
from klucznik.documents.view.codes import CORRECTION_EFFECTS, named
from klucznik.documents.view.tables import Col, col, ordinal, tables
from klucznik.documents.view.words import amount, currency, day, exchange_rate, moment, percent, some, text
from klucznik.lang import tr


def corrected(body: fa.Fa | rr.FakturaRR) -> list[Section]:
    """`Dane faktury korygowanej`: why and with what effect, then the invoices that are corrected."""
    why = some(
        Pair(
            tr("Right number of the corrected invoice", "Poprawny numer faktury korygowanej"),
            text(body.NrFaKorygowany),
        ),
        Pair(
            tr("Reason of the correction", "Przyczyna korekty dla faktur korygujących"),
            text(body.PrzyczynaKorekty),
        ),
        Pair(tr("Takes effect", "Typ skutku korekty"), named(CORRECTION_EFFECTS, body.TypKorekty)),
        *(_paid_before(body) if isinstance(body, fa.Fa) else []),
    )
    which = _which(body.DaneFaKorygowanej)
    if not why and not which:
        return []
    heading = tr("Corrected invoice", "Dane faktury korygowanej")
    # Not beside each other: a KSeF number would be broken in half.
    blocks: list[Block] = [*([Pairs(why)] if why else []), *which]
    return [Section("corrected", heading, blocks)]


def _paid_before(body: fa.Fa) -> list[Pair]:
    advance = body.RodzajFaktury == "KOR_ZAL"
    before = (
        tr("Payment before the correction", "Kwota zapłaty przed korektą")
        if advance
        else tr("Left to pay before the correction", "Kwota pozostała do zapłaty przed korektą")
    )
    return [
        Pair(before, amount(body.P_15ZK, body.KodWaluty)),
        Pair(
            tr("Exchange rate before the correction", "Kurs waluty przed korektą"),
            exchange_rate(body.KursWalutyZK),
        ),
    ]


def _ksef_number(one: fa.DaneFaKorygowanej) -> str:
    return text(one.NrKSeFFaKorygowanej) or tr("issued outside KSeF", "wystawiona poza KSeF")


def _which(invoices: Sequence[fa.DaneFaKorygowanej]) -> list[Block]:
    issued = (
        "Issue date of the corrected invoice",
        "Data wystawienia faktury, której dotyczy faktura korygująca",
    )
    number = ("Number of the corrected invoice", "Numer faktury korygowanej")
    ksef = ("KSeF number of the corrected invoice", "Numer KSeF faktury korygowanej")
    heading = tr("Corrected invoices", "Dane identyfikacyjne faktury korygowanej")
    if len(invoices) == 1:
        one = invoices[0]
        pairs = some(
            Pair(tr(*issued), day(one.DataWystFaKorygowanej)),
            Pair(tr(*number), text(one.NrFaKorygowanej)),
            Pair(tr(*ksef), _ksef_number(one)),
        )
        return [Pairs(pairs, tr("Which one", "Dane identyfikacyjne faktury korygowanej"))]
    columns = [
        ordinal(),
        col("DataWystFaKorygowanej", *issued, day),
        col("NrFaKorygowanej", *number, weight=1.5),
        Col(*ksef, _ksef_number, weight=2),
    ]
    return [*tables(columns, invoices, heading)]


def details(invoice: fa.Faktura, common_rate: str) -> list[Section]:
    """`Szczegóły`. `common_rate` is the exchange rate all lines share, already written."""
    body = invoice.Fa
    period = body.OkresFa
    received = body.RodzajFaktury in ("ZAL", "KOR_ZAL")
    done = (
        tr("Payment received on", "Data otrzymania zapłaty")
        if received
        else tr(
            "Delivery or service completed on",
            "Data dokonania lub zakończenia dostawy towarów lub wykonania usługi",
        )
    )
    foreign = sorted({percent(line.P_12_XII) for line in body.FaWiersz if line.P_12_XII is not None})
    rate = tr("Exchange rate", "Kurs waluty")
    pairs = some(
        Pair(
            tr("Issue date", "Data wystawienia, z zastrzeżeniem art. 106na ust. 1 ustawy"),
            day(body.P_1),
        ),
        Pair(tr("Place of issue", "Miejsce wystawienia"), text(body.P_1M)),
        Pair(
            tr("Period of the discount", "Okres, którego dotyczy rabat"),
            text(body.OkresFaKorygowanej),
        ),
        Pair(done, day(body.P_6)),
        Pair(
            done,
            tr(
                f"from {day(period.P_6_Od)} to {day(period.P_6_Do)}",
                f"od {day(period.P_6_Od)} do {day(period.P_6_Do)}",
            )
            if period
            else "",
        ),
        Pair(tr("Currency", "Kod waluty"), currency(text(body.KodWaluty))),
        Pair("", tr("One Stop Shop procedure", "Procedura One Stop Shop") if foreign else ""),
        Pair(tr("Exchange rate of all lines", "Kurs waluty wspólny dla wszystkich wierszy"), common_rate),
        Pair(rate, exchange_rate(body.KursWalutyZ)),
    )
    advances = tables(
        [
            col("P_6Z", "Payment received on", "Data otrzymania płatności", day),
            col("P_15Z", "Amount", "Kwota płatności", amount, "right"),
            col("KursWalutyZW", "Exchange rate", "Kurs waluty", exchange_rate, "right"),
        ],
        body.ZaliczkaCzesciowa,
        tr("Payments in advance", "Płatności zaliczkowe"),
    )
    settled = tables(
        [
            ordinal(),
            Col(
                "Number of the advance invoice",
                "Numer faktury zaliczkowej",
                lambda one: text(one.NrKSeFFaZaliczkowej) or text(one.NrFaZaliczkowej),
                weight=3,
            ),
            Col(
                "In KSeF",
                "W KSeF",
                lambda one: tr("Yes", "Tak") if one.NrKSeFFaZaliczkowej else tr("No", "Nie"),
            ),
        ],
        body.FakturaZaliczkowa,
        tr("Earlier advance invoices", "Numery wcześniejszych faktur zaliczkowych"),
    )
    heading = tr("Details", "Szczegóły")
    return [Section("details", heading, [Columns([*in_turn(pairs)]), *advances, *settled])]


def in_turn(pairs: Sequence[Pair]) -> list[list[Block]]:
    """Pairs in two columns, filled in turn."""
    return [[Pairs(side)] for side in (pairs[::2], pairs[1::2]) if side]


def footer(foot: fa.Stopka | None) -> list[Section]:
    """`Rejestry` and `Pozostałe informacje`."""
    if foot is None:
        return []
    made = []
    registers = tables(
        [
            col("PelnaNazwa", "Full name", "Pełna nazwa", weight=3),
            col("KRS", "KRS", "KRS"),
            col("REGON", "REGON", "REGON"),
            col("BDO", "BDO", "BDO"),
        ],
        foot.Rejestry,
    )
    if registers:
        made.append(Section("registers", tr("Registers", "Rejestry"), registers))
    # The only text whose line ends its author chose.
    texts = [one.StopkaFaktury.strip() for one in foot.Informacje if one.StopkaFaktury]
    if any(texts):
        pairs = [Pair("", one) for one in texts if one]
        label = tr("Footer of the invoice", "Stopka faktury")
        made.append(Section("footer", tr("Other information", "Pozostałe informacje"), [Pairs(pairs, label)]))
    return made


def made_by(head: fa.Naglowek) -> str:
    """By what program the document was made, and when."""
    when = moment(head.DataWytworzeniaFa)
    program = text(head.SystemInfo)
    if not program:
        return tr(f"Made: {when}", f"Wytworzono: {when}")
    return tr(f"Made in: {program}, {when}", f"Wytworzona w: {program}, {when}")
