"""Totals: lines against P_13_x, tax against P_14_x, everything against P_15.

Net and gross method are both legal, and tax may be summed line by line: what any of them gives is taken.
Rule: fa3.md sections 4 and 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from klucznik.documents import fa, rates
from klucznik.documents.checks.finding import Finding, note
from klucznik.documents.checks.lines import CENT, HUNDRED, ZERO, Row, cents, rows, total
from klucznik.documents.checks.setting import ADVANCES, CORRECTIONS, SETTLEMENTS, Setting
from klucznik.documents.values import collapse

#: Rates of each taxed total, the present one first.
PERCENTS: Final = {
    "P_13_1": (Decimal(23), Decimal(22)),
    "P_13_2": (Decimal(8), Decimal(7)),
    "P_13_3": (Decimal(5),),
    "P_13_4": (Decimal(4), Decimal(3)),
}
#: Totals that the lines of one rate share: FA(2) tells neither zero nor "outside Poland" apart.
_GROUPS: Final = (
    *((name,) for name in rates.NETS if name not in ("P_13_6_1", "P_13_6_2", "P_13_6_3", "P_13_8", "P_13_9")),
    ("P_13_6_1", "P_13_6_2", "P_13_6_3"),
    ("P_13_8", "P_13_9"),
)


def _tax_of(net: str) -> str:
    return net.replace("P_13", "P_14") if net in ("P_13_1", "P_13_2", "P_13_3", "P_13_4", "P_13_5") else ""


def _groups(all_rows: Sequence[Row]) -> list[tuple[str, ...]]:
    if any(row.rate in ("0", "np") for row in all_rows):
        return list(_GROUPS)
    return [(name,) for name in rates.NETS]


def lines_against_totals(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """The lines of a rate give its P_13_x (and, stated gross, P_13_x + P_14_x)."""
    body = invoice.Fa
    kind = collapse(body.RodzajFaktury)
    all_rows = rows(body)
    corrects = kind in CORRECTIONS
    # (1) Advances and settlements state payments and differences to them; a collective correction and a
    #     simplified invoice may say less. Nothing to compare there.
    if not all_rows or kind in ADVANCES | SETTLEMENTS | {"UPR"} or body.OkresFaKorygowanej:
        return
    # (2) A line without rate might belong to any total.
    if any(not row.nets for row in all_rows):
        return
    for group in _groups(all_rows):
        mine = [row for row in all_rows if row.nets[0] in group]
        stated = [total(body, name) for name in group]
        net = sum((one for one in stated if one is not None), ZERO)
        place = next((name for name in group if total(body, name) is not None), group[0])
        if not mine:
            if net and not corrects:
                yield note(
                    "total-without-line",
                    f"Fa/{place}",
                    f"{place} is {net}, but no line has its rate",
                    f"{place} to {net}, a żaden wiersz nie ma jej stawki",
                )
            continue
        sums = _sums(mine, corrects, group == ("P_13_11",))
        if all(one is None for one in stated):
            if any(row.amount for row in mine) and not any(abs(one) <= CENT for one in sums):
                yield note(
                    "line-without-total",
                    mine[0].path,
                    f"rate {mine[0].rate or 'marża'} is used, but {'/'.join(group)} is missing",
                    f"użyto stawki {mine[0].rate or 'marża'}, a brakuje {'/'.join(group)}",
                )
            continue
        tax = total(body, _tax_of(place)) if _tax_of(place) else None
        yield from _compare(mine, sums, net, net + (tax or ZERO), place, corrects)


def _sums(mine: Sequence[Row], corrects: bool, margin: bool) -> list[Decimal]:
    """What the lines may add up to: net values, else gross ones; old data off, whatever its sign."""
    if margin:
        values = [row.line.P_11A if row.line.P_11A is not None else row.line.P_11 for row in mine]
    elif all(row.line.P_11 is not None for row in mine):
        values = [row.line.P_11 for row in mine]
    else:
        values = [row.line.P_11A for row in mine]
    return _added(mine, values, corrects)


def _added(mine: Sequence[Row], values: Sequence[Decimal | None], corrects: bool) -> list[Decimal]:
    """The sums of these values of the lines; none when a line lacks it."""
    if any(value is None for value in values):
        return []
    after = before = ZERO
    for row, value in zip(mine, values, strict=True):
        if corrects and row.before:
            before += value or ZERO
        else:
            after += value or ZERO
    # Some programs write old data with the sign turned.
    return [after - before, after + before] if before < 0 else [after - before]


def _compare(
    mine: Sequence[Row], sums: Sequence[Decimal], net: Decimal, gross: Decimal, place: str, corrects: bool
) -> Iterator[Finding]:
    if not sums:
        return
    is_net = place == "P_13_11" or all(row.line.P_11 is not None for row in mine)
    stated = net if is_net else gross
    slack = CENT * len(mine)
    if any(abs(one - stated) <= (ZERO if is_net else slack) for one in sums):
        return
    # Lines of the gross method state rounded net values: cents may gather, no more.
    if any(abs(one - stated) <= slack for one in sums):
        if gross in _added(mine, [row.line.P_11A for row in mine], corrects):
            return  # that they do, as the gross values of the same lines tell
        yield note(
            "sum-cents",
            f"Fa/{place}",
            f"the lines add up to {sums[0]}, {place} is {stated}: cents of rounding?",
            f"wiersze dają {sums[0]}, a {place} to {stated}: grosze z zaokrągleń?",
        )
        return
    before = any(row.before for row in mine)
    what_en = "the differences of the lines" if corrects else "the lines of this rate"
    what_pl = "różnice w wierszach" if corrects else "wiersze tej stawki"
    code = ("correction-difference" if before else "correction-lines") if corrects else "sum-net"
    name = place if is_net or not _tax_of(place) else f"{place} + {_tax_of(place)}"
    yield note(
        code,
        f"Fa/{place}",
        f"{what_en} add up to {sums[0]}, but {name} is {stated}",
        f"{what_pl} dają {sums[0]}, a {name} to {stated}",
    )


def tax_against_net(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """P_14_x is the tax on P_13_x, by either method, to a cent for each line it is summed from."""
    body = invoice.Fa
    all_rows = rows(body)
    documents = len(body.DaneFaKorygowanej) + len(body.FakturaZaliczkowa) + len(body.ZaliczkaCzesciowa)
    order = len(body.Zamowienie.ZamowienieWiersz) if body.Zamowienie else 0
    for net_name in ("P_13_1", "P_13_2", "P_13_3", "P_13_4", "P_13_5"):
        net, tax = total(body, net_name), total(body, _tax_of(net_name))
        if net is None or tax is None:
            continue
        mine = [row for row in all_rows if row.nets[:1] == (net_name,)]
        used = [row.percent for row in mine if row.percent is not None]
        percents = sorted(set(used) or set(PERCENTS.get(net_name, ())))
        if not percents:
            continue
        slack = CENT * (max(len(mine), order, 1) + documents)
        span = [cents(net * percent / HUNDRED) for percent in (percents[0], percents[-1])]
        if not used and any(abs(one - tax) <= slack for one in span):
            continue
        if used and min(span) - slack <= tax <= max(span) + slack:
            continue
        shown = "/".join(f"{percent}%" for percent in percents)
        right = "/".join(str(one) for one in dict.fromkeys(span))
        # A correction may mend the tax alone.
        yield note(
            "vat-difference" if collapse(body.RodzajFaktury) in CORRECTIONS else "vat-arithmetic",
            f"Fa/{_tax_of(net_name)}",
            f"{shown} of {net_name} {net} is {right}, but {_tax_of(net_name)} is {tax}",
            f"{shown} od {net_name} {net} to {right}, a {_tax_of(net_name)} to {tax}",
        )


def gross(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """P_15 = all P_13_x + all P_14_x."""
    body = invoice.Fa
    kind = collapse(body.RodzajFaktury)
    parts = [one for name in (*rates.NETS, *rates.TAXES) if (one := total(body, name)) is not None]
    if not parts:
        if kind == "VAT" and not body.FaWiersz:
            yield note(
                "no-totals",
                "Fa",
                "neither lines nor totals by rate: what was sold, and with which tax?",
                "brak wierszy i sum według stawek: co sprzedano i z jakim podatkiem?",
            )
        return
    right = sum(parts, ZERO)
    away = abs(right - body.P_15)
    if not away:
        return
    if kind in SETTLEMENTS:
        code = "gross-rest"
    else:
        code = (
            "gross-cents" if away <= min(CENT * max(len(body.FaWiersz), 1), Decimal("0.10")) else "sum-gross"
        )
    yield note(
        code,
        "Fa/P_15",
        f"the totals by rate add up to {right}, but P_15 is {body.P_15}",
        f"sumy według stawek dają {right}, a P_15 to {body.P_15}",
    )
