"""Reading plain data from JSON or YAML so that nothing is lost on the way.

Numbers of JSON become Decimal, so 1.10 stays 1.10; in YAML every scalar stays the text that was written,
so a NIP keeps its zeros and `no` is no truth value. A key that stands twice is refused.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

import yaml

from klucznik.documents.objects import Plain
from klucznik.errors import Unreadable
from klucznik.lang import tr


def load(content: bytes) -> Plain:
    """The data of one invoice: JSON when it begins with a brace, YAML otherwise. Raises `Unreadable`."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise Unreadable(
            tr(f"not UTF-8 at byte {wrong.start}", f"nie jest to UTF-8 (bajt {wrong.start})")
        ) from None
    if text.lstrip().startswith("<"):
        raise Unreadable(
            tr("this is XML already, not JSON or YAML", "to już jest XML, a nie JSON ani YAML"),
            hint=tr('check it with "klucznik invoice check"', 'sprawdź go: "klucznik invoice check"'),
        )
    try:
        data = _json(text) if text.lstrip().startswith("{") else _yaml(text)
    except RecursionError:
        raise Unreadable(tr("nested too deeply", "zbyt głęboko zagnieżdżone")) from None
    if not isinstance(data, dict):
        raise Unreadable(
            tr(
                "an invoice is fields with values (Podmiot1: …, Podmiot2: …, Fa: …)",
                "faktura to pola z wartościami (Podmiot1: …, Podmiot2: …, Fa: …)",
            ),
            hint=tr(
                'begin with "klucznik invoice new --example vat"',
                'zacznij od "klucznik invoice new --example vat"',
            ),
        )
    return data


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_object)
    except json.JSONDecodeError as wrong:
        raise Unreadable(
            tr(
                f"not JSON at line {wrong.lineno}, column {wrong.colno}: {wrong.msg}",
                f"błąd JSON w wierszu {wrong.lineno}, kolumnie {wrong.colno}: {wrong.msg}",
            )
        ) from None
    except ValueError:  # a whole number of thousands of digits
        raise Unreadable(tr("a number too long", "zbyt długa liczba")) from None


def _no_number(said: str) -> Any:
    raise Unreadable(tr(f"{said} is no number", f"{said} to nie liczba"))


def _object(pairs: list[tuple[str, Any]]) -> Plain:
    found: Plain = {}
    for name, value in pairs:
        if name in found:
            raise Unreadable(tr(f"{name} stands twice", f"{name} występuje dwa razy"))
        found[name] = value
    return found


def _yaml(text: str) -> Any:
    """YAML from its events: no recursion, no references (a small file could unfold into a huge one)."""
    holder: list[Any] = []
    stack: list[_Open] = [_Open(holder)]
    try:
        for event in yaml.parse(text, Loader=yaml.CBaseLoader):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, yaml.DocumentStartEvent) and holder:
                raise Unreadable(tr("one invoice in a file, please", "jedna faktura w pliku"))
            if isinstance(event, yaml.AliasEvent):
                raise Unreadable(
                    tr(
                        f"line {line}: references (*{event.anchor}) are not taken, write it out",
                        f"wiersz {line}: odwołania (*{event.anchor}) nie są przyjmowane, wpisz wartość",
                    )
                )
            if isinstance(event, yaml.ScalarEvent):
                empty = not event.style and event.value in _EMPTY
                stack[-1].put(None if empty and not stack[-1].wants_key else event.value, line)
            elif isinstance(event, yaml.CollectionStartEvent):
                made: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
                stack[-1].put(made, line)
                stack.append(_Open(made))
            elif isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        line = 0 if mark is None else mark.line + 1
        where = tr(f" at line {line}", f" w wierszu {line}") if line else ""
        said = wrong.problem
        raise Unreadable(tr(f"not YAML{where}: {said}", f"błąd YAML{where}: {said}")) from None
    except yaml.YAMLError as wrong:  # a character that YAML does not allow
        raise Unreadable(tr(f"not YAML: {wrong}", f"błąd YAML: {wrong}")) from None
    return holder[0] if holder else None


#: What stands for nothing when it is not quoted.
_EMPTY: Final = ("", "~", "null")


class _Open:
    """A list or mapping whose end has not come yet."""

    def __init__(self, made: Any) -> None:
        self.made = made
        self.key: str | None = None

    @property
    def wants_key(self) -> bool:
        return isinstance(self.made, dict) and self.key is None

    def put(self, value: Any, line: int) -> None:
        if isinstance(self.made, list):
            self.made.append(value)
        elif self.key is not None:
            self.made[self.key] = value
            self.key = None
        elif not isinstance(value, str):
            raise Unreadable(
                tr(f"line {line}: a field has to be a name", f"wiersz {line}: pole musi być nazwą")
            )
        elif value in self.made:
            raise Unreadable(
                tr(f"line {line}: {value} stands twice", f"wiersz {line}: {value} występuje dwa razy")
            )
        else:
            self.key = value
