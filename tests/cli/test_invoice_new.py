"""`klucznik invoice new`: an invoice from JSON or YAML at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from klucznik.documents import examples, facts
from processes import Terminal

NUMBER = "5265877635-20261102-0100001AF629-3D"


@pytest.fixture
def desk(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, cwd=tmp_path)


def test_from_an_example_to_a_document(desk: Terminal) -> None:
    kinds = desk.run("invoice", "new", "--kinds").out
    assert [line.split()[0] for line in kinds.splitlines()] == list(examples.EXAMPLES)
    yaml = desk.run("invoice", "new", "--example", "vat").out
    (desk.home / "vat.yaml").write_text(yaml, encoding="utf-8")

    done = desk.run("invoice", "new", "vat.yaml", "--output", "vat.xml")
    assert done.out == ""
    assert "= P_15" in done.err
    assert "289.29" in done.err
    assert "106e" in done.err
    found = facts.read((desk.home / "vat.xml").read_bytes())
    assert (found.seller_nip, str(found.gross), found.invoice_number) == (
        "5265877635",
        "289.29",
        "FV/2026/11/1",
    )


def test_from_standard_input_to_standard_output(desk: Terminal) -> None:
    given = desk.run("invoice", "new", "--example", "rr", "--json").out.encode()
    plain = desk.run("invoice", "new", "-", typed=given).out
    assert facts.read(plain.strip().encode()).system_code == "FA_RR (1)"
    pretty = desk.run("invoice", "new", "-", "--pretty", typed=given).out
    assert "\n  <Naglowek>" in pretty
    assert facts.read(pretty.strip().encode()).system_code == "FA_RR (1)"


def test_a_settlement_with_its_advance(desk: Terminal) -> None:
    advance = json.dumps(examples.example("zal")).encode()
    desk.run("invoice", "new", "-", "--output", f"{NUMBER}.xml", typed=advance)
    settlement = dict(examples.example("roz"))
    settlement["Fa"] = {
        name: value
        for name, value in settlement["Fa"].items()
        if name not in ("P_13_1", "P_14_1", "FakturaZaliczkowa")
    }
    given = json.dumps(settlement).encode()

    alone = desk.run("invoice", "new", "-", typed=given, code=2)
    assert "--advance" in alone.err
    [told] = desk.run("invoice", "new", "-", "--advance", f"{NUMBER}.xml", "--json", typed=given).objects()
    assert told["totals"] == {"P_13_1": "5000.00", "P_14_1": "1150.00", "P_15": "6150.00"}
    assert f"<NrKSeFFaZaliczkowej>{NUMBER}<" in told["xml"]
    assert {"Fa/P_15", "Fa/FaWiersz[1]/P_11"} <= set(told["computed"])
    assert "Fa/P_2" not in told["computed"]


def test_an_advance_that_cannot_be_read_is_named(desk: Terminal) -> None:
    (desk.home / "roz.yaml").write_text(desk.run("invoice", "new", "--example", "roz").out, encoding="utf-8")
    told = desk.run("invoice", "new", "roz.yaml", "--advance", "roz.yaml", code=2).err
    assert told.startswith("Error: roz.yaml: not well-formed XML")


def test_nothing_is_written_over(desk: Terminal) -> None:
    given = json.dumps(examples.example("vat")).encode()
    (desk.home / "f.xml").write_text("mine")
    refused = desk.run("invoice", "new", "-", "--output", "f.xml", typed=given, code=2)
    assert "--force" in refused.err
    assert (desk.home / "f.xml").read_text() == "mine"
    [told] = desk.run("invoice", "new", "-", "--output", "f.xml", "--force", "--json", typed=given).objects()
    assert told["file"] == "f.xml"
    assert facts.read((desk.home / "f.xml").read_bytes()).kind == "Vat"


def test_faults_are_told_with_their_places(desk: Terminal) -> None:
    unreadable = desk.run("invoice", "new", "-", typed=b"Podmiot1:\n  NIP: 12\nFa: {P1: x}\n", code=2)
    for place in ("Podmiot1/DaneIdentyfikacyjne/NIP", "Podmiot2", "Fa/P1", "Fa/P_1", "Fa/P_2"):
        assert f"{place}: " in unreadable.err
    assert unreadable.out == ""
    # Each value is right, together they are not: the schema says so.
    both = dict(examples.example("vat"))
    both["Podmiot2"] = {"NIP": "7023984179", "BrakID": "1"}
    refused = desk.run("invoice", "new", "-", "--output", "f.xml", typed=json.dumps(both).encode(), code=1)
    assert "Podmiot2/DaneIdentyfikacyjne/BrakID" in refused.err
    assert not (desk.home / "f.xml").exists()


def test_the_form_may_be_chosen(desk: Terminal) -> None:
    given = json.dumps(examples.example("vat")).encode()
    older = desk.run("invoice", "new", "-", "--form", "FA (2)", typed=given).out
    assert facts.read(older.strip().encode()).system_code == "FA (2)"
    desk.run("invoice", "new", "-", "--form", "PEF (3)", typed=given, code=64)


def test_wrong_usage(desk: Terminal) -> None:
    assert "--example" in desk.run("invoice", "new", code=64).err
    assert "split-payment" in desk.run("invoice", "new", "--example", "paragon", code=64).err
    desk.run("invoice", "new", "nothing.yaml", code=2)


def test_polish_example(tmp_path: Path) -> None:
    polish = Terminal(tmp_path, language="pl").run("invoice", "new", "--example", "vat").out
    english = Terminal(tmp_path, language="en").run("invoice", "new", "--example", "vat").out
    assert "Zmień, co trzeba" in polish
    assert [line.split("#")[0].rstrip() for line in polish.splitlines()[5:]] == [
        line.split("#")[0].rstrip() for line in english.splitlines()[5:]
    ]
