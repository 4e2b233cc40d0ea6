"""Columns and breaks: what is narrow stays narrow, what is whole stays whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klucznik.documents.view import fit
from klucznik.documents.view.plain import plain, web_link

_EM = st.floats(0.5, 40)


@given(st.floats(5, 300), st.lists(st.tuples(st.floats(0.01, 9), _EM, _EM), min_size=1, max_size=20))
def test_columns_fill_the_width_and_keep_what_they_need(
    width: float, columns: list[tuple[float, float, float]]
) -> None:
    weights, needed, more = zip(*columns, strict=True)
    wanted = [need + extra for need, extra in zip(needed, more, strict=True)]
    given_ = fit.divide(width, weights, needed, wanted)
    assert sum(given_) == pytest.approx(width)
    if sum(needed) < width:
        assert all(got >= need - 1e-9 for got, need in zip(given_, needed, strict=True))


def test_what_is_short_leaves_its_share_to_the_others() -> None:
    assert fit.divide(100, (1, 1, 1), (2, 2, 2), (4, 90, 90)) == pytest.approx([4, 48, 48])


def test_what_is_left_over_leaves_the_narrow_narrow() -> None:
    narrow, wide = fit.divide(100, (1, 1), (2, 20), (2, 20))
    assert wide / narrow == pytest.approx(10)


@given(st.text(max_size=80), st.floats(0.5, 30))
def test_a_break_changes_no_letter(text: str, room: float) -> None:
    text = plain(text)
    broken = fit.broken(text, room)
    assert broken.replace(fit.BREAK, "") == text
    pieces = broken.replace(fit.BREAK, " ").replace("\n", " ").replace("\t", " ").split(" ")
    assert all(fit.em(piece) <= room or len(piece) <= 4 for piece in pieces)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("1 234,00", "1\u00a0234,00"),
        ("-1 234 567,89 PLN", "-1\u00a0234\u00a0567,89\u00a0PLN"),
        ("23 %", "23\u00a0%"),
        ("12 szt. papieru", "12 szt. papieru"),
        ("2026 r.", "2026 r."),
        ("", ""),
    ],
)
def test_only_an_amount_is_kept_whole(text: str, whole: str) -> None:
    assert fit.whole(text) == whole


def test_widths_are_those_of_roboto() -> None:
    # 2048 units to an em: ten digits of Regular are 11510, of Bold 11750.
    assert fit.em("0123456789") == pytest.approx(11750 / 2048, abs=0.1)
    assert fit.em("ąćęłńóśźż") == pytest.approx(fit.em("acelnoszz"), abs=0.8)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\rc\u2028d\u0085e", "a\nb\nc\nd\ne"),
        ("tab\tstays", "tab\tstays"),
        ("\x1f\x1b\x7f\u200f\ufeff\U000e0041", "[U+001F][U+001B][U+007F][U+200F][U+FEFF][U+E0041]"),
        ("zażółć \u00a0 żółw", "zażółć \u00a0 żółw"),
    ],
)
def test_hidden_signs_are_shown_and_line_ends_are_one(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://a.example/ścieżka?x=1#y", True),
        ("HTTP://a.example", True),
        ("https://a.example/'", False),
        ("https://a.example/\u200f", False),
        ("https://" + "a" * 2001, False),
        ("xhttps://a.example", False),
        ("https://a.example\n", False),
    ],
)
def test_a_link_of_the_web(link: str, kept: bool) -> None:
    assert web_link(link) == (link if kept else "")
