"""Plain data to typed objects: what is taken, what is refused and how that is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from klucznik import lang
from klucznik.documents import fa, objects
from klucznik.documents.forms import FA2, FA3, FA_RR1
from klucznik.documents.load import load
from klucznik.errors import Unreadable

ADDRESS = {"AdresL1": "ul. Zmyślona 1"}
SELLER = {"NIP": "5265877635", "Nazwa": "Zmyślona Wytwórnia", "Adres": ADDRESS}
BUYER = {"NIP": "1111111111", "Nazwa": "Przykładowy Odbiorca"}


def data(**fa: Any) -> dict[str, Any]:
    return {"Podmiot1": SELLER, "Podmiot2": BUYER, "Fa": {"P_1": "2026-11-22", "P_2": "FV/1", **fa}}


def made(given: dict[str, Any]) -> fa.Faktura:
    found = objects.from_plain(given)
    assert isinstance(found, fa.Faktura)
    return found


def faults(given: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(objects.DataFault) as wrong:
        objects.from_plain(given)
    assert wrong.value.exit_code == 2
    assert str(wrong.value).count("\n") == len(wrong.value.faults) - 1
    return {fault.path: fault.message for fault in wrong.value.faults}


def test_identity_without_its_wrapper_and_one_object_for_a_list() -> None:
    whole = made(data(FaWiersz={"P_7": "Ołówek"}) | {"Podmiot3": {"IDWew": "5265877635-00015", "Rola": 2}})
    assert whole.Podmiot1.DaneIdentyfikacyjne == fa.TPodmiot1(NIP="5265877635", Nazwa="Zmyślona Wytwórnia")
    assert whole.Podmiot1.Adres.KodKraju == "PL"
    assert [row.P_7 for row in whole.Fa.FaWiersz] == ["Ołówek"]
    assert [third.DaneIdentyfikacyjne.IDWew for third in whole.Podmiot3] == ["5265877635-00015"]


def test_identity_in_its_wrapper_or_half_in_it() -> None:
    wrapped = {"DaneIdentyfikacyjne": {"NIP": "1111111111"}, "Nazwa": "Przykładowy Odbiorca"}
    assert made(data() | {"Podmiot2": wrapped}) == made(data())
    twice = {"DaneIdentyfikacyjne": {"NIP": "1111111111"}, "NIP": "5265877635"}
    assert list(faults(data() | {"Podmiot2": twice})) == ["Podmiot2/NIP"]


@pytest.mark.parametrize(
    ("said", "flag"),
    [(True, 1), (1, 1), ("1", 1), ("true", 1), ("tak", 1), (False, None), ("no", None), (None, None)],
)
def test_flags_of_yes_or_nothing(said: object, flag: int | None) -> None:
    assert flag == made(data(FP=said)).Fa.FP


@pytest.mark.parametrize(("said", "flag"), [(True, 1), (False, 2), ("yes", 1), ("nie", 2), (1, 1), ("2", 2)])
def test_flags_of_yes_or_no(said: object, flag: int) -> None:
    assert [flag] == [made(data(Adnotacje={"P_16": said})).Fa.Adnotacje.P_16]


def test_values_of_json_yaml_and_python() -> None:
    rows = [{"P_8B": 1, "P_9A": Decimal("1.10"), "P_12": 23}, {"P_8B": 0.5, "P_9A": "7.00"}]
    body = made(data(P_6=date(2026, 11, 20), FaWiersz=rows)).Fa
    assert [str(row.P_9A) for row in body.FaWiersz] == ["1.10", "7.00"]
    assert [str(row.P_8B) for row in body.FaWiersz] == ["1", "0.5"]
    assert ("23", date(2026, 11, 20)) == (body.FaWiersz[0].P_12, body.P_6)


def test_typed_objects_may_stand_in_the_data() -> None:
    line = fa.FaWiersz(P_7="Ołówek")
    assert made(data(FaWiersz=[line, {"P_7": "Książka"}])).Fa.FaWiersz[0] is line


def test_all_faults_at_once_each_with_its_place() -> None:
    rows = [{"P_7": "x"}, {"P7": "x", "P_11": "1,50", "P_12": "24", "StanPrzed": "2"}, "text"]
    wrong = faults(
        {
            "Podmiot1": {"NIP": "52", "Adres": ADDRESS},
            "Podmiot2": "Ania",
            "Faktura": {},
            "Fa": {"P_1": ["2026-11-22"], "FaWiersz": rows, "P_15": True, "P_6": "2026-02-30"},
        }
    )
    assert set(wrong) == {
        "Podmiot1/DaneIdentyfikacyjne/NIP",
        "Podmiot1/DaneIdentyfikacyjne/Nazwa",
        "Podmiot2",
        "Faktura",
        "Fa/P_1",
        "Fa/P_15",
        "Fa/P_6",
        "Fa/FaWiersz[2]/P7",
        "Fa/FaWiersz[2]/P_11",
        "Fa/FaWiersz[2]/P_12",
        "Fa/FaWiersz[2]/StanPrzed",
        "Fa/FaWiersz[3]",
        "Fa/P_2",
    }
    assert "P_7" in wrong["Fa/FaWiersz[2]/P7"]
    assert '"1,50"' in wrong["Fa/FaWiersz[2]/P_11"]
    assert "0 KR" in wrong["Fa/FaWiersz[2]/P_12"]
    assert "10" in wrong["Podmiot1/DaneIdentyfikacyjne/NIP"]


def test_what_stands_there_is_told_in_words_not_in_python() -> None:
    rows = [None, [[1]], {"P_7": {"a": 1}, "P_8B": True, "P_9A": Decimal("1E+99")}]
    wrong = faults(data(FaWiersz=rows))
    assert wrong["Fa/FaWiersz[1]"].startswith("Fa/FaWiersz[1]: nothing stands")
    assert wrong["Fa/FaWiersz[2]"].startswith("Fa/FaWiersz[2]: a list stands")
    assert wrong["Fa/FaWiersz[3]/P_7"].startswith("Fa/FaWiersz[3]/P_7: a group of fields is no value")
    assert '"true" is no value' in wrong["Fa/FaWiersz[3]/P_8B"]
    assert '"1E+99" is no value' in wrong["Fa/FaWiersz[3]/P_9A"]


def test_faults_in_polish() -> None:
    with lang.speaking("pl"):
        wrong = faults(data(P_16="x", P_15="x", FaWiersz=[{"P_11": []}]))
    assert "nie ma tu takiego pola" in wrong["Fa/P_16"]
    assert "dozwolone" in wrong["Fa/P_15"]
    assert "nie lista" in wrong["Fa/FaWiersz/P_11"]


def test_the_form_is_known_by_name_or_body() -> None:
    assert objects.form_of_data({"Fa": {}}) is FA3
    assert objects.form_of_data({"FakturaRR": {}}) is FA_RR1
    assert objects.form_of_data({"Naglowek": {"KodFormularza": "FA (2)"}}) is FA2
    assert objects.form_of_data({"Naglowek": {"KodFormularza": {"kodSystemowy": "FA (2)"}}}) is FA2
    assert (
        made(data() | {"Naglowek": {"KodFormularza": "FA (2)"}}).Naglowek.KodFormularza.wersjaSchemy == "1-0E"
    )
    wrong = faults(data() | {"Naglowek": {"KodFormularza": {"kodSystemowy": "FA (9)"}}})
    assert "FA (3)" in wrong["Naglowek/KodFormularza/kodSystemowy"]


def test_what_the_form_does_not_know_is_refused() -> None:
    with pytest.raises(objects.DataFault, match="Podmiot2/JST"):
        objects.from_plain(data() | {"Podmiot2": {**BUYER, "JST": 2}}, FA2)


def test_empty_cells_keep_their_place() -> None:
    table = {
        "TNaglowek": {"Kol": [{"Typ": "txt", "NKom": None}, {"Typ": "txt", "NKom": ""}]},
        "Wiersz": [{"WKom": ["a", None, "", "b"]}],
    }
    block = {"MetaDane": {"ZKlucz": "a", "ZWartosc": "b"}, "Tabela": table}
    whole = made(data() | {"Zalacznik": {"BlokDanych": block}})
    assert whole.Zalacznik is not None
    found = whole.Zalacznik.BlokDanych[0].Tabela[0]
    assert found.Wiersz[0].WKom == ["a", "", "", "b"]
    assert [column.NKom for column in found.TNaglowek.Kol] == ["", ""]


# ---- JSON and YAML -----------------------------------------------------------------------------------


def test_yaml_keeps_what_was_written() -> None:
    text = 'NIP: 0012\nno: no\nday: 2026-11-22\nrate: 1.10\nempty:\nquoted: ""\nlist: [~, "~", 1e3]\n'
    assert load(text.encode()) == {
        "NIP": "0012",
        "no": "no",
        "day": "2026-11-22",
        "rate": "1.10",
        "empty": None,
        "quoted": "",
        "list": [None, "~", "1e3"],
    }


def test_json_keeps_what_was_written() -> None:
    found = load(b'\xef\xbb\xbf {"a": 1.10, "b": [1, true, null]}')
    assert (str(found["a"]), found["b"]) == ("1.10", [1, True, None])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: 1\na: 2", "line 2: a stands twice"),
        (b'{"a": 1, "a": 2}', "a stands twice"),
        (b"a: &x [1]\nb: *x", r"line 2: references \(\*x\)"),
        (b"a: 1\n---\nb: 1", "one invoice"),
        (b"? [a]\n: 1", "has to be a name"),
        (b"a: [", "not YAML at line"),
        (b"a: \x01", "not YAML"),
        (b'{"a"', "not JSON at line 1, column 5"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"a": ' + b"1" * 5000 + b"}", "too long"),
        (b'{"a":' * 100_000, "too deep"),
        (b"[" * 100_000, "not YAML"),
        (b"- 1", "Podmiot1"),
        (b"", "Podmiot1"),
        (b"<Faktura/>", "XML already"),
        (b"a: \xff", "not UTF-8 at byte 3"),
    ],
)
def test_what_is_no_data_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        load(content)
