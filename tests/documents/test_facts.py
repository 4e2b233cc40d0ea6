"""Facts of invoices: what is read of good ones, and the sentence each fault gives."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

import pytest
from lxml import etree

from documents import generate
from klucznik.documents import samples, xml
from klucznik.documents.facts import (
    AuthorizedSubject,
    DocumentFault,
    Facts,
    Identifier,
    ThirdSubject,
    checksum_faults,
    read,
)
from klucznik.documents.forms import FORMS
from klucznik.documents.samples import Line, Options, Third
from klucznik.wire.common import FormCode

ANIA, BIURO, OBCY = "5265877635", "1111111111", "7352765225"
DAY, NOW = date(2026, 7, 1), datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
NS = "http://crd.gov.pl/wzor/2025/06/25/13775/"
ETD = "http://crd.gov.pl/xml/schematy/dziedzinowe/mf/2022/01/05/eD/DefinicjeTypy/"


def fa(options: Options) -> Facts:
    return read(samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, options=options), "FA (3)")


def details(document: str | bytes, form: str = "FA (3)") -> list[str]:
    data = document if isinstance(document, bytes) else document.encode()
    with pytest.raises(DocumentFault) as fault:
        read(data, form)
    assert fault.value.why
    return fault.value.details


def spoilt(text: str, old: str, new: str) -> str:
    assert text.count(old) >= 1, old
    return text.replace(old, new, 1)


def test_the_facts_of_a_plain_invoice(fa3: str) -> None:
    assert read(fa3.encode(), "FA (3)") == Facts(
        system_code="FA (3)",
        schema_version="1-0E",
        form_value="FA",
        structure_name="Schemat_FA(3)_v1-0E.xsd",
        seller_nip=ANIA,
        seller_name=samples.SELLER,
        buyer=Identifier("Nip", BIURO),
        buyer_name=samples.BUYER,
        invoice_number="FV/2026/07/1",
        issue_date=DAY,
        kind="Vat",
        currency="PLN",
        net=Decimal("364.90"),
        vat=Decimal("74.95"),
        gross=Decimal("439.85"),
        created=NOW,
    )


def test_a_parsed_root_may_be_given_instead_of_bytes(fa3: str) -> None:
    assert read(xml.parse(fa3.encode()), "FA (3)") == read(fa3.encode(), "FA (3)")


def test_the_form_may_be_the_contracts_form_code(fa3: str) -> None:
    code = FormCode(system_code="FA (3)", schema_version="1-0E", value="FA")
    assert read(fa3.encode(), code) == read(fa3.encode(), FORMS["FA (3)"])
    with pytest.raises(KeyError):
        read(fa3.encode(), "FA (1)")


def test_fa2_and_rr() -> None:
    fa2 = read(samples.fa2_invoice(ANIA, BIURO, "FV/1", DAY, NOW), "FA (2)")
    assert (fa2.system_code, fa2.kind, fa2.gross) == ("FA (2)", "Vat", Decimal("439.85"))
    rr = read(samples.rr_invoice(ANIA, BIURO, "RR/1", DAY, NOW), "FA_RR (1)")
    assert (rr.kind, rr.invoice_number, rr.issue_date, rr.buyer) == (
        "VatRr",
        "RR/1",
        DAY,
        Identifier("Nip", BIURO),
    )
    assert (rr.net, rr.vat, rr.gross) == (Decimal("1000.00"), Decimal("70.00"), Decimal("1070.00"))
    assert rr.structure_name == "Schemat_FA_RR(1)_v1-1E.xsd"


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("VAT", "Vat"),
        ("ZAL", "Zal"),
        ("KOR", "Kor"),
        ("ROZ", "Roz"),
        ("UPR", "Upr"),
        ("KOR_ZAL", "KorZal"),
        ("KOR_ROZ", "KorRoz"),
    ],
)
def test_every_kind(written: str, kind: str) -> None:
    facts = fa(Options(kind=written))
    assert facts.kind == kind
    assert (facts.seller_nip, facts.invoice_number) == (ANIA, "FV/1")


def test_vat_of_a_foreign_currency_is_the_one_in_pln() -> None:
    facts = fa(Options(currency="EUR", rate_of_exchange=Decimal("4.00")))
    assert (facts.currency, facts.net, facts.vat, facts.gross) == (
        "EUR",
        Decimal("364.90"),
        Decimal("299.80"),
        Decimal("439.85"),
    )


def test_net_counts_every_rate() -> None:
    text = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, lines=[Line("Rower", rate=8)]).decode()
    groups = "<P_13_5>1.01</P_13_5><P_14_5>0.10</P_14_5>" + "".join(
        f"<P_13_{n}>1.01</P_13_{n}>" for n in ("6_1", "6_2", "6_3", "7", "8", "9", "10", "11")
    )
    facts = read(spoilt(text, "<P_15>", f"{groups}<P_15>").encode(), "FA (3)")
    assert (facts.net, facts.vat) == (Decimal("109.09"), Decimal("8.10"))


@pytest.mark.parametrize(
    ("written", "identifier"),
    [
        (f"<NIP>{OBCY}</NIP>", Identifier("Nip", OBCY)),
        ("<KodUE>DE</KodUE><NrVatUE>123456789</NrVatUE>", Identifier("VatUe", "DE123456789")),
        ("<KodKraju>US</KodKraju><NrID>A-1</NrID>", Identifier("Other", "A-1")),
        ("<NrID>A 1</NrID>", Identifier("Other", "A 1")),
        ("<BrakID>1</BrakID>", Identifier("None")),
    ],
)
def test_the_buyer_is_known_in_five_ways(written: str, identifier: Identifier) -> None:
    assert fa(Options(buyer_identity_xml=written)).buyer == identifier


def test_a_buyer_may_have_no_name(fa3: str) -> None:
    text = spoilt(fa3, f"<Nazwa>{samples.BUYER}</Nazwa>", "")
    assert read(text.encode(), "FA (3)").buyer_name is None


def test_third_and_authorized_subjects() -> None:
    facts = fa(
        Options(
            thirds=[
                Third("<IDWew>5265877635-00015</IDWew>", 8),
                Third(f"<NIP>{OBCY}</NIP>", 11, "Inna"),
                Third("<BrakID>1</BrakID>", 0),
            ],
            authorized_nip=OBCY,
            authorized_role=2,
        )
    )
    assert facts.third_subjects == (
        ThirdSubject(Identifier("InternalId", "5265877635-00015"), "Trzecia Strona Przykładowa", 8),
        ThirdSubject(Identifier("Nip", OBCY), "Inna", 11),
        ThirdSubject(Identifier("None"), "Trzecia Strona Przykładowa", 0),
    )
    assert facts.authorized_subject == AuthorizedSubject(OBCY, "Przedstawiciel Zmyślony", 2)


def test_self_invoicing_and_attachment() -> None:
    assert fa(Options(attachment=True)).has_attachment
    assert not fa(Options()).has_attachment
    assert read(samples.self_invoice(ANIA, BIURO, "FV/1", DAY, NOW), "FA (3)").self_invoicing


def test_the_number_is_collapsed_as_a_token(fa3: str) -> None:
    text = spoilt(fa3, "FV/2026/07/1", "  FV \n\t 7\u00a0/<!-- -->1 ")
    assert read(text.encode(), "FA (3)").invoice_number == "FV 7\u00a0/1"


@pytest.mark.parametrize("letters", [1, 256])
def test_a_number_has_1_to_256_characters(fa3: str, letters: int) -> None:
    text = spoilt(fa3, "FV/2026/07/1", "ż" * letters)
    assert read(text.encode(), "FA (3)").invoice_number == "ż" * letters


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("2025-09-01T00:00:00Z", datetime(2025, 9, 1, tzinfo=UTC)),
        ("2026-07-01T14:00:00+02:00", NOW),
        ("2026-07-01T12:00:00", NOW),
        ("2026-07-01T12:00:00.0000000Z", NOW),
        ("2026-06-30T24:00:00Z", datetime(2026, 7, 1, tzinfo=UTC)),
    ],
)
def test_forms_of_the_creation_instant(fa3: str, stamp: str, instant: datetime) -> None:
    assert read(spoilt(fa3, "2026-07-01T12:00:00Z", stamp).encode(), "FA (3)").created == instant


def test_a_missing_number_is_named_as_the_validator_does() -> None:
    assert details(samples.faulty_invoice(ANIA, BIURO, "FV/1", DAY, NOW)) == [
        f"The element 'Fa' in namespace '{NS}' has invalid child element 'P_13_1' in namespace '{NS}'. "
        f"List of possible elements expected: 'P_1M, P_2' in namespace '{NS}'."
    ]


def test_incomplete_content(fa3: str) -> None:
    body = fa3[fa3.index("<P_2>") : fa3.index("</Fa>")]
    assert (
        f"The element 'Fa' in namespace '{NS}' has incomplete content. " in details(spoilt(fa3, body, ""))[0]
    )


def test_another_forms_document_is_not_declared(fa3: str) -> None:
    assert details(fa3, "FA (2)") == [f"The '{NS}:Faktura' element is not declared."]
    assert details("<Faktura/>") == ["The 'Faktura' element is not declared."]
    assert details("<a xmlns='urn:x'/>", "PEF (3)") == ["The 'urn:x:a' element is not declared."]


def value(name: str, text: str, datatype: str, cause: str) -> str:
    return (
        f"The '{NS}:{name}' element is invalid - The value '{text}' is invalid according to its datatype "
        f"'{datatype}' - {cause}"
    )


PATTERN, ENUM = "The Pattern constraint failed.", "The Enumeration constraint failed."
EARLY, LATE = "The MinInclusive constraint failed.", "The MaxInclusive constraint failed."
FLAG = f"{ETD}:TWybor1_2"
NOT_WHOLE = "The string '{}' is not a valid {} value."
SHORT = "The actual length is less than the MinLength value."
LONG = "The actual length is greater than the MaxLength value."


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            'kodSystemowy="FA (3)"',
            'kodSystemowy="FA (2)"',
            "The value of the 'kodSystemowy' attribute does not equal its fixed value.",
        ),
        (
            'wersjaSchemy="1-0E"',
            'wersjaSchemy="1-1E"',
            "The value of the 'wersjaSchemy' attribute does not equal its fixed value.",
        ),
        (' wersjaSchemy="1-0E"', "", "The required attribute 'wersjaSchemy' is missing."),
        (">FA</KodF", ">FB</KodF", value("KodFormularza", "FB", f"{NS}:TKodFormularza", ENUM)),
        (
            "<WariantFormularza>3",
            "<WariantFormularza>2",
            value("WariantFormularza", "2", "SByte", ENUM),
        ),
        (
            "2026-07-01T12:00:00Z",
            "2025-08-31T23:59:59Z",
            value("DataWytworzeniaFa", "2025-08-31T23:59:59Z", "DateTime", EARLY),
        ),
        (
            "2026-07-01T12:00:00Z",
            "2050-01-02T00:00:00Z",
            value("DataWytworzeniaFa", "2050-01-02T00:00:00Z", "DateTime", LATE),
        ),
        (
            "2026-07-01T12:00:00Z",
            "2026-07-01 12:00:00",
            value(
                "DataWytworzeniaFa",
                "2026-07-01 12:00:00",
                "DateTime",
                "The string '2026-07-01 12:00:00' is not a valid DateTime value.",
            ),
        ),
        (
            "2026-07-01T12:00:00Z",
            "2026-02-30T12:00:00Z",
            value(
                "DataWytworzeniaFa",
                "2026-02-30T12:00:00Z",
                "DateTime",
                "The string '2026-02-30T12:00:00Z' is not a valid DateTime value.",
            ),
        ),
        (ANIA, "0265877635", value("NIP", "0265877635", f"{ETD}:TNrNIP", PATTERN)),
        (ANIA, "5005877635", value("NIP", "5005877635", f"{ETD}:TNrNIP", PATTERN)),
        (ANIA, f" {ANIA}", value("NIP", f" {ANIA}", f"{ETD}:TNrNIP", PATTERN)),
        (ANIA, "٥٢٦٥٨٧٧٦٣٥", value("NIP", "٥٢٦٥٨٧٧٦٣٥", f"{ETD}:TNrNIP", PATTERN)),
        (samples.SELLER, " ", value("Nazwa", "", f"{NS}:TZnakowy512", SHORT)),
        ("<JST>2", "<JST>3", value("JST", "3", "Integer", ENUM)),
        ("<GV>2", "<GV>", value("GV", "", "Integer", NOT_WHOLE.format("", "Integer"))),
        ("<KodWaluty>PLN", "<KodWaluty>PLZ", value("KodWaluty", "PLZ", f"{NS}:TKodWaluty", ENUM)),
        ("<KodWaluty>PLN", "<KodWaluty> PLN", value("KodWaluty", " PLN", f"{NS}:TKodWaluty", ENUM)),
        ("<P_1>2026-07-01", "<P_1>2026-7-1", value("P_1", "2026-7-1", f"{NS}:TDataT", PATTERN)),
        ("<P_1>2026-07-01", "<P_1>2026-07-01Z", value("P_1", "2026-07-01Z", f"{NS}:TDataT", PATTERN)),
        (
            "<P_1>2026-07-01",
            "<P_1>2026-02-30",
            value("P_1", "2026-02-30", f"{NS}:TDataT", "The string '2026-02-30' is not a valid Date value."),
        ),
        (
            "<P_1>2026-07-01",
            "<P_1>2005-12-31",
            value("P_1", "2005-12-31", f"{NS}:TDataT", EARLY),
        ),
        (
            "<P_1>2026-07-01",
            "<P_1>2050-01-02",
            value("P_1", "2050-01-02", f"{NS}:TDataT", LATE),
        ),
        ("FV/2026/07/1", "\n", value("P_2", "", f"{NS}:TZnakowy", SHORT)),
        ("FV/2026/07/1", "x" * 257, value("P_2", "x" * 256 + "…", f"{NS}:TZnakowy", LONG)),
        ("<P_15>439.85", "<P_15>439,85", value("P_15", "439,85", f"{NS}:TKwotowy", PATTERN)),
        ("<P_15>439.85", "<P_15>1e400", value("P_15", "1e400", f"{NS}:TKwotowy", PATTERN)),
        ("<P_15>439.85", "<P_15>+1.00", value("P_15", "+1.00", f"{NS}:TKwotowy", PATTERN)),
        ("<P_15>439.85", "<P_15>01.00", value("P_15", "01.00", f"{NS}:TKwotowy", PATTERN)),
        ("<P_15>439.85", "<P_15>1.001", value("P_15", "1.001", f"{NS}:TKwotowy", PATTERN)),
        ("<P_17>2", "<P_17>0", value("P_17", "0", FLAG, ENUM)),
        ("<P_18A>2", "<P_18A>tak", value("P_18A", "tak", FLAG, NOT_WHOLE.format("tak", "SByte"))),
        (
            "<RodzajFaktury>VAT",
            "<RodzajFaktury>VAT_RR",
            value("RodzajFaktury", "VAT_RR", f"{NS}:TRodzajFaktury", ENUM),
        ),
        (
            "<P_2>FV/2026/07/1",
            "<P_2><b/>",
            f"The element 'P_2' in namespace '{NS}' cannot contain child element 'b' in namespace '{NS}' "
            "because the parent element's content model is text only.",
        ),
    ],
)  # fmt: skip
def test_each_value_has_its_sentence(fa3: str, old: str, new: str, sentence: str) -> None:
    assert sentence in details(spoilt(fa3, old, new))


@pytest.mark.parametrize("amount", ["-0", "0", "0.5", " 1.00\n", "9999999999999999.99", "-12.1"])
def test_amounts_the_schema_takes(fa3: str, amount: str) -> None:
    assert read(spoilt(fa3, "<P_15>439.85", f"<P_15>{amount}").encode(), "FA (3)").gross == Decimal(
        amount.strip()
    )


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("<JST>2</JST>", "", "GV"),
        ("<Adnotacje>", "<Adnotacja>", ""),
        ("</Podmiot2>", "</Podmiot2><Stopka/>", "Stopka"),
        ("<Fa>", "<Zalacznik/><Fa>", "Zalacznik"),
        ("</Faktura>", "<Nowosc/></Faktura>", "Nowosc"),
        ("<Podmiot1>", "<Podmiot2/><Podmiot1>", "Podmiot2"),
        ("<P_16>2</P_16>", "", "P_17"),
        ("<P_17>2</P_17><P_18>2</P_18>", "<P_18>2</P_18><P_17>2</P_17>", "P_18"),
        ("<RodzajFaktury>VAT</RodzajFaktury>", "", "FaWiersz"),
        (f"<NIP>{BIURO}</NIP>", f"<NIP>{BIURO}</NIP><BrakID>1</BrakID>", "BrakID"),
        ("<Adres>", "<Adresik/><Adres>", "Adresik"),
    ],
)
def test_unknown_or_displaced_children(fa3: str, old: str, new: str, name: str) -> None:
    text = spoilt(fa3, old, new)
    if old == "<Adnotacje>":
        text, name = spoilt(text, "</Adnotacje>", "</Adnotacja>"), "Adnotacja"
    assert f"has invalid child element '{name}' in namespace '{NS}'." in details(text)[0]


def test_a_hundred_third_subjects_but_no_more() -> None:
    third = Third(f"<NIP>{OBCY}</NIP>", 1)
    assert len(fa(Options(thirds=[third] * 100)).third_subjects) == 100
    whole = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, options=Options(thirds=[third] * 101))
    assert "invalid child element 'Podmiot3'" in details(whole)[0]


@pytest.mark.parametrize(("form", "role"), [("FA (2)", 11), ("FA_RR (1)", 4), ("FA (3)", 12)])
def test_roles_a_form_does_not_know(form: str, role: int) -> None:
    made = {
        "FA (2)": samples.fa2_invoice(ANIA, BIURO, "FV/1", DAY, NOW),
        "FA_RR (1)": samples.rr_invoice(ANIA, BIURO, "FV/1", DAY, NOW),
        "FA (3)": samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW),
    }
    third = (
        f"<Podmiot3><DaneIdentyfikacyjne><NIP>{OBCY}</NIP><Nazwa>x</Nazwa></DaneIdentyfikacyjne><Adres>"
        f"<KodKraju>PL</KodKraju><AdresL1>x</AdresL1></Adres><Rola>{role}</Rola></Podmiot3>"
    )
    text = made[form].decode()
    text = spoilt(text, "</Podmiot2>", f"</Podmiot2>{third}")
    (sentence,) = details(text, form)
    assert f"Rola' element is invalid - The value '{role}'" in sentence


def test_an_internal_identifier_has_its_pattern() -> None:
    third = Third("<IDWew>5265877635-0001</IDWew>", 8)
    whole = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, options=Options(thirds=[third]))
    assert details(whole) == [value("IDWew", "5265877635-0001", f"{NS}:TNIPIdWew", PATTERN)]


def test_all_faults_are_told_at_once(fa3: str) -> None:
    text = spoilt(spoilt(fa3, ANIA, "12"), "<P_15>439.85", "<P_15>x")
    assert len(details(text)) == 2


def test_checksums_are_asked_for_apart(fa3: str) -> None:
    assert checksum_faults(read(fa3.encode(), "FA (3)")) == []
    facts = fa(
        Options(
            buyer_identity_xml="<NIP>1111111112</NIP>",
            thirds=[Third("<IDWew>5265877636-00015</IDWew>", 8), Third("<BrakID>1</BrakID>", 0)],
            authorized_nip="7352765226",
        )
    )
    assert checksum_faults(facts) == [
        "Nieprawidłowa suma kontrolna identyfikatora '1111111112' (Podmiot2).",
        "Nieprawidłowa suma kontrolna identyfikatora '5265877636-00015' (Podmiot3).",
        "Nieprawidłowa suma kontrolna identyfikatora '7352765226' (PodmiotUpowazniony).",
    ]


def test_ten_thousand_lines_and_not_one_more() -> None:
    lines = [Line("Ołówek")] * 10_000
    whole = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, lines=lines)
    assert read(xml.parse(whole, limit=5_000_000), "FA (3)").net == Decimal("1000000.00")
    more = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, lines=[*lines, Line("Ołówek")])
    with pytest.raises(DocumentFault) as fault:
        read(xml.parse(more, limit=5_000_000), "FA (3)")
    assert "invalid child element 'FaWiersz'" in fault.value.details[0]


def test_an_etree_root_of_another_parser_is_read_too(fa3: str) -> None:
    assert read(etree.fromstring(fa3.encode()), "FA (3)").seller_nip == ANIA


KIND_END = "</RodzajFaktury>"
LOOKALIKES = [
    f"<!-- {KIND_END} -->",
    f"<!-- {KIND_END}</Fa></Faktura> -->",
    f"<![CDATA[{KIND_END}]]>",
    f"<![CDATA[{KIND_END}</Fa></Faktura>]]>",
    "&lt;/RodzajFaktury&gt;",
]


@pytest.mark.parametrize("form", ["FA (3)", "FA (2)", "FA_RR (1)"])
def test_facts_without_a_check_are_the_same(form: str) -> None:
    for seed in range(150):
        document = generate.document(FORMS[form], Random(seed), seed % 7 / 10)
        assert read(document, check=False) == read(document), seed


@pytest.mark.parametrize("lookalike", LOOKALIKES)
@pytest.mark.parametrize("place", ["<Faktura", "<Podmiot1>", "</Nazwa>", "</P_2>", "</RodzajFaktury>"])
def test_nothing_that_looks_like_the_end_of_the_kind_deceives(fa3: str, lookalike: str, place: str) -> None:
    document = fa3.replace(place, lookalike + place, 1).encode()
    try:
        whole = read(document)
    except (DocumentFault, xml.XmlProblem):  # a text where no text may stand
        return
    assert read(document, check=False) == whole


def test_a_document_of_another_prefix_is_read_whole(fa3: str) -> None:
    document = re.sub(r"<(/?)(?=[A-Z])", r"<\1f:", fa3).replace("xmlns=", "xmlns:f=")
    assert read(document.encode(), check=False) == read(fa3.encode())
