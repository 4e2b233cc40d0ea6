"""Which total a rate of tax belongs to: the value of P_12 -> P_13_x, P_14_x, P_14_xW, per cent.

Rule: fa3.md section 4. FA(2) knows `0` and `np` as one value each; which of the zero-rate totals a `0`
belongs to only the seller knows, so `0` is put with domestic sales unless a total is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True)
class Bucket:
    """Names of the totals of one rate; `tax` and `tax_pln` are empty where there are none.

    `percent` is None where no tax is worked out: exempt, outside Poland, reverse charge, margin. The
    rate of OSS stands in the line (P_12_XII), so its bucket is asked for by that number.
    """

    net: str
    tax: str = ""
    tax_pln: str = ""
    percent: Decimal | None = None


def _taxed(n: int, percent: str) -> Bucket:
    return Bucket(f"P_13_{n}", f"P_14_{n}", f"P_14_{n}W", Decimal(percent))


_ZERO: Final = Decimal(0)

#: The value of P_12 -> its bucket.
BUCKETS: Final[dict[str, Bucket]] = {
    "23": _taxed(1, "23"),
    "22": _taxed(1, "22"),
    "8": _taxed(2, "8"),
    "7": _taxed(2, "7"),
    "5": _taxed(3, "5"),
    "4": _taxed(4, "4"),
    "3": _taxed(4, "3"),
    "0 KR": Bucket("P_13_6_1", percent=_ZERO),
    "0": Bucket("P_13_6_1", percent=_ZERO),
    "0 WDT": Bucket("P_13_6_2", percent=_ZERO),
    "0 EX": Bucket("P_13_6_3", percent=_ZERO),
    "zw": Bucket("P_13_7"),
    "np I": Bucket("P_13_8"),
    "np": Bucket("P_13_8"),
    "np II": Bucket("P_13_9"),
    "oo": Bucket("P_13_10"),
}

#: Goods and services under the margin scheme: no rate on the line, the gross value in the total.
MARGIN: Final = Bucket("P_13_11")

#: The totals in the order of the schema.
NETS: Final = tuple(f"P_13_{n}" for n in (*"12345", "6_1", "6_2", "6_3", "7", "8", "9", "10", "11"))
TAXES: Final = tuple(f"P_14_{n}" for n in "12345")
TAXES_PLN: Final = tuple(f"P_14_{n}W" for n in "1234")


def oss(percent: Decimal) -> Bucket:
    """The bucket of P_12_XII: the tax of another member state. It has no total in PLN."""
    return Bucket("P_13_5", "P_14_5", percent=percent)


def bucket(rate: str) -> Bucket:
    """The totals of a value of P_12. Raises KeyError for one no form knows."""
    return BUCKETS[rate]
