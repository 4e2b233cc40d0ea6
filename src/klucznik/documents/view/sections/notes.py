"""The notes the law asks for, and what else the issuer adds. Rule: pdf.md section 2, rows 10 and 11."""

from __future__ import annotations

from collections.abc import Sequence

from klucznik.documents import fa
from klucznik.documents.view.blocks import Block, Pair, Pairs, Section, Table
from klucznik.documents.view.tables import Col, col, ordinal, tables
from klucznik.documents.view.words import day, quantity, some, text
from klucznik.lang import tr


def notes(body: fa.Fa) -> list[Section]:
    """`Adnotacje`: only those that hold."""
    notes = body.Adnotacje
    exempt, margin, transports = notes.Zwolnienie, notes.PMarzy, notes.NoweSrodkiTransportu
    said = [
        (
            transports.P_42_5,
            tr(
                "Obligation of art. 42(5) of the VAT Act (VAT-22)",
                "Obowiązek z art. 42 ust. 5 ustawy (VAT-22)",
            ),
        ),
        (notes.P_18A, tr("Split payment mechanism", "Mechanizm podzielonej płatności")),
        (notes.P_16, tr("Cash accounting", "Metoda kasowa")),
        (notes.P_18, tr("Reverse charge", "Odwrotne obciążenie")),
        (notes.P_23, tr("Simplified triangular procedure", "Procedura trójstronna uproszczona")),
    ]
    kinds = [
        (margin.P_PMarzy_2, tr("travel agents", "biura podróży")),
        (margin.P_PMarzy_3_1, tr("second-hand goods", "towary używane")),
        (margin.P_PMarzy_3_2, tr("works of art", "dzieła sztuki")),
        (
            margin.P_PMarzy_3_3,
            tr("collectors' items and antiques", "przedmioty kolekcjonerskie i antyki"),
        ),
    ]
    pairs = [*_exemption(exempt), *(Pair("", words) for flag, words in said if flag == 1)]
    if margin.P_PMarzy == 1:
        kind = ", ".join(words for flag, words in kinds if flag == 1)
        pairs.append(Pair(tr("Margin scheme", "Procedura marży"), kind))
    if notes.P_17 == 1:
        pairs.append(Pair("", tr("Self-billing", "Samofakturowanie")))
    blocks: list[Block] = [Pairs(pairs)] if pairs else []
    blocks += _new_transports(transports.NowySrodekTransportu)
    return [Section("notes", tr("Notes", "Adnotacje"), blocks)] if blocks else []


def _exemption(exempt: fa.Zwolnienie) -> list[Pair]:
    if exempt.P_19 != 1:
        return []
    return [
        Pair(
            "",
            tr(
                "Goods or services exempt from tax",
                "Dostawa towarów lub świadczenie usług zwolnionych od podatku",
            ),
        ),
        *some(
            Pair(
                tr("Ground of exemption (Polish law)", "Podstawa zwolnienia (przepis ustawy)"),
                text(exempt.P_19A),
            ),
            Pair(
                tr(
                    "Ground of exemption (Directive 2006/112/EC)",
                    "Podstawa zwolnienia (dyrektywa 2006/112/WE)",
                ),
                text(exempt.P_19B),
            ),
            Pair(
                tr("Ground of exemption (another one)", "Podstawa zwolnienia (inna)"),
                text(exempt.P_19C),
            ),
        ),
    ]


def _hours_of_use(vehicle: fa.NowySrodekTransportu) -> str:
    """Of a vessel or of an aircraft."""
    return text(vehicle.P_22C) or text(vehicle.P_22D)


def _new_transports(vehicles: Sequence[fa.NowySrodekTransportu]) -> list[Table]:
    return tables(
        [
            col("P_NrWierszaNST", "Line", "Nr wiersza", str, "right", 0.5),
            col("P_22A", "In use since", "Data dopuszczenia do użytku", day),
            col("P_22BMK", "Make", "Marka"),
            col("P_22BMD", "Model", "Model"),
            col("P_22BK", "Colour", "Kolor", aside=True),
            col("P_22BNR", "Registration", "Numer rejestracyjny", aside=True),
            col("P_22BRP", "Year", "Rok produkcji", aside=True),
            col("P_22B", "Mileage", "Przebieg"),
            col("P_22BT", "Type", "Typ", aside=True),
            col("P_22B1", "VIN", "VIN", aside=True),
            col("P_22B2", "Body number", "Numer nadwozia", aside=True),
            col("P_22B3", "Chassis number", "Numer podwozia", aside=True),
            col("P_22B4", "Frame number", "Numer ramy", aside=True),
            Col("Hours of use", "Godziny użytkowania", _hours_of_use),
            col("P_22C1", "Hull number", "Numer kadłuba", aside=True),
            col("P_22D1", "Serial number", "Numer fabryczny", aside=True),
        ],
        vehicles,
        tr("New means of transport", "Nowe środki transportu"),
    )


def additional(body: fa.Fa) -> list[Section]:
    """`Dodatkowe informacje`."""
    said = [
        (
            body.TP,
            tr(
                "Buyer and seller are related parties (TP)",
                "Między nabywcą a dostawcą lub usługodawcą istnieją powiązania (TP)",
            ),
        ),
        (
            body.FP,
            tr(
                "Invoice to a receipt, art. 109(3d) of the VAT Act (FP)",
                "Faktura, o której mowa w art. 109 ust. 3d ustawy (FP)",
            ),
        ),
        (
            body.ZwrotAkcyzy,
            tr(
                "For a farmer's refund of the excise duty in diesel",
                "Dla rolników ubiegających się o zwrot akcyzy w cenie oleju napędowego",
            ),
        ),
    ]
    pairs = [Pair("", words) for flag, words in said if flag == 1]
    blocks: list[Block] = [Pairs(pairs)] if pairs else []
    blocks += described(body.DodatkowyOpis)
    heading = tr("Additional information", "Dodatkowe informacje")
    return [Section("additional", heading, blocks)] if blocks else []


def described(more: Sequence[fa.DodatkowyOpis]) -> list[Table]:
    """`Dodatkowy opis`: keys with their values, of the invoice or of a line."""
    return tables(
        [
            ordinal(),
            col("NrWiersza", "Line", "Numer wiersza", quantity, "right", 0.6),
            col("Klucz", "Kind", "Rodzaj informacji", weight=2),
            col("Wartosc", "Content", "Treść informacji", weight=3),
        ],
        more,
        tr("Additional description", "Dodatkowy opis"),
    )
