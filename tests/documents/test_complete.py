"""What is worked out of an invoice: every number here was computed by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Context, Decimal, localcontext
from typing import Any

import pytest

from klucznik.documents import build, fa, objects, read, rr
from klucznik.documents.complete import Advance, complete, method
from klucznik.documents.complete.words import in_words
from klucznik.documents.forms import FA2, FA_RR1
from klucznik.documents.rates import NETS, TAXES, TAXES_PLN

ANIA, BIURO = "5265877635", "1111111111"
NOW = datetime(2026, 11, 22, 12, 30, 15, 123456, tzinfo=UTC)
NUMBER = "5265877635-20261102-0100001AF629-3D"


def data(**body: Any) -> dict[str, Any]:
    adres = {"AdresL1": "ul. Zmyślona 1"}
    return {
        "Podmiot1": {"NIP": ANIA, "Nazwa": "Zmyślona Wytwórnia", "Adres": adres},
        "Podmiot2": {"NIP": BIURO, "Nazwa": "Przykładowy Odbiorca", "Adres": adres},
        "Fa": {"P_1": "2026-11-22", "P_2": "FV/1", **body},
    }


def completed(given: dict[str, Any], advances: Sequence[Advance | fa.Faktura] = (), **how: Any) -> fa.Faktura:
    made = objects.from_plain(given, how.get("form"))
    assert isinstance(made, fa.Faktura)
    complete(made, now=NOW, advances=advances, **how)
    build.xml_of(made)  # the schema takes it
    return made


def made(advances: Sequence[Advance | fa.Faktura] = (), **body: Any) -> fa.Fa:
    return completed(data(**body), advances).Fa


def totals(body: fa.Fa) -> dict[str, str]:
    names = (*NETS, *TAXES, *TAXES_PLN, "P_15")
    return {name: str(value) for name in names if (value := getattr(body, name)) is not None}


def faults(given: dict[str, Any], **how: Any) -> dict[str, str]:
    with pytest.raises(objects.DataFault) as wrong:
        completed(given, **how)
    assert wrong.value.exit_code == 2
    return {fault.path: fault.message for fault in wrong.value.faults}


def line(quantity: str, price: str, rate: str, **more: str) -> dict[str, str]:
    return {"P_7": "Ołówek", "P_8B": quantity, "P_9A": price, "P_12": rate, **more}


def gross(quantity: str, price: str, rate: str, **more: str) -> dict[str, str]:
    return {"P_7": "Ołówek", "P_8B": quantity, "P_9B": price, "P_12": rate, **more}


# ---- lines and totals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "value"),
    [
        ("1", "0.005", None, "0.01"),
        ("1", "0.0049", None, "0.00"),
        ("3", "0.335", None, "1.01"),  # 1.005
        ("-1", "0.005", None, "-0.01"),
        ("2.5", "120", "0.01", "299.99"),
        ("1250.5", "1.23456789", None, "1543.83"),  # 1543.827146...
        ("999999999999999.999999", "0.00000001", None, "10000000.00"),
    ],
)
def test_value_of_a_line(quantity: str, price: str, discount: str | None, value: str) -> None:
    given = line(quantity, price, "23") | ({"P_10": discount} if discount else {})
    assert str(made(FaWiersz=[given]).FaWiersz[0].P_11) == value


def test_tax_from_the_sum_of_net_values_not_line_by_line() -> None:
    # Three times 0.13 at 23 %: line by line 3 x 0.03 = 0.09; from the sum 0.39 x 0.23 = 0.0897 -> 0.09.
    # Three times 0.10: line by line 3 x 0.02 = 0.06; from the sum 0.30 x 0.23 = 0.069 -> 0.07.
    body = made(FaWiersz=[line("1", "0.10", "23")] * 3)
    assert totals(body) == {"P_13_1": "0.30", "P_14_1": "0.07", "P_15": "0.37"}


def test_half_a_grosz_of_tax_goes_up() -> None:
    # 0.50 x 5 % = 0.025; 0.10 x 5 % = 0.005.
    assert totals(made(FaWiersz=[line("1", "0.50", "5")])) == {
        "P_13_3": "0.50",
        "P_14_3": "0.03",
        "P_15": "0.53",
    }
    assert totals(made(FaWiersz=[line("1", "0.10", "5")]))["P_14_3"] == "0.01"
    assert totals(made(FaWiersz=[line("-1", "0.10", "5")]))["P_14_3"] == "-0.01"


def test_tax_within_gross_prices() -> None:
    # 3 x 33.33 = 99.99; x 23 / 123 = 18.6973... -> 18.70; the net is what remains.
    body = made(FaWiersz=[gross("3", "33.33", "23")])
    assert (body.FaWiersz[0].P_11, str(body.FaWiersz[0].P_11A)) == (None, "99.99")
    assert totals(body) == {"P_13_1": "81.29", "P_14_1": "18.70", "P_15": "99.99"}
    # 0.54 x 8 / 108 = 0.04; 1.35 x 8 / 108 = 0.1.
    assert totals(made(FaWiersz=[gross("1", "0.54", "8"), gross("1", "1.35", "8")]))["P_14_2"] == "0.14"


def test_net_and_gross_lines_of_one_rate() -> None:
    # 100.00 net: 23.00; 123.00 gross: 23.00 within.
    body = made(FaWiersz=[line("1", "100", "23"), gross("1", "123", "23")])
    assert totals(body) == {"P_13_1": "200.00", "P_14_1": "46.00", "P_15": "246.00"}


def test_taxes_stated_by_the_lines_are_summed() -> None:
    rows = [line("1", "0.10", "23", P_11Vat="0.02")] * 3
    assert totals(made(FaWiersz=rows)) == {"P_13_1": "0.30", "P_14_1": "0.06", "P_15": "0.36"}
    # One that states none: from the sum.
    assert totals(made(FaWiersz=[*rows[:2], line("1", "0.10", "23")]))["P_14_1"] == "0.07"


def test_line_tax_when_wanted() -> None:
    given = data(FaWiersz=[line("1", "0.10", "23"), gross("1", "1.23", "23"), line("1", "5", "oo")])
    assert [row.P_11Vat for row in completed(given).Fa.FaWiersz] == [None] * 3
    assert [str(row.P_11Vat) for row in completed(given, line_tax=True).Fa.FaWiersz] == [
        "0.02",
        "0.23",
        "None",
    ]


def test_every_rate_in_its_total() -> None:
    rates = ["23", "22", "8", "7", "5", "4", "3", "0 KR", "0 WDT", "0 EX", "zw", "np I", "np II", "oo"]
    body = made(
        FaWiersz=[line("1", "100", rate) for rate in rates],
        Adnotacje={"Zwolnienie": {"P_19A": "art. 43"}},
    )
    assert totals(body) == {
        "P_13_1": "200.00",
        "P_14_1": "45.00",
        "P_13_2": "200.00",
        "P_14_2": "15.00",
        "P_13_3": "100.00",
        "P_14_3": "5.00",
        "P_13_4": "200.00",
        "P_14_4": "7.00",
        "P_13_6_1": "100.00",
        "P_13_6_2": "100.00",
        "P_13_6_3": "100.00",
        "P_13_7": "100.00",
        "P_13_8": "100.00",
        "P_13_9": "100.00",
        "P_13_10": "100.00",
        "P_15": "1472.00",
    }
    assert body.Adnotacje.P_18 == 1
    assert body.Adnotacje.Zwolnienie.P_19 == 1


def test_oss_at_two_rates() -> None:
    rows = [
        {"P_8B": "1", "P_9A": "100", "P_12_XII": "19"},
        {"P_8B": "1", "P_9A": "100", "P_12_XII": "25.5"},
    ]
    assert totals(made(FaWiersz=rows)) == {"P_13_5": "200.00", "P_14_5": "44.50", "P_15": "244.50"}


def test_margin_is_gross_without_tax() -> None:
    rows = [{"P_8B": "1", "P_9B": "250"}, {"P_11A": "50"}, line("1", "100", "23")]
    body = made(FaWiersz=rows, Adnotacje={"PMarzy": {"P_PMarzy_2": True}})
    assert totals(body) == {"P_13_1": "100.00", "P_14_1": "23.00", "P_13_11": "300.00", "P_15": "423.00"}
    assert body.Adnotacje.PMarzy.P_PMarzy == 1


def test_what_is_given_stays() -> None:
    given = data(
        P_13_1="10.01",
        P_14_1="2.29",
        FaWiersz=[line("1", "10", "23", P_11="10.01", NrWierszaFa="7"), line("1", "1", "8")],
        Adnotacje={"P_16": 1},
    )
    body = completed(given).Fa
    assert totals(body) == {
        "P_13_1": "10.01",
        "P_14_1": "2.29",
        "P_13_2": "1.00",
        "P_14_2": "0.08",
        "P_15": "13.38",
    }
    assert [row.NrWierszaFa for row in body.FaWiersz] == [7, 2]
    assert (body.Adnotacje.P_16, body.Adnotacje.P_17) == (1, 2)


def test_totals_given_are_not_added_to() -> None:
    body = made(
        P_13_1="5.00", P_15="6.15", FaWiersz=[line("1", "5", "23"), line("1", "1", "8"), {"P_7": "-"}]
    )
    assert totals(body) == {"P_13_1": "5.00", "P_14_1": "1.15", "P_15": "6.15"}


def test_completing_twice_changes_nothing() -> None:
    once = completed(data(FaWiersz=[line("3", "0.335", "23"), gross("1", "1.35", "8")]))
    document = build.xml_of(once)
    complete(once, now=datetime(2027, 1, 1, tzinfo=UTC))
    assert build.xml_of(once) == document


def test_the_callers_arithmetic_does_not_matter() -> None:
    with localcontext(Context(prec=3)):
        body = made(FaWiersz=[line("123456.789", "9876.54321", "23")])
    assert totals(body) == {  # 123456.789 x 9876.54321 = 1219326311.12635...
        "P_13_1": "1219326311.13",
        "P_14_1": "280445051.56",
        "P_15": "1499771362.69",
    }


# ---- currency ----------------------------------------------------------------------------------------


def test_tax_in_zloty() -> None:
    body = made(KodWaluty="EUR", FaWiersz=[line("1", "100", "23", KursWaluty="4.2512"), line("1", "10", "8")])
    # 23.00 x 4.2512 = 97.7776; 0.80 x 4.2512 = 3.40096
    assert [str(body.P_14_1W), str(body.P_14_2W)] == ["97.78", "3.40"]
    assert [row.KursWaluty for row in body.FaWiersz] == [Decimal("4.2512")] * 2


def test_lines_with_different_exchange_rates() -> None:
    rows = [line("1", "100", "23", KursWaluty="4.10"), line("1", "100", "23", KursWaluty="4.30")]
    # 23 x 4.10 + 23 x 4.30 = 193.20
    assert str(made(KodWaluty="EUR", FaWiersz=rows).P_14_1W) == "193.20"


def test_without_an_exchange_rate_the_tax_cannot_be_known() -> None:
    assert "KursWaluty" in faults(data(KodWaluty="EUR", FaWiersz=[line("1", "100", "23")]))["Fa/P_14_1W"]
    assert totals(made(KodWaluty="EUR", FaWiersz=[line("1", "100", "0 WDT")])) == {
        "P_13_6_2": "100.00",
        "P_15": "100.00",
    }


# ---- kinds -------------------------------------------------------------------------------------------


def test_correction_by_rows_before_and_after() -> None:
    rows = [line("10", "9.99", "8", StanPrzed="1"), line("8", "9.99", "8")]
    # 79.92 - 99.90 = -19.98; x 8 % = -1.5984
    assert totals(made(RodzajFaktury="KOR", FaWiersz=rows)) == {
        "P_13_2": "-19.98",
        "P_14_2": "-1.60",
        "P_15": "-21.58",
    }


def test_correction_of_a_rate() -> None:
    rows = [line("1", "100", "8", StanPrzed="1"), line("1", "100", "23")]
    assert totals(made(RodzajFaktury="KOR", FaWiersz=rows)) == {
        "P_13_1": "100.00",
        "P_14_1": "23.00",
        "P_13_2": "-100.00",
        "P_14_2": "-8.00",
        "P_15": "15.00",
    }


def test_correction_of_a_name_changes_no_amount() -> None:
    before = {"NIP": BIURO, "Nazwa": "Przykladowy Odbiorca"}
    assert totals(made(RodzajFaktury="KOR", DaneFaKorygowanej=CORRECTED, Podmiot2K=before)) == {
        "P_15": "0.00"
    }


CORRECTED = {"DataWystFaKorygowanej": "2026-10-05", "NrFaKorygowanej": "1", "NrKSeFN": True}


def order(*rows: tuple[str, str], **more: str) -> list[dict[str, str]]:
    return [{"P_7Z": "x", "P_8BZ": "1", "P_9AZ": net, "P_12Z": rate, **more} for net, rate in rows]


def test_advance_for_an_order_of_two_rates() -> None:
    # Order: 1000 + 230 and 1000 + 80, together 2310. Of 500: 266.2337... and 233.7662...
    # 266.23 x 23 / 123 = 49.782...; 233.77 x 8 / 108 = 17.316...
    body = made(
        RodzajFaktury="ZAL",
        P_15="500.00",
        Zamowienie={"ZamowienieWiersz": order(("1000", "23"), ("1000", "8"))},
    )
    assert body.Zamowienie is not None
    assert body.Zamowienie.WartoscZamowienia == Decimal("2310.00")
    assert [row.P_11VatZ for row in body.Zamowienie.ZamowienieWiersz] == [Decimal("230.00"), Decimal("80.00")]
    assert totals(body) == {
        "P_13_1": "216.45",
        "P_14_1": "49.78",
        "P_13_2": "216.45",
        "P_14_2": "17.32",
        "P_15": "500.00",
    }


def test_shares_of_an_advance_come_to_the_payment() -> None:
    # Three equal thirds of 100.00: 33.33 each, the odd grosz to the first.
    rows = order(("100", "zw"), ("100", "np I"), ("100", "0 KR"))
    body = made(
        RodzajFaktury="ZAL",
        P_15="100.00",
        Zamowienie={"ZamowienieWiersz": rows},
        Adnotacje={"Zwolnienie": {"P_19C": "-"}},
    )
    assert totals(body) == {"P_13_6_1": "33.33", "P_13_7": "33.34", "P_13_8": "33.33", "P_15": "100.00"}


def test_advance_of_several_payments() -> None:
    parts = [{"P_6Z": "2026-11-02", "P_15Z": "100.00"}, {"P_6Z": "2026-11-03", "P_15Z": "23.00"}]
    body = made(
        RodzajFaktury="ZAL", ZaliczkaCzesciowa=parts, Zamowienie={"ZamowienieWiersz": order(("1000", "23"))}
    )
    assert totals(body) == {"P_13_1": "100.00", "P_14_1": "23.00", "P_15": "123.00"}


def test_advance_in_euro() -> None:
    body = made(
        RodzajFaktury="ZAL",
        KodWaluty="EUR",
        KursWalutyZ="4.25",
        P_15="123",
        Zamowienie={"ZamowienieWiersz": order(("1000", "23"))},
    )
    assert str(body.P_14_1W) == "97.75"


def test_settlement_less_its_advances() -> None:
    rows = [line("1", "1000", "23"), line("1", "1000", "8")]
    paid = completed(
        data(
            RodzajFaktury="ZAL",
            P_15="500.00",
            Zamowienie={"ZamowienieWiersz": order(("1000", "23"), ("1000", "8"))},
        )
    )
    body = made([Advance(paid, NUMBER)], RodzajFaktury="ROZ", FaWiersz=rows)
    # 1000 - 216.45, 230 - 49.78, 80 - 17.32; together 2310 - 500.
    assert totals(body) == {
        "P_13_1": "783.55",
        "P_14_1": "180.22",
        "P_13_2": "783.55",
        "P_14_2": "62.68",
        "P_15": "1810.00",
    }
    assert [one.NrKSeFFaZaliczkowej for one in body.FakturaZaliczkowa] == [NUMBER]
    # Another one of the same amounts, without numbers.
    other = completed(objects.to_plain(paid))
    other.Fa.P_2 = "FZ/2"
    again = made([paid, other], RodzajFaktury="ROZ", FaWiersz=rows)
    assert (again.P_15, again.FakturaZaliczkowa) == (Decimal("1310.00"), [])


def test_settlement_takes_each_advance_once_and_nothing_but_advances() -> None:
    rows = {"ZamowienieWiersz": order(("10", "23"))}
    paid = completed(data(RodzajFaktury="ZAL", P_15="5", Zamowienie=rows))
    given = data(RodzajFaktury="ROZ", FaWiersz=[line("1", "10", "23")])
    assert "twice" in faults(given, advances=[paid, paid])["advances[2]"]
    sale = completed(data(FaWiersz=[line("1", "5", "23")]))
    assert "no advance invoice" in faults(given, advances=[sale])["advances[1]"]
    # A correction of an advance may have its number: 12.30 - 5.00 + 1.00.
    back = completed(data(RodzajFaktury="KOR_ZAL", P_15="-1", Zamowienie=rows))
    assert str(made([paid, back], **given["Fa"]).P_15) == "8.30"


def test_no_amount_is_minus_nothing() -> None:
    body = made(FaWiersz=[line("-1", "0.001", "23")])
    assert str(body.FaWiersz[0].P_11) == "0.00"
    assert totals(body) == {"P_13_1": "0.00", "P_14_1": "0.00", "P_15": "0.00"}


@pytest.mark.parametrize(("payment", "split"), [("15000.01", 1), ("15000.00", 2)])
def test_an_advance_for_goods_of_annex_15_is_paid_split_too(payment: str, split: int) -> None:
    rows = [{**row, "P_12Z_Zal_15": 1} for row in order(("20000", "23"))]
    body = made(RodzajFaktury="ZAL", P_15=payment, Zamowienie={"ZamowienieWiersz": rows})
    assert body.Adnotacje is not None
    assert split == body.Adnotacje.P_18A


def test_settlement_refuses_what_does_not_belong() -> None:
    assert "--advance" in faults(data(RodzajFaktury="ROZ", FaWiersz=[line("1", "5", "23")]))["Fa/P_15"]
    paid = completed(
        data(RodzajFaktury="ZAL", P_15="5", Zamowienie={"ZamowienieWiersz": order(("10", "23"))})
    )
    paid.Podmiot1.DaneIdentyfikacyjne.NIP = BIURO
    paid.Fa.KodWaluty = "EUR"
    wrong = faults(data(RodzajFaktury="ROZ", FaWiersz=[line("1", "5", "23")]), advances=[paid])
    assert BIURO in wrong["advances[1]"]


def test_correction_of_an_advance() -> None:
    whole = {"ZamowienieWiersz": order(("1000", "23"))}
    assert totals(
        made(
            RodzajFaktury="KOR_ZAL", DaneFaKorygowanej=CORRECTED, P_15="-123", P_15ZK="615", Zamowienie=whole
        )
    ) == {
        "P_13_1": "-100.00",
        "P_14_1": "-23.00",
        "P_15": "-123",
    }
    # The rate of the order was wrong: 615 was 500 + 115, is 569.44 + 45.56.
    both = {"ZamowienieWiersz": order(("1000", "23"), StanPrzedZ="1") + order(("1000", "8"))}
    body = made(RodzajFaktury="KOR_ZAL", DaneFaKorygowanej=CORRECTED, P_15="0", P_15ZK="615", Zamowienie=both)
    assert totals(body) == {
        "P_13_1": "-500.00",
        "P_14_1": "-115.00",
        "P_13_2": "569.44",
        "P_14_2": "45.56",
        "P_15": "0",
    }
    assert body.Zamowienie is not None
    assert body.Zamowienie.WartoscZamowienia == Decimal("1080.00")
    assert "Fa/P_15ZK" in faults(data(RodzajFaktury="KOR_ZAL", P_15="0", Zamowienie=both))


def test_simplified_invoice_needs_no_more_than_the_total() -> None:
    assert totals(made(RodzajFaktury="UPR", P_15="123.00", FaWiersz={"P_7": "x", "P_12": "23"})) == {
        "P_15": "123.00"
    }


# ---- notes, header, settlement -----------------------------------------------------------------------


def test_header_and_notes() -> None:
    whole = completed(data(FaWiersz=[line("1", "1", "23")]))
    header, notes = whole.Naglowek, whole.Fa.Adnotacje
    assert header.DataWytworzeniaFa == datetime(2026, 11, 22, 12, 30, 15, tzinfo=UTC)
    assert (header.KodFormularza.kodSystemowy, header.SystemInfo) == ("FA (3)", "Klucznik")
    assert (whole.Podmiot2.JST, whole.Podmiot2.GV) == (2, 2)
    assert (whole.Fa.KodWaluty, whole.Fa.RodzajFaktury) == ("PLN", "VAT")
    assert (notes.P_16, notes.P_17, notes.P_18, notes.P_18A, notes.P_23) == (2, 2, 2, 2, 2)
    assert (notes.Zwolnienie.P_19N, notes.NoweSrodkiTransportu.P_22N, notes.PMarzy.P_PMarzyN) == (1, 1, 1)


@pytest.mark.parametrize(
    ("price", "annex", "split"), [("12195.12", "1", 2), ("12195.13", "1", 1), ("20000", "0", 2)]
)
def test_split_payment_above_15_000(price: str, annex: str, split: int) -> None:
    # 12195.12 x 1.23 = 15000.00; 12195.13 x 1.23 = 15000.01
    row = line("1", price, "23") | ({"P_12_Zal_15": "1"} if annex == "1" else {})
    notes = made(FaWiersz=[row]).Adnotacje
    assert split == notes.P_18A


def test_exemption_wants_its_ground() -> None:
    assert "P_19A" in faults(data(FaWiersz=[line("1", "1", "zw")]))["Fa/Adnotacje/Zwolnienie"]


def test_settlement_of_charges_and_deductions() -> None:
    rows = [line("1", "100", "23")]
    charge, deduction = {"Kwota": "10", "Powod": "opłata"}, {"Kwota": "200.50", "Powod": "kaucja"}
    whole = completed(data(FaWiersz=rows, Rozliczenie={"Obciazenia": charge}))
    assert objects.to_plain(whole)["Fa"]["Rozliczenie"] == {
        "Obciazenia": [{"Kwota": "10", "Powod": "opłata"}],
        "SumaObciazen": "10.00",
        "DoZaplaty": "133.00",
    }
    found = made(FaWiersz=rows, Rozliczenie={"Obciazenia": charge, "Odliczenia": deduction}).Rozliczenie
    assert found is not None
    assert (found.DoZaplaty, found.DoRozliczenia) == (None, Decimal("67.50"))


def test_flags_that_another_field_implies() -> None:
    body = made(
        FaWiersz=[line("1", "1", "23")],
        Platnosc={"DataZaplaty": "2026-11-22", "OpisPlatnosci": "barter"},
        DaneFaKorygowanej={
            "DataWystFaKorygowanej": "2026-10-05",
            "NrFaKorygowanej": "1",
            "NrKSeFFaKorygowanej": NUMBER,
        },
    )
    assert body.Platnosc is not None
    assert (body.Platnosc.Zaplacono, body.Platnosc.PlatnoscInna, body.DaneFaKorygowanej[0].NrKSeF) == (
        1,
        1,
        1,
    )


def test_what_cannot_be_known_is_told_all_at_once() -> None:
    rows = [{"P_7": "x", "P_12": "23"}, line("1", "1", "8"), {"P_8B": "1", "P_9A": "1"}]
    wrong = faults(data(FaWiersz=rows))
    assert list(wrong) == ["Fa/FaWiersz[1]", "Fa/FaWiersz[3]/P_12"]
    assert "P_9A" in wrong["Fa/FaWiersz[1]"]
    assert list(faults(data())) == ["Fa/P_15"]
    assert list(faults(data(P_13_1="100"))) == ["Fa/P_14_1"]
    assert list(faults(data(RodzajFaktury="ZAL", Zamowienie={"ZamowienieWiersz": order(("1", "23"))}))) == [
        "Fa/P_15"
    ]
    empty = {"ZamowienieWiersz": order(("0", "23"))}
    assert list(faults(data(RodzajFaktury="ZAL", P_15="1", Zamowienie=empty))) == ["Fa/Zamowienie"]


def test_fa2_rates_that_may_mean_several_totals() -> None:
    given = data(FaWiersz=[line("1", "100", "0"), line("1", "50", "np")])
    whole = completed(given, form=FA2)
    assert totals(whole.Fa) == {"P_13_6_1": "100.00", "P_13_8": "50.00", "P_15": "150.00"}
    assert whole.Naglowek.WariantFormularza == 2
    abroad = given | {"Podmiot2": {"KodUE": "DE", "NrVatUE": "123456789"}}
    assert "P_13_6_3" in faults(abroad, form=FA2)["Fa/FaWiersz[1]/P_12"]
    abroad["Fa"] |= {"P_13_6_2": "100.00", "P_13_9": "50.00"}
    assert totals(completed(abroad, form=FA2).Fa)["P_15"] == "150.00"


def test_the_method_is_named() -> None:
    assert "106e(1)(13)" in method(completed(data(FaWiersz=[line("1", "1", "23")])))
    assert "106e(7)" in method(completed(data(FaWiersz=[gross("1", "1", "23")])))
    assert "106e(10)" in method(completed(data(FaWiersz=[line("1", "1", "23", P_11Vat="0.23")])))
    paid = data(RodzajFaktury="ZAL", P_15="1", Zamowienie={"ZamowienieWiersz": order(("1", "23"))})
    assert "106f(1)(3)" in method(completed(paid))


# ---- FA_RR -------------------------------------------------------------------------------------------


def farmers(*rows: dict[str, str], **body: Any) -> rr.Faktura:
    party = {"NIP": ANIA, "Nazwa": "Jan", "Adres": {"AdresL1": "Zmyślonka 7"}}
    lines = [{"P_5": "Marchew", "P_6A": "kg", "P_6C": "I", **row} for row in rows]
    given = {"P_4B": "2026-11-22", "P_4C": "RR/1", "FakturaRRWiersz": lines, **body}
    whole = objects.from_plain({"Podmiot1": party, "Podmiot2": party, "FakturaRR": given}, FA_RR1)
    assert isinstance(whole, rr.Faktura)
    build.xml_of(complete(whole, now=NOW))
    return whole


def test_farmers_invoice() -> None:
    body = farmers(
        {"P_6B": "10.5", "P_7": "1.11", "P_9": "7.0"}, {"P_6B": "1", "P_7": "100", "P_9": "6.5"}
    ).FakturaRR
    # 11.655 -> 11.66, x 7 % = 0.8162; 100, 6.50
    first = body.FakturaRRWiersz[0]
    assert (str(first.P_8), str(first.P_10), str(first.P_11)) == ("11.66", "0.82", "12.48")
    assert (str(body.P_11_1), str(body.P_11_2), str(body.P_12_1)) == ("111.66", "7.32", "118.98")
    assert body.P_12_2 == "sto osiemnaście złotych 98/100"
    assert body.RodzajFaktury == "VAT_RR"


def test_farmers_correction_and_currency() -> None:
    before = {"P_6B": "2", "P_7": "100", "P_9": "7", "StanPrzed": "1"}
    after = {"P_6B": "1", "P_7": "100", "P_9": "7", "KursWaluty": "4"}
    body = farmers(before, after, KodWaluty="EUR", RodzajFaktury="KOR_VAT_RR").FakturaRR
    assert (str(body.P_12_1), str(body.P_12_1W), body.P_12_2) == (
        "-107.00",
        "-428.00",
        "minus sto siedem EUR 00/100",
    )


def test_farmers_invoice_without_lines() -> None:
    with pytest.raises(objects.DataFault, match="FakturaRR/P_11_1"):
        farmers()


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0.00", "zero złotych 00/100"),
        ("1.00", "jeden złoty 00/100"),
        ("2.01", "dwa złote 01/100"),
        ("5.50", "pięć złotych 50/100"),
        ("12.10", "dwanaście złotych 10/100"),
        ("22.00", "dwadzieścia dwa złote 00/100"),
        ("112.00", "sto dwanaście złotych 00/100"),
        ("123.45", "sto dwadzieścia trzy złote 45/100"),
        ("1000.00", "tysiąc złotych 00/100"),
        ("21001.00", "dwadzieścia jeden tysięcy jeden złotych 00/100"),
        ("2000002.99", "dwa miliony dwa złote 99/100"),
        ("-5.50", "minus pięć złotych 50/100"),
    ],
)
def test_amount_in_words(amount: str, words: str) -> None:
    assert in_words(Decimal(amount)) == words


# ---- the official samples ----------------------------------------------------------------------------

OFFICIAL = (
    "fa2-basic",
    "fa2-basic-filled",
    "fa2-basic-date-placeholder",
    "fa3-basic",
    "fa3-basic-date-placeholder",
    "fa3-self-invoicing",
    "fa3-custom-subject2",
    "fa3-custom-subject2-jst-idwew",
    "fa3-custom-subject2-jst-date-placeholder",
    "fa3-custom-subject3",
    "fa3-attachment",
    "fa3-pdf-generator-full",
)


@pytest.mark.parametrize("name", OFFICIAL)
def test_totals_of_official_samples_are_found_again(
    name: str, official_invoice: Callable[[str], bytes]
) -> None:
    want = read.invoice(official_invoice(name))
    assert isinstance(want, fa.Faktura)
    plain = objects.to_plain(want)
    for total in totals(want.Fa):
        del plain["Fa"][total]
    bare = objects.from_plain(plain)
    assert isinstance(bare, fa.Faktura)
    complete(bare, now=NOW)
    assert totals(bare.Fa) == {name: f"{Decimal(value):.2f}" for name, value in totals(want.Fa).items()}


def test_totals_of_the_official_farmers_sample(official_invoice: Callable[[str], bytes]) -> None:
    want = read.invoice(official_invoice("fa-rr1-basic"))
    assert isinstance(want, rr.Faktura)
    bare = objects.to_plain(want)
    for name in ("P_11_1", "P_11_2", "P_12_1"):
        del bare["FakturaRR"][name]
    for row in bare["FakturaRR"]["FakturaRRWiersz"]:
        for name in ("P_8", "P_10", "P_11"):
            del row[name]
    found = objects.from_plain(bare)
    assert isinstance(found, rr.Faktura)
    complete(found, now=NOW)
    assert found.FakturaRR == want.FakturaRR


def test_typed_objects_need_only_what_is_given() -> None:
    whole = fa.Faktura(
        Podmiot1=fa.Podmiot1(
            DaneIdentyfikacyjne=fa.TPodmiot1(NIP=ANIA, Nazwa="Zmyślona"),
            Adres=fa.Adres(KodKraju="PL", AdresL1="ul. Zmyślona 1"),
        ),
        Podmiot2=fa.Podmiot2(DaneIdentyfikacyjne=fa.TPodmiot2(NIP=BIURO)),
        Fa=fa.Fa(P_1=date(2026, 11, 22), P_2="1", FaWiersz=[fa.FaWiersz(P_11=Decimal("5"), P_12="23")]),
    )
    assert read.invoice(build.xml_of(complete(whole, now=NOW))) == whole
