"""What the law or arithmetic determines about an invoice, worked out where it is not given.

Nothing that is given is changed. Filled in: the header, the notes (Adnotacje), JST and GV, numbers and
values of lines, totals per rate, the amount due, sums of Rozliczenie, and flags that another field implies
(P_19 by P_19A). How the tax is worked out is said in `totals`. Rules: fa3.md sections 3-5 and 8.
"""

from __future__ import annotations

from klucznik.documents.complete.fa import Advance
from klucznik.documents.complete.invoice import SYSTEM, complete, method

__all__ = ["SYSTEM", "Advance", "complete", "method"]
