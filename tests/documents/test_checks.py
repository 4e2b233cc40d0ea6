"""What the schema lets pass: one faulty invoice for each code; nothing else is called wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import generate
from faulty_invoices import (
    ANIA,
    BIURO,
    CASES,
    DAY,
    ELSEWHERE,
    EURO,
    KIND,
    LEGAL,
    NOW,
    PLAIN,
    Change,
    account,
    changed,
    lines_xml,
    rate,
    sums,
)
from klucznik.documents import build, examples, faults, objects, samples, xml
from klucznik.documents.checks import registry
from klucznik.documents.checks.codes import CODES
from klucznik.documents.checks.finding import Finding
from klucznik.documents.checks.together import Numbers
from klucznik.documents.checks.verdict import Wanted, judge
from klucznik.documents.complete import complete
from klucznik.documents.forms import FA2, FA3, FA_RR1, Form
from klucznik.documents.recognise import recognise
from klucznik.documents.samples import Line, Options
from klucznik.wire import ids

DOCS = Path(__file__).parents[2] / "docs" / "checks.md"


def found_in(text: str, now: datetime = NOW) -> list[Finding]:
    """The findings of a document that the schema takes."""
    data = text.encode()
    root = xml.parse(data)
    form = recognise(root)
    assert not form.faktura or faults.explain(root, form) == []
    return registry.examine(root, form, now=now, size=len(data))[0]


@pytest.mark.parametrize(("code", "text", "changes"), CASES, ids=[case[0] for case in CASES])
def test_each_fault_is_found_and_nothing_else_called_wrong(
    code: str, text: str, changes: list[Change]
) -> None:
    found = found_in(changed(text, *changes))
    assert code in {finding.code for finding in found}
    assert {finding.code for finding in found if finding.severity == "error"} <= {code}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        # P_15 follows from the tax, so both are wrong by it.
        ("vat-arithmetic", [("<P_14_1>72.45", "<P_14_1>27.45")]),
        # A total follows from its lines, and one line from quantity and price.
        ("line-value", [("<P_11>15.00", "<P_11>51.00")]),
        ("sum-net", [("<P_13_1>315.00", "<P_13_1>351.00")]),
        # The tax of a total that has no lines is beside the point.
        ("line-without-total", [("<P_13_1>", "<P_13_2>"), ("</P_13_1>", "</P_13_2>"),
                                ("<P_14_1>", "<P_14_2>"), ("</P_14_1>", "</P_14_2>")]),
        ("old-rate", [("<P_12>5<", "<P_12>3<")]),
    ],
)  # fmt: skip
def test_the_first_finding_is_the_cause_of_the_others(code: str, changes: list[Change]) -> None:
    found = [finding.code for finding in found_in(changed(PLAIN, *changes))]
    assert found[0] == code
    assert len(found) > 1


def test_a_number_in_megabytes_of_blanks_is_told_in_one_line() -> None:
    found = found_in(changed(PLAIN, ("<P_2>FV", "<P_2>" + " " * 500_000 + "FV")))
    assert "number-blanks" in {finding.code for finding in found}
    assert max(len(finding.message) for finding in found) < 500


def test_every_code_is_shown() -> None:
    assert {code for code, _, _ in CASES} | ELSEWHERE == set(CODES)


# ---- what is no fault ------------------------------------------------------------------------------

OFFICIAL = [
    *(
        "fa2-basic",
        "fa2-basic-filled",
        "fa2-basic-date-placeholder",
        "fa3-basic",
        "fa3-basic-date-placeholder",
    ),
    *("fa3-self-invoicing", "fa3-custom-subject2", "fa3-custom-subject2-jst-idwew", "fa3-attachment"),
    *("fa3-custom-subject2-jst-date-placeholder", "fa3-custom-subject3", "fa3-pdf-generator-full"),
    *("fa3-custom-subject3-jst-date-placeholder", "fa-rr1-basic", "pef3-basic", "pef3-attachment"),
    "pef-kor3-correction",
]


@pytest.mark.parametrize("name", OFFICIAL)
def test_no_official_sample_is_wrong(name: str, official_invoice: Callable[[str], bytes]) -> None:
    verdict = judge(official_invoice(name), NOW)
    assert verdict.word == "clean"
    assert verdict.key is not None


def test_our_own_samples_have_nothing_to_tell() -> None:
    of = (ANIA, BIURO, "FV/1", DAY, NOW)
    for document in (samples.invoice(*of), samples.self_invoice(*of), samples.rr_invoice(*of), EURO.encode()):
        assert judge(document, NOW).findings == ()
    assert [finding.code for finding in judge(samples.fa2_invoice(*of), NOW).findings] == ["form-old"]


@pytest.mark.parametrize("name", LEGAL)
def test_what_is_legal_is_let_pass(name: str) -> None:
    assert found_in(changed(PLAIN, *LEGAL[name])) == []


@given(
    st.lists(
        st.builds(
            Line,
            st.just("Cokolwiek"),
            st.decimals("0.001", 1000, places=3),
            st.decimals("0.01", 10_000, places=4),
            st.sampled_from([23, 8, 5]),
        ),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["PLN", "EUR"]),
)
@settings(deadline=None)
def test_whatever_is_computed_rightly_is_let_pass(lines: list[Line], currency: str) -> None:
    document = samples.invoice(ANIA, BIURO, "FV/1", DAY, NOW, lines=lines, options=Options(currency=currency))
    assert judge(document, NOW).findings == ()


def test_the_zero_of_fa2_may_be_any_of_three() -> None:
    text = samples.fa2_invoice(ANIA, BIURO, "FV/1", DAY, NOW).decode()
    for bucket in ("P_13_6_1", "P_13_6_2"):
        codes = {finding.code for finding in found_in(changed(text, *rate("0", bucket)))}
        assert not codes & {"line-without-total", "total-without-line", "sum-net"}
    assert recognise(xml.parse(text.encode())) is FA2


def test_days_are_those_of_warsaw() -> None:
    late = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)  # the second of July in Warsaw
    text = changed(PLAIN, ("<P_1>2026-07-01", "<P_1>2026-07-02"))
    assert found_in(text, late) == []


@pytest.mark.parametrize(
    "identity",
    [
        f"<NrID>PL{BIURO}</NrID>",
        "<KodKraju>PL</KodKraju><NrID>111-111-11-11</NrID>",
        f"<KodUE>PL</KodUE><NrVatUE>PL{BIURO}</NrVatUE>",
        f"<KodUE>DE</KodUE><NrVatUE>PL{BIURO}</NrVatUE>",
    ],
)
def test_a_hidden_nip_is_found_however_written(identity: str) -> None:
    assert [one.code for one in found_in(changed(PLAIN, (f"<NIP>{BIURO}</NIP>", identity)))] == ["nip-hidden"]


def test_of_thousands_of_like_findings_the_first_are_told() -> None:
    line = "<P_8B>1</P_8B><P_9A>1.00</P_9A><P_11>2.00</P_11><P_12>23</P_12>"
    text = changed(PLAIN, lines_xml(*[line] * 500), sums("1000.00", "230.00", "1230.00"))
    found = found_in(text)
    assert {finding.code for finding in found} == {"line-value"}
    assert len(found) == registry.MOST + 1
    assert found[-1].message == "and 480 more like these"


def test_the_greatest_numbers_of_the_schema_are_multiplied() -> None:
    quantity, price, value = "9" * 16 + ".999999", "9" * 14 + ".99999999", "9" * 16 + ".99"
    line = f"<P_8B>{quantity}</P_8B><P_9A>{price}</P_9A><P_10>{price}</P_10><P_11>{value}</P_11>"
    found = found_in(
        changed(PLAIN, lines_xml(line + "<P_12>23</P_12>"), sums(value, "2" * 16 + ".22", value))
    )
    assert {finding.code for finding in found} == {"line-value", "vat-arithmetic", "sum-gross"}


@given(st.from_regex(re.compile(ids.NIP_VAT_UE_PATTERN, re.ASCII), fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_any_eu_vat_number_is_judged(number: str) -> None:
    _, _, number = number.partition("-")
    identity = f"<KodUE>{number[:2]}</KodUE><NrVatUE>{number[2:]}</NrVatUE>"
    codes = {one.code for one in found_in(changed(PLAIN, (f"<NIP>{BIURO}</NIP>", identity)))}
    assert codes <= {"eu-vat-checksum", "seller-is-buyer"}


PRINTABLE = st.characters(codec="utf-8", exclude_categories=["C"], exclude_characters="<>&")


@given(st.text(PRINTABLE, min_size=10, max_size=34))
@settings(deadline=None)
def test_any_account_number_is_judged(number: str) -> None:
    codes = {one.code for one in found_in(changed(PLAIN, account(number)))}
    # Letters of an account may happen to be those of a broken encoding.
    assert codes <= {"account-checksum", "account-length", "broken-letters"}


@pytest.mark.parametrize("kind", examples.EXAMPLES)
def test_the_examples_that_people_start_from_are_in_order(kind: str) -> None:
    edited = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    invoice = complete(objects.from_plain(examples.example(kind)), now=edited)
    told = {finding.code for finding in judge(build.xml_of(invoice), edited).findings}
    assert told <= {"attachment", "form-old", "issue-before-ksef"}


@pytest.mark.parametrize("form", [FA3, FA2, FA_RR1], ids=lambda form: form.system_code)
def test_whatever_the_schema_takes_can_be_checked(form: Form) -> None:
    told: set[str] = set()
    for seed in range(60):
        verdict = judge(generate.document(form, Random(seed), seed % 5 * 0.2), NOW)
        told |= {finding.code for finding in verdict.findings}
        assert all(finding.message for finding in verdict.findings)
        assert verdict.word in ("clean", "faulty")
        assert "schema" not in {finding.code for finding in verdict.findings}
    assert len(told) > 20


# ---- document, folder ------------------------------------------------------------------------------


def test_what_is_no_xml_is_unreadable_and_what_the_schema_refuses_faulty() -> None:
    broken, faulty = judge(PLAIN.encode()[:-20], NOW), judge(PLAIN.replace("<P_15>", "<P_15>x").encode(), NOW)
    assert (broken.word, [one.code for one in broken.findings]) == ("unreadable", ["xml"])
    assert (faulty.word, [(one.code, one.path) for one in faulty.findings]) == (
        "faulty",
        [("schema", "Fa/P_15")],
    )
    assert judge(b"<a/>", NOW).findings[0].code == "schema"


def test_a_form_may_be_demanded() -> None:
    assert judge(PLAIN.encode(), NOW, Wanted(form="FA (3)")).word == "clean"
    for form in ("FA (2)", "FA_RR (1)", "PEF (3)"):
        assert judge(PLAIN.encode(), NOW, Wanted(form=form)).findings[0].code == "schema"


def test_only_the_schema_is_asked_when_nothing_else_is_wanted() -> None:
    wrong = PLAIN.replace("<P_15>439.85", "<P_15>1.00").encode()
    assert judge(wrong, NOW).word == "faulty"
    assert judge(wrong, NOW, Wanted(schema_only=True)).findings == ()


def test_an_invoice_without_attachment_may_be_a_megabyte() -> None:
    for size, code in ((900_001, "size-near"), (1_000_001, "size-over")):
        padded = PLAIN.replace("</Fa>", " " * (size - len(PLAIN.encode())) + "</Fa>").encode()
        assert [finding.code for finding in judge(padded, NOW).findings] == [code]


def test_one_number_is_one_document() -> None:
    numbers = Numbers()
    first = judge(PLAIN.encode(), NOW)
    blanks = judge(PLAIN.replace("FV/1", " FV/1").encode(), NOW)
    kind = judge(PLAIN.replace(KIND, "<RodzajFaktury>UPR</RodzajFaktury>").encode(), NOW)
    assert first.key
    assert blanks.key == first.key
    assert kind.key
    assert numbers.meet(first.key, "a.xml", first.digest) is None
    assert numbers.meet(kind.key, "k.xml", kind.digest) is None
    twice, same = (
        numbers.meet(blanks.key, "b.xml", blanks.digest),
        numbers.meet(first.key, "c.xml", first.digest),
    )
    assert twice
    assert same
    assert (twice.code, same.code) == ("number-twice", "file-twice")
    assert all(name in twice.message for name in ("a.xml", "b.xml"))
    assert all(name in same.message for name in ("a.xml", "c.xml"))
    assert (first.also(twice).word, first.also(same).word) == ("faulty", "clean")


# ---- docs ------------------------------------------------------------------------------------------


def entries() -> Iterator[tuple[str, str]]:
    """Code and text of each entry of the page."""
    text = DOCS.read_text(encoding="utf-8").partition("\n## ")[2]
    for section in re.split(r"(?m)^### ", text)[1:]:
        code, _, rest = section.partition("\n")
        yield code.strip(), re.split(r"(?m)^## ", rest)[0].strip()


def test_every_code_has_an_entry() -> None:
    told = dict(entries())
    assert set(told) == set(CODES)
    for code, text in told.items():
        title = f"**{CODES[code].severity}**: {CODES[code].en}."
        said = " ".join(text.split())
        assert said.startswith(title), code
        assert len(said) > len(title) + 30, code  # and why one regrets it


def test_every_code_stands_in_the_polish_table() -> None:
    rows = re.findall(
        r"(?m)^\| \[([a-z0-9-]+)\]\(#([a-z0-9-]+)\) \| (\S+) \| (.+) \|$", DOCS.read_text("utf-8")
    )
    polish = {"error": "błąd", "warning": "ostrzeżenie", "hint": "uwaga"}
    assert rows == [(name, name, polish[code.severity], code.pl) for name, code in CODES.items()]
