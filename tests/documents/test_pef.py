"""PEF and PEF_KOR: facts, faults, and never stricter than the official schema but where we say so."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from klucznik.documents.facts import DocumentFault, Facts, read
from klucznik.documents.invoice import Identifier
from klucznik.documents.pef import ubl
from klucznik.documents.pef.ubl import CAC, CBC

ANIA, BIURO = "5265877635", "1111111111"
SCHEMAS = Path(__file__).parents[2].parent / "shared" / "ksef" / "schemas" / "PEF"
UBL = "urn:oasis:names:specification:ubl:schema:xsd"
CAC_NS, CBC_NS = f"{UBL}:CommonAggregateComponents-2", f"{UBL}:CommonBasicComponents-2"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
VAT = "<c:TaxScheme><b:ID>VAT</b:ID></c:TaxScheme>"


def party(role: str, number: str, name: str) -> str:
    return (
        f"<c:{role}><c:Party><c:PartyName><b:Name>Handlowa {name}</b:Name></c:PartyName>"
        f"<c:PartyTaxScheme><b:CompanyID>{number}</b:CompanyID>{VAT}</c:PartyTaxScheme>"
        f"<c:PartyLegalEntity><b:RegistrationName>{name}</b:RegistrationName></c:PartyLegalEntity>"
        f"</c:Party></c:{role}>"
    )


def document(root: str = "Invoice", kind: str = "380") -> str:
    """The least the schema and the metadata ask for, names made up."""
    quantity = "InvoicedQuantity" if root == "Invoice" else "CreditedQuantity"
    return (
        f'<{root} xmlns="{UBL}:{root}-2" xmlns:c="{CAC_NS}" xmlns:b="{CBC_NS}">'
        "<b:CustomizationID>urn:x</b:CustomizationID><b:ID>P/1</b:ID><b:IssueDate>2026-07-01</b:IssueDate>"
        f"<b:{root}TypeCode>{kind}</b:{root}TypeCode><b:DocumentCurrencyCode>PLN</b:DocumentCurrencyCode>"
        + party("AccountingSupplierParty", f"PL{ANIA}", "Sprzedawca Zmyślony")
        + party("AccountingCustomerParty", f"PL{BIURO}", "Nabywca Zmyślony")
        + '<c:TaxTotal><b:TaxAmount currencyID="PLN">23.00</b:TaxAmount></c:TaxTotal><c:LegalMonetaryTotal>'
        '<b:TaxExclusiveAmount currencyID="PLN">100</b:TaxExclusiveAmount>'
        '<b:TaxInclusiveAmount currencyID="PLN">123.00</b:TaxInclusiveAmount>'
        '<b:PayableAmount currencyID="PLN">123.00</b:PayableAmount></c:LegalMonetaryTotal>'
        f'<c:{root}Line><b:ID>1</b:ID><b:{quantity} unitCode="C62">1</b:{quantity}>'
        '<b:LineExtensionAmount currencyID="PLN">100</b:LineExtensionAmount>'
        f"<c:Item><b:Name>Ołówek</b:Name></c:Item></c:{root}Line></{root}>"
    )


PEF, KOR = document(), document("CreditNote", "381")
SYSTEM = {"Invoice": "PEF (3)", "CreditNote": "PEF_KOR (3)"}


def spoilt(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def details(text: str, form: str = "PEF (3)") -> list[str]:
    with pytest.raises(DocumentFault) as fault:
        read(text.encode(), form)
    return fault.value.details


def official(root: str) -> etree.XMLSchema:
    name = {"Invoice": "Schemat_PEF(3)_v2-1.xsd", "CreditNote": "Schemat_PEF_KOR(3)_v2-1.xsd"}[root]
    if not SCHEMAS.exists():
        pytest.skip("the official schemas and samples are not beside this repository")
    return etree.XMLSchema(etree.parse(str(SCHEMAS / name), etree.XMLParser(no_network=True)))


@pytest.fixture(scope="module")
def schemas() -> dict[str, etree.XMLSchema]:
    return {root: official(root) for root in SYSTEM}


# ---- facts


def test_facts() -> None:
    facts = read(PEF.encode(), "PEF (3)")
    assert (facts.seller_nip, facts.seller_name) == (ANIA, "Sprzedawca Zmyślony")
    assert (facts.buyer, facts.buyer_name) == (Identifier("Nip", BIURO), "Nabywca Zmyślony")
    assert (facts.invoice_number, facts.issue_date, facts.kind) == ("P/1", date(2026, 7, 1), "VatPef")
    assert (facts.net, facts.vat, facts.gross) == (Decimal(100), Decimal("23.00"), Decimal("123.00"))
    assert (facts.currency, facts.system_code, facts.form_value) == ("PLN", "PEF (3)", "PEF")
    assert not facts.self_invoicing
    assert not facts.has_attachment
    corrected = read(KOR.encode(), "PEF_KOR (3)")
    assert (corrected.kind, corrected.system_code) == ("KorPef", "PEF_KOR (3)")


#: A second tax number of the seller, of another tax, before the first.
OTHER_TAX = (
    "<c:PartyTaxScheme><b:CompanyID>77</b:CompanyID>" + VAT.replace("VAT", "LOC") + "</c:PartyTaxScheme>"
)
ATTACHED = (
    "<c:{0}><b:ID>1</b:ID><c:Attachment><b:EmbeddedDocumentBinaryObject mimeCode='text/plain'>eA==\n"
    "</b:EmbeddedDocumentBinaryObject></c:Attachment></c:{0}><c:AccountingSupplierParty>"
)
SUPPLIER = "<c:AccountingSupplierParty>"


@pytest.mark.parametrize(
    ("old", "new", "fact", "expected"),
    [
        (f"PL{BIURO}", "DE123456789", "buyer", Identifier("VatUe", "DE123456789")),
        (f"PL{BIURO}", "US-1", "buyer", Identifier("Other", "US-1")),
        (f"<b:CompanyID>PL{BIURO}</b:CompanyID>", "", "buyer", Identifier("None")),
        (f"PL{ANIA}", ANIA, "seller_nip", ANIA),
        (f"PL{ANIA}", f"\n PL{ANIA}\t", "seller_nip", ANIA),
        ("<c:PartyTaxScheme>", f"{OTHER_TAX}<c:PartyTaxScheme>", "seller_nip", ANIA),
        (
            "<b:RegistrationName>Sprzedawca Zmyślony</b:RegistrationName>",
            "",
            "seller_name",
            "Handlowa Sprzedawca Zmyślony",
        ),
        ("urn:x", "urn:x#extended#urn:fdc:www.efaktura.gov.pl:ver2.0", "kind", "VatPefSp"),
        (">380<", ">389<", "self_invoicing", True),
        (">2026-07-01<", ">2026-07-01+02:00<", "issue_date", date(2026, 7, 1)),
        (">P/1<", "> P/1\n2 <", "invoice_number", "P/1 2"),
        (">100<", ">+.50<", "net", Decimal("0.5")),
        (">100<", ">-12.<", "net", Decimal(-12)),
        (
            "<c:TaxTotal>",
            '<c:TaxTotal><b:TaxAmount currencyID="EUR">5</b:TaxAmount></c:TaxTotal><c:TaxTotal>',
            "vat",
            Decimal("23.00"),
        ),
        (SUPPLIER, ATTACHED.format("AdditionalDocumentReference"), "has_attachment", True),
        (SUPPLIER, ATTACHED.format("ContractDocumentReference"), "has_attachment", True),
    ],
)
def test_variants(
    old: str, new: str, fact: str, expected: object, schemas: dict[str, etree.XMLSchema]
) -> None:
    text = spoilt(PEF, old, new)
    assert getattr(read(text.encode(), "PEF (3)"), fact) == expected
    assert schemas["Invoice"].validate(etree.fromstring(text)), schemas["Invoice"].error_log


def test_blanks_around_a_date() -> None:
    """XSD lets them stand; libxml2 does not, so that it cannot be the judge here."""
    text = spoilt(PEF, ">2026-07-01<", "> 2026-07-01Z\n<")
    assert read(text.encode(), "PEF (3)").issue_date == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("", True),
        ("eA==", True),
        (" e A\n= = ", True),
        ("eHg=", True),
        ("eA=", False),
        ("eA", False),
        ("=", False),
        ("2024-02-29", False),
        ("żó==", False),
    ],
)
def test_base64(value: str, fits: bool) -> None:
    text = spoilt(PEF, SUPPLIER, ATTACHED.format("AdditionalDocumentReference").replace("eA==\n", value))
    if fits:
        assert read(text.encode(), "PEF (3)").has_attachment
    else:
        assert "is not a valid Base64Binary value." in details(text)[0]


# ---- faults

LIST = "List of possible elements expected:"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "<b:ID>P/1</b:ID>",
            "",
            f"The element 'Invoice' in namespace '{UBL}:Invoice-2' has invalid child element 'IssueDate' in "
            f"namespace '{CBC_NS}'. {LIST} 'ProfileID, ProfileExecutionID, ID' in namespace '{CBC_NS}'.",
        ),
        (
            "<c:LegalMonetaryTotal>",
            "<c:Invented/><c:LegalMonetaryTotal>",
            f"has invalid child element 'Invented' in namespace '{CAC_NS}'. {LIST} 'TaxTotal, "
            f"WithholdingTaxTotal, LegalMonetaryTotal' in namespace '{CAC_NS}'.",
        ),
        (
            "<b:DocumentCurrencyCode>",
            "<c:Delivery/><b:DocumentCurrencyCode>",
            f"BuyerReference' in namespace '{CBC_NS}' as well as 'InvoicePeriod, OrderReference, ",
        ),
        ("<b:ID>P/1</b:ID>", "<b:ID>P/1</b:ID><b:ID>P/2</b:ID>", "has invalid child element 'ID'"),
        (
            "<b:ID>P/1</b:ID>",
            "<b:ID>P<b:ID/></b:ID>",
            "because the parent element's content model is text only.",
        ),
        ("<c:Item>", "<c:Item>x", "cannot contain text."),
        ("<c:Item>", '<c:Item id="1">', "The 'id' attribute is not declared."),
        ("<c:Item>", '<x xmlns="urn:x"/><c:Item>', "has invalid child element 'x' in namespace 'urn:x'."),
        (
            '<b:PayableAmount currencyID="PLN">123.00</b:PayableAmount>',
            "",
            f"The element 'LegalMonetaryTotal' in namespace '{CAC_NS}' has incomplete content. {LIST} "
            "'AllowanceTotalAmount, ChargeTotalAmount, PrepaidAmount, PayableRoundingAmount, PayableAmount' "
            f"in namespace '{CBC_NS}'.",
        ),
        (' currencyID="PLN">23', ">23", "The required attribute 'currencyID' is missing."),
        (
            ">2026-07-01<",
            ">2026-02-29<",
            f"The '{CBC_NS}:IssueDate' element is invalid - The value '2026-02-29' is invalid according to "
            f"its datatype '{CBC_NS}:IssueDateType' - The string '2026-02-29' is not a valid Date value.",
        ),
        (">2026-07-01<", ">2026-07<", "The string '2026-07' is not a valid Date value."),
        (">2026-07-01<", ">2026-W27-3<", "The string '2026-W27-3' is not a valid Date value."),
        (">2026-07-01<", ">20260701<", "The string '20260701' is not a valid Date value."),
        (">2026-07-01<", ">2026-07-01+14:01<", "is not a valid Date value."),
        (">2026-07-01<", ">٢٠٢٦-07-01<", "is not a valid Date value."),
        (">2026-07-01<", "><", "The string '' is not a valid Date value."),
        (">100<", ">1e5<", "The string '1e5' is not a valid Decimal value."),
        (">100<", ">1,00<", "The string '1,00' is not a valid Decimal value."),
        (">100<", ">NaN<", "The string 'NaN' is not a valid Decimal value."),
        (">100<", ">١<", "is not a valid Decimal value."),
        ("<b:ID>P/1", f'<b:ID xmlns:i="{XSI}" i:nil="true">P/1', "xsi:nil"),
    ],
)
def test_faults_of_the_schema(old: str, new: str, sentence: str, schemas: dict[str, etree.XMLSchema]) -> None:
    text = spoilt(PEF, old, new)
    if "Delivery/>" in new and sentence.startswith("has"):
        text = spoilt(text, "<c:Delivery/>", "")
        text = spoilt(text, "<b:DocumentCurrencyCode>", "<c:Delivery/><b:DocumentCurrencyCode>")
        sentence = (
            f"has invalid child element 'Delivery' in namespace '{CAC_NS}'. {LIST} 'Note, TaxPointDate, "
        )
    assert sentence in details(text)[0]
    assert not schemas["Invoice"].validate(etree.fromstring(text))


#: Refused though the schema takes them: the metadata have no room or no meaning for them.
STRICTER = [
    (
        f"PL{ANIA}",
        "PL123",
        f"The value 'PL123' is invalid according to its datatype '{CBC_NS}:CompanyIDType'",
    ),
    (f"PL{ANIA}", "DE123456789", "The Pattern constraint failed."),
    (f"<b:CompanyID>PL{ANIA}</b:CompanyID>", "", "The element 'PartyTaxScheme' in namespace"),
    (f"PL{ANIA}", " ", "The element 'PartyTaxScheme' in namespace"),
    ("P/1", "", f"'Invoice' in namespace '{UBL}:Invoice-2' has incomplete content. {LIST} 'ID'"),
    ("P/1", "x" * 257, "The actual length is greater than the MaxLength value."),
    ("<b:DocumentCurrencyCode>PLN</b:DocumentCurrencyCode>", "", f"{LIST} 'DocumentCurrencyCode'"),
    ('<c:TaxTotal><b:TaxAmount currencyID="PLN">23.00</b:TaxAmount></c:TaxTotal>', "", f"{LIST} 'TaxAmount'"),
    ('<b:TaxExclusiveAmount currencyID="PLN">100</b:TaxExclusiveAmount>', "", f"{LIST} 'TaxExclusiveAmount'"),
    (
        '<b:TaxInclusiveAmount currencyID="PLN">123.00</b:TaxInclusiveAmount>',
        "",
        f"{LIST} 'TaxInclusiveAmount'",
    ),
    (">100<", f">1.{'0' * 70}<", "The actual length is greater than the MaxLength value."),
    (">2026-07-01<", ">12026-07-01<", "The string '12026-07-01' is not a valid Date value."),
]


@pytest.mark.parametrize(("old", "new", "sentence"), STRICTER)
def test_faults_of_the_metadata(
    old: str, new: str, sentence: str, schemas: dict[str, etree.XMLSchema]
) -> None:
    text = spoilt(PEF, old, new)
    assert sentence in details(text)[0]
    assert schemas["Invoice"].validate(etree.fromstring(text)), schemas["Invoice"].error_log


def test_groups_without_a_model(schemas: dict[str, etree.XMLSchema]) -> None:
    """What no official sample uses is taken in any order; its kinds and values are looked at all the same."""
    signed = (
        "<c:Signature><b:ID>1</b:ID><b:ValidationDate>{}</b:ValidationDate><c:SignatoryParty><c:PartyName>"
        "<b:Name>x</b:Name></c:PartyName></c:SignatoryParty></c:Signature><c:AccountingSupplierParty>"
    )
    good = spoilt(PEF, SUPPLIER, signed.format("2026-07-01"))
    assert read(good.encode(), "PEF (3)").seller_nip == ANIA
    assert schemas["Invoice"].validate(etree.fromstring(good))
    assert "not a valid Date" in details(spoilt(PEF, SUPPLIER, signed.format("x")))[0]
    assert (
        "has invalid child element 'y'" in details(good.replace("<b:ID>1", "<y xmlns='urn:x'/><b:ID>1", 1))[0]
    )
    assert "cannot contain text" in details(good.replace("<b:ID>1", "text<b:ID>1", 1))[0]
    turned = good.replace("<b:ID>1</b:ID><b:Val", "<b:Val", 1)
    assert read(turned.encode(), "PEF (3)").seller_nip == ANIA
    assert not schemas["Invoice"].validate(etree.fromstring(turned))


def test_nobody_reads_a_thousand_faults() -> None:
    text = spoilt(PEF, "<c:Item>", "<c:Item>" + "<x/>" * 1000).replace("123.00", "x")
    assert 1 < len(details(text)) <= ubl.MOST_FAULTS


def test_the_other_root_is_another_form() -> None:
    assert details(KOR, "PEF (3)") == [f"The '{UBL}:CreditNote-2:CreditNote' element is not declared."]
    assert details(PEF, "PEF_KOR (3)") == [f"The '{UBL}:Invoice-2:Invoice' element is not declared."]


# ---- against the official schema


def test_documents_of_our_own_are_valid(schemas: dict[str, etree.XMLSchema]) -> None:
    for text, root in ((PEF, "Invoice"), (KOR, "CreditNote")):
        assert schemas[root].validate(etree.fromstring(text)), schemas[root].error_log


_WORDS = (
    "x 1 -1 1. .5 +0.50 1e5 NaN 1,5 true TRUE 0 2026-02-28 2026-02-30 2024-02-29 2026-07-01Z eA== eA= PLN ż"
)
_TIMES = "2026-07-01+14:00 2026-07-01+15:00 02026-01-01 10:00:00 24:00:00 24:00:01 10:00"
_TEXTS = ["", " ", " 12 ", "e A = =", "9" * 28, "9" * 29, *_WORDS.split(), *_TIMES.split()]


def _mutate(root: etree._Element, rand: random.Random, tags: list[str]) -> None:
    """One change somewhere: of order, number, name, text or attribute."""
    nodes = [node for node in root.iter() if isinstance(node.tag, str) and node is not root]
    if rand.random() < 0.3:
        nodes = [node for node in root if isinstance(node.tag, str)]
    node = rand.choice(nodes)
    parent = node.getparent()
    assert parent is not None
    match rand.randrange(10):
        case 0:
            parent.remove(node)
        case 1:
            parent.insert(parent.index(node), copy.deepcopy(node))
        case 2:
            other = rand.choice(list(parent))
            parent.insert(parent.index(other), node)
        case 3:
            node.tag = rand.choice(tags)
        case 4 | 5 | 6:
            # libxml2 reads base64 past letters that are none: no judge of it (test_base64).
            leaves = [leaf for leaf in root.iter(f"{CBC}*") if not str(leaf.tag).endswith("BinaryObject")]
            rand.choice(leaves).text = rand.choice(_TEXTS)
        case 7:
            if node.attrib:
                del node.attrib[rand.choice([str(name) for name in node.attrib])]
            else:
                node.set(
                    rand.choice(["currencyID", "schemeID", "unitCode", "listID", "x", "{urn:x}y"]), "PLN"
                )
        case 8:
            node.text = "x" if rand.random() < 0.5 else None
        case _:
            node.append(etree.Element(rand.choice([*tags, f"{CAC}Unknown", f"{CBC}Unknown", "{urn:x}y"])))


def _allowed(fault: DocumentFault) -> bool:
    """Whether all that is refused is on our own list, shown in `test_faults_of_the_metadata`."""
    ours = (
        "CompanyIDType' - The Pattern constraint failed.",
        "PartyTaxScheme' in namespace",
        f"{LIST} 'ID' in",
        f"{LIST} 'DocumentCurrencyCode' in",
        f"{LIST} 'TaxAmount' in",
        f"{LIST} 'TaxExclusiveAmount' in",
        f"{LIST} 'TaxInclusiveAmount' in",
    )
    digits = f"The string '{'9' * 29}' is not a valid Decimal value."
    return all(any(part in detail for part in ours) or digits in detail for detail in fault.details)


def test_never_stricter_than_the_official_schema(
    schemas: dict[str, etree.XMLSchema],
    official_invoice: Callable[[str], bytes],
    record_property: Callable[[str, object], None],
) -> None:
    """2,000 mutants of the official samples; what the schema refuses and we take is counted."""
    rand = random.Random(20261122)
    parser = etree.XMLParser(remove_comments=True)
    samples = [
        etree.fromstring(official_invoice(name), parser)
        for name in ("pef3-basic", "pef3-attachment", "pef-kor3-correction")
    ]
    for embedded in samples[1].iter(f"{CBC}EmbeddedDocumentBinaryObject"):
        embedded.text = "eA=="
    tags = sorted({str(node.tag) for sample in samples for node in sample.iter()})
    counts = {"valid": 0, "valid, refused by our own rules": 0, "invalid": 0, "invalid, taken": 0}
    for n in range(2_000):
        root = copy.deepcopy(samples[n % 3])
        _mutate(root, rand, tags)
        name = etree.QName(root).localname
        valid = schemas[name].validate(root)
        found: Facts | DocumentFault
        try:
            found = read(root, SYSTEM[name])
        except DocumentFault as fault:
            found = fault
        counts["valid" if valid else "invalid"] += 1
        if valid and isinstance(found, DocumentFault):
            assert _allowed(found), (n, found.details)
            counts["valid, refused by our own rules"] += 1
        if not valid and isinstance(found, Facts):
            counts["invalid, taken"] += 1
    print(counts)
    record_property("mutants", str(counts))
    assert counts["valid"] > 300
    assert counts["invalid, taken"] < 0.02 * counts["invalid"]
