"""What is added, taken off and paid, when and where to. Rule: pdf.md section 2 row 12, section 6."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from klucznik.documents import fa, rr
from klucznik.documents.view.blocks import Block, Columns, Pair, Pairs, Section, Table, Total
from klucznik.documents.view.codes import BANKS_OWN_ACCOUNTS, PAYMENT_FORMS, named
from klucznik.documents.view.tables import Col, col, tables
from klucznik.documents.view.words import account, amount, day, some, text
from klucznik.lang import tr


def settlement(done: fa.Rozliczenie | None, currency: str) -> list[Section]:
    """`Rozliczenie`: charges beside deductions, then what is left."""
    if done is None:
        return []
    sides = [
        _side(
            done.Obciazenia,
            done.SumaObciazen,
            tr("Charges", "Obciążenia"),
            ("Reason of the charge", "Powód obciążenia"),
            tr("Charges in total", "Suma kwot obciążenia"),
            currency,
        ),
        _side(
            done.Odliczenia,
            done.SumaOdliczen,
            tr("Deductions", "Odliczenia"),
            ("Reason of the deduction", "Powód odliczenia"),
            tr("Deductions in total", "Suma kwot odliczenia"),
            currency,
        ),
    ]
    columns = [side for side in sides if side]
    blocks: list[Block] = [Columns(columns)] if len(columns) > 1 else [*columns[0]] if columns else []
    for label, value in (
        (tr("To pay", "Do zapłaty"), done.DoZaplaty),
        (tr("To settle", "Do rozliczenia"), done.DoRozliczenia),
    ):
        if value is not None:
            blocks.append(Total(label, amount(value, currency)))
    return [Section("settlement", tr("Settlement", "Rozliczenie"), blocks)] if blocks else []


def _side(
    rows: Sequence[fa.Obciazenia] | Sequence[fa.Odliczenia],
    total: Decimal | None,
    heading: str,
    reason: tuple[str, str],
    total_label: str,
    currency: str,
) -> list[Block]:
    made = tables(
        [col("Powod", *reason, weight=3), col("Kwota", "Amount", "Kwota", amount, "right")], rows, heading
    )
    written = amount(total, currency)
    if not made:
        return [Pairs([Pair(total_label, written)], heading)] if written else []
    foot = [total_label, written] if written else []
    return [Table(one.columns, one.rows, one.heading, foot=foot) for one in made]


def payment(body: fa.Fa) -> list[Section]:
    """`Płatność` of an FA."""
    paid = body.Platnosc
    if paid is None:
        return []
    information = tr("Payment", "Informacja o płatności")
    pairs: list[Pair] = []
    if paid.Zaplacono == 1:
        pairs.append(Pair(information, tr("Paid", "Zapłacono")))
    pairs += some(Pair(tr("Paid on", "Data zapłaty"), day(paid.DataZaplaty)))
    if paid.ZnacznikZaplatyCzesciowej:
        whole = paid.ZnacznikZaplatyCzesciowej == 2
        how = tr("Paid in full, in parts", "Zapłacono całość w częściach")
        pairs += [
            Pair(information, tr("Payment in parts", "Zapłata częściowa")),
            Pair(
                tr("How much of it", "Informacja o płatności (kontynuacja)"),
                how if whole else tr("Paid in part", "Zapłacono w części"),
            ),
        ]
    pairs += _form(paid, tr("Form of payment", "Forma płatności"))
    parts = tables(
        [
            col("DataZaplatyCzesciowej", "Paid on", "Data zapłaty częściowej", day),
            col("KwotaZaplatyCzesciowej", "Amount", "Kwota zapłaty częściowej", amount, "right"),
            Col("Form of payment", "Forma płatności", _form_in_one),
        ],
        paid.ZaplataCzesciowa,
    )
    # A single day needs no table.
    single = len(paid.TerminPlatnosci) == 1 and not paid.TerminPlatnosci[0].TerminOpis
    if single:
        pairs += some(Pair(tr("Due date", "Termin płatności"), day(paid.TerminPlatnosci[0].Termin)))
    terms = tables(
        [
            col("Termin", "Due date", "Termin płatności", day),
            Col("Term in words", "Opis płatności", _term, weight=2),
        ],
        [] if single else paid.TerminPlatnosci,
    )
    blocks: list[Block] = [Pairs(pairs)] if pairs else []
    blocks += [Columns([parts, terms])] if parts and terms else [*parts, *terms]
    if links := _links(paid):
        blocks.append(Pairs(links))
    blocks += accounts(
        (tr("Bank account", "Numer rachunku bankowego"), paid.RachunekBankowy),
        (tr("Bank account of the factor", "Numer rachunku bankowego faktora"), paid.RachunekBankowyFaktora),
    )
    if paid.Skonto:
        discount = some(
            Pair(tr("Terms of the discount", "Warunki skonta"), text(paid.Skonto.WarunkiSkonta)),
            Pair(tr("Amount of the discount", "Wysokość skonta"), text(paid.Skonto.WysokoscSkonta)),
        )
        blocks.append(Pairs(discount, tr("Discount for early payment", "Skonto")))
    return [Section("payment", tr("Payment", "Płatność"), blocks)] if blocks else []


def payment_rr(body: rr.FakturaRR) -> list[Section]:
    """`Płatność` of an FA_RR. Rule: pdf.md section 9."""
    paid = body.Platnosc
    if paid is None:
        return []
    pairs = some(
        Pair(
            tr("Form of payment", "Forma zapłaty"),
            tr("Transfer", "Przelew")
            if paid.FormaPlatnosci
            else tr("Other", "Inna")
            if paid.PlatnoscInna
            else "",
        ),
        Pair(tr("Other form of payment", "Opis płatności innej"), text(paid.OpisPlatnosci)),
        *_links(paid),
    )
    blocks: list[Block] = [Pairs(pairs)] if pairs else []
    blocks += accounts(
        (tr("Bank account of the farmer", "Rachunek bankowy rolnika"), paid.RachunekBankowy1),
        (tr("Bank account of the buyer", "Rachunek bankowy nabywcy"), paid.RachunekBankowy2),
    )
    return [Section("payment", tr("Payment", "Płatność"), blocks)] if blocks else []


def _form(paid: fa.Platnosc, label: str) -> list[Pair]:
    other = tr("Other form of payment", "Płatność inna") if paid.PlatnoscInna == 1 else ""
    return some(
        Pair(label, named(PAYMENT_FORMS, paid.FormaPlatnosci) or other),
        Pair(tr("Other form described", "Opis płatności innej"), text(paid.OpisPlatnosci)),
    )


def _form_in_one(part: fa.ZaplataCzesciowa) -> str:
    return named(PAYMENT_FORMS, part.FormaPlatnosci) or text(part.OpisPlatnosci)


def _term(term: fa.TerminPlatnosci) -> str:
    """A term in words; FA(2) has a text for it."""
    words = term.TerminOpis
    if words is None or isinstance(words, str):
        return text(words)
    return " ".join((str(words.Ilosc), text(words.Jednostka), text(words.ZdarzeniePoczatkowe)))


def _links(paid: fa.Platnosc | rr.Platnosc) -> list[Pair]:
    link = text(paid.LinkDoPlatnosci)
    return some(
        Pair(tr("Link for cashless payment", "Link do płatności bezgotówkowej"), link, link),
        Pair(
            tr("KSeF payment identifier", "Identyfikator płatności Krajowego Systemu e-Faktur"),
            text(paid.IPKSeF),
        ),
    )


def accounts(*kinds: tuple[str, Sequence[fa.RachunekBankowy]]) -> list[Block]:
    """Bank accounts, two side by side."""
    boxes: list[Sequence[Block]] = [
        [Pairs(_account(one), heading)] for heading, kind in kinds for one in kind
    ]
    if len(boxes) % 2:
        boxes.append([])
    return [Columns(boxes[at : at + 2]) for at in range(0, len(boxes), 2)]


def _account(one: fa.RachunekBankowy) -> list[Pair]:
    return some(
        Pair(tr("Account number", "Pełny numer rachunku"), account(one.NrRB)),
        Pair(tr("SWIFT code", "Kod SWIFT"), text(one.SWIFT)),
        Pair(
            tr("Bank's own account", "Rachunek własny banku"),
            named(BANKS_OWN_ACCOUNTS, getattr(one, "RachunekWlasnyBanku", None)),
        ),
        Pair(tr("Bank", "Nazwa banku"), text(one.NazwaBanku)),
        Pair(tr("Description", "Opis rachunku"), text(one.OpisRachunku)),
    )
