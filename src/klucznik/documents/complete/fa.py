"""What is worked out of the body of an FA(3) or FA(2): lines, totals by kind, the amount due.

Rules: fa3.md sections 4 and 5. How the tax is worked out stands in `totals`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from klucznik.documents import fa
from klucznik.documents.complete import totals
from klucznik.documents.complete.notes import is_margin, notes
from klucznik.documents.complete.totals import ZERO, Sold, Total, Totals
from klucznik.documents.forms import FA2, Form
from klucznik.documents.invoice import Fault
from klucznik.documents.model import Node
from klucznik.documents.objects import fault
from klucznik.documents.rates import BUCKETS, MARGIN, NETS, Bucket, oss

CORRECTIONS: Final = frozenset(["KOR", "KOR_ZAL", "KOR_ROZ"])


@dataclass(frozen=True)
class Advance:
    """An advance invoice that a settlement takes off; `ksef_number` is empty when it is not known."""

    invoice: fa.Faktura
    ksef_number: str = ""


class Body:
    """The body of one FA(3) or FA(2) at work: lines, totals, notes; faults are put down on the way."""

    def __init__(self, invoice: fa.Faktura, form: Form, advances: Sequence[Advance]) -> None:
        self.invoice = invoice
        self.body = invoice.Fa
        self.form = form
        self.advances = advances
        self.faults: list[Fault] = []
        self.margin = self.body.Adnotacje is not None and is_margin(self.body.Adnotacje.PMarzy)
        #: The totals are given, all of them; only a tax may be missing.
        self.whole = self.body.P_15 is not None and any(getattr(self.body, net) is not None for net in NETS)
        #: Lines that do not say enough are no fault.
        self.given = self.whole or (self.body.P_15 is not None and self.body.RodzajFaktury == "UPR")
        self.exchange = self._exchange()

    def wrong(self, where: str, en: str, pl: str) -> None:
        self.faults.append(fault(where, en, pl))

    def fill(self, line_tax: bool) -> list[Fault]:
        body, kind = self.body, self.body.RodzajFaktury
        # (1) Lines, and the rows of an order: numbers, values.
        _number(body.FaWiersz, "NrWierszaFa")
        sold = list(self._lines())
        order = list(self._order())
        # (2) What the totals come to, by kind. Rule: section 5.
        if kind in ("ZAL", "KOR_ZAL") and body.Zamowienie is not None:
            worked_out = self._advance(order)
        elif kind == "ROZ":
            worked_out = self._rest(sold)
        else:
            worked_out = totals.of_lines(sold)
        # (3) Into the document, around what is given.
        self._put(worked_out, {one.bucket for one in sold})
        self._due(bool(sold))
        # (4) The notes, which may depend on lines and totals.
        self.faults += notes(body, self.exchange)
        if line_tax:
            self._line_taxes()
        return self.faults

    # ---- lines ------------------------------------------------------------------------------------

    def _exchange(self) -> Decimal | None:
        """Zloty per unit of the currency, when the invoice gives one only; lines without it get it."""
        body = self.body
        if body.KodWaluty == "PLN":
            return None
        rates = {line.KursWaluty for line in body.FaWiersz if line.KursWaluty is not None}
        if len(rates) != 1:
            return None if rates else body.KursWalutyZ
        found = rates.pop()
        for line in body.FaWiersz:
            if line.KursWaluty is None and not self.given:
                line.KursWaluty = found
        return found

    def _lines(self) -> Iterator[Sold]:
        many = len(self.body.FaWiersz) > 1
        for n, line in enumerate(self.body.FaWiersz, 1):
            where = f"Fa/FaWiersz[{n}]" if many else "Fa/FaWiersz"
            stated = line.P_11Vat
            if line.P_11 is None and line.P_8B is not None and line.P_9A is not None:
                line.P_11 = totals.value_of(line.P_8B, line.P_9A, line.P_10)
            if line.P_11A is None and line.P_8B is not None and line.P_9B is not None:
                line.P_11A = totals.value_of(line.P_8B, line.P_9B, line.P_10)
            # The price says which way: a line with a gross price only is worked out from gross.
            bucket = self._bucket(line.P_12, line.P_12_XII, f"{where}/P_12")
            net = line.P_11
            if net is None and line.P_11A is None and not self.given:
                self.wrong(
                    where,
                    "its value cannot be known; give P_8B with P_9A (net) or P_9B (gross), or P_11 or P_11A",
                    "wartość nieznana; podaj P_8B z P_9A (netto) lub P_9B (brutto) albo P_11 lub P_11A",
                )
            if bucket is None or (net is None and line.P_11A is None):
                continue
            sign = -1 if line.StanPrzed else 1
            yield Sold(
                bucket,
                None if net is None else sign * net,
                None if line.P_11A is None else sign * line.P_11A,
                None if stated is None else sign * stated,
                line.KursWaluty or self.exchange,
            )

    def _order(self) -> Iterator[tuple[bool, Sold]]:
        """Rows of the order with the tax that art. 106f(1)(4) wants; True for the state before."""
        order = self.body.Zamowienie
        if order is None:
            return
        _number(order.ZamowienieWiersz, "NrWierszaZam")
        many, worth = len(order.ZamowienieWiersz) > 1, ZERO
        for n, row in enumerate(order.ZamowienieWiersz, 1):
            where = f"Fa/Zamowienie/ZamowienieWiersz[{n}]" if many else "Fa/Zamowienie/ZamowienieWiersz"
            if row.P_11NettoZ is None and row.P_8BZ is not None and row.P_9AZ is not None:
                row.P_11NettoZ = totals.value_of(row.P_8BZ, row.P_9AZ, None)
            bucket = self._bucket(row.P_12Z, row.P_12Z_XII, f"{where}/P_12Z")
            if row.P_11NettoZ is None and not self.given:
                self.wrong(
                    where,
                    "its value cannot be known; give P_8BZ with P_9AZ, or P_11NettoZ",
                    "wartość nieznana; podaj P_8BZ z P_9AZ albo P_11NettoZ",
                )
            if bucket is None or row.P_11NettoZ is None:
                continue
            if row.P_11VatZ is None and bucket.percent is not None:
                row.P_11VatZ = totals.tax_on(row.P_11NettoZ, bucket.percent)
            gross = row.P_11NettoZ + (row.P_11VatZ or ZERO)
            if not row.StanPrzedZ:
                worth += gross
            yield bool(row.StanPrzedZ), Sold(bucket, gross=gross)
        if order.WartoscZamowienia is None:
            order.WartoscZamowienia = worth

    def _bucket(self, rate: str | None, oss_percent: Decimal | None, where: str) -> Bucket | None:
        """Where a rate belongs, or None with a fault."""
        if rate is None and oss_percent is not None:
            return oss(oss_percent)
        if rate is None:
            if self.margin:
                return MARGIN
            if not self.given:
                self.wrong(
                    where,
                    "give the rate, or P_PMarzy in Adnotacje when it is a margin scheme",
                    "podaj stawkę albo, przy procedurze marży, P_PMarzy w Adnotacje",
                )
            return None
        if rate in ("0", "np") and self.form is FA2:
            return self._of_fa2(rate, where)
        return BUCKETS.get(rate)

    def _of_fa2(self, rate: str, where: str) -> Bucket | None:
        """FA(2) has one `0` and one `np`; which total they belong to, the law knows only at home."""
        nets = ("P_13_6_1", "P_13_6_2", "P_13_6_3") if rate == "0" else ("P_13_8", "P_13_9")
        if any(getattr(self.body, net) is not None for net in nets):
            return None
        if self.invoice.Podmiot2.DaneIdentyfikacyjne.NIP is None:
            choice = ", ".join(nets)
            self.wrong(
                where,
                f'"{rate}" may belong to any of {choice}: give the one that is right',
                f'"{rate}" może należeć do {choice}: podaj właściwe',
            )
            return None
        return BUCKETS[rate]

    # ---- totals -----------------------------------------------------------------------------------

    def _advance(self, order: list[tuple[bool, Sold]]) -> Totals:
        """ZAL and KOR_ZAL: the payment spread over the order. Rule: VAT Act art. 106f(1)(3).

        Where a correction shows the order before and after (StanPrzedZ, each time the whole of it), the
        totals are the payment after over the order after, less the payment before over the order before.
        """
        body = self.body
        if body.P_15 is None and body.ZaliczkaCzesciowa:
            body.P_15 = sum((one.P_15Z for one in body.ZaliczkaCzesciowa), ZERO)
        if body.P_15 is None:
            self.wrong("Fa/P_15", "give the payment that was received", "podaj otrzymaną zapłatę")
            return {}
        before = [row for was, row in order if was]
        after = [row for was, row in order if not was]
        try:
            if not before:
                return totals.of_advance(body.P_15, after, body.KursWalutyZ or self.exchange)
            if body.P_15ZK is None:
                self.wrong(
                    "Fa/P_15ZK",
                    "give the payment before the correction: the order changes",
                    "podaj zapłatę przed korektą: zamówienie się zmienia",
                )
                return {}
            now = totals.of_advance(body.P_15ZK + body.P_15, after, body.KursWalutyZ or self.exchange)
            then = totals.of_advance(
                body.P_15ZK, before, body.KursWalutyZK or body.KursWalutyZ or self.exchange
            )
            return totals.minus(now, then)
        except ZeroDivisionError:
            if not self.faults:
                self.wrong(
                    "Fa/Zamowienie",
                    "the order is worth nothing, so the payment cannot be spread over its rates",
                    "zamówienie ma wartość zero, nie da się rozdzielić zapłaty na stawki",
                )
            return {}

    def _rest(self, sold: list[Sold]) -> Totals:
        """ROZ: the whole less its advances. Rule: VAT Act art. 106f(3)."""
        body = self.body
        if not self.advances:
            if not any(getattr(body, net) is not None for net in NETS):
                self.wrong(
                    "Fa/P_15",
                    "a settlement (ROZ) needs its advance invoices (--advance), or the totals that remain",
                    "faktura rozliczająca (ROZ) wymaga faktur zaliczkowych (--advance) albo pozostałych sum",
                )
            return {}
        rest = totals.of_lines(sold)
        taken: set[tuple[str, str]] = set()
        for n, advance in enumerate(self.advances, 1):
            paid, where = advance.invoice.Fa, f"advances[{n}]"
            number, kind = paid.P_2, paid.RodzajFaktury or ""
            if kind not in ("ZAL", "KOR_ZAL"):
                self.wrong(
                    where,
                    f"{number} is no advance invoice (ZAL, KOR_ZAL), its kind is {kind}",
                    f"{number} to nie faktura zaliczkowa (ZAL, KOR_ZAL), jej rodzaj to {kind}",
                )
            if (kind, number) in taken:
                self.wrong(
                    where,
                    f"{number} is given twice, it would be taken off twice",
                    f"{number} podano dwa razy, odjęto by ją dwa razy",
                )
            taken.add((kind, number))
            if paid.KodWaluty != body.KodWaluty:
                self.wrong(
                    where,
                    f"{number} is in {paid.KodWaluty}, the settlement in {body.KodWaluty}",
                    f"{number} jest w {paid.KodWaluty}, a rozliczenie w {body.KodWaluty}",
                )
            seller = advance.invoice.Podmiot1.DaneIdentyfikacyjne.NIP
            if seller != self.invoice.Podmiot1.DaneIdentyfikacyjne.NIP:
                self.wrong(
                    where,
                    f"{number} is an invoice of another seller ({seller})",
                    f"{number} to faktura innego sprzedawcy ({seller})",
                )
            rest = totals.minus(rest, _given_totals(paid))
        numbers = [advance.ksef_number for advance in self.advances]
        if not body.FakturaZaliczkowa and all(numbers):
            body.FakturaZaliczkowa = [fa.FakturaZaliczkowa(NrKSeFFaZaliczkowej=one) for one in numbers]
        # The rest is taxed at the rate of exchange of this invoice, the advances were at theirs.
        return {net: Total(one.net, one.tax) for net, one in rest.items()}

    def _put(self, worked_out: Totals, rates: set[Bucket]) -> None:
        body = self.body
        for net in NETS:
            total, own = worked_out.get(net), getattr(body, net)
            if own is None and (total is None or self.whole):
                continue
            bucket = next(one for one in (*BUCKETS.values(), MARGIN, oss(ZERO)) if one.net == net)
            if own is None and total is not None:
                setattr(body, net, total.net)
            if not bucket.tax:
                continue
            if getattr(body, bucket.tax) is None:
                tax = self._tax(total, own, [one for one in rates if one.net == net])
                if tax is not None:
                    setattr(body, bucket.tax, tax)
                elif net != "P_13_5":
                    self.wrong(
                        f"Fa/{bucket.tax}",
                        f"give the tax that goes with {net}",
                        f"podaj podatek do {net}",
                    )
            if not self.whole:
                self._put_pln(bucket, total)

    def _tax(self, total: Total | None, own: Decimal | None, rates: list[Bucket]) -> Decimal | None:
        if total is not None and own in (None, total.net):
            return total.tax
        if own is not None and len(rates) == 1 and rates[0].percent is not None:
            return totals.tax_on(own, rates[0].percent)
        return None

    def _put_pln(self, bucket: Bucket, total: Total | None) -> None:
        """The tax in zloty: art. 106e(11) wants it whatever the currency."""
        body = self.body
        tax = getattr(body, bucket.tax)
        if not bucket.tax_pln or body.KodWaluty == "PLN" or tax is None:
            return
        if getattr(body, bucket.tax_pln) is not None:
            return
        exchange = body.KursWalutyZ or self.exchange
        if total is not None and total.tax_pln is not None and total.tax == tax:
            setattr(body, bucket.tax_pln, total.tax_pln)
        elif exchange is not None:
            setattr(body, bucket.tax_pln, totals.grosz(totals.times(tax, exchange)))
        elif tax == 0:
            setattr(body, bucket.tax_pln, ZERO)
        elif not self.given:
            self.wrong(
                f"Fa/{bucket.tax_pln}",
                f"the tax is due in zloty: give KursWaluty on the lines (advances: KursWalutyZ), or "
                f"{bucket.tax_pln}",
                f"podatek podaje się w złotych: podaj KursWaluty w wierszach (zaliczki: KursWalutyZ) albo "
                f"{bucket.tax_pln}",
            )

    def _due(self, lines: bool) -> None:
        """P_15, the sum of all totals. Rule: section 4; margin (P_13_11) is gross already."""
        body = self.body
        if body.P_15 is not None or self.faults:
            return
        sums = [value for net in NETS if (value := getattr(body, net)) is not None]
        taxes = [value for n in range(1, 6) if (value := getattr(body, f"P_14_{n}")) is not None]
        # A correction of data only (a name, an address) changes no amount.
        of_data = body.RodzajFaktury in CORRECTIONS and bool(body.Podmiot1K or body.Podmiot2K)
        if sums or lines or (of_data and not body.OkresFaKorygowanej):
            body.P_15 = sum((*sums, *taxes), ZERO)
        else:
            self.wrong(
                "Fa/P_15",
                "it cannot be known: give lines (FaWiersz), or totals (P_13_x, P_14_x), or P_15 itself",
                "nie można jej ustalić: podaj wiersze (FaWiersz), sumy (P_13_x, P_14_x) albo samo P_15",
            )

    def _line_taxes(self) -> None:
        """P_11Vat of every line that states none."""
        for line in self.body.FaWiersz:
            percent = line.P_12_XII if line.P_12 is None else BUCKETS[line.P_12].percent
            if line.P_11Vat is not None or percent is None:
                continue
            if line.P_11 is not None:
                line.P_11Vat = totals.tax_on(line.P_11, percent)
            elif line.P_11A is not None:
                line.P_11Vat = totals.tax_within(line.P_11A, percent)


def _number(rows: Sequence[Node], name: str) -> None:
    """Number the rows that have none: by their place, or the next free number."""
    taken = {number for row in rows if (number := getattr(row, name)) is not None}
    for n, row in enumerate(rows, 1):
        if getattr(row, name) is None:
            while n in taken:
                n += 1
            taken.add(n)
            setattr(row, name, n)


def _given_totals(body: fa.Fa) -> Totals:
    """The totals that stand in an invoice."""
    found: Totals = {}
    for net in NETS:
        if (value := getattr(body, net)) is not None:
            tax = getattr(body, f"P_14_{net[5:]}", None)
            found[net] = Total(value, tax or ZERO)
    return found
