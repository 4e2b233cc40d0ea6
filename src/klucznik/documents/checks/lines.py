"""The lines of an invoice as arithmetic sees them, and one line's own sums.

Rule: fa3.md sections 3-5. Amounts are Decimal, in the currency of the invoice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from klucznik.documents import fa, rates
from klucznik.documents.checks.finding import Finding, note, numbered
from klucznik.documents.checks.setting import ADVANCES, CORRECTIONS, Setting
from klucznik.documents.values import collapse

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal(0)
HUNDRED: Final = Decimal(100)


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Row:
    """A line. `nets` are the totals it may belong to: none when it tells no rate outside the margin scheme.

    `percent` is None where no tax is worked out.
    """

    path: str
    line: fa.FaWiersz
    rate: str
    nets: tuple[str, ...]
    percent: Decimal | None

    @property
    def before(self) -> bool:
        return self.line.StanPrzed == 1

    @property
    def amount(self) -> Decimal:
        """What the line is about: net, else gross, else nothing."""
        return self.line.P_11 or self.line.P_11A or ZERO


#: FA(2) has one value where FA(3) has several.
_ANY: Final = {"0": ("P_13_6_1", "P_13_6_2", "P_13_6_3"), "np": ("P_13_8", "P_13_9")}


def is_margin(body: fa.Fa) -> bool:
    return body.Adnotacje.PMarzy.P_PMarzy == 1


def rows(body: fa.Fa) -> list[Row]:
    """Every line with its place and rate."""
    found = []
    margin = is_margin(body) or body.P_13_11 is not None
    for index, line in enumerate(body.FaWiersz):
        path = f"Fa/{numbered('FaWiersz', body.FaWiersz, index)}"
        rate = collapse(line.P_12) if line.P_12 else ""
        if rate:
            bucket = rates.bucket(rate)
            found.append(Row(path, line, rate, _ANY.get(rate, (bucket.net,)), bucket.percent))
        elif line.P_12_XII is not None:
            found.append(Row(path, line, f"OSS {line.P_12_XII}", ("P_13_5",), line.P_12_XII))
        else:
            found.append(Row(path, line, "", ("P_13_11",) if margin else (), None))
    return found


def total(body: fa.Fa, name: str) -> Decimal | None:
    """A total by its name, P_13_x or P_14_x."""
    found: Decimal | None = getattr(body, name)
    return found


# ---- one line --------------------------------------------------------------------------------------


def arithmetic(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Quantity x price - discount = value; net + tax = gross; tax = rate of the value."""
    kind = collapse(invoice.Fa.RodzajFaktury)
    if kind in ADVANCES:  # lines may state the order while the totals state the payment
        return
    for row in rows(invoice.Fa):
        line, path = row.line, row.path
        if line.P_8B is not None and line.P_9A is not None and line.P_11 is not None:
            yield from _product(row, "P_11", line.P_8B, line.P_9A, line.P_11, kind)
        if line.P_8B is not None and line.P_9B is not None and line.P_11A is not None:
            yield from _product(row, "P_11A", line.P_8B, line.P_9B, line.P_11A, kind)
        if line.P_11Vat is None:
            continue
        if line.P_11 is not None and line.P_11A is not None:
            right = line.P_11 + line.P_11Vat
            if abs(right - line.P_11A) > CENT:
                yield note(
                    "line-gross",
                    f"{path}/P_11A",
                    f"net {line.P_11} + tax {line.P_11Vat} = {right}, but the gross value is {line.P_11A}",
                    f"netto {line.P_11} + VAT {line.P_11Vat} = {right}, a wartość brutto to {line.P_11A}",
                )
        if row.percent is None and line.P_11Vat and row.rate:
            yield note(
                "tax-on-untaxed",
                f"{path}/P_11Vat",
                f"rate {row.rate} bears no tax, but the line states {line.P_11Vat}",
                f"stawka {row.rate} jest bez podatku, a w wierszu podano {line.P_11Vat}",
            )
        elif row.percent is not None and not _is_tax(row, line.P_11Vat):
            of = line.P_11 if line.P_11 is not None else line.P_11A
            yield note(
                "tax-on-untaxed" if row.percent == 0 else "line-tax",
                f"{path}/P_11Vat",
                f"tax {line.P_11Vat} is not {row.percent}% of {of}",
                f"VAT {line.P_11Vat} to nie {row.percent}% od {of}",
            )


def _is_tax(row: Row, tax: Decimal) -> bool:
    assert row.percent is not None
    line = row.line
    right = []
    if line.P_11 is not None:
        right.append(line.P_11 * row.percent / HUNDRED)
    if line.P_11A is not None:
        right.append(line.P_11A * row.percent / (HUNDRED + row.percent))
    return not right or any(abs(cents(one) - tax) <= CENT for one in right)


def _product(
    row: Row, name: str, quantity: Decimal, price: Decimal, value: Decimal, kind: str
) -> Iterator[Finding]:
    discount = row.line.P_10 or ZERO
    plain = quantity * price
    right = {plain - discount, plain - quantity * discount}
    if kind in CORRECTIONS:  # old data is written with either sign, differences too
        right |= {-one for one in right}
    if any(abs(cents(one) - value) <= CENT for one in right):
        return
    path = f"{row.path}/{name}"
    if discount and abs(cents(plain) - value) <= CENT:
        yield note(
            "line-discount",
            f"{row.path}/P_10",
            f"the discount {discount} is not taken off: {quantity} x {price} = {value}",
            f"rabat {discount} nie jest odjęty: {quantity} x {price} = {value}",
        )
        return
    away = min(abs(one - value) for one in right)
    exponent = price.as_tuple().exponent
    assert isinstance(exponent, int)  # amounts are finite
    rounding = abs(quantity) * Decimal(5).scaleb(min(exponent, -2) - 1) + CENT
    shown = cents(plain - discount)
    en = f"{quantity} x {price} - {discount} = {shown}" if discount else f"{quantity} x {price} = {shown}"
    code = "line-price-rounded" if away <= rounding else "line-value"
    if code == "line-value" and kind in CORRECTIONS:
        code = "line-difference"
    yield note(code, path, f"{en}, but {value} stands there", f"{en}, a podano {value}")


# ---- all lines -------------------------------------------------------------------------------------


def numbering(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Numbers and identifiers of lines. A line and its state before a correction may share both."""
    seen: Counter[tuple[bool, int]] = Counter()
    marks: Counter[tuple[bool, str]] = Counter()
    last = 0
    for row in rows(invoice.Fa):
        number, before = row.line.NrWierszaFa, row.before
        seen[before, number] += 1
        if seen[before, number] == 2:
            yield note(
                "line-number-twice",
                f"{row.path}/NrWierszaFa",
                f"line number {number} stands twice",
                f"numer wiersza {number} występuje dwa razy",
            )
        elif number < last:
            yield note(
                "line-order",
                f"{row.path}/NrWierszaFa",
                f"line number {number} follows {last}",
                f"numer wiersza {number} stoi po {last}",
            )
        last = max(last, number)
        if row.line.UU_ID:
            mark = collapse(row.line.UU_ID)
            marks[before, mark] += 1
            if marks[before, mark] == 2:
                yield note(
                    "line-id-twice",
                    f"{row.path}/UU_ID",
                    f"two lines have the identifier {mark}",
                    f"dwa wiersze mają identyfikator {mark}",
                )
        if before and collapse(invoice.Fa.RodzajFaktury) not in CORRECTIONS:
            yield note(
                "before-row",
                f"{row.path}/StanPrzed",
                "a line as it stood before a correction, on an invoice that corrects nothing",
                "wiersz stanu przed korektą na fakturze, która niczego nie koryguje",
            )
    numbers = {line.NrWierszaFa for line in invoice.Fa.FaWiersz}
    for index, extra in enumerate(invoice.Fa.DodatkowyOpis):
        if extra.NrWiersza is not None and numbers and extra.NrWiersza not in numbers:
            yield note(
                "note-line",
                f"Fa/{numbered('DodatkowyOpis', invoice.Fa.DodatkowyOpis, index)}/NrWiersza",
                f"there is no line {extra.NrWiersza}",
                f"nie ma wiersza {extra.NrWiersza}",
            )
