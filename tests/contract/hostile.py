"""Valid requests with one hostile value in each place in turn: what no schema thinks of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from .thrower import Json, Thrower, parts_of

#: JSON as it travels, since Python would not write some of it.
VALUES: Final = (
    r'"\u0000"',
    r'"Ania\u0000"',
    r'"\ud800"',
    r'"\udc00\ud800x"',
    '""',
    '" "',
    '"' + "x" * 5000 + '"',
    '"żółć \U0001f9fe \u202e"',
    '"\u0661\u0662\u0663"',
    '"\'; DROP TABLE invoices; --"',
    '"%00"',
    '"../../x"',
    '"None"',
    "null",
    "true",
    "0",
    "-1",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "1" * 400,
    "1e400",
    "-0.0",
    "1.5",
    "NaN",
    "Infinity",
    "[]",
    "{}",
    "[null]",
    '[["x"]]',
    "[" * 300 + "]" * 300,
    '"0001-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59.9999999-14:00"',
    '"9999-12-31T23:59:59Z"',
    '"9999-12-31"',
    '"10000-01-01T00:00:00Z"',
    '"-0001-01-01T00:00:00Z"',
    '"2026-02-30T00:00:00Z"',
    '"2026-01-01T24:00:00Z"',
    '"2026-06-30T23:59:60Z"',
    '"2026-03-29T02:30:00"',
    '"2026-01-01T00:00:00.123456789012Z"',
    '"2026-01-01 00:00:00+99:99"',
    '"1767225600"',
)
#: Texts for paths, query and headers: bytes as they travel, unescaped.
TEXTS: Final = (
    b"\0",
    b"x\0y",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b" ",
    b"+5",
    b" 5",
    b"5.0",
    b"1_0",
    b"-1",
    b"9" * 400,
    b"9223372036854775808",
    "\u0661\u0662".encode(),
    b"true",
    b"null",
    b"x" * 3000,
    b"../x",
    b"%2500",
    b"'; --",
    b"0001-01-01T00:00:00+14:00",
    b"9999-12-31T23:59:59-14:00",
    b"2026-02-30",
    b"NaN",
    b"[]",
)
#: Headers that mean something to somebody.
HEADERS: Final = (
    ("X-Error-Format", b"PROBLEM-DETAILS"),
    ("X-Error-Format", b"\xff, problem-details"),
    ("X-KSeF-Feature", b"\xff" * 50),
    ("X-Test-System-Warning", b"\xb1 uwaga"),
    ("X-Forwarded-For", b"::1, 10.0.0.1"),
    ("X-HTTP-Method-Override", b"DELETE"),
    ("Accept", b"text/html;q=x"),
    ("Accept-Language", b"\xff-\xff;q=9"),
    ("Accept-Encoding", b"br, \xff"),
    ("Content-Encoding", b"gzip"),
    ("Content-Type", b"application/json; charset=utf-16"),
    ("Content-Type", b"APPLICATION/JSON"),
    ("Content-Type", b"application/vnd.ksef+json"),
    ("Content-Type", b"application/json, application/json"),
    ("Content-Type", b"text/plain"),
    ("Content-Type", b"\xff/\xff"),
    ("Expect", b"nothing"),
    ("Range", b"bytes=9-1"),
    ("If-None-Match", b"*"),
    ("Cookie", b"a=\xff; =;"),
    ("Authorization", b"Bearer"),
    ("Authorization", b"Bearer \xff.\xff.\xff"),
    ("Authorization", b"Basic YTpi"),
    ("Upgrade", b"h2c"),
)


@dataclass(frozen=True)
class Shot:
    """A request to be sent as it is. `place` tells people what is hostile in it."""

    place: str
    path: str
    query: str = ""
    content: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


def shots(thrower: Thrower, name: str) -> Iterator[Shot]:
    """Every hostile request of an operation."""
    valid = thrower.valid(name)
    parts = parts_of(valid)
    template = valid.call.row.path
    values = {key: quote(value, safe="") for key, value in valid.call.path.items()}
    path = _filled(template, values)
    json_body = isinstance(parts.body, dict)
    content = json.dumps(parts.body).encode() if json_body else parts.body
    query = urlencode(parts.query, doseq=True)
    for key in values:
        for text in TEXTS:
            yield Shot(
                f"path {key}", _filled(template, {**values, key: quote(text, safe="")}), query, content
            )
    for key in _query_names(thrower, name):
        for text in TEXTS:
            changed = {**parts.query, key: text}
            yield Shot(f"query {key}", path, urlencode(changed, doseq=True), content)
        yield Shot(f"query {key} twice", path, f"{query}&{key}=10&{key}=x", content)
    for header, text in (*HEADERS, *(("x-continuation-token", text.strip(b"\0 ")) for text in TEXTS)):
        if b"\0" not in text:
            yield Shot(f"header {header}", path, query, content, ((header, text),))
    if json_body:
        for where in places(parts.body):
            for value in VALUES:
                yield Shot(
                    f"body {'.'.join(map(str, where))}", path, query, planted(parts.body, where, value)
                )
        for whole in (*VALUES, "", "{", '{"a":1}x', "\ufeff{}", '{"a":1,"a":2}'):
            yield Shot("body", path, query, whole.encode("utf-8"))
        yield Shot("body", path, query, b'{"x":"\xff\xed\xa0\x80"}')


def _filled(template: str, values: dict[str, str]) -> str:
    for key, value in values.items():
        template = template.replace("{" + key + "}", value)
    return template


def _query_names(thrower: Thrower, name: str) -> list[str]:
    method, path = name.split(" ")
    return [str(each.name) for each in thrower.schema[path][method].query]


def places(body: Json, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a JSON value below its root: leaves, objects and lists."""
    parts: Any = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in parts:
        yield (*at, key)
        yield from places(value, (*at, key))


def planted(body: Json, where: tuple[str | int, ...], value: str) -> bytes:
    """The body as JSON, with `value` (JSON itself) in one place."""
    changed = deepcopy(body)
    inside = changed
    for key in where[:-1]:
        inside = inside[key]
    mark = "@@hostile@@"
    inside[where[-1]] = mark
    return json.dumps(changed).replace(f'"{mark}"', value).encode("utf-8")
