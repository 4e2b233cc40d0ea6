"""Notes (Adnotacje) and flags that other fields imply. Rule: fa3.md section 3."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from klucznik.documents import fa, rr
from klucznik.documents.invoice import Fault
from klucznik.documents.model import Node
from klucznik.documents.objects import fault

#: Above this many zloty, goods of annex 15 must be paid split. VAT Act art. 106e(1)(18a).
_SPLIT_ABOVE: Final = Decimal(15000)

#: Class -> flag, the fields that imply it.
_IMPLIED: Final[tuple[tuple[type[Node], str, tuple[str, ...]], ...]] = (
    (fa.Zwolnienie, "P_19", ("P_19A", "P_19B", "P_19C")),
    (fa.PMarzy, "P_PMarzy", ("P_PMarzy_2", "P_PMarzy_3_1", "P_PMarzy_3_2", "P_PMarzy_3_3")),
    (fa.NoweSrodkiTransportu, "P_22", ("NowySrodekTransportu",)),
    (fa.Podmiot3, "RolaInna", ("OpisRoli",)),
    (fa.DaneFaKorygowanej, "NrKSeF", ("NrKSeFFaKorygowanej",)),
    (fa.FakturaZaliczkowa, "NrKSeFZN", ("NrFaZaliczkowej",)),
    (fa.Platnosc, "Zaplacono", ("DataZaplaty",)),
    (fa.Platnosc, "PlatnoscInna", ("OpisPlatnosci",)),
    (fa.ZaplataCzesciowa, "PlatnoscInna", ("OpisPlatnosci",)),
    (fa.Transport, "TransportInny", ("OpisInnegoTransportu",)),
    (fa.Transport, "LadunekInny", ("OpisInnegoLadunku",)),
    (rr.Podmiot3, "RolaInna", ("OpisRoli",)),
    (rr.Platnosc, "PlatnoscInna", ("OpisPlatnosci",)),
)


def imply(nodes: Sequence[Node | None]) -> None:
    """Set the flags that other fields of these elements imply."""
    for node in nodes:
        for owner, flag, others in _IMPLIED:
            if not isinstance(node, owner) or getattr(node, flag) is not None:
                continue
            if any(getattr(node, other) not in (None, []) for other in others):
                setattr(node, flag, 1)


def notes(body: fa.Fa, exchange: Decimal | None) -> list[Fault]:
    """Adnotacje: no, unless given or implied by rates. VAT Act art. 106e(1)(16)-(24)."""
    faults: list[Fault] = []
    order = body.Zamowienie
    notes = body.Adnotacje if body.Adnotacje is not None else fa.Adnotacje()
    body.Adnotacje = notes
    rates = {line.P_12 for line in body.FaWiersz}
    annex = any(line.P_12_Zal_15 for line in body.FaWiersz)
    if order is not None:
        rates |= {row.P_12Z for row in order.ZamowienieWiersz}
        annex = annex or any(row.P_12Z_Zal_15 for row in order.ZamowienieWiersz)
    # (1) The buyer accounts for the tax: domestic reverse charge, services of art. 100(1)(4).
    if notes.P_18 is None:
        notes.P_18 = 1 if rates & {"oo", "np II"} else 2
    # (2) Goods of annex 15 above the limit are paid split.
    if notes.P_18A is None:
        above = body.P_15 is not None and body.P_15 * (exchange or 1) > _SPLIT_ABOVE
        notes.P_18A = 1 if annex and above else 2
    for name in ("P_16", "P_17", "P_23"):
        if getattr(notes, name) is None:
            setattr(notes, name, 2)
    # (3) An exemption names its ground.
    if notes.Zwolnienie is None:
        notes.Zwolnienie = fa.Zwolnienie()
    exemption = notes.Zwolnienie
    imply([exemption, notes.NoweSrodkiTransportu, notes.PMarzy])
    if "zw" in rates and exemption.P_19 is None:
        faults.append(
            fault(
                "Fa/Adnotacje/Zwolnienie",
                'the rate "zw" wants its ground: give P_19A (act), P_19B (directive) or P_19C (other)',
                'stawka "zw" wymaga podstawy: podaj P_19A (ustawa), P_19B (dyrektywa) albo P_19C (inna)',
            )
        )
    elif exemption.P_19 is None and exemption.P_19N is None:
        exemption.P_19N = 1
    if notes.NoweSrodkiTransportu is None:
        notes.NoweSrodkiTransportu = fa.NoweSrodkiTransportu(P_22N=1)
    if notes.PMarzy is None:
        notes.PMarzy = fa.PMarzy(P_PMarzyN=1)
    return faults


def is_margin(scheme: fa.PMarzy | None) -> bool:
    kinds = ("P_PMarzy", "P_PMarzy_2", "P_PMarzy_3_1", "P_PMarzy_3_2", "P_PMarzy_3_3")
    return scheme is not None and any(getattr(scheme, kind) for kind in kinds)
