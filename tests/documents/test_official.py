"""Against the official files: every sample read to the right facts, no verdict stricter than the XSD's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from lxml import etree

from klucznik.documents import samples, xml
from klucznik.documents.facts import DocumentFault, Identifier, ThirdSubject, read
from klucznik.documents.forms import FA2, FA3
from klucznik.documents.samples import Line, Options, Third

ANIA, BIURO = "5265877635", "1111111111"
DAY, NOW = date(2026, 7, 1), datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
Load = Callable[[str], bytes]
Schema = Callable[[str], etree.XMLSchema]

FA3_XSD, FA2_XSD = "FA/schemat_FA(3)_v1-0E.xsd", "FA/schemat_FA(2)_v1-0E.xsd"
RR_XSD = "RR/schemat_FA_RR(1)_v1-1E.xsd"
XSD = {"FA (3)": FA3_XSD, "FA (2)": FA2_XSD, "FA_RR (1)": RR_XSD}

SCHOOL = "Szkoła Podstawowa w Bzdziszewie"
UNIT = Identifier("InternalId", "5265877635-00015")

#: sample -> form, number, issue date, buyer, net, VAT, gross
OFFICIAL = {
    "fa2-basic": (
        "FA (2)",
        "FA/GRQMB-A-1/05/2025",
        "2025-06-16",
        "7352765225",
        "35260.63",
        "8109.94",
        "43370.57",
    ),
    "fa2-basic-filled": (
        "FA (2)",
        "FA/KUDYO-5316371561/05/2025",
        "2025-06-16",
        "7352765225",
        "35260.63",
        "8109.94",
        "43370.57",
    ),
    "fa2-basic-date-placeholder": (
        "FA (2)",
        "FA/GRQMB-A-1/05/2025",
        "2026-07-01",
        "6888785549",
        "28457.88",
        "6545.31",
        "35003.19",
    ),
    "fa3-basic": ("FA (3)", "FA/GRQMB-A-1/05/2025", "2025-09-01", BIURO, "43.60", "10.03", "53.63"),
    "fa3-attachment": ("FA (3)", "FA/GRQMB-A-1/05/2025", "2025-09-01", BIURO, "43.60", "10.03", "53.63"),
    "fa3-basic-date-placeholder": (
        "FA (3)",
        "FA/GRQMB-A-1/05/2025",
        "2026-07-01",
        "3861610227",
        "10652.38",
        "2450.05",
        "13102.43",
    ),
    "fa3-self-invoicing": (
        "FA (3)",
        "FA/GRQMB-A-1/05/2025",
        "2026-07-01",
        BIURO,
        "10652.38",
        "2450.05",
        "13102.43",
    ),
    "fa3-custom-subject2": ("FA (3)", "FA/GRQMB-A-1/05/2025", "2025-09-01", BIURO, "43.60", "10.03", "53.63"),
    "fa3-custom-subject2-jst-idwew": (
        "FA (3)",
        "FV2026/02/150",
        "2025-10-10",
        BIURO,
        "52260.10",
        "12019.82",
        "64279.92",
    ),
    "fa3-custom-subject2-jst-date-placeholder": (
        "FA (3)",
        "FA/GRQMB-A-1/05/2025",
        "2026-07-01",
        BIURO,
        "52260.10",
        "12019.82",
        "64279.92",
    ),
    "fa3-custom-subject3": (
        "FA (3)",
        "FV2026/02/150",
        "2025-10-10",
        "9795075130",
        "52260.10",
        "12019.82",
        "64279.92",
    ),
    "fa3-custom-subject3-jst-date-placeholder": (
        "FA (3)",
        "FA/GRQMB-A-1/05/2025",
        "2026-07-01",
        BIURO,
        "52260.10",
        "12019.82",
        "64279.92",
    ),
    "fa3-pdf-generator-full": (
        "FA (3)",
        "FA/YUCFO-4342344706/03/2026",
        "2025-10-31",
        "6808208874",
        "27292.28",
        "6277.22",
        "33569.50",
    ),
    "fa-rr1-basic": ("FA_RR (1)", "A-1", "2026-02-23", BIURO, "2000.00", "140.00", "2140.00"),
    "pef3-basic": ("PEF (3)", "A-1", "2026-07-01", BIURO, "5900.00", "1225.00", "7125.00"),
    "pef3-attachment": ("PEF (3)", "A-1", "2026-07-01", BIURO, "5900.00", "1225.00", "7125.00"),
    "pef-kor3-correction": ("PEF_KOR (3)", "A-1", "2026-07-01", BIURO, "12740.00", "2930.20", "15670.20"),
}
THIRDS = {
    "fa3-custom-subject2-jst-idwew": ThirdSubject(UNIT, SCHOOL, 8),
    "fa3-custom-subject3-jst-date-placeholder": ThirdSubject(UNIT, SCHOOL, 8),
    "fa3-custom-subject3": ThirdSubject(Identifier("Nip", BIURO), SCHOOL, 8),
}
KINDS = {"FA_RR (1)": "VatRr", "PEF (3)": "VatPef", "PEF_KOR (3)": "KorPef"}


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_facts_of_every_official_sample(name: str, official_invoice: Load) -> None:
    form, number, issued, buyer, net, vat, gross = OFFICIAL[name]
    facts = read(official_invoice(name), form)
    assert (facts.system_code, facts.seller_nip, facts.buyer) == (form, ANIA, Identifier("Nip", buyer))
    assert (facts.invoice_number, facts.issue_date) == (number, date.fromisoformat(issued))
    assert (facts.net, facts.vat, facts.gross) == (Decimal(net), Decimal(vat), Decimal(gross))
    assert facts.kind == KINDS.get(form, "Vat")
    assert facts.currency == ("EUR" if name.startswith("pef3") else "PLN")
    assert facts.has_attachment == name.endswith("attachment")
    assert facts.self_invoicing == (name == "fa3-self-invoicing")
    assert facts.third_subjects == ((THIRDS[name],) if name in THIRDS else ())
    assert facts.authorized_subject is None
    assert (facts.created is None) == name.startswith("pef")
    assert facts.seller_name
    assert facts.buyer_name


def test_the_one_invalid_sample_is_refused(official_invoice: Load) -> None:
    with pytest.raises(DocumentFault) as fault:
        read(official_invoice("fa3-multiple-subject3"), "FA (3)")
    assert len(fault.value.details) == 2
    assert "has invalid child element 'IDWew'" in fault.value.details[0]


def rich(form: str) -> bytes:
    """An invoice of ours with every part that is checked."""
    if form == "FA_RR (1)":
        return samples.rr_invoice(ANIA, BIURO, "RR/1", DAY, NOW)
    options = Options(
        currency="EUR",
        self_invoicing=True,
        thirds=[
            Third("<IDWew>5265877635-00015</IDWew>", 8),
            Third("<KodUE>DE</KodUE><NrVatUE>123456789</NrVatUE>", 4),
            Third("<KodKraju>US</KodKraju><NrID>A1</NrID>", 0),
            Third("<BrakID>1</BrakID>", 6),
        ],
        authorized_nip=BIURO,
        attachment=form == "FA (3)",
    )
    made = {"FA (3)": FA3, "FA (2)": FA2}[form]
    return samples.invoice(
        ANIA, BIURO, "FV/1", DAY, NOW, lines=[Line("a"), Line("b", rate=8)], form=made, options=options
    )


@pytest.mark.parametrize("form", XSD)
def test_our_own_samples_are_valid(form: str, official_schema: Schema) -> None:
    schema = official_schema(XSD[form])
    plain = {
        "FA (3)": [
            samples.invoice(ANIA, BIURO, "FV/<1> & 2", DAY, NOW),
            samples.self_invoice(ANIA, BIURO, "FV/1", DAY, NOW),
            samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, options=Options(kind="KOR_ROZ")),
        ],
        "FA (2)": [samples.fa2_invoice(ANIA, BIURO, "FV/1", DAY, NOW)],
        "FA_RR (1)": [samples.rr_invoice(ANIA, BIURO, "RR/1", DAY, NOW, value=Decimal("0.07"))],
    }[form]
    for document in [*plain, rich(form)]:
        assert schema.validate(xml.parse(document)), schema.error_log
        assert read(document, form).system_code == form


def test_the_faulty_sample_is_invalid_for_the_schema_too(official_schema: Schema) -> None:
    document = samples.faulty_invoice(ANIA, BIURO, "FV/1", DAY, NOW)
    assert not official_schema(FA3_XSD).validate(xml.parse(document))


VALUES = [
    "", " ", "0", "1", "2", "3", "4", "9", "11", "12", "01", "+1", "-1", "1.5", "1.55", "1.555", "-0",
    "007", ".5", "x" * 256, "x" * 257, "x" * 513, "PLN", " PLN", "XCG", "DE", "DE ", "VAT", "VAT ",
    "KOR_VAT_RR", "FA", "1-0E", "2026-07-01", "2026-07-01 ", "2026-02-29", "2024-02-29", "2005-12-31",
    "2006-01-01", "2050-01-01", "2050-01-02", "2026-07-01Z", "2026-07-01T12:00:00",
    "2026-07-01T12:00:00Z", "2026-07-01T24:00:00Z", "2026-07-01T24:00:01Z", "2026-07-01T12:00:00+14:00",
    "2026-07-01T12:00:00+14:01", "2026-07-01T12:60:00Z", "2021-12-31T23:59:59Z",
    "2026-07-01T12:00:00.123456789Z", "5265877635", "5265877635 ", "0265877635", "5005877635",
    "5265877635-00015", " 5265877635-00015", "5265877635-0001", "ABC+*", "abc", "1234567890123", "a b",
]  # fmt: skip


def mutants(document: bytes) -> Iterator[tuple[str, etree._Element]]:
    """Each element away, twice, behind its neighbour, with a foreign child, with other texts."""
    whole = etree.fromstring(document)
    for index, element in enumerate(whole.iter()):
        name = etree.QName(element).localname

        def changed(at: int = index) -> tuple[etree._Element, etree._Element]:
            tree = copy.deepcopy(whole)
            return tree, next(node for i, node in enumerate(tree.iter()) if i == at)

        if index:
            tree, node = changed()
            parent = node.getparent()
            assert parent is not None
            parent.remove(node)
            yield f"-{name}", tree
            tree, node = changed()
            node.addnext(copy.deepcopy(node))
            yield f"2{name}", tree
            tree, node = changed()
            if (following := node.getnext()) is not None:
                following.addnext(node)
                yield f">{name}", tree
        tree, node = changed()
        etree.SubElement(node, f"{{{etree.QName(node).namespace}}}Nowosc")
        yield f"+{name}", tree
        if not len(element):
            for text in VALUES:
                tree, node = changed()
                node.text = text
                yield f"{name}={text[:30]}", tree
        for attribute in element.attrib:
            tree, node = changed()
            del node.attrib[attribute]
            yield f"{name}-@", tree


@pytest.mark.parametrize("form", XSD)
def test_the_verdict_is_that_of_the_schema(form: str, official_schema: Schema) -> None:
    schema = official_schema(XSD[form])
    tried = 0
    for label, tree in mutants(rich(form)):
        tried += 1
        valid = schema.validate(tree)
        try:
            read(xml.parse(etree.tostring(tree, encoding="utf-8")), form)
            taken = True
        except DocumentFault:
            taken = False
        assert taken == valid, f"{label}: {schema.error_log}"
    assert tried > 1000
