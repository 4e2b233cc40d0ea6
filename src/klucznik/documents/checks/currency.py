"""Foreign currency: tax in PLN, rates of exchange. Rule: fa3.md section 4; art. 106e(11)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from klucznik.documents import fa, rates
from klucznik.documents.checks.finding import Finding, note
from klucznik.documents.checks.lines import CENT, total
from klucznik.documents.checks.setting import Setting, head


def exchange(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Tax is stated in PLN too, by the rate of exchange that the invoice names."""
    body = invoice.Fa
    if body.KodWaluty == "PLN":
        yield from _no_exchange(body)
        return
    by_line = {line.KursWaluty for line in body.FaWiersz if line.KursWaluty is not None}
    by_part = {part.KursWalutyZW for part in body.ZaliczkaCzesciowa if part.KursWalutyZW is not None}
    given = by_line | by_part | ({body.KursWalutyZ} if body.KursWalutyZ is not None else set())
    taxed = False
    count = max(len(body.FaWiersz), 1)
    for tax_name, pln_name in zip(rates.TAXES, rates.TAXES_PLN, strict=False):
        tax, in_pln = total(body, tax_name), total(body, pln_name)
        if not tax:
            continue
        taxed = True
        if in_pln is None:
            yield note(
                "tax-in-pln",
                f"Fa/{tax_name}",
                f"tax of {tax} {body.KodWaluty}, but {pln_name} does not state it in PLN",
                f"podatek {tax} {body.KodWaluty}, a {pln_name} nie podaje go w złotych",
            )
        elif given and not head(invoice).corrects:
            # The tax was rounded before it was multiplied, perhaps in each line.
            low, high = sorted((tax * min(given), tax * max(given)))
            slack = count * (CENT + CENT * max(given))
            if not low - slack <= in_pln <= high + slack:
                shown = "/".join(str(one) for one in sorted(given))
                yield note(
                    "tax-pln-arithmetic",
                    f"Fa/{pln_name}",
                    f"tax {tax} {body.KodWaluty} at {shown} is {low:.2f} PLN, but {pln_name} is {in_pln}",
                    f"podatek {tax} {body.KodWaluty} po {shown} to {low:.2f} zł, a {pln_name} to {in_pln}",
                )
    if taxed and not given:
        yield note(
            "exchange-rate-missing",
            "Fa/KodWaluty",
            f"an invoice in {body.KodWaluty} with tax, but without a rate of exchange (KursWaluty)",
            f"faktura w {body.KodWaluty} z podatkiem, ale bez kursu waluty (KursWaluty)",
        )
    if len(by_line) > 1:
        shown = ", ".join(str(one) for one in sorted(by_line))
        yield note(
            "exchange-rates-differ",
            "Fa/FaWiersz",
            f"the lines have different rates of exchange: {shown}",
            f"wiersze mają różne kursy waluty: {shown}",
        )


def _no_exchange(body: fa.Fa) -> Iterator[Finding]:
    one = Decimal(1)
    if any(line.KursWaluty is not None and line.KursWaluty != one for line in body.FaWiersz):
        yield _pln("Fa/FaWiersz", "KursWaluty")
    for name in ("KursWalutyZ", *rates.TAXES_PLN):
        if getattr(body, name) is not None:
            yield _pln(f"Fa/{name}", name)


def _pln(path: str, name: str) -> Finding:
    return note(
        "exchange-in-pln",
        path,
        f"the invoice is in PLN: {name} belongs to invoices in a foreign currency",
        f"faktura jest w PLN: {name} dotyczy faktur w walucie obcej",
    )


def agreed(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """A rate of exchange by contract is for a contract in a foreign currency, invoiced in PLN."""
    terms = invoice.Fa.WarunkiTransakcji
    if terms is not None and terms.WalutaUmowna is not None and terms.WalutaUmowna == "PLN":
        yield note(
            "agreed-currency",
            "Fa/WarunkiTransakcji/WalutaUmowna",
            "a rate of exchange by contract is for contracts in a foreign currency, not in PLN",
            "kurs umowny dotyczy umów w walucie obcej, nie w PLN",
        )
