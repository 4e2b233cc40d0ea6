"""The watch over what reaches the database sees what PostgreSQL would refuse."""

from __future__ import annotations

from sqlalchemy import create_engine, literal, select

from .storage import watched


def test_what_postgresql_refuses_is_seen() -> None:
    engine = create_engine("sqlite://")
    with watched() as found, engine.connect() as db:
        for value, refused in (("in order", 0), ("a\0b", 1), (2**63 - 1, 1), (0.5, 1), (float("inf"), 2)):
            db.execute(select(literal(value)))
            assert len(found) == refused
    engine.dispose()
