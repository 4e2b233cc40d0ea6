"""Our schema against the Ministry's: the same verdict on every document, and every refusal explained.

A short run by default. `KLUCZNIK_MUTANTS=50000 pytest -s tests/documents/test_differential.py` takes as
many mutants of each form, with the greatest repetitions, and prints what was tried.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from lxml import etree

from documents import generate, mutants
from documents.mutants import Mutant, Trial, bare
from klucznik.documents import faults, read, schema, xml
from klucznik.documents.forms import FA2, FA3, FA_RR1, Form
from klucznik.documents.invoice import Fault
from klucznik.documents.types import COMMON

SHARED = Path(__file__).parents[2].parent / "shared" / "ksef"
COUNT = int(os.environ.get("KLUCZNIK_MUTANTS", "0"))
FULL = COUNT > 0
SAMPLES = {FA3: "fa3-*.xml", FA2: "fa2-*.xml", FA_RR1: "fa-rr1-*.xml"}
FORMS = pytest.mark.parametrize("form", SAMPLES, ids=lambda form: form.system_code)


@pytest.fixture(autouse=True, scope="module")
def _official() -> None:
    if not (SHARED / "schemas").exists():
        pytest.skip("the official schemas and samples are not beside this repository")


def type_names(form: Form) -> list[mutants.TypeName]:
    """What xsi:type may say: all types of the official files, those of XSD, and one that is unknown."""
    found = [(form.namespace, "Nieznany"), (COMMON, "TNieznany"), (mutants.XSD_URI, "nieznany")]
    for file in sorted((SHARED / "schemas").rglob("*.xsd")):
        root = etree.parse(file).getroot()
        space = root.get("targetNamespace") or ""
        if space in (form.namespace, COMMON):
            found += [
                (space, name) for node in root if "Type" in str(node.tag) and (name := node.get("name"))
            ]
    plain = (
        "string token normalizedString decimal integer int long byte positiveInteger date dateTime anyType"
    )
    return found + [(mutants.XSD_URI, name) for name in plain.split()]


@dataclass
class Tally:
    """What was tried, and how it went: by kind, valid ones and all."""

    valid: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    labels: set[str] = field(default_factory=set)
    elements: set[str] = field(default_factory=set)
    told: int = 0

    def add(self, trial: Trial, valid: bool, root: etree._Element) -> None:
        kind = trial.group.partition(" in ")[0].partition(" of ")[0].partition(" on ")[0]
        self.tried[kind] += 1
        self.valid[kind] += valid
        self.labels.add(trial.label)
        self.elements |= {etree.QName(node).localname for node in root.iter(etree.Element)}

    def table(self) -> str:
        rows = [f"{kind:32} {self.valid[kind]:7} {count:7}" for kind, count in sorted(self.tried.items())]
        whole = f"{'all':32} {self.valid.total():7} {self.tried.total():7}"
        return "\n".join(["", f"{'kind':32} {'valid':>7} {'tried':>7}", *rows, whole])


def near(fault: Fault, mutant: Mutant) -> bool:
    """Whether the fault names what was touched, what holds it, or a child of either.

    What was left out of a random document has no place.
    """
    named = bare(fault.path)
    for place in mutant.places:
        parent = place.rpartition("/")[0]
        if named in (place, parent) or named.rpartition("/")[0] in (place, parent):
            return True
    return not mutant.places


def judge(form: Form, trial: Trial, mutant: Mutant, tally: Tally) -> None:
    """Compare the verdicts on one mutant, and look at what is said of a refused one."""
    root = xml.parse(mutant.data, limit=len(mutant.data))
    ours, theirs = schema.validator(form), schema.validator(form, SHARED / "schemas")
    valid = theirs(root)
    assert ours(root) == valid, f"{trial.label}: {ours.error_log or theirs.error_log}\n{mutant.data[:4000]!r}"
    tally.add(trial, valid, root)
    told = faults.explain(root, form)
    if valid:
        assert told == [], f"{trial.label}: {told}"
        assert read.invoice(root, form)
        return
    assert told, f"{trial.label}: refused without a word: {ours.error_log}"
    for fault in told:
        assert "Element '{" not in fault.sentence + fault.message, f"{trial.label}: {fault}"
        assert fault.message, trial.label
    assert any(near(fault, mutant) for fault in told), f"{trial.label}: {told}, touched {mutant.places}"
    tally.told += len(told)


@FORMS
def test_every_mutant_gets_the_verdict_of_the_official_schema(form: Form) -> None:
    everything = list(mutants.trials(form, type_names(form), whole=FULL))
    tally = Tally()
    for trial, seed in mutants.dealt(everything, COUNT or 1500, Random(20260701)):
        judge(form, trial, trial.make(Random(seed)), tally)
    if FULL:
        print(
            f"\n{form.system_code}: {len(everything)} trials known, {len(tally.labels)} made", tally.table()
        )
    # (1) Nothing is left out: every kind, and every element of the form in some document.
    assert {trial.group for trial in everything} == groups_of(tally, everything)
    assert {name for _, name in generate.aims(form)} <= tally.elements
    # (2) A test of refusals alone would take a schema that refuses everything.
    assert tally.valid.total() >= 0.3 * tally.tried.total()
    assert tally.told > 0.3 * tally.tried.total()
    # (3) A full run makes each trial at least once: every type, choice and limit at every element.
    if len(everything) <= COUNT:
        assert tally.labels == {trial.label for trial in everything}


def groups_of(tally: Tally, everything: list[Trial]) -> set[str]:
    return {trial.group for trial in everything if trial.label in tally.labels}


@FORMS
def test_spoilt_official_samples_get_the_same_verdict(
    form: Form, official_invoice: Callable[[str], bytes]
) -> None:
    tally = Tally()
    for file in sorted((SHARED / "samples" / "invoices").glob(SAMPLES[form])):
        document = official_invoice(file.stem)
        root = xml.parse(document)
        assert schema.validator(form)(root) == schema.validator(form, SHARED / "schemas")(root), file.stem
        if file.stem == "fa3-multiple-subject3":  # wrong as it is: there are other places to name
            continue
        for trial in mutants.of_sample(form, file.stem, document):
            for seed in range(3 if FULL else 1):
                judge(form, trial, trial.make(Random(seed)), tally)
    assert tally.tried.total() >= 40


@FORMS
@pytest.mark.parametrize("size", [0, 0.3, 1])
def test_generated_documents_are_valid(form: Form, size: float) -> None:
    for seed in range(200 if FULL else 10):
        root = xml.parse(generate.document(form, Random(seed), size))
        assert schema.validator(form, SHARED / "schemas")(root), f"seed {seed}"
        assert schema.validator(form)(root), f"seed {seed}"
        assert faults.explain(root, form) == []
