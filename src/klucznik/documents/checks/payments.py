"""Payment: accounts that exist, sums that fit, links that lead to the same payment.

Account numbers: python-stdnum (IBAN registry; a Polish NRB is an IBAN without PL). Rule: fa3.md section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qs, urlsplit

from stdnum import iban

from klucznik.documents import fa, rr
from klucznik.documents.checks.finding import Finding, note, numbered
from klucznik.documents.checks.lines import ZERO
from klucznik.documents.checks.setting import Invoice, Setting, head

_TRANSFER: Final = 6
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}")
#: Parts of a country that write it in their IBAN, but have a code of their own in SWIFT.
_PARTS: Final = {"FR": {"GP", "GF", "MQ", "RE", "PM", "YT", "NC", "PF", "WF"}, "GB": {"GG", "JE", "IM"}}


def accounts(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """Every account number."""
    if isinstance(invoice, rr.Faktura):
        where = "FakturaRR/Platnosc"
        paid = invoice.FakturaRR.Platnosc
        lists = (
            [("RachunekBankowy1", paid.RachunekBankowy1), ("RachunekBankowy2", paid.RachunekBankowy2)]
            if paid
            else []
        )
    else:
        where = "Fa/Platnosc"
        own = invoice.Fa.Platnosc
        lists = (
            [("RachunekBankowy", own.RachunekBankowy), ("RachunekBankowyFaktora", own.RachunekBankowyFaktora)]
            if own
            else []
        )
    for name, many in lists:
        for index, account in enumerate(many):
            yield from _account(f"{where}/{numbered(name, many, index)}", account)


def _account(path: str, account: fa.RachunekBankowy) -> Iterator[Finding]:
    number = account.NrRB.replace(" ", "").replace("-", "").upper()
    swift = account.SWIFT or ""
    polish = number.isascii() and number.isdigit() and (len(number) == 26 or swift[4:6] == "PL" or not swift)
    full = f"PL{number}" if polish else number
    if polish and len(number) != 26:
        yield note(
            "account-length",
            f"{path}/NrRB",
            f"a Polish account has 26 digits, {account.NrRB} has {len(number)}",
            f"polski rachunek ma 26 cyfr, {account.NrRB} ma {len(number)}",
        )
    elif _IBAN.fullmatch(full) and not iban.is_valid(full):
        yield note(
            "account-checksum",
            f"{path}/NrRB",
            f"the account {account.NrRB} does not exist: its check digits or its length are wrong",
            f"rachunek {account.NrRB} nie istnieje: ma złe cyfry kontrolne lub długość",
        )
    country = full[:2]
    if swift and _IBAN.fullmatch(full) and swift[4:6] not in {country} | _PARTS.get(country, set()):
        yield note(
            "swift-country",
            f"{path}/SWIFT",
            f"the account is of {country}, the bank {swift} of {swift[4:6]}",
            f"rachunek jest z {country}, a bank {swift} z {swift[4:6]}",
        )


def manner(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """How it is paid: a transfer needs an account, what is paid needs no term."""
    paid = invoice.Fa.Platnosc
    if paid is None:
        return
    done = paid.Zaplacono == 1
    has_account = bool(paid.RachunekBankowy or paid.RachunekBankowyFaktora)
    if paid.FormaPlatnosci == _TRANSFER and not has_account and not done and invoice.Fa.P_15 > 0:
        yield note(
            "transfer-account",
            "Fa/Platnosc",
            "to be paid by transfer, but no account is named",
            "płatność przelewem, a nie podano rachunku",
        )
    if done and paid.TerminPlatnosci:
        yield note(
            "paid-with-term",
            "Fa/Platnosc/TerminPlatnosci",
            "paid already (Zaplacono), but a term of payment is named too",
            "już zapłacono (Zaplacono), a podano też termin płatności",
        )
    if done and paid.DataZaplaty is not None and invoice.Fa.P_15 < 0 and not head(invoice).corrects:
        yield note(
            "paid-negative",
            "Fa/P_15",
            f"paid, but the amount due is {invoice.Fa.P_15}",
            f"zapłacono, a kwota należności to {invoice.Fa.P_15}",
        )


def link(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """The link leads to the payment that IPKSeF names."""
    inner = invoice.FakturaRR if isinstance(invoice, rr.Faktura) else invoice.Fa
    paid = inner.Platnosc
    if paid is None or not paid.LinkDoPlatnosci or not paid.IPKSeF:
        return
    named = parse_qs(urlsplit(paid.LinkDoPlatnosci.strip()).query).get("IPKSeF", [])
    if named != [paid.IPKSeF.strip()]:
        yield note(
            "payment-link",
            f"{head(invoice).body}/Platnosc/LinkDoPlatnosci",
            f"the link is for IPKSeF {', '.join(named)}, the invoice names {paid.IPKSeF}",
            f"odnośnik dotyczy IPKSeF {', '.join(named)}, a na fakturze jest {paid.IPKSeF}",
        )


def parts(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Payments in part are no more than is due; the whole when they are said to be the whole."""
    paid = invoice.Fa.Platnosc
    if paid is None or not paid.ZaplataCzesciowa or head(invoice).corrects:
        return
    settled = invoice.Fa.Rozliczenie
    due = settled.DoZaplaty if settled and settled.DoZaplaty is not None else invoice.Fa.P_15
    got = sum((one.KwotaZaplatyCzesciowej for one in paid.ZaplataCzesciowa), ZERO)
    whole = paid.ZnacznikZaplatyCzesciowej == 2
    if got > due or (whole and got != due):
        yield note(
            "parts-sum",
            "Fa/Platnosc/ZaplataCzesciowa",
            f"the payments add up to {got}, but {due} is due"
            + (" and said to be paid whole" if whole else ""),
            f"zapłaty dają razem {got}, a należność to {due}"
            + (" i ma być zapłacona w całości" if whole else ""),
        )
    elif got == due and not whole:
        yield note(
            "parts-whole",
            "Fa/Platnosc/ZnacznikZaplatyCzesciowej",
            f"the payments add up to all that is due ({due}), but are marked as a part",
            f"zapłaty pokrywają całą należność ({due}), a oznaczono je jako część",
        )


def settlement(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """Charges and deductions add up, and lead from the total to what is to be paid."""
    first = head(invoice)
    inner = invoice.FakturaRR if isinstance(invoice, rr.Faktura) else invoice.Fa
    settled = inner.Rozliczenie
    if settled is None:
        return
    due = inner.P_12_1 if isinstance(inner, rr.FakturaRR) else inner.P_15
    path = f"{first.body}/Rozliczenie"
    charges, found = _sum(
        f"{path}/SumaObciazen", [one.Kwota for one in settled.Obciazenia], settled.SumaObciazen
    )
    yield from found
    deductions, found = _sum(
        f"{path}/SumaOdliczen", [one.Kwota for one in settled.Odliczenia], settled.SumaOdliczen
    )
    yield from found
    if first.corrects:  # the total is a difference, the settlement may be of the whole
        return
    right = due + charges - deductions
    if settled.DoZaplaty is not None and settled.DoZaplaty != right:
        yield note(
            "settlement-due",
            f"{path}/DoZaplaty",
            f"{due} + {charges} - {deductions} = {right}, but DoZaplaty is {settled.DoZaplaty}",
            f"{due} + {charges} - {deductions} = {right}, a DoZaplaty to {settled.DoZaplaty}",
        )
    if settled.DoRozliczenia is not None and settled.DoRozliczenia != abs(right):
        yield note(
            "settlement-due",
            f"{path}/DoRozliczenia",
            f"{due} + {charges} - {deductions} = {right}, but DoRozliczenia is {settled.DoRozliczenia}",
            f"{due} + {charges} - {deductions} = {right}, a DoRozliczenia to {settled.DoRozliczenia}",
        )


def _sum(path: str, amounts: Sequence[Decimal], stated: Decimal | None) -> tuple[Decimal, list[Finding]]:
    right = sum(amounts, ZERO)
    if stated is None or not amounts or stated == right:
        return (right if amounts else stated or ZERO), []
    name = path.rpartition("/")[2]
    return right, [
        note(
            "settlement-sum",
            path,
            f"the amounts add up to {right}, but {name} is {stated}",
            f"kwoty dają razem {right}, a {name} to {stated}",
        )
    ]
