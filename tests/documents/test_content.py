"""Content models: what may follow what, in the words of .NET's validator."""

from __future__ import annotations

import pytest

from klucznik.documents.content import Content, content

MODEL = content("A B{2} (C|D E?)? (F G H?)? K{1,3} L{9}")


def walk(children: str, model: Content = MODEL) -> tuple[str, list[str]]:
    """Where the children stop fitting ("" = nowhere, "end" = too few), and what could stand there."""
    at, times = "", 0
    for child in children:
        follow = model.may_follow(at, times)
        if child not in follow:
            return child, follow
        at, times = child, times + 1 if child == at else 1
    return ("", []) if at in model.last else ("end", model.may_follow(at, times))


@pytest.mark.parametrize("children", ["AK", "ABBK", "ACK", "ADEK", "ADFGKKK", "ABBDEFGHKKKLLLL", "AKL"])
def test_what_fits(children: str) -> None:
    assert walk(children) == ("", [])


@pytest.mark.parametrize(
    ("children", "stop", "expected"),
    [
        ("", "end", "A"),
        ("AF", "end", "G"),
        ("A", "end", "BCDFK"),
        ("KA", "K", "A"),
        ("AFK", "K", "G"),
        ("ABBBK", "B", "CDFK"),
        ("ACDK", "D", "FK"),
        ("AKX", "X", "KL"),
        ("AKKKK", "K", "L"),
    ],
)
def test_what_does_not(children: str, stop: str, expected: str) -> None:
    assert walk(children) == (stop, list(expected))


def test_nothing_may_follow_the_last() -> None:
    assert walk("ABA", content("A B?")) == ("A", [])


def test_all_may_be_absent() -> None:
    assert walk("", content("A? (B|C)?")) == ("", [])
    assert walk("", content("A?|B")) == ("", [])


def test_occurrence_is_read() -> None:
    model = content("A{2,5} B+ C{7}")
    assert model.most == {"A": 5, "B": None, "C": 7}
    assert [part.least for part in model.tree.names()] == [2, 1, 0]
