"""Terms of the transaction, transport, warehouse documents. Rule: pdf.md section 2, rows 14 and 15."""

from __future__ import annotations

from collections.abc import Sequence

from klucznik.documents import fa
from klucznik.documents.view.blocks import Block, Column, Columns, Pair, Pairs, Section, Table, Text
from klucznik.documents.view.codes import LOADS, TRANSPORTS, named
from klucznik.documents.view.sections.parties import identifier, postal
from klucznik.documents.view.tables import col, tables
from klucznik.documents.view.words import currency, day, exchange_rate, moment, some, text
from klucznik.lang import tr


def terms(given: fa.WarunkiTransakcji | None) -> list[Section]:
    """`Warunki transakcji`, each transport after it."""
    if given is None:
        return []
    papers = [
        tables(
            [
                col("DataUmowy", "Date", "Data umowy", day),
                col("NrUmowy", "Number", "Numer umowy", weight=2),
            ],
            given.Umowy,
            tr("Contract", "Umowa"),
        ),
        tables(
            [
                col("DataZamowienia", "Date", "Data zamówienia", day),
                col("NrZamowienia", "Number", "Numer zamówienia", weight=2),
            ],
            given.Zamowienia,
            tr("Order", "Zamówienie"),
        ),
    ]
    sides = [one for one in papers if one]
    blocks: list[Block] = [Columns(sides)] if len(sides) > 1 else [*sides[0]] if sides else []
    agreed = some(
        Pair(tr("Agreed currency", "Waluta umowna"), currency(text(given.WalutaUmowna))),
        Pair(tr("Agreed exchange rate", "Kurs umowny"), exchange_rate(given.KursUmowny)),
    )
    if agreed:
        blocks.append(Pairs(agreed, tr("Agreed currency and exchange rate", "Waluta umowna i kurs umowny")))
    blocks += _listed(tr("Number of the lot of goods", "Numer partii towaru"), given.NrPartiiTowaru)
    if given.WarunkiDostawy:
        label = tr("Terms of delivery of the goods", "Warunki dostawy towarów")
        blocks.append(Pairs([Pair(label, text(given.WarunkiDostawy))]))
    if given.PodmiotPosredniczacy == 1:
        said = tr(
            "Delivered by an intermediary of a chain transaction, art. 22(2d) of the VAT Act",
            "Dostawa dokonana przez podmiot, o którym mowa w art. 22 ust. 2d ustawy",
        )
        blocks.append(Text(said))
    heading = tr("Terms of the transaction", "Warunki transakcji")
    made = [Section("terms", heading, blocks)] if blocks else []
    for n, transport in enumerate(given.Transport, 1):
        title = tr(f"Transport {n}", f"Transport {n}")
        made.append(Section("transport", title, _transport(transport)))
    return made


def _transport(one: fa.Transport) -> list[Block]:
    data = some(
        Pair(
            tr("Kind of transport", "Rodzaj transportu"),
            named(TRANSPORTS, one.RodzajTransportu) or (tr("Other", "Inny") if one.TransportInny else ""),
        ),
        Pair(
            tr("Other transport described", "Opis innego rodzaju transportu"), text(one.OpisInnegoTransportu)
        ),
        Pair(tr("Transport order", "Numer zlecenia transportu"), text(one.NrZleceniaTransportu)),
        Pair(
            tr("Load", "Opis ładunku"),
            named(LOADS, one.OpisLadunku) or (tr("Other", "Inny") if one.LadunekInny else ""),
        ),
        Pair(tr("Other load described", "Opis innego ładunku"), text(one.OpisInnegoLadunku)),
        Pair(tr("Packaging unit", "Jednostka opakowania"), text(one.JednostkaOpakowania)),
        Pair(tr("Begins", "Rozpoczęcie transportu"), moment(one.DataGodzRozpTransportu)),
        Pair(tr("Ends", "Zakończenie transportu"), moment(one.DataGodzZakTransportu)),
    )
    carrier = []
    if one.Przewoznik:
        who = one.Przewoznik.DaneIdentyfikacyjne
        carrier = [
            *identifier(who),
            *some(
                Pair(tr("Name", "Nazwa"), text(who.Nazwa)),
                Pair(tr("Address", "Adres"), postal(one.Przewoznik.AdresPrzewoznika)),
            ),
        ]
    way = some(
        Pair(tr("From", "Adres miejsca wysyłki"), postal(one.WysylkaZ)),
        *(Pair(tr("By way of", "Adres pośredni wysyłki"), postal(place)) for place in one.WysylkaPrzez),
        Pair(tr("To", "Adres miejsca docelowego"), postal(one.WysylkaDo)),
    )
    right: list[Block] = []
    if carrier:
        right.append(Pairs(carrier, tr("Carrier", "Przewoźnik")))
    if way:
        right.append(Pairs(way, tr("Shipping", "Wysyłka")))
    left: list[Block] = [Pairs(data, tr("Transport data", "Dane transportu"))]
    return [Columns([left, right])] if right else left


def _listed(title: str, texts: Sequence[str]) -> list[Block]:
    """Short texts in four columns, down the first, then the next."""
    if len(texts) < 5:
        return [Pairs([Pair(title, "\n".join(map(text, texts)))])] if texts else []
    deep = -(-len(texts) // 4)
    cells = [text(one) for one in texts]
    side = [cells[at * deep : (at + 1) * deep] for at in range(4)]
    side = [one + [""] * (deep - len(one)) for one in side if one]
    columns = [Column(title if at == 0 else "") for at in range(len(side))]
    return [Table(columns, list(zip(*side, strict=True)))]


def warehouse(numbers: Sequence[str]) -> list[Section]:
    """`Numery dokumentów magazynowych WZ`."""
    if not numbers:
        return []
    heading = tr("Numbers of warehouse documents WZ", "Numery dokumentów magazynowych WZ")
    return [Section("warehouse", heading, _listed(tr("WZ number", "Numer WZ"), numbers))]
