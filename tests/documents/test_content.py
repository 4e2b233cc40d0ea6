"""Content models: what may follow what, and the sentences when it does not."""

from __future__ import annotations

import pytest
from lxml import etree

from klucznik.documents.content import Content, content

MODEL = content("urn:x", "A B{2} (C|D E?)? (F G H?)? K{1,3} L*")


def walk(children: str, model: Content = MODEL) -> list[str]:
    node = etree.fromstring(f'<R xmlns="urn:x">{"".join(f"<{c}/>" for c in children)}</R>')
    faults: list[str] = []
    model.walk(node, faults)
    return faults


@pytest.mark.parametrize("children", ["AK", "ABBK", "ACK", "ADEK", "ADFGKKK", "ABBDEFGHKKKLLLL", "AKL"])
def test_what_fits(children: str) -> None:
    assert walk(children) == []


@pytest.mark.parametrize(
    ("children", "sentence"),
    [
        ("", "has incomplete content. List of possible elements expected: 'A' in namespace 'urn:x'."),
        ("AF", "has incomplete content. List of possible elements expected: 'G' in namespace 'urn:x'."),
        (
            "A",
            "has incomplete content. "
            "List of possible elements expected: 'B, C, D, F, K' in namespace 'urn:x'.",
        ),
        (
            "KA",
            "has invalid child element 'K' in namespace 'urn:x'. "
            "List of possible elements expected: 'A' in namespace 'urn:x'.",
        ),
        (
            "AFK",
            "has invalid child element 'K' in namespace 'urn:x'. "
            "List of possible elements expected: 'G' in namespace 'urn:x'.",
        ),
        (
            "ABBBK",
            "has invalid child element 'B' in namespace 'urn:x'. "
            "List of possible elements expected: 'C, D, F, K' in namespace 'urn:x'.",
        ),
        (
            "AKX",
            "has invalid child element 'X' in namespace 'urn:x'. "
            "List of possible elements expected: 'K, L' in namespace 'urn:x'.",
        ),
        (
            "AKKKK",
            "has invalid child element 'K' in namespace 'urn:x'. "
            "List of possible elements expected: 'L' in namespace 'urn:x'.",
        ),
    ],
)
def test_what_does_not(children: str, sentence: str) -> None:
    assert walk(children) == [f"The element 'R' in namespace 'urn:x' {sentence}"]


def test_nothing_may_follow_the_last() -> None:
    model = content("urn:x", "A B?")
    assert walk("ABA", model) == [
        "The element 'R' in namespace 'urn:x' has invalid child element 'A' in namespace 'urn:x'."
    ]


def test_a_foreign_namespace_is_another_name() -> None:
    node = etree.fromstring('<R xmlns="urn:x"><A xmlns=""/></R>')
    faults: list[str] = []
    MODEL.walk(node, faults)
    assert faults == [
        "The element 'R' in namespace 'urn:x' has invalid child element 'A'. "
        "List of possible elements expected: 'A' in namespace 'urn:x'."
    ]
