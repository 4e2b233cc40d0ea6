"""The totals of an invoice from its lines: net and tax per rate, in groszy, rounded as the law rounds.

Which way the tax is worked out (VAT Act, by articles):

- `net`: the net values of a rate are summed, the tax is taken from the sum: art. 106e(1)(13)-(14).
- `gross`: lines with gross prices (P_9B, P_11A, no P_11) are summed gross, the tax is
  sum x rate / (100 + rate), the net what remains: art. 106e(7)-(8).
- `lines`: where every line of a rate states its own tax (P_11Vat), these are summed: art. 106e(10).
- `advance`: a payment is spread over the rates of the order in proportion to their gross values, the
  tax is share x rate / (100 + rate): art. 106f(1)(3).

Rounding: art. 106e(11), half a grosz and more up, in amount: -0.005 becomes -0.01.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import Final

from klucznik.documents.rates import MARGIN, Bucket

GROSZ: Final = Decimal("0.01")
ZERO: Final = Decimal("0.00")
#: Wide enough for the longest quantity times the longest price, whatever the caller's context is.
EXACT: Final = Context(prec=100, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Sold:
    """A line as the totals see it. `net` or `gross` is there; `tax` only when the line states it.

    `exchange` is zloty per unit of the invoice's currency, None in zloty. Of a row that shows the
    state before a correction, the amounts are negated.
    """

    bucket: Bucket
    net: Decimal | None = None
    gross: Decimal | None = None
    tax: Decimal | None = None
    exchange: Decimal | None = None


@dataclass(frozen=True)
class Total:
    """What one bucket comes to. `tax_pln` is None where it is not asked for, or cannot be known."""

    net: Decimal
    tax: Decimal = ZERO
    tax_pln: Decimal | None = None

    def __add__(self, other: Total) -> Total:
        known = self.tax_pln is not None and other.tax_pln is not None
        pln = (self.tax_pln or ZERO) + (other.tax_pln or ZERO) if known else None
        return Total(self.net + other.net, self.tax + other.tax, pln)

    def __neg__(self) -> Total:
        return Total(-self.net, -self.tax, None if self.tax_pln is None else -self.tax_pln)


#: Totals by the name of their net element, such as P_13_1.
Totals = dict[str, Total]


def grosz(amount: Decimal) -> Decimal:
    """The amount in whole groszy, half up; never -0.00."""
    return EXACT.add(amount.quantize(GROSZ, ROUND_HALF_UP, EXACT), ZERO)


def times(*factors: Decimal) -> Decimal:
    """The exact product."""
    product = Decimal(1)
    for factor in factors:
        product = EXACT.multiply(product, factor)
    return product


def value_of(quantity: Decimal, price: Decimal, discount: Decimal | None) -> Decimal:
    """The value of a line: quantity x price - discount."""
    return grosz(EXACT.subtract(EXACT.multiply(quantity, price), discount or ZERO))


def tax_on(net: Decimal, percent: Decimal) -> Decimal:
    """The tax on a net amount."""
    return grosz(EXACT.multiply(net, percent) / 100)


def tax_within(gross: Decimal, percent: Decimal) -> Decimal:
    """The tax contained in a gross amount."""
    return grosz(EXACT.divide(EXACT.multiply(gross, percent), 100 + percent))


def of_lines(sold: Iterable[Sold]) -> Totals:
    """The totals of all lines, rate by rate."""
    by_rate: dict[Bucket, list[Sold]] = {}
    for line in sold:
        by_rate.setdefault(line.bucket, []).append(line)
    found: Totals = {}
    for bucket, lines in by_rate.items():
        total = _of_rate(bucket, lines)
        found[bucket.net] = found[bucket.net] + total if bucket.net in found else total
    return found


def _of_rate(bucket: Bucket, lines: list[Sold]) -> Total:
    percent = bucket.percent
    if percent is None or percent == 0:
        # Margin is summed gross; elsewhere without tax, net and gross are the same.
        first, second = ("gross", "net") if bucket is MARGIN else ("net", "gross")
        values = [getattr(line, first if getattr(line, first) is not None else second) for line in lines]
        return Total(sum(values, ZERO), ZERO, ZERO)
    by_net = sum((line.net for line in lines if line.net is not None), ZERO)
    by_gross = sum((line.gross or ZERO for line in lines if line.net is None), ZERO)
    taxes = [line.tax for line in lines if line.tax is not None]
    if len(taxes) == len(lines):
        tax = sum(taxes, ZERO)
        stated = sum((line.tax or ZERO for line in lines if line.net is None), ZERO)
        return Total(by_net + by_gross - stated, tax, _in_pln(tax, percent, lines))
    within = tax_within(by_gross, percent)
    tax = tax_on(by_net, percent) + within
    return Total(by_net + by_gross - within, tax, _in_pln(tax, percent, lines))


def _in_pln(tax: Decimal, percent: Decimal, lines: list[Sold]) -> Decimal | None:
    """The tax in zloty; line by line where they have different exchange rates."""
    rates = {line.exchange for line in lines}
    if None in rates:
        return None
    if len(rates) == 1:
        return grosz(times(tax, rates.pop() or ZERO))
    exact = Decimal(0)
    for line in lines:
        own = line.tax
        if own is None and line.net is not None:
            own = EXACT.multiply(line.net, percent) / 100
        elif own is None:
            own = EXACT.divide(EXACT.multiply(line.gross or ZERO, percent), 100 + percent)
        exact = EXACT.add(exact, times(own or ZERO, line.exchange or ZERO))
    return grosz(exact)


def of_advance(payment: Decimal, order: Iterable[Sold], exchange: Decimal | None) -> Totals:
    """The totals of an advance, spread over the rates of the order; they come to the payment exactly.

    Rows of the order carry `gross`. Raises ZeroDivisionError for an order worth nothing.
    """
    gross: dict[Bucket, Decimal] = {}
    for row in order:
        gross[row.bucket] = gross.get(row.bucket, ZERO) + (row.gross or ZERO)
    worth = sum(gross.values(), ZERO)
    if not worth:
        raise ZeroDivisionError
    exact = {bucket: EXACT.divide(EXACT.multiply(payment, part), worth) for bucket, part in gross.items()}
    shares = {bucket: share.quantize(GROSZ, ROUND_DOWN, EXACT) for bucket, share in exact.items()}
    # What rounding down has left over goes, grosz by grosz, to the largest remainders.
    left = payment - sum(shares.values(), ZERO)
    step = GROSZ.copy_sign(left)
    for bucket in sorted(exact, key=lambda one: -abs(exact[one] - shares[one]))[: int(abs(left) / GROSZ)]:
        shares[bucket] += step
    found: Totals = {}
    for bucket, share in shares.items():
        tax = tax_within(share, bucket.percent) if bucket.percent else ZERO
        pln = None if exchange is None else grosz(times(tax, exchange))
        total = Total(share - tax, tax, pln)
        found[bucket.net] = found[bucket.net] + total if bucket.net in found else total
    return found


def plus(one: Totals, other: Totals) -> Totals:
    """Both together, bucket by bucket."""
    return {
        net: one.get(net, Total(ZERO, ZERO, ZERO)) + other.get(net, Total(ZERO, ZERO, ZERO))
        for net in one | other
    }


def minus(one: Totals, other: Totals) -> Totals:
    """What remains of the one without the other."""
    return plus(one, {net: -total for net, total in other.items()})
