"""Writing invoices: what is built is taken by both schemas and read back as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from documents import generate
from klucznik.documents import build, examples, fa, objects, read, rr, xml
from klucznik.documents.complete import complete
from klucznik.documents.forms import FA2, FA3, FA_RR1, Form
from klucznik.documents.rates import NETS, TAXES
from klucznik.errors import Unreadable

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Schema = Callable[[str], etree.XMLSchema]
XSD = {
    "FA (3)": "FA/schemat_FA(3)_v1-0E.xsd",
    "FA (2)": "FA/schemat_FA(2)_v1-0E.xsd",
    "FA_RR (1)": "RR/schemat_FA_RR(1)_v1-1E.xsd",
}
FORMS = [FA3, FA2, FA_RR1]
SAMPLES = (
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
    "fa3-custom-subject3-jst-date-placeholder",
    "fa3-attachment",
    "fa3-pdf-generator-full",
    "fa-rr1-basic",
)


def canonical(document: bytes) -> bytes:
    """Exclusive C14N without the text that is white space only."""
    root = xml.parse(document)
    for node in root.iter():
        if len(node) and node.text and not node.text.strip():
            node.text = None
        if node.tail and not node.tail.strip():
            node.tail = None
    return etree.tostring(root, method="c14n", exclusive=True)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.system_code)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.sampled_from([0.0, 0.2, 0.5, 0.8]))
def test_whatever_the_schema_allows_is_built_and_read_back(form: Form, seed: int, size: float) -> None:
    document = generate.document(form, Random(seed), size=size)
    invoice = read.invoice(document)
    built = build.xml_of(invoice)  # our schema takes it

    assert canonical(built) == canonical(document)
    assert read.invoice(built) == invoice
    again = objects.from_plain(objects.to_plain(invoice), form)
    assert canonical(build.xml_of(again)) == canonical(document)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.system_code)
def test_the_official_schema_takes_what_is_built(form: Form, official_schema: Schema) -> None:
    official = official_schema(XSD[form.system_code])
    for seed in range(40):
        document = build.xml_of(read.invoice(generate.document(form, Random(seed), size=seed % 4 * 0.2)))
        official.assertValid(etree.fromstring(document))


# ---- every kind, completed ---------------------------------------------------------------------------

_price = st.decimals("-9999", "9999", places=4).map(str)
_quantity = st.decimals("-999", "999", places=3).map(str)
_rates = st.sampled_from(["23", "8", "5", "4", "0 KR", "0 WDT", "0 EX", "oo", "np I", "np II", "zw"])


def _grow(row: dict[str, Any], rates: bool, draw: st.DrawFn) -> dict[str, Any]:
    """A row with other numbers, and another rate where it has one."""
    found = dict(row)
    for name in ("P_8B", "P_8BZ", "P_6B"):
        if name in row:
            found[name] = draw(_quantity)
    for name in ("P_9A", "P_9AZ", "P_7"):
        if name in row and (name != "P_7" or "P_6B" in row):
            found[name] = draw(_price)
    if rates and row.get("P_12") == "23":
        found["P_12"] = draw(_rates)
    if found.get("P_12") and draw(st.booleans()) and "P_9A" in found:
        found["P_9B"] = found.pop("P_9A")
    return found


@st.composite
def given_data(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """The example of a kind with one to four lines of any numbers."""
    plain = objects.Plain(examples.example(kind))
    body = "FakturaRR" if "FakturaRR" in plain else "Fa"
    rows = "FakturaRRWiersz" if body == "FakturaRR" else "FaWiersz"
    given = {**plain, body: dict(plain[body])}
    rates = body == "Fa" and plain["Fa"].get("RodzajFaktury") not in ("UPR", "ROZ") and kind != "fa2"
    if rows in given[body]:
        times = draw(st.integers(1, 3))
        given[body][rows] = [_grow(row, rates, draw) for row in given[body][rows] * times]
        if rates:
            notes = dict(given[body].get("Adnotacje", {}))
            given[body]["Adnotacje"] = {"Zwolnienie": {"P_19C": "podstawa"}} | notes
    return given


@pytest.mark.parametrize("kind", examples.EXAMPLES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_kind_is_completed_built_and_read_back(kind: str, data: st.DataObject) -> None:
    plain = data.draw(given_data(kind))
    invoice = complete(objects.from_plain(plain), now=NOW, form=objects.form_of_data(plain))
    document = build.xml_of(invoice)

    assert read.invoice(document) == invoice
    if isinstance(invoice, fa.Faktura) and invoice.Fa.RodzajFaktury != "UPR":
        parts = [getattr(invoice.Fa, name) or Decimal(0) for name in (*NETS, *TAXES)]
        assert sum(parts) == invoice.Fa.P_15
    elif isinstance(invoice, rr.Faktura):
        assert invoice.FakturaRR.P_11_1 + invoice.FakturaRR.P_11_2 == invoice.FakturaRR.P_12_1


@pytest.mark.parametrize("kind", examples.EXAMPLES)
def test_the_official_schema_takes_every_example(kind: str, official_schema: Schema) -> None:
    plain = examples.example(kind)
    form = objects.form_of_data(plain)
    document = build.xml_of(complete(objects.from_plain(plain), now=NOW, form=form))
    official_schema(XSD[form.system_code]).assertValid(etree.fromstring(document))


# ---- official samples --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_come_back_as_they_were(name: str, official_invoice: Callable[[str], bytes]) -> None:
    document = official_invoice(name)
    invoice = read.invoice(document)
    assert canonical(build.xml_of(invoice)) == canonical(document)
    assert canonical(build.xml_of(objects.from_plain(objects.to_plain(invoice)))) == canonical(document)


@pytest.mark.parametrize("name", SAMPLES)
def test_completing_what_is_complete_changes_nothing(
    name: str, official_invoice: Callable[[str], bytes]
) -> None:
    document = official_invoice(name)
    assert canonical(build.xml_of(complete(read.invoice(document), now=NOW))) == canonical(document)


def test_odd_ways_of_writing_are_kept(fa3: str) -> None:
    odd = (
        fa3.replace("2026-07-01T12:00:00Z", "2026-07-01T14:00:00.1234567+02:00")
        .replace("<NrWierszaFa>1<", "<NrWierszaFa> +01 <")
        .replace("<P_2>", "<P_2>  ")
        .replace("<P_18>2<", "<P_18>+2<")
    )
    document = odd.encode()
    assert canonical(build.xml_of(read.invoice(document))) == canonical(document)
    plain = objects.to_plain(read.invoice(document))
    assert canonical(build.xml_of(objects.from_plain(plain))) == canonical(document)


# ---- refusals ----------------------------------------------------------------------------------------


def test_text_that_xml_cannot_hold_is_refused(fa3: str) -> None:
    invoice = read.invoice(fa3.encode())
    assert isinstance(invoice, fa.Faktura)
    for bad in ("\x00", "\x0b", "\ud800", "\ufffe"):
        invoice.Fa.P_2 = f"FV{bad}1"
        with pytest.raises(Unreadable):
            build.xml_of(invoice)


def test_a_form_nobody_knows_is_refused(fa3: str) -> None:
    invoice = read.invoice(fa3.encode())
    invoice.Naglowek.KodFormularza.kodSystemowy = "FA (9)"
    with pytest.raises(Unreadable, match="FA \\(9\\)"):
        build.xml_of(invoice)
