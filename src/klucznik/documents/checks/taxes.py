"""Rates, and the notes the law wants beside them. Rules: fa3.md sections 3 and 4."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from klucznik.documents import fa
from klucznik.documents.checks.finding import Finding, note, numbered
from klucznik.documents.checks.lines import Row, is_margin, rows
from klucznik.documents.checks.setting import CORRECTIONS, Setting
from klucznik.documents.values import collapse

#: Rates that ended on the last day of 2010.
_OLD_RATES: Final = {"22": "23", "7": "8", "3": "4"}
_NEW_RATES_FROM: Final = date(2011, 1, 1)
#: Above it, goods and services of annex 15 are paid in split payment. Art. 106e(1)(18a).
SPLIT_FROM: Final = Decimal(15_000)
_EU_OSS: Final = frozenset({"WSTO_EE", "IED"})


def _has(body: fa.Fa, all_rows: list[Row], rates: tuple[str, ...], *totals: str) -> str:
    """Where one of these rates is used, in a line or as a total; empty when nowhere."""
    for row in all_rows:
        if row.rate in rates:
            return f"{row.path}/P_12"
    return next((f"Fa/{name}" for name in totals if getattr(body, name)), "")


def notes(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """What is exempt, reversed or of the margin scheme says so, and says why; and nothing else does."""
    body, said = invoice.Fa, invoice.Fa.Adnotacje
    all_rows = rows(body)
    whole = collapse(body.RodzajFaktury) == "VAT" and bool(all_rows)
    exempt = _has(body, all_rows, ("zw",), "P_13_7")
    if exempt and said.Zwolnienie.P_19 != 1:
        yield note(
            "exempt-ground",
            exempt,
            "a sale is exempt (zw), but P_19 names no legal ground",
            "sprzedaż jest zwolniona (zw), a P_19 nie podaje podstawy prawnej",
        )
    if whole and not exempt and said.Zwolnienie.P_19 == 1:
        yield note(
            "exempt-unused",
            "Fa/Adnotacje/Zwolnienie/P_19",
            "a ground of exemption is named, but nothing is exempt (zw)",
            "podano podstawę zwolnienia, a nic nie jest zwolnione (zw)",
        )
    reverse = _has(body, all_rows, ("oo",), "P_13_10")
    abroad = _has(body, all_rows, ("np II",), "P_13_9")
    if reverse and said.P_18 != 1:
        yield note(
            "reverse-charge-note",
            reverse,
            "the buyer accounts for the tax (oo), but P_18 does not say so",
            "podatek rozlicza nabywca (oo), a P_18 tego nie mówi",
        )
    elif abroad and said.P_18 != 1:
        yield note(
            "reverse-charge-abroad",
            abroad,
            "services to a taxpayer of another member state (np II) carry the note P_18 = 1",
            "usługi dla podatnika z innego państwa UE (np II) wymagają adnotacji P_18 = 1",
        )
    outside = _has(body, all_rows, ("np I", "np"), "P_13_8")
    if whole and said.P_18 == 1 and not (reverse or abroad or outside):
        yield note(
            "reverse-charge-unused",
            "Fa/Adnotacje/P_18",
            "P_18 says reverse charge, but no line is oo or np",
            "P_18 mówi o odwrotnym obciążeniu, a żaden wiersz nie ma stawki oo ani np",
        )
    if body.P_13_11 and not is_margin(body):
        yield note(
            "margin-note",
            "Fa/P_13_11",
            "a total of the margin scheme, but PMarzy does not name the scheme",
            "suma sprzedaży w procedurze marży, a PMarzy nie wskazuje procedury",
        )
    if whole and is_margin(body) and body.P_13_11 is None:
        yield note(
            "margin-unused",
            "Fa/Adnotacje/PMarzy/P_PMarzy",
            "the margin scheme is named, but P_13_11 is missing",
            "wskazano procedurę marży, a brakuje P_13_11",
        )


def line_rates(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Each line has one rate, in force, and procedures that fit it."""
    body = invoice.Fa
    kind = collapse(body.RodzajFaktury)
    margin = is_margin(body) or body.P_13_11 is not None
    sold = body.P_6 or (body.OkresFa.P_6_Od if body.OkresFa else None)
    for row in rows(body):
        line = row.line
        procedure = collapse(line.Procedura) if line.Procedura else ""
        if line.P_12 is not None and line.P_12_XII is not None:
            yield _two_rates(f"{row.path}/P_12_XII", row.rate, line.P_12_XII)
        elif procedure in _EU_OSS and line.P_12 is not None:
            yield _polish_rate(f"{row.path}/P_12", procedure, row.rate)
        if not row.rate and row.amount and kind == "VAT" and not margin:
            yield note(
                "line-without-rate",
                row.path,
                "a line with an amount, but without a rate (P_12)",
                "wiersz z kwotą, ale bez stawki podatku (P_12)",
            )
        if (today := _OLD_RATES.get(row.rate)) and kind not in CORRECTIONS:
            at = line.P_6A or sold or body.P_1
            if at >= _NEW_RATES_FROM:
                yield note(
                    "old-rate",
                    f"{row.path}/P_12",
                    f"the rate {row.rate}% ended with 2010; today it is {today}%",
                    f"stawka {row.rate}% skończyła się z rokiem 2010; dziś jest to {today}%",
                )
        if row.rate == "4":
            yield note(
                "taxi-rate",
                f"{row.path}/P_12",
                "4% is the flat rate of taxi drivers; is this a taxi?",
                "4% to ryczałt taksówkarzy; czy to taksówka?",
            )
        if line.GTU and line.P_12_XII is not None:
            yield note(
                "gtu-abroad",
                f"{row.path}/GTU",
                f"{line.GTU} is for sales that are taxed in Poland",
                f"{line.GTU} dotyczy sprzedaży opodatkowanej w Polsce",
            )
        if procedure in ("I_42", "I_63") and row.rate not in ("0 WDT", "0"):
            yield note(
                "procedure-intra-eu",
                f"{row.path}/Procedura",
                f"{procedure} is an intra-EU supply after import, its rate is 0 WDT, not {row.rate or '-'}",
                f"{procedure} to WDT po imporcie, ma stawkę 0 WDT, nie {row.rate or '-'}",
            )
        if procedure == "TT_D" and body.Adnotacje.P_23 != 1:
            yield note(
                "triangular-note",
                f"{row.path}/Procedura",
                "TT_D is a triangular supply, but P_23 does not say so",
                "TT_D to transakcja trójstronna, a P_23 tego nie mówi",
            )


def order_rates(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """The lines of an order, as those of the invoice."""
    ordered = invoice.Fa.Zamowienie.ZamowienieWiersz if invoice.Fa.Zamowienie else []
    for index, line in enumerate(ordered):
        path = f"Fa/Zamowienie/{numbered('ZamowienieWiersz', ordered, index)}"
        if line.P_12Z is not None and line.P_12Z_XII is not None:
            yield _two_rates(f"{path}/P_12Z_XII", line.P_12Z, line.P_12Z_XII)
        elif line.ProceduraZ is not None and collapse(line.ProceduraZ) in _EU_OSS and line.P_12Z is not None:
            yield _polish_rate(f"{path}/P_12Z", collapse(line.ProceduraZ), line.P_12Z)


def _two_rates(path: str, polish: str, other: Decimal) -> Finding:
    return note(
        "two-rates",
        path,
        f"a Polish rate ({polish}) and one of another member state ({other}%) in one line",
        f"stawka polska ({polish}) i stawka innego państwa UE ({other}%) w jednym wierszu",
    )


def _polish_rate(path: str, procedure: str, rate: str) -> Finding:
    return note(
        "oss-polish-rate",
        path,
        f"{procedure} is taxed abroad: its rate belongs to the OSS field (XII), it is not {rate}",
        f"{procedure} to podatek za granicą: stawka należy do pola OSS (XII) i nie jest to {rate}",
    )


def across_borders(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Who may buy at 0 WDT, 0 EX, np II and in a triangular transaction."""
    body, buyer = invoice.Fa, invoice.Podmiot2.DaneIdentyfikacyjne
    all_rows = rows(body)
    place = "Podmiot2/DaneIdentyfikacyjne"
    new_transport = body.Adnotacje.NoweSrodkiTransportu.P_22 == 1
    in_eu = buyer.KodUE is not None and buyer.KodUE != "PL"
    supply = _has(body, all_rows, ("0 WDT",), "P_13_6_2")
    if supply and buyer.NIP is not None:
        yield note(
            "intra-eu-polish-buyer",
            f"{place}/NIP",
            f"intra-EU supply (0 WDT) to the Polish NIP {buyer.NIP}",
            f"dostawa wewnątrzwspólnotowa (0 WDT) na polski NIP {buyer.NIP}",
        )
    elif supply and not in_eu and buyer.KodUE is None and not new_transport:
        yield note(
            "intra-eu-number",
            place,
            "intra-EU supply (0 WDT) without the buyer's EU VAT number (KodUE and NrVatUE)",
            "dostawa wewnątrzwspólnotowa (0 WDT) bez numeru VAT UE nabywcy (KodUE i NrVatUE)",
        )
    if supply and invoice.Podmiot1.PrefiksPodatnika is None:
        yield note(
            "intra-eu-prefix",
            "Podmiot1",
            "for an intra-EU supply the seller's number carries PL (PrefiksPodatnika)",
            "przy dostawie wewnątrzwspólnotowej numer sprzedawcy ma przedrostek PL (PrefiksPodatnika)",
        )
    if (export := _has(body, all_rows, ("0 EX",), "P_13_6_3")) and in_eu:
        yield note(
            "export-to-eu",
            export,
            f"export (0 EX) to a buyer of the EU ({buyer.KodUE}); is it 0 WDT?",
            f"eksport (0 EX) dla nabywcy z UE ({buyer.KodUE}); czy to nie 0 WDT?",
        )
    if (abroad := _has(body, all_rows, ("np II",), "P_13_9")) and not in_eu:
        yield note(
            "services-to-eu-number",
            abroad,
            "np II is for taxpayers of other member states, but the buyer has no such EU VAT number",
            "np II dotyczy podatników z innych państw UE, a nabywca nie ma takiego numeru VAT UE",
        )
    if body.Adnotacje.P_23 == 1 and not in_eu:
        yield note(
            "triangular-buyer",
            place,
            "a triangular transaction (P_23) has a buyer of another member state, with an EU VAT number",
            "w transakcji trójstronnej (P_23) nabywca jest z innego państwa UE i ma numer VAT UE",
        )
    if new_transport:
        if not supply and not _has(body, all_rows, ("0",)):
            yield note(
                "new-transport-rate",
                "Fa/Adnotacje/NoweSrodkiTransportu/P_22",
                "a new means of transport for another member state (P_22), but nothing is sold at 0 WDT",
                "wewnątrzwspólnotowa dostawa nowego środka transportu (P_22), a nie ma stawki 0 WDT",
            )
        numbers = {row.line.NrWierszaFa for row in all_rows}
        for vehicle in body.Adnotacje.NoweSrodkiTransportu.NowySrodekTransportu:
            if numbers and vehicle.P_NrWierszaNST not in numbers:
                yield note(
                    "new-transport-line",
                    "Fa/Adnotacje/NoweSrodkiTransportu",
                    f"a new means of transport refers to line {vehicle.P_NrWierszaNST}, which is not there",
                    f"nowy środek transportu wskazuje wiersz {vehicle.P_NrWierszaNST}, którego nie ma",
                )


def split_payment(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """Annex 15 above 15,000 PLN to a taxpayer: P_18A. Foreign amounts by the lines' exchange rate."""
    body = invoice.Fa
    marked = next((row for row in rows(body) if row.line.P_12_Zal_15 == 1), None)
    if marked is None or body.Adnotacje.P_18A == 1 or collapse(body.RodzajFaktury) in CORRECTIONS:
        return
    exchange = Decimal(1) if body.KodWaluty == "PLN" else marked.line.KursWaluty or body.KursWalutyZ
    if exchange is None or invoice.Podmiot2.DaneIdentyfikacyjne.BrakID == 1:
        return
    if (worth := body.P_15 * exchange) > SPLIT_FROM:
        yield note(
            "split-payment",
            "Fa/Adnotacje/P_18A",
            f"goods or services of annex 15 and {worth:.2f} PLN due: P_18A must be 1 (split payment)",
            f"towary lub usługi z załącznika 15 i należność {worth:.2f} zł: P_18A musi mieć 1 (MPP)",
        )


def self_billing(invoice: fa.Faktura, setting: Setting) -> Iterator[Finding]:
    """The buyer who issues (P_17) is known to KSeF by NIP or EU VAT number. Rule:
    invoice-verification.md section 10."""
    buyer = invoice.Podmiot2.DaneIdentyfikacyjne
    if invoice.Fa.Adnotacje.P_17 == 1 and buyer.NIP is None and buyer.KodUE is None:
        yield note(
            "self-billing-buyer",
            "Podmiot2/DaneIdentyfikacyjne",
            "self-billing (P_17), but the buyer has neither NIP nor EU VAT number to issue with",
            "samofakturowanie (P_17), a nabywca nie ma NIP ani numeru VAT UE, którym mógłby wystawiać",
        )
