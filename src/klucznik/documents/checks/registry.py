"""All checks, and the way a document goes through them.

    findings, key = registry.examine(root, form, now=clock.now(), size=len(document))

The document is one the schema of `form` takes. Nothing here refuses: findings are told, KSeF decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import localcontext
from itertools import chain
from typing import Final

from lxml import etree

from klucznik.documents import fa, facts, read, rr
from klucznik.documents.checks import (
    currency,
    dates,
    farmers,
    kinds,
    lines,
    parties,
    payments,
    taxes,
    texts,
    totals,
)
from klucznik.documents.checks.finding import Finding, note
from klucznik.documents.checks.setting import Invoice, Setting, head
from klucznik.documents.checks.together import Key
from klucznik.documents.invoice import Facts
from klucznik.documents.model import Form
from klucznik.documents.values import collapse
from klucznik.wire import ids

#: Of one code in one document, so many findings are told.
MOST: Final = 20
#: Of every invoice of the FA family, in the order in which a person reads one.
EVERY: Final[tuple[Callable[[Invoice, Setting], Iterator[Finding]], ...]] = (
    texts.whole,
    parties.numbers,
    parties.names,
    parties.roles,
    texts.number,
    dates.issue,
    kinds.correction,
    parties.before_correction,
    dates.corrected,
    payments.settlement,
    payments.accounts,
    payments.link,
    parties.registers,
)
FA: Final[tuple[Callable[[fa.Faktura, Setting], Iterator[Finding]], ...]] = (
    dates.delivery,
    # Causes before what follows from them: the first finding is the one a person mends.
    taxes.line_rates,
    lines.arithmetic,
    totals.lines_against_totals,
    totals.tax_against_net,
    totals.gross,
    taxes.notes,
    taxes.across_borders,
    taxes.split_payment,
    taxes.self_billing,
    currency.exchange,
    currency.agreed,
    kinds.advances,
    kinds.order,
    lines.numbering,
    taxes.order_rates,
    dates.payment,
    payments.manner,
    payments.parts,
)
RR: Final[tuple[Callable[[rr.Faktura, Setting], Iterator[Finding]], ...]] = (
    dates.purchase,
    farmers.lines,
    farmers.totals,
    farmers.exchange,
    texts.words,
)


def examine(root: etree._Element, form: Form, *, now: datetime, size: int) -> tuple[list[Finding], Key]:
    """What is to be told of a valid document, and its key in KSeF. `now` is aware, `size` in bytes."""
    setting = Setting(form, now, size)
    if form.faktura is None:
        known = facts.read(root, form.system_code, check=False)
        found, key = _of_pef(known, setting), (known.seller_nip, known.kind, known.invoice_number)
    else:
        invoice = read.invoice(root, form)
        first = head(invoice)
        found, key = of_invoice(invoice, setting), (first.seller_nip, first.kind, collapse(first.number))
    # Amounts have up to 22 digits, and so have what they are multiplied by.
    with localcontext() as exact:
        exact.prec = 100
        return _thinned(chain(found, texts.characters(root))), key


def _thinned(found: Iterable[Finding]) -> list[Finding]:
    """Of what is wrong in the same way in thousands of lines the first ones, and how many more."""
    kept: list[Finding] = []
    seen: Counter[str] = Counter()
    for finding in found:
        seen[finding.code] += 1
        if seen[finding.code] <= MOST:
            kept.append(finding)
    for code, count in seen.items():
        if more := max(0, count - MOST):
            kept.append(note(code, "", f"and {more} more like these", f"i jeszcze {more} takich"))
    return kept


def of_invoice(invoice: Invoice, setting: Setting) -> Iterator[Finding]:
    """What is to be told of a typed invoice."""
    for check in EVERY:
        yield from check(invoice, setting)
    if isinstance(invoice, rr.Faktura):
        for rr_check in RR:
            yield from rr_check(invoice, setting)
    else:
        for fa_check in FA:
            yield from fa_check(invoice, setting)


def _of_pef(known: Facts, setting: Setting) -> Iterator[Finding]:
    """PEF is UBL: only what its facts give."""
    yield from texts.size(setting.size, attached=known.has_attachment)
    for path, nip in (
        ("AccountingSupplierParty", known.seller_nip),
        ("AccountingCustomerParty", known.buyer.value if known.buyer.type == "Nip" else None),
    ):
        if nip is not None and not ids.is_nip(nip):
            yield note(
                "nip-checksum",
                path,
                f"the check digit of NIP {nip} is wrong",
                f"NIP {nip} ma złą cyfrę kontrolną",
            )
    if known.buyer.value == known.seller_nip:
        yield note(
            "seller-is-buyer",
            "AccountingCustomerParty",
            f"seller and buyer are the same NIP {known.seller_nip}",
            f"sprzedawca i nabywca mają ten sam NIP {known.seller_nip}",
        )
    yield from texts.number_text(known.invoice_number, "ID")
    if known.issue_date > setting.today:
        yield note(
            "issue-future",
            "IssueDate",
            f"issued on {known.issue_date}, but today is {setting.today}: KSeF refuses it until then",
            f"data wystawienia {known.issue_date}, a dziś jest {setting.today}: KSeF ją do tego dnia odrzuci",
        )
