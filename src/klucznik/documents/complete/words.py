"""An amount in words, in Polish: what FA_RR wants beside the total. Rule: fa3.md section 8, P_12_2.

`sto dwadzieścia trzy złote 45/100`; hundredths always as a fraction, other currencies by their code.
"""

from __future__ import annotations

from decimal import Decimal


def in_words(amount: Decimal, currency: str = "PLN") -> str:
    """The amount (two decimals) in words."""
    # Only FA_RR needs it, and importing it takes 100 ms.
    from num2words import num2words

    whole, hundredths = divmod(abs(int(amount * 100)), 100)
    said = str(num2words(whole, lang="pl"))
    unit = _zloty(whole) if currency == "PLN" else currency
    return f"{'minus ' if amount < 0 else ''}{said} {unit} {hundredths:02}/100"


def _zloty(n: int) -> str:
    """The form of `złoty` that goes with a number: 1 złoty, 2-4 złote (but 12-14 złotych), else złotych."""
    if n == 1:
        return "złoty"
    return "złote" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "złotych"
