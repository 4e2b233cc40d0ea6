"""How long the pages of the portal take on a database of 10,000 invoices and 1,000 tokens.

    python bench/bench_portal.py [--invoices 10000] [--tokens 1000] [--permissions 1000]
        [--rounds 15]

A firm is made by way of the API, then its rows are copied straight into the database, and every page that
links lead to is fetched over HTTP. Prints the median of each page in milliseconds, to the last byte, and what
of it was work of the processor (the rest is waiting, on a busy machine for others); client and server share
one process. A page that needs more than the goal is marked.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table, create_engine, func, insert, select

from klucznik.cli.portal import portal_of
from klucznik.server.tables import (
    grants,
    instant,
    invoice_bytes,
    invoices,
    ksef_tokens,
    sessions,
    stamp,
    upos,
)
from klucznik.testing import local_ksef
from klucznik.wire.ids import make_ksef_number, make_pesel, make_reference

# People at the portal, and what leads from page to page, belong to the tests.
sys.path.append(str(Path(__file__).parents[1] / "tests"))
from portal.crawl import reached
from portal.furnished import Furnished, furnish, unlinked
from portal.person import Visitor, owner

#: Milliseconds that no page should need.
GOAL: Final = 100
_EACH_SESSION: Final = 100
_BATCH: Final = 1000
Row = dict[str, Any]


def fill(
    db: Connection, count: int, ksef_tokens_count: int, permissions_count: int, rand: random.Random
) -> None:
    """Copy the accepted invoice, the active token and the permission that are there, each into many."""
    newest = db.execute(select(invoices).where(invoices.c.ksef_number.is_not(None))).mappings().one()
    session = _row(db, sessions, ref=newest["session_ref"])
    xml = _row(db, invoice_bytes, invoice_ref=newest["ref"])
    upo = _row(db, upos, ref=newest["ref"])
    start = instant(newest["stored"]) - timedelta(days=40)
    step = timedelta(days=39) / count
    for first in range(0, count, _BATCH):
        rows: dict[Table, list[Row]] = {invoices: [], invoice_bytes: [], upos: [], sessions: []}
        for number in range(first, min(first + _BATCH, count)):
            at = start + step * number
            ordinal = number % _EACH_SESSION
            if ordinal == 0:
                session_ref = make_reference("SO", at, rand.randbytes(5), number % 4096)
                rows[sessions].append(
                    {**session, "ref": session_ref, "created": stamp(at), "updated": stamp(at)}
                    | {"closed": stamp(at), "sent": _EACH_SESSION, "accepted": _EACH_SESSION}
                )
            ref = make_reference("EE", at, rand.randbytes(5), number % 4096)
            rows[invoices].append(
                {**newest, "ref": ref, "session_ref": session_ref, "ordinal": ordinal + 1}
                | {"number": f"FV/{number}/2026", "invoice_hash": b64encode(rand.randbytes(32)).decode()}
                | {"invoicing": stamp(at), "acquired": stamp(at), "stored": stamp(at)}
                | {"ksef_number": _ksef_number(newest["seller_nip"], at, number)}
            )
            rows[invoice_bytes].append({**xml, "invoice_ref": ref})
            rows[upos].append({**upo, "ref": ref, "session_ref": session_ref})
        for table, made in rows.items():
            if made:
                db.execute(insert(table), made)
    _copies(db, ksef_tokens, ksef_tokens_count, "EC", rand, ksef_tokens.c.status == "Active")
    grant = db.execute(select(grants).where(grants.c.kind == "person")).mappings().first()
    assert grant
    more = [
        {**grant, "id": str(UUID(int=rand.getrandbits(128))), "subject_value": make_pesel(rand)}
        | {"created": grant["created"] - number * 60_000_000}
        for number in range(1, permissions_count + 1)
    ]
    db.execute(insert(grants), more)


def _row(db: Connection, table: Table, **where: str) -> Row:
    found = select(table).where(*(table.c[name] == value for name, value in where.items()))
    return dict(db.execute(found).mappings().one())


def _copies(db: Connection, table: Table, count: int, kind: Any, rand: random.Random, where: Any) -> None:
    model = db.execute(select(table).where(where)).mappings().first()
    assert model
    start = instant(model["created"])
    ages = (start - timedelta(minutes=20 * number) for number in range(1, count + 1))
    db.execute(
        insert(table),
        [
            {**model, "ref": make_reference(kind, at, rand.randbytes(5), number % 4096), "created": stamp(at)}
            | {"description": f"ERP {number}", "secret_hash": rand.randbytes(32).hex()}
            for number, at in enumerate(ages)
        ],
    )


def _ksef_number(nip: str, at: datetime, number: int) -> str:
    return make_ksef_number(nip, at.date(), f"{number + 0xA00000000000:012X}")


def measured(visitor: Visitor, made: Furnished, rounds: int) -> Iterator[tuple[str, float, float]]:
    """Route, median milliseconds, and milliseconds of processor time at the median, of every page."""
    for route, addresses in sorted(reached(visitor, *unlinked(made), each=1).items()):
        (address,) = addresses
        took, worked = list[float](), list[float]()
        for _ in range(rounds):
            began, busy = time.perf_counter(), time.process_time()
            visitor.http.get(address)
            took.append((time.perf_counter() - began) * 1000)
            worked.append((time.process_time() - busy) * 1000)
        yield route, median(took), median(worked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=10_000)
    parser.add_argument("--tokens", type=int, default=1_000)
    parser.add_argument("--permissions", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=15)
    wanted = parser.parse_args()
    rand = random.Random(20260201)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with local_ksef(data, web=portal_of) as ksef, owner(ksef) as somebody:
            made = furnish(somebody)
            nip, pesel = somebody.nip, somebody.pesel
        engine = create_engine(f"sqlite:///{data / 'ksef.db'}")
        with engine.begin() as db:
            fill(db, wanted.invoices, wanted.tokens, wanted.permissions, rand)
            held = [
                db.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (invoices, ksef_tokens, sessions, grants)
            ]
        engine.dispose()
        print(
            "Pages of the portal, median ms, over {} invoices, {} tokens, {} sessions, {} grants:".format(
                *held
            )
        )
        with local_ksef(data, web=portal_of) as ksef, Visitor(ksef, pesel=pesel, nip=nip) as ania:
            ania.log_in()
            print(f"  {'page':44} {'ms':>8} {'of CPU':>8}")
            for route, took, worked in measured(ania, made, wanted.rounds):
                print(f"  {route:44} {took:8.1f} {worked:8.1f}{'  over the goal' if took > GOAL else ''}")


if __name__ == "__main__":
    main()
