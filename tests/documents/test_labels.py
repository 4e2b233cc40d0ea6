"""Labels: every element and attribute has one in both languages, short, and none is left over."""

from __future__ import annotations

import pytest

from documents import generate
from klucznik.documents import labels
from klucznik.documents.forms import FA2, FA3, FA_RR1, Form


def names(form: Form) -> set[str]:
    return {name for what in generate.shapes(form).values() for name in (*what.parts, *what.attributes)}


def test_every_name_has_a_label_in_both_languages() -> None:
    assert names(FA3) | names(FA2) | names(FA_RR1) == labels.LABELS.keys()
    assert labels.LABELS_RR.keys() <= names(FA_RR1)
    for pl, en in (*labels.LABELS.values(), *labels.LABELS_RR.values()):
        for text in (pl, en):
            assert text == text.strip()
            assert 1 <= len(text.split()) <= 6, text


@pytest.mark.parametrize("form", [FA3, FA2, FA_RR1], ids=lambda form: form.system_code)
def test_no_two_elements_side_by_side_have_the_same_label(form: Form) -> None:
    for what in generate.shapes(form).values():
        told = [labels.label(form, name) for name in what.parts]
        assert len(set(told)) == len(told), f"{what.node.__name__}: {told}"


def test_fa_rr_has_words_of_its_own() -> None:
    assert labels.titled(FA3, "P_11") == "P_11 (net value)"
    assert labels.titled(FA_RR1, "P_11") == "P_11 (value with refund)"
    assert labels.titled(FA3, "Nieznane") == "Nieznane"
