"""Days: of issue, delivery, payment, making. Rules: invoice-verification.md section 4; art. 106i."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from klucznik.clock import WARSAW
from klucznik.documents import fa, rr
from klucznik.documents.checks.finding import Finding, note, numbered
from klucznik.documents.checks.setting import ADVANCES, Invoice, Setting, body, head

#: From this day on the largest sellers had to issue in KSeF; RR invoices came two months later.
_KSEF_FROM: Final = {"Fa": date(2026, 2, 1), "FakturaRR": date(2026, 4, 1)}
_LONG_AGO: Final = timedelta(days=365)
#: An invoice may be issued this long before delivery. Art. 106i(7).
_AHEAD: Final = timedelta(days=60)


def issue(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """The day of issue is not in the future, and not of another year by mistake."""
    first = head(invoice)
    issued, today = first.issued, setting.today
    if issued > today:
        yield note(
            "issue-future",
            first.issued_path,
            f"issued on {issued}, but today is {today}: KSeF refuses it until then",
            f"data wystawienia {issued}, a dziś jest {today}: KSeF ją do tego dnia odrzuci",
        )
    elif issued < today - _LONG_AGO:
        yield note(
            "issue-long-ago",
            first.issued_path,
            f"issued on {issued}, more than a year ago: is the year right?",
            f"data wystawienia {issued}, ponad rok temu: czy rok jest właściwy?",
        )
    elif issued < (start := _KSEF_FROM[first.body]):
        yield note(
            "issue-before-ksef",
            first.issued_path,
            f"issued on {issued}, before invoices of this form had to be in KSeF ({start})",
            f"data wystawienia {issued}, zanim takie faktury musiały być w KSeF ({start})",
        )
    made = invoice.Naglowek.DataWytworzeniaFa
    if made > setting.now + timedelta(days=1):
        yield note(
            "made-future",
            "Naglowek/DataWytworzeniaFa",
            f"made at {made.isoformat()}, which is still to come",
            f"wytworzona {made.isoformat()}, czyli dopiero w przyszłości",
        )
    elif made.astimezone(WARSAW).date() < issued - timedelta(days=31):
        yield note(
            "made-early",
            "Naglowek/DataWytworzeniaFa",
            f"made on {made:%Y-%m-%d}, issued on {issued}, more than a month later",
            f"wytworzona {made:%Y-%m-%d}, wystawiona {issued}, ponad miesiąc później",
        )


def delivery(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Issued by the 15th of the month after delivery or payment, at most 60 days before it. Art. 106i."""
    inner = invoice.Fa
    if (period := inner.OkresFa) is not None and period.P_6_Od > period.P_6_Do:
        yield note(
            "period-reversed",
            "Fa/OkresFa",
            f"the period begins on {period.P_6_Od} and ends on {period.P_6_Do}",
            f"okres zaczyna się {period.P_6_Od}, a kończy {period.P_6_Do}",
        )
        return
    if head(invoice).corrects:
        return
    paths: dict[date, str] = {}
    for index, line in enumerate(inner.FaWiersz):
        if line.P_6A is not None:
            paths.setdefault(line.P_6A, f"Fa/{numbered('FaWiersz', inner.FaWiersz, index)}/P_6A")
    if head(invoice).kind in ADVANCES:  # the day that counts is that of the payment, not of delivery
        paths = {part.P_6Z: "Fa/ZaliczkaCzesciowa" for part in inner.ZaliczkaCzesciowa}
    if inner.P_6 is not None:
        paths = {inner.P_6: "Fa/P_6"}
    elif period is not None:
        paths = {period.P_6_Do: "Fa/OkresFa/P_6_Do"}
    if not paths:
        return
    first, last = min(paths), max(paths)
    term = _term(first)
    if term < inner.P_1:
        yield note(
            "issued-late",
            paths[first],
            f"delivered or paid on {first}, issued on {inner.P_1}: the term was usually {term}",
            f"dostawa lub zapłata {first}, wystawiono {inner.P_1}: termin minął zwykle {term}",
        )
    if head(invoice).kind in ADVANCES:
        if last > setting.today:
            yield note(
                "paid-future",
                paths[last],
                f"an advance received on {last}, which is still to come",
                f"zaliczka otrzymana {last}, czyli dopiero w przyszłości",
            )
    elif last - inner.P_1 > _AHEAD and period is None:
        yield note(
            "issued-early",
            paths[last],
            f"issued on {inner.P_1}, more than 60 days before delivery ({last})",
            f"wystawiono {inner.P_1}, ponad 60 dni przed dostawą ({last})",
        )


def _term(delivered: date) -> date:
    """The 15th of the next month; when that is a Saturday or Sunday, Monday (Ordynacja, art. 12(5))."""
    day = (delivered.replace(day=1) + timedelta(days=32)).replace(day=15)
    return day + timedelta(days=7 - day.weekday() if day.weekday() >= 5 else 0)


def payment(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Terms lie after the issue, payments made lie in the past."""
    paid = invoice.Fa.Platnosc
    if paid is None:
        return
    for index, term in enumerate(paid.TerminPlatnosci):
        if term.Termin is not None and term.Termin < invoice.Fa.P_1 and not head(invoice).corrects:
            yield note(
                "term-before-issue",
                f"Fa/Platnosc/{numbered('TerminPlatnosci', paid.TerminPlatnosci, index)}/Termin",
                f"to be paid by {term.Termin}, but issued on {invoice.Fa.P_1}",
                f"termin płatności {term.Termin}, a wystawiono {invoice.Fa.P_1}",
            )
    days = [("Fa/Platnosc/DataZaplaty", paid.DataZaplaty)]
    for index, part in enumerate(paid.ZaplataCzesciowa):
        step = numbered("ZaplataCzesciowa", paid.ZaplataCzesciowa, index)
        days.append((f"Fa/Platnosc/{step}/DataZaplatyCzesciowej", part.DataZaplatyCzesciowej))
    for path, day in days:
        if day is not None and day > setting.today:
            yield note(
                "paid-future",
                path,
                f"paid on {day}, which is still to come",
                f"zapłacono {day}, czyli dopiero w przyszłości",
            )


def corrected(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """What is corrected was issued before."""
    first = head(invoice)
    originals = body(invoice).DaneFaKorygowanej
    for index, one in enumerate(originals):
        if one.DataWystFaKorygowanej > first.issued:
            step = numbered("DaneFaKorygowanej", originals, index)
            yield note(
                "corrected-later",
                f"{first.body}/{step}/DataWystFaKorygowanej",
                f"the corrected invoice is of {one.DataWystFaKorygowanej}, this one of {first.issued}",
                f"faktura korygowana jest z {one.DataWystFaKorygowanej}, ta z {first.issued}",
            )


def purchase(invoice: rr.Faktura, setting: Setting) -> Iterator[Finding]:
    """A farmer's invoice is not of a purchase to come."""
    bought = invoice.FakturaRR.P_4A
    if bought is not None and bought > invoice.FakturaRR.P_4B + _AHEAD:
        yield note(
            "issued-early",
            "FakturaRR/P_4A",
            f"issued on {invoice.FakturaRR.P_4B}, more than 60 days before the purchase ({bought})",
            f"wystawiono {invoice.FakturaRR.P_4B}, ponad 60 dni przed nabyciem ({bought})",
        )
