"""What PostgreSQL would refuse, watched for while SQLite takes it: a listener on every statement."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event


def unfit(value: object) -> bool:
    """Whether PostgreSQL would refuse it as a parameter: U+0000, half a surrogate pair, more than 64 bits."""
    match value:
        case str():
            return "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)
        case bool():
            return False
        case int():
            return not -(2**63) <= value < 2**63
        case float():
            return not math.isfinite(value)
    return False


@contextmanager
def watched() -> Iterator[list[str]]:
    """Statements with an unfit parameter, as they come."""
    found: list[str] = []

    def look(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        rows = parameters if isinstance(parameters, list) else [parameters]
        for row in rows:
            values = row.values() if isinstance(row, dict) else row
            found.extend(f"{statement[:200]}: {value!r:.100}" for value in values if unfit(value))

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", look)
