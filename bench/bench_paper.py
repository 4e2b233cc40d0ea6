"""How long printing takes: printed, not asserted. `python bench/bench_paper.py`."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, partial
from itertools import count

from klucznik.documents import read, samples
from klucznik.documents.samples import Line
from klucznik.documents.view import invoices, page, pdf, pictures
from klucznik.documents.view.blocks import Sheet

DAY = date(2026, 7, 1)
DIGEST = "UtQp9Gpc51y-u3xApZjIjgkpZ01js-J8KflSPW8WzIE"
LINK = f"https://qr-test.ksef.mf.gov.pl/invoice/5265877635/{DAY:%d-%m-%Y}/{DIGEST}"
#: With a signature by RSA, as long as KOD II gets.
LONG_LINK = (
    "https://qr-test.ksef.mf.gov.pl/certificate/Nip/5265877635/5265877635/01F20A5D352AE590/"
    f"{DIGEST}/{'aB3_-xYz09' * 34}Qw"
)
_COLD = """
from klucznik.documents.view import pdf
from klucznik.documents.view.blocks import Pair, Pairs, Section, Sheet
pdf.render(Sheet("pl", "Faktura", "FV/1", [Section("a", "Dane", [Pairs([Pair("NIP", "5265877635")])])]))
"""
_numbers = count(1)


def invoice(lines: int, codes: int) -> Sheet:
    """An invoice with so many codes, each time with another number: nothing is printed from memory."""
    return replace(_sheet(lines, codes), number=f"FV/{next(_numbers)}")


@cache
def _sheet(lines: int, codes: int) -> Sheet:
    goods = [
        Line(f"Usługa zmyślona nr {place}: dojazd, przegląd i czyszczenie", Decimal(place), Decimal("3.49"))
        for place in range(1, lines + 1)
    ]
    made = samples.invoice(
        "5265877635", "1111111111", "FV/1", DAY, datetime(2026, 7, 1, tzinfo=UTC), lines=goods
    )
    return invoices.sheet(
        read.invoice(made),
        ksef_number="5265877635-20260701-0100001AF629-AF",
        invoice_link=LINK if codes > 0 else "",
        certificate_link=LONG_LINK if codes > 1 else "",
        language="pl",
    )


def each(work: Callable[[], object], times: int, rounds: int = 3) -> float:
    """Seconds for one call: the best of some rounds, the others being noise of the machine."""
    work()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(times):
            work()
        taken.append((time.perf_counter() - start) / times)
    return min(taken)


def together(work: Callable[[], object], times: int, threads: int) -> float:
    """Seconds for one call when some threads work at once."""

    def many() -> None:
        for _ in range(times):
            work()

    running = [threading.Thread(target=many) for _ in range(threads)]
    start = time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return (time.perf_counter() - start) / (times * threads)


def show(what: str, seconds: float) -> None:
    sys.stdout.write(f"{what:52}{seconds * 1e3:9.1f} ms{1 / seconds:9.0f} a second\n")


def main() -> None:
    for lines, codes, times in ((15, 0, 30), (15, 1, 30), (15, 2, 30), (200, 1, 5), (1000, 1, 1)):
        work = partial(lambda n, m: pdf.render(invoice(n, m)), lines, codes)
        show(f"PDF of {lines} lines, {codes} codes", each(work, times))
    show("PDF of 15 lines, 1 code, 2 threads", together(lambda: pdf.render(invoice(15, 1)), 40, 2))
    show("HTML of 15 lines, 1 code", each(lambda: page.html(invoice(15, 1)), 30))
    show("PNG of 15 lines, 1 code, 144 ppi", each(lambda: pdf.pages(invoice(15, 1)), 10))
    show("QR as SVG, KOD I", each(lambda: pictures.svg(LINK), 30))
    show("QR as SVG, KOD II", each(lambda: pictures.svg(LONG_LINK), 10))
    show("QR as PNG with label, KOD I", each(lambda: pictures.png(LINK, "OFFLINE"), 30))
    cold = partial(subprocess.run, [sys.executable, "-c", _COLD], check=True)
    show("cold: python -c, import, one PDF", each(cold, 3))


if __name__ == "__main__":
    main()
