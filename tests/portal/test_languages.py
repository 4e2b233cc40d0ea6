"""Every text of the portal stands in three languages, and no text stands outside them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from klucznik.portal.pages import FOLDER, templates
from klucznik.portal.words import PERMISSIONS

TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
MODULES = sorted(FOLDER.rglob("*.py"))
#: Attributes of which a person sees or hears the value.
_SPOKEN = re.compile(r'\b(?:title|alt|placeholder|aria-label|aria-description|data-done)="([^"]*)"')
_TAG = re.compile(r"<!--.*?-->|<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
_LETTER = re.compile(r"[^\W\d_]{2,}")
#: The same in every language: names, terms of KSeF, what is typed or read by programs.
_NAMES = re.compile(
    r"klucznik|ksef|nip(?:-vat ue)?|pesel|upo|api|xml|xsd|pdf|pem|xades|csr|rsa|ec|erp|csv|json|fa|"
    r"authtokenrequest|login\.gov\.pl|pkcs|qr|sha|kod|utf|vat|mb|ms|traceid|pl|en|de|&\w+;",
    re.IGNORECASE,
)
_POLISH = re.compile(r"[ąćęłńóśźż]", re.IGNORECASE)
_GERMAN = re.compile(r"[äöüß]", re.IGNORECASE)


def calls_in(source: str) -> Iterator[tuple[int, list[str | None]]]:
    """Each `t(…)` of a template: its line, and its texts (None where one is made of parts)."""
    tree = Environment(autoescape=True).parse(source)
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "t" and not call.dyn_args:
            yield call.lineno, [_constant(each) for each in call.args]


def _constant(node: nodes.Expr) -> str | None:
    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.Name | nodes.Call | nodes.Getattr | nodes.Getitem):
        return None
    return " ".join(str(each.value) for each in node.find_all(nodes.Const)) or None


def calls_of_module(path: Path) -> Iterator[tuple[int, list[str | None]]]:
    """Each `t(…)`, `visit.t(…)` or `speaker(…)` of a module with texts of its own."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and (
            (isinstance(node.func, ast.Name) and node.func.id in ("t", "speaker"))
            or (isinstance(node.func, ast.Attribute) and node.func.attr == "t")
        ):
            texts = [_text(each) for each in node.args if not isinstance(each, ast.Starred)]
            if texts:
                yield node.lineno, texts


def _text(node: ast.expr) -> str | None:
    parts = [
        each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    return " ".join(parts) or None


def wrong_with(texts: list[str | None]) -> str | None:
    """What is wrong with a call of `t`; None where nothing is."""
    if len(texts) != 3:
        return f"{len(texts)} texts instead of three"
    if None in texts:
        return None  # made elsewhere, checked there
    english, polish, german = (text or "" for text in texts)
    if any(not text.strip() for text in (english, polish, german)):
        return "an empty text"
    if _POLISH.search(english) or _GERMAN.search(english):
        return f"English with foreign letters: {english!r}"
    if _GERMAN.search(re.sub("ó", "", polish)):
        return f"Polish with German letters: {polish!r}"
    if _POLISH.search(re.sub("ó", "", german)):
        return f"German with Polish letters: {german!r}"
    if len(english.split()) > 3 and len({english, polish, german}) < 3:
        return f"not translated: {english!r}"
    if len({_is_sentence(text) for text in (english, polish, german)}) > 1:
        return f"ends as a sentence in one language only: {english!r}"
    for shorter, longer in pairwise(sorted((len(english), len(polish), len(german)))):
        if longer > 40 and longer > 2.2 * shorter:
            return f"one language says less than another: {english!r}"
    return None


def _is_sentence(text: str) -> bool:
    return text.rstrip()[-1] in ".?!…:" and not text.rstrip().endswith(("Nr.", "nr.", "No.", "o.o.", "itp."))


def untranslated(source: str) -> list[str]:
    """Words of a template that are outside of `{{ … }}`, where a person sees them."""
    left = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", source, flags=re.DOTALL)
    left = re.sub(r"<(code|pre|kbd)\b.*?</\1>", " ", left, flags=re.DOTALL)
    # A macro may give attributes alone, for a tag that stands elsewhere.
    shown = re.sub(r"\b[\w-]+=\"[^\"]*\"", " ", _TAG.sub("\n", left))
    seen = [*_SPOKEN.findall(left), *shown.splitlines()]
    return [text.strip() for text in seen if _LETTER.search(_NAMES.sub(" ", text))]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_speaks_three_languages(path: Path) -> None:
    source = path.read_text("utf-8")
    found = [
        f"{path.name}:{line}: {wrong}" for line, texts in calls_in(source) if (wrong := wrong_with(texts))
    ]
    assert not found, "\n".join(found)
    assert not untranslated(source), untranslated(source)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_speaks_three_languages(path: Path) -> None:
    found = [
        f"{path.name}:{line}: {wrong}"
        for line, texts in calls_of_module(path)
        if (wrong := wrong_with(texts))
    ]
    assert not found, "\n".join(found)


def test_permissions_are_told_in_three_languages() -> None:
    for permission in PERMISSIONS:
        for texts in (permission.name, permission.can, permission.cannot):
            assert wrong_with(list(texts)) is None, texts


def test_templates_are_escaped_and_strict() -> None:
    assert templates.autoescape is True
    for path in TEMPLATES:
        source = path.read_text("utf-8")
        assert "|safe" not in re.sub(r"\s", "", source), path.name
        assert "autoescape" not in source, path.name
        assert not re.search(r'<script(?! src="/web/static/)|\sstyle=|\son\w+=', source), path.name
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', source), path.name


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        (["Save", "Zapisz", "Speichern"], False),
        (["Save", "Zapisz"], True),
        (["Save", "", "Speichern"], True),
        (["Save it now, please", "Save it now, please", "Bitte jetzt speichern"], True),
        (["Done.", "Gotowe", "Fertig."], True),
        (["Zażółć", "Zażółć", "Gelb"], True),
        (["Yes", "Tak", "Größe ą"], True),
        (["The permission cannot be passed on to anybody else", "Nie można", "Man darf das nicht tun"], True),
    ],
)
def test_the_checker_sees(texts: list[str | None], wrong: bool) -> None:
    assert (wrong_with(texts) is not None) is wrong


def test_the_checker_sees_words_outside() -> None:
    assert untranslated('<p>{{ t("a", "b", "c") }} KSeF · 5</p><code>klucznik up</code>') == []
    assert untranslated("<p>Hello</p>") == ["Hello"]
    assert untranslated('<a title="Hello there">{{ x }}</a>') == ["Hello there"]
    assert list(calls_in('{{ t("a", "b") }}')) == [(1, ["a", "b"])]
